/* driver_test.c: one driver over a disk in memory: nothing signed leaves before the log covers it, a log that fails ends signing, links are told
 * as they are, and an orderly stop comes to rest. Whole clusters of drivers run in tests/sim. */
#include "node/driver.h"

#include "sim/world/host.h"
#include "sim/world/spoil.h"
#include "storage/segment_log_priv.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define WRITE_NS (20 * MS) /* of the slow disk */

static struct cast cast;
static struct host host;
static uint64_t now_ns;
static uint32_t proposals, admitted, refused, broken;
static uint16_t refused_code;

static uint64_t on_now(void *context) { (void)context; return now_ns; }
static bool on_verify(void *context, const struct sig_item *item) { (void)context; return ed25519_verify(item); }

static void on_send(void *context, uint32_t member, const struct port_message *message)
{
    (void)context, (void)member;
    cr_assert_not(member_set_has(&message->to, member), "never to oneself");
    proposals += message->type == MESSAGE_PROPOSE;
}

static void on_mark(void *context, uint32_t member, enum mark mark, uint64_t view, uint64_t height, uint32_t about, uint64_t value)
{
    (void)context, (void)member, (void)mark, (void)view, (void)height, (void)about, (void)value;
}

static void on_executed(void *context, uint32_t member, const struct apply_block *block, const struct hash32 *root)
{
    (void)context, (void)member, (void)block, (void)root;
}

static void on_admitted(void *context, uint32_t member, uint64_t token) { (void)context, (void)member, (void)token; admitted++; }

static void on_refused(void *context, uint32_t member, uint64_t token, uint16_t code, uint32_t retry_after_ms)
{
    (void)context, (void)member, (void)token, (void)retry_after_ms;
    refused++;
    refused_code = code;
}

static void on_broken(void *context, uint32_t member, const char *what) { (void)context, (void)member, (void)what; broken++; }

static const struct host_world world = { NULL, on_now, on_verify, on_send, on_mark, on_executed, on_admitted, on_refused, on_broken, NULL, NULL, NULL };

/* begin makes member 0, which leads view 0, on a disk whose writes take WRITE_NS. */
static void begin(void)
{
    struct cast_plan plan = { .seed = 8, .members_count = 4, .actors_count = 4, .limits = config_limits_default() };
    struct host_plan host_plan = { .seed = 8, .member = 0, .verify_ns_max = 1000, .segments_max = 8, .alone = true, .disk = { .delay_ns_min = WRITE_NS, .delay_ns_max = WRITE_NS } };

    crypto_start();
    plan.limits.block_bytes_max = 65536;
    plan.limits.batch_us = 0;
    cast_make(&cast, &plan);
    host_open(&host, &cast, &world, &host_plan);
    now_ns = 0;
    proposals = admitted = refused = broken = 0;
    cr_assert(host_start(&host));
}

static void end(void)
{
    host_close(&host);
    cast_close(&cast);
}

TestSuite(driver, .init = begin, .fini = end);

static void run_until(uint64_t end_ns)
{
    host.due_known = false; /* Tests speak to the driver behind the host's back. */
    for (uint32_t i = 0; i < 100000 && host_due_ns(&host) <= end_ns; i++) {
        now_ns = host_due_ns(&host) > now_ns ? host_due_ns(&host) : now_ns;
        cr_assert(host_work(&host));
    }
    now_ns = end_ns;
}

static void link_all(bool up)
{
    for (uint32_t i = 1; i < 4; i++) {
        driver_link(&host.driver, i, up);
    }
}

static void request(uint32_t actor, uint64_t nonce)
{
    static struct cast_command command;

    command.nonce = nonce;
    command.valid_until_ms = CAST_GENESIS_MS + 300000;
    cast_sign(&cast, actor, &command);
    host_request(&host, 100 + nonce, 1, bytes_of(command.bytes, command.size));
}

