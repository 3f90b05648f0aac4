/* consent.c: the evaluation of consent, in the numbered steps of docs/ledger.md.
 *
 *    1  erased -> DENY 24; locked: only steps 2, 4 (and 8); deceased: only an explicit grant
 *    2  the patient itself, purpose PATRQT -> PERMIT SELF, whatever the pointer's status
 *    3  a superseded pointer: of the permits only those with HISTORY count, no step 9; any other status but current -> DENY 22
 *    4  the custodian itself, purpose TREAT -> PERMIT CUSTODIAN (its own chart)
 *    5  M = read grants in force whose purpose, grantee and scope match
 *    6  a deny in M -> DENY 20, the lowest
 *    7  a permit in M -> PERMIT GRANT, the lowest
 *    8  break-glass: not built; its purpose never passes the table of roles
 *    9  default policy "treating": TREAT, a custodian with a current pointer, conf N, class not 0 -> PERMIT POLICY
 *   10  DENY 21
 *
 * A permit to an actor counts only if that actor signed the request; a deny counts against whoever is named, signed or not: otherwise
 * a system could act for the denied person simply by leaving the signature out. In the same way a deny needs neither HISTORY nor SEALED nor a high
 * enough confidentiality: these are what a permit must say to open more, and a deny that had to say it would leave open what it seems to shut. */
#include "ledger/consent.h"

#include "base/assert.h"
#include "base/bytes.h"

#include <string.h>

/* What a grant is matched against: who asks, */
struct asker {
    const uint8_t *acct;
    bool has_signed;
    uint16_t org;
    enum org_kind org_kind;
    bool is_custodian; /* Relation.current > 0 */
};

/* and for what: a read of an existing pointer, or a write of a new one. */
struct target {
    uint16_t custodian;
    uint8_t record_class;
    uint8_t conf;
    uint16_t month;
    uint32_t ptr_seq; /* 0: not numbered yet */
};

static bool grantee_is_number(const uint8_t grantee[ACCT_BYTES], uint16_t number)
{
    bool low = grantee[ACCT_BYTES - 2] == number >> 8 && grantee[ACCT_BYTES - 1] == (number & 0xff);

    return low && bytes_are_zero(grantee, ACCT_BYTES - 2);
}

static bool grantee_matches(const struct grant *grant, const struct asker *asker)
{
    bool deny = grant->effect == EFFECT_DENY;

    switch ((enum grant_type)grant->gtype) {
    case GRANTEE_ACTOR:
        return (asker->has_signed || deny) && memcmp(grant->grantee, asker->acct, ACCT_BYTES) == 0;
    case GRANTEE_ORG:
        return asker->org > 0 && grantee_is_number(grant->grantee, asker->org);
    case GRANTEE_ORG_KIND:
        return asker->org > 0 && grantee_is_number(grant->grantee, (uint16_t)asker->org_kind);
    case GRANTEE_ANY_CUSTODIAN:
        return asker->org > 0 && asker->is_custodian;
    }
    return false;
}

bool consent_month_matches(uint16_t month, uint16_t from, uint16_t to)
{
    if (month == 0) {
        return from == 0 && to == 0;
    }
    return (from == 0 || month >= from) && (to == 0 || month <= to);
}

static bool in_force(const struct grant *grant, uint64_t time_ms)
{
    ASSERT(grant->status == GRANT_ACTIVE || grant->status == GRANT_ENDED);
    return grant->status == GRANT_ACTIVE && grant->not_before <= time_ms && time_ms < grant->expires;
}

/* Class 0 is never covered by "all": its bit must stand, and a permit must name the very pointer or say SEALED. */
static bool class_matches(const struct grant *grant, const struct target *target)
{
    ASSERT(target->record_class <= CLASS_OTHER); /* 303 before a pointer comes in, the codec when it is read */
    if ((grant->class_mask >> target->record_class & 1) == 0) {
        return false;
    }
    if (target->record_class != CLASS_SEALED || grant->effect == EFFECT_DENY) {
        return true;
    }
    bool named = grant->ptr_seq != 0 && grant->ptr_seq == target->ptr_seq;
    return named || (grant->flags & GRANT_SEALED) != 0;
}

