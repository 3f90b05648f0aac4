/* apart.c: see apart.h. */
#include "sim/campaign/apart.h"

#include "base/assert.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

void apart_open(struct apart *apart, size_t bytes)
{
    *apart = (struct apart){ .bytes = bytes, .errors = memfd_create("errors", MFD_CLOEXEC) };
    apart->result = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT(apart->errors >= 0);
    ASSERT(apart->result != MAP_FAILED);
}

void apart_close(struct apart *apart)
{
    ASSERT(apart->pid == 0);
    munmap(apart->result, apart->bytes);
    close(apart->errors);
    *apart = (struct apart){ 0 };
}

void apart_limit(unsigned seconds)
{
    struct itimerval limit = { .it_value = { .tv_sec = (time_t)seconds } };

    signal(SIGPROF, SIG_DFL);
    int set = setitimer(ITIMER_PROF, &limit, NULL);
    ASSERT(set == 0);
}

void apart_begin(struct apart *apart, void (*work)(const void *context, void *result), const void *context, unsigned seconds)
{
    ASSERT(apart->pid == 0);
    memset(apart->result, 0, apart->bytes);
    int emptied = ftruncate(apart->errors, 0);
    ASSERT(emptied == 0);
    fflush(NULL); /* what waits in buffers is the parent's to write */
    pid_t pid = fork();
    ASSERT(pid >= 0);
    if (pid == 0) {
        lseek(apart->errors, 0, SEEK_SET);
        dup2(apart->errors, STDERR_FILENO);
        apart_limit(seconds);
        work(context, apart->result);
        fflush(stdout);
        _exit(0);
    }
    apart->pid = pid;
}

/* last_line keeps the last line of what a child complained about: an assertion, or the summary of a sanitizer. */
static void last_line(struct apart *apart)
{
    char tail[4096];
    off_t size = lseek(apart->errors, 0, SEEK_END);
    off_t from = size > (off_t)sizeof tail - 1 ? size - ((off_t)sizeof tail - 1) : 0;
    ssize_t got = pread(apart->errors, tail, sizeof tail - 1, from);

    tail[got > 0 ? got : 0] = '\0';
    char *assertion = strstr(tail, "ward: assertion failed: ");
    char *line = assertion != NULL ? assertion + strlen("ward: ") : tail;
    line[strcspn(line, "\n")] = '\0';
    snprintf(apart->text, sizeof apart->text, "%.*s", (int)sizeof apart->text - 1, line);
}

static void ended(struct apart *apart, int status)
{
    apart->pid = 0;
    apart->end = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? APART_DONE : WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF ? APART_ENDLESS : APART_STOPPED;
    last_line(apart);
    if (apart->end == APART_STOPPED && apart->text[0] == '\0') {
        snprintf(apart->text, sizeof apart->text, WIFSIGNALED(status) ? "signal %d" : "exit %d", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
}

size_t apart_wait(struct apart *all, size_t count)
{
    size_t working = 0;
    int status = 0;

    for (size_t i = 0; i < count; i++) {
        working += all[i].pid != 0;
    }
    while (working > 0) {
        pid_t pid = waitpid(-1, &status, 0);
        ASSERT(pid > 0);
        for (size_t i = 0; i < count; i++) {
            if (all[i].pid == pid) {
                ended(&all[i], status);
                return i;
            }
        }
    }
    return count;
}

uint64_t apart_cpu_ns(void)
{
    struct rusage usage;
    int code = getrusage(RUSAGE_CHILDREN, &usage);

    ASSERT(code == 0);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * UINT64_C(1000000000) + (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

void apart_judge(const struct apart *apart, struct failure *failure)
{
    if (apart->end == APART_STOPPED) {
        oracle_fail(failure, FAILURE_SAFETY, "%s", apart->text);
    } else if (apart->end == APART_ENDLESS) {
        oracle_fail(failure, FAILURE_LIVENESS, "the run itself does not come to an end");
    }
}

void apart_run(const struct apart_work *work, void *result, struct failure *failure)
{
    struct apart apart;

    apart_open(&apart, work->bytes);
    apart_begin(&apart, work->work, work->context, work->seconds);
    size_t which = apart_wait(&apart, 1);
    ASSERT(which == 0);
    memcpy(result, apart.result, work->bytes);
    apart_judge(&apart, failure);
    apart_close(&apart);
}
