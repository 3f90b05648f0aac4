/* tally.c: see tally.h. */
#include "cli/tally.h"

#include "base/assert.h"
#include "node/session.h"
#include "wire/code.h"

#include <string.h>

enum { NS_PER_MS = 1000000, REFUSAL_OF_CONSENSUS = 100 /* codes below it are about the moment, not about the command */ };

void tally_init(struct tally *tally, struct tally_entry *entries, uint64_t count)
{
    *tally = (struct tally){ .entries = entries, .count = count };
    memset(entries, 0, count * sizeof *entries);
    tally->states[TALLY_UNSENT] = count;
    tally_measure(tally, 0, TALLY_NEVER);
}

void tally_measure(struct tally *tally, uint64_t from_ns, uint64_t to_ns)
{
    ASSERT(from_ns <= to_ns);
    tally->measure_from_ns = from_ns;
    tally->measure_to_ns = to_ns;
    tally->measured = 0;
    tally->answered_ns = 0;
    histogram_init(&tally->latency);
    histogram_init(&tally->lateness);
}

static void turn(struct tally *tally, struct tally_entry *entry, enum tally_state state)
{
    ASSERT(tally->states[entry->state] > 0);
    tally->states[entry->state]--;
    tally->states[state]++;
    entry->state = (uint8_t)state;
}

static bool is_final(const struct tally_entry *entry)
{
    return entry->state == TALLY_DONE || entry->state == TALLY_REFUSED;
}

static bool is_measured(const struct tally *tally, const struct tally_entry *entry)
{
    return entry->intended_ns >= tally->measure_from_ns && entry->intended_ns < tally->measure_to_ns;
}

/* sent_entry gives the entry of an answer, NULL when it is about nothing that was sent. */
static struct tally_entry *sent_entry(struct tally *tally, uint64_t number)
{
    return number < tally->high ? &tally->entries[number] : NULL;
}

/* finish moves the lower edge over what needs no more looking at. LOST ones need none: they are asked for at the end. */
static void finish(struct tally *tally)
{
    while (tally->low < tally->high && (is_final(&tally->entries[tally->low]) || tally->entries[tally->low].state == TALLY_LOST)) {
        tally->low++;
    }
}

void tally_intend(struct tally *tally, uint64_t number, uint64_t intended_ns)
{
    ASSERT(number < tally->count);
    ASSERT(tally->entries[number].state == TALLY_UNSENT);
    tally->entries[number].intended_ns = intended_ns;
}

uint32_t tally_turn(const struct tally *tally, uint64_t number)
{
    const struct tally_entry *entry = &tally->entries[number];
    bool unanswered = entry->state == TALLY_WAITING || entry->state == TALLY_ADMITTED;

    ASSERT(number < tally->count);
    return entry->turn + (unanswered ? 1u : 0u);
}

void tally_sent(struct tally *tally, uint64_t number, uint32_t connection, uint64_t now_ns)
{
    struct tally_entry *entry = &tally->entries[number];

    ASSERT(number < tally->count);
    ASSERT(!is_final(entry));
    if (entry->state == TALLY_UNSENT) {
        ASSERT(number == tally->high);
        tally->high++;
        if (is_measured(tally, entry)) {
            histogram_record(&tally->lateness, now_ns > entry->intended_ns ? now_ns - entry->intended_ns : 0);
        }
    } else {
        entry->turn = (uint8_t)tally_turn(tally, number);
        tally->resends++;
    }
    entry->connection = connection;
    entry->due_ns = now_ns + TALLY_ANSWER_NS;
    entry->sends = entry->sends < UINT8_MAX ? (uint8_t)(entry->sends + 1) : entry->sends;
    turn(tally, entry, TALLY_WAITING);
}

void tally_admitted(struct tally *tally, uint64_t number, uint64_t now_ns)
{
    struct tally_entry *entry = sent_entry(tally, number);

    if (entry != NULL && entry->state == TALLY_WAITING) {
        entry->due_ns = now_ns + TALLY_RECEIPT_NS;
        turn(tally, entry, TALLY_ADMITTED);
    }
}

static void refuse(struct tally *tally, struct tally_entry *entry, uint16_t code)
{
    entry->code = code;
    entry->due_ns = TALLY_NEVER;
    tally->refused[code % TALLY_CODES]++;
    turn(tally, entry, TALLY_REFUSED);
}

