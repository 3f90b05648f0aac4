/* disk_dir.c: see disk_dir.h. The thread that prepares segments is in disk_dir_pool.c. */
#include "storage/disk_dir.h"

#include "base/assert.h"
#include "base/thread.h"
#include "storage/disk_dir_priv.h"
#include "storage/format.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ZERO_BLOCKS 256u
#define LOCK_WAIT_STEPS 1000u
#define LOCK_WAIT_STEP_NS 10000000 /* 10 s in all: longer than any write of a dead process takes */

_Static_assert(DISK_DIR_OPEN_MAX >= DISK_REQUESTS_MAX, "no file of a request under way is ever the one to close");

static struct disk_dir *dir_of(struct disk *disk) { return (struct disk_dir *)(void *)disk; }

/* --- Files ---------------------------------------------------------------------------------------------------------- */

static int direct_flags(const struct disk_dir *disk)
{
    int access = disk->dir->read_only ? O_RDONLY : O_RDWR;

    ASSERT(disk->dir != NULL);
    return access | O_CLOEXEC | (disk->dir->direct ? O_DIRECT : 0);
}

static struct disk_dir_file *slot_for(struct disk_dir *disk, uint32_t segment)
{
    struct disk_dir_file *oldest = &disk->files[0];

    ASSERT(segment != DISK_SUPERBLOCK); /* it has a descriptor of its own */
    for (uint32_t i = 0; i < DISK_DIR_OPEN_MAX; i++) {
        struct disk_dir_file *file = &disk->files[i];
        if (file->segment == segment) {
            return file;
        }
        oldest = file->used < oldest->used ? file : oldest;
    }
    return oldest;
}

/* Opens a segment, or finds it open. Gives: *out. The least recently used of the others is closed if there is no room. */
static enum err file_open(struct disk_dir *disk, uint32_t segment, struct disk_dir_file **out)
{
    char name[DATADIR_NAME_BYTES];
    struct disk_dir_file *file = slot_for(disk, segment);

    ASSERT(segment >= 1);
    *out = file;
    file->used = ++disk->uses;
    if (file->segment == segment) {
        return ERR_OK;
    }
    if (file->segment != 0) {
        close(file->fd);
    }
    file->segment = 0;
    file->locked = false;
    int directory = datadir_file_name(disk->dir, segment, name);
    file->fd = openat(directory, name, direct_flags(disk));
    if (file->fd < 0) {
        return datadir_err(errno);
    }
    file->segment = segment;
    ASSERT(!file->locked);
    ASSERT(slot_for(disk, segment) == file); /* from now on it is found open */
    return ERR_OK;
}

/* Waits for the lock on a file description: a write that a dead process left in the kernel holds it until it is done. */
static enum err lock_wait(int fd)
{
    const struct timespec step = { .tv_nsec = LOCK_WAIT_STEP_NS };

    for (uint32_t i = 0; i < LOCK_WAIT_STEPS; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            return ERR_OK;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return ERR_IO;
        }
        nanosleep(&step, NULL);
    }
    return ERR_CONFLICT;
}

static enum err file_lock(struct disk_dir_file *file)
{
    ASSERT(file->segment != 0);
    if (!file->locked) {
        file->locked = flock(file->fd, LOCK_EX | LOCK_NB) == 0;
    }
    return file->locked ? ERR_OK : ERR_CONFLICT;
}

/* --- The interface: blocking part ----------------------------------------------------------------------------------- */

static enum err disk_segments(struct disk *base, uint32_t *numbers, size_t capacity, size_t *count)
{
    return datadir_segments(dir_of(base)->dir, numbers, capacity, count);
}

static enum err disk_settle(struct disk *base, uint32_t number)
{
    struct disk_dir *disk = dir_of(base);
    struct disk_dir_file *file = NULL;
    int fd = disk->superblock_fd;
    int directory = disk->dir->root;

    if (disk->dir->read_only) {
        return ERR_OK;
    }
    if (number != DISK_SUPERBLOCK) {
        enum err err = file_open(disk, number, &file);
        if (err != ERR_OK) {
            return err;
        }
        fd = file->fd;
        directory = number < DISK_SNAPSHOT_FIRST ? disk->dir->log : disk->dir->snap;
    }
    enum err err = file != NULL && file->locked ? ERR_OK : lock_wait(fd);
    if (err != ERR_OK) {
        return err;
    }
    if (file != NULL) {
        file->locked = true;
    }
    ASSERT(file == NULL || (file->segment == number && file->locked)); /* nobody else changes what is settled */
    ASSERT(file != NULL || fd == disk->superblock_fd);
    return fdatasync(fd) == 0 && fsync(directory) == 0 ? ERR_OK : datadir_err(errno); /* what a file system put off it refuses here */
}

