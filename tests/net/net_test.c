/* net_test.c: links, clients and strangers over real sockets on loopback; several nets share one loop. */
#include "net/net.h"

#include "base/clock.h"
#include "net/dial.h"
#include "net/tunnel.h"
#include "tests/net/net_kit.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NODES 3u
#define BIG_BYTES 700000u

/* One net and what its handlers saw. */
struct node {
    struct net *net;
    uint32_t index;
    struct kx_keypair key;
    uint32_t ups[NODES], downs[NODES];
    enum net_reason reason;
    uint32_t hellos, frames;
    size_t bytes; /* of bodies, hellos apart */
    uint64_t client;
    struct net_client_info info;
    uint32_t clients_up, clients_down, client_frames;
    bool echo; /* clients get back what they send */
    bool close_client; /* after the answer */
};

static struct loop *loop;
static struct node nodes[NODES];
static struct net_member members[NODES];
static struct hash32 chain;
static char socket_path[80];

static uint32_t on_hello(void *context, uint32_t member, struct frame_header *header, uint8_t body[NET_HELLO_BYTES_MAX])
{
    struct node *node = context;

    *header = (struct frame_header){ .type = 1, .version = 1 };
    body[0] = (uint8_t)node->index;
    body[1] = (uint8_t)member;
    return 2;
}

static void on_up(void *context, uint32_t member) { ((struct node *)context)->ups[member]++; }

static void on_down(void *context, uint32_t member, enum net_reason reason)
{
    struct node *node = context;

    node->downs[member]++;
    node->reason = reason;
}

static void on_frame(void *context, uint32_t member, const struct frame *frame)
{
    struct node *node = context;

    if (frame->header.type == 1) {
        cr_assert_eq(frame->body.data[0], member);
        cr_assert_eq(frame->body.data[1], node->index);
        node->hellos++;
        return;
    }
    node->frames++;
    node->bytes += frame->body.size;
    for (size_t i = 0; i < frame->body.size; i += 997) {
        cr_assert_eq(frame->body.data[i], (uint8_t)i);
    }
}

static bool on_client_up(void *context, uint64_t client, const struct net_client_info *info)
{
    struct node *node = context;

    node->client = client;
    node->info = *info;
    node->clients_up++;
    return true;
}

static void on_client_down(void *context, uint64_t client, enum net_reason reason)
{
    struct node *node = context;

    cr_assert_eq(client, node->client);
    node->clients_down++;
    node->reason = reason;
}

static void on_client_frame(void *context, uint64_t client, const struct frame *frame)
{
    struct node *node = context;
    struct net_message back = { .type = 9, .head = frame->body };

    node->client_frames++;
    if (node->echo) {
        cr_assert_eq(net_client_send(node->net, client, &back), ERR_OK);
    }
    if (node->close_client) {
        net_client_close(node->net, client);
    }
}

static struct net_handlers handlers_of(struct node *node)
{
    return (struct net_handlers){ node, on_hello, on_up, on_down, on_frame, on_client_up, on_client_down, on_client_frame };
}

static void configure(struct node *node, struct net_config *config)
{
    const char *problem;

    net_config_default(config);
    config->chain_id = chain;
    config->key = &node->key;
    config->own_index = node->index;
    config->members_count = NODES;
    config->members = members;
    config->client_frame_bytes_max = 8192;
    config->handshake_timeout_ms = 500;
    config->half_open_per_host_max = 2;
    config->seed = node->index + 1;
    cr_assert_eq(address_parse(&config->listen, "127.0.0.1:0", &problem), ERR_OK);
}

static enum err start(struct node *node, const struct net_config *config, const char **problem)
{
    static struct net_handlers handlers[NODES];
    struct arena arena;

    arena_init_measure(&arena);
    cr_assert_null(net_take(&arena, config));
    size_t size = arena.used;
    arena_init(&arena, kit_memory(size), size);
    node->net = net_take(&arena, config);
    cr_assert_eq(arena.used, size);
    handlers[node->index] = handlers_of(node);
    return net_start(node->net, loop, &handlers[node->index], problem);
}

static void start_fine(struct node *node, const struct net_config *config)
{
    const char *problem = NULL;
    enum err err = start(node, config, &problem);

    cr_assert_eq(err, ERR_OK, "%s", problem == NULL ? "" : problem);
}

static void name_member(uint32_t index, uint16_t port)
{
    char text[64];
    const char *problem;

    snprintf(text, sizeof text, "127.0.0.1:%u", port);
    cr_assert_eq(address_parse(&members[index].address, text, &problem), ERR_OK);
}

