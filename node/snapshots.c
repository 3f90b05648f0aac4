/* snapshots.c: see snapshots.h. Loading at a start is in snapshots_load.c.
 *
 * One that came too late for its certificate, or that was due while another was made or while a start replayed, is made up for at the next checkpoint block.
 *
 * Invariants: the state is pinned from the moment a snapshot is due until it is read back or given up; the slot that is written is named by nobody;
 * one request of the io at a time, and the stage says what it was for. */
#include "node/snapshots.h"

#include "base/assert.h"
#include "ledger/ledger.h"
#include "node/snapshots_priv.h"

#include <string.h>

static void io_done(void *context, enum err err);

void snapshots_take(struct snapshots *snapshots, struct arena *arena, struct disk *disk, struct apply *apply, const struct snapshots_config *config)
{
    _Static_assert(SNAPSHOTS_PIN < STATE_PINS_MAX, "a pin of our own");
    _Static_assert(CHECKPOINT_CERT_BYTES_MAX <= SNAPSHOT_CERT_BYTES_MAX, "a certificate fits its place");
    *snapshots = (struct snapshots){ .config = *config, .apply = apply, .reason = "", .lent = SNAPSHOT_SLOTS };
    snapshot_io_take(&snapshots->io, arena, disk, config->segment_bytes);
    state_chunker_init(&snapshots->chunker, arena, config->chunk_bytes_max);
    snapshot_manifest_take(&snapshots->manifest, arena);
    snapshots->sums = arena_take(arena, SNAPSHOT_CHUNKS_MAX, sizeof *snapshots->sums);
    snapshots->io.done = io_done;
    snapshots->io.context = snapshots;
    snapshots->checkpoint_ms = apply->genesis->time_ms;
}

static struct state_store *store_of(const struct snapshots *snapshots) { return ledger_store(snapshots->apply->ledger); }

static void give_up(struct snapshots *snapshots, const char *reason)
{
    ASSERT(snapshots->stage != SNAPSHOTS_IDLE);
    ASSERT(!snapshots->io.busy);
    state_store_unpin(store_of(snapshots), SNAPSHOTS_PIN);
    snapshots->stage = SNAPSHOTS_IDLE;
    snapshots->reason = reason;
    snapshots->save_wanted = false;
    snapshots->counters.failed++;
}

/* --- When ----------------------------------------------------------------------------------------------------------- */

static bool is_due(const struct snapshots *snapshots)
{
    uint64_t state = (uint64_t)state_store_cells(store_of(snapshots)) * STATE_CELL_BYTES;
    uint64_t due = snapshots->config.due_bytes > state ? snapshots->config.due_bytes : state;

    return snapshots->config.due_bytes != 0 && (snapshots->bytes >= due || snapshots->blocks >= snapshots->config.due_blocks);
}

bool snapshots_slot_is_free(const struct snapshots *snapshots, uint32_t slot)
{
    bool named = (snapshots->newest.set && snapshots->newest.slot == slot) || (snapshots->older.set && snapshots->older.slot == slot);
    bool written = (snapshots->stage != SNAPSHOTS_IDLE && snapshots->making.slot == slot) || snapshots->lent == slot;

    ASSERT(slot < SNAPSHOT_SLOTS);
    return !named && !written;
}

uint32_t snapshots_slot_free(const struct snapshots *snapshots)
{
    uint32_t slot = 0;

    while (slot < SNAPSHOT_SLOTS && !snapshots_slot_is_free(snapshots, slot)) {
        slot++;
    }
    return slot;
}

/* mark_newest gives what a snapshot of the newest state is made of. Needs: no block is open. */
static struct snapshots_mark mark_newest(const struct snapshots *snapshots)
{
    struct snapshots_mark mark = { .note = { snapshots->tip, snapshots->bytes, snapshots->blocks, snapshots->checkpoint_ms } };

    archive_pack_begin(&mark.pack, &snapshots->apply->archive);
    return mark;
}

