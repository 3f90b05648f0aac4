/* recovery.c: the walk. The table of fates is in recovery_table.c; this file finds its inputs and adds up its outputs.
 *
 *     1. list the segments; settle the newest, so that what is read is what is durable
 *     2. newest_find: the newest segment S with a whole batch header; scan it once for D, which every fate depends on
 *     3. segment_recover for each segment up to S, in order: fates, records, table, index
 *     4. tail_recover: the place behind the last batch of S
 *     5. openings_recover: segments behind S, which a crash left between their birth and their first batch
 *     6. conclude: capsule, abstention, position
 *
 * To peek is to walk the newest two segments only. What it says of the capsule is what the whole walk says, if all headers are whole and nothing is amiss in these two:
 *     P1 What counts in an older segment has a lower number than the first batch of the next one (the table: void), and the headers ascend, so the whole walk expects no more when it comes to the
 *        last but one.
 *     P2 Whatever it expects there, and whichever sum, the batches of that segment count: the newest segment proves them durable (the table: keep or rot). So both come to the newest
 *        one with the same number and sum.
 *     P3 D is found in the newest segment and behind it; an older one is asked for it only without its header.
 *
 * D, the proof, is a maximum over everything valid: the floor of the superblock, durable_upto of headers, first_batch - 1 of segments. */
#include "storage/recovery.h"

#include "base/assert.h"
#include "storage/recovery_priv.h"

#include <string.h>

#define SETTLE_NEWEST 3u /* an older segment was complete before the newest but one was begun */

static void prove(struct recovery *recovery, uint64_t batch)
{
    recovery->outcome->proved = batch > recovery->outcome->proved ? batch : recovery->outcome->proved;
    ASSERT(recovery->outcome->proved >= batch);
}

static enum proof_found proof_of(const struct recovery *recovery, uint64_t batch, uint64_t superseded)
{
    if (superseded != 0 && batch >= superseded) {
        return PROOF_SUPERSEDED;
    }
    return batch <= recovery->outcome->proved ? PROOF_DURABLE : PROOF_NONE;
}

static enum err scan_begin(struct recovery *recovery, uint32_t segment)
{
    const struct superblock *superblock = recovery->superblock;
    const struct segment_log *log = recovery->log;

    ASSERT(segment >= 1);
    recovery->outcome->bytes_scanned += recovery->scan.bytes_read;
    enum err err = segment_scan_init(&recovery->scan, log->disk, segment, superblock->instance, superblock->segment_bytes, log->scratch, log_scratch_blocks(log));
    if (err == ERR_OK && log->config.scan_blocks > 0) {
        segment_scan_ahead(&recovery->scan, log->config.scan_blocks);
    }
    return err;
}

/* Reads the header of the segment that the scan has begun. Gives: *head, first_batch 0 when neither copy is whole; *blank: both are zeros.
 * Fails: ERR_CONFLICT: of another store; ERR_VERSION. */
static enum err head_read(struct recovery *recovery, struct segment_head *head, bool *blank)
{
    struct segment_head heads[SEGMENT_HEAD_BLOCKS];
    enum err errs[SEGMENT_HEAD_BLOCKS];

    segment_scan_heads(&recovery->scan, heads, errs, blank);
    *head = (struct segment_head){ 0 };
    for (uint32_t i = 0; i < SEGMENT_HEAD_BLOCKS; i++) {
        if (errs[i] == ERR_VERSION) {
            return ERR_VERSION;
        }
        if (errs[i] == ERR_OK && memcmp(heads[i].instance, recovery->superblock->instance, sizeof heads[i].instance) != 0) {
            recovery->outcome->foreign = recovery->scan.segment;
            return ERR_CONFLICT;
        }
        if (errs[i] == ERR_OK) {
            *head = heads[i];
        }
    }
    ASSERT((head->first_batch == 0) == (head->segment == 0));
    ASSERT(head->segment == 0 || head->segment == recovery->scan.segment);
    return ERR_OK;
}

/* --- 2. The newest segment with a batch, and D --------------------------------------------------------------------- */

