/* repair_note.c: see repair_note.h. */
#include "storage/repair_note.h"

#include "base/assert.h"

void repair_note_encode(const struct repair_note *note, uint8_t out[REPAIR_NOTE_BYTES])
{
    struct writer writer;

    ASSERT(note->segment != 0);
    ASSERT(note->batches != 0 || note->batch == 0);
    writer_init(&writer, out, REPAIR_NOTE_BYTES);
    write_u32_le(&writer, note->segment);
    write_u32_le(&writer, note->block);
    write_u64_le(&writer, note->batch);
    write_u64_le(&writer, note->batches);
    write_u8(&writer, note->kind);
    write_zeros(&writer, 7);
    write_run(&writer, note->hash.bytes, HASH_BYTES);
    ASSERT(!writer.failed);
    ASSERT(writer.offset == REPAIR_NOTE_BYTES);
}

enum err repair_note_decode(const uint8_t data[REPAIR_NOTE_BYTES], struct repair_note *out)
{
    struct reader reader;

    reader_init(&reader, data, REPAIR_NOTE_BYTES);
    out->segment = read_u32_le(&reader);
    out->block = read_u32_le(&reader);
    out->batch = read_u64_le(&reader);
    out->batches = read_u64_le(&reader);
    out->kind = read_u8(&reader);
    bool reserved = !read_zeros(&reader, 7);
    read_copy(&reader, out->hash.bytes, HASH_BYTES);
    ASSERT(!reader.failed);
    bool dense = out->batches <= UINT64_MAX - out->batch && (out->batches != 0 || out->batch == 0);
    return reserved || out->segment == 0 || !dense ? ERR_FORMAT : ERR_OK;
}

static bool covers(const struct repair_note *note, const struct repair_note *place)
{
    bool here = note->segment == place->segment && note->block == place->block;

    if (note->kind != place->kind) {
        return false;
    }
    if (place->kind != 0) {
        return here && hash_equal(&note->hash, &place->hash);
    }
    if (place->batch == 0) {
        return here && note->batch == 0;
    }
    return note->batch != 0 && note->batch <= place->batch && place->batch + place->batches <= note->batch + note->batches;
}

bool repair_notes_cover(const struct repair_notes *notes, const struct repair_note *place)
{
    ASSERT(notes->count <= REPAIR_NOTES_MAX);
    for (uint32_t i = 0; i < notes->count; i++) {
        if (covers(&notes->items[i], place)) {
            return true;
        }
    }
    return false;
}

bool repair_notes_add(struct repair_notes *notes, const struct repair_note *note)
{
    ASSERT(note->segment != 0);
    if (repair_notes_cover(notes, note)) {
        return true;
    }
    if (notes->count == REPAIR_NOTES_MAX) {
        return false;
    }
    notes->items[notes->count++] = *note;
    ASSERT(repair_notes_cover(notes, note)); /* asked for by the same rule, or it is made good again and again */
    return true;
}

void repair_notes_forget(struct repair_notes *notes, uint32_t first_segment)
{
    uint32_t kept = 0;

    ASSERT(notes->count <= REPAIR_NOTES_MAX);
    for (uint32_t i = 0; i < notes->count; i++) {
        if (notes->items[i].segment >= first_segment) {
            notes->items[kept++] = notes->items[i];
        }
    }
    ASSERT(kept <= notes->count);
    notes->count = kept;
}

bool repair_notes_has_segment(const struct repair_notes *notes, uint32_t segment)
{
    ASSERT(segment != 0);
    ASSERT(notes->count <= REPAIR_NOTES_MAX);
    for (uint32_t i = 0; i < notes->count; i++) {
        if (notes->items[i].segment == segment) {
            return true;
        }
    }
    return false;
}

void repair_notes_check(const struct repair_notes *notes)
{
    ASSERT(notes->count <= REPAIR_NOTES_MAX);
    for (uint32_t i = 0; i < notes->count; i++) {
        ASSERT(notes->items[i].segment != 0);
        ASSERT(notes->items[i].batches != 0 || notes->items[i].batch == 0);
    }
}
