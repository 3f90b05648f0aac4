/* secret_test.c: pages for keys are zeroed, locked and left out of core dumps; the process writes none. */
#include "node/secret.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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
    cr_assert_eq(secret_exit(ERR_NO_MEMORY), EXIT_RESOURCE);
    cr_assert_not_null(strstr(secret_why(ERR_NO_MEMORY), "ulimit -l"));
}

Test(secret, a_filter_without_mlock_is_another_error_which_no_second_start_mends)
{
    struct sock_filter forbid[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mlock, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof forbid / sizeof forbid[0], forbid };
    void *pages = NULL;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        cr_skip_test("no seccomp filter can be set here");
    }
    cr_assert_eq(secret_take(&pages, 4096), ERR_PERMISSION);
    cr_assert_null(pages);
    cr_assert_eq(secret_exit(ERR_PERMISSION), EXIT_PERMISSION);
    cr_assert_not_null(strstr(secret_why(ERR_PERMISSION), "mlock"));
}
#endif

#if LOCKS
/* mark fills 64 bytes that stand in no text or data of the program: byte i is a mix of i and of whose they are. */
static void mark(uint8_t *bytes, uint8_t whose)
{
    for (uint32_t i = 0; i < 64; i++) {
        bytes[i] = (uint8_t)((i + 1) * 167 + whose * 59 + (i * i >> 2));
    }
}

/* die_with_marks is a process that has one mark in a key's pages and one on its heap, and that the kernel dumps into `directory`. */
static void die_with_marks(const char *directory)
{
    struct rlimit whole = { 0, 0 };
    void *pages = NULL;
    uint8_t *heap = malloc(64);
    bool ready = getrlimit(RLIMIT_CORE, &whole) == 0 && chdir(directory) == 0 && secret_take(&pages, 64) == ERR_OK && heap != NULL;

    whole.rlim_cur = whole.rlim_max;
    if (!ready || setrlimit(RLIMIT_CORE, &whole) != 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) {
        _exit(1);
    }
    mark(pages, 1);
    mark(heap, 2);
    signal(SIGABRT, SIG_DFL);
    abort();
}

/* holds says whether a file has a mark anywhere. Its holes are walked over: the program's empty tables are most of it. Pages begin at multiples of 4,096 in it, a mark lies in one. */
static bool holds(int file, uint8_t whose)
{
    uint8_t wanted[64], page[4096];
    off_t at = 0;

    mark(wanted, whose);
    while ((at = lseek(file, at, SEEK_DATA)) >= 0) {
        ssize_t got = pread(file, page, sizeof page, at);
        if (got <= 0 || memmem(page, (size_t)got, wanted, sizeof wanted) != NULL) {
            return got > 0;
        }
        at += got;
    }
    return false;
}

Test(secret, a_core_file_has_the_heap_but_no_key)
{
    char directory[] = "/tmp/ward-core-XXXXXX", pattern[64], line[256] = "";
    glob_t found = { 0 };
    int status;
    FILE *how = fopen("/proc/sys/kernel/core_pattern", "r");

    if (how == NULL || fgets(line, sizeof line, how) == NULL || line[0] == '|' || line[0] == '/') {
        cr_skip_test("this machine does not write cores into the working directory: %s", line);
    }
    fclose(how);
    cr_assert_not_null(mkdtemp(directory));
    pid_t child = fork();
    if (child == 0) {
        die_with_marks(directory);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    snprintf(pattern, sizeof pattern, "%s/*", directory);
    bool dumped = glob(pattern, 0, NULL, &found) == 0;
    int core = dumped ? open(found.gl_pathv[0], O_RDONLY | O_CLOEXEC) : -1;
    bool heap = core >= 0 && holds(core, 2);
    bool key = core >= 0 && holds(core, 1);
    if (core >= 0) {
        close(core);
        unlink(found.gl_pathv[0]);
    }
    globfree(&found);
    rmdir(directory);
    if (!dumped) {
        cr_skip_test("the limit of core files forbids one here");
    }
    cr_assert(heap, "the search would find nothing at all");
    cr_assert_not(key);
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
