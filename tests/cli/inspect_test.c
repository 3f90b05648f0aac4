/* inspect_test.c: `ward inspect` reads a store without changing it, and says what is not as it was written. */
#include "base/exit.h"
#include "storage/batch.h"
#include "storage/datadir.h"
#include "storage/segment.h"
#include "storage/superblock.h"
#include "tests/cli/cli_kit.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SEGMENT_BLOCKS = 16 };

static char root[512];
static struct superblock superblock;

static int open_file(const char *name, int flags)
{
    char path[640];

    snprintf(path, sizeof path, "%s/%s", root, name);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0, "%s", path);
    return fd;
}

static void put(const char *name, off_t at, const void *data, size_t size)
{
    int fd = open_file(name, O_RDWR | O_CREAT);

    cr_assert_eq(pwrite(fd, data, size, at), (ssize_t)size);
    close(fd);
}

static void write_superblock(void)
{
    uint8_t block[DISK_BLOCK];

    superblock = (struct superblock){ .version = FORMAT_VERSION, .sequence = 9, .replica = 2, .segment_bytes = SEGMENT_BLOCKS * DISK_BLOCK, .first_segment = 1, .durable_floor = 1, .clean = true };
    memset(superblock.instance, 0x11, sizeof superblock.instance);
    for (uint32_t copy = 0; copy < SUPERBLOCK_COPIES; copy++) {
        superblock_encode(&superblock, copy, block);
        put("superblock", (off_t)copy * DISK_BLOCK, block, DISK_BLOCK);
    }
}

/* write_segment writes a segment with one batch of one record. */
static void write_segment(void)
{
    static uint8_t blocks[SEGMENT_BLOCKS * DISK_BLOCK], batch[2 * DISK_BLOCK];
    struct segment_head head = { .segment = 1, .segment_bytes = sizeof blocks, .first_batch = 1, .salt = segment_salt(superblock.instance, 1) };
    struct batch_head batch_head = { .number = 1, .lsn = 1, .segment = 1 };
    struct record_head record = { .kind = RECORD_CERTIFICATE, .bytes = 100, .bytes_total = 100, .height = 7, .view = 3 };
    uint8_t *at = batch + batch_body_offset(2);

    memcpy(head.instance, superblock.instance, sizeof head.instance);
    segment_head_encode(&head, blocks);
    segment_head_encode(&head, blocks + DISK_BLOCK);
    memset(at + RECORD_HEAD_BYTES, 0x77, 100);
    record.payload_sum = record_payload_sum(at + RECORD_HEAD_BYTES, 100);
    record_head_encode(&record, at);
    capsule_init(&batch_head.capsule);
    batch_head.body_bytes = record_span(100);
    batch_finish(&batch_head, batch_seed(head.salt, SEGMENT_HEAD_BLOCKS), batch);
    memcpy(blocks + SEGMENT_HEAD_BLOCKS * DISK_BLOCK, batch, DISK_BLOCK);
    put("log/0000000001.seg", 0, blocks, sizeof blocks);
}

static void make_store(void)
{
    struct datadir dir;

    snprintf(root, sizeof root, "%s/store", kit_directory());
    cr_assert_eq(datadir_open(&dir, root, true, true), ERR_OK, "%s", dir.reason);
    cr_assert_eq(datadir_format(&dir), ERR_OK);
    datadir_close(&dir);
    write_superblock();
    write_segment();
}

static long long number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    cr_assert(json_is_integer(value), "%s", name);
    return (long long)json_integer_value(value);
}

Test(inspect, superblock_shows_the_version_that_copies_agree_on)
{
    make_store();
    put("superblock", DISK_BLOCK + 100, "rot", 3);
    cr_assert_eq(kit_run(kit_directory(), "ward inspect superblock %s/store --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert_eq(number(value, "sequence"), 9);
    cr_assert_eq(number(value, "member"), 2);
    cr_assert(json_is_true(json_object_get(value, "clean")));
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(json_object_get(value, "copies"), 1), "state")), "format");
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(json_object_get(value, "copies"), 2), "state")), "good");
    json_decref(value);
}