/* survey_known gives what an earlier scan of a segment said, or NULL. */
static const struct segment_survey *survey_known(const struct recovery *recovery, uint32_t segment)
{
    const struct recovery_outcome *outcome = recovery->outcome;

    ASSERT(segment >= 1);
    for (uint32_t i = 0; i < outcome->surveys_count && i < RECOVERY_SURVEYS_MAX; i++) {
        if (outcome->surveys[i].segment == segment) {
            return &outcome->surveys[i];
        }
    }
    return NULL;
}

static void survey_place(struct segment_survey *survey, const struct scan_place *place)
{
    survey->blank = survey->blank && place->blank;
    survey->blank_from = place->blank ? survey->blank_from : place->block + place->blocks;
    survey->first_place = place->block == SEGMENT_HEAD_BLOCKS ? place->head_found : survey->first_place;
    if (place->head_found == HEAD_WHOLE) {
        survey->has_batch = true;
        survey->first_batch = survey->first_batch == 0 ? place->head.number : survey->first_batch;
        survey->proved = place->head.durable_upto > survey->proved ? place->head.durable_upto : survey->proved;
    }
}

/* survey_begin begins a scan and reads the header of the segment. Where an earlier scan found zeros to the end, it ends at the first of them. */
static enum err survey_begin(struct recovery *recovery, uint32_t segment, struct segment_survey *survey, struct segment_head *head)
{
    const struct segment_survey *known = survey_known(recovery, segment);
    enum err err = scan_begin(recovery, segment);

    *survey = (struct segment_survey){ .segment = segment, .first_place = HEAD_ZERO, .blank_from = SEGMENT_HEAD_BLOCKS };
    if (err != ERR_OK) {
        return err;
    }
    if (known != NULL) {
        segment_scan_until(&recovery->scan, known->blank_from + 1); /* one blank place says as much as all of them */
    }
    err = head_read(recovery, head, &survey->blank);
    survey->first_batch = head->first_batch;
    survey->proved = head->first_batch > 0 ? head->first_batch - 1 : 0; /* begun only when all before was durable */
    return err;
}

/* survey_keep keeps what a whole scan found. First come, first kept: another reading begins at the oldest segment, and must not push out what it is about to use. */
static void survey_keep(struct recovery *recovery, const struct segment_survey *survey)
{
    struct recovery_outcome *outcome = recovery->outcome;

    ASSERT(!survey->has_batch || !survey->blank);
    ASSERT(!survey->has_batch || survey->first_batch != 0);
    ASSERT(survey->blank_from >= SEGMENT_HEAD_BLOCKS);
    if (outcome->surveys_count < RECOVERY_SURVEYS_MAX && survey_known(recovery, survey->segment) == NULL) {
        outcome->surveys[outcome->surveys_count++] = *survey;
    }
}

/* survey_segment gives what is known of a segment, or scans it. Gives: *survey. Fails: ERR_IO, ERR_CONFLICT, ERR_VERSION. */
static enum err survey_segment(struct recovery *recovery, uint32_t segment, struct segment_survey *survey)
{
    const struct segment_survey *known = survey_known(recovery, segment);
    struct segment_head head;
    struct scan_place place;

    if (known != NULL) {
        *survey = *known;
        recovery->scan.segment = segment; /* where the log may turn out to end */
        prove(recovery, survey->proved);
        return ERR_OK;
    }
    enum err err = survey_begin(recovery, segment, survey, &head);
    bool begun = err == ERR_OK;
    while (err == ERR_OK) {
        err = segment_scan_next(&recovery->scan, &place);
        if (err == ERR_OK) {
            survey_place(survey, &place);
        }
    }
    if (begun && err == ERR_NOT_FOUND) {
        survey_keep(recovery, survey);
    }
    prove(recovery, survey->proved);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* heads_are_whole tells whether the segments before `end` have their headers, and these ascend (P1). Fails: as scan_begin, head_read. */
static enum err heads_are_whole(struct recovery *recovery, size_t end, bool *whole)
{
    struct segment_head head;
    uint64_t before = 1;
    bool blank;
    enum err err = ERR_OK;

