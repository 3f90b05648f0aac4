/* boot.c: see boot.h. Guards in the order in which an operator would look: configuration, genesis, fingerprint, member, keys. */
#include "node/boot.h"

#include "base/assert.h"
#include "crypto/ed25519.h"
#include "node/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum exit_code boot_fail(struct boot *boot, enum exit_code code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(boot->problem, sizeof boot->problem, format, arguments);
    va_end(arguments);
    return code;
}

static enum exit_code load_config(struct boot *boot, const char *path)
{
    struct config_problem problem;
    enum err err = node_config_load(&boot->config, path, &problem);

    if (err == ERR_OK) {
        return EXIT_FINE;
    }
    return boot_fail(boot, err == ERR_PERMISSION ? EXIT_PERMISSION : EXIT_CONFIGURATION, "%s", problem.text);
}

static enum exit_code map_genesis(struct boot *boot)
{
    const char *path = boot->config.cluster.genesis_file;
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return boot_fail(boot, errno == EACCES ? EXIT_PERMISSION : EXIT_CONFIGURATION, "the genesis %s cannot be opened: %s", path, strerror(errno));
    }
    if (fstat(fd, &info) != 0 || info.st_size <= 0) {
        close(fd);
        return boot_fail(boot, EXIT_CONFIGURATION, "the genesis %s is empty", path);
    }
    void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED) {
        return boot_fail(boot, EXIT_RESOURCE, "the genesis %s cannot be mapped: %s", path, strerror(errno));
    }
    boot->genesis_bytes = bytes;
    boot->genesis_size = (size_t)info.st_size;
    return EXIT_FINE;
}

static enum exit_code load_genesis(struct boot *boot)
{
    uint8_t fingerprint[HASH_BYTES];
    char found[2 * HASH_BYTES + 1];
    enum exit_code code = map_genesis(boot);

    if (code != EXIT_FINE) {
        return code;
    }
    enum verdict verdict = genesis_decode(&boot->genesis, boot->genesis_bytes, boot->genesis_size);
    if (verdict != VERDICT_OK) {
        return boot_fail(boot, EXIT_INTEGRITY, "the genesis %s is damaged: %s", boot->config.cluster.genesis_file, verdict_name(verdict));
    }
    hex_encode(boot->genesis.hash.bytes, HASH_BYTES, found);
    if (hex_decode(boot->config.cluster.fingerprint, fingerprint, HASH_BYTES) != ERR_OK) {
        return boot_fail(boot, EXIT_CONFIGURATION, "cluster.fingerprint is not 64 hexadecimal digits");
    }
    if (memcmp(fingerprint, boot->genesis.hash.bytes, HASH_BYTES) != 0) {
        return boot_fail(boot, EXIT_INTEGRITY, "wrong genesis: its fingerprint is %s, cluster.fingerprint says %s", found, boot->config.cluster.fingerprint);
    }
    if (strcmp(boot->config.cluster.name, boot->genesis.chain_name) != 0) {
        return boot_fail(boot, EXIT_CONFIGURATION, "the genesis is of chain \"%s\", cluster.name says \"%s\"", boot->genesis.chain_name, boot->config.cluster.name);
    }
    verdict = genesis_config(&boot->genesis, &boot->epoch);
    if (verdict != VERDICT_OK) {
        return boot_fail(boot, EXIT_INTEGRITY, "the genesis has no legal configuration: %s", verdict_name(verdict));
    }
    boot->block0 = block_genesis(&boot->genesis.hash, boot->genesis.time_ms);
    boot->chain_id = block_hash(&boot->block0);
    return EXIT_FINE;
}

static enum exit_code check_proofs(struct boot *boot)
{
    for (uint32_t id = 1; id <= boot->genesis.enrolments_count; id++) {
        struct enrolment enrolment;
        struct sig_item items[ENROLMENT_SIGNATURES_MAX];
        genesis_enrolment(&boot->genesis, id, &enrolment);
        struct hash32 digest = enrolment_digest(&enrolment);
        size_t count = enrolment_signatures(&enrolment, &digest, items);
        for (size_t i = 0; i < count; i++) {
            if (!ed25519_verify(&items[i])) {
                return boot_fail(boot, EXIT_INTEGRITY, "the genesis is not valid: \"%s\" has not proved possession of its keys", enrolment.name);
            }
        }
    }
    return EXIT_FINE;
}

