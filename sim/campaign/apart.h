/* apart.h: a piece of work in a process of its own, so that a stop of production code (ASSERT), a crash or a loop is a result like any other.
 *
 *     apart_open -> ( apart_begin -> apart_wait )* -> apart_close
 *
 * Work and result are plain bytes: the child sees the context as it was, and writes the result into memory that both share. */
#ifndef WARD_SIM_CAMPAIGN_APART_H
#define WARD_SIM_CAMPAIGN_APART_H

#include "sim/oracle/oracle.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum apart_end {
    APART_DONE,    /* the result is there */
    APART_STOPPED, /* it stopped itself or crashed; `text` says what it last wrote to standard error */
    APART_ENDLESS  /* it did not end in time */
};

struct apart {
    pid_t pid;         /* 0: nobody works */
    void *result;      /* `bytes` of it, shared */
    size_t bytes;
    int errors;        /* a file without a name: standard error of the child */
    enum apart_end end;
    char text[256];
};

/* apart_open takes the room for results. Owns: apart_close gives it back. */
void apart_open(struct apart *apart, size_t bytes);
void apart_close(struct apart *apart);

/* apart_begin starts the work in a child, which ends when it returns. seconds: of CPU time, after which it counts as endless: a machine
 * that is busy with other things must not make a run a failure. Needs: nobody works. */
void apart_begin(struct apart *apart, void (*work)(const void *context, void *result), const void *context, unsigned seconds);

/* apart_limit gives the process that calls it so much CPU time from now on. */
void apart_limit(unsigned seconds);

/* apart_wait waits until one of them ends and fills in how. Gives: which; `count` when nobody works. */
size_t apart_wait(struct apart *all, size_t count);

/* apart_cpu_ns gives the CPU time of all children that ended. */
uint64_t apart_cpu_ns(void);

/* apart_judge turns the end of a process that did not come to its own into a failure: a stop is one of safety, a run without end one of liveness. */
void apart_judge(const struct apart *apart, struct failure *failure);

/* One piece of work, from beginning to end. */
struct apart_work {
    void (*work)(const void *context, void *result);
    const void *context;
    unsigned seconds;
    size_t bytes;      /* of the result */
};

/* apart_run does it and waits. failure: within the result, judged by apart_judge. */
void apart_run(const struct apart_work *work, void *result, struct failure *failure);

#endif
