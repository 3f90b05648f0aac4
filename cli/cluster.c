/* cluster.c: see cluster.h. Laying out; the life of the processes is in cluster_process.c. */
#include "cli/cluster.h"

#include "base/assert.h"
#include "node/keyfile.h"
#include "wire/block.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static enum err fail(struct cluster *cluster, enum err err, const char *format, ...) __attribute__((format(printf, 3, 4)));

static enum err fail(struct cluster *cluster, enum err err, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(cluster->problem, sizeof cluster->problem, format, arguments);
    va_end(arguments);
    return err;
}

void cluster_key_seed(uint64_t seed, const char *purpose, uint64_t number, uint8_t out[32])
{
    char name[96];
    int length = snprintf(name, sizeof name, "throw-away %016llx %s %llu", (unsigned long long)seed, purpose, (unsigned long long)number);

    ASSERT(length > 0);
    ASSERT((size_t)length < sizeof name);
    struct hash32 hash = hash_one(HASH_COMMITMENT, name, (size_t)length);
    memcpy(out, hash.bytes, 32);
}

static void sign_pair(struct sign_keypair *pair, uint64_t seed, const char *purpose, uint64_t number)
{
    uint8_t key[32];

    cluster_key_seed(seed, purpose, number, key);
    sign_keypair_from_seed(pair, key);
}

static void kx_pair(struct kx_keypair *pair, uint64_t seed, const char *purpose, uint64_t number)
{
    uint8_t key[32];

    cluster_key_seed(seed, purpose, number, key);
    kx_keypair_from_seed(pair, key);
}

/* free_port asks the kernel for a port that nobody uses at this moment. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port = 0;

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        port = ntohs(address.sin_port);
    }
    if (fd >= 0) {
        close(fd);
    }
    return port;
}

static void fill_org(struct cluster *cluster, uint32_t place)
{
    static const char *const saints[] = { "mercy", "north", "saint-ann", "riverside" };
    struct cluster_org *org = &cluster->orgs[place];
    uint64_t seed = cluster->plan.seed;
    bool replica = place < cluster->plan.replicas;

    /* Names ascend with the place, so that member indexes and organisation ids do. */
    snprintf(org->name, sizeof org->name, replica ? "hospital-%03u-%s" : "organisation-%03u-%s", place + 1, replica ? saints[place % 4] : "guest");
    org->id = (uint16_t)(place + 1);
    sign_pair(&org->admin, seed, "admin", place);
    sign_pair(&org->officer, seed, "officer", place);
    kx_pair(&org->kx, seed, "kx", place);
    if (replica) {
        sign_pair(&org->sign, seed, "sign", place);
        kx_pair(&org->transport, seed, "transport", place);
        org->port = free_port();
        snprintf(org->directory, sizeof org->directory, "%s/r%u", cluster->plan.directory, place);
    }
}

static void enrol(const struct cluster *cluster, uint32_t place, struct enrolment *enrolment)
{
    const struct cluster_org *org = &cluster->orgs[place];
    bool replica = place < cluster->plan.replicas;

    *enrolment = (struct enrolment){ .has_replica = replica, .capabilities = 3 };
    enrolment->kind = replica ? 1 : cluster->plan.extra_kinds[place - cluster->plan.replicas];
    snprintf(enrolment->name, sizeof enrolment->name, "%s", org->name);
    memcpy(enrolment->admin_key, org->admin.public_key, 32);
    memcpy(enrolment->officer_key, org->officer.public_key, 32);
    memcpy(enrolment->kx_key, org->kx.public_key, 32);
    if (replica) {
        snprintf(enrolment->endpoint, sizeof enrolment->endpoint, "127.0.0.1:%u", org->port);
        memcpy(enrolment->sign_key, org->sign.public_key, 32);
        memcpy(enrolment->transport_key, org->transport.public_key, 32);
    }
    struct hash32 digest = enrolment_digest(enrolment);
    sign_digest(&org->admin, &digest, enrolment->admin_signature);
    sign_digest(&org->officer, &digest, enrolment->officer_signature);
    if (replica) {
        sign_digest(&org->sign, &digest, enrolment->replica_signature);
    }
}

static enum err make_genesis(struct cluster *cluster)
{
    static struct enrolment enrolments[MEMBERS_MAX + CLUSTER_EXTRA_MAX];
    char problem[GENESIS_PROBLEM_BYTES], path[CLUSTER_PATH_BYTES + 32];
    struct genesis_plan plan = {
        .chain_name = "throw-away",
        .time_ms = (uint64_t)time(NULL) * 1000,
        .limits = config_limits_default(),
        .params = cluster->plan.params,
        .enrolments = enrolments,
        .enrolments_count = cluster->orgs_count,
        .entities = cluster->plan.entities,
        .entities_count = cluster->plan.entities_count,
    };

