/* body.c: see body.h. */
#include "cli/body.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The table ------------------------------------------------------------------------------------------------------ */

#define AT(type, field) .offset = offsetof(struct type, field)
#define WORDS(type, field, table, text) { .name = #field, .kind = FIELD_WORD8, AT(type, field), .words = table, .help = text }
#define PLAIN(type, field, field_kind, text) { .name = #field, .kind = field_kind, AT(type, field), .help = text }
#define BOUNDED(type, field, field_kind, low, high, text) { .name = #field, .kind = field_kind, AT(type, field), .least = low, .most = high, .help = text }
#define MASK(type, field, field_kind, table, bits, text) { .name = #field, .kind = field_kind, AT(type, field), .words = table, .all = bits, .help = text }
#define SEQS(type, text) { .name = "seqs", .kind = FIELD_SEQS, AT(type, seqs), .count = offsetof(struct type, count), .max = sizeof((struct type *)0)->seqs / sizeof(uint32_t), .help = text }
#define FIELDS_END { .name = NULL }

static const struct word words_actor_op[] = { { "register", ACTOR_REGISTER }, { "suspend", ACTOR_SUSPEND }, { "retire", ACTOR_RETIRE }, { NULL, 0 } };
static const struct word words_decide[] = { { "no", 0 }, { "yes", 1 }, { NULL, 0 } };
static const struct word words_status_op[] = { { "error", POINTER_SET_ERROR }, { "withdraw", POINTER_SET_WITHDRAWN }, { "hide", POINTER_HIDE }, { "unhide", POINTER_UNHIDE }, { NULL, 0 } };
static const struct word words_wrap[] = { { "none", WRAP_NONE }, { "epoch", WRAP_EPOCH }, { "record", WRAP_RECORD }, { NULL, 0 } };
static const struct word words_register_flags[] = { { "compartment", 0 }, { "standing-write", 1 }, { NULL, 0 } };
static const struct word words_grant_flags[] = { { "history", 0 }, { "sealed", 1 }, { NULL, 0 } };
static const struct word words_read_write[] = { { "read", GRANT_READ }, { "write", GRANT_WRITE }, { NULL, 0 } };
static const struct word words_policies[] = { { "deny", POLICY_DENY }, { "treating", POLICY_TREATING }, { NULL, 0 } };
static const struct word words_patient_op[] = { { "policy", PATIENT_SET_POLICY }, { NULL, 0 } };

