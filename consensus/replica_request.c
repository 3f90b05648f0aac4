/* replica_request.c: commands on their way from clients and other members into the pool, and from there to the leader (R1, R2, Q3). */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#define POOL_BATCH_MARK 0x80000000u /* of the VERIFY batches that are the pool's */
_Static_assert((POOL_BATCH_MARK & JOB_BATCH_MAX) == 0, "no job is taken for a batch of the pool");

#define OUTCOMES_MAX 256u           /* answers of one step; more wait for the next */
#define FORWARD_WAIT_NS 1000000u    /* while blocks fly, commands ride with votes, but wait no longer than this or T */
#define BEHIND_BLOCKS 64u           /* further behind than this, clients are sent elsewhere */

static void refuse(struct replica *r, uint64_t token, const struct hash32 *id, uint16_t code, uint32_t retry_after_ms)
{
    struct effect *effect = effects_add(r->out, EFFECT_REFUSE);

    ASSERT(token != 0);
    ASSERT(code != CODE_OK); /* R1 */
    effect->refuse.token = token;
    effect->refuse.id = *id;
    effect->refuse.code = code;
    effect->refuse.retry_after_ms = retry_after_ms;
    r->counters.requests_refused++;
}

/* is_far_behind: others have proved far more than is here; what a client would be told is old. */
static bool is_far_behind(const struct replica *r)
{
    return r->has_pending_proof && commit_proof_height(&r->pending_proof) > r->history.high + BEHIND_BLOCKS;
}

void replica_on_request(struct replica *r, const struct event *event)
{
    struct pool_source source = { .token = event->request.token, .client = event->request.who.client, .party = event->request.who.party };
    struct hash32 none = { { 0 } };

    ASSERT(source.token != 0);
    if (is_far_behind(r)) {
        refuse(r, source.token, &none, REFUSAL_BEHIND, 1000);
        return;
    }
    struct pool_answer answer = pool_add(r->pool, r->now, &source, event->request.command);
    ASSERT(answer.bytes <= event->request.command.size); /* R1 */
    if (answer.code != CODE_OK) {
        refuse(r, source.token, &answer.id, answer.code, answer.retry_after_ms);
    }
}

void replica_take_commands(struct replica *r, uint32_t from, struct bytes commands)
{
    struct pool_source source = { .member = from };
    size_t offset = 0;

    ASSERT(from < r->n); /* Q2: whoever sent it pays for it */
    if (from == r->self) {
        return;
    }
    while (offset < commands.size) {
        if (pool_is_rationed(r->pool, r->now, from)) {
            replica_refuse(r, VERDICT_SIGNATURE); /* An honest member sends nothing that it did not verify. */
            return;
        }
        struct pool_answer answer = pool_add(r->pool, r->now, &source, bytes_of(commands.data + offset, commands.size - offset));
        if (answer.bytes == 0) {
            r->counters.malformed++;
            return;
        }
        ASSERT(answer.bytes <= commands.size - offset);
        offset += answer.bytes;
    }
}

bool replica_pool_verified(struct replica *r, uint32_t batch, const bool *verdicts, uint32_t count)
{
    if ((batch & POOL_BATCH_MARK) == 0) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        r->counters.signatures_bad += !verdicts[i];
    }
    ASSERT((batch & ~POOL_BATCH_MARK) < POOL_BATCHES);
    pool_verified(r->pool, r->now, batch & ~POOL_BATCH_MARK, verdicts, count);
    return true;
}

/* verify_batches begins every batch that is due (R1). Not in a step that brought a command: what else came with it belongs to the same batch, and the
 * step after it is due at once (J4). */
static void verify_batches(struct replica *r)
{
    uint64_t due_ns = pool_verify_due_ns(r->pool);

    for (uint32_t i = 0; i < POOL_BATCHES && !r->arriving && due_ns <= r->now.mono_ns; i++) {
        uint32_t batch = 0;
        const struct sig_item *items = NULL;
        uint32_t count = 0;
        if (!pool_verify_take(r->pool, r->now, &batch, &items, &count)) {
            break;
        }
        ASSERT(count > 0); /* R1 */
        struct effect *effect = effects_add(r->out, EFFECT_VERIFY);
        effect->verify.batch = batch | POOL_BATCH_MARK;
        effect->verify.items = items;
        effect->verify.count = count;
        effect->verify.apart = batch >= POOL_BATCHES_COMMON;
        r->counters.signature_checks += count;
        r->counters.checks_by[CHECKS_CLIENTS] += count;
        due_ns = pool_verify_due_ns(r->pool);
    }
    if (due_ns != UINT64_MAX) {
        replica_want(r, due_ns);
    }
}

void replica_tell_outcomes(struct replica *r)
{
    struct pool_outcome outcome;

    for (uint32_t i = 0; i < OUTCOMES_MAX && pool_next_outcome(r->pool, &outcome); i++) {
        if (!outcome.admitted) {
            refuse(r, outcome.token, &outcome.id, outcome.code, outcome.retry_after_ms);
            continue;
        }
        struct effect *effect = effects_add(r->out, EFFECT_ADMIT);
        effect->admit.token = outcome.token;
        effect->admit.id = outcome.id;
        r->counters.requests_admitted++;
    }
}

void replica_pump_pool(struct replica *r)
{
    if (pool_deadline_ns(r->pool) <= r->now.mono_ns) {
        pool_on_time(r->pool, r->now);
    }
    verify_batches(r);
    replica_tell_outcomes(r);
    replica_want(r, pool_deadline_ns(r->pool));
}

/* is_flying: a block is on its way, so that commands can ride with the next vote. */
static bool is_busy(const struct replica *r)
{
    return rank_compare(r->safety.state.vote, r->committed_rank) > 0 || rank_compare(r->high.ballot.rank, r->committed_rank) > 0;
}

void replica_pump_forward(struct replica *r)
{
    uint64_t wait_ns = (uint64_t)r->config.epoch.limits.batch_us * 1000u;

    if (replica_is_leader(r) || !pool_forward_waiting(r->pool) || !r->peers[replica_leader(r, r->view)].linked) {
        return;
    }
    wait_ns = wait_ns > FORWARD_WAIT_NS ? wait_ns : FORWARD_WAIT_NS;
    if (is_busy(r) && !r->rides_in_step && r->now.mono_ns < r->forwarded_ns + wait_ns) {
        replica_want(r, r->forwarded_ns + wait_ns);
        return;
    }
    struct writer room = effects_room(r->out);
    room.offset = pool_forward_next(r->pool, room.data, MESSAGE_FORWARD_BYTES_MAX);
    if (room.offset == 0) {
        return;
    }
    ASSERT(room.offset <= MESSAGE_FORWARD_BYTES_MAX); /* R2 */
    r->forwarded_ns = r->now.mono_ns;
    r->msg.type = MESSAGE_FORWARD;
    r->msg.forward.commands = effects_take(r->out, &room);
    replica_send(r, member_set_one(replica_leader(r, r->view)), 0, NULL);
    if (pool_forward_waiting(r->pool)) {
        replica_want(r, r->now.mono_ns + (is_busy(r) ? wait_ns : 0));
    }
}
