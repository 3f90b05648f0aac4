/* log_bed.c: see log_bed.h. */
#include "bench/log_bed.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/file.h"
#include "net/loop_uring.h"
#include "node/memory.h"
#include "storage/segment_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define MIB (1u << 20)

enum { POOL_SEGMENTS = 8, WAIT_S = 60, WINDOW_BYTES = SCAN_WINDOW_BLOCKS_MAX * DISK_BLOCK };

static enum err fail(enum err err, char problem[LOG_BED_PROBLEM_BYTES], const char *what, const char *why)
{
    snprintf(problem, LOG_BED_PROBLEM_BYTES, "%.100s: %.200s", what, why);
    return err;
}

/* --- The log's world ------------------------------------------------------------------------------------------------- */

static uint64_t log_now(void *context)
{
    (void)context;
    return clock_mono_ns();
}

static void log_durable(void *context, uint64_t lsn, uint64_t duration_ns)
{
    struct log_bed *bed = context;

    (void)duration_ns;
    bed->durable_lsn = lsn;
}

static void log_failed(void *context, enum err err)
{
    struct log_bed *bed = context;

    bed->failure = err;
}

static void wake(void *context) { loop_event_signal(context); }

static void finished_fired(struct loop_event *event, uint64_t count)
{
    struct log_bed *bed = (struct log_bed *)(void *)((char *)event - offsetof(struct log_bed, finished));

    (void)count;
    disk_dir_collect(&bed->disk);
}

static enum err turn_until(struct log_bed *bed, uint64_t deadline_ns)
{
    enum err err = loop_turn(bed->loop, deadline_ns);

    return bed->failure != ERR_OK ? bed->failure : err;
}

static enum err turn(struct log_bed *bed) { return turn_until(bed, clock_mono_ns() + WAIT_S * UINT64_C(1000000000)); }

/* --- Opening --------------------------------------------------------------------------------------------------------- */

static enum err take_all(struct log_bed *bed)
{
    struct segment_log_config config = { .segment_bytes = bed->segment_bytes, .queue_batches = 6, .index_entries = 65536, .now_ns = log_now,
        .durable = log_durable, .failed = log_failed, .context = bed };
    struct loop_uring_config loop = loop_uring_config_default();
    enum err err = disk_dir_init(&bed->disk, &bed->arena, &bed->dir, bed->segment_bytes, POOL_SEGMENTS);

    if (err == ERR_OK) {
        bed->loop = loop_uring_take(&bed->arena, &loop);
        segment_log_init(&bed->log, &bed->arena, &bed->disk.disk, &config);
        bed->payload = disk_buffer_take(&bed->arena, MIB / DISK_BLOCK);
    }
    return err;
}

static enum err take_memory(struct log_bed *bed)
{
    arena_init_measure(&bed->arena);
    enum err err = take_all(bed);
    if (err != ERR_OK) {
        return err;
    }
    disk_dir_close(&bed->disk);
    bed->memory_bytes = bed->arena.used;
    bed->memory = mmap(NULL, bed->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bed->memory == MAP_FAILED) {
        bed->memory = NULL;
        return ERR_NO_MEMORY;
    }
    arena_init(&bed->arena, bed->memory, bed->memory_bytes);
    err = take_all(bed);
    struct bytes buffers = segment_log_buffers(&bed->log);
    memory_enlarge_pages(&buffers); /* as the daemon does */
    for (uint32_t i = 0; i < MIB && err == ERR_OK; i++) {
        bed->payload[i] = (uint8_t)(i * 31 + (i >> 8) * 7 + 1);
    }
    return err;
}

static enum err start_disk(struct log_bed *bed, char problem[LOG_BED_PROBLEM_BYTES])
{
    struct loop_uring_problem why = { 0 };
    struct disk_waker waker = { wake, &bed->finished };
    enum err err = loop_uring_open(bed->loop, &why);

    if (err != ERR_OK) {
        return fail(ERR_UNSUPPORTED, problem, "io_uring is refused", why.step == NULL ? err_name(err) : why.step);
    }
    if (loop_event_open(bed->loop, &bed->finished, finished_fired) != ERR_OK) {
        return fail(ERR_IO, problem, "no event", strerror(errno));
    }
    err = disk_dir_start(&bed->disk, disk_queue_uring_open(&bed->queue, loop_ring(bed->loop)), waker);
    bed->running = err == ERR_OK;
    return err == ERR_OK ? ERR_OK : fail(err, problem, "no thread for the disk", err_name(err));
}

enum err log_bed_reserve(struct log_bed *bed)
{
    uint64_t end_ns = clock_mono_ns() + WAIT_S * UINT64_C(1000000000);
    bool full = false, failed = false;

