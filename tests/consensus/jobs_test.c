/* jobs_test.c: signatures on their way: whose places they take, which verdict belongs to which part, and that a job outlives its message. */
#include "consensus/jobs.h"

#include "tests/base/stop_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS 4u

static struct jobs jobs;
static void *memory;
static struct config config;
static struct hash32 chain;

static void open_jobs(void)
{
    struct arena arena;

    arena_init_measure(&arena);
    jobs_take(&jobs, &arena, MEMBERS);
    size_t size = arena.used;
    memory = aligned_alloc(64, size);
    cr_assert_not_null(memory);
    memset(memory, 0, size);
    arena_init(&arena, memory, size);
    jobs_take(&jobs, &arena, MEMBERS);
    kit_config(&config, MEMBERS);
    chain = kit_hash(1);
}

static void close_jobs(void)
{
    free(memory);
}

TestSuite(jobs, .init = open_jobs, .fini = close_jobs);

Test(jobs, finds_the_very_certificate_that_a_member_sent_and_no_other)
{
    struct hash32 block = kit_hash(2);
    struct cert cert, other;

    kit_cert(&cert, VOTE_FOLLOWING, (struct rank){ 0, 1 }, &block, MEMBERS);
    struct job *job = job_new(&jobs, JOB_CERT, 1, false);
    job_add_cert(job, &cert, &config, &chain);
    cr_assert_eq(jobs_find_cert(&jobs, 1, &cert), job, "N3");
    cr_assert_null(jobs_find_cert(&jobs, 2, &cert), "who sent it answers for it");
    cert_copy(&other, &cert);
    other.signers.signatures[2][63] ^= 1;
    cr_assert_null(jobs_find_cert(&jobs, 1, &other), "another signature, another verdict");
    cert_copy(&other, &cert);
    other.ballot.rank.height++;
    cr_assert_null(jobs_find_cert(&jobs, 1, &other));
    cert_copy(&other, &cert);
    other.signers.members.words[0] = other.signers.members.words[0] << 1;
    cr_assert_null(jobs_find_cert(&jobs, 1, &other));
    job_release(&jobs, job);
    cr_assert_null(jobs_find_cert(&jobs, 1, &cert));
}

/* Section 13: no member can fill what belongs to another. */
Test(jobs, gives_each_member_its_places_and_no_more)
{
    struct job *mine[JOBS_OF_MEMBER_MAX];

    for (uint32_t i = 0; i < JOBS_OF_MEMBER_MAX; i++) {
        mine[i] = job_new(&jobs, JOB_CERT, 3, false);
        cr_assert_not_null(mine[i], "J7");
    }
    cr_assert_null(job_new(&jobs, JOB_CERT, 3, false));
    for (uint32_t member = 0; member < 3; member++) {
        for (uint32_t i = 0; i < JOBS_OF_MEMBER_MAX; i++) {
            cr_assert_not_null(job_new(&jobs, JOB_TIMEOUT, member, false));
        }
    }
    job_release(&jobs, mine[1]);
    cr_assert_eq(job_new(&jobs, JOB_TC, 3, false), mine[1]);
}

/* Section 13: what a sender of bad signatures can make us check. */
Test(jobs, rations_whoever_sent_a_bad_signature_and_nobody_else)
{
    uint64_t now_ns = 5000000000u;
    uint32_t given = 0;

    jobs_time(&jobs, now_ns);
    jobs_suspect(&jobs, 2);
    for (uint32_t turn = 0; turn < 1000; turn++, now_ns += 1000000) { /* a second, a thousand messages */
        jobs_time(&jobs, now_ns);
        struct job *job = job_new(&jobs, JOB_CERT, 2, false);
        given += job != NULL;
        if (job != NULL) {
            job_release(&jobs, job);
        }
        job = job_new(&jobs, JOB_CERT, 1, false);
        cr_assert_not_null(job, "J7");
        job_release(&jobs, job);
    }
    cr_assert_eq(given, 1000000000u / JOBS_SUSPECT_STEP_NS - 1, "%u", given);
    jobs_time(&jobs, 5000000000u + JOBS_SUSPECT_NS);
    for (uint32_t i = 0; i < JOBS_OF_MEMBER_MAX; i++) {
        cr_assert_not_null(job_new(&jobs, JOB_CERT, 2, false), "it is forgiven");
    }
}

Test(jobs, has_two_large_places_that_nobody_owns)
{
    struct job *first = job_new(&jobs, JOB_PROPOSAL, 1, true);
    struct job *second = job_new(&jobs, JOB_PROPOSAL, 1, true);

    cr_assert_not_null(first);
    cr_assert_not_null(second);
    cr_assert_null(job_new(&jobs, JOB_PROPOSAL, 2, true));
    cr_assert_not_null(job_new(&jobs, JOB_CERT, 1, false), "and they are not counted as small ones");
    job_release(&jobs, first);
    cr_assert_eq(job_new(&jobs, JOB_PROPOSAL, 2, true), first);
}

