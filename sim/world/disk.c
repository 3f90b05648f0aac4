/* disk.c: see disk.h. Invariant: what lies in `files` is the medium; a pending write touches it only when it completes or is cut. */
#include "sim/world/disk.h"

#include "base/assert.h"
#include "sim/world/choice.h"
#include "sim/world/xxh.h"
#include "storage/format.h"

#include <errno.h>
#include <string.h>

#define MILLION 1000000u

enum operation { OPERATION_READ, OPERATION_WRITE, OPERATION_PREPARE };

/* --- Chance --------------------------------------------------------------------------------------------------------- */

/* The draw that belongs to a name and its coordinates, whatever else was drawn before. */
static uint64_t draw(const struct sim_disk *disk, const char *name, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t bytes[5] = { XXH3_64bits(name, strlen(name)), disk->config.replica, a, b, c };
    struct choice_made made = { .topic = CHOICE_OF_DISK, .value = XXH3_64bits_withSeed(bytes, sizeof bytes, disk->config.seed) };

    made.at[0] = disk->config.seed;
    memcpy(made.at + 1, bytes, sizeof bytes);
    return choice_settle(&made);
}

static bool happens(const struct sim_disk *disk, uint32_t rate, const char *name, uint64_t a, uint64_t b, uint64_t c)
{
    ASSERT(rate <= MILLION);
    return rate > 0 && draw(disk, name, a, b, c) % MILLION < rate;
}

/* --- The medium ----------------------------------------------------------------------------------------------------- */

static struct sim_disk_file *file_find(struct sim_disk *disk, uint32_t number)
{
    for (uint32_t i = 0; i <= disk->config.segments_max; i++) {
        struct sim_disk_file *file = &disk->files[i];
        if (file->exists && file->number == number && (i == 0) == (number == DISK_SUPERBLOCK)) {
            return file;
        }
    }
    return NULL;
}

static uint64_t file_bytes(const struct sim_disk *disk, uint32_t number)
{
    return number == DISK_SUPERBLOCK ? SUPERBLOCK_COPIES * DISK_BLOCK : disk->config.segment_bytes;
}

static void limbo_clear(struct sim_disk *disk) { disk->limbo.bytes = 0; }

/* raise_top tells that something may stand up to `end`. What lies beyond need not be cleared, nor even be touched by a read. */
static void raise_top(struct sim_disk_file *file, uint64_t end)
{
    file->top = end > file->top ? (uint32_t)end : file->top;
}

/* Puts whole sectors on the medium; a block that was written can be read again. */
static void medium_write(struct sim_disk_file *file, uint64_t offset, const uint8_t *data, uint32_t bytes)
{
    ASSERT(offset % DISK_SECTOR == 0);
    ASSERT(bytes % DISK_SECTOR == 0);
    memcpy(file->data + offset, data, bytes);
    raise_top(file, offset + bytes);
    for (uint64_t at = offset; at < offset + bytes; at += DISK_SECTOR) {
        uint8_t *state = &file->unreadable[at / DISK_BLOCK];
        *state = *state == BLOCK_RUINED ? BLOCK_RUINED : 0;
    }
}

static enum sector_fate old_or_new(const struct sim_disk *disk, uint32_t file, uint32_t sector, uint64_t number)
{
    return draw(disk, "crash/new", file, number, sector) % 2 == 0 ? SECTOR_OLD : SECTOR_NEW;
}

static enum sector_fate draw_fate(const struct sim_disk *disk, uint32_t file, uint64_t offset, uint32_t sector, uint64_t number)
{
    const struct sim_disk_faults *faults = &disk->config.faults;

    if (disk->crash_script != NULL) {
        enum sector_fate fate = disk->crash_script(disk->crash_context, file, offset, sector);
        if (fate != SECTOR_FATE_COUNT) {
            return fate;
        }
    }
    uint64_t roll = draw(disk, "crash/fate", file, number, sector) % MILLION;
    if (roll < faults->crash_zero) {
        return SECTOR_ZERO;
    }
    roll -= faults->crash_zero;
    if (roll < faults->crash_garbage) {
        return SECTOR_GARBAGE;
    }
    roll -= faults->crash_garbage;
    if (roll < faults->crash_other) {
        return SECTOR_OTHER;
    }
    return old_or_new(disk, file, sector, number);
}

