/* net.c: see net.h. Memory, the interface of the driver, and the step in which everything that is due happens.
 *
 *     loop_turn: completions -> net_conn.c -> handlers
 *     net_step:  what is doomed -> what is late -> what is to be dialled -> one send per peer
 *
 * Nothing here ticks: deadlines exist only while a handshake, a wanted dial or a leaving client is under way. */
#include "net/net.h"

#include "base/assert.h"
#include "base/clock.h"
#include "net/net_priv.h"

#include <string.h>

#define LINK_FRAMES_MAX 8192u
#define LINK_COPIED_MAX (2u << 20)
#define CLIENT_FRAMES_MAX 2048u
#define QUEUE_BYTES_ALL (64u << 20)
#define QUEUE_BYTES_MAX (8u << 20)
#define HANDSHAKE_BURST 64u
#define MEMBER_HANDSHAKES_BURST 16u
#define MEMBER_HANDSHAKES_MIN 2u /* in a second */
#define STOP_NS 250000000u

const char *net_reason_name(enum net_reason reason)
{
    static const char *const names[NET_REASON_COUNT] = {
        [NET_CLOSED] = "closed", [NET_REPLACED] = "replaced", [NET_MALFORMED] = "malformed",
        [NET_SLOW] = "slow",     [NET_TIMED_OUT] = "timed_out", [NET_DROPPED] = "dropped", [NET_IDLE] = "idle",
    };

    ASSERT(reason < NET_REASON_COUNT);
    return names[reason];
}

void net_config_default(struct net_config *config)
{
    *config = (struct net_config){
        .own_index = NET_NOT_MEMBER,
        .member_frame_bytes_max = (4u << 20) + (64u << 10),
        .clients_max = 128,
        .clients_per_key_max = 8,
        .client_frame_bytes_max = 64u << 10,
        .client_queue_bytes_max = 1u << 20,
        .half_open_max = 128,
        .half_open_per_host_max = 4,
        .handshakes_per_second = 200,
        .handshake_timeout_ms = 3000,
    };
}

/* --- Memory ------------------------------------------------------------------------------------------------------- */

static uint32_t link_queue_bytes(const struct net_config *config)
{
    uint32_t others = config->members_count > 1 ? config->members_count - 1 : 1;
    uint32_t two_frames = 2 * (config->member_frame_bytes_max + FRAME_HEADER_BYTES), share = QUEUE_BYTES_ALL / others;

    if (config->member_queue_bytes_max != 0) {
        return config->member_queue_bytes_max;
    }
    share = share > QUEUE_BYTES_MAX ? QUEUE_BYTES_MAX : share;
    return share < two_frames ? two_frames : share;
}

static struct net_body *take_bodies(struct arena *arena, uint32_t count, uint32_t out_bytes, uint32_t frame_bytes_max)
{
    struct net_body *bodies = arena_take(arena, count, sizeof *bodies);

    for (uint32_t i = 0; i < count; i++) {
        struct net_body body = { .out_bytes = out_bytes, .frame_bytes_max = frame_bytes_max };
        body.room = arena_take(arena, 1, CHANNEL_RECORD_MAX);
        body.out = arena_take(arena, 1, out_bytes);
        body.frame = arena_take(arena, 1, FRAME_HEADER_BYTES + (size_t)frame_bytes_max);
        if (bodies != NULL) {
            bodies[i] = body;
        }
    }
    return bodies;
}

static struct net_conn *take_conns(struct arena *arena, uint32_t count)
{
    struct net_conn *conns = arena_take(arena, count, sizeof *conns);

    for (uint32_t i = 0; i < count; i++) {
        uint8_t *room = arena_take(arena, 1, TUNNEL_ROOM_MIN), *out = arena_take(arena, 1, NET_SMALL_OUT_BYTES);
        if (conns != NULL) {
            conns[i] = (struct net_conn){ .fd = -1, .small_room = room, .small_out = out };
        }
    }
    return conns;
}

