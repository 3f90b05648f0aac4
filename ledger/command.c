/* command.c: decoding and encoding of command bodies. Fixed parts are layouts; lists follow them with a count. */
#include "ledger/command.h"

#include "base/assert.h"
#include "ledger/layout.h"

#include <string.h>

static const struct field actor_set_fields[] = {
    LAYOUT_RANGE(actor_set, op, ACTOR_REGISTER, ACTOR_RETIRE),
    LAYOUT_RANGE(actor_set, kind, 0, ACTOR_PERSON),
    LAYOUT_RANGE(actor_set, role, ROLE_NONE, ROLE_EMERGENCY),
    LAYOUT_INT(actor_set, caps),
    LAYOUT_RUN(actor_set, acct),
    LAYOUT_RUN(actor_set, pk),
    LAYOUT_RUN(actor_set, kx_pk),
    LAYOUT_RUN(actor_set, pop),
    LAYOUT_INT(actor_set, valid_until),
    LAYOUT_RUN(actor_set, attest_commit),
};

static const struct field patient_register_fields[] = {
    LAYOUT_RUN(patient_register, kx_pk),
    LAYOUT_RUN(patient_register, sealed_kx_pk),
    LAYOUT_INT(patient_register, default_policy),
    LAYOUT_RANGE(patient_register, btg_policy, BTG_UP_TO_RESTRICTED, BTG_NEVER),
    LAYOUT_INT(patient_register, flags),
};

static const struct field pointer_add_fields[] = {
    LAYOUT_RUN(pointer_add, patient),
    LAYOUT_RUN(pointer_add, on_behalf),
    LAYOUT_INT(pointer_add, kx_epoch),
    LAYOUT_INT(pointer_add, count),
};

static const struct field pointer_add_item_fields[] = {
    LAYOUT_INT(pointer_add_item, record_class),
    LAYOUT_INT(pointer_add_item, conf),
    LAYOUT_INT(pointer_add_item, service_month),
    LAYOUT_RUN(pointer_add_item, content_commit),
    LAYOUT_RUN(pointer_add_item, locator_hash),
    LAYOUT_INT(pointer_add_item, locator_length),
    LAYOUT_INT(pointer_add_item, supersedes),
};

static const struct field pointer_decide_fields[] = {
    LAYOUT_RUN(pointer_decide, patient),
    LAYOUT_RANGE(pointer_decide, approve, 0, 1),
    LAYOUT_INT(pointer_decide, count),
};

static const struct field pointer_set_status_fields[] = {
    LAYOUT_RUN(pointer_set_status, patient),
    LAYOUT_RANGE(pointer_set_status, op, POINTER_SET_ERROR, POINTER_UNHIDE),
    LAYOUT_INT(pointer_set_status, count),
};

static const struct field grant_body_fields[] = {
    LAYOUT_RUN(grant_body, patient),
    LAYOUT_RANGE(grant_body, effect, EFFECT_PERMIT, EFFECT_DENY),
    LAYOUT_RANGE(grant_body, kind, GRANT_READ, GRANT_WRITE),
    LAYOUT_RANGE(grant_body, gtype, GRANTEE_ACTOR, GRANTEE_ANY_CUSTODIAN),
    LAYOUT_RANGE(grant_body, conf_max, CONF_NORMAL, CONF_VERY_RESTRICTED),
    LAYOUT_RUN(grant_body, grantee),
    LAYOUT_INT(grant_body, class_mask),
    LAYOUT_INT(grant_body, purposes),
    LAYOUT_INT(grant_body, custodian),
    LAYOUT_INT(grant_body, flags),
    LAYOUT_INT(grant_body, ptr_seq),
    LAYOUT_INT(grant_body, from_month),
    LAYOUT_INT(grant_body, to_month),
    LAYOUT_INT(grant_body, not_before),
    LAYOUT_INT(grant_body, expires),
    LAYOUT_INT(grant_body, max_uses),
    LAYOUT_RANGE(grant_body, wrap_kind, WRAP_NONE, WRAP_RECORD),
    LAYOUT_INT(grant_body, kx_epoch),
    LAYOUT_RUN(grant_body, form_commit),
};

static const struct field revoke_fields[] = {
    LAYOUT_RUN(revoke, patient),
    LAYOUT_INT(revoke, count),
};

static const struct field access_request_fields[] = {
    LAYOUT_RUN(access_request, patient),
    LAYOUT_INT(access_request, purpose),
    LAYOUT_RUN(access_request, on_behalf),
    LAYOUT_INT(access_request, class_mask),
    LAYOUT_RANGE(access_request, base_seq, 1, UINT32_MAX),
    LAYOUT_INT(access_request, from_month),
    LAYOUT_INT(access_request, to_month),
    LAYOUT_RANGE(access_request, want_ttl, 1, UINT32_MAX),
    LAYOUT_RUN(access_request, reason_commit),
    LAYOUT_INT(access_request, count),
};

