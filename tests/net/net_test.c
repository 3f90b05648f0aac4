/* net_test.c: links, clients and strangers over real sockets on loopback; several nets share one loop. */
#include "net/net.h"

#include "base/clock.h"
#include "net/dial.h"
#include "net/tunnel.h"
#include "tests/net/nodes_kit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BIG_BYTES 700000u

ON_EACH_BACKEND(net, two_members_link_up_and_greet_first)
ParameterizedTest(enum kit_backend *backend, net, two_members_link_up_and_greet_first)
{
    nodes_begin(*backend, 2);
    nodes_link(1, 0);
    for (unsigned i = 0; i < 20 && nodes[0].hellos + nodes[1].hellos < 2; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[0].hellos, 1);
    cr_assert_eq(nodes[1].hellos, 1);
    cr_assert_eq(nodes[0].ups[1], 1);
    cr_assert_eq(nodes[1].ups[0], 1);
}

ON_EACH_BACKEND(net, frames_arrive_whole_and_in_both_directions)
ParameterizedTest(enum kit_backend *backend, net, frames_arrive_whole_and_in_both_directions)
{
    static uint8_t big[BIG_BYTES];
    struct payload payload;

    nodes_begin(*backend, 2);
    nodes_link(1, 0);
    for (size_t i = 0; i < BIG_BYTES; i++) {
        big[i] = (uint8_t)i;
    }
    payload_init(&payload, bytes_of(big, BIG_BYTES), NULL);
    struct net_message message = { .type = 2, .version = 1, .body = &payload };
    for (unsigned i = 0; i < 5; i++) {
        cr_assert_eq(net_send(nodes[0].net, 1, &message), ERR_OK);
        cr_assert_eq(nodes_tell(1, 0, big, 300), ERR_OK);
    }
    for (unsigned i = 0; i < 400 && nodes[0].frames + nodes[1].frames < 10; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[1].bytes, 5 * (size_t)BIG_BYTES);
    cr_assert_eq(nodes[0].bytes, 5 * 300);
    cr_assert_eq(payload.references, 1);
}

ON_EACH_BACKEND(net, two_that_dial_at_once_end_with_one_link)
ParameterizedTest(enum kit_backend *backend, net, two_that_dial_at_once_end_with_one_link)
{
    nodes_begin(*backend, 2);
    nodes_name(1, net_listen_port(nodes[1].net));
    /* Node 0 was started before it could know the port of 1: give it another life that does. */
    net_stop(nodes[0].net);
    struct net_config config;
    nodes_configure(&nodes[0], &config);
    config.listen = nodes_members[0].address;
    nodes_start_fine(&nodes[0], &config);
    net_want(nodes[0].net, true);
    net_want(nodes[1].net, true);
    nodes_turns_until_up(0, 1);
    nodes_turns(10);
    cr_assert(nodes_is_up(0, 1));
    cr_assert(nodes_is_up(1, 0));
    cr_assert_eq(nodes[0].ups[1], 1);
    cr_assert_eq(nodes[0].downs[1] + nodes[1].downs[0], 0);
}

ON_EACH_BACKEND(net, a_member_that_comes_back_replaces_its_old_session)
ParameterizedTest(enum kit_backend *backend, net, a_member_that_comes_back_replaces_its_old_session)
{
    struct node old;

    nodes_begin(*backend, 2);
    nodes_link(1, 0);
    old = nodes[1]; /* Its descriptors stay open, as behind a cut cable; nobody steps it any more. */
    struct net_config config;
    nodes_configure(&nodes[1], &config);
    nodes_start_fine(&nodes[1], &config);
    net_want(nodes[1].net, true);
    for (unsigned i = 0; i < 100 && nodes[0].ups[1] < 2; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[0].ups[1], 2);
    cr_assert_eq(nodes[0].downs[1], 1);
    cr_assert_eq(nodes[0].reason, NET_REPLACED);
    cr_assert_neq(old.net, nodes[1].net);
}

ON_EACH_BACKEND(net, another_chain_cannot_link_and_the_caller_waits_longer_each_time)
ParameterizedTest(enum kit_backend *backend, net, another_chain_cannot_link_and_the_caller_waits_longer_each_time)
{
    nodes_prepare(*backend);
    struct net_config config;
    nodes_configure(&nodes[0], &config);
    nodes_start_fine(&nodes[0], &config);
    nodes_name(0, net_listen_port(nodes[0].net));
    nodes_configure(&nodes[1], &config);
    config.chain_id.bytes[0] ^= 1;
    nodes_start_fine(&nodes[1], &config);
    net_want(nodes[1].net, true);
    nodes_turns(30);
    cr_assert_not(nodes_is_up(0, 1));
    cr_assert_not(nodes_is_up(1, 0));
    cr_assert_gt(net_counters(nodes[0].net)->handshakes_failed, 0);
    cr_assert_leq(net_counters(nodes[1].net)->dials, 5);
}

