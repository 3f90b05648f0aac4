/* adversary_acts.c: what the adversary sends by itself, at moments that no process would choose. */
#include "sim/adversary/adversary_priv.h"

#include <string.h>

#define FLOOD_MESSAGES 40u /* of one liar at one moment */

static uint64_t below(const struct adversary *adversary, enum lie lie, uint32_t liar, uint64_t number, uint64_t bound)
{
    struct choice choice = { CHOICE_LIE, { lie, liar, adversary->ticks, number, 1 } };

    return choice_below(adversary->seed, &choice, bound);
}

static bool comes_up(const struct adversary *adversary, enum lie lie, uint32_t liar, uint32_t ppm)
{
    return below(adversary, lie, liar, UINT64_MAX, 1000000) < ppm;
}

/* lie_replay: links are authenticated, so what others said is said again under the liar's own name. */
void lie_replay(struct adversary *adversary, uint32_t liar)
{
    uint64_t kept = adversary->old_count < ADVERSARY_OLD ? adversary->old_count : ADVERSARY_OLD;

    if (kept == 0 || !comes_up(adversary, LIE_REPLAY, liar, adversary->plan.rate_ppm)) {
        return;
    }
    const struct overheard_bytes *old = &adversary->old[below(adversary, LIE_REPLAY, liar, 0, kept)];
    uint32_t to = (uint32_t)below(adversary, LIE_REPLAY, liar, 1, adversary->cast->config.members_count);
    struct sim_message out = { .from = liar, .to = to, .type = old->type };
    if (to != liar) {
        adversary->send(adversary->context, 0, &out, bytes_of(old->bytes, old->size));
        adversary->told[LIE_REPLAY]++;
    }
}

static struct ballot ballot_at(const struct adversary *adversary, uint64_t view, uint64_t height, uint64_t how)
{
    struct ballot ballot = { how % 2 == 0 ? VOTE_FOLLOWING : VOTE_OPENING, 0, { view, height }, adversary->cast->chain_id };

    ballot.block.bytes[how % HASH_BYTES] ^= (uint8_t)(how >> 8);
    return ballot;
}

/* ahead gives a view or height to come: most are near, some as far as a number goes. */
static uint64_t ahead(uint64_t from, uint64_t how)
{
    return how % 8 == 0 ? WIRE_NUMBER_MAX : how % 8 == 1 ? from + 1000000 : from + 1 + how % 300;
}

/* flood_propose proposes a block in a view to come that the liar will lead, on a certificate that nobody can have seen. */
static void flood_propose(const struct adversary *adversary, uint32_t liar, struct message *message, uint64_t how)
{
    static const uint8_t body[64];
    struct message_propose *propose = &message->propose;
    uint64_t view = adversary->view + 2;

    while (config_leader(&adversary->cast->config, view) != liar) { /* every member leads one of so many views */
        view++;
    }
    message->type = MESSAGE_PROPOSE;
    propose->view = view;
    propose->opening = false;
    propose->pace_us = 0;
    propose->body = bytes_of(body, sizeof body);
    propose->justify.ballot = ballot_at(adversary, view, adversary->height + how % 16, how >> 8);
    propose->justify.ballot.kind = VOTE_FOLLOWING;
    adversary_forge_rest(adversary, liar, &propose->justify);
    propose->header = (struct block_header){ .proposer = (uint16_t)liar, .commands_count = 1, .height = propose->justify.ballot.rank.height + 1,
        .time_ms = CAST_GENESIS_MS + how % 1000000, .parent = propose->justify.ballot.block };
}

/* flood_with makes one of many messages that speak of what is to come. */
static void flood_with(struct adversary *adversary, uint32_t liar, struct message *message, uint64_t how)
{
    uint64_t view = ahead(adversary->view, how >> 8), height = ahead(adversary->height, how >> 16);

    switch (how % 8) {
    case 0:
        message->type = MESSAGE_VOTE;
        message->vote.ballot = ballot_at(adversary, view, height, how >> 24);
        break;
    case 1:
        message->type = MESSAGE_COMMITVOTE;
        message->vote.ballot = ballot_at(adversary, view, height, how >> 24);
        message->vote.ballot.kind = VOTE_COMMIT;
        break;
    case 2:
        message->type = MESSAGE_TIMEOUT;
        message->timeout = (struct message_timeout){ .view = view, .cause = CAUSE_NONE };
        cert_root(&message->timeout.high, 0, 0, &adversary->cast->chain_id);
        break;
    case 3:
        message->type = MESSAGE_QUERY;
        message->query = (struct message_query){ .view = view, .committed_height = height, .high = { view, height } };
        break;
    case 4:
        message->type = MESSAGE_FETCH;
        message->fetch = (struct message_fetch){ .chain = how >> 40 & 1, .height = adversary->height, .from_height = 1 };
        break;
    case 5:
        message->type = MESSAGE_READ;
        message->read.id = how;
        break;
    case 6: flood_propose(adversary, liar, message, how >> 24); break;
    default:
        message->type = MESSAGE_ABDICATE;
        message->abdicate = (struct message_abdicate){ .view = view };
        break;
    }
}

