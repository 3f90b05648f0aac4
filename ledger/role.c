/* role.c: the table of roles, as far as purposes are built: TREAT, HPAYMT, PATRQT. Every other purpose is outside it. */
#include "ledger/role.h"

#include "base/assert.h"

#include <stddef.h>

#define CLASSES_PAYMENT ((1u << CLASS_ENCOUNTER) | (1u << CLASS_PROCEDURE) | (1u << CLASS_CLAIM))
enum { MONTHS_PAYMENT_MAX = 12 };

#define ROLE_BIT(role) (1u << (role))
#define ORG_BIT(kind) (1u << (kind))

struct role_row {
    enum subject_kind subject;
    enum actor_kind kind; /* of a SUBJECT_ACTOR */
    uint32_t roles;       /* ROLE_BITs */
    uint32_t orgs;        /* ORG_BITs */
    enum purpose purpose;
    uint32_t classes;    /* the most that may be asked for */
    uint16_t months_max; /* 0: any period, an open one too */
};

static const struct role_row rows[] = {
    { .subject = SUBJECT_ACTOR,
      .kind = ACTOR_PRACTITIONER,
      .roles = ROLE_BIT(ROLE_PHYSICIAN) | ROLE_BIT(ROLE_NURSE) | ROLE_BIT(ROLE_PHARMACIST) | ROLE_BIT(ROLE_EMERGENCY),
      .orgs = ORG_BIT(ORG_HOSPITAL) | ORG_BIT(ORG_CLINIC),
      .purpose = PURPOSE_TREAT,
      .classes = UINT32_MAX },
    { .subject = SUBJECT_ACTOR,
      .kind = ACTOR_PAYER_AGENT,
      .roles = UINT32_MAX,
      .orgs = ORG_BIT(ORG_PAYER),
      .purpose = PURPOSE_HPAYMT,
      .classes = CLASSES_PAYMENT,
      .months_max = MONTHS_PAYMENT_MAX },
    { .subject = SUBJECT_PATIENT, .purpose = PURPOSE_PATRQT, .classes = UINT32_MAX },
};

static bool row_matches(const struct role_row *row, const struct role_question *question)
{
    ASSERT(question->actor_role <= ROLE_EMERGENCY);
    if (row->subject != question->subject || row->purpose != question->purpose) {
        return false;
    }
    if (row->subject != SUBJECT_ACTOR) {
        return true;
    }
    bool kind = row->kind == question->actor_kind;
    bool role = (row->roles & ROLE_BIT(question->actor_role)) != 0;
    bool org = (row->orgs & ORG_BIT(question->org_kind)) != 0;
    return kind && role && org;
}

/* A bounded purpose needs both ends of its period. */
static bool period_fits(uint16_t months_max, uint16_t from, uint16_t to)
{
    if (months_max == 0) {
        return true;
    }
    return from > 0 && to >= from && to - from < months_max;
}

bool role_fits(enum org_kind org, enum actor_kind kind, enum actor_role role)
{
    bool treats = org == ORG_HOSPITAL || org == ORG_CLINIC || org == ORG_LAB_PHARMACY || org == ORG_PUBLIC_HEALTH;

    ASSERT(org >= ORG_HOSPITAL);
    ASSERT(org <= ORG_LAB_PHARMACY);
    if ((kind == ACTOR_PRACTITIONER) != (role != ROLE_NONE)) {
        return false;
    }
    switch (kind) {
    case ACTOR_PRACTITIONER:
        return treats;
    case ACTOR_PAYER_AGENT:
        return org == ORG_PAYER;
    case ACTOR_RESEARCHER:
        return org == ORG_RESEARCH || org == ORG_HOSPITAL;
    case ACTOR_AUDITOR:
        return org == ORG_REGULATOR;
    case ACTOR_SYSTEM:
    case ACTOR_PERSON:
        return true;
    }
    return false;
}

enum reason role_check(const struct role_question *question)
{
    ASSERT(question->subject >= SUBJECT_PATIENT);
    ASSERT(question->actor_role <= ROLE_EMERGENCY);
    ASSERT(question->org_kind <= ORG_LAB_PHARMACY);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!row_matches(&rows[i], question)) {
            continue;
        }
        bool classes = (question->class_mask & ~rows[i].classes) == 0;
        bool period = period_fits(rows[i].months_max, question->from_month, question->to_month);
        return classes && period ? REASON_NONE : REASON_MIN_NECESSARY;
    }
    return REASON_PURPOSE;
}
