/* pool_verify.c: signatures, in batches. Rule R1.
 *
 *     queue of each payer --in turn--> batch, of one ring --verdicts--> holder of its (account, nonce)
 *                                                    \---> refused; or joined to the holder that was quicker
 *
 * While an item is in a batch its bytes stay where they are, whatever happens to it (DOOMED). */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

#include <string.h>

void pool_queue(struct pool *pool, uint32_t index)
{
    uint32_t payer = pool->items[index].payer;

    ASSERT(pool->items[index].state == POOL_UNVERIFIED);
    ASSERT(index < pool->items_max);
    list_push(pool, &pool->arrived, LINK_AGE, index);
    list_push(pool, &pool->payers[payer].queue, LINK_QUEUE, index);
    if (pool->payers[payer].queue.count == 1) {
        ring_enter(pool, pool->items[index].since_ns, payer);
    } else {
        pool->rings[pool->payers[payer].ring].queued++;
    }
}

void pool_unqueue(struct pool *pool, uint32_t index)
{
    uint32_t payer = pool->items[index].payer;

    ASSERT(pool->items[index].state == POOL_UNVERIFIED);
    ASSERT(index < pool->items_max);
    list_remove(pool, &pool->arrived, LINK_AGE, index);
    list_remove(pool, &pool->payers[payer].queue, LINK_QUEUE, index);
    pool->rings[pool->payers[payer].ring].queued--;
    if (pool->payers[payer].queue.count == 0) {
        ring_leave(pool, payer);
    }
}

/* --- Taking ------------------------------------------------------------------------------------------------------------ */

/* Behind the common ones. */
#define BATCH_DOUBTED POOL_BATCHES_COMMON
#define BATCH_SUSPECTS (POOL_BATCHES_COMMON + 1)
_Static_assert(BATCH_SUSPECTS + 1 == POOL_BATCHES, "one batch for each ring, and a second common one");

static uint32_t open_batches(const struct pool *pool)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < POOL_BATCHES_COMMON; i++) {
        count += pool->batches[i].open;
    }
    ASSERT(count <= POOL_BATCHES_COMMON);
    return count;
}

static bool is_due(const struct pool *pool)
{
    uint32_t open = open_batches(pool), queued = pool->rings[RING_TRUSTED].queued;

    return queued > 0 && (open == 0 || (open < POOL_BATCHES_COMMON && queued >= POOL_SECOND_BATCH));
}

static bool doubted_are_due(const struct pool *pool)
{
    return pool->rings[RING_DOUBTED].queued > 0 && !pool->batches[BATCH_DOUBTED].open;
}

uint64_t pool_verify_due_ns(const struct pool *pool)
{
    if (is_due(pool) || doubted_are_due(pool)) {
        return 0;
    }
    return pool->rings[RING_SUSPECTS].queued > 0 && !pool->batches[BATCH_SUSPECTS].open ? suspect_due_ns(pool) : UINT64_MAX;
}

/* next_in_turn takes the oldest item of the payer whose turn it is. */
static uint32_t next_in_turn(struct pool *pool, struct pool_ring *ring)
{
    uint32_t payer = ring->turn;

    ASSERT(payer != POOL_NONE);
    uint32_t index = pool->payers[payer].queue.head;
    ASSERT(index != POOL_NONE);
    ASSERT(pool->items[index].payer == payer);
    ring->turn = pool->payers[payer].ring_next;
    pool_unqueue(pool, index);
    pool->items[index].state = POOL_VERIFYING;
    return index;
}

/* twin_of gives an item of the same bytes that is in a batch already. */
static uint32_t twin_of(const struct pool *pool, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];

    ASSERT(index < pool->items_max);
    for (uint32_t i = chain_first(pool, item->account, item->nonce); i != POOL_NONE; i = chain_next(pool, i)) {
        const struct pool_item *other = &pool->items[i];
        if (i != index && other->state == POOL_VERIFYING && other->bytes == item->bytes && memcmp(other->data, item->data, item->bytes) == 0) {
            return i;
        }
    }
    return POOL_NONE;
}

