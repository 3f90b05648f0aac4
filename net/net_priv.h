/* net_priv.h: what the files of net share: one connection, one peer, and all of them.
 *
 *     net.c          the interface of net.h: memory, deadlines, the step
 *     net_conn.c     one connection: bytes in, bytes out, closing
 *     net_link.c     members: dialling, handshakes, who replaces whom
 *     net_client.c   clients, local and remote
 *     net_listen.c   the listening sockets
 *
 * A connection is a slot; what outlives it (the queue, the back-off) belongs to the member or the client. */
#ifndef WARD_NET_NET_PRIV_H
#define WARD_NET_NET_PRIV_H

#include "net/backoff.h"
#include "net/fair.h"
#include "net/net.h"
#include "net/resolver.h"
#include "net/throttle.h"
#include "net/tunnel.h"

#define NET_SMALL_OUT_BYTES (TUNNEL_SECOND_BYTES + TUNNEL_FIRST_PLAIN + CHANNEL_OVERHEAD) /* what leaves before the other side is proved */
#define NET_LINK_OUT_BYTES (4u * CHANNEL_RECORD_MAX)
#define NET_CLIENT_OUT_BYTES (2u * CHANNEL_RECORD_MAX)
#define NET_SPARE_CONNS 8u   /* slots and bodies of connections that the kernel has not let go of yet */
#define NET_RESERVE_MAX 8u /* slots for calls from the host of one member */
#define NET_IDLE_NS UINT64_C(60000000000) /* silent for so long, a remote client may lose its place to any other */
#define NET_LASTING_NS UINT64_C(1000000000) /* a link that was up for so long is called again at once when it ends */
#define NET_CLIENT_SLOTS NET_CLIENTS_MAX /* in an id: the slot; above it: how many clients there were */
#define NET_PROBLEM_BYTES 320
#define NET_HOSTS_MAX 256u /* of strangers, whose parts of the handshakes are told apart */
#define NET_PARTY_LOCAL (UINT64_C(1) << 41) /* beside the user: what no host has as its number */

_Static_assert(NET_SMALL_OUT_BYTES >= TUNNEL_HELLO_BYTES, "a hello fits as well");
_Static_assert(FRAME_HEADER_BYTES + NET_HELLO_BYTES_MAX <= TUNNEL_FIRST_PLAIN, "a link's first frame fits into a first record");

enum conn_state {
    CONN_FREE,
    CONN_CONNECTING, /* TCP is being set up */
    CONN_SHAKING,    /* nobody has proved anything */
    CONN_UP,         /* a link or a client */
    CONN_CLOSING     /* the kernel still holds something of it */
};

/* The large buffers of a connection that is up. */
struct net_body {
    bool used;
    uint8_t *room;  /* CHANNEL_RECORD_MAX: of the tunnel */
    uint8_t *out;   /* out_bytes: what is being sent */
    uint8_t *frame; /* of the frame reader */
    uint32_t out_bytes;
    uint32_t frame_bytes_max; /* of a body */
};

/* Whom a connection serves once it is up. */
struct net_peer {
    struct net_conn *conn; /* NULL: down */
    struct send_queue queue;
    bool is_client;
    uint32_t index; /* of the member, or of the client's slot */
    bool paused;    /* nothing is received from it */
    bool doomed;    /* net_step closes it, with `doom` as the reason */
    enum net_reason doom;
};

struct net_conn {
    struct net *net;
    enum conn_state state;
    int fd;
    bool dialled;
    bool resident; /* a call from a host where a member lives */
    bool reserved; /* and in a place of that member */
    bool secure;
    bool first_sent; /* the first record, which is small, is made */
    bool hello_due;  /* the link's first frame waits until the socket is free */
    bool busy;       /* a connect or a send is under way */
    bool quiet;      /* and nothing depends on its end */
    uint32_t member; /* NET_NOT_MEMBER until it is known, and of clients */
    struct net_peer *peer; /* while up */
    struct sockaddr_storage host;
    socklen_t host_size;
    struct tunnel tunnel;
    struct frame_reader reader;
    struct net_body *body; /* NULL before it is up */
    uint8_t *small_room;   /* TUNNEL_ROOM_MIN */
    uint8_t *small_out;    /* NET_SMALL_OUT_BYTES */
    struct bytes out;      /* under way */
    struct loop_receive receive;
    struct completion done; /* of connect and send */
    uint64_t deadline_ns;  /* 0: none */
};

struct net_link {
    struct net_member config;
    struct net_peer peer;
    struct net_conn *calling; /* our dial that is under way */
    struct net_conn *called;  /* their call, from where they live, that is not proved yet */
    struct throttle handshakes; /* of the host where it lives: one member, or whoever has its host, uses up no other's */
    struct backoff backoff;
    uint64_t dial_ns; /* not before */
    uint64_t up_ns;   /* when the newest session was proved */
    bool asked;       /* something was to be sent while it was down */
    bool resolving;
    bool resolved;    /* `host` is fresh */
    struct sockaddr_storage host;
    socklen_t host_size;
};

struct net_client {
    uint64_t id; /* 0: free */
    struct net_peer peer;
    struct net_client_info info;
    uint32_t same;      /* remote clients of its party, itself included */
    uint64_t active_ns; /* when it was heard, or something was queued for it, last */
    bool leaving; /* net_client_close: what waits is sent, nothing is heard */
};

