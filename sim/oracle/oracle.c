/* oracle.c: see oracle.h. Invariant: nothing here changes what a replica does. */
#include "sim/oracle/oracle.h"

#include "base/assert.h"
#include "sim/oracle/choices.h"
#include "sim/oracle/digests.h"
#include "sim/oracle/proofs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum topic { TOPIC_VOTE = 1, TOPIC_COMMITVOTE, TOPIC_CERTIFIED };

#define REPEATS_MAX 1000u /* Q1: of one vote or timeout; a night of outage takes some dozens */

void oracle_init(struct oracle *oracle, const struct cast *cast, struct failure *failure)
{
    *oracle = (struct oracle){ .cast = cast, .failure = failure, .capacity = 1024 };
    oracle->blocks = calloc(oracle->capacity, sizeof *oracle->blocks);
    oracle->frame = malloc(FRAME_BYTES_MAX);
    guard_open(&oracle->decoded, sizeof *oracle->message);
    oracle->message = (struct message *)(void *)guard_end(&oracle->decoded, sizeof *oracle->message);
    ASSERT(oracle->blocks != NULL);
    ASSERT(oracle->frame != NULL);
    oracle->blocks[0].hash = cast->chain_id;
    facts_init(&oracle->ballots);
    facts_init(&oracle->certified);
    facts_init(&oracle->times);
    facts_init(&oracle->repeats);
    facts_init(&oracle->spoiled);
    commands_init(&oracle->commands, cast, failure);
    facts_init(&oracle->said_twice);
    oracle->promises.failure = failure;
    vows_init(&oracle->vows, failure);
    seals_init(&oracle->seals, &cast->config, &cast->chain_id);
    lineage_init(&oracle->lineage, &cast->chain_id);
    for (uint32_t i = 0; i < MEMBERS_MAX; i++) {
        oracle->members[i] = (struct oracle_member){ .timeout_view = -1, .led_now = -1, .led_before = -1 };
    }
}

void oracle_close(struct oracle *oracle)
{
    free(oracle->blocks);
    free(oracle->frame);
    guard_close(&oracle->decoded);
    facts_close(&oracle->ballots);
    facts_close(&oracle->certified);
    facts_close(&oracle->times);
    facts_close(&oracle->repeats);
    facts_close(&oracle->spoiled);
    commands_close(&oracle->commands);
    facts_close(&oracle->said_twice);
    lineage_close(&oracle->lineage);
    seals_close(&oracle->seals);
    if (oracle->quorums.on) {
        quorums_close(&oracle->quorums);
    }
    *oracle = (struct oracle){ 0 };
}

/* member_of gives the member whose server sits there. */
static uint32_t member_of(const struct oracle *oracle, uint32_t seat)
{
    return oracle->seats == NULL ? seat : oracle->seats->members[seat];
}

void oracle_watch(struct oracle *oracle, const struct seats *seats, const struct member_set *liars, bool (*verify)(void *context, const struct sig_item *item), void *context)
{
    oracle->seats = seats;
    oracle->liars = *liars;
    oracle->verify = verify;
    oracle->verify_context = context;
    oracle->commands.verify = verify;
    oracle->commands.verify_context = context;
    oracle->seals.verify = verify;
    oracle->seals.context = context;
    if (oracle->cast->config.members_count <= QUORUMS_MEMBERS_MAX) {
        quorums_init(&oracle->quorums, oracle->cast->config.members_count, liars, &oracle->cast->chain_id);
    }
}

void oracle_durable(struct oracle *oracle, const struct capsule *(*durable)(void *context, uint32_t seat), bool (*holds)(void *context, uint32_t seat, const struct ballot *ballot), void *context)
{
    oracle->promises.durable = durable;
    oracle->promises.holds = holds;
    oracle->promises.context = context;
}

void oracle_clock(struct oracle *oracle, uint64_t wall_ms, uint64_t true_ms)
{
    oracle->wall_ms_now = wall_ms < true_ms ? wall_ms : true_ms;
    oracle->wall_ms_most = wall_ms > oracle->wall_ms_most ? wall_ms : oracle->wall_ms_most;
}

