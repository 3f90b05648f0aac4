/* answers_kit.c: see answers_kit.h. */
#include "tests/fuzz/answers_kit.h"

#include "ledger/audit.h"
#include "ledger/ledger.h"
#include "tests/fuzz/fuzz.h"
#include "wire/limits.h"

enum { MEMORY = 1 << 26, MEMBERS = 4 };

static struct sign_keypair member_key(uint8_t member)
{
    uint8_t seed[32] = { 0x40, member };
    struct sign_keypair pair;

    sign_keypair_from_seed(&pair, seed);
    return pair;
}

/* --- The genesis and the chain --------------------------------------------------------------------------------------- */

static void make_genesis(struct answers *answers)
{
    static uint8_t bytes[1 << 14];
    struct genesis draft = { .chain_name = "fuzz", .time_ms = 1000000, .limits = config_limits_default(), .enrolments_count = MEMBERS };
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    genesis_begin(&draft, &writer);
    for (uint8_t i = 1; i <= MEMBERS; i++) {
        struct enrolment enrolment = { .kind = 1, .has_replica = true, .name = { 'a', (char)('0' + i) }, .endpoint = "localhost:7400" };
        struct sign_keypair pair = member_key((uint8_t)(i - 1));
        memset(enrolment.admin_key, 0x10 + i, 32);
        memset(enrolment.officer_key, 0x20 + i, 32);
        memset(enrolment.kx_key, 0x30 + i, 32);
        memcpy(enrolment.sign_key, pair.public_key, 32);
        memset(enrolment.transport_key, 0x50 + i, 32);
        memset(enrolment.replica_signature, 1, 64);
        genesis_write_enrolment(&enrolment, &writer);
    }
    genesis_write_entities_count(0, &writer);
    CHECK(!writer.failed);
    CHECK(genesis_decode(&answers->genesis, bytes, writer.offset) == VERDICT_OK);
    CHECK(genesis_config(&answers->genesis, &answers->config) == VERDICT_OK);
    struct block_header block0 = block_genesis(&answers->genesis.hash, answers->genesis.time_ms);
    answers->chain_id = block_hash(&block0);
    for (uint32_t i = 0; i < ANSWERS_HEADERS; i++) {
        struct hash32 parent = i > 0 ? block_hash(&answers->headers[i - 1]) : (struct hash32){ { 5 } };
        answers->headers[i] = (struct block_header){ .height = ANSWERS_HEIGHT - ANSWERS_HEADERS + 1 + i, .parent = parent, .time_ms = ANSWERS_TIME_MS + i, .commands_count = 1 };
    }
}

static void sign_by_quorum(const struct answers *answers, const struct hash32 *digest, struct signers *signers)
{
    uint8_t signature[64];

    for (uint8_t member = 0; member < config_quorum(answers->config.members_count); member++) {
        struct sign_keypair pair = member_key(member);
        sign_digest(&pair, digest, signature);
        signers_add(signers, member, signature);
    }
}

static struct cert certify(const struct answers *answers, enum vote_kind kind, const struct block_header *header)
{
    struct cert cert = { .ballot = { .kind = kind, .rank = { 1, header->height }, .block = block_hash(header) } };
    struct hash32 digest = ballot_digest(&answers->chain_id, &cert.ballot);

    sign_by_quorum(answers, &digest, &cert.signers);
    return cert;
}

void answers_commit(const struct answers *answers, uint32_t at, bool by_chain, struct commit_proof *proof)
{
    static uint8_t between[ANSWERS_HEADERS * BLOCK_HEADER_BYTES];
    const struct block_header *last = &answers->headers[ANSWERS_HEADERS - 1];
    struct writer writer;

    CHECK(at < ANSWERS_HEADERS);
    *proof = (struct commit_proof){ .headers_count = ANSWERS_HEADERS - 1 - at };
    writer_init(&writer, between, sizeof between);
    for (uint32_t i = at + 1; i < ANSWERS_HEADERS; i++) {
        block_header_encode(&answers->headers[i], &writer);
    }
    proof->headers = bytes_of(between, writer.offset);
    proof->first = certify(answers, by_chain ? VOTE_FOLLOWING : VOTE_COMMIT, last);
    if (by_chain) {
        proof->child = (struct block_header){ .height = last->height + 1, .parent = block_hash(last), .time_ms = last->time_ms + 1, .commands_count = 1 };
        proof->second = certify(answers, VOTE_FOLLOWING, &proof->child);
    }
}

/* --- The state ------------------------------------------------------------------------------------------------------- */

