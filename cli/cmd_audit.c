/* cmd_audit.c: `ward audit`: a patient's trail, complete by proof: who asked, who was permitted or denied, what was disclosed. */
#include "cli/cmd.h"

#include "base/assert.h"
#include "cli/ask.h"
#include "cli/output.h"

#include <string.h>

/* An audit under way. */
struct audit {
    struct ask *ask;
    struct query query;
    uint64_t from, left; /* events still wanted */
    struct hash32 root;  /* of the state; zeros before the first page */
    json_t *result;
    uint64_t total;      /* events in the trail */
};

/* take_page adds a page to the result. Gives: false when the state moved on since the first page. */
static bool take_page(struct audit *audit)
{
    const struct query_facts *facts = &audit->ask->checker.facts;
    const char *name = audit->query.kind == QUERY_AUDIT ? "audit" : "disclosures";
    json_t *described = proof_describe(&audit->ask->checker);

    if (audit->result == NULL) {
        audit->root = facts->answer.state_root;
        audit->result = described;
        return true;
    }
    bool same = hash_equal(&audit->root, &facts->answer.state_root);
    if (same) {
        json_array_extend(json_object_get(json_object_get(audit->result, name), "events"), json_object_get(json_object_get(described, name), "events"));
    }
    json_decref(described);
    return same;
}

static int restart(struct audit *audit, uint64_t from, uint64_t left)
{
    json_decref(audit->result);
    audit->result = NULL;
    audit->from = from;
    audit->left = left;
    return ask_forget(audit->ask);
}

/* run asks page after page at one state. */
static int run(struct audit *audit)
{
    uint64_t from = audit->from, left = audit->left;
    int code = EXIT_FINE;

    for (bool more = true; more && code == EXIT_FINE;) {
        audit->query.from = audit->from;
        audit->query.count = (uint16_t)(audit->left < QUERY_EVENTS_MAX ? audit->left : QUERY_EVENTS_MAX);
        code = ask_query(audit->ask, &audit->query);
        if (code != EXIT_FINE) {
            return code;
        }
        if (!take_page(audit)) {
            code = restart(audit, from, left);
            continue;
        }
        audit->total = audit->ask->checker.facts.patient.audit_count;
        audit->from += audit->query.count;
        audit->left -= audit->query.count;
        more = audit->left > 0 && audit->from < audit->total && audit->ask->checker.facts.found;
    }
    return code;
}

/* check_earlier compares the root that came before the first event with the one that the caller kept. */
static int check_earlier(const struct args *args, struct audit *audit)
{
    const char *text = args_text(args, "root");
    struct hash32 earlier;
    const char *before = json_string_value(json_object_get(json_object_get(audit->result, "audit"), "root_before"));
    char hex[2 * HASH_BYTES + 1];

    if (text == NULL) {
        return EXIT_FINE;
    }
    enum err err = hex_decode(text, earlier.bytes, HASH_BYTES);
    ASSERT(err == ERR_OK); /* the table has checked it */
    hex_encode(earlier.bytes, HASH_BYTES, hex);
    if (before == NULL || strcmp(before, hex) != 0) {
        return output_fail(args, EXIT_INTEGRITY, "the trail is not a continuation of the one that ended with this root: events before --from were changed");
    }
    return EXIT_FINE;
}

static int audit_all(const struct args *args, struct ask *ask, struct audit *audit)
{
    int code = run(audit);
    bool whole = audit->query.kind == QUERY_AUDIT && args_number(args, "from") == 0 && audit->from >= audit->total;

    code = code == EXIT_FINE ? check_earlier(args, audit) : code;
    if (code != EXIT_FINE) {
        json_decref(audit->result);
        return code;
    }
    if (!ask->checker.facts.found) {
        json_decref(audit->result);
        return output_fail(args, EXIT_NO, "at this state there is no such patient");
    }
    json_object_set_new(audit->result, "whole", json_boolean(whole));
    return ask_finish(ask, whole && ask->certified ? PROOF_WHOLE_AUDIT : PROOF_ANSWERS, audit->result);
}

int cmd_audit(const struct args *args)
{
    struct ask ask;
    struct audit audit = { .ask = &ask, .query = { .kind = args_has(args, "disclosures") ? QUERY_DISCLOSURES : QUERY_AUDIT } };

    audit.from = args_number(args, "from");
    audit.left = args_has(args, "count") ? args_number(args, "count") : UINT64_MAX;
    if (hex_decode(args->operands[0], audit.query.acct, ACCT_BYTES) != ERR_OK) {
        return output_fail(args, EXIT_USAGE, "\"%s\" is no account: 64 hexadecimal digits", args->operands[0]);
    }
    if (args_has(args, "root") && audit.query.kind == QUERY_DISCLOSURES) {
        return output_fail(args, EXIT_USAGE, "--root goes with the whole trail, not with --disclosures");
    }
    int code = ask_open(args, &ask);
    code = code == EXIT_FINE ? audit_all(args, &ask, &audit) : code;
    ask_close(&ask);
    return code;
}
