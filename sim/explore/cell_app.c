/* cell_app.c: the state machine under a cell: one client, whose commands carry nonces and nothing else.
 *
 *     command   'E', 7 zeros, nonce u64 (16 bytes, which its id covers), key 32, signature 64 */
#include "sim/explore/cell_priv.h"

#include "base/assert.h"
#include "sim/world/stamp.h"

#include <string.h>

#define HEAD_BYTES 16u
#define SIGNATURE_AT (HEAD_BYTES + 32u)
#define COMMAND_BYTES (SIGNATURE_AT + 64u)
#define VALID_MS 300000u /* behind the genesis: longer than any exploration pretends to last */

static const uint8_t client_key[32] = "the one client of an exploration";

size_t cell_command(const struct cast *cast, uint64_t nonce, uint8_t *out)
{
    struct writer writer;

    (void)cast;
    writer_init(&writer, out, COMMAND_BYTES);
    write_u8(&writer, 'E');
    write_zeros(&writer, 7);
    write_u64_le(&writer, nonce);
    struct hash32 id = hash_one(HASH_TX, out, HEAD_BYTES);
    write_run(&writer, client_key, sizeof client_key);
    stamp_make(client_key, id.bytes, out + SIGNATURE_AT);
    return COMMAND_BYTES;
}

static enum code parse(void *context, struct bytes bytes, struct command *command)
{
    struct reader reader;

    (void)context;
    if (bytes.size < COMMAND_BYTES || bytes.data[0] != 'E') {
        return CODE_MALFORMED;
    }
    memset(command, 0, sizeof *command);
    reader_init(&reader, bytes.data + 8, 8);
    command->bytes = bytes_of(bytes.data, COMMAND_BYTES);
    command->envelope_bytes = COMMAND_BYTES;
    command->id = hash_one(HASH_TX, bytes.data, HEAD_BYTES);
    command->nonce = read_u64_le(&reader);
    command->valid_until_ms = CAST_GENESIS_MS + VALID_MS;
    command->cost_ns = 1000;
    command->tokens = 1;
    command->signatures_count = 1;
    command->signatures[0] = (struct command_signature){ bytes.data + HEAD_BYTES, bytes.data + SIGNATURE_AT, command->id, CODE_SIG };
    return CODE_OK;
}

static void recall(void *context, struct bytes bytes, uint32_t envelope_bytes, uint32_t tokens, struct command *command)
{
    enum code code = parse(context, bytes, command);

    ASSERT(code == CODE_OK);
    ASSERT(command->envelope_bytes == envelope_bytes);
    ASSERT(command->tokens == tokens);
}

static void name(void *context, struct command *commands, uint32_t count)
{
    (void)context, (void)commands, (void)count; /* parse does it. */
}

static void expect(void *context, const struct hash32 *account, unsigned step)
{
    (void)context, (void)account, (void)step;
}

static enum code payloads(void *context, const struct command *commands, uint32_t count)
{
    (void)context, (void)commands, (void)count; /* there are none */
    return CODE_OK;
}

static void standing(void *context, const struct command *command, uint64_t time_ms, struct command_standing *out)
{
    const struct cell_inside *inside = context;

    (void)command, (void)time_ms;
    *out = (struct command_standing){ .nonce_executed = inside->nonce, .origin = 1, .code = CODE_OK };
}

static uint64_t nonce_of(void *context, const struct hash32 *account)
{
    const struct cell_inside *inside = context;

    (void)account;
    return inside->nonce;
}

struct app cell_app(struct cell_inside *inside)
{
    ASSERT(inside != NULL);
    return (struct app){ .context = inside, .scan = parse, .recall = recall, .name = name, .payloads = payloads, .expect = expect, .standing = standing, .nonce = nonce_of };
}
