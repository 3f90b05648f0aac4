/* adversary_forge.c: the hands of the adversary: it reads and writes messages, signs with the keys of the liars and puts certificates together. */
#include "sim/adversary/adversary_priv.h"

#include "base/assert.h"
#include "sim/world/subject.h"

#include <string.h>

struct message *telling_decode(struct adversary *adversary, const struct telling *telling)
{
    enum verdict verdict = message_decode(adversary->message, telling->type, bytes_of(telling->bytes, telling->size));

    return verdict == VERDICT_OK ? adversary->message : NULL;
}

/* signature_of gives where a signed message holds its signature and what is signed. Gives: NULL for other types. */
static uint8_t *signature_of(const struct cast *cast, struct message *message, struct hash32 *digest)
{
    const struct hash32 *chain_id = &cast->chain_id;

    if (message->type == MESSAGE_VOTE || message->type == MESSAGE_COMMITVOTE) {
        if (message->vote.ballot.kind == VOTE_ROOT) {
            return NULL;
        }
        *digest = ballot_digest(chain_id, &message->vote.ballot);
        return message->vote.signature;
    } else if (message->type == MESSAGE_TIMEOUT) {
        *digest = timeout_digest(chain_id, message->timeout.epoch, message->timeout.view, message->timeout.high.ballot.rank);
        return message->timeout.signature;
    } else if (message->type == MESSAGE_ABDICATE) {
        *digest = abdicate_digest(chain_id, message->abdicate.epoch, message->abdicate.view);
        return message->abdicate.signature;
    } else if (message->type == MESSAGE_CKPT) {
        *digest = checkpoint_digest(chain_id, &message->ckpt.checkpoint);
        return message->ckpt.signature;
    }
    return NULL;
}

static void sign(const struct adversary *adversary, uint32_t member, struct message *message)
{
    struct hash32 digest;
    uint8_t *signature = signature_of(adversary->cast, message, &digest);

    ASSERT(adversary_is_liar(adversary, member));
    if (signature != NULL) {
        sign_digest(&adversary->cast->members[member], &digest, signature);
    }
}

void telling_write(struct adversary *adversary, struct telling *telling)
{
    struct writer writer;

    sign(adversary, telling->from, adversary->message);
    writer_init(&writer, adversary->other, FRAME_BYTES_MAX);
    message_encode(adversary->message, &writer); /* Views point into telling->bytes: written elsewhere, then taken over. */
    ASSERT(!writer.failed);
    telling->type = (uint8_t)adversary->message->type;
    telling->size = writer.offset;
    memcpy(telling->bytes, adversary->other, writer.offset);
}

void adversary_say(struct adversary *adversary, uint32_t from, uint32_t to, const struct message *message)
{
    static struct message copy;
    struct writer writer;

    if (from == to) {
        return;
    }
    copy = *message;
    sign(adversary, from, &copy);
    writer_init(&writer, adversary->other, FRAME_BYTES_MAX);
    message_encode(&copy, &writer);
    ASSERT(!writer.failed);
    struct subject subject = subject_of(&copy);
    struct sim_message out = { .from = from, .to = to, .type = (uint8_t)copy.type, .view = subject.view, .height = subject.height };
    adversary->send(adversary->context, 0, &out, bytes_of(adversary->other, writer.offset));
}

void adversary_sign_ballot(const struct adversary *adversary, uint32_t member, const struct ballot *ballot, uint8_t signature[64])
{
    struct hash32 digest = ballot_digest(&adversary->cast->chain_id, ballot);

    ASSERT(adversary_is_liar(adversary, member));
    sign_digest(&adversary->cast->members[member], &digest, signature);
}

/* find_vote gives the signature of a member's vote that was overheard, NULL when there is none. */
static const uint8_t *find_vote(const struct adversary *adversary, uint32_t member, const struct ballot *ballot)
{
    uint64_t count = adversary->votes_count < ADVERSARY_VOTES ? adversary->votes_count : ADVERSARY_VOTES;

    for (uint64_t i = 0; i < count; i++) {
        const struct overheard_vote *vote = &adversary->votes[i];
        if (vote->member == member && ballot_equal(&vote->vote.ballot, ballot)) {
            return vote->vote.signature;
        }
    }
    return NULL;
}

