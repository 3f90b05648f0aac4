/* get_test.c: `ward get`, `ward audit` and `ward verify` against a replica that answers from a real ledger, and against one that lies. */
#include "cli/ask.h"

#include "base/clock.h"
#include "tests/cli/cli_kit.h"
#include "tests/cli/replica_kit.h"
#include "tests/node/desk_kit.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct desk desk;
static struct fake_replica replica;
static uint64_t lie_at; /* byte of every answer that is altered; UINT64_MAX: none */

static bool answers(struct fake_replica *fake, const struct frame *frame)
{
    struct client_question question;

    cr_assert_eq(client_question_decode(&question, frame->body), VERDICT_OK);
    struct query_call call = { question.question, frame->header.flags == CLIENT_FLAG_GATED, desk.now_ms > clock_wall_ms() ? desk.now_ms : clock_wall_ms() };
    struct client_answer answer = { .id = question.id, .height = desk.lab.height };
    answer.code = queries_answer(&desk.queries, &call, desk.answer, sizeof desk.answer - 64, &desk.answer_bytes);
    if (lie_at < desk.answer_bytes) {
        desk.answer[lie_at] ^= 1;
    }
    answer.answer = bytes_of(desk.answer, desk.answer_bytes);
    fake_answer(fake, &answer);
    return true;
}

/* write_key writes the key file of a party. */
static void write_key(const char *name, const char *kind, const struct lab_party *party)
{
    char text[512], public_hex[65], seed_hex[65];

    hex_encode(party->pair.public_key, 32, public_hex);
    hex_encode(party->pair.secret_key, 32, seed_hex);
    snprintf(text, sizeof text, "ward-key 1\nkind %s\npublic %s\nseed %s\n", kind, public_hex, seed_hex);
    cr_assert_eq(chmod(kit_write(name, text), 0600), 0);
}

static char account[65], doctor[65], ticket[65], receipt[65];

static void start(void)
{
    desk_start(&desk);
    desk.lab.time_ms = clock_wall_ms() - 60000; /* the commands sign with the real time */
    desk.request = desk_request(&desk, &desk.doctor);
    desk_checkpoint(&desk, true);
    lie_at = UINT64_MAX;
    replica = (struct fake_replica){ .handler = answers, .genesis = desk.lab.genesis.hash };
    fake_start(&replica);
    write_key("patient.key", "patient", &desk.patient);
    write_key("other.key", "patient", &desk.other);
    write_key("doctor.key", "practitioner", &desk.doctor);
    write_key("alder.key", "system", &desk.alder);
    write_key("admin.key", "admin", &desk.lab.admins[LAB_ALDER]);
    hex_encode(desk.patient.acct, 32, account);
    hex_encode(desk.doctor.acct, 32, doctor);
    hex_encode(desk.request.bytes, 32, ticket);
    hex_encode(desk.request.bytes, 32, receipt);
    char path[256];
    snprintf(path, sizeof path, "%s/genesis", kit_directory());
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(desk.lab.genesis_bytes, 1, desk.lab.genesis_size, file), desk.lab.genesis_size);
    fclose(file);
}

static void stop(void)
{
    fake_stop(&replica);
}

