/* snapshot_fuzz.c: what a member gives of a snapshot: the list of its chunks, a chunk of state, chunks of the archive; and what a slot's head may hold. The first byte
 * says which: 0 the list, 1 to 5 a chunk of that kind, 6 a head. */
#include "node/archive_pack.h"
#include "storage/snapshot.h"

#include "tests/fuzz/fuzz.h"

enum { RING = 64 };

static uint8_t again[FUZZ_BYTES_MAX];
static struct snapshot_manifest manifest;
static struct archive archive;

static void take(struct arena *arena)
{
    struct archive_sizes sizes = { RING, RING, RING };

    snapshot_manifest_take(&manifest, arena);
    archive_init(&archive, arena, &sizes);
}

static void open_once(void)
{
    struct arena arena;

    if (manifest.chunks != NULL) {
        return;
    }
    arena_init_measure(&arena);
    take(&arena);
    size_t size = (arena.used + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    void *memory = aligned_alloc(ARENA_ALIGN, size);
    CHECK(memory != NULL);
    memset(memory, 0, size);
    arena_init(&arena, memory, size);
    take(&arena);
}

static void try_manifest(struct bytes bytes)
{
    struct writer writer;

    if (snapshot_manifest_decode(&manifest, bytes) != VERDICT_OK) {
        return;
    }
    writer_init(&writer, again, sizeof again);
    snapshot_manifest_encode(&manifest, &writer);
    check_same_bytes(&writer, bytes.data, bytes.size);
    CHECK(snapshot_bytes(&manifest) <= (uint64_t)manifest.chunks_count * manifest.chunk_bytes_max);
}

/* A chunk of state that is taken gives its pairs, each of them, in ascending order. */
static void try_state(struct bytes bytes)
{
    struct hash32 hash, by_kind;
    struct state_entry entry;
    struct reader reader;
    uint32_t pairs, read = 0;

    enum verdict verdict = state_chunk_check(bytes, &hash, &pairs);
    CHECK(snapshot_chunk_hash(SNAPSHOT_STATE, bytes, &by_kind) == verdict);
    if (verdict != VERDICT_OK) {
        return;
    }
    reader_init(&reader, bytes.data, bytes.size);
    while (state_pair_read(&reader, &entry)) {
        read++;
    }
    CHECK(read == pairs);
    CHECK(hash_equal(&hash, &by_kind));
}

static void try_archive(uint8_t kind, struct bytes bytes)
{
    struct hash32 hash;

    CHECK(snapshot_chunk_hash(kind, bytes, &hash) == VERDICT_OK);
    archive_clear(&archive);
    (void)archive_unpack(&archive, kind, bytes);
}

static void try_head(struct bytes bytes)
{
    struct snapshot_head head;

    if (bytes.size == DISK_BLOCK && snapshot_head_decode(bytes.data, &head) == ERR_OK) {
        snapshot_head_encode(&head, again);
        CHECK(memcmp(again, bytes.data, DISK_BLOCK) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > FUZZ_BYTES_MAX) {
        return 0;
    }
    open_once();
    struct bytes bytes = bytes_of(data + 1, size - 1);
    uint8_t what = data[0] % 7;
    if (what == 0) {
        try_manifest(bytes);
    } else if (what == SNAPSHOT_STATE) {
        try_state(bytes);
    } else if (what < SNAPSHOT_STATE) {
        try_archive(what, bytes);
    } else {
        try_head(bytes);
    }
    return 0;
}
