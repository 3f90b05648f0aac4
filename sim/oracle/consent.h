/* consent.h: what the patients of a world permit: a model of docs/ledger.md's evaluation that shares no line with ledger/, with structures of its own.
 *
 *     patient -- policy
 *        |------ pointers 1, 2, ..   each with the statuses that it had, and since which block
 *        |------ grants 1, 2, ..     each with the blocks in which it was made and ended
 *        `------ tickets             what requests were promised
 *
 * Everything is kept with its block, so that the model answers as of any block that somebody may still stand at: a release that a replica hands out is judged as of the
 * state that it looked at. What commands make of the model is in sim/oracle/consent_follow.h. */
#ifndef WARD_SIM_ORACLE_CONSENT_H
#define WARD_SIM_ORACLE_CONSENT_H

#include "ledger/entity.h"
#include "sim/world/cast.h"
#include "sim/oracle/facts.h"

struct failure;

#define CONSENT_CHANGES_MAX 12u /* that are kept of one value */
#define CONSENT_NOW UINT64_MAX  /* as of the newest command */

/* A small number that changes: what it was, since which block. */
struct consent_value {
    uint32_t count; /* 1 .. */
    struct {
        uint64_t height;
        uint8_t value;
    } changes[CONSENT_CHANGES_MAX];
};

struct consent_pointer {
    uint16_t custodian;
    uint8_t record_class, conf;
    uint16_t month;
    uint32_t supersedes; /* 0: nothing */
    uint8_t basis;       /* enum pointer_basis: why it is current */
    uint32_t grant;      /* ... by which grant, or 0 */
    bool replaced;       /* by a newer version, while it was hidden */
    uint64_t made;       /* block */
    struct consent_value status; /* enum pointer_status */
};

struct consent_grant {
    bool permits;
    bool writes;         /* else it is about reading */
    uint8_t to;          /* enum grant_type */
    uint8_t conf_max;
    uint8_t grantee[ACCT_BYTES];
    uint16_t organisation; /* of a grant to one */
    uint32_t classes, purposes;
    uint16_t custodian;  /* 0: any */
    bool history, sealed;
    uint32_t pointer;    /* 0: any */
    uint16_t from_month, to_month;
    uint64_t begins_ms, ends_ms;
    uint32_t uses_max, uses; /* 0: without limit */
    uint64_t made, ended;    /* blocks; ended 0: it stands */
};

struct consent_ticket {
    struct hash32 id;
    uint32_t patient;
    uint8_t requester[ACCT_BYTES], subject[ACCT_BYTES];
    bool subject_signed;
    uint16_t organisation; /* 0: the patient itself */
    uint8_t purpose, reason;
    uint32_t counted;      /* grant, or 0 */
    uint32_t base;         /* pointer of the first bit */
    uint8_t bits[BITMAP_BYTES];
    uint64_t since_ms, ends_ms, ended_ms; /* ended_ms: it ended early, to make room; 0: it did not */
    uint64_t made, ended, left;           /* blocks; 0: not yet */
    uint32_t disclosed;
};

struct consent_patient {
    bool there; /* registered, by the genesis or by a command */
    struct consent_value policy; /* enum default_policy */
    struct consent_pointer *pointers;
    struct consent_grant *grants;
    uint32_t pointers_count, pointers_room, grants_count, grants_room;
    uint64_t events; /* of its audit trail */
};

struct consent_practitioner {
    struct consent_value status; /* enum actor_status; none while it is not registered */
    uint64_t ends_ms;            /* of its registration */
};

/* What the audit trail of a patient must say of a command of the newest block. */
struct consent_event {
    uint32_t patient;
    uint64_t place;  /* in the trail */
    uint8_t type;    /* enum event_type */
    uint8_t result, purpose;
    uint32_t pointer, grant;
};

/* What a command of the newest block made or changed. */
struct consent_touch {
    enum { TOUCH_POINTER, TOUCH_GRANT, TOUCH_TICKET, TOUCH_PRACTITIONER } kind;
    uint32_t patient; /* of a ticket, or a practitioner: 0 */
    uint32_t number;  /* of a ticket: its place + 1; of a practitioner: its number in the cast */
};

