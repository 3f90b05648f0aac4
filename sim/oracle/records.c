/* records.c: see records.h. */
#include "sim/oracle/records.h"

#include "base/assert.h"
#include "ledger/command.h"
#include "ledger/key.h"
#include "ledger/ledger.h"
#include "sim/oracle/oracle.h"
#include "storage/state_store.h"

#include <stdlib.h>
#include <string.h>

#define UNSAFE(records, ...) oracle_fail((records)->failure, FAILURE_SAFETY, __VA_ARGS__)

void records_init(struct records *records, const struct cast *cast, struct failure *failure)
{
    *records = (struct records){ .cast = cast, .failure = failure, .patients = calloc(cast->plan.actors_count, sizeof *records->patients) };
    ASSERT(records->patients != NULL);
}

void records_close(struct records *records)
{
    for (uint32_t i = 0; i < records->cast->plan.actors_count; i++) {
        free(records->patients[i].status);
    }
    free(records->patients);
    *records = (struct records){ .cast = NULL };
}

/* actor_of finds who sends under an account. Gives: actors_count when it is nobody of this cast. */
static uint32_t actor_of(const struct records *records, const uint8_t account[32])
{
    uint32_t actor = 0;

    while (actor < records->cast->plan.actors_count && memcmp(records->cast->actors[actor].account, account, 32) != 0) {
        actor++;
    }
    return actor;
}

/* --- The model ------------------------------------------------------------------------------------------------------ */

static void add_pointer(struct records_patient *patient, uint32_t supersedes)
{
    if (patient->count == patient->capacity) {
        patient->capacity = 2 * patient->capacity + 16;
        patient->status = realloc(patient->status, patient->capacity);
        ASSERT(patient->status != NULL);
    }
    patient->status[patient->count++] = POINTER_CURRENT;
    patient->current++;
    if (supersedes > 0 && supersedes < patient->count) {
        patient->current -= patient->status[supersedes - 1] == POINTER_CURRENT;
        patient->status[supersedes - 1] = POINTER_SUPERSEDED;
    }
}

static void follow(struct records_patient *patient, const struct command_body *body)
{
    if (body->type == COMMAND_POINTER_ADD) {
        for (uint32_t i = 0; i < body->as.pointer_add.count; i++) {
            add_pointer(patient, body->as.pointer_add.items[i].supersedes);
        }
    }
    for (uint32_t i = 0; body->type == COMMAND_POINTER_STATUS && i < body->as.pointer_set_status.count; i++) {
        uint32_t seq = body->as.pointer_set_status.seqs[i];
        if (seq > 0 && seq <= patient->count) {
            patient->current -= patient->status[seq - 1] == POINTER_CURRENT;
            patient->status[seq - 1] = POINTER_ERROR;
        }
    }
}

/* --- The state ------------------------------------------------------------------------------------------------------ */

static bool read_patient(struct ledger *ledger, const uint8_t account[32], struct patient *patient)
{
    struct state_key key = key_patient(account);
    uint8_t value[PATIENT_BYTES];
    size_t size = 0;

    return state_store_get(ledger_store(ledger), bytes_of(key.bytes, key.size), value, sizeof value, &size) && patient_decode(patient, value, size) == VERDICT_OK;
}

static bool read_pointer(struct ledger *ledger, const uint8_t account[32], uint32_t seq, struct pointer *pointer)
{
    struct state_key key = key_pointer(account, seq);
    uint8_t value[POINTER_BYTES];
    size_t size = 0;

    return state_store_get(ledger_store(ledger), bytes_of(key.bytes, key.size), value, sizeof value, &size) && pointer_decode(pointer, value, size) == VERDICT_OK;
}