ON_EACH_BACKEND(net, a_link_at_rest_has_no_deadline)
ParameterizedTest(enum kit_backend *backend, net, a_link_at_rest_has_no_deadline)
{
    nodes_begin(*backend, 2);
    nodes_link(1, 0);
    nodes_turns(3);
    cr_assert_eq(net_deadline_ns(nodes[0].net), LOOP_FOREVER);
    cr_assert_eq(net_deadline_ns(nodes[1].net), LOOP_FOREVER);
}

ON_EACH_BACKEND(net, sending_to_a_member_that_is_down_dials_it_once)
ParameterizedTest(enum kit_backend *backend, net, sending_to_a_member_that_is_down_dials_it_once)
{
    nodes_begin(*backend, 2);
    cr_assert_eq(nodes_tell(1, 0, "x", 1), ERR_CLOSED);
    cr_assert_eq(net_deadline_ns(nodes[1].net), 0);
    nodes_turns_until_up(0, 1);
    net_stop(nodes[0].net);
    nodes[0].net = NULL;
    for (unsigned i = 0; i < 50 && nodes_is_up(1, 0); i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[1].downs[0], 1);
    cr_assert_eq(nodes_tell(1, 0, "x", 1), ERR_CLOSED);
    uint64_t dials = net_counters(nodes[1].net)->dials;
    nodes_turns(30);
    cr_assert_eq(net_counters(nodes[1].net)->dials, dials + 1);
    cr_assert_eq(net_deadline_ns(nodes[1].net), LOOP_FOREVER);
}

ON_EACH_BACKEND(net, a_member_that_does_not_read_is_closed_as_slow)
ParameterizedTest(enum kit_backend *backend, net, a_member_that_does_not_read_is_closed_as_slow)
{
    static uint8_t data[16000];
    enum err err = ERR_OK;

    nodes_begin(*backend, 2);
    nodes_link(1, 0);
    nodes_deafen(1, 0);
    for (unsigned i = 0; i < 4000 && err == ERR_OK; i++) {
        err = nodes_tell(0, 1, data, sizeof data);
        if (i % 20 == 0) {
            nodes_turn();
        }
    }
    cr_assert_eq(err, ERR_FULL);
    cr_assert_eq(nodes[0].downs[1], 0); /* Never from inside net_send. */
    cr_assert_eq(net_deadline_ns(nodes[0].net), 0);
    nodes_turns(3);
    cr_assert_eq(nodes[0].downs[1], 1);
    cr_assert_eq(nodes[0].reason, NET_SLOW);
}

ON_EACH_BACKEND(net, a_dropped_link_goes_down_at_both_ends)
ParameterizedTest(enum kit_backend *backend, net, a_dropped_link_goes_down_at_both_ends)
{
    nodes_begin(*backend, 2);
    nodes_link(1, 0);
    net_drop(nodes[0].net, 1);
    cr_assert_eq(nodes_tell(0, 1, "x", 1), ERR_CLOSED);
    for (unsigned i = 0; i < 50 && nodes[1].downs[0] == 0; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[0].downs[1], 1);
    cr_assert_eq(nodes[1].downs[0], 1);
    cr_assert_eq(nodes[1].reason, NET_CLOSED);
}

/* --- Strangers ---------------------------------------------------------------------------------------------------- */

ON_EACH_BACKEND(net, bytes_that_are_no_hello_close_without_a_word)
ParameterizedTest(enum kit_backend *backend, net, bytes_that_are_no_hello_close_without_a_word)
{
    uint8_t noise[TUNNEL_HELLO_BYTES];

    nodes_begin(*backend, 1);
    memset(noise, 0xaa, sizeof noise);
    int fd = nodes_call();
    cr_assert_eq(write(fd, noise, sizeof noise), (ssize_t)sizeof noise);
    for (unsigned i = 0; i < 50 && !nodes_closed(fd); i++) {
        nodes_turn();
    }
    cr_assert(nodes_closed(fd));
    cr_assert_eq(net_counters(nodes[0].net)->handshakes_failed, 1);
    cr_assert_eq(net_deadline_ns(nodes[0].net), LOOP_FOREVER);
}

