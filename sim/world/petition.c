/* petition.c: see petition.h. Every field is drawn by its own name: sender, number of the command, field. */
#include "sim/world/petition.h"

#include "base/assert.h"
#include "ledger/pointers.h"
#include "sim/world/choice.h"
#include "wire/account.h"

#include <string.h>

/* Names of what is drawn. The numbers enter the draw: append only. */
enum field {
    FIELD_KIND = 1, FIELD_PATIENT, FIELD_NUMBER, FIELD_CLASS, FIELD_CONF, FIELD_MONTH, FIELD_SUPERSEDES, FIELD_EFFECT, FIELD_TO, FIELD_WHOM, FIELD_CLASSES, FIELD_PURPOSE,
    FIELD_CUSTODIAN, FIELD_FLAGS, FIELD_POINTER, FIELD_MONTHS, FIELD_BEGIN, FIELD_END, FIELD_USES, FIELD_TWIST, FIELD_APPROVE, FIELD_COUNT, FIELD_TTL, FIELD_BASE,
    FIELD_ON_BEHALF, FIELD_COSIGN, FIELD_MODE, FIELD_BITS, FIELD_POLICY, FIELD_WRITES, FIELD_NOBODY, FIELD_BROAD,
    FIELD_NEWCOMER, FIELD_JOINS_WHOM, FIELD_RECRUIT, FIELD_VOUCHER, FIELD_STANDING, FIELD_TENURE, FIELD_MEDDLES
};

/* A petition under way. */
struct drawing {
    const struct cast *cast;
    uint32_t sender, actor;
    uint32_t own; /* patient that the sender is, or that is beside it */
    const struct cast_command *command;
    struct petition *petition;
};

#define YEAR_MS (UINT64_C(365) * 86400000)
#define ONE_OF(drawing, field, ...) \
    one_of(drawing, field, (const uint64_t[]){ __VA_ARGS__ }, sizeof(const uint64_t[]){ __VA_ARGS__ } / sizeof(uint64_t))

static uint64_t below(const struct drawing *drawing, enum field field, uint64_t bound)
{
    return choice_below(drawing->cast->plan.seed, &(struct choice){ CHOICE_PETITION, { drawing->sender, drawing->command->nonce, field } }, bound);
}

static uint64_t one_of(const struct drawing *drawing, enum field field, const uint64_t *values, size_t count)
{
    return values[below(drawing, field, count)];
}

static uint64_t now_ms(const struct drawing *drawing)
{
    return drawing->command->valid_until_ms - CAST_VALID_MS;
}

/* whose gives a patient: the own one, the one whose genesis lets this hospital read, or any; or one who joined, or has not yet. */
static uint32_t whose(const struct drawing *drawing)
{
    uint32_t count = drawing->cast->plan.actors_count;

    if (drawing->cast->plan.joins && below(drawing, FIELD_NEWCOMER, 3) == 0) {
        return count + (uint32_t)below(drawing, FIELD_JOINS_WHOM, count);
    }
    switch (below(drawing, FIELD_PATIENT, 5)) {
    case 0: return drawing->own;
    case 1:
    case 2: return (drawing->actor + count - 1) % count;
    default: return (uint32_t)below(drawing, FIELD_WHOM, count);
    }
}

static void name_patient(const struct drawing *drawing, uint8_t account[ACCT_BYTES], uint32_t patient)
{
    memcpy(account, cast_patient_account(drawing->cast, patient), ACCT_BYTES);
}

static void number(uint8_t grantee[ACCT_BYTES], uint16_t value)
{
    grantee[ACCT_BYTES - 2] = (uint8_t)(value >> 8);
    grantee[ACCT_BYTES - 1] = (uint8_t)value;
}

/* --- Records -------------------------------------------------------------------------------------------------------- */

