/* replica_fetch.c: gets blocks that a certificate names and this replica lacks: one question at a time, to one peer at a time (S1, S2, J6).
 *
 *     wanted (proof or QC whose block is not linked) -> FETCH -> BUNDLE -> checked against the hash, or against a CommitProof -> committed
 *                                                     |-> GONE: it is not asked for that again for a while, the next one is asked at once
 *                                                     \-> no answer, wrong answer: the peer is put back, the next one is asked
 *                                                     \-> little, or late: kept, and the next part is asked of the next one
 *
 * Several blocks are asked for as a chain from the committed one upwards, or, if they are few, one by one from the tip downwards, in turn. What
 * needs more slots than there are is asked for as a chain alone, which brings its own proof; where nobody who is linked has that, a link or the end of a GONE is awaited. Single
 * blocks come without a detour from the member that gave the one before. While a snapshot is looked for whoever did not say GONE is asked as well: logs may begin at
 * different heights, and snapshots too. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#include <string.h>

#define PUT_BACK_NS 2000000000ull
#define SLOTS_SPARED 4u            /* what fits in all slots but these is fetched block by block */
#define TRIES_FOR_EVIDENCE 8u      /* more, when a newer proof shows that the chain goes on */
#define LATE_NS 50000000u          /* whose part of a chain takes longer is not asked again before the others */

/* wanted finds the block that is missing below the highest proof, or below the highest QC. Gives: false when nothing is. */
static bool wanted(struct replica *r, struct missing *missing)
{
    if (r->has_pending_proof) {
        const struct ballot *ballot = &r->pending_proof.first.ballot;
        if (ballot->rank.height > r->history.high && !replica_is_held(r, ballot->rank.height, &ballot->block, false, missing)) {
            return true;
        }
    }
    const struct ballot *high = &r->high.ballot;
    return high->rank.height > r->history.high && !replica_is_held(r, high->rank.height, &high->block, false, missing);
}

void replica_fetch_progress(struct replica *r)
{
    r->fetch.tries = 0;
    r->fetch.single_next = false;
}

const char *catch_up_text(enum catch_up why)
{
    static const char *const texts[CATCH_UP_END] = {
        [CATCH_UP_NONE] = "none",
        [CATCH_UP_ASKED] = "blocks were asked of a member",
        [CATCH_UP_CHECKING] = "the signatures of a bundle are being checked",
        [CATCH_UP_ROOM] = "what came is executed before more is asked for",
        [CATCH_UP_NOBODY] = "no member is linked that could be asked",
        [CATCH_UP_SNAPSHOT] = "f + 1 members have these blocks no more: a snapshot is needed",
        [CATCH_UP_GONE] = "every linked member said that it has this block not, or not any more: they are asked again",
        [CATCH_UP_GIVEN_UP] = "nobody gave the blocks in many tries: a new link or a newer proof is awaited",
    };

    ASSERT(why < CATCH_UP_END);
    return texts[why];
}

const char *left_word(enum left_why why)
{
    static const char *const words[LEFT_END] = { [LEFT_NOT] = "none", [LEFT_SILENT] = "silent", [LEFT_WRONG] = "wrong", [LEFT_GONE] = "gone" };

    ASSERT(why < LEFT_END);
    return words[why];
}

/* leave ends the question: it stays unanswered. */
static void leave(struct replica *r, enum left_why why)
{
    ASSERT(r->fetch.active);
    ASSERT(r->fetch.peer != r->self);
    ASSERT(why < LEFT_END);
    r->counters.fetches_left[why]++;
    r->fetch.active = false;
    r->fetch.checking = false;
}

static void put_back(struct replica *r, enum left_why why)
{
    struct fetch *fetch = &r->fetch;

    ASSERT(why != LEFT_NOT);
    leave(r, why);
    fetch->gives = fetch->gives && fetch->giver != fetch->peer;
    r->peers[fetch->peer].put_back_ns = r->now.mono_ns + PUT_BACK_NS;
    r->peers[fetch->peer].left = why;
}

/* highest_idle gives the highest block that no commit waits for: one that is not linked, or, linked too, one that is. */
static struct block *highest_idle(struct replica *r, bool linked)
{
    struct block *highest = NULL;
    struct missing missing;

