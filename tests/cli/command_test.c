/* command_test.c: the table is complete, the parser gives each wrong command line its sentence, help comes from the rows. */
#include "cli/command.h"

#include "tests/cli/cli_kit.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Test(command, every_row_has_summary_example_exits_and_flags_that_can_be_parsed)
{
    for (const struct command_spec *spec = command_table; spec->name != NULL; spec++) {
        char example[512];
        cr_assert_not_null(spec->run, "%s", spec->name);
        cr_assert(strlen(spec->summary) > 10, "%s", spec->name);
        cr_assert_not_null(spec->flags, "%s", spec->name);
        snprintf(example, sizeof example, "ward %s", spec->name);
        cr_assert(strncmp(spec->example, example, strlen(example)) == 0 || strncmp(spec->example, "ward --", 7) == 0, "%s: %s", spec->name, spec->example);
        for (size_t i = 0; i < COMMAND_EXITS_MAX && spec->exits[i] != 0; i++) {
            cr_assert_str_neq(exit_text(spec->exits[i]), "unknown");
        }
        for (const struct flag_spec *flag = spec->flags; flag->name != NULL; flag++) {
            cr_assert(strlen(flag->help) > 5, "%s --%s", spec->name, flag->name);
            cr_assert_eq(flag->type == FLAG_CHOICE, flag->choices != NULL, "%s --%s", spec->name, flag->name);
            cr_assert_not(flag->required && flag->value != NULL, "%s --%s: a default that can never be used", spec->name, flag->name);
        }
    }
}

Test(command, every_example_parses_and_every_default_is_legal)
{
    static struct args args;

    for (const struct command_spec *spec = command_table; spec->name != NULL; spec++) {
        char text[512], message[MESSAGE_BYTES_MAX];
        char *words[KIT_WORDS_MAX] = { NULL };
        int count = 0;
        snprintf(text, sizeof text, "%s", spec->example);
        for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
            words[count++] = word;
        }
        if (strncmp(words[1], "--", 2) == 0) {
            continue;
        }
        cr_assert_eq(command_parse(&args, &command_ward, count, words, message), EXIT_FINE, "%s: %s", spec->example, message);
        cr_assert_eq(args.spec, spec);
        for (const struct flag_spec *flag = spec->flags; flag->name != NULL; flag++) {
            (void)args_number(&args, flag->name); /* asserts that the default is legal */
        }
    }
}

Test(command, wrong_lines_end_with_two)
{
    static const char *const lines[] = {
        "ward", "ward nothing", "ward key", "ward key nothing", "ward key init", "ward key init DIR", "ward key init DIR --for nobody", "ward key init DIR --for",
        "ward key init DIR --for replica --for patient", "ward key init DIR MORE --for replica", "ward key init DIR --colour red --for replica", "ward version --json=1",
        "ward help nothing", "ward help key init more",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_assert_eq(kit_run("", lines[i]), EXIT_USAGE, "%s", lines[i]);
        cr_assert_str_empty(kit_output(), "%s", lines[i]);
    }
}

/* said gives the message of a line that ends with 2. Owns: a static buffer. */
static const char *said(const char *line)
{
    static char text[MESSAGE_BYTES_MAX];

    cr_assert_eq(kit_run("", line), EXIT_USAGE, "%s", line);
    json_t *value = kit_json();
    snprintf(text, sizeof text, "%s", json_string_value(json_object_get(value, "message")));
    json_decref(value);
    return text;
}

