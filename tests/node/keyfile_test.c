/* keyfile_test.c: a key file has one form; every shortened or altered file is refused, and what is loaded is what was made. */
#include "node/keyfile.h"

#include "node/secret.h"
#include "tests/base/flush_kit.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <glob.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char directory[] = "/tmp/ward-test-XXXXXX";
static char path[64];

static void make_directory(void)
{
    crypto_start();
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/a.key", directory);
}

static void remove_directory(void)
{
    unlink(path);
    rmdir(directory);
}

TestSuite(keyfile, .init = make_directory, .fini = remove_directory);

static size_t read_file(char *text, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t got = read(fd, text, size);

    close(fd);
    cr_assert_gt(got, 0);
    return (size_t)got;
}

static void write_text(const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    cr_assert_eq(write(fd, text, size), (ssize_t)size);
    close(fd);
}

/* A key whose public half others have must not be gone after a power cut. */
Test(keyfile, the_name_of_a_new_key_is_durable_too)
{
    struct keyfile made;

    flush_watch(directory, path);
    cr_assert_eq(keyfile_create(&made, KEYFILE_PATIENT, path), ERR_OK);
    cr_expect_geq(flush_directories(), 1);
}

/* Whoever is killed in between leaves no half of a key under its name, for it could be neither used nor made again. */
Test(keyfile, a_new_key_has_its_name_when_it_is_whole)
{
    struct keyfile made;
    char beside[128];
    glob_t found;

    flush_watch(directory, path);
    cr_assert_eq(keyfile_create(&made, KEYFILE_PATIENT, path), ERR_OK);
    cr_expect_eq(flush_named(), 0, "its bytes are flushed before it has its name");
    snprintf(beside, sizeof beside, "%s/*", directory);
    cr_assert_eq(glob(beside, 0, NULL, &found), 0);
    cr_expect_eq(found.gl_pathc, 1, "nothing is left beside it");
    globfree(&found);
}

Test(keyfile, what_a_killed_process_left_holds_no_new_key_up)
{
    struct keyfile made, loaded;
    char beside[128], problem[KEYFILE_PROBLEM_MAX];

    snprintf(beside, sizeof beside, "%s.new-%d", path, (int)getpid());
    FILE *file = fopen(beside, "w");
    cr_assert_not_null(file);
    fputs("ward-key 1\nkind", file);
    fclose(file);
    cr_assert_eq(keyfile_create(&made, KEYFILE_PATIENT, path), ERR_OK);
    cr_assert_eq(keyfile_load(&loaded, KEYFILE_PATIENT, path, problem), ERR_OK, "%s", problem);
    cr_expect_neq(access(beside, F_OK), 0);
}

Test(keyfile, what_is_loaded_is_what_was_made)
{
    for (unsigned kind = 1; kind < KEYFILE_KIND_END; kind++) {
        struct keyfile made, loaded;
        char problem[KEYFILE_PROBLEM_MAX];
        cr_assert_eq(keyfile_create(&made, (enum keyfile_kind)kind, path), ERR_OK);
        cr_assert_eq(keyfile_load(&loaded, (enum keyfile_kind)kind, path, problem), ERR_OK, "%s", problem);
        cr_assert_eq(loaded.kind, kind);
        cr_assert_eq(memcmp(keyfile_public(&made), keyfile_public(&loaded), 32), 0);
        cr_assert_eq(keyfile_kind_of(keyfile_kind_name((enum keyfile_kind)kind)), kind);
        cr_assert_eq(keyfile_create(&made, (enum keyfile_kind)kind, path), ERR_EXISTS);
        unlink(path);
    }
}

Test(keyfile, another_kind_is_a_conflict)
{
    struct keyfile key;
    char problem[KEYFILE_PROBLEM_MAX];

    cr_assert_eq(keyfile_create(&key, KEYFILE_ADMIN, path), ERR_OK);
    cr_assert_eq(keyfile_load(&key, KEYFILE_OFFICER, path, problem), ERR_CONFLICT);
    cr_assert(strstr(problem, "officer is needed") != NULL);
}

