/* datadir.c: see datadir.h. Nothing here is on the path of a running replica; nothing here allocates. */
#include "storage/datadir.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "storage/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#define TMPFS_MAGIC_NUMBER 0x01021994
#define RAMFS_MAGIC_NUMBER 0x858458f6
#define OVERLAY_MAGIC_NUMBER 0x794c7630
#define ENTRIES_MAX (1u << 20) /* bound of a directory walk */

enum err datadir_err(int number)
{
    ASSERT(number >= 0);
    switch (number) {
    case 0: return ERR_OK;
    case ENOENT: return ERR_NOT_FOUND;
    case ENOTDIR: return ERR_INVALID;
    case EEXIST: return ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS: return ERR_PERMISSION;
    case ENOSPC:
    case EDQUOT: return ERR_NO_SPACE;
    case EWOULDBLOCK: return ERR_CONFLICT;
    default: return ERR_IO;
    }
}

/* Notes why, and gives what errno means. */
static enum err fail_errno(struct datadir *dir, const char *what)
{
    int number = errno;

    ASSERT(what != NULL);
    snprintf(dir->reason, sizeof dir->reason, "%s: %s", what, strerror(number));
    return datadir_err(number);
}

static enum err fail(struct datadir *dir, enum err err, const char *reason)
{
    ASSERT(err != ERR_OK);
    ASSERT(reason != NULL);
    snprintf(dir->reason, sizeof dir->reason, "%s", reason);
    return err;
}

/* --- Can the file system keep a promise? ---------------------------------------------------------------------------- */

static const char *kind_refused(int root)
{
    struct statfs fs;

    ASSERT(root >= 0);
    if (fstatfs(root, &fs) != 0) {
        return "the file system cannot be asked what it is";
    }
    switch ((uint32_t)fs.f_type) {
    case TMPFS_MAGIC_NUMBER: return "it lies on tmpfs, which forgets everything at a power cut; choose a directory on a disk";
    case RAMFS_MAGIC_NUMBER: return "it lies on ramfs, which forgets everything at a power cut; choose a directory on a disk";
    case OVERLAY_MAGIC_NUMBER: return "it lies on an overlay (a container's own layer); mount a volume of a disk there";
    default: return NULL;
    }
}

/* Is the device mounted without write barriers? Reads the kernel's table; where there is none, nothing is known and nothing refused. */
static bool barriers_are_off(int root)
{
    ASSERT(root >= 0);
    char line[4096];
    struct stat st;
    bool off = false;
    FILE *table = fopen("/proc/self/mountinfo", "re");

    if (table == NULL || fstat(root, &st) != 0) {
        if (table != NULL) {
            fclose(table);
        }
        return false;
    }
    for (uint32_t i = 0; i < ENTRIES_MAX && fgets(line, sizeof line, table) != NULL; i++) {
        unsigned int major_number = 0;
        unsigned int minor_number = 0;
        if (sscanf(line, "%*d %*d %u:%u", &major_number, &minor_number) == 2 && makedev(major_number, minor_number) == st.st_dev) {
            off = off || strstr(line, "nobarrier") != NULL || strstr(line, "barrier=0") != NULL;
        }
    }
    fclose(table);
    return off;
}

static _Alignas(4096) uint8_t probe_block[DISK_BLOCK];

/* Tries one durable direct write. Gives: 0 when it works, else an errno: of those EINVAL and EOPNOTSUPP say that the file system cannot do it. */
static int probe_write(int root)
{
    struct iovec iov = { .iov_base = probe_block, .iov_len = sizeof probe_block };
    int fd = openat(root, "probe", O_RDWR | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);

    ASSERT(root >= 0);
    if (fd < 0) {
        return errno;
    }
    ssize_t written = pwritev2(fd, &iov, 1, 0, RWF_DSYNC);
    int number = written < 0 ? errno : written < (ssize_t)sizeof probe_block ? ENOSPC : 0;
    close(fd);
    unlinkat(root, "probe", 0);
    return number;
}

/* Tries one direct read of a store that is there. A full disk has no room for a probe, and a replica serves on it (storage/space.h): that its file system takes durable
 * direct writes was seen when the store was made. Gives: 0 or an errno. */
static int probe_read(int root)
{
    int fd = openat(root, "superblock", O_RDONLY | O_DIRECT | O_CLOEXEC);

    ASSERT(root >= 0);
    if (fd < 0) {
        return errno == ENOENT ? ENOSPC : errno; /* without a store there is nothing to go on with */
    }
    ssize_t got = pread(fd, probe_block, sizeof probe_block, 0);
    int number = got < 0 ? errno : 0;
    close(fd);
    return number;
}

