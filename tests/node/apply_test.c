/* apply_test.c: from a block to executed state: what admission reads of a command, what execution does not read, slices, roots. */
#include "node/apply.h"

#include "ledger/ledger.h"
#include "tests/ledger/ledger_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { COMMANDS = 5, BODY_BYTES = 65536 };

static struct lab lab; /* keys, genesis and commands; its ledger stands for a replica that executes one by one */
static struct lab_party system_a;
static uint8_t body[BODY_BYTES];
static struct block_command commands[COMMANDS + 2];
static uint32_t commands_count, body_bytes;

static void start(void)
{
    struct params params = params_default();

    params.state_keys_max = 4000;
    params.state_cells_max = 16000;
    lab_start(&lab, &params, NULL, 0);
}

static void take(struct apply *apply)
{
    const struct apply_config config = { .archive_events = 64, .archive_receipts = 64 };
    struct arena measure, arena;

    arena_init_measure(&measure);
    cr_assert_eq(apply_take(apply, &measure, &lab.genesis, &config), ERR_OK);
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    cr_assert_not_null(memory);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    cr_assert_eq(apply_take(apply, &arena, &lab.genesis, &config), ERR_OK);
    cr_assert_eq(apply_load_genesis(apply), ERR_OK);
}

/* Puts a signed command with its payload into the body. */
static void append(struct lab_command *command)
{
    struct block_command *entry = &commands[commands_count++];

    *entry = (struct block_command){ .offset = body_bytes };
    entry->envelope_bytes = (uint32_t)lab_sign(&lab, command, body + body_bytes);
    body_bytes += entry->envelope_bytes;
    entry->payload_bytes = (uint32_t)command->payload.size;
    if (command->payload.size > 0) {
        memcpy(body + body_bytes, command->payload.data, command->payload.size);
        body_bytes += entry->payload_bytes;
    }
}

static struct lab_command add_with_payload(uint8_t *payload, uint8_t fill)
{
    struct lab_command command = { .sender = &system_a, .body = { .type = COMMAND_POINTER_ADD }, .payload = bytes_of(payload, 509) };
    struct pointer_add *add = &command.body.as.pointer_add;

    memset(payload, fill, 509);
    add->kx_epoch = 1;
    add->count = 1;
    add->items[0] = (struct pointer_add_item){ .record_class = CLASS_VITALS, .content_commit = { { fill } }, .locator_length = 509,
        .locator_hash = hash_one(HASH_LOCATOR, payload, 509) };
    return command;
}

/* Named side by side, commands get the ids and digests that each gets alone. */
static void assert_named_alike(const struct app *app)
{
    static struct command named[COMMANDS + 2];
    struct command alone;

    for (uint32_t i = 0; i < commands_count; i++) {
        struct bytes bytes = bytes_of(body + commands[i].offset, commands[i].envelope_bytes + commands[i].payload_bytes);
        cr_assert_eq(app->scan(app->context, bytes, &named[i]), CODE_OK);
        app->expect(app->context, &named[i].account, 0);
        app->expect(app->context, &named[i].account, 1);
    }
    app->name(app->context, named, commands_count);
    for (uint32_t i = 0; i < commands_count; i++) {
        cr_assert_eq(app->scan(app->context, named[i].bytes, &alone), CODE_OK);
        app->name(app->context, &alone, 1);
        cr_assert(hash_equal(&named[i].id, &alone.id), "command %u", i);
        cr_assert_eq(named[i].signatures_count, alone.signatures_count);
        for (uint32_t j = 0; j < alone.signatures_count; j++) {
            cr_assert(hash_equal(&named[i].signatures[j].digest, &alone.signatures[j].digest), "command %u, signature %u", i, j);
            cr_assert_eq(named[i].signatures[j].key, alone.signatures[j].key);
            cr_assert_eq(named[i].signatures[j].signature, alone.signatures[j].signature);
            cr_assert_eq(named[i].signatures[j].refusal, alone.signatures[j].refusal);
        }
    }
}

