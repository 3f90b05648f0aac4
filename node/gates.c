/* gates.c: see gates.h. */
#include "node/gates.h"

#include "base/assert.h"

#include <string.h>

uint32_t gates_of(const struct gates *gates, uint64_t client)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < GATES_MAX; i++) {
        count += gates->list[i].wait != GATE_NONE && gates->list[i].owner.client == client;
    }
    return count;
}

static uint32_t count_party(const struct gates *gates, uint64_t party)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < GATES_MAX; i++) {
        count += gates->list[i].wait != GATE_NONE && gates->list[i].owner.party == party;
    }
    return count;
}

static struct gate *find_free(struct gates *gates)
{
    for (uint32_t i = 0; i < GATES_MAX; i++) {
        if (gates->list[i].wait == GATE_NONE) {
            return &gates->list[i];
        }
    }
    return NULL;
}

/* find_newest_of_most gives the newest question of the party that has the most places. Needs: all are taken. */
static struct gate *find_newest_of_most(struct gates *gates, uint32_t *most)
{
    struct gate *newest = NULL;

    *most = 0;
    for (uint32_t i = 0; i < GATES_MAX; i++) {
        struct gate *gate = &gates->list[i];
        uint32_t count = count_party(gates, gate->owner.party);
        ASSERT(gate->wait != GATE_NONE);
        if (newest == NULL || count > *most || (count == *most && gate->serial > newest->serial)) {
            newest = gate;
            *most = count;
        }
    }
    return newest;
}

struct gate *gates_keep(struct gates *gates, const struct gate_owner *owner, bool gated, const struct client_question *question, struct gate_pushed *pushed)
{
    struct gate *gate = find_free(gates);
    uint32_t most = 0;

    ASSERT(question->question.size <= CLIENT_GATED_BYTES_MAX);
    *pushed = (struct gate_pushed){ 0 };
    if (gate == NULL) {
        gate = find_newest_of_most(gates, &most);
        if (most < count_party(gates, owner->party) + 2) {
            return NULL; /* Nobody has more than this one would have. */
        }
        *pushed = (struct gate_pushed){ gate->owner.client, gate->id };
        gates->pushed++;
    }
    *gate = (struct gate){ .wait = gated ? GATE_TURN : GATE_BLOCK, .gated = gated, .owner = *owner, .id = question->id, .serial = ++gates->serial,
        .size = (uint16_t)question->question.size };
    if (question->question.size > 0) {
        memcpy(gate->question, question->question.data, question->question.size);
    }
    return gate;
}

void gates_forget(struct gates *gates, uint64_t client)
{
    for (uint32_t i = 0; i < GATES_MAX; i++) {
        if (gates->list[i].owner.client == client) {
            gates->list[i].wait = GATE_NONE;
        }
    }
}

/* read_slot gives where a read of this token is noted; with 0, where none is. Gives: GATES_READS_MAX: nowhere. */
static uint32_t read_slot(const struct gates *gates, uint64_t token)
{
    uint32_t slot = 0;

    while (slot < GATES_READS_MAX && gates->reads[slot] != token) {
        slot++;
    }
    return slot;
}

uint64_t gates_begin_read(struct gates *gates)
{
    uint32_t slot = read_slot(gates, 0);
    bool any = false;

    for (uint32_t i = 0; i < GATES_MAX && slot < GATES_READS_MAX; i++) {
        struct gate *gate = &gates->list[i];
        if (gate->wait == GATE_TURN) {
            gate->wait = GATE_READ;
            gate->read = gates->read_serial + 1;
            any = true;
        }
    }
    if (!any) {
        return 0;
    }
    gates->reads[slot] = ++gates->read_serial;
    return gates->read_serial;
}

void gates_end_read(struct gates *gates, uint64_t token)
{
    uint32_t slot = read_slot(gates, token);

    ASSERT(token != 0);
    ASSERT(slot < GATES_READS_MAX);
    gates->reads[slot] = 0;
}

void gates_check(const struct gates *gates)
{
    for (uint32_t i = 0; i < GATES_MAX; i++) {
        const struct gate *gate = &gates->list[i];
        ASSERT(gate->wait <= GATE_READY);
        ASSERT(gate->wait == GATE_NONE || gate->owner.client != 0);
        ASSERT(gate->wait != GATE_TURN || gate->gated);
        ASSERT(gate->wait != GATE_READ || (gate->read != 0 && read_slot(gates, gate->read) < GATES_READS_MAX)); /* Q5: its read has not ended */
        ASSERT(gate->size <= sizeof gate->question);
    }
}