/* yield_to ends an item whose place another one has taken: the same command answers for it, another one excludes it. */
static void yield_to(struct pool *pool, struct now now, uint32_t index, uint32_t holder)
{
    ASSERT(index != holder);
    ASSERT(holder != POOL_NONE);
    if (hash_equal(&pool->items[index].id, &pool->items[holder].id)) {
        pool_merge(pool, index, holder);
    } else {
        pool_refuse(pool, now, index, REFUSAL_RIVAL, POOL_RETRY_WAITED_MS);
    }
}

static struct sig_item signature_of(const struct pool_item *item, uint32_t i)
{
    const uint8_t *at = item->data + item->bytes + i * sizeof(struct pool_signature);
    struct pool_signature kept;

    ASSERT(i < item->signatures_count);
    memcpy(&kept, at, sizeof kept);
    return (struct sig_item){ .key = item->data + kept.key, .digest = at + offsetof(struct pool_signature, digest), .signature = item->data + kept.signature };
}

static void put_in_batch(struct pool *pool, struct pool_batch *batch, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];

    ASSERT(!batch->open);
    ASSERT(batch->commands < REQUEST_BATCH_MAX);
    batch->commands_items[batch->commands++] = index;
    for (uint32_t i = 0; i < item->signatures_count; i++) {
        batch->items[batch->items_count++] = signature_of(item, i);
    }
}

/* judge_late asks the state again about an item that it did not allow when it came: blocks were executed since, and perhaps none follows. (Who was allowed is judged before a block.) */
static void judge_late(struct pool *pool, struct now now, uint32_t index)
{
    struct pool_item *item = &pool->items[index];
    struct command command = pool_command_of(pool, index);
    struct command_standing standing;

    ASSERT(item->state == POOL_VERIFYING); /* in no list that goes by its code or origin */
    ASSERT(item->code != CODE_OK);
    pool->app.standing(pool->app.context, &command, pool_judge_time_ms(pool, now), &standing);
    ASSERT(standing.origin < ORIGINS_MAX);
    debtor_learn(pool, item->debtor, &standing);
    item->origin = standing.origin;
    debt_judge(pool, item->account, &command, &standing);
    item->code = (uint16_t)standing.code;
    bool known = standing.code == CODE_OK || standing.code == CODE_RATE;
    pool->strangers -= item->stranger && known;
    item->stranger = item->stranger && !known;
}

/* finish ends the check of one item. Gives: whether it stays. */
static bool finish(struct pool *pool, struct now now, uint32_t index, uint16_t code)
{
    struct pool_item *item = &pool->items[index];

    ASSERT(index < pool->items_max);
    if (item->state == POOL_DOOMED) {
        return false;
    }
    uint32_t holder = holder_find(pool, item->account, item->nonce);
    if (code == CODE_OK && holder == POOL_NONE && item->code != CODE_OK) {
        judge_late(pool, now, index);
    }
    uint32_t share = pool->origins[item->origin].commands;
    if (code != CODE_OK) {
        pool_refuse(pool, now, index, code, 0);
    } else if (holder != POOL_NONE) {
        yield_to(pool, now, index, holder);
    } else if (share >= pool->origin_max) {
        pool_refuse(pool, now, index, REFUSAL_SHARE, POOL_RETRY_MS);
    } else {
        ASSERT(holder_find(pool, item->account, item->nonce) == POOL_NONE); /* R3 */
        pool_settle_holder(pool, now, index);
        ASSERT(holder_find(pool, item->account, item->nonce) == index); /* R3 */
        pool_admit_tokens(pool, index);
        if (item->own) {
            pool_make_own(pool, index);
        }
        return true;
    }
    ASSERT(item->state == POOL_DOOMED);
    return false;
}

/* is_known: every signature of the item was verified here before, as part of a block or of a command that is gone. */
static bool is_known(struct pool *pool, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];

    ASSERT(item->signatures_count >= 1);
    for (uint32_t i = 0; i < item->signatures_count; i++) {
        struct sig_item signature = signature_of(item, i);
        if (!verdicts_has(&pool->known, &signature)) {
            return false;
        }
    }
    pool->counted.known_commands++;
    return true;
}

