/* net_listen.c: the two listening sockets: TCP for members and remote clients, UNIX for local tools.
 *
 * Whoever connects to the TCP socket is a stranger until it has proved a key: bounded in number, per host and in time. */
#include "net/net_priv.h"

#include "base/assert.h"
#include "base/clock.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128
#define RETRY_NS 100000000u /* after the kernel had no descriptor left */

static void accepted(struct completion *completion, int32_t result, uint32_t flags);

/* --- Taking connections ------------------------------------------------------------------------------------------- */

bool listen_lives_at(const struct net_link *link, const struct sockaddr_storage *host)
{
    const struct address *address = &link->config.address;

    switch (address->kind) {
    case ADDRESS_NUMERIC: return address_host_equal(&address->socket, host);
    case ADDRESS_NAME: return link->host_size != 0 && address_host_equal(&link->host, host);
    case ADDRESS_NONE:
    case ADDRESS_UNIX: break;
    }
    return false;
}

uint32_t listen_residents(const struct net *net, const struct sockaddr_storage *host)
{
    uint32_t residents = 0;

    for (uint32_t i = 0; i < net->config.members_count; i++) {
        residents += listen_lives_at(&net->links[i], host);
    }
    return residents;
}

bool listen_admit(struct net *net, const struct net_conn *conn, uint64_t now_ns)
{
    bool admitted = !conn->resident && fair_admit(&net->handshakes, address_host_number(&conn->host), now_ns);

    for (uint32_t i = 0; i < net->config.members_count && conn->resident && !admitted; i++) {
        admitted = listen_lives_at(&net->links[i], &conn->host) && throttle_admit(&net->links[i].handshakes, now_ns);
    }
    return admitted;
}

uint32_t listen_reserve(const struct net_config *config)
{
    return config->half_open_per_host_max < NET_RESERVE_MAX ? config->half_open_per_host_max : NET_RESERVE_MAX;
}

/* is_half_open tells whether a call holds a place of strangers: it was never up, and the kernel has not let go of it. */
static bool is_half_open(const struct net_conn *conn)
{
    return !conn->dialled && conn->peer == NULL && (conn->state == CONN_SHAKING || conn->state == CONN_CLOSING);
}

/* host_allows counts the strangers of one host against the bound, which is per member that lives there. Hosts of members have a few places for each beside those of
 * everybody: whoever holds the latter keeps no member out. What the bound allows a host beyond them, it has among all others. */
static bool host_allows(const struct net *net, const struct sockaddr_storage *host, bool *reserved)
{
    uint32_t half_open = 0, same_host = 0, kept = 0, residents = listen_residents(net, host);

    for (uint32_t i = 0; i < net->conns_count; i++) {
        const struct net_conn *conn = &net->conns[i];
        bool half = is_half_open(conn), same = half && address_host_equal(&conn->host, host);
        half_open += half && !conn->reserved;
        same_host += same;
        kept += same && conn->reserved;
    }
    *reserved = kept < listen_reserve(&net->config) * residents;
    bool room = *reserved || half_open < net->config.half_open_max;
    return room && same_host < net->config.half_open_per_host_max * (residents > 1 ? residents : 1);
}

static void take_stranger(struct net *net, int fd)
{
    struct sockaddr_storage host = { 0 };
    socklen_t size = sizeof host;
    struct net_conn *conn = NULL;
    bool reserved = false;

    net->loop->counters.syscalls++;
    if (getpeername(fd, (struct sockaddr *)&host, &size) == 0 && host_allows(net, &host, &reserved)) {
        conn = conn_take(net, fd);
    }
    if (conn == NULL) {
        net->counters.strangers_refused++;
        close(fd);
        return;
    }
    conn->host = host;
    conn->host_size = size;
    conn->resident = listen_residents(net, &host) > 0;
    conn->reserved = reserved;
    conn_options(conn);
    tunnel_listen(&conn->tunnel, (struct tunnel_span){ conn->small_room, TUNNEL_ROOM_MIN });
    conn_deadline(conn, clock_mono_ns() + net->config.handshake_timeout_ms * UINT64_C(1000000));
    conn_sync(conn);
}

static void take_local(struct net *net, int fd)
{
    struct ucred who;
    socklen_t size = sizeof who;
    struct net_conn *conn = NULL;

    net->loop->counters.syscalls++;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0) {
        conn = conn_take(net, fd);
    }
    if (conn == NULL) {
        net->counters.strangers_refused++;
        close(fd);
        return;
    }
    conn->secure = false;
    struct net_client_info info = { .local = true, .uid = who.uid, .pid = (uint32_t)who.pid, .party = NET_PARTY_LOCAL | who.uid };
    if (client_begin(conn, &info)) {
        conn_sync(conn);
    }
}

