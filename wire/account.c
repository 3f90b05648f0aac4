/* account.c: deriving and recognising accounts. */
#include "wire/account.h"

#include "base/assert.h"
#include "base/bytes.h"

enum { ORG_ZEROS = 29 };

struct hash32 account_derive(const struct hash32 *genesis, uint8_t kind, const uint8_t key[32])
{
    struct hasher hasher;

    ASSERT(genesis != NULL);
    ASSERT(key != NULL);
    hash_init(&hasher, HASH_ACCT);
    hash_update(&hasher, genesis->bytes, HASH_BYTES);
    hash_update_u8(&hasher, kind);
    hash_update(&hasher, key, 32);
    return hash_final(&hasher);
}

struct hash32 account_of_org(enum org_key which, uint16_t organisation)
{
    struct hash32 account = { { 0 } };

    ASSERT(which != ORG_KEY_NONE);
    ASSERT(organisation > 0);
    account.bytes[ORG_ZEROS] = (uint8_t)which;
    account.bytes[ORG_ZEROS + 1] = (uint8_t)(organisation >> 8);
    account.bytes[ORG_ZEROS + 2] = (uint8_t)organisation;
    return account;
}

enum org_key account_org_key(const uint8_t account[ACCOUNT_BYTES], uint16_t *organisation)
{
    uint8_t which = account[ORG_ZEROS];
    uint16_t number = (uint16_t)((account[ORG_ZEROS + 1] << 8) | account[ORG_ZEROS + 2]);

    *organisation = 0;
    if (!bytes_are_zero(account, ORG_ZEROS) || number == 0 || (which != ORG_KEY_ADMIN && which != ORG_KEY_OFFICER)) {
        return ORG_KEY_NONE;
    }
    *organisation = number;
    return which == ORG_KEY_ADMIN ? ORG_KEY_ADMIN : ORG_KEY_OFFICER;
}
