/* config_options.h: every option of the configuration file, once: section, name, default, bounds, meaning. The structs, the YAML schema,
 * `ward config explain` and the example file are made from these rows.
 *
 *     TEXT(section, name, longest, default or NULL when it must be given, meaning)
 *     NUMBER(section, name, default, min, max, meaning)
 *     CHOICE(section, name, default, words, meaning)
 *     SWITCH(section, name, default, meaning)
 *
 * A number has its unit at the end of its name. */
#ifndef WARD_NODE_CONFIG_OPTIONS_H
#define WARD_NODE_CONFIG_OPTIONS_H

#define CONFIG_PATH_BYTES_MAX 511
#define CONFIG_ADDRESS_BYTES_MAX 271

#define CONFIG_CLUSTER(TEXT, NUMBER, CHOICE, SWITCH)                                                                                                 \
    TEXT(cluster, name, 48, NULL, "name of the chain, as in its genesis; dangerous commands ask for it")                                             \
    TEXT(cluster, genesis_file, CONFIG_PATH_BYTES_MAX, NULL, "the genesis, as `ward genesis assemble` wrote it")                                     \
    TEXT(cluster, fingerprint, 64, NULL, "hash of the genesis in hexadecimal, as `ward genesis show` prints it; wardd refuses any other genesis")

#define CONFIG_NODE(TEXT, NUMBER, CHOICE, SWITCH)                                                                                                    \
    TEXT(node, member, 48, NULL, "name of the organisation whose replica this is, as in its enrolment")                                              \
    TEXT(node, listen, CONFIG_ADDRESS_BYTES_MAX, "[::]:7400", "host:port for the other replicas and, if allowed, remote clients")                    \
    TEXT(node, client_socket, 100, "/run/ward/ward.sock", "UNIX socket for local tools")                                                             \
    TEXT(node, data_dir, CONFIG_PATH_BYTES_MAX, "/var/lib/ward", "directory of log and superblock, on a file system with real flushes")              \
    SWITCH(node, reserves, "true", "off duty in a view, hold the own vote back and follow certificates (rule P1); no other replica depends on it")     \
    SWITCH(node, sandbox, "true", "once it serves, forbid itself every system call that it does not need")                                             \
    CHOICE(node, profile, "any", "any|fast|balanced|eco",                                                                                            \
           "what the operator expects of the chain's batching; wardd refuses to start when the genesis says something else")

#define CONFIG_KEYS(TEXT, NUMBER, CHOICE, SWITCH)                                                                                                    \
    TEXT(keys, sign_file, CONFIG_PATH_BYTES_MAX, "/etc/ward/keys/sign.key", "the replica's signing key; credential:NAME names a systemd credential") \
    TEXT(keys, transport_file, CONFIG_PATH_BYTES_MAX, "/etc/ward/keys/transport.key", "the replica's key for links; credential:NAME likewise")                             \
    TEXT(keys, store, 32, "none", "instance id of the store of a signing key that is a credential, as `wardd --init` says it; a key file names its store itself")

#define CONFIG_IO(TEXT, NUMBER, CHOICE, SWITCH)                                                                                                      \
    CHOICE(io, backend, "auto", "auto|io_uring|posix", "kernel interface for disk and network; auto: io_uring where it is allowed, else posix")                                                            \
    SWITCH(io, unsafe_dev, "false", "accept a data directory without real flushes (tmpfs, overlay): for tests, never for records")                     \
    NUMBER(io, segment_mib, 64, 1, 128, "size of one log segment; fixed when the data directory is made")                                            \
    NUMBER(io, ballast_mib, 64, 0, 65536, "space held in reserve, given up when the disk is nearly full; 0: none")                                      \
    NUMBER(io, queue_batches, 6, 2, 16, "log batches that can wait or be in flight")

#define CONFIG_STORAGE(TEXT, NUMBER, CHOICE, SWITCH)                                                                                                 \
    CHOICE(storage, retention, "prune", "prune|archive", "prune: the log goes up to the older of two snapshots and what members that lag may need; archive: it stays")  \
    NUMBER(storage, scrub_kib_s, 256, 0, 1048576, "closed segments and snapshots read again in a second, while there is work to do; 0: never")                       \
    NUMBER(storage, snapshot_mib, 1024, 1, 1048576, "commands after which a snapshot is made, or the size of the state if that is more; the same at all members")

