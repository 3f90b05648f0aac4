/* ask.c: see ask.h. */
#include "cli/ask.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/client_priv.h"
#include "cli/describe.h"
#include "cli/output.h"
#include "ledger/release.h"
#include "node/secret.h"
#include "wire/account.h"
#include "wire/code.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MS = 250 };

/* --- Who asks -------------------------------------------------------------------------------------------------------- */

static const uint8_t account_kinds[KEYFILE_KIND_END] = {
    [KEYFILE_PATIENT] = ACCOUNT_PATIENT,         [KEYFILE_PRACTITIONER] = ACCOUNT_PRACTITIONER, [KEYFILE_SYSTEM] = ACCOUNT_SYSTEM,
    [KEYFILE_PAYER_AGENT] = ACCOUNT_PAYER_AGENT, [KEYFILE_RESEARCHER] = ACCOUNT_RESEARCHER,     [KEYFILE_AUDITOR] = ACCOUNT_AUDITOR,
    [KEYFILE_PERSON] = ACCOUNT_PERSON,
};

bool ask_account_of(const struct keyfile *key, const struct hash32 *genesis, uint16_t org, uint8_t account[ACCT_BYTES])
{
    bool of_org = key->kind == KEYFILE_ADMIN || key->kind == KEYFILE_OFFICER;

    if (of_org ? org == 0 : account_kinds[key->kind] == 0) {
        return false;
    }
    struct hash32 found = of_org ? account_of_org(key->kind == KEYFILE_ADMIN ? ORG_KEY_ADMIN : ORG_KEY_OFFICER, org)
                                 : account_derive(genesis, account_kinds[key->kind], keyfile_public(key));
    memcpy(account, found.bytes, ACCT_BYTES);
    return true;
}

static int name_account(struct ask *ask)
{
    const char *as = args_text(ask->args, "as");
    bool of_org = ask->key->kind == KEYFILE_ADMIN || ask->key->kind == KEYFILE_OFFICER;

    if (as != NULL) {
        enum err err = hex_decode(as, ask->account, ACCT_BYTES);
        ASSERT(err == ERR_OK); /* the table has checked it */
        return EXIT_FINE;
    }
    if (ask_account_of(ask->key, &ask->genesis, (uint16_t)args_number(ask->args, "org"), ask->account)) {
        return EXIT_FINE;
    }
    return of_org ? output_fail(ask->args, EXIT_USAGE, "the key of an organisation needs --org")
                  : output_fail(ask->args, EXIT_USAGE, "a key of kind %s signs no questions", keyfile_kind_name(ask->key->kind));
}

static int load_key(struct ask *ask)
{
    char problem[KEYFILE_PROBLEM_MAX];
    const char *path = args_text(ask->args, "key");
    void *pages = NULL;

    if (path == NULL) {
        return EXIT_FINE;
    }
    enum err locked = secret_take(&pages, sizeof *ask->key);
    if (locked != ERR_OK) {
        return output_fail(ask->args, secret_exit(locked), "%s", secret_why(locked));
    }
    ask->key = pages;
    enum err err = keyfile_load(ask->key, (enum keyfile_kind)0, path, problem);
    if (err != ERR_OK) {
        return output_fail(ask->args, err == ERR_PERMISSION ? EXIT_PERMISSION : EXIT_CONFIGURATION, "%s", problem);
    }
    return keyfile_is_kx(ask->key->kind) ? output_fail(ask->args, EXIT_USAGE, "%s is no signing key", path) : (int)EXIT_FINE;
}

void ask_renew(struct ask *ask)
{
    ask->end_ns = clock_mono_ns() + ask->reach.timeout_ms * UINT64_C(1000000);
}