/* settle_early ends an item that needs no check of its own: as a doomed one that nobody looks at, or as a good one. Gives: whether it did. */
static bool settle_early(struct pool *pool, struct now now, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];
    uint32_t holder = holder_find(pool, item->account, item->nonce);

    ASSERT(item->state == POOL_VERIFYING);
    if (holder == POOL_NONE) {
        holder = twin_of(pool, index);
    }
    if (holder == POOL_NONE && !is_known(pool, index)) {
        return false;
    }
    if (holder == POOL_NONE) {
        if (!finish(pool, now, index, CODE_OK)) {
            item_free(pool, index);
        }
        return true;
    }
    yield_to(pool, now, index, holder);
    ASSERT(item->state == POOL_DOOMED);
    item_free(pool, index);
    return true;
}

/* gather fills a batch from a ring, in turn. */
static void gather(struct pool *pool, struct now now, struct pool_batch *batch, uint32_t which, uint32_t commands_max)
{
    struct pool_ring *ring = &pool->rings[which];
    uint32_t first = UINT32_MAX;

    ASSERT(!batch->open);
    ASSERT(commands_max <= REQUEST_BATCH_MAX);
    batch->commands = 0;
    batch->items_count = 0;
    batch->mixed = false;
    for (uint32_t i = 0; i < POOL_MERGES_MAX && ring->turn != POOL_NONE && batch->commands < commands_max; i++) {
        uint32_t index = next_in_turn(pool, ring), payer = pool->items[index].payer;
        if (!settle_early(pool, now, index)) {
            put_in_batch(pool, batch, index);
            batch->mixed = batch->mixed || (first != UINT32_MAX && first != payer);
            first = payer;
        }
    }
}

/* choose gives the batch that is due, filled; NULL when none is. */
static struct pool_batch *choose(struct pool *pool, struct now now)
{
    struct pool_batch *batch = &pool->batches[BATCH_SUSPECTS];

    suspect_forget(pool, now);
    for (uint32_t i = 0; i < POOL_FORGIVE_MAX && (suspect_forgive(pool, now, RING_SUSPECTS) || suspect_forgive(pool, now, RING_DOUBTED)); i++) {
    }
    if (is_due(pool)) {
        batch = pool->batches[0].open ? &pool->batches[1] : &pool->batches[0];
        gather(pool, now, batch, RING_TRUSTED, REQUEST_BATCH_MAX);
        return batch;
    }
    if (doubted_are_due(pool)) {
        gather(pool, now, &pool->batches[BATCH_DOUBTED], RING_DOUBTED, POOL_DOUBTED_BATCH);
        pool->counted.doubted_checks += pool->batches[BATCH_DOUBTED].items_count;
        return &pool->batches[BATCH_DOUBTED];
    }
    if (pool->rings[RING_SUSPECTS].queued == 0 || batch->open || suspect_due_ns(pool) > now.mono_ns) {
        return NULL;
    }
    gather(pool, now, batch, RING_SUSPECTS, POOL_SUSPECT_BATCH);
    suspect_charge(pool, now, batch->items_count);
    return batch;
}

bool pool_verify_take(struct pool *pool, struct now now, uint32_t *batch, const struct sig_item **items, uint32_t *count)
{
    struct pool_batch *b = choose(pool, now);

    if (b == NULL || b->commands == 0) {
        return false;
    }
    ASSERT(!b->open);
    b->open = true;
    pool->counted.batches++;
    pool->counted.doubted_batches += b == &pool->batches[BATCH_DOUBTED];
    pool->verifying += b->commands;
    *batch = (uint32_t)(b - pool->batches);
    *items = b->items;
    *count = b->items_count;
    return true;
}

/* --- Verdicts ---------------------------------------------------------------------------------------------------------- */

/* judge gives OK, or the refusal that belongs to the first signature that is not valid. */
static uint16_t judge(const struct pool_item *item, const bool *verdicts)
{
    ASSERT(item->signatures_count <= COMMAND_SIGNATURES_MAX);
    for (uint32_t i = 0; i < item->signatures_count; i++) {
        struct pool_signature kept;
        if (!verdicts[i]) {
            memcpy(&kept, item->data + item->bytes + i * sizeof kept, sizeof kept);
            ASSERT(kept.refusal != CODE_OK);
            return (uint16_t)kept.refusal;
        }
    }
    return CODE_OK;
}

