/* office_kit.c: see office_kit.h. */
#include "tests/cli/office_kit.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct office office;

static bool answer(struct fake_replica *fake, const struct frame *frame)
{
    struct client_question question;

    cr_assert_eq(client_question_decode(&question, frame->body), VERDICT_OK);
    uint64_t wall_ms = clock_wall_ms(), now_ms = office.desk.now_ms > wall_ms ? office.desk.now_ms : wall_ms;
    struct query_call call = { question.question, frame->header.flags == CLIENT_FLAG_GATED, now_ms };
    struct client_answer told = { .id = question.id, .height = office.desk.lab.height };
    told.code = queries_answer(&office.desk.queries, &call, office.desk.answer, sizeof office.desk.answer - 64, &office.desk.answer_bytes);
    if (office.forgets && question.question.size > 1 && question.question.data[1] == QUERY_RECEIPT) {
        told.code = QUERY_NOT_FOUND;
        office.desk.answer_bytes = 0;
    }
    if (office.lie_at < office.desk.answer_bytes) {
        office.desk.answer[office.lie_at] ^= 1;
    }
    told.answer = bytes_of(office.desk.answer, office.desk.answer_bytes);
    fake_answer(fake, &told);
    return true;
}

static bool handle(struct fake_replica *fake, const struct frame *frame)
{
    if (frame->header.type != CLIENT_SUBMIT) {
        return answer(fake, frame);
    }
    return office.submit != NULL ? office.submit(fake, frame) : office_execute(fake, frame);
}

uint64_t office_request(const struct frame *frame)
{
    struct client_submit submit;

    cr_assert_eq(client_submit_decode(&submit, frame->body), VERDICT_OK);
    return submit.id;
}

uint16_t office_accept(const struct frame *frame)
{
    struct client_submit submit;
    struct envelope envelope;

    cr_assert_eq(client_submit_decode(&submit, frame->body), VERDICT_OK);
    struct bytes whole = bytes_of(submit.command.data, envelope_size(submit.command));
    cr_assert_eq(envelope_decode(&envelope, whole), CODE_OK);
    enum code code = lab_admit(&office.desk.lab, whole, bytes_of(submit.command.data + whole.size, submit.command.size - whole.size));
    if (code == CODE_OK && envelope.nonce <= ledger_nonce(office.desk.lab.ledger, envelope.sender)) {
        code = CODE_NONCE_LOW;
    }
    if (code != CODE_OK) {
        return (uint16_t)code;
    }
    code = lab_execute(&office.desk.lab, &whole, 1);
    queries_executed(&office.desk.queries);
    return (uint16_t)code;
}

bool office_execute(struct fake_replica *fake, const struct frame *frame)
{
    uint64_t id = office_request(frame), before = office.desk.lab.height;
    uint16_t code = office_accept(frame);

    if (office.desk.lab.height == before) {
        fake_refuse(fake, id, code, 0);
        return true;
    }
    fake_admit(fake, id);
    fake->height = office.desk.lab.height;
    fake_receipts(fake, &(struct client_receipt){ id, 0, code }, 1);
    return true;
}

/* --- Opening --------------------------------------------------------------------------------------------------------- */

static void write_key(const char *name, const char *kind, const struct lab_party *party)
{
    char text[512], public_hex[65], seed_hex[65];

    hex_encode(party->pair.public_key, 32, public_hex);
    hex_encode(party->pair.secret_key, 32, seed_hex);
    snprintf(text, sizeof text, "ward-key 1\nkind %s\npublic %s\nseed %s\n", kind, public_hex, seed_hex);
    cr_assert_eq(chmod(kit_write(name, text), 0600), 0);
}

static void write_genesis(void)
{
    char path[256];

    snprintf(path, sizeof path, "%s/genesis", kit_directory());
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(office.desk.lab.genesis_bytes, 1, office.desk.lab.genesis_size, file), office.desk.lab.genesis_size);
    fclose(file);
}

struct office *office_start(void)
{
    struct desk *desk = &office.desk;

    desk_start(desk);
    desk->lab.time_ms = clock_wall_ms() - 60000; /* the commands sign with the real time */
    desk->request = desk_request(desk, &desk->doctor);
    desk_checkpoint(desk, true);
    office.lie_at = UINT64_MAX;
    office.replica = (struct fake_replica){ .handler = handle, .genesis = desk->lab.genesis.hash };
    fake_start(&office.replica);
    write_key("patient.key", "patient", &desk->patient);
    write_key("other.key", "patient", &desk->other);
    write_key("doctor.key", "practitioner", &desk->doctor);
    write_key("alder.key", "system", &desk->alder);
    write_key("birch.key", "system", &desk->birch);
    write_key("admin.key", "admin", &desk->lab.admins[LAB_ALDER]);
    hex_encode(desk->patient.acct, 32, office.patient);
    hex_encode(desk->doctor.acct, 32, office.doctor);
    hex_encode(desk->request.bytes, 32, office.ticket);
    write_genesis();
    return &office;
}

void office_stop(void)
{
    fake_stop(&office.replica);
}

/* --- Words ----------------------------------------------------------------------------------------------------------- */

int office_ward(const char *format, ...)
{
    char words[1024], line[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "ward %s --socket %s --genesis %%s/genesis --timeout 2s --json", words, office.replica.path);
    return kit_run(kit_directory(), line);
}

const char *office_text(const char *one, const char *two)
{
    static char text[256];
    json_t *result = kit_json(), *value = json_object_get(result, one);

    value = two == NULL ? value : json_object_get(value, two);
    if (json_is_integer(value)) {
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    } else {
        snprintf(text, sizeof text, "%s", json_is_string(value) ? json_string_value(value) : json_is_true(value) ? "true" : json_is_false(value) ? "false" : "?");
    }
    json_decref(result);
    return text;
}

size_t office_length(const char *one, const char *two)
{
    json_t *result = kit_json(), *value = json_object_get(result, one);
    size_t length = json_array_size(two == NULL ? value : json_object_get(value, two));

    json_decref(result);
    return length;
}
