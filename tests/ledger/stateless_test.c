/* stateless_test.c: what every door of a replica refuses in the same way: accounts that their keys do not give, payloads that are not the signed ones. */
#include "ledger/stateless.h"

#include "tests/ledger/ledger_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lab lab;
static struct lab_party system_a;
static struct envelope envelope;
static struct command_body body;

static void start(void)
{
    struct params params = params_default();
    params.state_keys_max = 20000;
    params.state_cells_max = 40000;
    lab_start(&lab, &params, NULL, 0);
    system_a = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH | CAP_VOUCH, 1);
}

Test(stateless, an_actor_gets_no_account_but_that_of_its_key, .init = start)
{
    struct lab_party next = lab_party_of(&lab, ACTOR_SYSTEM, 2), other = lab_party_of(&lab, ACTOR_SYSTEM, 3);
    struct lab_command command;
    uint8_t bytes[ENVELOPE_BYTES_MAX];

    memcpy(next.acct, other.acct, ACCT_BYTES);
    command = lab_register(&lab, LAB_ALDER, &next, ACTOR_SYSTEM, ROLE_NONE, 0);
    size_t size = lab_sign(&lab, &command, bytes);
    lab.admins[LAB_ALDER].nonce--;
    cr_assert_eq(stateless_check(&lab.genesis.hash, bytes_of(bytes, size), &envelope, &body), CODE_MALFORMED);
    cr_assert_eq(lab_send(&lab, &command), CODE_MALFORMED);
    command = lab_end(&lab, LAB_ALDER, &next, ACTOR_SUSPEND);
    cr_assert_eq(lab_send(&lab, &command), CODE_NOT_OWNER, "to suspend, the account alone counts");
}

Test(stateless, a_payload_is_there_and_as_long_as_was_signed, .init = start)
{
    uint8_t payload[2 * 509 + 1] = { 0 };
    struct lab_command command = lab_located(&system_a, payload);
    uint8_t bytes[ENVELOPE_BYTES_MAX];
    size_t size = lab_sign(&lab, &command, bytes);

    cr_assert_eq(stateless_check(&lab.genesis.hash, bytes_of(bytes, size), &envelope, &body), CODE_OK);
    cr_assert_eq(envelope_check_payload_bytes(&envelope, 2 * 509), CODE_OK);
    cr_assert_eq(envelope_check_payload_bytes(&envelope, 0), CODE_PAYLOAD_MISSING);
    cr_assert_eq(envelope_check_payload_bytes(&envelope, 2 * 509 - 1), CODE_PAYLOAD_SIZE);
    cr_assert_eq(envelope_check_payload_bytes(&envelope, 2 * 509 + 1), CODE_PAYLOAD_SIZE);
}
