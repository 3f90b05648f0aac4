/* handshake_test.c: the handshake is the one of the Noise paper, and completes only between two that agree on everything. */
#include "crypto/handshake.h"

#include "tests/base/beside_kit.h"
#include "tests/crypto/handshake_kit.h"
#include "tests/crypto/signature_vectors_kit.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>

enum { MESSAGE_MAX = 512 };

static const enum handshake_pattern patterns[] = { HANDSHAKE_IK, HANDSHAKE_IKPSK2 };

TestSuite(handshake, .init = crypto_start);

/* --- Public vectors ----------------------------------------------------------------------------------------------- */

static struct bytes from_hex(const json_t *text, uint8_t *out)
{
    const char *hex = json_string_value(text);

    cr_assert(hex != NULL);
    cr_assert_leq(strlen(hex) / 2, MESSAGE_MAX);
    cr_assert_eq(hex_decode(hex, out, strlen(hex) / 2), ERR_OK);
    return bytes_of(out, strlen(hex) / 2);
}

static void start_side(struct handshake *handshake, const json_t *vector, enum handshake_role role, enum handshake_pattern pattern)
{
    bool initiates = role == HANDSHAKE_INITIATOR;
    uint8_t secret[MESSAGE_MAX], ephemeral[MESSAGE_MAX], prologue[MESSAGE_MAX], peer[MESSAGE_MAX];
    static struct kx_keypair selves[2]; /* They outlive the handshakes of the two roles. */
    struct kx_keypair *self = &selves[initiates];
    struct handshake_setup setup = { .pattern = pattern, .role = role, .self = self, .ephemeral_seed = ephemeral };

    (void)from_hex(json_object_get(vector, initiates ? "init_static" : "resp_static"), secret);
    (void)from_hex(json_object_get(vector, initiates ? "init_ephemeral" : "resp_ephemeral"), ephemeral);
    setup.prologue = from_hex(json_object_get(vector, initiates ? "init_prologue" : "resp_prologue"), prologue);
    if (initiates) {
        setup.peer_key = from_hex(json_object_get(vector, "init_remote_static"), peer).data;
    }
    kx_keypair_from_seed(self, secret);
    handshake_init(handshake, &setup);
    if (pattern == HANDSHAKE_IKPSK2) {
        uint8_t psk[MESSAGE_MAX];
        (void)from_hex(json_array_get(json_object_get(vector, initiates ? "init_psks" : "resp_psks"), 0), psk);
        handshake_set_psk(handshake, psk);
    }
}

static void exchange(struct handshake *writer, struct handshake *reader, const json_t *message)
{
    uint8_t payload[MESSAGE_MAX], expected[MESSAGE_MAX], written[MESSAGE_MAX], read[MESSAGE_MAX];
    struct bytes plain = from_hex(json_object_get(message, "payload"), payload);
    struct bytes sealed = from_hex(json_object_get(message, "ciphertext"), expected);

    cr_assert_eq(handshake_write(writer, plain, written), sealed.size);
    cr_assert_arr_eq(written, expected, sealed.size);
    cr_assert_eq(handshake_read(reader, sealed, read), VERDICT_OK);
    cr_assert_arr_eq(read, payload, plain.size);
}

static void transport(struct noise_cipher *sender, struct noise_cipher *receiver, const json_t *message)
{
    uint8_t payload[MESSAGE_MAX], expected[MESSAGE_MAX], sealed[MESSAGE_MAX], opened[MESSAGE_MAX];
    struct bytes plain = from_hex(json_object_get(message, "payload"), payload);
    struct bytes cipher = from_hex(json_object_get(message, "ciphertext"), expected);

    cr_assert(noise_cipher_seal(sender, bytes_of(NULL, 0), plain, sealed));
    cr_assert_arr_eq(sealed, expected, cipher.size);
    cr_assert(noise_cipher_open(receiver, bytes_of(NULL, 0), cipher, opened));
    cr_assert_arr_eq(opened, payload, plain.size);
}

static struct noise_cipher cipher_of(const uint8_t key[32])
{
    struct noise_cipher cipher = { .nonce = 0 };

