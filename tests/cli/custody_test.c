/* custody_test.c: what a hospital keeps lets it show later which document was committed to. */
#include "cli/custody.h"

#include "tests/cli/cli_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct fhir_resource resources[2] = { { .type = "Condition", .id = "c1", .bytes = (char *)"{}", .size = 2 }, { .type = "Procedure", .id = "p1", .bytes = (char *)"{\"a\":1}", .size = 7 } };

static json_t *make(struct fhir_pointer pointers[2])
{
    struct custody_command command = { .id = { { 7 } }, .sender = { 4 }, .nonce = 5, .valid_until_ms = 1000, .below = 3 };
    uint8_t patient[ACCOUNT_BYTES] = { 9 };
    struct hash32 genesis = { { 3 } };
    struct kx_keypair pair;
    struct locator_recipient recipient = { .kx_epoch = 1 };

    crypto_start();
    uint8_t seed[32] = { 5 };
    kx_keypair_from_seed(&pair, seed);
    memcpy(recipient.public_key, pair.public_key, 32);
    json_t *custody = custody_new(&(struct custody_head){ "bundle.json", patient, &genesis });
    cr_assert(fhir_pointer_make(&pointers[0], &resources[0], &recipient));
    cr_assert(fhir_pointer_make(&pointers[1], &resources[1], &recipient));
    custody_put(custody, 0, &command, resources, pointers, 2);
    return custody;
}

Test(custody, salts_and_local_ids_open_every_commitment)
{
    struct fhir_pointer pointers[2];
    json_t *custody = make(pointers);
    const json_t *items = json_object_get(json_array_get(json_object_get(custody, "commands"), 0), "pointers");

    cr_assert_eq(json_array_size(items), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *item = json_array_get(items, i);
        uint8_t salt[32], commit[32];
        cr_assert_eq(hex_decode(json_string_value(json_object_get(item, "salt")), salt, 32), ERR_OK);
        cr_assert_eq(hex_decode(json_string_value(json_object_get(item, "content_commit")), commit, 32), ERR_OK);
        struct hash32 again = hash_salted(HASH_CONTENT, salt, resources[i].bytes, resources[i].size);
        cr_assert_eq(memcmp(again.bytes, commit, 32), 0);
    }
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(items, 1), "resource")), "Procedure/p1");
    json_decref(custody);
}

Test(custody, a_file_is_private_and_a_fresh_one_overwrites_nothing)
{
    struct fhir_pointer pointers[2];
    json_t *custody = make(pointers);
    char path[512];
    struct stat info;

    snprintf(path, sizeof path, "%s/custody.json", kit_directory());
    cr_assert_eq(custody_save(custody, path, true), ERR_OK);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 07777, 0600);
    cr_assert_eq(custody_save(custody, path, true), ERR_EXISTS);
    cr_assert_eq(custody_save(custody, path, false), ERR_OK);
    json_t *read = json_load_file(path, 0, NULL);
    cr_assert(json_equal(read, custody));
    json_decref(read);
    json_decref(custody);
}

/* --- Read again ------------------------------------------------------------------------------------------------------- */

Test(custody, a_command_is_read_as_it_was_put)
{
    struct fhir_pointer pointers[2], again[2];
    struct custody_command command;
    struct hash32 id = { { 8 } };
    json_t *custody = make(pointers);

    cr_assert_eq(custody_count(custody), 1);
    cr_assert(custody_get(custody, 0, resources, 2, &command, again));
    cr_expect(!command.executed);
    cr_expect_eq(command.id.bytes[0], 7);
    cr_expect_eq(command.sender[0], 4);
    cr_expect_eq(command.nonce, 5);
    cr_expect_eq(command.valid_until_ms, 1000);
    cr_expect_eq(command.below, 3);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_arr_eq(again[i].salt, pointers[i].salt, 32);
        cr_expect_arr_eq(again[i].sealed, pointers[i].sealed, LOCATOR_SEALED_BYTES);
        cr_expect(hash_equal(&again[i].item.content_commit, &pointers[i].item.content_commit));
        cr_expect(hash_equal(&again[i].item.locator_hash, &pointers[i].item.locator_hash));
    }
    cr_expect(!custody_earlier(custody, 0, 0, &id));
    custody_sign_again(custody, 0, &id, 2000);
    cr_assert(custody_get(custody, 0, resources, 2, &command, again));
    cr_expect_eq(command.id.bytes[0], 8);
    cr_expect_eq(command.valid_until_ms, 2000);
    cr_assert(custody_earlier(custody, 0, 0, &id));
    cr_expect_eq(id.bytes[0], 7);
    custody_settle(custody, 0, &id, &(struct client_event){ .type = CLIENT_RECEIPTS, .code = 9, .height = 12 });
    cr_assert(custody_get(custody, 0, resources, 2, &command, again));
    cr_expect(command.executed);
    cr_expect_eq(command.id.bytes[0], 7);
    cr_expect_eq(command.code, 9);
    cr_expect_eq(command.height, 12);
    cr_expect(!custody_earlier(custody, 0, 0, &id));
    custody_reopen(custody, 0);
    cr_assert(custody_get(custody, 0, resources, 2, &command, again), "it has all that it needs to be sent again");
    cr_expect(!command.executed);
    custody_settle(custody, 0, &id, &(struct client_event){ .type = CLIENT_RECEIPTS, .code = 9, .height = 12 });
    custody_close(custody, 0);
    cr_assert(custody_get(custody, 0, resources, 2, &command, again));
    cr_expect_null(json_object_get(json_array_get(json_object_get(json_array_get(json_object_get(custody, "commands"), 0), "pointers"), 0), "locator"), "nothing can need it any more");
    json_decref(custody);
}