/* mark_views marks a view whose state is the newest one. */
static void mark_views(struct snapshots *snapshots)
{
    const struct views *views = snapshots->config.views;
    bool stands = !snapshots->apply->busy && snapshots->apply->height == snapshots->tip.height; /* C4: the state is that of the tip */

    for (uint32_t i = 0; i < VIEWS_PINS && views != NULL && stands; i++) {
        if (views->slots[i].set && views->slots[i].height == snapshots->tip.height && snapshots->marks[i].note.header.height != snapshots->tip.height) {
            snapshots->marks[i] = mark_newest(snapshots);
        }
    }
}

/* begin begins one of a state that is pinned. */
static void begin(struct snapshots *snapshots, const struct snapshots_mark *mark)
{
    uint32_t slot = snapshots_slot_free(snapshots);
    uint64_t height = mark->note.header.height;

    ASSERT(slot < SNAPSHOT_SLOTS); /* K2: two are named at most, and nothing is written */
    ASSERT(height > 0); /* K1: the genesis has no certificate */
    snapshots->stage = SNAPSHOTS_CERTIFICATE;
    snapshots->making = (struct snapshots_entry){ .set = true, .slot = slot, .height = height };
    snapshots->note = mark->note;
    snapshots->pack = mark->pack;
    snapshots->wished = false;
    snapshots->began_ns = snapshots->config.now_ns(snapshots->config.context);
    snapshots->manifest.height = height;
    snapshots->manifest.chunk_bytes_max = snapshots->config.chunk_bytes_max;
    snapshots->manifest.chunks_count = 0;
}

/* is_wished: somebody wished for one, and enough time has passed since the one before (S4). */
static bool is_wished(const struct snapshots *snapshots)
{
    return snapshots->wished && snapshots->config.now_ns(snapshots->config.context) >= snapshots->rest_ns;
}

void snapshots_executed(struct snapshots *snapshots, const struct block_header *header, size_t body_bytes, bool live)
{
    snapshots->tip = *header;
    snapshots->bytes += body_bytes + SNAPSHOTS_BLOCK_BYTES;
    snapshots->blocks++;
    if (!config_is_checkpoint(&snapshots->apply->genesis->limits, header->height, header->time_ms, snapshots->checkpoint_ms)) {
        return;
    }
    snapshots->checkpoint_ms = header->time_ms;
    bool due = is_due(snapshots);
    if (due) {
        snapshots->bytes = 0;
        snapshots->blocks = 0;
    }
    mark_views(snapshots);
    if (!due && !snapshots->hurried && !is_wished(snapshots)) {
        return;
    }
    snapshots->hurried = false;
    if (live && snapshots->stage == SNAPSHOTS_IDLE && snapshots->lent == SNAPSHOT_SLOTS) {
        struct snapshots_mark mark = mark_newest(snapshots);
        state_store_pin(store_of(snapshots), SNAPSHOTS_PIN);
        begin(snapshots, &mark);
        return;
    }
    snapshots->hurried = true; /* whatever begins is made up for: what lies above the newest snapshot must stay within what members serve */
    if (live) {
        snapshots->counters.missed++;
        snapshots->reason = snapshots->stage == SNAPSHOTS_IDLE ? "one of others is being fetched" : "the one before is still being made";
    }
}

void snapshots_hurry(struct snapshots *snapshots) { snapshots->hurried = snapshots->config.due_bytes != 0; }

void snapshots_wish(struct snapshots *snapshots) { snapshots->wished = snapshots->config.due_bytes != 0; }

/* begin_view begins one of the newest certified state when somebody wished for it. Of a chain that is silent all level members can make that one, whatever they missed of others. What waits for
 * a certificate gives way: of a chain without a quorum it never comes. */
