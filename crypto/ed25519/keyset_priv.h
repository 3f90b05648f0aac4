/* keyset_priv.h: how a context reads a keyset. */
#ifndef WARD_CRYPTO_ED25519_KEYSET_PRIV_H
#define WARD_CRYPTO_ED25519_KEYSET_PRIV_H

#include "crypto/ed25519/engine.h"

/* keyset_enter begins a look at the tables, keyset_leave ends it: in between, no table that keyset_find gave is changed.
 * Gives: a mark for find and leave. Cost: two atomic additions for a whole call. Threads: any. */
unsigned keyset_enter(struct ed25519_keyset *keyset);
void keyset_leave(struct ed25519_keyset *keyset, unsigned mark);

/* keyset_find gives the table of a key; entry NULL when it has none. */
struct engine_comb keyset_find(const struct ed25519_keyset *keyset, unsigned mark, const uint8_t key[ED25519_KEY_BYTES]);

/* keyset_base gives the table of the base point. */
struct engine_comb keyset_base(const struct ed25519_keyset *keyset);

#endif
