/* app.h: what consensus asks of the state machine: a table of pure functions, given to replica_init. They read the *executed* state, change
 * nothing, and answer alike at replicas with equal state (`standing`) or always alike (`parse`). node/apply.h fills the table. */
#ifndef WARD_CONSENSUS_APP_H
#define WARD_CONSENSUS_APP_H

#include "base/bytes.h"
#include "crypto/hash.h"
#include "wire/code.h"

#include <stdbool.h>
#include <stdint.h>

#define COMMAND_SIGNATURES_MAX 8 /* sender, three cosigners, proofs of possession */
#define COMMAND_TOKENS_MAX 392   /* that one command can take from a bucket */

/* One signature that a command rests on. Views into the command's bytes; the digest is computed. */
struct command_signature {
    const uint8_t *key;
    const uint8_t *signature;
    struct hash32 digest;
    enum code refusal; /* what is told when it is not valid: SIG, COSIG or POP */
};

/* A command as consensus sees it: opaque bytes with an index entry. */
struct command {
    struct bytes bytes;      /* envelope, then its payload. View */
    uint32_t envelope_bytes; /* what the leaf under the payload root covers; the rest is payload */
    struct hash32 id;        /* transaction id: what the sender signs, so the digest of the first signature */
    struct hash32 account;   /* the sender's account: with the nonce, what replay is judged by */
    uint64_t nonce;          /* from 1 */
    uint64_t valid_until_ms; /* block times beyond it refuse the command */
    uint32_t cost_ns;        /* static cost on the reference core, by type and items (V5) */
    uint32_t tokens;         /* the most that it can take from a bucket, 1 .. COMMAND_TOKENS_MAX */
    struct hash32 payer;     /* the account whose bucket that is: the sender's, or who vouches for a new one */
    uint32_t signatures_count; /* 1 .. COMMAND_SIGNATURES_MAX */
    struct command_signature signatures[COMMAND_SIGNATURES_MAX];
};

/* How a command stands in the executed state at a block time. */
struct command_standing {
    uint64_t nonce_executed; /* of the sender's account; 0 when there is none yet */
    uint32_t origin;         /* whose fair share it takes: its organisation, 0 .. ORGANISATIONS_MAX */
    enum code code;          /* OK: its sender (of a PATIENT_REGISTER: the vouching cosigner) exists, and its bucket allows it when nothing else comes before it; else why not.
                                Nonces, expiry, and what waits or is in flight are not judged here: consensus does that. */
    uint32_t interval_ms;    /* with OK and CODE_RATE: what one token of the payer is in time, */
    int64_t spare_ms;        /* and how much of it may be taken before this command; < 0 with CODE_RATE: that it lacks, and will have after so long if nothing else is sent */
};

struct app {
    void *context; /* handed to each function */

    /* scan reads the command at the front of `bytes`: every stateless check but signatures, time and hashes of the payload (codes 100-105, 108, 112-114, 212).
     * Gives: OK and *command, command->bytes.size bytes long, all but its id and the digests of its signatures; else the refusal. Any input is safe.
     * recall gives *command once more when scan has accepted it before: without a check, and without what name gives. Needs: its bytes, how many of them are its envelope,
     * and `tokens` as scan gave them.
     * name gives these to `count` commands that scan accepted. payloads compares their payloads with what was signed: OK, or 115 when any of them is another.
     * Cost: of name the hash of each id and of each cosigner's digest, of payloads two hashes of each payload, of several commands side by side. */
    enum code (*scan)(void *context, struct bytes bytes, struct command *command);
    void (*recall)(void *context, struct bytes bytes, uint32_t envelope_bytes, uint32_t tokens, struct command *command);
    void (*name)(void *context, struct command *commands, uint32_t count);
    enum code (*payloads)(void *context, const struct command *commands, uint32_t count);

    /* expect says that `standing` or `nonce` will soon be asked about this account: step 0, then step 1 with other work in between. Changes nothing. */
    void (*expect)(void *context, const struct hash32 *account, unsigned step);

    /* standing judges a parsed command in the executed state, as of block time time_ms. Cost: a few state lookups. */
    void (*standing)(void *context, const struct command *command, uint64_t time_ms, struct command_standing *standing);

    /* nonce gives the executed nonce of an account; 0 when there is none. Cost: one state lookup. */
    uint64_t (*nonce)(void *context, const struct hash32 *account);
};

/* A command must be valid no longer than this from the time of its block. Source: ledger, envelope. */
#define COMMAND_VALID_MS_MAX 600000u

#endif
