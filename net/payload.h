/* payload.h: bytes that several out-queues share. A block that goes to thirty peers exists once; every queue holds a reference. One thread. */
#ifndef WARD_NET_PAYLOAD_H
#define WARD_NET_PAYLOAD_H

#include "base/bytes.h"

struct payload {
    struct bytes bytes;
    uint32_t references;                      /* holders, the maker included */
    void (*release)(struct payload *payload); /* called when the last holder lets go; the memory is then the maker's again. NULL: nothing to do */
};

/* payload_init makes the caller the first holder. Owns: bytes stay the maker's and must not change before release is called. */
void payload_init(struct payload *payload, struct bytes bytes, void (*release)(struct payload *));

/* payload_hold adds a holder, payload_drop removes one. Needs: references > 0. */
void payload_hold(struct payload *payload);
void payload_drop(struct payload *payload);

#endif
