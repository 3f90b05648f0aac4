/* seals.c: see seals.h. */
#include "sim/oracle/seals.h"

#include "base/assert.h"

void seals_init(struct seals *seals, const struct config *config, const struct hash32 *chain_id)
{
    *seals = (struct seals){ .config = config, .chain_id = *chain_id };
    facts_init(&seals->seen);
}

void seals_close(struct seals *seals)
{
    facts_close(&seals->seen);
    *seals = (struct seals){ 0 };
}

/* name_of names a certificate by what is signed and by its signatures. */
static uint64_t name_of(const struct signers *signers, uint64_t what)
{
    return fact_name(what, fact_digest(&signers->members, sizeof signers->members), fact_digest(signers->signatures, (size_t)member_set_count(&signers->members) * 64), 0);
}

static uint64_t judge(struct seals *seals, const struct sig_item *items, uint32_t count)
{
    uint64_t good = 1;

    for (uint32_t i = 0; i < count; i++) {
        good = seals->verify(seals->context, &items[i]) ? good : 2;
    }
    return good;
}

bool seals_cert(struct seals *seals, const struct cert *cert)
{
    struct sig_item items[QUORUM_MAX];
    struct hash32 digest;

    if (seals->verify == NULL || cert->ballot.kind == VOTE_ROOT) {
        return true;
    }
    ASSERT(member_set_count(&cert->signers.members) <= QUORUM_MAX);
    uint64_t what = fact_name(cert->ballot.kind, cert->ballot.rank.view, cert->ballot.rank.height, fact_digest(cert->ballot.block.bytes, HASH_BYTES));
    uint64_t name = name_of(&cert->signers, what ^ cert->ballot.epoch), known = facts_find(&seals->seen, name);
    if (known == 0) {
        uint32_t count = cert_items(cert, seals->config, &seals->chain_id, &digest, items);
        known = facts_keep(&seals->seen, name, judge(seals, items, count));
    }
    return known == 1;
}

bool seals_tc(struct seals *seals, const struct timeout_cert *tc)
{
    static struct hash32 digests[QUORUM_MAX];
    struct sig_item items[QUORUM_MAX];

    if (seals->verify == NULL) {
        return true;
    }
    uint32_t signers = member_set_count(&tc->signers.members);
    ASSERT(signers <= QUORUM_MAX);
    uint64_t name = name_of(&tc->signers, fact_name(tc->epoch, tc->view, fact_digest(tc->ranks, signers * sizeof tc->ranks[0]), 1));
    uint64_t known = facts_find(&seals->seen, name);
    if (known == 0) {
        uint32_t count = timeout_cert_items(tc, seals->config, &seals->chain_id, digests, items);
        known = facts_keep(&seals->seen, name, judge(seals, items, count));
    }
    return known == 1;
}

bool seals_checkpoint(struct seals *seals, const struct checkpoint_cert *cert)
{
    const struct checkpoint *checkpoint = &cert->checkpoint;
    struct sig_item items[QUORUM_MAX];
    struct hash32 digest;

    if (seals->verify == NULL) {
        return true;
    }
    ASSERT(member_set_count(&cert->signers.members) <= QUORUM_MAX);
    uint64_t what = fact_name(checkpoint->height, fact_digest(checkpoint->block.bytes, HASH_BYTES), fact_digest(checkpoint->state_root.bytes, HASH_BYTES),
                              fact_digest(checkpoint->receipts_root.bytes, HASH_BYTES));
    uint64_t name = name_of(&cert->signers, fact_name(what, checkpoint->epoch, fact_digest(checkpoint->config_hash.bytes, HASH_BYTES), 0)), known = facts_find(&seals->seen, name);
    if (known == 0) {
        uint32_t count = checkpoint_cert_items(cert, seals->config, &seals->chain_id, &digest, items);
        known = facts_keep(&seals->seen, name, judge(seals, items, count));
    }
    return known == 1;
}
