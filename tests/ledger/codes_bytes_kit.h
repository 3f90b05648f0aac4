/* codes_bytes_kit.h: attempts at which the bytes themselves are wrong: what every replica refuses without looking at the state. */
#ifndef WARD_TESTS_LEDGER_CODES_BYTES_KIT_H
#define WARD_TESTS_LEDGER_CODES_BYTES_KIT_H

#include "tests/ledger/codes_kit.h"

/* What happens to an envelope after it was signed. */
void spoil_version(uint8_t *bytes, size_t *size);
void spoil_chain(uint8_t *bytes, size_t *size);
void spoil_type(uint8_t *bytes, size_t *size);
void spoil_length(uint8_t *bytes, size_t *size);
void spoil_reserved(uint8_t *bytes, size_t *size);
void spoil_sig(uint8_t *bytes, size_t *size);
void spoil_cosig(uint8_t *bytes, size_t *size);
void spoil_cosig_set(uint8_t *bytes, size_t *size);
void spoil_expired(uint8_t *bytes, size_t *size);
void spoil_expiry_far(uint8_t *bytes, size_t *size);

/* Commands: right ones to be spoiled, and such as are signed wrongly. */
void plain(struct attempt *attempt);
void malformed(struct attempt *attempt);
void cosigned(struct attempt *attempt);
void payload_missing(struct attempt *attempt);
void payload_hash(struct attempt *attempt);
void locator_hash(struct attempt *attempt);
void payload_size(struct attempt *attempt);
void pop(struct attempt *attempt);
void weak_key(struct attempt *attempt);

#endif
