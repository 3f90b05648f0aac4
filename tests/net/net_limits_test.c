/* net_limits_test.c: each bound of net is reached where it is wired, over real sockets: it holds, and it lets go again. */
#include "net/net.h"

#include "base/clock.h"
#include "net/net_priv.h"
#include "net/tunnel.h"
#include "tests/net/nodes_kit.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HALF_OPEN 128u /* what net_config_default says */
#define PER_HOST 4u
#define BURST 64u      /* handshakes at once */

/* --- Strangers ---------------------------------------------------------------------------------------------------- */

/* turns_until_refused gives node 0 time until so many were refused in all. */
static void turns_until_refused(uint64_t count)
{
    for (unsigned i = 0; i < 100 && net_counters(nodes[0].net)->strangers_refused < count; i++) {
        nodes_turn();
    }
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, count);
}

static bool turns_until_closed(int fd)
{
    for (unsigned i = 0; i < 50 && !nodes_closed(fd); i++) {
        nodes_turn();
    }
    return nodes_closed(fd);
}

static uint32_t count_closed(const int *fds, uint32_t count)
{
    uint32_t closed = 0;

    for (uint32_t i = 0; i < count; i++) {
        closed += nodes_closed(fds[i]);
    }
    return closed;
}

ON_EACH_BACKEND(net_limits, all_hosts_together_hold_only_so_many_half_open_connections)
ParameterizedTest(enum kit_backend *backend, net_limits, all_hosts_together_hold_only_so_many_half_open_connections)
{
    static int fds[HALF_OPEN];
    struct net_config config, plain;

    nodes_prepare(*backend);
    nodes_configure(&nodes[0], &config);
    net_config_default(&plain);
    cr_assert_eq(plain.half_open_max, HALF_OPEN);
    cr_assert_eq(plain.half_open_per_host_max, PER_HOST);
    config.half_open_per_host_max = plain.half_open_per_host_max;
    config.handshake_timeout_ms = 60000;
    nodes_start_fine(&nodes[0], &config);
    for (uint32_t i = 0; i < HALF_OPEN; i++) { /* From 127.0.0.2 on, four of each: no host is at its own bound before the last of its four. */
        fds[i] = nodes_call_from(INADDR_LOOPBACK + 1 + i / PER_HOST);
        nodes_turn();
    }
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, 0);
    cr_assert_eq(count_closed(fds, HALF_OPEN), 0);
    int late = nodes_call_from(INADDR_LOOPBACK + 1 + HALF_OPEN / PER_HOST);
    turns_until_refused(1);
    cr_assert(turns_until_closed(late), "a host that has none yet is refused");
    close(fds[0]);
    nodes_turns(5);
    int next = nodes_call_from(INADDR_LOOPBACK + 1 + HALF_OPEN / PER_HOST);
    nodes_turns(5);
    cr_assert_not(nodes_closed(next), "one went, so one may come");
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, 1);
}

ON_EACH_BACKEND(net_limits, strangers_cannot_keep_out_a_host_where_a_member_lives)
ParameterizedTest(enum kit_backend *backend, net_limits, strangers_cannot_keep_out_a_host_where_a_member_lives)
{
    static int fds[HALF_OPEN];
    struct net_config config;

    nodes_prepare(*backend);
    nodes_name(1, 9); /* Member 1 lives at 127.0.0.1. */
    nodes_configure(&nodes[0], &config);
    config.half_open_per_host_max = PER_HOST;
    config.handshake_timeout_ms = 60000;
    nodes_start_fine(&nodes[0], &config);
    for (uint32_t i = 0; i < HALF_OPEN; i++) {
        fds[i] = nodes_call_from(INADDR_LOOPBACK + 1 + i / PER_HOST);
        nodes_turn();
    }
    int stranger = nodes_call_from(INADDR_LOOPBACK + 1 + HALF_OPEN / PER_HOST), member = nodes_call();
    turns_until_refused(1);
    cr_assert(turns_until_closed(stranger));
    cr_assert_not(nodes_closed(member), "its places are its own");
    cr_assert_eq(count_closed(fds, HALF_OPEN), 0);
}

