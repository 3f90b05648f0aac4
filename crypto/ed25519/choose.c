/* choose.c: which backend this process works with: what the processor has, and what agrees with the portable code when it is tried. */
#include "crypto/ed25519.h"

#include "base/assert.h"
#include "base/cpu.h"
#include "crypto/ed25519/engine.h"

#include <string.h>

static bool can_run(enum ed25519_backend backend)
{
    struct cpu_features features = cpu_features();

    switch (backend) {
    case ED25519_BACKEND_REF:
    case ED25519_BACKEND_MODEL:
        return true;
    case ED25519_BACKEND_AVX2:
        return features.avx2;
    case ED25519_BACKEND_IFMA:
        return features.avx512_ifma;
    case ED25519_BACKEND_COUNT:
        return false;
    }
    return false;
}

enum err ed25519_self_test(enum ed25519_backend backend)
{
    const struct engine *engine = engine_of(backend);

    return engine == NULL || !can_run(backend) ? ERR_UNSUPPORTED : engine_trial(engine);
}

const char *ed25519_backend_name(enum ed25519_backend backend)
{
    static const char *const names[ED25519_BACKEND_COUNT] = { "ref", "avx2", "ifma", "model" };

    ASSERT(backend < ED25519_BACKEND_COUNT);
    return names[backend];
}

enum err ed25519_choose(const char *name, enum ed25519_backend *backend)
{
    bool any = name == NULL || name[0] == '\0';
    enum err err = ERR_INVALID;

    for (unsigned i = ED25519_BACKEND_COUNT; i-- > 0;) { /* the fastest is the last */
        *backend = (enum ed25519_backend)i;
        if (any ? i != ED25519_BACKEND_MODEL : strcmp(name, ed25519_backend_name(*backend)) == 0) {
            err = ed25519_self_test(*backend);
            if (err == ERR_OK || !any) {
                return err;
            }
        }
    }
    return err;
}
