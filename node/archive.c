/* archive.c: see archive.h. Entry number k stands in slot k mod max; a number that is too old ends a bucket's chain, so forgetting needs no
 * unlinking. */
#include "node/archive.h"

#include "base/assert.h"

#include <string.h>

enum { EVENTS_AHEAD = 8, FORGET_AHEAD = 4, LOCATORS_AHEAD = 6 }; /* the entry to forget must have come before its place among the forgotten can be fetched */

static bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

void archive_init(struct archive *archive, struct arena *arena, const struct archive_sizes *sizes)
{
    ASSERT(sizes->events_max >= 2 * ARCHIVE_WAYS);
    ASSERT(is_power_of_two(sizes->events_max));
    ASSERT(sizes->receipts_max >= 2);
    ASSERT(is_power_of_two(sizes->receipts_max));
    ASSERT(sizes->locators_max == 0 || is_power_of_two(sizes->locators_max));
    *archive = (struct archive){ .sizes = *sizes };
    archive->events = arena_take(arena, sizes->events_max, sizeof *archive->events);
    archive->event_buckets = arena_take(arena, sizes->events_max, sizeof *archive->event_buckets);
    archive->forgotten_events = arena_take(arena, sizes->events_max / 2, sizeof *archive->forgotten_events);
    archive->receipts = arena_take(arena, sizes->receipts_max, sizeof *archive->receipts);
    archive->receipt_buckets = arena_take(arena, sizes->receipts_max, sizeof *archive->receipt_buckets);
    if (sizes->locators_max > 0) {
        archive->locators = arena_take(arena, sizes->locators_max, sizeof *archive->locators);
        archive->locator_buckets = arena_take(arena, sizes->locators_max, sizeof *archive->locator_buckets);
    }
}

/* fetch_ahead fetches an entry that is written soon: the rings are larger than any cache, and the items of a command follow each other. */
static void fetch_ahead(const void *entry, size_t size)
{
    for (size_t at = 0; at < size; at += 64) {
        __builtin_prefetch((const uint8_t *)entry + at, 1);
    }
}

/* bucket_of_event mixes patient and sequence number: the events of one patient do not share a bucket. Accounts are hashes. */
static uint32_t bucket_of_event(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq)
{
    uint64_t prefix;

    memcpy(&prefix, patient, sizeof prefix);
    return (uint32_t)((prefix + seq * 0x9e3779b97f4a7c15u) >> 32) & (archive->sizes.events_max - 1);
}

static uint32_t bucket_of_hash(const struct hash32 *hash, uint32_t max)
{
    uint32_t prefix;

    memcpy(&prefix, hash->bytes, sizeof prefix);
    return prefix & (max - 1);
}

/* is_held tells whether entry `number` is still in its ring. */
static bool is_held(uint64_t number, uint64_t last, uint32_t max)
{
    return number != 0 && number <= last && last - number < max;
}

/* top_of gives the top of the next leaf, zeros when a forgotten one is needed for it. */
static struct hash32 top_of(const struct merkle_log *log, uint64_t index, const struct hash32 *leaf)
{
    struct hash32 top;

    return merkle_log_top(log, index, leaf, &top) ? top : (struct hash32){ { 0 } };
}

/* --- Events ------------------------------------------------------------------------------------------------------- */

static const struct archive_event *find_event(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq)
{
    uint64_t number = archive->event_buckets[bucket_of_event(archive, patient, seq)];

    for (uint32_t steps = 0; is_held(number, archive->events_last, archive->sizes.events_max); steps++) {
        ASSERT(steps < archive->sizes.events_max);
        const struct archive_event *event = &archive->events[number & (archive->sizes.events_max - 1)];
        if (event->seq == seq && memcmp(event->patient, patient, ACCT_BYTES) == 0) {
            return event;
        }
        number = event->previous;
    }
    return NULL;
}

const uint8_t *archive_find_event(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq)
{
    const struct archive_event *event = find_event(archive, patient, seq);

    return event == NULL ? NULL : event->bytes;
}

/* level_of gives the level of a leaf's top. */
static uint32_t level_of(uint64_t position)
{
    ASSERT(position < UINT64_MAX);
    return (uint32_t)__builtin_ctzll(~position);
}

