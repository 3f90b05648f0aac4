/* hash_test.c: H is BLAKE2b-256 over tag and fields, and no two uses of it can meet. */
#include "crypto/hash.h"

#include "base/bytes.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void assert_hex(struct hash32 hash, const char *expected)
{
    char text[2 * HASH_BYTES + 1];

    hex_encode(hash.bytes, HASH_BYTES, text);
    cr_assert_str_eq(text, expected);
}

Test(hash, plain_hash_is_blake2b_256)
{
    assert_hex(hash_plain(NULL, 0), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    assert_hex(hash_plain("abc", 3), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

Test(hash, no_tag_is_a_prefix_of_another)
{
    for (int a = 0; a < HASH_TAG_COUNT; a++) {
        const char *first = hash_tag_text((enum hash_tag)a);

        cr_assert_eq(strncmp(first, "WARD/", 5), 0, "%s", first);
        for (int b = 0; b < HASH_TAG_COUNT; b++) {
            const char *second = hash_tag_text((enum hash_tag)b);
            bool is_prefix = strncmp(first, second, strlen(first)) == 0;
            cr_assert(a == b || !is_prefix, "%s begins %s", first, second);
        }
    }
}

Test(hash, tag_stands_in_front_without_a_terminator)
{
    char input[64];

    for (int tag = 0; tag < HASH_TAG_COUNT; tag++) {
        int length = snprintf(input, sizeof input, "%sfield", hash_tag_text((enum hash_tag)tag));
        struct hash32 expected = hash_plain(input, (size_t)length);
        struct hash32 hash = hash_one((enum hash_tag)tag, "field", 5);
        cr_assert(hash_equal(&hash, &expected), "%s", input);
    }
}

Test(hash, parts_and_whole_give_the_same_digest)
{
    uint8_t data[300];

    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        struct hash32 whole = hash_one(HASH_TX, data, sizeof data);
        struct hash32 parts;
        struct hasher hasher;

        hash_init(&hasher, HASH_TX);
        hash_update(&hasher, data, cut);
        hash_update(&hasher, data + cut, sizeof data - cut);
        parts = hash_final(&hasher);
        cr_assert(hash_equal(&whole, &parts), "cut at %zu", cut);
    }
}

Test(hash, integers_enter_big_endian)
{
    static const uint8_t expected_bytes[] = { 1, 1, 2, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8 };
    struct hash32 expected = hash_one(HASH_FOLD, expected_bytes, sizeof expected_bytes);
    struct hash32 hash;
    struct hasher hasher;

    hash_init(&hasher, HASH_FOLD);
    hash_update_u8(&hasher, 0x01);
    hash_update_u16(&hasher, 0x0102);
    hash_update_u32(&hasher, 0x01020304);
    hash_update_u64(&hasher, 0x0102030405060708);
    hash = hash_final(&hasher);
    cr_assert(hash_equal(&hash, &expected));
}

Test(hash, commitment_covers_tag_salt_and_data)
{
    uint8_t input[32 + 4] = { 9, 8, 7, [32] = 'd', 'a', 't', 'a' };
    struct hash32 expected = hash_one(HASH_CONTENT, input, sizeof input);
    struct hash32 commitment = hash_salted(HASH_CONTENT, input, "data", 4);
    struct hash32 other = hash_salted(HASH_COMMITMENT, input, "data", 4);

    cr_assert(hash_equal(&commitment, &expected));
    cr_assert(!hash_equal(&commitment, &other));
    input[31] ^= 1;
    other = hash_salted(HASH_CONTENT, input, "data", 4);
    cr_assert(!hash_equal(&commitment, &other));
}

Test(hash, equality_and_zero_look_at_every_byte)
{
    for (size_t i = 0; i < HASH_BYTES; i++) {
        struct hash32 zero = { 0 };
        struct hash32 other = { 0 };

        cr_assert(hash_is_zero(&zero));
        cr_assert(hash_equal(&zero, &other));
        other.bytes[i] = 1;
        cr_assert(!hash_is_zero(&other));
        cr_assert(!hash_equal(&zero, &other));
    }
}
