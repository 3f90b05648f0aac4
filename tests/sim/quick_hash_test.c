/* quick_hash_test.c: in a world of stamps a hash is a function of its bytes alone, however they come, and no hash of production's. */
#include "sim/world/quick_hash.h"

#include "crypto/keys.h"
#include "sim/world/stamp.h"

#include <criterion/criterion.h>
#include <string.h>

static uint8_t data[1100];

static void setup(void)
{
    crypto_start();
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + i / 251);
    }
}

TestSuite(quick_hash, .init = setup);

/* in_pieces hashes so many bytes in pieces of `piece`. */
static struct hash32 in_pieces(enum hash_tag tag, size_t size, size_t piece)
{
    struct hasher hasher;

    hash_init(&hasher, tag);
    for (size_t at = 0; at < size; at += piece) {
        hash_update(&hasher, data + at, size - at < piece ? size - at : piece);
    }
    return hash_final(&hasher);
}

Test(quick_hash, does_not_depend_on_the_pieces)
{
    static const size_t sizes[] = { 0, 1, 31, 128, 245, 246, 247, 255, 256, 257, 501, 502, 503, 512, 1023, 1100 };

    stamp_use(true);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct hash32 whole = hash_one(HASH_TX, data, sizes[i]);
        for (size_t piece = 1; piece < 300; piece += 37) {
            struct hash32 pieces = in_pieces(HASH_TX, sizes[i], piece);
            cr_assert(hash_equal(&whole, &pieces), "%zu bytes in pieces of %zu", sizes[i], piece);
        }
    }
}

Test(quick_hash, has_the_tag_in_front_of_the_fields)
{
    const char *text = hash_tag_text(HASH_BLOCK);
    size_t size = strlen(text);
    uint8_t bytes[64];

    stamp_use(true);
    memcpy(bytes, text, size);
    memcpy(bytes + size, data, 20);
    struct hash32 plain = hash_plain(bytes, size + 20), tagged = hash_one(HASH_BLOCK, data, 20), other = hash_one(HASH_CONFIG, data, 20);
    cr_assert(hash_equal(&plain, &tagged));
    cr_assert_not(hash_equal(&other, &tagged));
}

Test(quick_hash, of_many_is_that_of_each)
{
    struct bytes inputs[5];
    struct hash32 many[5], after[5], plain[5], first = hash_plain(data, 9);

    stamp_use(true);
    for (size_t i = 0; i < 5; i++) {
        inputs[i] = bytes_of(data + i, 90 * i);
    }
    hash_many(many, HASH_STATE_LEAF, inputs, 5);
    hash_many_after(after, HASH_EVENTS, &first, inputs, 5);
    hash_plain_many(plain, data[0], (struct bytes[]){ bytes_of(data + 1, 300), bytes_of(data + 1, 0), bytes_of(data + 1, 1), bytes_of(data + 1, 255), bytes_of(data + 1, 256) }, 5);
    for (size_t i = 0; i < 5; i++) {
        static const size_t sizes[] = { 300, 0, 1, 255, 256 };
        struct hash32 one = hash_one(HASH_STATE_LEAF, inputs[i].data, inputs[i].size), behind = hash_plain(data, sizes[i] + 1);
        struct hasher hasher;
        hash_init(&hasher, HASH_EVENTS);
        hash_update(&hasher, first.bytes, HASH_BYTES);
        hash_update(&hasher, inputs[i].data, inputs[i].size);
        struct hash32 streamed = hash_final(&hasher);
        cr_assert(hash_equal(&many[i], &one));
        cr_assert(hash_equal(&after[i], &streamed));
        cr_assert(hash_equal(&plain[i], &behind));
    }
}

Test(quick_hash, differs_for_every_bit)
{
    uint8_t bytes[300];

    stamp_use(true);
    memcpy(bytes, data, sizeof bytes);
    struct hash32 before = hash_one(HASH_TX, bytes, sizeof bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct hash32 now = hash_one(HASH_TX, bytes, sizeof bytes);
        cr_assert_not(hash_equal(&before, &now), "bit %zu", bit);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

Test(quick_hash, puts_numbers_big_endian)
{
    static const uint8_t bytes[15] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    struct hasher hasher;

    stamp_use(true);
    hash_plain_init(&hasher);
    hash_update_u8(&hasher, 1);
    hash_update_u16(&hasher, 0x0203);
    hash_update_u32(&hasher, 0x04050607);
    hash_update_u64(&hasher, 0x08090a0b0c0d0e0f);
    struct hash32 numbers = hash_final(&hasher), plain = hash_plain(bytes, sizeof bytes), salted;
    cr_assert(hash_equal(&numbers, &plain));
    salted = hash_salted(HASH_CONTENT, data, data + 32, 40);
    plain = hash_one(HASH_CONTENT, data, 72);
    cr_assert(hash_equal(&salted, &plain));
}

Test(quick_hash, is_that_of_production_without_stamps)
{
    struct hash32 real = hash_one(HASH_TX, data, 100), quick;

    stamp_use(true);
    quick = hash_one(HASH_TX, data, 100);
    stamp_use(false);
    struct hash32 again = in_pieces(HASH_TX, 100, 13);
    cr_assert(hash_equal(&real, &again));
    cr_assert_not(hash_equal(&real, &quick));
}
