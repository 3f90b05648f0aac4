/* consent_test.c: the evaluation of consent, step by step, then every combination of its inputs against the steps written down again. */
#include "ledger/consent.h"

#include <criterion/criterion.h>
#include <string.h>

enum { NOW = 1000000, CUSTODIAN = 2, ELSEWHERE = 3 };

static struct consent_inputs inputs;
static const uint8_t doctor[ACCT_BYTES] = { 0xD0 };

/* A pointer that everything below varies: current, laboratory, normal, March 2024, of organisation 2. */
static struct numbered_pointer *pointer(void)
{
    return &inputs.pointers[0];
}

/* The doctor of organisation 3 asks for pointer 7 to treat; no grants, policy deny. */
static void reset(void)
{
    memset(&inputs, 0, sizeof inputs);
    inputs.patient.status = PATIENT_ACTIVE;
    inputs.time_ms = NOW;
    memcpy(inputs.subject.acct, doctor, sizeof doctor);
    inputs.subject.has_signed = true;
    inputs.subject.org = ELSEWHERE;
    inputs.subject.org_kind = ORG_HOSPITAL;
    inputs.subject.purpose = PURPOSE_TREAT;
    inputs.pointers_count = 1;
    *pointer() = (struct numbered_pointer){
        .seq = 7,
        .pointer = { .custodian = CUSTODIAN, .record_class = CLASS_LABORATORY, .status = POINTER_CURRENT, .service_month = 291 },
    };
}

/* Adds a grant that matches everything, numbered 1, 2, ... */
static struct grant *give(enum grant_effect effect, enum grant_type gtype)
{
    struct numbered_grant *numbered = &inputs.grants[inputs.grants_count++];

    *numbered = (struct numbered_grant){
        .seq = inputs.grants_count,
        .grant = { .effect = effect, .kind = GRANT_READ, .gtype = gtype, .conf_max = CONF_VERY_RESTRICTED, .class_mask = CLASS_MASK_ALL,
                   .purposes = 1u << PURPOSE_TREAT, .not_before = NOW, .expires = NOW + 1, .status = GRANT_ACTIVE },
    };
    if (gtype == GRANTEE_ACTOR) {
        memcpy(numbered->grant.grantee, doctor, sizeof doctor);
    } else if (gtype == GRANTEE_ORG) {
        numbered->grant.grantee[ACCT_BYTES - 1] = ELSEWHERE;
    } else if (gtype == GRANTEE_ORG_KIND) {
        numbered->grant.grantee[ACCT_BYTES - 1] = ORG_HOSPITAL;
    }
    return &numbered->grant;
}

static struct decision evaluate(void)
{
    struct consent_narrowed narrowed;

    consent_narrow(&inputs, &narrowed);
    return consent_evaluate(&inputs, &narrowed, pointer());
}

static void expect(bool permit, enum reason reason, uint32_t grant, const char *what)
{
    struct decision decision = evaluate();

    cr_assert_eq(decision.permit, permit, "%s", what);
    cr_assert_eq(decision.reason, reason, "%s: reason %d", what, decision.reason);
    cr_assert_eq(decision.grant, grant, "%s: grant %u", what, decision.grant);
}

Test(consent, step_1_an_erased_compartment_gives_nothing_to_anybody, .init = reset)
{
    give(EFFECT_PERMIT, GRANTEE_ORG);
    inputs.patient.status = PATIENT_ERASED;
    expect(false, REASON_ERASED, 0, "a grant");
    inputs.subject.is_patient = true;
    inputs.subject.purpose = PURPOSE_PATRQT;
    expect(false, REASON_ERASED, 0, "the patient");
}

Test(consent, step_1_a_locked_compartment_serves_the_patient_and_the_own_chart_only, .init = reset)
{
    give(EFFECT_PERMIT, GRANTEE_ORG);
    inputs.patient.status = PATIENT_LOCKED;
    inputs.patient.default_policy = POLICY_TREATING;
    inputs.subject.relation_current = 1;
    expect(false, REASON_DEFAULT, 0, "neither grant nor policy");
    pointer()->pointer.custodian = ELSEWHERE;
    expect(true, REASON_CUSTODIAN, 0, "own chart");
}

