/* backend_test.c: auto takes what the machine allows and says once why it is not the better one; a demand that cannot be met is refused in words. */
#include "node/backend.h"

#include "base/log.h"
#include "tests/net/net_kit.h"
#include "tests/net/seccomp_kit.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct boot boot;
static struct backend backend;
static char said[4096];

/* open_as measures, takes and opens as the daemon does, and keeps what was logged. */
static enum exit_code open_as(const char *word)
{
    struct config_problem problem;
    struct arena arena;
    int ends[2];

    boot.config.limits.clients_max = 128;
    boot.config.limits.half_open_max = 128;
    if (node_config_set(&boot.config, "io.backend", word, &problem) != ERR_OK || pipe(ends) != 0) {
        return EXIT_USAGE;
    }
    arena_init_measure(&arena);
    backend_take(&backend, &arena, &boot.config);
    size_t size = arena.used;
    arena_init(&arena, kit_memory(size), size);
    backend_take(&backend, &arena, &boot.config);
    if (arena.used != size) {
        return EXIT_USAGE;
    }
    log_fd_set(ends[1]);
    enum exit_code code = backend_open(&backend, &boot);
    close(ends[1]);
    ssize_t got = read(ends[0], said, sizeof said - 1);
    said[got > 0 ? got : 0] = '\0';
    return code;
}

static bool has(const char *text, const char *word) { return strstr(text, word) != NULL; }

static int auto_without_io_uring(void)
{
    if (seccomp_kit_deny(SYS_io_uring_setup, EPERM) != 0) {
        return 77;
    }
    bool good = open_as("auto") == EXIT_FINE && strcmp(backend.loop->ops->name, "posix") == 0;
    good = good && has(said, "W-0202") && has(said, "errno=1 ") && has(said, "io_uring_disabled=") && has(said, "seccomp=filter") && has(said, "blame=seccomp");
    good = good && has(said, "remedy=\"allow io_uring_setup") && strchr(said, '\n') == strrchr(said, '\n'); /* one line */
    return good && loop_turn(backend.loop, 1) == ERR_OK ? 0 : 1;
}

Test(backend, auto_goes_on_with_posix_where_seccomp_denies_io_uring) { cr_assert_eq(seccomp_kit_child(auto_without_io_uring), 0); }

static int demand_without_io_uring(void)
{
    if (seccomp_kit_deny(SYS_io_uring_setup, EPERM) != 0) {
        return 77;
    }
    bool good = open_as("io_uring") == EXIT_ENVIRONMENT && backend.loop == NULL;
    return good && has(boot.problem, "errno 1") && has(boot.problem, "seccomp is filter") && has(boot.problem, "io.backend: posix") ? 0 : 1;
}

Test(backend, a_demand_for_io_uring_that_cannot_be_met_is_refused_with_a_remedy) { cr_assert_eq(seccomp_kit_child(demand_without_io_uring), 0); }

/* A ring that opens, but whose kernel knows no buffer rings: older than 6.1 in what it offers. */
static int auto_with_half_a_ring(void)
{
    if (seccomp_kit_deny(SYS_io_uring_register, EINVAL) != 0) {
        return 77;
    }
    bool good = open_as("auto") == EXIT_FINE && strcmp(backend.loop->ops->name, "posix") == 0;
    return good && has(said, "blame=kernel") ? 0 : 1;
}

Test(backend, auto_goes_on_with_posix_on_a_kernel_that_is_too_old) { cr_assert_eq(seccomp_kit_child(auto_with_half_a_ring), 0); }

Test(backend, posix_never_asks_for_io_uring)
{
    cr_assert_eq(open_as("posix"), EXIT_FINE);
    cr_assert_null(backend.uring);
    cr_assert_str_eq(backend.loop->ops->name, "posix");
    cr_assert_str_eq(said, "");
}

Test(backend, auto_takes_io_uring_without_a_word_where_it_is_allowed)
{
    cr_assert_eq(open_as("auto"), EXIT_FINE);
    if (strcmp(backend.loop->ops->name, "io_uring") != 0) {
        cr_skip_test("io_uring is not allowed here: %s", said);
    }
    cr_assert_str_eq(said, "");
}