static void listener_accept(struct net_listener *listener)
{
    listener->active = true;
    listener->retry_ns = 0;
    loop_accept(listener->net->loop, listener->fd, &listener->done);
}

static void accepted(struct completion *completion, int32_t result, uint32_t flags)
{
    struct net_listener *listener = (struct net_listener *)(void *)((char *)completion - offsetof(struct net_listener, done));
    struct net *net = listener->net;

    listener->active = (flags & LOOP_MORE) != 0;
    loop_note(net->loop, LOOP_CAUSE_STRANGER);
    if (result >= 0 && net->stopping) {
        close(result);
    } else if (result >= 0 && listener->local) {
        take_local(net, result);
    } else if (result >= 0) {
        take_stranger(net, result);
    }
    if (listener->active || net->stopping) {
        return;
    }
    if (result >= 0 || result == -ECONNABORTED || result == -EINTR) {
        listener_accept(listener);
    } else {
        listener->retry_ns = clock_mono_ns() + RETRY_NS;
    }
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

static enum err problem_is(struct net *net, const struct address *address, const char *step, int number, const char **problem)
{
    const char *why = number == EADDRINUSE ? "another program listens there" : strerror(number);

    snprintf(net->problem, sizeof net->problem, "%s: %s%s", address->text, step, why);
    *problem = net->problem;
    return number == EACCES || number == EPERM ? ERR_PERMISSION : ERR_IO;
}

/* path_probe asks the kernel whether a process has the path's socket, listening or not: to call a stream by datagram is refused for its type while somebody
 * has it, and for want of anybody after its end. Gives: 0 when nobody has it; EADDRINUSE, or why it cannot be known. */
static int path_probe(const struct address *address)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return errno;
    }
    int code = connect(fd, (const struct sockaddr *)&address->socket, address->size) == 0 ? EPROTOTYPE : errno;
    close(fd);
    return code == ECONNREFUSED ? 0 : code == EPROTOTYPE ? EADDRINUSE : code;
}

/* path_clear removes a socket that no process has any more. Fails: EADDRINUSE when one has, EEXIST when it is no socket. */
static int path_clear(const struct address *address)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)(const void *)&address->socket;
    struct stat info;

    ASSERT(address->kind == ADDRESS_UNIX);
    if (lstat(name->sun_path, &info) != 0) {
        return errno == ENOENT ? 0 : errno;
    }
    int code = S_ISSOCK(info.st_mode) ? path_probe(address) : EEXIST;
    return code == 0 && unlink(name->sun_path) != 0 ? errno : code;
}

/* is_ours: the path still names the socket that was bound to it; nobody put another in its place. */
static bool is_ours(const struct net_listener *listener)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)(const void *)&listener->net->config.listen_local.socket;
    struct stat info;

    ASSERT(listener->local);
    return listener->bound && lstat(name->sun_path, &info) == 0 && info.st_dev == listener->device && info.st_ino == listener->inode;
}

/* note_path makes the bound path what local tools may use, and remembers it. */
static void note_path(struct net_listener *listener, const char *path)
{
    struct stat info;

    (void)chmod(path, 0660);
    if (lstat(path, &info) == 0) {
        listener->device = info.st_dev;
        listener->inode = info.st_ino;
    }
}

static int port_shared(int fd, bool shared)
{
    int value = shared;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value) == 0 ? 0 : errno;
}

/* port_claim makes a bound port this process's alone before it is listened on. Programs that share a port (SO_REUSEADDR, for the sake of connections of an earlier
 * life that linger) can all bind it, and one can listen. So it listens for a moment, shares no more from then on, and is as it was: bound, with callers refused.
 * Gives: 0 or an error number; EADDRINUSE for all but one of those that claim it at once. */
static int port_claim(int fd)
{
    const struct sockaddr none = { .sa_family = AF_UNSPEC };
    int code = listen(fd, 0) == 0 ? port_shared(fd, false) : errno;

    if (code == 0 && connect(fd, &none, sizeof none) != 0) {
        code = errno;
    }
    return code;
}

