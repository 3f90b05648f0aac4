#include "tests/storage/dir_kit.h"

#include "base/completion.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

void ring_make(struct io_uring *ring)
{
    int code = io_uring_queue_init(16, ring, 0);

    if (code < 0) {
        cr_skip_test("io_uring is not available here: %s", strerror(-code));
    }
}

int ring_turn(struct io_uring *ring)
{
    struct __kernel_timespec wait = { .tv_sec = 10 };
    struct io_uring_cqe *cqe = NULL;
    int count = 0;

    if (io_uring_submit_and_wait_timeout(ring, &cqe, 1, &wait, NULL) < 0) {
        return 0;
    }
    while (io_uring_peek_cqe(ring, &cqe) == 0) {
        struct completion *completion = io_uring_cqe_get_data(cqe);
        int32_t result = cqe->res;
        uint32_t flags = cqe->flags;
        io_uring_cqe_seen(ring, cqe);
        completion->done(completion, result, flags);
        count++;
    }
    return count;
}
