/* cast_test.c: the genesis loads, and every command of the cast is one that the ledger accepts. */
#include "sim/world/cast.h"

#include "crypto/ed25519.h"
#include "ledger/ledger.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct cast_plan plan = { .seed = 3, .members_count = 5, .actors_count = 7, .limits = { 0, 65536, 100, 200, 8000, 1000, 256, 10000 } };

static struct ledger *ledger_of(const struct cast *cast)
{
    struct params params;
    struct arena arena;

    cr_assert_eq(ledger_params(&params, cast->genesis.params), VERDICT_OK);
    arena_init_measure(&arena);
    ledger_take(&arena, &params);
    size_t size = arena.used;
    void *memory = aligned_alloc(ARENA_ALIGN, size);
    cr_assert_not_null(memory);
    memset(memory, 0, size);
    arena_init(&arena, memory, size);
    struct ledger *ledger = ledger_take(&arena, &params);
    enum verdict verdict = ledger_load_genesis(ledger, &cast->genesis);
    cr_assert_eq(verdict, VERDICT_OK, "%s", verdict_name(verdict));
    return ledger;
}

Test(cast, commands_of_every_actor_execute_with_code_0)
{
    struct cast cast;
    struct cast_command command = { .valid_until_ms = CAST_GENESIS_MS + 60000 };

    crypto_start();
    cast_make(&cast, &plan);
    struct ledger *ledger = ledger_of(&cast);
    for (uint64_t height = 1; height <= 3; height++) {
        ledger_begin(ledger, height, CAST_GENESIS_MS + height * 10);
        for (uint32_t actor = 0; actor < plan.actors_count; actor++) {
            command.nonce = height;
            cast_sign(&cast, actor, &command);
            size_t size = command.size - 509; /* the locator is a payload */
            const struct receipt *receipt = ledger_execute(ledger, bytes_of(command.bytes, size), NULL);
            cr_assert_eq(receipt->code, CODE_OK, "actor %u: %s", actor, code_name(receipt->code));
            cr_assert(hash_equal(&receipt->tx_id, &command.id));
        }
        ledger_end(ledger);
    }
    cast_close(&cast);
}

Test(cast, commands_carry_signatures_that_hold)
{
    struct cast cast;
    struct cast_command command = { .nonce = 1, .valid_until_ms = CAST_GENESIS_MS + 60000 };
    struct envelope envelope;
    struct envelope_signature list[ENVELOPE_SIGNATURES_MAX];

    crypto_start();
    cast_make(&cast, &plan);
    cast_sign(&cast, 6, &command);
    cr_assert_eq(envelope_decode(&envelope, bytes_of(command.bytes, command.size - 509)), CODE_OK);
    cr_assert_eq(envelope_check_payload(&envelope, bytes_of(command.bytes + command.size - 509, 509)), CODE_OK);
    cr_assert_eq(envelope_check_chain(&envelope, &cast.genesis.hash), CODE_OK);
    cr_assert_eq(envelope_signatures(&envelope, &cast.genesis.hash, &command.id, list), 1);
    struct sig_item item = { list[0].key, list[0].digest.bytes, list[0].signature };
    cr_assert(ed25519_verify(&item));
    cast_close(&cast);
}

Test(cast, same_seed_same_genesis_other_seed_another)
{
    struct cast a, b, c;
    struct cast_plan other = plan;

    crypto_start();
    other.seed = 4;
    cast_make(&a, &plan);
    cast_make(&b, &plan);
    cast_make(&c, &other);
    cr_assert(hash_equal(&a.genesis.hash, &b.genesis.hash));
    cr_assert_not(hash_equal(&a.genesis.hash, &c.genesis.hash));
    cr_assert_eq(a.config.members_count, plan.members_count);
    cast_close(&a);
    cast_close(&b);
    cast_close(&c);
}
