/* import_test.c: `ward import-fhir`: a bundle becomes pointers of one patient, and the custodian keeps what it needs for each. */
#include "cli/cmd.h"
#include "cli/file.h"

#include "tests/cli/office_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct office *office;
static unsigned submits;

static void start(void)
{
    office = office_start();
    cr_assert_eq(office_ward("submit grant kind=write grantee=org:1 conf_max=restricted purposes=0 expires=+30d --key %%s/patient.key"), EXIT_FINE, "%s", kit_output());
    submits = 0;
}

static json_t *custody(void)
{
    char path[256];
    json_error_t error;

    snprintf(path, sizeof path, "%s/custody.json", kit_directory());
    json_t *value = json_load_file(path, 0, &error);
    cr_assert_not_null(value, "%s", error.text);
    return value;
}

/* pointers gives how many the patient ever had. */
static uint32_t pointers(void)
{
    struct patient patient;

    cr_assert(exec_get_patient(ledger_exec(office->desk.lab.ledger), office->desk.patient.acct, &patient));
    return patient.ptr_count;
}

static int import(const char *bundle)
{
    return office_ward("import-fhir %s --patient %s --key %%s/alder.key --custody %%s/custody.json", bundle, office->patient);
}

/* Every salt that is kept belongs to a commitment of the state, in its order, and to no other. */
static void expect_kept(uint32_t first, uint32_t count)
{
    json_t *file = custody(), *commands = json_object_get(file, "commands"), *command;
    uint32_t seen = 0;
    size_t i;

    json_array_foreach(commands, i, command) {
        json_t *items = json_object_get(command, "pointers"), *item;
        size_t j;
        json_array_foreach(items, j, item) {
            struct pointer pointer;
            char digits[65];
            cr_assert(exec_get_pointer(ledger_exec(office->desk.lab.ledger), office->desk.patient.acct, first + seen++, &pointer));
            hex_encode(pointer.content_commit.bytes, 32, digits);
            cr_assert_str_eq(json_string_value(json_object_get(item, "content_commit")), digits);
            cr_assert_eq(strlen(json_string_value(json_object_get(item, "salt"))), 64);
        }
    }
    cr_assert_eq(seen, count);
    json_decref(file);
}

Test(import, each_clinical_resource_becomes_a_pointer_with_its_salt_kept, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();
    struct stat status;
    char path[256];

    cr_assert_eq(import("configs/demo/bundle.json"), EXIT_FINE, "%s", kit_output());
    uint32_t added = pointers() - before;
    cr_assert_gt(added, 0);
    cr_assert_eq((unsigned)atoi(office_text("accepted", NULL)), added);
    cr_assert_str_eq(office_text("rejected", NULL), "0");
    expect_kept(before + 1, added);
    snprintf(path, sizeof path, "%s/custody.json", kit_directory());
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0600);
    char accepted[16];
    snprintf(accepted, sizeof accepted, "%u", added);
    cr_assert_eq(import("configs/demo/bundle.json"), EXIT_FINE, "%s", kit_output());
    cr_expect_str_eq(office_text("present", NULL), accepted);
    cr_expect_str_eq(office_text("accepted", NULL), "0");
    cr_assert_eq(pointers(), before + added, "the same words again publish nothing twice");
    expect_kept(before + 1, added);
}

Test(import, the_resources_of_one_organisation_alone_are_taken, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    cr_assert_eq(office_ward("import-fhir configs/demo/bundle.json --patient %s --key %%s/alder.key --custody %%s/none.json --organisation org-nowhere", office->patient), EXIT_CONFIGURATION);
    cr_assert_eq(pointers(), before);
    cr_assert_eq(office_ward("import-fhir configs/demo/bundle.json --patient %s --key %%s/alder.key --custody %%s/custody.json --organisation org-north", office->patient), EXIT_FINE, "%s", kit_output());
    unsigned elsewhere = (unsigned)atoi(office_text("elsewhere", NULL)), taken = (unsigned)atoi(office_text("accepted", NULL));
    cr_assert(elsewhere > 0 && taken > 0, "%u of them, %u of others", taken, elsewhere);
    cr_assert_eq(pointers(), before + taken);
    expect_kept(before + 1, taken);
}

