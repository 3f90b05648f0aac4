/* snapshots_load.c: from a slot back to state and archive, at a start. Everything is checked on the way: the manifest against its digest, the
 * certificate's signatures, each chunk against the manifest, and the root of the ledger at the end. */
#include "base/assert.h"
#include "crypto/ed25519.h"
#include "ledger/ledger.h"
#include "node/snapshots_priv.h"

#include <string.h>

void snapshots_note_write(const struct snapshots_note *note, struct snapshot_manifest *manifest)
{
    bool tip = note->checkpoint_ms != note->header.time_ms;
    struct writer writer;

    _Static_assert(SNAPSHOTS_NOTE_TIP_BYTES <= SNAPSHOT_NOTE_BYTES_MAX, "the note has room");
    ASSERT(note->checkpoint_ms <= note->header.time_ms); /* K1 */
    writer_init(&writer, manifest->note, sizeof manifest->note);
    block_header_encode(&note->header, &writer);
    write_u64_le(&writer, note->bytes);
    write_u64_le(&writer, note->blocks);
    if (tip) {
        write_u64_le(&writer, note->checkpoint_ms);
    }
    ASSERT(writer.offset == (tip ? SNAPSHOTS_NOTE_TIP_BYTES : SNAPSHOTS_NOTE_BYTES));
    manifest->note_bytes = (uint32_t)writer.offset;
}

bool snapshots_note_read(const struct snapshot_manifest *manifest, struct snapshots_note *note)
{
    bool tip = manifest->note_bytes == SNAPSHOTS_NOTE_TIP_BYTES;
    struct reader reader;

    reader_init(&reader, manifest->note, manifest->note_bytes);
    enum verdict verdict = block_header_decode(&note->header, &reader);
    note->bytes = read_u64_le(&reader);
    note->blocks = read_u64_le(&reader);
    note->checkpoint_ms = tip ? read_u64_le(&reader) : note->header.time_ms;
    bool sound = verdict == VERDICT_OK && reader_end(&reader) == VERDICT_OK && note->header.height == manifest->height;
    return sound && (!tip || note->checkpoint_ms < note->header.time_ms);
}

enum verdict snapshots_cert_check(const struct checkpoint_cert *cert, const struct config *epoch, const struct hash32 *chain_id)
{
    struct sig_item items[QUORUM_MAX];
    struct hash32 digest;
    enum verdict verdict = checkpoint_cert_check(cert, epoch);
    uint32_t count = verdict == VERDICT_OK ? checkpoint_cert_items(cert, epoch, chain_id, &digest, items) : 0;

    for (uint32_t i = 0; i < count && verdict == VERDICT_OK; i++) {
        verdict = ed25519_verify(&items[i]) ? VERDICT_OK : VERDICT_SIGNATURE;
    }
    return verdict;
}

/* manifest_read reads the manifest that a head names. */
static bool manifest_read(struct snapshots *snapshots, uint32_t slot, const struct snapshot_head *head)
{
    struct snapshot_run run = { slot, head->manifest, head->manifest_bytes };

    if (snapshot_io_read_now(&snapshots->io, &run) != ERR_OK) {
        return false;
    }
    struct bytes bytes = bytes_of(snapshots->io.data, head->manifest_bytes);
    struct hash32 digest = snapshot_digest(bytes);
    return hash_equal(&digest, &head->digest) && snapshot_manifest_decode(&snapshots->manifest, bytes) == VERDICT_OK;
}

static bool cert_read(struct snapshots *snapshots, uint32_t slot, const struct snapshot_head *head, struct checkpoint_cert *cert)
{
    struct snapshot_run run = { slot, head->cert, head->cert_bytes };
    struct reader reader;

    if (snapshot_io_read_now(&snapshots->io, &run) != ERR_OK) {
        return false;
    }
    reader_init(&reader, snapshots->io.data, head->cert_bytes);
    return checkpoint_cert_decode(cert, &reader) == VERDICT_OK && reader_end(&reader) == VERDICT_OK;
}

bool snapshots_base_check(const struct snapshot_manifest *manifest, const struct checkpoint_cert *cert, struct block_header *header)
{
    struct snapshots_note note;

    if (!snapshots_note_read(manifest, &note)) {
        return false;
    }
    *header = note.header;
    struct hash32 hash = block_hash(header);
    return cert->checkpoint.height == header->height && hash_equal(&cert->checkpoint.block, &hash) &&
           hash_equal(&cert->checkpoint.state_root, &manifest->state_root);
}

/* chunk_take feeds a checked chunk to the ledger or the archive. */
static bool chunk_take(struct snapshots *snapshots, const struct snapshot_chunk *chunk)
{
    struct bytes bytes = bytes_of(snapshots->io.data, chunk->bytes);
    struct state_entry entry;
    struct reader reader;

    if (chunk->kind != SNAPSHOT_STATE) {
        return archive_unpack(&snapshots->apply->archive, chunk->kind, bytes) == VERDICT_OK;
    }
    reader_init(&reader, bytes.data, bytes.size);
    while (state_pair_read(&reader, &entry)) {
        if (ledger_restore_pair(snapshots->apply->ledger, entry.key, entry.value) != VERDICT_OK) {
            return false;
        }
    }
    return true; /* the hash of the chunk was right: all of it was pairs */
}

