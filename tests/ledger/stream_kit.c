/* stream_kit.c: see stream_kit.h. */
#include "tests/ledger/stream_kit.h"

#include "ledger/genesis_load.h"

#include <stdlib.h>
#include <string.h>

enum { ORGS = 5, ACTORS = 8, PATIENTS = 4, NEW = 6, SEQS = 24, DAY_MS = 86400000 };
enum { PARTIES = ACTORS + PATIENTS + 2 * ORGS + 2 * NEW + 1 };

static const struct { const char *name; uint8_t kind; uint16_t caps; } orgs[ORGS] = {
    { "A", ORG_HOSPITAL, CAPS_ALL }, { "B", ORG_CLINIC, CAP_PUBLISH | CAP_VOUCH }, { "C", ORG_HOSPITAL, CAPS_ALL }, { "D", ORG_LAB_PHARMACY, CAP_PUBLISH },
    { "E", ORG_PAYER, 0 },
};
static const struct { uint8_t kind, role; uint16_t org, caps; } actors[ACTORS] = {
    { ACTOR_SYSTEM, ROLE_NONE, 1, CAP_PUBLISH | CAP_VOUCH }, { ACTOR_PRACTITIONER, ROLE_PHYSICIAN, 1, 0 }, { ACTOR_SYSTEM, ROLE_NONE, 2, CAP_VOUCH },
    { ACTOR_PRACTITIONER, ROLE_NURSE, 2, 0 },                { ACTOR_SYSTEM, ROLE_NONE, 4, 0 },            { ACTOR_PRACTITIONER, ROLE_EMERGENCY, 3, CAP_BTG },
    { ACTOR_PAYER_AGENT, ROLE_NONE, 5, 0 },                  { ACTOR_SYSTEM, ROLE_NONE, 5, 0 },
};

uint32_t choose(struct choices *choices, uint32_t bound)
{
    uint32_t number = 0;

    if (choices->rng != NULL) {
        return (uint32_t)rng_below(choices->rng, bound);
    }
    for (uint32_t reach = 1; reach < bound; reach = reach > UINT32_MAX / 256 ? UINT32_MAX : reach * 256) {
        number = number << 8 | (choices->at < choices->size ? choices->data[choices->at] : 0);
        choices->at++;
    }
    return number % bound;
}

static bool one_in(struct choices *choices, uint32_t n)
{
    return choose(choices, n) == n - 1; /* what lies behind the end of an input is the usual case */
}

struct params stream_params(bool tight)
{
    struct params params = params_default();

    params.state_keys_max = tight ? 1024 : 20000;
    params.state_cells_max = tight ? 1024 : 80000;
    params.rate_patient = (struct rate){ 50, 20 };
    params.rate_practitioner = (struct rate){ 20, 20 };
    params.actors_max = tight ? 10 : 1000;
    params.patients_max = tight ? 6 : 1000;
    params.pointers_max = tight ? 100 : 20000;
    params.grants_max = tight ? 14 : 20000;
    params.tickets_max = tight ? 20 : 20000;
    params.grants_live_max = 16;
    params.tickets_live_max = tight ? 1 : 2;
    params.tickets_kept_max = tight ? 2 : 8;
    params.pointers_live_max = 200;
    return params;
}

/* --- The world ------------------------------------------------------------------------------------------------------ */

/* Who takes part: account and key. The kind of an organisation's key is 0. */
struct party {
    uint8_t acct[ACCT_BYTES];
    uint8_t key[KEY_BYTES];
    uint8_t kind;
};

static void key_of(uint8_t domain, uint32_t number, uint8_t key[KEY_BYTES])
{
    struct { uint8_t domain, unused[3]; uint32_t number; } seed = { domain, { 0 }, number };
    struct hash32 hash = hash_one(HASH_COMMITMENT, &seed, sizeof seed);

    memcpy(key, hash.bytes, KEY_BYTES);
}

/* Numbers: actors of the genesis, its patients, admins and officers, actors and patients that may register, nobody. */
static struct party party_of(const struct hash32 *genesis, uint32_t number)
{
    struct party party = { .kind = 0 };
    struct hash32 acct = { { 0 } };