Test(consent, step_1_of_a_deceased_patient_only_an_explicit_grant_counts, .init = reset)
{
    inputs.patient.status = PATIENT_DECEASED;
    inputs.patient.default_policy = POLICY_TREATING;
    inputs.subject.relation_current = 1;
    pointer()->pointer.custodian = ELSEWHERE;
    expect(false, REASON_DEFAULT, 0, "neither own chart nor policy");
    give(EFFECT_PERMIT, GRANTEE_ORG);
    expect(true, REASON_GRANT, 1, "a grant");
}

Test(consent, step_2_the_patient_sees_every_pointer_whatever_its_status, .init = reset)
{
    inputs.subject = (struct consent_subject){ .is_patient = true, .has_signed = true, .purpose = PURPOSE_PATRQT };
    for (uint8_t status = POINTER_PENDING; status <= POINTER_EXPIRED; status++) {
        pointer()->pointer.status = status;
        expect(true, REASON_SELF, 0, "status");
    }
    inputs.subject.purpose = PURPOSE_TREAT;
    pointer()->pointer.status = POINTER_CURRENT;
    expect(false, REASON_DEFAULT, 0, "for another purpose it is nobody");
}

Test(consent, step_3_pending_and_hidden_pointers_are_invisible_even_under_a_grant, .init = reset)
{
    give(EFFECT_PERMIT, GRANTEE_ORG)->flags = GRANT_HISTORY;
    for (uint8_t status = POINTER_PENDING; status <= POINTER_ERASED; status++) {
        pointer()->pointer.status = status;
        bool seen = status == POINTER_CURRENT || status == POINTER_SUPERSEDED;
        expect(seen, seen ? REASON_GRANT : REASON_NOT_CURRENT, seen ? 1 : 0, "status");
    }
}

Test(consent, step_3_a_superseded_pointer_needs_history, .init = reset)
{
    pointer()->pointer.status = POINTER_SUPERSEDED;
    inputs.patient.default_policy = POLICY_TREATING;
    inputs.subject.relation_current = 1;
    give(EFFECT_PERMIT, GRANTEE_ORG);
    expect(false, REASON_DEFAULT, 0, "a grant without HISTORY, and the policy");
    give(EFFECT_PERMIT, GRANTEE_ORG)->flags = GRANT_HISTORY;
    expect(true, REASON_GRANT, 2, "a grant with HISTORY");
    pointer()->pointer.custodian = ELSEWHERE;
    expect(true, REASON_CUSTODIAN, 0, "own chart");
}

Test(consent, step_4_a_custodian_reads_its_own_chart_in_spite_of_a_deny, .init = reset)
{
    pointer()->pointer.custodian = ELSEWHERE;
    give(EFFECT_DENY, GRANTEE_ORG);
    expect(true, REASON_CUSTODIAN, 0, "treatment");
    inputs.subject.purpose = PURPOSE_HPAYMT;
    expect(false, REASON_DEFAULT, 0, "payment is no treatment");
}

Test(consent, step_5_each_field_of_a_grant_can_keep_it_out, .init = reset)
{
    static const struct { const char *what; size_t offset; size_t size; uint64_t value; } table[] = {
        { "kind", offsetof(struct grant, kind), 1, GRANT_WRITE },
        { "status", offsetof(struct grant, status), 1, GRANT_ENDED },
        { "not yet", offsetof(struct grant, not_before), 8, NOW + 1 },
        { "over at its very end", offsetof(struct grant, expires), 8, NOW },
        { "purpose", offsetof(struct grant, purposes), 4, 1u << PURPOSE_HPAYMT },
        { "class", offsetof(struct grant, class_mask), 4, 1u << CLASS_MEDICATION },
        { "pointer", offsetof(struct grant, ptr_seq), 4, 8 },
        { "custodian", offsetof(struct grant, custodian), 2, ELSEWHERE },
        { "from", offsetof(struct grant, from_month), 2, 292 },
        { "to", offsetof(struct grant, to_month), 2, 290 },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (int gtype = GRANTEE_ACTOR; gtype <= GRANTEE_ORG; gtype++) {
            for (int effect = EFFECT_PERMIT; effect <= EFFECT_DENY; effect++) {
                reset();
                struct grant *grant = give((enum grant_effect)effect, (enum grant_type)gtype);
                expect(effect == EFFECT_PERMIT, effect == EFFECT_PERMIT ? REASON_GRANT : REASON_EXPLICIT, 1, "unchanged");
                memcpy((uint8_t *)grant + table[i].offset, &table[i].value, table[i].size); /* little-endian host: the low bytes */
                expect(false, REASON_DEFAULT, 0, table[i].what);
            }
        }
    }
}

