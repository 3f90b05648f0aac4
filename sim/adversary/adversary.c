/* adversary.c: see adversary.h. The table of lies, what was overheard, and how a message of a liar becomes what each receiver gets. */
#include "sim/adversary/adversary.h"

#include "base/assert.h"
#include "sim/adversary/adversary_priv.h"

#include <stdlib.h>
#include <string.h>

#define VOTES (BIT(MESSAGE_VOTE) | BIT(MESSAGE_COMMITVOTE))
#define CERTS (BIT(MESSAGE_CERT) | BIT(MESSAGE_COMMITQC) | BIT(MESSAGE_QC))
#define LEADS (BIT(MESSAGE_PROPOSE) | BIT(MESSAGE_CERT) | BIT(MESSAGE_COMMITQC))
#define SIGNED (VOTES | BIT(MESSAGE_TIMEOUT) | BIT(MESSAGE_ABDICATE) | BIT(MESSAGE_CKPT))
#define ANSWERS (BIT(MESSAGE_ANSWER) | BIT(MESSAGE_READ_ANSWER) | BIT(MESSAGE_BUNDLE) | BIT(MESSAGE_GONE) | BIT(MESSAGE_HELLO) | BIT(MESSAGE_QUERY))
#define SNAPSHOTS (BIT(MESSAGE_SNAPSHOT) | BIT(MESSAGE_SNAPSHOT_ASK))
#define EVERYTHING (~UINT32_C(0))

#define AIMED 64u /* of so many lies of a leader about a block one is told to everybody, the others to one member */

/* One row: which messages it changes and whether at each occasion or at the plan's rate; what it does at a tick. */
struct lie_row {
    uint32_t types;
    bool always;
    lie_tell *tell;
    lie_act *act;
};

