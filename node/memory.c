/* memory.c: see memory.h. A file that is not there, or holds no number ("max"), sets no limit. */
#include "node/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 1024
#define LEVELS_MAX 32 /* of nested control groups */

/* read_line gives the first line of root || path that begins with `prefix`, without its end. */
static bool read_line(const char *root, const char *path, const char *prefix, char line[PATH_BYTES])
{
    char whole[2 * PATH_BYTES];
    bool found = false;

    snprintf(whole, sizeof whole, "%s%s", root, path);
    FILE *file = fopen(whole, "re");
    if (file == NULL) {
        return false;
    }
    while (!found && fgets(line, PATH_BYTES, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        found = strncmp(line, prefix, strlen(prefix)) == 0;
    }
    fclose(file);
    return found;
}

static uint64_t machine_bytes(const char *root)
{
    char line[PATH_BYTES];

    if (!read_line(root, "/proc/meminfo", "MemTotal:", line)) {
        return UINT64_MAX;
    }
    unsigned long long kib = strtoull(line + strlen("MemTotal:"), NULL, 10);
    return kib == 0 ? UINT64_MAX : kib * 1024u;
}

static uint64_t group_bytes(const char *root, const char *group)
{
    char path[PATH_BYTES + 64], line[PATH_BYTES], *end;

    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
    if (!read_line(root, path, "", line)) {
        return UINT64_MAX;
    }
    unsigned long long bytes = strtoull(line, &end, 10);
    return end == line ? UINT64_MAX : bytes;
}

uint64_t memory_limit_bytes(const char *root)
{
    uint64_t least = machine_bytes(root);
    char line[PATH_BYTES];

    if (!read_line(root, "/proc/self/cgroup", "0::", line)) {
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
