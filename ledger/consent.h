/* consent.h: may this subject see these pointers, for this purpose, at this time? Pure functions over decoded entities.
 *
 * They run in execution, at release and in `ward verify`, on the same inputs with the same result. The steps are numbered as in
 * docs/ledger.md; source and tests name them. Bounded by 256 pointers and 256 live grants. */
#ifndef WARD_LEDGER_CONSENT_H
#define WARD_LEDGER_CONSENT_H

#include "ledger/entity.h"
#include "wire/code.h"

#include <stdbool.h>
#include <stdint.h>

#define CONSENT_GRANTS_MAX 256 /* live grants of one patient: the hard bound of params.grants_live_max */

struct numbered_grant {
    uint32_t seq;
    struct grant grant;
};

struct numbered_pointer {
    uint32_t seq;
    struct pointer pointer;
};

/* Who asks, and for what. */
struct consent_subject {
    uint8_t acct[ACCT_BYTES];
    bool is_patient; /* the subject is the patient itself */
    bool has_signed; /* the subject itself is sender or cosigner: permits to an actor count only then */
    uint16_t org;    /* 0: none */
    enum org_kind org_kind; /* of org */
    uint16_t relation_current; /* current pointers of org with this patient */
    uint8_t purpose;           /* any value */
};

/* Permits with max_uses are counted once for each ticket, and one ticket counts at most one of them. */
enum consent_uses {
    USES_OPEN = 0, /* every permit with uses left may decide: the first look of a request */
    USES_COUNTED   /* of the permits with max_uses only `counted` may, without a test of its uses */
};

struct consent_inputs {
    struct patient patient;
    struct consent_subject subject;
    uint64_t time_ms;
    enum consent_uses uses;
    uint32_t counted; /* with USES_COUNTED: the grant's number, 0 = none */
    uint32_t grants_count;
    uint32_t pointers_count;
    struct numbered_grant grants[CONSENT_GRANTS_MAX]; /* ascending numbers; all grants of the patient in the state */
    struct numbered_pointer pointers[TICKET_PAGE];    /* ascending numbers, all within one page */
};

/* The outcome for one pointer. */
struct decision {
    bool permit;
    enum reason reason;
    uint32_t grant; /* the deciding grant or deny, 0 = none */
};

/* The grants that may decide for this subject, whatever the pointer: those of step 5 but for their scope. Ascending numbers; views into the inputs. */
struct consent_narrowed {
    uint32_t count;
    const struct numbered_grant *grants[CONSENT_GRANTS_MAX];
};

/* consent_narrow finds them, once for all pointers of a page. They count while the inputs are as they were, `uses` and `counted` too. */
void consent_narrow(const struct consent_inputs *inputs, struct consent_narrowed *out);

/* consent_evaluate decides on one pointer. Cost: one pass over the narrowed grants. */
struct decision consent_evaluate(const struct consent_inputs *inputs, const struct consent_narrowed *narrowed, const struct numbered_pointer *pointer);

/* The outcome for a page. */
struct page_decision {
    bool permit;        /* at least one pointer is permitted */
    enum reason reason; /* of the lowest permitted pointer, else of the lowest examined, else NO_POINTER */
    uint32_t first;     /* the pointer that gave the reason, 0 = none */
    uint32_t grant;     /* its deciding grant, 0 = none */
    uint32_t counted;   /* the one grant with max_uses that decided, 0 = none: the lowest of them */
    uint64_t expires;   /* the earliest end of the grants that permit; UINT64_MAX when none does */
    uint8_t bitmap[BITMAP_BYTES]; /* permitted pointers, from base_seq */
    uint32_t permitted; /* bits set */
};

/* consent_decide decides on all pointers of the inputs. It sets inputs->uses and inputs->counted as it goes.
 * Needs: every pointer in [base_seq, base_seq + 256). Cost: at most two passes of pointers x grants. */
void consent_decide(struct consent_inputs *inputs, uint32_t base_seq, struct page_decision *out);

/* consent_month_matches tells whether a service month lies in a range; undisclosed (0) lies in the open range only. */
bool consent_month_matches(uint16_t month, uint16_t from, uint16_t to);

/* A pointer about to be added. */
struct consent_write {
    uint8_t author[ACCT_BYTES]; /* on_behalf, else the sender */
    bool author_signed;
    uint16_t org;
    uint16_t relation_current;
    uint8_t record_class;
    uint8_t conf;
    uint16_t service_month;
    uint64_t time_ms;
};

/* consent_standing tells whether a standing write grant lets the pointer in as current: the lowest permit that matches while no
 * deny does. Gives: its number, 0 when none. */
uint32_t consent_standing(const struct consent_write *write, const struct numbered_grant *grants, uint32_t count);

/* Bits of a page: bit i stands for pointer base_seq + i. */
static inline bool bitmap_has(const uint8_t *bitmap, uint32_t bit)
{
    return (bitmap[bit / 8] >> (bit % 8) & 1) != 0;
}

static inline void bitmap_set(uint8_t *bitmap, uint32_t bit)
{
    bitmap[bit / 8] = (uint8_t)(bitmap[bit / 8] | 1u << (bit % 8));
}

#endif
