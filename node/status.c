/* status.c: what the daemon says of itself: one "name value" line per figure, names stable, units last. */
#include "node/daemon.h"

#include "base/clock.h"
#include "ledger/ledger.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct lines {
    char *out;
    size_t room;
    size_t used;
};

static void line(struct lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(struct lines *lines, const char *format, ...)
{
    va_list arguments;
    size_t left = lines->room - lines->used;

    va_start(arguments, format);
    int length = vsnprintf(lines->out + lines->used, left, format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length < left) {
        lines->used += (size_t)length;
    }
}

static void number(struct lines *lines, const char *name, uint64_t value)
{
    line(lines, "%s %" PRIu64 "\n", name, value);
}

/* write_root states the root of the executed state. Folding it now costs what a checkpoint would cost later. */
static void write_root(struct lines *lines, const struct daemon *daemon)
{
    char root[2 * HASH_BYTES + 1];
    const struct apply *apply = &daemon->driver.apply;

    if (apply->busy) {
        return;
    }
    struct hash32 hash = ledger_state_root(apply->ledger);
    hex_encode(hash.bytes, HASH_BYTES, root);
    number(lines, "state_height", apply->height);
    line(lines, "state_root %s\n", root);
}

static const char *name_of(const struct daemon *daemon, uint32_t member, struct enrolment *enrolment)
{
    genesis_enrolment(&daemon->boot.genesis, daemon->boot.epoch.members[member].organisation, enrolment);
    return enrolment->name;
}

/* write_left says why a member is left for others, if it is. */
static void write_left(struct lines *lines, uint32_t member, const char *what, enum left_why why)
{
    if (why != LEFT_NOT) {
        line(lines, "peer_%u_%s_left %s\n", member, what, left_word(why));
    }
}

/* write_members says of each member whether it is linked to us, and whether its vote is waited for. */
static void write_members(struct lines *lines, const struct daemon *daemon, const struct replica_status *status)
{
    struct enrolment enrolment;

    line(lines, "chain %s\n", daemon->boot.genesis.chain_name);
    line(lines, "leader_name %s\n", name_of(daemon, status->leader, &enrolment));
    number(lines, "quorum", config_quorum(daemon->boot.epoch.members_count));
    for (uint32_t i = 0; i < daemon->boot.epoch.members_count; i++) {
        bool linked = i == daemon->boot.self || member_set_has(&daemon->driver.links, i);
        line(lines, "peer_%u_name %s\n", i, name_of(daemon, i, &enrolment));
        line(lines, "peer_%u_linked %d\n", i, linked);
        line(lines, "peer_%u_missing %d\n", i, member_set_has(&status->missing, i));
        if (member_set_has(&status->rationed, i)) {
            line(lines, "peer_%u_blocks_wait rationed\n", i);
        }
        const char *wait = snapshot_serve_wait(&daemon->driver.snapshot_serve, i, clock_mono_ns());
        if (wait != NULL) {
            line(lines, "peer_%u_snapshot_wait %s\n", i, wait);
        }
        write_left(lines, i, "blocks", replica_left(daemon->driver.replica, i));
        write_left(lines, i, "snapshot", snapshot_fetch_left(&daemon->driver.snapshot_fetch, i, clock_mono_ns()));
    }
}

/* write_energy says why no joules are given: a reader that this build does not have, or counters that this machine does not have. */
static void write_energy(struct lines *lines)
{
    line(lines, "energy %s\n", access("/sys/class/powercap/intel-rapl:0/energy_uj", F_OK) == 0 ? "unread" : "none");
}

/* write_catch_up says what a replica that lags waits for, and of whom. */
static void write_catch_up(struct lines *lines, const struct daemon *daemon, const struct replica_status *status)
{
    struct enrolment enrolment;
    bool asks = status->catch_up == CATCH_UP_ASKED || status->catch_up == CATCH_UP_CHECKING;

    number(lines, "catching_up", status->catching_up);
    line(lines, "catch_up_reason %s\n", catch_up_text(status->catch_up));
    line(lines, "catch_up_asked %s\n", asks ? name_of(daemon, status->asked, &enrolment) : "none");
}

/* write_commit_age goes by the block's own time: blocks of a log that is read at a start, or of others that were fetched, are as old as they are. */
static void write_commit_age(struct lines *lines, const struct daemon *daemon)
{
    const struct ledger *ledger = daemon->driver.apply.ledger;
    uint64_t wall_ms = clock_wall_ms(), block_ms = ledger_time(ledger);

    if (ledger_height(ledger) > 0) {
        number(lines, "last_commit_age_ms", wall_ms > block_ms ? wall_ms - block_ms : 0);
    }
}

static void write_position(struct lines *lines, const struct daemon *daemon)
{
    struct replica_status status;
    char block[2 * HASH_BYTES + 1];
    uint64_t now_ns = clock_mono_ns();

    replica_status(daemon->driver.replica, &status);
    hex_encode(status.committed_block.bytes, HASH_BYTES, block);
    number(lines, "member", daemon->boot.self);
    number(lines, "members", daemon->boot.epoch.members_count);
    number(lines, "epoch", status.epoch);
    number(lines, "view", status.view);
    number(lines, "leader", status.leader);
    number(lines, "leads", status.leads);
    number(lines, "committed_height", status.committed_height);
    number(lines, "executed_height", status.executed_height);
    line(lines, "committed_block %s\n", block);
    number(lines, "checkpoint_height", status.checkpoint_height);
    number(lines, "blocks_from_height", status.history_low); /* lowest block that others can get here */
    number(lines, "base_height", daemon->driver.has_base ? daemon->driver.base.header.height : 0); /* of the snapshot that this run began with */
    write_root(lines, daemon);
    number(lines, "pool_commands", status.pool_commands);
    number(lines, "outstanding", status.outstanding);
    write_catch_up(lines, daemon, &status);
    number(lines, "draining", status.draining);
    number(lines, "members_linked", member_set_count(&daemon->driver.links)); /* others */
    number(lines, "timeout_ms", status.timeout_ns / 1000000);
    write_members(lines, daemon, &status);
    write_energy(lines);
    number(lines, "uptime_ms", (now_ns - daemon->start_ns) / 1000000);
    write_commit_age(lines, daemon);
    if (daemon->stuck_ns != 0) {
        number(lines, "stuck_ms", (now_ns - daemon->stuck_ns) / 1000000);
    }
}

/* write_messages says what was sent, received and refused, by type and reason, and which questions led to nothing. */
static void write_messages(struct lines *lines, const struct replica_counters *counters)
{
    uint64_t sent = 0;

    for (unsigned type = 0; type < MESSAGE_TYPE_END; type++) {
        sent += counters->sent[type];
        if (counters->sent[type] > 0) {
            line(lines, "sent_%s %" PRIu64 "\n", message_word(type), counters->sent[type]);
        }
    }
    for (unsigned type = 0; type < MESSAGE_TYPE_END; type++) {
        if (counters->received[type] > 0) {
            line(lines, "received_%s %" PRIu64 "\n", message_word(type), counters->received[type]);
        }
    }
    for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        if (counters->refused[verdict] > 0) {
            line(lines, "messages_refused_%s %" PRIu64 "\n", verdict_name((enum verdict)verdict), counters->refused[verdict]);
        }
    }
    for (unsigned why = LEFT_NOT + 1; why < LEFT_END; why++) {
        line(lines, "blocks_left_%s %" PRIu64 "\n", left_word((enum left_why)why), counters->fetches_left[why]);
    }
    number(lines, "fetches_rationed", counters->fetches_rationed);
    number(lines, "messages_sent", sent);
}

