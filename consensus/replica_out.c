/* replica_out.c: how the replica says things: effects, records, marks. Nothing is decided here. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

void replica_want(struct replica *r, uint64_t at_ns)
{
    r->deadline_ns = at_ns < r->deadline_ns ? at_ns : r->deadline_ns;
}

void replica_send(struct replica *r, struct member_set to, uint64_t after_lsn, const struct hash32 *digest)
{
    struct message *message = &r->msg;
    struct member_set others = to;

    ASSERT(message_is_signed(message->type) == (digest != NULL));
    ASSERT(after_lsn <= r->lsn); /* I8 */
    if (member_set_is_empty(&to)) {
        return;
    }
    member_set_remove(&others, r->self);
    r->counters.sent[message->type] += member_set_count(&others);
    r->counters.signatures_made += digest != NULL;
    struct writer writer = effects_room(r->out);
    message_encode_head(message, &writer);
    struct effect *effect = effects_add(r->out, EFFECT_SEND);
    effect->send.to = to;
    effect->send.type = message->type;
    effect->send.after_lsn = after_lsn;
    effect->send.sign = digest != NULL;
    if (digest != NULL) {
        effect->send.digest = *digest;
    }
    effect->send.head = effects_take(r->out, &writer);
    effect->send.tail = message_tail(message);
}

struct effect *replica_append_begin(struct replica *r)
{
    struct effect *append = effects_add(r->out, EFFECT_APPEND);

    ASSERT(r->out != NULL);
    append->append.records_count = 0;
    append->append.note = false;
    append->append.abstain_view = -1;
    return append;
}

static struct append_record *add_record(struct effect *append, enum replica_record kind, uint64_t height, uint64_t view, const struct hash32 *hash)
{
    ASSERT(append->append.records_count < APPEND_RECORDS_MAX);
    ASSERT(append->kind == EFFECT_APPEND);
    struct append_record *record = &append->append.records[append->append.records_count++];
    *record = (struct append_record){ .kind = (uint8_t)kind, .height = height, .view = view, .hash = *hash, .parts_count = 1 };
    return record;
}

void replica_add_again(struct replica *r, struct effect *append, const struct block *block)
{
    struct cert none;

    ASSERT(block->used);
    struct append_record *record = add_record(append, REPLICA_RECORD_BLOCK, block->header.height, block->view, &block->hash);
    struct writer writer = effects_room(r->out);
    block_header_encode(&block->header, &writer);
    if (block->has_justify) {
        cert_encode(&block->justify, &writer);
    } else {
        cert_root(&none, r->config.epoch.epoch, 0, &(struct hash32){ { 0 } });
        cert_encode(&none, &writer);
    }
    record->parts[0] = effects_take(r->out, &writer);
    record = add_record(append, REPLICA_RECORD_PAYLOAD, block->header.height, block->view, &block->hash);
    record->detachable = true;
    record->parts[0] = bytes_of(block->body, block->body_bytes);
}

void replica_add_block(struct replica *r, struct effect *append, struct block *block)
{
    ASSERT(block->lsn == 0);
    replica_add_again(r, append, block);
    block->lsn = r->lsn + 1;
    if (block->has_justify && !r->high_recorded && safety_knows_high(&r->safety, &r->high.ballot) &&
        ballot_equal(&block->justify.ballot, &r->high.ballot)) {
        struct hash32 digest = cert_digest(&block->justify);
        safety_record_high(&r->safety, &r->high.ballot, &digest);
        r->high_recorded = true;
    }
}

/* write_cert writes the leading byte that says which certificate follows. */
static struct writer certificate_room(struct replica *r, enum certificate_record which)
{
    struct writer writer = effects_room(r->out);

    ASSERT(which >= CERTIFICATE_QC);
    ASSERT(which <= CERTIFICATE_PROOF);
    write_u8(&writer, (uint8_t)which);
    return writer;
}

void replica_add_cert(struct replica *r, struct effect *append, const struct cert *cert)
{
    ASSERT(cert->ballot.kind != VOTE_ROOT);
    struct hash32 digest = cert_digest(cert);
    struct append_record *record =
        add_record(append, REPLICA_RECORD_CERTIFICATE, cert->ballot.rank.height, cert->ballot.rank.view, &digest);
    struct writer writer = certificate_room(r, CERTIFICATE_QC);

    cert_encode(cert, &writer);
    record->parts[0] = effects_take(r->out, &writer);
}