/* ward runs the words behind the socket of the replica and the genesis. */
static int ward(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int ward(const char *format, ...)
{
    char words[1024], line[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "ward %s --socket %s --genesis %%s/genesis --timeout 2s --json", words, replica.path);
    return kit_run(kit_directory(), line);
}

static int verify(const char *name)
{
    char line[256];

    snprintf(line, sizeof line, "ward verify %%s/%s --genesis %%s/genesis --json", name);
    return kit_run(kit_directory(), line);
}

static const char *text_of(const char *one, const char *two)
{
    static char text[128];
    json_t *result = kit_json(), *value = json_object_get(result, one);

    value = two == NULL ? value : json_object_get(value, two);
    snprintf(text, sizeof text, "%s", json_is_string(value) ? json_string_value(value) : json_is_true(value) ? "true" : json_is_false(value) ? "false" : "?");
    json_decref(result);
    return text;
}

static size_t length_of(const char *one, const char *two)
{
    json_t *result = kit_json(), *value = json_object_get(result, one);
    size_t length = json_array_size(two == NULL ? value : json_object_get(value, two));

    json_decref(result);
    return length;
}

Test(get, shows_each_thing_that_can_be_asked_for, .init = start, .fini = stop)
{
    cr_assert_eq(ward("get checkpoint"), EXIT_FINE);
    cr_assert_str_eq(text_of("schema", NULL), "ward.get/1");
    cr_assert_eq(ward("get receipt %s", receipt), EXIT_FINE);
    cr_assert_str_eq(text_of("receipt", "name"), "OK");
    cr_assert_eq(ward("get org 2"), EXIT_FINE);
    cr_assert_str_eq(text_of("org", "name"), "Birch");
    cr_assert_eq(ward("get actor %s", doctor), EXIT_FINE);
    cr_assert_str_eq(text_of("actor", "role"), "physician");
    cr_assert_eq(ward("get patient %s --key %%s/patient.key", account), EXIT_FINE);
    cr_assert_str_eq(text_of("patient", "default_policy"), "deny");
    cr_assert_eq(ward("get pointers %s --key %%s/patient.key", account), EXIT_FINE);
    cr_assert_eq(length_of("pointers", NULL), 4);
    cr_assert_eq(ward("get pointer %s 4 --key %%s/patient.key", account), EXIT_FINE);
    cr_assert_str_eq(text_of("pointer", "status"), "expired", "nobody decided, and the clock went on");
    cr_assert_eq(ward("get grants %s --key %%s/patient.key", account), EXIT_FINE);
    cr_assert_eq(length_of("grants", NULL), 1);
    cr_assert_eq(ward("get ticket %s --key %%s/doctor.key", ticket), EXIT_FINE);
    cr_assert_eq(length_of("ticket", "pointers"), 3);
    cr_assert_eq(ward("get locator %s 1 --key %%s/doctor.key --ticket %s", account, ticket), EXIT_FINE);
    cr_assert_eq(ward("get evaluate %s %s --key %%s/patient.key", account, doctor), EXIT_FINE);
    cr_assert_str_eq(text_of("evaluate", "permit"), "true");
    cr_assert_eq(ward("get release %s 1 --key %%s/doctor.key", ticket), EXIT_FINE);
    cr_assert_str_eq(text_of("release", "permit"), "true");
    cr_assert_eq(ward("get patient %s --key %%s/admin.key --org 1", account), EXIT_FINE, "the admin of the hospital that vouched");
}

Test(get, says_no_with_its_exit_code, .init = start, .fini = stop)
{
    cr_assert_eq(ward("get org 9"), EXIT_NO, "its absence is proved");
    cr_assert_eq(ward("get evaluate %s %s --key %%s/patient.key --purpose HPAYMT", account, doctor), EXIT_NO, "the answer is no");
    cr_assert_str_eq(text_of("evaluate", "permit"), "false");
    cr_assert_eq(ward("get release %s 4 --key %%s/doctor.key", ticket), EXIT_NO);
    cr_assert_eq(ward("get grants %s --key %%s/other.key", account), EXIT_NO, "another patient");
    cr_assert_eq(ward("get grants %s --key %%s/doctor.key", account), EXIT_NO, "a doctor");
    cr_assert_eq(ward("get receipt %s", account), EXIT_NO, "no such transaction");
    cr_assert_eq(ward("get grants %s", account), EXIT_USAGE, "without a key");
    cr_assert_eq(ward("get nothing"), EXIT_USAGE);
    cr_assert_eq(ward("get org"), EXIT_USAGE);
    cr_assert_eq(ward("get org 0"), EXIT_USAGE);
    cr_assert_eq(ward("get pointers 12"), EXIT_USAGE);
    cr_assert_eq(ward("get patient %s --key %%s/admin.key", account), EXIT_USAGE, "whose admin?");
    cr_assert_eq(ward("get release %s 1 --key %%s/doctor.key --certified", ticket), EXIT_USAGE);
    cr_assert_eq(kit_run(kit_directory(), "ward get org 1 --socket /tmp/nobody-listens --timeout 100ms --json"), EXIT_UNREACHABLE);
    cr_assert_eq(kit_run(kit_directory(), "ward get org 1 --certified --json"), EXIT_USAGE, "certified by whom?");
}

Test(get, writes_proofs_that_verify_offline, .init = start, .fini = stop)
{
    cr_assert_eq(ward("get pointers %s --key %%s/patient.key --out %%s/pointers", account), EXIT_FINE);
    cr_assert_str_eq(text_of("certified", NULL), "true");
    cr_assert_eq(ward("get grants %s --key %%s/patient.key --out %%s/grants", account), EXIT_FINE);
    cr_assert_eq(ward("get evaluate %s %s --key %%s/patient.key --out %%s/evaluate", account, doctor), EXIT_FINE);
    cr_assert_eq(ward("get receipt %s --out %%s/receipt", receipt), EXIT_FINE);
    cr_assert_eq(ward("get org 9 --out %%s/absent"), EXIT_NO);
    cr_assert_eq(ward("audit %s --key %%s/patient.key --out %%s/audit", account), EXIT_FINE);
    cr_assert_str_eq(text_of("whole", NULL), "true");
    stop();
    static const struct { const char *name, *claim; } files[] = { { "pointers", "all pointers" }, { "grants", "answers" }, { "evaluate", "answers" },
                                                                  { "receipt", "answers" }, { "absent", "answers" }, { "audit", "whole audit" } };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        cr_assert_eq(verify(files[i].name), EXIT_FINE, "%s", files[i].name);
        cr_assert_str_eq(text_of("claim", NULL), files[i].claim);
        cr_assert_str_eq(text_of("valid", NULL), "true");
    }
    fake_start(&replica);
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

Test(get, verify_fails_with_6_when_anything_was_altered, .init = start, .fini = stop)
{
    struct stat status;
    char path[256];

    cr_assert_eq(ward("audit %s --key %%s/patient.key --out %%s/audit", account), EXIT_FINE);
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

Test(get, believes_no_replica_that_lies, .init = start, .fini = stop)
{
    for (lie_at = 0; lie_at < 400; lie_at += 23) {
        cr_assert_eq(ward("get grants %s --key %%s/patient.key --certified", account), EXIT_INTEGRITY, "byte %zu", (size_t)lie_at);
        cr_assert_eq(ward("audit %s --key %%s/patient.key", account), EXIT_INTEGRITY);
    }
}

Test(get, waits_for_a_checkpoint_that_is_high_enough_and_gives_up_in_time, .init = start, .fini = stop)
{
    cr_assert_eq(ward("get org 1 --certified --above %llu", (unsigned long long)desk.lab.height), EXIT_FINE);
    cr_assert_eq(ward("get org 1 --certified --above %llu", (unsigned long long)desk.lab.height + 1), EXIT_UNREACHABLE);
}

Test(get, an_audit_can_be_read_in_parts_that_continue_each_other, .init = start, .fini = stop)
{
    char root[65];

    cr_assert_eq(ward("audit %s --key %%s/patient.key --certified", account), EXIT_FINE);
    snprintf(root, sizeof root, "%s", text_of("audit", "audit_root"));
    size_t count = length_of("audit", "events");
    (void)desk_request(&desk, &desk.doctor);
    desk_checkpoint(&desk, true);
    cr_assert_eq(ward("audit %s --key %%s/patient.key --from %zu --root %s", account, count, root), EXIT_FINE);
    cr_assert_eq(length_of("audit", "events"), 1, "what is new since then");
    cr_assert_str_eq(text_of("whole", NULL), "false");
    root[0] = root[0] == '0' ? '1' : '0';
    cr_assert_eq(ward("audit %s --key %%s/patient.key --from %zu --root %s", account, count, root), EXIT_INTEGRITY, "not what it was");
    cr_assert_eq(ward("audit %s --key %%s/patient.key --disclosures", account), EXIT_FINE);
    cr_assert_eq(length_of("disclosures", "events"), 1);
    cr_assert_eq(ward("audit %s --key %%s/alder.key --disclosures", account), EXIT_FINE);
    cr_assert_eq(ward("audit %s --key %%s/other.key", account), EXIT_NO);
    cr_assert_eq(ward("audit 12 --key %%s/patient.key"), EXIT_USAGE);
}
