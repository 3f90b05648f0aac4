/* replica_digest.c: what decides the replica's next words, folded into one hash; see replica.h. Sets are folded by exclusive or of the hashes of their
 * elements, so that slots, rings and the order in which things came do not show. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#define ELEMENT_BYTES_MAX 256u

/* What is being folded: fields one after the other, in the words of the wire. */
struct folding {
    struct writer writer;
    uint8_t bytes[2048];
};

struct element {
    struct writer writer;
    uint8_t bytes[ELEMENT_BYTES_MAX];
};

static void put_ballot(struct writer *writer, const struct ballot *ballot)
{
    ballot_encode(ballot, writer);
}

static void put_rank(struct writer *writer, struct rank rank)
{
    write_u64_le(writer, rank.view);
    write_u64_le(writer, rank.height);
}

/* put_proof writes what a proof says; who signed it is left out. */
static void put_proof(struct writer *writer, bool has, const struct commit_proof *proof)
{
    write_u8(writer, has);
    if (has) {
        put_ballot(writer, &proof->first.ballot);
    }
}

static void begin(struct element *element, uint8_t what)
{
    writer_init(&element->writer, element->bytes, sizeof element->bytes);
    write_u8(&element->writer, what);
}

/* join adds an element to a set. */
static void join(struct hash32 *set, const struct element *element)
{
    ASSERT(!element->writer.failed);
    struct hash32 hash = hash_plain(element->bytes, element->writer.offset);
    for (uint32_t i = 0; i < HASH_BYTES; i++) {
        set->bytes[i] ^= hash.bytes[i];
    }
}

static void join_blocks(const struct replica *r, struct hash32 *set)
{
    struct element element;

    for (uint32_t i = 0; i < r->blocks.count; i++) {
        const struct block *block = &r->blocks.slots[i];
        if (!block->used) {
            continue;
        }
        ASSERT(!block->verifying);
        begin(&element, 1);
        write_run(&element.writer, block->hash.bytes, HASH_BYTES);
        write_u64_le(&element.writer, block->view);
        write_u8(&element.writer, (uint8_t)(block->checked | block->refused << 1 | block->committed << 2 | block->is_bundle << 3 | block->by_quorum << 4));
        write_u8(&element.writer, (uint8_t)((block->lsn != 0) | block->has_justify << 1));
        write_u8(&element.writer, (uint8_t)block->body_state);
        if (block->has_justify) {
            put_ballot(&element.writer, &block->justify.ballot);
        }
        join(set, &element);
    }
}

static void join_known(const struct replica *r, struct hash32 *set)
{
    struct element element;

    for (uint32_t i = 0; i < KNOWN_CERTS; i++) {
        const struct ballot *ballot = &r->known[i].ballot;
        if (ballot->kind != VOTE_ROOT && !ballot_equal(ballot, &r->high.ballot)) {
            begin(&element, 2);
            put_ballot(&element.writer, ballot);
            join(set, &element);
        }
    }
}

/* join_peers: the TIMEOUTs that still count, and, where an own TIMEOUT may be said again, whom it may be said to (T7). */
static void join_peers(const struct replica *r, struct hash32 *set)
{
    bool open = r->safety.state.timeout_view >= (int64_t)r->view;
    struct element element;

    for (uint32_t i = 0; i < r->n; i++) {
        const struct peer *peer = &r->peers[i];
        bool counts = peer->has_timeout && peer->timeout_view >= r->view;
        begin(&element, 3);
        write_u32_le(&element.writer, i);
        write_u8(&element.writer, (uint8_t)(peer->linked | counts << 1 | peer->equivocated << 2 | (open && peer->answer_ns > r->now.mono_ns) << 3));
        if (counts) {
            write_u64_le(&element.writer, peer->timeout_view);
            put_rank(&element.writer, peer->timeout_rank);
            put_ballot(&element.writer, &peer->timeout_high.ballot);
        }
        join(set, &element);
    }
}