static const struct lie_row rows[LIE_COUNT] = {
    [LIE_FORK] = { LEADS, true, lie_fork, NULL },
    [LIE_DOUBLE_VOTE] = { VOTES, false, lie_double_vote, NULL },
    [LIE_VOTE_AFTER_TIMEOUT] = { VOTES | BIT(MESSAGE_TIMEOUT), true, lie_vote_after_timeout, lie_vote_on },
    [LIE_LOW_TIMEOUT] = { BIT(MESSAGE_TIMEOUT), true, lie_low_timeout, NULL },
    [LIE_WITHHOLD] = { VOTES | BIT(MESSAGE_TIMEOUT), false, lie_withhold, NULL },
    [LIE_LATE] = { VOTES | CERTS | ANSWERS | BIT(MESSAGE_TIMEOUT) | BIT(MESSAGE_TC), false, lie_late, NULL },
    [LIE_BAD_SIGNATURE] = { SIGNED, false, lie_bad_signature, NULL },
    [LIE_REPLAY] = { 0, false, NULL, lie_replay },
    [LIE_WRONG_EPOCH] = { SIGNED, false, lie_wrong_epoch, NULL },
    [LIE_MALFORMED] = { EVERYTHING, false, lie_malformed, NULL },
    [LIE_EDIT] = { SIGNED | BIT(MESSAGE_PROPOSE), false, lie_edit, NULL },
    [LIE_FAKE_CERT] = { CERTS | BIT(MESSAGE_PROPOSE) | BIT(MESSAGE_TIMEOUT) | BIT(MESSAGE_TC) | BIT(MESSAGE_ANSWER), false, lie_fake_cert, lie_show_fake },
    [LIE_OPEN_LOW] = { BIT(MESSAGE_PROPOSE), false, lie_open_low, lie_open_early },
    [LIE_FALSE_CATCHUP] = { ANSWERS, false, lie_false_catchup, lie_mix_proofs },
    [LIE_FALSE_SNAPSHOT] = { SNAPSHOTS, false, lie_false_snapshot, NULL },
    [LIE_FALSE_CHECKPOINT] = { BIT(MESSAGE_CKPT) | BIT(MESSAGE_CKPT_CERT), true, lie_false_checkpoint, NULL },
    [LIE_FLOOD] = { 0, false, NULL, lie_flood },
    [LIE_UNPROVOKED] = { 0, false, NULL, lie_unprovoked },
    [LIE_PARTIAL] = { EVERYTHING, true, lie_partial, NULL },
    [LIE_MUTE_LEADER] = { BIT(MESSAGE_PROPOSE), true, lie_mute_leader, NULL },
    [LIE_CENSOR] = { 0, false, NULL, NULL },
    [LIE_SLOW_LORIS] = { LEADS, true, lie_slow_loris, NULL },
    [LIE_SPOIL] = { BIT(MESSAGE_PROPOSE), false, lie_spoil, NULL },
    [LIE_TEMPT] = { BIT(MESSAGE_CERT) | BIT(MESSAGE_QC), false, lie_tempt, lie_tempt_again },
    [LIE_STRAY] = { BIT(MESSAGE_PROPOSE), false, lie_stray, NULL },
    [LIE_PASS_OVER] = { 0, false, NULL, NULL },
    [LIE_EARLY_TC] = { BIT(MESSAGE_ANSWER), false, lie_early_tc, lie_end_early },
    [LIE_SWAP] = { BIT(MESSAGE_PROPOSE) | BIT(MESSAGE_BUNDLE), false, lie_swap, NULL },
    [LIE_WISH] = { 0, false, NULL, lie_wish },
    [LIE_PACK] = { BIT(MESSAGE_PROPOSE), false, lie_pack, NULL },
    [LIE_REOPEN] = { BIT(MESSAGE_PROPOSE), false, lie_reopen, NULL },
    [LIE_STRANGER] = { CERTS | BIT(MESSAGE_PROPOSE) | BIT(MESSAGE_TIMEOUT) | BIT(MESSAGE_TC), false, lie_stranger, NULL },
    [LIE_CRUMBS] = { BIT(MESSAGE_BUNDLE), true, lie_crumbs, NULL },
    [LIE_TEASE] = { BIT(MESSAGE_SNAPSHOT), true, lie_tease, NULL },
};

const struct naming lie_names[LIE_COUNT] = { LIES(NAMING) };

_Static_assert(LIE_COUNT <= 64, "a plan names its lies by the bits of one number");

/* --- Opening and closing -------------------------------------------------------------------------------------------- */

struct adversary *adversary_open(const struct cast *cast, uint64_t seed, const struct adversary_plan *plan)
{
    if (member_set_is_empty(&plan->liars)) {
        return NULL;
    }
    struct adversary *adversary = calloc(1, sizeof *adversary);
    ASSERT(adversary != NULL);
    ASSERT(plan->tick_ns > 0);
    adversary->plan = *plan;
    adversary->cast = cast;
    adversary->seed = seed;
    adversary->next_ns = plan->tick_ns;
    guard_open(&adversary->decoded, sizeof *adversary->message); /* What a decoder leaves as it was must be the same each time: zeros. */
    adversary->message = (struct message *)(void *)guard_end(&adversary->decoded, sizeof *adversary->message);
    adversary->room = malloc(FRAME_BYTES_MAX);
    adversary->other = malloc(FRAME_BYTES_MAX);
    ASSERT(adversary->room != NULL);
    ASSERT(adversary->other != NULL);
    facts_init(&adversary->repeats);
    for (uint32_t i = 0; i < MEMBERS_MAX; i++) {
        adversary->timed_out[i] = -1;
    }
    return adversary;
}

void adversary_close(struct adversary *adversary)
{
    if (adversary != NULL) {
        facts_close(&adversary->repeats);
        guard_close(&adversary->decoded);
        free(adversary->room);
        free(adversary->other);
        free(adversary);
    }
}

bool adversary_is_liar(const struct adversary *adversary, uint32_t member)
{
    return adversary != NULL && member_set_has(&adversary->plan.liars, member);
}

