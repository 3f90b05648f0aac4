/* format.c: what does not belong to one structure alone. */
#include "storage/format.h"

#include "base/assert.h"

#include <string.h>
#include <xxhash.h>

const char *record_kind_name(uint8_t kind)
{
    static const char *const names[RECORD_KIND_END] = {
        [RECORD_BLOCK] = "block",           [RECORD_PAYLOAD] = "payload", [RECORD_CERTIFICATE] = "certificate",
        [RECORD_TIMEOUT] = "timeout",       [RECORD_CHECKPOINT] = "checkpoint", [RECORD_EPOCH] = "epoch",
        [RECORD_EVIDENCE] = "evidence",     [RECORD_SEAL] = "seal",       [RECORD_STATE] = "state",
    };

    if (kind == RECORD_REPAIR) {
        return "repair";
    }
    return kind < RECORD_KIND_END && names[kind] != NULL ? names[kind] : "unknown";
}

uint64_t segment_salt(const uint8_t instance[16], uint32_t segment)
{
    uint8_t bytes[20];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    write_run(&writer, instance, 16);
    write_u32_le(&writer, segment);
    ASSERT(!writer.failed);
    ASSERT(writer.offset == sizeof bytes);
    return XXH3_64bits(bytes, sizeof bytes);
}

void capsule_init(struct capsule *capsule)
{
    *capsule = (struct capsule){ .timeout_view = -1, .led_view = -1, .abstain_view = -1 };
}

static uint64_t view_or_zero(int64_t view)
{
    ASSERT(view >= -1);
    return view < 0 ? 0 : (uint64_t)view;
}

uint64_t capsule_view_max(const struct capsule *capsule)
{
    uint64_t views[] = { view_or_zero(capsule->timeout_view), view_or_zero(capsule->led_view), capsule->vote_view, capsule->high_view };
    uint64_t max = 0;

    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        max = views[i] > max ? views[i] : max;
    }
    ASSERT(max >= capsule->vote_view);
    ASSERT(max >= capsule->high_view);
    return max;
}

/* Lexicographic: is (a1, a2) below (b1, b2)? */
static bool pair_is_below(uint64_t a1, uint64_t a2, uint64_t b1, uint64_t b2) { return a1 < b1 || (a1 == b1 && a2 < b2); }

bool capsule_follows(const struct capsule *next, const struct capsule *previous)
{
    if (next->epoch < previous->epoch || next->committed_height < previous->committed_height) {
        return false;
    }
    if (next->timeout_view < -1 || next->led_view < -1) {
        return false;
    }
    if (next->epoch > previous->epoch) {
        return true;
    }
    if (next->timeout_view < previous->timeout_view || next->led_view < previous->led_view) {
        return false;
    }
    if (pair_is_below(next->high_view, next->high_height, previous->high_view, previous->high_height)) {
        return false;
    }
    if (previous->vote_kind != 0 && next->vote_kind == 0) {
        return false;
    }
    bool same_vote = next->vote_view == previous->vote_view && next->vote_height == previous->vote_height;
    if (same_vote && previous->vote_kind != 0) {
        return next->vote_kind == previous->vote_kind && hash_equal(&next->vote_hash, &previous->vote_hash);
    }
    return !pair_is_below(next->vote_view, next->vote_height, previous->vote_view, previous->vote_height);
}

bool capsule_equal(const struct capsule *a, const struct capsule *b)
{
    return a->epoch == b->epoch && a->timeout_view == b->timeout_view && a->led_view == b->led_view && a->vote_view == b->vote_view &&
           a->vote_height == b->vote_height && hash_equal(&a->vote_hash, &b->vote_hash) && a->vote_kind == b->vote_kind &&
           a->high_view == b->high_view && a->high_height == b->high_height && hash_equal(&a->high_digest, &b->high_digest) &&
           hash_equal(&a->tc_digest, &b->tc_digest) && a->committed_height == b->committed_height && a->limit_epoch == b->limit_epoch &&
           a->limit_view == b->limit_view && a->abstain_epoch == b->abstain_epoch && a->abstain_view == b->abstain_view;
}
