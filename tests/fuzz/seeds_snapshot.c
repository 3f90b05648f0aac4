/* seeds_snapshot.c: see seeds_snapshot.h. The shapes are those in the comment of snapshot_fuzz.c. */
#include "tests/fuzz/seeds_snapshot.h"

#include "node/archive_pack.h"
#include "node/snapshots_priv.h"
#include "tests/fuzz/fuzz.h"

enum { PAIRS = 24, RING = 64, ITEMS = 96, CHUNK = 8192 };

static uint8_t room[1 << 17];

/* --- State and manifest ------------------------------------------------------------------------------------------------ */

/* Pairs whose keys ascend and part in bits of all kinds, with values of which three or four fill a chunk of the smallest size. */
static struct bytes pairs_write(uint8_t *out, size_t size)
{
    static uint8_t value[STATE_VALUE_BYTES_MAX];
    struct writer writer;

    writer_init(&writer, out, size);
    for (uint32_t i = 0; i < PAIRS; i++) {
        uint16_t value_bytes = (uint16_t)(i % 5 == 4 ? 1900 : 40 * i);
        memset(value, (int)i, sizeof value);
        write_u8(&writer, 3);
        write_u16_le(&writer, value_bytes);
        write_u8(&writer, (uint8_t)(i / 8));
        write_u8(&writer, (uint8_t)(i % 8 * 29));
        write_u8(&writer, 7);
        write_run(&writer, value, value_bytes);
    }
    CHECK(!writer.failed);
    return bytes_of(out, writer.offset);
}

static void chunks_note(struct snapshot_manifest *manifest, struct state_chunker *chunker)
{
    struct state_chunk chunk;
    struct bytes bytes;

    while (state_chunker_next(chunker, &chunk, &bytes)) {
        manifest->chunks[manifest->chunks_count++] =
            (struct snapshot_chunk){ .kind = SNAPSHOT_STATE, .bit = chunk.bit, .items = chunk.pairs, .bytes = chunk.bytes, .hash = chunk.hash };
    }
}

/* The manifest of those pairs, with a chunk of each kind of the archive before them, and the note of a block. */
static void manifest_fill(struct snapshot_manifest *manifest, struct arena *arena, struct bytes pairs)
{
    static struct snapshots_note note;
    static struct state_chunker chunker;
    struct state_entry entry;
    struct reader reader;

    state_chunker_init(&chunker, arena, STATE_CHUNK_BYTES_MIN);
    manifest->height = note.header.height = 640;
    manifest->chunk_bytes_max = STATE_CHUNK_BYTES_MIN;
    snapshots_note_write(&note, manifest);
    for (uint8_t kind = SNAPSHOT_EVENTS; kind < SNAPSHOT_STATE; kind++) {
        struct snapshot_chunk *chunk = &manifest->chunks[manifest->chunks_count++];
        *chunk = (struct snapshot_chunk){ .kind = kind, .items = 2, .bytes = 300 };
        CHECK(snapshot_chunk_hash(kind, bytes_of(pairs.data, 300), &chunk->hash) == VERDICT_OK);
    }
    state_chunker_begin(&chunker);
    reader_init(&reader, pairs.data, pairs.size);
    while (state_pair_read(&reader, &entry)) {
        state_chunker_add(&chunker, entry.key, entry.value);
        chunks_note(manifest, &chunker);
    }
    manifest->state_root = state_chunker_end(&chunker);
    chunks_note(manifest, &chunker);
}

static void state_and_manifest(void (*save)(const char *, const char *, const struct writer *))
{
    static _Alignas(ARENA_ALIGN) uint8_t memory[1 << 21];
    static uint8_t bytes[1 << 16];
    struct bytes pairs = pairs_write(bytes, sizeof bytes);
    struct snapshot_manifest manifest;
    struct writer writer;
    struct arena arena;

    writer_init(&writer, room, sizeof room);
    write_u8(&writer, 1);
    write_run(&writer, pairs.data, pairs.size);
    save("snapshot", "state", &writer);
    arena_init(&arena, memory, sizeof memory);
    snapshot_manifest_take(&manifest, &arena);
    writer_init(&writer, room, sizeof room);
    write_u8(&writer, 0);
    snapshot_manifest_encode(&(struct snapshot_manifest){ .chunk_bytes_max = STATE_CHUNK_BYTES_MAX, .chunks = manifest.chunks }, &writer);
    save("snapshot", "manifest-empty", &writer);
    manifest_fill(&manifest, &arena, pairs);
    writer_init(&writer, room, sizeof room);
    write_u8(&writer, 0);
    snapshot_manifest_encode(&manifest, &writer);
    save("snapshot", "manifest", &writer);
}