static const struct field disclose_fields[] = {
    LAYOUT_INT(disclose, count),
};

static const struct field disclose_item_fields[] = {
    LAYOUT_RUN(disclose_item, ticket),
    LAYOUT_RUN(disclose_item, patient),
    LAYOUT_RUN(disclose_item, recipient),
    LAYOUT_RANGE(disclose_item, base_seq, 1, UINT32_MAX),
    LAYOUT_RUN(disclose_item, bitmap),
    LAYOUT_RANGE(disclose_item, mode, DISCLOSE_READ, DISCLOSE_OFFLINE),
    LAYOUT_RANGE(disclose_item, bytes_log2, 0, 63),
    LAYOUT_INT(disclose_item, checked_height),
    LAYOUT_RUN(disclose_item, doc_root),
};

static const struct field patient_set_fields[] = {
    LAYOUT_RUN(patient_set, patient),
    LAYOUT_INT(patient_set, default_policy),
    LAYOUT_RANGE(patient_set, btg_policy, BTG_UP_TO_RESTRICTED, BTG_NEVER),
    LAYOUT_RANGE(patient_set, op, PATIENT_SET_POLICY, PATIENT_SET_POLICY),
};

/* A strictly ascending list of sequence numbers, none of them 0. */
struct seq_list {
    uint32_t *seqs;
    size_t count;
    size_t least; /* bounds of the count */
    size_t most;
};

static enum verdict seqs_read(struct reader *reader, struct seq_list list)
{
    uint32_t previous = 0;

    ASSERT(list.least <= list.most);
    if (list.count < list.least || list.count > list.most) {
        return VERDICT_LENGTH;
    }
    for (size_t i = 0; i < list.count; i++) {
        list.seqs[i] = read_u32_be(reader);
        if (reader->failed) {
            return VERDICT_SHORT;
        }
        if (list.seqs[i] <= previous) {
            return VERDICT_ORDER;
        }
        previous = list.seqs[i];
    }
    return VERDICT_OK;
}

static void seqs_write(struct writer *writer, struct seq_list list)
{
    ASSERT(list.count >= list.least);
    ASSERT(list.count <= list.most);
    for (size_t i = 0; i < list.count; i++) {
        write_u32_be(writer, list.seqs[i]);
    }
}

/* The one list of sequence numbers of a command that has one. Needs: such a type. */
static struct seq_list command_seqs(struct command_body *command)
{
    ASSERT(command->type <= COMMAND_TYPE_MAX);
    if (command->type == COMMAND_POINTER_DECIDE) {
        struct pointer_decide *body = &command->as.pointer_decide;
        return (struct seq_list){ body->seqs, body->count, 1, POINTER_SEQS_MAX };
    }
    if (command->type == COMMAND_POINTER_STATUS) {
        struct pointer_set_status *body = &command->as.pointer_set_status;
        return (struct seq_list){ body->seqs, body->count, 1, POINTER_SEQS_MAX };
    }
    if (command->type == COMMAND_REVOKE) {
        struct revoke *body = &command->as.revoke;
        return (struct seq_list){ body->seqs, body->count, 1, REVOKE_SEQS_MAX };
    }
    ASSERT(command->type == COMMAND_ACCESS_REQUEST);
    struct access_request *body = &command->as.access_request;
    return (struct seq_list){ body->seqs, body->count, 0, ACCESS_SEQS_MAX };
}

static bool policy_is_built(uint8_t policy)
{
    return policy == POLICY_DENY || policy == POLICY_TREATING;
}

static enum verdict patient_register_check(const struct patient_register *body)
{
    ASSERT(body->btg_policy <= BTG_NEVER);
    if (!policy_is_built(body->default_policy)) {
        return VERDICT_RANGE;
    }
    return (body->flags & ~REGISTER_FLAGS_ALL) == 0 ? VERDICT_OK : VERDICT_RESERVED;
}

/* Nothing but the operation and the account: what suspending and retiring say, so that it has one encoding. */
static bool names_account_only(const struct actor_set *body)
{
    bool keys = bytes_are_zero(body->pk, KEY_BYTES) && bytes_are_zero(body->kx_pk, KEY_BYTES) && bytes_are_zero(body->pop, sizeof body->pop);
    bool numbers = body->kind == 0 && body->role == ROLE_NONE && body->caps == 0 && body->valid_until == 0;

    ASSERT(body->op != ACTOR_REGISTER);
    return keys && numbers && bytes_are_zero(body->attest_commit, sizeof body->attest_commit);
}

