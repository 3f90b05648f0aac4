/* quorums.c: see quorums.h. Invariant: whatever is in `committed` has its ancestors there too, as far as their headers were shown. */
#include "sim/oracle/quorums.h"

#include "base/assert.h"

enum topic { TOPIC_VOTE = 1, TOPIC_TIMEOUT, TOPIC_PARENT, TOPIC_COMMITTED, TOPIC_STATED };

static uint64_t digest_of(const struct hash32 *hash)
{
    return fact_digest(hash->bytes, HASH_BYTES);
}

/* quorums_size counts instead of dividing: so many that two sets of them overlap in f + 1 of n. */
uint32_t quorums_size(uint32_t members_count)
{
    uint32_t faults = 0, quorum = 1;

    while (3 * (faults + 1) < members_count) {
        faults++;
    }
    while (2 * quorum < members_count + faults + 1) {
        quorum++;
    }
    return quorum;
}

void quorums_init(struct quorums *quorums, uint32_t members_count, const struct member_set *liars, const struct hash32 *chain_id)
{
    *quorums = (struct quorums){ .on = members_count <= QUORUMS_MEMBERS_MAX, .members_count = members_count, .quorum = quorums_size(members_count),
        .liars = liars->words[0], .root = digest_of(chain_id) };
    facts_init(&quorums->said);
    facts_init(&quorums->stated);
    facts_init(&quorums->parents);
    facts_init(&quorums->committed);
    (void)facts_keep(&quorums->committed, fact_name(TOPIC_COMMITTED, digest_of(chain_id), 0, 0), 1);
}

void quorums_close(struct quorums *quorums)
{
    facts_close(&quorums->said);
    facts_close(&quorums->stated);
    facts_close(&quorums->parents);
    facts_close(&quorums->committed);
    *quorums = (struct quorums){ 0 };
}

static uint64_t vote_name(enum vote_kind kind, struct rank rank, uint64_t block)
{
    return fact_name((uint64_t)TOPIC_VOTE << 32 | (uint64_t)kind, rank.view, rank.height, block);
}

static uint64_t name_of(const struct ballot *ballot)
{
    return vote_name(ballot->kind, ballot->rank, digest_of(&ballot->block)) ^ ballot->epoch;
}

static bool is_quorum(const struct quorums *quorums, uint64_t who)
{
    return (uint32_t)__builtin_popcountll(who | quorums->liars) >= quorums->quorum;
}

/* has_qc tells whether a block can have a QC at a rank, of either kind. */
static bool has_qc(const struct quorums *quorums, uint64_t epoch, struct rank rank, uint64_t block)
{
    return is_quorum(quorums, facts_find(&quorums->said, vote_name(VOTE_FOLLOWING, rank, block) ^ epoch)) ||
           is_quorum(quorums, facts_find(&quorums->said, vote_name(VOTE_OPENING, rank, block) ^ epoch));
}

static uint64_t parent_of(const struct quorums *quorums, uint64_t block)
{
    return facts_find(&quorums->parents, fact_name(TOPIC_PARENT, block, 0, 0));
}

/* commit notes a block and all its ancestors. */
static void commit(struct quorums *quorums, uint64_t block)
{
    while (block != 0 && facts_find(&quorums->committed, fact_name(TOPIC_COMMITTED, block, 0, 0)) == 0) {
        (void)facts_keep(&quorums->committed, fact_name(TOPIC_COMMITTED, block, 0, 0), 1);
        block = parent_of(quorums, block);
    }
}

/* conclude applies C1 and C2 to what can be certified now. */
static void conclude(struct quorums *quorums, const struct ballot *ballot)
{
    uint64_t block = digest_of(&ballot->block);

    if (ballot->kind == VOTE_COMMIT) {
        commit(quorums, block);
    } else if (ballot->kind == VOTE_FOLLOWING && ballot->rank.height > 0) {
        uint64_t parent = parent_of(quorums, block);
        struct rank below = { ballot->rank.view, ballot->rank.height - 1 };
        if (parent != 0 && has_qc(quorums, ballot->epoch, below, parent)) {
            commit(quorums, parent);
        }
    }
}