/* Recalled without a check, a command is what scan made of it. */
static void assert_recalled_alike(const struct app *app)
{
    struct command scanned, recalled;

    for (uint32_t i = 0; i < commands_count; i++) {
        struct bytes bytes = bytes_of(body + commands[i].offset, commands[i].envelope_bytes + commands[i].payload_bytes);
        memset(&scanned, 0, sizeof scanned);
        memset(&recalled, 0, sizeof recalled);
        cr_assert_eq(app->scan(app->context, bytes, &scanned), CODE_OK);
        app->recall(app->context, bytes, scanned.envelope_bytes, scanned.tokens, &recalled);
        cr_assert_arr_eq(&recalled, &scanned, sizeof scanned, "command %u", i);
    }
}

/* A block that registers a system and a patient, whose records then come with locators. */
static void fill_body(const struct apply *apply)
{
    static uint8_t payloads[COMMANDS][509];
    struct app app = apply_app((struct apply *)(uintptr_t)apply);
    struct command parsed;

    commands_count = body_bytes = 0;
    system_a = lab_party_of(&lab, ACTOR_SYSTEM, 1);
    struct lab_party patient = lab_party_of(&lab, ACCOUNT_PATIENT, 1);
    struct lab_command command = lab_register(&lab, LAB_ALDER, &system_a, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH | CAP_VOUCH);
    append(&command);
    command = (struct lab_command){ .sender = &patient, .cosigners = { &system_a }, .body = { .type = COMMAND_PATIENT_REGISTER } };
    append(&command);
    for (uint32_t i = 0; i < COMMANDS; i++) {
        command = add_with_payload(payloads[i], (uint8_t)(i + 1));
        memcpy(command.body.as.pointer_add.patient, patient.acct, ACCT_BYTES);
        append(&command);
    }
    for (uint32_t i = 0; i < commands_count; i++) {
        struct block_command *entry = &commands[i];
        enum code code = app.scan(app.context, bytes_of(body + entry->offset, entry->envelope_bytes + entry->payload_bytes), &parsed);
        cr_assert_eq(code, CODE_OK, "command %u: %s", i, code_name(code));
        cr_assert_eq(parsed.envelope_bytes, entry->envelope_bytes);
        cr_assert_eq(parsed.bytes.size, entry->envelope_bytes + entry->payload_bytes);
        app.name(app.context, &parsed, 1);
        entry->id = parsed.id;
    }
    assert_named_alike(&app);
    assert_recalled_alike(&app);
}

/* Executes the body as block 1, so many commands at a time. */
static const struct apply_block *execute(struct apply *apply, uint32_t slice)
{
    static struct block_header header;
    struct effect commit = { .kind = EFFECT_COMMIT };
    const struct apply_block *done = NULL;

    header = (struct block_header){ .commands_count = commands_count, .height = 1, .time_ms = LAB_TIME + 1000 };
    commit.commit.header = &header;
    commit.commit.body = bytes_of(body, body_bytes);
    commit.commit.commands = commands;
    commit.commit.roots = true;
    apply_begin(apply, &commit);
    for (uint32_t i = 0; done == NULL && i < 1000; i++) {
        done = apply_step(apply, slice);
    }
    cr_assert_not_null(done);
    return done;
}

Test(apply, deleted_payloads_change_no_code_and_no_root)
{
    struct apply whole, bare;

    start();
    take(&whole);
    take(&bare);
    fill_body(&whole);
    const struct apply_block *first = execute(&whole, 3);
    for (uint32_t i = 0; i < commands_count; i++) {
        cr_assert_eq(first->codes[i], CODE_OK, "command %u: %s", i, code_name(first->codes[i]));
        memset(body + commands[i].offset + commands[i].envelope_bytes, 0, commands[i].payload_bytes);
    }
    const struct apply_block *second = execute(&bare, 1000);
    cr_assert_eq(memcmp(first->codes, second->codes, commands_count * sizeof first->codes[0]), 0);
    cr_assert(hash_equal(&first->state_root, &second->state_root));
    cr_assert(hash_equal(&first->receipts_root, &second->receipts_root));
    for (uint32_t i = 0; i < commands_count; i++) {
        uint64_t position = 0;
        cr_assert_not_null(archive_find_receipt(&bare.archive, &commands[i].id, &position));
        cr_assert_eq(position, i);
    }
}

