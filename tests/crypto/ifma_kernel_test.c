/* ifma_kernel_test.c: what the kernels of ifma compute, at the bounds of their limbs: on the model everywhere, with the instructions where there are any. */
#include "tests/crypto/ifma_kernel_kit.h"

#include "base/cpu.h"
#include "tests/base/long_kit.h"

#include <criterion/criterion.h>
#include <signal.h>

TestSuite(ifma_kernel);

static void check(const char *form, const struct ifma_fact *facts)
{
    int seeds = is_long() ? 200 : 4;

    for (int i = 0; i < IFMA_FACTS; i++) {
        for (int seed = 0; seed < seeds; seed++) {
            cr_assert(facts[i].holds((uint64_t)seed) == 1, "%s, seed %d: %s", form, seed, facts[i].name);
        }
    }
}

Test(ifma_kernel, model_computes_the_portable_field_at_every_bound)
{
    check("model", model_kernel_facts());
}

Test(ifma_kernel, instructions_compute_the_portable_field_at_every_bound)
{
#if defined(__x86_64__)
    if (cpu_features().avx512_ifma) {
        check("ifma", ifma_kernel_facts());
    }
#endif
}

#ifdef WARD_DEBUG
Test(ifma_kernel, debug_stops_at_a_factor_that_the_instruction_would_cut, .signal = SIGABRT)
{
    model_multiply_beyond();
}

Test(ifma_kernel, debug_stops_at_a_sum_of_what_is_not_tight, .signal = SIGABRT)
{
    model_add_beyond();
}
#endif