/* --- Whose key ------------------------------------------------------------------------------------------------------- */

static struct kx_keypair shared, never_shared;
static unsigned right, wrong, sealed_seen;

/* opens_right tells whether a locator opens for the one key of the two that its record calls for. */
static bool opens_right(struct bytes locator, bool sealed)
{
    uint8_t key[SEAL_KEY_BYTES];

    return locator_record_key(locator, sealed ? &never_shared : &shared, key) == VERDICT_OK && locator_record_key(locator, sealed ? &shared : &never_shared, key) != VERDICT_OK;
}

static bool looks_at_locators(struct fake_replica *fake, const struct frame *frame)
{
    static struct command_body body;
    struct client_submit submit;
    struct envelope envelope;

    bool read = client_submit_decode(&submit, frame->body) == VERDICT_OK && envelope_decode(&envelope, bytes_of(submit.command.data, envelope_size(submit.command))) == CODE_OK &&
                command_body_decode(&body, envelope.type, envelope.body.data, envelope.body.size) == VERDICT_OK;
    for (uint32_t i = 0; read && i < body.as.pointer_add.count; i++) {
        const struct pointer_add_item *item = &body.as.pointer_add.items[i];
        bool sealed = item->record_class == CLASS_SEALED || item->conf == CONF_VERY_RESTRICTED;
        bool good = opens_right(bytes_of(submit.command.data + envelope_size(submit.command) + (size_t)i * LOCATOR_SEALED_BYTES, LOCATOR_SEALED_BYTES), sealed);
        right += good;
        wrong += !good;
        sealed_seen += sealed;
    }
    return office_execute(fake, frame);
}

/* register_another registers a patient with the two keys of this test. Gives: the account, in digits. */
static const char *register_another(struct lab_party *party)
{
    static const uint8_t seeds[2][32] = { { 8 }, { 16 } }; /* the three lowest bits do not count */
    static char account[65];
    struct lab_command command = { .sender = party, .cosigners = { &office->desk.alder }, .body = { .type = COMMAND_PATIENT_REGISTER } };

    *party = lab_party_of(&office->desk.lab, ACCOUNT_PATIENT, 77);
    kx_keypair_from_seed(&shared, seeds[0]);
    kx_keypair_from_seed(&never_shared, seeds[1]);
    memcpy(command.body.as.patient_register.kx_pk, shared.public_key, KEY_BYTES);
    memcpy(command.body.as.patient_register.sealed_kx_pk, never_shared.public_key, KEY_BYTES);
    command.body.as.patient_register.flags = REGISTER_STANDING_WRITE;
    cr_assert_eq(lab_send(&office->desk.lab, &command), CODE_OK);
    queries_executed(&office->desk.queries);
    hex_encode(party->acct, 32, account);
    (void)kit_write("hidden.json", "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}},"
                                   "{\"resource\":{\"resourceType\":\"Goal\",\"id\":\"open\"}},"
                                   "{\"resource\":{\"resourceType\":\"Goal\",\"id\":\"psychiatric\",\"meta\":{\"security\":[{\"code\":\"PSY\"}]}}},"
                                   "{\"resource\":{\"resourceType\":\"Goal\",\"id\":\"very\",\"meta\":{\"security\":[{\"code\":\"V\"}]}}}]}");
    office->submit = looks_at_locators;
    right = wrong = sealed_seen = 0;
    return account;
}

static int import_hidden(const char *account)
{
    return office_ward("import-fhir %%s/hidden.json --patient %s --key %%s/alder.key --custody %%s/custody.json", account);
}