static const struct field actor_set_fields[] = {
    WORDS(actor_set, op, words_actor_op, "register, suspend or retire"),
    WORDS(actor_set, kind, words_actor_kind, "practitioner, system, payer-agent, researcher, auditor, person"),
    WORDS(actor_set, role, words_actor_role, "of a practitioner"),
    MASK(actor_set, caps, FIELD_MASK16, words_capability, CAPS_ALL, "publish, vouch, btg"),
    PLAIN(actor_set, acct, FIELD_HEX32, "account; of a registration it follows from --new-key"),
    PLAIN(actor_set, pk, FIELD_HEX32, "signing key; from --new-key"),
    PLAIN(actor_set, kx_pk, FIELD_HEX32, "key to seal for the actor"),
    PLAIN(actor_set, valid_until, FIELD_TIME64, "end of the registration; Unix ms or +365d"),
    PLAIN(actor_set, attest_commit, FIELD_HEX32, "salted commitment to what the organisation checked"),
    FIELDS_END,
};
static const struct field patient_register_fields[] = {
    PLAIN(patient_register, kx_pk, FIELD_HEX32, "the patient's epoch key"),
    PLAIN(patient_register, sealed_kx_pk, FIELD_HEX32, "the patient's key for sealed records"),
    WORDS(patient_register, default_policy, words_policies, "deny or treating"),
    WORDS(patient_register, btg_policy, words_btg_policy, "restricted, normal or never"),
    { .name = "flags", .kind = FIELD_WORD8, AT(patient_register, flags), .words = words_register_flags, .all = 1, .help = "none, compartment, standing-write or both as a list" },
    FIELDS_END,
};
static const struct field pointer_add_fields[] = {
    PLAIN(pointer_add, patient, FIELD_HEX32, "account of the patient"),
    PLAIN(pointer_add, on_behalf, FIELD_HEX32, "account of the practitioner"),
    PLAIN(pointer_add, kx_epoch, FIELD_U32, "epoch of the patient's key"),
    FIELDS_END,
};
static const struct field pointer_item_fields[] = {
    { .name = "class", .kind = FIELD_WORD8, AT(pointer_add_item, record_class), .words = words_class, .help = "class of the document" },
    WORDS(pointer_add_item, conf, words_confidentiality, "normal, restricted or very-restricted"),
    PLAIN(pointer_add_item, service_month, FIELD_U16, "months since 2000-01 = 1; 0: undisclosed"),
    PLAIN(pointer_add_item, content_commit, FIELD_HEX32, "salted commitment to the bytes"),
    PLAIN(pointer_add_item, locator_hash, FIELD_HEX32, "hash of the sealed locator"),
    PLAIN(pointer_add_item, locator_length, FIELD_U16, "bytes of the sealed locator"),
    PLAIN(pointer_add_item, supersedes, FIELD_U32, "pointer that this one replaces; 0: none"),
    FIELDS_END,
};
static const struct field pointer_decide_fields[] = {
    PLAIN(pointer_decide, patient, FIELD_HEX32, "account of the patient"),
    WORDS(pointer_decide, approve, words_decide, "yes or no"),
    SEQS(pointer_decide, "pointers"),
    FIELDS_END,
};
static const struct field pointer_status_fields[] = {
    PLAIN(pointer_set_status, patient, FIELD_HEX32, "account of the patient"),
    WORDS(pointer_set_status, op, words_status_op, "error, withdraw, hide or unhide"),
    SEQS(pointer_set_status, "pointers"),
    FIELDS_END,
};
static const struct field grant_fields[] = {
    PLAIN(grant_body, patient, FIELD_HEX32, "account of the patient"),
    WORDS(grant_body, effect, words_effect, "permit or deny"),
    WORDS(grant_body, kind, words_read_write, "read or write"),
    WORDS(grant_body, gtype, words_grantee, "actor, org or any-custodian"),
    WORDS(grant_body, conf_max, words_confidentiality, "up to this confidentiality"),
    { .name = "grantee", .kind = FIELD_PARTY, AT(grant_body, grantee), .count = offsetof(struct grant_body, gtype), .help = "account, or org:ID, which means gtype=org" },
    MASK(grant_body, class_mask, FIELD_MASK32, words_class, CLASS_MASK_ALL, "list of classes, or all"),
    MASK(grant_body, purposes, FIELD_MASK32, words_purpose, 7, "list of purposes"),
    PLAIN(grant_body, custodian, FIELD_U16, "only documents of this organisation; 0: any"),
    MASK(grant_body, flags, FIELD_MASK16, words_grant_flags, GRANT_FLAGS_ALL, "history, sealed"),
    PLAIN(grant_body, ptr_seq, FIELD_U32, "only this pointer; 0: any"),
    PLAIN(grant_body, from_month, FIELD_U16, "first month, 2000-01 = 1; 0: open"),
    PLAIN(grant_body, to_month, FIELD_U16, "last month; 0: open"),
    PLAIN(grant_body, not_before, FIELD_TIME64, "begin; Unix ms, 0 or +1h"),
    PLAIN(grant_body, expires, FIELD_TIME64, "end; Unix ms or +365d"),
    PLAIN(grant_body, max_uses, FIELD_U32, "tickets it may give; 0: without limit"),
    WORDS(grant_body, wrap_kind, words_wrap, "none or record"),
    PLAIN(grant_body, kx_epoch, FIELD_U32, "epoch of the patient's key"),
    PLAIN(grant_body, form_commit, FIELD_HEX32, "salted commitment to the consent form"),
    FIELDS_END,
};
static const struct field revoke_fields[] = { PLAIN(revoke, patient, FIELD_HEX32, "account of the patient"), SEQS(revoke, "grants"), FIELDS_END };
static const struct field access_fields[] = {
    PLAIN(access_request, patient, FIELD_HEX32, "account of the patient"),
    WORDS(access_request, purpose, words_purpose, "TREAT, HPAYMT, PATRQT, ..."),
    PLAIN(access_request, on_behalf, FIELD_HEX32, "account of the practitioner"),
    MASK(access_request, class_mask, FIELD_MASK32, words_class, CLASS_MASK_ALL, "list of classes, or all"),
    BOUNDED(access_request, base_seq, FIELD_U32, 1, UINT32_MAX, "first pointer of the page"),
    PLAIN(access_request, from_month, FIELD_U16, "first month; 0: open"),
    PLAIN(access_request, to_month, FIELD_U16, "last month; 0: open"),
    BOUNDED(access_request, want_ttl, FIELD_U32, 1, UINT32_MAX, "seconds that the ticket shall live"),
    PLAIN(access_request, reason_commit, FIELD_HEX32, "salted commitment to the reason"),
    SEQS(access_request, "only these pointers; none: all of the page"),
    FIELDS_END,
};
static const struct field disclose_fields[] = { FIELDS_END };
static const struct field disclose_item_fields[] = {
    PLAIN(disclose_item, ticket, FIELD_HEX32, "ticket; zeros: offline"),
    PLAIN(disclose_item, patient, FIELD_HEX32, "account of the patient"),
    PLAIN(disclose_item, recipient, FIELD_HEX32, "account that received it"),
    BOUNDED(disclose_item, base_seq, FIELD_U32, 1, UINT32_MAX, "pointer of bit 0"),
    PLAIN(disclose_item, bitmap, FIELD_HEX32, "pointers released, lowest bit first"),
    WORDS(disclose_item, mode, words_disclose_mode, "read, view, export or offline"),
    BOUNDED(disclose_item, bytes_log2, FIELD_U8, 0, 63, "size released, as a power of two"),
    PLAIN(disclose_item, checked_height, FIELD_U64, "block at which consent was checked"),
    PLAIN(disclose_item, doc_root, FIELD_HEX32, "hash over what was released"),
    FIELDS_END,
};
static const struct field patient_set_fields[] = {
    PLAIN(patient_set, patient, FIELD_HEX32, "account of the patient"),
    WORDS(patient_set, default_policy, words_policies, "deny or treating"),
    WORDS(patient_set, btg_policy, words_btg_policy, "restricted, normal or never"),
    WORDS(patient_set, op, words_patient_op, "policy"),
    FIELDS_END,
};

