/* replica_verdicts.c: signatures on their way to the verifiers, and to whom the verdicts belong when they come back.
 *
 *     job, filled by a handler --VERIFY--> driver --VERIFIED--> replica_on_verified -> the handler of that kind of job */
#include "consensus/replica_priv.h"

#include "base/assert.h"

static void judge(struct replica *r, struct job *job, const bool *verdicts)
{
    ASSERT(job->from < r->n);
    switch (job->kind) {
    case JOB_PROPOSAL: replica_proposal_verified(r, job, verdicts); break;
    case JOB_OPENING: replica_opening_verified(r, job, verdicts); break;
    case JOB_VOTES:
    case JOB_COMMITVOTES: replica_votes_verified(r, job, verdicts); break;
    case JOB_CERT:
    case JOB_TC: replica_cert_verified(r, job, verdicts); break;
    case JOB_TIMEOUT: replica_timeout_verified(r, job, verdicts); break;
    case JOB_ABDICATE: replica_abdicate_verified(r, job, verdicts); break;
    case JOB_ANSWER: replica_answer_verified(r, job, verdicts); break;
    case JOB_READ_ANSWER: replica_read_verified(r, job, verdicts); break;
    case JOB_BUNDLE: replica_bundle_verified(r, job, verdicts); break;
    case JOB_CKPT_VOTES: replica_ckpt_verified(r, job, verdicts); break;
    case JOB_CKPT_CERT: replica_ckpt_cert_verified(r, job, verdicts); break;
    case JOB_EVIDENCE: replica_evidence_verified(r, job, verdicts); break;
    case JOB_CLAIM: replica_claim_verified(r, job, verdicts); break;
    case JOB_FREE:
        ASSERT(false);
    }
}

/* count_bad notes bad signatures, and holds them against whoever sent them: what others sent the leader for one job is judged by itself. */
static void count_bad(struct replica *r, const struct job *job, const bool *verdicts)
{
    bool bad = false;

    ASSERT(job->from < r->n);
    for (uint32_t i = 0; i < job->items_count; i++) {
        if (!verdicts[i]) {
            ASSERT(pool_agrees(r->pool, &job->items[i], false)); /* I15 */
            r->counters.signatures_bad++;
            bad = true;
        }
    }
    if (bad && job->from != r->self) {
        jobs_suspect(&r->jobs, job->from);
    }
}

void replica_verify(struct replica *r, struct job *job)
{
    ASSERT(job->kind != JOB_FREE);
    if (job->items_count == 0) {
        judge(r, job, NULL);
        job_release(&r->jobs, job);
        return;
    }
    struct effect *effect = effects_add(r->out, EFFECT_VERIFY);
    effect->verify.batch = job_batch(&r->jobs, job);
    effect->verify.items = job->items;
    effect->verify.count = job->items_count;
    effect->verify.apart = false;
    r->counters.signature_checks += job->items_count;
    bool votes = job->kind == JOB_VOTES || job->kind == JOB_COMMITVOTES;
    r->counters.checks_by[CHECKS_PROPOSALS] += job->size[PART_COMMANDS];
    r->counters.checks_by[votes ? CHECKS_VOTES : CHECKS_CERTIFICATES] += job->items_count - job->size[PART_COMMANDS];
}

void replica_on_verified(struct replica *r, const struct event *event)
{
    ASSERT(r->started);
    if (replica_pool_verified(r, event->verified.batch, event->verified.verdicts, event->verified.count)) {
        return;
    }
    struct job *job = job_of_batch(&r->jobs, event->verified.batch);
    ASSERT(job != NULL);
    ASSERT(event->verified.count == job->items_count);
    count_bad(r, job, event->verified.verdicts);
    judge(r, job, event->verified.verdicts);
    job_release(&r->jobs, job);
}
