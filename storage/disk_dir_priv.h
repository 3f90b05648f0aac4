/* disk_dir_priv.h: what disk_dir.c and the thread in disk_dir_pool.c share. */
#ifndef WARD_STORAGE_DISK_DIR_PRIV_H
#define WARD_STORAGE_DISK_DIR_PRIV_H

#include "storage/disk_dir.h"

/* disk_dir_pool_run is the thread: waits, fills the pool, names the segment that is wanted. */
void *disk_dir_pool_run(void *disk);

#endif
