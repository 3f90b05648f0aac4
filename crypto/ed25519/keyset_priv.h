/* keyset_priv.h: how a context reads a keyset. */
#ifndef WARD_CRYPTO_ED25519_KEYSET_PRIV_H
#define WARD_CRYPTO_ED25519_KEYSET_PRIV_H

#include "crypto/ed25519/engine.h"

#define KEYSET_SLOTS_MAX (ED25519_MEMBERS_MAX + ED25519_HOT_MAX)
#define KEYSET_NO_SLOT UINT16_MAX

/* keyset_enter begins a look at the tables, keyset_leave ends it: in between, no table that keyset_find gave is changed.
 * Gives: a mark for find and leave. Cost: two atomic additions for a whole call. Threads: any. */
unsigned keyset_enter(struct ed25519_keyset *keyset);
void keyset_leave(struct ed25519_keyset *keyset, unsigned mark);

/* keyset_turn and keyset_announce are the two steps of keyset_enter: which turn it is, and to be counted as a reader of its index. Gives: false, and nothing is counted,
 * when a builder has turned in between: the index of that turn may be written already. */
unsigned keyset_turn(struct ed25519_keyset *keyset);
__attribute__((warn_unused_result)) bool keyset_announce(struct ed25519_keyset *keyset, unsigned turn);

/* keyset_find gives the table of a key; entry NULL when it has none. Gives: the number of its slot, or KEYSET_NO_SLOT. */
uint16_t keyset_find(const struct ed25519_keyset *keyset, unsigned mark, const uint8_t key[ED25519_KEY_BYTES], struct engine_comb *comb);

/* keyset_note counts a use of a key by an accepted signature: in its slot, which keyset_find gave since keyset_enter, or among the keys without. Needs:
 * keyset_note_begin gave true (it gives false when nobody wants to know, or another thread counts); keyset_note_end follows. */
bool keyset_note_begin(struct ed25519_keyset *keyset);
void keyset_note(struct ed25519_keyset *keyset, uint16_t slot, const uint8_t key[ED25519_KEY_BYTES]);
void keyset_note_end(struct ed25519_keyset *keyset);

/* keyset_base gives the table of the base point. */
struct engine_comb keyset_base(const struct ed25519_keyset *keyset);

#endif
