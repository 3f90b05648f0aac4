/* snapshot.c: see snapshot.h. */
#include "storage/snapshot.h"

#include "base/assert.h"
#include "storage/sum.h"

#include <string.h>
#include <xxhash.h>

#define MANIFEST_MAGIC 0x464d5357u /* "WSMF" */
#define HEAD_MAGIC 0x504e5357u     /* "WSNP" */
#define SUM_BYTES 8u

/* --- Manifest ------------------------------------------------------------------------------------------------------- */

void snapshot_manifest_take(struct snapshot_manifest *manifest, struct arena *arena)
{
    *manifest = (struct snapshot_manifest){ .height = 0 };
    manifest->chunks = arena_take(arena, SNAPSHOT_CHUNKS_MAX, sizeof *manifest->chunks);
}

void snapshot_manifest_encode(const struct snapshot_manifest *manifest, struct writer *writer)
{
    ASSERT(manifest->chunks_count <= SNAPSHOT_CHUNKS_MAX);
    ASSERT(manifest->note_bytes <= SNAPSHOT_NOTE_BYTES_MAX);
    write_u32_le(writer, MANIFEST_MAGIC);
    write_u16_le(writer, FORMAT_VERSION);
    write_u16_le(writer, 0);
    write_u64_le(writer, manifest->height);
    write_run(writer, manifest->state_root.bytes, HASH_BYTES);
    write_u32_le(writer, manifest->chunk_bytes_max);
    write_u32_le(writer, manifest->note_bytes);
    write_u32_le(writer, manifest->chunks_count);
    write_u32_le(writer, 0);
    write_run(writer, manifest->note, manifest->note_bytes);
    for (uint32_t i = 0; i < manifest->chunks_count; i++) {
        const struct snapshot_chunk *chunk = &manifest->chunks[i];
        write_u8(writer, chunk->kind);
        write_u8(writer, 0);
        write_u16_le(writer, chunk->bit);
        write_u32_le(writer, chunk->items);
        write_u32_le(writer, chunk->bytes);
        write_run(writer, chunk->hash.bytes, HASH_BYTES);
    }
    ASSERT(!writer->failed);
}

/* What a chunk's entry must satisfy by itself and behind the one before. */
static enum verdict chunk_check(const struct snapshot_manifest *manifest, const struct snapshot_chunk *chunk, uint8_t kind_before)
{
    ASSERT(kind_before < SNAPSHOT_KIND_END);
    if (chunk->kind < SNAPSHOT_EVENTS || chunk->kind >= SNAPSHOT_KIND_END) {
        return VERDICT_TYPE;
    }
    if (chunk->kind < kind_before) {
        return VERDICT_ORDER;
    }
    bool sized = chunk->bytes >= 1 && chunk->bytes <= manifest->chunk_bytes_max && chunk->items >= 1 && chunk->items <= chunk->bytes;
    return sized && (chunk->kind == SNAPSHOT_STATE || chunk->bit == 0) ? VERDICT_OK : VERDICT_LENGTH;
}

static enum verdict chunks_read(struct snapshot_manifest *manifest, struct reader *reader)
{
    struct state_fold fold;
    uint8_t kind_before = 0;

    ASSERT(manifest->chunks_count <= SNAPSHOT_CHUNKS_MAX);
    state_fold_begin(&fold);
    for (uint32_t i = 0; i < manifest->chunks_count; i++) {
        struct snapshot_chunk *chunk = &manifest->chunks[i];
        chunk->kind = read_u8(reader);
        bool reserved = read_u8(reader) != 0;
        chunk->bit = read_u16_le(reader);
        chunk->items = read_u32_le(reader);
        chunk->bytes = read_u32_le(reader);
        read_copy(reader, chunk->hash.bytes, HASH_BYTES);
        enum verdict verdict = reader->failed ? VERDICT_SHORT : chunk_check(manifest, chunk, kind_before);
        if (verdict != VERDICT_OK || reserved) {
            return verdict != VERDICT_OK ? verdict : VERDICT_LENGTH;
        }
        if (chunk->kind == SNAPSHOT_STATE && !state_fold_add(&fold, chunk->bit, &chunk->hash)) {
            return VERDICT_ORDER;
        }
        kind_before = chunk->kind;
    }
    struct hash32 root = state_fold_end(&fold);
    enum verdict verdict = reader_end(reader);
    return verdict != VERDICT_OK ? verdict : hash_equal(&root, &manifest->state_root) ? VERDICT_OK : VERDICT_HASH;
}

