/* choices.c: see choices.h. */
#include "sim/oracle/choices.h"

#include "sim/oracle/oracle.h"

#define BEHIND_MS 60000u /* V4 allows half of it; the rest is for votes that wait for their disk */

#define UNSAFE(oracle, ...) oracle_fail((oracle)->failure, FAILURE_SAFETY, __VA_ARGS__)

static uint64_t spoiled_name(const struct ballot *ballot)
{
    bool opens = ballot->kind == VOTE_OPENING;

    return fact_name(opens, opens ? ballot->rank.view : 0, fact_digest(ballot->block.bytes, HASH_BYTES), 0);
}

void choices_vote(struct oracle *oracle, uint32_t from, const struct ballot *ballot)
{
    uint64_t block = fact_digest(ballot->block.bytes, HASH_BYTES), time_ms = facts_find(&oracle->times, block);
    uint64_t parent = lineage_parent(&oracle->lineage, block), parent_ms = facts_find(&oracle->times, parent);
    const struct oracle_member *member = &oracle->members[from];
    bool again = member->vote_digest != 0 && rank_compare(ballot->rank, member->vote) <= 0; /* It was said before, when its time was right. */
    unsigned long long view = ballot->rank.view, height = ballot->rank.height;

    if (ballot->kind == VOTE_COMMIT || member_set_has(&oracle->liars, from)) {
        return;
    }
    if (facts_find(&oracle->spoiled, spoiled_name(ballot)) != 0) {
        UNSAFE(oracle, "%s: r%u votes at view %llu, height %llu for %s", ballot->kind == VOTE_OPENING ? "I9" : "V5", from, view, height,
               ballot->kind == VOTE_OPENING ? "less than the TC states" : "what may be in no block");
    }
    struct rank below = { view, ballot->rank.height - 1 };
    if (ballot->kind == VOTE_FOLLOWING && parent != 0 && !quorums_can_follow(&oracle->quorums, ballot->epoch, below, parent)) {
        UNSAFE(oracle, "V6: r%u votes at view %llu, height %llu for a block whose parent can have no certificate in that view", from, view, height);
    }
    if (ballot->kind == VOTE_OPENING && !quorums_can_open(&oracle->quorums, ballot)) {
        UNSAFE(oracle, "V7: r%u votes for an opening of view %llu, height %llu, on less than a quorum can have stated when it ended the view before", from, view, height);
    }
    if (ballot->kind == VOTE_OPENING && !again && !member->excused && member->vote_digest != 0 && member->vote.view == view) {
        UNSAFE(oracle, "V7: r%u votes for an opening of view %llu, height %llu, in which it has voted before", from, view, height);
    }
    if (ballot->kind == VOTE_FOLLOWING && !again && time_ms > 0 && time_ms + BEHIND_MS < oracle->wall_ms_now) {
        UNSAFE(oracle, "V4: r%u votes at view %llu, height %llu for a time that is long past", from, view, height);
    }
    if (ballot->kind == VOTE_FOLLOWING && oracle->wall_ms_most > 0 && time_ms > oracle->wall_ms_most + CHOICES_AHEAD_MS + 1 && time_ms > parent_ms + 2) {
        UNSAFE(oracle, "V4: r%u votes at view %llu, height %llu for a time that no clock has seen", from, view, height);
    }
}

void oracle_spoiled(struct oracle *oracle, const struct ballot *ballot)
{
    (void)facts_keep(&oracle->spoiled, spoiled_name(ballot), 1);
}
