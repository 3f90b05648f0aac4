/* pool_flight.c: the (account, nonce) pairs of the blocks that are linked above the executed state, and what becomes of the commands held
 * here as blocks come, go, and are executed. Rules V5, Q4.
 *
 * The entries of a height are a stack: taken down from the top, released commands return to the front of their lists in the old order. */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

static struct pool_height *height_find(struct pool *pool, uint64_t height)
{
    ASSERT(pool->config.blocks <= POOL_HEIGHTS_MAX);
    for (uint32_t i = 0; i < pool->config.blocks; i++) {
        if (pool->heights[i].commands > 0 && pool->heights[i].height == height) {
            return &pool->heights[i];
        }
    }
    return NULL;
}

static struct pool_height *height_take(struct pool *pool, uint64_t height)
{
    struct pool_height *found = height_find(pool, height);

    for (uint32_t i = 0; found == NULL && i < pool->config.blocks; i++) {
        if (pool->heights[i].commands == 0) {
            found = &pool->heights[i];
            *found = (struct pool_height){ .height = height, .top = POOL_NONE };
        }
    }
    ASSERT(found != NULL); /* config.blocks at once */
    return found;
}

void pool_expect(const struct pool *pool, const struct command *command, unsigned step)
{
    const struct command_signature *first = &command->signatures[0];
    struct sig_item signature = { .key = first->key, .digest = first->digest.bytes, .signature = first->signature };

    ASSERT(command->signatures_count >= 1);
    table_expect(pool, &command->account, command->nonce, step);
    pool->app.expect(pool->app.context, &command->account, step);
    if (step == 0) {
        verdicts_expect(&pool->known, &signature);
    }
}

void flight_record(struct pool *pool, uint64_t height, const struct command *command, uint32_t origin, uint32_t debtor)
{
    struct pool_height *h = height_take(pool, height);
    uint32_t entry = entry_take(pool, &command->account, command->nonce);
    struct pool_entry *e = &pool->entries[entry];

    ASSERT(h->commands < pool->config.block_commands_max);
    ASSERT(origin < ORIGINS_MAX);
    if (debtor == POOL_NONE) {
        debtor = debtor_hold(pool, POOL_NONE, &command->payer);
    } else {
        pool->debtors[debtor].holds++;
    }
    e->id = command->id;
    e->origin = origin;
    e->weight = (uint32_t)pool_weight(pool, (uint32_t)command->bytes.size, command->cost_ns);
    e->below = h->top;
    e->debtor = debtor;
    e->tokens = command->tokens;
    debt_add(&pool->debtors[e->debtor].flying, e->tokens);
    h->top = entry;
    h->commands++;
    h->bytes += command->bytes.size;
    h->cost_ns += command->cost_ns;
}

enum pool_flight pool_inflight_add(struct pool *pool, struct now now, uint64_t height, const struct command *command)
{
    struct command_standing standing;
    uint32_t account = account_find(pool, &command->account);
    uint32_t holder = account != POOL_NONE ? holder_find(pool, account, command->nonce) : POOL_NONE;
    bool held = holder != POOL_NONE && hash_equal(&pool->items[holder].id, &command->id);

    if (held) {
        standing = (struct command_standing){ .nonce_executed = pool->accounts[account].executed, .origin = pool->items[holder].origin };
    } else {
        pool->app.standing(pool->app.context, command, pool->time_ms, &standing);
    }
    ASSERT(standing.origin < ORIGINS_MAX);
    enum pool_flight verdict = entry_find(pool, &command->account, command->nonce) != POOL_NONE ? POOL_FLIGHT_DUPLICATE
                               : command->nonce <= standing.nonce_executed                      ? POOL_FLIGHT_STALE
                                                                                                : POOL_FLIGHT_OK;
    flight_record(pool, height, command, standing.origin, held ? pool->items[holder].debtor : POOL_NONE);
    if (account == POOL_NONE) {
        return verdict;
    }
    account = account_hold(pool, &command->account, standing.nonce_executed);
    pool_advance(pool, now, account, standing.nonce_executed);
    holder = holder_find(pool, account, command->nonce);
    if (holder != POOL_NONE) {
        state_to_flight(pool, holder);
    }
    pool_extend(pool, now, account);
    account_release(pool, account);
    return verdict;
}

