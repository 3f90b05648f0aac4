/* replica_commit.c: from proofs to executed blocks.
 *
 *     certified chain    b ... b'        slots above the committed height, each the parent of the next
 *     in flight          executed + 1 .. the newest block that was voted for, proposed or committed (V5)
 *     committed          history; bodies stay in their slots until EXECUTED
 *
 * Invariants: history.high >= executed_height; every committed, not executed block has a slot; flight[h] for executed < h <= flight_high is one chain. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

/* --- Chains --------------------------------------------------------------------------------------------------------------------------------- */

/* is_readable: the body is the one that the header names. Its leader may have sent us another one: then it is not here. */
static bool is_readable(struct replica *r, struct block *block)
{
    ASSERT(block->used);
    if (block->body_state == BODY_UNREAD) {
        (void)block_read(&r->blocks, block, &r->app, NULL);
    }
    return block->body_state == BODY_GOOD;
}

bool replica_is_held(struct replica *r, uint64_t height, const struct hash32 *hash, bool logged, struct missing *missing)
{
    struct hash32 at = *hash;

    for (uint32_t i = 0; i <= r->blocks.count; i++) {
        *missing = (struct missing){ height, at };
        if (height <= r->history.high) {
            return history_has(&r->history, height, &at);
        }
        struct block *block = blocks_find(&r->blocks, &at);
        if (block == NULL || block->is_bundle || block->header.height != height || (logged && block->lsn == 0) || !is_readable(r, block)) {
            return false;
        }
        at = block->header.parent;
        height--;
    }
    return false;
}

bool replica_parent_time(struct replica *r, const struct block_header *header, uint64_t *time_ms)
{
    const struct history_entry *entry = header->height > 0 ? history_find(&r->history, header->height - 1) : NULL;

    if (entry != NULL) {
        *time_ms = entry->header.time_ms;
        return hash_equal(&entry->hash, &header->parent);
    }
    struct block *block = blocks_find(&r->blocks, &header->parent);
    if (block == NULL || block->header.height + 1 != header->height) {
        return false;
    }
    *time_ms = block->header.time_ms;
    return true;
}

/* --- Room --------------------------------------------------------------------------------------------------------------------------------------- */

/* is_needed: the slot is on the way from the committed point to something that may still commit, or is proved committed: the newest certificate may be of a block that
 * is not here, and then leads nowhere. */
static bool is_needed(struct replica *r, const struct block *block)
{
    struct hash32 tips[4] = { r->high.ballot.block, r->safety.state.vote_block, r->lead.target.block, r->pending_proof.first.ballot.block };
    uint32_t count = r->has_pending_proof ? 4 : 3;

    if (block->committed || block->verifying || block->is_bundle) {
        return true;
    }
    if (block->header.height <= r->history.high) {
        return false; /* of a branch that lost */
    }
    for (uint32_t i = 0; i < count; i++) {
        struct hash32 at = tips[i];
        for (uint32_t steps = 0; steps < r->blocks.count; steps++) {
            if (hash_equal(&at, &block->hash)) {
                return true;
            }
            struct block *next = blocks_find(&r->blocks, &at);
            if (next == NULL) {
                break;
            }
            at = next->header.parent;
        }
    }
    return false;
}

/* The block in flight at a height above the executed one, NULL when another or none is. */
static bool is_flying(const struct replica *r, const struct block *block)
{
    uint64_t height = block->header.height;

    ASSERT(r->flight_high >= r->executed_height);
    return height > r->executed_height && height <= r->flight_high && hash_equal(&r->flight[height % 64], &block->hash);
}

static bool is_useless(const struct replica *r, const struct block *block)
{
    return block->refused || block->body_state == BODY_BAD || block->header.height <= r->history.high;
}

/* is_worse: a is given up before b. First what is of no use; while the log is read back what stands earlier in it, for the views of its records
 * say nothing about a chain that was fetched; then what is of another view than this, older ones before. */
static bool is_worse(const struct replica *r, const struct block *a, const struct block *b)
{
    ASSERT(a->used);
    ASSERT(b->used);
    if (is_useless(r, a) != is_useless(r, b)) {
        return is_useless(r, a);
    }
    if (!r->started) {
        return a->lsn < b->lsn;
    }
    if ((a->view == r->view) != (b->view == r->view)) {
        return a->view != r->view;
    }
    return a->view < b->view || (a->view == b->view && a->header.height < b->header.height);
}

uint32_t replica_room_count(struct replica *r)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < r->blocks.count; i++) {
        count += !r->blocks.slots[i].used || !is_needed(r, &r->blocks.slots[i]);
    }
    ASSERT(count <= r->blocks.count);
    return count;
}

