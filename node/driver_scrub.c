/* driver_scrub.c: reads for node/scrub.h, one request at a time, within the budget, and only behind a write of the log.
 *
 *     segment: header of the next one -> where it ends -> runs of 1 MiB -> looked at; a run that cannot be read is read block by block
 *     snapshot: manifest -> chunk after chunk, each against its hash */
#include "node/driver_priv.h"

#include "base/assert.h"
#include "storage/segment.h"

#include <errno.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

static void found(void *context, const struct recovery_damage *damage)
{
    struct driver *driver = context;
    uint64_t before = driver->repair.counters.found;

    driver_damage(driver, damage);
    driver->scrub.counters.found += driver->repair.counters.found - before;
}

static void io_done(void *context, enum err err)
{
    struct scrub *scrub = &((struct driver *)context)->scrub;

    scrub->ready = true;
    scrub->io_err = err;
}

void driver_scrub_take(struct driver *driver, struct arena *arena, struct disk *disk)
{
    struct scrub *scrub = &driver->scrub;

    *scrub = (struct scrub){ .bytes_per_s = driver->config.retention.scrub_bytes_per_s };
    if (scrub->bytes_per_s == 0) {
        return;
    }
    snapshot_io_take(&scrub->io, arena, disk, driver->config.log.segment_bytes);
    scrub->io.done = io_done;
    scrub->io.context = driver;
    snapshot_manifest_take(&scrub->manifest, arena);
    scrub->walk.damage = found;
    scrub->walk.context = driver;
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

static void read_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct disk_request *request = (struct disk_request *)(void *)((uint8_t *)completion - offsetof(struct disk_request, completion));
    struct scrub *scrub = (struct scrub *)(void *)((uint8_t *)request - offsetof(struct scrub, request));

    (void)flags;
    ASSERT(scrub->busy);
    scrub->busy = false;
    scrub->ready = true;
    scrub->result = result >= 0 && (uint32_t)result < request->bytes ? -EIO : result; /* what was not read is in the buffer from before */
}

/* read_blocks begins to read blocks of a segment to their place in the buffer. Gives: false when the file is not there: the segment went meanwhile. */
static bool read_blocks(struct driver *driver, uint32_t segment, uint32_t block, uint32_t count, uint32_t place)
{
    struct scrub *scrub = &driver->scrub;
    struct disk *disk = driver->log.disk;

    ASSERT(place + count <= SCRUB_READ_BLOCKS);
    scrub->request = (struct disk_request){ .completion = { .done = read_done }, .file = segment, .bytes = count * DISK_BLOCK, .offset = (uint64_t)block * DISK_BLOCK,
        .data = scrub->io.data + (size_t)place * DISK_BLOCK };
    scrub->ready = false;
    scrub->busy = disk->ops->read_start(disk, &scrub->request) == ERR_OK;
    scrub->counters.bytes += scrub->busy ? scrub->request.bytes : 0;
    return scrub->busy;
}

static bool read_segment(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;
    uint32_t left = scrub->walk.segment_blocks - scrub->walk.next;

    scrub->stage = SCRUB_BODY;
    scrub->run_blocks = left < SCRUB_READ_BLOCKS ? left : SCRUB_READ_BLOCKS;
    memset(scrub->unreadable, 0, sizeof scrub->unreadable);
    return read_blocks(driver, scrub->walk.segment, scrub->walk.next, scrub->run_blocks, 0);
}

static bool read_chunk(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;
    uint32_t bytes = scrub->manifest.chunks[scrub->chunk].bytes;
    struct snapshot_run run = { scrub->slot, snapshot_place_take(&scrub->place, bytes, scrub->io.part_blocks), bytes };

    scrub->stage = SCRUB_CHUNK;
    scrub->ready = false;
    scrub->counters.bytes += bytes;
    snapshot_io_read(&scrub->io, &run);
    return true;
}

/* --- What comes next ------------------------------------------------------------------------------------------------ */

/* extent_after gives the oldest segment behind `segment` that counts. NULL: there is none. */
static const struct log_extent *extent_after(const struct driver *driver, uint32_t segment)
{
    const struct segment_log *log = &driver->log;

    for (uint32_t i = 0; i < log->extents_count; i++) {
        const struct log_extent *extent = &log->extents[(log->extents_first + i) % DISK_SEGMENTS_MAX];
        if (extent->segment > segment && extent->segment >= driver->first_segment) {
            return extent;
        }
    }
    return NULL;
}

