/* ask.h: putting questions: as whom, from which state, and keeping the answers as a proof.
 *
 *     --key FILE      the asker's signing key: a patient's, an actor's, or with --org an organisation's admin or officer key
 *     --as ACCOUNT    the account when its key is no longer the first one
 *     --certified     answer from the newest certified checkpoint; waits for one. Needs --genesis
 *     --above HEIGHT  the certified state must be of this height at least
 *     --out FILE      write the answers as a proof that `ward verify` checks offline, into a new file; implies --certified
 *
 * Every answer is checked before it is shown. */
#ifndef WARD_CLI_ASK_H
#define WARD_CLI_ASK_H

#include "cli/proof_check.h"
#include "cli/reach.h"
#include "node/keyfile.h"

#define ASK_FLAGS ASK_FLAGS_WITHIN("10s")
#define ASK_FLAGS_WITHIN(time)                                                                                                                           \
    REACH_FLAGS_WITHIN(time),                                                                                                                            \
    { .name = "key", .type = FLAG_PATH, .help = "signing key of who asks: needed for whatever is about a patient" },                                    \
    { .name = "as", .type = FLAG_HEX, .min = 32, .max = 32, .help = "account of who asks, when --key is not its first key" },                           \
    { .name = "org", .type = FLAG_NUMBER, .min = 1, .max = 65535, .help = "organisation, when --key is an admin's or officer's" },                      \
    { .name = "certified", .type = FLAG_SWITCH, .help = "answer from the newest certified checkpoint, waiting for one; needs --genesis" },              \
    { .name = "above", .type = FLAG_NUMBER, .min = 0, .max = 0, .help = "with --certified: height that the checkpoint must have reached" },             \
    { .name = "out", .type = FLAG_PATH, .help = "new file for a proof that `ward verify` checks; implies --certified" }

struct ask {
    const struct args *args;
    struct reach reach;
    struct proof_checker checker;
    struct proof_draft draft;   /* with --out */
    struct hash32 genesis;      /* of the chain that answers */
    struct keyfile *key;        /* in locked memory; NULL without --key */
    uint8_t account[ACCT_BYTES];
    bool certified;
    bool waits;                 /* for a certified checkpoint that is new enough; else there being none yet is a refusal as others are */
    uint64_t above;
    uint64_t end_ns;
    uint8_t *answer;            /* the last one, copied */
    size_t answer_bytes;
};

/* ask_open reads the flags, loads the key, and only then connects: a key that others can read is refused whoever answers. Needs: the row has ASK_FLAGS. Gives: EXIT_FINE, or the exit code after output_fail.
 * Owns: the caller calls ask_close in either case. */
int ask_open(const struct args *args, struct ask *ask);
void ask_close(struct ask *ask);

/* ask_account_of gives the account that a key file's key had first. Gives: false when it has none: a replica's key, or an organisation's without `org`. */
bool ask_account_of(const struct keyfile *key, const struct hash32 *genesis, uint16_t org, uint8_t account[ACCT_BYTES]);

/* ask_query puts one question: fills in who asks and from which state, signs, waits, checks, and adds it to the proof. Gives: EXIT_FINE with
 * ask->checker of this item; else the exit code after output_fail: EXIT_NO (refused), EXIT_UNREACHABLE, EXIT_INTEGRITY (the answer does not check). */
int ask_query(struct ask *ask, struct query *query);

/* ask_try is ask_query for a question whose refusal is an answer too. Gives: *code, 0 with ask->checker of this item, or the refusal. */
int ask_try(struct ask *ask, struct query *query, uint16_t *code);

/* ask_renew lets what is asked from now on take the whole time of --timeout again. */
void ask_renew(struct ask *ask);

/* ask_header asks for a block header and its CommitProof. Gives: as ask_query. */
int ask_header(struct ask *ask, uint64_t height);

/* ask_forget drops what was collected for the proof, to begin again at another state. */
int ask_forget(struct ask *ask);

/* ask_finish writes the proof, if one is wanted, and prints the result. Owns: takes the reference. */
int ask_finish(struct ask *ask, enum proof_claim claim, json_t *result);

#endif
