/* memory_test.c: the tightest limit on the way up counts; what cannot be read limits nothing. */
#include "node/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char root[] = "/tmp/ward-memory-XXXXXX";

static void put(const char *path, const char *text)
{
    char whole[512];

    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *at = whole + sizeof root; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            mkdir(whole, 0700);
            *at = '/';
        }
    }
    FILE *file = fopen(whole, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void drop(void)
{
    char command[600];

    snprintf(command, sizeof command, "rm -rf '%s'", root);
    cr_assert_eq(system(command), 0);
}

Test(memory, tightest_limit_on_the_way_up_counts)
{
    cr_assert_not_null(mkdtemp(root));
    cr_assert_eq(memory_limit_bytes(root), UINT64_MAX, "nothing can be read");
    put("/proc/meminfo", "MemFree: 5 kB\nMemTotal:       2048 kB\n");
    cr_assert_eq(memory_limit_bytes(root), 2048u << 10);
    put("/proc/self/cgroup", "0::/system.slice/ward.service\n");
    put("/sys/fs/cgroup/system.slice/ward.service/memory.max", "max\n");
    cr_assert_eq(memory_limit_bytes(root), 2048u << 10);
    put("/sys/fs/cgroup/system.slice/memory.max", "1048576\n");
    cr_assert_eq(memory_limit_bytes(root), 1048576, "a parent's limit holds too");
    put("/sys/fs/cgroup/system.slice/ward.service/memory.max", "4096\n");
    cr_assert_eq(memory_limit_bytes(root), 4096);
    drop();
}
