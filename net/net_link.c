/* net_link.c: links to members: dialling, handshakes, and which of two sessions counts.
 *
 * Either side may dial. A new session takes the place of the old one with its first valid record, so that a member that lost its side of a
 * link is heard again at once. When both dial at the same moment, the call of the lower index counts: whoever is called by a lower index gives up
 * its own call, whoever is called by a higher one while its own hello is on the way declines.
 *
 * The wait between two calls doubles with each that led to nothing, and with each link that did not last: whoever proves its key and hangs up, because it lies or
 * because it is of another version, would be called again as fast as the line allows, by a handshake each time. */
#include "net/net_priv.h"

#include "base/assert.h"
#include "base/clock.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- Dialling ----------------------------------------------------------------------------------------------------- */

bool link_is_due(const struct net *net, const struct net_link *link)
{
    bool idle = link->peer.conn == NULL && link->calling == NULL && link->called == NULL && !link->resolving;

    return idle && (net->wanted || link->asked) && link->config.address.kind != ADDRESS_NONE && link->peer.index != net->config.own_index;
}

void link_dial_failed(struct net *net, struct net_link *link)
{
    link->asked = false; /* Somebody must want it again. */
    link->resolved = false;
    link->dial_ns = clock_mono_ns() + backoff_next_ns(&link->backoff, &net->rng);
}

void link_ended(struct net *net, struct net_link *link)
{
    uint64_t now_ns = clock_mono_ns();

    ASSERT(link->peer.conn == NULL);
    ASSERT(now_ns >= link->up_ns);
    if (now_ns - link->up_ns >= NET_LASTING_NS) {
        backoff_reset(&link->backoff);
        link->dial_ns = 0;
    } else {
        link->dial_ns = now_ns + backoff_next_ns(&link->backoff, &net->rng);
    }
}

void link_resolved(void *context, uint32_t member, enum err err, const struct sockaddr_storage *socket, socklen_t size)
{
    struct net *net = context;
    struct net_link *link = &net->links[member];

    ASSERT(link->resolving);
    link->resolving = false;
    if (err != ERR_OK) {
        link_dial_failed(net, link);
        return;
    }
    link->resolved = true;
    link->host = *socket;
    link->host_size = size;
}

/* find_host gives false while the name of the host is not known. */
static bool find_host(struct net_link *link, struct net *net)
{
    if (link->config.address.kind != ADDRESS_NAME) {
        link->host = link->config.address.socket;
        link->host_size = link->config.address.size;
        return true;
    }
    if (!link->resolved) {
        link->resolving = resolver_ask(&net->resolver, link->peer.index, &link->config.address);
    }
    return link->resolved;
}

