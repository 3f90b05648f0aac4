/* record.h: a run as a list: what it was (a scenario), every random decision by its name, and every event in order. Played again, also by a later build,
 * each decision falls as it is listed, and the first event that is another one is where the two builds part.
 *
 *     choice_settle --> noted, or as listed
 *     world_note -----> record_event --> noted, or compared
 *
 * One process plays one world at a time, so there is one record under way, or none. */
#ifndef WARD_SIM_SCENARIO_RECORD_H
#define WARD_SIM_SCENARIO_RECORD_H

#include "base/err.h"
#include "sim/world/choice.h"
#include "sim/oracle/facts.h"
#include "sim/scenario/scenario.h"

#define RECORD_BYTES_MAX (256u << 20) /* of a file */

struct record_event {
    uint64_t now_ns;
    uint64_t topic, a, b; /* as in world_note */
};

struct record {
    bool replaying;
    struct choice_made *decisions;
    size_t decisions_count, decisions_capacity;
    struct record_event *events;
    size_t events_count, events_capacity;
    struct facts places; /* name of a decision -> its place, plus one */
    /* While replaying: */
    uint64_t seen;           /* events so far */
    uint64_t fresh;          /* decisions that the list does not know */
    bool parted;             /* an event was another one: */
    uint64_t parted_at;      /* its number */
    struct record_event expected, found; /* expected: zeros when the list was at its end */
    bool at_end;
};

void record_init(struct record *record);
void record_close(struct record *record);

/* record_use makes a record the one under way; NULL: none. */
void record_use(struct record *record);

/* record_event notes an event, or compares it with the list. */
void record_event(const struct record_event *event);

/* record_write writes scenario, decisions and events as text. Gives: false when the stream cannot be written. */
bool record_write(const struct record *record, const struct scenario *scenario, FILE *stream);

/* record_read reads them back; the record replays from then on. Fails: ERR_INVALID, and *line tells where. */
enum err record_read(struct record *record, struct scenario *scenario, char *text, uint32_t *line);

/* record_text says what an event is, for a reader. */
void record_text(const struct record_event *event, char *text, size_t size);

#endif
