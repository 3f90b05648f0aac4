/* world.c: see world.h. Time and the order of events; what can be done to a world is in world_faults.c. */
#include "sim/world/world.h"

#include "base/assert.h"
#include "sim/world/choice.h"
#include "sim/oracle/consent_follow.h"
#include "sim/world/track.h"
#include "sim/scenario/record.h"
#include "sim/world/stamp.h"
#include "sim/world/subject.h"
#include "sim/world/world_priv.h"

#include <stdlib.h>
#include <string.h>

#define AT_ONCE_MAX 2000000u /* events at one moment: more, and somebody spins */

void world_note(struct world *world, uint64_t topic, uint64_t a, uint64_t b)
{
    struct record_event event = { world->now_ns, topic, a, b };

    world->hash = fact_name(world->hash, world->now_ns, topic << 56 | a, b);
    world->events++;
    record_event(&event);
    if (topic != WORLD_TOPIC_ARRIVED) {
        track_note(&(struct track_step){ .kind = TRACK_EVENT, .event = event });
    }
}

static void note_message(const struct world *world, const struct sim_message *message, enum track_kind kind)
{
    struct track_step step = { .kind = kind, .now_ns = world->now_ns, .sent_ns = message->sent_ns, .from = message->from, .to = message->to, .type = message->type,
        .view = message->view, .height = message->height };

    track_note(&step);
}

/* send_away gives a message to the network, which may lose it. */
static void send_away(struct world *world, const struct sim_message *message, struct bytes head, struct bytes tail)
{
    uint64_t lost = world->network.counters.dropped;
    struct sim_message sent = *message;

    sent.sent_ns = world->now_ns;
    sim_network_send(&world->network, world->now_ns, &sent, head, tail);
    if (world->network.counters.dropped > lost) {
        note_message(world, &sent, TRACK_LOST);
    }
}

/* --- What servers ask ----------------------------------------------------------------------------------------------- */

static uint64_t on_now(void *context)
{
    const struct world *world = context;

    return world->now_ns;
}

static bool on_verify(void *context, const struct sig_item *item)
{
    struct world *world = context;
    uint8_t bytes[128];

    if (world->plan.fast_crypto) {
        return stamp_check(item);
    }
    memcpy(bytes, item->key, 32);
    memcpy(bytes + 32, item->digest, 32);
    memcpy(bytes + 64, item->signature, 64);
    uint64_t name = fact_digest(bytes, sizeof bytes), known = facts_find(&world->verdicts, name);
    if (known == 0) {
        bool verdict = judges_verdict(&world->judges, item);
        known = facts_keep(&world->verdicts, name, verdict ? 2 : 1);
        if (!judges_compare(&world->judges, item, verdict)) {
            oracle_fail(&world->failure, FAILURE_SAFETY, "I15: ways to verify a signature do not agree");
        }
    }
    return known == 2;
}

static bool has_link(const struct world *world, uint32_t from, uint32_t to)
{
    return member_set_has(&world->links[from], to) && member_set_has(&world->hosts[from].driver.links, world->seats.members[to]); /* else net has nowhere to put it */
}

/* on_lie sends what the adversary made. Its process must run: a key without a connection says nothing. */
static void on_lie(void *context, uint64_t hold_ns, const struct sim_message *message, struct bytes body)
{
    struct world *world = context;
    struct sim_message out = *message;

    out.to = seats_find(&world->seats, out.from, out.to);
    if (world->hosts[out.from].state == HOST_UP && has_link(world, out.from, out.to) && (world->lost_types[out.to] >> out.type & 1) == 0) {
        out.hold_ns = hold_ns;
        oracle_lied(&world->oracle, out.type, body);
        send_away(world, &out, body, bytes_of(NULL, 0));
    }
}

static void on_made_up(void *context, const struct block_header *header)
{
    struct world *world = context;

    oracle_header(&world->oracle, header);
}

static void on_spoiled(void *context, const struct ballot *ballot)
{
    struct world *world = context;

    oracle_spoiled(&world->oracle, ballot);
}

