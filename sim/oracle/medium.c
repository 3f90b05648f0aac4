/* medium.c: see medium.h. Of the superblock nothing is taken from production but the size of a copy; of snapshots the codecs and the hash of a chunk, not what the process says it has checked. */
#include "sim/oracle/medium.h"

#include "base/assert.h"

#include <string.h>
#include <xxhash.h>

#define UNSAFE(oracle, ...) oracle_fail((oracle)->failure, FAILURE_SAFETY, __VA_ARGS__)
#define SUM_BYTES 16u
#define NUMBER_AT 24u /* of the copy: all else but the sum is equal in copies of one version */
#define NUMBER_BYTES 4u

/* --- Superblock ----------------------------------------------------------------------------------------------------- */

static bool is_whole(const uint8_t *copy, uint32_t number)
{
    XXH128_canonical_t sum;
    struct reader reader;

    XXH128_canonicalFromHash(&sum, XXH3_128bits(copy + SUM_BYTES, DISK_BLOCK - SUM_BYTES));
    reader_init(&reader, copy + NUMBER_AT, NUMBER_BYTES);
    return memcmp(copy, sum.digest, SUM_BYTES) == 0 && read_u32_le(&reader) == number;
}

static bool are_equal(const uint8_t *a, const uint8_t *b)
{
    size_t behind = NUMBER_AT + NUMBER_BYTES;

    return memcmp(a + SUM_BYTES, b + SUM_BYTES, NUMBER_AT - SUM_BYTES) == 0 && memcmp(a + behind, b + behind, DISK_BLOCK - behind) == 0;
}

void medium_superblock(struct oracle *oracle, uint32_t member, const struct medium *medium, uint32_t written)
{
    static uint8_t copies[SUPERBLOCK_COPIES][DISK_BLOCK];
    uint32_t sound = 0;
    bool two = false;

    ASSERT(written != 0);
    for (uint32_t i = 0; i < SUPERBLOCK_COPIES; i++) {
        bool reads = (written >> i & 1) == 0 && medium->read(medium->context, DISK_SUPERBLOCK, (uint64_t)i * DISK_BLOCK, copies[i], DISK_BLOCK);
        bool whole = reads && is_whole(copies[i], i);
        for (uint32_t k = 0; k < i && whole; k++) {
            two = two || ((sound >> k & 1) != 0 && are_equal(copies[i], copies[k]));
        }
        sound |= whole ? 1u << i : 0;
    }
    if (!two) {
        UNSAFE(oracle, "J5: r%u writes its superblock such that a power cut leaves no two equal copies", member);
    }
}

/* --- Snapshots ------------------------------------------------------------------------------------------------------ */

/* read_place reads what lies at a place of a slot; nothing lies across two parts. */
static bool read_place(const struct medium *medium, uint32_t slot, struct snapshot_place place, uint8_t *out, uint32_t bytes)
{
    uint64_t offset = (uint64_t)place.block * DISK_BLOCK;

    return bytes <= STATE_CHUNK_BYTES_MAX && place.part < SNAPSHOT_PARTS_MAX && offset + bytes <= medium->segment_bytes &&
           medium->read(medium->context, snapshot_file(slot, place.part), offset, out, bytes);
}

/* find_slot gives the slot with a whole snapshot of this name; SNAPSHOT_SLOTS: there is none. */
static uint32_t find_slot(const struct medium *medium, const struct hash32 *digest, struct snapshot_head *head)
{
    static uint8_t block[DISK_BLOCK];

    for (uint32_t slot = 0; slot < SNAPSHOT_SLOTS; slot++) {
        bool reads = read_place(medium, slot, (struct snapshot_place){ 0, 0 }, block, DISK_BLOCK) && snapshot_head_decode(block, head) == ERR_OK;
        if (reads && head->stage == SNAPSHOT_WHOLE && hash_equal(&head->digest, digest)) {
            return slot;
        }
    }
    return SNAPSHOT_SLOTS;
}

static bool read_manifest(const struct medium *medium, uint32_t slot, const struct snapshot_head *head, struct snapshot_manifest *manifest)
{
    static uint8_t bytes[STATE_CHUNK_BYTES_MAX];

    if (!read_place(medium, slot, head->manifest, bytes, head->manifest_bytes)) {
        return false;
    }
    struct hash32 digest = snapshot_digest(bytes_of(bytes, head->manifest_bytes));
    return hash_equal(&digest, &head->digest) && snapshot_manifest_decode(manifest, bytes_of(bytes, head->manifest_bytes)) == VERDICT_OK;
}

/* bad_chunk gives the first chunk that is not what its manifest says; chunks_count: all are. */
static uint32_t bad_chunk(const struct medium *medium, uint32_t slot, const struct snapshot_manifest *manifest)
{
    static uint8_t bytes[STATE_CHUNK_BYTES_MAX];
    struct snapshot_place next = snapshot_place_first();

    for (uint32_t i = 0; i < manifest->chunks_count; i++) {
        const struct snapshot_chunk *chunk = &manifest->chunks[i];
        struct snapshot_place place = snapshot_place_take(&next, chunk->bytes, medium->segment_bytes / DISK_BLOCK);
        struct hash32 hash;
        bool right = read_place(medium, slot, place, bytes, chunk->bytes) && snapshot_chunk_hash(chunk->kind, bytes_of(bytes, chunk->bytes), &hash) == VERDICT_OK &&
                     hash_equal(&hash, &chunk->hash);
        if (!right) {
            return i;
        }
    }
    return manifest->chunks_count;
}

void medium_snapshot(struct oracle *oracle, uint32_t member, const struct medium *medium, const struct superblock *saved)
{
    static struct snapshot_chunk chunks[SNAPSHOT_CHUNKS_MAX];
    struct snapshot_manifest manifest = { .chunks = chunks };
    struct snapshot_head head;
    unsigned long long height = saved->checkpoint_height;
    uint32_t slot = find_slot(medium, &saved->checkpoint_snapshot, &head);

    if (slot == SNAPSHOT_SLOTS || head.height != height || !read_manifest(medium, slot, &head, &manifest)) {
        UNSAFE(oracle, "K2: the superblock of r%u names a snapshot of block %llu that lies in no slot", member, height);
        return;
    }
    uint32_t bad = bad_chunk(medium, slot, &manifest);
    if (bad < manifest.chunks_count) {
        UNSAFE(oracle, "S3: chunk %u of %u of the snapshot of block %llu, which the superblock of r%u names, is not what it must be", bad, manifest.chunks_count, height, member);
    }
    if (height <= oracle->height && !hash_equal(&manifest.state_root, &oracle->blocks[height].root)) {
        UNSAFE(oracle, "I13: r%u keeps a snapshot of another state after block %llu", member, height);
    }
}
