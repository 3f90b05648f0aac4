/* adversary_end.c: a TC that comes before its QC. What an honest member shows beside a TC is a QC of no lower rank, and whoever makes a TC out of TIMEOUTs has taken the QC of each. The adversary hears
 * votes and TIMEOUTs before anybody gets them: it puts a QC together that nobody has seen, states it in TIMEOUTs of the liars, and ends the view behind it. Of that QC its receiver gets nothing but what
 * stands in the TC (T2, I9). */
#include "sim/adversary/adversary_priv.h"

static uint64_t kept(uint64_t count, uint64_t most) { return count < most ? count : most; }

/* stated_by gives the newest TIMEOUT of a member for a view that was overheard, NULL when there is none. */
static const struct overheard_timeout *stated_by(const struct adversary *adversary, uint32_t member, uint64_t view)
{
    for (uint64_t i = 1; i <= kept(adversary->timeouts_count, ADVERSARY_TIMEOUTS); i++) {
        const struct overheard_timeout *timeout = &adversary->timeouts[(adversary->timeouts_count - i) % ADVERSARY_TIMEOUTS];
        if (timeout->member == member && timeout->view == view && timeout->epoch == 0) {
            return timeout;
        }
    }
    return NULL;
}

/* newest_timed_out gives the view that was timed out last by a member that is honest. Gives: false when none was. */
static bool newest_timed_out(const struct adversary *adversary, uint64_t *view)
{
    for (uint64_t i = 1; i <= kept(adversary->timeouts_count, ADVERSARY_TIMEOUTS); i++) {
        const struct overheard_timeout *timeout = &adversary->timeouts[(adversary->timeouts_count - i) % ADVERSARY_TIMEOUTS];
        if (!adversary_is_liar(adversary, timeout->member) && timeout->epoch == 0) {
            *view = timeout->view;
            return true;
        }
    }
    return false;
}

bool adversary_can_end(const struct adversary *adversary)
{
    uint32_t members = adversary->cast->config.members_count, count = 0;
    uint64_t view;

    if (!newest_timed_out(adversary, &view) || view < adversary->ended) {
        return false;
    }
    for (uint32_t i = 0; i < members; i++) {
        count += adversary_is_liar(adversary, i) || stated_by(adversary, i, view) != NULL ? 1 : 0;
    }
    return count >= config_quorum(members);
}

/* hidden_qc gives the highest QC of a view up to `view` that was overheard, or that votes and the keys of the liars make; a root when there is none. */
static void hidden_qc(const struct adversary *adversary, uint64_t view, struct cert *high)
{
    static struct cert made;

    cert_root(high, 0, 0, &adversary->cast->chain_id);
    for (uint64_t i = 0; i < kept(adversary->certs_count, ADVERSARY_CERTS); i++) {
        const struct ballot *ballot = &adversary->certs[i].ballot;
        if (ballot->kind != VOTE_COMMIT && ballot->rank.view <= view && rank_compare(ballot->rank, high->ballot.rank) > 0) {
            cert_copy(high, &adversary->certs[i]);
        }
    }
    for (uint64_t i = 0; i < kept(adversary->votes_count, ADVERSARY_VOTES); i++) {
        const struct ballot *ballot = &adversary->votes[i].vote.ballot;
        bool fits = (ballot->kind == VOTE_OPENING || ballot->kind == VOTE_FOLLOWING) && ballot->epoch == 0 && ballot->rank.view <= view;
        if (fits && rank_compare(ballot->rank, high->ballot.rank) > 0 && adversary_certify(adversary, ballot, &made)) {
            cert_copy(high, &made);
        }
    }
}

/* choose takes the liars, and of the others as many as a quorum lacks whose TIMEOUT states no more than this QC. Gives: false when they are too few. */
static bool choose(const struct adversary *adversary, const struct timeout_cert *tc, struct member_set *who)
{
    uint32_t members = adversary->cast->config.members_count, quorum = config_quorum(members);

    *who = adversary->plan.liars;
    for (uint32_t i = 0; i < members && member_set_count(who) < quorum; i++) {
        const struct overheard_timeout *timeout = member_set_has(who, i) ? NULL : stated_by(adversary, i, tc->view);
        if (timeout != NULL && rank_compare(timeout->rank, tc->high.ballot.rank) <= 0) {
            member_set_add(who, i);
        }
    }
    return member_set_count(who) == quorum;
}