/* A member whose address is a name lives where the name was last looked up. */
ON_EACH_BACKEND(net_limits, strangers_cannot_keep_out_the_host_of_a_member_known_by_name)
ParameterizedTest(enum kit_backend *backend, net_limits, strangers_cannot_keep_out_the_host_of_a_member_known_by_name)
{
    static int fds[HALF_OPEN];
    struct sockaddr_storage host = { 0 };
    struct sockaddr_in *found = (struct sockaddr_in *)(void *)&host;
    struct net_config config;
    const char *problem;

    nodes_prepare(*backend);
    cr_assert_eq(address_parse(&nodes_members[1].address, "ward.clinic.example:9", &problem), ERR_OK);
    nodes_configure(&nodes[0], &config);
    config.half_open_per_host_max = PER_HOST;
    config.handshake_timeout_ms = 60000;
    nodes_start_fine(&nodes[0], &config);
    *found = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    nodes[0].net->links[1].resolving = true;
    link_resolved(nodes[0].net, 1, ERR_OK, &host, sizeof *found);
    for (uint32_t i = 0; i < HALF_OPEN; i++) {
        fds[i] = nodes_call_from(INADDR_LOOPBACK + 1 + i / PER_HOST);
        nodes_turn();
    }
    int stranger = nodes_call_from(INADDR_LOOPBACK + 1 + HALF_OPEN / PER_HOST), member = nodes_call();
    turns_until_refused(1);
    cr_assert(turns_until_closed(stranger));
    cr_assert_not(nodes_closed(member), "its places are its own");
    cr_assert_eq(count_closed(fds, HALF_OPEN), 0);
    net_stop(nodes[0].net);
}

/* knock_from sends a hello whose first message is noise, and waits for the end of the connection, which is how every refusal looks from outside. */
static void knock_from(uint32_t host, bool right_tag)
{
    struct handshake_target target = { .chain = nodes_chain, .pattern = HANDSHAKE_IK };
    uint8_t hello[TUNNEL_HELLO_BYTES];
    int fd = nodes_call_from(host);

    memset(hello, 0xaa, sizeof hello);
    if (right_tag) {
        memcpy(target.responder_key, nodes[0].key.public_key, sizeof target.responder_key);
        handshake_hello_tag(&target, hello + HANDSHAKE_TAG_BYTES, hello);
    }
    cr_assert_eq(write(fd, hello, sizeof hello), (ssize_t)sizeof hello);
    cr_assert(turns_until_closed(fd));
    close(fd);
}

static void knock(bool right_tag) { knock_from(INADDR_LOOPBACK, right_tag); }

ON_EACH_BACKEND(net_limits, a_wrong_tag_takes_nothing_of_the_budget_of_handshakes)
ParameterizedTest(enum kit_backend *backend, net_limits, a_wrong_tag_takes_nothing_of_the_budget_of_handshakes)
{
    struct net_config config;

    nodes_prepare(*backend);
    nodes_configure(&nodes[0], &config);
    config.handshakes_per_second = 1; /* What is used up does not come back within this test. */
    nodes_start_fine(&nodes[0], &config);
    for (uint32_t i = 0; i < BURST + 4; i++) {
        knock(false);
    }
    knock(true);
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, 0, "whoever knows chain and key finds the whole budget");
    cr_assert_eq(net_counters(nodes[0].net)->handshakes_failed, BURST + 5);
}

ON_EACH_BACKEND(net_limits, handshakes_of_strangers_are_begun_at_a_bounded_rate)
ParameterizedTest(enum kit_backend *backend, net_limits, handshakes_of_strangers_are_begun_at_a_bounded_rate)
{
    const uint32_t per_second = 5, knocks = 3 * BURST;
    struct net_config config;

    net_config_default(&config);
    cr_assert_eq(config.handshakes_per_second, 200);
    nodes_prepare(*backend);
    nodes_configure(&nodes[0], &config);
    config.handshakes_per_second = per_second;
    nodes_start_fine(&nodes[0], &config);
    uint64_t from_ns = clock_mono_ns();
    for (uint32_t i = 0; i < knocks; i++) {
        knock(true);
    }
    uint64_t paid = (clock_mono_ns() - from_ns) * per_second / 1000000000 + 1;
    uint64_t begun = knocks - net_counters(nodes[0].net)->strangers_refused;
    cr_assert_geq(begun, BURST);
    cr_assert_leq(begun, BURST + paid + 1, "%u at once and %u in a second, not %zu", BURST, per_second, (size_t)begun);
    cr_assert_lt(begun, knocks);
    usleep(1000000 / per_second + 10000);
    uint64_t refused = net_counters(nodes[0].net)->strangers_refused;
    knock(true);
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, refused, "later there is room again");
}