/* pop takes the top entry of a height. What was executed is from then on in what the state says of its payer. Gives: false when there is none. */
static bool pop(struct pool *pool, struct pool_height *h, struct pool_entry *entry, bool executed)
{
    uint32_t top = h->top;

    if (h->commands == 0) {
        return false;
    }
    ASSERT(top != POOL_NONE);
    *entry = pool->entries[top];
    h->top = entry->below;
    h->commands--;
    ASSERT((h->commands == 0) == (h->top == POOL_NONE));
    struct pool_debtor *debtor = &pool->debtors[entry->debtor];
    debt_remove(&debtor->flying, entry->tokens);
    debtor->spare_ms -= executed ? (int64_t)entry->tokens * debtor->interval_ms : 0;
    debtor_release(pool, entry->debtor);
    entry_free(pool, top);
    return true;
}

void pool_inflight_remove(struct pool *pool, struct now now, uint64_t height)
{
    struct pool_height *h = height_find(pool, height);
    struct pool_entry entry;

    while (h != NULL && pop(pool, h, &entry, false)) {
        uint32_t account = account_find(pool, &entry.account);
        if (account != POOL_NONE) {
            account = account_hold(pool, &entry.account, 0);
            pool_released(pool, now, account, entry.nonce);
            account_release(pool, account);
        }
    }
}

/* --- Execution --------------------------------------------------------------------------------------------------------- */

/* forget ends what is held of an executed command: its receipt answers. */
static void forget(struct pool *pool, uint32_t account, const struct pool_entry *entry)
{
    uint32_t index = chain_first(pool, account, entry->nonce);

    ASSERT(account < pool->free_accounts.end);
    while (index != POOL_NONE) {
        uint32_t next = chain_next(pool, index);
        const struct pool_item *item = &pool->items[index];
        if (hash_equal(&item->id, &entry->id)) {
            if (!pool_is_verified_state(item->state)) {
                pool_refuse_tokens(pool, index, CODE_NONCE_LOW, 0); /* Receipts go to those who were admitted. */
            }
            pool_end(pool, index);
        }
        index = next;
    }
}

/* judge_next asks again about commands of an account that did not count until now, as far as they carry its run on. */
static void judge_next(struct pool *pool, struct now now, uint32_t account)
{
    ASSERT(account < pool->free_accounts.end);
    for (uint32_t i = 0; i < POOL_NONCE_WINDOW; i++) {
        uint32_t holder = holder_find(pool, account, pool->accounts[account].run + 1);
        if (holder == POOL_NONE || pool->items[holder].state != POOL_WAITING || pool->items[holder].code == CODE_OK) {
            return;
        }
        if (!pool_judge(pool, now, holder, pool_judge_time_ms(pool, now))) {
            return;
        }
    }
}

static void executed_one(struct pool *pool, struct now now, const struct pool_entry *entry)
{
    uint32_t account = account_find(pool, &entry->account);

    if (account == POOL_NONE) {
        return;
    }
    account = account_hold(pool, &entry->account, 0);
    forget(pool, account, entry);
    pool_advance(pool, now, account, pool->app.nonce(pool->app.context, &entry->account));
    pool_released(pool, now, account, entry->nonce);
    judge_next(pool, now, account);
    account_release(pool, account);
}

/* Fetches what executed_one will look up for the commands of a height, all of them side by side. */
static void expect_height(const struct pool *pool, const struct pool_height *h)
{
    ASSERT(h->commands <= pool->config.block_commands_max);
    for (unsigned step = 0; step < 2; step++) {
        uint32_t entry = h->top;

        for (uint32_t i = 0; i < h->commands; i++) {
            ASSERT(entry != POOL_NONE);
            table_expect(pool, &pool->entries[entry].account, pool->entries[entry].nonce, step);
            pool->app.expect(pool->app.context, &pool->entries[entry].account, step);
            entry = pool->entries[entry].below;
        }
    }
}

/* judge_oldest asks again about the requests that have been ready longest, while blocks with other commands of their payers have used up what these had: none of them may be
 * in a block now, so they are not live (Q1, J8). What stands behind one that is good is looked at when it is the oldest. */
static void judge_oldest(struct pool *pool, struct now now)
{
    for (uint32_t i = 0; i < POOL_JUDGE_MAX && pool->ready.count > 0; i++) {
        if (debt_allows(pool, pool->ready.head) || pool_judge(pool, now, pool->ready.head, pool_judge_time_ms(pool, now))) {
            return;
        }
    }
}

