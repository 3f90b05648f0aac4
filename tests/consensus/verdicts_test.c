/* verdicts_test.c: a hit of consensus/verdicts.h means that exactly this signature was verified here; the table is bounded. */
#include "consensus/verdicts.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct verdicts verdicts;
static void *memory;

static void open_with(uint32_t count, uint64_t seed)
{
    struct arena arena;

    arena_init_measure(&arena);
    verdicts_take(&verdicts, &arena, count, seed);
    memory = calloc(1, arena.used + 64);
    void *aligned = (void *)(((uintptr_t)memory + 63) & ~(uintptr_t)63);
    size_t size = arena.used;
    arena_init(&arena, aligned, size);
    verdicts_take(&verdicts, &arena, count, seed);
}

static void close_it(void)
{
    free(memory);
}

TestSuite(verdicts, .fini = close_it);

/* triple gives one of any number of different ones. */
static struct sig_item triple(uint32_t number)
{
    static struct verdict_entry room[4];
    static uint32_t next;
    struct verdict_entry *entry = &room[next++ % 4];

    memset(entry, 0x11, sizeof *entry);
    memcpy(entry->digest + 8, &number, sizeof number); /* behind the bytes that place it */
    entry->digest[0] = (uint8_t)(number * 37);
    entry->digest[1] = (uint8_t)(number >> 3);
    return (struct sig_item){ .key = entry->key, .digest = entry->digest, .signature = entry->signature };
}

Test(verdicts, know_what_was_added_and_nothing_that_differs_in_one_byte)
{
    uint8_t key[32] = { 1 }, digest[32] = { 2 }, signature[64] = { 3 };
    struct sig_item item = { key, digest, signature };

    open_with(1024, 7);
    cr_assert_not(verdicts_has(&verdicts, &item));
    verdicts_add(&verdicts, &item);
    cr_assert(verdicts_has(&verdicts, &item));
    for (uint32_t i = 0; i < 128; i++) {
        uint8_t *byte = i < 32 ? &key[i] : i < 64 ? &digest[i - 32] : &signature[i - 64];
        *byte ^= 0x40;
        cr_assert_not(verdicts_has(&verdicts, &item), "V5: byte %u", i);
        *byte ^= 0x40;
    }
    cr_assert(verdicts_has(&verdicts, &item));
    cr_assert_eq(verdicts.hits, 2);
    cr_assert_eq(verdicts.misses, 129);
}

Test(verdicts, contradict_only_what_was_found_valid_I15)
{
    struct sig_item known = triple(1), other = triple(2);

    open_with(1024, 7);
    verdicts_add(&verdicts, &known);
    cr_assert(verdicts_agree(&verdicts, &known, true));
    cr_assert_not(verdicts_agree(&verdicts, &known, false), "I15");
    cr_assert(verdicts_agree(&verdicts, &other, true));
    cr_assert(verdicts_agree(&verdicts, &other, false), "nothing is known of it");
    cr_assert_eq(verdicts.hits + verdicts.misses, 0, "asking is not counted");
}

Test(verdicts, hold_two_of_one_place_and_give_up_the_older)
{
    struct sig_item a = triple(0), b = triple(256 * 8), c = triple(2 * 256 * 8); /* equal where it decides about the place */

    open_with(VERDICTS_MIN, 99);
    verdicts_add(&verdicts, &a);
    verdicts_add(&verdicts, &b);
    cr_assert(verdicts_has(&verdicts, &a));
    cr_assert(verdicts_has(&verdicts, &b));
    verdicts_add(&verdicts, &b);
    cr_assert(verdicts_has(&verdicts, &a), "what is there already displaces nobody");
    verdicts_add(&verdicts, &c);
    cr_assert(verdicts_has(&verdicts, &b));
    cr_assert(verdicts_has(&verdicts, &c));
    cr_assert_not(verdicts_has(&verdicts, &a));
    verdicts_add(&verdicts, &b); /* the older of the pair */
    cr_assert(verdicts_has(&verdicts, &b));
    cr_assert(verdicts_has(&verdicts, &c));
}

Test(verdicts, keep_most_of_as_many_as_there_is_room_for_whatever_the_seed)
{
    for (uint64_t seed = 0; seed < 4; seed++) {
        uint32_t kept = 0;
        open_with(4096, seed * 0x9e3779b97f4a7c15u);
        for (uint32_t i = 0; i < 2048; i++) {
            struct sig_item item = triple(i);
            uint8_t signature[64];
            memcpy(signature, item.signature, 64);
            memcpy(signature, &(uint64_t){ i * 0xd6e8feb86659fd93u }, 8);
            item.signature = signature;
            verdicts_add(&verdicts, &item);
        }
        for (uint32_t i = 0; i < 2048; i++) {
            struct sig_item item = triple(i);
            uint8_t signature[64];
            memcpy(signature, item.signature, 64);
            memcpy(signature, &(uint64_t){ i * 0xd6e8feb86659fd93u }, 8);
            item.signature = signature;
            kept += verdicts_has(&verdicts, &item);
        }
        cr_assert_geq(kept, 1800, "seed %llu: %u", (unsigned long long)seed, kept);
        free(memory);
        memory = NULL;
    }
}