static void restore(struct answers *answers, struct state_key at, const uint8_t *value, size_t size)
{
    CHECK(ledger_restore_pair(answers->apply.ledger, bytes_of(at.bytes, at.size), bytes_of(value, size)) == VERDICT_OK);
}

/* fill_archive adds a trail and a receipt for each event. Gives: the root of the trail. */
static struct hash32 fill_archive(struct answers *answers, struct merkle_peaks *receipts)
{
    struct merkle_peaks peaks = { 0 };
    uint8_t bytes[AUDIT_EVENT_BYTES];

    for (uint64_t i = 0; i < ANSWERS_EVENTS; i++) {
        struct audit_event event = { .seq = i, .type = (uint8_t)(i % 3 == 0 ? EVENT_DISCLOSED : EVENT_GRANT), .purpose = PURPOSE_NONE, .conf = 255, .time = 1000 + i, .org = 1 };
        struct receipt receipt = { .height = i + 1, .tx_id = { { (uint8_t)i } }, .time_ms = 1000 + i };
        audit_event_encode(&event, bytes);
        struct hash32 leaf = audit_leaf(bytes);
        merkle_peaks_append(&peaks, &leaf);
        archive_add_event(&answers->apply.archive, answers->patient.bytes, i, bytes, NULL);
        leaf = receipt_leaf(&receipt);
        merkle_peaks_append(receipts, &leaf);
        archive_add_receipt(&answers->apply.archive, i, &receipt, NULL);
    }
    return merkle_peaks_root(&peaks);
}

static void fill_patient(struct answers *answers, const struct hash32 *events_root)
{
    static uint8_t locator[LOCATOR_SEALED_BYTES] = { 5 }, value[ENTITY_BYTES_MAX];
    struct hash32 locator_hash = hash_one(HASH_LOCATOR, locator, sizeof locator);
    struct patient one = { .status = PATIENT_ACTIVE, .kx_epoch = 1, .vouchers = { 1, 0 }, .ptr_count = ANSWERS_POINTERS, .current = ANSWERS_POINTERS,
                           .grant_count = ANSWERS_GRANTS, .active_grants = ANSWERS_GRANTS, .audit_count = ANSWERS_EVENTS, .audit_root = *events_root };

    archive_add_locator(&answers->apply.archive, &locator_hash, locator);
    memcpy(one.pk, answers->key.public_key, KEY_BYTES);
    patient_encode(&one, value);
    restore(answers, key_patient(answers->patient.bytes), value, PATIENT_BYTES);
    for (uint32_t seq = 1; seq <= ANSWERS_POINTERS; seq++) {
        pointer_encode(&(struct pointer){ .custodian = 1, .status = POINTER_CURRENT, .basis = BASIS_APPROVED, .record_class = CLASS_IMAGING, .locator_hash = locator_hash,
                                          .locator_length = LOCATOR_SEALED_BYTES }, value);
        restore(answers, key_pointer(answers->patient.bytes, seq), value, POINTER_BYTES);
    }
    for (uint32_t seq = 1; seq <= ANSWERS_GRANTS; seq++) {
        grant_encode(&(struct grant){ .effect = EFFECT_PERMIT, .kind = GRANT_READ, .gtype = GRANTEE_ORG, .grantee = { [ACCT_BYTES - 1] = (uint8_t)seq },
                                      .class_mask = CLASS_MASK_ALL, .purposes = 1, .expires = UINT64_C(1) << 50, .status = GRANT_ACTIVE, .kx_epoch = 1 }, value);
        restore(answers, key_grant(answers->patient.bytes, seq), value, GRANT_BYTES);
    }
}

