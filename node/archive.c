/* archive.c: see archive.h. Entry number k stands in slot k mod max; a number that is too old ends a bucket's chain, so forgetting needs no
 * unlinking. */
#include "node/archive.h"

#include "base/assert.h"

#include <string.h>

void archive_init(struct archive *archive, struct arena *arena, uint32_t events_max, uint32_t receipts_max)
{
    ASSERT(events_max >= 2);
    ASSERT((events_max & (events_max - 1)) == 0);
    ASSERT(receipts_max >= 2);
    ASSERT((receipts_max & (receipts_max - 1)) == 0);
    *archive = (struct archive){ .events_max = events_max, .receipts_max = receipts_max };
    archive->events = arena_take(arena, events_max, sizeof *archive->events);
    archive->event_buckets = arena_take(arena, events_max, sizeof *archive->event_buckets);
    archive->receipts = arena_take(arena, receipts_max, sizeof *archive->receipts);
    archive->receipt_buckets = arena_take(arena, receipts_max, sizeof *archive->receipt_buckets);
}

/* bucket_of_event mixes patient and sequence number: the events of one patient do not share a bucket. Accounts are hashes. */
static uint32_t bucket_of_event(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq)
{
    uint64_t prefix;

    memcpy(&prefix, patient, sizeof prefix);
    return (uint32_t)((prefix + seq * 0x9e3779b97f4a7c15u) >> 32) & (archive->events_max - 1);
}

static uint32_t bucket_of_receipt(const struct archive *archive, const struct hash32 *tx_id)
{
    uint32_t prefix;

    memcpy(&prefix, tx_id->bytes, sizeof prefix);
    return prefix & (archive->receipts_max - 1);
}

void archive_add_event(struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES])
{
    uint64_t number = ++archive->events_last;
    uint64_t *bucket = &archive->event_buckets[bucket_of_event(archive, patient, seq)];
    struct archive_event *event = &archive->events[number & (archive->events_max - 1)];

    event->seq = seq;
    event->previous = *bucket;
    memcpy(event->patient, patient, ACCT_BYTES);
    memcpy(event->bytes, bytes, AUDIT_EVENT_BYTES);
    *bucket = number;
}

void archive_add_receipt(struct archive *archive, uint64_t position, const struct receipt *receipt)
{
    uint64_t number = ++archive->receipts_last;
    uint64_t *bucket = &archive->receipt_buckets[bucket_of_receipt(archive, &receipt->tx_id)];

    archive->receipts[number & (archive->receipts_max - 1)] = (struct archive_receipt){ *receipt, position, *bucket };
    *bucket = number;
}

/* is_held tells whether entry `number` is still in its ring. */
static bool is_held(uint64_t number, uint64_t last, uint32_t max)
{
    return number != 0 && number <= last && last - number < max;
}

const uint8_t *archive_find_event(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq)
{
    uint64_t number = archive->event_buckets[bucket_of_event(archive, patient, seq)];

    for (uint32_t steps = 0; is_held(number, archive->events_last, archive->events_max); steps++) {
        ASSERT(steps < archive->events_max);
        const struct archive_event *event = &archive->events[number & (archive->events_max - 1)];
        if (event->seq == seq && memcmp(event->patient, patient, ACCT_BYTES) == 0) {
            return event->bytes;
        }
        number = event->previous;
    }
    return NULL;
}

const struct receipt *archive_find_receipt(const struct archive *archive, const struct hash32 *tx_id, uint64_t *position)
{
    uint64_t number = archive->receipt_buckets[bucket_of_receipt(archive, tx_id)];

    for (uint32_t steps = 0; is_held(number, archive->receipts_last, archive->receipts_max); steps++) {
        ASSERT(steps < archive->receipts_max);
        const struct archive_receipt *entry = &archive->receipts[number & (archive->receipts_max - 1)];
        if (hash_equal(&entry->receipt.tx_id, tx_id)) {
            *position = entry->position;
            return &entry->receipt;
        }
        number = entry->previous;
    }
    return NULL;
}

const struct receipt *archive_receipt_at(const struct archive *archive, uint64_t position)
{
    if (archive->receipts_last == 0) {
        return NULL;
    }
    const struct archive_receipt *newest = &archive->receipts[archive->receipts_last & (archive->receipts_max - 1)];
    if (position > newest->position || newest->position - position >= archive->receipts_max || newest->position - position >= archive->receipts_last) {
        return NULL;
    }
    const struct archive_receipt *entry = &archive->receipts[(archive->receipts_last - (newest->position - position)) & (archive->receipts_max - 1)];
    ASSERT(entry->position == position);
    return &entry->receipt;
}