ON_EACH_BACKEND(net, a_silent_stranger_is_closed_when_its_time_is_over)
ParameterizedTest(enum kit_backend *backend, net, a_silent_stranger_is_closed_when_its_time_is_over)
{
    nodes_begin(*backend, 1);
    int fd = nodes_call();
    for (unsigned i = 0; i < 10 && net_deadline_ns(nodes[0].net) == LOOP_FOREVER; i++) {
        nodes_turn();
    }
    cr_assert_neq(net_deadline_ns(nodes[0].net), LOOP_FOREVER);
    for (unsigned i = 0; i < 60 && !nodes_closed(fd); i++) {
        nodes_turn();
    }
    cr_assert(nodes_closed(fd));
}

ON_EACH_BACKEND(net, one_host_holds_only_so_many_half_open_connections)
ParameterizedTest(enum kit_backend *backend, net, one_host_holds_only_so_many_half_open_connections)
{
    int fds[6];
    unsigned closed = 0;

    nodes_begin(*backend, 1); /* One member lives on this host: two half-open connections. */
    for (unsigned i = 0; i < 6; i++) {
        fds[i] = nodes_call();
    }
    nodes_turns(5);
    for (unsigned i = 0; i < 6; i++) {
        closed += nodes_closed(fds[i]);
    }
    cr_assert_eq(closed, 4);
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, 4);
}

ON_EACH_BACKEND(net, a_port_that_is_taken_is_told_in_words)
ParameterizedTest(enum kit_backend *backend, net, a_port_that_is_taken_is_told_in_words)
{
    const char *problem = NULL;

    nodes_begin(*backend, 1);
    struct net_config config;
    nodes_configure(&nodes[1], &config);
    config.listen = nodes_members[0].address;
    cr_assert_eq(nodes_start(&nodes[1], &config, &problem), ERR_IO);
    cr_assert_not_null(strstr(problem, "another program listens there"));
}

/* --- Clients ------------------------------------------------------------------------------------------------------ */

static void send_raw(int fd, const void *body, uint32_t size)
{
    uint8_t bytes[9000];
    struct frame_header header = { .type = 8, .length = size };

    frame_header_encode(&header, bytes);
    memcpy(bytes + FRAME_HEADER_BYTES, body, size);
    cr_assert_eq(write(fd, bytes, FRAME_HEADER_BYTES + size), (ssize_t)(FRAME_HEADER_BYTES + size));
}

ON_EACH_BACKEND(net, a_local_client_is_known_by_the_kernels_word_and_answered)
ParameterizedTest(enum kit_backend *backend, net, a_local_client_is_known_by_the_kernels_word_and_answered)
{
    uint8_t back[16];

    nodes_begin_local(*backend, true);
    int fd = nodes_call_local();
    send_raw(fd, "hello", 5);
    for (unsigned i = 0; i < 50 && recv(fd, back, sizeof back, MSG_PEEK | MSG_DONTWAIT) < 13; i++) {
        nodes_turn();
    }
    cr_assert_eq(recv(fd, back, sizeof back, MSG_DONTWAIT), 13);
    cr_assert_eq(memcmp(back + FRAME_HEADER_BYTES, "hello", 5), 0);
    cr_assert(nodes[0].info.local);
    cr_assert_eq(nodes[0].info.uid, getuid());
    cr_assert_eq(nodes[0].info.pid, (uint32_t)getpid());
    close(fd);
    for (unsigned i = 0; i < 50 && nodes[0].clients_down == 0; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[0].clients_down, 1);
    net_stop(nodes[0].net);
    cr_assert_neq(access(nodes_socket, F_OK), 0);
}

ON_EACH_BACKEND(net, a_frame_that_is_too_long_closes_the_client)
ParameterizedTest(enum kit_backend *backend, net, a_frame_that_is_too_long_closes_the_client)
{
    uint8_t bytes[FRAME_HEADER_BYTES];

    nodes_begin_local(*backend, false);
    int fd = nodes_call_local();
    frame_header_encode(&(struct frame_header){ .type = 8, .length = 8193 }, bytes);
    cr_assert_eq(write(fd, bytes, sizeof bytes), (ssize_t)sizeof bytes);
    for (unsigned i = 0; i < 50 && !nodes_closed(fd); i++) {
        nodes_turn();
    }
    cr_assert(nodes_closed(fd));
    cr_assert_eq(nodes[0].reason, NET_MALFORMED);
    cr_assert_eq(net_counters(nodes[0].net)->malformed, 1);
    net_stop(nodes[0].net);
}

