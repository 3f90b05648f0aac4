/* recovery_records.c: from batches to records: reassembly, delivery, salvage, and the check of a segment against its seal. */
#include "base/assert.h"
#include "storage/recovery_priv.h"

#include <string.h>

struct repair_note recovery_note(const struct recovery_damage *damage)
{
    return (struct repair_note){ .segment = damage->segment, .block = damage->block, .batch = damage->batch, .batches = damage->batches,
                                 .kind = damage->kind, .hash = damage->hash };
}

static bool is_settled(const struct recovery *recovery, const struct recovery_damage *damage)
{
    struct repair_note place = recovery_note(damage);

    return repair_notes_cover(&recovery->log->repairs, &place);
}

void recovery_report(struct recovery *recovery, const struct recovery_damage *damage)
{
    struct recovery_outcome *outcome = recovery->outcome;

    ASSERT(damage->fate != FATE_KEEP);
    ASSERT(damage->fate < FATE_COUNT);
    ASSERT(outcome->damage_count <= RECOVERY_DAMAGE_MAX);
    recovery->assembly.hurt = true;
    if (is_settled(recovery, damage)) {
        outcome->repaired++;
        return;
    }
    if (outcome->damage_count < RECOVERY_DAMAGE_MAX) {
        struct recovery_damage *entry = &outcome->damage[outcome->damage_count++];
        *entry = *damage;
        entry->height = damage->kind == 0 ? recovery->height : damage->height;
        entry->height_last = damage->kind == 0 ? UINT64_MAX : damage->height;
    } else {
        outcome->damage_unlisted++;
    }
}

/* height_met ends the range of heights of damage in front of this record. A block that was appended again stands out of order. */
static void height_met(struct recovery *recovery, uint64_t height)
{
    struct recovery_outcome *outcome = recovery->outcome;

    ASSERT(recovery->open <= outcome->damage_count);
    for (; recovery->open < outcome->damage_count; recovery->open++) {
        struct recovery_damage *damage = &outcome->damage[recovery->open];
        if (damage->kind == 0) {
            damage->height_last = height > damage->height ? height : damage->height;
            damage->height = height < damage->height ? height : damage->height;
        }
    }
    recovery->height = height;
}

void recovery_settle(struct recovery *recovery)
{
    struct recovery_outcome *outcome = recovery->outcome;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < outcome->damage_count; i++) {
        if (is_settled(recovery, &outcome->damage[i])) {
            outcome->repaired++;
        } else {
            outcome->damage[kept++] = outcome->damage[i];
        }
    }
    ASSERT(kept <= outcome->damage_count);
    outcome->damage_count = kept;
}

static void report_record(struct recovery *recovery, const struct record_head *head, const struct scan_place *place, enum batch_fate fate)
{
    struct recovery_damage damage = {
        .fate = fate,
        .segment = recovery->scan.segment,
        .block = place->block,
        .batch = place->head.number,
        .batches = 1,
        .kind = head->kind,
        .height = head->height,
        .hash = head->hash,
    };

    ASSERT(fate != FATE_KEEP);
    recovery_report(recovery, &damage);
}

void recovery_assembly_end(struct recovery *recovery)
{
    struct record_assembly *assembly = &recovery->assembly;

    ASSERT(!assembly->busy || assembly->bytes < assembly->head.bytes_total);
    if (assembly->busy && assembly->hurt) {
        struct recovery_damage damage = { .fate = FATE_ROT, .segment = assembly->segment, .block = assembly->block, .batch = assembly->batch, .batches = 1,
                                          .kind = assembly->head.kind, .height = assembly->head.height, .hash = assembly->head.hash };
        recovery_report(recovery, &damage);
    }
    assembly->busy = false;
    assembly->hurt = false;
}

static void deliver(struct recovery *recovery, const struct record_head *head, uint64_t batch, const uint8_t *payload)
{
    struct recovered_record record = {
        .kind = head->kind,
        .flags = head->flags,
        .height = head->height,
        .view = head->view,
        .batch = batch,
        .hash = head->hash,
        .payload = bytes_of(payload, head->bytes_total),
    };

    ASSERT(head->kind != 0);
    ASSERT(head->kind != RECORD_SEAL);
    if (head->kind != RECORD_STATE && head->kind < RECORD_SKIPPABLE) {
        recovery->outcome->records++;
        if (recovery->sink != NULL) {
            recovery->sink->record(recovery->sink->context, &record);
        }
    }
}

/* Does the fragment continue the record under way? */
static bool is_next_fragment(const struct record_assembly *assembly, const struct record_head *head)
{
    return assembly->busy && assembly->head.kind == head->kind && hash_equal(&assembly->head.hash, &head->hash) &&
           assembly->head.bytes_total == head->bytes_total && assembly->bytes == head->bytes_before;
}

/* One good fragment. Fails: ERR_FULL when the record is larger than the queue of this configuration. */
static enum err fragment_take(struct recovery *recovery, const struct record_head *head, const struct scan_place *place, const uint8_t *payload)
{
    struct record_assembly *assembly = &recovery->assembly;
    const struct segment_log *log = recovery->log;

