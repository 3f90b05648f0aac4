/* outbox.c: see outbox.h. Two rings: entries, and their bytes. Invariant: bytes_used = sum of used_bytes of all entries <= OUTBOX_BYTES. */
#include "node/outbox.h"

#include "base/assert.h"

#include <string.h>

void outbox_take(struct outbox *outbox, struct arena *arena)
{
    *outbox = (struct outbox){ 0 };
    outbox->entries = arena_take(arena, OUTBOX_ENTRIES_MAX, sizeof *outbox->entries);
    outbox->bytes = arena_take(arena, 1, OUTBOX_BYTES);
}

/* room_for finds a contiguous place for `size` bytes. Gives: false when there is none; *padding is what must be skipped at the end. */
static bool room_for(const struct outbox *outbox, uint32_t size, uint32_t *padding)
{
    uint32_t to_end = OUTBOX_BYTES - outbox->bytes_head;

    *padding = size <= to_end ? 0 : to_end;
    return (uint64_t)outbox->bytes_used + *padding + size <= OUTBOX_BYTES;
}

bool outbox_push(struct outbox *outbox, const struct effect *send)
{
    size_t size = send->send.head.size + send->send.tail.size;
    uint32_t padding = 0;

    outbox->bytes_head = outbox->count == 0 ? 0 : outbox->bytes_head; /* Empty, it takes whatever fits: of the ring's two ends neither may be long enough. */
    ASSERT(send->kind == EFFECT_SEND);
    ASSERT(!send->send.sign || send->send.head.size >= MESSAGE_SIGNATURE_BYTES);
    if (outbox->count == OUTBOX_ENTRIES_MAX || size > OUTBOX_BYTES || !room_for(outbox, (uint32_t)size, &padding)) {
        outbox->dropped++;
        return false;
    }
    uint32_t offset = padding > 0 ? 0 : outbox->bytes_head;
    struct outbox_entry *entry = &outbox->entries[(outbox->head + outbox->count) % OUTBOX_ENTRIES_MAX];
    *entry = (struct outbox_entry){
        .to = send->send.to,
        .after_lsn = send->send.after_lsn,
        .type = (uint8_t)send->send.type,
        .sign = send->send.sign,
        .digest = send->send.digest,
        .offset = offset,
        .head_bytes = (uint32_t)send->send.head.size,
        .tail_bytes = (uint32_t)send->send.tail.size,
        .used_bytes = padding + (uint32_t)size,
    };
    memcpy(outbox->bytes + offset, send->send.head.data, send->send.head.size);
    if (send->send.tail.size > 0) {
        memcpy(outbox->bytes + offset + send->send.head.size, send->send.tail.data, send->send.tail.size);
    }
    outbox->bytes_head = (offset + (uint32_t)size) % OUTBOX_BYTES;
    outbox->bytes_used += entry->used_bytes;
    outbox->count++;
    return true;
}

struct outbox_entry *outbox_first(struct outbox *outbox, uint64_t durable_lsn)
{
    if (outbox->count == 0) {
        return NULL;
    }
    struct outbox_entry *entry = &outbox->entries[outbox->head];
    return entry->after_lsn <= durable_lsn ? entry : NULL;
}

uint8_t *outbox_body(struct outbox *outbox, const struct outbox_entry *entry)
{
    ASSERT(entry->offset <= OUTBOX_BYTES);
    ASSERT(entry->head_bytes + entry->tail_bytes <= OUTBOX_BYTES - entry->offset);
    return outbox->bytes + entry->offset;
}

void outbox_pop(struct outbox *outbox)
{
    ASSERT(outbox->count > 0);
    uint32_t used = outbox->entries[outbox->head].used_bytes;
    ASSERT(used <= outbox->bytes_used);
    outbox->bytes_used -= used;
    outbox->head = (outbox->head + 1) % OUTBOX_ENTRIES_MAX;
    outbox->count--;
}

void outbox_check(const struct outbox *outbox)
{
    uint32_t used = 0;

    ASSERT(outbox->count <= OUTBOX_ENTRIES_MAX);
    ASSERT(outbox->head < OUTBOX_ENTRIES_MAX);
    ASSERT(outbox->bytes_head < OUTBOX_BYTES);
    for (uint32_t i = 0; i < outbox->count; i++) {
        const struct outbox_entry *entry = &outbox->entries[(outbox->head + i) % OUTBOX_ENTRIES_MAX];
        ASSERT(entry->offset + entry->head_bytes + entry->tail_bytes <= OUTBOX_BYTES); /* none wraps */
        ASSERT(entry->used_bytes >= entry->head_bytes + entry->tail_bytes);
        ASSERT(!entry->sign || entry->head_bytes >= MESSAGE_SIGNATURE_BYTES);
        used += entry->used_bytes;
    }
    ASSERT(used == outbox->bytes_used);
    ASSERT(used <= OUTBOX_BYTES);
}