static bool begin_snapshot(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;
    const struct snapshots_entry *newest = &driver->snapshots.newest;
    struct snapshot_run run = { newest->slot, newest->head.manifest, newest->head.manifest_bytes };

    scrub->after = 0;
    scrub->first = 0;
    scrub->counters.passes++;
    if (!newest->set) {
        return false;
    }
    scrub->stage = SCRUB_MANIFEST;
    scrub->slot = newest->slot;
    scrub->digest = newest->digest;
    scrub->ready = false;
    scrub->counters.bytes += run.bytes;
    snapshot_io_read(&scrub->io, &run);
    return true;
}

/* begin reads where the next sealed segment ends; behind the newest of them comes the snapshot. */
static bool begin(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;
    const struct log_extent *extent = extent_after(driver, scrub->after);
    const struct log_extent *behind = extent == NULL ? NULL : extent_after(driver, extent->segment);

    if (behind == NULL) { /* the newest one is open */
        return begin_snapshot(driver);
    }
    scrub->after = extent->segment;
    scrub->walk.segment = extent->segment;
    scrub->walk.height_max = extent->height_max;
    scrub->stage = SCRUB_BOUND;
    return read_blocks(driver, behind->segment, 0, SEGMENT_HEAD_BLOCKS, 0);
}

/* head_of gives the first batch from two header blocks in the buffer, 0 when neither is whole. */
static uint64_t head_of(const struct scrub *scrub, uint32_t place)
{
    struct segment_head head;

    for (uint32_t i = 0; i < SEGMENT_HEAD_BLOCKS; i++) {
        if (segment_head_decode(scrub->io.data + (size_t)(place + i) * DISK_BLOCK, &head) == ERR_OK) {
            return head.first_batch;
        }
    }
    return 0;
}

/* bound_read knows where the segment ends, unless the header behind it is lost: that is damage of its own, and this segment waits for the next pass. */
static bool bound_read(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;
    uint64_t superseded = scrub->result < 0 ? 0 : head_of(scrub, 0);
    uint64_t first = scrub->first_of == scrub->walk.segment ? scrub->first : 0;

    if (superseded <= first) { /* it cannot be read, or is that of another segment */
        struct recovery_damage damage = { .fate = FATE_ROT, .segment = scrub->request.file };
        found(driver, &damage);
        scrub->first = 0;
        scrub->stage = SCRUB_IDLE;
        return false;
    }
    scrub_walk_begin(&scrub->walk, driver->log.instance, scrub->walk.segment, driver->config.log.segment_bytes, first, superseded);
    scrub->first = superseded;
    scrub->first_of = scrub->request.file;
    return read_segment(driver);
}

/* run_read looks at a run. Gives: true when another read began. */
static bool run_read(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;
    struct scrub_run run = { scrub->walk.next, scrub->run_blocks, scrub->io.data, scrub->unreadable };

    if (scrub_walk_look(&scrub->walk, &run)) {
        scrub->counters.segments++;
        scrub->stage = SCRUB_IDLE;
    }
    return false; /* the next run has its own turn in the budget */
}

/* single_read goes on block by block where a run could not be read. */
static bool single_read(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;

    if (scrub->stage == SCRUB_BODY) {
        scrub->stage = SCRUB_SINGLE;
        scrub->single = 0;
    } else {
        if (scrub->result < 0) {
            scrub->unreadable[scrub->single] = true;
            memset(scrub->io.data + (size_t)scrub->single * DISK_BLOCK, 0, DISK_BLOCK);
        }
        scrub->single++;
    }
    if (scrub->single < scrub->run_blocks) {
        return read_blocks(driver, scrub->walk.segment, scrub->walk.next + scrub->single, 1, scrub->single);
    }
    scrub->stage = SCRUB_BODY;
    return run_read(driver);
}

/* snapshot_is_bad: a new one is made at the next checkpoint block; the one before, and the log above it, stay until then (K2). */
static bool snapshot_is_bad(struct driver *driver)
{
    driver->scrub.counters.snapshots_bad++;
    driver->scrub.stage = SCRUB_IDLE;
    snapshots_hurry(&driver->snapshots);
    return false;
}

