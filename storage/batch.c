/* batch.c: see batch.h. Offsets of the header are stated once, in head_write, and read in the same order by head_read. */
#include "storage/batch.h"

#include "base/assert.h"
#include "storage/sum.h"

#include <string.h>
#include <xxhash.h>

#define BATCH_MAGIC 0x54414257u /* "WBAT" */
#define FIRST_SUM_OFFSET 48u
#define HEAD_SUM_OFFSET 248u
#define RECORD_SUM_OFFSET 72u
#define RECORD_FLAGS_OFFSET 1u

_Static_assert(HEAD_SUM_OFFSET + 8 == BATCH_HEAD_BYTES, "the sum is the last field of the header");
_Static_assert(RECORD_SUM_OFFSET + 8 == RECORD_HEAD_BYTES, "the sum is the last field of a record header");
_Static_assert(RECORD_HEAD_BYTES % 8 == 0, "records stay aligned to 8");

/* --- Sizes ---------------------------------------------------------------------------------------------------------- */

uint32_t batch_body_offset(uint32_t blocks)
{
    ASSERT(blocks >= 1);
    ASSERT(blocks <= BATCH_BLOCKS_MAX);
    return blocks == 1 ? BATCH_HEAD_BYTES : BATCH_HEAD_BYTES + BATCH_TABLE_BYTES;
}

uint32_t batch_body_max(uint32_t blocks) { return blocks * DISK_BLOCK - batch_body_offset(blocks); }

uint32_t batch_blocks(uint32_t body_bytes)
{
    if (body_bytes <= batch_body_max(1)) {
        return 1;
    }
    uint32_t bytes = batch_body_offset(2) + body_bytes;
    ASSERT(bytes <= BATCH_BLOCKS_MAX * DISK_BLOCK);
    uint32_t blocks = (bytes + DISK_BLOCK - 1) / DISK_BLOCK;
    ASSERT(blocks <= BATCH_BLOCKS_MAX);
    return blocks < 2 ? 2 : blocks;
}

uint64_t batch_seed(uint64_t salt, uint32_t block) { return salt ^ (uint64_t)block * DISK_BLOCK; }

/* --- Header --------------------------------------------------------------------------------------------------------- */

static void capsule_write(struct writer *writer, const struct capsule *capsule)
{
    ASSERT(capsule->timeout_view >= -1);
    ASSERT(capsule->led_view >= -1);
    ASSERT(capsule->abstain_view >= -1);
    write_u64_le(writer, capsule->epoch);
    write_u64_le(writer, (uint64_t)capsule->timeout_view);
    write_u64_le(writer, capsule->vote_view);
    write_u64_le(writer, capsule->vote_height);
    write_run(writer, capsule->vote_hash.bytes, HASH_BYTES);
    write_u64_le(writer, capsule->high_view);
    write_u64_le(writer, capsule->high_height);
    write_run(writer, capsule->high_digest.bytes, HASH_BYTES);
    write_u64_le(writer, (uint64_t)capsule->led_view);
    write_run(writer, capsule->tc_digest.bytes, HASH_BYTES);
    write_u64_le(writer, (uint64_t)capsule->abstain_view);
    write_u64_le(writer, capsule->limit_view);
    write_u64_le(writer, capsule->committed_height);
}

static void capsule_read(struct reader *reader, struct capsule *capsule)
{
    capsule->epoch = read_u64_le(reader);
    capsule->timeout_view = (int64_t)read_u64_le(reader);
    capsule->vote_view = read_u64_le(reader);
    capsule->vote_height = read_u64_le(reader);
    read_copy(reader, capsule->vote_hash.bytes, HASH_BYTES);
    capsule->high_view = read_u64_le(reader);
    capsule->high_height = read_u64_le(reader);
    read_copy(reader, capsule->high_digest.bytes, HASH_BYTES);
    capsule->led_view = (int64_t)read_u64_le(reader);
    read_copy(reader, capsule->tc_digest.bytes, HASH_BYTES);
    capsule->abstain_view = (int64_t)read_u64_le(reader);
    capsule->limit_view = read_u64_le(reader);
    capsule->committed_height = read_u64_le(reader);
    ASSERT(!reader->failed); /* the caller has the whole header */
}

