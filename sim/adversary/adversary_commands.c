/* adversary_commands.c: lies of a leader about the commands of its block: the block is well formed, and nobody may vote for it. */
#include "sim/adversary/adversary_priv.h"

#include "base/assert.h"
#include "crypto/merkle.h"
#include "wire/envelope.h"

#include <string.h>

/* The commands of one block, as it is being changed. */
struct body {
    uint32_t count;
    size_t bytes;
    uint32_t at[BLOCK_COMMANDS_MAX];        /* of each envelope */
    uint32_t envelope[BLOCK_COMMANDS_MAX];  /* its length */
    uint8_t data[FRAME_BYTES_MAX];
};

static struct body body;

static bool body_add(const uint8_t *data, size_t size)
{
    struct envelope envelope;
    size_t head = envelope_size(bytes_of(data, size));

    if (body.count == BLOCK_COMMANDS_MAX || head == 0 || envelope_decode(&envelope, bytes_of(data, head)) != CODE_OK) {
        return false;
    }
    size_t whole = head + envelope.payload_bytes;
    if (whole > size || body.bytes + whole > BLOCK_BYTES_MAX) {
        return false;
    }
    body.at[body.count] = (uint32_t)body.bytes;
    body.envelope[body.count++] = (uint32_t)head;
    memcpy(body.data + body.bytes, data, whole);
    body.bytes += whole;
    return true;
}

/* body_read takes the first `most` commands of what was proposed. */
static void body_read(struct bytes from, uint32_t most)
{
    size_t offset = 0;

    body.count = 0;
    body.bytes = 0;
    for (uint32_t i = 0; i < most && offset < from.size && body_add(from.data + offset, from.size - offset); i++) {
        offset = body.bytes;
    }
}

/* --- What becomes of them ------------------------------------------------------------------------------------------- */

/* forge breaks the signature of a command; its id stays what it was. */
static void forge(const struct adversary *adversary, const struct telling *telling)
{
    uint64_t which = adversary_below(adversary, LIE_SPOIL, telling, 2, body.count), bit = adversary_below(adversary, LIE_SPOIL, telling, 3, 512);
    uint8_t *signature = body.data + body.at[which] + body.envelope[which] - 64;

    signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* use_again adds a command that a lower block holds. Gives: false when none is remembered. */
static bool use_again(struct adversary *adversary, uint64_t below_height)
{
    static struct message old;
    uint64_t kept = adversary->old_count < ADVERSARY_OLD ? adversary->old_count : ADVERSARY_OLD;
    struct envelope envelope;

    for (uint64_t i = 0; i < kept; i++) {
        const struct overheard_bytes *bytes = &adversary->old[i];
        if (bytes->type != MESSAGE_PROPOSE || message_decode(&old, bytes->type, bytes_of(bytes->bytes, bytes->size)) != VERDICT_OK || old.propose.opening) {
            continue;
        }
        struct bytes commands = old.propose.body;
        size_t head = envelope_size(commands);
        bool reads = head > 0 && envelope_decode(&envelope, bytes_of(commands.data, head)) == CODE_OK;
        uint64_t height = reads ? adversary->used(adversary->context, envelope.sender, envelope.nonce) : 0;
        if (height > 0 && height < below_height) {
            return body_add(commands.data, commands.size);
        }
    }
    return false;
}

/* sign_wrong replaces everything by one command that its client did sign, but not for now: out of date, or good for too long. */
static bool sign_wrong(const struct adversary *adversary, bool late, uint64_t time_ms)
{
    const struct cast *cast = adversary->cast;
    struct cast_command command = { .nonce = 0 };
    struct envelope envelope;

    if (envelope_decode(&envelope, bytes_of(body.data, body.envelope[0])) != CODE_OK) {
        return false;
    }
    command.nonce = envelope.nonce;
    command.valid_until_ms = late ? time_ms : time_ms + ENVELOPE_VALID_MS_MAX + 1;
    uint32_t sender = cast_sender(cast, envelope.sender);
    if (sender == cast_senders(&cast->plan)) {
        return false;
    }
    cast_sign(cast, sender, &command);
    body.count = 0;
    body.bytes = 0;
    return body_add(command.bytes, command.size);
}

/* spoil changes the commands. Gives: false when that is not possible now. */
static bool spoil(struct adversary *adversary, const struct telling *telling, const struct block_header *header)
{
    uint64_t what = adversary_below(adversary, LIE_SPOIL, telling, 1, 6);

    switch (what) {
    case 0: forge(adversary, telling); return true;
    case 1: return body_add(body.data, body.bytes);
    case 2: return use_again(adversary, header->height);
    case 3: body.count = 0; body.bytes = 0; return true;
    default: return sign_wrong(adversary, what == 4, header->time_ms);
    }
}

static struct hash32 root_of(void)
{
    static struct hash32 leaves[BLOCK_COMMANDS_MAX];

    for (uint32_t i = 0; i < body.count; i++) {
        leaves[i] = merkle_leaf(body.data + body.at[i], body.envelope[i]);
    }
    return merkle_root(leaves, body.count);
}

void lie_spoil(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message == NULL || message->propose.opening || !adversary_aims(adversary, LIE_SPOIL, telling)) {
        return;
    }
    struct message_propose *propose = &message->propose;
    body_read(propose->body, propose->header.commands_count);
    if (body.count == 0 || !spoil(adversary, telling, &propose->header)) {
        return;
    }
    propose->header.commands_count = body.count;
    propose->header.payload_root = root_of();
    propose->body = bytes_of(body.data, body.bytes);
    adversary->header(adversary->context, &propose->header);
    adversary->spoiled(adversary->context, &(struct ballot){ .kind = VOTE_FOLLOWING, .block = block_hash(&propose->header) });
    telling_write(adversary, telling);
}

