/* snapshot_fuzz.c: what a member answers when a replica fetches a snapshot: the list of its chunks, chunks of the state, chunks of the archive. Whatever the bytes are,
 * they are refused, or written again they are the same; and what was read can be cut, packed and read once more.
 *
 * Input: byte 0 chooses (modulo 4), the rest is
 *   0  a manifest; the note in it is read too
 *   1  a chunk of the state
 *   2  the head of a slot, from its magic on: the sum before it is made right. The own disk has it, but a slot begins with what was fetched
 *   3  chunks of the archive: kind u8 (modulo 4), bytes u16, the bytes; then the next one */
#include "node/archive_pack.h"
#include "node/snapshots_priv.h"
#include "tests/fuzz/fuzz.h"

#include <xxhash.h>

enum { CHOICES = 4, RING = 64, CHUNKS_MAX = 64, SUM = 8 };

static struct snapshot_manifest manifest;
static struct state_chunker chunker;
static struct archive first, second;
static struct archive_sizes sizes = { RING, RING, RING };

static void take(struct arena *arena)
{
    snapshot_manifest_take(&manifest, arena);
    state_chunker_init(&chunker, arena, STATE_CHUNK_BYTES_MIN);
    archive_init(&first, arena, &sizes);
    archive_init(&second, arena, &sizes);
}

static void start(void)
{
    struct arena arena;

    arena_init_measure(&arena);
    take(&arena);
    size_t size = (arena.used + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    void *memory = aligned_alloc(ARENA_ALIGN, size);
    CHECK(memory != NULL);
    arena_init(&arena, memset(memory, 0, size), size);
    take(&arena);
}

/* --- Manifest -------------------------------------------------------------------------------------------------------- */

static void try_note(void)
{
    static struct snapshots_note note;
    static struct snapshot_manifest again;

    if (snapshots_note_read(&manifest, &note)) {
        CHECK(note.header.height == manifest.height);
        snapshots_note_write(&note, &again);
        CHECK(again.note_bytes == manifest.note_bytes);
        CHECK(memcmp(again.note, manifest.note, again.note_bytes) == 0);
    }
}

/* try_places lays the chunks into a slot whose parts are as short as a member may say: none lies across two, none over another. */
static void try_places(void)
{
    struct snapshot_place next = snapshot_place_first(), end = next;
    uint32_t part_blocks = SNAPSHOT_IO_BYTES / DISK_BLOCK;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < manifest.chunks_count; i++) {
        struct snapshot_place place = snapshot_place_take(&next, manifest.chunks[i].bytes, part_blocks);
        uint32_t blocks = (manifest.chunks[i].bytes + DISK_BLOCK - 1) / DISK_BLOCK;
        CHECK(place.part > end.part || (place.part == end.part && place.block >= end.block));
        CHECK(place.block + blocks <= part_blocks);
        end = (struct snapshot_place){ place.part, place.block + blocks };
        sum += manifest.chunks[i].bytes;
    }
    CHECK(snapshot_bytes(&manifest) == sum);
}

static void try_manifest(const uint8_t *data, size_t size)
{
    static uint8_t written[SNAPSHOT_MANIFEST_BYTES_MAX];
    struct hash32 digest = snapshot_digest(bytes_of(data, size)), again;
    struct writer writer;

    if (snapshot_manifest_decode(&manifest, bytes_of(data, size)) == VERDICT_OK) {
        writer_init(&writer, written, sizeof written);
        snapshot_manifest_encode(&manifest, &writer);
        check_same_bytes(&writer, data, size);
        again = snapshot_digest(bytes_of(written, writer.offset));
        CHECK(hash_equal(&digest, &again));
        try_note();
        try_places();
    }
}

/* --- State ----------------------------------------------------------------------------------------------------------- */

/* What the pairs are cut into lies side by side in `data`, is right by itself, and folds to the same hash. */
struct cut {
    const uint8_t *data;
    size_t size, at;
    uint32_t pairs;
    struct state_fold fold;
};

static void take_ready(struct cut *cut)
{
    struct state_chunk chunk;
    struct bytes bytes;
    struct hash32 hash;
    uint32_t pairs;

    while (state_chunker_next(&chunker, &chunk, &bytes)) {
        CHECK(bytes.size <= cut->size - cut->at);
        CHECK(memcmp(bytes.data, cut->data + cut->at, bytes.size) == 0);
        CHECK(state_chunk_check(bytes, &hash, &pairs) == VERDICT_OK);
        CHECK(hash_equal(&hash, &chunk.hash));
        CHECK(pairs == chunk.pairs);
        CHECK(state_fold_add(&cut->fold, chunk.bit, &chunk.hash));
        cut->at += bytes.size;
        cut->pairs += pairs;
    }
}

static void try_state(const uint8_t *data, size_t size)
{
    struct cut cut = { .data = data, .size = size };
    struct state_entry entry;
    struct reader reader;
    struct hash32 hash;
    uint32_t pairs;

    if (snapshot_chunk_hash(SNAPSHOT_STATE, bytes_of(data, size), &hash) != VERDICT_OK) {
        return;
    }
    CHECK(state_chunk_check(bytes_of(data, size), &hash, &pairs) == VERDICT_OK);
    state_fold_begin(&cut.fold);
    state_chunker_begin(&chunker);
    reader_init(&reader, data, size);
    while (state_pair_read(&reader, &entry)) {
        state_chunker_add(&chunker, entry.key, entry.value);
        take_ready(&cut);
    }
    struct hash32 root = state_chunker_end(&chunker);
    take_ready(&cut);
    struct hash32 folded = state_fold_end(&cut.fold);
    CHECK(cut.at == size);
    CHECK(cut.pairs == pairs);
    CHECK(hash_equal(&root, &hash));
    CHECK(hash_equal(&folded, &hash));
}

