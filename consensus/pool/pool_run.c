/* pool_run.c: which commands are live. Rule Q1; J8: what cannot commit is never live, so it keeps no timer running.
 *
 *                    judged good, and its nonce      taken into a block
 *        WAITING ---- continues the run ------> READY -----------------> FLIGHT
 *           ^                                    | ^                        |
 *           +--- run cut below it, judged bad ---+ +---- block abandoned ---+  (to WAITING, if it was not live)
 *
 * The run of an account are the nonces behind the executed one that count: in flight, or held and in good standing. It only grows by
 * pool_extend and only shrinks by pool_cut, so no call looks at more than POOL_NONCE_WINDOW nonces. */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

/* --- Runs (Q1) --------------------------------------------------------------------------------------------------------- */

static bool is_good(const struct pool *pool, uint32_t holder)
{
    return holder != POOL_NONE && pool->items[holder].code == CODE_OK;
}

static bool counts(const struct pool *pool, uint32_t account, uint64_t nonce)
{
    ASSERT(account < pool->free_accounts.end);
    return is_good(pool, holder_find(pool, account, nonce)) || entry_of(pool, account, nonce) != POOL_NONE;
}

void pool_extend(struct pool *pool, struct now now, uint32_t account)
{
    struct pool_account *a = &pool->accounts[account];

    ASSERT(account < pool->free_accounts.end);
    ASSERT(a->run >= a->executed);
    for (uint32_t i = 0; i < POOL_NONCE_WINDOW && a->run - a->executed < POOL_NONCE_WINDOW; i++) {
        uint32_t holder = holder_find(pool, account, a->run + 1);
        if (!is_good(pool, holder) && entry_of(pool, account, a->run + 1) == POOL_NONE) {
            return;
        }
        if (is_good(pool, holder) && pool->items[holder].state == POOL_WAITING && !debt_allows(pool, holder)) {
            pool_set_code(pool, now, holder, CODE_RATE);
            return;
        }
        a->run++;
        if (is_good(pool, holder)) {
            state_live_on(pool, now, holder);
        }
    }
}

void pool_cut(struct pool *pool, struct now now, uint32_t account, uint64_t nonce)
{
    struct pool_account *a = &pool->accounts[account];

    ASSERT(nonce > a->executed);
    while (a->run >= nonce) {
        uint32_t holder = holder_find(pool, account, a->run);
        if (holder != POOL_NONE && pool->items[holder].live) {
            state_unlive(pool, now, holder);
        }
        a->run--;
    }
}

/* recount is called where a nonce may have ceased to count. */
static void recount(struct pool *pool, struct now now, uint32_t account, uint64_t nonce)
{
    const struct pool_account *a = &pool->accounts[account];

    ASSERT(a->run >= a->executed);
    if (nonce > a->executed && nonce <= a->run && !counts(pool, account, nonce)) {
        pool_cut(pool, now, account, nonce);
    }
}

void pool_drop_used(struct pool *pool, struct now now, uint32_t account, uint64_t nonce)
{
    uint32_t index = chain_first(pool, account, nonce);

    ASSERT(nonce <= pool->accounts[account].executed);
    ASSERT(account < pool->free_accounts.end);
    if (index == POOL_NONE || entry_of(pool, account, nonce) != POOL_NONE) {
        return; /* A6: what is in flight waits for the end of its block. */
    }
    while (index != POOL_NONE) {
        uint32_t next = chain_next(pool, index);
        pool_refuse(pool, now, index, CODE_NONCE_LOW, 0);
        index = next;
    }
}

void pool_advance(struct pool *pool, struct now now, uint32_t account, uint64_t executed)
{
    struct pool_account *a = &pool->accounts[account];
    uint64_t before = a->executed;

    if (executed <= before) {
        return;
    }
    uint64_t count = executed - before < POOL_NONCE_WINDOW ? executed - before : POOL_NONCE_WINDOW;
    a->executed = executed;
    a->run = a->run > executed ? a->run : executed;
    ASSERT(a->run >= a->executed);
    a->flown = a->flown > executed ? a->flown : executed;
    ASSERT(a->flown >= a->executed);
    for (uint64_t i = 1; i <= count; i++) {
        pool_drop_used(pool, now, account, before + i);
    }
    pool_extend(pool, now, account);
}

/* --- Moves ------------------------------------------------------------------------------------------------------------- */

