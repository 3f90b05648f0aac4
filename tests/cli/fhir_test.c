/* fhir_test.c: each clinical resource gives one pointer of the right class, month and hospital, and the patient can open its locator. */
#include "cli/fhir.h"

#include "cli/sha1.h"
#include "tests/base/beside_kit.h"
#include "tests/cli/cli_kit.h"

#include <criterion/criterion.h>
#include <string.h>

Test(fhir, the_demonstration_bundle_is_read_as_documented)
{
    static const struct {
        const char *id;
        uint8_t record_class, conf;
        uint16_t month;
        uint32_t organisation;
    } rows[] = {
        { "enc-1", CLASS_ENCOUNTER, CONF_NORMAL, 25 * 12 + 3, 0 }, { "con-1", CLASS_PROBLEM, CONF_NORMAL, 19 * 12 + 11, 0 },
        { "med-2", CLASS_MEDICATION, CONF_NORMAL, 25 * 12 + 6, 1 }, { "all-1", CLASS_ALLERGY, CONF_NORMAL, 5 * 12 + 8, 0 },
        { "obs-1", CLASS_LABORATORY, CONF_NORMAL, 25 * 12 + 3, 0 }, { "obs-3", CLASS_VITALS, CONF_NORMAL, 25 * 12 + 6, 1 },
        { "rep-1", CLASS_LABORATORY, CONF_NORMAL, 25 * 12 + 6, 1 }, { "imm-1", CLASS_IMMUNISATION, CONF_NORMAL, 24 * 12 + 10, 2 },
        { "pro-1", CLASS_PROCEDURE, CONF_NORMAL, 25 * 12 + 9, 2 },  { "img-1", CLASS_IMAGING, CONF_NORMAL, 25 * 12 + 9, 2 },
        { "car-1", CLASS_CARE_PLAN, CONF_NORMAL, 25 * 12 + 3, 0 },  { "cla-1", CLASS_CLAIM, CONF_NORMAL, 25 * 12 + 9, 2 },
        { "obs-4", CLASS_SEALED, CONF_RESTRICTED, 25 * 12 + 3, 0 },
    };
    struct fhir_bundle bundle;
    char problem[FHIR_PROBLEM_BYTES];

    cr_assert_eq(fhir_load(&bundle, "configs/demo/bundle.json", problem), ERR_OK, "%s", problem);
    cr_assert_str_eq(bundle.patient, "pat-1");
    cr_assert_eq(bundle.organisations_count, 3);
    cr_assert_eq(bundle.skipped, 5, "patient, three organisations, practitioner");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct fhir_resource *found = NULL;
        for (uint32_t k = 0; k < bundle.resources_count; k++) {
            found = strcmp(bundle.resources[k].id, rows[i].id) == 0 ? &bundle.resources[k] : found;
        }
        cr_assert_not_null(found, "%s", rows[i].id);
        cr_assert_eq(found->record_class, rows[i].record_class, "%s: class %u", rows[i].id, found->record_class);
        cr_assert_eq(found->conf, rows[i].conf, "%s", rows[i].id);
        cr_assert_eq(found->month, rows[i].month, "%s: month %u", rows[i].id, found->month);
        cr_assert_eq(found->organisation, rows[i].organisation, "%s", rows[i].id);
    }
    fhir_close(&bundle);
}

Test(fhir, commitment_and_locator_bind_the_bytes_and_open_for_the_patient)
{
    struct fhir_bundle bundle;
    struct fhir_pointer pointer, again;
    char problem[FHIR_PROBLEM_BYTES];
    uint8_t seed[32], key[SEAL_KEY_BYTES], plain[LOCATOR_PLAIN_BYTES];
    struct kx_keypair patient;
    struct bytes content;

    random_fill(seed, sizeof seed);
    kx_keypair_from_seed(&patient, seed);
    struct locator_recipient recipient = { .kx_epoch = 1 };
    memcpy(recipient.public_key, patient.public_key, 32);
    cr_assert_eq(fhir_load(&bundle, "configs/demo/bundle.json", problem), ERR_OK);
    for (uint32_t i = 0; i < bundle.resources_count; i++) {
        const struct fhir_resource *resource = &bundle.resources[i];
        cr_assert(fhir_pointer_make(&pointer, resource, &recipient));
        struct hash32 commit = hash_salted(HASH_CONTENT, pointer.salt, resource->bytes, resource->size);
        cr_assert(hash_equal(&commit, &pointer.item.content_commit));
        struct hash32 locator = hash_one(HASH_LOCATOR, pointer.sealed, sizeof pointer.sealed);
        cr_assert(hash_equal(&locator, &pointer.item.locator_hash));
        cr_assert_eq(locator_record_key(bytes_of(pointer.sealed, sizeof pointer.sealed), &patient, key), VERDICT_OK);
        cr_assert_eq(locator_open(bytes_of(pointer.sealed, sizeof pointer.sealed), key, plain, &content), VERDICT_OK);
        cr_assert_eq(memcmp(content.data + 1 + 4 + 32 + 20, pointer.salt, 32), 0);
    }
    cr_assert(fhir_pointer_make(&again, &bundle.resources[bundle.resources_count - 1], &recipient));
    cr_assert_neq(memcmp(&again.item.content_commit, &pointer.item.content_commit, 32), 0, "another salt, another commitment");
    fhir_close(&bundle);
}

