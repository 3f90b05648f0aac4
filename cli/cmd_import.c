/* cmd_import.c: `ward import-fhir`: a FHIR R4 bundle of one patient becomes pointers, signed by the record system of the hospital that holds it.
 *
 *     bundle -> clinical resources -> 16 at a time: salt, commitment, locator sealed to the patient -> custody file on disk -> POINTER_ADD -> receipt */
#include "cli/cmd.h"

#include "cli/custody.h"
#include "cli/describe.h"
#include "cli/output.h"
#include "cli/send.h"

#include <string.h>

struct import {
    const struct args *args;
    struct send send;
    struct fhir_bundle bundle;
    uint8_t patient[ACCOUNT_BYTES];
    struct locator_recipient recipient, sealed_recipient; /* the patient's key that grants may share, and the one that none shares */
    json_t *custody;
    json_t *commands; /* of the result */
    uint32_t elsewhere;          /* resources that another organisation made */
    uint32_t accepted, rejected; /* pointers */
    struct tx_draft draft;
    struct tx tx;
    struct fhir_pointer pointers[POINTER_ADD_ITEMS_MAX];
    uint8_t payload[PAYLOAD_BYTES_MAX];
};

_Static_assert(POINTER_ADD_ITEMS_MAX * LOCATOR_SEALED_BYTES <= PAYLOAD_BYTES_MAX, "the locators of a full command fit beside it");

/* ask_patient finds out to which keys locators are to be sealed. */
static int ask_patient(struct import *import)
{
    struct query query = { .kind = QUERY_PATIENT };
    const struct query_facts *facts = &import->send.ask.checker.facts;

    memcpy(query.acct, import->patient, ACCT_BYTES);
    int code = ask_query(&import->send.ask, &query);
    if (code != EXIT_FINE) {
        return code;
    }
    if (!facts->found) {
        return output_fail(import->args, EXIT_NO, "there is no such patient");
    }
    import->recipient.kx_epoch = facts->patient.kx_epoch;
    memcpy(import->recipient.public_key, facts->patient.kx_pk, sizeof import->recipient.public_key);
    import->sealed_recipient = import->recipient;
    memcpy(import->sealed_recipient.public_key, facts->patient.sealed_kx_pk, sizeof import->sealed_recipient.public_key);
    return ask_forget(&import->send.ask);
}

static int load_bundle(struct import *import)
{
    char problem[FHIR_PROBLEM_BYTES];
    enum err err = fhir_load(&import->bundle, import->args->operands[0], problem);

    if (err != ERR_OK) {
        import->bundle = (struct fhir_bundle){ .root = NULL };
        return output_fail(import->args, err == ERR_PERMISSION ? EXIT_PERMISSION : EXIT_CONFIGURATION, "%s", problem);
    }
    const char *organisation = args_text(import->args, "organisation");
    if (organisation != NULL && fhir_keep_organisation(&import->bundle, organisation, &import->elsewhere) != ERR_OK) {
        return output_fail(import->args, EXIT_CONFIGURATION, "%s has no Organization of the id %.80s", import->args->operands[0], organisation);
    }
    if (import->bundle.resources_count == 0) {
        return output_fail(import->args, EXIT_CONFIGURATION, "%s holds no clinical resource%s", import->args->operands[0], organisation != NULL ? " of this organisation" : "");
    }
    uint32_t makers = fhir_organisations_named(&import->bundle);
    if (makers > 1) {
        output_note("%s: its resources come from %u organisations, and become pointers of one: see --organisation", import->args->operands[0], makers);
    }
    return EXIT_FINE;
}

static int prepare(struct import *import)
{
    int code = load_bundle(import);

    if (code == EXIT_FINE) {
        code = send_open(import->args, &import->send);
    }
    if (code == EXIT_FINE && hex_decode(args_text(import->args, "patient"), import->patient, ACCOUNT_BYTES) != ERR_OK) {
        code = output_fail(import->args, EXIT_USAGE, "--patient is an account of 64 hexadecimal digits");
    }
    if (code == EXIT_FINE) {
        code = ask_patient(import);
    }
    if (code == EXIT_FINE) {
        import->custody = custody_new(import->args->operands[0], import->patient, &import->send.ask.genesis);
        enum err err = custody_save(import->custody, args_text(import->args, "custody"), true);
        code = err == ERR_OK ? (int)EXIT_FINE : output_fail(import->args, (enum exit_code)file_exit(err), "%s: %s", args_text(import->args, "custody"), file_problem(err));
    }
    return code;
}