/* port_bind takes a port. Gives: 0 or an error number. */
static int port_bind(int fd, const struct sockaddr_storage *name, socklen_t size)
{
    int code = port_shared(fd, true), off = 0;

    if (name->ss_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (code == 0 && bind(fd, (const struct sockaddr *)name, size) != 0) {
        code = errno;
    }
    return code == 0 ? port_claim(fd) : code;
}

static enum err bind_listener(struct net *net, struct net_listener *listener, const struct address *address, const char **problem)
{
    struct sockaddr_storage name;
    socklen_t size;

    *listener = (struct net_listener){ .net = net, .fd = -1, .local = address->kind == ADDRESS_UNIX, .done = { accepted } };
    if (address->kind == ADDRESS_NONE) {
        return ERR_OK;
    }
    if (address_resolve(address, &name, &size) != ERR_OK) {
        snprintf(net->problem, sizeof net->problem, "%s: no such host", address->text);
        *problem = net->problem;
        return ERR_INVALID;
    }
    int code = listener->local ? path_clear(address) : 0;
    if (code != 0) {
        return problem_is(net, address, "", code, problem);
    }
    listener->fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener->fd < 0) {
        return problem_is(net, address, "no socket: ", errno, problem);
    }
    if (listener->local) {
        code = bind(listener->fd, (const struct sockaddr *)&name, size) == 0 ? 0 : errno;
    } else {
        code = port_bind(listener->fd, &name, size);
    }
    if (code != 0) {
        return problem_is(net, address, "", code, problem);
    }
    listener->bound = true;
    if (listener->local) {
        note_path(listener, ((const struct sockaddr_un *)(const void *)&name)->sun_path);
    }
    return ERR_OK;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage name = { 0 };
    socklen_t size = sizeof name;

    if (fd < 0 || getsockname(fd, (struct sockaddr *)&name, &size) != 0) {
        return 0;
    }
    if (name.ss_family == AF_INET6) {
        return ntohs(((const struct sockaddr_in6 *)(const void *)&name)->sin6_port);
    }
    return name.ss_family == AF_INET ? ntohs(((const struct sockaddr_in *)(const void *)&name)->sin_port) : 0;
}

enum err listen_bind(struct net *net, const char **problem)
{
    if (net->bound) {
        return ERR_OK;
    }
    enum err err = bind_listener(net, &net->listener, &net->config.listen, problem);
    if (err == ERR_OK) {
        err = bind_listener(net, &net->listener_local, &net->config.listen_local, problem);
    }
    if (err != ERR_OK) {
        listen_close(net);
    }
    net->bound = err == ERR_OK;
    return err;
}

/* open_listener listens. Fails: as listen_open. A port is shared again with what lingers of an earlier life; who takes it in that moment was started in it. */
static enum err open_listener(struct net_listener *listener, const struct address *address, const char **problem)
{
    int code;

    ASSERT(listener->net->bound);
    if (listener->fd < 0) {
        return ERR_OK;
    }
    if (listener->local) {
        code = is_ours(listener) ? 0 : EADDRINUSE;
    } else {
        code = port_shared(listener->fd, true);
    }
    if (code == 0 && listen(listener->fd, BACKLOG) != 0) {
        code = errno;
    }
    return code == 0 ? ERR_OK : problem_is(listener->net, address, "", code, problem);
}

enum err listen_open(struct net *net, const char **problem)
{
    enum err err = open_listener(&net->listener, &net->config.listen, problem);

    if (err == ERR_OK) {
        err = open_listener(&net->listener_local, &net->config.listen_local, problem);
    }
    if (err != ERR_OK) {
        listen_close(net);
        return err;
    }
    net->port = port_of(net->listener.fd);
    if (net->listener.fd >= 0) {
        listener_accept(&net->listener);
    }
    if (net->listener_local.fd >= 0) {
        listener_accept(&net->listener_local);
    }
    return ERR_OK;
}

/* --- Running and closing ------------------------------------------------------------------------------------------ */

void listen_step(struct net *net, uint64_t now_ns)
{
    struct net_listener *both[] = { &net->listener, &net->listener_local };

    for (size_t i = 0; i < 2; i++) {
        if (both[i]->retry_ns != 0 && both[i]->retry_ns <= now_ns) {
            listener_accept(both[i]);
        }
    }
}

uint64_t listen_deadline_ns(const struct net *net)
{
    uint64_t a = net->listener.retry_ns != 0 ? net->listener.retry_ns : LOOP_FOREVER;
    uint64_t b = net->listener_local.retry_ns != 0 ? net->listener_local.retry_ns : LOOP_FOREVER;

    return a < b ? a : b;
}

void listen_stop(struct net *net)
{
    struct net_listener *both[] = { &net->listener, &net->listener_local };

    for (size_t i = 0; i < 2; i++) {
        both[i]->retry_ns = 0;
        if (both[i]->active) {
            loop_cancel(net->loop, both[i]->fd);
        }
    }
}

void listen_close(struct net *net)
{
    if (net->listener.fd >= 0) {
        close(net->listener.fd);
    }
    if (net->listener_local.fd >= 0) {
        const struct sockaddr_un *name = (const struct sockaddr_un *)(const void *)&net->config.listen_local.socket;
        if (is_ours(&net->listener_local)) {
            (void)unlink(name->sun_path);
        }
        close(net->listener_local.fd);
    }
    net->listener.fd = -1;
    net->listener_local.fd = -1;
    net->bound = false;
}
