#include "storage/batch.h"
#include "storage/recovery.h"
#include "storage/segment.h"
#include "tests/storage/store_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct store_config config = { .seed = 9, .segment_bytes = 64 * DISK_BLOCK, .segments_max = 16, .queue_batches = 4, .size_max = 12000 };

#define LAST 7u /* its block record reaches into a second block, and no certificate follows it */

static struct store *filled(uint64_t groups)
{
    struct store *store = store_open(&config);

    for (uint64_t i = 0; i < groups; i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    return store;
}

static struct record_place place_of_group(const struct store *store, uint64_t group)
{
    struct hash32 hash = store_hash(RECORD_BLOCK, group);
    struct record_place place;

    cr_assert(record_index_find(&store->log.index, RECORD_BLOCK, &hash, 0, &place));
    return place;
}

/* The blocks of the batch of a group; the group must be in the open segment. */
static struct seal_entry batch_of_group(const struct store *store, uint64_t group)
{
    struct record_place place = place_of_group(store, group);
    uint32_t i = 0;

    cr_assert_eq(place.segment, store->log.at.segment);
    while (i < store->log.table_count && store->log.table[i].block != place.block) {
        i++;
    }
    cr_assert_lt(i, store->log.table_count);
    return store->log.table[i];
}

static uint8_t *at_block(struct store *store, uint32_t segment, uint32_t block)
{
    uint8_t *data = sim_disk_sector(&store->disk, segment, (uint64_t)block * DISK_BLOCK);

    cr_assert_not_null(data);
    return data;
}

static void damage_head(struct store *store, struct seal_entry batch, enum head_found head)
{
    uint8_t *data = at_block(store, store->log.at.segment, batch.block);

    if (head == HEAD_ZERO) {
        memset(data, 0, DISK_SECTOR);
    } else if (head == HEAD_OTHER) {
        data[100] ^= 1;
    }
}

static void damage_body(struct store *store, struct seal_entry batch, enum body_found body)
{
    uint8_t *last = at_block(store, store->log.at.segment, batch.block + batch.blocks - 1);

    if (body == BODY_HOLES) {
        memset(last, 0, DISK_SECTOR);
    } else if (body == BODY_BAD) {
        last[3] ^= 0x80;
    }
}

/* What the fate of the last batch must mean. */
struct consequence {
    uint64_t groups; /* delivered whole */
    uint64_t vote;   /* in the capsule */
    enum recovery_sign sign;
    bool damage;
    bool torn;
    bool move;
};

static struct consequence consequence_of(enum batch_fate fate, bool head_whole)
{
    switch (fate) {
    case FATE_KEEP: return (struct consequence){ LAST, LAST, SIGN_FREELY, false, false, false };
    case FATE_TORN: return (struct consequence){ LAST - 1, LAST - 1, SIGN_FREELY, false, true, true };
    case FATE_ADOPT: return (struct consequence){ LAST - 1, LAST, SIGN_AFTER_FETCH, true, false, true };
    case FATE_AMBIGUOUS: return (struct consequence){ LAST - 1, LAST - 1, SIGN_ABOVE_LIMIT, true, false, true };
    case FATE_ROT:
        return head_whole ? (struct consequence){ LAST - 1, LAST, SIGN_AFTER_FETCH, true, false, true }
                          : (struct consequence){ LAST - 1, LAST - 1, SIGN_ABOVE_LIMIT, true, false, true };
    case FATE_VOID:
    case FATE_COUNT: break;
    }
    cr_assert_fail("not for the last batch");
    return (struct consequence){ 0 };
}

Test(recovery, the_last_batch_in_every_combination_of_header_body_and_proof)
{
    for (int i = 0; i < HEAD_FOUND_COUNT * BODY_FOUND_COUNT * 2; i++) {
        enum head_found head = (enum head_found)(i % HEAD_FOUND_COUNT);
        enum body_found body = (enum body_found)(i / HEAD_FOUND_COUNT % BODY_FOUND_COUNT);
        bool proved = i >= HEAD_FOUND_COUNT * BODY_FOUND_COUNT;
        struct store *store = filled(LAST);
        struct seal_entry batch = batch_of_group(store, LAST);
        uint64_t number = store->log.at.batch;
        cr_assert_gt(batch.blocks, 1);
        if (proved) {
            store_floor(store, number);
        }
        damage_head(store, batch, head);
        damage_body(store, batch, body);
        enum batch_fate fate = recovery_fate(head, body, proved ? PROOF_DURABLE : PROOF_NONE);
        struct consequence must = consequence_of(fate, head == HEAD_WHOLE);
        cr_assert_eq(store_recover(store), ERR_OK);
        const struct recovery_outcome *outcome = &store->outcome;
        cr_assert_eq(store_groups_seen(store), must.groups, "combination %d: %s", i, batch_fate_name(fate));
        cr_assert_eq(outcome->position.capsule.vote_height, must.vote, "combination %d: %s", i, batch_fate_name(fate));
        cr_assert_eq(outcome->sign, must.sign, "combination %d: %s, sign %d", i, batch_fate_name(fate), outcome->sign);
        cr_assert_eq(outcome->damage_count, must.damage ? 1 : 0);
        cr_assert_eq(outcome->torn, must.torn ? 1 : 0);
        cr_assert_eq(outcome->position.move, must.move);
        cr_assert_eq(outcome->missing_vote_block, must.sign == SIGN_AFTER_FETCH);
        cr_assert_eq(outcome->position.capsule.abstain_view >= 0, must.sign == SIGN_ABOVE_LIMIT);
        cr_assert_eq(outcome->position.batch, fate == FATE_TORN ? number - 1 : number, "a number that may have been acknowledged is not used again");
        if (must.damage) {
            struct hash32 hash = store_hash(RECORD_BLOCK, LAST);
            const struct recovery_damage *damage = &outcome->damage[0];
            cr_assert_eq(damage->fate, fate);
            cr_assert_eq(damage->batch, number);
            cr_assert_eq(damage->block, batch.block);
            cr_assert_eq(damage->kind, head == HEAD_WHOLE ? RECORD_BLOCK : 0);
            cr_assert(head != HEAD_WHOLE || hash_equal(&damage->hash, &hash));
            cr_assert(head != HEAD_WHOLE || damage->height == LAST);
        }
        store_close(store);
    }
}

/* Appends some groups after a recovery, opens again and gives the outcome. */
static void go_on(struct store *store, int groups)
{
    store_start(store);
    for (int i = 0; i < groups; i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    cr_assert_eq(store_recover(store), ERR_OK);
}

Test(recovery, a_torn_tail_is_sealed_and_stays_void_for_ever)
{
    struct store *store = filled(LAST);

    for (int life = 0; life < 4; life++) {
        while (batch_of_group(store, store->appended).blocks == 1) { /* a hole in its only sector would leave nothing to see */
            cr_assert_eq(store_append(store), ERR_OK);
            store_run(store);
        }
        uint64_t groups = store->appended;
        struct seal_entry batch = batch_of_group(store, groups);
        uint32_t segment = store->log.at.segment;
        damage_body(store, batch, BODY_HOLES);
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store_groups_seen(store), groups - 1);
        go_on(store, 3);
        cr_assert_eq(store_groups_seen(store), groups + 2);
        cr_assert_eq(store->outcome.torn, 0, "what was dropped once is void");
        cr_assert_eq(store->outcome.damage_count, 0);
        cr_assert_gt(store->outcome.position.segment, segment);
        cr_assert_eq(store->outcome.sign, SIGN_FREELY);
        store_start(store);
    }
    store_close(store);
}

Test(recovery, a_segment_whose_only_batch_is_torn_is_passed_over)
{
    for (uint32_t opened = 2; opened <= 4; opened++) {
        struct store *store = filled(1);
        while (store->log.at.segment < opened) {
            cr_assert_eq(store_append(store), ERR_OK);
            store_run(store);
        }
        uint64_t groups = store->appended;
        struct seal_entry opening = store->log.table[0];
        struct seal_entry batch = batch_of_group(store, groups);
        cr_assert_eq(store->log.table_count, 2, "the opening batch holds the seal, the next one the group");
        memset(at_block(store, opened, batch.block), 0, (size_t)batch.blocks * DISK_BLOCK); /* as if the power had gone one write earlier, */
        memset(at_block(store, opened, opening.block) + DISK_SECTOR, 0, DISK_SECTOR);       /* in the middle of the opening */
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store_groups_seen(store), groups - 1);
        cr_assert_eq(store->outcome.torn, 1);
        cr_assert_eq(store->outcome.position.segment, opened - 1);
        cr_assert_gt(store->outcome.position.segment_next, opened, "its name is taken");
        go_on(store, 3);
        cr_assert_eq(store->failed, ERR_OK);
        cr_assert_eq(store_groups_seen(store), groups + 2);
        cr_assert_eq(store->outcome.torn, 0);
        cr_assert_eq(store->outcome.damage_count, 0);
        store_close(store);
    }
}

