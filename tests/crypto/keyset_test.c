/* keyset_test.c: tables are made by build alone, for members and for what is used most, and readers never see one change. */
#include "crypto/ed25519.h"

#include "crypto/ed25519/keyset_priv.h"
#include "crypto/keys.h"
#include "tests/crypto/signature_vectors_kit.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 40, READERS = 2, TABLES = 40, TURNS_MAX = 3000000 };

static uint8_t keys[KEYS][ED25519_KEY_BYTES];
static struct sign_keypair pairs[KEYS];

static struct ed25519_keyset *keyset_open(uint32_t members_max, uint32_t hot_max)
{
    const struct ed25519_keyset_config config = { .backend = ED25519_BACKEND_REF, .members_max = members_max, .hot_max = hot_max };
    size_t size = ed25519_keyset_footprint(&config);
    void *memory = aligned_alloc(64, size);

    for (uint32_t i = 0; i < KEYS; i++) {
        uint8_t seed[32];
        bytes_by_number(i, seed, sizeof seed);
        sign_keypair_from_seed(&pairs[i], seed);
        memcpy(keys[i], pairs[i].public_key, sizeof keys[i]);
    }
    memset(memory, 0xa5, size);
    return ed25519_keyset_init(memory, &config);
}

static uint32_t build_all(struct ed25519_keyset *keyset)
{
    uint32_t steps = 0;

    while (ed25519_keyset_build(keyset)) {
        steps++;
        cr_assert_lt(steps, 200, "building ends");
    }
    return steps;
}

static void note(struct ed25519_keyset *keyset, uint32_t key, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        ed25519_keyset_note(keyset, keys[key]);
    }
}

Test(keyset, members_have_tables_once_they_are_built_and_not_before)
{
    struct ed25519_keyset *keyset = keyset_open(4, 0);

    ed25519_keyset_set_members(keyset, keys[0], 4);
    cr_assert(!ed25519_keyset_has(keyset, keys[0]));
    cr_assert(ed25519_keyset_build(keyset));
    cr_assert_eq(ed25519_keyset_counters(keyset).members_ready, 1);
    cr_assert_eq(build_all(keyset), 3);
    for (uint32_t i = 0; i < 8; i++) {
        cr_assert_eq(ed25519_keyset_has(keyset, keys[i]), i < 4);
    }
    free(keyset);
}

Test(keyset, new_epoch_keeps_the_tables_of_members_that_stay)
{
    struct ed25519_keyset *keyset = keyset_open(6, 0);

    ed25519_keyset_set_members(keyset, keys[0], 6);
    build_all(keyset);
    ed25519_keyset_set_members(keyset, keys[4], 5);
    build_all(keyset);
    cr_assert_eq(ed25519_keyset_counters(keyset).tables_built, 6 + 3);
    cr_assert_eq(ed25519_keyset_counters(keyset).tables_dropped, 4);
    for (uint32_t i = 0; i < 12; i++) {
        cr_assert_eq(ed25519_keyset_has(keyset, keys[i]), i >= 4 && i < 9, "key %u", i);
    }
    ed25519_keyset_set_members(keyset, keys[0], 0);
    build_all(keyset);
    cr_assert_eq(ed25519_keyset_counters(keyset).members_ready, 0);
    free(keyset);
}

Test(keyset, tables_are_narrow_beyond_31_members_and_wide_again_below)
{
    struct ed25519_keyset *keyset = keyset_open(KEYS, 0);
    static const uint32_t counts[3] = { 31, 32, 3 };
    static const unsigned widths[3] = { 6, 4, 6 };
    struct engine_comb comb;

    for (unsigned round = 0; round < 3; round++) {
        ed25519_keyset_set_members(keyset, keys[0], counts[round]);
        build_all(keyset);
        cr_assert_eq(ed25519_keyset_counters(keyset).members_ready, counts[round]);
        for (uint32_t i = 0; i < counts[round]; i++) {
            unsigned mark = keyset_enter(keyset);
            (void)keyset_find(keyset, mark, keys[i], &comb);
            cr_assert_eq(comb.width, widths[round]);
            cr_assert_eq(comb.steps, 1);
            keyset_leave(keyset, mark);
        }
    }
    free(keyset);
}

Test(keyset, member_that_is_no_point_gets_no_table_and_stops_nobody)
{
    struct ed25519_keyset *keyset = keyset_open(3, 0);
    uint8_t members[3][ED25519_KEY_BYTES];

    memcpy(members, keys, sizeof members);
    memset(members[1], 0, sizeof members[1]);
    members[1][0] = 2; /* 2 is the y of no point */
    ed25519_keyset_set_members(keyset, members[0], 3);
    build_all(keyset);
    build_all(keyset);
    cr_assert(ed25519_keyset_has(keyset, keys[0]));
    cr_assert(!ed25519_keyset_has(keyset, members[1]));
    cr_assert(ed25519_keyset_has(keyset, keys[2]));
    free(keyset);
}