    key_of(0, number, party.key);
    if (number < ACTORS) {
        party.kind = actors[number].kind;
        acct = genesis_account(party.kind, party.key);
    } else if (number < ACTORS + PATIENTS) {
        party.kind = ACCOUNT_PATIENT;
        acct = genesis_account(ACCOUNT_PATIENT, party.key);
    } else if (number < ACTORS + PATIENTS + 2 * ORGS) {
        uint32_t which = number - ACTORS - PATIENTS;
        acct = account_of_org(which % 2 == 0 ? ORG_KEY_ADMIN : ORG_KEY_OFFICER, (uint16_t)(which / 2 + 1));
    } else {
        bool patient = (number - ACTORS - PATIENTS - 2 * ORGS) / NEW > 0;
        party.kind = patient ? ACCOUNT_PATIENT : number % 2 == 0 ? ACTOR_SYSTEM : ACTOR_PRACTITIONER;
        acct = account_derive(genesis, party.kind, party.key);
    }
    memcpy(party.acct, acct.bytes, ACCT_BYTES);
    return party;
}

struct pair {
    struct state_key key;
    uint8_t value[ENTITY_BYTES_MAX];
    size_t size;
};

static int by_key(const void *a, const void *b)
{
    const struct pair *one = a, *two = b;
    size_t common = one->key.size < two->key.size ? one->key.size : two->key.size;
    int order = memcmp(one->key.bytes, two->key.bytes, common);

    return order != 0 ? order : one->key.size - two->key.size;
}

static uint32_t entities(struct pair pairs[ACTORS + 3 * PATIENTS])
{
    const struct hash32 none = { { 0 } };
    uint32_t count = 0;

    for (uint32_t i = 0; i < ACTORS; i++) {
        struct party party = party_of(&none, i);
        struct actor actor = { .kind = actors[i].kind, .role = actors[i].role, .org = actors[i].org, .status = ACTOR_ACTIVE, .caps = actors[i].caps,
            .valid_until = STREAM_TIME + (uint64_t)400 * DAY_MS };
        memcpy(actor.pk, party.key, KEY_BYTES);
        pairs[count].key = key_actor(party.acct);
        pairs[count].size = ACTOR_BYTES;
        actor_encode(&actor, pairs[count++].value);
    }
    for (uint32_t i = 0; i < PATIENTS; i++) {
        struct party party = party_of(&none, ACTORS + i);
        struct patient patient = { .status = PATIENT_ACTIVE, .default_policy = i % 2 == 0 ? POLICY_DENY : POLICY_TREATING, .kx_epoch = 1, .vouchers = { 1, 0 },
            .grant_count = 2, .active_grants = 2 };
        struct grant write = { .effect = EFFECT_PERMIT, .kind = GRANT_WRITE, .gtype = GRANTEE_ORG, .conf_max = CONF_RESTRICTED, .class_mask = CLASS_MASK_ALL,
            .expires = STREAM_TIME + (uint64_t)(90 * (i + 1)) * DAY_MS, .status = GRANT_ACTIVE, .kx_epoch = 1 };
        struct grant read = write;
        read.kind = GRANT_READ;
        read.purposes = 1u << PURPOSE_TREAT;
        read.flags = i % 2 == 0 ? GRANT_HISTORY : 0;
        read.max_uses = i % 2 == 0 ? 5 : 0;
        read.grantee[ACCT_BYTES - 1] = (uint8_t)(i % 2 + 1);
        memcpy(patient.pk, party.key, KEY_BYTES);
        write.grantee[ACCT_BYTES - 1] = (uint8_t)(i % 2 + 1);
        pairs[count].key = key_patient(party.acct);
        pairs[count].size = PATIENT_BYTES;
        patient_encode(&patient, pairs[count++].value);
        pairs[count].key = key_grant(party.acct, 1);
        pairs[count].size = GRANT_BYTES;
        grant_encode(&write, pairs[count++].value);
        pairs[count].key = key_grant(party.acct, 2);
        pairs[count].size = GRANT_BYTES;
        grant_encode(&read, pairs[count++].value);
    }
    return count;
}

