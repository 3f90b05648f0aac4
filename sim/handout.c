/* handout.c: see handout.h. */
#include "sim/handout.h"

#include "base/assert.h"
#include "ledger/ledger.h"
#include "ledger/release.h"
#include "sim/choice.h"
#include "sim/oracle.h"

#include <string.h>

/* asker_of draws who asks: whom the ticket is for, or some record system. */
static const uint8_t *asker_of(const struct consent *consent, const struct cast_ticket *ticket, uint64_t number)
{
    uint64_t seed = consent->cast->plan.seed, how = choice_below(seed, &(struct choice){ CHOICE_TICKET, { number, 0, 2 } }, 4);
    uint64_t system = choice_below(seed, &(struct choice){ CHOICE_TICKET, { number, 0, 3 } }, consent->cast->plan.actors_count);

    return how < 3 ? ticket->recipient : cast_account(consent->cast, (uint32_t)system);
}

static void note(struct consent *consent, uint16_t code, uint64_t height)
{
    enum consent_mark mark = code == CODE_OK ? CONSENT_RELEASED : code == CODE_NOT_PERMITTED ? CONSENT_STOPPED : code == CODE_TICKET_EXPIRED ? CONSENT_OVER
                             : code == CODE_TICKET_SCOPE ? CONSENT_BEYOND : CONSENT_UNKNOWN;

    consent->marks[mark]++;
    consent->marks[CONSENT_BEHIND] += height < consent->height ? 1 : 0;
}

void handout_judge(struct consent *consent, const struct handout *handout, uint32_t member)
{
    const struct consent_ticket *ticket = consent_find(consent, &handout->ticket);
    uint32_t asker = cast_sender(consent->cast, handout->asker);
    struct consent_answer answer;
    bool may = false;

    if (handout->height > consent->height || handout->height < consent->forgotten) {
        return;
    }
    ASSERT(asker < cast_senders(&consent->cast->plan));
    if (ticket != NULL) {
        bool system = cast_role(&consent->cast->plan, asker) == CAST_SYSTEM && consent->cast->actors[asker % consent->cast->plan.actors_count].organisation == ticket->organisation;
        may = system || memcmp(handout->asker, ticket->subject, ACCT_BYTES) == 0;
    }
    uint16_t code = consent_release(consent, &handout->ticket, handout->pointer, may, handout->time_ms, handout->height, &answer);
    note(consent, code, handout->height);
    if (code != handout->code || (code == CODE_NOT_PERMITTED && answer.reason != handout->reason)) {
        oracle_fail(consent->failure, FAILURE_SAFETY, "consent: r%u, at block %llu, answers a release of pointer %u with %s, reason %u, but it is %s, reason %u", member,
                    (unsigned long long)handout->height, handout->pointer, code_name(handout->code), handout->reason, code_name(code), answer.reason);
    }
}

void handout_ask(struct consent *consent, const struct workload *workload, const struct host *host, uint64_t number)
{
    static struct consent_inputs inputs;
    struct cast_ticket ticket = workload_ticket(workload, number, 1, (uint32_t)(number % consent->cast->plan.actors_count));
    struct ledger *ledger = host->driver.apply.ledger;
    struct decision decision;

    if (hash_is_zero(&ticket.id) || ledger_is_open(ledger)) {
        return; /* nobody knows of a ticket yet; or a block is half executed */
    }
    uint64_t wall_ms = host_wall_ms(host), time_ms = ledger_time(ledger);
    struct handout handout = { .ticket = ticket.id, .asker = asker_of(consent, &ticket, number), .time_ms = wall_ms > time_ms ? wall_ms : time_ms, .height = ledger_height(ledger) };
    handout.pointer = 1 + (uint32_t)choice_below(consent->cast->plan.seed, &(struct choice){ CHOICE_TICKET, { number, 0, 4 } }, 4);
    struct release_request request = { .ticket = ticket.id, .seq = handout.pointer, .asked_ms = handout.time_ms };
    memcpy(request.asker, handout.asker, ACCT_BYTES);
    handout.code = (uint16_t)release_check(ledger_store(ledger), &request, handout.time_ms, &inputs, &decision);
    handout.reason = (uint8_t)decision.reason;
    handout_judge(consent, &handout, host->plan.member);
}
