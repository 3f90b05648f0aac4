/* net.h: links to members and connections of clients, as the driver sees them. Net knows peers, not messages.
 *
 * A *link* is the one secure session with another member, named by its index. It is dialled when something is to be sent or the driver says
 * that it is wanted, and lies still otherwise: net arms no timer for an established link and sends nothing of its own accord.
 * A *client* is a local tool on the UNIX socket, or anybody with a key of its own on the TCP socket; it is named by an id that is never used again.
 *
 * The turn of a driver:
 *
 *     loop_turn(loop, min(net_deadline_ns(net), ...));   completions; the handlers below are called from here
 *     ... step the replica, net_send ...
 *     net_step(net, clock_mono_ns());                    what is due; then one gathered send per peer
 *
 * Handlers may call every function here. They are called from loop_turn and net_step only, never from net_send. */
#ifndef WARD_NET_NET_H
#define WARD_NET_NET_H

#include "base/arena.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "net/address.h"
#include "net/frame.h"
#include "net/loop.h"
#include "net/payload.h"
#include "net/send_queue.h"

#define NET_MEMBERS_MAX 128u
#define NET_HELLO_BYTES_MAX 4000u /* body of a link's first frame, so that header and body fit into a first record of 4,096 bytes */
#define NET_HEAD_BYTES_MAX 16384u /* of a frame's copied part */
#define NET_NOT_MEMBER UINT32_MAX
#define NET_CLIENTS_MAX 4096u

struct net_member {
    uint8_t key[32];        /* its transport key, X25519 */
    bool has_psk;           /* a key shared by the pair: sessions with this member then demand it (Noise IKpsk2) */
    uint8_t psk[32];
    struct address address; /* ADDRESS_NONE: we wait for its call */
};

struct net_config {
    /* Who we are and whom we know. */
    struct hash32 chain_id;           /* in every handshake's prologue: a session with another chain cannot come about */
    const struct kx_keypair *key;     /* our transport key. Owns: the caller's, in secret memory, for as long as net lives */
    uint32_t own_index;               /* < members_count, or NET_NOT_MEMBER */
    uint32_t members_count;           /* 0..NET_MEMBERS_MAX */
    const struct net_member *members; /* copied */
    struct address listen;            /* for members and remote clients; ADDRESS_NONE: none */
    struct address listen_local;      /* UNIX socket for local tools; ADDRESS_NONE: none */
    uint64_t seed;                    /* for the jitter of back-off only */
    /* Bounds. */
    uint32_t member_frame_bytes_max;  /* body of a frame from a member, 64 KiB .. 16 MiB */
    uint32_t member_queue_bytes_max;  /* waiting for one member; 0: 64 MiB / (n - 1), at most 8 MiB, but always 2 frames */
    uint32_t clients_max;             /* connections at once, 0 .. NET_CLIENTS_MAX; an eighth, at least one, for local tools alone if they have a socket */
    uint32_t clients_per_key_max;     /* remote connections with one key */
    uint32_t client_frame_bytes_max;  /* body of a frame from a client, 4 KiB .. 1 MiB */
    uint32_t client_queue_bytes_max;  /* waiting for one client; default: 1 MiB */
    bool remote_clients;              /* false: keys that are no member's are refused */
    uint32_t half_open_max;           /* handshakes under way from hosts where no member lives; default: 128 */
    uint32_t half_open_per_host_max;  /* of one host, times the members who live there; default: 4 */
    uint32_t handshakes_per_second;   /* begun, after a right tag: by hosts where no member lives, and as many by members, of which each has its part; default: 200 */
    uint32_t handshake_timeout_ms;    /* from accept or dial to the first valid record; default: 3000 */
};

/* net_config_default fills the bounds with their defaults: frames of 4 MiB + 64 KiB from members and 64 KiB from clients, 128 clients. */
void net_config_default(struct net_config *config);

/* Why a link or a client is gone. */
enum net_reason {
    NET_CLOSED,     /* the other side closed, or the connection broke */
    NET_REPLACED,   /* a newer session of the same member took its place */
    NET_MALFORMED,  /* a record or a frame was not what it must be */
    NET_SLOW,       /* what waited for it passed the bound */
    NET_TIMED_OUT,  /* the handshake took too long */
    NET_DROPPED,    /* the driver asked */
    NET_IDLE,       /* its place was wanted, and it had been silent longest */
    NET_REASON_COUNT
};

/* net_reason_name gives "closed", "replaced", ... */
const char *net_reason_name(enum net_reason reason);

struct net_client_info {
    bool local;       /* on the UNIX socket; uid and pid are the kernel's word */
    uint32_t uid;
    uint32_t pid;
    uint8_t key[32];  /* of a remote client, proved by the handshake; zeros of a local one */
    uint64_t party;   /* who shares its part of what all clients share: remote clients of one host, of IPv6 of one network of 64 bits; local ones of one user */
};

