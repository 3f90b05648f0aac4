/* driver_effects.c: one function per kind of effect. The order of the effects is the order of what happens.
 *
 * Invariant: effects before effect_next are carried out, those from it on are not; effect_next < count only while stalled. */
#include "node/driver_priv.h"

#include "base/assert.h"

#include <string.h>

_Static_assert((int)REPLICA_RECORD_BLOCK == (int)RECORD_BLOCK, "the replica numbers records as the log does");
_Static_assert((int)REPLICA_RECORD_PAYLOAD == (int)RECORD_PAYLOAD, "the replica numbers records as the log does");
_Static_assert((int)REPLICA_RECORD_CERTIFICATE == (int)RECORD_CERTIFICATE, "the replica numbers records as the log does");
_Static_assert((int)REPLICA_RECORD_CHECKPOINT == (int)RECORD_CHECKPOINT, "the replica numbers records as the log does");
_Static_assert((int)REPLICA_RECORD_EVIDENCE == (int)RECORD_EVIDENCE, "the replica numbers records as the log does");
_Static_assert(APPEND_RECORDS_MAX + 1 <= LOG_GROUP_RECORDS_MAX, "a group of the replica is a group of the log");
_Static_assert(APPEND_PARTS_MAX <= LOG_RECORD_PARTS_MAX, "likewise its parts");

static void effect_send(struct driver *driver, const struct effect *effect)
{
    bool to_self = member_set_has(&effect->send.to, driver->config.replica.self);

    if (to_self || effect->send.sign || effect->send.after_lsn > driver->durable_seen) {
        outbox_push(&driver->outbox, effect);
        driver->urgent = driver->urgent || effect->send.after_lsn > driver->durable_seen; /* Whoever waits for the log must not wait for a later write. */
        return;
    }
    struct port_message message = { effect->send.to, (uint8_t)effect->send.type, effect->send.head, effect->send.tail };
    driver->counters.messages_sent += member_set_count(&effect->send.to);
    driver->ports.send(driver->ports.context, &message);
}

static struct capsule capsule_of(const struct voting_state *state)
{
    return (struct capsule){
        .epoch = state->epoch,
        .timeout_view = state->timeout_view,
        .led_view = state->led_view,
        .vote_view = state->vote.view,
        .vote_height = state->vote.height,
        .vote_hash = state->vote_block,
        .vote_kind = state->vote_kind,
        .high_view = state->high.view,
        .high_height = state->high.height,
        .high_digest = state->high_digest,
        .tc_digest = state->tc_digest,
        .committed_height = state->committed_height,
    };
}

/* effect_append gives false when the log has no room yet. */
static bool effect_append(struct driver *driver, const struct effect *effect)
{
    struct log_record records[APPEND_RECORDS_MAX + 1];
    struct capsule capsule = capsule_of(&effect->append.state);
    uint64_t lsn = 0;

    ASSERT(effect->append.records_count <= APPEND_RECORDS_MAX);
    for (uint32_t i = 0; i < effect->append.records_count; i++) {
        const struct append_record *from = &effect->append.records[i];
        records[i] = (struct log_record){ .kind = from->kind,
                                          .flags = from->detachable ? RECORD_FLAG_DETACHABLE : 0,
                                          .height = from->height,
                                          .view = from->view,
                                          .hash = from->hash,
                                          .parts = from->parts,
                                          .parts_count = from->parts_count };
    }
    uint32_t count = effect->append.records_count;
    if (effect->append.note && driver_repair_note(driver, &records[count])) {
        count++;
    }
    if (effect->append.abstain_view >= 0) {
        segment_log_abstain(&driver->log, capsule.epoch, effect->append.abstain_view);
    }
    enum err err = segment_log_append(&driver->log, &capsule, records, count, &lsn);
    if (err == ERR_FULL) {
        return false;
    }
    if (err != ERR_OK) {
        driver->stopped = true; /* The log tells the owner through its `failed` callback. */
        return true;
    }
    ASSERT(lsn == driver->lsn_base + effect->append.lsn);
    driver->urgent = driver->urgent || effect->append.urgent;
    return true;
}

static void effect_commit(struct driver *driver, const struct effect *effect)
{
    ASSERT(driver->commits_count < DRIVER_COMMITS_MAX);
    driver->commits[(driver->commits_head + driver->commits_count) % DRIVER_COMMITS_MAX] = *effect;
    driver->commits_count++;
}