/* is_head: where the head of a batch stands: the first sector of a write to a segment, behind the header in the write that opens one. */
static bool is_head(uint32_t file, uint64_t offset, uint32_t sector)
{
    uint32_t first = offset == 0 ? SEGMENT_HEAD_BLOCKS * DISK_SECTORS_PER_BLOCK : 0;

    return file != DISK_SUPERBLOCK && file < DISK_SNAPSHOT_FIRST && sector == first;
}

static enum sector_fate fate_of(struct sim_disk *disk, uint32_t file, uint64_t offset, uint32_t sector, uint64_t number)
{
    enum sector_fate fate = draw_fate(disk, file, offset, sector, number);
    bool torn = is_head(file, offset, sector) && (fate == SECTOR_GARBAGE || fate == SECTOR_OTHER);

    if (torn && disk->heads_spared) {
        return old_or_new(disk, file, sector, number);
    }
    disk->heads_torn += torn;
    return fate;
}

static void garbage_make(const struct sim_disk *disk, uint8_t *out, uint64_t a, uint64_t b)
{
    for (uint32_t i = 0; i < DISK_SECTOR / 8; i++) {
        uint64_t word = draw(disk, "garbage", a, b, i);
        memcpy(out + (size_t)i * 8, &word, 8);
    }
}

/* Decides each sector of a write that a crash cut: `old` and `new` are its content before and after. */
static void write_cut(struct sim_disk *disk, struct sim_disk_file *file, uint64_t offset, const uint8_t *old, const uint8_t *new, uint32_t bytes,
                      uint64_t number)
{
    uint8_t sector[DISK_SECTOR];
    uint32_t sectors = bytes / DISK_SECTOR;

    for (uint32_t i = 0; i < sectors; i++) {
        uint32_t other = (uint32_t)(draw(disk, "crash/other", file->number, number, i) % sectors);
        switch (fate_of(disk, file->number, offset, i, number)) {
        case SECTOR_OLD: memcpy(sector, old + (size_t)i * DISK_SECTOR, DISK_SECTOR); break;
        case SECTOR_NEW: memcpy(sector, new + (size_t)i * DISK_SECTOR, DISK_SECTOR); break;
        case SECTOR_ZERO: memset(sector, 0, DISK_SECTOR); break;
        case SECTOR_GARBAGE: garbage_make(disk, sector, number, i); break;
        case SECTOR_OTHER: memcpy(sector, new + (size_t)other * DISK_SECTOR, DISK_SECTOR); break;
        case SECTOR_FATE_COUNT: ASSERT(i == sectors); break;
        }
        medium_write(file, offset + (uint64_t)i * DISK_SECTOR, sector, DISK_SECTOR);
    }
}

/* --- Requests ------------------------------------------------------------------------------------------------------- */

static enum err request_start(struct sim_disk *disk, struct disk_request *request, enum operation operation)
{
    const struct sim_disk_faults *faults = &disk->config.faults;
    uint64_t spread = faults->delay_ns_max > faults->delay_ns_min ? faults->delay_ns_max - faults->delay_ns_min : 0;

    for (uint32_t i = 0; i < DISK_REQUESTS_MAX; i++) {
        struct sim_disk_pending *pending = &disk->pending[i];
        if (pending->request == NULL) {
            disk->requests++;
            *pending = (struct sim_disk_pending){ .request = request, .operation = (uint8_t)operation, .number = disk->requests };
            pending->due_ns = disk->now_ns + faults->delay_ns_min + (spread > 0 ? draw(disk, "delay", disk->requests, 0, 0) % (spread + 1) : 0);
            return ERR_OK;
        }
    }
    ASSERT(disk->requests == UINT64_MAX); /* more requests at once than the interface allows */
    return ERR_FULL;
}

static struct disk_counters *counters(struct sim_disk *disk) { return &disk->disk.counters; }

static void request_check(struct sim_disk *disk, const struct disk_request *request)
{
    ASSERT(request->offset % DISK_BLOCK == 0);
    ASSERT(request->bytes % DISK_BLOCK == 0);
    ASSERT(request->bytes > 0);
    ASSERT((uintptr_t)request->data % DISK_BLOCK == 0);
    ASSERT(request->offset + request->bytes <= file_bytes(disk, request->file));
}

