/* daemon_ports.c: the driver's world in the daemon: net, sessions, verify threads, log lines. */
#include "node/daemon_priv.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"

static struct now port_now(void *context)
{
    (void)context;
    return (struct now){ clock_mono_ns(), clock_wall_ms() };
}

/* copy_payload copies a body that several queues share. When all buffers are taken, members that do not read hold them: they are let go, one after the
 * other, until there is room again. */
static struct payload *copy_payload(struct daemon *daemon, const struct port_message *message)
{
    struct payload *payload = payloads_copy(&daemon->payloads, message->head, message->tail);

    for (uint32_t i = 0; payload == NULL && i < daemon->boot.epoch.members_count && net_shed(daemon->net) != NET_NOT_MEMBER; i++) {
        payload = payloads_copy(&daemon->payloads, message->head, message->tail);
    }
    return payload;
}

static void port_send(void *context, const struct port_message *message)
{
    struct daemon *daemon = context;
    struct payload *payload = NULL;

    if (message->tail.size > 0 || message->head.size > NET_HEAD_BYTES_MAX) {
        payload = copy_payload(daemon, message);
        if (payload == NULL) {
            return;
        }
    }
    struct net_message out = { .type = message->type, .version = MEMBER_FRAME_VERSION, .head = payload == NULL ? message->head : bytes_of("", 0), .body = payload };
    for (uint32_t member = 0; member < daemon->boot.epoch.members_count; member++) {
        if (member_set_has(&message->to, member)) {
            (void)net_send(daemon->net, member, &out); /* Lost messages are the protocol's business. */
        }
    }
    if (payload != NULL) {
        payload_drop(payload);
    }
}

static void port_verify(void *context, uint32_t batch, const struct sig_item *items, uint32_t count, bool apart)
{
    struct daemon *daemon = context;
    uint32_t slot = 0;

    while (slot < VERIFY_JOBS_MAX && daemon->verify_slots[slot]) {
        slot++;
    }
    ASSERT(slot < VERIFY_JOBS_MAX);
    daemon->verify_slots[slot] = true;
    struct verify_job job = { (uint64_t)slot << 32 | batch, items, count, daemon->verdicts + (size_t)slot * VERIFY_POOL_ITEMS_MAX, apart };
    enum err err = verify_pool_submit(&daemon->verify, &job);
    ASSERT(err == ERR_OK);
}

static void port_task(void *context, struct task *task)
{
    struct daemon *daemon = context;

    verify_pool_task(&daemon->verify, task);
}

static void port_await(void *context, struct task *task)
{
    struct daemon *daemon = context;

    verify_pool_await(&daemon->verify, task);
}

void daemon_collect(struct daemon *daemon)
{
    struct verify_job job;

    while (!driver_is_stalled(&daemon->driver) && verify_pool_collect(&daemon->verify, &job)) {
        daemon->verify_slots[job.id >> 32] = false;
        driver_verified(&daemon->driver, (uint32_t)job.id, job.verdicts, (uint32_t)job.n);
    }
}

static void port_admitted(void *context, uint64_t token, const struct hash32 *tx_id)
{
    struct daemon *daemon = context;

    sessions_admitted(&daemon->sessions, token, tx_id);
}

static void port_refused(void *context, uint64_t token, const struct hash32 *tx_id, uint16_t code, uint32_t retry_after_ms)
{
    struct daemon *daemon = context;

    (void)tx_id;
    sessions_refused(&daemon->sessions, token, code, retry_after_ms);
}

static void port_read_done(void *context, uint64_t token, bool ok, uint64_t height)
{
    struct daemon *daemon = context;

    (void)height;
    sessions_read_done(&daemon->sessions, token, ok);
}

static void port_proof(void *context, uint64_t token, bool ok, const struct block_header *header, struct bytes proof)
{
    struct daemon *daemon = context;

    (void)token;
    sessions_proof(&daemon->sessions, ok, header, proof);
}

static void port_executed(void *context, const struct apply_block *block)
{
    struct daemon *daemon = context;

    if (daemon->driver.has_base && !daemon->base_told) {
        daemon->base_told = true;
        queries_begin(&daemon->queries, daemon->driver.base.checkpoint_ms);
    }
    queries_certified(&daemon->queries, replica_checkpoint(daemon->driver.replica));
    queries_executed(&daemon->queries);
    daemon->stuck_ns = 0;
    if (daemon->speaking) {
        sessions_executed(&daemon->sessions, block);
    }
}

/* note_stuck keeps the time since which work waits for another view. A view that a leader gives up when there is no work holds nobody up once it has
 * changed, and neither does a checkpoint that is not certified yet. */
static void note_stuck(struct daemon *daemon, enum mark mark)
{
    struct replica_status status;

    if (mark != MARK_TIMED_OUT && daemon->stuck_ns == 0) {
        return;
    }
    replica_status(daemon->driver.replica, &status);
    if (!status.needs_view) {
        daemon->stuck_ns = 0;
    } else if (daemon->stuck_ns == 0) {
        daemon->stuck_ns = clock_mono_ns();
    }
}

