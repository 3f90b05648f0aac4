/* ledger_test.c: blocks as a whole: what the due queue does in them, what a full state does to it, and that slices make no difference. */
#include "ledger/ledger.h"

#include "tests/ledger/ledger_kit.h"
#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lab lab;
static struct lab_party system_a, patient;

static void start(void)
{
    struct params params = params_default();

    params.state_keys_max = 20000;
    params.state_cells_max = 20000; /* so that cells end before keys: an organisation takes several */
    params.pending_org_max = 64;
    lab_start(&lab, &params, NULL, 0);
    system_a = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH | CAP_VOUCH, 1);
    patient = lab_patient(&lab, &system_a, POLICY_DENY, 0, 2);
}

/* A POINTER_ADD of so many pending pointers for `of`. */
static struct lab_command add_for(const struct lab_party *of, uint8_t count)
{
    static uint32_t salt;
    struct lab_command command = { .sender = &system_a, .body = { .type = COMMAND_POINTER_ADD } };
    struct pointer_add *body = &command.body.as.pointer_add;

    memcpy(body->patient, of->acct, ACCT_BYTES);
    body->kx_epoch = 1;
    body->count = count;
    for (uint8_t i = 0; i < count; i++) {
        salt++;
        body->items[i] = (struct pointer_add_item){ .record_class = CLASS_VITALS, .content_commit = hash_one(HASH_CONTENT, &salt, sizeof salt) };
    }
    return command;
}

static uint32_t due_count(uint64_t until)
{
    const uint8_t prefix = KEY_DUE;
    struct state_cursor cursor;
    struct state_entry entry;
    uint32_t count = 0;

    state_cursor_init(&cursor, bytes_of(&prefix, 1), STATE_PIN_NONE);
    while (state_cursor_next(ledger_store(lab.ledger), &cursor, &entry)) {
        count += key_due_parse(entry.key.data, entry.key.size).time <= until;
    }
    return count;
}

Test(ledger, of_a_known_history_keeps_its_state_root, .init = start)
{
    struct lab_command command = add_for(&patient, 2);

    cr_assert_eq(lab_send(&lab, &command), CODE_OK);
    struct hash32 root = state_store_root(ledger_store(lab.ledger));
    pinned_kit_check("state root", root.bytes, HASH_BYTES, "32 a702b2a6bf05754e");
}

Test(ledger, a_block_works_off_64_due_entries_and_each_creation_two, .init = start)
{
    struct lab_party people[4];
    struct lab_command command;
    uint8_t bytes[ENVELOPE_BYTES_MAX];

    for (unsigned i = 0; i < 4; i++) {
        people[i] = lab_patient(&lab, &system_a, POLICY_DENY, 0, 10 + i);
        for (unsigned k = 0; k < 4; k++) {
            command = add_for(&people[i], 16);
            cr_assert_eq(lab_send(&lab, &command), CODE_OK);
        }
    }
    lab.time_ms += lab.params.pending_ms;
    uint64_t then = lab.time_ms + 1000;
    cr_assert_eq(due_count(then), 256);
    command = add_for(&patient, 3);
    struct bytes envelope = bytes_of(bytes, lab_sign(&lab, &command, bytes));
    cr_assert_eq(lab_execute(&lab, &envelope, 1), CODE_OK);
    cr_assert_eq(due_count(then), 256 - 64 - 6);
    (void)lab_execute(&lab, NULL, 0);
    cr_assert_eq(due_count(then), 256 - 64 - 6 - 64, "a block without commands works too");
    lab.time_ms += 1000;
    command = (struct lab_command){ .sender = &patient, .body = { .type = COMMAND_PATIENT_SET } };
    command.body.as.patient_set = (struct patient_set){ .op = PATIENT_SET_POLICY };
    memcpy(command.body.as.patient_set.patient, patient.acct, ACCT_BYTES);
    envelope = bytes_of(bytes, lab_sign(&lab, &command, bytes));
    cr_assert_eq(lab_execute(&lab, &envelope, 1), CODE_OK);
    cr_assert_eq(due_count(then), 256 - 64 - 6 - 128, "what creates nothing pays nothing");
}

/* Fills every cell of the state, with keys that nobody has. */
static uint32_t fill(void)
{
    struct exec *exec = ledger_exec(lab.ledger);
    uint32_t count = 0;

    for (;; count++) {
        struct hash32 key = hash_one(HASH_COMMITMENT, &count, sizeof count);
        struct state_key use = key_key_use(key.bytes);
        if (exec_put(exec, &use, key.bytes, ACCT_BYTES) != CODE_OK) {
            return count;
        }
    }
}

static void empty(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct hash32 key = hash_one(HASH_COMMITMENT, &i, sizeof i);
        struct state_key use = key_key_use(key.bytes);
        cr_assert_eq(exec_remove(ledger_exec(lab.ledger), &use), CODE_OK);
    }
}

static uint32_t pending(void)
{
    struct patient record;

    cr_assert(exec_get_patient(ledger_exec(lab.ledger), patient.acct, &record));
    return record.pending;
}