void tally_refused(struct tally *tally, uint64_t number, const struct client_refused *refusal, uint64_t now_ns)
{
    struct tally_entry *entry = sent_entry(tally, number);
    bool later = refusal->retry_after_ms > 0 || refusal->code < REFUSAL_OF_CONSENSUS;

    if (entry == NULL || (entry->state != TALLY_WAITING && entry->state != TALLY_ADMITTED)) {
        return;
    }
    if (refusal->code == CODE_NONCE_LOW && entry->sends > 1) {
        entry->due_ns = TALLY_NEVER;
        turn(tally, entry, TALLY_LOST);
    } else if (later && entry->sends < TALLY_SENDS_MAX) {
        uint64_t pause_ms = refusal->retry_after_ms > TALLY_PAUSE_MS_MIN ? refusal->retry_after_ms : TALLY_PAUSE_MS_MIN;
        entry->due_ns = now_ns + pause_ms * NS_PER_MS;
        bool elsewhere = refusal->code == REFUSAL_DRAINING || refusal->code == REFUSAL_BEHIND || refusal->code == REFUSAL_DISK;
        entry->turn = (uint8_t)(entry->turn + (elsewhere ? 1 : 0));
        tally->pauses++;
        turn(tally, entry, TALLY_PAUSED);
    } else {
        refuse(tally, entry, refusal->code);
    }
    finish(tally);
}

static void note_commit(struct tally *tally, uint64_t now_ns)
{
    if (tally->commit_ns != 0 && now_ns - tally->commit_ns > tally->gap_ns) {
        tally->gap_ns = now_ns - tally->commit_ns;
        tally->gap_end_ns = now_ns;
    }
    tally->commit_ns = now_ns;
}

static void done(struct tally *tally, struct tally_entry *entry, uint16_t code)
{
    entry->code = code;
    entry->due_ns = TALLY_NEVER;
    tally->committed[code % TALLY_CODES]++;
    turn(tally, entry, TALLY_DONE);
}

void tally_receipt(struct tally *tally, uint64_t number, const struct client_receipt *receipt, uint64_t height, uint64_t now_ns)
{
    struct tally_entry *entry = sent_entry(tally, number);

    if (entry == NULL) {
        return;
    }
    note_commit(tally, now_ns);
    if (entry->state == TALLY_REFUSED && entry->code < REFUSAL_OF_CONSENSUS) { /* D4 */
        ASSERT(tally->refused[entry->code] > 0);
        tally->refused[entry->code]--;
    } else if (is_final(entry)) {
        bool same = entry->state == TALLY_DONE && entry->height == height && entry->index == receipt->index && entry->code == receipt->code;
        tally->repeats += same ? 1 : 0;
        tally->contradictions += same ? 0 : 1;
        return;
    }
    entry->height = height;
    entry->index = receipt->index;
    done(tally, entry, receipt->code);
    if (receipt->code == CODE_OK && is_measured(tally, entry)) {
        tally->measured++;
        tally->answered_ns = now_ns;
        histogram_record(&tally->latency, now_ns > entry->intended_ns ? now_ns - entry->intended_ns : 0);
    }
    finish(tally);
}

void tally_broken(struct tally *tally, uint32_t connection, uint64_t now_ns)
{
    for (uint64_t number = tally->low; number < tally->high; number++) {
        struct tally_entry *entry = &tally->entries[number];
        bool open = entry->state == TALLY_WAITING || entry->state == TALLY_ADMITTED;
        if (open && entry->connection == connection) {
            entry->due_ns = now_ns;
        }
    }
}

uint64_t tally_due(const struct tally *tally, uint64_t *cursor, uint64_t now_ns)
{
    if (*cursor < tally->low) {
        *cursor = tally->low;
    }
    while (*cursor < tally->high) {
        const struct tally_entry *entry = &tally->entries[(*cursor)++];
        if (!is_final(entry) && entry->state != TALLY_LOST && entry->due_ns <= now_ns) {
            return *cursor - 1;
        }
    }
    return TALLY_NEVER;
}

uint64_t tally_open(const struct tally *tally)
{
    return tally->states[TALLY_WAITING] + tally->states[TALLY_ADMITTED] + tally->states[TALLY_PAUSED];
}

void tally_found(struct tally *tally, uint64_t number, bool found, uint16_t code)
{
    struct tally_entry *entry = &tally->entries[number];

    ASSERT(number < tally->count);
    ASSERT(entry->state == TALLY_LOST);
    if (found) {
        done(tally, entry, code);
    } else {
        refuse(tally, entry, CODE_NONCE_LOW);
    }
}

void tally_gap_start(struct tally *tally, uint64_t now_ns)
{
    tally->gap_ns = 0;
    tally->gap_end_ns = now_ns;
    if (tally->commit_ns == 0) {
        tally->commit_ns = now_ns;
    }
}

uint64_t tally_gap(const struct tally *tally, uint64_t now_ns)
{
    uint64_t open_ns = tally->commit_ns == 0 || tally_open(tally) == 0 ? 0 : now_ns - tally->commit_ns;

    return open_ns > tally->gap_ns ? open_ns : tally->gap_ns;
}

bool tally_complete(const struct tally *tally)
{
    return tally_open(tally) == 0 && tally->states[TALLY_LOST] == 0 && tally->contradictions == 0;
}
