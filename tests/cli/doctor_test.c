/* doctor_test.c: recorded machines get the lines and the exit code that they deserve; each bound is judged from both sides; this machine can be looked at. */
#include "cli/doctor.h"

#include "base/exit.h"
#include "tests/cli/cli_kit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const words = "owbu"; /* ok, warn, bad, unknown */

/* statuses gives one letter for each line of the last report, and checks that each has an id, evidence, and a fix where something is to be done. */
static const char *statuses(void)
{
    static char text[64];
    json_t *report = kit_json(), *checks = json_object_get(report, "checks"), *check;
    size_t i;

    cr_assert_str_eq(json_string_value(json_object_get(report, "schema")), "ward.doctor/1");
    json_array_foreach(checks, i, check)
    {
        const char *status = json_string_value(json_object_get(check, "status"));
        cr_assert_eq(strncmp(json_string_value(json_object_get(check, "id")), "D-0", 3), 0);
        cr_assert_gt(strlen(json_string_value(json_object_get(check, "evidence"))), 2);
        text[i] = status[0];
        cr_assert_not_null(strchr(words, status[0]));
        bool asks = status[0] == 'w' || status[0] == 'b';
        cr_assert(!asks || json_is_string(json_object_get(check, "fix")), "line %zu says what to do", i);
    }
    text[i] = '\0';
    json_decref(report);
    return text;
}

Test(doctor, recorded_machines_get_the_lines_and_exit_codes_they_deserve)
{
    static const struct {
        const char *line, *statuses;
        int code;
    } rows[] = {
        { "ward doctor --json --sysroot tests/cli/machines/debian12", "oooooooooooooo", EXIT_FINE },
        { "ward doctor --json --sysroot tests/cli/machines/rhel9", "wwoooooooouuuu", EXIT_FINE },
        { "ward doctor --json --sysroot tests/cli/machines/container", "wwwbwbwwwwuuuu", EXIT_ENVIRONMENT },
        { "ward doctor --json --sysroot tests/cli/machines/keys", "ooooooooooobbb", EXIT_ENVIRONMENT },
        { "ward doctor --json --profile ci --sysroot tests/cli/machines/container", "wwwbwbww", EXIT_ENVIRONMENT },
        { "ward doctor --json --profile bench --sysroot tests/cli/machines/rhel9", "wwoooooowu", EXIT_FINE },
        { "ward doctor --json --data /srv/ward --sysroot tests/cli/machines/debian12", "oooooooooooooo", EXIT_FINE },
        { "ward doctor --json --sysroot tests/cli/machines/barriers", "oooboooooooooo", EXIT_ENVIRONMENT },              /* an option of the file system, not of the mount */
        { "ward doctor --json --data /srv/barrier --sysroot tests/cli/machines/barriers", "oooooooooooooo", EXIT_FINE },
        { "ward doctor --json --data /srv/a\\disk/ward --sysroot tests/cli/machines/barriers", "oooboooooooooo", EXIT_ENVIRONMENT }, /* the table writes \134 for \ */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(kit_run("", rows[i].line), rows[i].code, "%s", rows[i].line);
        cr_assert_str_eq(statuses(), rows[i].statuses, "%s: %s", rows[i].line, statuses());
    }
}