Test(driver, nothing_signed_leaves_before_the_log_covers_it_I8)
{
    link_all(true);
    run_until(2 * MS);
    request(0, 1);
    uint32_t waited = 0;
    for (unsigned i = 0; i < 200 && host.driver.lsn_durable == 0; i++) {
        cr_assert_eq(host.driver.counters.signatures_made, 0);
        cr_assert_eq(proposals, 0, "L4: led_view is not durable yet");
        waited = host.driver.outbox.count > waited ? host.driver.outbox.count : waited;
        run_until(now_ns + MS);
    }
    cr_assert_eq(admitted, 1);
    cr_assert_gt(waited, 0, "the vote waits in the outbox");
    cr_assert_gt(host.driver.lsn_durable, 0);
    cr_assert(driver_is_working(&host.driver), "a request waits for its block");
    run_until(now_ns + MS);
    cr_assert_gt(proposals, 0);
    cr_assert_gt(host.driver.counters.signatures_made, 0);
}

Test(driver, a_log_that_cannot_write_ends_signing_for_good)
{
    link_all(true);
    run_until(2 * MS);
    host.disk.config.faults.write_error = 1000000;
    request(0, 1);
    run_until(now_ns + 4 * WRITE_NS);
    cr_assert_eq(broken, 1);
    cr_assert_eq(host.driver.counters.signatures_made, 0);
    cr_assert_eq(driver_deadline_ns(&host.driver), UINT64_MAX);
    request(1, 1);
    cr_assert_eq(refused, 1);
    cr_assert_eq(refused_code, REFUSAL_BUSY);
    cr_assert_eq(host.driver.counters.events_dropped, 1);
}

/* Each way in which a disk can fail a write: whatever waits for it never leaves, and nothing is tried again. */
Test(driver, no_failed_write_is_tried_again_and_no_vote_leaves_after_it)
{
    for (unsigned kind = 0; kind < 2; kind++) {
        link_all(true);
        run_until(now_ns + 2 * MS);
        uint64_t before = host.disk.disk.counters.writes;
        host.disk.config.faults.write_error = kind == 0 ? 1000000 : 0;
        host.disk.config.faults.short_write = kind == 1 ? 1000000 : 0;
        request(0, 1);
        run_until(now_ns + 4 * WRITE_NS);
        cr_assert_eq(broken, 1);
        uint64_t writes = host.disk.disk.counters.writes;
        cr_assert_eq(writes, before + 1);
        host.disk.config.faults = (struct sim_disk_faults){ 0 }; /* The disk is well again; nobody may find out. */
        request(2, 1);
        driver_work(&host.driver);
        driver_flush(&host.driver);
        run_until(now_ns + 100 * WRITE_NS);
        cr_assert_eq(host.disk.disk.counters.writes, writes);
        cr_assert_eq(host.driver.counters.signatures_made, 0);
        cr_assert_gt(host.driver.outbox.count, 0, "a vote waits, and never leaves");
        cr_assert(host.driver.stopped);
        end();
        begin();
    }
}

Test(driver, a_failure_beside_the_log_ends_signing_and_is_told_once)
{
    link_all(true);
    run_until(2 * MS);
    request(0, 1);
    driver_fail(&host.driver, ERR_IO);
    driver_fail(&host.driver, ERR_IO);
    cr_assert_eq(broken, 1);
    run_until(now_ns + 4 * WRITE_NS);
    cr_assert_eq(host.driver.counters.signatures_made, 0);
}

/* The disk is full: nothing fails, and with room the log goes on where it stood. */
Test(driver, a_full_disk_stalls_and_goes_on_when_there_is_room)
{
    link_all(true);
    host.disk.config.faults.full = 1000000;
    run_until(2 * MS);
    request(0, 1);
    run_until(now_ns + 10 * WRITE_NS);
    cr_assert_eq(broken, 0);
    cr_assert(segment_log_is_starved(&host.driver.log));
    cr_assert_eq(host.driver.lsn_durable, 0, "there is not even a first segment");
    cr_assert_eq(host.driver.counters.signatures_made, 0);
    host.disk.config.faults.full = 0;
    segment_log_reserve(&host.driver.log);
    run_until(now_ns + 10 * WRITE_NS);
    cr_assert_not(segment_log_is_starved(&host.driver.log));
    cr_assert_gt(host.driver.lsn_durable, 0);
    cr_assert_gt(proposals, 0);
}

