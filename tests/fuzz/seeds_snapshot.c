/* seeds_snapshot.c: see seeds_snapshot.h. The shapes are those in the comment of snapshot_fuzz.c. */
#include "tests/fuzz/seeds_snapshot.h"

#include "node/archive_pack.h"
#include "storage/snapshot.h"
#include "tests/fuzz/fuzz.h"

enum { PAIRS = 40, ITEMS = 40, RING = 64 };

static uint8_t room[1 << 16], chunk[1 << 15], arena_memory[1 << 20];

/* Pairs in ascending order of their keys, as they stand in a chunk. */
static void state_write(struct writer *writer)
{
    for (uint8_t i = 1; i <= PAIRS; i++) {
        write_u8(writer, 9);
        write_u16_le(writer, i);
        write_u64_be(writer, 5 * (uint64_t)i);
        write_u8(writer, 3);
        for (uint8_t k = 0; k < i; k++) {
            write_u8(writer, (uint8_t)(k * 7 + i));
        }
    }
}

/* An archive with a few items of everything, packed as a snapshot packs it. */
static void archive_seeds(void (*save)(const char *, const char *, const struct writer *))
{
    static const char *const names[SNAPSHOT_KIND_END] = { [SNAPSHOT_EVENTS] = "events", [SNAPSHOT_TOPS] = "tops", [SNAPSHOT_RECEIPTS] = "receipts", [SNAPSHOT_LOCATORS] = "locators" };
    struct archive_sizes sizes = { RING, RING, RING };
    struct snapshot_chunk packed;
    struct archive_pack pack;
    struct archive archive;
    struct arena arena;
    struct writer writer;
    uint8_t event[AUDIT_EVENT_BYTES] = { 1 }, patient[ACCT_BYTES] = { 2 }, sealed[LOCATOR_SEALED_BYTES] = { 3 };

    arena_init(&arena, (void *)(((uintptr_t)arena_memory + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN), sizeof arena_memory - ARENA_ALIGN);
    archive_init(&archive, &arena, &sizes);
    for (uint8_t i = 0; i < ITEMS; i++) {
        struct hash32 hash = { { i, 4 } };
        struct receipt receipt = { .height = i + 1u, .tx_id = { { i, 9 } } };
        archive_add_event(&archive, patient, i, event, NULL);
        archive_add_receipt(&archive, i, &receipt, NULL);
        archive_add_locator(&archive, &hash, sealed);
    }
    archive_pack_begin(&pack, &archive);
    while (archive_pack_next(&pack, &archive, chunk, sizeof chunk, &packed) == ERR_OK && packed.items > 0) {
        writer_init(&writer, room, sizeof room);
        write_u8(&writer, packed.kind);
        write_run(&writer, chunk, packed.bytes);
        save("snapshot", names[packed.kind], &writer);
    }
}

void snapshot_seeds(void (*save)(const char *, const char *, const struct writer *))
{
    struct snapshot_chunk entries[2] = { { .kind = SNAPSHOT_EVENTS, .items = 1, .bytes = 200 }, { .kind = SNAPSHOT_STATE } };
    struct snapshot_manifest manifest = { .height = 256, .chunk_bytes_max = STATE_CHUNK_BYTES_MIN * 4, .note_bytes = 3, .chunks_count = 2, .chunks = entries };
    struct snapshot_head head = { .stage = SNAPSHOT_WHOLE, .height = 256, .manifest = { 0, 4 }, .manifest_bytes = 700, .cert = { 0, 5 }, .cert_bytes = 300 };
    struct writer writer;
    uint8_t block[DISK_BLOCK];

    writer_init(&writer, chunk, sizeof chunk);
    state_write(&writer);
    entries[1].bytes = (uint32_t)writer.offset;
    CHECK(state_chunk_check(bytes_of(chunk, writer.offset), &entries[1].hash, &entries[1].items) == VERDICT_OK);
    manifest.state_root = entries[1].hash;
    writer_init(&writer, room, sizeof room);
    write_u8(&writer, SNAPSHOT_STATE);
    write_run(&writer, chunk, entries[1].bytes);
    save("snapshot", "state", &writer);
    writer_init(&writer, room, sizeof room);
    write_u8(&writer, 0);
    snapshot_manifest_encode(&manifest, &writer);
    save("snapshot", "manifest", &writer);
    snapshot_head_encode(&head, block);
    writer_init(&writer, room, sizeof room);
    write_u8(&writer, 6);
    write_run(&writer, block, sizeof block);
    save("snapshot", "head", &writer);
    archive_seeds(save);
}
