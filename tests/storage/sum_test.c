/* sum_test.c: whatever the processor, a sum is the library's. */
#include "storage/sum.h"

#include "base/cpu.h"

#include <criterion/criterion.h>
#include <xxhash.h>

enum { BYTES = 70000, PLACES = 65 };

static _Alignas(64) uint8_t data[BYTES + PLACES];

static void fill(void)
{
    uint64_t state = 9;

    for (size_t i = 0; i < sizeof data; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data[i] = (uint8_t)state;
    }
}

static void agree(const uint8_t *from, size_t size)
{
    uint64_t expected = XXH3_64bits(from, size);

    cr_assert_eq(sum64(from, size), expected, "%zu bytes", size);
    cr_assert_eq(sum64_plain(from, size), expected, "%zu bytes", size);
#if defined(__x86_64__)
    if (cpu_features().avx2) {
        cr_assert_eq(sum64_avx2(from, size), expected, "%zu bytes", size);
    }
#endif
}

Test(sum, is_that_of_the_library_at_each_length)
{
    fill();
    for (size_t size = 0; size < 2200; size++) { /* one go, stripes of 64, blocks of 1,024, and what is left of each */
        agree(data, size);
    }
    for (size_t size = 4096 - 256 - 2; size < 4096 + 2; size++) {
        agree(data, size);
    }
    agree(data, BYTES);
}

Test(sum, hangs_on_no_alignment)
{
    fill();
    for (size_t place = 0; place < PLACES; place++) {
        agree(data + place, 4096);
        agree(data + place, 1000);
    }
}

Test(sum, is_pinned)
{
    static const uint8_t zeros[4096];

    cr_assert_eq(sum64("", 0), UINT64_C(0x2d06800538d394c2)); /* xxHash's own vectors begin with it */
    cr_assert_eq(sum64(zeros, sizeof zeros), XXH3_64bits(zeros, sizeof zeros));
    cr_assert_neq(sum64(zeros, sizeof zeros), sum64(zeros, sizeof zeros - 1));
}

Test(sum, of_one_bit_more_is_another)
{
    fill();
    uint64_t before = sum64(data, 4096);

    for (size_t bit = 0; bit < 8 * 4096; bit += 61) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_neq(sum64(data, 4096), before, "bit %zu", bit);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    cr_assert_eq(sum64(data, 4096), before);
}
