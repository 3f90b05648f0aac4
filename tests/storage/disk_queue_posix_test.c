/* disk_queue_posix_test.c: one thread does what it is told, a write before a read, each once, and sleeps otherwise. */
#include "storage/disk_queue_posix.h"

#include "storage/format.h"
#include "tests/base/long_kit.h"
#include "tests/net/seccomp_kit.h"
#include "tests/storage/dir_kit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct told {
    struct disk_request request; /* first */
    int calls;
    int32_t result;
    uint32_t order;
};

static struct disk_queue_posix posix;
static struct disk_queue *queue;
static uint8_t *data;
static char path[DIR_PATH_BYTES];
static int event, file, slow[2];
static uint32_t order;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static _Atomic bool at_gate;

static void done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct told *told = (struct told *)(void *)completion;

    (void)flags;
    told->calls++;
    told->result = result;
    told->order = ++order;
}

static void wake(void *context)
{
    uint64_t one = 1;

    (void)context;
    at_gate = true;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    cr_assert_eq(write(event, &one, sizeof one), (ssize_t)sizeof one);
}

static void start(void)
{
    char name[DIR_PATH_BYTES + 8];

    dir_make(path);
    snprintf(name, sizeof name, "%s/file", path);
    event = eventfd(0, EFD_CLOEXEC);
    file = open(name, O_RDWR | O_CREAT, 0600);
    data = aligned_alloc(DISK_BLOCK, DISK_BLOCK);
    memset(data, 7, DISK_BLOCK);
    cr_assert_eq(pipe(slow), 0);
    queue = disk_queue_posix_open(&posix, (struct disk_waker){ wake, NULL });
    cr_assert_not_null(queue);
}

static void stop(void)
{
    queue->ops->close(queue);
    free(data);
    dir_remove(path);
}

TestSuite(disk_queue_posix, .init = start, .fini = stop);

static void begin(struct told *told, int fd, bool is_write)
{
    *told = (struct told){ .request = { .completion = { done }, .bytes = DISK_BLOCK, .data = data } };
    cr_assert_eq(queue->ops->start(queue, fd, is_write, &told->request), ERR_OK);
}

static void wait_for(struct told *told)
{
    uint64_t count;

    while (told->calls == 0) {
        cr_assert_eq(read(event, &count, sizeof count), (ssize_t)sizeof count);
        queue->ops->collect(queue);
    }
    cr_assert_eq(told->calls, 1);
}

Test(disk_queue_posix, moves_the_bytes_and_completes_on_the_collecting_thread_alone)
{
    struct told told;

    begin(&told, file, true);
    usleep(50000);
    cr_assert_eq(told.calls, 0, "nothing completes outside of collect");
    wait_for(&told);
    cr_assert_eq(told.result, (int32_t)DISK_BLOCK);
    memset(data, 0, DISK_BLOCK);
    begin(&told, file, false);
    wait_for(&told);
    cr_assert_eq(told.result, (int32_t)DISK_BLOCK);
    cr_assert_eq(data[0], 7);
    cr_assert_eq(data[DISK_BLOCK - 1], 7);
}

/* A FIFO is not seekable: its requests fail at once. What must not happen is that the thread tries again, or that another request suffers. */
Test(disk_queue_posix, a_failure_is_told_once_and_never_tried_again)
{
    struct told bad, good;

    begin(&bad, slow[1], true);
    wait_for(&bad);
    cr_assert_eq(bad.result, -ESPIPE);
    begin(&good, file, true);
    wait_for(&good);
    cr_assert_eq(good.result, (int32_t)DISK_BLOCK);
    cr_assert_eq(bad.calls, 1);
}

