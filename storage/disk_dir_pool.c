/* disk_dir_pool.c: the thread that prepares segments, away from the critical path.
 *
 *     pool/filling --zeros, flush, rename--> pool/<k>.seg --wanted: rename, flush both directories--> log/<n>.seg, snap/<s>-<p>.snp
 *          ^                                                                                                |
 *          +---------------------- retired: while the pool has room, else removed --------------------------+
 *
 * Appending into a file that is already written costs one flush and the bytes themselves; into a growing or merely allocated one it
 * costs the file system's journal besides. A file in the pool is zeros by construction: it gets its name there only after its flush. */
#include "storage/disk_dir_priv.h"

#include "base/assert.h"
#include "storage/format.h"
#include "storage/space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILL_BYTES (1u << 20)
#define FILLING "filling"
#define RETIRED "retired"
#define NICE 10                                 /* about a tenth of a busy core: enough to stay ahead of the log */
#define IO_PRIORITY_LOWEST ((2 << 13) | 7)      /* best effort, level 7: behind the log, never starved by it */
#define IO_PRIORITY_OF_THREAD 1

/* Lower priority is a courtesy, not a need. */
static void priority_lower(void)
{
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
    (void)syscall(SYS_ioprio_set, IO_PRIORITY_OF_THREAD, 0, IO_PRIORITY_LOWEST);
}

static void count_flush(struct disk_dir *disk)
{
    pthread_mutex_lock(&disk->mutex);
    disk->flushes++;
    pthread_mutex_unlock(&disk->mutex);
}

static bool is_stopping(struct disk_dir *disk)
{
    pthread_mutex_lock(&disk->mutex);
    bool stop = disk->stop;
    pthread_mutex_unlock(&disk->mutex);
    return stop;
}

/* Gives 0 or a negative errno. */
static int32_t zeros_write(struct disk_dir *disk, int fd)
{
    ASSERT(disk->segment_bytes % DISK_BLOCK == 0);
    if (fallocate(fd, 0, 0, disk->segment_bytes) != 0 && errno != EOPNOTSUPP) { /* says at once when the disk is full */
        return -errno;
    }
    for (uint32_t at = 0; at < disk->segment_bytes;) {
        uint32_t left = disk->segment_bytes - at;
        uint32_t bytes = left < FILL_BYTES ? left : FILL_BYTES;
        ssize_t written = pwrite(fd, disk->zeros, bytes, at);
        if (written != (ssize_t)bytes) {
            return written < 0 ? -errno : -ENOSPC;
        }
        if (is_stopping(disk)) {
            return -ECANCELED;
        }
        at += bytes;
    }
    count_flush(disk);
    return fsync(fd) == 0 ? 0 : -errno;
}

/* Whether one more segment leaves the file system below the mark where the replica stops (storage/space.h): the reserve must not eat
 * what a checkpoint needs. A file system that does not tell is tried. */
static bool has_room(const struct disk_dir *disk)
{
    struct datadir_space space;

    if (datadir_space(disk->dir, &space) != ERR_OK) {
        return true;
    }
    struct space_facts facts = { .bytes_used = space.bytes_used, .bytes_free = space.bytes_free };
    return space_allows(&facts, disk->segment_bytes);
}

/* Adds one file to the pool: a new one, or with `again` the one that is there already, overwritten. Gives 0 or a negative errno; what was begun is
 * removed. */
static int32_t pool_fill(struct disk_dir *disk, bool again)
{
    char name[DATADIR_NAME_BYTES];
    int pool = disk->dir->pool;
    int flags = again ? O_RDWR : O_RDWR | O_CREAT | O_TRUNC;

    ASSERT(disk->pool_count < disk->pool_target || disk->pool_count == 0); /* there is room, or somebody waits for it */
    if (!again && !has_room(disk)) {
        return -ENOSPC;
    }
    int fd = openat(pool, FILLING, flags | O_CLOEXEC | (disk->dir->direct ? O_DIRECT : 0), 0600);

    if (fd < 0) {
        return -errno;
    }
    int32_t result = zeros_write(disk, fd);
    close(fd);
    datadir_segment_name(disk->pool_count + 1, name);
    if (result == 0 && renameat(pool, FILLING, pool, name) != 0) {
        result = -errno;
    }
    if (result != 0) {
        unlinkat(pool, FILLING, 0);
    }
    return result;
}