    for (uint32_t i = 0; i < r->blocks.count; i++) {
        struct block *block = &r->blocks.slots[i];
        bool idle = block->used && block->header.height > r->history.high + 1 && !block->verifying && !block->committed && !block->is_bundle &&
                    (linked || block->lsn == 0 || !replica_is_held(r, block->header.height, &block->hash, false, &missing));
        if (idle && (highest == NULL || block->header.height > highest->header.height)) {
            highest = block;
        }
    }
    return highest;
}

/* make_room lets go of the highest blocks that are not linked, until those which link them have a place (J6); they are fetched again. Blocks
 * of one chain, asked for one by one from its tip downwards, can fill every slot; so can those of a log of which a part is lost. Once that part is here all are linked,
 * but nothing of theirs is proved: the proof is above what has no place. Where nothing is executed, that would give places back, these go as well. */
static void make_room(struct replica *r)
{
    for (uint32_t i = 0; i < r->blocks.count && replica_room_count(r) < r->blocks.count / 2; i++) {
        struct block *highest = highest_idle(r, false);
        if (highest == NULL && r->executed_height == r->history.high) {
            highest = highest_idle(r, true);
        }
        if (highest == NULL) {
            return;
        }
        replica_let_go(r, highest);
    }
}

/* is_near: all that is missing fits into the slots, so that it can come block by block. */
static bool is_near(const struct replica *r, const struct missing *missing)
{
    ASSERT(r->blocks.count > SLOTS_SPARED);
    return missing->height <= r->history.high + r->blocks.count - SLOTS_SPARED;
}

/* whom gives the member that is asked next; *far: for a chain, which falls back to the one block that is missing where nobody has the chain. Far away a single block is of no
 * use: those that link it have no place beside it, and would be put there in turn. Gives: own index: nobody. */
static uint32_t whom(const struct replica *r, const struct missing *missing, bool *far)
{
    const struct fetch *fetch = &r->fetch;
    uint32_t first = replica_leader(r, r->view) + fetch->tries;
    uint32_t peer = *far ? replica_choose_server(r, fetch->tries + fetch->turn) : r->self;

    *far = peer != r->self;
    if (*far || !is_near(r, missing)) {
        return peer;
    }
    return replica_choose_peer(r, fetch->gives ? fetch->giver : first, &missing->hash);
}

static void ask_peer(struct replica *r, const struct missing *missing, uint32_t peer, bool far)
{
    struct fetch *fetch = &r->fetch;
    uint32_t room = replica_room_count(r);

    ASSERT(!fetch->active);                 /* S2 */
    ASSERT(fetch->tries < FETCH_TRIES_MAX); /* S2, Q1 */
    ASSERT(peer != r->self);
    uint64_t most = r->history.high + (room - 2 < BUNDLE_BLOCKS_MAX ? room - 2 : BUNDLE_BLOCKS_MAX);
    *fetch = (struct fetch){ .active = true,
                             .peer = peer,
                             .chain = far,
                             .height = far ? most : missing->height,
                             .hash = missing->hash,
                             .asked_ns = r->now.mono_ns,
                             .deadline_ns = r->now.mono_ns + replica_fetch_wait_ns(fetch->tries),
                             .tries = fetch->tries + 1,
                             .turn = fetch->turn,
                             .single_next = far,
                             .evidence = fetch->evidence,
                             .evidence_view = fetch->evidence_view,
                             .gives = fetch->gives,
                             .giver = fetch->giver,
                             .why = CATCH_UP_ASKED,
                             .proof = fetch->proof };
    r->msg.type = MESSAGE_FETCH;
    r->msg.fetch = (struct message_fetch){ .chain = far, .height = fetch->height, .from_height = far ? r->history.high + 1 : 0 };
    if (!far) {
        r->msg.fetch.hash = missing->hash;
    }
    replica_send(r, member_set_one(peer), 0, NULL);
}

/* make_place has room for an answer: for a few blocks of a chain, or for a single block, which needs its place too, for those behind it may fill every slot. */
static bool make_place(struct replica *r, bool far)
{
    uint32_t least = far ? 4 : 1;

    if (replica_room_count(r) < least) {
        make_room(r);
    }
    return replica_room_count(r) >= least;
}