Test(command, a_wrong_line_is_told_what_would_be_right)
{
    static const struct { const char *line, *says; } rows[] = {
        { "ward demo --rate 0 --json", "--rate is out of range: 0 (1 to 10000)" },
        { "ward demo --rate -1 --json", "--rate is not a number: -1 (1 to 10000)" },
        { "ward demo --for 7s --json", "--for is out of range: 7s (8s to 5m)" },
        { "ward demo --for 301s --json", "--for is out of range: 301s (8s to 5m)" },
        { "ward status --timeout 0 --json", "(1ms to 1h)" },
        { "ward audit --count 0 --json", "(1 to 1000000000)" },
        { "ward genesis verify g --fingerprint 00 --json", "(64 digits)" },
        { "ward genesis assemble --name c --time-ms 1767225600000 --out g a b c --json", "needs at least 4, not 3, of ENROLMENT: public enrolment files" },
        { "ward config check --json", "needs FILE: configuration of a wardd" },
        { "ward key --json", "key alone is no command; there is `ward key init`, `ward key show`, `ward key enrol`" },
        { "ward key int --json", "no command key int, but `ward key init`, `ward key show`, `ward key enrol`" },
        { "ward keys --json", "no command keys; see `ward help`" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_not_null(strstr(said(rows[i].line), rows[i].says), "%s: %s", rows[i].line, said(rows[i].line));
    }
}

Test(command, an_empty_value_is_told_without_the_nothing_that_it_is)
{
    const char *words = said("ward doctor --config= --json");

    cr_assert_not_null(strstr(words, "--config is empty"), "%s", words);
    cr_assert_null(strstr(words, "empty:"), "%s", words);
}

Test(command, help_says_the_range)
{
    cr_assert_eq(kit_run("", "ward demo --help"), EXIT_FINE);
    cr_assert_not_null(strstr(kit_output(), "commands per second; 1 to 10000; default 200"), "%s", kit_output());
    cr_assert_not_null(strstr(kit_output(), "; 8s to 5m; default 30s"), "%s", kit_output());
}

Test(command, h_is_help_wherever_help_is)
{
    static const char *const lines[] = { "ward -h", "ward key -h", "ward key init -h", "ward key init DIR -h" };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_assert_eq(kit_run("", lines[i]), EXIT_FINE, "%s", lines[i]);
        cr_assert_not_null(strstr(kit_output(), "ward key init"), "%s", lines[i]);
    }
    cr_assert_eq(kit_run("", "ward key show -- -h"), EXIT_CONFIGURATION, "a file of this name");
}

Test(command, with_json_even_an_error_is_one_object)
{
    cr_assert_eq(kit_run("", "ward nothing --json"), EXIT_USAGE);
    json_t *value = kit_json();
    cr_assert_str_eq(json_string_value(json_object_get(value, "schema")), "ward.error/1");
    cr_assert_eq(json_integer_value(json_object_get(value, "exit")), EXIT_USAGE);
    json_decref(value);
}

Test(command, words_that_no_json_can_hold_are_refused_before_anything_is_done)
{
    char path[512];

    snprintf(path, sizeof path, "%s/k\351ys", kit_directory());
    cr_expect_eq(kit_run(kit_directory(), "ward key init %s/k\351ys --for system --json"), EXIT_USAGE);
    cr_expect_not_null(strstr(kit_output(), "word 3 of the command line is not UTF-8"), "%s", kit_output());
    cr_expect_neq(access(path, F_OK), 0, "nothing was made");
    cr_expect_eq(kit_run(kit_directory(), "ward key init %s/k\303\251ys --for system --json"), EXIT_FINE);
}

