/* replica_repair.c: a committed block that our own log lost to its disk is fetched again, by height and hash, and appended again (S5).
 *
 *     REPAIR(height) --held in a slot--------------------------------------------------------------+
 *                    --FETCH, one block--> BUNDLE, checked against the certified chain and its body --> appended
 *                                    |--> GONE: the next one is asked at once
 *                                    \--> no answer, wrong answer: the peer is put back, the next one is asked
 *
 * One block at a time, beside the fetch of what is missing above: that one makes progress, this one makes the past whole. What is needed to vote is
 * never fetched here. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#define REPAIR_PUT_BACK_NS 2000000000ull
#define REPAIR_TRIES_MAX 64u        /* then it waits for a link (Q1) */

bool replica_committed(const struct replica *r, uint64_t height, struct hash32 *hash)
{
    const struct history_entry *entry = history_find(&r->history, height);

    if (entry != NULL) {
        *hash = entry->hash;
    }
    return entry != NULL;
}

/* append_again appends a block whose body is good. The slot is kept until the step is carried out. */
static void append_again(struct replica *r, struct block *block, uint32_t from)
{
    struct effect *append = replica_append_begin(r);

    ASSERT(hash_equal(&block->hash, &r->repair.hash)); /* S5 */
    ASSERT(block->body_state == BODY_GOOD);            /* S5 */
    ASSERT(r->repair.wanted);
    replica_add_again(r, append, block);
    replica_append_end(r, append, true);
    r->repair.wanted = false;
    r->repair.asking = false;
    r->counters.blocks_repaired++;
    replica_mark(r, MARK_REPAIRED, block->header.height, from, 0);
}

static void release_slot(struct replica *r)
{
    struct repair *repair = &r->repair;

    ASSERT(repair->slot == NULL || repair->slot->verifying);
    if (repair->slot != NULL && !repair->slot_is_new) {
        repair->slot->verifying = false;
        blocks_release(repair->slot);
        repair->slot = NULL;
    }
    repair->slot_is_new = false;
}

/* pin keeps a slot, which nothing else does, while the step is carried out: its bytes are on their way to the log. It is of no use afterwards. */
static void pin(struct replica *r, struct block *block)
{
    ASSERT(r->repair.slot == NULL);
    ASSERT(!block->verifying);
    block->verifying = true;
    r->repair.slot = block;
    r->repair.slot_is_new = true;
}

/* is_kept: the slot is held for another reason until a later step. */
static bool is_kept(const struct block *block) { return block->verifying || block->committed || block->is_bundle; }

void replica_on_repair(struct replica *r, uint64_t height)
{
    struct repair *repair = &r->repair;

    release_slot(r); /* The step before is carried out. */
    if (height == 0) {
        struct effect *append = replica_append_begin(r);
        append->append.note = true;
        replica_append_end(r, append, true);
        return;
    }
    repair->wanted = replica_committed(r, height, &repair->hash);
    repair->height = height;
    repair->asking = false;
    ASSERT(!repair->wanted || height <= r->history.high); /* S5: a committed block */
    repair->tries = 0;
    repair->renewed = (struct member_set){ { 0 } };
    struct block *block = repair->wanted ? blocks_find(&r->blocks, &repair->hash) : NULL;
    if (block != NULL && block->body_state == BODY_GOOD) {
        if (!is_kept(block)) {
            pin(r, block);
        }
        append_again(r, block, r->self);
    }
}

static void ask(struct replica *r)
{
    struct repair *repair = &r->repair;
    uint32_t peer = replica_choose_peer(r, r->self + 1 + repair->tries, &repair->hash);

    ASSERT(repair->wanted);
    ASSERT(!repair->asking);
    if (peer == r->self) {
        (void)replica_want_expiry(r); /* Or a link brings the next step. */
        return;
    }
    repair->asking = true;
    repair->peer = peer;
    repair->deadline_ns = r->now.mono_ns + replica_fetch_wait_ns(repair->tries);
    repair->tries++;
    r->msg.type = MESSAGE_FETCH;
    r->msg.fetch = (struct message_fetch){ .height = repair->height, .hash = repair->hash };
    replica_send(r, member_set_one(peer), 0, NULL);
}