/* end_view puts the TC of a view together. Gives: false when it cannot. */
static bool end_view(const struct adversary *adversary, uint64_t view, struct timeout_cert *tc)
{
    const struct cast *cast = adversary->cast;
    struct member_set who;
    uint8_t signature[64];
    uint32_t count = 0;

    tc->epoch = 0;
    tc->view = view;
    tc->signers.members = (struct member_set){ { 0 } };
    hidden_qc(adversary, view, &tc->high);
    if (!choose(adversary, tc, &who)) {
        return false;
    }
    struct hash32 digest = timeout_digest(&cast->chain_id, 0, view, tc->high.ballot.rank);
    for (uint32_t i = 0; i < cast->config.members_count; i++) {
        if (member_set_has(&who, i)) {
            const struct overheard_timeout *timeout = adversary_is_liar(adversary, i) ? NULL : stated_by(adversary, i, view);
            if (timeout == NULL) {
                sign_digest(&cast->members[i], &digest, signature);
            }
            tc->ranks[count++] = timeout == NULL ? tc->high.ballot.rank : timeout->rank;
            signers_add(&tc->signers, i, timeout == NULL ? signature : timeout->signature);
        }
    }
    return true;
}

/* lie_end_early ends a view in which so many gave up that the liars make a quorum of them, before anybody else can: it tells the next leader alone, or everybody; by the TC, or by an answer that holds one. */
void lie_end_early(struct adversary *adversary, uint32_t liar)
{
    static struct timeout_cert tc;
    struct message *message = adversary->message;
    uint64_t view;

    if (!adversary_can_end(adversary) || !newest_timed_out(adversary, &view)) {
        return;
    }
    adversary->ended = view + 1;
    struct choice choice = { CHOICE_LIE, { LIE_EARLY_TC, liar, view, 0, 1 } };
    uint64_t how = choice_draw(adversary->seed, &choice);
    if (how % 1000000 >= adversary->plan.rate_ppm || !end_view(adversary, view, &tc)) {
        return;
    }
    uint32_t members = adversary->cast->config.members_count, leader = config_leader(&adversary->cast->config, view + 1);
    bool alone = (how >> 32) % 2 == 0 && !adversary_is_liar(adversary, leader);
    if ((how >> 33) % 2 == 0) {
        message->type = MESSAGE_TC;
        timeout_cert_copy(&message->tc, &tc);
    } else {
        message->type = MESSAGE_ANSWER;
        message->answer = (struct message_answer){ .has_tc = true };
        timeout_cert_copy(&message->answer.tc, &tc);
    }
    for (uint32_t to = 0; to < members; to++) {
        if (!alone || to == leader) {
            adversary_say(adversary, liar, to, message);
        }
    }
    adversary->told[LIE_EARLY_TC]++;
}

#define REOPEN_NS UINT64_C(20000000) /* behind the first opening, at most: whoever got that has voted for it then */

/* lie_reopen sends another opening of the same view behind the first one, on the highest QC of views below: its TC allows both, but whoever voted for the first votes for no other (V7). */
void lie_reopen(struct adversary *adversary, struct telling *telling)
{
    static struct cert high;
    struct message *message = telling_decode(adversary, telling);
    struct writer writer;

    if (message == NULL || !message->propose.opening || message->propose.view == 0) {
        return;
    }
    hidden_qc(adversary, message->propose.view - 1, &high);
    if (rank_compare(high.ballot.rank, message->propose.justify.ballot.rank) <= 0) {
        return;
    }
    cert_copy(&message->propose.justify, &high);
    writer_init(&writer, adversary->other, FRAME_BYTES_MAX);
    message_encode(message, &writer);
    struct sim_message out = { .from = telling->from, .to = telling->to, .type = telling->type, .view = telling->view, .height = high.ballot.rank.height };
    adversary->send(adversary->context, 1 + adversary_below(adversary, LIE_REOPEN, telling, 1, REOPEN_NS), &out, bytes_of(adversary->other, writer.offset));
    adversary->told[LIE_REOPEN]++;
}

/* lie_early_tc leaves nothing but the TC in an answer that holds one. */
void lie_early_tc(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message != NULL && message->answer.has_tc) {
        message->answer.has_proof = message->answer.has_high = false;
        telling_write(adversary, telling);
    }
}
