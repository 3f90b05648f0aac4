/* pointers_add.c: 08 POINTER_ADD: a custodian tells that documents exist.
 *
 * A pointer comes in as *current* if the patient cosigned, or a standing write grant lets it in, or it supersedes a current pointer of
 * the same custodian, class and confidentiality; otherwise it is *pending* and invisible until the patient approves. */
#include "ledger/pointers.h"

#include "base/assert.h"
#include "ledger/consent.h"
#include "ledger/grants.h"
#include "ledger/subject.h"

#include <string.h>

enum { MS_PER_DAY = 86400000, DAYS_TO_2000 = 10957, DAYS_PER_4_YEARS = 1461 };

/* From 2000 to 2099 every fourth year is a leap year and there is no exception, so four years have one length; later times count
 * as the last month of 2099, which only keeps later months out. */
uint32_t month_of(uint64_t time_ms)
{
    static const uint16_t ends[12] = { 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 }; /* of a year that is not a leap year */
    uint64_t days = time_ms / MS_PER_DAY;

    if (days < DAYS_TO_2000) {
        return 0;
    }
    days -= DAYS_TO_2000;
    if (days >= 25u * DAYS_PER_4_YEARS) {
        return 1200;
    }
    uint32_t month = (uint32_t)(days / DAYS_PER_4_YEARS) * 48;
    uint32_t day = (uint32_t)(days % DAYS_PER_4_YEARS);
    for (uint32_t year = 0; year < 4; year++) {
        uint32_t leap = year == 0 ? 1 : 0;
        if (day >= 365 + leap) {
            day -= 365 + leap;
            month += 12;
            continue;
        }
        for (uint32_t i = 0; i < 12; i++) {
            month++;
            if (day < ends[i] + (i > 0 ? leap : 0u)) {
                return month;
            }
        }
    }
    ASSERT(false); /* four years have no further day */
    return month;
}

/* How what a command knows of its relation stands to the state: unread, as read, as put, ahead of what was put. */
enum relation_is { RELATION_UNREAD, RELATION_READ, RELATION_PUT, RELATION_AHEAD };

/* What all items of the command have in common. */
struct add {
    struct exec *exec;
    const struct pointer_add *body;
    struct audit_trail trail;
    uint8_t author[ACCT_BYTES];
    bool author_signed;
    bool cosigned; /* the patient itself signed with it */
    bool payload_fits; /* it is as long as the locators that are named */
    enum relation_is relation_is;
    struct relation relation; /* of the custodian, the sender's organisation, which all items count in */
};

/* A pointer comes with a sealed locator or without any: the payload is as long as the locators that are named. */
static bool payload_fits(const struct exec *exec, const struct pointer_add *body)
{
    uint32_t payload = 0;

    ASSERT(body->count <= POINTER_ADD_ITEMS_MAX);
    ASSERT(body->count >= 1);
    for (size_t i = 0; i < body->count; i++) {
        payload += body->items[i].locator_length;
    }
    return exec->envelope->payload_bytes == payload;
}

static bool locator_fits(const struct add *add, const struct pointer_add_item *item)
{
    return (item->locator_length == 0 || item->locator_length == LOCATOR_BYTES) && add->payload_fits;
}

/* 303 to 307: what the item says by itself. */
static enum code item_check_fields(const struct add *add, const struct pointer_add_item *item)
{
    bool located = item->locator_length > 0;

    if (item->record_class > CLASS_OTHER || (1u << item->record_class & CLASS_MASK_KNOWN) == 0) {
        return CODE_CLASS;
    }
    if (item->conf > CONF_VERY_RESTRICTED) {
        return CODE_CONF;
    }
    if (item->service_month > month_of(add->exec->time_ms)) {
        return CODE_MONTH;
    }
    if (!locator_fits(add, item)) {
        return CODE_LOCATOR_SIZE;
    }
    if (hash_is_zero(&item->content_commit) || hash_is_zero(&item->locator_hash) == located) {
        return CODE_COMMIT_ZERO;
    }
    return CODE_OK;
}

/* 312, 311: what is not the sender's and what is not there have one code. Gives: the target, when one is named. */
static enum code item_check_target(const struct add *add, const struct pointer_add_item *item, struct pointer *target)
{
    if (item->supersedes == 0) {
        return CODE_OK;
    }
    if (!exec_get_pointer(add->exec, add->body->patient, item->supersedes, target) || target->custodian != add->exec->sender.org) {
        return CODE_SUPERSEDE_CUSTODIAN;
    }
    ASSERT(item->supersedes <= add->trail.patient.ptr_count);                        /* what exists has a number that was given */
    ASSERT(target->status != POINTER_CURRENT || target->superseded_by == 0); /* what is current has no later version */
    return target->status == POINTER_CURRENT ? CODE_OK : CODE_SUPERSEDE_TARGET;
}

