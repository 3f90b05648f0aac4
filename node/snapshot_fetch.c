/* snapshot_fetch.c: see snapshot_fetch.h.
 *
 * Invariants: a chunk is asked of one member at a time and is in one place: missing, asked, in a buffer, or on the disk; questions under way and buffers in use
 * are at most SNAPSHOT_FETCH_BUFFERS; nothing is written before it was checked. */
#include "node/snapshot_fetch.h"

#include "base/assert.h"
#include "node/snapshots_priv.h"

#include <string.h>

#define ASKED_OFFER UINT32_MAX
#define ASKED_MANIFEST (UINT32_MAX - 1)

static void io_done(void *context, enum err err);

void snapshot_fetch_take(struct snapshot_fetch *fetch, struct arena *arena, struct disk *disk, struct snapshots *snapshots, const struct driver_ports *ports,
                         const struct config *epoch, const struct hash32 *chain_id, uint32_t self)
{
    *fetch = (struct snapshot_fetch){ .snapshots = snapshots, .ports = ports, .epoch = epoch, .chain_id = *chain_id, .self = self, .reason = "",
        .writing = SNAPSHOT_FETCH_BUFFERS };
    snapshot_io_take(&fetch->io, arena, disk, snapshots->config.segment_bytes);
    snapshot_manifest_take(&fetch->manifest, arena);
    fetch->manifest_bytes = arena_take(arena, SNAPSHOT_MANIFEST_BYTES_MAX, 1);
    fetch->message = arena_take(arena, 1, sizeof *fetch->message);
    fetch->certs = arena_take(arena, epoch->members_count, sizeof *fetch->certs);
    for (uint32_t i = 0; i < SNAPSHOT_FETCH_BUFFERS; i++) {
        fetch->buffers[i].data = arena_take(arena, STATE_CHUNK_BYTES_MAX, 1);
    }
    fetch->io.done = io_done;
    fetch->io.context = fetch;
}

/* --- Asking --------------------------------------------------------------------------------------------------------- */

static void ask(struct snapshot_fetch *fetch, uint32_t to, uint32_t what, uint64_t height, struct message_snapshot_run run, uint64_t now_ns)
{
    struct port_message out = { .to = member_set_one(to), .type = MESSAGE_SNAPSHOT_ASK };
    uint8_t bytes[32];
    struct writer writer;

    fetch->message->type = MESSAGE_SNAPSHOT_ASK;
    fetch->message->snapshot_ask = (struct message_snapshot_ask){ height, run };
    writer_init(&writer, bytes, sizeof bytes);
    message_encode_head(fetch->message, &writer);
    ASSERT(!writer.failed);
    out.head = bytes_of(bytes, writer.offset);
    out.tail = bytes_of("", 0);
    fetch->members[to].asked = true;
    fetch->members[to].chunk = what;
    fetch->members[to].deadline_ns = now_ns + SNAPSHOT_FETCH_WAIT_NS;
    fetch->ports->send(fetch->ports->context, &out);
}

/* leave leaves a member alone for a while. */
static void leave(struct snapshot_fetch *fetch, uint32_t member, enum left_why why, uint64_t now_ns)
{
    ASSERT(why != LEFT_NOT);
    fetch->members[member].asked = false;
    fetch->members[member].left = why;
    fetch->members[member].back_ns = now_ns + SNAPSHOT_FETCH_BACK_NS;
}

static void expire(struct snapshot_fetch *fetch, uint64_t now_ns)
{
    for (uint32_t i = 0; i < fetch->epoch->members_count; i++) {
        struct snapshot_fetch_member *member = &fetch->members[i];
        if (member->asked && (now_ns >= member->deadline_ns || !member->linked)) {
            fetch->timeouts++;
            leave(fetch, i, LEFT_SILENT, now_ns);
        }
    }
}

static bool can_ask(const struct snapshot_fetch *fetch, uint32_t i, uint64_t now_ns)
{
    const struct snapshot_fetch_member *member = &fetch->members[i];

    return i != fetch->self && member->linked && member->offers && !member->asked && member->back_ns <= now_ns;
}

enum left_why snapshot_fetch_left(const struct snapshot_fetch *fetch, uint32_t i, uint64_t now_ns)
{
    const struct snapshot_fetch_member *member = &fetch->members[i];

