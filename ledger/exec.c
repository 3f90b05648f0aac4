/* exec.c: the state as handlers see it: entities by their keys, decoded and encoded. Nothing here decides anything.
 *
 * What is stored was written by these functions or checked when the genesis was loaded, so bytes that do not decode are our mistake. */
#include "ledger/exec.h"

#include "base/assert.h"
#include "ledger/group.h"

#include <string.h>

_Static_assert(STATE_KEY_MAX <= STATE_KEY_BYTES_MAX, "every key fits the store");
_Static_assert(ENTITY_BYTES_MAX <= STATE_VALUE_BYTES_MAX, "every value fits the store");

/* complete sees to it that nobody reads or changes a patient's record or peaks whose hashes wait in the group; audit_end's own are put after its event. */
static void complete(const struct exec *exec, const struct state_key *key)
{
    bool waits = exec->group != NULL && (key->bytes[0] == KEY_PATIENT || key->bytes[0] == KEY_AUDIT_PEAKS) && group_waits(exec->group, key->bytes + 1);

    if (waits) {
        group_resolve(exec->group, exec->store);
    }
}

int exec_get(const struct exec *exec, const struct state_key *key, void *value, size_t room)
{
    size_t size = 0;

    ASSERT(key->size > 0);
    ASSERT(key->size <= STATE_KEY_MAX);
    complete(exec, key);
    return state_store_get(exec->store, bytes_of(key->bytes, key->size), value, room, &size) ? (int)size : -1;
}

void exec_forget_orgs(struct exec *exec)
{
    if (exec->orgs != NULL) {
        memset(exec->orgs->id, 0, sizeof exec->orgs->id);
    }
}

enum code exec_put(struct exec *exec, const struct state_key *key, const void *value, size_t value_bytes)
{
    ASSERT(key->size > 0);
    ASSERT(value_bytes <= STATE_VALUE_BYTES_MAX);
    if (key->bytes[0] == KEY_ORG) {
        exec_forget_orgs(exec);
    }
    if (key->bytes[0] == KEY_DUE) {
        uint64_t time_ms = key_due_parse(key->bytes, key->size).time;
        exec->due_next_ms = time_ms < exec->due_next_ms ? time_ms : exec->due_next_ms; /* stays low when this is undone, which costs one look */
    }
    ASSERT(exec->due_next_ms == 0 || key->bytes[0] != KEY_DUE || exec->due_next_ms <= key_due_parse(key->bytes, key->size).time);
    enum err err = state_store_put(exec->store, bytes_of(key->bytes, key->size), bytes_of(value, value_bytes));
    return err == ERR_OK ? CODE_OK : CODE_CAPACITY;
}

enum code exec_remove(struct exec *exec, const struct state_key *key)
{
    ASSERT(key->size > 0);
    ASSERT(key->size <= STATE_KEY_MAX);
    ASSERT(key->bytes[0] != KEY_ORG); /* organisations never leave the state */
    enum err err = state_store_remove(exec->store, bytes_of(key->bytes, key->size));
    return err == ERR_FULL ? CODE_CAPACITY : CODE_OK;
}

void exec_cursor(struct state_cursor *cursor, const struct state_key *prefix)
{
    ASSERT(prefix->size > 0);
    state_cursor_init(cursor, bytes_of(prefix->bytes, prefix->size), STATE_PIN_NONE);
}

const struct signer *exec_cosigner(const struct exec *exec, const uint8_t acct[ACCT_BYTES])
{
    ASSERT(exec->cosigners_count <= ENVELOPE_COSIGNERS_MAX);
    for (uint32_t i = 0; i < exec->cosigners_count; i++) {
        if (memcmp(exec->cosigners[i].acct, acct, ACCT_BYTES) == 0) {
            return &exec->cosigners[i];
        }
    }
    return NULL;
}

bool exec_signed_by(const struct exec *exec, const uint8_t acct[ACCT_BYTES])
{
    return memcmp(exec->sender.acct, acct, ACCT_BYTES) == 0 || exec_cosigner(exec, acct) != NULL;
}

