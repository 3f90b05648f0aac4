/* send_queue.c: see send_queue.h.
 *
 *     entries   [ ... first ........ first + count ... ]    ring of frames
 *     ring      [ ... ring_first ... + ring_used ...... ]    headers and heads, in the order of the frames
 *
 * Invariants: B1 bytes = sum over entries of (copied + body - taken). B2 ring_used = sum over entries of (copied - min(taken, copied)). */
#include "net/send_queue.h"

#include "base/assert.h"

#include <string.h>

void send_queue_take_memory(struct send_queue *queue, struct arena *arena, const struct send_queue_config *config)
{
    ASSERT(config->frames_max > 0);
    ASSERT(config->frames_max <= 65536);
    struct send_entry *entries = arena_take(arena, config->frames_max, sizeof *entries);
    uint8_t *ring = arena_take(arena, config->copied_max, 1);
    if (entries != NULL) {
        *queue = (struct send_queue){ .config = *config, .entries = entries, .ring = ring };
    }
}

static size_t entry_bytes(const struct send_entry *entry) { return entry->copied + (entry->body == NULL ? 0 : entry->body->bytes.size); }

static void ring_append(struct send_queue *queue, const uint8_t *data, size_t size)
{
    uint32_t capacity = queue->config.copied_max;
    uint32_t at = (uint32_t)(((uint64_t)queue->ring_first + queue->ring_used) % capacity);
    size_t tail = capacity - at;
    size_t front = size < tail ? size : tail;

    ASSERT(queue->ring_used + size <= capacity);
    if (size > 0) {
        memcpy(queue->ring + at, data, front);
        memcpy(queue->ring, data + front, size - front);
    }
    queue->ring_used += (uint32_t)size;
}

static void ring_remove(struct send_queue *queue, uint8_t *out, size_t size)
{
    uint32_t capacity = queue->config.copied_max;
    size_t tail = capacity - queue->ring_first;
    size_t front = size < tail ? size : tail;

    ASSERT(size <= queue->ring_used);
    memcpy(out, queue->ring + queue->ring_first, front);
    memcpy(out + front, queue->ring, size - front);
    queue->ring_first = (uint32_t)((queue->ring_first + size) % capacity);
    queue->ring_used -= (uint32_t)size;
}

enum err send_queue_add(struct send_queue *queue, const struct net_message *message)
{
    uint8_t header_bytes[FRAME_HEADER_BYTES];
    size_t shared = message->body == NULL ? 0 : message->body->bytes.size;
    size_t copied = FRAME_HEADER_BYTES + message->head.size, body = message->head.size + shared;

    ASSERT(body <= UINT32_MAX - FRAME_HEADER_BYTES);
    if (queue->count == queue->config.frames_max || copied > queue->config.copied_max - queue->ring_used || queue->bytes + copied + shared > queue->config.bytes_max) {
        return ERR_FULL;
    }
    struct frame_header header = { .type = message->type, .flags = message->flags, .version = message->version, .length = (uint32_t)body };
    frame_header_encode(&header, header_bytes);
    ring_append(queue, header_bytes, sizeof header_bytes);
    ring_append(queue, message->head.data, message->head.size);
    struct send_entry *entry = &queue->entries[(queue->first + queue->count) % queue->config.frames_max];
    *entry = (struct send_entry){ .copied = (uint32_t)copied, .body = shared == 0 ? NULL : message->body };
    if (entry->body != NULL) {
        payload_hold(entry->body);
    }
    queue->count++;
    queue->bytes += copied + shared;
    return ERR_OK;
}

static void entry_drop(struct send_queue *queue)
{
    struct send_entry *entry = &queue->entries[queue->first];

    if (entry->body != NULL) {
        payload_drop(entry->body);
    }
    *entry = (struct send_entry){ .body = NULL };
    queue->first = (queue->first + 1) % queue->config.frames_max;
    queue->count--;
}

/* entry_take moves bytes of the first frame: of its copied part, or of its body, whichever is next. */
static size_t entry_take(struct send_queue *queue, uint8_t *out, size_t size)
{
    struct send_entry *entry = &queue->entries[queue->first];
    bool copied = entry->taken < entry->copied;
    size_t left = (copied ? entry->copied : entry_bytes(entry)) - entry->taken;
    size_t part = left < size ? left : size;

    if (copied) {
        ring_remove(queue, out, part);
    } else {
        memcpy(out, entry->body->bytes.data + (entry->taken - entry->copied), part);
    }
    entry->taken += (uint32_t)part;
    if (entry->taken == entry_bytes(entry)) {
        entry_drop(queue);
    }
    return part;
}

size_t send_queue_take(struct send_queue *queue, uint8_t *out, size_t size)
{
    size_t taken = 0;

    while (taken < size && queue->count > 0) { /* Each round ends a part of a frame or fills `out`. */
        taken += entry_take(queue, out + taken, size - taken);
    }
    queue->bytes -= taken;
    return taken;
}

uint32_t send_queue_bodies(const struct send_queue *queue)
{
    uint32_t bodies = 0;

    ASSERT(queue->count <= queue->config.frames_max);
    for (uint32_t i = 0; i < queue->count; i++) {
        bodies += queue->entries[(queue->first + i) % queue->config.frames_max].body != NULL;
    }
    return bodies;
}

void send_queue_clear(struct send_queue *queue)
{
    while (queue->count > 0) {
        entry_drop(queue);
    }
    queue->bytes = 0;
    queue->ring_used = 0;
}

void send_queue_check(const struct send_queue *queue)
{
    size_t bytes = 0, copied = 0;

    for (uint32_t i = 0; i < queue->count; i++) {
        const struct send_entry *entry = &queue->entries[(queue->first + i) % queue->config.frames_max];
        ASSERT(entry->taken < entry_bytes(entry));
        bytes += entry_bytes(entry) - entry->taken;
        copied += entry->taken < entry->copied ? entry->copied - entry->taken : 0;
    }
    ASSERT(bytes == queue->bytes);
    ASSERT(copied == queue->ring_used);
    ASSERT(queue->bytes <= queue->config.bytes_max);
}
