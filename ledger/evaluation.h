/* evaluation.h: gathers from the state everything that one evaluation of consent looks at, and the digest over it.
 *
 * Execution, release and the patient's own question gather in the same way, so that they cannot see different inputs. */
#ifndef WARD_LEDGER_EVALUATION_H
#define WARD_LEDGER_EVALUATION_H

#include "crypto/hash.h"
#include "ledger/consent.h"
#include "ledger/entity.h"
#include "ledger/role.h"
#include "storage/state_store.h"

#include <stdbool.h>
#include <stdint.h>

/* What is asked. */
struct evaluation {
    uint8_t patient[ACCT_BYTES];
    uint8_t subject[ACCT_BYTES]; /* an actor, or the patient itself */
    bool has_signed;             /* the subject itself signed the request */
    uint16_t org;                /* for which the subject acts; 0 for the patient itself */
    uint8_t purpose;
    uint32_t base_seq;           /* >= 1 */
    uint8_t selected[BITMAP_BYTES]; /* pointers of the page that are looked at */
    uint32_t class_mask;         /* and of these only such classes */
    uint16_t from_month;         /* and such months */
    uint16_t to_month;
    uint64_t time_ms;
    bool undigested;             /* nobody wants the digest: found.digest stays zeros, and nothing is hashed */
};

struct evaluation_found {
    bool patient; /* the patient exists; nothing else holds otherwise */
    bool stands;  /* subject and organisation exist and may act at this time; always for the patient itself */
    enum actor_kind actor_kind; /* of a subject that is an actor */
    enum actor_role actor_role;
    struct hash32 digest; /* H("WARD/digest/eval" || T || leaf hashes of all inputs in key order, the Patient's with audit_root zero) */
};

/* evaluation_gather fills the inputs: the patient, the subject's organisation and relation, all grants, and the selected pointers
 * that exist, in class and month. Cost: one lookup for each pointer of the page, one walk over the grants, and unless undigested one hash for each input. */
struct evaluation_found evaluation_gather(const struct state_store *store, const struct evaluation *evaluation, struct consent_inputs *inputs);

/* evaluation_gather_view does the same in a pinned view of the state (state_store.h); STATE_PIN_NONE: the newest. */
struct evaluation_found evaluation_gather_view(const struct state_store *store, uint32_t view, const struct evaluation *evaluation, struct consent_inputs *inputs);

/* evaluation_decide decides on what was gathered: the table of roles first, then consent, page by page. subject: on whose authority.
 * Needs: the patient was found. Cost: as consent_decide. */
void evaluation_decide(const struct evaluation *evaluation, const struct evaluation_found *found, enum subject_kind subject, struct consent_inputs *inputs,
                       struct page_decision *out);

/* evaluation_takes tells whether a pointer is among those asked for: class and month. */
bool evaluation_takes(const struct evaluation *evaluation, const struct pointer *pointer);

/* evaluation_select_all selects the whole page. */
void evaluation_select_all(struct evaluation *evaluation);

#endif