static void port_mark(void *context, enum mark mark, uint64_t view, uint64_t height, uint32_t member, uint64_t value)
{
    static struct log_event events[MARK_COUNT] = {
        [MARK_OPENED] = LOG_EVENT(LOG_INFO, NULL, "consensus.opened"),
        [MARK_TIMED_OUT] = LOG_EVENT(LOG_WARN, "W-0101", "consensus.timed_out"),
        [MARK_ENTERED] = LOG_EVENT(LOG_INFO, NULL, "consensus.entered"),
        [MARK_ABDICATED] = LOG_EVENT(LOG_INFO, NULL, "consensus.abdicated"),
        [MARK_BAD_SIGNATURE] = LOG_EVENT(LOG_WARN, "W-0102", "consensus.bad_signature"),
        [MARK_EQUIVOCATION] = LOG_EVENT(LOG_ERROR, "E-0103", "consensus.equivocation"),
        [MARK_CHECKPOINTED] = LOG_EVENT(LOG_INFO, NULL, "consensus.checkpointed"),
        [MARK_REJOINED] = LOG_EVENT(LOG_WARN, "W-0104", "consensus.rejoined"), /* value: nothing is signed up to this view; member: who said so */
    };

    struct daemon *daemon = context;

    note_stuck(daemon, mark);
    if (mark == MARK_CHECKPOINTED) {
        queries_certified(&daemon->queries, replica_checkpoint(daemon->driver.replica));
    }
    daemon->save_wanted = daemon->save_wanted || (mark == MARK_CHECKPOINTED && daemon->speaking);
    if (events[mark].name != NULL) {
        log_write(&events[mark], "view=%llu height=%llu member=%u value=%llu", (unsigned long long)view, (unsigned long long)height, member,
                  (unsigned long long)value);
    }
}

static void port_drained(void *context)
{
    struct daemon *daemon = context;

    daemon->drained = true;
}

/* refuse_twin: this run signed, and so did somebody else. */
static enum exit_code refuse_twin(struct daemon *daemon, const struct effect *halt)
{
    return boot_fail(&daemon->boot, EXIT_REFUSED,
                     "another process signs with the key of this replica at this moment: member %u holds a signature of it of view %llu, height %llu, that this process has not made. Find the"
                     " other one (a copy of this machine, or of the key and of %s) and stop it. Neither directory knows what the other signed: move both away and make a new one with"
                     " `wardd --rejoin` (docs/operations.md, \"When the disk is lost\")",
                     halt->halt.member, (unsigned long long)halt->halt.view, (unsigned long long)halt->halt.height, daemon->boot.config.node.data_dir);
}

static void port_halted(void *context, const struct effect *halt)
{
    struct daemon *daemon = context;
    enum halt_reason reason = halt->halt.reason;
    uint64_t height = halt->halt.height;

    daemon->stop = true;
    if (reason == HALT_ROLLED_BACK && replica_may_sign(daemon->driver.replica)) {
        daemon->code = refuse_twin(daemon, halt);
        return;
    }
    if (reason == HALT_ROLLED_BACK) {
        daemon->code = boot_fail(&daemon->boot, EXIT_REFUSED,
                                 "%s is older than what this key has signed: member %u holds a signature of it of view %llu, height %llu, that the log here does not know. It was put"
                                 " back from a copy, or the disk forgot what it called durable. Nothing was signed in this run, and nothing may be signed from this directory again:"
                                 " if the newer directory still exists, start that one; if not, move this one away and make a new one with `wardd --rejoin` (docs/operations.md, \"When the disk is lost\")",
                                 daemon->boot.config.node.data_dir, halt->halt.member, (unsigned long long)halt->halt.view, (unsigned long long)height);
        return;
    }
    daemon->code = boot_fail(&daemon->boot, EXIT_INTEGRITY, "halted at height %llu: %s; the data is kept", (unsigned long long)height,
                             reason == HALT_CHECKPOINT_DIFFERS ? "the state differs from the certified checkpoint" : "two commit proofs exclude each other");
}

static void port_failed(void *context, enum err err)
{
    struct daemon *daemon = context;

    daemon->stop = true;
    daemon->code = boot_fail(&daemon->boot, EXIT_RESOURCE,
                             "a write to %s failed (%s): nothing was signed after it, and it is not tried again. Look at the disk (dmesg, SMART); a restart reads"
                             " the log from the medium and repairs what it can",
                             daemon->boot.config.node.data_dir, err_name(err));
}

/* port_damage says each piece once when it is found and once when it is made good. */
static void port_damage(void *context, const struct recovery_damage *damage, bool repaired)
{
    static struct log_event found = LOG_EVENT(LOG_WARN, "W-0207", "log.damaged"), good = LOG_EVENT(LOG_INFO, NULL, "log.repaired");
    const struct daemon *daemon = context;

    log_write(repaired ? &good : &found, "segment=%u block=%u batch=%llu record=%s height=%llu fate=%s waiting=%u", damage->segment, damage->block,
              (unsigned long long)damage->batch, damage->kind == 0 ? "any" : record_kind_name(damage->kind), (unsigned long long)damage->height,
              batch_fate_name(damage->fate), daemon->driver.repair.count);
}

struct driver_ports daemon_ports(struct daemon *daemon)
{
    return (struct driver_ports){
        .context = daemon,
        .now = port_now,
        .send = port_send,
        .verify = port_verify,
        .task = port_task,
        .await = port_await,
        .admitted = port_admitted,
        .refused = port_refused,
        .read_done = port_read_done,
        .proof = port_proof,
        .executed = port_executed,
        .mark = port_mark,
        .drained = port_drained,
        .halted = port_halted,
        .failed = port_failed,
        .damage = port_damage,
    };
}
