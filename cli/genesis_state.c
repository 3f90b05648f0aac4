/* genesis_state.c: see genesis_state.h. */
#include "cli/genesis_state.h"

#include "base/assert.h"
#include "ledger/ledger.h"

#include <stdio.h>
#include <sys/mman.h>

/* say puts the verdict of the load into words. Source: ledger/genesis_load.h. */
static void say(enum verdict verdict, char problem[GENESIS_PROBLEM_BYTES])
{
    const char *what = "an initial entity is not a legal record";

    if (verdict == VERDICT_TYPE) {
        what = "an initial entity is neither an actor nor a patient nor a grant";
    } else if (verdict == VERDICT_MEMBER) {
        what = "an initial entity is not of the account that its key gives, or of an organisation or patient that is not there or may not have it";
    } else if (verdict == VERDICT_CONFLICT) {
        what = "initial entities contradict each other: a key, a status or a count";
    } else if (verdict == VERDICT_LENGTH) {
        what = "organisations and initial entities exceed a capacity of the parameters";
    }
    snprintf(problem, GENESIS_PROBLEM_BYTES, "no replica starts with it: %s (%s)", what, verdict_name(verdict));
}

enum err genesis_state_judge(const struct genesis *genesis, enum verdict *verdict, char problem[GENESIS_PROBLEM_BYTES])
{
    struct params params;
    struct arena arena;

    problem[0] = '\0';
    enum verdict legal = ledger_params(&params, genesis->params);
    ASSERT(legal == VERDICT_OK);
    arena_init_measure(&arena);
    (void)ledger_take(&arena, &params);
    size_t size = arena.used;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        snprintf(problem, GENESIS_PROBLEM_BYTES, "the %zu MiB that the state may take are not to be had here, so its initial entities cannot be looked at", size >> 20);
        return ERR_NO_MEMORY;
    }
    arena_init(&arena, memory, size);
    *verdict = ledger_load_genesis(ledger_take(&arena, &params), genesis);
    munmap(memory, size);
    if (*verdict != VERDICT_OK) {
        say(*verdict, problem);
    }
    return ERR_OK;
}