ON_EACH_BACKEND(net, a_client_that_is_sent_away_still_gets_its_answer)
ParameterizedTest(enum kit_backend *backend, net, a_client_that_is_sent_away_still_gets_its_answer)
{
    uint8_t back[16];

    nodes_begin_local(*backend, true);
    nodes[0].close_client = true;
    int fd = nodes_call_local();
    send_raw(fd, "a", 1);
    send_raw(fd, "b", 1); /* Not heard any more. */
    for (unsigned i = 0; i < 50 && nodes[0].clients_down == 0; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[0].clients_down, 1);
    cr_assert_eq(nodes[0].client_frames, 1);
    cr_assert_eq(recv(fd, back, sizeof back, MSG_DONTWAIT), FRAME_HEADER_BYTES + 1);
    cr_assert_eq(net_client_send(nodes[0].net, nodes[0].client, &(struct net_message){ .type = 9, .head = bytes_of("x", 1) }), ERR_CLOSED);
    net_stop(nodes[0].net);
}

ON_EACH_BACKEND(net, a_socket_that_nobody_answers_is_replaced_and_a_living_one_is_not)
ParameterizedTest(enum kit_backend *backend, net, a_socket_that_nobody_answers_is_replaced_and_a_living_one_is_not)
{
    const char *problem = NULL;
    char text[100];

    nodes_begin_local(*backend, false);
    struct net_config config;
    nodes_configure(&nodes[1], &config);
    snprintf(text, sizeof text, "unix:%s", nodes_socket);
    cr_assert_eq(address_parse(&config.listen_local, text, &problem), ERR_OK);
    cr_assert_eq(nodes_start(&nodes[1], &config, &problem), ERR_IO);
    net_stop(nodes[0].net);
    nodes[0].net = NULL;
    int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(stale, (const struct sockaddr *)&config.listen_local.socket, config.listen_local.size), 0);
    close(stale);
    nodes_start_fine(&nodes[1], &config);
    close(nodes_call_local());
    net_stop(nodes[1].net);
}

/* take gives the net of a node, which is not started. */
static struct net *take(struct node *node, const struct net_config *config)
{
    struct arena arena;

    arena_init_measure(&arena);
    (void)net_take(&arena, config);
    size_t size = arena.used;
    arena_init(&arena, kit_memory(size), size);
    node->net = net_take(&arena, config);
    return node->net;
}

static int try_port(const struct address *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int code = connect(fd, (const struct sockaddr *)&address->socket, address->size) == 0 ? 0 : errno;

    close(fd);
    return code;
}

/* linger leaves a connection of node 0's port in TIME_WAIT: its side closes first. */
static void linger(void)
{
    int fd = nodes_call();

    nodes_turns(2);
    net_stop(nodes[0].net);
    nodes[0].net = NULL;
    cr_assert(nodes_closed(fd));
    close(fd);
}

/* Three programs want one port at once, on which connections of an earlier life linger: the first has it, before it listens and when it does. */
Test(net, a_port_is_had_before_anybody_is_answered)
{
    static struct net_handlers handlers;
    struct net_config config;
    const char *problem = NULL;

    nodes_begin(KIT_POSIX, 1);
    nodes_name(0, net_listen_port(nodes[0].net));
    nodes_configure(&nodes[1], &config);
    config.listen = nodes_members[0].address;
    cr_assert_eq(net_bind(take(&nodes[1], &config), &problem), ERR_IO, "a port that is listened on");
    cr_assert(strstr(problem, "another program listens there") != NULL, "%s", problem);
    linger();
    cr_assert_eq(net_bind(nodes[1].net, &problem), ERR_OK, "%s", problem);
    cr_assert_eq(net_bind(nodes[1].net, &problem), ERR_OK, "once is enough");
    cr_assert_eq(try_port(&config.listen), ECONNREFUSED, "bound, not listened on");
    cr_assert_eq(net_bind(take(&nodes[2], &config), &problem), ERR_IO, "neither listens yet");
    cr_assert(strstr(problem, "another program listens there") != NULL, "%s", problem);
    nodes[2].net = NULL; /* It has nothing. */
    cr_assert_eq(net_start(nodes[1].net, nodes_loop, &handlers, &problem), ERR_OK, "%s", problem);
    cr_assert_eq(try_port(&config.listen), 0, "listened on");
    net_stop(nodes[1].net);
    nodes[1].net = NULL;
}

