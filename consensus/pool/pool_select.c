/* pool_select.c: whose turn it is in a block. Rules R4, V5, L1.
 *
 * Origins with READY commands stand in a ring, the turn. Whose turn it is gets a quantum of weight and gives commands from the front of its
 * list while they fit what it has; what is left is kept for its next turn, and lost when its list is empty. The turn goes on where the
 * last block ended. The weight of a command is its bytes, or what the same part of a block's commands or cost would be in bytes. */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

#include <string.h>

struct choice {
    uint64_t serial; /* of this choice, so that what an origin took before does not count */
    uint64_t height;
    uint64_t time_ms;
    uint8_t *body;
    struct block_command *commands;
    struct pool_chosen sum;
    uint32_t passed; /* origins in a row that gave nothing although they had weight left */
    uint32_t judged; /* commands looked at */
};

uint64_t pool_weight(const struct pool *pool, uint32_t bytes, uint32_t cost_ns)
{
    uint64_t block = pool->config.block_bytes_max;
    uint64_t by_count = (block + pool->config.block_commands_max - 1) / pool->config.block_commands_max;
    uint64_t by_cost = cost_ns * block / POOL_COST_NS_MAX;
    uint64_t weight = bytes > by_count ? bytes : by_count;

    ASSERT(weight >= bytes);
    return weight > by_cost ? weight : by_cost;
}

void turn_enter(struct pool *pool, uint32_t origin)
{
    struct pool_origin *o = &pool->origins[origin];

    ASSERT(origin < ORIGINS_MAX);
    ASSERT(o->ready.count == 1);
    pool->origins_active++;
    if (pool->origins_turn == POOL_NONE) {
        o->turn_prev = origin;
        o->turn_next = origin;
        pool->origins_turn = origin;
        return;
    }
    struct pool_origin *first = &pool->origins[pool->origins_turn];
    o->turn_next = pool->origins_turn;
    o->turn_prev = first->turn_prev;
    pool->origins[o->turn_prev].turn_next = origin;
    first->turn_prev = origin;
}

void turn_leave(struct pool *pool, uint32_t origin)
{
    struct pool_origin *o = &pool->origins[origin];

    ASSERT(pool->origins_active > 0);
    ASSERT(origin < ORIGINS_MAX);
    ASSERT(o->ready.count == 0);
    pool->origins_active--;
    o->deficit = 0;
    o->granted = false;
    if (o->turn_next == origin) {
        pool->origins_turn = POOL_NONE;
        return;
    }
    pool->origins[o->turn_prev].turn_next = o->turn_next;
    pool->origins[o->turn_next].turn_prev = o->turn_prev;
    if (pool->origins_turn == origin) {
        pool->origins_turn = o->turn_next;
    }
}

static bool fits(const struct pool *pool, const struct choice *choice, const struct pool_item *item)
{
    return choice->sum.bytes + item->bytes <= pool->config.block_bytes_max && choice->sum.commands < pool->config.block_commands_max &&
           choice->sum.cost_ns + item->cost_ns <= POOL_COST_NS_MAX;
}

/* is_capped tells whether this command would take its origin beyond half of the block while others wait. The first is always allowed. */
static bool is_capped(const struct pool *pool, const struct choice *choice, uint32_t origin, uint64_t weight)
{
    const struct pool_origin *o = &pool->origins[origin];
    uint64_t taken = o->taken_serial == choice->serial ? o->taken : 0;

    ASSERT(origin < ORIGINS_MAX);
    return pool->origins_active > 1 && taken > 0 && taken + weight > pool->config.block_bytes_max / 2;
}

/* is_behind_others tells whether an earlier nonce of the account still waits to be taken. */
static bool is_behind_others(struct pool *pool, const struct pool_item *item)
{
    struct pool_account *a = &pool->accounts[item->account];

    ASSERT(item->nonce > a->executed);
    while (a->flown + 1 < item->nonce && entry_of(pool, item->account, a->flown + 1) != POOL_NONE) {
        a->flown++;
    }
    return a->flown + 1 < item->nonce;
}

/* is_takeable judges the first command of an origin once more. Gives: false when it is not there any more. */
static bool is_takeable(struct pool *pool, struct now now, const struct choice *choice, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];
    uint32_t account = item->account;

    ASSERT(item->state == POOL_READY);
    if (item->valid_until_ms <= choice->time_ms) {
        pool_refuse(pool, now, index, CODE_EXPIRED, 0);
        return false;
    }
    if (item->valid_until_ms - choice->time_ms > COMMAND_VALID_MS_MAX) {
        pool_set_code(pool, now, index, CODE_EXPIRY_FAR); /* The clock was set back. */
        return false;
    }
    if (!pool_judge(pool, now, index, choice->time_ms)) {
        return false;
    }
    if (!is_behind_others(pool, item)) {
        return true;
    }
    pool_cut(pool, now, account, item->nonce); /* That one is of another origin: this one goes behind it. */
    pool_extend(pool, now, account);
    return false;
}