static void write_consensus(struct lines *lines, const struct daemon *daemon)
{
    const struct replica_counters *counters = replica_counters(daemon->driver.replica);
    uint64_t changes = 0;

    for (unsigned cause = 0; cause < CAUSE_END; cause++) {
        changes += counters->view_changes[cause];
    }
    write_messages(lines, counters);
    number(lines, "view_changes", changes);
    number(lines, "blocks_committed", counters->blocks_committed);
    number(lines, "commands_committed", counters->commands_committed);
    number(lines, "signature_checks", counters->signature_checks);
    number(lines, "signature_checks_votes", counters->checks_by[CHECKS_VOTES]);
    number(lines, "signature_checks_certificates", counters->checks_by[CHECKS_CERTIFICATES]);
    number(lines, "signature_checks_proposals", counters->checks_by[CHECKS_PROPOSALS]);
    number(lines, "signature_checks_clients", counters->checks_by[CHECKS_CLIENTS]);
    number(lines, "signature_checks_saved", counters->signature_checks_saved);
    number(lines, "proposals_held", counters->proposals_held);
    number(lines, "hedges", counters->hedges);
    number(lines, "signatures_bad", counters->signatures_bad);
    number(lines, "signatures_made", daemon->driver.counters.signatures_made);
    number(lines, "requests_admitted", counters->requests_admitted);
    number(lines, "requests_refused", counters->requests_refused);
    number(lines, "messages_malformed", counters->malformed);
    number(lines, "events_dropped", daemon->driver.counters.events_dropped);
    number(lines, "payloads_dropped", daemon->payloads.dropped);
    number(lines, "outbox_dropped", daemon->driver.outbox.dropped);
}

