/* payloads.h: the bodies of frames that are on their way to several members: one copy each, in buffers taken at start.
 *
 * Two sizes, because almost every body is a small block and a few are the largest there can be. The lowest free buffer is used first, so
 * memory that is never needed is never touched. When none is free there is no copy: who wants one lets somebody go that holds
 * some, or drops the message, as the protocol allows. */
#ifndef WARD_NODE_PAYLOADS_H
#define WARD_NODE_PAYLOADS_H

#include "base/arena.h"
#include "net/payload.h"
#include "wire/limits.h"

#define PAYLOADS_SMALL_MAX 64u
#define PAYLOADS_SMALL_BYTES 65536u
#define PAYLOADS_LARGE_MAX 8u
#define PAYLOADS_LARGE_BYTES FRAME_BYTES_MAX

struct payload_buffer {
    struct payload payload; /* first: release finds the buffer by it */
    uint8_t *data;
    bool used;
};

struct payloads {
    struct payload_buffer small[PAYLOADS_SMALL_MAX];
    struct payload_buffer large[PAYLOADS_LARGE_MAX];
    uint64_t dropped; /* copies for which no buffer was free */
};

void payloads_init(struct payloads *payloads, struct arena *arena);

/* payloads_copy copies head || tail into a free buffer. Gives: a payload with one holder, or NULL. */
struct payload *payloads_copy(struct payloads *payloads, struct bytes head, struct bytes tail);

/* payloads_check asserts that every buffer in use has a holder. */
void payloads_check(const struct payloads *payloads);

#endif
