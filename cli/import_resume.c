/* import_resume.c: see import.h: what an import that was cut short left in its custody file.
 *
 *     executed, code 0 ------------------------------------------------------> present
 *     executed, another code ------------------------------------------------> absent
 *     open --- proved: never executed, and its validity is over -------------> absent
 *        \---- the same command, under its nonce, sent again --- receipt ----> sent
 *                                                            \-- refused ----> sent (and stays open)
 *                                                             \- NONCE_LOW --- receipt of an earlier signing -----> sent
 *                                                                          \-- proved: its pointers are there ----> present
 *                                                                           \- another command has the nonce -----> absent
 *
 * Of all that is signed under one nonce the ledger executes one. So nothing is signed under another nonce before the first one is out of the question. */
#include "cli/import.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/describe.h"
#include "cli/output.h"
#include "wire/code.h"

#include <string.h>

enum { VALID_LEFT_MS = 5000 }; /* less is too little to be executed in */

/* --- On the ledger ---------------------------------------------------------------------------------------------------- */

/* is_pointer tells whether the certified state has this pointer at this number. Other custodians' numbers are refused. */
static int is_pointer(struct import *import, uint32_t seq, const struct hash32 *commit, bool *found)
{
    struct query query = { .kind = QUERY_POINTER, .seq = seq };
    const struct query_facts *facts = &import->send.ask.checker.facts;
    uint16_t refusal = 0;

    memcpy(query.acct, import->patient, ACCT_BYTES);
    int code = import_ask_certified(import, &query, &refusal);
    *found = code == EXIT_FINE && refusal == 0 && facts->found && hash_equal(&facts->pointer.content_commit, commit);
    return code;
}

/* find_pointer looks for a command's first pointer among those that came after `below`, in a certified state of at least this height. */
static int find_pointer(struct import *import, uint64_t height, uint32_t below, bool *found)
{
    struct query query = { .kind = QUERY_PATIENT };
    uint64_t above = import->send.ask.above;
    uint16_t refusal = 0;

    *found = false;
    memcpy(query.acct, import->patient, ACCT_BYTES);
    import->send.ask.above = height;
    int code = import_ask_certified(import, &query, &refusal);
    uint32_t count = code == EXIT_FINE && refusal == 0 ? import->send.ask.checker.facts.patient.ptr_count : 0;
    for (uint32_t seq = below + 1; seq <= count && code == EXIT_FINE && !*found; seq++) {
        ask_renew(&import->send.ask);
        code = is_pointer(import, seq, &import->pointers[0].item.content_commit, found);
    }
    import->send.ask.above = above;
    return code;
}

/* trace_earlier looks for the receipt of one of the transactions that the command was before. Gives: *found, and import->tx.id of that one. */
static int trace_earlier(struct import *import, const struct import_batch *batch, uint64_t nonce, bool *found, struct client_event *receipt)
{
    struct hash32 id;
    struct client_event other;
    enum nonce_fate fate = NONCE_ANOTHER;
    int code = EXIT_FINE;

    *found = false;
    for (uint32_t i = 0; code == EXIT_FINE && !*found && custody_earlier(import->custody, batch->index, i, &id); i++) {
        code = nonce_trace(&import->send.ask, &id, nonce, &fate, &other);
        *found = code == EXIT_FINE && fate == NONCE_EXECUTED;
        if (*found) {
            import->tx.id = id;
            *receipt = other;
        }
    }
    return code;
}

/* trace finds out whether a command whose nonce is used is the one that used it. Receipts are forgotten; pointers stay. */
static int trace(struct import *import, const struct import_batch *batch, const struct custody_command *command, enum import_state *state, struct client_event *receipt)
{
    bool found;
    int code = trace_earlier(import, batch, command->nonce, &found, receipt);

    if (code != EXIT_FINE || found) {
        return code;
    }
    code = nonce_prove(&import->send.ask, command->nonce);
    code = code == EXIT_FINE ? find_pointer(import, import->send.ask.checker.facts.answer.height, command->below, &found) : code;
    if (code != EXIT_FINE) {
        return code;
    }
    *state = found ? IMPORT_PRESENT : IMPORT_ABSENT;
    if (!found) {
        send_ask_again(&import->send);
        return EXIT_FINE;
    }
    custody_settle_found(import->custody, batch->index);
    custody_close(import->custody, batch->index);
    return import_save(import);
}