/* What the driver does about events. All are called on the loop's thread; views hold until the call returns. */
struct net_handlers {
    void *context;
    /* hello gives the first frame of a new link, called once for each side's session. Gives: the length of the body written to `body`. */
    uint32_t (*hello)(void *context, uint32_t member, struct frame_header *header, uint8_t body[NET_HELLO_BYTES_MAX]);
    /* link_up: the first valid record has come. link_down: it is gone and so is all that waited in its queue. */
    void (*link_up)(void *context, uint32_t member);
    void (*link_down)(void *context, uint32_t member, enum net_reason reason);
    void (*frame)(void *context, uint32_t member, const struct frame *frame);
    /* client_up tells of a new client. Gives: false to close it at once. */
    bool (*client_up)(void *context, uint64_t client, const struct net_client_info *info);
    void (*client_down)(void *context, uint64_t client, enum net_reason reason);
    void (*client_frame)(void *context, uint64_t client, const struct frame *frame);
};

/* Counters since the start. */
struct net_counters {
    uint64_t frames_in, frames_out;             /* of links and clients */
    uint64_t bytes_in, bytes_out;               /* on the wire */
    uint64_t member_frames_in, member_frames_out; /* of links alone, HELLO included */
    uint64_t sends, sends_dropped;              /* send operations; frames refused because a link was down or full */
    uint64_t dials;
    uint64_t handshakes_done, handshakes_failed;
    uint64_t clients_idled;                     /* that gave their place to another */
    uint64_t strangers_refused;                 /* over a limit, before any Diffie-Hellman */
    uint64_t malformed;                         /* connections closed for what they sent */
};

struct net;

/* net_take takes net's memory. Gives: NULL from a measuring arena. Needs: `config` within its ranges. */
struct net *net_take(struct arena *arena, const struct net_config *config);

/* net_bind takes the two names to listen on, so that no other program gets them, and listens on none of them: who calls meanwhile is refused by the kernel and
 * tries again. So a name that cannot be had is known before the work that a start is. Fails: as net_start. Owns: the names, until net_stop. Cost: a lookup where the host is a name. */
enum err net_bind(struct net *net, const char **problem);

/* net_start binds unless net_bind did, listens and is ready to dial. Fails: ERR_INVALID, ERR_PERMISSION or ERR_IO with *problem a sentence for the operator;
 * nothing is left open then. Somebody may have put another socket in the place of a path. Owns: `handlers` and the loop must outlive net. */
enum err net_start(struct net *net, struct loop *loop, const struct net_handlers *handlers, const char **problem);

/* net_listen_port gives the TCP port that is listened on, which matters when the kernel chose it; 0 when there is none. */
uint16_t net_listen_port(const struct net *net);

/* net_stop gives up what net_bind took, closes listeners and connections without calling handlers, and waits in the loop, at most a quarter of a second, for the kernel to let go. */
void net_stop(struct net *net);

/* net_deadline_ns gives the time of the next handshake deadline or dial; LOOP_FOREVER when nothing is under way. */
uint64_t net_deadline_ns(const struct net *net);

/* net_step does what is due, then encrypts and sends what waits. */
void net_step(struct net *net, uint64_t now_ns);

/* net_send queues a frame for a member. Gives: ERR_OK: queued, will be sent unless the link breaks. Fails: ERR_CLOSED: the link is down, the frame is
 * dropped and the member is dialled; ERR_FULL: the frame is dropped and the link is closed as slow, for the member must catch up.
 * Needs: member != own_index; head within its bound. Cost: a copy of the head. */
enum err net_send(struct net *net, uint32_t member, const struct net_message *message);

/* net_want says whether links shall be kept dialled (with back-off) even when nothing is to be sent: at start and while catching up. */
void net_want(struct net *net, bool wanted);

/* net_queued_bytes gives what waits for a member. */
size_t net_queued_bytes(const struct net *net, uint32_t member);

/* net_drop closes a member's link (NET_DROPPED). */
void net_drop(struct net *net, uint32_t member);

/* net_shed lets go of the member whose queue holds the most shared payloads, because nobody may keep those from the others: what waits for it is gone at
 * once, its link with the next step (NET_SLOW). Gives: its index; NET_NOT_MEMBER when no queue holds any. Cost: one pass over all queues. */
uint32_t net_shed(struct net *net);

/* net_client_send queues a frame for a client. Fails: ERR_CLOSED: there is no such client; ERR_FULL: over client_queue_bytes_max, nothing is queued and
 * the client stays: the driver decides. */
enum err net_client_send(struct net *net, uint64_t client, const struct net_message *message);

/* net_client_queued_bytes gives what waits for a client; 0 when it is gone. */
size_t net_client_queued_bytes(const struct net *net, uint64_t client);

/* net_client_close closes a client after what waits for it has been sent, at the latest after handshake_timeout_ms. */
void net_client_close(struct net *net, uint64_t client);

const struct net_counters *net_counters(const struct net *net);

#endif
