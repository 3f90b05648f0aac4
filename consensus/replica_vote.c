/* replica_vote.c: votes and commit votes: cast when all that they rest on is appended, sent when that is durable, and said again after a crash.
 *
 *     checked block, or opening -> one append: block, TC, vote, high QC -> VOTE to the leader
 *
 * A block that a quorum stands behind is never voted for as a following block: its certificate is there. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#include <string.h>

/* log_ancestors appends what lies below a block and is not in the log yet, lowest first (V3). */
static void log_ancestors(struct replica *r, const struct hash32 *hash)
{
    struct block *path[64];
    uint32_t count = 0;

    for (struct block *at = blocks_find(&r->blocks, hash); at != NULL && at->header.height > r->history.high;
         at = blocks_find(&r->blocks, &at->header.parent)) {
        ASSERT(count < 64);
        if (at->lsn == 0) { /* One of which a cut write kept the header alone was fetched again, below others that are in the log. */
            path[count++] = at;
        }
    }
    while (count > 0) {
        struct effect *append = replica_append_begin(r);
        replica_add_block(r, append, path[--count]);
        replica_append_end(r, append, false);
    }
}

static void send_vote(struct replica *r, enum message_type type, const struct ballot *ballot, uint64_t after_lsn)
{
    struct hash32 digest = ballot_digest(&r->chain_id, ballot);

    ASSERT(type == MESSAGE_VOTE || type == MESSAGE_COMMITVOTE);
    ASSERT((type == MESSAGE_COMMITVOTE) == (ballot->kind == VOTE_COMMIT));
    r->msg.type = type;
    memset(r->msg.vote.signature, 0, sizeof r->msg.vote.signature);
    r->msg.vote.ballot = *ballot;
    replica_send(r, member_set_one(replica_leader(r, ballot->rank.view)), after_lsn, &digest);
}

/* cast appends what the vote rests on, in one append, and lets it leave when that is durable (I8). */
static void cast(struct replica *r, const struct ballot *ballot, struct block *block)
{
    struct effect *append = replica_append_begin(r);
    struct missing missing;

    ASSERT(ballot->rank.view == r->view); /* V1 */
    if (block != NULL && block->lsn == 0) {
        replica_add_block(r, append, block);
    }
    replica_add_tc(r, append);
    safety_record_vote(&r->safety, ballot);
    replica_add_high(r, append);
    uint64_t lsn = replica_append_end(r, append, true);
    ASSERT(replica_is_held(r, ballot->rank.height, &ballot->block, true, &missing)); /* V3 */
    ASSERT(lsn == r->lsn);                                                           /* I8: the vote waits for all of it */
    r->rides_in_step = true;
    ASSERT(rank_compare(ballot->rank, r->safety.state.vote) == 0);        /* I8: what leaves is what was recorded */
    ASSERT(hash_equal(&ballot->block, &r->safety.state.vote_block)); /* I8 */
    replica_mark(r, MARK_VOTED, ballot->rank.height, r->self, ballot->kind);
    send_vote(r, MESSAGE_VOTE, ballot, lsn);
}

static void vote_opening(struct replica *r)
{
    struct opening *opening = &r->opening;
    struct missing missing;

    if (!opening->waiting || opening->view != r->view) {
        return;
    }
    if (safety_check_opening(&r->safety, opening->view, r->view, &opening->justify, opening->tc_rank) != VERDICT_OK || r->high.ballot.rank.view >= r->view) {
        opening->waiting = false;
        return;
    }
    if (!replica_is_held(r, opening->justify.rank.height, &opening->justify.block, false, &missing)) {
        return; /* It is being fetched. */
    }
    ASSERT(opening->justify.rank.view < r->view);                       /* V7 */
    ASSERT(rank_compare(opening->justify.rank, opening->tc_rank) >= 0); /* V7, I9 */
    opening->waiting = false;
    log_ancestors(r, &opening->justify.block);
    struct ballot ballot = { VOTE_OPENING, r->config.epoch.epoch, { r->view, opening->justify.rank.height }, opening->justify.block };
    cast(r, &ballot, NULL);
}

