/* command.h: the bodies of the commands, decoded and canonical. One struct per type; `struct command_body` is one of them with its type.
 *
 * A body is big-endian with one encoding only: no trailing bytes, reserved bits or unknown operations, lists of sequence numbers strictly
 * ascending. What these decoders refuse never enters a block (100, 103, 104, 105); what depends on state, and everything that has a
 * receipt code of its own (classes, months, purposes, periods), they let through. Lengths: docs/wire.md, Bodies. */
#ifndef WARD_LEDGER_COMMAND_H
#define WARD_LEDGER_COMMAND_H

#include "base/bytes.h"
#include "base/err.h"
#include "ledger/entity.h"
#include "wire/code.h"
#include "wire/envelope.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of the bodies: the fixed part, and what each list element adds. */
enum {
    ACTOR_SET_BYTES = 205,
    PATIENT_REGISTER_BYTES = 67,
    POINTER_ADD_BYTES = 69,
    POINTER_ADD_ITEM_BYTES = 74,
    POINTER_ADD_ITEMS_MAX = 16,
    POINTER_DECIDE_BYTES = 34,
    POINTER_STATUS_BYTES = 34,
    POINTER_SEQS_MAX = 32,
    GRANT_BODY_BYTES = 145,
    REVOKE_BYTES = 33,
    REVOKE_SEQS_MAX = 16,
    ACCESS_REQUEST_BYTES = 114,
    ACCESS_SEQS_MAX = 16,
    DISCLOSE_BYTES = 1,
    DISCLOSE_ITEM_BYTES = 174,
    DISCLOSE_ITEMS_MAX = 23,
    PATIENT_SET_BYTES = 35,
    SEQ_BYTES = 4
};

enum actor_set_op { ACTOR_REGISTER = 1, ACTOR_UPDATE, ACTOR_SUSPEND, ACTOR_RETIRE };

/* 03 ACTOR_SET */
struct actor_set {
    uint8_t op;   /* enum actor_set_op; ACTOR_UPDATE is not built and refused; with ACTOR_SUSPEND and ACTOR_RETIRE all else but acct is 0 */
    uint8_t kind; /* enum actor_kind */
    uint8_t role; /* enum actor_role */
    uint16_t caps;
    uint8_t acct[ACCT_BYTES];
    uint8_t pk[KEY_BYTES];
    uint8_t kx_pk[KEY_BYTES];
    uint8_t pop[64];
    uint64_t valid_until;
    uint8_t attest_commit[32];
};

enum { REGISTER_COMPARTMENT = 1 << 0, REGISTER_STANDING_WRITE = 1 << 1, REGISTER_FLAGS_ALL = 3 };

/* 04 PATIENT_REGISTER */
struct patient_register {
    uint8_t kx_pk[KEY_BYTES];
    uint8_t sealed_kx_pk[KEY_BYTES];
    uint8_t default_policy; /* 0 or 2 */
    uint8_t btg_policy;     /* enum btg_policy */
    uint8_t flags;          /* REGISTER_* */
};

/* One pointer of 08. Classes, confidentiality, months and sizes have receipt codes: any value decodes. */
struct pointer_add_item {
    uint8_t record_class;
    uint8_t conf;
    uint16_t service_month;
    struct hash32 content_commit;
    struct hash32 locator_hash;
    uint16_t locator_length;
    uint32_t supersedes; /* 0: nothing */
};

/* 08 POINTER_ADD */
struct pointer_add {
    uint8_t patient[ACCT_BYTES];
    uint8_t on_behalf[ACCT_BYTES]; /* zeros: none */
    uint32_t kx_epoch;
    uint8_t count; /* 1..16 */
    struct pointer_add_item items[POINTER_ADD_ITEMS_MAX];
};

/* 09 POINTER_DECIDE */
struct pointer_decide {
    uint8_t patient[ACCT_BYTES];
    uint8_t approve; /* 0 or 1 */
    uint8_t count;   /* 1..32 */
    uint32_t seqs[POINTER_SEQS_MAX];
};

enum pointer_status_op { POINTER_SET_ERROR = 1, POINTER_SET_WITHDRAWN, POINTER_HIDE, POINTER_UNHIDE };

/* 10 POINTER_STATUS */
struct pointer_set_status {
    uint8_t patient[ACCT_BYTES];
    uint8_t op;    /* enum pointer_status_op */
    uint8_t count; /* 1..32 */
    uint32_t seqs[POINTER_SEQS_MAX];
};