enum verdict snapshot_manifest_decode(struct snapshot_manifest *manifest, struct bytes bytes)
{
    struct reader reader;

    ASSERT(manifest->chunks != NULL);
    reader_init(&reader, bytes.data, bytes.size);
    uint32_t magic = read_u32_le(&reader);
    uint16_t version = read_u16_le(&reader);
    bool reserved = read_u16_le(&reader) != 0;
    manifest->height = read_u64_le(&reader);
    read_copy(&reader, manifest->state_root.bytes, HASH_BYTES);
    manifest->chunk_bytes_max = read_u32_le(&reader);
    manifest->note_bytes = read_u32_le(&reader);
    manifest->chunks_count = read_u32_le(&reader);
    reserved = read_u32_le(&reader) != 0 || reserved;
    if (reader.failed || magic != MANIFEST_MAGIC) {
        return reader.failed ? VERDICT_SHORT : VERDICT_TYPE;
    }
    if (version != FORMAT_VERSION) {
        return VERDICT_VERSION;
    }
    bool sized = manifest->note_bytes <= SNAPSHOT_NOTE_BYTES_MAX && manifest->chunks_count <= SNAPSHOT_CHUNKS_MAX &&
                 manifest->chunk_bytes_max >= STATE_CHUNK_BYTES_MIN && manifest->chunk_bytes_max <= STATE_CHUNK_BYTES_MAX;
    if (reserved || !sized) {
        return VERDICT_LENGTH;
    }
    read_copy(&reader, manifest->note, manifest->note_bytes);
    return chunks_read(manifest, &reader);
}

struct hash32 snapshot_digest(struct bytes manifest) { return hash_one(HASH_SNAPSHOT, manifest.data, manifest.size); }

enum verdict snapshot_chunk_hash(uint8_t kind, struct bytes bytes, struct hash32 *hash)
{
    struct hasher hasher;
    uint32_t pairs;

    if (kind == SNAPSHOT_STATE) {
        return state_chunk_check(bytes, hash, &pairs);
    }
    hash_init(&hasher, HASH_SNAPSHOT_CHUNK);
    hash_update_u8(&hasher, kind);
    hash_update(&hasher, bytes.data, bytes.size);
    *hash = hash_final(&hasher);
    return VERDICT_OK;
}

uint64_t snapshot_sum(struct bytes bytes) { return sum64(bytes.data, bytes.size); }

uint64_t snapshot_bytes(const struct snapshot_manifest *manifest)
{
    uint64_t sum = 0;

    ASSERT(manifest->chunks_count <= SNAPSHOT_CHUNKS_MAX);
    for (uint32_t i = 0; i < manifest->chunks_count; i++) {
        sum += manifest->chunks[i].bytes;
    }
    return sum;
}

/* --- Slots ---------------------------------------------------------------------------------------------------------- */

void snapshot_head_encode(const struct snapshot_head *head, uint8_t *out)
{
    struct writer writer;

    ASSERT(head->stage == SNAPSHOT_FETCHING || head->stage == SNAPSHOT_WHOLE);
    ASSERT(head->manifest_bytes <= SNAPSHOT_MANIFEST_BYTES_MAX);
    ASSERT(head->cert_bytes <= SNAPSHOT_CERT_BYTES_MAX);
    writer_init(&writer, out, DISK_BLOCK);
    write_u64_le(&writer, 0);
    write_u32_le(&writer, HEAD_MAGIC);
    write_u16_le(&writer, FORMAT_VERSION);
    write_u8(&writer, head->stage);
    write_u8(&writer, 0);
    write_u64_le(&writer, head->height);
    write_run(&writer, head->digest.bytes, HASH_BYTES);
    write_u32_le(&writer, head->manifest.part);
    write_u32_le(&writer, head->manifest.block);
    write_u32_le(&writer, head->manifest_bytes);
    write_u32_le(&writer, head->cert.part);
    write_u32_le(&writer, head->cert.block);
    write_u32_le(&writer, head->cert_bytes);
    write_zeros(&writer, DISK_BLOCK - writer.offset);
    ASSERT(!writer.failed);
    writer_init(&writer, out, SUM_BYTES);
    write_u64_le(&writer, XXH3_64bits(out + SUM_BYTES, DISK_BLOCK - SUM_BYTES));
}

