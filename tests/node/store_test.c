/* store_test.c: a store is made once, belongs to one member of one chain, and is held by one process. */
#include "node/store.h"

#include "tests/cli/cli_kit.h"
#include "tests/net/net_kit.h"
#include "tests/node/boot_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct boot boot;
static struct store store;
static struct loop *loop;

static void make(void)
{
    struct loop_uring_config config = loop_uring_config_default();

    boot_kit_make(kit_directory());
    cr_assert_eq(boot_load(&boot, boot_kit_config(0)), EXIT_FINE, "%s", boot.problem);
    loop = kit_loop(&config);
}

static void end(void) { boot_close(&boot); }

TestSuite(store, .init = make, .fini = end);

/* open_all does what a daemon does: open, take (measured and for real), load. */
static enum exit_code open_all(enum store_act act)
{
    struct arena arena;
    enum exit_code code = store_enter(&store, &boot, act);

    if (code != EXIT_FINE) {
        return code;
    }
    arena_init_measure(&arena);
    cr_assert_eq(store_take(&store, &boot, &arena, NULL), EXIT_FINE, "%s", boot.problem);
    size_t size = arena.used;
    arena_init(&arena, kit_memory(size), size);
    cr_assert_eq(store_take(&store, &boot, &arena, loop), EXIT_FINE, "%s", boot.problem);
    code = store_load(&store, &boot, loop);
    if (code != EXIT_FINE) {
        store_leave(&store);
    }
    return code;
}

/* boot_again reads the key anew, as the next process does. */
static void boot_again(void)
{
    boot_close(&boot);
    cr_assert_eq(boot_load(&boot, boot_kit_config(0)), EXIT_FINE, "%s", boot.problem);
}

static void make_store(void)
{
    cr_assert_eq(open_all(STORE_INIT), EXIT_FINE, "%s", boot.problem);
    store_leave(&store);
    boot_again();
}

Test(store, a_start_without_a_store_is_refused_with_what_to_do)
{
    cr_assert_eq(open_all(STORE_OPEN), EXIT_REFUSED);
    cr_assert_not_null(strstr(boot.problem, "wardd --init"));
}

Test(store, a_new_store_names_chain_and_member_and_opens_again)
{
    make_store();
    cr_assert_eq(open_all(STORE_OPEN), EXIT_FINE, "%s", boot.problem);
    cr_assert(hash_equal(&store.superblocks.current.cluster, &boot.genesis.hash));
    cr_assert_eq(store.superblocks.current.replica, 0);
    cr_assert_eq(store.superblocks.current.sequence, 1);
    cr_assert_not(store.fresh);
    store_leave(&store);
}

ON_EACH_BACKEND(store, is_made_and_opened_through_either_backend)
ParameterizedTest(enum kit_backend *backend, store, is_made_and_opened_through_either_backend)
{
    struct loop_uring_config config = loop_uring_config_default();

    loop = kit_loop_on(*backend, &config);
    make_store();
    cr_assert_eq(open_all(STORE_OPEN), EXIT_FINE, "%s", boot.problem);
    cr_assert_eq(store.superblocks.current.sequence, 1);
    cr_assert_eq(store.disk.disk.counters.writes, 0, "opening writes nothing");
    store_leave(&store);
}

Test(store, a_second_init_never_overwrites)
{
    make_store();
    cr_assert_eq(open_all(STORE_INIT), EXIT_REFUSED);
    cr_assert_not_null(strstr(boot.problem, "never overwrites"));
}

/* move_data points the configuration at another directory, with the same key. */
static void move_data(const char *name)
{
    boot_kit_write(0, "m0.data", name);
    boot_again();
}

Test(store, a_key_that_has_a_store_gets_no_second_one_elsewhere_E4)
{
    make_store();
    move_data("second.data");
    cr_assert_eq(open_all(STORE_INIT), EXIT_REFUSED);
    cr_assert_not_null(strstr(boot.problem, "has a store already, of instance "), "%s", boot.problem);
    cr_assert_not_null(strstr(boot.problem, "wardd --rejoin"), "%s", boot.problem);
    cr_assert_eq(open_all(STORE_OPEN), EXIT_REFUSED, "nothing was made");
    cr_assert_not_null(strstr(boot.problem, "holds no store"), "%s", boot.problem);
}

Test(store, a_lost_store_is_replaced_by_a_marked_one_and_is_never_the_keys_again_E4_E5)
{
    make_store();
    move_data("second.data");
    cr_assert_eq(open_all(STORE_REJOIN), EXIT_FINE, "%s", boot.problem);
    cr_assert_eq(store.superblocks.current.features_required, SUPERBLOCK_REJOINS);
    store_leave(&store);
    boot_again();
    cr_assert_eq(open_all(STORE_OPEN), EXIT_FINE, "%s", boot.problem);
    cr_assert_eq(store.superblocks.current.features_required, SUPERBLOCK_REJOINS, "until the replica knows what to abstain from");
    store_leave(&store);
    move_data("m0.data");
    cr_assert_eq(open_all(STORE_OPEN), EXIT_REFUSED, "the old one turned up");
    cr_assert_not_null(strstr(boot.problem, "does not sign with another"), "%s", boot.problem);
    cr_assert_eq(open_all(STORE_REJOIN), EXIT_REFUSED);
    cr_assert_not_null(strstr(boot.problem, "`wardd --rejoin` never overwrites"), "%s", boot.problem);
}