Test(inspect, superblock_without_two_equal_copies_is_an_integrity_failure)
{
    make_store();
    for (off_t copy = 1; copy < (off_t)SUPERBLOCK_COPIES; copy++) {
        put("superblock", copy * (off_t)DISK_BLOCK + 100, "rot", 3);
    }
    cr_assert_eq(kit_run(kit_directory(), "ward inspect superblock %s/store --json"), EXIT_INTEGRITY);
    json_t *value = kit_json();
    cr_assert(json_is_false(json_object_get(value, "agreed")));
    cr_assert_not_null(strstr(json_string_value(json_object_get(value, "way_out")), "a copy that stands alone may be an old one"));
    cr_assert_not_null(strstr(json_string_value(json_object_get(value, "way_out")), "`wardd --rejoin`"));
    json_decref(value);
    put("superblock", 100, "rot", 3);
    cr_assert_eq(kit_run(kit_directory(), "ward inspect superblock %s/store --json"), EXIT_INTEGRITY);
    value = kit_json();
    cr_assert_not_null(strstr(json_string_value(json_object_get(value, "way_out")), "no copy is whole"));
    json_decref(value);
    cr_assert_eq(kit_run(kit_directory(), "ward inspect log %s/store"), EXIT_INTEGRITY);
}

Test(inspect, a_store_made_for_a_lost_one_is_told)
{
    make_store();
    superblock.features_required = SUPERBLOCK_REJOINS;
    for (uint32_t copy = 0; copy < SUPERBLOCK_COPIES; copy++) {
        uint8_t block[DISK_BLOCK];
        superblock_encode(&superblock, copy, block);
        put("superblock", (off_t)copy * DISK_BLOCK, block, DISK_BLOCK);
    }
    cr_assert_eq(kit_run(kit_directory(), "ward inspect superblock %s/store --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert(json_is_true(json_object_get(value, "rejoins")));
    json_decref(value);
    cr_assert_eq(kit_run(kit_directory(), "ward inspect damage %s/store --json"), EXIT_FINE, "%s", kit_output());
    value = kit_json();
    cr_assert_not_null(strstr(json_string_value(json_object_get(value, "start")), "signs nothing before a quorum of other members said"));
    json_decref(value);
}

Test(inspect, log_counts_batches_and_names_records)
{
    make_store();
    cr_assert_eq(kit_run(kit_directory(), "ward inspect log %s/store --batches --records --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert_eq(number(value, "batches"), 1);
    cr_assert_eq(number(value, "records"), 1);
    cr_assert_eq(number(value, "payloads_bad"), 0);
    cr_assert_eq(number(json_object_get(value, "voting_state"), "timeout_view"), -1);
    const json_t *record = json_array_get(json_object_get(value, "record_list"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(record, "kind")), "certificate");
    cr_assert_eq(number(record, "height"), 7);
    cr_assert_eq(number(json_array_get(json_object_get(value, "batch_list"), 0), "block"), SEGMENT_HEAD_BLOCKS);
    json_decref(value);
}

Test(inspect, log_tells_rot_from_what_was_written)
{
    make_store();
    put("log/0000000001.seg", SEGMENT_HEAD_BLOCKS * DISK_BLOCK + 400, "rot", 3);
    cr_assert_eq(kit_run(kit_directory(), "ward inspect log %s/store --json"), EXIT_INTEGRITY);
    json_t *value = kit_json();
    cr_assert_eq(number(value, "batches_bad"), 1);
    cr_assert_eq(number(value, "payloads_bad"), 1);
    json_decref(value);
}

Test(inspect, what_is_no_store_is_said_so)
{
    make_store();
    cr_assert_eq(kit_run(kit_directory(), "ward inspect log %s/nothing"), EXIT_CONFIGURATION);
    cr_assert_eq(kit_run(kit_directory(), "ward inspect log %s/store/superblock"), EXIT_CONFIGURATION, "a file is no data directory");
    cr_assert_eq(kit_run(kit_directory(), "ward inspect superblock"), EXIT_USAGE);
}
