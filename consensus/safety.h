/* safety.h: the rules that a signature rests on, as pure predicates over the durable voting state, and the only functions that change it.
 *
 * Everything that agreement depends on at one replica is in this pair of files. `limit_view` is the highest view in which this replica
 * must sign nothing because its log lost a batch (T11) or its disk is lost (E5); -1 when nothing was lost. `mute` stands while its disk is nearly full (T9). */
#ifndef WARD_CONSENSUS_SAFETY_H
#define WARD_CONSENSUS_SAFETY_H

#include "consensus/effect.h"
#include "wire/block.h"
#include "wire/cert.h"

#include <stdbool.h>
#include <stdint.h>

#define SAFETY_LIMIT_UNKNOWN INT64_MAX /* limit_view of a replica that does not know yet what its key signed (E5): it signs nothing at all */

struct safety {
    struct voting_state state; /* as of the newest append; what has left is covered by it */
    int64_t limit_view;
    bool mute;
    bool voted, timed_out; /* since the start; the first of each: */
    struct rank first_vote;
    uint64_t first_timeout;
};

/* safety_init gives the state of a replica that has signed nothing in this epoch, whose root has this height. */
void safety_init(struct safety *safety, uint64_t epoch, uint64_t root_height);

/* safety_check_view tells whether anything may be voted for in a view. Gives: OK or STALE. Source: V1, T1. */
enum verdict safety_check_view(const struct safety *safety, uint64_t view, uint64_t current_view);

/* safety_fits tells whether a block follows the one that a QC of the view certifies, whoever may vote for it. Gives: OK, RANGE or HASH. Source: V6. */
enum verdict safety_fits(uint64_t view, const struct block_header *header, const struct ballot *justify);

/* safety_check_following judges a following vote for `header` under the QC of its parent. Gives: OK, STALE (V1, V2), RANGE or HASH (V6).
 * Source: V1, V2, V6. The caller has verified the certificate (V3) and the block (V4, V5). */
enum verdict safety_check_following(const struct safety *safety, uint64_t view, uint64_t current_view, const struct block_header *header,
                                    const struct ballot *justify);

/* safety_check_opening judges an opening vote for the very block that `justify` certifies, under a TC of the view before whose highest
 * rank is tc_rank. Gives: OK, STALE or RANGE. Source: V1, V7, I9. */
enum verdict safety_check_opening(const struct safety *safety, uint64_t view, uint64_t current_view, const struct ballot *justify, struct rank tc_rank);

/* safety_can_commitvote tells whether a commit vote for this QC may be signed. Source: C3, I7. */
bool safety_can_commitvote(const struct safety *safety, const struct ballot *certified);

/* safety_knows_high tells whether the QC that the log names is known: a cut write may have left its name alone. Without it no TIMEOUT and no
 * COMMITVOTE is signed, which would state less than was promised (C3, T1). Source: I6. */
bool safety_knows_high(const struct safety *safety, const struct ballot *high);

/* safety_can_timeout tells whether a TIMEOUT of this view may be signed: never one lower than before. Source: T1, I6. */
bool safety_can_timeout(const struct safety *safety, uint64_t view);

/* safety_check asserts what holds of the voting state between steps. Source: I3, I6. */
void safety_check(const struct safety *safety);

/* The changes. Each asserts the predicate that allows it, and that nothing moves backwards (I3, I6). */
void safety_record_vote(struct safety *safety, const struct ballot *ballot);
void safety_record_high(struct safety *safety, const struct ballot *high, const struct hash32 *digest);
void safety_record_timeout(struct safety *safety, uint64_t view);
void safety_record_tc(struct safety *safety, const struct hash32 *digest);
void safety_record_led(struct safety *safety, uint64_t view);
void safety_record_committed(struct safety *safety, uint64_t height);

#endif