    ASSERT(i < fetch->epoch->members_count);
    if (fetch->stage == SNAPSHOT_FETCH_IDLE || member->offers) {
        return fetch->stage != SNAPSHOT_FETCH_IDLE && member->back_ns > now_ns ? member->left : LEFT_NOT;
    }
    return member->left == LEFT_GONE || member->back_ns > now_ns ? member->left : LEFT_NOT;
}

/* --- Which ---------------------------------------------------------------------------------------------------------- */

static void begin_offers(struct snapshot_fetch *fetch, const char *reason)
{
    ASSERT(!fetch->io.busy);
    fetch->snapshots->lent = SNAPSHOT_SLOTS;
    fetch->stage = SNAPSHOT_FETCH_OFFERS;
    fetch->reason = reason;
    fetch->offers_ns = 0;
    fetch->writing = SNAPSHOT_FETCH_BUFFERS;
    for (uint32_t i = 0; i < SNAPSHOT_FETCH_BUFFERS; i++) {
        fetch->buffers[i].used = false;
    }
    for (uint32_t i = 0; i < fetch->epoch->members_count; i++) {
        fetch->members[i].offers = fetch->members[i].asked = false;
        fetch->members[i].offer_height = 0;
    }
}

static bool same_offer(const struct snapshot_fetch_member *a, const struct snapshot_fetch_member *b)
{
    return a->linked && b->linked && a->offer_height == b->offer_height && hash_equal(&a->offer_digest, &b->offer_digest);
}

/* choose finds the highest snapshot that f + 1 members offer alike. Gives: false when there is none. */
static bool choose(struct snapshot_fetch *fetch)
{
    uint32_t n = fetch->epoch->members_count, best = n, offering = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct snapshot_fetch_member *member = &fetch->members[i];
        uint32_t equal = 0;
        for (uint32_t k = 0; k < n; k++) {
            equal += same_offer(member, &fetch->members[k]);
        }
        bool counts = member->offer_height > fetch->own_height && equal > config_faults_max(n);
        best = counts && (best == n || member->offer_height > fetch->members[best].offer_height) ? i : best;
    }
    if (best == n) {
        return false;
    }
    for (uint32_t k = 0; k < n; k++) {
        fetch->members[k].offers = same_offer(&fetch->members[best], &fetch->members[k]);
        offering += fetch->members[k].offers;
    }
    ASSERT(offering > config_faults_max(n));                               /* S3: f + 1 offer it alike */
    ASSERT(fetch->members[best].offer_height > fetch->own_height);         /* S3: a lower one helps nobody */
    ASSERT(fetch->certs[best].checkpoint.height == fetch->members[best].offer_height); /* S3: its certificate was verified */
    fetch->cert = fetch->certs[best];
    fetch->target = (struct snapshots_entry){ .set = true, .height = fetch->members[best].offer_height, .digest = fetch->members[best].offer_digest,
        .checkpoint = fetch->cert.checkpoint };
    return true;
}

/* cap_of_round gives the height that offers may have: in the first of 2n rounds any, 0; in the others no more than one member has offered. So members that keep two
 * snapshots each and missed some come down to one that they have in common; where that one's helps nobody, it is 0, and those are asked that have not offered any. Who is asked for any offer once
 * more has been of no use for 2n rounds, and may make a snapshot for it. */
static uint64_t cap_of_round(const struct snapshot_fetch *fetch)
{
    uint32_t n = fetch->epoch->members_count, round = fetch->offers_tries % (2 * n);
    uint64_t height = round == 0 ? 0 : fetch->members[round % n].offer_height;

    return height > fetch->own_height ? height : 0;
}

