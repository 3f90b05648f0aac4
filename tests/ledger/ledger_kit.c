/* ledger_kit.c: see ledger_kit.h. */
#include "tests/ledger/ledger_kit.h"

#include "crypto/ed25519.h"
#include "ledger/audit.h"
#include "ledger/payload_hashes.h"
#include "ledger/stateless.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void on_event(void *context, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES], const struct hash32 *top)
{
    struct lab *lab = context;
    struct lab_event *event = &lab->events[lab->events_count++ % LAB_EVENTS_MAX];
    memcpy(event->patient, patient, ACCT_BYTES);
    event->seq = seq;
    memcpy(event->bytes, bytes, AUDIT_EVENT_BYTES);
    if (lab->also.event != NULL) {
        lab->also.event(lab->also.context, patient, seq, bytes, top);
    }
}

static void on_receipt(void *context, uint64_t position, const struct receipt *receipt, const struct hash32 *top)
{
    struct lab *lab = context;
    cr_assert_eq(position, lab->receipts_seen, "positions are dense");
    lab->receipts_seen++;
    if (lab->also.receipt != NULL) {
        lab->also.receipt(lab->also.context, position, receipt, top);
    }
}

static struct sign_keypair keys_of(uint8_t domain, uint32_t number)
{
    uint8_t seed[32] = { domain, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };
    struct sign_keypair pair;
    sign_keypair_from_seed(&pair, seed);
    return pair;
}

struct sign_keypair lab_replica_key(uint16_t org)
{
    return keys_of(120, org);
}

struct lab_party lab_party_of(const struct lab *lab, uint8_t kind, uint32_t number)
{
    struct lab_party party = { .pair = keys_of(kind, number) };
    struct hash32 acct = account_derive(&lab->genesis.hash, kind, party.pair.public_key);
    memcpy(party.acct, acct.bytes, ACCT_BYTES);
    return party;
}

static const struct { const char *name; uint8_t kind; uint16_t caps; bool replica; } orgs[LAB_ORGS] = {
    { "Alder", ORG_HOSPITAL, CAPS_ALL, true },
    { "Birch", ORG_HOSPITAL, CAPS_ALL, true },
    { "Cedar", ORG_CLINIC, CAP_PUBLISH | CAP_VOUCH, true },
    { "Dune", ORG_HOSPITAL, CAPS_ALL, true },
    { "Payer", ORG_PAYER, CAP_VOUCH, false },
};

static void org_party(struct lab_party *party, enum org_key which, uint16_t id)
{
    struct hash32 acct = account_of_org(which, id);
    *party = (struct lab_party){ .pair = keys_of((uint8_t)(100 + which), id) };
    memcpy(party->acct, acct.bytes, ACCT_BYTES);
}

static void write_genesis(struct lab *lab, const struct genesis_entity *entities, uint32_t entities_count)
{
    struct genesis genesis = { .chain_name = "lab", .time_ms = LAB_TIME, .limits = config_limits_default(), .enrolments_count = LAB_ORGS };
    struct writer writer;

    params_encode(&lab->params, genesis.params);
    writer_init(&writer, lab->genesis_bytes, sizeof lab->genesis_bytes);
    genesis_begin(&genesis, &writer);
    for (uint16_t id = 1; id <= LAB_ORGS; id++) {
        struct enrolment enrolment = { .kind = orgs[id - 1].kind, .has_replica = orgs[id - 1].replica, .capabilities = orgs[id - 1].caps };
        strcpy(enrolment.name, orgs[id - 1].name);
        strcpy(enrolment.endpoint, "127.0.0.1:7100");
        org_party(&lab->admins[id], ORG_KEY_ADMIN, id);
        org_party(&lab->officers[id], ORG_KEY_OFFICER, id);
        memcpy(enrolment.admin_key, lab->admins[id].pair.public_key, 32);
        memcpy(enrolment.officer_key, lab->officers[id].pair.public_key, 32);
        memset(enrolment.kx_key, id, 32);
        if (enrolment.has_replica) {
            memcpy(enrolment.sign_key, lab_replica_key(id).public_key, 32);
            memset(enrolment.transport_key, 0x50 + id, 32);
            memset(enrolment.replica_signature, 1, 64);
        }
        genesis_write_enrolment(&enrolment, &writer);
    }
    genesis_write_entities_count(entities_count, &writer);
    for (uint32_t i = 0; i < entities_count; i++) {
        genesis_write_entity(&entities[i], &writer);
    }
    cr_assert_not(writer.failed);
    lab->genesis_size = writer.offset;
    cr_assert_eq(genesis_decode(&lab->genesis, lab->genesis_bytes, writer.offset), VERDICT_OK);
}

