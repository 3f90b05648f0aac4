/* cmd_key.c: `ward key`: makes the keys of one identity in one directory, shows their public halves, writes the enrolment file. */
#include "cli/cmd.h"

#include "base/assert.h"
#include "cli/file.h"
#include "cli/output.h"
#include "cli/reach.h"
#include "cli/words.h"
#include "node/endpoint.h"
#include "node/keyfile.h"
#include "node/secret.h"
#include "wire/account.h"
#include "wire/enrolment.h"
#include "wire/genesis.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEYS_MAX = 5 };

/* Which keys an identity has. */
struct identity {
    const char *name; /* value of --for */
    enum keyfile_kind keys[KEYS_MAX + 1]; /* ended by 0 */
};

static const struct identity identities[] = {
    { "replica", { KEYFILE_SIGN, KEYFILE_TRANSPORT, KEYFILE_ADMIN, KEYFILE_OFFICER, KEYFILE_KX } },
    { "organisation", { KEYFILE_ADMIN, KEYFILE_OFFICER, KEYFILE_KX } },
    { "patient", { KEYFILE_PATIENT, KEYFILE_KX, KEYFILE_SEALED_KX } },
    { "practitioner", { KEYFILE_PRACTITIONER, KEYFILE_KX } },
    { "system", { KEYFILE_SYSTEM, KEYFILE_KX } },
    { "payer-agent", { KEYFILE_PAYER_AGENT, KEYFILE_KX } },
    { "researcher", { KEYFILE_RESEARCHER, KEYFILE_KX } },
    { "auditor", { KEYFILE_AUDITOR, KEYFILE_KX } },
    { "person", { KEYFILE_PERSON, KEYFILE_KX } },
    { NULL, { 0 } },
};

static void key_path(char out[KEYFILE_PATH_MAX], const char *directory, enum keyfile_kind kind)
{
    snprintf(out, KEYFILE_PATH_MAX, "%s/%s.key", directory, keyfile_kind_name(kind));
}

/* exit_of gives the exit code for a failure of a key file. */
static int exit_of(enum err err)
{
    return err == ERR_FORMAT || err == ERR_CONFLICT ? EXIT_CONFIGURATION : file_exit(err);
}

/* --- init --------------------------------------------------------------------------------------------------------- */

static int check_absent(const struct args *args, const struct identity *identity, const char *directory)
{
    char path[KEYFILE_PATH_MAX];

    for (const enum keyfile_kind *kind = identity->keys; *kind != 0; kind++) {
        key_path(path, directory, *kind);
        if (access(path, F_OK) == 0) {
            return output_fail(args, EXIT_REFUSED, "%s exists; a key is never overwritten", path);
        }
    }
    return EXIT_FINE;
}

static int create_all(const struct args *args, const struct identity *identity, const char *directory, json_t *keys)
{
    char path[KEYFILE_PATH_MAX];
    void *key;

    enum err locked = secret_take(&key, sizeof(struct keyfile));
    if (locked != ERR_OK) {
        return output_fail(args, secret_exit(locked), "%s", secret_why(locked));
    }
    enum err err = ERR_OK;
    for (const enum keyfile_kind *kind = identity->keys; *kind != 0 && err == ERR_OK; kind++) {
        key_path(path, directory, *kind);
        err = keyfile_create(key, *kind, path);
        if (err == ERR_OK) {
            json_array_append_new(keys, json_pack("{s:s, s:o, s:s}", "kind", keyfile_kind_name(*kind), "public", output_hex(keyfile_public(key), 32), "file", path));
        }
    }
    secret_give(key, sizeof(struct keyfile));
    return err == ERR_OK ? EXIT_FINE : output_fail(args, (enum exit_code)exit_of(err), "%s: the key cannot be written: %s", path, file_problem(err));
}

/* make_directory makes it unless it is there. Gives: false with errno. */
static bool make_directory(const char *path)
{
    struct stat status;

    if (mkdir(path, 0700) == 0) {
        return true;
    }
    if (errno != EEXIST || stat(path, &status) != 0) {
        return false;
    }
    errno = ENOTDIR;
    return S_ISDIR(status.st_mode);
}