static enum err fd_of(struct disk_dir *disk, uint32_t number, int *fd)
{
    struct disk_dir_file *file = NULL;
    enum err err = ERR_OK;

    *fd = disk->superblock_fd;
    if (number != DISK_SUPERBLOCK) {
        err = file_open(disk, number, &file);
        *fd = file->fd;
    }
    ASSERT(err != ERR_OK || file == NULL || file->segment == number);
    return err;
}

static enum err disk_size_bytes(struct disk *base, uint32_t number, uint64_t *bytes)
{
    struct stat st;
    int fd;
    enum err err = fd_of(dir_of(base), number, &fd);

    if (err == ERR_OK && fstat(fd, &st) != 0) {
        err = ERR_IO;
    }
    *bytes = err == ERR_OK ? (uint64_t)st.st_size : 0;
    return err;
}

static enum err disk_read(struct disk *base, uint32_t number, uint64_t offset, void *data, size_t bytes)
{
    int fd;
    enum err err = fd_of(dir_of(base), number, &fd);

    ASSERT(offset % DISK_BLOCK == 0);
    ASSERT(bytes % DISK_BLOCK == 0);
    for (size_t done = 0; err == ERR_OK && done < bytes;) {
        ssize_t got = pread(fd, (uint8_t *)data + done, bytes - done, (off_t)(offset + done));
        if (got <= 0) {
            err = got < 0 && errno == EINTR ? ERR_OK : ERR_IO;
            continue;
        }
        done += (size_t)got;
    }
    base->counters.reads++;
    base->counters.bytes_read += bytes;
    return err;
}

static enum err disk_discard(struct disk *base, uint32_t segment)
{
    struct disk_dir *disk = dir_of(base);
    struct disk_dir_file *file = slot_for(disk, segment);
    char name[DATADIR_NAME_BYTES];

    if (disk->dir->read_only) {
        disk->discards_spared++;
        return ERR_OK;
    }
    if (file->segment == segment) {
        close(file->fd);
        *file = (struct disk_dir_file){ .fd = -1 };
    }
    ASSERT(slot_for(disk, segment)->segment != segment); /* nobody writes into a file that has no name any more */
    datadir_segment_name(segment, name);
    if (unlinkat(disk->dir->log, name, 0) != 0) {
        return datadir_err(errno);
    }
    return fsync(disk->dir->log) == 0 ? ERR_OK : ERR_IO;
}

/* --- The interface: through the queue ------------------------------------------------------------------------------- */

static void request_check(const struct disk_request *request)
{
    ASSERT(request->completion.done != NULL);
    ASSERT(request->offset % DISK_BLOCK == 0);
    ASSERT(request->bytes % DISK_BLOCK == 0);
    ASSERT(request->bytes > 0);
    ASSERT((uintptr_t)request->data % DISK_BLOCK == 0);
}

static enum err disk_read_start(struct disk *base, struct disk_request *request)
{
    struct disk_dir *disk = dir_of(base);
    int fd;
    enum err err = fd_of(disk, request->file, &fd);

    request_check(request);
    ASSERT(disk->queue != NULL);
    err = err == ERR_OK ? disk->queue->ops->start(disk->queue, fd, false, request) : err;
    if (err == ERR_OK) {
        base->counters.reads++;
        base->counters.bytes_read += request->bytes;
    }
    return err;
}

static enum err disk_write_start(struct disk *base, struct disk_request *request)
{
    struct disk_dir *disk = dir_of(base);
    struct disk_dir_file *file = NULL;
    int fd = disk->superblock_fd;

    request_check(request);
    ASSERT(!disk->dir->read_only);
    ASSERT(disk->queue != NULL);
    if (request->file != DISK_SUPERBLOCK) {
        enum err err = file_open(disk, request->file, &file);
        err = err == ERR_OK ? file_lock(file) : err;
        if (err != ERR_OK) {
            return err;
        }
        fd = file->fd;
    }
    enum err err = disk->queue->ops->start(disk->queue, fd, true, request);
    if (err == ERR_OK) {
        base->counters.writes++;
        base->counters.flushes++;
        base->counters.writes_at_once += request->at_once;
        base->counters.bytes_written += request->bytes;
    }
    return err;
}

static enum err disk_prepare(struct disk *base, struct disk_request *request)
{
    struct disk_dir *disk = dir_of(base);

    ASSERT(request->file >= 1);
    ASSERT(request->completion.done != NULL);
    ASSERT(!disk->dir->read_only);
    if (disk->preparing != NULL) {
        return ERR_AGAIN;
    }
    if (!disk->thread_runs) {
        return ERR_IO;
    }
    disk->preparing = request;
    pthread_mutex_lock(&disk->mutex);
    disk->wanted = request->file;
    pthread_cond_signal(&disk->work);
    pthread_mutex_unlock(&disk->mutex);
    return ERR_OK;
}

