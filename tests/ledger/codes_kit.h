/* codes_kit.h: one attempt at a command, and the proof of what it left behind.
 *
 * The proof is a state root: a twin is restored from the state before, executes the same block without the command, and gets nothing but the
 * sender's new nonce and bucket and the chain's longer receipts log; its root must be the one that the command left. */
#ifndef WARD_TESTS_LEDGER_CODES_KIT_H
#define WARD_TESTS_LEDGER_CODES_KIT_H

#include "tests/ledger/ledger_kit.h"

#include <stdbool.h>

/* What a failure costs. */
enum outcome {
    OUT_REFUSED = 1, /* it never enters a block */
    OUT_NOTHING,     /* in a block it changes nothing at all */
    OUT_PAID,        /* it takes the sender's nonce and tokens, nothing else */
    OUT_DENIED       /* an access that was denied: besides, one event in the patient's audit */
};

struct attempt {
    struct lab_command command;
    void (*spoil)(uint8_t *bytes, size_t *size); /* what happens to the envelope after it was signed; NULL: nothing */
    struct bytes sent; /* the payload that goes along; as signed unless `other_payload` */
    bool other_payload;
    bool twice;        /* the block holds it twice; the second one counts */
    uint32_t tokens;   /* that it costs when it is paid; 0: 1 */
};

/* The people of the attempts, made anew by codes_start. */
extern struct lab codes_lab;
extern struct lab_party codes_system, codes_nurse, codes_foreign, codes_doctor, codes_agent, codes_payer, codes_patient, codes_other;

/* codes_start makes the lab: `tune` may change the parameters before. One current pointer (1, Alder's), one grant (1, Cedar may treat). */
void codes_start(void (*tune)(struct params *params));

/* codes_try makes one attempt. Asserts the code and the effect. `what` is printed when it fails. */
void codes_try(struct attempt *attempt, enum code code, enum outcome outcome, const char *what);

/* codes_reason makes one ACCESS_REQUEST. Asserts the reason in its event, and of a denial that nothing else was left behind. */
void codes_reason(struct attempt *attempt, enum reason reason, const char *what);

/* Commands that are right as they are; an attempt changes one thing about them. */
struct lab_command codes_register_actor(uint32_t number);
struct lab_command codes_register_patient(struct lab_party *patient, uint32_t number);
struct lab_command codes_add(void);     /* by codes_system, one pending pointer */
struct lab_command codes_decide(uint32_t seq);
struct lab_command codes_status(uint8_t op, uint32_t seq);
struct lab_command codes_grant(void);   /* Cedar may treat, for a year */
struct lab_command codes_revoke(uint32_t seq);
struct lab_command codes_request(void); /* by codes_doctor of Cedar, TREAT */
struct lab_command codes_file(void);    /* by codes_system: pointer 1, offline */
struct lab_command codes_policy(void);

/* Changes of the state that no command of the slice can make, or only slowly. */
void codes_set_actor(const struct lab_party *party, enum actor_status status, uint64_t valid_until);
void codes_set_org(uint16_t id, enum org_status status, uint16_t caps);
void codes_set_patient_status(enum patient_status status);
void codes_must(struct lab_command command); /* sends it and asserts OK */

#endif
