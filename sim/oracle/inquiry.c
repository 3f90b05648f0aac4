/* inquiry.c: see inquiry.h. */
#include "sim/oracle/inquiry.h"

#include "base/assert.h"
#include "ledger/ledger.h"
#include "sim/oracle/statements.h"
#include "sim/world/choice.h"

#include <string.h>

#define UNSAFE(oracle, ...) oracle_fail((oracle)->failure, FAILURE_SAFETY, __VA_ARGS__)

/* --- What must be proved ---------------------------------------------------------------------------------------------- */

/* A key as docs/ledger.md has it: a byte for the kind, an account, and of a page of pointers the upper three bytes of a number. */
struct asked {
    uint8_t bytes[1 + 32 + 3];
    size_t size;
    bool prefix;
};

static struct asked asked_of(uint8_t kind, const uint8_t *account, bool prefix)
{
    struct asked asked = { .size = account == NULL ? 1 : 33, .prefix = prefix };

    asked.bytes[0] = kind;
    if (account != NULL) {
        memcpy(asked.bytes + 1, account, 32);
    }
    return asked;
}

/* asked_at gives what the answer to a question proves at a place; the Chain is always first. Gives: false behind the last. */
static bool asked_at(const struct query *query, uint32_t place, struct asked *asked)
{
    bool lists = query->kind == QUERY_POINTERS || query->kind == QUERY_GRANTS;

    if (place == 0) {
        *asked = asked_of(0x00, NULL, false);
    } else if (place == 1 && query->kind != QUERY_CHECKPOINT) {
        *asked = asked_of(query->kind == QUERY_ACTOR ? 0x03 : 0x04, query->acct, false);
    } else if (place == 2 && lists) {
        *asked = asked_of(query->kind == QUERY_POINTERS ? 0x05 : 0x06, query->acct, true);
        asked->size += query->kind == QUERY_POINTERS ? 3 : 0; /* all of the numbers asked for are below 256 */
    } else {
        return false;
    }
    return true;
}

/* --- Judging ---------------------------------------------------------------------------------------------------------- */

/* look_at_nonce: an actor's nonce is the number of its newest command at or below the block. */
static const char *look_at_nonce(const struct oracle *oracle, const struct query *query, const struct statement *statement, uint64_t height)
{
    struct actor actor;

    if (!statement->found || actor_decode(&actor, statement->value.data, statement->value.size) != VERDICT_OK) {
        return "the account that asked is no actor there";
    }
    uint64_t last = commands_height(&oracle->commands, query->acct, actor.nonce), next = commands_height(&oracle->commands, query->acct, actor.nonce + 1);
    return (actor.nonce > 0 && (last == 0 || last > height)) || (next != 0 && next <= height) ? "the nonce is not that of the block" : NULL;
}

static const char *look_at_proofs(const struct oracle *oracle, const struct query *query, const struct statements *said)
{
    struct asked asked;
    uint32_t place = 0;
    const char *wrong = NULL;

    for (; wrong == NULL && asked_at(query, place, &asked); place++) {
        struct statement statement = { .key = bytes_of(asked.bytes, asked.size), .prefix = asked.prefix };
        if (place >= said->parts_count || said->parts[place].type != (asked.prefix ? 2 : 1)) {
            return "a proof is missing";
        }
        wrong = statement_check(&statement, said->parts[place].bytes, &said->root);
        if (wrong == NULL && !asked.prefix && !statement.found) {
            wrong = "what is there is said not to be";
        }
        if (wrong == NULL && query->kind == QUERY_ACTOR && place == 1) {
            wrong = look_at_nonce(oracle, query, &statement, said->height);
        }
    }
    return wrong == NULL && place != said->parts_count ? "it proves more than was asked for" : wrong;
}

