/* sandbox_test.c: what a replica uses still works, what it does not use fails, what only an attacker asks for kills; in threads that were there before, too. */
#include "node/sandbox.h"

#include "tests/base/long_kit.h"
#include "tests/net/net_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* in_child. Gives: its wait status. */
static int in_child(int (*test)(void))
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        _exit(test());
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static int serve_inside(void)
{
    struct loop_uring_config config = loop_uring_config_default();
    struct loop *loops[2] = { kit_loop_on(KIT_URING, &config), kit_loop_on(KIT_POSIX, &config) };
    char byte;

    if (sandbox_enter() != ERR_OK) {
        return 77;
    }
    for (int i = 0; i < 2; i++) {
        if (loop_turn(loops[i], 1) != ERR_OK) {
            return 1;
        }
    }
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && read(fd, &byte, 1) == 1 && close(fd) == 0;
    int new = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    void *memory = malloc(10u << 20);
    good = good && new >= 0 && close(new) == 0 && memory != NULL;
    free(memory);
    return good ? 0 : 2;
}

Test(sandbox, what_a_replica_does_still_works)
{
    int status = in_child(serve_inside);

    cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
    cr_assert_eq(WEXITSTATUS(status), 0);
}

static int ask_for_more(void)
{
    if (sandbox_enter() != ERR_OK) {
        return 77;
    }
    bool refused = syscall(SYS_io_uring_setup, 8, NULL) == -1 && errno == EPERM;
    refused = refused && syscall(SYS_chmod, "/tmp", 0777) == -1 && errno == EPERM;
    refused = refused && fork() == -1;
    return refused ? 0 : 1;
}

#ifndef WARD_DEBUG /* the leak checker needs to make a thread */
Test(sandbox, what_it_does_not_use_fails)
{
    int status = in_child(ask_for_more);

    cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
    cr_assert_eq(WEXITSTATUS(status), 0);
}
#endif

static int run_another_program(void)
{
    if (sandbox_enter() != ERR_OK) {
        return 77;
    }
    (void)ask_for_more;
    execl("/bin/true", "true", (char *)NULL);
    return 1;
}

Test(sandbox, another_program_kills)
{
    int status = in_child(run_another_program);

    cr_assert(WIFSIGNALED(status), "exit %d", WEXITSTATUS(status));
    cr_assert_eq(WTERMSIG(status), SIGSYS);
}

static int gate[2];

static void *mount_later(void *nothing)
{
    char byte;

    (void)!read(gate[0], &byte, 1);
    (void)mount("none", "/nowhere", "tmpfs", 0, NULL);
    return nothing;
}

static int attack_from_an_old_thread(void)
{
    pthread_t thread;

    if (pipe(gate) != 0 || pthread_create(&thread, NULL, mount_later, NULL) != 0 || sandbox_enter() != ERR_OK) {
        return 77;
    }
    (void)!write(gate[1], "x", 1);
    pthread_join(thread, NULL);
    return 1;
}

Test(sandbox, a_thread_that_was_there_before_is_inside_too)
{
    if (is_thread_build()) {
        cr_skip_test("no threads in a child under ThreadSanitizer");
    }
    int status = in_child(attack_from_an_old_thread);

    cr_assert(WIFSIGNALED(status), "exit %d", WEXITSTATUS(status));
}

Test(sandbox, the_table_has_what_the_backends_need_and_not_what_makes_rings_or_programs)
{
    cr_assert(sandbox_allows(SYS_io_uring_enter));
    cr_assert(sandbox_allows(SYS_pwritev2));
    cr_assert_not(sandbox_allows(SYS_io_uring_setup));
    cr_assert_not(sandbox_allows(SYS_io_uring_register));
    cr_assert_not(sandbox_allows(SYS_execve));
    cr_assert_not(sandbox_allows(SYS_fork));
}
