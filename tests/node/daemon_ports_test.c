/* daemon_ports_test.c: what the driver sends to members, over real links: one that does not read takes nothing from the others. */
#include "node/daemon_priv.h"
#include "tests/net/nodes_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define BLOCK_BYTES 60000u
#define BLOCKS 200u /* far more than both sockets and all payload buffers hold */

static struct daemon daemon_under_test;

static void take_payloads(void)
{
    struct arena arena;

    arena_init_measure(&arena);
    payloads_init(&daemon_under_test.payloads, &arena);
    size_t size = arena.used;
    arena_init(&arena, kit_memory(size), size);
    payloads_init(&daemon_under_test.payloads, &arena);
}

ON_EACH_BACKEND(daemon_ports, a_member_that_does_not_read_keeps_no_block_from_the_others)
ParameterizedTest(enum kit_backend *backend, daemon_ports, a_member_that_does_not_read_keeps_no_block_from_the_others)
{
    static uint8_t body[BLOCK_BYTES];
    struct driver_ports ports = daemon_ports(&daemon_under_test);
    struct port_message block = { .type = 2, .head = bytes_of("", 0), .tail = bytes_of(body, sizeof body) };

    for (size_t i = 0; i < sizeof body; i += 997) {
        body[i] = (uint8_t)i;
    }
    nodes_begin(*backend, NODES);
    net_want(nodes[2].net, true);
    nodes_turns_until_up(2, 0);
    net_want(nodes[1].net, true);
    nodes_turns_until_up(1, 0);
    net_want(nodes[1].net, false);
    net_want(nodes[2].net, false);
    take_payloads();
    daemon_under_test.net = nodes[0].net;
    daemon_under_test.boot.epoch.members_count = NODES;
    block.to = member_set_all(NODES);
    member_set_remove(&block.to, 0);
    nodes_deafen(1, 0);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        ports.send(ports.context, &block);
        for (unsigned k = 0; k < 50 && nodes[2].frames <= i; k++) {
            nodes_turn();
        }
        cr_assert_eq(nodes[2].frames, i + 1, "block %u did not come", i);
    }
    cr_assert(nodes_is_up(0, 2));
    cr_assert_eq(daemon_under_test.payloads.dropped, 1, "once there was no room");
    cr_assert_eq(nodes[0].downs[1], 1, "who does not read is let go, and comes back when it likes");
    cr_assert_eq(nodes[0].reason, NET_SLOW);
}