Test(keyset, hot_keys_get_tables_by_use_and_lose_them_to_hotter_ones)
{
    struct ed25519_keyset *keyset = keyset_open(1, 2);

    ed25519_keyset_set_members(keyset, keys[0], 1);
    note(keyset, 0, 1000);
    note(keyset, 1, 63);
    build_all(keyset);
    cr_assert(!ed25519_keyset_has(keyset, keys[1]), "used too little");
    note(keyset, 1, 100);
    note(keyset, 2, 200);
    build_all(keyset);
    cr_assert(ed25519_keyset_has(keyset, keys[1]));
    cr_assert(ed25519_keyset_has(keyset, keys[2]));
    note(keyset, 3, 300);
    build_all(keyset);
    cr_assert(!ed25519_keyset_has(keyset, keys[3]), "not used twice as much as the least used");
    note(keyset, 3, 100);
    build_all(keyset);
    cr_assert(ed25519_keyset_has(keyset, keys[3]));
    cr_assert(!ed25519_keyset_has(keyset, keys[1]));
    cr_assert_eq(ed25519_keyset_counters(keyset).hot_ready, 2);
    cr_assert_eq(ed25519_keyset_counters(keyset).members_ready, 1, "a member needs no hot table");
    free(keyset);
}

Test(keyset, very_many_keys_that_are_used_alike_displace_each_other_and_get_no_table)
{
    enum { MANY = 20000, TIMES = 60 };
    struct ed25519_keyset *keyset = keyset_open(1, 2);
    uint8_t other[ED25519_KEY_BYTES] = { 0 };

    for (uint32_t i = 0; i < MANY * TIMES; i++) {
        uint32_t key = i % MANY;
        memcpy(other, &key, sizeof key);
        ed25519_keyset_note(keyset, other);
    }
    cr_assert_eq(build_all(keyset), 0, "five times as many as can be watched");
    for (uint32_t i = 0; i < 100; i++) {
        ed25519_keyset_note(keyset, keys[1]);
    }
    cr_assert_eq(build_all(keyset), 1);
    cr_assert(ed25519_keyset_has(keyset, keys[1]));
    free(keyset);
}

Test(keyset, keys_that_are_used_alike_keep_the_tables_they_have)
{
    struct ed25519_keyset *keyset = keyset_open(1, 8);

    for (uint32_t round = 0; round < 200; round++) {
        for (uint32_t i = 1; i <= 16; i++) {
            note(keyset, i, 1);
        }
        if (round % 10 == 0) {
            build_all(keyset);
        }
    }
    cr_assert_eq(ed25519_keyset_counters(keyset).hot_ready, 8);
    cr_assert_eq(ed25519_keyset_counters(keyset).tables_dropped, 0, "nobody is twice as busy");
    free(keyset);
}

Test(keyset, nothing_is_built_over_a_table_that_somebody_looks_at)
{
    struct ed25519_keyset *keyset = keyset_open(2, 0);
    struct engine_comb comb, again;
    struct engine_entry copy;
    unsigned mark;

    ed25519_keyset_set_members(keyset, keys[0], 2);
    build_all(keyset);
    mark = keyset_enter(keyset);
    (void)keyset_find(keyset, mark, keys[0], &comb);
    cr_assert_not_null(comb.entry);
    copy = comb.entry[0];
    ed25519_keyset_set_members(keyset, keys[2], 2);
    build_all(keyset);
    cr_assert_eq(memcmp(&copy, comb.entry, sizeof copy), 0);
    (void)keyset_find(keyset, mark, keys[0], &again);
    cr_assert_eq(again.entry, comb.entry);
    cr_assert(!ed25519_keyset_has(keyset, keys[0]), "who comes later sees the new index");
    cr_assert(!ed25519_keyset_has(keyset, keys[2]), "and the places are not free yet");
    keyset_leave(keyset, mark);
    build_all(keyset);
    cr_assert(ed25519_keyset_has(keyset, keys[2]));
    cr_assert(ed25519_keyset_has(keyset, keys[3]));
    free(keyset);
}

