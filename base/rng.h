/* rng.h: seeded pseudo-random numbers for jitter of back-off and for tests. Never for keys, nonces or anything an adversary may not guess.
 *
 * Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (xoshiro256++), seeded by splitmix64. */
#ifndef WARD_BASE_RNG_H
#define WARD_BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state[4]; /* never all zero */
};

/* rng_init gives the same sequence for the same seed, on every machine. */
void rng_init(struct rng *rng, uint64_t seed);

/* rng_next gives 64 bits. */
uint64_t rng_next(struct rng *rng);

/* rng_below gives a number in [0, bound), without bias. Needs: bound > 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

#endif
