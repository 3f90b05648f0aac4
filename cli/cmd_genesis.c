/* cmd_genesis.c: `ward genesis`: assembles the first state of a chain from public enrolment files, shows it, verifies every proof in it. */
#include "cli/cmd.h"

#include "base/assert.h"
#include "cli/file.h"
#include "cli/genesis_build.h"
#include "cli/genesis_state.h"
#include "cli/output.h"
#include "cli/reach.h"
#include "cli/words.h"
#include "node/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* exit_of gives the exit code of a verdict on what is inside: what is out of range, such as an endpoint that nobody can dial, is a wrong input, the rest a proof that fails. */
static enum exit_code exit_of(enum verdict verdict)
{
    return verdict == VERDICT_RANGE ? EXIT_CONFIGURATION : EXIT_INTEGRITY;
}

static json_t *describe_enrolment(const struct enrolment *enrolment, uint32_t id)
{
    json_t *entry = json_pack("{s:i, s:s, s:s, s:s, s:b, s:o, s:o, s:o}", "id", (int)id, "name", enrolment->name, "kind", word_text(words_org_kind, enrolment->kind),
                              "endpoint", enrolment->endpoint, "replica", enrolment->has_replica, "capabilities",
                              word_list(words_capability, enrolment->capabilities), "admin_key", output_hex(enrolment->admin_key, 32), "officer_key",
                              output_hex(enrolment->officer_key, 32));
    if (enrolment->has_replica) {
        json_object_set_new(entry, "sign_key", output_hex(enrolment->sign_key, 32));
        json_object_set_new(entry, "transport_key", output_hex(enrolment->transport_key, 32));
    }
    return entry;
}

/* describe gives what assemble, show and verify print. */
static json_t *describe(const struct genesis *genesis)
{
    static struct config config;
    enum verdict verdict = genesis_config(genesis, &config);
    json_t *organisations = json_array();

    for (uint32_t id = 1; id <= genesis->enrolments_count; id++) {
        struct enrolment enrolment;
        genesis_enrolment(genesis, id, &enrolment);
        json_array_append_new(organisations, describe_enrolment(&enrolment, id));
    }
    uint32_t members = verdict == VERDICT_OK ? config.members_count : 0;
    return json_pack("{s:s, s:o, s:I, s:i, s:i, s:i, s:i, s:I, s:o}", "chain", genesis->chain_name, "fingerprint", output_hex(genesis->hash.bytes, HASH_BYTES), "time_ms",
                     (json_int_t)genesis->time_ms, "members", (int)members, "faults_max", members == 0 ? 0 : (int)config_faults_max(members), "quorum",
                     members == 0 ? 0 : (int)config_quorum(members), "batch_us", (int)genesis->limits.batch_us, "entities", (json_int_t)genesis->entities_count,
                     "organisations", organisations);
}

/* read_genesis reads and decodes the operand. Owns: the caller closes the file. */
static int read_genesis(const struct args *args, const char *path, struct file *file, struct genesis *genesis)
{
    enum err err = file_read(file, path);

    if (err != ERR_OK) {
        return output_fail(args, (enum exit_code)file_exit(err), "%s: %s", path, file_problem(err));
    }
    enum verdict verdict = genesis_decode(genesis, file->data, file->size);
    if (verdict != VERDICT_OK) {
        enum exit_code code = reach_genesis_exit(file);
        file_close(file);
        return output_fail(args, code, "%s is not a genesis: %s", path, verdict_name(verdict));
    }
    return EXIT_FINE;
}

/* --- assemble ------------------------------------------------------------------------------------------------------ */

static int read_enrolment(const struct args *args, const char *path, struct enrolment *enrolment)
{
    struct file file;
    struct reader reader;
    char problem[GENESIS_PROBLEM_BYTES];
    enum err err = file_read(&file, path);

    if (err != ERR_OK) {
        return output_fail(args, (enum exit_code)file_exit(err), "%s: %s", path, file_problem(err));
    }
    reader_init(&reader, file.data, file.size);
    enum verdict verdict = enrolment_decode(enrolment, &reader);
    verdict = verdict == VERDICT_OK ? reader_end(&reader) : verdict;
    file_close(&file);
    if (verdict != VERDICT_OK) {
        return output_fail(args, EXIT_INTEGRITY, "%s is not an enrolment: %s", path, verdict_name(verdict));
    }
    verdict = enrolment_judge(enrolment, problem);
    if (verdict != VERDICT_OK) {
        return output_fail(args, exit_of(verdict), "%s: %s", path, problem);
    }
    return EXIT_FINE;
}

/* read_entities counts or fills the entities of a file that holds them one after the other, as a genesis does. */
static bool read_entities(const struct file *file, struct genesis_entity *entities, uint32_t *count)
{
    struct reader cursor;
    struct genesis_entity entity;
    uint32_t found = 0;

    reader_init(&cursor, file->data, file->size);
    while (genesis_entity_next(&cursor, &entity)) {
        if (found == GENESIS_ENTITIES_MAX || entity.key.size < 1 || entity.key.size > GENESIS_KEY_BYTES_MAX || entity.value.size > GENESIS_VALUE_BYTES_MAX) {
            return false;
        }
        if (entities != NULL) {
            entities[found] = entity;
        }
        found++;
    }
    *count = found;
    return !cursor.failed;
}

