/* cmd_inspect.c: `ward inspect superblock` and `ward inspect log`: what lies in a data directory, offline, without changing a byte. */
#include "cli/cmd.h"

#include "cli/output.h"
#include "cli/store_view.h"

/* --- superblock ----------------------------------------------------------------------------------------------------- */

static json_t *superblock_json(const struct superblock *superblock)
{
    json_t *object = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "sequence", (json_int_t)superblock->sequence, "member",
                               (json_int_t)superblock->replica, "segment_bytes", (json_int_t)superblock->segment_bytes, "first_segment",
                               (json_int_t)superblock->first_segment, "durable_floor", (json_int_t)superblock->durable_floor, "checkpoint_height",
                               (json_int_t)superblock->checkpoint_height, "epoch", (json_int_t)superblock->epoch, "limit_epoch", (json_int_t)superblock->limit_epoch,
                               "limit_view", (json_int_t)superblock->limit_view, "clean", superblock->clean);

    json_object_set_new(object, "rejoins", json_boolean((superblock->features_required & SUPERBLOCK_REJOINS) != 0));
    json_object_set_new(object, "genesis", output_hex(superblock->cluster.bytes, HASH_BYTES));
    json_object_set_new(object, "instance", output_hex(superblock->instance, sizeof superblock->instance));
    json_object_set_new(object, "config", output_hex(superblock->config.bytes, HASH_BYTES));
    return object;
}

static json_t *copies_json(const struct inspect_superblock *found)
{
    json_t *copies = json_array();

    for (uint32_t i = 0; i < SUPERBLOCK_COPIES; i++) {
        json_t *copy = json_pack("{s:i, s:s}", "copy", (int)i, "state", found->copy_err[i] == ERR_OK ? "good" : err_name(found->copy_err[i]));
        if (found->copy_err[i] == ERR_OK) {
            json_object_set_new(copy, "sequence", json_integer((json_int_t)found->copy[i].sequence));
        }
        json_array_append_new(copies, copy);
    }
    return copies;
}

/* way_out says what an operator can do when no two copies agree: each is bad, or stands alone with what it says. */
static const char *way_out(const struct inspect_superblock *found)
{
    bool any = false;

    for (uint32_t i = 0; i < SUPERBLOCK_COPIES; i++) {
        any = any || found->copy_err[i] == ERR_OK;
    }
    return any ? "no two copies agree; a copy that stands alone may be an old one, so a start refuses (exit 5) and changes nothing. Put back the file `superblock` from a copy of this"
                 " directory made at or after the last clean stop, or keep the directory, move it away and make a new store with `wardd --rejoin`"
               : "no copy is whole; a start refuses (exit 5) and changes nothing. Put back the file `superblock` from a copy of this directory made at or after the last clean stop, or keep the"
                 " directory, move it away and make a new store with `wardd --rejoin`";
}

int cmd_inspect_superblock(const struct args *args)
{
    struct store_view view;
    int code = store_view_open(args, &view, args->operands[0], false);

    if (code == EXIT_FINE) {
        bool good = view.superblock.chosen_err == ERR_OK;
        json_t *result = good ? superblock_json(&view.superblock.chosen) : json_object();
        json_object_set_new(result, "agreed", json_boolean(good));
        json_object_set_new(result, "copies", copies_json(&view.superblock));
        if (!good && view.superblock.chosen_err != ERR_VERSION) {
            json_object_set_new(result, "way_out", json_string(way_out(&view.superblock)));
        }
        code = output_result(args, result);
        code = code == EXIT_FINE && !good ? (int)EXIT_INTEGRITY : code;
    }
    store_view_close(&view);
    return code;
}

/* --- log ------------------------------------------------------------------------------------------------------------ */

/* What a walk has seen. */
struct walk {
    json_t *segments;
    json_t *batches; /* NULL: not wanted */
    json_t *records; /* NULL: not wanted */
    uint64_t batches_whole, records_count, payload_bytes;
    uint64_t batches_bad, payloads_bad; /* whole headers with a body that is not; payloads that differ from their sums */
    uint64_t debris;                    /* blocks that are not zeros and begin no batch */
    struct batch_head newest;
};

static const char *head_word(enum head_found found)
{
    return found == HEAD_WHOLE ? "whole" : found == HEAD_ZERO ? "zero" : "other";
}

static const char *body_word(enum body_found found)
{
    return found == BODY_GOOD ? "good" : found == BODY_HOLES ? "holes" : "bad";
}