/* parent_ms gives the time of the parent of a block, 0 when it was not overheard. */
static uint64_t parent_ms(const struct adversary *adversary, const struct block_header *header)
{
    uint64_t kept = adversary->blocks_count < ADVERSARY_BLOCKS ? adversary->blocks_count : ADVERSARY_BLOCKS;

    for (uint64_t i = 0; i < kept; i++) {
        if (hash_equal(&adversary->blocks[i].hash, &header->parent)) {
            return adversary->blocks[i].header.time_ms;
        }
    }
    return hash_equal(&adversary->cast->chain_id, &header->parent) ? CAST_GENESIS_MS : 0;
}

/* lie_pack leaves the commands as they are: the time does not grow, or there is more in the body than them. Of the latter the header says nothing, so the block may be voted for by whoever finds its body elsewhere. */
void lie_pack(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message == NULL || message->propose.opening || !adversary_aims(adversary, LIE_PACK, telling)) {
        return;
    }
    struct message_propose *propose = &message->propose;
    uint64_t time_ms = parent_ms(adversary, &propose->header), more = 1 + adversary_below(adversary, LIE_PACK, telling, 2, 64);
    if (adversary_below(adversary, LIE_PACK, telling, 1, 2) == 0 && time_ms > 0) {
        propose->header.time_ms = time_ms;
        adversary->header(adversary->context, &propose->header);
        adversary->spoiled(adversary->context, &(struct ballot){ .kind = VOTE_FOLLOWING, .block = block_hash(&propose->header) });
    } else if (propose->body.size + more <= BLOCK_BYTES_MAX) {
        memcpy(body.data, propose->body.data, propose->body.size);
        memset(body.data + propose->body.size, (int)more, more);
        propose->body = bytes_of(body.data, propose->body.size + more);
    }
    telling_write(adversary, telling);
}

/* --- Commands that are not heard ------------------------------------------------------------------------------------ */

struct bytes adversary_without(const struct adversary *adversary, uint32_t liar, struct bytes commands)
{
    static uint8_t kept[FRAME_BYTES_MAX];
    const struct cast *cast = adversary->cast;
    size_t at = 0, size = 0;

