/* cmd_import.c: `ward import-fhir`: a FHIR R4 bundle of one patient becomes pointers, signed by the record system of the hospital that holds it.
 *
 *     bundle -> clinical resources -> 16 at a time: salt, commitment, locator sealed to the patient -> custody file on disk -> POINTER_ADD -> receipt
 *
 * An import that was cut short goes on with its custody file: what has a receipt is left alone, and a command that was under way is settled first
 * (cli/import_resume.c). */
#include "cli/import.h"

#include "cli/client_priv.h"
#include "cli/cmd.h"
#include "cli/describe.h"
#include "cli/output.h"

#include <poll.h>
#include <string.h>

enum { AGAIN_MS = 250 };

_Static_assert(POINTER_ADD_ITEMS_MAX * LOCATOR_SEALED_BYTES <= PAYLOAD_BYTES_MAX, "the locators of a full command fit beside it");

/* --- The patient ------------------------------------------------------------------------------------------------------ */

int import_ask_certified(struct import *import, struct query *query, uint16_t *refusal)
{
    import->send.ask.certified = true;
    int code = ask_try(&import->send.ask, query, refusal);
    import->send.ask.certified = false;
    return code;
}

/* prove_patient asks until a certified checkpoint knows the patient. Needs: the newest state of a replica does. */
static int prove_patient(struct import *import, struct query *query)
{
    const struct query_facts *facts = &import->send.ask.checker.facts;
    uint16_t refusal = 0;
    int code = import_ask_certified(import, query, &refusal);

    while (code == EXIT_FINE && refusal == 0 && !facts->found) {
        if (client_left_ms(import->send.ask.end_ns) <= AGAIN_MS) {
            return output_fail(import->args, EXIT_UNREACHABLE, "one replica says that there is such a patient, and no certified checkpoint has proved it in time: one comes ten seconds after "
                                                               "the last command");
        }
        (void)poll(NULL, 0, AGAIN_MS);
        code = import_ask_certified(import, query, &refusal);
    }
    return code != EXIT_FINE || refusal == 0 ? code : output_fail(import->args, EXIT_NO, "refused with %u %s: %s", refusal, code_name(refusal), describe_code_text(refusal));
}

/* ask_patient finds out to which keys locators are to be sealed: from a certified checkpoint, for whoever gives the keys can read what is sealed to them. */
static int ask_patient(struct import *import)
{
    struct query query = { .kind = QUERY_PATIENT };
    const struct query_facts *facts = &import->send.ask.checker.facts;

    memcpy(query.acct, import->patient, ACCT_BYTES);
    int code = ask_query(&import->send.ask, &query); /* A refusal, or no such patient, is told at once. */
    if (code == EXIT_FINE && !facts->found) {
        code = output_fail(import->args, EXIT_NO, "there is no such patient");
    }
    code = code == EXIT_FINE ? prove_patient(import, &query) : code;
    if (code != EXIT_FINE) {
        return code;
    }
    import->below = facts->patient.ptr_count;
    import->recipient.kx_epoch = facts->patient.kx_epoch;
    memcpy(import->recipient.public_key, facts->patient.kx_pk, sizeof import->recipient.public_key);
    import->sealed_recipient = import->recipient;
    memcpy(import->sealed_recipient.public_key, facts->patient.sealed_kx_pk, sizeof import->sealed_recipient.public_key);
    return ask_forget(&import->send.ask);
}

/* --- Beginning -------------------------------------------------------------------------------------------------------- */

