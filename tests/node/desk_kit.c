/* desk_kit.c: see desk_kit.h. */
#include "tests/node/desk_kit.h"

#include "ledger/ledger.h"
#include "ledger/release.h"
#include "wire/block.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void on_event(void *context, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES], const struct hash32 *top)
{
    struct desk *desk = context;

    archive_add_event(&desk->apply.archive, patient, seq, bytes, top);
}

static void on_receipt(void *context, uint64_t position, const struct receipt *receipt, const struct hash32 *top)
{
    struct desk *desk = context;

    archive_add_receipt(&desk->apply.archive, position, receipt, top);
}

static void take(struct desk *desk, struct arena *arena)
{
    archive_init(&desk->apply.archive, arena, &(struct archive_sizes){ 1024, 1024, 64 });
    queries_take(&desk->queries, arena, &desk->apply, &desk->lab.genesis);
    desk->check = query_check_take(arena);
}

static void take_memory(struct desk *desk)
{
    struct arena measure, arena;

    arena_init_measure(&measure);
    take(desk, &measure);
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    cr_assert_not_null(memory);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    take(desk, &arena);
}

/* executed tells the desk of a block, as the daemon does. */
static void executed(struct desk *desk)
{
    queries_certified(&desk->queries, desk->has_certificate ? &desk->certificate : NULL);
    queries_executed(&desk->queries);
    desk->now_ms = desk->lab.time_ms;
}

/* send sends one command that must succeed, and tells the desk of the block. Gives: its transaction id. */
static struct hash32 send(struct desk *desk, struct lab_command *command)
{
    enum code code = lab_send(&desk->lab, command);

    cr_assert_eq(code, CODE_OK, "%s", code_name(code));
    executed(desk);
    return desk->lab.receipt.tx_id;
}

void desk_grant(struct desk *desk, uint16_t org)
{
    struct lab_command command = { .sender = &desk->patient, .body = { .type = COMMAND_GRANT } };
    struct grant_body *body = &command.body.as.grant;

    memcpy(body->patient, desk->patient.acct, ACCT_BYTES);
    body->effect = EFFECT_PERMIT;
    body->kind = GRANT_READ;
    body->gtype = GRANTEE_ORG;
    body->conf_max = CONF_RESTRICTED;
    body->grantee[ACCT_BYTES - 1] = (uint8_t)org;
    body->class_mask = CLASS_MASK_ALL;
    body->purposes = 1u << PURPOSE_TREAT;
    body->expires = desk->lab.time_ms + UINT64_C(365) * 86400000;
    body->kx_epoch = 1;
    (void)send(desk, &command);
}

static void approve(struct desk *desk, uint32_t first, uint8_t count)
{
    struct lab_command command = { .sender = &desk->patient, .body = { .type = COMMAND_POINTER_DECIDE } };
    struct pointer_decide *body = &command.body.as.pointer_decide;

    memcpy(body->patient, desk->patient.acct, ACCT_BYTES);
    body->approve = 1;
    body->count = count;
    for (uint8_t i = 0; i < count; i++) {
        body->seqs[i] = first + i;
    }
    (void)send(desk, &command);
}

/* last_pointer gives the number of pointers that the patient ever had. */
static uint32_t last_pointer(struct desk *desk)
{
    struct patient patient;

    cr_assert(exec_get_patient(ledger_exec(desk->lab.ledger), desk->patient.acct, &patient));
    return patient.ptr_count;
}

void desk_add(struct desk *desk, uint8_t count, bool decide)
{
    static uint8_t locators[POINTER_ADD_ITEMS_MAX * LOCATOR_SEALED_BYTES];
    static uint32_t salt;
    struct lab_command command = { .sender = &desk->alder, .body = { .type = COMMAND_POINTER_ADD } };
    struct pointer_add *body = &command.body.as.pointer_add;
    uint32_t first = last_pointer(desk) + 1;

    memcpy(body->patient, desk->patient.acct, ACCT_BYTES);
    body->kx_epoch = 1;
    body->count = count;
    for (uint8_t i = 0; i < count; i++) {
        uint8_t *locator = locators + (size_t)i * LOCATOR_SEALED_BYTES;
        salt++;
        memset(locator, (int)salt, LOCATOR_SEALED_BYTES);
        body->items[i] = (struct pointer_add_item){ .record_class = CLASS_LABORATORY, .content_commit = hash_one(HASH_CONTENT, &salt, sizeof salt),
                                                    .locator_hash = hash_one(HASH_LOCATOR, locator, LOCATOR_SEALED_BYTES), .locator_length = LOCATOR_SEALED_BYTES };
        archive_add_locator(&desk->apply.archive, &body->items[i].locator_hash, locator);
    }
    command.payload = bytes_of(locators, (size_t)count * LOCATOR_SEALED_BYTES);
    (void)send(desk, &command);
    if (decide) {
        approve(desk, first, count);
    }
}