    while (at < commands.size) {
        struct bytes rest = bytes_of(commands.data + at, commands.size - at);
        struct envelope envelope;
        size_t head = envelope_size(rest);
        if (head == 0 || head > rest.size || envelope_decode(&envelope, bytes_of(rest.data, head)) != CODE_OK || envelope.payload_bytes > rest.size - head) {
            break; /* What cannot be read is not heard. */
        }
        size_t whole = head + envelope.payload_bytes;
        if (!adversary_ignores(adversary, liar, cast_sender(cast, envelope.sender))) {
            memcpy(kept + size, rest.data, whole);
            size += whole;
        }
        at += whole;
    }
    return bytes_of(kept, size);
}

/* --- Another parent ------------------------------------------------------------------------------------------------- */

/* lie_stray puts a block on another one of its parent's height, and goes on to show the certificate of the parent: whoever holds that other one may forget to
 * compare. */
void lie_stray(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);
    uint64_t kept = adversary->blocks_count < ADVERSARY_BLOCKS ? adversary->blocks_count : ADVERSARY_BLOCKS;

    if (message == NULL || message->propose.opening) {
        return;
    }
    struct block_header *header = &message->propose.header;
    for (uint64_t i = 0; i < kept; i++) {
        const struct overheard_block *other = &adversary->blocks[i];
        if (other->height + 1 == header->height && !hash_equal(&other->hash, &header->parent)) {
            header->parent = other->hash;
            adversary->header(adversary->context, header);
            telling_write(adversary, telling);
            return;
        }
    }
}

/* --- Another block at the same place -------------------------------------------------------------------------------- */

/* tempt proposes what the liar proposed before once more, a moment later in the block's own time: whoever voted for the first may not for this one. */
static bool tempt(struct adversary *adversary, uint32_t liar, uint32_t to, const struct overheard_bytes *bytes, struct rank rank)
{
    static struct message old;
    bool own = bytes->from == liar && bytes->type == MESSAGE_PROPOSE && to != liar;

    if (!own || message_decode(&old, bytes->type, bytes_of(bytes->bytes, bytes->size)) != VERDICT_OK || old.propose.opening || old.propose.view != rank.view ||
        (rank.height > 0 && old.propose.header.height != rank.height)) {
        return false;
    }
    old.propose.header.time_ms++;
    adversary->header(adversary->context, &old.propose.header);
    adversary_say(adversary, liar, to, &old);
    adversary->told[LIE_TEMPT]++;
    return true;
}

/* lie_tempt: beside the certificate of a block goes another block of its place. */
void lie_tempt(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);
    uint64_t kept = adversary->old_count < ADVERSARY_OLD ? adversary->old_count : ADVERSARY_OLD;

    if (message == NULL) {
        return;
    }
    struct rank rank = message->cert.ballot.rank;
    for (uint64_t i = 0; i < kept && !tempt(adversary, telling->from, telling->to, &adversary->old[i], rank); i++) {
    }
}

/* lie_tempt_again: so does one at any time, to anybody: who was started again may have forgotten. */
void lie_tempt_again(struct adversary *adversary, uint32_t liar)
{
    uint64_t kept = adversary->old_count < ADVERSARY_OLD ? adversary->old_count : ADVERSARY_OLD;
    struct choice choice = { CHOICE_LIE, { LIE_TEMPT, liar, adversary->ticks, 0, 1 } };

    if (kept == 0 || config_leader(&adversary->cast->config, adversary->view) != liar) {
        return;
    }
    uint64_t how = choice_draw(adversary->seed, &choice);
    uint32_t to = (uint32_t)(how % adversary->cast->config.members_count);
    for (uint64_t i = 0; i < kept; i++) {
        const struct overheard_bytes *bytes = &adversary->old[(how / 1000 + i) % kept];
        if (tempt(adversary, liar, to, bytes, (struct rank){ adversary->view, 0 })) {
            return;
        }
    }
}