/* write_process says what the kernel counts of this process: CPU of all threads, and the largest it ever was. */
static void write_process(struct lines *lines)
{
    struct rusage usage = { 0 };

    getrusage(RUSAGE_SELF, &usage);
    number(lines, "cpu_us", clock_process_cpu_ns() / 1000);
    number(lines, "memory_peak_bytes", (uint64_t)usage.ru_maxrss * 1024);
}

/* write_pool says how client signatures were put together, and what was held against whom. */
static void write_pool(struct lines *lines, const struct daemon *daemon)
{
    struct pool_status pool;

    replica_pool_status(daemon->driver.replica, &pool);
    number(lines, "client_batches", pool.batches);
    number(lines, "client_batches_spoilt", pool.batches_spoilt);
    number(lines, "client_commands_known", pool.known_commands);
    number(lines, "doubted_batches", pool.doubted_batches);
    number(lines, "doubted_batches_spoilt", pool.doubted_spoilt);
    number(lines, "doubted_checks", pool.doubted_checks);
    number(lines, "parties_doubted", pool.parties_doubted);
    number(lines, "suspects_named", pool.suspects_named);
    number(lines, "suspect_checks", pool.suspect_checks);
    number(lines, "suspects_refused", pool.suspects_refused);
}

/* write_checks says by which methods signatures were judged, and where. */
static void write_checks(struct lines *lines, struct daemon *daemon)
{
    struct ed25519_counters checks = verify_pool_counters(&daemon->verify);
    struct ed25519_keyset_counters tables = ed25519_keyset_counters(daemon->verify.keyset);
    struct verify_counters work = verify_pool_work(&daemon->verify);

    line(lines, "ed25519_backend %s\n", ed25519_backend_name(daemon->crypto_backend));
    number(lines, "ed25519_checks", checks.checks);
    number(lines, "ed25519_single", checks.single);
    number(lines, "ed25519_direct", checks.direct);
    number(lines, "ed25519_batch", checks.batch);
    number(lines, "ed25519_fast_accepts", checks.fast_accepts);
    number(lines, "ed25519_fallbacks", checks.fallbacks);
    number(lines, "ed25519_rejected", checks.rejected);
    number(lines, "ed25519_batches", checks.batches);
    number(lines, "ed25519_batches_failed", checks.batches_failed);
    number(lines, "ed25519_keys_found", checks.key_hits);
    number(lines, "ed25519_keys_decoded", checks.key_misses);
    number(lines, "ed25519_tables_members", tables.members_ready);
    number(lines, "ed25519_tables_hot", tables.hot_ready);
    number(lines, "ed25519_tables_built", tables.tables_built);
    number(lines, "verify_calls_here", work.calls_inline);
    number(lines, "verify_checks_here", work.checks_inline);
    number(lines, "verify_calls_workers", work.calls_worker);
    number(lines, "verify_checks_workers", work.checks_worker);
    number(lines, "verify_notifies", work.notifies);
}