static void offers_work(struct snapshot_fetch *fetch, uint64_t now_ns)
{
    if (choose(fetch)) {
        fetch->stage = SNAPSHOT_FETCH_MANIFEST;
        fetch->reason = "the list of its chunks is awaited";
        fetch->offers_tries = 0;
        fetch->stall_ns = now_ns + SNAPSHOT_FETCH_STALL_NS;
        return;
    }
    if (now_ns < fetch->offers_ns) {
        return;
    }
    uint64_t cap = cap_of_round(fetch);
    bool first = fetch->offers_tries % (2 * fetch->epoch->members_count) == 0;
    for (uint32_t i = 0; i < fetch->epoch->members_count; i++) {
        uint64_t offered = fetch->members[i].offer_height;
        bool of_use = first || (cap == 0 ? offered == 0 : offered > cap);
        if (i != fetch->self && fetch->members[i].linked && !fetch->members[i].asked && of_use) {
            ask(fetch, i, ASKED_OFFER, cap, (struct message_snapshot_run){ 0 }, now_ns);
        }
    }
    uint32_t cycles = fetch->offers_tries / (2 * fetch->epoch->members_count);
    fetch->offers_ns = now_ns + ((uint64_t)SNAPSHOT_FETCH_OFFER_NS << (cycles < 4 ? cycles : 4));
    fetch->offers_tries++;
    fetch->reason = "f + 1 members that offer the same snapshot are awaited";
}

static void take_offer(struct snapshot_fetch *fetch, uint32_t from, const struct message_snapshot *answer, uint64_t now_ns)
{
    struct snapshot_fetch_member *member = &fetch->members[from];
    bool sound = answer->height > 0 && answer->height == answer->cert.checkpoint.height && answer->part_blocks >= SNAPSHOT_IO_BYTES / DISK_BLOCK &&
                 answer->run.bytes >= 1 && answer->run.bytes <= SNAPSHOT_MANIFEST_BYTES_MAX;

    member->asked = false;
    if (answer->height == 0) {
        return; /* it has none yet, or none so low */
    }
    member->offer_height = 0;
    if (!sound || snapshots_cert_check(&answer->cert, fetch->epoch, &fetch->chain_id) != VERDICT_OK) {
        leave(fetch, from, LEFT_WRONG, now_ns);
        return;
    }
    member->offer_height = answer->height;
    member->offer_digest = answer->digest;
    member->manifest_run = answer->run;
    member->part_blocks = answer->part_blocks;
    fetch->certs[from] = answer->cert;
    bool chosen = fetch->stage > SNAPSHOT_FETCH_OFFERS && answer->height == fetch->target.height;
    member->offers = chosen && hash_equal(&answer->digest, &fetch->target.digest); /* it comes after the choice, and is welcome */
}

/* --- The list ------------------------------------------------------------------------------------------------------- */

static bool has(const struct snapshot_fetch *fetch, uint32_t chunk) { return (fetch->have[chunk / 8] >> chunk % 8 & 1) != 0; }

static void note_have(struct snapshot_fetch *fetch, uint32_t chunk)
{
    ASSERT(!has(fetch, chunk));
    fetch->have[chunk / 8] |= (uint8_t)(1u << chunk % 8);
    fetch->have_count++;
}

/* place_of gives where a chunk lies in a slot with parts of this length; of chunks_count: where the manifest does. */
static struct snapshot_place place_of(const struct snapshot_fetch *fetch, uint32_t chunk, uint32_t part_blocks)
{
    struct snapshot_place next = snapshot_place_first(), place = next;

    for (uint32_t i = 0; i <= chunk; i++) {
        uint32_t bytes = i < fetch->manifest.chunks_count ? fetch->manifest.chunks[i].bytes : fetch->target.head.manifest_bytes;
        place = snapshot_place_take(&next, bytes, part_blocks);
    }
    return place;
}

/* slot_begun finds the slot in which an earlier run began to fetch the target, unless something else is written there now. Gives: SNAPSHOT_SLOTS when there is none. */
static uint32_t slot_begun(struct snapshot_fetch *fetch)
{
    struct snapshot_head head;

    for (uint32_t slot = 0; slot < SNAPSHOT_SLOTS; slot++) {
        if (snapshots_slot_is_free(fetch->snapshots, slot) && snapshot_io_head(&fetch->io, slot, &head) == ERR_OK && head.stage == SNAPSHOT_FETCHING && hash_equal(&head.digest, &fetch->target.digest)) {
            return slot;
        }
    }
    return SNAPSHOT_SLOTS;
}

