/* archive_pack.c: see archive_pack.h. */
#include "node/archive_pack.h"

#include "base/assert.h"

#include <string.h>

#define EVENT_ITEM_BYTES (ACCT_BYTES + 8u + AUDIT_EVENT_BYTES)
#define TOP_ITEM_BYTES (8u + HASH_BYTES)
#define RECEIPT_ITEM_BYTES (8u + RECEIPT_BYTES)
#define LOCATOR_ITEM_BYTES (HASH_BYTES + LOCATOR_SEALED_BYTES)

/* first_of gives the number of the oldest item of the newest half. */
static uint64_t first_of(uint64_t last, uint32_t max) { return last > max / 2 ? last - max / 2 + 1 : 1; }

static bool is_held(uint64_t number, uint64_t last, uint32_t max) { return number != 0 && number <= last && last - number < max; }

void archive_pack_begin(struct archive_pack *pack, const struct archive *archive)
{
    *pack = (struct archive_pack){ .kind = SNAPSHOT_EVENTS };
    pack->events_last = archive->events_last;
    pack->receipts_last = archive->receipts_last;
    pack->locators_last = archive->locators_last;
    pack->next = first_of(pack->events_last, archive->sizes.events_max);
    if (archive->receipts_last > 0) {
        uint64_t first = first_of(archive->receipts_last, archive->sizes.receipts_max);
        pack->receipts_first = archive->receipts[first & (archive->sizes.receipts_max - 1)].position;
    }
}

/* kind_next goes on with the kind behind this one. */
static void kind_next(struct archive_pack *pack, const struct archive *archive)
{
    pack->kind++;
    if (pack->kind == SNAPSHOT_TOPS) {
        pack->next = 0;
    } else if (pack->kind == SNAPSHOT_RECEIPTS) {
        pack->next = first_of(pack->receipts_last, archive->sizes.receipts_max);
    } else if (pack->kind == SNAPSHOT_LOCATORS) {
        pack->next = archive->sizes.locators_max == 0 ? 1 : first_of(pack->locators_last, archive->sizes.locators_max);
    }
}

static enum err event_put(const struct archive *archive, uint64_t number, struct writer *writer)
{
    const struct archive_event *event = &archive->events[number & (archive->sizes.events_max - 1)];

    if (!is_held(number, archive->events_last, archive->sizes.events_max)) {
        return ERR_FULL;
    }
    write_run(writer, event->patient, ACCT_BYTES);
    write_u64_le(writer, event->seq);
    write_run(writer, event->bytes, AUDIT_EVENT_BYTES);
    return ERR_OK;
}

static enum err receipt_put(const struct archive *archive, uint64_t number, struct writer *writer)
{
    const struct archive_receipt *entry = &archive->receipts[number & (archive->sizes.receipts_max - 1)];
    uint8_t bytes[RECEIPT_BYTES];

    if (!is_held(number, archive->receipts_last, archive->sizes.receipts_max)) {
        return ERR_FULL;
    }
    receipt_encode(&entry->receipt, bytes);
    write_u64_le(writer, entry->position);
    write_run(writer, bytes, sizeof bytes);
    return ERR_OK;
}

static enum err locator_put(const struct archive *archive, uint64_t number, struct writer *writer)
{
    const struct archive_locator *locator = &archive->locators[number & (archive->sizes.locators_max - 1)];

    if (!is_held(number, archive->locators_last, archive->sizes.locators_max)) {
        return ERR_FULL;
    }
    write_run(writer, locator->hash.bytes, HASH_BYTES);
    write_run(writer, locator->bytes, LOCATOR_SEALED_BYTES);
    return ERR_OK;
}

/* tops_put writes the tops of the complete subtrees to the left of the first receipt, from the left. Gives: how many. */
static uint32_t tops_put(const struct archive_pack *pack, const struct archive *archive, struct writer *writer)
{
    struct merkle_log log = archive_receipts_log(archive);
    uint64_t sum = 0;
    uint32_t items = 0;

    for (uint32_t bit = 64; bit > 0; bit--) {
        uint64_t size = UINT64_C(1) << (bit - 1);
        struct hash32 leaf, top;
        if ((pack->receipts_first & size) == 0) {
            continue;
        }
        sum += size;
        if (log.find(log.context, sum - 1, &leaf, &top)) {
            write_u64_le(writer, sum - 1);
            write_run(writer, top.bytes, HASH_BYTES);
            items++;
        }
    }
    return items;
}

/* items_put writes as many items of the present kind as there is room for, ERR_AGAIN when a piece is done before. */
static enum err items_put(struct archive_pack *pack, const struct archive *archive, struct writer *writer)
{
    static const uint32_t sizes[] = { [SNAPSHOT_EVENTS] = EVENT_ITEM_BYTES, [SNAPSHOT_RECEIPTS] = RECEIPT_ITEM_BYTES, [SNAPSHOT_LOCATORS] = LOCATOR_ITEM_BYTES };
    uint64_t last = pack->kind == SNAPSHOT_EVENTS ? pack->events_last : pack->kind == SNAPSHOT_RECEIPTS ? pack->receipts_last : pack->locators_last;
    size_t begin = writer->offset;
    enum err err = ERR_OK;

