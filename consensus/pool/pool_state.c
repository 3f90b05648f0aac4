/* pool_state.c: the states of an item and the lists that go with them; see the drawing in pool_run.c, which decides. Nothing is judged here.
 *
 * A state is left and entered by one function each, so that lists, counts and deadlines never disagree with it. */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

#include <string.h>

uint64_t pool_judge_time_ms(const struct pool *pool, struct now now)
{
    return pool->time_ms > now.wall_ms ? pool->time_ms : now.wall_ms;
}

struct command pool_command_of(const struct pool *pool, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];
    struct command command;

    ASSERT(item->signatures_count <= COMMAND_SIGNATURES_MAX);
    ASSERT(item->bytes >= item->envelope_bytes);
    command.bytes = bytes_of(item->data, item->bytes); /* Field by field: places of signatures that it lacks are not worth clearing. */
    command.envelope_bytes = item->envelope_bytes;
    command.id = item->id;
    command.account = pool->accounts[item->account].account;
    command.nonce = item->nonce;
    command.valid_until_ms = item->valid_until_ms;
    command.cost_ns = item->cost_ns;
    command.tokens = item->takes;
    command.payer = pool->debtors[item->debtor].account;
    command.signatures_count = item->signatures_count;
    for (uint32_t i = 0; i < item->signatures_count; i++) {
        struct pool_signature kept;
        memcpy(&kept, item->data + item->bytes + i * sizeof kept, sizeof kept);
        command.signatures[i] = (struct command_signature){ item->data + kept.key, item->data + kept.signature, kept.digest, (enum code)kept.refusal };
    }
    return command;
}

void state_arm(struct pool *pool, struct now now, uint32_t index)
{
    struct pool_item *item = &pool->items[index];
    uint64_t time_ms = pool_judge_time_ms(pool, now);
    uint64_t left_ms = item->valid_until_ms > time_ms ? item->valid_until_ms - time_ms : 0;

    ASSERT(item->state == POOL_WAITING || item->state == POOL_READY);
    if (left_ms > COMMAND_VALID_MS_MAX) {
        left_ms = COMMAND_VALID_MS_MAX; /* The clock was set back: look again then. */
    }
    uint64_t deadline_ns = now.mono_ns + left_ms * 1000000;
    if (item->state == POOL_WAITING && deadline_ns > item->since_ns + POOL_WAIT_NS) {
        deadline_ns = item->since_ns + POOL_WAIT_NS;
    }
    heap_set(&pool->expiry, &item->expiry, deadline_ns);
}

static struct pool_list *park_of(struct pool *pool, uint16_t code)
{
    ASSERT(code != CODE_OK);
    return code == CODE_RATE ? &pool->parked_rate : &pool->parked;
}

void state_park(struct pool *pool, struct now now, uint32_t index)
{
    uint16_t code = pool->items[index].code;

    ASSERT(pool->items[index].state == POOL_WAITING);
    if (code == CODE_OK) {
        return;
    }
    if (code == CODE_RATE && pool->parked_rate.count == 0) {
        pool->judge_ns = now.mono_ns + POOL_JUDGE_NS;
    }
    list_push(pool, park_of(pool, code), LINK_AGE, index);
}

void state_unpark(struct pool *pool, uint32_t index)
{
    uint16_t code = pool->items[index].code;

    ASSERT(pool->items[index].state == POOL_WAITING);
    if (code != CODE_OK) {
        list_remove(pool, park_of(pool, code), LINK_AGE, index);
    }
}

void state_enter_waiting(struct pool *pool, struct now now, uint32_t index)
{
    struct pool_item *item = &pool->items[index];

    ASSERT(!item->live);
    ASSERT(index < pool->items_max);
    item->state = POOL_WAITING;
    item->since_ns = now.mono_ns;
    pool->waiting++;
    state_park(pool, now, index);
    state_arm(pool, now, index);
}

static void leave_waiting(struct pool *pool, uint32_t index)
{
    ASSERT(pool->items[index].state == POOL_WAITING);
    ASSERT(pool->waiting > 0);
    state_unpark(pool, index);
    pool->waiting--;
}

