/* keyfile.c: see keyfile.h. The text of a key file, which holds the secret in digits, only ever lies in locked pages. */
#include "node/keyfile.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "node/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_BYTES_MAX = 512, SEED_BYTES = 32, SEED_DIGITS = 2 * SEED_BYTES, STORE_DIGITS = 2 * KEYFILE_STORE_BYTES };

static const char credential_prefix[] = "credential:";

static const char *const kind_names[KEYFILE_KIND_END] = {
    [KEYFILE_SIGN] = "sign",
    [KEYFILE_TRANSPORT] = "transport",
    [KEYFILE_ADMIN] = "admin",
    [KEYFILE_OFFICER] = "officer",
    [KEYFILE_KX] = "kx",
    [KEYFILE_SEALED_KX] = "sealed-kx",
    [KEYFILE_PATIENT] = "patient",
    [KEYFILE_PRACTITIONER] = "practitioner",
    [KEYFILE_SYSTEM] = "system",
    [KEYFILE_PAYER_AGENT] = "payer-agent",
    [KEYFILE_RESEARCHER] = "researcher",
    [KEYFILE_AUDITOR] = "auditor",
    [KEYFILE_PERSON] = "person",
};

const char *keyfile_kind_name(enum keyfile_kind kind)
{
    ASSERT(kind > 0);
    ASSERT(kind < KEYFILE_KIND_END);
    return kind_names[kind];
}

enum keyfile_kind keyfile_kind_of(const char *name)
{
    for (unsigned kind = 1; kind < KEYFILE_KIND_END; kind++) {
        if (strcmp(kind_names[kind], name) == 0) {
            return (enum keyfile_kind)kind;
        }
    }
    return (enum keyfile_kind)0;
}

bool keyfile_is_kx(enum keyfile_kind kind)
{
    return kind == KEYFILE_TRANSPORT || kind == KEYFILE_KX || kind == KEYFILE_SEALED_KX;
}

const uint8_t *keyfile_public(const struct keyfile *key)
{
    return keyfile_is_kx(key->kind) ? key->pair.kx.public_key : key->pair.sign.public_key;
}

static void key_from_seed(struct keyfile *key, enum keyfile_kind kind, const uint8_t seed[SEED_BYTES])
{
    key->kind = kind;
    if (keyfile_is_kx(kind)) {
        kx_keypair_from_seed(&key->pair.kx, seed);
    } else {
        sign_keypair_from_seed(&key->pair.sign, seed);
    }
}

static enum err err_of_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_PERMISSION;
    case EEXIST:
        return ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    default:
        return ERR_IO;
    }
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

static enum err write_file(const char *path, const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        return err_of_errno(errno);
    }
    ssize_t put = write(fd, text, size);
    enum err err = ERR_OK;
    if (put < 0) {
        err = err_of_errno(errno);
    } else if ((size_t)put != size) {
        err = ERR_NO_SPACE;
    } else if (fchmod(fd, 0600) != 0 || fsync(fd) != 0) {
        err = ERR_IO;
    }
    close(fd);
    if (err != ERR_OK) {
        unlink(path);
    }
    return err;
}

/* flush_directory makes the name of a file in its directory durable. */
static enum err flush_directory(const char *path)
{
    char directory[KEYFILE_PATH_MAX];

    snprintf(directory, sizeof directory, "%s", path);
    char *slash = strrchr(directory, '/');
    if (slash != NULL) {
        slash[slash == directory] = '\0';
    }
    int fd = open(slash != NULL ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = fd < 0 ? err_of_errno(errno) : fsync(fd) != 0 ? ERR_IO : ERR_OK;
    if (fd >= 0) {
        close(fd);
    }
    return err;
}

/* write_named makes file and name durable: the public half is given away next, and nobody makes the same key again. It has its name when it is whole; link fails where
 * rename would replace. */
static enum err write_named(const char *path, const char *text, size_t size)
{
    char beside[KEYFILE_PATH_MAX + 24];

