#include "tests/consensus/app_kit.h"

#include <criterion/criterion.h>
#include <string.h>

void app_kit_init(struct app_kit *kit)
{
    memset(kit, 0, sizeof *kit);
    for (uint32_t i = 0; i < APP_KIT_ACCOUNTS; i++) {
        kit->accounts[i].origin = i % 4 + 1;
    }
}

struct hash32 app_kit_account_hash(uint32_t account)
{
    struct hash32 hash = { { 0 } };

    memcpy(hash.bytes, &account, sizeof account); /* readable, and as badly spread as can be */
    return hash;
}

static uint32_t account_number(const struct hash32 *account)
{
    uint32_t number;

    memcpy(&number, account->bytes, sizeof number);
    return number;
}

size_t app_kit_make(const struct app_kit_command *c, uint8_t *out)
{
    struct writer writer;
    uint32_t signatures = c->signatures == 0 ? 1 : c->signatures;

    writer_init(&writer, out, APP_KIT_COMMAND_BYTES_MAX);
    write_u8(&writer, 'K');
    write_u8(&writer, (uint8_t)signatures);
    write_u16_le(&writer, (uint16_t)c->payload);
    write_u32_le(&writer, c->cost_us | c->more_tokens << 24);
    write_u64_le(&writer, c->nonce);
    write_u64_le(&writer, c->valid_until_ms == 0 ? APP_KIT_TIME + 60000 : c->valid_until_ms);
    write_u32_le(&writer, c->account | (c->payer == 0 ? 0 : c->payer + 1) << 16);
    write_u32_le(&writer, c->filler);
    write_u64_le(&writer, c->salt);
    for (uint32_t i = 0; i < signatures; i++) {
        write_u32_le(&writer, i);
        write_zeros(&writer, 28);
        write_u8(&writer, (c->bad >> i & 1) == 0);
        write_u32_le(&writer, c->mark);
        write_zeros(&writer, 59);
    }
    write_zeros(&writer, c->filler + c->payload);
    cr_assert_not(writer.failed);
    return writer.offset;
}

static enum code kit_parse(void *context, struct bytes bytes, struct command *command)
{
    struct app_kit *kit = context;
    struct reader reader;

    if (kit != NULL) {
        kit->parses++;
    }
    if (bytes.size < APP_KIT_HEAD_BYTES || bytes.data[0] != 'K') {
        return CODE_LENGTH;
    }
    reader_init(&reader, bytes.data + 1, bytes.size - 1);
    memset(command, 0, sizeof *command);
    command->signatures_count = read_u8(&reader);
    uint32_t payload = read_u16_le(&reader);
    uint32_t cost = read_u32_le(&reader);
    command->cost_ns = (cost & 0xffffff) * 1000;
    command->tokens = 1 + (cost >> 24);
    command->nonce = read_u64_le(&reader);
    command->valid_until_ms = read_u64_le(&reader);
    uint32_t account = read_u32_le(&reader);
    command->account = app_kit_account_hash(account % APP_KIT_ACCOUNTS);
    command->payer = account >> 16 == 0 ? command->account : app_kit_account_hash(((account >> 16) - 1) % APP_KIT_ACCOUNTS);
    uint32_t filler = read_u32_le(&reader);
    if (command->signatures_count < 1 || command->signatures_count > COMMAND_SIGNATURES_MAX) {
        return CODE_MALFORMED;
    }
    size_t envelope = APP_KIT_HEAD_BYTES + command->signatures_count * APP_KIT_SIGNATURE_BYTES + (size_t)filler;
    if (envelope + payload > bytes.size) {
        return CODE_LENGTH;
    }
    command->bytes = bytes_of(bytes.data, envelope + payload);
    command->envelope_bytes = (uint32_t)envelope;
    command->id = hash_one(HASH_TX, bytes.data, APP_KIT_HEAD_BYTES);
    for (uint32_t i = 0; i < command->signatures_count; i++) {
        const uint8_t *at = bytes.data + APP_KIT_HEAD_BYTES + i * APP_KIT_SIGNATURE_BYTES;
        enum code refusal = i == 0 ? CODE_SIG : i + 1 == COMMAND_SIGNATURES_MAX ? CODE_POP : CODE_COSIG;
        command->signatures[i] = (struct command_signature){ at, at + 32, command->id, refusal };
    }
    return CODE_OK;
}

