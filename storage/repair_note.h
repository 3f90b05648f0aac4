/* repair_note.h: what the log says of damage that was made good: a record of kind RECORD_REPAIR holds some, 64 bytes each.
 *
 * A block that was reported durable is never written again, so what is lost to rot is not written back into its place: it is appended again, and a note
 * behind it says that the place is settled. From then on recovery neither reports the place nor asks for what it held; the place goes with its segment.
 * A build that does not know the kind skips it and reports the damage again. docs/disk.md has the offsets. */
#ifndef WARD_STORAGE_REPAIR_NOTE_H
#define WARD_STORAGE_REPAIR_NOTE_H

#include "base/err.h"
#include "storage/format.h"

#define REPAIR_NOTE_BYTES 64u
#define REPAIR_NOTES_MAX 256u

/* One place, named as recovery names damage. */
struct repair_note {
    uint32_t segment;
    uint32_t block;   /* where it begins; 0: the header of the segment, or no trace is left */
    uint64_t batch;   /* number of the first; 0: a header of a segment */
    uint64_t batches; /* how many */
    uint8_t kind;     /* of the one record that was lost; 0: whatever the batches held */
    struct hash32 hash;
};

struct repair_notes {
    struct repair_note items[REPAIR_NOTES_MAX];
    uint32_t count;
};

void repair_note_encode(const struct repair_note *note, uint8_t out[REPAIR_NOTE_BYTES]);

/* repair_note_decode reads one. Fails: ERR_FORMAT: a byte that no note has. */
enum err repair_note_decode(const uint8_t data[REPAIR_NOTE_BYTES], struct repair_note *out);

/* repair_notes_cover tells whether a note settles this place: one of the same record, or one of all its batches. */
bool repair_notes_cover(const struct repair_notes *notes, const struct repair_note *place);

/* repair_notes_add remembers a note that is durable. Gives: false when the list is full: the place is then reported again at the next start. */
bool repair_notes_add(struct repair_notes *notes, const struct repair_note *note);

/* repair_notes_forget drops what is about segments before this one: they are out of use. */
void repair_notes_forget(struct repair_notes *notes, uint32_t first_segment);

/* repair_notes_has_segment tells whether something in the segment was made good: its file shall not be used again. */
bool repair_notes_has_segment(const struct repair_notes *notes, uint32_t segment);

/* repair_notes_check asserts what holds of the list. */
void repair_notes_check(const struct repair_notes *notes);

#endif
