/* adversary_fork.c: the leader with two faces.
 *
 *     others:  b1 <- b2 <- b3       as its process made them
 *     side:    b1 <- s2 <- s3       s2 is b2 at another time, s3 is b3 behind s2
 *
 * The side is half of the honest members. A certificate of s2 takes the votes of the side and of every liar; with at most f liars there is none,
 * the fork ends and the side gets the real chain. With more, both chains commit: that is how the oracle shows that it sees. */
#include "sim/adversary/adversary_priv.h"


#define FORK_SHARE 4u /* of so many proposals one begins a fork */

/* draw_side takes half of the honest members. */
static struct member_set draw_side(const struct adversary *adversary, uint64_t view, uint64_t height)
{
    uint32_t members = adversary->cast->config.members_count, honest = members - member_set_count(&adversary->plan.liars), first;
    struct member_set side = { { 0 } };
    struct choice choice = { CHOICE_LIE, { LIE_FORK, view, height, 1, 0 } };

    first = (uint32_t)choice_below(adversary->seed, &choice, members);
    for (uint32_t i = 0; i < members && member_set_count(&side) < honest / 2; i++) {
        uint32_t member = (first + i) % members;
        if (!adversary_is_liar(adversary, member)) {
            member_set_add(&side, member);
        }
    }
    return side;
}

/* put_shadow makes `header` the newest block of the other chain. */
static void put_shadow(struct adversary *adversary, const struct message_propose *propose, const struct block_header *header)
{
    struct fork *fork = &adversary->fork;

    fork->header = *header;
    fork->shadow = (struct ballot){ VOTE_FOLLOWING, header->epoch, { propose->view, header->height }, block_hash(header) };
    fork->real = block_hash(&propose->header);
    adversary->header(adversary->context, header);
    adversary_note_header(adversary, header);
}

static void begin(struct adversary *adversary, const struct telling *telling, const struct message_propose *propose)
{
    struct fork *fork = &adversary->fork;
    struct choice choice = { CHOICE_LIE, { LIE_FORK, propose->view, propose->header.height, 0, 0 } };

    fork->active = choice_below(adversary->seed, &choice, FORK_SHARE) == 0;
    if (fork->active) {
        struct block_header header = propose->header;
        header.time_ms++;
        fork->leader = telling->from;
        fork->side = draw_side(adversary, propose->view, header.height);
        fork->ready = false; /* Both blocks have the same parent, and with it its certificate. */
        put_shadow(adversary, propose, &header);
    }
}

/* go_on puts the next block behind the other chain, if that can be certified. */
static void go_on(struct adversary *adversary, const struct message_propose *propose)
{
    struct fork *fork = &adversary->fork;

    fork->active = adversary_certify(adversary, &fork->shadow, &fork->cert);
    if (fork->active) {
        struct block_header header = propose->header;
        header.parent = fork->shadow.block;
        header.time_ms = propose->header.time_ms > fork->header.time_ms ? propose->header.time_ms : fork->header.time_ms + 1;
        fork->ready = true;
        put_shadow(adversary, propose, &header);
    }
}

/* look decides once for each proposal what the side is to see. */
static void look(struct adversary *adversary, const struct telling *telling, const struct message_propose *propose)
{
    struct fork *fork = &adversary->fork;
    bool continues = fork->active && fork->leader == telling->from && hash_equal(&propose->header.parent, &fork->real) &&
                     fork->shadow.rank.view == propose->view;

    if (fork->key == telling->digest) {
        return;
    }
    fork->key = telling->digest;
    if (continues) {
        go_on(adversary, propose);
    } else {
        begin(adversary, telling, propose);
    }
}

static void tell_propose(struct adversary *adversary, struct telling *telling, struct message_propose *propose)
{
    struct fork *fork = &adversary->fork;

    if (propose->opening) {
        return;
    }
    look(adversary, telling, propose);
    if (fork->active && fork->key == telling->digest && member_set_has(&fork->side, telling->to)) {
        propose->header = fork->header;
        if (fork->ready) {
            cert_copy(&propose->justify, &fork->cert);
        }
        telling_write(adversary, telling);
    }
}

/* tell_cert gives the side the certificate of its own chain, or none. */
static void tell_cert(struct adversary *adversary, struct telling *telling, struct cert *cert)
{
    const struct fork *fork = &adversary->fork;
    struct ballot ballot = fork->shadow;

    if (!fork->active || fork->leader != telling->from || !member_set_has(&fork->side, telling->to) || !hash_equal(&cert->ballot.block, &fork->real)) {
        return;
    }
    ballot.kind = cert->ballot.kind;
    if (adversary_certify(adversary, &ballot, cert)) {
        telling_write(adversary, telling);
    } else {
        telling->size = 0;
    }
}

void lie_fork(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message == NULL) {
        return;
    }
    if (message->type == MESSAGE_PROPOSE) {
        tell_propose(adversary, telling, &message->propose);
    } else {
        tell_cert(adversary, telling, &message->cert);
    }
}
