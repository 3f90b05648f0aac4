/* scenario_priv.h: what the files that read and write scenarios share: the words of a line, and the tables of words. */
#ifndef WARD_SIM_SCENARIO_SCENARIO_PRIV_H
#define WARD_SIM_SCENARIO_SCENARIO_PRIV_H

#include "sim/scenario/scenario.h"

#include <stdio.h>

#define WORDS_MAX 140u
#define LINE_BYTES_MAX 1024u

/* A line under way. */
struct line {
    struct scenario *scenario;
    uint32_t number;
    char text[LINE_BYTES_MAX];
    char *words[WORDS_MAX];
    uint32_t count, next;
};

extern const char *const scenario_quantities[QUANTITY_COUNT];
extern const char *const scenario_comparisons[COMPARE_COUNT];
extern const char *const scenario_actions[ACTION_COUNT];

/* A verb: its word, and how what stands behind it is read, and written so that it is read as the same. */
struct scenario_form {
    const char *word;
    enum err (*read)(struct line *line, struct scenario_step *step);
    void (*write)(const struct scenario *scenario, const struct scenario_step *step, FILE *stream);
};

extern const struct scenario_form scenario_forms[VERB_COUNT];

/* line_wrong notes what is wrong with the line. Gives: ERR_INVALID. */
__attribute__((format(printf, 2, 3))) enum err line_wrong(struct line *line, const char *format, ...);

/* line_peek gives the next word, "" behind the last; line_take takes it; line_take_word takes it when it is this one. */
const char *line_peek(const struct line *line);
const char *line_take(struct line *line);
bool line_take_word(struct line *line, const char *word);

/* Each reads one thing. Fails: ERR_INVALID, and the line is told wrong. */
enum err line_number(struct line *line, uint64_t least, uint64_t most, uint64_t *number);
enum err line_u32(struct line *line, uint64_t least, uint64_t most, uint32_t *out);
enum err line_time(struct line *line, uint64_t *time_ns);
enum err line_range(struct line *line, uint64_t *least, uint64_t *most); /* "A" or "A to B" */
enum err line_member(struct line *line, uint32_t *member);
enum err line_server(struct line *line, uint32_t *server); /* a member, or the second server of a twin, which is numbered behind all members */
enum err line_members(struct line *line, struct member_set *members); /* one or more, or "all", up to the end or a bar; in steps: servers */
enum err line_target(struct line *line, uint32_t *target);            /* "to" and a member, or "to any" */
enum err line_type(struct line *line, enum message_type *type);
enum err line_mark(struct line *line, enum mark *mark);

/* scenario_header reads a line that describes the cluster. Gives: ERR_NOT_FOUND when its first word is none of them. */
enum err scenario_header(struct line *line, const char *word);

/* scenario_fault reads what follows the word "fault"; scenario_faults_write writes all such lines. */
enum err scenario_fault(struct line *line);
void scenario_faults_write(const struct scenario *scenario, FILE *stream);

/* scenario_header_write writes what differs from what is assumed when nothing is said. */
void scenario_header_write(const struct scenario *scenario, FILE *stream);

/* Lines of the header by number, for whoever makes a scenario smaller. Reset: as if the line were not there; narrow: a range becomes its lower end.
 * Both give false when there is nothing to change. The first two lines, replicas and clients, are not reset. */
size_t scenario_header_fields(void);
bool scenario_header_reset(struct scenario *scenario, size_t field);
bool scenario_header_narrow(struct scenario *scenario, size_t field);

/* scenario_time_write writes a time in the largest unit that holds it whole. */
void scenario_time_write(uint64_t time_ns, FILE *stream);

#endif
