/* cmd_submit.c: `ward submit`: a command from words or JSON, signed, sent, and its receipt.
 *
 *     ward submit TYPE [name=value ...] --key FILE        0: executed with code 0    1: refused, or another code    4: no answer */
#include "cli/cmd.h"

#include "base/assert.h"
#include "cli/body.h"
#include "cli/output.h"
#include "cli/send.h"
#include "node/secret.h"
#include "wire/account.h"

#include <string.h>

/* Key files that sign beside the sender, in locked pages: cosigners' in the order of the flags, then the new key of a registration. */
struct key_ring {
    struct keyfile cosigners[ENVELOPE_COSIGNERS_MAX];
    struct keyfile new_key;
};

struct submit {
    const struct args *args;
    struct send send;
    const struct body_spec *spec;
    struct tx_draft draft;
    struct tx tx;
    struct key_ring *signers;
    struct file payload;
};

/* --- The body ------------------------------------------------------------------------------------------------------- */

static int read_json(struct submit *submit, const char *path)
{
    char problem[BODY_PROBLEM_BYTES];
    json_error_t error;
    struct file file;
    enum err err = file_read(&file, path);

    if (err != ERR_OK) {
        return output_fail(submit->args, (enum exit_code)file_exit(err), "%s: %s", path, file_problem(err));
    }
    json_t *object = json_loadb((const char *)file.data, file.size, JSON_REJECT_DUPLICATES, &error);
    file_close(&file);
    if (object == NULL) {
        return output_fail(submit->args, EXIT_CONFIGURATION, "%s:%d: %s", path, error.line, error.text);
    }
    err = body_set_json(&submit->draft.body, submit->spec, object, problem);
    json_decref(object);
    return err == ERR_OK ? (int)EXIT_FINE : output_fail(submit->args, EXIT_CONFIGURATION, "%s: %s", path, problem);
}

/* name_types tells a person which types there are. */
static int name_types(const struct submit *submit)
{
    char list[400];
    size_t used = 0;

    for (const struct body_spec *spec = body_specs(); spec->name != NULL; spec++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used == 0 ? "" : ", ", spec->name);
    }
    return output_fail(submit->args, EXIT_USAGE, "\"%s\" is no type of command; there are %s", submit->args->operands[0], list);
}

/* assume_patient: a patient who signs is the patient whom the command is about, unless the words say otherwise. */
static void assume_patient(struct submit *submit)
{
    char problem[BODY_PROBLEM_BYTES], digits[2 * ACCT_BYTES + 1], assignment[sizeof digits + 8];

    if (submit->send.ask.key->kind == KEYFILE_PATIENT) {
        hex_encode(submit->send.ask.account, ACCT_BYTES, digits);
        snprintf(assignment, sizeof assignment, "patient=%s", digits);
        (void)body_set(&submit->draft.body, submit->spec, assignment, problem); /* A type without such a field stays as it is. */
    }
}

static int read_body(struct submit *submit)
{
    char problem[BODY_PROBLEM_BYTES];
    const char *path = args_text(submit->args, "body");
    int code = EXIT_FINE;

    body_init(&submit->draft.body, submit->spec);
    assume_patient(submit);
    if (path != NULL) {
        code = read_json(submit, path);
    }
    for (uint32_t i = 1; i < submit->args->operands_count && code == EXIT_FINE; i++) {
        if (body_set(&submit->draft.body, submit->spec, submit->args->operands[i], problem) != ERR_OK) {
            code = output_fail(submit->args, EXIT_USAGE, "%s", problem);
        }
    }
    return code;
}

static int check_body(struct submit *submit)
{
    char problem[BODY_PROBLEM_BYTES];

    return body_check(&submit->draft.body, submit->spec, problem) == ERR_OK ? (int)EXIT_FINE : output_fail(submit->args, EXIT_USAGE, "%s", problem);
}

/* --- Who signs ------------------------------------------------------------------------------------------------------ */

static int load(const struct submit *submit, struct keyfile *key, const char *path)
{
    char problem[KEYFILE_PROBLEM_MAX];
    enum err err = keyfile_load(key, (enum keyfile_kind)0, path, problem);

    if (err != ERR_OK) {
        return output_fail(submit->args, err == ERR_PERMISSION ? EXIT_PERMISSION : EXIT_CONFIGURATION, "%s", problem);
    }
    return keyfile_is_kx(key->kind) ? output_fail(submit->args, EXIT_USAGE, "%s is no signing key", path) : (int)EXIT_FINE;
}

/* load_keys reads all key files but the sender's. It comes before anybody is connected to. */
static int load_keys(struct submit *submit)
{
    const char *path, *new_key = args_text(submit->args, "new-key");
    void *pages = NULL;
    int code = EXIT_FINE;

    enum err locked = secret_take(&pages, sizeof *submit->signers);
    if (locked != ERR_OK) {
        return output_fail(submit->args, secret_exit(locked), "%s", secret_why(locked));
    }
    submit->signers = pages;
    for (uint32_t i = 0; code == EXIT_FINE && (path = args_repeat(submit->args, "cosigner", i)) != NULL; i++) {
        code = i == ENVELOPE_COSIGNERS_MAX ? output_fail(submit->args, EXIT_USAGE, "at most %d cosigners", ENVELOPE_COSIGNERS_MAX)
                                           : load(submit, &submit->signers->cosigners[i], path);
    }
    return code == EXIT_FINE && new_key != NULL ? load(submit, &submit->signers->new_key, new_key) : code;
}