enum verdict stream_genesis(struct genesis *genesis, const struct params *params, uint8_t bytes[STREAM_GENESIS_BYTES])
{
    static struct pair pairs[ACTORS + 3 * PATIENTS];
    struct genesis fields = { .chain_name = "stream", .time_ms = STREAM_TIME, .limits = config_limits_default(), .enrolments_count = ORGS };
    uint32_t count = entities(pairs);
    struct writer writer;

    qsort(pairs, count, sizeof pairs[0], by_key);
    params_encode(params, fields.params);
    writer_init(&writer, bytes, STREAM_GENESIS_BYTES);
    genesis_begin(&fields, &writer);
    for (uint16_t id = 1; id <= ORGS; id++) {
        struct enrolment enrolment = { .kind = orgs[id - 1].kind, .has_replica = id < ORGS, .capabilities = orgs[id - 1].caps, .endpoint = "h:1" };
        strcpy(enrolment.name, orgs[id - 1].name);
        key_of(0, ACTORS + PATIENTS + 2u * (id - 1u), enrolment.admin_key);
        key_of(0, ACTORS + PATIENTS + 2u * (id - 1u) + 1u, enrolment.officer_key);
        memset(enrolment.kx_key, id, 32);
        if (enrolment.has_replica) {
            memset(enrolment.sign_key, 0x40 + id, 32);
            memset(enrolment.transport_key, 0x50 + id, 32);
            memset(enrolment.replica_signature, 1, 64);
        }
        genesis_write_enrolment(&enrolment, &writer);
    }
    genesis_write_entities_count(count, &writer);
    for (uint32_t i = 0; i < count; i++) {
        struct genesis_entity entity = { bytes_of(pairs[i].key.bytes, pairs[i].key.size), bytes_of(pairs[i].value, pairs[i].size) };
        genesis_write_entity(&entity, &writer);
    }
    return writer.failed ? VERDICT_LENGTH : genesis_decode(genesis, bytes, writer.offset);
}

/* --- Bodies ---------------------------------------------------------------------------------------------------------- */

/* What the making of a command has at hand. */
struct making {
    struct choices *choices;
    const struct hash32 *genesis;
    struct ledger *ledger;
    uint64_t time_ms;
    struct party patient; /* whom it is about */
    uint32_t sender, cosigner; /* numbers of parties; UINT32_MAX: no cosigner */
    uint32_t payload_bytes;
};

static uint32_t any_actor(struct making *making)
{
    return one_in(making->choices, 8) ? ACTORS + PATIENTS + 2 * ORGS + choose(making->choices, NEW) : choose(making->choices, ACTORS);
}

static uint32_t any_patient(struct making *making)
{
    return one_in(making->choices, 8) ? ACTORS + PATIENTS + 2 * ORGS + NEW + choose(making->choices, NEW) : ACTORS + choose(making->choices, PATIENTS);
}

static uint32_t admin(struct making *making)
{
    return ACTORS + PATIENTS + 2 * choose(making->choices, ORGS);
}

static uint32_t seq(struct making *making)
{
    return 1 + choose(making->choices, one_in(making->choices, 6) ? 600 : SEQS);
}

/* Fills an ascending list. Gives: its length, at most `most`. */
static uint8_t seqs(struct making *making, uint32_t *list, uint32_t least, uint32_t most)
{
    uint32_t count = least + choose(making->choices, one_in(making->choices, 8) ? most - least + 1 : 3);
    uint32_t next = 0;

    for (uint32_t i = 0; i < count; i++) {
        next += i == 0 ? seq(making) : 1 + choose(making->choices, 3);
        list[i] = next;
    }
    return (uint8_t)count;
}

/* stands_at tells the status of a pointer as the open block has it; 0: there is no such pointer. */
static uint8_t stands_at(const struct making *making, uint32_t seq)
{
    struct state_key key = key_pointer(making->patient.acct, seq);
    uint8_t value[POINTER_BYTES];
    struct pointer pointer;
    size_t size = 0;

    bool found = state_store_get(ledger_store(making->ledger), bytes_of(key.bytes, key.size), value, sizeof value, &size);
    return found && pointer_decode(&pointer, value, size) == VERDICT_OK ? pointer.status : 0;
}

/* fit turns a short list into one of a single pointer that the operation can be meant for: the first at or behind its first in the status that it begins with, if there is one. By
 * chance alone hardly any would be hidden, and none shown again. */