/* look_at_item: the newest pointers hold what was asked for. */
static void look_at_items(struct records *records, uint32_t actor, const struct pointer_add *add, uint32_t first, struct ledger *ledger)
{
    const struct cast_actor *who = &records->cast->actors[actor];

    for (uint32_t i = 0; i < add->count; i++) {
        const struct pointer_add_item *item = &add->items[i];
        struct pointer pointer;
        bool right = read_pointer(ledger, who->patient, first + i, &pointer) && pointer.custodian == who->organisation && pointer.record_class == item->record_class &&
                     pointer.conf == item->conf && pointer.supersedes == item->supersedes && hash_equal(&pointer.content_commit, &item->content_commit) &&
                     hash_equal(&pointer.locator_hash, &item->locator_hash);
        if (!right) {
            UNSAFE(records, "pointer %u of patient %u is not what was added", first + i, actor);
        }
    }
}

static void look_at_patient(struct records *records, uint32_t actor, struct ledger *ledger)
{
    const struct records_patient *known = &records->patients[actor];
    const struct cast_actor *who = &records->cast->actors[actor];
    struct patient patient;

    if (!read_patient(ledger, who->patient, &patient) || patient.ptr_count != known->count || patient.current != known->current) {
        UNSAFE(records, "patient %u has other numbers of pointers than %u, of them %u current", actor, known->count, known->current);
    }
    if (ledger_nonce(ledger, who->account) != known->nonce) {
        UNSAFE(records, "I14: nonce %llu of client %u is executed and not used up", (unsigned long long)known->nonce, actor);
    }
}

/* look_at_pointers: those that a command names, or made, have the status that the model says. */
static void look_at_pointers(struct records *records, uint32_t actor, const struct command_body *body, struct ledger *ledger)
{
    const struct records_patient *known = &records->patients[actor];
    bool adds = body->type == COMMAND_POINTER_ADD;
    uint32_t count = adds ? body->as.pointer_add.count : body->as.pointer_set_status.count;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t seq = adds ? body->as.pointer_add.items[i].supersedes : body->as.pointer_set_status.seqs[i];
        struct pointer pointer;
        bool named = seq > 0 && seq <= known->count;
        if (named && (!read_pointer(ledger, records->cast->actors[actor].patient, seq, &pointer) || pointer.status != known->status[seq - 1])) {
            UNSAFE(records, "pointer %u of patient %u has not the status %u", seq, actor, known->status[seq - 1]);
        }
    }
}

/* --- A block -------------------------------------------------------------------------------------------------------- */

/* command_at reads a command. Gives: its actor; actors_count when the model does not know such commands. */
static uint32_t command_at(const struct records *records, const struct apply_block *block, uint32_t i, struct command_body *body, uint64_t *nonce)
{
    uint32_t nobody = records->cast->plan.actors_count;
    struct envelope envelope;

    if (block->codes[i] != CODE_OK || envelope_decode(&envelope, bytes_of(block->body.data + block->commands[i].offset, block->commands[i].envelope_bytes)) != CODE_OK ||
        command_body_decode(body, envelope.type, envelope.body.data, envelope.body.size) != VERDICT_OK) {
        return nobody;
    }
    *nonce = envelope.nonce;
    return body->type == COMMAND_POINTER_ADD || body->type == COMMAND_POINTER_STATUS ? actor_of(records, envelope.sender) : nobody;
}

void records_executed(struct records *records, const struct apply_block *block, struct ledger *ledger)
{
    uint32_t nobody = records->cast->plan.actors_count, count = block->header->commands_count;
    static struct command_body body;
    uint64_t nonce = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t actor = command_at(records, block, i, &body, &nonce);
        if (actor < nobody) {
            struct records_patient *patient = &records->patients[actor];
            uint32_t first = patient->count + 1;
            follow(patient, &body);
            patient->nonce = nonce;
            if (body.type == COMMAND_POINTER_ADD) {
                look_at_items(records, actor, &body.as.pointer_add, first, ledger);
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) { /* as of after the block */
        uint32_t actor = command_at(records, block, i, &body, &nonce);
        if (actor < nobody) {
            look_at_pointers(records, actor, &body, ledger);
            look_at_patient(records, actor, ledger);
        }
    }
}
