/* segment.h: the bytes of a segment's header and of the seal that describes the segment before. Pure; docs/disk.md has the offsets.
 *
 *     block 0, 1   the header, twice
 *     block 2      the opening batch: one RECORD_SEAL record about the newest earlier segment that holds batches
 *     block ..     batches; behind the last one zeros
 *
 * The seal lies in the next segment, so it always meets zeros, is never cramped, and is not lost with what it describes. */
#ifndef WARD_STORAGE_SEGMENT_H
#define WARD_STORAGE_SEGMENT_H

#include "base/err.h"
#include "storage/format.h"

/* segment_head_encode writes one header block. Needs: out has DISK_BLOCK bytes. */
void segment_head_encode(const struct segment_head *head, uint8_t *out);

/* segment_head_decode reads one. Fails: ERR_FORMAT (any wrong byte), ERR_VERSION. */
enum err segment_head_decode(const uint8_t *block, struct segment_head *out);

/* seal_bytes gives the size of a seal with that many entries. */
uint32_t seal_bytes(uint32_t batches);

/* seal_encode writes head and entries. Needs: out has seal_bytes(head->batches) bytes. */
void seal_encode(const struct seal_head *head, const struct seal_entry *entries, uint8_t *out);

/* seal_head_decode reads the front. Fails: ERR_FORMAT: size or a field does not fit. */
enum err seal_head_decode(const uint8_t *data, size_t size, struct seal_head *out);

/* seal_entry_decode reads one entry. Needs: data passed seal_head_decode; i < batches. */
struct seal_entry seal_entry_decode(const uint8_t *data, uint32_t i);

/* seal_digest gives the XXH3-128 of an encoded seal, as the segment header repeats it. */
void seal_digest(const uint8_t *data, size_t size, uint8_t out[16]);

#endif