static uint8_t fit(const struct making *making, uint8_t op, uint32_t *list, uint8_t count)
{
    uint8_t status = op == POINTER_UNHIDE ? POINTER_HIDDEN : POINTER_CURRENT;

    for (uint32_t i = 0; i < SEQS && count <= 2; i++) {
        uint32_t seq = 1 + (list[0] + i) % SEQS;
        if (stands_at(making, seq) == status) {
            list[0] = seq;
            return 1;
        }
    }
    return count;
}

static void make_actor_set(struct making *making, struct actor_set *body)
{
    static const uint8_t ops[4] = { ACTOR_REGISTER, ACTOR_REGISTER, ACTOR_SUSPEND, ACTOR_RETIRE };
    uint32_t number = ACTORS + PATIENTS + 2 * ORGS + choose(making->choices, NEW);
    struct party party = party_of(making->genesis, number);

    making->sender = admin(making);
    making->cosigner = one_in(making->choices, 4) ? making->sender + 1 : UINT32_MAX;
    body->op = ops[choose(making->choices, 4)];
    memcpy(body->acct, party.acct, ACCT_BYTES);
    if (body->op != ACTOR_REGISTER && !one_in(making->choices, 16)) {
        return; /* anything more is refused */
    }
    body->kind = one_in(making->choices, 8) ? (uint8_t)(1 + choose(making->choices, 6)) : party.kind;
    body->role = party.kind == ACTOR_PRACTITIONER ? (uint8_t)(1 + choose(making->choices, 4)) : ROLE_NONE;
    body->caps = (uint16_t)(one_in(making->choices, 4) ? choose(making->choices, 8) : 0);
    body->valid_until = making->time_ms + (uint64_t)choose(making->choices, 100) * DAY_MS;
    memcpy(body->pk, party.key, KEY_BYTES);
}

static void make_register(struct making *making, struct patient_register *body)
{
    making->sender = ACTORS + PATIENTS + 2 * ORGS + NEW + choose(making->choices, NEW);
    making->cosigner = one_in(making->choices, 8) ? any_actor(making) : one_in(making->choices, 2) ? 0 : 2;
    body->default_policy = one_in(making->choices, 2) ? POLICY_TREATING : POLICY_DENY;
    body->flags = (uint8_t)choose(making->choices, 4);
}

static void make_item(struct making *making, struct pointer_add_item *item)
{
    uint32_t salt = choose(making->choices, 1 << 16);

    item->record_class = (uint8_t)(one_in(making->choices, 16) ? choose(making->choices, 256) : choose(making->choices, CLASS_CONSENT_FORM + 1));
    item->conf = (uint8_t)(one_in(making->choices, 16) ? choose(making->choices, 256) : choose(making->choices, 3));
    item->service_month = (uint16_t)(one_in(making->choices, 16) ? choose(making->choices, 65536) : choose(making->choices, 318));
    item->supersedes = one_in(making->choices, 4) ? seq(making) : 0;
    item->locator_length = one_in(making->choices, 4) ? 509 : 0;
    making->payload_bytes += item->locator_length;
    if (!one_in(making->choices, 32)) {
        item->content_commit = hash_one(HASH_CONTENT, &salt, sizeof salt);
    }
    if (item->locator_length > 0) {
        item->locator_hash = hash_one(HASH_LOCATOR, &salt, sizeof salt);
    }
}

static void make_add(struct making *making, struct pointer_add *body)
{
    static const uint8_t systems[4] = { 0, 2, 4, 1 };

    making->sender = one_in(making->choices, 8) ? any_actor(making) : systems[choose(making->choices, 4)];
    making->cosigner = one_in(making->choices, 3) ? any_patient(making) : UINT32_MAX;
    if (making->cosigner != UINT32_MAX && !one_in(making->choices, 8)) {
        making->patient = party_of(making->genesis, making->cosigner);
    }
    memcpy(body->patient, making->patient.acct, ACCT_BYTES);
    if (one_in(making->choices, 4)) {
        memcpy(body->on_behalf, party_of(making->genesis, choose(making->choices, ACTORS)).acct, ACCT_BYTES);
    }
    body->kx_epoch = one_in(making->choices, 32) ? 2 : 1;
    body->count = (uint8_t)(1 + choose(making->choices, one_in(making->choices, 8) ? 16 : 3));
    for (uint8_t i = 0; i < body->count; i++) {
        make_item(making, &body->items[i]);
    }
}