static void take_manifest(struct snapshot_fetch *fetch, uint32_t from, const struct message_snapshot *answer, uint64_t now_ns)
{
    struct hash32 digest = snapshot_digest(answer->bytes);
    struct block_header header;

    fetch->members[from].asked = false;
    bool right = hash_equal(&digest, &fetch->target.digest) && answer->bytes.size <= SNAPSHOT_MANIFEST_BYTES_MAX;
    if (!right || snapshot_manifest_decode(&fetch->manifest, answer->bytes) != VERDICT_OK || !snapshots_base_check(&fetch->manifest, &fetch->cert, &header)) {
        fetch->chunks_wrong++;
        leave(fetch, from, LEFT_WRONG, now_ns);
        return;
    }
    if (!snapshot_fits(&fetch->manifest, (uint32_t)answer->bytes.size, fetch->io.part_blocks)) { /* nobody lies; theirs have longer files */
        begin_offers(fetch, "the snapshot of the others is larger than a slot here: io.segment_mib");
        fetch->offers_ns = UINT64_MAX; /* as after a failure */
        return;
    }
    memcpy(fetch->manifest_bytes, answer->bytes.data, answer->bytes.size);
    memset(fetch->have, 0, sizeof fetch->have);
    fetch->have_count = fetch->checked = fetch->step = 0;
    fetch->target.head = (struct snapshot_head){ .stage = SNAPSHOT_FETCHING, .height = fetch->target.height, .digest = digest, .manifest_bytes = (uint32_t)answer->bytes.size };
    fetch->snapshots->lent = fetch->target.slot = slot_begun(fetch);
    fetch->check_place = snapshot_place_first();
    bool begun = fetch->target.slot != SNAPSHOT_SLOTS;
    fetch->stage = begun ? SNAPSHOT_FETCH_RESUME : SNAPSHOT_FETCH_BEGIN;
    fetch->reason = begun ? "what an earlier run fetched is being checked" : "a slot for it is awaited: the superblock is being written that names the own snapshot";
}

static uint32_t busy_count(const struct snapshot_fetch *fetch)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < SNAPSHOT_FETCH_BUFFERS; i++) {
        count += fetch->buffers[i].used;
    }
    for (uint32_t i = 0; i < fetch->epoch->members_count; i++) {
        count += fetch->members[i].asked;
    }
    return count;
}

/* has_givers: somebody still offers what was chosen, and gave something right of it lately. The f that may lie can offer it for ever and give nothing, long after the others have moved on. */
static bool has_givers(const struct snapshot_fetch *fetch, uint64_t now_ns)
{
    bool any = false;

    ASSERT(fetch->stage > SNAPSHOT_FETCH_OFFERS);
    for (uint32_t i = 0; i < fetch->epoch->members_count; i++) {
        any = any || fetch->members[i].asked || (fetch->members[i].offers && fetch->members[i].linked);
    }
    return any && now_ns < fetch->stall_ns;
}

static void manifest_work(struct snapshot_fetch *fetch, uint64_t now_ns)
{
    if (!has_givers(fetch, now_ns)) {
        begin_offers(fetch, "nobody gives it any more");
        return;
    }
    for (uint32_t k = 0; k < fetch->epoch->members_count && busy_count(fetch) == 0; k++) {
        uint32_t i = (fetch->next + k) % fetch->epoch->members_count;
        if (can_ask(fetch, i, now_ns)) {
            fetch->next = (i + 1) % fetch->epoch->members_count;
            ask(fetch, i, ASKED_MANIFEST, fetch->target.height, fetch->members[i].manifest_run, now_ns);
        }
    }
}

/* --- The slot ------------------------------------------------------------------------------------------------------- */

static void slot_write(struct snapshot_fetch *fetch, struct snapshot_place place, uint32_t bytes)
{
    struct snapshot_run run = { fetch->target.slot, place, bytes };

    snapshot_io_write(&fetch->io, &run);
}

static void write_head(struct snapshot_fetch *fetch)
{
    snapshot_head_encode(&fetch->target.head, fetch->io.data);
    slot_write(fetch, (struct snapshot_place){ 0, 0 }, DISK_BLOCK);
}

/* begin_slot takes a slot, now that one may be free. Gives: false while there is none. */
static bool begin_slot(struct snapshot_fetch *fetch)
{
    if (fetch->target.slot == SNAPSHOT_SLOTS) {
        fetch->target.slot = snapshots_slot_free(fetch->snapshots);
        fetch->snapshots->lent = fetch->target.slot;
    }
    if (fetch->target.slot == SNAPSHOT_SLOTS) {
        return false;
    }
    fetch->reason = "a slot for it is being made";
    return true;
}