/* open_text opens the locator of the only clinical resource of a bundle. Gives: the text of this number behind the digests and the salt, terminated. */
static const char *open_text(const char *bundle_text, unsigned number)
{
    static char text[256];
    static uint8_t plain[LOCATOR_PLAIN_BYTES];
    uint8_t seed[32] = { 7 }, key[SEAL_KEY_BYTES];
    struct fhir_bundle bundle;
    struct fhir_pointer pointer;
    struct kx_keypair patient;
    struct bytes content;
    char problem[FHIR_PROBLEM_BYTES];

    kx_keypair_from_seed(&patient, seed);
    struct locator_recipient recipient = { .kx_epoch = 1 };
    memcpy(recipient.public_key, patient.public_key, 32);
    cr_assert_eq(fhir_load(&bundle, kit_write("one.json", bundle_text), problem), ERR_OK, "%s", problem);
    cr_assert_eq(bundle.resources_count, 1);
    cr_assert(fhir_pointer_make(&pointer, &bundle.resources[0], &recipient));
    struct bytes sealed = bytes_of(pointer.sealed, sizeof pointer.sealed);
    cr_assert_eq(locator_record_key(sealed, &patient, key), VERDICT_OK);
    cr_assert_eq(locator_open(sealed, key, plain, &content), VERDICT_OK);
    size_t at = 1 + 4 + 32 + SHA1_BYTES + 32;
    for (unsigned i = 0; i < number; i++) {
        at += 1u + content.data[at];
    }
    cr_assert_lt(at + content.data[at], content.size);
    memcpy(text, content.data + at + 1, content.data[at]);
    text[content.data[at]] = '\0';
    fhir_close(&bundle);
    return text;
}

#define ID_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde."

static const char *bundle_with(const char *resource)
{
    static char text[2048];

    snprintf(text, sizeof text, "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}},{\"resource\":{%s}}]}", resource);
    return text;
}

Test(fhir, a_locator_names_the_record_by_its_whole_reference)
{
    static const char *const types[] = { "Goal", "QuestionnaireResponse", "MedicationAdministration" };
    char resource[256], reference[128];

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        snprintf(resource, sizeof resource, "\"resourceType\":\"%s\",\"id\":\"" ID_64 "\"", types[i]);
        snprintf(reference, sizeof reference, "%s/" ID_64, types[i]);
        cr_expect_str_eq(open_text(bundle_with(resource), 0), reference);
    }
}

Test(fhir, an_id_that_no_locator_could_name_is_refused)
{
    struct fhir_bundle bundle;
    char problem[FHIR_PROBLEM_BYTES];

    cr_assert_eq(fhir_load(&bundle, kit_write("long.json", bundle_with("\"resourceType\":\"Goal\",\"id\":\"" ID_64 "x\"")), problem), ERR_INVALID);
    cr_assert(strstr(problem, "longer than 64") != NULL, "%s", problem);
}

Test(fhir, the_longest_times_are_whole_and_a_title_is_cut_between_characters)
{
    static const char resource[] = "\"resourceType\":\"MedicationAdministration\",\"id\":\"" ID_64 "\",\"period\":{\"start\":\"2015-02-07T13:28:17.123456789+02:00\","
                                   "\"end\":\"2015-02-07T13:28:18.123456789+02:00\"},\"code\":{\"text\":\""
                                   "1234567890123456789012345678901234567890123456789012345678901234567890123456789\xc3\xa9" "more\",\"coding\":[{\"system\":\"http://loinc.org\","
                                   "\"code\":\"1234567890123\"}]}";

    cr_expect_str_eq(open_text(bundle_with(resource), 4), "2015-02-07T13:28:17.123456789+02:00");
    cr_expect_str_eq(open_text(bundle_with(resource), 5), "2015-02-07T13:28:18.123456789+02:00");
    cr_expect_str_eq(open_text(bundle_with(resource), 3), "1234567890123456789012345678901234567890123456789012345678901234567890123456789");
}