static bool chunks_take(struct snapshots *snapshots, uint32_t slot)
{
    struct snapshot_place next = snapshot_place_first();

    for (uint32_t i = 0; i < snapshots->manifest.chunks_count; i++) {
        const struct snapshot_chunk *chunk = &snapshots->manifest.chunks[i];
        struct snapshot_run run = { slot, snapshot_place_take(&next, chunk->bytes, snapshots->io.part_blocks), chunk->bytes };
        struct hash32 hash;
        if (run.place.part >= SNAPSHOT_PARTS_MAX || snapshot_io_read_now(&snapshots->io, &run) != ERR_OK) {
            return false;
        }
        if (snapshot_chunk_hash(chunk->kind, bytes_of(snapshots->io.data, chunk->bytes), &hash) != VERDICT_OK || !hash_equal(&hash, &chunk->hash) ||
            !chunk_take(snapshots, chunk)) {
            return false;
        }
    }
    return true;
}

/* slot_load takes over one slot. */
static bool slot_load(struct snapshots *snapshots, uint32_t slot, const struct snapshot_head *head, const struct config *epoch, const struct hash32 *chain_id,
                      struct snapshots_base *base)
{
    struct apply *apply = snapshots->apply;

    bool certified = cert_read(snapshots, slot, head, &base->cert) && snapshots_cert_check(&base->cert, epoch, chain_id) == VERDICT_OK;
    if (!certified || !manifest_read(snapshots, slot, head) || !snapshots_base_check(&snapshots->manifest, &base->cert, &base->header)) {
        return false;
    }
    archive_clear(&apply->archive);
    ledger_restore_begin(apply->ledger, &apply->genesis->hash);
    if (!chunks_take(snapshots, slot) || ledger_restore_end(apply->ledger) != VERDICT_OK) {
        return false;
    }
    struct hash32 root = ledger_state_root(apply->ledger), receipts = ledger_receipts_root(apply->ledger);
    if (!hash_equal(&root, &base->cert.checkpoint.state_root) || !hash_equal(&receipts, &base->cert.checkpoint.receipts_root)) {
        return false;
    }
    struct snapshots_note note;
    bool noted = snapshots_note_read(&snapshots->manifest, &note);
    ASSERT(noted);
    snapshots->bytes = note.bytes;
    snapshots->blocks = note.blocks;
    snapshots->tip = note.header;
    base->checkpoint_ms = note.checkpoint_ms;
    apply->height = base->header.height;
    apply->time_ms = base->header.time_ms;
    snapshots->checkpoint_ms = note.checkpoint_ms;
    snapshots->newest = (struct snapshots_entry){ true, slot, head->height, head->digest, base->cert.checkpoint, *head };
    return true;
}

/* is_better tells whether slot a is tried before b: the one that the superblock names, then the higher. */
static bool is_better(const struct snapshot_head *a, const struct snapshot_head *b, const struct hash32 *named)
{
    bool a_named = hash_equal(&a->digest, named), b_named = hash_equal(&b->digest, named);

    return a_named != b_named ? a_named : a->height > b->height;
}

enum err snapshots_load(struct snapshots *snapshots, const struct superblock *superblock, const struct config *epoch, const struct hash32 *chain_id,
                        struct snapshots_base *base)
{
    struct snapshot_head heads[SNAPSHOT_SLOTS];
    bool there[SNAPSHOT_SLOTS];

    for (uint32_t slot = 0; slot < SNAPSHOT_SLOTS; slot++) {
        enum err err = snapshot_io_head(&snapshots->io, slot, &heads[slot]);
        if (err == ERR_VERSION) {
            return err; /* its slot would be written over */
        }
        there[slot] = err == ERR_OK && heads[slot].stage == SNAPSHOT_WHOLE;
    }
    if (hash_is_zero(&superblock->checkpoint_snapshot)) {
        return ERR_NOT_FOUND;
    }
    snapshots->newest = snapshots->older = (struct snapshots_entry){ .set = false };
    for (uint32_t turn = 0; turn < SNAPSHOT_SLOTS; turn++) {
        uint32_t best = SNAPSHOT_SLOTS;
        for (uint32_t slot = 0; slot < SNAPSHOT_SLOTS; slot++) {
            if (there[slot] && (best == SNAPSHOT_SLOTS || is_better(&heads[slot], &heads[best], &superblock->checkpoint_snapshot))) {
                best = slot;
            }
        }
        if (best == SNAPSHOT_SLOTS) {
            break;
        }
        there[best] = false;
        if (!snapshots->newest.set) {
            (void)slot_load(snapshots, best, &heads[best], epoch, chain_id, base);
        } else if (heads[best].height < snapshots->newest.height && !snapshots->older.set) {
            snapshots->older = (struct snapshots_entry){ .set = true, .slot = best, .height = heads[best].height, .digest = heads[best].digest, .head = heads[best] };
        }
    }
    return snapshots->newest.set ? ERR_OK : ERR_NOT_FOUND;
}