    snprintf(beside, sizeof beside, "%s.new-%d", path, (int)getpid());
    if (unlink(beside) != 0 && errno != ENOENT) { /* what a process of this number left when it was killed */
        return err_of_errno(errno);
    }
    enum err err = write_file(beside, text, size);
    if (err != ERR_OK) {
        return err;
    }
    err = link(beside, path) == 0 ? ERR_OK : err_of_errno(errno);
    unlink(beside);
    if (err != ERR_OK) {
        return err;
    }
    err = flush_directory(path);
    if (err != ERR_OK) {
        unlink(path);
    }
    return err;
}

enum err keyfile_create(struct keyfile *key, enum keyfile_kind kind, const char *path)
{
    struct scratch {
        uint8_t seed[SEED_BYTES];
        char seed_digits[SEED_DIGITS + 1];
        char public_digits[SEED_DIGITS + 1];
        char text[TEXT_BYTES_MAX];
    } *scratch;
    void *pages;

    ASSERT(path != NULL);
    enum err err = secret_take(&pages, sizeof *scratch);
    if (err != ERR_OK) {
        return err;
    }
    scratch = pages;
    random_fill(scratch->seed, sizeof scratch->seed);
    key_from_seed(key, kind, scratch->seed);
    hex_encode(scratch->seed, sizeof scratch->seed, scratch->seed_digits);
    hex_encode(keyfile_public(key), 32, scratch->public_digits);
    int size = snprintf(scratch->text, sizeof scratch->text, "ward-key 1\nkind %s\npublic %s\nseed %s\n", keyfile_kind_name(kind), scratch->public_digits,
                        scratch->seed_digits);
    ASSERT(size > 0);
    ASSERT((size_t)size < sizeof scratch->text);
    err = write_named(path, scratch->text, (size_t)size);
    secret_give(pages, sizeof *scratch);
    if (err != ERR_OK) {
        secret_wipe(key, sizeof *key);
    }
    return err;
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

static bool is_credential(const char *path) { return strncmp(path, credential_prefix, sizeof credential_prefix - 1) == 0; }

/* path_resolve turns "credential:NAME" into the path of that systemd credential. */
static enum err path_resolve(char out[KEYFILE_PATH_MAX], const char *path, char problem[KEYFILE_PROBLEM_MAX])
{
    const char *directory = "";
    int length;

