/* judges.c: see judges.h. */
#include "sim/oracle/judges.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS = 64, HOT = 64, CONTEXT_ALIGN = 64 };

static struct ed25519_ctx *open_context(const struct ed25519_config *config)
{
    size_t size = (ed25519_ctx_footprint(config) + CONTEXT_ALIGN - 1) / CONTEXT_ALIGN * CONTEXT_ALIGN;
    void *memory = aligned_alloc(CONTEXT_ALIGN, size);

    ASSERT(memory != NULL);
    memset(memory, 0, size);
    return ed25519_ctx_init(memory, config);
}

/* fastest gives the backend that this machine runs fastest; the self-test that finds it need not be done for every world. */
static enum ed25519_backend fastest(void)
{
    static enum ed25519_backend backend;
    static bool known;

    if (!known) {
        enum err err = ed25519_choose(NULL, &backend);
        ASSERT(err == ERR_OK);
        known = true;
    }
    return backend;
}

/* open_keyset makes room for the tables of the members and of some others. They are made as they are used: short runs need few. */
static void open_keyset(struct judges *judges, const uint8_t *keys, uint32_t count)
{
    struct ed25519_keyset_config config = { .backend = fastest(), .members_max = count, .hot_max = HOT };
    size_t size = ed25519_keyset_footprint(&config) + CONTEXT_ALIGN;

    ASSERT(count <= ED25519_MEMBERS_MAX);
    judges->memory = calloc(1, size); /* what no table takes is never touched */
    ASSERT(judges->memory != NULL);
    size_t past = (uintptr_t)judges->memory % CONTEXT_ALIGN;
    judges->keyset = ed25519_keyset_init((uint8_t *)judges->memory + (CONTEXT_ALIGN - past) % CONTEXT_ALIGN, &config);
    ed25519_keyset_set_members(judges->keyset, keys, count);
}

void judges_open(struct judges *judges, const uint8_t *keys, uint32_t count)
{
    struct ed25519_config single = { .backend = ED25519_BACKEND_REF, .mode = ED25519_LIBSODIUM, .batch_max = 1, .seed = { 1 } };
    struct ed25519_config fast = { .backend = fastest(), .mode = ED25519_AUTO, .batch_max = JUDGES_TOGETHER, .keys_max = KEYS, .seed = { 2 } };
    struct ed25519_config tables = { .backend = fastest(), .mode = ED25519_AUTO, .batch_max = 1, .seed = { 3 } };

    *judges = (struct judges){ .single = open_context(&single), .fast = open_context(&fast) };
    open_keyset(judges, keys, count);
    tables.keyset = judges->keyset;
    judges->tables = open_context(&tables);
}

void judges_close(struct judges *judges)
{
    free(judges->tables);
    free(judges->single);
    free(judges->fast);
    free(judges->memory);
    *judges = (struct judges){ .single = NULL };
}

/* without_table judges by libsodium first, and lets the tables of keys that are used much be made. */
static bool without_table(struct judges *judges, const struct sig_item *item)
{
    bool verdict = false;

    ed25519_verify_batch(judges->single, item, 1, &verdict);
    if (verdict) { /* a stranger's key earns nothing by what is refused */
        ed25519_keyset_note(judges->keyset, item->key);
    }
    if (++judges->without % JUDGES_BUILD == 0) {
        (void)ed25519_keyset_build(judges->keyset);
    }
    return verdict;
}

bool judges_verdict(struct judges *judges, const struct sig_item *item)
{
    bool verdict = false;

    if (!ed25519_keyset_has(judges->keyset, item->key)) {
        return without_table(judges, item);
    }
    ed25519_verify_by(judges->tables, ED25519_DIRECT, item, 1, &verdict);
    return verdict;
}

static bool agree(struct judges *judges, const struct sig_item *items)
{
    static const enum ed25519_method methods[] = { ED25519_FASTEST, ED25519_SINGLE, ED25519_BATCH };
    bool verdicts[JUDGES_TOGETHER];
    bool same = true;

    for (uint32_t i = 0; i < JUDGES_TOGETHER; i++) {
        same = same && ed25519_verify(&items[i]) == judges->verdicts[i];
        ed25519_verify_batch(judges->single, &items[i], 1, &verdicts[i]);
    }
    same = same && memcmp(verdicts, judges->verdicts, sizeof verdicts) == 0;
    for (size_t way = 0; way < sizeof methods / sizeof methods[0]; way++) {
        ed25519_verify_by(judges->fast, methods[way], items, JUDGES_TOGETHER, verdicts);
        same = same && memcmp(verdicts, judges->verdicts, sizeof verdicts) == 0;
    }
    return same;
}

bool judges_compare(struct judges *judges, const struct sig_item *item, bool verdict)
{
    struct sig_item items[JUDGES_TOGETHER];

    if (judges->heard++ % JUDGES_SHARE != 0) {
        return true;
    }
    uint8_t *bytes = judges->bytes[judges->count];
    memcpy(bytes, item->key, 32);
    memcpy(bytes + 32, item->digest, 32);
    memcpy(bytes + 64, item->signature, 64);
    judges->verdicts[judges->count++] = verdict;
    if (judges->count < JUDGES_TOGETHER) {
        return true;
    }
    for (uint32_t i = 0; i < JUDGES_TOGETHER; i++) {
        items[i] = (struct sig_item){ .key = judges->bytes[i], .digest = judges->bytes[i] + 32, .signature = judges->bytes[i] + 64 };
    }
    judges->count = 0;
    judges->compared += JUDGES_TOGETHER;
    return agree(judges, items);
}