Test(ledger, what_falls_due_in_a_full_state_comes_back_when_there_is_room, .init = start)
{
    struct lab_command command = add_for(&patient, 7);

    cr_assert_eq(lab_send(&lab, &command), CODE_OK);
    uint32_t filled = fill();
    cr_assert_gt(filled, 1000);
    lab.time_ms += lab.params.pending_ms;
    (void)lab_execute(&lab, NULL, 0);
    uint32_t left = pending();
    cr_assert_eq(left, 7, "the ninth event needs a second peak, and the peaks a second cell");
    (void)lab_execute(&lab, NULL, 0);
    cr_assert_eq(pending(), left, "it is not tried again in every block");
    empty(filled);
    (void)lab_execute(&lab, NULL, 0);
    cr_assert_eq(pending(), left);
    lab.time_ms += 3600000;
    (void)lab_execute(&lab, NULL, 0);
    cr_assert_eq(pending(), 0);
}

Test(ledger, a_full_state_is_CAPACITY_and_leaves_no_trace, .init = start)
{
    struct lab_command command = add_for(&patient, 1);
    struct lab_party next = lab_party_of(&lab, ACTOR_SYSTEM, 50);

    (void)fill();
    cr_assert_eq(lab_send(&lab, &command), CODE_CAPACITY);
    command = lab_register(&lab, LAB_ALDER, &next, ACTOR_SYSTEM, ROLE_NONE, 0);
    cr_assert_eq(lab_send(&lab, &command), CODE_CAPACITY);
}

Test(ledger, a_restored_one_goes_on_as_the_first, .init = start)
{
    struct lab_command command = add_for(&patient, 5);
    uint8_t bytes[ENVELOPE_BYTES_MAX];

    cr_assert_eq(lab_send(&lab, &command), CODE_OK);
    struct ledger *twin = lab_twin(&lab);
    struct hash32 first = lab_root(&lab), second = ledger_state_root(twin);
    cr_assert(hash_equal(&first, &second));
    cr_assert_eq(ledger_height(twin), lab.height);
    command = add_for(&patient, 2);
    struct bytes envelope = bytes_of(bytes, lab_sign(&lab, &command, bytes));
    cr_assert_eq(lab_execute(&lab, &envelope, 1), CODE_OK);
    ledger_begin(twin, lab.height, lab.time_ms);
    cr_assert_eq(ledger_execute(twin, envelope, NULL)->code, CODE_OK);
    ledger_end(twin);
    first = lab_root(&lab);
    second = ledger_state_root(twin);
    cr_assert(hash_equal(&first, &second));
    first = ledger_receipts_root(lab.ledger);
    second = ledger_receipts_root(twin);
    cr_assert(hash_equal(&first, &second));
    cr_assert_eq(ledger_receipts_count(twin), ledger_receipts_count(lab.ledger));
}

Test(ledger, what_is_no_state_is_not_restored, .init = start)
{
    struct state_key org = key_org(1), actor = key_actor(patient.acct), params = key_params();
    uint8_t chain[CHAIN_BYTES_MAX] = { 0 }, others[PARAMS_BYTES], long_value[STATE_VALUE_BYTES_MAX + 1] = { 0 };
    struct ledger *twin = lab_take(&lab.params);
    struct params tight = lab.params;

    ledger_restore_begin(twin, &lab.genesis.hash);
    cr_assert_eq(ledger_restore_end(twin), VERDICT_SHORT, "no chain");
    cr_assert_eq(ledger_restore_pair(twin, bytes_of("\x77", 1), bytes_of("", 0)), VERDICT_TYPE);
    cr_assert_eq(ledger_restore_pair(twin, bytes_of(org.bytes, 2), bytes_of("", 0)), VERDICT_TYPE, "a key cut short");
    cr_assert_eq(ledger_restore_pair(twin, bytes_of(chain, 1), bytes_of(chain, CHAIN_FIXED_BYTES - 1)), VERDICT_SHORT, "half a chain");
    ledger_restore_begin(twin, &lab.genesis.hash);
    cr_assert_eq(ledger_restore_pair(twin, bytes_of(chain, 1), bytes_of(chain, CHAIN_FIXED_BYTES)), VERDICT_OK);
    cr_assert_eq(ledger_restore_pair(twin, bytes_of(chain, 1), bytes_of(chain, CHAIN_FIXED_BYTES)), VERDICT_ORDER, "twice");
    tight.actors_max--;
    params_encode(&tight, others);
    cr_assert_eq(ledger_restore_pair(twin, bytes_of(params.bytes, params.size), bytes_of(others, sizeof others)), VERDICT_OK);
    cr_assert_eq(ledger_restore_pair(twin, bytes_of(actor.bytes, actor.size), bytes_of(long_value, sizeof long_value)), VERDICT_LENGTH);
    cr_assert_eq(ledger_restore_pair(twin, bytes_of(org.bytes, org.size), bytes_of("", 0)), VERDICT_ORDER, "a smaller key after a greater one");
    cr_assert_eq(ledger_restore_end(twin), VERDICT_CONFLICT, "other parameters");
}
