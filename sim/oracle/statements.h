/* statements.h: what a server states of its state to a client that asks, with proofs (docs/wire.md, "Questions" and "State proof"), verified a second time: the bytes are read and the
 * tree is climbed here, by the text of that page; nothing of ledger/ or storage/ is called but what reads one entity.
 *
 *     answer --certificate of q good signatures--> root of a block that was executed --proofs--> exactly the keys that were asked for */
#ifndef WARD_SIM_ORACLE_STATEMENTS_H
#define WARD_SIM_ORACLE_STATEMENTS_H

#include "base/bytes.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stdint.h>

#define STATEMENTS_PARTS_MAX 9u

/* One key, or all with a prefix, and what is said of them. */
struct statement {
    struct bytes key;     /* that was asked for */
    bool prefix;
    bool found;           /* the key is there; pairs are */
    uint32_t pairs_count;
    struct bytes value;   /* of the key, or of the first pair */
};

/* statement_check tells whether a proof holds for statement->key under a root. Gives: NULL and the rest of *statement, or why it does not. Any bytes are safe. Cost: a hash for each pair and step. */
const char *statement_check(struct statement *statement, struct bytes proof, const struct hash32 *root);

/* The frame of an answer. */
struct statements {
    uint8_t kind;
    bool certified;
    uint64_t height, time_ms;
    struct hash32 root;
    struct bytes certificate;
    uint32_t parts_count;
    struct { uint8_t type; struct bytes bytes; } parts[STATEMENTS_PARTS_MAX];
};

/* statements_read takes an answer apart. Gives: NULL, or what is wrong with it. */
const char *statements_read(struct statements *statements, struct bytes answer);

#endif