/* What a campaign must have seen: name, word, what it is, seeds after which there is one. */
#define CONSENT_TOLD(X)                                                                                                    \
    X(SELF, "self", "a patient who asked for the own records", 100)                                                        \
    X(CUSTODIAN, "own_chart", "a custodian who asked for its own chart", 50)                                               \
    X(GRANT, "granted", "a request that a grant permits", 50)                                                              \
    X(POLICY, "policy", "a request that the default policy permits", 2000)                                                 \
    X(EXPLICIT, "forbidden", "a request that a grant forbids", 200)                                                        \
    X(DEFAULT, "not_permitted", "a request that nothing permits", 50)                                                      \
    X(NOT_CURRENT, "not_current", "a request for a pointer that is not current", 100)                                      \
    X(NO_POINTER, "no_pointer", "a request for no pointer", 50)                                                            \
    X(PURPOSE, "wrong_purpose", "a request for a purpose that the role does not have", 50)                                 \
    X(COUNTED, "counted", "a permit of a number of uses that was used", 300)                                               \
    X(RAN_OUT, "ran_out", "a grant that ran out", 50)                                                                      \
    X(APPROVED, "approved", "a pointer that its patient approved", 150)                                                    \
    X(FAILED, "failed", "a command of somebody that fails", 50)                                                            \
    X(AUDITED, "audited", "an event of an audit trail that was compared", 50)                                              \
    X(FILED, "filed", "a disclosure under a ticket that consent permits still", 300)                                       \
    X(RACED, "raced", "a disclosure under a ticket that consent does not permit any more", 1500)                           \
    X(UNTICKETED, "unticketed", "a disclosure that no ticket covers", 100)                                                 \
    X(BESIDE, "beside", "a REVOKE and a request about the same patient in one block", 50)                                  \
    X(RELEASED, "released", "a release that is permitted", 100)                                                            \
    X(STOPPED, "stopped", "a release that is not permitted any more although its ticket lives", 300)                       \
    X(OVER, "over", "a release under a ticket that is over", 100)                                                          \
    X(LEFT, "left", "a release to somebody whose registration is over", 10000)                                             \
    X(BEYOND, "beyond", "a release beyond its ticket, or to somebody else", 100)                                           \
    X(UNKNOWN, "unknown", "a release under a ticket that was never given", 150)                                            \
    X(BEHIND, "behind", "a release by a server that is behind others", 1500)                                               \
    X(JOINED, "joined", "somebody who was registered as a patient", 300)                                                   \
    X(RECRUITED, "recruited", "a practitioner who was registered", 300)                                                    \
    X(SUSPENDED, "suspended", "a command of a practitioner who was suspended or retired", 600)

enum consent_mark {
#define CONSENT_ENUM(name, word, text, seeds) CONSENT_##name,
    CONSENT_TOLD(CONSENT_ENUM)
#undef CONSENT_ENUM
    CONSENT_MARKS
};

struct consent {
    const struct cast *cast;
    struct failure *failure;
    struct consent_patient *patients; /* of the cast */
    struct consent_practitioner *practitioners; /* of the cast */
    struct consent_ticket *tickets;
    uint32_t tickets_count, tickets_room;
    struct facts ids; /* ticket -> its place + 1 */
    uint64_t height, time_ms; /* of the newest block */
    uint64_t forgotten;       /* highest block whose state is not known whole any more */
    struct consent_event *events; /* of the newest block */
    struct consent_touch *touches;
    uint32_t events_count, events_room, touches_count, touches_room;
    uint64_t marks[CONSENT_MARKS];
};

/* Who asks for what, when. */
struct consent_question {
    uint32_t patient;
    const uint8_t *subject; /* account */
    bool subject_signed;
    uint16_t organisation;  /* 0: none */
    uint8_t purpose;
    uint64_t time_ms;
    uint64_t height;        /* as of the state after this block, or CONSENT_NOW */
    bool settled;           /* of the permits with a number of uses only `counted` is looked at, whatever is left of it */
    uint32_t counted;
};

