/* fhir.c: see fhir.h. */
#include "cli/fhir.h"

#include "base/assert.h"
#include "cli/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Reading JSON -------------------------------------------------------------------------------------------------- */

/* text_at follows names from an object; a name that leads to an array means its first element. Gives: the text, or NULL. */
static const char *text_at(const json_t *value, const char *const *names)
{
    for (; *names != NULL && value != NULL; names++) {
        value = json_object_get(value, *names);
        value = json_is_array(value) ? json_array_get(value, 0) : value;
    }
    return json_string_value(value);
}

#define TEXT_AT(value, ...) text_at((value), (const char *const[]){ __VA_ARGS__, NULL })

/* id_of_reference gives the id in "Patient/7", "Patient/7/_history/2" or "urn:uuid:7"; NULL for NULL, and for what is longer than any id. */
static const char *id_of_reference(const char *reference, char id[FHIR_ID_BYTES_MAX + 1])
{
    const char *version = reference == NULL ? NULL : strstr(reference, "/_history/");
    size_t end = reference == NULL ? 0 : version != NULL ? (size_t)(version - reference) : strlen(reference), start = end;

    while (start > 0 && reference[start - 1] != '/' && reference[start - 1] != ':') {
        start--;
    }
    if (reference == NULL || end - start > FHIR_ID_BYTES_MAX) {
        return NULL;
    }
    memcpy(id, reference + start, end - start);
    id[end - start] = '\0';
    return id;
}

