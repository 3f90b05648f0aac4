/* segment.c: see segment.h. The sum of a header block stands in front and covers the rest of the block. */
#include "storage/segment.h"

#include "base/assert.h"

#include <string.h>
#include <xxhash.h>

#define SEGMENT_MAGIC 0x47455357u /* "WSEG" */
#define SUM_BYTES 8u

void segment_head_encode(const struct segment_head *head, uint8_t *out)
{
    struct writer writer;

    ASSERT(head->segment >= 1);
    ASSERT(head->segment_bytes % DISK_BLOCK == 0);
    writer_init(&writer, out, DISK_BLOCK);
    write_u64_le(&writer, 0);
    write_u32_le(&writer, SEGMENT_MAGIC);
    write_u16_le(&writer, FORMAT_VERSION);
    write_u16_le(&writer, 0);
    write_u32_le(&writer, head->segment);
    write_u32_le(&writer, head->segment_bytes);
    write_u64_le(&writer, head->first_batch);
    write_u64_le(&writer, head->salt);
    write_u64_le(&writer, head->previous);
    write_run(&writer, head->instance, sizeof head->instance);
    write_run(&writer, head->seal, sizeof head->seal);
    write_zeros(&writer, DISK_BLOCK - writer.offset);
    writer_init(&writer, out, SUM_BYTES);
    write_u64_le(&writer, XXH3_64bits(out + SUM_BYTES, DISK_BLOCK - SUM_BYTES));
    ASSERT(!writer.failed);
}

enum err segment_head_decode(const uint8_t *block, struct segment_head *out)
{
    struct reader reader;

    reader_init(&reader, block, DISK_BLOCK);
    *out = (struct segment_head){ 0 };
    uint64_t sum = read_u64_le(&reader);
    uint32_t magic = read_u32_le(&reader);
    uint16_t version = read_u16_le(&reader);
    bool reserved = read_u16_le(&reader) != 0;
    out->segment = read_u32_le(&reader);
    out->segment_bytes = read_u32_le(&reader);
    out->first_batch = read_u64_le(&reader);
    out->salt = read_u64_le(&reader);
    out->previous = read_u64_le(&reader);
    read_copy(&reader, out->instance, sizeof out->instance);
    read_copy(&reader, out->seal, sizeof out->seal);
    if (magic != SEGMENT_MAGIC || sum != XXH3_64bits(block + SUM_BYTES, DISK_BLOCK - SUM_BYTES)) {
        return ERR_FORMAT;
    }
    if (version != FORMAT_VERSION) {
        return ERR_VERSION;
    }
    bool padded = read_zeros(&reader, reader_left(&reader));
    bool sized = out->segment_bytes % DISK_BLOCK == 0 && out->segment_bytes >= SEGMENT_BYTES_MIN && out->segment_bytes <= SEGMENT_BYTES_MAX;
    bool salted = out->salt == segment_salt(out->instance, out->segment);
    return reserved || !padded || !sized || !salted || out->segment == 0 || out->first_batch == 0 ? ERR_FORMAT : ERR_OK;
}

uint32_t seal_bytes(uint32_t batches)
{
    ASSERT(batches <= SEGMENT_BYTES_MAX / DISK_BLOCK);
    return SEAL_HEAD_BYTES + batches * SEAL_ENTRY_BYTES;
}

void seal_encode(const struct seal_head *head, const struct seal_entry *entries, uint8_t *out)
{
    struct writer writer;

    ASSERT(head->batches == 0 || head->segment != 0);
    ASSERT(head->torn <= 1);
    writer_init(&writer, out, seal_bytes(head->batches));
    write_u32_le(&writer, head->segment);
    write_u32_le(&writer, head->batches);
    write_u32_le(&writer, head->blocks_used);
    write_u8(&writer, head->torn);
    write_zeros(&writer, 3);
    write_u64_le(&writer, head->first_batch);
    write_u64_le(&writer, head->last_batch);
    write_u64_le(&writer, head->last_chain);
    write_u64_le(&writer, 0);
    ASSERT(writer.offset == SEAL_HEAD_BYTES);
    for (uint32_t i = 0; i < head->batches; i++) {
        write_u32_le(&writer, entries[i].block);
        write_u32_le(&writer, entries[i].blocks);
        write_u64_le(&writer, entries[i].chain);
    }
    ASSERT(!writer.failed);
}

enum err seal_head_decode(const uint8_t *data, size_t size, struct seal_head *out)
{
    struct reader reader;

    reader_init(&reader, data, size);
    *out = (struct seal_head){ 0 };
    out->segment = read_u32_le(&reader);
    out->batches = read_u32_le(&reader);
    out->blocks_used = read_u32_le(&reader);
    out->torn = read_u8(&reader);
    bool reserved = !read_zeros(&reader, 3);
    out->first_batch = read_u64_le(&reader);
    out->last_batch = read_u64_le(&reader);
    out->last_chain = read_u64_le(&reader);
    reserved = !read_zeros(&reader, 8) || reserved;
    if (reader.failed || reserved || out->torn > 1 || out->batches > SEGMENT_BYTES_MAX / DISK_BLOCK || size != seal_bytes(out->batches)) {
        return ERR_FORMAT;
    }
    return out->segment == 0 && out->batches != 0 ? ERR_FORMAT : ERR_OK;
}

struct seal_entry seal_entry_decode(const uint8_t *data, uint32_t i)
{
    struct seal_entry entry;
    struct reader reader;

    ASSERT(i < SEGMENT_BYTES_MAX / DISK_BLOCK);
    reader_init(&reader, data + SEAL_HEAD_BYTES + (size_t)i * SEAL_ENTRY_BYTES, SEAL_ENTRY_BYTES);
    entry.block = read_u32_le(&reader);
    entry.blocks = read_u32_le(&reader);
    entry.chain = read_u64_le(&reader);
    ASSERT(!reader.failed);
    return entry;
}

void seal_digest(const uint8_t *data, size_t size, uint8_t out[16])
{
    ASSERT(size >= SEAL_HEAD_BYTES);
    XXH128_canonical_t canonical;

    _Static_assert(sizeof canonical == 16, "an XXH3-128 sum has 16 bytes");
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, size));
    memcpy(out, canonical.digest, 16);
}