static void ask(struct replica *r, const struct missing *missing)
{
    struct fetch *fetch = &r->fetch;
    bool far = missing->height > r->history.high + 2 && (!fetch->single_next || !is_near(r, missing));
    uint32_t peer = whom(r, missing, &far);

    ASSERT(missing->height > r->history.high);
    ASSERT(peer == r->self || far || is_near(r, missing)); /* J6 */
    if (peer == r->self) {
        bool again = replica_want_expiry(r); /* Or a link brings the next step. */
        fetch->why = replica_wants_snapshot(r) ? CATCH_UP_SNAPSHOT : again ? CATCH_UP_GONE : CATCH_UP_NOBODY;
    } else if (!make_place(r, far)) {
        fetch->why = CATCH_UP_ROOM; /* EXECUTED brings the next step. */
    } else {
        ask_peer(r, missing, peer, far);
    }
}

/* replica_on_gone: the next one is asked at once, and the question counts as none; but one whom all have answered so is one try (Q1). */
void replica_on_gone(struct replica *r, uint32_t from, const struct message_gone *gone)
{
    struct fetch *fetch = &r->fetch;
    uint64_t asked = fetch->chain ? r->history.high + 1 : fetch->height;

    if (replica_repair_gone(r, from, gone)) {
        return;
    }
    if (!fetch->active || fetch->checking || fetch->peer != from || gone->height != asked) {
        replica_refuse(r, VERDICT_STALE);
        return;
    }
    replica_note_gone(r, from, fetch->chain ? GONE_CHAIN : GONE_BLOCK, gone->old);
    leave(r, LEFT_GONE);
    bool others = replica_choose_peer(r, from + 1, fetch->chain ? NULL : &fetch->hash) != r->self;
    ASSERT(!fetch->active); /* S2: the next one is asked */
    fetch->tries -= others && fetch->tries > 0; /* 0: there was progress meanwhile */
    fetch->single_next = others ? !fetch->chain : fetch->single_next;
}

/* renew_tries: tries ran out, and since then a certificate has shown that the chain goes on (J6), or that q members have ended a view: it may be this replica that they
 * lack, and then the chain does not go on. Nobody can make us ask for ever without one. */
static void renew_tries(struct replica *r)
{
    uint64_t evidence = r->high.ballot.rank.height;

    if (r->has_pending_proof && r->pending_proof.first.ballot.rank.height > evidence) {
        evidence = r->pending_proof.first.ballot.rank.height;
    }
    if (r->fetch.tries < FETCH_TRIES_MAX) {
        r->fetch.evidence = evidence;
        r->fetch.evidence_view = r->view;
    } else if (evidence > r->fetch.evidence || r->view > r->fetch.evidence_view) {
        r->fetch.tries = FETCH_TRIES_MAX - TRIES_FOR_EVIDENCE;
    }
}

/* look decides what is to be done about blocks that are missing while none was asked for. */
static void look(struct replica *r)
{
    struct missing missing;

    ASSERT(!r->fetch.active);
    renew_tries(r);
    r->fetch.why = CATCH_UP_NONE;
    if (!wanted(r, &missing)) {
        r->fetch.turn = 0;
        return;
    }
    if (r->fetch.tries >= FETCH_TRIES_MAX) {
        r->fetch.why = replica_wants_snapshot(r) ? CATCH_UP_SNAPSHOT : CATCH_UP_GIVEN_UP;
    } else {
        ask(r, &missing);
    }
}

void replica_pump_fetch(struct replica *r)
{
    struct fetch *fetch = &r->fetch;

    if (fetch->active && !fetch->checking && r->now.mono_ns >= fetch->deadline_ns) {
        put_back(r, LEFT_SILENT);
    }
    if (!fetch->active) {
        look(r);
    }
    ASSERT(fetch->tries <= FETCH_TRIES_MAX); /* Q1 */
    ASSERT(!fetch->active || fetch->peer != r->self); /* S2 */
    if (fetch->active && !fetch->checking) {
        replica_want(r, fetch->deadline_ns);
    }
}

