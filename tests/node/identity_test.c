/* identity_test.c: the member and its keys are found by what the genesis says, and by nothing else. */
#include "node/identity.h"

#include "cli/file.h"
#include "tests/cli/cli_kit.h"
#include "tests/node/boot_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct node_config config;
static struct config epoch;
static struct genesis genesis;
static struct file file;
static struct identity identity;
static struct config_problem problem;

static void make(void)
{
    char path[512];

    boot_kit_make(kit_directory());
    snprintf(path, sizeof path, "%s/genesis", kit_directory());
    cr_assert_eq(file_read(&file, path), ERR_OK);
    cr_assert_eq(genesis_decode(&genesis, file.data, file.size), VERDICT_OK);
    cr_assert_eq(node_config_load(&config, boot_kit_config(2), &problem), ERR_OK, "%s", problem.text);
}

static void end(void) { file_close(&file); }

TestSuite(identity, .init = make, .fini = end);

Test(identity, a_member_is_found_by_its_name)
{
    cr_assert_eq(identity_find(&identity, &epoch, &config, &genesis, &problem), ERR_OK, "%s", problem.text);
    cr_assert_eq(identity.member, 2);
    cr_assert_eq(identity.organisation, 3);
    cr_assert_eq(epoch.members_count, 4);
}

Test(identity, another_genesis_and_another_name_exclude_each_other)
{
    config.cluster.fingerprint[0] = config.cluster.fingerprint[0] == '0' ? '1' : '0';
    cr_assert_eq(identity_find(&identity, &epoch, &config, &genesis, &problem), ERR_CONFLICT);
    cr_assert_not_null(strstr(problem.text, "not the genesis that the members agreed on"));
}

Test(identity, a_history_holds_four_checkpoint_intervals_at_least)
{
    config.memory.history_blocks = 4u * genesis.limits.checkpoint_blocks;
    cr_assert_eq(identity_find(&identity, &epoch, &config, &genesis, &problem), ERR_OK, "%s", problem.text);
    genesis.limits.checkpoint_blocks++;
    cr_assert_eq(identity_find(&identity, &epoch, &config, &genesis, &problem), ERR_CONFLICT);
    cr_assert_not_null(strstr(problem.text, "memory.history_blocks"));
}

/* With less, the first block of full size was an append that no queue has room for, which the log takes for a mistake of its caller: the replica ended there, and at each start. */
Test(identity, the_queue_of_the_log_holds_the_largest_block)
{
    static const struct { uint32_t block_bytes; unsigned batches; enum err err; } rows[] = {
        { 1u << 20, 2, ERR_CONFLICT }, { 1u << 20, 3, ERR_OK }, { 4u << 20, 5, ERR_CONFLICT }, { 4u << 20, 6, ERR_OK }, { 64u << 10, 2, ERR_OK },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        genesis.limits.block_bytes_max = rows[i].block_bytes;
        config.io.queue_batches = rows[i].batches;
        cr_assert_eq(identity_find(&identity, &epoch, &config, &genesis, &problem), rows[i].err, "row %zu: %s", i, problem.text);
        cr_assert(rows[i].err == ERR_OK || strstr(problem.text, "io.queue_batches") != NULL);
    }
}

Test(identity, keys_of_another_member_are_refused_and_wiped)
{
    static struct keyfile sign, transport;
    static const struct keyfile none;

    cr_assert_eq(identity_find(&identity, &epoch, &config, &genesis, &problem), ERR_OK);
    cr_assert_eq(identity_keys(&identity, &epoch, &config, &sign, &transport, &problem), ERR_OK, "%s", problem.text);
    cr_assert_eq(memcmp(transport.pair.kx.public_key, epoch.members[2].transport_key, 32), 0);
    identity.member = 1;
    cr_assert_eq(identity_keys(&identity, &epoch, &config, &sign, &transport, &problem), ERR_CONFLICT);
    cr_assert_eq(memcmp(&sign, &none, sizeof sign), 0);
}

Test(identity, profiles_are_batching_delays)
{
    cr_assert_eq(profile_batch_us("fast"), 0);
    cr_assert_eq(profile_batch_us("balanced"), 5000);
    cr_assert_eq(profile_batch_us("eco"), 400000);
    cr_assert_eq(profile_batch_us("any"), UINT32_MAX);
}
