/* key.h: the keys of the state, one builder per kind of entity. The first byte names the kind, everything else is big-endian, and no
 * key is a prefix of another, because all keys of a kind (of a due entry: of its due kind) have one length. */
#ifndef WARD_LEDGER_KEY_H
#define WARD_LEDGER_KEY_H

#include "crypto/hash.h"
#include "ledger/entity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_kind {
    KEY_CHAIN = 0x00,
    KEY_PARAMS = 0x01,
    KEY_ORG = 0x02,
    KEY_ACTOR = 0x03,
    KEY_PATIENT = 0x04,
    KEY_POINTER = 0x05,
    KEY_GRANT = 0x06,
    KEY_TICKET = 0x08,
    KEY_AUDIT_PEAKS = 0x0D,
    KEY_KEY_USE = 0x0E,
    KEY_RELATION = 0x0F,
    KEY_DUE = 0x10,
    KEY_TICKET_INDEX = 0x11
};

/* What falls due. The identity in the key is that of the entity; an entry whose entity is gone does nothing. */
enum due_kind {
    DUE_POINTER_EXPIRES = 1, /* acct, seq: a pending pointer that nobody decided */
    DUE_POINTER_LEAVES,      /* acct, seq: a refused, expired, retracted pointer */
    DUE_GRANT_EXPIRES,       /* acct, seq */
    DUE_TICKET_LEAVES        /* acct, org, height, index: as in its index key */
};

#define STATE_KEY_MAX 54 /* the due entry of a ticket */

struct state_key {
    uint8_t size;
    uint8_t bytes[STATE_KEY_MAX];
};

/* Where a ticket stands in the order of its (patient, organisation): the block and the place of the command that made it. */
struct ticket_place {
    uint8_t patient[ACCT_BYTES];
    uint16_t org;
    uint64_t height;
    uint16_t index;
};

/* key_write_* write a key of the kind: a run of 32 bytes, then a number. What every command needs is written where it stays: a key that a function
 * gives by value is made elsewhere and copied, in other pieces than it was written in, and such loads wait for the stores before them. */
void key_write_run(struct state_key *key, enum key_kind kind, const uint8_t run[HASH_BYTES]);
void key_write_seq(struct state_key *key, enum key_kind kind, const uint8_t acct[ACCT_BYTES], uint32_t seq);
void key_write_org(struct state_key *key, enum key_kind kind, const uint8_t acct[ACCT_BYTES], uint16_t org);

struct state_key key_chain(void);
struct state_key key_params(void);
struct state_key key_org(uint16_t org);
struct state_key key_actor(const uint8_t acct[ACCT_BYTES]);
struct state_key key_patient(const uint8_t acct[ACCT_BYTES]);
struct state_key key_pointer(const uint8_t acct[ACCT_BYTES], uint32_t seq);
struct state_key key_grant(const uint8_t acct[ACCT_BYTES], uint32_t seq);
struct state_key key_ticket(const struct hash32 *id);
struct state_key key_key_use(const uint8_t pk[KEY_BYTES]);
struct state_key key_relation(const uint8_t acct[ACCT_BYTES], uint16_t org);
struct state_key key_ticket_index(const struct ticket_place *place); /* value: the ticket's id, 32 bytes */
struct state_key key_due_pointer(enum due_kind kind, uint64_t time, const uint8_t acct[ACCT_BYTES], uint32_t seq);
struct state_key key_due_grant(uint64_t time, const uint8_t acct[ACCT_BYTES], uint32_t seq);
struct state_key key_due_ticket(uint64_t time, const struct ticket_place *place);

/* key_prefix gives the kind's byte and the account: all keys of that kind that belong to one patient begin so.
 * key_prefix_org gives the same for one patient and one organisation. */
struct state_key key_prefix(enum key_kind kind, const uint8_t acct[ACCT_BYTES]);
struct state_key key_prefix_org(enum key_kind kind, const uint8_t acct[ACCT_BYTES], uint16_t org);

/* key_seq gives the sequence number at the end of a pointer's or grant's key. Needs: such a key. */
uint32_t key_seq(const uint8_t *key, size_t size);

/* The parts of a due entry's key: time and kind, then a sequence number of a patient or a ticket's place. */
struct due_entry {
    uint64_t time;
    enum due_kind kind;
    uint8_t acct[ACCT_BYTES]; /* of every kind */
    uint32_t seq;             /* of all kinds but DUE_TICKET_LEAVES */
    struct ticket_place place; /* of DUE_TICKET_LEAVES */
};

/* key_due_parse takes a due entry's key apart. Needs: a key that one of the builders made. */
struct due_entry key_due_parse(const uint8_t *key, size_t size);

/* key_ticket_place takes a ticket's index key apart. Needs: such a key. */
struct ticket_place key_ticket_place(const uint8_t *key, size_t size);

/* key_due_later moves a due entry's key to a later time. Needs: such a key. */
void key_due_later(struct state_key *key, uint64_t time);

/* key_is_well_formed tells whether the bytes have a known kind and its length. So no well-formed key is the beginning of another. Any input is safe. */
bool key_is_well_formed(const uint8_t *key, size_t size);

/* key_prefix_page gives the common prefix of the pointers whose sequence numbers share everything but the last byte. */
struct state_key key_prefix_page(const uint8_t acct[ACCT_BYTES], uint32_t seq);

#endif
