/* send_queue.h: the frames that wait for one peer, as a stream of bytes that is taken in pieces of any size.
 *
 * The small part of a frame is copied into a ring of bytes; the large part, a shared payload, is held by reference. A frame enters as a
 * whole or not at all. Three bounds, each with the same answer: bytes waiting, frames waiting, copied bytes waiting. Sans-IO. */
#ifndef WARD_NET_SEND_QUEUE_H
#define WARD_NET_SEND_QUEUE_H

#include "base/arena.h"
#include "base/err.h"
#include "net/frame.h"
#include "net/payload.h"

struct send_queue_config {
    uint32_t bytes_max;  /* headers, heads and bodies that wait, at least one frame */
    uint32_t frames_max; /* 1 .. 65536 */
    uint32_t copied_max; /* bytes of headers and heads */
};

/* One frame that waits. */
struct send_entry {
    struct payload *body; /* NULL: none */
    uint32_t copied;      /* bytes of header and head */
    uint32_t taken;       /* bytes already given out, of copied and body together */
};

struct send_queue {
    struct send_queue_config config;
    struct send_entry *entries; /* a ring of frames_max */
    uint8_t *ring;              /* copied_max bytes */
    uint32_t first, count;      /* of entries */
    uint32_t ring_first, ring_used;
    size_t bytes;               /* still to be given out */
};

/* A frame to send: its body is `head`, which is copied, followed by the bytes of `body`, which is shared and may be NULL. */
struct net_message {
    uint8_t type;
    uint8_t flags;
    uint16_t version;
    struct bytes head;
    struct payload *body; /* held until its last byte is taken */
};

/* send_queue_take_memory takes the queue's memory; measuring is the same call. */
void send_queue_take_memory(struct send_queue *queue, struct arena *arena, const struct send_queue_config *config);

/* send_queue_add appends a frame. Fails: ERR_FULL, and the queue is as it was. Cost: one copy of the head. */
enum err send_queue_add(struct send_queue *queue, const struct net_message *message);

/* send_queue_take moves up to `size` bytes of the stream to `out`. Gives: how many. Lets go of each payload with its last byte. Cost: one copy. */
size_t send_queue_take(struct send_queue *queue, uint8_t *out, size_t size);

/* send_queue_bodies gives how many of the frames that wait hold a shared payload. Cost: O(frames). */
uint32_t send_queue_bodies(const struct send_queue *queue);

/* send_queue_clear drops everything that waits. */
void send_queue_clear(struct send_queue *queue);

/* send_queue_check stops the process when the sums do not agree. Cost: O(frames). */
void send_queue_check(const struct send_queue *queue);

#endif
