/* handout.c: see handout.h. */
#include "sim/oracle/handout.h"

#include "base/assert.h"
#include "ledger/ledger.h"
#include "ledger/release.h"
#include "sim/world/choice.h"
#include "sim/oracle/oracle.h"

#include <string.h>

#define AHEAD_MS 10000000u    /* how far the moments to come are looked at */
#define GRANTS_LOOKED_AT 16u  /* of a patient, the newest */
#define TICKETS_LOOKED_AT 64u /* the newest */
#define PAGES_LOOKED_AT 16u /* pointers of them at one read */

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
    if (ticket != NULL) {
        bool system = asker < cast_senders(&consent->cast->plan) && cast_role(&consent->cast->plan, asker) == CAST_SYSTEM && consent->cast->actors[asker % consent->cast->plan.actors_count].organisation == ticket->organisation;
        may = system || memcmp(handout->asker, ticket->subject, ACCT_BYTES) == 0;
    }
    uint16_t code = consent_release(consent, &handout->ticket, handout->pointer, may, handout->time_ms, handout->height, &answer);
    note(consent, code, handout->height);
    consent->marks[CONSENT_LEFT] += code == CODE_NOT_PERMITTED && consent_has_left(consent, ticket, handout->time_ms, handout->height) ? 1 : 0;
    if (code != handout->code || (code == CODE_NOT_PERMITTED && answer.reason != handout->reason)) {
        oracle_fail(consent->failure, FAILURE_SAFETY, "consent: r%u, at block %llu, answers a release of pointer %u with %s, reason %u, but it is %s, reason %u", member,
                    (unsigned long long)handout->height, handout->pointer, code_name(handout->code), handout->reason, code_name(code), answer.reason);
    }
}

/* decide lets the server decide at a moment. */
static void decide(struct consent *consent, const struct host *host, struct handout *handout, uint64_t time_ms)
{
    static struct consent_inputs inputs;
    struct release_request request = { .ticket = handout->ticket, .seq = handout->pointer, .asked_ms = time_ms };
    struct decision decision;

    memcpy(request.asker, handout->asker, ACCT_BYTES);
    handout->time_ms = time_ms;
    handout->code = (uint16_t)release_check(ledger_store(host->driver.apply.ledger), &request, time_ms, &inputs, &decision);
    handout->reason = (uint8_t)decision.reason;
    handout_judge(consent, handout, host->plan.member);
}

/* decide_around lets it decide right before a moment and at it, if these are still to come. */
static void decide_around(struct consent *consent, const struct host *host, struct handout *handout, uint64_t now_ms, uint64_t moment_ms)
{
    if (moment_ms > now_ms && moment_ms < now_ms + AHEAD_MS) {
        decide(consent, host, handout, moment_ms - 1);
        decide(consent, host, handout, moment_ms);
    }
}

/* decide_later lets it decide around whatever changes by the clock alone. */
static void decide_later(struct consent *consent, const struct host *host, struct handout *handout, uint64_t now_ms)
{
    const struct consent_ticket *ticket = consent_find(consent, &handout->ticket);

    if (ticket == NULL) {
        return;
    }
    decide_around(consent, host, handout, now_ms, ticket->ends_ms);
    decide_around(consent, host, handout, now_ms, consent_tenure_ms(consent, ticket));
    const struct consent_patient *patient = &consent->patients[ticket->patient];
    uint32_t first = patient->grants_count > GRANTS_LOOKED_AT ? patient->grants_count - GRANTS_LOOKED_AT : 0;
    for (uint32_t i = first; i < patient->grants_count; i++) {
        decide_around(consent, host, handout, now_ms, patient->grants[i].begins_ms);
        decide_around(consent, host, handout, now_ms, patient->grants[i].ends_ms);
    }
}

/* decide_page lets its subject ask for every pointer that a ticket names, now and right before a moment to come. Gives: how many. */
static uint32_t decide_page(struct consent *consent, const struct host *host, const struct consent_ticket *ticket, uint64_t now_ms, uint64_t moment_ms)
{
    uint32_t count = 0;

    for (uint32_t bit = 0; bit < TICKET_PAGE; bit++) {
        if ((ticket->bits[bit / 8] >> bit % 8 & 1) != 0) {
            struct handout handout = { .ticket = ticket->id, .asker = ticket->subject, .pointer = ticket->base + bit, .height = ledger_height(host->driver.apply.ledger) };
            decide(consent, host, &handout, now_ms);
            decide_around(consent, host, &handout, now_ms, moment_ms);
            count++;
        }
    }
    return count;
}

/* decide_under_tickets: a ticket that outlives a grant which forbids serves again from the moment at which that one ends: a permit that ends takes its tickets along, so denials alone tell whether it
 * ends when it must. Nor does a ticket end with the registration of whom it is for. And a ticket that took the last use of a grant serves for as long as it lasts. */
static void decide_under_tickets(struct consent *consent, const struct host *host, uint64_t now_ms)
{
    uint32_t least = consent->tickets_count > TICKETS_LOOKED_AT ? consent->tickets_count - TICKETS_LOOKED_AT : 0, looked = 0;

    for (uint32_t i = consent->tickets_count; i > least && looked < PAGES_LOOKED_AT; i--) {
        const struct consent_ticket *ticket = &consent->tickets[i - 1];
        const struct consent_patient *patient = &consent->patients[ticket->patient];
        uint32_t first = patient->grants_count > GRANTS_LOOKED_AT ? patient->grants_count - GRANTS_LOOKED_AT : 0;
        uint64_t tenure_ms = consent_tenure_ms(consent, ticket);
        for (uint32_t k = first; k < patient->grants_count && ticket->ends_ms > now_ms; k++) {
            const struct consent_grant *grant = &patient->grants[k];
            bool ends = !grant->permits && !grant->writes && grant->ended == 0 && grant->ends_ms > now_ms && grant->ends_ms < ticket->ends_ms;
            looked += ends ? decide_page(consent, host, ticket, now_ms, grant->ends_ms) : 0;
        }
        looked += ticket->ends_ms > tenure_ms ? decide_page(consent, host, ticket, now_ms, tenure_ms) : 0;
        looked += ticket->counted != 0 && ticket->ends_ms > now_ms ? decide_page(consent, host, ticket, now_ms, ticket->ends_ms) : 0;
    }
}

void handout_ask(struct consent *consent, const struct workload *workload, const struct host *host, uint64_t number)
{
    struct cast_ticket ticket = workload_ticket(workload, number, 1, (uint32_t)(number % consent->cast->plan.actors_count));
    struct ledger *ledger = host->driver.apply.ledger;

    if (hash_is_zero(&ticket.id) || ledger_is_open(ledger)) {
        return; /* nobody knows of a ticket yet; or a block is half executed */
    }
    uint64_t wall_ms = host_wall_ms(host), time_ms = ledger_time(ledger), now_ms = wall_ms > time_ms ? wall_ms : time_ms;
    struct handout handout = { .ticket = ticket.id, .asker = asker_of(consent, &ticket, number), .height = ledger_height(ledger) };
    handout.pointer = 1 + (uint32_t)choice_below(consent->cast->plan.seed, &(struct choice){ CHOICE_TICKET, { number, 0, 4 } }, 4);
    decide(consent, host, &handout, now_ms);
    decide_later(consent, host, &handout, now_ms);
    decide_under_tickets(consent, host, now_ms);
}