/* Changing an actor's role or capabilities is not built: suspend it and register another. */
static enum verdict actor_set_check(const struct actor_set *body)
{
    ASSERT(body->op >= ACTOR_REGISTER);
    ASSERT(body->op <= ACTOR_RETIRE);
    if (body->op == ACTOR_UPDATE) {
        return VERDICT_RANGE;
    }
    if (body->op != ACTOR_REGISTER) {
        return names_account_only(body) ? VERDICT_OK : VERDICT_RESERVED;
    }
    if (body->kind == 0) {
        return VERDICT_RANGE;
    }
    return (body->caps & ~CAPS_ALL) == 0 ? VERDICT_OK : VERDICT_RESERVED;
}

/* Only a permit to read is counted: a deny is never used up, and a write brings a pointer, not a look. */
static enum verdict grant_body_check(const struct grant_body *body)
{
    bool counted = body->effect == EFFECT_PERMIT && body->kind == GRANT_READ;

    ASSERT(body->effect == EFFECT_PERMIT || body->effect == EFFECT_DENY);
    ASSERT(body->kind == GRANT_READ || body->kind == GRANT_WRITE);
    ASSERT(body->wrap_kind <= WRAP_RECORD);
    if (body->gtype == GRANTEE_ORG_KIND || (body->max_uses > 0 && !counted)) {
        return VERDICT_RANGE;
    }
    return (body->flags & ~GRANT_FLAGS_ALL) == 0 ? VERDICT_OK : VERDICT_RESERVED;
}

/* Every listed pointer lies within the page that the ticket's bitmap can name. The list ascends. */
static enum verdict access_request_check(const struct access_request *body)
{
    ASSERT(body->count <= ACCESS_SEQS_MAX);
    ASSERT(body->base_seq >= 1);
    ASSERT(body->want_ttl >= 1);
    if (body->count == 0) {
        return VERDICT_OK;
    }
    uint64_t end = (uint64_t)body->base_seq + TICKET_PAGE;
    bool inside = body->seqs[0] >= body->base_seq && body->seqs[body->count - 1] < end;
    return inside ? VERDICT_OK : VERDICT_RANGE;
}

static enum verdict pointer_add_items_read(struct reader *reader, struct pointer_add *body)
{
    enum verdict verdict = VERDICT_OK;

    if (body->count < 1 || body->count > POINTER_ADD_ITEMS_MAX) {
        return VERDICT_LENGTH;
    }
    for (size_t i = 0; verdict == VERDICT_OK && i < body->count; i++) {
        verdict = layout_load(LAYOUT_OF(pointer_add_item_fields), reader, &body->items[i]);
    }
    ASSERT(verdict == VERDICT_OK || verdict == VERDICT_SHORT); /* any value of an item decodes */
    return verdict;
}

static enum verdict disclose_items_read(struct reader *reader, struct disclose *body)
{
    enum verdict verdict = VERDICT_OK;

    if (body->count < 1 || body->count > DISCLOSE_ITEMS_MAX) {
        return VERDICT_LENGTH;
    }
    for (size_t i = 0; verdict == VERDICT_OK && i < body->count; i++) {
        verdict = layout_read(LAYOUT_OF(disclose_item_fields), reader, &body->items[i]);
        if (verdict == VERDICT_OK && bytes_are_zero(body->items[i].bitmap, BITMAP_BYTES)) {
            verdict = VERDICT_RANGE;
        }
    }
    ASSERT(body->count <= DISCLOSE_ITEMS_MAX);
    return verdict;
}

/* What follows the fixed part: the lists, and the checks that span fields. */
static enum verdict rest_read(struct command_body *command, struct reader *reader)
{
    enum verdict verdict;

    ASSERT(!reader->failed); /* the fixed part was read */
    switch (command->type) {
    case COMMAND_ACTOR_SET:
        return actor_set_check(&command->as.actor_set);
    case COMMAND_PATIENT_REGISTER:
        return patient_register_check(&command->as.patient_register);
    case COMMAND_POINTER_ADD: /* pointer_add_read does it */
        break;
    case COMMAND_POINTER_DECIDE:
    case COMMAND_POINTER_STATUS:
    case COMMAND_REVOKE:
        return seqs_read(reader, command_seqs(command));
    case COMMAND_GRANT:
        return grant_body_check(&command->as.grant);
    case COMMAND_ACCESS_REQUEST:
        verdict = seqs_read(reader, command_seqs(command));
        return verdict == VERDICT_OK ? access_request_check(&command->as.access_request) : verdict;
    case COMMAND_DISCLOSE:
        return disclose_items_read(reader, &command->as.disclose);
    case COMMAND_PATIENT_SET:
        return policy_is_built(command->as.patient_set.default_policy) ? VERDICT_OK : VERDICT_RANGE;
    }
    return VERDICT_TYPE;
}

