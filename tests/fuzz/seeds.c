/* seeds.c: writes one legal example of everything that the fuzz targets read into tests/fuzz/corpus/<target>/, so that fuzzing begins behind the
 * first checks instead of guessing lengths and magic numbers. The examples are the same bytes each time; `make fuzz-seeds` runs it. */
#include "base/rng.h"
#include "cli/proof_check.h"
#include "ledger/command.h"
#include "ledger/params.h"
#include "ledger/query.h"
#include "net/frame.h"
#include "tests/fuzz/answers_kit.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seeds_crypto.h"
#include "tests/fuzz/seeds_session.h"
#include "tests/fuzz/seeds_snapshot.h"
#include "tests/wire/message_kit.h"
#include "wire/client.h"
#include "wire/commit_proof.h"
#include "wire/envelope.h"
#include "wire/genesis.h"

#include <stdio.h>

static uint8_t room[FUZZ_BYTES_MAX];
static uint8_t filled[ENVELOPE_BODY_BYTES_MAX]; /* bytes that are neither zero nor all alike */

static void save(const char *target, const char *name, const struct writer *writer)
{
    char path[256];

    CHECK(!writer->failed);
    snprintf(path, sizeof path, "tests/fuzz/corpus/%s/seed-%s", target, name);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fwrite(writer->data, 1, writer->offset, file) == writer->offset);
    CHECK(fclose(file) == 0);
}

static struct command_body body_of(enum command_type type)
{
    struct command_body body;

    memset(&body, 0, sizeof body);
    body.type = type;
    switch (type) {
    case COMMAND_ACTOR_SET:
        body.as.actor_set.op = ACTOR_REGISTER;
        body.as.actor_set.kind = ACTOR_PRACTITIONER;
        break;
    case COMMAND_PATIENT_REGISTER:
        body.as.patient_register.flags = REGISTER_STANDING_WRITE;
        break;
    case COMMAND_POINTER_ADD:
        body.as.pointer_add.count = 2;
        break;
    case COMMAND_POINTER_DECIDE:
        body.as.pointer_decide.count = 1;
        body.as.pointer_decide.seqs[0] = 7;
        break;
    case COMMAND_POINTER_STATUS:
        body.as.pointer_set_status.op = POINTER_HIDE;
        body.as.pointer_set_status.count = 2;
        body.as.pointer_set_status.seqs[0] = 7;
        body.as.pointer_set_status.seqs[1] = 9;
        break;
    case COMMAND_GRANT:
        body.as.grant.effect = EFFECT_PERMIT;
        body.as.grant.kind = GRANT_READ;
        body.as.grant.gtype = GRANTEE_ACTOR;
        body.as.grant.conf_max = CONF_NORMAL;
        break;
    case COMMAND_REVOKE:
        body.as.revoke.count = 1;
        body.as.revoke.seqs[0] = 3;
        break;
    case COMMAND_ACCESS_REQUEST:
        body.as.access_request.base_seq = 1;
        body.as.access_request.want_ttl = 3600;
        body.as.access_request.count = 1;
        body.as.access_request.seqs[0] = 5;
        break;
    case COMMAND_DISCLOSE:
        body.as.disclose.count = 1;
        body.as.disclose.items[0].base_seq = 1;
        body.as.disclose.items[0].mode = DISCLOSE_READ;
        body.as.disclose.items[0].bitmap[0] = 1;
        break;
    case COMMAND_PATIENT_SET:
        body.as.patient_set.op = PATIENT_SET_POLICY;
        break;
    }
    return body;
}

static void envelope_seed(const struct command_body *body, uint32_t cosigners, uint16_t payload_bytes)
{
    static uint8_t body_bytes[ENVELOPE_BODY_BYTES_MAX];
    static const uint8_t accounts[ENVELOPE_COSIGNERS_MAX][ACCOUNT_BYTES] = { { 1 }, { 2 }, { 3 } };
    struct hash32 payload_hash = hash_one(HASH_PAYLOAD, filled, payload_bytes);
    struct hash32 none = { { 0 } };
    struct writer writer;
    char name[64];

    writer_init(&writer, body_bytes, sizeof body_bytes);
    command_body_encode(body, &writer);
    struct envelope envelope = {
        .type = (uint8_t)body->type,
        .flags = payload_bytes > 0 ? ENVELOPE_FLAG_PAYLOAD : 0,
        .nonce = 1,
        .valid_until_ms = 600000,
        .sender = filled,
        .key = filled + 32,
        .payload_hash = payload_bytes > 0 ? payload_hash.bytes : none.bytes,
        .payload_bytes = payload_bytes,
        .body = bytes_of(body_bytes, writer.offset),
        .cosigners_count = cosigners,
        .signature = filled,
    };
    for (uint32_t i = 0; i < cosigners; i++) {
        envelope.cosigners[i] = (struct cosigner){ accounts[i], filled + 32, filled };
    }
    writer_init(&writer, room, sizeof room);
    write_u16_be(&writer, payload_bytes);
    envelope_encode(&envelope, &writer);
    write_run(&writer, filled, payload_bytes);
    snprintf(name, sizeof name, "%s-%u-%u", command_type_name((uint8_t)body->type), cosigners, payload_bytes);
    save("envelope", name, &writer);
}