Test(command, help_as_json_holds_every_row)
{
    size_t rows = 0;

    cr_assert_eq(kit_run("", "ward help --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert_str_eq(json_string_value(json_object_get(value, "schema")), "ward.help/1");
    while (command_table[rows].name != NULL) {
        rows++;
    }
    cr_assert_eq(json_array_size(json_object_get(value, "commands")), rows);
    json_decref(value);
}

Test(command, help_of_each_row_names_its_flags_and_exit_codes)
{
    for (const struct command_spec *spec = command_table; spec->name != NULL; spec++) {
        char line[128];
        snprintf(line, sizeof line, "ward %s --help", spec->name);
        cr_assert_eq(kit_run("", line), EXIT_FINE);
        cr_assert(strstr(kit_output(), spec->example) != NULL);
        cr_assert(strstr(kit_output(), "Exit codes") != NULL);
        for (const struct flag_spec *flag = spec->flags; flag->name != NULL; flag++) {
            cr_assert(strstr(kit_output(), flag->name) != NULL, "%s --%s", spec->name, flag->name);
        }
    }
}

Test(command, help_names_exit_codes_in_the_order_of_their_numbers)
{
    for (const struct command_spec *spec = command_table; spec->name != NULL; spec++) {
        char line[128];
        long before = -1;
        snprintf(line, sizeof line, "ward %s --help", spec->name);
        cr_assert_eq(kit_run("", line), EXIT_FINE);
        const char *at = strstr(kit_output(), "Exit codes\n");
        for (at = strchr(at, '\n'); at != NULL && at[1] != '\0'; at = strchr(at + 1, '\n')) {
            long code = strtol(at, NULL, 10);
            cr_assert_gt(code, before, "%s: %ld behind %ld", spec->name, code, before);
            before = code;
        }
        cr_assert_geq(before, EXIT_USAGE, "%s", spec->name);
    }
}

Test(command, help_with_json_is_one_object_however_it_is_asked_for)
{
    static const struct { const char *line; size_t rows; } cases[] = {
        { "ward key init --help --json", 1 }, { "ward --json key --help", 0 }, { "ward key --help --json", 3 }, { "ward key --json --help", 3 },
        { "ward help key --json", 3 }, { "ward help key init --json", 1 }, { "ward version --json --help", 1 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(kit_run("", cases[i].line), cases[i].rows == 0 ? EXIT_USAGE : EXIT_FINE, "%s", cases[i].line);
        json_t *value = kit_json();
        cr_assert_str_eq(json_string_value(json_object_get(value, "schema")), cases[i].rows == 0 ? "ward.error/1" : "ward.help/1", "%s", cases[i].line);
        cr_assert_eq(json_array_size(json_object_get(value, "commands")), cases[i].rows, "%s", cases[i].line);
        json_decref(value);
    }
}

Test(command, help_of_a_group_lists_its_rows_alone)
{
    cr_assert_eq(kit_run("", "ward key --help"), EXIT_FINE);
    cr_assert(strstr(kit_output(), "ward key init") != NULL);
    cr_assert(strstr(kit_output(), "ward key enrol") != NULL);
    cr_assert(strstr(kit_output(), "ward genesis") == NULL);
    cr_assert_eq(kit_run("", "ward ke --help"), EXIT_USAGE);
    cr_assert_eq(kit_run("", "ward key nothing --help"), EXIT_USAGE);
}

Test(command, version_and_help_work_as_flags_too)
{
    cr_assert_eq(kit_run("", "ward --version --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert_str_eq(json_string_value(json_object_get(value, "schema")), "ward.version/1");
    cr_assert_str_eq(json_string_value(json_object_get(value, "version")), WARD_VERSION);
    json_decref(value);
    cr_assert_eq(kit_run("", "ward --help"), EXIT_FINE);
    cr_assert(strstr(kit_output(), "ward key init") != NULL);
}

Test(command, what_cannot_be_printed_is_an_error)
{
    static char *const lines[][3] = { { "ward", "help" }, { "ward", "--version" }, { "ward", "--help" }, { "ward", "config", "explain" } };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        fflush(stdout);
        int saved = dup(STDOUT_FILENO), full = open("/dev/full", O_WRONLY);
        cr_assert_geq(full, 0);
        dup2(full, STDOUT_FILENO);
        int code = command_main(&command_ward, lines[i][2] == NULL ? 2 : 3, lines[i]);
        dup2(saved, STDOUT_FILENO);
        close(saved);
        close(full);
        clearerr(stdout);
        cr_assert_eq(code, EXIT_RESOURCE, "%s", lines[i][1]);
    }
}

Test(command, durations_have_units)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t ms;
    } rows[] = { { "0ms", true, 0 },   { "500ms", true, 500 }, { "30s", true, 30000 }, { "5m", true, 300000 }, { "2h", true, 7200000 },
                 { "7d", true, 604800000 }, { "5", true, 5000 },     { "", false, 0 },       { "s", false, 0 },      { "-1s", false, 0 },
                 { "1.5s", false, 0 },  { "1 s", false, 0 },   { "99999999999999s", false, 0 } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t ms = 0;
        cr_assert_eq(duration_parse(rows[i].text, &ms), rows[i].good, "%s", rows[i].text);
        cr_assert(!rows[i].good || ms == rows[i].ms, "%s", rows[i].text);
    }
}
