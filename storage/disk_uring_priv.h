/* disk_uring_priv.h: what disk_uring.c and the thread in disk_uring_pool.c share. */
#ifndef WARD_STORAGE_DISK_URING_PRIV_H
#define WARD_STORAGE_DISK_URING_PRIV_H

#include "storage/disk_uring.h"

/* disk_uring_pool_run is the thread: waits, fills the pool, names the segment that is wanted. */
void *disk_uring_pool_run(void *disk);

#endif