/* The fixed part of each type. Gives: a layout without fields for a type that does not exist. */
static struct layout fixed_of(uint8_t type)
{
    switch (type) {
    case COMMAND_ACTOR_SET:
        return LAYOUT_OF(actor_set_fields);
    case COMMAND_PATIENT_REGISTER:
        return LAYOUT_OF(patient_register_fields);
    case COMMAND_POINTER_ADD:
        return LAYOUT_OF(pointer_add_fields);
    case COMMAND_POINTER_DECIDE:
        return LAYOUT_OF(pointer_decide_fields);
    case COMMAND_POINTER_STATUS:
        return LAYOUT_OF(pointer_set_status_fields);
    case COMMAND_GRANT:
        return LAYOUT_OF(grant_body_fields);
    case COMMAND_REVOKE:
        return LAYOUT_OF(revoke_fields);
    case COMMAND_ACCESS_REQUEST:
        return LAYOUT_OF(access_request_fields);
    case COMMAND_DISCLOSE:
        return LAYOUT_OF(disclose_fields);
    case COMMAND_PATIENT_SET:
        return LAYOUT_OF(patient_set_fields);
    default: /* a number from a stranger, not an enum */
        return (struct layout){ 0 };
    }
}

/* The command that is sent most is read by straight code, and places without an item are left as they are. */
static enum verdict pointer_add_read(struct pointer_add *body, struct reader *reader)
{
    enum verdict verdict = layout_load(LAYOUT_OF(pointer_add_fields), reader, body);

    ASSERT(reader->offset <= reader->size);
    if (verdict == VERDICT_OK) {
        verdict = pointer_add_items_read(reader, body);
    }
    return verdict == VERDICT_OK ? reader_end(reader) : verdict;
}

enum verdict command_body_decode(struct command_body *command, uint8_t type, const uint8_t *body, size_t size)
{
    struct layout fixed = fixed_of(type);
    struct reader reader;

    if (fixed.count == 0) {
        return VERDICT_TYPE;
    }
    reader_init(&reader, body, size);
    if (type == COMMAND_POINTER_ADD) {
        command->type = COMMAND_POINTER_ADD;
        return pointer_add_read(&command->as.pointer_add, &reader);
    }
    memset(command, 0, sizeof *command);
    command->type = (enum command_type)type;
    enum verdict verdict = layout_read(fixed, &reader, &command->as);
    if (verdict == VERDICT_OK) {
        verdict = rest_read(command, &reader);
    }
    ASSERT(verdict != VERDICT_OK || command->type == (enum command_type)type);
    return verdict == VERDICT_OK ? reader_end(&reader) : verdict;
}

static void rest_write(const struct command_body *command, struct writer *writer)
{
    const struct pointer_add *add = &command->as.pointer_add;
    const struct disclose *disclose = &command->as.disclose;
    struct command_body copy;

    switch (command->type) {
    case COMMAND_POINTER_ADD:
        ASSERT(add->count <= POINTER_ADD_ITEMS_MAX);
        for (size_t i = 0; i < add->count; i++) {
            layout_write(LAYOUT_OF(pointer_add_item_fields), writer, &add->items[i]);
        }
        break;
    case COMMAND_DISCLOSE:
        ASSERT(disclose->count <= DISCLOSE_ITEMS_MAX);
        for (size_t i = 0; i < disclose->count; i++) {
            layout_write(LAYOUT_OF(disclose_item_fields), writer, &disclose->items[i]);
        }
        break;
    case COMMAND_POINTER_DECIDE:
    case COMMAND_POINTER_STATUS:
    case COMMAND_REVOKE:
    case COMMAND_ACCESS_REQUEST:
        copy = *command;
        seqs_write(writer, command_seqs(&copy));
        break;
    case COMMAND_ACTOR_SET:
    case COMMAND_PATIENT_REGISTER:
    case COMMAND_GRANT:
    case COMMAND_PATIENT_SET:
        break;
    }
}

void command_body_encode(const struct command_body *command, struct writer *writer)
{
    struct layout fixed = fixed_of((uint8_t)command->type);

    ASSERT(fixed.count > 0);
    ASSERT(command->type <= COMMAND_TYPE_MAX);
    layout_write(fixed, writer, &command->as);
    rest_write(command, writer);
}