/* One host calls without end, as quickly as it can: another is heard in time all the same. */
ON_EACH_BACKEND(net_limits, one_host_uses_up_no_handshakes_of_another)
ParameterizedTest(enum kit_backend *backend, net_limits, one_host_uses_up_no_handshakes_of_another)
{
    struct net_config config;

    nodes_prepare(*backend);
    nodes_configure(&nodes[0], &config);
    config.handshakes_per_second = 1;
    nodes_start_fine(&nodes[0], &config);
    for (uint32_t i = 0; i < BURST + 24; i++) {
        knock(true);
    }
    uint64_t refused = net_counters(nodes[0].net)->strangers_refused;
    cr_assert_gt(refused, 0);
    knock_from(INADDR_LOOPBACK + 1, true);
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, refused, "it has its part");
}

ON_EACH_BACKEND(net_limits, a_host_where_a_member_lives_has_a_budget_of_handshakes_of_its_own)
ParameterizedTest(enum kit_backend *backend, net_limits, a_host_where_a_member_lives_has_a_budget_of_handshakes_of_its_own)
{
    struct net_config config;

    nodes_prepare(*backend);
    nodes_name(1, 9); /* Member 1 lives at 127.0.0.1. */
    nodes_configure(&nodes[0], &config);
    config.handshakes_per_second = 1;
    nodes_start_fine(&nodes[0], &config);
    for (uint32_t i = 0; i < BURST + 24; i++) { /* A hello that was seen once can be said again by anybody. */
        knock_from(INADDR_LOOPBACK + 1, true);
    }
    uint64_t refused = net_counters(nodes[0].net)->strangers_refused;
    cr_assert_gt(refused, 0);
    knock(true);
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, refused, "what strangers use up is theirs");
}

/* One member, or whoever has its host, calls again and again: the others are heard all the same. */
ON_EACH_BACKEND(net_limits, one_member_uses_up_no_handshakes_of_another)
ParameterizedTest(enum kit_backend *backend, net_limits, one_member_uses_up_no_handshakes_of_another)
{
    struct net_config config;
    const char *problem;

    nodes_prepare(*backend);
    nodes_name(1, 9); /* Member 1 lives at 127.0.0.1. */
    cr_assert_eq(address_parse(&nodes_members[2].address, "127.0.0.2:9", &problem), ERR_OK);
    nodes_configure(&nodes[0], &config);
    config.handshakes_per_second = 1;
    nodes_start_fine(&nodes[0], &config);
    for (uint32_t i = 0; i < 2 * BURST; i++) {
        knock(true);
    }
    uint64_t refused = net_counters(nodes[0].net)->strangers_refused;
    cr_assert_gt(refused, 0);
    knock_from(INADDR_LOOPBACK + 1, true);
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, refused, "member 2 has its own");
}

/* --- Clients ------------------------------------------------------------------------------------------------------ */

ON_EACH_BACKEND(net_limits, a_client_too_many_is_refused_until_another_leaves)
ParameterizedTest(enum kit_backend *backend, net_limits, a_client_too_many_is_refused_until_another_leaves)
{
    struct net_config config;
    int fds[3];

    nodes_prepare(*backend);
    nodes_configure(&nodes[0], &config);
    nodes_listen_local(&config);
    config.clients_max = 3;
    nodes_start_fine(&nodes[0], &config);
    for (uint32_t i = 0; i < 3; i++) {
        fds[i] = nodes_call_local();
    }
    nodes_turns(5);
    cr_assert_eq(nodes[0].clients_up, 3);
    int late = nodes_call_local();
    turns_until_refused(1);
    cr_assert(turns_until_closed(late));
    cr_assert_eq(nodes[0].clients_up, 3);
    cr_assert_eq(count_closed(fds, 3), 0);
    close(fds[1]);
    for (unsigned i = 0; i < 50 && nodes[0].clients_down == 0; i++) {
        nodes_turn();
    }
    int next = nodes_call_local();
    for (unsigned i = 0; i < 50 && nodes[0].clients_up < 4; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[0].clients_up, 4);
    cr_assert_not(nodes_closed(next));
    net_stop(nodes[0].net);
}

/* A remote client, step by step. */
struct caller {
    int fd;
    struct tunnel_identity identity;
    struct tunnel tunnel;
    uint8_t room[TUNNEL_ROOM_MIN];
};

