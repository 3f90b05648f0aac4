/* archive_pack_test.c: what is packed is the newest half as it was, and what is unpacked answers as the original does. */
#include "node/archive_pack.h"

#include "ledger/audit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { RING = 64, CHUNK = 4096 };

static struct archive archive, other;
static void *memories[2];

static void *open_archive_of(struct archive *to, uint32_t ring)
{
    struct archive_sizes sizes = { ring, ring, ring };
    struct arena measure, arena;

    arena_init_measure(&measure);
    archive_init(to, &measure, &sizes);
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    archive_init(to, &arena, &sizes);
    return memory;
}

static void *open_archive(struct archive *to) { return open_archive_of(to, RING); }

static void setup(void)
{
    memories[0] = open_archive(&archive);
    memories[1] = open_archive(&other);
}

static void teardown(void)
{
    free(memories[0]);
    free(memories[1]);
}

TestSuite(archive_pack, .init = setup, .fini = teardown);

static struct receipt receipt_of(uint64_t position)
{
    return (struct receipt){ .height = position + 1, .tx_id = { { (uint8_t)position, (uint8_t)(position >> 8), 9 } }, .code = CODE_OK, .time_ms = position };
}

static void add(uint64_t from, uint64_t to)
{
    uint8_t event[AUDIT_EVENT_BYTES], patient[ACCT_BYTES] = { 3 }, sealed[LOCATOR_SEALED_BYTES];

    for (uint64_t i = from; i < to; i++) {
        struct receipt receipt = receipt_of(i);
        memset(event, (int)i, sizeof event);
        memset(sealed, (int)i, sizeof sealed);
        struct hash32 hash = hash_one(HASH_LOCATOR, sealed, sizeof sealed);
        archive_add_event(&archive, patient, i, event, NULL);
        archive_add_receipt(&archive, i, &receipt, NULL);
        archive_add_locator(&archive, &hash, sealed);
    }
}

/* Packs everything and unpacks it into the other archive. Gives: the number of chunks. */
static uint32_t carry(struct archive_pack *pack)
{
    uint8_t bytes[CHUNK];
    struct snapshot_chunk chunk;
    uint32_t count = 0;
    uint8_t kind = 0;

    for (;;) {
        cr_assert_eq(archive_pack_next(pack, &archive, bytes, sizeof bytes, &chunk), ERR_OK);
        if (chunk.items == 0) {
            return count;
        }
        cr_assert_geq(chunk.kind, kind, "in the order of the manifest");
        kind = chunk.kind;
        cr_assert_eq(archive_unpack(&other, chunk.kind, bytes_of(bytes, chunk.bytes)), VERDICT_OK);
        count++;
    }
}

Test(archive_pack, an_empty_archive_has_nothing_to_pack)
{
    struct archive_pack pack;

    archive_pack_begin(&pack, &archive);
    cr_assert_eq(carry(&pack), 0);
}

Test(archive_pack, the_newest_half_answers_as_before_and_goes_on_alike)
{
    struct archive_pack pack;
    uint8_t patient[ACCT_BYTES] = { 3 };

    add(0, 200);
    archive_pack_begin(&pack, &archive);
    add(200, 210); /* the archive goes on: none of this is packed */
    cr_assert_gt(carry(&pack), 3);
    for (uint64_t i = 200 - RING / 2; i < 200; i++) {
        struct receipt receipt = receipt_of(i);
        uint64_t position = 0;
        cr_assert_not_null(archive_find_event(&other, patient, i), "event %llu", (unsigned long long)i);
        cr_assert_not_null(archive_find_receipt(&other, &receipt.tx_id, &position));
        cr_assert_eq(position, i);
    }
    cr_assert_null(archive_receipt_at(&other, 200));
    for (uint64_t i = 200; i < 210; i++) {
        struct receipt receipt = receipt_of(i);
        archive_add_receipt(&other, i, &receipt, NULL);
    }
    struct merkle_log ours = archive_receipts_log(&archive), theirs = archive_receipts_log(&other);
    for (uint64_t i = 180; i < 210; i++) {
        struct merkle_path a, b;
        cr_assert(merkle_log_path(&ours, i, 210, &a), "receipt %llu", (unsigned long long)i);
        cr_assert(merkle_log_path(&theirs, i, 210, &b), "a proof of receipt %llu needs those that were left behind", (unsigned long long)i);
        cr_assert_eq(a.length, b.length);
        cr_assert_arr_eq(a.nodes, b.nodes, a.length * sizeof a.nodes[0]);
    }
}