static void limbo_keep(struct sim_disk *disk, const struct sim_disk_file *file, const struct disk_request *request, uint64_t number)
{
    ASSERT(request->bytes <= disk->config.segment_bytes);
    disk->limbo = (struct sim_disk_limbo){ .file = file->number, .bytes = request->bytes, .offset = request->offset, .number = number, .old = disk->limbo.old, .new = disk->limbo.new };
    memcpy(disk->limbo.old, file->data + request->offset, request->bytes);
}

/* goes_astray tells whether a write of the log lands one block away because somebody wants it to. */
static bool goes_astray(struct sim_disk *disk, const struct disk_request *request)
{
    bool fits = request->offset + request->bytes + DISK_BLOCK <= file_bytes(disk, request->file);

    if (disk->astray.writes_next == 0 || request->file == DISK_SUPERBLOCK || request->file >= DISK_SNAPSHOT_FIRST || !fits) {
        return false;
    }
    disk->astray.writes_next--;
    disk->astray.writes++;
    return true;
}

/* The end of a write. Gives: what the kernel would. The buffer is read now and not before. */
static int32_t write_complete(struct sim_disk *disk, const struct disk_request *request, uint64_t number)
{
    const struct sim_disk_faults *faults = &disk->config.faults;
    struct sim_disk_file *file = file_find(disk, request->file);
    uint32_t sectors = request->bytes / DISK_SECTOR;
    uint32_t part = (uint32_t)(draw(disk, "write/part", number, 0, 0) % sectors) * DISK_SECTOR;

    ASSERT(file != NULL);
    if (happens(disk, faults->write_error, "write/error", number, 0, 0)) {
        medium_write(file, request->offset, request->data, part);
        return -EIO;
    }
    if (happens(disk, faults->short_write, "write/short", number, 0, 0)) {
        medium_write(file, request->offset, request->data, part);
        return (int32_t)part;
    }
    uint64_t offset = request->offset;
    if (happens(disk, faults->misdirected_write, "write/misdirected", number, 0, 0) && offset + request->bytes + DISK_BLOCK <= file_bytes(disk, request->file)) {
        offset += DISK_BLOCK;
    } else if (goes_astray(disk, request)) {
        offset += DISK_BLOCK;
    }
    limbo_clear(disk); /* a later flush makes the earlier write true as well */
    if (happens(disk, faults->lost_flush, "write/lost_flush", number, 0, 0)) {
        limbo_keep(disk, file, request, number);
    }
    medium_write(file, offset, request->data, request->bytes);
    return (int32_t)request->bytes;
}

static int32_t prepare_complete(struct sim_disk *disk, const struct disk_request *request, uint64_t number)
{
    if (happens(disk, disk->config.faults.full, "prepare/full", number, 0, 0)) {
        return -ENOSPC;
    }
    if (file_find(disk, request->file) != NULL) {
        return -EEXIST;
    }
    for (uint32_t i = 1; i <= disk->config.segments_max; i++) {
        struct sim_disk_file *file = &disk->files[i];
        if (!file->exists) {
            memset(file->data, 0, file->top);
            memset(file->unreadable, 0, disk->config.segment_bytes / DISK_BLOCK);
            file->top = 0;
            file->exists = true;
            file->number = request->file;
            counters(disk)->segments_prepared++;
            return 0;
        }
    }
    return -ENOSPC;
}

static void read_rot(struct sim_disk *disk, struct sim_disk_file *file, uint64_t offset, size_t bytes)
{
    const struct sim_disk_faults *faults = &disk->config.faults;

    for (uint64_t at = offset; at < offset + bytes && (faults->rot > 0 || faults->unreadable > 0); at += DISK_SECTOR) {
        uint64_t sector = at / DISK_SECTOR;
        if (happens(disk, faults->rot, "read/rot", file->number, sector, file->reads)) {
            uint64_t bit = draw(disk, "read/rot/bit", file->number, sector, file->reads) % (DISK_SECTOR * 8);
            file->data[at + bit / 8] ^= (uint8_t)(1u << bit % 8);
            raise_top(file, at + DISK_SECTOR);
        }
        if (at % DISK_BLOCK == 0 && happens(disk, faults->unreadable, "read/unreadable", file->number, sector, file->reads)) {
            file->unreadable[at / DISK_BLOCK] = BLOCK_BROKEN;
        }
    }
}

