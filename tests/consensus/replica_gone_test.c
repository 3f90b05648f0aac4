/* replica_gone_test.c: whoever is asked for blocks that it has not says so, and the next member is asked at once, for as long as there is hope (S2, S3, S5). */
#include "tests/consensus/cluster_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define BLOCKS 40u /* more than there are slots: what is old is in the log alone */

static struct cluster_kit kit;
static uint32_t fetches, gones;
static struct message_gone told;

static bool look(const struct cluster_message *message)
{
    static struct message decoded;

    fetches += message->type == MESSAGE_FETCH;
    if (message->type == MESSAGE_GONE && message_decode(&decoded, message->type, bytes_of(message->body, message->size)) == VERDICT_OK) {
        told = decoded.gone;
        gones++;
    }
    return false;
}

static void setup(void)
{
    cluster_kit_start(&kit, 4, 0);
    for (uint64_t nonce = 1; nonce <= BLOCKS; nonce++) {
        cluster_kit_request(&kit, 0, 1, nonce);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    }
    cr_assert_eq(kit.nodes[1].executed, BLOCKS);
    kit.drop = look;
    fetches = gones = 0;
}

static void teardown(void) { cluster_kit_close(&kit); }

TestSuite(replica_gone, .init = setup, .fini = teardown);

/* forget_record takes a record about a block out of a member's log. */
static void forget_record(uint32_t node, uint8_t kind, uint64_t height)
{
    for (uint32_t i = 0; i < kit.nodes[node].log_count; i++) {
        struct cluster_record *record = &kit.nodes[node].log[i];
        if (record->kind == kind && record->height == height) {
            record->height = record->kind = 0;
            memset(record->hash.bytes, 0, HASH_BYTES);
        }
    }
}

/* forget takes the body of a block out of a member's log. */
static void forget(uint32_t node, uint64_t height) { forget_record(node, REPLICA_RECORD_PAYLOAD, height); }

static void repair(uint32_t node, uint64_t height) { cluster_kit_step(&kit, node, &(struct event){ .kind = EVENT_REPAIR, .repair = { height } }); }

static uint64_t repaired(uint32_t node) { return replica_counters(kit.nodes[node].replica)->blocks_repaired; }

Test(replica_gone, every_question_for_blocks_that_are_not_there_is_answered)
{
    static const struct { bool chain; uint64_t height, from_height; uint8_t hash; bool old; const char *why; } rows[] = {
        { true, 60, 50, 0, false, "it is behind itself" },
        { true, 9, 3, 0, true, "block 3 left its log" },
        { false, 3, 0, 0, false, "block 3 left its log" },
        { false, 12, 0, 1, false, "no block has this name" },
    };

    forget(1, 3);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct message message;
        message.type = MESSAGE_FETCH;
        message.fetch = (struct message_fetch){ .chain = rows[i].chain, .height = rows[i].height, .from_height = rows[i].from_height };
        message.fetch.hash = rows[i].chain ? message.fetch.hash : kit.nodes[1].chain[rows[i].height];
        message.fetch.hash.bytes[0] ^= rows[i].hash;
        gones = 0;
        cluster_kit_inject(&kit, 3, 1, &message);
        cluster_kit_run(&kit, 10 * MS);
        cr_assert_eq(gones, 1, "S3: %s", rows[i].why);
        cr_assert_eq(told.height, rows[i].chain ? rows[i].from_height : rows[i].height, "%s", rows[i].why);
        cr_assert_eq(told.old, rows[i].old, "%s", rows[i].why);
    }
}

