/* commands_test.c: whoever executes a command that may be in no block is found out. */
#include "sim/oracle/commands.h"

#include "crypto/locator.h"
#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct cast_plan plan = { .seed = 3, .members_count = 4, .actors_count = 2, .limits = { 0, 65536, 100, 200, 8000, 1000, 256, 10000 } };
static struct cast cast;
static struct commands commands;
static struct failure failure;
static struct block_header header;
static struct block_command command;
static struct cast_command made;
static uint16_t code;

static bool verify(void *context, const struct sig_item *item)
{
    (void)context;
    return ed25519_verify(item);
}

static void setup(void)
{
    crypto_start();
    cast_make(&cast, &plan);
    failure = (struct failure){ 0 };
    commands_init(&commands, &cast, &failure);
    commands.verify = verify;
    code = CODE_OK;
}

static void teardown(void)
{
    commands_close(&commands);
    cast_close(&cast);
}

TestSuite(commands, .init = setup, .fini = teardown);

static void make(uint64_t height, uint64_t nonce)
{
    made = (struct cast_command){ .nonce = nonce, .valid_until_ms = CAST_GENESIS_MS + 60000 };
    cast_sign(&cast, 0, &made);
    header = (struct block_header){ .height = height, .time_ms = CAST_GENESIS_MS + height, .commands_count = 1 };
}

static void execute(void)
{
    command = (struct block_command){ 0, made.size - LOCATOR_SEALED_BYTES, LOCATOR_SEALED_BYTES, made.id, 1 };
    struct apply_block block = { .header = &header, .body = bytes_of(made.bytes, made.size), .commands = &command, .codes = &code };

    commands_executed(&commands, &block);
}

static void expect(const char *rule)
{
    cr_assert_eq(failure.kind, rule == NULL ? FAILURE_NONE : FAILURE_SAFETY, "%s", failure.text);
    cr_assert(rule == NULL || strstr(failure.text, rule) != NULL, "%s", failure.text);
}

Test(commands, one_after_the_other_are_fine)
{
    make(1, 1);
    execute();
    make(2, 2);
    execute();
    expect(NULL);
    cr_assert_eq(commands.count, 2);
    cr_assert_eq(commands_height(&commands, cast.actors[0].account, 2), 2);
    cr_assert_eq(commands_height(&commands, cast.actors[1].account, 2), 0);
}

Test(commands, sees_a_signature_that_is_none_V5)
{
    make(1, 1);
    made.bytes[made.size - LOCATOR_SEALED_BYTES - 1] ^= 1;
    execute();
    expect("V5: command 0 of block 1 was not signed");
}

Test(commands, sees_one_that_is_out_of_date_V5)
{
    make(1, 1);
    header.time_ms = CAST_GENESIS_MS + 60000;
    execute();
    expect("V5: command 0 of block 1 is out of date");
}

Test(commands, sees_one_that_is_good_for_too_long_V5)
{
    make(1, 1);
    header.time_ms = CAST_GENESIS_MS - 540000;
    execute();
    expect(NULL);
    make(2, 2);
    header.time_ms = CAST_GENESIS_MS - 540001;
    execute();
    expect("V5: command 0 of block 2 is out of date");
}

Test(commands, sees_a_nonce_left_out_V5)
{
    make(1, 2);
    execute();
    expect("V5: command 0 of block 1 leaves a nonce out");
}

Test(commands, sees_a_nonce_twice_I14)
{
    make(1, 1);
    execute();
    header.height = 2;
    execute();
    expect("I14");
}

Test(commands, sees_one_that_fails_V5)
{
    make(1, 1);
    code = CODE_NONCE_LOW;
    execute();
    expect("V5: command 0 of block 1 fails");
}

Test(commands, sees_one_that_cannot_be_read_V4)
{
    make(1, 1);
    made.bytes[0] = 9;
    execute();
    expect("V4");
}

Test(commands, tells_whether_they_fill_the_body_V4)
{
    make(1, 1);
    command = (struct block_command){ 0, made.size - LOCATOR_SEALED_BYTES, LOCATOR_SEALED_BYTES, made.id, 1 };
    struct apply_block block = { .header = &header, .body = bytes_of(made.bytes, made.size), .commands = &command, .codes = &code };
    cr_assert(commands_are_all(&block));
    block.body.size++;
    cr_assert(!commands_are_all(&block));
    header.commands_count = 0; /* an empty block is I16's */
    cr_assert(commands_are_all(&block));
}