static enum err medium_read(struct sim_disk *disk, uint32_t number, uint64_t offset, void *data, size_t bytes)
{
    struct sim_disk_file *file = file_find(disk, number);

    if (file == NULL) {
        return ERR_NOT_FOUND;
    }
    file->reads++;
    counters(disk)->reads++;
    counters(disk)->bytes_read += bytes;
    read_rot(disk, file, offset, bytes);
    if (happens(disk, disk->config.faults.misdirected_read, "read/misdirected", number, offset, file->reads) &&
        offset + bytes + DISK_BLOCK <= file_bytes(disk, number)) {
        offset += DISK_BLOCK;
    }
    for (uint64_t block = offset / DISK_BLOCK; block < (offset + bytes) / DISK_BLOCK; block++) {
        if (file->unreadable[block] != 0) {
            return ERR_IO;
        }
    }
    size_t written = offset >= file->top ? 0 : file->top - offset < bytes ? file->top - (size_t)offset : bytes;
    memcpy(data, file->data + offset, written);
    memset((uint8_t *)data + written, 0, bytes - written);
    return ERR_OK;
}

/* read_complete gives what a read of a running process gives, from a block too far when somebody wants that. */
static int32_t read_complete(struct sim_disk *disk, const struct disk_request *request)
{
    bool astray = disk->astray.reads_next > 0 && request->offset + request->bytes + DISK_BLOCK <= file_bytes(disk, request->file);

    disk->astray.reads_next -= astray ? 1 : 0;
    disk->astray.reads += astray ? 1 : 0;
    return medium_read(disk, request->file, request->offset + (astray ? DISK_BLOCK : 0), request->data, request->bytes) == ERR_OK ? (int32_t)request->bytes : -EIO;
}

static int32_t request_complete(struct sim_disk *disk, const struct sim_disk_pending *pending)
{
    struct disk_request *request = pending->request;
    int32_t result = 0;

    switch ((enum operation)pending->operation) {
    case OPERATION_READ:
        result = read_complete(disk, request);
        break;
    case OPERATION_WRITE:
        result = write_complete(disk, request, pending->number);
        break;
    case OPERATION_PREPARE:
        result = prepare_complete(disk, request, pending->number);
        break;
    }
    return result;
}

/* --- The interface -------------------------------------------------------------------------------------------------- */

static struct sim_disk *sim_of(struct disk *disk) { return (struct sim_disk *)(void *)disk; }

static enum err disk_segments(struct disk *base, uint32_t *numbers, size_t capacity, size_t *count)
{
    struct sim_disk *disk = sim_of(base);

    *count = 0;
    for (uint32_t i = 1; i <= disk->config.segments_max; i++) {
        if (!disk->files[i].exists || disk->files[i].number >= DISK_SNAPSHOT_FIRST) {
            continue;
        }
        if (*count == capacity) {
            return ERR_FULL;
        }
        size_t at = *count; /* insertion keeps the order */
        for (; at > 0 && numbers[at - 1] > disk->files[i].number; at--) {
            numbers[at] = numbers[at - 1];
        }
        numbers[at] = disk->files[i].number;
        *count += 1;
    }
    return ERR_OK;
}

static enum err disk_settle(struct disk *base, uint32_t number) { return file_find(sim_of(base), number) == NULL ? ERR_NOT_FOUND : ERR_OK; }

static enum err disk_size_bytes(struct disk *base, uint32_t number, uint64_t *bytes)
{
    *bytes = file_bytes(sim_of(base), number);
    return file_find(sim_of(base), number) == NULL ? ERR_NOT_FOUND : ERR_OK;
}

static enum err disk_read(struct disk *base, uint32_t number, uint64_t offset, void *data, size_t bytes)
{
    ASSERT(offset % DISK_BLOCK == 0);
    ASSERT(bytes % DISK_BLOCK == 0);
    ASSERT(offset + bytes <= file_bytes(sim_of(base), number));
    return medium_read(sim_of(base), number, offset, data, bytes);
}

static enum err disk_read_start(struct disk *base, struct disk_request *request)
{
    request_check(sim_of(base), request);
    return file_find(sim_of(base), request->file) == NULL ? ERR_NOT_FOUND : request_start(sim_of(base), request, OPERATION_READ);
}

