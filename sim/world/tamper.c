/* tamper.c: see tamper.h. */
#include "sim/world/tamper.h"

#include "base/assert.h"
#include "crypto/channel.h"

#include <string.h>

#define RUN_BYTES_MAX 16384u /* of a message in one record: enough to be what net makes of most messages */

/* keys_of makes the keys of the two ends of a line: what one sends the other receives. */
static void keys_of(uint64_t key, struct handshake_keys *here, struct handshake_keys *there)
{
    struct writer writer;

    memset(here, 0, sizeof *here);
    memset(there, 0, sizeof *there);
    writer_init(&writer, here->send, sizeof here->send);
    write_u64_le(&writer, key);
    memcpy(here->receive, here->send, sizeof here->receive);
    here->receive[NOISE_KEY_BYTES - 1] = 1;
    memcpy(there->send, here->receive, sizeof there->send);
    memcpy(there->receive, here->send, sizeof there->receive);
}

enum verdict tamper_record(uint64_t key, struct bytes message, uint64_t bit)
{
    static uint8_t record[RUN_BYTES_MAX + CHANNEL_OVERHEAD], plain[RUN_BYTES_MAX];
    struct handshake_keys here, there;
    struct channel sender, receiver;
    size_t run = message.size < RUN_BYTES_MAX ? message.size : RUN_BYTES_MAX;

    keys_of(key, &here, &there);
    channel_init(&sender, &here);
    channel_init(&receiver, &there);
    size_t size = channel_seal(&sender, bytes_of(message.data, run), record);
    ASSERT(size == run + CHANNEL_OVERHEAD);
    bit %= size * 8;
    record[bit / 8] ^= (uint8_t)(1u << bit % 8);
    enum verdict verdict = channel_open(&receiver, bytes_of(record, size), plain);
    ASSERT(verdict == VERDICT_OK || receiver.closed);
    channel_close(&sender);
    channel_close(&receiver);
    return verdict;
}
