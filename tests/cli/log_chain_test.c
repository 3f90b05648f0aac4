/* log_chain_test.c: the chain is followed down from the newest certificate, or from the last vote that extends it; branches that lost, gaps and rot are told apart. */
#include "cli/log_chain.h"

#include "storage/batch.h"
#include "storage/segment.h"
#include "storage/superblock.h"
#include "tests/cli/cli_kit.h"
#include "wire/commit_proof.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SEGMENT_BLOCKS = 64 };

static char root[512];
static struct superblock superblock;
static uint8_t segment[SEGMENT_BLOCKS * DISK_BLOCK];
static uint8_t batch[4 * DISK_BLOCK];
static uint32_t used;        /* bytes of records */
static struct capsule capsule;
static struct args args;
static struct store_view view;
static struct log_chain chain;

static void put(const char *name, off_t at, const void *data, size_t size)
{
    char path[640];

    snprintf(path, sizeof path, "%s/%s", root, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(pwrite(fd, data, size, at), (ssize_t)size);
    close(fd);
}

static void write_superblock(void)
{
    uint8_t block[DISK_BLOCK];

    for (uint32_t copy = 0; copy < SUPERBLOCK_COPIES; copy++) {
        superblock_encode(&superblock, copy, block);
        put("superblock", (off_t)copy * DISK_BLOCK, block, DISK_BLOCK);
    }
}

static void begin(void)
{
    struct datadir dir;

    snprintf(root, sizeof root, "%s/store", kit_directory());
    cr_assert_eq(datadir_open(&dir, root, true, true), ERR_OK);
    cr_assert_eq(datadir_format(&dir), ERR_OK);
    datadir_close(&dir);
    superblock = (struct superblock){ .version = FORMAT_VERSION, .sequence = 1, .segment_bytes = sizeof segment, .first_segment = 1 };
    write_superblock();
    capsule_init(&capsule);
    args.program = &command_ward;
    args.spec = &command_table[0];
}

static void add_record(uint8_t kind, uint64_t height, const struct hash32 *hash, const void *data, uint32_t size)
{
    struct record_head head = { .kind = kind, .height = height, .hash = *hash, .bytes = size, .bytes_total = size };
    uint8_t *at = batch + batch_body_offset(2) + used;

    memcpy(at + RECORD_HEAD_BYTES, data, size);
    head.payload_sum = record_payload_sum(at + RECORD_HEAD_BYTES, size);
    record_head_encode(&head, at);
    used += record_span(size);
}

/* add_justified adds header and body of a block; its body is one byte, `tag`. justify: the certificate of its parent, NULL: none. Gives: its hash. */
static struct hash32 add_justified(uint64_t height, const struct hash32 *parent, uint8_t tag, const struct cert *justify)
{
    struct block_header header = { .height = height, .time_ms = 1000 * height + tag, .parent = *parent };
    uint8_t bytes[BLOCK_HEADER_BYTES + CERT_BYTES_MAX];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    block_header_encode(&header, &writer);
    if (justify != NULL) {
        cert_encode(justify, &writer);
    }
    struct hash32 hash = block_hash(&header);
    add_record(RECORD_BLOCK, height, &hash, bytes, (uint32_t)writer.offset);
    add_record(RECORD_PAYLOAD, height, &hash, &tag, 1);
    return hash;
}

static struct hash32 add_block(uint64_t height, const struct hash32 *parent, uint8_t tag) { return add_justified(height, parent, tag, NULL); }

static struct cert cert_of(uint64_t in_view, uint64_t height, const struct hash32 *block)
{
    struct cert cert = { .ballot = { VOTE_FOLLOWING, 0, { in_view, height }, *block } };

    for (uint32_t i = 0; i < 3; i++) {
        signers_add(&cert.signers, i, (const uint8_t[64]){ 1 });
    }
    return cert;
}

/* add_certificate adds a record of a kind that holds a certificate. */
static void add_certificate(enum certificate_record which, const struct cert *cert)
{
    static struct timeout_cert tc;
    static struct commit_proof proof;
    uint8_t bytes[3 * DISK_BLOCK];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    write_u8(&writer, (uint8_t)which);
    switch (which) {
    case CERTIFICATE_QC:
        cert_encode(cert, &writer);
        break;
    case CERTIFICATE_TC:
        tc = (struct timeout_cert){ .view = cert->ballot.rank.view, .signers = cert->signers, .high = *cert };
        timeout_cert_encode(&tc, &writer);
        break;
    case CERTIFICATE_PROOF:
        proof = (struct commit_proof){ .first = *cert };
        proof.first.ballot.kind = VOTE_COMMIT;
        commit_proof_encode(&proof, &writer);
        break;
    }
    cr_assert_not(writer.failed);
    add_record(RECORD_CERTIFICATE, cert->ballot.rank.height, &cert->ballot.block, bytes, (uint32_t)writer.offset);
}

static int write_and_read(void)
{
    struct segment_head head = { .segment = 1, .segment_bytes = sizeof segment, .first_batch = 1, .salt = segment_salt(superblock.instance, 1) };
    struct batch_head batch_head = { .number = 1, .lsn = 1, .segment = 1, .body_bytes = used, .capsule = capsule };

    segment_head_encode(&head, segment);
    segment_head_encode(&head, segment + DISK_BLOCK);
    batch_finish(&batch_head, batch_seed(head.salt, SEGMENT_HEAD_BLOCKS), batch);
    memcpy(segment + SEGMENT_HEAD_BLOCKS * DISK_BLOCK, batch, (size_t)batch_head.blocks * DISK_BLOCK);
    put("log/0000000001.seg", 0, segment, sizeof segment);
    cr_assert_eq(store_view_open(&args, &view, root, true), EXIT_FINE);
    return log_chain_read(&args, &view, &chain);
}

struct bodies {
    uint8_t tags[16];
    uint32_t count;
};

static bool collect(void *context, const struct block_header *header, const struct hash32 *hash, struct bytes body)
{
    struct bodies *bodies = context;
    struct hash32 own = block_hash(header);

    cr_assert(hash_equal(&own, hash));
    cr_assert_eq(body.size, 1);
    bodies->tags[bodies->count++] = body.data[0];
    return true;
}

static void end(void)
{
    log_chain_close(&chain);
    store_view_close(&view);
}

Test(log_chain, the_branch_of_the_last_vote_counts_and_bodies_come_in_order)
{
    static const struct hash32 genesis = { { 1 } };
    struct bodies bodies = { .count = 0 };
    struct log_chain_visitor visitor = { &bodies, collect };
    uint64_t reached;

    begin();
    struct hash32 one = add_block(1, &genesis, 11), two = add_block(2, &one, 12);
    (void)add_block(2, &one, 22); /* of a branch that lost, though it came later */
    struct hash32 three = add_block(3, &two, 13);
    capsule.committed_height = 2;
    capsule.vote_kind = 1;
    capsule.vote_height = 3;
    capsule.vote_hash = three;
    cr_assert_eq(write_and_read(), EXIT_FINE);
    cr_assert_eq(chain.height, 3);
    cr_assert_eq(chain.committed_height, 2);
    cr_assert_eq(log_chain_walk(&args, &view, &chain, 1, &visitor, &reached), EXIT_FINE);
    cr_assert_eq(reached, 3);
    cr_assert_eq(bodies.count, 3);
    cr_assert_eq(bodies.tags[0], 11);
    cr_assert_eq(bodies.tags[1], 12);
    end();
}

/* It voted for a block in view 0, which was given up; the others committed another one in view 1, and it learned that from them. */
Test(log_chain, a_vote_for_a_block_that_lost_does_not_say_which_chain)
{
    static const struct hash32 genesis = { { 1 } };
    static const enum certificate_record kinds[] = { CERTIFICATE_QC, CERTIFICATE_TC, CERTIFICATE_PROOF };

    begin();
    for (uint32_t i = 0; i <= 3; i++) { /* 3: the certificate stands behind the header of a child */
        used = 0;
        memset(batch, 0, sizeof batch);
        struct hash32 one = add_block(1, &genesis, 11), won = add_block(2, &one, 22), lost = add_block(2, &one, 12);
        struct cert old = cert_of(0, 2, &lost), cert = cert_of(1, 2, &won);
        if (i < 3) {
            add_certificate(kinds[i], &cert);
        } else {
            (void)add_justified(3, &won, 23, &cert);
        }
        add_certificate(CERTIFICATE_QC, &old); /* of a lower rank, though it came last */
        capsule.committed_height = capsule.vote_height = 2;
        capsule.vote_kind = VOTE_FOLLOWING;
        capsule.vote_hash = lost;
        cr_assert_eq(write_and_read(), EXIT_FINE);
        cr_assert_eq(chain.height, 2);
        cr_assert(hash_equal(&chain.hashes[2], &won), "%u", i);
        end();
    }
}

Test(log_chain, a_vote_above_the_newest_certificate_counts)
{
    static const struct hash32 genesis = { { 1 } };

    begin();
    struct hash32 one = add_block(1, &genesis, 11);
    (void)add_block(1, &genesis, 21);
    struct cert cert = cert_of(0, 1, &one);
    struct hash32 two = add_justified(2, &one, 12, &cert), three = add_block(3, &two, 13);
    capsule.committed_height = 1;
    capsule.vote_kind = VOTE_FOLLOWING;
    capsule.vote_height = 3;
    capsule.vote_hash = three;
    cr_assert_eq(write_and_read(), EXIT_FINE);
    cr_assert_eq(chain.height, 3);
    cr_assert(hash_equal(&chain.hashes[1], &one));
    end();
}

Test(log_chain, bodies_that_lie_out_of_order_take_another_pass)
{
    static const struct hash32 genesis = { { 1 } };
    struct bodies bodies = { .count = 0 };
    struct log_chain_visitor visitor = { &bodies, collect };
    struct block_header header = { .height = 1, .time_ms = 1011, .parent = genesis };
    struct hash32 one = block_hash(&header);
    uint64_t reached;

    begin();
    (void)add_block(2, &one, 12);
    struct hash32 first = add_block(1, &genesis, 11);
    cr_assert(hash_equal(&first, &one));
    capsule.committed_height = 2;
    cr_assert_eq(write_and_read(), EXIT_FINE);
    cr_assert_eq(log_chain_walk(&args, &view, &chain, 1, &visitor, &reached), EXIT_FINE);
    cr_assert_eq(reached, 2);
    cr_assert_eq(bodies.tags[1], 12);
    end();
}

Test(log_chain, a_block_that_is_missing_below_is_an_integrity_failure)
{
    static const struct hash32 genesis = { { 1 } }, unknown = { { 2 } };

    begin();
    (void)add_block(1, &genesis, 11);
    (void)add_block(3, &unknown, 13);
    capsule.committed_height = 3;
    cr_assert_eq(write_and_read(), EXIT_INTEGRITY);
    end();
}

/* The blocks up to height 4 went when a snapshot of height 5 had been made. */
Test(log_chain, a_log_that_begins_behind_a_snapshot_is_no_integrity_failure)
{
    static const struct hash32 gone = { { 4 } };
    struct bodies bodies = { .count = 0 };
    struct log_chain_visitor visitor = { &bodies, collect };
    uint64_t reached;

    begin();
    superblock.checkpoint_height = 5;
    write_superblock();
    struct hash32 five = add_block(5, &gone, 15), six = add_block(6, &five, 16);
    (void)add_block(7, &six, 17);
    capsule.committed_height = 7;
    cr_assert_eq(write_and_read(), EXIT_FINE);
    cr_assert_eq(chain.low, 5);
    cr_assert_eq(chain.height, 7);
    cr_assert_eq(log_chain_walk(&args, &view, &chain, 6, &visitor, &reached), EXIT_FINE);
    cr_assert_eq(reached, 7);
    cr_assert_eq(bodies.tags[0], 16);
    end();
    cr_assert_eq(kit_run(kit_directory(), "ward inspect block %s/store --height 5"), EXIT_FINE);
    cr_assert_eq(kit_run(kit_directory(), "ward inspect block %s/store"), EXIT_FINE);
    cr_assert_eq(kit_run(kit_directory(), "ward inspect block %s/store --height 4"), EXIT_NO);
    cr_assert_eq(kit_run(kit_directory(), "ward inspect block %s/store --height 8"), EXIT_NO);
}

Test(log_chain, a_store_that_has_nothing_but_a_snapshot_is_no_integrity_failure)
{
    begin();
    superblock.checkpoint_height = 5;
    write_superblock();
    capsule.committed_height = 5;
    cr_assert_eq(write_and_read(), EXIT_FINE);
    cr_assert_eq(chain.low, 0);
    end();
    cr_assert_eq(kit_run(kit_directory(), "ward inspect block %s/store"), EXIT_NO);
}

/* The first block above the snapshot counts. */
Test(log_chain, a_block_that_is_missing_above_the_snapshot_is_an_integrity_failure)
{
    static const struct hash32 gone = { { 6 } };

    begin();
    superblock.checkpoint_height = 5;
    write_superblock();
    (void)add_block(7, &gone, 17);
    capsule.committed_height = 7;
    cr_assert_eq(write_and_read(), EXIT_INTEGRITY);
    end();
}
