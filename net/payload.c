/* payload.c: see payload.h. */
#include "net/payload.h"

#include "base/assert.h"

void payload_init(struct payload *payload, struct bytes bytes, void (*release)(struct payload *))
{
    *payload = (struct payload){ .bytes = bytes, .references = 1, .release = release };
}

void payload_hold(struct payload *payload)
{
    ASSERT(payload->references > 0);
    ASSERT(payload->references < UINT32_MAX);
    payload->references++;
}

void payload_drop(struct payload *payload)
{
    ASSERT(payload->references > 0);
    if (--payload->references == 0 && payload->release != NULL) {
        payload->release(payload);
    }
}