/* begin_work writes manifest, certificate and head, so that a restart finds what was begun. */
static void begin_work(struct snapshot_fetch *fetch)
{
    struct snapshot_head *head = &fetch->target.head;
    struct writer writer;

    if (fetch->step == 0) {
        head->manifest = place_of(fetch, fetch->manifest.chunks_count, fetch->io.part_blocks);
        memcpy(fetch->io.data, fetch->manifest_bytes, head->manifest_bytes);
        slot_write(fetch, head->manifest, head->manifest_bytes);
    } else if (fetch->step == 1) {
        struct snapshot_place next = head->manifest;
        (void)snapshot_place_take(&next, head->manifest_bytes, fetch->io.part_blocks);
        writer_init(&writer, fetch->io.data, SNAPSHOT_CERT_BYTES_MAX);
        checkpoint_cert_encode(&fetch->cert, &writer);
        ASSERT(!writer.failed);
        head->cert_bytes = (uint32_t)writer.offset;
        head->cert = snapshot_place_take(&next, head->cert_bytes, fetch->io.part_blocks);
        slot_write(fetch, head->cert, head->cert_bytes);
    } else {
        write_head(fetch);
    }
}

/* resume_work reads the next chunk that may be here, or goes on to the missing ones. */
static void resume_work(struct snapshot_fetch *fetch)
{
    struct snapshot_head head;

    if (fetch->checked < fetch->manifest.chunks_count) {
        uint32_t bytes = fetch->manifest.chunks[fetch->checked].bytes;
        struct snapshot_run run = { fetch->target.slot, snapshot_place_take(&fetch->check_place, bytes, fetch->io.part_blocks), bytes };
        snapshot_io_read(&fetch->io, &run);
        return;
    }
    if (snapshot_io_head(&fetch->io, fetch->target.slot, &head) == ERR_OK) {
        fetch->target.head = head; /* where manifest and certificate lie */
    }
    fetch->stage = SNAPSHOT_FETCH_CHUNKS;
    fetch->reason = "chunks are awaited";
}

/* --- Chunks --------------------------------------------------------------------------------------------------------- */

static bool is_under_way(const struct snapshot_fetch *fetch, uint32_t chunk)
{
    for (uint32_t i = 0; i < SNAPSHOT_FETCH_BUFFERS; i++) {
        if (fetch->buffers[i].used && fetch->buffers[i].chunk == chunk) {
            return true;
        }
    }
    for (uint32_t i = 0; i < fetch->epoch->members_count; i++) {
        if (fetch->members[i].asked && fetch->members[i].chunk == chunk) {
            return true;
        }
    }
    return false;
}

/* chunk_missing gives a chunk that is neither here nor under way; chunks_count when there is none. */
static uint32_t chunk_missing(const struct snapshot_fetch *fetch)
{
    uint32_t chunk = 0;

    while (chunk < fetch->manifest.chunks_count && (has(fetch, chunk) || is_under_way(fetch, chunk))) {
        chunk++;
    }
    return chunk;
}

static void ask_chunks(struct snapshot_fetch *fetch, uint64_t now_ns)
{
    uint32_t n = fetch->epoch->members_count;

    for (uint32_t k = 0; k < n && busy_count(fetch) < SNAPSHOT_FETCH_BUFFERS; k++) {
        uint32_t i = (fetch->next + k) % n, chunk = chunk_missing(fetch);
        if (chunk == fetch->manifest.chunks_count) {
            return;
        }
        if (can_ask(fetch, i, now_ns)) {
            struct snapshot_place place = place_of(fetch, chunk, fetch->members[i].part_blocks);
            fetch->next = (i + 1) % n;
            ask(fetch, i, chunk, fetch->target.height, (struct message_snapshot_run){ place.part, place.block, fetch->manifest.chunks[chunk].bytes }, now_ns);
        }
    }
}

