/* query_access_test.c: who may ask, where it hangs on time. The whole table is walked in tests/node/query_test.c. */
#include "ledger/query_access.h"

#include "ledger/sender.h"
#include "tests/ledger/exec_kit.h"

#include <criterion/criterion.h>

/* may asks about patient P as the system 'C' of Hilltop. */
static enum code may(enum query_kind kind, uint64_t now_ms)
{
    struct query query = { .kind = kind };
    struct signer asker;
    uint8_t acct[ACCT_BYTES], key[KEY_BYTES];

    world_acct('C', acct);
    world_acct('P', query.acct);
    cr_assert(sender_find(&world_exec, acct, &asker, key));
    return query_may_ask(&world_exec, &query, now_ms, &asker);
}

/* Nothing relies on tidying: a grant that is over counts no more, whether it has left the state or not. */
Test(query_access, a_grant_shows_the_patient_from_its_beginning_to_its_end)
{
    static const enum query_kind kinds[] = { QUERY_PATIENT, QUERY_DISCLOSURES };
    struct command_body *body;
    struct grant grant;
    uint8_t patient[ACCT_BYTES];

    world_start();
    world_acct('P', patient);
    cr_assert_eq(may(QUERY_PATIENT, world_exec.time_ms), CODE_ROLE);
    body = world_as('P', COMMAND_GRANT);
    world_grant(&body->as.grant, WORLD_HILLTOP);
    body->as.grant.not_before = world_exec.time_ms + 1000;
    world_expect(CODE_OK, "a permit that begins later");
    cr_assert(exec_get_grant(&world_exec, patient, 1, &grant));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        cr_assert_eq(may(kinds[i], grant.not_before - 1), CODE_ROLE, "before it begins");
        cr_assert_eq(may(kinds[i], grant.not_before), CODE_OK, "its first millisecond");
        cr_assert_eq(may(kinds[i], grant.expires - 1), CODE_OK, "its last millisecond");
        cr_assert_eq(may(kinds[i], grant.expires), CODE_ROLE, "it is over");
    }
    cr_assert(exec_get_grant(&world_exec, patient, 1, &grant), "and is in the state still");
}