struct ledger *lab_take(const struct params *params)
{
    struct arena measure, arena;

    arena_init_measure(&measure);
    cr_assert_null(ledger_take(&measure, params));
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    cr_assert_not_null(memory);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    struct ledger *ledger = ledger_take(&arena, params);
    cr_assert_eq(arena.used, measure.used);
    return ledger;
}

struct ledger *lab_twin(const struct lab *lab)
{
    struct ledger *twin = lab_take(&lab->params);
    struct state_cursor cursor;
    struct state_entry entry;

    ledger_restore_begin(twin, &lab->genesis.hash);
    state_cursor_init(&cursor, bytes_of("", 0), STATE_PIN_NONE);
    while (state_cursor_next(ledger_store(lab->ledger), &cursor, &entry)) {
        cr_assert_eq(ledger_restore_pair(twin, entry.key, entry.value), VERDICT_OK);
    }
    cr_assert_eq(ledger_restore_end(twin), VERDICT_OK);
    return twin;
}

void lab_restore(struct lab *copy, const struct lab *lab)
{
    struct ledger_sink sink = { .context = copy, .event = on_event, .receipt = on_receipt };

    *copy = *lab;
    copy->ledger = lab_twin(lab);
    ledger_set_sink(copy->ledger, &sink);
}

struct hash32 lab_audit_root(const struct lab *lab, const uint8_t patient[ACCT_BYTES], uint64_t *count)
{
    static struct hash32 leaves[LAB_EVENTS_MAX];

    *count = 0;
    for (uint32_t i = 0; i < lab->events_count; i++) {
        if (memcmp(lab->events[i].patient, patient, ACCT_BYTES) == 0) {
            cr_assert_eq(lab->events[i].seq, *count, "numbers are dense");
            leaves[(*count)++] = audit_leaf(lab->events[i].bytes);
        }
    }
    return merkle_root(leaves, *count);
}

enum verdict lab_load(struct lab *lab, const struct params *params, const struct genesis_entity *entities, uint32_t entities_count)
{
    struct ledger_sink sink = { .context = lab, .event = on_event, .receipt = on_receipt };

    memset(lab, 0, sizeof *lab);
    lab->params = *params;
    write_genesis(lab, entities, entities_count);
    lab->ledger = lab_take(params);
    ledger_set_sink(lab->ledger, &sink);
    lab->time_ms = LAB_TIME;
    return ledger_load_genesis(lab->ledger, &lab->genesis);
}

void lab_start(struct lab *lab, const struct params *params, const struct genesis_entity *entities, uint32_t entities_count)
{
    enum verdict verdict = lab_load(lab, params, entities, entities_count);

    cr_assert_eq(verdict, VERDICT_OK, "genesis: %s", verdict_name(verdict));
}

static int by_account(const void *a, const void *b)
{
    return memcmp((*(struct lab_party *const *)a)->acct, (*(struct lab_party *const *)b)->acct, ACCT_BYTES);
}