static void draw_add(const struct drawing *drawing, uint32_t patient)
{
    struct pointer_add *body = &drawing->petition->body.as.pointer_add;

    drawing->petition->body.type = COMMAND_POINTER_ADD;
    name_patient(drawing, body->patient, patient);
    body->kx_epoch = below(drawing, FIELD_TWIST, 40) == 0 ? 2 : 1;
    body->count = 1;
    body->items[0] = (struct pointer_add_item){
        .record_class = (uint8_t)ONE_OF(drawing, FIELD_CLASS, CLASS_LABORATORY, CLASS_LABORATORY, CLASS_LABORATORY, CLASS_MEDICATION, CLASS_MEDICATION,
                                         CLASS_MEDICATION, CLASS_MEDICATION, CLASS_IMAGING, CLASS_IMAGING, CLASS_SEALED, CLASS_SEALED, CLASS_SEALED, 20),
        .conf = (uint8_t)ONE_OF(drawing, FIELD_CONF, CONF_NORMAL, CONF_NORMAL, CONF_NORMAL, CONF_RESTRICTED, CONF_VERY_RESTRICTED),
        .service_month = (uint16_t)ONE_OF(drawing, FIELD_MONTH, 0, 0, 0, 0, 0, 0, 240, 240, 240, 280, 280, 280, 287, 287, 287, 290),
        .supersedes = (uint32_t)ONE_OF(drawing, FIELD_SUPERSEDES, 0, 0, 0, 0, 0, 0, 1, 2, 3),
        .locator_length = LOCATOR_BYTES,
    };
}

static void draw_status(const struct drawing *drawing, uint32_t patient, bool by_patient)
{
    struct pointer_set_status *body = &drawing->petition->body.as.pointer_set_status;

    drawing->petition->body.type = COMMAND_POINTER_STATUS;
    name_patient(drawing, body->patient, patient);
    body->op = by_patient ? (uint8_t)ONE_OF(drawing, FIELD_APPROVE, POINTER_HIDE, POINTER_UNHIDE) : (uint8_t)ONE_OF(drawing, FIELD_APPROVE, POINTER_SET_ERROR, POINTER_SET_WITHDRAWN);
    body->count = 1;
    body->seqs[0] = 1 + (uint32_t)below(drawing, FIELD_NUMBER, 5);
}

static void draw_decide(const struct drawing *drawing)
{
    struct pointer_decide *body = &drawing->petition->body.as.pointer_decide;

    drawing->petition->body.type = COMMAND_POINTER_DECIDE;
    name_patient(drawing, body->patient, drawing->own);
    body->approve = below(drawing, FIELD_APPROVE, 4) == 0 ? 0 : 1;
    body->count = (uint8_t)(1 + below(drawing, FIELD_COUNT, 4) / 3);
    body->seqs[0] = 1 + (uint32_t)below(drawing, FIELD_NUMBER, 2 + drawing->command->nonce / 2);
    body->seqs[1] = body->seqs[0] + 1;
}

/* --- Grants --------------------------------------------------------------------------------------------------------- */

/* twist makes a grant that fails: out of date, of nothing, to nobody, for too long. */
static void twist(const struct drawing *drawing, struct grant_body *body)
{
    switch (below(drawing, FIELD_TWIST, 24)) {
    case 0: body->expires = now_ms(drawing) - 60000; break;
    case 1: body->class_mask = 0; break;
    case 2: body->purposes = body->kind == GRANT_WRITE ? 1 : 0; break;
    case 3: body->expires = now_ms(drawing) + 6 * YEAR_MS; break;
    case 4: body->grantee[0] ^= 0x55; break;
    case 5: body->kx_epoch = 2; break;
    case 6: body->custodian = 99; break;
    default: break;
    }
}

static void draw_grantee(const struct drawing *drawing, struct grant_body *body)
{
    const struct cast_actor *whom = &drawing->cast->actors[below(drawing, FIELD_WHOM, drawing->cast->plan.actors_count)];

    body->gtype = (uint8_t)ONE_OF(drawing, FIELD_TO, GRANTEE_ACTOR, GRANTEE_ACTOR, GRANTEE_ORG, GRANTEE_ORG, GRANTEE_ANY_CUSTODIAN);
    if (body->gtype == GRANTEE_ACTOR) {
        bool recruit = drawing->cast->plan.joins && below(drawing, FIELD_RECRUIT, 4) == 0;
        memcpy(body->grantee, body->kind == GRANT_WRITE ? whom->account : recruit ? whom->recruit : whom->practitioner, ACCT_BYTES);
    } else if (body->gtype == GRANTEE_ORG) {
        number(body->grantee, whom->organisation);
    }
}

