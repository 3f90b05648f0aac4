/* demo_test.c: the object of `ward demo` has every name that others rely on, of the right type, and is not ok when anything did not hold. */
#include "cli/demo.h"

#include "tests/cli/cli_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct demo demo;
static struct tally_entry entries[4];

static void start(void)
{
    memset(&demo, 0, sizeof demo);
    tally_init(&demo.load.tally, entries, 4);
    demo.options.load_ms = 2000;
    demo.options.rate = 200;
    demo.load.start_ns = 5000000000;
    demo.load.tally.committed[0] = 400;
    demo.load.tally.measured = 400;
    demo.load.tally.answered_ns = 6999000000;
    histogram_record(&demo.load.tally.latency, 3000000);
    demo.cost.complete = true;
    demo.cost.commands = demo.cost.blocks = 1;
    demo.memory_mib = 1;
    demo.load.tally.committed[314] = 1;
    demo.story.committed = 20;
    demo.story.rejected[314] = 2;
    demo.story.seen.permitted = true;
    demo.story.refused.id.bytes[0] = 1;
    demo.gap_ns = 234567890;
}

Test(demo, the_object_has_every_name, .init = start)
{
    static const struct { const char *name; json_type type; } rows[] = {
        { "ok", JSON_TRUE }, { "committed", JSON_INTEGER }, { "rejected", JSON_OBJECT }, { "tx_per_second", JSON_REAL }, { "latency_ms", JSON_OBJECT },
        { "cpu_us_per_tx", JSON_REAL }, { "libsodium_check_us", JSON_REAL }, { "signature_checks_per_tx", JSON_REAL }, { "blocks", JSON_INTEGER },
        { "flushes_per_block", JSON_REAL }, { "messages_per_block", JSON_REAL }, { "idle", JSON_OBJECT }, { "failover_ms", JSON_REAL },
        { "rejoined", JSON_FALSE }, { "state_roots_equal", JSON_FALSE }, { "access", JSON_OBJECT }, { "memory_mib_max", JSON_REAL },
    };
    json_t *object = demo_report(&demo);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *value = json_object_get(object, rows[i].name);
        cr_assert_not_null(value, "%s", rows[i].name);
        cr_assert_eq(json_typeof(value), rows[i].type, "%s", rows[i].name);
    }
    cr_assert_eq(json_integer_value(json_object_get(object, "committed")), 420);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(object, "rejected"), "314")), 3);
    cr_assert_float_eq(json_real_value(json_object_get(object, "tx_per_second")), 200, 1e-9);
    cr_assert_float_eq(json_real_value(json_object_get(object, "failover_ms")), 234.568, 1e-9);
    json_t *access = json_object_get(object, "access");
    cr_assert(json_is_true(json_object_get(access, "permitted")));
    cr_assert(json_is_true(json_object_get(access, "denied")));
    cr_assert(json_is_false(json_object_get(access, "revoked_denied")));
    cr_assert_eq(json_object_size(json_object_get(object, "latency_ms")), 3);
    cr_assert_eq(json_object_size(json_object_get(object, "idle")), 4);
    json_decref(object);
}

Test(demo, commands_that_come_late_count_over_the_time_they_took, .init = start)
{
    demo.load.tally.answered_ns = 9000000000; /* two seconds after the load ended */
    json_t *object = demo_report(&demo);

    cr_assert_float_eq(json_real_value(json_object_get(object, "tx_per_second")), 100, 1e-9);
    json_decref(object);
}

Test(demo, what_was_not_measured_is_absent, .init = start)
{
    static const char *const names[] = { "latency_ms", "cpu_us_per_tx", "signature_checks_per_tx", "flushes_per_block", "messages_per_block", "memory_mib_max" };

    tally_init(&demo.load.tally, entries, 4);
    demo.cost = (struct meter_cost){ .complete = true };
    demo.memory_mib = 0;
    json_t *object = demo_report(&demo);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_assert_null(json_object_get(object, names[i]), "%s", names[i]);
    }
    cr_assert_eq(json_real_value(json_object_get(object, "tx_per_second")), 0);
    json_decref(object);
}