void oracle_header(struct oracle *oracle, const struct block_header *header)
{
    struct hash32 hash = block_hash(header);

    (void)facts_keep(&oracle->times, fact_digest(hash.bytes, HASH_BYTES), header->time_ms | 1);
    lineage_header(&oracle->lineage, header);
    if (oracle->quorums.on) {
        quorums_header(&oracle->quorums, header);
    }
}

void oracle_fail(struct failure *failure, enum failure_kind kind, const char *format, ...)
{
    va_list arguments;

    if (failure->kind != FAILURE_NONE) {
        return;
    }
    failure->kind = kind;
    va_start(arguments, format);
    vsnprintf(failure->text, sizeof failure->text, format, arguments);
    va_end(arguments);
}

#define UNSAFE(oracle, ...) oracle_fail((oracle)->failure, FAILURE_SAFETY, __VA_ARGS__)

/* --- Votes and certificates ----------------------------------------------------------------------------------------- */

static uint64_t ballot_value(const struct ballot *ballot)
{
    uint8_t bytes[BALLOT_BYTES];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    ballot_encode(ballot, &writer);
    return fact_digest(bytes, writer.offset);
}

/* note_ballot remembers whom a member chose. Source: I3; a COMMITVOTE is likewise for one block of a (view, height). */
static void note_ballot(struct oracle *oracle, uint32_t member, const struct ballot *ballot)
{
    bool commit = ballot->kind == VOTE_COMMIT;
    uint64_t topic = (uint64_t)(commit ? TOPIC_COMMITVOTE : TOPIC_VOTE) << 32 | member;
    uint64_t name = fact_name(topic, ballot->epoch, ballot->rank.view, ballot->rank.height), value = ballot_value(ballot);

    if (member_set_has(&oracle->liars, member) || oracle->members[member].excused) {
        return;
    }
    if (facts_keep(&oracle->ballots, name, value) != value) {
        UNSAFE(oracle, "I3: r%u gave two different %s at view %llu, height %llu", member, commit ? "commit votes" : "votes",
               (unsigned long long)ballot->rank.view, (unsigned long long)ballot->rank.height);
    }
}

/* note_unseen: the vote of a leader for its own block shows in certificates alone; its log must know it as well. Source: I8. */
static void note_unseen(struct oracle *oracle, const struct cert *cert)
{
    uint32_t leader = config_leader(&oracle->cast->config, cert->ballot.rank.view);
    struct oracle_member *member = &oracle->members[leader];
    bool signs = !member->wiped && cert->ballot.kind != VOTE_COMMIT && member_set_has(&cert->signers.members, leader) && !member_set_has(&oracle->liars, leader);

    if (signs && oracle->quorums.on && (member->vote_digest == 0 || rank_compare(cert->ballot.rank, member->vote) > 0)) {
        member->vote = cert->ballot.rank;
        member->vote_block = cert->ballot.block;
        member->vote_digest = ballot_value(&cert->ballot);
    }
}

/* is_bound tells whether a member that signed a certificate is held to it by its log: it is no liar, has one server, and never lost its disk. */
static bool is_bound(const struct oracle *oracle, const struct member_set *signers, uint32_t member)
{
    return member_set_has(signers, member) && !member_set_has(&oracle->liars, member) && !oracle->members[member].wiped;
}

/* note_signers: whoever signed a certificate chose so, once, and its log holds it. Source: I3, I8. */
static void note_signers(struct oracle *oracle, const struct cert *cert)
{
    for (uint32_t i = 0; i < oracle->cast->config.members_count; i++) {
        if (member_set_has(&cert->signers.members, i)) {
            note_ballot(oracle, i, &cert->ballot);
        }
        if (is_bound(oracle, &cert->signers.members, i)) {
            promises_ballot(&oracle->promises, i, &cert->ballot);
            vows_seen(&oracle->vows, i, cert->ballot.rank.view);
        }
    }
}

