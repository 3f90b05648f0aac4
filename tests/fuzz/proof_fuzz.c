/* proof_fuzz.c: `ward verify` reads a file that anybody may have written. Whatever the bytes are, they lead to a verdict. What comes out certified is
 * what this chain's members signed: a header that is the chain's, or the answer that the desk itself gives to this very question. A claim about all items
 * holds only when they are all. A file that decodes is the one encoding of what it says.
 *
 * Input: a proof file. The seeds hold whole proofs with real signatures of the members (tests/fuzz/seeds.c), so that changes of these are tried too. */
#include "cli/proof_check.h"
#include "tests/fuzz/answers_kit.h"
#include "tests/fuzz/fuzz.h"

enum { ANSWER_MAX = 1 << 16 };

static struct answers answers;
static struct proof_checker checker;

static void header_is_of_the_chain(void)
{
    struct hash32 hash = block_hash(&checker.header);
    bool ours = false;

    for (uint32_t i = 0; i < ANSWERS_HEADERS; i++) {
        struct hash32 known = block_hash(&answers.headers[i]);
        ours = ours || hash_equal(&hash, &known);
    }
    CHECK(ours);
}

/* A question that the desk refuses (another asker, a strange time) has no answer to compare with; the root that its answer rests on is still the state's. */
static void answer_is_honest(const struct proof_item *item)
{
    static uint8_t honest[ANSWER_MAX];
    size_t size = answers_ask(&answers, &checker.query, honest, sizeof honest);

    CHECK(hash_equal(&checker.facts.answer.state_root, &answers.root));
    CHECK(size == 0 || (size == item->answer.size && memcmp(honest, item->answer.data, size) == 0));
}

/* Whatever the file claims: what holds of its items is true. */
static void claims_are_true(void)
{
    bool pointers = proof_check_claim(&checker, PROOF_ALL_POINTERS), audit = proof_check_claim(&checker, PROOF_WHOLE_AUDIT);

    CHECK(!pointers || checker.next > ANSWERS_POINTERS);
    CHECK(!audit || checker.next == ANSWERS_EVENTS);
    CHECK(!(pointers || audit) || memcmp(checker.acct, answers.patient.bytes, ACCT_BYTES) == 0);
    CHECK(proof_check_claim(&checker, PROOF_ANSWERS) == (checker.items_count > 0));
}

static void check_items(struct proof *proof, struct proof_draft *draft)
{
    struct proof_item item;
    bool all = true;

    checker.items_count = 0;
    checker.next = 0;
    checker.same = true;
    while (proof_next(proof, &item)) {
        proof_add(draft, &item);
        bool good = proof_check_item(&checker, &item) == VERDICT_OK;
        all = all && good;
        if (!good) {
            continue;
        }
        if (checker.certified && item.type == PROOF_HEADER) {
            header_is_of_the_chain();
        } else if (checker.certified) {
            answer_is_honest(&item);
        }
        json_decref(proof_describe(&checker));
    }
    if (all) {
        claims_are_true();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proof_draft draft;
    struct proof proof;

    if (checker.memory == NULL) {
        answers_start(&answers);
        CHECK(proof_checker_open(&checker, &answers.genesis) == ERR_OK);
    }
    if (proof_decode(&proof, bytes_of(data, size)) != VERDICT_OK) {
        return 0;
    }
    proof_begin(&draft, &proof.genesis);
    check_items(&proof, &draft);
    struct bytes again = proof_end(&draft, proof.claim);
    CHECK(again.size == size);
    CHECK(memcmp(again.data, data, size) == 0);
    proof_close(&draft);
    return 0;
}