    ASSERT(bed->turn_segments <= POOL_SEGMENTS);
    while (!full && !failed && clock_mono_ns() < end_ns) {
        pthread_mutex_lock(&bed->disk.mutex);
        failed = bed->disk.pool_failed;
        full = bed->disk.pool_count >= bed->turn_segments;
        bed->disk.pool_target = full ? 0 : bed->turn_segments;
        pthread_cond_signal(&bed->disk.work);
        pthread_mutex_unlock(&bed->disk.mutex);
        if (!full) {
            (void)loop_turn(bed->loop, clock_mono_ns() + 20000000u);
        }
    }
    return full ? ERR_OK : failed ? ERR_NO_SPACE : ERR_TIMEOUT;
}

static enum err start_log(struct log_bed *bed, char problem[LOG_BED_PROBLEM_BYTES])
{
    static struct recovery_outcome outcome;

    bed->superblock = (struct superblock){ .segment_bytes = bed->segment_bytes, .first_segment = 1 };
    enum err err = datadir_instance(bed->superblock.instance);
    err = err == ERR_OK ? recovery_run(&bed->log, &bed->superblock, NULL, &outcome) : err;
    err = err == ERR_OK ? log_bed_reserve(bed) : err;
    if (err != ERR_OK) {
        return fail(err, problem, "segments cannot be prepared", err_name(err));
    }
    segment_log_start(&bed->log, bed->superblock.instance, &outcome.position);
    memcpy(bed->log.queue_data, bed->payload, MIB); /* no zeros: a disk may take these for less */
    while (bed->log.preparing && err == ERR_OK) {
        err = turn(bed);
    }
    return err;
}

/* open_raw makes the file beside the log, full of zeros that are on the disk. */
static enum err open_raw(struct log_bed *bed, char problem[LOG_BED_PROBLEM_BYTES])
{
    char path[sizeof bed->directory + 8];
    static _Alignas(DISK_BLOCK) uint8_t zeros[MIB];

    snprintf(path, sizeof path, "%s/raw", bed->directory);
    bed->raw = open(path, O_RDWR | O_CREAT | O_EXCL | O_DIRECT | O_CLOEXEC, 0600);
    bool good = bed->raw >= 0;
    for (uint64_t at = 0; at < bed->raw_bytes && good; at += MIB) {
        good = pwrite(bed->raw, zeros, MIB, (off_t)at) == MIB;
    }
    good = good && fsync(bed->raw) == 0;
    return good ? ERR_OK : fail(errno == ENOSPC ? ERR_NO_SPACE : ERR_IO, problem, path, strerror(errno));
}

enum err log_bed_open(struct log_bed *bed, const struct log_bed_plan *plan, char problem[LOG_BED_PROBLEM_BYTES])
{
    char data[sizeof bed->directory + 8];
    const char *place = plan->place;
    uint64_t segments = plan->turn_bytes / (plan->segment_bytes / 8 * 7) + 2; /* seals and ends that fit no batch take less than an eighth */

    *bed = (struct log_bed){ .raw = -1, .segment_bytes = plan->segment_bytes, .turn_segments = (uint32_t)segments, .raw_bytes = plan->raw_bytes };
    if (segments > POOL_SEGMENTS) {
        return fail(ERR_INVALID, problem, "too small a segment", "a turn would need more of them than a reserve holds");
    }
    snprintf(bed->place, sizeof bed->place, "%s", place);
    snprintf(bed->directory, sizeof bed->directory, "%s/ward-log-XXXXXX", bed->place);
    if (mkdtemp(bed->directory) == NULL) {
        bed->directory[0] = '\0';
        int number = errno;
        return fail(file_err(number), problem, place, strerror(number));
    }
    snprintf(data, sizeof data, "%s/data", bed->directory);
    enum err err = datadir_open(&bed->dir, data, true, false);
    bed->directory_open = err == ERR_OK;
    err = err == ERR_OK ? datadir_format(&bed->dir) : err;
    if (err != ERR_OK) {
        (void)fail(err, problem, place, bed->dir.reason);
    }
    if (err == ERR_OK && (err = take_memory(bed)) != ERR_OK) {
        (void)fail(err, problem, place, err_name(err));
    }
    err = err == ERR_OK ? start_disk(bed, problem) : err;
    err = err == ERR_OK ? start_log(bed, problem) : err;
    err = err == ERR_OK ? open_raw(bed, problem) : err;
    if (err != ERR_OK) {
        log_bed_close(bed);
    }
    return err;
}

/* --- Writing --------------------------------------------------------------------------------------------------------- */

enum err log_bed_append(struct log_bed *bed, uint32_t bytes, bool await)
{
    struct bytes part = bytes_of(bed->payload, bytes);
    struct log_record record = { .kind = RECORD_PAYLOAD, .height = ++bed->heights, .parts = &part, .parts_count = 1 };
    struct capsule capsule = *segment_log_capsule(&bed->log);
    uint64_t lsn = 0;
    enum err err;