    ASSERT(end <= recovery->segments_count);
    *whole = true;
    for (size_t i = 0; i < end && *whole && err == ERR_OK; i++) {
        err = scan_begin(recovery, recovery->log->segments[i]);
        if (err == ERR_OK) {
            segment_scan_ahead(&recovery->scan, SEGMENT_HEAD_BLOCKS);
            err = head_read(recovery, &head, &blank);
            *whole = err == ERR_OK && head.first_batch >= before;
            before = head.first_batch;
        }
    }
    return err;
}

/* Gives: *newest, the index into log->segments of the newest segment with a batch; segments_count when there is none. */
static enum err newest_find(struct recovery *recovery, size_t *newest)
{
    struct segment_survey survey;

    ASSERT(recovery->segments_count <= DISK_SEGMENTS_MAX);
    *newest = recovery->segments_count;
    for (size_t i = recovery->segments_count; i > 0; i--) {
        enum err err = survey_segment(recovery, recovery->log->segments[i - 1], &survey);
        if (err != ERR_OK) {
            return err;
        }
        if (survey.has_batch) {
            *newest = i - 1;
            return ERR_OK;
        }
    }
    return ERR_OK;
}

/* --- 3. One segment ------------------------------------------------------------------------------------------------- */

/* The first batch of segment `segment`, from its header alone if one copy is whole. 0: unknown. */
static enum err first_batch_of(struct recovery *recovery, uint32_t segment, uint64_t *first)
{
    struct segment_survey survey;
    struct segment_head head;
    bool blank;
    enum err err = scan_begin(recovery, segment);

    *first = 0;
    if (err == ERR_OK) {
        segment_scan_ahead(&recovery->scan, SEGMENT_HEAD_BLOCKS);
        err = head_read(recovery, &head, &blank);
        *first = head.first_batch;
    }
    if (err == ERR_OK && *first == 0) {
        err = survey_segment(recovery, segment, &survey);
        *first = survey.first_batch;
    }
    return err;
}

static void gap_report(struct recovery *recovery, enum batch_fate fate, uint32_t block, uint64_t batch, uint64_t batches)
{
    struct recovery_damage damage = { .fate = fate, .segment = recovery->scan.segment, .block = block, .batch = batch, .batches = batches };

    ASSERT(fate != FATE_KEEP);
    ASSERT(batch != 0 || batches == 0);
    recovery_report(recovery, &damage);
}

/* A batch with a whole header stands in the log now: valid, or to be repaired. */
static void batch_is_source(struct recovery *recovery, const struct scan_place *place, enum batch_fate fate)
{
    struct segment_log *log = recovery->log;
    struct log_position *at = &recovery->outcome->position;

    ASSERT(place->head_found == HEAD_WHOLE);
    ASSERT(place->head.number >= recovery->expected);
    ASSERT(fate == FATE_KEEP || fate == FATE_ROT || fate == FATE_ADOPT);
    if (recovery->table_segment != recovery->scan.segment) {
        recovery->table_segment = recovery->scan.segment;
        log->table_count = 0;
    }
    log_table_add(log, place->head.number, place->block, place->head.blocks, place->chain);
    log_extent_note(log, recovery->scan.segment, 0);
    at->segment = recovery->scan.segment;
    at->block = place->block + place->head.blocks;
    at->batch = place->head.number;
    at->lsn = place->head.lsn;
    at->chain = place->chain;
    recovery->expected = place->head.number + 1;
    recovery->source = place->head.number;
    recovery->source_fate = fate;
    recovery->capsule = place->head.capsule;
}

static enum batch_fate fate_of(const struct recovery *recovery, const struct scan_place *place, uint64_t superseded)
{
    const struct batch_head *head = &place->head;
    uint64_t chain = recovery->outcome->position.chain;
    bool broken = recovery->expected == head->number && chain != 0 && head->previous != 0 && head->previous != chain;

    ASSERT(head->number >= 1);
    return recovery_fate(HEAD_WHOLE, broken ? BODY_BAD : place->body_found, proof_of(recovery, head->number, superseded));
}

/* Looks at a place with a whole header. Gives: *counts: it is a batch of the log, so the tail begins behind it. */
static enum err batch_recover(struct recovery *recovery, const struct scan_place *place, uint64_t superseded, uint32_t gap_block, bool *counts)
{
    uint64_t number = place->head.number;
    enum batch_fate fate = fate_of(recovery, place, superseded);

