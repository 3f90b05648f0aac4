/* query.h: what a client may ask a replica about the ledger: the question and the frame of the answer, as pure codecs.
 *
 *   question   | version 1 | kind 1 | flags 1: b0 certified | 0 | fields of the kind |                       inside a QUERY frame
 *              signed kinds:  | asker 32 | asked_ms u64 | key 32 | signature 64 |
 *
 *   answer     | version 1 | kind 1 | flags 1: b0 certified | 0 | height u64 | T u64 | state root 32 |        inside an ANSWER frame
 *              | certificate: length u16, bytes | parts u8, parts x { type u8, length u32, bytes } |
 *
 * Little-endian. Which fields, which parts: docs/wire.md; which keys of the state are proved, and in which order: query_proof_at, the one table
 * that replica and verifier share. Whoever asks about a patient signs (query_access.h says who may); the signature is over
 * H("WARD/query/v1" || genesis || the question without its signature), of a RELEASE over release_digest. */
#ifndef WARD_LEDGER_QUERY_H
#define WARD_LEDGER_QUERY_H

#include "base/bytes.h"
#include "crypto/hash.h"
#include "ledger/entity.h"
#include "ledger/key.h"

#include <stdbool.h>
#include <stdint.h>

#define QUERY_VERSION 1
#define QUERY_EVENTS_MAX 512u /* in one answer */
#define QUERY_WINDOW_MS 300000u /* a signed question is good for five minutes either way of the replica's time */
#define QUERY_SIGNED_BYTES (ACCT_BYTES + 8 + KEY_BYTES + 64)
#define QUERY_BYTES_MAX (4 + ACCT_BYTES + 4 + ACCT_BYTES + 42 + QUERY_SIGNED_BYTES)
#define ANSWER_PARTS_MAX 9
#define ANSWER_HEAD_BYTES 52

enum query_kind {
    QUERY_CHECKPOINT = 1, /* where the chain stands */
    QUERY_RECEIPT,        /* of a transaction id */
    QUERY_ORG,
    QUERY_ACTOR,
    QUERY_PATIENT,
    QUERY_POINTER,        /* one */
    QUERY_POINTERS,       /* all of the page of 256 that holds seq */
    QUERY_GRANTS,         /* all */
    QUERY_TICKET,
    QUERY_AUDIT,          /* events [from, from + count) of the patient's trail, in one run */
    QUERY_DISCLOSURES,    /* of these, the disclosures; asked by an organisation: what it did itself */
    QUERY_EVALUATE,       /* what would be decided, with all that the decision rests on */
    QUERY_RELEASE,        /* may this pointer be handed out under this ticket, now? Behind the gate only */
    QUERY_LOCATOR,        /* the sealed locator of a pointer */
    QUERY_KIND_END
};

/* A question. Fields that its kind does not have are zero. */
struct query {
    enum query_kind kind;
    bool certified;             /* answer from the newest certified checkpoint, with its certificate; else from the newest state */
    uint8_t acct[ACCT_BYTES];   /* ACTOR, and every kind about one patient: the patient */
    uint32_t seq;               /* POINTER, POINTERS, RELEASE, LOCATOR; EVALUATE: base_seq. From 1 */
    uint16_t org;               /* ORG, from 1 */
    struct hash32 id;           /* RECEIPT, TICKET, RELEASE: transaction id; LOCATOR: a ticket, or zeros */
    uint64_t from;              /* AUDIT, DISCLOSURES: number of the first event, from 0 */
    uint16_t count;             /* 1 .. QUERY_EVENTS_MAX */
    uint8_t subject[ACCT_BYTES]; /* EVALUATE: who would ask */
    uint8_t purpose;            /* any value */
    bool subject_signs;         /* the subject itself would sign, so permits to it count */
    uint32_t class_mask;
    uint16_t from_month, to_month;
    /* Signed kinds: */
    uint8_t asker[ACCT_BYTES];
    uint64_t asked_ms;
    uint8_t key[KEY_BYTES];     /* the asker's current one */
    uint8_t signature[64];
};

/* Why there is no answer, besides the codes of wire/code.h; below 100, beside the refusals of consensus. */
enum query_refusal {
    QUERY_NOT_FOUND = 20,   /* no such receipt or locator here: it never was, or it is forgotten */
    QUERY_FORGOTTEN = 21,   /* the archive of this replica does not go back that far */
    QUERY_UNCERTIFIED = 22, /* no certified checkpoint can be answered from yet: ask again, or for the newest state */
    QUERY_TOO_LARGE = 23,   /* the answer does not fit a frame */
    QUERY_NOT_GATED = 24    /* a release is decided behind a quorum read only */
};

