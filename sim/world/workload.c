/* workload.c: see workload.h. */
#include "sim/world/workload.h"

#include "base/assert.h"
#include "sim/world/choice.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)
#define RETRY_MS_MIN 20u
#define EXPIRY_MARGIN_MS 20000u
#define WORKLOAD_DENIED_SHARE 16u  /* one of so many requests that were denied is asked with all the same */
#define WORKLOAD_TICKETS_RECENT 8u /* of which one is drawn */

void workload_init(struct workload *workload, const struct cast *cast, struct failure *failure, struct trace *trace)
{
    *workload = (struct workload){ .cast = cast, .failure = failure, .trace = trace, .capacity = 64 };
    workload->requests = calloc(workload->capacity, sizeof *workload->requests);
    workload->nonces = calloc(cast_senders(&cast->plan), sizeof *workload->nonces);
    ASSERT(workload->requests != NULL);
    ASSERT(workload->nonces != NULL);
    workload->load.next_ns = UINT64_MAX;
    facts_init(&workload->ids);
}

void workload_close(struct workload *workload)
{
    free(workload->requests);
    free(workload->nonces);
    free(workload->tickets);
    facts_close(&workload->ids);
    *workload = (struct workload){ 0 };
}

static uint32_t target_of(const struct workload *workload, uint32_t target, uint32_t number)
{
    struct choice choice = { CHOICE_REQUEST_TARGET, { number } };

    return target != WORKLOAD_ANY ? target : (uint32_t)choice_below(workload->cast->plan.seed, &choice, workload->cast->plan.members_count);
}

void workload_submit(struct workload *workload, uint64_t now_ns, uint32_t target, bool sticky)
{
    if (workload->count == workload->capacity) {
        workload->capacity *= 2;
        workload->requests = realloc(workload->requests, workload->capacity * sizeof *workload->requests);
        ASSERT(workload->requests != NULL);
    }
    struct request *request = &workload->requests[workload->count++];
    workload->due_known = false;
    uint32_t sender = workload->turn++ % cast_senders(&workload->cast->plan);
    *request = (struct request){ .number = workload->count, .sender = sender, .sticky = sticky, .due_ns = now_ns, .first_ns = now_ns, .floor = workload->told_height };
    request->target = target_of(workload, target, request->number);
    request->command.nonce = ++workload->nonces[sender];
}

void workload_load_start(struct workload *workload, const struct workload_load *load)
{
    ASSERT(load->interval_ns > 0);
    workload->load = *load;
    workload->due_known = false;
}

uint64_t workload_due_ns(struct workload *workload)
{
    uint64_t due_ns = workload->load.next_ns;

    if (workload->due_known) {
        return workload->due_ns;
    }

    for (uint32_t i = workload->open_first; i < workload->count; i++) {
        const struct request *request = &workload->requests[i];
        due_ns = !request->told && request->due_ns < due_ns ? request->due_ns : due_ns;
    }
    workload->due_ns = due_ns;
    workload->due_known = true;
    return due_ns;
}

static void run_load(struct workload *workload, uint64_t now_ns)
{
    struct workload_load *load = &workload->load;

    while (load->next_ns <= now_ns) {
        workload_submit(workload, load->next_ns, load->target, load->sticky);
        load->next_ns += load->interval_ns;
        load->next_ns = load->next_ns >= load->end_ns ? UINT64_MAX : load->next_ns;
    }
}

struct cast_ticket workload_ticket(const struct workload *workload, uint64_t a, uint64_t b, uint32_t patient)
{
    struct choice choice = { CHOICE_TICKET, { a, b } };

    if (workload->tickets_count == 0) {
        return (struct cast_ticket){ .patient = 0 };
    }
    uint32_t recent = workload->tickets_count < WORKLOAD_TICKETS_RECENT ? workload->tickets_count : WORKLOAD_TICKETS_RECENT;
    uint32_t back = (uint32_t)choice_below(workload->cast->plan.seed, &choice, recent);
    for (uint32_t i = 0; i + 2 < recent && workload->tickets[workload->tickets_count - 1 - back].patient != patient; i++) {
        back = (back + 1) % recent;
    }
    return workload->tickets[workload->tickets_count - 1 - back];
}

