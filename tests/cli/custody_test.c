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
    static struct tx tx = { .id = { { 7 } } };
    uint8_t patient[ACCOUNT_BYTES] = { 9 };
    struct hash32 genesis = { { 3 } };
    struct kx_keypair pair;
    struct locator_recipient recipient = { .kx_epoch = 1 };

    crypto_start();
    uint8_t seed[32] = { 5 };
    kx_keypair_from_seed(&pair, seed);
    memcpy(recipient.public_key, pair.public_key, 32);
    json_t *custody = custody_new("bundle.json", patient, &genesis);
    cr_assert(fhir_pointer_make(&pointers[0], &resources[0], &recipient));
    cr_assert(fhir_pointer_make(&pointers[1], &resources[1], &recipient));
    cr_assert_not_null(custody_add(custody, &tx, resources, pointers, 2));
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
