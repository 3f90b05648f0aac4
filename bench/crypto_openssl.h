/* crypto_openssl.h: OpenSSL's verification, as a yardstick. Only ward-bench links libcrypto. */
#ifndef WARD_BENCH_CRYPTO_OPENSSL_H
#define WARD_BENCH_CRYPTO_OPENSSL_H

#include "crypto/ed25519.h"

/* openssl_verify_all counts how many of the items OpenSSL accepts, one by one. Needs: n >= 1. Cost: the key object of each item is made before the
 * first clock reading and freed after the last. Gives: *cpu_ns, CPU time of this thread for the checks alone. */
size_t openssl_verify_all(const struct sig_item *items, size_t n, uint64_t *cpu_ns);

/* openssl_version gives its name and version. Owns: a constant. */
const char *openssl_version(void);

#endif
