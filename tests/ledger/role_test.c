/* role_test.c: the table of roles, walked over every combination. */
#include "ledger/role.h"

#include <criterion/criterion.h>

#define PAYMENT ((1u << CLASS_ENCOUNTER) | (1u << CLASS_PROCEDURE) | (1u << CLASS_CLAIM))

/* The table once more, by purpose instead of by row. */
static bool purpose_is_for(const struct role_question *question)
{
    bool actor = question->subject == SUBJECT_ACTOR;
    bool treats = question->actor_kind == ACTOR_PRACTITIONER && question->actor_role != ROLE_NONE &&
                  (question->org_kind == ORG_HOSPITAL || question->org_kind == ORG_CLINIC);
    bool pays = question->actor_kind == ACTOR_PAYER_AGENT && question->org_kind == ORG_PAYER;

    if (question->purpose == PURPOSE_TREAT) {
        return actor && treats;
    }
    if (question->purpose == PURPOSE_HPAYMT) {
        return actor && pays;
    }
    return question->purpose == PURPOSE_PATRQT && question->subject == SUBJECT_PATIENT;
}

Test(role, every_combination_outside_the_table_is_a_denial_of_purpose)
{
    for (unsigned subject = SUBJECT_PATIENT; subject <= SUBJECT_ACTOR; subject++) {
        for (unsigned kind = ACTOR_PRACTITIONER; kind <= ACTOR_PERSON; kind++) {
            for (unsigned role = ROLE_NONE; role <= ROLE_EMERGENCY; role++) {
                for (unsigned org = ORG_HOSPITAL; org <= ORG_LAB_PHARMACY; org++) {
                    for (unsigned purpose = 0; purpose < 256; purpose++) {
                        struct role_question question = { .subject = subject,
                                                          .actor_kind = kind,
                                                          .actor_role = role,
                                                          .org_kind = org,
                                                          .purpose = (uint8_t)purpose,
                                                          .class_mask = 1u << CLASS_CLAIM,
                                                          .from_month = 10,
                                                          .to_month = 11 };
                        enum reason expected = purpose_is_for(&question) ? REASON_NONE : REASON_PURPOSE;
                        cr_assert_eq(role_check(&question), expected, "subject %u kind %u role %u org %u purpose %u", subject, kind, role, org, purpose);
                    }
                }
            }
        }
    }
}

/* The same table once more, as what each organisation may have. */
Test(role, organisations_have_the_actors_that_fit_them)
{
    static const unsigned fits[][2] = { /* organisation, kind */
        { ORG_HOSPITAL, ACTOR_PRACTITIONER }, { ORG_CLINIC, ACTOR_PRACTITIONER }, { ORG_PUBLIC_HEALTH, ACTOR_PRACTITIONER }, { ORG_LAB_PHARMACY, ACTOR_PRACTITIONER },
        { ORG_PAYER, ACTOR_PAYER_AGENT }, { ORG_RESEARCH, ACTOR_RESEARCHER }, { ORG_HOSPITAL, ACTOR_RESEARCHER }, { ORG_REGULATOR, ACTOR_AUDITOR },
    };

    for (unsigned org = ORG_HOSPITAL; org <= ORG_LAB_PHARMACY; org++) {
        for (unsigned kind = ACTOR_PRACTITIONER; kind <= ACTOR_PERSON; kind++) {
            bool listed = kind == ACTOR_SYSTEM || kind == ACTOR_PERSON;
            for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++) {
                listed = listed || (fits[i][0] == org && fits[i][1] == kind);
            }
            for (unsigned role = ROLE_NONE; role <= ROLE_EMERGENCY; role++) {
                bool expected = listed && (kind == ACTOR_PRACTITIONER) == (role != ROLE_NONE);
                cr_assert_eq(role_fits(org, kind, role), expected, "organisation %u kind %u role %u", org, kind, role);
            }
        }
    }
}

Test(role, a_payer_gets_no_more_than_its_classes_and_a_year)
{
    static const struct { uint32_t mask; uint16_t from, to; enum reason reason; } table[] = {
        { PAYMENT, 1, 12, REASON_NONE },
        { 1u << CLASS_CLAIM, 7, 7, REASON_NONE },
        { PAYMENT, 1, 13, REASON_MIN_NECESSARY },
        { PAYMENT, 0, 12, REASON_MIN_NECESSARY },
        { PAYMENT, 12, 0, REASON_MIN_NECESSARY },
        { PAYMENT, 0, 0, REASON_MIN_NECESSARY },
        { PAYMENT, 12, 11, REASON_MIN_NECESSARY },
        { PAYMENT | 1u << CLASS_LABORATORY, 1, 12, REASON_MIN_NECESSARY },
        { PAYMENT | 1u << CLASS_SEALED, 1, 12, REASON_MIN_NECESSARY },
        { CLASS_MASK_ALL, 1, 12, REASON_MIN_NECESSARY },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct role_question question = { .subject = SUBJECT_ACTOR,
                                          .actor_kind = ACTOR_PAYER_AGENT,
                                          .org_kind = ORG_PAYER,
                                          .purpose = PURPOSE_HPAYMT,
                                          .class_mask = table[i].mask,
                                          .from_month = table[i].from,
                                          .to_month = table[i].to };
        cr_assert_eq(role_check(&question), table[i].reason, "case %zu", i);
    }
}

Test(role, treatment_and_the_patient_are_not_bounded)
{
    struct role_question question = { .subject = SUBJECT_PATIENT, .purpose = PURPOSE_PATRQT, .class_mask = CLASS_MASK_KNOWN };

    cr_assert_eq(role_check(&question), REASON_NONE);
    question = (struct role_question){ .subject = SUBJECT_ACTOR,
                                       .actor_kind = ACTOR_PRACTITIONER,
                                       .actor_role = ROLE_NURSE,
                                       .org_kind = ORG_CLINIC,
                                       .purpose = PURPOSE_TREAT,
                                       .class_mask = CLASS_MASK_KNOWN };
    cr_assert_eq(role_check(&question), REASON_NONE);
}