/* --- BUNDLE ------------------------------------------------------------------------------------------------------------------------------------- */

/* keep_block copies a block into a slot and reads it. Gives: NULL when there is no room or it is not what its header says. */
static struct block *keep_block(struct replica *r, const struct bundle_block *from, const struct hash32 *hash, bool in_bundle)
{
    struct block *block = blocks_find(&r->blocks, hash);
    bool held = block != NULL;

    if (held && (block->body_state == BODY_GOOD || block->verifying)) {
        return block->body_state == BODY_GOOD ? block : NULL;
    }
    if (from->body.size > r->config.epoch.limits.block_bytes_max) {
        return NULL;
    }
    block = held ? block : replica_room(r, &from->header, hash);
    if (block == NULL) {
        return NULL;
    }
    blocks_fill(&r->blocks, block, from->body);
    block->is_bundle = in_bundle && !held;
    if (block_read(&r->blocks, block, &r->app, NULL) == VERDICT_OK) {
        return block;
    }
    if (!held) {
        blocks_release(block);
    }
    return NULL;
}

/* drop_bundle frees the slots that were filled for a bundle which proved nothing. */
static void drop_bundle(struct replica *r)
{
    for (uint32_t i = 0; i < r->blocks.count; i++) {
        if (r->blocks.slots[i].used && r->blocks.slots[i].is_bundle) {
            blocks_release(&r->blocks.slots[i]);
        }
    }
}

static void take_single(struct replica *r, const struct message_bundle *bundle)
{
    struct reader reader;
    struct bundle_block one;

    ASSERT(r->fetch.active);
    ASSERT(!r->fetch.chain);
    reader_init(&reader, bundle->blocks.data, bundle->blocks.size);
    bool right = bundle->blocks_count == 1 && bundle_block_next(&reader, &one) == VERDICT_OK;
    struct hash32 hash = right ? block_hash(&one.header) : (struct hash32){ { 0 } };
    if (right && one.header.height <= r->history.high && r->fetch.height > r->history.high) {
        replica_refuse(r, VERDICT_STALE); /* Of a repair (S5) that asked this peer and waits no more: it was not silent, only late. */
        return;
    }
    struct block *block = right && hash_equal(&hash, &r->fetch.hash) ? keep_block(r, &one, &hash, false) : NULL;
    if (block == NULL) {
        put_back(r, LEFT_WRONG);
        return;
    }
    ASSERT(hash_equal(&block->hash, &r->fetch.hash)); /* S1 */
    ASSERT(block->body_state == BODY_GOOD);           /* S1 */
    block->by_quorum = true; /* Its hash is in a certified chain. */
    r->fetch.gives = true;
    r->fetch.giver = r->fetch.peer;
    r->fetch.active = false; /* Its tries stay: one block is no progress (S2), and over slow links the next deadline must be longer. */
    replica_mark(r, MARK_FETCHED, one.header.height, r->fetch.peer, 1);
}

/* take_chain copies consecutive blocks from the committed one upwards. Gives: the last, NULL when they are not a chain. */
static struct block *take_chain(struct replica *r, const struct message_bundle *bundle)
{
    const struct history_entry *tip = history_find(&r->history, r->history.high);
    struct hash32 parent = tip->hash;
    uint64_t height = tip->header.height;
    struct block *last = NULL;
    struct reader reader;

    ASSERT(r->fetch.chain);
    reader_init(&reader, bundle->blocks.data, bundle->blocks.size);
    if (bundle->blocks_count > BUNDLE_BLOCKS_MAX) {
        return NULL;
    }
    for (uint32_t i = 0; i < bundle->blocks_count; i++) {
        struct bundle_block one;
        if (bundle_block_next(&reader, &one) != VERDICT_OK || one.header.height != ++height || !hash_equal(&one.header.parent, &parent)) {
            return NULL;
        }
        parent = block_hash(&one.header);
        last = keep_block(r, &one, &parent, true);
        if (last == NULL) {
            return NULL;
        }
    }
    ASSERT(last == NULL || last->header.height == height);    /* S1 */
    ASSERT(last == NULL || hash_equal(&last->hash, &parent)); /* S1 */
    return last;
}