/* As many pointers as a command has, each with a locator of its own that lies in the payload. */
static void locators_seed(void)
{
    enum { LOCATOR = 5 };
    struct command_body body = body_of(COMMAND_POINTER_ADD);
    struct pointer_add *add = &body.as.pointer_add;

    add->count = POINTER_ADD_ITEMS_MAX;
    for (uint32_t i = 0; i < add->count; i++) {
        add->items[i].locator_length = LOCATOR;
        add->items[i].locator_hash = hash_one(HASH_LOCATOR, filled + (size_t)i * LOCATOR, LOCATOR);
    }
    envelope_seed(&body, 0, POINTER_ADD_ITEMS_MAX * LOCATOR);
}

static void envelope_seeds(void)
{
    struct command_body body = body_of(COMMAND_POINTER_ADD);

    for (uint8_t type = 0; type <= COMMAND_TYPE_MAX; type++) {
        if (command_shape_of(type) != NULL) {
            struct command_body each = body_of((enum command_type)type);
            envelope_seed(&each, type % 4, 0);
        }
    }
    envelope_seed(&body, 1, 300);
    locators_seed();
}

static void client_seed(enum client_type type, const char *name)
{
    struct client_receipts receipts = { .height = 9, .time_ms = 77, .count = 2 };
    struct client_receipt receipt = { .id = 5, .index = 1, .code = 0 };
    struct writer writer;

    writer_init(&writer, room, sizeof room);
    write_u8(&writer, (uint8_t)type);
    switch (type) {
    case CLIENT_HELLO:
        client_hello_encode(&(struct client_hello){ .chain_tag = { 1 } }, &writer);
        break;
    case CLIENT_WELCOME:
        client_welcome_encode(&(struct client_welcome){ .member = 1, .members_count = 4 }, &writer);
        break;
    case CLIENT_SUBMIT:
        client_submit_encode(&(struct client_submit){ .id = 1, .command = bytes_of(filled, 200) }, &writer);
        break;
    case CLIENT_ADMITTED:
        client_admitted_encode(1, &writer);
        break;
    case CLIENT_REFUSED:
        client_refused_encode(&(struct client_refused){ .id = 1, .code = CODE_RATE, .retry_after_ms = 50 }, &writer);
        break;
    case CLIENT_RECEIPTS:
        client_receipts_encode(&receipts, &writer);
        client_receipt_encode(&receipt, &writer);
        client_receipt_encode(&receipt, &writer);
        break;
    case CLIENT_PROVE:
    case CLIENT_QUERY:
    case CLIENT_STATUS:
        client_question_encode(&(struct client_question){ .id = 1, .question = bytes_of(filled, 32) }, &writer);
        break;
    case CLIENT_ANSWER:
        client_answer_encode(&(struct client_answer){ .id = 1, .height = 9, .answer = bytes_of(filled, 40) }, &writer);
        break;
    case CLIENT_SUBSCRIBE:
        client_subscribe_encode(9, &writer);
        break;
    case CLIENT_BLOCK:
        client_block_encode(&(struct client_block){ .height = 9, .commands_count = 3 }, &writer);
        break;
    }
    save("client", name, &writer);
}

static void client_seeds(void)
{
    char name[16];

    for (int type = CLIENT_HELLO; type <= CLIENT_BLOCK; type++) {
        snprintf(name, sizeof name, "%02x", (unsigned)type);
        client_seed((enum client_type)type, name);
    }
}

static struct enrolment enrolment_of(uint8_t number, bool has_replica)
{
    struct enrolment enrolment = { .kind = 1, .has_replica = has_replica };

