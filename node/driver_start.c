/* driver_start.c: from the bytes on disk to a replica that speaks.
 *
 *     snapshot -> state of its checkpoint block; without one: genesis -> state of block 0
 *     the end of the log   -> the newest capsule: what was promised (recovery_peek; all of the log where something is amiss)
 *     log, from its begin  -> every surviving record, in order (driver_ahead.c); blocks that they prove committed are executed on the way
 *     START
 *
 * The end comes first, because what was promised must be known before the first record is judged, and only the end of the log knows it. A block that was repaired stands
 * behind those that follow it, by more of them than the replica has slots or by few: then the committed chain, which the reading has learned, is taken from the log block by block, by name,
 * and what stands above it comes with another reading. */
#include "node/driver_priv.h"

#include "base/assert.h"

#define RESTORE_READINGS_MAX 8u

static struct voting_state state_of(const struct capsule *capsule)
{
    return (struct voting_state){
        .epoch = capsule->epoch,
        .timeout_view = capsule->timeout_view,
        .led_view = capsule->led_view,
        .vote_kind = capsule->vote_kind,
        .vote = { capsule->vote_view, capsule->vote_height },
        .vote_block = capsule->vote_hash,
        .high = { capsule->high_view, capsule->high_height },
        .high_digest = capsule->high_digest,
        .tc_digest = capsule->tc_digest,
        .committed_height = capsule->committed_height,
    };
}

/* execute_all executes every committed block that a record brought. */
static void execute_all(struct driver *driver)
{
    while (driver->commits_count > 0 && driver_is_open(driver)) {
        driver_execute_slice(driver);
    }
}

/* restore_effects carries out what a record brought: COMMIT, MARK, and HALT where the log says what this state is not (K1) or proves two chains (I1). */
void driver_restore_effects(struct driver *driver)
{
    for (uint32_t i = 0; i < driver->effects->count; i++) {
        enum effect_kind kind = driver->effects->items[i].kind;
        ASSERT(kind == EFFECT_COMMIT || kind == EFFECT_MARK || kind == EFFECT_HALT);
    }
    driver->effect_next = 0;
    driver_carry_out(driver);
    execute_all(driver);
}

static void restore_record(void *context, const struct recovered_record *record)
{
    struct driver *driver = context;

    if (driver->stopped || record->kind > RECORD_EVIDENCE) {
        return;
    }
    driver_ahead_record(driver, record);
}

/* build_replica makes the replica, which must know from its first moment what it must not sign. */
static void build_replica(struct driver *driver, const struct recovery_outcome *outcome)
{
    struct app app = apply_app(&driver->apply);
    struct replica_config *config = &driver->config.replica;

    if (outcome->sign == SIGN_ABOVE_LIMIT) {
        config->abstain = true;
        config->abstain_epoch = outcome->position.capsule.abstain_epoch;
        config->abstain_view = outcome->position.capsule.abstain_view;
    }
    config->rejoins = driver->rejoins;
    driver->replica = replica_init(driver->replica_memory, config, &app);
}

static bool capsule_is_blank(const struct recovery_outcome *outcome)
{
    return outcome->position.batch == 0;
}

/* begin_state loads the newest snapshot, or else the genesis: then the log must tell everything from its beginning. Fails: ERR_VERSION: a snapshot is of a newer version. */
static enum err begin_state(struct driver *driver, const struct superblock *superblock)
{
    struct hash32 chain_id = block_hash(&driver->config.replica.genesis);

    enum err err = snapshots_load(&driver->snapshots, superblock, &driver->config.replica.epoch, &chain_id, &driver->base);
    driver->has_base = err == ERR_OK;
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    archive_clear(&driver->apply.archive);
    return apply_load_genesis(&driver->apply);
}

/* restore_named hands over one record by its name. Gives: false when the log does not have it whole. */
static bool restore_named(struct driver *driver, uint8_t kind, const struct hash32 *hash)
{
    struct log_read read = { .kind = kind, .hash = *hash, .out = driver->read_buffer, .out_bytes = DRIVER_RECORD_BYTES };

    if (segment_log_read_now(&driver->log, &read) != ERR_OK) {
        return false;
    }
    struct recovered_record record = { .kind = kind, .hash = *hash, .payload = bytes_of(driver->read_buffer, read.bytes_read) };
    restore_record(driver, &record);
    driver_ahead_drain(driver); /* whoever named it looks at what it brought */
    return true;
}

