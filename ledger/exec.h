/* exec.h: what a command's handler is given: the block, the checked signers, the state, a place for its events.
 *
 *   block_exec: decode -> sender checks -> nonce and tokens -> savepoint -> cosigners -> standing -> HANDLER -> keep or undo -> receipt
 *
 * A handler is `enum code handler(struct exec *exec)`. It runs after every check up to and including the sender's standing
 * (docs/ledger.md, What a failure costs) has passed; it checks the subject, then the body's items in order, and it may change the state at any time:
 * when it gives anything but CODE_OK, every change it made and every event it emitted is undone. So a handler never cleans up.
 * Nothing here reads a clock, a payload or an address; T is the block's time. */
#ifndef WARD_LEDGER_EXEC_H
#define WARD_LEDGER_EXEC_H

#include "ledger/command.h"
#include "ledger/consent.h"
#include "ledger/entity.h"
#include "ledger/key.h"
#include "ledger/params.h"
#include "storage/state_store.h"
#include "wire/code.h"
#include "wire/envelope.h"

#include <stdbool.h>
#include <stdint.h>

#define EXEC_EVENTS_MAX 128 /* events that one command, or the due entries of one block, can emit; more is a mistake of ours */

enum signer_kind { SIGNER_ORG = 1, SIGNER_ACTOR, SIGNER_PATIENT };

/* Whoever signed, as the state knew it when the command began: account and key belong together and the account exists.
 * The records are copies: a handler that changes one reads it again with exec_get_*. */
struct signer {
    enum signer_kind kind;
    uint8_t acct[ACCT_BYTES];
    uint16_t org;          /* the organisation signed for; 0 for a patient */
    enum org_key org_key;  /* of a SIGNER_ORG: admin or officer */
    struct actor actor;    /* of a SIGNER_ACTOR */
    struct patient patient; /* of a SIGNER_PATIENT */
};

/* One event that a command emitted, with the patient whose audit tree holds it. */
struct exec_event {
    uint8_t patient[ACCT_BYTES];
    uint64_t seq;
    uint8_t bytes[AUDIT_EVENT_BYTES];
    uint32_t put_off;        /* number in the group that makes leaf and top; GROUP_NONE: they are here */
    struct hash32 leaf, top; /* in that tree (crypto/merkle_log.h) */
};

struct group;

/* Organisations as the block's commands find them: there are few, and each command asks for its sender's. Place id mod EXEC_ORGS. */
#define EXEC_ORGS 16u

struct exec_orgs {
    uint16_t id[EXEC_ORGS]; /* 0: nothing is kept here */
    struct org org[EXEC_ORGS];
};

struct exec {
    struct state_store *store;
    const struct hash32 *genesis;
    const struct params *params;
    struct chain *chain; /* the working copy: a handler may change the counters of live entities, nothing else */
    uint64_t height;     /* of the block being executed */
    uint64_t time_ms;    /* T */
    uint32_t index;      /* of the command in its block */
    struct group *group; /* where hashes are put off (group.h); NULL: they are made at once */
    struct exec_orgs *orgs; /* set while a block is open; NULL: each question is for the state. Whatever may change an organisation forgets all */

    const struct envelope *envelope; /* NULL while due entries are worked off */
    struct command_body command;     /* its decoded body */
    struct hash32 tx_id;
    struct org sender_org;           /* of a sender with an organisation; from the checks of its standing on */
    struct signer sender;            /* of 04 PATIENT_REGISTER: kind SIGNER_PATIENT with a zeroed record but for key and account */
    struct signer cosigners[ENVELOPE_COSIGNERS_MAX];
    uint32_t cosigners_count;

    struct exec_event events[EXEC_EVENTS_MAX]; /* in order of emission; audit.h appends */
    uint32_t events_count;
    uint64_t due_next_ms; /* no due entry of the state is earlier; 0: not known. Memory only, no part of the state */
    uint32_t creations; /* entities that this command made: for each, some of what is due is worked off */
    struct consent_inputs inputs; /* scratch of 08, 11, 13 and 14: about 100 KB, never cleared */
    struct hash32 eval_digest; /* set by 13 and 14; zeros otherwise */
};

/* exec_handler gives the handler of a type, NULL when the type is not built. The table is in ledger/handlers.c. */
enum code (*exec_handler(uint8_t type))(struct exec *exec);