void batch_head_encode(const struct batch_head *head, uint64_t seed, uint8_t out[BATCH_HEAD_BYTES])
{
    const struct capsule *capsule = &head->capsule;
    uint64_t abstain_ahead = capsule->abstain_view < 0 ? 0 : capsule->abstain_epoch - capsule->epoch;
    uint64_t limit_ahead = capsule->limit_epoch - capsule->epoch;
    struct writer writer;

    ASSERT(limit_ahead <= UINT16_MAX);
    ASSERT(abstain_ahead <= UINT16_MAX);
    ASSERT(head->durable_upto < head->number);
    writer_init(&writer, out, BATCH_HEAD_BYTES);
    write_u32_le(&writer, BATCH_MAGIC);
    write_u16_le(&writer, FORMAT_VERSION);
    write_u8(&writer, capsule->vote_kind);
    write_u8(&writer, 0);
    write_u64_le(&writer, head->number);
    write_u64_le(&writer, head->durable_upto);
    write_u64_le(&writer, head->lsn);
    write_u64_le(&writer, head->previous);
    write_u64_le(&writer, head->body_sum);
    ASSERT(writer.offset == FIRST_SUM_OFFSET);
    write_u64_le(&writer, head->first_sum);
    write_u32_le(&writer, head->segment);
    write_u32_le(&writer, head->body_bytes);
    write_u16_le(&writer, head->blocks);
    write_u16_le(&writer, head->records);
    write_u16_le(&writer, (uint16_t)limit_ahead);
    write_u16_le(&writer, (uint16_t)abstain_ahead);
    capsule_write(&writer, capsule);
    ASSERT(writer.offset == HEAD_SUM_OFFSET);
    write_u64_le(&writer, XXH3_64bits_withSeed(out, HEAD_SUM_OFFSET, seed));
    ASSERT(!writer.failed);
}

/* What a right sum does not make right: fields in their ranges. */
static bool head_is_sound(const struct batch_head *head)
{
    if (head->number == 0 || head->durable_upto >= head->number || head->segment == 0) {
        return false;
    }
    if (head->blocks < 1 || head->blocks > BATCH_BLOCKS_MAX || head->body_bytes % 8 != 0) {
        return false;
    }
    if (head->body_bytes > batch_body_max(head->blocks) || batch_blocks(head->body_bytes) != head->blocks) {
        return false;
    }
    const struct capsule *capsule = &head->capsule;
    return capsule->timeout_view >= -1 && capsule->led_view >= -1 && capsule->abstain_view >= -1 && capsule->limit_epoch >= capsule->epoch;
}

enum err batch_head_decode(const uint8_t data[BATCH_HEAD_BYTES], uint64_t seed, struct batch_head *out)
{
    struct reader reader;
    struct capsule *capsule = &out->capsule;

    reader_init(&reader, data, BATCH_HEAD_BYTES);
    *out = (struct batch_head){ 0 };
    uint32_t magic = read_u32_le(&reader);
    uint16_t version = read_u16_le(&reader);
    capsule->vote_kind = read_u8(&reader);
    bool reserved = read_u8(&reader) != 0;
    out->number = read_u64_le(&reader);
    out->durable_upto = read_u64_le(&reader);
    out->lsn = read_u64_le(&reader);
    out->previous = read_u64_le(&reader);
    out->body_sum = read_u64_le(&reader);
    out->first_sum = read_u64_le(&reader);
    out->segment = read_u32_le(&reader);
    out->body_bytes = read_u32_le(&reader);
    out->blocks = read_u16_le(&reader);
    out->records = read_u16_le(&reader);
    uint16_t limit_ahead = read_u16_le(&reader);
    uint16_t abstain_ahead = read_u16_le(&reader);
    capsule_read(&reader, capsule);
    uint64_t sum = read_u64_le(&reader);
    ASSERT(!reader.failed);
    if (magic != BATCH_MAGIC || sum != XXH3_64bits_withSeed(data, HEAD_SUM_OFFSET, seed)) {
        return ERR_FORMAT;
    }
    if (version != FORMAT_VERSION) {
        return ERR_VERSION;
    }
    capsule->limit_epoch = capsule->epoch + limit_ahead;
    capsule->abstain_epoch = capsule->abstain_view < 0 ? 0 : capsule->epoch + abstain_ahead;
    bool stray = capsule->abstain_view < 0 && abstain_ahead != 0;
    return reserved || stray || !head_is_sound(out) ? ERR_FORMAT : ERR_OK;
}

uint64_t batch_chain(const uint8_t data[BATCH_HEAD_BYTES])
{
    uint8_t head[HEAD_SUM_OFFSET];

    memcpy(head, data, sizeof head);
    memset(head + FIRST_SUM_OFFSET, 0, 8);
    uint64_t chain = XXH3_64bits(head, sizeof head);
    return chain == 0 ? 1 : chain; /* 0 means: lost */
}

/* --- Records -------------------------------------------------------------------------------------------------------- */

