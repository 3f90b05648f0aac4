/* jobs.c: see jobs.h. Invariant: of_member[m] = small jobs in use that m caused. */
#include "consensus/jobs.h"

#include "base/assert.h"

#include <string.h>

#define PLACE_BITS 10u
#define PLACE_MASK ((1u << PLACE_BITS) - 1)

_Static_assert(MEMBERS_MAX * JOBS_OF_MEMBER_MAX + JOBS_LARGE <= PLACE_MASK, "a place fits the name of a batch");

void jobs_take(struct jobs *jobs, struct arena *arena, uint32_t members_count)
{
    *jobs = (struct jobs){ .small_count = members_count * JOBS_OF_MEMBER_MAX };
    jobs->count = jobs->small_count + JOBS_LARGE;
    jobs->slots = arena_take(arena, jobs->count, sizeof *jobs->slots);
    for (uint32_t i = 0; i < jobs->count; i++) {
        bool large = i >= jobs->small_count;
        struct sig_item *items = arena_take(arena, large ? VERIFY_ITEMS_MAX : JOB_ITEMS_SMALL, sizeof *items);
        struct hash32 *digests = arena_take(arena, large ? VERIFY_ITEMS_MAX : JOB_DIGESTS_SMALL, sizeof *digests);
        if (jobs->slots != NULL) {
            jobs->slots[i].large = large;
            jobs->slots[i].items = items;
            jobs->slots[i].digests = digests;
        }
    }
}

static void job_reset(struct jobs *jobs, struct job *job, enum job_kind kind, uint32_t from)
{
    job->kind = kind;
    job->from = from;
    job->serial = ++jobs->serial;
    memset(job->begin, 0, sizeof job->begin);
    memset(job->size, 0, sizeof job->size);
    job->items_count = 0;
    job->digests_count = 0;
    job->has_cert = false;
    job->has_tc = false;
    job->has_proof = false;
    job->has_commands = false;
    job->asks = false;
    job->block = NULL;
}

void jobs_time(struct jobs *jobs, uint64_t now_ns)
{
    ASSERT(now_ns >= jobs->now_ns);
    jobs->now_ns = now_ns;
}

void jobs_suspect(struct jobs *jobs, uint32_t member)
{
    ASSERT(member < MEMBERS_MAX);
    jobs->rations[member].until_ns = jobs->now_ns + JOBS_SUSPECT_NS;
    jobs->rations[member].paid_ns = jobs->now_ns + JOBS_SUSPECT_STEP_NS;
}

/* may_begin charges a suspect's ration. */
static bool may_begin(struct jobs *jobs, uint32_t member)
{
    struct jobs_ration *ration = &jobs->rations[member];

    if (jobs->now_ns >= ration->until_ns) {
        return true;
    }
    if (jobs->now_ns < ration->paid_ns) {
        return false;
    }
    ration->paid_ns = jobs->now_ns + JOBS_SUSPECT_STEP_NS;
    return true;
}

struct job *job_new(struct jobs *jobs, enum job_kind kind, uint32_t from, bool large)
{
    uint32_t first = large ? jobs->small_count : 0, last = large ? jobs->count : jobs->small_count;

    ASSERT(kind != JOB_FREE);
    ASSERT(from < MEMBERS_MAX);
    if ((!large && jobs->of_member[from] >= JOBS_OF_MEMBER_MAX) || !may_begin(jobs, from)) {
        return NULL;
    }
    for (uint32_t i = first; i < last; i++) {
        if (jobs->slots[i].kind == JOB_FREE) {
            job_reset(jobs, &jobs->slots[i], kind, from);
            jobs->of_member[from] += large ? 0 : 1;
            return &jobs->slots[i];
        }
    }
    ASSERT(large); /* A member below its bound always finds a small slot. */
    return NULL;
}

/* has_room tells whether so many signatures over so many digests fit: all of a certificate are over one. */
static bool has_room(const struct job *job, uint32_t items, uint32_t digests)
{
    uint32_t items_max = job->large ? VERIFY_ITEMS_MAX : JOB_ITEMS_SMALL;
    uint32_t digests_max = job->large ? VERIFY_ITEMS_MAX : JOB_DIGESTS_SMALL;

    return items <= items_max - job->items_count && digests <= digests_max - job->digests_count;
}

bool job_has_room(const struct job *job, uint32_t count)
{
    return has_room(job, count, count);
}

static void part_open(struct job *job, enum job_part part)
{
    ASSERT(part < PART_COUNT);
    if (job->size[part] == 0) {
        job->begin[part] = job->items_count;
    }
    ASSERT(job->begin[part] + job->size[part] == job->items_count);
}

void job_add(struct job *job, enum job_part part, const uint8_t *key, const struct hash32 *digest, const uint8_t *signature)
{
    ASSERT(job_has_room(job, 1));
    part_open(job, part);
    struct hash32 *kept = &job->digests[job->digests_count++];
    *kept = *digest;
    job->items[job->items_count++] = (struct sig_item){ .key = key, .digest = kept->bytes, .signature = signature };
    job->size[part]++;
}

/* part_take counts in what a *_items function wrote behind the present end. */
static void part_take(struct job *job, enum job_part part, uint32_t items, uint32_t digests)
{
    job->items_count += items;
    job->digests_count += digests;
    job->size[part] += items;
    ASSERT(job_has_room(job, 0));
}