Test(recovery, abstention_after_a_lost_batch_holds_across_restarts_until_a_timeout_passes_it)
{
    struct store *store = filled(LAST);
    uint64_t lsn;

    damage_head(store, batch_of_group(store, LAST), HEAD_OTHER);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.sign, SIGN_ABOVE_LIMIT);
    int64_t abstain = store->outcome.position.capsule.abstain_view;
    cr_assert_geq(abstain, LOG_VIEW_LIMIT_STEP / 2);
    for (int life = 0; life < 2; life++) {
        store_start(store);
        struct capsule capsule = *segment_log_capsule(&store->log);
        capsule.timeout_view = abstain - 1 + life;
        cr_assert_eq(segment_log_append(&store->log, &capsule, NULL, 0, &lsn), ERR_OK);
        store_run(store);
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store->outcome.sign, SIGN_ABOVE_LIMIT);
        cr_assert_eq(store->outcome.position.capsule.abstain_view, abstain);
    }
    store_start(store);
    struct capsule capsule = *segment_log_capsule(&store->log);
    capsule.timeout_view = abstain + 1;
    cr_assert_eq(segment_log_append(&store->log, &capsule, NULL, 0, &lsn), ERR_OK);
    store_run(store);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.sign, SIGN_FREELY);
    cr_assert_eq(store->outcome.position.capsule.abstain_view, -1);
    cr_assert_eq(store->outcome.damage_count, 1, "that a batch is lost stays reported");
    store_close(store);
}

