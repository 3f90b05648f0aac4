/* nonce_test.c: no liar among the replicas that are asked makes a sender sign one thing under two nonces. Three replicas answer from one real ledger; each may be told to lie. They are on
 * sockets, and taken for members far away. */
#include "cli/nonce.h"

#include "cli/client_priv.h"
#include "cli/cmd.h"
#include "cli/send.h"
#include "tests/cli/office_kit.h"
#include "wire/code.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { FAKES = 3 };

/* What a replica says that is not so. */
enum lie { HONEST, TOO_HIGH, TOO_LOW };

static struct office *office;
static struct fake_replica fakes[FAKES];
static enum lie lies[FAKES];
static bool denies[FAKES]; /* it knows of no receipt, and refuses every command with NONCE_LOW */
static struct args args;
static struct send sender;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER; /* of the one ledger, which a liar bends while it answers, and a moment longer */

static uint64_t nonce_now(void) { return ledger_nonce(office->desk.lab.ledger, office->desk.alder.acct); }

static uint64_t executed(void)
{
    pthread_mutex_lock(&turn);
    uint64_t nonce = nonce_now();
    pthread_mutex_unlock(&turn);
    return nonce;
}

/* tell_nonce gives the sender another nonce in the newest state, behind everybody's back. */
static void tell_nonce(uint64_t nonce)
{
    struct exec *exec = ledger_exec(office->desk.lab.ledger);
    struct actor actor;

    cr_assert(exec_get_actor(exec, office->desk.alder.acct, &actor));
    actor.nonce = nonce;
    cr_assert_eq(exec_put_actor(exec, office->desk.alder.acct, &actor), CODE_OK);
    queries_executed(&office->desk.queries);
}

/* A liar answers from a state of its own, with proofs that hold; nobody signed its root. */
static bool answer(struct fake_replica *fake, const struct frame *frame)
{
    size_t i = (size_t)(fake - fakes);
    uint64_t nonce = nonce_now();

    if (frame->header.type == CLIENT_SUBMIT && denies[i]) {
        fake_refuse(fake, office_request(frame), CODE_NONCE_LOW, 0);
        return true;
    }
    tell_nonce(lies[i] == TOO_HIGH ? nonce + 5 : lies[i] == TOO_LOW ? 0 : nonce);
    office->forgets = denies[i];
    bool open = office->replica.handler(fake, frame);
    if (frame->header.type != CLIENT_SUBMIT) {
        tell_nonce(nonce);
    }
    return open;
}

static bool handle(struct fake_replica *fake, const struct frame *frame)
{
    pthread_mutex_lock(&turn);
    bool open = answer(fake, frame);
    pthread_mutex_unlock(&turn);
    return open;
}

static void start(void)
{
    office = office_start();
    desk_checkpoint(&office->desk, true);
    memset(denies, 0, sizeof denies);
    for (size_t i = 0; i < FAKES; i++) {
        lies[i] = HONEST;
        fakes[i] = (struct fake_replica){ .handler = handle, .genesis = office->desk.lab.genesis.hash };
        fake_start(&fakes[i]);
    }
}

static void stop(void)
{
    send_close(&sender);
    for (size_t i = 0; i < FAKES; i++) {
        fake_stop(&fakes[i]);
    }
    office_stop();
}

/* connect_to opens a sender, Alder's system, that knows the first `count` replicas, as its own or not. */
static void connect_to(size_t count, bool own)
{
    static char words[16][128];
    static char *argv[16];
    char message[MESSAGE_BYTES_MAX];
    int argc = 0;

    snprintf(words[argc++], 128, "ward");
    snprintf(words[argc++], 128, "submit");
    snprintf(words[argc++], 128, "pointer-add");
    snprintf(words[argc++], 128, "--key=%s/alder.key", kit_directory());
    snprintf(words[argc++], 128, "--genesis=%s/genesis", kit_directory());
    snprintf(words[argc++], 128, "--timeout=1s");
    for (size_t i = 0; i < count; i++) {
        snprintf(words[argc++], 128, "--socket=%s", fakes[i].path);
    }
    for (int i = 0; i < argc; i++) {
        argv[i] = words[i];
    }
    cr_assert_eq(command_parse(&args, &command_ward, argc, argv, message), EXIT_FINE, "%s", message);
    cr_assert_eq(send_open(&args, &sender), EXIT_FINE);
    for (size_t i = 0; i < count; i++) {
        struct client_target *target = &sender.ask.reach.client->config.targets[i];
        target->own = own;
        target->key[0] = (uint8_t)(i + 1);
    }
}

static void expect_next(uint64_t nonce)
{
    uint64_t next = 0;

    cr_assert_eq(nonce_ask(&sender.ask, &next), EXIT_FINE);
    cr_expect_eq(next, nonce, "%llu instead of %llu", (unsigned long long)next, (unsigned long long)nonce);
}