/* note_members: whoever signed a certificate is a member. Source: I11. */
static void note_members(const struct oracle *oracle, uint32_t from, const struct member_set *signers)
{
    for (uint32_t i = oracle->cast->config.members_count; i < MEMBERS_MAX; i++) {
        if (member_set_has(signers, i)) {
            UNSAFE(oracle, "I11: r%u shows a certificate that number %u signed, who is no member", from, i);
        }
    }
}

/* note_cert looks at a certificate on the network. */
static void note_cert(struct oracle *oracle, uint32_t from, const struct cert *cert)
{
    const struct ballot *ballot = &cert->ballot;

    if (ballot->kind == VOTE_ROOT) {
        return;
    }
    note_members(oracle, from, &cert->signers.members);
    if (member_set_count(&cert->signers.members) != quorums_size(oracle->cast->config.members_count)) {
        UNSAFE(oracle, "I11: r%u shows a certificate of %u members", from, member_set_count(&cert->signers.members));
    }
    if (!quorums_can_certify(&oracle->quorums, ballot)) {
        UNSAFE(oracle, "I11: r%u shows a certificate of view %llu, height %llu that no quorum voted for", from, (unsigned long long)ballot->rank.view,
               (unsigned long long)ballot->rank.height);
    }
    uint64_t name = fact_name(TOPIC_CERTIFIED, ballot->epoch, ballot->rank.view, ballot->rank.height);
    uint64_t value = fact_digest(ballot->block.bytes, HASH_BYTES);
    if (facts_keep(&oracle->certified, name, value) != value) {
        UNSAFE(oracle, "I4: two blocks are certified at view %llu, height %llu", (unsigned long long)ballot->rank.view, (unsigned long long)ballot->rank.height);
    }
    if (!lineage_certified(&oracle->lineage, ballot)) {
        UNSAFE(oracle, "%s: view %llu, height %llu", oracle->lineage.broken, (unsigned long long)oracle->lineage.view, (unsigned long long)oracle->lineage.height);
    }
    if (!seals_cert(&oracle->seals, cert)) {
        UNSAFE(oracle, "I11: r%u shows a certificate of view %llu, height %llu with a signature that is bad", from, (unsigned long long)ballot->rank.view,
               (unsigned long long)ballot->rank.height);
    }
    note_signers(oracle, cert);
    note_unseen(oracle, cert);
}

/* note_twin counts where the two servers of a twin contradict each other: that is what twins are for. */
static void note_twin(struct oracle *oracle, uint32_t from, const struct ballot *ballot)
{
    uint64_t topic = (uint64_t)(ballot->kind == VOTE_COMMIT ? TOPIC_COMMITVOTE : TOPIC_VOTE) << 32 | member_of(oracle, from);
    uint64_t value = ballot_value(ballot);

    if (oracle->seats != NULL && seats_is_twin(oracle->seats, from)) {
        oracle->conflicts += facts_keep(&oracle->said_twice, fact_name(topic, ballot->epoch, ballot->rank.view, ballot->rank.height), value) != value ? 1 : 0;
    }
}

/* note_leader_vote: a leader's own votes do not leave it. It stands by what it proposes, and by what it asks commit votes for. */
static void note_leader_vote(struct oracle *oracle, uint32_t from, enum vote_kind kind, uint64_t view, const struct ballot *about)
{
    struct ballot ballot = { kind, about->epoch, { view, about->rank.height }, about->block };

    note_twin(oracle, from, &ballot);
    if (oracle->quorums.on) {
        quorums_voted(&oracle->quorums, member_of(oracle, from), &ballot);
    }
}

/* note_high: whoever holds a TC holds the QC in it; without that it is none, so what it states is no lower. Of words alone that leave as soon as they are said: no TIMEOUT does. Source: T2, I6. */
static void note_high(struct oracle *oracle, uint32_t from, struct rank high)
{
    struct rank shown = oracle->members[from].shown;

    if (rank_compare(high, shown) < 0) {
        UNSAFE(oracle, "T2: r%u states a high QC of view %llu, height %llu, but showed a TC with one of view %llu, height %llu", from, (unsigned long long)high.view,
               (unsigned long long)high.height, (unsigned long long)shown.view, (unsigned long long)shown.height);
    }
}