/* A grant may share the secret of the patient's epoch key, and with it the titles of all that is sealed to that. */
Test(import, what_is_sealed_goes_to_the_key_that_no_grant_shares, .init = start, .fini = office_stop)
{
    struct lab_party party;
    const char *account = register_another(&party);

    desk_checkpoint(&office->desk, true);
    cr_assert_eq(import_hidden(account), EXIT_FINE, "%s", kit_output());
    cr_expect_eq(sealed_seen, 2);
    cr_expect_eq(right, 3);
    cr_expect_eq(wrong, 0);
}

/* The replica answers from a state of its own, in which the patient has keys that the replica made: its proofs hold, and nobody signed their root. */
Test(import, no_replica_alone_says_to_which_keys_locators_are_sealed, .init = start, .fini = office_stop)
{
    struct lab_party party;
    const char *account = register_another(&party);
    struct exec *exec = ledger_exec(office->desk.lab.ledger);
    struct patient patient;
    struct kx_keypair liar;

    desk_checkpoint(&office->desk, true);
    kx_keypair_from_seed(&liar, (const uint8_t[32]){ 24 });
    cr_assert(exec_get_patient(exec, party.acct, &patient));
    memcpy(patient.kx_pk, liar.public_key, KEY_BYTES);
    memcpy(patient.sealed_kx_pk, liar.public_key, KEY_BYTES);
    cr_assert_eq(exec_put_patient(exec, party.acct, &patient), CODE_OK);
    queries_executed(&office->desk.queries);
    cr_assert_eq(import_hidden(account), EXIT_FINE, "%s", kit_output());
    cr_expect_eq(right, 3);
    cr_expect_eq(wrong, 0);
}

Test(import, a_patient_whom_no_certified_state_knows_is_waited_for, .init = start, .fini = office_stop)
{
    struct lab_party party;
    const char *account = register_another(&party);

    cr_assert_eq(import_hidden(account), EXIT_UNREACHABLE);
    cr_expect_eq(right + wrong, 0, "nothing is sealed before");
}

Test(import, without_a_genesis_nothing_is_sealed, .init = start, .fini = office_stop)
{
    char line[512];

    snprintf(line, sizeof line, "ward import-fhir configs/demo/bundle.json --patient %s --key %%s/alder.key --custody %%s/custody.json --socket %s", office->patient, office->replica.path);
    cr_assert_eq(kit_run(kit_directory(), line), EXIT_USAGE);
}

/* --- Cut short -------------------------------------------------------------------------------------------------------- */

/* What happens to the second of two commands, before the machine that imports is gone. */
static enum { EXECUTED, TAKEN_BY_NOBODY, LOST_TO_A_RIVAL } second;

/* rival lets another process of the same system have a command executed. */
static void rival(void)
{
    office->desk.alder.nonce = ledger_nonce(office->desk.lab.ledger, office->desk.alder.acct);
    desk_add(&office->desk, 1, false);
}

static bool ends_in_the_middle(struct fake_replica *fake, const struct frame *frame)
{
    submits++;
    if (submits == 1) {
        return office_execute(fake, frame);
    }
    if (submits == 2 && second == EXECUTED) {
        (void)office_accept(frame);
    } else if (submits == 2 && second == LOST_TO_A_RIVAL) {
        rival();
    }
    return false;
}

/* expect_whole runs the import again: afterwards every record of the bundle is there exactly once, whatever became of the second command. */
static void expect_whole(uint32_t before, uint32_t rivals)
{
    const uint32_t all = 18;
    char path[256];

    office->submit = NULL;
    for (int run = 0; run < 2; run++) {
        cr_assert_eq(import("configs/demo/bundle.json"), EXIT_FINE, "%s", kit_output());
        cr_assert_eq((uint32_t)atoi(office_text("present", NULL)) + (uint32_t)atoi(office_text("accepted", NULL)), all, "%s", kit_output());
        cr_assert_eq(pointers(), before + all + rivals, "run %d", run);
    }
    snprintf(path, sizeof path, "%s/custody.json.lock", kit_directory());
    cr_expect(file_free(path));
}

