/* file_test.c: whole files: what cannot be read has its reason, and a path holds either all of the new bytes or the old ones. */
#include "cli/file.h"

#include "base/exit.h"
#include "tests/cli/cli_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", kit_directory(), name);
    return path;
}

static void expect_holds(const char *name, const char *text)
{
    struct file file;

    cr_assert_eq(file_read(&file, path_of(name)), ERR_OK);
    cr_assert_eq(file.size, strlen(text));
    cr_assert_str_eq((const char *)file.data, text, "a NUL stands behind the last byte");
    file_close(&file);
}

Test(file, what_was_written_is_read_with_the_mode_it_was_given)
{
    struct stat status;

    cr_assert_eq(file_write(path_of("one"), "first", 5, 0600, true), ERR_OK);
    expect_holds("one", "first");
    cr_assert_eq(stat(path_of("one"), &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0600);
    cr_assert_eq(file_write(path_of("one"), "second text", 11, 0644, false), ERR_OK, "replaced");
    expect_holds("one", "second text");
    cr_assert_eq(file_write(path_of("none"), "", 0, 0600, true), ERR_OK);
    expect_holds("none", "");
}

Test(file, what_must_be_fresh_is_never_overwritten)
{
    cr_assert_eq(file_write(path_of("one"), "first", 5, 0600, true), ERR_OK);
    cr_assert_eq(file_write(path_of("one"), "second", 6, 0600, true), ERR_EXISTS);
    expect_holds("one", "first");
}

Test(file, what_is_no_regular_file_is_never_replaced)
{
    struct stat status;
    static const struct { const char *to; } links[] = { { "one" }, { "nowhere" } };

    cr_assert_eq(file_write(path_of("one"), "first", 5, 0600, true), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        char link[256];
        snprintf(link, sizeof link, "%s", path_of(i == 0 ? "link" : "dangling"));
        cr_assert_eq(symlink(links[i].to, link), 0);
        cr_assert_not(file_free(link));
        cr_assert_eq(file_write(link, "x", 1, 0600, true), ERR_EXISTS);
        cr_assert_eq(file_write(link, "x", 1, 0600, false), ERR_EXISTS);
        cr_assert_eq(lstat(link, &status), 0);
        cr_assert(S_ISLNK(status.st_mode));
    }
    expect_holds("one", "first");
    cr_assert(file_free(path_of("nowhere")));
    cr_assert_eq(mkfifo(path_of("pipe"), 0600), 0);
    cr_assert_eq(file_write(path_of("pipe"), "x", 1, 0600, false), ERR_EXISTS);
    cr_assert_eq(stat(path_of("pipe"), &status), 0);
    cr_assert(S_ISFIFO(status.st_mode));
}

Test(file, neighbours_of_what_is_written_are_left_alone)
{
    char name[64];

    cr_assert_eq(file_write(path_of("x.new"), "mine", 4, 0600, true), ERR_OK);
    snprintf(name, sizeof name, "x.new-%d-0", (int)getpid());
    cr_assert_eq(file_write(path_of(name), "mine too", 8, 0600, true), ERR_OK);
    cr_assert_eq(file_write(path_of("x"), "text", 4, 0600, true), ERR_OK);
    cr_assert_eq(file_write(path_of("x"), "other text", 10, 0600, false), ERR_OK);
    expect_holds("x", "other text");
    expect_holds("x.new", "mine");
    expect_holds(name, "mine too");
    snprintf(name, sizeof name, "x.new-%d-1", (int)getpid());
    cr_assert(file_free(path_of(name)), "nothing is left behind");
}

Test(file, what_cannot_be_read_or_written_has_its_reason_and_exit_code)
{
    struct file file;

    cr_assert_eq(file_read(&file, path_of("nothing")), ERR_NOT_FOUND);
    cr_assert_eq(file_read(&file, kit_directory()), ERR_UNSUPPORTED, "a directory is no file");
    cr_assert_eq(file_read(&file, "/dev/null"), ERR_UNSUPPORTED, "a device is none");
    cr_assert_eq(file_exit(ERR_UNSUPPORTED), EXIT_CONFIGURATION);
    cr_assert_eq(file_write(path_of("no/such/folder"), "x", 1, 0600, false), ERR_NOT_FOUND);
    cr_assert_eq(file_exit(ERR_EXISTS), EXIT_REFUSED);
    cr_assert_eq(file_exit(ERR_PERMISSION), EXIT_PERMISSION);
    cr_assert_eq(file_exit(ERR_NO_SPACE), EXIT_RESOURCE);
    cr_assert_eq(file_exit(ERR_NOT_FOUND), EXIT_CONFIGURATION);
}

/* A read that waits for a writer is ended by the test's time; nothing here may wait. */
Test(file, a_pipe_that_nobody_writes_is_refused_at_once, .timeout = 10)
{
    struct file file;

    cr_assert_eq(mkfifo(path_of("pipe"), 0600), 0);
    cr_assert_eq(file_read(&file, path_of("pipe")), ERR_UNSUPPORTED);
    cr_assert_str_eq(file_problem(ERR_UNSUPPORTED), "it is not a regular file");
    cr_assert_eq(kit_run(kit_directory(), "ward genesis show %s/pipe"), EXIT_CONFIGURATION);
    cr_assert_eq(kit_run(kit_directory(), "ward verify %s/pipe --genesis %s/pipe"), EXIT_CONFIGURATION);
}

Test(file, a_socket_is_refused_as_what_it_is)
{
    struct file file;
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(name.sun_path, sizeof name.sun_path, "%s", path_of("socket"));
    cr_assert_eq(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
    cr_assert_eq(file_read(&file, path_of("socket")), ERR_UNSUPPORTED);
    close(fd);
}

Test(file, says_in_words_what_is_wrong)
{
    struct file file;

    cr_assert_str_eq(file_problem(file_read(&file, path_of("nowhere"))), "there is no such file or directory");
    static const enum err errs[] = { ERR_NOT_FOUND, ERR_PERMISSION, ERR_EXISTS, ERR_FULL, ERR_NO_SPACE, ERR_NO_MEMORY, ERR_UNSUPPORTED, ERR_IO };
    for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++) {
        cr_assert_str_neq(file_problem(errs[i]), err_name(errs[i]));
        cr_assert(strchr(file_problem(errs[i]), '_') == NULL, "a sentence, not a code: %s", file_problem(errs[i]));
    }
}