static bool is_gone(const struct driver *driver)
{
    const struct snapshots *snapshots = &driver->snapshots;
    const struct hash32 *digest = &driver->scrub.digest;
    bool newest = snapshots->newest.set && hash_equal(&snapshots->newest.digest, digest);

    return !newest && !(snapshots->older.set && hash_equal(&snapshots->older.digest, digest));
}

static bool snapshot_read(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;
    struct bytes bytes = bytes_of(scrub->io.data, scrub->io.run.bytes);
    struct hash32 hash;

    if (is_gone(driver)) {
        scrub->stage = SCRUB_IDLE; /* replaced while it was read */
        return false;
    }
    if (scrub->io_err != ERR_OK) {
        return snapshot_is_bad(driver);
    }
    if (scrub->stage == SCRUB_MANIFEST) {
        hash = snapshot_digest(bytes);
        if (!hash_equal(&hash, &scrub->digest) || snapshot_manifest_decode(&scrub->manifest, bytes) != VERDICT_OK) {
            return snapshot_is_bad(driver);
        }
        scrub->chunk = 0;
        scrub->place = snapshot_place_first();
        scrub->stage = SCRUB_CHUNK;
        return false;
    }
    const struct snapshot_chunk *chunk = &scrub->manifest.chunks[scrub->chunk];
    if (snapshot_chunk_hash(chunk->kind, bytes, &hash) != VERDICT_OK || !hash_equal(&hash, &chunk->hash)) {
        return snapshot_is_bad(driver);
    }
    scrub->chunk++;
    return false;
}

/* answer takes what was read. Gives: true when another read began at once. */
static bool answer(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;

    scrub->ready = false;
    switch (scrub->stage) {
    case SCRUB_BOUND:
        return bound_read(driver);
    case SCRUB_BODY:
        return scrub->result < 0 ? single_read(driver) : run_read(driver);
    case SCRUB_SINGLE:
        return single_read(driver);
    case SCRUB_MANIFEST:
    case SCRUB_CHUNK:
        return snapshot_read(driver);
    case SCRUB_IDLE:
        break;
    }
    ASSERT(scrub->stage == SCRUB_IDLE);
    return false;
}

/* --- When ----------------------------------------------------------------------------------------------------------- */

bool driver_scrub_reads(const struct driver *driver, uint32_t segment)
{
    const struct scrub *scrub = &driver->scrub;

    return scrub->busy && scrub->request.file == segment;
}

bool driver_scrub_is_busy(const struct driver *driver) { return driver->scrub.busy || driver->scrub.io.busy; }

/* may_read: the log wrote since the last read (N5), and a whole read is paid for. */
static bool may_read(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;
    uint64_t now_ns = driver->ports.now(driver->ports.context).mono_ns;
    uint64_t price_ns = SCRUB_READ_BYTES * NS_PER_S / scrub->bytes_per_s;

    if (scrub->batches == driver->log.counters.batches || now_ns < scrub->paid_ns + price_ns) {
        return false;
    }
    scrub->batches = driver->log.counters.batches;
    scrub->paid_ns = now_ns;
    return true;
}

static void go_on(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;

    switch (scrub->stage) {
    case SCRUB_IDLE:
        (void)begin(driver);
        return;
    case SCRUB_BODY:
        if (scrub->walk.segment < driver->first_segment || !read_segment(driver)) {
            scrub->stage = SCRUB_IDLE; /* it went with its segment */
        }
        return;
    case SCRUB_CHUNK:
        if (scrub->chunk == scrub->manifest.chunks_count) {
            scrub->counters.snapshots++;
            scrub->stage = SCRUB_IDLE;
        } else if (!is_gone(driver)) {
            (void)read_chunk(driver);
        } else {
            scrub->stage = SCRUB_IDLE;
        }
        return;
    case SCRUB_BOUND:
    case SCRUB_SINGLE:
    case SCRUB_MANIFEST:
        scrub->stage = SCRUB_IDLE; /* the file went between two reads */
        return;
    }
}

void driver_work_scrub(struct driver *driver)
{
    struct scrub *scrub = &driver->scrub;

    if (scrub->bytes_per_s == 0 || driver_scrub_is_busy(driver) || driver->stopped || driver->drain_wanted) {
        return;
    }
    if (scrub->ready) {
        (void)answer(driver);
    } else if (may_read(driver)) {
        go_on(driver);
    }
}
