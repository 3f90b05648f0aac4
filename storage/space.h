/* space.h: how full the disk is, in levels, so that the log never meets a full disk. Pure.
 *
 *     level      from (used)                     what follows (node/keeper.h)                       back below
 *     fine
 *     warn       85 %                            one warning                                        83 %
 *     refuse     92 %, or no segment in reserve  clients are refused with a time, a checkpoint is forced  90 %
 *     stop       97 %, or the log is short       the ballast goes, the replica votes no more, serves 95 %
 *
 * "Used" is what df calls so: of the space that an unprivileged user could have. A level is left only below a lower mark, so that a
 * disk at a mark does not make it flutter. */
#ifndef WARD_STORAGE_SPACE_H
#define WARD_STORAGE_SPACE_H

#include <stdbool.h>
#include <stdint.h>

enum space_level { SPACE_FINE, SPACE_WARN, SPACE_REFUSE, SPACE_STOP, SPACE_LEVEL_COUNT };

struct space_facts {
    uint64_t bytes_used;
    uint64_t bytes_free; /* to an unprivileged user */
    bool reserve_empty;  /* the segment after the present one could not be prepared for lack of space */
    bool log_short;      /* reserve_empty, and what may be in flight does not fit into the present one for sure */
};

/* space_level_next gives the level that follows from the facts and the present level. */
enum space_level space_level_next(enum space_level now, const struct space_facts *facts);

/* space_permille gives the used part in thousandths, rounded up; 1000 of an empty file system. */
uint32_t space_permille(const struct space_facts *facts);

/* space_allows tells whether `bytes` more may be taken for the log's reserve: up to the mark of SPACE_STOP. */
bool space_allows(const struct space_facts *facts, uint64_t bytes);

/* space_spares tells whether `bytes` more may be taken for what is only a wish: they raise no level. */
bool space_spares(const struct space_facts *facts, uint64_t bytes);

/* space_level_name gives "fine", "warn", "refuse", "stop". */
const char *space_level_name(enum space_level level);

#endif