/* count_origin counts a verified command of an origin. What lies beyond those ever seen is not touched. */
static void count_origin(struct pool *pool, uint32_t origin)
{
    ASSERT(origin < ORIGINS_MAX);
    for (; pool->origins_fresh <= origin; pool->origins_fresh++) {
        list_init(&pool->origins[pool->origins_fresh].ready);
    }
    ASSERT(pool->origins_fresh > origin);
    pool->origins[origin].commands++;
}

void pool_settle_holder(struct pool *pool, struct now now, uint32_t index)
{
    struct pool_item *item = &pool->items[index];
    const struct pool_account *a = &pool->accounts[item->account];
    bool flying = entry_of(pool, item->account, item->nonce) != POOL_NONE;

    ASSERT(item->state == POOL_VERIFYING);
    ASSERT(index < pool->items_max);
    count_origin(pool, item->origin);
    if (!flying) {
        state_enter_waiting(pool, now, index);
        pool_extend(pool, now, item->account);
        return;
    }
    item->state = POOL_FLIGHT;
    if (item->nonce <= a->run && item->code == CODE_OK) {
        state_live_on(pool, now, index);
    }
    pool_extend(pool, now, item->account);
}

void pool_released(struct pool *pool, struct now now, uint32_t account, uint64_t nonce)
{
    struct pool_account *a = &pool->accounts[account];
    uint32_t holder = holder_find(pool, account, nonce);

    ASSERT(account < pool->free_accounts.end);
    if (entry_of(pool, account, nonce) != POOL_NONE) {
        return; /* In flight at another height as well. */
    }
    if (nonce <= a->executed) {
        pool_drop_used(pool, now, account, nonce);
        return;
    }
    a->flown = a->flown < nonce ? a->flown : nonce - 1;
    if (holder != POOL_NONE) {
        state_from_flight(pool, now, holder);
    }
    recount(pool, now, account, nonce);
    pool_extend(pool, now, account);
}

void pool_set_code(struct pool *pool, struct now now, uint32_t index, enum code code)
{
    struct pool_item *item = &pool->items[index];

    ASSERT(pool_is_verified_state(item->state));
    ASSERT(index < pool->items_max);
    if (item->code == code) {
        return;
    }
    if (item->state == POOL_WAITING) {
        state_unpark(pool, index);
    }
    item->code = (uint16_t)code;
    pool->strangers -= item->stranger;
    item->stranger = false; /* It has been known once, or is the next to be judged. */
    if (item->state == POOL_WAITING) {
        state_park(pool, now, index);
    }
    if (code != CODE_OK) {
        state_unlist(pool, index);
        recount(pool, now, item->account, item->nonce);
        if (item->live) {
            state_unlive(pool, now, index);
        }
        return;
    }
    if (item->own) {
        pool_make_own(pool, index);
    }
    if (item->state == POOL_FLIGHT && item->nonce <= pool->accounts[item->account].run) {
        state_live_on(pool, now, index);
    }
    pool_extend(pool, now, item->account);
}

bool pool_judge(struct pool *pool, struct now now, uint32_t index, uint64_t time_ms)
{
    struct pool_item *item = &pool->items[index];
    struct command command = pool_command_of(pool, index);
    struct command_standing standing;

    ASSERT(index < pool->items_max);
    pool->app.standing(pool->app.context, &command, time_ms, &standing);
    ASSERT(standing.origin < ORIGINS_MAX);
    uint32_t account = account_hold(pool, &command.account, standing.nonce_executed);
    ASSERT(account == item->account);
    pool_advance(pool, now, account, standing.nonce_executed);
    bool there = command.nonce > pool->accounts[account].executed; /* else it was refused, or its block is being executed */
    if (there && item->state == POOL_WAITING) {
        pool->origins[item->origin].commands--;
        item->origin = standing.origin;
        count_origin(pool, item->origin);
    }
    if (there) {
        debtor_learn(pool, item->debtor, &standing);
        if (standing.code == CODE_OK && item->state != POOL_FLIGHT && !debt_allows(pool, index)) {
            standing.code = CODE_RATE;
        }
        pool_set_code(pool, now, index, standing.code);
    }
    account_release(pool, account);
    return there && standing.code == CODE_OK;
}

