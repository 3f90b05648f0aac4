/* replica_repair_test.c: a committed block that the own log has lost comes back from others, and only the right one (S5). */
#include "consensus/replica_priv.h"
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

/* One member whose link comes and goes, as often as it likes, while nobody gives the block: each member's link is a reason to ask again once, so that the asking ends, and the
 * driver turns to the next piece. */
Test(replica_repair, a_link_that_flaps_makes_nobody_ask_for_ever)
{
    fill(5);
    kit.drop = drop_bundles;
    repair(1, 3);
    for (uint32_t i = 0; i < 10; i++) {
        cr_assert(cluster_kit_quiet(&kit, 600 * SECOND), "Q1: it falls silent");
        cluster_kit_step(&kit, 1, &(struct event){ .kind = EVENT_LINK, .link = { 2, false } });
        cluster_kit_step(&kit, 1, &(struct event){ .kind = EVENT_LINK, .link = { 2, true } });
    }
    cr_assert_eq(fetches, 2 * 64, "%u", fetches);
    cr_assert(replica_repair_ended(kit.nodes[1].replica));
    repair(1, 4);
    cr_assert(cluster_kit_quiet(&kit, 600 * SECOND));
    cr_assert_eq(fetches, 3 * 64, "each block has its own count");
    cluster_kit_step(&kit, 1, &(struct event){ .kind = EVENT_LINK, .link = { 2, false } });
    cluster_kit_step(&kit, 1, &(struct event){ .kind = EVENT_LINK, .link = { 2, true } });
    cr_assert(cluster_kit_quiet(&kit, 600 * SECOND));
    cr_assert_eq(fetches, 4 * 64, "and its own reasons");
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

/* put_slot puts a block that a node executed into a slot again, as one stays whose signatures were still being checked when others had it committed. */
static void put_slot(uint32_t node, uint64_t height)
{
    struct replica *r = kit.nodes[node].replica;
    const struct history_entry *entry = history_find(&r->history, height);
    struct block *block = blocks_new(&r->blocks, &entry->header, &entry->hash);

    cr_assert_eq(block, &r->blocks.slots[0]);
    for (uint32_t i = 0; i < kit.nodes[node].log_count; i++) {
        const struct cluster_record *record = &kit.nodes[node].log[i];
        if (record->kind == REPLICA_RECORD_PAYLOAD && hash_equal(&record->hash, &entry->hash)) {
            blocks_fill(&r->blocks, block, bytes_of(record->payload, record->size));
        }
    }
    cr_assert_eq(block_read(&r->blocks, block, &r->app, NULL), VERDICT_OK);
}

/* payload_again gives the bytes that a node appended for a block from log entry `from` on; NULL when there are none. */
static const struct cluster_record *payload_again(uint32_t node, uint32_t from, uint64_t height)
{
    for (uint32_t i = from; i < kit.nodes[node].log_count; i++) {
        const struct cluster_record *record = &kit.nodes[node].log[i];
        if (record->kind == REPLICA_RECORD_PAYLOAD && hash_equal(&record->hash, &kit.nodes[node].chain[height])) {
            return record;
        }
    }
    return NULL;
}

/* The leader has a slot that nothing else keeps, its only one, and commands that are due: the block that it proposes in the same step must not get that slot. */
Test(replica_repair, a_slot_whose_block_is_appended_again_is_nobody_elses_meanwhile_S5)
{
    cluster_kit_start(&kit, 4, 5000);
    for (uint64_t nonce = 1; nonce <= 3; nonce++) {
        cluster_kit_request(&kit, 0, 1, nonce);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    }
    cluster_kit_request(&kit, 0, 1, 4);
    cluster_kit_run(&kit, MS); /* its signature is checked */
    struct replica *r = kit.nodes[0].replica;
    uint32_t from = kit.nodes[0].log_count, slots = r->blocks.count;
    const struct cluster_record *before = payload_again(0, 0, 2);
    put_slot(0, 2);
    cr_assert_gt(replica_deadline_ns(r), kit.now_ns, "it waits for T to propose");
    cr_assert_leq(replica_deadline_ns(r), kit.now_ns + 5 * MS);
    kit.now_ns += 5 * MS;
    r->blocks.count = 1;
    repair(0, 2);
    r->blocks.count = slots;
    const struct cluster_record *again_now = payload_again(0, from, 2);
    cr_assert_not_null(again_now);
    cr_assert_eq(again_now->size, before->size, "S5");
    cr_assert_eq(memcmp(again_now->payload, before->payload, before->size), 0, "S5: the bytes of that block");
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(cluster_kit_agree(&kit), 4, "and life goes on");
    cr_assert_null(r->repair.slot);
    cluster_kit_close(&kit);
}

static struct { uint8_t body[65536]; uint32_t size, from; } late;

/* keep_first loses the first bundle, and keeps what it was. */
static bool keep_first(const struct cluster_message *message)
{
    if (message->type != MESSAGE_BUNDLE || late.size != 0) {
        return false;
    }
    cr_assert_leq(message->size, sizeof late.body);
    memcpy(late.body, message->body, message->size);
    late.size = message->size;
    late.from = message->from;
    return true;
}

/* The peer was slow, another gave the block, and the first is asked for something newer by then: its old answer is none to that question. */
Test(replica_repair, a_late_answer_costs_the_other_fetch_nothing_S2)
{
    fill(5);
    kit.drop = keep_first;
    repair(1, 3);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(replica_counters(kit.nodes[1].replica)->blocks_repaired, 1);
    cr_assert_gt(late.size, 0);
    cluster_kit_run(&kit, 3 * SECOND); /* it is put back no more */
    struct replica *r = kit.nodes[1].replica;
    r->fetch = (struct fetch){ .active = true, .peer = late.from, .height = r->history.high + 1, .hash = { { 7 } }, .deadline_ns = kit.now_ns + SECOND, .tries = 1,
        .proof = r->fetch.proof };
    uint64_t stale = replica_counters(r)->refused[VERDICT_STALE], put_back_ns = r->peers[late.from].put_back_ns;
    cluster_kit_step(&kit, 1, &(struct event){ .kind = EVENT_MESSAGE, .message = { late.from, MESSAGE_BUNDLE, bytes_of(late.body, late.size) } });
    cr_assert(r->fetch.active, "S2: the question still stands");
    cr_assert_eq(r->peers[late.from].put_back_ns, put_back_ns);
    cr_assert_eq(replica_counters(r)->refused[VERDICT_STALE], stale + 1);
    r->fetch.active = false;
    cluster_kit_close(&kit);
}
