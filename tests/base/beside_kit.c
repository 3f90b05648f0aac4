/* beside_kit.c: see beside_kit.h. */
#include "tests/base/beside_kit.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

void beside_find(const char *variable, const char *folder, const char *pattern, glob_t *found)
{
    const char *named = getenv(variable);
    char path[PATH_MAX];

    if (named != NULL && named[0] != '\0') {
        (void)snprintf(path, sizeof path, "%s/%s", named, pattern);
        cr_assert_eq(glob(path, 0, NULL, found), 0, "%s: %s is not there", variable, path);
        return;
    }
    (void)snprintf(path, sizeof path, "../%s/%s", folder, pattern);
    if (glob(path, 0, NULL, found) == 0) {
        return;
    }
    (void)snprintf(path, sizeof path, "../*/%s/%s", folder, pattern);
    if (glob(path, 0, NULL, found) != 0) {
        cr_skip_test("no %s/%s beside the tree, and %s names none", folder, pattern, variable);
    }
}
