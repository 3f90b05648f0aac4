/* answers_kit.h: a small state and the desk that answers questions about it, with certificates by real keys of the four members of a genesis. For targets
 * and seeds about what a replica says: they know what is true, so that anything else that passes a check is a finding. No Criterion. */
#ifndef WARD_TESTS_FUZZ_ANSWERS_KIT_H
#define WARD_TESTS_FUZZ_ANSWERS_KIT_H

#include "crypto/keys.h"
#include "node/query.h"
#include "wire/commit_proof.h"
#include "wire/genesis.h"

enum { ANSWERS_EVENTS = 11, ANSWERS_POINTERS = 5, ANSWERS_GRANTS = 3, ANSWERS_HEADERS = 3, ANSWERS_HEIGHT = 20 };

#define ANSWERS_TIME_MS UINT64_C(2000000)

struct answers {
    struct apply apply;
    struct genesis genesis;
    struct config config;
    struct hash32 chain_id;
    struct queries queries;
    struct sign_keypair key;                  /* the patient's */
    struct hash32 patient, doctor, ticket;    /* accounts, and a ticket of the doctor */
    struct hash32 root;                       /* of the state after block ANSWERS_HEIGHT */
    struct block_header headers[ANSWERS_HEADERS]; /* of the last blocks up to ANSWERS_HEIGHT */
};

/* answers_start makes everything above. Owns: static memory; one in a process. */
void answers_start(struct answers *answers);

/* answers_question gives a question of this kind that is answered, signed by the patient. */
struct query answers_question(const struct answers *answers, enum query_kind kind, bool certified);

/* answers_sign signs a question anew, as the patient. */
void answers_sign(const struct answers *answers, struct query *query);

/* answers_ask asks the desk. Gives: the size of the answer, 0 when the desk refuses. */
size_t answers_ask(struct answers *answers, const struct query *query, uint8_t *out, size_t room);

/* answers_commit proves headers[at] committed: by a COMMITQC of the last header, or by the QC of it and of a child. `proof` refers to memory of the kit. */
void answers_commit(const struct answers *answers, uint32_t at, bool by_chain, struct commit_proof *proof);

#endif
