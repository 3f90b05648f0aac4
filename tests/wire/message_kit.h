/* message_kit.h: filled messages of every type, and certificates to put in them, for tests of codecs. */
#ifndef WARD_TESTS_WIRE_MESSAGE_KIT_H
#define WARD_TESTS_WIRE_MESSAGE_KIT_H

#include "wire/message.h"

/* kit_hash gives 32 bytes that differ by seed. */
struct hash32 kit_hash(unsigned seed);

/* kit_config makes a legal configuration of n members with distinct made-up keys. */
void kit_config(struct config *config, uint32_t members_count);

/* kit_cert fills a certificate of the first q of n members with made-up signatures. */
void kit_cert(struct cert *cert, enum vote_kind kind, struct rank rank, const struct hash32 *block, uint32_t members_count);
void kit_tc(struct timeout_cert *tc, uint64_t view, struct rank high, uint32_t members_count);

/* kit_message fills a message of the type; variant 0 or 1 chooses between its forms. */
void kit_message(struct message *message, enum message_type type, unsigned variant);

#endif