static void draw_grant(const struct drawing *drawing)
{
    struct grant_body *body = &drawing->petition->body.as.grant;
    uint64_t now = now_ms(drawing), months = below(drawing, FIELD_MONTHS, 6);

    drawing->petition->body.type = COMMAND_GRANT;
    name_patient(drawing, body->patient, drawing->own);
    body->kind = below(drawing, FIELD_WRITES, 8) == 7 ? GRANT_WRITE : GRANT_READ;
    body->effect = (uint8_t)ONE_OF(drawing, FIELD_EFFECT, EFFECT_PERMIT, EFFECT_PERMIT, EFFECT_DENY);
    draw_grantee(drawing, body);
    body->conf_max = (uint8_t)ONE_OF(drawing, FIELD_CONF, CONF_NORMAL, CONF_RESTRICTED, CONF_VERY_RESTRICTED);
    body->class_mask = (uint32_t)ONE_OF(drawing, FIELD_CLASSES, CLASS_MASK_ALL, CLASS_MASK_ALL, CLASS_MASK_KNOWN, 1u << CLASS_LABORATORY, 1u << CLASS_MEDICATION,
                                        1u << CLASS_LABORATORY | 1u, 1u);
    body->purposes = body->kind == GRANT_WRITE ? 0 : (uint32_t)ONE_OF(drawing, FIELD_PURPOSE, 1u << PURPOSE_TREAT, 1u << PURPOSE_TREAT, 1u << PURPOSE_TREAT | 1u << PURPOSE_HPAYMT, 1u << PURPOSE_HPAYMT);
    body->custodian = (uint16_t)ONE_OF(drawing, FIELD_CUSTODIAN, 0, 0, 0, 1, 2);
    body->flags = (uint16_t)below(drawing, FIELD_FLAGS, 4);
    body->ptr_seq = body->kind == GRANT_WRITE ? 0 : (uint32_t)ONE_OF(drawing, FIELD_POINTER, 0, 0, 0, 0, 1, 3);
    body->from_month = months == 0 || months == 1 ? 240 : 0;
    body->to_month = months == 0 || months == 2 ? 280 : 0;
    body->not_before = ONE_OF(drawing, FIELD_BEGIN, 0, 0, 0, 100, 700);
    body->not_before = body->not_before == 0 ? 0 : now + body->not_before;
    body->expires = now + ONE_OF(drawing, FIELD_END, 150, 400, 1200, 5000, 3600000, YEAR_MS);
    body->expires = body->expires > body->not_before ? body->expires : body->not_before + 100;
    bool counts = body->kind == GRANT_READ && body->effect == EFFECT_PERMIT; /* the only ones that may be counted */
    body->max_uses = counts ? (uint32_t)ONE_OF(drawing, FIELD_USES, 0, 0, 1, 1, 2) : 0;
    body->kx_epoch = 1;
    if (body->effect == EFFECT_DENY && below(drawing, FIELD_BROAD, 2) == 0) { /* what forbids little is seldom met */
        body->class_mask = CLASS_MASK_ALL;
        body->purposes = body->kind == GRANT_WRITE ? 0 : 1u << PURPOSE_TREAT | 1u << PURPOSE_HPAYMT;
        body->custodian = body->from_month = body->to_month = 0;
        body->ptr_seq = 0;
    }
    twist(drawing, body);
}

static void draw_revoke(const struct drawing *drawing, uint32_t patient)
{
    struct revoke *body = &drawing->petition->body.as.revoke;

    drawing->petition->body.type = COMMAND_REVOKE;
    name_patient(drawing, body->patient, patient);
    body->count = (uint8_t)(1 + below(drawing, FIELD_COUNT, 5) / 4);
    uint64_t made = 2 + drawing->command->nonce / 2, back = below(drawing, FIELD_NUMBER, made); /* about as many as there are: the newest is revoked most */
    body->seqs[0] = 1 + (uint32_t)(made - 1 - back * back / made);
    body->seqs[1] = body->seqs[0] + 1;
}

