/* crypto.c: `ward-bench crypto`.
 *
 *     for each repeat, for each row:    libsodium | row        so that both see the same machine
 *
 * A figure is the median over the repeats of the thread's CPU time for one signature; a ratio is the median of the ratios of each pair. A backend
 * that cannot run here has no row, but a reason. */
#include "bench/bench.h"

#include "base/assert.h"
#include "bench/crypto_judge.h"
#include "bench/crypto_openssl.h"
#include "cli/output.h"
#include "cli/report.h"
#include "crypto/keys.h"

#include <sodium/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 192, REPEATS_MAX = 101, QUICK_REPEATS = 3, MODEL_BYTES = 128 };

struct crypto_row {
    struct judge_case what;
    double us[REPEATS_MAX];    /* of one signature */
    double ratio[REPEATS_MAX]; /* libsodium's time just before, divided by the row's */
};

struct crypto_run {
    const struct args *args;
    struct crypto_row rows[ROWS_MAX];
    size_t rows_count;
    size_t repeats;
};

static const size_t sizes[] = { 1, 3, 8, 21, 64, 67, 256, 1024 };
static const size_t sizes_quick[] = { 1, 3, 64 };
static const char *const keys_names[] = { "distinct", "hot", "member" };

/* --- What to measure -------------------------------------------------------------------------------------------------- */

static void add_row(struct crypto_run *run, const struct judge_case *what)
{
    if (judge_exists(what)) {
        ASSERT(run->rows_count < ROWS_MAX);
        run->rows[run->rows_count++].what = *what;
    }
}

static void add_backend(struct crypto_run *run, enum judge_backend backend, const size_t *list, size_t count)
{
    bool knows = backend >= JUDGE_REF && judge_knows(backend);

    for (int method = 0; method < JUDGE_METHODS; method++) {
        for (int keys = STOCK_DISTINCT; keys <= STOCK_MEMBER; keys++) {
            for (size_t i = 0; i < count; i++) {
                if (method != JUDGE_DIRECT || knows) {
                    add_row(run, &(struct judge_case){ backend, (enum judge_method)method, (enum stock_keys)keys, list[i] });
                }
            }
        }
    }
}

/* plan lists the rows. Gives: EXIT_FINE, or the end of the command when the one backend asked for cannot run. */
static int plan(struct crypto_run *run)
{
    const char *only = args_text(run->args, "backend");
    bool quick = args_has(run->args, "quick"), all = strcmp(only, "all") == 0;

    run->repeats = quick && !args_has(run->args, "repeats") ? QUICK_REPEATS : (size_t)args_number(run->args, "repeats");
    for (int backend = 0; backend < JUDGE_BACKENDS; backend++) {
        bool asked = all || backend == JUDGE_LIBSODIUM || backend == JUDGE_OPENSSL || strcmp(only, judge_backend_name((enum judge_backend)backend)) == 0;
        const char *why = judge_absent((enum judge_backend)backend);
        if (asked && why != NULL && !all) {
            return output_fail(run->args, EXIT_ENVIRONMENT, "the backend %s cannot run here: %s", only, why);
        }
        if (asked && why == NULL) {
            add_backend(run, (enum judge_backend)backend, quick ? sizes_quick : sizes, quick ? sizeof sizes_quick / sizeof sizes_quick[0] : sizeof sizes / sizeof sizes[0]);
        }
    }
    return EXIT_FINE;
}

/* --- Measuring -------------------------------------------------------------------------------------------------------- */

static void measure(struct crypto_run *run)
{
    static const struct judge_case yardstick = { JUDGE_LIBSODIUM, JUDGE_SINGLE, STOCK_DISTINCT, 1 };

    for (size_t repeat = 0; repeat < run->repeats; repeat++) {
        for (size_t i = 0; i < run->rows_count; i++) {
            struct crypto_row *row = &run->rows[i];
            double before = judge_sample(&yardstick);
            double own = judge_sample(&row->what);
            row->us[repeat] = own / 1000;
            row->ratio[repeat] = before / own;
        }
    }
}

