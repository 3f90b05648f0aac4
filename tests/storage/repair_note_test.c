#include "storage/repair_note.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct repair_note gap = { .segment = 7, .block = 12, .batch = 100, .batches = 5 };
static const struct repair_note named = { .segment = 7, .block = 12, .batch = 100, .batches = 1, .kind = RECORD_PAYLOAD, .hash = { { 9 } } };
static const struct repair_note head = { .segment = 7 };

Test(repair_note, comes_back_as_it_was_written_and_every_other_byte_is_refused_or_seen)
{
    uint8_t bytes[REPAIR_NOTE_BYTES];
    struct repair_note back;

    repair_note_encode(&named, bytes);
    cr_assert_eq(repair_note_decode(bytes, &back), ERR_OK);
    cr_assert_eq(memcmp(&back.hash, &named.hash, sizeof back.hash), 0);
    cr_assert(back.segment == 7 && back.block == 12 && back.batch == 100 && back.batches == 1 && back.kind == RECORD_PAYLOAD);
    for (uint32_t i = 25; i < 32; i++) {
        bytes[i] = 1;
        cr_assert_eq(repair_note_decode(bytes, &back), ERR_FORMAT, "byte %u is zero in every note", i);
        bytes[i] = 0;
    }
    memset(bytes, 0, 4);
    cr_assert_eq(repair_note_decode(bytes, &back), ERR_FORMAT, "segments count from 1");
    repair_note_encode(&named, bytes);
    memset(bytes + 8, 0xFF, 16);
    cr_assert_eq(repair_note_decode(bytes, &back), ERR_FORMAT, "a run that wraps");
    memset(bytes + 16, 0, 8);
    cr_assert_eq(repair_note_decode(bytes, &back), ERR_FORMAT, "a run of no batches");
}

Test(repair_note, settles_its_own_place_and_no_other)
{
    static const struct { struct repair_note place; bool by_gap, by_named, by_head; } rows[] = {
        { { .segment = 7, .block = 12, .batch = 100, .batches = 5 }, true, false, false },
        { { .segment = 7, .block = 13, .batch = 102, .batches = 1 }, true, false, false },
        { { .segment = 7, .block = 12, .batch = 99, .batches = 2 }, false, false, false },
        { { .segment = 7, .block = 12, .batch = 104, .batches = 2 }, false, false, false },
        { { .segment = 7, .block = 12, .batch = 100, .batches = 1, .kind = RECORD_PAYLOAD, .hash = { { 9 } } }, false, true, false },
        { { .segment = 7, .block = 12, .batch = 100, .batches = 1, .kind = RECORD_PAYLOAD, .hash = { { 8 } } }, false, false, false },
        { { .segment = 7, .block = 12, .batch = 100, .batches = 1, .kind = RECORD_BLOCK, .hash = { { 9 } } }, false, false, false },
        { { .segment = 7, .block = 13, .batch = 100, .batches = 1, .kind = RECORD_PAYLOAD, .hash = { { 9 } } }, false, false, false },
        { { .segment = 8, .block = 12, .batch = 100, .batches = 1, .kind = RECORD_PAYLOAD, .hash = { { 9 } } }, false, false, false },
        { { .segment = 7 }, false, false, true },
        { { .segment = 8 }, false, false, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct repair_notes notes = { .count = 0 };
        cr_assert(!repair_notes_cover(&notes, &rows[i].place));
        notes = (struct repair_notes){ .items = { gap }, .count = 1 };
        cr_assert_eq(repair_notes_cover(&notes, &rows[i].place), rows[i].by_gap, "row %zu, gap", i);
        notes = (struct repair_notes){ .items = { named }, .count = 1 };
        cr_assert_eq(repair_notes_cover(&notes, &rows[i].place), rows[i].by_named, "row %zu, named", i);
        notes = (struct repair_notes){ .items = { head }, .count = 1 };
        cr_assert_eq(repair_notes_cover(&notes, &rows[i].place), rows[i].by_head, "row %zu, head", i);
    }
}

Test(repair_note, a_list_keeps_each_once_says_when_it_is_full_and_forgets_by_segment)
{
    static struct repair_notes notes;
    struct repair_note note = named;

    cr_assert(repair_notes_add(&notes, &gap));
    cr_assert(repair_notes_add(&notes, &gap));
    cr_assert_eq(notes.count, 1);
    for (uint32_t i = 1; i < REPAIR_NOTES_MAX; i++) {
        note.segment = 7 + i;
        cr_assert(repair_notes_add(&notes, &note));
    }
    note.segment = 1000;
    cr_assert(!repair_notes_add(&notes, &note), "full");
    cr_assert(repair_notes_has_segment(&notes, 8));
    repair_notes_forget(&notes, 9);
    cr_assert(!repair_notes_has_segment(&notes, 7));
    cr_assert(!repair_notes_has_segment(&notes, 8));
    cr_assert_eq(notes.count, REPAIR_NOTES_MAX - 2);
    cr_assert(repair_notes_add(&notes, &note));
}
