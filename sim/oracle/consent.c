/* consent.c: see consent.h. Written from the page on the ledger alone: no line calls ledger/, whose evaluation this is to judge.
 *
 * Invariants: changes of a value ascend by block; a grant or ticket ends once; numbers of pointers and grants are places + 1. */
#include "sim/oracle/consent.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[CONSENT_MARKS] = {
#define CONSENT_WORD(name, word, text, seeds) word,
    CONSENT_TOLD(CONSENT_WORD)
#undef CONSENT_WORD
};

const char *consent_word(enum consent_mark mark)
{
    ASSERT(mark < CONSENT_MARKS);
    return words[mark];
}

enum consent_mark consent_mark_of(uint8_t reason)
{
    switch (reason) {
    case REASON_SELF: return CONSENT_SELF;
    case REASON_CUSTODIAN: return CONSENT_CUSTODIAN;
    case REASON_GRANT: return CONSENT_GRANT;
    case REASON_POLICY: return CONSENT_POLICY;
    case REASON_EXPLICIT: return CONSENT_EXPLICIT;
    case REASON_DEFAULT: return CONSENT_DEFAULT;
    case REASON_NOT_CURRENT: return CONSENT_NOT_CURRENT;
    case REASON_NO_POINTER: return CONSENT_NO_POINTER;
    default: break;
    }
    ASSERT(reason == REASON_PURPOSE); /* the cast has nobody who could meet with another */
    return CONSENT_PURPOSE;
}

/* --- Memory --------------------------------------------------------------------------------------------------------- */

/* add_standing gives a patient the grants of the genesis (cast.h): its hospital may write, the next one may read for treatment. */
static void add_standing(struct consent *consent, uint32_t actor)
{
    struct consent_patient *patient = &consent->patients[actor];
    uint16_t organisation = consent->cast->actors[actor].organisation;
    uint16_t next = (uint16_t)(organisation % consent->cast->plan.members_count + 1);

    patient->there = true;
    patient->grants_room = 8;
    patient->grants = calloc(patient->grants_room, sizeof *patient->grants);
    ASSERT(patient->grants != NULL);
    patient->grants[0] = (struct consent_grant){ .permits = true, .writes = true, .to = GRANTEE_ORG, .conf_max = CONF_VERY_RESTRICTED, .organisation = organisation,
        .classes = CLASS_MASK_ALL, .ends_ms = CAST_GENESIS_MS + CAST_GRANT_MS };
    patient->grants[1] = (struct consent_grant){ .permits = true, .to = GRANTEE_ORG, .conf_max = CONF_RESTRICTED, .organisation = next, .classes = CLASS_MASK_ALL,
        .purposes = 1u << PURPOSE_TREAT, .ends_ms = CAST_GENESIS_MS + CAST_GRANT_MS };
    patient->grants_count = 2;
    consent_value_set(consent, &patient->policy, 0, POLICY_DENY);
}

void consent_init(struct consent *consent, const struct cast *cast, struct failure *failure)
{
    *consent = (struct consent){ .cast = cast, .failure = failure, .patients = calloc(cast_patients(&cast->plan), sizeof *consent->patients),
        .practitioners = calloc(cast_practitioners(&cast->plan), sizeof *consent->practitioners) };
    ASSERT(consent->patients != NULL);
    ASSERT(consent->practitioners != NULL);
    facts_init(&consent->ids);
    for (uint32_t i = 0; i < cast->plan.actors_count; i++) {
        add_standing(consent, i);
        consent->practitioners[i].ends_ms = cast_tenure_ends_ms(&cast->plan);
        consent_value_set(consent, &consent->practitioners[i].status, 0, ACTOR_ACTIVE);
    }
}

void consent_close(struct consent *consent)
{
    for (uint32_t i = 0; i < cast_patients(&consent->cast->plan); i++) {
        free(consent->patients[i].pointers);
        free(consent->patients[i].grants);
    }
    free(consent->patients);
    free(consent->practitioners);
    free(consent->tickets);
    free(consent->events);
    free(consent->touches);
    facts_close(&consent->ids);
    *consent = (struct consent){ .cast = NULL };
}

/* --- Values --------------------------------------------------------------------------------------------------------- */

