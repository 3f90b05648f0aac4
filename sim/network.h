/* network.h: the network of the simulator: loses, delays, reorders and duplicates, cuts links, and never invents.
 *
 * A message is bytes from one replica to another. Its fate is drawn by name: source, destination, content, and how often these very
 * bytes went this way before. So the schedule of one message does not depend on what else was sent. */
#ifndef WARD_SIM_NETWORK_H
#define WARD_SIM_NETWORK_H

#include "base/bytes.h"
#include "sim/choice.h"
#include "wire/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rates in parts per million of messages. */
struct sim_network_faults {
    uint32_t drop_ppm;
    uint32_t duplicate_ppm;
    uint32_t straggle_ppm;     /* delayed up to straggle_ns_max: overtaken by many */
    uint64_t delay_ns_min;
    uint64_t delay_ns_max;     /* >= delay_ns_min */
    uint64_t straggle_ns_max;
};

/* One message in flight. The bytes follow the struct in memory; the receiver frees the whole by sim_network_release. */
struct sim_message {
    uint64_t due_ns;
    uint64_t order; /* breaks ties by order of sending */
    uint32_t from;
    uint32_t to;
    uint8_t type;
    size_t size;
    uint8_t *data;
};

struct sim_network_counters {
    uint64_t sent, delivered, dropped, duplicated, straggled, cut;
};

struct sim_network {
    uint64_t seed;
    uint32_t members_count;
    struct sim_network_faults faults;
    bool cut[MEMBERS_MAX][MEMBERS_MAX]; /* [from][to]: nothing passes */
    struct sim_message **heap;          /* by (due_ns, order) */
    size_t count, capacity;
    uint64_t order;
    uint16_t *repeats; /* how often bytes with this digest went this way, 2^16 slots */
    struct sim_network_counters counters;
};

/* sim_network_init makes an empty network. Owns: frees everything in sim_network_close. */
void sim_network_init(struct sim_network *network, uint64_t seed, uint32_t members_count, const struct sim_network_faults *faults);
void sim_network_close(struct sim_network *network);

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

/* sim_network_drop_all loses everything on its way to or from a replica: its connections are gone. */
void sim_network_drop_all(struct sim_network *network, uint32_t member);

#endif
