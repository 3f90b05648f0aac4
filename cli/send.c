/* send.c: see send.h. */
#include "cli/send.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/client_priv.h"
#include "cli/describe.h"
#include "cli/output.h"
#include "wire/code.h"

#include <string.h>

int send_open(const struct args *args, struct send *send)
{
    *send = (struct send){ .nonce_known = args_has(args, "nonce"), .nonce = args_number(args, "nonce") };
    int code = ask_open(args, &send->ask);

    if (code == EXIT_FINE && send->ask.key == NULL) {
        return output_fail(args, EXIT_USAGE, "--key is missing: who signs the command?");
    }
    send->certified = send->ask.certified;
    send->ask.certified = false;
    return code;
}

void send_close(struct send *send) { ask_close(&send->ask); }

/* --- The nonce ------------------------------------------------------------------------------------------------------ */

static bool is_org_key(const struct send *send)
{
    return send->ask.key->kind == KEYFILE_ADMIN || send->ask.key->kind == KEYFILE_OFFICER;
}

/* executed_nonce reads what the answer says of the sender. Gives: false when there is no such account yet. */
static bool executed_nonce(const struct send *send, enum query_kind kind, uint64_t *nonce)
{
    const struct query_facts *facts = &send->ask.checker.facts;

    if (kind == QUERY_ORG) {
        *nonce = send->ask.key->kind == KEYFILE_ADMIN ? facts->org.nonce : facts->org.officer_nonce;
    } else {
        *nonce = kind == QUERY_PATIENT ? facts->patient.nonce : facts->actor.nonce;
    }
    return facts->found;
}

/* ask_nonce asks for the sender's account. The replica that is asked is the one that gets the command, so it knows of the last one. */
static int ask_nonce(struct send *send)
{
    enum query_kind kind = is_org_key(send) ? QUERY_ORG : send->ask.key->kind == KEYFILE_PATIENT ? QUERY_PATIENT : QUERY_ACTOR;
    struct query query = { .kind = kind, .org = (uint16_t)args_number(send->ask.args, "org") };
    uint64_t nonce = 0;

    memcpy(query.acct, send->ask.account, ACCT_BYTES);
    query.org = kind == QUERY_ORG ? query.org : 0;
    if (kind == QUERY_ORG) {
        memset(query.acct, 0, ACCT_BYTES);
    }
    int code = ask_query(&send->ask, &query);
    if (code != EXIT_FINE) {
        return code;
    }
    send->nonce = executed_nonce(send, kind, &nonce) ? nonce + 1 : 1;
    send->nonce_known = true;
    send->nonce_asked = true;
    return ask_forget(&send->ask);
}

int send_sign(struct send *send, struct tx_draft *draft, struct tx *tx)
{
    bool registers = draft->body.type == COMMAND_PATIENT_REGISTER; /* has no account yet */
    int code = EXIT_FINE;

    if (!send->nonce_known && registers) {
        send->nonce_known = true;
        send->nonce = 1;
    } else if (!send->nonce_known) {
        code = ask_nonce(send);
    }
    if (code != EXIT_FINE) {
        return code;
    }
    draft->genesis = &send->ask.genesis;
    draft->sender.key = &send->ask.key->pair.sign;
    memcpy(draft->sender.account, send->ask.account, ACCOUNT_BYTES);
    draft->nonce = send->nonce;
    draft->valid_until_ms = clock_wall_ms() + args_number(send->ask.args, "valid-for");
    tx_make(tx, draft);
    return EXIT_FINE;
}

/* --- The receipt ---------------------------------------------------------------------------------------------------- */

/* find_receipt looks for the receipt of a command whose nonce is used: it may have been executed before its first answer was lost, or by whoever gave it back. Where there is none the
 * refusal stands: what was executed a moment ago is in every archive. */
static int find_receipt(struct send *send, const struct tx *tx, struct client_event *receipt)
{
    struct query query = { .kind = QUERY_RECEIPT, .id = tx->id };
    uint16_t refusal = 0;
    int code = ask_try(&send->ask, &query, &refusal);

    if (code != EXIT_FINE || refusal == QUERY_NOT_FOUND) {
        return code;
    }
    if (refusal != 0) {
        return output_fail(send->ask.args, EXIT_NO, "the nonce is used; whether by this command cannot be told: %s", describe_code_text(refusal));
    }
    const struct receipt *found = &send->ask.checker.facts.receipt;
    *receipt = (struct client_event){ .type = CLIENT_RECEIPTS, .code = (uint16_t)found->code, .height = found->height, .index = found->index, .time_ms = found->time_ms };
    return ask_forget(&send->ask);
}

