/* cert_test.c: a certificate has exactly q distinct members of its epoch (I11), whatever n is. */
#include "wire/cert.h"

#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint32_t sizes[] = { 4, 5, 6, 7, 31, 100, 128 };

Test(cert, of_exactly_q_members_passes_and_of_one_less_or_more_fails_I11)
{
    static struct config config;
    static struct cert cert;
    struct hash32 block = kit_hash(1);
    uint8_t signature[64] = { 1 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t q = config_quorum(sizes[i]);
        kit_config(&config, sizes[i]);
        kit_cert(&cert, VOTE_FOLLOWING, (struct rank){ 1, 2 }, &block, sizes[i]);
        cr_assert_eq(cert_check(&cert, &config), VERDICT_OK);
        member_set_remove(&cert.signers.members, q - 1);
        cr_assert_eq(cert_check(&cert, &config), VERDICT_QUORUM);
        signers_add(&cert.signers, q - 1, signature);
        if (q < QUORUM_MAX) {
            signers_add(&cert.signers, q, signature);
            cr_assert_eq(cert_check(&cert, &config), VERDICT_QUORUM);
        }
    }
}

Test(cert, refuses_foreign_epochs_members_and_roots)
{
    static struct config config;
    static struct cert cert;
    struct hash32 block = kit_hash(1);

    kit_config(&config, 4);
    kit_cert(&cert, VOTE_FOLLOWING, (struct rank){ 1, 2 }, &block, 4);
    cert.ballot.epoch = 1;
    cr_assert_eq(cert_check(&cert, &config), VERDICT_EPOCH);
    cert.ballot.epoch = 0;
    member_set_remove(&cert.signers.members, 0);
    member_set_add(&cert.signers.members, 4);
    cr_assert_eq(cert_check(&cert, &config), VERDICT_MEMBER);
    cert_root(&cert, 0, 0, &block);
    cr_assert_eq(cert_check(&cert, &config), VERDICT_TYPE);
}

Test(cert, keeps_signatures_in_the_order_of_members_however_they_arrive)
{
    static struct signers signers;
    static const uint32_t order[] = { 90, 3, 127, 64, 0 };
    static const uint32_t sorted[] = { 0, 3, 64, 90, 127 };

    memset(&signers, 0, sizeof signers);
    for (size_t i = 0; i < 5; i++) {
        uint8_t signature[64];
        memset(signature, (int)order[i], 64);
        signers_add(&signers, order[i], signature);
    }
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(signers.signatures[i][0], sorted[i]);
    }
}

Test(cert, items_name_key_digest_and_signature_of_each_signer)
{
    static struct config config;
    static struct cert cert;
    static struct sig_item items[QUORUM_MAX];
    struct hash32 digest, chain = kit_hash(9), block = kit_hash(1);

    kit_config(&config, 7);
    kit_cert(&cert, VOTE_COMMIT, (struct rank){ 1, 2 }, &block, 7);
    cr_assert_eq(cert_items(&cert, &config, &chain, &digest, items), 5);
    struct hash32 want = ballot_digest(&chain, &cert.ballot);
    for (uint32_t i = 0; i < 5; i++) {
        cr_assert_arr_eq(items[i].digest, want.bytes, 32);
        cr_assert_arr_eq(items[i].key, config.members[i].sign_key, 32);
        cr_assert_eq(items[i].signature[0], i + 17);
    }
}

Test(timeout_cert, needs_a_qc_of_its_highest_rank_and_of_no_later_view_T2)
{
    static struct config config;
    static struct timeout_cert tc;
    static struct sig_item items[QUORUM_MAX];
    static struct hash32 digests[QUORUM_MAX];
    struct hash32 chain = kit_hash(9);

    kit_config(&config, 6);
    kit_tc(&tc, 9, (struct rank){ 9, 30 }, 6);
    cr_assert_eq(timeout_cert_check(&tc, &config), VERDICT_OK);
    cr_assert_eq(timeout_cert_items(&tc, &config, &chain, digests, items), 4);
    struct hash32 want = timeout_digest(&chain, 0, 9, tc.ranks[0]);
    cr_assert_arr_eq(items[0].digest, want.bytes, 32);
    cr_assert(memcmp(items[1].digest, want.bytes, 32) != 0);
    tc.ranks[2] = (struct rank){ 9, 31 };
    cr_assert_eq(timeout_cert_check(&tc, &config), VERDICT_RANGE);
    kit_tc(&tc, 8, (struct rank){ 9, 30 }, 6);
    cr_assert_eq(timeout_cert_check(&tc, &config), VERDICT_RANGE);
    kit_tc(&tc, 9, (struct rank){ 9, 30 }, 6);
    tc.high.ballot.kind = VOTE_COMMIT;
    cr_assert_eq(timeout_cert_check(&tc, &config), VERDICT_TYPE);
    kit_tc(&tc, 9, (struct rank){ 9, 30 }, 6);
    member_set_remove(&tc.high.signers.members, 0);
    cr_assert_eq(timeout_cert_check(&tc, &config), VERDICT_QUORUM);
}

Test(cert, digest_covers_signers_too)
{
    static struct cert cert;
    static struct timeout_cert tc;
    struct hash32 block = kit_hash(1);

    kit_cert(&cert, VOTE_FOLLOWING, (struct rank){ 1, 2 }, &block, 4);
    struct hash32 before = cert_digest(&cert);
    cert.signers.signatures[1][5] ^= 1;
    struct hash32 after = cert_digest(&cert);
    cr_assert(!hash_equal(&before, &after));
    kit_tc(&tc, 9, (struct rank){ 9, 30 }, 6);
    before = timeout_cert_digest(&tc);
    tc.ranks[1].height++;
    after = timeout_cert_digest(&tc);
    cr_assert(!hash_equal(&before, &after));
}

Test(checkpoint_cert, has_q_members_of_its_epoch_K1)
{
    static struct config config;
    static struct message message;
    static struct sig_item items[QUORUM_MAX];
    struct hash32 digest, chain = kit_hash(9);

    kit_config(&config, 7);
    kit_message(&message, MESSAGE_CKPT_CERT, 0);
    cr_assert_eq(checkpoint_cert_check(&message.ckpt_cert, &config), VERDICT_OK);
    cr_assert_eq(checkpoint_cert_items(&message.ckpt_cert, &config, &chain, &digest, items), 5);
    message.ckpt_cert.checkpoint.epoch = 1;
    cr_assert_eq(checkpoint_cert_check(&message.ckpt_cert, &config), VERDICT_EPOCH);
}
