/* wardd_test.c: the program from its command line to its exit code: words, refusals, a store that is made once, and a replica that answers on its socket and ends in
 * order. Each run is a process of its own. */
#include "node/wardd.h"

#include "base/clock.h"
#include "base/exit.h"
#include "storage/segment.h"
#include "tests/base/long_kit.h"
#include "tests/cli/cli_kit.h"
#include "tests/node/boot_kit.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 5, DRAIN_MS = 2000 };

static char said[16384]; /* by the last run, on both streams */

static void make(void) { boot_kit_make(kit_directory()); }

TestSuite(wardd, .init = make);

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", kit_directory(), name);
    return path;
}

/* begin starts the program in a process of its own. Its streams go to a file. */
static pid_t begin(const char *const words[WORDS_MAX])
{
    char *line[WORDS_MAX + 2] = { (char *)"wardd" };

    for (int i = 0; i < WORDS_MAX && words[i] != NULL; i++) {
        line[i + 1] = (char *)words[i];
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    int file = open(path_of("said"), O_WRONLY | O_CREAT | O_TRUNC, 0600), count = 0;
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    while (line[count] != NULL) {
        count++;
    }
    int code = wardd_main(count, line);
    struct rlimit core = { 1, 1 };
    bool kept = getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0;
#ifndef WARD_DEBUG
    kept = kept && prctl(PR_GET_DUMPABLE) == 0;
#endif
    printf("core dumps: %s\n", kept ? "none" : "possible");
    fflush(NULL);
    _exit(code);
}

/* end gives the exit code of a run and keeps what it said. */
static int end(pid_t pid)
{
    int status = 0;

    cr_assert_eq(waitpid(pid, &status, 0), pid);
    FILE *file = fopen(path_of("said"), "r");
    cr_assert_not_null(file);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    fclose(file);
    cr_assert(WIFEXITED(status), "signal %d: %s", WTERMSIG(status), said);
    return WEXITSTATUS(status);
}

static int run(const char *first, const char *second, const char *third)
{
    return end(begin((const char *const[WORDS_MAX]){ first, second, third }));
}

Test(wardd, words_have_their_exit_codes)
{
    cr_assert_eq(run("--help", NULL, NULL), EXIT_FINE);
    cr_assert_eq(strncmp(said, "usage: wardd", 12), 0, "%s", said);
    cr_assert_eq(run("--version", NULL, NULL), EXIT_FINE);
    cr_assert_eq(strncmp(said, "wardd " WARD_VERSION "\n", 7 + strlen(WARD_VERSION)), 0, "%s", said);
    cr_assert_eq(run("--colour", NULL, NULL), EXIT_USAGE);
    cr_assert_not_null(strstr(said, "--colour: not an option of wardd; see wardd --help"), "%s", said);
    cr_assert_eq(run(NULL, NULL, NULL), EXIT_USAGE);
    cr_assert_eq(run("--config", "/no/such/file", NULL), EXIT_CONFIGURATION, "%s", said);
}

Test(wardd, a_store_is_made_once_and_readable_by_nobody_else)
{
    const char *config = boot_kit_config(0);
    struct stat status;

    if (is_thread_build()) {
        cr_skip_test("no threads in a child under ThreadSanitizer");
    }
    cr_assert_eq(run("--config", config, NULL), EXIT_REFUSED, "there is no store yet: %s", said);
    cr_assert_eq(run("--config", config, "--init"), EXIT_FINE, "%s", said);
    cr_assert_not_null(strstr(said, "core dumps: none"), "%s", said);
    cr_assert_eq(stat(path_of("m0.data"), &status), 0);
    cr_assert_eq(status.st_mode & 0077, 0);
    cr_assert_eq(run("--config", config, "--init"), EXIT_REFUSED, "%s", said);
}

Test(wardd, a_key_that_others_can_read_is_refused)
{
    cr_assert_eq(chmod(path_of("m0/sign.key"), 0644), 0);
    cr_assert_eq(run("--config", boot_kit_config(0), "--init"), EXIT_PERMISSION, "%s", said);
    cr_assert_neq(access(path_of("m0.data/superblock"), F_OK), 0, "nothing was made");
}

/* foreign_segment puts a segment of another store into the log. */
static void foreign_segment(uint32_t segment)
{
    static uint8_t bytes[1u << 20];
    struct segment_head head = { .segment = segment, .segment_bytes = sizeof bytes, .first_batch = 1, .instance = { 1, 2, 3 } };
    char name[64];

    head.salt = segment_salt(head.instance, segment);
    segment_head_encode(&head, bytes);
    memcpy(bytes + DISK_BLOCK, bytes, DISK_BLOCK);
    snprintf(name, sizeof name, "m0.data/log/%010u.seg", segment);
    int file = open(path_of(name), O_WRONLY | O_CREAT | O_EXCL, 0600);
    cr_assert_eq(write(file, bytes, sizeof bytes), (ssize_t)sizeof bytes);
    close(file);
}

Test(wardd, a_segment_of_another_store_is_refused_for_safety_and_named)
{
    if (is_thread_build()) {
        cr_skip_test("no threads in a child under ThreadSanitizer");
    }
    cr_assert_eq(run("--config", boot_kit_config(0), "--init"), EXIT_FINE, "%s", said);
    foreign_segment(1);
    cr_assert_eq(run("--config", boot_kit_config(0), NULL), EXIT_REFUSED, "%s", said);
    cr_assert_not_null(strstr(said, "0000000001.seg belongs to another store"), "%s", said);
    char line[512];
    snprintf(line, sizeof line, "ward inspect damage %s", path_of("m0.data"));
    cr_assert_eq(kit_run(kit_directory(), line), EXIT_REFUSED, "as it was foretold: %s", kit_output());
}

/* One of four members: it serves, though it can commit nothing by itself. */
Test(wardd, serves_on_its_socket_and_ends_in_order_at_a_signal)
{
    static const int signals[] = { SIGTERM, SIGINT };
    char line[512];

    if (is_thread_build()) {
        cr_skip_test("no threads in a child under ThreadSanitizer");
    }
    cr_assert_eq(run("--config", boot_kit_config(0), "--init"), EXIT_FINE, "%s", said);
    snprintf(line, sizeof line, "ward status --socket %s --json --timeout 10s", path_of("m0.sock"));
    for (unsigned i = 0; i < 2; i++) {
        pid_t pid = begin((const char *const[WORDS_MAX]){ "--config", boot_kit_config(0) });
        int code = EXIT_UNREACHABLE;
        for (unsigned tries = 0; tries < 400 && code == EXIT_UNREACHABLE; tries++) { /* until it listens */
            usleep(20000);
            code = kit_run(kit_directory(), line);
        }
        cr_assert_eq(code, EXIT_FINE, "%s", kit_output());
        json_t *status = kit_json();
        cr_assert_str_eq(json_string_value(json_object_get(status, "schema")), "ward.status/1");
        cr_assert_eq(json_integer_value(json_object_get(status, "members")), BOOT_KIT_MEMBERS);
        cr_assert_eq(json_integer_value(json_object_get(status, "members_linked")), 0);
        cr_assert_str_eq(json_string_value(json_object_get(status, "leader_name")), "hospital-0");
        json_decref(status);
        uint64_t start_ns = clock_mono_ns();
        cr_assert_eq(kill(pid, signals[i]), 0);
        cr_assert_eq(end(pid), EXIT_FINE, "%s", said);
        cr_assert_lt((clock_mono_ns() - start_ns) / 1000000, 10 * DRAIN_MS); /* tests/e2e/drain.sh judges the time; this only ends */
        cr_assert_not_null(strstr(said, "core dumps: none"), "%s", said);
        cr_assert_neq(access(path_of("m0.sock"), F_OK), 0, "the socket is gone");
    }
}