Test(apply, admission_refuses_what_execution_would_refuse)
{
    struct apply apply;
    struct command parsed;
    uint8_t bytes[ENVELOPE_BYTES_MAX + 509], payload[509];

    start();
    take(&apply);
    struct app app = apply_app(&apply);
    system_a = lab_party_of(&lab, ACTOR_SYSTEM, 1);
    struct lab_party other = lab_party_of(&lab, ACTOR_SYSTEM, 2);
    struct lab_command command = lab_register(&lab, LAB_ALDER, &system_a, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH);
    memcpy(command.body.as.actor_set.acct, other.acct, ACCT_BYTES);
    size_t size = lab_sign(&lab, &command, bytes);
    cr_assert_eq(app.scan(app.context, bytes_of(bytes, size), &parsed), CODE_MALFORMED, "an account that the key does not give");
    command = add_with_payload(payload, 1);
    command.body.as.pointer_add.items[0].locator_hash.bytes[0] ^= 1;
    size = lab_sign(&lab, &command, bytes);
    memcpy(bytes + size, payload, sizeof payload);
    cr_assert_eq(app.scan(app.context, bytes_of(bytes, size + sizeof payload), &parsed), CODE_OK, "hashes are asked for apart");
    cr_assert_eq(app.payloads(app.context, &parsed, 1), CODE_PAYLOAD_HASH, "a locator that its item does not name");
    cr_assert_eq(app.scan(app.context, bytes_of(bytes, size + sizeof payload - 1), &parsed), CODE_PAYLOAD_MISSING);
    cr_assert_eq(app.scan(app.context, bytes_of(bytes, size - 1), &parsed), CODE_LENGTH);
    cr_assert_eq(app.scan(app.context, bytes_of(bytes, 0), &parsed), CODE_LENGTH);
}

/* 116: consensus counts, for each command, whose bucket it takes from and at most how much, and what the state leaves there. */
Test(apply, says_who_pays_and_the_most_that_it_can_come_to)
{
    struct apply apply;
    struct command parsed;
    struct command_standing standing;
    uint8_t bytes[ENVELOPE_BYTES_MAX];

    start();
    take(&apply);
    struct app app = apply_app(&apply);
    system_a = lab_party_of(&lab, ACTOR_SYSTEM, 1);
    struct lab_party patient = lab_party_of(&lab, ACCOUNT_PATIENT, 1);
    struct lab_command command = { .sender = &patient, .cosigners = { &system_a }, .body = { .type = COMMAND_PATIENT_REGISTER } };
    cr_assert_eq(app.scan(app.context, bytes_of(bytes, lab_sign(&lab, &command, bytes)), &parsed), CODE_OK);
    cr_assert_arr_eq(parsed.payer.bytes, system_a.acct, ACCT_BYTES, "who vouches");
    cr_assert_eq(parsed.tokens, 1);
    app.standing(app.context, &parsed, LAB_TIME, &standing);
    cr_assert_eq(standing.code, CODE_SENDER_UNKNOWN);

    command = lab_register(&lab, LAB_ALDER, &system_a, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH);
    cr_assert_eq(app.scan(app.context, bytes_of(bytes, lab_sign(&lab, &command, bytes)), &parsed), CODE_OK);
    cr_assert(hash_equal(&parsed.payer, &parsed.account), "its sender");
    cr_assert_eq(parsed.tokens, 1);
    app.standing(app.context, &parsed, LAB_TIME, &standing);
    const struct params params = params_default();
    cr_assert_eq(standing.code, CODE_OK);
    cr_assert_eq(standing.interval_ms, params.rate_practitioner.interval_ms);
    cr_assert_eq(standing.spare_ms, (int64_t)params.rate_practitioner.interval_ms * params.rate_practitioner.burst, "a new bucket is full");

    static const struct { uint8_t count; uint32_t tokens; } requests[] = { { 0, 17 }, { 1, 1 }, { 15, 1 }, { 16, 2 } };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        command = (struct lab_command){ .sender = &patient, .body = { .type = COMMAND_ACCESS_REQUEST } };
        struct access_request *request = &command.body.as.access_request;
        *request = (struct access_request){ .class_mask = 2, .base_seq = 1, .to_month = 0xffff, .want_ttl = 60, .count = requests[i].count };
        for (uint32_t j = 0; j < request->count; j++) {
            request->seqs[j] = j + 1;
        }
        enum code code = app.scan(app.context, bytes_of(bytes, lab_sign(&lab, &command, bytes)), &parsed);
        cr_assert_eq(code, CODE_OK, "%s", code_name(code));
        cr_assert_eq(parsed.tokens, requests[i].tokens, "of %u pointers: %u", requests[i].count, parsed.tokens);
    }
}