int cmd_key_init(const struct args *args)
{
    const char *directory = args->operands[0];
    const struct identity *identity = identities;

    while (strcmp(identity->name, args_text(args, "for")) != 0) {
        identity++;
        ASSERT(identity->name != NULL);
    }
    if (strlen(directory) > KEYFILE_PATH_MAX - 32) {
        return output_fail(args, EXIT_USAGE, "the path is too long");
    }
    if (!make_directory(directory)) {
        return output_fail(args, (enum exit_code)file_exit(file_err(errno)), "%s: %s%s", directory, strerror(errno),
                           errno == ENOENT ? "; what it lies in must be made first" : "");
    }
    int code = check_absent(args, identity, directory);
    if (code != EXIT_FINE) {
        return code;
    }
    json_t *keys = json_array();
    code = create_all(args, identity, directory, keys);
    if (code != EXIT_FINE) {
        json_decref(keys);
        return code;
    }
    return output_result(args, json_pack("{s:s, s:s, s:o}", "directory", directory, "identity", identity->name, "keys", keys));
}

/* --- show --------------------------------------------------------------------------------------------------------- */

static uint8_t account_kind_of(enum keyfile_kind kind)
{
    static const uint8_t kinds[KEYFILE_KIND_END] = {
        [KEYFILE_PATIENT] = ACCOUNT_PATIENT,       [KEYFILE_PRACTITIONER] = ACCOUNT_PRACTITIONER, [KEYFILE_SYSTEM] = ACCOUNT_SYSTEM,
        [KEYFILE_PAYER_AGENT] = ACCOUNT_PAYER_AGENT, [KEYFILE_RESEARCHER] = ACCOUNT_RESEARCHER,   [KEYFILE_AUDITOR] = ACCOUNT_AUDITOR,
        [KEYFILE_PERSON] = ACCOUNT_PERSON,
    };

    return kinds[kind];
}

/* show_file appends the public half of one file. */
static int show_file(const struct args *args, const char *path, const struct genesis *genesis, struct keyfile *key, json_t *keys)
{
    char problem[KEYFILE_PROBLEM_MAX];
    enum err err = keyfile_load(key, (enum keyfile_kind)0, path, problem);

    if (err != ERR_OK) {
        return output_fail(args, (enum exit_code)exit_of(err), "%s", problem);
    }
    json_t *entry = json_pack("{s:s, s:o, s:s}", "kind", keyfile_kind_name(key->kind), "public", output_hex(keyfile_public(key), 32), "file", path);
    uint8_t account_kind = account_kind_of(key->kind);
    if (genesis != NULL && account_kind != 0) {
        struct hash32 account = account_derive(&genesis->hash, account_kind, keyfile_public(key));
        json_object_set_new(entry, "account", output_hex(account.bytes, HASH_BYTES));
    }
    json_array_append_new(keys, entry);
    return EXIT_FINE;
}

