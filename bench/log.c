/* log.c: `ward-bench log`: what the segment log costs, beside the file system itself in the same run.
 *
 *     raw file, zero-filled <--in turns--> log: batches of 1 MiB      how fast, and how many bytes and flushes beside the payload
 *     raw writes of 64 KiB  <--in turns--> log: batches of 64 KiB     CPU of the whole process for each
 *     the log's files, read <--in turns--> recovery_run of that log   how fast a start reads and judges, and its CPU, in pairs of either order
 *
 * The log is the production one: disk_dir on the event loop's ring, segments prepared before they are measured. A raw write is one pwritev2 with
 * O_DIRECT and RWF_DSYNC over zeros that are on the disk already, the next one when it is done: what one write in flight can do. Its bytes were put in place just before, which is
 * not counted: whoever writes the same bytes again and again lets the disk take them from a cache. Medians over the pairs, which change their order. */
#include "bench/bench.h"

#include "base/assert.h"
#include "base/clock.h"
#include "bench/log_bed.h"
#include "cli/file.h"
#include "cli/output.h"

#include <stdlib.h>
#include <string.h>

#define MIB (1u << 20)

enum {
    TURNS_MAX = 11, /* pairs of raw and log */
    PAIRS = 11,    /* of a reading and a recovery */
    LARGE_MIB = 48,                           /* in each turn: filling the first batch, while nothing is written, is a hundredth of it */
    RAW_TURNS = 4,                            /* after so many the raw file is written from its beginning again */
    SMALL_BATCHES = 64,                       /* of 64 KiB, in each turn */
    SMALL_PAYLOAD = 16 * 4096 - 4096 - 2048,  /* of one record that fills a batch of 64 KiB */
    RECORDS_PER_MIB = 16,                     /* what comes in one turn of the loop: a batch of 1 MiB */
    LARGE_RECORD = 64 * 1024 - 512,           /* of those */
};

struct log_run {
    const struct args *args;
    struct log_bed bed;
    uint32_t turns;
    double raw_append[TURNS_MAX], append[TURNS_MAX], append_of_raw[TURNS_MAX]; /* MB/s, and one by the other of each pair */
    double raw_again[TURNS_MAX], append_of_again[TURNS_MAX]; /* of raw writes of the same bytes again and again */
    double raw_append_us[TURNS_MAX], append_us[TURNS_MAX];                         /* CPU for each MiB */
    double raw_small_us[TURNS_MAX], small_us[TURNS_MAX], own_small_us[TURNS_MAX], raw_small_ms[TURNS_MAX], small_ms[TURNS_MAX];
    uint32_t pairs;
    double raw_read[PAIRS], scan[PAIRS], of_raw[PAIRS];          /* MB/s, and one by the other of each pair */
    double raw_read_us[PAIRS], scan_us[PAIRS];                   /* CPU for each MiB */
    double flushes_per_batch, written_per_payload;
    uint64_t records, bytes_scanned;
};

static int double_order(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double middle(const double *values, uint32_t count)
{
    double sorted[PAIRS];

    ASSERT(count >= 1);
    ASSERT(count <= PAIRS);
    memcpy(sorted, values, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], double_order);
    return sorted[count / 2];
}

static double rate(uint64_t bytes, uint64_t took_ns) { return (double)bytes * 1000 / (double)(took_ns + 1); }

/* --- Appending ------------------------------------------------------------------------------------------------------- */

static enum err large_raw(struct log_run *run, uint32_t turn)
{
    struct log_bed_cost cost, again;
    enum err err = log_bed_raw_write(&run->bed, MIB, LARGE_MIB, true, &cost);

    err = err == ERR_OK ? log_bed_raw_write(&run->bed, MIB, LARGE_MIB, false, &again) : err;
    if (err == ERR_OK) {
        run->raw_append[turn] = rate(LARGE_MIB * (uint64_t)MIB, cost.wall_ns);
        run->raw_again[turn] = rate(LARGE_MIB * (uint64_t)MIB, again.wall_ns);
        run->raw_append_us[turn] = (double)cost.cpu_ns / 1000 / LARGE_MIB;
    }
    return err;
}

static enum err large_log(struct log_run *run, uint32_t turn)
{
    struct log_bed *bed = &run->bed;
    uint64_t begin_ns = clock_mono_ns(), cpu = clock_process_cpu_ns(), written = bed->log.counters.bytes_written;
    enum err err = ERR_OK;

    for (uint32_t i = 0; i < LARGE_MIB * RECORDS_PER_MIB && err == ERR_OK; i++) {
        err = log_bed_append(bed, LARGE_RECORD, false);
        err = err == ERR_OK && i % RECORDS_PER_MIB == RECORDS_PER_MIB - 1 ? log_bed_flush(bed) : err;
    }
    err = err == ERR_OK ? log_bed_drain(bed) : err;
    run->append[turn] = rate(bed->log.counters.bytes_written - written, clock_mono_ns() - begin_ns);
    run->append_us[turn] = (double)(clock_process_cpu_ns() - cpu) / 1000 / ((double)(bed->log.counters.bytes_written - written) / MIB);
    return err;
}