static void begin_view(struct snapshots *snapshots, const struct checkpoint_cert *cert)
{
    struct views *views = snapshots->config.views;
    struct state_store *store = store_of(snapshots);
    uint32_t pin;

    if (views == NULL || cert == NULL || !is_wished(snapshots) || snapshots->apply->busy || snapshots->stage > SNAPSHOTS_CERTIFICATE || snapshots->lent != SNAPSHOT_SLOTS) {
        return;
    }
    views_certify(views, &(struct views_now){ store, ledger_height(snapshots->apply->ledger), ledger_time(snapshots->apply->ledger) }, cert);
    mark_views(snapshots);
    const struct view *view = views_certified(views, store, &pin);
    bool newer = view != NULL && (!snapshots->newest.set || snapshots->newest.height < view->height);
    bool waits = snapshots->stage == SNAPSHOTS_CERTIFICATE;
    if (!newer || (waits && snapshots->making.height == view->height) || view->height != cert->checkpoint.height || snapshots->marks[pin].note.header.height != view->height) {
        return;
    }
    snapshots->hurried = waits; /* it is made up for */
    if (waits) {
        give_up(snapshots, "another was wished for before its checkpoint was certified");
    }
    bool stands = state_store_pin_as(store, SNAPSHOTS_PIN, pin);
    ASSERT(stands);
    begin(snapshots, &snapshots->marks[pin]);
}

void snapshots_certified(struct snapshots *snapshots, const struct checkpoint_cert *cert)
{
    struct hash32 root;
    struct writer writer;

    mark_views(snapshots);
    begin_view(snapshots, cert);
    if (snapshots->stage != SNAPSHOTS_CERTIFICATE || cert == NULL || cert->checkpoint.height < snapshots->making.height) {
        return;
    }
    bool pinned = state_store_pinned(store_of(snapshots), SNAPSHOTS_PIN, &root);
    if (cert->checkpoint.height > snapshots->making.height || !pinned || !hash_equal(&root, &cert->checkpoint.state_root)) {
        give_up(snapshots, "its checkpoint was not certified before the next");
        snapshots->hurried = true;
        return;
    }
    writer_init(&writer, snapshots->cert, sizeof snapshots->cert);
    checkpoint_cert_encode(cert, &writer);
    ASSERT(!writer.failed);
    snapshots->cert_bytes = (uint32_t)writer.offset;
    snapshots->making.checkpoint = cert->checkpoint;
    snapshots->manifest.state_root = root;
    snapshots_note_write(&snapshots->note, &snapshots->manifest);
    snapshots->place = snapshot_place_first();
    state_cursor_init(&snapshots->cursor, bytes_of("", 0), SNAPSHOTS_PIN);
    snapshots->cursor_ended = false;
    state_chunker_begin(&snapshots->chunker);
    snapshots->stage = SNAPSHOTS_ARCHIVE;
    snapshots->resume_ns = 0;
}

/* --- Writing -------------------------------------------------------------------------------------------------------- */

/* run_take gives the next run of a slot. Fails: false when the slot is full. */
static bool run_take(struct snapshots *snapshots, uint32_t bytes, struct snapshot_run *run)
{
    *run = (struct snapshot_run){ .slot = snapshots->making.slot, .place = snapshot_place_take(&snapshots->place, bytes, snapshots->io.part_blocks), .bytes = bytes };
    if (run->place.part >= SNAPSHOT_PARTS_MAX) {
        give_up(snapshots, "it is larger than a slot");
        return false;
    }
    return true;
}

/* chunk_write writes the chunk that lies in the io's buffer. */
static void chunk_write(struct snapshots *snapshots, const struct snapshot_chunk *chunk)
{
    struct snapshot_run run;

    if (snapshots->manifest.chunks_count == SNAPSHOT_CHUNKS_MAX) {
        give_up(snapshots, "it has more chunks than a manifest names");
        return;
    }
    snapshots->sums[snapshots->manifest.chunks_count] = snapshot_sum(bytes_of(snapshots->io.data, chunk->bytes));
    snapshots->manifest.chunks[snapshots->manifest.chunks_count++] = *chunk;
    snapshots->counters.bytes += chunk->bytes;
    if (run_take(snapshots, chunk->bytes, &run)) {
        snapshot_io_write(&snapshots->io, &run);
    }
}