/* restore_trail goes up the committed chain as far as the log has it, wherever its blocks lie. */
static void restore_trail(struct driver *driver)
{
    uint64_t blocks = replica_restore_trail(driver->replica), before = 0;
    struct hash32 hash;

    if (blocks == 0) {
        return;
    }
    replica_restore_again(driver->replica);
    for (uint64_t i = 0; i < blocks && replica_restore_next(driver->replica, &hash); i++) {
        before = driver->apply.height;
        if (!restore_named(driver, RECORD_BLOCK, &hash) || !restore_named(driver, RECORD_PAYLOAD, &hash) || driver->apply.height == before) {
            return;
        }
    }
}

/* restore_log reads the records, and again while repaired blocks stand out of order and each reading gets further. */
static enum err restore_log(struct driver *driver, const struct superblock *superblock, struct recovery_outcome *outcome)
{
    struct recovery_sink restore = { restore_record, driver };
    enum err err = ERR_OK;
    bool more = true;

    for (uint32_t i = 0; i < RESTORE_READINGS_MAX && more && err == ERR_OK && !driver->stopped; i++) {
        uint64_t height = driver->apply.height;
        replica_restore_again(driver->replica);
        err = recovery_run_again(&driver->log, superblock, &restore, outcome);
        driver_ahead_drain(driver);
        more = err == ERR_OK && !driver->stopped && outcome->repaired > 0 && driver->apply.height < outcome->position.capsule.committed_height;
        if (more) {
            restore_trail(driver);
            more = driver->apply.height > height;
        }
    }
    return err == ERR_OK && driver->stopped ? ERR_CONFLICT : err;
}

enum err driver_recover(struct driver *driver, const struct superblock *superblock, struct recovery_outcome *outcome)
{
    bool enough = false;

    ASSERT(driver->replica_memory != NULL);
    driver->first_segment = driver->first_wanted = superblock->first_segment;
    driver->limit_epoch = superblock->limit_epoch;
    driver->limit_view = superblock->limit_view;
    driver->rejoins = (superblock->features_required & SUPERBLOCK_REJOINS) != 0;
    enum err err = begin_state(driver, superblock);
    if (err != ERR_OK) {
        return err;
    }
    effects_reset(driver->effects);
    err = recovery_peek(&driver->log, superblock, outcome, &enough);
    if (err == ERR_OK && (!enough || capsule_is_blank(outcome))) { /* to a blank log nobody comes back, and the peek has taken no torn opening away */
        err = recovery_run_again(&driver->log, superblock, NULL, outcome);
    }
    if (err != ERR_OK || outcome->sign == SIGN_NEVER) {
        return err;
    }
    build_replica(driver, outcome);
    if (!capsule_is_blank(outcome)) {
        struct voting_state state = state_of(&outcome->position.capsule);
        replica_restore_state(driver->replica, &state);
    }
    if (driver->has_base) {
        replica_restore_base(driver->replica, &driver->base.header, &driver->base.cert, driver->base.checkpoint_ms);
    }
    if (!capsule_is_blank(outcome)) {
        err = restore_log(driver, superblock, outcome);
    }
    return err;
}

/* retire_leftovers finds segments that an earlier run meant to take out of use. */
static void retire_leftovers(struct driver *driver)
{
    struct segment_log *log = &driver->log;
    size_t count = 0;

    if (log->disk->ops->segments(log->disk, log->segments, DISK_SEGMENTS_MAX, &count) == ERR_OK && count > 0 && log->segments[0] < driver->first_segment) {
        driver->retire_next = log->segments[0];
    }
}

void driver_start(struct driver *driver, const uint8_t instance[16], const struct recovery_outcome *outcome)
{
    ASSERT(outcome->sign != SIGN_NEVER);
    segment_log_start(&driver->log, instance, &outcome->position);
    driver->lsn_base = driver->log.at.lsn; /* behind what the log itself may have begun with */
    driver->effect_next = driver->effects->count;
    driver_step(driver, &(struct event){ .kind = EVENT_START });
    driver->urgent = true; /* what the log abstains from anew goes to the disk, whether or not the replica has anything to append */
    driver->started = true;
    retire_leftovers(driver);
    driver_repair_begin(driver, outcome);
}