/* unbind takes the line about the store out of the key's file, as if the program had been killed before it was written. */
static void unbind(void)
{
    char path[512], text[512];

    snprintf(path, sizeof path, "%s/m0/sign.key", kit_directory());
    FILE *file = fopen(path, "r");
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    char *line = strstr(text, "store ");
    cr_assert_not_null(line);
    file = fopen(path, "w");
    fwrite(text, 1, (size_t)(line - text), file);
    fclose(file);
    boot_again();
}

Test(store, a_key_that_names_no_store_does_not_sign_and_the_same_command_ends_what_was_cut_short)
{
    make_store();
    unbind();
    cr_assert_eq(open_all(STORE_OPEN), EXIT_REFUSED);
    cr_assert_not_null(strstr(boot.problem, "names no store"), "%s", boot.problem);
    cr_assert_eq(open_all(STORE_REJOIN), EXIT_REFUSED, "the store was not made by that command");
    cr_assert_eq(open_all(STORE_INIT), EXIT_FINE, "%s", boot.problem);
    store_leave(&store);
    boot_again();
    cr_assert_eq(open_all(STORE_OPEN), EXIT_FINE, "%s", boot.problem);
    cr_assert_eq(store.superblocks.current.sequence, 1);
    store_leave(&store);
}

Test(store, a_key_that_cannot_be_written_is_named_in_the_configuration)
{
    char changed[1024], id[33];

    setenv("CREDENTIALS_DIRECTORY", kit_directory(), 1);
    snprintf(changed, sizeof changed, "%s/m0/sign.key", kit_directory());
    boot_kit_write(0, changed, "\"credential:m0/sign.key\"");
    boot_again();
    cr_assert_eq(open_all(STORE_INIT), EXIT_CONFIGURATION);
    char *line = strstr(boot.problem, "`store: ");
    cr_assert_not_null(line, "%s", boot.problem);
    snprintf(id, sizeof id, "%.32s", line + 8);
    boot_again();
    cr_assert_eq(open_all(STORE_OPEN), EXIT_REFUSED);
    snprintf(changed, sizeof changed, "    store: \"%s\"\nio:\n", id);
    boot_kit_write(0, "io:\n", changed);
    boot_again();
    cr_assert_eq(open_all(STORE_OPEN), EXIT_FINE, "%s", boot.problem);
    store_leave(&store);
    cr_assert_eq(open_all(STORE_INIT), EXIT_REFUSED);
}

Test(store, another_holder_is_refused)
{
    static struct store other;

    make_store();
    cr_assert_eq(open_all(STORE_OPEN), EXIT_FINE);
    cr_assert_eq(store_enter(&other, &boot, STORE_OPEN), EXIT_REFUSED);
    store_leave(&store);
}

Test(store, a_file_where_the_directory_is_meant_is_a_wrong_configuration)
{
    FILE *file = fopen(boot.config.node.data_dir, "wx");

    cr_assert_not_null(file);
    fclose(file);
    cr_assert_eq(store_enter(&store, &boot, STORE_OPEN), EXIT_CONFIGURATION, "%s", boot.problem);
    cr_assert_not_null(strstr(boot.problem, "Not a directory"), "%s", boot.problem);
    cr_assert_eq(store_enter(&store, &boot, STORE_INIT), EXIT_CONFIGURATION, "%s", boot.problem);
}

Test(store, the_store_of_another_member_or_chain_is_refused)
{
    make_store();
    boot.self = 1;
    cr_assert_eq(open_all(STORE_OPEN), EXIT_REFUSED);
    cr_assert_not_null(strstr(boot.problem, "belongs to member 0"));
    boot.self = 0;
    boot.genesis.hash.bytes[5] ^= 1;
    cr_assert_eq(open_all(STORE_OPEN), EXIT_REFUSED);
    cr_assert_not_null(strstr(boot.problem, "another chain"));
}

Test(store, the_size_of_segments_is_fixed)
{
    make_store();
    boot.config.io.segment_mib = 2;
    cr_assert_eq(open_all(STORE_OPEN), EXIT_CONFIGURATION);
    cr_assert_not_null(strstr(boot.problem, "it is 1 here"));
}

static void saved(void *context, enum err err) { *(bool *)context = err == ERR_OK; }

Test(store, a_version_that_is_saved_is_found_at_the_next_start)
{
    bool done = false;

    make_store();
    cr_assert_eq(open_all(STORE_OPEN), EXIT_FINE);
    struct superblock next = store.superblocks.current;
    next.clean = true;
    next.durable_floor = 42;
    cr_assert_eq(store_save(&store, &next, saved, &done), ERR_OK);
    cr_assert_eq(store_save(&store, &next, saved, &done), ERR_AGAIN);
    cr_assert(kit_turns(loop, &done, 100));
    store_leave(&store);
    cr_assert_eq(open_all(STORE_OPEN), EXIT_FINE);
    cr_assert(store.superblocks.current.clean);
    cr_assert_eq(store.superblocks.current.durable_floor, 42);
    cr_assert_eq(store.superblocks.current.sequence, 2);
    store_leave(&store);
}
