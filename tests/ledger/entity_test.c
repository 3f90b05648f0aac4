/* entity_test.c: every entity has one canonical encoding of the size that its table states. */
#include "ledger/entity.h"

#include "tests/ledger/codec_kit.h"

#include <criterion/criterion.h>
#include <string.h>

/* Fills every byte of a record with a different small value; the test then sets what has a range. */
static void fill(void *record, size_t size)
{
    uint8_t *bytes = record;

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7 + 1);
    }
}

#define CODEC(entity)                                                                                                                                \
    static struct entity the_##entity;                                                                                                               \
    static enum verdict entity##_in(const uint8_t *data, size_t size) { return entity##_decode(&the_##entity, data, size); }

#define CODEC_FIXED(entity, bytes)                                                                                                                   \
    CODEC(entity)                                                                                                                                    \
    static size_t entity##_out(uint8_t *out)                                                                                                         \
    {                                                                                                                                                \
        entity##_encode(&the_##entity, out);                                                                                                         \
        return bytes;                                                                                                                                \
    }                                                                                                                                                \
    static const struct codec entity##_codec = { #entity, entity##_in, entity##_out };

CODEC_FIXED(org, ORG_BYTES)
CODEC_FIXED(actor, ACTOR_BYTES)
CODEC_FIXED(patient, PATIENT_BYTES)
CODEC_FIXED(pointer, POINTER_BYTES)
CODEC_FIXED(grant, GRANT_BYTES)
CODEC_FIXED(ticket, TICKET_BYTES)
CODEC_FIXED(relation, RELATION_BYTES)
CODEC_FIXED(audit_event, AUDIT_EVENT_BYTES)
CODEC(chain)
static size_t chain_out(uint8_t *out) { return chain_encode(&the_chain, out); }
static const struct codec chain_codec = { "chain", chain_in, chain_out };

static struct org org_sample(void)
{
    struct org org;

    fill(&org, sizeof org);
    org.kind = ORG_CLINIC;
    org.status = ORG_ACTIVE;
    org.caps = CAP_PUBLISH | CAP_VOUCH;
    memset(org.name, 0, sizeof org.name);
    memcpy(org.name, "Mercy", 5);
    org.name_length = 5;
    memset(org.endpoint, 0, sizeof org.endpoint);
    memcpy(org.endpoint, "mercy.example:443", 17);
    org.endpoint_length = 17;
    return org;
}

Test(entity, org_round_trips_and_nothing_else_decodes)
{
    struct org org = org_sample();
    uint8_t bytes[ORG_BYTES];

    org_encode(&org, bytes);
    codec_kit_prove(&org_codec, bytes, sizeof bytes);
    bytes[4 + 1 + 5] = 'x'; /* behind the name's end */
    cr_assert_eq(org_decode(&org, bytes, sizeof bytes), VERDICT_LENGTH);
    bytes[4 + 1 + 5] = 0;
    bytes[4 + 1] = 0x7f;
    cr_assert_eq(org_decode(&org, bytes, sizeof bytes), VERDICT_LENGTH, "only printable ASCII");
}

Test(entity, actor_round_trips_and_nothing_else_decodes)
{
    struct actor actor;
    uint8_t bytes[ACTOR_BYTES];

    fill(&actor, sizeof actor);
    actor.kind = ACTOR_SYSTEM;
    actor.role = ROLE_NONE;
    actor.status = ACTOR_ACTIVE;
    actor.caps = CAP_VOUCH;
    actor_encode(&actor, bytes);
    codec_kit_prove(&actor_codec, bytes, sizeof bytes);
    bytes[5] = 1;
    cr_assert_eq(actor_decode(&actor, bytes, sizeof bytes), VERDICT_RESERVED);
}

Test(entity, patient_round_trips_and_nothing_else_decodes)
{
    struct patient patient;
    uint8_t bytes[PATIENT_BYTES];

    fill(&patient, sizeof patient);
    patient.status = PATIENT_ACTIVE;
    patient.default_policy = POLICY_TREATING;
    patient.btg_policy = BTG_NORMAL_ONLY;
    patient.flags = PATIENT_COMPARTMENT;
    patient_encode(&patient, bytes);
    codec_kit_prove(&patient_codec, bytes, sizeof bytes);
    bytes[3] = 2;
    cr_assert_eq(patient_decode(&patient, bytes, sizeof bytes), VERDICT_RANGE, "unknown flag");
    bytes[3] = 0;
    bytes[PATIENT_BYTES - 1] = 1;
    cr_assert_eq(patient_decode(&patient, bytes, sizeof bytes), VERDICT_RESERVED, "padding");
}

