/* attacks.c: see attacks.h. */
#include "sim/campaign/attacks.h"

#include "base/assert.h"

#include <stdlib.h>

#define MS UINT64_C(1000000)
#define L(lie) (UINT64_C(1) << LIE_##lie)
#define LAGS 4u /* how often a member that lags is killed */
#define FAR 5u  /* so much longer is the load when a member must miss many blocks; four times as dense, when it must miss more than logs hold */
#define FALLS 12u /* how often a leader is killed, until its view is over */
#define LOOK_NS (20 * MS)
#define PATIENCE_NS UINT64_C(60000000000)
#define SELDOM_BYTES (UINT64_C(1) << 40) /* where only wishes make snapshots: none is due */
#define STARVED_NS (1000 * MS) /* Q4: whoever is passed over has its answer while the others go on */

static const struct attack library[] = {
    { "equivocating leader", "PBFT (Castro, Liskov 1999); Twins (Bano 2020)", "one chain; the side without a certificate catches up", L(FORK) | L(DOUBLE_VOTE), 4, 1, true, false, false, 500000, 0, 40, 20, 0, false, false, false },
    { "equivocating leader and accomplice", "Twins (Bano 2020)", "one chain", L(FORK) | L(DOUBLE_VOTE), 7, 2, true, false, false, 500000, 0, 40, 20, 0, false, false, false },
    { "double vote", "accountable safety (Casper, Tendermint)", "evidence is kept; nothing else happens", L(DOUBLE_VOTE), 4, 1, false, false, false, 500000, 0, 90, 0, 0, false, false, false },
    { "vote after timeout", "Fast-HotStuff; ava-labs: votes after its own timeout", "I7 binds the honest; no view ends by one member", L(VOTE_AFTER_TIMEOUT), 4, 1, false, false, false, 500000, 0, 80, 3, 0, false, false, false },
    { "timeouts that hide the high QC", "HotStuff-2; Jolteon (Diem)", "a TC carries the highest of q ranks", L(LOW_TIMEOUT) | L(UNPROVOKED), 4, 1, false, false, false, 500000, 0, 60, 8, 0, false, false, false },
    { "withheld votes", "liveness with q of n", "the others are a quorum", L(WITHHOLD), 4, 1, false, false, false, 1000000, 0, 90, 0, 0, false, false, false },
    { "late votes", "Aardvark (Clement 2009)", "the others are a quorum", L(LATE), 4, 1, false, false, false, 700000, 2000, 90, 0, 0, false, false, false },
    { "bad signatures", "relab/hotstuff, linera: one bad vote poisons the aggregation", "L3: dropped, counted, and the sender becomes a suspect", L(BAD_SIGNATURE), 4, 1, false, false, false, 1000000, 0, 80, 0, 0, false, false, false },
    { "replay", "Monad, commonware: replayed messages", "nothing old moves anybody", L(REPLAY), 4, 1, false, false, false, 1000000, 0, 90, 0, 0, false, false, false },
    { "wrong epoch", "commonware: signed bytes lack epoch", "refused", L(WRONG_EPOCH), 4, 1, false, false, false, 500000, 0, 90, 0, 0, false, false, false },
    { "malformed bytes", "CometBFT: lengths from the wire used unchecked", "refused at the codec", L(MALFORMED), 4, 1, false, false, false, 500000, 0, 60, 5, 0, false, false, false },
    { "edited fields", "ByzzFuzz (Winter 2023)", "refused by the rule of the field", L(EDIT), 4, 1, false, false, false, 500000, 0, 80, 3, 0, false, false, false },
    { "edited fields of the leader", "ByzzFuzz (Winter 2023)", "the leader loses its view", L(EDIT), 4, 1, true, false, false, 300000, 0, 30, 40, 0, false, false, false },
    { "fake certificates", "Monad: a signer twice; relab: view not tied to its block", "I11: refused", L(FAKE_CERT), 4, 1, false, false, false, 700000, 0, 80, 3, 0, false, false, false },
    { "fake certificates of the leader", "Monad: a signer twice; relab: view not tied to its block", "the leader loses its view", L(FAKE_CERT) | L(OPEN_LOW), 4, 1, true, false, false, 300000, 0, 25, 40, 0, false, false, false },
    { "opening on less than the TC says", "Monad: any certificate in an opening", "I9: refused; the next leader opens", L(OPEN_LOW) | L(UNPROVOKED), 4, 1, true, false, false, 1000000, 0, 30, 40, 0, false, false, false },
    { "openings while leaders fall", "Monad: any certificate in an opening; HotStuff-2: an opening without the TC of the view before", "I9, V7: refused; the next leader opens", L(OPEN_LOW), 4, 1, false, false, false, 1000000, 0, 10, 100, 0, false, true, false },
    { "lies in catch-up", "snarkOS: last synced block without its certificate", "S1: checked by hash and proof; the next peer serves", L(FALSE_CATCHUP), 4, 1, true, false, true, 700000, 0, 60, 3, 0, false, false, false },
    { "lies of whoever is asked first", "snarkOS; S2: the member that leads last is asked for chains first", "S1: each block stands on the one below, the last is proved; the next peer serves", L(FALSE_CATCHUP), 4, 1, false, false, true, 200000, 0, 60, 3, 0, false, false, false },
    { "proofs of mixed views", "Fast-HotStuff: a commit across views", "C1: refused, and nobody holds it. Whoever leads is killed until its view is over", L(FALSE_CATCHUP) | L(FAKE_CERT), 4, 1, false, false, false, 1000000, 0, 10, 100, 0, false, true, false },
    { "lies in snapshots", "Tendermint state sync: trusted on its own hash", "S3: each chunk proved against the certified root", L(FALSE_SNAPSHOT), 4, 1, false, false, true, 700000, 0, 60, 3, 0, false, false, false },
    { "lies in snapshots of the leader", "Tendermint state sync: trusted on its own hash", "S3: each chunk proved against the certified root", L(FALSE_SNAPSHOT) | L(FALSE_CHECKPOINT), 4, 1, true, false, true, 400000, 0, 40, 8, 0, false, false, false },
    { "false checkpoints of the leader", "light clients: too few signatures under a state", "K1: refused; who states another state is alone", L(FALSE_CHECKPOINT), 4, 1, true, false, false, 1000000, 0, 25, 3, 0, false, false, false },
    { "flood of what is to come", "Monad: votes kept for any future view", "J7: bounded, rationed by sender", L(FLOOD), 4, 1, false, false, false, 1000000, 0, 80, 5, 0, false, false, false },
    { "unprovoked timeouts", "J3", "T8: a leader gives way at a quiet moment, once for each member in ten minutes", L(UNPROVOKED), 7, 2, false, false, false, 1000000, 0, 80, 8, 0, false, false, false },
    { "messages that reach only some", "selective broadcast; Twins (Bano 2020)", "Q2 and T6: whoever lacks something asks for it", L(PARTIAL), 4, 1, true, false, false, 500000, 0, 30, 20, 0, false, false, false },
    { "silent leader", "fabric: a request that only a silent leader's peer knows", "Q3: the request is broadcast, the view ends", L(MUTE_LEADER), 4, 1, true, true, false, 500000, 0, 40, 8, 0, false, false, false },
    { "leader that says nothing", "fabric: as before, and the leader does not help to end its view", "Q3: the request is broadcast, and the others end the view", L(MUTE_LEADER) | L(WITHHOLD), 4, 1, true, true, false, 1000000, 0, 40, 8, 0, false, false, false },
    { "censoring leader", "Prime (Amir 2011); RBFT", "Q4: bypassed requests end the view", L(CENSOR), 4, 1, true, false, false, 500000, 0, 70, 8, 0, false, false, false },
    { "leader that passes over", "Prime (Amir 2011); RBFT: it serves all others", "Q4: bypassed requests end the view", L(PASS_OVER), 4, 1, true, false, false, 1000000, 0, 70, 8, 0, false, false, false },
    { "slow-loris leader", "Prime (Amir 2011); Aardvark (Clement 2009)", "batches grow; progress just under the timeout", L(SLOW_LORIS), 4, 1, true, false, false, 500000, 150, 60, 8, 0, false, false, false },
    { "spoiled blocks", "Ethereum, Solana: leaders that pack what may not be in a block", "V4, V5: nobody votes for it; the leader loses its view", L(SPOIL), 4, 1, true, false, false, 700000, 0, 30, 40, 0, false, false, false },
    { "spoiled blocks and reserves", "P1: a reserve votes later, and for what it did not check no sooner", "V5: nobody votes for it; the leader loses its view", L(SPOIL), 4, 1, true, false, false, 700000, 0, 30, 40, 0, true, false, false },
    { "spoiled blocks of a slow leader", "P1: a reserve that waits long enough looks for itself", "V5: it looks before it votes; the leader loses its view", L(SPOIL) | L(SLOW_LORIS), 4, 1, true, false, false, 700000, 150, 10, 40, 0, true, false, false },
    { "blocks on another parent", "Twins (Bano 2020): two blocks of one height, held by the same member", "V6: nobody votes for it; the side that got it fetches the other", L(FORK) | L(STRAY), 4, 1, true, false, false, 700000, 0, 30, 40, 0, false, false, false },
    { "second proposals", "PBFT (Castro, Liskov 1999); CCF: >= for > on the last vote", "V2: one vote at each place", L(TEMPT), 4, 1, true, false, false, 1000000, 0, 60, 8, 0, false, false, false },
    { "twins", "Twins (Bano 2020)", "one chain, whoever sees which of the two", 0, 4, 0, false, false, false, 0, 0, 30, 20, 1, false, false, false },
    { "twins and a leader with two faces", "Twins (Bano 2020)", "one chain", L(FORK) | L(DOUBLE_VOTE), 7, 1, false, false, false, 500000, 0, 30, 40, 1, false, false, false },
    { "lies about what rotted", "S5: a block that a disk lost is fetched by height and hash", "S5: another block than the one that was lost mends nothing; the next peer serves", L(FALSE_CATCHUP), 4, 1, false, false, true, 700000, 0, 60, 3, 0, false, false, true },
    { "blocks that nobody asked for", "S1: a single block is fetched by its hash", "S1: it is no answer; the next peer serves", L(SWAP), 4, 1, true, false, false, 1000000, 0, 60, 8, 0, false, false, false },
    { "TCs before their QCs", "HotStuff-2, Jolteon (Diem): a TC brings the QC of the highest rank", "T2, I9: whoever takes the TC keeps its QC, and opens on no less", L(EARLY_TC), 4, 1, false, false, false, 1000000, 0, 10, 100, 0, false, true, false },
    { "wishes for snapshots", "S3: whoever finds no two snapshots alike is made some", "S4: one for a wish comes nineteen times as long behind the one before as that took", L(WISH), 4, 1, false, false, false, 1000000, 0, 90, 0, 0, false, false, false },
    { "blocks that say too much", "V4: the time of a block is later than its parent's, and its commands fill its body", "V4: nobody votes for the one, and takes the other for its block", L(PACK), 4, 1, true, false, false, 700000, 0, 30, 40, 0, false, false, false },
    { "second openings", "HotStuff-2; Twins (Bano 2020): two blocks of one view, each above the TC", "V7: who voted in a view votes for no opening of it. Whoever leads is killed until its view is over", L(REOPEN), 4, 1, false, false, false, 1000000, 0, 10, 100, 0, false, true, false },
    { "strangers under the leader's certificates", "Monad: a certificate counts whoever it names", "I11: refused; the leader loses its view", L(STRANGER), 4, 1, true, false, false, 300000, 0, 25, 40, 0, false, false, false },
    { "chains in crumbs", "S2: whoever is asked first and answers is asked again", "J6: who gives little, or late, gives way to the next one", L(CRUMBS), 4, 1, false, false, true, 0, 0, 60, 3, 0, false, false, false },
    { "snapshots that are not given", "Tendermint state sync: whoever offers a snapshot is asked for it", "S3: who gives nothing is left; when nobody gives it any more, what is offered now is looked at", L(TEASE), 4, 1, false, false, true, 0, 0, 60, 8, 0, false, false, false },
    { "everything at once", "swarm testing (Groce 2012)", "safe, and live", UINT64_MAX >> (64 - LIE_COUNT) & ~(L(MUTE_LEADER) | L(WITHHOLD)), 7, 2, true, false, false, 200000, 100, 10, 100, 0, false, false, false },
};

