/* snapshot_test.c: a manifest is what was written or refused; a slot's head survives nothing but itself; places never lie across parts. */
#include "storage/snapshot.h"

#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct snapshot_manifest manifest, again;
static uint8_t bytes[SNAPSHOT_MANIFEST_BYTES_MAX];

/* A state of two pairs in two chunks, and one chunk of the archive. */
static struct bytes manifest_make(void)
{
    static const uint8_t pairs[2][5] = { { 1, 1, 0, 0x10, 'a' }, { 1, 1, 0, 0x90, 'b' } };
    struct state_fold fold;
    struct writer writer;
    struct arena arena;
    static _Alignas(64) uint8_t memory[2 * (SNAPSHOT_CHUNKS_MAX * sizeof(struct snapshot_chunk) + 64)];

    arena_init(&arena, memory, sizeof memory);
    snapshot_manifest_take(&manifest, &arena);
    snapshot_manifest_take(&again, &arena);
    manifest.height = 77;
    manifest.chunk_bytes_max = STATE_CHUNK_BYTES_MIN;
    manifest.note_bytes = 4;
    memcpy(manifest.note, "note", 4);
    manifest.chunks_count = 3;
    manifest.chunks[0] = (struct snapshot_chunk){ .kind = SNAPSHOT_EVENTS, .items = 2, .bytes = 6 };
    cr_assert_eq(snapshot_chunk_hash(SNAPSHOT_EVENTS, bytes_of("events", 6), &manifest.chunks[0].hash), VERDICT_OK);
    state_fold_begin(&fold);
    for (uint32_t i = 0; i < 2; i++) {
        struct snapshot_chunk *chunk = &manifest.chunks[1 + i];
        *chunk = (struct snapshot_chunk){ .kind = SNAPSHOT_STATE, .items = 1, .bytes = 5 };
        cr_assert_eq(snapshot_chunk_hash(SNAPSHOT_STATE, bytes_of(pairs[i], 5), &chunk->hash), VERDICT_OK);
        cr_assert(state_fold_add(&fold, chunk->bit, &chunk->hash));
    }
    manifest.state_root = state_fold_end(&fold);
    writer_init(&writer, bytes, sizeof bytes);
    snapshot_manifest_encode(&manifest, &writer);
    return bytes_of(bytes, writer.offset);
}

Test(snapshot, manifest_comes_back_as_it_went)
{
    struct bytes made = manifest_make();
    struct hash32 digest = snapshot_digest(made);

    pinned_kit_check("manifest", made.data, made.size, "200 0ae76a9e190a2ebe");
    pinned_kit_check("digest of a manifest", digest.bytes, HASH_BYTES, "32 0e2fa91a24c5e34d");
    cr_assert_eq(snapshot_manifest_decode(&again, made), VERDICT_OK);
    cr_assert_eq(again.height, 77);
    cr_assert_eq(again.chunks_count, 3);
    cr_assert_arr_eq(again.note, "note", 4);
    cr_assert_eq(snapshot_bytes(&again), 16);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(again.chunks[i].kind, manifest.chunks[i].kind);
        cr_assert(hash_equal(&again.chunks[i].hash, &manifest.chunks[i].hash));
    }
}

Test(snapshot, no_truncation_of_a_manifest_decodes)
{
    struct bytes made = manifest_make();

    for (size_t size = 0; size < made.size; size++) {
        cr_assert_neq(snapshot_manifest_decode(&again, bytes_of(bytes, size)), VERDICT_OK, "%zu bytes", size);
    }
    bytes[made.size] = 0;
    cr_assert_eq(snapshot_manifest_decode(&again, bytes_of(bytes, made.size + 1)), VERDICT_TRAILING);
}

/* What its own checks cannot see changes the digest, which a superblock or f + 1 members vouch for. */
Test(snapshot, every_flip_of_a_manifest_is_refused_or_written_as_it_came_with_another_digest)
{
    static uint8_t written[SNAPSHOT_MANIFEST_BYTES_MAX];
    struct bytes made = manifest_make();
    struct hash32 digest = snapshot_digest(made);
    uint32_t kept = 0;

    for (size_t i = 0; i < made.size; i++) {
        struct writer writer;
        bytes[i] ^= 0x20;
        writer_init(&writer, written, sizeof written);
        if (snapshot_manifest_decode(&again, made) == VERDICT_OK) {
            snapshot_manifest_encode(&again, &writer);
            cr_assert_eq(writer.offset, made.size, "byte %zu", i);
            cr_assert_arr_eq(written, bytes, made.size, "byte %zu", i);
            kept++;
        }
        struct hash32 other = snapshot_digest(made);
        cr_assert(!hash_equal(&digest, &other), "byte %zu", i);
        bytes[i] ^= 0x20;
    }
    cr_assert_gt(kept, 0u, "the height says nothing by itself");
}

Test(snapshot, chunks_of_another_state_are_refused)
{
    manifest_make();
    struct writer writer;

    manifest.chunks[2].hash.bytes[5] ^= 1;
    writer_init(&writer, bytes, sizeof bytes);
    snapshot_manifest_encode(&manifest, &writer);
    cr_assert_eq(snapshot_manifest_decode(&again, bytes_of(bytes, writer.offset)), VERDICT_HASH);
    manifest.chunks[2].hash.bytes[5] ^= 1;
    manifest.chunks[2].bit = 3;
    writer_init(&writer, bytes, sizeof bytes);
    snapshot_manifest_encode(&manifest, &writer);
    cr_assert_eq(snapshot_manifest_decode(&again, bytes_of(bytes, writer.offset)), VERDICT_HASH);
}

