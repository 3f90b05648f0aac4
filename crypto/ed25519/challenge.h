/* challenge.h: k = SHA-512(R || A || digest) mod L for many signatures at once, in each instruction set.
 *
 * R || A || digest is 96 bytes, which is one block of SHA-512 together with its padding: one compression for each signature, LANES of
 * them side by side (ref 1, avx2 4, ifma 8). A vector path computes the same words as the portable one; only the cost differs. Functions
 * with the prefix avx2_ or ifma_ exist on x86-64 alone and may be called only where base/cpu.h reports the instructions; model_ is the
 * source of ifma_ with its operations in plain C, for tests on any machine. Pure. Threads: any. Source: FIPS 180-4; RFC 8032 section 5.1.7. */
#ifndef WARD_CRYPTO_ED25519_CHALLENGE_H
#define WARD_CRYPTO_ED25519_CHALLENGE_H

#include "base/bytes.h"
#include "crypto/ed25519.h"
#include "crypto/ed25519/ref/scalar.h"

#define SHA512_BYTES 64
#define SHA512_BLOCK_BYTES 128
#define SHA512_ROUNDS 80

/* The round constants, and the state before the first block. */
extern const uint64_t sha512_round[SHA512_ROUNDS];
extern const uint64_t sha512_start[8];

/* <set>_challenge gives k[i] for each item. Needs: n of any size; 0 is fine. Cost: ceil(n / LANES) compressions, n reductions modulo L. */
void ref_challenge(struct scalar *k, const struct sig_item *items, size_t n);
void avx2_challenge(struct scalar *k, const struct sig_item *items, size_t n);
void ifma_challenge(struct scalar *k, const struct sig_item *items, size_t n);
void model_challenge(struct scalar *k, const struct sig_item *items, size_t n);

/* <set>_sha512 gives the hash of each message; messages may differ in length. It is the same compression, for test vectors whose
 * messages have other lengths. Cost: for each LANES messages, as many compressions as the longest of them needs. */
void ref_sha512(uint8_t (*hashes)[SHA512_BYTES], const struct bytes *messages, size_t n);
void avx2_sha512(uint8_t (*hashes)[SHA512_BYTES], const struct bytes *messages, size_t n);
void ifma_sha512(uint8_t (*hashes)[SHA512_BYTES], const struct bytes *messages, size_t n);
void model_sha512(uint8_t (*hashes)[SHA512_BYTES], const struct bytes *messages, size_t n);

#endif
