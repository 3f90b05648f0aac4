/* log_bed.h: a segment log on a real disk, and a raw file beside it, for `ward-bench log`.
 *
 * open --> prepared segments wait in the pool --> append, raw_write --> stop --> recover, raw_read --> close */
#ifndef WARD_BENCH_LOG_BED_H
#define WARD_BENCH_LOG_BED_H

#include "net/loop.h"
#include "storage/disk_dir.h"
#include "storage/disk_queue_uring.h"
#include "storage/recovery.h"

#define LOG_BED_PROBLEM_BYTES 320
#define LOG_BED_PATH_BYTES 256

struct log_bed_plan {
    const char *place;
    uint32_t segment_bytes;
    uint64_t raw_bytes; /* length of the raw file, a multiple of 1 MiB */
    uint64_t turn_bytes; /* of payload that is appended between two calls of log_bed_reserve */
};

struct log_bed {
    uint32_t segment_bytes;
    uint32_t turn_segments; /* that a turn takes at most */
    char place[LOG_BED_PATH_BYTES];     /* as it was asked for */
    char directory[LOG_BED_PATH_BYTES + 32]; /* made in it, removed by log_bed_close */
    struct datadir dir;
    struct arena arena;
    void *memory;
    size_t memory_bytes;
    struct disk_dir disk;
    struct disk_queue_uring queue;
    struct loop *loop;
    struct loop_event finished; /* the disk's threads */
    bool running, directory_open;
    struct segment_log log;
    struct superblock superblock;
    uint64_t durable_lsn;
    enum err failure;
    uint64_t heights;   /* names of records */
    uint8_t *payload;   /* 1 MiB of bytes that are not all alike, aligned */
    int raw;            /* the file beside it; -1: closed */
    uint64_t raw_bytes; /* of it */
    uint64_t raw_at;    /* where the next write goes */
};

/* log_bed_open makes both in a fresh directory below the place. Fails, with `problem` in words and nothing left: ERR_UNSUPPORTED (no direct durable writes
 * there, or no io_uring), ERR_INVALID (more segments than a reserve holds), ERR_NO_MEMORY, ERR_IO, ERR_NO_SPACE,
 * ERR_NOT_FOUND or ERR_PERMISSION (the place). Blocks. */
enum err log_bed_open(struct log_bed *bed, const struct log_bed_plan *plan, char problem[LOG_BED_PROBLEM_BYTES]);

/* log_bed_reserve waits until the segments of a turn are prepared, and lets none be prepared after that: filling them would be measured too. Fails: ERR_NO_SPACE, ERR_TIMEOUT. */
enum err log_bed_reserve(struct log_bed *bed);

/* log_bed_append appends a record with so many bytes; when the queue is full it waits for room. await: until it is durable. log_bed_flush ends a turn as a replica does that has
 * more to do: the log is kicked, and the loop comes back at once. log_bed_drain waits for all of them. */
enum err log_bed_append(struct log_bed *bed, uint32_t bytes, bool await);
enum err log_bed_flush(struct log_bed *bed);
enum err log_bed_drain(struct log_bed *bed);

/* What writes took, and nothing beside them. */
struct log_bed_cost {
    uint64_t wall_ns;
    uint64_t cpu_ns; /* of the process */
};

/* log_bed_raw_write makes `count` durable writes of `bytes` bytes one after the other, from the log's own memory. anew: of bytes that were put there just before each, as
 * what a log writes was; else of the same again and again. Filling is no part of the cost. Needs: the log is idle. */
enum err log_bed_raw_write(struct log_bed *bed, uint32_t bytes, uint64_t count, bool anew, struct log_bed_cost *cost);

/* log_bed_raw_read reads what a recovery reads, past the page cache, and does nothing with it: every segment of the log from its beginning to its end, as much at a time as a scan does. Gives: *bytes. */
enum err log_bed_raw_read(struct log_bed *bed, uint64_t *bytes);

/* log_bed_stop ends the writing, so that the log can be recovered as often as wanted: each time by log_bed_renew, which begins with fresh memory, and log_bed_recover. */
void log_bed_stop(struct log_bed *bed);
enum err log_bed_renew(struct log_bed *bed);
enum err log_bed_recover(struct log_bed *bed, struct recovery_outcome *outcome);

void log_bed_close(struct log_bed *bed);

#endif
