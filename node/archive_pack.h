/* archive_pack.h: the newest half of the archive, as chunks of a snapshot, as it was at one moment while the archive goes on.
 *
 * Half: what is packed may be overwritten only after as many further items. It is the same on all replicas whose rings have the same sizes. Before the
 * receipts stand the tops that their proofs need from the receipts before them. Items, little-endian:
 *
 *     event     patient 32, u64 seq, event      receipt   u64 position, receipt      top   u64 position, hash      locator   hash, sealed bytes */
#ifndef WARD_NODE_ARCHIVE_PACK_H
#define WARD_NODE_ARCHIVE_PACK_H

#include "node/archive.h"
#include "storage/snapshot.h"

#define ARCHIVE_PACK_PIECE (128u << 10)

/* How far packing has come. */
struct archive_pack {
    uint8_t kind;    /* enum snapshot_kind that comes next; SNAPSHOT_STATE: all is packed */
    uint64_t next;   /* number of the next item of it */
    uint64_t events_last, receipts_last, locators_last;
    uint64_t receipts_first; /* position of the first receipt that is packed */
    uint32_t items, bytes;   /* of the chunk that is begun */
};

/* archive_pack_begin marks the archive as it is now. */
void archive_pack_begin(struct archive_pack *pack, const struct archive *archive);

/* archive_pack_next writes on at the next chunk, ARCHIVE_PACK_PIECE bytes and an item at most, so that nobody waits for a whole one. Gives: OK with *chunk (kind, items and bytes; items 0: there is no more);
 * ERR_AGAIN: the chunk is not whole, and the next call goes on with it. Fails: ERR_FULL: the archive has overwritten what was to come. Needs: room for any item; the same out and room, untouched, until
 * a chunk is whole. Cost: the copy. */
enum err archive_pack_next(struct archive_pack *pack, const struct archive *archive, uint8_t *out, uint32_t room, struct snapshot_chunk *chunk);

/* archive_unpack adds the items of a chunk to an archive. Any bytes are safe. Needs: a kind of the archive. Gives: OK; LENGTH, for half an item; RANGE, for a place
 * that no leaf has, a gap between receipts, or a receipt that is none. What stands before such an item has been added. */
enum verdict archive_unpack(struct archive *archive, uint8_t kind, struct bytes bytes);

#endif