    snprintf(enrolment.name, sizeof enrolment.name, "hospital %u", number);
    snprintf(enrolment.endpoint, sizeof enrolment.endpoint, "localhost:%u", 7000u + number);
    enrolment.admin_key[0] = number;
    enrolment.officer_key[0] = number;
    if (has_replica) {
        enrolment.sign_key[0] = number;
        enrolment.transport_key[0] = number;
    }
    return enrolment;
}

static void genesis_seed(uint32_t enrolments, uint32_t replicas, uint32_t entities)
{
    struct genesis genesis = { .chain_name = "seed", .time_ms = 1000, .limits = config_limits_default(), .enrolments_count = enrolments };
    struct writer writer;
    char name[32];

    writer_init(&writer, room, sizeof room);
    genesis_begin(&genesis, &writer);
    for (uint32_t i = 0; i < enrolments; i++) {
        struct enrolment enrolment = enrolment_of((uint8_t)(i + 1), i < replicas);
        genesis_write_enrolment(&enrolment, &writer);
    }
    genesis_write_entities_count(entities, &writer);
    for (uint8_t i = 0; i < entities; i++) {
        uint8_t key[2] = { 3, i };
        genesis_write_entity(&(struct genesis_entity){ bytes_of(key, sizeof key), bytes_of(filled, 20) }, &writer);
    }
    snprintf(name, sizeof name, "%u-%u-%u", enrolments, replicas, entities);
    save("genesis", name, &writer);
}

static void message_seeds(void)
{
    static struct message message;
    struct writer writer;
    char name[64];

    for (int type = MESSAGE_NONE + 1; type < MESSAGE_TYPE_END; type++) {
        for (unsigned variant = 0; variant < 2; variant++) {
            kit_message(&message, (enum message_type)type, variant);
            writer_init(&writer, room, sizeof room);
            write_u8(&writer, (uint8_t)type);
            message_encode(&message, &writer);
            snprintf(name, sizeof name, "%s-%u", message_word((unsigned)type), variant);
            save("message", name, &writer);
        }
    }
}

static void frame_seed(void)
{
    uint8_t header[FRAME_HEADER_BYTES];
    struct writer writer;

    writer_init(&writer, room, sizeof room);
    write_u8(&writer, 4);
    for (uint32_t length = 0; length < 300; length += 99) {
        frame_header_encode(&(struct frame_header){ .type = 3, .version = 1, .length = length }, header);
        write_run(&writer, header, sizeof header);
        write_run(&writer, filled, length);
    }
    save("frame", "four", &writer);
}

/* Questions about keys and prefixes that are there and that are not, with an honest proof and one changed byte. */
static void state_proof_seeds(void)
{
    static const uint8_t keys[4][3] = { { 0, 0, 1 }, { 1, 29, 10 }, { 2, 1, 1 }, { 9, 9, 9 } };
    struct writer writer;
    char name[32];

    for (uint8_t question = 2; question < 4; question++) {
        for (uint8_t i = 0; i < 4; i++) {
            for (uint8_t length = 1; length <= 3; length++) {
                writer_init(&writer, room, sizeof room);
                write_u8(&writer, question);
                write_u8(&writer, length);
                write_run(&writer, keys[i], length);
                write_u16_le(&writer, 3);
                write_u8(&writer, i % 2);
                snprintf(name, sizeof name, "%u-%u-%u", question, i, length);
                save("state_proof", name, &writer);
            }
        }
    }
}

/* What a replica says of itself: well, stuck in each way, behind, and lines that are none. */
#define STATUS_BASE \
    "version 0.1.0\n" \
    "member 1\n" \
    "members 4\n" \
    "quorum 3\n" \
    "view 3\n" \
    "leader_name mercy\n" \
    "members_linked 3\n" \
    "executed_height 10422\n" \
    "last_commit_age_ms 800\n" \
    "energy none\n"
#define STATUS_PEERS \
    "peer_0_name mercy\n" \
    "peer_0_linked 1\n" \
    "peer_0_missing 0\n" \
    "peer_1_name north\n" \
    "peer_1_linked 1\n" \
    "peer_1_missing 1\n" \
    "peer_2_name riverside\n" \
    "peer_2_linked 0\n" \
    "peer_2_missing 0\n" \
    "peer_3_name saint-ann\n" \
    "peer_3_linked 1\n" \
    "peer_3_missing 1\n"

