/* message_kit.c: see message_kit.h. */
#include "tests/wire/message_kit.h"

#include <string.h>

static uint8_t commands[700];
static uint8_t headers[2 * BLOCK_HEADER_BYTES];

struct hash32 kit_hash(unsigned seed)
{
    return hash_plain(&seed, sizeof seed);
}

void kit_config(struct config *config, uint32_t members_count)
{
    memset(config, 0, sizeof *config);
    config->members_count = members_count;
    config->limits = config_limits_default();
    for (uint32_t i = 0; i < members_count; i++) {
        struct hash32 key = kit_hash(1000 + i);
        struct hash32 transport = kit_hash(5000 + i);
        memcpy(config->members[i].sign_key, key.bytes, 32);
        memcpy(config->members[i].transport_key, transport.bytes, 32);
        config->members[i].organisation = (uint16_t)(i + 1);
        config->schedule[i] = (uint16_t)i;
    }
}

static void sign_all(struct signers *signers, uint32_t members_count)
{
    uint8_t signature[64];

    memset(signers, 0, sizeof *signers);
    for (uint32_t i = config_quorum(members_count); i > 0; i--) {
        memset(signature, (int)(i + 16), sizeof signature);
        signers_add(signers, i - 1, signature);
    }
}

void kit_cert(struct cert *cert, enum vote_kind kind, struct rank rank, const struct hash32 *block, uint32_t members_count)
{
    cert->ballot = (struct ballot){ .kind = kind, .rank = rank, .block = *block };
    sign_all(&cert->signers, members_count);
}

void kit_tc(struct timeout_cert *tc, uint64_t view, struct rank high, uint32_t members_count)
{
    struct hash32 block = kit_hash(77);

    memset(tc, 0, sizeof *tc);
    tc->view = view;
    sign_all(&tc->signers, members_count);
    tc->ranks[0] = high;
    kit_cert(&tc->high, VOTE_FOLLOWING, high, &block, members_count);
}

static void fill_proof(struct commit_proof *proof, unsigned variant)
{
    struct hash32 block = kit_hash(8);

    proof->child = (struct block_header){ .height = 8, .parent = block, .commands_count = 2, .time_ms = 9 };
    struct hash32 child = block_hash(&proof->child);
    kit_cert(&proof->first, variant == 0 ? VOTE_COMMIT : VOTE_FOLLOWING, (struct rank){ 2, 7 }, &block, 4);
    kit_cert(&proof->second, VOTE_FOLLOWING, (struct rank){ 2, 8 }, &child, 4);
    proof->headers_count = 0;
    proof->headers = bytes_of(NULL, 0);
    if (variant == 0) {
        struct writer writer;
        writer_init(&writer, headers, sizeof headers);
        block_header_encode(&(struct block_header){ .height = 6, .parent = kit_hash(1) }, &writer);
        block_header_encode(&(struct block_header){ .height = 7, .flags = BLOCK_FLAG_END }, &writer);
        proof->headers_count = 2;
        proof->headers = bytes_of(headers, sizeof headers);
    }
}

static void fill_propose(struct message_propose *propose, unsigned variant)
{
    struct hash32 parent = kit_hash(3);

    propose->view = 5;
    propose->opening = variant == 0;
    kit_cert(&propose->justify, VOTE_OPENING, (struct rank){ 4, 9 }, &parent, 4);
    kit_tc(&propose->tc, 4, (struct rank){ 3, 9 }, 4);
    propose->header = (struct block_header){ .height = 10, .time_ms = 1700000000000, .parent = parent, .payload_root = kit_hash(4), .commands_count = 3, .proposer = 2 };
    propose->pace_us = 1500;
    propose->body = bytes_of(commands, 300);
}

static void fill_bundle(struct message_bundle *bundle, unsigned variant)
{
    struct writer writer;

    writer_init(&writer, commands, sizeof commands);
    bundle_block_encode_head(&(struct block_header){ .height = 3, .commands_count = 1 }, 20, &writer);
    write_zeros(&writer, 20);
    bundle->chain = variant == 0;
    bundle->blocks_count = 1;
    bundle->blocks = bytes_of(commands, writer.offset);
    fill_proof(&bundle->proof, 1);
}

static void fill_timeout(struct message_timeout *timeout)
{
    struct hash32 block = kit_hash(5);

    memset(timeout->signature, 7, 64);
    timeout->epoch = 0;
    timeout->view = 12;
    timeout->cause = CAUSE_REQUEST;
    timeout->commands = bytes_of(commands, 64);
    kit_cert(&timeout->high, VOTE_FOLLOWING, (struct rank){ 11, 40 }, &block, 4);
}

static void fill_answer(struct message_answer *answer, unsigned variant)
{
    struct hash32 block = kit_hash(6);

    answer->committed_height = 99;
    answer->has_proof = true;
    answer->has_high = variant == 0;
    answer->has_tc = variant == 1;
    fill_proof(&answer->proof, variant);
    kit_cert(&answer->high, VOTE_FOLLOWING, (struct rank){ 1, 2 }, &block, 4);
    kit_tc(&answer->tc, 3, (struct rank){ 1, 2 }, 4);
}

static struct checkpoint some_checkpoint(void)
{
    return (struct checkpoint){ .height = 256, .block = kit_hash(20), .state_root = kit_hash(21), .receipts_root = kit_hash(22), .config_hash = kit_hash(23) };
}

