/* checkpoints.c: see checkpoints.h. */
#include "sim/oracle/checkpoints.h"

#include "base/assert.h"
#include "sim/oracle/oracle.h"

#include <stdlib.h>

void checkpoints_init(struct checkpoints_book *book, const struct config_limits *limits, uint64_t genesis_ms, struct failure *failure)
{
    *book = (struct checkpoints_book){ .failure = failure, .blocks = limits->checkpoint_blocks, .span_ms = limits->checkpoint_ms, .capacity = 64 };
    book->times_ms = calloc(book->capacity, sizeof *book->times_ms);
    ASSERT(book->times_ms != NULL);
    book->times_ms[0] = genesis_ms;
}

void checkpoints_close(struct checkpoints_book *book)
{
    free(book->times_ms);
    *book = (struct checkpoints_book){ .failure = NULL };
}

void checkpoints_executed(struct checkpoints_book *book, uint64_t height, uint64_t time_ms)
{
    if (height != book->height + 1) {
        return; /* Somebody else was first, or the order is broken, which others say. */
    }
    if (height == book->capacity) {
        book->capacity *= 2;
        book->times_ms = realloc(book->times_ms, book->capacity * sizeof *book->times_ms);
        ASSERT(book->times_ms != NULL);
    }
    uint64_t before_ms = book->times_ms[height - 1];
    book->times_ms[height] = height % book->blocks == 0 || time_ms - before_ms >= book->span_ms ? time_ms : before_ms;
    book->height = height;
}

void checkpoints_look(const struct checkpoints_book *book, uint32_t seat, enum checkpoints_part part, uint64_t height, uint64_t time_ms)
{
    static const char *const parts[] = { [CHECKPOINTS_REPLICA] = "replica", [CHECKPOINTS_SNAPSHOTS] = "maker of snapshots", [CHECKPOINTS_ANSWERS] = "answers" };

    if (height <= book->height && book->times_ms[height] != time_ms) {
        oracle_fail(book->failure, FAILURE_SAFETY, "K1: at block %llu the %s of r%u takes one that is %lld ms younger for the newest checkpoint block", (unsigned long long)height, parts[part], seat,
                    (long long)(time_ms - book->times_ms[height]));
    }
}
