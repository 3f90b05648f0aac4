/* adversary_proofs.c: lies about what others cannot know themselves: certificates, blocks that they ask for, snapshots, states. */
#include "sim/adversary/adversary_priv.h"

#include "base/assert.h"
#include "storage/snapshot.h"

#include <string.h>

/* fake_tc: a TC that nobody may take: a signer twice, ranks that were never signed, another view, another high QC. */
static void fake_tc(struct adversary *adversary, const struct telling *telling, struct timeout_cert *tc)
{
    uint64_t what = adversary_below(adversary, LIE_FAKE_CERT, telling, 3, 5);

    if (what == 0) {
        memcpy(tc->signers.signatures[1], tc->signers.signatures[0], 64);
        tc->ranks[1] = tc->ranks[0];
    } else if (what == 1) {
        tc->ranks[0] = (struct rank){ 0, 0 };
    } else if (what == 2) {
        tc->view++;
    } else if (what == 3) {
        cert_root(&tc->high, tc->epoch, 0, &adversary->cast->chain_id);
    } else {
        adversary_fake(adversary, telling, &tc->high);
    }
}

/* mix_views puts a certificate of the same block, but of another view, into a proof by C1: each of the two is good, and together they prove nothing. Gives: false when
 * none was overheard. */
static bool mix_views(const struct adversary *adversary, struct commit_proof *proof)
{
    uint64_t kept = adversary->certs_count < ADVERSARY_CERTS ? adversary->certs_count : ADVERSARY_CERTS;
    const struct ballot *first = &proof->first.ballot;

    for (uint64_t i = 0; i < kept && first->kind != VOTE_COMMIT; i++) {
        const struct ballot *other = &adversary->certs[i].ballot;
        if (hash_equal(&other->block, &first->block) && other->kind != VOTE_COMMIT && other->rank.view != first->rank.view) {
            cert_copy(&proof->first, &adversary->certs[i]);
            return true;
        }
    }
    return false;
}

/* fake_proof: a proof by C2 may become one by C1, whose second half is then the first again. */
static void fake_proof(struct adversary *adversary, const struct telling *telling, struct commit_proof *proof)
{
    bool by_votes = proof->first.ballot.kind == VOTE_COMMIT;

    if (adversary_below(adversary, LIE_FAKE_CERT, telling, 6, 2) == 0 && mix_views(adversary, proof)) {
        return;
    }
    adversary_fake(adversary, telling, by_votes ? &proof->first : &proof->second);
    if (by_votes && proof->first.ballot.kind != VOTE_COMMIT) {
        proof->child = (struct block_header){ .height = proof->first.ballot.rank.height + 1, .parent = proof->first.ballot.block };
        cert_copy(&proof->second, &proof->first);
    }
}

static void fake_answer(struct adversary *adversary, const struct telling *telling, struct message_answer *answer)
{
    if (answer->has_tc && adversary_below(adversary, LIE_FAKE_CERT, telling, 4, 3) == 0) {
        fake_tc(adversary, telling, &answer->tc);
    } else if (answer->has_high && adversary_below(adversary, LIE_FAKE_CERT, telling, 5, 2) == 0) {
        adversary_fake(adversary, telling, &answer->high);
    } else if (answer->has_proof) {
        fake_proof(adversary, telling, &answer->proof);
    }
}

void lie_fake_cert(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message == NULL) {
        return;
    }
    if (message->type == MESSAGE_PROPOSE && message->propose.opening && adversary_below(adversary, LIE_FAKE_CERT, telling, 2, 2) == 0) {
        fake_tc(adversary, telling, &message->propose.tc);
    } else if (message->type == MESSAGE_PROPOSE) {
        adversary_fake(adversary, telling, &message->propose.justify);
    } else if (message->type == MESSAGE_TIMEOUT) {
        adversary_fake(adversary, telling, &message->timeout.high);
    } else if (message->type == MESSAGE_TC) {
        fake_tc(adversary, telling, &message->tc);
    } else if (message->type == MESSAGE_ANSWER) {
        fake_answer(adversary, telling, &message->answer);
    } else {
        adversary_fake(adversary, telling, &message->cert);
    }
    telling_write(adversary, telling);
}

