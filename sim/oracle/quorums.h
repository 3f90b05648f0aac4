/* quorums.h: what quorums can have said: the votes and timeouts that left honest members, and from them alone which certificates can exist and
 * which blocks can be committed. Nothing that a replica concludes is asked: f, q, the rules of commit are written here a second time.
 *
 *     a certificate exists only if the honest members that voted so, and all liars, are q             I11, T2
 *     a block is committed only by C1 (it and its child in one view) or C2, or below one that is      C1, C2
 *     a following vote needs a certificate of the parent in its view, which can exist             V6
 *     an opening vote needs a quorum that ended the view before, and of the ranks that its members stated then none above the block's    V7, I9
 *
 * A leader's own votes do not leave it: its proposal counts for its vote, and its CERT for its commit vote. */
#ifndef WARD_SIM_ORACLE_QUORUMS_H
#define WARD_SIM_ORACLE_QUORUMS_H

#include "sim/oracle/facts.h"
#include "wire/block.h"
#include "wire/cert.h"

#define QUORUMS_MEMBERS_MAX 64u /* a set of members is one number; larger clusters are not watched */

struct quorums {
    bool on;
    uint32_t members_count, quorum;
    uint64_t liars;
    struct facts said;      /* what -> who, one bit each */
    struct facts stated;    /* (view, member) -> the first rank on which it timed the view out */
    uint64_t root;          /* of epoch 0 */
    struct facts parents;   /* block -> its parent */
    struct facts committed; /* blocks that may be */
};

/* quorums_init begins with the root of epoch 0, which is committed. Needs: liars is set before the first vote. */
void quorums_init(struct quorums *quorums, uint32_t members_count, const struct member_set *liars, const struct hash32 *chain_id);
void quorums_close(struct quorums *quorums);

/* quorums_size gives q for n members: the smallest number of which any two sets share an honest member. */
uint32_t quorums_size(uint32_t members_count);

/* What honest members say. */
void quorums_header(struct quorums *quorums, const struct block_header *header);
void quorums_voted(struct quorums *quorums, uint32_t member, const struct ballot *ballot);
void quorums_timed_out(struct quorums *quorums, uint32_t member, uint64_t view, struct rank rank);

/* Whether the parent of a block may be followed in this view, `below` being its rank there; whether a block may open a view. Blocks by their digests. */
bool quorums_can_follow(const struct quorums *quorums, uint64_t epoch, struct rank below, uint64_t parent);
bool quorums_can_open(const struct quorums *quorums, const struct ballot *opening);

/* Whether these can exist; true for everything while not watched. */
bool quorums_can_certify(const struct quorums *quorums, const struct ballot *ballot);
bool quorums_can_end(const struct quorums *quorums, const struct timeout_cert *tc);
bool quorums_can_commit(const struct quorums *quorums, const struct hash32 *block);

#endif