static void note_tc(struct oracle *oracle, uint32_t from, const struct timeout_cert *tc)
{
    oracle->members[from].shown = rank_max(oracle->members[from].shown, tc->high.ballot.rank);
    note_cert(oracle, from, &tc->high);
    note_members(oracle, from, &tc->signers.members);
    if (!quorums_can_end(&oracle->quorums, tc)) {
        UNSAFE(oracle, "T2: r%u shows a TC of view %llu that no quorum stands behind", from, (unsigned long long)tc->view);
    }
    if (!seals_tc(&oracle->seals, tc)) {
        UNSAFE(oracle, "T2: r%u shows a TC of view %llu with a signature that is bad", from, (unsigned long long)tc->view);
    }
    uint32_t place = 0;
    for (uint32_t i = 0; i < oracle->cast->config.members_count; i++) {
        if (is_bound(oracle, &tc->signers.members, i)) {
            promises_timeout(&oracle->promises, i, tc->epoch, tc->view, tc->ranks[place]);
        }
        place += member_set_has(&tc->signers.members, i) ? 1 : 0;
    }
}

static void note_proof(struct oracle *oracle, uint32_t from, const struct commit_proof *proof)
{
    const char *wrong = proofs_commit(proof);

    if (wrong != NULL) {
        UNSAFE(oracle, "r%u shows a proof that proves nothing: %s", from, wrong);
    }
    note_cert(oracle, from, &proof->first);
    if (proof->first.ballot.kind != VOTE_COMMIT) {
        note_cert(oracle, from, &proof->second);
    }
}

static void note_timeout(struct oracle *oracle, uint32_t from, const struct message_timeout *timeout)
{
    struct oracle_member *member = &oracle->members[from];

    note_cert(oracle, from, &timeout->high);
    promises_timeout(&oracle->promises, from, timeout->epoch, timeout->view, timeout->high.ballot.rank);
    if (!member->excused) {
        vows_signed(&oracle->vows, from, timeout->view);
    }
    if (rank_compare(timeout->high.ballot.rank, member->high) < 0 && !member->excused) {
        UNSAFE(oracle, "I6: r%u times view %llu out with a lower high QC than it had", from, (unsigned long long)timeout->view);
    }
    member->high = rank_max(member->high, timeout->high.ballot.rank);
    member->timeout_view = (int64_t)timeout->view > member->timeout_view ? (int64_t)timeout->view : member->timeout_view;
    if (oracle->quorums.on) {
        quorums_timed_out(&oracle->quorums, member_of(oracle, from), timeout->view, timeout->high.ballot.rank);
    }
}

/* note_answer looks at what a member that is asked shows. */
static void note_answer(struct oracle *oracle, uint32_t from, const struct message_answer *answer)
{
    if (answer->has_proof) {
        note_proof(oracle, from, &answer->proof);
    }
    if (answer->has_high) {
        note_cert(oracle, from, &answer->high);
    }
    if (answer->has_tc) {
        note_tc(oracle, from, &answer->tc);
    }
    note_high(oracle, from, answer->has_high ? answer->high.ballot.rank : (struct rank){ 0, 0 });
}

