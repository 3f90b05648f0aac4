/* digests.h: what a signature must cover, written a second time, from docs/wire.md and docs/protocol.md: tag, chain, epoch, and the fields. A signature
 * over anything less would serve twice (I11). */
#ifndef WARD_SIM_ORACLE_DIGESTS_H
#define WARD_SIM_ORACLE_DIGESTS_H

#include "wire/message.h"

/* digests_of gives the digest that the sender of a message signed, and where its signature stands. Gives: NULL for a type that is not signed. */
const uint8_t *digests_of(const struct message *message, const struct hash32 *chain_id, struct hash32 *digest);

#endif
