/* commit_proof_test.c: a proof holds by C1 or C2 and by nothing less. */
#include "wire/commit_proof.h"

#include "tests/storage/pinned_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct config config;
static struct commit_proof proof;
static struct block_header chain[6]; /* heights 0 .. 5 */
static struct hash32 hashes[6];
static uint8_t between[4 * BLOCK_HEADER_BYTES];

static void build(void)
{
    kit_config(&config, 4);
    for (unsigned i = 0; i < 6; i++) {
        chain[i] = (struct block_header){ .height = i, .time_ms = i, .parent = i > 0 ? hashes[i - 1] : kit_hash(0) };
        hashes[i] = block_hash(&chain[i]);
    }
}

static void by_c1(void)
{
    memset(&proof, 0, sizeof proof);
    kit_cert(&proof.first, VOTE_OPENING, (struct rank){ 3, 4 }, &hashes[4], 4);
    kit_cert(&proof.second, VOTE_FOLLOWING, (struct rank){ 3, 5 }, &hashes[5], 4);
    proof.child = chain[5];
}

static void by_c2(void)
{
    memset(&proof, 0, sizeof proof);
    kit_cert(&proof.first, VOTE_COMMIT, (struct rank){ 3, 4 }, &hashes[4], 4);
}

static void add_headers(unsigned from)
{
    struct writer writer;

    writer_init(&writer, between, sizeof between);
    for (unsigned i = from; i <= 4; i++) {
        block_header_encode(&chain[i], &writer);
    }
    proof.headers_count = 5 - from;
    proof.headers = bytes_of(between, writer.offset);
}

Test(commit_proof, proves_the_certified_block_by_c1_and_by_c2_C1_C2, .init = build)
{
    static struct sig_item items[2 * QUORUM_MAX];
    struct hash32 digests[2], id = kit_hash(3);

    by_c1();
    cr_assert_eq(commit_proof_check(&proof, &config, 4, &hashes[4]), VERDICT_OK);
    cr_assert_eq(commit_proof_items(&proof, &config, &id, digests, items), 6);
    by_c2();
    cr_assert_eq(commit_proof_check(&proof, &config, 4, &hashes[4]), VERDICT_OK);
    cr_assert_eq(commit_proof_items(&proof, &config, &id, digests, items), 3);
    cr_assert_neq(commit_proof_check(&proof, &config, 4, &hashes[3]), VERDICT_OK);
    cr_assert_neq(commit_proof_check(&proof, &config, 3, &hashes[4]), VERDICT_OK);
}

Test(commit_proof, proves_ancestors_by_the_headers_between_S1, .init = build)
{
    by_c2();
    for (unsigned height = 1; height < 4; height++) {
        add_headers(height + 1);
        cr_assert_eq(commit_proof_check(&proof, &config, height, &hashes[height]), VERDICT_OK);
        cr_assert_eq(commit_proof_check(&proof, &config, height, &hashes[height - 1]), VERDICT_HASH);
    }
    between[BLOCK_HEADER_BYTES - 1] ^= 1;
    cr_assert_eq(commit_proof_check(&proof, &config, 3, &hashes[3]), VERDICT_HASH);
}

Test(commit_proof, of_both_forms_keeps_its_bytes_S1, .init = build)
{
    static const char *const pinned[2] = { "822 c4a8da26b0b66f14", "461 7a8e8fcb17cc3696" };

    for (unsigned form = 0; form < 2; form++) {
        static uint8_t bytes[1 << 14];
        struct writer writer;
        (form == 0 ? by_c1 : by_c2)();
        add_headers(3);
        writer_init(&writer, bytes, sizeof bytes);
        commit_proof_encode(&proof, &writer);
        pinned_kit_check(form == 0 ? "by a chain" : "by commit votes", bytes, writer.offset, pinned[form]);
    }
}

Test(commit_proof, refuses_what_is_not_c1, .init = build)
{
    by_c1();
    proof.second.ballot.kind = VOTE_OPENING;
    cr_assert_eq(commit_proof_check(&proof, &config, 4, &hashes[4]), VERDICT_TYPE);
    by_c1();
    proof.second.ballot.rank.view = 4; /* not the same view */
    cr_assert_eq(commit_proof_check(&proof, &config, 4, &hashes[4]), VERDICT_RANGE);
    by_c1();
    proof.child.parent = hashes[3];
    cr_assert_eq(commit_proof_check(&proof, &config, 4, &hashes[4]), VERDICT_HASH);
    by_c1();
    member_set_remove(&proof.second.signers.members, 0);
    cr_assert_eq(commit_proof_check(&proof, &config, 4, &hashes[4]), VERDICT_QUORUM);
    by_c1();
    proof.first.ballot.kind = VOTE_ROOT;
    cr_assert_eq(commit_proof_check(&proof, &config, 4, &hashes[4]), VERDICT_TYPE);
    by_c2();
    proof.first.ballot.kind = VOTE_FOLLOWING; /* a QC alone commits nothing */
    cr_assert_neq(commit_proof_check(&proof, &config, 4, &hashes[4]), VERDICT_OK);
}

Test(commit_proof, copies_in_both_forms, .init = build)
{
    static struct commit_proof copy;

    by_c1();
    commit_proof_copy(&copy, &proof);
    cr_assert_eq(commit_proof_check(&copy, &config, 4, &hashes[4]), VERDICT_OK);
    by_c2();
    commit_proof_copy(&copy, &proof);
    cr_assert_eq(commit_proof_height(&copy), 4);
    cr_assert_eq(commit_proof_rank(&copy).view, 3);
}