static struct net_link *take_links(struct arena *arena, const struct net_config *config)
{
    struct net_link *links = arena_take(arena, config->members_count, sizeof *links);
    struct send_queue_config queue = { .bytes_max = link_queue_bytes(config), .frames_max = LINK_FRAMES_MAX, .copied_max = LINK_COPIED_MAX };

    for (uint32_t i = 0; i < config->members_count; i++) {
        struct send_queue unused, *place = links == NULL ? &unused : &links[i].peer.queue;
        if (i != config->own_index) {
            send_queue_take_memory(place, arena, &queue);
        }
        if (links != NULL) {
            links[i].config = config->members[i];
            links[i].peer.index = i;
        }
    }
    return links;
}

static struct net_client *take_clients(struct arena *arena, const struct net_config *config)
{
    struct net_client *clients = arena_take(arena, config->clients_max, sizeof *clients);
    struct send_queue_config queue = { .bytes_max = config->client_queue_bytes_max, .frames_max = CLIENT_FRAMES_MAX };

    queue.copied_max = config->client_queue_bytes_max / 4 + NET_HEAD_BYTES_MAX;
    for (uint32_t i = 0; i < config->clients_max; i++) {
        struct send_queue unused;
        send_queue_take_memory(clients == NULL ? &unused : &clients[i].peer.queue, arena, &queue);
        if (clients != NULL) {
            clients[i].peer.is_client = true;
            clients[i].peer.index = i;
        }
    }
    return clients;
}

static void config_check(const struct net_config *config)
{
    ASSERT(config->members_count <= NET_MEMBERS_MAX);
    ASSERT(config->own_index < config->members_count || config->own_index == NET_NOT_MEMBER);
    ASSERT(config->member_frame_bytes_max >= 64u << 10);
    ASSERT(config->member_frame_bytes_max <= 16u << 20);
    ASSERT(config->clients_max <= NET_CLIENT_SLOTS);
    ASSERT(config->client_frame_bytes_max >= 4u << 10);
    ASSERT(config->client_frame_bytes_max <= 1u << 20);
    ASSERT(config->half_open_max > 0);
    ASSERT(config->key != NULL);
}

struct net *net_take(struct arena *arena, const struct net_config *config)
{
    struct net *net = arena_take(arena, 1, sizeof *net);
    uint32_t link_bodies = 2 * config->members_count, client_bodies = config->clients_max + NET_SPARE_CONNS;
    uint32_t conns = 2 * link_bodies + client_bodies + config->half_open_max + listen_reserve(config) * config->members_count;

    config_check(config);
    struct net_link *links = take_links(arena, config);
    struct net_client *clients = take_clients(arena, config);
    struct net_conn *slots = take_conns(arena, conns);
    struct net_body *of_links = take_bodies(arena, link_bodies, NET_LINK_OUT_BYTES, config->member_frame_bytes_max);
    struct net_body *of_clients = take_bodies(arena, client_bodies, NET_CLIENT_OUT_BYTES, config->client_frame_bytes_max);
    struct fair handshakes;
    fair_take(&handshakes, arena, NET_HOSTS_MAX, config->handshakes_per_second, HANDSHAKE_BURST);
    if (net == NULL) {
        return NULL;
    }
    *net = (struct net){ .handshakes = handshakes, .config = *config, .links = links, .clients = clients, .conns = slots, .conns_count = conns };
    net->config.members = NULL; /* Copied into the links. */
    net->link_bodies = of_links;
    net->link_bodies_count = link_bodies;
    net->client_bodies = of_clients;
    net->client_bodies_count = client_bodies;
    net->identity = (struct tunnel_identity){ .key = config->key, .chain_id = config->chain_id };
    net->listener.fd = net->listener_local.fd = -1;
    return net;
}

/* --- Start and end ------------------------------------------------------------------------------------------------ */

