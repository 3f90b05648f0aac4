/* views.c: see views.h.
 *
 * Invariant: the two slots change their parts when a candidate is certified; what was certified before is the next to be overwritten. */
#include "node/views.h"

#include "base/assert.h"

_Static_assert(VIEWS_PINS < STATE_PINS_MAX, "one certified, one candidate; the others are not ours");

void views_init(struct views *views, const struct config_limits *limits, uint64_t time_ms)
{
    *views = (struct views){ .limits = *limits, .checkpoint_time_ms = time_ms, .candidate = 1 };
}

/* K1: chain data only. */
static bool is_checkpoint(const struct views *views, const struct views_now *now)
{
    return config_is_checkpoint(&views->limits, now->height, now->time_ms, views->checkpoint_time_ms);
}

static void pin(struct views *views, const struct views_now *now)
{
    struct view *view = &views->slots[views->candidate];

    ASSERT(views->candidate != views->certified);
    state_store_pin(now->store, views->candidate);
    *view = (struct view){ .height = now->height, .time_ms = now->time_ms };
    view->set = state_store_pinned(now->store, views->candidate, &view->state_root);
}

void views_executed(struct views *views, const struct views_now *now)
{
    if (is_checkpoint(views, now)) {
        views->checkpoint_time_ms = now->time_ms;
        pin(views, now);
    }
}

/* stands tells whether a slot's pin is still there and of the state that the slot says. */
static bool stands(const struct views *views, const struct state_store *store, uint32_t slot)
{
    struct hash32 root;

    return views->slots[slot].set && state_store_pinned(store, slot, &root) && hash_equal(&root, &views->slots[slot].state_root);
}

static bool is_of(const struct checkpoint_cert *cert, const struct view *view)
{
    return view->set && view->height == cert->checkpoint.height && hash_equal(&view->state_root, &cert->checkpoint.state_root);
}

void views_certify(struct views *views, const struct views_now *now, const struct checkpoint_cert *cert)
{
    const struct view *certified = &views->slots[views->certified], *candidate = &views->slots[views->candidate];
    struct writer writer;

    if (cert == NULL || (certified->set && certified->height >= cert->checkpoint.height)) {
        return;
    }
    if (cert->checkpoint.height == now->height && candidate->height != now->height) {
        pin(views, now); /* the tip; an older candidate can only be of a certificate that is stale by now */
    }
    if (!is_of(cert, candidate) || !stands(views, now->store, views->candidate)) {
        return;
    }
    writer_init(&writer, views->certificate, sizeof views->certificate);
    checkpoint_cert_encode(cert, &writer);
    ASSERT(!writer.failed);
    views->certificate_bytes = (uint32_t)writer.offset;
    views->certified = views->candidate;
    views->candidate = 1 - views->certified;
}

const struct view *views_certified(const struct views *views, const struct state_store *store, uint32_t *out)
{
    if (!stands(views, store, views->certified)) {
        return NULL;
    }
    *out = views->certified;
    return &views->slots[views->certified];
}