static void heads(void (*save)(const char *, const char *, const struct writer *))
{
    struct snapshot_head head = { .stage = SNAPSHOT_FETCHING, .height = 640, .manifest = { 1, 2 }, .manifest_bytes = 900, .cert = { 1, 3 }, .cert_bytes = 300 };
    uint8_t block[DISK_BLOCK];
    struct writer writer;

    for (uint8_t whole = 0; whole < 2; whole++) {
        head.stage = whole != 0 ? SNAPSHOT_WHOLE : SNAPSHOT_FETCHING;
        snapshot_head_encode(&head, block);
        writer_init(&writer, room, sizeof room);
        write_u8(&writer, 2);
        write_run(&writer, block + 8, 80); /* zeros follow */
        save("snapshot", whole != 0 ? "head-whole" : "head-fetching", &writer);
    }
}

/* --- Archive --------------------------------------------------------------------------------------------------------- */

/* More items of each kind than a ring holds. */
static void archive_fill(struct archive *archive)
{
    uint8_t event[AUDIT_EVENT_BYTES], patient[ACCT_BYTES] = { 3 }, sealed[LOCATOR_SEALED_BYTES];

    for (uint32_t i = 0; i < ITEMS; i++) {
        struct receipt receipt = { .height = i + 1, .tx_id = { { (uint8_t)i } }, .code = CODE_OK, .time_ms = i };
        memset(event, (int)i, sizeof event);
        memset(sealed, (int)i, sizeof sealed);
        struct hash32 hash = hash_one(HASH_LOCATOR, sealed, sizeof sealed);
        archive_add_event(archive, patient, i, event, NULL);
        archive_add_receipt(archive, i, &receipt, NULL);
        archive_add_locator(archive, &hash, sealed);
    }
}

static void chunk_write(struct writer *writer, const struct snapshot_chunk *chunk, const uint8_t *bytes)
{
    write_u8(writer, (uint8_t)(chunk->kind - SNAPSHOT_EVENTS));
    write_u16_le(writer, (uint16_t)chunk->bytes);
    write_run(writer, bytes, chunk->bytes);
}

/* All chunks of one archive, and each by itself. */
static void archives(void (*save)(const char *, const char *, const struct writer *))
{
    static const char *const names[SNAPSHOT_STATE] = { "", "events", "tops", "receipts", "locators" };
    static _Alignas(ARENA_ALIGN) uint8_t memory[1 << 18];
    static uint8_t bytes[CHUNK], small[CHUNK];
    struct archive_sizes sizes = { RING, RING, RING };
    struct archive archive;
    struct archive_pack pack;
    struct snapshot_chunk chunk;
    struct writer all, one;
    struct arena arena;

    arena_init(&arena, memory, sizeof memory);
    archive_init(&archive, &arena, &sizes);
    archive_fill(&archive);
    archive_pack_begin(&pack, &archive);
    writer_init(&all, room, sizeof room);
    write_u8(&all, 3);
    while (archive_pack_next(&pack, &archive, bytes, CHUNK - 64, &chunk) == ERR_OK && chunk.items > 0) {
        writer_init(&one, small, sizeof small);
        write_u8(&one, 3);
        chunk_write(&one, &chunk, bytes);
        save("snapshot", names[chunk.kind], &one);
        for (uint32_t times = chunk.kind == SNAPSHOT_EVENTS ? 3 : 1; times > 0; times--) { /* of events more than a ring holds */
            chunk_write(&all, &chunk, bytes);
        }
    }
    save("snapshot", "archive", &all);
}

void snapshot_seeds(void (*save)(const char *target, const char *name, const struct writer *writer))
{
    state_and_manifest(save);
    heads(save);
    archives(save);
}