static const struct {
    const char *name, *text;
} status_texts[] = {
    { "abstains", STATUS_BASE "abstains_to_view 9\n" },
    { "behind", STATUS_BASE "catching_up 1\ncatch_up_reason blocks were asked of a member\ncatch_up_asked north\ndraining 1\ndamage_found 2\ndamage_repaired 1\ndamage_waiting 1\n" },
    { "escape", "name \033[2Jgone\n" },
    { "no-end", "view 3" },
    { "no-value", "members 4\nnovalue\n" },
    { "numbers", "x 99999999999999999999999999\ny -12\nz 12x\nw \n" },
    { "peer-out-of-order", "peer_0_name a\npeer_2_name c\n" },
    { "peers-is-a-number", "peers 5\npeer_0_name a\n" },
    { "rejoining", STATUS_BASE "snapshot_fetch_stage 5\nsnapshot_fetch_chunks 9\nsnapshot_fetch_have 4\nsnapshot_fetch_reason chunks are awaited\nrejoining 1\nrejoin_wanted 3\nrejoin_heard 2\n" },
    { "too-few", "members 4\nquorum 3\nview 3\nmembers_linked 1\nexecuted_height 0\nenergy rapl\n" STATUS_PEERS "stuck_ms 12300\n" },
    { "votes-missing", STATUS_BASE STATUS_PEERS "stuck_ms 2000\n" },
    { "waits", STATUS_BASE "may_sign 0\nstuck_ms 1\n" },
    { "well", STATUS_BASE STATUS_PEERS },
    { "long-name", "0000000000000000000000000000000000000000000000000000000000000007 1\n" },
};

static void status_seeds(void)
{
    struct writer writer;

    for (size_t i = 0; i < sizeof status_texts / sizeof status_texts[0]; i++) {
        writer_init(&writer, room, sizeof room);
        write_run(&writer, status_texts[i].text, strlen(status_texts[i].text));
        save("status", status_texts[i].name, &writer);
    }
}

/* Needs: the kind's place in the table of entity_fuzz.c. */
static void entity_seed(uint8_t kind, const char *name, const uint8_t *value, size_t size)
{
    struct writer writer;

    writer_init(&writer, room, sizeof room);
    write_u8(&writer, kind);
    write_run(&writer, value, size);
    save("entity", name, &writer);
}

static void entity_seeds(void)
{
    static uint8_t value[ENTITY_BYTES_MAX];
    struct chain chain = { .height = 9, .receipts = { .count = 5 } };

    org_encode(&(struct org){ .kind = ORG_HOSPITAL, .status = ORG_ACTIVE, .name_length = 1, .name = "a", .endpoint_length = 1, .endpoint = "b", .replica_index = 255 }, value);
    entity_seed(0, "org", value, ORG_BYTES);
    actor_encode(&(struct actor){ .kind = ACTOR_SYSTEM, .org = 1, .status = ACTOR_ACTIVE }, value);
    entity_seed(1, "actor", value, ACTOR_BYTES);
    patient_encode(&(struct patient){ .status = PATIENT_ACTIVE, .kx_epoch = 1, .vouchers = { 1, 0 } }, value);
    entity_seed(2, "patient", value, PATIENT_BYTES);
    pointer_encode(&(struct pointer){ .custodian = 1, .status = POINTER_CURRENT, .record_class = CLASS_IMAGING }, value);
    entity_seed(3, "pointer", value, POINTER_BYTES);
    grant_encode(&(struct grant){ .effect = EFFECT_PERMIT, .kind = GRANT_READ, .gtype = GRANTEE_ORG, .status = GRANT_ACTIVE }, value);
    entity_seed(4, "grant", value, GRANT_BYTES);
    ticket_encode(&(struct ticket){ .reason = REASON_SELF, .base_seq = 1 }, value);
    entity_seed(5, "ticket", value, TICKET_BYTES);
    relation_encode(&(struct relation){ .current = 1 }, value);
    entity_seed(6, "relation", value, RELATION_BYTES);
    audit_event_encode(&(struct audit_event){ .type = EVENT_REGISTERED }, value);
    entity_seed(7, "audit", value, AUDIT_EVENT_BYTES);
    entity_seed(8, "chain", value, chain_encode(&chain, value));
    struct params params = params_default();
    params_encode(&params, value);
    entity_seed(10, "params", value, PARAMS_BYTES);
    memset(value, 0, 8 + 2 * 32);
    value[1] = 5; /* two bits: two peaks */
    entity_seed(9, "peaks", value, 8 + 2 * 32);
}

#define TEN "0123456789"