Test(keyfile, every_truncation_and_every_altered_byte_is_refused)
{
    struct keyfile key;
    char text[512], bad[512], problem[KEYFILE_PROBLEM_MAX];

    cr_assert_eq(keyfile_create(&key, KEYFILE_SIGN, path), ERR_OK);
    size_t size = read_file(text, sizeof text);
    for (size_t cut = 1; cut < size; cut++) {
        write_text(text, cut);
        cr_assert_neq(keyfile_load(&key, KEYFILE_SIGN, path, problem), ERR_OK, "cut at %zu", cut);
    }
    for (size_t i = 0; i < size; i++) {
        memcpy(bad, text, size);
        bad[i] ^= 1;
        write_text(bad, size);
        cr_assert_neq(keyfile_load(&key, KEYFILE_SIGN, path, problem), ERR_OK, "byte %zu", i);
    }
    memcpy(bad, text, size);
    memcpy(bad + size, "more\n", 5);
    write_text(bad, size + 5);
    cr_assert_eq(keyfile_load(&key, KEYFILE_SIGN, path, problem), ERR_FORMAT);
    write_text(text, size);
    cr_assert_eq(keyfile_load(&key, KEYFILE_SIGN, path, problem), ERR_OK);
}

Test(keyfile, a_signing_key_names_its_store_and_no_other_key_does)
{
    static const uint8_t one[KEYFILE_STORE_BYTES] = { 1, 2, 0xAB }, two[KEYFILE_STORE_BYTES] = { 9 };
    struct keyfile key, before;
    char text[512], problem[KEYFILE_PROBLEM_MAX];
    struct stat status;

    cr_assert_eq(keyfile_create(&before, KEYFILE_SIGN, path), ERR_OK);
    cr_assert_eq(keyfile_load(&key, KEYFILE_SIGN, path, problem), ERR_OK);
    cr_assert_not(key.bound);
    cr_assert_eq(keyfile_bind(path, one, problem), ERR_OK, "%s", problem);
    cr_assert_eq(keyfile_bind(path, two, problem), ERR_OK, "%s", problem);
    cr_assert_eq(keyfile_load(&key, KEYFILE_SIGN, path, problem), ERR_OK, "%s", problem);
    cr_assert(key.bound);
    cr_assert_arr_eq(key.store, two, sizeof two);
    cr_assert_arr_eq(keyfile_public(&key), keyfile_public(&before), 32);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0600);
    size_t size = read_file(text, sizeof text);
    for (size_t cut = 1; cut < size; cut++) { /* the file without its last line is a key that has no store */
        write_text(text, cut);
        bool whole = text[cut - 1] == '\n' && strncmp(text + cut, "store ", 6) == 0;
        cr_assert_eq(keyfile_load(&key, KEYFILE_SIGN, path, problem), whole ? ERR_OK : ERR_FORMAT, "cut at %zu", cut);
    }
    for (size_t i = 0; i < size; i++) {
        text[i] ^= 0x40;
        write_text(text, size);
        cr_assert_neq(keyfile_load(&key, KEYFILE_SIGN, path, problem), ERR_OK, "byte %zu", i);
        text[i] ^= 0x40;
    }
    unlink(path);
    cr_assert_eq(keyfile_create(&key, KEYFILE_ADMIN, path), ERR_OK);
    cr_assert_eq(keyfile_bind(path, one, problem), ERR_OK);
    cr_assert_eq(keyfile_load(&key, KEYFILE_ADMIN, path, problem), ERR_FORMAT, "only a signing key has a store");
    cr_assert_eq(keyfile_bind("credential:sign", one, problem), ERR_UNSUPPORTED);
}

Test(keyfile, credentials_of_the_service_manager_are_found)
{
    struct keyfile key;
    char problem[KEYFILE_PROBLEM_MAX];

    unsetenv("CREDENTIALS_DIRECTORY");
    cr_assert_eq(keyfile_create(&key, KEYFILE_SIGN, path), ERR_OK);
    cr_assert_eq(keyfile_load(&key, KEYFILE_SIGN, "credential:a.key", problem), ERR_NOT_FOUND);
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    cr_assert_eq(keyfile_load(&key, KEYFILE_SIGN, "credential:a.key", problem), ERR_OK, "%s", problem);
}

/* smaps_flags finds the VmFlags line of the mapping that holds the address. */
static bool smaps_has_flag(const void *address, const char *flag)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512];
    bool inside = false, found = false;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
            inside = (unsigned long)address >= from && (unsigned long)address < to;
        }
        found = found || (inside && strncmp(line, "VmFlags:", 8) == 0 && strstr(line, flag) != NULL);
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

Test(keyfile, secret_pages_are_locked_and_left_out_of_core_dumps)
{
    void *pages;

    cr_assert_eq(secret_take(&pages, 5000), ERR_OK);
#ifndef __SANITIZE_ADDRESS__ /* its runtime swallows mlock */
    cr_assert(smaps_has_flag(pages, " lo"), "locked");
#endif
    cr_assert(smaps_has_flag(pages, " dd"), "not dumped");
    secret_give(pages, 5000);
    cr_assert_eq(secret_process(), ERR_OK);
    cr_assert_eq(prctl(PR_GET_DUMPABLE), 0);
}