static void put_votes(struct writer *writer, const struct vote_set *set, const struct ballot *target)
{
    write_u8(writer, set->open);
    if (!set->open) {
        return;
    }
    put_ballot(writer, target);
    write_u32_le(writer, set->quorum);
    member_set_encode(&set->have, writer);
    member_set_encode(&set->verified, writer);
    member_set_encode(&set->bad, writer);
    member_set_encode(&set->doubted, writer);
}

static void put_lead(const struct replica *r, struct writer *writer)
{
    const struct lead *lead = &r->lead;

    ASSERT(!lead->votes_job);
    ASSERT(!lead->commit_job);
    write_u8(writer, (uint8_t)(lead->active | lead->abdicated << 1 | lead->in_flight << 2 | lead->asked << 3));
    put_rank(writer, lead->target.rank);
    put_votes(writer, &lead->votes, &lead->target);
    put_votes(writer, &lead->commit_votes, &lead->commit_target);
    write_u8(writer, r->opening.waiting);
    if (r->opening.waiting) {
        write_u64_le(writer, r->opening.view);
        put_rank(writer, r->opening.tc_rank);
        put_ballot(writer, &r->opening.justify);
    }
}

static void put_safety(const struct replica *r, struct writer *writer)
{
    const struct voting_state *state = &r->safety.state;

    write_u64_le(writer, (uint64_t)state->timeout_view);
    write_u64_le(writer, (uint64_t)state->led_view);
    write_u8(writer, state->vote_kind);
    put_rank(writer, state->vote);
    write_run(writer, state->vote_block.bytes, HASH_BYTES);
    put_rank(writer, state->high);
    write_u64_le(writer, (uint64_t)r->safety.limit_view);
    write_u8(writer, (uint8_t)(r->safety.mute | r->halted << 1 | r->draining << 2 | r->started << 3 | r->could_give_up << 4));
}

static void put_views(const struct replica *r, struct writer *writer)
{
    write_u64_le(writer, r->view);
    write_u8(writer, (uint8_t)r->entered);
    put_ballot(writer, &r->high.ballot);
    write_u8(writer, (uint8_t)(r->high_recorded | r->has_tc << 1 | r->tc_recorded << 2));
    if (r->has_tc) {
        write_u64_le(writer, r->tc.view);
        put_ballot(writer, &r->tc.high.ballot);
    }
    put_rank(writer, r->committed_rank);
    put_proof(writer, r->has_tip_proof, &r->tip_proof);
    put_proof(writer, r->has_pending_proof, &r->pending_proof);
}

static void put_chain(const struct replica *r, struct writer *writer)
{
    const struct history_entry *tip = history_find(&r->history, r->history.high);

    ASSERT(tip != NULL);
    write_u64_le(writer, r->history.high);
    write_run(writer, tip->hash.bytes, HASH_BYTES);
    write_u64_le(writer, r->executed_height);
    for (uint64_t height = r->executed_height + 1; height <= r->flight_high; height++) {
        write_run(writer, r->flight[height % 64].bytes, HASH_BYTES);
    }
    write_u8(writer, (uint8_t)(r->fetch.active | r->fetch.single_next << 1)); /* which question comes next */
    if (r->fetch.active) {
        write_run(writer, r->fetch.hash.bytes, HASH_BYTES);
    }
}

struct hash32 replica_digest(const struct replica *r)
{
    struct hash32 set = { { 0 } };
    struct folding folding;

    ASSERT(!r->config.reserves);
    ASSERT(!r->config.asks);
    ASSERT(r->flight_high < r->executed_height + 32);
    writer_init(&folding.writer, folding.bytes, sizeof folding.bytes);
    put_safety(r, &folding.writer);
    put_views(r, &folding.writer);
    put_lead(r, &folding.writer);
    put_chain(r, &folding.writer);
    join_blocks(r, &set);
    join_known(r, &set);
    join_peers(r, &set);
    write_run(&folding.writer, set.bytes, HASH_BYTES);
    ASSERT(!folding.writer.failed);
    return hash_plain(folding.bytes, folding.writer.offset);
}