Test(snapshot, impossible_chunks_are_refused)
{
    static const struct {
        struct snapshot_chunk chunk;
        enum verdict verdict;
    } rows[] = {
        { { .kind = 0, .items = 1, .bytes = 5 }, VERDICT_TYPE },
        { { .kind = SNAPSHOT_KIND_END, .items = 1, .bytes = 5 }, VERDICT_TYPE },
        { { .kind = SNAPSHOT_STATE, .items = 1, .bytes = 5 }, VERDICT_ORDER },
        { { .kind = SNAPSHOT_EVENTS, .items = 1, .bytes = 0 }, VERDICT_LENGTH },
        { { .kind = SNAPSHOT_EVENTS, .items = 1, .bytes = STATE_CHUNK_BYTES_MIN + 1 }, VERDICT_LENGTH },
        { { .kind = SNAPSHOT_EVENTS, .items = 0, .bytes = 5 }, VERDICT_LENGTH },
        { { .kind = SNAPSHOT_EVENTS, .items = 6, .bytes = 5 }, VERDICT_LENGTH },
        { { .kind = SNAPSHOT_EVENTS, .bit = 1, .items = 1, .bytes = 5 }, VERDICT_LENGTH },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct writer writer;
        manifest_make();
        struct hash32 hash = manifest.chunks[0].hash;
        manifest.chunks[0] = rows[i].chunk;
        manifest.chunks[0].hash = hash;
        manifest.chunks[1].kind = rows[i].verdict == VERDICT_ORDER ? SNAPSHOT_EVENTS : SNAPSHOT_STATE;
        writer_init(&writer, bytes, sizeof bytes);
        snapshot_manifest_encode(&manifest, &writer);
        cr_assert_eq(snapshot_manifest_decode(&again, bytes_of(bytes, writer.offset)), rows[i].verdict, "row %zu", i);
    }
}

Test(snapshot, head_comes_back_and_no_flip_passes)
{
    static uint8_t block[DISK_BLOCK];
    struct snapshot_head head = { .stage = SNAPSHOT_WHOLE, .height = 9, .digest = { { 4 } }, .manifest = { 1, 2 }, .manifest_bytes = 300, .cert = { 1, 3 }, .cert_bytes = 60 };
    struct snapshot_head out;

    snapshot_head_encode(&head, block);
    pinned_kit_check("head of a slot", block, sizeof block, "4096 4383a4d995934f2c");
    cr_assert_eq(snapshot_head_decode(block, &out), ERR_OK);
    cr_assert_eq(out.height, 9);
    cr_assert_eq(out.manifest.block, 2);
    cr_assert_eq(out.cert_bytes, 60);
    for (uint32_t i = 0; i < DISK_BLOCK; i++) {
        block[i] ^= 1;
        cr_assert_eq(snapshot_head_decode(block, &out), ERR_FORMAT, "byte %u", i);
        block[i] ^= 1;
    }
}

Test(snapshot, nothing_lies_across_two_parts)
{
    struct snapshot_place next = snapshot_place_first();
    uint32_t sizes[] = { 1, DISK_BLOCK, DISK_BLOCK + 1, 15 * DISK_BLOCK, 16 * DISK_BLOCK, 3 };
    struct snapshot_place expected[] = { { 0, 1 }, { 0, 2 }, { 0, 3 }, { 1, 0 }, { 2, 0 }, { 3, 0 } };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct snapshot_place place = snapshot_place_take(&next, sizes[i], 16);
        cr_assert_eq(place.part, expected[i].part, "%zu", i);
        cr_assert_eq(place.block, expected[i].block, "%zu", i);
    }
    cr_assert_neq(snapshot_file(0, 1), snapshot_file(1, 0));
    cr_assert_geq(snapshot_file(0, 0), DISK_SNAPSHOT_FIRST);
}

Test(snapshot, of_longer_parts_may_not_fit_a_slot)
{
    uint32_t blocks = STATE_CHUNK_BYTES_MAX / DISK_BLOCK;

    (void)manifest_make();
    manifest.chunks_count = SNAPSHOT_PARTS_MAX - 1; /* one in a part; in the first one stands the head */
    for (uint32_t i = 0; i < SNAPSHOT_PARTS_MAX; i++) {
        manifest.chunks[i] = (struct snapshot_chunk){ .kind = SNAPSHOT_STATE, .items = 1, .bytes = STATE_CHUNK_BYTES_MAX };
    }
    cr_assert_not(snapshot_fits(&manifest, 1000, blocks), "there is room for no more than the manifest behind the chunks");
    cr_assert(snapshot_fits(&manifest, 1000, 2 * blocks));
    manifest.chunks_count = SNAPSHOT_PARTS_MAX - 2;
    cr_assert(snapshot_fits(&manifest, 1000, blocks));
    manifest.chunks_count = SNAPSHOT_PARTS_MAX;
    cr_assert_not(snapshot_fits(&manifest, 1000, blocks));
}
