/* submit_test.c: what `ward submit` makes of words, files and keys before anything is sent, and what it sends. */
#include "cli/cmd.h"

#include "ledger/command.h"
#include "tests/cli/office_kit.h"
#include "wire/code.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct office *office;
static unsigned submits;

static bool counts(struct fake_replica *fake, const struct frame *frame)
{
    submits++;
    return office_execute(fake, frame);
}

static void start(void)
{
    office = office_start();
    office->submit = counts;
    submits = 0;
}

Test(submit, what_is_wrong_is_said_before_anything_is_sent, .init = start, .fini = office_stop)
{
    static const struct { const char *words; int code; const char *says; } table[] = {
        { "submit nothing --key %%s/patient.key", EXIT_USAGE, "\"nothing\" is no type of command; there are actor-set" },
        { "submit patient-set", EXIT_USAGE, "--key is missing" },
        { "submit patient-set colour=red --key %%s/patient.key", EXIT_USAGE, "" },
        { "submit patient-set default_policy=maybe --key %%s/patient.key", EXIT_USAGE, "" },
        { "submit grant class_mask=nothing --key %%s/patient.key", EXIT_USAGE, "" },
        { "submit patient-set --body %%s/none.json --key %%s/patient.key", EXIT_CONFIGURATION, "" },
        { "submit patient-set --body %%s/broken.json --key %%s/patient.key", EXIT_CONFIGURATION, "" },
        { "submit pointer-add --body %%s/items.json --key %%s/alder.key", EXIT_CONFIGURATION, "item 1 is no object" },
        { "submit patient-set --new-key %%s/alder.key --key %%s/patient.key", EXIT_USAGE, "--new-key belongs to actor-set" },
        { "submit patient-set --payload %%s/none --key %%s/patient.key", EXIT_CONFIGURATION, "" },
        { "submit patient-set --payload %%s/large --key %%s/patient.key", EXIT_CONFIGURATION, "" },
        { "submit patient-set --key %%s/none.key", EXIT_CONFIGURATION, "" },
        { "submit patient-set --cosigner %%s/admin.key --key %%s/patient.key", EXIT_USAGE, "" },
        { "submit actor-set op=suspend kind=system acct=00 --key %%s/admin.key --org 1", EXIT_USAGE, "" },
        { "submit actor-set op=suspend role=nurse --key %%s/admin.key --org 1", EXIT_USAGE, "to suspend or retire takes op and acct and nothing else" },
        { "submit actor-set caps=publish --key %%s/admin.key --org 1", EXIT_USAGE, "kind is missing or out of range" },
    };
    char large[8200];

    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    (void)kit_write("large", large);
    (void)kit_write("broken.json", "{ \"default_policy\": ");
    (void)kit_write("items.json", "{ \"items\": [7] }");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char words[256];
        size_t used = 0;
        for (const char *c = table[i].words; *c != '\0'; c++) { /* %% is for the format of office_ward */
            words[used++] = *c;
            c += c[0] == '%' && c[1] == '%' ? 1 : 0;
        }
        words[used] = '\0';
        int code = office_ward("%s", words);
        cr_assert_eq(code, table[i].code, "row %zu: %d %s", i, code, kit_output());
        const char *message = office_text("message", NULL);
        cr_assert_not_null(strstr(message, table[i].says), "row %zu: %s", i, message);
    }
    cr_assert_eq(submits, 0);
}

Test(submit, an_admin_registers_suspends_and_retires, .init = start, .fini = office_stop)
{
    char acct[65];

    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/new --for system"), EXIT_FINE);
    cr_assert_eq(office_ward("submit actor-set kind=system caps=publish valid_until=+300d --new-key %%s/new/system.key --key %%s/admin.key --org 1"), EXIT_FINE, "%s", kit_output());
    cr_assert_eq(office->desk.lab.receipt.code, CODE_OK);
    cr_assert_eq(kit_run(kit_directory(), "ward key show %s/new/system.key --genesis %s/genesis --json"), EXIT_FINE);
    json_t *shown = kit_json();
    snprintf(acct, sizeof acct, "%s", json_string_value(json_object_get(json_array_get(json_object_get(shown, "keys"), 0), "account")));
    json_decref(shown);
    cr_assert_eq(office_ward("submit actor-set op=suspend acct=%s --key %%s/admin.key --org 1", acct), EXIT_FINE, "%s", kit_output());
    cr_assert_eq(office_ward("submit actor-set op=retire acct=%s --key %%s/admin.key --org 1", acct), EXIT_FINE);
    cr_assert_eq(office_ward("get actor %s", acct), EXIT_FINE);
    cr_assert_str_eq(office_text("actor", "status"), "retired");
}

Test(submit, words_beat_the_file_and_the_file_beats_what_is_assumed, .init = start, .fini = office_stop)
{
    struct patient patient;

    (void)kit_write("body.json", "{\"default_policy\": \"treating\", \"btg_policy\": \"never\"}");
    cr_assert_eq(office_ward("submit patient-set btg_policy=normal --body %%s/body.json --key %%s/patient.key"), EXIT_FINE, "%s", kit_output());
    cr_assert(exec_get_patient(ledger_exec(office->desk.lab.ledger), office->desk.patient.acct, &patient));
    cr_assert_eq(patient.default_policy, POLICY_TREATING);
    cr_assert_eq(patient.btg_policy, BTG_NORMAL_ONLY);
}

/* A command shown by --dry-run is the one that would be sent: it executes as it is. */
Test(submit, a_dry_run_sends_nothing_and_shows_the_signed_command, .init = start, .fini = office_stop)
{
    uint8_t bytes[ENVELOPE_BYTES_MAX];

    cr_assert_eq(office_ward("submit patient-set default_policy=treating --key %%s/patient.key --dry-run"), EXIT_FINE, "%s", kit_output());
    cr_assert_eq(submits, 0);
    json_t *result = kit_json();
    const char *digits = json_string_value(json_object_get(result, "command"));
    size_t size = strlen(digits) / 2;
    cr_assert_leq(size, sizeof bytes);
    cr_assert_eq(hex_decode(digits, bytes, size), ERR_OK);
    cr_assert_eq(lab_admit(&office->desk.lab, bytes_of(bytes, size), bytes_of("", 0)), CODE_OK);
    struct bytes command = bytes_of(bytes, size);
    cr_assert_eq(lab_execute(&office->desk.lab, &command, 1), CODE_OK);
    json_decref(result);
}

Test(submit, a_cosigner_signs_too, .init = start, .fini = office_stop)
{
    cr_assert_eq(office_ward("submit access-request patient=%s --cosigner %%s/doctor.key --key %%s/birch.key", office->patient), EXIT_FINE, "%s", kit_output());
    cr_assert_eq(submits, 1);
}

/* A pipe that nobody writes would hold it for ever. */
Test(submit, a_body_is_read_from_a_regular_file_alone, .init = start, .fini = office_stop, .timeout = 20)
{
    char path[256];

    snprintf(path, sizeof path, "%s/pipe", kit_directory());
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_eq(office_ward("submit patient-set --body %%s/pipe --key %%s/patient.key"), EXIT_CONFIGURATION);
    cr_expect_eq(office_ward("submit patient-set --body %%s --key %%s/patient.key"), EXIT_CONFIGURATION, "a directory");
}