/* E5: what a replica was told to abstain from is in its log like what it found out itself, also far above any view that it reached, and also when the batch that says it is lost. */
Test(recovery, abstention_that_was_told_is_remembered_until_a_timeout_passes_it_E5)
{
    static const int64_t views[] = { 0, 40, 64, 100000 };

    for (size_t i = 0; i < 2 * sizeof views / sizeof views[0]; i++) {
        struct store *store = filled(2);
        struct capsule capsule = *segment_log_capsule(&store->log);
        int64_t view = views[i / 2], found;
        uint64_t lsn;
        segment_log_abstain(&store->log, capsule.epoch, view);
        segment_log_abstain(&store->log, capsule.epoch, view / 2);
        cr_assert_eq(segment_log_append(&store->log, &capsule, NULL, 0, &lsn), ERR_OK);
        store_run(store);
        if (i % 2 == 1) {
            damage_head(store, store->log.table[store->log.table_count - 1], HEAD_OTHER);
        }
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store->outcome.sign, SIGN_ABOVE_LIMIT);
        found = store->outcome.position.capsule.abstain_view;
        cr_assert(i % 2 == 1 ? found >= view : found == view, "%ld of %ld", found, view);
        store_start(store);
        capsule = *segment_log_capsule(&store->log);
        capsule.timeout_view = found + 1;
        cr_assert_eq(segment_log_append(&store->log, &capsule, NULL, 0, &lsn), ERR_OK);
        store_run(store);
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store->outcome.position.capsule.abstain_view, -1);
        store_close(store);
    }
}