static void prepare(enum kit_backend backend)
{
    struct loop_uring_config config = loop_uring_config_default();

    crypto_start();
    loop = kit_loop_on(backend, &config);
    memset(chain.bytes, 0x5a, HASH_BYTES);
    snprintf(socket_path, sizeof socket_path, "/tmp/ward-net-test-%d.sock", (int)getpid());
    for (uint32_t i = 0; i < NODES; i++) {
        uint8_t seed[32];
        memset(seed, (int)(i + 1), sizeof seed);
        nodes[i].index = i;
        kx_keypair_from_seed(&nodes[i].key, seed);
        memcpy(members[i].key, nodes[i].key.public_key, 32);
    }
}

/* begin starts `count` nodes; each knows the ports of those before it. */
static void begin(enum kit_backend backend, uint32_t count)
{
    prepare(backend);
    for (uint32_t i = 0; i < count; i++) {
        struct net_config config;
        configure(&nodes[i], &config);
        start_fine(&nodes[i], &config);
        name_member(i, net_listen_port(nodes[i].net));
    }
}

static void turn(void)
{
    uint64_t deadline = clock_mono_ns() + 20000000u;

    cr_assert_eq(loop_turn(loop, deadline), ERR_OK);
    for (uint32_t i = 0; i < NODES; i++) {
        if (nodes[i].net != NULL) {
            net_step(nodes[i].net, clock_mono_ns());
        }
    }
}

static void turns_until_up(uint32_t a, uint32_t b)
{
    for (unsigned i = 0; i < 200 && !(net_is_up(nodes[a].net, b) && net_is_up(nodes[b].net, a)); i++) {
        turn();
    }
    cr_assert(net_is_up(nodes[a].net, b));
    cr_assert(net_is_up(nodes[b].net, a));
}

static void turns(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        turn();
    }
}

static void link_up(uint32_t caller, uint32_t called)
{
    net_want(nodes[caller].net, true);
    net_step(nodes[caller].net, clock_mono_ns());
    turns_until_up(caller, called);
    net_want(nodes[caller].net, false);
}

static enum err tell(uint32_t from, uint32_t to, const void *data, size_t size)
{
    struct net_message message = { .type = 2, .version = 1, .head = bytes_of(data, size) };

    return net_send(nodes[from].net, to, &message);
}