/* Whoever asks for more than its ration waits, and the status says who, and how often that happened. */
Test(replica_gone, a_question_beyond_the_ration_waits_and_the_status_says_so_S2)
{
    struct replica_status status;
    static struct message message;

    uint32_t asked = 0;
    message.type = MESSAGE_FETCH;
    message.fetch = (struct message_fetch){ .chain = true, .height = 9, .from_height = 3 };
    while (asked < 1000 && replica_counters(kit.nodes[1].replica)->fetches_rationed == 0) { /* faster than tokens come: one in 2 ms */
        replica_status(kit.nodes[1].replica, &status);
        cr_assert_eq(member_set_count(&status.rationed), 0, "question %u", asked);
        cluster_kit_inject(&kit, 3, 1, &message);
        cluster_kit_run(&kit, MS / 4);
        asked++;
    }
    cr_assert_geq(asked, 64, "as many tokens lie ready");
    cr_assert_lt(asked, 1000);
    replica_status(kit.nodes[1].replica, &status);
    cr_assert(member_set_has(&status.rationed, 3));
    cluster_kit_run(&kit, 100 * MS);
    replica_status(kit.nodes[1].replica, &status);
    cr_assert_eq(member_set_count(&status.rationed), 0, "a token came");
    cr_assert_eq(replica_counters(kit.nodes[1].replica)->fetches_rationed, 1);
}

/* Two of three have it no more: the third is asked before anybody's silence could have been noticed. */
Test(replica_gone, the_next_member_is_asked_at_once)
{
    forget(2, 3);
    forget(3, 3);
    repair(1, 3);
    cluster_kit_run(&kit, 100 * MS);
    cr_assert_eq(gones, 2);
    cr_assert_eq(fetches, 3, "S2: each once");
    cr_assert_eq(repaired(1), 1, "S5");
}

/* Nobody has it: all are asked again, less and less often, and the asking ends; a link begins it anew. */
Test(replica_gone, what_nobody_has_is_asked_for_in_rounds_that_end)
{
    for (uint32_t node = 0; node < 4; node++) {
        if (node != 1) {
            forget(node, 3);
        }
    }
    repair(1, 3);
    cluster_kit_run(&kit, SECOND);
    cr_assert_geq(fetches, 6, "a second round within a second");
    cr_assert_leq(fetches, 12, "and no storm: %u", fetches);
    cr_assert(cluster_kit_quiet(&kit, 600 * SECOND), "Q1: it falls silent");
    cr_assert_eq(fetches, 64 * 3, "Q1: 64 rounds of three, not %u", fetches);
    cr_assert(replica_repair_ended(kit.nodes[1].replica));
    cluster_kit_step(&kit, 1, &(struct event){ .kind = EVENT_LINK, .link = { 2, false } });
    cluster_kit_step(&kit, 1, &(struct event){ .kind = EVENT_LINK, .link = { 2, true } });
    cluster_kit_run(&kit, SECOND);
    cr_assert_gt(fetches, 64 * 3);
}

/* Two blocks at once that nobody has: the newest one, and one that rotted. What a member said of the one must not make it be asked for the other again (Q1). */
Test(replica_gone, two_blocks_that_nobody_has_are_asked_for_in_rounds_that_end)
{
    cluster_kit_crash(&kit, 1);
    cluster_kit_request(&kit, 0, 1, BLOCKS + 1);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    for (uint32_t node = 0; node < 4; node++) {
        if (node != 1) {
            forget(node, 3);
            forget(node, BLOCKS + 1);
        }
    }
    cluster_kit_restart(&kit, 1);
    repair(1, 3);
    fetches = 0;
    cluster_kit_run(&kit, SECOND);
    cr_assert_geq(fetches, 12, "S2, S5: two rounds for each: %u", fetches);
    cr_assert_leq(fetches, 24, "and no storm: %u", fetches);
    cluster_kit_run(&kit, 600 * SECOND);
    cr_assert(replica_repair_ended(kit.nodes[1].replica), "Q1");
    cr_assert_leq(fetches, 2 * 64 * 3 + 3 * 8, "Q1: %u questions", fetches);
}

