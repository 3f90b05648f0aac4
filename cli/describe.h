/* describe.h: what the ledger holds, as JSON for people and programs. Numbers of the ledger appear as their words (cli/words.h). */
#ifndef WARD_CLI_DESCRIBE_H
#define WARD_CLI_DESCRIBE_H

#include "ledger/entity.h"
#include "ledger/query.h"
#include "ledger/receipt.h"
#include "wire/block.h"

#include <jansson.h>

/* Each gives a new object. Owns: the caller. */
json_t *describe_org(const struct org *org);
json_t *describe_actor(const struct actor *actor);
json_t *describe_patient(const struct patient *patient);
json_t *describe_pointer(uint32_t seq, const struct pointer *pointer);
json_t *describe_grant(uint32_t seq, const struct grant *grant);
json_t *describe_ticket(const struct ticket *ticket);
json_t *describe_receipt(uint64_t position, const struct receipt *receipt);
json_t *describe_event(const struct audit_event *event);
json_t *describe_decision(const struct answer_decision *decision, uint32_t base_seq);
json_t *describe_header(const struct block_header *header);

/* describe_code gives {code, name, text} of a result code, of a refusal of consensus or of a question. */
json_t *describe_code(unsigned code);

/* describe_code_text gives the sentence of such a number. Owns: a constant. */
const char *describe_code_text(unsigned code);

#endif
