/* cmd_get.c: `ward get`: one thing of the ledger, checked before it is shown, and as a proof for others. */
#include "cli/cmd.h"

#include "base/assert.h"
#include "cli/ask.h"
#include "cli/output.h"
#include "cli/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What can be asked for, and what it is named by. */
struct want {
    const char *name;
    enum query_kind kind; /* 0: a block header */
    const char *operands; /* a letter each: a account, i id, n number, o organisation; shown in messages */
    const char *usage;
};

static const struct want wants[] = {
    { "header", (enum query_kind)0, "n", "HEIGHT" },
    { "checkpoint", QUERY_CHECKPOINT, "", "" },
    { "receipt", QUERY_RECEIPT, "i", "TRANSACTION" },
    { "org", QUERY_ORG, "o", "NUMBER" },
    { "actor", QUERY_ACTOR, "a", "ACCOUNT" },
    { "patient", QUERY_PATIENT, "a", "ACCOUNT" },
    { "pointer", QUERY_POINTER, "an", "ACCOUNT NUMBER" },
    { "pointers", QUERY_POINTERS, "a", "ACCOUNT" },
    { "grants", QUERY_GRANTS, "a", "ACCOUNT" },
    { "ticket", QUERY_TICKET, "i", "TICKET" },
    { "locator", QUERY_LOCATOR, "an", "ACCOUNT NUMBER" },
    { "release", QUERY_RELEASE, "in", "TICKET NUMBER" },
    { "evaluate", QUERY_EVALUATE, "as", "ACCOUNT SUBJECT" },
    { NULL, (enum query_kind)0, NULL, NULL },
};

static const struct want *find(const char *name)
{
    const struct want *want = wants;

    while (want->name != NULL && strcmp(want->name, name) != 0) {
        want++;
    }
    return want->name == NULL ? NULL : want;
}

static bool read_number(const char *text, uint64_t most, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && text[0] != '-' && *number >= 1 && *number <= most;
}

/* read_operand puts one operand where its letter says. Gives: false when it is none. */
static bool read_operand(char letter, const char *text, struct query *query, uint64_t *height)
{
    uint64_t number = 0;

    switch (letter) {
    case 'a':
        return hex_decode(text, query->acct, ACCT_BYTES) == ERR_OK;
    case 's':
        return hex_decode(text, query->subject, ACCT_BYTES) == ERR_OK;
    case 'i':
        return hex_decode(text, query->id.bytes, HASH_BYTES) == ERR_OK;
    case 'o': {
        bool good = read_number(text, UINT16_MAX, &number);
        query->org = (uint16_t)number;
        return good;
    }
    default: {
        bool good = read_number(text, query->kind == (enum query_kind)0 ? WIRE_NUMBER_MAX : UINT32_MAX, height);
        query->seq = (uint32_t)*height;
        return good;
    }
    }
}

static int read_operands(const struct args *args, const struct want *want, struct query *query, uint64_t *height)
{
    if (args->operands_count != 1 + strlen(want->operands)) {
        return output_fail(args, EXIT_USAGE, "ward get %s takes other words: ward get %s %s", want->name, want->name, want->usage);
    }
    for (uint32_t i = 1; i < args->operands_count; i++) {
        if (!read_operand(want->operands[i - 1], args->operands[i], query, height)) {
            return output_fail(args, EXIT_USAGE, "\"%s\" cannot be used: ward get %s %s; an account or id has 64 hexadecimal digits", args->operands[i], want->name, want->usage);
        }
    }
    return EXIT_FINE;
}

/* read_flags: what evaluate and locator are told besides. */
static int read_flags(const struct args *args, struct query *query)
{
    uint32_t purpose = 0;

    if (query->kind == QUERY_LOCATOR && args_has(args, "ticket")) {
        enum err err = hex_decode(args_text(args, "ticket"), query->id.bytes, HASH_BYTES);
        ASSERT(err == ERR_OK); /* the table has checked it */
    }
    if (query->kind != QUERY_EVALUATE) {
        return EXIT_FINE;
    }
    if (!word_number(words_purpose, args_text(args, "purpose"), &purpose)) {
        return output_fail(args, EXIT_USAGE, "\"%s\" is no purpose", args_text(args, "purpose"));
    }
    if (!word_mask(words_class, args_text(args, "classes"), CLASS_MASK_ALL, &query->class_mask)) {
        return output_fail(args, EXIT_USAGE, "\"%s\" is no list of classes", args_text(args, "classes"));
    }
    query->purpose = (uint8_t)purpose;
    query->seq = (uint32_t)args_number(args, "base");
    query->from_month = (uint16_t)args_number(args, "from-month");
    query->to_month = (uint16_t)args_number(args, "to-month");
    query->subject_signs = args_has(args, "signs");
    return EXIT_FINE;
}

