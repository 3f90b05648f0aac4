/* check.c: everything that needs AVX-512 IFMA, in one static program without the test framework, so that it runs as the only process of an emulated machine
 * (emulated.sh beside it). Exit code 0: all facts hold. 1: one does not. 2: this processor has no such instructions. */
#include "base/cpu.h"
#include "crypto/ed25519.h"
#include "crypto/ed25519/challenge.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "tests/crypto/ifma_kernel_kit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGES = 21, SEEDS = 2 };

static int failures;

static void report(const char *form, const char *fact, bool holds)
{
    failures += holds ? 0 : 1;
    (void)printf("%s - %s: %s\n", holds ? "ok" : "not ok", form, fact);
    (void)fflush(stdout);
}

static bool hashes_agree(void)
{
    static uint8_t data[MESSAGES * 40];
    static uint8_t hashes[MESSAGES][SHA512_BYTES];
    struct bytes messages[MESSAGES];
    bool agree = true;

    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 151 + i / 7);
    }
    for (size_t i = 0; i < MESSAGES; i++) {
        messages[i] = bytes_of(data + i, i * 37);
    }
    ifma_sha512(hashes, messages, MESSAGES);
    for (size_t i = 0; i < MESSAGES; i++) {
        uint8_t expected[SHA512_BYTES];
        crypto_hash_sha512(expected, messages[i].data, messages[i].size);
        agree = agree && memcmp(hashes[i], expected, SHA512_BYTES) == 0;
    }
    return agree;
}

int main(void)
{
    crypto_start();
    if (!cpu_features().avx512_ifma) {
        (void)printf("this processor has no AVX-512 IFMA\n");
        return 2;
    }
    for (int i = 0; i < IFMA_FACTS; i++) {
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            report("instructions", ifma_kernel_facts()[i].name, ifma_kernel_facts()[i].holds(seed) == 1);
        }
    }
    report("instructions", "SHA-512 of eight messages is libsodium's", hashes_agree());
    report("instructions", "BLAKE2b of eight inputs is libsodium's", hash_lanes_use(HASH_LANES_AVX512));
    report("instructions", "verdicts of the backend are those of ref, by each method", ed25519_self_test(ED25519_BACKEND_IFMA) == ERR_OK);
    report("model", "verdicts of the backend are those of ref, by each method", ed25519_self_test(ED25519_BACKEND_MODEL) == ERR_OK);
    (void)printf("%s\n", failures == 0 ? "all facts hold" : "some facts do not hold");
    return failures == 0 ? 0 : 1;
}
