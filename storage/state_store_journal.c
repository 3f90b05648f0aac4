/* state_store_journal.c: what a savepoint can undo: the pairs as they were, in order of change, walked backwards.
 *
 *   entry   u8 key length, u8 was there, u16 value length, key, value, u32 length of the entry     (host order: never leaves memory)
 *
 * U1 Undoing passes through the very states that the changes went through, backwards, so it never meets a limit.
 * U2 The tree's shape depends on its content alone, so what is restored has the same root. */
#include "storage/state_store_priv.h"

#include "base/assert.h"

#include <string.h>

enum { ENTRY_HEAD_BYTES = 4, ENTRY_BYTES_MIN = ENTRY_HEAD_BYTES + 4 };

static size_t entry_bytes(size_t key_bytes, size_t value_bytes)
{
    return ENTRY_BYTES_MIN + key_bytes + value_bytes;
}

bool journal_fits(const struct state_store *store, size_t key_bytes, uint32_t leaf)
{
    size_t value_bytes = leaf == REF_NONE ? 0 : pool_leaf(store, leaf)->value_bytes;

    ASSERT(store->journal_used <= store->limits.journal_bytes);
    return !store->journal_open || entry_bytes(key_bytes, value_bytes) <= store->limits.journal_bytes - store->journal_used;
}

void journal_record(struct state_store *store, struct bytes key, uint32_t leaf)
{
    const struct leaf_head *head = leaf == REF_NONE ? NULL : pool_leaf(store, leaf);
    uint16_t value_bytes = head == NULL ? 0 : head->value_bytes;
    uint32_t size = (uint32_t)entry_bytes(key.size, value_bytes);

    if (!store->journal_open) {
        return;
    }
    ASSERT(journal_fits(store, key.size, leaf));
    uint8_t *at = store->journal + store->journal_used;
    at[0] = (uint8_t)key.size;
    at[1] = head != NULL;
    memcpy(at + 2, &value_bytes, 2);
    memcpy(at + ENTRY_HEAD_BYTES, key.data, key.size);
    if (head != NULL) {
        leaf_value(store, head, at + ENTRY_HEAD_BYTES + key.size);
    }
    memcpy(at + size - 4, &size, 4);
    store->journal_used += size;
    ASSERT(store->journal_used <= store->limits.journal_bytes);
}

void state_store_savepoint(struct state_store *store)
{
    ASSERT(store->journal_used <= store->limits.journal_bytes);
    store->journal_used = 0;
    store->journal_open = true;
}

void state_store_keep(struct state_store *store)
{
    ASSERT(store->journal_open);
    ASSERT(store->journal_used <= store->limits.journal_bytes);
    store->journal_open = false;
}

void state_store_undo(struct state_store *store)
{
    uint32_t used = store->journal_used;

    ASSERT(store->journal_open);
    store->journal_open = false;
    while (used > 0) { /* every entry has at least ENTRY_BYTES_MIN bytes */
        uint32_t size = 0;
        uint16_t value_bytes = 0;
        memcpy(&size, store->journal + used - 4, 4);
        ASSERT(size >= ENTRY_BYTES_MIN);
        ASSERT(size <= used);
        used -= size;
        const uint8_t *at = store->journal + used;
        memcpy(&value_bytes, at + 2, 2);
        struct bytes key = bytes_of(at + ENTRY_HEAD_BYTES, at[0]);
        struct bytes value = bytes_of(at + ENTRY_HEAD_BYTES + at[0], value_bytes);
        enum err err = at[1] ? state_store_put(store, key, value) : state_store_remove(store, key);
        ASSERT(err == ERR_OK);
    }
}