/* Between the two steps of a look a builder finishes a table: its next one would be written over what the reader looks at, for it asked who reads before that was counted. */
Test(keyset, look_that_a_turn_overtakes_begins_anew)
{
    struct ed25519_keyset *keyset = keyset_open(3, 0);
    struct engine_comb comb;

    ed25519_keyset_set_members(keyset, keys[0], 3);
    build_all(keyset);
    unsigned turn = keyset_turn(keyset);
    ed25519_keyset_set_members(keyset, keys[3], 3);
    cr_assert(ed25519_keyset_build(keyset));
    cr_assert_eq(keyset_turn(keyset), turn + 1);
    cr_assert(!keyset_announce(keyset, turn));
    cr_assert(ed25519_keyset_build(keyset), "and it holds no builder up");
    cr_assert_eq(keyset_turn(keyset), turn + 2);
    cr_assert(!keyset_announce(keyset, turn), "nor is the same index the same turn");
    unsigned mark = keyset_enter(keyset);
    cr_assert_eq(mark, keyset_turn(keyset) % 2);
    (void)keyset_find(keyset, mark, keys[0], &comb);
    cr_assert_null(comb.entry);
    (void)keyset_find(keyset, mark, keys[3], &comb);
    cr_assert_not_null(comb.entry);
    cr_assert(ed25519_keyset_build(keyset), "the index in force is not what a builder waits for");
    cr_assert(!ed25519_keyset_build(keyset), "but the one that it replaced is");
    keyset_leave(keyset, mark);
    cr_assert(ed25519_keyset_build(keyset));
    cr_assert_eq(ed25519_keyset_counters(keyset).members_ready, 3);
    free(keyset);
}

struct onlooker {
    struct ed25519_keyset *keyset;
    atomic_bool *stop;
    _Atomic uint64_t looks;
    uint64_t found, wrong;
};

/* The first entry of a table of ref is half of the key's own y + x, y - x and of 2 d x y. */
static bool is_table_of(const struct engine_comb *comb, const struct point_affine *own)
{
    const struct field *half = (const struct field *)(const void *)comb->entry;
    const struct field *whole[3] = { &own->sum, &own->difference, &own->product };
    bool same = true;

    for (unsigned i = 0; i < 3; i++) {
        struct field twice;
        field_add(&twice, &half[i], &half[i]);
        same = same && field_equal(&twice, whole[i]);
    }
    return same;
}

static void *read_on(void *argument)
{
    struct onlooker *reader = argument;
    struct point_affine own[KEYS];

    for (uint32_t i = 0; i < KEYS; i++) {
        struct point point;
        (void)point_decode(&point, keys[i]);
        point_normalize(&own[i], &point, 1);
    }
    while (!atomic_load(reader->stop)) {
        uint32_t i = (uint32_t)(atomic_fetch_add(&reader->looks, 1) % KEYS);
        unsigned mark = keyset_enter(reader->keyset);
        struct engine_comb comb;
        (void)keyset_find(reader->keyset, mark, keys[i], &comb);
        if (comb.entry != NULL) {
            reader->found++;
            reader->wrong += is_table_of(&comb, &own[i]) ? 0 : 1;
        }
        keyset_leave(reader->keyset, mark);
    }
    return NULL;
}

static bool is_enough(struct ed25519_keyset *keyset, struct onlooker reader[READERS])
{
    bool enough = ed25519_keyset_counters(keyset).tables_built >= TABLES;

    for (int i = 0; i < READERS; i++) {
        enough = enough && atomic_load(&reader[i].looks) > 100;
    }
    return enough;
}

Test(keyset, readers_beside_a_builder_only_ever_find_whole_tables_of_their_key)
{
    struct ed25519_keyset *keyset = keyset_open(3, 1);
    atomic_bool stop = false;
    static struct onlooker reader[READERS];
    pthread_t thread[READERS];

    for (int i = 0; i < READERS; i++) {
        reader[i].keyset = keyset;
        reader[i].stop = &stop;
        cr_assert_eq(pthread_create(&thread[i], NULL, read_on, &reader[i]), 0);
    }
    for (uint32_t turn = 0; turn < TURNS_MAX && !is_enough(keyset, reader); turn++) {
        ed25519_keyset_set_members(keyset, keys[turn / 8 % (KEYS - 3)], 3);
        note(keyset, turn % KEYS, 20);
        (void)ed25519_keyset_build(keyset); /* does nothing while a reader is held up in the middle of a look */
    }
    atomic_store(&stop, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(thread[i], NULL);
        cr_assert_gt(atomic_load(&reader[i].looks), 0);
        cr_assert_eq(reader[i].wrong, 0, "the table of another key");
    }
    cr_assert_geq(ed25519_keyset_counters(keyset).tables_built, TABLES);
    free(keyset);
}