static bool conf_matches(const struct grant *grant, const struct target *target)
{
    ASSERT(grant->conf_max <= CONF_VERY_RESTRICTED);
    return grant->effect == EFFECT_DENY || target->conf <= grant->conf_max;
}

/* The first part that does not match ends it: this runs for each grant in M and each pointer. */
static bool scope_matches(const struct grant *grant, const struct target *target)
{
    if (!class_matches(grant, target) || (grant->ptr_seq != 0 && grant->ptr_seq != target->ptr_seq)) {
        return false;
    }
    if ((grant->custodian != 0 && grant->custodian != target->custodian) || !conf_matches(grant, target)) {
        return false;
    }
    return consent_month_matches(target->month, grant->from_month, grant->to_month);
}

/* A deny is never used up. */
static bool uses_left(const struct consent_inputs *inputs, const struct numbered_grant *numbered)
{
    const struct grant *grant = &numbered->grant;

    ASSERT(numbered->seq > 0);
    if (grant->max_uses == 0 || grant->effect == EFFECT_DENY) {
        return true;
    }
    switch (inputs->uses) {
    case USES_OPEN:
        return grant->uses < grant->max_uses;
    case USES_COUNTED:
        return numbered->seq == inputs->counted;
    }
    return false;
}

/* Step 5 but for the scope: whether a grant is in M as far as that is the same for all pointers. */
static bool read_counts(const struct consent_inputs *inputs, const struct numbered_grant *numbered, const struct asker *asker)
{
    const struct grant *grant = &numbered->grant;
    uint8_t purpose = inputs->subject.purpose;

    if (grant->kind != GRANT_READ || !in_force(grant, inputs->time_ms) || !uses_left(inputs, numbered)) {
        return false;
    }
    return purpose < PURPOSE_COUNT && (grant->purposes >> purpose & 1) != 0 && grantee_matches(grant, asker);
}

void consent_narrow(const struct consent_inputs *inputs, struct consent_narrowed *out)
{
    const struct consent_subject *subject = &inputs->subject;
    const struct asker asker = { .acct = subject->acct, .has_signed = subject->has_signed, .org = subject->org, .org_kind = subject->org_kind,
        .is_custodian = subject->relation_current > 0 };

    ASSERT(inputs->grants_count <= CONSENT_GRANTS_MAX);
    out->count = 0;
    for (uint32_t i = 0; i < inputs->grants_count; i++) {
        ASSERT(inputs->grants[i].seq > 0);
        ASSERT(i == 0 || inputs->grants[i].seq > inputs->grants[i - 1].seq);
        if (read_counts(inputs, &inputs->grants[i], &asker)) {
            out->grants[out->count++] = &inputs->grants[i];
        }
    }
    ASSERT(out->count <= inputs->grants_count);
}

static struct target target_of(const struct numbered_pointer *numbered)
{
    const struct pointer *pointer = &numbered->pointer;

    ASSERT(numbered->seq > 0);
    ASSERT(pointer->record_class <= CLASS_OTHER);
    return (struct target){ .custodian = pointer->custodian, .record_class = pointer->record_class, .conf = pointer->conf, .month = pointer->service_month,
        .ptr_seq = numbered->seq };
}

static struct decision permit(enum reason reason, uint32_t grant)
{
    ASSERT(reason >= REASON_SELF);
    ASSERT(reason < REASON_EXPLICIT);
    ASSERT((reason == REASON_GRANT) == (grant > 0)); /* step 7 alone rests on a grant */
    return (struct decision){ .permit = true, .reason = reason, .grant = grant };
}

static struct decision deny(enum reason reason, uint32_t grant)
{
    ASSERT(reason == REASON_NONE || reason >= REASON_EXPLICIT);
    ASSERT((reason == REASON_EXPLICIT) == (grant > 0)); /* step 6 alone names one */
    return (struct decision){ .permit = false, .reason = reason, .grant = grant };
}

