/* snapshot_serve.c: see snapshot_serve.h. */
#include "node/snapshot_serve.h"

#include "base/assert.h"

#include <string.h>

static void io_done(void *context, enum err err)
{
    struct snapshot_serve *serve = context;

    serve->ready = true;
    serve->err = err;
}

void snapshot_serve_take(struct snapshot_serve *serve, struct arena *arena, struct disk *disk, const struct snapshots *snapshots, const struct driver_ports *ports, uint32_t members)
{
    ASSERT(members <= MEMBERS_MAX);
    *serve = (struct snapshot_serve){ .snapshots = snapshots, .ports = ports, .members_count = members };
    snapshot_io_take(&serve->io, arena, disk, snapshots->config.segment_bytes);
    serve->message = arena_take(arena, 1, sizeof *serve->message);
    serve->head = arena_take(arena, MESSAGE_HEAD_BYTES_MAX, 1);
    serve->io.done = io_done;
    serve->io.context = serve;
}

void snapshot_serve_ask(struct snapshot_serve *serve, uint32_t from, const struct message_snapshot_ask *ask)
{
    ASSERT(from < serve->members_count);
    serve->members[from].waits = true;
    serve->members[from].ask = *ask;
}

static uint64_t price_ns(uint64_t bytes) { return bytes * UINT64_C(1000000000) / SNAPSHOT_SERVE_BYTES_PER_S; }

/* send sends the message to these, and has it paid for. bytes: of its tail. */
static void send(struct snapshot_serve *serve, const struct member_set *to, uint32_t bytes)
{
    struct port_message out = { .to = *to, .type = (uint8_t)serve->message->type };
    struct writer writer;

    writer_init(&writer, serve->head, MESSAGE_HEAD_BYTES_MAX);
    message_encode_head(serve->message, &writer);
    ASSERT(!writer.failed);
    out.head = bytes_of(serve->head, writer.offset);
    out.tail = message_tail(serve->message);
    serve->ports->send(serve->ports->context, &out);
    serve->paid_ns += price_ns(member_set_count(to) * (writer.offset + bytes));
    serve->bytes += bytes;
}

static void send_answer(struct snapshot_serve *serve, uint32_t to, uint32_t bytes)
{
    struct member_set one = member_set_one(to);

    serve->message->type = MESSAGE_SNAPSHOT;
    send(serve, &one, bytes);
}

void snapshot_serve_tell(struct snapshot_serve *serve, uint32_t self, const struct checkpoint_cert *cert, uint64_t now_ns)
{
    struct member_set others = member_set_all(serve->members_count);

    if (now_ns < serve->tell_ns) {
        return;
    }
    serve->tell_ns = now_ns + SNAPSHOT_SERVE_TELL_NS;
    member_set_remove(&others, self);
    serve->message->type = MESSAGE_CKPT_CERT;
    serve->message->ckpt_cert = *cert;
    send(serve, &others, 0);
}

static void send_none(struct snapshot_serve *serve, uint32_t to, bool offer)
{
    serve->message->snapshot = (struct message_snapshot){ .height = 0, .offer = offer };
    serve->refused++;
    send_answer(serve, to, 0);
}

/* is_of tells whether what the disk gave can be the certificate of the entry; its signatures are the asker's to check. */
static bool is_of(const struct snapshot_serve *serve, const struct checkpoint_cert *cert)
{
    return cert->checkpoint.height == serve->entry.height && member_set_count(&cert->signers.members) == config_quorum(serve->members_count);
}

/* send_offer: the certificate has been read. */
static void send_offer(struct snapshot_serve *serve)
{
    struct message_snapshot *out = &serve->message->snapshot;
    const struct snapshot_head *head = &serve->entry.head;
    struct reader reader;

    *out = (struct message_snapshot){ .height = serve->entry.height, .offer = true, .digest = serve->entry.digest, .part_blocks = serve->io.part_blocks };
    out->run = (struct message_snapshot_run){ head->manifest.part, head->manifest.block, head->manifest_bytes };
    reader_init(&reader, serve->io.data, head->cert_bytes);
    if (serve->err != ERR_OK || checkpoint_cert_decode(&out->cert, &reader) != VERDICT_OK || !is_of(serve, &out->cert)) {
        send_none(serve, serve->asker, true);
        return;
    }
    ASSERT(out->cert.checkpoint.height == out->height); /* I11 */
    serve->offers++;
    send_answer(serve, serve->asker, 0);
}

