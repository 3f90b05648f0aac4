/* crypto_judge.h: everything that `ward-bench crypto` measures, behind one call: libsodium, OpenSSL, and each method of each backend. */
#ifndef WARD_BENCH_CRYPTO_JUDGE_H
#define WARD_BENCH_CRYPTO_JUDGE_H

#include "bench/crypto_stock.h"

#include <stdbool.h>

enum judge_backend { JUDGE_LIBSODIUM, JUDGE_OPENSSL, JUDGE_REF, JUDGE_AVX2, JUDGE_IFMA, JUDGE_BACKENDS };
enum judge_method { JUDGE_SINGLE, JUDGE_DIRECT, JUDGE_BATCH, JUDGE_SPOILT, JUDGE_METHODS }; /* spoilt: one bad signature, in the middle, of a batch that is judged as a replica would: by one sum, and then each by itself */

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

#define JUDGE_SPOILT_MIN 64u      /* signatures of a batch that somebody spoils */
#define JUDGE_SPOILT_HOT_MIN 256u /* by keys with tables: so many that one sum is tried first */

/* judge_exists tells whether a row makes sense: yardsticks check one by one, a single check is of one, the direct method needs known keys, and only what clients send is spoilt. */
bool judge_exists(const struct judge_case *row);

/* judge_open makes the signatures of which a row uses at most items_max, and for each backend that can run here its contexts and the tables of
 * all keys that are known. Needs: 128 <= items_max <= STOCK_ITEMS. Gives: false when there is no memory. Cost: six times items_max signatures. */
bool judge_open(size_t items_max);
void judge_close(void);

/* judge_knows tells whether a backend of ours has built its tables; without them the direct method would measure another one. */
bool judge_knows(enum judge_backend backend);

/* judge_ready brings a row's context into the state that is measured: code and constants warm by one call; unknown keys unknown; known keys with
 * all that the method keeps of a key. judge_call is one call on the signatures from `first` on.
 * Needs: judge_open; a row of ours, that exists, on a backend that is not absent; first + n <= items_max.
 * Fails: judge_call stops the process when a good signature is refused or a bad one accepted. */
void judge_ready(const struct judge_case *row);
void judge_call(const struct judge_case *row, size_t first);

/* judge_sample measures a row once: at least 64 signatures in calls of row->n. Gives: CPU time of this thread in nanoseconds for one signature. */
double judge_sample(const struct judge_case *row);

#endif