void record_head_encode(const struct record_head *head, uint8_t out[RECORD_HEAD_BYTES])
{
    struct writer writer;

    ASSERT((head->flags & ~RECORD_FLAGS_ALL) == 0);
    ASSERT(head->bytes <= head->bytes_total - head->bytes_before);
    ASSERT(head->kind != 0);
    ASSERT(head->bytes_before <= head->bytes_total);
    writer_init(&writer, out, RECORD_HEAD_BYTES);
    write_u8(&writer, head->kind);
    write_u8(&writer, head->flags);
    write_u16_le(&writer, 0);
    write_u32_le(&writer, head->bytes);
    write_u32_le(&writer, head->bytes_total);
    write_u32_le(&writer, head->bytes_before);
    write_u64_le(&writer, head->height);
    write_u64_le(&writer, head->view);
    write_run(&writer, head->hash.bytes, HASH_BYTES);
    write_u64_le(&writer, head->payload_sum);
    ASSERT(writer.offset == RECORD_SUM_OFFSET);
    write_u64_le(&writer, XXH3_64bits(out, RECORD_SUM_OFFSET));
    ASSERT(!writer.failed);
}

bool record_head_decode(const uint8_t data[RECORD_HEAD_BYTES], struct record_head *out)
{
    struct reader reader;

    reader_init(&reader, data, RECORD_HEAD_BYTES);
    *out = (struct record_head){ 0 };
    out->kind = read_u8(&reader);
    out->flags = read_u8(&reader);
    bool reserved = read_u16_le(&reader) != 0;
    out->bytes = read_u32_le(&reader);
    out->bytes_total = read_u32_le(&reader);
    out->bytes_before = read_u32_le(&reader);
    out->height = read_u64_le(&reader);
    out->view = read_u64_le(&reader);
    read_copy(&reader, out->hash.bytes, HASH_BYTES);
    out->payload_sum = read_u64_le(&reader);
    uint64_t sum = read_u64_le(&reader);
    ASSERT(!reader.failed);
    if (sum != XXH3_64bits(data, RECORD_SUM_OFFSET) || reserved || out->kind == 0 || (out->flags & ~RECORD_FLAGS_ALL) != 0) {
        return false;
    }
    if ((out->flags & RECORD_FLAGS_ALL) == RECORD_FLAG_ERASED) {
        return false; /* only what was detachable can be erased */
    }
    return out->bytes_before <= out->bytes_total && out->bytes <= out->bytes_total - out->bytes_before;
}

uint32_t record_span(uint32_t payload_bytes)
{
    ASSERT(payload_bytes <= BATCH_BLOCKS_MAX * DISK_BLOCK);
    return RECORD_HEAD_BYTES + ((payload_bytes + 7u) & ~7u);
}

uint64_t record_payload_sum(const uint8_t *data, size_t size) { return sum64(data, size); }

bool record_payload_is_good(const struct record_head *head, const uint8_t *payload)
{
    if ((head->flags & RECORD_FLAG_ERASED) != 0) {
        return bytes_are_zero(payload, head->bytes);
    }
    return record_payload_sum(payload, head->bytes) == head->payload_sum;
}

void batch_cursor_init(struct batch_cursor *cursor, const struct batch_head *head, const uint8_t *data)
{
    uint32_t begin = batch_body_offset(head->blocks);

    ASSERT(head->body_bytes <= batch_body_max(head->blocks));
    ASSERT(head->blocks >= 1);
    *cursor = (struct batch_cursor){ .data = data, .offset = begin, .end = begin + head->body_bytes };
}

bool batch_cursor_next(struct batch_cursor *cursor, struct record_head *head, struct record_place *place)
{
    uint32_t left = cursor->end - cursor->offset;

    ASSERT(cursor->offset <= cursor->end);
    if (cursor->broken || left == 0) {
        return false;
    }
    if (left < RECORD_HEAD_BYTES || !record_head_decode(cursor->data + cursor->offset, head) || head->bytes > left - RECORD_HEAD_BYTES) {
        cursor->broken = true;
        return false;
    }
    *place = (struct record_place){ .offset = cursor->offset, .bytes = head->bytes };
    cursor->offset += record_span(head->bytes);
    ASSERT(head->bytes <= head->bytes_total);
    ASSERT(cursor->offset <= cursor->end); /* body_bytes and every span are multiples of 8 */
    return true;
}

/* --- Sums ----------------------------------------------------------------------------------------------------------- */

/* The sum of the record headers with ERASED cleared. Gives: false when the headers do not lead exactly to the end of the body. */
static bool body_sum(const struct batch_head *head, const uint8_t *data, uint64_t *sum, uint32_t *records)
{
    struct batch_cursor cursor;
    struct record_head record;
    struct record_place place;
    uint8_t bytes[RECORD_SUM_OFFSET];

    *sum = 0;
    *records = 0;
    batch_cursor_init(&cursor, head, data);
    while (batch_cursor_next(&cursor, &record, &place)) {
        memcpy(bytes, data + place.offset, sizeof bytes);
        bytes[RECORD_FLAGS_OFFSET] &= (uint8_t)~RECORD_FLAG_ERASED;
        *sum = XXH3_64bits_withSeed(bytes, sizeof bytes, *sum);
        *records += 1;
    }
    ASSERT(cursor.broken || cursor.offset == cursor.end);
    return !cursor.broken;
}

