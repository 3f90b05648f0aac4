/* import_test.c: `ward import-fhir`: a bundle becomes pointers of one patient, and the custodian keeps what it needs for each. */
#include "cli/cmd.h"

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
    cr_assert_eq(import("configs/demo/bundle.json"), EXIT_REFUSED, "what a custodian keeps is never overwritten");
    cr_assert_eq(pointers(), before + added);
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

/* A grant may share the secret of the patient's epoch key, and with it the titles of all that is sealed to that. */
Test(import, what_is_sealed_goes_to_the_key_that_no_grant_shares, .init = start, .fini = office_stop)
{
    struct lab *lab = &office->desk.lab;
    struct lab_party party = lab_party_of(lab, ACCOUNT_PATIENT, 77);
    struct lab_command command = { .sender = &party, .cosigners = { &office->desk.alder }, .body = { .type = COMMAND_PATIENT_REGISTER } };
    char account[65];
    static const uint8_t seeds[2][32] = { { 8 }, { 16 } }; /* the three lowest bits do not count */

    kx_keypair_from_seed(&shared, seeds[0]);
    kx_keypair_from_seed(&never_shared, seeds[1]);
    memcpy(command.body.as.patient_register.kx_pk, shared.public_key, KEY_BYTES);
    memcpy(command.body.as.patient_register.sealed_kx_pk, never_shared.public_key, KEY_BYTES);
    command.body.as.patient_register.flags = REGISTER_STANDING_WRITE;
    cr_assert_eq(lab_send(lab, &command), CODE_OK);
    queries_executed(&office->desk.queries);
    hex_encode(party.acct, 32, account);
    (void)kit_write("hidden.json", "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}},"
                                   "{\"resource\":{\"resourceType\":\"Goal\",\"id\":\"open\"}},"
                                   "{\"resource\":{\"resourceType\":\"Goal\",\"id\":\"psychiatric\",\"meta\":{\"security\":[{\"code\":\"PSY\"}]}}},"
                                   "{\"resource\":{\"resourceType\":\"Goal\",\"id\":\"very\",\"meta\":{\"security\":[{\"code\":\"V\"}]}}}]}");
    office->submit = looks_at_locators;
    right = wrong = sealed_seen = 0;
    cr_assert_eq(office_ward("import-fhir %%s/hidden.json --patient %s --key %%s/alder.key --custody %%s/custody.json", account), EXIT_FINE, "%s", kit_output());
    cr_expect_eq(sealed_seen, 2);
    cr_expect_eq(right, 3);
    cr_expect_eq(wrong, 0);
}

static bool rival_wins_once(struct fake_replica *fake, const struct frame *frame)
{
    if (submits++ == 0) {
        office->desk.alder.nonce = ledger_nonce(office->desk.lab.ledger, office->desk.alder.acct);
        desk_add(&office->desk, 1, false);
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