/* fill_state makes a small state: chain, parameters, an organisation, an actor, a patient with pointers and grants, a ticket, a relation. */
static void fill_state(struct answers *answers, const struct params *params)
{
    static uint8_t value[CHAIN_BYTES_MAX];
    struct merkle_peaks receipts = { 0 };
    struct hash32 events_root = fill_archive(answers, &receipts);
    struct chain chain = { .height = ANSWERS_HEIGHT, .time = ANSWERS_TIME_MS, .receipts = receipts, .actors = 1, .patients = 1, .orgs = 1 };

    ledger_restore_begin(answers->apply.ledger, &answers->genesis.hash);
    restore(answers, key_chain(), value, chain_encode(&chain, value));
    params_encode(params, value);
    restore(answers, key_params(), value, PARAMS_BYTES);
    org_encode(&(struct org){ .kind = ORG_HOSPITAL, .status = ORG_ACTIVE, .name_length = 1, .name = "a", .replica_index = 255 }, value);
    restore(answers, key_org(1), value, ORG_BYTES);
    actor_encode(&(struct actor){ .kind = ACTOR_PRACTITIONER, .role = ROLE_PHYSICIAN, .org = 1, .status = ACTOR_ACTIVE, .valid_until = UINT64_C(1) << 50 }, value);
    restore(answers, key_actor(answers->doctor.bytes), value, ACTOR_BYTES);
    fill_patient(answers, &events_root);
    struct ticket ticket = { .org = 1, .reason = REASON_GRANT, .base_seq = 1, .bitmap = { 3 }, .expires = UINT64_C(1) << 50 };
    memcpy(ticket.patient, answers->patient.bytes, ACCT_BYTES);
    memcpy(ticket.requester, answers->doctor.bytes, ACCT_BYTES);
    ticket_encode(&ticket, value);
    restore(answers, key_ticket(&answers->ticket), value, TICKET_BYTES);
    relation_encode(&(struct relation){ .current = ANSWERS_POINTERS }, value);
    restore(answers, key_relation(answers->patient.bytes, 1), value, RELATION_BYTES);
    CHECK(ledger_restore_end(answers->apply.ledger) == VERDICT_OK);
    answers->root = ledger_state_root(answers->apply.ledger);
}

void answers_start(struct answers *answers)
{
    static _Alignas(ARENA_ALIGN) uint8_t memory[MEMORY];
    static const uint8_t seed[32] = { 3 };
    struct params params = params_default();
    struct arena arena;

    params.state_keys_max = 4000;
    params.state_cells_max = 16000;
    crypto_start();
    *answers = (struct answers){ .patient = { { 7 } }, .doctor = { { 8 } }, .ticket = { { 9 } } };
    sign_keypair_from_seed(&answers->key, seed);
    make_genesis(answers);
    arena_init(&arena, memory, sizeof memory);
    answers->apply.ledger = ledger_take(&arena, &params);
    archive_init(&answers->apply.archive, &arena, &(struct archive_sizes){ 64, 64, 4 });
    queries_take(&answers->queries, &arena, &answers->apply, &answers->genesis);
    fill_state(answers, &params);
    struct checkpoint_cert cert = { .checkpoint = { .height = ANSWERS_HEIGHT, .block = block_hash(&answers->headers[ANSWERS_HEADERS - 1]), .state_root = answers->root,
                                                    .receipts_root = ledger_receipts_root(answers->apply.ledger), .config_hash = config_hash(&answers->config) } };
    struct hash32 digest = checkpoint_digest(&answers->chain_id, &cert.checkpoint);
    sign_by_quorum(answers, &digest, &cert.signers);
    queries_certified(&answers->queries, &cert);
}

/* --- Questions ------------------------------------------------------------------------------------------------------- */

void answers_sign(const struct answers *answers, struct query *query)
{
    struct hash32 digest = query_digest(query, &answers->genesis.hash);

    sign_digest(&answers->key, &digest, query->signature);
}

struct query answers_question(const struct answers *answers, enum query_kind kind, bool certified)
{
    struct query query = { .kind = kind, .certified = certified, .asked_ms = ANSWERS_TIME_MS };

    memcpy(query.acct, kind == QUERY_ACTOR ? answers->doctor.bytes : answers->patient.bytes, ACCT_BYTES);
    memcpy(query.subject, answers->doctor.bytes, ACCT_BYTES);
    memcpy(query.asker, answers->patient.bytes, ACCT_BYTES);
    memcpy(query.key, answers->key.public_key, KEY_BYTES);
    query.seq = query.org = 1;
    query.id = kind == QUERY_TICKET || kind == QUERY_RELEASE ? answers->ticket : (struct hash32){ { 3 } };
    query.from = 2;
    query.count = 6;
    query.class_mask = CLASS_MASK_ALL;
    answers_sign(answers, &query);
    return query;
}

size_t answers_ask(struct answers *answers, const struct query *query, uint8_t *out, size_t room)
{
    uint8_t bytes[QUERY_BYTES_MAX];
    struct writer writer;
    size_t size = 0;

    writer_init(&writer, bytes, sizeof bytes);
    query_encode(query, &writer);
    CHECK(!writer.failed);
    struct query_call call = { bytes_of(bytes, writer.offset), false, query->asked_ms };
    return queries_answer(&answers->queries, &call, out, room, &size) == 0 ? size : 0;
}
