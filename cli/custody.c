/* custody.c: see custody.h. */
#include "cli/custody.h"

#include "base/assert.h"
#include "cli/file.h"
#include "cli/output.h"

#include <stdlib.h>
#include <string.h>

json_t *custody_new(const char *bundle, const uint8_t patient[ACCOUNT_BYTES], const struct hash32 *genesis)
{
    json_t *custody = json_object();

    json_object_set_new(custody, "schema", json_string("ward.custody/1"));
    json_object_set_new(custody, "bundle", json_string(bundle));
    json_object_set_new(custody, "genesis", output_hex(genesis->bytes, HASH_BYTES));
    json_object_set_new(custody, "patient", output_hex(patient, ACCOUNT_BYTES));
    json_object_set_new(custody, "commands", json_array());
    return custody;
}

static json_t *describe(const struct fhir_resource *resource, const struct fhir_pointer *pointer)
{
    json_t *object = json_object();

    json_object_set_new(object, "resource", json_sprintf("%s/%s", resource->type, resource->id));
    json_object_set_new(object, "bytes", json_integer((json_int_t)resource->size));
    json_object_set_new(object, "salt", output_hex(pointer->salt, sizeof pointer->salt));
    json_object_set_new(object, "content_commit", output_hex(pointer->item.content_commit.bytes, HASH_BYTES));
    json_object_set_new(object, "locator_hash", output_hex(pointer->item.locator_hash.bytes, HASH_BYTES));
    return object;
}

json_t *custody_add(json_t *custody, const struct tx *tx, const struct fhir_resource *resources, const struct fhir_pointer *pointers, uint32_t count)
{
    json_t *command = json_object(), *items = json_array();

    for (uint32_t i = 0; i < count; i++) {
        json_array_append_new(items, describe(&resources[i], &pointers[i]));
    }
    json_object_set_new(command, "transaction", output_hex(tx->id.bytes, HASH_BYTES));
    json_object_set_new(command, "pointers", items);
    json_array_append_new(json_object_get(custody, "commands"), command);
    return command;
}

void custody_drop(json_t *custody)
{
    json_t *commands = json_object_get(custody, "commands");

    ASSERT(json_array_size(commands) > 0);
    json_array_remove(commands, json_array_size(commands) - 1);
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