    memcpy(cipher.key, key, sizeof cipher.key);
    return cipher;
}

static void run_vector(const json_t *vector, enum handshake_pattern pattern)
{
    const json_t *messages = json_object_get(vector, "messages");
    struct handshake initiator, responder;
    struct handshake_keys keys[2];
    struct noise_cipher ends[4];
    uint8_t hash[MESSAGE_MAX];

    start_side(&initiator, vector, HANDSHAKE_INITIATOR, pattern);
    start_side(&responder, vector, HANDSHAKE_RESPONDER, pattern);
    exchange(&initiator, &responder, json_array_get(messages, 0));
    exchange(&responder, &initiator, json_array_get(messages, 1));
    handshake_split(&initiator, &keys[0]);
    handshake_split(&responder, &keys[1]);
    (void)from_hex(json_object_get(vector, "handshake_hash"), hash);
    cr_assert_arr_eq(keys[0].hash, hash, NOISE_HASH_BYTES);
    cr_assert_arr_eq(keys[1].hash, hash, NOISE_HASH_BYTES);
    ends[0] = cipher_of(keys[0].send);
    ends[1] = cipher_of(keys[1].receive);
    ends[2] = cipher_of(keys[1].send);
    ends[3] = cipher_of(keys[0].receive);
    cr_assert_gt(json_array_size(messages), 4);
    for (size_t i = 2; i < json_array_size(messages); i++) {
        size_t way = i % 2 == 0 ? 0 : 2;
        transport(&ends[way], &ends[way + 1], json_array_get(messages, i));
    }
}

static void run_file(const char *path)
{
    json_error_t error;
    json_t *root;
    json_t *vector;
    size_t i;
    int runs = 0;

    root = json_load_file(path, 0, &error);
    cr_assert(root != NULL, "%s:%d: %s", path, error.line, error.text);
    json_array_foreach(json_object_get(root, "vectors"), i, vector) {
        const char *name = json_string_value(json_object_get(vector, "protocol_name"));
        bool is_plain = strcmp(name, "Noise_IK_25519_ChaChaPoly_SHA512") == 0;
        if (is_plain || strcmp(name, "Noise_IKpsk2_25519_ChaChaPoly_SHA512") == 0) {
            run_vector(vector, is_plain ? HANDSHAKE_IK : HANDSHAKE_IKPSK2);
            runs++;
        }
    }
    json_decref(root);
    cr_assert_eq(runs, 2, "%s holds one vector of each pattern", path);
}

Test(handshake, public_vectors_of_both_patterns_hold)
{
    run_file("tests/vectors/noise_ik.json");
}

Test(handshake, public_vectors_hold_as_published)
{
    glob_t found;

    beside_find("WARD_VECTORS", "vectors", "noise/cacophony.txt", &found);
    run_file(found.gl_pathv[0]);
    globfree(&found);
}

/* --- Agreement ---------------------------------------------------------------------------------------------------- */

Test(handshake, both_sides_end_with_the_same_keys_hash_and_names)
{
    for (size_t p = 0; p < 2; p++) {
        struct handshake_pair pair;
        struct handshake_keys keys[2];

        pair_init(&pair, patterns[p]);
        cr_assert_eq(pair_exchange(&pair), VERDICT_OK);
        cr_assert_arr_eq(handshake_peer_key(&pair.responder), pair.initiator_key.public_key, 32);
        cr_assert_arr_eq(handshake_peer_key(&pair.initiator), pair.responder_key.public_key, 32);
        handshake_split(&pair.initiator, &keys[0]);
        handshake_split(&pair.responder, &keys[1]);
        cr_assert_arr_eq(keys[0].send, keys[1].receive, 32);
        cr_assert_arr_eq(keys[0].receive, keys[1].send, 32);
        cr_assert_arr_eq(keys[0].hash, keys[1].hash, 64);
        cr_assert_arr_neq(keys[0].send, keys[0].receive, 32);
    }
}