static int add_cosigners(struct submit *submit)
{
    const char *path;

    while ((path = args_repeat(submit->args, "cosigner", submit->draft.cosigners_count)) != NULL) {
        ASSERT(submit->draft.cosigners_count < ENVELOPE_COSIGNERS_MAX);
        struct keyfile *key = &submit->signers->cosigners[submit->draft.cosigners_count];
        struct tx_signer *signer = &submit->draft.cosigners[submit->draft.cosigners_count++];
        int code = EXIT_FINE;
        if (!ask_account_of(key, &submit->send.ask.genesis, (uint16_t)args_number(submit->args, "org"), signer->account)) {
            code = output_fail(submit->args, EXIT_USAGE, "%s has no account of its own; an organisation's key needs --org", path);
        }
        signer->key = &key->pair.sign;
        if (code != EXIT_FINE) {
            return code;
        }
    }
    return EXIT_FINE;
}

/* add_new_key puts the key of a registration into the body; it proves possession when the command is made. */
static int add_new_key(struct submit *submit)
{
    const char *path = args_text(submit->args, "new-key");
    struct actor_set *actor = &submit->draft.body.as.actor_set;
    struct keyfile *key = &submit->signers->new_key;

    if (submit->draft.body.type != COMMAND_ACTOR_SET || path == NULL) {
        return path == NULL ? (int)EXIT_FINE : output_fail(submit->args, EXIT_USAGE, "--new-key belongs to actor-set");
    }
    if (!ask_account_of(key, &submit->send.ask.genesis, 0, actor->acct)) {
        return output_fail(submit->args, EXIT_USAGE, "%s is no key of an actor", path);
    }
    memcpy(actor->pk, keyfile_public(key), KEY_BYTES);
    submit->draft.new_key = &key->pair.sign;
    return EXIT_FINE;
}

static int add_payload(struct submit *submit)
{
    const char *path = args_text(submit->args, "payload");

    if (path == NULL) {
        return EXIT_FINE;
    }
    enum err err = file_read(&submit->payload, path);
    if (err != ERR_OK) {
        submit->payload = (struct file){ NULL, 0 };
        return output_fail(submit->args, (enum exit_code)file_exit(err), "%s: %s", path, file_problem(err));
    }
    if (submit->payload.size > PAYLOAD_BYTES_MAX) {
        return output_fail(submit->args, EXIT_CONFIGURATION, "%s: at most %d bytes can stand beside a command", path, PAYLOAD_BYTES_MAX);
    }
    submit->draft.payload = bytes_of(submit->payload.data, submit->payload.size);
    return EXIT_FINE;
}

/* --- The command ---------------------------------------------------------------------------------------------------- */

static int make(struct submit *submit)
{
    submit->spec = body_spec_of(submit->args->operands[0]);
    int code = submit->spec == NULL ? name_types(submit) : load_keys(submit);
    code = code == EXIT_FINE ? send_open(submit->args, &submit->send) : code;
    int (*const steps[])(struct submit *) = { read_body, add_cosigners, add_new_key, add_payload, check_body };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && code == EXIT_FINE; i++) {
        code = steps[i](submit);
    }
    return code;
}

static int deliver(struct submit *submit)
{
    struct client_event receipt;
    int code = send_run(&submit->send, &submit->draft, &submit->tx, &receipt);

    if (code == EXIT_FINE) {
        code = send_prove(&submit->send, &submit->tx.id, &receipt);
    }
    if (code != EXIT_FINE) {
        return code;
    }
    json_t *result = send_describe(&submit->send, &submit->tx, &receipt);
    json_object_set_new(result, "type", json_string(submit->spec->name));
    json_object_set_new(result, "nonce", json_integer((json_int_t)submit->draft.nonce));
    code = ask_finish(&submit->send.ask, PROOF_ANSWERS, result);
    return code == EXIT_FINE && receipt.code != 0 ? (int)EXIT_NO : code;
}

/* show prints the signed command instead of sending it. */
static int show(struct submit *submit)
{
    int code = send_sign(&submit->send, &submit->draft, &submit->tx);
    if (code != EXIT_FINE) {
        return code;
    }
    json_t *result = json_object();
    json_object_set_new(result, "transaction", output_hex(submit->tx.id.bytes, HASH_BYTES));
    json_object_set_new(result, "type", json_string(submit->spec->name));
    json_object_set_new(result, "nonce", json_integer((json_int_t)submit->draft.nonce));
    json_object_set_new(result, "command", output_hex(submit->tx.bytes, submit->tx.size));
    return output_result(submit->args, result);
}

int cmd_submit(const struct args *args)
{
    static struct submit submit; /* 100 KB: not on the stack */

    submit = (struct submit){ .args = args };
    int code = make(&submit);
    if (code == EXIT_FINE) {
        code = args_has(args, "dry-run") ? show(&submit) : deliver(&submit);
    }
    if (submit.signers != NULL) {
        secret_give(submit.signers, sizeof *submit.signers);
    }
    if (submit.payload.data != NULL) {
        file_close(&submit.payload);
    }
    send_close(&submit.send);
    return code;
}