#define CONFIG_CRYPTO(TEXT, NUMBER, CHOICE, SWITCH)                                                                                                  \
    CHOICE(crypto, verify, "auto", "auto|libsodium|reference", "which implementation may decide first; the verdicts are the same")                   \
    CHOICE(crypto, backend, "auto", "auto|ref|avx2|ifma", "instructions for checking signatures; auto: the fastest that this machine has and that passes its self-test") \
    NUMBER(crypto, hot_keys, 512, 0, 1024, "tables for the keys of busy clients, 44 KiB each, made when they are used")                              \
    NUMBER(crypto, keys_kept, 4096, 0, 65536, "keys that each thread keeps decoded, about 300 bytes each")                                           \
    NUMBER(crypto, workers_max, 8, 0, 8, "threads that check signatures: at most this many, and at most the cores less one")

#define CONFIG_LIMITS(TEXT, NUMBER, CHOICE, SWITCH)                                                                                                  \
    NUMBER(limits, clients_max, 128, 1, 4096, "client connections at once")                                                                          \
    NUMBER(limits, clients_per_key_max, 8, 1, 4096, "remote client connections with one key")                                                        \
    NUMBER(limits, client_queue_kib, 1024, 64, 65536, "bytes that may wait for one client")                                                          \
    SWITCH(limits, remote_clients, "false", "accept clients on node.listen; local tools use the UNIX socket")                                          \
    NUMBER(limits, member_queue_kib, 0, 0, 1048576, "bytes that may wait for one replica; 0: 64 MiB shared by all, at most 8 MiB, but always two frames")    \
    NUMBER(limits, half_open_max, 128, 8, 4096, "handshakes under way at once")                                                                      \
    NUMBER(limits, half_open_per_host_max, 4, 1, 4096, "handshakes under way from one host")                                                         \
    NUMBER(limits, handshakes_per_second, 200, 1, 100000, "handshakes that strangers may begin")                                                     \
    NUMBER(limits, handshake_timeout_ms, 3000, 100, 60000, "time for a handshake")                                                                   \
    NUMBER(limits, pool_commands, 8192, 256, 262144, "commands that can wait for a block")                                                           \
    NUMBER(limits, pool_client_commands, 64, 1, 65536, "of these, from one client")

#define CONFIG_MEMORY(TEXT, NUMBER, CHOICE, SWITCH)                                                                                                  \
    NUMBER(memory, budget_mib, 0, 0, 1048576, "refuse to start when more memory is needed; 0: no bound")                                             \
    NUMBER(memory, history_blocks, 16384, 1024, 1048576, "hashes of committed blocks kept for serving; a power of two")                              \
    NUMBER(memory, blocks_held, 16, 12, 64, "block bodies held at once")                                                                             \
    NUMBER(memory, log_index_entries, 65536, 1024, 1048576, "newest log records that can be served to others; a power of two")                          \
    NUMBER(memory, archive_events, 262144, 1024, 1073741824, "newest audit events that can be shown; a power of two")                                \
    NUMBER(memory, archive_receipts, 262144, 1024, 1073741824, "newest receipts that can be looked up; a power of two")                              \
    NUMBER(memory, archive_locators, 65536, 1024, 1073741824, "newest sealed locators that can be handed out; a power of two")

#define CONFIG_LOG(TEXT, NUMBER, CHOICE, SWITCH) CHOICE(log, level, "info", "debug|info|warn|error", "least severity that is written to standard error")

/* The sections in the order of the file. */
#define CONFIG_SECTIONS(X)                                                                                                                           \
    X(cluster, CONFIG_CLUSTER)                                                                                                                       \
    X(node, CONFIG_NODE)                                                                                                                             \
    X(keys, CONFIG_KEYS)                                                                                                                             \
    X(io, CONFIG_IO)                                                                                                                                 \
    X(storage, CONFIG_STORAGE)                                                                                                                       \
    X(crypto, CONFIG_CRYPTO)                                                                                                                         \
    X(limits, CONFIG_LIMITS)                                                                                                                         \
    X(memory, CONFIG_MEMORY)                                                                                                                         \
    X(log, CONFIG_LOG)

#endif