Test(entity, pointer_round_trips_and_nothing_else_decodes)
{
    struct pointer pointer;
    uint8_t bytes[POINTER_BYTES];

    fill(&pointer, sizeof pointer);
    pointer.record_class = CLASS_LABORATORY;
    pointer.conf = CONF_RESTRICTED;
    pointer.status = POINTER_CURRENT;
    pointer.basis = BASIS_APPROVED;
    pointer_encode(&pointer, bytes);
    codec_kit_prove(&pointer_codec, bytes, sizeof bytes);
    bytes[2] = CLASS_CONSENT_FORM + 1;
    cr_assert_eq(pointer_decode(&pointer, bytes, sizeof bytes), VERDICT_RANGE, "a class that does not exist");
}

Test(entity, grant_round_trips_and_nothing_else_decodes)
{
    struct grant grant;
    uint8_t bytes[GRANT_BYTES];

    fill(&grant, sizeof grant);
    grant.effect = EFFECT_DENY;
    grant.kind = GRANT_READ;
    grant.gtype = GRANTEE_ORG;
    grant.conf_max = CONF_VERY_RESTRICTED;
    grant.flags = GRANT_HISTORY;
    grant.status = GRANT_ACTIVE;
    grant.wrap_kind = WRAP_NONE;
    grant_encode(&grant, bytes);
    codec_kit_prove(&grant_codec, bytes, sizeof bytes);
}

Test(entity, ticket_round_trips_and_nothing_else_decodes)
{
    struct ticket ticket;
    uint8_t bytes[TICKET_BYTES];

    fill(&ticket, sizeof ticket);
    ticket.purpose = PURPOSE_TREAT;
    ticket.flags = 0;
    ticket.reason = REASON_GRANT;
    ticket_encode(&ticket, bytes);
    codec_kit_prove(&ticket_codec, bytes, sizeof bytes);
}

Test(entity, relation_round_trips_and_nothing_else_decodes)
{
    struct relation relation = { .current = 3, .pending = 0x0102 };
    uint8_t bytes[RELATION_BYTES];

    relation_encode(&relation, bytes);
    codec_kit_prove(&relation_codec, bytes, sizeof bytes);
}

Test(entity, audit_event_round_trips_and_nothing_else_decodes)
{
    struct audit_event event;
    uint8_t bytes[AUDIT_EVENT_BYTES];

    fill(&event, sizeof event);
    event.type = EVENT_ACCESS_DENIED;
    audit_event_encode(&event, bytes);
    codec_kit_prove(&audit_event_codec, bytes, sizeof bytes);
}

Test(entity, chain_carries_one_peak_for_each_bit_of_its_receipts)
{
    static const uint64_t counts[] = { 0, 1, 6, 7, 255, 256 };

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct chain chain;
        static uint8_t bytes[CHAIN_BYTES_MAX];
        memset(&chain, 0, sizeof chain);
        while (chain.receipts.count < counts[i]) {
            struct hash32 leaf = merkle_leaf(&chain.receipts.count, sizeof chain.receipts.count);
            merkle_peaks_append(&chain.receipts, &leaf);
        }
        chain.height = 7;
        chain.pointers = 9;
        size_t size = chain_encode(&chain, bytes);
        cr_assert_eq(size, CHAIN_FIXED_BYTES + 32 * (size_t)__builtin_popcountll(counts[i]));
        codec_kit_prove(&chain_codec, bytes, size);
    }
}

Test(entity, peaks_must_be_as_many_as_the_count_has_bits)
{
    struct merkle_peaks peaks;
    uint8_t bytes[64] = { 1 };

    cr_assert_eq(peaks_decode(&peaks, 5, bytes, 64), VERDICT_OK);
    cr_assert_eq(peaks_decode(&peaks, 4, bytes, 64), VERDICT_LENGTH);
    cr_assert_eq(peaks_decode(&peaks, 5, bytes, 63), VERDICT_LENGTH);
}