/* What q members certify of a block is what was executed: one of them is honest. Source: K1, I13. */
void oracle_checkpoint(struct oracle *oracle, uint32_t from, const struct checkpoint_cert *cert)
{
    const struct checkpoint *checkpoint = &cert->checkpoint;
    const struct oracle_block *known = checkpoint->height <= oracle->height && checkpoint->height > 0 ? &oracle->blocks[checkpoint->height] : NULL;

    note_members(oracle, from, &cert->signers.members);
    if (member_set_count(&cert->signers.members) != quorums_size(oracle->cast->config.members_count)) {
        UNSAFE(oracle, "I11: r%u shows a checkpoint certificate of %u members", from, member_set_count(&cert->signers.members));
    }
    if (!seals_checkpoint(&oracle->seals, cert)) {
        UNSAFE(oracle, "I11: r%u shows a checkpoint certificate of block %llu with a signature that is bad", from, (unsigned long long)checkpoint->height);
    }
    if (known == NULL || !hash_equal(&known->hash, &checkpoint->block)) {
        UNSAFE(oracle, "K1: r%u shows a checkpoint certificate of a block %llu that nobody executed", from, (unsigned long long)checkpoint->height);
    } else if (!hash_equal(&known->root, &checkpoint->state_root)) {
        UNSAFE(oracle, "I13: r%u shows a checkpoint certificate of another state after block %llu", from, (unsigned long long)checkpoint->height);
    }
}

/* note_signature: a signature that leaves covers tag, chain, epoch and all fields. Source: I11. */
static void note_signature(struct oracle *oracle, uint32_t from, const struct message *message)
{
    struct hash32 digest;
    const uint8_t *signature = oracle->verify == NULL ? NULL : digests_of(message, &oracle->cast->chain_id, &digest);
    struct sig_item item = { .key = oracle->cast->members[member_of(oracle, from)].public_key, .digest = digest.bytes, .signature = signature };

    if (signature != NULL && !oracle->verify(oracle->verify_context, &item)) {
        UNSAFE(oracle, "I11: the signature of r%u under its %s does not cover what it must", from, message_word(message->type));
    }
}

/* note_rests: whoever follows held the certificate of the parent, whoever votes to commit that of the block; both are in the log (V6, C3, I8). */
static void note_rests(struct oracle_member *member, const struct ballot *ballot)
{
    struct rank rests = ballot->rank;

    if (ballot->kind == VOTE_FOLLOWING && rests.height > 0) {
        rests.height--;
        member->high = rank_max(member->high, rests);
    } else if (ballot->kind == VOTE_COMMIT) {
        member->high = rank_max(member->high, rests);
    }
}

static void note_vote(struct oracle *oracle, uint32_t from, const struct ballot *ballot)
{
    struct oracle_member *member = &oracle->members[from];
    unsigned long long view = ballot->rank.view, height = ballot->rank.height;

    note_ballot(oracle, from, ballot);
    promises_ballot(&oracle->promises, from, ballot);
    if (ballot->kind == VOTE_COMMIT && !member->excused) {
        vows_signed(&oracle->vows, from, ballot->rank.view);
    } else if (!member->excused) {
        vows_voted(&oracle->vows, from, ballot->rank);
    }
    note_rests(member, ballot);
    choices_vote(oracle, from, ballot);
    note_twin(oracle, from, ballot);
    if (oracle->quorums.on) {
        quorums_voted(&oracle->quorums, member_of(oracle, from), ballot);
    }
    if ((int64_t)ballot->rank.view <= member->timeout_view && !member->excused) {
        UNSAFE(oracle, "I7: r%u votes in view %llu after it timed view %lld out", from, view, (long long)member->timeout_view);
    }
    if (ballot->kind == VOTE_COMMIT) {
        return;
    }
    promises_block(&oracle->promises, from, ballot);
    if (member->vote_digest != 0 && rank_compare(ballot->rank, member->vote) < 0 && !member->excused) {
        UNSAFE(oracle, "I3: r%u votes at view %llu, height %llu after a vote of a higher rank", from, view, height);
    }
    member->vote = ballot->rank;
    member->vote_block = ballot->block;
    member->vote_digest = ballot_value(ballot);
}

/* note_term counts the blocks that a leader proposes in one view: whoever has work goes on under another after so many. Source: L6. */
static void note_term(struct oracle *oracle, uint32_t from, uint64_t view, uint64_t height)
{
    struct oracle_member *member = &oracle->members[from];
    uint32_t most = oracle->cast->config.limits.term_blocks_max;

    if (member->term_view != view) {
        member->term_view = view;
        member->term_height = member->term_blocks = 0;
    }
    member->term_blocks += height > member->term_height ? 1 : 0;
    member->term_height = height > member->term_height ? height : member->term_height;
    if (member->term_blocks > most) {
        UNSAFE(oracle, "L6: r%u proposes a block in view %llu when it has led it for %u", from, (unsigned long long)view, most);
    }
}

