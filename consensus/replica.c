/* replica.c: memory, dispatch, and the order of the pump. The handlers are in replica_<topic>.c.
 *
 * Invariants (replica_check.c): the view never falls behind what was timed out with a TC, certified or voted in; what is recorded never
 * exceeds what is known; a slot that is committed is above the executed height; what is in flight is one chain above it. */
#include "consensus/replica.h"

#include "base/assert.h"
#include "consensus/replica_priv.h"

#include <string.h>

void replica_config_default(struct replica_config *config)
{
    *config = (struct replica_config){ .pool_commands = 8192, .pool_client_max = 64, .history_blocks = 16384, .blocks = 16, .reserves = true };
}

static struct pool_config pool_config_of(const struct replica_config *config)
{
    struct pool_config pool = {
        .commands = config->pool_commands,
        .client_max = config->pool_client_max,
        .members_count = config->epoch.members_count,
        .blocks = config->blocks,
        .block_bytes_max = config->epoch.limits.block_bytes_max,
        .block_commands_max = config->epoch.limits.block_commands_max,
    };

    memcpy(pool.seed, config->seed, sizeof pool.seed);
    return pool;
}

/* take is the one path that measures and takes. */
static struct replica *take(struct arena *arena, const struct replica_config *config, const struct app *app)
{
    struct pool_config pool = pool_config_of(config);
    struct replica scratch, *r = arena_take(arena, 1, sizeof *r);
    struct replica *to = r != NULL ? r : &scratch;

    blocks_take(&to->blocks, arena, config->blocks, &config->epoch);
    history_take(&to->history, arena, config->history_blocks);
    trail_take(&to->trail, arena, config->history_blocks);
    jobs_take(&to->jobs, arena, config->epoch.members_count);
    to->peers = arena_take(arena, config->epoch.members_count, sizeof *to->peers);
    to->serve.buffer = arena_take(arena, BUNDLE_BYTES_MAX, 1);
    to->fetch.proof = arena_take(arena, COMMIT_PROOF_BYTES_MAX, 1);
    to->serve.headers = arena_take(arena, BUNDLE_HEADERS_MAX, BLOCK_HEADER_BYTES);
    void *memory = arena_take(arena, pool_footprint(&pool), 1); /* the last: replica_searched relies on it */
    to->pool = memory != NULL ? pool_init(memory, &pool, app) : NULL;
    return r;
}

size_t replica_footprint(const struct replica_config *config)
{
    struct arena arena;

    arena_init_measure(&arena);
    (void)take(&arena, config, NULL);
    return arena.used;
}

struct bytes replica_searched(void *memory, const struct replica_config *config)
{
    struct pool_config pool = pool_config_of(config);
    size_t all = replica_footprint(config), part = pool_footprint(&pool);

    ASSERT(part % ARENA_ALIGN == 0);
    ASSERT(part < all);
    return bytes_of((uint8_t *)memory + (all - part), part);
}

static void init_members(struct replica *r)
{
    const struct config *epoch = &r->config.epoch;

    r->n = epoch->members_count;
    r->self = r->config.self;
    ASSERT(r->self < r->n);
    r->faults = config_faults_max(r->n);
    r->quorum = config_quorum(r->n);
    ASSERT(r->quorum > r->faults);
    ASSERT(r->quorum <= r->n);
    r->others = member_set_all(r->n);
    member_set_remove(&r->others, r->self);
    r->config_digest = config_hash(epoch);
    r->peers[r->self].linked = true;
}

struct replica *replica_init(void *memory, const struct replica_config *config, const struct app *app)
{
    struct arena arena;

    ASSERT(config->blocks >= 12);
    ASSERT(config->blocks <= 64);
    arena_init(&arena, memory, replica_footprint(config));
    struct replica *r = take(&arena, config, app);
    arena_seal(&arena);
    r->config = *config;
    r->app = *app;
    r->chain_id = block_hash(&config->genesis);
    init_members(r);
    pacemaker_init(&r->pacemaker, &config->epoch.limits, config->append_ns);
    safety_init(&r->safety, config->epoch.epoch, config->genesis.height);
    if (config->abstain && config->abstain_epoch == config->epoch.epoch) {
        r->safety.limit_view = config->abstain_view;
    }
    if (config->rejoins) {
        ASSERT(config->asks); /* E5: only others know */
        r->safety.limit_view = SAFETY_LIMIT_UNKNOWN;
    }
    cert_root(&r->high, config->epoch.epoch, config->genesis.height, &r->chain_id);
    r->high_recorded = true;
    r->committed_rank = r->high.ballot.rank;
    history_begin(&r->history, &config->genesis, &r->chain_id);
    r->executed_height = config->genesis.height;
    r->flight_high = r->executed_height;
    r->checkpoints.block_height = config->genesis.height;
    r->checkpoints.block_time_ms = config->genesis.time_ms;
    r->entered = ENTERED_AT_START;
    return r;
}

/* --- Messages ------------------------------------------------------------------------------------------------------------------------- */