static void make_grant(struct making *making, struct grant_body *body)
{
    static const uint8_t types[4] = { GRANTEE_ORG, GRANTEE_ACTOR, GRANTEE_ANY_CUSTODIAN, GRANTEE_ORG };

    memcpy(body->patient, making->patient.acct, ACCT_BYTES);
    body->effect = one_in(making->choices, 4) ? EFFECT_DENY : EFFECT_PERMIT;
    body->kind = one_in(making->choices, 4) ? GRANT_WRITE : GRANT_READ;
    body->gtype = types[choose(making->choices, 4)];
    body->conf_max = (uint8_t)choose(making->choices, 3);
    if (body->gtype == GRANTEE_ORG) {
        body->grantee[ACCT_BYTES - 1] = (uint8_t)(1 + choose(making->choices, ORGS + 1));
    } else if (body->gtype == GRANTEE_ACTOR) {
        memcpy(body->grantee, party_of(making->genesis, choose(making->choices, PARTIES)).acct, ACCT_BYTES);
    }
    body->class_mask = one_in(making->choices, 3) ? 1u << choose(making->choices, 32) : CLASS_MASK_ALL;
    body->purposes = body->kind == GRANT_WRITE && !one_in(making->choices, 16) ? 0 : 1u << choose(making->choices, one_in(making->choices, 4) ? 12 : 1);
    body->flags = (uint16_t)(one_in(making->choices, 4) ? choose(making->choices, 4) : 0);
    body->ptr_seq = one_in(making->choices, 4) ? seq(making) : 0;
    body->custodian = (uint16_t)(one_in(making->choices, 6) ? choose(making->choices, ORGS + 2) : 0);
    body->from_month = (uint16_t)(one_in(making->choices, 6) ? choose(making->choices, 320) : 0);
    body->to_month = (uint16_t)(one_in(making->choices, 6) ? choose(making->choices, 320) : 0);
    body->not_before = one_in(making->choices, 6) ? making->time_ms + choose(making->choices, DAY_MS) : 0;
    body->expires = making->time_ms + 1 + (uint64_t)choose(making->choices, one_in(making->choices, 8) ? 2000 : 40) * (DAY_MS / 2);
    body->max_uses = body->effect == EFFECT_PERMIT && body->kind == GRANT_READ && one_in(making->choices, 3) ? 1 + choose(making->choices, 3) : 0;
    body->wrap_kind = (uint8_t)(one_in(making->choices, 8) ? choose(making->choices, 3) : WRAP_NONE);
    making->payload_bytes = body->wrap_kind == WRAP_RECORD ? 100 : 0;
    body->kx_epoch = one_in(making->choices, 32) ? 2 : 1;
}

static void make_request(struct making *making, struct access_request *body)
{
    memcpy(body->patient, making->patient.acct, ACCT_BYTES);
    making->sender = one_in(making->choices, 4) ? choose(making->choices, PARTIES) : 1 + 2 * choose(making->choices, 3); /* else one of the practitioners */
    body->purpose = (uint8_t)(one_in(making->choices, 4) ? choose(making->choices, 12) : PURPOSE_TREAT);
    if (one_in(making->choices, 8)) {
        making->sender = any_patient(making);
        body->purpose = PURPOSE_PATRQT;
    }
    if (one_in(making->choices, 6)) {
        memcpy(body->on_behalf, party_of(making->genesis, choose(making->choices, ACTORS)).acct, ACCT_BYTES);
    }
    body->class_mask = one_in(making->choices, 3) ? 1u << choose(making->choices, 32) : CLASS_MASK_ALL;
    body->base_seq = one_in(making->choices, 8) ? seq(making) : 1;
    body->from_month = (uint16_t)(one_in(making->choices, 6) ? choose(making->choices, 320) : 0);
    body->to_month = (uint16_t)(one_in(making->choices, 6) ? choose(making->choices, 320) : 0);
    body->want_ttl = 1 + choose(making->choices, 200000);
    if (one_in(making->choices, 4)) {
        body->count = seqs(making, body->seqs, 1, 8);
        body->base_seq = body->seqs[0];
    }
}