/* vote_following votes for the lowest checked block of the view that may still be voted for. */
static bool vote_following(struct replica *r)
{
    struct block *best = NULL;
    struct missing missing;

    for (uint32_t i = 0; i < r->blocks.count; i++) {
        struct block *block = &r->blocks.slots[i];
        bool open = !block->by_quorum && !block->committed && block->header.height > r->history.high; /* V3: it descends from the committed point */
        bool can = block->used && block->checked && open && block->view == r->view && block->has_justify && !replica_is_late(r, block);
        if (can && (best == NULL || block->header.height < best->header.height) &&
            safety_check_following(&r->safety, r->view, r->view, &block->header, &block->justify.ballot) == VERDICT_OK &&
            replica_is_held(r, block->header.height - 1, &block->header.parent, false, &missing) && !replica_holds_back(r, block)) { /* P1: what it checked in an earlier view too */
            best = block;
        }
    }
    if (best == NULL) {
        return false;
    }
    ASSERT(best->body_state == BODY_GOOD);                                 /* V4 */
    ASSERT(!replica_is_late(r, best));                                     /* V4: now, however long ago it was looked at */
    ASSERT(best->header.height > r->history.high);                         /* V3, I10 */
    ASSERT(best->header.commands_count > 0);                               /* V4, I16 */
    ASSERT(best->checked);                                                 /* V5 */
    ASSERT(!r->duty.holds || best->hold_until_ns == 0 || best->hedged);    /* P1 */
    ASSERT(best->justify.ballot.rank.view == r->view);                     /* V6 */
    ASSERT(hash_equal(&best->justify.ballot.block, &best->header.parent)); /* V6, I5 */
    log_ancestors(r, &best->header.parent);
    struct ballot ballot = { VOTE_FOLLOWING, r->config.epoch.epoch, { r->view, best->header.height }, best->hash };
    cast(r, &ballot, best);
    return true;
}

void replica_pump_votes(struct replica *r)
{
    for (uint32_t i = 0; i < r->blocks.count; i++) {
        struct block *block = &r->blocks.slots[i];
        if (block->used && block->has_justify && block->view == r->view && !replica_is_leader(r)) {
            replica_examine(r, block, replica_leader(r, r->view), NULL);
        }
    }
    vote_opening(r);
    for (uint32_t i = 0; i < 4 && vote_following(r); i++) {
    }
}

void replica_resend_vote(struct replica *r)
{
    const struct voting_state *state = &r->safety.state;

    if (state->vote_kind == VOTE_ROOT || (int64_t)state->vote.view <= state->timeout_view) {
        return;
    }
    const struct block *block = blocks_find(&r->blocks, &state->vote_block);
    if (!history_has(&r->history, state->vote.height, &state->vote_block) && (block == NULL || block->lsn == 0)) {
        return; /* V3: a cut write left the vote without its block. */
    }
    struct ballot ballot = { (enum vote_kind)state->vote_kind, state->epoch, state->vote, state->vote_block };
    send_vote(r, MESSAGE_VOTE, &ballot, r->lsn);
}

void replica_commitvote(struct replica *r, const struct ballot *certified)
{
    uint64_t lsn = r->lsn;

    if (!safety_can_commitvote(&r->safety, certified) || !safety_knows_high(&r->safety, &r->high.ballot)) {
        return;
    }
    ASSERT(rank_compare(certified->rank, r->high.ballot.rank) <= 0); /* C3 */
    if (!r->high_recorded) {
        struct effect *append = replica_append_begin(r);
        replica_add_tc(r, append);
        replica_add_high(r, append);
        lsn = replica_append_end(r, append, true);
    }
    ASSERT(r->high_recorded);                                             /* C3 */
    ASSERT((int64_t)certified->rank.view > r->safety.state.timeout_view); /* C3, I7 */
    r->commitvoted = rank_compare(certified->rank, r->commitvoted) > 0 ? certified->rank : r->commitvoted;
    struct ballot ballot = { VOTE_COMMIT, certified->epoch, certified->rank, certified->block };
    replica_mark(r, MARK_COMMITVOTED, certified->rank.height, r->self, 0);
    send_vote(r, MESSAGE_COMMITVOTE, &ballot, lsn);
}
