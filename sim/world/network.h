/* network.h: the network of the simulator: loses, delays, reorders, duplicates, clogs and spoils, cuts links, and never invents.
 *
 * A message is bytes from one replica to another. Its fate is drawn by name: source, destination, type, view, height, and how often a message of
 * this name went this way before. So the schedule of one message does not depend on what else was sent, nor on times and signatures in its bytes.
 * Whatever happens to a message can be listed, and a list can be made to happen: that is how a failing schedule becomes small. */
#ifndef WARD_SIM_WORLD_NETWORK_H
#define WARD_SIM_WORLD_NETWORK_H

#include "base/bytes.h"
#include "sim/world/choice.h"
#include "sim/oracle/facts.h"
#include "wire/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_fault_kind { SIM_FAULT_DROP, SIM_FAULT_DUPLICATE, SIM_FAULT_STRAGGLE, SIM_FAULT_CORRUPT, SIM_FAULT_COUNT };

/* One thing that happens to one message. */
struct sim_fault {
    enum sim_fault_kind kind;
    uint32_t from, to;
    uint8_t type;
    uint64_t view, height; /* of its subject (subject.h) */
    uint64_t again;        /* how often a message of this name was sent before */
    uint64_t delay_ns;     /* of a straggler, and of the second copy of a duplicate */
};

/* A list of them. */
struct sim_fault_list {
    const struct sim_fault *faults;
    uint32_t count;
};

/* Rates in parts per million of messages. */
struct sim_network_faults {
    uint32_t drop_ppm;
    uint32_t duplicate_ppm;
    uint32_t straggle_ppm;     /* delayed up to straggle_ns_max: overtaken by many */
    uint64_t delay_ns_min;
    uint64_t delay_ns_max;     /* >= delay_ns_min */
    uint64_t straggle_ns_max;
    uint32_t corrupt_ppm;      /* a bit is another one when it arrives: the receiver's channel closes */
    uint64_t bytes_per_s;      /* of each direction of each link; 0: as many as there are */
    uint64_t queue_bytes;      /* that wait for their turn there; more are lost */
};

/* One message in flight. The bytes follow the struct in memory; the receiver frees the whole by sim_network_release. */
struct sim_message {
    uint64_t due_ns;
    uint64_t sent_ns;
    uint64_t hold_ns; /* on sending: kept back for so long before it leaves */
    uint64_t order; /* breaks ties by order of sending */
    uint32_t from;
    uint32_t to;
    uint8_t type;
    bool corrupt;    /* a bit of it is wrong: it is no message any more, and ends its connection */
    uint64_t flipped; /* ... which: drawn */
    uint64_t view, height; /* what it is about (subject.h) */
    size_t size;
    uint8_t *data;
};

struct sim_network_counters {
    uint64_t sent, delivered, dropped, duplicated, straggled, cut, corrupted, clogged, overflowed, muted;
};

struct sim_network {
    uint64_t seed;
    uint32_t members_count;
    struct sim_network_faults faults;
    bool cut[MEMBERS_MAX][MEMBERS_MAX]; /* [from][to]: nothing passes */
    bool mute[MEMBERS_MAX][MEMBERS_MAX]; /* likewise, and nobody learns of it */
    uint64_t clogged_ns[MEMBERS_MAX][MEMBERS_MAX]; /* nothing arrives before; then all that waits, at once */
    uint64_t broken_ns[MEMBERS_MAX][MEMBERS_MAX];  /* what is sent before is lost: the connection is being made again */
    uint64_t free_ns[MEMBERS_MAX][MEMBERS_MAX];    /* when the line has sent all that waits for its turn */
    struct sim_message **heap;          /* by (due_ns, order) */
    size_t count, capacity;
    uint64_t order;
    struct facts repeats;               /* how often a name was sent */
    struct facts planned;               /* name of a fault -> its place in `script`, plus one */
    struct sim_fault_list script;       /* what happens beside what is drawn */
    struct sim_fault *happened;         /* all that happened so far, when `recording` */
    uint32_t happened_count, happened_capacity;
    bool recording;
    struct sim_network_counters counters;
};

/* sim_network_init makes an empty network. Owns: frees everything in sim_network_close. */
void sim_network_init(struct sim_network *network, uint64_t seed, uint32_t members_count, const struct sim_network_faults *faults);
void sim_network_close(struct sim_network *network);

/* sim_network_plan makes a list happen, beside what is drawn. Needs: nothing was sent yet. Owns: the list outlives the network. */
void sim_network_plan(struct sim_network *network, const struct sim_fault_list *script);

/* sim_network_send takes a copy of head || body and draws its fate. */
void sim_network_send(struct sim_network *network, uint64_t now_ns, const struct sim_message *message, struct bytes head, struct bytes body);

/* sim_network_due gives the time of the next delivery; UINT64_MAX: nothing is in flight. */
uint64_t sim_network_due(const struct sim_network *network);

/* sim_network_take gives the next message that is due at now_ns, or NULL. Messages over a link that is cut when they arrive are lost.
 * Owns: the caller, who gives it back by sim_network_release. */
struct sim_message *sim_network_take(struct sim_network *network, uint64_t now_ns);
void sim_network_release(struct sim_message *message);

/* sim_network_cut cuts or mends one direction. */
void sim_network_cut(struct sim_network *network, uint32_t from, uint32_t to, bool cut);

/* sim_network_mute silences one direction: what is sent is lost, and no end learns of it. sim_network_clog holds back all that would arrive before until_ns. */
void sim_network_mute(struct sim_network *network, uint32_t from, uint32_t to, bool mute);
void sim_network_clog(struct sim_network *network, uint32_t from, uint32_t to, uint64_t until_ns);

/* sim_network_break ends the connection of a pair: what is on its way between them is lost, and what is sent before until_ns. */
void sim_network_break(struct sim_network *network, uint32_t a, uint32_t b, uint64_t until_ns);

/* sim_network_drop_all loses everything on its way to or from a replica: its connections are gone. */
void sim_network_drop_all(struct sim_network *network, uint32_t member);

#endif
