/* release_test.c: a ticket alone opens nothing: consent, standing, time and asker are those of the moment of release. */
#include "ledger/release.h"

#include "tests/ledger/exec_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct consent_inputs scratch;
static struct release_request request;
static struct decision decision;

static void start(void)
{
    world_start();
    (void)world_add_current('A', CLASS_VITALS);
    (void)world_permit_org(WORLD_HILLTOP);
    memset(&request, 0, sizeof request);
    request.ticket = world_request('D');
    request.seq = 1;
    world_acct('D', request.asker);
}

static void expect(enum code code, const char *what)
{
    enum code got = release_check(world_exec.store, &request, world_exec.time_ms, &scratch, &decision);

    cr_assert_eq(got, code, "%s: %s", what, code_name(got));
}

Test(release, what_was_permitted_is_released, .init = start)
{
    expect(CODE_OK, "the subject");
    cr_assert_eq(decision.reason, REASON_GRANT);
    world_acct('C', request.asker);
    expect(CODE_OK, "its organisation's system");
}

Test(release, each_code, .init = start)
{
    request.ticket.bytes[0] ^= 1;
    expect(CODE_TICKET_UNKNOWN, "no such ticket");
    request.ticket.bytes[0] ^= 1;
    request.seq = 2;
    expect(CODE_TICKET_SCOPE, "another pointer");
    request.seq = 1;
    for (const char *asker = "ABEPQZ"; *asker != '\0'; asker++) {
        world_acct(*asker, request.asker);
        expect(CODE_TICKET_SCOPE, "another asker");
    }
    world_acct('D', request.asker);
    world_exec.time_ms += 3600000;
    expect(CODE_TICKET_EXPIRED, "an hour later");
}

Test(release, after_a_revocation_nothing_is_released_although_the_ticket_lives, .init = start)
{
    struct revoke *body = &world_as('P', COMMAND_REVOKE)->as.revoke;

    body->count = 1;
    body->seqs[0] = 1;
    world_expect(CODE_OK, "revoked");
    expect(CODE_NOT_PERMITTED, "the ticket has most of its hour left");
    cr_assert_eq(decision.reason, REASON_DEFAULT);
}

Test(release, a_later_deny_and_a_hidden_pointer_stop_it, .init = start)
{
    struct grant_body *deny = &world_as('P', COMMAND_GRANT)->as.grant;

    world_grant(deny, 0);
    deny->effect = EFFECT_DENY;
    deny->gtype = GRANTEE_ACTOR;
    world_acct('D', deny->grantee);
    world_expect(CODE_OK, "a deny");
    expect(CODE_NOT_PERMITTED, "denied");
    cr_assert_eq(decision.reason, REASON_EXPLICIT);
    struct revoke *body = &world_as('P', COMMAND_REVOKE)->as.revoke;
    body->count = 1;
    body->seqs[0] = 2;
    world_expect(CODE_OK, "lifted");
    expect(CODE_OK, "as before");
    struct pointer_set_status *hide = &world_as('P', COMMAND_POINTER_STATUS)->as.pointer_set_status;
    hide->op = POINTER_HIDE;
    hide->count = 1;
    hide->seqs[0] = 1;
    world_expect(CODE_OK, "hidden");
    expect(CODE_NOT_PERMITTED, "hidden");
    cr_assert_eq(decision.reason, REASON_NOT_CURRENT);
}

Test(release, a_suspended_subject_or_organisation_gets_nothing, .init = start)
{
    uint8_t acct[ACCT_BYTES];
    struct actor actor;
    struct org org;

    world_acct('D', acct);
    cr_assert(exec_get_actor(&world_exec, acct, &actor));
    actor.status = ACTOR_SUSPENDED;
    cr_assert_eq(exec_put_actor(&world_exec, acct, &actor), CODE_OK);
    expect(CODE_NOT_PERMITTED, "suspended");
    actor.status = ACTOR_ACTIVE;
    cr_assert_eq(exec_put_actor(&world_exec, acct, &actor), CODE_OK);
    expect(CODE_OK, "as before");
    cr_assert(exec_get_org(&world_exec, WORLD_HILLTOP, &org));
    org.status = ORG_SUSPENDED;
    cr_assert_eq(exec_put_org(&world_exec, WORLD_HILLTOP, &org), CODE_OK);
    expect(CODE_NOT_PERMITTED, "its organisation is suspended");
}

Test(release, by_the_clock_alone_an_expired_grant_stops_it_with_no_block_made, .init = world_start)
{
    struct grant_body *grant = &world_as('P', COMMAND_GRANT)->as.grant;

    world_grant(grant, WORLD_HILLTOP);
    uint64_t end = grant->expires = world_exec.time_ms + 10000;
    world_expect(CODE_OK, "ten seconds");
    (void)world_add_current('A', CLASS_VITALS);
    memset(&request, 0, sizeof request);
    request.ticket = world_request('D');
    request.seq = 1;
    world_acct('D', request.asker);
    world_exec.time_ms = end - 1;
    expect(CODE_OK, "the last millisecond");
    world_exec.time_ms = end;
    expect(CODE_TICKET_EXPIRED, "the ticket ends with its grant");
}

Test(release, a_used_up_grant_serves_the_ticket_that_counted_it, .init = world_start)
{
    struct grant_body *grant = &world_as('P', COMMAND_GRANT)->as.grant;

    world_grant(grant, WORLD_HILLTOP);
    grant->max_uses = 1;
    world_expect(CODE_OK, "once");
    (void)world_add_current('A', CLASS_VITALS);
    memset(&request, 0, sizeof request);
    request.ticket = world_request('D');
    request.seq = 1;
    world_acct('D', request.asker);
    expect(CODE_OK, "its ticket");
    expect(CODE_OK, "as often as it asks while the ticket lives");
}

Test(release, the_digest_binds_every_field, .init = start)
{
    struct hash32 genesis = { { 1 } };
    struct ticket ticket = { .base_seq = 1 };
    struct hash32 base = release_digest(&genesis, &request, &ticket);
    struct release_request other = request;

    other.seq++;
    struct hash32 digest = release_digest(&genesis, &other, &ticket);
    cr_assert_not(hash_equal(&digest, &base), "pointer");
    other = request;
    other.asked_ms++;
    digest = release_digest(&genesis, &other, &ticket);
    cr_assert_not(hash_equal(&digest, &base), "time");
    other = request;
    other.asker[0]++;
    digest = release_digest(&genesis, &other, &ticket);
    cr_assert_not(hash_equal(&digest, &base), "asker");
    other = request;
    other.ticket.bytes[0]++;
    digest = release_digest(&genesis, &other, &ticket);
    cr_assert_not(hash_equal(&digest, &base), "ticket");
    ticket.patient[0]++;
    digest = release_digest(&genesis, &request, &ticket);
    cr_assert_not(hash_equal(&digest, &base), "patient");
    ticket.patient[0]--;
    genesis.bytes[0]++;
    digest = release_digest(&genesis, &request, &ticket);
    cr_assert_not(hash_equal(&digest, &base), "chain");
}