static bool read_org(const struct exec *exec, uint16_t id, struct org *org)
{
    uint8_t bytes[ORG_BYTES];
    struct state_key key = key_org(id);
    int size = exec_get(exec, &key, bytes, sizeof bytes);

    if (size < 0) {
        return false;
    }
    enum verdict verdict = org_decode(org, bytes, (size_t)size);
    ASSERT(verdict == VERDICT_OK);
    ASSERT(org->name_length >= 1);
    return true;
}

bool exec_get_org(const struct exec *exec, uint16_t id, struct org *org)
{
    struct exec_orgs *orgs = exec->orgs;
    uint32_t place = id % EXEC_ORGS;

    if (orgs == NULL || id == 0) {
        return read_org(exec, id, org);
    }
    if (orgs->id[place] != id) {
        orgs->id[place] = 0; /* while the place is being written it is nobody's */
        if (!read_org(exec, id, &orgs->org[place])) {
            return false;
        }
        orgs->id[place] = id;
    }
    *org = orgs->org[place];
    return true;
}

bool exec_get_actor(const struct exec *exec, const uint8_t acct[ACCT_BYTES], struct actor *actor)
{
    uint8_t bytes[ACTOR_BYTES];
    struct state_key key;

    key_write_run(&key, KEY_ACTOR, acct);
    int size = exec_get(exec, &key, bytes, sizeof bytes);

    if (size < 0) {
        return false;
    }
    enum verdict verdict = actor_decode(actor, bytes, (size_t)size);
    ASSERT(verdict == VERDICT_OK);
    ASSERT(actor->org > 0);
    return true;
}

bool exec_get_patient(const struct exec *exec, const uint8_t acct[ACCT_BYTES], struct patient *patient)
{
    uint8_t bytes[PATIENT_BYTES];
    struct state_key key;

    key_write_run(&key, KEY_PATIENT, acct);
    int size = exec_get(exec, &key, bytes, sizeof bytes);

    if (size < 0) {
        return false;
    }
    enum verdict verdict = patient_decode(patient, bytes, (size_t)size);
    ASSERT(verdict == VERDICT_OK);
    ASSERT(patient->kx_epoch > 0);
    return true;
}

bool exec_get_pointer(const struct exec *exec, const uint8_t acct[ACCT_BYTES], uint32_t seq, struct pointer *pointer)
{
    uint8_t bytes[POINTER_BYTES];
    struct state_key key;

    ASSERT(seq > 0);
    key_write_seq(&key, KEY_POINTER, acct, seq);
    int size = exec_get(exec, &key, bytes, sizeof bytes);

    if (size < 0) {
        return false;
    }
    enum verdict verdict = pointer_decode(pointer, bytes, (size_t)size);
    ASSERT(verdict == VERDICT_OK);
    ASSERT(pointer->custodian > 0);
    return true;
}

bool exec_get_grant(const struct exec *exec, const uint8_t acct[ACCT_BYTES], uint32_t seq, struct grant *grant)
{
    uint8_t bytes[GRANT_BYTES];
    struct state_key key;

    ASSERT(seq > 0);
    key_write_seq(&key, KEY_GRANT, acct, seq);
    int size = exec_get(exec, &key, bytes, sizeof bytes);

    if (size < 0) {
        return false;
    }
    enum verdict verdict = grant_decode(grant, bytes, (size_t)size);
    ASSERT(verdict == VERDICT_OK);
    return true;
}

bool exec_get_ticket(const struct exec *exec, const struct hash32 *id, struct ticket *ticket)
{
    uint8_t bytes[TICKET_BYTES];
    struct state_key key = key_ticket(id);
    int size = exec_get(exec, &key, bytes, sizeof bytes);

    if (size < 0) {
        return false;
    }
    enum verdict verdict = ticket_decode(ticket, bytes, (size_t)size);
    ASSERT(verdict == VERDICT_OK);
    ASSERT(ticket->base_seq > 0);
    return true;
}