/* A ticket that the state holds, when it holds one; else zeros. */
static struct hash32 some_ticket(struct making *making, struct ticket *ticket)
{
    uint8_t prefix[2] = { KEY_TICKET, (uint8_t)choose(making->choices, 256) };
    struct state_cursor cursor;
    struct state_entry entry;
    struct hash32 id = { { 0 } };

    for (size_t size = 2; size > 0; size--) { /* one that begins with that byte, else the first of all */
        state_cursor_init(&cursor, bytes_of(prefix, size), STATE_PIN_NONE);
        if (state_cursor_next(ledger_store((struct ledger *)(uintptr_t)making->ledger), &cursor, &entry)) {
            memcpy(id.bytes, entry.key.data + 1, HASH_BYTES);
            return ticket_decode(ticket, entry.value.data, entry.value.size) == VERDICT_OK ? id : (struct hash32){ { 0 } };
        }
    }
    return id;
}

static void make_disclose(struct making *making, struct disclose *body)
{
    static const uint8_t systems[4] = { 0, 2, 4, 7 };

    making->sender = systems[choose(making->choices, 4)];
    body->count = (uint8_t)(1 + choose(making->choices, one_in(making->choices, 8) ? 23 : 2));
    for (uint8_t i = 0; i < body->count; i++) {
        struct disclose_item *item = &body->items[i];
        struct ticket ticket;
        bool ticketed = one_in(making->choices, 2);
        *item = (struct disclose_item){ .base_seq = 1, .mode = (uint8_t)(1 + choose(making->choices, 4)) };
        memcpy(item->patient, making->patient.acct, ACCT_BYTES);
        item->bitmap[0] = (uint8_t)(1 + choose(making->choices, 255));
        if (ticketed) {
            item->ticket = some_ticket(making, &ticket);
            if (!hash_is_zero(&item->ticket)) {
                memcpy(item->patient, ticket.patient, ACCT_BYTES);
                memcpy(item->recipient, bytes_are_zero(ticket.on_behalf, ACCT_BYTES) ? ticket.requester : ticket.on_behalf, ACCT_BYTES);
                memcpy(item->bitmap, ticket.bitmap, BITMAP_BYTES);
                item->base_seq = ticket.base_seq;
            }
        }
    }
}

static void make_body(struct making *making, struct command_body *command)
{
    switch (command->type) {
    case COMMAND_ACTOR_SET:
        make_actor_set(making, &command->as.actor_set);
        break;
    case COMMAND_PATIENT_REGISTER:
        make_register(making, &command->as.patient_register);
        break;
    case COMMAND_POINTER_ADD:
        make_add(making, &command->as.pointer_add);
        break;
    case COMMAND_POINTER_DECIDE:
        memcpy(command->as.pointer_decide.patient, making->patient.acct, ACCT_BYTES);
        command->as.pointer_decide.approve = one_in(making->choices, 3) ? 0 : 1;
        command->as.pointer_decide.count = seqs(making, command->as.pointer_decide.seqs, 1, 32);
        break;
    case COMMAND_POINTER_STATUS:
        memcpy(command->as.pointer_set_status.patient, making->patient.acct, ACCT_BYTES);
        command->as.pointer_set_status.op = (uint8_t)(1 + choose(making->choices, 4));
        making->sender = command->as.pointer_set_status.op <= POINTER_SET_WITHDRAWN ? any_actor(making) : making->sender;
        command->as.pointer_set_status.count = seqs(making, command->as.pointer_set_status.seqs, 1, 32);
        command->as.pointer_set_status.count = fit(making, command->as.pointer_set_status.op, command->as.pointer_set_status.seqs, command->as.pointer_set_status.count);
        break;
    case COMMAND_GRANT:
        make_grant(making, &command->as.grant);
        break;
    case COMMAND_REVOKE:
        memcpy(command->as.revoke.patient, making->patient.acct, ACCT_BYTES);
        making->sender = one_in(making->choices, 4) ? choose(making->choices, PARTIES) : making->sender;
        command->as.revoke.count = seqs(making, command->as.revoke.seqs, 1, 16);
        break;
    case COMMAND_ACCESS_REQUEST:
        make_request(making, &command->as.access_request);
        break;
    case COMMAND_DISCLOSE:
        make_disclose(making, &command->as.disclose);
        break;
    case COMMAND_PATIENT_SET:
        memcpy(command->as.patient_set.patient, making->patient.acct, ACCT_BYTES);
        command->as.patient_set.default_policy = one_in(making->choices, 2) ? POLICY_TREATING : POLICY_DENY;
        command->as.patient_set.op = PATIENT_SET_POLICY;
        break;
    }
}

