/* completion.h: how whoever waits for the kernel is called back.
 *
 * The event loop owns the one ring; disk and sockets queue their requests on it. The user data of every request is the address of a
 * `struct completion` that its owner embeds, so the loop can dispatch without knowing who asked. The fault-injecting disk of the
 * simulator calls back in the same way. */
#ifndef WARD_BASE_COMPLETION_H
#define WARD_BASE_COMPLETION_H

#include <stdint.h>

struct completion {
    /* done is called once per kernel completion, on the loop's thread. result: as the kernel gives it, a negative errno on failure;
     * flags: of the completion queue entry. Needs: the completion outlives its last call. */
    void (*done)(struct completion *completion, int32_t result, uint32_t flags);
};

#endif
