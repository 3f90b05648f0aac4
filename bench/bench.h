/* bench.h: the commands of `ward-bench`. */
#ifndef WARD_BENCH_BENCH_H
#define WARD_BENCH_BENCH_H

#include "cli/command.h"

/* command_bench is the program with its table. */
extern const struct command_program command_bench;

/* bench_cluster measures what one committed command costs on a throw-away cluster. Gives: an enum exit_code; 23 when the run is not valid. */
int bench_cluster(const struct args *args);

/* bench_isolated measures commands that have a block each, the client at the leader, against the bound of the protocol. Gives: an enum exit_code;
 * EXIT_NO when the median is beyond the bound, 23 when the run is not valid. */
int bench_isolated(const struct args *args);

/* bench_replica runs a cluster inside this process, without signatures, sockets and kernel, for counting instructions. */
int bench_replica(const struct args *args);

/* bench_faults kills, stops or drains replicas of a throw-away cluster under load. Gives: EXIT_NO when anything acknowledged was lost, replicas differ,
 * or commits stood still for too long. */
int bench_faults(const struct args *args);

/* bench_crypto measures the CPU time of one signature check: each backend and method, beside libsodium and OpenSSL. Gives: an enum exit_code;
 * EXIT_ENVIRONMENT when the one backend asked for cannot run here. */
int bench_crypto(const struct args *args);

/* bench_snapshot makes a snapshot of a state with many pointers and times each stretch in which nothing else is heard. Gives: an enum exit_code;
 * EXIT_BENCH_INVALID when none was made. */
int bench_snapshot(const struct args *args);

/* bench_replay runs a cluster inside this process and times how one of its replicas begins anew with the log that it has. Gives: an enum exit_code;
 * EXIT_BENCH_INVALID when not everything came back. */
int bench_replay(const struct args *args);

/* bench_log measures the segment log beside raw writes and reads of the same file system. Gives: an enum exit_code. */
int bench_log(const struct args *args);

#endif
