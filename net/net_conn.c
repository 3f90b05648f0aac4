/* net_conn.c: one connection: bytes in, bytes out, closing.
 *
 *     FREE --> CONNECTING --> SHAKING --> UP --> CLOSING --> FREE        every state but FREE may go to CLOSING
 *        \------(accepted)----^  \--(local)--^
 *
 * Invariants: a slot is free only when the kernel holds nothing of it; `out` lies in small_out or in the body and does not change while busy;
 * handlers are called from completions and from net_step alone. */
#include "net/net_priv.h"

#include "base/assert.h"
#include "base/clock.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <unistd.h>

#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_COUNT 4
#define UNANSWERED_MS 20000

static void received(struct loop_receive *receive, int32_t result, uint8_t *data, bool more);
static void done(struct completion *completion, int32_t result, uint32_t flags);

struct net_conn *conn_take(struct net *net, int fd)
{
    for (uint32_t i = 0; i < net->conns_count; i++) {
        struct net_conn *conn = &net->conns[i];
        if (conn->state == CONN_FREE) {
            uint8_t *room = conn->small_room, *out = conn->small_out;
            *conn = (struct net_conn){ .net = net, .state = CONN_SHAKING, .fd = fd, .secure = true, .member = NET_NOT_MEMBER, .small_room = room, .small_out = out };
            conn->receive = (struct loop_receive){ .fd = fd, .received = received };
            conn->done.done = done;
            return conn;
        }
    }
    return NULL;
}

void conn_deadline(struct net_conn *conn, uint64_t deadline_ns)
{
    struct net *net = conn->net;

    ASSERT(conn->deadline_ns == 0 || net->timed > 0);
    net->timed += deadline_ns != 0;
    net->timed -= conn->deadline_ns != 0;
    conn->deadline_ns = deadline_ns;
}

