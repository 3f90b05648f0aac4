/* dir_kit.h: a real directory for one test, under build/, removed at its end, and a queue of either kind for its disk. */
#ifndef WARD_TESTS_STORAGE_DIR_KIT_H
#define WARD_TESTS_STORAGE_DIR_KIT_H

#include "storage/disk_dir.h"
#include "storage/disk_queue_posix.h"
#include "storage/disk_queue_uring.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

#define DIR_PATH_BYTES 64

/* dir_make gives the path of a new, empty directory. */
void dir_make(char path[DIR_PATH_BYTES]);

/* dir_remove removes it and all that is in it. */
void dir_remove(const char *path);

enum dir_backend { DIR_URING, DIR_POSIX, DIR_BACKENDS };

#define ON_EACH_QUEUE(suite, name)                                                                                                                   \
    ParameterizedTestParameters(suite, name)                                                                                                         \
    {                                                                                                                                                \
        static enum dir_backend backends[DIR_BACKENDS] = { DIR_URING, DIR_POSIX };                                                                   \
        return cr_make_param_array(enum dir_backend, backends, DIR_BACKENDS);                                                                        \
    }

/* What stands in for the event loop: it waits for completions and dispatches them. */
struct dir_turner {
    enum dir_backend backend;
    struct io_uring ring; /* DIR_URING */
    int event;            /* an eventfd that the disk's threads write to */
    struct disk_queue_uring uring;
    struct disk_queue_posix posix;
    struct disk_dir *disk;
};

/* turner_start connects a disk to a queue of the kind and starts it. Skips the test with a message when the machine has no io_uring. */
void turner_start(struct dir_turner *turner, enum dir_backend backend, struct disk_dir *disk);

/* turner_turn waits for at least one completion or word of a thread, or 10 s, and dispatches all that are there. Gives: whether there was any. */
bool turner_turn(struct dir_turner *turner);

/* turner_stop closes the disk, then what it was connected to. */
void turner_stop(struct dir_turner *turner);

#endif
