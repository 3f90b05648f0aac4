/* message_fuzz.c: what a member's link can carry: every message, the certificates in it, and the checks that follow decoding. The first byte is
 * the type of the frame. */
#include "wire/message.h"

#include "tests/fuzz/fuzz.h"
#include "tests/wire/message_kit.h"

static uint8_t again[FUZZ_BYTES_MAX + MESSAGE_HEAD_BYTES_MAX];
static struct config config;
static struct hash32 digests[QUORUM_MAX];
static struct sig_item items[2 * QUORUM_MAX];

static void try_cert(const struct cert *cert)
{
    struct hash32 chain = kit_hash(1);

    if (cert_check(cert, &config) == VERDICT_OK) {
        CHECK(cert_items(cert, &config, &chain, digests, items) == config_quorum(config.members_count));
    }
    (void)cert_digest(cert);
}

static void try_tc(const struct timeout_cert *tc)
{
    struct hash32 chain = kit_hash(1);

    if (timeout_cert_check(tc, &config) == VERDICT_OK) {
        CHECK(timeout_cert_items(tc, &config, &chain, digests, items) == config_quorum(config.members_count));
        CHECK(tc->high.ballot.rank.view <= tc->view);
    }
    (void)timeout_cert_digest(tc);
}

/* The block that the proof is asked about is the parent of its lowest header, or the certified one: then the check can succeed. */
static void try_proof(const struct commit_proof *proof)
{
    struct hash32 chain = kit_hash(1);
    struct hash32 hash = proof->first.ballot.block;
    uint64_t height = commit_proof_height(proof) - proof->headers_count;
    struct block_header lowest;
    struct reader reader;

    if (proof->headers_count > 0) {
        reader_init(&reader, proof->headers.data, proof->headers.size);
        if (block_header_decode(&lowest, &reader) == VERDICT_OK) {
            hash = lowest.parent;
        }
    }
    if (commit_proof_check(proof, &config, height, &hash) == VERDICT_OK) {
        CHECK(commit_proof_items(proof, &config, &chain, digests, items) >= config_quorum(config.members_count));
    }
}

static void try_bundle(const struct message_bundle *bundle)
{
    struct bundle_block block;
    struct reader blocks;

    reader_init(&blocks, bundle->blocks.data, bundle->blocks.size);
    while (reader_left(&blocks) > 0 && bundle_block_next(&blocks, &block) == VERDICT_OK) { /* ends: each block takes bytes */
        (void)block_hash(&block.header);
        CHECK(block.body.size <= BLOCK_BYTES_MAX);
    }
    if (bundle->chain) {
        try_proof(&bundle->proof);
    }
}

static void try_checkpoint_cert(const struct checkpoint_cert *cert)
{
    struct hash32 chain = kit_hash(1);

    if (checkpoint_cert_check(cert, &config) == VERDICT_OK) {
        CHECK(checkpoint_cert_items(cert, &config, &chain, digests, items) == config_quorum(config.members_count));
    }
}

static void try_parts(const struct message *message)
{
    struct hash32 chain = kit_hash(1);

    switch (message->type) {
    case MESSAGE_PROPOSE:
        try_cert(&message->propose.justify);
        if (message->propose.opening) {
            try_tc(&message->propose.tc);
        }
        break;
    case MESSAGE_VOTE:
    case MESSAGE_COMMITVOTE:
        (void)ballot_digest(&chain, &message->vote.ballot);
        break;
    case MESSAGE_CERT:
    case MESSAGE_COMMITQC:
    case MESSAGE_QC:
        try_cert(&message->cert);
        break;
    case MESSAGE_TIMEOUT:
        try_cert(&message->timeout.high);
        break;
    case MESSAGE_TC:
        try_tc(&message->tc);
        break;
    case MESSAGE_ANSWER:
        if (message->answer.has_proof) {
            try_proof(&message->answer.proof);
        }
        break;
    case MESSAGE_READ_ANSWER:
        try_cert(&message->read_answer.high);
        break;
    case MESSAGE_BUNDLE:
        try_bundle(&message->bundle);
        break;
    case MESSAGE_CKPT_CERT:
        try_checkpoint_cert(&message->ckpt_cert);
        break;
    case MESSAGE_SNAPSHOT:
        if (message->snapshot.offer && message->snapshot.height > 0) {
            try_checkpoint_cert(&message->snapshot.cert);
        }
        break;
    case MESSAGE_CKPT:
        (void)checkpoint_digest(&chain, &message->ckpt.checkpoint);
        break;
    case MESSAGE_NONE:
    case MESSAGE_HELLO:
    case MESSAGE_ABDICATE:
    case MESSAGE_QUERY:
    case MESSAGE_READ:
    case MESSAGE_FETCH:
    case MESSAGE_CKPT_ASK:
    case MESSAGE_GONE:
    case MESSAGE_SNAPSHOT_ASK:
    case MESSAGE_FORWARD:
    case MESSAGE_TYPE_END:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct message message;
    struct writer writer;

    if (size == 0 || size > FUZZ_BYTES_MAX) {
        return 0;
    }
    if (config.members_count == 0) {
        kit_config(&config, 4);
    }
    if (message_decode(&message, data[0] % (MESSAGE_TYPE_END + 1), bytes_of(data + 1, size - 1)) != VERDICT_OK) {
        return 0;
    }
    writer_init(&writer, again, sizeof again);
    message_encode(&message, &writer);
    check_same_bytes(&writer, data + 1, size - 1);
    CHECK(message_tail(&message).size < size);
    try_parts(&message);
    return 0;
}
