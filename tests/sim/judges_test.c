#include "sim/oracle/judges.h"

#include "crypto/keys.h"

#include <criterion/criterion.h>
#include <sodium/crypto_sign.h>
#include <string.h>

static struct judges judges;
static struct sign_keypair pair;
static uint8_t signatures[JUDGES_TOGETHER * JUDGES_SHARE][64], digests[JUDGES_TOGETHER * JUDGES_SHARE][32];

static void setup(void)
{
    uint8_t seed[32] = { 9 };

    crypto_start();
    sign_keypair_from_seed(&pair, seed);
    judges_open(&judges, pair.public_key, 1);
    for (uint32_t i = 0; i < JUDGES_TOGETHER * JUDGES_SHARE; i++) {
        digests[i][0] = (uint8_t)i;
        crypto_sign_detached(signatures[i], NULL, digests[i], 32, pair.secret_key);
    }
}

static void teardown(void)
{
    judges_close(&judges);
}

TestSuite(judges, .init = setup, .fini = teardown);

static struct sig_item item(uint32_t number)
{
    return (struct sig_item){ .key = pair.public_key, .digest = digests[number], .signature = signatures[number] };
}

/* all tells of each signature once, with a lie about one. Gives: whether all ways agreed. */
static bool all(uint32_t lie)
{
    bool same = true;

    for (uint32_t i = 0; i < JUDGES_TOGETHER * JUDGES_SHARE; i++) {
        struct sig_item one = item(i);
        bool verdict = judges_verdict(&judges, &one);
        same = judges_compare(&judges, &one, i == lie ? !verdict : verdict) && same;
    }
    return same;
}

Test(judges, agree_about_good_and_bad_signatures_I15)
{
    cr_assert_not(ed25519_keyset_has(judges.keyset, pair.public_key));
    cr_assert(all(UINT32_MAX));
    cr_assert_eq(judges.compared, JUDGES_TOGETHER);
    cr_assert(ed25519_keyset_has(judges.keyset, pair.public_key), "what follows is judged by its table");
    cr_assert_eq(judges.without, JUDGES_BUILD);
    signatures[0][0] ^= 1;                  /* R */
    signatures[JUDGES_SHARE][40] ^= 1;      /* S */
    digests[2 * JUDGES_SHARE][5] ^= 1;
    memset(signatures[3 * JUDGES_SHARE], 255, 64); /* S above L */
    for (uint32_t i = 0; i < 4; i++) {
        struct sig_item one = item(i * JUDGES_SHARE);
        cr_assert_not(judges_verdict(&judges, &one), "%u", i);
    }
    cr_assert(all(UINT32_MAX));
    cr_assert_eq(judges.compared, 2 * JUDGES_TOGETHER);
}

Test(judges, see_a_verdict_that_only_one_way_gives_I15)
{
    cr_assert_not(all(0), "a good one refused");
    signatures[JUDGES_SHARE][0] ^= 1;
    cr_assert_not(all(JUDGES_SHARE), "a bad one accepted");
}

Test(judges, look_at_a_share_of_all_signatures)
{
    cr_assert(all(1), "the second is not kept");
}