/* estrange puts a number that no member has in the place of the last signer; the signatures stay where they are. */
static void estrange(const struct adversary *adversary, const struct telling *telling, struct signers *signers)
{
    uint32_t members = adversary->cast->config.members_count, last = members;

    while (last > 0 && !member_set_has(&signers->members, last - 1)) {
        last--;
    }
    if (last > 0 && members < MEMBERS_MAX) {
        member_set_remove(&signers->members, last - 1);
        member_set_add(&signers->members, members + (uint32_t)adversary_below(adversary, LIE_STRANGER, telling, 1, MEMBERS_MAX - members));
    }
}

/* lie_stranger: who does not compare the signers with the members verifies one signature fewer than a quorum has. */
void lie_stranger(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message == NULL) {
        return;
    }
    if (message->type == MESSAGE_PROPOSE) {
        estrange(adversary, telling, message->propose.opening ? &message->propose.tc.signers : &message->propose.justify.signers);
    } else if (message->type == MESSAGE_TIMEOUT) {
        estrange(adversary, telling, &message->timeout.high.signers);
    } else {
        estrange(adversary, telling, message->type == MESSAGE_TC ? &message->tc.signers : &message->cert.signers);
    }
    telling_write(adversary, telling);
}

/* is_of_another tells whether a certificate of this rank that the liars know is of another block; where they know none nothing can be said. */
static bool is_of_another(const struct adversary *adversary, struct rank rank, const struct hash32 *block)
{
    uint64_t kept = adversary->certs_count < ADVERSARY_CERTS ? adversary->certs_count : ADVERSARY_CERTS;

    for (uint64_t i = 0; i < kept; i++) {
        const struct ballot *ballot = &adversary->certs[i].ballot;
        if (ballot->kind != VOTE_COMMIT && rank_compare(ballot->rank, rank) == 0) {
            return !hash_equal(&ballot->block, block);
        }
    }
    return false;
}

/* note_low: an opening on less than its TC states gets no vote (I9). One of the same block, certified long ago, looks like the right one to whoever sees votes,
 * and the TC may show another certificate than that of the highest rank it states. */
static void note_low(struct adversary *adversary, const struct message_propose *propose)
{
    const struct ballot *justify = &propose->justify.ballot;
    struct rank most = { 0, 0 };

    for (uint32_t i = 0; i < member_set_count(&propose->tc.signers.members); i++) {
        most = rank_max(most, propose->tc.ranks[i]);
    }
    if (rank_compare(justify->rank, most) < 0 && is_of_another(adversary, most, &justify->block)) {
        adversary->spoiled(adversary->context, &(struct ballot){ .kind = VOTE_OPENING, .rank = { propose->view, justify->rank.height }, .block = justify->block });
    }
}

/* lie_open_low opens a view with an old certificate in place of the highest of the TC (I9). */
void lie_open_low(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);
    uint64_t kept = adversary->certs_count < ADVERSARY_CERTS ? adversary->certs_count : ADVERSARY_CERTS;

    if (message == NULL || !message->propose.opening || kept == 0) {
        return;
    }
    const struct cert *old = &adversary->certs[adversary_below(adversary, LIE_OPEN_LOW, telling, 1, kept)];
    bool low = rank_compare(old->ballot.rank, message->propose.justify.ballot.rank) < 0 && old->ballot.kind != VOTE_COMMIT;
    if (low) {
        cert_copy(&message->propose.justify, old);
    } else {
        cert_root(&message->propose.justify, 0, 0, &adversary->cast->chain_id);
    }
    note_low(adversary, &message->propose);
    if (adversary_below(adversary, LIE_OPEN_LOW, telling, 2, 2) == 0) { /* ... and the TC shows the same one for its highest */
        cert_copy(&message->propose.tc.high, &message->propose.justify);
    }
    telling_write(adversary, telling);
}

