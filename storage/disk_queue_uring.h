/* disk_queue_uring.h: reads and durable writes on the ring of the event loop: no thread, no wake-up but the completion itself. */
#ifndef WARD_STORAGE_DISK_QUEUE_URING_H
#define WARD_STORAGE_DISK_QUEUE_URING_H

#include "storage/disk_queue.h"

struct io_uring;

struct disk_queue_uring {
    struct disk_queue queue; /* first: the interface */
    struct io_uring *ring;
};

/* disk_queue_uring_open uses a ring whose owner dispatches completions by user data, the address of a `struct completion`, and submits
 * what is queued on it. Gives: the queue; nothing is taken, nothing can fail. */
struct disk_queue *disk_queue_uring_open(struct disk_queue_uring *queue, struct io_uring *ring);

#endif
