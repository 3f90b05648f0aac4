/* spoil.h: what a disk does behind the back of its server: a bit flips in what the log promised or in a certificate, a sector cannot be read, a write or a read goes one block astray. Each
 * befalls one server that counts against f: what it promised may be gone, and then it must abstain (T11), or be found out (E4).
 * name, word, what it is */
#ifndef WARD_SIM_WORLD_SPOIL_H
#define WARD_SIM_WORLD_SPOIL_H

#include "sim/world/naming.h"

#include <stdbool.h>
#include <stdint.h>

struct host;

#define SPOILS(X)                                                                     \
    X(VOTE, "vote", "a promise that rotted in the log")                               \
    X(CERTIFICATE, "certificate", "a certificate that rotted in the log")             \
    X(SECTOR, "sector", "a sector of the log that cannot be read")                    \
    X(WRITE, "write", "a write of the log that went astray")                          \
    X(READ, "read", "a read that went astray")

enum spoil {
#define SPOIL_ENUM(name, word, text) SPOIL_##name,
    SPOILS(SPOIL_ENUM)
#undef SPOIL_ENUM
    SPOIL_COUNT
};

extern const struct naming spoil_names[SPOIL_COUNT];

/* spoil_host does it to the disk of a server; `number` says which bit, certificate or sector. A vote is the newest batch that is durable, a write or a read the next one. Needs: up.
 * Gives: false when there is nothing of that kind. */
bool spoil_host(struct host *host, enum spoil spoil, uint64_t number);

/* spoil_happened gives how often it did to this disk: of writes and reads, how many went astray. */
uint64_t spoil_happened(const struct host *host, enum spoil spoil);

#endif