/* A large chunk is written in pieces, and is what it would be in one: the items of small chunks, one behind the other. */
Test(archive_pack, a_large_chunk_comes_in_pieces)
{
    enum { LARGE = 1 << 20 };
    uint8_t *large = malloc(LARGE), *small = malloc(LARGE);
    struct archive_pack pack, pack_small;
    struct snapshot_chunk chunk, part;
    uint32_t pieces = 0, before = 0;
    enum err err;

    free(memories[0]);
    memories[0] = open_archive_of(&archive, 2048);
    add(0, 2000);
    archive_pack_begin(&pack, &archive);
    archive_pack_begin(&pack_small, &archive);
    for (uint8_t kind = SNAPSHOT_EVENTS; kind < SNAPSHOT_STATE; kind++) {
        while ((err = archive_pack_next(&pack, &archive, large, LARGE, &chunk)) == ERR_AGAIN) {
            cr_assert_leq(pack.bytes - before, ARCHIVE_PACK_PIECE + 1024);
            before = pack.bytes;
            pieces++;
        }
        before = 0;
        cr_assert_eq(err, ERR_OK);
        cr_assert_eq(chunk.kind, kind);
        uint32_t bytes = 0, items = 0;
        while (bytes < chunk.bytes) {
            cr_assert_eq(archive_pack_next(&pack_small, &archive, small + bytes, CHUNK, &part), ERR_OK);
            cr_assert_eq(part.kind, kind);
            bytes += part.bytes;
            items += part.items;
        }
        cr_assert_eq(bytes, chunk.bytes);
        cr_assert_eq(items, chunk.items);
        cr_assert_eq(memcmp(large, small, bytes), 0, "kind %u", kind);
    }
    cr_assert_geq(pieces, 5, "%u", pieces);
    free(large);
    free(small);
}

Test(archive_pack, half_an_item_is_refused)
{
    struct archive_pack pack;
    uint8_t bytes[CHUNK];
    struct snapshot_chunk chunk;

    add(0, 20);
    archive_pack_begin(&pack, &archive);
    for (uint8_t kind = SNAPSHOT_EVENTS; kind < SNAPSHOT_STATE; kind++) {
        cr_assert_eq(archive_pack_next(&pack, &archive, bytes, sizeof bytes, &chunk), ERR_OK);
        for (uint32_t cut = 1; cut < chunk.bytes / chunk.items; cut++) {
            cr_assert_eq(archive_unpack(&other, chunk.kind, bytes_of(bytes, cut)), VERDICT_LENGTH, "kind %u, %u bytes", chunk.kind, cut);
        }
    }
}

/* again packs what `other` holds of a kind. Tops are not packed by themselves: they are asked for, as a proof asks. Gives: how many bytes. */
static size_t again(uint8_t kind, struct bytes unpacked, uint8_t *out)
{
    struct archive_pack pack;
    struct snapshot_chunk chunk;
    struct reader reader;
    struct writer writer;

    if (kind != SNAPSHOT_TOPS) {
        archive_pack_begin(&pack, &other);
        do {
            cr_assert_eq(archive_pack_next(&pack, &other, out, CHUNK, &chunk), ERR_OK);
        } while (chunk.items > 0 && chunk.kind != kind);
        return chunk.bytes;
    }
    struct merkle_log log = archive_receipts_log(&other);
    reader_init(&reader, unpacked.data, unpacked.size);
    writer_init(&writer, out, CHUNK);
    while (reader_left(&reader) > 0) {
        struct hash32 leaf, top;
        uint64_t position = read_u64_le(&reader);
        (void)read_run(&reader, HASH_BYTES);
        if (log.find(log.context, position, &leaf, &top)) {
            write_u64_le(&writer, position);
            write_run(&writer, top.bytes, HASH_BYTES);
        }
    }
    return writer.offset;
}

/* Two items of a kind: few enough that each byte can be bent. Gives: their size. */
static uint32_t two_items(uint8_t kind, uint8_t out[CHUNK])
{
    struct archive_pack pack;
    struct snapshot_chunk chunk;

    archive_pack_begin(&pack, &archive);
    do {
        cr_assert_eq(archive_pack_next(&pack, &archive, out, CHUNK, &chunk), ERR_OK);
        cr_assert_geq(chunk.items, 2u);
    } while (chunk.kind != kind);
    return chunk.bytes / chunk.items * 2;
}

