/* batch_fuzz.c: any batch of good, bent and broken signatures gets from every backend, by every method, the verdicts of the portable single check.
 *
 * Input: seed u8, shape u8, then three bytes for each item, at most 70: which u8, position u8, mask u8.
 *   which      one of the signatures of the pool: honest, with torsion, with errors that cancel
 *   mask       is put over the byte at `position` of key, digest and signature; 0 leaves the item as it is
 *   shape      bits 0, 1: decoded keys kept 0, 2, 16, 128; bits 2, 3: items judged at a time 1, 5, 16, 128; bit 4: with tables of half of the keys;
 *              bits 5, 6: the method */
#include "crypto/ed25519.h"

#include "crypto/keys.h"
#include "tests/crypto/bent_kit.h"
#include "tests/fuzz/fuzz.h"

enum { ITEMS_MAX = 70, POOL = 32, TABLES = 8, ITEM_BYTES = 128 };

static struct bent pool[POOL];
static bool pool_valid[POOL];
static void *memory[ED25519_BACKEND_COUNT], *tables[ED25519_BACKEND_COUNT];
static struct ed25519_keyset *keyset[ED25519_BACKEND_COUNT];

static struct ed25519_config config_of(enum ed25519_backend backend, uint8_t seed, uint8_t shape)
{
    static const uint32_t keys[] = { 0, 2, 16, 128 }, items[] = { 1, 5, 16, 128 };

    return (struct ed25519_config){ .backend = backend, .mode = ED25519_AUTO, .batch_max = items[shape >> 2 & 3], .keys_max = keys[shape & 3],
        .keyset = (shape & 0x10) != 0 ? keyset[backend] : NULL, .seed = { seed } };
}

static void *take(size_t size)
{
    void *out = aligned_alloc(64, (size + 63) / 64 * 64);

    CHECK(out != NULL);
    return out;
}

/* Half of the pool is honest; the rest has torsion, and of these every second an error that its neighbour takes back. */
static void fill_pool(void)
{
    for (int i = 0; i < POOL; i++) {
        struct bend bend = { .signer = (uint64_t)(i % (2 * TABLES)), .nonce = (uint64_t)i };
        if (i >= POOL / 2) {
            bend.torsion_key = i;
            bend.torsion_nonce = i / 2;
        }
        if (i >= POOL * 3 / 4) {
            bend.error = i % 2 == 0 ? 1 : -1;
        }
        bent_sign(&pool[i], &bend);
        struct sig_item item = bent_item(&pool[i]);
        pool_valid[i] = ed25519_verify(&item);
        CHECK(pool_valid[i] == (bend.error == 0));
    }
}

static void prepare(void)
{
    uint8_t keys[TABLES][32];

    if (memory[ED25519_BACKEND_REF] != NULL) {
        return;
    }
    crypto_start();
    fill_pool();
    for (int i = 0; i < TABLES; i++) {
        memcpy(keys[i], pool[2 * i + (i % 2 == 0 ? 0 : POOL / 2)].key, 32);
    }
    for (int i = 0; i < ED25519_BACKEND_COUNT; i++) {
        struct ed25519_keyset_config known = { .backend = (enum ed25519_backend)i, .members_max = TABLES };
        struct ed25519_config largest = config_of((enum ed25519_backend)i, 0, 0x0f);
        enum err err = ed25519_self_test((enum ed25519_backend)i);
        CHECK(err == ERR_OK || err == ERR_UNSUPPORTED);
        if (err == ERR_UNSUPPORTED) {
            continue;
        }
        memory[i] = take(ed25519_ctx_footprint(&largest));
        tables[i] = take(ed25519_keyset_footprint(&known));
        keyset[i] = ed25519_keyset_init(tables[i], &known);
        ed25519_keyset_set_members(keyset[i], keys[0], TABLES);
        while (ed25519_keyset_build(keyset[i])) {
        }
    }
}

/* Reads the items and their verdicts. Gives: how many. */
static size_t read_items(struct bent bent[ITEMS_MAX], struct sig_item items[ITEMS_MAX], bool expected[ITEMS_MAX], const uint8_t *data, size_t size)
{
    size_t n = size / 3 < ITEMS_MAX ? size / 3 : ITEMS_MAX;

    _Static_assert(sizeof(struct bent) == ITEM_BYTES, "key, digest, signature, and nothing between them");
    for (size_t i = 0; i < n; i++) {
        bent[i] = pool[data[3 * i] % POOL];
        ((uint8_t *)&bent[i])[data[3 * i + 1] % ITEM_BYTES] ^= data[3 * i + 2];
        items[i] = bent_item(&bent[i]);
        expected[i] = data[3 * i + 2] == 0 ? pool_valid[data[3 * i] % POOL] : ed25519_verify(&items[i]);
    }
    return n;
}

static void judge(enum ed25519_backend backend, const struct sig_item *items, const bool *expected, size_t n, const uint8_t head[2])
{
    struct ed25519_config config = config_of(backend, head[0], head[1]);
    struct ed25519_ctx *ctx = ed25519_ctx_init(memory[backend], &config);
    bool verdicts[ITEMS_MAX];

    for (size_t i = 0; i < n; i++) {
        verdicts[i] = !expected[i];
    }
    ed25519_verify_by(ctx, (enum ed25519_method)(head[1] >> 5 & 3), items, n, verdicts);
    for (size_t i = 0; i < n; i++) {
        CHECK(verdicts[i] == expected[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bent bent[ITEMS_MAX];
    struct sig_item items[ITEMS_MAX];
    bool expected[ITEMS_MAX];

    if (size < 2) {
        return 0;
    }
    prepare();
    size_t n = read_items(bent, items, expected, data + 2, size - 2);
    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        if (memory[backend] != NULL) {
            judge((enum ed25519_backend)backend, items, expected, n, data);
        }
    }
    return 0;
}