void consent_value_set(struct consent *consent, struct consent_value *value, uint64_t height, uint8_t now)
{
    bool same_block = value->count > 0 && value->changes[value->count - 1].height == height;

    ASSERT(value->count == 0 || value->changes[value->count - 1].height <= height);
    if (!same_block && value->count == CONSENT_CHANGES_MAX) {
        uint64_t forgotten = value->changes[1].height - 1;
        consent->forgotten = forgotten > consent->forgotten ? forgotten : consent->forgotten;
        memmove(&value->changes[0], &value->changes[1], (CONSENT_CHANGES_MAX - 1) * sizeof value->changes[0]);
        value->count--;
    }
    value->count += same_block ? 0 : 1;
    value->changes[value->count - 1].height = height;
    value->changes[value->count - 1].value = now;
}

bool consent_value_at(const struct consent_value *value, uint64_t height, uint8_t *was)
{
    for (uint32_t i = value->count; i > 0; i--) {
        if (value->changes[i - 1].height <= height) {
            *was = value->changes[i - 1].value;
            return true;
        }
    }
    return false;
}

const struct consent_pointer *consent_pointer_at(const struct consent *consent, uint32_t patient, uint32_t number, uint64_t height, uint8_t *status)
{
    const struct consent_patient *of = &consent->patients[patient];

    if (number == 0 || number > of->pointers_count || of->pointers[number - 1].made > height) {
        return NULL;
    }
    return consent_value_at(&of->pointers[number - 1].status, height, status) ? &of->pointers[number - 1] : NULL;
}

bool consent_treats(const struct consent *consent, uint32_t patient, uint16_t organisation, uint64_t height)
{
    bool treats = false;

    for (uint32_t number = 1; number <= consent->patients[patient].pointers_count && !treats; number++) {
        uint8_t status = 0;
        const struct consent_pointer *pointer = consent_pointer_at(consent, patient, number, height, &status);
        treats = pointer != NULL && pointer->custodian == organisation && status == POINTER_CURRENT;
    }
    return treats;
}

/* --- Grants --------------------------------------------------------------------------------------------------------- */

static bool is_within(uint16_t month, uint16_t from, uint16_t to)
{
    if (month == 0) { /* undisclosed: known to be in open ranges only */
        return from == 0 && to == 0;
    }
    return month >= from && (to == 0 || month <= to);
}

/* stands: it was made, and has not ended by then, nor by the clock. */
static bool stands(const struct consent_grant *grant, const struct consent_question *question)
{
    bool is_there = grant->made <= question->height && (grant->ended == 0 || grant->ended > question->height);

    return is_there && question->time_ms >= grant->begins_ms && question->time_ms < grant->ends_ms;
}

static bool names(const struct consent *consent, const struct consent_grant *grant, const struct consent_question *question)
{
    if (grant->to == GRANTEE_ACTOR) { /* to be permitted one must have signed; to be denied not */
        return memcmp(grant->grantee, question->subject, ACCT_BYTES) == 0 && (question->subject_signed || !grant->permits);
    }
    if (question->organisation == 0) {
        return false;
    }
    if (grant->to == GRANTEE_ORG) {
        return grant->organisation == question->organisation;
    }
    ASSERT(grant->to == GRANTEE_ANY_CUSTODIAN);
    return consent_treats(consent, question->patient, question->organisation, question->height);
}

/* covers tells whether a grant is about such a record; number 0: it has none yet. */
static bool covers(const struct consent_grant *grant, const struct consent_pointer *record, uint32_t number)
{
    bool by_name = grant->pointer > 0 && grant->pointer == number;
    bool sealed = record->record_class == CLASS_SEALED;

    if ((grant->classes >> record->record_class & 1) == 0 || (sealed && grant->permits && !by_name && !grant->sealed)) {
        return false;
    }
    if (grant->pointer > 0 && !by_name) {
        return false;
    }
    if (grant->custodian > 0 && grant->custodian != record->custodian) {
        return false;
    }
    return is_within(record->month, grant->from_month, grant->to_month) && (!grant->permits || record->conf <= grant->conf_max);
}

static bool has_uses(const struct consent_grant *grant, uint32_t number, const struct consent_question *question)
{
    if (!grant->permits || grant->uses_max == 0) {
        return true;
    }
    return question->settled ? question->counted == number : grant->uses < grant->uses_max;
}

