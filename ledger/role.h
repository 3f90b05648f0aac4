/* role.h: who may ask for which purpose, and how much of a record that purpose needs. Pure. Source: the table of roles in docs/ledger.md.
 *
 * A request outside the table on an existing patient is no error: it is a denial, 27 PURPOSE or 28 MIN_NECESSARY, and the patient sees it. */
#ifndef WARD_LEDGER_ROLE_H
#define WARD_LEDGER_ROLE_H

#include "ledger/entity.h"
#include "wire/code.h"

#include <stdbool.h>
#include <stdint.h>

/* On whose authority a request is made: the practitioner it names as on_behalf, else the sender. */
enum subject_kind {
    SUBJECT_PATIENT = 1, /* the patient whose record is asked for */
    SUBJECT_STRANGER,    /* another patient */
    SUBJECT_ACTOR
};

/* What the table looks at. */
struct role_question {
    enum subject_kind subject;
    enum actor_kind actor_kind; /* of a SUBJECT_ACTOR */
    enum actor_role actor_role;
    enum org_kind org_kind;
    uint8_t purpose; /* any value */
    uint32_t class_mask;
    uint16_t from_month; /* 0: open */
    uint16_t to_month;
};

/* role_fits tells whether an organisation of this kind may have such an actor: a registration asks it, and a genesis.
 * Needs: legal values of each kind. */
bool role_fits(enum org_kind org, enum actor_kind kind, enum actor_role role);

/* role_check gives REASON_NONE when the table allows the request, else REASON_PURPOSE or REASON_MIN_NECESSARY. */
enum reason role_check(const struct role_question *question);

#endif
