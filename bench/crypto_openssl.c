/* crypto_openssl.c: see crypto_openssl.h. */
#include "bench/crypto_openssl.h"

#include "base/assert.h"
#include "base/clock.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { CHUNK = 64 };

static size_t verify_chunk(EVP_PKEY *const *keys, const struct sig_item *items, size_t n)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t accepted = 0;

    ASSERT(context != NULL);
    for (size_t i = 0; i < n; i++) {
        (void)EVP_MD_CTX_reset(context);
        if (EVP_DigestVerifyInit(context, NULL, NULL, NULL, keys[i]) == 1
            && EVP_DigestVerify(context, items[i].signature, ED25519_SIGNATURE_BYTES, items[i].digest, ED25519_DIGEST_BYTES) == 1) {
            accepted++;
        }
    }
    EVP_MD_CTX_free(context);
    return accepted;
}

size_t openssl_verify_all(const struct sig_item *items, size_t n, uint64_t *cpu_ns)
{
    EVP_PKEY *keys[CHUNK];
    size_t accepted = 0;

    ASSERT(n >= 1);
    *cpu_ns = 0;
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t count = n - at < CHUNK ? n - at : CHUNK;
        for (size_t i = 0; i < count; i++) {
            keys[i] = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, items[at + i].key, ED25519_KEY_BYTES);
            ASSERT(keys[i] != NULL);
        }
        uint64_t begin_ns = clock_thread_cpu_ns();
        accepted += verify_chunk(keys, items + at, count);
        *cpu_ns += clock_thread_cpu_ns() - begin_ns;
        for (size_t i = 0; i < count; i++) {
            EVP_PKEY_free(keys[i]);
        }
    }
    return accepted;
}

const char *openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