static void take(struct pool *pool, struct choice *choice, uint32_t index, uint64_t weight)
{
    struct pool_item *item = &pool->items[index];
    struct pool_origin *o = &pool->origins[item->origin];
    struct command command = pool_command_of(pool, index);

    ASSERT(o->deficit >= weight);                   /* R4 */
    ASSERT(pool_is_verified_state(item->state));    /* L5 */
    ASSERT(item->valid_until_ms > choice->time_ms); /* V5 */
    o->taken = (o->taken_serial == choice->serial ? o->taken : 0) + weight;
    o->taken_serial = choice->serial;
    o->deficit -= weight;
    memcpy(choice->body + choice->sum.bytes, item->data, item->bytes);
    choice->commands[choice->sum.commands] = (struct block_command){
        .offset = choice->sum.bytes,
        .envelope_bytes = item->envelope_bytes,
        .payload_bytes = item->bytes - item->envelope_bytes,
        .id = item->id,
        .tokens = command.tokens,
    };
    choice->sum.bytes += item->bytes;
    choice->sum.commands++;
    ASSERT(choice->sum.commands <= pool->config.block_commands_max);
    choice->sum.cost_ns += item->cost_ns;
    flight_record(pool, choice->height, &command, item->origin, item->debtor);
    state_to_flight(pool, index);
}

/* What an origin's turn comes to: it gives a command, has no weight left for one, or has one that may not come into this block. */
enum turn { TURN_TAKE, TURN_SPENT, TURN_STUCK };

static enum turn turn_of(const struct pool *pool, const struct choice *choice, uint32_t origin, uint64_t weight)
{
    const struct pool_origin *o = &pool->origins[origin];

    ASSERT(o->ready.count > 0);
    if (!fits(pool, choice, &pool->items[o->ready.head]) || is_capped(pool, choice, origin, weight)) {
        return TURN_STUCK;
    }
    return weight > o->deficit ? TURN_SPENT : TURN_TAKE;
}

/* serve gives the origin its turn whose it is. One that is stuck keeps its weight, and gets no more before it was spent. */
static void serve(struct pool *pool, struct now now, struct choice *choice)
{
    uint32_t origin = pool->origins_turn;
    struct pool_origin *o = &pool->origins[origin];
    uint32_t before = choice->sum.commands;
    enum turn turn = TURN_TAKE;

    ASSERT(origin < ORIGINS_MAX);
    o->deficit += o->granted ? 0 : POOL_QUANTUM;
    o->granted = true;
    while (o->ready.count > 0 && pool->origins_turn == origin) {
        uint32_t index = o->ready.head;
        uint64_t weight = pool_weight(pool, pool->items[index].bytes, pool->items[index].cost_ns);
        turn = turn_of(pool, choice, origin, weight);
        if (turn != TURN_TAKE || choice->judged == 2 * pool->config.block_commands_max) {
            break;
        }
        choice->judged++;
        if (is_takeable(pool, now, choice, index)) {
            take(pool, choice, index, weight);
        }
    }
    choice->passed = turn == TURN_STUCK && choice->sum.commands == before ? choice->passed + 1 : 0;
    if (pool->origins_turn == origin && o->ready.count > 0) {
        o->granted = turn == TURN_STUCK;
        pool->origins_turn = o->turn_next;
    }
}

struct pool_chosen pool_select(struct pool *pool, struct now now, uint64_t height, uint64_t time_ms, uint8_t *body, struct block_command *commands)
{
    struct choice choice = { .serial = ++pool->selects, .height = height, .time_ms = time_ms, .body = body, .commands = commands };

    for (uint32_t i = 0; i < pool->config.blocks; i++) {
        ASSERT(pool->heights[i].commands == 0 || pool->heights[i].height < height);
    }
    while (pool->origins_turn != POOL_NONE && choice.passed < pool->origins_active && choice.judged < 2 * pool->config.block_commands_max) {
        serve(pool, now, &choice);
    }
    ASSERT(choice.sum.bytes <= pool->config.block_bytes_max);
    ASSERT(choice.sum.cost_ns <= POOL_COST_NS_MAX);
    return choice.sum;
}
