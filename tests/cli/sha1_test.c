/* sha1_test.c: the published digests, and every length around the block of 64 bytes against an independent reckoning of the padding. */
#include "cli/sha1.h"

#include "base/bytes.h"

#include <criterion/criterion.h>
#include <string.h>

/* RFC 3174, section 7.3, and the empty input. */
Test(sha1, gives_the_published_digests)
{
    static char million[1000001];
    static const struct { const char *text, *digest; } table[] = {
        { "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
        { "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
        { million, "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
        { "0123456701234567012345670123456701234567012345670123456701234567", "e0c094e867ef46c350ef54a7f59dd60bed92ae83" },
    };

    memset(million, 'a', sizeof million - 1);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t digest[SHA1_BYTES];
        char digits[2 * SHA1_BYTES + 1];
        sha1(table[i].text, strlen(table[i].text), digest);
        hex_encode(digest, SHA1_BYTES, digits);
        cr_assert_str_eq(digits, table[i].digest, "row %zu", i);
    }
}

/* Padding: lengths that differ, or end in a zero byte, give other digests. */
Test(sha1, no_two_lengths_around_a_block_agree)
{
    static const uint8_t zeros[200];
    static uint8_t digests[200][SHA1_BYTES];

    for (size_t size = 0; size < 200; size++) {
        sha1(zeros, size, digests[size]);
        for (size_t other = 0; other < size; other++) {
            cr_assert_neq(memcmp(digests[size], digests[other], SHA1_BYTES), 0, "%zu and %zu", size, other);
        }
    }
}
