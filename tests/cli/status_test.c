/* status_test.c: `ward status`: what a replica says becomes one object or words; what it does not say has its exit code. */
#include "cli/cmd.h"

#include "tests/cli/cli_kit.h"
#include "tests/cli/replica_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct fake_replica replica;
static const char *says; /* NULL: it refuses */
static uint16_t code;

static const char healthy[] = "members 4\nquorum 3\nview 3\nleader_name mercy\nmembers_linked 3\nexecuted_height 10422\nenergy none\nlast_commit_age_ms 800\n"
                              "peer_0_name mercy\npeer_0_linked 1\npeer_0_missing 0\npeer_1_name north\npeer_1_linked 1\npeer_1_missing 0\n"
                              "peer_2_name riverside\npeer_2_linked 1\npeer_2_missing 0\npeer_3_name saint-ann\npeer_3_linked 1\npeer_3_missing 0\n";

static bool answers(struct fake_replica *fake, const struct frame *frame)
{
    struct client_question question;

    cr_assert_eq(frame->header.type, CLIENT_STATUS);
    cr_assert_eq(client_question_decode(&question, frame->body), VERDICT_OK);
    struct client_answer answer = { .id = question.id, .code = code, .answer = bytes_of(says, strlen(says)) };
    if (code == 0) {
        fake_answer(fake, &answer);
    } else {
        fake_refuse(fake, question.id, code, 0);
    }
    return true;
}

static void start(void)
{
    says = healthy;
    code = 0;
    replica = (struct fake_replica){ .handler = answers };
    fake_start(&replica);
}

static void stop(void) { fake_stop(&replica); }

TestSuite(status, .init = start, .fini = stop);

static int status(const char *more)
{
    char line[256];

    snprintf(line, sizeof line, "ward status --socket %s --timeout 500ms%s", replica.path, more);
    return kit_run(kit_directory(), line);
}

Test(status, words_are_one_line_for_a_healthy_cluster)
{
    cr_assert_eq(status(""), EXIT_FINE);
    cr_assert_str_eq(kit_output(), "4 of 4 up, 1 more may fail. Last commit 0.8 s ago at height 10422. View 3, leader mercy. Energy: not measured (no RAPL on this machine).\n");
}

Test(status, an_object_holds_each_figure)
{
    cr_assert_eq(status(" --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert_str_eq(json_string_value(json_object_get(value, "schema")), "ward.status/1");
    cr_assert_eq(json_integer_value(json_object_get(value, "executed_height")), 10422);
    cr_assert_eq(json_array_size(json_object_get(value, "peers")), 4);
    json_decref(value);
}

Test(status, no_figure_of_a_replica_takes_the_place_of_the_schema)
{
    char text[2048];

    snprintf(text, sizeof text, "%sschema ward.other/9\n", healthy);
    says = text;
    cr_assert_eq(status(" --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_expect_str_eq(json_string_value(json_object_get(value, "schema")), "ward.status/1");
    json_decref(value);
}

Test(status, what_cannot_be_read_is_not_shown)
{
    says = "members four\nquorum";
    cr_assert_eq(status(""), EXIT_INTEGRITY);
    says = "members 4\n";
    cr_assert_eq(status(""), EXIT_INTEGRITY, "words need more");
    says = "";
    cr_assert_eq(status(""), EXIT_INTEGRITY);
}

Test(status, a_refusal_is_the_answer_no)
{
    code = 100;
    cr_assert_eq(status(""), EXIT_NO);
}

Test(status, what_cannot_be_reached_is_named_with_its_reason)
{
    static const struct { const char *line, *says; int code; } rows[] = {
        { "ward status --socket /tmp/ward-nobody-listens --json", "unix:/tmp/ward-nobody-listens: No such file or directory", EXIT_UNREACHABLE },
        { "ward status --socket %s/file --json", "/file: Connection refused", EXIT_UNREACHABLE },
        { "ward status --socket /tmp/ward-nobody-listens --socket %s/file --json", "/file: Connection refused; the last of 2 that were tried", EXIT_UNREACHABLE },
        { "ward status --socket nobody/here --json", "/nobody/here: No such file or directory", EXIT_UNREACHABLE },
    };

    kit_write("file", "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(kit_run(kit_directory(), rows[i].line), rows[i].code, "%s", rows[i].line);
        cr_assert_not_null(strstr(kit_output(), rows[i].says), "%s: %s", rows[i].line, kit_output());
    }
}

Test(status, a_relative_path_of_a_socket_is_taken)
{
    char line[256], folder[256];

    snprintf(folder, sizeof folder, "%s", replica.path);
    char *slash = strrchr(folder, '/');
    *slash = '\0';
    cr_assert_eq(chdir(folder), 0);
    snprintf(line, sizeof line, "ward status --socket %s --timeout 500ms", slash + 1);
    cr_assert_eq(kit_run(kit_directory(), line), EXIT_FINE);
}

Test(status, nobody_there_is_4)
{
    cr_assert_eq(kit_run(kit_directory(), "ward status --socket /tmp/ward-nobody-listens --timeout 100ms"), EXIT_UNREACHABLE);
    cr_assert_eq(kit_run(kit_directory(), "ward status MORE"), EXIT_USAGE);
}