static bool item_is_repeated(const struct pointer_add *body, size_t index)
{
    ASSERT(index < body->count);
    ASSERT(body->count <= POINTER_ADD_ITEMS_MAX);
    for (size_t i = 0; i < index; i++) {
        if (hash_equal(&body->items[i].content_commit, &body->items[index].content_commit)) {
            return true;
        }
    }
    return false;
}

/* The grant under which the item may come in at once, 0 when there is none. */
static uint32_t item_standing(const struct add *add, const struct pointer_add_item *item)
{
    struct exec *exec = add->exec;

    ASSERT(!add->cosigned);
    ASSERT(exec->inputs.grants_count == add->trail.patient.active_grants); /* all of the patient's, or one that permits could be missed */
    struct consent_write write = {
        .author_signed = add->author_signed,
        .org = exec->sender.org,
        .relation_current = add->relation.current,
        .record_class = item->record_class,
        .conf = item->conf,
        .service_month = item->service_month,
        .time_ms = exec->time_ms,
    };
    memcpy(write.author, add->author, ACCT_BYTES);
    return consent_standing(&write, exec->inputs.grants, exec->inputs.grants_count);
}

/* Decides whether the pointer is current at once, and on which basis. */
static void item_settle(const struct add *add, const struct pointer_add_item *item, const struct pointer *target, struct pointer *pointer)
{
    uint32_t standing = add->cosigned ? 0 : item_standing(add, item);
    bool replaces = item->supersedes > 0 && target->record_class == item->record_class && target->conf == item->conf;

    ASSERT(item->supersedes == 0 || target->status == POINTER_CURRENT); /* 311 was checked */
    ASSERT(standing <= add->trail.patient.grant_count);
    pointer->status = POINTER_CURRENT;
    if (add->cosigned) {
        pointer->basis = BASIS_COSIGNED;
    } else if (standing > 0) {
        pointer->basis = BASIS_STANDING;
        pointer->grant_ref = standing;
    } else if (replaces) { /* a new version stands on what the old one stood on */
        pointer->basis = target->basis;
        pointer->grant_ref = target->grant_ref;
    } else {
        pointer->status = POINTER_PENDING;
        pointer->basis = BASIS_NONE;
    }
}

/* 313, 314. */
static enum code item_check_limits(const struct add *add, enum pointer_status status)
{
    const struct params *params = add->exec->params;
    const struct patient *patient = &add->trail.patient;
    uint32_t live = (uint32_t)patient->current + patient->pending;

    ASSERT(add->relation.current <= patient->current);
    ASSERT(add->relation.pending <= patient->pending);
    ASSERT(live <= patient->ptr_count);
    if (patient->ptr_count >= params->pointers_lifetime_max || live >= params->pointers_live_max) {
        return CODE_LIMIT_POINTERS;
    }
    if (status != POINTER_PENDING) {
        return CODE_OK;
    }
    bool full = patient->pending >= params->pending_max || add->relation.pending >= params->pending_org_max;
    return full ? CODE_LIMIT_PENDING : CODE_OK;
}

static void relation_read(struct add *add)
{
    ASSERT(add->relation_is <= RELATION_AHEAD);
    if (add->relation_is == RELATION_UNREAD) {
        exec_get_relation(add->exec, add->body->patient, add->exec->sender.org, &add->relation);
        add->relation_is = RELATION_READ;
    }
}

/* Counts one more in the relation. It is put when it may be new, so that a full state is told at the first item; after that once for all items, by relation_put. */
static enum code relation_count(struct add *add, enum pointer_status status)
{
    enum code code = CODE_OK;

    ASSERT(add->relation_is != RELATION_UNREAD);
    pointer_count_in(&add->trail.patient, &add->relation, status, 1);
    if (add->relation_is == RELATION_READ) {
        code = exec_put_relation(add->exec, add->body->patient, add->exec->sender.org, &add->relation);
        add->relation_is = RELATION_PUT;
    } else {
        add->relation_is = RELATION_AHEAD;
    }
    return code;
}

static enum code relation_put(struct add *add)
{
    if (add->relation_is != RELATION_AHEAD) {
        return CODE_OK;
    }
    ASSERT(add->relation.current + add->relation.pending > 0); /* so it is put, not removed */
    add->relation_is = RELATION_PUT;
    return exec_put_relation(add->exec, add->body->patient, add->exec->sender.org, &add->relation);
}

/* Supersedes what the item names; that counts in the relation as it is in the state. */
static enum code item_supersede(struct add *add, uint32_t target, uint32_t seq)
{
    enum code code = relation_put(add);

    ASSERT(target > 0);
    ASSERT(target < seq);
    add->relation_is = RELATION_UNREAD;
    return code == CODE_OK ? pointer_supersede(add->exec, &add->trail, target, seq) : code;
}