/* call_from sends a hello with a client's key, the same for the same serial; call does so from 127.0.0.1. */
static void call_from(struct caller *caller, const struct kx_keypair *key, uint8_t serial, uint32_t host)
{
    const uint8_t seed[32] = { 9, serial };
    struct tunnel_call whom = { .peer_key = nodes[0].key.public_key, .seed = seed };
    uint8_t hello[TUNNEL_HELLO_BYTES];

    caller->fd = nodes_call_from(host);
    caller->identity = (struct tunnel_identity){ key, nodes_chain };
    cr_assert(tunnel_dial(&caller->tunnel, &caller->identity, &whom, (struct tunnel_span){ caller->room, sizeof caller->room }, hello));
    cr_assert_eq(write(caller->fd, hello, sizeof hello), (ssize_t)sizeof hello);
}

static void call(struct caller *caller, const struct kx_keypair *key, uint8_t serial) { call_from(caller, key, serial, INADDR_LOOPBACK); }

/* hear waits for the second message. Gives: false when the replica closes instead. */
static bool hear(struct caller *caller)
{
    uint8_t second[TUNNEL_SECOND_BYTES];
    struct bytes plain;

    for (unsigned i = 0; i < 100 && !nodes_closed(caller->fd) && recv(caller->fd, second, sizeof second, MSG_PEEK | MSG_DONTWAIT) < (ssize_t)sizeof second; i++) {
        nodes_turn();
    }
    if (recv(caller->fd, second, sizeof second, MSG_DONTWAIT) != (ssize_t)sizeof second) {
        return false;
    }
    struct tunnel_span input = { second, sizeof second };
    return tunnel_receive(&caller->tunnel, &input, &plain) == TUNNEL_READY;
}

/* prove sends the first record, by which the replica believes in the caller. */
static void prove(struct caller *caller)
{
    uint8_t record[FRAME_HEADER_BYTES + CHANNEL_OVERHEAD];

    frame_header_encode(&(struct frame_header){ .type = 8 }, record + CHANNEL_HEADER_BYTES);
    size_t made = tunnel_seal(&caller->tunnel, record, FRAME_HEADER_BYTES);
    cr_assert_eq(write(caller->fd, record, made), (ssize_t)made);
}

static void make_keys(struct kx_keypair keys[2])
{
    for (uint8_t i = 0; i < 2; i++) {
        const uint8_t seed[32] = { 77, i };
        kx_keypair_from_seed(&keys[i], seed);
    }
}

/* begin_remote starts node 0 for clients from afar, with so many places for those of one key, and for all; 0: as many as it has by itself. */
static void begin_remote(enum kit_backend backend, uint32_t per_key, uint32_t places, struct kx_keypair keys[2])
{
    struct net_config config;

    make_keys(keys);
    nodes_prepare(backend);
    nodes_configure(&nodes[0], &config);
    config.remote_clients = true;
    config.clients_per_key_max = per_key != 0 ? per_key : config.clients_per_key_max;
    config.clients_max = places != 0 ? places : config.clients_max;
    config.half_open_per_host_max = 8;
    nodes_start_fine(&nodes[0], &config);
}

static void turns_until_clients(uint32_t count)
{
    for (unsigned i = 0; i < 50 && nodes[0].clients_up < count; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[0].clients_up, count);
}

ON_EACH_BACKEND(net_limits, one_key_has_only_so_many_connections_and_another_key_its_own)
ParameterizedTest(enum kit_backend *backend, net_limits, one_key_has_only_so_many_connections_and_another_key_its_own)
{
    static struct caller callers[4], other;
    struct kx_keypair keys[2];

    begin_remote(*backend, 2, 0, keys);
    for (uint8_t i = 0; i < 2; i++) {
        call(&callers[i], &keys[0], i);
        cr_assert(hear(&callers[i]));
        prove(&callers[i]);
        turns_until_clients(i + 1u);
    }
    call(&callers[2], &keys[0], 2);
    cr_assert_not(hear(&callers[2]), "the third of a key gets no answer");
    cr_assert_eq(net_counters(nodes[0].net)->handshakes_failed, 1);
    call(&other, &keys[1], 3);
    cr_assert(hear(&other));
    prove(&other);
    turns_until_clients(3);
    close(callers[0].fd);
    for (unsigned i = 0; i < 50 && nodes[0].clients_down == 0; i++) {
        nodes_turn();
    }
    call(&callers[3], &keys[0], 4);
    cr_assert(hear(&callers[3]), "one went, so one may come");
}

