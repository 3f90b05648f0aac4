/* replica_giver_test.c: who lags asks one member at a time, and whoever answers is asked again. One that answers rightly, but little and late, must not be all that it gets (J6). */
#include "tests/consensus/cluster_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define BLOCKS 200u
#define LIAR 3u   /* asked first for a chain in view 0 */
#define LAGGARD 1u
#define LATE (140 * MS) /* within the time that an answer has */

static struct cluster_kit kit;
static struct message message;
static struct { uint8_t body[65536]; uint32_t size; uint64_t due_ns; } late;
static uint32_t asked[4];
static bool one_by_one;

/* narrow turns each question to the liar into one for a single block: what is given is right, and little. */
static void narrow(struct cluster_message *question)
{
    struct writer writer;

    if (question->from != LAGGARD || question->type != MESSAGE_FETCH || message_decode(&message, question->type, bytes_of(question->body, question->size)) != VERDICT_OK ||
        !message.fetch.chain) {
        return;
    }
    asked[question->to]++;
    if (question->to == LIAR && one_by_one) {
        message.fetch.height = message.fetch.from_height;
        writer_init(&writer, question->body, question->size);
        message_encode_head(&message, &writer);
        cr_assert_not(writer.failed);
    }
}

static bool hold(const struct cluster_message *answer)
{
    if (answer->from != LIAR || answer->to != LAGGARD || answer->type != MESSAGE_BUNDLE || late.due_ns == 1) {
        late.due_ns = late.due_ns == 1 ? 0 : late.due_ns;
        return false;
    }
    cr_assert_leq(answer->size, sizeof late.body);
    memcpy(late.body, answer->body, answer->size);
    late.size = answer->size;
    late.due_ns = kit.now_ns + LATE;
    return true;
}

/* run lets time pass, with the liar's answers as late as they are. */
static void run(uint64_t for_ns)
{
    for (uint64_t end_ns = kit.now_ns + for_ns; kit.now_ns < end_ns;) {
        cluster_kit_run(&kit, MS);
        if (late.due_ns > 1 && kit.now_ns >= late.due_ns) {
            cr_assert_eq(message_decode(&message, MESSAGE_BUNDLE, bytes_of(late.body, late.size)), VERDICT_OK);
            late.due_ns = 1; /* let through */
            cluster_kit_inject(&kit, LIAR, LAGGARD, &message);
        }
    }
}

/* fall_behind has the laggard miss all blocks. */
static void fall_behind(void)
{
    cluster_kit_start(&kit, 4, 0);
    cluster_kit_crash(&kit, LAGGARD);
    for (uint64_t nonce = 1; nonce <= BLOCKS; nonce++) {
        cluster_kit_request(&kit, 0, 1, nonce);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    }
    memset(asked, 0, sizeof asked);
    late.due_ns = 0;
    kit.tamper = narrow;
    cluster_kit_restart(&kit, LAGGARD);
}

Test(replica_giver, one_that_gives_a_block_at_a_time_and_late_is_not_asked_alone_J6)
{
    one_by_one = true;
    fall_behind();
    kit.drop = hold;
    run(3 * SECOND);
    cr_assert_eq(kit.nodes[LAGGARD].executed, BLOCKS, "J6: %llu of %u blocks in three seconds", (unsigned long long)kit.nodes[LAGGARD].executed, BLOCKS);
    cr_assert_leq(asked[LIAR], 8, "S2: %u", asked[LIAR]);
    cluster_kit_close(&kit);
}

Test(replica_giver, one_that_gives_all_at_once_goes_on_giving_S2)
{
    one_by_one = false;
    fall_behind();
    run(SECOND);
    cr_assert_eq(kit.nodes[LAGGARD].executed, BLOCKS);
    cr_assert_geq(asked[LIAR], BLOCKS / 16, "S2: its log is read in one go");
    cr_assert_leq(asked[0] + asked[2], 1, "S2: nobody else is bothered: %u and %u", asked[0], asked[2]);
    cluster_kit_close(&kit);
}
