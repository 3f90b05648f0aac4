/* table.c: the commands of `ward-bench`, as rows like those of `ward`. */
#include "bench/bench.h"
#include "bench/forger.h"

#include "cli/cmd.h"

#define END { .name = NULL }

static const struct flag_spec cluster_flags[] = {
    { .name = "replicas", .type = FLAG_NUMBER, .value = "4", .min = 4, .max = 31, .help = "replicas on this machine" },
    { .name = "rate", .type = FLAG_TEXT, .value = "1000", .help = "commands per second, sent whatever the replicas do; or max: as many as a full window brings through" },
    { .name = "for", .type = FLAG_DURATION, .value = "10s", .min = 1000, .max = 240000, .help = "how long is measured" },
    { .name = "warm-up", .type = FLAG_DURATION, .value = "2s", .min = 500, .max = 120000, .help = "load before that: a replica's first seconds make tables of keys and touch memory for the first time" },
    { .name = "items", .type = FLAG_NUMBER, .value = "1", .min = 1, .max = 16, .help = "pointers in one command" },
    { .name = "payload", .type = FLAG_NUMBER, .value = "0", .max = 8144, .help = "bytes beside each command: 0, or 509 for each item, a sealed locator" },
    { .name = "verify", .type = FLAG_CHOICE, .choices = "auto|libsodium|reference", .value = "auto", .help = "what checks signatures in the replicas" },
    { .name = "against", .type = FLAG_CHOICE, .choices = "none|auto|libsodium|reference", .value = "none",
      .help = "measure clusters with this and with --verify in turn, and print the ratio of CPU per command" },
    { .name = "rounds", .type = FLAG_NUMBER, .value = "3", .min = 1, .max = 15, .help = "with --against: clusters of each" },
    { .name = "profile", .type = FLAG_CHOICE, .choices = "fast|balanced|eco", .value = "balanced", .help = "how long a command waits for company: 0, 5 or 400 ms" },
    { .name = "window", .type = FLAG_NUMBER, .value = "768", .min = 1, .max = 16384, .help = "with --rate max: commands on their way at once" },
    { .name = "segment-mib", .type = FLAG_NUMBER, .value = "64", .min = 1, .max = 128, .help = "size of a log segment" },
    { .name = "snapshot-mib", .type = FLAG_NUMBER, .value = "1024", .min = 1, .max = 1048576, .help = "commands after which a snapshot is made" },
    { .name = "keep", .type = FLAG_PATH, .help = "empty directory for the cluster, which stays there; it also chooses the disk" },
    END,
};

static const struct flag_spec isolated_flags[] = {
    { .name = "replicas", .type = FLAG_NUMBER, .value = "4", .min = 4, .max = 31, .help = "replicas on this machine" },
    { .name = "commands", .type = FLAG_NUMBER, .value = "100", .min = 10, .max = 10000, .help = "commands that count, after five that do not" },
    { .name = "pause", .type = FLAG_DURATION, .value = "40ms", .min = 5, .max = 10000, .help = "after each command, and again after each look at the disk" },
    { .name = "keep", .type = FLAG_PATH, .help = "empty directory for the cluster, which stays there; it also chooses the disk" },
    END,
};

static const struct flag_spec replica_flags[] = {
    { .name = "commands", .type = FLAG_NUMBER, .value = "20000", .min = 1, .max = 200000, .help = "commands in the measured stretch" },
    { .name = "warm-up", .type = FLAG_NUMBER, .value = "10000", .max = 200000, .help = "commands before it" },
    { .name = "reserves", .type = FLAG_CHOICE, .choices = "on|off", .value = "on", .help = "whether members off duty hold their votes back (P1)" },
    END,
};

static const struct flag_spec faults_flags[] = {
    { .name = "kind", .type = FLAG_CHOICE, .choices = "follower|leader|all|stop|drain|forge|away", .value = "leader",
      .help = "SIGKILL of a follower, of the leader, of all; SIGSTOP of the leader; SIGTERM of leader and followers in turn; 10,000 bad signatures in a second from one party; a follower away until no log holds what it missed, with its disk and without in turn" },
    { .name = "rounds", .type = FLAG_NUMBER, .value = "3", .min = 1, .max = 60, .help = "faults, one after the other" },
    { .name = "rate", .type = FLAG_NUMBER, .value = "300", .min = 1, .max = 20000, .help = "commands per second, sent whatever happens" },
    { .name = "connections", .type = FLAG_NUMBER, .value = "110", .min = 1, .max = FORGER_CONNECTIONS_MAX,
      .help = "with --kind forge: connections of the forging party to a replica; the first sends the 10,000 in a second, each other one bad signature as often as the last is forgotten" },
    { .name = "missed", .type = FLAG_NUMBER, .value = "0", .min = 0, .max = 1000000, .help = "with --kind away: stay away until so many blocks were missed, whoever still holds them" },
    { .name = "window", .type = FLAG_NUMBER, .value = "0", .min = 0, .max = 4096, .help = "with --kind away and --missed: keep so many commands on their way in place of a rate, and few while the member is away" },
    { .name = "keep", .type = FLAG_PATH, .help = "empty directory for the cluster, which stays there; it also chooses the disk" },
    END,
};

static const struct flag_spec crypto_flags[] = {
    { .name = "backend", .type = FLAG_CHOICE, .choices = "all|ref|avx2|ifma", .value = "all", .help = "whose checks are measured, beside libsodium and OpenSSL" },
    { .name = "repeats", .type = FLAG_NUMBER, .value = "21", .min = 1, .max = 101, .help = "samples of each row, taken in turns" },
    { .name = "quick", .type = FLAG_SWITCH, .help = "three repeats of a few rows: shows that it runs, not what it costs" },
    END,
};

