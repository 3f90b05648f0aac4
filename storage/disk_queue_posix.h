/* disk_queue_posix.h: reads and durable writes by one thread, for machines that forbid io_uring.
 *
 *     start --waiting--> thread: pwritev2(RWF_DSYNC) or pread --finished--> waker --> collect --> completion
 *
 * One thread, so writes reach the disk one after the other, as the log asks for anyway; a write goes before a read that waits. The thread
 * sleeps while there is nothing to do. A write that failed is never tried again. */
#ifndef WARD_STORAGE_DISK_QUEUE_POSIX_H
#define WARD_STORAGE_DISK_QUEUE_POSIX_H

#include "storage/disk_queue.h"

#include <pthread.h>

struct disk_queue_entry {
    struct disk_request *request;
    int fd;
    bool write;
    int32_t result; /* once it is finished */
};

struct disk_queue_posix {
    struct disk_queue queue; /* first: the interface */
    struct disk_waker waker;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work;
    /* Under the mutex. */
    struct disk_queue_entry waiting[DISK_REQUESTS_MAX]; /* in the order in which they came */
    uint32_t waiting_count;
    struct disk_queue_entry finished[DISK_REQUESTS_MAX];
    uint32_t finished_count;
    bool stop;
};

/* disk_queue_posix_open starts the thread. Gives: the queue; NULL when there is no thread to be had.
 * Needs: at most DISK_REQUESTS_MAX requests between start and completion. */
struct disk_queue *disk_queue_posix_open(struct disk_queue_posix *queue, struct disk_waker waker);

#endif