/* lowest gives the lowest read grant of an effect that is about a pointer, 0 when none is. */
static uint32_t lowest(const struct consent *consent, const struct consent_question *question, const struct consent_pointer *pointer, uint32_t number, bool permits, bool past)
{
    const struct consent_patient *patient = &consent->patients[question->patient];

    for (uint32_t i = 0; i < patient->grants_count; i++) {
        const struct consent_grant *grant = &patient->grants[i];
        if (grant->writes || grant->permits != permits || (past && permits && !grant->history) || question->purpose >= PURPOSE_COUNT) {
            continue;
        }
        bool about = (grant->purposes >> question->purpose & 1) != 0 && stands(grant, question) && covers(grant, pointer, number);
        if (about && has_uses(grant, i + 1, question) && names(consent, grant, question)) {
            return i + 1;
        }
    }
    return 0;
}

uint32_t consent_may_write(const struct consent *consent, const struct consent_question *question, const struct consent_pointer *record)
{
    const struct consent_patient *patient = &consent->patients[question->patient];
    uint32_t permit = 0;

    for (uint32_t i = 0; i < patient->grants_count; i++) {
        const struct consent_grant *grant = &patient->grants[i];
        if (!grant->writes || !stands(grant, question) || !covers(grant, record, 0) || !names(consent, grant, question)) {
            continue;
        }
        if (!grant->permits) {
            return 0;
        }
        permit = permit == 0 ? i + 1 : permit;
    }
    return permit;
}

/* --- Decisions ------------------------------------------------------------------------------------------------------ */

static struct consent_answer yes(uint8_t reason, uint32_t grant) { return (struct consent_answer){ true, reason, grant }; }
static struct consent_answer no(uint8_t reason, uint32_t grant) { return (struct consent_answer){ false, reason, grant }; }

static bool policy_lets(const struct consent *consent, const struct consent_question *question, const struct consent_pointer *pointer)
{
    uint8_t policy = POLICY_DENY;
    bool known = consent_value_at(&consent->patients[question->patient].policy, question->height, &policy);

    if (!known || policy != POLICY_TREATING || question->purpose != PURPOSE_TREAT || question->organisation == 0) {
        return false;
    }
    return pointer->conf == CONF_NORMAL && pointer->record_class != CLASS_SEALED && consent_treats(consent, question->patient, question->organisation, question->height);
}

struct consent_answer consent_ask(const struct consent *consent, const struct consent_question *question, uint32_t number)
{
    uint8_t status = 0;
    const struct consent_pointer *pointer = consent_pointer_at(consent, question->patient, number, question->height, &status);
    bool past = status == POINTER_SUPERSEDED;

    ASSERT(pointer != NULL);
    if (question->purpose == PURPOSE_PATRQT && memcmp(question->subject, cast_patient_account(consent->cast, question->patient), ACCT_BYTES) == 0) {
        return yes(REASON_SELF, 0);
    }
    if (!past && status != POINTER_CURRENT) {
        return no(REASON_NOT_CURRENT, 0);
    }
    if (question->purpose == PURPOSE_TREAT && question->organisation > 0 && question->organisation == pointer->custodian) {
        return yes(REASON_CUSTODIAN, 0);
    }
    uint32_t denial = lowest(consent, question, pointer, number, false, past);
    if (denial > 0) {
        return no(REASON_EXPLICIT, denial);
    }
    uint32_t permit = lowest(consent, question, pointer, number, true, past);
    if (permit > 0) {
        return yes(REASON_GRANT, permit);
    }
    return !past && policy_lets(consent, question, pointer) ? yes(REASON_POLICY, 0) : no(REASON_DEFAULT, 0);
}

/* looks tells whether a pointer of the page is asked for, and answers for it. */
static bool looks(const struct consent *consent, const struct consent_question *question, const struct consent_scope *scope, uint32_t bit, struct consent_answer *answer)
{
    uint8_t status = 0;
    const struct consent_pointer *pointer = consent_pointer_at(consent, question->patient, scope->base + bit, question->height, &status);
    bool wanted = pointer != NULL && (scope->wanted[bit / 8] >> bit % 8 & 1) != 0 && (scope->classes >> pointer->record_class & 1) != 0;

    if (!wanted || !is_within(pointer->month, scope->from_month, scope->to_month)) {
        return false;
    }
    *answer = consent_ask(consent, question, scope->base + bit);
    return true;
}

/* count_use gives the lowest grant with a number of uses on which a permit of the page rests, 0 when none does. */
static uint32_t count_use(const struct consent *consent, const struct consent_question *question, const struct consent_scope *scope)
{
    const struct consent_grant *grants = consent->patients[question->patient].grants;
    struct consent_answer answer;
    uint32_t least = 0;

    for (uint32_t bit = 0; bit < TICKET_PAGE; bit++) {
        bool rests = looks(consent, question, scope, bit, &answer) && answer.permits && answer.grant > 0 && grants[answer.grant - 1].uses_max > 0;
        least = rests && (least == 0 || answer.grant < least) ? answer.grant : least;
    }
    return least;
}