Test(consent, step_5_a_permit_bounds_confidentiality_and_a_deny_does_not, .init = reset)
{
    pointer()->pointer.conf = CONF_RESTRICTED;
    give(EFFECT_PERMIT, GRANTEE_ORG)->conf_max = CONF_NORMAL;
    expect(false, REASON_DEFAULT, 0, "above the permit's bound");
    give(EFFECT_DENY, GRANTEE_ORG)->conf_max = CONF_NORMAL;
    expect(false, REASON_EXPLICIT, 2, "a deny covers it");
}

Test(consent, step_5_class_0_needs_its_bit_and_the_pointer_or_sealed, .init = reset)
{
    pointer()->pointer.record_class = CLASS_SEALED;
    struct grant *grant = give(EFFECT_PERMIT, GRANTEE_ORG);
    expect(false, REASON_DEFAULT, 0, "all classes do not hold class 0");
    grant->class_mask = CLASS_MASK_KNOWN;
    expect(false, REASON_DEFAULT, 0, "the bit alone is not enough");
    grant->flags = GRANT_SEALED;
    expect(true, REASON_GRANT, 1, "SEALED");
    grant->flags = 0;
    grant->ptr_seq = 7;
    expect(true, REASON_GRANT, 1, "the pointer by number");
    grant->class_mask = CLASS_MASK_ALL;
    expect(false, REASON_DEFAULT, 0, "the number without the bit");
}

Test(consent, step_5_grantees, .init = reset)
{
    struct grant *grant = give(EFFECT_PERMIT, GRANTEE_ACTOR);
    expect(true, REASON_GRANT, 1, "the actor, who signed");
    inputs.subject.has_signed = false;
    expect(false, REASON_DEFAULT, 0, "an actor who did not sign is not there");
    grant->effect = EFFECT_DENY;
    expect(false, REASON_EXPLICIT, 1, "but a deny of it holds");
    reset();
    give(EFFECT_PERMIT, GRANTEE_ANY_CUSTODIAN);
    expect(false, REASON_DEFAULT, 0, "not a custodian");
    inputs.subject.relation_current = 1;
    expect(true, REASON_GRANT, 1, "a custodian");
    reset();
    grant = give(EFFECT_PERMIT, GRANTEE_ORG_KIND);
    expect(true, REASON_GRANT, 1, "a hospital");
    inputs.subject.org_kind = ORG_PAYER;
    expect(false, REASON_DEFAULT, 0, "not a payer");
    reset();
    grant = give(EFFECT_PERMIT, GRANTEE_ORG);
    grant->grantee[0] = 1;
    expect(false, REASON_DEFAULT, 0, "a grantee is all of its bytes");
    grant->grantee[0] = 0;
    inputs.subject.org = 0;
    grant->grantee[ACCT_BYTES - 1] = 0;
    expect(false, REASON_DEFAULT, 0, "organisation 0 is nobody");
}

Test(consent, step_5_an_undisclosed_month_lies_in_the_open_range_only, .init = reset)
{
    static const struct { uint16_t month, from, to; bool matches; } table[] = {
        { 0, 0, 0, true },   { 0, 1, 0, false },  { 0, 0, 9, false }, { 5, 0, 0, true }, { 5, 5, 5, true },
        { 5, 6, 0, false },  { 5, 0, 4, false },  { 5, 0, 5, true },  { 5, 5, 0, true }, { 5, 4, 6, true },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        cr_assert_eq(consent_month_matches(table[i].month, table[i].from, table[i].to), table[i].matches, "case %zu", i);
    }
}

Test(consent, step_6_a_deny_overrides_whatever_its_place, .init = reset)
{
    give(EFFECT_PERMIT, GRANTEE_ORG);
    give(EFFECT_DENY, GRANTEE_ACTOR);
    give(EFFECT_DENY, GRANTEE_ORG);
    expect(false, REASON_EXPLICIT, 2, "the lowest deny is named");
}

