/* machine_test.c: who is to blame when io_uring is refused: every row of the table, and a recorded machine. */
#include "node/machine.h"

#include "base/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(machine, blames_by_errno_sysctl_and_seccomp)
{
    static const int numbers[] = { EPERM, EACCES, ENOSYS, ENOMEM, EINVAL, EOPNOTSUPP, EFAULT };
    static const int64_t sysctls[] = { MACHINE_UNKNOWN, 0, 1, 2 };
    static const int64_t filters[] = { MACHINE_UNKNOWN, 0, 2 };
    /* [errno][sysctl][seccomp]: k kernel, s sysctl, f seccomp, m memlock, u unknown */
    static const char *const want[7][4] = {
        { "uuf", "uuf", "sss", "sss" }, { "uuf", "uuf", "sss", "sss" }, { "kkf", "kkf", "kkf", "sss" }, { "mmm", "mmm", "mmm", "mmm" },
        { "kkk", "kkk", "kkk", "kkk" }, { "kkk", "kkk", "kkk", "kkk" }, { "uuu", "uuu", "uuu", "uuu" },
    };
    static const char letters[BLAME_COUNT + 1] = "ksfmu";

    for (size_t n = 0; n < 7; n++) {
        for (size_t s = 0; s < 4; s++) {
            for (size_t f = 0; f < 3; f++) {
                struct machine machine = { .disabled = sysctls[s], .seccomp = filters[f] };
                cr_assert_eq(letters[machine_blame(&machine, numbers[n])], want[n][s][f], "errno %d, sysctl %d, seccomp %d", numbers[n], (int)sysctls[s], (int)filters[f]);
            }
        }
    }
}

Test(machine, every_blame_has_a_name_and_a_remedy_that_fits_a_log_line)
{
    for (enum machine_blame blame = BLAME_KERNEL; blame < BLAME_COUNT; blame++) {
        cr_assert_gt(strlen(machine_blame_name(blame)), 3);
        cr_assert_not_null(strstr(log_quote(machine_remedy(blame)).text, "io.backend: posix"), "%s", machine_remedy(blame));
    }
}

Test(machine, reads_a_recorded_machine)
{
    struct machine machine;

    machine_read(&machine, "tests/cli/machines/rhel9");
    cr_assert_str_eq(machine.release, "5.14.0-427.13.1.el9_4.x86_64");
    cr_assert_eq(machine.disabled, 2);
    cr_assert_eq(machine.group, -1);
    cr_assert_eq(machine.seccomp, 0);
    cr_assert_eq(machine.memlock_bytes, 8388608);
    machine_read(&machine, "tests/cli/machines/nowhere");
    cr_assert_str_eq(machine.release, "");
    cr_assert_eq(machine.disabled, MACHINE_UNKNOWN);
    cr_assert_eq(machine.seccomp, MACHINE_UNKNOWN);
}
