/* keyfile.h: one secret key in one file that only its owner can read.
 *
 *     ward-key 1
 *     kind sign
 *     public 64 hexadecimal digits
 *     seed 64 hexadecimal digits
 *     store 32 hexadecimal digits    a replica's signing key alone, from `wardd --init` on: the instance id of its store
 *
 * Exactly these lines, mode 0600 or stricter. `seed` is the Ed25519 seed or the X25519 secret; `public` is derived from it, and a file
 * in which the two do not belong together is refused. Files are only ever created fresh: a missing one is an error, never a new key.
 * Layout: docs/keys.md. */
#ifndef WARD_NODE_KEYFILE_H
#define WARD_NODE_KEYFILE_H

#include "base/err.h"
#include "crypto/keys.h"

#include <stdbool.h>

#define KEYFILE_PATH_MAX 512
#define KEYFILE_PROBLEM_MAX 768
#define KEYFILE_STORE_BYTES 16

/* What a key is for. The word is the `kind` line and, with ".key" behind it, the usual name of the file. */
enum keyfile_kind {
    KEYFILE_SIGN = 1,     /* replica: votes */
    KEYFILE_TRANSPORT,    /* replica: links; X25519 */
    KEYFILE_ADMIN,        /* organisation */
    KEYFILE_OFFICER,      /* organisation; another person's */
    KEYFILE_KX,           /* to seal for its owner; X25519 */
    KEYFILE_SEALED_KX,    /* patient: to seal what only the patient may open; X25519 */
    KEYFILE_PATIENT,
    KEYFILE_PRACTITIONER,
    KEYFILE_SYSTEM,       /* record system of an organisation */
    KEYFILE_PAYER_AGENT,
    KEYFILE_RESEARCHER,
    KEYFILE_AUDITOR,
    KEYFILE_PERSON,
    KEYFILE_KIND_END
};

/* A key pair: `kx` of the X25519 kinds, `sign` of the others. Put it into pages of node/secret.h. */
struct keyfile {
    enum keyfile_kind kind;
    bool bound;        /* it has a store: */
    uint8_t store[KEYFILE_STORE_BYTES];
    union {
        struct sign_keypair sign;
        struct kx_keypair kx;
    } pair;
};

/* keyfile_create makes a new key from the kernel's random source and writes it, mode 0600, flushed. Gives: the key in *key.
 * Fails: ERR_EXISTS (never overwrites), ERR_NOT_FOUND (directory), ERR_PERMISSION, ERR_NO_SPACE, ERR_IO; no file is left then. */
enum err keyfile_create(struct keyfile *key, enum keyfile_kind kind, const char *path);

/* keyfile_load reads a key of the kind that is expected; 0 takes any. "credential:NAME" is NAME in the directory of systemd credentials.
 * Fails: ERR_NOT_FOUND, ERR_PERMISSION (others can read it, or it belongs to another user), ERR_FORMAT, ERR_CONFLICT (another kind), ERR_NO_MEMORY,
 * ERR_IO; `problem` is then a sentence for the operator and *key is wiped. */
enum err keyfile_load(struct keyfile *key, enum keyfile_kind expected, const char *path, char problem[KEYFILE_PROBLEM_MAX]);

/* keyfile_bind writes the store of a signing key into its file, in place of what stood there: a new file beside it, flushed, then renamed over it. Fails:
 * ERR_UNSUPPORTED (a credential, which nobody can write), and as keyfile_load and keyfile_create; the file is then as it was. `problem` is a sentence. */
enum err keyfile_bind(const char *path, const uint8_t store[KEYFILE_STORE_BYTES], char problem[KEYFILE_PROBLEM_MAX]);

/* keyfile_lock lets one process at a time use a key. Gives: *fd, which holds the lock until it is closed. Fails: ERR_CONFLICT (another process holds it),
 * ERR_NOT_FOUND, ERR_PERMISSION, ERR_IO; `problem` is a sentence. */
enum err keyfile_lock(const char *path, int *fd, char problem[KEYFILE_PROBLEM_MAX]);

/* keyfile_public gives the public key, 32 bytes. */
const uint8_t *keyfile_public(const struct keyfile *key);

/* keyfile_is_kx tells the X25519 kinds from the Ed25519 ones. */
bool keyfile_is_kx(enum keyfile_kind kind);

/* keyfile_kind_name gives the word; keyfile_kind_of the kind of a word, 0 when there is none. */
const char *keyfile_kind_name(enum keyfile_kind kind);
enum keyfile_kind keyfile_kind_of(const char *name);

#endif