Test(archive_pack, no_truncation_of_a_chunk_is_read_but_of_whole_items)
{
    uint8_t bytes[CHUNK], packed[CHUNK];

    add(0, 50);
    for (uint8_t kind = SNAPSHOT_EVENTS; kind < SNAPSHOT_STATE; kind++) {
        uint32_t size = two_items(kind, bytes);
        for (uint32_t cut = 0; cut <= size; cut++) {
            bool whole = cut % (size / 2) == 0;
            archive_clear(&other);
            cr_assert_eq(archive_unpack(&other, kind, bytes_of(bytes, cut)), whole ? VERDICT_OK : VERDICT_LENGTH, "kind %u, %u bytes", kind, cut);
            cr_assert(!whole || again(kind, bytes_of(bytes, cut), packed) == cut, "kind %u, %u bytes", kind, cut);
            cr_assert(!whole || memcmp(packed, bytes, cut) == 0, "kind %u, %u bytes", kind, cut);
        }
    }
}

Test(archive_pack, every_flip_of_a_chunk_is_refused_or_packed_as_it_came)
{
    uint8_t bytes[CHUNK], packed[CHUNK];
    uint32_t refused = 0, kept = 0;

    add(0, 50);
    for (uint8_t kind = SNAPSHOT_EVENTS; kind < SNAPSHOT_STATE; kind++) {
        uint32_t size = two_items(kind, bytes);
        for (uint32_t i = 0; i < size; i++) {
            bytes[i] ^= 0x41;
            archive_clear(&other);
            enum verdict verdict = archive_unpack(&other, kind, bytes_of(bytes, size));
            cr_assert(verdict == VERDICT_OK || verdict == VERDICT_RANGE, "kind %u, byte %u: %d", kind, i, (int)verdict);
            cr_assert(verdict != VERDICT_OK || again(kind, bytes_of(bytes, size), packed) == size, "kind %u, byte %u", kind, i);
            cr_assert(verdict != VERDICT_OK || memcmp(packed, bytes, size) == 0, "kind %u, byte %u", kind, i);
            kept += verdict == VERDICT_OK;
            refused += verdict != VERDICT_OK;
            bytes[i] ^= 0x41;
        }
    }
    cr_assert_gt(kept, 0u);
    cr_assert_gt(refused, 16u, "the positions of two receipts, at least");
}

/* Kept, it would be asked for its level in the tree once the ring comes round to it, and has none. */
Test(archive_pack, a_place_that_no_leaf_has_is_refused)
{
    uint8_t bytes[CHUNK];

    add(0, 50);
    for (uint8_t kind = SNAPSHOT_EVENTS; kind < SNAPSHOT_LOCATORS; kind++) {
        uint32_t size = two_items(kind, bytes) / 2;
        memset(bytes + (kind == SNAPSHOT_EVENTS ? ACCT_BYTES : 0), 0xff, 8);
        cr_assert_eq(archive_unpack(&other, kind, bytes_of(bytes, size)), VERDICT_RANGE, "kind %u", kind);
    }
    cr_assert_eq(other.events_last + other.receipts_last, 0);
}

Test(archive_pack, is_told_when_the_archive_has_overtaken_it)
{
    struct archive_pack pack;
    uint8_t bytes[CHUNK];
    struct snapshot_chunk chunk;

    add(0, 100);
    archive_pack_begin(&pack, &archive);
    add(100, 100 + RING);
    cr_assert_eq(archive_pack_next(&pack, &archive, bytes, sizeof bytes, &chunk), ERR_FULL);
}

Test(archive_pack, a_gap_between_receipts_is_refused)
{
    uint8_t bytes[2 * (8 + RECEIPT_BYTES)];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    for (uint64_t position = 5; position <= 7; position += 2) {
        struct receipt receipt = receipt_of(position);
        uint8_t encoded[RECEIPT_BYTES];
        receipt_encode(&receipt, encoded);
        write_u64_le(&writer, position);
        write_run(&writer, encoded, sizeof encoded);
    }
    cr_assert_eq(archive_unpack(&other, SNAPSHOT_RECEIPTS, bytes_of(bytes, sizeof bytes)), VERDICT_RANGE);
}

Test(archive_pack, a_cleared_archive_knows_nothing)
{
    uint8_t patient[ACCT_BYTES] = { 3 };
    struct receipt receipt = receipt_of(3);
    uint64_t position;

    add(0, 10);
    archive_clear(&archive);
    cr_assert_null(archive_find_event(&archive, patient, 3));
    cr_assert_null(archive_find_receipt(&archive, &receipt.tx_id, &position));
    cr_assert_null(archive_receipt_at(&archive, 3));
    add(0, 3);
    cr_assert_not_null(archive_find_event(&archive, patient, 2));
}