void adversary_silence(struct adversary *adversary)
{
    if (adversary != NULL) {
        adversary->silent = true;
    }
}

static bool lies(const struct adversary *adversary, enum lie lie)
{
    return (adversary->plan.lies >> lie & 1) != 0;
}

/* --- What is overheard ---------------------------------------------------------------------------------------------- */

static void hear_cert(struct adversary *adversary, const struct cert *cert)
{
    const struct cert *newest = &adversary->certs[(adversary->certs_count + ADVERSARY_CERTS - 1) % ADVERSARY_CERTS];

    if (cert->ballot.kind == VOTE_ROOT || (adversary->certs_count > 0 && ballot_equal(&newest->ballot, &cert->ballot))) {
        return;
    }
    cert_copy(&adversary->certs[adversary->certs_count++ % ADVERSARY_CERTS], cert);
    adversary->at_once = adversary->at_once || (lies(adversary, LIE_FALSE_CATCHUP) && adversary_can_mix(adversary));
}

static void hear_tc(struct adversary *adversary, const struct timeout_cert *tc)
{
    timeout_cert_copy(&adversary->tcs[adversary->tcs_count++ % ADVERSARY_TCS], tc);
    hear_cert(adversary, &tc->high);
}

static void hear_timeout(struct adversary *adversary, uint32_t from, const struct message_timeout *timeout)
{
    struct overheard_timeout *place = &adversary->timeouts[adversary->timeouts_count++ % ADVERSARY_TIMEOUTS];

    *place = (struct overheard_timeout){ .member = from, .epoch = timeout->epoch, .view = timeout->view, .rank = timeout->high.ballot.rank };
    memcpy(place->signature, timeout->signature, sizeof place->signature);
    hear_cert(adversary, &timeout->high);
    if (adversary_is_liar(adversary, from) && (int64_t)timeout->view > adversary->timed_out[from]) {
        adversary->timed_out[from] = (int64_t)timeout->view;
    }
    adversary->at_once = adversary->at_once || (lies(adversary, LIE_EARLY_TC) && adversary_can_end(adversary));
}

static void hear_bytes(struct adversary *adversary, uint32_t from, uint8_t type, struct bytes body)
{
    struct overheard_bytes *place = &adversary->old[adversary->old_count % ADVERSARY_OLD];

    if (body.size <= sizeof place->bytes) {
        place->from = from;
        place->type = type;
        place->size = body.size;
        memcpy(place->bytes, body.data, body.size);
        adversary->old_count++;
    }
}

/* adversary_note_header remembers a block that was proposed to somebody, real or made up. */
void adversary_note_header(struct adversary *adversary, const struct block_header *header)
{
    struct hash32 hash = block_hash(header);

    adversary->blocks[adversary->blocks_count++ % ADVERSARY_BLOCKS] = (struct overheard_block){ header->height, hash, *header };
}

static void hear_view(struct adversary *adversary, uint32_t from, uint64_t view, uint64_t height)
{
    if (!adversary_is_liar(adversary, from)) {
        adversary->view = view > adversary->view ? view : adversary->view;
        adversary->height = height > adversary->height ? height : adversary->height;
    }
}

