/* exit.h: the exit codes of every program of Ward. Scripts and service managers depend on the numbers: they never change. */
#ifndef WARD_BASE_EXIT_H
#define WARD_BASE_EXIT_H

/* number, name, what it means */
#define EXITS(X)                                                                                                                                     \
    X(0, FINE, "done")                                                                                                                               \
    X(1, NO, "the answer is no")                                                                                                                     \
    X(2, USAGE, "the command line is wrong")                                                                                                         \
    X(3, CONFIGURATION, "a configuration or input file is wrong")                                                                                    \
    X(4, UNREACHABLE, "no answer from the cluster in time")                                                                                          \
    X(5, REFUSED, "refused for safety")                                                                                                              \
    X(6, INTEGRITY, "a digest, a signature or a proof does not match")                                                                               \
    X(7, ENVIRONMENT, "this machine cannot do it")                                                                                                   \
    X(8, RESOURCE, "out of disk or memory, or a write failed")                                                                                       \
    X(9, PERMISSION, "a file or the system forbids it, or a key file is readable by others")                                                         \
    X(10, AGAIN, "a snapshot is installed: start it again")                                                                                          \
    X(20, SIM_SAFETY, "simulator: a safety invariant is broken")                                                                                     \
    X(21, SIM_LIVENESS, "simulator: no progress")                                                                                                    \
    X(22, SIM_DETERMINISM, "simulator: two runs of one seed differ")                                                                                 \
    X(23, BENCH_INVALID, "benchmark: the run is not valid")

enum exit_code {
#define EXIT_ENUM(number, name, text) EXIT_##name = number,
    EXITS(EXIT_ENUM)
#undef EXIT_ENUM
    EXIT_LAST = EXIT_BENCH_INVALID,
};

/* exit_text gives the table's words for a code, "unknown" for a number that is not in it. Owns: a constant. */
const char *exit_text(int code);

#endif
