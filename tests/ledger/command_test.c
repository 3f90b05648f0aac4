/* command_test.c: every command body has one encoding; what is not canonical is refused with the right code. */
#include "ledger/command.h"

#include "tests/ledger/codec_kit.h"
#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct command_body the_command;
static uint8_t the_type;

static enum verdict body_in(const uint8_t *data, size_t size) { return command_body_decode(&the_command, the_type, data, size); }

static size_t body_out(uint8_t *out)
{
    struct writer writer;

    writer_init(&writer, out, 4096);
    command_body_encode(&the_command, &writer);
    cr_assert(!writer.failed);
    return writer.offset;
}

static const struct codec codec = { "command", body_in, body_out };

/* A legal command of each type, with lists of the given length. */
static struct command_body sample(enum command_type type, uint8_t count)
{
    struct command_body command;

    memset(&command, 0, sizeof command);
    command.type = type;
    switch (type) {
    case COMMAND_ACTOR_SET:
        command.as.actor_set = (struct actor_set){ .op = ACTOR_REGISTER, .kind = ACTOR_SYSTEM, .caps = CAP_VOUCH, .valid_until = 5 };
        break;
    case COMMAND_PATIENT_REGISTER:
        command.as.patient_register = (struct patient_register){ .default_policy = POLICY_TREATING, .flags = REGISTER_STANDING_WRITE };
        break;
    case COMMAND_POINTER_ADD:
        command.as.pointer_add.count = count;
        for (uint8_t i = 0; i < count; i++) {
            command.as.pointer_add.items[i].record_class = i;
            command.as.pointer_add.items[i].content_commit.bytes[3] = i;
        }
        break;
    case COMMAND_POINTER_DECIDE:
        command.as.pointer_decide.approve = 1;
        command.as.pointer_decide.count = count;
        for (uint8_t i = 0; i < count; i++) {
            command.as.pointer_decide.seqs[i] = 3u * i + 1;
        }
        break;
    case COMMAND_POINTER_STATUS:
        command.as.pointer_set_status.op = POINTER_HIDE;
        command.as.pointer_set_status.count = count;
        for (uint8_t i = 0; i < count; i++) {
            command.as.pointer_set_status.seqs[i] = 3u * i + 1;
        }
        break;
    case COMMAND_GRANT:
        command.as.grant = (struct grant_body){ .effect = EFFECT_PERMIT, .kind = GRANT_READ, .gtype = GRANTEE_ORG, .flags = GRANT_SEALED };
        break;
    case COMMAND_REVOKE:
        command.as.revoke.count = count;
        for (uint8_t i = 0; i < count; i++) {
            command.as.revoke.seqs[i] = 3u * i + 1;
        }
        break;
    case COMMAND_ACCESS_REQUEST:
        command.as.access_request = (struct access_request){ .base_seq = 1, .want_ttl = 60, .count = count };
        for (uint8_t i = 0; i < count; i++) {
            command.as.access_request.seqs[i] = 3u * i + 1;
        }
        break;
    case COMMAND_DISCLOSE:
        command.as.disclose.count = count;
        for (uint8_t i = 0; i < count; i++) {
            command.as.disclose.items[i].base_seq = 1;
            command.as.disclose.items[i].bitmap[0] = 1;
            command.as.disclose.items[i].mode = DISCLOSE_READ;
        }
        break;
    case COMMAND_PATIENT_SET:
        command.as.patient_set = (struct patient_set){ .default_policy = POLICY_DENY, .op = PATIENT_SET_POLICY };
        break;
    }
    return command;
}

static const struct {
    enum command_type type;
    uint8_t count; /* elements of the sample */
    size_t bytes;  /* of its body */
} table[] = {
    { COMMAND_ACTOR_SET, 0, 205 },
    { COMMAND_PATIENT_REGISTER, 0, 67 },
    { COMMAND_POINTER_ADD, 1, 69 + 74 },
    { COMMAND_POINTER_ADD, 16, 69 + 16 * 74 },
    { COMMAND_POINTER_DECIDE, 32, 34 + 32 * 4 },
    { COMMAND_POINTER_STATUS, 2, 34 + 2 * 4 },
    { COMMAND_GRANT, 0, 145 },
    { COMMAND_REVOKE, 16, 33 + 16 * 4 },
    { COMMAND_ACCESS_REQUEST, 0, 114 },
    { COMMAND_ACCESS_REQUEST, 16, 114 + 16 * 4 },
    { COMMAND_DISCLOSE, 3, 1 + 3 * 174 },
    { COMMAND_PATIENT_SET, 0, 35 },
};