struct hash32 desk_request(struct desk *desk, struct lab_party *who)
{
    struct lab_command command = { .sender = who, .body = { .type = COMMAND_ACCESS_REQUEST } };
    struct access_request *body = &command.body.as.access_request;

    memcpy(body->patient, desk->patient.acct, ACCT_BYTES);
    body->purpose = PURPOSE_TREAT;
    body->class_mask = CLASS_MASK_ALL;
    body->base_seq = 1;
    body->want_ttl = 3600;
    return send(desk, &command);
}

static void disclose(struct desk *desk)
{
    struct lab_command command = { .sender = &desk->alder, .body = { .type = COMMAND_DISCLOSE } };
    struct disclose_item *item = &command.body.as.disclose.items[0];

    command.body.as.disclose.count = 1;
    *item = (struct disclose_item){ .ticket = desk->request, .base_seq = 1, .bitmap = { 1 }, .mode = DISCLOSE_READ, .bytes_log2 = 10 };
    memcpy(item->patient, desk->patient.acct, ACCT_BYTES);
    memcpy(item->recipient, desk->doctor.acct, ACCT_BYTES);
    (void)send(desk, &command);
}

void desk_start(struct desk *desk)
{
    struct params params = params_default();

    memset(desk, 0, sizeof *desk);
    params.state_keys_max = 4000;
    params.state_cells_max = 16000;
    lab_start(&desk->lab, &params, NULL, 0);
    desk->apply.ledger = desk->lab.ledger;
    desk->apply.genesis = &desk->lab.genesis;
    take_memory(desk);
    desk->lab.also = (struct ledger_sink){ .context = desk, .event = on_event, .receipt = on_receipt };
    cr_assert_eq(genesis_config(&desk->lab.genesis, &desk->config), VERDICT_OK);
    struct block_header block0 = block_genesis(&desk->lab.genesis.hash, desk->lab.genesis.time_ms);
    desk->chain_id = block_hash(&block0);
    desk->alder = lab_actor(&desk->lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH | CAP_VOUCH, 1);
    desk->register_id = desk->lab.receipt.tx_id;
    desk->birch = lab_actor(&desk->lab, LAB_BIRCH, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH | CAP_VOUCH, 2);
    desk->doctor = lab_actor(&desk->lab, LAB_BIRCH, ACTOR_PRACTITIONER, ROLE_PHYSICIAN, 0, 3);
    desk->stranger = lab_actor(&desk->lab, LAB_CEDAR, ACTOR_PRACTITIONER, ROLE_PHYSICIAN, 0, 4);
    desk->patient = lab_patient(&desk->lab, &desk->alder, POLICY_DENY, 0, 5);
    desk->other = lab_patient(&desk->lab, &desk->birch, POLICY_DENY, 0, 6);
    desk_add(desk, 3, true);
    desk_add(desk, 1, false);
    desk_grant(desk, LAB_BIRCH);
    desk->request = desk_request(desk, &desk->doctor);
    disclose(desk);
    desk->denied = desk_request(desk, &desk->stranger);
}

/* --- Checkpoints ----------------------------------------------------------------------------------------------------- */

void desk_certify(struct desk *desk)
{
    struct checkpoint_cert *cert = &desk->certificate;
    uint8_t signature[64];

    memset(cert, 0, sizeof *cert);
    cert->checkpoint = (struct checkpoint){ .height = desk->lab.height, .block = { { 1 } }, .state_root = lab_root(&desk->lab),
                                            .receipts_root = ledger_receipts_root(desk->lab.ledger), .config_hash = config_hash(&desk->config) };
    struct hash32 digest = checkpoint_digest(&desk->chain_id, &cert->checkpoint);
    for (uint32_t member = 0; member < config_quorum(desk->config.members_count); member++) {
        struct sign_keypair key = lab_replica_key((uint16_t)(member + 1));
        sign_digest(&key, &digest, signature);
        signers_add(&cert->signers, member, signature);
    }
    desk->has_certificate = true;
}

