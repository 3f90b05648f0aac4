/* pool_table.c: the records of the pool: lists by index, hash chains, free lists. No rule of the protocol is here.
 *
 * Tables are hashed by a sum of products with secret factors, so that nobody outside can aim at one bucket. The order within a chain is
 * that of insertion, newest first, whatever the factors are. */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

#include <string.h>

/* --- Lists ------------------------------------------------------------------------------------------------------------- */

void list_init(struct pool_list *list)
{
    *list = (struct pool_list){ .head = POOL_NONE, .tail = POOL_NONE };
}

static void connect(struct pool *pool, struct pool_list *list, enum pool_link link, uint32_t before, uint32_t after)
{
    ASSERT(link < LINK_COUNT);
    if (before == POOL_NONE) {
        list->head = after;
    } else {
        pool->items[before].links[link][1] = after;
    }
    if (after == POOL_NONE) {
        list->tail = before;
    } else {
        pool->items[after].links[link][0] = before;
    }
}

void list_push(struct pool *pool, struct pool_list *list, enum pool_link link, uint32_t index)
{
    ASSERT(index < pool->items_max);
    connect(pool, list, link, list->tail, index);
    connect(pool, list, link, index, POOL_NONE);
    list->count++;
}

void list_push_front(struct pool *pool, struct pool_list *list, enum pool_link link, uint32_t index)
{
    ASSERT(index < pool->items_max);
    connect(pool, list, link, index, list->head);
    connect(pool, list, link, POOL_NONE, index);
    list->count++;
}

void list_remove(struct pool *pool, struct pool_list *list, enum pool_link link, uint32_t index)
{
    const uint32_t *links = pool->items[index].links[link];

    ASSERT(index < pool->items_max);
    ASSERT(list->count > 0);
    ASSERT(links[0] != POOL_NONE || list->head == index);
    connect(pool, list, link, links[0], links[1]);
    list->count--;
    ASSERT((list->count == 0) == (list->head == POOL_NONE));
}

uint32_t pool_free_take(struct pool_free *free)
{
    ASSERT(free->first != POOL_NONE || free->fresh < free->end);
    return free->first != POOL_NONE ? free->first : free->fresh++;
}

/* --- Hashing ----------------------------------------------------------------------------------------------------------- */

static uint32_t bucket_of_pair(const struct pool *pool, uint64_t sum, uint64_t nonce, uint32_t buckets)
{
    return pool_bucket(sum + pool->keys[8] * (uint32_t)nonce + pool->keys[9] * (uint32_t)(nonce >> 32), buckets);
}

/* --- Accounts ---------------------------------------------------------------------------------------------------------- */

static uint32_t account_in(const struct pool *pool, uint32_t index, const struct hash32 *account)
{
    while (index != POOL_NONE && memcmp(&pool->accounts[index].account, account, sizeof *account) != 0) {
        index = pool->accounts[index].next;
    }
    return index;
}

uint32_t account_find(const struct pool *pool, const struct hash32 *account)
{
    return account_in(pool, pool->account_buckets[pool_bucket(pool_hash_account(pool, account), pool->item_buckets_count)], account);
}

uint32_t account_hold(struct pool *pool, const struct hash32 *account, uint64_t executed)
{
    uint64_t sum = pool_hash_account(pool, account);
    uint32_t *head = &pool->account_buckets[pool_bucket(sum, pool->item_buckets_count)];
    uint32_t index = account_in(pool, *head, account);

    if (index == POOL_NONE) {
        bool used = pool->free_accounts.first != POOL_NONE;
        index = pool_free_take(&pool->free_accounts); /* There is one per item, and one for who holds it. */
        pool->free_accounts.first = used ? pool->accounts[index].next : POOL_NONE;
        ASSERT(index < pool->free_accounts.end);
        ASSERT(!used || pool->accounts[index].items == 0);
        pool->accounts[index] = (struct pool_account){ .account = *account, .sum = sum, .executed = executed, .run = executed, .flown = executed, .debtor = POOL_NONE,
                                                        .next = *head };
        *head = index;
    }
    pool->accounts[index].items++;
    return index;
}

void account_release(struct pool *pool, uint32_t account)
{
    struct pool_account *a = &pool->accounts[account];

    ASSERT(account < pool->free_accounts.end);
    ASSERT(a->items > 0);
    if (--a->items > 0) {
        return;
    }
    uint32_t *place = &pool->account_buckets[pool_bucket(a->sum, pool->item_buckets_count)];
    while (*place != account) {
        ASSERT(*place != POOL_NONE);
        place = &pool->accounts[*place].next;
    }
    *place = a->next;
    a->next = pool->free_accounts.first;
    pool->free_accounts.first = account;
}

/* --- Items ------------------------------------------------------------------------------------------------------------- */

