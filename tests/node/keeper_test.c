/* keeper_test.c: levels become refusals, muteness and ballast, and all of it goes away by itself. What a real file system that is filled to the brim does
 * is in tests/e2e/disk.sh. */
#include "node/keeper.h"

#include "base/log.h"
#include "sim/world/host.h"
#include "storage/ballast.h"
#include "tests/storage/dir_kit.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

static struct cast cast;
static struct host host;
static struct datadir dir;
static struct keeper keeper;
static char path[DIR_PATH_BYTES];
static uint64_t now_ns;

static uint64_t on_now(void *context) { (void)context; return now_ns; }
static bool on_verify(void *context, const struct sig_item *item) { (void)context; return ed25519_verify(item); }
static void on_send(void *context, uint32_t member, const struct port_message *message) { (void)context, (void)member, (void)message; }
static void on_token(void *context, uint32_t member, uint64_t token) { (void)context, (void)member, (void)token; }
static void on_broken(void *context, uint32_t member, const char *what) { (void)context, (void)member, (void)what; }

static void on_mark(void *context, uint32_t member, enum mark mark, uint64_t view, uint64_t height, uint32_t about, uint64_t value)
{
    (void)context, (void)member, (void)mark, (void)view, (void)height, (void)about, (void)value;
}

static void on_executed(void *context, uint32_t member, const struct apply_block *block, const struct hash32 *root)
{
    (void)context, (void)member, (void)block, (void)root;
}

static void on_refused(void *context, uint32_t member, uint64_t token, uint16_t code, uint32_t retry_after_ms)
{
    (void)context, (void)member, (void)token, (void)code, (void)retry_after_ms;
}

static const struct host_world world = { NULL, on_now, on_verify, on_send, on_mark, on_executed, on_token, on_refused, on_broken, NULL, NULL, NULL };

static void begin(void)
{
    struct cast_plan plan = { .seed = 8, .members_count = 4, .actors_count = 4, .limits = config_limits_default() };
    struct host_plan host_plan = { .seed = 8, .member = 0, .verify_ns_max = 1000, .segments_max = 8, .alone = true };

    crypto_start();
    plan.limits.block_bytes_max = 65536;
    cast_make(&cast, &plan);
    host_open(&host, &cast, &world, &host_plan);
    cr_assert(host_start(&host));
    dir_make(path);
    cr_assert_eq(datadir_open(&dir, path, true, true), ERR_OK, "%s", dir.reason);
    now_ns = SECOND;
    keeper_start(&keeper, &dir, &host.driver, 1u << 20, now_ns);
    if (keeper.level != SPACE_FINE) {
        cr_skip_test("the disk of this machine is %u thousandths full", keeper.permille);
    }
}

static void end(void)
{
    datadir_close(&dir);
    dir_remove(path);
    host_close(&host);
    cast_close(&cast);
}

TestSuite(keeper, .init = begin, .fini = end);

static void judge(uint32_t permille, bool reserve_empty, bool log_short)
{
    struct space_facts facts = { (uint64_t)permille << 20, (uint64_t)(1000 - permille) << 20, reserve_empty, log_short };

    keeper_judge(&keeper, &facts);
    (void)driver_work(&host.driver);
}