static void draw_policy(const struct drawing *drawing)
{
    struct patient_set *body = &drawing->petition->body.as.patient_set;

    drawing->petition->body.type = COMMAND_PATIENT_SET;
    name_patient(drawing, body->patient, drawing->own);
    body->default_policy = (uint8_t)ONE_OF(drawing, FIELD_POLICY, POLICY_TREATING, POLICY_TREATING, POLICY_DENY);
    body->op = PATIENT_SET_POLICY;
}

/* --- Requests ------------------------------------------------------------------------------------------------------- */

static void draw_request(const struct drawing *drawing, uint32_t patient, uint8_t purpose)
{
    struct access_request *body = &drawing->petition->body.as.access_request;
    uint64_t months = below(drawing, FIELD_MONTHS, 8);

    drawing->petition->body.type = COMMAND_ACCESS_REQUEST;
    name_patient(drawing, body->patient, patient);
    body->patient[7] ^= below(drawing, FIELD_TWIST, 40) == 0 ? 1 : 0;
    body->purpose = purpose;
    body->class_mask = (uint32_t)ONE_OF(drawing, FIELD_CLASSES, CLASS_MASK_KNOWN, CLASS_MASK_KNOWN, CLASS_MASK_KNOWN, CLASS_MASK_KNOWN, CLASS_MASK_ALL, CLASS_MASK_ALL, CLASS_MASK_ALL,
                                        CLASS_MASK_ALL, CLASS_MASK_ALL, CLASS_MASK_ALL, CLASS_MASK_KNOWN, 1u << CLASS_LABORATORY, 1u << CLASS_LABORATORY, 1u << CLASS_LABORATORY,
                                        1u << CLASS_MEDICATION, 1u << CLASS_MEDICATION, 0, 1u << 20);
    body->base_seq = (uint32_t)ONE_OF(drawing, FIELD_BASE, 1, 1, 1, 1, 1, 2, 4);
    body->from_month = months == 0 ? 240 : 0;
    body->to_month = months == 1 ? 280 : 0;
    body->want_ttl = (uint32_t)ONE_OF(drawing, FIELD_TTL, 1, 2, 60, 3600, 200000);
    body->count = (uint8_t)ONE_OF(drawing, FIELD_COUNT, 0, 0, 0, 0, 0, 0, 1, 2);
    body->seqs[0] = body->base_seq + (uint32_t)below(drawing, FIELD_NUMBER, 4);
    body->seqs[1] = body->seqs[0] + 1;
}

static uint8_t purpose_of(const struct drawing *drawing)
{
    uint64_t drawn = below(drawing, FIELD_PURPOSE, 24);

    return drawn == 0 ? PURPOSE_HPAYMT : drawn == 1 ? PURPOSE_BTG : drawn == 2 ? PURPOSE_PATRQT : PURPOSE_TREAT;
}

/* draw_for lets a system ask for a practitioner, its own most of the time, who signs in half of the cases. */
static void draw_for(const struct drawing *drawing)
{
    struct access_request *body = &drawing->petition->body.as.access_request;
    uint32_t count = drawing->cast->plan.actors_count, whom = drawing->actor;

    draw_request(drawing, whose(drawing), purpose_of(drawing));
    if (below(drawing, FIELD_ON_BEHALF, 6) == 0) {
        whom = (drawing->actor + 1) % count;
    }
    if (below(drawing, FIELD_NOBODY, 8) == 0) {
        return; /* for nobody: no natural person treats */
    }
    if (drawing->cast->plan.joins && below(drawing, FIELD_RECRUIT, 4) == 0) {
        memcpy(body->on_behalf, drawing->cast->actors[whom].recruit, ACCT_BYTES);
        return;
    }
    memcpy(body->on_behalf, drawing->cast->actors[whom].practitioner, ACCT_BYTES);
    if (below(drawing, FIELD_COSIGN, 2) == 0) {
        drawing->petition->cosigner = whom + CAST_PRACTITIONER * count;
    }
}