/* Steps 5 to 7. Gives: a decision, or reason NONE when M is empty. Once a permit is found only a deny counts. */
static struct decision decide_by_grants(const struct consent_narrowed *narrowed, const struct numbered_pointer *pointer, bool history)
{
    const struct target target = target_of(pointer);
    uint32_t lowest_permit = 0;

    ASSERT(narrowed->count <= CONSENT_GRANTS_MAX);
    for (uint32_t i = 0; i < narrowed->count; i++) { /* ascending: the first match is the lowest */
        const struct grant *grant = &narrowed->grants[i]->grant;
        bool permits = grant->effect == EFFECT_PERMIT;

        if (permits && (lowest_permit > 0 || (history && (grant->flags & GRANT_HISTORY) == 0))) {
            continue;
        }
        if (!scope_matches(grant, &target)) {
            continue;
        }
        if (!permits) {
            return deny(REASON_EXPLICIT, narrowed->grants[i]->seq); /* step 6 */
        }
        lowest_permit = narrowed->grants[i]->seq;
    }
    return lowest_permit > 0 ? permit(REASON_GRANT, lowest_permit) : deny(REASON_NONE, 0); /* step 7 */
}

/* Step 9. */
static bool policy_permits(const struct consent_inputs *inputs, const struct pointer *pointer)
{
    const struct consent_subject *subject = &inputs->subject;
    bool bounded = pointer->conf == CONF_NORMAL && pointer->record_class != CLASS_SEALED;

    ASSERT(pointer->custodian > 0);
    if (subject->purpose != PURPOSE_TREAT || subject->org == 0 || !bounded) {
        return false;
    }
    return inputs->patient.default_policy == POLICY_TREATING && subject->relation_current > 0;
}

struct decision consent_evaluate(const struct consent_inputs *inputs, const struct consent_narrowed *narrowed, const struct numbered_pointer *numbered)
{
    const struct pointer *pointer = &numbered->pointer;
    const struct consent_subject *subject = &inputs->subject;
    enum patient_status status = (enum patient_status)inputs->patient.status;
    bool superseded = pointer->status == POINTER_SUPERSEDED;

    ASSERT(pointer->status >= POINTER_PENDING);
    ASSERT(pointer->custodian > 0);
    if (status == PATIENT_ERASED) {
        return deny(REASON_ERASED, 0); /* step 1 */
    }
    if (subject->is_patient && subject->purpose == PURPOSE_PATRQT && status != PATIENT_DECEASED) {
        return permit(REASON_SELF, 0); /* step 2 */
    }
    if (!superseded && pointer->status != POINTER_CURRENT) {
        return deny(REASON_NOT_CURRENT, 0); /* step 3 */
    }
    bool own_chart = subject->org > 0 && pointer->custodian == subject->org;
    if (own_chart && subject->purpose == PURPOSE_TREAT && status != PATIENT_DECEASED) {
        return permit(REASON_CUSTODIAN, 0); /* step 4 */
    }
    if (status == PATIENT_LOCKED) {
        return deny(REASON_DEFAULT, 0); /* step 1: none of the following */
    }
    struct decision decision = decide_by_grants(narrowed, numbered, superseded);
    if (decision.reason != REASON_NONE) {
        return decision; /* steps 5 to 7 */
    }
    if (status == PATIENT_ACTIVE && !superseded && policy_permits(inputs, pointer)) {
        return permit(REASON_POLICY, 0); /* step 9 */
    }
    return deny(REASON_DEFAULT, 0); /* step 10 */
}

static const struct grant *grant_by_seq(const struct consent_inputs *inputs, uint32_t seq)
{
    ASSERT(seq > 0);
    ASSERT(inputs->grants_count <= CONSENT_GRANTS_MAX);
    for (uint32_t i = 0; i < inputs->grants_count; i++) {
        if (inputs->grants[i].seq == seq) {
            return &inputs->grants[i].grant;
        }
    }
    return NULL;
}

