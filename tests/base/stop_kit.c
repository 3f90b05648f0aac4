/* stop_kit.c: see stop_kit.h. */
#include "tests/base/stop_kit.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

bool kit_stops(void (*check)(const void *state), const void *state)
{
    int status = 0;
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO); /* an expected stop is no news */
        check(state);
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    bool stopped = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    cr_assert(stopped || (WIFEXITED(status) && WEXITSTATUS(status) == 0), "status %x", (unsigned)status);
    return stopped;
}