/* The bound that abstention relies on: whatever views the lost batch reached into, the capsule before it had promised the limit. */
Test(recovery, the_limit_covers_every_view_of_the_batch_that_was_lost)
{
    static const int64_t views[] = { 0, 1, 31, 32, 33, 63, 64, 65, 66, 127, 128, 129, 1000, 123456 };

    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        struct store *store = filled(2);
        struct capsule capsule = *segment_log_capsule(&store->log);
        uint64_t lsn;
        capsule.timeout_view = views[i];
        cr_assert_eq(segment_log_append(&store->log, &capsule, NULL, 0, &lsn), ERR_OK);
        store_run(store);
        struct seal_entry last = store->log.table[store->log.table_count - 1];
        damage_head(store, last, HEAD_OTHER);
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store->outcome.sign, SIGN_ABOVE_LIMIT);
        cr_assert_lt(store->outcome.position.capsule.timeout_view, views[i] + (views[i] == 0));
        cr_assert_geq(store->outcome.position.capsule.abstain_view, views[i], "view %ld", views[i]);
        store_close(store);
    }
}

Test(recovery, an_adopted_batch_is_whole_again_when_its_block_was_fetched_and_appended)
{
    struct store *store = filled(LAST);
    uint8_t payload[12000];
    uint64_t lsn;

    damage_body(store, batch_of_group(store, LAST), BODY_BAD);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.sign, SIGN_AFTER_FETCH);
    store_start(store);
    struct capsule capsule = *segment_log_capsule(&store->log);
    store_payload(LAST, payload, store_payload_bytes(store, LAST));
    struct bytes part = bytes_of(payload, store_payload_bytes(store, LAST));
    struct log_record record = { .kind = RECORD_BLOCK, .height = LAST, .hash = store_hash(RECORD_BLOCK, LAST), .parts = &part, .parts_count = 1 };
    cr_assert_eq(segment_log_append(&store->log, &capsule, &record, 1, &lsn), ERR_OK);
    store_run(store);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.sign, SIGN_FREELY);
    cr_assert_eq(store_groups_seen(store), LAST);
    cr_assert_eq(store->outcome.damage_count, 1);
    cr_assert_eq(store->outcome.damage[0].fate, FATE_ROT, "it is proved durable by now");
    store_close(store);
}

/* repair appends block `group` again, as if a peer had given it, and the notes that settle all damage. */
static void repair(struct store *store, uint64_t group)
{
    static uint8_t notes[RECOVERY_DAMAGE_MAX][REPAIR_NOTE_BYTES];
    uint8_t payload[12000];
    struct bytes part = bytes_of(payload, store_payload_bytes(store, group));
    struct log_record record = { .kind = RECORD_BLOCK, .height = group, .hash = store_hash(RECORD_BLOCK, group), .parts = &part, .parts_count = 1 };
    uint64_t lsn;

    store_payload(group, payload, store_payload_bytes(store, group));
    cr_assert_eq(segment_log_append(&store->log, segment_log_capsule(&store->log), &record, 1, &lsn), ERR_OK);
    for (uint32_t i = 0; i < store->outcome.damage_count; i++) {
        struct repair_note note = recovery_note(&store->outcome.damage[i]);
        repair_note_encode(&note, notes[i]);
        part = bytes_of(notes[i], REPAIR_NOTE_BYTES);
        record = (struct log_record){ .kind = RECORD_REPAIR, .parts = &part, .parts_count = 1 };
        cr_assert_eq(segment_log_append(&store->log, segment_log_capsule(&store->log), &record, 1, &lsn), ERR_OK);
        store_run(store);
        cr_assert(repair_notes_cover(&store->log.repairs, &note), "it counts once it is durable");
    }
}

/* What was repaired is delivered from its new place, is not reported again, and the vote is what it was. */
static void check_repaired(struct store *store, uint64_t group)
{
    uint32_t damaged = store->outcome.damage_count;
    enum recovery_sign sign = store->outcome.sign;
    bool there = false;

    repair(store, group);
    for (int again = 0; again < 2; again++) {
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store->outcome.damage_count, 0, "group %lu", group);
        cr_assert_eq(store->outcome.repaired, damaged);
        cr_assert_eq(store->outcome.sign, sign);
    }
    for (uint32_t at = 0; at < store->seen_count; at++) {
        there = there || (store->seen[at].kind == RECORD_BLOCK && store->seen[at].height == group && store->seen[at].intact);
    }
    cr_assert(there, "group %lu is back", group);
}