/* Changes that make the two sides disagree, and where it shows. */
static void differ_prologue(struct handshake_pair *pair) { pair->prologue[1][0] ^= 1; }
static void differ_pinned_key(struct handshake_pair *pair) { pair->pinned_key[5] ^= 1; }
static void differ_psk(struct handshake_pair *pair) { pair->psk[1][31] ^= 1; }
static void differ_responder_secret(struct handshake_pair *pair) { pair->responder_key.secret_key[7] ^= 1; }
static void differ_initiator_secret(struct handshake_pair *pair) { pair->initiator_key.secret_key[7] ^= 1; }
static void agree(struct handshake_pair *pair) { (void)pair; }

Test(handshake, sides_that_differ_in_anything_do_not_complete)
{
    static const struct {
        const char *what;
        void (*change)(struct handshake_pair *pair);
        enum verdict first[2], second[2]; /* by pattern */
    } table[] = {
        { "nothing", agree, { VERDICT_OK, VERDICT_OK }, { VERDICT_OK, VERDICT_OK } },
        { "prologue", differ_prologue, { VERDICT_SIGNATURE, VERDICT_SIGNATURE }, { VERDICT_OK, VERDICT_OK } },
        { "responder's key", differ_pinned_key, { VERDICT_SIGNATURE, VERDICT_SIGNATURE }, { VERDICT_OK, VERDICT_OK } },
        { "responder's secret", differ_responder_secret, { VERDICT_SIGNATURE, VERDICT_SIGNATURE }, { VERDICT_OK, VERDICT_OK } },
        { "initiator's secret", differ_initiator_secret, { VERDICT_SIGNATURE, VERDICT_SIGNATURE }, { VERDICT_OK, VERDICT_OK } },
        { "psk", differ_psk, { VERDICT_OK, VERDICT_OK }, { VERDICT_OK, VERDICT_SIGNATURE } },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (size_t p = 0; p < 2; p++) {
            struct handshake_pair pair;

            pair_init(&pair, patterns[p]);
            table[i].change(&pair);
            pair_start(&pair);
            cr_assert_eq(pair_read_first(&pair), table[i].first[p], "%s, pattern %zu", table[i].what, p);
            if (table[i].first[p] == VERDICT_OK) {
                cr_assert_eq(pair_read_second(&pair), table[i].second[p], "%s, pattern %zu", table[i].what, p);
            }
        }
    }
}

Test(handshake, the_two_patterns_do_not_understand_each_other)
{
    for (size_t p = 0; p < 2; p++) {
        struct handshake_pair mine, other;

        pair_init(&mine, patterns[p]);
        pair_init(&other, patterns[1 - p]);
        pair_start(&mine);
        pair_start(&other);
        memcpy(mine.first, other.first, sizeof mine.first);
        cr_assert_eq(pair_read_first(&mine), VERDICT_SIGNATURE);
    }
}

/* --- Attacks on the bytes ----------------------------------------------------------------------------------------- */

static void assert_over(const struct handshake *handshake)
{
    struct handshake wiped;

    memset(&wiped, 0, sizeof wiped);
    wiped.step = HANDSHAKE_OVER;
    cr_assert_eq(handshake->step, HANDSHAKE_OVER);
    cr_assert_null(handshake->self);
    cr_assert_arr_eq(handshake->ephemeral.secret_key, wiped.ephemeral.secret_key, 32);
    cr_assert_arr_eq(handshake->noise.chaining_key, wiped.noise.chaining_key, 64);
    cr_assert_arr_eq(handshake->noise.cipher.key, wiped.noise.cipher.key, 32);
    cr_assert_arr_eq(handshake->psk, wiped.psk, 32);
}

/* A handshake lies in ordinary memory; the static key must stay in the pages that are locked for it. */
Test(handshake, its_own_static_key_is_not_copied_into_it)
{
    struct handshake_pair pair;

    pair_init(&pair, HANDSHAKE_IK);
    pair_start(&pair);
    cr_assert_eq(pair_read_first(&pair), VERDICT_OK);
    cr_assert_null(memmem(&pair.initiator, sizeof pair.initiator, pair.initiator_key.secret_key, 32));
    cr_assert_null(memmem(&pair.responder, sizeof pair.responder, pair.responder_key.secret_key, 32));
}

