/* judge_kit.h: a context with all that belongs to it, on every backend that this machine can run, and cases with their verdicts. */
#ifndef WARD_TESTS_CRYPTO_JUDGE_KIT_H
#define WARD_TESTS_CRYPTO_JUDGE_KIT_H

#include "crypto/ed25519.h"
#include "tests/base/long_kit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CASES_MAX 400
#define CASE_NAME_BYTES 96

/* What a context is made with. Zero stands for a backend ref without cache, tables or room for more than one item. */
struct judge_setup {
    enum ed25519_backend backend;
    uint32_t batch_max;   /* 0 stands for 1 */
    uint32_t keys_max;
    uint32_t members_max; /* a keyset is made when this or hot_max is not 0 */
    uint32_t hot_max;
    uint64_t seed;
};

struct judge {
    void *memory, *tables;
    struct ed25519_ctx *ctx;
    struct ed25519_keyset *keyset; /* or NULL */
};

/* judge_open makes a context, and a keyset if one is asked for. Owns: the caller closes it. */
void judge_open(struct judge *judge, const struct judge_setup *setup);
void judge_close(struct judge *judge);

/* judge_needs skips the running test, with the reason, when this machine cannot run the backend. */
void judge_needs(enum ed25519_backend backend);

/* judge_know makes these keys, 32 bytes each, the members of the keyset and builds all tables that can be built. */
void judge_know(struct judge *judge, const uint8_t *keys, uint32_t n);

/* One signature with its verdict under ZIP-215. */
struct judge_case {
    char name[CASE_NAME_BYTES];
    uint8_t key[32];
    uint8_t signature[64];
    uint8_t hash[64];   /* SHA-512(R || A || message) */
    uint8_t digest[32]; /* the message, where it has this length */
    bool is_digest;
    bool valid;
};

struct judge_cases {
    struct judge_case at[CASES_MAX];
    size_t count;
};

/* cases_ours gives tests/vectors/ed25519.json. cases_public gives RFC 8032, Wycheproof without the signatures that are not 64 bytes long, and the
 * ZIP-215 grid; it skips the running test when they are not beside the tree. Both in static memory of their own. */
const struct judge_cases *cases_ours(void);
const struct judge_cases *cases_public(void);

/* case_hashed gives the item that views a case. */
struct sig_hashed case_hashed(const struct judge_case *one);

/* honest_by_number makes a valid case; the key is that of number modulo `keys`. Cost: a key pair and a signature. */
void honest_by_number(struct judge_case *out, uint64_t number, uint64_t keys);

/* honest_pool gives `count` valid cases by so many keys; made once in a process for each number of keys. Needs: count <= CASES_MAX; keys 4 or 65. */
const struct judge_case *honest_pool(size_t count, uint64_t keys);

/* A share of the whole grid of signatures: n shares have every combination once. */
struct grid_share {
    size_t index, count; /* index < count; count is 0 where no share is asked for */
};

/* grid_share gives share i of n of GRID_SHARD=i/n (1 to n, n at most 1000), or none where that is not set. Fails: what is no share fails the test. */
struct grid_share grid_share(void);

/* case_stride gives how many cases a short run steps over: 1 in release; more where the sanitizers make each check many times dearer. */
size_t case_stride(void);

#endif