/* query_refusal_text gives a sentence, NULL for a number that is not one. Owns: a constant. */
const char *query_refusal_text(unsigned number);

/* query_is_signed tells whether questions of the kind are about one patient and therefore signed. */
bool query_is_signed(enum query_kind kind);

/* query_encode writes a question. Needs: every field is legal. */
void query_encode(const struct query *query, struct writer *writer);

/* query_decode reads a whole question. Gives: OK, SHORT, TRAILING, VERSION, TYPE, RESERVED, RANGE. Any input is safe. */
enum verdict query_decode(struct query *query, struct bytes bytes);

/* query_digest gives what the asker of a signed kind other than RELEASE signs. Cost: one hash. */
struct hash32 query_digest(const struct query *query, const struct hash32 *genesis);

/* --- Answers ------------------------------------------------------------------------------------------------------- */

enum answer_part {
    PART_KEY = 1,      /* a state proof of one key (storage/state_store.h) */
    PART_PREFIX = 2,   /* a state proof of all keys with a prefix */
    PART_RECEIPT = 3,  /* position u64, receipt 116, path: length u8, nodes */
    PART_EVENTS = 4,   /* from u64, count u16, peaks of [0, from), events, consistency with the trail's root: length u8, nodes */
    PART_SELECTED = 5, /* count u16, count x { event 152, path: length u8, nodes } */
    PART_DECISION = 6, /* struct answer_decision */
    PART_LOCATOR = 7   /* 509 bytes */
};

struct answer_part_view {
    uint8_t type;
    struct bytes bytes;
};

/* The frame of an answer. Views into its bytes. */
struct answer {
    enum query_kind kind;
    bool certified;
    uint64_t height;          /* of the state that was asked */
    uint64_t time_ms;         /* T of that block */
    struct hash32 state_root;
    struct bytes certificate; /* checkpoint_cert whose state root this is; empty when not certified */
    uint32_t parts_count;
    struct answer_part_view parts[ANSWER_PARTS_MAX];
};

/* What was decided, in an EVALUATE or RELEASE. */
#define ANSWER_DECISION_BYTES 86
struct answer_decision {
    uint16_t code;       /* RELEASE: 0, 501 .. 504; EVALUATE: 0 */
    bool permit;
    uint8_t reason;      /* enum reason */
    uint32_t grant;      /* the deciding one, 0: none */
    uint32_t first;      /* the pointer that gave the reason, 0: none */
    uint64_t time_ms;    /* t of the evaluation: max(T, the replica's clock) */
    uint8_t bitmap[BITMAP_BYTES]; /* EVALUATE: permitted pointers, from base_seq */
    struct hash32 digest; /* EVALUATE: of all inputs */
};

/* answer_begin writes the head and the certificate, answer_part_begin and answer_part_end one part, answer_end the number of parts.
 * Needs: `at` as the beginning gave it; at most ANSWER_PARTS_MAX parts. When the writer fails, the answer is too large. */
size_t answer_begin(const struct answer *head, struct writer *writer);
size_t answer_part_begin(enum answer_part type, struct writer *writer);
void answer_part_end(size_t at, struct writer *writer);
void answer_end(size_t at, uint32_t parts_count, struct writer *writer);

/* answer_decode reads the frame of a whole answer; what is in the parts is checked by query_check.h. Gives: as query_decode, LENGTH. Any input is safe. */
enum verdict answer_decode(struct answer *answer, struct bytes bytes);

void answer_decision_encode(const struct answer_decision *decision, struct writer *writer);
enum verdict answer_decision_decode(struct answer_decision *decision, struct bytes bytes);

/* --- What is proved ------------------------------------------------------------------------------------------------- */

struct query_proof {
    bool prefix; /* all keys that begin so; else this key */
    struct state_key key;
};

/* query_proof_at gives the state proof that stands at place `index` of an answer; they come before all other parts. The first is always the Chain.
 * org: EVALUATE: the subject's organisation, 0 when it has none or is the patient; it is known once the first two are.
 * Gives: false beyond the last. */
bool query_proof_at(const struct query *query, uint16_t org, uint32_t index, struct query_proof *proof);

#endif
