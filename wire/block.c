/* block.c: see block.h. */
#include "wire/block.h"

#include "base/assert.h"

#include <string.h>

void block_header_encode(const struct block_header *header, struct writer *writer)
{
    write_u8(writer, BLOCK_VERSION);
    write_u8(writer, header->flags);
    write_u16_le(writer, header->proposer);
    write_u32_le(writer, header->commands_count);
    write_u64_le(writer, header->epoch);
    write_u64_le(writer, header->height);
    write_u64_le(writer, header->time_ms);
    write_run(writer, header->parent.bytes, HASH_BYTES);
    write_run(writer, header->payload_root.bytes, HASH_BYTES);
}

enum verdict block_header_decode(struct block_header *header, struct reader *reader)
{
    uint8_t version = read_u8(reader);

    header->flags = read_u8(reader);
    header->proposer = read_u16_le(reader);
    header->commands_count = read_u32_le(reader);
    header->epoch = read_u64_le(reader);
    header->height = read_u64_le(reader);
    header->time_ms = read_u64_le(reader);
    read_copy(reader, header->parent.bytes, HASH_BYTES);
    read_copy(reader, header->payload_root.bytes, HASH_BYTES);
    if (reader->failed) {
        return VERDICT_SHORT;
    }
    if (version != BLOCK_VERSION) {
        return VERDICT_VERSION;
    }
    if ((header->flags & ~BLOCK_FLAG_END) != 0) {
        return VERDICT_RESERVED;
    }
    bool in_range = header->epoch <= WIRE_NUMBER_MAX && header->height <= WIRE_NUMBER_MAX && header->time_ms <= WIRE_NUMBER_MAX;
    return in_range ? VERDICT_OK : VERDICT_RANGE;
}

struct hash32 block_hash(const struct block_header *header)
{
    uint8_t bytes[BLOCK_HEADER_BYTES];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    block_header_encode(header, &writer);
    ASSERT(!writer.failed);
    ASSERT(writer.offset == BLOCK_HEADER_BYTES);
    return hash_one(HASH_BLOCK, bytes, sizeof bytes);
}

struct block_header block_genesis(const struct hash32 *genesis_hash, uint64_t time_ms)
{
    return (struct block_header){ .time_ms = time_ms, .payload_root = *genesis_hash };
}
