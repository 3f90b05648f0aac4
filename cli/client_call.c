/* client_call.c: one request from beginning to end, over as many replicas as it takes. Source: R3. */
#include "cli/client_priv.h"

#include "base/assert.h"
#include "base/clock.h"

#include <poll.h>
#include <stddef.h>

enum { PAUSE_MS = 50 };

/* One request under way. */
struct attempt {
    const struct client_call *call; /* or NULL: */
    struct bytes command;
    uint64_t end_ns;
    uint32_t patience_ms; /* how long a replica may say nothing */
    bool admitted;
};

uint32_t client_left_ms(uint64_t end_ns)
{
    uint64_t now_ns = clock_mono_ns(), left_ms = now_ns >= end_ns ? 0 : (end_ns - now_ns + 999999) / 1000000;

    return left_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)left_ms;
}

static void pause_for(const struct attempt *attempt, uint32_t ms)
{
    uint32_t left_ms = client_left_ms(attempt->end_ns), wait_ms = ms < left_ms ? ms : left_ms;

    (void)poll(NULL, 0, (int)wait_ms);
}

static enum err send_attempt(struct client *client, const struct attempt *attempt)
{
    uint32_t left_ms = client_left_ms(attempt->end_ns);

    client->id++;
    return attempt->call != NULL ? client_question(client, client->id, attempt->call, left_ms) : client_submit(client, client->id, attempt->command, left_ms);
}

/* await waits for the final word on the present id. Gives: ERR_OK with it. Fails: ERR_TIMEOUT when the replica says nothing for its
 * patience (an ADMITTED is a word: then the receipt has all the time that is left), ERR_CLOSED, ERR_FORMAT. */
static enum err await(struct client *client, struct attempt *attempt, struct client_event *event)
{
    uint64_t silent_ns = clock_mono_ns() + attempt->patience_ms * UINT64_C(1000000);
    bool admitted = client->config.targets_count == 1;

    for (;;) {
        uint64_t until_ns = admitted || silent_ns > attempt->end_ns ? attempt->end_ns : silent_ns;
        uint32_t left_ms = client_left_ms(until_ns);
        enum err err = left_ms == 0 ? ERR_TIMEOUT : client_next(client, event, left_ms); /* A replica that never stops talking is silent too. */
        if (err != ERR_OK) {
            return err;
        }
        if (event->type == CLIENT_BLOCK || event->id != client->id) {
            continue; /* of an earlier attempt */
        }
        if (event->type != CLIENT_ADMITTED) {
            return ERR_OK;
        }
        admitted = true;
        attempt->admitted = true;
    }
}

/* last_word gives what is known of a request that is given up: that it was taken (and why a replica had given it back before, 0: none had), or the last refusal. */
static enum err last_word(const struct attempt *attempt, enum err err, const struct client_event *refused, struct client_event *event)
{
    *event = attempt->admitted ? (struct client_event){ .type = CLIENT_ADMITTED, .code = refused->code } : *refused;
    return err == ERR_OK ? ERR_TIMEOUT : err;
}

/* run repeats the request until there is a final word. */
static enum err run(struct client *client, struct attempt *attempt, struct client_event *event)
{
    struct client_event refused = { 0 };
    enum err err = ERR_TIMEOUT;
    bool taken = false;

    for (bool first = true; client_left_ms(attempt->end_ns) > 0; first = false) {
        attempt->admitted = false;
        err = send_attempt(client, attempt);
        err = err == ERR_OK ? await(client, attempt, event) : err;
        if (err == ERR_OK && (event->type != CLIENT_REFUSED || event->retry_after_ms == 0)) {
            event->resent = !first;
            event->taken = taken || attempt->admitted;
            return ERR_OK;
        }
        taken = taken || attempt->admitted || err != ERR_OK;
        if (err == ERR_OK) {
            refused = (struct client_event){ .type = CLIENT_REFUSED, .code = event->code, .retry_after_ms = event->retry_after_ms };
            attempt->admitted = false;
            if (event->retry_after_ms > client_left_ms(attempt->end_ns)) {
                break; /* No other word can come in time. */
            }
            pause_for(attempt, event->retry_after_ms);
            continue;
        }
        err = client_reconnect(client, client_left_ms(attempt->end_ns));
        if (err != ERR_OK) {
            pause_for(attempt, PAUSE_MS);
        }
    }
    return last_word(attempt, err, &refused, event);
}

enum err client_ask(struct client *client, const struct client_call *call, struct client_event *answer, uint32_t timeout_ms)
{
    struct attempt attempt = { .call = call, .end_ns = clock_mono_ns() + timeout_ms * UINT64_C(1000000), .patience_ms = 4 * CLIENT_RESEND_MS };

    return run(client, &attempt, answer);
}

enum err client_execute(struct client *client, struct bytes command, struct client_event *receipt, uint32_t timeout_ms)
{
    struct attempt attempt = { .command = command, .end_ns = clock_mono_ns() + timeout_ms * UINT64_C(1000000), .patience_ms = CLIENT_RESEND_MS };

    return run(client, &attempt, receipt);
}