static void kit_recall(void *context, struct bytes bytes, uint32_t envelope_bytes, uint32_t tokens, struct command *command)
{
    enum code code = kit_parse(NULL, bytes, command);

    (void)context;
    cr_assert_eq(code, CODE_OK);
    cr_assert_eq(command->bytes.size, bytes.size);
    cr_assert_eq(command->envelope_bytes, envelope_bytes);
    cr_assert_eq(command->tokens, tokens);
}

static void kit_name(void *context, struct command *commands, uint32_t count)
{
    (void)context, (void)commands, (void)count; /* kit_parse names them already */
}

static enum code kit_payloads(void *context, const struct command *commands, uint32_t count)
{
    (void)context, (void)commands, (void)count; /* there are none */
    return CODE_OK;
}

static void kit_expect(void *context, const struct hash32 *account, unsigned step)
{
    (void)context, (void)account, (void)step;
}

static int64_t spare_ms(const struct app_kit_account *payer, uint64_t time_ms)
{
    return (int64_t)payer->burst * payer->interval_ms - (int64_t)(payer->tat > time_ms ? payer->tat - time_ms : 0);
}

static void kit_standing(void *context, const struct command *command, uint64_t time_ms, struct command_standing *standing)
{
    struct app_kit *kit = context;
    const struct app_kit_account *account = &kit->accounts[account_number(&command->account)];

    kit->standings++;
    *standing = (struct command_standing){ .nonce_executed = account->nonce, .origin = account->origin, .code = account->code };
    const struct app_kit_account *payer = &kit->accounts[account_number(&command->payer)];
    standing->interval_ms = payer->interval_ms;
    standing->spare_ms = spare_ms(payer, time_ms);
    if (account->code == CODE_RATE) {
        standing->spare_ms = -(int64_t)(account->wait_ms > 0 ? account->wait_ms : 1);
    } else if (account->code == CODE_OK && standing->spare_ms < 0) {
        standing->code = CODE_RATE;
    }
}

static uint64_t kit_nonce(void *context, const struct hash32 *account)
{
    struct app_kit *kit = context;

    kit->nonces++;
    return kit->accounts[account_number(account)].nonce;
}

struct app app_kit_app(struct app_kit *kit)
{
    return (struct app){ .context = kit, .scan = kit_parse, .recall = kit_recall, .name = kit_name, .payloads = kit_payloads, .expect = kit_expect, .standing = kit_standing, .nonce = kit_nonce };
}

struct command app_kit_parse(struct bytes bytes)
{
    struct command command;

    cr_assert_eq(kit_parse(NULL, bytes, &command), CODE_OK);
    return command;
}

void app_kit_verdicts(const struct sig_item *items, uint32_t count, bool *verdicts)
{
    for (uint32_t i = 0; i < count; i++) {
        verdicts[i] = items[i].signature[0] == 1;
    }
}

enum code app_kit_execute(struct app_kit *kit, struct bytes bytes)
{
    struct command command = app_kit_parse(bytes);
    struct app_kit_account *account = &kit->accounts[account_number(&command.account)], *payer = &kit->accounts[account_number(&command.payer)];

    if (account->code != CODE_OK) {
        return account->code;
    }
    if (command.nonce != account->nonce + 1) {
        return command.nonce <= account->nonce ? CODE_NONCE_LOW : CODE_NONCE_GAP;
    }
    if (spare_ms(payer, kit->time_ms) < 0) {
        return CODE_RATE;
    }
    payer->tat = (payer->tat > kit->time_ms ? payer->tat : kit->time_ms) + (1 + command.nonce % command.tokens) * payer->interval_ms;
    account->nonce++;
    return CODE_OK;
}
