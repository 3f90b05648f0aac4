/* safety.c: see safety.h. No state of its own; every rule is one comparison. */
#include "consensus/safety.h"

#include "base/assert.h"

void safety_init(struct safety *safety, uint64_t epoch, uint64_t root_height)
{
    *safety = (struct safety){
        .state = { .epoch = epoch, .timeout_view = -1, .led_view = -1, .high = { .view = 0, .height = root_height }, .committed_height = root_height },
        .limit_view = -1,
    };
}

enum verdict safety_check_view(const struct safety *safety, uint64_t view, uint64_t current_view)
{
    if (view > WIRE_NUMBER_MAX) {
        return VERDICT_RANGE;
    }
    if (view < current_view || (int64_t)view <= safety->state.timeout_view || (int64_t)view <= safety->limit_view || safety->mute) {
        return VERDICT_STALE; /* V1, T1 */
    }
    return VERDICT_OK;
}

/* V2: strictly beyond the last vote, by view, then height. Before the first vote everything is. */
static bool is_beyond_last_vote(const struct safety *safety, struct rank rank)
{
    return safety->state.vote_kind == VOTE_ROOT || rank_compare(rank, safety->state.vote) > 0;
}

/* V7: the last vote was in a view below this one. */
static bool is_first_of_view(const struct safety *safety, uint64_t view)
{
    return safety->state.vote_kind == VOTE_ROOT || safety->state.vote.view < view;
}

enum verdict safety_fits(uint64_t view, const struct block_header *header, const struct ballot *justify)
{
    if (justify->rank.view != view || header->height != justify->rank.height + 1 || justify->kind == VOTE_COMMIT) {
        return VERDICT_RANGE; /* V6 */
    }
    return hash_equal(&header->parent, &justify->block) ? VERDICT_OK : VERDICT_HASH; /* V6 */
}

enum verdict safety_check_following(const struct safety *safety, uint64_t view, uint64_t current_view, const struct block_header *header,
                                    const struct ballot *justify)
{
    enum verdict verdict = safety_check_view(safety, view, current_view);

    if (verdict == VERDICT_OK) {
        verdict = safety_fits(view, header, justify);
    }
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    return is_beyond_last_vote(safety, (struct rank){ view, header->height }) ? VERDICT_OK : VERDICT_STALE;
}

enum verdict safety_check_opening(const struct safety *safety, uint64_t view, uint64_t current_view, const struct ballot *justify, struct rank tc_rank)
{
    enum verdict verdict = safety_check_view(safety, view, current_view);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (view == 0 || justify->rank.view >= view || justify->kind == VOTE_COMMIT) {
        return VERDICT_RANGE; /* V7 */
    }
    if (rank_compare(justify->rank, tc_rank) < 0) {
        return VERDICT_RANGE; /* V7, I9 */
    }
    return is_first_of_view(safety, view) ? VERDICT_OK : VERDICT_STALE; /* V7 */
}

bool safety_can_commitvote(const struct safety *safety, const struct ballot *certified)
{
    bool is_qc = certified->kind == VOTE_OPENING || certified->kind == VOTE_FOLLOWING;

    return is_qc && !safety->mute && (int64_t)certified->rank.view > safety->state.timeout_view && (int64_t)certified->rank.view > safety->limit_view;
}

bool safety_knows_high(const struct safety *safety, const struct ballot *high)
{
    return rank_compare(high->rank, safety->state.high) >= 0;
}

bool safety_can_timeout(const struct safety *safety, uint64_t view)
{
    return view <= WIRE_NUMBER_MAX && !safety->mute && (int64_t)view >= safety->state.timeout_view && (int64_t)view > safety->limit_view;
}

void safety_check(const struct safety *safety)
{
    const struct voting_state *state = &safety->state;

    ASSERT(state->timeout_view >= -1);
    ASSERT(state->led_view >= -1);
    ASSERT(safety->limit_view >= -1);
    ASSERT(state->vote_kind == VOTE_ROOT || state->vote_kind == VOTE_OPENING || state->vote_kind == VOTE_FOLLOWING);
    ASSERT(!safety->voted || state->vote_kind != VOTE_ROOT);
    ASSERT(!safety->voted || rank_compare(safety->first_vote, state->vote) <= 0); /* I3, I6 */
    ASSERT(!safety->timed_out || (int64_t)safety->first_timeout <= state->timeout_view); /* I6 */
    ASSERT(!safety->timed_out || (int64_t)safety->first_timeout > safety->limit_view); /* T1, T11 */
    ASSERT(state->high.view <= WIRE_NUMBER_MAX);
    ASSERT(state->committed_height <= WIRE_NUMBER_MAX);
}

void safety_record_vote(struct safety *safety, const struct ballot *ballot)
{
    ASSERT(ballot->kind == VOTE_OPENING || ballot->kind == VOTE_FOLLOWING);
    ASSERT(ballot->epoch == safety->state.epoch);
    ASSERT(!safety->mute);                                                                 /* T9 */
    ASSERT((int64_t)ballot->rank.view > safety->state.timeout_view);                       /* V1, I7 */
    ASSERT((int64_t)ballot->rank.view > safety->limit_view);                               /* V1, T11 */
    ASSERT(is_beyond_last_vote(safety, ballot->rank));                                     /* V2, I3 */
    ASSERT(ballot->kind == VOTE_FOLLOWING || is_first_of_view(safety, ballot->rank.view)); /* V7 */
    safety->first_vote = safety->voted ? safety->first_vote : ballot->rank;
    safety->voted = true;
    safety->state.vote_kind = (uint8_t)ballot->kind;
    safety->state.vote = ballot->rank;
    safety->state.vote_block = ballot->block;
}

void safety_record_high(struct safety *safety, const struct ballot *high, const struct hash32 *digest)
{
    ASSERT(high->kind != VOTE_COMMIT);
    ASSERT(high->epoch == safety->state.epoch);
    ASSERT(rank_compare(high->rank, safety->state.high) >= 0); /* I6 */
    safety->state.high = high->rank;
    safety->state.high_digest = *digest;
}

void safety_record_timeout(struct safety *safety, uint64_t view)
{
    ASSERT(safety_can_timeout(safety, view));            /* T1 */
    ASSERT((int64_t)view >= safety->state.timeout_view); /* I6 */
    safety->first_timeout = safety->timed_out ? safety->first_timeout : view;
    safety->timed_out = true;
    safety->state.timeout_view = (int64_t)view;
}

void safety_record_tc(struct safety *safety, const struct hash32 *digest)
{
    ASSERT(!hash_is_zero(digest));
    safety->state.tc_digest = *digest;
}

void safety_record_led(struct safety *safety, uint64_t view)
{
    ASSERT(view <= WIRE_NUMBER_MAX);
    ASSERT((int64_t)view >= safety->state.led_view);    /* L4, I6, I17 */
    ASSERT((int64_t)view > safety->state.timeout_view); /* T1 */
    safety->state.led_view = (int64_t)view;
}

void safety_record_committed(struct safety *safety, uint64_t height)
{
    ASSERT(height <= WIRE_NUMBER_MAX);
    if (height > safety->state.committed_height) { /* I2, I6: after a restart blocks are committed again that were so before. */
        safety->state.committed_height = height;
    }
    ASSERT(safety->state.committed_height >= height); /* I2 */
}
