/* vote.h: what one member signs: ranks, kinds of votes, and the 32-byte digests. Every digest holds chain id and epoch under its own
 * tag, so that no signature can serve as another across tags, epochs or chains (I11). */
#ifndef WARD_WIRE_VOTE_H
#define WARD_WIRE_VOTE_H

#include "base/bytes.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stdint.h>

/* Blocks and certificates are ranked by view, then height. */
struct rank {
    uint64_t view;
    uint64_t height;
};

/* The kinds are on the wire and, in last_vote, on disk. */
enum vote_kind {
    VOTE_ROOT = 0,      /* of a certificate only: the root of the epoch, which nobody signed */
    VOTE_OPENING = 1,   /* V7 */
    VOTE_FOLLOWING = 2, /* V6 */
    VOTE_COMMIT = 3,    /* COMMITVOTE, COMMITQC */
    VOTE_KIND_END
};

/* What a VOTE or COMMITVOTE is about. */
struct ballot {
    enum vote_kind kind; /* OPENING, FOLLOWING or COMMIT; ROOT in the certificate of a root */
    uint64_t epoch;
    struct rank rank;
    struct hash32 block;
};

/* What a replica states of its state after a checkpoint block. */
struct checkpoint {
    uint64_t epoch;
    uint64_t height;
    struct hash32 block;
    struct hash32 state_root;
    struct hash32 receipts_root;
    struct hash32 config_hash;
};

#define BALLOT_BYTES 57
#define CHECKPOINT_BYTES 144 /* two numbers, four hashes */

/* rank_compare gives -1, 0 or 1. */
int rank_compare(struct rank a, struct rank b);
struct rank rank_max(struct rank a, struct rank b);
bool ballot_equal(const struct ballot *a, const struct ballot *b);
bool checkpoint_equal(const struct checkpoint *a, const struct checkpoint *b);

/* Digests to sign. Cost: two compressions each. */
struct hash32 ballot_digest(const struct hash32 *chain_id, const struct ballot *ballot); /* Needs: kind is not ROOT */
struct hash32 timeout_digest(const struct hash32 *chain_id, uint64_t epoch, uint64_t view, struct rank high);
struct hash32 abdicate_digest(const struct hash32 *chain_id, uint64_t epoch, uint64_t view);
struct hash32 checkpoint_digest(const struct hash32 *chain_id, const struct checkpoint *checkpoint);

void rank_encode(struct rank rank, struct writer *writer);
enum verdict rank_decode(struct rank *rank, struct reader *reader); /* RANGE when a field is over WIRE_NUMBER_MAX */
void ballot_encode(const struct ballot *ballot, struct writer *writer);
enum verdict ballot_decode(struct ballot *ballot, struct reader *reader);
void checkpoint_encode(const struct checkpoint *checkpoint, struct writer *writer);
enum verdict checkpoint_decode(struct checkpoint *checkpoint, struct reader *reader);

#endif
