/* disk.h: the small piece of a file system that the log needs, as a table of functions.
 *
 * Behind it: storage/disk_dir.c (O_DIRECT through the event loop's ring) and sim/world/disk.c (memory that tears, rots and lies).
 * A file is named by a number: DISK_SUPERBLOCK, the number of a segment, from 1, or of a part of a snapshot, from
 * DISK_SNAPSHOT_FIRST. Offsets, sizes and memory are multiples of
 * DISK_BLOCK. Reads for recovery block; whatever happens while the replica runs completes through `struct completion`. */
#ifndef WARD_STORAGE_DISK_H
#define WARD_STORAGE_DISK_H

#include "base/arena.h"
#include "base/completion.h"
#include "base/err.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_SUPERBLOCK 0u     /* the file of the superblock copies; segments count from 1 */
#define DISK_SNAPSHOT_FIRST 0x40000000u /* parts of snapshots: files as long as a segment, in a directory of their own */
#define DISK_SEGMENT_LAST 0x1fffffffu /* highest number of a segment that is there: 32 PiB of log of 64 MiB each; behind it numbers are left before parts of snapshots begin */
#define DISK_REQUESTS_MAX 10u  /* under way at once: write and read of the log, the superblock, a file in preparation, one that is retired, of snapshots a
                                  write, a reading back and a reading for others, of the scrubber a segment and a snapshot */
#define DISK_SEGMENTS_MAX 16384u /* in one directory: 1 TiB of log */

/* One asynchronous request. Its owner embeds it, fills the fields and keeps them, and the memory, until `completion` was called:
 * result is the number of bytes moved (less than asked for is a failure) or a negative errno. */
struct disk_request {
    struct completion completion;
    uint32_t file;
    uint32_t bytes;
    uint64_t offset;
    uint8_t *data;
    bool at_once; /* a write: under way when write_start returns, for whoever has other work before the loop sleeps */
};

/* What the disk did since it was opened. Plain numbers, read at any time. */
struct disk_counters {
    uint64_t writes;  /* durable writes handed to the kernel */
    uint64_t flushes; /* device flushes that these asked for */
    uint64_t writes_at_once; /* writes that did not wait for the loop to sleep: each is a system call of its own on a ring */
    uint64_t reads;
    uint64_t bytes_written;
    uint64_t bytes_read;
    uint64_t segments_prepared; /* named and ready to be written */
    uint64_t background_flushes; /* of files and directories, while preparing them */
};

struct disk {
    const struct disk_ops *ops;
    struct disk_counters counters;
};

struct disk_ops {
    /* segments lists the segments that are there, in ascending order. Fails: ERR_IO; ERR_FULL when there are more than `capacity`. */
    enum err (*segments)(struct disk *disk, uint32_t *numbers, size_t capacity, size_t *count);

    /* settle makes what was ever written to the file, and its name, durable before it is read, and waits until no write of a process
     * that died can still reach it. Fails: ERR_NOT_FOUND, ERR_IO, ERR_CONFLICT when a living process still writes to it. */
    enum err (*settle)(struct disk *disk, uint32_t file);

    /* size_bytes gives the size of a file. Fails: ERR_NOT_FOUND, ERR_IO. */
    enum err (*size_bytes)(struct disk *disk, uint32_t file, uint64_t *bytes);

    /* read blocks. Fails: ERR_NOT_FOUND, ERR_IO; the content of data is then undefined. A caller that must know which block is
     * unreadable reads block by block. */
    enum err (*read)(struct disk *disk, uint32_t file, uint64_t offset, void *data, size_t bytes);

    /* read_start and write_start begin a request. A write is durable when it completes: data and, if the file is new, its size.
     * Fails: ERR_IO, ERR_NOT_FOUND: it was not begun and its completion is never called. */
    enum err (*read_start)(struct disk *disk, struct disk_request *request);
    enum err (*write_start)(struct disk *disk, struct disk_request *request);

    /* prepare makes segment request->file, or part of a snapshot, exist under its name, durably and full of zeros, away from the critical path;
     * completion with result 0 or a negative errno (disk_is_full). Fails: ERR_AGAIN while another one is under way. */
    enum err (*prepare)(struct disk *disk, struct disk_request *request);

    /* retire takes a segment out of use for good, away from the critical path: it is filled with zeros for new use, or removed. Nobody is told
     * when: a segment that a crash left is retired again. Needs: no request on it is under way. Fails: ERR_AGAIN while another one is
     * under way; ERR_NOT_FOUND. */
    enum err (*retire)(struct disk *disk, uint32_t segment);

    /* discard removes a segment, durably; recovery alone uses it. Fails: ERR_NOT_FOUND, ERR_IO. */
    enum err (*discard)(struct disk *disk, uint32_t segment);
};

/* disk_is_full tells whether a request failed for want of room: on the disk, or of what its owner may use of it. To an operator these are one thing. */
static inline bool disk_is_full(int32_t result)
{
    return result == -ENOSPC || result == -EDQUOT;
}

/* disk_buffer_take gives zeroed memory that is aligned to DISK_BLOCK; NULL from a measuring arena. Cost: one block more than asked. */
uint8_t *disk_buffer_take(struct arena *arena, size_t blocks);

#endif
