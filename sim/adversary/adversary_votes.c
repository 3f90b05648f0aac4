/* adversary_votes.c: lies about votes and timeouts, under the liar's own signature. */
#include "sim/adversary/adversary_priv.h"

#include <string.h>

/* lie_double_vote sends a second vote before the first, of the same place, for the shadow block when there is one. */
void lie_double_vote(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message == NULL) {
        return;
    }
    struct ballot *ballot = &message->vote.ballot;
    const struct ballot *shadow = &adversary->fork.shadow;
    if (adversary->fork.active && shadow->rank.view == ballot->rank.view && shadow->rank.height == ballot->rank.height) {
        ballot->block = shadow->block;
    } else {
        ballot->block.bytes[adversary_below(adversary, LIE_DOUBLE_VOTE, telling, 1, HASH_BYTES)] ^= 1;
    }
    uint64_t next = config_leader(&adversary->cast->config, ballot->rank.view + 1);
    adversary_say(adversary, telling->from, telling->to, message);
    adversary_say(adversary, telling->from, (uint32_t)next, message);
    adversary->told[LIE_DOUBLE_VOTE]++;
}

/* timeout_of makes a TIMEOUT of a view with the root for its high QC, which T2 allows. */
static void timeout_of(struct adversary *adversary, uint64_t view)
{
    const struct cast *cast = adversary->cast;
    struct message *message = adversary->message;

    message->type = MESSAGE_TIMEOUT;
    message->timeout.epoch = 0;
    message->timeout.view = view;
    message->timeout.cause = CAUSE_NONE;
    message->timeout.commands = bytes_of(NULL, 0);
    cert_root(&message->timeout.high, 0, 0, &cast->chain_id);
}

void lie_low_timeout(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message != NULL) {
        cert_root(&message->timeout.high, message->timeout.epoch, 0, &adversary->cast->chain_id);
        telling_write(adversary, telling);
    }
}

/* lie_vote_after_timeout lets a TIMEOUT of the same view leave beside each vote; lie_vote_on votes in a view that is timed out. */
void lie_vote_after_timeout(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message == NULL || telling->type == MESSAGE_TIMEOUT || adversary_below(adversary, LIE_VOTE_AFTER_TIMEOUT, telling, 0, 1000000) >= adversary->plan.rate_ppm) {
        return;
    }
    timeout_of(adversary, message->vote.ballot.rank.view);
    for (uint32_t to = 0; to < adversary->cast->config.members_count; to++) {
        adversary_say(adversary, telling->from, to, adversary->message);
    }
    adversary->told[LIE_VOTE_AFTER_TIMEOUT]++;
}

void lie_bad_signature(struct adversary *adversary, struct telling *telling)
{
    telling->bytes[adversary_below(adversary, LIE_BAD_SIGNATURE, telling, 1, 64) % telling->size] ^= 0x10;
}

void lie_wrong_epoch(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message == NULL) {
        return;
    }
    uint64_t epoch = 1 + adversary_below(adversary, LIE_WRONG_EPOCH, telling, 1, 3);
    if (message->type == MESSAGE_TIMEOUT) {
        message->timeout.epoch = epoch;
    } else if (message->type == MESSAGE_ABDICATE) {
        message->abdicate.epoch = epoch;
    } else if (message->type == MESSAGE_CKPT) {
        message->ckpt.checkpoint.epoch = epoch;
    } else {
        message->vote.ballot.epoch = epoch;
    }
    telling_write(adversary, telling);
}

/* --- Fields --------------------------------------------------------------------------------------------------------- */

static uint64_t near(uint64_t value, uint64_t how)
{
    static const int64_t steps[] = { 1, -1, 2, 1000 };

    return how % 5 == 4 ? WIRE_NUMBER_MAX : value + (uint64_t)steps[how % 5] <= WIRE_NUMBER_MAX ? value + (uint64_t)steps[how % 5] : 0;
}

static void edit_vote(struct ballot *ballot, uint64_t field, uint64_t how)
{
    if (field == 0) {
        ballot->rank.view = near(ballot->rank.view, how);
    } else if (field == 1) {
        ballot->rank.height = near(ballot->rank.height, how);
    } else if (field == 2) {
        ballot->kind = ballot->kind == VOTE_FOLLOWING ? VOTE_OPENING : VOTE_FOLLOWING;
    } else {
        ballot->block.bytes[how % HASH_BYTES] ^= 1;
    }
}

static void edit_propose(struct message_propose *propose, uint64_t field, uint64_t how)
{
    if (field == 0) {
        propose->view = near(propose->view, how);
    } else if (propose->opening) {
        propose->tc.view = near(propose->tc.view, how);
    } else if (field == 1) {
        static const int64_t steps[] = { 4000, 40000, 3600000, -3600000 }; /* The first two are within the life of a command. */
        propose->header.time_ms += (uint64_t)steps[how % 4];
    } else if (field == 2) {
        propose->header.height = near(propose->header.height, how);
    } else if (how % 2 == 0) {
        propose->header.parent.bytes[how % HASH_BYTES] ^= 1;
    } else {
        propose->header.payload_root.bytes[how % HASH_BYTES] ^= 1;
    }
}

/* note_edited: a block of another height, parent or root fits nothing. */
static void note_edited(struct adversary *adversary, const struct message_propose *propose, uint64_t field)
{
    if (!propose->opening && field >= 2) {
        adversary->header(adversary->context, &propose->header);
        adversary->spoiled(adversary->context, &(struct ballot){ .kind = VOTE_FOLLOWING, .block = block_hash(&propose->header) });
    }
}

void lie_edit(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);
    uint64_t field = adversary_below(adversary, LIE_EDIT, telling, 1, 4), how = adversary_below(adversary, LIE_EDIT, telling, 2, 1000);

    if (message == NULL) {
        return;
    }
    if (message->type == MESSAGE_PROPOSE && !adversary_aims(adversary, LIE_EDIT, telling)) {
        return;
    }
    if (message->type == MESSAGE_PROPOSE) {
        edit_propose(&message->propose, field, how);
        note_edited(adversary, &message->propose, field);
    } else if (message->type == MESSAGE_TIMEOUT) {
        message->timeout.view = near(message->timeout.view, how);
    } else if (message->type == MESSAGE_ABDICATE) {
        message->abdicate.view = near(message->abdicate.view, how);
    } else if (message->type == MESSAGE_CKPT) {
        message->ckpt.checkpoint.height = near(message->ckpt.checkpoint.height, how);
    } else {
        edit_vote(&message->vote.ballot, field, how);
    }
    telling_write(adversary, telling);
}
