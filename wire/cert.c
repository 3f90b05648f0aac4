/* cert.c: see cert.h. A decoder bounds the number of signatures by QUORUM_MAX before it reads one (certificates of strangers cannot grow). */
#include "wire/cert.h"

#include "base/assert.h"
#include "wire/block.h"

#include <string.h>

_Static_assert(QUORUM_MAX == (MEMBERS_MAX + (MEMBERS_MAX - 1) / 3) / 2 + 1, "the quorum of the largest epoch");
_Static_assert(BALLOT_BYTES == 1 + 8 + 16 + HASH_BYTES, "kind, epoch, rank, block");
_Static_assert(CHECKPOINT_BYTES == 16 + 4 * HASH_BYTES, "epoch, height, four hashes");

void signers_add(struct signers *signers, uint32_t member, const uint8_t signature[64])
{
    uint32_t count = member_set_count(&signers->members);
    uint32_t place = member_set_rank(&signers->members, member);

    ASSERT(!member_set_has(&signers->members, member));
    ASSERT(count < QUORUM_MAX);
    memmove(signers->signatures[place + 1 < QUORUM_MAX ? place + 1 : place], signers->signatures[place], (size_t)(count - place) * 64);
    memcpy(signers->signatures[place], signature, 64);
    member_set_add(&signers->members, member);
}

static void signers_copy(struct signers *to, const struct signers *from)
{
    uint32_t count = member_set_count(&from->members);

    ASSERT(count <= QUORUM_MAX);
    to->members = from->members;
    memmove(to->signatures, from->signatures, (size_t)count * 64);
}

static void signers_encode(const struct signers *signers, struct writer *writer)
{
    uint32_t count = member_set_count(&signers->members);

    ASSERT(count <= QUORUM_MAX);
    member_set_encode(&signers->members, writer);
    write_run(writer, signers->signatures, (size_t)count * 64);
}

static enum verdict signers_decode(struct signers *signers, struct reader *reader)
{
    member_set_decode(&signers->members, reader);
    uint32_t count = member_set_count(&signers->members);
    if (count > QUORUM_MAX) {
        return VERDICT_QUORUM;
    }
    read_copy(reader, signers->signatures, (size_t)count * 64);
    return reader->failed ? VERDICT_SHORT : VERDICT_OK;
}

void cert_copy(struct cert *to, const struct cert *from)
{
    to->ballot = from->ballot;
    signers_copy(&to->signers, &from->signers);
}

void timeout_cert_copy(struct timeout_cert *to, const struct timeout_cert *from)
{
    uint32_t count = member_set_count(&from->signers.members);

    to->epoch = from->epoch;
    to->view = from->view;
    signers_copy(&to->signers, &from->signers);
    memmove(to->ranks, from->ranks, (size_t)count * sizeof from->ranks[0]);
    cert_copy(&to->high, &from->high);
}

void cert_root(struct cert *cert, uint64_t epoch, uint64_t height, const struct hash32 *block)
{
    cert->ballot = (struct ballot){ .kind = VOTE_ROOT, .epoch = epoch, .rank = { .height = height }, .block = *block };
    cert->signers.members = (struct member_set){ { 0 } };
}

void cert_encode(const struct cert *cert, struct writer *writer)
{
    ballot_encode(&cert->ballot, writer);
    signers_encode(&cert->signers, writer);
}

enum verdict cert_decode(struct cert *cert, struct reader *reader)
{
    enum verdict verdict = ballot_decode(&cert->ballot, reader);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    verdict = signers_decode(&cert->signers, reader);
    if (verdict == VERDICT_OK && cert->ballot.kind == VOTE_ROOT) {
        bool bare = member_set_is_empty(&cert->signers.members);
        return bare && cert->ballot.rank.view == 0 ? VERDICT_OK : VERDICT_RANGE;
    }
    return verdict;
}

void timeout_cert_encode(const struct timeout_cert *cert, struct writer *writer)
{
    uint32_t count = member_set_count(&cert->signers.members);

    write_u64_le(writer, cert->epoch);
    write_u64_le(writer, cert->view);
    signers_encode(&cert->signers, writer);
    for (uint32_t i = 0; i < count; i++) {
        rank_encode(cert->ranks[i], writer);
    }
    cert_encode(&cert->high, writer);
}

enum verdict timeout_cert_decode(struct timeout_cert *cert, struct reader *reader)
{
    cert->epoch = read_u64_le(reader);
    cert->view = read_u64_le(reader);
    enum verdict verdict = signers_decode(&cert->signers, reader);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    uint32_t count = member_set_count(&cert->signers.members);
    for (uint32_t i = 0; i < count && verdict == VERDICT_OK; i++) {
        verdict = rank_decode(&cert->ranks[i], reader);
    }
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (cert->epoch > WIRE_NUMBER_MAX || cert->view > WIRE_NUMBER_MAX) {
        return VERDICT_RANGE;
    }
    return cert_decode(&cert->high, reader);
}

void checkpoint_cert_encode(const struct checkpoint_cert *cert, struct writer *writer)
{
    checkpoint_encode(&cert->checkpoint, writer);
    signers_encode(&cert->signers, writer);
}

enum verdict checkpoint_cert_decode(struct checkpoint_cert *cert, struct reader *reader)
{
    enum verdict verdict = checkpoint_decode(&cert->checkpoint, reader);