/* in_turns does one thing and the other, in the other order at every other turn: what slowly changes about the disk meets both alike. */
static enum err in_turns(struct log_run *run, uint32_t turn, enum err (*raw)(struct log_run *run, uint32_t turn), enum err (*log)(struct log_run *run, uint32_t turn))
{
    enum err err = turn % 2 == 0 ? raw(run, turn) : log(run, turn);

    return err != ERR_OK ? err : turn % 2 == 0 ? log(run, turn) : raw(run, turn);
}

static enum err append_large(struct log_run *run)
{
    const struct segment_log_counters *log = &run->bed.log.counters;
    enum err err = log_bed_append(&run->bed, SMALL_PAYLOAD, true); /* it opens the first segment */
    struct segment_log_counters before = *log;
    uint64_t flushes = run->bed.disk.disk.counters.flushes;

    for (uint32_t turn = 0; turn < run->turns && err == ERR_OK; turn++) {
        err = log_bed_reserve(&run->bed);
        err = err == ERR_OK ? in_turns(run, turn, large_raw, large_log) : err;
        run->append_of_raw[turn] = run->append[turn] / (run->raw_append[turn] + 1e-9);
        run->append_of_again[turn] = run->append[turn] / (run->raw_again[turn] + 1e-9);
    }
    run->flushes_per_batch = (double)(run->bed.disk.disk.counters.flushes - flushes) / ((double)(log->batches - before.batches) + 1e-9);
    run->written_per_payload = (double)(log->bytes_written - before.bytes_written) / ((double)(log->payload_bytes - before.payload_bytes) + 1);
    return err;
}

static enum err small_raw(struct log_run *run, uint32_t turn)
{
    struct log_bed_cost cost;
    enum err err = log_bed_raw_write(&run->bed, 64 * 1024, SMALL_BATCHES, true, &cost);

    run->raw_small_us[turn] = (double)cost.cpu_ns / 1000 / SMALL_BATCHES;
    run->raw_small_ms[turn] = (double)cost.wall_ns / 1e6 / SMALL_BATCHES;
    return err;
}

static enum err small_log(struct log_run *run, uint32_t turn)
{
    uint64_t begin_ns = clock_mono_ns(), cpu = clock_process_cpu_ns();
    enum err err = ERR_OK;

    for (uint32_t i = 0; i < SMALL_BATCHES && err == ERR_OK; i++) {
        err = log_bed_append(&run->bed, SMALL_PAYLOAD, true);
    }
    run->small_us[turn] = (double)(clock_process_cpu_ns() - cpu) / 1000 / SMALL_BATCHES;
    run->small_ms[turn] = (double)(clock_mono_ns() - begin_ns) / 1e6 / SMALL_BATCHES;
    return err;
}

static enum err append_small(struct log_run *run)
{
    enum err err = ERR_OK;

    for (uint32_t turn = 0; turn < run->turns && err == ERR_OK; turn++) {
        err = log_bed_reserve(&run->bed);
        err = err == ERR_OK ? in_turns(run, turn, small_raw, small_log) : err;
        run->own_small_us[turn] = run->small_us[turn] - run->raw_small_us[turn];
    }
    return err;
}

/* --- Recovering ------------------------------------------------------------------------------------------------------ */

static enum err read_raw(struct log_run *run, uint32_t pair)
{
    uint64_t begin_ns = clock_mono_ns(), cpu = clock_process_cpu_ns(), bytes = 0;
    enum err err = log_bed_raw_read(&run->bed, &bytes);

    run->raw_read[pair] = rate(bytes, clock_mono_ns() - begin_ns);
    run->raw_read_us[pair] = (double)(clock_process_cpu_ns() - cpu) / 1000 / ((double)bytes / MIB + 1e-9);
    return err;
}

static enum err recover_once(struct log_run *run, uint32_t pair)
{
    struct recovery_outcome outcome = { 0 };
    enum err err = log_bed_renew(&run->bed);
    uint64_t begin_ns = clock_mono_ns(), cpu = clock_process_cpu_ns();

    err = err == ERR_OK ? log_bed_recover(&run->bed, &outcome) : err;
    run->scan[pair] = rate(outcome.bytes_scanned, clock_mono_ns() - begin_ns);
    run->scan_us[pair] = (double)(clock_process_cpu_ns() - cpu) / 1000 / ((double)outcome.bytes_scanned / MIB + 1e-9);
    run->records = outcome.records;
    run->bytes_scanned = outcome.bytes_scanned;
    return err == ERR_OK && (outcome.damage_count != 0 || outcome.records == 0) ? ERR_FORMAT : err;
}