void quorums_header(struct quorums *quorums, const struct block_header *header)
{
    struct hash32 hash = block_hash(header);

    (void)facts_keep(&quorums->parents, fact_name(TOPIC_PARENT, digest_of(&hash), 0, 0), digest_of(&header->parent));
}

void quorums_voted(struct quorums *quorums, uint32_t member, const struct ballot *ballot)
{
    ASSERT(member < quorums->members_count);
    if (!quorums->on) {
        return;
    }
    uint64_t who = facts_join(&quorums->said, name_of(ballot), UINT64_C(1) << member);
    if (is_quorum(quorums, who)) {
        conclude(quorums, ballot);
    }
}

static uint64_t timeout_name(uint64_t view, struct rank rank)
{
    return fact_name((uint64_t)TOPIC_TIMEOUT << 32, view, rank.view, rank.height);
}

/* rank_number orders ranks as they are ordered. Gives: never 0. */
static uint64_t rank_number(struct rank rank)
{
    return (rank.view << 32 | (rank.height & UINT32_MAX)) + 1;
}

void quorums_timed_out(struct quorums *quorums, uint32_t member, uint64_t view, struct rank rank)
{
    ASSERT(member < quorums->members_count);
    if (quorums->on) {
        (void)facts_join(&quorums->said, timeout_name(view, rank), UINT64_C(1) << member);
        (void)facts_keep(&quorums->stated, fact_name(TOPIC_STATED, view, member, 0), rank_number(rank)); /* What it states later is no lower (I6). */
    }
}

bool quorums_can_follow(const struct quorums *quorums, uint64_t epoch, struct rank below, uint64_t parent)
{
    bool root = epoch == 0 && below.view == 0 && below.height == 0 && parent == quorums->root;

    return !quorums->on || root || has_qc(quorums, epoch, below, parent);
}

/* rank_below gives the highest rank at which a block can have a QC in a view below this one, as a number. Gives: 0 when there is none. */
static uint64_t rank_below(const struct quorums *quorums, const struct ballot *opening)
{
    uint64_t block = digest_of(&opening->block);

    for (uint64_t view = opening->rank.view; view > 0; view--) {
        struct rank rank = { view - 1, opening->rank.height };
        if (has_qc(quorums, opening->epoch, rank, block)) {
            return rank_number(rank);
        }
    }
    return block == quorums->root ? rank_number((struct rank){ 0, 0 }) : 0;
}

bool quorums_can_open(const struct quorums *quorums, const struct ballot *opening)
{
    uint64_t most = quorums->on && opening->rank.view > 0 ? rank_below(quorums, opening) : 0;
    uint32_t count = 0;

    for (uint32_t member = 0; member < quorums->members_count && most > 0; member++) {
        uint64_t stated = facts_find(&quorums->stated, fact_name(TOPIC_STATED, opening->rank.view - 1, member, 0));
        count += (quorums->liars >> member & 1) != 0 || (stated > 0 && stated <= most) ? 1 : 0;
    }
    return !quorums->on || count >= quorums->quorum;
}

bool quorums_can_certify(const struct quorums *quorums, const struct ballot *ballot)
{
    return !quorums->on || ballot->kind == VOTE_ROOT || is_quorum(quorums, facts_find(&quorums->said, name_of(ballot)));
}

bool quorums_can_end(const struct quorums *quorums, const struct timeout_cert *tc)
{
    uint32_t place = 0;

    if (!quorums->on) {
        return true;
    }
    for (uint32_t member = 0; member < quorums->members_count; member++) {
        if (!member_set_has(&tc->signers.members, member)) {
            continue;
        }
        uint64_t who = facts_find(&quorums->said, timeout_name(tc->view, tc->ranks[place])) | quorums->liars;
        if ((who >> member & 1) == 0 || rank_compare(tc->high.ballot.rank, tc->ranks[place]) < 0) {
            return false;
        }
        place++;
    }
    return place == quorums->quorum;
}

bool quorums_can_commit(const struct quorums *quorums, const struct hash32 *block)
{
    return !quorums->on || facts_find(&quorums->committed, fact_name(TOPIC_COMMITTED, digest_of(block), 0, 0)) != 0;
}
