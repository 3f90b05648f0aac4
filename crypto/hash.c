/* hash.c: H over libsodium's BLAKE2b. */
#include "crypto/hash.h"

#include "base/assert.h"
#include "base/bytes.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <string.h>

_Static_assert(sizeof(struct hasher) >= sizeof(crypto_generichash_blake2b_state), "the opaque state holds libsodium's");
_Static_assert(_Alignof(struct hasher) >= _Alignof(crypto_generichash_blake2b_state), "and is aligned for it");

static const char *const tag_texts[] = {
#define HASH_TAG_TEXT(name, text) [name] = text,
    HASH_TAGS(HASH_TAG_TEXT)
#undef HASH_TAG_TEXT
};

static crypto_generichash_blake2b_state *state_of(struct hasher *hasher)
{
    return (crypto_generichash_blake2b_state *)(void *)hasher->opaque;
}

const char *hash_tag_text(enum hash_tag tag)
{
    ASSERT(tag < HASH_TAG_COUNT);
    return tag_texts[tag];
}

void hash_plain_init(struct hasher *hasher)
{
    int code = crypto_generichash_blake2b_init(state_of(hasher), NULL, 0, HASH_BYTES);

    ASSERT(code == 0);
}

void hash_init(struct hasher *hasher, enum hash_tag tag)
{
    const char *text = hash_tag_text(tag);

    hash_plain_init(hasher);
    hash_update(hasher, text, strlen(text));
}

void hash_update(struct hasher *hasher, const void *data, size_t size)
{
    int code = crypto_generichash_blake2b_update(state_of(hasher), data, size);

    ASSERT(code == 0);
}

void hash_update_u8(struct hasher *hasher, uint8_t value)
{
    hash_update(hasher, &value, 1);
}

void hash_update_u16(struct hasher *hasher, uint16_t value)
{
    const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

    hash_update(hasher, bytes, sizeof bytes);
}

void hash_update_u32(struct hasher *hasher, uint32_t value)
{
    hash_update_u16(hasher, (uint16_t)(value >> 16));
    hash_update_u16(hasher, (uint16_t)value);
}

void hash_update_u64(struct hasher *hasher, uint64_t value)
{
    hash_update_u32(hasher, (uint32_t)(value >> 32));
    hash_update_u32(hasher, (uint32_t)value);
}

struct hash32 hash_final(struct hasher *hasher)
{
    struct hash32 hash;
    int code = crypto_generichash_blake2b_final(state_of(hasher), hash.bytes, sizeof hash.bytes);

    ASSERT(code == 0);
    return hash;
}

struct hash32 hash_one(enum hash_tag tag, const void *data, size_t size)
{
    struct hasher hasher;

    hash_init(&hasher, tag);
    hash_update(&hasher, data, size);
    return hash_final(&hasher);
}

struct hash32 hash_salted(enum hash_tag tag, const uint8_t salt[32], const void *data, size_t size)
{
    struct hasher hasher;
    bool commits = tag == HASH_CONTENT || tag == HASH_COMMITMENT;

    ASSERT(commits);
    hash_init(&hasher, tag);
    hash_update(&hasher, salt, 32);
    hash_update(&hasher, data, size);
    return hash_final(&hasher);
}

struct hash32 hash_plain(const void *data, size_t size)
{
    struct hash32 hash;
    int code = crypto_generichash_blake2b(hash.bytes, sizeof hash.bytes, data, size, NULL, 0);

    ASSERT(code == 0);
    return hash;
}

bool hash_equal(const struct hash32 *a, const struct hash32 *b)
{
    return memcmp(a->bytes, b->bytes, HASH_BYTES) == 0;
}

bool hash_is_zero(const struct hash32 *hash)
{
    return bytes_are_zero(hash->bytes, HASH_BYTES);
}
