/* crypto_judge.h: everything that `ward-bench crypto` measures, behind one call: libsodium, OpenSSL, and each method of each backend. */
#ifndef WARD_BENCH_CRYPTO_JUDGE_H
#define WARD_BENCH_CRYPTO_JUDGE_H

#include "bench/crypto_stock.h"

#include <stdbool.h>

enum judge_backend { JUDGE_LIBSODIUM, JUDGE_OPENSSL, JUDGE_REF, JUDGE_AVX2, JUDGE_IFMA, JUDGE_BACKENDS };
enum judge_method { JUDGE_SINGLE, JUDGE_DIRECT, JUDGE_BATCH, JUDGE_METHODS };

/* What to measure: one row of the table. */
struct judge_case {
    enum judge_backend backend;
    enum judge_method method;
    enum stock_keys keys;
    size_t n; /* signatures in one call, 1 to STOCK_ITEMS */
};

/* judge_backend_name and judge_method_name give the words of the table. Owns: constants. */
const char *judge_backend_name(enum judge_backend backend);
const char *judge_method_name(enum judge_method method);

/* judge_absent says why a backend cannot run here, NULL when it can. Owns: a constant. */
const char *judge_absent(enum judge_backend backend);

/* judge_exists tells whether a row makes sense: yardsticks check one by one, a single check is of one, and the direct method needs known keys. */
bool judge_exists(const struct judge_case *row);

/* judge_open takes the memory that all rows of the backends share. Gives: false when there is none. */
bool judge_open(void);
void judge_close(void);

/* judge_sample measures a row once: at least 64 signatures in calls of row->n, after one call that is not counted. Unknown keys are unknown in
 * every call; known keys have all that the method keeps of a key.
 * Needs: judge_open; a row that exists on a backend that is not absent. Gives: CPU time of this thread in nanoseconds for one signature.
 * Fails: stops the process when a good signature is refused. */
double judge_sample(const struct judge_case *row);

#endif
