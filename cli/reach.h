/* reach.h: which replicas a command talks to: the flags that all such commands share, and the connection that comes of them.
 *
 *     --socket PATH                  the UNIX socket of a replica on this machine, absolute or relative; may be repeated
 *     --replica NAME[=HOST:PORT]     a member of the genesis over the secure channel, at its own address or at this one; may be repeated
 *     --genesis FILE                 what to trust; with it the replica must serve this very chain. --replica needs it
 *     --timeout 10s                  for everything that the command asks
 *
 * Replicas are asked in the order in which they are named, sockets first. Without either flag: the socket that wardd makes by default. */
#ifndef WARD_CLI_REACH_H
#define WARD_CLI_REACH_H

#include "cli/client.h"
#include "cli/command.h"
#include "cli/file.h"
#include "wire/genesis.h"

#define REACH_SOCKET_DEFAULT "/run/ward/ward.sock"

/* Rows for a command's list of flags; `time` is how long it waits when nothing is said, such as "10s". */
#define REACH_FLAGS REACH_FLAGS_WITHIN("10s")
#define REACH_FLAGS_WITHIN(time)                                                                                                                                      \
    { .name = "socket", .type = FLAG_PATH, .repeats = true, .help = "UNIX socket of a replica; " REACH_SOCKET_DEFAULT " when no replica is named" },    \
    { .name = "replica", .type = FLAG_TEXT, .repeats = true, .help = "NAME or NAME=HOST:PORT: a member of the genesis, over the secure channel" },      \
    { .name = "genesis", .type = FLAG_PATH, .help = "genesis file: the chain to trust; needed with --replica" },                                        \
    { .name = "timeout", .type = FLAG_DURATION, .value = (time), .min = 1, .max = 3600000, .help = "how long to wait for the cluster" }

struct reach {
    struct file file;       /* the genesis's bytes; empty without --genesis */
    struct genesis genesis; /* decoded; hash zeros without --genesis */
    struct kx_keypair *key; /* made for this connection, in locked memory; NULL when only sockets are asked */
    struct client *client;
    uint32_t timeout_ms;
};

/* reach_open reads the flags and connects. Needs: the row has REACH_FLAGS.
 * Gives: EXIT_FINE, or the exit code after output_fail. Owns: the caller calls reach_close in either case. */
int reach_open(const struct args *args, struct reach *reach);
void reach_close(struct reach *reach);

/* reach_genesis_exit gives the exit code for a file that does not decode as a genesis, as wardd has it: an empty one is a wrong input, what is bent or cut is damaged. */
enum exit_code reach_genesis_exit(const struct file *file);

/* reach_genesis reads the genesis alone, for commands that work offline. Needs: a flag `genesis`, given. Gives: as reach_open. */
int reach_genesis(const struct args *args, struct reach *reach);

/* reach_fail says that the cluster did not answer: why, in words. Gives: the exit code. */
int reach_fail(const struct args *args, enum err err);

#endif
