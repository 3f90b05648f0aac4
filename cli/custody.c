/* custody.c: see custody.h.
 *
 *     { schema, bundle, genesis, patient, commands: [ { transaction, earlier, sender, nonce, valid_until_ms, below, code, height, pointers: [ {
 *         resource, bytes, salt, content_commit, locator_hash, locator } ] } ] }
 *
 * code, height: of an executed command alone. locator: of one that may be sent again. */
#include "cli/custody.h"

#include "base/assert.h"
#include "cli/file.h"
#include "cli/output.h"
#include "wire/block.h"

#include <stdlib.h>
#include <string.h>

static const char schema[] = "ward.custody/2";

json_t *custody_new(const struct custody_head *head)
{
    json_t *custody = json_object();

    json_object_set_new(custody, "schema", json_string(schema));
    json_object_set_new(custody, "bundle", json_string(head->bundle));
    json_object_set_new(custody, "genesis", output_hex(head->genesis->bytes, HASH_BYTES));
    json_object_set_new(custody, "patient", output_hex(head->patient, ACCOUNT_BYTES));
    json_object_set_new(custody, "commands", json_array());
    return custody;
}

/* --- Reading --------------------------------------------------------------------------------------------------------- */

/* read_hex reads a member of exactly `size` bytes. */
static bool read_hex(const json_t *object, const char *name, void *out, size_t size)
{
    const char *digits = json_string_value(json_object_get(object, name));

    return digits != NULL && hex_decode(digits, out, size) == ERR_OK;
}

/* read_number reads a member from 0 to `most`. */
static bool read_number(const json_t *object, const char *name, uint64_t most, uint64_t *number)
{
    const json_t *value = json_object_get(object, name);
    json_int_t given = json_integer_value(value);

    *number = given < 0 ? 0 : (uint64_t)given;
    return json_is_integer(value) && given >= 0 && *number <= most;
}

static enum err refuse(char problem[CUSTODY_PROBLEM_BYTES], enum err err, const char *sentence)
{
    snprintf(problem, CUSTODY_PROBLEM_BYTES, "%s", sentence);
    return err;
}

/* check_head tells whether the content is of this form, patient and chain. */
static enum err check_head(const json_t *custody, const struct custody_head *head, char problem[CUSTODY_PROBLEM_BYTES])
{
    const char *named = json_string_value(json_object_get(custody, "schema"));
    uint8_t patient[ACCOUNT_BYTES], genesis[HASH_BYTES];

    if (named == NULL || strcmp(named, schema) != 0) {
        return refuse(problem, ERR_INVALID, named != NULL && strcmp(named, "ward.custody/1") == 0 ? "it was written by an older ward, whose imports cannot go on"
                                                                                                  : "it is no custodian's file");
    }
    if (!read_hex(custody, "patient", patient, sizeof patient) || !read_hex(custody, "genesis", genesis, sizeof genesis) || !json_is_array(json_object_get(custody, "commands"))) {
        return refuse(problem, ERR_INVALID, "it is no whole custodian's file");
    }
    if (memcmp(patient, head->patient, sizeof patient) != 0) {
        return refuse(problem, ERR_CONFLICT, "it belongs to an import of another patient");
    }
    return memcmp(genesis, head->genesis->bytes, sizeof genesis) == 0 ? ERR_OK : refuse(problem, ERR_CONFLICT, "it belongs to an import into another chain");
}

enum err custody_load(json_t **custody, const char *path, const struct custody_head *head, char problem[CUSTODY_PROBLEM_BYTES])
{
    struct file file;

    *custody = NULL;
    enum err err = file_read(&file, path);
    if (err != ERR_OK) {
        return refuse(problem, err, file_problem(err));
    }
    *custody = json_loadb((const char *)file.data, file.size, JSON_REJECT_DUPLICATES, NULL);
    file_close(&file);
    err = *custody == NULL ? refuse(problem, ERR_INVALID, "it is not JSON") : check_head(*custody, head, problem);
    if (err != ERR_OK) {
        json_decref(*custody);
        *custody = NULL;
    }
    return err;
}

uint32_t custody_count(const json_t *custody)
{
    return (uint32_t)json_array_size(json_object_get(custody, "commands"));
}

static json_t *command_at(const json_t *custody, uint32_t index)
{
    ASSERT(index < custody_count(custody));
    return json_array_get(json_object_get(custody, "commands"), index);
}

/* read_pointer reads one pointer. Gives: whether it commits to this very resource, and has what is sealed if it is needed. */
static bool read_pointer(const json_t *object, const struct fhir_resource *resource, bool open, struct fhir_pointer *pointer)
{
    uint8_t commit[HASH_BYTES], locator[HASH_BYTES];
    json_t *name = json_sprintf("%s/%s", resource->type, resource->id);
    bool same = json_equal(name, json_object_get(object, "resource")) && read_hex(object, "salt", pointer->salt, sizeof pointer->salt) &&
                read_hex(object, "content_commit", commit, sizeof commit) && read_hex(object, "locator_hash", locator, sizeof locator) &&
                (!open || read_hex(object, "locator", pointer->sealed, sizeof pointer->sealed));

    json_decref(name);
    if (!same) {
        return false;
    }
    if (!open) {
        memset(pointer->sealed, 0, sizeof pointer->sealed);
    }
    fhir_pointer_fill(pointer, resource);
    return memcmp(pointer->item.content_commit.bytes, commit, sizeof commit) == 0 && (!open || memcmp(pointer->item.locator_hash.bytes, locator, sizeof locator) == 0);
}