static int load_entities(const struct args *args, struct genesis_plan *plan, struct file *file)
{
    const char *path = args_text(args, "entities");

    if (path == NULL) {
        return EXIT_FINE;
    }
    enum err err = file_read(file, path);
    if (err != ERR_OK) {
        return output_fail(args, (enum exit_code)file_exit(err), "%s: %s", path, file_problem(err));
    }
    if (!read_entities(file, NULL, &plan->entities_count)) {
        return output_fail(args, EXIT_INTEGRITY, "%s does not hold initial entities", path);
    }
    plan->entities = calloc((size_t)plan->entities_count + 1, sizeof *plan->entities);
    if (plan->entities == NULL) {
        return output_fail(args, EXIT_RESOURCE, "out of memory");
    }
    bool good = read_entities(file, plan->entities, &plan->entities_count);
    ASSERT(good);
    return EXIT_FINE;
}

/* judge says that all is well with a genesis and the state that it begins with, or what is not. Gives: an exit code. */
static int judge(const struct args *args, const struct genesis *genesis)
{
    char problem[GENESIS_PROBLEM_BYTES];
    enum verdict verdict = genesis_judge(genesis, problem);

    if (verdict != VERDICT_OK) {
        return output_fail(args, exit_of(verdict), "%s", problem);
    }
    if (genesis_state_judge(genesis, &verdict, problem) != ERR_OK) {
        return output_fail(args, EXIT_RESOURCE, "%s", problem);
    }
    return verdict == VERDICT_OK ? EXIT_FINE : output_fail(args, EXIT_INTEGRITY, "%s", problem);
}

static int build_and_write(const struct args *args, struct genesis_plan *plan)
{
    char problem[GENESIS_PROBLEM_BYTES];
    struct file built;
    struct genesis genesis;
    enum err err = genesis_build(&built, plan, problem);

    if (err != ERR_OK) {
        return output_fail(args, err == ERR_NO_MEMORY ? EXIT_RESOURCE : EXIT_CONFIGURATION, "%s", problem);
    }
    enum verdict verdict = genesis_decode(&genesis, built.data, built.size);
    ASSERT(verdict == VERDICT_OK);
    int code = judge(args, &genesis);
    if (code == EXIT_FINE) {
        err = file_write(args_text(args, "out"), built.data, built.size, 0644, true);
        code = err == ERR_OK ? EXIT_FINE : output_fail(args, (enum exit_code)file_exit(err), "%s: %s", args_text(args, "out"), file_problem(err));
    }
    if (code == EXIT_FINE) {
        json_t *result = describe(&genesis);
        json_object_set_new(result, "file", json_string(args_text(args, "out")));
        code = output_result(args, result);
    }
    file_close(&built);
    return code;
}

int cmd_genesis_assemble(const struct args *args)
{
    struct genesis_plan plan = { .chain_name = args_text(args, "name"), .time_ms = args_number(args, "time-ms"), .limits = config_limits_default(), .params = params_default() };
    struct file entities = { NULL, 0 };
    int code = EXIT_FINE;

    plan.limits.batch_us = profile_batch_us(args_text(args, "profile"));
    plan.enrolments = calloc(args->operands_count, sizeof *plan.enrolments);
    if (plan.enrolments == NULL) {
        return output_fail(args, EXIT_RESOURCE, "out of memory");
    }
    if (args->operands_count > ORGANISATIONS_MAX) {
        code = output_fail(args, EXIT_USAGE, "at most %d organisations", ORGANISATIONS_MAX);
    }
    for (uint32_t i = 0; i < args->operands_count && code == EXIT_FINE; i++) {
        code = read_enrolment(args, args->operands[i], &plan.enrolments[i]);
    }
    plan.enrolments_count = args->operands_count;
    code = code == EXIT_FINE ? load_entities(args, &plan, &entities) : code;
    code = code == EXIT_FINE ? build_and_write(args, &plan) : code;
    free(plan.enrolments);
    free(plan.entities);
    file_close(&entities);
    return code;
}

/* --- show, verify -------------------------------------------------------------------------------------------------- */

int cmd_genesis_show(const struct args *args)
{
    struct file file;
    struct genesis genesis;
    int code = read_genesis(args, args->operands[0], &file, &genesis);

    if (code == EXIT_FINE) {
        code = output_result(args, describe(&genesis));
        file_close(&file);
    }
    return code;
}

int cmd_genesis_verify(const struct args *args)
{
    struct file file;
    struct genesis genesis;
    char digits[2 * HASH_BYTES + 1];
    const char *pinned = args_text(args, "fingerprint");
    int code = read_genesis(args, args->operands[0], &file, &genesis);

    if (code != EXIT_FINE) {
        return code;
    }
    hex_encode(genesis.hash.bytes, HASH_BYTES, digits);
    if (pinned != NULL && strcmp(pinned, digits) != 0) {
        code = output_fail(args, EXIT_INTEGRITY, "the fingerprint is %s", digits);
    } else {
        code = judge(args, &genesis);
    }
    if (code == EXIT_FINE) {
        json_t *result = describe(&genesis);
        json_object_set_new(result, "good", json_true());
        code = output_result(args, result);
    }
    file_close(&file);
    return code;
}