/* spoil gives the file's content with one member of the command, or of its second pointer, changed or gone. */
static json_t *spoil(bool of_pointer, const char *member, json_t *value)
{
    struct fhir_pointer pointers[2];
    json_t *custody = make(pointers), *command = json_array_get(json_object_get(custody, "commands"), 0);
    json_t *object = of_pointer ? json_array_get(json_object_get(command, "pointers"), 1) : command;

    if (value != NULL) {
        json_object_set_new(object, member, value);
    } else {
        json_object_del(object, member);
    }
    return custody;
}

/* What somebody's editor did to it leads to a refusal, never to a command. */
Test(custody, a_command_that_is_not_whole_or_of_other_records_is_refused)
{
    static const struct {
        bool of_pointer;
        const char *member, *text;
    } rows[] = {
        { false, "transaction", NULL }, { false, "transaction", "07" }, { false, "sender", NULL }, { false, "nonce", NULL }, { false, "nonce", "5" }, { false, "valid_until_ms", NULL },
        { false, "below", NULL }, { false, "pointers", NULL }, { true, "resource", NULL }, { true, "resource", "Procedure/p2" }, { true, "salt", NULL }, { true, "locator", NULL },
        { true, "salt", "0000000000000000000000000000000000000000000000000000000000000000" },
        { true, "content_commit", "0000000000000000000000000000000000000000000000000000000000000000" },
        { true, "locator_hash", "0000000000000000000000000000000000000000000000000000000000000000" },
    };
    struct custody_command command;
    struct fhir_pointer again[POINTER_ADD_ITEMS_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *custody = spoil(rows[i].of_pointer, rows[i].member, rows[i].text == NULL ? NULL : json_string(rows[i].text));
        cr_expect(!custody_get(custody, 0, resources, 2, &command, again), "%s", rows[i].member);
        json_decref(custody);
    }
    json_t *custody = spoil(false, "nonce", json_integer(-1));
    cr_expect(!custody_get(custody, 0, resources, 2, &command, again));
    json_decref(custody);
    custody = spoil(false, "nothing", NULL);
    cr_expect(!custody_get(custody, 0, resources, 1, &command, again), "one record fewer");
    struct fhir_resource changed[2] = { resources[0], { .type = "Procedure", .id = "p1", .bytes = (char *)"{\"a\":2}", .size = 7 } };
    cr_expect(!custody_get(custody, 0, changed, 2, &command, again), "other bytes");
    json_decref(custody);
}

Test(custody, a_file_of_another_patient_chain_or_form_is_not_gone_on_with)
{
    struct fhir_pointer pointers[2];
    uint8_t patient[ACCOUNT_BYTES] = { 9 }, other_patient[ACCOUNT_BYTES] = { 10 };
    struct hash32 genesis = { { 3 } }, other_genesis = { { 4 } };
    char path[512], problem[CUSTODY_PROBLEM_BYTES];
    json_t *custody = make(pointers), *read = NULL;
    const struct custody_head right = { "bundle.json", patient, &genesis }, patients = { "bundle.json", other_patient, &genesis }, chains = { "bundle.json", patient, &other_genesis };

    snprintf(path, sizeof path, "%s/custody.json", kit_directory());
    cr_assert_eq(custody_save(custody, path, true), ERR_OK);
    cr_assert_eq(custody_load(&read, path, &right, problem), ERR_OK, "%s", problem);
    cr_assert(json_equal(read, custody));
    json_decref(read);
    cr_expect_eq(custody_load(&read, path, &patients, problem), ERR_CONFLICT);
    cr_expect_eq(custody_load(&read, path, &chains, problem), ERR_CONFLICT);
    cr_expect_eq(custody_load(&read, "/nowhere/custody.json", &right, problem), ERR_NOT_FOUND);
    static const char *const texts[] = { "", "{", "[]", "{}", "{\"schema\": \"ward.custody/1\"}", "{\"schema\": \"ward.custody/2\"}" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect_eq(custody_load(&read, kit_write("other.json", texts[i]), &right, problem), ERR_INVALID, "%s", texts[i]);
        cr_expect_null(read);
    }
    json_decref(custody);
}
