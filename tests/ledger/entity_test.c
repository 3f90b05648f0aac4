/* entity_test.c: every entity has one canonical encoding of the size that its table states. */
#include "ledger/entity.h"

#include "tests/ledger/codec_kit.h"
#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <string.h>

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

    pinned_kit_fill(&org, sizeof org);
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
    pinned_kit_check("org", bytes, sizeof bytes, "356 e6157a523a4eef40");
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

    pinned_kit_fill(&actor, sizeof actor);
    actor.kind = ACTOR_SYSTEM;
    actor.role = ROLE_NONE;
    actor.status = ACTOR_ACTIVE;
    actor.caps = CAP_VOUCH;
    actor_encode(&actor, bytes);
    pinned_kit_check("actor", bytes, sizeof bytes, "140 c94d956fdc37eb52");
    codec_kit_prove(&actor_codec, bytes, sizeof bytes);
    bytes[5] = 1;
    cr_assert_eq(actor_decode(&actor, bytes, sizeof bytes), VERDICT_RESERVED);
}

Test(entity, patient_round_trips_and_nothing_else_decodes)
{
    struct patient patient;
    uint8_t bytes[PATIENT_BYTES];

    pinned_kit_fill(&patient, sizeof patient);
    patient.status = PATIENT_DECEASED;
    patient.default_policy = POLICY_TREATING;
    patient.btg_policy = BTG_NORMAL_ONLY;
    patient.flags = 0;
    patient_encode(&patient, bytes);
    pinned_kit_check("patient", bytes, sizeof bytes, "244 c4c97bc2949a54e4");
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

    pinned_kit_fill(&pointer, sizeof pointer);
    pointer.record_class = CLASS_LABORATORY;
    pointer.conf = CONF_RESTRICTED;
    pointer.status = POINTER_CURRENT;
    pointer.basis = BASIS_STANDING;
    pointer_encode(&pointer, bytes);
    pinned_kit_check("pointer", bytes, sizeof bytes, "144 92e0c342bc45f71e");
    codec_kit_prove(&pointer_codec, bytes, sizeof bytes);
    bytes[2] = CLASS_CONSENT_FORM + 1;
    cr_assert_eq(pointer_decode(&pointer, bytes, sizeof bytes), VERDICT_RANGE, "a class that does not exist");
}

Test(entity, grant_round_trips_and_nothing_else_decodes)
{
    struct grant grant;
    uint8_t bytes[GRANT_BYTES];

    pinned_kit_fill(&grant, sizeof grant);
    grant.effect = EFFECT_DENY;
    grant.kind = GRANT_READ;
    grant.gtype = GRANTEE_ANY_CUSTODIAN;
    grant.conf_max = CONF_NORMAL;
    grant.flags = GRANT_HISTORY;
    grant.status = GRANT_ACTIVE;
    grant.wrap_kind = WRAP_NONE;
    grant_encode(&grant, bytes);
    pinned_kit_check("grant", bytes, sizeof bytes, "196 8a58b7d2cc4d8d27");
    codec_kit_prove(&grant_codec, bytes, sizeof bytes);
}

Test(entity, ticket_round_trips_and_nothing_else_decodes)
{
    struct ticket ticket;
    uint8_t bytes[TICKET_BYTES];

    pinned_kit_fill(&ticket, sizeof ticket);
    ticket.purpose = PURPOSE_BTG;
    ticket.flags = TICKET_SUBJECT_SIGNED;
    ticket.reason = REASON_GRANT;
    ticket_encode(&ticket, bytes);
    pinned_kit_check("ticket", bytes, sizeof bytes, "208 5c94031afd1773aa");
    codec_kit_prove(&ticket_codec, bytes, sizeof bytes);
}

Test(entity, relation_round_trips_and_nothing_else_decodes)
{
    struct relation relation = { .current = 3, .pending = 0x0102 };
    uint8_t bytes[RELATION_BYTES];

    relation_encode(&relation, bytes);
    pinned_kit_check("relation", bytes, sizeof bytes, "8 26f7ffd5ada1448c");
    codec_kit_prove(&relation_codec, bytes, sizeof bytes);
}

Test(entity, audit_event_round_trips_and_nothing_else_decodes)
{
    struct audit_event event;
    uint8_t bytes[AUDIT_EVENT_BYTES];

    pinned_kit_fill(&event, sizeof event);
    event.type = EVENT_ACCESS_DENIED;
    audit_event_encode(&event, bytes);
    pinned_kit_check("audit_event", bytes, sizeof bytes, "152 b83a0fa9c26131cd");
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
        pinned_kit_fill(&chain, offsetof(struct chain, receipts));
        size_t size = chain_encode(&chain, bytes);
        if (counts[i] == 7) {
            pinned_kit_check("chain", bytes, size, "144 762faa42a197d37f");
        }
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