    ASSERT(bytes <= MIB);
    memcpy(record.hash.bytes, &bed->heights, sizeof bed->heights);
    while ((err = segment_log_append(&bed->log, &capsule, &record, 1, &lsn)) == ERR_FULL) {
        segment_log_kick(&bed->log);
        err = turn(bed);
        if (err != ERR_OK) {
            return err;
        }
    }
    while (await && err == ERR_OK && bed->durable_lsn < lsn) {
        segment_log_kick(&bed->log);
        err = turn(bed);
    }
    return err;
}

enum err log_bed_flush(struct log_bed *bed)
{
    segment_log_kick(&bed->log);
    return turn_until(bed, 0);
}

enum err log_bed_drain(struct log_bed *bed)
{
    enum err err = ERR_OK;

    while (err == ERR_OK && !segment_log_is_idle(&bed->log)) {
        segment_log_kick(&bed->log);
        err = turn(bed);
    }
    return err;
}

enum err log_bed_raw_write(struct log_bed *bed, uint32_t bytes, uint64_t count, bool anew, struct log_bed_cost *cost)
{
    uint8_t *from = bed->log.queue_data; /* the same pages that batches are written from, while none is */

    ASSERT(bytes <= MIB);
    ASSERT(bytes % DISK_BLOCK == 0);
    ASSERT(segment_log_is_idle(&bed->log));
    *cost = (struct log_bed_cost){ 0 };
    for (uint64_t i = 0; i < count; i++) {
        struct iovec part = { from, bytes };
        bed->raw_at = bed->raw_at + bytes > bed->raw_bytes ? 0 : bed->raw_at;
        if (anew) {
            memcpy(from, bed->payload, bytes);
        }
        uint64_t begin_ns = clock_mono_ns(), cpu_ns = clock_process_cpu_ns();
        ssize_t written = pwritev2(bed->raw, &part, 1, (off_t)bed->raw_at, RWF_DSYNC);
        cost->cpu_ns += clock_process_cpu_ns() - cpu_ns;
        cost->wall_ns += clock_mono_ns() - begin_ns;
        if (written != (ssize_t)bytes) {
            return ERR_IO;
        }
        bed->raw_at += bytes;
    }
    return ERR_OK;
}

/* --- Reading --------------------------------------------------------------------------------------------------------- */

/* read_through reads one file to its end. Gives: the bytes that were read, added to *bytes. */
static enum err read_through(const char *path, void *window, uint64_t *bytes)
{
    int file = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
    ssize_t got = file >= 0 ? 1 : -1;

    while (got > 0) {
        got = read(file, window, WINDOW_BYTES);
        *bytes += got > 0 ? (uint64_t)got : 0;
    }
    if (file >= 0) {
        close(file);
    }
    return got == 0 ? ERR_OK : ERR_IO;
}

enum err log_bed_raw_read(struct log_bed *bed, uint64_t *bytes)
{
    char pattern[sizeof bed->directory + 16];
    glob_t found = { 0 };
    void *window = mmap(NULL, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    enum err err = window == MAP_FAILED ? ERR_NO_MEMORY : ERR_OK;

    *bytes = 0;
    snprintf(pattern, sizeof pattern, "%s/data/log/*.seg", bed->directory);
    err = err == ERR_OK && glob(pattern, 0, NULL, &found) != 0 ? ERR_NOT_FOUND : err;
    if (err == ERR_OK) { /* as a start does: the newest is looked through for what it proves, before all are read in their order */
        err = read_through(found.gl_pathv[found.gl_pathc - 1], window, bytes);
    }
    for (size_t i = 0; i < found.gl_pathc && err == ERR_OK; i++) {
        err = read_through(found.gl_pathv[i], window, bytes);
    }
    globfree(&found);
    if (window != MAP_FAILED) {
        munmap(window, WINDOW_BYTES);
    }
    return err;
}

void log_bed_stop(struct log_bed *bed)
{
    if (bed->running) {
        disk_dir_close(&bed->disk);
        bed->running = false;
        bed->loop->ops->close(bed->loop);
    }
}

enum err log_bed_renew(struct log_bed *bed)
{
    ASSERT(!bed->running);
    memset(bed->memory, 0, bed->memory_bytes);
    arena_init(&bed->arena, bed->memory, bed->memory_bytes);
    return take_all(bed);
}

enum err log_bed_recover(struct log_bed *bed, struct recovery_outcome *outcome)
{
    ASSERT(!bed->running);
    enum err err = recovery_run(&bed->log, &bed->superblock, NULL, outcome);
    disk_dir_close(&bed->disk);
    return err;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

void log_bed_close(struct log_bed *bed)
{
    log_bed_stop(bed);
    if (bed->raw >= 0) {
        close(bed->raw);
    }
    if (bed->directory_open) {
        datadir_close(&bed->dir);
    }
    if (bed->memory != NULL) {
        munmap(bed->memory, bed->memory_bytes);
    }
    if (bed->directory[0] != '\0') {
        nftw(bed->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
}
