/* views.c: see views.h.
 *
 * Invariants: at most one slot is certified; the other is the candidate, which the next pin replaces. */
#include "node/views.h"

#include "base/assert.h"

_Static_assert(STATE_PINS_MAX == 2, "one certified, one candidate");

void views_init(struct views *views)
{
    *views = (struct views){ .certified = STATE_PIN_NONE };
}

/* stands tells whether a slot's pin is still there and of the state that the slot says. */
static bool stands(const struct views *views, const struct state_store *store, uint32_t slot)
{
    struct hash32 root;

    return views->slots[slot].set && state_store_pinned(store, slot, &root) && hash_equal(&root, &views->slots[slot].state_root);
}

void views_certify(struct views *views, const struct state_store *store, const struct checkpoint_cert *cert)
{
    struct writer writer;

    for (uint32_t slot = 0; cert != NULL && slot < STATE_PINS_MAX; slot++) {
        const struct view *view = &views->slots[slot];
        bool same = view->set && view->height == cert->checkpoint.height && hash_equal(&view->state_root, &cert->checkpoint.state_root);
        if (slot == views->certified || !same || !stands(views, store, slot)) {
            continue;
        }
        writer_init(&writer, views->certificate, sizeof views->certificate);
        checkpoint_cert_encode(cert, &writer);
        ASSERT(!writer.failed);
        views->certificate_bytes = (uint32_t)writer.offset;
        views->certified = slot;
        return;
    }
}

void views_pin(struct views *views, struct state_store *store, uint64_t height, uint64_t time_ms)
{
    uint32_t slot = views->certified == 0 ? 1 : 0;

    state_store_pin(store, slot);
    struct view *view = &views->slots[slot];
    *view = (struct view){ .height = height, .time_ms = time_ms };
    view->set = state_store_pinned(store, slot, &view->state_root);
    ASSERT(slot != views->certified);
}

const struct view *views_certified(const struct views *views, const struct state_store *store, uint32_t *pin)
{
    if (views->certified == STATE_PIN_NONE || !stands(views, store, views->certified)) {
        return NULL;
    }
    *pin = views->certified;
    return &views->slots[views->certified];
}
