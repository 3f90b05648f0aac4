/* entity.c: the canonical values of the accounts and of the chain: Chain, Org, Actor, Patient, Relation, AuditPeaks.
 * What a patient's compartment holds (pointers, grants, tickets, events) is in entity_record.c.
 *
 * Each table lists the fields in the order of the bytes; the layout does the rest. */
#include "ledger/entity.h"

#include "base/assert.h"
#include "ledger/layout.h"

#include <string.h>

static const struct field chain_fields[] = {
    LAYOUT_INT(chain, height),   LAYOUT_INT(chain, time),   LAYOUT_INT(chain, receipts.count), LAYOUT_INT(chain, actors), LAYOUT_INT(chain, patients),
    LAYOUT_INT(chain, pointers), LAYOUT_INT(chain, grants), LAYOUT_INT(chain, tickets),        LAYOUT_INT(chain, orgs),   LAYOUT_PAD(2),
};

static const struct field org_fields[] = {
    LAYOUT_RANGE(org, kind, ORG_HOSPITAL, ORG_LAB_PHARMACY),
    LAYOUT_RANGE(org, status, ORG_ACTIVE, ORG_SUSPENDED),
    LAYOUT_RANGE(org, caps, 0, CAPS_ALL),
    LAYOUT_RANGE(org, name_length, 1, ORG_NAME_BYTES_MAX),
    LAYOUT_RUN(org, name),
    LAYOUT_RANGE(org, endpoint_length, 0, ORG_ENDPOINT_BYTES_MAX),
    LAYOUT_RUN(org, endpoint),
    LAYOUT_RUN(org, admin_pk),
    LAYOUT_RUN(org, officer_pk),
    LAYOUT_RUN(org, kx_pk),
    LAYOUT_RUN(org, noise_commit),
    LAYOUT_INT(org, replica_index),
    LAYOUT_RUN(org, replica_pk),
    LAYOUT_INT(org, credits),
    LAYOUT_INT(org, bucket),
    LAYOUT_INT(org, btg_open),
    LAYOUT_INT(org, btg_overdue),
    LAYOUT_INT(org, nonce),
    LAYOUT_INT(org, officer_nonce),
    LAYOUT_INT(org, joined),
    LAYOUT_PAD(1),
};

static const struct field actor_fields[] = {
    LAYOUT_RANGE(actor, kind, ACTOR_PRACTITIONER, ACTOR_PERSON),
    LAYOUT_RANGE(actor, role, ROLE_NONE, ROLE_EMERGENCY),
    LAYOUT_RANGE(actor, org, 1, UINT16_MAX),
    LAYOUT_RANGE(actor, status, ACTOR_ACTIVE, ACTOR_RETIRED),
    LAYOUT_PAD(1),
    LAYOUT_RANGE(actor, caps, 0, CAPS_ALL),
    LAYOUT_RUN(actor, pk),
    LAYOUT_RUN(actor, kx_pk),
    LAYOUT_RUN(actor, attest_commit),
    LAYOUT_INT(actor, sponsor_org),
    LAYOUT_PAD(2),
    LAYOUT_INT(actor, valid_until),
    LAYOUT_INT(actor, nonce),
    LAYOUT_INT(actor, bucket),
    LAYOUT_INT(actor, registered),
};

static const struct field patient_fields[] = {
    LAYOUT_RANGE(patient, status, PATIENT_ACTIVE, PATIENT_ERASED),
    LAYOUT_RANGE(patient, default_policy, POLICY_DENY, POLICY_ANY_HOSPITAL),
    LAYOUT_RANGE(patient, btg_policy, BTG_UP_TO_RESTRICTED, BTG_NEVER),
    LAYOUT_RANGE(patient, flags, 0, PATIENT_FLAGS_ALL),
    LAYOUT_RUN(patient, pk),
    LAYOUT_RANGE(patient, kx_epoch, 1, UINT32_MAX),
    LAYOUT_RUN(patient, kx_pk),
    LAYOUT_RUN(patient, sealed_kx_pk),
    LAYOUT_INT(patient, vouchers[0]),
    LAYOUT_INT(patient, vouchers[1]),
    LAYOUT_INT(patient, ptr_count),
    LAYOUT_INT(patient, current),
    LAYOUT_INT(patient, pending),
    LAYOUT_INT(patient, grant_count),
    LAYOUT_INT(patient, active_grants),
    LAYOUT_INT(patient, delegates),
    LAYOUT_INT(patient, audit_count),
    LAYOUT_RUN(patient, audit_root),
    LAYOUT_INT(patient, research_home),
    LAYOUT_INT(patient, eps_spent),
    LAYOUT_RUN(patient, recovery_pk),
    LAYOUT_INT(patient, ready_time),
    LAYOUT_INT(patient, votes),
    LAYOUT_INT(patient, nonce),
    LAYOUT_INT(patient, bucket),
    LAYOUT_INT(patient, created),
    LAYOUT_PAD(2),
};