    if (is_credential(path)) {
        directory = getenv("CREDENTIALS_DIRECTORY");
        if (directory == NULL) {
            snprintf(problem, KEYFILE_PROBLEM_MAX, "%s: the service manager passes no credentials (CREDENTIALS_DIRECTORY is not set)", path);
            return ERR_NOT_FOUND;
        }
        length = snprintf(out, KEYFILE_PATH_MAX, "%s/%s", directory, path + sizeof credential_prefix - 1);
    } else {
        length = snprintf(out, KEYFILE_PATH_MAX, "%s", path);
    }
    if (length < 0 || length >= KEYFILE_PATH_MAX) {
        snprintf(problem, KEYFILE_PROBLEM_MAX, "the path of a key file is longer than %d bytes", KEYFILE_PATH_MAX - 1);
        return ERR_INVALID;
    }
    return ERR_OK;
}

static enum err check_mode(int fd, const char *path, char problem[KEYFILE_PROBLEM_MAX])
{
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        snprintf(problem, KEYFILE_PROBLEM_MAX, "%s is not a regular file", path);
        return ERR_FORMAT;
    }
    if ((status.st_mode & 077) != 0) {
        snprintf(problem, KEYFILE_PROBLEM_MAX, "%s has mode %04o: others can read it, so the key must be taken as known; make a new one (or chmod 600 if nobody did)",
                 path, (unsigned)(status.st_mode & 07777));
        return ERR_PERMISSION;
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        snprintf(problem, KEYFILE_PROBLEM_MAX, "%s belongs to user %u, who can change it", path, (unsigned)status.st_uid);
        return ERR_PERMISSION;
    }
    return ERR_OK;
}

static enum err read_text(char text[TEXT_BYTES_MAX], const char *path, char problem[KEYFILE_PROBLEM_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        enum err err = err_of_errno(errno);
        snprintf(problem, KEYFILE_PROBLEM_MAX, "%s: %s; a missing key is never replaced by a new one", path, strerror(errno));
        return err;
    }
    enum err err = check_mode(fd, path, problem);
    if (err == ERR_OK) {
        ssize_t got = read(fd, text, TEXT_BYTES_MAX - 1);
        err = got < 0 ? ERR_IO : ERR_OK;
        text[got < 0 ? 0 : got] = '\0';
        if (err != ERR_OK) {
            snprintf(problem, KEYFILE_PROBLEM_MAX, "%s cannot be read", path);
        }
    }
    close(fd);
    return err;
}

/* line_value takes the next line if it is "<name> <value>". Gives: the value, terminated, or NULL. */
static char *line_value(char **text, const char *name)
{
    size_t length = strlen(name);
    char *line = *text, *end = strchr(line, '\n');

    if (end == NULL || strncmp(line, name, length) != 0 || line[length] != ' ') {
        return NULL;
    }
    *end = '\0';
    *text = end + 1;
    return line + length + 1;
}

/* parse_store reads the line that says which store is the key's, if there is one. */
static enum err parse_store(struct keyfile *key, char **text)
{
    key->bound = **text != '\0';
    if (!key->bound) {
        return ERR_OK;
    }
    char *digits = line_value(text, "store");
    bool whole = digits != NULL && key->kind == KEYFILE_SIGN && strlen(digits) == STORE_DIGITS;
    return whole ? hex_decode(digits, key->store, sizeof key->store) : ERR_FORMAT;
}

/* parse reads the lines. Gives: ERR_OK, or ERR_FORMAT. */
static enum err parse(struct keyfile *key, char *text)
{
    uint8_t public_key[32];
    char *version = line_value(&text, "ward-key");
    char *kind_name = version == NULL ? NULL : line_value(&text, "kind");
    char *public_digits = kind_name == NULL ? NULL : line_value(&text, "public");
    char *seed_digits = public_digits == NULL ? NULL : line_value(&text, "seed");

    if (seed_digits == NULL || strcmp(version, "1") != 0) {
        return ERR_FORMAT;
    }
    enum keyfile_kind kind = keyfile_kind_of(kind_name);
    /* The seed is decoded in place: its bytes take the room of the digits, which are in locked pages. */
    if (kind == 0 || hex_decode(public_digits, public_key, 32) != ERR_OK || strlen(seed_digits) != SEED_DIGITS) {
        return ERR_FORMAT;
    }
    if (hex_decode(seed_digits, seed_digits, SEED_BYTES) != ERR_OK) {
        return ERR_FORMAT;
    }
    key_from_seed(key, kind, (const uint8_t *)seed_digits);
    enum err err = parse_store(key, &text);
    if (err != ERR_OK || *text != '\0') {
        return ERR_FORMAT;
    }
    return memcmp(public_key, keyfile_public(key), 32) == 0 ? ERR_OK : ERR_FORMAT;
}

enum err keyfile_load(struct keyfile *key, enum keyfile_kind expected, const char *path, char problem[KEYFILE_PROBLEM_MAX])
{
    char resolved[KEYFILE_PATH_MAX];
    void *pages;