/* note_ticket remembers what a request for access was told. */
static void note_ticket(struct workload *workload, const struct request *request, const struct hash32 *id)
{
    struct envelope envelope;
    struct bytes bytes = bytes_of(request->command.bytes, envelope_size(bytes_of(request->command.bytes, request->command.size)));

    if (envelope_decode(&envelope, bytes) != CODE_OK || envelope.type != COMMAND_ACCESS_REQUEST) {
        return;
    }
    bool given = workload->consent != NULL && consent_find(workload->consent, id) != NULL;
    if (!given && request->number % WORKLOAD_DENIED_SHARE != 0) {
        return;
    }
    if (workload->tickets_count == workload->tickets_room) {
        workload->tickets_room = 2 * workload->tickets_room + 16;
        workload->tickets = realloc(workload->tickets, workload->tickets_room * sizeof *workload->tickets);
        ASSERT(workload->tickets != NULL);
    }
    struct cast_ticket *ticket = &workload->tickets[workload->tickets_count++];
    *ticket = (struct cast_ticket){ .id = *id, .patient = cast_patient(workload->cast, envelope.body.data) };
    memcpy(ticket->recipient, envelope.sender, ACCOUNT_BYTES);
}

/* sign makes the bytes, again when those before would soon be too old. The nonce stays: at most one of them can execute. */
static void sign(struct workload *workload, struct request *request, uint64_t now_ns)
{
    uint64_t wall_ms = CAST_GENESIS_MS + 1000 + now_ns / NS_PER_MS;

    if (request->command.valid_until_ms > wall_ms + EXPIRY_MARGIN_MS) {
        return;
    }
    if (hash_is_zero(&request->command.ticket.id)) {
        request->command.ticket = workload_ticket(workload, request->sender, request->command.nonce, request->sender % workload->cast->plan.actors_count);
    }
    request->command.valid_until_ms = wall_ms + CAST_VALID_MS;
    cast_sign(workload->cast, request->sender, &request->command);
    facts_keep(&workload->ids, fact_digest(request->command.id.bytes, HASH_BYTES), request->number);
}

/* patience_ns: a client that asked everybody in vain waits longer, twice as long each time around. */
static uint64_t patience_ns(const struct workload *workload, const struct request *request)
{
    uint32_t rounds = (request->sendings - 1) / workload->cast->plan.members_count;

    return WORKLOAD_RESEND_NS << (rounds < WORKLOAD_ROUNDS_MAX ? rounds : WORKLOAD_ROUNDS_MAX);
}

const struct request *workload_take(struct workload *workload, uint64_t now_ns)
{
    workload->due_known = false;
    run_load(workload, now_ns);
    for (uint32_t i = workload->open_first; i < workload->count; i++) {
        struct request *request = &workload->requests[i];
        if (request->told || request->due_ns > now_ns) {
            continue;
        }
        if (request->sendings > 0 && !request->sticky) {
            request->target = (request->target + 1) % workload->cast->plan.members_count;
        } else if (request->sendings == 0 && workload->history != NULL) {
            history_begin_write(workload->history, request->sender, request->command.nonce);
        }
        request->sendings++;
        sign(workload, request, now_ns);
        request->due_ns = now_ns + patience_ns(workload, request);
        member_set_add(&request->asked, request->target);
        return request;
    }
    return NULL;
}

/* by_token gives the request that something is told of: its time may change. */
static struct request *by_token(struct workload *workload, uint64_t token)
{
    workload->due_known = false;
    ASSERT(token >= 1);
    ASSERT(token <= workload->count);
    return &workload->requests[token - 1];
}

void workload_admitted(struct workload *workload, uint64_t now_ns, uint32_t member, uint64_t token)
{
    struct request *request = by_token(workload, token);

    if (!request->told && request->target == member) {
        request->due_ns = now_ns + WORKLOAD_RECEIPT_NS;
    }
}