#define BODY(member) .offset = offsetof(struct command_body, as.member)
#define ITEMS(type, table)                                                                                                                           \
    .item = table, .items_offset = offsetof(struct type, items), .items_count = offsetof(struct type, count), .item_bytes = sizeof((struct type *)0)->items[0], \
    .items_max = sizeof((struct type *)0)->items / sizeof((struct type *)0)->items[0]

static const struct body_spec specs[] = {
    { .name = "actor-set", .type = COMMAND_ACTOR_SET, BODY(actor_set), .fields = actor_set_fields, .summary = "register, suspend or retire an actor of an organisation" },
    { .name = "patient-register", .type = COMMAND_PATIENT_REGISTER, BODY(patient_register), .fields = patient_register_fields, .summary = "open a patient's account, vouched for by a hospital" },
    { .name = "pointer-add", .type = COMMAND_POINTER_ADD, BODY(pointer_add), .fields = pointer_add_fields, ITEMS(pointer_add, pointer_item_fields), .summary = "publish that documents exist" },
    { .name = "pointer-decide", .type = COMMAND_POINTER_DECIDE, BODY(pointer_decide), .fields = pointer_decide_fields, .summary = "approve or refuse pending pointers" },
    { .name = "pointer-status", .type = COMMAND_POINTER_STATUS, BODY(pointer_set_status), .fields = pointer_status_fields, .summary = "mark as error, withdraw, hide, unhide" },
    { .name = "grant", .type = COMMAND_GRANT, BODY(grant), .fields = grant_fields, .summary = "permit or deny access" },
    { .name = "revoke", .type = COMMAND_REVOKE, BODY(revoke), .fields = revoke_fields, .summary = "end grants" },
    { .name = "access-request", .type = COMMAND_ACCESS_REQUEST, BODY(access_request), .fields = access_fields, .summary = "ask for access; a permit gives a ticket" },
    { .name = "disclose", .type = COMMAND_DISCLOSE, BODY(disclose), .fields = disclose_fields, ITEMS(disclose, disclose_item_fields), .summary = "file what was released" },
    { .name = "patient-set", .type = COMMAND_PATIENT_SET, BODY(patient_set), .fields = patient_set_fields, .summary = "change the patient's policy" },
    { .name = NULL },
};

