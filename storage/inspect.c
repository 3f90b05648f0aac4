/* inspect.c: see inspect.h. */
#include "storage/inspect.h"

#include "base/assert.h"
#include "storage/segment_scan.h"
#include "storage/snapshot.h"

#include <string.h>

enum err inspect_superblock(struct disk *disk, struct arena *arena, struct inspect_superblock *out)
{
    uint8_t *blocks = disk_buffer_take(arena, SUPERBLOCK_COPIES);

    ASSERT(blocks != NULL);
    *out = (struct inspect_superblock){ .chosen_err = ERR_NOT_FOUND };
    for (uint32_t i = 0; i < SUPERBLOCK_COPIES; i++) {
        uint8_t *block = blocks + (size_t)i * DISK_BLOCK;
        out->copy_err[i] = disk->ops->read(disk, DISK_SUPERBLOCK, (uint64_t)i * DISK_BLOCK, block, DISK_BLOCK);
        if (out->copy_err[i] == ERR_OK) {
            out->copy_err[i] = superblock_decode(block, i, &out->copy[i]);
        } else {
            memset(block, 0, DISK_BLOCK);
        }
    }
    out->chosen_err = superblock_choose(blocks, &out->chosen, &out->bad_map);
    return ERR_OK;
}

static void inspect_records(const struct segment_scan *scan, const struct scan_place *place, const struct inspect_sink *sink)
{
    struct batch_cursor cursor;
    struct inspect_record record = { .batch = place->head.number };

    ASSERT(place->data != NULL);
    ASSERT(sink->record != NULL);
    batch_cursor_init(&cursor, &place->head, place->data);
    while (batch_cursor_next(&cursor, &record.head, &record.place)) {
        record.place.segment = scan->segment;
        record.place.block = place->block;
        record.payload = place->data + record.place.offset + RECORD_HEAD_BYTES;
        record.payload_good = record_payload_is_good(&record.head, record.payload);
        sink->record(sink->context, &record);
    }
}

static enum err inspect_places(struct segment_scan *scan, const struct inspect_sink *sink)
{
    struct scan_place place;
    enum err err = segment_scan_next(scan, &place);

    for (; err == ERR_OK; err = segment_scan_next(scan, &place)) {
        if (place.blank) {
            continue;
        }
        struct inspect_batch batch = {
            .segment = scan->segment,
            .block = place.block,
            .blocks = place.blocks,
            .head_found = place.head_found,
            .body_found = place.body_found,
            .head = place.head,
        };
        sink->batch(sink->context, &batch);
        if (place.head_found == HEAD_WHOLE && place.data != NULL && sink->record != NULL) {
            inspect_records(scan, &place, sink);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err inspect_segment(struct disk *disk, uint32_t number, const struct superblock *superblock, uint8_t *window, uint32_t window_blocks,
                                const struct inspect_sink *sink)
{
    struct segment_scan scan;
    struct segment_head heads[SEGMENT_HEAD_BLOCKS] = { 0 };
    struct inspect_segment segment = { .segment = number };
    bool blank;
    enum err err = segment_scan_init(&scan, disk, number, superblock->instance, superblock->segment_bytes, window, window_blocks);

    ASSERT(number >= 1);
    if (err != ERR_OK) {
        return err;
    }
    segment_scan_heads(&scan, heads, segment.head_err, &blank);
    for (uint32_t i = SEGMENT_HEAD_BLOCKS; i > 0; i--) {
        segment.head = segment.head_err[i - 1] == ERR_OK ? heads[i - 1] : segment.head;
    }
    sink->segment(sink->context, &segment);
    return inspect_places(&scan, sink);
}

enum err inspect_log(struct disk *disk, struct arena *arena, const struct superblock *superblock, const struct inspect_sink *sink)
{
    uint32_t blocks = superblock->segment_bytes / DISK_BLOCK;
    uint32_t window_blocks = blocks < SCAN_WINDOW_BLOCKS_MAX ? blocks : SCAN_WINDOW_BLOCKS_MAX;
    uint32_t *numbers = arena_take(arena, DISK_SEGMENTS_MAX, sizeof *numbers);
    uint8_t *window = disk_buffer_take(arena, window_blocks);
    size_t count = 0;

    ASSERT(sink->segment != NULL);
    ASSERT(sink->batch != NULL);
    ASSERT(window != NULL);
    ASSERT(numbers != NULL);
    enum err err = disk->ops->segments(disk, numbers, DISK_SEGMENTS_MAX, &count);
    ASSERT(count <= DISK_SEGMENTS_MAX);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        err = inspect_segment(disk, numbers[i], superblock, window, window_blocks, sink);
    }
    return err;
}

size_t inspect_footprint(void)
{
    size_t blocks = SUPERBLOCK_COPIES + SCAN_WINDOW_BLOCKS_MAX + 2; /* and what alignment costs */

    return blocks * DISK_BLOCK + DISK_SEGMENTS_MAX * sizeof(uint32_t) + 4 * ARENA_ALIGN;
}

enum err inspect_snapshots(struct disk *disk)
{
    static _Alignas(DISK_BLOCK) uint8_t block[DISK_BLOCK];
    struct snapshot_head head;
    enum err err = ERR_OK;

    for (uint32_t slot = 0; slot < SNAPSHOT_SLOTS && err != ERR_VERSION; slot++) {
        err = disk->ops->read(disk, snapshot_file(slot, 0), 0, block, sizeof block);
        err = err == ERR_OK ? snapshot_head_decode(block, &head) : err;
    }
    return err == ERR_VERSION ? err : ERR_OK;
}