uint32_t pool_judge_some(struct pool *pool, struct now now, struct pool_list *list)
{
    uint32_t count = list->count < POOL_JUDGE_MAX ? list->count : POOL_JUDGE_MAX;
    uint32_t good = 0;

    ASSERT(count <= POOL_JUDGE_MAX);
    for (uint32_t i = 0; i < count && list->count > 0; i++) {
        uint32_t index = list->head;
        list_remove(pool, list, LINK_AGE, index);
        list_push(pool, list, LINK_AGE, index);
        good += pool_judge(pool, now, index, pool_judge_time_ms(pool, now));
    }
    ASSERT(good <= count);
    return good;
}

void pool_judge_parked(struct pool *pool, struct now now)
{
    uint32_t left = pool->parked_left > POOL_JUDGE_MAX ? pool->parked_left - POOL_JUDGE_MAX : 0;

    (void)pool_judge_some(pool, now, &pool->parked);
    pool->parked_left = left < pool->parked.count ? left : pool->parked.count;
    pool->parked_ns = now.mono_ns + POOL_JUDGE_NS;
    ASSERT(pool->parked_left <= pool->parked.count);
}

/* --- The end ----------------------------------------------------------------------------------------------------------- */

void pool_end(struct pool *pool, uint32_t index)
{
    struct pool_item *item = &pool->items[index];

    ASSERT(item->state != POOL_FREE);
    ASSERT(item->state != POOL_DOOMED);
    ASSERT(index < pool->items_max);
    pool_forget_tokens(pool, index);
    item_unchain(pool, index);
    if (item->state == POOL_VERIFYING) {
        item->state = POOL_DOOMED; /* Its bytes are being looked at: the batch frees it. */
        return;
    }
    state_leave(pool, index);
    heap_remove(&pool->expiry, &item->expiry);
    item_free(pool, index);
}

void pool_refuse(struct pool *pool, struct now now, uint32_t index, uint16_t code, uint32_t retry_after_ms)
{
    struct hash32 name = pool->accounts[pool->items[index].account].account;
    uint64_t nonce = pool->items[index].nonce;
    uint32_t account = account_hold(pool, &name, 0);

    ASSERT(code != CODE_OK);
    pool_refuse_tokens(pool, index, code, retry_after_ms);
    pool_end(pool, index);
    recount(pool, now, account, nonce);
    account_release(pool, account);
}

/* --- Time (R1) --------------------------------------------------------------------------------------------------------- */

static void end_due(struct pool *pool, struct now now, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];

    ASSERT(item->state == POOL_WAITING || item->state == POOL_READY);
    if (item->valid_until_ms <= pool_judge_time_ms(pool, now)) {
        pool_refuse(pool, now, index, CODE_EXPIRED, 0);
    } else if (item->state == POOL_WAITING && now.mono_ns >= item->since_ns + POOL_WAIT_NS) {
        pool_refuse(pool, now, index, item->code != CODE_OK ? item->code : (uint16_t)REFUSAL_WAITED, POOL_RETRY_WAITED_MS); /* R1: with what it waits for */
    } else {
        state_arm(pool, now, index);
    }
}

void pool_on_time(struct pool *pool, struct now now)
{
    for (uint32_t i = 0; i < POOL_TIME_MAX; i++) {
        struct heap_node *node = heap_pop_due(&pool->expiry, now.mono_ns);
        if (node == NULL) {
            break;
        }
        end_due(pool, now, (uint32_t)((struct pool_item *)(void *)node - pool->items));
    }
    if (pool->parked_rate.count > 0 && pool->judge_ns <= now.mono_ns) {
        bool more = pool_judge_some(pool, now, &pool->parked_rate) == POOL_JUDGE_MAX; /* There may be tokens for others as well. */
        pool->judge_ns = now.mono_ns + (more ? 0 : POOL_JUDGE_NS);
    }
    if (pool->parked_left > 0 && pool->parked_ns <= now.mono_ns) {
        pool_judge_parked(pool, now);
    }
}

uint64_t pool_deadline_ns(const struct pool *pool)
{
    uint64_t deadline_ns = heap_deadline_ns(&pool->expiry);

    if (pool->outcomes_count > 0) {
        return 0;
    }
    deadline_ns = pool->parked_left > 0 && pool->parked_ns < deadline_ns ? pool->parked_ns : deadline_ns;
    return pool->parked_rate.count > 0 && pool->judge_ns < deadline_ns ? pool->judge_ns : deadline_ns;
}