void exec_get_relation(const struct exec *exec, const uint8_t acct[ACCT_BYTES], uint16_t org, struct relation *relation)
{
    uint8_t bytes[RELATION_BYTES];
    struct state_key key;

    ASSERT(org > 0);
    key_write_org(&key, KEY_RELATION, acct, org);
    int size = exec_get(exec, &key, bytes, sizeof bytes);

    *relation = (struct relation){ 0 };
    if (size >= 0) {
        enum verdict verdict = relation_decode(relation, bytes, (size_t)size);
        ASSERT(verdict == VERDICT_OK);
    }
}

enum code exec_put_org(struct exec *exec, uint16_t id, const struct org *org)
{
    uint8_t bytes[ORG_BYTES];
    struct state_key key = key_org(id);

    ASSERT(id > 0);
    ASSERT(org->status != 0);
    org_encode(org, bytes);
    return exec_put(exec, &key, bytes, sizeof bytes);
}

enum code exec_put_actor(struct exec *exec, const uint8_t acct[ACCT_BYTES], const struct actor *actor)
{
    uint8_t bytes[ACTOR_BYTES];
    struct state_key key;

    ASSERT(actor->org > 0);
    ASSERT(actor->status != 0);
    key_write_run(&key, KEY_ACTOR, acct);
    actor_encode(actor, bytes);
    return exec_put(exec, &key, bytes, sizeof bytes);
}

enum code exec_put_patient(struct exec *exec, const uint8_t acct[ACCT_BYTES], const struct patient *patient)
{
    uint8_t bytes[PATIENT_BYTES];
    struct state_key key;

    ASSERT(patient->status != 0);
    ASSERT(patient->kx_epoch > 0);
    key_write_run(&key, KEY_PATIENT, acct);
    patient_encode(patient, bytes);
    return exec_put(exec, &key, bytes, sizeof bytes);
}

enum code exec_put_pointer(struct exec *exec, const uint8_t acct[ACCT_BYTES], uint32_t seq, const struct pointer *pointer)
{
    uint8_t bytes[POINTER_BYTES];
    struct state_key key;

    ASSERT(seq > 0);
    ASSERT(pointer->custodian > 0);
    key_write_seq(&key, KEY_POINTER, acct, seq);
    pointer_encode(pointer, bytes);
    return exec_put(exec, &key, bytes, sizeof bytes);
}

enum code exec_put_grant(struct exec *exec, const uint8_t acct[ACCT_BYTES], uint32_t seq, const struct grant *grant)
{
    uint8_t bytes[GRANT_BYTES];
    struct state_key key;

    ASSERT(seq > 0);
    ASSERT(grant->status == GRANT_ACTIVE); /* one that ended is removed */
    key_write_seq(&key, KEY_GRANT, acct, seq);
    grant_encode(grant, bytes);
    return exec_put(exec, &key, bytes, sizeof bytes);
}

enum code exec_put_ticket(struct exec *exec, const struct hash32 *id, const struct ticket *ticket)
{
    uint8_t bytes[TICKET_BYTES];
    struct state_key key = key_ticket(id);

    ASSERT(!hash_is_zero(id));
    ASSERT(ticket->base_seq > 0);
    ticket_encode(ticket, bytes);
    return exec_put(exec, &key, bytes, sizeof bytes);
}

enum code exec_put_relation(struct exec *exec, const uint8_t acct[ACCT_BYTES], uint16_t org, const struct relation *relation)
{
    uint8_t bytes[RELATION_BYTES];
    struct state_key key;

    ASSERT(org > 0);
    key_write_org(&key, KEY_RELATION, acct, org);
    if (relation->current == 0 && relation->pending == 0) {
        return exec_remove(exec, &key);
    }
    relation_encode(relation, bytes);
    return exec_put(exec, &key, bytes, sizeof bytes);
}