void conn_options(struct net_conn *conn)
{
    static const struct { int level, name, value; } options[] = {
        { IPPROTO_TCP, TCP_NODELAY, 1 },
        { SOL_SOCKET, SO_KEEPALIVE, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
        { IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S },
        { IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT },
        { IPPROTO_TCP, TCP_USER_TIMEOUT, UNANSWERED_MS },
    };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        conn->net->loop->counters.syscalls++;
        (void)setsockopt(conn->fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
    }
}

bool conn_attach(struct net_conn *conn, struct net_body *bodies, uint32_t count)
{
    ASSERT(conn->body == NULL);
    for (uint32_t i = 0; i < count; i++) {
        if (!bodies[i].used) {
            bodies[i].used = true;
            conn->body = &bodies[i];
            frame_reader_init(&conn->reader, bodies[i].frame, bodies[i].frame_bytes_max);
            if (conn->secure) {
                tunnel_move(&conn->tunnel, (struct tunnel_span){ bodies[i].room, CHANNEL_RECORD_MAX });
            }
            return true;
        }
    }
    return false;
}

/* --- Receiving ---------------------------------------------------------------------------------------------------- */

void conn_sync(struct net_conn *conn)
{
    struct loop_receive *receive = &conn->receive;
    bool is_link = conn->member != NET_NOT_MEMBER && (conn->dialled || conn->state == CONN_UP);
    enum loop_group group = is_link ? LOOP_GROUP_MEMBERS : LOOP_GROUP_STRANGERS;
    bool wanted = (conn->state == CONN_SHAKING || conn->state == CONN_UP) && !(conn->peer != NULL && conn->peer->paused);

    if (receive->active && (!wanted || receive->group != group)) {
        loop_receive_stop(conn->net->loop, receive); /* Its end comes back here. */
    } else if (!receive->active && wanted) {
        receive->group = group;
        loop_receive(conn->net->loop, receive);
    }
}

static void deliver(struct net_conn *conn, const struct frame *frame)
{
    struct net *net = conn->net;
    struct net_peer *peer = conn->peer;

    net->counters.frames_in++;
    if (peer->is_client) {
        net->clients[peer->index].active_ns = clock_mono_ns();
        net->handlers.client_frame(net->handlers.context, net->clients[peer->index].id, frame);
    } else {
        net->counters.member_frames_in++;
        net->handlers.frame(net->handlers.context, peer->index, frame);
    }
}

/* hears tells whether frames of this connection still matter: a handler may have ended it. */
static bool hears(const struct net_conn *conn)
{
    if (conn->state != CONN_UP || conn->peer->doomed) {
        return false;
    }
    return !conn->peer->is_client || !conn->net->clients[conn->peer->index].leaving;
}

static void feed(struct net_conn *conn, struct bytes plain)
{
    struct frame frame;
    enum frame_result result = FRAME_READY;

    while (result == FRAME_READY && hears(conn)) { /* Each round takes a frame from the input. */
        result = frame_reader_next(&conn->reader, &plain, &frame);
        if (result == FRAME_READY) {
            deliver(conn, &frame);
        }
    }
    if (result == FRAME_BAD) {
        conn->net->counters.malformed++;
        conn_fail(conn, NET_MALFORMED);
    }
}

static void input_secure(struct net_conn *conn, struct tunnel_span input)
{
    struct bytes plain;
    bool more = true;

    while (more && (conn->state == CONN_SHAKING || conn->state == CONN_UP)) { /* Each round takes a message or a record from the input. */
        switch (tunnel_receive(&conn->tunnel, &input, &plain)) {
        case TUNNEL_MORE:
            more = false;
            break;
        case TUNNEL_HELLO:
            link_called(conn);
            break;
        case TUNNEL_READY:
            link_ready(conn);
            break;
        case TUNNEL_PLAIN:
            if (conn->state == CONN_SHAKING) {
                link_proved(conn);
            }
            feed(conn, plain);
            break;
        case TUNNEL_BAD:
            conn->net->counters.malformed++;
            conn_fail(conn, NET_MALFORMED);
            break;
        }
    }
}

static void received(struct loop_receive *receive, int32_t result, uint8_t *data, bool more)
{
    struct net_conn *conn = (struct net_conn *)(void *)((char *)receive - offsetof(struct net_conn, receive));

    (void)more;
    enum loop_cause cause = conn->member == NET_NOT_MEMBER ? LOOP_CAUSE_STRANGER : LOOP_CAUSE_MEMBER;
    if (conn->state == CONN_CLOSING) {
        loop_note(conn->net->loop, cause);
        conn_close(conn);
        return;
    }
    if (result > 0) {
        conn->net->counters.bytes_in += (uint64_t)result;
        if (conn->secure) {
            input_secure(conn, (struct tunnel_span){ data, (size_t)result });
        } else {
            feed(conn, bytes_of(data, (size_t)result));
        }
    } else if (result != -ECANCELED) {
        conn_fail(conn, NET_CLOSED);
    }
    loop_note(conn->net->loop, cause); /* after the handlers, who may know better */
    if (conn->state == CONN_SHAKING || conn->state == CONN_UP) {
        conn_sync(conn);
    }
}

/* --- Sending ------------------------------------------------------------------------------------------------------ */

void conn_send(struct net_conn *conn, struct bytes bytes)
{
    ASSERT(!conn->busy);
    ASSERT(bytes.size > 0);
    conn->busy = true;
    conn->quiet = false;
    conn->out = bytes;
    conn->net->counters.sends++;
    loop_send(conn->net->loop, conn->fd, bytes, &conn->done);
}

/* send_quiet sends all that waits; what comes later begins with the next event, or hurries the loop. */
static void send_quiet(struct net_conn *conn, struct bytes bytes)
{
    ASSERT(!conn->busy);
    ASSERT(conn->state == CONN_UP);
    ASSERT(conn->peer->queue.bytes == 0);
    conn->busy = true;
    conn->quiet = true;
    conn->out = bytes;
    conn->net->counters.sends++;
    loop_send_quiet(conn->net->loop, conn->fd, bytes, &conn->done);
}

/* depends tells whether something waits for the end of what is being sent: more bytes, or a client that is to leave. */
static bool depends(const struct net_conn *conn)
{
    const struct net_peer *peer = conn->peer;

    return peer->queue.bytes > 0 || conn->hello_due || (peer->is_client && conn->net->clients[peer->index].leaving);
}

/* seal_queue makes records of what waits, as many as the buffer holds. Gives: their bytes; 0 when the session can seal no more. */
static size_t seal_queue(struct net_conn *conn)
{
    struct net_body *body = conn->body;
    struct send_queue *queue = &conn->peer->queue;
    size_t used = 0;

    while (queue->bytes > 0 && body->out_bytes - used > CHANNEL_OVERHEAD) {
        size_t most = conn->first_sent ? CHANNEL_PLAINTEXT_MAX : TUNNEL_FIRST_PLAIN, room = body->out_bytes - used - CHANNEL_OVERHEAD;
        size_t size = send_queue_take(queue, body->out + used + CHANNEL_HEADER_BYTES, most < room ? most : room);
        size_t made = tunnel_seal(&conn->tunnel, body->out + used, size);
        if (made == 0) {
            return 0;
        }
        conn->first_sent = true;
        used += made;
    }
    return used;
}

void conn_gather(struct net_conn *conn)
{
    struct net_body *body = conn->body;

    if (conn->busy && conn->quiet && conn->state == CONN_UP && depends(conn)) {
        loop_hurry(conn->net->loop);
    }
    if (conn->busy || conn->state != CONN_UP || conn->peer->queue.bytes == 0) {
        return;
    }
    size_t size = conn->secure ? seal_queue(conn) : send_queue_take(&conn->peer->queue, body->out, body->out_bytes);
    if (size == 0) {
        conn_fail(conn, NET_CLOSED);
        return;
    }
    if (depends(conn)) {
        conn_send(conn, bytes_of(body->out, size));
    } else {
        send_quiet(conn, bytes_of(body->out, size));
    }
}

static void sent(struct net_conn *conn, int32_t result)
{
    if (result == -EAGAIN && conn->quiet) {
        result = 0; /* The socket takes no more now: what is left is sent as it does. */
    } else if (result <= 0) {
        conn_fail(conn, NET_CLOSED);
        return;
    }
    ASSERT((size_t)result <= conn->out.size);
    conn->net->counters.bytes_out += (uint64_t)result;
    if ((size_t)result < conn->out.size) {
        conn_send(conn, bytes_of(conn->out.data + result, conn->out.size - (size_t)result));
    } else if (conn->hello_due) {
        link_send_hello(conn);
    }
}

static void done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct net_conn *conn = (struct net_conn *)(void *)((char *)completion - offsetof(struct net_conn, done));

    (void)flags;
    ASSERT(conn->busy);
    conn->busy = false;
    if (!conn->quiet) { /* Another event ended the sleep. */
        loop_note(conn->net->loop, conn->member == NET_NOT_MEMBER ? LOOP_CAUSE_STRANGER : LOOP_CAUSE_MEMBER);
    }
    switch (conn->state) {
    case CONN_CLOSING:
        conn_close(conn);
        break;
    case CONN_CONNECTING:
        if (result == 0) {
            link_connected(conn);
        } else {
            conn_fail(conn, NET_CLOSED);
        }
        break;
    case CONN_SHAKING:
    case CONN_UP:
        sent(conn, result);
        break;
    case CONN_FREE:
        ASSERT(conn->state != CONN_FREE);
    }
}

