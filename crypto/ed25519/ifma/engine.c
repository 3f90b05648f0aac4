/* ifma/engine.c: the code of crypto/ed25519/lanes over eight lanes of AVX-512, or of their model. */
#if defined(__AVX512IFMA__) || defined(IFMA_MODEL)
#include "crypto/ed25519/ifma/point.h"

#include "crypto/ed25519/challenge.h"
#include "crypto/ed25519/lanes/engine.h"

#if defined(IFMA_MODEL)
const struct engine engine_model = LANES_ENGINE(ED25519_BACKEND_MODEL, model_challenge);
#else
const struct engine engine_ifma = LANES_ENGINE(ED25519_BACKEND_IFMA, ifma_challenge);
#endif
#else
typedef int engine_ifma_is_for_x86_64;
#endif
