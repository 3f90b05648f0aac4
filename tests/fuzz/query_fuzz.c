/* query_fuzz.c: what a stranger asks and what a server answers. A question decodes to one encoding or not at all. Whatever bytes the check accepts as
 * the answer to a question under a known root are the honest answer, byte for byte.
 *
 * Input: what u8, then    0: a question
 *                         1: kind u8, changes (position u16, mask u8) of the honest answer of that kind; bit 7 of kind: with a certificate, whose
 *                            own bytes are for signatures to guard
 *                         2: kind u8, an answer
 *                         3: a decision */
#include "ledger/audit.h"
#include "ledger/ledger.h"
#include "ledger/query_check.h"
#include "node/query.h"
#include "tests/fuzz/fuzz.h"

enum { MEMORY = 1 << 26, ANSWER_MAX = 1 << 16, EVENTS = 11, POINTERS = 5, GRANTS = 3, CHANGES_MAX = 64 };

static struct apply apply;
static struct genesis genesis = { .hash = { { 1 } }, .time_ms = 1000000, .limits = { .checkpoint_blocks = 256, .checkpoint_ms = 10000 } };
static struct queries queries;
static struct query_check *check;
static struct sign_keypair key;
static struct hash32 patient = { { 7 } }, doctor = { { 8 } }, ticket_id = { { 9 } }, events_root, root;
static uint8_t honest[2][QUERY_KIND_END][ANSWER_MAX]; /* [certified][kind] */
static size_t honest_bytes[2][QUERY_KIND_END];
static struct merkle_peaks receipts;

static void restore(struct state_key at, const uint8_t *value, size_t size)
{
    CHECK(ledger_restore_pair(apply.ledger, bytes_of(at.bytes, at.size), bytes_of(value, size)) == VERDICT_OK);
}

/* fill_archive adds a trail and a receipt for each event. Gives: the root of the trail. */
static struct hash32 fill_archive(void)
{
    struct merkle_peaks peaks = { 0 };
    uint8_t bytes[AUDIT_EVENT_BYTES];

    for (uint64_t i = 0; i < EVENTS; i++) {
        struct audit_event event = { .seq = i, .type = (uint8_t)(i % 3 == 0 ? EVENT_DISCLOSED : EVENT_GRANT), .purpose = PURPOSE_NONE, .conf = 255, .time = 1000 + i, .org = 1 };
        struct receipt receipt = { .height = i + 1, .tx_id = { { (uint8_t)i } }, .time_ms = 1000 + i };
        audit_event_encode(&event, bytes);
        struct hash32 leaf = audit_leaf(bytes);
        merkle_peaks_append(&peaks, &leaf);
        archive_add_event(&apply.archive, patient.bytes, i, bytes, NULL);
        leaf = receipt_leaf(&receipt);
        merkle_peaks_append(&receipts, &leaf);
        archive_add_receipt(&apply.archive, i, &receipt, NULL);
    }
    return merkle_peaks_root(&peaks);
}

static void fill_patient(uint8_t *value)
{
    static uint8_t locator[LOCATOR_SEALED_BYTES] = { 5 };
    struct hash32 locator_hash = hash_one(HASH_LOCATOR, locator, sizeof locator);
    struct patient one = { .status = PATIENT_ACTIVE, .kx_epoch = 1, .vouchers = { 1, 0 }, .ptr_count = POINTERS, .current = POINTERS, .grant_count = GRANTS,
                           .active_grants = GRANTS, .audit_count = EVENTS, .audit_root = events_root };

    archive_add_locator(&apply.archive, &locator_hash, locator);
    memcpy(one.pk, key.public_key, KEY_BYTES);
    patient_encode(&one, value);
    restore(key_patient(patient.bytes), value, PATIENT_BYTES);
    for (uint32_t seq = 1; seq <= POINTERS; seq++) {
        pointer_encode(&(struct pointer){ .custodian = 1, .status = POINTER_CURRENT, .basis = BASIS_APPROVED, .record_class = CLASS_IMAGING, .locator_hash = locator_hash,
                                          .locator_length = LOCATOR_SEALED_BYTES }, value);
        restore(key_pointer(patient.bytes, seq), value, POINTER_BYTES);
    }
    for (uint32_t seq = 1; seq <= GRANTS; seq++) {
        grant_encode(&(struct grant){ .effect = EFFECT_PERMIT, .kind = GRANT_READ, .gtype = GRANTEE_ORG, .grantee = { [ACCT_BYTES - 1] = (uint8_t)seq },
                                      .class_mask = CLASS_MASK_ALL, .purposes = 1, .expires = UINT64_C(1) << 50, .status = GRANT_ACTIVE, .kx_epoch = 1 }, value);
        restore(key_grant(patient.bytes, seq), value, GRANT_BYTES);
    }
}