static void cut_short(int what)
{
    second = what;
    office->submit = ends_in_the_middle;
    cr_assert_eq(import("configs/demo/bundle.json"), EXIT_UNREACHABLE, "%s", kit_output());
    cr_assert_geq(submits, 2);
}

Test(import, goes_on_after_a_command_that_was_executed_unheard, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    cut_short(EXECUTED);
    expect_whole(before, 0);
    expect_kept(before + 1, 18);
}

Test(import, goes_on_after_a_command_that_nobody_took, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    cut_short(TAKEN_BY_NOBODY);
    expect_whole(before, 0);
    expect_kept(before + 1, 18);
}

/* Receipts are forgotten within hours; the pointers themselves say what was executed. */
Test(import, goes_on_when_no_replica_remembers_the_receipt, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    cut_short(EXECUTED);
    desk_checkpoint(&office->desk, true);
    office->forgets = true;
    expect_whole(before, 0);
    expect_kept(before + 1, 18);
}

Test(import, goes_on_when_another_command_took_the_nonce_meanwhile, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    cut_short(LOST_TO_A_RIVAL);
    desk_checkpoint(&office->desk, true);
    expect_whole(before, 1);
}

/* The file as it was when the command left: an hour ago. */
static void make_old(void)
{
    char path[256];
    json_t *file = custody(), *commands = json_object_get(file, "commands");

    snprintf(path, sizeof path, "%s/custody.json", kit_directory());
    json_object_set_new(json_array_get(commands, json_array_size(commands) - 1), "valid_until_ms", json_integer(1000));
    cr_assert_eq(json_dump_file(file, path, 0), 0);
    json_decref(file);
}

Test(import, goes_on_when_the_command_is_no_longer_valid, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    cut_short(EXECUTED);
    make_old();
    desk_checkpoint(&office->desk, true);
    expect_whole(before, 0);
    expect_kept(before + 1, 18);
}

Test(import, a_command_that_is_over_and_was_never_executed_is_made_anew, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    cut_short(TAKEN_BY_NOBODY);
    make_old();
    desk_checkpoint(&office->desk, true);
    expect_whole(before, 0);
    expect_kept(before + 1, 18);
}

static bool refuses_the_first(struct fake_replica *fake, const struct frame *frame)
{
    if (submits++ == 0) {
        fake_refuse(fake, office_request(frame), CODE_ORG_SUSPENDED, 0);
        return true;
    }
    return office_execute(fake, frame);
}

Test(import, what_was_refused_is_tried_again, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    office->submit = refuses_the_first;
    cr_assert_eq(import("configs/demo/bundle.json"), EXIT_NO, "%s", kit_output());
    cr_expect_str_eq(office_text("rejected", NULL), "16");
    cr_assert_eq(pointers(), before + 2);
    desk_checkpoint(&office->desk, true);
    expect_whole(before, 0);
}

Test(import, a_file_of_another_import_is_left_as_it_is, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    cr_assert_eq(import("configs/demo/bundle.json"), EXIT_FINE, "%s", kit_output());
    uint32_t after = pointers();
    json_t *kept = custody();
    (void)kit_write("two.json", "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}},{\"resource\":{\"resourceType\":\"Goal\",\"id\":\"g\"}}]}");
    cr_expect_eq(office_ward("import-fhir %%s/two.json --patient %s --key %%s/alder.key --custody %%s/custody.json", office->patient), EXIT_REFUSED);
    cr_expect_eq(office_ward("import-fhir configs/demo/bundle.json --patient %s --key %%s/alder.key --custody %%s/custody.json --organisation org-north", office->patient), EXIT_REFUSED);
    cr_expect_eq(office_ward("import-fhir configs/demo/bundle.json --patient %s --key %%s/alder.key --custody %%s/alder.key", office->patient), EXIT_REFUSED, "a key");
    json_t *now = custody();
    cr_expect(json_equal(now, kept));
    cr_expect_eq(pointers(), after);
    cr_expect_gt(after, before);
    json_decref(kept);
    json_decref(now);
}

