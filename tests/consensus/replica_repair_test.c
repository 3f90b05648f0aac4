/* replica_repair_test.c: a committed block that the own log has lost comes back from others, and only the right one (S5). */
#include "tests/consensus/cluster_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)

static struct cluster_kit kit;
static uint32_t spoiled, fetches;

static void fill(uint64_t blocks)
{
    cluster_kit_start(&kit, 4, 0);
    for (uint64_t nonce = 1; nonce <= blocks; nonce++) {
        cluster_kit_request(&kit, 0, 1, nonce);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    }
    cr_assert_eq(kit.nodes[1].executed, blocks);
    fetches = spoiled = 0;
}

static void repair(uint32_t node, uint64_t height) { cluster_kit_step(&kit, node, &(struct event){ .kind = EVENT_REPAIR, .repair = { height } }); }

/* again counts records of a kind at a height that a node appended from log entry `from` on. */
static uint32_t again(uint32_t node, uint32_t from, uint8_t kind, uint64_t height)
{
    uint32_t count = 0;

    for (uint32_t i = from; i < kit.nodes[node].log_count; i++) {
        const struct cluster_record *record = &kit.nodes[node].log[i];
        count += record->kind == kind && record->height == height && hash_equal(&record->hash, &kit.nodes[node].chain[height]);
    }
    return count;
}

static bool count_fetches(const struct cluster_message *message)
{
    fetches += message->type == MESSAGE_FETCH;
    return false;
}

static bool drop_bundles(const struct cluster_message *message)
{
    fetches += message->type == MESSAGE_FETCH;
    return message->type == MESSAGE_BUNDLE;
}

/* spoil changes the last byte of a bundle: of the body. */
static void spoil(struct cluster_message *message)
{
    if (message->type == MESSAGE_BUNDLE && spoiled < 2) {
        message->body[message->size - 1] ^= 1;
        spoiled++;
    }
}

Test(replica_repair, a_lost_block_is_fetched_from_one_peer_and_appended_once)
{
    fill(5);
    uint32_t from = kit.nodes[1].log_count;
    kit.drop = count_fetches;
    repair(1, 3);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(fetches, 1, "S5");
    cr_assert_eq(again(1, from, REPLICA_RECORD_BLOCK, 3), 1);
    cr_assert_eq(again(1, from, REPLICA_RECORD_PAYLOAD, 3), 1);
    cr_assert_eq(kit.nodes[1].log_count, from + 2);
    cr_assert_eq(replica_counters(kit.nodes[1].replica)->blocks_repaired, 1);
    cluster_kit_request(&kit, 0, 1, 6);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(cluster_kit_agree(&kit), 6, "and life goes on");
    cluster_kit_close(&kit);
}

Test(replica_repair, a_wrong_body_is_refused_and_the_next_peer_asked)
{
    fill(5);
    uint32_t from = kit.nodes[1].log_count;
    kit.drop = count_fetches;
    kit.tamper = spoil;
    repair(1, 3);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(spoiled, 2);
    cr_assert_eq(fetches, 3, "S5");
    cr_assert_eq(again(1, from, REPLICA_RECORD_PAYLOAD, 3), 1);
    cluster_kit_close(&kit);
}

Test(replica_repair, silent_peers_end_it_and_a_link_begins_it_again)
{
    fill(5);
    uint32_t from = kit.nodes[1].log_count;
    kit.drop = drop_bundles;
    repair(1, 3);
    cr_assert(cluster_kit_quiet(&kit, 600 * SECOND), "Q1: it falls silent");
    cr_assert_eq(fetches, 64);
    cr_assert(replica_repair_ended(kit.nodes[1].replica));
    cr_assert_eq(kit.nodes[1].log_count, from);
    kit.drop = NULL;
    cluster_kit_step(&kit, 1, &(struct event){ .kind = EVENT_LINK, .link = { 2, false } });
    cluster_kit_step(&kit, 1, &(struct event){ .kind = EVENT_LINK, .link = { 2, true } });
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_not(replica_repair_ended(kit.nodes[1].replica));
    cr_assert_eq(again(1, from, REPLICA_RECORD_PAYLOAD, 3), 1);
    cluster_kit_close(&kit);
}

Test(replica_repair, what_is_not_committed_is_not_asked_for_and_a_note_is_an_append_of_its_own)
{
    fill(2);
    uint32_t from = kit.nodes[1].log_count;
    uint64_t lsn = kit.nodes[1].lsn;
    struct hash32 hash;
    kit.drop = count_fetches;
    repair(1, 9);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(fetches, 0);
    cr_assert_not(replica_committed(kit.nodes[1].replica, 9, &hash));
    cr_assert(replica_committed(kit.nodes[1].replica, 2, &hash));
    repair(1, 0);
    cr_assert_eq(kit.nodes[1].lsn, lsn + 1);
    cr_assert_eq(kit.nodes[1].log_count, from, "the driver adds the note");
    cluster_kit_close(&kit);
}