/* look_at_root: the root is that of a block that was executed, and of the certificate where one was asked for. */
static const char *look_at_root(struct oracle *oracle, uint32_t member, const struct query *query, const struct statements *said)
{
    static struct checkpoint_cert cert;
    struct reader reader;

    if (said->kind != query->kind || said->certified != query->certified || said->certified != (said->certificate.size > 0)) {
        return "it answers another question";
    }
    if (said->height > oracle->height) {
        return "nobody executed that block";
    }
    if (said->height > 0 && (!hash_equal(&said->root, &oracle->blocks[said->height].root) || said->time_ms != oracle->blocks[said->height].time_ms)) {
        return "that is not the state after the block";
    }
    if (!said->certified) {
        return NULL;
    }
    reader_init(&reader, said->certificate.data, said->certificate.size);
    if (checkpoint_cert_decode(&cert, &reader) != VERDICT_OK || reader.offset != reader.size) {
        return "its certificate cannot be read";
    }
    oracle_checkpoint(oracle, member, &cert);
    return cert.checkpoint.height == said->height && hash_equal(&cert.checkpoint.state_root, &said->root) ? NULL : "its certificate is of another state";
}

void inquiry_judge(struct oracle *oracle, uint32_t member, const struct query *query, struct bytes answer)
{
    static struct statements said;
    const char *wrong = statements_read(&said, answer);

    wrong = wrong == NULL ? look_at_root(oracle, member, query, &said) : wrong;
    wrong = wrong == NULL ? look_at_proofs(oracle, query, &said) : wrong;
    if (wrong != NULL) {
        UNSAFE(oracle, "R5: r%u answers a question of kind %u of the state after block %llu, but %s", member, (unsigned)query->kind, (unsigned long long)said.height, wrong);
    }
}

/* --- Asking ----------------------------------------------------------------------------------------------------------- */

/* sign lets a patient sign its own question. */
static void sign(const struct oracle *oracle, const struct cast_actor *actor, struct query *query, uint64_t now_ms)
{
    memcpy(query->acct, actor->patient, ACCT_BYTES);
    memcpy(query->asker, actor->patient, ACCT_BYTES);
    memcpy(query->key, actor->patient_key.public_key, KEY_BYTES);
    query->asked_ms = now_ms;
    struct hash32 digest = query_digest(query, &oracle->cast->genesis.hash);
    sign_digest(&actor->patient_key, &digest, query->signature);
}

static struct query draw(const struct oracle *oracle, uint64_t number, uint64_t now_ms)
{
    static const enum query_kind kinds[] = { QUERY_CHECKPOINT, QUERY_ACTOR, QUERY_ACTOR, QUERY_PATIENT, QUERY_POINTERS, QUERY_GRANTS };
    const struct cast *cast = oracle->cast;
    uint64_t drawn = choice_draw(cast->plan.seed, &(struct choice){ CHOICE_READ, { number, 3 } });
    const struct cast_actor *actor = &cast->actors[drawn / 16 % cast->plan.actors_count];
    struct query query = { .kind = kinds[drawn % 6], .certified = drawn / 8 % 2 == 0 };

    query.seq = query.kind == QUERY_POINTERS ? 1 : 0;
    if (query.kind == QUERY_ACTOR) {
        memcpy(query.acct, actor->account, ACCT_BYTES);
    } else if (query.kind != QUERY_CHECKPOINT) {
        sign(oracle, actor, &query, now_ms);
    }
    return query;
}

bool inquiry_ask(struct oracle *oracle, struct host *host, uint64_t number)
{
    static uint8_t question[QUERY_BYTES_MAX], answer[FRAME_BYTES_MAX];
    struct ledger *ledger = host->driver.apply.ledger;
    uint64_t wall_ms = host_wall_ms(host), time_ms = ledger_time(ledger);
    struct writer writer;
    size_t size = 0;

    if (ledger_is_open(ledger)) {
        return false; /* A block is half executed. */
    }
    struct query query = draw(oracle, number, wall_ms > time_ms ? wall_ms : time_ms);
    writer_init(&writer, question, sizeof question);
    query_encode(&query, &writer);
    ASSERT(!writer.failed);
    uint16_t code = host_question(host, bytes_of(question, writer.offset), true, answer, sizeof answer, &size);
    if (code == QUERY_UNCERTIFIED && query.certified) {
        return false; /* No checkpoint is certified yet, or the store let go of its state. */
    }
    if (code != 0) {
        UNSAFE(oracle, "R5: r%u gives no answer to a question of kind %u, but %u", host->plan.member, (unsigned)query.kind, code);
        return false;
    }
    inquiry_judge(oracle, host->plan.member, &query, bytes_of(answer, size));
    return query.certified;
}
