/* ifma_kernel_kit.h: facts about the kernels of ifma, checked against the portable field. Compiled twice: with the processor's own instructions, and as the model. */
#ifndef WARD_TESTS_CRYPTO_IFMA_KERNEL_KIT_H
#define WARD_TESTS_CRYPTO_IFMA_KERNEL_KIT_H

#include <stddef.h>
#include <stdint.h>

struct ifma_fact {
    const char *name;
    int (*holds)(uint64_t seed); /* 1 or 0 */
};

enum { IFMA_FACTS = 11 };

/* ifma_kernel_facts needs a processor with AVX-512 IFMA; model_kernel_facts runs anywhere. */
const struct ifma_fact *ifma_kernel_facts(void);
const struct ifma_fact *model_kernel_facts(void);

/* model_multiply_beyond multiplies by a limb of 2^52, one more than a factor may have: in debug builds that stops the process. */
void model_multiply_beyond(void);
void model_add_beyond(void);

#endif