/* draw_disclose files a release: under the ticket that the sender knows of, most of the time. */
static void draw_disclose(const struct drawing *drawing)
{
    struct disclose_item *item = &drawing->petition->body.as.disclose.items[0];
    const struct cast_ticket *ticket = &drawing->command->ticket;
    uint64_t how = below(drawing, FIELD_TWIST, 8);

    drawing->petition->body.type = COMMAND_DISCLOSE;
    drawing->petition->body.as.disclose.count = 1;
    name_patient(drawing, item->patient, how == 0 ? drawing->own : ticket->patient);
    memcpy(item->recipient, how == 1 ? drawing->cast->actors[drawing->actor].practitioner : ticket->recipient, ACCT_BYTES);
    item->ticket = how == 2 ? (struct hash32){ { 0 } } : ticket->id;
    item->base_seq = (uint32_t)ONE_OF(drawing, FIELD_BASE, 1, 1, 2);
    item->bitmap[0] = (uint8_t)ONE_OF(drawing, FIELD_BITS, 1, 2, 4, 8, 3);
    item->mode = (uint8_t)ONE_OF(drawing, FIELD_MODE, DISCLOSE_READ, DISCLOSE_READ, DISCLOSE_VIEW, DISCLOSE_EXPORT, DISCLOSE_OFFLINE);
    item->checked_height = 1;
}

/* --- Who asks for what ---------------------------------------------------------------------------------------------- */

static void draw_of_system(const struct drawing *drawing)
{
    uint64_t kind = below(drawing, FIELD_KIND, 20);

    if (kind < 6 || drawing->command->nonce <= 2) {
        draw_add(drawing, drawing->own);
    } else if (kind < 9) {
        draw_add(drawing, whose(drawing));
    } else if (kind < 10) {
        draw_status(drawing, whose(drawing), drawing->cast->plan.joins && below(drawing, FIELD_MEDDLES, 4) == 0); /* To hide is not for custodians. */
    } else if (kind < 14) {
        draw_disclose(drawing);
    } else if (kind < 19) {
        draw_for(drawing);
    } else {
        draw_revoke(drawing, whose(drawing));
    }
}

static void draw_of_patient(const struct drawing *drawing)
{
    uint64_t kind = below(drawing, FIELD_KIND, 20);

    if (kind < 9) {
        draw_grant(drawing);
    } else if (kind < 13) {
        draw_revoke(drawing, below(drawing, FIELD_TWIST, 8) == 0 ? whose(drawing) : drawing->own);
    } else if (kind < 15) {
        draw_decide(drawing);
    } else if (kind < 17) {
        draw_status(drawing, drawing->own, below(drawing, FIELD_TWIST, 8) != 0);
    } else if (kind < 18) {
        draw_policy(drawing);
    } else {
        draw_request(drawing, below(drawing, FIELD_TWIST, 8) == 0 ? whose(drawing) : drawing->own, PURPOSE_PATRQT);
    }
}

/* --- Who joins ------------------------------------------------------------------------------------------------------ */

/* draw_register: the record system beside it vouches, most of the time. */
static void draw_register(const struct drawing *drawing)
{
    struct patient_register *body = &drawing->petition->body.as.patient_register;
    uint32_t count = drawing->cast->plan.actors_count;

    drawing->petition->body.type = COMMAND_PATIENT_REGISTER;
    body->default_policy = (uint8_t)ONE_OF(drawing, FIELD_POLICY, POLICY_TREATING, POLICY_DENY);
    body->flags = (uint8_t)ONE_OF(drawing, FIELD_STANDING, 0, REGISTER_STANDING_WRITE, REGISTER_STANDING_WRITE);
    memcpy(body->kx_pk, drawing->cast->actors[drawing->actor].newcomer, KEY_BYTES);
    memcpy(body->sealed_kx_pk, drawing->cast->actors[drawing->actor].newcomer, KEY_BYTES);
    drawing->petition->cosigner = below(drawing, FIELD_VOUCHER, 4) == 0 ? (uint32_t)below(drawing, FIELD_WHOM, count) : drawing->actor;
}