uint32_t attacks_count(void)
{
    return sizeof library / sizeof library[0];
}

const struct attack *attack_at(uint32_t number)
{
    ASSERT(number < attacks_count());
    return &library[number];
}

#define SNAPSHOT_LIES (L(FALSE_SNAPSHOT) | L(TEASE))

static void plan_of(const struct attack *attack, uint64_t seed, struct world_plan *plan)
{
    world_plan_calm(plan);
    plan->seed = seed;
    plan->fast_crypto = true;
    plan->members_count = attack->replicas;
    plan->network.delay_ns_min = MS;
    plan->network.delay_ns_max = 4 * MS;
    plan->limits.batch_us = attack->lags && (attack->lies & SNAPSHOT_LIES) != 0 ? 0 : 5000; /* ... in many blocks */
    plan->limits.checkpoint_blocks = 8;
    plan->snapshot_bytes = attack->lies == L(WISH) ? SELDOM_BYTES : 1;
    plan->snapshot_blocks = attack->lies == L(WISH) ? SELDOM_BYTES : 8;
    plan->keep_blocks = attack->lags && (attack->lies & SNAPSHOT_LIES) == 0 ? 4096 : 8; /* Who lags fetches blocks, or a snapshot. */
    plan->reserves = attack->reserves;
    plan->reads_ns = attack->lags ? MS : 0; /* Whoever lags must not answer by itself (Q5). */
    plan->adversary = (struct adversary_plan){ .lies = attack->lies, .rate_ppm = attack->rate_ppm, .tick_ns = 10 * MS, .hold_ns = attack->hold_ms * MS };
    for (uint32_t i = 0; i < attack->liars; i++) {
        member_set_add(&plan->adversary.liars, attack->falls ? 1 + i : attack->leads ? i : attack->replicas - 1 - i);
    }
    for (uint32_t i = 0; i < attack->twins; i++) {
        member_set_add(&plan->twins, i);
    }
    plan->twins_ns = 200 * MS;
}

