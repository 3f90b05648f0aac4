/* net_link_test.c: when members are called, and how often, whatever they do. */
#include "net/net.h"

#include "base/clock.h"
#include "net/net_priv.h"
#include "tests/net/nodes_kit.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define MS UINT64_C(1000000)

/* turns_until_ups gives the nodes time until node 1 was told of so many links with node 0. */
static void turns_until_ups(uint32_t count)
{
    for (unsigned i = 0; i < 4000 && nodes[1].ups[0] < count; i++) {
        nodes_turn();
    }
    cr_assert_geq(nodes[1].ups[0], count);
}

/* As a member of another version does, or one that lies: it proves its key, and ends the link with what it hears first. */
ON_EACH_BACKEND(net_link, a_member_that_ends_each_link_at_once_is_called_less_and_less_often)
ParameterizedTest(enum kit_backend *backend, net_link, a_member_that_ends_each_link_at_once_is_called_less_and_less_often)
{
    nodes_begin(*backend, 2);
    nodes[0].drops = true;
    uint64_t begin_ns = clock_mono_ns();
    net_want(nodes[1].net, true);
    turns_until_ups(5);
    cr_assert_geq(clock_mono_ns() - begin_ns, (50 + 100 + 200 + 400) * MS, "four waits, each at least half of what it may be");
    cr_assert_leq(net_counters(nodes[1].net)->dials, 5);
}

ON_EACH_BACKEND(net_link, a_member_whose_link_lasted_is_called_again_at_once)
ParameterizedTest(enum kit_backend *backend, net_link, a_member_whose_link_lasted_is_called_again_at_once)
{
    nodes_begin(*backend, 2);
    nodes[0].drops = true;
    net_want(nodes[1].net, true);
    for (unsigned i = 0; i < 4000 && nodes[1].downs[0] < 3; i++) {
        nodes_turn();
    }
    nodes[0].drops = false;
    nodes_turns_until_up(0, 1);
    struct net_link *link = &nodes[1].net->links[0];
    uint32_t downs = nodes[1].downs[0];
    cr_assert_geq(link->backoff.failures, 3, "that it is up says nothing");
    link->up_ns -= NET_LASTING_NS;
    net_drop(nodes[1].net, 0);
    net_step(nodes[1].net, clock_mono_ns());
    cr_assert_eq(nodes[1].downs[0], downs + 1);
    cr_assert_eq(link->backoff.failures, 0);
    cr_assert_not_null(link->calling, "in the same step");
}

/* Two names are looked up for longer than is waited before they are looked up again: whenever there is an answer, the other one is due. */
ON_EACH_BACKEND(net_link, names_without_an_answer_keep_no_other_from_being_asked_about)
ParameterizedTest(enum kit_backend *backend, net_link, names_without_an_answer_keep_no_other_from_being_asked_about)
{
    struct net_config config;
    const char *problem;
    bool asked = false;

    nodes_prepare(*backend);
    for (uint32_t i = 1; i < 4; i++) {
        memset(nodes_members[i].key, (int)(0x10 + i), sizeof nodes_members[i].key);
        cr_assert_eq(address_parse(&nodes_members[i].address, "no..host:9", &problem), ERR_OK); /* no name server is asked about that */
    }
    nodes_configure(&nodes[0], &config);
    config.members_count = 4;
    nodes_start_fine(&nodes[0], &config);
    net_want(nodes[0].net, true);
    for (unsigned i = 0; i < 100 && !asked; i++) {
        nodes_turn();
        nodes[0].net->links[1].dial_ns = nodes[0].net->links[2].dial_ns = 0;
        asked = nodes[0].net->links[3].resolving || nodes[0].net->links[3].backoff.failures > 0;
    }
    cr_assert(asked);
    cr_assert_gt(nodes[0].net->links[1].backoff.failures, 0);
    net_stop(nodes[0].net);
}

/* An operator lets a hospital's address have many handshakes at once. Whoever has the host of a member, the member itself among them, takes no connection of others by that. */
ON_EACH_BACKEND(net_link, the_host_of_a_member_holds_no_place_of_others_however_much_it_may)
ParameterizedTest(enum kit_backend *backend, net_link, the_host_of_a_member_holds_no_place_of_others_however_much_it_may)
{
    enum { HALF_OPEN = 64, CALLS = 2 * HALF_OPEN };
    struct net_config config;

    nodes_prepare(*backend);
    nodes_name(1, 9); /* Members 1 and 2 live at 127.0.0.1, and do not answer. */
    nodes_name(2, 9);
    nodes_configure(&nodes[0], &config);
    nodes_listen_local(&config);
    config.clients_max = 1;
    config.half_open_max = HALF_OPEN;
    config.half_open_per_host_max = HALF_OPEN;
    config.handshake_timeout_ms = 60000;
    nodes_start_fine(&nodes[0], &config);
    for (uint32_t i = 0; i < CALLS; i++) {
        (void)nodes_call();
        nodes_turn();
    }
    (void)nodes_call_local();
    for (unsigned i = 0; i < 50 && nodes[0].clients_up == 0; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[0].clients_up, 1, "a tool gets in");
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, CALLS - HALF_OPEN - 2 * 8);
    net_want(nodes[0].net, true);
    net_step(nodes[0].net, clock_mono_ns());
    cr_assert_eq(net_counters(nodes[0].net)->dials, 2, "and members are called");
    net_stop(nodes[0].net);
}

/* Whoever was refused holds its place until the kernel has let go of it, one turn later: those who come meanwhile have no other, so strangers hold no more than their places. */
ON_EACH_BACKEND(net_link, strangers_that_are_being_closed_take_no_place_of_a_call)
ParameterizedTest(enum kit_backend *backend, net_link, strangers_that_are_being_closed_take_no_place_of_a_call)
{
    enum { HALF_OPEN = 36, PER_HOST = 1 };
    static const uint8_t noise[TUNNEL_HELLO_BYTES] = { 0xaa };
    static int fds[HALF_OPEN];
    struct net_config config;
    const char *problem;

    nodes_prepare(*backend);
    cr_assert_eq(address_parse(&nodes_members[1].address, "127.9.9.9:9", &problem), ERR_OK); /* where nobody answers */
    nodes_configure(&nodes[0], &config);
    config.clients_max = 1;
    config.half_open_max = HALF_OPEN;
    config.half_open_per_host_max = PER_HOST;
    config.handshake_timeout_ms = 60000;
    nodes_start_fine(&nodes[0], &config);
    for (uint32_t i = 0; i < HALF_OPEN; i++) {
        fds[i] = nodes_call_from(INADDR_LOOPBACK + 1 + i / PER_HOST);
        nodes_turn();
    }
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, 0);
    for (uint32_t i = 0; i < HALF_OPEN; i++) {
        cr_assert_eq(write(fds[i], noise, sizeof noise), (ssize_t)sizeof noise);
    }
    for (uint32_t i = 0; i < HALF_OPEN; i++) {
        (void)nodes_call_from(INADDR_LOOPBACK + 1 + HALF_OPEN + i / PER_HOST);
    }
    net_want(nodes[0].net, true);
    nodes_turn();
    cr_assert_eq(net_counters(nodes[0].net)->dials, 1);
    nodes_turns(5);
    int next = nodes_call_from(INADDR_LOOPBACK + 1 + 2 * HALF_OPEN);
    nodes_turns(5);
    cr_assert_not(nodes_closed(next), "and there is room for strangers again");
    net_stop(nodes[0].net);
}
