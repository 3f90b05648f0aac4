/* fresh.h: files that `ward-sim` writes: each is a new one. What is there already is never overwritten, and whoever asks for that is told before anything runs. */
#ifndef WARD_SIM_FRESH_H
#define WARD_SIM_FRESH_H

#include "sim/order.h"

/* fresh_refuse complains when something has the path already. Gives: EXIT_FINE, also for a path of NULL, else the code of a complaint that is made. */
int fresh_refuse(const struct order *order, const char *path);

/* fresh_open makes a new file. Owns: the caller calls fresh_close. Fails: NULL, with errno; EEXIST when anything has the path. */
FILE *fresh_open(const char *path);

/* fresh_close closes it; `well` tells whether everything was put into it. Gives: 0, or why not all of it is in the file, as a number of errno.h. */
int fresh_close(FILE *file, bool well);

/* fresh_fail says why a file is not written. Needs: a number of errno.h. Gives: the exit code that fits it, the one that `ward` has for it. */
int fresh_fail(const struct order *order, const char *path, int number);

/* fresh_exit gives that code alone. */
int fresh_exit(int number);

#endif