/* is_far: a member misses more than the logs of the others hold, and must take a snapshot. */
static bool is_far(const struct attack *attack)
{
    return attack->lags && (attack->lies & SNAPSHOT_LIES) != 0;
}

static uint64_t load_ns(const struct attack *attack)
{
    return is_far(attack) || attack->falls || (attack->lags && !attack->leads) ? FAR * ATTACK_LOAD_NS : ATTACK_LOAD_NS;
}

/* rot_missed spoils at r2 what r1 has missed: whoever serves that to r1 finds out, and asks the last member first. */
static void rot_missed(struct world *world, uint64_t from)
{
    for (uint64_t height = from + 1; height <= world->oracle.height; height++) {
        (void)world_rot(world, 2, height);
    }
}

/* lag kills r1, once for long, or again and again, and lets it start again. */
static void lag(struct world *world, const struct attack *attack)
{
    uint64_t times = is_far(attack) ? 1 : LAGS, each_ns = load_ns(attack) / times;

    for (uint64_t i = 0; i < times && world_run_to(world, each_ns * i + (is_far(attack) ? each_ns / 16 : each_ns / 2)); i++) {
        uint64_t height = world->oracle.height;
        world_crash(world, 1, true);
        world_run_to(world, each_ns * i + (is_far(attack) ? each_ns / 4 * 3 : each_ns));
        if (attack->rots) {
            rot_missed(world, height);
        }
        world_boot(world, 1);
    }
}

