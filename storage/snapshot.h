/* snapshot.h: what a snapshot is made of: a manifest that names every chunk, and where its bytes lie in a slot of the data directory.
 *
 *     slot: | head 1 block | chunk | chunk | ... | manifest | certificate |        in parts as long as a segment; nothing lies across two parts
 *
 * The manifest is the same on all replicas that make the snapshot of a height with the same settings; its digest is in the superblock, and f + 1
 * equal ones from members vouch for the archive. Its chunks of state fold to the certified state root (state_chunk.h). The certificate
 * is not covered by it: q of n signatures differ. Pure codecs; storage knows neither blocks nor certificates: `note` and certificate are runs of bytes to it. */
#ifndef WARD_STORAGE_SNAPSHOT_H
#define WARD_STORAGE_SNAPSHOT_H

#include "storage/disk.h"
#include "storage/format.h"
#include "storage/state_chunk.h"

#define SNAPSHOT_SLOTS 3u           /* the two newest and one in the making */
#define SNAPSHOT_PARTS_MAX 4096u    /* of one slot */
#define SNAPSHOT_CHUNKS_MAX 16384u
#define SNAPSHOT_NOTE_BYTES_MAX 512u
#define SNAPSHOT_CERT_BYTES_MAX 8192u
#define SNAPSHOT_CHUNK_ENTRY_BYTES 44u
#define SNAPSHOT_MANIFEST_FIXED_BYTES 64u
#define SNAPSHOT_MANIFEST_BYTES_MAX (SNAPSHOT_MANIFEST_FIXED_BYTES + SNAPSHOT_NOTE_BYTES_MAX + SNAPSHOT_CHUNKS_MAX * SNAPSHOT_CHUNK_ENTRY_BYTES)

_Static_assert(SNAPSHOT_MANIFEST_BYTES_MAX <= STATE_CHUNK_BYTES_MAX, "a manifest travels like a chunk");

/* What a chunk holds, in the order of the manifest. The numbers are on disk. */
enum snapshot_kind {
    SNAPSHOT_EVENTS = 1,   /* audit events */
    SNAPSHOT_TOPS = 2,     /* what the receipts log looked like before the first receipt that follows */
    SNAPSHOT_RECEIPTS = 3,
    SNAPSHOT_LOCATORS = 4,
    SNAPSHOT_STATE = 5,
    SNAPSHOT_KIND_END
};

struct snapshot_chunk {
    uint8_t kind;       /* enum snapshot_kind */
    uint16_t bit;       /* of state: as in struct state_chunk; else 0 */
    uint32_t items;     /* pairs, events, ... */
    uint32_t bytes;     /* 1 to chunk_bytes_max */
    struct hash32 hash; /* of state: of its subtree; else H("WARD/snapshot/chunk" || kind || bytes) */
};

struct snapshot_manifest {
    uint64_t height;
    uint32_t chunk_bytes_max; /* of all chunks; part of what makes two snapshots equal */
    struct hash32 state_root;
    uint32_t note_bytes;
    uint8_t note[SNAPSHOT_NOTE_BYTES_MAX]; /* the owner's: its block, its counters */
    uint32_t chunks_count;
    struct snapshot_chunk *chunks; /* SNAPSHOT_CHUNKS_MAX */
};

/* snapshot_manifest_take takes the chunks' entries. */
void snapshot_manifest_take(struct snapshot_manifest *manifest, struct arena *arena);

/* snapshot_manifest_encode writes it. Needs: room for SNAPSHOT_MANIFEST_BYTES_MAX. */
void snapshot_manifest_encode(const struct snapshot_manifest *manifest, struct writer *writer);

/* snapshot_manifest_decode reads a whole manifest into one that has its entries. Any input is safe. Gives: OK; SHORT, TRAILING, TYPE, VERSION, LENGTH,
 * ORDER, or HASH when its chunks of state do not fold to its state root. Cost: a hash for each chunk of state. */
enum verdict snapshot_manifest_decode(struct snapshot_manifest *manifest, struct bytes bytes);

/* snapshot_digest names a manifest. */
struct hash32 snapshot_digest(struct bytes manifest);

/* snapshot_chunk_hash computes what the entry of these bytes must say. Any input is safe. Gives: OK, *hash; of state, as state_chunk_check. */
enum verdict snapshot_chunk_hash(uint8_t kind, struct bytes bytes, struct hash32 *hash);

/* snapshot_sum guards a chunk against the disk that it was just written to, and against nobody else. Cost: that of sum64. */
uint64_t snapshot_sum(struct bytes bytes);

/* snapshot_bytes gives the sum of all chunks. */
uint64_t snapshot_bytes(const struct snapshot_manifest *manifest);

/* --- Slots ------------------------------------------------------------------------------------------------------------------------ */

enum snapshot_stage {
    SNAPSHOT_FETCHING = 1, /* manifest and certificate are here, chunks are on their way */
    SNAPSHOT_WHOLE = 2
};

/* Where something begins in a slot. */
struct snapshot_place {
    uint32_t part;
    uint32_t block;
};

struct snapshot_head {
    uint8_t stage; /* enum snapshot_stage */
    uint64_t height;
    struct hash32 digest;
    struct snapshot_place manifest;
    uint32_t manifest_bytes;
    struct snapshot_place cert;
    uint32_t cert_bytes;
};

/* snapshot_head_encode writes one block. */
void snapshot_head_encode(const struct snapshot_head *head, uint8_t *out);

/* snapshot_head_decode. Fails: ERR_FORMAT, ERR_VERSION; *out is then undefined. */
enum err snapshot_head_decode(const uint8_t *block, struct snapshot_head *out);

/* snapshot_file gives the number of the file of a part. */
uint32_t snapshot_file(uint32_t slot, uint32_t part);

/* snapshot_place_first is where the first chunk lies; snapshot_place_take gives the place of the next `bytes` bytes and moves on behind them.
 * Needs: they fit one part. */
struct snapshot_place snapshot_place_first(void);
struct snapshot_place snapshot_place_take(struct snapshot_place *next, uint32_t bytes, uint32_t part_blocks);

/* snapshot_fits tells whether its chunks, the manifest and a certificate have room in a slot with parts of this length: whoever made it may have longer ones. Cost: linear in chunks. */
bool snapshot_fits(const struct snapshot_manifest *manifest, uint32_t manifest_bytes, uint32_t part_blocks);

#endif
