/* tamper.h: what a bit that flips on the way does to a message: the production channel is asked, not believed.
 *
 * The run of the message that the bit is in is sealed as a record, the bit is flipped in the record (header, ciphertext or tag), and the other end opens
 * it. It must not open: then the channel is closed for good, and the world ends the connection. */
#ifndef WARD_SIM_WORLD_TAMPER_H
#define WARD_SIM_WORLD_TAMPER_H

#include "base/bytes.h"
#include "base/err.h"

/* tamper_record seals, changes and opens. `bit` is taken modulo the bits of the record. Gives: the verdict of the receiving end. Cost: two passes over at
 * most 64 KiB. */
enum verdict tamper_record(uint64_t key, struct bytes message, uint64_t bit);

#endif
