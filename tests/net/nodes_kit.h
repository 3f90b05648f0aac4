/* nodes_kit.h: several nets on loopback that share one loop, and what their handlers saw. A test's process has one set of them. */
#ifndef WARD_TESTS_NET_NODES_KIT_H
#define WARD_TESTS_NET_NODES_KIT_H

#include "net/net.h"
#include "tests/net/net_kit.h"

#define NODES 3u

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
    bool drops;        /* links, with the first frame that comes over one */
};

extern struct loop *nodes_loop;
extern struct node nodes[NODES];
extern struct net_member nodes_members[NET_MEMBERS_MAX]; /* those of the nodes first */
extern struct hash32 nodes_chain;
extern char nodes_socket[80];

/* nodes_prepare makes the loop and the keys. */
void nodes_prepare(enum kit_backend backend);

/* nodes_configure gives a node's configuration: a port that the kernel chooses, short deadlines, two half-open connections of a host. */
void nodes_configure(struct node *node, struct net_config *config);

/* nodes_listen_local adds the UNIX socket. */
void nodes_listen_local(struct net_config *config);

/* nodes_start takes and starts a net; nodes_start_fine asserts that it worked. Fails: as net_start. */
enum err nodes_start(struct node *node, const struct net_config *config, const char **problem);
void nodes_start_fine(struct node *node, const struct net_config *config);

/* nodes_name tells those that start later where a node listens. */
void nodes_name(uint32_t index, uint16_t port);

/* nodes_begin does all of it for `count` nodes; each knows the ports of those before it. nodes_begin_local starts node 0 alone, on the UNIX socket too. */
void nodes_begin(enum kit_backend backend, uint32_t count);
void nodes_begin_local(enum kit_backend backend, bool echo);

/* nodes_turn lets all nodes work for at most 20 ms. */
void nodes_turn(void);
void nodes_turns(unsigned count);
void nodes_turns_until_up(uint32_t a, uint32_t b);

/* nodes_is_up tells whether the handlers of `a` were told of a link with `b` that has not ended. */
bool nodes_is_up(uint32_t a, uint32_t b);

/* nodes_link makes a link. nodes_tell sends a frame over it. */
void nodes_link(uint32_t caller, uint32_t called);
enum err nodes_tell(uint32_t from, uint32_t to, const void *data, size_t size);

/* nodes_deafen makes a node read no more from another over their link, as a process that was stopped. Needs: the link is up. */
void nodes_deafen(uint32_t node, uint32_t from);

/* nodes_call connects to node 0 as a stranger, nodes_call_from from an address of the loopback network, in host order. nodes_call_local uses the UNIX socket. */
int nodes_call(void);
int nodes_call_from(uint32_t host);
int nodes_call_local(void);

/* nodes_closed tells whether the other side has closed and all that it sent was read. */
bool nodes_closed(int fd);

#endif
