/* ed25519.h: verification of Ed25519 signatures over 32-byte digests, under one acceptance rule: ZIP-215.
 *
 * Accepted iff S < L, A and R decode to curve points (non-canonical encodings allowed), and [8](S B - R - k A) = 0 with
 * k = SHA-512(R || A || digest) mod L over the bytes as received. The verdict for an item depends on its bytes alone: never on batch,
 * order, size, seed, cache, backend or thread. Source: ZIP 215; docs/decisions/0010-zip215.md. */
#ifndef WARD_CRYPTO_ED25519_H
#define WARD_CRYPTO_ED25519_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ED25519_KEY_BYTES 32
#define ED25519_SIGNATURE_BYTES 64
#define ED25519_DIGEST_BYTES 32

/* One signature that remains to be verified. Views: the bytes are the caller's and need no alignment. */
struct sig_item {
    const uint8_t *key;       /* 32 bytes */
    const uint8_t *digest;    /* 32 bytes */
    const uint8_t *signature; /* 64 bytes: R || S */
};

/* Which checks may decide. The verdict is the same; only the cost differs. */
enum ed25519_mode {
    ED25519_AUTO,      /* fastest known path that gives the ZIP-215 verdict */
    ED25519_LIBSODIUM, /* libsodium first as a fast accept; what it rejects, the full rule judges */
    ED25519_REF        /* the portable full rule alone */
};

/* Scratch, counters, coefficient seed and key cache. One per thread. The caller owns the memory. */
struct ed25519_ctx;

/* ed25519_ctx_footprint gives the bytes that a context for batches of up to items_max needs. */
size_t ed25519_ctx_footprint(size_t items_max);

/* ed25519_ctx_init builds a context in `memory`. The portable backend judges item by item and uses neither scratch nor seed.
 * Needs: memory of ed25519_ctx_footprint(items_max) bytes, aligned to 64; seed of 32 bytes, secret in production. Owns: memory stays the caller's. */
struct ed25519_ctx *ed25519_ctx_init(void *memory, size_t items_max, enum ed25519_mode mode, const uint8_t seed[32]);

/* ed25519_verify gives the verdict for one item. Needs no context. Cost: one full check. Threads: any. */
bool ed25519_verify(const struct sig_item *item);

/* ed25519_verify_batch gives verdicts[i] for each item, exactly as ed25519_verify would.
 * Needs: n <= items_max of the context (0 is fine). */
void ed25519_verify_batch(struct ed25519_ctx *ctx, const struct sig_item *items, size_t n, bool *verdicts);

/* ed25519_key_is_strong tells whether a key may enter the membership or the registry: canonical encoding, on the curve, torsion-free,
 * not the identity. Cost: one scalar multiplication. */
bool ed25519_key_is_strong(const uint8_t key[ED25519_KEY_BYTES]);

/* Counters since init, for energy accounting. */
struct ed25519_counters {
    uint64_t checks;        /* items judged */
    uint64_t fast_accepts;  /* of these, accepted by libsodium */
    uint64_t rejected;      /* of these, refused */
};
struct ed25519_counters ed25519_counters(const struct ed25519_ctx *ctx);

#endif
