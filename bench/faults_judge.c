/* faults_judge.c: looking back on a run: every receipt is looked for, all roots are compared, nothing was taken from the heap; and what is told of it. */
#include "bench/faults_priv.h"

#include "base/clock.h"
#include "cli/meter.h"
#include "cli/output.h"
#include "cli/pause.h"
#include "cli/report.h"

#include <string.h>

enum { LOOKS_MAX = 20000 }; /* receipts that are looked for */

/* wait_even waits until all replicas have executed the same height. */
static bool wait_even(struct faults_run *run)
{
    uint64_t end_ns = clock_mono_ns() + FAULTS_CAUGHT_UP_MS * FAULTS_MS_NS;

    while (clock_mono_ns() < end_ns) {
        uint64_t least = UINT64_MAX, most = 0;
        for (uint32_t i = 0; i < FAULTS_REPLICAS; i++) {
            uint64_t height = meter_figure_of(&run->bed.cluster, i, "executed_height");
            least = height < least ? height : least;
            most = height > most ? height : most;
        }
        if (least == most && least > 0) {
            return true;
        }
        pause_ms(50);
    }
    return false;
}

/* watch_heap takes in what a replica says of its heap. A build whose allocator does not count says so; silence is a problem. */
static void watch_heap(struct faults_run *run, const char *text)
{
    uint64_t counted, bytes = 0;

    if (!meter_figure(text, "heap_counted", &counted) || (counted != 0 && !meter_figure(text, "heap_bytes_after_seal", &bytes))) {
        faults_problem(run, "a replica does not say what it took from the heap");
    }
    run->heap_bytes_max = bytes > run->heap_bytes_max ? bytes : run->heap_bytes_max;
}

/* compare_roots: every replica must stand at the same height with the same root, and have taken nothing from the heap since its start. */
static void compare_roots(struct faults_run *run)
{
    char first[80] = "", root[80];
    static char text[METER_TEXT_BYTES];

    run->roots_equal = wait_even(run);
    for (uint32_t i = 0; i < FAULTS_REPLICAS; i++) {
        bool told = meter_ask(&run->bed.cluster, i, text, 2000) == ERR_OK && meter_word(text, "state_root", root, sizeof root);
        watch_heap(run, text);
        memcpy(first, i == 0 ? root : first, sizeof first);
        run->roots_equal = run->roots_equal && told && strcmp(first, root) == 0;
    }
    if (!run->roots_equal) {
        faults_problem(run, "the replicas do not stand at one height with one state root");
    }
    if (run->heap_bytes_max != 0) {
        faults_problem(run, "%llu bytes were taken from the heap after the start", (unsigned long long)run->heap_bytes_max);
    }
}

/* look_back asks for every receipt, or for every so many-th of a long run, of a replica that the faults met. */
static void look_back(struct faults_run *run)
{
    const struct receipts_found *receipts = &run->receipts;
    enum err err = receipts_look(&run->bed.cluster, run->rounds % FAULTS_REPLICAS, &run->load, run->load.tally.high / LOOKS_MAX + 1, &run->receipts);

    if (err != ERR_OK) {
        faults_problem(run, "the receipts could not be looked for: %s", err_name(err));
    }
    if (receipts->missing + receipts->different + receipts->wrong != 0) {
        faults_problem(run, "of what was acknowledged %llu are missing and %llu stand elsewhere; %llu answers do not check", (unsigned long long)receipts->missing,
                (unsigned long long)receipts->different, (unsigned long long)receipts->wrong);
    }
}

void faults_judge(struct faults_run *run)
{
    const struct tally *tally = &run->load.tally;

    run->receipts_lost = tally->states[TALLY_LOST];
    compare_roots(run);
    look_back(run);
    if (!run->bed.durable) {
        faults_problem(run, "no place with O_DIRECT and real flushes: nothing was durable");
    }
    if (tally->contradictions != 0) {
        faults_problem(run, "%llu receipts came twice and said different things", (unsigned long long)tally->contradictions);
    }
    if (tally_open(tally) != 0) {
        faults_problem(run, "%llu commands have no final answer", (unsigned long long)tally_open(tally));
    }
    if (tally->states[TALLY_REFUSED] != 0 || tally->states[TALLY_DONE] != tally->committed[0]) {
        faults_problem(run, "not every command ended with code 0");
    }
}

json_t *faults_numbers(const struct faults_run *run, const uint64_t values[FAULTS_ROUNDS_MAX])
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < run->rounds; i++) {
        json_array_append_new(list, json_integer((json_int_t)values[i]));
    }
    return list;
}

int faults_tell(struct faults_run *run)
{
    const struct tally *tally = &run->load.tally;
    bool good = json_array_size(run->problems) == 0;
    json_t *object = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "kind", run->kind->word, "rounds", (json_int_t)run->rounds, "rate",
                               (json_int_t)run->load_config.rate, "sent", (json_int_t)tally->high, "committed", (json_int_t)tally->committed[0], "lost_receipts",
                               (json_int_t)run->receipts_lost, "resends", (json_int_t)tally->resends, "receipts_found", (json_int_t)run->receipts.found,
                               "orderly_ms_max", (json_int_t)run->orderly_ms_max, "heap_bytes_after_seal", (json_int_t)run->heap_bytes_max, "state_roots_equal",
                               run->roots_equal);

    json_object_set_new(object, "gaps_ms", faults_numbers(run, run->gaps_ms));
    json_object_set_new(object, "back_ms", faults_numbers(run, run->back_ms));
    if (run->kind->tell != NULL) {
        run->kind->tell(run, object);
    }
    json_object_set_new(object, "rejected", report_codes(tally));
    json_object_set_new(object, "ok", json_boolean(good));
    json_object_set(object, "problems", run->problems);
    int code = output_result(run->args, object);
    return code == EXIT_FINE && !good ? (int)EXIT_NO : code;
}