static void take_chunk(struct snapshot_fetch *fetch, uint32_t from, const struct message_snapshot *answer, uint64_t now_ns)
{
    struct snapshot_fetch_member *member = &fetch->members[from];
    const struct snapshot_chunk *chunk = &fetch->manifest.chunks[member->chunk];
    uint32_t free = 0;
    struct hash32 hash;

    ASSERT(member->chunk < fetch->manifest.chunks_count);
    member->asked = false;
    bool right = answer->bytes.size == chunk->bytes && snapshot_chunk_hash(chunk->kind, answer->bytes, &hash) == VERDICT_OK && hash_equal(&hash, &chunk->hash);
    if (!right) {
        fetch->chunks_wrong++;
        leave(fetch, from, LEFT_WRONG, now_ns);
        return;
    }
    while (fetch->buffers[free].used) {
        free++;
        ASSERT(free < SNAPSHOT_FETCH_BUFFERS); /* S3: no more were asked for */
    }
    fetch->buffers[free].used = true;
    fetch->buffers[free].chunk = member->chunk;
    memcpy(fetch->buffers[free].data, answer->bytes.data, answer->bytes.size);
    fetch->chunks_fetched++;
    fetch->stall_ns = now_ns + SNAPSHOT_FETCH_STALL_NS;
}

static void chunks_work(struct snapshot_fetch *fetch, uint64_t now_ns)
{
    for (uint32_t i = 0; i < SNAPSHOT_FETCH_BUFFERS && !fetch->io.busy; i++) {
        if (fetch->buffers[i].used) {
            uint32_t chunk = fetch->buffers[i].chunk, bytes = fetch->manifest.chunks[chunk].bytes;
            fetch->writing = i;
            memcpy(fetch->io.data, fetch->buffers[i].data, bytes);
            slot_write(fetch, place_of(fetch, chunk, fetch->io.part_blocks), bytes);
        }
    }
    if (fetch->have_count == fetch->manifest.chunks_count && !fetch->io.busy) {
        fetch->stage = SNAPSHOT_FETCH_HEAD;
        fetch->target.head.stage = SNAPSHOT_WHOLE;
        write_head(fetch);
        return;
    }
    ask_chunks(fetch, now_ns);
    if (!fetch->io.busy && !has_givers(fetch, now_ns)) {
        begin_offers(fetch, "nobody gives it any more");
    }
}

/* --- What comes ----------------------------------------------------------------------------------------------------- */

void snapshot_fetch_answer(struct snapshot_fetch *fetch, uint32_t from, const struct message_snapshot *answer, uint64_t now_ns)
{
    ASSERT(from < fetch->epoch->members_count);
    struct snapshot_fetch_member *member = &fetch->members[from];

    if (!member->asked || answer->offer != (member->chunk == ASKED_OFFER)) {
        return; /* late, or never asked for */
    }
    if (answer->offer) {
        take_offer(fetch, from, answer, now_ns);
        return;
    }
    if (answer->height != fetch->target.height) {
        member->asked = member->offers = false; /* it has moved on */
        member->left = LEFT_GONE;
        member->offer_height = 0; /* or it would be chosen again at once, for ever */
        return;
    }
    if (member->chunk == ASKED_MANIFEST) {
        take_manifest(fetch, from, answer, now_ns);
    } else {
        take_chunk(fetch, from, answer, now_ns);
    }
}

/* io_resumed: a chunk of an earlier run was read. */
static void io_resumed(struct snapshot_fetch *fetch, enum err err)
{
    const struct snapshot_chunk *chunk = &fetch->manifest.chunks[fetch->checked];
    struct hash32 hash;

    if (err == ERR_OK && snapshot_chunk_hash(chunk->kind, bytes_of(fetch->io.data, chunk->bytes), &hash) == VERDICT_OK && hash_equal(&hash, &chunk->hash)) {
        note_have(fetch, fetch->checked);
        fetch->chunks_resumed++;
    }
    fetch->checked++;
}

static void io_written(struct snapshot_fetch *fetch)
{
    if (fetch->stage == SNAPSHOT_FETCH_BEGIN) {
        fetch->step++;
        fetch->stage = fetch->step == 3 ? SNAPSHOT_FETCH_CHUNKS : SNAPSHOT_FETCH_BEGIN;
        fetch->reason = "chunks are awaited";
    } else if (fetch->stage == SNAPSHOT_FETCH_CHUNKS) {
        ASSERT(fetch->writing < SNAPSHOT_FETCH_BUFFERS);
        note_have(fetch, fetch->buffers[fetch->writing].chunk);
        fetch->buffers[fetch->writing].used = false;
        fetch->writing = SNAPSHOT_FETCH_BUFFERS;
    } else {
        ASSERT(fetch->stage == SNAPSHOT_FETCH_HEAD);
        fetch->stage = SNAPSHOT_FETCH_INSTALL;
        fetch->save_wanted = true;
        fetch->reason = "the superblock is being written";
    }
}