static uint32_t skip(const struct pool *pool, uint32_t index, uint32_t account, uint64_t nonce)
{
    while (index != POOL_NONE && (pool->items[index].account != account || pool->items[index].nonce != nonce)) {
        index = pool->items[index].next;
    }
    return index;
}

static uint32_t *chain_head(const struct pool *pool, uint32_t account, uint64_t nonce)
{
    return &pool->item_buckets[bucket_of_pair(pool, pool->accounts[account].sum, nonce, pool->item_buckets_count)];
}

uint32_t chain_first(const struct pool *pool, uint32_t account, uint64_t nonce)
{
    return skip(pool, *chain_head(pool, account, nonce), account, nonce);
}

uint32_t chain_next(const struct pool *pool, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];

    ASSERT(index < pool->items_max);
    return skip(pool, item->next, item->account, item->nonce);
}

uint32_t holder_find(const struct pool *pool, uint32_t account, uint64_t nonce)
{
    uint32_t index = chain_first(pool, account, nonce);

    while (index != POOL_NONE && !pool_is_verified_state(pool->items[index].state)) {
        index = chain_next(pool, index);
    }
    return index;
}

size_t pool_item_bytes(const struct pool_item *item)
{
    return item->bytes + item->signatures_count * sizeof(struct pool_signature);
}

uint32_t item_take(struct pool *pool, uint32_t account, uint64_t nonce, uint32_t payer)
{
    bool used = pool->free_items.first != POOL_NONE;
    uint32_t index = pool_free_take(&pool->free_items); /* Every payer has places of its own. */
    struct pool_item *item = &pool->items[index];

    ASSERT(item->state == POOL_FREE);
    ASSERT(nonce > pool->accounts[account].executed); /* R3: a used nonce is refused at the door */
    ASSERT(account < pool->free_accounts.end);
    ASSERT(payer < pool->free_clients.end);
    pool->free_items.first = used ? item->next : POOL_NONE;
    uint32_t *head = chain_head(pool, account, nonce);
    *item = (struct pool_item){ .nonce = nonce, .account = account, .payer = payer, .next = *head };
    heap_node_init(&item->expiry);
    *head = index;
    pool->accounts[account].items++;
    pool->payers[payer].commands++;
    pool->own_commands += payer >= pool->config.members_count;
    pool->held++;
    ASSERT(pool->held <= pool->items_max);
    ASSERT(pool->own_commands <= pool->own_max); /* R4 */
    return index;
}

void item_unchain(struct pool *pool, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];
    uint32_t *place = chain_head(pool, item->account, item->nonce);

    ASSERT(index < pool->items_max);
    while (*place != index) {
        ASSERT(*place != POOL_NONE);
        place = &pool->items[*place].next;
    }
    *place = item->next;
}

void item_free(struct pool *pool, uint32_t index)
{
    struct pool_item *item = &pool->items[index];

    ASSERT(item->state != POOL_FREE);
    ASSERT(!heap_is_waiting(&item->expiry));
    ASSERT(pool->held > 0);
    ASSERT(pool->held_bytes >= item->bytes);
    ASSERT(index < pool->items_max);
    slab_give(&pool->slab, item->data);
    pool->held--;
    pool->held_bytes -= item->bytes;
    pool->strangers -= item->stranger;
    pool->own_commands -= item->payer >= pool->config.members_count;
    ASSERT(pool->payers[item->payer].commands > 0);
    pool->payers[item->payer].commands--;
    ASSERT(pool->payers[item->payer].bytes >= slab_run_bytes(pool_item_bytes(item)));
    pool->payers[item->payer].bytes -= slab_run_bytes(pool_item_bytes(item));
    payer_release(pool, item->payer);
    debtor_release(pool, item->debtor);
    account_release(pool, item->account);
    item->state = POOL_FREE;
    item->next = pool->free_items.first;
    pool->free_items.first = index;
}

/* --- Sources ----------------------------------------------------------------------------------------------------------- */

/* By party too: one place may have had many while what they sent is held. */
static uint32_t *client_head(const struct pool *pool, uint32_t client, uint64_t party)
{
    uint64_t sum = pool->keys[10] + pool->keys[0] * client + pool->keys[1] * (uint32_t)party + pool->keys[2] * (uint32_t)(party >> 32);

    return &pool->client_buckets[pool_bucket(sum, pool->item_buckets_count)];
}

uint32_t payer_find(const struct pool *pool, const struct pool_source *source)
{
    uint32_t index = *client_head(pool, source->client, source->party);

    while (index != POOL_NONE && (pool->payers[index].client != source->client || pool->payers[index].party != source->party)) {
        index = pool->payers[index].next;
    }
    return index;
}

