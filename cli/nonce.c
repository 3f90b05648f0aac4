/* nonce.c: see nonce.h.
 *
 * Invariant: voices holds one value for each key that was heard, so that nobody counts twice. */
#include "cli/nonce.h"

#include "base/assert.h"
#include "cli/client_priv.h"
#include "cli/describe.h"
#include "cli/output.h"

#include <poll.h>
#include <string.h>

enum { AGAIN_MS = 250, ROUNDS = 8 };

/* What members said, each once. */
struct voices {
    uint32_t count;
    uint8_t keys[MEMBERS_MAX][32];
    uint64_t values[MEMBERS_MAX];
};

static bool is_own(const struct ask *ask)
{
    return client_peer(ask->reach.client)->own;
}

/* needed gives f + 1. */
static uint32_t needed(const struct ask *ask)
{
    ASSERT(ask->checker.trusts); /* --replica needs --genesis */
    return config_faults_max(ask->checker.config.members_count) + 1;
}

/* hear notes what the replica that spoke last said, unless it was heard. */
static void hear(struct voices *voices, const struct ask *ask, uint64_t value)
{
    const uint8_t *key = client_peer(ask->reach.client)->key;

    for (uint32_t i = 0; i < voices->count; i++) {
        if (memcmp(voices->keys[i], key, 32) == 0) {
            return;
        }
    }
    if (voices->count < MEMBERS_MAX) {
        memcpy(voices->keys[voices->count], key, 32);
        voices->values[voices->count++] = value;
    }
}

/* highest gives the highest value that at least `least` members reach, so that one of them is honest. Gives: false when fewer were heard. */
static bool highest(const struct voices *voices, uint32_t least, uint64_t *value)
{
    *value = 0;
    for (uint32_t i = 0; i < voices->count; i++) {
        uint32_t reached = 0;
        for (uint32_t k = 0; k < voices->count; k++) {
            reached += voices->values[k] >= voices->values[i];
        }
        *value = reached >= least && voices->values[i] > *value ? voices->values[i] : *value;
    }
    return voices->count >= least;
}

/* is_agreed tells whether `least` members said this very value. */
static bool is_agreed(const struct voices *voices, uint32_t least, uint64_t value)
{
    uint32_t equal = 0;

    for (uint32_t i = 0; i < voices->count; i++) {
        equal += voices->values[i] == value;
    }
    return equal >= least;
}

/* go_on connects to the next replica. Gives: false when there is no other, or none in time. */
static bool go_on(struct ask *ask)
{
    uint32_t left_ms = client_left_ms(ask->end_ns);

    return ask->reach.client->config.targets_count > 1 && left_ms > 0 && client_reconnect(ask->reach.client, left_ms) == ERR_OK;
}

/* --- How far the sender is -------------------------------------------------------------------------------------------- */

/* ask_executed asks for the sender's account. Gives: *executed, the newest nonce that is used; 0 where there is no account yet. */
static int ask_executed(struct ask *ask, uint64_t *executed, uint16_t *refusal)
{
    bool of_org = ask->key->kind == KEYFILE_ADMIN || ask->key->kind == KEYFILE_OFFICER;
    enum query_kind kind = of_org ? QUERY_ORG : ask->key->kind == KEYFILE_PATIENT ? QUERY_PATIENT : QUERY_ACTOR;
    struct query query = { .kind = kind, .org = of_org ? (uint16_t)args_number(ask->args, "org") : 0 };
    const struct query_facts *facts = &ask->checker.facts;

    if (!of_org) {
        memcpy(query.acct, ask->account, ACCT_BYTES);
    }
    int code = ask_try(ask, &query, refusal);
    *executed = 0;
    if (code != EXIT_FINE || *refusal != 0 || !facts->found) {
        return code;
    }
    if (of_org) {
        *executed = ask->key->kind == KEYFILE_ADMIN ? facts->org.nonce : facts->org.officer_nonce;
    } else {
        *executed = kind == QUERY_PATIENT ? facts->patient.nonce : facts->actor.nonce;
    }
    return EXIT_FINE;
}

int nonce_proved(struct ask *ask, uint64_t *executed, uint64_t *time_ms)
{
    uint64_t above = ask->above;
    bool certified = ask->certified, waits = ask->waits;
    uint16_t refusal = 0;

    ask->certified = true;
    ask->waits = false;
    ask->above = 0;
    int code = ask_executed(ask, executed, &refusal);
    ask->certified = certified;
    ask->waits = waits;
    ask->above = above;
    *time_ms = code == EXIT_FINE && refusal == 0 ? ask->checker.facts.answer.time_ms : 0;
    return code;
}