static uint64_t on_used(void *context, const uint8_t account[32], uint64_t nonce)
{
    const struct world *world = context;

    return commands_height(&world->oracle.commands, account, nonce);
}

/* send_lie sends what a test makes of a message for this receiver. */
static void send_lie(struct world *world, const struct sim_message *out, const struct port_message *message)
{
    struct world_liar *liar = &world->liar;
    size_t size = message->head.size + message->tail.size, most = size;

    ASSERT(size <= FRAME_BYTES_MAX);
    memcpy(liar->room, message->head.data, message->head.size);
    if (message->tail.size > 0) {
        memcpy(liar->room + message->head.size, message->tail.data, message->tail.size);
    }
    liar->tell(world, out->to, out->type, liar->room, &size);
    ASSERT(size <= most);
    if (size > 0) {
        send_away(world, out, bytes_of(liar->room, size), bytes_of(NULL, 0));
    }
}

static void on_send(void *context, uint32_t from, const struct port_message *message)
{
    struct world *world = context;

    oracle_clock(&world->oracle, host_wall_ms(&world->hosts[from]), CAST_GENESIS_MS + 1000 + world->now_ns / 1000000);
    struct bytes said = oracle_sent(&world->oracle, from, message, member_set_count(&message->to));
    if (world->oracle.readable) {
        world_duties_sent(world, from, message);
    }
    shares_sent(&world->shares, from, message->type, &message->to, world->now_ns);
    if (message->type == MESSAGE_CKPT_CERT && member_set_count(&message->to) == world->plan.members_count - 1) {
        wishes_told(&world->wishes, from, world->now_ns);
    }
    struct subject subject = world->oracle.readable ? subject_of(world->oracle.message) : (struct subject){ 0, 0 };
    if (world->adversary != NULL && world->oracle.readable) {
        adversary_hear(world->adversary, world->seats.members[from], world->oracle.message, said);
    }
    for (uint32_t member = 0; member < world->plan.members_count; member++) {
        if (!member_set_has(&message->to, member)) {
            continue;
        }
        uint32_t to = seats_find(&world->seats, from, member);
        struct sim_message out = { .from = from, .to = to, .type = message->type, .view = subject.view, .height = subject.height };
        if (!has_link(world, from, to) || (world->lost_types[to] >> message->type & 1) != 0) {
            continue;
        }
        if (adversary_is_liar(world->adversary, from)) {
            out.to = member;
            adversary_tell(world->adversary, &out, message->head, message->tail);
            continue;
        }
        if (world->liar.tell != NULL && from == world->liar.member) {
            send_lie(world, &out, message);
            continue;
        }
        send_away(world, &out, message->head, message->tail);
    }
}

static void on_mark(void *context, uint32_t member, enum mark mark, uint64_t view, uint64_t height, uint32_t about, uint64_t value)
{
    struct world *world = context;
    struct trace_mark told = { .mark = mark, .view = view, .height = height, .value = value, .about = about };
    bool first = height > world->mark_heights[mark];

    if (world->hosts[member].starting) {
        return; /* recovery tells again what was told before */
    }
    world_duties_mark(world, member, &told);
    world->marks[mark]++;
    world->mark_heights[mark] = first ? height : world->mark_heights[mark];
    world_note(world, WORLD_TOPIC_MARK, (uint64_t)member << 16 | mark, view << 32 | height);
    trace_mark(&world->trace, world->now_ns, member, &told, first);
    for (uint32_t i = 0; i < world->triggers_count; i++) {
        struct world_trigger *trigger = &world->triggers[i];
        if (trigger->armed && trigger->member == member && trigger->mark == (unsigned)mark) {
            trigger->armed = false;
            trigger->fired = true;
        }
    }
}