static const struct field relation_fields[] = {
    LAYOUT_INT(relation, current),
    LAYOUT_INT(relation, pending),
    LAYOUT_PAD(4),
};

/* Text is canonical when it is printable ASCII up to its length and zero behind it. */
static bool text_is_canonical(const uint8_t *text, size_t length, size_t room)
{
    ASSERT(length <= room);
    for (size_t i = 0; i < length; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e) {
            return false;
        }
    }
    return bytes_are_zero(text + length, room - length);
}

void org_encode(const struct org *org, uint8_t out[ORG_BYTES])
{
    ASSERT(text_is_canonical(org->name, org->name_length, sizeof org->name));
    ASSERT(text_is_canonical(org->endpoint, org->endpoint_length, sizeof org->endpoint));
    layout_encode(LAYOUT_OF(org_fields), org, out, ORG_BYTES);
}

enum verdict org_decode(struct org *org, const uint8_t *data, size_t size)
{
    enum verdict verdict = layout_decode(LAYOUT_OF(org_fields), org, data, size);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    ASSERT(org->name_length >= 1);
    ASSERT((org->caps & ~CAPS_ALL) == 0);
    bool name = text_is_canonical(org->name, org->name_length, sizeof org->name);
    bool endpoint = text_is_canonical(org->endpoint, org->endpoint_length, sizeof org->endpoint);
    return name && endpoint ? VERDICT_OK : VERDICT_LENGTH;
}

void actor_encode(const struct actor *actor, uint8_t out[ACTOR_BYTES])
{
    ASSERT(actor->org >= 1);
    ASSERT((actor->caps & ~CAPS_ALL) == 0);
    layout_encode(LAYOUT_OF(actor_fields), actor, out, ACTOR_BYTES);
}

enum verdict actor_decode(struct actor *actor, const uint8_t *data, size_t size)
{
    return layout_decode(LAYOUT_OF(actor_fields), actor, data, size);
}

void patient_encode(const struct patient *patient, uint8_t out[PATIENT_BYTES])
{
    ASSERT(patient->kx_epoch >= 1);
    layout_encode(LAYOUT_OF(patient_fields), patient, out, PATIENT_BYTES);
}

enum verdict patient_decode(struct patient *patient, const uint8_t *data, size_t size)
{
    return layout_decode(LAYOUT_OF(patient_fields), patient, data, size);
}

void relation_encode(const struct relation *relation, uint8_t out[RELATION_BYTES])
{
    layout_encode(LAYOUT_OF(relation_fields), relation, out, RELATION_BYTES);
}

enum verdict relation_decode(struct relation *relation, const uint8_t *data, size_t size)
{
    return layout_decode(LAYOUT_OF(relation_fields), relation, data, size);
}

/* The peaks of a tree are as many as its count has bits set. */
static size_t peaks_number(uint64_t count)
{
    return (size_t)__builtin_popcountll(count);
}

size_t peaks_encode(const struct merkle_peaks *peaks, uint8_t out[PEAKS_BYTES_MAX])
{
    size_t number = peaks_number(peaks->count);

    ASSERT(number <= MERKLE_DEPTH_MAX);
    for (size_t i = 0; i < number; i++) {
        memcpy(out + i * HASH_BYTES, peaks->peaks[i].bytes, HASH_BYTES);
    }
    return number * HASH_BYTES;
}

enum verdict peaks_decode(struct merkle_peaks *peaks, uint64_t count, const uint8_t *data, size_t size)
{
    size_t number = peaks_number(count);

    ASSERT(number <= MERKLE_DEPTH_MAX);
    if (size != number * HASH_BYTES) {
        return VERDICT_LENGTH;
    }
    peaks->count = count; /* it says which of the peaks count: the others stay as they are */
    for (size_t i = 0; i < number; i++) {
        memcpy(peaks->peaks[i].bytes, data + i * HASH_BYTES, HASH_BYTES);
    }
    return VERDICT_OK;
}

size_t chain_encode(const struct chain *chain, uint8_t out[CHAIN_BYTES_MAX])
{
    layout_encode(LAYOUT_OF(chain_fields), chain, out, CHAIN_FIXED_BYTES);
    return CHAIN_FIXED_BYTES + peaks_encode(&chain->receipts, out + CHAIN_FIXED_BYTES);
}

enum verdict chain_decode(struct chain *chain, const uint8_t *data, size_t size)
{
    size_t fixed = size < CHAIN_FIXED_BYTES ? size : CHAIN_FIXED_BYTES;
    enum verdict verdict = layout_decode(LAYOUT_OF(chain_fields), chain, data, fixed);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    return peaks_decode(&chain->receipts, chain->receipts.count, data + fixed, size - fixed);
}