/* recruit registers a practitioner, or whoever has this key, as a person: no key serves twice. */
static void recruit(const struct drawing *drawing, const struct sign_keypair *key, bool as_person)
{
    struct actor_set *body = &drawing->petition->body.as.actor_set;
    struct hash32 account = account_derive(&drawing->cast->genesis.hash, as_person ? ACCOUNT_PERSON : ACCOUNT_PRACTITIONER, key->public_key);

    *body = (struct actor_set){ .op = ACTOR_REGISTER, .kind = as_person ? ACTOR_PERSON : ACTOR_PRACTITIONER, .role = as_person ? ROLE_NONE : ROLE_PHYSICIAN,
        .valid_until = ONE_OF(drawing, FIELD_TENURE, cast_tenure_ends_ms(&drawing->cast->plan), now_ms(drawing) + 1500, now_ms(drawing) + 4000, now_ms(drawing) + 60000) };
    memcpy(body->acct, account.bytes, ACCT_BYTES);
    memcpy(body->pk, key->public_key, KEY_BYTES);
    memcpy(body->kx_pk, key->public_key, KEY_BYTES);
    drawing->petition->joins_with = key;
}

/* draw_actor: most are recruits of the own hospital, where it has any; they come again, are suspended and retired; so are, now and then, those who were there before, and those of others. */
static void draw_actor(const struct drawing *drawing)
{
    const struct cast *cast = drawing->cast;
    uint32_t members = cast->plan.members_count, hospital = (uint32_t)cast_organisation(cast, drawing->sender) - 1, count = cast->plan.actors_count;
    uint32_t own = hospital < count ? (count - 1 - hospital) / members + 1 : 0; /* record systems of it */
    uint32_t whom = (uint32_t)(own > 0 ? hospital + members * below(drawing, FIELD_WHOM, own) : below(drawing, FIELD_WHOM, count));
    struct actor_set *body = &drawing->petition->body.as.actor_set;
    uint64_t kind = below(drawing, FIELD_KIND, 12);

    drawing->petition->body.type = COMMAND_ACTOR_SET;
    if ((kind < 5 || drawing->command->nonce == 1) && own > 0) {
        recruit(drawing, &cast->actors[whom].recruit_key, false);
        return;
    }
    if (kind == 5) {
        recruit(drawing, &cast->actors[whom].practitioner_key, true);
        return;
    }
    whom = kind < 8 ? (uint32_t)below(drawing, FIELD_JOINS_WHOM, count) : whom;
    body->op = (uint8_t)(kind == 6 || kind == 11 ? ACTOR_RETIRE : ACTOR_SUSPEND);
    memcpy(body->acct, below(drawing, FIELD_RECRUIT, 12) == 0 ? cast->actors[whom].practitioner : cast->actors[whom].recruit, ACCT_BYTES);
}

static void draw_of_admin(const struct drawing *drawing)
{
    if (below(drawing, FIELD_TWIST, 6) == 0) {
        draw_revoke(drawing, whose(drawing)); /* what a patient permitted to the hospital, or to one of its people, may be given back */
    } else {
        draw_actor(drawing);
    }
}

static void draw_of_practitioner(const struct drawing *drawing)
{
    if (below(drawing, FIELD_KIND, 12) == 0) {
        draw_revoke(drawing, whose(drawing));
    } else {
        draw_request(drawing, whose(drawing), purpose_of(drawing));
    }
}

/* draw_of_newcomer: one who is no patient yet becomes one. */
static void draw_of_newcomer(const struct drawing *drawing)
{
    if (drawing->command->nonce == 1) {
        draw_register(drawing);
    } else {
        draw_of_patient(drawing);
    }
}

void petition_draw(const struct cast *cast, uint32_t sender, const struct cast_command *command, struct petition *petition)
{
    uint32_t actor = sender % cast->plan.actors_count, own = cast_own_patient(&cast->plan, sender);
    struct drawing drawing = { cast, sender, actor, own == CAST_NOBODY ? actor : own, command, petition };

    ASSERT(sender < cast_senders(&cast->plan));
    memset(petition, 0, sizeof *petition);
    petition->cosigner = PETITION_NOBODY;
    switch (cast_role(&cast->plan, sender)) {
    case CAST_SYSTEM: draw_of_system(&drawing); break;
    case CAST_PATIENT: draw_of_patient(&drawing); break;
    case CAST_PRACTITIONER: draw_of_practitioner(&drawing); break;
    case CAST_NEWCOMER: draw_of_newcomer(&drawing); break;
    case CAST_ADMIN: draw_of_admin(&drawing); break;
    case CAST_ROLES: ASSERT(false); break;
    }
}