static void io_done(void *context, enum err err)
{
    struct snapshot_fetch *fetch = context;

    if (fetch->stage == SNAPSHOT_FETCH_RESUME) {
        io_resumed(fetch, err);
    } else if (err == ERR_OK) {
        io_written(fetch);
    } else {
        begin_offers(fetch, err == ERR_NO_SPACE ? "the disk is full" : "the disk failed");
        fetch->offers_ns = UINT64_MAX; /* work sets it: no haste after a failure */
    }
}

/* is_of_no_use: what is looked for is not wanted any more; or, once it was chosen, blocks have brought the replica as far. */
static bool is_of_no_use(const struct snapshot_fetch *fetch, bool wanted)
{
    bool chosen = fetch->stage > SNAPSHOT_FETCH_OFFERS;

    return chosen ? fetch->stage < SNAPSHOT_FETCH_HEAD && fetch->own_height >= fetch->target.height : fetch->stage == SNAPSHOT_FETCH_OFFERS && !wanted;
}

void snapshot_fetch_want(struct snapshot_fetch *fetch, bool wanted, uint64_t own_height, const struct member_set *links)
{
    for (uint32_t i = 0; i < fetch->epoch->members_count; i++) {
        fetch->members[i].linked = member_set_has(links, i);
    }
    fetch->own_height = own_height;
    if (wanted && fetch->stage == SNAPSHOT_FETCH_IDLE) {
        fetch->offers_tries = 0;
        begin_offers(fetch, "offers are awaited");
    } else if (is_of_no_use(fetch, wanted) && !fetch->io.busy) {
        begin_offers(fetch, "");
        fetch->stage = SNAPSHOT_FETCH_IDLE;
    }
}

void snapshot_fetch_work(struct snapshot_fetch *fetch, uint64_t now_ns)
{
    snapshot_io_kick(&fetch->io);
    expire(fetch, now_ns);
    if (fetch->stage == SNAPSHOT_FETCH_BEGIN || fetch->stage == SNAPSHOT_FETCH_RESUME) {
        fetch->stall_ns = now_ns + SNAPSHOT_FETCH_STALL_NS; /* the own disk is at work */
    }
    switch (fetch->stage) {
    case SNAPSHOT_FETCH_OFFERS:
        fetch->offers_ns = fetch->offers_ns == UINT64_MAX ? now_ns + SNAPSHOT_FETCH_BACK_NS : fetch->offers_ns;
        offers_work(fetch, now_ns);
        break;
    case SNAPSHOT_FETCH_MANIFEST:
        manifest_work(fetch, now_ns);
        break;
    case SNAPSHOT_FETCH_BEGIN:
        if (!fetch->io.busy && begin_slot(fetch)) {
            begin_work(fetch);
        }
        break;
    case SNAPSHOT_FETCH_RESUME:
        if (!fetch->io.busy) {
            resume_work(fetch);
        }
        break;
    case SNAPSHOT_FETCH_CHUNKS:
        chunks_work(fetch, now_ns);
        break;
    case SNAPSHOT_FETCH_IDLE:
    case SNAPSHOT_FETCH_HEAD:
    case SNAPSHOT_FETCH_INSTALL:
    case SNAPSHOT_FETCH_DONE:
        break;
    }
}

/* member_due gives when a member is to be looked at again. */
static uint64_t member_due(const struct snapshot_fetch *fetch, uint32_t i)
{
    const struct snapshot_fetch_member *member = &fetch->members[i];

    if (member->asked) {
        return member->deadline_ns;
    }
    return i != fetch->self && member->offers && member->linked ? member->back_ns : UINT64_MAX;
}

