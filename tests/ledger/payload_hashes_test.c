/* payload_hashes_test.c: a payload that is not the signed one is found among any number of others. */
#include "ledger/payload_hashes.h"

#include "ledger/stateless.h"
#include "tests/ledger/ledger_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lab lab;
static struct lab_party system_a;

static void start(void)
{
    struct params params = params_default();
    params.state_keys_max = 20000;
    params.state_cells_max = 40000;
    lab_start(&lab, &params, NULL, 0);
    system_a = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH | CAP_VOUCH, 1);
}

Test(payload_hashes, each_locator_of_the_payload_is_the_one_that_its_item_names, .init = start)
{
    uint8_t payload[2 * 509];
    struct lab_command command = lab_located(&system_a, payload);

    cr_assert_eq(lab_send(&lab, &command), CODE_PATIENT_UNKNOWN, "nothing is wrong with the bytes");
    for (unsigned i = 0; i < 2; i++) {
        command = lab_located(&system_a, payload);
        payload[i * 509 + 508] ^= 1; /* the sender signs the payload as it is; only the item's hash is wrong */
        cr_assert_eq(lab_send(&lab, &command), CODE_PAYLOAD_HASH, "locator %u", i);
    }
    command = lab_located(&system_a, payload);
    struct hash32 swapped = command.body.as.pointer_add.items[0].locator_hash;
    command.body.as.pointer_add.items[0].locator_hash = command.body.as.pointer_add.items[1].locator_hash;
    command.body.as.pointer_add.items[1].locator_hash = swapped;
    cr_assert_eq(lab_send(&lab, &command), CODE_PAYLOAD_HASH, "order counts");
    command = lab_located(&system_a, payload);
    command.body.as.pointer_add.items[0].locator_length = 0;
    memset(&command.body.as.pointer_add.items[0].locator_hash, 0, HASH_BYTES);
    cr_assert_eq(lab_send(&lab, &command), CODE_PAYLOAD_HASH, "the second item's locator stands first then");
}

/* Each payload of a group in turn is another than the signed one, or brings a locator that is another than its item names; groups end within and at a full round of lanes. */
Test(payload_hashes, one_wrong_payload_among_others_is_found, .init = start)
{
    enum { COMMANDS = 37 };
    static uint8_t bytes[COMMANDS][ENVELOPE_BYTES_MAX], payloads[COMMANDS][2 * 509];
    static struct payload_of group[COMMANDS];

    cr_assert_eq(payload_hashes_check(NULL, 0), CODE_OK);
    for (unsigned i = 0; i < COMMANDS; i++) {
        struct lab_command command = lab_located(&system_a, payloads[i]);
        command.payload = i % 5 == 4 ? bytes_of(NULL, 0) : command.payload;
        size_t size = lab_sign(&lab, &command, bytes[i]);
        group[i] = (struct payload_of){ bytes_of(bytes[i], size), command.payload };
        cr_assert_eq(payload_hashes_check(group, i + 1), CODE_OK, "%u", i);
    }
    for (unsigned i = 0; i < COMMANDS; i++) {
        struct payload_of kept = group[i];
        payloads[i][2 * 509 - 1] ^= 1;
        cr_assert_eq(payload_hashes_check(group, COMMANDS), i % 5 == 4 ? CODE_OK : CODE_PAYLOAD_HASH, "another payload %u", i);
        struct lab_command command = lab_located(&system_a, payloads[i]);
        payloads[i][509] ^= 1; /* signed as it is: only what the second item says of it is wrong */
        static uint8_t other[ENVELOPE_BYTES_MAX];
        group[i] = (struct payload_of){ bytes_of(other, lab_sign(&lab, &command, other)), command.payload };
        cr_assert_eq(payload_hashes_check(group, COMMANDS), CODE_PAYLOAD_HASH, "another locator %u", i);
        group[i] = kept;
        (void)lab_located(&system_a, payloads[i]);
        cr_assert_eq(payload_hashes_check(group, COMMANDS), CODE_OK);
    }
}