/* set_of gives the places for one patient and level. */
static struct archive_trail_top *set_of(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint32_t level)
{
    uint32_t sets = archive->sizes.events_max / 2 / ARCHIVE_WAYS;
    uint64_t prefix;

    memcpy(&prefix, patient, sizeof prefix);
    return archive->forgotten_events + (size_t)((uint32_t)((prefix + level * 0x9e3779b97f4a7c15u) >> 32) & (sets - 1)) * ARCHIVE_WAYS;
}

/* is_cheaper tells which of two makes room: a free place, then the lower level, which the patient's next events make good soonest, then the older. */
static bool is_cheaper(const struct archive_trail_top *a, const struct archive_trail_top *b)
{
    uint32_t cost_a = a->top.set ? 1 + a->level : 0, cost_b = b->top.set ? 1 + b->level : 0;

    return cost_a < cost_b || (cost_a == cost_b && a->number < b->number);
}

/* forget_event keeps the top of an event that is about to be overwritten: on the path of the patient's later events it may be a left neighbour. */
static void forget_event(struct archive *archive, const struct archive_event *event, uint64_t number)
{
    uint32_t level = level_of(event->seq), place = 0;
    struct archive_trail_top *set = set_of(archive, event->patient, level);

    if (hash_is_zero(&event->top)) {
        return;
    }
    for (uint32_t i = 0; i < ARCHIVE_WAYS; i++) {
        if (set[i].top.set && set[i].level == level && memcmp(set[i].patient, event->patient, ACCT_BYTES) == 0) {
            place = i; /* its own older one */
            break;
        }
        place = is_cheaper(&set[i], &set[place]) ? i : place;
    }
    memcpy(set[place].patient, event->patient, ACCT_BYTES);
    set[place].level = level;
    set[place].number = number;
    set[place].top = (struct archive_top){ event->seq, event->top, true };
}

/* find_forgotten gives the top of a forgotten event, NULL when that is gone too. */
static const struct archive_top *find_forgotten(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq)
{
    uint32_t level = level_of(seq);
    const struct archive_trail_top *set = set_of(archive, patient, level);

    for (uint32_t i = 0; i < ARCHIVE_WAYS; i++) {
        if (set[i].top.set && set[i].level == level && set[i].top.position == seq && memcmp(set[i].patient, patient, ACCT_BYTES) == 0) {
            return &set[i].top;
        }
    }
    return NULL;
}

static bool trail_find(void *context, uint64_t index, struct hash32 *leaf, struct hash32 *top)
{
    const struct archive_trail *trail = context;
    const struct archive_event *event = find_event(trail->archive, trail->patient, index);
    const struct archive_top *forgotten = event == NULL ? find_forgotten(trail->archive, trail->patient, index) : NULL;

    if (event == NULL) {
        memset(leaf, 0, sizeof *leaf);
        *top = forgotten == NULL ? (struct hash32){ { 0 } } : forgotten->top;
    } else {
        *leaf = merkle_leaf(event->bytes, AUDIT_EVENT_BYTES);
        *top = event->top;
    }
    return !hash_is_zero(top);
}

struct merkle_log archive_trail_log(const struct archive_trail *trail)
{
    return (struct merkle_log){ (void *)(uintptr_t)trail, trail_find };
}

static struct hash32 event_top(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES])
{
    struct archive_trail trail = { .archive = archive };
    struct hash32 leaf = merkle_leaf(bytes, AUDIT_EVENT_BYTES);

    memcpy(trail.patient, patient, ACCT_BYTES);
    struct merkle_log log = archive_trail_log(&trail);
    return top_of(&log, seq, &leaf);
}

void archive_expect_event(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq)
{
    __builtin_prefetch(&archive->event_buckets[bucket_of_event(archive, patient, seq)], 1);
}

/* expect_forgetting fetches where the top of an event goes that soon makes room. */
static void expect_forgetting(const struct archive *archive, uint64_t number)
{
    if (number > archive->sizes.events_max) {
        const struct archive_event *event = &archive->events[number & (archive->sizes.events_max - 1)];
        fetch_ahead(set_of(archive, event->patient, level_of(event->seq)), ARCHIVE_WAYS * sizeof(struct archive_trail_top));
    }
}