/* A permit says what it opens, word by word; a deny that had to say as much would leave doors open that its patient believes to be shut. */
Test(consent, step_6_a_deny_holds_against_old_versions_that_it_does_not_name, .init = reset)
{
    pointer()->pointer.status = POINTER_SUPERSEDED;
    give(EFFECT_PERMIT, GRANTEE_ORG)->flags = GRANT_HISTORY;
    give(EFFECT_DENY, GRANTEE_ACTOR);
    expect(false, REASON_EXPLICIT, 2, "a deny without HISTORY");
    pointer()->pointer.status = POINTER_CURRENT;
    expect(false, REASON_EXPLICIT, 2, "and the current version as before");
}

Test(consent, step_6_a_deny_with_the_bit_of_class_0_holds_without_sealed, .init = reset)
{
    pointer()->pointer.record_class = CLASS_SEALED;
    struct grant *grant = give(EFFECT_PERMIT, GRANTEE_ORG);
    grant->class_mask = CLASS_MASK_KNOWN;
    grant->flags = GRANT_SEALED;
    grant = give(EFFECT_DENY, GRANTEE_ACTOR);
    expect(true, REASON_GRANT, 1, "all classes do not hold class 0");
    grant->class_mask = CLASS_MASK_KNOWN;
    expect(false, REASON_EXPLICIT, 2, "its bit is enough");
    grant->ptr_seq = 8;
    expect(true, REASON_GRANT, 1, "a deny of another pointer");
}

Test(consent, a_deny_to_write_with_the_bit_of_class_0_holds_without_sealed, .init = reset)
{
    struct consent_write write = { .org = ELSEWHERE, .record_class = CLASS_SEALED, .time_ms = NOW };
    struct grant *permit = give(EFFECT_PERMIT, GRANTEE_ORG);
    permit->class_mask = CLASS_MASK_KNOWN;
    permit->flags = GRANT_SEALED;
    permit->kind = GRANT_WRITE;
    cr_assert_eq(consent_standing(&write, inputs.grants, inputs.grants_count), 1u);
    struct grant *deny = give(EFFECT_DENY, GRANTEE_ORG);
    deny->class_mask = CLASS_MASK_KNOWN;
    deny->kind = GRANT_WRITE;
    cr_assert_eq(consent_standing(&write, inputs.grants, inputs.grants_count), 0u);
}

Test(consent, step_7_the_lowest_permit_is_named, .init = reset)
{
    give(EFFECT_PERMIT, GRANTEE_ANY_CUSTODIAN);
    give(EFFECT_PERMIT, GRANTEE_ACTOR);
    give(EFFECT_PERMIT, GRANTEE_ORG);
    expect(true, REASON_GRANT, 2, "the first does not match");
}

Test(consent, step_9_the_treating_policy_serves_custodians_with_what_is_normal, .init = reset)
{
    inputs.patient.default_policy = POLICY_TREATING;
    expect(false, REASON_DEFAULT, 0, "not a custodian");
    inputs.subject.relation_current = 1;
    expect(true, REASON_POLICY, 0, "a custodian");
    pointer()->pointer.conf = CONF_RESTRICTED;
    expect(false, REASON_DEFAULT, 0, "restricted");
    pointer()->pointer.conf = CONF_NORMAL;
    pointer()->pointer.record_class = CLASS_SEALED;
    expect(false, REASON_DEFAULT, 0, "sealed");
    pointer()->pointer.record_class = CLASS_VITALS;
    inputs.subject.purpose = PURPOSE_HPAYMT;
    expect(false, REASON_DEFAULT, 0, "payment");
    inputs.subject.purpose = PURPOSE_TREAT;
    inputs.patient.default_policy = POLICY_DENY;
    expect(false, REASON_DEFAULT, 0, "policy deny");
}

/* --- All combinations ---------------------------------------------------------------------------------------------- */

/* What the combination's grants are: bit 0 a permit, bit 1 a deny, bit 2 they carry HISTORY. */
enum { GIVEN_PERMIT = 1, GIVEN_DENY = 2, GIVEN_HISTORY = 4, GIVEN_ALL = 8 };

struct combination {
    unsigned patient_status, pointer_status, is_patient, own_chart, relation, policy, purpose, given, sealed, conf;
};

