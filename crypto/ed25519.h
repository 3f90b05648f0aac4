/* ed25519.h: verification of Ed25519 signatures over 32-byte digests, under one acceptance rule: ZIP-215.
 *
 * Accepted iff S < L, A and R decode to curve points (non-canonical encodings allowed), and [8](S B - R - k A) = 0 with
 * k = SHA-512(R || A || digest) mod L over the bytes as received. The verdict for an item depends on its bytes alone: never on batch,
 * order, size, method, seed, cache, tables, backend or thread. Source: ZIP 215; docs/decisions/0010-zip215.md; docs/crypto.md.
 *
 * Three nouns: a backend (which instructions), a context (scratch, seed, cache of decoded keys; one per thread), a keyset (tables of known
 * keys; shared by the contexts of a process). */
#ifndef WARD_CRYPTO_ED25519_H
#define WARD_CRYPTO_ED25519_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ED25519_KEY_BYTES 32
#define ED25519_SIGNATURE_BYTES 64
#define ED25519_DIGEST_BYTES 32
#define ED25519_HASH_BYTES 64      /* SHA-512(R || A || message) */
#define ED25519_BATCH_MAX 4096u    /* items that are judged at a time; more are cut into slices */
#define ED25519_KEYS_MAX 65536u    /* decoded keys that a context keeps at most */
#define ED25519_MEMBERS_MAX 256u   /* members of a keyset */
#define ED25519_HOT_MAX 1024u      /* tables of keys that are no members */
#define ED25519_WIDE_MEMBERS 31u   /* up to so many members have tables of 6 bits, more have 4 */

/* One signature that remains to be verified. Views: the bytes are the caller's and need no alignment. */
struct sig_item {
    const uint8_t *key;       /* 32 bytes */
    const uint8_t *digest;    /* 32 bytes */
    const uint8_t *signature; /* 64 bytes: R || S */
};

/* The same when SHA-512(R || A || message) is known; the message may have had any length. */
struct sig_hashed {
    const uint8_t *key;       /* 32 bytes */
    const uint8_t *signature; /* 64 bytes: R || S */
    const uint8_t *hash;      /* 64 bytes */
};

/* --- Backends ------------------------------------------------------------------------------------------------------------------ */

enum ed25519_backend {
    ED25519_BACKEND_REF,  /* portable */
    ED25519_BACKEND_AVX2, /* four lanes */
    ED25519_BACKEND_IFMA, /* eight lanes, 52-bit multiply-add of AVX-512 */
    ED25519_BACKEND_MODEL, /* the code of ifma with its instructions in plain C: runs anywhere, slowly; for tests, never chosen unless named */
    ED25519_BACKEND_COUNT
};

/* ed25519_backend_name gives "ref", "avx2", "ifma" or "model". Needs: backend < ED25519_BACKEND_COUNT. */
const char *ed25519_backend_name(enum ed25519_backend backend);

/* ed25519_choose finds the backend to work with. `name` NULL or "": the fastest that this machine can run and that passes its self-test
 * against ref. Otherwise that one and no other. The caller reads WARD_CRYPTO_BACKEND.
 * Fails: ERR_INVALID, no such name; ERR_UNSUPPORTED, the machine or this build cannot run it; ERR_CONFLICT, its self-test differs from ref.
 * Cost: a few milliseconds, 160 KiB of stack. Threads: any, one after the other. */
enum err ed25519_choose(const char *name, enum ed25519_backend *backend);

/* ed25519_self_test compares a backend with ref on accepted and refused signatures, by each method, shape of table and width of window.
 * Fails: ERR_UNSUPPORTED, ERR_CONFLICT as above. */
enum err ed25519_self_test(enum ed25519_backend backend);

/* --- Tables of known keys ------------------------------------------------------------------------------------------------------ */

/* Threads: any thread may look up (through a context) and note at any time; one thread at a time calls set_members; any number may call
 * build, one of them works. Nothing but build makes a table. */
struct ed25519_keyset;

struct ed25519_keyset_config {
    enum ed25519_backend backend;
    uint32_t members_max; /* 0 .. ED25519_MEMBERS_MAX; members of two epochs may share tables, see set_members */
    uint32_t hot_max;     /* 0 .. ED25519_HOT_MAX tables of hot keys: 44 KiB each */
};

/* ed25519_keyset_footprint gives the bytes that a keyset needs: the table of the base point, those of members, those of hot keys. */
size_t ed25519_keyset_footprint(const struct ed25519_keyset_config *config);

/* ed25519_keyset_init makes a keyset without keys in it, and the table of the base point.
 * Needs: memory aligned to 64; a backend that ed25519_choose or ed25519_self_test gave. Owns: memory stays the caller's.
 * Cost: about a millisecond. */
struct ed25519_keyset *ed25519_keyset_init(void *memory, const struct ed25519_keyset_config *config);

/* ed25519_keyset_set_members states the members of the epoch that begins; `keys` holds 32 bytes for each. Tables of keys that stay are kept,
 * the others' are given up. Nothing is built: verification of a key without table takes another method until build came to it.
 * Needs: n <= members_max. */
void ed25519_keyset_set_members(struct ed25519_keyset *keyset, const uint8_t *keys, uint32_t n);