void adversary_hear(struct adversary *adversary, uint32_t from, const struct message *message, struct bytes body)
{
    hear_bytes(adversary, from, (uint8_t)message->type, body);
    if (message->type == MESSAGE_VOTE || message->type == MESSAGE_COMMITVOTE) {
        struct overheard_vote *place = &adversary->votes[adversary->votes_count++ % ADVERSARY_VOTES];
        place->member = from;
        place->vote = message->vote;
        hear_view(adversary, from, message->vote.ballot.rank.view, message->vote.ballot.rank.height);
    } else if (message->type == MESSAGE_PROPOSE) {
        hear_view(adversary, from, message->propose.view, message->propose.opening ? 0 : message->propose.header.height);
        hear_cert(adversary, &message->propose.justify);
        if (message->propose.opening) {
            hear_tc(adversary, &message->propose.tc);
        } else {
            adversary_note_header(adversary, &message->propose.header);
        }
    } else if (message->type == MESSAGE_CERT || message->type == MESSAGE_COMMITQC || message->type == MESSAGE_QC) {
        hear_cert(adversary, &message->cert);
    } else if (message->type == MESSAGE_TIMEOUT) {
        hear_timeout(adversary, from, &message->timeout);
    } else if (message->type == MESSAGE_TC) {
        hear_tc(adversary, &message->tc);
    } else if (message->type == MESSAGE_SNAPSHOT && message->snapshot.offer) {
        adversary->offered[from] = message->snapshot.digest;
    }
}

/* --- Telling -------------------------------------------------------------------------------------------------------- */

uint64_t adversary_below(const struct adversary *adversary, enum lie lie, const struct telling *telling, uint64_t question, uint64_t bound)
{
    uint64_t way = (uint64_t)telling->from << 32 | (uint64_t)telling->to << 8 | telling->type;
    struct choice choice = { CHOICE_LIE, { (uint64_t)lie << 32 | question, way, telling->view, telling->height, telling->again } };

    return choice_below(adversary->seed, &choice, bound);
}

bool adversary_aims(const struct adversary *adversary, enum lie lie, const struct telling *telling)
{
    uint32_t members = adversary->cast->config.members_count;
    struct choice choice = { CHOICE_LIE, { lie, telling->from, telling->view, telling->height, 2 } };
    uint64_t drawn = choice_below(adversary->seed, &choice, (uint64_t)members * AIMED);

    return drawn % AIMED == 0 || drawn / AIMED == telling->to;
}

static bool wants(const struct adversary *adversary, enum lie lie, const struct telling *telling)
{
    const struct lie_row *row = &rows[lie];

    if (!lies(adversary, lie) || row->tell == NULL || (row->types >> telling->type & 1) == 0) {
        return false;
    }
    return row->always || adversary_below(adversary, lie, telling, 0, 1000000) < adversary->plan.rate_ppm;
}

void adversary_tell(struct adversary *adversary, const struct sim_message *out, struct bytes head, struct bytes tail)
{
    struct telling telling = { .from = out->from, .to = out->to, .type = out->type, .view = out->view, .height = out->height, .size = head.size + tail.size, .bytes = adversary->room };

    ASSERT(adversary_is_liar(adversary, out->from));
    ASSERT(telling.size <= FRAME_BYTES_MAX);
    memcpy(telling.bytes, head.data, head.size);
    if (tail.size > 0) {
        memcpy(telling.bytes + head.size, tail.data, tail.size);
    }
    telling.again = facts_count(&adversary->repeats, fact_name((uint64_t)out->from << 32 | out->to, out->type, out->view, out->height));
    telling.digest = fact_digest(telling.bytes, telling.size);
    for (unsigned lie = 0; lie < LIE_COUNT && !adversary->silent && telling.size > 0; lie++) {
        if (wants(adversary, (enum lie)lie, &telling)) {
            uint64_t before = fact_name(telling.hold_ns, fact_digest(telling.bytes, telling.size), telling.type, telling.size);
            rows[lie].tell(adversary, &telling);
            bool same = before == fact_name(telling.hold_ns, fact_digest(telling.bytes, telling.size), telling.type, telling.size);
            adversary->told[lie] += same ? 0 : 1;
        }
    }
    ASSERT(telling.size <= FRAME_BYTES_MAX);
    if (telling.size > 0) {
        struct sim_message message = { .from = telling.from, .to = telling.to, .type = telling.type, .view = telling.view, .height = telling.height };
        adversary->send(adversary->context, telling.hold_ns, &message, bytes_of(telling.bytes, telling.size));
    }
}

