/* givers.c: see givers.h. */
#include "sim/oracle/givers.h"

#include "base/assert.h"
#include "sim/oracle/oracle.h"

#include <stdlib.h>

#define LATE_NS UINT64_C(60000000)     /* S2: 50 ms on the clock of the asker */
#define SPELL_NS UINT64_C(500000000)   /* whoever asks for nothing for so long had all, and lags anew */
#define SCANTY_MAX 5u                  /* the order in which members are asked moves with the view */
#define FAR 8u                         /* S2: blocks that are left to be given */
#define FULL_BYTES (UINT32_C(1) << 20) /* no answer need hold more */
#define FED_NS UINT64_C(60000000000)   /* S3: twice the time that a fetch is kept up for */

void givers_init(struct givers *givers, uint32_t seats, struct failure *failure)
{
    *givers = (struct givers){ .failure = failure, .seats = calloc(seats, sizeof *givers->seats), .count = seats };
    ASSERT(givers->seats != NULL);
}

void givers_close(struct givers *givers)
{
    free(givers->seats);
    *givers = (struct givers){ .failure = NULL };
}

/* seat_of gives a server, which begins anew with each life. */
static struct givers_seat *seat_of(struct givers *givers, const struct givers_moment *at)
{
    ASSERT(at->seat < givers->count);
    struct givers_seat *seat = &givers->seats[at->seat];

    if (seat->life != at->life) {
        *seat = (struct givers_seat){ .life = at->life };
    }
    return seat;
}

void givers_ask(struct givers *givers, const struct givers_moment *at, uint32_t to, const struct message_fetch *fetch, bool others)
{
    struct givers_seat *seat = seat_of(givers, at);

    if (!fetch->chain) {
        return;
    }
    seat->scanty = seat->peer == to && at->now_ns - seat->given_ns < SPELL_NS ? seat->scanty : 0;
    if (seat->scanty > SCANTY_MAX && others) {
        oracle_fail(givers->failure, FAILURE_SAFETY, "S2: r%u asks r%u for the chain again, which gave little or late %u times in a row, though others may be asked", at->seat, to,
                    seat->scanty);
    }
    seat->peer = to;
    seat->waits = true;
    seat->asked_ns = at->now_ns;
    seat->wanted = fetch->height;
}

/* last_of gives the height of the last block of a bundle, 0 when it cannot be read. */
static uint64_t last_of(const struct message_bundle *bundle)
{
    struct bundle_block block = { .header = { .height = 0 } };
    struct reader reader;

    reader_init(&reader, bundle->blocks.data, bundle->blocks.size);
    for (uint32_t i = 0; i < bundle->blocks_count; i++) {
        if (bundle_block_next(&reader, &block) != VERDICT_OK) {
            return 0;
        }
    }
    return block.header.height;
}

void givers_give(struct givers *givers, const struct givers_moment *at, uint32_t from, const struct message_bundle *bundle, uint64_t tip)
{
    struct givers_seat *seat = seat_of(givers, at);
    uint64_t last = last_of(bundle);

    if (!bundle->chain || !seat->waits || from != seat->peer) {
        return;
    }
    bool whole = last >= seat->wanted || bundle->blocks.size >= FULL_BYTES || last + FAR > tip;
    seat->waits = false;
    seat->given_ns = at->now_ns;
    seat->scanty = whole && at->now_ns - seat->asked_ns < LATE_NS ? 0 : seat->scanty + 1;
}

void givers_ask_snapshot(struct givers *givers, const struct givers_moment *at, const struct message_snapshot_ask *ask)
{
    struct givers_seat *seat = seat_of(givers, at);

    if (ask->run.bytes == 0 || ask->height != seat->height) {
        seat->height = ask->run.bytes == 0 ? 0 : ask->height;
        seat->fed_ns = at->now_ns;
    } else if (at->now_ns - seat->fed_ns > FED_NS) {
        oracle_fail(givers->failure, FAILURE_SAFETY, "S3: r%u asks for the snapshot of block %llu, of which nothing has come for %llu ms", at->seat, (unsigned long long)ask->height,
                    (unsigned long long)(at->now_ns - seat->fed_ns) / 1000000);
    }
}

void givers_give_snapshot(struct givers *givers, const struct givers_moment *at, const struct message_snapshot *snapshot)
{
    struct givers_seat *seat = seat_of(givers, at);

    seat->fed_ns = !snapshot->offer && snapshot->bytes.size > 0 ? at->now_ns : seat->fed_ns;
}