static enum err recover(struct log_run *run)
{
    enum err err = ERR_OK;

    for (uint32_t pair = 0; pair < run->pairs && err == ERR_OK; pair++) {
        err = in_turns(run, pair, read_raw, recover_once);
        run->of_raw[pair] = run->scan[pair] / (run->raw_read[pair] + 1e-9);
    }
    return err;
}

/* --- Telling --------------------------------------------------------------------------------------------------------- */

static json_t *beside(const char *unit, double raw, double log)
{
    return json_pack("{s:s, s:f, s:f, s:f}", "unit", unit, "raw", raw, "log", log, "ratio", raw > 0 ? log / raw : 0.0);
}

static int tell(const struct log_run *run)
{
    double raw_append = middle(run->raw_append, run->turns), append = middle(run->append, run->turns);
    double append_of_raw = middle(run->append_of_raw, run->turns), own_us = middle(run->own_small_us, run->turns);
    double cpu = middle(run->small_us, run->turns), of_raw = middle(run->of_raw, run->pairs);
    json_t *object = json_pack("{s:s, s:I, s:I}", "directory", run->bed.place, "turns", (json_int_t)run->turns, "segment_mib", (json_int_t)(run->bed.segment_bytes / MIB));

    json_object_set_new(object, "append_1mib", beside("MB/s", raw_append, append));
    json_object_set_new(object, "append_of_raw", json_real(append_of_raw));
    json_object_set_new(object, "append_of_raw_same_bytes", json_real(middle(run->append_of_again, run->turns)));
    json_object_set_new(object, "append_cpu", beside("us per MiB", middle(run->raw_append_us, run->turns), middle(run->append_us, run->turns)));
    json_object_set_new(object, "flushes_per_batch", json_real(run->flushes_per_batch));
    json_object_set_new(object, "written_per_payload", json_real(run->written_per_payload));
    json_object_set_new(object, "cpu_64kib_batch", beside("us", middle(run->raw_small_us, run->turns), cpu));
    json_object_set_new(object, "cpu_64kib_batch_own_us", json_real(own_us));
    json_object_set_new(object, "durable_64kib_batch", beside("ms", middle(run->raw_small_ms, run->turns), middle(run->small_ms, run->turns)));
    json_object_set_new(object, "recovery_scan", beside("MB/s", middle(run->raw_read, run->pairs), middle(run->scan, run->pairs)));
    json_object_set_new(object, "recovery_scan_of_raw", json_real(of_raw));
    json_object_set_new(object, "recovery_scan_cpu", beside("us per MiB", middle(run->raw_read_us, run->pairs), middle(run->scan_us, run->pairs)));
    json_object_set_new(object, "records", json_integer((json_int_t)run->records));
    json_object_set_new(object, "bytes_scanned", json_integer((json_int_t)run->bytes_scanned));
    json_object_set_new(object, "reached", json_pack("{s:b, s:b, s:b, s:b, s:b}", "append_90_percent", append_of_raw >= 0.9, "one_flush_and_5_percent_more",
                                                     run->flushes_per_batch <= 1.0 && run->written_per_payload <= 1.05, "cpu_40_us", cpu <= 40, "own_cpu_40_us", own_us <= 40,
                                                     "scan_80_percent", of_raw >= 0.8));
    return output_result(run->args, object);
}

int bench_log(const struct args *args)
{
    static struct log_run run;
    char problem[LOG_BED_PROBLEM_BYTES] = "";

    run = (struct log_run){ .args = args, .turns = args_has(args, "quick") ? 1 : (uint32_t)args_number(args, "turns"), .pairs = args_has(args, "quick") ? 1 : PAIRS };
    struct log_bed_plan plan = { .place = args_text(args, "dir"), .segment_bytes = (uint32_t)args_number(args, "segment") * MIB };
    plan.raw_bytes = RAW_TURNS * (uint64_t)LARGE_MIB * MIB;
    plan.turn_bytes = LARGE_MIB * (uint64_t)MIB;
    enum err err = log_bed_open(&run.bed, &plan, problem);
    if (err != ERR_OK) {
        return output_fail(args, err == ERR_UNSUPPORTED ? EXIT_ENVIRONMENT : (enum exit_code)file_exit(err), "%s", problem);
    }
    err = append_large(&run);
    err = err == ERR_OK ? append_small(&run) : err;
    log_bed_stop(&run.bed);
    err = err == ERR_OK ? recover(&run) : err;
    log_bed_close(&run.bed);
    return err == ERR_OK ? tell(&run) : output_fail(args, EXIT_RESOURCE, "the log could not be written or read back: %s", err_name(err));
}