static enum err disk_write_start(struct disk *base, struct disk_request *request)
{
    struct sim_disk *disk = sim_of(base);

    request_check(disk, request);
    if (file_find(disk, request->file) == NULL) {
        return ERR_NOT_FOUND;
    }
    counters(disk)->writes++;
    counters(disk)->flushes++;
    counters(disk)->bytes_written += request->bytes;
    return request_start(disk, request, OPERATION_WRITE);
}

static enum err disk_prepare(struct disk *base, struct disk_request *request)
{
    struct sim_disk *disk = sim_of(base);

    ASSERT(request->file >= 1);
    for (uint32_t i = 0; i < DISK_REQUESTS_MAX; i++) {
        if (disk->pending[i].request != NULL && disk->pending[i].operation == OPERATION_PREPARE) {
            return ERR_AGAIN;
        }
    }
    return request_start(disk, request, OPERATION_PREPARE);
}

static enum err disk_discard(struct disk *base, uint32_t segment)
{
    struct sim_disk_file *file = file_find(sim_of(base), segment);

    ASSERT(segment >= 1);
    if (file == NULL) {
        return ERR_NOT_FOUND;
    }
    file->exists = false;
    return ERR_OK;
}

/* Retiring is over at once here; between two looks of its owner that makes no difference. */
static enum err disk_retire(struct disk *base, uint32_t segment)
{
    ASSERT(segment < DISK_SNAPSHOT_FIRST);
    for (uint32_t i = 0; i < DISK_REQUESTS_MAX; i++) { /* A real one may be filled with zeros, or be another segment, before that request is carried out. */
        ASSERT(sim_of(base)->pending[i].request == NULL || sim_of(base)->pending[i].request->file != segment);
    }
    return disk_discard(base, segment);
}

static const struct disk_ops operations = {
    .segments = disk_segments,
    .settle = disk_settle,
    .size_bytes = disk_size_bytes,
    .read = disk_read,
    .read_start = disk_read_start,
    .write_start = disk_write_start,
    .prepare = disk_prepare,
    .retire = disk_retire,
    .discard = disk_discard,
};

void sim_disk_init(struct sim_disk *disk, struct arena *arena, const struct sim_disk_config *config)
{
    uint32_t blocks = config->segment_bytes / DISK_BLOCK;

    ASSERT(config->segment_bytes % DISK_BLOCK == 0);
    ASSERT(blocks >= SUPERBLOCK_COPIES);
    ASSERT(config->segments_max >= 1);
    *disk = (struct sim_disk){ .disk = { .ops = &operations }, .config = *config };
    disk->files = arena_take(arena, config->segments_max + 1u, sizeof *disk->files);
    uint8_t *data = disk_buffer_take(arena, (size_t)blocks * (config->segments_max + 1u));
    uint8_t *unreadable = arena_take(arena, config->segments_max + 1u, blocks);
    disk->limbo.old = disk_buffer_take(arena, blocks);
    disk->limbo.new = disk_buffer_take(arena, blocks);
    for (uint32_t i = 0; disk->files != NULL && i <= config->segments_max; i++) {
        disk->files[i] = (struct sim_disk_file){ .data = data + (size_t)i * config->segment_bytes, .unreadable = unreadable + (size_t)i * blocks,
            .top = config->memory_is_new ? 0 : config->segment_bytes };
        disk->files[i].exists = i == 0;
    }
}

uint64_t sim_disk_due(const struct sim_disk *disk)
{
    uint64_t due = UINT64_MAX;

    for (uint32_t i = 0; i < DISK_REQUESTS_MAX; i++) {
        if (disk->pending[i].request != NULL && disk->pending[i].due_ns < due) {
            due = disk->pending[i].due_ns;
        }
    }
    return due;
}

uint32_t sim_disk_writing(const struct sim_disk *disk, uint32_t file)
{
    uint32_t blocks = 0;

    for (uint32_t i = 0; i < DISK_REQUESTS_MAX; i++) {
        const struct disk_request *request = disk->pending[i].request;
        bool writes = request != NULL && disk->pending[i].operation == OPERATION_WRITE && request->file == file;
        for (uint64_t block = writes ? request->offset / DISK_BLOCK : 32; block < 32 && block * DISK_BLOCK < request->offset + request->bytes; block++) {
            blocks |= UINT32_C(1) << block;
        }
    }
    return blocks;
}