void lie_flood(struct adversary *adversary, uint32_t liar)
{
    if (!comes_up(adversary, LIE_FLOOD, liar, 100000)) {
        return;
    }
    adversary->told[LIE_FLOOD]++;
    uint64_t one = below(adversary, LIE_FLOOD, liar, FLOOD_MESSAGES, UINT64_MAX); /* Half of the floods are of one kind, for one member. */
    for (uint32_t i = 0; i < FLOOD_MESSAGES; i++) {
        uint64_t how = below(adversary, LIE_FLOOD, liar, i, UINT64_MAX);
        flood_with(adversary, liar, adversary->message, one % 2 == 0 ? how - how % 8 + one / 2 % 8 : how);
        adversary_say(adversary, liar, (uint32_t)((one % 2 == 0 ? one : how) >> 32) % adversary->cast->config.members_count, adversary->message);
    }
}

/* lie_unprovoked ends views, as far as one member can: J3 says that f of them never do. */
void lie_unprovoked(struct adversary *adversary, uint32_t liar)
{
    struct message *message = adversary->message;

    if (!comes_up(adversary, LIE_UNPROVOKED, liar, adversary->plan.rate_ppm / 4)) {
        return;
    }
    adversary->told[LIE_UNPROVOKED]++;
    if (below(adversary, LIE_UNPROVOKED, liar, 1, 3) == 0) {
        message->type = MESSAGE_ABDICATE;
        message->abdicate = (struct message_abdicate){ .view = adversary->view };
    } else {
        message->type = MESSAGE_TIMEOUT;
        message->timeout = (struct message_timeout){ .view = adversary->view, .cause = CAUSE_NONE };
        cert_root(&message->timeout.high, 0, 0, &adversary->cast->chain_id);
    }
    for (uint32_t to = 0; to < adversary->cast->config.members_count; to++) {
        adversary_say(adversary, liar, to, message);
    }
}

/* lie_wish asks all others for any offer: the second time it is taken for a wish, of somebody who finds no two snapshots alike (S3). */
void lie_wish(struct adversary *adversary, uint32_t liar)
{
    struct message *message = adversary->message;

    if (!comes_up(adversary, LIE_WISH, liar, adversary->plan.rate_ppm)) {
        return;
    }
    adversary->told[LIE_WISH]++;
    message->type = MESSAGE_SNAPSHOT_ASK;
    message->snapshot_ask = (struct message_snapshot_ask){ .height = 0 };
    for (uint32_t to = 0; to < adversary->cast->config.members_count; to++) {
        adversary_say(adversary, liar, to, message);
    }
}

/* lie_vote_on votes for the newest block that an honest member voted for, in a view that the liar's process has timed out. */
void lie_vote_on(struct adversary *adversary, uint32_t liar)
{
    uint64_t kept = adversary->votes_count < ADVERSARY_VOTES ? adversary->votes_count : ADVERSARY_VOTES;
    const struct overheard_vote *newest = &adversary->votes[(adversary->votes_count + ADVERSARY_VOTES - 1) % ADVERSARY_VOTES];

    if (kept == 0 || (int64_t)newest->vote.ballot.rank.view > adversary->timed_out[liar]) {
        return;
    }
    struct message *message = adversary->message;
    message->type = newest->vote.ballot.kind == VOTE_COMMIT ? MESSAGE_COMMITVOTE : MESSAGE_VOTE;
    message->vote = newest->vote;
    adversary->told[LIE_VOTE_AFTER_TIMEOUT]++;
    adversary_say(adversary, liar, config_leader(&adversary->cast->config, newest->vote.ballot.rank.view), message);
}

/* show_fake_tc: the newest TC, of the view that is not over, or with a signature in two places. */
static void show_fake_tc(struct adversary *adversary, struct message *message, uint64_t how)
{
    message->type = MESSAGE_TC;
    timeout_cert_copy(&message->tc, &adversary->tcs[(adversary->tcs_count + ADVERSARY_TCS - 1) % ADVERSARY_TCS]);
    message->tc.view = adversary->view;
    if (how % 2 == 1) {
        memcpy(message->tc.signers.signatures[1], message->tc.signers.signatures[0], 64);
    }
}

/* lie_show_fake shows a certificate that nobody may take, in any message that can hold one. */
void lie_show_fake(struct adversary *adversary, uint32_t liar)
{
    static const enum message_type types[] = { MESSAGE_CERT, MESSAGE_COMMITQC, MESSAGE_QC, MESSAGE_TIMEOUT };
    struct message *message = adversary->message;
    uint64_t how = below(adversary, LIE_FAKE_CERT, liar, 1, 1000000);

    if (adversary->certs_count == 0 || !comes_up(adversary, LIE_FAKE_CERT, liar, adversary->plan.rate_ppm / 2)) {
        return;
    }
    struct telling telling = { .from = liar, .to = (uint32_t)(how / 100) % adversary->cast->config.members_count, .again = how };
    const struct cert *newest = &adversary->certs[(adversary->certs_count - 1) % ADVERSARY_CERTS];
    message->type = types[how % 4];
    if (how % 5 == 0 && adversary->tcs_count > 0) {
        show_fake_tc(adversary, message, how / 5);
    } else if (message->type == MESSAGE_TIMEOUT) {
        message->timeout = (struct message_timeout){ .view = adversary->view, .cause = CAUSE_CERTIFICATE };
        cert_copy(&message->timeout.high, newest);
        adversary_fake(adversary, &telling, &message->timeout.high);
    } else {
        cert_copy(&message->cert, newest);
        adversary_fake(adversary, &telling, &message->cert);
    }
    adversary->told[LIE_FAKE_CERT]++;
    adversary_say(adversary, liar, telling.to, message);
}