    ASSERT(place->head_found == HEAD_WHOLE);
    *counts = false;
    if (fate == FATE_VOID) {
        return ERR_OK;
    }
    if (number < recovery->expected) { /* numbers only grow: not of this log, though its sums are right */
        gap_report(recovery, FATE_ROT, place->block, number, 1);
        return ERR_OK;
    }
    if (fate == FATE_TORN) {
        recovery->outcome->torn++;
        recovery->outcome->position.move = true;
        recovery->outcome->position.torn = true;
        return ERR_OK;
    }
    if (recovery->expected != 0 && number > recovery->expected) {
        gap_report(recovery, FATE_ROT, gap_block, recovery->expected, number - recovery->expected);
    }
    *counts = true;
    ASSERT(number >= recovery->expected);
    enum err err = fate == FATE_KEEP ? recovery_deliver(recovery, place) : recovery_salvage(recovery, place, fate);
    recovery->outcome->batches += fate == FATE_KEEP;
    recovery->outcome->position.move = recovery->outcome->position.move || fate != FATE_KEEP; /* nothing is written behind what is not whole */
    batch_is_source(recovery, place, fate);
    return err;
}

/* What lies behind the last batch of a segment. */
struct tail {
    bool exists; /* there is room for a place */
    bool dirty;  /* not all of it is blank */
    uint32_t block;
    enum head_found found;
};

static void tail_note(struct tail *tail, const struct scan_place *place)
{
    if (!tail->exists) {
        *tail = (struct tail){ .exists = true, .block = place->block, .found = place->head_found };
    }
    ASSERT(place->block >= tail->block);
    tail->dirty = tail->dirty || !place->blank;
}

/* Were the header blocks cut off in the opening write while its batch came through? They are zeros then, and nothing but that batch was
 * ever written behind them, because a segment without a header is left at once. */
static bool opening_was_cut(const struct recovery *recovery, bool blank, uint64_t superseded)
{
    bool only_one = superseded != 0 && superseded <= recovery->expected + 1;

    return blank && (recovery->expected > recovery->outcome->proved || only_one);
}

static enum err segment_begin(struct recovery *recovery, uint32_t segment, uint64_t superseded, struct segment_survey *survey)
{
    struct segment_head head;
    enum err err = survey_begin(recovery, segment, survey, &head);

    if (err != ERR_OK) {
        return err;
    }
    recovery->outcome->position.torn = false;
    recovery->outcome->position.move = head.first_batch == 0; /* nothing more is written into a segment without a header */
    if (head.first_batch == 0 && !opening_was_cut(recovery, survey->blank, superseded)) {
        gap_report(recovery, FATE_ROT, 0, 0, 0);
    }
    recovery->expected = recovery->expected == 0 ? head.first_batch : recovery->expected;
    return ERR_OK;
}

static enum err segment_recover(struct recovery *recovery, uint32_t segment, uint64_t superseded, struct tail *tail)
{
    struct segment_survey survey;
    struct scan_place place;
    enum err err = segment_begin(recovery, segment, superseded, &survey);
    bool begun = err == ERR_OK;