/* Gives a file of the pool the name of a segment, durably. A file of another size is of no use and is removed: -ENOENT. */
static int32_t segment_name(struct disk_dir *disk, uint32_t segment, uint32_t from)
{
    char old[DATADIR_NAME_BYTES];
    char new[DATADIR_NAME_BYTES];
    struct stat st;

    ASSERT(segment >= 1);
    ASSERT(from >= 1);
    datadir_segment_name(from, old);
    int directory = datadir_file_name(disk->dir, segment, new);
    if (fstatat(disk->dir->pool, old, &st, 0) != 0) {
        return -errno;
    }
    if (st.st_size != (off_t)disk->segment_bytes) {
        unlinkat(disk->dir->pool, old, 0);
        return -ENOENT;
    }
    if (renameat2(disk->dir->pool, old, directory, new, RENAME_NOREPLACE) != 0) {
        return -errno;
    }
    count_flush(disk);
    count_flush(disk);
    return fsync(directory) == 0 && fsync(disk->dir->pool) == 0 ? 0 : -errno;
}

static void pool_count_set(struct disk_dir *disk, uint32_t count)
{
    pthread_mutex_lock(&disk->mutex);
    ASSERT(count <= disk->pool_count); /* files are only taken */
    disk->pool_count = count; /* the files are numbered 1 to count: the highest is always the one to go */
    pthread_mutex_unlock(&disk->mutex);
}

/* Takes the wanted segment from the pool, as long as it has usable files, or else makes one. */
static int32_t segment_take(struct disk_dir *disk, uint32_t segment)
{
    int32_t result = -ENOENT;

    for (uint32_t left = disk->pool_count; left > 0 && result == -ENOENT; left--) {
        result = segment_name(disk, segment, left);
        pool_count_set(disk, result == 0 || result == -ENOENT ? left - 1 : left);
    }
    if (result == -ENOENT) {
        result = pool_fill(disk, false);
        result = result == 0 ? segment_name(disk, segment, 1) : result;
    }
    ASSERT(result != -ENOENT || disk->pool_count == 0); /* none is refused while there is one */
    return result;
}

/* Makes the wanted segment and tells the loop. */
static void wanted_serve(struct disk_dir *disk, uint32_t segment)
{
    int32_t result = segment_take(disk, segment);

    pthread_mutex_lock(&disk->mutex);
    ASSERT(!disk->wanted_told);
    ASSERT(disk->wanted == segment);
    disk->wanted = 0;
    disk->wanted_told = true;
    disk->wanted_result = result;
    disk->pool_failed = result != 0;
    pthread_mutex_unlock(&disk->mutex);
    disk->waker.wake(disk->waker.context);
}

static void pool_serve(struct disk_dir *disk)
{
    int32_t result = pool_fill(disk, false);

    pthread_mutex_lock(&disk->mutex);
    ASSERT(disk->pool_count < disk->pool_target);
    disk->pool_failed = result != 0;
    disk->pool_count += result == 0;
    pthread_mutex_unlock(&disk->mutex);
}

/* Takes a segment out of the log. Its bytes may be somebody's records still, so it becomes a file of the pool only as zeros. */
static void retired_serve(struct disk_dir *disk, uint32_t segment)
{
    char name[DATADIR_NAME_BYTES];
    int32_t result = -ENOSPC;
    bool room = disk->pool_count < disk->pool_target;

    datadir_segment_name(segment, name);
    bool moved = renameat(disk->dir->log, name, disk->dir->pool, room ? FILLING : RETIRED) == 0;
    count_flush(disk);
    moved = fsync(disk->dir->log) == 0 && moved;
    if (moved && room) {
        result = pool_fill(disk, true);
    } else if (moved) {
        unlinkat(disk->dir->pool, RETIRED, 0);
    }
    pthread_mutex_lock(&disk->mutex);
    ASSERT(disk->retired == segment);
    disk->retired = 0;
    disk->pool_count += result == 0;
    ASSERT(result != 0 || disk->pool_count <= disk->pool_target);
    disk->pool_failed = disk->pool_failed && result != 0; /* there is room again */
    pthread_mutex_unlock(&disk->mutex);
}

void *disk_dir_pool_run(void *context)
{
    struct disk_dir *disk = context;

    priority_lower();
    for (;;) { /* until disk_dir_close */
        pthread_mutex_lock(&disk->mutex);
        while (!disk->stop && disk->wanted == 0 && disk->retired == 0 && (disk->pool_failed || disk->pool_count >= disk->pool_target)) {
            pthread_cond_wait(&disk->work, &disk->mutex);
        }
        bool stop = disk->stop;
        uint32_t wanted = disk->wanted, retired = disk->retired;
        pthread_mutex_unlock(&disk->mutex);
        if (stop) {
            return NULL;
        }
        if (wanted != 0) {
            wanted_serve(disk, wanted);
        } else if (retired != 0) {
            retired_serve(disk, retired);
        } else {
            pool_serve(disk);
        }
    }
}
