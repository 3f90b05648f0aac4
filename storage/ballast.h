/* ballast.h: a file that holds nothing but space: given up when the disk is nearly full, so that a checkpoint and an operator have room.
 *
 *     <data>/ballast    blocks that are allocated, not written */
#ifndef WARD_STORAGE_BALLAST_H
#define WARD_STORAGE_BALLAST_H

#include "base/err.h"
#include "storage/datadir.h"

/* ballast_bytes gives the space that it holds; 0: there is none. */
uint64_t ballast_bytes(const struct datadir *dir);

/* ballast_make makes it, of `bytes`, if it is not there. Gives: ERR_OK also when it is. Fails: ERR_NO_SPACE (nothing is left behind),
 * ERR_UNSUPPORTED (the file system cannot reserve), ERR_IO. Cost: one flush. */
enum err ballast_make(const struct datadir *dir, uint64_t bytes);

/* ballast_drop gives the space back. Gives: ERR_OK also when there is none. Fails: ERR_IO. */
enum err ballast_drop(const struct datadir *dir);

#endif