void archive_add_event(struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES],
                       const struct hash32 *top_known)
{
    struct hash32 top = top_known != NULL ? *top_known : event_top(archive, patient, seq, bytes); /* before the oldest entry makes room */
    uint64_t number = ++archive->events_last;
    uint64_t *bucket = &archive->event_buckets[bucket_of_event(archive, patient, seq)];
    struct archive_event *event = &archive->events[number & (archive->sizes.events_max - 1)];
    fetch_ahead(&archive->events[(number + EVENTS_AHEAD) & (archive->sizes.events_max - 1)], sizeof *event);
    expect_forgetting(archive, number + FORGET_AHEAD);
    if (number > archive->sizes.events_max) { /* before that the slot was never written: reading it would only fault a page in for nothing */
        forget_event(archive, event, number);
    }
    event->seq = seq;
    event->previous = *bucket;
    event->top = top;
    memcpy(event->patient, patient, ACCT_BYTES);
    memcpy(event->bytes, bytes, AUDIT_EVENT_BYTES);
    *bucket = number;
}

/* --- Receipts ------------------------------------------------------------------------------------------------------ */

const struct receipt *archive_find_receipt(const struct archive *archive, const struct hash32 *tx_id, uint64_t *position)
{
    uint64_t number = archive->receipt_buckets[bucket_of_hash(tx_id, archive->sizes.receipts_max)];

    for (uint32_t steps = 0; is_held(number, archive->receipts_last, archive->sizes.receipts_max); steps++) {
        ASSERT(steps < archive->sizes.receipts_max);
        const struct archive_receipt *entry = &archive->receipts[number & (archive->sizes.receipts_max - 1)];
        if (hash_equal(&entry->receipt.tx_id, tx_id)) {
            *position = entry->position;
            return &entry->receipt;
        }
        number = entry->previous;
    }
    return NULL;
}

static const struct archive_receipt *receipt_entry(const struct archive *archive, uint64_t position)
{
    if (archive->receipts_last == 0) {
        return NULL;
    }
    const struct archive_receipt *newest = &archive->receipts[archive->receipts_last & (archive->sizes.receipts_max - 1)];
    if (position > newest->position || newest->position - position >= archive->sizes.receipts_max || newest->position - position >= archive->receipts_last) {
        return NULL;
    }
    const struct archive_receipt *entry = &archive->receipts[(archive->receipts_last - (newest->position - position)) & (archive->sizes.receipts_max - 1)];
    ASSERT(entry->position == position);
    return entry;
}

const struct receipt *archive_receipt_at(const struct archive *archive, uint64_t position)
{
    const struct archive_receipt *entry = receipt_entry(archive, position);

    return entry == NULL ? NULL : &entry->receipt;
}

static bool receipts_find(void *context, uint64_t index, struct hash32 *leaf, struct hash32 *top)
{
    const struct archive *archive = context;
    const struct archive_receipt *entry = receipt_entry(archive, index);
    const struct archive_top *forgotten = &archive->forgotten[level_of(index)];

    if (entry != NULL) {
        *leaf = receipt_leaf(&entry->receipt);
        *top = entry->top;
    } else {
        memset(leaf, 0, sizeof *leaf);
        *top = forgotten->top;
    }
    return entry != NULL ? !hash_is_zero(top) : forgotten->set && forgotten->position == index;
}

struct merkle_log archive_receipts_log(const struct archive *archive)
{
    return (struct merkle_log){ (void *)(uintptr_t)archive, receipts_find };
}

/* forget_receipt keeps the top of an entry that is about to be overwritten: on the path of every later leaf it may be a left neighbour. */
static void forget_receipt(struct archive *archive, const struct archive_receipt *entry)
{
    if (!hash_is_zero(&entry->top)) {
        archive->forgotten[level_of(entry->position)] = (struct archive_top){ entry->position, entry->top, true };
    }
}

static struct hash32 receipt_top(const struct archive *archive, uint64_t position, const struct receipt *receipt)
{
    struct merkle_log log = archive_receipts_log(archive);
    struct hash32 leaf = receipt_leaf(receipt);

    return top_of(&log, position, &leaf);
}

void archive_expect_receipt(const struct archive *archive, const struct hash32 *tx_id)
{
    __builtin_prefetch(&archive->receipt_buckets[bucket_of_hash(tx_id, archive->sizes.receipts_max)], 1);
}