/* lie_open_early opens a view that the liar leads behind a TC of a view long before it: nobody has ended the one before (V7). */
void lie_open_early(struct adversary *adversary, uint32_t liar)
{
    struct message *message = adversary->message;
    struct choice choice = { CHOICE_LIE, { LIE_OPEN_LOW, liar, adversary->ticks, 0, 1 } };
    uint64_t how = choice_draw(adversary->seed, &choice), view = adversary->view + 1;

    if (adversary->tcs_count == 0 || how % 1000000 >= adversary->plan.rate_ppm / 4) {
        return;
    }
    while (config_leader(&adversary->cast->config, view) != liar) { /* every member leads one of so many views */
        view++;
    }
    message->type = MESSAGE_PROPOSE;
    message->propose = (struct message_propose){ .view = view, .opening = true };
    timeout_cert_copy(&message->propose.tc, &adversary->tcs[(adversary->tcs_count - 1) % ADVERSARY_TCS]);
    cert_copy(&message->propose.justify, &message->propose.tc.high);
    adversary->told[LIE_OPEN_LOW]++;
    for (uint32_t to = 0; to < adversary->cast->config.members_count; to++) {
        adversary_say(adversary, liar, to, message);
    }
}

/* --- Catch-up ------------------------------------------------------------------------------------------------------- */

static void false_answer(struct adversary *adversary, struct telling *telling, struct message *message, uint64_t what)
{
    struct message_answer *answer = &message->answer;

    if (what == 0) {
        telling->size = 0; /* no answer */
        return;
    } else if (what == 1) {
        answer->committed_height += 1000;
    } else if (what == 2 && answer->has_proof) { /* the proof of another height */
        answer->proof.first.ballot.rank.height++;
    } else if (what == 3 && answer->has_proof) {
        answer->proof.first.ballot.block.bytes[3] ^= 1;
    } else {
        answer->has_proof = answer->has_high = answer->has_tc = false;
    }
    telling_write(adversary, telling);
}

/* made_up says whether a block of a bundle becomes another one: the last, with a proof of its own, or one in the middle, on which the next one does not stand. */
static bool made_up(const struct message_bundle *bundle, uint64_t which, uint32_t i)
{
    uint32_t last = bundle->blocks_count - 1;

    return which == 0 ? i == last : i == which % bundle->blocks_count && i < last;
}

/* make_up serves a chain with a block that nobody made: a moment later than the true one. */
static void make_up(struct adversary *adversary, struct telling *telling, struct message *message, uint64_t which)
{
    static uint8_t blocks[FRAME_BYTES_MAX];
    struct message_bundle *bundle = &message->bundle;
    struct reader reader;
    struct writer writer;

    reader_init(&reader, bundle->blocks.data, bundle->blocks.size);
    writer_init(&writer, blocks, sizeof blocks);
    for (uint32_t i = 0; i < bundle->blocks_count; i++) {
        struct bundle_block one;
        if (bundle_block_next(&reader, &one) != VERDICT_OK) {
            return;
        }
        if (made_up(bundle, which, i)) {
            one.header.time_ms++;
            adversary->header(adversary->context, &one.header);
        }
        bundle_block_encode_head(&one.header, (uint32_t)one.body.size, &writer);
        write_run(&writer, one.body.data, one.body.size);
        if (which == 0 && bundle->chain && i + 1 == bundle->blocks_count) { /* C2 proves it, had anybody voted so */
            bundle->proof.headers_count = 0;
            bundle->proof.headers = bytes_of(NULL, 0);
            bundle->proof.first.ballot = (struct ballot){ VOTE_COMMIT, one.header.epoch, { bundle->proof.first.ballot.rank.view, one.header.height }, block_hash(&one.header) };
            adversary_forge_rest(adversary, telling->from, &bundle->proof.first);
        }
    }
    ASSERT(!writer.failed);
    bundle->blocks = bytes_of(blocks, writer.offset);
    telling_write(adversary, telling);
}

/* hide_last serves a chain without its last block, and in place of the one before it a block that nobody made. The proof stays as it is, of the last, to which a header leads: but not from
 * that block. Gives: false when there are too few. */