Test(keeper, each_level_has_its_consequences_and_leaves_none_behind)
{
    static const struct {
        uint32_t permille;
        bool empty, scarce;
        enum space_level level;
        uint16_t refuse;
        bool mute;
    } rows[] = {
        { 860, false, false, SPACE_WARN, REFUSAL_NONE, false },  { 925, false, false, SPACE_REFUSE, REFUSAL_DISK, false },
        { 971, false, false, SPACE_STOP, REFUSAL_DISK, true },   { 940, false, false, SPACE_REFUSE, REFUSAL_DISK, false },
        { 500, false, false, SPACE_FINE, REFUSAL_NONE, false },  { 500, true, false, SPACE_REFUSE, REFUSAL_DISK, false },
        { 500, true, true, SPACE_STOP, REFUSAL_DISK, true },     { 500, false, false, SPACE_FINE, REFUSAL_NONE, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        judge(rows[i].permille, rows[i].empty, rows[i].scarce);
        cr_assert_eq(keeper.level, rows[i].level, "row %zu", i);
        cr_assert_eq(host.driver.refuse_code, rows[i].refuse, "row %zu", i);
        cr_assert_eq(host.driver.mute_told, rows[i].mute, "row %zu", i);
        cr_assert_eq(keeper_deadline_ns(&keeper), rows[i].level >= SPACE_REFUSE ? keeper.looked_ns + KEEPER_WAIT_NS : UINT64_MAX, "row %zu", i);
    }
}

Test(keeper, entering_a_mark_hurries_a_snapshot_once)
{
    host.driver.snapshots.config.due_bytes = 1u << 30;
    judge(930, false, false);
    cr_assert(host.driver.snapshots.hurried);
    host.driver.snapshots.hurried = false;
    judge(940, false, false);
    cr_assert_not(host.driver.snapshots.hurried, "not at every look");
    judge(980, false, false);
    cr_assert(host.driver.snapshots.hurried);
    host.driver.snapshots.hurried = false;
    judge(940, false, false);
    cr_assert_not(host.driver.snapshots.hurried, "nor on the way back");
}

Test(keeper, the_ballast_is_given_up_at_the_last_mark_and_taken_again_when_all_is_fine)
{
    if (keeper.ballast_bytes == 0) {
        cr_skip_test("this file system reserves nothing");
    }
    judge(930, false, false);
    cr_assert_gt(ballast_bytes(&dir), 0, "not before it must be");
    judge(980, false, false);
    cr_assert_eq(ballast_bytes(&dir), 0);
    cr_assert_eq(keeper.ballast_bytes, 0);
    judge(940, false, false);
    cr_assert_eq(ballast_bytes(&dir), 0, "nor taken again while there is little room");
    judge(100, false, false);
    cr_assert_geq(ballast_bytes(&dir), 1u << 20);
}

/* 32 MiB of 1,000: it would itself bring the replica from 82 % to 85.2 %. A ballast of a sixth of the disk made it mute, and was given up, and was made again, for ever. */
Test(keeper, a_ballast_that_would_itself_fill_the_disk_is_not_made)
{
    if (keeper.ballast_bytes == 0) {
        cr_skip_test("this file system reserves nothing");
    }
    keeper.ballast_wanted = 32u << 20;
    judge(980, false, false);
    judge(820, false, false);
    cr_assert_eq(keeper.level, SPACE_FINE);
    cr_assert_eq(ballast_bytes(&dir), 0);
    judge(860, false, false);
    judge(800, false, false);
    cr_assert_geq(ballast_bytes(&dir), 32u << 20, "with room for it it is");
}

Test(keeper, while_all_is_fine_it_looks_only_when_the_log_took_room)
{
    for (int i = 0; i < 100; i++) {
        now_ns += 60 * SECOND;
        keeper_turn(&keeper, now_ns);
    }
    cr_assert_eq(keeper.looks, 1);
    cr_assert_eq(keeper_deadline_ns(&keeper), UINT64_MAX);
    host.driver.log.counters.segments++;
    keeper_turn(&keeper, now_ns);
    cr_assert_eq(keeper.looks, 2);
}

/* The real directory has room, so the first look after a level was judged brings the replica back, without anybody's help. */
Test(keeper, it_comes_back_by_itself_once_there_is_room)
{
    judge(980, false, false);
    keeper_turn(&keeper, keeper.looked_ns + KEEPER_LOOK_NS - 1);
    cr_assert_eq(keeper.level, SPACE_STOP, "not looked again within a second");
    cr_assert_leq(keeper_deadline_ns(&keeper), now_ns + KEEPER_WAIT_NS);
    keeper_turn(&keeper, keeper_deadline_ns(&keeper));
    (void)driver_work(&host.driver);
    cr_assert_eq(keeper.level, SPACE_FINE);
    cr_assert_eq(host.driver.refuse_code, REFUSAL_NONE);
    cr_assert_not(host.driver.mute_told);
}

Test(keeper, says_once_what_it_does)
{
    static char said[4096];
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    log_fd_set(ends[1]);
    judge(930, false, false);
    judge(935, false, false);
    judge(980, false, false);
    judge(100, false, false);
    close(ends[1]);
    ssize_t got = read(ends[0], said, sizeof said - 1);
    said[got > 0 ? got : 0] = '\0';
    unsigned lines = 0;
    for (const char *at = said; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    cr_assert_eq(lines, 3, "%s", said);
    cr_assert_not_null(strstr(said, "W-0204"));
    cr_assert_not_null(strstr(said, "E-0205"));
    cr_assert_not_null(strstr(said, "event=disk.has_room"));
}
