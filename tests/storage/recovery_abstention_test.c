/* recovery_abstention_test.c: what a start concludes from a lost batch must outlast the batches that it concluded it from (T11). */
#include "storage/recovery.h"

#include "tests/storage/store_kit.h"

#include <criterion/criterion.h>

static const struct store_config config = { .seed = 9, .segment_bytes = 64 * DISK_BLOCK, .segments_max = 16, .queue_batches = 4, .size_max = 12000 };

#define GIVEN_UP 65 /* the first view beyond the limit that the store begins with */

/* timed_out makes a log that ends with a batch that gives a view up, behind one that raised the limit for it, behind one whose limit is below that view. */
static struct store *timed_out(void)
{
    struct store *store = store_open(&config);
    cr_assert_eq(store_append(store), ERR_OK);
    store_run(store);
    struct capsule capsule = *segment_log_capsule(&store->log);
    uint64_t lsn;

    cr_assert_eq(capsule.limit_view, GIVEN_UP - 1);
    capsule.timeout_view = GIVEN_UP;
    cr_assert_eq(segment_log_append(&store->log, &capsule, NULL, 0, &lsn), ERR_OK);
    store_run(store);
    cr_assert_eq(store->log.counters.limit_batches, 1);
    return store;
}

static struct seal_entry newest_batch(const struct store *store) { return store->log.table[store->log.table_count - 1]; }

/* rot flips a bit in the header of a batch. */
static void rot(struct store *store, uint32_t segment, struct seal_entry batch)
{
    uint8_t *head = sim_disk_sector(&store->disk, segment, (uint64_t)batch.block * DISK_BLOCK);

    cr_assert_not_null(head);
    head[8] ^= 1;
}

/* Of two batches that are lost one after the other, with a start between, the second has the limit that the first was within. */
Test(recovery_abstention, a_start_that_lost_a_batch_remembers_its_abstention_when_the_batch_before_is_lost_too_T11)
{
    struct store *store = timed_out();
    uint32_t segment = store->log.at.segment;
    struct seal_entry limit = store->log.table[store->log.table_count - 2];

    rot(store, store->log.at.segment, newest_batch(store));
    cr_assert_eq(store_recover(store), ERR_OK);
    int64_t abstain = store->outcome.position.capsule.abstain_view;
    cr_assert_geq(abstain, GIVEN_UP);
    store_start(store);
    store_run(store); /* nobody appends anything */
    rot(store, segment, limit);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.sign, SIGN_ABOVE_LIMIT);
    cr_assert_geq(store->outcome.position.capsule.abstain_view, abstain);
    store_close(store);
}

/* However often the newest batch rots behind a start, and whether or not it was the one that said so. */
Test(recovery_abstention, abstention_outlasts_the_loss_of_each_newest_batch_in_turn_T11)
{
    struct store *store = timed_out();
    int64_t abstain = GIVEN_UP;

    for (int life = 0; life < 8; life++) {
        rot(store, store->log.at.segment, newest_batch(store));
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store->outcome.sign, SIGN_ABOVE_LIMIT, "life %d", life);
        cr_assert_geq(store->outcome.position.capsule.abstain_view, abstain, "life %d", life);
        abstain = store->outcome.position.capsule.abstain_view;
        store_start(store);
        store_run(store);
    }
    store_close(store);
}

Test(recovery_abstention, a_start_appends_only_what_it_must_abstain_from_anew)
{
    struct store *store = timed_out();

    for (int life = 0; life < 4; life++) { /* all is well; a batch is lost; it was lost before; likewise */
        if (life == 1) {
            rot(store, store->log.at.segment, newest_batch(store));
        }
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store->outcome.sign, life == 0 ? SIGN_FREELY : SIGN_ABOVE_LIMIT);
        cr_assert_eq(store->outcome.position.abstains_anew, life == 1);
        store_start(store);
        store_run(store);
        cr_assert_eq(store->log.counters.batches, life == 1 ? 2 : 0, "life %d: the opening of a segment and one batch, or nothing", life);
        cr_assert_eq(store->log.counters.appends, life == 1 ? 1 : 0);
        cr_assert_eq(store->outcome.position.capsule.timeout_view, life == 0 ? GIVEN_UP : -1);
    }
    store_close(store);
}