static bool hide_last(struct adversary *adversary, struct telling *telling, struct message *message)
{
    static uint8_t blocks[FRAME_BYTES_MAX], headers[(BUNDLE_HEADERS_MAX + 1) * BLOCK_HEADER_BYTES];
    struct message_bundle *bundle = &message->bundle;
    struct reader reader;
    struct writer writer, above;
    uint32_t left = bundle->blocks_count - 1;

    if (bundle->blocks_count < 2 || bundle->proof.headers_count == BUNDLE_HEADERS_MAX) {
        return false;
    }
    reader_init(&reader, bundle->blocks.data, bundle->blocks.size);
    writer_init(&writer, blocks, sizeof blocks);
    writer_init(&above, headers, sizeof headers);
    for (uint32_t i = 0; i <= left; i++) {
        struct bundle_block one;
        if (bundle_block_next(&reader, &one) != VERDICT_OK) {
            return false;
        }
        if (i == left) {
            block_header_encode(&one.header, &above);
            break;
        }
        one.header.time_ms += i + 1 == left ? 1 : 0;
        adversary->header(adversary->context, &one.header);
        bundle_block_encode_head(&one.header, (uint32_t)one.body.size, &writer);
        write_run(&writer, one.body.data, one.body.size);
    }
    write_run(&above, bundle->proof.headers.data, bundle->proof.headers.size);
    ASSERT(!writer.failed && !above.failed);
    bundle->blocks_count = left;
    bundle->blocks = bytes_of(blocks, writer.offset);
    bundle->proof.headers_count++;
    bundle->proof.headers = bytes_of(headers, above.offset);
    telling_write(adversary, telling);
    return true;
}

/* false_bundle changes a block, the chain, the proof, or serves nothing. */
static void false_bundle(struct adversary *adversary, struct telling *telling, struct message *message, uint64_t what)
{
    struct message_bundle *bundle = &message->bundle;

    if (what == 0) {
        telling->size = 0;
    } else if (what == 1 || bundle->blocks.size == 0) {
        message->type = MESSAGE_GONE;
        message->gone = (struct message_gone){ .old = bundle->chain, .height = adversary->height + 1 };
        telling_write(adversary, telling);
    } else if (what == 2 && bundle->chain) {
        fake_proof(adversary, telling, &bundle->proof);
        telling_write(adversary, telling);
    } else if (what <= 5 && bundle->chain && hide_last(adversary, telling, message)) {
        return;
    } else if (what <= 5 && !bundle->chain) {
        make_up(adversary, telling, message, 0);
    } else if (what <= 7 && bundle->chain) {
        make_up(adversary, telling, message, adversary_below(adversary, LIE_FALSE_CATCHUP, telling, 3, 2) * (1 + telling->again));
    } else { /* blocks are the tail of the message */
        size_t at = (size_t)(bundle->blocks.data - telling->bytes) + adversary_below(adversary, LIE_FALSE_CATCHUP, telling, 2, bundle->blocks.size);
        telling->bytes[at] ^= 1;
    }
}

/* lie_swap: one member in each view must ask for every block; and who asks for a block gets one that stands at its place. */
void lie_swap(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);
    struct choice choice = { CHOICE_LIE, { LIE_SWAP, telling->from, telling->view, 0, 2 } };

    if (message == NULL) {
        return;
    }
    if (message->type == MESSAGE_BUNDLE && !message->bundle.chain && message->bundle.blocks.size > 0) {
        make_up(adversary, telling, message, 0);
        return;
    }
    uint32_t members = adversary->cast->config.members_count, other = (telling->from + 1 + (uint32_t)choice_below(adversary->seed, &choice, members - 1)) % members;
    telling->size = message->type == MESSAGE_PROPOSE && !message->propose.opening && other == telling->to ? 0 : telling->size;
}

/* header_of gives the header of a block that was overheard, NULL when it is forgotten. */
static const struct block_header *header_of(const struct adversary *adversary, const struct hash32 *hash)
{
    uint64_t kept = adversary->blocks_count < ADVERSARY_BLOCKS ? adversary->blocks_count : ADVERSARY_BLOCKS;

    for (uint64_t i = 0; i < kept; i++) {
        if (hash_equal(&adversary->blocks[i].hash, hash)) {
            return &adversary->blocks[i].header;
        }
    }
    return NULL;
}