static int load_bundle(struct import *import)
{
    char problem[FHIR_PROBLEM_BYTES];
    enum err err = fhir_load(&import->bundle, import->args->operands[0], problem);

    if (err != ERR_OK) {
        import->bundle = (struct fhir_bundle){ .root = NULL };
        return output_fail(import->args, err == ERR_INVALID ? EXIT_CONFIGURATION : (enum exit_code)file_exit(err), "%s", problem);
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

static int custody_fail(const struct import *import, enum err err)
{
    const char *path = args_text(import->args, "custody");

    return output_fail(import->args, (enum exit_code)file_exit(err), "%s: %s", path, file_problem(err));
}

/* open_custody begins the file, or reads the one of an import that was cut short. */
static int open_custody(struct import *import)
{
    const char *path = args_text(import->args, "custody");
    struct custody_head head = { import->args->operands[0], import->patient, &import->send.ask.genesis };
    char problem[CUSTODY_PROBLEM_BYTES];

    enum err err = file_lock(&import->lock, path);
    if (err != ERR_OK) {
        return err == ERR_AGAIN ? output_fail(import->args, EXIT_REFUSED, "%s: another import is at work with it", path) : custody_fail(import, err);
    }
    if (file_free(path)) {
        import->custody = custody_new(&head);
        err = custody_save(import->custody, path, true);
        return err == ERR_OK ? (int)EXIT_FINE : custody_fail(import, err);
    }
    err = custody_load(&import->custody, path, &head, problem);
    if (err == ERR_OK) {
        return import_check(import);
    }
    bool foreign = err == ERR_INVALID || err == ERR_CONFLICT || err == ERR_UNSUPPORTED; /* Something is there, and stays as it is. */
    return output_fail(import->args, foreign ? EXIT_REFUSED : (enum exit_code)file_exit(err), "%s is there already, and this import does not go on with it: %s", path, problem);
}

static int connect_first(struct import *import)
{
    return send_open(import->args, &import->send);
}

static int prepare(struct import *import)
{
    int code = args_has(import->args, "genesis") ? load_bundle(import)
                                                 : output_fail(import->args, EXIT_USAGE, "--genesis is missing: it says whose signatures prove the patient's keys, to which the locators are sealed");

    if (code == EXIT_FINE && hex_decode(args_text(import->args, "patient"), import->patient, ACCOUNT_BYTES) != ERR_OK) {
        code = output_fail(import->args, EXIT_USAGE, "--patient is an account of 64 hexadecimal digits");
    }
    int (*const steps[])(struct import *) = { connect_first, ask_patient, open_custody };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && code == EXIT_FINE; i++) {
        code = steps[i](import);
    }
    return code;
}

/* --- One command ------------------------------------------------------------------------------------------------------ */

int import_draft(struct import *import, uint32_t count)
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
        body->items[i] = import->pointers[i].item;
        memcpy(import->payload + (size_t)i * LOCATOR_SEALED_BYTES, import->pointers[i].sealed, LOCATOR_SEALED_BYTES);
    }
    import->draft.payload = bytes_of(import->payload, (size_t)count * LOCATOR_SEALED_BYTES);
    return EXIT_FINE;
}

/* fill makes new pointers and the draft of one command. */
static int fill(struct import *import, const struct import_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct fhir_resource *resource = &batch->resources[i];
        if (!fhir_pointer_make(&import->pointers[i], resource, fhir_is_sealed(resource) ? &import->sealed_recipient : &import->recipient)) {
            return output_fail(import->args, EXIT_INTEGRITY, "the patient's key cannot be sealed to: it has small order");
        }
    }
    return import_draft(import, batch->count);
}

int import_save(struct import *import)
{
    enum err err = custody_save(import->custody, args_text(import->args, "custody"), false);

    return err == ERR_OK ? (int)EXIT_FINE : custody_fail(import, err);
}

/* keep puts the salts on disk before the command leaves. */
static int keep(struct import *import, const struct import_batch *batch)
{
    struct custody_command command = { .id = import->tx.id, .nonce = import->draft.nonce, .valid_until_ms = import->draft.valid_until_ms, .below = import->below };

    memcpy(command.sender, import->send.ask.account, ACCOUNT_BYTES);
    custody_put(import->custody, batch->index, &command, batch->resources, import->pointers, batch->count);
    return import_save(import);
}

/* publish has one command executed; when another process of the same sender took its nonce it signs again, in the place of the transaction that can never be. */
static int publish(struct import *import, const struct import_batch *batch, struct client_event *receipt)
{
    int code = fill(import, batch);
    bool again = true;

    for (uint32_t i = 0; i < SEND_TRIES && code == EXIT_FINE && again; i++) {
        code = send_sign(&import->send, &import->draft, &import->tx);
        code = code == EXIT_FINE ? keep(import, batch) : code;
        code = code == EXIT_FINE ? send_execute(&import->send, &import->tx, receipt) : code;
        again = code == EXIT_FINE && send_lost_race(&import->send, receipt);
    }
    return code;
}

/* --- All of them ------------------------------------------------------------------------------------------------------ */

/* count_up takes the outcome of one command into the result. */
static int count_up(struct import *import, const struct import_batch *batch, const struct client_event *receipt)
{
    json_t *entry = send_describe(&import->send, &import->tx, receipt);

    json_object_set_new(entry, "pointers", json_integer(batch->count));
    json_array_append_new(import->commands, entry);
    import->accepted += receipt->code == 0 ? batch->count : 0;
    import->rejected += receipt->code == 0 ? 0 : batch->count;
    if (receipt->type != CLIENT_RECEIPTS) {
        return EXIT_FINE; /* It stays open: whoever refused it has it. */
    }
    custody_settle(import->custody, batch->index, &import->tx.id, receipt);
    if (!import->send.certified) {
        custody_close(import->custody, batch->index);
    }
    return import_save(import);
}

/* take deals with one batch: it is there already, or it is settled, or it is published. */
static int take(struct import *import, const struct import_batch *batch)
{
    struct client_event receipt = { 0 };
    enum import_state state = IMPORT_ABSENT;
    int code = EXIT_FINE;

    ask_renew(&import->send.ask);
    if (batch->index < custody_count(import->custody)) {
        code = import_settle(import, batch, &state, &receipt);
    }
    if (code == EXIT_FINE && state == IMPORT_PRESENT) {
        import->present += batch->count;
        return EXIT_FINE;
    }
    if (code == EXIT_FINE && state == IMPORT_ABSENT) {
        code = publish(import, batch, &receipt);
    }
    return code == EXIT_FINE ? count_up(import, batch, &receipt) : code;
}

