/* status_text.h: the answer to STATUS, "name value" lines, as a JSON object and as sentences for a person. Pure. */
#ifndef WARD_CLI_STATUS_TEXT_H
#define WARD_CLI_STATUS_TEXT_H

#include "base/bytes.h"

#include <jansson.h>
#include <stdbool.h>

#define STATUS_WORDS_BYTES 2048

/* status_parse reads the lines. Numbers become integers, other values texts; "peer_<i>_<field>" lines become the list `peers`, in order.
 * Any bytes are safe.
 * Gives: an object; NULL when a line is not "name value" in printable ASCII, or peers are not in order. Owns: the caller. */
json_t *status_parse(struct bytes text);

/* status_words says it in sentences: who is up, how many more may fail, the last commit, view and leader, energy; when the replica is stuck, also
 * whose votes are missing, since when, and what to do. Gives: false when the object lacks what that needs. */
bool status_words(const json_t *status, char out[STATUS_WORDS_BYTES]);

#endif