static void enter_ready(struct pool *pool, struct now now, uint32_t index, bool front)
{
    struct pool_item *item = &pool->items[index];
    struct pool_list *list = &pool->origins[item->origin].ready;

    ASSERT(item->live);
    ASSERT(index < pool->items_max);
    item->state = POOL_READY;
    if (front) {
        list_push_front(pool, &pool->ready, LINK_READY, index);
        list_push_front(pool, list, LINK_QUEUE, index);
    } else {
        list_push(pool, &pool->ready, LINK_READY, index);
        list_push(pool, list, LINK_QUEUE, index);
    }
    if (list->count == 1) {
        turn_enter(pool, item->origin);
    }
    pool->ready_bytes += item->bytes;
    debt_add(&pool->debtors[item->debtor].ready, item->takes);
    state_arm(pool, now, index);
}

static void leave_ready(struct pool *pool, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];
    struct pool_list *list = &pool->origins[item->origin].ready;

    ASSERT(item->state == POOL_READY);
    ASSERT(pool->ready_bytes >= item->bytes);
    list_remove(pool, &pool->ready, LINK_READY, index);
    list_remove(pool, list, LINK_QUEUE, index);
    if (list->count == 0) {
        turn_leave(pool, item->origin);
    }
    pool->ready_bytes -= item->bytes;
    debt_remove(&pool->debtors[item->debtor].ready, item->takes);
}

/* live_on makes a holder live: WAITING becomes READY, FLIGHT stays. */
void state_live_on(struct pool *pool, struct now now, uint32_t index)
{
    struct pool_item *item = &pool->items[index];

    ASSERT(!item->live);
    ASSERT(item->code == CODE_OK);
    ASSERT(index < pool->items_max);
    if (item->state == POOL_WAITING) {
        leave_waiting(pool, index);
    }
    item->live = true;
    item->since_ns = now.mono_ns;
    list_push(pool, &pool->live, LINK_AGE, index);
    if (pool->broadcast_next == POOL_NONE) {
        pool->broadcast_next = index;
    }
    if (item->state == POOL_WAITING) {
        enter_ready(pool, now, index, false);
    }
}

/* live_off takes it out of the live list; the state remains to be set. */
static void live_off(struct pool *pool, uint32_t index)
{
    ASSERT(pool->items[index].live);
    ASSERT(index < pool->items_max);
    if (pool->broadcast_next == index) {
        pool->broadcast_next = list_next(pool, LINK_AGE, index);
    }
    list_remove(pool, &pool->live, LINK_AGE, index);
    pool->items[index].live = false;
}

void state_unlive(struct pool *pool, struct now now, uint32_t index)
{
    bool ready = pool->items[index].state == POOL_READY;

    ASSERT(pool->items[index].live);
    if (ready) {
        leave_ready(pool, index);
    }
    live_off(pool, index);
    if (ready) {
        state_enter_waiting(pool, now, index);
    }
}

void state_unlist(struct pool *pool, uint32_t index)
{
    ASSERT(index < pool->items_max);
    if (!pool->items[index].listed) {
        return;
    }
    if (pool->forward_next == index) {
        pool->forward_next = list_next(pool, LINK_OWN, index);
    }
    list_remove(pool, &pool->own, LINK_OWN, index);
    pool->items[index].listed = false;
}

void state_to_flight(struct pool *pool, uint32_t index)
{
    struct pool_item *item = &pool->items[index];

    ASSERT(pool_is_verified_state(item->state));
    if (item->state == POOL_FLIGHT) {
        return;
    }
    if (item->state == POOL_READY) {
        leave_ready(pool, index);
    } else {
        leave_waiting(pool, index);
    }
    heap_remove(&pool->expiry, &item->expiry);
    item->state = POOL_FLIGHT;
}

void state_from_flight(struct pool *pool, struct now now, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];

    ASSERT(item->state == POOL_FLIGHT);
    ASSERT(item->nonce > pool->accounts[item->account].executed);
    if (item->live) {
        enter_ready(pool, now, index, true);
    } else {
        state_enter_waiting(pool, now, index);
    }
}

void state_leave(struct pool *pool, uint32_t index)
{
    struct pool_item *item = &pool->items[index];

    ASSERT(item->state != POOL_FREE);
    ASSERT(item->state != POOL_VERIFYING);
    if (item->state == POOL_UNVERIFIED) {
        pool_unqueue(pool, index);
        return;
    }
    if (item->state == POOL_READY) {
        leave_ready(pool, index);
    } else if (item->state == POOL_WAITING) {
        leave_waiting(pool, index);
    }
    if (item->live) {
        live_off(pool, index);
    }
    if (pool_is_verified_state(item->state)) {
        ASSERT(pool->origins[item->origin].commands > 0);
        pool->origins[item->origin].commands--;
        state_unlist(pool, index);
    }
}
