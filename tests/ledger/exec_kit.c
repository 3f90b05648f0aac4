/* exec_kit.c: see exec_kit.h. */
#include "tests/ledger/exec_kit.h"

#include "ledger/sender.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct exec world_exec;
struct params world_params;
struct chain world_chain;
static struct hash32 world_genesis;
static struct envelope world_envelope;
static const uint8_t world_payload_hash[32] = { 0x77 };
static uint32_t world_numbers;

static const struct { uint16_t id; enum org_kind kind; uint16_t caps; } world_orgs[] = {
    { WORLD_MERCY, ORG_HOSPITAL, CAP_PUBLISH | CAP_VOUCH },
    { WORLD_HILLTOP, ORG_CLINIC, CAP_PUBLISH },
    { WORLD_LAB, ORG_LAB_PHARMACY, CAP_PUBLISH },
    { WORLD_PAYER, ORG_PAYER, 0 },
};

static const struct { char name; enum actor_kind kind; enum actor_role role; uint16_t org; } world_actors[] = {
    { 'A', ACTOR_SYSTEM, ROLE_NONE, WORLD_MERCY },      { 'B', ACTOR_PRACTITIONER, ROLE_PHYSICIAN, WORLD_MERCY },
    { 'N', ACTOR_PRACTITIONER, ROLE_NURSE, WORLD_MERCY }, { 'C', ACTOR_SYSTEM, ROLE_NONE, WORLD_HILLTOP },
    { 'D', ACTOR_PRACTITIONER, ROLE_PHYSICIAN, WORLD_HILLTOP }, { 'L', ACTOR_SYSTEM, ROLE_NONE, WORLD_LAB },
    { 'E', ACTOR_PAYER_AGENT, ROLE_NONE, WORLD_PAYER }, { 'F', ACTOR_SYSTEM, ROLE_NONE, WORLD_PAYER },
};

void world_acct(char name, uint8_t acct[ACCT_BYTES])
{
    memset(acct, name, ACCT_BYTES);
}

static void world_store(void)
{
    struct state_limits limits = { .keys_max = 20000, .cells_max = 80000, .journal_bytes = 1 << 20 };
    struct arena measure, arena;

    arena_init_measure(&measure);
    (void)state_store_init(&measure, &limits);
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    cr_assert_not_null(memory);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    world_exec.store = state_store_init(&arena, &limits);
}

static void world_people(void)
{
    uint8_t acct[ACCT_BYTES];

    for (size_t i = 0; i < sizeof world_orgs / sizeof world_orgs[0]; i++) {
        struct org org = { .kind = world_orgs[i].kind, .status = ORG_ACTIVE, .caps = world_orgs[i].caps, .name_length = 1, .name = "x", .replica_index = 255 };
        cr_assert_eq(exec_put_org(&world_exec, world_orgs[i].id, &org), CODE_OK);
    }
    for (size_t i = 0; i < sizeof world_actors / sizeof world_actors[0]; i++) {
        struct actor actor = { .kind = world_actors[i].kind, .role = world_actors[i].role, .org = world_actors[i].org, .status = ACTOR_ACTIVE,
                               .valid_until = UINT64_MAX };
        world_acct(world_actors[i].name, acct);
        cr_assert_eq(exec_put_actor(&world_exec, acct, &actor), CODE_OK);
    }
    for (const char *name = "PQ"; *name != '\0'; name++) {
        struct patient patient = { .status = PATIENT_ACTIVE, .kx_epoch = 1, .vouchers = { WORLD_MERCY, 0 } };
        world_acct(*name, acct);
        cr_assert_eq(exec_put_patient(&world_exec, acct, &patient), CODE_OK);
    }
}

void world_start(void)
{
    memset(&world_exec, 0, sizeof world_exec);
    memset(&world_chain, 0, sizeof world_chain);
    world_params = params_default();
    world_exec.params = &world_params;
    world_exec.chain = &world_chain;
    world_exec.genesis = &world_genesis;
    world_exec.time_ms = WORLD_TIME;
    world_exec.height = 1;
    world_numbers = 0;
    world_store();
    world_people();
}

/* Finds who a letter or digit is. */
static struct signer world_signer(char name)
{
    struct signer signer = { 0 };

