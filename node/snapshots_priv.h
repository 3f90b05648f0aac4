/* snapshots_priv.h: what the files of the snapshots share. */
#ifndef WARD_NODE_SNAPSHOTS_PRIV_H
#define WARD_NODE_SNAPSHOTS_PRIV_H

#include "node/snapshots.h"

/* The note of a manifest: the block's header, then bytes and blocks that the next one counts from; and, unless the block is a checkpoint block, the time of the newest one. */
#define SNAPSHOTS_NOTE_BYTES (BLOCK_HEADER_BYTES + 16u)
#define SNAPSHOTS_NOTE_TIP_BYTES (SNAPSHOTS_NOTE_BYTES + 8u)

/* snapshots_note_write fills in a manifest's note. Needs: note->checkpoint_ms is not above the time of its block. snapshots_note_read: false when it is none. */
void snapshots_note_write(const struct snapshots_note *note, struct snapshot_manifest *manifest);
bool snapshots_note_read(const struct snapshot_manifest *manifest, struct snapshots_note *note);

/* snapshots_slot_is_free tells whether nobody names a slot and nothing is written into it: neither a snapshot of our own, up to the superblock that is to name
 * it, nor one of others. */
bool snapshots_slot_is_free(const struct snapshots *snapshots, uint32_t slot);

/* snapshots_slot_free gives such a slot; SNAPSHOT_SLOTS: none, until the superblock is written that names what was made. */
uint32_t snapshots_slot_free(const struct snapshots *snapshots);

#endif
