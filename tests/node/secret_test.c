/* secret_test.c: pages for keys are zeroed, locked and left out of core dumps; the process writes none. */
#include "node/secret.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#define LOCKS 0 /* The sanitizer turns mlock into nothing. */
#else
#define LOCKS 1
#endif

/* flags_of gives the VmFlags line of the mapping that holds an address, "" when there is none. */
static const char *flags_of(const void *address)
{
    static char line[512];
    bool inside = false;
    FILE *maps = fopen("/proc/self/smaps", "r");

    cr_assert_not_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long begin, end;
        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2) {
            inside = (unsigned long)address >= begin && (unsigned long)address < end;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            fclose(maps);
            return line;
        }
    }
    fclose(maps);
    return "";
}

Test(secret, pages_are_zeroed_locked_and_not_dumped)
{
    static const uint8_t zeros[5000];
    void *pages = NULL;

    cr_assert_eq(secret_take(&pages, sizeof zeros), ERR_OK);
    cr_assert_eq(memcmp(pages, zeros, sizeof zeros), 0);
    memset(pages, 0x5a, sizeof zeros);
    const char *flags = flags_of(pages);
    cr_assert(!LOCKS || strstr(flags, " lo") != NULL, "%s", flags);
    cr_assert_not_null(strstr(flags, " dd"), "%s", flags);
    cr_assert_not_null(strstr(flags, " dc"), "%s", flags);
    secret_give(pages, sizeof zeros);
}

#if LOCKS
Test(secret, a_limit_of_locked_memory_is_an_error_and_nothing_stays_mapped)
{
    struct rlimit none = { 0, 0 };
    void *pages = NULL;

    cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
    if (geteuid() == 0) {
        cr_assert_eq(setresuid(65534, 65534, 65534), 0); /* The limit does not bind root. */
    }
    cr_assert_eq(secret_take(&pages, 4096), ERR_NO_MEMORY);
    cr_assert_null(pages);
}
#endif

Test(secret, the_process_writes_no_core_and_is_not_readable)
{
    struct rlimit limit;

    cr_assert_eq(secret_process(), ERR_OK);
    cr_assert_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    cr_assert_eq(getrlimit(RLIMIT_CORE, &limit), 0);
    cr_assert_eq(limit.rlim_max, 0);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
