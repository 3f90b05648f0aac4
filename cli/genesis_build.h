/* genesis_build.h: puts a genesis together from public inputs and judges the proofs in it. The bytes depend on what goes in, never on its order. */
#ifndef WARD_CLI_GENESIS_BUILD_H
#define WARD_CLI_GENESIS_BUILD_H

#include "cli/file.h"
#include "ledger/params.h"
#include "wire/genesis.h"

#define GENESIS_PROBLEM_BYTES 256

struct genesis_plan {
    const char *chain_name;
    uint64_t time_ms;
    struct config_limits limits;
    struct params params;
    struct enrolment *enrolments; /* sorted in place */
    uint32_t enrolments_count;
    struct genesis_entity *entities; /* sorted in place; views */
    uint32_t entities_count;
};

/* genesis_build writes the canonical bytes. Gives: *out, which the caller closes.
 * Fails: ERR_EXISTS (two enrolments of one name, two entities of one key), ERR_INVALID (name, counts, limits, fewer members than four),
 * ERR_NO_MEMORY; the problem says what. */
enum err genesis_build(struct file *out, struct genesis_plan *plan, char problem[GENESIS_PROBLEM_BYTES]);

/* enrolment_judge verifies each proof of possession, that every signing key is canonical and torsion-free, and that an endpoint can be dialled.
 * Gives: OK, SIGNATURE or RANGE (the endpoint), the problem then says what. Cost: up to three checks and three scalar multiplications. */
enum verdict enrolment_judge(const struct enrolment *enrolment, char problem[GENESIS_PROBLEM_BYTES]);

/* genesis_judge judges every enrolment, that no key stands in two places, the parameters and the members. Gives: OK, or the first verdict with
 * the problem. */
enum verdict genesis_judge(const struct genesis *genesis, char problem[GENESIS_PROBLEM_BYTES]);

#endif
