#include "tests/consensus/pool_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct pool_kit *pool_kit_open(void (*set)(struct pool_config *config))
{
    struct pool_kit *kit = calloc(1, sizeof *kit);

    cr_assert_not_null(kit);
    app_kit_init(&kit->app);
    kit->config = (struct pool_config){
        .commands = 1024,
        .client_max = 64,
        .members_count = 4,
        .blocks = 8,
        .block_bytes_max = POOL_KIT_BLOCK_BYTES,
        .block_commands_max = POOL_KIT_BLOCK_COMMANDS,
        .seed = "a seed of tests",
    };
    if (set != NULL) {
        set(&kit->config);
    }
    size_t size = pool_footprint(&kit->config);
    cr_assert_eq(size % 64, 0);
    void *memory = aligned_alloc(64, size);
    cr_assert_not_null(memory);
    memset(memory, 0, size);
    struct app app = app_kit_app(&kit->app);
    kit->pool = pool_init(memory, &kit->config, &app);
    kit->now = (struct now){ .mono_ns = 1000000000, .wall_ms = APP_KIT_TIME };
    pool_check(kit->pool);
    return kit;
}

void pool_kit_close(struct pool_kit *kit)
{
    pool_check(kit->pool);
    free(kit->pool); /* The first thing in its memory. */
    free(kit);
}

uint16_t pool_kit_add(struct pool_kit *kit, uint64_t token, uint32_t from, const struct app_kit_command *command)
{
    size_t size = app_kit_make(command, kit->bytes);
    struct pool_source source = { .token = token, .client = token != 0 ? from : 0, .party = kit->party != 0 ? kit->party : from, .member = token != 0 ? 0 : from };
    struct pool_answer answer = pool_add(kit->pool, kit->now, &source, bytes_of(kit->bytes, size));

    pool_check(kit->pool);
    return answer.code;
}

uint32_t pool_kit_verify(struct pool_kit *kit)
{
    static bool verdicts[REQUEST_BATCH_MAX * COMMAND_SIGNATURES_MAX];
    const struct sig_item *items = NULL;
    uint32_t batch = 0;
    uint32_t count = 0;

    if (!pool_verify_take(kit->pool, kit->now, &batch, &items, &count)) {
        return 0;
    }
    pool_check(kit->pool);
    app_kit_verdicts(items, count, verdicts);
    pool_verified(kit->pool, kit->now, batch, verdicts, count);
    pool_check(kit->pool);
    return count;
}

void pool_kit_expect(struct pool_kit *kit, uint64_t token, uint16_t code)
{
    struct pool_outcome outcome = { 0 };

    cr_assert(pool_next_outcome(kit->pool, &outcome), "an answer to %lu", (unsigned long)token);
    cr_assert_eq(outcome.token, token, "%lu, not %lu", (unsigned long)outcome.token, (unsigned long)token);
    cr_assert_eq(outcome.admitted, code == CODE_OK, "code %u", outcome.code);
    cr_assert_eq(outcome.code, code, "%u, not %u", outcome.code, code);
}

void pool_kit_expect_none(struct pool_kit *kit)
{
    struct pool_outcome outcome = { 0 };

    cr_assert_not(pool_next_outcome(kit->pool, &outcome), "token %lu, code %u", (unsigned long)outcome.token, outcome.code);
}

void pool_kit_admit(struct pool_kit *kit, uint64_t token, uint32_t from, const struct app_kit_command *command)
{
    cr_assert_eq(pool_kit_add(kit, token, from, command), CODE_OK);
    cr_assert_gt(pool_kit_verify(kit), 0);
    if (token != 0) {
        pool_kit_expect(kit, token, CODE_OK);
    }
}

uint32_t pool_kit_select(struct pool_kit *kit)
{
    kit->height++;
    kit->chosen = pool_select(kit->pool, kit->now, kit->height, kit->now.wall_ms, kit->body, kit->commands);
    pool_check(kit->pool);
    return kit->chosen.commands;
}

struct command pool_kit_chosen(const struct pool_kit *kit, uint32_t place)
{
    const struct block_command *command = &kit->commands[place];

    cr_assert_lt(place, kit->chosen.commands);
    return app_kit_parse(bytes_of(kit->body + command->offset, command->envelope_bytes + command->payload_bytes));
}

void pool_kit_execute(struct pool_kit *kit)
{
    kit->app.time_ms = kit->now.wall_ms;
    for (uint32_t i = 0; i < kit->chosen.commands; i++) {
        (void)app_kit_execute(&kit->app, pool_kit_chosen(kit, i).bytes);
    }
    pool_executed(kit->pool, kit->now, kit->height, kit->now.wall_ms);
    pool_check(kit->pool);
}

enum pool_flight pool_kit_fly(struct pool_kit *kit, uint64_t height, const struct app_kit_command *command)
{
    size_t size = app_kit_make(command, kit->bytes);
    struct command parsed = app_kit_parse(bytes_of(kit->bytes, size));
    enum pool_flight flight = pool_inflight_add(kit->pool, kit->now, height, &parsed);

    pool_check(kit->pool);
    return flight;
}

void pool_kit_time(struct pool_kit *kit, uint64_t ms)
{
    kit->now.mono_ns += ms * 1000000;
    kit->now.wall_ms += ms;
}
