/* ref/engine.c: the code of crypto/ed25519/lanes over one lane. */
#include "crypto/ed25519/ref/kernel.h"

#include "crypto/ed25519/challenge.h"
#include "crypto/ed25519/lanes/engine.h"

const struct engine engine_ref = LANES_ENGINE(ED25519_BACKEND_REF, ref_challenge);