static void send_run(struct snapshot_serve *serve)
{
    const struct snapshot_run *run = &serve->io.run;

    if (serve->err != ERR_OK) {
        send_none(serve, serve->asker, false);
        return;
    }
    serve->message->snapshot = (struct message_snapshot){ .height = serve->entry.height, .run = { run->place.part, run->place.block, run->bytes } };
    serve->message->snapshot.bytes = bytes_of(serve->io.data, run->bytes);
    serve->runs++;
    send_answer(serve, serve->asker, run->bytes);
}

/* note_offer: whoever asks for any offer a second time, and has taken nothing of the first, finds too few that have this one. Who has none to offer is asked in many of its 2n rounds. */
static void note_offer(struct snapshot_serve *serve, uint32_t member, const struct message_snapshot_ask *ask)
{
    uint64_t height = serve->snapshots->newest.set ? serve->snapshots->newest.height : 0;

    uint32_t enough = height > 0 ? 2 : 2 * serve->members_count + 1, before = serve->members[member].offered_height == height ? serve->members[member].offers : 0;

    if (ask->run.bytes > 0) {
        serve->members[member].offers = 0;
    } else if (ask->height == 0) {
        serve->members[member].offers = before < enough ? before + 1 : enough;
        serve->members[member].offered_height = height;
        serve->wished = serve->wished || serve->members[member].offers == enough;
    }
}

/* begin begins the reading for a member. */
static void begin(struct snapshot_serve *serve, uint32_t member)
{
    const struct message_snapshot_ask *ask = &serve->members[member].ask;
    const struct snapshots *snapshots = serve->snapshots;
    bool offer = ask->height == 0 || ask->run.bytes == 0;
    bool newest = offer ? ask->height == 0 || snapshots->newest.height <= ask->height : snapshots->newest.height == ask->height;
    const struct snapshots_entry *entry = newest ? &snapshots->newest : &snapshots->older;
    struct snapshot_run run = { entry->slot, { ask->run.part, ask->run.block }, ask->run.bytes };

    serve->members[member].waits = false;
    serve->next = (member + 1) % serve->members_count;
    note_offer(serve, member, ask);
    if (offer) {
        run.place = entry->head.cert;
        run.bytes = entry->head.cert_bytes;
    }
    bool sound = run.bytes >= 1 && run.bytes <= SNAPSHOT_IO_BYTES && run.place.part < SNAPSHOT_PARTS_MAX && run.place.block < serve->io.part_blocks &&
                 run.place.block + (run.bytes + DISK_BLOCK - 1) / DISK_BLOCK <= serve->io.part_blocks;
    bool right = ask->height == 0 || (offer ? entry->height <= ask->height : entry->height == ask->height);
    if (!entry->set || !right || !sound) {
        send_none(serve, member, offer);
        return;
    }
    serve->asker = member;
    serve->entry = *entry;
    serve->offer = offer;
    snapshot_io_read(&serve->io, &run);
}

static bool anybody_waits(const struct snapshot_serve *serve)
{
    for (uint32_t i = 0; i < serve->members_count; i++) {
        if (serve->members[i].waits) {
            return true;
        }
    }
    return false;
}

static uint64_t burst_ns(void) { return price_ns(SNAPSHOT_SERVE_BURST); }

void snapshot_serve_work(struct snapshot_serve *serve, uint64_t now_ns)
{
    if (serve->ready) {
        serve->ready = false;
        serve->paid_ns = serve->paid_ns < now_ns ? now_ns : serve->paid_ns;
        uint64_t least_ns = serve->paid_ns + price_ns(SNAPSHOT_SERVE_READ_BYTES);
        if (serve->offer) {
            send_offer(serve);
        } else {
            send_run(serve);
        }
        serve->paid_ns = serve->paid_ns < least_ns ? least_ns : serve->paid_ns;
    }
    for (uint32_t i = 0; i < serve->members_count && !serve->io.busy && !serve->ready && serve->paid_ns <= now_ns + burst_ns(); i++) {
        uint32_t member = (serve->next + i) % serve->members_count;
        if (serve->members[member].waits) {
            serve->paid_ns = serve->paid_ns < now_ns ? now_ns : serve->paid_ns;
            begin(serve, member);
            return; /* the next one in the next turn */
        }
    }
}

uint64_t snapshot_serve_deadline_ns(const struct snapshot_serve *serve)
{
    if (serve->ready) {
        return 0;
    }
    if (serve->io.busy || !anybody_waits(serve)) {
        return UINT64_MAX;
    }
    return serve->paid_ns > burst_ns() ? serve->paid_ns - burst_ns() : 0;
}

const char *snapshot_serve_wait(const struct snapshot_serve *serve, uint32_t member, uint64_t now_ns)
{
    ASSERT(member < MEMBERS_MAX);
    if (!serve->members[member].waits) {
        return NULL;
    }
    return serve->paid_ns > now_ns + burst_ns() ? "rationed" : "turn";
}
