/* key_test.c: `ward key` makes private files, never overwrites, refuses what others can read, and signs enrolments that verify. */
#include "base/bytes.h"
#include "cli/command.h"
#include "crypto/keys.h"
#include "tests/cli/cli_kit.h"
#include "wire/enrolment.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sys/stat.h>
#include <unistd.h>

static void path_of(char out[512], const char *name)
{
    snprintf(out, 512, "%s/%s", kit_directory(), name);
}

static size_t read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");

    cr_assert_not_null(file);
    size_t got = fread(text, 1, size, file);
    fclose(file);
    return got;
}

Test(key, init_makes_every_file_of_a_replica_private)
{
    static const char *const names[] = { "k/sign.key", "k/transport.key", "k/admin.key", "k/officer.key", "k/kx.key" };
    char path[512];
    struct stat status;

    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/k --for replica --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert_str_eq(json_string_value(json_object_get(value, "schema")), "ward.key.init/1");
    cr_assert_eq(json_array_size(json_object_get(value, "keys")), 5);
    json_decref(value);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        path_of(path, names[i]);
        cr_assert_eq(stat(path, &status), 0);
        cr_assert_eq(status.st_mode & 07777, 0600);
    }
}

Test(key, show_names_the_directory_without_keys_and_the_key_that_cannot_be_looked_at)
{
    char path[512];

    path_of(path, "hollow");
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(kit_run(kit_directory(), "ward key show %s/hollow --json"), EXIT_NO);
    cr_assert_not_null(strstr(kit_output(), "hollow: no key file is in it"), "%s", kit_output());
    path_of(path, "hollow/sign.key");
    cr_assert_eq(symlink("sign.key", path), 0, "a link that leads to itself");
    cr_assert_eq(kit_run(kit_directory(), "ward key show %s/hollow --json"), EXIT_CONFIGURATION);
    cr_assert_not_null(strstr(kit_output(), "hollow/sign.key: Too many levels"), "%s", kit_output());
}

Test(key, init_never_overwrites)
{
    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/k --for practitioner"), EXIT_FINE);
    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/k --for practitioner"), EXIT_REFUSED);
    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/k --for system"), EXIT_REFUSED, "kx.key is there already");
    cr_assert_eq(kit_run(kit_directory(), "ward key show %s/k"), EXIT_FINE);
    cr_assert(strstr(kit_output(), "system") == NULL, "nothing was made beside it");
}

Test(key, init_says_in_words_what_is_wrong_with_a_directory)
{
    static const struct { const char *line, *says; int code; } rows[] = {
        { "ward key init /dev/full --for system --json", "/dev/full: Not a directory", EXIT_CONFIGURATION },
        { "ward key init /nowhere/deeper --for system --json", "/nowhere/deeper: No such file or directory; what it lies in must be made first", EXIT_CONFIGURATION },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(kit_run("", rows[i].line), rows[i].code, "%s", rows[i].line);
        cr_assert_not_null(strstr(kit_output(), rows[i].says), "%s", kit_output());
    }
}

Test(key, show_gives_public_halves_only)
{
    char path[512], text[1024] = { 0 }, seed[65];

    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/k --for patient"), EXIT_FINE);
    path_of(path, "k/patient.key");
    FILE *file = fopen(path, "r");
    cr_assert_gt(fread(text, 1, sizeof text - 1, file), 100);
    fclose(file);
    memcpy(seed, strstr(text, "seed ") + 5, 64);
    seed[64] = '\0';
    cr_assert_eq(kit_run(kit_directory(), "ward key show %s/k --json"), EXIT_FINE);
    cr_assert(strstr(kit_output(), seed) == NULL);
    json_t *value = kit_json();
    cr_assert_eq(json_array_size(json_object_get(value, "keys")), 3);
    json_decref(value);
}

Test(key, files_that_others_can_read_are_refused_with_nine)
{
    char path[512];
    static const mode_t modes[] = { 0640, 0604, 0644, 0660, 0601 };

    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/k --for system"), EXIT_FINE);
    path_of(path, "k/system.key");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        chmod(path, modes[i]);
        cr_assert_eq(kit_run(kit_directory(), "ward key show %s/k/system.key"), EXIT_PERMISSION, "mode %o", modes[i]);
    }
    chmod(path, 0400);
    cr_assert_eq(kit_run(kit_directory(), "ward key show %s/k/system.key"), EXIT_FINE);
}

Test(key, a_missing_or_damaged_file_is_an_error)
{
    char path[512];

    cr_assert_eq(kit_run(kit_directory(), "ward key show %s/none.key"), EXIT_CONFIGURATION);
    path_of(path, "none.key");
    cr_assert_eq(access(path, F_OK), -1, "no key was made");
    chmod(kit_write("bad.key", "ward-key 1\nkind sign\n"), 0600);
    cr_assert_eq(kit_run(kit_directory(), "ward key show %s/bad.key"), EXIT_CONFIGURATION);
}