/* fill_state makes a small state: chain, parameters, an organisation, an actor, a patient with pointers and grants, a ticket, a relation. */
static void fill_state(const struct params *params)
{
    static uint8_t value[CHAIN_BYTES_MAX];
    struct chain chain = { .height = 20, .time = 2000000, .receipts = receipts, .actors = 1, .patients = 1, .orgs = 1 };

    ledger_restore_begin(apply.ledger, &genesis.hash);
    restore(key_chain(), value, chain_encode(&chain, value));
    params_encode(params, value);
    restore(key_params(), value, PARAMS_BYTES);
    org_encode(&(struct org){ .kind = ORG_HOSPITAL, .status = ORG_ACTIVE, .name_length = 1, .name = "a", .replica_index = 255 }, value);
    restore(key_org(1), value, ORG_BYTES);
    actor_encode(&(struct actor){ .kind = ACTOR_PRACTITIONER, .role = ROLE_PHYSICIAN, .org = 1, .status = ACTOR_ACTIVE, .valid_until = UINT64_C(1) << 50 }, value);
    restore(key_actor(doctor.bytes), value, ACTOR_BYTES);
    fill_patient(value);
    struct ticket ticket = { .org = 1, .reason = REASON_GRANT, .base_seq = 1, .bitmap = { 3 }, .expires = UINT64_C(1) << 50 };
    memcpy(ticket.patient, patient.bytes, ACCT_BYTES);
    memcpy(ticket.requester, doctor.bytes, ACCT_BYTES);
    ticket_encode(&ticket, value);
    restore(key_ticket(&ticket_id), value, TICKET_BYTES);
    relation_encode(&(struct relation){ .current = POINTERS }, value);
    restore(key_relation(patient.bytes, 1), value, RELATION_BYTES);
    CHECK(ledger_restore_end(apply.ledger) == VERDICT_OK);
    root = ledger_state_root(apply.ledger);
}

static struct query question_of(enum query_kind kind, bool certified)
{
    struct query query = { .kind = kind, .certified = certified, .asked_ms = 2000000 };

    memcpy(query.acct, kind == QUERY_ACTOR ? doctor.bytes : patient.bytes, ACCT_BYTES);
    memcpy(query.subject, doctor.bytes, ACCT_BYTES);
    memcpy(query.asker, patient.bytes, ACCT_BYTES);
    memcpy(query.key, key.public_key, KEY_BYTES);
    query.seq = query.org = 1;
    query.id = kind == QUERY_TICKET || kind == QUERY_RELEASE ? ticket_id : (struct hash32){ { 3 } };
    query.from = 2;
    query.count = 6;
    query.class_mask = CLASS_MASK_ALL;
    return query;
}

/* ask keeps the honest answer. A RELEASE has none here: it proves nothing. */
static void ask(enum query_kind kind, bool certified)
{
    struct query query = question_of(kind, certified);
    struct query_facts facts;
    uint8_t bytes[QUERY_BYTES_MAX];
    struct writer writer;

    if (kind == QUERY_RELEASE) {
        return;
    }
    struct hash32 digest = query_digest(&query, &genesis.hash);
    sign_digest(&key, &digest, query.signature);
    writer_init(&writer, bytes, sizeof bytes);
    query_encode(&query, &writer);
    struct query_call call = { bytes_of(bytes, writer.offset), false, 2000000 };
    CHECK(queries_answer(&queries, &call, honest[certified][kind], ANSWER_MAX, &honest_bytes[certified][kind]) == 0);
    CHECK(query_check(check, &query, bytes_of(honest[certified][kind], honest_bytes[certified][kind]), &facts) == VERDICT_OK);
}

