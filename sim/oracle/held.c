/* held.c: see held.h. Nothing that production concluded is asked: blocks are those that were executed, certificates those that can exist. */
#include "sim/oracle/held.h"

#include "base/assert.h"
#include "sim/oracle/proofs.h"

#define UNSAFE(oracle, ...) oracle_fail((oracle)->failure, FAILURE_SAFETY, __VA_ARGS__)

/* --- Proofs --------------------------------------------------------------------------------------------------------- */

static void look_at_cert(struct oracle *oracle, uint32_t member, const struct cert *cert)
{
    unsigned long long view = cert->ballot.rank.view, height = cert->ballot.rank.height;

    if (!member_set_is_within(&cert->signers.members, oracle->cast->config.members_count)) {
        UNSAFE(oracle, "I11: r%u holds a certificate of view %llu, height %llu that somebody signed who is no member", member, view, height);
    }

    if (!quorums_can_certify(&oracle->quorums, &cert->ballot)) {
        UNSAFE(oracle, "I11: r%u holds a certificate of view %llu, height %llu that no quorum voted for", member, view, height);
    }
    if (!seals_cert(&oracle->seals, cert)) {
        UNSAFE(oracle, "I11: r%u holds a certificate of view %llu, height %llu with a signature that is bad", member, view, height);
    }
}

/* look_at_block: what is proved is what was executed, where somebody has executed that height. */
static void look_at_block(const struct oracle *oracle, uint32_t member, uint64_t height, const struct hash32 *hash)
{
    bool known = height > 0 && height <= oracle->height;

    if (known && !hash_equal(&oracle->blocks[height].hash, hash)) {
        UNSAFE(oracle, "I1: r%u holds a proof of another block %llu than was executed", member, (unsigned long long)height);
    }
}

static void look_at_proof(struct oracle *oracle, uint32_t member, const struct commit_proof *proof)
{
    const char *wrong = proofs_commit(proof);

    if (wrong != NULL) {
        UNSAFE(oracle, "r%u holds a proof that proves nothing: %s", member, wrong);
        return;
    }
    look_at_cert(oracle, member, &proof->first);
    if (proof->first.ballot.kind != VOTE_COMMIT) {
        look_at_cert(oracle, member, &proof->second);
    }
    look_at_block(oracle, member, proof->first.ballot.rank.height, &proof->first.ballot.block);
}

void held_tc(const struct oracle *oracle, uint32_t member, const struct replica_status *status)
{
    struct rank high = status->high, least = status->tc_high;

    if (rank_compare(high, least) < 0) {
        UNSAFE(oracle, "T2: r%u holds a TC with a QC of view %llu, height %llu, and keeps one of view %llu, height %llu", member, (unsigned long long)least.view,
               (unsigned long long)least.height, (unsigned long long)high.view, (unsigned long long)high.height);
    }
}

void held_tip(struct held *held, struct oracle *oracle, uint32_t member, const struct commit_proof *proof)
{
    if (proof == NULL) {
        return;
    }
    bool alone = proof->first.ballot.kind == VOTE_COMMIT;
    bool seen = ballot_equal(&held->tip[0], &proof->first.ballot) && (alone || ballot_equal(&held->tip[1], &proof->second.ballot));
    if (!seen) {
        held->tip[0] = proof->first.ballot;
        held->tip[1] = alone ? proof->first.ballot : proof->second.ballot;
        look_at_proof(oracle, member, proof);
    }
}

/* leads_up: the headers of a proof lead from the block in question to the one that its certificates name. */
static bool leads_up(const struct commit_proof *proof, const struct block_header *header)
{
    struct hash32 hash = block_hash(header);
    struct block_header next;
    struct reader reader;

    reader_init(&reader, proof->headers.data, proof->headers.size);
    for (uint32_t i = 0; i < proof->headers_count; i++) {
        if (block_header_decode(&next, &reader) != VERDICT_OK || !hash_equal(&next.parent, &hash)) {
            return false;
        }
        hash = block_hash(&next);
    }
    return hash_equal(&hash, &proof->first.ballot.block);
}

void held_shown(struct oracle *oracle, uint32_t member, const struct block_header *header, struct bytes encoded)
{
    static struct commit_proof proof;
    struct hash32 hash = block_hash(header);
    struct reader reader;

    reader_init(&reader, encoded.data, encoded.size);
    if (commit_proof_decode(&proof, &reader) != VERDICT_OK || reader_end(&reader) != VERDICT_OK) {
        UNSAFE(oracle, "R5: r%u gives a client a proof of block %llu that nobody can read", member, (unsigned long long)header->height);
        return;
    }
    if (!leads_up(&proof, header)) {
        UNSAFE(oracle, "R5: r%u gives a client a proof of another block than %llu", member, (unsigned long long)header->height);
    }
    look_at_block(oracle, member, header->height, &hash);
    look_at_proof(oracle, member, &proof);
}

/* --- Logs ----------------------------------------------------------------------------------------------------------- */

/* is_kept: the log has a block in a segment that counts. An index that is full forgets the oldest records, and says nothing of them. */
static bool is_kept(const struct driver *driver, const struct hash32 *hash, uint32_t first_segment)
{
    const struct record_index *index = &driver->log.index;
    struct record_place place;

    if (!record_index_find(index, RECORD_BLOCK, hash, 0, &place)) {
        return index->last > index->count_max;
    }
    return place.segment >= first_segment;
}