/* A path is had as soon as it is bound, too: it is no path of a dead process, though nobody answers there yet. */
Test(net, a_path_is_had_before_anybody_is_answered)
{
    struct net_config config;
    const char *problem = NULL;
    struct stat info;

    nodes_prepare(KIT_POSIX);
    nodes_configure(&nodes[0], &config);
    nodes_listen_local(&config);
    cr_assert_eq(net_bind(take(&nodes[0], &config), &problem), ERR_OK, "%s", problem);
    nodes_configure(&nodes[1], &config);
    nodes_listen_local(&config);
    cr_assert_eq(net_bind(take(&nodes[1], &config), &problem), ERR_IO, "neither listens yet");
    cr_assert(strstr(problem, "another program listens there") != NULL, "%s", problem);
    nodes[1].net = NULL;
    cr_assert_eq(lstat(nodes_socket, &info), 0, "the first one's name stays");
    net_stop(nodes[0].net);
    nodes[0].net = NULL;
    cr_assert_neq(lstat(nodes_socket, &info), 0, "and goes with it");
}

/* Whoever may write the folder can put another socket in the place of one that is bound. The replica must say so, and leave it alone. */
Test(net, a_path_with_another_socket_in_its_place_is_neither_served_nor_removed)
{
    static struct net_handlers handlers;
    struct net_config config;
    const char *problem = NULL;
    struct stat info;

    nodes_prepare(KIT_POSIX);
    nodes_configure(&nodes[0], &config);
    nodes_listen_local(&config);
    cr_assert_eq(net_bind(take(&nodes[0], &config), &problem), ERR_OK, "%s", problem);
    int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(unlink(nodes_socket), 0);
    cr_assert_eq(bind(other, (const struct sockaddr *)&config.listen_local.socket, config.listen_local.size), 0);
    cr_assert_eq(net_start(nodes[0].net, nodes_loop, &handlers, &problem), ERR_IO);
    cr_assert(strstr(problem, "another program listens there") != NULL, "%s", problem);
    net_stop(nodes[0].net);
    nodes[0].net = NULL;
    cr_assert_eq(lstat(nodes_socket, &info), 0, "the other's name stays");
    close(other);
    (void)unlink(nodes_socket);
}

static struct dial *call_remote(const struct kx_keypair *key, enum err *err)
{
    static _Alignas(64) uint8_t memory[1 << 20];
    struct dial_config config = { .key = key, .chain_id = nodes_chain, .frame_bytes_max = 8192, .queue_bytes_max = 16384, .address = nodes_members[0].address };
    struct dial *dial = NULL;

    memcpy(config.remote_key, nodes[0].key.public_key, 32);
    cr_assert_leq(dial_footprint(&config), sizeof memory);
    *err = dial_open(&dial, memory, &config, 300);
    return dial;
}

ON_EACH_BACKEND(net, a_stranger_with_a_key_is_refused_unless_remote_clients_are_allowed)
ParameterizedTest(enum kit_backend *backend, net, a_stranger_with_a_key_is_refused_unless_remote_clients_are_allowed)
{
    struct kx_keypair key;
    uint8_t seed[32] = { 77 };
    enum err err;

    kx_keypair_from_seed(&key, seed);
    nodes_begin(*backend, 1);
    if (fork() == 0) {
        (void)call_remote(&key, &err);
        _exit(err == ERR_CLOSED || err == ERR_TIMEOUT ? 0 : 1);
    }
    nodes_turns(20);
    cr_assert_eq(nodes[0].clients_up, 0);
    cr_assert_eq(net_counters(nodes[0].net)->handshakes_failed, 1);
}

ON_EACH_BACKEND(net, a_remote_client_is_known_by_its_key_and_answered)
ParameterizedTest(enum kit_backend *backend, net, a_remote_client_is_known_by_its_key_and_answered)
{
    struct kx_keypair key;
    uint8_t seed[32] = { 77 };
    enum err err;

    kx_keypair_from_seed(&key, seed);
    nodes_prepare(*backend);
    struct net_config config;
    nodes_configure(&nodes[0], &config);
    config.remote_clients = true;
    nodes[0].echo = true;
    nodes_start_fine(&nodes[0], &config);
    nodes_name(0, net_listen_port(nodes[0].net));
    int child = fork();
    if (child == 0) {
        struct dial *dial = call_remote(&key, &err);
        struct frame frame = { { .type = 8, .length = 6 }, bytes_of("remote", 6) };
        bool good = err == ERR_OK && dial_send(dial, &frame, 100) == ERR_OK && dial_receive(dial, &frame, 2000) == ERR_OK;
        _exit(good && frame.body.size == 6 && memcmp(frame.body.data, "remote", 6) == 0 ? 0 : 1);
    }
    for (unsigned i = 0; i < 100 && nodes[0].clients_down == 0; i++) {
        nodes_turn();
    }
    cr_assert_eq(nodes[0].client_frames, 1);
    cr_assert_not(nodes[0].info.local);
    cr_assert_eq(memcmp(nodes[0].info.key, key.public_key, 32), 0);
}