static void on_executed(void *context, uint32_t member, const struct apply_block *block, const struct hash32 *state_root)
{
    struct world *world = context;

    bool first = oracle_executed(&world->oracle, member, block, state_root);
    if (first) {
        checkpoints_executed(&world->checkpoints, block->header->height, block->header->time_ms);
        receipts_executed(&world->receipts, block, &world->hosts[member].driver.apply);
        rates_executed(&world->rates, block, world->hosts[member].driver.apply.ledger);
        trails_executed(&world->trails, block->header->height, &world->hosts[member].driver.apply);
    }
    if (first && world->plan.consents) {
        consent_executed(&world->consent, block, &world->hosts[member].driver.apply);
    } else if (first) {
        records_executed(&world->records, block, world->hosts[member].driver.apply.ledger);
    }
    world_note(world, WORLD_TOPIC_EXECUTED, (uint64_t)member << 32 | block->header->height, fact_digest(block->hash.bytes, HASH_BYTES));
    if (!world->hosts[member].starting) {
        workload_executed(&world->workload, world->now_ns, world->seats.members[member], block);
    }
}

static void on_based(void *context, uint32_t member, const struct block_header *header, const struct hash32 *state_root)
{
    struct world *world = context;

    world->based++;
    oracle_based(&world->oracle, member, header, state_root);
}

static void on_admitted(void *context, uint32_t member, uint64_t token)
{
    struct world *world = context;

    workload_admitted(&world->workload, world->now_ns, world->seats.members[member], token);
}

static void on_refused(void *context, uint32_t member, uint64_t token, uint16_t code, uint32_t retry_after_ms)
{
    struct world *world = context;
    struct refused refused = { code, retry_after_ms };

    workload_refused(&world->workload, &world->oracle, world->now_ns, world->seats.members[member], token, &refused);
}

static void on_broken(void *context, uint32_t member, const char *what)
{
    struct world *world = context;

    oracle_fail(&world->failure, FAILURE_SAFETY, "r%u %s", member, what);
}

/* --- Opening and closing -------------------------------------------------------------------------------------------- */

void world_plan_calm(struct world_plan *plan)
{
    *plan = (struct world_plan){
        .members_count = 4,
        .actors_count = 8,
        .limits = config_limits_default(),
        .network = { .delay_ns_min = 1000000, .delay_ns_max = 1000000 },
        .disk = { .delay_ns_min = 200000, .delay_ns_max = 200000 },
        .segments_max = 48,
        .verify_ns_min = 50000,
        .verify_ns_max = 50000,
        .notice_ns = 1000000,
        .check_every = 1,
    };
    plan->limits.batch_us = 0;
    plan->limits.block_bytes_max = 65536;
}

static void open_verify(struct world *world)
{
    static uint8_t keys[MEMBERS_MAX][ED25519_KEY_BYTES];

    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        memcpy(keys[i], world->cast.members[i].public_key, ED25519_KEY_BYTES);
    }
    if (!world->plan.fast_crypto) {
        judges_open(&world->judges, keys[0], world->plan.members_count);
    }
    facts_init(&world->verdicts);
    facts_init(&world->fetched);
}

static void open_adversary(struct world *world)
{
    world->adversary = adversary_open(&world->cast, world->plan.seed, &world->plan.adversary);
    if (world->adversary != NULL) {
        world->adversary->context = world;
        world->adversary->send = on_lie;
        world->adversary->header = on_made_up;
        world->adversary->spoiled = on_spoiled;
        world->adversary->used = on_used;
    }
    oracle_watch(&world->oracle, &world->seats, &world->faulty, on_verify, world);
    oracle_durable(&world->oracle, world_durable, world_holds, world);
}

