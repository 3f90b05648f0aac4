/* access.c: 13 ACCESS_REQUEST: one question over all organisations, answered by consensus and written into the patient's trail.
 *
 *   request -> who may ask at all (203) -> patient (300), classes (303) -> table of roles -> consent, page by page
 *           -> permitted: a ticket, counted uses, event 13        -> denied: event 14, nothing else
 *
 * A ticket lives in the state until ticket_kept_ms after its end. Its index entry keeps the tickets of one (patient, organisation) in
 * order of age: at most tickets_live_max live, at most tickets_kept_max in all. */
#include "base/assert.h"
#include "base/bytes.h"
#include "ledger/audit.h"
#include "ledger/evaluation.h"
#include "ledger/exec.h"
#include "ledger/subject.h"
#include "ledger/tickets.h"

#include <string.h>

enum { MS_PER_SECOND = 1000 };

/* A request under way. */
struct request {
    struct exec *exec;
    const struct access_request *body;
    struct evaluation evaluation;
    struct page_decision decision;
};

/* On whose authority it is asked. */
static void request_subject(struct request *request)
{
    struct exec *exec = request->exec;
    struct evaluation *evaluation = &request->evaluation;
    const uint8_t *on_behalf = command_body_on_behalf(&exec->command);

    ASSERT(exec->sender.kind != SIGNER_ORG);
    const uint8_t *subject = on_behalf != NULL ? on_behalf : exec->sender.acct;
    memcpy(evaluation->subject, subject, ACCT_BYTES);
    evaluation->has_signed = exec_signed_by(exec, subject);
    evaluation->org = exec->sender.org;
}

static void request_scope(struct request *request)
{
    const struct access_request *body = request->body;
    struct evaluation *evaluation = &request->evaluation;

    memcpy(evaluation->patient, body->patient, ACCT_BYTES);
    evaluation->purpose = body->purpose;
    evaluation->base_seq = body->base_seq;
    evaluation->class_mask = body->class_mask;
    evaluation->from_month = body->from_month;
    evaluation->to_month = body->to_month;
    evaluation->time_ms = request->exec->time_ms;
    if (body->count == 0) {
        evaluation_select_all(evaluation);
    }
    for (size_t i = 0; i < body->count; i++) {
        ASSERT(body->seqs[i] >= body->base_seq); /* the codec refuses what the page cannot name */
        ASSERT(body->seqs[i] - body->base_seq < TICKET_PAGE);
        bitmap_set(evaluation->selected, body->seqs[i] - body->base_seq);
    }
}

/* Fills request->decision. Needs: the patient exists. */
static void request_decide(struct request *request)
{
    struct exec *exec = request->exec;
    struct evaluation_found found = evaluation_gather(exec->store, &request->evaluation, &exec->inputs);

    ASSERT(found.patient);
    exec->eval_digest = found.digest;
    bool patient = exec->sender.kind == SIGNER_PATIENT;
    enum subject_kind subject = exec->inputs.subject.is_patient ? SUBJECT_PATIENT : patient ? SUBJECT_STRANGER : SUBJECT_ACTOR;
    evaluation_decide(&request->evaluation, &found, subject, &exec->inputs, &request->decision);
}

static void denied_event(const struct request *request, struct audit_trail *trail)
{
    struct exec *exec = request->exec;
    struct audit_event event = audit_event_of(exec, EVENT_ACCESS_DENIED);
    struct writer writer;

    ASSERT(!request->decision.permit);
    ASSERT(request->decision.permitted == 0);
    event.result = (uint8_t)request->decision.reason;
    event.purpose = request->body->purpose;
    event.ptr = request->decision.first;
    event.grant = request->decision.grant;
    writer_init(&writer, event.extra, sizeof event.extra);
    write_u32_be(&writer, request->body->class_mask);
    write_u16_be(&writer, request->body->from_month);
    write_u16_be(&writer, request->body->to_month);
    write_u32_be(&writer, request->body->base_seq);
    ASSERT(!writer.failed);
    audit_emit(trail, exec, &event);
}

/* 1 is added to the uses of the one permit that this ticket counts. */
static enum code count_use(struct exec *exec, const uint8_t *acct, uint32_t seq)
{
    struct grant grant;

    if (seq == 0) {
        return CODE_OK;
    }
    bool found = exec_get_grant(exec, acct, seq, &grant);
    ASSERT(found);
    ASSERT(grant.uses < grant.max_uses);
    grant.uses++;
    return exec_put_grant(exec, acct, seq, &grant);
}

static struct ticket ticket_of(const struct request *request)
{
    struct exec *exec = request->exec;
    uint64_t wanted = (uint64_t)request->body->want_ttl * MS_PER_SECOND;
    uint64_t longest = exec->params->ticket_ms_max;
    uint64_t expires = exec->time_ms + (wanted < longest ? wanted : longest);
    struct ticket ticket = {
        .org = exec->sender.org,
        .purpose = request->body->purpose,
        .flags = request->evaluation.has_signed ? TICKET_SUBJECT_SIGNED : 0,
        .reason = (uint16_t)request->decision.reason,
        .grant = request->decision.counted,
        .base_seq = request->body->base_seq,
        .time = exec->time_ms,
        .expires = expires < request->decision.expires ? expires : request->decision.expires,
        .reason_commit = request->body->reason_commit,
    };

    ASSERT(wanted > 0);
    ASSERT(ticket.expires <= exec->time_ms + longest); /* no ticket outlives the parameter */
    memcpy(ticket.patient, request->body->patient, ACCT_BYTES);
    memcpy(ticket.requester, exec->sender.acct, ACCT_BYTES);
    memcpy(ticket.on_behalf, request->body->on_behalf, ACCT_BYTES);
    memcpy(ticket.bitmap, request->decision.bitmap, BITMAP_BYTES);
    return ticket;
}

static enum code permit(struct request *request, struct audit_trail *trail)
{
    struct exec *exec = request->exec;
    struct ticket ticket = ticket_of(request);
    struct audit_event event = audit_event_of(exec, EVENT_ACCESS_PERMITTED);

    ASSERT(request->decision.permitted > 0);
    ASSERT(ticket.expires > exec->time_ms);
    event.result = (uint8_t)request->decision.reason;
    event.purpose = request->body->purpose;
    event.grant = request->decision.grant;
    audit_emit_pointers(trail, exec, &event, request->body->base_seq, ticket.bitmap);
    enum code code = count_use(exec, ticket.patient, request->decision.counted);
    return code == CODE_OK ? ticket_issue(exec, &ticket) : code;
}

enum code exec_access_request(struct exec *exec)
{
    struct request request = { .exec = exec, .body = &exec->command.as.access_request };
    struct patient patient;
    struct audit_trail trail;

    enum code code = subject_patient(exec, SUBJECT_EXISTS, &patient);
    if (code != CODE_OK) {
        return code;
    }
    if (request.body->class_mask == 0 || (request.body->class_mask & ~CLASS_MASK_KNOWN) != 0) {
        return CODE_CLASS;
    }
    request_subject(&request);
    request_scope(&request);
    request_decide(&request);
    audit_begin(&trail, exec, request.body->patient, &patient);
    if (request.decision.permit) {
        code = permit(&request, &trail);
    } else {
        denied_event(&request, &trail);
    }
    ASSERT(code != CODE_OK || trail.patient.audit_count > patient.audit_count); /* whatever was decided, the patient can see it */
    ASSERT(code != CODE_OK || exec->creations == (request.decision.permit ? 1u : 0u));
    return code == CODE_OK ? audit_end(&trail, exec) : code;
}
