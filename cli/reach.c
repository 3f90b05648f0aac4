/* reach.c: see reach.h. */
#include "cli/reach.h"

#include "base/assert.h"
#include "cli/output.h"
#include "node/secret.h"
#include "wire/block.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum exit_code reach_genesis_exit(const struct file *file)
{
    return file->size == 0 ? EXIT_CONFIGURATION : EXIT_INTEGRITY;
}

int reach_genesis(const struct args *args, struct reach *reach)
{
    const char *path = args_text(args, "genesis");
    enum err err = file_read(&reach->file, path);

    if (err != ERR_OK) {
        reach->file = (struct file){ NULL, 0 };
        return output_fail(args, (enum exit_code)file_exit(err), "%s: %s", path, file_problem(err));
    }
    enum verdict verdict = genesis_decode(&reach->genesis, reach->file.data, reach->file.size);
    if (verdict != VERDICT_OK) {
        return output_fail(args, reach_genesis_exit(&reach->file), "%s is not a genesis: %s", path, verdict_name(verdict));
    }
    return EXIT_FINE;
}

/* add_target appends a target by its address. */
static int add_target(const struct args *args, struct client_config *config, const char *text, const uint8_t key[32])
{
    const char *problem = NULL;

    if (config->targets_count == MEMBERS_MAX) {
        return output_fail(args, EXIT_USAGE, "at most %d replicas can be named", MEMBERS_MAX);
    }
    struct client_target *target = &config->targets[config->targets_count++];
    memcpy(target->key, key, sizeof target->key);
    if (address_parse(&target->address, text, &problem) != ERR_OK || target->address.kind == ADDRESS_NONE) {
        return output_fail(args, EXIT_USAGE, "\"%s\" cannot be used: %s", text, problem == NULL ? "no address" : problem);
    }
    return EXIT_FINE;
}

/* add_socket appends the socket of a path, which may be relative to the present directory. */
static int add_socket(const struct args *args, struct client_config *config, const char *path)
{
    static const uint8_t no_key[32];
    char text[2 * PATH_MAX], here[PATH_MAX] = "";

    if (path[0] != '/' && getcwd(here, sizeof here) == NULL) {
        return output_fail(args, EXIT_USAGE, "--socket %.200s: the present directory has no name: %s", path, strerror(errno));
    }
    snprintf(text, sizeof text, "unix:%s%s%.*s", here, here[0] == '\0' ? "" : "/", PATH_MAX - 8, path);
    int code = add_target(args, config, text, no_key);
    if (code == EXIT_FINE) {
        config->targets[config->targets_count - 1].own = true;
    }
    return code;
}

static int add_sockets(const struct args *args, struct client_config *config)
{
    int code = EXIT_FINE;

    for (uint32_t i = 0; args_repeat(args, "socket", i) != NULL && code == EXIT_FINE; i++) {
        code = add_socket(args, config, args_repeat(args, "socket", i));
    }
    if (code == EXIT_FINE && config->targets_count == 0 && !args_has(args, "replica")) {
        code = add_socket(args, config, REACH_SOCKET_DEFAULT);
    }
    return code;
}

/* find_member finds the organisation with a replica by its name. */
static bool find_member(const struct genesis *genesis, const char *name, size_t size, struct enrolment *enrolment)
{
    for (uint32_t id = 1; id <= genesis->enrolments_count; id++) {
        genesis_enrolment(genesis, id, enrolment);
        if (enrolment->has_replica && strlen(enrolment->name) == size && memcmp(enrolment->name, name, size) == 0) {
            return true;
        }
    }
    return false;
}

static int add_replicas(const struct args *args, const struct genesis *genesis, struct client_config *config)
{
    int code = EXIT_FINE;

    for (uint32_t i = 0; args_repeat(args, "replica", i) != NULL && code == EXIT_FINE; i++) {
        const char *text = args_repeat(args, "replica", i), *equals = strchr(text, '=');
        struct enrolment enrolment;
        if (!find_member(genesis, text, equals == NULL ? strlen(text) : (size_t)(equals - text), &enrolment)) {
            return output_fail(args, EXIT_USAGE, "no member of this genesis has the name in \"%s\": the form is NAME or NAME=HOST:PORT", text);
        }
        code = add_target(args, config, equals == NULL ? enrolment.endpoint : equals + 1, enrolment.transport_key);
    }
    return code;
}

/* make_key makes a key for this one connection: replicas take any. */
static int make_key(const struct args *args, struct reach *reach, struct client_config *config)
{
    uint8_t seed[32];
    void *pages = NULL;

    if (secret_take(&pages, sizeof *reach->key) != ERR_OK) {
        return output_fail(args, EXIT_RESOURCE, "no memory can be locked for a key; raise the limit (ulimit -l)");
    }
    reach->key = pages;
    random_fill(seed, sizeof seed);
    kx_keypair_from_seed(reach->key, seed);
    secret_wipe(seed, sizeof seed);
    config->key = reach->key;
    return EXIT_FINE;
}