/* The steps as one ordered list of guards; grants here match in everything but class 0, and permits but HISTORY. */
static enum reason model(const struct combination *c)
{
    bool superseded = c->pointer_status == POINTER_SUPERSEDED;
    bool grants = (c->purpose == PURPOSE_TREAT) && !c->sealed, past = superseded && (c->given & GIVEN_HISTORY) == 0;

    if (c->patient_status == PATIENT_ERASED)
        return REASON_ERASED;
    if (c->is_patient && c->purpose == PURPOSE_PATRQT && c->patient_status != PATIENT_DECEASED)
        return REASON_SELF;
    if (c->pointer_status != POINTER_CURRENT && !superseded)
        return REASON_NOT_CURRENT;
    if (c->own_chart && c->purpose == PURPOSE_TREAT && c->patient_status != PATIENT_DECEASED)
        return REASON_CUSTODIAN;
    if (c->patient_status == PATIENT_LOCKED)
        return REASON_DEFAULT;
    if (grants && (c->given & GIVEN_DENY))
        return REASON_EXPLICIT;
    if (grants && !past && (c->given & GIVEN_PERMIT))
        return REASON_GRANT;
    if (c->patient_status == PATIENT_DECEASED || superseded)
        return REASON_DEFAULT;
    if (c->policy == POLICY_TREATING && c->purpose == PURPOSE_TREAT && c->relation && c->conf == CONF_NORMAL && !c->sealed)
        return REASON_POLICY;
    return REASON_DEFAULT;
}

static void arrange(const struct combination *c)
{
    reset();
    inputs.patient.status = (uint8_t)c->patient_status;
    inputs.patient.default_policy = (uint8_t)c->policy;
    inputs.subject.is_patient = c->is_patient;
    inputs.subject.relation_current = (uint16_t)c->relation;
    inputs.subject.purpose = (uint8_t)c->purpose;
    pointer()->pointer.status = (uint8_t)c->pointer_status;
    pointer()->pointer.custodian = c->own_chart ? ELSEWHERE : CUSTODIAN;
    pointer()->pointer.record_class = c->sealed ? CLASS_SEALED : CLASS_LABORATORY;
    pointer()->pointer.conf = (uint8_t)c->conf;
    if (c->given & GIVEN_PERMIT) {
        give(EFFECT_PERMIT, GRANTEE_ORG)->flags = c->given & GIVEN_HISTORY ? GRANT_HISTORY : 0;
    }
    if (c->given & GIVEN_DENY) {
        give(EFFECT_DENY, GRANTEE_ORG)->flags = c->given & GIVEN_HISTORY ? GRANT_HISTORY : 0;
    }
}

Test(consent, every_combination_follows_the_steps)
{
    static const unsigned purposes[] = { PURPOSE_TREAT, PURPOSE_HPAYMT, PURPOSE_PATRQT, PURPOSE_BTG, 200 };
    const unsigned sizes[] = { 4, 9, 2, 2, 2, 2, 5, GIVEN_ALL, 2, 3 };
    unsigned total = 1;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        total *= sizes[i];
    }
    for (unsigned number = 0; number < total; number++) {
        unsigned digit[10];
        unsigned rest = number;
        for (size_t i = 0; i < 10; i++) {
            digit[i] = rest % sizes[i];
            rest /= sizes[i];
        }
        struct combination c = { digit[0] + 1, digit[1] + 1, digit[2], digit[3], digit[4], digit[5] * 2, purposes[digit[6]], digit[7], digit[8], digit[9] };
        arrange(&c);
        struct decision decision = evaluate();
        cr_assert_eq(decision.reason, model(&c), "combination %u: got %d, not %d", number, decision.reason, model(&c));
        cr_assert_eq(decision.permit, decision.reason < REASON_EXPLICIT, "combination %u", number);
    }
}

/* --- Pages --------------------------------------------------------------------------------------------------------- */

/* Pointers base, base + 1, ... like the first one. */
static void page(uint32_t base, uint32_t count)
{
    struct numbered_pointer first = *pointer();

    inputs.pointers_count = count;
    for (uint32_t i = 0; i < count; i++) {
        inputs.pointers[i] = first;
        inputs.pointers[i].seq = base + i;
    }
}

Test(consent, an_empty_page_is_denied_for_want_of_a_pointer, .init = reset)
{
    struct page_decision out;

    inputs.pointers_count = 0;
    consent_decide(&inputs, 1, &out);
    cr_assert_not(out.permit);
    cr_assert_eq(out.reason, REASON_NO_POINTER);
}