Test(key, enrolment_is_signed_by_each_key)
{
    char path[512];
    uint8_t bytes[ENROLMENT_BYTES + 1];
    struct reader reader;
    struct enrolment enrolment;
    struct sig_item items[ENROLMENT_SIGNATURES_MAX];

    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/k --for replica"), EXIT_FINE);
    cr_assert_eq(kit_run(kit_directory(), "ward key enrol %s/k --name Mercy --endpoint 127.0.0.1:7400 --out %s/mercy.enrol"), EXIT_FINE);
    path_of(path, "mercy.enrol");
    FILE *file = fopen(path, "r");
    cr_assert_eq(fread(bytes, 1, sizeof bytes, file), ENROLMENT_BYTES);
    fclose(file);
    reader_init(&reader, bytes, ENROLMENT_BYTES);
    cr_assert_eq(enrolment_decode(&enrolment, &reader), VERDICT_OK);
    cr_assert(enrolment.has_replica);
    cr_assert_str_eq(enrolment.name, "Mercy");
    struct hash32 digest = enrolment_digest(&enrolment);
    cr_assert_eq(enrolment_signatures(&enrolment, &digest, items), 3);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(crypto_sign_ed25519_verify_detached(items[i].signature, items[i].digest, 32, items[i].key), 0);
    }
}

Test(key, an_endpoint_that_nobody_can_dial_is_not_signed)
{
    static const char *const endpoints[] = { "nonsense", ":99999", "127.0.0.1:99999", "127.0.0.1:0", "unix:/run/ward.sock", ":7400" };
    char line[512], path[512];

    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/k --for replica"), EXIT_FINE);
    path_of(path, "mercy.enrol");
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        snprintf(line, sizeof line, "ward key enrol %%s/k --name Mercy --endpoint %s --out %%s/mercy.enrol", endpoints[i]);
        cr_assert_eq(kit_run(kit_directory(), line), EXIT_USAGE, "%s", endpoints[i]);
        cr_assert_eq(access(path, F_OK), -1, "%s", endpoints[i]);
    }
}

Test(key, an_enrolment_overwrites_neither_a_key_nor_anything_else)
{
    char path[512], before[1024], after[1024];
    struct stat status;

    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/k --for organisation"), EXIT_FINE);
    path_of(path, "k/admin.key");
    size_t size = read_text(path, before, sizeof before);
    cr_assert_eq(kit_run(kit_directory(), "ward key enrol %s/k --name Payer --kind payer --out %s/k/admin.key"), EXIT_REFUSED);
    cr_assert_eq(read_text(path, after, sizeof after), size);
    cr_assert_eq(memcmp(before, after, size), 0);
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0600);
    cr_assert_eq(kit_run(kit_directory(), "ward key enrol %s/k --name Payer --kind payer --out %s/p.enrol"), EXIT_FINE);
    cr_assert_eq(kit_run(kit_directory(), "ward key enrol %s/k --name Payer --kind payer --out %s/p.enrol"), EXIT_REFUSED);
    cr_assert_eq(kit_run(kit_directory(), "ward key enrol %s/k --name Payer --kind payer --out /dev/full"), EXIT_REFUSED);
    cr_assert_eq(stat("/dev/full", &status), 0);
    cr_assert(S_ISCHR(status.st_mode));
}

/* Of a replica whose keys lie apart nobody makes a mere organisation without a word. */
Test(key, an_enrolment_with_one_key_of_a_replica_alone_is_refused)
{
    static const char *const names[] = { "k/sign.key", "k/transport.key" };
    char path[512], aside[512];

    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/k --for replica"), EXIT_FINE);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        path_of(path, names[i]);
        path_of(aside, "aside");
        cr_assert_eq(rename(path, aside), 0);
        cr_expect_eq(kit_run(kit_directory(), "ward key enrol %s/k --name Mercy --endpoint a.example:7400 --out %s/one.enrol --json"), EXIT_CONFIGURATION, "%s", names[i]);
        cr_expect_not_null(strstr(kit_output(), names[i]), "%s", kit_output());
        cr_assert_eq(rename(aside, path), 0);
    }
}

Test(key, enrolment_of_a_payer_has_no_replica)
{
    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/k --for organisation"), EXIT_FINE);
    cr_assert_eq(kit_run(kit_directory(), "ward key enrol %s/k --name Payer --kind payer --capabilities none --out %s/payer.enrol --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert(json_is_false(json_object_get(value, "replica")));
    json_decref(value);
    cr_assert_eq(kit_run(kit_directory(), "ward key enrol %s/k --name P --capabilities fly --out %s/p.enrol"), EXIT_USAGE);
    cr_assert_eq(kit_run(kit_directory(), "ward key enrol %s/missing --name P --out %s/p.enrol"), EXIT_CONFIGURATION);
}