    ASSERT(head->bytes <= head->bytes_total - head->bytes_before);
    if (head->bytes_before == 0) {
        recovery_assembly_end(recovery);
    } else if (!is_next_fragment(assembly, head)) {
        report_record(recovery, head, place, FATE_ROT); /* its beginning is lost */
        return ERR_OK;
    }
    if (head->bytes == head->bytes_total) {
        deliver(recovery, head, place->head.number, payload);
        return ERR_OK;
    }
    if (head->bytes_total > (uint64_t)log->config.queue_batches * log->config.batch_bytes_max) {
        return ERR_FULL;
    }
    uint8_t erased = assembly->busy ? assembly->head.flags & RECORD_FLAG_ERASED : 0;
    if (!assembly->busy) {
        assembly->segment = recovery->scan.segment;
        assembly->block = place->block;
        assembly->batch = place->head.number;
    }
    assembly->busy = true;
    assembly->head = *head;
    assembly->head.flags |= erased;
    memcpy(log->queue_data + head->bytes_before, payload, head->bytes);
    assembly->bytes = head->bytes_before + head->bytes;
    ASSERT(assembly->bytes <= head->bytes_total);
    if (assembly->bytes == head->bytes_total) {
        deliver(recovery, &assembly->head, place->head.number, log->queue_data);
        assembly->busy = false;
        assembly->hurt = false;
    }
    return ERR_OK;
}

/* Compares the seal with what was found in the segment that it describes: log->table, if that segment was the one before. */
static void seal_check(struct recovery *recovery, const struct record_head *record, const struct scan_place *place, const uint8_t *payload)
{
    const struct segment_log *log = recovery->log; /* whose table still describes the segment before */
    struct recovery_damage damage = { .fate = FATE_ROT, .segment = recovery->scan.segment, .block = place->block, .batch = place->head.number, .batches = 1 };
    struct seal_head seal;

    ASSERT(record->kind == RECORD_SEAL);
    if (seal_head_decode(payload, record->bytes, &seal) != ERR_OK) {
        damage.kind = RECORD_SEAL;
        recovery_report(recovery, &damage);
        return;
    }
    uint32_t known = 0;
    for (uint32_t i = 0; seal.segment == recovery->table_segment && seal.segment != 0 && i < seal.batches; i++) {
        struct seal_entry sealed = seal_entry_decode(payload, i);
        while (known < log->table_count && log->table[known].block < sealed.block) {
            known++;
        }
        bool there = known < log->table_count && log->table[known].block == sealed.block;
        if (there && log->table[known].chain != sealed.chain) { /* what is not there at all is a gap in the numbers, reported already */
            damage.segment = seal.segment;
            damage.block = sealed.block;
            damage.batch = seal.first_batch + i;
            recovery_report(recovery, &damage);
        }
    }
}

static bool kind_is_known(uint8_t kind) { return kind < RECORD_KIND_END || kind >= RECORD_SKIPPABLE; }

static enum err record_take(struct recovery *recovery, const struct record_head *head, struct record_place *at, const struct scan_place *place)
{
    const uint8_t *payload = place->data + at->offset + RECORD_HEAD_BYTES;

    ASSERT(head->kind != 0);
    ASSERT(place->data != NULL);
    if (!kind_is_known(head->kind)) {
        return ERR_VERSION;
    }
    if (head->kind == RECORD_SEAL) { /* stands between the fragments of a record that goes on in the next segment */
        seal_check(recovery, head, place, payload);
        return ERR_OK;
    }
    if (head->kind == RECORD_REPAIR) {
        log_repair_take(recovery->log, head, payload);
        return ERR_OK;
    }
    if (head->kind == RECORD_BLOCK || head->kind == RECORD_PAYLOAD) {
        height_met(recovery, head->height);
    }
    if (head->kind != RECORD_STATE && head->kind < RECORD_SKIPPABLE) {
        at->segment = recovery->scan.segment;
        at->block = place->block;
        record_index_add(&recovery->log->index, head, at);
        log_extent_note(recovery->log, at->segment, head->kind == RECORD_BLOCK || head->kind == RECORD_PAYLOAD ? head->height : 0);
    }
    return fragment_take(recovery, head, place, payload);
}

enum err recovery_deliver(struct recovery *recovery, const struct scan_place *place)
{
    struct batch_cursor cursor;
    struct record_head head;
    struct record_place at;
    enum err err = ERR_OK;

    ASSERT(place->body_found == BODY_GOOD);
    ASSERT(place->head_found == HEAD_WHOLE);
    batch_cursor_init(&cursor, &place->head, place->data);
    while (err == ERR_OK && batch_cursor_next(&cursor, &head, &at)) {
        err = record_take(recovery, &head, &at, place);
    }
    ASSERT(err != ERR_OK || !cursor.broken); /* the body was found good */
    return err;
}

enum err recovery_salvage(struct recovery *recovery, const struct scan_place *place, enum batch_fate fate)
{
    struct batch_cursor cursor = { .broken = true };
    struct record_head head;
    struct record_place at;
    enum err err = ERR_OK;
    uint32_t named = 0;

    ASSERT(fate == FATE_ROT || fate == FATE_ADOPT);
    ASSERT(place->head_found == HEAD_WHOLE);
    if (place->data != NULL) {
        batch_cursor_init(&cursor, &place->head, place->data);
    }
    while (err == ERR_OK && batch_cursor_next(&cursor, &head, &at)) {
        if (record_payload_is_good(&head, place->data + at.offset + RECORD_HEAD_BYTES)) {
            err = record_take(recovery, &head, &at, place);
        } else {
            named++;
            report_record(recovery, &head, place, fate);
        }
    }
    if (named == 0 || cursor.broken) { /* something else than a payload: what it was cannot be said */
        struct record_head nameless = { 0 };
        report_record(recovery, &nameless, place, fate);
    }
    return err;
}