    *tail = (struct tail){ .exists = false };
    while (err == ERR_OK) {
        bool counts = false;
        err = segment_scan_next(&recovery->scan, &place);
        if (err != ERR_OK) {
            break;
        }
        survey_place(&survey, &place);
        if (place.head_found == HEAD_WHOLE) {
            err = batch_recover(recovery, &place, superseded, tail->exists ? tail->block : 0, &counts);
        }
        if (err == ERR_OK && counts) {
            *tail = (struct tail){ .exists = false };
        } else if (err == ERR_OK) {
            tail_note(tail, &place);
        }
    }
    if (begun && err == ERR_NOT_FOUND) {
        survey_keep(recovery, &survey);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err segments_recover(struct recovery *recovery, size_t first, size_t newest, struct tail *tail)
{
    const uint32_t *segments = recovery->log->segments;
    enum err err = ERR_OK;

    ASSERT(newest <= recovery->segments_count);
    *tail = (struct tail){ .exists = false };
    for (size_t i = first; err == ERR_OK && i <= newest && newest < recovery->segments_count; i++) {
        uint64_t superseded = 0;
        if (i < newest) {
            err = first_batch_of(recovery, segments[i + 1], &superseded);
        }
        if (err == ERR_OK) {
            err = segment_recover(recovery, segments[i], superseded, tail);
        }
    }
    return err;
}

/* --- 4. and 5. Behind the last batch -------------------------------------------------------------------------------- */

/* A batch number is given up: it may have been acknowledged, so it is never used again. */
static void number_is_lost(struct recovery *recovery, uint64_t last)
{
    struct log_position *at = &recovery->outcome->position;

    ASSERT(last >= recovery->expected);
    at->batch = last;
    at->chain = 0;
    at->move = true;
    at->torn = true;
    recovery->expected = last + 1;
    ASSERT(recovery->expected > at->batch);
}

/* Acts on what stands, without a whole header, where the next batch would be. Needs: its number is not proved durable.
 * Gives: true when it must stay where it is. */
static bool place_recover(struct recovery *recovery, enum head_found found, uint32_t segment, uint32_t block)
{
    enum batch_fate fate = recovery_fate(found, BODY_BAD, PROOF_NONE);
    struct recovery_damage damage = { .fate = fate, .segment = segment, .block = block, .batch = recovery->expected, .batches = 1 };

    ASSERT(found != HEAD_WHOLE);
    ASSERT(fate == FATE_TORN || fate == FATE_AMBIGUOUS);
    recovery->outcome->position.move = true;
    recovery->outcome->position.torn = true;
    if (fate == FATE_TORN) {
        recovery->outcome->torn++;
        return false;
    }
    recovery_report(recovery, &damage);
    recovery->ambiguous++;
    number_is_lost(recovery, recovery->expected);
    return true;
}

static void tail_recover(struct recovery *recovery, uint32_t segment, const struct tail *tail)
{
    uint64_t proved = recovery->outcome->proved;

    if (recovery->expected == 0) {
        recovery->expected = 1;
    }
    if (proved >= recovery->expected) { /* what the place looks like does not matter any more: see the table */
        gap_report(recovery, FATE_ROT, tail->exists ? tail->block : 0, recovery->expected, proved - recovery->expected + 1);
        number_is_lost(recovery, proved);
        return;
    }
    if (tail->exists && tail->dirty && tail->found != HEAD_WHOLE) { /* a whole header there was torn, and is dealt with */
        (void)place_recover(recovery, tail->found, segment, tail->block);
    }
}

/* drop takes away a segment that never held anything durable. To peek changes nothing: what comes before may still be refused, and the header of this one may be all that proves D. */
static enum err drop(const struct recovery *recovery, uint32_t segment)
{
    struct disk *disk = recovery->log->disk;

    ASSERT(segment >= recovery->superblock->first_segment);
    return recovery->peeks ? ERR_OK : disk->ops->discard(disk, segment);
}

/* A segment behind the newest one with a batch. *blank: number of a blank one that can be used next; 0: none yet. */
static enum err opening_recover(struct recovery *recovery, uint32_t segment, uint32_t *blank)
{
    struct log_position *at = &recovery->outcome->position;
    struct segment_survey survey;
    enum err err = survey_segment(recovery, segment, &survey);

    ASSERT(segment > at->segment);
    if (err != ERR_OK) {
        return err;
    }
    ASSERT(!survey.has_batch);
    if (survey.blank) {
        bool usable = segment == at->segment_next;
        *blank = usable ? segment : *blank;
        return usable ? ERR_OK : drop(recovery, segment);
    }
    if (!place_recover(recovery, survey.first_place, segment, SEGMENT_HEAD_BLOCKS)) {
        return drop(recovery, segment);
    }
    at->segment_next = segment + 1;
    return ERR_OK;
}

static enum err openings_recover(struct recovery *recovery, size_t newest)
{
    struct log_position *at = &recovery->outcome->position;
    uint32_t blank = 0;
    enum err err = ERR_OK;

    at->segment_next = at->segment != 0 ? at->segment + 1 : recovery->superblock->first_segment;
    if (newest < recovery->segments_count && recovery->log->segments[newest] >= at->segment_next) { /* its only batch was torn: the name is taken */
        at->segment_next = recovery->log->segments[newest] + 1;
    }
    for (size_t i = newest < recovery->segments_count ? newest + 1 : 0; err == ERR_OK && i < recovery->segments_count; i++) {
        err = opening_recover(recovery, recovery->log->segments[i], &blank);
    }
    if (err == ERR_OK && blank != 0 && blank != at->segment_next) {
        err = drop(recovery, blank);
    }
    at->next_ready = blank != 0 && blank == at->segment_next;
    at->move = at->move || at->segment == 0;
    ASSERT(at->segment_next > at->segment);
    ASSERT(!at->next_ready || blank != 0);
    return err;
}

/* --- 6. What follows from it ---------------------------------------------------------------------------------------- */

static bool pair_is_above(uint64_t a1, uint64_t a2, uint64_t b1, uint64_t b2) { return a1 > b1 || (a1 == b1 && a2 > b2); }

static void missing_find(struct recovery *recovery)
{
    const struct capsule *capsule = &recovery->capsule;
    const struct record_index *index = &recovery->log->index;
    struct recovery_outcome *outcome = recovery->outcome;

    outcome->missing_vote_block = capsule->vote_kind != 0 && !record_index_has_whole(index, RECORD_BLOCK, &capsule->vote_hash);
    outcome->missing_high_qc = !hash_is_zero(&capsule->high_digest) && !record_index_has_whole(index, RECORD_CERTIFICATE, &capsule->high_digest);
    outcome->missing_tc = !hash_is_zero(&capsule->tc_digest) && !record_index_has_whole(index, RECORD_CERTIFICATE, &capsule->tc_digest);
}

static enum recovery_sign sign_of(const struct recovery *recovery)
{
    const struct recovery_outcome *outcome = recovery->outcome;
    uint64_t lost = outcome->proved > recovery->source ? outcome->proved - recovery->source : 0;

    ASSERT(recovery->source == 0 || recovery->expected > recovery->source);
    if (lost > 1) {
        return SIGN_NEVER;
    }
    if (lost == 1 || recovery->ambiguous > 0 || recovery->capsule.abstain_view >= 0) {
        return SIGN_ABOVE_LIMIT; /* the last: an earlier start found it so, and its limit is not behind us yet */
    }
    bool whole = recovery->source == 0 || recovery->source_fate == FATE_KEEP;
    return whole && !outcome->missing_vote_block && !outcome->missing_high_qc && !outcome->missing_tc ? SIGN_FREELY : SIGN_AFTER_FETCH;
}

static void conclude(struct recovery *recovery)
{
    struct recovery_outcome *outcome = recovery->outcome;
    const struct superblock *superblock = recovery->superblock;
    struct capsule *capsule = &recovery->capsule;

    recovery_assembly_end(recovery);
    recovery_settle(recovery);
    missing_find(recovery);
    outcome->sign = sign_of(recovery);
    if (pair_is_above(superblock->limit_epoch, superblock->limit_view, capsule->limit_epoch, capsule->limit_view)) {
        capsule->limit_epoch = superblock->limit_epoch;
        capsule->limit_view = superblock->limit_view;
    }
    bool lost = outcome->sign == SIGN_NEVER || outcome->proved > recovery->source || recovery->ambiguous > 0;
    if (lost) { /* an older abstention was within an older limit */
        capsule->abstain_epoch = capsule->limit_epoch;
        capsule->abstain_view = (int64_t)capsule->limit_view;
    }
    outcome->position.capsule = *capsule;
    outcome->position.abstains_anew = lost;
    ASSERT(outcome->sign != SIGN_FREELY || !lost);
    ASSERT(outcome->damage_count <= RECOVERY_DAMAGE_MAX);
    outcome->bytes_scanned += recovery->scan.bytes_read;
}

static enum err segments_list(struct recovery *recovery)
{
    struct segment_log *log = recovery->log;
    size_t count = 0;
    enum err err = log->disk->ops->segments(log->disk, log->segments, DISK_SEGMENTS_MAX, &count);
    size_t dead = 0;

    while (err == ERR_OK && dead < count && log->segments[dead] < recovery->superblock->first_segment) {
        dead++;
    }
    ASSERT(count <= DISK_SEGMENTS_MAX);
    ASSERT(dead <= count);
    memmove(log->segments, log->segments + dead, (count - dead) * sizeof log->segments[0]);
    recovery->segments_count = count - dead;
    for (size_t i = recovery->segments_count; err == ERR_OK && i > 0 && i + SETTLE_NEWEST > recovery->segments_count; i--) {
        err = log->disk->ops->settle(log->disk, log->segments[i - 1]);
    }
    return err;
}

/* begin_outcome forgets what an earlier reading found, but for its surveys and for D: a segment that proved something may be discarded since. */
static void begin_outcome(struct recovery_outcome *outcome, const struct superblock *superblock)
{
    uint64_t proved = outcome->proved > superblock->durable_floor ? outcome->proved : superblock->durable_floor;
    uint32_t count = outcome->surveys_count;
    struct segment_survey surveys[RECOVERY_SURVEYS_MAX];

    memcpy(surveys, outcome->surveys, sizeof surveys);
    *outcome = (struct recovery_outcome){ .proved = proved, .surveys_count = count };
    memcpy(outcome->surveys, surveys, sizeof surveys);
}

/* walk_all goes through the segments, from the last but one when it peeks and the headers of all are whole. Gives: *first, where it began. */
static enum err walk_all(struct recovery *recovery, size_t *first)
{
    struct tail tail;
    size_t newest = 0;
    bool whole = false;
    enum err err = segments_list(recovery);

    *first = 0;
    if (err == ERR_OK) {
        err = newest_find(recovery, &newest);
    }
    if (err == ERR_OK && recovery->peeks && newest >= 2 && newest < recovery->segments_count) {
        err = heads_are_whole(recovery, newest + 1, &whole);
        *first = whole ? newest - 1 : 0;
    }
    ASSERT(*first <= newest);
    recovery->expected = *first == 0 && recovery->superblock->first_segment == 1 ? 1 : 0;
    if (err == ERR_OK) {
        err = segments_recover(recovery, *first, newest, &tail);
    }
    if (err == ERR_OK) {
        tail_recover(recovery, recovery->outcome->position.segment, &tail);
        err = openings_recover(recovery, newest);
    }
    return err;
}

/* read_log is one reading. Gives: *first, the place in the list of the segment that it began with. */
static enum err read_log(struct segment_log *log, const struct superblock *superblock, const struct recovery_sink *sink, struct recovery_outcome *outcome, bool peeks, size_t *first)
{
    struct recovery recovery = { .log = log, .superblock = superblock, .sink = sink, .outcome = outcome, .peeks = peeks };

    ASSERT(!log->started);
    ASSERT(superblock->segment_bytes == log->config.segment_bytes);
    ASSERT(superblock->first_segment >= 1);
    ASSERT(sink == NULL || sink->record != NULL);
    begin_outcome(outcome, superblock);
    log->table_count = 0;
    record_index_reset(&log->index);
    log->extents_first = log->extents_count = 0;
    capsule_init(&recovery.capsule);
    recovery.capsule.epoch = superblock->epoch; /* until a batch says more */
    recovery.capsule.limit_epoch = superblock->epoch;
    enum err err = walk_all(&recovery, first);
    conclude(&recovery);
    return err;
}

enum err recovery_run(struct segment_log *log, const struct superblock *superblock, const struct recovery_sink *sink, struct recovery_outcome *outcome)
{
    outcome->surveys_count = 0;
    outcome->proved = 0;
    return recovery_run_again(log, superblock, sink, outcome);
}

enum err recovery_peek(struct segment_log *log, const struct superblock *superblock, struct recovery_outcome *outcome, bool *enough)
{
    size_t first;

    outcome->surveys_count = 0;
    outcome->proved = 0;
    enum err err = read_log(log, superblock, NULL, outcome, true, &first);
    bool spotless = outcome->position.batch != 0 && outcome->damage_count == 0 && outcome->damage_unlisted == 0 && outcome->sign <= SIGN_AFTER_FETCH;
    *enough = err == ERR_OK && (first == 0 || spotless);
    return err;
}

enum err recovery_run_again(struct segment_log *log, const struct superblock *superblock, const struct recovery_sink *sink, struct recovery_outcome *outcome)
{
    size_t first;

    enum err err = read_log(log, superblock, sink, outcome, false, &first);
    if (err == ERR_OK && outcome->damage_unlisted > 0 && outcome->repaired > 0) { /* what notes settle had places in the list until these were read; now they are known from the beginning */
        err = read_log(log, superblock, NULL, outcome, false, &first);
    }
    return err;
}