/* The bound is looked at twice: those whose handshakes overlap pass the first look together. */
ON_EACH_BACKEND(net_limits, handshakes_that_overlap_do_not_pass_the_bound_of_their_key)
ParameterizedTest(enum kit_backend *backend, net_limits, handshakes_that_overlap_do_not_pass_the_bound_of_their_key)
{
    static struct caller callers[2];
    struct kx_keypair keys[2];

    begin_remote(*backend, 1, 0, keys);
    for (uint8_t i = 0; i < 2; i++) {
        call(&callers[i], &keys[0], i);
        cr_assert(hear(&callers[i]));
    }
    prove(&callers[0]);
    turns_until_clients(1);
    prove(&callers[1]);
    turns_until_refused(1);
    cr_assert(turns_until_closed(callers[1].fd));
    cr_assert_not(nodes_closed(callers[0].fd));
    cr_assert_eq(nodes[0].clients_up, 1);
}

/* say_again has member 1, of this address, call from 127.0.0.1, and somebody else say the same hello elsewhere before the call is proved. */
static void say_again(enum kit_backend backend, const char *address)
{
    static struct caller member, again;
    struct net_config config;
    const char *problem;

    nodes_prepare(backend);
    cr_assert_eq(address_parse(&nodes_members[1].address, address, &problem), ERR_OK);
    nodes_configure(&nodes[0], &config);
    nodes_start_fine(&nodes[0], &config);
    call(&member, &nodes[1].key, 1);
    cr_assert(hear(&member));
    call_from(&again, &nodes[1].key, 1, INADDR_LOOPBACK + 1);
    cr_assert(hear(&again), "nobody can tell before the proof");
    prove(&member);
    for (unsigned i = 0; i < 50 && nodes[0].ups[1] == 0; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[0].ups[1], 1);
    cr_assert_eq(nodes[0].downs[1], 0);
}

ON_EACH_BACKEND(net_limits, a_hello_that_is_said_again_elsewhere_ends_no_call_of_the_member)
ParameterizedTest(enum kit_backend *backend, net_limits, a_hello_that_is_said_again_elsewhere_ends_no_call_of_the_member) { say_again(*backend, "127.0.0.1:9"); }

/* As long as no name server has said where the member lives, everywhere is elsewhere. */
ON_EACH_BACKEND(net_limits, a_hello_that_is_said_again_ends_no_call_of_a_member_whose_name_is_not_known)
ParameterizedTest(enum kit_backend *backend, net_limits, a_hello_that_is_said_again_ends_no_call_of_a_member_whose_name_is_not_known) { say_again(*backend, "ward.clinic.example:9"); }

ON_EACH_BACKEND(net_limits, remote_clients_leave_a_place_for_local_tools)
ParameterizedTest(enum kit_backend *backend, net_limits, remote_clients_leave_a_place_for_local_tools)
{
    static struct caller callers[3];
    struct kx_keypair keys[2];
    struct net_config config;

    make_keys(keys);
    nodes_prepare(*backend);
    nodes_configure(&nodes[0], &config);
    nodes_listen_local(&config);
    config.remote_clients = true;
    config.clients_max = 3;
    config.half_open_per_host_max = 8;
    nodes_start_fine(&nodes[0], &config);
    for (uint8_t i = 0; i < 3; i++) {
        call(&callers[i], &keys[i % 2], i);
        cr_assert(hear(&callers[i]));
        prove(&callers[i]);
        nodes_turns(5);
    }
    cr_assert(turns_until_closed(callers[2].fd), "the last place is not for those from afar");
    cr_assert_eq(nodes[0].clients_up, 2);
    int local = nodes_call_local();
    turns_until_clients(3);
    cr_assert_not(nodes_closed(local));
    net_stop(nodes[0].net);
}

/* come has a client connect from a host. */
static void come(struct caller *caller, const struct kx_keypair *key, uint8_t serial, uint32_t host)
{
    call_from(caller, key, serial, host);
    cr_assert(hear(caller));
    prove(caller);
    nodes_turns(5);
}

