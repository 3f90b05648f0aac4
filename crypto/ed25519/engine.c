/* engine.c: which backends this build has, and the tables that are made with the portable arithmetic for all of them. */
#include "crypto/ed25519/engine.h"

#include "base/assert.h"

const struct engine *engine_of(enum ed25519_backend backend)
{
    switch (backend) {
    case ED25519_BACKEND_REF:
        return &engine_ref;
    case ED25519_BACKEND_AVX2:
#if defined(__x86_64__)
        return &engine_avx2;
#else
        return NULL;
#endif
    case ED25519_BACKEND_IFMA:
#if defined(__x86_64__)
        return &engine_ifma;
#else
        return NULL;
#endif
    case ED25519_BACKEND_MODEL:
        return &engine_model;
    case ED25519_BACKEND_COUNT:
        return NULL;
    }
    return NULL;
}

/* Writes 1 A .. count A. */
static void pack_multiples(struct engine_entry *out, const struct engine *engine, const struct point *a, size_t count)
{
    struct point multiple[POINT_NORMALIZE_MAX];
    struct point_affine affine[POINT_NORMALIZE_MAX];

    ASSERT(count >= 1);
    ASSERT(count <= POINT_NORMALIZE_MAX);
    multiple[0] = *a;
    for (size_t i = 1; i < count; i++) {
        point_add(&multiple[i], &multiple[i - 1], a);
    }
    point_normalize(affine, multiple, count);
    for (size_t i = 0; i < count; i++) {
        engine->pack(&out[i], &affine[i]);
    }
}

void engine_base(struct engine_entry out[ENGINE_BASE_MULTIPLES + 1], const struct engine *engine)
{
    struct point base;

    point_base(&base);
    pack_multiples(out, engine, &base, ENGINE_BASE_MULTIPLES);
    point_double_times(&base, &base, ENGINE_SHORT_BITS);
    pack_multiples(&out[ENGINE_BASE_MULTIPLES], engine, &base, 1);
}

void engine_high(struct engine_entry *out, const struct engine *engine, const uint8_t encoded[POINT_BYTES])
{
    struct point a;
    bool ok = point_decode(&a, encoded);

    ASSERT(ok);
    point_double_times(&a, &a, ENGINE_SHORT_BITS);
    pack_multiples(out, engine, &a, 1);
}

void engine_comb_build(struct engine_entry *out, const struct engine *engine, const struct point *a, unsigned width, unsigned steps)
{
    struct point row[COMB_ROWS(4, 1)];

    ASSERT(width >= 4);
    ASSERT(width <= ENGINE_COMB_WIDTH_MAX);
    ASSERT(steps >= 1);
    ASSERT(steps <= ENGINE_COMB_STEPS_MAX);
    row[0] = *a;
    for (unsigned i = 1; i < COMB_ROWS(width, steps); i++) {
        point_double_times(&row[i], &row[i - 1], width * steps);
    }
    engine->multiples(out, row, COMB_ROWS(width, steps), (size_t)1 << (width - 1));
}
