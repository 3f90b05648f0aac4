/* report_attacks.c: the library of attacks as lines for a reader, and as one object; see report.h. */
#include "sim/report.h"

#include "base/assert.h"
#include "sim/build_id.h"

#include <jansson.h>

bool attack_is_well(const struct attack_result *result)
{
    return result->failure.kind == FAILURE_NONE && !result->slow && !result->deposed && !result->starved;
}

/* trouble_of says why an attack did not end well. Gives: "" when it did. */
static const char *trouble_of(const struct attack_result *result)
{
    if (result->failure.kind != FAILURE_NONE) {
        return result->failure.text;
    }
    return result->slow ? "below its floor" : result->deposed ? "too many views ended" : result->starved ? "Q4: a client that is passed over waits too long" : "";
}

static bool print_row(FILE *stream, const struct attack *attack)
{
    fprintf(stream, "%s\n    source    %s\n    expected  %s; of the calm throughput >= %u %%; views ended <= %u\n    lies     ", attack->name, attack->source,
            attack->expected, (unsigned)attack->floor_percent, (unsigned)attack->views_max);
    for (unsigned lie = 0; lie < LIE_COUNT; lie++) {
        if ((attack->lies >> lie & 1) != 0) {
            fprintf(stream, " %s", lie_names[lie].word);
        }
    }
    return fprintf(stream, "\n") > 0 && fflush(stream) == 0;
}

bool report_attack(FILE *stream, const struct attack *attack, const struct attack_result *result)
{
    if (result == NULL) {
        return print_row(stream, attack);
    }
    const char *trouble = trouble_of(result);
    fprintf(stream, "%s  %-38s %u of %u told in time (>= %u %%), receipt after %llu ms, %llu views ended (<= %u), %llu lies%s%s\n", attack_is_well(result) ? "fine" : "BAD ",
            attack->name, (unsigned)result->told, (unsigned)result->told_calm, (unsigned)attack->floor_percent, (unsigned long long)result->mean_ns / 1000000,
            (unsigned long long)result->views, (unsigned)attack->views_max, (unsigned long long)result->lies, trouble[0] == '\0' ? "" : ": ", trouble);
    return fflush(stream) == 0;
}

bool report_control(FILE *stream, const struct attacks_control *control)
{
    fprintf(stream, "%s  n = %u with %u %s, one too many: %s\n", control->seen ? "fine" : "BAD ", control->replicas, control->count, control->twins ? "twins" : "liars",
            control->seen ? control->failure.text : "nothing was seen, so the oracle is blind");
    return fflush(stream) == 0;
}

/* --- One object --------------------------------------------------------------------------------------------------- */

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *lies_of(const struct attack *attack)
{
    json_t *lies = json_array();

    for (unsigned lie = 0; lie < LIE_COUNT; lie++) {
        if ((attack->lies >> lie & 1) != 0) {
            json_array_append_new(lies, json_string(lie_names[lie].word));
        }
    }
    return lies;
}

static json_t *result_of(const struct attack_result *result)
{
    const char *trouble = trouble_of(result);

    return json_pack("{sb so so so so so ss ss?}", "ok", attack_is_well(result), "told", number(result->told), "told_calm", number(result->told_calm), "receipt_ms",
                     json_real((double)result->mean_ns / 1e6), "views_ended", number(result->views), "lies", number(result->lies), "failure",
                     failure_word(result->failure.kind), "trouble", trouble[0] == '\0' ? NULL : trouble);
}

static json_t *row_of(const struct attacks_row *row, bool played)
{
    const struct attack *attack = row->attack;

    return json_pack("{ss ss ss so so so so sb so so so}", "name", attack->name, "source", attack->source, "expected", attack->expected, "lies", lies_of(attack), "replicas",
                     number(attack->replicas), "liars", number(attack->liars), "twins", number(attack->twins), "reserves", attack->reserves, "floor_percent",
                     number(attack->floor_percent), "views_ended_max", number(attack->views_max), "result", played ? result_of(&row->result) : json_null());
}

static json_t *control_of(const struct attacks_control *control)
{
    return json_pack("{so so sb sb ss?}", "replicas", number(control->replicas), "members", number(control->count), "twins", control->twins, "seen", control->seen, "failure",
                     control->seen ? control->failure.text : NULL);
}

bool report_attacks(FILE *stream, const struct attacks_report *report)
{
    json_t *rows = json_array(), *controls = json_array();
    bool ok = true;

    ASSERT(report->rows_count <= ATTACKS_MAX);
    ASSERT(report->controls_count <= ATTACK_CONTROLS_MAX);
    for (uint32_t i = 0; i < report->rows_count; i++) {
        json_array_append_new(rows, row_of(&report->rows[i], report->played));
        ok = ok && (!report->played || attack_is_well(&report->rows[i].result));
    }
    for (uint32_t i = 0; i < report->controls_count; i++) {
        json_array_append_new(controls, control_of(&report->controls[i]));
        ok = ok && report->controls[i].seen;
    }
    json_t *object = json_pack("{ss sb sb so ss so so}", "schema", "ward.sim.attacks/1", "ok", ok, "played", report->played, "seed", number(report->seed), "build", build_id(),
                               "attacks", rows, "controls", controls);
    ASSERT(object != NULL);
    int failed = json_dumpf(object, stream, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(object);
    return failed == 0 && fputc('\n', stream) != EOF && fflush(stream) == 0;
}
