/* cell_assay.c: what one look at a message, and at what its sender said before, can tell. Quorums, digests and rules are those of sim/, written apart from production. */
#include "sim/explore/cell_priv.h"

#include "base/assert.h"
#include "sim/oracle/digests.h"
#include "sim/oracle/quorums.h"
#include "sim/world/stamp.h"

#include <stdarg.h>
#include <stdio.h>

bool cell_broken(struct cell_step *step, const char *format, ...)
{
    va_list arguments;

    if (step->broken[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(step->broken, sizeof step->broken, format, arguments);
        va_end(arguments);
    }
    return false;
}

#define BROKEN(...) cell_broken(step, __VA_ARGS__)

static bool has_stamp(const struct cell *cell, uint32_t member, const struct hash32 *digest, const uint8_t *signature)
{
    struct sig_item item = { .key = cell->script->cast->config.members[member].sign_key, .digest = digest->bytes, .signature = signature };

    return stamp_check(&item);
}

/* is_signed: the members of the set, exactly a quorum, signed; digests has one for each, or one for all of them. */
static bool is_signed(const struct cell *cell, const struct signers *signers, const struct hash32 *digests, bool each)
{
    uint32_t place = 0;

    if (member_set_count(&signers->members) != quorums_size(cell->members_count) || !member_set_is_within(&signers->members, cell->members_count)) {
        return false;
    }
    for (uint32_t member = 0; member < cell->members_count; member++) {
        if (!member_set_has(&signers->members, member)) {
            continue;
        }
        if (!has_stamp(cell, member, &digests[each ? place : 0], signers->signatures[place])) {
            return false;
        }
        place++;
    }
    return true;
}

/* I11: a certificate has a quorum of distinct members, who signed just that. */
static bool assay_cert(const struct cell *cell, const struct cert *cert, struct cell_step *step)
{
    static struct message vote;
    struct hash32 digest;

    if (cert->ballot.kind == VOTE_ROOT) {
        return hash_equal(&cert->ballot.block, &cell->script->cast->chain_id) || BROKEN("I11: r%u shows another root", cell->member);
    }
    vote.type = MESSAGE_VOTE;
    vote.vote.ballot = cert->ballot;
    (void)digests_of(&vote, &cell->script->cast->chain_id, &digest);
    return is_signed(cell, &cert->signers, &digest, false) || BROKEN("I11: r%u shows a certificate of view %llu, height %llu that no quorum signed", cell->member,
        (unsigned long long)cert->ballot.rank.view, (unsigned long long)cert->ballot.rank.height);
}

static bool assay_tc(const struct cell *cell, const struct timeout_cert *tc, struct cell_step *step)
{
    static struct message timeout;
    struct hash32 digests[QUORUM_MAX];
    struct rank highest = { 0, 0 };
    uint32_t count = member_set_count(&tc->signers.members);

    timeout.type = MESSAGE_TIMEOUT;
    timeout.timeout.epoch = tc->epoch;
    timeout.timeout.view = tc->view;
    for (uint32_t i = 0; i < count && i < QUORUM_MAX; i++) {
        timeout.timeout.high.ballot.rank = tc->ranks[i];
        (void)digests_of(&timeout, &cell->script->cast->chain_id, &digests[i]);
        highest = rank_max(highest, tc->ranks[i]);
    }
    if (!is_signed(cell, &tc->signers, digests, true)) {
        return BROKEN("T2: r%u shows a TC of view %llu that no quorum signed", cell->member, (unsigned long long)tc->view);
    }
    if (rank_compare(tc->high.ballot.rank, highest) != 0) {
        return BROKEN("T2: r%u shows a TC of view %llu without its highest QC", cell->member, (unsigned long long)tc->view);
    }
    return assay_cert(cell, &tc->high, step);
}

static bool assay_vote(struct cell *cell, const struct ballot *ballot, uint64_t after_lsn, struct cell_step *step)
{
    struct cell_inside *inside = cell->inside;
    unsigned long long view = ballot->rank.view, height = ballot->rank.height;
    bool commit = ballot->kind == VOTE_COMMIT;

    if ((int64_t)ballot->rank.view <= inside->timed_out) {
        return BROKEN("I7: r%u votes in view %llu after it timed view %lld out", cell->member, view, (long long)inside->timed_out);
    }
    if (after_lsn < inside->vote_lsn || after_lsn < inside->high_lsn || rank_compare(ballot->rank, commit ? inside->logged.high : inside->logged.vote) > 0) {
        return BROKEN("I8: r%u votes at view %llu, height %llu before its log knows it", cell->member, view, height);
    }
    if (commit) {
        return true;
    }
    int order = inside->has_voted ? rank_compare(ballot->rank, inside->voted.rank) : 1;
    if (order < 0 || (order == 0 && !ballot_equal(ballot, &inside->voted))) {
        return BROKEN("I3: r%u votes at view %llu, height %llu after a vote at view %llu, height %llu", cell->member, view, height,
                      (unsigned long long)inside->voted.rank.view, (unsigned long long)inside->voted.rank.height);
    }
    inside->has_voted = true;
    inside->voted = *ballot;
    return true;
}

static bool assay_timeout(struct cell *cell, const struct message_timeout *timeout, uint64_t after_lsn, struct cell_step *step)
{
    struct cell_inside *inside = cell->inside;
    unsigned long long view = timeout->view;

    if (rank_compare(timeout->high.ballot.rank, inside->stated) < 0) {
        return BROKEN("I6: r%u times view %llu out with a lower high QC than it had", cell->member, view);
    }
    if (after_lsn < inside->timeout_lsn || after_lsn < inside->high_lsn || inside->logged.timeout_view < (int64_t)timeout->view ||
        rank_compare(inside->logged.high, timeout->high.ballot.rank) < 0) {
        return BROKEN("I8: r%u times view %llu out before its log knows it", cell->member, view);
    }
    if (timeout->high.ballot.rank.view > timeout->view) {
        return BROKEN("T2: r%u times view %llu out with a QC of a later one", cell->member, view);
    }
    inside->stated = timeout->high.ballot.rank;
    inside->timed_out = (int64_t)timeout->view > inside->timed_out ? (int64_t)timeout->view : inside->timed_out;
    return assay_cert(cell, &timeout->high, step);
}

static bool assay_propose(const struct cell *cell, const struct message_propose *propose, uint64_t after_lsn, struct cell_step *step)
{
    unsigned long long view = propose->view;

    if (cell->inside->logged.led_view < (int64_t)propose->view || after_lsn < cell->inside->led_lsn) {
        return BROKEN("I8: r%u proposes in view %llu before its log knows it", cell->member, view);
    }
    if (!propose->opening) {
        bool empty = propose->header.commands_count == 0;
        return empty ? BROKEN("I16: r%u proposes an empty block", cell->member) : assay_cert(cell, &propose->justify, step);
    }
    for (uint32_t i = 0; i < member_set_count(&propose->tc.signers.members) && i < QUORUM_MAX; i++) {
        if (rank_compare(propose->justify.ballot.rank, propose->tc.ranks[i]) < 0) {
            return BROKEN("I9: r%u opens view %llu on less than the highest QC of its TC", cell->member, view);
        }
    }
    return assay_tc(cell, &propose->tc, step) && assay_cert(cell, &propose->justify, step);
}

static bool assay_signature(const struct cell *cell, const struct message *message, struct cell_step *step)
{
    struct hash32 digest;
    const uint8_t *signature = digests_of(message, &cell->script->cast->chain_id, &digest);

    return signature == NULL || has_stamp(cell, cell->member, &digest, signature) ||
           BROKEN("I11: the signature of r%u under its %s does not cover what it must", cell->member, message_word(message->type));
}

bool cell_assay(struct cell *cell, const struct message *message, uint64_t after_lsn, struct cell_step *step)
{
    if (!assay_signature(cell, message, step)) {
        return false;
    }
    if (message->type == MESSAGE_VOTE || message->type == MESSAGE_COMMITVOTE) {
        return assay_vote(cell, &message->vote.ballot, after_lsn, step);
    }
    if (message->type == MESSAGE_TIMEOUT) {
        return assay_timeout(cell, &message->timeout, after_lsn, step);
    }
    if (message->type == MESSAGE_PROPOSE) {
        return assay_propose(cell, &message->propose, after_lsn, step);
    }
    if (message->type == MESSAGE_TC) {
        return assay_tc(cell, &message->tc, step);
    }
    return message->type == MESSAGE_ABDICATE || assay_cert(cell, &message->cert, step);
}