/* other_view gives a certificate of a block in another view than the one given, NULL when none was overheard. */
static const struct cert *other_view(const struct adversary *adversary, const struct hash32 *block, uint64_t view)
{
    uint64_t kept = adversary->certs_count < ADVERSARY_CERTS ? adversary->certs_count : ADVERSARY_CERTS;

    for (uint64_t i = 0; i < kept; i++) {
        const struct ballot *ballot = &adversary->certs[i].ballot;
        if (ballot->kind != VOTE_COMMIT && ballot->rank.view != view && hash_equal(&ballot->block, block)) {
            return &adversary->certs[i];
        }
    }
    return NULL;
}

/* mixing gives, for a certificate of a child, its header and a certificate of its parent in another view, as there is one when a view ends. Each of the two certificates is good; together they prove
 * nothing (C1). Gives: NULL when there is none. */
static const struct cert *mixing(const struct adversary *adversary, const struct cert *second, const struct block_header **child)
{
    *child = second->ballot.kind == VOTE_FOLLOWING ? header_of(adversary, &second->ballot.block) : NULL;
    return *child == NULL ? NULL : other_view(adversary, &(*child)->parent, second->ballot.rank.view);
}

bool adversary_can_mix(const struct adversary *adversary)
{
    const struct block_header *child;

    return adversary->certs_count > 0 && mixing(adversary, &adversary->certs[(adversary->certs_count - 1) % ADVERSARY_CERTS], &child) != NULL;
}

/* mixed_proof makes such a proof of the newest block of which it can. */
static bool mixed_proof(const struct adversary *adversary, struct commit_proof *proof)
{
    uint64_t kept = adversary->certs_count < ADVERSARY_CERTS ? adversary->certs_count : ADVERSARY_CERTS;

    for (uint64_t i = 1; i <= kept; i++) {
        const struct cert *second = &adversary->certs[(adversary->certs_count - i) % ADVERSARY_CERTS];
        const struct block_header *child;
        const struct cert *first = mixing(adversary, second, &child);
        if (first != NULL) {
            *proof = (struct commit_proof){ .child = *child };
            cert_copy(&proof->first, first);
            cert_copy(&proof->second, second);
            return true;
        }
    }
    return false;
}

/* lie_mix_proofs shows one to everybody, unasked: whoever lags could use it. */
void lie_mix_proofs(struct adversary *adversary, uint32_t liar)
{
    struct message *message = adversary->message;
    struct choice choice = { CHOICE_LIE, { LIE_FALSE_CATCHUP, liar, adversary->ticks, 0, 1 } };

    if (choice_draw(adversary->seed, &choice) % 1000000 >= adversary->plan.rate_ppm / 4) {
        return;
    }
    message->type = MESSAGE_ANSWER;
    message->answer = (struct message_answer){ .committed_height = adversary->height, .has_proof = true };
    if (!mixed_proof(adversary, &message->answer.proof)) {
        return;
    }
    adversary->told[LIE_FALSE_CATCHUP]++;
    for (uint32_t to = 0; to < adversary->cast->config.members_count; to++) {
        adversary_say(adversary, liar, to, message);
    }
}

void lie_false_catchup(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);
    uint64_t what = adversary_below(adversary, LIE_FALSE_CATCHUP, telling, 1, 5);

    if (message == NULL) {
        return;
    }
    if (message->type == MESSAGE_ANSWER) {
        false_answer(adversary, telling, message, what);
    } else if (message->type == MESSAGE_BUNDLE) {
        false_bundle(adversary, telling, message, adversary_below(adversary, LIE_FALSE_CATCHUP, telling, 4, 10));
    } else if (message->type == MESSAGE_HELLO) {
        message->hello.committed_height += 1u << what * 4;
        message->hello.high.view += what;
        message->hello.abstains = what == 4;
        message->hello.promised = what == 3 ? 0 : message->hello.view + (what == 4 ? 100 : 0);
        telling_write(adversary, telling);
    } else if (message->type == MESSAGE_QUERY) {
        message->query.committed_height = what == 0 ? 0 : message->query.committed_height + 100;
        message->query.abstains = what == 4;
        telling_write(adversary, telling);
    } else if (message->type == MESSAGE_READ_ANSWER && message->read_answer.has_proof && what < 3) { /* older than it knows */
        message->read_answer.has_proof = false;
        cert_root(&message->read_answer.high, 0, 0, &adversary->cast->chain_id);
        telling_write(adversary, telling);
    } else {
        telling->size = 0;
    }
}

