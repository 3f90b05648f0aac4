/* disk_queue_uring.c: see disk_queue_uring.h. */
#include "storage/disk_queue_uring.h"

#include "base/assert.h"

#include <liburing.h>
#include <stddef.h>

_Static_assert(offsetof(struct disk_queue_uring, queue) == 0, "one address for both");

static struct io_uring_sqe *sqe_take(struct io_uring *ring)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

    ASSERT(ring != NULL);
    if (sqe == NULL) { /* the queue is full of what the loop has not handed over yet */
        (void)io_uring_submit(ring);
        sqe = io_uring_get_sqe(ring);
    }
    return sqe;
}

static enum err uring_start(struct disk_queue *base, int fd, bool write, struct disk_request *request)
{
    struct disk_queue_uring *queue = (struct disk_queue_uring *)(void *)base;
    struct io_uring_sqe *sqe = sqe_take(queue->ring);

    ASSERT(fd >= 0);
    ASSERT(request->bytes > 0);
    ASSERT(request->completion.done != NULL);
    if (sqe == NULL) {
        return ERR_IO;
    }
    if (write) {
        io_uring_prep_write(sqe, fd, request->data, request->bytes, request->offset);
        sqe->rw_flags = RWF_DSYNC;
    } else {
        io_uring_prep_read(sqe, fd, request->data, request->bytes, request->offset);
    }
    io_uring_sqe_set_data(sqe, &request->completion);
    if (request->at_once) {
        (void)io_uring_submit(queue->ring); /* what the kernel does not take now goes with the loop's next turn */
    }
    return ERR_OK;
}

struct disk_queue *disk_queue_uring_open(struct disk_queue_uring *queue, struct io_uring *ring)
{
    static const struct disk_queue_ops ops = { .name = "io_uring", .start = uring_start };

    ASSERT(ring != NULL);
    *queue = (struct disk_queue_uring){ .queue = { &ops }, .ring = ring };
    return &queue->queue;
}