static void archive_step(struct snapshots *snapshots)
{
    struct snapshot_chunk chunk;
    enum err err = archive_pack_next(&snapshots->pack, &snapshots->apply->archive, snapshots->io.data, snapshots->config.chunk_bytes_max, &chunk);

    if (err == ERR_AGAIN) {
        return;
    }
    if (err != ERR_OK) {
        give_up(snapshots, "the archive was overwritten meanwhile: it is too small for this load");
        return;
    }
    if (chunk.items == 0) {
        snapshots->stage = SNAPSHOTS_STATE;
        return;
    }
    enum verdict verdict = snapshot_chunk_hash(chunk.kind, bytes_of(snapshots->io.data, chunk.bytes), &chunk.hash);
    ASSERT(verdict == VERDICT_OK);
    chunk_write(snapshots, &chunk);
}

/* pair_step adds the next pair to the chunks, or ends them. */
static void pair_step(struct snapshots *snapshots)
{
    struct state_entry entry;
    struct hash32 root;

    if (state_cursor_next(store_of(snapshots), &snapshots->cursor, &entry)) {
        state_chunker_add(&snapshots->chunker, entry.key, entry.value);
        return;
    }
    snapshots->cursor_ended = true;
    root = state_chunker_end(&snapshots->chunker);
    snapshots->root_wrong = !hash_equal(&root, &snapshots->manifest.state_root); /* the pin was dropped, or memory is not what it was */
}

static void state_step(struct snapshots *snapshots)
{
    struct state_chunk ready;
    struct bytes bytes;

    if (state_chunker_next(&snapshots->chunker, &ready, &bytes)) {
        struct snapshot_chunk chunk = { .kind = SNAPSHOT_STATE, .bit = ready.bit, .items = ready.pairs, .bytes = ready.bytes, .hash = ready.hash };
        memcpy(snapshots->io.data, bytes.data, bytes.size);
        chunk_write(snapshots, &chunk);
    } else if (!snapshots->cursor_ended) {
        pair_step(snapshots);
    } else if (snapshots->root_wrong) {
        give_up(snapshots, "the pinned state is gone: the store's reserve is too small for this load");
    } else {
        snapshots->stage = SNAPSHOTS_MANIFEST;
    }
}

static void manifest_step(struct snapshots *snapshots)
{
    struct snapshot_run run;
    struct writer writer;

    writer_init(&writer, snapshots->io.data, SNAPSHOT_IO_BYTES);
    snapshot_manifest_encode(&snapshots->manifest, &writer);
    snapshots->making.digest = snapshot_digest(bytes_of(snapshots->io.data, writer.offset));
    snapshots->head = (struct snapshot_head){ .stage = SNAPSHOT_WHOLE, .height = snapshots->making.height, .digest = snapshots->making.digest };
    snapshots->head.manifest_bytes = (uint32_t)writer.offset;
    snapshots->head.cert_bytes = snapshots->cert_bytes;
    snapshots->stage = SNAPSHOTS_CERT;
    if (run_take(snapshots, snapshots->head.manifest_bytes, &run)) {
        snapshots->head.manifest = run.place;
        snapshot_io_write(&snapshots->io, &run);
    }
}

static void cert_step(struct snapshots *snapshots)
{
    struct snapshot_run run;

    memcpy(snapshots->io.data, snapshots->cert, snapshots->cert_bytes);
    snapshots->stage = SNAPSHOTS_HEAD;
    if (run_take(snapshots, snapshots->cert_bytes, &run)) {
        snapshots->head.cert = run.place;
        snapshot_io_write(&snapshots->io, &run);
    }
}

static void head_step(struct snapshots *snapshots)
{
    struct snapshot_run run = { .slot = snapshots->making.slot, .place = { 0, 0 }, .bytes = DISK_BLOCK };

    snapshot_head_encode(&snapshots->head, snapshots->io.data);
    snapshots->stage = SNAPSHOTS_CHECK;
    snapshots->place = snapshot_place_first();
    snapshots->checked = 0;
    snapshot_io_write(&snapshots->io, &run);
}