/* read_damaged: what should be served cannot be read any more. */
static void read_damaged(struct driver *driver, const struct log_read *read)
{
    struct recovery_damage damage = { .fate = FATE_ROT, .segment = read->place.segment, .block = read->place.block, .batches = 1, .kind = read->kind,
        .height = driver->read_height, .height_last = driver->read_height, .hash = read->hash };

    if (damage.segment != 0) {
        driver_damage(driver, &damage);
    }
}

static void read_finished(struct log_read *read, enum err err, uint32_t bytes)
{
    struct driver *driver = read->context;

    if (err == ERR_FORMAT || err == ERR_IO) {
        read_damaged(driver, read);
    }
    driver->read_done = true;
    driver->read_found = err == ERR_OK;
    driver->read_bytes = bytes;
}

void driver_start_read(struct driver *driver)
{
    enum err err = segment_log_read(&driver->log, &driver->read);

    driver->read_waits = err == ERR_AGAIN; /* A repair reads back: it is over soon. */
    if (err != ERR_OK && err != ERR_AGAIN) {
        read_finished(&driver->read, err, 0);
    }
}

static void effect_read_record(struct driver *driver, const struct effect *effect)
{
    ASSERT(!driver->reading);
    driver->reading = true;
    driver->read_token = effect->read_record.token;
    driver->read_height = effect->read_record.height;
    driver->read = (struct log_read){ .kind = effect->read_record.kind,
                                      .hash = effect->read_record.hash,
                                      .ahead = true,
                                      .out = driver->read_buffer,
                                      .out_bytes = DRIVER_RECORD_BYTES,
                                      .done = read_finished,
                                      .context = driver };
    driver_start_read(driver);
}

/* effect_tell hands the kinds that only pass through to the owner. */
static void effect_tell(struct driver *driver, const struct effect *effect)
{
    const struct driver_ports *ports = &driver->ports;

    switch (effect->kind) {
    case EFFECT_VERIFY:
        ports->verify(ports->context, effect->verify.batch, effect->verify.items, effect->verify.count, effect->verify.apart);
        break;
    case EFFECT_ADMIT:
        ports->admitted(ports->context, effect->admit.token, &effect->admit.id);
        break;
    case EFFECT_REFUSE:
        ports->refused(ports->context, effect->refuse.token, &effect->refuse.id, effect->refuse.code, effect->refuse.retry_after_ms);
        break;
    case EFFECT_READ_DONE:
        ports->read_done(ports->context, effect->read_done.token, effect->read_done.ok, effect->read_done.height);
        break;
    case EFFECT_PROOF:
        ports->proof(ports->context, effect->proof.token, effect->proof.ok, &effect->proof.header, effect->proof.proof);
        break;
    case EFFECT_MARK:
        ports->mark(ports->context, effect->mark.mark, effect->mark.view, effect->mark.height, effect->mark.member, effect->mark.value);
        break;
    case EFFECT_DRAINED:
        driver->urgent = true; /* What could wait is written before the clean stop. */
        ports->drained(ports->context);
        break;
    case EFFECT_HALT:
        driver->stopped = true;
        ports->halted(ports->context, effect);
        break;
    case EFFECT_SEND:
    case EFFECT_APPEND:
    case EFFECT_COMMIT:
    case EFFECT_READ_RECORD:
    case EFFECT_KIND_END:
        ASSERT(false);
    }
}

/* effect_do gives false when the effect must be tried again. */
static bool effect_do(struct driver *driver, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_SEND:
        effect_send(driver, effect);
        return true;
    case EFFECT_APPEND:
        return effect_append(driver, effect);
    case EFFECT_COMMIT:
        effect_commit(driver, effect);
        return true;
    case EFFECT_READ_RECORD:
        effect_read_record(driver, effect);
        return true;
    case EFFECT_VERIFY:
    case EFFECT_ADMIT:
    case EFFECT_REFUSE:
    case EFFECT_READ_DONE:
    case EFFECT_PROOF:
    case EFFECT_MARK:
    case EFFECT_DRAINED:
    case EFFECT_HALT:
    case EFFECT_KIND_END:
        effect_tell(driver, effect);
        return true;
    }
    return true;
}

void driver_carry_out(struct driver *driver)
{
    struct effects *effects = driver->effects;

    driver->stalled = false;
    while (driver->effect_next < effects->count && !driver->stopped) {
        if (!effect_do(driver, &effects->items[driver->effect_next])) {
            driver->stalled = true;
            driver->urgent = true;
            return;
        }
        driver->effect_next++;
        driver->counters.effects++;
    }
}