static void dispatch(struct replica *r, uint32_t from, const struct message *message)
{
    ASSERT(from < r->n);
    ASSERT(r->started);
    switch (message->type) {
    case MESSAGE_HELLO:
        replica_on_hello(r, from, &message->hello);
        break;
    case MESSAGE_PROPOSE:
        replica_on_propose(r, from, &message->propose);
        break;
    case MESSAGE_VOTE:
    case MESSAGE_COMMITVOTE:
        replica_on_vote(r, from, &message->vote);
        break;
    case MESSAGE_CERT:
    case MESSAGE_COMMITQC:
    case MESSAGE_QC:
        replica_on_cert(r, from, message);
        break;
    case MESSAGE_TIMEOUT:
        replica_on_timeout(r, from, &message->timeout);
        break;
    case MESSAGE_TC:
        replica_on_tc(r, from, &message->tc);
        break;
    case MESSAGE_ABDICATE:
        replica_on_abdicate(r, from, &message->abdicate);
        break;
    case MESSAGE_QUERY:
        replica_on_query(r, from, &message->query);
        break;
    case MESSAGE_ANSWER:
        replica_on_answer(r, from, &message->answer);
        break;
    case MESSAGE_READ:
        replica_on_read(r, from, &message->read);
        break;
    case MESSAGE_READ_ANSWER:
        replica_on_read_answer(r, from, &message->read_answer);
        break;
    case MESSAGE_FETCH:
        replica_on_fetch(r, from, &message->fetch);
        break;
    case MESSAGE_BUNDLE:
        replica_on_bundle(r, from, &message->bundle);
        break;
    case MESSAGE_CKPT:
        replica_on_ckpt(r, from, &message->ckpt);
        break;
    case MESSAGE_CKPT_ASK:
        replica_on_ckpt_ask(r, from, &message->ckpt_ask);
        break;
    case MESSAGE_CKPT_CERT:
        replica_on_ckpt_cert(r, from, &message->ckpt_cert);
        break;
    case MESSAGE_FORWARD:
        replica_take_commands(r, from, message->forward.commands);
        break;
    case MESSAGE_GONE:
        replica_on_gone(r, from, &message->gone);
        break;
    case MESSAGE_SNAPSHOT_ASK: /* The driver's: it has the snapshots. */
    case MESSAGE_SNAPSHOT:
    case MESSAGE_NONE:
    case MESSAGE_TYPE_END:
        break;
    }
}

static void on_message(struct replica *r, const struct event *event)
{
    uint32_t from = event->message.from;

    ASSERT(from < r->n);
    if (message_decode(&r->in, event->message.type, event->message.body) != VERDICT_OK) {
        r->counters.malformed++;
        return;
    }
    r->counters.received[r->in.type]++;
    dispatch(r, from, &r->in);
}

/* --- Verdicts --------------------------------------------------------------------------------------------------------------------------- */

