/* log_chain.c: see log_chain.h. */
#include "cli/log_chain.h"

#include "cli/output.h"
#include "wire/commit_proof.h"

#include <stdlib.h>
#include <string.h>

#define PASSES_MAX 64u

/* --- Which blocks ----------------------------------------------------------------------------------------------------- */

static void see_segment(void *context, const struct inspect_segment *segment)
{
    (void)context;
    (void)segment;
}

static void see_batch(void *context, const struct inspect_batch *batch)
{
    struct log_chain *chain = context;

    if (batch->head_found == HEAD_WHOLE && batch->body_found == BODY_GOOD && batch->head.number > chain->batch) {
        chain->batch = batch->head.number;
        chain->capsule = batch->head.capsule;
    }
}

/* grow makes room for one more item. Gives: the items; as many as before when there is no memory. */
static void *grow(struct log_chain *chain, void *items, size_t size, uint32_t count, uint32_t *room)
{
    uint32_t wider = *room == 0 ? 1024 : 2 * *room;

    if (count < *room) {
        return items;
    }
    void *grown = realloc(items, wider * size);
    chain->failed = chain->failed || grown == NULL;
    *room = grown == NULL ? *room : wider;
    return grown == NULL ? items : grown;
}

static void keep_claim(struct log_chain *chain, const struct ballot *ballot)
{
    if (ballot->kind == VOTE_ROOT) {
        return;
    }
    chain->claims = grow(chain, chain->claims, sizeof *chain->claims, chain->claims_count, &chain->claims_room);
    if (chain->claims_count < chain->claims_room) {
        chain->claims[chain->claims_count++] = (struct log_chain_claim){ ballot->rank, ballot->block };
    }
}

/* see_block keeps a block, and what the certificate says that may stand behind its header. */
static void see_block(struct log_chain *chain, const struct inspect_record *record, struct reader *reader)
{
    struct block_header header;
    struct cert justify;

    if (block_header_decode(&header, reader) != VERDICT_OK || header.height == 0) {
        return;
    }
    chain->blocks = grow(chain, chain->blocks, sizeof *chain->blocks, chain->count, &chain->room);
    if (chain->count < chain->room) {
        chain->blocks[chain->count] = (struct log_chain_block){ header, record->head.hash, chain->count };
        chain->count++;
    }
    if (cert_decode(&justify, reader) == VERDICT_OK) {
        keep_claim(chain, &justify.ballot);
    }
}

static void see_qc(struct log_chain *chain, struct reader *reader)
{
    struct cert cert;

    if (cert_decode(&cert, reader) == VERDICT_OK) {
        keep_claim(chain, &cert.ballot);
    }
}

static void see_tc(struct log_chain *chain, struct reader *reader)
{
    struct timeout_cert tc;

    if (timeout_cert_decode(&tc, reader) == VERDICT_OK) {
        keep_claim(chain, &tc.high.ballot);
    }
}

static void see_proof(struct log_chain *chain, struct reader *reader)
{
    struct commit_proof proof;

    if (commit_proof_decode(&proof, reader) == VERDICT_OK) {
        keep_claim(chain, &proof.first.ballot);
    }
}

static void see_record(void *context, const struct inspect_record *record)
{
    struct log_chain *chain = context;
    bool whole = record->payload_good && record->head.bytes == record->head.bytes_total;
    struct reader reader;

    reader_init(&reader, record->payload, record->head.bytes);
    if (whole && record->head.kind == RECORD_BLOCK) {
        see_block(chain, record, &reader);
    }
    if (!whole || record->head.kind != RECORD_CERTIFICATE) {
        return;
    }
    switch ((enum certificate_record)read_u8(&reader)) {
    case CERTIFICATE_QC: see_qc(chain, &reader); break;
    case CERTIFICATE_TC: see_tc(chain, &reader); break;
    case CERTIFICATE_PROOF: see_proof(chain, &reader); break;
    }
}

static int by_height(const void *a, const void *b)
{
    const struct log_chain_block *one = a, *other = b;

    if (one->header.height != other->header.height) {
        return one->header.height < other->header.height ? -1 : 1;
    }
    return one->order < other->order ? -1 : one->order > other->order;
}