/* --- Envelopes ------------------------------------------------------------------------------------------------------- */

static size_t seal(struct making *making, const struct command_body *command, uint8_t out[ENVELOPE_BYTES_MAX])
{
    static const uint8_t nothing[64], payload_hash[32] = { 1 };
    uint8_t body[ENVELOPE_BODY_BYTES_MAX];
    struct party sender = party_of(making->genesis, making->sender), cosigner;
    struct reader tag;
    struct writer writer;

    writer_init(&writer, body, sizeof body);
    command_body_encode(command, &writer);
    reader_init(&tag, making->genesis->bytes, HASH_BYTES);
    struct envelope envelope = { .type = (uint8_t)command->type, .chain_tag = read_u64_be(&tag), .sender = sender.acct, .key = sender.key,
        .nonce = ledger_nonce(making->ledger, sender.acct) + 1, .valid_until_ms = making->time_ms + 60000, .payload_hash = nothing,
        .body = bytes_of(body, writer.offset), .signature = nothing };
    if (command->type == COMMAND_PATIENT_REGISTER) {
        envelope.nonce = 1;
    }
    if (one_in(making->choices, 32)) {
        envelope.nonce += choose(making->choices, 3) - 1u;
    }
    if (making->payload_bytes > 0) {
        envelope.flags = ENVELOPE_FLAG_PAYLOAD;
        envelope.payload_hash = payload_hash;
        envelope.payload_bytes = making->payload_bytes;
    }
    if (making->cosigner != UINT32_MAX && making->cosigner != making->sender) {
        cosigner = party_of(making->genesis, making->cosigner);
        envelope.cosigners_count = 1;
        envelope.cosigners[0] = (struct cosigner){ cosigner.acct, cosigner.key, nothing };
    }
    writer_init(&writer, out, ENVELOPE_BYTES_MAX);
    envelope_encode(&envelope, &writer);
    return writer.offset;
}

size_t stream_command(struct choices *choices, struct ledger *ledger, const struct genesis *genesis, uint64_t time_ms, uint8_t out[ENVELOPE_BYTES_MAX])
{
    static const uint8_t types[16] = { COMMAND_POINTER_ADD, COMMAND_POINTER_ADD, COMMAND_POINTER_ADD, COMMAND_POINTER_DECIDE, COMMAND_POINTER_DECIDE,
        COMMAND_ACCESS_REQUEST, COMMAND_ACCESS_REQUEST, COMMAND_ACCESS_REQUEST, COMMAND_GRANT, COMMAND_GRANT, COMMAND_REVOKE, COMMAND_POINTER_STATUS,
        COMMAND_DISCLOSE, COMMAND_PATIENT_REGISTER, COMMAND_ACTOR_SET, COMMAND_PATIENT_SET };
    struct making making = { .choices = choices, .genesis = &genesis->hash, .ledger = ledger, .time_ms = time_ms, .cosigner = UINT32_MAX };
    struct command_body command;

    memset(&command, 0, sizeof command);
    command.type = (enum command_type)types[choose(choices, 16)];
    making.sender = any_patient(&making);
    making.patient = party_of(making.genesis, one_in(choices, 16) ? choose(choices, PARTIES) : making.sender);
    make_body(&making, &command);
    size_t size = seal(&making, &command, out);
    for (uint32_t i = one_in(choices, 12) ? 1 + choose(choices, 3) : 0; i > 0; i--) {
        out[choose(choices, (uint32_t)size)] ^= (uint8_t)(1u << choose(choices, 8));
    }
    return one_in(choices, 64) ? choose(choices, (uint32_t)size) : size;
}