static const struct flag_spec log_flags[] = {
    { .name = "dir", .type = FLAG_PATH, .value = ".", .help = "where the log and the raw file are made, for the time of the run: it chooses the disk" },
    { .name = "segment", .type = FLAG_NUMBER, .value = "64", .min = 16, .max = 128, .help = "MiB of a segment" },
    { .name = "turns", .type = FLAG_NUMBER, .value = "11", .min = 1, .max = 11, .help = "pairs of raw and log, in changing order; medians are told" },
    { .name = "quick", .type = FLAG_SWITCH, .help = "one turn: shows that it runs, not what it costs" },
    END,
};

static const struct flag_spec snapshot_flags[] = {
    { .name = "pointers", .type = FLAG_NUMBER, .value = "1000000", .min = 1000, .max = 16000000, .help = "pointers in the state" },
    END,
};

static const struct flag_spec replay_flags[] = {
    { .name = "commands", .type = FLAG_NUMBER, .value = "50000", .min = 1, .max = 400000, .help = "commands in the log" },
    { .name = "items", .type = FLAG_NUMBER, .value = "16", .min = 1, .max = 16, .help = "pointers in one command" },
    { .name = "located", .type = FLAG_SWITCH, .help = "each pointer brings a sealed locator of 509 bytes" },
    { .name = "workers", .type = FLAG_NUMBER, .min = 0, .max = 8, .help = "threads that read bodies ahead; as many as the daemon would have" },
    END,
};

static const struct flag_spec no_flags[] = { END };

static const struct command_spec bench_table[] = {
    { .name = "help",
      .summary = "explain all commands or one",
      .operand = { "COMMAND", 0, 2, "a word such as `cluster`" },
      .flags = no_flags,
      .example = "ward-bench help cluster",
      .run = cmd_help },
    { .name = "version", .summary = "print the version", .flags = no_flags, .example = "ward-bench --version", .run = cmd_version },
    { .name = "cluster",
      .summary = "run a cluster with throw-away keys under load: throughput, latency, and what a committed command costs",
      .flags = cluster_flags,
      .example = "ward-bench cluster --rate 1000 --for 20s --json",
      .exits = { EXIT_CONFIGURATION, EXIT_UNREACHABLE, EXIT_REFUSED, EXIT_ENVIRONMENT, EXIT_RESOURCE, EXIT_PERMISSION, EXIT_BENCH_INVALID },
      .run = bench_cluster },
    { .name = "isolated",
      .summary = "one command at a time to the leader of a silent cluster: how long its commit takes, against links and flushes of the same run",
      .flags = isolated_flags,
      .example = "ward-bench isolated --json",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_UNREACHABLE, EXIT_REFUSED, EXIT_ENVIRONMENT, EXIT_RESOURCE, EXIT_PERMISSION, EXIT_BENCH_INVALID },
      .run = bench_isolated },
    { .name = "replica",
      .summary = "run four replicas in this process, without signatures, sockets and kernel: what the rest costs, for counting instructions",
      .flags = replica_flags,
      .example = "ward-bench replica --commands 20000 --json",
      .exits = { EXIT_ENVIRONMENT, EXIT_RESOURCE, EXIT_BENCH_INVALID },
      .run = bench_replica },
    { .name = "faults",
      .summary = "kill, stop or drain replicas under load: nothing acknowledged may be lost, no replica may differ, gaps are bounded",
      .flags = faults_flags,
      .example = "ward-bench faults --kind leader --rounds 3 --json",
      .exits = { EXIT_NO, EXIT_CONFIGURATION, EXIT_UNREACHABLE, EXIT_REFUSED, EXIT_ENVIRONMENT, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = bench_faults },
    { .name = "crypto",
      .summary = "CPU time of one signature check by backend, method, batch size and kind of keys, beside libsodium and OpenSSL",
      .flags = crypto_flags,
      .example = "ward-bench crypto --json",
      .exits = { EXIT_ENVIRONMENT, EXIT_RESOURCE },
      .run = bench_crypto },
    { .name = "snapshot",
      .summary = "a snapshot of a large state, in this process: the longest stretch in which a replica hears nothing else, and what the state takes",
      .flags = snapshot_flags,
      .example = "ward-bench snapshot --pointers 1000000 --json",
      .exits = { EXIT_CONFIGURATION, EXIT_ENVIRONMENT, EXIT_RESOURCE, EXIT_BENCH_INVALID },
      .run = bench_snapshot },
    { .name = "replay",
      .summary = "a start from genesis with a long log, in this process and without signature checks: how fast the log is gone through",
      .flags = replay_flags,
      .example = "ward-bench replay --commands 50000 --items 16 --located --json",
      .exits = { EXIT_ENVIRONMENT, EXIT_RESOURCE, EXIT_BENCH_INVALID },
      .run = bench_replay },
    { .name = "log",
      .summary = "the segment log beside raw O_DIRECT writes and reads of the same file system: rates, bytes, flushes, CPU, recovery",
      .flags = log_flags,
      .example = "ward-bench log --json",
      .exits = { EXIT_CONFIGURATION, EXIT_ENVIRONMENT, EXIT_RESOURCE, EXIT_PERMISSION },
      .run = bench_log },
    { .name = NULL },
};

const struct command_program command_bench = { "ward-bench", "ward.bench", "load and cost of a Ward cluster", bench_table };
