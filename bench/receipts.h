/* receipts.h: after a load, every command is looked for in the chain: what was acknowledged must stand where its receipt said. */
#ifndef WARD_BENCH_RECEIPTS_H
#define WARD_BENCH_RECEIPTS_H

#include "base/err.h"
#include "cli/cluster.h"
#include "cli/load.h"

struct receipts_found {
    uint64_t found;     /* acknowledged, and there with the same height, place and code */
    uint64_t missing;   /* acknowledged, and not there */
    uint64_t different; /* acknowledged, and elsewhere or with another code */
    uint64_t wrong;     /* answers that do not check */
};

/* receipts_look asks one replica for the receipt of each `every`-th command of the load that ended, with its proof, and of each whose receipt was lost on the way: those it
 * settles (tally_found). Needs: load_run has returned; every > 0. Fails: as client_open, ERR_NO_MEMORY; *found holds what was seen until then. */
enum err receipts_look(const struct cluster *cluster, uint32_t member, struct load *load, uint64_t every, struct receipts_found *found);

#endif