static enum code item_store(struct add *add, const struct pointer_add_item *item, const struct pointer *pointer)
{
    struct exec *exec = add->exec;
    uint32_t seq = ++add->trail.patient.ptr_count;
    bool pending = pointer->status == POINTER_PENDING;

    ASSERT(pending == (pointer->basis == BASIS_NONE));
    ASSERT(exec->chain->pointers < exec->params->pointers_max);
    ASSERT(pointer->custodian == exec->sender.org);
    struct audit_event event = audit_event_of(exec, pending ? EVENT_POINTER_PROPOSED : EVENT_POINTER_APPROVED);

    event.ptr = seq;
    event.result = pointer->basis;
    event.conf = pointer->conf;
    event.grant = pointer->grant_ref;
    audit_emit(&add->trail, exec, &event);
    exec->chain->pointers++;
    exec->creations++;
    enum code code = exec_put_pointer(exec, add->body->patient, seq, pointer);
    if (code == CODE_OK) {
        code = relation_count(add, (enum pointer_status)pointer->status);
    }
    if (code == CODE_OK && pending) {
        struct state_key key = key_due_pointer(DUE_POINTER_EXPIRES, exec->time_ms + exec->params->pending_ms, add->body->patient, seq);
        code = exec_put(exec, &key, NULL, 0);
    }
    if (code == CODE_OK && !pending && item->supersedes > 0) {
        code = item_supersede(add, item->supersedes, seq);
    }
    return code;
}

static enum code item_add(struct add *add, size_t index)
{
    struct exec *exec = add->exec;
    const struct pointer_add_item *item = &add->body->items[index];
    struct pointer target = { 0 };
    struct pointer pointer = {
        .custodian = exec->sender.org,
        .record_class = item->record_class,
        .conf = item->conf,
        .content_commit = item->content_commit,
        .locator_hash = item->locator_hash,
        .locator_length = item->locator_length,
        .service_month = item->service_month,
        .supersedes = item->supersedes,
        .added_height = exec->height,
        .added_time = exec->time_ms,
    };

    ASSERT(exec->creations == index); /* each item before this one made one pointer */
    if (exec->chain->pointers >= exec->params->pointers_max) {
        return CODE_CAPACITY;
    }
    enum code code = item_check_fields(add, item);
    if (code == CODE_OK) {
        code = item_check_target(add, item, &target);
    }
    if (code != CODE_OK) {
        return code;
    }
    memcpy(pointer.author, add->author, ACCT_BYTES);
    relation_read(add);
    item_settle(add, item, &target, &pointer);
    code = item_check_limits(add, (enum pointer_status)pointer.status);
    if (code == CODE_OK && item_is_repeated(add->body, index)) {
        code = CODE_DUP_COMMIT;
    }
    return code == CODE_OK ? item_store(add, item, &pointer) : code;
}

static void add_author(struct add *add)
{
    const uint8_t *on_behalf = command_body_on_behalf(&add->exec->command);
    const uint8_t *author = on_behalf != NULL ? on_behalf : add->exec->sender.acct;

    ASSERT(add->exec->sender.kind == SIGNER_ACTOR);
    memcpy(add->author, author, ACCT_BYTES);
    add->author_signed = exec_signed_by(add->exec, author);
    add->cosigned = exec_cosigner(add->exec, add->body->patient) != NULL;
    add->payload_fits = payload_fits(add->exec, add->body);
    add->relation_is = RELATION_UNREAD;
}

enum code exec_pointer_add(struct exec *exec)
{
    struct add add; /* two kilobytes, which are not zeroed: every member is set before it is read */
    struct patient patient;

    ASSERT(exec->sender.kind == SIGNER_ACTOR);
    add.exec = exec;
    add.body = &exec->command.as.pointer_add;
    enum code code = subject_patient(exec, SUBJECT_OPEN, &patient);
    if (code != CODE_OK) {
        return code;
    }
    if (add.body->kx_epoch != patient.kx_epoch) {
        return CODE_EPOCH_STALE;
    }
    add_author(&add);
    grants_load(exec, add.body->patient, &patient, &exec->inputs);
    audit_begin(&add.trail, exec, add.body->patient, &patient);
    for (size_t i = 0; code == CODE_OK && i < add.body->count; i++) {
        code = item_add(&add, i);
    }
    if (code == CODE_OK) {
        code = relation_put(&add);
    }
    ASSERT(code != CODE_OK || add.trail.patient.ptr_count == patient.ptr_count + add.body->count);
    ASSERT(code != CODE_OK || exec->events_count >= add.body->count); /* each item is in the trail, and what it replaces */
    return code == CODE_OK ? audit_end(&add.trail, exec) : code;
}
