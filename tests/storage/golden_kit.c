#include "tests/storage/golden_kit.h"

#include "base/bytes.h"
#include "base/err.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW 32u

static void golden_write(const char *path, const uint8_t *data, size_t size)
{
    char hex[2 * ROW + 1];
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    for (size_t at = 0; at < size; at += ROW) {
        size_t bytes = size - at < ROW ? size - at : ROW;
        if (!bytes_are_zero(data + at, bytes)) {
            hex_encode(data + at, bytes, hex);
            fprintf(file, "%08zx %s\n", at, hex);
        }
    }
    fprintf(file, "%08zx\n", size);
    fclose(file);
}

void golden_check(const char *name, const uint8_t *data, size_t size)
{
    char path[128];

    snprintf(path, sizeof path, "tests/vectors/disk/%s.hex", name);
    golden_check_at(path, data, size);
}

void golden_check_at(const char *path, const uint8_t *data, size_t size)
{
    char line[128];
    char hex[2 * ROW + 1];
    size_t next = 0;

    if (getenv("WARD_GOLDEN") != NULL && strcmp(getenv("WARD_GOLDEN"), "write") == 0) {
        golden_write(path, data, size);
        cr_expect(false, "%s was written, not compared", path);
        return;
    }
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    while (fgets(line, sizeof line, file) != NULL) {
        char *rest;
        size_t at = strtoul(line, &rest, 16);
        cr_assert_leq(at, size, "%s is longer", path);
        cr_assert(at == next || bytes_are_zero(data + next, at - next), "%s has zeros at %zx", path, next);
        line[strcspn(line, "\n")] = '\0';
        if (*rest == ' ') {
            size_t bytes = strlen(rest + 1) / 2;
            cr_assert_leq(at + bytes, size);
            hex_encode(data + at, bytes, hex);
            cr_assert_str_eq(hex, rest + 1, "%s differs at %zx", path, at);
            next = at + bytes;
        } else {
            cr_assert_eq(at, size, "%s has %zu bytes", path, at);
            next = SIZE_MAX;
        }
    }
    fclose(file);
    cr_assert_eq(next, SIZE_MAX, "%s has no last line", path);
}

uint8_t *golden_load(const char *path, size_t *size)
{
    char line[128];
    uint8_t *data = NULL;
    FILE *file = fopen(path, "r");

    cr_assert_not_null(file, "%s", path);
    while (fgets(line, sizeof line, file) != NULL) {
        *size = strtoul(line, NULL, 16); /* the last line has no bytes: it is the size */
    }
    data = calloc(1, *size + ROW);
    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char *rest;
        size_t at = strtoul(line, &rest, 16);
        line[strcspn(line, "\n")] = '\0';
        if (*rest == ' ') {
            cr_assert_eq(hex_decode(rest + 1, data + at, strlen(rest + 1) / 2), ERR_OK, "%s at %zx", path, at);
        }
    }
    fclose(file);
    return data;
}