const struct body_spec *body_specs(void)
{
    return specs;
}

const struct body_spec *body_spec_of(const char *name)
{
    for (const struct body_spec *spec = specs; spec->name != NULL; spec++) {
        if (strcmp(spec->name, name) == 0) {
            return spec;
        }
    }
    return NULL;
}

void body_init(struct command_body *body, const struct body_spec *spec)
{
    *body = (struct command_body){ .type = spec->type };
    switch (spec->type) {
    case COMMAND_ACTOR_SET:
        body->as.actor_set.op = ACTOR_REGISTER;
        break;
    case COMMAND_POINTER_ADD:
        body->as.pointer_add.kx_epoch = 1;
        break;
    case COMMAND_POINTER_DECIDE:
        body->as.pointer_decide.approve = 1;
        break;
    case COMMAND_GRANT:
        body->as.grant = (struct grant_body){ .effect = EFFECT_PERMIT, .kind = GRANT_READ, .gtype = GRANTEE_ACTOR, .class_mask = CLASS_MASK_ALL,
                                              .purposes = 1u << PURPOSE_TREAT, .kx_epoch = 1 };
        break;
    case COMMAND_ACCESS_REQUEST:
        body->as.access_request = (struct access_request){ .purpose = PURPOSE_TREAT, .class_mask = CLASS_MASK_ALL, .base_seq = 1, .want_ttl = 3600 };
        break;
    case COMMAND_PATIENT_SET:
        body->as.patient_set.op = PATIENT_SET_POLICY;
        break;
    case COMMAND_PATIENT_REGISTER:
    case COMMAND_POINTER_STATUS:
    case COMMAND_REVOKE:
    case COMMAND_DISCLOSE:
        break;
    }
}

/* --- One value ------------------------------------------------------------------------------------------------------ */

static bool number_of(const char *text, uint64_t max, uint64_t *number)
{
    char *end;

    if (text[0] < '0' || text[0] > '9' || strlen(text) > 19) {
        return false;
    }
    *number = strtoull(text, &end, 10);
    return *end == '\0' && *number <= max;
}

static bool put_number(void *place, size_t bytes, const char *text)
{
    uint64_t number, max = bytes == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * bytes)) - 1;

    if (!number_of(text, max, &number)) {
        return false;
    }
    uint8_t as8 = (uint8_t)number;
    uint16_t as16 = (uint16_t)number;
    uint32_t as32 = (uint32_t)number;
    memcpy(place, bytes == 1 ? (void *)&as8 : bytes == 2 ? (void *)&as16 : bytes == 4 ? (void *)&as32 : (void *)&number, bytes);
    return true;
}

static bool put_word(uint8_t *place, const struct field *field, const char *text)
{
    uint32_t number;
    bool flags = field->all != 0; /* a u8 of flags: a list of words */

    if (flags ? word_mask(field->words, text, field->all, &number) : word_number(field->words, text, &number)) {
        *place = (uint8_t)number;
        return true;
    }
    return put_number(place, 1, text); /* body_check refuses a number that has no word */
}