/* view_of gives the highest view that a server is in which speaks for nobody but itself. */
static uint64_t view_of(const struct world *world)
{
    uint64_t view = world->adversary == NULL ? 0 : world->adversary->view;

    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        struct replica_status status;
        if (!member_set_has(&world->faulty, i) && world->hosts[i].state != HOST_DOWN) {
            replica_status(world->hosts[i].driver.replica, &status);
            view = status.view > view ? status.view : view;
        }
    }
    return view;
}

/* fell kills whoever leads, and lets it start again when its view is over, as long as the load lasts. */
static void fell(struct world *world, const struct attack *attack)
{
    uint64_t each_ns = load_ns(attack) / FALLS;

    for (uint64_t i = 0; i < FALLS && world_run_to(world, each_ns * i + each_ns / 4); i++) {
        uint64_t view = view_of(world);
        uint32_t leader = config_leader(&world->cast.config, view);
        world_crash(world, leader, true);
        for (uint64_t now_ns = world->now_ns; view_of(world) == view && now_ns < each_ns * (i + 1) && world_run_to(world, now_ns); now_ns += LOOK_NS) {
        }
        world_boot(world, leader);
    }
}

/* load lets clients send for a while; r1, or whoever leads, is killed and started again meanwhile where the attack says so. Gives: how many had their receipt. */
static uint32_t load(struct world *world, const struct attack *attack)
{
    struct workload_load load = { .next_ns = 10 * MS, .interval_ns = is_far(attack) ? ATTACK_EACH_NS / 4 : ATTACK_EACH_NS, .end_ns = load_ns(attack), .target = attack->sticky ? 1 : WORKLOAD_ANY,
        .sticky = attack->sticky };

    workload_load_start(&world->workload, &load);
    if (attack->lags) {
        lag(world, attack);
    } else if (attack->falls) {
        fell(world, attack);
    }
    world_run_to(world, load_ns(attack));
    return world->workload.told;
}

