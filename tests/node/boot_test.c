/* boot_test.c: a replica starts only when configuration, genesis and keys belong together; otherwise one sentence and an exit code. */
#include "tests/node/boot_kit.h"

#include "tests/cli/cli_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct boot boot;

static void make(void) { boot_kit_make(kit_directory()); }

TestSuite(boot, .init = make);

Test(boot, what_belongs_together_is_loaded)
{
    for (uint32_t i = 0; i < BOOT_KIT_MEMBERS; i++) {
        cr_assert_eq(boot_load(&boot, boot_kit_config(i)), EXIT_FINE, "%s", boot.problem);
        cr_assert_eq(boot.self, i);
        cr_assert_eq(boot.epoch.members_count, BOOT_KIT_MEMBERS);
        cr_assert_eq(memcmp(boot.keys->sign.pair.sign.public_key, boot.epoch.members[i].sign_key, 32), 0);
        struct hash32 block0 = block_hash(&boot.block0);
        cr_assert(hash_equal(&boot.chain_id, &block0));
        boot_close(&boot);
        cr_assert_null(boot.keys);
    }
}

Test(boot, addresses_come_from_enrolments_unless_the_configuration_has_others)
{
    struct enrolment enrolment;

    boot_kit_write(0, "io:\n", "peers:\n    - member: hospital-2\n      address: \"10.0.0.2:99\"\nio:\n");
    cr_assert_eq(boot_load(&boot, boot_kit_config(0)), EXIT_FINE, "%s", boot.problem);
    cr_assert_str_eq(boot_address(&boot, 1, &enrolment), "127.0.0.1:7401");
    cr_assert_str_eq(boot_address(&boot, 2, &enrolment), "10.0.0.2:99");
    boot_close(&boot);
}

/* Each row changes one thing; the start must end with the code and a sentence that holds the word. */
Test(boot, each_thing_that_does_not_fit_has_its_code_and_its_words)
{
    static const struct { const char *from, *to, *word; enum exit_code code; } rows[] = {
        { "client_socket", "client_sokcet", "client_sokcet", EXIT_CONFIGURATION },
        { "/genesis\n", "/nowhere\n", "nowhere", EXIT_CONFIGURATION },
        { "fingerprint: \"", "fingerprint: \"f", "fingerprint", EXIT_CONFIGURATION },
        { "name: kit", "name: tik", "chain kit", EXIT_CONFIGURATION },
        { "hospital-0", "hospital-7", "hospital-7", EXIT_CONFIGURATION },
        { "node:\n", "node:\n    profile: eco\n", "profile", EXIT_CONFIGURATION },
        { "m0/sign.key", "m1/sign.key", "is not the sign key", EXIT_CONFIGURATION },
        { "m0/transport.key", "m1/transport.key", "is not the transport key", EXIT_CONFIGURATION },
        { "m0/sign.key", "m0/admin.key", "admin", EXIT_CONFIGURATION },
        { "m0/sign.key", "m0/none.key", "none.key", EXIT_CONFIGURATION },
        { "127.0.0.1:0", "nonsense", "node.listen", EXIT_CONFIGURATION },
        { "client_socket: ", "client_socket: rel", "node.client_socket", EXIT_CONFIGURATION },
        { "io:\n", "peers:\n    - member: hospital-1\n      address: bad\nio:\n", "hospital-1", EXIT_CONFIGURATION },
        { "io:\n", "peers:\n    - member: hospital-8\n      address: \"10.0.0.2:99\"\nio:\n", "hospital-8", EXIT_CONFIGURATION },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        boot_kit_write(0, rows[i].from, rows[i].to);
        enum exit_code code = boot_load(&boot, boot_kit_config(0));
        cr_assert_eq(code, rows[i].code, "row %zu: %d, %s", i, code, boot.problem);
        cr_assert_not_null(strstr(boot.problem, rows[i].word), "row %zu: %s", i, boot.problem);
        boot_close(&boot);
    }
}

Test(boot, a_key_file_that_others_can_read_is_refused_with_nine)
{
    char path[512];

    snprintf(path, sizeof path, "%s/m0/transport.key", kit_directory());
    cr_assert_eq(chmod(path, 0644), 0);
    cr_assert_eq(boot_load(&boot, boot_kit_config(0)), EXIT_PERMISSION);
    cr_assert_not_null(strstr(boot.problem, "transport.key"));
    boot_close(&boot);
}

Test(boot, a_genesis_that_was_cut_is_an_integrity_failure)
{
    char path[512];

    snprintf(path, sizeof path, "%s/genesis", kit_directory());
    cr_assert_eq(truncate(path, 700), 0);
    cr_assert_eq(boot_load(&boot, boot_kit_config(0)), EXIT_INTEGRITY);
    cr_assert_not_null(strstr(boot.problem, "damaged"));
    boot_close(&boot);
}

/* A read that waits for a writer is ended by the test's time. */
Test(boot, a_genesis_that_is_no_regular_file_is_refused_at_once, .timeout = 20)
{
    char path[512];

    snprintf(path, sizeof path, "%s/genesis", kit_directory());
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(boot_load(&boot, boot_kit_config(0)), EXIT_CONFIGURATION);
    cr_assert_not_null(strstr(boot.problem, "not a regular file"));
    boot_close(&boot);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(boot_load(&boot, boot_kit_config(0)), EXIT_CONFIGURATION);
    cr_assert_not_null(strstr(boot.problem, "not a regular file"));
    boot_close(&boot);
    rmdir(path);
}

/* `cp new.genesis city.genesis` empties the file that a replica has begun with; what it asks of the genesis later, names and addresses, it must still have. */
Test(boot, a_genesis_that_is_written_over_later_changes_nothing)
{
    struct enrolment enrolment;
    char path[512];

    snprintf(path, sizeof path, "%s/genesis", kit_directory());
    cr_assert_eq(boot_load(&boot, boot_kit_config(0)), EXIT_FINE, "%s", boot.problem);
    cr_assert_eq(truncate(path, 0), 0);
    cr_assert_str_eq(boot_address(&boot, 2, &enrolment), "127.0.0.1:7402");
    cr_assert_str_eq(enrolment.name, "hospital-2");
    cr_assert_eq(truncate(path, (off_t)boot.genesis_size), 0);
    cr_assert_str_eq(boot_address(&boot, 2, &enrolment), "127.0.0.1:7402");
    boot_close(&boot);
}

Test(boot, a_key_that_another_process_uses_is_refused_whatever_its_directory_E4)
{
    static struct boot second;

    cr_assert_eq(boot_load(&boot, boot_kit_config(0)), EXIT_FINE, "%s", boot.problem);
    boot_kit_write(0, "m0.data", "elsewhere");
    cr_assert_eq(boot_load(&second, boot_kit_config(0)), EXIT_REFUSED);
    cr_assert_not_null(strstr(second.problem, "another process on this machine uses the key"), "%s", second.problem);
    boot_close(&second);
    boot_close(&boot);
    cr_assert_eq(boot_load(&second, boot_kit_config(0)), EXIT_FINE, "%s", second.problem);
    boot_close(&second);
}