bool adversary_certify(const struct adversary *adversary, const struct ballot *ballot, struct cert *cert)
{
    uint32_t members = adversary->cast->config.members_count, quorum = config_quorum(members), count = 0;
    uint8_t made[64];

    cert->ballot = *ballot;
    cert->signers.members = (struct member_set){ { 0 } };
    for (uint32_t i = 0; i < members && count < quorum; i++) {
        const uint8_t *signature = find_vote(adversary, i, ballot);
        if (adversary_is_liar(adversary, i)) {
            adversary_sign_ballot(adversary, i, ballot, made);
            signature = made;
        }
        if (signature != NULL) {
            signers_add(&cert->signers, i, signature);
            count++;
        }
    }
    return count == quorum;
}

/* --- Certificates that nobody may take ------------------------------------------------------------------------------ */

/* mix fills the signers with votes of all kinds, blocks and places. */
static void mix(const struct adversary *adversary, struct cert *cert)
{
    uint64_t count = adversary->votes_count < ADVERSARY_VOTES ? adversary->votes_count : ADVERSARY_VOTES;
    uint32_t quorum = config_quorum(adversary->cast->config.members_count);

    cert->signers.members = (struct member_set){ { 0 } };
    for (uint64_t i = 0; i < count && member_set_count(&cert->signers.members) < quorum; i++) {
        const struct overheard_vote *vote = &adversary->votes[i];
        if (!member_set_has(&cert->signers.members, vote->member)) {
            signers_add(&cert->signers, vote->member, vote->vote.signature);
        }
    }
}

/* adversary_forge_rest names a quorum, of which only the liars signed: the others' places hold a liar's signature. */
void adversary_forge_rest(const struct adversary *adversary, uint32_t liar, struct cert *cert)
{
    uint32_t quorum = config_quorum(adversary->cast->config.members_count);
    uint8_t signature[64];

    cert->signers.members = (struct member_set){ { 0 } };
    for (uint32_t i = 0; member_set_count(&cert->signers.members) < quorum; i++) {
        uint32_t member = (liar + i) % adversary->cast->config.members_count;
        adversary_sign_ballot(adversary, adversary_is_liar(adversary, member) ? member : liar, &cert->ballot, signature);
        signers_add(&cert->signers, member, signature);
    }
}

/* add_signer adds one whose signature is good as well: more than a quorum. */
static void add_signer(const struct adversary *adversary, struct cert *cert)
{
    uint8_t signature[64];

    for (uint32_t i = 0; i < adversary->cast->config.members_count; i++) {
        const uint8_t *overheard = find_vote(adversary, i, &cert->ballot);
        bool lies = adversary_is_liar(adversary, i);
        if (member_set_has(&cert->signers.members, i) || (!lies && overheard == NULL)) {
            continue;
        }
        if (lies) {
            adversary_sign_ballot(adversary, i, &cert->ballot, signature);
        }
        signers_add(&cert->signers, i, lies ? signature : overheard);
        return;
    }
}

void adversary_fake(struct adversary *adversary, const struct telling *telling, struct cert *cert)
{
    uint32_t count = member_set_count(&cert->signers.members);
    uint64_t what = adversary_below(adversary, LIE_FAKE_CERT, telling, 1, 9);

    if (cert->ballot.kind == VOTE_ROOT || count < 2) {
        cert->ballot = (struct ballot){ VOTE_FOLLOWING, 0, { adversary->view, adversary->height + 1 }, adversary->cast->chain_id };
        adversary_forge_rest(adversary, telling->from, cert);
        return;
    }
    switch (what) {
    case 0: memcpy(cert->signers.signatures[1], cert->signers.signatures[0], 64); break;          /* one signature for two members */
    case 1: cert->ballot.rank.view++; break;                                                      /* votes of another view */
    case 2: cert->ballot.kind = cert->ballot.kind == VOTE_FOLLOWING ? VOTE_OPENING : VOTE_FOLLOWING; break;
    case 3: cert->ballot.kind = cert->ballot.kind == VOTE_COMMIT ? VOTE_FOLLOWING : VOTE_COMMIT; break;
    case 4: cert->ballot.block.bytes[0] ^= 1; adversary_forge_rest(adversary, telling->from, cert); break;   /* a block that nobody made */
    case 5: mix(adversary, cert); break;
    case 7: add_signer(adversary, cert); break;
    case 6: cert->ballot.rank.height++; adversary_forge_rest(adversary, telling->from, cert); break;
    default: /* one signer fewer than a quorum */
        for (uint32_t i = MEMBERS_MAX; i > 0; i--) {
            if (member_set_has(&cert->signers.members, i - 1)) {
                member_set_remove(&cert->signers.members, i - 1); /* The last one: the others keep their places. */
                break;
            }
        }
        break;
    }
}
