/* keyset.c: the known keys. */
#include "crypto/ed25519.h"

#include "base/assert.h"

#include <string.h>

struct ed25519_keyset {
    struct ed25519_keyset_config config;
    uint32_t members_count;
    uint8_t members[ED25519_MEMBERS_MAX][ED25519_KEY_BYTES];
    struct ed25519_keyset_counters counters;
};

size_t ed25519_keyset_footprint(const struct ed25519_keyset_config *config)
{
    ASSERT(config->members_max <= ED25519_MEMBERS_MAX);
    ASSERT(config->hot_max <= ED25519_HOT_MAX);
    return (sizeof(struct ed25519_keyset) + 63) / 64 * 64;
}

struct ed25519_keyset *ed25519_keyset_init(void *memory, const struct ed25519_keyset_config *config)
{
    struct ed25519_keyset *keyset = memory;

    ASSERT((uintptr_t)memory % 64 == 0);
    memset(keyset, 0, sizeof *keyset);
    keyset->config = *config;
    return keyset;
}

void ed25519_keyset_set_members(struct ed25519_keyset *keyset, const uint8_t *keys, uint32_t n)
{
    ASSERT(n <= keyset->config.members_max);
    memcpy(keyset->members, keys, (size_t)n * ED25519_KEY_BYTES);
    keyset->members_count = n;
}

void ed25519_keyset_note(struct ed25519_keyset *keyset, const uint8_t key[ED25519_KEY_BYTES])
{
    ASSERT(keyset != NULL);
    ASSERT(key != NULL);
}

bool ed25519_keyset_build(struct ed25519_keyset *keyset)
{
    ASSERT(keyset != NULL);
    return false;
}

bool ed25519_keyset_has(struct ed25519_keyset *keyset, const uint8_t key[ED25519_KEY_BYTES])
{
    ASSERT(keyset != NULL);
    ASSERT(key != NULL);
    return false;
}

struct ed25519_keyset_counters ed25519_keyset_counters(struct ed25519_keyset *keyset)
{
    return keyset->counters;
}