/* prepared_collect completes the preparation that the thread has finished, if there is one. */
static void prepared_collect(struct disk_dir *disk)
{
    struct disk_request *request = disk->preparing;

    pthread_mutex_lock(&disk->mutex);
    bool told = disk->wanted_told;
    int32_t result = disk->wanted_result;
    disk->wanted_told = false;
    disk->disk.counters.background_flushes = disk->flushes;
    ASSERT(!told || disk->wanted == 0); /* the thread is done with it */
    pthread_mutex_unlock(&disk->mutex);
    if (!told) {
        return;
    }
    ASSERT(request != NULL);
    disk->preparing = NULL;
    disk->disk.counters.segments_prepared += result == 0;
    request->completion.done(&request->completion, result, 0);
}

void disk_dir_collect(struct disk_dir *disk)
{
    if (disk->thread_runs) {
        prepared_collect(disk);
    }
    if (disk->queue != NULL && disk->queue->ops->collect != NULL) {
        disk->queue->ops->collect(disk->queue);
    }
}

static enum err disk_retire(struct disk *base, uint32_t segment)
{
    struct disk_dir *disk = dir_of(base);
    struct disk_dir_file *file = slot_for(disk, segment);
    enum err err = ERR_OK;

    ASSERT(segment >= 1);
    ASSERT(segment < DISK_SNAPSHOT_FIRST);
    ASSERT(!disk->dir->read_only);
    pthread_mutex_lock(&disk->mutex);
    err = disk->retired != 0 || !disk->thread_runs ? ERR_AGAIN : ERR_OK;
    if (err == ERR_OK) {
        disk->retired = segment;
        pthread_cond_signal(&disk->work);
    }
    pthread_mutex_unlock(&disk->mutex);
    if (err == ERR_OK && file->segment == segment) {
        close(file->fd);
        *file = (struct disk_dir_file){ .fd = -1 };
    }
    ASSERT(err != ERR_OK || slot_for(disk, segment)->segment != segment);
    return err;
}

/* --- Life ----------------------------------------------------------------------------------------------------------- */

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

enum err disk_dir_init(struct disk_dir *disk, struct arena *arena, const struct datadir *dir, uint32_t segment_bytes, uint32_t pool_target)
{
    ASSERT(segment_bytes % DISK_BLOCK == 0);
    ASSERT(pool_target <= DATADIR_POOL_MAX);
    ASSERT(segment_bytes > 0);
    ASSERT(dir->root >= 0);
    *disk = (struct disk_dir){ .disk = { .ops = &operations }, .dir = dir, .segment_bytes = segment_bytes, .pool_target = pool_target };
    for (uint32_t i = 0; i < DISK_DIR_OPEN_MAX; i++) {
        disk->files[i].fd = -1;
    }
    disk->zeros = disk_buffer_take(arena, ZERO_BLOCKS);
    disk->superblock_fd = openat(dir->root, "superblock", direct_flags(disk));
    return disk->superblock_fd < 0 ? datadir_err(errno) : ERR_OK;
}

enum err disk_dir_start(struct disk_dir *disk, struct disk_queue *queue, struct disk_waker waker)
{
    ASSERT(!disk->thread_runs);
    ASSERT(queue != NULL);
    ASSERT(waker.wake != NULL);
    ASSERT(disk->zeros != NULL);
    ASSERT(disk->superblock_fd >= 0);
    disk->queue = queue;
    disk->waker = waker;
    enum err err = datadir_pool(disk->dir, &disk->pool_count);
    if (err != ERR_OK) {
        return err;
    }
    pthread_mutex_init(&disk->mutex, NULL);
    pthread_cond_init(&disk->work, NULL);
    disk->thread_runs = thread_start(&disk->thread, disk_dir_pool_run, disk);
    return disk->thread_runs ? ERR_OK : ERR_NO_MEMORY;
}

static void thread_stop(struct disk_dir *disk)
{
    ASSERT(disk->thread_runs);
    pthread_mutex_lock(&disk->mutex);
    disk->stop = true;
    pthread_cond_signal(&disk->work);
    pthread_mutex_unlock(&disk->mutex);
    pthread_join(disk->thread, NULL);
    disk->thread_runs = false;
}

void disk_dir_close(struct disk_dir *disk)
{
    if (disk->thread_runs) {
        thread_stop(disk);
    }
    if (disk->queue != NULL && disk->queue->ops->close != NULL) {
        disk->queue->ops->close(disk->queue);
    }
    disk->queue = NULL;
    for (uint32_t i = 0; i < DISK_DIR_OPEN_MAX; i++) {
        if (disk->files[i].segment != 0) {
            close(disk->files[i].fd);
        }
        disk->files[i] = (struct disk_dir_file){ .fd = -1 };
    }
    if (disk->superblock_fd >= 0) {
        close(disk->superblock_fd);
    }
    disk->superblock_fd = -1;
}