static enum exit_code find_self(struct boot *boot)
{
    for (uint32_t i = 0; i < boot->epoch.members_count; i++) {
        struct enrolment enrolment;
        genesis_enrolment(&boot->genesis, boot->epoch.members[i].organisation, &enrolment);
        if (strcmp(enrolment.name, boot->config.node.member) == 0) {
            boot->self = i;
            return EXIT_FINE;
        }
    }
    return boot_fail(boot, EXIT_CONFIGURATION, "node.member \"%s\" has no replica in this genesis", boot->config.node.member);
}

static enum exit_code load_key(struct boot *boot, struct keyfile *key, enum keyfile_kind kind, const char *path, const uint8_t *expected)
{
    char problem[KEYFILE_PROBLEM_MAX];
    enum err err = keyfile_load(key, kind, path, problem);

    if (err == ERR_PERMISSION) {
        return boot_fail(boot, EXIT_PERMISSION, "%s", problem);
    }
    if (err != ERR_OK) {
        return boot_fail(boot, EXIT_CONFIGURATION, "%s", problem);
    }
    if (memcmp(keyfile_public(key), expected, 32) != 0) {
        return boot_fail(boot, EXIT_REFUSED, "wrong key: %s is not the key that the genesis names for \"%s\"", path, boot->config.node.member);
    }
    return EXIT_FINE;
}

static enum exit_code load_keys(struct boot *boot)
{
    const struct member *member = &boot->epoch.members[boot->self];
    void *pages = NULL;

    if (secret_take(&pages, sizeof *boot->keys) != ERR_OK) {
        return boot_fail(boot, EXIT_RESOURCE, "no locked memory for the keys: raise the limit of locked memory (ulimit -l)");
    }
    boot->keys = pages;
    enum exit_code code = load_key(boot, &boot->keys->sign, KEYFILE_SIGN, boot->config.keys.sign_file, member->sign_key);
    if (code == EXIT_FINE) {
        code = load_key(boot, &boot->keys->transport, KEYFILE_TRANSPORT, boot->config.keys.transport_file, member->transport_key);
    }
    return code;
}

static enum exit_code check_profile(struct boot *boot)
{
    static const struct { const char *name; uint32_t batch_us; } profiles[] = { { "fast", 0 }, { "balanced", 5000 }, { "eco", 400000 } };

    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        if (strcmp(boot->config.node.profile, profiles[i].name) == 0 && boot->epoch.limits.batch_us != profiles[i].batch_us) {
            return boot_fail(boot, EXIT_CONFIGURATION, "node.profile is \"%s\", but the genesis batches for %u us", profiles[i].name, boot->epoch.limits.batch_us);
        }
    }
    return EXIT_FINE;
}

enum exit_code boot_load(struct boot *boot, const char *config_path)
{
    *boot = (struct boot){ 0 };
    enum exit_code code = load_config(boot, config_path);
    if (code == EXIT_FINE) {
        code = load_genesis(boot);
    }
    if (code == EXIT_FINE) {
        code = check_proofs(boot);
    }
    if (code == EXIT_FINE) {
        code = find_self(boot);
    }
    if (code == EXIT_FINE) {
        code = check_profile(boot);
    }
    if (code == EXIT_FINE) {
        code = load_keys(boot);
    }
    return code;
}

void boot_close(struct boot *boot)
{
    if (boot->keys != NULL) {
        secret_give(boot->keys, sizeof *boot->keys);
        boot->keys = NULL;
    }
    if (boot->genesis_bytes != NULL) {
        munmap((void *)(uintptr_t)boot->genesis_bytes, boot->genesis_size);
        boot->genesis_bytes = NULL;
    }
}

const char *boot_address(const struct boot *boot, uint32_t member, struct enrolment *enrolment)
{
    ASSERT(member < boot->epoch.members_count);
    genesis_enrolment(&boot->genesis, boot->epoch.members[member].organisation, enrolment);
    for (uint32_t i = 0; i < boot->config.peers_count; i++) {
        if (strcmp(boot->config.peers[i].member, enrolment->name) == 0) {
            return boot->config.peers[i].address;
        }
    }
    return enrolment->endpoint;
}
