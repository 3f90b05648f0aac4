/* pool_admit.c: what may come in. Rules R1, R3, R4.
 *
 * Everything is checked before anything changes, the cheap things first; the signature is checked later (pool_verify.c). */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

#include <string.h>

static uint16_t check_time(const struct pool *pool, struct now now, const struct pool_source *source, const struct command *command)
{
    uint64_t time_ms = pool_judge_time_ms(pool, now);
    uint64_t far_ms = COMMAND_VALID_MS_MAX + (source->token == 0 ? POOL_FAR_SLACK_MS : 0);

    ASSERT(source->token != 0 || source->member < pool->config.members_count);
    if (command->valid_until_ms <= time_ms) {
        return CODE_EXPIRED;
    }
    return command->valid_until_ms - time_ms > far_ms ? CODE_EXPIRY_FAR : CODE_OK;
}

static bool is_equal(const struct pool *pool, uint32_t index, const struct command *command)
{
    const struct pool_item *item = &pool->items[index];

    ASSERT(index < pool->items_max);
    return item->bytes == command->bytes.size && hash_equal(&item->id, &command->id) && memcmp(item->data, command->bytes.data, item->bytes) == 0;
}

/* join makes a client's token and interest part of an item that is held. */
static void join(struct pool *pool, uint32_t index, const struct pool_source *source)
{
    ASSERT(index < pool->items_max);
    if (source->token != 0) {
        pool_attach(pool, index, source->token);
        pool_make_own(pool, index);
    }
}

/* A command that came, and from whom. */
struct arrival {
    struct now now;
    const struct pool_source *source;
    uint32_t payer;
    uint32_t account; /* its record; POOL_NONE: nothing of it is here */
    const struct command *command;
};

/* find_known looks at what is held at this account and nonce. Gives: true when that decides, with the code; OK: it was joined. (R3)
 * An unverified item of another source is not waited for: its turn may be far off. Each source may have one that is unverified. */
static bool find_known(struct pool *pool, const struct arrival *arrival, uint16_t *code)
{
    const struct command *command = arrival->command;
    uint32_t index = arrival->account != POOL_NONE ? chain_first(pool, arrival->account, command->nonce) : POOL_NONE;
    bool rival = false;

    ASSERT(arrival->payer < pool->free_clients.end);
    *code = CODE_OK;
    for (; index != POOL_NONE; index = chain_next(pool, index)) {
        const struct pool_item *item = &pool->items[index];
        if (pool_is_verified_state(item->state)) {
            bool same = hash_equal(&item->id, &command->id);
            *code = same ? CODE_OK : REFUSAL_RIVAL;
            if (same) {
                join(pool, index, arrival->source);
            }
            return true;
        }
        bool near = item->payer == arrival->payer || item->state == POOL_VERIFYING;
        if (near && is_equal(pool, index, command)) {
            join(pool, index, arrival->source);
            return true;
        }
        rival = rival || item->payer == arrival->payer;
    }
    *code = rival ? REFUSAL_BUSY : CODE_OK;
    return rival;
}

/* highest_waiting gives the item that a command may displace: of the same account and source, verified, waiting, and of the highest nonce above its
 * own. Gives: POOL_NONE when there is none. Cost: POOL_NONCE_WINDOW look-ups. */
static uint32_t highest_waiting(const struct pool *pool, uint32_t payer, const struct command *command)
{
    uint32_t account = account_find(pool, &command->account);

    ASSERT(payer < pool->free_clients.end);
    if (account == POOL_NONE) {
        return POOL_NONE;
    }
    for (uint64_t nonce = pool->accounts[account].executed + POOL_NONCE_WINDOW; nonce > command->nonce; nonce--) {
        uint32_t holder = holder_find(pool, account, nonce);
        if (holder != POOL_NONE && pool->items[holder].state == POOL_WAITING && pool->items[holder].payer == payer) {
            return holder;
        }
    }
    return POOL_NONE;
}