Test(recovery, damage_names_the_heights_that_may_be_lost)
{
    struct store *store = filled(LAST);

    damage_head(store, batch_of_group(store, 4), HEAD_OTHER);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.damage[0].kind, 0);
    cr_assert_eq(store->outcome.damage[0].height, 3);
    cr_assert_eq(store->outcome.damage[0].height_last, 5);
    store_close(store);
    store = filled(LAST);
    damage_head(store, batch_of_group(store, LAST), HEAD_OTHER);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.damage[0].height, LAST - 1);
    cr_assert_eq(store->outcome.damage[0].height_last, UINT64_MAX, "nothing stands behind it");
    store_close(store);
}

/* Every group in turn, every kind of damage: all other groups are delivered, the damage is named or located, and once it was made good it is gone. */
Test(recovery, rot_below_the_last_batch_is_reported_and_cuts_nothing)
{
    for (uint64_t group = 1; group < LAST; group++) {
        for (int i = 1; i < HEAD_FOUND_COUNT * BODY_FOUND_COUNT; i++) {
            enum head_found head = (enum head_found)(i % HEAD_FOUND_COUNT);
            enum body_found body = (enum body_found)(i / HEAD_FOUND_COUNT);
            struct store *store = filled(LAST);
            struct seal_entry batch = batch_of_group(store, group);
            damage_head(store, batch, head);
            damage_body(store, batch, body);
            if (batch.blocks == 1 && head == HEAD_WHOLE) {
                store_close(store); /* its only block has the header: covered by the other groups */
                continue;
            }
            cr_assert_eq(store_recover(store), ERR_OK);
            uint32_t blocks = 0;
            for (uint32_t at = 0; at < store->seen_count; at++) {
                cr_assert(store->seen[at].intact);
                blocks += store->seen[at].kind == RECORD_BLOCK && store->seen[at].height != group;
            }
            cr_assert_eq(blocks, LAST - 1, "group %lu: all others are there", group);
            cr_assert_eq(store->outcome.damage_count, 1);
            cr_assert_eq(store->outcome.damage[0].fate, FATE_ROT);
            cr_assert_eq(store->outcome.damage[0].block, batch.block);
            cr_assert_eq(store->outcome.torn, 0);
            cr_assert_eq(store->outcome.position.capsule.vote_height, LAST);
            cr_assert_eq(store->outcome.sign, store->outcome.missing_high_qc ? SIGN_AFTER_FETCH : SIGN_FREELY);
            store_start(store);
            check_repaired(store, group);
            store_close(store);
        }
    }
}

Test(recovery, more_than_one_acknowledged_batch_lost_at_the_end_loses_the_vote)
{
    struct store *store = filled(LAST);
    uint64_t batch = store->log.at.batch;

    store_floor(store, batch);
    for (uint64_t group = LAST - 1; group <= LAST; group++) {
        struct seal_entry place = batch_of_group(store, group);
        memset(at_block(store, store->log.at.segment, place.block), 0, (size_t)place.blocks * DISK_BLOCK);
    }
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.sign, SIGN_NEVER);
    cr_assert_eq(store->outcome.damage[0].batches, 2);
    cr_assert_eq(store->outcome.position.batch, batch);
    store_close(store);
}

Test(recovery, without_a_superblock_quorum_nothing_is_read)
{
    struct store *store = filled(2);

    for (uint32_t copy = 0; copy < 3; copy++) {
        sim_disk_sector(&store->disk, DISK_SUPERBLOCK, copy * DISK_BLOCK)[30] ^= 1;
    }
    cr_assert_eq(store_recover(store), ERR_NOT_FOUND);
    cr_assert_eq(store->seen_count, 0);
    store_close(store);
}

Test(recovery, an_unreadable_last_header_is_ambiguous)
{
    struct store *store = filled(LAST);
    struct seal_entry batch = batch_of_group(store, LAST);

    store->disk.files[1].unreadable[batch.block] = 1;
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.sign, SIGN_ABOVE_LIMIT);
    cr_assert_eq(store->outcome.damage[0].fate, FATE_AMBIGUOUS);
    store_close(store);
}

/* Fills several segments. */
static struct store *long_log(void)
{
    struct store *store = store_open(&config);

    while (store->log.at.segment < 5) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    cr_assert_eq(store_append(store), ERR_OK);
    store_run(store);
    return store;
}

