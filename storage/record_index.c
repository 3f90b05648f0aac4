/* record_index.c: see record_index.h. Invariant: an entry with number n lies at n mod count_max, and exists iff last - n < count_max. */
#include "storage/record_index.h"

#include "base/assert.h"

#include <string.h>

#define KIND_FORGOTTEN UINT32_MAX /* keeps its place in the chain and is never found */

void record_index_init(struct record_index *index, struct arena *arena, uint32_t count_max)
{
    ASSERT(count_max >= 2);
    ASSERT((count_max & (count_max - 1)) == 0);
    *index = (struct record_index){ .count_max = count_max };
    index->entries = arena_take(arena, count_max, sizeof *index->entries);
    index->buckets = arena_take(arena, count_max, sizeof *index->buckets);
}

void record_index_reset(struct record_index *index)
{
    ASSERT(index->buckets != NULL);
    memset(index->buckets, 0, index->count_max * sizeof *index->buckets);
    index->last = 0;
}

/* Hashes are uniform already; the kind parts objects that share one (a block and its payload). */
static uint64_t *bucket_of(const struct record_index *index, uint64_t hash_head, uint32_t kind)
{
    uint64_t mixed = (hash_head + kind) * UINT64_C(0x9E3779B97F4A7C15);

    return &index->buckets[(mixed >> 32) & (index->count_max - 1)];
}

static uint64_t hash_head_of(const struct hash32 *hash)
{
    uint64_t head;

    memcpy(&head, hash->bytes, sizeof head);
    return head;
}

static bool is_remembered(const struct record_index *index, uint64_t number)
{
    ASSERT(number <= index->last);
    return number != 0 && index->last - number < index->count_max;
}

void record_index_add(struct record_index *index, const struct record_head *head, const struct record_place *place)
{
    uint64_t hash_head = hash_head_of(&head->hash);
    uint64_t *bucket = bucket_of(index, hash_head, head->kind);

    ASSERT(place->segment >= 1);
    ASSERT(place->bytes == head->bytes);
    ASSERT(head->bytes <= head->bytes_total - head->bytes_before);
    index->last++;
    ASSERT(*bucket < index->last); /* a chain leads back, so a walk ends */
    index->entries[index->last & (index->count_max - 1)] = (struct record_index_entry){
        .hash_head = hash_head,
        .previous = *bucket,
        .place = *place,
        .bytes_before = head->bytes_before,
        .bytes_total = head->bytes_total,
        .kind = head->kind,
    };
    *bucket = index->last;
}

static const struct record_index_entry *entry_find(const struct record_index *index, uint8_t kind, const struct hash32 *hash, uint32_t bytes_before)
{
    uint64_t hash_head = hash_head_of(hash);
    uint64_t number = *bucket_of(index, hash_head, kind);

    for (uint32_t i = 0; i < index->count_max && is_remembered(index, number); i++) {
        const struct record_index_entry *entry = &index->entries[number & (index->count_max - 1)];
        if (entry->hash_head == hash_head && entry->kind == kind && entry->bytes_before == bytes_before) {
            return entry;
        }
        ASSERT(entry->previous < number);
        number = entry->previous;
    }
    return NULL;
}

bool record_index_find(const struct record_index *index, uint8_t kind, const struct hash32 *hash, uint32_t bytes_before, struct record_place *place)
{
    const struct record_index_entry *entry = entry_find(index, kind, hash, bytes_before);

    ASSERT(entry == NULL || entry->place.segment >= 1);
    if (entry != NULL) {
        *place = entry->place;
    }
    return entry != NULL;
}

bool record_index_has_whole(const struct record_index *index, uint8_t kind, const struct hash32 *hash)
{
    const struct record_index_entry *entry = entry_find(index, kind, hash, 0);

    for (uint32_t i = 0; i < index->count_max && entry != NULL; i++) {
        uint32_t end = entry->bytes_before + entry->place.bytes;
        ASSERT(end <= entry->bytes_total);
        if (end >= entry->bytes_total) {
            return true;
        }
        entry = entry_find(index, kind, hash, end);
    }
    return false;
}

static bool lies_in(const struct record_index_entry *entry, const struct record_blocks *blocks)
{
    return entry->place.segment == blocks->segment && entry->place.block >= blocks->begin && entry->place.block < blocks->end;
}

uint32_t record_index_forget(struct record_index *index, const struct record_blocks *blocks, uint8_t kind, const struct hash32 *hash)
{
    uint32_t forgotten = 0;

    ASSERT(blocks->begin < blocks->end);
    for (uint64_t i = 0; i < index->count_max && i < index->last; i++) {
        struct record_index_entry *entry = &index->entries[(index->last - i) & (index->count_max - 1)];
        bool meant = hash == NULL || (entry->kind == kind && entry->hash_head == hash_head_of(hash));
        if (lies_in(entry, blocks) && meant && entry->kind != KIND_FORGOTTEN) {
            entry->kind = KIND_FORGOTTEN;
            forgotten++;
        }
    }
    const struct record_index_entry *left = hash == NULL ? NULL : entry_find(index, kind, hash, 0);
    ASSERT(left == NULL || !lies_in(left, blocks)); /* who asks for the record now is never led to the damage */
    ASSERT(forgotten <= index->last);
    return forgotten;
}

void record_index_check(const struct record_index *index)
{
    const struct record_index_entry *newest = &index->entries[index->last & (index->count_max - 1)];

    ASSERT((index->count_max & (index->count_max - 1)) == 0);
    ASSERT(index->last == 0 || newest->previous < index->last);
    ASSERT(index->last == 0 || newest->place.segment >= 1);
    ASSERT(index->last == 0 || newest->place.bytes + newest->bytes_before <= newest->bytes_total);
}