uint32_t payer_of_client(struct pool *pool, const struct pool_source *source)
{
    uint32_t *head = client_head(pool, source->client, source->party);
    uint32_t index = payer_find(pool, source);

    if (index != POOL_NONE) {
        return index;
    }
    bool used = pool->free_clients.first != POOL_NONE;
    index = pool_free_take(&pool->free_clients); /* There is one per command of own clients, and one for who asks. */
    ASSERT(index >= pool->config.members_count); /* R4: no client has a member's place */
    ASSERT(index < pool->free_clients.end);
    pool->free_clients.first = used ? pool->payers[index].next : POOL_NONE;
    pool->payers[index] = (struct pool_payer){ .client = source->client, .party = source->party, .next = *head };
    list_init(&pool->payers[index].queue);
    suspect_recall(pool, &pool->payers[index]);
    *head = index;
    return index;
}

void payer_release(struct pool *pool, uint32_t payer)
{
    struct pool_payer *s = &pool->payers[payer];

    ASSERT(payer < pool->free_clients.end);
    if (payer < pool->config.members_count || s->commands > 0) {
        return;
    }
    ASSERT(s->queue.count == 0);
    ASSERT(s->bytes == 0);
    uint32_t *place = client_head(pool, s->client, s->party);
    while (*place != payer) {
        ASSERT(*place != POOL_NONE);
        place = &pool->payers[*place].next;
    }
    *place = s->next;
    s->next = pool->free_clients.first;
    pool->free_clients.first = payer;
}

uint32_t payer_owner(const struct pool *pool, uint32_t payer)
{
    ASSERT(payer < pool->free_clients.end);
    return payer < pool->config.members_count ? payer + 1 : 0;
}

/* --- In flight --------------------------------------------------------------------------------------------------------- */

static uint32_t entry_at(const struct pool *pool, uint64_t sum, const struct hash32 *account, uint64_t nonce)
{
    uint32_t index = pool->entry_buckets[bucket_of_pair(pool, sum, nonce, pool->entry_buckets_count)];

    while (index != POOL_NONE && (pool->entries[index].nonce != nonce || memcmp(&pool->entries[index].account, account, sizeof *account) != 0)) {
        index = pool->entries[index].bucket_next;
    }
    return index;
}

uint32_t entry_find(const struct pool *pool, const struct hash32 *account, uint64_t nonce)
{
    return entry_at(pool, pool_hash_account(pool, account), account, nonce);
}

uint32_t entry_of(const struct pool *pool, uint32_t account, uint64_t nonce)
{
    return entry_at(pool, pool->accounts[account].sum, &pool->accounts[account].account, nonce);
}

uint32_t entry_take(struct pool *pool, const struct hash32 *account, uint64_t nonce)
{
    uint32_t *head = &pool->entry_buckets[bucket_of_pair(pool, pool_hash_account(pool, account), nonce, pool->entry_buckets_count)];
    bool used = pool->free_entries.first != POOL_NONE;
    uint32_t index = pool_free_take(&pool->free_entries); /* There are config.blocks full blocks of them. */

    ASSERT(index < pool->entries_max);
    pool->free_entries.first = used ? pool->entries[index].below : POOL_NONE;
    pool->entries[index] = (struct pool_entry){ .account = *account, .nonce = nonce, .bucket_next = *head, .below = POOL_NONE };
    *head = index;
    return index;
}

void entry_free(struct pool *pool, uint32_t entry)
{
    struct pool_entry *e = &pool->entries[entry];
    uint32_t *place = &pool->entry_buckets[bucket_of_pair(pool, pool_hash_account(pool, &e->account), e->nonce, pool->entry_buckets_count)];

    while (*place != entry) {
        ASSERT(*place != POOL_NONE);
        place = &pool->entries[*place].bucket_next;
    }
    *place = e->bucket_next;
    ASSERT(entry < pool->entries_max);
    ASSERT(pool->free_entries.first != entry); /* given back once */
    e->below = pool->free_entries.first;
    pool->free_entries.first = entry;
}

/* --- Ahead ------------------------------------------------------------------------------------------------------------- */

void table_expect(const struct pool *pool, const struct hash32 *account, uint64_t nonce, unsigned step)
{
    uint64_t sum = pool_hash_account(pool, account);
    const uint32_t *accounts = &pool->account_buckets[pool_bucket(sum, pool->item_buckets_count)];
    const uint32_t *entries = &pool->entry_buckets[bucket_of_pair(pool, sum, nonce, pool->entry_buckets_count)];
    const uint32_t *items = &pool->item_buckets[bucket_of_pair(pool, sum, nonce, pool->item_buckets_count)];

    if (step == 0) {
        __builtin_prefetch(accounts);
        __builtin_prefetch(entries, 1);
        __builtin_prefetch(items);
        return;
    }
    if (*accounts != POOL_NONE) {
        __builtin_prefetch(&pool->accounts[*accounts], 1);
    }
    if (*entries != POOL_NONE) {
        __builtin_prefetch(&pool->entries[*entries]);
    }
    if (*items != POOL_NONE) {
        __builtin_prefetch(&pool->items[*items], 1);
    }
}
