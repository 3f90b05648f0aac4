/* datadir.h: the directory of a store: its lock, its shape, and whether the file system under it can keep a promise.
 *
 *     <data>/LOCK            held while a process runs
 *     <data>/superblock      four copies
 *     <data>/log/<n>.seg     segments; n is ten decimal digits
 *     <data>/pool/           segments filled with zeros, ready to be named
 *     <data>/snap/           snapshots
 *
 * Only the real disk knows it; the simulator has none. */
#ifndef WARD_STORAGE_DATADIR_H
#define WARD_STORAGE_DATADIR_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define DATADIR_REASON_BYTES 240 /* one sentence for the operator */

struct datadir {
    int root; /* descriptors; -1: closed */
    int log;
    int pool;
    int lock;
    bool unsafe; /* opened under unsafe_dev: durability is not to be trusted */
    char reason[DATADIR_REASON_BYTES]; /* why the last call failed, in words for the operator; "" otherwise */
};

struct datadir_space {
    uint64_t bytes_total;
    uint64_t bytes_free; /* to an unprivileged user */
};

/* datadir_open opens or (with create) makes the directory, takes the lock and probes that the file system gives O_DIRECT and real
 * flushes: a tmpfs, ramfs or overlay is refused unless unsafe_dev. Fails, with dir->reason: ERR_NOT_FOUND (no such directory or no
 * store in it, and create is off), ERR_CONFLICT (another process holds it), ERR_UNSUPPORTED (no O_DIRECT or no flushes),
 * ERR_PERMISSION, ERR_IO, ERR_NO_SPACE; everything is then closed. */
enum err datadir_open(struct datadir *dir, const char *path, bool create, bool unsafe_dev);

/* datadir_close lets go of the lock. */
void datadir_close(struct datadir *dir);

/* datadir_has_store: a superblock file is there. */
bool datadir_has_store(const struct datadir *dir);

/* datadir_format makes an empty superblock file of full size, durably. Fails: ERR_EXISTS, ERR_IO, ERR_NO_SPACE. */
enum err datadir_format(struct datadir *dir);

/* datadir_instance draws a random instance id for a new store. Fails: ERR_IO. */
enum err datadir_instance(uint8_t instance[16]);

/* datadir_space asks the file system: the seam of the water marks. Fails: ERR_IO. */
enum err datadir_space(const struct datadir *dir, struct datadir_space *space);

#endif
