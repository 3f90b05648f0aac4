/* datadir.h: the directory of a store: its lock, its shape, and whether the file system under it can keep a promise.
 *
 *     <data>/LOCK            held while a process runs
 *     <data>/superblock      four copies
 *     <data>/log/<n>.seg     segments; n is ten decimal digits
 *     <data>/pool/           segments filled with zeros, ready to be named
 *     <data>/snap/<s>-<p>.snp  part p of the snapshot in slot s, as long as a segment
 *
 * Only the real disk knows it; the simulator has none. */
#ifndef WARD_STORAGE_DATADIR_H
#define WARD_STORAGE_DATADIR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATADIR_REASON_BYTES 240 /* one sentence for the operator */
#define DATADIR_POOL_MAX 8u      /* files in the pool */
#define DATADIR_NAME_BYTES 16    /* ten digits, ".seg", terminator */

struct datadir {
    int root; /* descriptors; -1: closed */
    int log;
    int pool;
    int snap;
    int lock;
    bool unsafe;    /* opened under unsafe_dev, and the file system would have been refused: durability is not to be trusted */
    bool direct;    /* O_DIRECT works; always so unless unsafe */
    bool read_only; /* opened by datadir_open_read */
    char reason[DATADIR_REASON_BYTES]; /* why the last call failed, in words for the operator; "" otherwise */
};

struct datadir_space {
    uint64_t bytes_total;
    uint64_t bytes_used;
    uint64_t bytes_free; /* to an unprivileged user */
};

/* datadir_open opens or (with create) makes the directory, takes the lock and probes that the file system gives O_DIRECT and real
 * flushes: a tmpfs, ramfs or overlay is refused unless unsafe_dev. A store that is there is opened on a full disk as well. Fails, with dir->reason: ERR_NOT_FOUND (no such directory or no
 * store in it, and create is off), ERR_CONFLICT (another process holds it), ERR_UNSUPPORTED (no O_DIRECT or no flushes),
 * ERR_INVALID (the path is not a directory), ERR_PERMISSION, ERR_IO, ERR_NO_SPACE; everything is then closed. */
enum err datadir_open(struct datadir *dir, const char *path, bool create, bool unsafe_dev);

/* datadir_open_read opens an existing directory to look at it: no lock, no probe, nothing is made or changed. Fails: ERR_NOT_FOUND,
 * ERR_INVALID (it is not a directory), ERR_PERMISSION, ERR_IO, with dir->reason. */
enum err datadir_open_read(struct datadir *dir, const char *path);

/* datadir_close lets go of the lock. Gives: dir->reason stays. */
void datadir_close(struct datadir *dir);

/* datadir_has_store: there is a superblock file that was ever written to, or a segment. An empty superblock file beside an empty log is
 * what an interrupted datadir_format leaves: no store. */
bool datadir_has_store(const struct datadir *dir);

/* datadir_format makes an empty superblock file of full size, durably. Fails: ERR_EXISTS (a store is there), ERR_IO, ERR_NO_SPACE. */
enum err datadir_format(struct datadir *dir);

/* datadir_instance draws a random instance id for a new store. Fails: ERR_IO. */
enum err datadir_instance(uint8_t instance[16]);

/* datadir_space asks the file system, for the water marks (storage/space.h). Fails: ERR_IO. */
enum err datadir_space(const struct datadir *dir, struct datadir_space *space);

/* datadir_segments lists the numbers of the segments, ascending. A name with a number above DISK_SEGMENT_LAST is none of a segment. Fails: ERR_IO, ERR_FULL. Cost: no allocation. */
enum err datadir_segments(const struct datadir *dir, uint32_t *numbers, size_t capacity, size_t *count);

/* datadir_pool gives the highest number of a file in the pool, at most DATADIR_POOL_MAX, 0 when it is empty. Fails: ERR_IO. */
enum err datadir_pool(const struct datadir *dir, uint32_t *highest);

/* datadir_segment_name writes "0000000042.seg". */
void datadir_segment_name(uint32_t segment, char out[DATADIR_NAME_BYTES]);

/* datadir_file_name writes the name of a segment or of a part of a snapshot. Gives: the descriptor of the directory that it is in. */
int datadir_file_name(const struct datadir *dir, uint32_t number, char out[DATADIR_NAME_BYTES]);

/* datadir_err maps an errno. */
enum err datadir_err(int number);

#endif