void replica_let_go(struct replica *r, struct block *block)
{
    ASSERT(block->used);
    if (is_flying(r, block)) {
        replica_land(r, block->header.height - 1);
    }
    blocks_release(block);
}

/* is_linking: while the log is read back, the slot is the parent of another one or of the new block. A chain that waits for its proof is not cut. */
static bool is_linking(const struct replica *r, const struct block *block, const struct block_header *header)
{
    bool links = !r->started && hash_equal(&header->parent, &block->hash);

    ASSERT(block->used);
    for (uint32_t i = 0; i < r->blocks.count && !r->started && !links; i++) {
        links = r->blocks.slots[i].used && hash_equal(&r->blocks.slots[i].header.parent, &block->hash);
    }
    return links && block->header.height > r->history.high;
}

struct block *replica_room(struct replica *r, const struct block_header *header, const struct hash32 *hash)
{
    struct block *worst = NULL;

    if (blocks_free(&r->blocks) > 0) {
        return blocks_new(&r->blocks, header, hash);
    }
    for (uint32_t i = 0; i < r->blocks.count; i++) {
        struct block *block = &r->blocks.slots[i];
        if (!is_needed(r, block) && !is_linking(r, block, header) && (worst == NULL || is_worse(r, block, worst))) {
            worst = block;
        }
    }
    if (worst == NULL) {
        return NULL;
    }
    replica_let_go(r, worst);
    return blocks_new(&r->blocks, header, hash);
}

/* --- In flight ------------------------------------------------------------------------------------------------------------------------------------ */

void replica_land(struct replica *r, uint64_t above_height)
{
    ASSERT(above_height >= r->executed_height);
    while (r->flight_high > above_height) {
        pool_inflight_remove(r->pool, r->now, r->flight_high);
        r->flight_high--;
    }
    ASSERT(r->flight_high >= r->executed_height);
}

void replica_land_abandoned(struct replica *r)
{
    uint64_t height = r->high.ballot.rank.height;

    replica_land(r, height > r->history.high ? height : r->history.high);
}

struct flyer {
    struct replica *r;
    uint64_t height;
    bool ok;
    const struct block_sink *sink;
};

static void fly_command(void *context, const struct command *command)
{
    struct flyer *flyer = context;

    ASSERT(flyer->height == flyer->r->flight_high);
    if (pool_inflight_add(flyer->r->pool, flyer->r->now, flyer->height, command) != POOL_FLIGHT_OK) {
        flyer->ok = false;
    }
    if (flyer->sink != NULL) {
        flyer->sink->command(flyer->sink->context, command);
    }
}

static void fly_expect(void *context, const struct command *command, unsigned step)
{
    const struct flyer *flyer = context;

    pool_expect(flyer->r->pool, command, step);
}

/* fly_one puts one block in flight above a parent that is. A block that a quorum stands behind flies whatever it holds. */
static enum verdict fly_one(struct replica *r, struct block *block, const struct block_sink *sink)
{
    struct flyer flyer = { r, block->header.height, true, sink };
    struct block_sink through = { &flyer, fly_expect, fly_command };

    ASSERT(block->header.height == r->flight_high + 1);
    r->flight_high = block->header.height;
    r->flight[r->flight_high % 64] = block->hash;
    enum verdict verdict = block_read(&r->blocks, block, &r->app, &through);
    if (verdict == VERDICT_OK && !flyer.ok && !block->by_quorum) {
        verdict = VERDICT_CONFLICT; /* V5: a nonce twice, or one that is used up */
    }
    if (verdict != VERDICT_OK) {
        replica_land(r, block->header.height - 1);
    }
    ASSERT(verdict != VERDICT_OK || block->body_state == BODY_GOOD); /* V4 */
    return verdict;
}

/* is_linked: what stands below the block is executed, or flies. At its parent's height another one may fly, of a branch that lost, while the parent is not here. */
static bool is_linked(const struct replica *r, const struct block *block)
{
    uint64_t below = block->header.height - 1;

    ASSERT(block->header.height > r->executed_height);
    return below == r->executed_height || (below <= r->flight_high && hash_equal(&r->flight[below % 64], &block->header.parent));
}

enum verdict replica_fly(struct replica *r, struct block *block, const struct block_sink *sink)
{
    struct block *path[64];
    uint32_t count = 0;

    for (struct block *at = block; at != NULL && at->header.height > r->executed_height && !is_flying(r, at); at = blocks_find(&r->blocks, &at->header.parent)) {
        ASSERT(count < 64);
        path[count++] = at;
    }
    if (count == 0) {
        return VERDICT_OK;
    }
    if (!is_linked(r, path[count - 1])) {
        return VERDICT_EARLY;
    }
    replica_land(r, path[count - 1]->header.height - 1);
    while (count > 0) {
        count--;
        enum verdict verdict = fly_one(r, path[count], count == 0 ? sink : NULL);
        if (verdict != VERDICT_OK) {
            return verdict;
        }
    }
    ASSERT(is_flying(r, block)); /* V5 */
    return VERDICT_OK;
}

