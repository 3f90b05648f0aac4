/* snapshot_io.c: see snapshot_io.h. Invariant: busy from the beginning of a request until just before its done. */
#include "storage/snapshot_io.h"

#include "base/assert.h"

#include <stddef.h>
#include <string.h>

static void request_done(struct completion *completion, int32_t result, uint32_t flags);
static void prepare_done(struct completion *completion, int32_t result, uint32_t flags);

void snapshot_io_take(struct snapshot_io *io, struct arena *arena, struct disk *disk, uint32_t segment_bytes)
{
    ASSERT(segment_bytes % DISK_BLOCK == 0);
    *io = (struct snapshot_io){ .disk = disk, .part_blocks = segment_bytes / DISK_BLOCK };
    io->data = disk_buffer_take(arena, SNAPSHOT_IO_BYTES / DISK_BLOCK);
}

static uint32_t blocks_of(uint32_t bytes) { return (bytes + DISK_BLOCK - 1) / DISK_BLOCK; }

static void finish(struct snapshot_io *io, enum err err)
{
    ASSERT(io->busy);
    io->busy = false;
    io->preparing = false;
    io->wants_prepare = false;
    io->done(io->context, err);
}

static void run_begin(struct snapshot_io *io, const struct snapshot_run *run)
{
    ASSERT(!io->busy);
    ASSERT(io->done != NULL);
    ASSERT(run->bytes >= 1);
    ASSERT(run->bytes <= SNAPSHOT_IO_BYTES);
    ASSERT(run->place.block + blocks_of(run->bytes) <= io->part_blocks);
    io->busy = true;
    io->run = *run;
    io->request = (struct disk_request){
        .completion = { .done = request_done },
        .file = snapshot_file(run->slot, run->place.part),
        .bytes = blocks_of(run->bytes) * DISK_BLOCK,
        .offset = (uint64_t)run->place.block * DISK_BLOCK,
        .data = io->data,
    };
}

static void prepare_begin(struct snapshot_io *io)
{
    ASSERT(io->busy);
    io->prepare = (struct disk_request){ .completion = { .done = prepare_done }, .file = io->request.file };
    enum err err = io->disk->ops->prepare(io->disk, &io->prepare);
    io->preparing = err == ERR_OK;
    io->wants_prepare = err == ERR_AGAIN;
    if (err != ERR_OK && err != ERR_AGAIN) {
        finish(io, err);
    }
}

static void write_begin(struct snapshot_io *io)
{
    enum err err = io->disk->ops->write_start(io->disk, &io->request);

    ASSERT(io->busy);
    if (err == ERR_NOT_FOUND && !io->preparing) {
        prepare_begin(io);
    } else if (err != ERR_OK) {
        finish(io, err);
    }
}

static void prepare_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct snapshot_io *io = (struct snapshot_io *)(void *)((uint8_t *)completion - offsetof(struct snapshot_io, prepare.completion));

    (void)flags;
    ASSERT(io->preparing);
    ASSERT(io->busy);
    if (result != 0) {
        finish(io, disk_is_full(result) ? ERR_NO_SPACE : ERR_IO);
        return;
    }
    write_begin(io); /* still `preparing`: a file that is missing now is a failure */
}

static void request_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct snapshot_io *io = (struct snapshot_io *)(void *)((uint8_t *)completion - offsetof(struct snapshot_io, request.completion));
    bool whole = result >= 0 && (uint32_t)result == io->request.bytes;

    (void)flags;
    ASSERT(io->busy);
    ASSERT(result <= 0 || (uint32_t)result <= io->request.bytes); /* no more than was asked for */
    finish(io, whole ? ERR_OK : disk_is_full(result) ? ERR_NO_SPACE : ERR_IO);
}

void snapshot_io_write(struct snapshot_io *io, const struct snapshot_run *run)
{
    run_begin(io, run);
    memset(io->data + run->bytes, 0, io->request.bytes - run->bytes);
    write_begin(io);
}

void snapshot_io_read(struct snapshot_io *io, const struct snapshot_run *run)
{
    run_begin(io, run);
    enum err err = io->disk->ops->read_start(io->disk, &io->request);
    if (err != ERR_OK) {
        finish(io, err);
    }
}

void snapshot_io_kick(struct snapshot_io *io)
{
    ASSERT(!io->wants_prepare || io->busy);
    if (io->wants_prepare) {
        io->wants_prepare = false;
        prepare_begin(io);
    }
}

enum err snapshot_io_read_now(struct snapshot_io *io, const struct snapshot_run *run)
{
    uint32_t blocks = blocks_of(run->bytes);

    ASSERT(!io->busy);
    ASSERT(run->slot < SNAPSHOT_SLOTS);
    if (run->bytes < 1 || run->bytes > SNAPSHOT_IO_BYTES || run->place.block + blocks > io->part_blocks) {
        return ERR_FORMAT; /* a head may say anything */
    }
    return io->disk->ops->read(io->disk, snapshot_file(run->slot, run->place.part), (uint64_t)run->place.block * DISK_BLOCK, io->data, (size_t)blocks * DISK_BLOCK);
}

enum err snapshot_io_head(struct snapshot_io *io, uint32_t slot, struct snapshot_head *head)
{
    struct snapshot_run run = { slot, { 0, 0 }, DISK_BLOCK };
    enum err err = snapshot_io_read_now(io, &run);

    ASSERT(slot < SNAPSHOT_SLOTS);
    return err == ERR_OK ? snapshot_head_decode(io->data, head) : err;
}

void snapshot_io_check(const struct snapshot_io *io)
{
    ASSERT(io->data != NULL);
    ASSERT(io->part_blocks > 0);
    ASSERT(!io->preparing || io->busy);
    ASSERT(!io->wants_prepare || io->busy);
    ASSERT(!io->wants_prepare || !io->preparing);
    ASSERT(!io->busy || io->run.bytes <= SNAPSHOT_IO_BYTES);
    ASSERT(!io->busy || io->run.slot < SNAPSHOT_SLOTS);
}