/* Bit 255 of an X25519 key is ignored by the curve, but not by the hash. */
Test(handshake, each_flipped_bit_of_the_first_message_ends_it)
{
    for (size_t bit = 0; bit < 8 * HANDSHAKE_FIRST_BYTES; bit++) {
        struct handshake_pair pair;

        pair_init(&pair, patterns[bit % 2]);
        pair_start(&pair);
        pair.first[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_eq(pair_read_first(&pair), VERDICT_SIGNATURE, "bit %zu", bit);
        assert_over(&pair.responder);
    }
}

Test(handshake, each_flipped_bit_of_the_second_message_ends_it)
{
    for (size_t bit = 0; bit < 8 * HANDSHAKE_SECOND_BYTES; bit++) {
        struct handshake_pair pair;

        pair_init(&pair, patterns[bit % 2]);
        pair_start(&pair);
        cr_assert_eq(pair_read_first(&pair), VERDICT_OK);
        pair.second[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_eq(pair_read_second(&pair), VERDICT_SIGNATURE, "bit %zu", bit);
        assert_over(&pair.initiator);
    }
}

Test(handshake, each_other_size_is_refused)
{
    uint8_t message[HANDSHAKE_FIRST_BYTES + 1] = { 0 };

    for (size_t size = 0; size <= sizeof message; size++) {
        struct handshake_pair pair;

        pair_init(&pair, HANDSHAKE_IK);
        pair_start(&pair);
        memcpy(message, pair.first, sizeof pair.first);
        cr_assert_eq(handshake_read(&pair.responder, bytes_of(message, size), NULL),
                     size < HANDSHAKE_FIRST_BYTES ? VERDICT_SHORT : size > HANDSHAKE_FIRST_BYTES ? VERDICT_TRAILING : VERDICT_OK);
    }
    for (size_t size = 0; size <= HANDSHAKE_SECOND_BYTES + 1; size++) {
        struct handshake_pair pair;

        pair_init(&pair, HANDSHAKE_IK);
        pair_start(&pair);
        cr_assert_eq(pair_read_first(&pair), VERDICT_OK);
        memcpy(message, pair.second, sizeof pair.second);
        cr_assert_eq(handshake_read(&pair.initiator, bytes_of(message, size), NULL),
                     size < HANDSHAKE_SECOND_BYTES ? VERDICT_SHORT : size > HANDSHAKE_SECOND_BYTES ? VERDICT_TRAILING : VERDICT_OK);
    }
}

Test(handshake, message_over_65535_bytes_is_refused)
{
    static uint8_t message[NOISE_MESSAGE_MAX + 1];
    static uint8_t payload[NOISE_MESSAGE_MAX + 1];
    struct handshake_pair pair;

    pair_init(&pair, HANDSHAKE_IK);
    pair_start(&pair);
    cr_assert_eq(handshake_read(&pair.responder, bytes_of(message, sizeof message), payload), VERDICT_LENGTH);
}

/* u of the points of small order, on the curve and its twist, in every encoding of 32 bytes with and without bit 255. */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000", /* 0 */
    "0100000000000000000000000000000000000000000000000000000000000000", /* 1 */
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* -1 */
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", /* order 8 */
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", /* order 8 */
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p */
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p + 1 */
};

Test(handshake, ephemeral_of_small_order_is_refused_in_either_message)
{
    for (size_t i = 0; i < 2 * (sizeof small_order / sizeof small_order[0]); i++) {
        struct handshake_pair pair;
        uint8_t point[32];

        cr_assert_eq(hex_decode(small_order[i / 2], point, sizeof point), ERR_OK);
        point[31] |= (uint8_t)(i % 2 << 7);
        pair_init(&pair, patterns[i % 2]);
        pair_start(&pair);
        memcpy(pair.first, point, sizeof point);
        cr_assert_eq(pair_read_first(&pair), VERDICT_RANGE, "%s", small_order[i / 2]);
        assert_over(&pair.responder);
        pair_start(&pair);
        cr_assert_eq(pair_read_first(&pair), VERDICT_OK);
        memcpy(pair.second, point, sizeof point);
        cr_assert_eq(pair_read_second(&pair), VERDICT_RANGE, "%s", small_order[i / 2]);
        assert_over(&pair.initiator);
    }
}

/* A stranger can seal any static key under the first key, es, so a small-order one arrives well authenticated. */
Test(handshake, static_key_of_small_order_is_refused)
{
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++) {
        struct handshake_pair pair;
        struct handshake_setup setup;
        struct handshake stranger;
        uint8_t out[HANDSHAKE_FIRST_BYTES];

        pair_init(&pair, HANDSHAKE_IK);
        pair_start(&pair);
        cr_assert_eq(hex_decode(small_order[i], pair.initiator_key.public_key, 32), ERR_OK);
        setup = (struct handshake_setup){
            .pattern = HANDSHAKE_IK, .role = HANDSHAKE_INITIATOR, .self = &pair.initiator_key, .peer_key = pair.pinned_key,
            .ephemeral_seed = pair.ephemeral_seed[0], .prologue = bytes_of(pair.prologue[0], sizeof pair.prologue[0]),
        };
        handshake_init(&stranger, &setup);
        cr_assert_eq(handshake_write(&stranger, bytes_of(NULL, 0), pair.first), HANDSHAKE_FIRST_BYTES);
        cr_assert_eq(pair_read_first(&pair), VERDICT_RANGE, "%s", small_order[i]);
        /* And towards a configured peer whose key has small order nothing is written. */
        setup.peer_key = pair.initiator_key.public_key;
        handshake_init(&stranger, &setup);
        cr_assert_eq(handshake_write(&stranger, bytes_of(NULL, 0), out), 0, "%s", small_order[i]);
        assert_over(&stranger);
    }
}