Test(consent, a_page_gives_the_reason_of_its_lowest_permitted_pointer, .init = reset)
{
    struct page_decision out;

    page(100, TICKET_PAGE);
    inputs.pointers[0].pointer.status = POINTER_HIDDEN;
    consent_decide(&inputs, 100, &out);
    cr_assert_not(out.permit);
    cr_assert_eq(out.reason, REASON_NOT_CURRENT, "of the lowest examined");
    struct grant *grant = give(EFFECT_PERMIT, GRANTEE_ORG);
    grant->ptr_seq = 355;
    consent_decide(&inputs, 100, &out);
    cr_assert(out.permit);
    cr_assert_eq(out.reason, REASON_GRANT);
    cr_assert_eq(out.first, 355);
    cr_assert_eq(out.permitted, 1);
    cr_assert(bitmap_has(out.bitmap, 255), "the last of the page");
    cr_assert_eq(out.expires, NOW + 1);
}

Test(consent, a_ticket_counts_one_grant_with_max_uses_and_opens_nothing_under_another, .init = reset)
{
    struct page_decision out;

    page(1, 3);
    for (uint32_t i = 0; i < 2; i++) {
        struct grant *grant = give(EFFECT_PERMIT, GRANTEE_ORG);
        grant->max_uses = 1;
        grant->ptr_seq = i + 1;
    }
    give(EFFECT_PERMIT, GRANTEE_ORG)->ptr_seq = 3;
    consent_decide(&inputs, 1, &out);
    cr_assert_eq(out.counted, 1);
    cr_assert(bitmap_has(out.bitmap, 0));
    cr_assert_not(bitmap_has(out.bitmap, 1), "the second counted grant would never be used up");
    cr_assert(bitmap_has(out.bitmap, 2), "a grant without a limit is not touched");
}

Test(consent, a_used_up_grant_permits_only_the_ticket_that_counted_it, .init = reset)
{
    struct grant *grant = give(EFFECT_PERMIT, GRANTEE_ORG);

    grant->max_uses = 1;
    grant->uses = 1;
    expect(false, REASON_DEFAULT, 0, "a new request");
    inputs.uses = USES_COUNTED;
    expect(false, REASON_DEFAULT, 0, "a ticket that counted nothing");
    inputs.counted = 1;
    expect(true, REASON_GRANT, 1, "the ticket that counted it");
    grant->effect = EFFECT_DENY;
    inputs.counted = 0;
    expect(false, REASON_EXPLICIT, 1, "a deny is never used up");
}

/* --- Writes -------------------------------------------------------------------------------------------------------- */

static const struct consent_write write_base = {
    .author = { 0xD0 }, .author_signed = true, .org = ELSEWHERE, .record_class = CLASS_LABORATORY, .service_month = 291, .time_ms = NOW,
};

static struct grant *give_write(enum grant_effect effect)
{
    struct grant *grant = give(effect, GRANTEE_ORG);

    grant->kind = GRANT_WRITE;
    grant->purposes = 0;
    return grant;
}

Test(consent, a_standing_write_grant_lets_its_organisation_in_and_a_deny_stops_it, .init = reset)
{
    struct consent_write write = write_base;

    cr_assert_eq(consent_standing(&write, inputs.grants, 0), 0, "nothing stands");
    give(EFFECT_PERMIT, GRANTEE_ORG);
    cr_assert_eq(consent_standing(&write, inputs.grants, inputs.grants_count), 0, "a read grant is no write grant");
    struct grant *grant = give_write(EFFECT_PERMIT);
    cr_assert_eq(consent_standing(&write, inputs.grants, inputs.grants_count), 2);
    write.org = CUSTODIAN;
    cr_assert_eq(consent_standing(&write, inputs.grants, inputs.grants_count), 0, "of another organisation");
    write.org = ELSEWHERE;
    write.conf = CONF_VERY_RESTRICTED;
    grant->conf_max = CONF_RESTRICTED;
    cr_assert_eq(consent_standing(&write, inputs.grants, inputs.grants_count), 0, "too confidential");
    write.conf = CONF_NORMAL;
    give_write(EFFECT_DENY);
    cr_assert_eq(consent_standing(&write, inputs.grants, inputs.grants_count), 0, "a deny overrides");
}