Test(driver, clients_are_refused_while_the_disk_is_nearly_full)
{
    link_all(true);
    run_until(2 * MS);
    driver_refuse(&host.driver, REFUSAL_DISK, 5000);
    request(0, 1);
    cr_assert_eq(refused, 1);
    cr_assert_eq(refused_code, REFUSAL_DISK);
    driver_refuse(&host.driver, REFUSAL_NONE, 0);
    request(0, 1);
    run_until(now_ns + 4 * WRITE_NS);
    cr_assert_eq(admitted, 1);
}

Test(driver, a_mute_replica_signs_no_vote_until_it_may_T9)
{
    link_all(true);
    run_until(2 * MS);
    driver_mute(&host.driver, true);
    cr_assert_eq(driver_deadline_ns(&host.driver), 0, "the replica is to be told");
    run_until(now_ns + 4 * WRITE_NS);
    cr_assert(host.driver.mute_told);
    uint64_t signatures = host.driver.counters.signatures_made;
    request(0, 1);
    run_until(now_ns + 4 * WRITE_NS);
    cr_assert_eq(proposals, 0);
    cr_assert_eq(host.driver.counters.signatures_made, signatures);
    driver_mute(&host.driver, false);
    run_until(now_ns + MS);
    cr_assert_not(host.driver.mute_told);
}

Test(driver, a_message_of_any_bytes_is_safe_and_counted)
{
    uint8_t noise[64];

    memset(noise, 0xa5, sizeof noise);
    for (unsigned type = 0; type < 256; type++) {
        host_message(&host, 1, (uint8_t)type, bytes_of(noise, type % sizeof noise));
    }
    run_until(now_ns + 10 * MS);
    cr_assert_gt(replica_counters(host.driver.replica)->malformed, 200);
    cr_assert_eq(broken, 0);
}

Test(driver, the_replica_knows_of_links_as_they_are)
{
    struct replica_status status;

    driver_link(&host.driver, 2, true);
    cr_assert_eq(driver_deadline_ns(&host.driver), 0, "it waits to be told");
    driver_link(&host.driver, 2, false);
    cr_assert_neq(driver_deadline_ns(&host.driver), 0, "nothing changed in the end");
    driver_link(&host.driver, 3, true);
    run_until(now_ns + MS);
    replica_status(host.driver.replica, &status);
    cr_assert(member_set_has(&status.linked, 3));
    cr_assert_not(member_set_has(&status.linked, 2));
}

Test(driver, idle_means_no_deadline_and_nothing_under_way_N5)
{
    run_until(now_ns + 200 * MS);
    cr_assert(driver_is_idle(&host.driver));
    cr_assert_not(driver_is_stalled(&host.driver));
    cr_assert_eq(driver_deadline_ns(&host.driver), UINT64_MAX);
    cr_assert_not(driver_is_working(&host.driver));
}

Test(driver, a_stop_that_is_wanted_takes_no_more_requests)
{
    link_all(true);
    run_until(2 * MS);
    driver_drain(&host.driver);
    (void)host_work(&host);
    request(0, 1);
    cr_assert_eq(refused, 1);
    cr_assert_eq(refused_code, REFUSAL_DRAINING);
    run_until(now_ns + 3000 * MS);
    cr_assert(host.drained);
}

Test(driver, what_was_promised_is_known_after_a_restart)
{
    link_all(true);
    run_until(2 * MS);
    request(0, 1);
    run_until(now_ns + 4 * WRITE_NS);
    struct capsule before = host.driver.log.capsule_durable;
    cr_assert_neq(before.vote_kind, 0);
    host_crash(&host, true);
    cr_assert(host_start(&host));
    cr_assert(capsule_follows(&host.recovery.position.capsule, &before), "I6: never less than what was durable");
    cr_assert_neq(host.recovery.position.capsule.vote_kind, 0);
    cr_assert_eq(host.driver.counters.records_refused, 0);
}

