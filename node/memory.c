/* memory.c: see memory.h. A file that is not there, or holds no number ("max"), sets no limit. */
#include "node/memory.h"

#include "base/sysfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LEVELS_MAX 32 /* of nested control groups */
#define LARGE_PAGE_BYTES (UINT64_C(2) << 20)

static uint64_t machine_bytes(const char *root)
{
    char line[SYSFILE_LINE_BYTES];

    if (!sysfile_line(root, "/proc/meminfo", "MemTotal:", line)) {
        return UINT64_MAX;
    }
    unsigned long long kib = strtoull(line + strlen("MemTotal:"), NULL, 10);
    return kib == 0 ? UINT64_MAX : kib * 1024u;
}

static uint64_t group_bytes(const char *root, const char *group)
{
    char path[SYSFILE_LINE_BYTES + 64], line[SYSFILE_LINE_BYTES], *end;

    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
    if (!sysfile_line(root, path, "", line)) {
        return UINT64_MAX;
    }
    unsigned long long bytes = strtoull(line, &end, 10);
    return end == line ? UINT64_MAX : bytes;
}

uint64_t memory_limit_bytes(const char *root)
{
    uint64_t least = machine_bytes(root);
    char line[SYSFILE_LINE_BYTES];

    if (!sysfile_line(root, "/proc/self/cgroup", "0::", line)) {
        return least;
    }
    char *group = line + strlen("0::");
    for (unsigned level = 0; level < LEVELS_MAX; level++) {
        uint64_t bytes = group_bytes(root, group);
        least = bytes < least ? bytes : least;
        char *slash = strrchr(group, '/');
        if (slash == NULL) {
            break;
        }
        *slash = '\0';
    }
    return least;
}

void memory_enlarge_pages(const struct bytes *memory)
{
    uintptr_t begin = ((uintptr_t)memory->data + LARGE_PAGE_BYTES - 1) / LARGE_PAGE_BYTES * LARGE_PAGE_BYTES;
    uintptr_t end = ((uintptr_t)memory->data + memory->size) / LARGE_PAGE_BYTES * LARGE_PAGE_BYTES;

    if (end > begin) {
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    }
}