static void judge(struct replica *r, struct job *job, const bool *verdicts)
{
    ASSERT(job->from < r->n);
    switch (job->kind) {
    case JOB_PROPOSAL:
        replica_proposal_verified(r, job, verdicts);
        break;
    case JOB_OPENING:
        replica_opening_verified(r, job, verdicts);
        break;
    case JOB_VOTES:
    case JOB_COMMITVOTES:
        replica_votes_verified(r, job, verdicts);
        break;
    case JOB_CERT:
    case JOB_TC:
        replica_cert_verified(r, job, verdicts);
        break;
    case JOB_TIMEOUT:
        replica_timeout_verified(r, job, verdicts);
        break;
    case JOB_ABDICATE:
        replica_abdicate_verified(r, job, verdicts);
        break;
    case JOB_ANSWER:
        replica_answer_verified(r, job, verdicts);
        break;
    case JOB_READ_ANSWER:
        replica_read_verified(r, job, verdicts);
        break;
    case JOB_BUNDLE:
        replica_bundle_verified(r, job, verdicts);
        break;
    case JOB_CKPT_VOTES:
        replica_ckpt_verified(r, job, verdicts);
        break;
    case JOB_CKPT_CERT:
        replica_ckpt_cert_verified(r, job, verdicts);
        break;
    case JOB_EVIDENCE:
        replica_evidence_verified(r, job, verdicts);
        break;
    case JOB_CLAIM:
        replica_claim_verified(r, job, verdicts);
        break;
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
    r->counters.signature_checks += job->items_count;
    bool votes = job->kind == JOB_VOTES || job->kind == JOB_COMMITVOTES;
    r->counters.checks_by[CHECKS_PROPOSALS] += job->size[PART_COMMANDS];
    r->counters.checks_by[votes ? CHECKS_VOTES : CHECKS_CERTIFICATES] += job->items_count - job->size[PART_COMMANDS];
}

static void on_verified(struct replica *r, const struct event *event)
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

/* --- Steps -------------------------------------------------------------------------------------------------------------------------------- */

/* drop_headers lets go of blocks of which a cut write left the header alone: they are fetched like any other (V3). */
static void drop_headers(struct replica *r)
{
    ASSERT(!r->started);
    for (uint32_t i = 0; i < r->blocks.count; i++) {
        if (r->blocks.slots[i].used && r->blocks.slots[i].body_bytes == 0) {
            blocks_release(&r->blocks.slots[i]);
        }
    }
}

/* on_start says again what a crash may have swallowed (T7), and begins the term of a first leader. */
static void on_start(struct replica *r)
{
    ASSERT(!r->started);
    drop_headers(r);
    replica_witness_start(r);
    replica_restore_view(r);
    history_reach(&r->history);
    r->started = true;
    r->view_entered_ns = r->now.mono_ns;
    r->progress_ns = r->now.mono_ns;
    duty_enter(&r->duty, replica_is_reserve(r, r->self));
    replica_mark(r, MARK_ENTERED, r->history.high, r->self, ENTERED_AT_START);
    replica_lead_begin(r);
    replica_resend_vote(r);
    if (r->safety.state.timeout_view >= 0 && (int64_t)r->high.ballot.rank.view <= r->safety.state.timeout_view) {
        replica_resend_timeout(r, member_set_all(r->n));
    }
}

static void on_event(struct replica *r, const struct event *event)
{
    switch (event->kind) {
    case EVENT_START:
        on_start(r);
        break;
    case EVENT_MESSAGE:
        on_message(r, event);
        break;
    case EVENT_REQUEST:
        replica_on_request(r, event);
        break;
    case EVENT_VERIFIED:
        on_verified(r, event);
        break;
    case EVENT_DURABLE:
        ASSERT(event->durable.lsn <= r->lsn);
        r->durable_lsn = event->durable.lsn > r->durable_lsn ? event->durable.lsn : r->durable_lsn;
        replica_on_write(r, event->durable.duration_ns);
        break;
    case EVENT_MUTE:
        r->safety.mute = event->mute.on;
        break;
    case EVENT_LINK:
        replica_on_link(r, event->link.member, event->link.up);
        break;
    case EVENT_EXECUTED:
        replica_on_executed(r, event);
        break;
    case EVENT_RECORD:
        replica_on_record(r, event);
        break;
    case EVENT_TIMER:
        break;
    case EVENT_DRAIN:
        r->draining = true;
        pool_drain(r->pool);
        break;
    case EVENT_READ:
        replica_on_read_event(r, event->read.token);
        break;
    case EVENT_PROVE:
        replica_on_prove(r, event->prove.token, event->prove.height);
        break;
    case EVENT_SNAPSHOT:
        replica_on_snapshot(r);
        break;
    case EVENT_REPAIR:
        replica_on_repair(r, event->repair.height);
        break;
    case EVENT_KIND_END:
        ASSERT(false);
    }
}

/* pump_drain gives the view up and says so when another leads. */
static void pump_drain(struct replica *r)
{
    ASSERT(!r->drained || r->draining);
    if (!r->draining || r->drained) {
        return;
    }
    if (replica_is_leader(r) && r->lead.active && r->n > 1) {
        replica_abdicate(r);
    }
    if (!replica_is_leader(r) || !replica_is_outstanding(r)) {
        r->drained = true;
        (void)effects_add(r->out, EFFECT_DRAINED);
    }
}

static void pump(struct replica *r)
{
    ASSERT(r->started);
    ASSERT(!r->halted);
    ASSERT(r->out != NULL);
    r->deadline_ns = UINT64_MAX;
    replica_pump_pool(r);
    replica_try_commit(r);
    replica_pump_votes(r);
    replica_pump_disk(r);
    replica_pump_lead(r);
    pump_drain(r);
    replica_pump_time(r);
    replica_pump_missed(r);
    replica_pump_forward(r);
    replica_pump_fetch(r);
    replica_pump_serve(r);
    replica_pump_repair(r);
    replica_pump_witness(r);
    replica_pump_checkpoint(r);
    replica_pump_reads(r);
    bool outstanding = replica_is_outstanding(r);
    if (r->was_outstanding && !outstanding) {
        replica_mark(r, MARK_QUIET, r->history.high, r->self, 0);
    }
    r->was_outstanding = outstanding;
}

void replica_step(struct replica *r, struct now now, const struct event *event, struct effects *out)
{
    ASSERT(now.mono_ns >= r->now.mono_ns);
    effects_reset(out);
    r->now = now;
    r->out = out;
    jobs_time(&r->jobs, now.mono_ns);
    r->rides_in_step = false;
    r->serve.sent_in_step = false;
    r->arriving = event->kind == EVENT_REQUEST || event->kind == EVENT_MESSAGE;
    if (r->halted) {
        return;
    }
    ASSERT(r->started || event->kind == EVENT_START || event->kind == EVENT_EXECUTED);
    on_event(r, event);
    if (r->started && !r->halted && event->kind == EVENT_REQUEST) {
        replica_tell_outcomes(r);
        r->deadline_ns = now.mono_ns; /* What the command lets happen is asked once for all that come in the same turn. */
    } else if (r->started && !r->halted) {
        pump(r);
    }
    r->out = NULL;
}

uint64_t replica_deadline_ns(const struct replica *r)
{
    return r->halted || !r->started ? UINT64_MAX : r->deadline_ns;
}
