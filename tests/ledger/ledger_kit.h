/* ledger_kit.h: a whole ledger with real keys: genesis of five organisations, signed commands, admission as every replica does it.
 *
 *   1 Alder  hospital    2 Birch  hospital    3 Cedar  clinic    4 Dune  hospital    5 Payer  payer
 *
 * Each organisation has an admin and an officer key. Parties are made from a number; equal numbers give equal keys in every ledger. */
#ifndef WARD_TESTS_LEDGER_LEDGER_KIT_H
#define WARD_TESTS_LEDGER_LEDGER_KIT_H

#include "crypto/keys.h"
#include "ledger/ledger.h"

enum { LAB_ORGS = 5, LAB_ALDER = 1, LAB_BIRCH, LAB_CEDAR, LAB_DUNE, LAB_PAYER, LAB_EVENTS_MAX = 4096 };

#define LAB_TIME UINT64_C(1780000000000)

/* Who signs. The nonce is the last one used. */
struct lab_party {
    struct sign_keypair pair;
    uint8_t acct[ACCT_BYTES];
    uint64_t nonce;
};

struct lab_event {
    uint8_t patient[ACCT_BYTES];
    uint64_t seq;
    uint8_t bytes[AUDIT_EVENT_BYTES];
};

struct lab {
    struct ledger *ledger;
    struct params params;
    struct genesis genesis;
    uint8_t genesis_bytes[1 << 16];
    size_t genesis_size;
    uint64_t height;
    uint64_t time_ms;
    struct lab_party admins[LAB_ORGS + 1]; /* by organisation id */
    struct lab_party officers[LAB_ORGS + 1];
    struct receipt receipt; /* of the last executed command */
    struct lab_event events[LAB_EVENTS_MAX];
    uint32_t events_count;
    uint64_t receipts_seen;
    struct ledger_sink also; /* told of the same after the kit; zeros: nobody */
};

/* A command to be signed. cosigners: NULL-terminated by count. */
struct lab_command {
    struct lab_party *sender;
    struct lab_party *cosigners[ENVELOPE_COSIGNERS_MAX]; /* any order; NULL: none */
    struct command_body body;
    struct bytes payload;
};

/* lab_start makes a ledger at block 0 with these initial entities. Owns: memory until the process ends. Needs: ascending keys. */
void lab_start(struct lab *lab, const struct params *params, const struct genesis_entity *entities, uint32_t entities_count);

/* lab_load does the same without demanding that the entities are legal. Gives: the verdict; after a bad one the ledger is empty. */
enum verdict lab_load(struct lab *lab, const struct params *params, const struct genesis_entity *entities, uint32_t entities_count);

/* lab_take makes a ledger without anything in it. lab_twin makes one with the lab's present state, restored pair by pair.
 * Owns: memory until the process ends. */
struct ledger *lab_take(const struct params *params);
struct ledger *lab_twin(const struct lab *lab);

/* lab_replica_key gives the signing key of the replica of one of the first four organisations; member index = id - 1. */
struct sign_keypair lab_replica_key(uint16_t org);

/* lab_restore makes a second lab that goes on where this one stands: its ledger restored pair by pair, the archive of events as it is. */
void lab_restore(struct lab *copy, const struct lab *lab);

/* lab_audit_root gives the root over all events of a patient that the lab has seen, in the order of their numbers; *count: how many. */
struct hash32 lab_audit_root(const struct lab *lab, const uint8_t patient[ACCT_BYTES], uint64_t *count);

/* lab_party_of makes a party of account kind `kind` on this chain; the same number gives the same keys. */
struct lab_party lab_party_of(const struct lab *lab, uint8_t kind, uint32_t number);

/* lab_sign builds the signed envelope, with nonce + 1 and valid_until 60 s ahead. Gives: its size; counts the nonce up. */
size_t lab_sign(const struct lab *lab, struct lab_command *command, uint8_t out[ENVELOPE_BYTES_MAX]);

/* lab_admit does every stateless check, signatures, payload and new key included, as of the next block's time. */
enum code lab_admit(const struct lab *lab, struct bytes envelope, struct bytes payload);

/* lab_execute executes envelopes as one block, 1 s after the last. Gives: the code of the last one. */
enum code lab_execute(struct lab *lab, const struct bytes *envelopes, uint32_t count);

/* lab_fingerprint gives a digest over the whole state, but for height, time and receipts of the chain, and nonce and bucket of `acct`. */
struct hash32 lab_fingerprint(struct lab *lab, const uint8_t acct[ACCT_BYTES]);

/* lab_send signs, admits and executes one command in a block of its own. Gives: the refusal or the receipt's code.
 * It asserts what every failure must leave behind: a refusal or failed sender check nothing at all, every later one no more than the
 * sender's nonce and bucket, of a registration nothing at all, and never an event. The party's nonce follows the ledger's. */
enum code lab_send(struct lab *lab, struct lab_command *command);

/* lab_actor registers an actor of an organisation and asserts that it worked. */
struct lab_party lab_actor(struct lab *lab, uint16_t org, uint8_t kind, uint8_t role, uint16_t caps, uint32_t number);

/* lab_patient registers a patient vouched for by this system actor and asserts that it worked. flags: REGISTER_*. */
struct lab_party lab_patient(struct lab *lab, struct lab_party *voucher, uint8_t policy, uint8_t flags, uint32_t number);

/* lab_register fills an ACTOR_SET register body for a party, proof of possession included. */
struct lab_command lab_register(struct lab *lab, uint16_t org, const struct lab_party *party, uint8_t kind, uint8_t role, uint16_t caps);

/* lab_end fills the body that suspends or retires a party (op: ACTOR_SUSPEND, ACTOR_RETIRE). */
struct lab_command lab_end(struct lab *lab, uint16_t org, const struct lab_party *party, enum actor_set_op op);

/* lab_located fills a POINTER_ADD of two locators of 509 bytes, for a patient who does not exist, and the payload that holds them. Keeps: sender, payload. */
#define LAB_LOCATED_BYTES (2 * 509)
struct lab_command lab_located(struct lab_party *sender, uint8_t payload[LAB_LOCATED_BYTES]);

/* lab_root gives the state root. */
struct hash32 lab_root(struct lab *lab);

#endif