size_t lab_sign(const struct lab *lab, struct lab_command *command, uint8_t out[ENVELOPE_BYTES_MAX])
{
    static uint8_t body[ENVELOPE_BODY_BYTES_MAX], signatures[ENVELOPE_COSIGNERS_MAX + 1][64];
    static const uint8_t zeros[32];
    struct lab_party *cosigners[ENVELOPE_COSIGNERS_MAX];
    struct reader tag;
    struct writer writer;
    struct hash32 payload_hash = hash_one(HASH_PAYLOAD, command->payload.data, command->payload.size);

    writer_init(&writer, body, sizeof body);
    command_body_encode(&command->body, &writer);
    cr_assert_not(writer.failed);
    reader_init(&tag, lab->genesis.hash.bytes, HASH_BYTES);
    struct envelope envelope = { .type = (uint8_t)command->body.type, .chain_tag = read_u64_be(&tag), .nonce = ++command->sender->nonce,
        .valid_until_ms = lab->time_ms + 60000, .sender = command->sender->acct, .key = command->sender->pair.public_key,
        .payload_hash = zeros, .body = bytes_of(body, writer.offset), .signature = signatures[ENVELOPE_COSIGNERS_MAX] };
    if (command->payload.size > 0) {
        envelope.flags = ENVELOPE_FLAG_PAYLOAD;
        envelope.payload_hash = payload_hash.bytes;
        envelope.payload_bytes = (uint32_t)command->payload.size;
    }
    for (unsigned i = 0; i < ENVELOPE_COSIGNERS_MAX; i++) {
        if (command->cosigners[i] != NULL) {
            cosigners[envelope.cosigners_count++] = command->cosigners[i];
        }
    }
    qsort(cosigners, envelope.cosigners_count, sizeof cosigners[0], by_account);
    for (unsigned i = 0; i < envelope.cosigners_count; i++) {
        envelope.cosigners[i] = (struct cosigner){ cosigners[i]->acct, cosigners[i]->pair.public_key, signatures[i] };
    }
    struct hash32 id = envelope_tx_id(&envelope, &lab->genesis.hash);
    sign_digest(&command->sender->pair, &id, signatures[ENVELOPE_COSIGNERS_MAX]);
    for (unsigned i = 0; i < envelope.cosigners_count; i++) {
        struct hash32 digest = envelope_cosign_digest(&id, cosigners[i]->acct);
        sign_digest(&cosigners[i]->pair, &digest, signatures[i]);
    }
    writer_init(&writer, out, ENVELOPE_BYTES_MAX);
    envelope_encode(&envelope, &writer);
    cr_assert_not(writer.failed);
    return writer.offset;
}

enum code lab_admit(const struct lab *lab, struct bytes bytes, struct bytes payload)
{
    static struct command_body body;
    struct envelope envelope;
    struct envelope_signature list[ENVELOPE_SIGNATURES_MAX];
    enum code code = ledger_check(lab->ledger, bytes, lab->time_ms + 1000, &envelope, &body);

    if (code == CODE_OK) {
        code = envelope_check_payload_bytes(&envelope, payload.size);
    }
    if (code == CODE_OK) {
        code = payload_hashes_check(&(struct payload_of){ bytes, payload }, 1);
    }
    if (code != CODE_OK) {
        return code;
    }
    struct hash32 id = envelope_tx_id(&envelope, &lab->genesis.hash);
    uint32_t count = envelope_signatures(&envelope, &lab->genesis.hash, &id, list);
    for (uint32_t i = 0; i < count; i++) {
        struct sig_item item = { list[i].key, list[i].digest.bytes, list[i].signature };
        if (!ed25519_verify(&item)) {
            return list[i].refusal;
        }
    }
    const uint8_t *key = envelope_new_key(&envelope);
    return key == NULL || ed25519_key_is_strong(key) ? CODE_OK : CODE_WEAK_KEY;
}

enum code lab_execute(struct lab *lab, const struct bytes *envelopes, uint32_t count)
{
    lab->height++;
    lab->time_ms += 1000;
    ledger_begin(lab->ledger, lab->height, lab->time_ms);
    for (uint32_t i = 0; i < count; i++) {
        lab->receipt = *ledger_execute(lab->ledger, envelopes[i], NULL);
        cr_assert_eq(lab->receipt.height, lab->height);
        cr_assert_eq(lab->receipt.index, i);
    }
    ledger_end(lab->ledger);
    cr_assert_eq(ledger_height(lab->ledger), lab->height);
    return lab->receipt.code;
}

