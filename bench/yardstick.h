/* yardstick.h: what the machine itself needs for one durable write and for one message, taken in the same run and on the same disk as the figure that
 * is held against them.
 *
 * A flush is one O_DIRECT | RWF_DSYNC write of 4 KiB through io_uring over zeros that are on the disk already, as the log of a replica does it.
 * Replicas of one machine write at the same moment, so the writers here do too. A link is half of a byte's way to another thread and back over TCP on loopback. */
#ifndef WARD_BENCH_YARDSTICK_H
#define WARD_BENCH_YARDSTICK_H

#include "base/err.h"

#include <liburing.h>
#include <stdint.h>

#define YARDSTICK_WRITERS_MAX 31u
#define YARDSTICK_FLUSH_BYTES 4096u

struct yardstick {
    struct io_uring ring;
    uint32_t writers; /* 0: closed */
    int files[YARDSTICK_WRITERS_MAX]; /* -1: not open */
    uint64_t round;
};

/* yardstick_open makes one file for each writer in `directory`. Needs: 1 <= writers <= YARDSTICK_WRITERS_MAX. Fails: ERR_IO; nothing stays open. */
enum err yardstick_open(struct yardstick *yardstick, const char *directory, uint32_t writers);
void yardstick_close(struct yardstick *yardstick);

/* yardstick_flush lets all writers write once, at the same moment. Gives: *took_ns, the time until `enough` of them were durable.
 * Needs: 1 <= enough <= writers. Fails: ERR_IO. Cost: one write for each writer. */
enum err yardstick_flush(struct yardstick *yardstick, uint32_t enough, uint64_t *took_ns);

/* yardstick_link gives the median of so many messages, one way. Needs: 1 <= repeats <= 1001. Fails: ERR_IO. */
enum err yardstick_link(uint32_t repeats, uint64_t *took_ns);

#endif