/* What cannot be read is neither good nor bad; nor is the machine then. A configuration may be missing, for a machine is looked at before it has one. */
Test(doctor, does_not_call_good_what_it_could_not_look_at)
{
    static const struct {
        const char *line, *statuses;
    } rows[] = {
        { "ward doctor --json --sysroot %s", "uuuuuuuuuuuuuu" },
        { "ward doctor --json --profile ci --sysroot %s", "uuuuuuuu" },
        { "ward doctor --json --profile bench --sysroot %s", "uuuuuuuuuu" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(kit_run(kit_directory(), rows[i].line), EXIT_NO, "%s", rows[i].line);
        json_t *report = kit_json();
        cr_assert(json_is_false(json_object_get(report, "good")));
        json_decref(report);
        cr_assert_str_eq(statuses(), rows[i].statuses, "%s: %s", rows[i].line, statuses());
    }
    cr_assert_eq(kit_run("", "ward doctor --sysroot tests/cli/machines/nowhere"), EXIT_CONFIGURATION, "a directory that is not there");
    cr_assert_eq(kit_run("", "ward doctor --sysroot tests/cli/doctor_test.c"), EXIT_CONFIGURATION, "a file");
}

Test(doctor, names_who_forbids_io_uring_and_the_remedy)
{
    cr_assert_eq(kit_run("", "ward doctor --sysroot tests/cli/machines/rhel9"), EXIT_FINE);
    cr_assert_not_null(strstr(kit_output(), "to blame: sysctl; kernel.io_uring_disabled is 2"), "%s", kit_output());
    cr_assert_not_null(strstr(kit_output(), "kernel.io_uring_disabled=0"));
    cr_assert_eq(kit_run("", "ward doctor --sysroot tests/cli/machines/container"), EXIT_ENVIRONMENT);
    cr_assert_not_null(strstr(kit_output(), "to blame: seccomp"));
    cr_assert_not_null(strstr(kit_output(), "seccomp mode 2 with 1 filters"));
}

Test(doctor, a_configuration_that_was_named_must_be_there_and_good)
{
    cr_assert_eq(kit_run(kit_directory(), "ward doctor --config %s/nothing.yaml"), EXIT_CONFIGURATION);
    (void)kit_write("bad.yaml", "cluster:\n    colour: red\n");
    cr_assert_eq(kit_run(kit_directory(), "ward doctor --config %s/bad.yaml"), EXIT_CONFIGURATION);
    cr_assert_eq(kit_run("", "ward doctor --profile king"), EXIT_USAGE);
}

Test(doctor, looks_at_this_machine)
{
    int code = kit_run(kit_directory(), "ward doctor --json --data %s/not/yet/there");

    cr_assert(code == EXIT_FINE || code == EXIT_NO || code == EXIT_ENVIRONMENT);
    cr_assert_eq(strlen(statuses()), 14);
    cr_assert_eq(statuses()[0], 'o', "the kernel of a test machine");
    cr_assert_neq(statuses()[5], 'u', "the space of the nearest directory that is there");
}

static struct doctor_facts healthy(void)
{
    struct doctor_facts facts = { .has_config = true, .clock_error_us = 10, .flush_p50_us = 200, .flush_p99_us = 400, .bytes_used = 1, .bytes_free = 99, .memory_bytes = 8ll << 30,
                                  .descriptors = 65536, .rapl = 1, .port = DOCTOR_PORT_FREE, .sign = { .mode = 0600 }, .transport = { .mode = 0400 } };

    facts.machine = (struct machine){ .release = "6.1.0", .memlock_bytes = 8 << 20 };
    snprintf(facts.fs_type, sizeof facts.fs_type, "ext4");
    snprintf(facts.governor, sizeof facts.governor, "performance");
    snprintf(facts.config.io.backend, sizeof facts.config.io.backend, "auto");
    return facts;
}

/* judge gives the status of one line. */
static enum doctor_status judge(const struct doctor_facts *facts, const char *id)
{
    struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
    uint32_t count = doctor_judge(facts, DOCTOR_VALIDATOR | DOCTOR_BENCH | DOCTOR_CI, findings);

    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(findings[i].id, id) == 0) {
            return findings[i].status;
        }
    }
    cr_assert(false, "no line %s", id);
    return DOCTOR_BAD;
}

