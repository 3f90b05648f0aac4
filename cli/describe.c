/* describe.c: see describe.h. */
#include "cli/describe.h"

#include "base/bytes.h"
#include "cli/output.h"
#include "cli/words.h"
#include "wire/code.h"

#include <stdio.h>
#include <string.h>

static void set_number(json_t *object, const char *name, uint64_t value)
{
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void set_word(json_t *object, const char *name, const struct word *words, uint32_t value)
{
    json_object_set_new(object, name, json_string(word_text(words, value)));
}

static void set_hex(json_t *object, const char *name, const uint8_t bytes[32])
{
    json_object_set_new(object, name, output_hex(bytes, 32));
}

/* set_some_hex leaves out what is zero: a commitment that is not made, nobody. */
static void set_some_hex(json_t *object, const char *name, const uint8_t bytes[32])
{
    if (!bytes_are_zero(bytes, 32)) {
        set_hex(object, name, bytes);
    }
}

static void set_some_number(json_t *object, const char *name, uint64_t value)
{
    if (value != 0) {
        set_number(object, name, value);
    }
}

/* set_month leaves out 0, which is undisclosed or open. Months count from January 2000 = 1. */
static void set_month(json_t *object, const char *name, uint16_t month)
{
    char text[16];

    if (month != 0) {
        snprintf(text, sizeof text, "%u-%02u", 2000u + (month - 1u) / 12u, (month - 1u) % 12u + 1u);
        json_object_set_new(object, name, json_string(text));
    }
}

json_t *describe_org(const struct org *org)
{
    json_t *object = json_object();

    json_object_set_new(object, "name", json_stringn((const char *)org->name, org->name_length));
    set_word(object, "kind", words_org_kind, org->kind);
    set_word(object, "status", words_org_status, org->status);
    json_object_set_new(object, "capabilities", word_list(words_capability, org->caps));
    json_object_set_new(object, "endpoint", json_stringn((const char *)org->endpoint, org->endpoint_length));
    set_hex(object, "admin_key", org->admin_pk);
    set_hex(object, "officer_key", org->officer_pk);
    set_hex(object, "kx_key", org->kx_pk);
    if (org->replica_index != 255) {
        set_number(object, "member", org->replica_index);
        set_hex(object, "replica_key", org->replica_pk);
    }
    set_number(object, "nonce", org->nonce);
    set_number(object, "officer_nonce", org->officer_nonce);
    set_number(object, "joined_ms", org->joined);
    return object;
}

json_t *describe_actor(const struct actor *actor)
{
    json_t *object = json_object();

    set_word(object, "kind", words_actor_kind, actor->kind);
    set_word(object, "role", words_actor_role, actor->role);
    set_number(object, "organisation", actor->org);
    set_word(object, "status", words_actor_status, actor->status);
    json_object_set_new(object, "capabilities", word_list(words_capability, actor->caps));
    set_hex(object, "key", actor->pk);
    set_hex(object, "kx_key", actor->kx_pk);
    set_some_hex(object, "attestation", actor->attest_commit);
    set_some_number(object, "sponsor", actor->sponsor_org);
    set_number(object, "valid_until_ms", actor->valid_until);
    set_number(object, "nonce", actor->nonce);
    set_number(object, "registered_ms", actor->registered);
    return object;
}

json_t *describe_patient(const struct patient *patient)
{
    json_t *object = json_object();

    set_word(object, "status", words_patient_status, patient->status);
    set_word(object, "default_policy", words_policy, patient->default_policy);
    set_word(object, "btg_policy", words_btg_policy, patient->btg_policy);
    set_hex(object, "key", patient->pk);
    set_number(object, "kx_epoch", patient->kx_epoch);
    set_hex(object, "kx_key", patient->kx_pk);
    set_hex(object, "sealed_kx_key", patient->sealed_kx_pk);
    json_object_set_new(object, "vouchers", json_pack("[i, i]", (int)patient->vouchers[0], (int)patient->vouchers[1]));
    set_number(object, "pointers", patient->ptr_count);
    set_number(object, "pointers_current", patient->current);
    set_number(object, "pointers_pending", patient->pending);
    set_number(object, "grants", patient->grant_count);
    set_number(object, "grants_active", patient->active_grants);
    set_number(object, "audit_count", patient->audit_count);
    set_hex(object, "audit_root", patient->audit_root.bytes);
    set_number(object, "nonce", patient->nonce);
    set_number(object, "created_ms", patient->created);
    return object;
}

json_t *describe_pointer(uint32_t seq, const struct pointer *pointer)
{
    json_t *object = json_object();

    set_number(object, "seq", seq);
    set_number(object, "custodian", pointer->custodian);
    set_word(object, "class", words_class, pointer->record_class);
    set_word(object, "confidentiality", words_confidentiality, pointer->conf);
    set_word(object, "status", words_pointer_status, pointer->status);
    set_word(object, "basis", words_pointer_basis, pointer->basis);
    set_hex(object, "author", pointer->author);
    set_hex(object, "content_commit", pointer->content_commit.bytes);
    set_some_hex(object, "locator_hash", pointer->locator_hash.bytes);
    set_month(object, "service_month", pointer->service_month);
    set_some_number(object, "supersedes", pointer->supersedes);
    set_some_number(object, "superseded_by", pointer->superseded_by);
    set_some_number(object, "grant", pointer->grant_ref);
    set_number(object, "added_height", pointer->added_height);
    set_number(object, "added_ms", pointer->added_time);
    set_number(object, "decided_ms", pointer->decided_time);
    return object;
}

static void set_grantee(json_t *object, const struct grant *grant)
{
    uint32_t number = (uint32_t)grant->grantee[ACCT_BYTES - 2] << 8 | grant->grantee[ACCT_BYTES - 1];

    set_word(object, "grantee_type", words_grantee, grant->gtype);
    if (grant->gtype == GRANTEE_ACTOR) {
        set_hex(object, "grantee", grant->grantee);
    } else if (grant->gtype == GRANTEE_ORG) {
        set_number(object, "grantee", number);
    } else if (grant->gtype == GRANTEE_ORG_KIND) {
        set_word(object, "grantee", words_org_kind, number);
    }
}

json_t *describe_grant(uint32_t seq, const struct grant *grant)
{
    json_t *object = json_object();

    set_number(object, "seq", seq);
    set_word(object, "effect", words_effect, grant->effect);
    set_word(object, "kind", words_grant_kind, grant->kind);
    set_grantee(object, grant);
    json_object_set_new(object, "classes", word_list(words_class, grant->class_mask));
    json_object_set_new(object, "purposes", word_list(words_purpose, grant->purposes));
    set_word(object, "confidentiality_max", words_confidentiality, grant->conf_max);
    set_some_number(object, "custodian", grant->custodian);
    set_some_number(object, "pointer", grant->ptr_seq);
    set_month(object, "from_month", grant->from_month);
    set_month(object, "to_month", grant->to_month);
    set_number(object, "not_before_ms", grant->not_before);
    set_number(object, "expires_ms", grant->expires);
    if (grant->max_uses != 0) {
        set_number(object, "max_uses", grant->max_uses);
        set_number(object, "uses", grant->uses);
    }
    set_word(object, "status", words_grant_status, grant->status);
    set_number(object, "flags", grant->flags);
    set_hex(object, "granted_by", grant->granted_by);
    set_number(object, "created_ms", grant->created);
    return object;
}

/* pointers_of lists the pointers of a bitmap. */
static json_t *pointers_of(const uint8_t *bitmap, uint32_t bits, uint32_t base_seq)
{
    json_t *list = json_array();

    for (uint32_t bit = 0; bit < bits; bit++) {
        if ((bitmap[bit / 8] >> (bit % 8) & 1) != 0) {
            json_array_append_new(list, json_integer((json_int_t)base_seq + bit));
        }
    }
    return list;
}

json_t *describe_ticket(const struct ticket *ticket)
{
    json_t *object = json_object();

    set_hex(object, "patient", ticket->patient);
    set_hex(object, "requester", ticket->requester);
    set_some_hex(object, "on_behalf", ticket->on_behalf);
    set_number(object, "organisation", ticket->org);
    set_word(object, "purpose", words_purpose, ticket->purpose);
    json_object_set_new(object, "reason", json_string(reason_name(ticket->reason)));
    json_object_set_new(object, "pointers", pointers_of(ticket->bitmap, TICKET_PAGE, ticket->base_seq));
    json_object_set_new(object, "ended", json_boolean((ticket->flags & TICKET_ENDED) != 0));
    set_some_number(object, "grant", ticket->grant);
    set_number(object, "time_ms", ticket->time);
    set_number(object, "expires_ms", ticket->expires);
    set_number(object, "disclosed", ticket->disclosed);
    return object;
}

const char *describe_code_text(unsigned code)
{
    static const char *const refusals[] = { [1] = "busy: too much waits already", [2] = "too many requests of this client or organisation wait", [3] = "waited too long",
                                            [4] = "this replica stops: ask another", [5] = "this replica is behind: ask another",
                                            [6] = "another command with this nonce waits already", [7] = "this replica's disk is nearly full: ask another" };
    const char *text = query_refusal_text(code);

    if (text != NULL) {
        return text;
    }
    return code >= 1 && code < sizeof refusals / sizeof refusals[0] ? refusals[code] : code_text(code);
}

json_t *describe_code(unsigned code)
{
    return json_pack("{s:i, s:s, s:s}", "code", (int)code, "name", code_name(code), "text", describe_code_text(code));
}

json_t *describe_receipt(uint64_t position, const struct receipt *receipt)
{
    json_t *object = describe_code(receipt->code);

    set_hex(object, "tx_id", receipt->tx_id.bytes);
    set_number(object, "height", receipt->height);
    set_number(object, "index", receipt->index);
    set_number(object, "time_ms", receipt->time_ms);
    set_number(object, "position", position);
    set_some_hex(object, "events_digest", receipt->events_digest.bytes);
    set_some_hex(object, "evaluation_digest", receipt->eval_digest.bytes);
    return object;
}

json_t *describe_event(const struct audit_event *event)
{
    json_t *object = json_object();
    bool access = event->type == EVENT_ACCESS_PERMITTED || event->type == EVENT_ACCESS_DENIED;

    set_number(object, "seq", event->seq);
    set_word(object, "type", words_event, event->type);
    if (access) {
        json_object_set_new(object, "reason", json_string(reason_name(event->result)));
    } else {
        set_some_number(object, "result", event->result);
    }
    if (event->purpose != PURPOSE_NONE) {
        set_word(object, "purpose", words_purpose, event->purpose);
    }
    set_number(object, "time_ms", event->time);
    set_number(object, "height", event->height);
    set_some_hex(object, "actor", event->actor);
    set_some_hex(object, "on_behalf", event->on_behalf);
    set_some_number(object, "organisation", event->org);
    set_some_number(object, "pointer", event->ptr);
    set_some_number(object, "grant", event->grant);
    set_some_hex(object, "ref", event->ref.bytes);
    return object;
}

json_t *describe_decision(const struct answer_decision *decision, uint32_t base_seq)
{
    json_t *object = json_object();

    json_object_set_new(object, "permit", json_boolean(decision->permit));
    json_object_set_new(object, "reason", json_string(reason_name(decision->reason)));
    json_object_set_new(object, "reason_text", json_string(reason_text(decision->reason)));
    if (decision->code != 0) {
        json_object_set_new(object, "refusal", describe_code(decision->code));
    }
    json_object_set_new(object, "pointers", pointers_of(decision->bitmap, TICKET_PAGE, base_seq));
    set_some_number(object, "grant", decision->grant);
    set_some_number(object, "pointer", decision->first);
    set_number(object, "evaluated_ms", decision->time_ms);
    set_some_hex(object, "evaluation_digest", decision->digest.bytes);
    return object;
}

json_t *describe_header(const struct block_header *header)
{
    json_t *object = json_object();
    struct hash32 hash = block_hash(header);

    set_number(object, "epoch", header->epoch);
    set_number(object, "height", header->height);
    set_hex(object, "hash", hash.bytes);
    set_hex(object, "parent", header->parent.bytes);
    set_number(object, "time_ms", header->time_ms);
    set_number(object, "proposer", header->proposer);
    set_number(object, "commands", header->commands_count);
    set_hex(object, "payload_root", header->payload_root.bytes);
    return object;
}
