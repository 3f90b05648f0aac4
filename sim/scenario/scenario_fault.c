/* scenario_fault.c: lines that name what happens to one single message. The shrinker writes them; a person may.
 *
 *     fault drop 0 to 2 vote view 3 height 17 again 0
 *     fault straggle 0 to 2 vote view 3 height 17 again 0 by 312ms
 *     fault duplicate 1 to 3 timeout view 4 height 0 again 1 by 2ms */
#include "sim/scenario/scenario_priv.h"

#include <string.h>

static const char *const kinds[SIM_FAULT_COUNT] = { [SIM_FAULT_DROP] = "drop", [SIM_FAULT_DUPLICATE] = "duplicate", [SIM_FAULT_STRAGGLE] = "straggle",
    [SIM_FAULT_CORRUPT] = "corrupt" };

static enum err read_kind(struct line *line, enum sim_fault_kind *kind)
{
    const char *word = line_take(line);

    for (int i = 0; i < SIM_FAULT_COUNT; i++) {
        if (strcmp(word, kinds[i]) == 0) {
            *kind = (enum sim_fault_kind)i;
            return ERR_OK;
        }
    }
    return line_wrong(line, "a fault is drop, duplicate, straggle or corrupt, not \"%s\"", word);
}

static enum err read_labelled(struct line *line, const char *label, uint64_t *number)
{
    if (!line_take_word(line, label)) {
        return line_wrong(line, "\"%s\" and a number is missing", label);
    }
    return line_number(line, 0, UINT64_C(999999999999999999), number);
}

static enum err read_way(struct line *line, struct sim_fault *fault)
{
    enum message_type type = MESSAGE_NONE;
    enum err err = line_server(line, &fault->from);

    if (err == ERR_OK && !line_take_word(line, "to")) {
        return line_wrong(line, "\"to\" and a replica is missing");
    }
    err = err == ERR_OK ? line_server(line, &fault->to) : err;
    err = err == ERR_OK ? line_type(line, &type) : err;
    fault->type = (uint8_t)type;
    return err;
}

static enum err read_delay(struct line *line, struct sim_fault *fault)
{
    if (fault->kind == SIM_FAULT_DROP || fault->kind == SIM_FAULT_CORRUPT) {
        return ERR_OK;
    }
    if (!line_take_word(line, "by")) {
        return line_wrong(line, "\"by\" and a time is missing");
    }
    enum err err = line_time(line, &fault->delay_ns);
    return err == ERR_OK && fault->delay_ns == 0 ? line_wrong(line, "a delay is longer than nothing") : err;
}

enum err scenario_fault(struct line *line)
{
    struct scenario *scenario = line->scenario;
    struct sim_fault fault = { .kind = SIM_FAULT_DROP };

    if (scenario->faults_count == SCENARIO_FAULTS_MAX) {
        return line_wrong(line, "more than %u faults", SCENARIO_FAULTS_MAX);
    }
    enum err err = read_kind(line, &fault.kind);
    err = err == ERR_OK ? read_way(line, &fault) : err;
    err = err == ERR_OK ? read_labelled(line, "view", &fault.view) : err;
    err = err == ERR_OK ? read_labelled(line, "height", &fault.height) : err;
    err = err == ERR_OK ? read_labelled(line, "again", &fault.again) : err;
    err = err == ERR_OK ? read_delay(line, &fault) : err;
    if (err == ERR_OK) {
        scenario->faults[scenario->faults_count++] = fault;
    }
    return err;
}

void scenario_faults_write(const struct scenario *scenario, FILE *stream)
{
    for (uint32_t i = 0; i < scenario->faults_count; i++) {
        const struct sim_fault *fault = &scenario->faults[i];
        fprintf(stream, "fault %s %u to %u %s view %llu height %llu again %llu", kinds[fault->kind], fault->from, fault->to, message_word(fault->type),
                (unsigned long long)fault->view, (unsigned long long)fault->height, (unsigned long long)fault->again);
        if (fault->kind != SIM_FAULT_DROP) {
            fprintf(stream, " by ");
            scenario_time_write(fault->delay_ns, stream);
        }
        fprintf(stream, "\n");
    }
}