Test(fhir, what_is_no_bundle_of_one_patient_is_refused)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        { "", "not JSON" },
        { "{", "not JSON" },
        { "{\"a\":1,\"a\":2}", "not JSON" },
        { "[]", "not a FHIR Bundle" },
        { "{\"resourceType\":\"Patient\",\"id\":\"1\"}", "not a FHIR Bundle" },
        { "{\"resourceType\":\"Bundle\",\"entry\":{}}", "not a FHIR Bundle" },
        { "{\"resourceType\":\"Bundle\",\"entry\":[]}", "no Patient" },
        { "{\"resourceType\":\"Bundle\",\"entry\":[1]}", "resourceType and id" },
        { "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\"}}]}", "resourceType and id" },
        { "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\"}},{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"2\"}}]}",
          "more than one Patient" },
    };
    struct fhir_bundle bundle;
    char problem[FHIR_PROBLEM_BYTES];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *path = kit_write("bundle.json", rows[i].text);
        cr_assert_eq(fhir_load(&bundle, path, problem), ERR_INVALID, "%s", rows[i].text);
        cr_assert(strstr(problem, rows[i].says) != NULL, "%s: %s", rows[i].text, problem);
    }
    cr_assert_eq(fhir_load(&bundle, "/nowhere/bundle.json", problem), ERR_NOT_FOUND);
}

Test(fhir, another_patients_resource_gives_no_pointer)
{
    const char *path = kit_write("bundle.json", "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\"}},"
                                                "{\"resource\":{\"resourceType\":\"Condition\",\"id\":\"a\",\"subject\":{\"reference\":\"urn:uuid:1\"}}},"
                                                "{\"resource\":{\"resourceType\":\"Condition\",\"id\":\"b\",\"subject\":{\"reference\":\"Patient/2\"}}}]}");
    struct fhir_bundle bundle;
    char problem[FHIR_PROBLEM_BYTES];

    cr_assert_eq(fhir_load(&bundle, path, problem), ERR_OK);
    cr_assert_eq(bundle.resources_count, 1);
    cr_assert_str_eq(bundle.resources[0].id, "a");
    fhir_close(&bundle);
}

/* put_bundle writes a bundle of one patient, two organisations, `encounters` encounters and as many observations, each of the encounter behind it. */
static const char *put_bundle(unsigned encounters)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/large.json", kit_directory());
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs("{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}},"
          "{\"resource\":{\"resourceType\":\"Organization\",\"id\":\"a\"}},{\"resource\":{\"resourceType\":\"Organization\",\"id\":\"b\"}}", file);
    for (unsigned i = 0; i < encounters; i++) {
        fprintf(file, ",{\"resource\":{\"resourceType\":\"Encounter\",\"id\":\"e%u\",\"serviceProvider\":{\"reference\":\"Organization/%s\"}}}", i, i % 2 == 0 ? "a" : "b");
        fprintf(file, ",{\"resource\":{\"resourceType\":\"Observation\",\"id\":\"o%u\",\"encounter\":{\"reference\":\"Encounter/e%u\"}}}", i, i + 1);
    }
    fputs(",{\"resource\":{\"resourceType\":\"Encounter\",\"id\":\"e1\",\"serviceProvider\":{\"reference\":\"Organization/a\"}}}]}", file);
    fclose(file);
    return path;
}

/* Walking the bundle for each resource takes a minute and more; the test's time ends it. */
Test(fhir, a_large_bundle_takes_no_longer_for_each_resource, .timeout = 20)
{
    const unsigned count = 30000;
    struct fhir_bundle bundle;
    char problem[FHIR_PROBLEM_BYTES];

    cr_assert_eq(fhir_load(&bundle, put_bundle(count), problem), ERR_OK, "%s", problem);
    cr_assert_eq(bundle.resources_count, 2 * count + 1);
    for (unsigned i = 0; i < count; i++) {
        const struct fhir_resource *encounter = &bundle.resources[2 * i], *observation = encounter + 1;
        cr_assert_eq(encounter->organisation, i % 2);
        cr_assert_eq(observation->organisation, i + 1 == count ? FHIR_NO_ORGANISATION : (i + 1) % 2, "of two encounters with one id the first counts");
    }
    fhir_close(&bundle);
}

/* put_organisations writes a bundle of one patient and `count` organisations, each of which made one procedure. */
static const char *put_organisations(unsigned count)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/makers.json", kit_directory());
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs("{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}}", file);
    for (unsigned i = 0; i < count; i++) {
        fprintf(file, ",{\"resource\":{\"resourceType\":\"Organization\",\"id\":\"h%u\"}}", i);
        fprintf(file, ",{\"resource\":{\"resourceType\":\"Procedure\",\"id\":\"r%u\",\"performer\":[{\"reference\":\"Organization/h%u\"}]}}", i, i);
    }
    fputs("]}", file);
    fclose(file);
    return path;
}

