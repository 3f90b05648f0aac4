/* views.c: see views.h.
 *
 * Invariant: no two slots are of one height. What is below the certified view stays pinned until the next candidate, for whoever reads it at this moment. */
#include "node/views.h"

#include "base/assert.h"

_Static_assert(VIEWS_PINS < STATE_PINS_MAX, "the others are not ours");

void views_init(struct views *views, const struct config_limits *limits, uint64_t time_ms)
{
    *views = (struct views){ .limits = *limits, .checkpoint_time_ms = time_ms };
}

/* K1: chain data only. */
static bool is_checkpoint(const struct views *views, const struct views_now *now)
{
    return config_is_checkpoint(&views->limits, now->height, now->time_ms, views->checkpoint_time_ms);
}

static bool is_below(const struct views *views, uint32_t slot)
{
    const struct view *certified = &views->slots[views->certified];

    return certified->set && views->slots[slot].set && views->slots[slot].height < certified->height;
}

/* oldest_but gives the slot of the oldest candidate other than `but`; one that is free counts as the oldest of all. */
static uint32_t oldest_but(const struct views *views, uint32_t but)
{
    uint32_t best = VIEWS_PINS;

    for (uint32_t i = 0; i < VIEWS_PINS; i++) {
        uint64_t height = views->slots[i].set ? views->slots[i].height : 0;
        bool earlier = best == VIEWS_PINS || height < (views->slots[best].set ? views->slots[best].height : 0);
        best = i != views->certified && i != but && earlier ? i : best;
    }
    ASSERT(best < VIEWS_PINS);
    return best;
}

/* slot_next gives the slot of the next candidate: one that is free, or else that of the oldest candidate but one. */
static uint32_t slot_next(const struct views *views)
{
    uint32_t oldest = oldest_but(views, views->certified);

    return views->slots[oldest].set ? oldest_but(views, oldest) : oldest;
}

/* stands tells whether a slot's pin is still there and of the state that the slot says. */
static bool stands(const struct views *views, const struct state_store *store, uint32_t slot)
{
    struct hash32 root;

    return views->slots[slot].set && state_store_pinned(store, slot, &root) && hash_equal(&root, &views->slots[slot].state_root);
}

static void pin(struct views *views, const struct views_now *now)
{
    for (uint32_t i = 0; i < VIEWS_PINS; i++) {
        if (is_below(views, i)) {
            state_store_unpin(now->store, i);
            views->slots[i].set = false;
        }
        views->slots[i].set = views->slots[i].set && (i == views->certified || stands(views, now->store, i)); /* of what the store dropped nothing is to be kept */
    }
    uint32_t slot = slot_next(views);
    struct view *view = &views->slots[slot];
    state_store_pin(now->store, slot);
    *view = (struct view){ .height = now->height, .time_ms = now->time_ms };
    view->set = state_store_pinned(now->store, slot, &view->state_root);
}

void views_executed(struct views *views, const struct views_now *now)
{
    if (is_checkpoint(views, now)) {
        views->checkpoint_time_ms = now->time_ms;
        pin(views, now);
    }
}

/* slot_at gives the slot of the state after a block; VIEWS_PINS: there is none. */
static uint32_t slot_at(const struct views *views, uint64_t height)
{
    uint32_t slot = 0;

    while (slot < VIEWS_PINS && !(views->slots[slot].set && views->slots[slot].height == height)) {
        slot++;
    }
    return slot;
}

void views_certify(struct views *views, const struct views_now *now, const struct checkpoint_cert *cert)
{
    const struct view *certified = &views->slots[views->certified];
    struct writer writer;

    if (cert == NULL || (certified->set && certified->height >= cert->checkpoint.height)) {
        return;
    }
    if (cert->checkpoint.height == now->height && slot_at(views, now->height) == VIEWS_PINS) {
        pin(views, now); /* the tip */
    }
    uint32_t slot = slot_at(views, cert->checkpoint.height);
    if (slot == VIEWS_PINS || !hash_equal(&views->slots[slot].state_root, &cert->checkpoint.state_root) || !stands(views, now->store, slot)) {
        return;
    }
    writer_init(&writer, views->certificate, sizeof views->certificate);
    checkpoint_cert_encode(cert, &writer);
    ASSERT(!writer.failed);
    views->certificate_bytes = (uint32_t)writer.offset;
    views->certified = slot;
}

const struct view *views_certified(const struct views *views, const struct state_store *store, uint32_t *out)
{
    if (!stands(views, store, views->certified)) {
        return NULL;
    }
    *out = views->certified;
    return &views->slots[views->certified];
}
