#include "tests/storage/golden_dir_kit.h"

#include "storage/datadir.h"
#include "tests/storage/golden_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

const char *golden_dir_file(uint32_t segment)
{
    static char path[64];

    if (segment == 0) {
        snprintf(path, sizeof path, "tests/golden/v1/superblock.hex");
    } else {
        snprintf(path, sizeof path, "tests/golden/v1/%010u.seg.hex", segment);
    }
    return path;
}

static void put(const char *path, const char *golden)
{
    size_t size = 0;
    uint8_t *data = golden_load(golden, &size);
    FILE *file = fopen(path, "wb");

    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(data, 1, size, file), size);
    fclose(file);
    free(data);
}

void golden_dir_restore(const char *path)
{
    static const char *const folders[] = { "log", "pool", "snap" };
    char name[256], segment_name[DATADIR_NAME_BYTES];

    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s/%s", path, folders[i]);
        cr_assert_eq(mkdir(name, 0700), 0);
    }
    snprintf(name, sizeof name, "%s/superblock", path);
    put(name, golden_dir_file(0));
    for (uint32_t segment = 1; segment <= GOLDEN_SEGMENTS; segment++) {
        datadir_segment_name(segment, segment_name);
        snprintf(name, sizeof name, "%s/log/%s", path, segment_name);
        put(name, golden_dir_file(segment));
    }
}