/* get_pages asks for all pages of pointers at one state, and again when the state moved on in between. */
static int get_pages(struct ask *ask, struct query *query, json_t **result)
{
    uint32_t pages = 1;
    struct hash32 root;

    *result = NULL;
    for (uint32_t page = 0; page < pages;) {
        query->seq = page == 0 ? 1 : page * TICKET_PAGE;
        int code = ask_query(ask, query);
        if (code != EXIT_FINE) {
            return code;
        }
        const struct query_facts *facts = &ask->checker.facts;
        json_t *described = proof_describe(&ask->checker);
        if (page == 0) {
            json_decref(*result);
            *result = described;
            root = facts->answer.state_root;
            pages = facts->found ? facts->patient.ptr_count / TICKET_PAGE + 1 : 1;
            page = 1;
        } else if (hash_equal(&root, &facts->answer.state_root)) {
            json_array_extend(json_object_get(*result, "pointers"), json_object_get(described, "pointers"));
            json_decref(described);
            page++;
        } else {
            json_decref(described);
            page = 0;
            code = ask_forget(ask);
        }
        if (code != EXIT_FINE) {
            return code;
        }
    }
    return EXIT_FINE;
}

/* is_there tells whether the thing that was asked for exists; its absence is an answer too, proved. */
static bool is_there(const struct proof_checker *checker)
{
    enum query_kind kind = checker->query.kind;

    if (checker->type == PROOF_HEADER || kind == QUERY_CHECKPOINT) {
        return true;
    }
    return kind == QUERY_RELEASE || kind == QUERY_EVALUATE ? checker->facts.decision.permit : checker->facts.found;
}

static int get(struct ask *ask, const struct want *want, struct query *query, uint64_t height)
{
    enum proof_claim claim = want->kind == QUERY_POINTERS ? PROOF_ALL_POINTERS : PROOF_ANSWERS;
    json_t *result = NULL;
    int code;

    if (want->kind == QUERY_POINTERS) {
        code = get_pages(ask, query, &result);
    } else {
        code = want->kind == (enum query_kind)0 ? ask_header(ask, height) : ask_query(ask, query);
        result = code == EXIT_FINE ? proof_describe(&ask->checker) : NULL;
    }
    if (code != EXIT_FINE) {
        json_decref(result);
        return code;
    }
    bool there = is_there(&ask->checker);
    code = ask_finish(ask, claim, result);
    return code == EXIT_FINE && !there ? EXIT_NO : code;
}

int cmd_get(const struct args *args)
{
    const struct want *want = find(args->operands[0]);
    struct query query = { .kind = (enum query_kind)0 };
    uint64_t height = 0;
    struct ask ask;

    if (want == NULL) {
        return output_fail(args, EXIT_USAGE, "\"%s\" cannot be asked for: header, checkpoint, receipt, org, actor, patient, pointer, pointers, grants, ticket, locator, release, evaluate",
                           args->operands[0]);
    }
    query.kind = want->kind;
    int code = read_operands(args, want, &query, &height);
    code = code == EXIT_FINE ? read_flags(args, &query) : code;
    if (code == EXIT_FINE && want->kind == QUERY_RELEASE && (args_has(args, "out") || args_has(args, "certified"))) {
        code = output_fail(args, EXIT_USAGE, "a release is decided now; it has no certificate and no proof");
    }
    if (code != EXIT_FINE) {
        return code;
    }
    code = ask_open(args, &ask);
    code = code == EXIT_FINE ? get(&ask, want, &query, height) : code;
    ask_close(&ask);
    return code;
}
