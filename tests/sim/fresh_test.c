/* fresh_test.c: a file of the simulator is a new one, and why there is none has the exit code that `ward` has for it. */
#include "sim/fresh.h"

#include "base/exit.h"
#include "cli/file.h"
#include "sim/verbs.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char taken[] = "/tmp/ward-fresh-XXXXXX";

static void make(void)
{
    int file = mkstemp(taken);

    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, "mine", 4), 4);
    close(file);
    cr_redirect_stderr();
}

/* end shows that the file that was there is as it was. */
static void end(void)
{
    char text[8] = "";
    FILE *file = fopen(taken, "r");

    cr_assert_not_null(file);
    cr_assert_eq(fread(text, 1, sizeof text, file), 4);
    cr_assert_str_eq(text, "mine");
    fclose(file);
    unlink(taken);
}

TestSuite(fresh, .init = make, .fini = end);

Test(fresh, what_is_there_is_not_opened)
{
    cr_assert_null(fresh_open(taken));
    cr_assert_eq(errno, EEXIST);
    cr_assert_null(fresh_open("/tmp/nowhere/at/all"));
    cr_assert_eq(errno, ENOENT);
}

Test(fresh, a_path_is_refused_when_a_file_a_device_or_a_dead_link_has_it)
{
    static const struct order order = { .verb = "run" };
    char link[64];

    snprintf(link, sizeof link, "%s.link", taken);
    cr_assert_eq(symlink("/nowhere/at/all", link), 0);
    cr_assert_eq(fresh_refuse(&order, NULL), EXIT_FINE);
    cr_assert_eq(fresh_refuse(&order, "/nowhere/at/all"), EXIT_FINE);
    cr_assert_eq(fresh_refuse(&order, taken), EXIT_REFUSED);
    cr_assert_eq(fresh_refuse(&order, "/dev/null"), EXIT_REFUSED);
    cr_assert_eq(fresh_refuse(&order, link), EXIT_REFUSED);
    unlink(link);
}

Test(fresh, a_file_that_is_not_whole_is_told)
{
    FILE *full = fopen("/dev/full", "w");

    cr_assert_not_null(full);
    fputs("text", full);
    cr_assert_eq(fresh_close(full, true), ENOSPC);
    cr_assert_neq(fresh_close(tmpfile(), false), 0);
    cr_assert_eq(fresh_close(tmpfile(), true), 0);
}

Test(fresh, exit_codes_are_those_of_ward)
{
    for (int number = 1; number < 134; number++) {
        cr_assert_eq(fresh_exit(number), file_exit(file_err(number)), "%s", strerror(number));
    }
}

Test(fresh, no_verb_overwrites)
{
    struct order order = { .has_seed = true, .seed = 1, .record = taken, .out = taken, .junit = taken, .has_seeds = true };

    order.plan = (struct crew_plan){ .seed_first = 1, .seed_last = 1, .shard = 1, .shards = 1, .jobs = 1, .twice_every = 1, .seconds = 600 };
    order.verb = "run";
    cr_assert_eq(verb_run(&order), EXIT_REFUSED);
    order.verb = "trace";
    cr_assert_eq(verb_trace(&order), EXIT_REFUSED);
    order.verb = "shrink";
    cr_assert_eq(verb_shrink(&order), EXIT_REFUSED);
    order.verb = "swarm";
    cr_assert_eq(verb_swarm(&order), EXIT_REFUSED);
    order.verb = "explore";
    cr_assert_eq(verb_explore(&order), EXIT_REFUSED);
}

Test(fresh, a_record_that_cannot_be_written_is_not_a_broken_expectation)
{
    struct order order = { .verb = "run", .has_seed = true, .seed = 3, .record = "/nowhere/at/all" };

    order.plan = (struct crew_plan){ .shard = 1, .shards = 1, .jobs = 1, .twice_every = 1, .seconds = 600 };
    cr_assert_eq(verb_run(&order), EXIT_CONFIGURATION);
}