static void fill_snapshot(struct message_snapshot *snapshot, unsigned variant)
{
    *snapshot = (struct message_snapshot){ .height = 256, .offer = variant == 0, .run = { 1, 2, 500 } };
    if (variant == 0) {
        snapshot->digest = (struct hash32){ { 7 } };
        snapshot->part_blocks = 16384;
        snapshot->cert.checkpoint = some_checkpoint();
        sign_all(&snapshot->cert.signers, 7);
    } else {
        snapshot->bytes = bytes_of(commands, 500);
    }
}

/* What checkpoints and snapshots are made of. */
static void fill_transfer(struct message *message, unsigned variant)
{
    if (message->type == MESSAGE_CKPT) {
        message->ckpt.checkpoint = some_checkpoint();
    } else if (message->type == MESSAGE_CKPT_ASK) {
        message->ckpt_ask = (struct message_ckpt_ask){ .height = 256, .hash = kit_hash(variant) };
    } else if (message->type == MESSAGE_GONE) {
        message->gone = (struct message_gone){ .old = variant == 1, .height = 12 };
    } else if (message->type == MESSAGE_SNAPSHOT_ASK) {
        message->snapshot_ask = (struct message_snapshot_ask){ .height = 256, .run = { 1, 2, 3000 } };
    } else {
        fill_snapshot(&message->snapshot, variant);
    }
}

static void fill_hello(struct message_hello *hello, unsigned variant)
{
    *hello = (struct message_hello){ .committed_height = 7, .view = 3, .high = { 3, 8 }, .abstains = variant == 1, .asks = variant == 0, .forgot = variant == 1, .promised = variant == 1 ? 0 : 4, .claims_count = variant == 1 ? 0 : 3 };
    hello->claims[0] = (struct message_claim){ .ballot = { VOTE_FOLLOWING, 0, { 3, 9 }, { { 1, 2 } } }, .view = 3, .signature = { 5 } };
    hello->claims[1] = (struct message_claim){ .ballot = { VOTE_COMMIT, 0, { 3, 8 }, { { 3 } } }, .view = 3, .signature = { 6 } };
    hello->claims[2] = (struct message_claim){ .timeout = true, .ballot = { .rank = { 2, 7 } }, .view = 4, .signature = { 7 } };
}

void kit_message(struct message *message, enum message_type type, unsigned variant)
{
    struct hash32 block = kit_hash(variant);
    bool commit = type == MESSAGE_COMMITVOTE || type == MESSAGE_COMMITQC;

    memset(message, 0, sizeof *message);
    memset(commands, 0x5a, sizeof commands);
    message->type = type;
    switch (type) {
    case MESSAGE_NONE:
    case MESSAGE_TYPE_END:
        break;
    case MESSAGE_HELLO:
        fill_hello(&message->hello, variant);
        break;
    case MESSAGE_PROPOSE:
        fill_propose(&message->propose, variant);
        break;
    case MESSAGE_VOTE:
    case MESSAGE_COMMITVOTE:
        message->vote.ballot = (struct ballot){ .kind = commit ? VOTE_COMMIT : VOTE_FOLLOWING, .rank = { 4, 17 }, .block = block };
        break;
    case MESSAGE_CERT:
    case MESSAGE_COMMITQC:
    case MESSAGE_QC:
        kit_cert(&message->cert, commit ? VOTE_COMMIT : VOTE_OPENING, (struct rank){ 4, 17 }, &block, 4 + variant * 96);
        break;
    case MESSAGE_TIMEOUT:
        fill_timeout(&message->timeout);
        break;
    case MESSAGE_TC:
        kit_tc(&message->tc, 9, (struct rank){ 9, 30 }, 4 + variant * 27);
        break;
    case MESSAGE_ABDICATE:
        message->abdicate.view = 4;
        break;
    case MESSAGE_QUERY:
        message->query = (struct message_query){ .view = 4, .committed_height = 3, .high = { 4, 4 }, .cause = CAUSE_CERTIFICATE, .commands = bytes_of(commands, variant * 10) };
        break;
    case MESSAGE_ANSWER:
        fill_answer(&message->answer, variant);
        break;
    case MESSAGE_READ:
        message->read.id = 1234567;
        break;
    case MESSAGE_READ_ANSWER:
        message->read_answer.id = 1234567;
        message->read_answer.has_proof = variant == 0;
        kit_cert(&message->read_answer.high, VOTE_FOLLOWING, (struct rank){ 1, 2 }, &block, 4);
        fill_proof(&message->read_answer.proof, 1);
        break;
    case MESSAGE_FETCH:
        message->fetch = (struct message_fetch){ .chain = variant == 0, .height = 50, .hash = block, .from_height = 40 };
        break;
    case MESSAGE_BUNDLE:
        fill_bundle(&message->bundle, variant);
        break;
    case MESSAGE_CKPT_CERT:
        message->ckpt_cert.checkpoint = some_checkpoint();
        sign_all(&message->ckpt_cert.signers, 7);
        break;
    case MESSAGE_CKPT:
    case MESSAGE_CKPT_ASK:
    case MESSAGE_GONE:
    case MESSAGE_SNAPSHOT_ASK:
    case MESSAGE_SNAPSHOT:
        fill_transfer(message, variant);
        break;
    case MESSAGE_FORWARD:
        message->forward.commands = bytes_of(commands, 500);
        break;
    }
}
