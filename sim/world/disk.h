/* disk.h: a disk in memory that does what real ones do on bad days, by the seed.
 *
 * Every write lies unflushed until it completes; a crash before that leaves each sector of it old, new, zero, garbage or swapped with another, and
 * a completed write may have been a lie. Each decision is drawn by hashing the seed with its name and coordinates, never from a
 * stream, so that removing one fault leaves all others as they were. A write reads its buffer when it completes: a buffer that is
 * reused too early shows. Time is virtual: the owner asks for the next completion and steps. */
#ifndef WARD_SIM_WORLD_DISK_H
#define WARD_SIM_WORLD_DISK_H

#include "base/arena.h"
#include "storage/disk.h"
#include "storage/format.h"

#include <stdbool.h>

/* What becomes of a sector that was being written when the power went. */
enum sector_fate {
    SECTOR_OLD,
    SECTOR_NEW,
    SECTOR_ZERO,
    SECTOR_GARBAGE,
    SECTOR_OTHER, /* another sector of the same write */
    SECTOR_FATE_COUNT
};

/* Rates in parts per million of the occasions named. All zero: a perfect disk, and at a crash each sector is old or new, by chance. */
struct sim_disk_faults {
    uint32_t crash_zero;      /* per sector of a write that a crash cut */
    uint32_t crash_garbage;
    uint32_t crash_other;
    uint32_t lost_flush;      /* per write: completes, but until the next write completes a crash may still cut it, as it cuts one under way */
    uint32_t rot;             /* per sector and read: one bit differs from now on */
    uint32_t unreadable;      /* per block and read: fails from now on, until written */
    uint32_t misdirected_write; /* per write: lands one segment-relative block away */
    uint32_t misdirected_read;  /* per read: gives the block beside it, once */
    uint32_t write_error;     /* per write: -EIO, part of it is written */
    uint32_t short_write;     /* per write: fewer bytes than asked for */
    uint32_t full;            /* per preparation: -ENOSPC */
    uint64_t delay_ns_min;    /* of a completion; the actual one is drawn between the two */
    uint64_t delay_ns_max;
};

struct sim_disk_config {
    uint64_t seed;
    uint32_t replica;       /* enters every name */
    bool memory_is_new;     /* the arena's memory holds zeros: a segment that was never written need not be cleared, nor touched */
    uint32_t segment_bytes;
    uint32_t segments_max;  /* files that fit; more: disk full */
    struct sim_disk_faults faults;
};

/* What a block that cannot be read becomes when it is written: whole again, or not. */
enum { BLOCK_BROKEN = 1, BLOCK_RUINED = 2 };

struct sim_disk_file {
    uint32_t number; /* of the segment; the superblock is slot 0 */
    bool exists;
    uint32_t top;       /* bytes; from there on nothing was ever written, and all is zero */
    uint8_t *data;
    uint8_t *unreadable; /* by block: 0, BLOCK_BROKEN, BLOCK_RUINED */
    uint64_t reads;      /* part of the names of what a read can meet */
};

/* The newest write whose flush was a lie: what was there before. */
struct sim_disk_limbo {
    uint32_t file;
    uint32_t bytes; /* 0: none */
    uint64_t offset;
    uint64_t number;
    uint8_t *old, *new;
};

struct sim_disk_pending {
    struct disk_request *request; /* NULL: free */
    uint8_t operation;
    uint64_t due_ns;
    uint64_t number; /* counts requests: part of every name */
};

/* Requests of a running process that go one block astray, and how many did so far. What a start reads is not among them. */
struct sim_disk_astray {
    uint32_t reads_next, writes_next;
    uint64_t reads, writes;
};

struct sim_disk {
    struct disk disk; /* first: the interface */
    struct sim_disk_config config;
    struct sim_disk_file *files; /* [0] is the superblock, then segments_max slots */
    struct sim_disk_limbo limbo;
    struct sim_disk_astray astray;
    struct sim_disk_pending pending[DISK_REQUESTS_MAX];
    uint64_t now_ns;
    uint64_t requests; /* so far */
    uint64_t crashes;
    bool heads_spared;   /* a crash leaves the sector where the head of a batch stands zero, old or new: the first of a write, behind the header in the one that opens a segment */
    uint64_t heads_torn; /* ... and so often it was worse, since its owner set this to 0: it cannot be known what that batch promised */
    /* A script may overrule chance: returns a fate, or SECTOR_FATE_COUNT to leave it to the seed. */
    enum sector_fate (*crash_script)(void *context, uint32_t file, uint64_t offset, uint32_t sector);
    void *crash_context;
};

/* sim_disk_init takes segments_max segments and the superblock file. */
void sim_disk_init(struct sim_disk *disk, struct arena *arena, const struct sim_disk_config *config);

/* sim_disk_due gives the time of the next completion, UINT64_MAX: nothing is under way. */
uint64_t sim_disk_due(const struct sim_disk *disk);

/* sim_disk_writing gives which blocks of a file, of the first 32, are being written: one bit each. */
uint32_t sim_disk_writing(const struct sim_disk *disk, uint32_t file);

/* sim_disk_step moves time to now_ns and calls the completions that are due, in the order of their times. A completion may start
 * another request; that one completes in a later step. */
void sim_disk_step(struct sim_disk *disk, uint64_t now_ns);

/* sim_disk_crash cuts the power: what is under way is decided sector by sector and never completes. The content stays. */
void sim_disk_crash(struct sim_disk *disk);

/* sim_disk_kill ends the process but not the power: what is under way is written whole and never completes. */
void sim_disk_kill(struct sim_disk *disk);

/* sim_disk_break makes a block unreadable until it is written again. Needs: the file is there. */
void sim_disk_break(struct sim_disk *disk, uint32_t file, uint64_t offset);

/* sim_disk_ruin makes a block unreadable for good: what is written to it is taken, and cannot be read. A file that is made anew has whole blocks. Needs: the file is there. */
void sim_disk_ruin(struct sim_disk *disk, uint32_t file, uint64_t offset);

/* sim_disk_sector gives the bytes of one sector as they lie on the medium, for tests that rot them by hand.
 * Gives: NULL when there is no such file. */
uint8_t *sim_disk_sector(struct sim_disk *disk, uint32_t file, uint64_t offset);

#endif
