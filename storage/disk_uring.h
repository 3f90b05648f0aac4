/* disk_uring.h: the disk on a real directory through the ring of the event loop.
 *
 * A durable write is one O_DIRECT write with RWF_DSYNC. The ring is given; its owner dispatches completions by user data, which is
 * the address of a `struct completion`. One thread at low priority fills segments with zeros and names them; it tells the loop
 * through an eventfd that is read on the ring, once per segment.
 *
 * A process that was killed may leave a write in the kernel that lands after the next process has read the segment. The kernel keeps the
 * file description of such a write, and a lock on that description, until it is done; so whoever writes locks the segment itself, and
 * `settle` waits for that lock before it lets anybody read. */
#ifndef WARD_STORAGE_DISK_URING_H
#define WARD_STORAGE_DISK_URING_H

#include "base/arena.h"
#include "storage/datadir.h"
#include "storage/disk.h"

#include <pthread.h>

struct io_uring;

#define DISK_URING_OPEN_MAX 4u /* segments held open; more than can be under way at once */

struct disk_uring_file {
    uint32_t segment; /* 0: free */
    int fd;
    bool locked;   /* flock: no other process, alive or with writes still in the kernel, can write to it */
    uint64_t used; /* for the choice of the one to close */
};

struct disk_uring {
    struct disk disk; /* first: the interface */
    struct io_uring *ring;
    const struct datadir *dir;
    uint32_t segment_bytes;
    uint32_t pool_target; /* zero-filled segments to keep in reserve */
    int superblock_fd;
    struct disk_uring_file files[DISK_URING_OPEN_MAX];
    uint64_t uses;
    uint8_t *zeros; /* 1 MiB of zeros for the thread */
    /* Between the loop and the thread, under the mutex. */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool thread_runs;
    bool stop;
    uint32_t wanted;       /* segment to prepare; 0: none */
    int32_t wanted_result; /* 0 or a negative errno */
    uint32_t pool_count;   /* files in the pool, numbered from 1 */
    bool pool_failed;      /* the last filling failed: tried again when a segment is wanted */
    uint64_t flushes;      /* by the thread */
    /* Of the loop alone. */
    int event_fd;
    uint64_t event_value;
    struct completion event; /* the read of event_fd */
    struct disk_request *preparing;
};

/* disk_uring_init takes a zero buffer and opens the superblock. Needs: an open datadir that outlives the disk; segment_bytes as in the
 * superblock; pool_target 0 to 8; ring NULL for a disk that is only read. Starts no thread. Fails: ERR_IO, ERR_NOT_FOUND (no superblock
 * file), ERR_PERMISSION. */
enum err disk_uring_init(struct disk_uring *disk, struct arena *arena, struct io_uring *ring, const struct datadir *dir, uint32_t segment_bytes,
                         uint32_t pool_target);

/* disk_uring_start starts the thread that prepares segments. Fails: ERR_NO_MEMORY. */
enum err disk_uring_start(struct disk_uring *disk);

/* disk_uring_close stops the thread and closes the files. Needs: no write or read under way; a segment in preparation is given up. */
void disk_uring_close(struct disk_uring *disk);

#endif
