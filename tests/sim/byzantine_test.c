/* byzantine_test.c: four replicas with the production ledger, of which one lies to each of the others separately: the three agree, and whatever they
 * admitted commits. The last part of demonstration 7 of docs/ledger.md. */
#include "sim/world.h"

#include "base/rng.h"
#include "ledger/ledger.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define S (1000 * MS)
#define LIAR 1u
#define SEEDS 12u
#define COMMANDS 36u

static struct world world;
static struct world_plan plan;
static struct message message;
static uint8_t room[FRAME_BYTES_MAX];
static struct rng rng;
static struct { uint64_t forked, forged, garbled, cut, lost; } lies;

static void encode(uint8_t *bytes, size_t *size)
{
    struct writer writer;

    writer_init(&writer, bytes, *size);
    message_encode(&message, &writer);
    cr_assert_not(writer.failed);
    cr_assert_eq(writer.offset, *size);
}

/* fork_block gives the receiver another block at this height, as good as the one that others get: only its time differs. */
static void fork_block(uint8_t *bytes, size_t *size)
{
    static uint8_t body[FRAME_BYTES_MAX];

    cr_assert_eq(message_decode(&message, MESSAGE_PROPOSE, bytes_of(bytes, *size)), VERDICT_OK);
    if (message.propose.opening) {
        return;
    }
    memcpy(body, message.propose.body.data, message.propose.body.size);
    message.propose.body.data = body;
    message.propose.header.time_ms += 1 + rng_below(&rng, 3);
    encode(bytes, size);
    lies.forked++;
}

/* forge votes, under the member's own key, for a block that nobody proposed. */
static void forge(uint8_t type, uint8_t *bytes, size_t *size)
{
    cr_assert_eq(message_decode(&message, type, bytes_of(bytes, *size)), VERDICT_OK);
    message.vote.ballot.block.bytes[rng_below(&rng, HASH_BYTES)] ^= 1;
    struct hash32 digest = ballot_digest(&world.cast.chain_id, &message.vote.ballot);
    sign_digest(&world.cast.members[LIAR], &digest, message.vote.signature);
    encode(bytes, size);
    lies.forged++;
}

static void tell(struct world *told, uint32_t to, uint8_t type, uint8_t *bytes, size_t *size)
{
    uint64_t lie = rng_below(&rng, 12);

    (void)told;
    if (type == MESSAGE_PROPOSE && (lie < 4 || (lie < 8 && to == 3))) {
        fork_block(bytes, size);
    } else if ((type == MESSAGE_VOTE || type == MESSAGE_COMMITVOTE) && lie < 4) {
        forge(type, bytes, size);
    } else if (lie == 8 && *size > 0) {
        bytes[rng_below(&rng, *size)] ^= (uint8_t)(1u << rng_below(&rng, 8));
        lies.garbled++;
    } else if (lie == 9 && *size > 0) {
        *size = rng_below(&rng, *size);
        lies.cut++;
    } else if (lie == 10) {
        *size = 0;
        lies.lost++;
    }
}

static bool honest_are_equal(void)
{
    uint64_t height = world.hosts[0].driver.apply.height;

    return height == world.hosts[2].driver.apply.height && height == world.hosts[3].driver.apply.height;
}

static void assert_equal_roots(uint64_t seed)
{
    struct hash32 root = ledger_state_root(world.hosts[0].driver.apply.ledger);

    for (uint32_t i = 2; i < 4; i++) {
        struct hash32 other = ledger_state_root(world.hosts[i].driver.apply.ledger);
        cr_assert(hash_equal(&root, &other), "I13: seed %llu, r%u", (unsigned long long)seed, i);
    }
}

static void run(uint64_t seed)
{
    rng_init(&rng, seed);
    world_plan_calm(&plan);
    plan.seed = seed;
    plan.mixed = true;
    plan.network.delay_ns_max = 4 * MS;
    world_open(&world, &plan);
    world.liar = (struct world_liar){ LIAR, tell, room };
    world_run_to(&world, 10 * MS);
    for (uint32_t i = 1; i <= COMMANDS; i++) {
        world_submit(&world, 1, WORKLOAD_ANY, false);
        world_run_to(&world, world.now_ns + 60 * MS);
        if (i == COMMANDS / 3) { /* So that the liar leads for a while. */
            world_crash(&world, 0, false);
            world_run_to(&world, world.now_ns + 3 * S);
            world_boot(&world, 0);
        }
    }
    for (uint32_t i = 0; i < 600 && !(workload_is_done(&world.workload) && honest_are_equal()); i++) {
        world_run_to(&world, world.now_ns + 100 * MS);
    }
    cr_assert_eq(world.failure.kind, FAILURE_NONE, "seed %llu: %s", (unsigned long long)seed, world.failure.text);
    cr_assert_eq(world.workload.told, COMMANDS, "J2: seed %llu", (unsigned long long)seed);
    cr_assert_eq(world.oracle.commands, COMMANDS, "I14: seed %llu", (unsigned long long)seed);
    cr_assert(honest_are_equal());
    assert_equal_roots(seed);
    world.liar.tell = NULL; /* Whoever lied has harmed nobody for good, itself included. */
    world_run_to(&world, world.now_ns + S);
    world_submit(&world, 1, 0, false);
    cr_assert(world_run_until_rest(&world, world.now_ns + 60 * S), "seed %llu: %s", (unsigned long long)seed, world.failure.text);
    cr_assert(world_check_end(&world), "seed %llu: %s", (unsigned long long)seed, world.failure.text);
    world_close(&world);
}

Test(byzantine, d7_three_of_four_agree_while_one_lies_to_each_of_them, .timeout = 300)
{
    memset(&lies, 0, sizeof lies);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed);
    }
    cr_assert_gt(lies.forked, 0, "blocks that only some got");
    cr_assert_gt(lies.forged, 0, "votes for what nobody proposed");
    cr_assert_gt(lies.garbled, 0);
    cr_assert_gt(lies.cut, 0);
    cr_assert_gt(lies.lost, 0);
}
