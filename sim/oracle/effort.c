/* effort.c: see effort.h. */
#include "sim/oracle/effort.h"

#include "base/assert.h"
#include "sim/world/heap.h"
#include "sim/world/quick_hash.h"
#include "wire/message.h"

enum { SIGNATURE = 64, SLACK_MESSAGES = 20, SLACK_ANSWERS = 8, SLACK_BYTES = 65536, HASHED_PER_BYTE = 16 };

/* What one snapshot costs a server beside all that it hears: the state is hashed in chunks, and what still counts is appended again behind it (K2). */
#define SNAPSHOT_HASHED (UINT64_C(4) << 20)
#define SNAPSHOT_PAYLOAD UINT64_C(65536)

void effort_begin(struct effort *effort, const struct driver *driver)
{
    *effort = (struct effort){ .payload_before = driver->log.counters.payload_bytes, .checks_before = replica_counters(driver->replica)->signature_checks };
}

void effort_run(struct effort *effort)
{
    effort->hashed_before = quick_hash_bytes();
    effort->heap_before = heap_calls();
    effort->running = true;
}

void effort_pause(struct effort *effort)
{
    effort->hashed += effort->running ? quick_hash_bytes() - effort->hashed_before : 0;
    effort->heap += effort->running ? heap_calls() - effort->heap_before : 0;
    effort->running = false;
}

void effort_message(struct effort *effort, uint32_t from, size_t bytes)
{
    ASSERT(from < MEMBERS_MAX);
    effort->messages++;
    effort->heard[from]++;
    effort->bytes += bytes;
}

void effort_request(struct effort *effort, size_t bytes)
{
    effort->requests++;
    effort->bytes += bytes;
}

void effort_moment(struct effort *effort) { effort->moments++; }

/* is_answer: nobody says it of himself. The certificate of a checkpoint goes to all when it is made. */
static bool is_answer(unsigned type, uint32_t receivers)
{
    return type == MESSAGE_ANSWER || type == MESSAGE_BUNDLE || type == MESSAGE_GONE || type == MESSAGE_SNAPSHOT || type == MESSAGE_READ_ANSWER ||
           (type == MESSAGE_CKPT_CERT && receivers == 1);
}

void effort_sent(struct effort *effort, const struct port_message *message)
{
    uint32_t receivers = member_set_count(&message->to);

    effort->sent += receivers;
    effort->sent_bytes += receivers * (message->head.size + message->tail.size);
    effort->proposed += message->type == MESSAGE_PROPOSE ? message->head.size : 0;
    for (uint32_t member = 0; member < MEMBERS_MAX && is_answer(message->type, receivers); member++) {
        effort->answers[member] += member_set_has(&message->to, member) ? 1 : 0;
    }
}

static bool look_at_answers(const struct effort *effort, uint32_t members, uint32_t *to)
{
    for (*to = 0; *to < members; (*to)++) {
        if (effort->answers[*to] > effort->heard[*to] + SLACK_ANSWERS) {
            return false;
        }
    }
    return true;
}

bool effort_look(const struct effort *effort, const struct effort_done *done, struct failure *failure)
{
    uint64_t causes = effort->messages + effort->requests + effort->moments + SLACK_MESSAGES;
    uint64_t snapshots = 1 + done->snapshots;
    unsigned long long checks = done->checks - effort->checks_before, payload = done->payload_bytes - effort->payload_before, bytes = effort->bytes;
    uint32_t to = 0;

    if (checks > bytes / SIGNATURE + SLACK_MESSAGES + 8 * (uint64_t)done->members) {
        oracle_fail(failure, FAILURE_LIVENESS, "work: r%u had %llu signatures verified because of %llu bytes", done->seat, checks, bytes);
    } else if (!look_at_answers(effort, done->members, &to)) {
        oracle_fail(failure, FAILURE_LIVENESS, "work: r%u gave r%u %llu answers to %llu messages", done->seat, to, (unsigned long long)effort->answers[to],
                    (unsigned long long)effort->heard[to]);
    } else if (effort->sent > causes * done->members) {
        oracle_fail(failure, FAILURE_LIVENESS, "work: r%u sent %llu messages, with %llu reasons", done->seat, (unsigned long long)effort->sent, (unsigned long long)causes);
    } else if (payload > bytes + effort->proposed + SLACK_BYTES + snapshots * SNAPSHOT_PAYLOAD) {
        oracle_fail(failure, FAILURE_LIVENESS, "work: r%u appended %llu bytes because of %llu", done->seat, payload, bytes);
    } else if (effort->hashed > HASHED_PER_BYTE * (effort->bytes + SLACK_BYTES) + snapshots * SNAPSHOT_HASHED) {
        oracle_fail(failure, FAILURE_LIVENESS, "work: r%u hashed %llu bytes because of %llu", done->seat, (unsigned long long)effort->hashed, bytes);
    } else if (effort->heap > 0) {
        oracle_fail(failure, FAILURE_SAFETY, "J7: r%u took memory %llu times while it ran", done->seat, (unsigned long long)effort->heap);
    } else {
        return true;
    }
    return false;
}
