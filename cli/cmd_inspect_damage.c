/* cmd_inspect_damage.c: `ward inspect damage`: what is whole, rotten and torn in a data directory, and what a start would do about it. It runs the
 * recovery of a start itself, on a disk that cannot be written, so the two cannot differ. */
#include "cli/cmd.h"

#include "cli/output.h"
#include "cli/store_view.h"
#include "storage/recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_ENTRIES = 65536, SENTENCE_BYTES = 320 };

static uint64_t no_time(void *context)
{
    (void)context;
    return 0;
}

static void never_durable(void *context, uint64_t lsn, uint64_t duration_ns) { (void)context, (void)lsn, (void)duration_ns; }

static void never_failed(void *context, enum err err) { (void)context, (void)err; }

/* take_log makes a log that will never be started, with the longest queue: a record is put together there, whatever queue it was written with. Gives: its memory; NULL when there is none. Owns: the caller frees it. */
static void *take_log(struct segment_log *log, struct disk *disk, uint32_t segment_bytes)
{
    struct segment_log_config config = { .segment_bytes = segment_bytes, .queue_batches = LOG_QUEUE_BATCHES_MAX, .index_entries = INDEX_ENTRIES, .now_ns = no_time, .durable = never_durable, .failed = never_failed };
    struct arena arena;

    arena_init_measure(&arena);
    segment_log_init(log, &arena, disk, &config);
    size_t bytes = arena.used;
    void *memory = aligned_alloc(ARENA_ALIGN, bytes + ARENA_ALIGN - bytes % ARENA_ALIGN);
    if (memory != NULL) {
        memset(memory, 0, bytes);
        arena_init(&arena, memory, bytes);
        segment_log_init(log, &arena, disk, &config);
    }
    return memory;
}

/* start_sentence says what wardd would do with this log. */
static void start_sentence(const struct recovery_outcome *outcome, bool rejoins, char out[SENTENCE_BYTES])
{
    const struct capsule *capsule = &outcome->position.capsule;

    if (rejoins && outcome->sign != SIGN_NEVER) {
        snprintf(out, SENTENCE_BYTES, "goes on behind batch %llu, but signs nothing before a quorum of other members said what its key must abstain from: the store was made by `wardd --rejoin`",
                 (unsigned long long)outcome->position.batch);
        return;
    }

    switch (outcome->sign) {
    case SIGN_FREELY:
        snprintf(out, SENTENCE_BYTES, "goes on behind batch %llu and may sign%s%s", (unsigned long long)outcome->position.batch,
                 outcome->torn > 0 ? "; what was cut by a crash is dropped, nobody was told of it" : "",
                 outcome->damage_count > 0 ? "; committed blocks that are damaged are fetched from others, appended again and read back" : "");
        return;
    case SIGN_AFTER_FETCH:
        snprintf(out, SENTENCE_BYTES, "goes on behind batch %llu, but signs only after it fetched from others:%s%s%s%s", (unsigned long long)outcome->position.batch,
                 outcome->missing_vote_block ? " the block of its last vote;" : "", outcome->missing_high_qc ? " its highest certificate;" : "",
                 outcome->missing_tc ? " its timeout certificate;" : "", outcome->damage_count > 0 ? " what is damaged at the end" : "");
        return;
    case SIGN_ABOVE_LIMIT:
        snprintf(out, SENTENCE_BYTES, "goes on behind batch %llu, but signs nothing in views up to %lld of epoch %llu: what it signed there may be lost, with a batch or with an earlier store",
                 (unsigned long long)outcome->position.batch, (long long)capsule->abstain_view, (unsigned long long)capsule->abstain_epoch);
        return;
    case SIGN_NEVER:
        snprintf(out, SENTENCE_BYTES, "refuses with exit 5: more than one acknowledged batch at the end of the log is lost; this store must not vote again. Move it away; `wardd --rejoin` makes a new one");
        return;
    }
}

static json_t *damage_json(const struct recovery_damage *damage)
{
    json_t *object = json_pack("{s:s, s:I, s:I, s:I, s:I}", "fate", batch_fate_name(damage->fate), "segment", (json_int_t)damage->segment, "block", (json_int_t)damage->block,
                               "batch", (json_int_t)damage->batch, "batches", (json_int_t)damage->batches);

    if (damage->kind != 0) {
        json_object_set_new(object, "record", json_string(record_kind_name(damage->kind)));
        json_object_set_new(object, "height", json_integer((json_int_t)damage->height));
        json_object_set_new(object, "hash", output_hex(damage->hash.bytes, HASH_BYTES));
    }
    return object;
}

static json_t *outcome_json(const struct store_view *view, const struct recovery_outcome *outcome)
{
    char sentence[SENTENCE_BYTES] = "";
    json_t *list = json_array();
    int copies_bad = 0;

    for (uint32_t i = 0; i < SUPERBLOCK_COPIES; i++) {
        copies_bad += (view->superblock.bad_map >> i & 1u) != 0;
    }
    for (uint32_t i = 0; i < outcome->damage_count; i++) {
        json_array_append_new(list, damage_json(&outcome->damage[i]));
    }
    start_sentence(outcome, (view->superblock.chosen.features_required & SUPERBLOCK_REJOINS) != 0, sentence);
    return json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "start", sentence, "superblock_copies_bad", copies_bad, "batches_whole",
                     (json_int_t)outcome->batches, "records_whole", (json_int_t)outcome->records, "bytes_read", (json_int_t)outcome->bytes_scanned, "proved_durable_batch",
                     (json_int_t)outcome->proved, "torn", (json_int_t)outcome->torn, "damaged", (json_int_t)(outcome->damage_count + outcome->damage_unlisted), "repaired", (json_int_t)outcome->repaired,
                     "segments_to_discard", (json_int_t)view->disk.discards_spared, "damage", list);
}

/* refuse says what a start would end with. */
static int refuse(const struct args *args, const struct recovery_outcome *outcome, enum err err)
{
    if (err == ERR_CONFLICT && outcome->foreign != 0) {
        return output_fail(args, EXIT_REFUSED, "%s/log/%010u.seg belongs to another store than this one: a start refuses with exit 5 and changes nothing", args->operands[0], outcome->foreign);
    }
    return store_view_fail(args, args->operands[0], "the log", err);
}

int cmd_inspect_damage(const struct args *args)
{
    static struct recovery_outcome outcome;
    static struct segment_log log;
    struct store_view view;
    int code = store_view_open(args, &view, args->operands[0], true);

    if (code == EXIT_FINE && inspect_snapshots(&view.disk.disk) == ERR_VERSION) {
        code = store_view_fail(args, args->operands[0], "a snapshot", ERR_VERSION);
    } else if (code == EXIT_FINE) {
        void *memory = take_log(&log, &view.disk.disk, view.superblock.chosen.segment_bytes);
        enum err err = memory == NULL ? ERR_NO_MEMORY : recovery_run(&log, &view.superblock.chosen, NULL, &outcome);
        code = err == ERR_OK ? output_result(args, outcome_json(&view, &outcome)) : refuse(args, &outcome, err);
        code = err == ERR_OK && code == EXIT_FINE && (outcome.damage_count > 0 || view.superblock.bad_map != 0) ? (int)EXIT_INTEGRITY : code;
        free(memory);
    }
    store_view_close(&view);
    return code;
}