void link_dial(struct net_link *link, struct net *net, uint64_t now_ns)
{
    if (!find_host(link, net)) {
        return;
    }
    int fd = socket(link->host.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct net_conn *conn = fd < 0 ? NULL : conn_take(net, fd);
    net->loop->counters.syscalls++;
    if (conn == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        link_dial_failed(net, link);
        return;
    }
    net->counters.dials++;
    conn->state = CONN_CONNECTING;
    conn->dialled = true;
    conn->member = link->peer.index;
    conn->host = link->host;
    conn->host_size = link->host_size;
    conn->busy = true;
    conn_options(conn);
    conn_deadline(conn, now_ns + net->config.handshake_timeout_ms * UINT64_C(1000000));
    link->calling = conn;
    link->resolved = false; /* A name is asked for again at each reconnect. */
    loop_connect(net->loop, fd, (const struct sockaddr *)&conn->host, conn->host_size, &conn->done);
}

void link_connected(struct net_conn *conn)
{
    struct net *net = conn->net;
    const struct net_member *member = &net->links[conn->member].config;
    uint8_t seed[32];

    random_fill(seed, sizeof seed);
    struct tunnel_call call = { .peer_key = member->key, .psk = member->has_psk ? member->psk : NULL, .seed = seed };
    struct tunnel_span room = { conn->small_room, TUNNEL_ROOM_MIN };
    conn->state = CONN_SHAKING;
    bool good = tunnel_dial(&conn->tunnel, &net->identity, &call, room, conn->small_out);
    secret_wipe(seed, sizeof seed);
    if (!good) {
        conn_fail(conn, NET_MALFORMED);
        return;
    }
    conn_send(conn, bytes_of(conn->small_out, TUNNEL_HELLO_BYTES));
    conn_sync(conn);
}

/* hello_record makes the link's first record at `out`. Gives: its size. */
static size_t hello_record(struct net_conn *conn, uint8_t *out)
{
    struct net *net = conn->net;
    struct frame_header header = { 0 };
    uint8_t *plain = out + CHANNEL_HEADER_BYTES;

    header.length = net->handlers.hello(net->handlers.context, conn->member, &header, plain + FRAME_HEADER_BYTES);
    ASSERT(header.length <= NET_HELLO_BYTES_MAX);
    frame_header_encode(&header, plain);
    size_t made = tunnel_seal(&conn->tunnel, out, FRAME_HEADER_BYTES + header.length);
    ASSERT(made > 0); /* The session is new. */
    conn->first_sent = true;
    net->counters.frames_out++;
    net->counters.member_frames_out++;
    return made;
}

void link_send_hello(struct net_conn *conn)
{
    ASSERT(!conn->busy);
    conn->hello_due = false;
    conn_send(conn, bytes_of(conn->small_out, hello_record(conn, conn->small_out)));
}

void link_ready(struct net_conn *conn)
{
    ASSERT(conn->dialled);
    conn->hello_due = true;
    if (!conn->busy) {
        link_send_hello(conn);
    }
}

/* --- Being called ------------------------------------------------------------------------------------------------- */

static uint32_t member_of_key(const struct net *net, const uint8_t key[32])
{
    for (uint32_t i = 0; i < net->config.members_count; i++) {
        if (memcmp(net->links[i].config.key, key, 32) == 0) {
            return i;
        }
    }
    return NET_NOT_MEMBER;
}

/* admit_member decides whether a call of a member goes on. A hello proves nothing, and whoever saw it can say it again: from elsewhere it goes on beside what is
 * under way, and only its proof ends that. */
static bool admit_member(struct net_conn *conn, uint32_t member)
{
    struct net *net = conn->net;
    struct net_link *link = &net->links[member];
    bool calls = link->calling != NULL && link->calling->state == CONN_SHAKING;

    if (member == net->config.own_index || link->config.has_psk != (conn->tunnel.pattern == HANDSHAKE_IKPSK2)) {
        return false;
    }
    if (calls && net->config.own_index < member) {
        return false;
    }
    conn->member = member;
    if (!listen_lives_at(link, &conn->host)) {
        return true;
    }
    if (link->calling != NULL) {
        conn_close(link->calling);
        link->calling = NULL;
    }
    if (link->called != NULL) {
        conn_close(link->called);
    }
    link->called = conn;
    return true;
}

static bool admit_stranger(const struct net_conn *conn)
{
    const struct net *net = conn->net;

    return net->config.remote_clients && conn->tunnel.pattern == HANDSHAKE_IK &&
           client_key_count(net, conn->tunnel.peer_key) < net->config.clients_per_key_max;
}

/* read_hello checks the hello and finds out who calls. The tag, a few hashes, comes before the budget: whoever does not know this chain and this key takes
 * nothing of what members and clients share; and a hello can be said again by anybody who saw it, so each host where a member lives has a budget of its own. Gives: false: close without a word. */
static bool read_hello(struct net_conn *conn)
{
    struct net *net = conn->net;
    uint8_t seed[32];

    if (!tunnel_hello_check(&conn->tunnel, &net->identity)) {
        return false;
    }
    if (!listen_admit(net, conn, clock_mono_ns())) {
        net->counters.strangers_refused++;
        return false;
    }
    random_fill(seed, sizeof seed);
    bool good = tunnel_accept(&conn->tunnel, &net->identity, seed);
    secret_wipe(seed, sizeof seed);
    if (!good) {
        return false;
    }
    uint32_t member = member_of_key(net, conn->tunnel.peer_key);
    return member == NET_NOT_MEMBER ? admit_stranger(conn) : admit_member(conn, member);
}

void link_called(struct net_conn *conn)
{
    struct net *net = conn->net;
    size_t size = TUNNEL_SECOND_BYTES;

    ASSERT(!conn->dialled);
    ASSERT(!conn->busy);
    if (!read_hello(conn)) {
        conn_fail(conn, NET_MALFORMED);
        return;
    }
    const struct net_member *member = conn->member == NET_NOT_MEMBER ? NULL : &net->links[conn->member].config;
    if (!tunnel_answer(&conn->tunnel, member != NULL && member->has_psk ? member->psk : NULL, conn->small_out)) {
        conn_fail(conn, NET_MALFORMED);
        return;
    }
    if (member != NULL) {
        size += hello_record(conn, conn->small_out + size);
    }
    conn_send(conn, bytes_of(conn->small_out, size));
}

/* --- Proved ------------------------------------------------------------------------------------------------------- */

static void link_up(struct net_conn *conn)
{
    struct net *net = conn->net;
    struct net_link *link = &net->links[conn->member];
    struct net_conn *old = link->peer.conn;

    if (old != NULL) {
        conn_fail(old, NET_REPLACED);
    }
    if (!conn_attach(conn, net->link_bodies, net->link_bodies_count)) {
        conn_fail(conn, NET_DROPPED);
        return;
    }
    link->called = link->called == conn ? NULL : link->called;
    if (link->calling != NULL && link->calling != conn) {
        conn_close(link->calling);
    }
    link->calling = NULL;
    link->asked = false;
    link->up_ns = clock_mono_ns();
    conn_deadline(conn, 0);
    conn->state = CONN_UP;
    conn->peer = &link->peer;
    link->peer.conn = conn;
    ASSERT(link->peer.queue.bytes == 0);
    net->handlers.link_up(net->handlers.context, conn->member);
}

void link_proved(struct net_conn *conn)
{
    struct net *net = conn->net;

    ASSERT(conn->state == CONN_SHAKING);
    net->counters.handshakes_done++;
    if (conn->member != NET_NOT_MEMBER) {
        link_up(conn);
        return;
    }
    struct net_client_info info = { .local = false, .party = address_host_number(&conn->host) };
    memcpy(info.key, conn->tunnel.peer_key, sizeof info.key);
    (void)client_begin(conn, &info);
}