static bool has_names(const struct net *net)
{
    for (uint32_t i = 0; i < net->config.members_count; i++) {
        if (net->links[i].config.address.kind == ADDRESS_NAME) {
            return true;
        }
    }
    return false;
}

/* start_budgets gives each member its part of as many handshakes as all strangers have. */
static void start_budgets(struct net *net)
{
    uint32_t count = net->config.members_count, part = count == 0 ? 0 : net->config.handshakes_per_second / count;

    for (uint32_t i = 0; i < count; i++) {
        throttle_init(&net->links[i].handshakes, part < MEMBER_HANDSHAKES_MIN ? MEMBER_HANDSHAKES_MIN : part, MEMBER_HANDSHAKES_BURST);
    }
}

enum err net_start(struct net *net, struct loop *loop, const struct net_handlers *handlers, const char **problem)
{
    net->loop = loop;
    net->handlers = *handlers;
    rng_init(&net->rng, net->config.seed);
    start_budgets(net);
    if (has_names(net)) {
        net->resolver.answered = link_resolved;
        net->resolver.context = net;
        if (resolver_start(&net->resolver, loop) != ERR_OK) {
            *problem = "no thread for the names of hosts";
            return ERR_IO;
        }
    }
    enum err err = listen_bind(net, problem);
    err = err == ERR_OK ? listen_open(net, problem) : err;
    if (err != ERR_OK) {
        resolver_stop(&net->resolver);
    }
    return err;
}

enum err net_bind(struct net *net, const char **problem)
{
    return listen_bind(net, problem);
}

uint16_t net_listen_port(const struct net *net) { return net->port; }

static bool is_quiet(const struct net *net)
{
    bool quiet = !net->listener.active && !net->listener_local.active;

    for (uint32_t i = 0; i < net->conns_count && quiet; i++) {
        quiet = net->conns[i].state == CONN_FREE;
    }
    return quiet;
}

void net_stop(struct net *net)
{
    uint64_t end_ns = clock_mono_ns() + STOP_NS;

    net->stopping = true;
    listen_stop(net);
    for (uint32_t i = 0; i < net->conns_count; i++) {
        conn_close(&net->conns[i]);
    }
    while (!is_quiet(net) && clock_mono_ns() < end_ns) {
        if (loop_turn(net->loop, end_ns) != ERR_OK) {
            break;
        }
    }
    listen_close(net);
    resolver_stop(&net->resolver);
}

/* --- Deadlines and the step --------------------------------------------------------------------------------------- */

uint64_t net_deadline_ns(const struct net *net)
{
    uint64_t deadline = net->pending ? 0 : listen_deadline_ns(net);

    for (uint32_t i = 0; i < net->conns_count && net->timed > 0; i++) {
        uint64_t own = net->conns[i].deadline_ns;
        deadline = own != 0 && own < deadline ? own : deadline;
    }
    for (uint32_t i = 0; i < net->config.members_count; i++) {
        const struct net_link *link = &net->links[i];
        if (link_is_due(net, link) && link->dial_ns < deadline && !(net->resolver.asked && link->config.address.kind == ADDRESS_NAME && !link->resolved)) {
            deadline = link->dial_ns;
        }
    }
    return deadline;
}

static void end_doomed(struct net *net)
{
    net->pending = false;
    for (uint32_t i = 0; i < net->config.members_count; i++) {
        struct net_peer *peer = &net->links[i].peer;
        if (peer->conn != NULL && peer->doomed) {
            conn_fail(peer->conn, peer->doom);
        }
    }
    for (uint32_t i = 0; i < net->clients_high; i++) {
        struct net_client *client = &net->clients[i];
        struct net_conn *conn = client->peer.conn;
        if (conn != NULL && client->leaving && client->peer.queue.bytes == 0 && !conn->busy) {
            conn_fail(conn, NET_DROPPED);
        }
    }
}