static bool put_mask(void *place, size_t bytes, const struct field *field, const char *text)
{
    uint32_t mask;

    if (!word_mask(field->words, text, field->all, &mask)) {
        return put_number(place, bytes, text);
    }
    uint16_t as16 = (uint16_t)mask;
    memcpy(place, bytes == 2 ? (void *)&as16 : (void *)&mask, bytes);
    return true;
}

static bool put_time(uint64_t *place, const char *text)
{
    uint64_t ms;

    if (text[0] != '+') {
        return put_number(place, 8, text);
    }
    if (!duration_parse(text + 1, &ms)) {
        return false;
    }
    *place = clock_wall_ms() + ms;
    return true;
}

static bool put_party(void *base, const struct field *field, const char *text)
{
    uint8_t *place = (uint8_t *)base + field->offset;
    uint64_t number;

    if (strncmp(text, "org:", 4) != 0) {
        return hex_decode(text, place, 32) == ERR_OK;
    }
    if (!number_of(text + 4, UINT16_MAX, &number)) {
        return false;
    }
    memset(place, 0, 32);
    place[30] = (uint8_t)(number >> 8);
    place[31] = (uint8_t)number;
    *((uint8_t *)base + field->count) = GRANTEE_ORG;
    return true;
}

static bool put_seqs(void *base, const struct field *field, const char *text)
{
    uint32_t *seqs = (uint32_t *)(void *)((char *)base + field->offset), found = 0;

    for (const char *word = text; word != NULL;) {
        const char *comma = strchr(word, ',');
        char one[24];
        uint64_t number;
        snprintf(one, sizeof one, "%.*s", (int)(comma == NULL ? strlen(word) : (size_t)(comma - word)), word);
        if (found == field->max || !number_of(one, UINT32_MAX, &number)) {
            return false;
        }
        seqs[found++] = (uint32_t)number;
        word = comma == NULL ? NULL : comma + 1;
    }
    *((uint8_t *)base + field->count) = (uint8_t)found;
    return true;
}

static bool put(void *base, const struct field *field, const char *text)
{
    void *place = (char *)base + field->offset;

    switch (field->kind) {
    case FIELD_WORD8:
        return put_word(place, field, text);
    case FIELD_U8:
        return put_number(place, 1, text);
    case FIELD_U16:
        return put_number(place, 2, text);
    case FIELD_U32:
        return put_number(place, 4, text);
    case FIELD_U64:
        return put_number(place, 8, text);
    case FIELD_TIME64:
        return put_time(place, text);
    case FIELD_MASK16:
        return put_mask(place, 2, field, text);
    case FIELD_MASK32:
        return put_mask(place, 4, field, text);
    case FIELD_HEX32:
        return hex_decode(text, place, 32) == ERR_OK;
    case FIELD_PARTY:
        return put_party(base, field, text);
    case FIELD_SEQS:
        return put_seqs(base, field, text);
    }
    return false;
}

/* --- Whole bodies --------------------------------------------------------------------------------------------------- */

static const struct field *field_of(const struct field *fields, const char *name, size_t length)
{
    for (; fields != NULL && fields->name != NULL; fields++) {
        if (strlen(fields->name) == length && memcmp(fields->name, name, length) == 0) {
            return fields;
        }
    }
    return NULL;
}

static enum err set_field(void *base, const struct field *field, const char *text, char problem[BODY_PROBLEM_BYTES])
{
    if (put(base, field, text)) {
        return ERR_OK;
    }
    snprintf(problem, BODY_PROBLEM_BYTES, "%s: %.100s is not what it takes: %s", field->name, text, field->help);
    return ERR_INVALID;
}

static enum err no_field(const struct body_spec *spec, const char *name, char problem[BODY_PROBLEM_BYTES])
{
    int used = snprintf(problem, BODY_PROBLEM_BYTES, "%s has no field %.40s; it has", spec->name, name);