    while (err == ERR_OK && pack->next <= last && writer->size - writer->offset >= sizes[pack->kind]) { /* each turn takes room */
        if (writer->offset - begin >= ARCHIVE_PACK_PIECE) {
            return ERR_AGAIN;
        }
        err = pack->kind == SNAPSHOT_EVENTS ? event_put(archive, pack->next, writer)
            : pack->kind == SNAPSHOT_RECEIPTS ? receipt_put(archive, pack->next, writer) : locator_put(archive, pack->next, writer);
        pack->next++;
        pack->items++;
    }
    return err;
}

/* part_put goes on with the chunk of the present kind. */
static enum err part_put(struct archive_pack *pack, const struct archive *archive, uint8_t *out, uint32_t room)
{
    struct writer writer;
    enum err err = ERR_OK;

    ASSERT(pack->bytes <= room);
    writer_init(&writer, out + pack->bytes, room - pack->bytes);
    if (pack->kind == SNAPSHOT_TOPS) {
        pack->items = tops_put(pack, archive, &writer);
    } else {
        err = items_put(pack, archive, &writer);
    }
    ASSERT(!writer.failed);
    pack->bytes += (uint32_t)writer.offset;
    return err;
}

enum err archive_pack_next(struct archive_pack *pack, const struct archive *archive, uint8_t *out, uint32_t room, struct snapshot_chunk *chunk)
{
    *chunk = (struct snapshot_chunk){ .items = 0 };
    ASSERT(room >= LOCATOR_ITEM_BYTES);
    while (pack->kind < SNAPSHOT_STATE && chunk->items == 0) { /* each turn writes a chunk or ends a kind */
        enum err err = part_put(pack, archive, out, room);
        if (err != ERR_OK) {
            return err;
        }
        *chunk = (struct snapshot_chunk){ .kind = pack->kind, .items = pack->items, .bytes = pack->bytes };
        if (pack->items == 0 || pack->kind == SNAPSHOT_TOPS) {
            kind_next(pack, archive);
        }
        pack->items = 0;
        pack->bytes = 0;
    }
    return ERR_OK;
}

/* --- Unpacking ----------------------------------------------------------------------------------------------------- */

/* Each takes one item. UINT64_MAX is no place of a leaf: a tree that has it has more leaves than can be counted, and archive.h needs smaller ones. */

static enum verdict event_take(struct archive *archive, struct reader *reader)
{
    const uint8_t *patient = read_run(reader, ACCT_BYTES);
    uint64_t seq = read_u64_le(reader);
    const uint8_t *bytes = read_run(reader, AUDIT_EVENT_BYTES);

    if (reader->failed || seq == UINT64_MAX) {
        return reader->failed ? VERDICT_LENGTH : VERDICT_RANGE;
    }
    archive_add_event(archive, patient, seq, bytes, NULL);
    return VERDICT_OK;
}

static enum verdict top_take(struct archive *archive, struct reader *reader)
{
    uint64_t position = read_u64_le(reader);
    struct hash32 top;

    read_copy(reader, top.bytes, HASH_BYTES);
    if (reader->failed || position == UINT64_MAX) {
        return reader->failed ? VERDICT_LENGTH : VERDICT_RANGE;
    }
    archive_add_top(archive, position, &top);
    return VERDICT_OK;
}

static enum verdict receipt_take(struct archive *archive, struct reader *reader)
{
    uint64_t position = read_u64_le(reader);
    const uint8_t *bytes = read_run(reader, RECEIPT_BYTES);
    struct receipt receipt;

    if (reader->failed) {
        return VERDICT_LENGTH;
    }
    enum verdict verdict = receipt_decode(&receipt, bytes, RECEIPT_BYTES);
    if (verdict == VERDICT_OK && (position == UINT64_MAX || !archive_fits_receipt(archive, position))) {
        verdict = VERDICT_RANGE;
    }
    if (verdict == VERDICT_OK) {
        archive_add_receipt(archive, position, &receipt, NULL);
    }
    return verdict;
}

static enum verdict locator_take(struct archive *archive, struct reader *reader)
{
    struct hash32 hash;

    read_copy(reader, hash.bytes, HASH_BYTES);
    const uint8_t *bytes = read_run(reader, LOCATOR_SEALED_BYTES);
    if (reader->failed) {
        return VERDICT_LENGTH;
    }
    archive_add_locator(archive, &hash, bytes);
    return VERDICT_OK;
}

enum verdict archive_unpack(struct archive *archive, uint8_t kind, struct bytes bytes)
{
    enum verdict verdict = VERDICT_OK;
    struct reader reader;

    ASSERT(kind >= SNAPSHOT_EVENTS);
    ASSERT(kind < SNAPSHOT_STATE);
    reader_init(&reader, bytes.data, bytes.size);
    while (verdict == VERDICT_OK && reader_left(&reader) > 0) { /* each turn reads an item */
        verdict = kind == SNAPSHOT_EVENTS ? event_take(archive, &reader)
            : kind == SNAPSHOT_TOPS ? top_take(archive, &reader)
            : kind == SNAPSHOT_RECEIPTS ? receipt_take(archive, &reader) : locator_take(archive, &reader);
    }
    return verdict;
}