/* check_step reads the next chunk back, or is through. */
static void check_step(struct snapshots *snapshots)
{
    struct snapshot_run run;

    if (snapshots->checked == snapshots->manifest.chunks_count) {
        state_store_unpin(store_of(snapshots), SNAPSHOTS_PIN);
        snapshots->stage = SNAPSHOTS_INSTALL;
        snapshots->save_wanted = true;
        return;
    }
    if (run_take(snapshots, snapshots->manifest.chunks[snapshots->checked].bytes, &run)) {
        snapshot_io_read(&snapshots->io, &run);
    }
}

static void step(struct snapshots *snapshots)
{
    switch (snapshots->stage) {
    case SNAPSHOTS_ARCHIVE:
        archive_step(snapshots);
        break;
    case SNAPSHOTS_STATE:
        state_step(snapshots);
        break;
    case SNAPSHOTS_MANIFEST:
        manifest_step(snapshots);
        break;
    case SNAPSHOTS_CERT:
        cert_step(snapshots);
        break;
    case SNAPSHOTS_HEAD:
        head_step(snapshots);
        break;
    case SNAPSHOTS_CHECK:
        check_step(snapshots);
        break;
    case SNAPSHOTS_IDLE:
    case SNAPSHOTS_CERTIFICATE:
    case SNAPSHOTS_INSTALL:
        ASSERT(false);
    }
}

static bool is_working(const struct snapshots *snapshots)
{
    bool waits = snapshots->stage == SNAPSHOTS_IDLE || snapshots->stage == SNAPSHOTS_CERTIFICATE || snapshots->stage == SNAPSHOTS_INSTALL;

    return !waits && !snapshots->io.busy;
}

void snapshots_work(struct snapshots *snapshots)
{
    uint64_t begin_ns = snapshots->config.now_ns(snapshots->config.context), now_ns = begin_ns;

    snapshot_io_kick(&snapshots->io);
    if (!is_working(snapshots) || begin_ns < snapshots->resume_ns) {
        return;
    }
    while (is_working(snapshots) && now_ns - begin_ns < SNAPSHOTS_SLICE_NS) { /* bounded by time, and by a request that begins */
        uint32_t steps = 0;
        do {
            step(snapshots);
            steps++;
        } while (steps < 16 && is_working(snapshots) && snapshots->pack.bytes == 0); /* a piece of the archive takes as long as a slice may */
        now_ns = snapshots->config.now_ns(snapshots->config.context);
        if (now_ns == begin_ns) {
            break; /* a clock that stands still while we work is the simulator's */
        }
    }
    snapshots->resume_ns = now_ns + SNAPSHOTS_PAUSE_NS;
    snapshots->counters.slices++;
    snapshots->counters.slice_ns_max = now_ns - begin_ns > snapshots->counters.slice_ns_max ? now_ns - begin_ns : snapshots->counters.slice_ns_max;
}

uint64_t snapshots_deadline_ns(const struct snapshots *snapshots)
{
    return is_working(snapshots) ? snapshots->resume_ns : UINT64_MAX;
}

/* chunk_is_right checks the chunk that was read back. To hash all pairs of 1 MiB again takes longer than a loop may stand still; what is asked is only whether the
 * disk gives what it was given, and whoever takes the snapshot over later checks the hashes. */
static bool chunk_is_right(const struct snapshots *snapshots)
{
    const struct snapshot_chunk *chunk = &snapshots->manifest.chunks[snapshots->checked];

    return snapshot_sum(bytes_of(snapshots->io.data, chunk->bytes)) == snapshots->sums[snapshots->checked];
}

static void io_done(void *context, enum err err)
{
    struct snapshots *snapshots = context;

    if (err != ERR_OK) {
        give_up(snapshots, err == ERR_NO_SPACE ? "the disk is full" : "the disk failed");
        return;
    }
    if (snapshots->stage != SNAPSHOTS_CHECK || snapshots->io.request.offset + snapshots->io.run.place.part == 0) {
        return; /* a write; the next slice goes on */
    }
    if (!chunk_is_right(snapshots)) {
        give_up(snapshots, "what was read back is not what was written");
        return;
    }
    snapshots->checked++;
}