static void endpoint_seeds(void)
{
    struct writer writer;
    static const struct { const char *name, *text; } endpoints[] = {
        { "ipv4", "192.0.2.7:7420" }, { "ipv6", "[2001:db8::7]:7420" }, { "name", "ward.hospital-7.example:7420" }, { "path", "/run/ward/sock" },
        { "unix", "unix:/run/ward/sock" }, { "any", "0.0.0.0:0" },
        { "no-port", "192.0.2.7" }, { "letters", "a:b" }, { "much", "a:65536" }, { "v6-open", "[::1" }, { "v4-short", "1.2.3:4" }, { "hyphen", "-a.b:1" }, { "relative", "unix:sock" },
        { "long", "/" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN },
    };

    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        writer_init(&writer, room, sizeof room);
        write_run(&writer, endpoints[i].text, strlen(endpoints[i].text));
        save("endpoint", endpoints[i].name, &writer);
    }
}

/* Needs: the numbers of query_fuzz.c. A question of each kind, and each kind's honest answer with no change and with one. */
static void query_seeds(void)
{
    struct writer writer;
    char name[32];

    for (uint8_t kind = QUERY_CHECKPOINT; kind < QUERY_KIND_END; kind++) {
        struct query query = { .kind = (enum query_kind)kind, .seq = 1, .org = 1, .count = 1 };
        writer_init(&writer, room, sizeof room);
        write_u8(&writer, 0);
        query_encode(&query, &writer);
        snprintf(name, sizeof name, "question-%u", kind);
        save("query", name, &writer);
        for (uint16_t at = 0; at < 500; at = (uint16_t)(at * 3 + 1)) {
            writer_init(&writer, room, sizeof room);
            write_u8(&writer, 1);
            write_u8(&writer, (uint8_t)((at % 2 == 0 ? 0 : 0x80) | (kind - 1)));
            write_u16_le(&writer, at);
            write_u8(&writer, at < 4 ? 0 : 4);
            snprintf(name, sizeof name, "answer-%u-%u", kind, at);
            save("query", name, &writer);
        }
    }
    writer_init(&writer, room, sizeof room);
    write_u8(&writer, 3);
    answer_decision_encode(&(struct answer_decision){ .permit = true, .reason = REASON_GRANT }, &writer);
    save("query", "decision", &writer);
}

/* Streams of made-up commands: any bytes are some. */
static void execute_seeds(void)
{
    struct rng rng;

    for (uint32_t seed = 0; seed < 24; seed++) {
        struct writer writer;
        char name[16];
        rng_init(&rng, seed);
        writer_init(&writer, room, sizeof room);
        write_u8(&writer, (uint8_t)(seed % 2));
        for (uint32_t i = 0; i < 6000; i++) { /* a few hundred commands */
            write_u8(&writer, (uint8_t)rng_next(&rng));
        }
        snprintf(name, sizeof name, "%u", seed);
        save("execute", name, &writer);
    }
}

/* A file with a question of each kind and a header; their answers are cut short. */
static void proof_seeds(void)
{
    struct proof_draft draft;
    struct writer writer, question;
    uint8_t bytes[QUERY_BYTES_MAX];

    proof_begin(&draft, &(struct hash32){ { 1 } });
    for (int kind = QUERY_CHECKPOINT; kind < QUERY_KIND_END; kind++) {
        struct query query = { .kind = (enum query_kind)kind, .seq = 1, .org = 1, .count = 1 };
        writer_init(&question, bytes, sizeof bytes);
        query_encode(&query, &question);
        writer_init(&writer, room, sizeof room);
        answer_end(answer_begin(&(struct answer){ .kind = query.kind }, &writer), 0, &writer);
        proof_add(&draft, &(struct proof_item){ PROOF_QUERY, bytes_of(bytes, question.offset), bytes_of(room, writer.offset) });
    }
    struct block_header header = { .height = 9 };
    struct commit_proof commit = { .first = { .ballot = { .kind = VOTE_COMMIT, .rank = { 1, 9 }, .block = block_hash(&header) } } };
    writer_init(&question, bytes, sizeof bytes);
    write_u64_le(&question, 9);
    writer_init(&writer, room, sizeof room);
    block_header_encode(&header, &writer);
    commit_proof_encode(&commit, &writer);
    proof_add(&draft, &(struct proof_item){ PROOF_HEADER, bytes_of(bytes, 8), bytes_of(room, writer.offset) });
    struct bytes whole = proof_end(&draft, PROOF_ANSWERS);
    writer_init(&writer, room, sizeof room);
    write_run(&writer, whole.data, whole.size);
    save("proof", "each", &writer);
    proof_close(&draft);
}