    plan.limits.batch_us = cluster->plan.batch_us;
    for (uint32_t i = 0; i < cluster->orgs_count; i++) {
        enrol(cluster, i, &enrolments[i]);
    }
    enum err err = genesis_build(&cluster->genesis_bytes, &plan, problem);
    if (err != ERR_OK) {
        return fail(cluster, err, "genesis: %s", problem);
    }
    enum verdict verdict = genesis_decode(&cluster->genesis, cluster->genesis_bytes.data, cluster->genesis_bytes.size);
    ASSERT(verdict == VERDICT_OK);
    struct block_header block0 = block_genesis(&cluster->genesis.hash, cluster->genesis.time_ms);
    cluster->chain_id = block_hash(&block0);
    snprintf(path, sizeof path, "%s/genesis", cluster->plan.directory);
    err = file_write(path, cluster->genesis_bytes.data, cluster->genesis_bytes.size, 0644, true);
    return err == ERR_OK ? ERR_OK : fail(cluster, err, "%s: %s", path, file_problem(err));
}

static enum err write_key(struct cluster *cluster, const struct cluster_org *org, enum keyfile_kind kind, const uint8_t *public_key, const char *purpose, uint32_t place)
{
    char path[CLUSTER_PATH_BYTES + 96], text[256], public_hex[65], seed_hex[65];
    uint8_t seed[32];

    cluster_key_seed(cluster->plan.seed, purpose, place, seed);
    hex_encode(public_key, 32, public_hex);
    hex_encode(seed, 32, seed_hex);
    int length = snprintf(text, sizeof text, "ward-key 1\nkind %s\npublic %s\nseed %s\n", keyfile_kind_name(kind), public_hex, seed_hex);
    snprintf(path, sizeof path, "%s/%s.key", org->directory, keyfile_kind_name(kind));
    enum err err = file_write(path, text, (size_t)length, 0600, true);
    return err == ERR_OK ? ERR_OK : fail(cluster, err, "%s: %s", path, file_problem(err));
}

static enum err write_config(struct cluster *cluster, const struct cluster_org *org)
{
    const struct cluster_plan *plan = &cluster->plan;
    char path[CLUSTER_PATH_BYTES + 96], fingerprint[65], memory[64] = "";
    static char text[8192];

    hex_encode(cluster->genesis.hash.bytes, 32, fingerprint);
    if (plan->receipts > 0) {
        snprintf(memory, sizeof memory, "memory:\n    archive_receipts: %u\n", plan->receipts);
    }
    int length = snprintf(text, sizeof text,
                          "cluster:\n    name: throw-away\n    genesis_file: \"%s/genesis\"\n    fingerprint: \"%s\"\n"
                          "node:\n    member: \"%s\"\n    listen: \"127.0.0.1:%u\"\n    client_socket: \"%s/sock\"\n    data_dir: \"%s/data\"\n"
                          "keys:\n    sign_file: \"%s/sign.key\"\n    transport_file: \"%s/transport.key\"\n"
                          "io:\n    unsafe_dev: %s\n    segment_mib: %u\n"
                          "storage:\n    snapshot_mib: %u\n"
                          "crypto:\n    verify: %s\n    workers_max: %u\n%s",
                          plan->directory, fingerprint, org->name, org->port, org->directory, org->directory, org->directory, org->directory,
                          plan->unsafe_dev ? "true" : "false", plan->segment_mib, plan->snapshot_mib == 0 ? 1024 : plan->snapshot_mib, plan->verify, plan->workers_max,
                          memory);
    if (length < 0 || (size_t)length >= sizeof text) {
        return fail(cluster, ERR_FULL, "%s: the path is too long", org->directory);
    }
    snprintf(path, sizeof path, "%s/wardd.yaml", org->directory);
    enum err err = file_write(path, text, (size_t)length, 0644, true);
    return err == ERR_OK ? ERR_OK : fail(cluster, err, "%s: %s", path, file_problem(err));
}

static enum err make_replica(struct cluster *cluster, uint32_t place)
{
    struct cluster_org *org = &cluster->orgs[place];

    if (mkdir(org->directory, 0700) != 0) {
        return fail(cluster, file_err(errno), "%s: %s", org->directory, strerror(errno));
    }
    enum err err = write_key(cluster, org, KEYFILE_SIGN, org->sign.public_key, "sign", place);
    if (err == ERR_OK) {
        err = write_key(cluster, org, KEYFILE_TRANSPORT, org->transport.public_key, "transport", place);
    }
    return err == ERR_OK ? write_config(cluster, org) : err;
}

enum err cluster_make(struct cluster *cluster, const struct cluster_plan *plan)
{
    ASSERT(plan->replicas >= MEMBERS_MIN);
    ASSERT(plan->replicas <= MEMBERS_MAX);
    ASSERT(plan->extra <= CLUSTER_EXTRA_MAX);
    *cluster = (struct cluster){ .plan = *plan, .orgs_count = plan->replicas + plan->extra };
    if (mkdir(plan->directory, 0700) != 0 && errno != EEXIST) {
        return fail(cluster, file_err(errno), "%s: %s", plan->directory, strerror(errno));
    }
    for (uint32_t i = 0; i < cluster->orgs_count; i++) {
        fill_org(cluster, i);
    }
    enum err err = make_genesis(cluster);
    for (uint32_t i = 0; i < plan->replicas && err == ERR_OK; i++) {
        err = make_replica(cluster, i);
    }
    for (uint32_t i = 0; i < plan->replicas && err == ERR_OK; i++) {
        err = cluster_init_store(cluster, i);
    }
    return err;
}