int nonce_prove(struct ask *ask, uint64_t nonce)
{
    uint64_t proved = 0, time_ms = 0;
    int code = nonce_proved(ask, &proved, &time_ms);

    while (code == EXIT_FINE && proved < nonce) {
        if (client_left_ms(ask->end_ns) <= AGAIN_MS) {
            return output_fail(ask->args, EXIT_UNREACHABLE, "one replica alone says that nonce %llu is used, and no certified checkpoint has proved it in time: name %u replicas, which are "
                                                            "believed at once, or wait with --timeout 30s", (unsigned long long)nonce, needed(ask));
        }
        (void)poll(NULL, 0, AGAIN_MS);
        code = nonce_proved(ask, &proved, &time_ms);
    }
    return code;
}

/* gather asks one replica after the other until enough agree, or one's own answers. Gives: *said, what is believed; *enough false when too few were heard, and *said is one's word. */
static int gather(struct ask *ask, uint64_t *said, bool *enough)
{
    struct voices voices = { .count = 0 };
    uint64_t agreed;
    uint16_t refusal = 0;
    int code = EXIT_FINE;

    *enough = true;
    for (uint32_t i = 0; i < ask->reach.client->config.targets_count; i++) {
        code = ask_executed(ask, said, &refusal);
        if (code == EXIT_FINE && refusal != 0) {
            return output_fail(ask->args, EXIT_NO, "refused with %u %s: %s", refusal, code_name(refusal), describe_code_text(refusal));
        }
        if (code != EXIT_FINE || is_own(ask)) {
            return code;
        }
        hear(&voices, ask, *said);
        if (is_agreed(&voices, needed(ask), *said) || !go_on(ask)) {
            break;
        }
    }
    *enough = highest(&voices, needed(ask), &agreed);
    *said = *enough ? agreed : *said;
    return EXIT_FINE;
}

int nonce_ask(struct ask *ask, uint64_t *next)
{
    uint64_t said = 0;
    bool enough = false;
    int code = gather(ask, &said, &enough);

    if (code == EXIT_FINE && !enough && said > 0) { /* The first nonce of all cannot be too high. */
        code = nonce_prove(ask, said);
    }
    *next = said + 1;
    return code == EXIT_FINE ? ask_forget(ask) : code;
}

/* --- What became of a command ------------------------------------------------------------------------------------------ */

/* trace_one asks the present replica. Gives: *denies when it has executed a command of this nonce and knows of no receipt of the transaction. */
static int trace_one(struct ask *ask, const struct hash32 *id, uint64_t nonce, bool *denies, struct client_event *receipt)
{
    struct query query = { .kind = QUERY_RECEIPT, .id = *id };
    uint64_t executed = 0;
    uint16_t refusal = 0;

    *denies = false;
    *receipt = (struct client_event){ 0 };
    int code = ask_try(ask, &query, &refusal);
    if (code == EXIT_FINE && refusal == 0) {
        const struct receipt *found = &ask->checker.facts.receipt;
        *receipt = (struct client_event){ .type = CLIENT_RECEIPTS, .code = (uint16_t)found->code, .height = found->height, .index = found->index, .time_ms = found->time_ms };
    }
    if (code != EXIT_FINE || refusal != QUERY_NOT_FOUND || is_own(ask)) {
        *denies = code == EXIT_FINE && refusal == QUERY_NOT_FOUND;
        return code;
    }
    const struct client_target *peer = client_peer(ask->reach.client);
    code = ask_executed(ask, &executed, &refusal);
    *denies = code == EXIT_FINE && refusal == 0 && executed >= nonce && client_peer(ask->reach.client) == peer;
    return code;
}

int nonce_trace(struct ask *ask, const struct hash32 *id, uint64_t nonce, enum nonce_fate *fate, struct client_event *receipt)
{
    struct voices voices = { .count = 0 };
    bool denies = false, more = true;

    *fate = NONCE_UNTOLD;
    for (uint32_t i = 0; i < ROUNDS * ask->reach.client->config.targets_count && more; i++) {
        int code = trace_one(ask, id, nonce, &denies, receipt);
        if (code != EXIT_FINE) {
            return code;
        }
        if (denies) {
            hear(&voices, ask, 0);
        }
        if (receipt->type == CLIENT_RECEIPTS || (denies && (is_own(ask) || voices.count >= needed(ask)))) {
            *fate = receipt->type == CLIENT_RECEIPTS ? NONCE_EXECUTED : NONCE_ANOTHER;
            break;
        }
        more = go_on(ask);
    }
    return ask_forget(ask);
}
