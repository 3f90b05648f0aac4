/* daemon_test.c: what a daemon takes at its start, and what it refuses to start with. Whole processes run in tests/e2e. */
#include "node/daemon.h"

#include "tests/cli/cli_kit.h"
#include "tests/node/boot_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct daemon daemon_under_test;

static void make(void) { boot_kit_make(kit_directory()); }

TestSuite(daemon, .init = make);

static enum exit_code open_as(bool create)
{
    struct options options = { .config_path = boot_kit_config(0), .create = create };

    memset(&daemon_under_test, 0, sizeof daemon_under_test);
    return daemon_open(&daemon_under_test, &options);
}

Test(daemon, takes_exactly_what_it_measured_and_nothing_after)
{
    cr_assert_eq(open_as(true), EXIT_FINE, "%s", daemon_under_test.boot.problem);
    cr_assert_gt(daemon_under_test.arena_bytes, 1u << 20);
    cr_assert_eq(daemon_under_test.arena.used, daemon_under_test.arena_bytes);
    cr_assert(daemon_under_test.arena.sealed);
    cr_assert_eq(daemon_under_test.store.superblocks.current.sequence, 1);
    daemon_close(&daemon_under_test);
    cr_assert_null(daemon_under_test.boot.keys);
}

Test(daemon, needs_the_budget_to_allow_its_memory)
{
    cr_assert_eq(open_as(true), EXIT_FINE);
    daemon_close(&daemon_under_test);
    boot_kit_write(0, "memory:\n", "memory:\n    budget_mib: 8\n");
    cr_assert_eq(open_as(false), EXIT_RESOURCE);
    cr_assert_not_null(strstr(daemon_under_test.boot.problem, "memory.budget_mib allows 8"), "%s", daemon_under_test.boot.problem);
    daemon_close(&daemon_under_test);
}

Test(daemon, opens_what_it_made_and_lets_go_of_it_again)
{
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(open_as(i == 0), EXIT_FINE, "%s", daemon_under_test.boot.problem);
        daemon_close(&daemon_under_test);
    }
}

Test(daemon, a_failed_start_leaves_nothing_open)
{
    cr_assert_eq(open_as(false), EXIT_REFUSED);
    daemon_close(&daemon_under_test);
    cr_assert_eq(open_as(true), EXIT_FINE, "%s", daemon_under_test.boot.problem);
    daemon_close(&daemon_under_test);
}

/* Whoever knows the seed of batch coefficients can make bad signatures whose errors cancel. */
Test(daemon, draws_a_seed_of_its_own_for_batches_at_each_start)
{
    static const uint8_t nothing[32];
    uint8_t seed[3][32];

    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(open_as(i == 0), EXIT_FINE, "%s", daemon_under_test.boot.problem);
        memcpy(seed[i], daemon_under_test.verify.config.seed, sizeof seed[i]);
        cr_assert_arr_neq(seed[i], i == 0 ? nothing : seed[i - 1], 16);
        cr_assert_arr_neq(seed[i] + 16, i == 0 ? nothing + 16 : seed[i - 1] + 16, 16);
        daemon_close(&daemon_under_test);
    }
}

/* A log that took longer to read than members are called for once left a replica that never asked whether it may sign, and stood for ever. */
Test(daemon, calls_members_however_long_its_log_took_to_read)
{
    uint64_t start_ns = 1000000000, read_ns = start_ns + 3 * (uint64_t)DAEMON_DIAL_NS;
    struct daemon *daemon = &daemon_under_test;

    memset(daemon, 0, sizeof *daemon);
    daemon->start_ns = start_ns;
    daemon->serving_ns = read_ns;
    cr_assert(daemon_is_calling(daemon, true, read_ns + DAEMON_DIAL_NS - 1));
    cr_assert_not(daemon_is_calling(daemon, true, read_ns + DAEMON_DIAL_NS));
    cr_assert(daemon_is_calling(daemon, false, read_ns + 100 * (uint64_t)DAEMON_DIAL_NS));
}
