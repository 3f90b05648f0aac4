/* guard_test.c: what is handed over in guarded memory can be used to its last byte, and not one further. */
#include "sim/world/guard.h"

#include <criterion/criterion.h>
#include <signal.h>

static struct guard guard;

TestSuite(guard);

Test(guard, ends_with_the_last_byte)
{
    guard_open(&guard, 5000);
    volatile uint8_t *bytes = guard_end(&guard, 4999);
    bytes[0] = 1;
    bytes[4998] = 2;
    cr_assert_eq(bytes[0] + bytes[4998], 3);
    cr_assert_eq(guard_end(&guard, 0), guard.pages + guard.bytes);
    guard_close(&guard);
    cr_assert_null(guard.pages);
    guard_close(&guard);
}

/* Sanitizers turn the signal into an exit of their own. */
static void step_too_far(bool write)
{
    signal(SIGSEGV, SIG_DFL);
    guard_open(&guard, 1);
    volatile uint8_t *bytes = guard_end(&guard, 1);
    if (write) {
        bytes[1] = 1;
    }
    cr_log_info("%u", bytes[1]);
}

Test(guard, stops_a_read_behind_it, .signal = SIGSEGV) { step_too_far(false); }
Test(guard, stops_a_write_behind_it, .signal = SIGSEGV) { step_too_far(true); }