/* --- Head ------------------------------------------------------------------------------------------------------------ */

static void try_head(const uint8_t *data, size_t size)
{
    static uint8_t block[DISK_BLOCK], written[DISK_BLOCK];
    struct snapshot_head head;

    memset(block, 0, sizeof block);
    memcpy(block + SUM, data, size < DISK_BLOCK - SUM ? size : DISK_BLOCK - SUM);
    CHECK(snapshot_head_decode(block, &head) != ERR_OK); /* without the sum */
    uint64_t sum = XXH3_64bits(block + SUM, DISK_BLOCK - SUM);
    for (uint32_t i = 0; i < SUM; i++) {
        block[i] = (uint8_t)(sum >> 8 * i);
    }
    if (snapshot_head_decode(block, &head) == ERR_OK) {
        snapshot_head_encode(&head, written);
        CHECK(memcmp(written, block, DISK_BLOCK) == 0);
    }
}

/* --- Archive --------------------------------------------------------------------------------------------------------- */

/* The bytes of each kind, one chunk behind the other: as they came, or as they are packed. */
struct carried {
    uint8_t bytes[SNAPSHOT_STATE][1 << 17];
    size_t size[SNAPSHOT_STATE];
    uint32_t items[SNAPSHOT_STATE];
};

static void carry(struct carried *carried, uint8_t kind, struct bytes bytes, uint32_t items)
{
    CHECK(bytes.size <= sizeof carried->bytes[kind] - carried->size[kind]);
    memcpy(carried->bytes[kind] + carried->size[kind], bytes.data, bytes.size);
    carried->size[kind] += bytes.size;
    carried->items[kind] += items;
}

static void pack(const struct archive *archive, struct carried *carried)
{
    static uint8_t room[STATE_CHUNK_BYTES_MIN];
    struct archive_pack packing;
    struct snapshot_chunk chunk;

    memset(carried->size, 0, sizeof carried->size);
    memset(carried->items, 0, sizeof carried->items);
    archive_pack_begin(&packing, archive);
    do {
        CHECK(archive_pack_next(&packing, archive, room, sizeof room, &chunk) == ERR_OK);
        if (chunk.items > 0) {
            carry(carried, chunk.kind, bytes_of(room, chunk.bytes), chunk.items);
        }
    } while (chunk.items > 0);
}

/* check_packed demands that of every kind but the tops the newest half is packed as it came. */
static void check_packed(const struct carried *packed, const struct carried *came)
{
    for (uint8_t kind = SNAPSHOT_EVENTS; kind < SNAPSHOT_STATE; kind++) {
        size_t size = packed->size[kind];
        CHECK(packed->items[kind] <= (kind == SNAPSHOT_TOPS ? 64 : RING / 2));
        CHECK(kind == SNAPSHOT_TOPS || (size > 0) == (came->size[kind] > 0));
        if (kind != SNAPSHOT_TOPS && size > 0) {
            size_t item = size / packed->items[kind];
            CHECK(came->size[kind] % item == 0);
            CHECK(packed->items[kind] == (came->size[kind] / item < RING / 2 ? came->size[kind] / item : RING / 2));
            CHECK(memcmp(packed->bytes[kind], came->bytes[kind] + came->size[kind] - size, size) == 0);
        }
    }
}

/* take_chunks unpacks the chunks of an input. Gives: false at the first one that is refused. */
static bool take_chunks(struct reader *input, struct carried *came)
{
    struct hash32 hash;

    for (uint32_t i = 0; i < CHUNKS_MAX && reader_left(input) > 3; i++) {
        uint8_t kind = (uint8_t)(SNAPSHOT_EVENTS + read_u8(input) % (SNAPSHOT_STATE - SNAPSHOT_EVENTS));
        size_t size = read_u16_le(input), left = reader_left(input);
        size = size < left ? size : left;
        struct bytes bytes = bytes_of(read_run(input, size), size);
        CHECK(snapshot_chunk_hash(kind, bytes, &hash) == VERDICT_OK); /* the list of chunks says which hash is right */
        if (archive_unpack(&first, kind, bytes) != VERDICT_OK) {
            return false;
        }
        carry(came, kind, bytes, 0);
    }
    return true;
}

static void try_archive(const uint8_t *data, size_t size)
{
    static struct carried came, packed, again;
    struct reader input;

    if (size > sizeof came.bytes[0]) {
        return;
    }
    memset(came.size, 0, sizeof came.size);
    archive_clear(&first);
    archive_clear(&second);
    reader_init(&input, data, size);
    bool whole = take_chunks(&input, &came);
    pack(&first, &packed); /* also of what stood before a chunk that was refused: it can be packed */
    if (whole) {
        check_packed(&packed, &came);
    }
    for (uint8_t kind = SNAPSHOT_EVENTS; kind < SNAPSHOT_STATE; kind++) {
        CHECK(archive_unpack(&second, kind, bytes_of(packed.bytes[kind], packed.size[kind])) == VERDICT_OK);
    }
    pack(&second, &again);
    for (uint8_t kind = SNAPSHOT_EVENTS; kind < SNAPSHOT_STATE; kind++) {
        CHECK(again.size[kind] == packed.size[kind]);
        CHECK(memcmp(again.bytes[kind], packed.bytes[kind], packed.size[kind]) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[CHOICES])(const uint8_t *data, size_t size) = { try_manifest, try_state, try_head, try_archive };

    if (manifest.chunks == NULL) {
        start();
    }
    if (size > 0) {
        tries[data[0] % CHOICES](data + 1, size - 1);
    }
    return 0;
}
