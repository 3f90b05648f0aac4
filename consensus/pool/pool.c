/* pool.c: memory of the pool. What it does is in pool_admit.c (what may come in), pool_verify.c (signatures), pool_run.c and pool_state.c (what is live),
 * pool_suspect.c (sources of bad ones), pool_flight.c (blocks), pool_debt.c (tokens), pool_select.c (whose turn it is), pool_live.c (what others are told), pool_answer.c (what clients are told),
 * pool_check.c (invariants); records and lists in pool_table.c. */
#include "consensus/pool/pool.h"

#include "base/arena.h"
#include "base/assert.h"
#include "consensus/pool/pool_priv.h"

static uint32_t power_of_two(uint32_t at_least)
{
    uint32_t power = 1;

    ASSERT(at_least <= 1u << 30);
    while (power < at_least) {
        power *= 2;
    }
    return power;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* divide fixes all capacities. Source: docs/protocol.md section 13. */
static void divide(struct pool *pool, const struct pool_config *config)
{
    uint32_t others = config->members_count - 1;

    ASSERT(config->commands >= POOL_COMMANDS_MIN);
    ASSERT(config->commands <= POOL_COMMANDS_MAX);
    ASSERT(config->members_count >= MEMBERS_MIN);
    ASSERT(config->members_count <= MEMBERS_MAX);
    ASSERT(config->client_max >= 1);
    ASSERT(config->blocks >= 1);
    ASSERT(config->blocks <= POOL_HEIGHTS_MAX);
    ASSERT(config->block_commands_max >= 1);
    ASSERT(config->block_commands_max <= BLOCK_COMMANDS_MAX);
    ASSERT(config->block_bytes_max >= POOL_COMMAND_BYTES_MAX);
    pool->config = *config;
    pool->own_max = config->commands / 2;
    pool->member_max = max_u32(config->commands / 2 / others, POOL_MEMBER_COMMANDS_MIN);
    pool->items_max = pool->own_max + config->members_count * pool->member_max;
    pool->origin_max = config->commands / 2;
    pool->entries_max = config->blocks * config->block_commands_max;
    pool->outcomes_max = 4 * pool->own_max;
    pool->item_buckets_count = power_of_two(pool->items_max);
    pool->entry_buckets_count = power_of_two(pool->entries_max);
}

static uint32_t pages_of(uint32_t commands)
{
    return max_u32((commands * POOL_BYTES_PER_COMMAND + SLAB_PAGE_BYTES - 1) / SLAB_PAGE_BYTES, POOL_OWNER_PAGES_MIN);
}

static void take_slab(struct pool *pool, struct arena *arena)
{
    uint32_t own = pages_of(pool->own_max);
    uint32_t member = pages_of(pool->member_max);
    uint32_t owners = pool->config.members_count + 1;
    size_t pages = own + (size_t)member * pool->config.members_count;

    struct slab_owner *list = arena_take(arena, owners, sizeof *list);
    struct slab_page *page = arena_take(arena, pages, sizeof *page);
    uint8_t *data = arena_take(arena, pages, SLAB_PAGE_BYTES);
    pool->client_bytes_max = (size_t)max_u32(own / 8, 2) * SLAB_PAGE_BYTES;
    if (data == NULL) {
        return;
    }
    for (uint32_t i = 0; i < owners; i++) {
        list[i].pages_max = i == 0 ? own : member;
    }
    slab_init(&pool->slab, data, page, list, owners);
}

/* take takes all memory; the measuring pass goes the same way. */
static void take(struct pool *pool, struct arena *arena)
{
    uint32_t payers = pool->config.members_count + pool->own_max + 1;
    struct heap_node **nodes = arena_take(arena, pool->items_max, sizeof(struct heap_node *));

    pool->items = arena_take(arena, pool->items_max, sizeof *pool->items);
    pool->accounts = arena_take(arena, pool->items_max + 1, sizeof *pool->accounts);
    pool->debtors = arena_take(arena, pool->items_max + (size_t)pool->entries_max, sizeof *pool->debtors);
    pool->payers = arena_take(arena, payers, sizeof *pool->payers);
    pool->origins = arena_take(arena, ORIGINS_MAX, sizeof *pool->origins);
    pool->entries = arena_take(arena, pool->entries_max, sizeof *pool->entries);
    pool->outcomes = arena_take(arena, pool->outcomes_max, sizeof *pool->outcomes);
    pool->item_buckets = arena_take(arena, pool->item_buckets_count, sizeof *pool->item_buckets);
    pool->account_buckets = arena_take(arena, pool->item_buckets_count, sizeof *pool->account_buckets);
    pool->debtor_buckets = arena_take(arena, pool->item_buckets_count, sizeof *pool->debtor_buckets);
    pool->client_buckets = arena_take(arena, pool->item_buckets_count, sizeof *pool->client_buckets);
    pool->entry_buckets = arena_take(arena, pool->entry_buckets_count, sizeof *pool->entry_buckets);
    pool->batches = arena_take(arena, POOL_BATCHES, sizeof *pool->batches);
    verdicts_take(&pool->known, arena, 2 * pool->config.commands, 0);
    take_slab(pool, arena);
    if (nodes != NULL) {
        heap_init(&pool->expiry, nodes, pool->items_max);
    }
}

size_t pool_footprint(const struct pool_config *config)
{
    struct pool measured = { 0 };
    struct arena arena;

    divide(&measured, config);
    arena_init_measure(&arena);
    (void)arena_take(&arena, 1, sizeof measured);
    take(&measured, &arena);
    return arena.used;
}

/* spread makes one 64-bit factor out of the seed (splitmix64). */
static uint64_t spread(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void make_keys(struct pool *pool)
{
    struct reader reader;

    reader_init(&reader, pool->config.seed, sizeof pool->config.seed);
    uint64_t a = read_u64_le(&reader);
    uint64_t b = read_u64_le(&reader);
    for (uint32_t i = 0; i < sizeof pool->keys / sizeof pool->keys[0]; i++) {
        pool->keys[i] = spread(&a) + (spread(&b) << 1 | 1); /* Two equal halves of a seed must not cancel out. */
    }
    pool->known.seed = spread(&a) | 1;
}

static void empty_buckets(uint32_t *buckets, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        buckets[i] = POOL_NONE;
    }
}

static void free_all(struct pool *pool)
{
    uint32_t members = pool->config.members_count;

    pool->free_items = (struct pool_free){ POOL_NONE, 0, pool->items_max };
    pool->free_accounts = (struct pool_free){ POOL_NONE, 0, pool->items_max + 1 };
    pool->free_debtors = (struct pool_free){ POOL_NONE, 0, pool->items_max + pool->entries_max };
    pool->free_clients = (struct pool_free){ POOL_NONE, members, members + pool->own_max + 1 };
    pool->free_entries = (struct pool_free){ POOL_NONE, 0, pool->entries_max };
    for (uint32_t i = 0; i < members; i++) {
        list_init(&pool->payers[i].queue);
    }
}

struct pool *pool_init(void *memory, const struct pool_config *config, const struct app *app)
{
    struct arena arena;

    ASSERT(app->scan != NULL);
    ASSERT(app->standing != NULL);
    ASSERT(app->nonce != NULL);
    arena_init(&arena, memory, pool_footprint(config));
    struct pool *pool = arena_take(&arena, 1, sizeof *pool);
    divide(pool, config);
    take(pool, &arena);
    pool->app = *app;
    make_keys(pool);
    free_all(pool);
    empty_buckets(pool->item_buckets, pool->item_buckets_count);
    empty_buckets(pool->account_buckets, pool->item_buckets_count);
    empty_buckets(pool->debtor_buckets, pool->item_buckets_count);
    empty_buckets(pool->client_buckets, pool->item_buckets_count);
    empty_buckets(pool->entry_buckets, pool->entry_buckets_count);
    list_init(&pool->arrived);
    list_init(&pool->live);
    list_init(&pool->ready);
    list_init(&pool->own);
    list_init(&pool->parked_rate);
    list_init(&pool->parked);
    for (uint32_t which = 0; which < POOL_RINGS; which++) {
        pool->rings[which].turn = POOL_NONE;
    }
    pool->origins_turn = POOL_NONE;
    pool->forward_next = POOL_NONE;
    pool->broadcast_next = POOL_NONE;
    return pool;
}