Test(disk_queue_posix, a_write_goes_before_the_reads_that_wait)
{
    struct told first, reads[2], write_;

    cr_assert_eq(ftruncate(file, DISK_BLOCK), 0);
    pthread_mutex_lock(&gate); /* The thread stands still after the first request until all others are there. */
    begin(&first, file, false);
    while (!at_gate) {
        usleep(1000);
    }
    begin(&reads[0], file, false);
    begin(&reads[1], file, false);
    begin(&write_, file, true);
    pthread_mutex_unlock(&gate);
    wait_for(&reads[1]);
    cr_assert_eq(first.order, 1);
    cr_assert_eq(write_.order, 2);
    cr_assert_eq(reads[0].order, 3);
    cr_assert_eq(reads[1].order, 4);
}

/* in_child runs a test in a process of its own, once the thread of this one has done something and sleeps: a child is born with the locks that others hold just then. */
static int in_child(int (*test)(void))
{
    struct told told;

    if (is_thread_build()) {
        cr_skip_test("no threads in a child under ThreadSanitizer");
    }
    begin(&told, file, true);
    wait_for(&told);
    return seccomp_kit_child(test);
}

/* In a kernel that takes no write but those it makes durable before it answers. */
static int write_where_none_lingers(void)
{
    static const long others[] = { SYS_pwrite64, SYS_pwritev, SYS_writev };
    struct told told;

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (seccomp_kit_deny(others[i], EPERM) != 0) {
            return 2;
        }
    }
    if (seccomp_kit_demand(SYS_pwritev2, 5, RWF_DSYNC, EPERM) != 0) {
        return 2;
    }
    queue = disk_queue_posix_open(&posix, (struct disk_waker){ wake, NULL });
    begin(&told, file, true);
    wait_for(&told);
    queue->ops->close(queue);
    return told.result == (int32_t)DISK_BLOCK ? 0 : 1;
}

/* I8: a write that was told as done survives a power cut: its bytes are asked for with RWF_DSYNC, and told of when the kernel says so, not before. */
Test(disk_queue_posix, tells_of_a_write_when_the_kernel_says_that_it_is_durable_I8)
{
    int code = in_child(write_where_none_lingers);

    if (code == 2) {
        cr_skip_test("no seccomp here");
    }
    cr_assert_eq(code, 0, "%d", code);
}

/* What the kernel says of a write is its result: one that cannot be carried out is never told of as done, however long it takes. */
static int write_that_no_disk_takes(void)
{
    struct told told;

    if (seccomp_kit_deny(SYS_pwritev2, EIO) != 0) {
        return 2;
    }
    queue = disk_queue_posix_open(&posix, (struct disk_waker){ wake, NULL });
    for (int i = 0; i < 10; i++) {
        begin(&told, file, true);
        wait_for(&told);
        if (told.result != -EIO) {
            return 1;
        }
    }
    queue->ops->close(queue);
    return 0;
}

Test(disk_queue_posix, tells_of_no_write_as_done_that_failed)
{
    int code = in_child(write_that_no_disk_takes);

    if (code == 2) {
        cr_skip_test("no seccomp here");
    }
    cr_assert_eq(code, 0, "%d", code);
}

/* switches sums the voluntary context switches of all threads but this one. */
static long switches(void)
{
    char name[300], line[128];
    long sum = 0, count;
    DIR *tasks = opendir("/proc/self/task");

    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        if (task->d_name[0] == '.' || atoi(task->d_name) == gettid()) {
            continue;
        }
        snprintf(name, sizeof name, "/proc/self/task/%s/status", task->d_name);
        FILE *status = fopen(name, "r");
        while (status != NULL && fgets(line, sizeof line, status) != NULL) {
            sum += sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1 ? count : 0;
        }
        fclose(status);
    }
    closedir(tasks);
    return sum;
}

Test(disk_queue_posix, the_thread_sleeps_while_there_is_nothing_to_do)
{
    struct told told;

    if (is_thread_build()) {
        cr_skip_test("ThreadSanitizer's own thread wakes");
    }
    begin(&told, file, true);
    wait_for(&told);
    usleep(20000);
    long before = switches();
    usleep(300000);
    cr_assert_gt(before, 0);
    cr_assert_eq(switches(), before);
}