static size_t encoded(const struct command_body *command, uint8_t *out)
{
    struct writer writer;

    writer_init(&writer, out, 4096);
    command_body_encode(command, &writer);
    cr_assert(!writer.failed);
    return writer.offset;
}

Test(command, every_body_round_trips_and_nothing_else_decodes)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        static uint8_t bytes[4096];
        struct command_body command = sample(table[i].type, table[i].count);
        size_t size = encoded(&command, bytes);
        cr_assert_eq(size, table[i].bytes, "type %d", table[i].type);
        the_type = (uint8_t)table[i].type;
        codec_kit_prove(&codec, bytes, size);
    }
}

/* Numbers of a list, ascending from the first. */
static void ascend(uint32_t *seqs, uint8_t count, uint32_t first)
{
    for (uint8_t i = 0; i < count; i++) {
        seqs[i] = first + 3u * i;
    }
}

/* A body of the type in which no two fields hold the same bytes: filled, then legal where a field has a range. */
static struct command_body filled(enum command_type type)
{
    struct command_body command;
    struct grant_body *grant = &command.as.grant;

    pinned_kit_fill(&command, sizeof command);
    command.type = type;
    switch (type) {
    case COMMAND_ACTOR_SET:
        command.as.actor_set.op = ACTOR_REGISTER;
        command.as.actor_set.kind = ACTOR_SYSTEM;
        command.as.actor_set.role = ROLE_PHARMACIST;
        command.as.actor_set.caps = CAP_PUBLISH | CAP_BTG;
        break;
    case COMMAND_PATIENT_REGISTER:
        command.as.patient_register.default_policy = POLICY_TREATING;
        command.as.patient_register.btg_policy = BTG_NORMAL_ONLY;
        command.as.patient_register.flags = REGISTER_FLAGS_ALL;
        break;
    case COMMAND_POINTER_ADD:
        command.as.pointer_add.count = 3;
        break;
    case COMMAND_POINTER_DECIDE:
        command.as.pointer_decide.approve = 1;
        command.as.pointer_decide.count = 3;
        ascend(command.as.pointer_decide.seqs, 3, 0x01020304);
        break;
    case COMMAND_POINTER_STATUS:
        command.as.pointer_set_status.op = POINTER_HIDE;
        command.as.pointer_set_status.count = 2;
        ascend(command.as.pointer_set_status.seqs, 2, 0x01020304);
        break;
    case COMMAND_GRANT:
        grant->effect = EFFECT_DENY;
        grant->kind = GRANT_READ;
        grant->gtype = GRANTEE_ANY_CUSTODIAN;
        grant->conf_max = CONF_NORMAL;
        grant->flags = GRANT_SEALED;
        grant->max_uses = 0; /* of a permit alone */
        grant->wrap_kind = WRAP_EPOCH;
        break;
    case COMMAND_REVOKE:
        command.as.revoke.count = 3;
        ascend(command.as.revoke.seqs, 3, 0x01020304);
        break;
    case COMMAND_ACCESS_REQUEST:
        command.as.access_request.count = 3;
        ascend(command.as.access_request.seqs, 3, command.as.access_request.base_seq + 1);
        break;
    case COMMAND_DISCLOSE:
        command.as.disclose.count = 2;
        for (uint8_t i = 0; i < 2; i++) {
            command.as.disclose.items[i].mode = (uint8_t)(DISCLOSE_VIEW + i);
            command.as.disclose.items[i].bytes_log2 = (uint8_t)(40 + i);
        }
        break;
    case COMMAND_PATIENT_SET:
        command.as.patient_set.default_policy = POLICY_TREATING;
        command.as.patient_set.btg_policy = BTG_UP_TO_RESTRICTED;
        command.as.patient_set.op = PATIENT_SET_POLICY;
        break;
    }
    return command;
}