/* 11 GRANT. The research kind and the org-kind grantee do not exist in the first slice. */
struct grant_body {
    uint8_t patient[ACCT_BYTES];
    uint8_t effect;   /* enum grant_effect */
    uint8_t kind;     /* GRANT_READ, GRANT_WRITE */
    uint8_t gtype;    /* GRANTEE_ACTOR, GRANTEE_ORG, GRANTEE_ANY_CUSTODIAN */
    uint8_t conf_max; /* enum confidentiality */
    uint8_t grantee[ACCT_BYTES];
    uint32_t class_mask;
    uint32_t purposes;
    uint16_t custodian;
    uint16_t flags; /* GRANT_HISTORY, GRANT_SEALED */
    uint32_t ptr_seq;
    uint16_t from_month;
    uint16_t to_month;
    uint64_t not_before;
    uint64_t expires;
    uint32_t max_uses;
    uint8_t wrap_kind; /* enum wrap_kind */
    uint32_t kx_epoch;
    struct hash32 form_commit;
};

/* 12 REVOKE */
struct revoke {
    uint8_t patient[ACCT_BYTES];
    uint8_t count; /* 1..16 */
    uint32_t seqs[REVOKE_SEQS_MAX];
};

/* 13 ACCESS_REQUEST. With a list, every sequence number lies in [base_seq, base_seq + 256). */
struct access_request {
    uint8_t patient[ACCT_BYTES];
    uint8_t purpose; /* any value decodes: an unknown purpose is denied, not refused */
    uint8_t on_behalf[ACCT_BYTES];
    uint32_t class_mask;
    uint32_t base_seq; /* >= 1 */
    uint16_t from_month;
    uint16_t to_month;
    uint32_t want_ttl; /* s, >= 1 */
    struct hash32 reason_commit;
    uint8_t count; /* 0..16; 0: all of the page */
    uint32_t seqs[ACCESS_SEQS_MAX];
};

enum disclose_mode { DISCLOSE_READ = 1, DISCLOSE_VIEW, DISCLOSE_EXPORT, DISCLOSE_OFFLINE };

/* One item of 14. */
struct disclose_item {
    struct hash32 ticket; /* zero: offline */
    uint8_t patient[ACCT_BYTES];
    uint8_t recipient[ACCT_BYTES];
    uint32_t base_seq; /* >= 1 */
    uint8_t bitmap[BITMAP_BYTES]; /* not empty; bits as in a ticket */
    uint8_t mode;       /* enum disclose_mode */
    uint8_t bytes_log2; /* 0..63: size of what was released, rounded up */
    uint64_t checked_height;
    struct hash32 doc_root;
};

/* 14 DISCLOSE */
struct disclose {
    uint8_t count; /* 1..23 */
    struct disclose_item items[DISCLOSE_ITEMS_MAX];
};

enum patient_set_op { PATIENT_SET_POLICY = 1, PATIENT_LOCK, PATIENT_UNLOCK, PATIENT_SET_DECEASED };

/* 19 PATIENT_SET. Only the policy operation exists in the first slice. */
struct patient_set {
    uint8_t patient[ACCT_BYTES];
    uint8_t default_policy; /* 0 or 2 */
    uint8_t btg_policy;
    uint8_t op; /* PATIENT_SET_POLICY */
};

struct command_body {
    enum command_type type;
    union {
        struct actor_set actor_set;
        struct patient_register patient_register;
        struct pointer_add pointer_add;
        struct pointer_decide pointer_decide;
        struct pointer_set_status pointer_set_status;
        struct grant_body grant;
        struct revoke revoke;
        struct access_request access_request;
        struct disclose disclose;
        struct patient_set patient_set;
    } as;
};

/* command_body_decode reads the body of an envelope of this type. Any bytes are safe. The command holds copies, no views.
 * Gives: OK, TYPE, SHORT, TRAILING, LENGTH (a count), RANGE (an unknown operation or number), RESERVED (flag bits), ORDER (a list that
 * does not ascend). The command is undefined unless OK. */
enum verdict command_body_decode(struct command_body *command, uint8_t type, const uint8_t *body, size_t size);

/* command_body_encode appends the canonical body. Needs: a command that command_body_decode would accept.
 * Fails: sets writer->failed when the room ends. */
void command_body_encode(const struct command_body *command, struct writer *writer);

/* command_body_refusal gives the refusal code that stands for a decoder's verdict: 100, 103, 104, 105; CODE_OK for VERDICT_OK. */
enum code command_body_refusal(enum verdict verdict);

/* command_body_patient gives the account of the patient whom the command is about, or NULL: 03, 04, 14. */
const uint8_t *command_body_patient(const struct command_body *command);

/* command_body_on_behalf gives the practitioner for whom the sender acts, or NULL when the type has no such field or it is zero. */
const uint8_t *command_body_on_behalf(const struct command_body *command);

#endif
