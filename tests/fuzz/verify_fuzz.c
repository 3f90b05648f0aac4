/* verify_fuzz.c: one item, or a good signature with bytes changed, gets one verdict from every path.
 *
 * Input: choice u8, key 32, digest 32, signature 64, then changes of two bytes each (position, mask).
 *   choice bit 0: the item is a good signature by the key of seed `key`, before the changes
 *   choice bit 1: S is cut below 2^252, so that the equation is reached */
#include "crypto/ed25519.h"

#include "crypto/keys.h"
#include "tests/fuzz/fuzz.h"

#include <sodium.h>

enum { ITEM_BYTES = 128, AT_DIGEST = 32, AT_SIGNATURE = 64 };

/* Gives: whether the changes left the item as it was. */
static bool change(uint8_t item[ITEM_BYTES], const uint8_t *changes, size_t size)
{
    uint8_t before[ITEM_BYTES];

    memcpy(before, item, sizeof before);
    for (size_t i = 0; i + 1 < size; i += 2) {
        item[changes[i] % ITEM_BYTES] ^= changes[i + 1];
    }
    return memcmp(before, item, sizeof before) == 0;
}

static void sign(uint8_t item[ITEM_BYTES])
{
    struct sign_keypair pair;
    struct hash32 digest;

    sign_keypair_from_seed(&pair, item);
    memcpy(item, pair.public_key, sizeof pair.public_key);
    memcpy(digest.bytes, item + AT_DIGEST, sizeof digest.bytes);
    sign_digest(&pair, &digest, item + AT_SIGNATURE);
}

static void assert_all_paths(const uint8_t bytes[ITEM_BYTES], bool verdict)
{
    const struct sig_item item = { .key = bytes, .digest = bytes + AT_DIGEST, .signature = bytes + AT_SIGNATURE };
    const struct sig_item twice[2] = { item, item };
    static _Alignas(64) uint8_t memory[1 << 18];

    for (int mode = ED25519_AUTO; mode <= ED25519_REF; mode++) {
        const struct ed25519_config config = { .backend = ED25519_BACKEND_REF, .mode = (enum ed25519_mode)mode, .batch_max = 2 };
        CHECK(ed25519_ctx_footprint(&config) <= sizeof memory);
        struct ed25519_ctx *ctx = ed25519_ctx_init(memory, &config);
        bool verdicts[2] = { !verdict, !verdict };
        ed25519_verify_batch(ctx, twice, 2, verdicts);
        CHECK(verdicts[0] == verdict);
        CHECK(verdicts[1] == verdict);
    }
    if (crypto_sign_verify_detached(item.signature, item.digest, ED25519_DIGEST_BYTES, item.key) == 0) {
        CHECK(verdict);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[ITEM_BYTES];
    struct sig_item item = { .key = bytes, .digest = bytes + AT_DIGEST, .signature = bytes + AT_SIGNATURE };
    bool is_signed, is_same, verdict;

    if (size < 1 + ITEM_BYTES) {
        return 0;
    }
    crypto_start();
    is_signed = (data[0] & 1) != 0;
    memcpy(bytes, data + 1, sizeof bytes);
    if (is_signed) {
        sign(bytes);
    }
    is_same = change(bytes, data + 1 + ITEM_BYTES, size - 1 - ITEM_BYTES);
    if ((data[0] & 2) != 0) {
        bytes[ITEM_BYTES - 1] &= 0x0f;
    }
    verdict = ed25519_verify(&item);
    if (is_signed && is_same && (data[0] & 2) == 0) {
        CHECK(verdict);
    }
    if (ed25519_key_is_strong(bytes)) {
        CHECK(crypto_core_ed25519_is_valid_point(bytes) == 1);
    } else {
        CHECK(crypto_core_ed25519_is_valid_point(bytes) == 0);
    }
    assert_all_paths(bytes, verdict);
    return 0;
}