/* The next of the requests up to `last` that is due: earliest first, then first asked. */
static struct sim_disk_pending *due_find(struct sim_disk *disk, uint64_t last)
{
    struct sim_disk_pending *best = NULL;

    for (uint32_t i = 0; i < DISK_REQUESTS_MAX; i++) {
        struct sim_disk_pending *pending = &disk->pending[i];
        if (pending->request == NULL || pending->due_ns > disk->now_ns || pending->number > last) {
            continue;
        }
        if (best == NULL || pending->due_ns < best->due_ns || (pending->due_ns == best->due_ns && pending->number < best->number)) {
            best = pending;
        }
    }
    return best;
}

void sim_disk_step(struct sim_disk *disk, uint64_t now_ns)
{
    uint64_t last = disk->requests;

    ASSERT(now_ns >= disk->now_ns);
    disk->now_ns = now_ns;
    for (uint32_t i = 0; i < DISK_REQUESTS_MAX; i++) {
        struct sim_disk_pending *slot = due_find(disk, last);
        if (slot == NULL) {
            return;
        }
        struct sim_disk_pending pending = *slot;
        slot->request = NULL;
        int32_t result = request_complete(disk, &pending);
        pending.request->completion.done(&pending.request->completion, result, 0);
    }
}

static void limbo_crash(struct sim_disk *disk)
{
    struct sim_disk_limbo limbo = disk->limbo;
    struct sim_disk_file *file = limbo.bytes == 0 ? NULL : file_find(disk, limbo.file);

    limbo_clear(disk);
    if (file != NULL) {
        memcpy(limbo.new, file->data + limbo.offset, limbo.bytes);
        write_cut(disk, file, limbo.offset, limbo.old, limbo.new, limbo.bytes, limbo.number);
    }
}

void sim_disk_crash(struct sim_disk *disk)
{
    disk->crashes++;
    limbo_crash(disk);
    for (uint32_t i = 0; i < DISK_REQUESTS_MAX; i++) {
        struct sim_disk_pending *pending = &disk->pending[i];
        struct disk_request *request = pending->request;
        pending->request = NULL;
        if (request == NULL || pending->operation == OPERATION_READ) {
            continue;
        }
        if (pending->operation == OPERATION_PREPARE) { /* the name was made or not, nothing between */
            if (draw(disk, "crash/prepare", pending->number, 0, 0) % 2 == 0) {
                (void)prepare_complete(disk, request, pending->number);
            }
            continue;
        }
        struct sim_disk_file *file = file_find(disk, request->file);
        ASSERT(file != NULL);
        memcpy(disk->limbo.old, file->data + request->offset, request->bytes);
        write_cut(disk, file, request->offset, disk->limbo.old, request->data, request->bytes, pending->number);
    }
}

void sim_disk_kill(struct sim_disk *disk)
{
    for (uint32_t i = 0; i < DISK_REQUESTS_MAX; i++) {
        struct sim_disk_pending pending = disk->pending[i];
        disk->pending[i].request = NULL;
        if (pending.request != NULL) {
            (void)request_complete(disk, &pending);
        }
    }
}

static void spoil_block(struct sim_disk *disk, uint32_t number, uint64_t offset, uint8_t state)
{
    struct sim_disk_file *file = file_find(disk, number);

    ASSERT(file != NULL);
    ASSERT(offset % DISK_BLOCK == 0);
    ASSERT(offset < file_bytes(disk, number));
    file->unreadable[offset / DISK_BLOCK] = state;
}

void sim_disk_break(struct sim_disk *disk, uint32_t file, uint64_t offset) { spoil_block(disk, file, offset, BLOCK_BROKEN); }

void sim_disk_ruin(struct sim_disk *disk, uint32_t file, uint64_t offset) { spoil_block(disk, file, offset, BLOCK_RUINED); }

uint8_t *sim_disk_sector(struct sim_disk *disk, uint32_t number, uint64_t offset)
{
    struct sim_disk_file *file = file_find(disk, number);

    ASSERT(offset % DISK_SECTOR == 0);
    ASSERT(offset < file_bytes(disk, number));
    if (file == NULL) {
        return NULL;
    }
    raise_top(file, offset + DISK_SECTOR);
    return file->data + offset;
}