    return verdict == VERDICT_OK ? signers_decode(&cert->signers, reader) : verdict;
}

static enum verdict signers_check(const struct signers *signers, const struct config *config)
{
    if (!member_set_is_within(&signers->members, config->members_count)) {
        return VERDICT_MEMBER;
    }
    return member_set_count(&signers->members) == config_quorum(config->members_count) ? VERDICT_OK : VERDICT_QUORUM;
}

enum verdict cert_check(const struct cert *cert, const struct config *config)
{
    if (cert->ballot.kind == VOTE_ROOT) {
        return VERDICT_TYPE;
    }
    if (cert->ballot.epoch != config->epoch) {
        return VERDICT_EPOCH;
    }
    return signers_check(&cert->signers, config);
}

enum verdict timeout_cert_check(const struct timeout_cert *cert, const struct config *config)
{
    const struct ballot *high = &cert->high.ballot;
    struct rank highest = { 0 };

    if (cert->epoch != config->epoch || high->epoch != config->epoch) {
        return VERDICT_EPOCH;
    }
    enum verdict verdict = signers_check(&cert->signers, config);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    for (uint32_t i = 0; i < config_quorum(config->members_count); i++) {
        highest = rank_max(highest, cert->ranks[i]);
    }
    if (rank_compare(high->rank, highest) != 0 || high->rank.view > cert->view) {
        return VERDICT_RANGE;
    }
    if (high->kind == VOTE_COMMIT) {
        return VERDICT_TYPE;
    }
    return high->kind == VOTE_ROOT ? VERDICT_OK : cert_check(&cert->high, config);
}

enum verdict checkpoint_cert_check(const struct checkpoint_cert *cert, const struct config *config)
{
    return cert->checkpoint.epoch == config->epoch ? signers_check(&cert->signers, config) : VERDICT_EPOCH;
}

/* Walks the members in ascending order; digests advance by `stride`, 0 when all signed the same. */
static uint32_t signers_items(const struct signers *signers, const struct config *config, const struct hash32 *digests, uint32_t stride, struct sig_item *items)
{
    uint32_t count = 0;

    for (uint32_t member = 0; member < config->members_count; member++) {
        if (member_set_has(&signers->members, member)) {
            ASSERT(count < QUORUM_MAX);
            items[count] = (struct sig_item){ .key = config->members[member].sign_key, .digest = digests[count * stride].bytes, .signature = signers->signatures[count] };
            count++;
        }
    }
    return count;
}

uint32_t cert_items(const struct cert *cert, const struct config *config, const struct hash32 *chain_id, struct hash32 *digest, struct sig_item *items)
{
    *digest = ballot_digest(chain_id, &cert->ballot);
    return signers_items(&cert->signers, config, digest, 0, items);
}

uint32_t timeout_cert_items(const struct timeout_cert *cert, const struct config *config, const struct hash32 *chain_id, struct hash32 digests[QUORUM_MAX], struct sig_item *items)
{
    uint32_t count = member_set_count(&cert->signers.members);

    ASSERT(count <= QUORUM_MAX);
    for (uint32_t i = 0; i < count; i++) {
        digests[i] = timeout_digest(chain_id, cert->epoch, cert->view, cert->ranks[i]);
    }
    return signers_items(&cert->signers, config, digests, 1, items);
}

uint32_t checkpoint_cert_items(const struct checkpoint_cert *cert, const struct config *config, const struct hash32 *chain_id, struct hash32 *digest, struct sig_item *items)
{
    *digest = checkpoint_digest(chain_id, &cert->checkpoint);
    return signers_items(&cert->signers, config, digest, 0, items);
}

static void hash_signers(struct hasher *hasher, const struct signers *signers)
{
    uint8_t bitmap[MEMBER_BITMAP_BYTES];
    struct writer writer;

    writer_init(&writer, bitmap, sizeof bitmap);
    member_set_encode(&signers->members, &writer);
    ASSERT(!writer.failed);
    hash_update(hasher, bitmap, sizeof bitmap);
    hash_update(hasher, signers->signatures, (size_t)member_set_count(&signers->members) * 64);
}

static void hash_cert(struct hasher *hasher, const struct cert *cert)
{
    uint8_t ballot[BALLOT_BYTES];
    struct writer writer;

    writer_init(&writer, ballot, sizeof ballot);
    ballot_encode(&cert->ballot, &writer);
    ASSERT(writer.offset == BALLOT_BYTES);
    hash_update(hasher, ballot, sizeof ballot);
    hash_signers(hasher, &cert->signers);
}

struct hash32 cert_digest(const struct cert *cert)
{
    struct hasher hasher;

    hash_init(&hasher, HASH_FOLD);
    hash_cert(&hasher, cert);
    return hash_final(&hasher);
}

struct hash32 timeout_cert_digest(const struct timeout_cert *cert)
{
    struct hasher hasher;

    hash_init(&hasher, HASH_FOLD);
    hash_update_u64(&hasher, cert->epoch);
    hash_update_u64(&hasher, cert->view);
    hash_signers(&hasher, &cert->signers);
    for (uint32_t i = 0; i < member_set_count(&cert->signers.members); i++) {
        hash_update_u64(&hasher, cert->ranks[i].view);
        hash_update_u64(&hasher, cert->ranks[i].height);
    }
    hash_cert(&hasher, &cert->high);
    return hash_final(&hasher);
}