static void see_segment(void *context, const struct inspect_segment *segment)
{
    struct walk *walk = context;
    uint32_t good = 0;

    for (uint32_t i = 0; i < SEGMENT_HEAD_BLOCKS; i++) {
        good += segment->head_err[i] == ERR_OK;
    }
    json_array_append_new(walk->segments, json_pack("{s:I, s:I, s:I}", "segment", (json_int_t)segment->segment, "heads_good", (json_int_t)good, "first_batch",
                                                    (json_int_t)segment->head.first_batch));
}

static void see_batch(void *context, const struct inspect_batch *batch)
{
    struct walk *walk = context;

    if (batch->head_found != HEAD_WHOLE) {
        walk->debris++;
    } else {
        walk->batches_whole++;
        walk->batches_bad += batch->body_found != BODY_GOOD;
        walk->newest = batch->head.number > walk->newest.number ? batch->head : walk->newest;
    }
    if (walk->batches != NULL) {
        json_array_append_new(walk->batches,
                              json_pack("{s:I, s:I, s:I, s:s, s:s, s:I, s:I, s:I}", "segment", (json_int_t)batch->segment, "block", (json_int_t)batch->block, "blocks",
                                        (json_int_t)batch->blocks, "head", head_word(batch->head_found), "body", body_word(batch->body_found), "number",
                                        (json_int_t)batch->head.number, "durable_upto", (json_int_t)batch->head.durable_upto, "records", (json_int_t)batch->head.records));
    }
}

static void see_record(void *context, const struct inspect_record *record)
{
    struct walk *walk = context;

    walk->records_count++;
    walk->payload_bytes += record->head.bytes;
    walk->payloads_bad += !record->payload_good;
    if (walk->records != NULL) {
        json_t *object = json_pack("{s:I, s:s, s:I, s:I, s:I, s:I, s:b}", "batch", (json_int_t)record->batch, "kind", record_kind_name(record->head.kind), "height",
                                   (json_int_t)record->head.height, "view", (json_int_t)record->head.view, "bytes", (json_int_t)record->head.bytes, "bytes_total",
                                   (json_int_t)record->head.bytes_total, "good", record->payload_good);
        json_object_set_new(object, "hash", output_hex(record->head.hash.bytes, HASH_BYTES));
        json_array_append_new(walk->records, object);
    }
}

static json_t *capsule_json(const struct capsule *capsule)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "epoch", (json_int_t)capsule->epoch, "timeout_view", (json_int_t)capsule->timeout_view, "led_view",
                     (json_int_t)capsule->led_view, "vote_view", (json_int_t)capsule->vote_view, "vote_height", (json_int_t)capsule->vote_height, "high_view",
                     (json_int_t)capsule->high_view, "high_height", (json_int_t)capsule->high_height, "committed_height", (json_int_t)capsule->committed_height);
}

static json_t *walk_json(const struct walk *walk)
{
    json_t *result = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "batches", (json_int_t)walk->batches_whole, "records", (json_int_t)walk->records_count,
                               "payload_bytes", (json_int_t)walk->payload_bytes, "batches_bad", (json_int_t)walk->batches_bad, "payloads_bad",
                               (json_int_t)walk->payloads_bad, "debris", (json_int_t)walk->debris, "newest_batch", (json_int_t)walk->newest.number);

    if (walk->newest.number > 0) {
        json_object_set_new(result, "voting_state", capsule_json(&walk->newest.capsule));
    }
    json_object_set(result, "segments", walk->segments);
    if (walk->batches != NULL) {
        json_object_set(result, "batch_list", walk->batches);
    }
    if (walk->records != NULL) {
        json_object_set(result, "record_list", walk->records);
    }
    return result;
}

int cmd_inspect_log(const struct args *args)
{
    struct store_view view;
    struct walk walk = { .segments = json_array() };
    struct inspect_sink sink = { &walk, see_segment, see_batch, see_record };
    int code = store_view_open(args, &view, args->operands[0], true);

    walk.batches = args_has(args, "batches") ? json_array() : NULL;
    walk.records = args_has(args, "records") ? json_array() : NULL;
    if (code == EXIT_FINE) {
        code = store_view_log(args, &view, &sink);
    }
    if (code == EXIT_FINE) {
        code = output_result(args, walk_json(&walk));
        code = code == EXIT_FINE && walk.batches_bad + walk.payloads_bad > 0 ? (int)EXIT_INTEGRITY : code;
    }
    json_decref(walk.segments);
    json_decref(walk.batches);
    json_decref(walk.records);
    store_view_close(&view);
    return code;
}
