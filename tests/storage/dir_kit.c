#include "tests/storage/dir_kit.h"

#include "base/completion.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

void dir_make(char path[DIR_PATH_BYTES])
{
    snprintf(path, DIR_PATH_BYTES, "build/store-XXXXXX");
    cr_assert_not_null(mkdtemp(path));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

void dir_remove(const char *path) { nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static void wake(void *context)
{
    uint64_t one = 1;

    cr_assert_eq(write(((struct dir_turner *)context)->event, &one, sizeof one), (ssize_t)sizeof one);
}

static struct disk_queue *queue_open(struct dir_turner *turner)
{
    if (turner->backend == DIR_POSIX) {
        return disk_queue_posix_open(&turner->posix, (struct disk_waker){ wake, turner });
    }
    int code = io_uring_queue_init(16, &turner->ring, 0);
    if (code < 0) {
        cr_skip_test("io_uring is not available here: %s", strerror(-code));
    }
    return disk_queue_uring_open(&turner->uring, &turner->ring);
}

void turner_start(struct dir_turner *turner, enum dir_backend backend, struct disk_dir *disk)
{
    *turner = (struct dir_turner){ .backend = backend, .disk = disk, .event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    struct disk_queue *queue = queue_open(turner);

    cr_assert_not_null(queue);
    cr_assert_eq(disk_dir_start(disk, queue, (struct disk_waker){ wake, turner }), ERR_OK);
}

static bool dispatch(struct dir_turner *turner)
{
    struct io_uring_cqe *cqe = NULL;
    bool any = false;

    while (turner->backend == DIR_URING && io_uring_peek_cqe(&turner->ring, &cqe) == 0) {
        struct completion *completion = io_uring_cqe_get_data(cqe);
        int32_t result = cqe->res;
        uint32_t flags = cqe->flags;
        io_uring_cqe_seen(&turner->ring, cqe);
        completion->done(completion, result, flags);
        any = true;
    }
    return any;
}

bool turner_turn(struct dir_turner *turner)
{
    uint64_t count;

    if (turner->backend == DIR_URING) {
        (void)io_uring_submit(&turner->ring);
    }
    struct pollfd ears[2] = { { .fd = turner->event, .events = POLLIN }, { .fd = turner->ring.ring_fd, .events = POLLIN } };
    int heard = poll(ears, turner->backend == DIR_URING ? 2 : 1, 10000);
    bool any = dispatch(turner);
    if (read(turner->event, &count, sizeof count) == (ssize_t)sizeof count) {
        disk_dir_collect(turner->disk);
        any = true;
    }
    return heard > 0 && any;
}

void turner_stop(struct dir_turner *turner)
{
    disk_dir_close(turner->disk);
    close(turner->event);
    if (turner->backend == DIR_URING) {
        io_uring_queue_exit(&turner->ring);
    }
}
