/* outbox.h: messages that wait until the log covers what they say.
 *
 * A signature must never leave before the record it rests on is durable (I8); the outbox is where it waits, unsigned. First in, first
 * out: positions in the log only grow, so nothing that could leave is held up by more than what came before it. Bounded: when it is full
 * the new message is dropped, which the protocol survives like any loss, and counted. */
#ifndef WARD_NODE_OUTBOX_H
#define WARD_NODE_OUTBOX_H

#include "base/arena.h"
#include "consensus/effect.h"

#define OUTBOX_ENTRIES_MAX 1024u
#define OUTBOX_BYTES (8u << 20) /* two of the largest blocks, and many votes */

struct outbox_entry {
    struct member_set to;
    uint64_t after_lsn; /* of the effect: counts from 1 at each start */
    uint8_t type;
    bool sign;
    struct hash32 digest;
    uint32_t offset;     /* of head || tail in the ring of bytes */
    uint32_t head_bytes;
    uint32_t tail_bytes;
    uint32_t used_bytes; /* of the ring, padding at its end included */
};

struct outbox {
    struct outbox_entry *entries; /* ring of OUTBOX_ENTRIES_MAX */
    uint8_t *bytes;               /* ring of OUTBOX_BYTES; an entry never wraps */
    uint32_t head, count;
    uint32_t bytes_head; /* offset of the next byte to write */
    uint32_t bytes_used;
    uint64_t dropped;
};

void outbox_take(struct outbox *outbox, struct arena *arena);

/* outbox_push copies the message of a SEND effect. Gives: false when there is no room; it is then dropped and counted. */
bool outbox_push(struct outbox *outbox, const struct effect *send);

/* outbox_first gives the oldest message if the log is durable up to it, NULL otherwise. The bytes may be changed (the signature). */
struct outbox_entry *outbox_first(struct outbox *outbox, uint64_t durable_lsn);
uint8_t *outbox_body(struct outbox *outbox, const struct outbox_entry *entry);

/* outbox_pop removes the oldest. Needs: outbox_first gave one. */
void outbox_pop(struct outbox *outbox);

/* outbox_check asserts that the bytes in use are those of the entries, and that positions only grow. */
void outbox_check(const struct outbox *outbox);

#endif