void replica_add_high(struct replica *r, struct effect *append)
{
    struct hash32 digest = { { 0 } };

    ASSERT(append->kind == EFFECT_APPEND);
    if (r->high_recorded || !safety_knows_high(&r->safety, &r->high.ballot)) {
        return;
    }
    if (r->high.ballot.kind != VOTE_ROOT) {
        digest = cert_digest(&r->high);
        replica_add_cert(r, append, &r->high);
    }
    safety_record_high(&r->safety, &r->high.ballot, &digest);
    r->high_recorded = true;
}

void replica_add_tc(struct replica *r, struct effect *append)
{
    ASSERT(append->kind == EFFECT_APPEND);
    if (!r->has_tc || r->tc_recorded || r->tc.view + 1 != r->view) {
        return;
    }
    struct hash32 digest = timeout_cert_digest(&r->tc);
    struct append_record *record = add_record(append, REPLICA_RECORD_CERTIFICATE, r->tc.high.ballot.rank.height, r->tc.view, &digest);
    struct writer writer = certificate_room(r, CERTIFICATE_TC);
    timeout_cert_encode(&r->tc, &writer);
    record->parts[0] = effects_take(r->out, &writer);
    safety_record_tc(&r->safety, &digest);
    r->tc_recorded = true;
}

void replica_add_proof(struct replica *r, struct effect *append, const struct commit_proof *proof, uint64_t height, const struct hash32 *hash)
{
    struct append_record *record = add_record(append, REPLICA_RECORD_CERTIFICATE, height, commit_proof_rank(proof).view, hash);
    struct writer writer = certificate_room(r, CERTIFICATE_PROOF);

    ASSERT(commit_proof_height(proof) >= height);
    commit_proof_encode(proof, &writer);
    record->parts[0] = effects_take(r->out, &writer);
}

/* Each append is one position of the log; an urgent one is flushed at once. A chained block makes one of these at each replica (N2). */
uint64_t replica_append_end(struct replica *r, struct effect *append, bool urgent)
{
    ASSERT(append->kind == EFFECT_APPEND);
    ASSERT(append->append.records_count <= APPEND_RECORDS_MAX);
    ASSERT(r->safety.state.epoch == r->config.epoch.epoch);
    r->lsn++;
    append->append.lsn = r->lsn;
    append->append.state = r->safety.state;
    append->append.urgent = urgent;
    r->counters.appends++;
    r->counters.appends_urgent += urgent;
    return r->lsn;
}

void replica_mark(struct replica *r, enum mark mark, uint64_t height, uint32_t member, uint64_t value)
{
    struct effect *effect = effects_add(r->out, EFFECT_MARK);

    ASSERT(mark < MARK_COUNT);
    ASSERT(member < r->n);
    r->counters.marks[mark]++;
    effect->mark.mark = mark;
    effect->mark.view = r->view;
    effect->mark.height = height;
    effect->mark.member = member;
    effect->mark.value = value;
}

void replica_refuse(struct replica *r, enum verdict verdict)
{
    ASSERT(verdict < VERDICT_COUNT);
    r->counters.refused[verdict]++;
}

uint32_t replica_leader(const struct replica *r, uint64_t view)
{
    uint32_t leader = config_leader(&r->config.epoch, view);

    ASSERT(leader < r->n);
    return leader;
}

bool replica_is_leader(const struct replica *r)
{
    return replica_leader(r, r->view) == r->self;
}

bool replica_is_reserve(const struct replica *r, uint32_t member)
{
    ASSERT(member < r->n);
    if (!r->config.reserves) {
        return false;
    }
    struct member_set duty = duty_members(&r->config.epoch, r->view);
    ASSERT(member_set_has(&duty, replica_leader(r, r->view))); /* P1 */
    return !member_set_has(&duty, member);
}

bool replica_may_sign_again(struct replica *r, uint32_t from)
{
    ASSERT(from < r->n);
    return replica_take_token(r, &r->peers[from].again_ns, AGAIN_INTERVAL_NS, AGAIN_BURST);
}

bool replica_take_token(const struct replica *r, uint64_t *paid_ns, uint64_t interval_ns, uint64_t burst)
{
    uint64_t from_ns = *paid_ns > r->now.mono_ns ? *paid_ns : r->now.mono_ns;

    ASSERT(interval_ns > 0);
    ASSERT(burst >= 1);
    if (from_ns + interval_ns > r->now.mono_ns + burst * interval_ns) {
        return false;
    }
    *paid_ns = from_ns + interval_ns;
    return true;
}