    for (int list = 0; list < 2; list++) {
        for (const struct field *field = list == 0 ? spec->fields : spec->item; field != NULL && field->name != NULL && used < BODY_PROBLEM_BYTES; field++) {
            used += snprintf(problem + used, BODY_PROBLEM_BYTES - (size_t)used, " %s", field->name);
        }
    }
    return ERR_INVALID;
}

enum err body_set(struct command_body *body, const struct body_spec *spec, const char *assignment, char problem[BODY_PROBLEM_BYTES])
{
    const char *equals = strchr(assignment, '=');
    char *base = (char *)body + spec->offset;
    size_t length = equals == NULL ? strlen(assignment) : (size_t)(equals - assignment);
    const struct field *field = field_of(spec->fields, assignment, length);

    if (equals == NULL) {
        snprintf(problem, BODY_PROBLEM_BYTES, "%.100s is not name=value", assignment);
        return ERR_INVALID;
    }
    if (field != NULL) {
        return set_field(base, field, equals + 1, problem);
    }
    field = field_of(spec->item, assignment, length);
    if (field == NULL) {
        return no_field(spec, assignment, problem);
    }
    uint8_t *count = (uint8_t *)base + spec->items_count;
    *count = *count == 0 ? 1 : *count;
    return set_field(base + spec->items_offset, field, equals + 1, problem);
}

/* json_text writes a text, a number or a list of them as body_set takes it. Gives: false for anything else. */
static bool json_text(const json_t *value, char *out, size_t size)
{
    size_t used = 0, count = json_is_array(value) ? json_array_size(value) : 1;

    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
        int put_bytes = json_is_string(one)    ? snprintf(out + used, size - used, "%s%s", i > 0 ? "," : "", json_string_value(one))
                        : json_is_integer(one) ? snprintf(out + used, size - used, "%s%lld", i > 0 ? "," : "", (long long)json_integer_value(one))
                        : json_is_boolean(one) ? snprintf(out + used, size - used, "%s", json_is_true(one) ? "yes" : "no")
                                               : -1;
        if (put_bytes < 0 || used + (size_t)put_bytes >= size) {
            return false;
        }
        used += (size_t)put_bytes;
    }
    return true;
}

static enum err set_object(void *base, const struct body_spec *spec, const struct field *fields, const json_t *object, char problem[BODY_PROBLEM_BYTES])
{
    const char *name;
    const json_t *value;
    json_t *members = (json_t *)(uintptr_t)object;