Test(driver, a_start_that_lost_a_batch_writes_at_once_what_it_abstains_from_T11)
{
    link_all(true);
    run_until(2 * MS);
    request(0, 1);
    run_until(now_ns + 4 * WRITE_NS);
    for (int life = 0; life < 4; life++) { /* a batch is lost; it was lost before; one is lost again; likewise */
        if (life % 2 == 0) {
            cr_assert(spoil_host(&host, SPOIL_VOTE, 64));
        }
        host_crash(&host, true);
        cr_assert(host_start(&host));
        cr_assert_eq(host.recovery.sign, SIGN_ABOVE_LIMIT);
        int64_t view = host.recovery.position.capsule.abstain_view;
        run_until(now_ns + 8 * WRITE_NS);
        cr_assert_geq(view, 0);
        cr_assert_eq(host.driver.log.capsule_durable.abstain_view, view);
        cr_assert_eq(host.driver.log.counters.batches > 0, life % 2 == 0, "life %d: it writes, or has nothing to write", life);
        cr_assert_eq(broken, 0);
    }
}

/* time_out has the log promise a TIMEOUT behind the replica's back. */
static void time_out(int64_t view)
{
    struct capsule capsule = host.driver.log.at.capsule;
    uint64_t lsn = 0, told = host.driver.lsn_durable;

    capsule.timeout_view = view;
    cr_assert_eq(segment_log_append(&host.driver.log, &capsule, NULL, 0, &lsn), ERR_OK);
    segment_log_kick(&host.driver.log);
    now_ns += 8 * WRITE_NS;
    sim_disk_step(&host.disk, now_ns);
    host.driver.lsn_durable = told; /* as if the run had begun behind it */
    host.driver.lsn_base++;
    cr_assert(host_work(&host));
    run_until(now_ns + 8 * WRITE_NS);
    cr_assert_eq(host.driver.log.capsule_durable.timeout_view, view);
}

/* Of headers that rot at the end nobody can tell how many batches they were of. */
Test(driver, a_log_that_lost_all_its_batches_abstains_from_what_they_may_have_signed_T11)
{
    time_out(0);
    time_out(1);
    cr_assert_gt(host.driver.log.table_count, 1);
    for (size_t i = 0; i < host.driver.log.table_count; i++) {
        uint8_t *head = sim_disk_sector(&host.disk, host.driver.log.at.segment, (uint64_t)host.driver.log.table[i].block * DISK_BLOCK);
        cr_assert_not_null(head);
        head[8] ^= 1;
    }
    host_crash(&host, true);
    cr_assert(host_start(&host));
    cr_assert_eq(host.recovery.sign, SIGN_ABOVE_LIMIT);
    cr_assert_eq(host.recovery.position.capsule.timeout_view, -1, "nothing is known");
    cr_assert_geq(host.recovery.position.capsule.abstain_view, 1);
}

Test(driver, the_superblock_holds_each_view_limit_that_the_log_promises_T11)
{
    static const int64_t views[] = { 0, 1, 31, 32, 33, 63, 64, 96, 97, 1000 };

    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        time_out(views[i]);
        cr_assert_geq(host.superblocks.current.limit_view, host.driver.log.capsule_durable.limit_view, "view %ld", views[i]);
        cr_assert_geq((int64_t)host.superblocks.current.limit_view, views[i]);
        cr_assert_not(host.driver.save_wanted);
    }
    cr_assert_lt(host.superblocks.current.sequence, 6, "once for each that was raised");
}

/* put appends a record to the log behind the replica's back. */
static void put(uint8_t kind, uint64_t height, const struct hash32 *hash, const struct writer *payload)
{
    struct bytes part = bytes_of(payload->data, payload->offset);
    struct log_record record = { .kind = kind, .height = height, .hash = *hash, .parts = &part, .parts_count = 1 };
    struct capsule capsule = host.driver.log.at.capsule;
    uint64_t lsn = 0;

    cr_assert_not(payload->failed);
    cr_assert_eq(segment_log_append(&host.driver.log, &capsule, &record, 1, &lsn), ERR_OK);
}

