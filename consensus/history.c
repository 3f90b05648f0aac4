/* history.c: see history.h. Invariant: entries low .. high are here and each names the one before as its parent. */
#include "consensus/history.h"

#include "base/assert.h"

void history_take(struct history *history, struct arena *arena, uint32_t capacity)
{
    ASSERT(capacity > 0);
    ASSERT((capacity & (capacity - 1)) == 0);
    *history = (struct history){ .entries = arena_take(arena, capacity, sizeof *history->entries), .capacity = capacity };
}

static struct history_entry *slot_of(const struct history *history, uint64_t height)
{
    return &history->entries[height & (history->capacity - 1)];
}

void history_begin(struct history *history, const struct block_header *header, const struct hash32 *hash)
{
    ASSERT(history->entries != NULL);
    history->low = header->height;
    history->high = header->height;
    *slot_of(history, header->height) = (struct history_entry){ *header, *hash };
}

void history_add(struct history *history, const struct block_header *header, const struct hash32 *hash)
{
    ASSERT(header->height == history->high + 1);
    ASSERT(hash_equal(&header->parent, &slot_of(history, history->high)->hash));
    history->high = header->height;
    if (history->high - history->low >= history->capacity) {
        history->low = history->high - history->capacity + 1;
    }
    ASSERT(history->low <= history->high);
    ASSERT(history->high - history->low < history->capacity);
    *slot_of(history, header->height) = (struct history_entry){ *header, *hash };
}

void history_note(struct history *history, const struct block_header *header, const struct hash32 *hash)
{
    if (header->height < history->low && history->high - header->height < history->capacity) { /* else it is in the place of a block that is part of it */
        *slot_of(history, header->height) = (struct history_entry){ *header, *hash };
    }
}

void history_reach(struct history *history)
{
    for (uint32_t i = 0; i < history->capacity && history->low > 0; i++) {
        const struct history_entry *lowest = slot_of(history, history->low), *below = slot_of(history, history->low - 1);
        bool links = below->header.height + 1 == history->low && hash_equal(&below->hash, &lowest->header.parent);
        if (!links || history->high - history->low + 1 >= history->capacity) {
            return;
        }
        history->low--;
    }
    ASSERT(history->low <= history->high);
    ASSERT(history->high - history->low < history->capacity);
}

const struct history_entry *history_find(const struct history *history, uint64_t height)
{
    if (height < history->low || height > history->high) {
        return NULL;
    }
    const struct history_entry *entry = slot_of(history, height);
    ASSERT(entry->header.height == height);
    return entry;
}

bool history_has(const struct history *history, uint64_t height, const struct hash32 *hash)
{
    const struct history_entry *entry = history_find(history, height);

    return entry != NULL && hash_equal(&entry->hash, hash);
}

void history_check(const struct history *history)
{
    const struct history_entry *tip = history_find(history, history->high);

    ASSERT((history->capacity & (history->capacity - 1)) == 0);
    ASSERT(history->low <= history->high);
    ASSERT(history->high - history->low < history->capacity);
    ASSERT(tip != NULL);
    ASSERT(history_find(history, history->low) != NULL);
    ASSERT(history->high == history->low || hash_equal(&tip->header.parent, &slot_of(history, history->high - 1)->hash)); /* I10 */
    ASSERT(history->high == history->low || tip->header.time_ms > slot_of(history, history->high - 1)->header.time_ms); /* V4 */
}
