/* network.c: see network.h. A binary heap of messages ordered by (due, order): the same seed gives the same deliveries. */
#include "sim/network.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define REPEAT_SLOTS 65536u

void sim_network_init(struct sim_network *network, uint64_t seed, uint32_t members_count, const struct sim_network_faults *faults)
{
    ASSERT(members_count <= MEMBERS_MAX);
    ASSERT(faults->delay_ns_max >= faults->delay_ns_min);
    *network = (struct sim_network){ .seed = seed, .members_count = members_count, .faults = *faults };
    network->repeats = calloc(REPEAT_SLOTS, sizeof *network->repeats);
    ASSERT(network->repeats != NULL);
}

void sim_network_close(struct sim_network *network)
{
    for (size_t i = 0; i < network->count; i++) {
        free(network->heap[i]);
    }
    free(network->heap);
    free(network->repeats);
    *network = (struct sim_network){ 0 };
}

static bool is_before(const struct sim_message *a, const struct sim_message *b)
{
    return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->order < b->order);
}

static void heap_swap(struct sim_network *network, size_t a, size_t b)
{
    struct sim_message *held = network->heap[a];

    network->heap[a] = network->heap[b];
    network->heap[b] = held;
}

static void heap_push(struct sim_network *network, struct sim_message *message)
{
    if (network->count == network->capacity) {
        network->capacity = network->capacity == 0 ? 256 : network->capacity * 2;
        network->heap = realloc(network->heap, network->capacity * sizeof(struct sim_message *));
        ASSERT(network->heap != NULL);
    }
    size_t at = network->count++;
    network->heap[at] = message;
    while (at > 0 && is_before(network->heap[at], network->heap[(at - 1) / 2])) {
        heap_swap(network, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static struct sim_message *heap_pop(struct sim_network *network)
{
    ASSERT(network->count > 0);
    struct sim_message *top = network->heap[0];
    network->heap[0] = network->heap[--network->count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < network->count; child++) {
            least = is_before(network->heap[child], network->heap[least]) ? child : least;
        }
        if (least == at) {
            return top;
        }
        heap_swap(network, at, least);
        at = least;
    }
}

/* name_of names a decision about a message: who, whom, what, and which time. */
static struct choice name_of(enum choice_topic topic, const struct sim_message *message, uint64_t digest, uint64_t repeat, uint64_t copy)
{
    return (struct choice){ topic, { message->from, message->to, digest, repeat, copy } };
}

static uint64_t delay_of(const struct sim_network *network, const struct sim_message *message, uint64_t digest, uint64_t repeat, uint64_t copy)
{
    const struct sim_network_faults *faults = &network->faults;
    struct choice straggle = name_of(CHOICE_STRAGGLE, message, digest, repeat, copy);
    struct choice delay = name_of(CHOICE_DELAY, message, digest, repeat, copy);
    uint64_t max = choice_happens(network->seed, &straggle, faults->straggle_ppm) ? faults->straggle_ns_max : faults->delay_ns_max;

    max = max < faults->delay_ns_min ? faults->delay_ns_min : max;
    return faults->delay_ns_min + choice_below(network->seed, &delay, max - faults->delay_ns_min + 1);
}

static struct sim_message *copy_of(const struct sim_message *message, struct bytes head, struct bytes body)
{
    struct sim_message *copy = malloc(sizeof *copy + head.size + body.size);

    ASSERT(copy != NULL);
    *copy = *message;
    copy->data = (uint8_t *)(copy + 1);
    copy->size = head.size + body.size;
    if (head.size > 0) {
        memcpy(copy->data, head.data, head.size);
    }
    if (body.size > 0) {
        memcpy(copy->data + head.size, body.data, body.size);
    }
    return copy;
}

void sim_network_send(struct sim_network *network, uint64_t now_ns, const struct sim_message *message, struct bytes head, struct bytes body)
{
    ASSERT(message->from < network->members_count);
    ASSERT(message->to < network->members_count);
    network->counters.sent++;
    struct sim_message *first = copy_of(message, head, body);
    uint64_t way = (uint64_t)message->from << 32 | (uint64_t)message->to << 8 | message->type;
    uint64_t digest = XXH3_64bits_withSeed(first->data, first->size, way);
    uint64_t repeat = network->repeats[digest % REPEAT_SLOTS]++;
    struct choice drop = name_of(CHOICE_DROP, message, digest, repeat, 0);
    struct choice duplicate = name_of(CHOICE_DUPLICATE, message, digest, repeat, 0);

    if (network->cut[message->from][message->to] || choice_happens(network->seed, &drop, network->faults.drop_ppm)) {
        network->counters.dropped++;
        free(first);
        return;
    }
    first->due_ns = now_ns + delay_of(network, message, digest, repeat, 0);
    first->order = network->order++;
    heap_push(network, first);
    if (choice_happens(network->seed, &duplicate, network->faults.duplicate_ppm)) {
        struct sim_message *second = copy_of(message, head, body);
        second->due_ns = now_ns + delay_of(network, message, digest, repeat, 1);
        second->order = network->order++;
        heap_push(network, second);
        network->counters.duplicated++;
    }
}

uint64_t sim_network_due(const struct sim_network *network)
{
    return network->count == 0 ? UINT64_MAX : network->heap[0]->due_ns;
}

struct sim_message *sim_network_take(struct sim_network *network, uint64_t now_ns)
{
    while (network->count > 0 && network->heap[0]->due_ns <= now_ns) {
        struct sim_message *message = heap_pop(network);
        if (!network->cut[message->from][message->to]) {
            network->counters.delivered++;
            return message;
        }
        network->counters.cut++;
        free(message);
    }
    return NULL;
}

void sim_network_release(struct sim_message *message)
{
    free(message);
}

void sim_network_cut(struct sim_network *network, uint32_t from, uint32_t to, bool cut)
{
    ASSERT(from < network->members_count);
    ASSERT(to < network->members_count);
    network->cut[from][to] = cut;
}

void sim_network_drop_all(struct sim_network *network, uint32_t member)
{
    size_t kept = 0;
    size_t count = network->count;
    struct sim_message **all = network->heap;

    network->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct sim_message *message = all[i];
        if (message->from == member || message->to == member) {
            network->counters.dropped++;
            free(message);
        } else {
            all[kept++] = message;
        }
    }
    /* Re-pushing the kept ones in place restores the heap: entry i is never overwritten before it is read. */
    for (size_t i = 0; i < kept; i++) {
        heap_push(network, all[i]);
    }
}