ON_EACH_BACKEND(net, two_members_link_up_and_greet_first)
ParameterizedTest(enum kit_backend *backend, net, two_members_link_up_and_greet_first)
{
    begin(*backend, 2);
    link_up(1, 0);
    for (unsigned i = 0; i < 20 && nodes[0].hellos + nodes[1].hellos < 2; i++) {
        turn();
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

    begin(*backend, 2);
    link_up(1, 0);
    for (size_t i = 0; i < BIG_BYTES; i++) {
        big[i] = (uint8_t)i;
    }
    payload_init(&payload, bytes_of(big, BIG_BYTES), NULL);
    struct net_message message = { .type = 2, .version = 1, .body = &payload };
    for (unsigned i = 0; i < 5; i++) {
        cr_assert_eq(net_send(nodes[0].net, 1, &message), ERR_OK);
        cr_assert_eq(tell(1, 0, big, 300), ERR_OK);
    }
    for (unsigned i = 0; i < 400 && nodes[0].frames + nodes[1].frames < 10; i++) {
        turn();
    }
    cr_assert_eq(nodes[1].bytes, 5 * (size_t)BIG_BYTES);
    cr_assert_eq(nodes[0].bytes, 5 * 300);
    cr_assert_eq(payload.references, 1);
}

ON_EACH_BACKEND(net, two_that_dial_at_once_end_with_one_link)
ParameterizedTest(enum kit_backend *backend, net, two_that_dial_at_once_end_with_one_link)
{
    begin(*backend, 2);
    name_member(1, net_listen_port(nodes[1].net));
    /* Node 0 was started before it could know the port of 1: give it another life that does. */
    net_stop(nodes[0].net);
    struct net_config config;
    configure(&nodes[0], &config);
    config.listen = members[0].address;
    start_fine(&nodes[0], &config);
    net_want(nodes[0].net, true);
    net_want(nodes[1].net, true);
    turns_until_up(0, 1);
    turns(10);
    cr_assert(net_is_up(nodes[0].net, 1));
    cr_assert(net_is_up(nodes[1].net, 0));
    cr_assert_eq(nodes[0].ups[1], 1);
    cr_assert_eq(nodes[0].downs[1] + nodes[1].downs[0], 0);
}

ON_EACH_BACKEND(net, a_member_that_comes_back_replaces_its_old_session)
ParameterizedTest(enum kit_backend *backend, net, a_member_that_comes_back_replaces_its_old_session)
{
    struct node old;

    begin(*backend, 2);
    link_up(1, 0);
    old = nodes[1]; /* Its descriptors stay open, as behind a cut cable; nobody steps it any more. */
    struct net_config config;
    configure(&nodes[1], &config);
    start_fine(&nodes[1], &config);
    net_want(nodes[1].net, true);
    for (unsigned i = 0; i < 100 && nodes[0].ups[1] < 2; i++) {
        turn();
    }
    cr_assert_eq(nodes[0].ups[1], 2);
    cr_assert_eq(nodes[0].downs[1], 1);
    cr_assert_eq(nodes[0].reason, NET_REPLACED);
    cr_assert_neq(old.net, nodes[1].net);
}

ON_EACH_BACKEND(net, another_chain_cannot_link_and_the_caller_waits_longer_each_time)
ParameterizedTest(enum kit_backend *backend, net, another_chain_cannot_link_and_the_caller_waits_longer_each_time)
{
    prepare(*backend);
    struct net_config config;
    configure(&nodes[0], &config);
    start_fine(&nodes[0], &config);
    name_member(0, net_listen_port(nodes[0].net));
    configure(&nodes[1], &config);
    config.chain_id.bytes[0] ^= 1;
    start_fine(&nodes[1], &config);
    net_want(nodes[1].net, true);
    turns(30);
    cr_assert_not(net_is_up(nodes[0].net, 1));
    cr_assert_not(net_is_up(nodes[1].net, 0));
    cr_assert_gt(net_counters(nodes[0].net)->handshakes_failed, 0);
    cr_assert_leq(net_counters(nodes[1].net)->dials, 5);
}

ON_EACH_BACKEND(net, a_link_at_rest_has_no_deadline)
ParameterizedTest(enum kit_backend *backend, net, a_link_at_rest_has_no_deadline)
{
    begin(*backend, 2);
    link_up(1, 0);
    turns(3);
    cr_assert_eq(net_deadline_ns(nodes[0].net), LOOP_FOREVER);
    cr_assert_eq(net_deadline_ns(nodes[1].net), LOOP_FOREVER);
}

ON_EACH_BACKEND(net, sending_to_a_member_that_is_down_dials_it_once)
ParameterizedTest(enum kit_backend *backend, net, sending_to_a_member_that_is_down_dials_it_once)
{
    begin(*backend, 2);
    cr_assert_eq(tell(1, 0, "x", 1), ERR_CLOSED);
    cr_assert_eq(net_deadline_ns(nodes[1].net), 0);
    turns_until_up(0, 1);
    net_stop(nodes[0].net);
    nodes[0].net = NULL;
    for (unsigned i = 0; i < 50 && net_is_up(nodes[1].net, 0); i++) {
        turn();
    }
    cr_assert_eq(nodes[1].downs[0], 1);
    cr_assert_eq(tell(1, 0, "x", 1), ERR_CLOSED);
    uint64_t dials = net_counters(nodes[1].net)->dials;
    turns(30);
    cr_assert_eq(net_counters(nodes[1].net)->dials, dials + 1);
    cr_assert_eq(net_deadline_ns(nodes[1].net), LOOP_FOREVER);
}

ON_EACH_BACKEND(net, a_member_that_does_not_read_is_closed_as_slow)
ParameterizedTest(enum kit_backend *backend, net, a_member_that_does_not_read_is_closed_as_slow)
{
    static uint8_t data[16000];
    enum err err = ERR_OK;

    begin(*backend, 2);
    link_up(1, 0);
    net_pause(nodes[1].net, 0);
    for (unsigned i = 0; i < 4000 && err == ERR_OK; i++) {
        err = tell(0, 1, data, sizeof data);
        if (i % 20 == 0) {
            turn();
        }
    }
    cr_assert_eq(err, ERR_FULL);
    cr_assert_eq(nodes[0].downs[1], 0); /* Never from inside net_send. */
    cr_assert_eq(net_deadline_ns(nodes[0].net), 0);
    turns(3);
    cr_assert_eq(nodes[0].downs[1], 1);
    cr_assert_eq(nodes[0].reason, NET_SLOW);
}

ON_EACH_BACKEND(net, a_paused_member_is_heard_after_resume)
ParameterizedTest(enum kit_backend *backend, net, a_paused_member_is_heard_after_resume)
{
    begin(*backend, 2);
    link_up(1, 0);
    net_pause(nodes[1].net, 0);
    turns(3);
    cr_assert_eq(tell(0, 1, "\0", 1), ERR_OK);
    turns(5);
    cr_assert_eq(nodes[1].frames, 0);
    net_resume(nodes[1].net, 0);
    for (unsigned i = 0; i < 50 && nodes[1].frames == 0; i++) {
        turn();
    }
    cr_assert_eq(nodes[1].frames, 1);
}

ON_EACH_BACKEND(net, a_dropped_link_goes_down_at_both_ends)
ParameterizedTest(enum kit_backend *backend, net, a_dropped_link_goes_down_at_both_ends)
{
    begin(*backend, 2);
    link_up(1, 0);
    net_drop(nodes[0].net, 1);
    cr_assert_not(net_is_up(nodes[0].net, 1));
    for (unsigned i = 0; i < 50 && nodes[1].downs[0] == 0; i++) {
        turn();
    }
    cr_assert_eq(nodes[0].downs[1], 1);
    cr_assert_eq(nodes[1].downs[0], 1);
    cr_assert_eq(nodes[1].reason, NET_CLOSED);
}

/* --- Strangers ---------------------------------------------------------------------------------------------------- */

static int call_raw(void)
{
    struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(net_listen_port(nodes[0].net)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

static bool is_closed(int fd)
{
    uint8_t byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

ON_EACH_BACKEND(net, bytes_that_are_no_hello_close_without_a_word)
ParameterizedTest(enum kit_backend *backend, net, bytes_that_are_no_hello_close_without_a_word)
{
    uint8_t noise[TUNNEL_HELLO_BYTES];

    begin(*backend, 1);
    memset(noise, 0xaa, sizeof noise);
    int fd = call_raw();
    cr_assert_eq(write(fd, noise, sizeof noise), (ssize_t)sizeof noise);
    for (unsigned i = 0; i < 50 && !is_closed(fd); i++) {
        turn();
    }
    cr_assert(is_closed(fd));
    cr_assert_eq(net_counters(nodes[0].net)->handshakes_failed, 1);
    cr_assert_eq(net_deadline_ns(nodes[0].net), LOOP_FOREVER);
}

ON_EACH_BACKEND(net, a_silent_stranger_is_closed_when_its_time_is_over)
ParameterizedTest(enum kit_backend *backend, net, a_silent_stranger_is_closed_when_its_time_is_over)
{
    begin(*backend, 1);
    int fd = call_raw();
    for (unsigned i = 0; i < 10 && net_deadline_ns(nodes[0].net) == LOOP_FOREVER; i++) {
        turn();
    }
    cr_assert_neq(net_deadline_ns(nodes[0].net), LOOP_FOREVER);
    for (unsigned i = 0; i < 60 && !is_closed(fd); i++) {
        turn();
    }
    cr_assert(is_closed(fd));
}

ON_EACH_BACKEND(net, one_host_holds_only_so_many_half_open_connections)
ParameterizedTest(enum kit_backend *backend, net, one_host_holds_only_so_many_half_open_connections)
{
    int fds[6];
    unsigned closed = 0;

    begin(*backend, 1); /* One member lives on this host: two half-open connections. */
    for (unsigned i = 0; i < 6; i++) {
        fds[i] = call_raw();
    }
    turns(5);
    for (unsigned i = 0; i < 6; i++) {
        closed += is_closed(fds[i]);
    }
    cr_assert_eq(closed, 4);
    cr_assert_eq(net_counters(nodes[0].net)->strangers_refused, 4);
}

ON_EACH_BACKEND(net, a_port_that_is_taken_is_told_in_words)
ParameterizedTest(enum kit_backend *backend, net, a_port_that_is_taken_is_told_in_words)
{
    const char *problem = NULL;

    begin(*backend, 1);
    struct net_config config;
    configure(&nodes[1], &config);
    config.listen = members[0].address;
    cr_assert_eq(start(&nodes[1], &config, &problem), ERR_IO);
    cr_assert_not_null(strstr(problem, "another program listens there"));
}

/* --- Clients ------------------------------------------------------------------------------------------------------ */

static void begin_local(enum kit_backend backend, bool echo)
{
    char text[100];
    const char *problem;
    struct net_config config;

    prepare(backend);
    snprintf(text, sizeof text, "unix:%s", socket_path);
    configure(&nodes[0], &config);
    cr_assert_eq(address_parse(&config.listen_local, text, &problem), ERR_OK);
    nodes[0].echo = echo;
    start_fine(&nodes[0], &config);
}

static int call_local(void)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(name.sun_path, socket_path, strlen(socket_path) + 1);
    cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

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

    begin_local(*backend, true);
    int fd = call_local();
    send_raw(fd, "hello", 5);
    for (unsigned i = 0; i < 50 && recv(fd, back, sizeof back, MSG_PEEK | MSG_DONTWAIT) < 13; i++) {
        turn();
    }
    cr_assert_eq(recv(fd, back, sizeof back, MSG_DONTWAIT), 13);
    cr_assert_eq(memcmp(back + FRAME_HEADER_BYTES, "hello", 5), 0);
    cr_assert(nodes[0].info.local);
    cr_assert_eq(nodes[0].info.uid, getuid());
    cr_assert_eq(nodes[0].info.pid, (uint32_t)getpid());
    close(fd);
    for (unsigned i = 0; i < 50 && nodes[0].clients_down == 0; i++) {
        turn();
    }
    cr_assert_eq(nodes[0].clients_down, 1);
    net_stop(nodes[0].net);
    cr_assert_neq(access(socket_path, F_OK), 0);
}

ON_EACH_BACKEND(net, a_frame_that_is_too_long_closes_the_client)
ParameterizedTest(enum kit_backend *backend, net, a_frame_that_is_too_long_closes_the_client)
{
    uint8_t bytes[FRAME_HEADER_BYTES];

    begin_local(*backend, false);
    int fd = call_local();
    frame_header_encode(&(struct frame_header){ .type = 8, .length = 8193 }, bytes);
    cr_assert_eq(write(fd, bytes, sizeof bytes), (ssize_t)sizeof bytes);
    for (unsigned i = 0; i < 50 && !is_closed(fd); i++) {
        turn();
    }
    cr_assert(is_closed(fd));
    cr_assert_eq(nodes[0].reason, NET_MALFORMED);
    cr_assert_eq(net_counters(nodes[0].net)->malformed, 1);
    net_stop(nodes[0].net);
}

ON_EACH_BACKEND(net, a_client_that_is_sent_away_still_gets_its_answer)
ParameterizedTest(enum kit_backend *backend, net, a_client_that_is_sent_away_still_gets_its_answer)
{
    uint8_t back[16];

    begin_local(*backend, true);
    nodes[0].close_client = true;
    int fd = call_local();
    send_raw(fd, "a", 1);
    send_raw(fd, "b", 1); /* Not heard any more. */
    for (unsigned i = 0; i < 50 && nodes[0].clients_down == 0; i++) {
        turn();
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

    begin_local(*backend, false);
    struct net_config config;
    configure(&nodes[1], &config);
    snprintf(text, sizeof text, "unix:%s", socket_path);
    cr_assert_eq(address_parse(&config.listen_local, text, &problem), ERR_OK);
    cr_assert_eq(start(&nodes[1], &config, &problem), ERR_IO);
    net_stop(nodes[0].net);
    nodes[0].net = NULL;
    int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(stale, (const struct sockaddr *)&config.listen_local.socket, config.listen_local.size), 0);
    close(stale);
    start_fine(&nodes[1], &config);
    close(call_local());
    net_stop(nodes[1].net);
}

static struct dial *call_remote(const struct kx_keypair *key, enum err *err)
{
    static _Alignas(64) uint8_t memory[1 << 20];
    struct dial_config config = { .key = key, .chain_id = chain, .frame_bytes_max = 8192, .queue_bytes_max = 16384, .address = members[0].address };
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
    begin(*backend, 1);
    if (fork() == 0) {
        (void)call_remote(&key, &err);
        _exit(err == ERR_CLOSED || err == ERR_TIMEOUT ? 0 : 1);
    }
    turns(20);
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
    prepare(*backend);
    struct net_config config;
    configure(&nodes[0], &config);
    config.remote_clients = true;
    nodes[0].echo = true;
    start_fine(&nodes[0], &config);
    name_member(0, net_listen_port(nodes[0].net));
    int child = fork();
    if (child == 0) {
        struct dial *dial = call_remote(&key, &err);
        struct frame frame = { { .type = 8, .length = 6 }, bytes_of("remote", 6) };
        bool good = err == ERR_OK && dial_send(dial, &frame, 100) == ERR_OK && dial_receive(dial, &frame, 2000) == ERR_OK;
        _exit(good && frame.body.size == 6 && memcmp(frame.body.data, "remote", 6) == 0 ? 0 : 1);
    }
    for (unsigned i = 0; i < 100 && nodes[0].clients_down == 0; i++) {
        turn();
    }
    cr_assert_eq(nodes[0].client_frames, 1);
    cr_assert_not(nodes[0].info.local);
    cr_assert_eq(memcmp(nodes[0].info.key, key.public_key, 32), 0);
}
