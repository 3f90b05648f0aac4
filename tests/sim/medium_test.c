/* medium_test.c: a superblock that a power cut could take away, and a snapshot that is not what it must be, are seen as they lie on the medium. */
#include "sim/oracle/medium.h"

#include "sim/world/world.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)

static struct world world;
static struct medium medium;

static bool read_disk(void *context, uint32_t file, uint64_t offset, uint8_t *out, uint32_t bytes)
{
    for (uint32_t done = 0; done < bytes; done += DISK_SECTOR) {
        const uint8_t *sector = sim_disk_sector(context, file, offset + done);
        if (sector == NULL) {
            return false;
        }
        memcpy(out + done, sector, bytes - done < DISK_SECTOR ? bytes - done : DISK_SECTOR);
    }
    return true;
}

/* setup: r0 has a snapshot that its superblock names. */
static void setup(void)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.fast_crypto = true;
    plan.snapshot_bytes = plan.snapshot_blocks = 1;
    plan.limits.checkpoint_blocks = 2;
    world_open(&world, &plan);
    for (uint64_t i = 0; i < 8; i++) {
        world_submit(&world, 1, 0, false);
        world_run_to(&world, world.now_ns + 200 * MS);
    }
    cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
    cr_assert_gt(world.hosts[0].superblocks.current.checkpoint_height, 0);
    medium = (struct medium){ .read = read_disk, .context = &world.hosts[0].disk, .segment_bytes = HOST_LOG_BYTES };
}

static void teardown(void) { world_close(&world); }

TestSuite(medium, .init = setup, .fini = teardown);

static void expect_fine(void) { cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text); }

static void expect_broken(const char *rule)
{
    cr_assert_eq(world.failure.kind, FAILURE_SAFETY, "%s is not seen", rule);
    cr_assert_eq(strncmp(world.failure.text, rule, strlen(rule)), 0, "%s: %s", rule, world.failure.text);
}

/* --- Superblock ----------------------------------------------------------------------------------------------------- */

/* put writes one copy of a version onto the medium. */
static void put(uint32_t copy, uint64_t sequence)
{
    struct superblock version = world.hosts[0].superblocks.current;
    uint8_t block[DISK_BLOCK];

    version.sequence = sequence;
    superblock_encode(&version, copy, block);
    for (uint32_t at = 0; at < DISK_BLOCK; at += DISK_SECTOR) {
        memcpy(sim_disk_sector(&world.hosts[0].disk, DISK_SUPERBLOCK, (uint64_t)copy * DISK_BLOCK + at), block + at, DISK_SECTOR);
    }
}

Test(medium, two_copies_stay_whole_while_others_are_written_J5)
{
    static const uint32_t written[] = { 0x3, 0xc, 0x1, 0x2, 0x4, 0x8, 0x9 };

    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        medium_superblock(&world.oracle, 0, &medium, written[i]);
    }
    expect_fine();
}

Test(medium, four_copies_written_at_once_are_seen_J5)
{
    medium_superblock(&world.oracle, 0, &medium, 0xf);
    expect_broken("J5: r0");
}

Test(medium, three_copies_written_at_once_are_seen_J5)
{
    medium_superblock(&world.oracle, 0, &medium, 0xb);
    expect_broken("J5: r0");
}

Test(medium, copies_of_two_versions_are_no_pair_J5)
{
    put(0, 100);
    put(1, 100);
    put(2, 101);
    put(3, 101);
    medium_superblock(&world.oracle, 0, &medium, 0x3);
    expect_fine();
    put(3, 102);
    medium_superblock(&world.oracle, 0, &medium, 0x3);
    expect_broken("J5: r0");
}

Test(medium, copy_with_a_wrong_bit_is_no_copy_J5)
{
    sim_disk_sector(&world.hosts[0].disk, DISK_SUPERBLOCK, 3 * DISK_BLOCK)[300] ^= 1;
    medium_superblock(&world.oracle, 0, &medium, 0x1);
    expect_fine();
    medium_superblock(&world.oracle, 0, &medium, 0x3);
    expect_broken("J5: r0");
}

/* --- Snapshots ------------------------------------------------------------------------------------------------------ */

static void look(void) { medium_snapshot(&world.oracle, 0, &medium, &world.hosts[0].superblocks.current); }

static uint32_t slot_of_newest(void) { return world.hosts[0].driver.snapshots.newest.slot; }

Test(medium, snapshot_of_a_run_is_whole) { look(); expect_fine(); }

Test(medium, chunk_with_a_wrong_bit_is_seen_S3)
{
    sim_disk_sector(&world.hosts[0].disk, snapshot_file(slot_of_newest(), 0), DISK_BLOCK)[40] ^= 1;
    look();
    expect_broken("S3: chunk 0 of ");
}

Test(medium, snapshot_without_a_whole_head_is_missed_K2)
{
    sim_disk_sector(&world.hosts[0].disk, snapshot_file(slot_of_newest(), 0), 0)[40] ^= 1;
    look();
    expect_broken("K2: the superblock of r0");
}

Test(medium, snapshot_under_another_height_is_missed_K2)
{
    world.hosts[0].superblocks.current.checkpoint_height++;
    look();
    expect_broken("K2: the superblock of r0");
}

Test(medium, snapshot_of_another_state_is_seen_I13)
{
    world.oracle.blocks[world.hosts[0].superblocks.current.checkpoint_height].root.bytes[0] ^= 1;
    look();
    expect_broken("I13: r0");
}