Test(fhir, no_organisation_of_a_bundle_is_dropped_in_silence)
{
    struct fhir_bundle bundle;
    char problem[FHIR_PROBLEM_BYTES];

    for (unsigned count = 64; count <= FHIR_ORGANISATIONS_MAX; count += count < 65 ? 1 : FHIR_ORGANISATIONS_MAX - 65) {
        cr_assert_eq(fhir_load(&bundle, put_organisations(count), problem), ERR_OK, "%s", problem);
        cr_expect_eq(bundle.organisations_count, count);
        cr_expect_eq(bundle.resources[count - 1].organisation, count - 1, "of %u the last one made its record", count);
        cr_expect_eq(fhir_organisations_named(&bundle), count);
        fhir_close(&bundle);
    }
    cr_assert_eq(fhir_load(&bundle, put_organisations(FHIR_ORGANISATIONS_MAX + 1), problem), ERR_INVALID);
    cr_assert(strstr(problem, "more than 1024 Organizations") != NULL, "%s", problem);
}

/* A record that names the version of its patient was skipped as somebody else's. */
Test(fhir, a_reference_to_a_version_names_the_same_patient_encounter_and_hospital)
{
    struct fhir_bundle bundle;
    char problem[FHIR_PROBLEM_BYTES];

    (void)kit_write("versions.json", "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}},"
        "{\"resource\":{\"resourceType\":\"Organization\",\"id\":\"a\"}},{\"resource\":{\"resourceType\":\"Organization\",\"id\":\"b\"}},"
        "{\"resource\":{\"resourceType\":\"Encounter\",\"id\":\"e\",\"subject\":{\"reference\":\"Patient/p/_history/3\"},\"serviceProvider\":{\"reference\":\"http://x/fhir/Organization/b/_history/1\"}}},"
        "{\"resource\":{\"resourceType\":\"Goal\",\"id\":\"g\",\"subject\":{\"reference\":\"urn:uuid:p\"},\"encounter\":{\"reference\":\"Encounter/e/_history/7\"}}},"
        "{\"resource\":{\"resourceType\":\"Goal\",\"id\":\"other\",\"subject\":{\"reference\":\"Patient/q/_history/p\"}}},"
        "{\"resource\":{\"resourceType\":\"Goal\",\"id\":\"long\",\"subject\":{\"reference\":\"Patient/" ID_64 "x\"}}}]}");
    char path[512];
    snprintf(path, sizeof path, "%s/versions.json", kit_directory());
    cr_assert_eq(fhir_load(&bundle, path, problem), ERR_OK, "%s", problem);
    cr_assert_eq(bundle.resources_count, 2);
    cr_expect_str_eq(bundle.resources[0].id, "e");
    cr_expect_str_eq(bundle.resources[1].id, "g");
    cr_expect_eq(bundle.resources[0].organisation, 1);
    cr_expect_eq(bundle.resources[1].organisation, 1);
    fhir_close(&bundle);
}

Test(fhir, months_count_from_january_2000)
{
    static const struct {
        const char *date;
        uint16_t month;
    } rows[] = { { "2000-01-01", 1 }, { "2000-12", 12 }, { "2001-01-31T00:00:00Z", 13 }, { "1999-12-31", 0 }, { "2025-13-01", 0 },
                 { "2025-00-01", 0 }, { "2025", 0 },     { "soon", 0 },                  { NULL, 0 } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(fhir_month_of(rows[i].date), rows[i].month, "%s", rows[i].date == NULL ? "NULL" : rows[i].date);
    }
}

Test(fhir, synthetic_patients_are_read_whole)
{
    glob_t found;

    beside_find("WARD_PATIENTS", "data/fhir-synthea-r4", "*.json", &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct fhir_bundle bundle;
        char problem[FHIR_PROBLEM_BYTES];
        cr_assert_eq(fhir_load(&bundle, found.gl_pathv[i], problem), ERR_OK, "%s", problem);
        cr_assert_gt(bundle.resources_count, 100);
        for (uint32_t k = 0; k < bundle.resources_count; k++) {
            cr_assert(bundle.resources[k].record_class != CLASS_SEALED);
            cr_assert(bundle.resources[k].start != NULL || strcmp(bundle.resources[k].type, "Goal") == 0, "%s/%s has no date", bundle.resources[k].type, bundle.resources[k].id);
        }
        fhir_close(&bundle);
    }
    globfree(&found);
}

Test(fhir, sha1_gives_the_published_digests)
{
    static const struct {
        const char *text, *digest;
    } rows[] = { { "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
                 { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
                 { "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
                 { "0123456701234567012345670123456701234567012345670123456701234567", "e0c094e867ef46c350ef54a7f59dd60bed92ae83" } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t digest[SHA1_BYTES];
        char digits[2 * SHA1_BYTES + 1];
        sha1(rows[i].text, strlen(rows[i].text), digest);
        hex_encode(digest, sizeof digest, digits);
        cr_assert_str_eq(digits, rows[i].digest, "%s", rows[i].text);
    }
}
