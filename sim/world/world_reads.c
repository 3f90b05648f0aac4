/* world_reads.c: clients that read, behind a quorum (Q5), that ask for state with proofs behind it, and for proofs of what they were told (R5). */
#include "sim/world/world_priv.h"

#include "base/assert.h"
#include "sim/oracle/handout.h"
#include "sim/oracle/inquiry.h"
#include "sim/world/choice.h"

#define PROOFS_BACK 24u /* blocks below the tip, from which a client asks for one */

void world_on_read(void *context, uint32_t member, uint64_t token, bool ok, uint64_t height)
{
    struct world *world = context;
    uint32_t account = readers_account(&world->readers, token);

    readers_done(&world->readers, token, ok, host_nonce(&world->hosts[member], cast_account(&world->cast, account)), height);
    if (ok && world->plan.consents) {
        handout_ask(&world->consent, &world->workload, &world->hosts[member], token);
    }
    if (ok && inquiry_ask(&world->oracle, &world->hosts[member], token)) {
        world->inquiries++;
    }
}

void world_on_proof(void *context, uint32_t member, const struct block_header *header, struct bytes proof)
{
    struct world *world = context;

    world->proofs++;
    held_shown(&world->oracle, member, header, proof);
}

/* ask_for_proof: whoever reads asks the same server for a proof of one of the newest blocks, as often as not of the very newest. */
static void ask_for_proof(struct world *world, struct host *host, uint64_t token)
{
    uint64_t height = host->driver.apply.height;
    uint64_t back = choice_below(world->plan.seed, &(struct choice){ CHOICE_READ, { token, 2, host->plan.member } }, 2 * PROOFS_BACK);

    back = back > PROOFS_BACK ? 0 : back;
    if (host->state == HOST_UP && height > back) {
        host_prove(host, height - back);
    }
}

void world_begin_read(struct world *world, uint64_t token, uint32_t member)
{
    struct host *host = &world->hosts[member];

    if (host->state == HOST_UP) {
        readers_began(&world->readers, token, world->now_ns);
        host_read(host, token);
        ask_for_proof(world, host, token);
        world_settle(world, member);
    } else {
        readers_done(&world->readers, token, false, 0, 0);
    }
}

bool world_take_read(struct world *world)
{
    uint64_t token = 0;
    uint32_t member = 0;

    if (readers_due_ns(&world->readers) > world->now_ns) {
        return false;
    }
    if (readers_take(&world->readers, world->now_ns, &token, &member)) {
        world_begin_read(world, token, member);
    }
    return true;
}
