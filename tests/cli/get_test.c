/* get_test.c: `ward get`, `ward audit` and `ward verify` against a replica that answers from a real ledger, and against one that lies. */
#include "cli/ask.h"

#include "tests/cli/office_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct office *office;

static void start(void)
{
    office = office_start();
}

static int verify(const char *name)
{
    char line[256];

    snprintf(line, sizeof line, "ward verify %%s/%s --genesis %%s/genesis --json", name);
    return kit_run(kit_directory(), line);
}

Test(get, shows_each_thing_that_can_be_asked_for, .init = start, .fini = office_stop)
{
    cr_assert_eq(office_ward("get checkpoint"), EXIT_FINE);
    cr_assert_str_eq(office_text("schema", NULL), "ward.get/1");
    cr_assert_eq(office_ward("get receipt %s", office->ticket), EXIT_FINE);
    cr_assert_str_eq(office_text("receipt", "name"), "OK");
    cr_assert_eq(office_ward("get org 2"), EXIT_FINE);
    cr_assert_str_eq(office_text("org", "name"), "Birch");
    cr_assert_eq(office_ward("get actor %s", office->doctor), EXIT_FINE);
    cr_assert_str_eq(office_text("actor", "role"), "physician");
    cr_assert_eq(office_ward("get patient %s --key %%s/patient.key", office->patient), EXIT_FINE);
    cr_assert_str_eq(office_text("patient", "default_policy"), "deny");
    cr_assert_eq(office_ward("get pointers %s --key %%s/patient.key", office->patient), EXIT_FINE);
    cr_assert_eq(office_length("pointers", NULL), 4);
    cr_assert_eq(office_ward("get pointer %s 4 --key %%s/patient.key", office->patient), EXIT_FINE);
    cr_assert_str_eq(office_text("pointer", "status"), "expired", "nobody decided, and the clock went on");
    cr_assert_eq(office_ward("get grants %s --key %%s/patient.key", office->patient), EXIT_FINE);
    cr_assert_eq(office_length("grants", NULL), 1);
    cr_assert_eq(office_ward("get ticket %s --key %%s/doctor.key", office->ticket), EXIT_FINE);
    cr_assert_eq(office_length("ticket", "pointers"), 3);
    cr_assert_eq(office_ward("get locator %s 1 --key %%s/doctor.key --ticket %s", office->patient, office->ticket), EXIT_FINE);
    cr_assert_eq(office_ward("get evaluate %s %s --key %%s/patient.key", office->patient, office->doctor), EXIT_FINE);
    cr_assert_str_eq(office_text("evaluate", "permit"), "true");
    cr_assert_eq(office_ward("get release %s 1 --key %%s/doctor.key", office->ticket), EXIT_FINE);
    cr_assert_str_eq(office_text("release", "permit"), "true");
    cr_assert_eq(office_ward("get patient %s --key %%s/admin.key --org 1", office->patient), EXIT_FINE, "the admin of the hospital that vouched");
}

Test(get, says_no_with_its_exit_code, .init = start, .fini = office_stop)
{
    cr_assert_eq(office_ward("get org 9"), EXIT_NO, "its absence is proved");
    cr_assert_eq(office_ward("get evaluate %s %s --key %%s/patient.key --purpose HPAYMT", office->patient, office->doctor), EXIT_NO, "the answer is no");
    cr_assert_str_eq(office_text("evaluate", "permit"), "false");
    cr_assert_eq(office_ward("get release %s 4 --key %%s/doctor.key", office->ticket), EXIT_NO);
    cr_assert_eq(office_ward("get grants %s --key %%s/other.key", office->patient), EXIT_NO, "another patient");
    cr_assert_eq(office_ward("get grants %s --key %%s/doctor.key", office->patient), EXIT_NO, "a doctor");
    cr_assert_eq(office_ward("get receipt %s", office->patient), EXIT_NO, "no such transaction");
    cr_assert_eq(office_ward("get grants %s", office->patient), EXIT_USAGE, "without a key");
    cr_assert_eq(office_ward("get nothing"), EXIT_USAGE);
    cr_assert_eq(office_ward("get org"), EXIT_USAGE);
    cr_assert_eq(office_ward("get org 0"), EXIT_USAGE);
    cr_assert_eq(office_ward("get pointers 12"), EXIT_USAGE);
    cr_assert_eq(office_ward("get patient %s --key %%s/admin.key", office->patient), EXIT_USAGE, "whose admin?");
    cr_assert_eq(office_ward("get release %s 1 --key %%s/doctor.key --certified", office->ticket), EXIT_USAGE);
    cr_assert_eq(kit_run(kit_directory(), "ward get org 1 --socket /tmp/nobody-listens --timeout 100ms --json"), EXIT_UNREACHABLE);
    cr_assert_eq(kit_run(kit_directory(), "ward get org 1 --certified --json"), EXIT_USAGE, "certified by whom?");
}