Test(recovery, losing_both_header_blocks_of_any_segment_loses_no_batch)
{
    for (uint32_t segment = 1; segment <= 5; segment++) {
        struct store *store = long_log();
        memset(at_block(store, segment, 0), 0x77, (size_t)SEGMENT_HEAD_BLOCKS * DISK_BLOCK);
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store_groups_seen(store), store->appended);
        cr_assert_eq(store->outcome.damage_count, 1);
        cr_assert_eq(store->outcome.damage[0].segment, segment);
        cr_assert_eq(store->outcome.position.move, segment == 5, "nothing more is written into a segment without a header");
        cr_assert_eq(store->outcome.sign, SIGN_FREELY);
        go_on(store, 2);
        cr_assert_eq(store_groups_seen(store), store->appended);
        store_close(store);
    }
}

Test(recovery, a_missing_segment_is_reported_as_a_gap)
{
    struct store *store = long_log();

    cr_assert_eq(store->disk.disk.ops->discard(&store->disk.disk, 3), ERR_OK);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.damage[0].fate, FATE_ROT);
    cr_assert_gt(store->outcome.damage[0].batches, 1);
    cr_assert_eq(store->outcome.position.capsule.vote_height, store->appended);
    store_close(store);
}

Test(recovery, segments_below_the_first_live_one_do_not_count)
{
    struct store *store = long_log();

    memset(at_block(store, 1, 0), 0x55, config.segment_bytes);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_gt(store->outcome.damage_count, 0);
    store->superblocks.current.first_segment = 2;
    store_floor(store, 1); /* writes the changed version */
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.damage_count, 0);
    cr_assert_eq(store->outcome.position.capsule.vote_height, store->appended);
    store_close(store);
}

Test(recovery, a_segment_of_another_store_is_refused)
{
    struct store *store = long_log();
    struct segment_head head;

    cr_assert_eq(segment_head_decode(at_block(store, 5, 0), &head), ERR_OK);
    head.instance[3] ^= 1;
    head.salt = segment_salt(head.instance, 5);
    segment_head_encode(&head, at_block(store, 5, 0));
    cr_assert_eq(store_recover(store), ERR_CONFLICT);
    cr_assert_eq(store->outcome.foreign, 5);
    store_close(store);
}

Test(recovery, an_unknown_kind_is_refused_unless_it_may_be_skipped)
{
    static const struct { uint8_t kind; enum err err; } rows[] = { { RECORD_KIND_END, ERR_VERSION }, { 0x7F, ERR_VERSION }, { 0x80, ERR_OK }, { 0xFF, ERR_OK } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store *store = filled(2);
        struct capsule capsule = *segment_log_capsule(&store->log);
        struct log_record record = { .kind = rows[i].kind };
        uint64_t lsn;
        cr_assert_eq(segment_log_append(&store->log, &capsule, &record, 1, &lsn), ERR_OK);
        store_run(store);
        cr_assert_eq(store_recover(store), rows[i].err, "kind %u", rows[i].kind);
        cr_assert(rows[i].err != ERR_OK || store_groups_seen(store) == 2);
        store_close(store);
    }
}

/* A batch that was exchanged for another whole one in its place: no sum of its own can tell, but the seal in the next segment does. */
Test(recovery, the_seal_finds_a_whole_batch_that_is_not_the_one_written)
{
    struct store *store = long_log();
    struct record_place place = place_of_group(store, 2);
    uint64_t seed = batch_seed(segment_salt(store_instance, 1), place.block);
    struct batch_head head;

    cr_assert_eq(place.segment, 1);
    uint8_t *data = at_block(store, 1, place.block);
    cr_assert_eq(batch_head_decode(data, seed, &head), ERR_OK);
    head.lsn++;
    batch_head_encode(&head, seed, data);
    cr_assert_eq(store_recover(store), ERR_OK);
    bool found = false;
    for (uint32_t i = 0; i < store->outcome.damage_count; i++) {
        found = found || (store->outcome.damage[i].segment == 1 && store->outcome.damage[i].block == place.block);
    }
    cr_assert(found);
    store_close(store);
}

