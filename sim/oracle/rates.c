/* rates.c: see rates.h. Calls nothing of ledger/ but its readers of bytes. */
#include "sim/oracle/rates.h"

#include "base/assert.h"
#include "ledger/command.h"
#include "ledger/entity.h"
#include "ledger/key.h"
#include "ledger/ledger.h"
#include "sim/oracle/oracle.h"
#include "storage/state_store.h"
#include "wire/envelope.h"

#include <stdlib.h>

#define UNSAFE(rates, ...) oracle_fail((rates)->failure, FAILURE_SAFETY, __VA_ARGS__)

void rates_init(struct rates *rates, const struct cast *cast, struct failure *failure)
{
    *rates = (struct rates){ .cast = cast, .failure = failure, .senders = calloc(cast_senders(&cast->plan), sizeof *rates->senders) };
    ASSERT(rates->senders != NULL);
    enum verdict verdict = params_decode(&rates->params, cast->genesis.params, PARAMS_BYTES);
    ASSERT(verdict == VERDICT_OK);
}

void rates_close(struct rates *rates)
{
    free(rates->senders);
    *rates = (struct rates){ .cast = NULL };
}

static const struct rate *rate_of(const struct rates *rates, uint32_t sender)
{
    switch (cast_role(&rates->cast->plan, sender)) {
    case CAST_PATIENT:
    case CAST_NEWCOMER: return &rates->params.rate_patient;
    case CAST_ADMIN:
    case CAST_PRACTITIONER: return &rates->params.rate_practitioner;
    case CAST_SYSTEM:
    case CAST_ROLES: break;
    }
    return &rates->params.rate_system;
}

/* changes_nothing: what fails for its sender alone costs it nothing. */
static bool changes_nothing(uint16_t code, const struct envelope *envelope)
{
    if (envelope->type == COMMAND_PATIENT_REGISTER && code != CODE_OK) {
        return true; /* the voucher gets its token back */
    }
    return code == CODE_SENDER_UNKNOWN || code == CODE_KEY_NOT_CURRENT || code == CODE_DUPLICATE || code == CODE_NONCE_LOW || code == CODE_NONCE_GAP || code == CODE_RATE;
}

/* costs_more: how many tokens it takes depends on what the state holds. A disclosure of one item takes one for up to seven pointers, whatever that is. */
static bool costs_more(const struct envelope *envelope)
{
    struct command_body body;
    int pointers = 0;

    if (envelope->type != COMMAND_DISCLOSE || command_body_decode(&body, envelope->type, envelope->body.data, envelope->body.size) != VERDICT_OK) {
        return envelope->type == COMMAND_ACCESS_REQUEST;
    }
    for (uint32_t i = 0; i < BITMAP_BYTES; i++) {
        pointers += __builtin_popcount(body.as.disclose.items[0].bitmap[i]);
    }
    return body.as.disclose.count > 1 || pointers > 7;
}

/* follow_one takes in one command. */
static void follow_one(struct rates *rates, const struct apply_block *block, uint32_t i, const struct envelope *envelope, uint32_t number)
{
    struct rates_sender *sender = &rates->senders[number];
    const struct rate *rate = rate_of(rates, number);
    uint64_t time_ms = block->header->time_ms, most = time_ms + (uint64_t)rate->burst * rate->interval_ms;

    if (block->codes[i] == CODE_RATE && !sender->least && sender->tat <= most) {
        UNSAFE(rates, "116: command %u of block %llu is refused for its rate, and its sender has tokens", i, (unsigned long long)block->header->height);
    }
    if (changes_nothing(block->codes[i], envelope)) {
        return;
    }
    if (sender->tat > most) {
        UNSAFE(rates, "116: command %u of block %llu executes %llu ms before its sender has a token", i, (unsigned long long)block->header->height,
               (unsigned long long)(sender->tat - most));
    }
    sender->tat = (sender->tat > time_ms ? sender->tat : time_ms) + rate->interval_ms;
    sender->least = sender->least || costs_more(envelope);
}

/* org_bucket gives what the state says of the admin of a hospital. Gives: false when that is not there. */
static bool org_bucket(struct ledger *ledger, uint16_t organisation, uint64_t *tat)
{
    struct state_key key = key_org(organisation);
    uint8_t value[ORG_BYTES];
    struct org org = { .bucket = 0 };
    size_t size = 0;

    bool found = state_store_get(ledger_store(ledger), bytes_of(key.bytes, key.size), value, sizeof value, &size) && org_decode(&org, value, size) == VERDICT_OK;
    *tat = org.bucket;
    return found;
}

/* bucket_in gives what the state says of a sender. Gives: false when it is not there. */
static bool bucket_in(const struct rates *rates, uint32_t sender, struct ledger *ledger, uint64_t *tat)
{
    const uint8_t *account = cast_account(rates->cast, sender);
    enum cast_role role = cast_role(&rates->cast->plan, sender);
    bool is_patient = role == CAST_PATIENT || role == CAST_NEWCOMER;
    struct state_key key = is_patient ? key_patient(account) : key_actor(account);
    uint8_t value[PATIENT_BYTES > ACTOR_BYTES ? PATIENT_BYTES : ACTOR_BYTES];
    struct patient patient = { .bucket = 0 };
    struct actor actor = { .bucket = 0 };
    size_t size = 0;

    if (role == CAST_ADMIN) {
        return org_bucket(ledger, cast_organisation(rates->cast, sender), tat);
    }
    bool found = state_store_get(ledger_store(ledger), bytes_of(key.bytes, key.size), value, sizeof value, &size) &&
                 (is_patient ? patient_decode(&patient, value, size) : actor_decode(&actor, value, size)) == VERDICT_OK;
    *tat = is_patient ? patient.bucket : actor.bucket;
    return found;
}

static void look_at_state(struct rates *rates, const struct apply_block *block, uint32_t number, struct ledger *ledger)
{
    struct rates_sender *sender = &rates->senders[number];
    uint64_t tat = 0;

    if (!bucket_in(rates, number, ledger, &tat) || tat < sender->tat || (tat > sender->tat && !sender->least)) {
        UNSAFE(rates, "116: after block %llu the bucket of sender %u is not what its commands made it", (unsigned long long)block->header->height, number);
    }
    sender->tat = tat;
    sender->least = false;
}

/* payer_of gives who pays for a command: of a registration the first who vouches for it. Gives: cast_senders: nobody of this cast. */
static uint32_t payer_of(const struct rates *rates, struct bytes bytes, struct envelope *envelope)
{
    if (envelope_decode(envelope, bytes) != CODE_OK) {
        return cast_senders(&rates->cast->plan);
    }
    bool vouched = envelope->type == COMMAND_PATIENT_REGISTER && envelope->cosigners_count > 0;
    return cast_sender(rates->cast, vouched ? envelope->cosigners[0].account : envelope->sender);
}

void rates_executed(struct rates *rates, const struct apply_block *block, struct ledger *ledger)
{
    uint32_t nobody = cast_senders(&rates->cast->plan);

    for (uint32_t pass = 0; pass < 2; pass++) { /* the second: as of after the block */
        for (uint32_t i = 0; i < block->header->commands_count; i++) {
            struct bytes bytes = bytes_of(block->body.data + block->commands[i].offset, block->commands[i].envelope_bytes);
            struct envelope envelope;
            uint32_t sender = payer_of(rates, bytes, &envelope);
            if (sender < nobody && pass == 0) {
                follow_one(rates, block, i, &envelope, sender);
            } else if (sender < nobody) {
                look_at_state(rates, block, sender, ledger);
            }
        }
    }
}