int ask_open(const struct args *args, struct ask *ask)
{
    bool out = args_has(args, "out");

    *ask = (struct ask){ .args = args, .certified = out || args_has(args, "certified"), .waits = true, .above = args_number(args, "above") };
    if (ask->certified && !args_has(args, "genesis")) {
        return output_fail(args, EXIT_USAGE, "--certified and --out need --genesis: it says whose signatures count");
    }
    if (out && !file_free(args_text(args, "out"))) {
        return output_fail(args, (enum exit_code)file_exit(ERR_EXISTS), "%s: %s", args_text(args, "out"), file_problem(ERR_EXISTS));
    }
    ask->answer = malloc(CLIENT_FRAME_BYTES_MAX);
    int code = ask->answer == NULL ? output_fail(args, EXIT_RESOURCE, "no memory") : load_key(ask);
    code = code == EXIT_FINE ? reach_open(args, &ask->reach) : code;
    if (code != EXIT_FINE) {
        return code;
    }
    ask_renew(ask);
    ask->genesis = client_welcome(ask->reach.client)->genesis;
    enum err err = proof_checker_open(&ask->checker, args_has(args, "genesis") ? &ask->reach.genesis : NULL);
    if (err != ERR_OK) {
        return output_fail(args, err == ERR_NO_MEMORY ? EXIT_RESOURCE : EXIT_CONFIGURATION, "the genesis cannot be used: %s", err_name(err));
    }
    if (out) {
        proof_begin(&ask->draft, &ask->genesis);
    }
    return ask->key == NULL ? (int)EXIT_FINE : name_account(ask);
}

void ask_close(struct ask *ask)
{
    if (ask->key != NULL) {
        secret_give(ask->key, sizeof *ask->key);
    }
    proof_checker_close(&ask->checker);
    proof_close(&ask->draft);
    reach_close(&ask->reach);
    free(ask->answer);
    *ask = (struct ask){ 0 };
}

/* --- One question ---------------------------------------------------------------------------------------------------- */

/* release_digest_of gives what a release is signed over; the ticket names the patient, so it is asked for first. */
static int release_digest_of(struct ask *ask, const struct query *query, struct hash32 *digest)
{
    struct release_request request = { .ticket = query->id, .seq = query->seq, .asked_ms = query->asked_ms };
    struct query ticket = { .kind = QUERY_TICKET, .id = query->id };

    int code = ask_query(ask, &ticket);
    if (code != EXIT_FINE) {
        return code;
    }
    if (!ask->checker.facts.found) {
        return output_fail(ask->args, EXIT_NO, "there is no such ticket");
    }
    memcpy(request.asker, ask->account, ACCT_BYTES);
    *digest = release_digest(&ask->genesis, &request, &ask->checker.facts.ticket);
    return EXIT_FINE;
}

static int sign(struct ask *ask, struct query *query)
{
    struct hash32 digest;

    if (!query_is_signed(query->kind)) {
        return EXIT_FINE;
    }
    if (ask->key == NULL) {
        return output_fail(ask->args, EXIT_USAGE, "questions about a patient are signed: --key is missing");
    }
    memcpy(query->asker, ask->account, ACCT_BYTES);
    memcpy(query->key, keyfile_public(ask->key), KEY_BYTES);
    query->asked_ms = clock_wall_ms();
    if (query->kind == QUERY_RELEASE) {
        int code = release_digest_of(ask, query, &digest);
        if (code != EXIT_FINE) {
            return code;
        }
    } else {
        digest = query_digest(query, &ask->genesis);
    }
    sign_digest(&ask->key->pair.sign, &digest, query->signature);
    return EXIT_FINE;
}

/* put sends the call and keeps the answer. Gives: EXIT_FINE with *code, the replica's. */
static int put(struct ask *ask, const struct client_call *call, uint16_t *code)
{
    struct client_event event;
    enum err err = client_ask(ask->reach.client, call, &event, client_left_ms(ask->end_ns));

    if (err != ERR_OK) {
        return reach_fail(ask->args, err);
    }
    *code = event.code;
    ASSERT(event.answer.size <= CLIENT_FRAME_BYTES_MAX);
    ask->answer_bytes = event.type == CLIENT_ANSWER ? event.answer.size : 0;
    memcpy(ask->answer, event.answer.data, ask->answer_bytes);
    return EXIT_FINE;
}

/* check checks the answer as one item and adds it to the proof. */
static int check(struct ask *ask, enum proof_type type, struct bytes question)
{
    struct proof_item item = { type, question, bytes_of(ask->answer, ask->answer_bytes) };
    enum verdict verdict = proof_check_item(&ask->checker, &item);

    if (verdict != VERDICT_OK) {
        return output_fail(ask->args, EXIT_INTEGRITY, "the replica's answer does not check: %s", verdict_name(verdict));
    }
    if (ask->certified && !ask->checker.certified) {
        return output_fail(ask->args, EXIT_INTEGRITY, "the replica's answer is not certified");
    }
    if (args_has(ask->args, "out")) {
        proof_add(&ask->draft, &item);
    }
    return EXIT_FINE;
}