bool custody_get(const json_t *custody, uint32_t index, const struct fhir_resource *resources, uint32_t count, struct custody_command *command, struct fhir_pointer *pointers)
{
    const json_t *object = command_at(custody, index), *items = json_object_get(object, "pointers");
    uint64_t below = 0, code = 0, height = 0;

    ASSERT(count <= POINTER_ADD_ITEMS_MAX);
    *command = (struct custody_command){ .executed = read_number(object, "code", UINT16_MAX, &code) };
    bool good = read_hex(object, "transaction", command->id.bytes, HASH_BYTES) && read_hex(object, "sender", command->sender, ACCOUNT_BYTES) &&
                read_number(object, "nonce", WIRE_NUMBER_MAX, &command->nonce) && read_number(object, "valid_until_ms", WIRE_NUMBER_MAX, &command->valid_until_ms) &&
                read_number(object, "below", UINT32_MAX, &below) && json_array_size(items) == count;
    good = good && (!command->executed || read_number(object, "height", WIRE_NUMBER_MAX, &height));
    command->height = height;
    command->below = (uint32_t)below;
    command->code = (uint16_t)code;
    for (uint32_t i = 0; i < count && good; i++) {
        good = read_pointer(json_array_get(items, i), &resources[i], !command->executed, &pointers[i]);
    }
    return good;
}

bool custody_earlier(const json_t *custody, uint32_t index, uint32_t number, struct hash32 *id)
{
    const char *digits = json_string_value(json_array_get(json_object_get(command_at(custody, index), "earlier"), number));

    return digits != NULL && hex_decode(digits, id->bytes, HASH_BYTES) == ERR_OK;
}

/* --- Writing --------------------------------------------------------------------------------------------------------- */

static json_t *describe(const struct fhir_resource *resource, const struct fhir_pointer *pointer)
{
    json_t *object = json_object();

    json_object_set_new(object, "resource", json_sprintf("%s/%s", resource->type, resource->id));
    json_object_set_new(object, "bytes", json_integer((json_int_t)resource->size));
    json_object_set_new(object, "salt", output_hex(pointer->salt, sizeof pointer->salt));
    json_object_set_new(object, "content_commit", output_hex(pointer->item.content_commit.bytes, HASH_BYTES));
    json_object_set_new(object, "locator_hash", output_hex(pointer->item.locator_hash.bytes, HASH_BYTES));
    json_object_set_new(object, "locator", output_hex(pointer->sealed, sizeof pointer->sealed));
    return object;
}

void custody_put(json_t *custody, uint32_t index, const struct custody_command *command, const struct fhir_resource *resources, const struct fhir_pointer *pointers, uint32_t count)
{
    json_t *object = json_object(), *items = json_array(), *commands = json_object_get(custody, "commands");

    ASSERT(index <= custody_count(custody));
    ASSERT(!command->executed);
    for (uint32_t i = 0; i < count; i++) {
        json_array_append_new(items, describe(&resources[i], &pointers[i]));
    }
    json_object_set_new(object, "transaction", output_hex(command->id.bytes, HASH_BYTES));
    json_object_set_new(object, "earlier", json_array());
    json_object_set_new(object, "sender", output_hex(command->sender, ACCOUNT_BYTES));
    json_object_set_new(object, "nonce", json_integer((json_int_t)command->nonce));
    json_object_set_new(object, "valid_until_ms", json_integer((json_int_t)command->valid_until_ms));
    json_object_set_new(object, "below", json_integer(command->below));
    json_object_set_new(object, "pointers", items);
    if (index < custody_count(custody)) {
        json_array_set_new(commands, index, object);
    } else {
        json_array_append_new(commands, object);
    }
}

void custody_sign_again(json_t *custody, uint32_t index, const struct hash32 *id, uint64_t valid_until_ms)
{
    json_t *object = command_at(custody, index);

    json_array_append(json_object_get(object, "earlier"), json_object_get(object, "transaction"));
    json_object_set_new(object, "transaction", output_hex(id->bytes, HASH_BYTES));
    json_object_set_new(object, "valid_until_ms", json_integer((json_int_t)valid_until_ms));
}

static void settle(json_t *object, uint16_t code, uint64_t height)
{
    json_object_set_new(object, "code", json_integer(code));
    json_object_set_new(object, "height", json_integer((json_int_t)height));
}

void custody_reopen(json_t *custody, uint32_t index)
{
    json_t *object = command_at(custody, index);

    if (json_object_get(json_array_get(json_object_get(object, "pointers"), 0), "locator") != NULL) {
        json_object_del(object, "code");
        json_object_del(object, "height");
    }
}

void custody_close(json_t *custody, uint32_t index)
{
    json_t *object = command_at(custody, index), *item;
    size_t i;

    json_array_foreach(json_object_get(object, "pointers"), i, item) {
        json_object_del(item, "locator");
    }
}

void custody_settle(json_t *custody, uint32_t index, const struct hash32 *id, const struct client_event *receipt)
{
    json_t *object = command_at(custody, index);

    json_object_set_new(object, "transaction", output_hex(id->bytes, HASH_BYTES));
    json_object_set_new(object, "earlier", json_array());
    settle(object, receipt->code, receipt->height);
}

void custody_settle_found(json_t *custody, uint32_t index)
{
    settle(command_at(custody, index), 0, 0);
}

enum err custody_save(const json_t *custody, const char *path, bool fresh)
{
    char *text = json_dumps(custody, JSON_INDENT(1));

    if (text == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err err = file_write(path, text, strlen(text), 0600, fresh);
    free(text);
    return err;
}