/* --- Whole proofs ---------------------------------------------------------------------------------------------------- */

static struct answers answers;

static void add_answer(struct proof_draft *draft, const struct query *query)
{
    static uint8_t answer[1 << 16];
    uint8_t question[QUERY_BYTES_MAX];
    struct writer writer;
    size_t size = answers_ask(&answers, query, answer, sizeof answer);

    CHECK(size > 0);
    writer_init(&writer, question, sizeof question);
    query_encode(query, &writer);
    proof_add(draft, &(struct proof_item){ PROOF_QUERY, bytes_of(question, writer.offset), bytes_of(answer, size) });
}

static void add_header(struct proof_draft *draft, uint32_t at, bool by_chain)
{
    static struct commit_proof commit;
    uint8_t question[8];
    struct writer writer;

    writer_init(&writer, question, sizeof question);
    write_u64_le(&writer, answers.headers[at].height);
    answers_commit(&answers, at, by_chain, &commit);
    writer_init(&writer, room, sizeof room);
    block_header_encode(&answers.headers[at], &writer);
    commit_proof_encode(&commit, &writer);
    proof_add(draft, &(struct proof_item){ PROOF_HEADER, bytes_of(question, sizeof question), bytes_of(room, writer.offset) });
}

/* A proof that `ward verify` accepts: each item is certified by the members of the genesis, and the claim holds. */
static void save_proof(const char *name, struct proof_draft *draft, enum proof_claim claim)
{
    struct bytes whole = proof_end(draft, claim);
    struct proof_checker checker;
    struct proof_item item;
    struct proof proof;
    struct writer writer;

    CHECK(proof_checker_open(&checker, &answers.genesis) == ERR_OK);
    CHECK(proof_decode(&proof, whole) == VERDICT_OK);
    while (proof_next(&proof, &item)) {
        CHECK(proof_check_item(&checker, &item) == VERDICT_OK);
        CHECK(checker.certified);
    }
    CHECK(proof_check_claim(&checker, claim));
    writer_init(&writer, room, sizeof room);
    write_run(&writer, whole.data, whole.size);
    save("proof", name, &writer);
    proof_checker_close(&checker);
    proof_close(draft);
}

static void valid_proof_seeds(void)
{
    struct proof_draft draft;

    answers_start(&answers);
    proof_begin(&draft, &answers.genesis.hash);
    for (int kind = QUERY_CHECKPOINT; kind < QUERY_KIND_END; kind++) {
        struct query query = answers_question(&answers, (enum query_kind)kind, true);
        if (kind != QUERY_RELEASE) { /* proves nothing, so it is in no file */
            add_answer(&draft, &query);
        }
    }
    save_proof("valid-answers", &draft, PROOF_ANSWERS);
    proof_begin(&draft, &answers.genesis.hash);
    for (uint32_t at = 0; at < ANSWERS_HEADERS; at++) {
        add_header(&draft, at, false);
        add_header(&draft, at, true);
    }
    save_proof("valid-headers", &draft, PROOF_ANSWERS);
    struct query query = answers_question(&answers, QUERY_POINTERS, true);
    proof_begin(&draft, &answers.genesis.hash);
    add_answer(&draft, &query);
    save_proof("valid-pointers", &draft, PROOF_ALL_POINTERS);
    query = answers_question(&answers, QUERY_AUDIT, true);
    proof_begin(&draft, &answers.genesis.hash);
    for (query.from = 0; query.from < ANSWERS_EVENTS; query.from += query.count) {
        answers_sign(&answers, &query);
        add_answer(&draft, &query);
    }
    save_proof("valid-audit", &draft, PROOF_WHOLE_AUDIT);
}

int main(void)
{
    for (size_t i = 0; i < sizeof filled; i++) {
        filled[i] = (uint8_t)(i * 7 + 11);
    }
    envelope_seeds();
    client_seeds();
    entity_seeds();
    message_seeds();
    state_proof_seeds();
    status_seeds();
    endpoint_seeds();
    query_seeds();
    proof_seeds();
    valid_proof_seeds();
    frame_seed();
    execute_seeds();
    crypto_seeds(save);
    session_seeds(save);
    snapshot_seeds(save);
    genesis_seed(4, 4, 2);
    genesis_seed(5, 4, 0);
    genesis_seed(1, 0, 1);
    return 0;
}