void pool_executed(struct pool *pool, struct now now, uint64_t height, uint64_t time_ms)
{
    struct pool_height *h = height_find(pool, height);
    struct pool_entry entry;

    pool->time_ms = pool->time_ms > time_ms ? pool->time_ms : time_ms;
    if (h != NULL) {
        expect_height(pool, h);
    }
    while (h != NULL && pop(pool, h, &entry, true)) {
        executed_one(pool, now, &entry);
    }
    ASSERT(h == NULL || h->commands == 0);
    pool->parked_left = pool->parked.count;
    pool_judge_parked(pool, now);
    judge_oldest(pool, now);
}

/* --- Bypassed requests (Q4) -------------------------------------------------------------------------------------------- */

/* has_room tells whether one more command would have fitted the block. */
static bool has_room(const struct pool *pool, const struct pool_height *h, const struct pool_item *item)
{
    ASSERT(h->commands > 0);
    ASSERT(item->state == POOL_READY);
    return h->bytes + item->bytes <= pool->config.block_bytes_max && h->commands < pool->config.block_commands_max &&
           h->cost_ns + item->cost_ns <= POOL_COST_NS_MAX;
}

/* is_unfair tells whether a full block gave another origin more than its equal part, while the item's own has not had its. One quantum
 * is nobody's fault. */
static bool is_unfair(struct pool *pool, const struct pool_height *h, const struct pool_item *item)
{
    uint64_t total = 0;
    uint64_t most = 0;
    uint32_t origins = 0;

    for (uint32_t i = h->top; i != POOL_NONE; i = pool->entries[i].below) {
        struct pool_origin *origin = &pool->origins[pool->entries[i].origin];
        origins += origin->tally == 0;
        origin->tally += pool->entries[i].weight;
        total += pool->entries[i].weight;
    }
    uint64_t own = pool->origins[item->origin].tally;
    origins += own == 0;
    for (uint32_t i = h->top; i != POOL_NONE; i = pool->entries[i].below) {
        struct pool_origin *origin = &pool->origins[pool->entries[i].origin];
        most = pool->entries[i].origin != item->origin && origin->tally > most ? origin->tally : most;
        origin->tally = 0;
    }
    ASSERT(origins >= 1);
    ASSERT(most <= total);
    uint64_t part = total / origins;
    return most > part + POOL_QUANTUM && own + POOL_QUANTUM < part;
}

/* note_bypass counts a block that passed a request over. */
static void note_bypass(struct pool *pool, struct now now, const struct pool_item *oldest, uint64_t t1_ns)
{
    ASSERT(oldest->state == POOL_READY);                           /* Q4: a live request that is in no block */
    ASSERT(now.mono_ns - oldest->since_ns >= t1_ns);               /* Q4: known for t1 */
    ASSERT(now.mono_ns >= pool->bypasses[POOL_BYPASS_BLOCKS - 1]); /* Q4 */
    for (uint32_t i = 0; i + 1 < POOL_BYPASS_BLOCKS; i++) {
        pool->bypasses[i] = pool->bypasses[i + 1];
    }
    pool->bypasses[POOL_BYPASS_BLOCKS - 1] = now.mono_ns;
    pool->bypass_t1_ns = t1_ns;
}

void pool_committed(struct pool *pool, struct now now, uint64_t height, uint64_t t1_ns)
{
    struct pool_height *h = height_find(pool, height);

    if (h == NULL || pool->ready.count == 0) {
        return;
    }
    const struct pool_item *oldest = &pool->items[pool->ready.head];
    if (!debt_allows(pool, pool->ready.head)) {
        return; /* No room for it: this block, and those before it, took the tokens of who pays for it. */
    }
    if (now.mono_ns < oldest->since_ns + t1_ns || (!has_room(pool, h, oldest) && !is_unfair(pool, h, oldest))) {
        return;
    }
    note_bypass(pool, now, oldest, t1_ns);
}

bool pool_is_bypassed(const struct pool *pool)
{
    ASSERT(pool->bypasses[POOL_BYPASS_BLOCKS - 1] >= pool->bypasses[0]);
    if (pool->ready.count == 0 || pool->bypasses[0] == 0) {
        return false;
    }
    return pool->bypasses[0] >= pool->items[pool->ready.head].since_ns + pool->bypass_t1_ns;
}

void pool_bypassed_reset(struct pool *pool)
{
    for (uint32_t i = 0; i < POOL_BYPASS_BLOCKS; i++) {
        pool->bypasses[i] = 0;
    }
}