Test(import, two_at_once_do_not_share_a_file, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();
    char path[256];
    int lock;

    snprintf(path, sizeof path, "%s/custody.json", kit_directory());
    cr_assert_eq(file_lock(&lock, path), ERR_OK);
    cr_expect_eq(import("configs/demo/bundle.json"), EXIT_REFUSED);
    cr_expect_eq(pointers(), before);
    file_unlock(lock, path);
    cr_expect_eq(import("configs/demo/bundle.json"), EXIT_FINE, "%s", kit_output());
}

/* --- By proof --------------------------------------------------------------------------------------------------------- */

static bool says_done_and_does_nothing(struct fake_replica *fake, const struct frame *frame)
{
    fake_admit(fake, office_request(frame));
    fake_receipts(fake, &(struct client_receipt){ office_request(frame), 0, 0 }, 1);
    return true;
}

Test(import, with_out_every_command_is_proved, .init = start, .fini = office_stop)
{
    cr_assert_eq(import("configs/demo/bundle.json"), EXIT_FINE, "%s", kit_output());
    desk_checkpoint(&office->desk, true);
    cr_assert_eq(office_ward("import-fhir configs/demo/bundle.json --patient %s --key %%s/alder.key --custody %%s/custody.json --out %%s/import.proof", office->patient), EXIT_FINE, "%s", kit_output());
    cr_assert_eq(kit_run(kit_directory(), "ward verify %s/import.proof --genesis %s/genesis --json"), EXIT_FINE, "%s", kit_output());
    cr_expect_eq(office_length("items", NULL), 2);
}

Test(import, certified_finds_out_a_replica_that_only_says_so, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    office->submit = says_done_and_does_nothing;
    cr_assert_eq(office_ward("import-fhir configs/demo/bundle.json --patient %s --key %%s/alder.key --custody %%s/custody.json --certified", office->patient), EXIT_NO, "%s", kit_output());
    cr_expect_eq(pointers(), before);
    office->submit = NULL;
    cr_assert_eq(import("configs/demo/bundle.json"), EXIT_FINE, "an honest one takes the same commands: %s", kit_output());
    cr_expect_eq(pointers(), before + 18);
    expect_kept(before + 1, 18);
}

static bool rival_wins_once(struct fake_replica *fake, const struct frame *frame)
{
    if (submits++ == 0) {
        rival();
    }
    return office_execute(fake, frame);
}

Test(import, another_process_of_the_same_system_costs_no_record, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    office->submit = rival_wins_once;
    cr_assert_eq(import("configs/demo/bundle.json"), EXIT_FINE, "%s", kit_output());
    cr_assert_eq(submits, 3, "two commands, one of them twice");
    expect_kept(before + 2, pointers() - before - 1);
}

Test(import, what_cannot_be_imported_sends_nothing, .init = start, .fini = office_stop)
{
    uint32_t before = pointers();

    (void)kit_write("empty.json", "{\"resourceType\": \"Bundle\", \"type\": \"collection\"}");
    (void)kit_write("broken.json", "{\"resourceType\": ");
    cr_assert_neq(import("%s/broken.json"), EXIT_FINE);
    cr_assert_neq(import("%s/none.json"), EXIT_FINE);
    cr_assert_eq(office_ward("import-fhir configs/demo/bundle.json --patient 12 --key %%s/alder.key --custody %%s/custody.json"), EXIT_USAGE);
    cr_assert_eq(office_ward("import-fhir configs/demo/bundle.json --patient %s --custody %%s/custody.json", office->patient), EXIT_USAGE, "who signs?");
    cr_assert_eq(pointers(), before);
}