/* f + 1 members have the next block no more, and perhaps there is a snapshot; but the third has it, and is asked as well. */
Test(replica_gone, whoever_has_them_is_asked_while_a_snapshot_is_looked_for)
{
    cluster_kit_crash(&kit, 3);
    for (uint64_t nonce = BLOCKS + 1; nonce <= BLOCKS + 30; nonce++) {
        cluster_kit_request(&kit, 0, 1, nonce);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    }
    forget(0, BLOCKS + 1);
    forget(1, BLOCKS + 1);
    kit.cut[3][2] = kit.cut[2][3] = true;
    cluster_kit_restart(&kit, 3);
    cluster_kit_request(&kit, 0, 1, BLOCKS + 31);
    cluster_kit_run(&kit, 500 * MS);
    cr_assert(replica_wants_snapshot(kit.nodes[3].replica), "S3: f + 1 said that it left their logs");
    kit.cut[3][2] = kit.cut[2][3] = false;
    cluster_kit_run(&kit, 5 * SECOND);
    cr_assert_eq(kit.nodes[3].executed, BLOCKS + 31, "S3");
    (void)cluster_kit_agree(&kit);
}

/* Only one member is linked, and its log begins above: one is not f + 1, so no snapshot is looked for. Thirty blocks have no place beside each other, so single ones lead nowhere. */
Test(replica_gone, single_blocks_that_nothing_could_link_are_not_asked_for_J6)
{
    struct replica_status status;

    cluster_kit_crash(&kit, 3);
    for (uint64_t nonce = BLOCKS + 1; nonce <= BLOCKS + 30; nonce++) {
        cluster_kit_request(&kit, 0, 1, nonce);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    }
    forget(2, BLOCKS + 1);
    cluster_kit_restart(&kit, 3);
    for (uint32_t node = 0; node < 2; node++) {
        kit.cut[3][node] = kit.cut[node][3] = true;
        cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_LINK, .link = { node, false } });
    }
    fetches = gones = 0;
    cluster_kit_request(&kit, 0, 1, BLOCKS + 31);
    cluster_kit_run(&kit, 2 * SECOND);
    replica_status(kit.nodes[3].replica, &status);
    cr_assert_eq(status.catch_up, CATCH_UP_GONE, "S3: %s", catch_up_text(status.catch_up));
    cr_assert_leq(fetches, 4, "S2: %u questions", fetches);
    cr_assert_geq(gones, 1);
    for (uint32_t node = 0; node < 2; node++) {
        kit.cut[3][node] = kit.cut[node][3] = false;
        cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_LINK, .link = { node, true } });
    }
    cluster_kit_run(&kit, 5 * SECOND);
    cr_assert_eq(kit.nodes[3].executed, BLOCKS + 31, "S2: whoever is linked anew has the chain");
    (void)cluster_kit_agree(&kit);
}

/* transfer_of_3: what a transfer to member 3 is made of. */
static bool transfer_of_3(const struct cluster_message *lost)
{
    return (lost->type == MESSAGE_FETCH && lost->from == 3) || ((lost->type == MESSAGE_BUNDLE || lost->type == MESSAGE_GONE) && lost->to == 3);
}

/* One member is dead, so the others need member 3, and it lacks the newest block. It has asked in vain so often that it asks no more, and no link breaks. The chain cannot
 * go on without it, so no certificate of a greater height will come: a view that ends must do. */
Test(replica_gone, a_view_that_ends_begins_the_asking_again)
{
    cluster_kit_crash(&kit, 3);
    cluster_kit_request(&kit, 0, 1, BLOCKS + 1);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(kit.nodes[1].executed, BLOCKS + 1);
    cluster_kit_crash(&kit, 2);
    kit.drop = transfer_of_3;
    cluster_kit_restart(&kit, 3);
    cluster_kit_run(&kit, 400 * SECOND);
    struct replica_status status;
    replica_status(kit.nodes[3].replica, &status);
    cr_assert_eq(status.catch_up, CATCH_UP_GIVEN_UP, "S2: %s", catch_up_text(status.catch_up));
    kit.drop = NULL;
    cluster_kit_request(&kit, 0, 1, BLOCKS + 2);
    cluster_kit_run(&kit, 120 * SECOND);
    cr_assert_eq(cluster_kit_agree(&kit), BLOCKS + 2, "S2, J2: three of four are well");
}