Test(nonce, the_word_of_ones_own_replica_is_enough, .init = start, .fini = stop)
{
    connect_to(1, true);
    desk_add(&office->desk, 1, false);
    expect_next(executed() + 1);
}

Test(nonce, of_one_member_the_word_is_taken_when_a_checkpoint_proves_it, .init = start, .fini = stop)
{
    uint64_t next;

    connect_to(1, false);
    expect_next(executed() + 1);
    lies[0] = TOO_HIGH;
    cr_assert_eq(nonce_ask(&sender.ask, &next), EXIT_UNREACHABLE);
}

Test(nonce, of_f_and_one_members_one_liar_cannot_make_it_too_high, .init = start, .fini = stop)
{
    connect_to(2, false);
    desk_add(&office->desk, 1, false);
    lies[0] = TOO_HIGH;
    expect_next(executed() + 1);
    lies[0] = HONEST;
    lies[1] = TOO_HIGH;
    expect_next(executed() + 1);
}

Test(nonce, with_one_honest_member_more_it_is_right_whatever_the_liar_says, .init = start, .fini = stop)
{
    connect_to(3, false);
    desk_add(&office->desk, 1, false);
    for (size_t liar = 0; liar < FAKES; liar++) {
        for (int lie = TOO_HIGH; lie <= TOO_LOW; lie++) {
            memset(lies, 0, sizeof lies);
            lies[liar] = (enum lie)lie;
            expect_next(executed() + 1);
        }
    }
}

Test(nonce, one_member_under_two_addresses_counts_once, .init = start, .fini = stop)
{
    uint64_t next;

    connect_to(2, false);
    sender.ask.reach.client->config.targets[1].key[0] = 1;
    lies[0] = lies[1] = TOO_HIGH;
    cr_assert_eq(nonce_ask(&sender.ask, &next), EXIT_UNREACHABLE, "as one");
}

/* --- What became of a command ----------------------------------------------------------------------------------------- */

/* add gives a draft of one pointer of the patient. */
static struct tx_draft *add(void)
{
    static uint8_t locator[LOCATOR_SEALED_BYTES];
    static struct tx_draft draft;
    struct pointer_add *body = &draft.body.as.pointer_add;

    draft = (struct tx_draft){ .body = { .type = COMMAND_POINTER_ADD }, .payload = bytes_of(locator, sizeof locator) };
    memcpy(body->patient, office->desk.patient.acct, ACCT_BYTES);
    body->kx_epoch = 1;
    body->count = 1;
    body->items[0] = (struct pointer_add_item){ .record_class = CLASS_LABORATORY, .content_commit = hash_one(HASH_CONTENT, "x", 1),
                                                .locator_hash = hash_one(HASH_LOCATOR, locator, sizeof locator), .locator_length = LOCATOR_SEALED_BYTES };
    return &draft;
}

/* The liar keeps each command that it refuses; whatever was signed under a second nonce would be executed too. */
Test(nonce, no_refusal_by_one_member_has_a_command_signed_again, .init = start, .fini = stop)
{
    struct client_event receipt;
    struct tx tx;

    connect_to(1, false);
    denies[0] = true;
    cr_assert_eq(send_run(&sender, add(), &tx, &receipt), EXIT_NO);
    lies[0] = TOO_HIGH;
    cr_assert_neq(send_run(&sender, add(), &tx, &receipt), EXIT_FINE, "and its word on the next nonce is not taken");
    cr_expect_eq(tx.nonce, executed() + 1);
}

Test(nonce, a_race_is_lost_when_f_and_one_members_say_so, .init = start, .fini = stop)
{
    struct client_event receipt;
    struct tx tx;

    connect_to(2, false);
    sender.nonce_known = sender.nonce_asked = true;
    sender.nonce = executed() + 1;
    desk_add(&office->desk, 1, false);
    desk_checkpoint(&office->desk, true);
    cr_assert_eq(send_run(&sender, add(), &tx, &receipt), EXIT_FINE);
    cr_expect_eq(receipt.type, CLIENT_RECEIPTS);
    cr_expect_eq(receipt.code, CODE_OK);
    cr_expect_eq(tx.nonce, executed());
}

Test(nonce, a_receipt_of_any_member_ends_the_search, .init = start, .fini = stop)
{
    struct client_event receipt;
    enum nonce_fate fate;
    struct tx tx;

    connect_to(2, false);
    cr_assert_eq(send_run(&sender, add(), &tx, &receipt), EXIT_FINE);
    denies[0] = denies[1] = true;
    cr_assert_eq(nonce_trace(&sender.ask, &tx.id, tx.nonce, &fate, &receipt), EXIT_FINE);
    cr_expect_eq(fate, NONCE_ANOTHER, "two liars are more than one");
    denies[1] = false;
    cr_assert_eq(nonce_trace(&sender.ask, &tx.id, tx.nonce, &fate, &receipt), EXIT_FINE);
    cr_expect_eq(fate, NONCE_EXECUTED);
    cr_expect_eq(receipt.code, CODE_OK);
}