/* remember keeps the good ones of a command's signatures. Of one that was sent twice at the same time both are judged, perhaps in different ways. */
static void remember(struct pool *pool, const struct pool_batch *batch, uint32_t at, const bool *verdicts, uint32_t signatures)
{
    ASSERT(at + signatures <= batch->items_count);
    for (uint32_t i = at; i < at + signatures; i++) {
        if (verdicts[i]) {
            verdicts_add(&pool->known, &batch->items[i]);
        } else {
            ASSERT(verdicts_agree(&pool->known, &batch->items[i], false)); /* I15 */
        }
    }
}

void pool_note_valid(struct pool *pool, const struct sig_item *item)
{
    verdicts_add(&pool->known, item);
}

bool pool_agrees(const struct pool *pool, const struct sig_item *item, bool verdict)
{
    return verdicts_agree(&pool->known, item, verdict);
}

/* Fetches what the verdicts of the next items of a batch will touch, in two steps that are so many items apart. */
static void expect_verdicts(const struct pool *pool, const struct pool_batch *batch, uint32_t at)
{
    enum { NEAR = 4, FAR = 8 };

    if (at + FAR < batch->items_count) {
        __builtin_prefetch(batch->items[at + FAR].digest);
        __builtin_prefetch(batch->items[at + FAR].signature);
    }
    if (at + NEAR < batch->items_count) {
        verdicts_expect(&pool->known, &batch->items[at + NEAR]);
    }
}

void pool_verified(struct pool *pool, struct now now, uint32_t batch, const bool *verdicts, uint32_t count)
{
    ASSERT(batch < POOL_BATCHES);
    struct pool_batch *b = &pool->batches[batch];
    ASSERT(b->open);
    ASSERT(count == b->items_count);
    uint32_t at = 0;
    bool bad = false;
    for (uint32_t i = 0; i < b->commands; i++) {
        uint32_t index = b->commands_items[i];
        uint32_t signatures = pool->items[index].signatures_count;
        ASSERT(at + signatures <= count);
        expect_verdicts(pool, b, at);
        uint16_t code = judge(&pool->items[index], verdicts + at);
        if (code != CODE_OK) {
            bad = true;
            suspect_name(pool, now, pool->items[index].payer);
        }
        remember(pool, b, at, verdicts, signatures);
        if (!finish(pool, now, index, code)) {
            item_free(pool, index);
        }
        at += signatures;
    }
    pool->counted.batches_spoilt += bad && b->mixed && batch < POOL_BATCHES_COMMON;
    pool->counted.doubted_spoilt += bad && b->mixed && batch == BATCH_DOUBTED;
    ASSERT(at == count);
    ASSERT(pool->verifying >= b->commands);
    pool->verifying -= b->commands;
    b->open = false;
}

/* is_held: the pool holds this very command as a verified one. */
static bool is_held(const struct pool *pool, const struct command *command)
{
    uint32_t account = account_find(pool, &command->account);
    uint32_t holder = account != POOL_NONE ? holder_find(pool, account, command->nonce) : POOL_NONE;

    if (holder == POOL_NONE) {
        return false;
    }
    const struct pool_item *item = &pool->items[holder];
    return item->bytes == command->bytes.size && memcmp(item->data, command->bytes.data, item->bytes) == 0;
}

bool pool_has_verified(struct pool *pool, const struct command *command)
{
    ASSERT(command->signatures_count >= 1);
    if (is_held(pool, command)) {
        return true;
    }
    for (uint32_t i = 0; i < command->signatures_count; i++) {
        const struct command_signature *signature = &command->signatures[i];
        struct sig_item item = { .key = signature->key, .digest = signature->digest.bytes, .signature = signature->signature };
        if (!verdicts_has(&pool->known, &item)) {
            return false;
        }
    }
    return true;
}