/* keep_proof keeps the proof as it came, headers between included, until its signatures are verified. */
static void keep_proof(struct replica *r, const struct commit_proof *proof, const struct block *last)
{
    struct writer writer;

    writer_init(&writer, r->fetch.proof, COMMIT_PROOF_BYTES_MAX);
    commit_proof_encode(proof, &writer);
    ASSERT(!writer.failed);
    r->fetch.proof_bytes = (uint32_t)writer.offset;
    ASSERT(r->fetch.proof_bytes <= COMMIT_PROOF_BYTES_MAX);
    r->fetch.last = last->hash;
    r->fetch.height = last->header.height;
}

/* is_scanty: a part of a chain is right, but not all that was asked for and fits, or late. Whoever gives so little may be at its own end; or it is the one that would keep us behind for as
 * long as it is asked first (J6). Needs: the height that was asked for still stands. */
static bool is_scanty(const struct replica *r, const struct message_bundle *bundle, const struct block *last)
{
    bool whole = last->header.height >= r->fetch.height || bundle->blocks.size >= BUNDLE_TARGET_BYTES;

    ASSERT(r->fetch.chain);
    ASSERT(r->fetch.asked_ns <= r->now.mono_ns); /* S2 */
    return !whole || r->now.mono_ns - r->fetch.asked_ns >= LATE_NS;
}

void replica_on_bundle(struct replica *r, uint32_t from, const struct message_bundle *bundle)
{
    struct fetch *fetch = &r->fetch;

    if (!bundle->chain && replica_repair_bundle(r, from, bundle)) {
        return;
    }
    if (!fetch->active || fetch->checking || fetch->peer != from || fetch->chain != bundle->chain) {
        replica_refuse(r, VERDICT_STALE);
        return;
    }
    if (!bundle->chain) {
        take_single(r, bundle);
        return;
    }
    struct block *last = take_chain(r, bundle);
    bool right = last != NULL && commit_proof_check(&bundle->proof, &r->config.epoch, last->header.height, &last->hash) == VERDICT_OK;
    struct job *job = right ? job_new(&r->jobs, JOB_BUNDLE, from, false) : NULL;
    if (job == NULL) {
        replica_refuse(r, VERDICT_HASH);
        drop_bundle(r);
        put_back(r, LEFT_WRONG);
        return;
    }
    fetch->turn += is_scanty(r, bundle, last) ? 1 : 0; /* S2: the next one has its turn */
    keep_proof(r, &bundle->proof, last);
    fetch->checking = true;
    fetch->why = CATCH_UP_CHECKING;
    job_add_proof(job, &bundle->proof, &r->config.epoch, &r->chain_id);
    replica_verify(r, job);
}

void replica_bundle_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    struct fetch *fetch = &r->fetch;
    struct commit_proof proof;
    struct reader reader;

    ASSERT(job->kind == JOB_BUNDLE);
    ASSERT(fetch->active);
    ASSERT(fetch->checking);
    ASSERT(job->from == fetch->peer);
    if (!job_part_is_good(job, PART_PROOF, verdicts)) {
        replica_mark(r, MARK_BAD_SIGNATURE, 0, job->from, 0);
        replica_refuse(r, VERDICT_SIGNATURE);
        drop_bundle(r);
        put_back(r, LEFT_WRONG);
        return;
    }
    fetch->active = false;
    fetch->checking = false;
    for (uint32_t i = 0; i < r->blocks.count; i++) {
        r->blocks.slots[i].is_bundle = false;
    }
    reader_init(&reader, fetch->proof, fetch->proof_bytes);
    enum verdict verdict = commit_proof_decode(&proof, &reader);
    ASSERT(verdict == VERDICT_OK); /* S1 */
    if (blocks_find(&r->blocks, &fetch->last) == NULL || fetch->height <= r->history.high) {
        return; /* Committed in the meantime. */
    }
    uint64_t before = r->history.high;
    replica_commit_bundle(r, &proof, fetch->height, &fetch->last);
    replica_mark(r, MARK_FETCHED, r->history.high, job->from, r->history.high - before);
}