/* --- Closing ------------------------------------------------------------------------------------------------------ */

static void let_go(struct net_conn *conn)
{
    ASSERT(conn->state == CONN_CLOSING);
    if (conn->busy || conn->receive.active) {
        return;
    }
    close(conn->fd);
    conn->net->loop->counters.syscalls++;
    if (conn->body != NULL) {
        conn->body->used = false;
    }
    conn->state = CONN_FREE;
}

void conn_close(struct net_conn *conn)
{
    if (conn->state != CONN_FREE && conn->state != CONN_CLOSING) {
        conn->state = CONN_CLOSING;
        conn_deadline(conn, 0);
        if (conn->secure) {
            tunnel_close(&conn->tunnel);
        }
        loop_receive_stop(conn->net->loop, &conn->receive);
        if (conn->busy) {
            loop_cancel(conn->net->loop, conn->fd);
            loop_hurry(conn->net->loop);
        }
    }
    if (conn->state == CONN_CLOSING) {
        let_go(conn);
    }
}

/* fail_half ends a handshake: the back-off of a dial learns of it. */
static void fail_half(struct net_conn *conn)
{
    struct net *net = conn->net;
    struct net_link *link = conn->member == NET_NOT_MEMBER ? NULL : &net->links[conn->member];

    net->counters.handshakes_failed++;
    conn_close(conn);
    if (link == NULL) {
        return;
    }
    if (link->called == conn) {
        link->called = NULL;
    }
    if (link->calling == conn) {
        link->calling = NULL;
        link_dial_failed(net, link);
    }
}

void conn_fail(struct net_conn *conn, enum net_reason reason)
{
    struct net *net = conn->net;
    struct net_peer *peer = conn->peer;

    ASSERT(conn->state != CONN_FREE);
    if (conn->state == CONN_CLOSING) {
        return;
    }
    if (conn->state != CONN_UP) {
        fail_half(conn);
        return;
    }
    ASSERT(peer->conn == conn);
    conn_close(conn);
    peer->conn = NULL;
    peer->doomed = false;
    peer->paused = false;
    send_queue_clear(&peer->queue);
    if (peer->is_client) {
        client_gone(net, peer->index, reason);
    } else {
        if (reason != NET_REPLACED) { /* else it is up already */
            link_ended(net, &net->links[peer->index]);
        }
        net->handlers.link_down(net->handlers.context, peer->index, reason);
    }
}