/* The handlers, one for each type of the first slice. */
enum code exec_actor_set(struct exec *exec);        /* ledger/registry.c */
enum code exec_patient_register(struct exec *exec); /* ledger/registry.c */
enum code exec_patient_set(struct exec *exec);      /* ledger/registry.c */
enum code exec_pointer_add(struct exec *exec);      /* ledger/pointers.c */
enum code exec_pointer_decide(struct exec *exec);
enum code exec_pointer_status(struct exec *exec);
enum code exec_grant(struct exec *exec);            /* ledger/grants.c */
enum code exec_revoke(struct exec *exec);
enum code exec_access_request(struct exec *exec);   /* ledger/access.c */
enum code exec_disclose(struct exec *exec);         /* ledger/disclose.c */

/* Every due entry whose time is <= T is given to the function of its kind, after the entry itself was removed; the envelope is NULL then.
 * An entry whose entity is gone or has moved on does nothing. `key` is the whole key of the entry (key.h).
 * Fails: CODE_CAPACITY; its changes are undone then, the entity stays as it is and the entry comes back an hour later: nothing may rely on
 * hygiene alone. */
enum code exec_due_pointer(struct exec *exec, struct bytes key); /* ledger/pointers.c: DUE_POINTER_EXPIRES, DUE_POINTER_LEAVES */
enum code exec_due_grant(struct exec *exec, struct bytes key);   /* ledger/grants.c */
enum code exec_due_ticket(struct exec *exec, struct bytes key);  /* ledger/access.c */

/* exec_due_handler gives the function of a due kind, NULL for an unknown one. */
enum code (*exec_due_handler(uint8_t due_kind))(struct exec *exec, struct bytes key);

/* exec_cosigner gives the cosigner with this account, NULL when it did not sign. */
const struct signer *exec_cosigner(const struct exec *exec, const uint8_t acct[ACCT_BYTES]);

/* exec_signed_by tells whether the account is the sender or a cosigner. */
bool exec_signed_by(const struct exec *exec, const uint8_t acct[ACCT_BYTES]);

/* exec_forget_orgs forgets what is kept of organisations: before it is first used, and when a change was undone. */
void exec_forget_orgs(struct exec *exec);

/* --- State, by entity ---------------------------------------------------------------------------------------------- */

/* exec_get_<entity> reads and decodes; false when there is none. Needs: the stored bytes are canonical, as all that we wrote.
 * exec_put_<entity> encodes and writes. Fails: CODE_CAPACITY, nothing written; the handler returns it. */
bool exec_get_org(const struct exec *exec, uint16_t id, struct org *org);
bool exec_get_actor(const struct exec *exec, const uint8_t acct[ACCT_BYTES], struct actor *actor);
bool exec_get_patient(const struct exec *exec, const uint8_t acct[ACCT_BYTES], struct patient *patient);
bool exec_get_pointer(const struct exec *exec, const uint8_t acct[ACCT_BYTES], uint32_t seq, struct pointer *pointer);
bool exec_get_grant(const struct exec *exec, const uint8_t acct[ACCT_BYTES], uint32_t seq, struct grant *grant);
bool exec_get_ticket(const struct exec *exec, const struct hash32 *id, struct ticket *ticket);

/* A relation that is not there reads as zeros; one of zeros is removed when it is put. */
void exec_get_relation(const struct exec *exec, const uint8_t acct[ACCT_BYTES], uint16_t org, struct relation *relation);

enum code exec_put_org(struct exec *exec, uint16_t id, const struct org *org);
enum code exec_put_actor(struct exec *exec, const uint8_t acct[ACCT_BYTES], const struct actor *actor);
enum code exec_put_patient(struct exec *exec, const uint8_t acct[ACCT_BYTES], const struct patient *patient);
enum code exec_put_pointer(struct exec *exec, const uint8_t acct[ACCT_BYTES], uint32_t seq, const struct pointer *pointer);
enum code exec_put_grant(struct exec *exec, const uint8_t acct[ACCT_BYTES], uint32_t seq, const struct grant *grant);
enum code exec_put_ticket(struct exec *exec, const struct hash32 *id, const struct ticket *ticket);
enum code exec_put_relation(struct exec *exec, const uint8_t acct[ACCT_BYTES], uint16_t org, const struct relation *relation);

/* exec_get, exec_put, exec_remove: any key, raw values: audit peaks, key uses, due entries, ticket indexes.
 * exec_get gives the value's length, or -1 when there is none. Needs: room for the longest value of that key.
 * exec_remove of a key that is not there does nothing. Fails: CODE_CAPACITY when the change could not be undone any more. */
int exec_get(const struct exec *exec, const struct state_key *key, void *value, size_t room);
enum code exec_put(struct exec *exec, const struct state_key *key, const void *value, size_t value_bytes);
enum code exec_remove(struct exec *exec, const struct state_key *key);

/* exec_cursor walks all keys with a prefix; read it with state_cursor_next(exec->store, ...). */
void exec_cursor(struct state_cursor *cursor, const struct state_key *prefix);

#endif
