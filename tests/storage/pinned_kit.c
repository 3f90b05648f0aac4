/* pinned_kit.c: see pinned_kit.h. */
#include "tests/storage/pinned_kit.h"

#include "base/bytes.h"

#include <criterion/criterion.h>
#include <stdio.h>

void pinned_kit_check(const char *name, const void *data, size_t size, const char *pinned)
{
    struct hash32 hash = hash_plain(data, size);
    char digits[2 * 8 + 1], found[48];

    hex_encode(hash.bytes, 8, digits);
    (void)snprintf(found, sizeof found, "%zu %s", size, digits);
    cr_expect_str_eq(found, pinned, "%s: \"%s\"", name, found);
}

void pinned_kit_fill(void *record, size_t size)
{
    uint8_t *bytes = record;

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256 + 1);
    }
}
