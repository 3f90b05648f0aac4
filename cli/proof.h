/* proof.h: a file that proves what a ledger holds, to whoever has the genesis: questions and their answers, one after the other.
 *
 *     "WARDPRF\n" 8 | version u16 = 1 | claim u16 | genesis hash 32 | items u32 | items x { type u8, question: length u32, bytes; answer: likewise }
 *
 * Little-endian. The claim says what the items are together, so that a missing page is a failure and not a smaller truth. */
#ifndef WARD_CLI_PROOF_H
#define WARD_CLI_PROOF_H

#include "base/bytes.h"
#include "crypto/hash.h"

#define PROOF_VERSION 1
#define PROOF_HEAD_BYTES 48
#define PROOF_ITEMS_MAX 2048u

enum proof_claim {
    PROOF_ANSWERS = 0,      /* each item for itself */
    PROOF_ALL_POINTERS = 1, /* every pointer of one patient at one state */
    PROOF_WHOLE_AUDIT = 2,  /* every event of one patient's trail up to one state */
    PROOF_CLAIM_END
};

enum proof_type {
    PROOF_QUERY = 1, /* ledger/query.h */
    PROOF_HEADER = 2 /* question: height u64; answer: block header, CommitProof */
};

struct proof_item {
    enum proof_type type;
    struct bytes question, answer; /* views */
};

/* A decoded file. Views into its bytes. */
struct proof {
    enum proof_claim claim;
    struct hash32 genesis;
    uint32_t items_count;
    struct reader items; /* read by proof_next */
};

/* proof_decode reads the whole file's form. Gives: OK, SHORT, TRAILING, TYPE (no such file), VERSION, RANGE, LENGTH. Any input is safe. */
enum verdict proof_decode(struct proof *proof, struct bytes bytes);

/* proof_next gives the next item of a decoded file; false at the end. */
bool proof_next(struct proof *proof, struct proof_item *item);

/* A file that is being written, in memory of its own. */
struct proof_draft {
    uint8_t *data;
    size_t size, room;
    uint32_t items_count;
    bool failed; /* no memory, or too many items */
};

/* proof_begin starts a file. Owns: the caller calls proof_close. */
void proof_begin(struct proof_draft *draft, const struct hash32 *genesis);
void proof_add(struct proof_draft *draft, const struct proof_item *item);

/* proof_end writes the claim and the number of items. Gives: the bytes, good until proof_close; none when it failed. */
struct bytes proof_end(struct proof_draft *draft, enum proof_claim claim);
void proof_close(struct proof_draft *draft);

#endif
