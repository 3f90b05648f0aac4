/* liar.c: see liar.h. Who else signed a certificate of its is not what anybody looks at: the first q - 1 other members do. */
#include "sim/explore/liar.h"

#include "base/assert.h"
#include "crypto/merkle.h"
#include "sim/explore/cell.h"
#include "sim/oracle/digests.h"
#include "sim/oracle/quorums.h"
#include "sim/world/stamp.h"

#include <string.h>

/* What is written while the lines of one census are listed. */
struct listing {
    const struct liar *liar;
    const struct census *census;
    uint16_t *lines;
    uint32_t count;
};

static struct message message; /* the one being made; messages are large */

static const struct ballot *ballot_at(const struct listing *listing, uint16_t place)
{
    return &listing->liar->script->ballots[place].ballot;
}

/* say adds the message, signed where it is to be, for the members of `to`. */
static void say(struct listing *listing, uint32_t to)
{
    static uint8_t body[65536];
    const struct liar *liar = listing->liar;
    const struct cast *cast = liar->script->cast;
    struct hash32 digest;
    struct writer writer;

    if (digests_of(&message, &cast->chain_id, &digest) != NULL) {
        uint8_t *signature = message.type == MESSAGE_TIMEOUT ? message.timeout.signature : message.type == MESSAGE_ABDICATE ? message.abdicate.signature : message.vote.signature;
        stamp_make(cast->config.members[liar->member].sign_key, digest.bytes, signature);
    }
    writer_init(&writer, body, sizeof body);
    message_encode(&message, &writer);
    ASSERT(!writer.failed);
    ASSERT(listing->count < LIAR_LINES_MAX);
    listing->lines[listing->count++] = (uint16_t)script_line(liar->script, liar->member, to, &message, bytes_of(body, writer.offset));
}

static uint32_t others(const struct liar *liar)
{
    return ((UINT32_C(1) << liar->members_count) - 1) & ~(UINT32_C(1) << liar->member);
}

/* --- Certificates --------------------------------------------------------------------------------------------------- */

/* signers_of gives a quorum: the liar and the first others. */
static struct member_set signers_of(const struct liar *liar)
{
    struct member_set set = member_set_one(liar->member);

    for (uint32_t member = 0; member_set_count(&set) < quorums_size(liar->members_count); member++) {
        member_set_add(&set, member);
    }
    return set;
}

static void sign(const struct liar *liar, struct signers *signers, const struct message *said)
{
    const struct cast *cast = liar->script->cast;
    uint32_t place = 0;
    struct hash32 digest;

    (void)digests_of(said, &cast->chain_id, &digest);
    signers->members = signers_of(liar);
    for (uint32_t member = 0; member < liar->members_count; member++) {
        if (member_set_has(&signers->members, member)) {
            stamp_make(cast->config.members[member].sign_key, digest.bytes, signers->signatures[place++]);
        }
    }
}

static void make_cert(const struct liar *liar, const struct ballot *ballot, struct cert *cert)
{
    static struct message vote;

    cert->ballot = *ballot;
    cert->signers.members = (struct member_set){ { 0 } };
    if (ballot->kind != VOTE_ROOT) {
        vote.type = MESSAGE_VOTE;
        vote.vote.ballot = *ballot;
        sign(liar, &cert->signers, &vote);
    }
}

/* make_tc makes the TC of a view in which all state the same QC. */
static void make_tc(const struct liar *liar, uint64_t view, const struct ballot *high, struct timeout_cert *tc)
{
    static struct message timeout;

    tc->epoch = 0;
    tc->view = view;
    make_cert(liar, high, &tc->high);
    timeout.type = MESSAGE_TIMEOUT;
    timeout.timeout.epoch = 0;
    timeout.timeout.view = view;
    timeout.timeout.high.ballot.rank = high->rank;
    sign(liar, &tc->signers, &timeout);
    for (uint32_t i = 0; i < quorums_size(liar->members_count); i++) {
        tc->ranks[i] = high->rank;
    }
}

/* --- Leading -------------------------------------------------------------------------------------------------------- */

/* propose makes a block on one that is certified in the view. */
static void propose(struct listing *listing, uint64_t view, const struct ballot *justify, uint32_t variant)
{
    const struct liar *liar = listing->liar;
    uint32_t parent = script_block_of(liar->script, &justify->block);
    uint8_t body[SCRIPT_BODY_BYTES_MAX];
    size_t size = cell_command(liar->script->cast, justify->rank.height + 1, body);
    struct hash32 leaf = merkle_leaf(body, size);

    ASSERT(parent < SCRIPT_BLOCKS_MAX);
    message.type = MESSAGE_PROPOSE;
    message.propose.view = view;
    message.propose.opening = false;
    message.propose.pace_us = 0;
    message.propose.header = (struct block_header){ .proposer = (uint16_t)liar->member, .commands_count = 1, .height = justify->rank.height + 1, .parent = justify->block,
        .time_ms = liar->script->blocks[parent].header.time_ms + 1 + variant };
    message.propose.header.payload_root = merkle_root(&leaf, 1);
    message.propose.body = bytes_of(body, size);
    make_cert(liar, justify, &message.propose.justify);
    say(listing, others(liar));
}