/* show_operand shows a file, or each key file of a directory in the order of the kinds. */
static int show_operand(const struct args *args, const char *operand, const struct genesis *genesis, struct keyfile *key, json_t *keys)
{
    struct stat status;
    char path[KEYFILE_PATH_MAX];

    if (stat(operand, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return show_file(args, operand, genesis, key, keys);
    }
    int code = EXIT_FINE;
    for (unsigned kind = 1; kind < KEYFILE_KIND_END && code == EXIT_FINE; kind++) {
        key_path(path, operand, (enum keyfile_kind)kind);
        if (access(path, F_OK) == 0) {
            code = show_file(args, path, genesis, key, keys);
        } else if (errno != ENOENT) {
            code = output_fail(args, (enum exit_code)file_exit(file_err(errno)), "%s: %s", path, strerror(errno));
        }
    }
    return code;
}

static int show_all(const struct args *args, const struct genesis *genesis, json_t *keys)
{
    void *key;

    enum err locked = secret_take(&key, sizeof(struct keyfile));
    if (locked != ERR_OK) {
        return output_fail(args, secret_exit(locked), "%s", secret_why(locked));
    }
    int code = EXIT_FINE;
    for (uint32_t i = 0; i < args->operands_count && code == EXIT_FINE; i++) {
        code = show_operand(args, args->operands[i], genesis, key, keys);
    }
    secret_give(key, sizeof(struct keyfile));
    return code;
}

int cmd_key_show(const struct args *args)
{
    struct file file = { NULL, 0 };
    struct genesis genesis;
    const char *path = args_text(args, "genesis");

    if (path != NULL) {
        enum err err = file_read(&file, path);
        if (err != ERR_OK) {
            return output_fail(args, (enum exit_code)file_exit(err), "%s: %s", path, file_problem(err));
        }
        enum verdict verdict = genesis_decode(&genesis, file.data, file.size);
        if (verdict != VERDICT_OK) {
            enum exit_code code = reach_genesis_exit(&file);
            file_close(&file);
            return output_fail(args, code, "%s is not a genesis: %s", path, verdict_name(verdict));
        }
    }
    json_t *keys = json_array();
    int code = show_all(args, path != NULL ? &genesis : NULL, keys);
    file_close(&file);
    if (code == EXIT_FINE && json_array_size(keys) == 0) {
        code = output_fail(args, EXIT_NO, "%s: no key file is in it%s", args->operands[0], args->operands_count > 1 ? ", nor in the others" : "");
    }
    if (code != EXIT_FINE) {
        json_decref(keys);
        return code;
    }
    return output_result(args, json_pack("{s:o}", "keys", keys));
}

/* --- enrol -------------------------------------------------------------------------------------------------------- */

/* The keys that sign and enter an enrolment; all of them in locked pages. */
struct enrol_keys {
    struct keyfile admin, officer, kx, sign, transport;
};

static int load_one(const struct args *args, struct keyfile *key, enum keyfile_kind kind)
{
    char path[KEYFILE_PATH_MAX], problem[KEYFILE_PROBLEM_MAX];

    key_path(path, args->operands[0], kind);
    enum err err = keyfile_load(key, kind, path, problem);
    return err == ERR_OK ? EXIT_FINE : output_fail(args, (enum exit_code)exit_of(err), "%s", problem);
}

static int load_keys(const struct args *args, struct enrol_keys *keys, bool replica)
{
    int code = load_one(args, &keys->admin, KEYFILE_ADMIN);

    code = code == EXIT_FINE ? load_one(args, &keys->officer, KEYFILE_OFFICER) : code;
    code = code == EXIT_FINE ? load_one(args, &keys->kx, KEYFILE_KX) : code;
    code = code == EXIT_FINE && replica ? load_one(args, &keys->sign, KEYFILE_SIGN) : code;
    return code == EXIT_FINE && replica ? load_one(args, &keys->transport, KEYFILE_TRANSPORT) : code;
}

static void sign_enrolment(struct enrolment *enrolment, const struct enrol_keys *keys)
{
    memcpy(enrolment->admin_key, keyfile_public(&keys->admin), 32);
    memcpy(enrolment->officer_key, keyfile_public(&keys->officer), 32);
    memcpy(enrolment->kx_key, keyfile_public(&keys->kx), 32);
    if (enrolment->has_replica) {
        memcpy(enrolment->sign_key, keyfile_public(&keys->sign), 32);
        memcpy(enrolment->transport_key, keyfile_public(&keys->transport), 32);
    }
    struct hash32 digest = enrolment_digest(enrolment);
    sign_digest(&keys->admin.pair.sign, &digest, enrolment->admin_signature);
    sign_digest(&keys->officer.pair.sign, &digest, enrolment->officer_signature);
    if (enrolment->has_replica) {
        sign_digest(&keys->sign.pair.sign, &digest, enrolment->replica_signature);
    }
}

/* describe reads name, kind, capabilities and endpoint from the flags. */
static int describe(const struct args *args, struct enrolment *enrolment)
{
    uint32_t kind = 0, capabilities = 0;
    struct address address;
    const char *problem = NULL;
    const char *name = args_text(args, "name"), *endpoint = args_text(args, "endpoint");

    if (strlen(name) > ORG_NAME_BYTES_MAX || (endpoint != NULL && strlen(endpoint) > ORG_ENDPOINT_BYTES_MAX)) {
        return output_fail(args, EXIT_USAGE, "a name has at most %d bytes, an endpoint %d", ORG_NAME_BYTES_MAX, ORG_ENDPOINT_BYTES_MAX);
    }
    if (endpoint != NULL && endpoint_judge(&address, ENDPOINT_MEMBER, endpoint, &problem) != ERR_OK) {
        return output_fail(args, EXIT_USAGE, "--endpoint \"%s\" cannot be used: %s", endpoint, problem);
    }
    bool known = word_number(words_org_kind, args_text(args, "kind"), &kind);
    ASSERT(known);
    if (!word_mask(words_capability, args_text(args, "capabilities"), 7, &capabilities)) {
        return output_fail(args, EXIT_USAGE, "--capabilities takes none, all, or a list of publish, vouch, btg");
    }
    enrolment->kind = (uint8_t)kind;
    enrolment->capabilities = (uint16_t)capabilities;
    snprintf(enrolment->name, sizeof enrolment->name, "%s", name);
    snprintf(enrolment->endpoint, sizeof enrolment->endpoint, "%s", endpoint == NULL ? "" : endpoint);
    return EXIT_FINE;
}

/* write_enrolment encodes, decodes again as a stranger will, and writes the file. */
static int write_enrolment(const struct args *args, const struct enrolment *enrolment)
{
    uint8_t bytes[ENROLMENT_BYTES];
    struct writer writer;
    struct reader reader;
    struct enrolment back;
    const char *out = args_text(args, "out");

    writer_init(&writer, bytes, sizeof bytes);
    enrolment_encode(enrolment, &writer);
    ASSERT(!writer.failed);
    reader_init(&reader, bytes, sizeof bytes);
    enum verdict verdict = enrolment_decode(&back, &reader);
    if (verdict != VERDICT_OK) {
        return output_fail(args, EXIT_USAGE, "the name and the endpoint must be printable ASCII (%s)", verdict_name(verdict));
    }
    enum err err = file_write(out, bytes, sizeof bytes, 0644, true);
    if (err != ERR_OK) {
        return output_fail(args, (enum exit_code)file_exit(err), "%s: %s", out, file_problem(err));
    }
    struct hash32 digest = enrolment_digest(enrolment);
    return output_result(args, json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o}", "file", out, "name", enrolment->name, "kind", args_text(args, "kind"), "endpoint",
                                         enrolment->endpoint, "replica", enrolment->has_replica, "capabilities", word_list(words_capability, enrolment->capabilities),
                                         "digest", output_hex(digest.bytes, HASH_BYTES)));
}

/* has_file tells whether something has the name of a key of this kind, readable or not. */
static bool has_file(const struct args *args, enum keyfile_kind kind)
{
    char path[KEYFILE_PATH_MAX];

    key_path(path, args->operands[0], kind);
    return !file_free(path);
}

int cmd_key_enrol(const struct args *args)
{
    struct enrolment enrolment = { 0 };
    void *keys;

    int code = describe(args, &enrolment);
    if (code != EXIT_FINE) {
        return code;
    }
    enrolment.has_replica = has_file(args, KEYFILE_SIGN) || has_file(args, KEYFILE_TRANSPORT); /* One without the other is a key that is missing. */
    enum err locked = secret_take(&keys, sizeof(struct enrol_keys));
    if (locked != ERR_OK) {
        return output_fail(args, secret_exit(locked), "%s", secret_why(locked));
    }
    code = load_keys(args, keys, enrolment.has_replica);
    if (code == EXIT_FINE) {
        sign_enrolment(&enrolment, keys);
    }
    secret_give(keys, sizeof(struct enrol_keys));
    return code == EXIT_FINE ? write_enrolment(args, &enrolment) : code;
}