static void open_hosts(struct world *world)
{
    const struct world_plan *plan = &world->plan;

    world->hosts = calloc(world->seats.count, sizeof *world->hosts);
    world->links = calloc(world->seats.count, sizeof *world->links);
    world->held = calloc(world->seats.count, sizeof *world->held);
    world->notices = calloc(WORLD_NOTICES_MAX, sizeof *world->notices);
    ASSERT(world->hosts != NULL);
    ASSERT(world->links != NULL);
    ASSERT(world->held != NULL);
    ASSERT(world->notices != NULL);
    for (uint32_t i = 0; i < world->seats.count; i++) {
        uint32_t spread = 2 * plan->wall_offset_ms_max + 1;
        struct choice offset = { CHOICE_CLOCK_OFFSET, { i } }, rate = { CHOICE_CLOCK_RATE, { i } };
        int64_t rate_max = plan->rate_ppm_max;
        struct host_plan host_plan = {
            .seed = plan->seed,
            .member = i,
            .is_second = seats_is_second(&world->seats, i),
            .twin = world->seats.members[i],
            .wall_offset_ms = (int64_t)choice_below(plan->seed, &offset, spread) - plan->wall_offset_ms_max,
            .rate_ppm = rate_max == 0 ? 0 : (int32_t)((int64_t)choice_below(plan->seed, &rate, (uint64_t)(2 * rate_max + 1)) - rate_max),
            .verify_ns_min = plan->verify_ns_min,
            .verify_ns_max = plan->verify_ns_max,
            .disk = plan->disk,
            .segments_max = plan->segments_max,
            .snapshot_bytes = plan->snapshot_bytes,
            .snapshot_blocks = plan->snapshot_blocks,
            .keep_blocks = plan->keep_blocks,
            .scrub_bytes_per_s = plan->scrub_bytes_per_s,
            .archive = plan->archive,
            .reserves = plan->reserves,
            .alone = member_set_has(&plan->adversary.liars, i) || (seats_is_twin(&world->seats, i) && !plan->twins_ask), /* Its key says more than its process knows. */
        };
        host_open(&world->hosts[i], &world->cast, &world->host_world, &host_plan);
        world->hosts[i].aged = seats_is_twin(&world->seats, i); /* It has forgotten what the other one signed. */
    }
}

static void open_seats(struct world *world)
{
    const struct world_plan *plan = &world->plan;

    seats_init(&world->seats, plan->members_count, &plan->twins);
    world->faulty = plan->adversary.liars;
    for (uint32_t i = 0; i < plan->members_count; i++) {
        ASSERT(!member_set_has(&plan->twins, i) || !member_set_has(&plan->adversary.liars, i));
        if (member_set_has(&plan->twins, i)) {
            member_set_add(&world->faulty, i);
        }
    }
    world->split_ns = world->seats.count > plan->members_count && plan->twins_ns > 0 ? plan->twins_ns : UINT64_MAX;
}

void world_open(struct world *world, const struct world_plan *plan)
{
    struct cast_plan cast_plan = { plan->seed, plan->members_count, plan->actors_count, plan->limits, plan->mixed, plan->consents, { plan->rate_ms, plan->rate_burst }, plan->joins && plan->consents, plan->tenure_ms };

    crypto_start();
    stamp_use(plan->fast_crypto);
    ASSERT(plan->check_every >= 1);
    *world = (struct world){ .plan = *plan, .hash = plan->seed };
    world->host_world = (struct host_world){ world, on_now, on_verify, on_send, on_mark, on_executed, on_admitted, on_refused, on_broken, on_based, world_on_read, world_on_proof };
    cast_make(&world->cast, &cast_plan);
    open_seats(world);
    guard_open(&world->arrived, FRAME_BYTES_MAX);
    sim_network_init(&world->network, plan->seed, world->seats.count, &plan->network);
    sim_network_plan(&world->network, &plan->script);
    world->network.recording = plan->record_faults;
    trace_init(&world->trace, plan->trace);
    oracle_init(&world->oracle, &world->cast, &world->failure);
    records_init(&world->records, &world->cast, &world->failure);
    receipts_init(&world->receipts, &world->cast.genesis.hash, &world->failure);
    rates_init(&world->rates, &world->cast, &world->failure);
    trails_init(&world->trails, &world->cast, &world->failure);
    patience_init(&world->patience, world->seats.count, &plan->limits, &world->failure);
    shares_init(&world->shares, world->seats.count, plan->members_count, HOST_POOL_COMMANDS, &world->failure);
    wishes_init(&world->wishes, world->seats.count, &world->failure);
    checkpoints_init(&world->checkpoints, &plan->limits, CAST_GENESIS_MS, &world->failure);
    world_duties_open(world);
    shares_clocks(&world->shares, plan->limits.view_ms_min, plan->rate_ppm_max);
    joins_init(&world->joins, world->seats.count, plan->members_count, config_faults_max(plan->members_count), &world->failure);
    consent_init(&world->consent, &world->cast, &world->failure);
    workload_init(&world->workload, &world->cast, &world->failure, &world->trace);
    history_init(&world->history, cast_senders(&cast_plan));
    world->workload.history = &world->history;
    world->workload.consent = plan->consents ? &world->consent : NULL;
    readers_init(&world->readers, &world->history, &world->failure, plan->seed, plan->reads_ns, plan->members_count, &world->faulty);
    open_verify(world);
    open_adversary(world);
    open_hosts(world);
    for (uint32_t i = 0; i < world->seats.count; i++) {
        world_boot(world, i);
    }
    world->restarts = 0;
}

