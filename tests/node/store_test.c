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
static enum exit_code open_all(bool create)
{
    struct arena arena;
    enum exit_code code = store_enter(&store, &boot, create);

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

static void make_store(void)
{
    cr_assert_eq(open_all(true), EXIT_FINE, "%s", boot.problem);
    store_leave(&store);
}

Test(store, a_start_without_a_store_is_refused_with_what_to_do)
{
    cr_assert_eq(open_all(false), EXIT_REFUSED);
    cr_assert_not_null(strstr(boot.problem, "wardd --init"));
}

Test(store, a_new_store_names_chain_and_member_and_opens_again)
{
    make_store();
    cr_assert_eq(open_all(false), EXIT_FINE, "%s", boot.problem);
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
    cr_assert_eq(open_all(false), EXIT_FINE, "%s", boot.problem);
    cr_assert_eq(store.superblocks.current.sequence, 1);
    cr_assert_eq(store.disk.disk.counters.writes, 0, "opening writes nothing");
    store_leave(&store);
}

Test(store, a_second_init_never_overwrites)
{
    make_store();
    cr_assert_eq(open_all(true), EXIT_REFUSED);
    cr_assert_not_null(strstr(boot.problem, "never overwrites"));
}

Test(store, another_holder_is_refused)
{
    static struct store other;

    make_store();
    cr_assert_eq(open_all(false), EXIT_FINE);
    cr_assert_eq(store_enter(&other, &boot, false), EXIT_REFUSED);
    store_leave(&store);
}

Test(store, the_store_of_another_member_or_chain_is_refused)
{
    make_store();
    boot.self = 1;
    cr_assert_eq(open_all(false), EXIT_REFUSED);
    cr_assert_not_null(strstr(boot.problem, "belongs to member 0"));
    boot.self = 0;
    boot.genesis.hash.bytes[5] ^= 1;
    cr_assert_eq(open_all(false), EXIT_REFUSED);
    cr_assert_not_null(strstr(boot.problem, "another chain"));
}

Test(store, the_size_of_segments_is_fixed)
{
    make_store();
    boot.config.io.segment_mib = 2;
    cr_assert_eq(open_all(false), EXIT_CONFIGURATION);
    cr_assert_not_null(strstr(boot.problem, "it is 1 here"));
}

static void saved(void *context, enum err err) { *(bool *)context = err == ERR_OK; }

Test(store, a_version_that_is_saved_is_found_at_the_next_start)
{
    bool done = false;

    make_store();
    cr_assert_eq(open_all(false), EXIT_FINE);
    struct superblock next = store.superblocks.current;
    next.clean = true;
    next.durable_floor = 42;
    cr_assert_eq(store_save(&store, &next, saved, &done), ERR_OK);
    cr_assert_eq(store_save(&store, &next, saved, &done), ERR_AGAIN);
    cr_assert(kit_turns(loop, &done, 100));
    store_leave(&store);
    cr_assert_eq(open_all(false), EXIT_FINE);
    cr_assert(store.superblocks.current.clean);
    cr_assert_eq(store.superblocks.current.durable_floor, 42);
    cr_assert_eq(store.superblocks.current.sequence, 2);
    store_leave(&store);
}