static bool bundle_to_1(const struct cluster_message *lost) { return lost->type == MESSAGE_BUNDLE && lost->to == 1; }

/* Member 1 leads view 1 and lacks the newest block, so it times its view out alone: nobody else has anything to do. Were it to stay, the next command would wait for a time (J4). */
Test(replica_gone, a_leader_that_timed_its_view_out_alone_gives_it_up_T4)
{
    struct replica_status status;

    cluster_kit_crash(&kit, 1);
    cluster_kit_request(&kit, 0, 1, BLOCKS + 1);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    kit.drop = bundle_to_1;
    cluster_kit_restart(&kit, 1);
    cluster_kit_step(&kit, 0, &(struct event){ .kind = EVENT_DRAIN });
    cluster_kit_run(&kit, 100 * MS);
    replica_status(kit.nodes[2].replica, &status);
    cr_assert_eq(status.view, 1);
    cr_assert_lt(status.timeout_view, 1);
    cluster_kit_run(&kit, 20 * SECOND);
    replica_status(kit.nodes[2].replica, &status);
    cr_assert_geq(status.view, 2, "T4, T7");
    cluster_kit_request(&kit, 2, 1, BLOCKS + 2);
    cluster_kit_run(&kit, 50 * MS);
    cr_assert_eq(kit.nodes[2].executed, BLOCKS + 2, "J4: at once");
}

/* The log of member 3 lacks its first block, and the sixteen behind it fill its slots: a single block is given a place by one of them, and so is the chain that proves them (J6). */
Test(replica_place, blocks_that_fill_all_slots_make_room_for_the_one_that_links_them, .fini = teardown)
{
    enum { ALL = 17 };

    cluster_kit_start(&kit, 4, 0);
    for (uint64_t nonce = 1; nonce <= ALL; nonce++) {
        cluster_kit_request(&kit, 0, 1, nonce);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    }
    cluster_kit_crash(&kit, 3);
    forget_record(3, REPLICA_RECORD_BLOCK, 1);
    forget_record(3, REPLICA_RECORD_PAYLOAD, 1);
    cluster_kit_restart(&kit, 3);
    cr_assert_eq(kit.nodes[3].executed, 0);
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(kit.nodes[3].executed, ALL, "J6: not %llu", (unsigned long long)kit.nodes[3].executed);
}

/* cert loses what asks for commit votes: blocks are committed by their children alone. */
static bool cert(const struct cluster_message *lost) { return look(lost) || lost->type == MESSAGE_CERT; }

/* Likewise, and the chain goes on meanwhile: its certified tip found no place, and the next proposal takes the last one. What leads to the block that is proved committed keeps its
 * places though the newest certificate leads nowhere: block 1 comes once, and block 2 is not let go for it. */
Test(replica_place, blocks_below_a_proof_are_not_put_in_each_others_place_J6, .fini = teardown)
{
    enum { ALL = 18 };

    cluster_kit_start(&kit, 4, 0);
    kit.drop = cert;
    for (uint64_t nonce = 1; nonce < ALL; nonce++) {
        cluster_kit_request(&kit, 0, 1, nonce);
        cluster_kit_run(&kit, 2 * MS);
    }
    cr_assert_eq(kit.nodes[0].executed, ALL - 2);
    cluster_kit_crash(&kit, 3);
    forget_record(3, REPLICA_RECORD_PAYLOAD, 1);
    fetches = 0;
    cluster_kit_request(&kit, 0, 1, ALL); /* its proposal comes before the answer to the first question */
    cluster_kit_restart(&kit, 3);
    cluster_kit_run(&kit, 100 * MS);
    cr_assert_eq(kit.nodes[3].executed, ALL - 2, "J6: what is proved to it, not %llu", (unsigned long long)kit.nodes[3].executed);
    cr_assert_leq(fetches, 2, "S1: %u questions", fetches);
    (void)cluster_kit_agree(&kit);
}