/* --- The tag before the first message ----------------------------------------------------------------------------- */

Test(handshake, hello_tag_covers_message_chain_responder_and_pattern)
{
    struct handshake_target target = { .pattern = HANDSHAKE_IK };
    uint8_t message[HANDSHAKE_FIRST_BYTES];
    uint8_t tag[HANDSHAKE_TAG_BYTES];

    bytes_by_number(1, message, sizeof message);
    bytes_by_number(2, target.chain.bytes, sizeof target.chain.bytes);
    bytes_by_number(3, target.responder_key, sizeof target.responder_key);
    handshake_hello_tag(&target, message, tag);
    cr_assert(handshake_hello_check(&target, message, tag));
    for (size_t bit = 0; bit < 8 * sizeof tag; bit++) {
        tag[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert(!handshake_hello_check(&target, message, tag));
        tag[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] ^= 0x80;
        cr_assert(!handshake_hello_check(&target, message, tag));
        message[i] ^= 0x80;
    }
    for (size_t i = 0; i < 32; i++) {
        target.chain.bytes[i] ^= 1;
        cr_assert(!handshake_hello_check(&target, message, tag));
        target.chain.bytes[i] ^= 1;
        target.responder_key[i] ^= 1;
        cr_assert(!handshake_hello_check(&target, message, tag));
        target.responder_key[i] ^= 1;
    }
    target.pattern = HANDSHAKE_IKPSK2;
    cr_assert(!handshake_hello_check(&target, message, tag));
}

/* Golden: computed by another implementation of BLAKE2b. */
Test(handshake, hello_tag_is_the_documented_construction)
{
    struct handshake_target target = { .pattern = HANDSHAKE_IKPSK2 };
    uint8_t message[HANDSHAKE_FIRST_BYTES], tag[HANDSHAKE_TAG_BYTES];
    char text[2 * HANDSHAKE_TAG_BYTES + 1];

    for (uint8_t i = 0; i < sizeof message; i++) {
        message[i] = i;
    }
    memcpy(target.chain.bytes, message, 32);
    memcpy(target.responder_key, message + 32, 32);
    handshake_hello_tag(&target, message, tag);
    hex_encode(tag, sizeof tag, text);
    cr_assert_str_eq(text, "cda73712941dd8693c51be60096b8fd0");
}