#define JUDGES(id, status, change)                                                                                                                   \
    do {                                                                                                                                             \
        struct doctor_facts facts = healthy();                                                                                                       \
        change;                                                                                                                                      \
        cr_assert_eq(judge(&facts, id), status, "%s: %s", id, #change);                                                                              \
    } while (0)

Test(doctor, every_bound_is_judged_from_both_sides)
{
    JUDGES("D-0101", DOCTOR_OK, (void)0);
    JUDGES("D-0101", DOCTOR_OK, snprintf(facts.machine.release, 64, "7.0"));
    JUDGES("D-0101", DOCTOR_WARN, snprintf(facts.machine.release, 64, "6.0.19"));
    JUDGES("D-0101", DOCTOR_WARN, snprintf(facts.machine.release, 64, "4.18.0-553"));
    JUDGES("D-0101", DOCTOR_BAD, snprintf(facts.machine.release, 64, "4.17"));
    JUDGES("D-0101", DOCTOR_UNKNOWN_STATUS, snprintf(facts.machine.release, 64, "plan9"));
    JUDGES("D-0102", DOCTOR_WARN, facts.io_uring_errno = EPERM);
    JUDGES("D-0102", DOCTOR_BAD, facts.io_uring_errno = EPERM; snprintf(facts.config.io.backend, 16, "io_uring"));
    JUDGES("D-0102", DOCTOR_OK, facts.io_uring_errno = EPERM; snprintf(facts.config.io.backend, 16, "posix"));
    JUDGES("D-0103", DOCTOR_WARN, facts.machine.memlock_bytes = (8 << 20) - 1);
    JUDGES("D-0103", DOCTOR_OK, facts.machine.memlock_bytes = INT64_MAX);
    JUDGES("D-0201", DOCTOR_BAD, snprintf(facts.fs_type, 32, "tmpfs"));
    JUDGES("D-0201", DOCTOR_WARN, snprintf(facts.fs_type, 32, "btrfs"));
    JUDGES("D-0201", DOCTOR_WARN, snprintf(facts.fs_type, 32, "fuse.something"));
    JUDGES("D-0201", DOCTOR_BAD, snprintf(facts.fs_options, 128, "rw,nobarrier"));
    JUDGES("D-0202", DOCTOR_OK, facts.flush_p50_us = 4999);
    JUDGES("D-0202", DOCTOR_WARN, facts.flush_p50_us = 5000);
    JUDGES("D-0202", DOCTOR_WARN, facts.flush_p50_us = 49999);
    JUDGES("D-0202", DOCTOR_BAD, facts.flush_p50_us = 50000);
    JUDGES("D-0202", DOCTOR_BAD, facts.flush_errno = EINVAL);
    JUDGES("D-0202", DOCTOR_WARN, facts.flush_errno = EACCES);
    JUDGES("D-0203", DOCTOR_WARN, facts.bytes_used = 85; facts.bytes_free = 15);
    JUDGES("D-0203", DOCTOR_BAD, facts.bytes_used = 92; facts.bytes_free = 8);
    JUDGES("D-0301", DOCTOR_WARN, facts.clock_unsynchronised = 1);
    JUDGES("D-0301", DOCTOR_WARN, facts.clock_error_us = 100001);
    JUDGES("D-0301", DOCTOR_OK, facts.clock_error_us = 100000);
    JUDGES("D-0301", DOCTOR_UNKNOWN_STATUS, facts.clock_error_us = DOCTOR_UNKNOWN);
    JUDGES("D-0302", DOCTOR_WARN, facts.clock_jump_us = 10001);
    JUDGES("D-0302", DOCTOR_OK, facts.clock_jump_us = 10000);
    JUDGES("D-0401", DOCTOR_WARN, facts.memory_bytes = (2ll << 30) - 1);
    JUDGES("D-0402", DOCTOR_WARN, facts.descriptors = 10);
    JUDGES("D-0502", DOCTOR_BAD, facts.port = DOCTOR_PORT_TAKEN);
    JUDGES("D-0502", DOCTOR_BAD, facts.port = DOCTOR_PORT_REFUSED);
    JUDGES("D-0502", DOCTOR_OK, facts.port = DOCTOR_PORT_OURS);
    JUDGES("D-0503", DOCTOR_BAD, facts.sign.mode = 0640);
    JUDGES("D-0503", DOCTOR_BAD, facts.sign.error = ENOENT);
    JUDGES("D-0503", DOCTOR_OK, facts.uid = 990; facts.sign.uid = 990);
    JUDGES("D-0503", DOCTOR_OK, facts.uid = 990; facts.sign.uid = 0);
    JUDGES("D-0503", DOCTOR_BAD, facts.uid = 990; facts.sign.uid = 991);
    JUDGES("D-0504", DOCTOR_WARN, facts.uid = 0; facts.transport.uid = 991);
    JUDGES("D-0504", DOCTOR_OK, (void)0);
    JUDGES("D-0601", DOCTOR_WARN, facts.rapl = 0);
    JUDGES("D-0601", DOCTOR_UNKNOWN_STATUS, facts.rapl = DOCTOR_UNKNOWN);
    JUDGES("D-0602", DOCTOR_WARN, snprintf(facts.governor, 32, "powersave"));
}

Test(doctor, key_files_alone_give_9_and_anything_else_7)
{
    struct doctor_finding key = { .id = "D-0503", .status = DOCTOR_BAD }, other = { .id = "D-0201", .status = DOCTOR_BAD }, warning = { .id = "D-0101", .status = DOCTOR_WARN };
    const struct doctor_finding both[] = { key, other }, turned[] = { other, key }, mild[] = { warning, key };

    cr_assert_eq(doctor_exit(&warning, 1), EXIT_FINE);
    cr_assert_eq(doctor_exit(&key, 1), EXIT_PERMISSION);
    cr_assert_eq(doctor_exit(both, 2), EXIT_ENVIRONMENT);
    cr_assert_eq(doctor_exit(turned, 2), EXIT_ENVIRONMENT);
    cr_assert_eq(doctor_exit(mild, 2), EXIT_PERMISSION);
}

Test(doctor, what_is_not_known_of_the_machine_gives_1_and_what_is_bad_more)
{
    struct doctor_finding dark = { .id = "D-0402", .status = DOCTOR_UNKNOWN_STATUS }, config = { .id = "D-0501", .status = DOCTOR_UNKNOWN_STATUS };
    struct doctor_finding key = { .id = "D-0503", .status = DOCTOR_BAD }, rate = { .id = "D-0602", .status = DOCTOR_UNKNOWN_STATUS };
    const struct doctor_finding worse[] = { dark, key }, turned[] = { key, dark };

    cr_assert_eq(doctor_exit(&dark, 1), EXIT_NO);
    cr_assert_eq(doctor_exit(&config, 1), EXIT_FINE, "a machine is looked at before it has a configuration");
    cr_assert_eq(doctor_exit(&rate, 1), EXIT_FINE, "a virtual machine has none");
    cr_assert_eq(doctor_exit(worse, 2), EXIT_PERMISSION);
    cr_assert_eq(doctor_exit(turned, 2), EXIT_PERMISSION);
}
