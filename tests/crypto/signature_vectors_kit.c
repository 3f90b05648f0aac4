/* signature_vectors_kit.c: three foreign shapes and our own, read into one. */
#include "tests/crypto/signature_vectors_kit.h"

#include "base/bytes.h"
#include "tests/base/beside_kit.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static struct signature_vectors vectors;

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *root;

    root = json_load_file(path, 0, &error);
    cr_assert(root != NULL, "%s:%d: %s", path, error.line, error.text);
    vectors.count = 0;
    return root;
}

/* A file of others, out of the folder where somebody has them. */
static json_t *load_public(const char *name)
{
    glob_t found;
    json_t *root;

    beside_find("WARD_VECTORS", "vectors", name, &found);
    root = load(found.gl_pathv[0]);
    globfree(&found);
    return root;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    cr_assert(text != NULL, "no %s", key);
    return text;
}

static struct signature_vector *vector_next(void)
{
    cr_assert_lt(vectors.count, VECTORS_MAX);
    memset(&vectors.vector[vectors.count], 0, sizeof vectors.vector[0]);
    return &vectors.vector[vectors.count++];
}

static void set_key(struct signature_vector *vector, const char *hex)
{
    cr_assert_eq(hex_decode(hex, vector->key, sizeof vector->key), ERR_OK, "%s", hex);
}

static void set_message(struct signature_vector *vector, const char *hex)
{
    vector->message_size = strlen(hex) / 2;
    cr_assert_leq(vector->message_size, sizeof vector->message);
    cr_assert_eq(hex_decode(hex, vector->message, vector->message_size), ERR_OK);
}

static void set_signature(struct signature_vector *vector, const char *hex)
{
    vector->is_signature_whole = strlen(hex) == 2 * sizeof vector->signature;
    if (vector->is_signature_whole) {
        cr_assert_eq(hex_decode(hex, vector->signature, sizeof vector->signature), ERR_OK);
    }
}

const struct signature_vectors *vectors_ours(void)
{
    json_t *root = load("tests/vectors/ed25519.json");
    json_t *row;
    size_t i;

    json_array_foreach(root, i, row) {
        struct signature_vector *vector = vector_next();
        snprintf(vector->name, sizeof vector->name, "%s", text_of(row, "name"));
        set_key(vector, text_of(row, "key"));
        set_message(vector, text_of(row, "digest"));
        set_signature(vector, text_of(row, "signature"));
        vector->valid = json_is_true(json_object_get(row, "valid"));
    }
    json_decref(root);
    return &vectors;
}

const struct signature_vectors *vectors_rfc8032(void)
{
    json_t *root = load_public("rfc8032_ed25519.json");
    json_t *row;
    size_t i;

    json_array_foreach(root, i, row) {
        struct signature_vector *vector = vector_next();
        snprintf(vector->name, sizeof vector->name, "%s", text_of(row, "name"));
        set_key(vector, text_of(row, "public_key"));
        set_message(vector, text_of(row, "message"));
        set_signature(vector, text_of(row, "signature"));
        vector->valid = true;
    }
    json_decref(root);
    return &vectors;
}

static void read_wycheproof_group(const json_t *group)
{
    const char *key = text_of(json_object_get(group, "publicKey"), "pk");
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(group, "tests"), i, row) {
        struct signature_vector *vector = vector_next();
        snprintf(vector->name, sizeof vector->name, "wycheproof %d", (int)json_integer_value(json_object_get(row, "tcId")));
        set_key(vector, key);
        set_message(vector, text_of(row, "msg"));
        set_signature(vector, text_of(row, "sig"));
        vector->valid = strcmp(text_of(row, "result"), "valid") == 0;
    }
}

const struct signature_vectors *vectors_wycheproof(void)
{
    json_t *root = load_public("wycheproof_ed25519_test.json");
    json_t *group;
    size_t i;

    json_array_foreach(json_object_get(root, "testGroups"), i, group) {
        read_wycheproof_group(group);
    }
    json_decref(root);
    return &vectors;
}

const struct signature_vectors *vectors_zip215(void)
{
    json_t *root = load_public("zip215_196.json");
    json_t *row;
    size_t i;

    json_array_foreach(root, i, row) {
        struct signature_vector *vector = vector_next();
        snprintf(vector->name, sizeof vector->name, "zip215 %zu", i);
        set_key(vector, json_string_value(json_array_get(row, 0)));
        set_signature(vector, json_string_value(json_array_get(row, 1)));
        memcpy(vector->message, "Zcash", 5);
        vector->message_size = 5;
        vector->valid = true;
    }
    json_decref(root);
    return &vectors;
}

void vector_hash(const struct signature_vector *vector, uint8_t hash[64])
{
    crypto_hash_sha512_state state;

    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, vector->signature, 32);
    crypto_hash_sha512_update(&state, vector->key, 32);
    crypto_hash_sha512_update(&state, vector->message, vector->message_size);
    crypto_hash_sha512_final(&state, hash);
}

void bytes_by_number(uint64_t number, void *out, size_t size)
{
    uint8_t seed[32] = { 0 };
    struct writer writer;

    writer_init(&writer, seed, sizeof seed);
    write_u64_le(&writer, number);
    randombytes_buf_deterministic(out, size, seed);
}