void archive_add_receipt(struct archive *archive, uint64_t position, const struct receipt *receipt, const struct hash32 *top_known)
{
    struct hash32 top = top_known != NULL ? *top_known : receipt_top(archive, position, receipt);
    uint64_t number = ++archive->receipts_last;
    uint64_t *bucket = &archive->receipt_buckets[bucket_of_hash(&receipt->tx_id, archive->sizes.receipts_max)];
    struct archive_receipt *entry = &archive->receipts[number & (archive->sizes.receipts_max - 1)];

    ASSERT(archive->receipts_last == 1 || archive->receipts[(number - 1) & (archive->sizes.receipts_max - 1)].position + 1 == position);
    if (number > archive->sizes.receipts_max) {
        forget_receipt(archive, entry);
    }
    *entry = (struct archive_receipt){ *receipt, position, *bucket, top };
    *bucket = number;
}

bool archive_fits_receipt(const struct archive *archive, uint64_t position)
{
    const struct archive_receipt *newest = &archive->receipts[archive->receipts_last & (archive->sizes.receipts_max - 1)];

    return archive->receipts_last == 0 || position == newest->position + 1;
}

void archive_add_top(struct archive *archive, uint64_t position, const struct hash32 *top)
{
    archive->forgotten[level_of(position)] = (struct archive_top){ position, *top, true };
}

void archive_clear(struct archive *archive)
{
    const struct archive_sizes *sizes = &archive->sizes;

    /* What nothing was ever put into is zeros, and a start that clears it would touch all of it for nothing. Entries stay: a number that is too high for its ring is not held, and
     * nothing is forgotten before the ring comes round to it. */
    if (archive->events_last > 0) {
        memset(archive->event_buckets, 0, sizes->events_max * sizeof *archive->event_buckets);
    }
    if (archive->events_last > sizes->events_max) { /* before that nothing is forgotten */
        memset(archive->forgotten_events, 0, sizes->events_max / 2 * sizeof *archive->forgotten_events);
    }
    if (archive->receipts_last > 0) {
        memset(archive->receipt_buckets, 0, sizes->receipts_max * sizeof *archive->receipt_buckets);
    }
    if (archive->locators_last > 0) {
        memset(archive->locator_buckets, 0, sizes->locators_max * sizeof *archive->locator_buckets);
    }
    memset(archive->forgotten, 0, sizeof archive->forgotten);
    archive->events_last = archive->receipts_last = archive->locators_last = 0;
}

/* --- Locators ------------------------------------------------------------------------------------------------------ */

void archive_expect_locator(const struct archive *archive, const struct hash32 *hash)
{
    if (archive->sizes.locators_max > 0) {
        __builtin_prefetch(&archive->locator_buckets[bucket_of_hash(hash, archive->sizes.locators_max)], 1);
    }
}

void archive_add_locator(struct archive *archive, const struct hash32 *hash, const uint8_t bytes[LOCATOR_SEALED_BYTES])
{
    if (archive->sizes.locators_max == 0) {
        return;
    }
    uint64_t number = ++archive->locators_last;
    uint64_t *bucket = &archive->locator_buckets[bucket_of_hash(hash, archive->sizes.locators_max)];
    struct archive_locator *locator = &archive->locators[number & (archive->sizes.locators_max - 1)];
    fetch_ahead(&archive->locators[(number + LOCATORS_AHEAD) & (archive->sizes.locators_max - 1)], sizeof *locator);
    locator->hash = *hash;
    locator->previous = *bucket;
    memcpy(locator->bytes, bytes, LOCATOR_SEALED_BYTES);
    *bucket = number;
}

const uint8_t *archive_find_locator(const struct archive *archive, const struct hash32 *hash)
{
    uint64_t number = archive->sizes.locators_max == 0 ? 0 : archive->locator_buckets[bucket_of_hash(hash, archive->sizes.locators_max)];

    for (uint32_t steps = 0; is_held(number, archive->locators_last, archive->sizes.locators_max); steps++) {
        ASSERT(steps < archive->sizes.locators_max);
        const struct archive_locator *locator = &archive->locators[number & (archive->sizes.locators_max - 1)];
        if (hash_equal(&locator->hash, hash)) {
            struct hash32 real = hash_one(HASH_LOCATOR, locator->bytes, LOCATOR_SEALED_BYTES);
            if (hash_equal(&real, hash)) {
                return locator->bytes;
            }
        }
        number = locator->previous;
    }
    return NULL;
}
