/* cpu_test.c: what is asked of the processor agrees with what the kernel reports. */
#include "base/cpu.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

Test(cpu, counts_at_least_one_and_no_more_than_are_configured)
{
    cr_assert_geq(cpu_count(), 1);
    cr_assert_leq((long)cpu_count(), sysconf(_SC_NPROCESSORS_CONF));
}

/* The flags line of /proc/cpuinfo lists what the kernel has enabled. */
Test(cpu, agrees_with_the_kernel_about_instruction_sets)
{
    static char line[16384];
    FILE *file = fopen("/proc/cpuinfo", "r");
    int found = 0;

    if (file == NULL) {
        cr_skip_test("no /proc/cpuinfo");
    }
    while (!found && fgets(line, sizeof line, file) != NULL) {
        found = strncmp(line, "flags", 5) == 0;
    }
    fclose(file);
    if (!found) {
        cr_skip_test("no flags in /proc/cpuinfo");
    }
    struct cpu_features features = cpu_features();
    cr_assert_eq(features.avx2, strstr(line, " avx2 ") != NULL);
    cr_assert_eq(features.avx512_ifma, strstr(line, " avx512ifma ") != NULL && strstr(line, " avx512vl ") != NULL && strstr(line, " avx512dq ") != NULL);
}
