/* output_test.c: what `ward` prints of others' text neither steers a terminal nor breaks the JSON. */
#include "cli/output.h"

#include "base/exit.h"
#include "tests/cli/cli_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* caught runs output_fail with stderr in a file. Gives: what was printed, in a static buffer. */
static const char *caught(const char *text)
{
    static char said[4096];
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);

    cr_assert_not_null(file);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    cr_assert_eq(output_fail(NULL, EXIT_INTEGRITY, "the replica says %s", text), EXIT_INTEGRITY);
    output_note("note of %s", text);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    fclose(file);
    return said;
}

Test(output, messages_and_results_show_it)
{
    char *printed = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&printed, &size);
    json_t *value = json_pack("{s:s, s:[s]}", "na\x1bme", "\x1b[2J\xc2\x9b", "list", "a\nb");

    cr_assert_str_eq(caught("\x1b[2Jgone\nvalid yes"), "ward: the replica says \\x1b[2Jgone\\x0avalid yes\nnote of \\x1b[2Jgone\\x0avalid yes\n");
    output_text(stream, value);
    fclose(stream);
    cr_assert_not_null(strstr(printed, "\\x1b[2J\\u009b\n"));
    cr_assert_not_null(strstr(printed, "na\\x1bme"));
    cr_assert_not_null(strstr(printed, "- a\\x0ab\n"));
    for (size_t i = 0; i < size; i++) {
        cr_assert((unsigned char)printed[i] >= 0x20 || printed[i] == '\n');
    }
    json_decref(value);
    free(printed);
}

Test(output, a_message_of_any_bytes_is_json_all_the_same)
{
    cr_assert_eq(kit_run(kit_directory(), "ward genesis show \xff\x1b\xc2\x9b --json"), EXIT_USAGE);
    json_t *value = kit_json();
    cr_assert_str_eq(json_string_value(json_object_get(value, "schema")), "ward.error/1");
    cr_assert_not_null(strstr(json_string_value(json_object_get(value, "message")), ": \\xff\\x1b\\u009b"), "%s", kit_output());
    for (const char *c = kit_output(); *c != '\0'; c++) {
        cr_assert((unsigned char)*c < 0x7f, "letters alone, whatever a name holds");
    }
    json_decref(value);
}