/* ed25519_keyset_note counts a use of a key by an accepted signature. Contexts that were given this keyset do it by themselves. */
void ed25519_keyset_note(struct ed25519_keyset *keyset, const uint8_t key[ED25519_KEY_BYTES]);

/* ed25519_keyset_build makes at most one table: of a member first, then of the key that is used most. For a worker that has nothing else to do.
 * Gives: true when it built one, so that another call may be worthwhile; false when there is nothing to build, or another thread builds.
 * Cost: below a millisecond. */
bool ed25519_keyset_build(struct ed25519_keyset *keyset);

/* ed25519_keyset_has tells whether the key has a table now. */
bool ed25519_keyset_has(struct ed25519_keyset *keyset, const uint8_t key[ED25519_KEY_BYTES]);

struct ed25519_keyset_counters {
    uint64_t tables_built;   /* since init */
    uint64_t tables_dropped; /* of these, given up for others */
    uint32_t members_ready;  /* members that have a table now */
    uint32_t hot_ready;      /* other keys that have one now */
};
struct ed25519_keyset_counters ed25519_keyset_counters(struct ed25519_keyset *keyset);

/* --- Contexts ------------------------------------------------------------------------------------------------------------------ */

/* Which checks may decide. The verdict is the same; only the cost differs. */
enum ed25519_mode {
    ED25519_AUTO,      /* the backend's fastest path for each case */
    ED25519_LIBSODIUM, /* item by item; libsodium first as a fast accept, what it rejects the full rule judges */
    ED25519_REF        /* item by item, the portable full rule alone */
};

/* How items are judged in the mode AUTO. */
enum ed25519_method {
    ED25519_FASTEST, /* by the table of methods in docs/crypto.md */
    ED25519_SINGLE,  /* one full check each */
    ED25519_DIRECT,  /* S B - k A from the keyset's tables, compared with R; keys without a table: as FASTEST */
    ED25519_BATCH    /* one random linear combination; when it fails, one check each, in lanes where there are several */
};

/* Scratch, counters, coefficient seed and key cache. One per thread. The caller owns the memory. */
struct ed25519_ctx;

struct ed25519_config {
    enum ed25519_backend backend;  /* from ed25519_choose */
    enum ed25519_mode mode;
    uint32_t batch_max;            /* items judged at a time, 1 .. ED25519_BATCH_MAX: scratch of about 800 bytes each; 1 suffices for one item at a time */
    uint32_t keys_max;             /* decoded keys that are kept, 0 .. ED25519_KEYS_MAX: about 300 bytes each */
    struct ed25519_keyset *keyset; /* or NULL. Needs: of the same backend. Owns: the caller; outlives the context */
    uint8_t seed[32];              /* of batch coefficients; secret in production */
};

/* ed25519_ctx_footprint gives the bytes that a context needs. The keyset in the configuration may still be missing. */
size_t ed25519_ctx_footprint(const struct ed25519_config *config);

/* ed25519_ctx_init builds a context in `memory`. Needs: memory of that many bytes, aligned to 64. Owns: memory stays the caller's. */
struct ed25519_ctx *ed25519_ctx_init(void *memory, const struct ed25519_config *config);

/* ed25519_verify gives the verdict for one item. Needs no context. Cost: one full check. Threads: any. */
bool ed25519_verify(const struct sig_item *item);

/* ed25519_verify_batch gives verdicts[i] for each of any number of items, exactly as ed25519_verify would. */
void ed25519_verify_batch(struct ed25519_ctx *ctx, const struct sig_item *items, size_t n, bool *verdicts);

/* ed25519_verify_by does the same by a method of the caller's choice; ed25519_verify_hashed, when the hashes are known. */
void ed25519_verify_by(struct ed25519_ctx *ctx, enum ed25519_method method, const struct sig_item *items, size_t n, bool *verdicts);
void ed25519_verify_hashed(struct ed25519_ctx *ctx, enum ed25519_method method, const struct sig_hashed *items, size_t n, bool *verdicts);

/* ed25519_forget_keys empties the cache of decoded keys. For measurements. */
void ed25519_forget_keys(struct ed25519_ctx *ctx);

/* ed25519_key_is_strong tells whether a key may enter the membership or the registry: canonical encoding, on the curve, torsion-free,
 * not the identity. Cost: one scalar multiplication. */
bool ed25519_key_is_strong(const uint8_t key[ED25519_KEY_BYTES]);

/* Counters since init, for energy accounting. checks = single + direct + batch. */
struct ed25519_counters {
    uint64_t checks;       /* items judged */
    uint64_t single;       /* of these, by one full check each, be it libsodium's or ours */
    uint64_t direct;       /* by tables, after a random linear combination that failed or without one */
    uint64_t batch;        /* by a random linear combination, and by lanes after one that failed */
    uint64_t fast_accepts; /* accepted by comparing encodings, or by libsodium */
    uint64_t fallbacks;    /* judged again, each by itself, because a batch failed or a comparison did not match */
    uint64_t rejected;     /* refused */
    uint64_t batches;      /* random linear combinations computed */
    uint64_t batches_failed;
    uint64_t key_hits;     /* keys found decoded in the cache */
    uint64_t key_misses;   /* keys decoded */
};
struct ed25519_counters ed25519_counters(const struct ed25519_ctx *ctx);

#endif