/* The value as it counts in the fingerprint. */
static size_t normalised(const struct state_entry *entry, const uint8_t *acct, uint8_t out[STATE_VALUE_BYTES_MAX])
{
    uint8_t kind = entry->key.data[0];
    uint16_t org_id = 0;
    enum org_key which = acct == NULL ? ORG_KEY_NONE : account_org_key(acct, &org_id);
    bool own = acct != NULL && entry->key.size == 33 && memcmp(entry->key.data + 1, acct, ACCT_BYTES) == 0;
    struct chain chain;
    struct org org;
    struct actor actor;
    struct patient patient;

    memcpy(out, entry->value.data, entry->value.size);
    if (kind == KEY_CHAIN) {
        cr_assert_eq(chain_decode(&chain, entry->value.data, entry->value.size), VERDICT_OK);
        chain.height = chain.time = 0;
        chain.receipts.count = 0;
        return chain_encode(&chain, out);
    }
    if (kind == KEY_ORG && which != ORG_KEY_NONE && (entry->key.data[1] << 8 | entry->key.data[2]) == org_id) {
        cr_assert_eq(org_decode(&org, entry->value.data, entry->value.size), VERDICT_OK);
        org.nonce = org.officer_nonce = org.bucket = 0;
        org_encode(&org, out);
    } else if (kind == KEY_ACTOR && own) {
        cr_assert_eq(actor_decode(&actor, entry->value.data, entry->value.size), VERDICT_OK);
        actor.nonce = actor.bucket = 0;
        actor_encode(&actor, out);
    } else if (kind == KEY_PATIENT && own) {
        cr_assert_eq(patient_decode(&patient, entry->value.data, entry->value.size), VERDICT_OK);
        patient.nonce = patient.bucket = 0;
        patient_encode(&patient, out);
    }
    return entry->value.size;
}

struct hash32 lab_fingerprint(struct lab *lab, const uint8_t acct[ACCT_BYTES])
{
    uint8_t value[STATE_VALUE_BYTES_MAX];
    struct state_cursor cursor;
    struct state_entry entry;
    struct hasher hasher;

    hash_init(&hasher, HASH_FOLD);
    state_cursor_init(&cursor, bytes_of("", 0), STATE_PIN_NONE);
    while (state_cursor_next(ledger_store(lab->ledger), &cursor, &entry)) {
        size_t size = normalised(&entry, acct, value);
        hash_update_u16(&hasher, (uint16_t)entry.key.size);
        hash_update(&hasher, entry.key.data, entry.key.size);
        hash_update_u16(&hasher, (uint16_t)size);
        hash_update(&hasher, value, size);
    }
    return hash_final(&hasher);
}

enum code lab_send(struct lab *lab, struct lab_command *command)
{
    uint8_t bytes[ENVELOPE_BYTES_MAX];
    size_t size = lab_sign(lab, command, bytes);
    struct bytes envelope = bytes_of(bytes, size);
    struct hash32 all = lab_fingerprint(lab, NULL), but_sender = lab_fingerprint(lab, command->sender->acct);
    uint32_t events = lab->events_count;
    uint64_t nonce = ledger_nonce(lab->ledger, command->sender->acct);
    enum code code = lab_admit(lab, envelope, command->payload);

    if (code == CODE_OK) {
        code = lab_execute(lab, &envelope, 1);
        cr_assert_eq(lab->receipt.code, code);
    }
    if (code != CODE_OK) {
        struct hash32 all_after = lab_fingerprint(lab, NULL), but_sender_after = lab_fingerprint(lab, command->sender->acct);
        uint64_t nonce_after = ledger_nonce(lab->ledger, command->sender->acct);
        bool consumed = nonce_after != nonce;
        cr_assert(hash_equal(&but_sender, &but_sender_after), "%s changed more than nonce and bucket", code_name(code));
        cr_assert_eq(consumed, !hash_equal(&all, &all_after));
        cr_assert(!consumed || (nonce_after == nonce + 1 && !code_is_refusal(code) && command->body.type != COMMAND_PATIENT_REGISTER));
        cr_assert_eq(lab->events_count, events, "a failure emits nothing");
    }
    command->sender->nonce = ledger_nonce(lab->ledger, command->sender->acct);
    return code;
}

