/* custody.h: what a hospital must keep of the documents that it published: which record each pointer stands for, and the salt of its commitment.
 *
 * Without the salt nobody, the hospital included, can show later that a document is the one that was committed to. So it is on disk before the
 * command leaves. One JSON object per file; mode 0600, for it names local records. */
#ifndef WARD_CLI_CUSTODY_H
#define WARD_CLI_CUSTODY_H

#include "cli/fhir.h"
#include "cli/tx.h"

#include <jansson.h>

/* custody_new begins a file's content for one bundle. Owns: the caller. */
json_t *custody_new(const char *bundle, const uint8_t patient[ACCOUNT_BYTES], const struct hash32 *genesis);

/* custody_add adds the pointers of one command, `count` of each. Gives: the command's entry, a view. */
json_t *custody_add(json_t *custody, const struct tx *tx, const struct fhir_resource *resources, const struct fhir_pointer *pointers, uint32_t count);

/* custody_drop removes the newest command: its nonce went to another one, so it can never be executed. Needs: there is one. */
void custody_drop(json_t *custody);

/* custody_save writes it, flushed, mode 0600. With `fresh` the file must not exist. Fails: as file_write, ERR_NO_MEMORY. */
enum err custody_save(const json_t *custody, const char *path, bool fresh);

#endif