/* Can the directory be worked in with direct durable writes? Fails: ERR_UNSUPPORTED, with *cannot: why; else what errno says, with dir->reason. */
static enum err probe(struct datadir *dir, const char **cannot)
{
    int number = probe_write(dir->root);

    *cannot = NULL;
    if (number == ENOSPC || number == EDQUOT) {
        number = probe_read(dir->root);
    }
    if (number == EINVAL || number == EOPNOTSUPP) {
        *cannot = number == EINVAL ? "its file system does not take aligned direct writes of 4 KiB (O_DIRECT)" : "its file system does not take durable writes (RWF_DSYNC)";
        return ERR_UNSUPPORTED;
    }
    errno = number;
    return number == 0 ? ERR_OK : fail_errno(dir, "a direct write to it fails");
}

static enum err promise_check(struct datadir *dir, bool unsafe_dev)
{
    const char *refused = kind_refused(dir->root), *cannot = NULL;

    ASSERT(dir->lock >= 0); /* the probe is this process's */
    ASSERT(!dir->read_only);
    if (refused == NULL && barriers_are_off(dir->root)) {
        refused = "its disk is mounted without write barriers, so a flush is not one; mount it with barriers";
    }
    enum err err = probe(dir, &cannot);
    if (err != ERR_OK && err != ERR_UNSUPPORTED) {
        return err;
    }
    dir->direct = cannot == NULL;
    refused = refused != NULL ? refused : cannot;
    dir->unsafe = refused != NULL;
    ASSERT(dir->direct || dir->unsafe);
    if (refused != NULL && !unsafe_dev) {
        return fail(dir, ERR_UNSUPPORTED, refused);
    }
    return ERR_OK;
}

/* --- Opening -------------------------------------------------------------------------------------------------------- */

static enum err lock_take(struct datadir *dir)
{
    char pid[24] = "";

    ASSERT(dir->lock < 0);
    dir->lock = openat(dir->root, "LOCK", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (dir->lock < 0) {
        return fail_errno(dir, "LOCK");
    }
    if (flock(dir->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return fail_errno(dir, "LOCK");
        }
        ssize_t got = pread(dir->lock, pid, sizeof pid - 1, 0);
        pid[got > 0 ? strcspn(pid, "\n") : 0] = '\0';
        snprintf(dir->reason, sizeof dir->reason, "another process uses it (pid %s); two that run under one key would sign against each other",
                 pid[0] == '\0' ? "unknown" : pid);
        return ERR_CONFLICT;
    }
    int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    ssize_t written = pwrite(dir->lock, pid, (size_t)length, 0); /* over what is there: a full disk has no room for another block */
    bool full = written < 0 && (errno == ENOSPC || errno == EDQUOT);
    if (full) {
        return ERR_OK; /* the pid is a help for whoever is refused; what counts is the lock */
    }
    return written == length && ftruncate(dir->lock, length) == 0 ? ERR_OK : fail_errno(dir, "LOCK");
}

/* Opens a sub-directory, after making it if asked. */
static int directory_at(int root, const char *name, bool create)
{
    ASSERT(root >= 0);
    ASSERT(name[0] != '/'); /* or the root would not count */
    if (create && mkdirat(root, name, 0700) != 0 && errno != EEXIST) {
        return -1;
    }
    return openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static enum err directories_open(struct datadir *dir, bool create)
{
    ASSERT(dir->root >= 0);
    ASSERT(dir->log < 0);
    dir->log = directory_at(dir->root, "log", create);
    if (dir->log < 0) {
        return fail_errno(dir, "log");
    }
    dir->pool = directory_at(dir->root, "pool", create);
    if (dir->pool < 0) {
        return fail_errno(dir, "pool");
    }
    dir->snap = directory_at(dir->root, "snap", create);
    if (dir->snap < 0) {
        return fail_errno(dir, "snap");
    }
    return create && fsync(dir->root) != 0 ? fail_errno(dir, "flush") : ERR_OK;
}

/* parent_flush makes the name of the directory durable in the one that it lies in. */
static enum err parent_flush(struct datadir *dir, const char *path)
{
    char copy[PATH_MAX];

    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return fail_errno(dir, "what it lies in cannot be opened, to flush its name");
    }
    enum err err = fsync(fd) == 0 ? ERR_OK : fail_errno(dir, "its name cannot be flushed");
    close(fd);
    return err;
}

/* make makes the directory, unless it is there. A log that was promised must not be lost with the name of what it lies in. One that is there already may have been made by an administrator, in
 * a directory that is not for this user to read; its name is the administrator's to keep. */
static enum err make(struct datadir *dir, const char *path)
{
    if (mkdir(path, 0700) == 0) {
        return parent_flush(dir, path);
    }
    if (errno != EEXIST) {
        return fail_errno(dir, "it cannot be made");
    }
    enum err err = parent_flush(dir, path); /* An earlier start may have been killed between the two. */
    return err == ERR_PERMISSION ? ERR_OK : err;
}

static enum err steps_open(struct datadir *dir, const char *path, bool create, bool unsafe_dev)
{
    ASSERT(dir->root < 0);
    enum err made = create ? make(dir, path) : ERR_OK;
    if (made != ERR_OK) {
        return made;
    }
    dir->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->root < 0) {
        return fail_errno(dir, "it cannot be opened");
    }
    if (!create && faccessat(dir->root, "superblock", F_OK, 0) != 0) {
        return errno == ENOENT ? fail(dir, ERR_NOT_FOUND, "there is no superblock in it") : fail_errno(dir, "superblock");
    }
    enum err err = lock_take(dir);
    if (err == ERR_OK) {
        err = promise_check(dir, unsafe_dev);
    }
    return err == ERR_OK ? directories_open(dir, true) : err;
}