void consent_ask_page(const struct consent *consent, const struct consent_question *question, const struct consent_scope *scope, struct consent_page *page)
{
    const struct consent_grant *grants = consent->patients[question->patient].grants;
    struct consent_question settled = *question;

    *page = (struct consent_page){ .answer = no(REASON_NO_POINTER, 0), .ends_ms = UINT64_MAX, .counted = count_use(consent, question, scope) };
    settled.settled = true;
    settled.counted = page->counted;
    for (uint32_t bit = 0; bit < TICKET_PAGE; bit++) {
        struct consent_answer answer;
        if (!looks(consent, &settled, scope, bit, &answer)) {
            continue;
        }
        if (page->first == 0 || (answer.permits && !page->answer.permits)) {
            page->first = scope->base + bit;
            page->answer = answer;
        }
        if (answer.permits) {
            page->bits[bit / 8] |= (uint8_t)(1u << bit % 8);
            uint64_t ends_ms = answer.grant > 0 ? grants[answer.grant - 1].ends_ms : UINT64_MAX;
            page->ends_ms = ends_ms < page->ends_ms ? ends_ms : page->ends_ms;
        }
    }
}

/* --- Releases ------------------------------------------------------------------------------------------------------- */

struct consent_ticket *consent_find(const struct consent *consent, const struct hash32 *id)
{
    uint64_t place = facts_find(&consent->ids, fact_digest(id->bytes, HASH_BYTES));

    return place == 0 ? NULL : &consent->tickets[place - 1];
}

uint8_t consent_status(const struct consent *consent, uint32_t practitioner, uint64_t height)
{
    uint8_t status = 0;

    ASSERT(practitioner < cast_practitioners(&consent->cast->plan));
    return consent_value_at(&consent->practitioners[practitioner].status, height, &status) ? status : 0;
}

bool consent_acts(const struct consent *consent, uint32_t practitioner, uint64_t time_ms, uint64_t height)
{
    return consent_status(consent, practitioner, height) == ACTOR_ACTIVE && time_ms < consent->practitioners[practitioner].ends_ms;
}

uint64_t consent_tenure_ms(const struct consent *consent, const struct consent_ticket *ticket)
{
    uint32_t who = cast_practitioner(consent->cast, ticket->subject);

    return who == CAST_NOBODY ? UINT64_MAX : consent->practitioners[who].ends_ms;
}

bool consent_has_left(const struct consent *consent, const struct consent_ticket *ticket, uint64_t time_ms, uint64_t height)
{
    uint32_t who = cast_practitioner(consent->cast, ticket->subject);

    return who != CAST_NOBODY && !consent_acts(consent, who, time_ms, height);
}

uint16_t consent_release(const struct consent *consent, const struct hash32 *id, uint32_t number, bool asker_may, uint64_t time_ms, uint64_t height,
                         struct consent_answer *answer)
{
    const struct consent_ticket *ticket = consent_find(consent, id);
    bool known = ticket != NULL && ticket->made <= height && (ticket->left == 0 || ticket->left > height);
    uint8_t status = 0;

    *answer = no(REASON_NONE, 0);
    if (!known) {
        return CODE_TICKET_UNKNOWN;
    }
    bool over = time_ms >= ticket->ends_ms || (ticket->ended != 0 && ticket->ended <= height);
    if (over) {
        return CODE_TICKET_EXPIRED;
    }
    uint32_t bit = number - ticket->base;
    bool named = number >= ticket->base && bit < TICKET_PAGE && (ticket->bits[bit / 8] >> bit % 8 & 1) != 0;
    if (!named || !asker_may) {
        return CODE_TICKET_SCOPE;
    }
    struct consent_question question = { .patient = ticket->patient, .subject = ticket->subject, .subject_signed = ticket->subject_signed,
        .organisation = ticket->organisation, .purpose = ticket->purpose, .time_ms = time_ms, .height = height, .settled = true, .counted = ticket->counted };
    ASSERT(consent_pointer_at(consent, ticket->patient, number, height, &status) != NULL); /* it was there when the ticket was made */
    *answer = consent_has_left(consent, ticket, time_ms, height) ? no(REASON_DEFAULT, 0) : consent_ask(consent, &question, number);
    return answer->permits ? CODE_OK : CODE_NOT_PERMITTED;
}