void world_close(struct world *world)
{
    for (uint32_t i = 0; i < world->seats.count; i++) {
        host_close(&world->hosts[i]);
    }
    for (size_t i = 0; i < world->waiting_count; i++) {
        sim_network_release(world->waiting[i]);
    }
    adversary_close(world->adversary);
    free(world->waiting);
    free(world->hosts);
    free(world->links);
    free(world->held);
    free(world->notices);
    if (!world->plan.fast_crypto) {
        judges_close(&world->judges);
    }
    facts_close(&world->verdicts);
    facts_close(&world->fetched);
    workload_close(&world->workload);
    history_close(&world->history);
    oracle_close(&world->oracle);
    records_close(&world->records);
    rates_close(&world->rates);
    trails_close(&world->trails);
    patience_close(&world->patience);
    joins_close(&world->joins);
    shares_close(&world->shares);
    world_duties_close(world);
    wishes_close(&world->wishes);
    checkpoints_close(&world->checkpoints);
    consent_close(&world->consent);
    trace_close(&world->trace);
    sim_network_close(&world->network);
    cast_close(&world->cast);
    guard_close(&world->arrived);
    stamp_use(false);
}

/* --- One event ------------------------------------------------------------------------------------------------------ */

uint64_t world_next_ns(struct world *world)
{
    uint64_t due_ns = sim_network_due(&world->network), workload_ns = workload_due_ns(&world->workload);

    uint64_t lie_ns = adversary_due_ns(world->adversary);

    due_ns = workload_ns < due_ns ? workload_ns : due_ns;
    due_ns = lie_ns < due_ns ? lie_ns : due_ns;
    due_ns = world->split_ns < due_ns ? world->split_ns : due_ns;
    due_ns = readers_due_ns(&world->readers) < due_ns ? readers_due_ns(&world->readers) : due_ns;
    if (world->notices_count > 0 && world->notices[0].due_ns < due_ns) {
        due_ns = world->notices[0].due_ns;
    }
    for (uint32_t i = 0; i < world->seats.count; i++) {
        uint64_t host_ns = host_due_ns(&world->hosts[i]);
        due_ns = host_ns < due_ns ? host_ns : due_ns;
    }
    return due_ns;
}

static void act(struct world *world, const struct world_trigger *trigger)
{
    switch (trigger->action) {
    case ACTION_CRASH:
    case ACTION_POWER: world_crash(world, trigger->member, trigger->action == ACTION_POWER); break;
    case ACTION_FILL: world_fill(world, trigger->member, true); break;
    case ACTION_HEAL: world_heal(world); break;
    case ACTION_COUNT: ASSERT(trigger->action != ACTION_COUNT); break;
    }
}

/* fire does what was to be done when a trigger was met in the step that just ended. */
static void fire(struct world *world)
{
    for (uint32_t i = 0; i < world->triggers_count; i++) {
        struct world_trigger *trigger = &world->triggers[i];
        if (trigger->fired) {
            trigger->fired = false;
            act(world, trigger);
        }
    }
}