static int double_order(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double middle(double *values, size_t count)
{
    qsort(values, count, sizeof values[0], double_order);
    return values[count / 2];
}

/* --- Telling ---------------------------------------------------------------------------------------------------------- */

/* processor gives the name that the kernel shows, or an empty text. */
static void processor(char model[MODEL_BYTES])
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");

    model[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            snprintf(model, MODEL_BYTES, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static json_t *describe_absent(void)
{
    json_t *list = json_array();

    for (int backend = 0; backend < JUDGE_BACKENDS; backend++) {
        const char *why = judge_absent((enum judge_backend)backend);
        if (why != NULL) {
            json_array_append_new(list, json_pack("{s:s, s:s}", "backend", judge_backend_name((enum judge_backend)backend), "reason", why));
        } else if (backend >= JUDGE_REF && !judge_knows((enum judge_backend)backend)) {
            json_array_append_new(list, json_pack("{s:s, s:s}", "backend", judge_backend_name((enum judge_backend)backend), "reason", "it has built no tables for the direct method"));
        }
    }
    return list;
}

static json_t *describe_rows(struct crypto_run *run)
{
    json_t *list = json_array();

    for (size_t i = 0; i < run->rows_count; i++) {
        struct crypto_row *row = &run->rows[i];
        json_t *object = json_object();
        json_object_set_new(object, "backend", json_string(judge_backend_name(row->what.backend)));
        json_object_set_new(object, "method", json_string(judge_method_name(row->what.method)));
        json_object_set_new(object, "keys", json_string(keys_names[row->what.keys]));
        json_object_set_new(object, "n", json_integer((json_int_t)row->what.n));
        json_object_set_new(object, "us", report_number(middle(row->us, run->repeats)));
        json_object_set_new(object, "us_low", report_number(row->us[run->repeats / 4])); /* sorted by now */
        json_object_set_new(object, "us_high", report_number(row->us[run->repeats * 3 / 4]));
        json_object_set_new(object, "ratio_libsodium", report_number(middle(row->ratio, run->repeats)));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *describe(struct crypto_run *run)
{
    json_t *object = json_object();
    char model[MODEL_BYTES];

    processor(model);
    json_object_set_new(object, "processor", json_string(model));
    json_object_set_new(object, "compiler", json_string(__VERSION__));
    json_object_set_new(object, "libsodium", json_string(sodium_version_string()));
    json_object_set_new(object, "openssl", json_string(openssl_version()));
    json_object_set_new(object, "repeats", json_integer((json_int_t)run->repeats));
    json_object_set_new(object, "absent", describe_absent());
    json_object_set_new(object, "rows", describe_rows(run));
    return object;
}

/* print_table prints what a reader wants to compare: a line for each backend, method and kind of keys, a column for each size. */
static void print_table(json_t *rows)
{
    size_t i;
    json_t *row;

    printf("%-10s %-7s %-9s %5s %9s %9s %9s %7s\n", "backend", "method", "keys", "n", "us", "lower", "upper", "ratio");
    json_array_foreach(rows, i, row) {
        printf("%-10s %-7s %-9s %5d %9.3f %9.3f %9.3f %7.2f\n", json_string_value(json_object_get(row, "backend")), json_string_value(json_object_get(row, "method")),
            json_string_value(json_object_get(row, "keys")), (int)json_integer_value(json_object_get(row, "n")), json_number_value(json_object_get(row, "us")),
            json_number_value(json_object_get(row, "us_low")), json_number_value(json_object_get(row, "us_high")), json_number_value(json_object_get(row, "ratio_libsodium")));
    }
    printf("us: CPU time for one signature, median; lower and upper: quartiles; ratio: libsodium's time just before, divided by it, median\n");
}

static int tell(struct crypto_run *run)
{
    json_t *object = describe(run);
    json_t *rows = json_incref(json_object_get(object, "rows"));

    if (!run->args->json) {
        (void)json_object_del(object, "rows");
    }
    int code = output_result(run->args, object);
    if (!run->args->json) {
        print_table(rows);
    }
    json_decref(rows);
    return code;
}

int bench_crypto(const struct args *args)
{
    static struct crypto_run run;

    crypto_start();
    run.args = args;
    if (!judge_open(STOCK_ITEMS)) {
        return output_fail(args, EXIT_RESOURCE, "no memory for what is measured");
    }
    int code = plan(&run);
    if (code == EXIT_FINE) {
        measure(&run);
        code = tell(&run);
    }
    judge_close();
    return code;
}