/* The highest bit tells batches of the pool: a replica comes to two million jobs within a day. */
Test(jobs, is_found_by_its_batch_however_many_came_before)
{
    const uint32_t serials[] = { 0, (1u << 21) - 2, (1u << 21) - 1, 1u << 21, (1u << 22) - 1, 3u << 21, UINT32_MAX - 1, UINT32_MAX };

    for (size_t i = 0; i < sizeof serials / sizeof serials[0]; i++) {
        jobs.serial = serials[i];
        struct job *before = job_new(&jobs, JOB_CERT, 1, false), *job = job_new(&jobs, JOB_CERT, 1, false);
        uint32_t batch = job_batch(&jobs, job);
        cr_assert_leq(batch, JOB_BATCH_MAX, "serial %u", serials[i]);
        cr_assert_eq(job_of_batch(&jobs, batch), job, "serial %u", serials[i]);
        cr_assert_eq(job_of_batch(&jobs, job_batch(&jobs, before)), before);
        job_release(&jobs, job);
        job = job_new(&jobs, JOB_CERT, 1, false);
        cr_assert_null(job_of_batch(&jobs, batch), "the same place, used again: serial %u", serials[i]);
        job_release(&jobs, job);
        job_release(&jobs, before);
    }
}

Test(jobs, is_found_by_its_batch_until_it_is_released)
{
    struct job *job = job_new(&jobs, JOB_CERT, 0, false);
    uint32_t batch = job_batch(&jobs, job);

    cr_assert_eq(job_of_batch(&jobs, batch), job);
    cr_assert_null(job_of_batch(&jobs, batch + 1), "another place");
    cr_assert_null(job_of_batch(&jobs, 1023), "no place");
    job_release(&jobs, job);
    cr_assert_null(job_of_batch(&jobs, batch), "released");
    job = job_new(&jobs, JOB_CERT, 0, false);
    cr_assert_null(job_of_batch(&jobs, batch), "the same place, used again");
    cr_assert_eq(job_of_batch(&jobs, job_batch(&jobs, job)), job);
}

Test(jobs, judges_each_part_by_its_own_verdicts)
{
    struct job *job = job_new(&jobs, JOB_TIMEOUT, 0, false);
    struct hash32 block = kit_hash(4), digest = kit_hash(5);
    struct cert cert;
    bool verdicts[4] = { true, true, true, true };

    kit_cert(&cert, VOTE_FOLLOWING, (struct rank){ 1, 2 }, &block, MEMBERS);
    job_add(job, PART_SINGLES, config.members[2].sign_key, &digest, cert.signers.signatures[0]);
    job_add_cert(job, &cert, &config, &chain);
    cr_assert_eq(job->items_count, 4, "one, and three of the certificate");
    for (uint32_t bad = 0; bad < 4; bad++) {
        verdicts[bad] = false;
        cr_assert_eq(job_part_is_good(job, PART_SINGLES, verdicts), bad != 0, "%u", bad);
        cr_assert_eq(job_part_is_good(job, PART_CERT, verdicts), bad == 0, "%u", bad);
        cr_assert(job_part_is_good(job, PART_TC, verdicts), "an empty part is good");
        verdicts[bad] = true;
    }
}

Test(jobs, keeps_copies_of_what_it_is_about)
{
    struct job *job = job_new(&jobs, JOB_CERT, 0, false);
    struct hash32 block = kit_hash(4), digest = kit_hash(5);
    struct cert cert;

    kit_cert(&cert, VOTE_COMMIT, (struct rank){ 1, 2 }, &block, MEMBERS);
    job_add_cert(job, &cert, &config, &chain);
    job_add(job, PART_COMMANDS, config.members[0].sign_key, &digest, cert.signers.signatures[0]);
    uint8_t first = job->items[0].signature[0];
    memset(&cert.signers.signatures[0], 0xee, 64);
    memset(&digest, 0xee, sizeof digest);
    cr_assert_eq(job->items[0].signature[0], first, "the message may be gone");
    cr_assert_neq(job->items[3].digest[0], 0xee);
    struct hash32 expected = ballot_digest(&chain, &job->cert.ballot);
    cr_assert_arr_eq(job->items[0].digest, expected.bytes, 32);
}

Test(jobs, a_root_needs_no_signature)
{
    struct job *job = job_new(&jobs, JOB_OPENING, 0, false);
    struct timeout_cert tc;
    struct cert root;

    cert_root(&root, 0, 0, &chain);
    job_add_cert(job, &root, &config, &chain);
    cr_assert_eq(job->items_count, 0);
    kit_tc(&tc, 3, (struct rank){ 1, 2 }, MEMBERS);
    job_add_tc(job, &tc, &tc.high, &config, &chain);
    cr_assert_eq(job->size[PART_TC], 3);
    cr_assert_eq(job->size[PART_TC_HIGH], 0, "its QC is known already");
}

