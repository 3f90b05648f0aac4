/* account_test.c: accounts are derived from genesis, kind and first key, and organisations' are recognised. */
#include "wire/account.h"

#include <criterion/criterion.h>
#include <string.h>

Test(account, derivation_depends_on_genesis_kind_and_key)
{
    struct hash32 genesis = { { 1 } }, other = { { 2 } };
    uint8_t key[32] = { 3 }, key2[32] = { 4 };
    struct hash32 base = account_derive(&genesis, ACCOUNT_PATIENT, key);
    struct hash32 changed[] = { account_derive(&other, ACCOUNT_PATIENT, key), account_derive(&genesis, ACCOUNT_SYSTEM, key),
                                account_derive(&genesis, ACCOUNT_PATIENT, key2) };

    for (unsigned i = 0; i < 3; i++) {
        cr_assert_not(hash_equal(&base, &changed[i]));
    }
}

Test(account, organisation_accounts_are_recognised_and_nothing_else)
{
    uint16_t number = 0;

    for (unsigned org = 1; org < 65536; org += 257) {
        struct hash32 admin = account_of_org(ORG_KEY_ADMIN, (uint16_t)org), officer = account_of_org(ORG_KEY_OFFICER, (uint16_t)org);
        cr_assert_eq(account_org_key(admin.bytes, &number), ORG_KEY_ADMIN);
        cr_assert_eq(number, org);
        cr_assert_eq(account_org_key(officer.bytes, &number), ORG_KEY_OFFICER);
        cr_assert_eq(number, org);
    }
    struct hash32 account = account_of_org(ORG_KEY_ADMIN, 5);
    for (unsigned i = 0; i < 30; i++) {
        account.bytes[i] ^= 0x40;
        cr_assert_eq(account_org_key(account.bytes, &number), ORG_KEY_NONE, "byte %u", i);
        cr_assert_eq(number, 0);
        account.bytes[i] ^= 0x40;
    }
    account.bytes[31] = 0;
    cr_assert_eq(account_org_key(account.bytes, &number), ORG_KEY_NONE, "organisation 0 does not exist");
}