static void datadir_clear(struct datadir *dir) { *dir = (struct datadir){ .root = -1, .log = -1, .pool = -1, .snap = -1, .lock = -1 }; }

enum err datadir_open(struct datadir *dir, const char *path, bool create, bool unsafe_dev)
{
    datadir_clear(dir);
    enum err err = steps_open(dir, path, create, unsafe_dev);
    if (err != ERR_OK) {
        datadir_close(dir);
    }
    ASSERT((err == ERR_OK) == (dir->root >= 0));
    ASSERT(err != ERR_OK || dir->lock >= 0); /* nobody else has it */
    ASSERT(err != ERR_OK || unsafe_dev || !dir->unsafe);
    return err;
}

enum err datadir_open_read(struct datadir *dir, const char *path)
{
    datadir_clear(dir);
    dir->read_only = true;
    dir->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = dir->root < 0 ? fail_errno(dir, "it cannot be opened") : directories_open(dir, false);
    if (err != ERR_OK) {
        datadir_close(dir);
    }
    ASSERT((err == ERR_OK) == (dir->root >= 0));
    ASSERT(dir->lock < 0);
    return err;
}

void datadir_close(struct datadir *dir)
{
    int *descriptors[] = { &dir->snap, &dir->pool, &dir->log, &dir->lock, &dir->root };

    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++) {
        if (*descriptors[i] >= 0) {
            close(*descriptors[i]);
        }
        *descriptors[i] = -1;
    }
}

/* --- Names ---------------------------------------------------------------------------------------------------------- */

void datadir_segment_name(uint32_t segment, char out[DATADIR_NAME_BYTES]) { snprintf(out, DATADIR_NAME_BYTES, "%010u.seg", segment); }

int datadir_file_name(const struct datadir *dir, uint32_t number, char out[DATADIR_NAME_BYTES])
{
    ASSERT(number != DISK_SUPERBLOCK);
    if (number < DISK_SNAPSHOT_FIRST) {
        datadir_segment_name(number, out);
        return dir->log;
    }
    uint32_t part = number - DISK_SNAPSHOT_FIRST;
    ASSERT(part / SNAPSHOT_PARTS_MAX < SNAPSHOT_SLOTS);
    snprintf(out, DATADIR_NAME_BYTES, "%u-%04u.snp", part / SNAPSHOT_PARTS_MAX, part % SNAPSHOT_PARTS_MAX);
    return dir->snap;
}

/* The number in a name like "0000000042.seg"; 0 for any other name. */
static uint32_t segment_number(const char *name)
{
    char again[DATADIR_NAME_BYTES];
    unsigned long number = strtoul(name, NULL, 10);

    if (number == 0 || number > DISK_SEGMENT_LAST) {
        return 0;
    }
    datadir_segment_name((uint32_t)number, again);
    return strcmp(name, again) == 0 ? (uint32_t)number : 0;
}

/* What getdents64 fills in. The C library's reader allocates. */
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

/* Calls `each` for every segment number in a directory until it gives false. */
static enum err walk(int directory, bool (*each)(void *context, uint32_t number), void *context)
{
    ASSERT(directory >= 0);
    ASSERT(each != NULL);
    _Alignas(8) uint8_t buffer[8192];
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = fd < 0 ? datadir_err(errno) : ERR_OK;