/* What is known now may be forgotten before the verdict comes: then the job has what was verified, and not what a liar put into its place. */
Test(jobs, keeps_the_known_certificate_and_not_the_one_that_came_unverified)
{
    struct job *job = job_new(&jobs, JOB_TC, 0, false);
    struct timeout_cert tc;
    struct cert known;

    kit_tc(&tc, 3, (struct rank){ 1, 2 }, MEMBERS);
    cert_copy(&known, &tc.high);
    memset(tc.high.signers.signatures, 0xee, sizeof tc.high.signers.signatures);
    job_add_tc(job, &tc, &known, &config, &chain);
    cr_assert_eq(job->size[PART_TC_HIGH], 0);
    cr_assert_arr_eq(job->tc.high.signers.signatures[0], known.signers.signatures[0], 64, "S4");
}

Test(jobs, verifies_the_certificate_inside_a_timeout_certificate_that_is_not_known)
{
    struct job *job = job_new(&jobs, JOB_TC, 0, false);
    struct timeout_cert tc;
    bool verdicts[6] = { true, true, true, true, true, false };

    kit_tc(&tc, 3, (struct rank){ 1, 2 }, MEMBERS);
    job_add_tc(job, &tc, NULL, &config, &chain);
    cr_assert_eq(job->items_count, 6);
    cr_assert(job_part_is_good(job, PART_TC, verdicts));
    cr_assert_not(job_part_is_good(job, PART_TC_HIGH, verdicts));
}

/* The largest that one message can bring: a proof, a QC, a TC with its QC, a signature; at the largest epoch. */
Test(jobs, small_places_hold_the_largest_answer)
{
    struct config large;
    struct job *job = job_new(&jobs, JOB_ANSWER, 0, false);
    struct hash32 block = kit_hash(4);
    struct commit_proof proof = { 0 };
    struct timeout_cert tc;
    struct cert cert;

    kit_config(&large, MEMBERS_MAX);
    kit_cert(&proof.first, VOTE_FOLLOWING, (struct rank){ 1, 2 }, &block, MEMBERS_MAX);
    kit_cert(&proof.second, VOTE_FOLLOWING, (struct rank){ 1, 3 }, &block, MEMBERS_MAX);
    kit_cert(&cert, VOTE_FOLLOWING, (struct rank){ 1, 4 }, &block, MEMBERS_MAX);
    kit_tc(&tc, 3, (struct rank){ 1, 2 }, MEMBERS_MAX);
    job_add(job, PART_SINGLES, large.members[0].sign_key, &block, cert.signers.signatures[0]);
    job_add_cert(job, &cert, &large, &chain);
    job_add_tc(job, &tc, NULL, &large, &chain);
    job_add_proof(job, &proof, &large, &chain);
    cr_assert_eq(job->items_count, 1 + 5 * QUORUM_MAX);
    cr_assert_not(job_has_room(job, 1));
}

/* An opening that comes before its TC was heard of: the TC first, then the certificate it stands on, which may be one that the TC does not hold. */
Test(jobs, small_places_hold_the_largest_opening_whose_timeout_certificate_comes_first)
{
    struct config large;
    struct job *job = job_new(&jobs, JOB_OPENING, 0, false);
    struct hash32 block = kit_hash(4);
    struct timeout_cert tc;
    struct cert cert;

    kit_config(&large, MEMBERS_MAX);
    kit_cert(&cert, VOTE_FOLLOWING, (struct rank){ 1, 4 }, &block, MEMBERS_MAX);
    kit_tc(&tc, 3, (struct rank){ 1, 2 }, MEMBERS_MAX);
    job_add_tc(job, &tc, NULL, &large, &chain);
    job_add_cert(job, &cert, &large, &chain);
    cr_assert_eq(job->items_count, 3 * QUORUM_MAX);
}

Test(jobs, stops_when_more_is_added_than_there_is_room, .signal = SIGABRT)
{
    struct job *job = job_new(&jobs, JOB_CERT, 0, false);
    struct hash32 digest = kit_hash(5);

    for (uint32_t i = 0; i <= JOB_ITEMS_SMALL; i++) {
        job_add(job, PART_SINGLES, config.members[0].sign_key, &digest, digest.bytes);
    }
}

static void check(const void *state) { jobs_check(state); }

Test(jobs, stops_when_places_and_their_owners_do_not_add_up)
{
    uint8_t key[32] = { 0 }, signature[64] = { 0 };
    struct job *job = job_new(&jobs, JOB_TIMEOUT, 1, false);

    job_add(job, PART_SINGLES, key, &chain, signature);
    cr_assert_not(kit_stops(check, &jobs));
    jobs.of_member[1] = 0;
    cr_assert(kit_stops(check, &jobs), "a place that nobody pays for");
    jobs.of_member[1] = 1;
    job->size[PART_CERT] = 1;
    cr_assert(kit_stops(check, &jobs), "parts that are more than the items");
    job->size[PART_CERT] = 0;
    job->digests_count = 2;
    cr_assert(kit_stops(check, &jobs));
    job->digests_count = 1;
    job_release(&jobs, job);
    cr_assert_not(kit_stops(check, &jobs));
}