static void end_late(struct net *net, uint64_t now_ns)
{
    for (uint32_t i = 0; i < net->conns_count && net->timed > 0; i++) {
        struct net_conn *conn = &net->conns[i];
        if (conn->deadline_ns != 0 && conn->deadline_ns <= now_ns) {
            conn_fail(conn, NET_TIMED_OUT);
        }
    }
}

/* dial_due calls whoever is due. One name is asked about at a time, and an answer may take longer than the wait of those that were asked about before: whoever stands behind
 * the last of them comes first, so that names without an answer keep no other from being found. */
static void dial_due(struct net *net, uint64_t now_ns)
{
    uint32_t count = net->config.members_count, first = net->resolver.token + 1;

    for (uint32_t i = 0; i < count; i++) {
        struct net_link *link = &net->links[(first + i) % count];
        if (link_is_due(net, link) && link->dial_ns <= now_ns) {
            link_dial(link, net, now_ns);
        }
    }
}

void net_step(struct net *net, uint64_t now_ns)
{
    listen_step(net, now_ns);
    end_doomed(net);
    end_late(net, now_ns);
    dial_due(net, now_ns);
    for (uint32_t i = 0; i < net->config.members_count; i++) {
        if (net->links[i].peer.conn != NULL) {
            conn_gather(net->links[i].peer.conn);
        }
    }
    for (uint32_t i = 0; i < net->clients_high; i++) {
        if (net->clients[i].peer.conn != NULL) {
            conn_gather(net->clients[i].peer.conn);
        }
    }
}

/* --- Members ------------------------------------------------------------------------------------------------------ */

enum err net_send(struct net *net, uint32_t member, const struct net_message *message)
{
    ASSERT(member < net->config.members_count);
    ASSERT(member != net->config.own_index);
    ASSERT(message->head.size <= NET_HEAD_BYTES_MAX);
    struct net_link *link = &net->links[member];
    if (link->peer.conn == NULL || link->peer.doomed) {
        link->asked = true;
        net->counters.sends_dropped++;
        return ERR_CLOSED;
    }
    enum err err = send_queue_add(&link->peer.queue, message);
    if (err != ERR_OK) {
        link->peer.doomed = true;
        link->peer.doom = NET_SLOW;
        net->pending = true;
        net->counters.sends_dropped++;
        return err;
    }
    net->counters.frames_out++;
    net->counters.member_frames_out++;
    return ERR_OK;
}

void net_want(struct net *net, bool wanted) { net->wanted = wanted; }

size_t net_queued_bytes(const struct net *net, uint32_t member)
{
    ASSERT(member < net->config.members_count);
    return net->links[member].peer.queue.bytes;
}

void net_drop(struct net *net, uint32_t member)
{
    ASSERT(member < net->config.members_count);
    struct net_peer *peer = &net->links[member].peer;
    if (peer->conn != NULL && !peer->doomed) {
        peer->doomed = true;
        peer->doom = NET_DROPPED;
        net->pending = true;
    }
}

uint32_t net_shed(struct net *net)
{
    uint32_t slowest = NET_NOT_MEMBER, most = 0;

    for (uint32_t i = 0; i < net->config.members_count; i++) {
        const struct net_peer *peer = &net->links[i].peer;
        uint32_t bodies = peer->conn == NULL ? 0 : send_queue_bodies(&peer->queue);
        slowest = bodies > most ? i : slowest;
        most = bodies > most ? bodies : most;
    }
    if (slowest != NET_NOT_MEMBER) {
        struct net_peer *peer = &net->links[slowest].peer;
        send_queue_clear(&peer->queue); /* A frame that was begun is never ended: nothing more is sent to a doomed one. */
        peer->doomed = true;
        peer->doom = NET_SLOW;
        net->pending = true;
    }
    return slowest;
}

const struct net_counters *net_counters(const struct net *net) { return &net->counters; }
