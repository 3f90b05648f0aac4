/* trial.c: see trial.h. Assertions end in SIGABRT, what a compiler or a sanitizer traps in SIGILL. */
#include "sim/explore/trial.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

static sigjmp_buf stopped;

static void on_stop(int number)
{
    siglongjmp(stopped, number);
}

int trial_play(void (*play)(void *context), void *context)
{
    struct sigaction action = { .sa_handler = on_stop, .sa_flags = SA_NODEFER }, before[2];

    sigaction(SIGABRT, &action, &before[0]);
    sigaction(SIGILL, &action, &before[1]);
    int number = sigsetjmp(stopped, 1);
    if (number == 0) {
        play(context);
    }
    sigaction(SIGABRT, &before[0], NULL);
    sigaction(SIGILL, &before[1], NULL);
    return number;
}