static void write_wakeups(struct lines *lines, const struct loop_counters *loop)
{
    static const char *const names[LOOP_CAUSE_COUNT] = { [LOOP_CAUSE_DEADLINE] = "wakeups_deadline", [LOOP_CAUSE_MEMBER] = "wakeups_member",
                                                         [LOOP_CAUSE_STRANGER] = "wakeups_client",   [LOOP_CAUSE_WORKER] = "wakeups_verdict",
                                                         [LOOP_CAUSE_SIGNAL] = "wakeups_signal",     [LOOP_CAUSE_OTHER] = "wakeups_disk" };
    uint64_t sum = 0;

    for (unsigned cause = 0; cause < LOOP_CAUSE_COUNT; cause++) {
        sum += loop->wakeups[cause];
    }
    number(lines, "wakeups", sum);
    for (unsigned cause = 0; cause < LOOP_CAUSE_COUNT; cause++) {
        number(lines, names[cause], loop->wakeups[cause]);
    }
}

static void write_io(struct lines *lines, struct daemon *daemon)
{
    const struct segment_log_counters *log = &daemon->driver.log.counters;
    const struct disk_counters *disk = &daemon->store.disk.disk.counters;
    const struct net_counters *net = net_counters(daemon->net);

    number(lines, "log_batches", log->batches);
    number(lines, "log_bytes_written", log->bytes_written);
    number(lines, "log_write_us_sum", log->write_ns_sum / 1000); /* of durable writes, from the kernel's taking it to its being durable */
    number(lines, "log_write_us_max", log->write_ns_max / 1000);
    number(lines, "log_payload_bytes", log->payload_bytes);
    number(lines, "disk_writes", disk->writes);
    number(lines, "disk_writes_at_once", disk->writes_at_once);
    number(lines, "disk_bytes_written", disk->bytes_written);
    number(lines, "disk_background_flushes", disk->background_flushes);
    number(lines, "log_room_bytes", segment_log_room_bytes(&daemon->driver.log));
    number(lines, "disk_used_permille", daemon->keeper.permille);
    line(lines, "disk_level %s\n", space_level_name(daemon->keeper.level));
    number(lines, "ballast_bytes", daemon->keeper.ballast_bytes);
    number(lines, "segments_prepared", disk->segments_prepared);
    number(lines, "disk_flushes", disk->flushes);
    number(lines, "sandboxed", daemon->sandboxed);
    line(lines, "io_backend %s\n", daemon->loop->ops->name);
    write_wakeups(lines, &daemon->loop->counters);
    number(lines, "loop_enters", daemon->loop->counters.enters);
    number(lines, "frames_in", net->frames_in);
    number(lines, "frames_out", net->frames_out);
    number(lines, "member_frames_in", net->member_frames_in);
    number(lines, "member_frames_out", net->member_frames_out);
    number(lines, "bytes_in", net->bytes_in);
    number(lines, "bytes_out", net->bytes_out);
    number(lines, "sends_dropped", net->sends_dropped);
    number(lines, "handshakes_failed", net->handshakes_failed);
    number(lines, "strangers_refused", net->strangers_refused);
    number(lines, "clients_idled", net->clients_idled); /* gave their places to others */
    number(lines, "frames_malformed", net->malformed);
    write_checks(lines, daemon);
    write_process(lines);
    number(lines, "memory_reserved_bytes", daemon->arena_bytes);
    struct thread_heap heap;
    number(lines, "heap_counted", daemon->heap_told ? 1 : 0);
    if (daemon->heap_told && thread_heap_read(&heap)) {
        number(lines, "heap_bytes_after_seal", heap.bytes - daemon->heap_sealed.bytes);
        number(lines, "heap_bytes_by_resolver", heap.paused_bytes - daemon->heap_sealed.paused_bytes);
    }
}