    if (name >= '1' && name <= '4') {
        signer.kind = SIGNER_ORG;
        signer.org = (uint16_t)(name - '0');
        signer.org_key = ORG_KEY_ADMIN;
        struct hash32 acct = account_of_org(ORG_KEY_ADMIN, signer.org);
        memcpy(signer.acct, acct.bytes, ACCT_BYTES);
        return signer;
    }
    world_acct(name, signer.acct);
    if (exec_get_actor(&world_exec, signer.acct, &signer.actor)) {
        signer.kind = SIGNER_ACTOR;
        signer.org = signer.actor.org;
    } else {
        cr_assert(exec_get_patient(&world_exec, signer.acct, &signer.patient), "nobody is called %c", name);
        signer.kind = SIGNER_PATIENT;
    }
    return signer;
}

void world_patient(char name)
{
    uint8_t *acct = (uint8_t *)(uintptr_t)command_body_patient(&world_exec.command);

    if (acct != NULL) {
        world_acct(name, acct);
    }
}

struct command_body *world_as(char sender, enum command_type type)
{
    memset(&world_exec.command, 0, sizeof world_exec.command);
    memset(&world_envelope, 0, sizeof world_envelope);
    world_exec.command.type = type;
    world_envelope.payload_hash = world_payload_hash;
    world_envelope.type = (uint8_t)type;
    world_exec.envelope = &world_envelope;
    world_exec.sender = world_signer(sender);
    world_exec.cosigners_count = 0;
    world_patient('P');
    return &world_exec.command;
}

void world_cosign(char name)
{
    world_exec.cosigners[world_exec.cosigners_count++] = world_signer(name);
}

struct hash32 world_root(void)
{
    return state_store_root(world_exec.store);
}

/* The payload that a real sender would bring along. */
static void world_payload(void)
{
    const struct command_body *command = &world_exec.command;

    if (command->type == COMMAND_POINTER_ADD && world_envelope.payload_bytes == 0) {
        for (size_t i = 0; i < command->as.pointer_add.count; i++) {
            world_envelope.payload_bytes += command->as.pointer_add.items[i].locator_length;
        }
    } else if (command->type == COMMAND_GRANT && command->as.grant.wrap_kind == WRAP_RECORD) {
        world_envelope.payload_bytes = 100;
    }
}

static enum code world_handle(void)
{
    switch (world_exec.command.type) {
    case COMMAND_POINTER_ADD:
        return exec_pointer_add(&world_exec);
    case COMMAND_POINTER_DECIDE:
        return exec_pointer_decide(&world_exec);
    case COMMAND_POINTER_STATUS:
        return exec_pointer_status(&world_exec);
    case COMMAND_GRANT:
        return exec_grant(&world_exec);
    case COMMAND_REVOKE:
        return exec_revoke(&world_exec);
    case COMMAND_ACCESS_REQUEST:
        return exec_access_request(&world_exec);
    case COMMAND_DISCLOSE:
        return exec_disclose(&world_exec);
    case COMMAND_ACTOR_SET:
    case COMMAND_PATIENT_REGISTER:
    case COMMAND_PATIENT_SET:
        break;
    }
    cr_assert(false, "the registry has a kit of its own");
    return CODE_TYPE;
}

static enum code world_fall_due(enum due_kind kind, struct bytes key)
{
    switch (kind) {
    case DUE_POINTER_EXPIRES:
    case DUE_POINTER_LEAVES:
        return exec_due_pointer(&world_exec, key);
    case DUE_GRANT_EXPIRES:
        return exec_due_grant(&world_exec, key);
    case DUE_TICKET_LEAVES:
        return exec_due_ticket(&world_exec, key);
    }
    return CODE_TYPE;
}

enum code world_run(void)
{
    struct hash32 before = world_root();
    struct chain chain = world_chain;

    world_payload();
    world_numbers++;
    world_exec.tx_id = hash_one(HASH_TX, &world_numbers, sizeof world_numbers);
    world_exec.index = world_numbers % 4096;
    world_exec.time_ms++;
    world_exec.events_count = 0;
    world_exec.creations = 0;
    memset(&world_exec.eval_digest, 0, sizeof world_exec.eval_digest);
    state_store_savepoint(world_exec.store);
    enum code code = sender_check_standing(&world_exec);
    if (code == CODE_OK) {
        code = world_handle();
    }
    if (code == CODE_OK) {
        state_store_keep(world_exec.store);
        return code;
    }
    state_store_undo(world_exec.store);
    world_chain = chain;
    world_exec.events_count = 0;
    world_exec.creations = 0;
    struct hash32 after = world_root();
    cr_assert(hash_equal(&before, &after), "a failed command changes nothing");
    return code;
}

