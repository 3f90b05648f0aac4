/* disk_dir.h: the disk on a real directory.
 *
 * A durable write is one O_DIRECT write with RWF_DSYNC; how it reaches the kernel is a `struct disk_queue`. One thread at low priority
 * fills segments with zeros and names them; it wakes the loop once per segment.
 *
 * A process that was killed may leave a write in the kernel that lands after the next process has read the segment. The kernel keeps the
 * file description of such a write, and a lock on that description, until it is done; so whoever writes locks the segment itself, and
 * `settle` waits for that lock before it lets anybody read. */
#ifndef WARD_STORAGE_DISK_DIR_H
#define WARD_STORAGE_DISK_DIR_H

#include "base/arena.h"
#include "storage/datadir.h"
#include "storage/disk_queue.h"

#include <pthread.h>

#define DISK_DIR_OPEN_MAX 10u/* segments held open; more than can be under way at once */

struct disk_dir_file {
    uint32_t segment; /* or part of a snapshot; 0: free */
    int fd;
    bool locked;   /* flock: no other process, alive or with writes still in the kernel, can write to it */
    uint64_t used; /* for the choice of the one to close */
};

struct disk_dir {
    struct disk disk; /* first: the interface */
    struct disk_queue *queue; /* NULL: a disk that is only read */
    struct disk_waker waker;
    const struct datadir *dir;
    uint32_t segment_bytes;
    uint32_t pool_target; /* zero-filled segments to keep in reserve */
    int superblock_fd;
    struct disk_dir_file files[DISK_DIR_OPEN_MAX];
    uint64_t uses;
    uint8_t *zeros; /* 1 MiB of zeros for the thread */
    /* Between the loop and the thread, under the mutex. */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work;
    bool thread_runs;
    bool stop;
    uint32_t wanted;       /* segment to prepare; 0: none */
    bool wanted_told;      /* the last one is prepared, or failed, and the loop has not collected it yet */
    int32_t wanted_result; /* 0 or a negative errno */
    uint32_t retired;      /* segment to take out of use; 0: none */
    uint32_t pool_count;   /* files in the pool, numbered from 1 */
    bool pool_failed;      /* the last filling failed: tried again when a segment is wanted */
    uint64_t flushes;      /* by the thread */
    struct disk_request *preparing; /* of the loop alone */
    uint32_t discards_spared;       /* of a directory that is only read: segments that would have been removed */
};

/* disk_dir_init takes a zero buffer and opens the superblock. Needs: an open datadir that outlives the disk; segment_bytes as in the
 * superblock; pool_target 0 to DATADIR_POOL_MAX. Gives: a disk that can be read; starts no thread. Fails: ERR_IO, ERR_NOT_FOUND (no superblock
 * file), ERR_PERMISSION. */
enum err disk_dir_init(struct disk_dir *disk, struct arena *arena, const struct datadir *dir, uint32_t segment_bytes, uint32_t pool_target);

/* disk_dir_start makes requests possible and starts the thread that prepares segments. Owns: the queue is closed by disk_dir_close.
 * Fails: ERR_NO_MEMORY, ERR_IO. */
enum err disk_dir_start(struct disk_dir *disk, struct disk_queue *queue, struct disk_waker waker);

/* disk_dir_collect completes what threads have finished. Needs: called on the loop's thread after the waker was called. */
void disk_dir_collect(struct disk_dir *disk);

/* disk_dir_close stops the threads and closes the files. Needs: no write or read under way; a segment in preparation is given up. */
void disk_dir_close(struct disk_dir *disk);

#endif
