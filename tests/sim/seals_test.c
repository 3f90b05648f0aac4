/* seals_test.c: a bad signature in a certificate of any kind is seen, each certificate is verified once, and what was judged stays so. */
#include "sim/oracle/seals.h"

#include "sim/world/cast.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct cast_plan plan = { .seed = 3, .members_count = 4, .actors_count = 1, .limits = { 0, 65536, 100, 200, 8000, 1000, 256, 10000 } };
static struct cast cast;
static struct seals seals;
static uint32_t verified;
static struct cert cert;
static struct timeout_cert tc;
static struct checkpoint_cert checkpoint;

static bool on_verify(void *context, const struct sig_item *item)
{
    (void)context;
    verified++;
    return ed25519_verify(item);
}

static void sign(struct signers *signers, uint32_t member, struct hash32 digest)
{
    uint8_t signature[64];

    sign_digest(&cast.members[member], &digest, signature);
    signers_add(signers, member, signature);
}

/* setup makes three good certificates of members 0, 1 and 3. */
static void setup(void)
{
    crypto_start();
    cast_make(&cast, &plan);
    seals_init(&seals, &cast.config, &cast.chain_id);
    seals.verify = on_verify;
    verified = 0;
    memset(&cert, 0, sizeof cert);
    memset(&tc, 0, sizeof tc);
    memset(&checkpoint, 0, sizeof checkpoint);
    cert.ballot = (struct ballot){ VOTE_FOLLOWING, 0, { 2, 7 }, { { 9 } } };
    tc.view = 5;
    checkpoint.checkpoint.height = 8;
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t member = i == 2 ? 3 : i;
        tc.ranks[i] = (struct rank){ i, 4 };
        sign(&cert.signers, member, ballot_digest(&cast.chain_id, &cert.ballot));
        sign(&tc.signers, member, timeout_digest(&cast.chain_id, 0, tc.view, tc.ranks[i]));
        sign(&checkpoint.signers, member, checkpoint_digest(&cast.chain_id, &checkpoint.checkpoint));
    }
}

static void teardown(void)
{
    seals_close(&seals);
    cast_close(&cast);
}

TestSuite(seals, .init = setup, .fini = teardown);

Test(seals, good_certificates_are_verified_once)
{
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert(seals_cert(&seals, &cert));
        cr_assert(seals_tc(&seals, &tc));
        cr_assert(seals_checkpoint(&seals, &checkpoint));
    }
    cr_assert_eq(verified, 9);
}

Test(seals, one_bad_signature_spoils_each_kind_I11)
{
    cert.signers.signatures[1][3] ^= 1;
    tc.signers.signatures[2][3] ^= 1;
    checkpoint.signers.signatures[0][3] ^= 1;
    for (uint32_t i = 0; i < 2; i++) {
        cr_assert_not(seals_cert(&seals, &cert));
        cr_assert_not(seals_tc(&seals, &tc));
        cr_assert_not(seals_checkpoint(&seals, &checkpoint));
    }
}

Test(seals, good_signatures_under_other_words_are_bad_I11)
{
    cr_assert(seals_cert(&seals, &cert));
    cert.ballot.rank.view++;
    cr_assert_not(seals_cert(&seals, &cert));
    cr_assert(seals_tc(&seals, &tc));
    tc.ranks[1].height++;
    cr_assert_not(seals_tc(&seals, &tc));
    cr_assert(seals_checkpoint(&seals, &checkpoint));
    checkpoint.checkpoint.state_root.bytes[0] ^= 1;
    cr_assert_not(seals_checkpoint(&seals, &checkpoint));
}

Test(seals, root_needs_no_signature)
{
    cert_root(&cert, 0, 0, &cast.chain_id);
    cr_assert(seals_cert(&seals, &cert));
    cr_assert_eq(verified, 0);
}
