/* pool_answer.c: who is told what became of a command. Every token gets ADMIT or REFUSE, and after ADMIT the receipt (which is not ours) or
 * REFUSE. The room for both is reserved when the token comes in (A7), so an answer never fails. */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

#include <string.h>

bool pool_is_verified_state(enum pool_state state)
{
    return state == POOL_WAITING || state == POOL_READY || state == POOL_FLIGHT;
}

bool pool_can_answer(const struct pool *pool)
{
    return pool->outcomes_count + 2 * pool->tokens_new + pool->tokens_admitted + 2 <= pool->outcomes_max;
}

static void push(struct pool *pool, const struct pool_outcome *outcome)
{
    ASSERT(outcome->token != 0);
    ASSERT(pool->outcomes_count < pool->outcomes_max);
    pool->outcomes[(pool->outcomes_head + pool->outcomes_count) % pool->outcomes_max] = *outcome;
    pool->outcomes_count++;
}

bool pool_next_outcome(struct pool *pool, struct pool_outcome *outcome)
{
    ASSERT(pool->outcomes_head < pool->outcomes_max);
    ASSERT(pool->outcomes_count <= pool->outcomes_max);
    if (pool->outcomes_count == 0) {
        return false;
    }
    *outcome = pool->outcomes[pool->outcomes_head];
    pool->outcomes_head = (pool->outcomes_head + 1) % pool->outcomes_max;
    pool->outcomes_count--;
    return true;
}

/* uncount takes one token out of the books, as the state of its item has it. */
static void uncount(struct pool *pool, const struct pool_item *item)
{
    uint32_t *count = pool_is_verified_state(item->state) ? &pool->tokens_admitted : &pool->tokens_new;

    ASSERT(*count > 0);
    (*count)--;
}

static void refuse_one(struct pool *pool, const struct pool_item *item, uint64_t token, uint16_t code, uint32_t retry_after_ms)
{
    ASSERT(token != 0);
    ASSERT(code != CODE_OK);
    uncount(pool, item);
    push(pool, &(struct pool_outcome){ .token = token, .id = item->id, .code = code, .retry_after_ms = retry_after_ms });
}

static void displace_oldest(struct pool *pool, struct pool_item *item)
{
    ASSERT(item->tokens[0] != 0);
    refuse_one(pool, item, item->tokens[0], REFUSAL_SHARE, POOL_RETRY_MS);
    memmove(item->tokens, item->tokens + 1, sizeof item->tokens - sizeof item->tokens[0]);
    item->tokens[POOL_TOKENS_MAX - 1] = 0;
}

void pool_attach(struct pool *pool, uint32_t index, uint64_t token)
{
    struct pool_item *item = &pool->items[index];
    uint32_t count = 0;

    ASSERT(token != 0);
    ASSERT(index < pool->items_max);
    if (item->tokens[POOL_TOKENS_MAX - 1] != 0) {
        displace_oldest(pool, item);
    }
    while (item->tokens[count] != 0) {
        count++;
    }
    ASSERT(count < POOL_TOKENS_MAX);
    item->tokens[count] = token;
    if (!pool_is_verified_state(item->state)) {
        pool->tokens_new++;
        return;
    }
    pool->tokens_admitted++;
    push(pool, &(struct pool_outcome){ .token = token, .id = item->id, .admitted = true });
}

void pool_merge(struct pool *pool, uint32_t from, uint32_t to)
{
    struct pool_item *item = &pool->items[from];

    ASSERT(from != to);
    ASSERT(from < pool->items_max);
    ASSERT(to < pool->items_max);
    for (uint32_t i = 0; i < POOL_TOKENS_MAX && item->tokens[i] != 0; i++) {
        uncount(pool, item);
        pool_attach(pool, to, item->tokens[i]);
        item->tokens[i] = 0;
    }
    if (item->own) {
        pool_make_own(pool, to);
    }
    pool_end(pool, from);
}

void pool_admit_tokens(struct pool *pool, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];

    ASSERT(pool_is_verified_state(item->state));
    ASSERT(index < pool->items_max);
    for (uint32_t i = 0; i < POOL_TOKENS_MAX && item->tokens[i] != 0; i++) {
        ASSERT(pool->tokens_new > 0);
        pool->tokens_new--;
        pool->tokens_admitted++;
        push(pool, &(struct pool_outcome){ .token = item->tokens[i], .id = item->id, .admitted = true });
    }
}

void pool_refuse_tokens(struct pool *pool, uint32_t index, uint16_t code, uint32_t retry_after_ms)
{
    struct pool_item *item = &pool->items[index];

    ASSERT(code != CODE_OK);
    ASSERT(index < pool->items_max);
    for (uint32_t i = 0; i < POOL_TOKENS_MAX && item->tokens[i] != 0; i++) {
        refuse_one(pool, item, item->tokens[i], code, retry_after_ms);
        item->tokens[i] = 0;
    }
}

void pool_forget_tokens(struct pool *pool, uint32_t index)
{
    struct pool_item *item = &pool->items[index];

    ASSERT(index < pool->items_max);
    for (uint32_t i = 0; i < POOL_TOKENS_MAX && item->tokens[i] != 0; i++) {
        uncount(pool, item);
        item->tokens[i] = 0;
    }
}

void pool_make_own(struct pool *pool, uint32_t index)
{
    struct pool_item *item = &pool->items[index];

    ASSERT(index < pool->items_max);
    item->own = true;
    if (item->listed || !pool_is_verified_state(item->state) || item->code != CODE_OK) {
        return;
    }
    item->listed = true;
    list_push(pool, &pool->own, LINK_OWN, index);
    if (pool->forward_next == POOL_NONE) {
        pool->forward_next = index;
    }
}
