/* doctor_measure.c: where the facts of `ward doctor` come from: this machine, or a recorded tree. */
#include "cli/doctor.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/sysfile.h"
#include "net/address.h"
#include "net/loop_uring.h"
#include "node/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { FLUSHES = 64, FLUSH_BLOCK = 4096, FLUSH_END_NS = 2000000000, LOOK_NS = 200000000 };

/* --- From files, of this machine or of a recorded one ---------------------------------------------------------------- */

static void first_word(const char *root, const char *path, char *out, size_t size)
{
    char line[SYSFILE_LINE_BYTES];

    (void)sysfile_line(root, path, "", line);
    snprintf(out, size, "%.*s", (int)strcspn(line, " \t"), line);
}

/* is_below tells whether a mount point holds a path. */
static bool is_below(const char *path, const char *point)
{
    size_t length = strlen(point);

    return strcmp(point, "/") == 0 || (strncmp(path, point, length) == 0 && (path[length] == '/' || path[length] == '\0'));
}

/* unescape turns a path of the mount table into what it is: blank, tab, line feed and backslash are written as three octal digits there. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        unsigned code;
        if (*from == '\\' && sscanf(from + 1, "%3o", &code) == 1 && code > 0 && code < 256 && strspn(from + 1, "01234567") >= 3) {
            *to++ = (char)code;
            from += 3;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* find_mount takes type and options of the deepest mount that holds the path; of two at one place the later one. Options are those of the mount and those of the file system, which alone tell of barriers.
 * A line of mountinfo: "36 35 98:0 /root /point options - type source options". */
static void find_mount(const char *table, const char *path, struct doctor_facts *facts)
{
    char point[1024], options[128], type[32], of_fs[256];
    size_t deepest = 0;

    for (const char *line = table; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n'), *dash = strstr(line, " - ");
        bool whole = dash != NULL && (end == NULL || dash < end) && sscanf(line, "%*s %*s %*s %*s %1023s %127s", point, options) == 2 && sscanf(dash + 3, "%31s", type) == 1;
        if (whole) {
            unescape(point);
        }
        if (whole && strlen(point) >= deepest && is_below(path, point)) {
            bool more = sscanf(dash + 3, "%*s %*[^ \n] %255s", of_fs) == 1;
            deepest = strlen(point);
            snprintf(facts->fs_type, sizeof facts->fs_type, "%s", type);
            snprintf(facts->fs_options, sizeof facts->fs_options, "%s%s%s", options, more ? "," : "", more ? of_fs : "");
        }
        line = end == NULL ? NULL : end + 1;
    }
}