struct net_listener {
    struct net *net;
    int fd; /* -1: none */
    bool local;
    bool bound;  /* the name is ours */
    uint64_t device, inode; /* of a local one's name, as long as nobody put another in its place */
    bool active; /* an accept is under way */
    struct completion done;
    uint64_t retry_ns; /* 0: none; the kernel had no descriptor left */
};

struct net {
    struct net_config config;
    struct loop *loop;
    struct net_handlers handlers;
    struct tunnel_identity identity;
    struct rng rng;
    struct fair handshakes; /* of hosts where no member lives; each host has its part */
    struct resolver resolver;
    struct net_link *links;      /* config.members_count */
    struct net_client *clients;  /* config.clients_max */
    uint32_t clients_high;       /* slots from here on are free */
    uint64_t client_serial;
    struct net_conn *conns;      /* conns_count */
    uint32_t conns_count;
    struct net_body *link_bodies, *client_bodies;
    uint32_t link_bodies_count, client_bodies_count;
    struct net_listener listener, listener_local;
    bool bound;       /* listen_bind is done */
    uint16_t port;
    uint32_t timed;   /* connections with a deadline */
    bool wanted;
    bool pending;     /* something is doomed or leaving: net_step is wanted at once */
    bool stopping;
    struct net_counters counters;
    char problem[NET_PROBLEM_BYTES];
};

/* net_conn.c */

/* conn_take gives a free slot for a socket, or NULL; the socket stays the caller's then. */
struct net_conn *conn_take(struct net *net, int fd);

/* conn_deadline sets the time at which the connection is given up; 0: none. */
void conn_deadline(struct net_conn *conn, uint64_t deadline_ns);

/* conn_options asks the kernel for small delays and for a word when the other side is gone. */
void conn_options(struct net_conn *conn);

/* conn_attach gives the connection large buffers of one kind. Gives: false when there are none. */
bool conn_attach(struct net_conn *conn, struct net_body *bodies, uint32_t count);

/* conn_sync makes receiving what it should be: on or off, from the right buffers. */
void conn_sync(struct net_conn *conn);

/* conn_send starts to send. Needs: not busy; the bytes stay as they are. */
void conn_send(struct net_conn *conn, struct bytes bytes);

/* conn_gather sends what waits in the peer's queue, if nothing is being sent. */
void conn_gather(struct net_conn *conn);

/* conn_close ends the connection without a word to anybody. */
void conn_close(struct net_conn *conn);

/* conn_fail ends it and tells whoever must know: the handlers of a link or client, the back-off of a dial. */
void conn_fail(struct net_conn *conn, enum net_reason reason);

/* net_link.c */

/* link_dial begins a call if there is an address. */
void link_dial(struct net_link *link, struct net *net, uint64_t now_ns);

/* link_is_due: a call would begin once dial_ns has come. */
bool link_is_due(const struct net *net, const struct net_link *link);

void link_connected(struct net_conn *conn);
void link_called(struct net_conn *conn);  /* a hello is here */
void link_ready(struct net_conn *conn);   /* the dialler has keys */
void link_proved(struct net_conn *conn);  /* the first valid record is here */
void link_send_hello(struct net_conn *conn);

/* link_dial_failed counts and waits. */
void link_dial_failed(struct net *net, struct net_link *link);

/* link_ended says when to call again after a link that was up: at once, or, when it did not last, as after a call that failed. Needs: it is down. */
void link_ended(struct net *net, struct net_link *link);

/* link_resolved is the resolver's answer. */
void link_resolved(void *context, uint32_t member, enum err err, const struct sockaddr_storage *socket, socklen_t size);

/* net_client.c */

/* client_begin makes a client of a connection. Gives: false when there is no room or the driver declines; the connection is then closed. */
bool client_begin(struct net_conn *conn, const struct net_client_info *info);

/* client_key_count gives the remote clients with a key. */
uint32_t client_key_count(const struct net *net, const uint8_t key[32]);

/* client_gone forgets a client and tells the driver. */
void client_gone(struct net *net, uint32_t slot, enum net_reason reason);

/* net_listen.c */

/* listen_bind binds both sockets, once; listen_open listens on them. Fails: as net_start, with both closed. */
enum err listen_bind(struct net *net, const char **problem);
enum err listen_open(struct net *net, const char **problem);
void listen_step(struct net *net, uint64_t now_ns);
uint64_t listen_deadline_ns(const struct net *net);

/* listen_reserve gives the slots that are kept for calls from the host of one member. */
uint32_t listen_reserve(const struct net_config *config);

/* listen_lives_at tells whether a member lives at a host: by its address, or by what its name last stood for. */
bool listen_lives_at(const struct net_link *link, const struct sockaddr_storage *host);

/* listen_residents gives the members who live at this host: their address names it, or their name did when it was looked up last. */
uint32_t listen_residents(const struct net *net, const struct sockaddr_storage *host);

/* listen_admit counts a handshake against the budget of the host: of the members who live there, or of all other hosts. Gives: false: it is used up. */
bool listen_admit(struct net *net, const struct net_conn *conn, uint64_t now_ns);

/* listen_stop begins to end both; listen_close closes them once no accept is under way. */
void listen_stop(struct net *net);
void listen_close(struct net *net);

#endif