static struct import_batch batch_at(const struct import *import, uint32_t index)
{
    uint32_t first = index * POINTER_ADD_ITEMS_MAX, left = import->bundle.resources_count - first;

    return (struct import_batch){ index, &import->bundle.resources[first], left < POINTER_ADD_ITEMS_MAX ? left : POINTER_ADD_ITEMS_MAX };
}

static uint32_t batches(const struct import *import)
{
    return (import->bundle.resources_count + POINTER_ADD_ITEMS_MAX - 1) / POINTER_ADD_ITEMS_MAX;
}

int import_check(struct import *import)
{
    const char *path = args_text(import->args, "custody");
    uint32_t count = custody_count(import->custody);
    struct custody_command command;

    if (count > batches(import)) {
        return output_fail(import->args, EXIT_REFUSED, "%s is there already, and holds more records than this bundle gives", path);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct import_batch batch = batch_at(import, i);
        if (!custody_get(import->custody, i, batch.resources, batch.count, &command, import->pointers)) {
            return output_fail(import->args, EXIT_REFUSED, "%s is there already, and its command %u is not of the records that are to be imported: an import goes on with the same bundle and the "
                                                           "same --organisation; what has changed since is another import, with a file of its own", path, i + 1);
        }
        if (!command.executed && memcmp(command.sender, import->send.ask.account, ACCOUNT_BYTES) != 0) {
            return output_fail(import->args, EXIT_REFUSED, "%s: its command %u was signed by another account and may still be executed: go on with the key of that one", path, i + 1);
        }
    }
    return EXIT_FINE;
}

static int publish_all(struct import *import)
{
    int code = EXIT_FINE;

    for (uint32_t i = 0; i < batches(import) && code == EXIT_FINE; i++) {
        struct import_batch batch = batch_at(import, i);
        code = take(import, &batch);
    }
    return code;
}

/* reopen lets what is not proved be sent again by the next run. Gives: the code that it came with. */
static int reopen(struct import *import, uint32_t first, int code)
{
    for (uint32_t i = first; i < custody_count(import->custody); i++) {
        custody_reopen(import->custody, i);
    }
    output_note("what is not proved is still open in the custody file: the same words again, to another replica, go on with it");
    int saved = import_save(import);
    return saved == EXIT_FINE ? code : saved;
}

/* prove_all proves what all commands of the file put on the ledger, when --certified or --out asks for it. */
static int prove_all(struct import *import)
{
    int code = import->send.certified ? ask_forget(&import->send.ask) : EXIT_FINE;

    for (uint32_t i = 0; import->send.certified && code == EXIT_FINE && i < custody_count(import->custody); i++) {
        struct import_batch batch = batch_at(import, i);
        ask_renew(&import->send.ask);
        code = import_prove(import, &batch);
        code = code == EXIT_FINE ? code : reopen(import, i, code);
    }
    return code == EXIT_FINE && import->send.certified ? import_save(import) : code;
}

static int tell(struct import *import)
{
    json_t *result = json_object();

    json_object_set_new(result, "bundle", json_string(import->args->operands[0]));
    json_object_set_new(result, "patient", output_hex(import->patient, ACCOUNT_BYTES));
    json_object_set_new(result, "resources", json_integer(import->bundle.resources_count));
    json_object_set_new(result, "skipped", json_integer(import->bundle.skipped));
    json_object_set_new(result, "elsewhere", json_integer(import->elsewhere));
    json_object_set_new(result, "present", json_integer(import->present));
    json_object_set_new(result, "accepted", json_integer(import->accepted));
    json_object_set_new(result, "rejected", json_integer(import->rejected));
    json_object_set_new(result, "custody", json_string(args_text(import->args, "custody")));
    json_object_set(result, "commands", import->commands);
    int code = ask_finish(&import->send.ask, PROOF_ANSWERS, result);
    return code == EXIT_FINE && import->rejected > 0 ? (int)EXIT_NO : code;
}

int cmd_import_fhir(const struct args *args)
{
    static struct import import; /* 100 KB: not on the stack */

    import = (struct import){ .args = args, .commands = json_array(), .lock = -1 };
    int (*const steps[])(struct import *) = { prepare, publish_all, prove_all, tell };
    int code = EXIT_FINE;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && code == EXIT_FINE; i++) {
        code = steps[i](&import);
    }
    if (import.bundle.root != NULL) {
        fhir_close(&import.bundle);
    }
    file_unlock(import.lock, args_text(args, "custody"));
    json_decref(import.custody);
    json_decref(import.commands);
    send_close(&import.send);
    return code;
}