/* fill makes the body and the payload of one command. */
static int fill(struct import *import, uint32_t first, uint32_t count)
{
    struct pointer_add *body = &import->draft.body.as.pointer_add;
    const char *on_behalf = args_text(import->args, "on-behalf");

    import->draft = (struct tx_draft){ .body = { .type = COMMAND_POINTER_ADD } };
    memcpy(body->patient, import->patient, ACCT_BYTES);
    if (on_behalf != NULL && hex_decode(on_behalf, body->on_behalf, ACCT_BYTES) != ERR_OK) {
        return output_fail(import->args, EXIT_USAGE, "--on-behalf is an account of 64 hexadecimal digits");
    }
    body->kx_epoch = import->recipient.kx_epoch;
    body->count = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++) {
        const struct fhir_resource *resource = &import->bundle.resources[first + i];
        if (!fhir_pointer_make(&import->pointers[i], resource, fhir_is_sealed(resource) ? &import->sealed_recipient : &import->recipient)) {
            return output_fail(import->args, EXIT_INTEGRITY, "the patient's key cannot be sealed to: it has small order");
        }
        body->items[i] = import->pointers[i].item;
        memcpy(import->payload + (size_t)i * LOCATOR_SEALED_BYTES, import->pointers[i].sealed, LOCATOR_SEALED_BYTES);
    }
    import->draft.payload = bytes_of(import->payload, (size_t)count * LOCATOR_SEALED_BYTES);
    return EXIT_FINE;
}

/* keep puts the salts on disk before the command leaves. */
static int keep(struct import *import, uint32_t first, uint32_t count)
{
    (void)custody_add(import->custody, &import->tx, &import->bundle.resources[first], import->pointers, count);
    enum err err = custody_save(import->custody, args_text(import->args, "custody"), false);

    return err == ERR_OK ? (int)EXIT_FINE : output_fail(import->args, (enum exit_code)file_exit(err), "%s: %s", args_text(import->args, "custody"), file_problem(err));
}

/* publish has one command executed; when another process of the same sender took its nonce it signs again, and forgets the transaction that can never be. */
static int publish(struct import *import, uint32_t first, uint32_t count)
{
    struct client_event receipt;
    int code = fill(import, first, count);
    bool again = true;

    for (uint32_t i = 0; i < SEND_TRIES && code == EXIT_FINE && again; i++) {
        if (i > 0) {
            custody_drop(import->custody);
        }
        code = send_sign(&import->send, &import->draft, &import->tx);
        code = code == EXIT_FINE ? keep(import, first, count) : code;
        code = code == EXIT_FINE ? send_execute(&import->send, &import->tx, &receipt) : code;
        again = code == EXIT_FINE && send_lost_race(&import->send, &receipt);
    }
    if (code != EXIT_FINE) {
        return code;
    }
    json_t *entry = send_describe(&import->send, &import->tx, &receipt);
    json_object_set_new(entry, "pointers", json_integer(count));
    json_array_append_new(import->commands, entry);
    import->accepted += receipt.code == 0 ? count : 0;
    import->rejected += receipt.code == 0 ? 0 : count;
    return EXIT_FINE;
}

static int publish_all(struct import *import)
{
    int code = EXIT_FINE;

    for (uint32_t first = 0; first < import->bundle.resources_count && code == EXIT_FINE; first += POINTER_ADD_ITEMS_MAX) {
        uint32_t left = import->bundle.resources_count - first;
        code = publish(import, first, left < POINTER_ADD_ITEMS_MAX ? left : POINTER_ADD_ITEMS_MAX);
    }
    return code;
}

static int tell(struct import *import)
{
    json_t *result = json_object();

    json_object_set_new(result, "bundle", json_string(import->args->operands[0]));
    json_object_set_new(result, "patient", output_hex(import->patient, ACCOUNT_BYTES));
    json_object_set_new(result, "resources", json_integer(import->bundle.resources_count));
    json_object_set_new(result, "skipped", json_integer(import->bundle.skipped));
    json_object_set_new(result, "elsewhere", json_integer(import->elsewhere));
    json_object_set_new(result, "accepted", json_integer(import->accepted));
    json_object_set_new(result, "rejected", json_integer(import->rejected));
    json_object_set_new(result, "custody", json_string(args_text(import->args, "custody")));
    json_object_set(result, "commands", import->commands);
    int code = output_result(import->args, result);
    return code == EXIT_FINE && import->rejected > 0 ? (int)EXIT_NO : code;
}

int cmd_import_fhir(const struct args *args)
{
    static struct import import; /* 100 KB: not on the stack */

    import = (struct import){ .args = args, .commands = json_array() };
    int code = prepare(&import);
    if (code == EXIT_FINE) {
        code = publish_all(&import);
    }
    if (code == EXIT_FINE) {
        code = tell(&import);
    }
    if (import.bundle.root != NULL) {
        fhir_close(&import.bundle);
    }
    json_decref(import.custody);
    json_decref(import.commands);
    send_close(&import.send);
    return code;
}