/* check_share tells whether a source has room for a command of so much memory, once `leaving` is gone (POOL_NONE: nothing leaves). */
static uint16_t check_share(const struct pool *pool, uint32_t payer, size_t bytes, uint32_t leaving)
{
    const struct pool_payer *p = &pool->payers[payer];
    uint32_t places = leaving != POOL_NONE ? 1 : 0;
    size_t given = leaving != POOL_NONE ? slab_run_bytes(pool_item_bytes(&pool->items[leaving])) : 0;

    ASSERT(p->commands >= places);
    ASSERT(p->bytes >= given);
    ASSERT(payer < pool->free_clients.end);
    if (payer < pool->config.members_count) {
        return p->commands - places < pool->member_max ? CODE_OK : REFUSAL_BUSY;
    }
    if (p->commands - places >= pool->config.client_max || p->bytes - given + slab_run_bytes(bytes) > pool->client_bytes_max) {
        return REFUSAL_SHARE;
    }
    return pool->own_commands - places < pool->own_max ? CODE_OK : REFUSAL_BUSY;
}

/* Senders that the state does not know cost nothing to make up, so all of them together have an eighth of the places of own clients. */
static bool is_stranger(const struct pool *pool, uint32_t payer, uint16_t code)
{
    ASSERT(payer < pool->free_clients.end);
    return payer >= pool->config.members_count && code != CODE_OK && code != CODE_RATE;
}

/* Tokens that come back only after the wait of R1 are not waited for: the sender learns at once why, and when. */
static bool is_out_of_tokens(const struct command_standing *standing)
{
    return standing->code == CODE_RATE && standing->spare_ms < -(int64_t)(POOL_WAIT_NS / 1000000);
}

static uint16_t check_standing(const struct pool *pool, uint32_t payer, const struct command *command, const struct command_standing *standing)
{
    ASSERT(payer < pool->free_clients.end);
    if (command->nonce <= standing->nonce_executed) {
        return CODE_NONCE_LOW;
    }
    if (command->nonce - standing->nonce_executed > POOL_NONCE_WINDOW) {
        return CODE_NONCE_GAP;
    }
    bool crowd = is_stranger(pool, payer, (uint16_t)standing->code) && pool->strangers >= pool->own_max / 8;
    return crowd || is_out_of_tokens(standing) ? (uint16_t)standing->code : CODE_OK;
}

/* check_origin is check_share for the organisation in whose name a command comes. */
static uint16_t check_origin(const struct pool *pool, uint32_t origin, uint32_t leaving)
{
    uint32_t places = leaving != POOL_NONE && pool->items[leaving].origin == origin ? 1 : 0;

    ASSERT(origin < ORIGINS_MAX);
    ASSERT(pool->origins[origin].commands >= places);
    return pool->origins[origin].commands - places < pool->origin_max ? CODE_OK : REFUSAL_SHARE;
}

static void copy_signatures(uint8_t *to, const struct command *command)
{
    ASSERT(command->signatures_count >= 1);
    for (uint32_t i = 0; i < command->signatures_count; i++) {
        const struct command_signature *signature = &command->signatures[i];
        struct pool_signature kept = {
            .digest = signature->digest,
            .key = (uint32_t)(signature->key - command->bytes.data),
            .signature = (uint32_t)(signature->signature - command->bytes.data),
            .refusal = signature->refusal,
        };
        ASSERT(kept.key + ED25519_KEY_BYTES <= command->bytes.size); /* parse gives views into the command */
        ASSERT(kept.signature + ED25519_SIGNATURE_BYTES <= command->bytes.size);
        memcpy(to + i * sizeof kept, &kept, sizeof kept);
    }
}

