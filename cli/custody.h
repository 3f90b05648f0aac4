/* custody.h: what a hospital must keep of the documents that it published: which record each pointer stands for, and the salt of its commitment.
 *
 * Without the salt nobody, the hospital included, can show later that a document is the one that was committed to. So it is on disk before the
 * command leaves. One JSON object per file; mode 0600, for it names local records.
 *
 * The file is the import's journal too. Its commands stand in the order of the bundle, each with its sender and nonce. One that has no code yet is *open*: it
 * keeps its sealed locators, and so does one whose receipt is to be proved, so that the same command can be made again under the same nonce, of which the ledger executes one alone. */
#ifndef WARD_CLI_CUSTODY_H
#define WARD_CLI_CUSTODY_H

#include "cli/client.h"
#include "cli/fhir.h"
#include "cli/tx.h"

#include <jansson.h>

/* What a file belongs to. */
struct custody_head {
    const char *bundle; /* path, for a reader only: the records themselves are compared */
    const uint8_t *patient;
    const struct hash32 *genesis;
};

/* One command of a file, but its pointers. */
struct custody_command {
    struct hash32 id;  /* of the transaction that was made last */
    uint8_t sender[ACCOUNT_BYTES];
    uint64_t nonce, valid_until_ms;
    uint32_t below;    /* pointers that the patient had before: those of this command have higher numbers */
    bool executed;     /* a replica gave its receipt, of this code */
    uint16_t code;
    uint64_t height;   /* of that block; 0: found by its pointers, with no receipt */
};

#define CUSTODY_PROBLEM_BYTES 200

/* custody_new begins a file's content. Owns: the caller. */
json_t *custody_new(const struct custody_head *head);

/* custody_load reads the file of an import that is to go on. Owns: the caller. Fails: as file_read; ERR_INVALID when it is no such file, ERR_CONFLICT when it is of
 * another patient or chain; the problem says what, without the path. */
enum err custody_load(json_t **custody, const char *path, const struct custody_head *head, char problem[CUSTODY_PROBLEM_BYTES]);

/* custody_count gives the number of commands. */
uint32_t custody_count(const json_t *custody);

/* custody_get reads one command and its pointers; those of an executed one have no locators. Needs: index < custody_count; room for POINTER_ADD_ITEMS_MAX.
 * Gives: whether it is of exactly these resources, bytes included. */
bool custody_get(const json_t *custody, uint32_t index, const struct fhir_resource *resources, uint32_t count, struct custody_command *command, struct fhir_pointer *pointers);

/* custody_put puts a command, open, in the place of the one of this index or behind the last one. Needs: index <= custody_count; `count` resources and pointers. */
void custody_put(json_t *custody, uint32_t index, const struct custody_command *command, const struct fhir_resource *resources, const struct fhir_pointer *pointers, uint32_t count);

/* custody_sign_again notes that an open command was signed anew under its nonce, with another end of validity: the transaction it was before is kept beside it. */
void custody_sign_again(json_t *custody, uint32_t index, const struct hash32 *id, uint64_t valid_until_ms);

/* custody_earlier gives the number-th transaction that an open command was before. Gives: false beyond the last. */
bool custody_earlier(const json_t *custody, uint32_t index, uint32_t number, struct hash32 *id);

/* custody_settle ends an open command: it was executed with this receipt, as the transaction `id`. custody_settle_found: its pointers are there, by whichever of the transactions
 * that are noted. custody_reopen takes that back, for it is not proved; a command that is closed stays as it is. */
void custody_settle(json_t *custody, uint32_t index, const struct hash32 *id, const struct client_event *receipt);
void custody_settle_found(json_t *custody, uint32_t index);
void custody_reopen(json_t *custody, uint32_t index);

/* custody_close drops the locators of an executed command: it is never sent again. */
void custody_close(json_t *custody, uint32_t index);

/* custody_save writes it, flushed, mode 0600. With `fresh` the file must not exist. Fails: as file_write, ERR_NO_MEMORY. */
enum err custody_save(const json_t *custody, const char *path, bool fresh);

#endif
