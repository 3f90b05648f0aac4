/* dir_kit.h: a real directory for one test, under build/, removed at its end, and a ring to go with it. */
#ifndef WARD_TESTS_STORAGE_DIR_KIT_H
#define WARD_TESTS_STORAGE_DIR_KIT_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

#define DIR_PATH_BYTES 64

/* dir_make gives the path of a new, empty directory. */
void dir_make(char path[DIR_PATH_BYTES]);

/* dir_remove removes it and all that is in it. */
void dir_remove(const char *path);

/* ring_make skips the test with a message when the machine has no io_uring. */
void ring_make(struct io_uring *ring);

/* ring_turn waits for at least one completion, or 10 s, and dispatches all that are there. Gives: how many. */
int ring_turn(struct io_uring *ring);

#endif