/* insert makes the item, of this code. Gives: false when the source's memory is used up. */
static bool insert(struct pool *pool, const struct arrival *arrival, const struct command_standing *standing, enum code code)
{
    const struct command *command = arrival->command;
    uint64_t token = arrival->source->token;
    uint32_t payer = arrival->payer;
    struct now now = arrival->now;
    size_t bytes = command->bytes.size + command->signatures_count * sizeof(struct pool_signature);
    uint8_t *data = slab_take(&pool->slab, payer_owner(pool, payer), bytes);

    ASSERT(standing->origin < ORIGINS_MAX);
    ASSERT(command->signatures_count <= COMMAND_SIGNATURES_MAX);
    if (data == NULL) {
        return false;
    }
    uint32_t account = account_hold(pool, &command->account, standing->nonce_executed);
    pool_advance(pool, now, account, standing->nonce_executed);
    uint32_t index = item_take(pool, account, command->nonce, payer);
    pool_extend(pool, now, account);
    account_release(pool, account);
    struct pool_item *item = &pool->items[index];
    item->id = command->id;
    item->valid_until_ms = command->valid_until_ms;
    item->data = data;
    item->bytes = (uint32_t)command->bytes.size;
    item->envelope_bytes = command->envelope_bytes;
    item->cost_ns = command->cost_ns;
    item->debtor = debtor_hold(pool, account, &command->payer);
    item->takes = command->tokens;
    item->pays = hash_equal(&command->account, &command->payer);
    item->signatures_count = (uint8_t)command->signatures_count;
    item->origin = standing->origin;
    item->code = (uint16_t)code;
    debtor_learn(pool, item->debtor, standing);
    item->since_ns = now.mono_ns;
    item->own = token != 0;
    item->stranger = is_stranger(pool, payer, item->code);
    pool->strangers += item->stranger;
    memcpy(data, command->bytes.data, command->bytes.size);
    copy_signatures(data + command->bytes.size, command);
    pool->payers[payer].bytes += slab_run_bytes(bytes);
    pool->held_bytes += item->bytes;
    item->state = POOL_UNVERIFIED;
    if (token != 0) {
        pool_attach(pool, index, token);
    }
    pool_queue(pool, index);
    return true;
}

static uint16_t check_form(const struct pool_source *source, struct bytes bytes, const struct command *command)
{
    ASSERT(command->signatures_count >= 1);
    ASSERT(command->signatures_count <= COMMAND_SIGNATURES_MAX);
    if (source->token != 0 && command->bytes.size != bytes.size) {
        return CODE_LENGTH;
    }
    return command->bytes.size <= POOL_COMMAND_BYTES_MAX && command->cost_ns <= POOL_COST_NS_MAX ? CODE_OK : CODE_LENGTH;
}

/* find_room looks whether the source has room for a command, and when it has none, whether it would in the place of one that waits for it (R4).
 * Gives: the code, and with OK the item that has to go, POOL_NONE: none. */
static uint16_t find_room(const struct pool *pool, uint32_t payer, const struct command *command, uint32_t *leaving)
{
    size_t bytes = command->bytes.size + command->signatures_count * sizeof(struct pool_signature);
    uint16_t code = check_share(pool, payer, bytes, POOL_NONE);

    ASSERT(payer < pool->free_clients.end);
    *leaving = code == CODE_OK ? POOL_NONE : highest_waiting(pool, payer, command);
    return *leaving == POOL_NONE ? code : check_share(pool, payer, bytes, *leaving);
}

/* find_origin does the same for the command's origin. */
static uint16_t find_origin(const struct pool *pool, uint32_t payer, const struct command *command, uint32_t origin, uint32_t *leaving)
{
    if (*leaving == POOL_NONE && check_origin(pool, origin, POOL_NONE) != CODE_OK) {
        *leaving = highest_waiting(pool, payer, command);
    }
    return check_origin(pool, origin, *leaving);
}

/* admit decides about a command that is in time. Gives: the code; with CODE_RATE when it is worth trying again, else leaves *wait_ms. */
static uint16_t admit(struct pool *pool, const struct arrival *arrival, uint64_t *wait_ms)
{
    const struct command *command = arrival->command;
    struct command_standing standing;
    uint16_t code = CODE_OK;
    uint32_t leaving;

    if (find_known(pool, arrival, &code)) {
        return code;
    }
    if (suspect_is_full(pool, arrival->now, arrival->payer)) {
        return REFUSAL_SHARE;
    }
    code = find_room(pool, arrival->payer, command, &leaving);
    if (code != CODE_OK) {
        return code;
    }
    pool->app.standing(pool->app.context, command, pool_judge_time_ms(pool, arrival->now), &standing);
    struct command_standing behind = standing; /* what is before it here */
    debt_judge(pool, arrival->account, command, &behind);
    code = check_standing(pool, arrival->payer, command, &behind);
    if (code == CODE_OK) {
        code = find_origin(pool, arrival->payer, command, standing.origin, &leaving);
    }
    if (code != CODE_OK) {
        *wait_ms = behind.spare_ms < 0 ? (uint64_t)-behind.spare_ms : 0;
        return code;
    }
    if (leaving != POOL_NONE) {
        pool_refuse(pool, arrival->now, leaving, REFUSAL_SHARE, POOL_RETRY_MS);
    }
    return insert(pool, arrival, &standing, behind.code) ? CODE_OK : REFUSAL_BUSY;
}