static bool place_is_sound(const struct snapshot_place *place, uint32_t bytes, uint32_t bytes_max)
{
    ASSERT(bytes_max >= 1);
    return place->part < SNAPSHOT_PARTS_MAX && place->block < SEGMENT_BYTES_MAX / DISK_BLOCK && bytes >= 1 && bytes <= bytes_max;
}

enum err snapshot_head_decode(const uint8_t *block, struct snapshot_head *out)
{
    struct reader reader;

    reader_init(&reader, block, DISK_BLOCK);
    *out = (struct snapshot_head){ 0 };
    uint64_t sum = read_u64_le(&reader);
    uint32_t magic = read_u32_le(&reader);
    uint16_t version = read_u16_le(&reader);
    out->stage = read_u8(&reader);
    bool reserved = read_u8(&reader) != 0;
    out->height = read_u64_le(&reader);
    read_copy(&reader, out->digest.bytes, HASH_BYTES);
    out->manifest.part = read_u32_le(&reader);
    out->manifest.block = read_u32_le(&reader);
    out->manifest_bytes = read_u32_le(&reader);
    out->cert.part = read_u32_le(&reader);
    out->cert.block = read_u32_le(&reader);
    out->cert_bytes = read_u32_le(&reader);
    ASSERT(!reader.failed);
    if (magic != HEAD_MAGIC || sum != XXH3_64bits(block + SUM_BYTES, DISK_BLOCK - SUM_BYTES)) {
        return ERR_FORMAT;
    }
    if (version != FORMAT_VERSION) {
        return ERR_VERSION;
    }
    bool staged = out->stage == SNAPSHOT_FETCHING || out->stage == SNAPSHOT_WHOLE;
    bool placed = place_is_sound(&out->manifest, out->manifest_bytes, SNAPSHOT_MANIFEST_BYTES_MAX) &&
                  place_is_sound(&out->cert, out->cert_bytes, SNAPSHOT_CERT_BYTES_MAX);
    return staged && placed && !reserved && read_zeros(&reader, reader_left(&reader)) ? ERR_OK : ERR_FORMAT;
}

uint32_t snapshot_file(uint32_t slot, uint32_t part)
{
    ASSERT(slot < SNAPSHOT_SLOTS);
    ASSERT(part < SNAPSHOT_PARTS_MAX);
    return DISK_SNAPSHOT_FIRST + slot * SNAPSHOT_PARTS_MAX + part;
}

struct snapshot_place snapshot_place_first(void) { return (struct snapshot_place){ .part = 0, .block = 1 }; }

struct snapshot_place snapshot_place_take(struct snapshot_place *next, uint32_t bytes, uint32_t part_blocks)
{
    uint32_t blocks = (bytes + DISK_BLOCK - 1) / DISK_BLOCK;

    ASSERT(blocks >= 1);
    ASSERT(blocks <= part_blocks);
    if (next->block + blocks > part_blocks) {
        next->part++;
        next->block = 0;
    }
    struct snapshot_place place = *next;
    next->block += blocks;
    ASSERT(next->block <= part_blocks);
    return place;
}

bool snapshot_fits(const struct snapshot_manifest *manifest, uint32_t manifest_bytes, uint32_t part_blocks)
{
    struct snapshot_place next = snapshot_place_first();

    ASSERT(manifest->chunks_count <= SNAPSHOT_CHUNKS_MAX);
    for (uint32_t i = 0; i < manifest->chunks_count; i++) {
        (void)snapshot_place_take(&next, manifest->chunks[i].bytes, part_blocks);
    }
    (void)snapshot_place_take(&next, manifest_bytes, part_blocks);
    (void)snapshot_place_take(&next, SNAPSHOT_CERT_BYTES_MAX, part_blocks);
    return next.part < SNAPSHOT_PARTS_MAX;
}
