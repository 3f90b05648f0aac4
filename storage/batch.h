/* batch.h: the bytes of a batch: header, sums of its blocks, records. Pure; docs/disk.md has the offsets.
 *
 *     block 0   | header 256 | sums of blocks 1.. (only if there are any) | records ...
 *     block 1.. | ... records                                            ... | zeros to the end of the block
 *
 * A block sum is 56 bits of XXH3 and 8 bits that say which sectors were zeros when written: that is how a hole left by a power cut is
 * told from zeros that belong there. */
#ifndef WARD_STORAGE_BATCH_H
#define WARD_STORAGE_BATCH_H

#include "base/err.h"
#include "storage/format.h"
#include "storage/recovery_table.h"

/* batch_body_offset gives where the records begin in a batch of that many blocks. */
uint32_t batch_body_offset(uint32_t blocks);

/* batch_body_max gives the most record bytes that fit, a multiple of 8. */
uint32_t batch_body_max(uint32_t blocks);

/* batch_blocks gives the fewest blocks that hold that many record bytes. */
uint32_t batch_blocks(uint32_t body_bytes);

/* batch_seed gives the seed of the header sum: salt of the segment and place in it. */
uint64_t batch_seed(uint64_t salt, uint32_t block);

void batch_head_encode(const struct batch_head *head, uint64_t seed, uint8_t out[BATCH_HEAD_BYTES]);

/* batch_head_decode reads a header. Fails: ERR_FORMAT, *out undefined; ERR_VERSION when its sum is right and its version unknown. */
enum err batch_head_decode(const uint8_t data[BATCH_HEAD_BYTES], uint64_t seed, struct batch_head *out);

/* batch_chain gives the chain value of an encoded header. It leaves out first_sum and the header sum, which an erasure changes. */
uint64_t batch_chain(const uint8_t data[BATCH_HEAD_BYTES]);

/* record_head_encode writes a record's header. */
void record_head_encode(const struct record_head *head, uint8_t out[RECORD_HEAD_BYTES]);

/* record_head_decode: false when the sum or a field is wrong. */
bool record_head_decode(const uint8_t data[RECORD_HEAD_BYTES], struct record_head *out);

/* record_span gives the bytes that a record takes in a batch: header and payload, padded to 8. */
uint32_t record_span(uint32_t payload_bytes);

/* record_payload_sum gives the sum that a header holds of its payload. */
uint64_t record_payload_sum(const uint8_t *data, size_t size);

/* record_payload_is_good compares; an erased payload is good when it is zeros. */
bool record_payload_is_good(const struct record_head *head, const uint8_t *payload);

/* batch_sum turns `data`, whose records lie at batch_body_offset(2) from its start, into all of a batch but its header: moves them up if one block will
 * do, pads, and sums. Needs: head->body_bytes; data has room for batch_blocks(body_bytes) blocks. Gives: body_sum, first_sum, blocks and records of head. What it does hangs on nothing but the
 * records, so it can be done long before the batch has a place. batch_finish does the same and writes the header: Needs: every other field of head besides; seed as batch_seed. */
void batch_sum(struct batch_head *head, uint8_t *data);
void batch_finish(struct batch_head *head, uint64_t seed, uint8_t *data);

/* batch_body_check looks at everything behind the whole header. `unreadable[i]` says that block i could not be read; NULL: all could. */
enum body_found batch_body_check(const struct batch_head *head, const uint8_t *data, const bool *unreadable);

/* A walk over the records of a batch. */
struct batch_cursor {
    const uint8_t *data;
    uint32_t offset; /* of the next record, in bytes from the start of the batch */
    uint32_t end;
    bool broken; /* a record header was bad: what follows cannot be found */
};

void batch_cursor_init(struct batch_cursor *cursor, const struct batch_head *head, const uint8_t *data);

/* batch_cursor_next gives the next record; its header is good, its payload unchecked. Gives: false at the end or when broken;
 * place->segment and place->block are not set. */
bool batch_cursor_next(struct batch_cursor *cursor, struct record_head *head, struct record_place *place);

#endif
