/* payloads.c: see payloads.h. */
#include "node/payloads.h"

#include "base/assert.h"

#include <string.h>

void payloads_init(struct payloads *payloads, struct arena *arena)
{
    *payloads = (struct payloads){ 0 };
    for (uint32_t i = 0; i < PAYLOADS_SMALL_MAX; i++) {
        payloads->small[i].data = arena_take(arena, 1, PAYLOADS_SMALL_BYTES);
    }
    for (uint32_t i = 0; i < PAYLOADS_LARGE_MAX; i++) {
        payloads->large[i].data = arena_take(arena, 1, PAYLOADS_LARGE_BYTES);
    }
}

static void give_back(struct payload *payload)
{
    struct payload_buffer *buffer = (struct payload_buffer *)(void *)payload;

    ASSERT(buffer->used);
    buffer->used = false;
}

static struct payload_buffer *find_free(struct payload_buffer *buffers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!buffers[i].used) {
            return &buffers[i];
        }
    }
    return NULL;
}

struct payload *payloads_copy(struct payloads *payloads, struct bytes head, struct bytes tail)
{
    size_t size = head.size + tail.size;
    struct payload_buffer *buffer = NULL;

    ASSERT(size <= PAYLOADS_LARGE_BYTES);
    if (size <= PAYLOADS_SMALL_BYTES) {
        buffer = find_free(payloads->small, PAYLOADS_SMALL_MAX);
    }
    if (buffer == NULL) {
        buffer = find_free(payloads->large, PAYLOADS_LARGE_MAX);
    }
    if (buffer == NULL) {
        payloads->dropped++;
        return NULL;
    }
    buffer->used = true;
    memcpy(buffer->data, head.data, head.size);
    if (tail.size > 0) {
        memcpy(buffer->data + head.size, tail.data, tail.size);
    }
    payload_init(&buffer->payload, bytes_of(buffer->data, size), give_back);
    return &buffer->payload;
}

static void check_buffers(const struct payload_buffer *buffers, uint32_t count, size_t bytes_max)
{
    for (uint32_t i = 0; i < count; i++) {
        ASSERT(buffers[i].data != NULL);
        ASSERT(!buffers[i].used || buffers[i].payload.references > 0);
        ASSERT(!buffers[i].used || buffers[i].payload.bytes.data == buffers[i].data);
        ASSERT(!buffers[i].used || buffers[i].payload.bytes.size <= bytes_max);
    }
}

void payloads_check(const struct payloads *payloads)
{
    check_buffers(payloads->small, PAYLOADS_SMALL_MAX, PAYLOADS_SMALL_BYTES);
    check_buffers(payloads->large, PAYLOADS_LARGE_MAX, PAYLOADS_LARGE_BYTES);
}