/* fail_late says what is known of a command without a final word. */
static int fail_late(const struct send *send, const struct client_event *last)
{
    if (last->type == CLIENT_ADMITTED && last->code == 0) {
        return output_fail(send->ask.args, EXIT_UNREACHABLE,
                           "taken by a replica, but not executed in time; it may still be, until its validity ends (a replica keeps for 30 s what waits for an earlier "
                           "nonce or for its sender's registration)");
    }
    if (last->type == CLIENT_ADMITTED) {
        return output_fail(send->ask.args, EXIT_UNREACHABLE, "taken by a replica again, but not executed in time; before, it was given back: %s", describe_code_text(last->code));
    }
    if (last->type != CLIENT_REFUSED) {
        return reach_fail(send->ask.args, ERR_TIMEOUT);
    }
    if (last->code != CODE_RATE) {
        return output_fail(send->ask.args, EXIT_UNREACHABLE, "not taken in time; the last word of a replica was: %s", describe_code_text(last->code));
    }
    return output_fail(send->ask.args, EXIT_UNREACHABLE, "not taken: %s; try again in %u s", describe_code_text(last->code), (last->retry_after_ms + 999) / 1000);
}

int send_execute(struct send *send, const struct tx *tx, struct client_event *receipt)
{
    enum err err = client_execute(send->ask.reach.client, bytes_of(tx->bytes, tx->size), receipt, client_left_ms(send->ask.end_ns));

    if (err != ERR_OK) {
        return err == ERR_TIMEOUT ? fail_late(send, receipt) : reach_fail(send->ask.args, err);
    }
    if (receipt->type == CLIENT_REFUSED && (receipt->taken || receipt->resent) && receipt->code == CODE_NONCE_LOW) {
        int code = find_receipt(send, tx, receipt);
        if (code != EXIT_FINE) {
            return code;
        }
    }
    send->nonce += receipt->type == CLIENT_RECEIPTS;
    return EXIT_FINE;
}

bool send_lost_race(struct send *send, const struct client_event *receipt)
{
    bool lost = receipt->type == CLIENT_REFUSED && receipt->code == CODE_NONCE_LOW && !receipt->taken && send->nonce_asked;

    send->nonce_known = send->nonce_known && !lost;
    return lost;
}

int send_run(struct send *send, struct tx_draft *draft, struct tx *tx, struct client_event *receipt)
{
    int code = EXIT_FINE;
    bool again = true;

    for (uint32_t i = 0; i < SEND_TRIES && code == EXIT_FINE && again; i++) {
        code = send_sign(send, draft, tx);
        code = code == EXIT_FINE ? send_execute(send, tx, receipt) : code;
        again = code == EXIT_FINE && send_lost_race(send, receipt);
    }
    return code;
}

json_t *send_describe(const struct send *send, const struct tx *tx, const struct client_event *receipt)
{
    json_t *object = json_object();

    json_object_set_new(object, "transaction", output_hex(tx->id.bytes, HASH_BYTES));
    json_object_set_new(object, "account", output_hex(send->ask.account, ACCOUNT_BYTES));
    json_object_set_new(object, "executed", json_boolean(receipt->type == CLIENT_RECEIPTS));
    json_object_set_new(object, "code", json_integer(receipt->code));
    json_object_set_new(object, "name", json_string(receipt->code == 0 ? "OK" : code_name(receipt->code)));
    json_object_set_new(object, "text", json_string(describe_code_text(receipt->code)));
    if (receipt->type == CLIENT_RECEIPTS) {
        json_object_set_new(object, "height", json_integer((json_int_t)receipt->height));
        json_object_set_new(object, "index", json_integer((json_int_t)receipt->index));
    }
    return object;
}

int send_prove(struct send *send, const struct tx *tx, const struct client_event *receipt)
{
    struct query query = { .kind = QUERY_RECEIPT, .id = tx->id };

    if (!send->certified || receipt->type != CLIENT_RECEIPTS) {
        return EXIT_FINE;
    }
    send->ask.certified = true;
    send->ask.above = receipt->height;
    int code = ask_forget(&send->ask);
    return code == EXIT_FINE ? ask_query(&send->ask, &query) : code;
}