/* --- Commit ----------------------------------------------------------------------------------------------------------------------------------------- */

static void emit_commit(struct replica *r, struct block *block, bool roots)
{
    struct effect *effect = effects_add(r->out, EFFECT_COMMIT);

    ASSERT(block->body_state == BODY_GOOD);
    effect->commit.header = &block->header;
    effect->commit.hash = block->hash;
    effect->commit.body = bytes_of(block->body, block->body_bytes);
    effect->commit.commands = block->commands;
    effect->commit.roots = roots;
}

/* commit_one commits the child of the newest committed block. */
static void commit_one(struct replica *r, struct block *block, unsigned by, bool is_tip)
{
    bool checkpoint = replica_is_checkpoint(r, &block->header);

    ASSERT(block->header.height == r->history.high + 1); /* C4 */
    ASSERT(!block->committed);
    ASSERT(block->header.commands_count > 0);             /* I16 */
    ASSERT(blocks_are_of(&r->blocks, &block->header)); /* I12: no epoch ends here, so none begins behind */
    block->committed = true;
    history_add(&r->history, &block->header, &block->hash);
    safety_record_committed(&r->safety, block->header.height);
    if (by != 3) { /* What is caught up with was proposed long ago: it passed nobody over (Q4). */
        pool_committed(r->pool, r->now, block->header.height, pacemaker_base_ns(&r->pacemaker) / 2);
    }
    if (checkpoint) {
        r->checkpoints.block_height = block->header.height;
        r->checkpoints.block_time_ms = block->header.time_ms;
        r->checkpoints.repeats = 0;
    }
    r->counters.blocks_committed++;
    r->counters.commands_committed += block->header.commands_count;
    r->counters.commits_by[by]++;
    replica_mark(r, MARK_COMMITTED, block->header.height, r->self, by);
    bool certified = r->checkpoints.has_pending && r->checkpoints.pending.height == block->header.height; /* I13: its certificate came first */
    emit_commit(r, block, checkpoint || certified || (is_tip && by != 1));
}

void replica_keep_tip(struct replica *r, const struct commit_proof *proof)
{
    if (commit_proof_height(proof) == r->history.high) {
        r->committed_rank = rank_max(r->committed_rank, commit_proof_rank(proof));
        commit_proof_copy(&r->tip_proof, proof);
        r->has_tip_proof = true;
    } else if (!r->has_pending_proof || commit_proof_height(&r->pending_proof) < commit_proof_height(proof)) {
        commit_proof_copy(&r->pending_proof, proof);
        r->has_pending_proof = true;
    }
}

static void progressed(struct replica *r, const struct commit_proof *proof)
{
    replica_keep_tip(r, proof);
    replica_raise_committed(r);
    r->progress_ns = r->now.mono_ns;
    r->work_since_ns = r->now.mono_ns;
    r->committed_in_view = true;
    pacemaker_recovered(&r->pacemaker); /* T5 */
    replica_fetch_progress(r);
}

/* log_missing appends the blocks of a commit that were never voted for here, a few at a time: whatever is executed is in the log too. */
static void log_missing(struct replica *r, struct block *const *path, uint32_t count)
{
    ASSERT(count >= 1);
    for (uint32_t i = count; i > 0; i--) {
        if (path[i - 1]->lsn == 0) {
            struct effect *append = replica_append_begin(r);
            replica_add_block(r, append, path[i - 1]);
            replica_append_end(r, append, false);
        }
    }
}

/* log_proof appends what no later block will show. It follows the commit: the capsule beside it says how high that is, also where nobody voted. */
static void log_proof(struct replica *r, const struct block *tip, const struct commit_proof *proof)
{
    ASSERT(r->safety.state.committed_height >= tip->header.height); /* I2 */
    if (proof->first.ballot.kind == VOTE_COMMIT || !tip->has_justify) {
        struct effect *append = replica_append_begin(r);
        replica_add_proof(r, append, proof, tip->header.height, &tip->hash);
        replica_append_end(r, append, false);
    }
}