/* Sum of a block without its first `skip` bytes, and the map of its zero sectors. */
static uint64_t block_sum(const uint8_t *block, uint32_t skip)
{
    uint64_t zeros = 0;

    ASSERT(skip < DISK_SECTOR);
    for (uint32_t i = 0; i < DISK_SECTORS_PER_BLOCK; i++) {
        uint32_t from = i == 0 ? skip : 0;
        zeros |= (uint64_t)bytes_are_zero(block + i * DISK_SECTOR + from, DISK_SECTOR - from) << i;
    }
    return sum64(block + skip, DISK_BLOCK - skip) << 8 | zeros;
}

/* Has the block a sector of zeros where the writer had none? The first sector of the first block holds the header: never zeros. */
static bool block_has_hole(uint64_t found, uint64_t written, bool first)
{
    uint64_t holes = found & ~written & 0xffu;

    return (first ? holes & ~UINT64_C(1) : holes) != 0;
}

static uint64_t table_entry(const uint8_t *data, uint32_t block)
{
    struct reader reader;

    reader_init(&reader, data + BATCH_HEAD_BYTES + (size_t)(block - 1) * 8, 8);
    return read_u64_le(&reader);
}

static void table_fill(uint8_t *data, uint32_t blocks)
{
    struct writer writer;

    if (blocks == 1) {
        return;
    }
    writer_init(&writer, data + BATCH_HEAD_BYTES, BATCH_TABLE_BYTES);
    for (uint32_t i = 1; i < blocks; i++) {
        write_u64_le(&writer, block_sum(data + (size_t)i * DISK_BLOCK, 0));
    }
    write_zeros(&writer, BATCH_TABLE_BYTES - writer.offset);
    ASSERT(!writer.failed);
}

void batch_sum(struct batch_head *head, uint8_t *data)
{
    uint32_t blocks = batch_blocks(head->body_bytes);
    uint32_t begin = batch_body_offset(blocks);
    uint32_t records = 0;

    ASSERT(head->body_bytes % 8 == 0);
    ASSERT(head->body_bytes <= batch_body_max(blocks));
    if (blocks == 1) {
        memmove(data + begin, data + batch_body_offset(2), head->body_bytes);
    }
    memset(data + begin + head->body_bytes, 0, (size_t)blocks * DISK_BLOCK - begin - head->body_bytes);
    head->blocks = (uint16_t)blocks;
    bool walked = body_sum(head, data, &head->body_sum, &records);
    ASSERT(walked);
    ASSERT(records <= UINT16_MAX);
    head->records = (uint16_t)records;
    table_fill(data, blocks);
    head->first_sum = block_sum(data, BATCH_HEAD_BYTES);
}

void batch_finish(struct batch_head *head, uint64_t seed, uint8_t *data)
{
    batch_sum(head, data);
    batch_head_encode(head, seed, data);
}

enum body_found batch_body_check(const struct batch_head *head, const uint8_t *data, const bool *unreadable)
{
    uint64_t found = block_sum(data, BATCH_HEAD_BYTES);
    bool first_bad = found != head->first_sum;
    bool all_bad_have_holes = true;
    uint32_t bad = 0;

    ASSERT(head->blocks >= 1);
    ASSERT(head->blocks <= BATCH_BLOCKS_MAX);
    if (first_bad) { /* the table lies in it: nothing can be said about the other blocks */
        bool lost = unreadable != NULL && unreadable[0];
        return !lost && block_has_hole(found, head->first_sum, true) ? BODY_HOLES : BODY_BAD;
    }
    for (uint32_t i = 1; i < head->blocks; i++) {
        uint64_t written = table_entry(data, i);
        bool lost = unreadable != NULL && unreadable[i];
        found = block_sum(data + (size_t)i * DISK_BLOCK, 0);
        if (lost || found != written) {
            bad++;
            all_bad_have_holes = all_bad_have_holes && !lost && block_has_hole(found, written, false);
        }
    }
    ASSERT(bad < head->blocks); /* the first was good */
    if (bad > 0) {
        return all_bad_have_holes ? BODY_HOLES : BODY_BAD;
    }
    uint64_t sum = 0;
    uint32_t records = 0;
    bool walked = body_sum(head, data, &sum, &records);
    return walked && sum == head->body_sum && records == head->records ? BODY_GOOD : BODY_BAD;
}