/* calm plays the same without lies. Gives: how many had their receipt; *failure is what broke, and nothing may. */
static uint32_t calm(const struct world_plan *plan, struct world *world, const struct attack *attack, struct failure *failure)
{
    struct world_plan honest = *plan;

    honest.adversary = (struct adversary_plan){ 0 };
    honest.twins = (struct member_set){ { 0 } };
    world_open(world, &honest);
    uint32_t told = load(world, attack);
    *failure = world->failure;
    world_close(world);
    return told;
}

/* oldest_of gives for how long the client has waited that waits longest. */
static uint64_t oldest_of(const struct world *world)
{
    const struct workload *workload = &world->workload;
    uint64_t first_ns = world->now_ns;

    for (uint32_t i = workload->open_first; i < workload->count; i++) {
        const struct request *request = &workload->requests[i];
        first_ns = !request->told && request->first_ns < first_ns ? request->first_ns : first_ns;
    }
    return world->now_ns - first_ns;
}

static uint64_t mean_of(const struct workload *workload)
{
    uint64_t sum = 0, count = 0;

    for (uint32_t i = 0; i < workload->count; i++) {
        sum += workload->requests[i].told ? workload->requests[i].told_ns - workload->requests[i].first_ns : 0;
        count += workload->requests[i].told ? 1 : 0;
    }
    return count == 0 ? 0 : sum / count;
}

static void judge(const struct attack *attack, const struct world *world, struct attack_result *result)
{
    result->failure = world->failure;
    result->hash = world->hash;
    result->mean_ns = mean_of(&world->workload);
    result->views = view_of(world);
    result->lies = world->oracle.conflicts;
    for (int i = 0; i < LIE_COUNT && world->adversary != NULL; i++) {
        result->lies += world->adversary->told[i];
    }
    result->slow = (uint64_t)result->told * 100 < (uint64_t)result->told_calm * attack->floor_percent;
    result->deposed = result->views > attack->views_max;
}

bool attack_run(const struct attack *attack, uint64_t seed, struct attack_result *result)
{
    struct world *world = calloc(1, sizeof *world);
    struct world_plan plan;

    ASSERT(world != NULL);
    *result = (struct attack_result){ 0 };
    plan_of(attack, seed, &plan);
    result->told_calm = calm(&plan, world, attack, &result->failure);
    if (result->failure.kind != FAILURE_NONE) {
        free(world);
        return false;
    }
    world_open(world, &plan);
    result->told = load(world, attack);
    result->starved = attack->lies == L(PASS_OVER) && oldest_of(world) > STARVED_NS;
    if (world_outlasts(world, load_ns(attack) + PATIENCE_NS)) {
        world_silence(world);
        if (world_run_until_rest(world, world->now_ns + PATIENCE_NS)) {
            world_check_end(world);
        }
    }
    judge(attack, world, result);
    world_close(world);
    free(world);
    return result->failure.kind == FAILURE_NONE && !result->slow && !result->deposed && !result->starved;
}

/* split_in_half shows half of the others the first servers of all twins, the other half the second ones. */
static void split_in_half(struct world *world, uint32_t twins)
{
    uint32_t members = world->plan.members_count;
    struct member_set half = { { 0 } };

    for (uint32_t i = twins + (members - twins) / 2; i < members; i++) {
        member_set_add(&half, i);
    }
    for (uint32_t i = 0; i < twins; i++) {
        world_split(world, i, &half);
    }
}

bool attacks_over_budget(uint64_t seed, uint32_t replicas, bool twins, struct failure *failure)
{
    uint32_t count = config_faults_max(replicas) + 1;
    struct attack attack = { .lies = twins ? 0 : L(FORK) | L(DOUBLE_VOTE), .replicas = replicas, .liars = twins ? 0 : count, .twins = twins ? count : 0, .leads = true,
        .rate_ppm = 500000 };
    struct world *world = calloc(1, sizeof *world);
    struct world_plan plan;

    ASSERT(world != NULL);
    plan_of(&attack, seed, &plan);
    plan.twins_ns = 0;
    world_open(world, &plan);
    split_in_half(world, attack.twins);
    load(world, &attack);
    *failure = world->failure;
    world_close(world);
    free(world);
    return failure->kind == FAILURE_SAFETY;
}
