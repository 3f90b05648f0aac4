/* replica_read.c: reads that gate the release of a record (Q5): q members say what they know to be committed and certified; the read is
 * evaluated once all of it is committed and executed here. A commit puts its QC on q disks first, so every such read sees it. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#define READ_INTERVAL_NS 1000000u
#define READ_BURST 128u

static void done(struct replica *r, struct quorum_read *read, bool ok)
{
    struct effect *effect = effects_add(r->out, EFFECT_READ_DONE);

    ASSERT(!ok || member_set_count(&read->answered) >= r->quorum);   /* Q5 */
    ASSERT(!ok || r->executed_height >= read->height);               /* Q5 */
    ASSERT(!ok || rank_compare(r->committed_rank, read->rank) >= 0); /* Q5 */
    effect->read_done.token = read->token;
    effect->read_done.ok = ok;
    effect->read_done.height = r->executed_height;
    read->used = false;
}

/* answered takes one member's word: what it knows to be committed, and its high QC. */
static void answered(struct replica *r, struct quorum_read *read, uint32_t member, uint64_t height, const struct ballot *high)
{
    ASSERT(read->used);
    ASSERT(member < r->n);
    ASSERT(!member_set_has(&read->answered, member)); /* Q5: each counts once */
    member_set_add(&read->answered, member);
    if (read->settled) {
        return; /* a quorum was enough */
    }
    read->height = height > read->height ? height : read->height;
    if (rank_compare(high->rank, read->rank) > 0) {
        read->rank = high->rank;
        read->block = high->block;
    }
    read->complete = member_set_count(&read->answered) >= r->quorum;
}

void replica_on_read_event(struct replica *r, uint64_t token)
{
    for (uint32_t i = 0; i < READS_MAX; i++) {
        struct quorum_read *read = &r->reads[i];
        if (read->used) {
            continue;
        }
        *read = (struct quorum_read){ .used = true, .token = token, .id = ++r->reads_next };
        read->deadline_ns = r->now.mono_ns + 4 * pacemaker_timeout_ns(&r->pacemaker);
        answered(r, read, r->self, r->history.high, &r->high.ballot);
        r->msg.type = MESSAGE_READ;
        r->msg.read.id = read->id;
        replica_send(r, r->others, 0, NULL);
        return;
    }
    struct quorum_read refused = { .token = token };
    done(r, &refused, false);
}

void replica_on_read(struct replica *r, uint32_t from, const struct message_read *read)
{
    struct message_read_answer *answer = &r->msg.read_answer;

    if (from == r->self || !replica_take_token(r, &r->peers[from].read_ns, READ_INTERVAL_NS, READ_BURST)) {
        replica_refuse(r, VERDICT_EARLY);
        return;
    }
    r->msg.type = MESSAGE_READ_ANSWER;
    answer->id = read->id;
    answer->has_proof = r->has_tip_proof;
    if (answer->has_proof) {
        commit_proof_copy(&answer->proof, &r->tip_proof);
    }
    cert_copy(&answer->high, &r->high);
    ASSERT(!answer->has_proof || commit_proof_height(&answer->proof) <= r->history.high); /* Q5: it proves what is committed here */
    replica_send(r, member_set_one(from), 0, NULL);
}

static struct quorum_read *find(struct replica *r, uint64_t id)
{
    for (uint32_t i = 0; i < READS_MAX; i++) {
        if (r->reads[i].used && r->reads[i].id == id) {
            return &r->reads[i];
        }
    }
    return NULL;
}

void replica_on_read_answer(struct replica *r, uint32_t from, const struct message_read_answer *answer)
{
    struct quorum_read *read = find(r, answer->id);
    enum verdict verdict = read == NULL || member_set_has(&read->answered, from) ? VERDICT_STALE : replica_check_qc(r, &answer->high);

    if (verdict == VERDICT_OK && answer->has_proof) {
        const struct ballot *first = &answer->proof.first.ballot;
        verdict = commit_proof_check(&answer->proof, &r->config.epoch, first->rank.height, &first->block);
    }
    struct job *job = verdict == VERDICT_OK ? job_new(&r->jobs, JOB_READ_ANSWER, from, false) : NULL;
    if (job == NULL) {
        replica_refuse(r, verdict == VERDICT_OK ? VERDICT_EARLY : verdict);
        return;
    }
    job->id = answer->id;
    if (answer->has_proof && commit_proof_height(&answer->proof) > r->history.high) {
        job_add_proof(job, &answer->proof, &r->config.epoch, &r->chain_id);
    }
    const struct cert *known = replica_known(r, &answer->high.ballot);
    bool is_low = rank_compare(answer->high.ballot.rank, r->high.ballot.rank) <= 0;
    if (known != NULL || is_low) {
        cert_copy(&job->cert, known != NULL ? known : &r->high); /* A lower one adds nothing: ours is waited for. */
    } else {
        job_add_cert(job, &answer->high, &r->config.epoch, &r->chain_id);
    }
    ASSERT(!member_set_has(&read->answered, from)); /* Q5: each member counts once */
    replica_verify(r, job);
}

void replica_read_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    struct quorum_read *read = find(r, job->id);

    ASSERT(job->kind == JOB_READ_ANSWER);
    ASSERT(job->from != r->self);
    if (!job_part_is_good(job, PART_PROOF, verdicts) || !job_part_is_good(job, PART_CERT, verdicts)) {
        replica_mark(r, MARK_BAD_SIGNATURE, 0, job->from, 0);
        replica_refuse(r, VERDICT_SIGNATURE);
        return;
    }
    if (job->has_cert) {
        replica_accept_qc(r, &job->cert);
    }
    uint64_t height = 0;
    if (job->has_proof) {
        height = commit_proof_height(&job->proof);
        replica_accept_proof(r, &job->proof);
    }
    if (read != NULL && !member_set_has(&read->answered, job->from)) {
        answered(r, read, job->from, height, &job->cert.ballot);
    }
}

/* is_ready (Q5): everything proven, and the block of the highest QC or of a higher-ranked one, is committed and executed here. What commits after that need not be: under load a
 * replica is always one block behind. */
static bool is_ready(const struct replica *r, struct quorum_read *read)
{
    ASSERT(read->used);
    if (!read->settled && read->complete && r->history.high >= read->height && rank_compare(r->committed_rank, read->rank) >= 0) {
        read->settled = true;
        read->height = r->history.high;
    }
    return read->settled && r->executed_height >= read->height;
}

void replica_pump_reads(struct replica *r)
{
    for (uint32_t i = 0; i < READS_MAX; i++) {
        struct quorum_read *read = &r->reads[i];
        if (!read->used) {
            continue;
        }
        if (is_ready(r, read)) {
            done(r, read, true);
        } else if (r->now.mono_ns >= read->deadline_ns) {
            done(r, read, false);
        } else {
            replica_want(r, read->deadline_ns);
        }
    }
}