    for (uint32_t round = 0; err == ERR_OK && round < ENTRIES_MAX; round++) {
        long got = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
        if (got <= 0) {
            err = got < 0 ? datadir_err(errno) : ERR_OK;
            break;
        }
        for (long at = 0; at < got && err == ERR_OK;) {
            const struct entry *entry = (const struct entry *)(const void *)(buffer + at);
            uint32_t number = segment_number(entry->name);
            err = number != 0 && !each(context, number) ? ERR_FULL : ERR_OK;
            ASSERT(entry->length > 0);
            at += entry->length;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return err;
}

struct number_list {
    uint32_t *numbers;
    size_t capacity;
    size_t count;
};

static bool list_add(void *context, uint32_t number)
{
    struct number_list *list = context;

    ASSERT(list->count <= list->capacity);
    ASSERT(number != 0);
    if (list->count == list->capacity) {
        return false;
    }
    list->numbers[list->count++] = number;
    return true;
}

/* Shell's sort with gaps of 2^k - 1: in place, no recursion, no allocation. */
static void numbers_sort(uint32_t *numbers, size_t count)
{
    size_t gap = 1;

    while (gap < count / 2) {
        gap = gap * 2 + 1;
    }
    for (; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            uint32_t number = numbers[i];
            size_t at = i;
            for (; at >= gap && numbers[at - gap] > number; at -= gap) {
                numbers[at] = numbers[at - gap];
            }
            numbers[at] = number;
        }
    }
}

enum err datadir_segments(const struct datadir *dir, uint32_t *numbers, size_t capacity, size_t *count)
{
    struct number_list list = { .numbers = numbers, .capacity = capacity };

    enum err err = walk(dir->log, list_add, &list);
    ASSERT(list.count <= capacity);
    numbers_sort(numbers, list.count);
    for (size_t i = 1; i < list.count; i++) {
        ASSERT(numbers[i - 1] < numbers[i]); /* a number has one name, so each comes once */
    }
    *count = list.count;
    return err;
}

static bool highest_add(void *context, uint32_t number)
{
    uint32_t *highest = context;

    ASSERT(number != 0);
    *highest = number > *highest && number <= DATADIR_POOL_MAX ? number : *highest; /* each number up to it is tried as a file */
    return true;
}

enum err datadir_pool(const struct datadir *dir, uint32_t *highest)
{
    ASSERT(dir->pool >= 0);
    *highest = 0;
    return walk(dir->pool, highest_add, highest);
}

/* --- The superblock file -------------------------------------------------------------------------------------------- */

static bool superblock_is_blank(int root)
{
    uint8_t bytes[SUPERBLOCK_COPIES * DISK_BLOCK];
    int fd = openat(root, "superblock", O_RDONLY | O_CLOEXEC);

    ASSERT(root >= 0);
    if (fd < 0) {
        return errno == ENOENT;
    }
    ssize_t got = pread(fd, bytes, sizeof bytes, 0);
    close(fd);
    return got >= 0 && bytes_are_zero(bytes, (size_t)got);
}

static bool stop_at_first(void *context, uint32_t number)
{
    ASSERT(number != 0);
    *(uint32_t *)context = number;
    return false;
}

bool datadir_has_store(const struct datadir *dir)
{
    uint32_t number = 0;

    ASSERT(dir->root >= 0);
    ASSERT(dir->log >= 0);
    if (!superblock_is_blank(dir->root)) {
        return true;
    }
    return walk(dir->log, stop_at_first, &number) != ERR_OK || number != 0;
}

enum err datadir_format(struct datadir *dir)
{
    static const uint8_t zeros[SUPERBLOCK_COPIES * DISK_BLOCK];

    ASSERT(!dir->read_only);
    ASSERT(dir->root >= 0);
    ASSERT(dir->lock >= 0); /* nobody else makes a store here */
    if (datadir_has_store(dir)) {
        return fail(dir, ERR_EXISTS, "it holds a store already");
    }
    int fd = openat(dir->root, "superblock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fail_errno(dir, "superblock");
    }
    ssize_t written = pwrite(fd, zeros, sizeof zeros, 0);
    bool flushed = written == (ssize_t)sizeof zeros && fsync(fd) == 0 && fsync(dir->root) == 0;
    enum err err = flushed ? ERR_OK : fail_errno(dir, "superblock");
    close(fd);
    return !flushed && err == ERR_OK ? ERR_NO_SPACE : err;
}

enum err datadir_instance(uint8_t instance[16])
{
    return getrandom(instance, 16, 0) == 16 ? ERR_OK : ERR_IO;
}

enum err datadir_space(const struct datadir *dir, struct datadir_space *space)
{
    struct statvfs fs;

    ASSERT(dir->root >= 0);
    if (fstatvfs(dir->root, &fs) != 0) {
        return ERR_IO;
    }
    space->bytes_total = (uint64_t)fs.f_blocks * fs.f_frsize;
    space->bytes_used = (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize;
    space->bytes_free = (uint64_t)fs.f_bavail * fs.f_frsize;
    return ERR_OK;
}
