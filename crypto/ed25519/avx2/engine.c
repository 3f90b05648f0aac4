/* avx2/engine.c: the code of crypto/ed25519/lanes over four lanes. */
#if defined(__x86_64__)
#include "crypto/ed25519/avx2/kernel.h"

#include "crypto/ed25519/challenge.h"
#include "crypto/ed25519/lanes/engine.h"

const struct engine engine_avx2 = LANES_ENGINE(ED25519_BACKEND_AVX2, avx2_challenge);
#else
typedef int engine_avx2_is_for_x86_64;
#endif