static void tell(struct workload *workload, struct request *request, uint64_t now_ns, uint64_t height)
{
    request->told = true;
    request->told_ns = now_ns;
    request->height = height;
    if (height > 0 && height <= request->floor) {
        oracle_fail(workload->failure, FAILURE_SAFETY, "request %u is in block %llu, but was asked after a client had been told of block %llu", request->number,
                    (unsigned long long)height, (unsigned long long)request->floor);
    }
    workload->told_height = height > workload->told_height ? height : workload->told_height;
    workload->told++;
    if (workload->history != NULL) {
        history_end_write(workload->history, request->sender, request->command.nonce, height);
    }
    while (workload->open_first < workload->count && workload->requests[workload->open_first].told) {
        workload->open_first++;
    }
}

void workload_refused(struct workload *workload, const struct oracle *oracle, uint64_t now_ns, uint32_t member, uint64_t token, const struct refused *refused)
{
    struct request *request = by_token(workload, token);
    uint64_t wait_ms = refused->retry_after_ms > RETRY_MS_MIN ? refused->retry_after_ms : RETRY_MS_MIN;

    if (request->told) {
        return;
    }
    trace_line(workload->trace, TRACE_STORY, now_ns, member, "refuses request %u: code %u", request->number, refused->code);
    bool executed = oracle_has_executed(oracle, cast_account(workload->cast, request->sender), request->command.nonce);
    if (refused->code == CODE_NONCE_LOW && executed) {
        tell(workload, request, now_ns, 0);
    } else if (refused->code == CODE_NONCE_LOW) {
        oracle_fail(workload->failure, FAILURE_SAFETY, "I18: r%u says that the nonce of request %u was used, but no block holds it", member, request->number);
    } else if (refused->code == CODE_EXPIRED) {
        request->command.valid_until_ms = 0;
        request->due_ns = now_ns + wait_ms * NS_PER_MS;
    } else if (refused->retry_after_ms > 0 || refused->code == CODE_DUPLICATE || refused->code == CODE_NONCE_GAP) {
        request->due_ns = now_ns + wait_ms * NS_PER_MS;
    } else {
        oracle_fail(workload->failure, FAILURE_LIVENESS, "R1: r%u refuses request %u for ever with code %u", member, request->number, refused->code);
    }
}

void workload_executed(struct workload *workload, uint64_t now_ns, uint32_t member, const struct apply_block *block)
{
    for (uint32_t i = 0; i < block->header->commands_count; i++) {
        uint64_t number = facts_find(&workload->ids, fact_digest(block->commands[i].id.bytes, HASH_BYTES));
        if (number == 0) {
            oracle_fail(workload->failure, FAILURE_SAFETY, "block %llu holds a command that no client signed", (unsigned long long)block->header->height);
            continue;
        }
        struct request *request = by_token(workload, number);
        if (!request->told && member_set_has(&request->asked, member)) {
            tell(workload, request, now_ns, block->header->height);
            note_ticket(workload, request, &block->commands[i].id);
            trace_line(workload->trace, TRACE_STORY, now_ns, member, "tells request %u: in block %llu", request->number, (unsigned long long)block->header->height);
        }
    }
}

void workload_lost(struct workload *workload, uint64_t now_ns, uint32_t member)
{
    workload->due_known = false;
    for (uint32_t i = workload->open_first; i < workload->count; i++) {
        struct request *request = &workload->requests[i];
        if (request->told || !member_set_has(&request->asked, member)) {
            continue;
        }
        member_set_remove(&request->asked, member);
        bool around = request->sendings % workload->cast->plan.members_count == 0; /* Nobody is there: no hurry. */
        if (request->target == member && !request->sticky && !around) {
            request->due_ns = now_ns + RETRY_MS_MIN * NS_PER_MS;
        }
    }
}

bool workload_is_done(const struct workload *workload)
{
    return workload->told == workload->count && workload->load.next_ns == UINT64_MAX;
}