Test(command, every_body_keeps_its_bytes)
{
    static const struct { enum command_type type; const char *pinned; } rows[] = {
        { COMMAND_ACTOR_SET, "205 ef87fec82f6cac31" },
        { COMMAND_PATIENT_REGISTER, "67 72f8688617818947" },
        { COMMAND_POINTER_ADD, "291 35b1fd5b4e7a7e04" },
        { COMMAND_POINTER_DECIDE, "46 86110e84290696ee" },
        { COMMAND_POINTER_STATUS, "42 cb83a6df508b1cee" },
        { COMMAND_GRANT, "145 a9ac31a0497cc3c5" },
        { COMMAND_REVOKE, "45 789e88555b2c02d3" },
        { COMMAND_ACCESS_REQUEST, "126 1aeb8d09ae60eb7f" },
        { COMMAND_DISCLOSE, "349 5bb43ef8547e50bb" },
        { COMMAND_PATIENT_SET, "35 fde3c62b31c65bb1" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static uint8_t bytes[4096];
        struct command_body command = filled(rows[i].type);
        size_t size = encoded(&command, bytes);
        the_type = (uint8_t)rows[i].type;
        cr_expect_eq(body_in(bytes, size), VERDICT_OK, "type %d", rows[i].type);
        pinned_kit_check(command_type_name(the_type), bytes, size, rows[i].pinned);
    }
}

Test(command, the_longest_bodies_fit_an_envelope)
{
    cr_assert_leq(DISCLOSE_BYTES + DISCLOSE_ITEMS_MAX * DISCLOSE_ITEM_BYTES, ENVELOPE_BODY_BYTES_MAX);
    cr_assert_gt(DISCLOSE_BYTES + (DISCLOSE_ITEMS_MAX + 1) * DISCLOSE_ITEM_BYTES, ENVELOPE_BODY_BYTES_MAX, "23 is the most that fits");
}

Test(command, types_that_are_not_built_are_refused)
{
    uint8_t body[4096] = { 0 };

    for (unsigned type = 0; type < 256; type++) {
        bool built = type == 3 || type == 4 || (type >= 8 && type <= 14) || type == 19;
        enum verdict verdict = command_body_decode(&the_command, (uint8_t)type, body, sizeof body);
        cr_assert_eq(verdict == VERDICT_TYPE, !built, "type %u", type);
    }
}

/* One byte of a legal body, changed. */
static enum verdict with_byte(enum command_type type, uint8_t count, size_t at, uint8_t value)
{
    static uint8_t bytes[4096];
    struct command_body command = sample(type, count);
    size_t size = encoded(&command, bytes);

    cr_assert_lt(at, size);
    bytes[at] = value;
    return command_body_decode(&command, (uint8_t)type, bytes, size);
}

Test(command, what_is_not_canonical_has_its_refusal)
{
    static const struct {
        enum command_type type;
        uint8_t count;
        size_t at;
        uint8_t value;
        enum verdict verdict;
    } cases[] = {
        { COMMAND_ACTOR_SET, 0, 0, 5, VERDICT_RANGE },             /* operation */
        { COMMAND_ACTOR_SET, 0, 0, 2, VERDICT_RANGE },             /* operation that is not built */
        { COMMAND_ACTOR_SET, 0, 4, 0x80, VERDICT_RESERVED },       /* capability */
        { COMMAND_PATIENT_REGISTER, 0, 64, 1, VERDICT_RANGE },     /* policy that is not built */
        { COMMAND_PATIENT_REGISTER, 0, 66, 4, VERDICT_RESERVED },  /* flag */
        { COMMAND_POINTER_ADD, 1, 68, 0, VERDICT_LENGTH },         /* no item */
        { COMMAND_POINTER_ADD, 1, 68, 17, VERDICT_LENGTH },        /* too many */
        { COMMAND_POINTER_ADD, 1, 68, 2, VERDICT_SHORT },          /* more than there are */
        { COMMAND_POINTER_ADD, 2, 68, 1, VERDICT_TRAILING },       /* fewer than there are */
        { COMMAND_POINTER_DECIDE, 2, 32, 2, VERDICT_RANGE },       /* neither approve nor refuse */
        { COMMAND_POINTER_DECIDE, 2, 33, 33, VERDICT_LENGTH },     /* too many */
        { COMMAND_POINTER_DECIDE, 2, 37, 4, VERDICT_ORDER },       /* the same twice */
        { COMMAND_POINTER_DECIDE, 2, 37, 0, VERDICT_ORDER },       /* pointer 0 */
        { COMMAND_POINTER_STATUS, 2, 32, 0, VERDICT_RANGE },       /* operation */
        { COMMAND_GRANT, 0, 33, GRANT_RESEARCH, VERDICT_RANGE },   /* not built */
        { COMMAND_GRANT, 0, 34, GRANTEE_ORG_KIND, VERDICT_RANGE }, /* not built */
        { COMMAND_GRANT, 0, 79, 4, VERDICT_RESERVED },             /* flag */
        { COMMAND_GRANT, 0, 107, 1, VERDICT_OK },                  /* uses of a read permit */
        { COMMAND_REVOKE, 1, 32, 17, VERDICT_LENGTH },
        { COMMAND_ACCESS_REQUEST, 0, 72, 0, VERDICT_RANGE },       /* base 0 */
        { COMMAND_ACCESS_REQUEST, 2, 120, 2, VERDICT_RANGE },      /* outside the page */
        { COMMAND_DISCLOSE, 1, 1 + 100, 0, VERDICT_RANGE },        /* no pointer named */
        { COMMAND_DISCLOSE, 1, 1 + 132, 5, VERDICT_RANGE },        /* mode */
        { COMMAND_DISCLOSE, 1, 0, 24, VERDICT_LENGTH },
        { COMMAND_PATIENT_SET, 0, 32, 3, VERDICT_RANGE },          /* policy that is not built */
        { COMMAND_PATIENT_SET, 0, 34, 2, VERDICT_RANGE },          /* operation that is not built */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum verdict verdict = with_byte(cases[i].type, cases[i].count, cases[i].at, cases[i].value);
        cr_assert_eq(verdict, cases[i].verdict, "case %zu: %s", i, verdict_name(verdict));
    }
}

Test(command, suspending_and_retiring_say_no_more_than_whom)
{
    static const enum actor_set_op ops[] = { ACTOR_SUSPEND, ACTOR_RETIRE };
    static uint8_t bytes[4096];

    for (unsigned i = 0; i < 2; i++) {
        struct command_body command = { .type = COMMAND_ACTOR_SET, .as.actor_set = { .op = (uint8_t)ops[i], .acct = { 7, [31] = 9 } } };
        size_t size = encoded(&command, bytes);
        the_type = COMMAND_ACTOR_SET;
        codec_kit_prove(&codec, bytes, size);
        for (size_t at = 1; at < size; at++) {
            bool account = at >= 5 && at < 5 + ACCT_BYTES;
            bytes[at] ^= 1;
            enum verdict verdict = command_body_decode(&the_command, COMMAND_ACTOR_SET, bytes, size);
            cr_assert_eq(verdict, account ? VERDICT_OK : VERDICT_RESERVED, "byte %zu: %s", at, verdict_name(verdict));
            bytes[at] ^= 1;
        }
    }
    struct command_body command = sample(COMMAND_ACTOR_SET, 0);
    command.as.actor_set.kind = 0;
    size_t size = encoded(&command, bytes);
    cr_assert_eq(command_body_decode(&the_command, COMMAND_ACTOR_SET, bytes, size), VERDICT_RANGE, "who registers says what kind");
}

Test(command, only_a_permit_to_read_is_counted)
{
    static const struct { uint8_t effect, kind; enum verdict verdict; } cases[] = {
        { EFFECT_PERMIT, GRANT_READ, VERDICT_OK },
        { EFFECT_PERMIT, GRANT_WRITE, VERDICT_RANGE },
        { EFFECT_DENY, GRANT_READ, VERDICT_RANGE },
        { EFFECT_DENY, GRANT_WRITE, VERDICT_RANGE },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static uint8_t bytes[4096];
        struct command_body command = sample(COMMAND_GRANT, 0);
        command.as.grant.effect = cases[i].effect;
        command.as.grant.kind = cases[i].kind;
        command.as.grant.max_uses = 1;
        size_t size = encoded(&command, bytes);
        cr_assert_eq(command_body_decode(&the_command, COMMAND_GRANT, bytes, size), cases[i].verdict, "case %zu", i);
    }
}

Test(command, verdicts_become_refusals)
{
    static const struct { enum verdict verdict; enum code code; } cases[] = {
        { VERDICT_OK, CODE_OK },           { VERDICT_TYPE, CODE_TYPE },       { VERDICT_RESERVED, CODE_RESERVED }, { VERDICT_SHORT, CODE_LENGTH },
        { VERDICT_TRAILING, CODE_LENGTH }, { VERDICT_LENGTH, CODE_LENGTH },   { VERDICT_RANGE, CODE_MALFORMED },   { VERDICT_ORDER, CODE_MALFORMED },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(command_body_refusal(cases[i].verdict), cases[i].code);
    }
}

Test(command, patient_and_on_behalf_are_found_where_they_stand)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct command_body command = sample(table[i].type, table[i].count);
        bool has_patient = table[i].type != COMMAND_ACTOR_SET && table[i].type != COMMAND_PATIENT_REGISTER && table[i].type != COMMAND_DISCLOSE;
        cr_assert_eq(command_body_patient(&command) != NULL, has_patient);
        cr_assert_null(command_body_on_behalf(&command), "zeros are nobody");
    }
    struct command_body command = sample(COMMAND_ACCESS_REQUEST, 0);
    command.as.access_request.on_behalf[31] = 1;
    cr_assert_eq(command_body_on_behalf(&command), command.as.access_request.on_behalf);
}

Test(command, the_shapes_of_the_envelope_are_those_of_the_bodies)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct command_shape *shape = command_shape_of((uint8_t)table[i].type);
        cr_assert_not_null(shape);
        cr_assert_eq(shape->head_bytes + table[i].count * shape->item_bytes, table[i].bytes, "type %d", table[i].type);
    }
}