static void note_propose(struct oracle *oracle, uint32_t from, const struct message_propose *propose)
{
    struct oracle_member *member = &oracle->members[from];
    int64_t view = (int64_t)propose->view;

    if (!propose->opening) {
        struct ballot block = { VOTE_FOLLOWING, propose->header.epoch, { propose->view, propose->header.height }, block_hash(&propose->header) };
        oracle_header(oracle, &propose->header);
        note_leader_vote(oracle, from, VOTE_FOLLOWING, propose->view, &block);
        note_term(oracle, from, propose->view, propose->header.height);
    } else {
        note_leader_vote(oracle, from, VOTE_OPENING, propose->view, &propose->justify.ballot);
        note_tc(oracle, from, &propose->tc);
    }
    note_cert(oracle, from, &propose->justify);
    if (view <= member->led_before && !member->excused) {
        UNSAFE(oracle, "I17: r%u proposes in view %lld, which it led before its restart", from, (long long)view);
    }
    member->led_now = view > member->led_now ? view : member->led_now;
    for (uint32_t i = 0; propose->opening && i < member_set_count(&propose->tc.signers.members); i++) {
        if (rank_compare(propose->justify.ballot.rank, propose->tc.ranks[i]) < 0) {
            UNSAFE(oracle, "I9: r%u opens view %lld on less than the highest QC of its TC", from, (long long)view);
        }
    }
}

/* note_repeat: whoever says the same for ever never falls silent, and keeps everybody busy. Source: Q1. */
static void note_repeat(struct oracle *oracle, uint32_t from, const struct message *message)
{
    bool votes = message->type == MESSAGE_VOTE || message->type == MESSAGE_COMMITVOTE;
    struct rank rank = votes ? message->vote.ballot.rank : (struct rank){ message->timeout.view, message->timeout.high.ballot.rank.height };

    if (!votes && message->type != MESSAGE_TIMEOUT) {
        return;
    }
    if (facts_count(&oracle->repeats, fact_name((uint64_t)message->type << 32 | from, rank.view, rank.height, 0)) >= REPEATS_MAX) {
        UNSAFE(oracle, "Q1: r%u says the same %s of view %llu, height %llu for ever", from, message_word(message->type), (unsigned long long)rank.view,
               (unsigned long long)rank.height);
    }
}

static void note_message(struct oracle *oracle, uint32_t from, const struct message *message)
{
    note_repeat(oracle, from, message);
    note_signature(oracle, from, message);
    switch (message->type) {
    case MESSAGE_VOTE:
    case MESSAGE_COMMITVOTE:
        note_vote(oracle, from, &message->vote.ballot);
        break;
    case MESSAGE_PROPOSE:
        note_propose(oracle, from, &message->propose);
        break;
    case MESSAGE_CERT:
        note_leader_vote(oracle, from, VOTE_COMMIT, message->cert.ballot.rank.view, &message->cert.ballot);
        note_cert(oracle, from, &message->cert);
        break;
    case MESSAGE_COMMITQC:
    case MESSAGE_QC:
        note_cert(oracle, from, &message->cert);
        break;
    case MESSAGE_TIMEOUT:
        note_timeout(oracle, from, &message->timeout);
        break;
    case MESSAGE_TC:
        note_tc(oracle, from, &message->tc);
        break;
    case MESSAGE_ANSWER:
        note_answer(oracle, from, &message->answer);
        break;
    case MESSAGE_BUNDLE:
        if (message->bundle.chain) {
            note_proof(oracle, from, &message->bundle.proof);
        }
        break;
    case MESSAGE_CKPT_CERT:
        oracle_checkpoint(oracle, from, &message->ckpt_cert);
        break;
    case MESSAGE_SNAPSHOT:
        if (message->snapshot.offer && message->snapshot.height > 0) {
            oracle_checkpoint(oracle, from, &message->snapshot.cert);
        }
        break;
    case MESSAGE_READ_ANSWER:
        if (message->read_answer.has_proof) {
            note_proof(oracle, from, &message->read_answer.proof);
        }
        note_cert(oracle, from, &message->read_answer.high);
        note_high(oracle, from, message->read_answer.high.ballot.rank);
        break;
    case MESSAGE_QUERY:
        note_high(oracle, from, message->query.high);
        break;
    case MESSAGE_FETCH:
        oracle->mending += !message->fetch.chain && message->fetch.height <= oracle->members[from].executed_height;
        break;
    case MESSAGE_NONE:
    case MESSAGE_HELLO:
    case MESSAGE_ABDICATE:
    case MESSAGE_READ:
    case MESSAGE_CKPT:
    case MESSAGE_CKPT_ASK:
    case MESSAGE_GONE:
    case MESSAGE_SNAPSHOT_ASK:
    case MESSAGE_FORWARD:
    case MESSAGE_TYPE_END:
        break;
    }
}

