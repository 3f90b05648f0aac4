/* segment_log_priv.h: what the files of the segment log share. */
#ifndef WARD_STORAGE_SEGMENT_LOG_PRIV_H
#define WARD_STORAGE_SEGMENT_LOG_PRIV_H

#include "storage/batch.h"
#include "storage/segment.h"
#include "storage/segment_log.h"
#include "storage/segment_scan.h"

/* A batch that waits or is in flight. Its records lie in `data` from batch_body_offset(2) on until it is closed. */
struct log_batch {
    uint8_t *data;
    uint32_t body_bytes;
    uint64_t lsn;           /* highest position complete with it */
    struct capsule capsule; /* newest one complete with it; the limit is set when it is closed */
    bool closed;            /* takes no more records */
    struct batch_head sums; /* of a closed one: what batch_sum gives */
};

/* log_opening_blocks gives the most blocks that the opening batch of a segment can take. */
uint32_t log_opening_blocks(const struct segment_log *log);

/* log_scratch_blocks gives the size of log->scratch: any batch of any configuration fits. */
uint32_t log_scratch_blocks(const struct segment_log *log);

/* log_batch_at gives the i-th batch of the queue. Needs: i < queue_count. */
struct log_batch *log_batch_at(const struct segment_log *log, uint32_t i);

/* log_batch_close ends the filling of a batch and gives it a view limit that is at least LOG_VIEW_LIMIT_STEP / 2 ahead of its own
 * views, and at least (epoch, view). */
void log_batch_close(struct segment_log *log, struct log_batch *batch, uint64_t epoch, uint64_t view);

/* log_index_batch remembers where the records of a durable batch lie. */
void log_index_batch(struct segment_log *log, const struct batch_head *head, const uint8_t *data, uint32_t block);

/* log_repair_take remembers the notes in a RECORD_REPAIR. What is none is passed over, and so is a record that was cut in two: whoever wrote it looks whether
 * it counts, and writes another. */
void log_repair_take(struct segment_log *log, const struct record_head *head, const uint8_t *payload);

/* log_extent_note takes note of a segment, and of a block of that height in it; 0: of none. Needs: segments ascend. */
void log_extent_note(struct segment_log *log, uint32_t segment, uint64_t height);

/* log_table_add enters a batch of the current segment into the table that will be its seal. */
void log_table_add(struct segment_log *log, uint64_t number, uint32_t block, uint32_t blocks, uint64_t chain);

/* log_prepare_next asks for the next segment unless it is there or on its way. */
void log_prepare_next(struct segment_log *log);

/* log_fail stops the log for good and tells the owner once. */
void log_fail(struct segment_log *log, enum err err);

#endif
