/* rng.c: see rng.h. */
#include "base/rng.h"

#include "base/assert.h"

static uint64_t rotate_left(uint64_t value, unsigned count) { return (value << count) | (value >> (64 - count)); }

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void rng_init(struct rng *rng, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++) {
        rng->state[i] = splitmix64(&seed); /* A bijection of four different inputs: at most one of the four is zero. */
    }
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    ASSERT(bound > 0);
    uint64_t unfair = (0 - bound) % bound; /* 2^64 mod bound: the first `unfair` values would make small results likelier. */
    uint64_t value = rng_next(rng);

    for (unsigned tries = 0; tries < 128 && value < unfair; tries++) { /* Each try fails with a chance below one half. */
        value = rng_next(rng);
    }
    return value % bound;
}