struct bytes oracle_sent(struct oracle *oracle, uint32_t from, const struct port_message *message, uint32_t receivers)
{
    size_t size = message->head.size + message->tail.size;

    ASSERT(size <= FRAME_BYTES_MAX);
    memcpy(oracle->frame, message->head.data, message->head.size);
    if (message->tail.size > 0) {
        memcpy(oracle->frame + message->head.size, message->tail.data, message->tail.size);
    }
    enum verdict verdict = message_decode(oracle->message, message->type, bytes_of(oracle->frame, size));
    oracle->readable = verdict == VERDICT_OK;
    if (!oracle->readable) {
        UNSAFE(oracle, "r%u sends a %s that no replica can read (%s)", from, message_word(message->type), verdict_name(verdict));
        return bytes_of(NULL, 0);
    }
    oracle->sent[message->type] += receivers;
    note_message(oracle, from, oracle->message);
    return bytes_of(oracle->frame, size);
}

void oracle_lied(struct oracle *oracle, uint8_t type, struct bytes body)
{
    bool reads = message_decode(oracle->message, type, body) == VERDICT_OK;

    if (reads && type == MESSAGE_PROPOSE && !oracle->message->propose.opening) {
        oracle_header(oracle, &oracle->message->propose.header);
    }
}

uint64_t oracle_messages(const struct oracle *oracle)
{
    uint64_t count = 0;

    for (unsigned type = MESSAGE_PROPOSE; type <= MESSAGE_BUNDLE; type++) {
        count += oracle->sent[type];
    }
    return count + oracle->sent[MESSAGE_QC];
}

/* --- Blocks --------------------------------------------------------------------------------------------------------- */

bool oracle_has_executed(const struct oracle *oracle, const uint8_t account[32], uint64_t nonce)
{
    return commands_height(&oracle->commands, account, nonce) != 0;
}

static struct oracle_block *block_at(struct oracle *oracle, uint64_t height)
{
    if (height >= oracle->capacity) {
        uint64_t before = oracle->capacity;
        oracle->capacity = 2 * height;
        oracle->blocks = realloc(oracle->blocks, oracle->capacity * sizeof *oracle->blocks);
        ASSERT(oracle->blocks != NULL);
        memset(oracle->blocks + before, 0, (oracle->capacity - before) * sizeof *oracle->blocks);
    }
    return &oracle->blocks[height];
}