/* --- Snapshots ------------------------------------------------------------------------------------------------------ */

/* is_patient: most liars offer what everybody offers, and its true list: who has chosen them is served chunks with a wrong bit. */
static bool is_patient(const struct adversary *adversary, const struct telling *telling)
{
    struct choice choice = { CHOICE_LIE, { LIE_FALSE_SNAPSHOT, telling->from, telling->to, 0, 3 } };

    return choice_below(adversary->seed, &choice, 4) != 0;
}

/* is_chunk: what is served, and is no list of chunks. */
static bool is_chunk(const struct adversary *adversary, const struct telling *telling, const struct message_snapshot *snapshot)
{
    struct hash32 digest = snapshot_digest(snapshot->bytes);

    return !snapshot->offer && snapshot->bytes.size > 0 && !hash_equal(&digest, &adversary->offered[telling->from]);
}

void lie_false_snapshot(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);
    uint64_t what = adversary_below(adversary, LIE_FALSE_SNAPSHOT, telling, 1, 6);

    if (message == NULL) {
        return;
    }
    if (message->type == MESSAGE_SNAPSHOT && is_patient(adversary, telling)) {
        if (!is_chunk(adversary, telling, &message->snapshot)) {
            return;
        }
        what = 5;
    }
    if (message->type == MESSAGE_SNAPSHOT_ASK) {
        message->snapshot_ask.run = (struct message_snapshot_run){ (uint32_t)what, (uint32_t)what * 1000, MESSAGE_SNAPSHOT_BYTES_MAX };
        telling_write(adversary, telling);
        return;
    }
    struct message_snapshot *snapshot = &message->snapshot;
    if (what == 0) {
        telling->size = 0;
        return;
    } else if (what == 1) {
        *snapshot = (struct message_snapshot){ 0 }; /* there is none */
    } else if (!snapshot->offer && snapshot->bytes.size > 0) {
        size_t at = (size_t)(snapshot->bytes.data - telling->bytes) + adversary_below(adversary, LIE_FALSE_SNAPSHOT, telling, 2, snapshot->bytes.size);
        telling->bytes[at] ^= 1;
        return;
    } else if (snapshot->height == 0) {
        snapshot->part_blocks = (uint32_t)what;
    } else if (what == 2) {
        snapshot->digest.bytes[0] ^= 1;
    } else if (what == 3) {
        snapshot->part_blocks = 1;
    } else if (what == 4) {
        snapshot->cert.checkpoint.state_root.bytes[0] ^= 1;
    } else {
        snapshot->height += 256;
        snapshot->cert.checkpoint.height += 256;
    }
    telling_write(adversary, telling);
}

/* sign_alone makes a certificate of one: the liar's own signature under what it says. */
static void sign_alone(const struct adversary *adversary, uint32_t liar, struct checkpoint_cert *cert)
{
    struct hash32 digest = checkpoint_digest(&adversary->cast->chain_id, &cert->checkpoint);
    uint8_t signature[64];

    sign_digest(&adversary->cast->members[liar], &digest, signature);
    cert->signers.members = (struct member_set){ { 0 } };
    signers_add(&cert->signers, liar, signature);
}

/* All liars state the same other root: they want one certificate. One that is certified gets it all the same, under the signatures of the true one, or of the liar alone. */
void lie_false_checkpoint(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message != NULL && message->type == MESSAGE_CKPT_CERT) {
        message->ckpt_cert.checkpoint.state_root.bytes[7] ^= 0x80;
        if (adversary_below(adversary, LIE_FALSE_CHECKPOINT, telling, 1, 2) == 0) {
            sign_alone(adversary, telling->from, &message->ckpt_cert);
        }
        telling_write(adversary, telling);
    } else if (message != NULL) {
        message->ckpt.checkpoint.state_root.bytes[7] ^= 0x80;
        telling_write(adversary, telling);
    }
}