void desk_checkpoint(struct desk *desk, bool with_certificate)
{
    desk->lab.time_ms += desk->lab.genesis.limits.checkpoint_ms; /* time makes it one */
    (void)lab_execute(&desk->lab, NULL, 0);
    executed(desk);
    if (with_certificate) {
        desk_certify(desk);
        queries_certified(&desk->queries, &desk->certificate);
    }
}

/* --- Questions ------------------------------------------------------------------------------------------------------- */

struct query desk_query(const struct desk *desk, enum query_kind kind)
{
    static const uint8_t about_patient[QUERY_KIND_END] = { [QUERY_PATIENT] = 1, [QUERY_POINTER] = 1, [QUERY_POINTERS] = 1, [QUERY_GRANTS] = 1, [QUERY_AUDIT] = 1,
                                                           [QUERY_DISCLOSURES] = 1, [QUERY_EVALUATE] = 1, [QUERY_LOCATOR] = 1 };
    struct query query = { .kind = kind };

    if (about_patient[kind]) {
        memcpy(query.acct, desk->patient.acct, ACCT_BYTES);
    }
    if (kind == QUERY_ACTOR) {
        memcpy(query.acct, desk->doctor.acct, ACCT_BYTES);
    }
    if (kind == QUERY_EVALUATE) {
        memcpy(query.subject, desk->doctor.acct, ACCT_BYTES);
        query.purpose = PURPOSE_TREAT;
        query.class_mask = CLASS_MASK_ALL;
    }
    bool has_seq = kind == QUERY_POINTER || kind == QUERY_POINTERS || kind == QUERY_EVALUATE || kind == QUERY_RELEASE || kind == QUERY_LOCATOR;
    bool has_range = kind == QUERY_AUDIT || kind == QUERY_DISCLOSURES, has_ticket = kind == QUERY_RECEIPT || kind == QUERY_TICKET || kind == QUERY_RELEASE;
    query.seq = has_seq ? 1 : 0;
    query.org = kind == QUERY_ORG ? LAB_BIRCH : 0;
    query.count = has_range ? QUERY_EVENTS_MAX : 0;
    query.id = has_ticket ? desk->request : (struct hash32){ { 0 } };
    return query;
}

void desk_sign(struct desk *desk, struct query *query, const struct lab_party *party)
{
    struct release_request request = { .ticket = query->id, .seq = query->seq, .asked_ms = desk->now_ms };
    struct ticket ticket;

    memcpy(query->asker, party->acct, ACCT_BYTES);
    memcpy(query->key, party->pair.public_key, KEY_BYTES);
    query->asked_ms = desk->now_ms;
    struct hash32 digest = query_digest(query, &desk->lab.genesis.hash);
    if (query->kind == QUERY_RELEASE && exec_get_ticket(ledger_exec(desk->lab.ledger), &query->id, &ticket)) {
        memcpy(request.asker, party->acct, ACCT_BYTES);
        digest = release_digest(&desk->lab.genesis.hash, &request, &ticket);
    }
    sign_digest(&party->pair, &digest, query->signature);
}

uint16_t desk_send(struct desk *desk, const struct query *query)
{
    uint8_t bytes[QUERY_BYTES_MAX];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    query_encode(query, &writer);
    cr_assert_not(writer.failed);
    struct query_call call = { bytes_of(bytes, writer.offset), query->kind == QUERY_RELEASE, desk->now_ms };
    return queries_answer(&desk->queries, &call, desk->answer, sizeof desk->answer - 64, &desk->answer_bytes);
}

uint16_t desk_ask(struct desk *desk, struct query *query, const struct lab_party *party)
{
    if (query_is_signed(query->kind)) {
        desk_sign(desk, query, party);
    }
    return desk_send(desk, query);
}

enum verdict desk_check(struct desk *desk, const struct query *query)
{
    return query_check(desk->check, query, bytes_of(desk->answer, desk->answer_bytes), &desk->facts);
}