/* note_time: time goes on from block to block, and never far ahead of every clock (V4). */
static void note_time(struct oracle *oracle, const struct block_header *header)
{
    uint64_t before = header->height > 1 ? oracle->blocks[header->height - 1].time_ms : CAST_GENESIS_MS;
    uint64_t most = before + 1 > oracle->wall_ms_most + CHOICES_AHEAD_MS ? before + 1 : oracle->wall_ms_most + CHOICES_AHEAD_MS;

    if (header->time_ms <= before) {
        UNSAFE(oracle, "V4: block %llu is not later than the one before", (unsigned long long)header->height);
    }
    if (oracle->wall_ms_most > 0 && header->time_ms > most) {
        UNSAFE(oracle, "V4: block %llu is of a time that no clock has seen", (unsigned long long)header->height);
    }
}

static bool note_block(struct oracle *oracle, uint32_t member, const struct apply_block *block, const struct hash32 *state_root)
{
    uint64_t height = block->header->height;
    struct oracle_block *known = block_at(oracle, height);

    if (known->executions++ > 0) {
        if (!hash_equal(&known->hash, &block->hash)) {
            UNSAFE(oracle, "I1: r%u executes another block %llu than others before", member, (unsigned long long)height);
        } else if (!hash_equal(&known->root, state_root)) {
            UNSAFE(oracle, "I13: r%u has another state after block %llu", member, (unsigned long long)height);
        } else if (known->commands != commands_digest(block)) {
            UNSAFE(oracle, "C4: r%u executes other commands in block %llu than others before", member, (unsigned long long)height);
        }
        return false;
    }
    *known = (struct oracle_block){ block->hash, *state_root, block->header->time_ms, commands_digest(block), 1 };
    note_time(oracle, block->header);
    if (height != oracle->height + 1 || !hash_equal(&block->header->parent, &oracle->blocks[height - 1].hash)) {
        UNSAFE(oracle, "I2: block %llu does not continue the chain", (unsigned long long)height);
    }
    if (block->header->commands_count == 0 && (block->header->flags & BLOCK_FLAG_END) == 0) {
        UNSAFE(oracle, "I16: block %llu is empty", (unsigned long long)height);
    }
    if (block->header->epoch != oracle->epoch + (oracle->epoch_ended ? 1 : 0)) {
        UNSAFE(oracle, "I12: block %llu is of epoch %llu, behind %s block of epoch %llu", (unsigned long long)height, (unsigned long long)block->header->epoch,
               oracle->epoch_ended ? "an END" : "a", (unsigned long long)oracle->epoch);
    }
    if (!quorums_can_commit(&oracle->quorums, &block->hash)) {
        UNSAFE(oracle, "C1, C2: r%u executes block %llu, but no quorum can have committed it", member, (unsigned long long)height);
    }
    oracle->epoch = block->header->epoch;
    oracle->epoch_ended = (block->header->flags & BLOCK_FLAG_END) != 0;
    oracle->height = height;
    commands_executed(&oracle->commands, block);
    return true;
}

bool oracle_executed(struct oracle *oracle, uint32_t member, const struct apply_block *block, const struct hash32 *state_root)
{
    struct oracle_member *who = &oracle->members[member];

    if (block->header->height != who->executed_height + 1) {
        UNSAFE(oracle, "C4: r%u executes block %llu after block %llu", member, (unsigned long long)block->header->height, (unsigned long long)who->executed_height);
    }
    who->executed_height = block->header->height;
    if (!commands_are_all(block)) {
        UNSAFE(oracle, "V4: r%u executes block %llu with bytes behind its last command", member, (unsigned long long)block->header->height);
    }
    return note_block(oracle, member, block, state_root);
}

void oracle_based(struct oracle *oracle, uint32_t member, const struct block_header *header, const struct hash32 *state_root)
{
    uint64_t height = header->height;
    struct hash32 hash = block_hash(header);
    const struct oracle_block *known = height <= oracle->height ? &oracle->blocks[height] : NULL;

    if (known == NULL || !hash_equal(&known->hash, &hash)) {
        UNSAFE(oracle, "I1: r%u begins at a block %llu that nobody executed", member, (unsigned long long)height);
    } else if (!hash_equal(&known->root, state_root)) {
        UNSAFE(oracle, "I13: r%u begins with another state after block %llu", member, (unsigned long long)height);
    }
    oracle->members[member].executed_height = height;
}