void snapshots_stop(struct snapshots *snapshots)
{
    if (snapshots->stage != SNAPSHOTS_IDLE && snapshots->stage != SNAPSHOTS_INSTALL && !snapshots->io.busy) {
        give_up(snapshots, "the replica stopped");
    }
}

/* --- Installing ----------------------------------------------------------------------------------------------------- */

void snapshots_fill(const struct snapshots *snapshots, struct superblock *next)
{
    const struct snapshots_entry *entry = snapshots->stage == SNAPSHOTS_INSTALL ? &snapshots->making : &snapshots->newest;

    if (!entry->set) {
        return;
    }
    next->checkpoint_height = entry->height;
    next->checkpoint_block = entry->checkpoint.block;
    next->checkpoint_state = entry->checkpoint.state_root;
    next->checkpoint_snapshot = entry->digest;
}

void snapshots_saved(struct snapshots *snapshots, const struct hash32 *digest, enum err err)
{
    if (snapshots->stage != SNAPSHOTS_INSTALL || !hash_equal(digest, &snapshots->making.digest)) {
        return;
    }
    if (err != ERR_OK) {
        give_up(snapshots, "the superblock cannot be written");
        return;
    }
    snapshots->older = snapshots->newest;
    snapshots->making.head = snapshots->head;
    snapshots->newest = snapshots->making;
    uint64_t now_ns = snapshots->config.now_ns(snapshots->config.context);
    snapshots->rest_ns = now_ns + SNAPSHOTS_REST * (now_ns - snapshots->began_ns);
    snapshots->stage = SNAPSHOTS_IDLE;
    snapshots->save_wanted = false;
    snapshots->installed = true;
    snapshots->reason = "";
    snapshots->counters.made++;
}

void snapshots_check(const struct snapshots *snapshots)
{
    const struct snapshots_entry *newest = &snapshots->newest, *older = &snapshots->older;

    snapshot_io_check(&snapshots->io);
    ASSERT(!newest->set || newest->slot < SNAPSHOT_SLOTS);
    ASSERT(!older->set || newest->set); /* K2: the older one stays only beside a newer */
    ASSERT(!older->set || older->slot != newest->slot);
    ASSERT(!older->set || older->height < newest->height);
    ASSERT(!newest->set || newest->checkpoint.height == newest->height); /* K2: of a certified checkpoint */
    ASSERT(snapshots->stage <= SNAPSHOTS_INSTALL);
    ASSERT(snapshots->stage == SNAPSHOTS_IDLE || !newest->set || snapshots->making.slot != newest->slot); /* K2: what is named is not written over */
    ASSERT(snapshots->stage == SNAPSHOTS_IDLE || !older->set || snapshots->making.slot != older->slot);
    ASSERT(snapshots->lent == SNAPSHOT_SLOTS || !newest->set || snapshots->lent != newest->slot); /* K2: nor is it lent */
    ASSERT(snapshots->lent == SNAPSHOT_SLOTS || !older->set || snapshots->lent != older->slot);
    ASSERT(snapshots->stage == SNAPSHOTS_IDLE || snapshots->lent != snapshots->making.slot); /* S3: one writer for a slot */
    ASSERT(!snapshots->io.busy || (snapshots->stage >= SNAPSHOTS_ARCHIVE && snapshots->stage <= SNAPSHOTS_CHECK));
    ASSERT(!snapshots->save_wanted || snapshots->stage == SNAPSHOTS_INSTALL); /* K2: first it is read back */
    ASSERT(snapshots->manifest.chunks_count <= SNAPSHOT_CHUNKS_MAX);
    ASSERT(snapshots->checked <= snapshots->manifest.chunks_count || snapshots->stage != SNAPSHOTS_CHECK);
}