/* --- Once more -------------------------------------------------------------------------------------------------------- */

/* sign_again makes the command anew: the same transaction while its validity lasts. */
static int sign_again(struct import *import, const struct import_batch *batch, const struct custody_command *command)
{
    uint64_t now_ms = clock_wall_ms(), valid_until_ms = command->valid_until_ms;

    if (valid_until_ms < now_ms + VALID_LEFT_MS) {
        valid_until_ms = now_ms + args_number(import->args, "valid-for");
    }
    int code = import_draft(import, batch->count);
    if (code != EXIT_FINE) {
        return code;
    }
    send_sign_as(&import->send, &import->draft, command->nonce, valid_until_ms, &import->tx);
    if (hash_equal(&import->tx.id, &command->id)) {
        return EXIT_FINE;
    }
    custody_sign_again(import->custody, batch->index, &import->tx.id, valid_until_ms);
    return import_save(import);
}

/* settle_open settles a command that has no receipt yet. */
static int settle_open(struct import *import, const struct import_batch *batch, const struct custody_command *command, enum import_state *state, struct client_event *receipt)
{
    uint64_t used = 0, time_ms = 0;
    int code = nonce_proved(&import->send.ask, &used, &time_ms);

    if (code == EXIT_FINE && time_ms >= command->valid_until_ms && used < command->nonce) {
        *state = IMPORT_ABSENT;
        return EXIT_FINE;
    }
    code = code == EXIT_FINE ? sign_again(import, batch, command) : code;
    code = code == EXIT_FINE ? send_execute(&import->send, &import->tx, receipt) : code;
    *state = IMPORT_SENT;
    if (code == EXIT_FINE && receipt->type == CLIENT_REFUSED && receipt->code == CODE_NONCE_LOW) {
        code = trace(import, batch, command, state, receipt);
    }
    return code;
}

int import_settle(struct import *import, const struct import_batch *batch, enum import_state *state, struct client_event *receipt)
{
    struct custody_command command;
    bool good = custody_get(import->custody, batch->index, batch->resources, batch->count, &command, import->pointers);

    ASSERT(good); /* import_check */
    if (!command.executed) {
        return settle_open(import, batch, &command, state, receipt);
    }
    *state = command.code == 0 ? IMPORT_PRESENT : IMPORT_ABSENT;
    return EXIT_FINE;
}

/* --- By proof --------------------------------------------------------------------------------------------------------- */

/* prove gives EXIT_FINE when the command was executed as the file says, by proof. */
static int prove(struct import *import, const struct import_batch *batch, const struct custody_command *command)
{
    struct client_event receipt = { .type = CLIENT_RECEIPTS, .code = command->code, .height = command->height };
    bool found = false;

    if (command->height > 0) {
        return send_prove(&import->send, &command->id, &receipt);
    }
    int code = find_pointer(import, 0, command->below, &found);
    return code != EXIT_FINE || found ? code : output_fail(import->args, EXIT_INTEGRITY, "command %u of the custody file is not on the ledger", batch->index + 1);
}

int import_prove(struct import *import, const struct import_batch *batch)
{
    struct custody_command command;
    bool good = custody_get(import->custody, batch->index, batch->resources, batch->count, &command, import->pointers);

    ASSERT(good); /* import_check, or this run has put it there */
    int code = command.executed ? prove(import, batch, &command) : (int)EXIT_FINE;
    if (code == EXIT_FINE && command.executed) {
        custody_close(import->custody, batch->index);
    }
    return code;
}