/* commit_chain commits the block and its ancestors. Gives: false when something is missing. */
static bool commit_chain(struct replica *r, struct block *block, const struct commit_proof *proof, unsigned by)
{
    struct block *path[64];
    uint32_t count = 0;
    struct missing missing;

    if (block == NULL || block->is_bundle || !replica_is_held(r, block->header.height, &block->hash, false, &missing)) {
        return false;
    }
    for (struct block *at = block; at != NULL && at->header.height > r->history.high; at = blocks_find(&r->blocks, &at->header.parent)) {
        ASSERT(count < 64);
        at->by_quorum = true;
        path[count++] = at;
    }
    ASSERT(count > 0);
    ASSERT(path[count - 1]->header.height == r->history.high + 1);
    ASSERT(commit_proof_check(proof, &r->config.epoch, block->header.height, &block->hash) == VERDICT_OK); /* C1, C2, I18 */
    if (replica_fly(r, block, NULL) != VERDICT_OK) {
        return false; /* Not readable, though a quorum stands behind it: more than f members lied. */
    }
    if (r->started) {
        log_missing(r, path, count);
    }
    while (count > 0) {
        count--;
        commit_one(r, path[count], by, count == 0);
    }
    ASSERT(history_has(&r->history, block->header.height, &block->hash)); /* C1, C2: what the proof names */
    ASSERT(r->history.high == block->header.height);                      /* C4 */
    if (r->started) {
        log_proof(r, block, proof);
    }
    progressed(r, proof);
    return true;
}

/* by_chain commits the parent of the highest certified block, when both were certified in one view (C1). */
static bool by_chain(struct replica *r)
{
    struct commit_proof *proof = &r->proof;
    struct block *child = r->high.ballot.kind == VOTE_FOLLOWING ? blocks_find(&r->blocks, &r->high.ballot.block) : NULL;

    if (child == NULL || child->is_bundle || !child->has_justify || child->header.height <= r->history.high + 1) {
        return false;
    }
    const struct ballot *first = &child->justify.ballot;
    if (first->kind == VOTE_ROOT || first->rank.view != r->high.ballot.rank.view || !hash_equal(&first->block, &child->header.parent)) {
        return false;
    }
    ASSERT(r->high.ballot.kind == VOTE_FOLLOWING);                /* C1 */
    ASSERT(first->rank.height + 1 == r->high.ballot.rank.height); /* C1, V6 */
    cert_copy(&proof->first, &child->justify);
    cert_copy(&proof->second, &r->high);
    proof->child = child->header;
    proof->headers_count = 0;
    return commit_chain(r, blocks_find(&r->blocks, &child->header.parent), proof, 1);
}

static bool by_pending(struct replica *r)
{
    if (!r->has_pending_proof) {
        return false;
    }
    if (commit_proof_height(&r->pending_proof) <= r->history.high) {
        r->has_pending_proof = false;
        return false;
    }
    struct commit_proof *proof = &r->proof;
    unsigned by = r->pending_proof.first.ballot.kind == VOTE_COMMIT ? 2 : 1;
    commit_proof_copy(proof, &r->pending_proof);
    if (!commit_chain(r, blocks_find(&r->blocks, &proof->first.ballot.block), proof, by)) {
        return false;
    }
    r->has_pending_proof = false;
    return true;
}

void replica_try_commit(struct replica *r)
{
    bool more = true;

    for (uint32_t i = 0; i < 4 && more; i++) {
        more = by_pending(r);
        more = by_chain(r) || more;
    }
}

void replica_commit_trail(struct replica *r, struct block *block)
{
    const struct hash32 *hash = trail_at(&r->trail, r->history.high + 1);

    ASSERT(!r->started);
    ASSERT(hash != NULL);
    ASSERT(hash_equal(hash, &block->hash)); /* C1, S5 */
    block->by_quorum = true;
    if (replica_fly(r, block, NULL) == VERDICT_OK) {
        commit_one(r, block, 3, false);
    }
}

void replica_commit_bundle(struct replica *r, const struct commit_proof *proof, uint64_t height, const struct hash32 *hash)
{
    struct block *block = blocks_find(&r->blocks, hash);

    ASSERT(block != NULL);
    ASSERT(block->header.height == height);
    (void)commit_chain(r, block, proof, 3);
}

/* --- Executed ------------------------------------------------------------------------------------------------------------------------------------------ */

void replica_on_executed(struct replica *r, const struct event *event)
{
    struct block *block = blocks_find(&r->blocks, &event->executed.block);

    ASSERT(event->executed.height == r->executed_height + 1); /* C4, I14 */
    ASSERT(block != NULL);
    ASSERT(block->committed);
    ASSERT(history_has(&r->history, event->executed.height, &event->executed.block)); /* C4, I1 */
    r->executed_height = event->executed.height;
    ASSERT(r->flight_high >= r->executed_height);
    ASSERT(r->executed_height <= r->history.high); /* C4 */
    pool_executed(r->pool, r->now, block->header.height, block->header.time_ms);
    replica_checkpoint_executed(r, &block->header, event);
    block->committed = false;
    if (!block->verifying) {
        blocks_release(block);
    }
}
