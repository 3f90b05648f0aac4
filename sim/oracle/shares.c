/* shares.c: see shares.h. */
#include "sim/oracle/shares.h"

#include "base/assert.h"
#include "sim/oracle/oracle.h"

#include <stdlib.h>
#include <string.h>

enum { CHECKS_OF_MEMBER = 4, READS_AT_ONCE = 128, MEMBER_COMMANDS_LEAST = 16, MILLION = 1000000 };

#define READ_NS UINT64_C(1000000)

void shares_init(struct shares *shares, uint32_t seats, uint32_t members, uint32_t pool_commands, struct failure *failure)
{
    uint32_t half = pool_commands / 2, part = half / (members - 1);

    ASSERT(members > 1);
    *shares = (struct shares){ .failure = failure, .members = members, .client_commands = half, .stranger_commands = half / 8,
        .member_commands = part > MEMBER_COMMANDS_LEAST ? part : MEMBER_COMMANDS_LEAST, .seats = seats, .rations = calloc((size_t)seats * members, sizeof *shares->rations) };
    ASSERT(shares->rations != NULL);
}

void shares_clocks(struct shares *shares, uint32_t view_ms_min, uint32_t rate_ppm)
{
    ASSERT(rate_ppm < MILLION);
    shares->answer_ns = (uint64_t)view_ms_min * (MILLION - rate_ppm) / 4;
    shares->read_ns = READ_NS / MILLION * (MILLION - rate_ppm);
}

void shares_close(struct shares *shares)
{
    free(shares->rations);
    *shares = (struct shares){ .failure = NULL };
}

static struct shares_ration *ration_of(struct shares *shares, uint32_t seat, uint32_t member)
{
    ASSERT(seat < shares->seats);
    ASSERT(member < shares->members);
    return &shares->rations[(size_t)seat * shares->members + member];
}

void shares_began(struct shares *shares, uint32_t seat)
{
    memset(ration_of(shares, seat, 0), 0, shares->members * sizeof *shares->rations);
}

void shares_linked(struct shares *shares, uint32_t seat, uint32_t member)
{
    ration_of(shares, seat, member)->answer_ns = 0;
}

/* answered charges an answer to a member. */
static void answered(struct shares *shares, uint32_t seat, uint32_t member, uint64_t now_ns)
{
    struct shares_ration *ration = ration_of(shares, seat, member);

    if (now_ns < ration->answer_ns) {
        oracle_fail(shares->failure, FAILURE_SAFETY, "J7: r%u answers r%u again %llu us before it may", seat, member, (unsigned long long)(ration->answer_ns - now_ns) / 1000);
    }
    ration->answer_ns = now_ns + shares->answer_ns;
}

static void read_answered(struct shares *shares, uint32_t seat, uint32_t member, uint64_t now_ns)
{
    struct shares_ration *ration = ration_of(shares, seat, member);

    ration->read_ns = (ration->read_ns > now_ns ? ration->read_ns : now_ns) + shares->read_ns;
    if (ration->read_ns > now_ns + READS_AT_ONCE * READ_NS) {
        oracle_fail(shares->failure, FAILURE_SAFETY, "J7: r%u answers more reads of r%u than it may", seat, member);
    }
}

void shares_sent(struct shares *shares, uint32_t seat, uint8_t type, const struct member_set *to, uint64_t now_ns)
{
    if (type != MESSAGE_ANSWER && type != MESSAGE_READ_ANSWER) {
        return;
    }
    for (uint32_t member = 0; member < shares->members; member++) {
        if (member_set_has(to, member) && type == MESSAGE_ANSWER) {
            answered(shares, seat, member, now_ns);
        } else if (member_set_has(to, member)) {
            read_answered(shares, seat, member, now_ns);
        }
    }
}

void shares_look(const struct shares *shares, uint32_t seat, const struct replica_shares *held)
{
    for (uint32_t member = 0; member < shares->members; member++) {
        if (held->checks[member] > CHECKS_OF_MEMBER) {
            oracle_fail(shares->failure, FAILURE_SAFETY, "J7: r%u has %u messages of r%u checked at a time", seat, held->checks[member], member);
        }
        if (held->commands[member] > shares->member_commands) {
            oracle_fail(shares->failure, FAILURE_SAFETY, "J7: r%u holds %u commands for r%u, whose part are %u", seat, held->commands[member], member, shares->member_commands);
        }
    }
    if (held->client_commands > shares->client_commands || held->stranger_commands > shares->stranger_commands) {
        oracle_fail(shares->failure, FAILURE_SAFETY, "J7: r%u holds %u commands of clients, %u of senders that nobody knows", seat, held->client_commands, held->stranger_commands);
    }
}
