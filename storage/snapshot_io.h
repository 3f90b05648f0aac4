/* snapshot_io.h: reads and writes of a slot, one at a time, each of at most one chunk, through the disk that the log uses.
 *
 *     write --file is there--> durable --> done          read --> done
 *        \--it is not--> prepared (when the disk is free for that) --> durable --> done */
#ifndef WARD_STORAGE_SNAPSHOT_IO_H
#define WARD_STORAGE_SNAPSHOT_IO_H

#include "base/arena.h"
#include "storage/snapshot.h"

#define SNAPSHOT_IO_BYTES STATE_CHUNK_BYTES_MAX

/* What a request is about. */
struct snapshot_run {
    uint32_t slot;
    struct snapshot_place place;
    uint32_t bytes; /* at most SNAPSHOT_IO_BYTES */
};

struct snapshot_io {
    struct disk *disk;
    uint32_t part_blocks;
    uint8_t *data; /* SNAPSHOT_IO_BYTES, aligned; the owner fills it for a write, and finds there what was read */
    struct disk_request request, prepare;
    struct snapshot_run run;
    bool busy;
    bool preparing;     /* the part is being made */
    bool wants_prepare; /* ... is wanted, but the disk prepares another file */
    void (*done)(void *context, enum err err);
    void *context;
};

/* snapshot_io_take takes its buffer. Needs: segment_bytes holds a chunk. */
void snapshot_io_take(struct snapshot_io *io, struct arena *arena, struct disk *disk, uint32_t segment_bytes);

/* snapshot_io_write writes io->data; what lies between the end and the block's end becomes zeros. snapshot_io_read reads. Needs: not busy; io->done is set.
 * Gives: done(context, err) later, or at once when it cannot begin: OK, ERR_IO, ERR_NO_SPACE, ERR_NOT_FOUND (read). */
void snapshot_io_write(struct snapshot_io *io, const struct snapshot_run *run);
void snapshot_io_read(struct snapshot_io *io, const struct snapshot_run *run);

/* snapshot_io_kick asks again for a preparation that had to wait. */
void snapshot_io_kick(struct snapshot_io *io);

/* snapshot_io_read_now reads and waits: for starts. Needs: not busy. Fails: ERR_NOT_FOUND, ERR_IO. */
enum err snapshot_io_read_now(struct snapshot_io *io, const struct snapshot_run *run);

/* snapshot_io_head reads the head of a slot and waits. Fails: ERR_NOT_FOUND, ERR_IO, ERR_FORMAT, ERR_VERSION. */
enum err snapshot_io_head(struct snapshot_io *io, uint32_t slot, struct snapshot_head *head);

/* snapshot_io_check asserts what holds between two calls. */
void snapshot_io_check(const struct snapshot_io *io);

#endif