/* The lowest grant with max_uses that decides for some pointer, 0 when there is none. */
static uint32_t counted_of(const struct consent_inputs *inputs)
{
    struct consent_narrowed narrowed;
    uint32_t counted = 0;

    ASSERT(inputs->pointers_count <= TICKET_PAGE);
    consent_narrow(inputs, &narrowed);
    for (uint32_t i = 0; i < inputs->pointers_count; i++) {
        struct decision decision = consent_evaluate(inputs, &narrowed, &inputs->pointers[i]);

        if (!decision.permit || decision.grant == 0) {
            continue;
        }
        const struct grant *grant = grant_by_seq(inputs, decision.grant);
        ASSERT(grant != NULL);
        if (grant->max_uses > 0 && (counted == 0 || decision.grant < counted)) {
            counted = decision.grant;
        }
    }
    return counted;
}

static void page_add(const struct consent_inputs *inputs, struct page_decision *out, uint32_t bit, const struct decision *decision)
{
    const struct grant *grant = decision->grant == 0 ? NULL : grant_by_seq(inputs, decision->grant);

    ASSERT(decision->permit);
    ASSERT(bit < TICKET_PAGE);
    bitmap_set(out->bitmap, bit);
    out->permitted++;
    ASSERT(out->permitted <= TICKET_PAGE);
    if (grant != NULL && grant->expires < out->expires) {
        out->expires = grant->expires;
    }
}

void consent_decide(struct consent_inputs *inputs, uint32_t base_seq, struct page_decision *out)
{
    struct consent_narrowed narrowed;

    ASSERT(inputs->pointers_count <= TICKET_PAGE);
    memset(out, 0, sizeof *out);
    out->reason = REASON_NO_POINTER;
    out->expires = UINT64_MAX;
    inputs->uses = USES_OPEN;
    inputs->counted = counted_of(inputs);
    inputs->uses = USES_COUNTED;
    out->counted = inputs->counted;
    consent_narrow(inputs, &narrowed);
    for (uint32_t i = 0; i < inputs->pointers_count; i++) {
        const struct numbered_pointer *pointer = &inputs->pointers[i];
        struct decision decision = consent_evaluate(inputs, &narrowed, pointer);

        ASSERT(pointer->seq >= base_seq);
        ASSERT(pointer->seq - base_seq < TICKET_PAGE);
        ASSERT(i == 0 || pointer->seq > inputs->pointers[i - 1].seq); /* so the first permit is that of the lowest */
        bool first_permit = decision.permit && !out->permit;
        if (i == 0 || first_permit) {
            out->reason = decision.reason;
            out->first = pointer->seq;
            out->grant = decision.grant;
        }
        if (decision.permit) {
            out->permit = true;
            page_add(inputs, out, pointer->seq - base_seq, &decision);
        }
    }
    ASSERT(out->permit == (out->permitted > 0));
    ASSERT(out->permitted <= inputs->pointers_count);
    ASSERT(!out->permit || out->reason < REASON_EXPLICIT); /* a permit never carries the reason of a denial */
    ASSERT(out->permit || out->counted == 0 || out->expires == UINT64_MAX);
}

/* Write grants match on status, window, class, conf, month and grantee. */
uint32_t consent_standing(const struct consent_write *write, const struct numbered_grant *grants, uint32_t count)
{
    uint32_t lowest_permit = 0;
    const struct asker asker = { .acct = write->author, .has_signed = write->author_signed, .org = write->org, .is_custodian = write->relation_current > 0 };
    const struct target target = { .custodian = write->org, .record_class = write->record_class, .conf = write->conf, .month = write->service_month };

    ASSERT(write->org > 0);
    ASSERT(count <= CONSENT_GRANTS_MAX);
    ASSERT(write->record_class <= CLASS_OTHER);
    for (uint32_t i = 0; i < count; i++) {
        const struct grant *grant = &grants[i].grant;

        if (grant->kind != GRANT_WRITE || !in_force(grant, write->time_ms) || !grantee_matches(grant, &asker) || !scope_matches(grant, &target)) {
            continue;
        }
        if (grant->effect == EFFECT_DENY) {
            return 0;
        }
        lowest_permit = lowest_permit == 0 ? grants[i].seq : lowest_permit;
    }
    return lowest_permit;
}
