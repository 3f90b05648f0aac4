/* boot.c: see boot.h. Guards in the order in which an operator would look: configuration, genesis, fingerprint, member, keys. */
#include "node/boot.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "crypto/ed25519.h"
#include "node/endpoint.h"
#include "node/identity.h"
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

/* read_whole reads a file of this size. Gives: false when it is shorter by now, or cannot be read. */
static bool read_whole(int fd, uint8_t *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, bytes + done, size - done);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            return false;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* open_genesis opens what must be a regular file. Gives: *fd and *size, or the exit code. */
static enum exit_code open_genesis(struct boot *boot, int *fd, size_t *size)
{
    const char *path = boot->config.cluster.genesis_file;
    struct stat info;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* A pipe that nobody writes must not hold us. */
    if (*fd < 0) {
        return boot_fail(boot, errno == EACCES ? EXIT_PERMISSION : EXIT_CONFIGURATION, "the genesis %s cannot be opened: %s", path, strerror(errno));
    }
    bool regular = fstat(*fd, &info) == 0 && S_ISREG(info.st_mode);
    if (!regular || info.st_size <= 0) {
        close(*fd);
        return boot_fail(boot, EXIT_CONFIGURATION, "the genesis %s is %s", path, regular ? "empty" : "not a regular file");
    }
    *size = (size_t)info.st_size;
    return EXIT_FINE;
}

/* copy_genesis reads the genesis into memory of our own: whoever writes to the file later changes neither what was pinned nor the ground under a replica that runs. */
static enum exit_code copy_genesis(struct boot *boot)
{
    const char *path = boot->config.cluster.genesis_file;
    size_t size = 0;
    int fd = -1;
    enum exit_code code = open_genesis(boot, &fd, &size);

    if (code != EXIT_FINE) {
        return code;
    }
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) {
        close(fd);
        return boot_fail(boot, EXIT_RESOURCE, "%zu bytes for the genesis %s are not to be had: %s", size, path, strerror(errno));
    }
    boot->genesis_bytes = bytes;
    boot->genesis_size = size;
    bool whole = read_whole(fd, bytes, size) && mprotect(bytes, size, PROT_READ) == 0;
    close(fd);
    return whole ? EXIT_FINE : boot_fail(boot, EXIT_RESOURCE, "the genesis %s cannot be read whole", path);
}

static enum exit_code load_genesis(struct boot *boot)
{
    enum exit_code code = copy_genesis(boot);

    if (code != EXIT_FINE) {
        return code;
    }
    enum verdict verdict = genesis_decode(&boot->genesis, boot->genesis_bytes, boot->genesis_size);
    if (verdict != VERDICT_OK) {
        return boot_fail(boot, EXIT_INTEGRITY, "the genesis %s is damaged: %s", boot->config.cluster.genesis_file, verdict_name(verdict));
    }
    boot->block0 = block_genesis(&boot->genesis.hash, boot->genesis.time_ms);
    boot->chain_id = block_hash(&boot->block0);
    return EXIT_FINE;
}

/* fail_with gives the exit code of a failure of node/identity.h. */
static enum exit_code fail_with(struct boot *boot, enum err err, const struct config_problem *problem)
{
    enum exit_code code = err == ERR_PERMISSION ? EXIT_PERMISSION : err == ERR_NO_MEMORY ? EXIT_RESOURCE : EXIT_CONFIGURATION;

    return err == ERR_OK ? EXIT_FINE : boot_fail(boot, code, "%s", problem->text);
}

static enum exit_code find_self(struct boot *boot, struct identity *identity)
{
    struct config_problem problem;
    enum err err = identity_find(identity, &boot->epoch, &boot->config, &boot->genesis, &problem);

    boot->self = err == ERR_OK ? identity->member : 0;
    return fail_with(boot, err, &problem);
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

static enum exit_code load_keys(struct boot *boot, const struct identity *identity)
{
    struct config_problem problem;
    void *pages = NULL;

    enum err err = secret_take(&pages, sizeof *boot->keys);
    if (err != ERR_OK) {
        return boot_fail(boot, secret_exit(err), "%s", secret_why(err));
    }
    boot->keys = pages;
    err = identity_keys(identity, &boot->epoch, &boot->config, &boot->keys->sign, &boot->keys->transport, &problem);
    return fail_with(boot, err, &problem);
}

/* lock_key sees to it that no two processes sign with one key, whatever directories they have. */
static enum exit_code lock_key(struct boot *boot)
{
    char problem[KEYFILE_PROBLEM_MAX] = "";
    enum err err = keyfile_lock(boot->config.keys.sign_file, &boot->key_lock, problem);

    if (err == ERR_CONFLICT) {
        return boot_fail(boot, EXIT_REFUSED, "%s: a key that signs twice at once can contradict itself", problem);
    }
    return err == ERR_OK ? EXIT_FINE : boot_fail(boot, EXIT_ENVIRONMENT, "%s", problem);
}

/* find_store takes over which store the key says is its own. */
static enum exit_code find_store(struct boot *boot)
{
    const char *digits = boot->config.keys.store;
    const struct keyfile *key = &boot->keys->sign;

    memcpy(boot->store, key->store, sizeof boot->store);
    boot->bound = key->bound;
    if (strcmp(digits, "none") == 0) {
        return EXIT_FINE;
    }
    if (strlen(digits) != 2 * sizeof boot->store || hex_decode(digits, boot->store, sizeof boot->store) != ERR_OK) {
        return boot_fail(boot, EXIT_CONFIGURATION, "keys.store: %s is not an instance id, which has 32 hexadecimal digits", digits);
    }
    if (key->bound && memcmp(boot->store, key->store, sizeof boot->store) != 0) {
        return boot_fail(boot, EXIT_CONFIGURATION, "keys.store names another store than the file %s does", boot->config.keys.sign_file);
    }
    boot->bound = true;
    return EXIT_FINE;
}

enum exit_code boot_load(struct boot *boot, const char *config_path)
{
    struct identity identity;

    *boot = (struct boot){ .key_lock = -1 };
    enum exit_code code = load_config(boot, config_path);
    if (code == EXIT_FINE) {
        code = load_genesis(boot);
    }
    if (code == EXIT_FINE) {
        code = find_self(boot, &identity);
    }
    if (code == EXIT_FINE) {
        code = check_proofs(boot);
    }
    if (code == EXIT_FINE) {
        code = load_keys(boot, &identity);
    }
    if (code == EXIT_FINE) {
        code = lock_key(boot);
    }
    return code == EXIT_FINE ? find_store(boot) : code;
}

void boot_close(struct boot *boot)
{
    if (boot->keys != NULL) {
        secret_give(boot->keys, sizeof *boot->keys);
        boot->keys = NULL;
    }
    if (boot->key_lock >= 0) {
        close(boot->key_lock);
        boot->key_lock = -1;
    }
    if (boot->genesis_bytes != NULL) {
        munmap((void *)(uintptr_t)boot->genesis_bytes, boot->genesis_size);
        boot->genesis_bytes = NULL;
    }
}

const char *boot_address(const struct boot *boot, uint32_t member, struct enrolment *enrolment)
{
    ASSERT(member < boot->epoch.members_count);
    return endpoint_of(&boot->config, &boot->genesis, boot->epoch.members[member].organisation, enrolment);
}