/* look_at_log: each block above what snapshots hold is there, up to what is durably committed. Of a log in which something was found damaged nothing is said: it is mended (S5). */
static void look_at_log(const struct held *held, const struct oracle *oracle, uint32_t member, const struct driver *driver, uint32_t first_segment)
{
    uint64_t tip = driver->log.capsule_durable.committed_height, keep = driver->config.retention.keep_blocks;
    uint64_t above = driver->snapshots.older.set ? driver->snapshots.older.height : 0;

    uint64_t executed = held->executed > tip ? held->executed : tip;
    above = executed > keep && executed - keep < above ? executed - keep : executed > keep ? above : 0;
    tip = tip < oracle->height ? tip : oracle->height;
    above = above > held->from_height ? above : held->from_height;
    bool whole = driver->repair.count == 0 && driver->log.repairs.count == 0;
    for (uint64_t height = above + 1; whole && height <= tip; height++) {
        if (!is_kept(driver, &oracle->blocks[height].hash, first_segment)) {
            UNSAFE(oracle, "K2: the log of r%u has no block %llu, which only the snapshots after that of block %llu hold", member, (unsigned long long)height,
                   (unsigned long long)above);
            return;
        }
    }
}

static void note_executed(struct held *held, const struct driver *driver)
{
    held->executed = driver->apply.height > held->executed ? driver->apply.height : held->executed;
}

void held_began(struct held *held, struct oracle *oracle, uint32_t member, const struct driver *driver)
{
    uint64_t base = driver->has_base ? driver->base.header.height : 0;
    struct hash32 hash = driver->has_base ? block_hash(&driver->base.header) : (struct hash32){ { 0 } };
    bool fetched = driver->has_base && !is_kept(driver, &hash, driver->first_segment);

    note_executed(held, driver);
    held->from_height = fetched && base > held->from_height ? base : held->from_height;
    look_at_log(held, oracle, member, driver, driver->first_segment);
}

void held_based(const struct oracle *oracle, uint32_t member, const struct driver *driver, const struct superblock *saved)
{
    uint64_t base = driver->has_base ? driver->base.header.height : 0;

    if (!hash_is_zero(&saved->checkpoint_snapshot) && base != saved->checkpoint_height) {
        UNSAFE(oracle, "K2: r%u begins at block %llu, and its superblock names the snapshot of block %llu", member, (unsigned long long)base, (unsigned long long)saved->checkpoint_height);
    }
}

void held_way(const struct oracle *oracle, uint32_t member, const struct driver *driver, const struct timeout_cert *tc, uint32_t first_segment)
{
    struct record_place place;
    struct hash32 digest = timeout_cert_digest(tc);

    if (record_index_find(&driver->log.index, RECORD_CERTIFICATE, &digest, 0, &place) && place.segment < first_segment) {
        UNSAFE(oracle, "K2: the log of r%u lets go of segment %u, in which the TC stands that led into its view", member, place.segment);
    }
}

void held_named(const struct oracle *oracle, uint32_t member, const struct driver *driver, struct rank high, uint32_t first_segment)
{
    const struct capsule *promised = &driver->log.capsule_durable;
    const struct hash32 *digest = &promised->high_digest;
    struct record_place place;

    bool newest = rank_compare(high, (struct rank){ promised->high_view, promised->high_height }) == 0; /* else later blocks in the log show it to be the older one */
    if (newest && !hash_is_zero(digest) && record_index_find(&driver->log.index, RECORD_CERTIFICATE, digest, 0, &place) && place.segment < first_segment) {
        UNSAFE(oracle, "K2: the log of r%u lets go of segment %u, in which the high QC stands that its newest promise names", member, place.segment);
    }
}

void held_evidence(const struct oracle *oracle, uint32_t member, const struct driver *driver)
{
    const struct record_index *index = &driver->log.index;
    uint64_t kept = index->last < index->count_max ? index->last : index->count_max;
    bool found = index->last > index->count_max;

    for (uint64_t i = 0; i < kept && !found; i++) {
        found = index->entries[(index->last - i) & (index->count_max - 1)].kind == RECORD_EVIDENCE;
    }
    if (!found) {
        UNSAFE(oracle, "evidence: r%u has found somebody out who voted twice, and its log does not say so", member);
    }
}

void held_slots(const struct oracle *oracle, uint32_t member, const struct snapshots *snapshots)
{
    uint32_t slot = snapshots->stage != SNAPSHOTS_IDLE ? snapshots->making.slot : snapshots->lent;

    for (uint32_t i = 0; i < 2 && slot < SNAPSHOT_SLOTS; i++) {
        const struct snapshots_entry *kept = i == 0 ? &snapshots->newest : &snapshots->older;
        if (kept->set && kept->slot == slot) {
            UNSAFE(oracle, "K2: r%u writes a snapshot over that of block %llu, up to which its log may go", member, (unsigned long long)kept->height);
        }
    }
}

void held_saved(struct held *held, struct oracle *oracle, uint32_t member, const struct driver *driver, const struct superblock *saved)
{
    ASSERT(saved->first_segment >= 1);
    note_executed(held, driver);
    if (saved->sequence != held->saved) {
        held->saved = saved->sequence;
        look_at_log(held, oracle, member, driver, saved->first_segment);
    }
}