/* look_for_snapshot fires what waits for a server to fetch one. */
static void look_for_snapshot(struct world *world, uint32_t member)
{
    const struct host *host = &world->hosts[member];

    for (uint32_t i = 0; i < world->triggers_count; i++) {
        struct world_trigger *trigger = &world->triggers[i];
        bool waits = trigger->armed && trigger->member == member && trigger->mark == WORLD_ON_SNAPSHOT;
        if (waits && host->state == HOST_UP && host->driver.snapshot_fetch.stage >= SNAPSHOT_FETCH_CHUNKS) {
            trigger->armed = false;
            trigger->fired = true;
        }
    }
}

void world_settle(struct world *world, uint32_t member)
{
    struct host *host = &world->hosts[member];
    bool ran = host->state != HOST_DOWN;

    if (!host_work(host)) {
        oracle_fail(&world->failure, FAILURE_LIVENESS, "J4: r%u does not come to rest within one moment", member);
    }
    if (host->state == HOST_UP && (host->failed || driver_must_restart(&host->driver))) { /* as wardd does, and who started it */
        world_crash(world, member, false);
        world_boot(world, member);
        return;
    }
    world_look_held(world, member);
    if (host->state == HOST_UP && world->events % world->plan.check_every == 0) {
        driver_check(&host->driver);
        world_look(world, member);
    }
    if (ran && host->state == HOST_DOWN) {
        trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, host->rolled_back ? "refuses to sign: others know more of its key than its disk does" : "stops with a clean mark");
        world_ended(world, member);
        if (host->clean && member_set_has(&world->returning, member)) {
            member_set_remove(&world->returning, member);
            world_boot(world, member);
            return;
        }
    }
    world_pairs_snapshot(world, member);
    look_for_snapshot(world, member);
    fire(world);
}

static bool take_notice(struct world *world)
{
    if (world->notices_count == 0 || world->notices[0].due_ns > world->now_ns) {
        return false;
    }
    struct world_notice notice = world->notices[0];
    memmove(world->notices, world->notices + 1, (--world->notices_count) * sizeof *world->notices);
    bool over = notice.up && !member_set_has(&world->links[notice.member], notice.about); /* It ended before anybody could learn of it. */
    if (world->hosts[notice.member].state != HOST_DOWN && !over) {
        host_link(&world->hosts[notice.member], world->seats.members[notice.about], notice.up);
        if (notice.up) {
            patience_linked(&world->patience, notice.member);
            shares_linked(&world->shares, notice.member, world->seats.members[notice.about]);
        }
        world_settle(world, notice.member);
    }
    return true;
}

static void keep_waiting(struct world *world, struct sim_message *message)
{
    if (world->waiting_count == world->waiting_capacity) {
        world->waiting_capacity = world->waiting_capacity == 0 ? 64 : 2 * world->waiting_capacity;
        world->waiting = realloc(world->waiting, world->waiting_capacity * sizeof(struct sim_message *));
        ASSERT(world->waiting != NULL);
    }
    world->waiting[world->waiting_count++] = message;
}

/* hand_over gives the bytes to a process, which may look at them now, not a byte further, and never again. */
static void hand_over(struct world *world, struct host *host, const struct sim_message *message)
{
    uint8_t *bytes = guard_end(&world->arrived, message->size);

    memcpy(bytes, message->data, message->size);
    host_message(host, world->seats.members[message->from], message->type, bytes_of(bytes, message->size));
    memset(bytes, GUARD_FILL, message->size);
}

/* arrives tells whether the receiver has a link to the sender: of a twin, to this server of it. */
static bool arrives(const struct world *world, const struct sim_message *message)
{
    bool meet = world->seats.count == world->plan.members_count || seats_meet(&world->seats, message->from, message->to);

    return meet && member_set_has(&world->hosts[message->to].driver.links, world->seats.members[message->from]);
}

