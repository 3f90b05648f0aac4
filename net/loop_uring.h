/* loop_uring.h: the loop on io_uring. Base line: what Linux 6.1 offers; everything else is probed. */
#ifndef WARD_NET_LOOP_URING_H
#define WARD_NET_LOOP_URING_H

#include "base/arena.h"
#include "net/loop.h"

struct loop_uring_config {
    uint32_t entries;                         /* of the submission queue, a power of two, 64..4096; completions get eight times as many */
    uint32_t buffers_count[LOOP_GROUP_COUNT]; /* powers of two, 4..1024 */
    uint32_t buffer_bytes[LOOP_GROUP_COUNT];  /* each, a multiple of 64, 1024..65536 */
};

/* loop_uring_config_default gives 256 entries; members 32 x 16 KiB, strangers 64 x 4 KiB. */
struct loop_uring_config loop_uring_config_default(void);

/* Why a ring could not be had, for the operator. */
struct loop_uring_problem {
    int number;        /* errno */
    const char *step;  /* "io_uring_setup", "probe", "buffer ring", "restrictions" */
    int disabled;      /* content of /proc/sys/kernel/io_uring_disabled, -1 when there is no such file */
};

/* loop_uring_take takes the loop's memory. Gives: NULL from a measuring arena. */
struct loop *loop_uring_take(struct arena *arena, const struct loop_uring_config *config);

/* loop_uring_open makes the ring, hands its buffers to the kernel and restricts it to the few operations that Ward uses. Only the calling thread may then use the loop.
 * Fails: ERR_UNSUPPORTED (the kernel lacks io_uring or one of its needed operations), ERR_PERMISSION (sysctl or a seccomp profile forbids it),
 * ERR_NO_MEMORY; `problem` says why and nothing is left open. */
enum err loop_uring_open(struct loop *loop, struct loop_uring_problem *problem);

#endif