/* One host has all places and gives none back, however busy it is: others have theirs all the same, and it keeps its part. */
ON_EACH_BACKEND(net_limits, one_host_keeps_no_client_of_another_out)
ParameterizedTest(enum kit_backend *backend, net_limits, one_host_keeps_no_client_of_another_out)
{
    static struct caller greedy[4], other[3];
    struct kx_keypair keys[2];

    begin_remote(*backend, 0, 4, keys);
    for (uint8_t i = 0; i < 4; i++) {
        come(&greedy[i], &keys[0], i, INADDR_LOOPBACK + 1);
    }
    turns_until_clients(4);
    nodes[0].net->clients[2].active_ns -= 1000000000; /* the one that was silent longest, if not for long */
    come(&other[0], &keys[1], 10, INADDR_LOOPBACK + 2);
    turns_until_clients(5);
    cr_assert(turns_until_closed(greedy[2].fd));
    cr_assert_eq(nodes[0].reason, NET_IDLE);
    cr_assert_eq(net_counters(nodes[0].net)->clients_idled, 1);
    come(&other[1], &keys[1], 11, INADDR_LOOPBACK + 2);
    turns_until_clients(6);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(nodes[0].net->clients[i].same, 2, "client %u", i);
    }
    int closed = nodes_closed(greedy[0].fd) + nodes_closed(greedy[1].fd) + nodes_closed(greedy[3].fd);
    cr_assert_eq(closed, 1, "two of four for either");
    come(&other[2], &keys[1], 12, INADDR_LOOPBACK + 2);
    turns_until_refused(1);
    cr_assert(turns_until_closed(other[2].fd), "it has its part");
    cr_assert_not(nodes_closed(other[0].fd));
    cr_assert_eq(net_counters(nodes[0].net)->clients_idled, 2);
}

ON_EACH_BACKEND(net_limits, a_client_that_was_silent_for_long_gives_its_place_to_any_other)
ParameterizedTest(enum kit_backend *backend, net_limits, a_client_that_was_silent_for_long_gives_its_place_to_any_other)
{
    static struct caller callers[2], late, next;
    struct kx_keypair keys[2];

    begin_remote(*backend, 0, 2, keys);
    for (uint8_t i = 0; i < 2; i++) {
        come(&callers[i], &keys[i], i, INADDR_LOOPBACK + 1);
    }
    turns_until_clients(2);
    nodes[0].net->clients[0].active_ns -= NET_IDLE_NS / 2;
    come(&late, &keys[0], 3, INADDR_LOOPBACK + 1);
    turns_until_refused(1);
    cr_assert_not(nodes_closed(callers[0].fd), "not silent for long enough");
    nodes[0].net->clients[0].active_ns -= NET_IDLE_NS;
    come(&next, &keys[0], 4, INADDR_LOOPBACK + 1);
    turns_until_clients(3);
    cr_assert(turns_until_closed(callers[0].fd));
    cr_assert_not(nodes_closed(callers[1].fd));
    cr_assert_not(nodes_closed(next.fd));
    cr_assert_eq(nodes[0].reason, NET_IDLE);
}

/* What is said to a client, and what it says, shows that it is not idle. */
ON_EACH_BACKEND(net_limits, whoever_speaks_or_is_spoken_to_is_not_idle)
ParameterizedTest(enum kit_backend *backend, net_limits, whoever_speaks_or_is_spoken_to_is_not_idle)
{
    static struct caller caller;
    struct kx_keypair keys[2];
    struct net_message message = { .type = 9, .head = bytes_of("x", 1) };

    begin_remote(*backend, 0, 1, keys);
    come(&caller, &keys[0], 1, INADDR_LOOPBACK + 1);
    turns_until_clients(1);
    nodes[0].net->clients[0].active_ns = 0;
    cr_assert_eq(net_client_send(nodes[0].net, nodes[0].client, &message), ERR_OK);
    cr_assert_gt(nodes[0].net->clients[0].active_ns, 0);
    nodes[0].net->clients[0].active_ns = 0;
    uint32_t frames = nodes[0].client_frames;
    prove(&caller);
    for (unsigned i = 0; i < 50 && nodes[0].client_frames == frames; i++) {
        nodes_turn();
    }
    cr_assert_gt(nodes[0].net->clients[0].active_ns, 0);
}

/* --- What waits --------------------------------------------------------------------------------------------------- */