/* first_of gives the index of the first block of a height, or of a higher one. */
static uint32_t first_of(const struct log_chain *chain, uint64_t height)
{
    uint32_t low = 0, high = chain->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (chain->blocks[middle].header.height < height) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* find gives the newest block of a height, or the one of that hash; NULL when there is none. */
static const struct log_chain_block *find(const struct log_chain *chain, uint64_t height, const struct hash32 *hash)
{
    const struct log_chain_block *found = NULL;

    for (uint32_t i = first_of(chain, height); i < chain->count && chain->blocks[i].header.height == height; i++) {
        if (hash == NULL || hash_equal(&chain->blocks[i].hash, hash)) {
            found = &chain->blocks[i];
        }
    }
    return found;
}

/* certified gives the block of the highest certificate that reaches what is committed; NULL when there is none. */
static const struct log_chain_block *certified(const struct log_chain *chain)
{
    const struct log_chain_block *best = NULL;
    struct rank highest = { 0, 0 };

    for (uint32_t i = 0; i < chain->claims_count; i++) {
        const struct log_chain_claim *claim = &chain->claims[i];
        bool higher = best == NULL || rank_compare(claim->rank, highest) > 0;
        const struct log_chain_block *block = higher && claim->rank.height >= chain->capsule.committed_height ? find(chain, claim->rank.height, &claim->block) : NULL;
        if (block != NULL) {
            best = block;
            highest = claim->rank;
        }
    }
    return best;
}

/* leads_to tells whether a block is an ancestor of another, or is itself that one. */
static bool leads_to(const struct log_chain *chain, const struct log_chain_block *from, const struct log_chain_block *to)
{
    while (from != NULL && from->header.height > to->header.height) { /* Heights only fall. */
        from = find(chain, from->header.height - 1, &from->header.parent);
    }
    return from != NULL && hash_equal(&from->hash, &to->hash);
}

/* tip_of gives the block from which the chain is followed down. */
static const struct log_chain_block *tip_of(const struct log_chain *chain)
{
    const struct capsule *capsule = &chain->capsule;
    const struct log_chain_block *tip = capsule->vote_height >= capsule->committed_height ? find(chain, capsule->vote_height, &capsule->vote_hash) : NULL;
    const struct log_chain_block *proved = certified(chain);

    if (proved != NULL) {
        return tip != NULL && leads_to(chain, tip, proved) ? tip : proved;
    }
    for (uint64_t height = capsule->committed_height; tip == NULL && height > 0; height--) {
        tip = find(chain, height, NULL);
    }
    return tip;
}

/* link_down names every block of the chain below the tip, as far down as the log has it. */
static void link_down(struct log_chain *chain)
{
    const struct log_chain_block *at = tip_of(chain);
    size_t room = at == NULL ? 1 : (size_t)at->header.height + 1;

    chain->committed_height = chain->capsule.committed_height;
    chain->height = room - 1;
    chain->hashes = calloc(room, sizeof *chain->hashes);
    chain->headers = calloc(room, sizeof *chain->headers);
    chain->failed = chain->failed || chain->hashes == NULL || chain->headers == NULL;
    while (!chain->failed && at != NULL) { /* Heights only fall. */
        chain->low = at->header.height;
        chain->hashes[chain->low] = at->hash;
        chain->headers[chain->low] = at->header;
        at = find(chain, chain->low - 1, &at->header.parent);
    }
}

/* is_whole: every committed block above the snapshot of this height is here (K2). */
static bool is_whole(const struct log_chain *chain, uint64_t snapshot_height)
{
    if (chain->committed_height <= snapshot_height) {
        return true;
    }
    return chain->low > 0 && chain->low <= snapshot_height + 1 && chain->height >= chain->committed_height;
}

int log_chain_read(const struct args *args, struct store_view *view, struct log_chain *chain)
{
    struct inspect_sink sink = { chain, see_segment, see_batch, see_record };

    *chain = (struct log_chain){ .count = 0 };
    int code = store_view_log(args, view, &sink);
    if (code != EXIT_FINE) {
        return code;
    }
    if (chain->count > 0) {
        qsort(chain->blocks, chain->count, sizeof chain->blocks[0], by_height);
    }
    link_down(chain);
    if (chain->failed) {
        return output_fail(args, EXIT_RESOURCE, "no memory for the chain of this log");
    }
    uint64_t snapshot_height = view->superblock.chosen.checkpoint_height;
    return is_whole(chain, snapshot_height) ? (int)EXIT_FINE
                                            : output_fail(args, EXIT_INTEGRITY, "the log does not hold every block from height %llu to %llu",
                                                          (unsigned long long)snapshot_height + 1, (unsigned long long)chain->committed_height);
}

void log_chain_close(struct log_chain *chain)
{
    free(chain->blocks);
    free(chain->claims);
    free(chain->hashes);
    free(chain->headers);
    *chain = (struct log_chain){ .count = 0 };
}

/* --- Their bodies ----------------------------------------------------------------------------------------------------- */

struct body_walk {
    const struct log_chain *chain;
    const struct log_chain_visitor *visitor;
    uint64_t next; /* height */
    bool over;
    uint8_t *body; /* being put together */
    uint32_t held;
};

static void ignore_batch(void *context, const struct inspect_batch *batch)
{
    (void)context;
    (void)batch;
}

/* see_body puts a body together from its fragments, which follow one another, and hands it over when its turn has come. */
static void see_body(void *context, const struct inspect_record *record)
{
    struct body_walk *walk = context;
    const struct record_head *head = &record->head;

    if (walk->over || head->kind != RECORD_PAYLOAD || head->bytes_total > BLOCK_BYTES_MAX || walk->next > walk->chain->height) {
        return;
    }
    bool fits = head->bytes <= head->bytes_total && head->bytes_before <= head->bytes_total - head->bytes;
    if (!record->payload_good || !fits || (head->bytes_before != 0 && head->bytes_before != walk->held)) {
        walk->held = 0;
        return;
    }
    memcpy(walk->body + head->bytes_before, record->payload, head->bytes);
    walk->held = head->bytes_before + head->bytes;
    if (walk->held == head->bytes_total && hash_equal(&head->hash, &walk->chain->hashes[walk->next])) {
        walk->over = !walk->visitor->visit(walk->visitor->context, &walk->chain->headers[walk->next], &head->hash, bytes_of(walk->body, walk->held));
        walk->next++;
    }
}

int log_chain_walk(const struct args *args, struct store_view *view, const struct log_chain *chain, uint64_t from, const struct log_chain_visitor *visitor, uint64_t *reached)
{
    struct body_walk walk = { .chain = chain, .visitor = visitor, .next = from, .body = malloc(BLOCK_BYTES_MAX) };
    struct inspect_sink sink = { &walk, see_segment, ignore_batch, see_body };
    int code = walk.body == NULL ? output_fail(args, EXIT_RESOURCE, "no memory for a block") : (int)EXIT_FINE;
    bool moved = true;

    for (uint32_t pass = 0; pass < PASSES_MAX && code == EXIT_FINE && moved && !walk.over && walk.next <= chain->height; pass++) {
        uint64_t before = walk.next;
        walk.held = 0;
        code = store_view_log(args, view, &sink);
        moved = walk.next > before;
    }
    free(walk.body);
    *reached = walk.next - 1;
    return code;
}
