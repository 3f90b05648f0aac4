/* nodes_kit.c: see nodes_kit.h. */
#include "tests/net/nodes_kit.h"

#include "base/clock.h"
#include "net/net_priv.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct loop *nodes_loop;
struct node nodes[NODES];
struct net_member nodes_members[NET_MEMBERS_MAX];
struct hash32 nodes_chain;
char nodes_socket[80];

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

    if (node->drops) {
        net_drop(node->net, member);
    }
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

    cr_assert(client == node->client || node->clients_up > 1);
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

void nodes_configure(struct node *node, struct net_config *config)
{
    const char *problem;

    net_config_default(config);
    config->chain_id = nodes_chain;
    config->key = &node->key;
    config->own_index = node->index;
    config->members_count = NODES;
    config->members = nodes_members;
    config->client_frame_bytes_max = 8192;
    config->handshake_timeout_ms = 500;
    config->half_open_per_host_max = 2;
    config->seed = node->index + 1;
    cr_assert_eq(address_parse(&config->listen, "127.0.0.1:0", &problem), ERR_OK);
}

enum err nodes_start(struct node *node, const struct net_config *config, const char **problem)
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
    return net_start(node->net, nodes_loop, &handlers[node->index], problem);
}

void nodes_start_fine(struct node *node, const struct net_config *config)
{
    const char *problem = NULL;
    enum err err = nodes_start(node, config, &problem);

    cr_assert_eq(err, ERR_OK, "%s", problem == NULL ? "" : problem);
}

void nodes_name(uint32_t index, uint16_t port)
{
    char text[64];
    const char *problem;

    snprintf(text, sizeof text, "127.0.0.1:%u", port);
    cr_assert_eq(address_parse(&nodes_members[index].address, text, &problem), ERR_OK);
}

void nodes_prepare(enum kit_backend backend)
{
    struct loop_uring_config config = loop_uring_config_default();

    crypto_start();
    nodes_loop = kit_loop_on(backend, &config);
    memset(nodes_chain.bytes, 0x5a, HASH_BYTES);
    snprintf(nodes_socket, sizeof nodes_socket, "/tmp/ward-net-test-%d.sock", (int)getpid());
    for (uint32_t i = 0; i < NODES; i++) {
        uint8_t seed[32];
        memset(seed, (int)(i + 1), sizeof seed);
        nodes[i].index = i;
        kx_keypair_from_seed(&nodes[i].key, seed);
        memcpy(nodes_members[i].key, nodes[i].key.public_key, 32);
    }
}

void nodes_begin(enum kit_backend backend, uint32_t count)
{
    nodes_prepare(backend);
    for (uint32_t i = 0; i < count; i++) {
        struct net_config config;
        nodes_configure(&nodes[i], &config);
        nodes_start_fine(&nodes[i], &config);
        nodes_name(i, net_listen_port(nodes[i].net));
    }
}

void nodes_turn(void)
{
    uint64_t deadline = clock_mono_ns() + 20000000u;

    cr_assert_eq(loop_turn(nodes_loop, deadline), ERR_OK);
    for (uint32_t i = 0; i < NODES; i++) {
        if (nodes[i].net != NULL) {
            net_step(nodes[i].net, clock_mono_ns());
        }
    }
}

bool nodes_is_up(uint32_t a, uint32_t b) { return nodes[a].ups[b] > nodes[a].downs[b]; }

void nodes_turns_until_up(uint32_t a, uint32_t b)
{
    for (unsigned i = 0; i < 200 && !(nodes_is_up(a, b) && nodes_is_up(b, a)); i++) {
        nodes_turn();
    }
    cr_assert(nodes_is_up(a, b));
    cr_assert(nodes_is_up(b, a));
}

void nodes_turns(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        nodes_turn();
    }
}

void nodes_link(uint32_t caller, uint32_t called)
{
    net_want(nodes[caller].net, true);
    net_step(nodes[caller].net, clock_mono_ns());
    nodes_turns_until_up(caller, called);
    net_want(nodes[caller].net, false);
}

enum err nodes_tell(uint32_t from, uint32_t to, const void *data, size_t size)
{
    struct net_message message = { .type = 2, .version = 1, .head = bytes_of(data, size) };

    return net_send(nodes[from].net, to, &message);
}

/* --- Strangers and local clients ---------------------------------------------------------------------------------- */

int nodes_call_from(uint32_t host)
{
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(host) };
    struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(net_listen_port(nodes[0].net)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

void nodes_deafen(uint32_t node, uint32_t from)
{
    struct net_peer *peer = &nodes[node].net->links[from].peer;

    peer->paused = true;
    conn_sync(peer->conn);
}

int nodes_call(void) { return nodes_call_from(INADDR_LOOPBACK); }

bool nodes_closed(int fd)
{
    uint8_t byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void nodes_listen_local(struct net_config *config)
{
    char text[100];
    const char *problem;

    snprintf(text, sizeof text, "unix:%s", nodes_socket);
    cr_assert_eq(address_parse(&config->listen_local, text, &problem), ERR_OK);
}

void nodes_begin_local(enum kit_backend backend, bool echo)
{
    struct net_config config;

    nodes_prepare(backend);
    nodes_configure(&nodes[0], &config);
    nodes_listen_local(&config);
    nodes[0].echo = echo;
    nodes_start_fine(&nodes[0], &config);
}

int nodes_call_local(void)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(name.sun_path, nodes_socket, strlen(nodes_socket) + 1);
    cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}
