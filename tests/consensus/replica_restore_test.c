/* replica_restore_test.c: what a replica finds in its log again, in whatever order records stand there, and how it comes back when they do not. */
#include "consensus/replica.h"

#include "tests/consensus/cluster_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static struct cluster_kit kit;

static void link_3(bool up)
{
    for (uint32_t i = 0; i < 3; i++) {
        kit.cut[3][i] = kit.cut[i][3] = !up;
        cluster_kit_step(&kit, i, &(struct event){ .kind = EVENT_LINK, .link = { 3, up } });
        cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_LINK, .link = { i, up } });
    }
}

/* start_in_view_1: in view 0 a block of no view looks like one of the present view. */
static void start_in_view_1(void)
{
    struct replica_status status;

    cluster_kit_start(&kit, 4, 0);
    cluster_kit_step(&kit, 0, &(struct event){ .kind = EVENT_DRAIN });
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    replica_status(kit.nodes[3].replica, &status);
    cr_assert_eq(status.view, 1);
}

/* commit_many commits so many commands, in blocks that follow each other closely. */
static void commit_many(uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cluster_kit_request(&kit, 1, first + i, 1);
        cluster_kit_run(&kit, 400000);
    }
}

/* lost_branch makes the record of a block that was logged once and never certified. */
static struct cluster_record lost_branch(uint64_t height, uint64_t view, uint32_t salt)
{
    static uint8_t bytes[4096];
    struct block_header header = { .height = height, .time_ms = kit.wall_ms + salt, .parent = kit_hash(salt), .payload_root = kit_hash(salt + 1), .commands_count = 1 };
    struct cluster_record record = { .kind = REPLICA_RECORD_BLOCK, .height = height, .view = view, .hash = block_hash(&header) };
    struct cert root;
    struct writer writer;

    cert_root(&root, 0, 0, &(struct hash32){ { 0 } }); /* it carries no certificate of its parent */
    writer_init(&writer, bytes, sizeof bytes);
    block_header_encode(&header, &writer);
    cert_encode(&root, &writer);
    cr_assert_not(writer.failed);
    record.size = (uint32_t)writer.offset;
    record.payload = malloc(record.size);
    cr_assert_not_null(record.payload);
    memcpy(record.payload, bytes, record.size);
    return record;
}

static void insert(struct cluster_node *node, uint32_t at, const struct cluster_record *record)
{
    cr_assert_lt(node->log_count, CLUSTER_LOG_MAX);
    memmove(&node->log[at + 1], &node->log[at], (node->log_count - at) * sizeof node->log[0]);
    node->log[at] = *record;
    node->log_count++;
}

static uint32_t place_of_block(const struct cluster_node *node, uint64_t height)
{
    for (uint32_t i = 0; i < node->log_count; i++) {
        if (node->log[i].kind == REPLICA_RECORD_BLOCK && node->log[i].height == height) {
            return i;
        }
    }
    cr_assert_fail("block %llu is not in the log", (unsigned long long)height);
    return 0;
}

/* A chain that was fetched stands in the log with its proof behind it and fills nearly every slot; branches that lost stand before it. */
Test(replica_restore, finds_a_fetched_chain_behind_branches_that_lost)
{
    start_in_view_1();
    commit_many(1, 3);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    uint64_t known = kit.nodes[3].executed;
    cr_assert_geq(known, 1);
    link_3(false);
    commit_many(10, 120);
    link_3(true);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    uint64_t before = kit.nodes[3].executed;
    cr_assert_eq(before, kit.nodes[1].executed);
    cr_assert_geq(before, known + 32);
    cluster_kit_crash(&kit, 3);
    for (uint32_t i = 0; i < 16; i++) {
        struct cluster_record record = lost_branch(known, 5 + i, 100 * i);
        insert(&kit.nodes[3], place_of_block(&kit.nodes[3], known + 1), &record);
    }
    for (uint32_t i = 0; i < 8; i++) { /* and some above it, of views that ended */
        struct cluster_record record = lost_branch(known + 2 + i, 3 + i, 5000 + 100 * i);
        insert(&kit.nodes[3], place_of_block(&kit.nodes[3], known + 1), &record);
    }
    for (uint32_t i = 0; i < 3; i++) { /* It comes back alone: what it has executed is what its log proves. */
        kit.cut[3][i] = kit.cut[i][3] = true;
    }
    cluster_kit_restart(&kit, 3);
    cr_assert_eq(kit.nodes[3].executed, before);
    cluster_kit_close(&kit);
}

static bool drop_rounds(const struct cluster_message *message)
{
    return message->type == MESSAGE_CERT || message->type == MESSAGE_COMMITVOTE;
}

/* Were a part of its log lost, what stands behind it would fill every slot and belong to nothing: it must make room and fetch. */
Test(replica_restore, fetches_what_is_missing_though_its_slots_are_full)
{
    start_in_view_1();
    kit.drop = drop_rounds; /* Blocks are committed by their children alone, so no record but theirs is behind the gap. */
    commit_many(1, 200);
    kit.drop = NULL;
    struct cluster_node *node = &kit.nodes[3];
    cluster_kit_crash(&kit, 3);
    cr_assert_geq(node->executed, 60);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < node->log_count; i++) {
        if (node->log[i].height > 3 && node->log[i].height < 40) {
            free(node->log[i].payload);
        } else {
            node->log[kept++] = node->log[i];
        }
    }
    node->log_count = kept;
    cluster_kit_restart(&kit, 3);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(node->executed, kit.nodes[1].executed, "J6: %llu of %llu", (unsigned long long)node->executed, (unsigned long long)kit.nodes[1].executed);
    cluster_kit_agree(&kit);
    cluster_kit_close(&kit);
}

/* K2: the certificate that its last append promised may go with the log below a snapshot; the newer one that it holds, and promises with that append, stands behind it. */
Test(replica_restore, appends_behind_a_snapshot_the_newest_certificate_that_it_knows_K2)
{
    struct ballot ballot = { VOTE_FOLLOWING, 0, { 0, 1 }, { { 7 } } };
    static struct message message;

    cluster_kit_start(&kit, 4, 0);
    cr_assert(cluster_kit_quiet(&kit, SECOND));
    struct hash32 chain = block_hash(&kit.genesis), digest = ballot_digest(&chain, &ballot);
    message = (struct message){ .type = MESSAGE_QC, .cert = { .ballot = ballot } };
    message.cert.signers.members = member_set_all(3);
    for (uint32_t member = 0; member < 3; member++) {
        cluster_kit_sign(&kit, member, &digest, message.cert.signers.signatures[member]);
    }
    cluster_kit_inject(&kit, 0, 3, &message);
    cluster_kit_run(&kit, 10000000);
    cr_assert_eq(kit.nodes[3].log_count, 0, "it was told, and has promised nothing");
    cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_SNAPSHOT });
    cluster_kit_run(&kit, 10000000);
    cr_assert_eq(kit.nodes[3].log_count, 1);
    cr_assert_eq(kit.nodes[3].log[0].kind, REPLICA_RECORD_CERTIFICATE);
    cr_assert_eq(kit.nodes[3].state.high.height, 1, "I6");
    cluster_kit_close(&kit);
}
