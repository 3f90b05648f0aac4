/* entity_record.c: the canonical values of what a patient's compartment holds: Pointer, Grant, Ticket, and the audit event. */
#include "ledger/entity.h"

#include "base/assert.h"
#include "ledger/layout.h"

#include <string.h>

static const struct field pointer_fields[] = {
    LAYOUT_RANGE(pointer, custodian, 1, UINT16_MAX),
    LAYOUT_RANGE(pointer, record_class, CLASS_SEALED, CLASS_OTHER),
    LAYOUT_RANGE(pointer, conf, CONF_NORMAL, CONF_VERY_RESTRICTED),
    LAYOUT_RANGE(pointer, status, POINTER_PENDING, POINTER_ERASED),
    LAYOUT_RANGE(pointer, basis, BASIS_NONE, BASIS_STANDING),
    LAYOUT_RUN(pointer, author),
    LAYOUT_RUN(pointer, content_commit),
    LAYOUT_RUN(pointer, locator_hash),
    LAYOUT_INT(pointer, locator_length),
    LAYOUT_INT(pointer, service_month),
    LAYOUT_INT(pointer, supersedes),
    LAYOUT_INT(pointer, superseded_by),
    LAYOUT_INT(pointer, grant_ref),
    LAYOUT_INT(pointer, added_height),
    LAYOUT_INT(pointer, added_time),
    LAYOUT_INT(pointer, decided_time),
    LAYOUT_PAD(2),
};

static const struct field grant_fields[] = {
    LAYOUT_RANGE(grant, effect, EFFECT_PERMIT, EFFECT_DENY),
    LAYOUT_RANGE(grant, kind, GRANT_READ, GRANT_RESEARCH),
    LAYOUT_RANGE(grant, gtype, GRANTEE_ACTOR, GRANTEE_ANY_CUSTODIAN),
    LAYOUT_RANGE(grant, conf_max, CONF_NORMAL, CONF_VERY_RESTRICTED),
    LAYOUT_RUN(grant, grantee),
    LAYOUT_INT(grant, class_mask),
    LAYOUT_INT(grant, purposes),
    LAYOUT_INT(grant, custodian),
    LAYOUT_RANGE(grant, flags, 0, GRANT_FLAGS_ALL),
    LAYOUT_INT(grant, ptr_seq),
    LAYOUT_INT(grant, from_month),
    LAYOUT_INT(grant, to_month),
    LAYOUT_INT(grant, not_before),
    LAYOUT_INT(grant, expires),
    LAYOUT_INT(grant, max_uses),
    LAYOUT_INT(grant, uses),
    LAYOUT_RANGE(grant, status, GRANT_ACTIVE, GRANT_ENDED),
    LAYOUT_RANGE(grant, wrap_kind, WRAP_NONE, WRAP_RECORD),
    LAYOUT_INT(grant, kx_epoch),
    LAYOUT_PAD(2),
    LAYOUT_RUN(grant, granted_by),
    LAYOUT_RUN(grant, wraps_hash),
    LAYOUT_RUN(grant, form_commit),
    LAYOUT_INT(grant, created),
    LAYOUT_INT(grant, ended),
};

static const struct field ticket_fields[] = {
    LAYOUT_RUN(ticket, patient),
    LAYOUT_RUN(ticket, requester),
    LAYOUT_RUN(ticket, on_behalf),
    LAYOUT_INT(ticket, org),
    LAYOUT_RANGE(ticket, purpose, 0, PURPOSE_COUNT - 1),
    LAYOUT_RANGE(ticket, flags, 0, TICKET_FLAGS_ALL),
    LAYOUT_RANGE(ticket, reason, REASON_SELF, REASON_BTG),
    LAYOUT_PAD(2),
    LAYOUT_INT(ticket, grant),
    LAYOUT_RANGE(ticket, base_seq, 1, UINT32_MAX),
    LAYOUT_RUN(ticket, bitmap),
    LAYOUT_INT(ticket, time),
    LAYOUT_INT(ticket, expires),
    LAYOUT_INT(ticket, review_due),
    LAYOUT_INT(ticket, review),
    LAYOUT_INT(ticket, disclosed),
    LAYOUT_RUN(ticket, reason_commit),
};

static const struct field audit_event_fields[] = {
    LAYOUT_INT(audit_event, seq),
    LAYOUT_RANGE(audit_event, type, EVENT_REGISTERED, EVENT_DISCLOSED_OFFLINE),
    LAYOUT_INT(audit_event, result),
    LAYOUT_INT(audit_event, purpose),
    LAYOUT_INT(audit_event, conf),
    LAYOUT_INT(audit_event, time),
    LAYOUT_INT(audit_event, height),
    LAYOUT_RUN(audit_event, actor),
    LAYOUT_RUN(audit_event, on_behalf),
    LAYOUT_INT(audit_event, org),
    LAYOUT_PAD(2),
    LAYOUT_INT(audit_event, ptr),
    LAYOUT_INT(audit_event, grant),
    LAYOUT_RUN(audit_event, ref),
    LAYOUT_RUN(audit_event, extra),
};

void pointer_encode(const struct pointer *pointer, uint8_t out[POINTER_BYTES])
{
    ASSERT((1u << pointer->record_class & CLASS_MASK_KNOWN) != 0);
    ASSERT(pointer->custodian >= 1);
    ASSERT(pointer->conf <= CONF_VERY_RESTRICTED);
    layout_encode(LAYOUT_OF(pointer_fields), pointer, out, POINTER_BYTES);
}

enum verdict pointer_decode(struct pointer *pointer, const uint8_t *data, size_t size)
{
    enum verdict verdict = layout_decode(LAYOUT_OF(pointer_fields), pointer, data, size);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    ASSERT(pointer->record_class <= CLASS_OTHER);
    ASSERT(pointer->custodian >= 1);
    return (1u << pointer->record_class & CLASS_MASK_KNOWN) != 0 ? VERDICT_OK : VERDICT_RANGE;
}

void grant_encode(const struct grant *grant, uint8_t out[GRANT_BYTES])
{
    ASSERT(grant->conf_max <= CONF_VERY_RESTRICTED);
    ASSERT(grant->status == GRANT_ACTIVE || grant->status == GRANT_ENDED);
    layout_encode(LAYOUT_OF(grant_fields), grant, out, GRANT_BYTES);
}

enum verdict grant_decode(struct grant *grant, const uint8_t *data, size_t size)
{
    return layout_decode(LAYOUT_OF(grant_fields), grant, data, size);
}

void ticket_encode(const struct ticket *ticket, uint8_t out[TICKET_BYTES])
{
    ASSERT(ticket->base_seq >= 1);
    ASSERT(ticket->purpose < PURPOSE_COUNT);
    layout_encode(LAYOUT_OF(ticket_fields), ticket, out, TICKET_BYTES);
}

enum verdict ticket_decode(struct ticket *ticket, const uint8_t *data, size_t size)
{
    return layout_decode(LAYOUT_OF(ticket_fields), ticket, data, size);
}

void audit_event_encode(const struct audit_event *event, uint8_t out[AUDIT_EVENT_BYTES])
{
    ASSERT(event->type >= EVENT_REGISTERED);
    ASSERT(event->type <= EVENT_DISCLOSED_OFFLINE);
    layout_encode(LAYOUT_OF(audit_event_fields), event, out, AUDIT_EVENT_BYTES);
}

enum verdict audit_event_decode(struct audit_event *event, const uint8_t *data, size_t size)
{
    return layout_decode(LAYOUT_OF(audit_event_fields), event, data, size);
}