void world_deliver(struct world *world, struct sim_message *message)
{
    struct host *host = &world->hosts[message->to];

    if (host->state == HOST_PAUSED) {
        keep_waiting(world, message);
        return;
    }
    if (host->state == HOST_UP && arrives(world, message)) {
        note_message(world, message, TRACK_MESSAGE);
        world_note(world, WORLD_TOPIC_ARRIVED, (uint64_t)message->from << 24 | (uint64_t)message->to << 8 | message->type, fact_digest(message->data, message->size));
        trace_line(&world->trace, TRACE_MESSAGES, world->now_ns, message->to, "gets %s from r%u", message_word(message->type), message->from);
        world_duties_arrived(world, message);
        hand_over(world, host, message);
        world_settle(world, message->to);
    }
    sim_network_release(message);
}

static bool take_message(struct world *world)
{
    struct sim_message *message = sim_network_take(&world->network, world->now_ns);

    if (message == NULL) {
        return false;
    }
    if (message->corrupt) {
        world_tampered(world, message);
    } else if (world->adversary != NULL && adversary_deafens(world->adversary, message)) {
        sim_network_release(message);
    } else {
        if (world->adversary != NULL) {
            adversary_sifts(world->adversary, message);
        }
        world_deliver(world, message);
    }
    return true;
}

static bool take_request(struct world *world)
{
    if (workload_due_ns(&world->workload) > world->now_ns) {
        return false;
    }
    const struct request *request = workload_take(&world->workload, world->now_ns);
    if (request == NULL) {
        return true;
    }
    uint32_t target = seats_of_client(&world->seats, request->target, request->sender);
    struct host *host = &world->hosts[target];
    trace_line(&world->trace, TRACE_STORY, world->now_ns, TRACE_WORLD, "request %u goes to r%u", request->number, target);
    if (host->state == HOST_DOWN) {
        workload_lost(&world->workload, world->now_ns, request->target);
    } else if (host->state == HOST_UP && !adversary_ignores(world->adversary, target, request->sender)) {
        host_request(host, request->number, request->sender, bytes_of(request->command.bytes, request->command.size));
        world_settle(world, target);
    }
    return true;
}

static void work_hosts(struct world *world)
{
    for (uint32_t i = 0; i < world->seats.count; i++) {
        if (host_due_ns(&world->hosts[i]) <= world->now_ns) {
            world_settle(world, i);
        }
    }
}

static bool take_lie(struct world *world)
{
    if (adversary_due_ns(world->adversary) > world->now_ns) {
        return false;
    }
    adversary_act(world->adversary, world->now_ns);
    return true;
}

/* take_split draws new sides for all twins. */
static bool take_split(struct world *world)
{
    if (world->split_ns > world->now_ns) {
        return false;
    }
    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        if (member_set_has(&world->plan.twins, i)) {
            seats_draw(&world->seats, world->plan.seed, i, world->splits);
            world_split(world, i, &world->seats.second_side[i]);
        }
    }
    world->splits++;
    world->split_ns = world->now_ns + world->plan.twins_ns;
    return true;
}

static void step(struct world *world)
{
    if (!take_notice(world) && !take_message(world) && !take_request(world) && !take_lie(world) && !take_split(world) && !world_take_read(world)) {
        work_hosts(world);
    }
}

bool world_run_to(struct world *world, uint64_t until_ns)
{
    ASSERT(until_ns >= world->now_ns);
    while (world->failure.kind == FAILURE_NONE) {
        uint64_t due_ns = world_next_ns(world);
        if (due_ns > until_ns) {
            break;
        }
        world->at_once = due_ns > world->now_ns ? 0 : world->at_once + 1;
        world->now_ns = due_ns > world->now_ns ? due_ns : world->now_ns;
        if (world->at_once > AT_ONCE_MAX) {
            oracle_fail(&world->failure, FAILURE_LIVENESS, "J4: time stands still");
        }
        step(world);
    }
    world->now_ns = world->failure.kind == FAILURE_NONE ? until_ns : world->now_ns;
    return world->failure.kind == FAILURE_NONE;
}