/* is_early tells whether the answer is to be waited for: nothing certified yet, or not high enough. */
static bool is_early(const struct ask *ask, uint16_t code)
{
    struct answer answer;

    if (code != 0) {
        return code == QUERY_UNCERTIFIED;
    }
    return ask->certified && answer_decode(&answer, bytes_of(ask->answer, ask->answer_bytes)) == VERDICT_OK && answer.height < ask->above;
}

/* put_signed signs the question as of now, sends it, and keeps the answer. Gives: the question in `writer`; *code, the replica's. */
static int put_signed(struct ask *ask, struct query *query, struct writer *writer, uint16_t *code)
{
    int exit = sign(ask, query);

    if (exit != EXIT_FINE) {
        return exit;
    }
    writer->offset = 0;
    query_encode(query, writer);
    ASSERT(!writer->failed);
    struct client_call call = { CLIENT_QUERY, query->kind == QUERY_RELEASE ? CLIENT_FLAG_GATED : 0, bytes_of(writer->data, writer->offset) };
    return put(ask, &call, code);
}

int ask_try(struct ask *ask, struct query *query, uint16_t *code)
{
    uint8_t bytes[QUERY_BYTES_MAX];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    query->certified = ask->certified;
    int exit = put_signed(ask, query, &writer, code);
    while (exit == EXIT_FINE && ask->waits && is_early(ask, *code)) {
        if (client_left_ms(ask->end_ns) <= AGAIN_MS) {
            return output_fail(ask->args, EXIT_UNREACHABLE, "no certified checkpoint that is new enough came in time; one comes every ten seconds while commands do, "
                                                            "and ten seconds after the last: --timeout 30s waits for it");
        }
        (void)poll(NULL, 0, AGAIN_MS);
        exit = put_signed(ask, query, &writer, code);
    }
    return exit == EXIT_FINE && *code == 0 ? check(ask, PROOF_QUERY, bytes_of(bytes, writer.offset)) : exit;
}

int ask_query(struct ask *ask, struct query *query)
{
    uint16_t code = 0;
    int exit = ask_try(ask, query, &code);

    if (exit == EXIT_FINE && code != 0) {
        return output_fail(ask->args, EXIT_NO, "refused with %u %s: %s", code, code_name(code), describe_code_text(code));
    }
    return exit;
}

int ask_header(struct ask *ask, uint64_t height)
{
    uint8_t bytes[8];
    struct writer writer;
    uint16_t code = 0;

    writer_init(&writer, bytes, sizeof bytes);
    write_u64_le(&writer, height);
    struct client_call call = { CLIENT_PROVE, 0, bytes_of(bytes, sizeof bytes) };
    int exit = put(ask, &call, &code);
    if (exit == EXIT_FINE && code != 0) {
        return output_fail(ask->args, EXIT_NO, "refused with %u: %s", code, describe_code_text(code));
    }
    return exit == EXIT_FINE ? check(ask, PROOF_HEADER, bytes_of(bytes, sizeof bytes)) : exit;
}

/* --- All of them ----------------------------------------------------------------------------------------------------- */

int ask_forget(struct ask *ask)
{
    bool out = args_has(ask->args, "out");
    struct proof_checker *checker = &ask->checker;

    checker->items_count = 0;
    checker->next = 0;
    checker->same = true;
    proof_close(&ask->draft);
    if (out) {
        proof_begin(&ask->draft, &ask->genesis);
    }
    return client_left_ms(ask->end_ns) > 0 ? EXIT_FINE : output_fail(ask->args, EXIT_UNREACHABLE, "the state did not stand still for all pages; --certified asks for one that does");
}

int ask_finish(struct ask *ask, enum proof_claim claim, json_t *result)
{
    const char *path = args_text(ask->args, "out");

    if (path == NULL || ask->draft.items_count == 0) { /* A command that was refused leaves nothing to prove. */
        return output_result(ask->args, result);
    }
    struct bytes bytes = proof_end(&ask->draft, claim);
    enum err err = bytes.data == NULL ? ERR_NO_MEMORY : file_write(path, bytes.data, bytes.size, 0644, true);
    if (err != ERR_OK) {
        json_decref(result);
        return output_fail(ask->args, (enum exit_code)file_exit(err), "%s: %s", path, file_problem(err));
    }
    json_object_set_new(result, "proof", json_string(path));
    return output_result(ask->args, result);
}