uint64_t snapshot_fetch_deadline_ns(const struct snapshot_fetch *fetch)
{
    uint64_t due_ns = UINT64_MAX;

    if (fetch->stage == SNAPSHOT_FETCH_OFFERS) {
        return fetch->offers_ns;
    }
    if ((fetch->stage == SNAPSHOT_FETCH_RESUME || fetch->stage == SNAPSHOT_FETCH_BEGIN) && !fetch->io.busy) {
        return fetch->target.slot == SNAPSHOT_SLOTS && snapshots_slot_free(fetch->snapshots) == SNAPSHOT_SLOTS ? UINT64_MAX : 0; /* then the superblock wakes it */
    }
    bool room = fetch->stage == SNAPSHOT_FETCH_CHUNKS && busy_count(fetch) < SNAPSHOT_FETCH_BUFFERS && chunk_missing(fetch) < fetch->manifest.chunks_count;
    bool asks = room || (fetch->stage == SNAPSHOT_FETCH_MANIFEST && busy_count(fetch) == 0);
    for (uint32_t i = 0; i < fetch->epoch->members_count; i++) {
        uint64_t member_ns = fetch->members[i].asked ? fetch->members[i].deadline_ns : asks ? member_due(fetch, i) : UINT64_MAX;
        due_ns = member_ns < due_ns ? member_ns : due_ns;
    }
    return due_ns;
}

void snapshot_fetch_fill(const struct snapshot_fetch *fetch, struct superblock *next)
{
    if (fetch->stage == SNAPSHOT_FETCH_INSTALL) {
        next->checkpoint_height = fetch->target.height;
        next->checkpoint_block = fetch->target.checkpoint.block;
        next->checkpoint_state = fetch->target.checkpoint.state_root;
        next->checkpoint_snapshot = fetch->target.digest;
    }
}

void snapshot_fetch_saved(struct snapshot_fetch *fetch, const struct hash32 *digest, enum err err)
{
    if (fetch->stage != SNAPSHOT_FETCH_INSTALL || !hash_equal(digest, &fetch->target.digest)) {
        return;
    }
    if (err == ERR_OK) {
        fetch->stage = SNAPSHOT_FETCH_DONE;
        fetch->reason = "the replica starts again from it";
    } else {
        begin_offers(fetch, "the superblock cannot be written");
        fetch->offers_ns = UINT64_MAX;
    }
}

static void check_chunks(const struct snapshot_fetch *fetch)
{
    uint32_t have = 0;

    for (uint32_t chunk = 0; chunk < fetch->manifest.chunks_count; chunk++) {
        have += has(fetch, chunk);
    }
    ASSERT(have == fetch->have_count);
    for (uint32_t i = 0; i < SNAPSHOT_FETCH_BUFFERS; i++) {
        ASSERT(!fetch->buffers[i].used || fetch->buffers[i].chunk < fetch->manifest.chunks_count);
        ASSERT(!fetch->buffers[i].used || !has(fetch, fetch->buffers[i].chunk)); /* S3: in one place */
    }
    for (uint32_t i = 0; i < fetch->epoch->members_count; i++) {
        const struct snapshot_fetch_member *member = &fetch->members[i];
        ASSERT(!member->asked || member->chunk >= ASKED_MANIFEST || member->chunk < fetch->manifest.chunks_count);
        ASSERT(!member->asked || member->chunk >= ASKED_MANIFEST || !has(fetch, member->chunk)); /* S3: in one place */
    }
}

void snapshot_fetch_check(const struct snapshot_fetch *fetch)
{
    bool chosen = fetch->stage > SNAPSHOT_FETCH_OFFERS;

    snapshot_io_check(&fetch->io);
    ASSERT(fetch->stage <= SNAPSHOT_FETCH_DONE);
    ASSERT(fetch->reason != NULL);
    ASSERT(fetch->self < fetch->epoch->members_count);
    ASSERT(!fetch->members[fetch->self].asked);
    ASSERT(!chosen || fetch->target.set); /* S3 */
    ASSERT(!chosen || fetch->cert.checkpoint.height == fetch->target.height); /* S3 */
    ASSERT(fetch->writing <= SNAPSHOT_FETCH_BUFFERS);
    ASSERT(fetch->stage < SNAPSHOT_FETCH_BEGIN || fetch->snapshots->lent == fetch->target.slot); /* S3: no other writes there */
    ASSERT(!fetch->io.busy || fetch->stage >= SNAPSHOT_FETCH_BEGIN); /* S3: nothing is written before it is chosen */
    if (fetch->stage == SNAPSHOT_FETCH_CHUNKS) {
        ASSERT(busy_count(fetch) <= SNAPSHOT_FETCH_BUFFERS);
        check_chunks(fetch);
    }
}