/* read_command parses, and fetches what admission will look up while the id is hashed. */
static uint16_t read_command(const struct pool *pool, struct bytes bytes, struct command *command)
{
    enum code code = pool->app.scan(pool->app.context, bytes, command);

    if (code == CODE_OK) {
        ASSERT(command->bytes.size <= bytes.size);
        code = pool->app.payloads(pool->app.context, command, 1);
    }
    if (code != CODE_OK) {
        return (uint16_t)code;
    }
    for (unsigned step = 0; step < 2; step++) {
        table_expect(pool, &command->account, command->nonce, step);
        pool->app.expect(pool->app.context, &command->account, step);
        if (step == 0) {
            pool->app.name(pool->app.context, command, 1);
        }
    }
    return CODE_OK;
}

static uint16_t add(struct pool *pool, struct now now, const struct pool_source *source, struct bytes bytes, struct pool_answer *answer)
{
    struct command command;

    if (source->token != 0 && pool->draining) {
        return REFUSAL_DRAINING;
    }
    if (source->token != 0 && !pool_can_answer(pool)) {
        return REFUSAL_BUSY;
    }
    if (source->token != 0 && suspect_client_is_full(pool, now, source)) {
        pool->counted.suspects_refused++;
        return REFUSAL_SHARE; /* Unread: a parse would be its to spend. */
    }
    uint16_t code = read_command(pool, bytes, &command);
    if (code != CODE_OK) {
        return code;
    }
    answer->id = command.id;
    answer->bytes = command.bytes.size;
    code = check_form(source, bytes, &command);
    if (code == CODE_OK) {
        code = check_time(pool, now, source, &command);
    }
    if (code != CODE_OK) {
        return code;
    }
    uint64_t wait_ms = 0;
    uint32_t payer = source->token == 0 ? source->member : payer_of_client(pool, source);
    struct arrival arrival = { now, source, payer, account_find(pool, &command.account), &command };
    code = admit(pool, &arrival, &wait_ms);
    payer_release(pool, arrival.payer);
    answer->retry_after_ms = code != CODE_RATE ? 0 : wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX;
    return code;
}

/* May the same bytes succeed later, and when is it worth trying? */
static uint32_t retry_of(uint16_t code)
{
    switch (code) {
    case REFUSAL_BUSY:
    case REFUSAL_SHARE:
    case CODE_NONCE_GAP:
    case CODE_EXPIRY_FAR:
        return POOL_RETRY_MS;
    case CODE_SENDER_UNKNOWN:
    case CODE_KEY_NOT_CURRENT:
    case CODE_VOUCH_MISSING:
    case REFUSAL_DRAINING:
    case REFUSAL_RIVAL:
        return POOL_RETRY_WAITED_MS;
    default:
        return 0;
    }
}

struct pool_answer pool_add(struct pool *pool, struct now now, const struct pool_source *source, struct bytes bytes)
{
    struct pool_answer answer = { 0 };

    ASSERT(source->token != 0 || source->member < pool->config.members_count);
    answer.code = add(pool, now, source, bytes, &answer);
    ASSERT(answer.code != CODE_OK || answer.bytes > 0); /* R1 */
    answer.retry_after_ms = answer.code == CODE_RATE ? answer.retry_after_ms : retry_of(answer.code);
    ASSERT(answer.code != CODE_RATE || answer.retry_after_ms > 0); /* R1: the same bytes may succeed later */
    return answer;
}

void pool_drain(struct pool *pool)
{
    pool->draining = true;
}