static void put_back(struct replica *r)
{
    ASSERT(r->repair.asking);
    ASSERT(r->repair.peer != r->self);
    r->peers[r->repair.peer].put_back_ns = r->now.mono_ns + REPAIR_PUT_BACK_NS;
    r->repair.asking = false;
}

/* A question that another member can be asked counts as none; one that all have answered so is one try (Q1). */
bool replica_repair_gone(struct replica *r, uint32_t from, const struct message_gone *gone)
{
    struct repair *repair = &r->repair;

    ASSERT(from < r->n);
    if (!repair->asking || repair->peer != from || gone->height != repair->height) {
        return false;
    }
    replica_note_gone(r, from, GONE_REPAIR, gone->old);
    repair->asking = false;
    bool others = replica_choose_peer(r, from + 1, &repair->hash) != r->self;
    repair->tries -= others && repair->tries > 0; /* 0: a link came up meanwhile */
    return true;
}

/* keep puts a block of the right name into a slot of its own. Gives: false when its body is not the one that the header names; *kept NULL when there is no
 * room, and the answer counts as none. */
static bool keep(struct replica *r, const struct bundle_block *one, struct block **kept)
{
    struct block *block = replica_room(r, &one->header, &r->repair.hash);

    ASSERT(one->body.size <= r->config.epoch.limits.block_bytes_max);
    *kept = NULL;
    if (block == NULL) {
        return true;
    }
    blocks_fill(&r->blocks, block, one->body);
    if (block_read(&r->blocks, block, &r->app, NULL) != VERDICT_OK) {
        blocks_release(block);
        return false;
    }
    *kept = block;
    return true;
}

bool replica_repair_bundle(struct replica *r, uint32_t from, const struct message_bundle *bundle)
{
    struct repair *repair = &r->repair;
    struct reader reader;
    struct bundle_block one;
    struct block *block = NULL;

    ASSERT(from < r->n);
    if (!repair->asking || repair->peer != from) {
        return false;
    }
    reader_init(&reader, bundle->blocks.data, bundle->blocks.size);
    bool whole = bundle->blocks_count == 1 && bundle_block_next(&reader, &one) == VERDICT_OK && one.body.size <= r->config.epoch.limits.block_bytes_max;
    struct hash32 hash = whole ? block_hash(&one.header) : (struct hash32){ { 0 } };
    if (!whole || !hash_equal(&hash, &repair->hash)) {
        return false; /* It may be for the other fetch; if not, the deadline puts the peer back. */
    }
    ASSERT(one.header.height == repair->height); /* S5 */
    if (blocks_find(&r->blocks, &hash) != NULL || repair->slot != NULL) {
        return true; /* A slot still holds it for the step before: the next answer comes in time. */
    }
    if (!keep(r, &one, &block)) {
        replica_refuse(r, VERDICT_HASH);
        put_back(r);
    } else if (block != NULL) {
        pin(r, block);
        append_again(r, block, from);
    }
    return true;
}

void replica_pump_repair(struct replica *r)
{
    struct repair *repair = &r->repair;

    release_slot(r);
    if (repair->asking && r->now.mono_ns >= repair->deadline_ns) {
        put_back(r);
    }
    if (repair->wanted && !repair->asking && repair->tries < REPAIR_TRIES_MAX) {
        ask(r);
    }
    ASSERT(repair->tries <= REPAIR_TRIES_MAX); /* Q1 */
    if (repair->asking) {
        replica_want(r, repair->deadline_ns);
    }
}

/* Somebody else can be asked. Once for each member: else one that drops its link again and again would keep this replica asking, and the driver from the next piece (Q1). */
void replica_repair_linked(struct replica *r, uint32_t member)
{
    struct repair *repair = &r->repair;

    ASSERT(member < r->n);
    if (!repair->wanted || member_set_has(&repair->renewed, member)) {
        return;
    }
    member_set_add(&repair->renewed, member);
    repair->tries = 0;
    ASSERT(member_set_count(&repair->renewed) < r->n); /* Q1: not of its own */
}

bool replica_repair_ended(const struct replica *r)
{
    return r->repair.wanted && !r->repair.asking && r->repair.tries >= REPAIR_TRIES_MAX;
}