    json_object_foreach(members, name, value) {
        char text[512];
        if (fields == spec->fields && strcmp(name, "items") == 0) {
            continue;
        }
        const struct field *field = field_of(fields, name, strlen(name));
        if (field == NULL) {
            return no_field(spec, name, problem);
        }
        if (!json_text(value, text, sizeof text)) {
            snprintf(problem, BODY_PROBLEM_BYTES, "%s: neither a text, a number nor a list of them", name);
            return ERR_INVALID;
        }
        enum err err = set_field(base, field, text, problem);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

enum err body_set_json(struct command_body *body, const struct body_spec *spec, const json_t *object, char problem[BODY_PROBLEM_BYTES])
{
    char *base = (char *)body + spec->offset;
    const json_t *items = json_object_get(object, "items");
    enum err err = json_is_object(object) ? set_object(base, spec, spec->fields, object, problem) : ERR_INVALID;

    if (!json_is_object(object) || (items != NULL && (spec->item == NULL || !json_is_array(items) || json_array_size(items) > spec->items_max))) {
        snprintf(problem, BODY_PROBLEM_BYTES, "%s takes an object%s", spec->name, spec->item == NULL ? " without items" : " with a list of items");
        return ERR_INVALID;
    }
    for (size_t i = 0; i < json_array_size(items) && err == ERR_OK; i++) {
        if (!json_is_object(json_array_get(items, i))) {
            snprintf(problem, BODY_PROBLEM_BYTES, "item %zu is no object", i + 1);
            return ERR_INVALID;
        }
        err = set_object(base + spec->items_offset + i * spec->item_bytes, spec, spec->item, json_array_get(items, i), problem);
        *((uint8_t *)base + spec->items_count) = (uint8_t)(i + 1);
    }
    return err;
}

/* is_legal tells whether a replica's encoder takes the field at all. */
static bool is_legal(const void *base, const struct field *field, uint32_t seqs_min)
{
    const uint8_t *place = (const uint8_t *)base + field->offset;
    uint32_t number = *place;

    switch (field->kind) {
    case FIELD_WORD8:
        return field->all != 0 ? number < 4 : strcmp(word_text(field->words, number), "unknown") != 0;
    case FIELD_SEQS:
        return ((const uint8_t *)base)[field->count] >= seqs_min && ((const uint8_t *)base)[field->count] <= field->max;
    case FIELD_U32:
        memcpy(&number, place, sizeof number);
        return number >= field->least && (field->most == 0 || number <= field->most);
    case FIELD_U8:
        return number >= field->least && (field->most == 0 || number <= field->most);
    case FIELD_U16:
    case FIELD_U64:
    case FIELD_TIME64:
    case FIELD_MASK16:
    case FIELD_MASK32:
    case FIELD_HEX32:
    case FIELD_PARTY:
        return true;
    }
    return false;
}

static enum err fields_check(const void *base, const struct field *fields, uint32_t seqs_min, char problem[BODY_PROBLEM_BYTES])
{
    for (const struct field *field = fields; field->name != NULL; field++) {
        if (!is_legal(base, field, seqs_min)) {
            snprintf(problem, BODY_PROBLEM_BYTES, "%s is missing or out of range: %s", field->name, field->help);
            return ERR_INVALID;
        }
    }
    return ERR_OK;
}

static enum err parts_check(const struct command_body *body, const struct body_spec *spec, char problem[BODY_PROBLEM_BYTES])
{
    const char *base = (const char *)body + spec->offset;
    const struct command_shape *shape = command_shape_of((uint8_t)spec->type);
    enum err err = fields_check(base, spec->fields, shape->items_min, problem);

    if (spec->item == NULL || err != ERR_OK) {
        return err;
    }
    uint8_t count = ((const uint8_t *)base)[spec->items_count];
    if (count < shape->items_min || count > spec->items_max) {
        snprintf(problem, BODY_PROBLEM_BYTES, "%s needs 1 to %u items", spec->name, (unsigned)spec->items_max);
        return ERR_INVALID;
    }
    for (uint8_t i = 0; i < count && err == ERR_OK; i++) {
        err = fields_check(base + spec->items_offset + i * spec->item_bytes, spec->item, 0, problem);
    }
    return err;
}

/* Whoever suspends or retires an actor names it, and nothing else. */
static bool ends_actor(const struct command_body *body)
{
    return body->type == COMMAND_ACTOR_SET && (body->as.actor_set.op == ACTOR_SUSPEND || body->as.actor_set.op == ACTOR_RETIRE);
}

enum err body_check(const struct command_body *body, const struct body_spec *spec, char problem[BODY_PROBLEM_BYTES])
{
    uint8_t room[ENVELOPE_BODY_BYTES_MAX];
    static struct command_body back;
    struct writer writer;

    enum err err = ends_actor(body) ? ERR_OK : parts_check(body, spec, problem);
    if (err != ERR_OK) {
        return err;
    }
    writer_init(&writer, room, sizeof room);
    command_body_encode(body, &writer);
    enum verdict verdict = writer.failed ? VERDICT_LENGTH : command_body_decode(&back, (uint8_t)body->type, room, writer.offset);
    if (verdict == VERDICT_RESERVED && ends_actor(body)) {
        snprintf(problem, BODY_PROBLEM_BYTES, "to suspend or retire takes op and acct and nothing else");
        return ERR_INVALID;
    }
    if (verdict != VERDICT_OK) {
        snprintf(problem, BODY_PROBLEM_BYTES, "a replica would refuse this body (%s): fields contradict each other, or a list does not ascend", verdict_name(verdict));
        return ERR_INVALID;
    }
    return ERR_OK;
}
