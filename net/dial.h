/* dial.h: the calling side for tools: one connection to a replica, over its UNIX socket or over the secure channel, with timeouts and without a loop.
 *
 * A tool waits in poll(2), here or by itself on dial_fd. One thread per dial. */
#ifndef WARD_NET_DIAL_H
#define WARD_NET_DIAL_H

#include "crypto/hash.h"
#include "crypto/keys.h"
#include "net/address.h"
#include "net/frame.h"

#include <stddef.h>

struct dial;

struct dial_config {
    struct address address;       /* resolved here when it is a name */
    const struct kx_keypair *key; /* ours; NULL for a UNIX socket */
    uint8_t remote_key[32];       /* the replica's transport key; not looked at for a UNIX socket */
    struct hash32 chain_id;
    uint32_t frame_bytes_max;     /* body of a frame to be received */
    uint32_t queue_bytes_max;     /* sent and not yet taken by the kernel; at least one frame that will be sent */
};

/* dial_footprint gives the bytes that a dial needs. */
size_t dial_footprint(const struct dial_config *config);

/* dial_open connects and shakes hands, within timeout_ms. Needs: memory of dial_footprint bytes aligned to 64.
 * Gives: *out. Fails: ERR_NOT_FOUND (name), ERR_CLOSED (nobody listens, or the replica refused our handshake: wrong key or chain), ERR_PERMISSION,
 * ERR_TIMEOUT, ERR_IO; errno is then that of connect(2), 0 when the connection was made and broke. */
enum err dial_open(struct dial **out, void *memory, const struct dial_config *config, uint32_t timeout_ms);

/* dial_send queues one frame and sends what the kernel takes; the rest goes with later calls. `body` is copied.
 * Fails: ERR_FULL when it does not fit even after waiting timeout_ms; ERR_CLOSED. */
enum err dial_send(struct dial *dial, const struct frame *frame, uint32_t timeout_ms);

/* dial_flush sends what is queued. Fails: ERR_TIMEOUT with some left, ERR_CLOSED. */
enum err dial_flush(struct dial *dial, uint32_t timeout_ms);

/* dial_receive gives the next frame; the view holds until the next call. timeout_ms 0 asks without waiting.
 * Fails: ERR_TIMEOUT, ERR_CLOSED, ERR_FORMAT when what came is not a valid record or frame; the dial is of no use after the last two. */
enum err dial_receive(struct dial *dial, struct frame *frame, uint32_t timeout_ms);

/* dial_fd gives the descriptor to poll; dial_wants_write says whether POLLOUT is of interest. */
int dial_fd(const struct dial *dial);
bool dial_wants_write(const struct dial *dial);

/* dial_close wipes the keys and closes. */
void dial_close(struct dial *dial);

#endif
