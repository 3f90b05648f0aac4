/* replica.c: dispatch, and the order of the pump. The handlers are in replica_<topic>.c, how a replica is made in replica_init.c.
 *
 * Invariants (replica_check.c): the view never falls behind what was timed out with a TC, certified or voted in; what is recorded never
 * exceeds what is known; a slot that is committed is above the executed height; what is in flight is one chain above it. */
#include "consensus/replica.h"

#include "base/assert.h"
#include "consensus/replica_priv.h"

/* --- Messages ------------------------------------------------------------------------------------------------------------------------- */

static void dispatch(struct replica *r, uint32_t from, const struct message *message)
{
    ASSERT(from < r->n);
    ASSERT(r->started);
    switch (message->type) {
    case MESSAGE_HELLO: replica_on_hello(r, from, &message->hello); break;
    case MESSAGE_PROPOSE: replica_on_propose(r, from, &message->propose); break;
    case MESSAGE_VOTE:
    case MESSAGE_COMMITVOTE: replica_on_vote(r, from, &message->vote); break;
    case MESSAGE_CERT:
    case MESSAGE_COMMITQC:
    case MESSAGE_QC: replica_on_cert(r, from, message); break;
    case MESSAGE_TIMEOUT: replica_on_timeout(r, from, &message->timeout); break;
    case MESSAGE_TC: replica_on_tc(r, from, &message->tc); break;
    case MESSAGE_ABDICATE: replica_on_abdicate(r, from, &message->abdicate); break;
    case MESSAGE_QUERY: replica_on_query(r, from, &message->query); break;
    case MESSAGE_ANSWER: replica_on_answer(r, from, &message->answer); break;
    case MESSAGE_READ: replica_on_read(r, from, &message->read); break;
    case MESSAGE_READ_ANSWER: replica_on_read_answer(r, from, &message->read_answer); break;
    case MESSAGE_FETCH: replica_on_fetch(r, from, &message->fetch); break;
    case MESSAGE_BUNDLE: replica_on_bundle(r, from, &message->bundle); break;
    case MESSAGE_CKPT: replica_on_ckpt(r, from, &message->ckpt); break;
    case MESSAGE_CKPT_ASK: replica_on_ckpt_ask(r, from, &message->ckpt_ask); break;
    case MESSAGE_CKPT_CERT: replica_on_ckpt_cert(r, from, &message->ckpt_cert); break;
    case MESSAGE_FORWARD: replica_take_commands(r, from, message->forward.commands); break;
    case MESSAGE_GONE: replica_on_gone(r, from, &message->gone); break;
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
    case EVENT_START: on_start(r); break;
    case EVENT_MESSAGE: on_message(r, event); break;
    case EVENT_REQUEST: replica_on_request(r, event); break;
    case EVENT_VERIFIED: replica_on_verified(r, event); break;
    case EVENT_DURABLE:
        ASSERT(event->durable.lsn <= r->lsn);
        r->durable_lsn = event->durable.lsn > r->durable_lsn ? event->durable.lsn : r->durable_lsn;
        replica_on_write(r, event->durable.duration_ns);
        break;
    case EVENT_MUTE: replica_on_mute(r, event->mute.on); break;
    case EVENT_LINK: replica_on_link(r, event->link.member, event->link.up); break;
    case EVENT_EXECUTED: replica_on_executed(r, event); break;
    case EVENT_RECORD: replica_on_record(r, event); break;
    case EVENT_TIMER:
        break;
    case EVENT_DRAIN:
        r->draining = true;
        pool_drain(r->pool);
        break;
    case EVENT_READ: replica_on_read_event(r, event->read.token); break;
    case EVENT_PROVE: replica_on_prove(r, event->prove.token, event->prove.height); break;
    case EVENT_SNAPSHOT: replica_on_snapshot(r); break;
    case EVENT_REPAIR: replica_on_repair(r, event->repair.height); break;
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
    replica_pump_join(r);
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
    replica_pump_stragglers(r);
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