static void read_files(struct doctor_facts *facts)
{
    static char table[262144];
    char real[PATH_MAX];
    const char *path = facts->root[0] == '\0' && realpath(facts->measured_dir, real) != NULL ? real : facts->measured_dir;

    machine_read(&facts->machine, facts->root);
    if (sysfile_read(facts->root, "/proc/self/mountinfo", table, sizeof table) > 0) {
        find_mount(table, path, facts);
    }
    first_word(facts->root, "/sys/devices/system/clocksource/clocksource0/current_clocksource", facts->clock_source, sizeof facts->clock_source);
    first_word(facts->root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", facts->governor, sizeof facts->governor);
    uint64_t memory = memory_limit_bytes(facts->root);
    facts->memory_bytes = memory > INT64_MAX ? DOCTOR_UNKNOWN : (int64_t)memory;
    int64_t files;
    facts->descriptors = sysfile_number(facts->root, "/proc/self/limits", "Max open files", &files) ? files : DOCTOR_UNKNOWN;
}

static int64_t recorded(const struct doctor_facts *facts, const char *name)
{
    char prefix[72];
    int64_t number;

    snprintf(prefix, sizeof prefix, "%s ", name);
    return sysfile_number(facts->root, "/measured", prefix, &number) ? number : DOCTOR_UNKNOWN;
}

static struct doctor_key recorded_key(const struct doctor_facts *facts, const char *name)
{
    char error[48];
    int64_t mode = recorded(facts, name);

    snprintf(error, sizeof error, "%.32s_errno", name);
    int64_t code = recorded(facts, error);
    /* Modes are written in octal digits; they are read as decimal ones. */
    int64_t octal = mode < 0 ? DOCTOR_UNKNOWN : mode / 100 % 10 * 64 + mode / 10 % 10 * 8 + mode % 10;
    return (struct doctor_key){ .mode = octal, .uid = 0, .error = code > 0 ? code : 0 };
}

void doctor_recall(struct doctor_facts *facts)
{
    memcpy(facts->measured_dir, facts->data_dir, sizeof facts->measured_dir);
    read_files(facts);
    facts->io_uring_errno = recorded(facts, "io_uring_errno");
    facts->flush_p50_us = recorded(facts, "flush_p50_us");
    facts->flush_p99_us = recorded(facts, "flush_p99_us");
    facts->flush_errno = recorded(facts, "flush_errno");
    facts->bytes_used = recorded(facts, "bytes_used");
    facts->bytes_free = recorded(facts, "bytes_free");
    facts->clock_unsynchronised = recorded(facts, "clock_unsynchronised");
    facts->clock_error_us = recorded(facts, "clock_error_us");
    facts->clock_jump_us = recorded(facts, "clock_jump_us");
    facts->rapl = recorded(facts, "rapl");
    int64_t port = recorded(facts, "port");
    facts->port = port < DOCTOR_PORT_UNKNOWN || port > DOCTOR_PORT_REFUSED ? DOCTOR_PORT_UNKNOWN : (enum doctor_port)port;
    facts->sign = recorded_key(facts, "sign_key");
    facts->transport = recorded_key(facts, "transport_key");
}

/* --- From this machine ---------------------------------------------------------------------------------------------- */

static void try_io_uring(struct doctor_facts *facts)
{
    struct loop_uring_config config = loop_uring_config_default();
    struct loop_uring_problem problem = { 0 };
    struct arena arena;

    arena_init_measure(&arena);
    (void)loop_uring_take(&arena, &config);
    size_t size = arena.used;
    void *memory = aligned_alloc(ARENA_ALIGN, size + ARENA_ALIGN - size % ARENA_ALIGN);
    facts->io_uring_errno = DOCTOR_UNKNOWN;
    if (memory == NULL) {
        return;
    }
    memset(memory, 0, size);
    arena_init(&arena, memory, size);
    struct loop *loop = loop_uring_take(&arena, &config);
    if (loop_uring_open(loop, &problem) == ERR_OK) {
        facts->io_uring_errno = 0;
        loop_close(loop);
    } else {
        facts->io_uring_errno = problem.number;
        snprintf(facts->io_uring_step, sizeof facts->io_uring_step, "%s", problem.step);
    }
    free(memory);
}

static int by_size(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

/* time_flushes writes zeros first, as the log does, and then measures durable writes into them. Gives: how many; -errno when one failed. */
static int time_flushes(int fd, uint8_t *block, int64_t times_us[FLUSHES])
{
    struct iovec part = { .iov_base = block, .iov_len = FLUSH_BLOCK };
    uint64_t begin_ns = clock_mono_ns();
    int count = 0;

    for (int i = 0; i < FLUSHES; i++) {
        if (pwrite(fd, block, FLUSH_BLOCK, (off_t)i * FLUSH_BLOCK) != FLUSH_BLOCK) {
            return -errno;
        }
    }
    if (fsync(fd) != 0) {
        return -errno;
    }
    while (count < FLUSHES && (count < 3 || clock_mono_ns() < begin_ns + FLUSH_END_NS)) {
        uint64_t before_ns = clock_mono_ns();
        if (pwritev2(fd, &part, 1, (off_t)count * FLUSH_BLOCK, RWF_DSYNC) != FLUSH_BLOCK) {
            return -errno;
        }
        times_us[count++] = (int64_t)((clock_mono_ns() - before_ns) / 1000);
    }
    return count;
}

/* find_dir gives the data directory or the nearest one above it: before a first start it is not there yet. */
static void find_dir(struct doctor_facts *facts)
{
    struct stat st;
    char *slash;

    memcpy(facts->measured_dir, facts->data_dir, sizeof facts->measured_dir);
    while (stat(facts->measured_dir, &st) != 0 && (slash = strrchr(facts->measured_dir, '/')) != NULL && slash != facts->measured_dir) {
        *slash = '\0';
    }
    if (stat(facts->measured_dir, &st) != 0) {
        memcpy(facts->measured_dir, facts->measured_dir[0] == '/' ? "/" : ".", 2);
    }
}

static void measure_flush(struct doctor_facts *facts)
{
    int64_t times_us[FLUSHES];
    uint8_t *block = aligned_alloc(FLUSH_BLOCK, FLUSH_BLOCK);
    int fd = open(facts->measured_dir, O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC, 0600), count = fd < 0 ? -errno : -ENOMEM;

    if (fd >= 0 && block != NULL) {
        memset(block, 0, FLUSH_BLOCK);
        count = time_flushes(fd, block, times_us);
    }
    free(block);
    if (fd >= 0) {
        close(fd);
    }
    facts->flush_errno = count < 0 ? -count : 0;
    facts->flush_p50_us = facts->flush_p99_us = DOCTOR_UNKNOWN;
    if (count > 0) {
        qsort(times_us, (size_t)count, sizeof times_us[0], by_size);
        facts->flush_p50_us = times_us[count / 2];
        facts->flush_p99_us = times_us[(count * 99 + 99) / 100 - 1];
    }
}

static void measure_space(struct doctor_facts *facts)
{
    struct statvfs fs;

    facts->bytes_used = facts->bytes_free = DOCTOR_UNKNOWN;
    if (statvfs(facts->measured_dir, &fs) == 0) {
        facts->bytes_used = (int64_t)((uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize);
        facts->bytes_free = (int64_t)((uint64_t)fs.f_bavail * fs.f_frsize);
    }
}

static void measure_clock(struct doctor_facts *facts)
{
    struct timex timex = { 0 };
    int state = adjtimex(&timex);
    const struct timespec pause = { .tv_nsec = LOOK_NS };

    facts->clock_unsynchronised = state < 0 ? DOCTOR_UNKNOWN : state == TIME_ERROR || (timex.status & STA_UNSYNC) != 0;
    facts->clock_error_us = state < 0 ? DOCTOR_UNKNOWN : timex.esterror;
    int64_t wall_us = (int64_t)clock_wall_ms() * 1000, steady_us = (int64_t)(clock_mono_ns() / 1000);
    nanosleep(&pause, NULL);
    int64_t apart = (int64_t)clock_wall_ms() * 1000 - wall_us - ((int64_t)(clock_mono_ns() / 1000) - steady_us);
    apart = apart < 0 ? -apart : apart;
    facts->clock_jump_us = apart <= 1000 ? 0 : apart; /* The wall clock is read in milliseconds. */
}

static bool replica_answers(const char *path)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    bool answers = fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof name) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return answers;
}

static void try_port(struct doctor_facts *facts)
{
    struct address address;
    const char *problem = NULL;
    int on = 1;

    facts->port = DOCTOR_PORT_UNKNOWN;
    if (!facts->has_config || address_parse(&address, facts->config.node.listen, &problem) != ERR_OK || address.size == 0) {
        return;
    }
    int fd = socket(address.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int code = bind(fd, (const struct sockaddr *)&address.socket, address.size) == 0 && listen(fd, 1) == 0 ? 0 : errno;
    close(fd);
    if (code == EADDRINUSE) {
        facts->port = replica_answers(facts->config.node.client_socket) ? DOCTOR_PORT_OURS : DOCTOR_PORT_TAKEN;
    } else {
        facts->port = code == 0 ? DOCTOR_PORT_FREE : DOCTOR_PORT_REFUSED;
    }
}

static struct doctor_key look_at_key(const char *path)
{
    struct stat st;

    if (strncmp(path, "credential:", strlen("credential:")) == 0) {
        return (struct doctor_key){ .mode = DOCTOR_UNKNOWN };
    }
    if (stat(path, &st) != 0) {
        return (struct doctor_key){ .mode = DOCTOR_UNKNOWN, .error = errno };
    }
    return (struct doctor_key){ .mode = st.st_mode & 07777, .uid = (int64_t)st.st_uid };
}

void doctor_measure(struct doctor_facts *facts)
{
    find_dir(facts);
    read_files(facts);
    try_io_uring(facts);
    measure_flush(facts);
    measure_space(facts);
    measure_clock(facts);
    try_port(facts);
    facts->rapl = access("/sys/class/powercap/intel-rapl:0/energy_uj", R_OK) == 0;
    facts->uid = (int64_t)geteuid();
    facts->sign = look_at_key(facts->config.keys.sign_file);
    facts->transport = look_at_key(facts->config.keys.transport_file);
}