Test(get, writes_proofs_that_verify_offline, .init = start, .fini = office_stop)
{
    cr_assert_eq(office_ward("get pointers %s --key %%s/patient.key --out %%s/pointers", office->patient), EXIT_FINE);
    cr_assert_str_eq(office_text("certified", NULL), "true");
    cr_assert_eq(office_ward("get grants %s --key %%s/patient.key --out %%s/grants", office->patient), EXIT_FINE);
    cr_assert_eq(office_ward("get evaluate %s %s --key %%s/patient.key --out %%s/evaluate", office->patient, office->doctor), EXIT_FINE);
    cr_assert_eq(office_ward("get receipt %s --out %%s/receipt", office->ticket), EXIT_FINE);
    cr_assert_eq(office_ward("get org 9 --out %%s/absent"), EXIT_NO);
    cr_assert_eq(office_ward("audit %s --key %%s/patient.key --out %%s/audit", office->patient), EXIT_FINE);
    cr_assert_str_eq(office_text("whole", NULL), "true");
    office_stop();
    static const struct { const char *name, *claim; } files[] = { { "pointers", "all pointers" }, { "grants", "answers" }, { "evaluate", "answers" },
                                                                  { "receipt", "answers" }, { "absent", "answers" }, { "audit", "whole audit" } };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        cr_assert_eq(verify(files[i].name), EXIT_FINE, "%s", files[i].name);
        cr_assert_str_eq(office_text("claim", NULL), files[i].claim);
        cr_assert_str_eq(office_text("valid", NULL), "true");
    }
    fake_start(&office->replica);
}

Test(get, a_proof_overwrites_neither_a_key_nor_anything_else, .init = start, .fini = office_stop)
{
    static char key[2][4096];
    char path[256];

    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/patient.key", kit_directory());
        FILE *file = fopen(path, "r");
        cr_assert_not_null(file);
        cr_assert_gt(fread(key[i], 1, sizeof key[i] - 1, file), 0);
        fclose(file);
        cr_assert_eq(office_ward("get org 1 --out %%s/patient.key"), EXIT_REFUSED);
    }
    cr_assert_str_eq(key[0], key[1]);
    cr_assert_eq(office_ward("get org 1 --out /dev/full"), EXIT_REFUSED);
    cr_assert_eq(office_ward("get org 1 --out %%s/org"), EXIT_FINE);
    cr_assert_eq(office_ward("get org 1 --out %%s/org"), EXIT_REFUSED, "not even a proof of the same");
    cr_assert_eq(kit_run(kit_directory(), "ward get org 1 --genesis %s/genesis --out %s/org --socket /tmp/nobody-listens"), EXIT_REFUSED, "before anybody is asked");
}

/* alter flips one bit of a file. */
static void alter(const char *name, long at)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", kit_directory(), name);
    FILE *file = fopen(path, "r+b");
    cr_assert_not_null(file);
    fseek(file, at, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 1, file);
    fclose(file);
}

Test(get, verify_fails_with_6_when_anything_was_altered, .init = start, .fini = office_stop)
{
    struct stat status;
    char path[256];

    cr_assert_eq(office_ward("audit %s --key %%s/patient.key --out %%s/audit", office->patient), EXIT_FINE);
    snprintf(path, sizeof path, "%s/audit", kit_directory());
    cr_assert_eq(stat(path, &status), 0);
    for (long at = 0; at < status.st_size; at += 37) {
        alter("audit", at);
        cr_assert_eq(verify("audit"), EXIT_INTEGRITY, "byte %ld", at);
        alter("audit", at);
    }
    cr_assert_eq(verify("audit"), EXIT_FINE);
    cr_assert_eq(truncate(path, status.st_size - 1), 0);
    cr_assert_eq(verify("audit"), EXIT_INTEGRITY);
    cr_assert_neq(verify("no-such-file"), EXIT_FINE);
}

Test(get, believes_no_replica_that_lies, .init = start, .fini = office_stop)
{
    for (office->lie_at = 0; office->lie_at < 400; office->lie_at += 23) {
        cr_assert_eq(office_ward("get grants %s --key %%s/patient.key --certified", office->patient), EXIT_INTEGRITY, "byte %zu", (size_t)office->lie_at);
        cr_assert_eq(office_ward("audit %s --key %%s/patient.key", office->patient), EXIT_INTEGRITY);
    }
}

Test(get, waits_for_a_checkpoint_that_is_high_enough_and_gives_up_in_time, .init = start, .fini = office_stop)
{
    cr_assert_eq(office_ward("get org 1 --certified --above %llu", (unsigned long long)office->desk.lab.height), EXIT_FINE);
    cr_assert_eq(office_ward("get org 1 --certified --above %llu", (unsigned long long)office->desk.lab.height + 1), EXIT_UNREACHABLE);
}

Test(get, an_audit_can_be_read_in_parts_that_continue_each_other, .init = start, .fini = office_stop)
{
    char root[65];

    cr_assert_eq(office_ward("audit %s --key %%s/patient.key --certified", office->patient), EXIT_FINE);
    snprintf(root, sizeof root, "%s", office_text("audit", "audit_root"));
    size_t count = office_length("audit", "events");
    (void)desk_request(&office->desk, &office->desk.doctor);
    desk_checkpoint(&office->desk, true);
    cr_assert_eq(office_ward("audit %s --key %%s/patient.key --from %zu --root %s", office->patient, count, root), EXIT_FINE);
    cr_assert_eq(office_length("audit", "events"), 1, "what is new since then");
    cr_assert_str_eq(office_text("whole", NULL), "false");
    root[0] = root[0] == '0' ? '1' : '0';
    cr_assert_eq(office_ward("audit %s --key %%s/patient.key --from %zu --root %s", office->patient, count, root), EXIT_INTEGRITY, "not what it was");
    cr_assert_eq(office_ward("audit %s --key %%s/patient.key --disclosures", office->patient), EXIT_FINE);
    cr_assert_eq(office_length("disclosures", "events"), 1);
    cr_assert_eq(office_ward("audit %s --key %%s/alder.key --disclosures", office->patient), EXIT_FINE);
    cr_assert_eq(office_ward("audit %s --key %%s/other.key", office->patient), EXIT_NO);
    cr_assert_eq(office_ward("audit 12 --key %%s/patient.key"), EXIT_USAGE);
}
