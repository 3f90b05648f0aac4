/* cmd_verify.c: `ward verify`: checks a proof offline, against nothing but the genesis: no replica is asked and none is trusted. */
#include "cli/cmd.h"

#include "cli/output.h"
#include "cli/proof_check.h"
#include "cli/reach.h"

/* check_items checks every item. Gives: EXIT_FINE and the list of what they say. */
static int check_items(const struct args *args, struct proof_checker *checker, struct proof *proof, json_t *items)
{
    struct proof_item item;

    for (uint32_t number = 1; proof_next(proof, &item); number++) {
        enum verdict verdict = proof_check_item(checker, &item);
        if (verdict != VERDICT_OK) {
            return output_fail(args, EXIT_INTEGRITY, "item %u does not check: %s", number, verdict_name(verdict));
        }
        if (!checker->certified) {
            return output_fail(args, EXIT_INTEGRITY, "item %u is not certified: its state root is one replica's word", number);
        }
        json_array_append_new(items, proof_describe(checker));
    }
    if (!proof_check_claim(checker, proof->claim)) {
        return output_fail(args, EXIT_INTEGRITY, proof->claim == PROOF_WHOLE_AUDIT ? "events are missing: this is not the whole trail that it claims to be"
                                                                                   : "pointers are missing: these are not all that it claims them to be");
    }
    return EXIT_FINE;
}

static int verify(const struct args *args, const struct genesis *genesis, struct bytes bytes)
{
    static const char *const claims[PROOF_CLAIM_END] = { "answers", "all pointers", "whole audit" };
    struct proof_checker checker;
    struct proof proof;
    enum verdict verdict = proof_decode(&proof, bytes);

    if (verdict != VERDICT_OK) {
        return output_fail(args, EXIT_INTEGRITY, "%s is no whole proof: %s", args->operands[0], verdict_name(verdict));
    }
    if (!hash_equal(&proof.genesis, &genesis->hash)) {
        return output_fail(args, EXIT_INTEGRITY, "the proof is of another chain than the genesis");
    }
    enum err err = proof_checker_open(&checker, genesis);
    if (err != ERR_OK) {
        proof_checker_close(&checker);
        return output_fail(args, err == ERR_NO_MEMORY ? EXIT_RESOURCE : EXIT_CONFIGURATION, "the genesis cannot be used: %s", err_name(err));
    }
    json_t *items = json_array();
    int code = check_items(args, &checker, &proof, items);
    proof_checker_close(&checker);
    if (code != EXIT_FINE) {
        json_decref(items);
        return code;
    }
    return output_result(args, json_pack("{s:b, s:s, s:s, s:o}", "valid", true, "chain", genesis->chain_name, "claim", claims[proof.claim], "items", items));
}

int cmd_verify(const struct args *args)
{
    struct reach reach = { .client = NULL };
    struct file file = { NULL, 0 };

    int code = reach_genesis(args, &reach);
    if (code == EXIT_FINE) {
        enum err err = file_read(&file, args->operands[0]);
        code = err == ERR_OK ? EXIT_FINE : output_fail(args, (enum exit_code)file_exit(err), "%s: %s", args->operands[0], file_problem(err));
        if (code == EXIT_FINE) {
            code = verify(args, &reach.genesis, bytes_of(file.data, file.size));
            file_close(&file);
        }
    }
    reach_close(&reach);
    return code;
}