struct consent_answer {
    bool permits;
    uint8_t reason; /* enum reason */
    uint32_t grant; /* on which it rests, or 0 */
};

/* Which pointers of a page are asked for. */
struct consent_scope {
    uint32_t base;
    uint8_t wanted[BITMAP_BYTES];
    uint32_t classes;
    uint16_t from_month, to_month; /* 0: open */
};

/* What is said of them. */
struct consent_page {
    struct consent_answer answer; /* of the lowest that is permitted, else of the lowest that was looked at */
    uint32_t first;               /* that pointer, or 0 */
    uint8_t bits[BITMAP_BYTES];
    uint32_t counted;
    uint64_t ends_ms;             /* of the grants that permit; UINT64_MAX: none does */
};

/* consent_init begins with the patients of a genesis. Owns: takes memory that consent_close gives back; cast and failure must outlive it. */
void consent_init(struct consent *consent, const struct cast *cast, struct failure *failure);
void consent_close(struct consent *consent);

/* consent_word gives the name of a mark. consent_mark_of gives that of a reason. */
const char *consent_word(enum consent_mark mark);
enum consent_mark consent_mark_of(uint8_t reason);

/* consent_value_set notes a change; consent_value_at gives what a value was. Gives: false when that is forgotten, or there was none. */
void consent_value_set(struct consent *consent, struct consent_value *value, uint64_t height, uint8_t now);
bool consent_value_at(const struct consent_value *value, uint64_t height, uint8_t *was);

/* consent_pointer_at gives a pointer that there was, NULL when there was none. */
const struct consent_pointer *consent_pointer_at(const struct consent *consent, uint32_t patient, uint32_t number, uint64_t height, uint8_t *status);

/* consent_treats tells whether an organisation holds a current pointer of the patient. */
bool consent_treats(const struct consent *consent, uint32_t patient, uint16_t organisation, uint64_t height);

/* consent_ask decides about one pointer that there was. Source: docs/ledger.md, evaluation of consent. */
struct consent_answer consent_ask(const struct consent *consent, const struct consent_question *question, uint32_t number);

/* consent_ask_page decides about all pointers of a page whose bit is set in `wanted`, within classes and months, and counts at most one use. */
void consent_ask_page(const struct consent *consent, const struct consent_question *question, const struct consent_scope *scope, struct consent_page *page);

/* consent_may_write gives the lowest grant that lets somebody add such a record now, 0 when none does or one forbids it. purpose is not looked at. */
uint32_t consent_may_write(const struct consent *consent, const struct consent_question *question, const struct consent_pointer *record);

/* consent_find gives a ticket by its id, NULL when no request was promised one. */
struct consent_ticket *consent_find(const struct consent *consent, const struct hash32 *id);

/* consent_has_left tells whether whom a ticket is for may not act any more, as of the state after a block: the registration is over, or it was suspended or retired. */
bool consent_has_left(const struct consent *consent, const struct consent_ticket *ticket, uint64_t time_ms, uint64_t height);

/* consent_tenure_ms gives when the registration of whom a ticket is for ends, UINT64_MAX: it has none. */
uint64_t consent_tenure_ms(const struct consent *consent, const struct consent_ticket *ticket);

/* consent_acts tells whether a practitioner of the cast may act at a time, as of the state after a block. consent_status gives the enum actor_status of a practitioner of the cast, 0 while it is not registered. */
bool consent_acts(const struct consent *consent, uint32_t practitioner, uint64_t time_ms, uint64_t height);
uint8_t consent_status(const struct consent *consent, uint32_t practitioner, uint64_t height);

/* consent_release decides whether a document may be handed out: the codes of docs/ledger.md (0, 501 .. 504). asker_may: it is the ticket's subject or a system of its organisation. */
uint16_t consent_release(const struct consent *consent, const struct hash32 *id, uint32_t number, bool asker_may, uint64_t time_ms, uint64_t height,
                         struct consent_answer *answer);

#endif