/* has_code tells whether any coding of the concepts (an object or an array of them) has this code. */
static bool has_code(const json_t *concepts, const char *code)
{
    size_t concepts_count = json_is_array(concepts) ? json_array_size(concepts) : concepts != NULL;

    for (size_t i = 0; i < concepts_count; i++) {
        const json_t *concept = json_is_array(concepts) ? json_array_get(concepts, i) : concepts;
        const json_t *codings = json_object_get(concept, "coding");
        for (size_t k = 0; k < json_array_size(codings); k++) {
            const char *found = json_string_value(json_object_get(json_array_get(codings, k), "code"));
            if (found != NULL && strcmp(found, code) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* has_label tells whether meta.security has this code. */
static bool has_label(const json_t *resource, const char *code)
{
    const json_t *labels = json_object_get(json_object_get(resource, "meta"), "security");

    for (size_t i = 0; i < json_array_size(labels); i++) {
        const char *found = json_string_value(json_object_get(json_array_get(labels, i), "code"));
        if (found != NULL && strcmp(found, code) == 0) {
            return true;
        }
    }
    return false;
}

/* --- Classes -------------------------------------------------------------------------------------------------------- */

/* Resource types with one class. Observation and DiagnosticReport are decided by category. */
static const struct {
    const char *type;
    uint8_t record_class;
} classes[] = {
    { "Composition", CLASS_SUMMARY },
    { "MedicationRequest", CLASS_MEDICATION },
    { "MedicationStatement", CLASS_MEDICATION },
    { "MedicationDispense", CLASS_MEDICATION },
    { "MedicationAdministration", CLASS_MEDICATION },
    { "AllergyIntolerance", CLASS_ALLERGY },
    { "Condition", CLASS_PROBLEM },
    { "Immunization", CLASS_IMMUNISATION },
    { "Specimen", CLASS_LABORATORY },
    { "ImagingStudy", CLASS_IMAGING },
    { "Media", CLASS_IMAGING },
    { "Encounter", CLASS_ENCOUNTER },
    { "DocumentReference", CLASS_ENCOUNTER },
    { "ClinicalImpression", CLASS_ENCOUNTER },
    { "Procedure", CLASS_PROCEDURE },
    { "CarePlan", CLASS_CARE_PLAN },
    { "CareTeam", CLASS_CARE_PLAN },
    { "Goal", CLASS_CARE_PLAN },
    { "ServiceRequest", CLASS_REFERRAL },
    { "Claim", CLASS_CLAIM },
    { "ExplanationOfBenefit", CLASS_CLAIM },
    { "Device", CLASS_DEVICE },
    { "DeviceUseStatement", CLASS_DEVICE },
    { "MolecularSequence", CLASS_GENOMICS },
    { "Consent", CLASS_CONSENT_FORM },
    { "FamilyMemberHistory", CLASS_OTHER },
    { "QuestionnaireResponse", CLASS_OTHER },
    { "NutritionOrder", CLASS_OTHER },
    { "RiskAssessment", CLASS_OTHER },
};

/* What needs the strictest handling is class 0, which no "all" covers: labels of the v3 sensitivity policies. */
static bool is_sealed(const json_t *resource)
{
    static const char *const labels[] = { "PSY", "ETH", "HIV", "SUD", "SEX", "MH", "BH", "SDV" };

    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (has_label(resource, labels[i])) {
            return true;
        }
    }
    return false;
}

static int class_by_category(const json_t *resource)
{
    const json_t *category = json_object_get(resource, "category");

    if (has_code(category, "laboratory") || has_code(category, "LAB")) {
        return CLASS_LABORATORY;
    }
    if (has_code(category, "vital-signs")) {
        return CLASS_VITALS;
    }
    if (has_code(category, "imaging") || has_code(category, "RAD")) {
        return CLASS_IMAGING;
    }
    if (has_code(category, "GE") || has_code(category, "genomics")) {
        return CLASS_GENOMICS;
    }
    return CLASS_OTHER;
}

bool fhir_is_sealed(const struct fhir_resource *resource)
{
    return resource->record_class == CLASS_SEALED || resource->conf == CONF_VERY_RESTRICTED;
}

int fhir_class_of(const json_t *resource)
{
    const char *type = TEXT_AT(resource, "resourceType");
    int found = -1;

    if (type == NULL) {
        return -1;
    }
    if (strcmp(type, "Observation") == 0 || strcmp(type, "DiagnosticReport") == 0) {
        found = class_by_category(resource);
    }
    for (size_t i = 0; i < sizeof classes / sizeof classes[0] && found < 0; i++) {
        found = strcmp(classes[i].type, type) == 0 ? classes[i].record_class : -1;
    }
    return found >= 0 && is_sealed(resource) ? CLASS_SEALED : found;
}

/* --- Dates ---------------------------------------------------------------------------------------------------------- */

uint16_t fhir_month_of(const char *date)
{
    unsigned year, month;

    if (date == NULL || sscanf(date, "%4u-%2u", &year, &month) != 2 || year < 2000 || year > 2999 || month < 1 || month > 12) {
        return 0;
    }
    return (uint16_t)((year - 2000) * 12 + month);
}

static void find_dates(const json_t *resource, struct fhir_resource *out)
{
    static const char *const points[] = { "effectiveDateTime", "performedDateTime", "occurrenceDateTime", "onsetDateTime", "authoredOn", "started", "recordedDate",
                                          "date", "dateTime", "created", "issued", "whenHandedOver", "startDate" };
    static const char *const periods[] = { "period", "effectivePeriod", "performedPeriod", "occurrencePeriod", "onsetPeriod", "billablePeriod" };

    for (size_t i = 0; i < sizeof periods / sizeof periods[0] && out->start == NULL; i++) {
        out->start = TEXT_AT(resource, periods[i], "start");
        out->end = TEXT_AT(resource, periods[i], "end");
    }
    for (size_t i = 0; i < sizeof points / sizeof points[0] && out->start == NULL; i++) {
        out->start = TEXT_AT(resource, points[i]);
    }
    out->month = fhir_month_of(out->start);
}

/* --- Titles and codes ----------------------------------------------------------------------------------------------- */

static void find_code(const json_t *resource, struct fhir_resource *out)
{
    static const char *const names[] = { "code", "medicationCodeableConcept", "vaccineCode", "type", "category" };

    for (size_t i = 0; i < sizeof names / sizeof names[0] && out->title == NULL; i++) {
        out->title = TEXT_AT(resource, names[i], "text");
        out->title = out->title != NULL ? out->title : TEXT_AT(resource, names[i], "coding", "display");
        const char *system = TEXT_AT(resource, names[i], "coding", "system");
        if (system != NULL && strcmp(system, "http://loinc.org") == 0) {
            out->loinc = TEXT_AT(resource, names[i], "coding", "code");
        }
    }
    out->title = out->title != NULL ? out->title : out->type;
}

/* --- Organisations --------------------------------------------------------------------------------------------------- */

static const json_t *entry_resource(const json_t *root, size_t index)
{
    return json_object_get(json_array_get(json_object_get(root, "entry"), index), "resource");
}

static uint32_t organisation_index(const struct fhir_bundle *bundle, const char *id)
{
    for (uint32_t i = 0; i < bundle->organisations_count && id != NULL; i++) {
        if (strcmp(bundle->organisations[i], id) == 0) {
            return i;
        }
    }
    return FHIR_NO_ORGANISATION;
}

static int encounter_order(const void *a, const void *b)
{
    const struct fhir_encounter *left = a, *right = b;
    int order = strcmp(left->id, right->id);

    return order != 0 ? order : (left->place > right->place) - (left->place < right->place);
}

/* note_encounters sorts the encounters of the bundle by id, so that its resources find theirs without a walk. */
static enum err note_encounters(struct fhir_bundle *bundle)
{
    size_t count = json_array_size(json_object_get(bundle->root, "entry"));
    char named[FHIR_ID_BYTES_MAX + 1];

    bundle->encounters = calloc(count + 1, sizeof *bundle->encounters);
    if (bundle->encounters == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *resource = entry_resource(bundle->root, i);
        const char *type = TEXT_AT(resource, "resourceType"), *id = TEXT_AT(resource, "id");
        if (type != NULL && id != NULL && strcmp(type, "Encounter") == 0) {
            uint32_t provider = organisation_index(bundle, id_of_reference(TEXT_AT(resource, "serviceProvider", "reference"), named));
            bundle->encounters[bundle->encounters_count++] = (struct fhir_encounter){ id, provider, (uint32_t)i };
        }
    }
    qsort(bundle->encounters, bundle->encounters_count, sizeof bundle->encounters[0], encounter_order);
    return ERR_OK;
}

/* encounter_organisation gives the provider of the encounter that a resource belongs to. */
static uint32_t encounter_organisation(const struct fhir_bundle *bundle, const json_t *resource)
{
    char named[FHIR_ID_BYTES_MAX + 1];
    const char *reference = TEXT_AT(resource, "encounter", "reference");
    const char *wanted = id_of_reference(reference != NULL ? reference : TEXT_AT(resource, "context", "reference"), named);
    uint32_t low = 0, high = bundle->encounters_count;

    while (wanted != NULL && low < high) { /* Each round halves what is left: the first that is not below. */
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(bundle->encounters[middle].id, wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = wanted != NULL && low < bundle->encounters_count && strcmp(bundle->encounters[low].id, wanted) == 0;
    return found ? bundle->encounters[low].provider : FHIR_NO_ORGANISATION;
}

static uint32_t organisation_of(const struct fhir_bundle *bundle, const json_t *resource)
{
    static const char *const names[] = { "serviceProvider", "custodian", "managingOrganization", "provider", "performer" };
    char named[FHIR_ID_BYTES_MAX + 1];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint32_t found = organisation_index(bundle, id_of_reference(TEXT_AT(resource, names[i], "reference"), named));
        if (found != FHIR_NO_ORGANISATION) {
            return found;
        }
    }
    return encounter_organisation(bundle, resource);
}

/* --- The bundle ------------------------------------------------------------------------------------------------------ */

static enum err refuse(char problem[FHIR_PROBLEM_BYTES], const char *path, const char *sentence)
{
    snprintf(problem, FHIR_PROBLEM_BYTES, "%.150s: %.100s", path, sentence);
    return ERR_INVALID;
}

static enum err parse(struct fhir_bundle *bundle, const char *path, char problem[FHIR_PROBLEM_BYTES])
{
    struct file file;
    json_error_t error;
    enum err err = file_read(&file, path);

    if (err != ERR_OK) {
        snprintf(problem, FHIR_PROBLEM_BYTES, "%.150s: %s", path, file_problem(err));
        return err;
    }
    bundle->root = json_loadb((const char *)file.data, file.size, JSON_REJECT_DUPLICATES, &error);
    file_close(&file);
    if (bundle->root == NULL) {
        snprintf(problem, FHIR_PROBLEM_BYTES, "%.150s:%d: not JSON: %.60s", path, error.line, error.text);
        return ERR_INVALID;
    }
    const char *type = TEXT_AT(bundle->root, "resourceType");
    if (type == NULL || strcmp(type, "Bundle") != 0 || !json_is_array(json_object_get(bundle->root, "entry"))) {
        return refuse(problem, path, "not a FHIR Bundle with entries");
    }
    return ERR_OK;
}

_Static_assert(FHIR_ORGANISATIONS_MAX == 1024, "the refusal names the bound");

/* find_parties finds the patient and the organisations. */
static enum err find_parties(struct fhir_bundle *bundle, const char *path, char problem[FHIR_PROBLEM_BYTES])
{
    size_t count = json_array_size(json_object_get(bundle->root, "entry"));

    for (size_t i = 0; i < count; i++) {
        const json_t *resource = entry_resource(bundle->root, i);
        const char *type = TEXT_AT(resource, "resourceType"), *id = TEXT_AT(resource, "id");
        if (type == NULL || id == NULL) {
            return refuse(problem, path, "an entry has no resource with resourceType and id");
        }
        if (strlen(id) > FHIR_ID_BYTES_MAX) {
            return refuse(problem, path, "an id is longer than 64 characters: its pointer could not name the record");
        }
        if (strcmp(type, "Patient") == 0) {
            if (bundle->patient != NULL) {
                return refuse(problem, path, "more than one Patient: import one patient's bundle at a time");
            }
            bundle->patient = id;
        } else if (strcmp(type, "Organization") == 0) {
            if (bundle->organisations_count == FHIR_ORGANISATIONS_MAX) {
                return refuse(problem, path, "more than 1024 Organizations: the records of the others would lose their maker");
            }
            const char *name = TEXT_AT(resource, "name");
            bundle->organisation_names[bundle->organisations_count] = name != NULL ? name : id;
            bundle->organisations[bundle->organisations_count++] = id;
        }
    }
    return bundle->patient != NULL ? ERR_OK : refuse(problem, path, "no Patient in the bundle");
}

/* is_about_patient tells whether the resource's subject, if it names one, is the bundle's patient. */
static bool is_about_patient(const struct fhir_bundle *bundle, const json_t *resource)
{
    const char *reference = TEXT_AT(resource, "subject", "reference");

    char named[FHIR_ID_BYTES_MAX + 1];

    reference = reference != NULL ? reference : TEXT_AT(resource, "patient", "reference");
    const char *id = id_of_reference(reference, named);
    return reference == NULL || (id != NULL && strcmp(id, bundle->patient) == 0);
}

static enum err take_resource(struct fhir_bundle *bundle, const json_t *resource)
{
    struct fhir_resource *out = &bundle->resources[bundle->resources_count];
    int record_class = fhir_class_of(resource);

    if (record_class < 0 || !is_about_patient(bundle, resource)) {
        bundle->skipped++;
        return ERR_OK;
    }
    *out = (struct fhir_resource){ .type = TEXT_AT(resource, "resourceType"), .id = TEXT_AT(resource, "id"), .record_class = (uint8_t)record_class };
    out->conf = has_label(resource, "V") ? CONF_VERY_RESTRICTED : has_label(resource, "R") ? CONF_RESTRICTED : CONF_NORMAL;
    out->organisation = organisation_of(bundle, resource);
    find_dates(resource, out);
    find_code(resource, out);
    out->bytes = json_dumps(resource, JSON_COMPACT | JSON_SORT_KEYS);
    if (out->bytes == NULL) {
        return ERR_NO_MEMORY;
    }
    out->size = strlen(out->bytes);
    bundle->resources_count++;
    return ERR_OK;
}

enum err fhir_load(struct fhir_bundle *bundle, const char *path, char problem[FHIR_PROBLEM_BYTES])
{
    *bundle = (struct fhir_bundle){ .root = NULL };
    problem[0] = '\0';
    enum err err = parse(bundle, path, problem);
    if (err == ERR_OK) {
        err = find_parties(bundle, path, problem);
    }
    if (err == ERR_OK) {
        err = note_encounters(bundle);
    }
    if (err == ERR_OK) {
        size_t count = json_array_size(json_object_get(bundle->root, "entry"));
        bundle->resources = calloc(count + 1, sizeof *bundle->resources);
        err = bundle->resources == NULL ? ERR_NO_MEMORY : ERR_OK;
        for (size_t i = 0; i < count && err == ERR_OK; i++) {
            err = take_resource(bundle, entry_resource(bundle->root, i));
        }
    }
    if (err != ERR_OK) {
        fhir_close(bundle);
    }
    return err;
}

void fhir_close(struct fhir_bundle *bundle)
{
    for (uint32_t i = 0; i < bundle->resources_count; i++) {
        free(bundle->resources[i].bytes);
    }
    free(bundle->resources);
    free(bundle->encounters);
    json_decref(bundle->root);
    *bundle = (struct fhir_bundle){ .root = NULL };
}

enum err fhir_keep_organisation(struct fhir_bundle *bundle, const char *id, uint32_t *others)
{
    uint32_t wanted = organisation_index(bundle, id), kept = 0, count = bundle->resources_count;

    *others = 0;
    if (wanted == FHIR_NO_ORGANISATION) {
        return ERR_NOT_FOUND;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (bundle->resources[i].organisation == wanted) {
            bundle->resources[kept++] = bundle->resources[i];
        } else {
            free(bundle->resources[i].bytes);
        }
    }
    bundle->resources_count = kept;
    *others = count - kept;
    return ERR_OK;
}

uint32_t fhir_organisations_named(const struct fhir_bundle *bundle)
{
    bool seen[FHIR_ORGANISATIONS_MAX + 1] = { false };
    uint32_t count = 0;

    for (uint32_t i = 0; i < bundle->resources_count; i++) {
        uint32_t organisation = bundle->resources[i].organisation;
        uint32_t place = organisation == FHIR_NO_ORGANISATION ? FHIR_ORGANISATIONS_MAX : organisation;
        count += !seen[place];
        seen[place] = true;
    }
    return count;
}
