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

static int ask_nonce(struct send *send)
{
    int code = nonce_ask(&send->ask, &send->nonce);

    send->nonce_known = code == EXIT_FINE;
    send->nonce_asked = true;
    return code;
}

void send_ask_again(struct send *send)
{
    send->nonce_known = send->nonce_known && !send->nonce_asked;
}

void send_sign_as(struct send *send, struct tx_draft *draft, uint64_t nonce, uint64_t valid_until_ms, struct tx *tx)
{
    draft->genesis = &send->ask.genesis;
    draft->sender.key = &send->ask.key->pair.sign;
    memcpy(draft->sender.account, send->ask.account, ACCOUNT_BYTES);
    draft->nonce = nonce;
    draft->valid_until_ms = valid_until_ms;
    tx_make(tx, draft);
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
    if (code == EXIT_FINE) {
        send_sign_as(send, draft, send->nonce, clock_wall_ms() + args_number(send->ask.args, "valid-for"), tx);
    }
    return code;
}

/* --- The receipt ---------------------------------------------------------------------------------------------------- */

/* find_receipt finds out by which command a nonce is used: by this one, before its first answer was lost, or by whoever gave it back. Where it is another one the
 * refusal stands: what was executed a moment ago is in every archive. */
static int find_receipt(struct send *send, const struct tx *tx, struct client_event *receipt)
{
    struct client_event found;
    enum nonce_fate fate = NONCE_UNTOLD;
    char digits[2 * HASH_BYTES + 1];
    int code = nonce_trace(&send->ask, &tx->id, tx->nonce, &fate, &found);

    if (code == EXIT_FINE && fate == NONCE_UNTOLD) {
        hex_encode(tx->id.bytes, HASH_BYTES, digits);
        return output_fail(send->ask.args, EXIT_NO, "nonce %llu is used; whether by this command cannot be told from what was asked: ward get receipt %s, or name more replicas",
                           (unsigned long long)tx->nonce, digits);
    }
    if (code == EXIT_FINE && fate == NONCE_EXECUTED) {
        *receipt = found;
    }
    return code;
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
    if (receipt->type == CLIENT_REFUSED && receipt->code == CODE_NONCE_LOW) {
        int code = find_receipt(send, tx, receipt);
        if (code != EXIT_FINE) {
            return code;
        }
    }
    send->nonce += receipt->type == CLIENT_RECEIPTS && tx->nonce == send->nonce;
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
        if (code == EXIT_UNREACHABLE && send->nonce_known) {
            output_note("its nonce was %llu: sent again with --nonce %llu it is executed once at most", (unsigned long long)send->nonce, (unsigned long long)send->nonce);
        }
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

/* check_told compares what a replica told with what is proved, and takes the rest from the proof. */
static int check_told(const struct send *send, struct client_event *receipt)
{
    const struct receipt *proved = &send->ask.checker.facts.receipt;

    if (proved->code == receipt->code && proved->height == receipt->height) {
        receipt->index = proved->index;
        return EXIT_FINE;
    }
    return output_fail(send->ask.args, EXIT_INTEGRITY, "a replica told a receipt that is not the one that is proved: executed with %u %s at height %llu", (unsigned)proved->code,
                       proved->code == 0 ? "OK" : code_name(proved->code), (unsigned long long)proved->height);
}

int send_prove(struct send *send, const struct hash32 *id, struct client_event *receipt)
{
    struct query query = { .kind = QUERY_RECEIPT, .id = *id };

    if (!send->certified || receipt->type != CLIENT_RECEIPTS) {
        return EXIT_FINE;
    }
    send->ask.certified = true;
    send->ask.above = receipt->height;
    int code = ask_query(&send->ask, &query);
    send->ask.certified = false;
    return code == EXIT_FINE ? check_told(send, receipt) : code;
}
