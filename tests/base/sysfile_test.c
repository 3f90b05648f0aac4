/* sysfile_test.c: lines and numbers of small files, of this machine or of a recorded tree. */
#include "base/sysfile.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[64];

static void make(void)
{
    snprintf(root, sizeof root, "/tmp/ward-sysfile-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
}

static void put(const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s%s", root, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void end(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", root);
    cr_assert_eq(system(command), 0);
}

TestSuite(sysfile, .init = make, .fini = end);

Test(sysfile, finds_a_line_by_its_beginning_and_the_number_in_it)
{
    static const struct {
        const char *text, *prefix;
        bool found;
        int64_t number;
    } rows[] = {
        { "Seccomp:\t2\nSeccomp_filters:\t1\n", "Seccomp:", true, 2 }, { "Seccomp:\t2\nSeccomp_filters:\t1\n", "Seccomp_filters:", true, 1 },
        { "a 1\nb 2", "b", true, 2 },                                  { "7\n", "", true, 7 },
        { "-1", "", true, -1 },                                        { "max\n", "", false, 0 },
        { "", "", false, 0 },                                          { "\n\n", "x", false, 0 },
        { "xSeccomp: 2\n", "Seccomp:", false, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t number = 0;
        put("/file", rows[i].text);
        cr_assert_eq(sysfile_number(root, "/file", rows[i].prefix, &number), rows[i].found, "row %zu", i);
        cr_assert(!rows[i].found || number == rows[i].number, "row %zu", i);
    }
}

Test(sysfile, a_file_that_is_not_there_and_a_path_that_is_too_long_are_no_files)
{
    char line[SYSFILE_LINE_BYTES] = "before", path[SYSFILE_PATH_BYTES + 8];

    cr_assert_not(sysfile_line(root, "/nothing", "", line));
    cr_assert_str_eq(line, "");
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    cr_assert_not(sysfile_line(root, path, "", line));
    cr_assert_lt(sysfile_read(root, "/", line, sizeof line), 0, "a directory");
}

Test(sysfile, a_line_and_a_file_are_cut_at_the_room_that_is_given)
{
    char text[3000], line[SYSFILE_LINE_BYTES], little[4];

    memset(text, 'b', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    put("/file", text);
    cr_assert(sysfile_line(root, "/file", "bb", line));
    cr_assert_eq(strlen(line), SYSFILE_LINE_BYTES - 1);
    cr_assert_eq(sysfile_read(root, "/file", little, sizeof little), 3);
    cr_assert_str_eq(little, "bbb");
}

Test(sysfile, this_machine_has_a_kernel)
{
    char line[SYSFILE_LINE_BYTES];

    cr_assert(sysfile_line("", "/proc/sys/kernel/osrelease", "", line));
    cr_assert_gt(strlen(line), 0);
}