/* collect turns the flags into whom to ask. */
static int collect(const struct args *args, struct reach *reach, struct client_config *config)
{
    int code = EXIT_FINE;

    if (args_has(args, "genesis")) {
        code = reach_genesis(args, reach);
    } else if (args_has(args, "replica")) {
        code = output_fail(args, EXIT_USAGE, "--replica, which takes NAME or NAME=HOST:PORT, needs --genesis: the key of the replica is in there");
    }
    code = code == EXIT_FINE ? add_sockets(args, config) : code;
    if (code != EXIT_FINE || !args_has(args, "genesis")) {
        return code;
    }
    struct block_header block0 = block_genesis(&reach->genesis.hash, reach->genesis.time_ms);
    config->genesis = reach->genesis.hash;
    config->chain_id = block_hash(&block0);
    code = add_replicas(args, &reach->genesis, config);
    return code == EXIT_FINE && args_has(args, "replica") ? make_key(args, reach, config) : code;
}

/* fail_open says which replica was tried last, and why it is not connected. */
static int fail_open(const struct args *args, const struct client_config *config, enum err err)
{
    const struct client_failure *failure = config->failure;
    const char *where = config->targets[failure->target].address.text, *reason = strerror(failure->number);
    char others[64] = "";

    if (config->targets_count > 1) {
        snprintf(others, sizeof others, "; the last of %u that were tried", (unsigned)config->targets_count);
    }
    if (err == ERR_PERMISSION) {
        return output_fail(args, EXIT_PERMISSION, "no replica answers: %s: %s: this user may not use it%s", where, reason, others);
    }
    if (err == ERR_NOT_FOUND) {
        return output_fail(args, EXIT_UNREACHABLE, "no replica answers: %s: no address is known for this name%s", where, others);
    }
    if (err != ERR_CLOSED) {
        return reach_fail(args, err);
    }
    if (failure->number != 0) {
        return output_fail(args, EXIT_UNREACHABLE, "no replica answers: %s: %s%s", where, reason, others);
    }
    return output_fail(args, EXIT_UNREACHABLE, "no replica answers: %s closed the connection: another chain, or not the key of the genesis%s", where, others);
}

int reach_open(const struct args *args, struct reach *reach)
{
    static struct client_config config; /* 50 KB: not on the stack */
    static struct client_failure failure;

    failure = (struct client_failure){ 0 };
    config = (struct client_config){ .failure = &failure };
    *reach = (struct reach){ .timeout_ms = (uint32_t)args_number(args, "timeout") };
    int code = collect(args, reach, &config);
    if (code != EXIT_FINE) {
        return code;
    }
    enum err err = client_open(&reach->client, &config, reach->timeout_ms);
    return err == ERR_OK ? EXIT_FINE : fail_open(args, &config, err);
}

void reach_close(struct reach *reach)
{
    if (reach->client != NULL) {
        client_close(reach->client);
    }
    if (reach->key != NULL) {
        secret_give(reach->key, sizeof *reach->key);
    }
    if (reach->file.data != NULL) {
        file_close(&reach->file);
    }
    *reach = (struct reach){ 0 };
}

int reach_fail(const struct args *args, enum err err)
{
    switch (err) {
    case ERR_CONFLICT:
        return output_fail(args, EXIT_CONFIGURATION, "the replica serves another chain than the genesis says");
    case ERR_PERMISSION:
        return output_fail(args, EXIT_PERMISSION, "the socket of the replica may not be used by this user");
    case ERR_CLOSED:
        return output_fail(args, EXIT_UNREACHABLE, "the replica closed the connection, and no other one answers");
    case ERR_TIMEOUT:
        return output_fail(args, EXIT_UNREACHABLE, "no answer from the cluster in time");
    case ERR_FORMAT:
        return output_fail(args, EXIT_INTEGRITY, "the replica sent what is not in the protocol");
    case ERR_NO_MEMORY:
        return output_fail(args, EXIT_RESOURCE, "no memory for the connection");
    case ERR_OK:
    case ERR_AGAIN:
    case ERR_FULL:
    case ERR_NOT_FOUND:
    case ERR_EXISTS:
    case ERR_INVALID:
    case ERR_VERSION:
    case ERR_IO:
    case ERR_NO_SPACE:
    case ERR_UNSUPPORTED:
    case ERR_COUNT:
        break;
    }
    return output_fail(args, EXIT_UNREACHABLE, "no replica can be reached: %s", err_name(err));
}