/* The log has no room when a snapshot is durable: what counts below it is not appended again yet, and nothing below may go before it is. */
Test(driver, a_snapshot_lets_nothing_go_before_the_log_has_taken_what_it_carries_K2)
{
    static const uint8_t zeros[65536];
    struct bytes part = bytes_of(zeros, sizeof zeros);
    struct log_record record = { .kind = RECORD_EVIDENCE, .parts = &part, .parts_count = 1 };
    struct segment_log *log = &host.driver.log;
    uint64_t lsn = 0;

    link_all(true);
    host.disk.config.faults.full = 1000000;
    run_until(2 * MS);
    uint64_t own = log->at.lsn - host.driver.lsn_base;
    struct capsule capsule = log->at.capsule;
    while (segment_log_append(log, &capsule, &record, 1, &lsn) == ERR_OK) { /* bounded by the queue */
    }
    cr_assert_eq(log->queue_count, log->config.queue_batches);
    log_batch_close(log, log_batch_at(log, log->queue_count - 1), 0, 0); /* not even for a capsule alone */
    host.driver.lsn_base = log->at.lsn - own; /* as if they were the replica's */
    host.driver.snapshots.installed = true;
    (void)driver_work(&host.driver);
    cr_assert(driver_is_stalled(&host.driver));
    cr_assert_gt(host.driver.carried_lsn, log->at.lsn - host.driver.lsn_base, "K2");
}

/* stray has a member's log hold a block, its proof and a checkpoint certificate of another state than the replay leads to, as after a version that executes otherwise.
 * certificate_first: it stands in front of the proof, so that it is known when the block is executed. */
static void stray(bool certificate_first)
{
    static uint8_t bytes[2][65536];
    static struct commit_proof proof;
    static struct checkpoint_cert cert;
    struct writer writers[2];

    link_all(true);
    run_until(2 * MS);
    request(0, 1);
    run_until(now_ns + 4 * WRITE_NS);
    struct hash32 block = host.driver.log.capsule_durable.vote_hash;
    cr_assert_eq(host.driver.log.capsule_durable.vote_height, 1);
    kit_cert(&proof.first, VOTE_COMMIT, (struct rank){ 0, 1 }, &block, 4);
    writer_init(&writers[0], bytes[0], sizeof bytes[0]);
    write_u8(&writers[0], CERTIFICATE_PROOF);
    commit_proof_encode(&proof, &writers[0]);
    cert.checkpoint = (struct checkpoint){ .height = 1, .block = block, .state_root = kit_hash(5), .receipts_root = kit_hash(6), .config_hash = config_hash(&host.driver.config.replica.epoch) };
    cert.signers = proof.first.signers;
    writer_init(&writers[1], bytes[1], sizeof bytes[1]);
    checkpoint_cert_encode(&cert, &writers[1]);
    for (uint32_t i = 0; i < 2; i++) {
        bool certificate = (i == 0) == certificate_first;
        put(certificate ? RECORD_CHECKPOINT : RECORD_CERTIFICATE, 1, &block, &writers[certificate]);
    }
    segment_log_kick(&host.driver.log);
    sim_disk_step(&host.disk, now_ns + 10 * WRITE_NS);
    now_ns += 10 * WRITE_NS;
    host_crash(&host, false);
}

Test(driver, a_start_that_leads_to_another_state_than_the_certified_one_halts_K1)
{
    stray(false);
    cr_assert_not(host_start(&host));
    cr_assert_eq(broken, 1, "K1: it halts, and says so");
    cr_assert(!host_start(&host), "the data is kept");
    cr_assert_eq(broken, 2);
}

/* Here it is EXECUTED, not a record, that halts the replica in the middle of a replay. */
Test(driver, a_replayed_block_that_differs_from_a_certificate_that_came_first_halts_K1)
{
    stray(true);
    cr_assert_not(host_start(&host));
    cr_assert_eq(broken, 1, "K1");
    cr_assert(!host_start(&host), "the data is kept");
    cr_assert_eq(broken, 2);
}