    problem[0] = '\0';
    enum err err = path_resolve(resolved, path, problem);
    if (err != ERR_OK) {
        return err;
    }
    err = secret_take(&pages, TEXT_BYTES_MAX);
    if (err != ERR_OK) {
        snprintf(problem, KEYFILE_PROBLEM_MAX, "%s", secret_why(err));
        return err;
    }
    err = read_text(pages, resolved, problem);
    if (err == ERR_OK) {
        err = parse(key, pages);
        if (err != ERR_OK) {
            snprintf(problem, KEYFILE_PROBLEM_MAX, "%s is not a key file, or its public key does not belong to its seed", resolved);
        } else if (expected != 0 && key->kind != expected) {
            snprintf(problem, KEYFILE_PROBLEM_MAX, "%s holds a key of kind %s; %s is needed", resolved, keyfile_kind_name(key->kind), keyfile_kind_name(expected));
            err = ERR_CONFLICT;
        }
    }
    secret_give(pages, TEXT_BYTES_MAX);
    if (err != ERR_OK) {
        secret_wipe(key, sizeof *key);
    }
    return err;
}

/* --- The store of a key ------------------------------------------------------------------------------------------- */

/* text_bind cuts the line about a store off, if there is one, and appends another. Needs: the text parses. */
static size_t text_bind(char text[TEXT_BYTES_MAX], const uint8_t store[KEYFILE_STORE_BYTES])
{
    char digits[STORE_DIGITS + 1], *old = strstr(text, "\nstore ");
    size_t used = old != NULL ? (size_t)(old + 1 - text) : strlen(text);

    hex_encode(store, KEYFILE_STORE_BYTES, digits);
    int size = snprintf(text + used, TEXT_BYTES_MAX - used, "store %s\n", digits);
    ASSERT(size > 0);
    ASSERT(used + (size_t)size < TEXT_BYTES_MAX);
    return used + (size_t)size;
}

/* replace writes the text beside the file and renames it over it. */
static enum err replace(const char *path, const char *text, size_t size)
{
    char beside[KEYFILE_PATH_MAX + 8];

    snprintf(beside, sizeof beside, "%s.new", path);
    if (unlink(beside) != 0 && errno != ENOENT) { /* what a crash left */
        return err_of_errno(errno);
    }
    enum err err = write_file(beside, text, size);
    if (err == ERR_OK && rename(beside, path) != 0) {
        err = err_of_errno(errno);
        unlink(beside);
    }
    return err == ERR_OK ? flush_directory(path) : err;
}

enum err keyfile_bind(const char *path, const uint8_t store[KEYFILE_STORE_BYTES], char problem[KEYFILE_PROBLEM_MAX])
{
    void *pages;

    if (is_credential(path)) {
        snprintf(problem, KEYFILE_PROBLEM_MAX, "%s is a credential, which cannot be written", path);
        return ERR_UNSUPPORTED;
    }
    enum err err = secret_take(&pages, TEXT_BYTES_MAX);
    if (err != ERR_OK) {
        snprintf(problem, KEYFILE_PROBLEM_MAX, "%s", secret_why(err));
        return err;
    }
    err = read_text(pages, path, problem);
    if (err == ERR_OK) {
        err = replace(path, pages, text_bind(pages, store));
        if (err != ERR_OK) {
            snprintf(problem, KEYFILE_PROBLEM_MAX, "%s cannot be replaced by one that names its store: %s", path, err_name(err));
        }
    }
    secret_give(pages, TEXT_BYTES_MAX);
    return err;
}

enum err keyfile_lock(const char *path, int *fd, char problem[KEYFILE_PROBLEM_MAX])
{
    char resolved[KEYFILE_PATH_MAX];

    *fd = -1;
    enum err err = path_resolve(resolved, path, problem);
    if (err != ERR_OK) {
        return err;
    }
    int file = open(resolved, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0) {
        *fd = file;
        return ERR_OK;
    }
    err = errno == EWOULDBLOCK ? ERR_CONFLICT : err_of_errno(errno);
    snprintf(problem, KEYFILE_PROBLEM_MAX, err == ERR_CONFLICT ? "another process on this machine uses the key %s" : "%s cannot be locked", resolved);
    if (file >= 0) {
        close(file);
    }
    return err;
}
