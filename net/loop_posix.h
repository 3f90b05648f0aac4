/* loop_posix.h: the loop on epoll, for machines that forbid io_uring. It answers what net/loop.h promises with ordinary system calls. */
#ifndef WARD_NET_LOOP_POSIX_H
#define WARD_NET_LOOP_POSIX_H

#include "base/arena.h"
#include "net/loop.h"

struct loop_posix_config {
    uint32_t descriptors_max;                /* numbers below it can be served, 64..65536; an operation on a higher one ends with -EMFILE */
    uint32_t buffer_bytes[LOOP_GROUP_COUNT]; /* of one receive, 1024..65536 */
};

/* loop_posix_config_default gives 1024 descriptors; members 16 KiB, strangers 4 KiB at a time. */
struct loop_posix_config loop_posix_config_default(void);

/* loop_posix_take takes the loop's memory. Gives: NULL from a measuring arena. */
struct loop *loop_posix_take(struct arena *arena, const struct loop_posix_config *config);

/* loop_posix_open makes the epoll descriptor. Only the calling thread may then use the loop. Fails: ERR_IO, with errno. */
enum err loop_posix_open(struct loop *loop);

#endif