void world_expect(enum code code, const char *what)
{
    enum code got = world_run();

    cr_assert_eq(got, code, "%s: %s, not %s", what, code_name(got), code_name(code));
}

uint32_t world_due(void)
{
    struct state_key prefix = { .size = 1, .bytes = { KEY_DUE } };
    struct state_cursor cursor;
    struct state_entry entry;
    uint32_t count = 0;

    world_exec.envelope = NULL;
    world_exec.events_count = 0;
    world_exec.creations = 0;
    exec_cursor(&cursor, &prefix);
    while (state_cursor_next(world_exec.store, &cursor, &entry)) {
        struct state_key key = { .size = (uint8_t)entry.key.size };
        memcpy(key.bytes, entry.key.data, entry.key.size);
        struct due_entry due = key_due_parse(key.bytes, key.size);
        if (due.time > world_exec.time_ms) {
            break;
        }
        state_store_savepoint(world_exec.store);
        cr_assert_eq(exec_remove(&world_exec, &key), CODE_OK);
        cr_assert_eq(world_fall_due(due.kind, bytes_of(key.bytes, key.size)), CODE_OK);
        state_store_keep(world_exec.store);
        count++;
    }
    return count;
}

struct audit_event world_event(uint32_t index)
{
    struct audit_event event;

    cr_assert_lt(index, world_exec.events_count);
    cr_assert_eq(audit_event_decode(&event, world_exec.events[index].bytes, AUDIT_EVENT_BYTES), VERDICT_OK);
    return event;
}

struct pointer_add_item world_item(enum record_class record_class)
{
    static uint32_t salt;
    struct pointer_add_item item = { .record_class = (uint8_t)record_class, .conf = CONF_NORMAL, .service_month = WORLD_MONTH, .locator_length = 509 };

    salt++;
    item.content_commit = hash_one(HASH_CONTENT, &salt, sizeof salt);
    item.locator_hash = hash_one(HASH_LOCATOR, &salt, sizeof salt);
    return item;
}

static uint32_t world_add_one(char sender, enum record_class record_class, bool cosigned)
{
    struct pointer_add *body = &world_as(sender, COMMAND_POINTER_ADD)->as.pointer_add;

    body->kx_epoch = 1;
    body->count = 1;
    body->items[0] = world_item(record_class);
    if (cosigned) {
        world_cosign('P');
    }
    world_expect(CODE_OK, "a pointer");
    return world_read_patient('P').ptr_count;
}

uint32_t world_add(char sender, enum record_class record_class)
{
    return world_add_one(sender, record_class, false);
}

uint32_t world_add_current(char sender, enum record_class record_class)
{
    return world_add_one(sender, record_class, true);
}

void world_grant(struct grant_body *body, uint16_t org)
{
    body->effect = EFFECT_PERMIT;
    body->kind = GRANT_READ;
    body->gtype = GRANTEE_ORG;
    body->conf_max = CONF_RESTRICTED;
    body->grantee[ACCT_BYTES - 1] = (uint8_t)org;
    body->class_mask = CLASS_MASK_ALL;
    body->purposes = 1u << PURPOSE_TREAT;
    body->expires = world_exec.time_ms + 365ull * 86400000;
    body->kx_epoch = 1;
}

uint32_t world_permit_org(uint16_t org)
{
    world_grant(&world_as('P', COMMAND_GRANT)->as.grant, org);
    world_expect(CODE_OK, "a grant");
    return world_read_patient('P').grant_count;
}

struct hash32 world_request(char sender)
{
    struct access_request *body = &world_as(sender, COMMAND_ACCESS_REQUEST)->as.access_request;

    body->purpose = PURPOSE_TREAT;
    body->class_mask = CLASS_MASK_ALL;
    body->base_seq = 1;
    body->want_ttl = 3600;
    world_expect(CODE_OK, "a request");
    return world_exec.tx_id;
}

struct patient world_read_patient(char name)
{
    uint8_t acct[ACCT_BYTES];
    struct patient patient;

    world_acct(name, acct);
    cr_assert(exec_get_patient(&world_exec, acct, &patient));
    return patient;
}

struct pointer world_read_pointer(uint32_t seq)
{
    uint8_t acct[ACCT_BYTES];
    struct pointer pointer;

    world_acct('P', acct);
    cr_assert(exec_get_pointer(&world_exec, acct, seq, &pointer), "pointer %u", seq);
    return pointer;
}