Test(recovery, a_large_record_that_lost_a_fragment_is_reported_by_name)
{
    struct store_config large = config;
    large.size_max = 60000;
    large.queue_batches = 8;
    large.batch_bytes_max = 4 * DISK_BLOCK;
    struct store *store = store_open(&large);
    uint64_t group = 0;

    for (uint64_t i = 1; i <= 12; i++) {
        group = group == 0 && store_payload_bytes(store, i) > 50000 ? i : group;
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    cr_assert_neq(group, 0);
    struct hash32 hash = store_hash(RECORD_BLOCK, group);
    struct record_place place = place_of_group(store, group);
    struct record_place second;
    cr_assert(record_index_find(&store->log.index, RECORD_BLOCK, &hash, place.bytes, &second));
    at_block(store, second.segment, second.block)[50] ^= 1; /* the header of the batch with the second fragment */
    cr_assert_eq(store_recover(store), ERR_OK);
    bool named = false;
    for (uint32_t i = 0; i < store->outcome.damage_count; i++) {
        named = named || (store->outcome.damage[i].kind == RECORD_BLOCK && hash_equal(&store->outcome.damage[i].hash, &hash));
    }
    cr_assert(named);
    for (uint32_t i = 0; i < store->seen_count; i++) {
        cr_assert(store->seen[i].intact);
        cr_assert(store->seen[i].kind != RECORD_BLOCK || store->seen[i].height != group);
    }
    store_close(store);
}

Test(recovery, may_be_run_again_with_the_same_answer)
{
    struct store *store = long_log();
    struct recovery_outcome first;

    damage_head(store, batch_of_group(store, store->appended), HEAD_OTHER);
    cr_assert_eq(store_recover(store), ERR_OK);
    memcpy(&first, &store->outcome, sizeof first);
    uint32_t seen = store->seen_count;
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->seen_count, seen);
    cr_assert_eq(store->outcome.sign, first.sign);
    cr_assert_eq(store->outcome.damage_count, first.damage_count);
    cr_assert_eq(store->outcome.position.batch, first.position.batch);
    cr_assert_eq(store->outcome.position.segment_next, first.position.segment_next);
    cr_assert(capsule_equal(&store->outcome.position.capsule, &first.position.capsule));
    store_close(store);
}

Test(recovery, another_reading_does_not_read_what_was_nothing_but_zeros)
{
    struct store *store = long_log();
    uint64_t written = 0, heads = store->log.at.segment * SEGMENT_HEAD_BLOCKS * DISK_BLOCK; /* read by themselves to see where the segment before ends */

    for (uint32_t segment = 1; segment <= store->log.at.segment; segment++) {
        written += segment < store->log.at.segment ? store->config.segment_bytes : (uint64_t)store->log.at.block * DISK_BLOCK;
    }
    cr_assert(!store->log.preparing);
    store->recoveries = 0; /* all of it at once */
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert(store->outcome.position.next_ready);
    cr_assert_geq(store->outcome.bytes_scanned, written + store->config.segment_bytes, "the prepared segment is looked at once");
    cr_assert_leq(store->scanned_again, written + heads + DISK_BLOCK, "and neither it nor the free blocks again");
    store_close(store);
}

Test(recovery, may_read_as_little_at_once_as_is_wanted)
{
    for (uint32_t blocks = 1; blocks < 70; blocks += 7) {
        struct store *store = long_log();
        store->config.scan_blocks = blocks;
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store_groups_seen(store), store->appended);
        cr_assert_eq(store->outcome.damage_count, 0);
        store_close(store);
    }
}

Test(recovery, more_damage_than_the_list_holds_is_counted)
{
    struct store_config many = config;
    many.size_max = 1;
    many.segments_max = 40;
    struct store *store = store_open(&many);

    for (int i = 0; i < 700; i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    for (uint32_t segment = 1; segment < store->log.at.segment; segment++) {
        for (uint32_t block = 3; block < 64; block += 2) {
            at_block(store, segment, block)[9] ^= 1;
        }
    }
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.damage_count, RECOVERY_DAMAGE_MAX);
    cr_assert_gt(store->outcome.damage_unlisted, 0);
    cr_assert_eq(store->outcome.position.capsule.vote_height, 700);
    store_close(store);
}