static void write_snapshots(struct lines *lines, const struct daemon *daemon)
{
    const struct snapshots *snapshots = &daemon->driver.snapshots;

    number(lines, "snapshot_height", snapshots->newest.set ? snapshots->newest.height : 0);
    number(lines, "snapshot_older_height", snapshots->older.set ? snapshots->older.height : 0);
    number(lines, "snapshot_stage", snapshots->stage);
    number(lines, "snapshots_made", snapshots->counters.made);
    number(lines, "snapshots_missed", snapshots->counters.missed);
    number(lines, "snapshots_failed", snapshots->counters.failed);
    number(lines, "snapshot_bytes", snapshots->counters.bytes);
    number(lines, "snapshot_slices", snapshots->counters.slices);
    number(lines, "snapshot_slice_us_max", snapshots->counters.slice_ns_max / 1000);
    line(lines, "snapshot_reason %s\n", snapshots->reason[0] == '\0' ? "none" : snapshots->reason);
    const struct snapshot_fetch *fetch = &daemon->driver.snapshot_fetch;
    const struct snapshot_serve *serve = &daemon->driver.snapshot_serve;
    number(lines, "snapshot_fetch_stage", fetch->stage);
    number(lines, "snapshot_fetch_height", fetch->target.height);
    number(lines, "snapshot_fetch_chunks", fetch->manifest.chunks_count);
    number(lines, "snapshot_fetch_have", fetch->have_count);
    number(lines, "snapshot_fetch_resumed", fetch->chunks_resumed);
    number(lines, "snapshot_fetch_wrong", fetch->chunks_wrong);
    number(lines, "snapshot_fetch_timeouts", fetch->timeouts);
    line(lines, "snapshot_fetch_reason %s\n", fetch->reason[0] == '\0' ? "none" : fetch->reason);
    number(lines, "snapshot_serve_offers", serve->offers);
    number(lines, "snapshot_serve_bytes", serve->bytes);
    number(lines, "snapshot_serve_refused", serve->refused);
    number(lines, "log_first_segment", daemon->driver.first_segment);
    number(lines, "segments_retired", daemon->driver.counters.segments_retired);
}

static void write_repair(struct lines *lines, const struct daemon *daemon)
{
    const struct repair *repair = &daemon->driver.repair;

    struct replica_status status;

    replica_status(daemon->driver.replica, &status);
    number(lines, "may_sign", replica_may_sign(daemon->driver.replica));
    number(lines, "rejoining", status.forgot);
    if (status.forgot) {
        number(lines, "rejoin_heard", status.heard);
        number(lines, "rejoin_wanted", config_quorum(daemon->boot.epoch.members_count));
    } else if (status.limit_view >= 0) {
        number(lines, "abstains_to_view", (uint64_t)status.limit_view);
    }
    number(lines, "damage_found", repair->counters.found);
    number(lines, "damage_repaired", repair->counters.repaired);
    number(lines, "damage_waiting", repair->count);
    line(lines, "damage_reason %s\n", repair_reason(repair, !member_set_is_empty(&daemon->driver.links)));
    number(lines, "damage_given_up", repair->counters.given_up);
    number(lines, "damage_settled_before", daemon->recovery.repaired);
    number(lines, "blocks_repaired", repair->counters.blocks);
    const struct scrub_counters *scrub = &daemon->driver.scrub.counters;
    number(lines, "scrub_bytes", scrub->bytes);
    number(lines, "scrub_segments", scrub->segments);
    number(lines, "scrub_snapshots", scrub->snapshots);
    number(lines, "scrub_passes", scrub->passes);
    number(lines, "scrub_found", scrub->found);
    number(lines, "scrub_snapshots_bad", scrub->snapshots_bad);
}

static void write_sessions(struct lines *lines, const struct daemon *daemon)
{
    const struct session_counters *counters = &daemon->sessions.counters;

    number(lines, "submitted", counters->submitted);
    number(lines, "admitted", counters->admitted);
    number(lines, "client_malformed", counters->malformed);
    number(lines, "questions_in_part", daemon->sessions.questions.granted); /* answered in a second in which others asked for more than all may have */
    number(lines, "questions_pushed", daemon->sessions.gates.pushed);       /* gave their places to those of others */
    for (unsigned code = 0; code < SESSION_CODES_MAX; code++) {
        if (counters->refused[code] > 0) {
            line(lines, "refused_%u %" PRIu64 "\n", code, counters->refused[code]);
        }
        if (counters->receipts[code] > 0) {
            line(lines, "receipts_%u %" PRIu64 "\n", code, counters->receipts[code]);
        }
    }
}

uint16_t daemon_status(void *context, uint8_t *out, size_t room, size_t *size)
{
    struct daemon *daemon = context;
    struct lines lines = { (char *)out, room, 0 };

    write_position(&lines, daemon);
    write_consensus(&lines, daemon);
    write_pool(&lines, daemon);
    write_io(&lines, daemon);
    write_snapshots(&lines, daemon);
    write_repair(&lines, daemon);
    write_sessions(&lines, daemon);
    *size = lines.used;
    return 0;
}
