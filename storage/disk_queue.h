/* disk_queue.h: how a read or a durable write of a real file reaches the kernel while the replica runs.
 *
 * Two ways behind one table of functions: storage/disk_queue_uring.h puts it on the ring of the event loop, storage/disk_queue_posix.h
 * hands it to one thread. Both make a write durable with O_DIRECT and RWF_DSYNC, and each is the other's oracle: the same tests run on both. */
#ifndef WARD_STORAGE_DISK_QUEUE_H
#define WARD_STORAGE_DISK_QUEUE_H

#include "base/err.h"
#include "storage/disk.h"

#include <stdbool.h>

/* How a thread of the disk wakes the loop, which then calls disk_dir_collect. wake is called from that thread; signals may be folded. */
struct disk_waker {
    void (*wake)(void *context);
    void *context;
};

struct disk_queue;

struct disk_queue_ops {
    const char *name;
    /* start begins a request on an open descriptor, which must stay open until the completion; what is not at_once may wait for the loop to sleep. Fails: ERR_IO: it was not begun. */
    enum err (*start)(struct disk_queue *queue, int fd, bool write, struct disk_request *request);
    /* collect completes what a thread has finished; NULL when completions come by themselves. */
    void (*collect)(struct disk_queue *queue);
    /* close gives back what the queue took. Needs: nothing is under way. NULL when it took nothing. */
    void (*close)(struct disk_queue *queue);
};

struct disk_queue {
    const struct disk_queue_ops *ops;
};

#endif
