/* network.c: see network.h. A binary heap of messages ordered by (due, order): the same seed gives the same deliveries. */
#include "sim/world/network.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

void sim_network_init(struct sim_network *network, uint64_t seed, uint32_t members_count, const struct sim_network_faults *faults)
{
    ASSERT(members_count <= MEMBERS_MAX);
    ASSERT(faults->delay_ns_max >= faults->delay_ns_min);
    *network = (struct sim_network){ .seed = seed, .members_count = members_count, .faults = *faults };
    facts_init(&network->repeats);
    facts_init(&network->planned);
}

void sim_network_close(struct sim_network *network)
{
    for (size_t i = 0; i < network->count; i++) {
        free(network->heap[i]);
    }
    free(network->heap);
    free(network->happened);
    facts_close(&network->repeats);
    facts_close(&network->planned);
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

/* name_of names a decision about a message: who, whom, what, about which view and height, and which time. */
static struct choice name_of(enum choice_topic topic, const struct sim_message *message, uint64_t again, uint64_t copy)
{
    uint64_t way = (uint64_t)message->from << 40 | (uint64_t)message->to << 16 | message->type;

    return (struct choice){ topic, { way, message->view, message->height, again, copy } };
}

/* --- Lists of faults ------------------------------------------------------------------------------------------------ */

static uint64_t fault_name(const struct sim_fault *fault)
{
    uint64_t way = (uint64_t)fault->from << 40 | (uint64_t)fault->to << 16 | fault->type;

    return fact_name((uint64_t)fault->kind << 48 | fault->again, way, fault->view, fault->height);
}

void sim_network_plan(struct sim_network *network, const struct sim_fault_list *script)
{
    ASSERT(network->order == 0);
    network->script = *script;
    for (uint32_t i = 0; i < script->count; i++) {
        facts_keep(&network->planned, fault_name(&script->faults[i]), i + 1);
    }
}

/* planned gives the fault of this kind that the list has for a message, NULL when it has none. */
static const struct sim_fault *planned(const struct sim_network *network, const struct sim_fault *sought)
{
    uint64_t place = network->script.count == 0 ? 0 : facts_find(&network->planned, fault_name(sought));

    return place == 0 ? NULL : &network->script.faults[place - 1];
}

static void record(struct sim_network *network, const struct sim_fault *fault)
{
    if (!network->recording) {
        return;
    }
    if (network->happened_count == network->happened_capacity) {
        network->happened_capacity = network->happened_capacity == 0 ? 256 : 2 * network->happened_capacity;
        network->happened = realloc(network->happened, network->happened_capacity * sizeof *network->happened);
        ASSERT(network->happened != NULL);
    }
    network->happened[network->happened_count++] = *fault;
}

/* happens decides whether a fault befalls a message: the list says so, and then by which delay, or chance. */
static bool happens(const struct sim_network *network, struct sim_fault *fault, const struct choice *choice, uint32_t ppm)
{
    const struct sim_fault *listed = planned(network, fault);

    fault->delay_ns = listed != NULL ? listed->delay_ns : 0;
    return listed != NULL || choice_happens(network->seed, choice, ppm);
}

static uint64_t drawn_below(const struct sim_network *network, const struct choice *delay, uint64_t most_ns)
{
    uint64_t least_ns = network->faults.delay_ns_min;
    uint64_t most = most_ns < least_ns ? least_ns : most_ns;

    return least_ns + choice_below(network->seed, delay, most - least_ns + 1);
}

/* delay_of gives how long a copy is under way, a straggler longer than others. */
static uint64_t delay_of(struct sim_network *network, const struct sim_message *message, struct sim_fault *fault, uint64_t copy)
{
    const struct sim_network_faults *faults = &network->faults;
    struct choice straggle = name_of(CHOICE_STRAGGLE, message, fault->again, copy);
    struct choice delay = name_of(CHOICE_DELAY, message, fault->again, copy);

    fault->kind = SIM_FAULT_STRAGGLE;
    if (copy > 0 || !happens(network, fault, &straggle, faults->straggle_ppm)) {
        return drawn_below(network, &delay, faults->delay_ns_max);
    }
    fault->delay_ns = fault->delay_ns > 0 ? fault->delay_ns : drawn_below(network, &delay, faults->straggle_ns_max);
    record(network, fault);
    network->counters.straggled++;
    return fault->delay_ns;
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

/* launch puts a copy under way. Owns: takes the message. */
static void launch(struct sim_network *network, struct sim_message *message, uint64_t due_ns)
{
    message->due_ns = due_ns;
    message->order = network->order++;
    heap_push(network, message);
}

/* queue takes the time that the line needs for a message, behind all that waits for its turn there. Gives: when it has left; UINT64_MAX: there is no room. */
static uint64_t queue(struct sim_network *network, const struct sim_message *message, uint64_t now_ns, size_t size)
{
    const struct sim_network_faults *faults = &network->faults;
    uint64_t *free_ns = &network->free_ns[message->from][message->to];

    if (faults->bytes_per_s == 0) {
        return now_ns;
    }
    uint64_t wait_ns = *free_ns > now_ns ? *free_ns - now_ns : 0;
    uint64_t waiting = (uint64_t)((unsigned __int128)wait_ns * faults->bytes_per_s / NS_PER_S);
    if (waiting > 0 && waiting + size > faults->queue_bytes) {
        return UINT64_MAX;
    }
    *free_ns = now_ns + wait_ns + size * NS_PER_S / faults->bytes_per_s;
    return *free_ns;
}

/* is_lost: no line, no connection, or nobody hears. */
static bool is_lost(struct sim_network *network, const struct sim_message *message, uint64_t now_ns)
{
    bool mute = network->mute[message->from][message->to];

    network->counters.muted += mute ? 1 : 0;
    return mute || network->cut[message->from][message->to] || now_ns < network->broken_ns[message->from][message->to];
}

/* spoil decides whether a bit of a message flips. */
static void spoil(struct sim_network *network, struct sim_message *message, struct sim_fault *fault)
{
    struct choice corrupt = name_of(CHOICE_CORRUPT, message, fault->again, 0), flipped = name_of(CHOICE_CORRUPT, message, fault->again, 1);

    fault->kind = SIM_FAULT_CORRUPT;
    message->corrupt = happens(network, fault, &corrupt, network->faults.corrupt_ppm);
    if (message->corrupt) {
        message->flipped = choice_draw(network->seed, &flipped);
        network->counters.corrupted++;
        record(network, fault);
    }
}

/* send_twice puts a second copy of a message under way when that befalls it. */
static void send_twice(struct sim_network *network, const struct sim_message *message, struct sim_fault *fault, uint64_t left_ns, struct bytes head, struct bytes body)
{
    struct choice duplicate = name_of(CHOICE_DUPLICATE, message, fault->again, 0);

    fault->kind = SIM_FAULT_DUPLICATE;
    if (happens(network, fault, &duplicate, network->faults.duplicate_ppm)) {
        struct sim_fault second = *fault;
        fault->delay_ns = fault->delay_ns > 0 ? fault->delay_ns : delay_of(network, message, &second, 1);
        record(network, fault);
        launch(network, copy_of(message, head, body), left_ns + fault->delay_ns);
        network->counters.duplicated++;
    }
}

void sim_network_send(struct sim_network *network, uint64_t now_ns, const struct sim_message *message, struct bytes head, struct bytes body)
{
    struct choice name = name_of(CHOICE_DROP, message, 0, 0);
    struct sim_fault fault = { .kind = SIM_FAULT_DROP, .from = message->from, .to = message->to, .type = message->type, .view = message->view, .height = message->height };

    ASSERT(message->from < network->members_count);
    ASSERT(message->to < network->members_count);
    network->counters.sent++;
    fault.again = facts_count(&network->repeats, fact_name(name.at[0], name.at[1], name.at[2], 0));
    struct choice drop = name_of(CHOICE_DROP, message, fault.again, 0);
    if (is_lost(network, message, now_ns)) {
        network->counters.dropped++;
        return;
    }
    if (happens(network, &fault, &drop, network->faults.drop_ppm)) {
        record(network, &fault);
        network->counters.dropped++;
        return;
    }
    uint64_t left_ns = queue(network, message, now_ns, head.size + body.size);
    if (left_ns == UINT64_MAX) {
        network->counters.overflowed++;
        network->counters.dropped++;
        return;
    }
    left_ns += message->hold_ns;
    struct sim_message *copy = copy_of(message, head, body);
    spoil(network, copy, &fault);
    launch(network, copy, left_ns + delay_of(network, message, &fault, 0));
    send_twice(network, message, &fault, left_ns, head, body);
}

uint64_t sim_network_due(const struct sim_network *network)
{
    return network->count == 0 ? UINT64_MAX : network->heap[0]->due_ns;
}

struct sim_message *sim_network_take(struct sim_network *network, uint64_t now_ns)
{
    while (network->count > 0 && network->heap[0]->due_ns <= now_ns) {
        struct sim_message *message = heap_pop(network);
        uint64_t clogged_ns = network->clogged_ns[message->from][message->to];
        if (clogged_ns > now_ns) {
            network->counters.clogged++;
            message->due_ns = clogged_ns;
            heap_push(network, message);
            continue;
        }
        if (!network->cut[message->from][message->to] && !network->mute[message->from][message->to]) {
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

void sim_network_mute(struct sim_network *network, uint32_t from, uint32_t to, bool mute)
{
    ASSERT(from < network->members_count);
    ASSERT(to < network->members_count);
    network->mute[from][to] = mute;
}

void sim_network_clog(struct sim_network *network, uint32_t from, uint32_t to, uint64_t until_ns)
{
    ASSERT(from < network->members_count);
    ASSERT(to < network->members_count);
    network->clogged_ns[from][to] = until_ns;
}

/* drop_where loses all messages between a and b; b UINT32_MAX: between a and anybody. */
static void drop_where(struct sim_network *network, uint32_t a, uint32_t b)
{
    size_t kept = 0;
    size_t count = network->count;
    struct sim_message **all = network->heap;

    network->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct sim_message *message = all[i];
        bool is_from = message->from == a && (b == UINT32_MAX || message->to == b), is_to = message->to == a && (b == UINT32_MAX || message->from == b);
        if (is_from || is_to) {
            network->counters.dropped++;
            sim_network_release(message);
        } else {
            all[kept++] = message;
        }
    }
    /* Re-pushing the kept ones in place restores the heap: entry i is never overwritten before it is read. */
    for (size_t i = 0; i < kept; i++) {
        heap_push(network, all[i]);
    }
}

void sim_network_break(struct sim_network *network, uint32_t a, uint32_t b, uint64_t until_ns)
{
    ASSERT(a != b);
    drop_where(network, a, b);
    network->broken_ns[a][b] = network->broken_ns[b][a] = until_ns;
    network->free_ns[a][b] = network->free_ns[b][a] = 0;
}

void sim_network_drop_all(struct sim_network *network, uint32_t member)
{
    ASSERT(member < network->members_count);
    drop_where(network, member, UINT32_MAX);
}