/* The demonstration ends before a cluster starts, where a directory that is not empty is to take it; the bundle was read by then. */
Test(demo, resources_of_the_bundle_are_told_when_it_is_closed, .init = start)
{
    struct demo_options options = { .replicas = 4, .load_ms = 8000, .rate = 1, .bundle = "configs/demo/bundle.json", .quiet = true };

    kit_write("something", "that is there");
    options.keep = kit_directory();
    cr_assert_eq(demo_run(&demo, &options), EXIT_REFUSED, "%s", demo.problems[0]);
    cr_assert_null(demo.bundle.root);
    json_t *object = demo_report(&demo), *resources = json_object_get(object, "resources");
    cr_assert_eq(json_integer_value(json_object_get(resources, "taken")), 18);
    cr_assert_eq(json_integer_value(json_object_get(resources, "left_out")), 0);
    json_decref(object);
}

Test(demo, a_problem_that_ends_it_is_shown_once, .init = start)
{
    char errors[4096] = "";
    FILE *caught = tmpfile();
    int saved = dup(STDERR_FILENO);

    cr_assert_not_null(caught);
    dup2(fileno(caught), STDERR_FILENO);
    int code = kit_run("/etc", "ward demo --bundle %s");
    dup2(saved, STDERR_FILENO);
    rewind(caught);
    size_t size = fread(errors, 1, sizeof errors - 1, caught);
    fclose(caught);
    cr_assert_eq(code, EXIT_CONFIGURATION);
    cr_assert_gt(size, 0);
    const char *first = strstr(errors, "/etc: ");
    cr_assert_not_null(first, "%s", errors);
    cr_assert_null(strstr(first + 1, "/etc: "), "%s", errors);
}

Test(demo, a_bundle_without_anything_of_its_patient_is_refused_before_a_cluster_starts, .init = start)
{
    static const char *const bundles[] = {
        "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}}]}",
        "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}},"
        "{\"resource\":{\"resourceType\":\"Condition\",\"id\":\"c\",\"subject\":{\"reference\":\"Patient/other\"}}}]}",
    };

    for (size_t i = 0; i < 2; i++) {
        struct demo_options options = { .replicas = 4, .load_ms = 8000, .rate = 1, .bundle = kit_write("bundle.json", bundles[i]), .quiet = true };
        cr_assert_eq(demo_run(&demo, &options), EXIT_CONFIGURATION, "%s", demo.problems[0]);
        cr_assert_not_null(strstr(demo.problems[0], "no clinical resource of its patient"), "%s", demo.problems[0]);
    }
    struct demo_options options = { .replicas = 4, .load_ms = 8000, .rate = 1, .bundle = kit_directory(), .quiet = true };
    cr_assert_eq(demo_run(&demo, &options), EXIT_CONFIGURATION);
    const char *first = strstr(demo.problems[0], kit_directory());
    cr_assert_not_null(first);
    cr_assert_null(strstr(first + 1, kit_directory()), "the file is named once: %s", demo.problems[0]);
    cr_assert_not_null(strstr(demo.problems[0], "not a regular file"), "%s", demo.problems[0]);
}

Test(demo, below_200_commands_per_second_a_gap_says_nothing, .init = start)
{
    demo.options.rate = 199;
    json_t *object = demo_report(&demo);

    cr_assert(json_is_null(json_object_get(object, "failover_ms")));
    json_decref(object);
}

Test(demo, it_is_not_ok_when_anything_did_not_hold, .init = start)
{
    demo.problems_count = 1;
    strcpy(demo.problems[0], "the replicas' state roots differ");
    json_t *object = demo_report(&demo);

    cr_assert(json_is_false(json_object_get(object, "ok")));
    cr_assert_eq(json_array_size(json_object_get(object, "problems")), 1);
    json_decref(object);
}