static void take(struct arena *arena, const struct params *params)
{
    apply.ledger = ledger_take(arena, params);
    archive_init(&apply.archive, arena, &(struct archive_sizes){ 64, 64, 4 });
    queries_take(&queries, arena, &apply, &genesis);
    check = query_check_take(arena);
}

static void start(void)
{
    static _Alignas(ARENA_ALIGN) uint8_t memory[MEMORY];
    static const uint8_t seed[32] = { 3 };
    struct params params = params_default();
    struct arena arena;

    params.state_keys_max = 4000;
    params.state_cells_max = 16000;
    crypto_start();
    sign_keypair_from_seed(&key, seed);
    arena_init(&arena, memory, sizeof memory);
    take(&arena, &params);
    events_root = fill_archive();
    fill_state(&params);
    struct checkpoint_cert cert = { .checkpoint = { .height = 20, .state_root = root, .receipts_root = ledger_receipts_root(apply.ledger) } };
    queries_certified(&queries, &cert);
    for (int kind = QUERY_CHECKPOINT; kind < QUERY_KIND_END; kind++) {
        ask((enum query_kind)kind, false);
        ask((enum query_kind)kind, true);
    }
}

/* --- Tries ----------------------------------------------------------------------------------------------------------- */

static void try_question(struct bytes bytes)
{
    uint8_t again[QUERY_BYTES_MAX];
    struct writer writer;
    struct query query;

    if (query_decode(&query, bytes) == VERDICT_OK) {
        writer_init(&writer, again, sizeof again);
        query_encode(&query, &writer);
        CHECK(writer.offset == bytes.size);
        CHECK(memcmp(again, bytes.data, bytes.size) == 0);
        (void)query_digest(&query, &genesis.hash);
    }
}

static void try_answer(enum query_kind kind, bool certified, struct bytes bytes)
{
    struct query query = question_of(kind, certified);
    struct query_facts facts;
    struct audit_event event;

    if (query_check(check, &query, bytes, &facts) != VERDICT_OK || !hash_equal(&facts.answer.state_root, &root)) {
        return; /* refused, or true under a root of its own, which nobody signs */
    }
    CHECK(kind == QUERY_RELEASE || certified || (bytes.size == honest_bytes[0][kind] && memcmp(bytes.data, honest[0][kind], bytes.size) == 0));
    CHECK(facts.certified == certified);
    while (query_event_next(&facts, &event)) {
        CHECK(event.seq >= query.from);
    }
}

static void try_changes(enum query_kind kind, bool certified, struct bytes changes)
{
    static uint8_t bytes[ANSWER_MAX];
    size_t size = honest_bytes[certified][kind];
    struct reader reader;

    memcpy(bytes, honest[certified][kind], size);
    reader_init(&reader, changes.data, changes.size);
    for (int i = 0; i < CHANGES_MAX && reader_left(&reader) >= 3; i++) {
        uint16_t at = read_u16_le(&reader);
        uint8_t mask = read_u8(&reader);
        if (size > 0) {
            bytes[at % size] ^= mask;
        }
    }
    try_answer(kind, certified, bytes_of(bytes, size));
}

static void try_decision(struct bytes bytes)
{
    uint8_t again[ANSWER_DECISION_BYTES];
    struct answer_decision decision;
    struct writer writer;

    if (answer_decision_decode(&decision, bytes) == VERDICT_OK) {
        writer_init(&writer, again, sizeof again);
        answer_decision_encode(&decision, &writer);
        CHECK(bytes.size == sizeof again && memcmp(again, bytes.data, sizeof again) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (check == NULL) {
        start();
    }
    if (size < 2) {
        return 0;
    }
    enum query_kind kind = (enum query_kind)(1 + (data[1] & 0x7f) % (QUERY_KIND_END - 1));
    bool certified = data[1] >= 0x80 && kind != QUERY_RELEASE;
    switch (data[0] % 4) {
    case 0:
        try_question(bytes_of(data + 1, size - 1));
        break;
    case 1:
        try_changes(kind, certified, bytes_of(data + 2, size - 2));
        break;
    case 2:
        try_answer(kind, certified, bytes_of(data + 2, size - 2));
        break;
    default:
        try_decision(bytes_of(data + 1, size - 1));
        break;
    }
    return 0;
}
