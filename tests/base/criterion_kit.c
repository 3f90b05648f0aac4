/* criterion_kit: Criterion readies libgit2 in each process, to draw the difference of two texts that are unequal. It reads every certificate of the
 * machine, which takes longer than most tests. Here nothing is readied, and an unequal pair of texts is printed whole instead. The Makefile also
 * makes a library of this file that stands in for libgit2, so that no test's process loads the true one with all that it needs.
 *
 * With ThreadSanitizer (MODE=thread) it also finds a place for the memory that Criterion shares with the process of a test. Criterion rolls dice between
 * 2^45 and 96 TiB and takes what nobody has mapped; ThreadSanitizer has mapped, or refuses, all of that but 1.5 TiB around position-independent programs. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int git_libgit2_init(void);
int git_libgit2_shutdown(void);
int git_diff_buffers(void);

int git_libgit2_init(void)
{
    return 1; /* how often it was readied */
}

int git_libgit2_shutdown(void)
{
    return 0;
}

int git_diff_buffers(void)
{
    return -1; /* an error */
}

#ifdef __SANITIZE_THREAD__
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DICE_LOW UINT64_C(0x200000000000)  /* where Criterion begins */
#define DICE_HIGH UINT64_C(0x550000000000) /* from here on ThreadSanitizer lets programs be, and Criterion asks the kernel */
#define PLACES UINT64_C(0x560000000000)    /* above a program at the place that it has without randomisation */
#define PLACES_COUNT UINT64_C(0x7000)
#define PLACE_BITS 24 /* 16 MiB, Criterion's own step */

const char *__tsan_default_options(void);
void *__interceptor_mmap64(void *, size_t, int, int, int, off_t);

static bool is_dice(const void *address)
{
    return (uintptr_t)address >= DICE_LOW && (uintptr_t)address < DICE_HIGH;
}

/* The first race ends a test. A child that forked may start a thread, where the runtime can: it gives up where the parent had one of the same address. */
const char *__tsan_default_options(void) { return "halt_on_error=1 die_after_fork=0"; }

/* Criterion alone calls these two by these names. */
void *mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if ((flags & MAP_FIXED) != 0 && is_dice(address)) {
        address = (void *)(PLACES + (((uintptr_t)address >> PLACE_BITS) % PLACES_COUNT << PLACE_BITS));
    }
    return __interceptor_mmap64(address, size, protection, flags, fd, offset);
}

int mincore(void *address, size_t size, unsigned char *pages)
{
    if (is_dice(address)) {
        errno = ENOMEM; /* nobody has it */
        return -1;
    }
    return (int)syscall(SYS_mincore, address, size, pages);
}
#endif
