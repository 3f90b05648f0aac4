/* pool_debt.c: what the accounts that pay for commands owe above the executed state, so that a block takes from no bucket more than it holds (R4, V5).
 *
 *     executed state          in flight           READY             WAITING
 *     spare_ms left    <----- flying tokens <---- ready tokens <--- allowed to be live while all that is before it fits what is left
 *
 * What a command costs is known for certain only when it executes, so the most that it can come to is counted. As a block executes, its tokens leave the debt and what is
 * left alike: the more exact figure of the state is taken over whenever the state is asked about a command of that payer (debtor_learn). */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

#include <string.h>

/* find gives the record of a payer with this sum. */
static uint32_t find(const struct pool *pool, uint64_t sum, const struct hash32 *payer)
{
    uint32_t index = pool->debtor_buckets[pool_bucket(sum, pool->item_buckets_count)];

    while (index != POOL_NONE && memcmp(&pool->debtors[index].account, payer, sizeof *payer) != 0) {
        index = pool->debtors[index].next;
    }
    return index;
}

/* is_of tells whether a record that was a payer's once still is. */
static bool is_of(const struct pool *pool, uint32_t debtor, const struct hash32 *payer)
{
    return debtor != POOL_NONE && pool->debtors[debtor].holds > 0 && hash_equal(&pool->debtors[debtor].account, payer);
}

uint32_t debtor_find(const struct pool *pool, uint32_t account, const struct hash32 *payer)
{
    if (account != POOL_NONE && is_of(pool, pool->accounts[account].debtor, payer)) {
        return pool->accounts[account].debtor;
    }
    return find(pool, pool_hash_account(pool, payer), payer);
}

/* add makes the record of a payer that has none. */
static uint32_t add(struct pool *pool, uint64_t sum, const struct hash32 *payer)
{
    uint32_t *head = &pool->debtor_buckets[pool_bucket(sum, pool->item_buckets_count)];
    bool used = pool->free_debtors.first != POOL_NONE;
    uint32_t index = pool_free_take(&pool->free_debtors); /* There is one per item and one per entry. */

    ASSERT(index < pool->free_debtors.end);
    ASSERT(!used || pool->debtors[index].holds == 0);
    pool->free_debtors.first = used ? pool->debtors[index].next : POOL_NONE;
    pool->debtors[index] = (struct pool_debtor){ .account = *payer, .sum = sum, .next = *head };
    *head = index;
    return index;
}

uint32_t debtor_hold(struct pool *pool, uint32_t account, const struct hash32 *payer)
{
    uint32_t index = account != POOL_NONE ? pool->accounts[account].debtor : POOL_NONE;

    if (!is_of(pool, index, payer)) {
        uint64_t sum = pool_hash_account(pool, payer);
        index = find(pool, sum, payer);
        index = index != POOL_NONE ? index : add(pool, sum, payer);
    }
    if (account != POOL_NONE) {
        pool->accounts[account].debtor = index;
    }
    pool->debtors[index].holds++;
    ASSERT(hash_equal(&pool->debtors[index].account, payer));
    return index;
}

void debtor_release(struct pool *pool, uint32_t debtor)
{
    struct pool_debtor *d = &pool->debtors[debtor];

    ASSERT(debtor < pool->free_debtors.end);
    ASSERT(d->holds > 0);
    if (--d->holds > 0) {
        return;
    }
    ASSERT(d->flying.commands == 0);
    ASSERT(d->ready.commands == 0);
    uint32_t *place = &pool->debtor_buckets[pool_bucket(d->sum, pool->item_buckets_count)];
    while (*place != debtor) {
        ASSERT(*place != POOL_NONE);
        place = &pool->debtors[*place].next;
    }
    *place = d->next;
    d->next = pool->free_debtors.first;
    pool->free_debtors.first = debtor;
}

/* gap_before gives the nonces of an account that must come before one and are neither live nor in flight. Each will cost a token. */
static uint64_t gap_before(const struct pool *pool, uint32_t account, uint64_t nonce)
{
    const struct pool_account *a = &pool->accounts[account];

    ASSERT(a->run >= a->executed);
    return nonce > a->run + 1 ? nonce - a->run - 1 : 0;
}

bool debt_allows(const struct pool *pool, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];
    const struct pool_debtor *d = &pool->debtors[item->debtor];

    ASSERT(item->state == POOL_WAITING || item->state == POOL_READY);
    if (item->state == POOL_READY) {
        return debtor_allows(pool, item->debtor, d->flying.tokens); /* Those in its list are before it as long as they are, and no longer. */
    }
    uint64_t gap = item->pays ? gap_before(pool, item->account, item->nonce) : 0;
    return debtor_allows(pool, item->debtor, d->flying.tokens + (uint64_t)d->ready.tokens + gap);
}

void debt_judge(const struct pool *pool, uint32_t account, const struct command *command, struct command_standing *standing)
{
    uint64_t run = account != POOL_NONE && pool->accounts[account].run > standing->nonce_executed ? pool->accounts[account].run : standing->nonce_executed;
    bool pays = hash_equal(&command->account, &command->payer);

    ASSERT(command->tokens >= 1);
    if ((standing->code != CODE_OK && standing->code != CODE_RATE) || command->nonce <= run ||
        command->nonce - standing->nonce_executed > POOL_NONCE_WINDOW) {
        return; /* Its place is in flight already, or it is too far ahead: tokens are not what is in question. */
    }
    uint32_t debtor = debtor_find(pool, account, &command->payer);
    uint64_t before = pays ? command->nonce - standing->nonce_executed - 1 : 0;
    if (debtor != POOL_NONE) {
        uint64_t debt = (uint64_t)pool->debtors[debtor].flying.commands + pool->debtors[debtor].ready.commands;
        before = debt > before ? debt : before;
    }
    ASSERT(before <= UINT32_MAX);
    standing->spare_ms -= (int64_t)(before * standing->interval_ms);
    standing->code = standing->spare_ms < 0 ? CODE_RATE : CODE_OK;
}

void debt_check(const struct pool *pool)
{
    uint64_t holds = 0, flying = 0, ready = 0, entries = 0;

    for (uint32_t i = 0; i < pool->free_debtors.fresh; i++) {
        const struct pool_debtor *d = &pool->debtors[i];
        ASSERT(d->holds >= d->flying.commands);
        ASSERT(d->flying.tokens >= d->flying.commands);
        ASSERT(d->ready.tokens >= d->ready.commands);
        holds += d->holds;
        flying += d->flying.commands;
        ready += d->ready.commands;
    }
    for (uint32_t i = 0; i < pool->config.blocks; i++) {
        entries += pool->heights[i].commands;
    }
    ASSERT(holds == pool->held + entries); /* A8 */
    ASSERT(flying == entries);
    ASSERT(ready == pool->ready.count);
}