static void open_view(struct listing *listing, uint64_t view, const struct ballot *justify, const struct ballot *high)
{
    message.type = MESSAGE_PROPOSE;
    message.propose.view = view;
    message.propose.opening = true;
    message.propose.body = bytes_of(NULL, 0);
    make_cert(listing->liar, justify, &message.propose.justify);
    make_tc(listing->liar, view - 1, high, &message.propose.tc);
    say(listing, others(listing->liar));
}

/* can_end tells whether a TC of the view with this highest QC can exist. */
static bool can_end(const struct listing *listing, uint64_t view, const struct ballot *high)
{
    const struct census *census = listing->census;

    return census->ended[view] && high->rank.view <= view && rank_compare(high->rank, census->ended_rank[view]) >= 0;
}

/* open_all opens a view with every QC behind every TC. */
static void open_all(struct listing *listing, uint64_t view)
{
    const struct census *census = listing->census;

    for (uint32_t i = 0; view > 0 && i < census->certified_count; i++) {
        const struct ballot *high = ballot_at(listing, census->certified[i]);
        for (uint32_t k = 0; k < census->certified_count && can_end(listing, view - 1, high); k++) {
            const struct ballot *justify = ballot_at(listing, census->certified[k]);
            if (justify->rank.view < view) {
                open_view(listing, view, justify, high);
            }
        }
    }
}

static void say_cert(struct listing *listing, enum message_type type, const struct ballot *ballot)
{
    message.type = type;
    make_cert(listing->liar, ballot, &message.cert);
    say(listing, others(listing->liar));
}

static void lead(struct listing *listing, uint64_t view)
{
    const struct liar *liar = listing->liar;
    const struct census *census = listing->census;

    open_all(listing, view);
    for (uint32_t i = 0; i < census->certified_count; i++) { /* also of another view, which V6 refuses */
        const struct ballot *qc = ballot_at(listing, census->certified[i]);
        for (uint32_t variant = 0; variant < liar->variants && qc->rank.height < liar->heights; variant++) {
            propose(listing, view, qc, variant);
        }
    }
    if (view + 1 < liar->views) {
        message.type = MESSAGE_ABDICATE;
        message.abdicate.epoch = 0;
        message.abdicate.view = view;
        say(listing, others(liar));
    }
}

/* --- Following ------------------------------------------------------------------------------------------------------ */

/* vote votes for what an honest leader collects votes for. */
static void vote(struct listing *listing, const struct ballot *wanted)
{
    const struct liar *liar = listing->liar;
    uint32_t leader = config_leader(&liar->script->cast->config, wanted->rank.view);

    if (leader != liar->member) {
        message.type = wanted->kind == VOTE_COMMIT ? MESSAGE_COMMITVOTE : MESSAGE_VOTE;
        message.vote.ballot = *wanted;
        say(listing, UINT32_C(1) << leader);
    }
}

/* time_out gives a view up, with a QC, and shows its TC where there is one. */
static void time_out(struct listing *listing, uint64_t view, const struct ballot *high)
{
    message.type = MESSAGE_TIMEOUT;
    message.timeout.epoch = 0;
    message.timeout.view = view;
    message.timeout.cause = CAUSE_NONE;
    message.timeout.commands = bytes_of(NULL, 0);
    make_cert(listing->liar, high, &message.timeout.high);
    say(listing, others(listing->liar));
    if (can_end(listing, view, high)) {
        message.type = MESSAGE_TC;
        make_tc(listing->liar, view, high, &message.tc);
        say(listing, others(listing->liar));
    }
}

static void learn(struct listing *listing, const struct ballot *qc)
{
    message.type = MESSAGE_ANSWER;
    message.answer = (struct message_answer){ .has_high = true };
    make_cert(listing->liar, qc, &message.answer.high);
    say(listing, others(listing->liar));
}

uint32_t liar_lines(const struct liar *liar, const struct census *census, uint16_t lines[LIAR_LINES_MAX])
{
    struct listing listing = { liar, census, lines, 0 };

    ASSERT(liar->member < liar->members_count);
    for (uint64_t view = 0; view < liar->views; view++) {
        if (config_leader(&liar->script->cast->config, view) == liar->member) {
            lead(&listing, view);
        }
        for (uint32_t i = 0; i < census->certified_count && view + 1 < liar->views; i++) {
            const struct ballot *high = ballot_at(&listing, census->certified[i]);
            if (high->rank.view <= view) {
                time_out(&listing, view, high);
            }
        }
    }
    for (uint32_t i = 0; i < census->led_count; i++) {
        vote(&listing, ballot_at(&listing, census->led[i]));
    }
    for (uint32_t i = 0; i < census->commits_count; i++) {
        say_cert(&listing, MESSAGE_COMMITQC, ballot_at(&listing, census->commits[i]));
    }
    for (uint32_t i = 1; i < census->certified_count; i++) {
        say_cert(&listing, MESSAGE_CERT, ballot_at(&listing, census->certified[i])); /* also of a view that it does not lead, which C3 refuses */
        if (liar->learns) {
            learn(&listing, ballot_at(&listing, census->certified[i]));
        }
    }
    return listing.count;
}
