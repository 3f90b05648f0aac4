/* log_chain.h: the committed chain as one replica's log holds it, offline: which blocks, and their bodies in order of height.
 *
 * The newest capsule says how high this replica knew the chain to be committed. Which chain that is, the certificate of the highest rank says that reaches so high: whatever is certified above a
 * committed block extends it (I10). Its last vote says that only in a log without such a certificate, and else no more than what stands above: it may be for a block that lost.
 * Signatures are not verified here: this is a look at one's own disk, not a proof for others. */
#ifndef WARD_CLI_LOG_CHAIN_H
#define WARD_CLI_LOG_CHAIN_H

#include "cli/store_view.h"
#include "wire/block.h"
#include "wire/limits.h"
#include "wire/vote.h"

struct log_chain_block {
    struct block_header header;
    struct hash32 hash;
    uint64_t order; /* of its record in the log */
};

/* A block that a certificate in the log names. */
struct log_chain_claim {
    struct rank rank;
    struct hash32 block;
};

struct log_chain {
    struct log_chain_block *blocks; /* all that the log names, by height, then in the order of the log */
    uint32_t count, room;
    struct log_chain_claim *claims; /* in the order of the log */
    uint32_t claims_count, claims_room;
    struct hash32 *hashes;          /* of heights low .. height */
    struct block_header *headers;
    uint64_t low;                   /* of the oldest block from which the chain is here without a gap: 1, or above what a snapshot has taken the place of; 0: none is here */
    uint64_t height;                /* of the newest block of the chain that is here; it may be above what is committed */
    uint64_t committed_height;      /* what the newest capsule says: at least this much is committed */
    struct capsule capsule;
    uint64_t batch;                 /* number of the batch that carries it */
    bool failed;                    /* no memory */
};

/* log_chain_read walks the log and finds the chain. Gives: EXIT_FINE, or the exit code after output_fail: EXIT_INTEGRITY when a committed block above the snapshot that the superblock names is not
 * there. Owns: log_chain_close in either case. */
int log_chain_read(const struct args *args, struct store_view *view, struct log_chain *chain);
void log_chain_close(struct log_chain *chain);

/* Who is given each body, in order of height from `from` on. Gives: false to end the walk. The body is a view that ends with the call. */
struct log_chain_visitor {
    void *context;
    bool (*visit)(void *context, const struct block_header *header, const struct hash32 *hash, struct bytes body);
};

/* log_chain_walk reads bodies from the log until the chain ends, one is missing, or the visitor ends it. Gives: EXIT_FINE with *reached, the height of
 * the last one given (from - 1: none). Needs: from >= low >= 1. Cost: a pass over the log for each stretch that lies in order. */
int log_chain_walk(const struct args *args, struct store_view *view, const struct log_chain *chain, uint64_t from, const struct log_chain_visitor *visitor, uint64_t *reached);

#endif