ON_EACH_BACKEND(net_limits, what_waits_for_a_client_is_bounded_and_one_that_does_not_read_is_closed)
ParameterizedTest(enum kit_backend *backend, net_limits, what_waits_for_a_client_is_bounded_and_one_that_does_not_read_is_closed)
{
    static uint8_t data[60000];
    struct net_config plain;
    struct payload payload;

    net_config_default(&plain);
    cr_assert_eq(plain.client_queue_bytes_max, 1u << 20);
    nodes_begin_local(*backend, false); /* With the bound of net_config_default. */
    int fd = nodes_call_local();
    turns_until_clients(1);
    payload_init(&payload, bytes_of(data, sizeof data), NULL);
    struct net_message message = { .type = 9, .body = &payload };
    enum err err = ERR_OK;
    for (unsigned i = 0; i < 400 && err == ERR_OK; i++) {
        err = net_client_send(nodes[0].net, nodes[0].client, &message);
        cr_assert_leq(net_client_queued_bytes(nodes[0].net, nodes[0].client), plain.client_queue_bytes_max);
        if (i % 4 == 0) {
            nodes_turn(); /* The kernel takes what fits into the socket's buffers. */
        }
    }
    cr_assert_eq(err, ERR_FULL);
    cr_assert_gt(net_client_queued_bytes(nodes[0].net, nodes[0].client), plain.client_queue_bytes_max - (FRAME_HEADER_BYTES + sizeof data));
    cr_assert_eq(nodes[0].clients_down, 0); /* The driver decides. */
    net_client_close(nodes[0].net, nodes[0].client);
    for (unsigned i = 0; i < 100 && nodes[0].clients_down == 0; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[0].clients_down, 1);
    cr_assert_eq(nodes[0].reason, NET_TIMED_OUT, "it still does not read");
    cr_assert_eq(payload.references, 1, "nothing of it waits any more");
    close(fd);
    net_stop(nodes[0].net);
}

/* A case of net.h: 0 stands for clamp(64 MiB / (n - 1), 2 frames, 8 MiB). */
struct clamp_case {
    uint32_t members, frame_bytes, queue_bytes;
};

static const struct clamp_case clamp_cases[] = {
    { 3, 64u << 10, 8u << 20 },                                          /* 32 MiB would be its part */
    { 9, 64u << 10, 8u << 20 },                                          /* just its part */
    { 128, 64u << 10, (64u << 20) / 127 },                               /* its part */
    { 128, 1u << 20, 2 * ((1u << 20) + FRAME_HEADER_BYTES) },            /* two frames are more than its part */
    { 3, (4u << 20) + (64u << 10), 2 * ((4u << 20) + (64u << 10) + FRAME_HEADER_BYTES) }, /* two frames are more than 8 MiB: those, and no more */
};

ParameterizedTestParameters(net_limits, what_waits_for_a_member_is_its_part_two_frames_at_least)
{
    return cr_make_param_array(const struct clamp_case, (struct clamp_case *)(uintptr_t)clamp_cases, sizeof clamp_cases / sizeof clamp_cases[0]);
}

ParameterizedTest(struct clamp_case *one, net_limits, what_waits_for_a_member_is_its_part_two_frames_at_least)
{
    static uint8_t data[32u << 10];
    struct payload payload;

    nodes_prepare(KIT_POSIX);
    for (uint32_t i = NODES; i < one->members; i++) {
        memset(nodes_members[i].key, (int)i, sizeof nodes_members[i].key);
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct net_config config;
        nodes_configure(&nodes[i], &config);
        config.members_count = one->members;
        config.member_frame_bytes_max = one->frame_bytes;
        nodes_start_fine(&nodes[i], &config);
        nodes_name(i, net_listen_port(nodes[i].net));
    }
    nodes_link(1, 0);
    nodes_turns(2);
    cr_assert_eq(net_queued_bytes(nodes[0].net, 1), 0);
    payload_init(&payload, bytes_of(data, sizeof data), NULL);
    struct net_message message = { .type = 2, .body = &payload };
    const size_t each = FRAME_HEADER_BYTES + sizeof data;
    size_t sent = 0;
    while (sent <= one->queue_bytes && net_send(nodes[0].net, 1, &message) == ERR_OK) { /* Without a turn nothing leaves. */
        sent += each;
    }
    cr_assert_eq(sent, one->queue_bytes / each * each, "%u members, frames of %u: %zu bytes may wait, not %u", one->members, one->frame_bytes, sent, one->queue_bytes);
    nodes_turn();
    cr_assert_eq(nodes[0].downs[1], 1);
    cr_assert_eq(nodes[0].reason, NET_SLOW);
}