/* --- Deafness ------------------------------------------------------------------------------------------------------- */

bool adversary_ignores(const struct adversary *adversary, uint32_t member, uint32_t actor)
{
    if (adversary_is_liar(adversary, member) && !adversary->silent && lies(adversary, LIE_PASS_OVER) && (actor + adversary->seed) % 2 == 0) {
        return true;
    }
    struct choice choice = { CHOICE_LIE, { LIE_CENSOR, actor, 0, 0, 0 } };

    return adversary_is_liar(adversary, member) && !adversary->silent && lies(adversary, LIE_CENSOR) && choice_below(adversary->seed, &choice, 2) == 0;
}

bool adversary_deafens(struct adversary *adversary, const struct sim_message *message)
{
    if (adversary_is_liar(adversary, message->to) && !adversary->silent && message->type == MESSAGE_QUERY && lies(adversary, LIE_PASS_OVER)) {
        adversary->told[LIE_PASS_OVER]++;
        return true;
    }
    if (!adversary_is_liar(adversary, message->to) || adversary->silent || (message->type != MESSAGE_FORWARD && message->type != MESSAGE_QUERY) || !lies(adversary, LIE_CENSOR)) {
        return false;
    }
    adversary->told[LIE_CENSOR]++;
    return true;
}

/* sifts tells which lie changes what a liar hears, LIE_COUNT: none. */
static enum lie sifts(const struct adversary *adversary, const struct sim_message *message)
{
    if (!adversary_is_liar(adversary, message->to) || adversary->silent) {
        return LIE_COUNT;
    }
    if (message->type == MESSAGE_FORWARD && lies(adversary, LIE_PASS_OVER)) {
        return LIE_PASS_OVER;
    }
    return message->type == MESSAGE_FETCH && lies(adversary, LIE_CRUMBS) ? LIE_CRUMBS : LIE_COUNT;
}

void adversary_sifts(struct adversary *adversary, struct sim_message *message)
{
    struct message *decoded = adversary->message;
    enum lie lie = sifts(adversary, message);
    struct writer writer;

    if (lie == LIE_COUNT || message_decode(decoded, message->type, bytes_of(message->data, message->size)) != VERDICT_OK) {
        return;
    }
    if (lie == LIE_PASS_OVER) {
        decoded->forward.commands = adversary_without(adversary, message->to, decoded->forward.commands);
    }
    bool narrowed = lie == LIE_CRUMBS && adversary_narrows(decoded);
    writer_init(&writer, adversary->other, FRAME_BYTES_MAX);
    message_encode(decoded, &writer);
    ASSERT(!writer.failed);
    ASSERT(writer.offset <= message->size);
    adversary->told[lie] += narrowed || writer.offset < message->size ? 1 : 0;
    memcpy(message->data, adversary->other, writer.offset);
    message->size = writer.offset;
}

/* --- Acting --------------------------------------------------------------------------------------------------------- */

uint64_t adversary_due_ns(const struct adversary *adversary)
{
    bool acts = false;

    for (unsigned lie = 0; adversary != NULL && lie < LIE_COUNT; lie++) {
        acts = acts || (rows[lie].act != NULL && lies(adversary, (enum lie)lie));
    }
    return !acts || adversary->silent ? UINT64_MAX : adversary->at_once ? 0 : adversary->next_ns;
}

void adversary_act(struct adversary *adversary, uint64_t now_ns)
{
    adversary->ticks++;
    adversary->next_ns = now_ns + adversary->plan.tick_ns;
    adversary->at_once = false;
    for (unsigned lie = 0; lie < LIE_COUNT; lie++) {
        for (uint32_t liar = 0; liar < adversary->cast->config.members_count; liar++) {
            if (rows[lie].act != NULL && lies(adversary, (enum lie)lie) && adversary_is_liar(adversary, liar)) {
                rows[lie].act(adversary, liar);
            }
        }
    }
}