struct lab_command lab_register(struct lab *lab, uint16_t org, const struct lab_party *party, uint8_t kind, uint8_t role, uint16_t caps)
{
    struct lab_command command = { .sender = &lab->admins[org], .body = { .type = COMMAND_ACTOR_SET } };
    struct actor_set *body = &command.body.as.actor_set;
    uint8_t bytes[ACTOR_SET_BYTES];
    struct writer writer;

    *body = (struct actor_set){ .op = ACTOR_REGISTER, .kind = kind, .role = role, .caps = caps, .valid_until = UINT64_C(1) << 50 };
    memcpy(body->acct, party->acct, ACCT_BYTES);
    memcpy(body->pk, party->pair.public_key, KEY_BYTES);
    memset(body->kx_pk, 0x33, KEY_BYTES);
    writer_init(&writer, bytes, sizeof bytes);
    command_body_encode(&command.body, &writer);
    struct envelope envelope = { .type = COMMAND_ACTOR_SET, .sender = lab->admins[org].acct, .body = bytes_of(bytes, writer.offset) };
    struct hash32 digest = envelope_pop_digest(&envelope, &lab->genesis.hash);
    sign_digest(&party->pair, &digest, body->pop);
    return command;
}

struct lab_command lab_end(struct lab *lab, uint16_t org, const struct lab_party *party, enum actor_set_op op)
{
    struct lab_command command = { .sender = &lab->admins[org], .body = { .type = COMMAND_ACTOR_SET } };

    command.body.as.actor_set.op = (uint8_t)op;
    memcpy(command.body.as.actor_set.acct, party->acct, ACCT_BYTES);
    return command;
}

struct lab_party lab_actor(struct lab *lab, uint16_t org, uint8_t kind, uint8_t role, uint16_t caps, uint32_t number)
{
    struct lab_party party = lab_party_of(lab, kind, number);
    struct lab_command command = lab_register(lab, org, &party, kind, role, caps);
    enum code code = lab_send(lab, &command);
    cr_assert_eq(code, CODE_OK, "register: %s", code_name(code));
    return party;
}

struct lab_party lab_patient(struct lab *lab, struct lab_party *voucher, uint8_t policy, uint8_t flags, uint32_t number)
{
    struct lab_party party = lab_party_of(lab, ACCOUNT_PATIENT, number);
    struct lab_command command = { .sender = &party, .cosigners = { voucher }, .body = { .type = COMMAND_PATIENT_REGISTER } };
    struct patient_register *body = &command.body.as.patient_register;
    memset(body->kx_pk, 0x11, KEY_BYTES);
    memset(body->sealed_kx_pk, 0x22, KEY_BYTES);
    body->default_policy = policy;
    body->flags = flags;
    enum code code = lab_send(lab, &command);
    cr_assert_eq(code, CODE_OK, "patient: %s", code_name(code));
    return party;
}

struct lab_command lab_located(struct lab_party *sender, uint8_t payload[LAB_LOCATED_BYTES])
{
    struct lab_command command = { .sender = sender, .body = { .type = COMMAND_POINTER_ADD }, .payload = bytes_of(payload, LAB_LOCATED_BYTES) };
    struct pointer_add *add = &command.body.as.pointer_add;

    memset(add->patient, 1, ACCT_BYTES);
    add->kx_epoch = 1;
    add->count = 2;
    for (unsigned i = 0; i < 2; i++) {
        memset(payload + i * 509, (int)i + 1, 509);
        add->items[i] = (struct pointer_add_item){ .record_class = CLASS_VITALS, .content_commit = { { (uint8_t)(i + 1) } }, .locator_length = 509 };
        add->items[i].locator_hash = hash_one(HASH_LOCATOR, payload + i * 509, 509);
    }
    return command;
}

struct hash32 lab_root(struct lab *lab)
{
    return ledger_state_root(lab->ledger);
}
