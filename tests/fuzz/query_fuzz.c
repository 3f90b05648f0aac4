/* query_fuzz.c: what a stranger asks and what a server answers. A question decodes to one encoding or not at all. Whatever bytes the check accepts as
 * the answer to a question under a known root are the honest answer, byte for byte.
 *
 * Input: what u8, then    0: a question
 *                         1: kind u8, changes (position u16, mask u8) of the honest answer of that kind; bit 7 of kind: with a certificate, whose
 *                            own bytes are for signatures to guard
 *                         2: kind u8, an answer
 *                         3: a decision */
#include "ledger/query_check.h"
#include "tests/fuzz/answers_kit.h"
#include "tests/fuzz/fuzz.h"

enum { MEMORY = 1 << 22, ANSWER_MAX = 1 << 16, CHANGES_MAX = 64 };

static struct answers answers;
static struct query_check *check;
static uint8_t honest[2][QUERY_KIND_END][ANSWER_MAX]; /* [certified][kind] */
static size_t honest_bytes[2][QUERY_KIND_END];

/* ask keeps the honest answer. A RELEASE has none here: it proves nothing. */
static void ask(enum query_kind kind, bool certified)
{
    struct query query = answers_question(&answers, kind, certified);
    struct query_facts facts;

    if (kind == QUERY_RELEASE) {
        return;
    }
    honest_bytes[certified][kind] = answers_ask(&answers, &query, honest[certified][kind], ANSWER_MAX);
    CHECK(query_check(check, &query, bytes_of(honest[certified][kind], honest_bytes[certified][kind]), &facts) == VERDICT_OK);
}

static void start(void)
{
    static _Alignas(ARENA_ALIGN) uint8_t memory[MEMORY];
    struct arena arena;

    answers_start(&answers);
    arena_init(&arena, memory, sizeof memory);
    check = query_check_take(&arena);
    for (int kind = QUERY_CHECKPOINT; kind < QUERY_KIND_END; kind++) {
        ask((enum query_kind)kind, false);
        ask((enum query_kind)kind, true);
    }
}

/* --- Tries ----------------------------------------------------------------------------------------------------------- */

static void try_question(struct bytes bytes)
{
    uint8_t again[QUERY_BYTES_MAX];
    struct writer writer;
    struct query query;

    if (query_decode(&query, bytes) == VERDICT_OK) {
        writer_init(&writer, again, sizeof again);
        query_encode(&query, &writer);
        CHECK(writer.offset == bytes.size);
        CHECK(memcmp(again, bytes.data, bytes.size) == 0);
        (void)query_digest(&query, &answers.genesis.hash);
    }
}

static void try_answer(enum query_kind kind, bool certified, struct bytes bytes)
{
    struct query query = answers_question(&answers, kind, certified);
    struct query_facts facts;
    struct audit_event event;

    if (query_check(check, &query, bytes, &facts) != VERDICT_OK || !hash_equal(&facts.answer.state_root, &answers.root)) {
        return; /* refused, or true under a root of its own, which nobody signs */
    }
    CHECK(kind == QUERY_RELEASE || certified || (bytes.size == honest_bytes[0][kind] && memcmp(bytes.data, honest[0][kind], bytes.size) == 0));
    CHECK(facts.certified == certified);
    while (query_event_next(&facts, &event)) {
        CHECK(event.seq >= query.from);
    }
}

static void try_changes(enum query_kind kind, bool certified, struct bytes changes)
{
    static uint8_t bytes[ANSWER_MAX];
    size_t size = honest_bytes[certified][kind];
    struct reader reader;

    memcpy(bytes, honest[certified][kind], size);
    reader_init(&reader, changes.data, changes.size);
    for (int i = 0; i < CHANGES_MAX && reader_left(&reader) >= 3; i++) {
        uint16_t at = read_u16_le(&reader);
        uint8_t mask = read_u8(&reader);
        if (size > 0) {
            bytes[at % size] ^= mask;
        }
    }
    try_answer(kind, certified, bytes_of(bytes, size));
}

static void try_decision(struct bytes bytes)
{
    uint8_t again[ANSWER_DECISION_BYTES];
    struct answer_decision decision;
    struct writer writer;

    if (answer_decision_decode(&decision, bytes) == VERDICT_OK) {
        writer_init(&writer, again, sizeof again);
        answer_decision_encode(&decision, &writer);
        CHECK(bytes.size == sizeof again && memcmp(again, bytes.data, sizeof again) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (check == NULL) {
        start();
    }
    if (size < 2) {
        return 0;
    }
    enum query_kind kind = (enum query_kind)(1 + (data[1] & 0x7f) % (QUERY_KIND_END - 1));
    bool certified = data[1] >= 0x80 && kind != QUERY_RELEASE;
    switch (data[0] % 4) {
    case 0:
        try_question(bytes_of(data + 1, size - 1));
        break;
    case 1:
        try_changes(kind, certified, bytes_of(data + 2, size - 2));
        break;
    case 2:
        try_answer(kind, certified, bytes_of(data + 2, size - 2));
        break;
    default:
        try_decision(bytes_of(data + 1, size - 1));
        break;
    }
    return 0;
}
