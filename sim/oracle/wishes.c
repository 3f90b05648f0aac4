/* wishes.c: see wishes.h. */
#include "sim/oracle/wishes.h"

#include "base/assert.h"
#include "sim/oracle/oracle.h"

#include <stdlib.h>

#define REST_TIMES 19u                   /* S4: as long as one took, until one is made for a wish */
#define TELL_NS UINT64_C(1100000000)     /* between two certificates that are told, by whatever clock */

void wishes_init(struct wishes *wishes, uint32_t seats, struct failure *failure)
{
    *wishes = (struct wishes){ .failure = failure, .seats = calloc(seats, sizeof *wishes->seats), .count = seats };
    ASSERT(wishes->seats != NULL);
}

void wishes_close(struct wishes *wishes)
{
    free(wishes->seats);
    *wishes = (struct wishes){ .failure = NULL };
}

void wishes_began(struct wishes *wishes, uint32_t seat, uint64_t now_ns)
{
    ASSERT(seat < wishes->count);
    wishes->seats[seat] = (struct wishes_seat){ .begun_ns = now_ns };
}

void wishes_told(struct wishes *wishes, uint32_t seat, uint64_t now_ns)
{
    ASSERT(seat < wishes->count);
    wishes->seats[seat].told = true;
    wishes->seats[seat].told_ns = now_ns;
}

/* judge: one is begun for a wish, which came behind the beginning of the one before. */
static void judge(const struct wishes *wishes, uint32_t seat, const struct wishes_moment *moment)
{
    const struct wishes_seat *at = &wishes->seats[seat];

    if (moment->began_ns < at->rest_ns) {
        oracle_fail(wishes->failure, FAILURE_SAFETY, "S4: r%u begins a snapshot of block %llu for a wish %llu us before it may", seat, (unsigned long long)moment->height,
                    (unsigned long long)(at->rest_ns - moment->began_ns) / 1000);
    }
    if (at->owes && (!at->told || at->told_ns + TELL_NS < at->begun_ns)) {
        oracle_fail(wishes->failure, FAILURE_SAFETY, "S3: r%u begins a snapshot of block %llu for a wish, and tells nobody its certificate", seat, (unsigned long long)moment->height);
    }
}

void wishes_look(struct wishes *wishes, uint32_t seat, const struct wishes_moment *moment)
{
    ASSERT(seat < wishes->count);
    struct wishes_seat *at = &wishes->seats[seat];
    const struct wishes_moment *last = &at->last;

    if (moment->made > last->made && last->makes) {
        ASSERT(last->own_ns >= last->began_ns);
        at->rest_ns = last->own_ns + REST_TIMES * (last->own_ns - last->began_ns);
    }
    bool anew = moment->makes && (!last->makes || last->height != moment->height || last->began_ns != moment->began_ns);
    if (anew && moment->height <= last->executed) {
        judge(wishes, seat, moment);
    }
    at->begun_ns = anew ? last->now_ns : at->begun_ns;
    at->owes = !at->looked ? moment->certified : anew ? last->certified : at->owes;
    at->looked = true;
    at->last = *moment;
}