void job_add_cert(struct job *job, const struct cert *cert, const struct config *config, const struct hash32 *chain_id)
{
    ASSERT(!job->has_cert);
    job->has_cert = true;
    cert_copy(&job->cert, cert);
    if (cert->ballot.kind == VOTE_ROOT) {
        return;
    }
    ASSERT(has_room(job, QUORUM_MAX, 1));
    part_open(job, PART_CERT);
    uint32_t count = cert_items(&job->cert, config, chain_id, &job->digests[job->digests_count], &job->items[job->items_count]);
    part_take(job, PART_CERT, count, 1);
}

void job_add_tc(struct job *job, const struct timeout_cert *tc, const struct cert *high, const struct config *config, const struct hash32 *chain_id)
{
    ASSERT(!job->has_tc);
    ASSERT(has_room(job, QUORUM_MAX, QUORUM_MAX));
    job->has_tc = true;
    timeout_cert_copy(&job->tc, tc);
    part_open(job, PART_TC);
    uint32_t count = timeout_cert_items(&job->tc, config, chain_id, &job->digests[job->digests_count], &job->items[job->items_count]);
    part_take(job, PART_TC, count, count);
    if (high != NULL) {
        ASSERT(ballot_equal(&high->ballot, &tc->high.ballot));
        cert_copy(&job->tc.high, high);
    }
    if (high != NULL || tc->high.ballot.kind == VOTE_ROOT) {
        return;
    }
    part_open(job, PART_TC_HIGH);
    count = cert_items(&job->tc.high, config, chain_id, &job->digests[job->digests_count], &job->items[job->items_count]);
    part_take(job, PART_TC_HIGH, count, 1);
}

void job_add_proof(struct job *job, const struct commit_proof *proof, const struct config *config, const struct hash32 *chain_id)
{
    ASSERT(!job->has_proof);
    job->has_proof = true;
    commit_proof_copy(&job->proof, proof);
    part_open(job, PART_PROOF);
    uint32_t count = commit_proof_items(&job->proof, config, chain_id, &job->digests[job->digests_count], &job->items[job->items_count]);
    part_take(job, PART_PROOF, count, 2);
}

/* is_same: every signature too, so that the verdict on the one is that on the other. */
static bool is_same(const struct cert *a, const struct cert *b)
{
    uint32_t count = member_set_count(&a->signers.members);

    return ballot_equal(&a->ballot, &b->ballot) && memcmp(&a->signers.members, &b->signers.members, sizeof a->signers.members) == 0 &&
           memcmp(a->signers.signatures, b->signers.signatures, (size_t)count * sizeof a->signers.signatures[0]) == 0;
}

struct job *jobs_find_cert(struct jobs *jobs, uint32_t from, const struct cert *cert)
{
    ASSERT(from < MEMBERS_MAX);
    for (uint32_t i = 0; i < jobs->small_count && jobs->of_member[from] > 0; i++) {
        struct job *job = &jobs->slots[i];
        if (job->kind == JOB_CERT && job->from == from && is_same(&job->cert, cert)) {
            ASSERT(job->has_cert);
            return job;
        }
    }
    return NULL;
}

uint32_t job_batch(const struct jobs *jobs, const struct job *job)
{
    uint32_t place = (uint32_t)(job - jobs->slots);

    ASSERT(place < jobs->count);
    return (job->serial << PLACE_BITS | place) & JOB_BATCH_MAX; /* Serials that far apart are never under way together. */
}

struct job *job_of_batch(struct jobs *jobs, uint32_t batch)
{
    uint32_t place = batch & PLACE_MASK;

    if (place >= jobs->count) {
        return NULL;
    }
    struct job *job = &jobs->slots[place];
    return job->kind != JOB_FREE && job_batch(jobs, job) == batch ? job : NULL;
}

bool job_part_is_good(const struct job *job, enum job_part part, const bool *verdicts)
{
    for (uint32_t i = 0; i < job->size[part]; i++) {
        if (!verdicts[job->begin[part] + i]) {
            return false;
        }
    }
    return true;
}

void job_release(struct jobs *jobs, struct job *job)
{
    ASSERT(job->kind != JOB_FREE);
    if (!job->large) {
        ASSERT(jobs->of_member[job->from] > 0);
        jobs->of_member[job->from]--;
    }
    job->kind = JOB_FREE;
}

static void check_job(const struct job *job)
{
    uint32_t items = 0;

    for (uint32_t part = 0; part < PART_COUNT; part++) {
        ASSERT(job->begin[part] + job->size[part] <= job->items_count);
        items += job->size[part];
    }
    ASSERT(items == job->items_count);
    ASSERT(job->items_count <= (job->large ? VERIFY_ITEMS_MAX : JOB_ITEMS_SMALL));
    ASSERT(job->digests_count <= (job->large ? VERIFY_ITEMS_MAX : JOB_DIGESTS_SMALL));
    ASSERT(job->digests_count <= job->items_count);
    ASSERT(job->from < MEMBERS_MAX);
    ASSERT(job->size[PART_COMMANDS] == 0 || job->kind == JOB_PROPOSAL);
    ASSERT(job->block == NULL || job->kind == JOB_PROPOSAL);
}

void jobs_check(const struct jobs *jobs)
{
    uint32_t small = 0, counted = 0;

    for (uint32_t i = 0; i < jobs->count; i++) {
        ASSERT(jobs->slots[i].large == (i >= jobs->small_count));
        if (jobs->slots[i].kind != JOB_FREE) {
            check_job(&jobs->slots[i]);
            small += !jobs->slots[i].large;
        }
    }
    for (uint32_t member = 0; member < MEMBERS_MAX; member++) {
        ASSERT(jobs->of_member[member] <= JOBS_OF_MEMBER_MAX); /* section 13: nobody fills what belongs to another */
        counted += jobs->of_member[member];
    }
    ASSERT(small == counted);
}
