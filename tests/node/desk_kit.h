/* desk_kit.h: a ledger with history and the desk that answers questions about it, certificates of four real keys included.
 *
 *   Alder's system has added three current pointers with locators (1 to 3) and one that is pending (4); the patient has granted Birch TREAT;
 *   a practitioner of Birch has a ticket; Alder has filed a disclosure; Cedar's practitioner was denied. */
#ifndef WARD_TESTS_NODE_DESK_KIT_H
#define WARD_TESTS_NODE_DESK_KIT_H

#include "ledger/query_check.h"
#include "node/query.h"
#include "tests/ledger/ledger_kit.h"
#include "wire/limits.h"

struct desk {
    struct lab lab;
    struct apply apply;
    struct queries queries;
    struct query_check *check;
    struct config config;
    struct hash32 chain_id;
    struct lab_party alder, birch, doctor, stranger, patient, other; /* two systems, practitioners of Birch and of Cedar, two patients */
    struct hash32 request, denied, register_id; /* transactions: permitted with a ticket, denied, registration of the patient's voucher */
    struct checkpoint_cert certificate;         /* the newest */
    bool has_certificate;
    uint64_t now_ms;
    uint8_t answer[CLIENT_FRAME_BYTES_MAX];
    size_t answer_bytes;
    struct query_facts facts;
};

/* desk_start makes everything above. Owns: memory until the process ends. */
void desk_start(struct desk *desk);

/* desk_checkpoint executes an empty block as a checkpoint block and, with `certify`, brings its certificate. */
void desk_checkpoint(struct desk *desk, bool certify);

/* desk_certify makes the certificate of the newest state; nobody is told. */
void desk_certify(struct desk *desk);

/* desk_grant, desk_add, desk_request send one command each and assert that it worked. */
void desk_grant(struct desk *desk, uint16_t org);
void desk_add(struct desk *desk, uint8_t count, bool approve);
struct hash32 desk_request(struct desk *desk, struct lab_party *who);

/* desk_query gives a question about the patient, by kind; the kind's fields have values that are answered. */
struct query desk_query(const struct desk *desk, enum query_kind kind);

/* desk_sign signs the question for the party at the present time. */
void desk_sign(struct desk *desk, struct query *query, const struct lab_party *party);

/* desk_send asks as it is; desk_ask signs it for the party first when its kind is signed; a RELEASE is asked behind the gate.
 * Gives: the code; the answer in desk->answer. */
uint16_t desk_send(struct desk *desk, const struct query *query);
uint16_t desk_ask(struct desk *desk, struct query *query, const struct lab_party *party);

/* desk_check checks desk->answer. */
enum verdict desk_check(struct desk *desk, const struct query *query);

#endif
