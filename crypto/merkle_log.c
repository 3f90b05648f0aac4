/* merkle_log.c: see merkle_log.h. Subtrees are half-open ranges of leaves [from, to), as in RFC 6962. */
#include "crypto/merkle_log.h"

#include "base/assert.h"

static uint32_t trailing_ones(uint64_t value)
{
    return value == UINT64_MAX ? 64 : (uint32_t)__builtin_ctzll(~value);
}

/* fold climbs from a leaf to the complete subtree of `level` that ends with it. Needs: level <= trailing_ones(end). */
static bool fold(const struct merkle_log *log, uint64_t end, uint32_t level, const struct hash32 *leaf, struct hash32 *node)
{
    *node = *leaf;
    for (uint32_t i = 0; i < level; i++) {
        struct hash32 left, left_top;
        if (!log->find(log->context, end - (UINT64_C(1) << i), &left, &left_top)) {
            return false;
        }
        *node = merkle_node(&left_top, node); /* end - 2^i has exactly i trailing ones: its top is of level i */
    }
    return true;
}

bool merkle_log_top(const struct merkle_log *log, uint64_t index, const struct hash32 *leaf, struct hash32 *top)
{
    return fold(log, index, trailing_ones(index), leaf, top);
}

/* complete gives the complete subtree of `level` that ends with leaf `end`. */
static bool complete(const struct merkle_log *log, uint64_t end, uint32_t level, struct hash32 *node)
{
    struct hash32 leaf, top;

    ASSERT(level <= trailing_ones(end));
    if (!log->find(log->context, end, &leaf, &top)) {
        return false;
    }
    if (level == trailing_ones(end)) {
        *node = top;
        return true;
    }
    return !hash_is_zero(&leaf) && fold(log, end, level, &leaf, node);
}

/* peaks_of gives the complete subtrees of [from, to), the highest first. Needs: from is a multiple of a power of two >= to - from. */
static bool peaks_of(const struct merkle_log *log, uint64_t from, uint64_t to, struct merkle_peaks *peaks)
{
    uint64_t at = from;
    uint32_t found = 0;

    peaks->count = to - from;
    for (uint32_t bit = 64; bit-- > 0;) {
        if ((peaks->count >> bit & 1) == 0) {
            continue;
        }
        at += UINT64_C(1) << bit;
        if (!complete(log, at - 1, bit, &peaks->peaks[found++])) {
            return false;
        }
    }
    ASSERT(at == to);
    return true;
}

bool merkle_log_peaks(const struct merkle_log *log, uint64_t count, struct merkle_peaks *peaks)
{
    return peaks_of(log, 0, count, peaks);
}

static bool range_root(const struct merkle_log *log, uint64_t from, uint64_t to, struct hash32 *root)
{
    struct merkle_peaks peaks;

    if (!peaks_of(log, from, to, &peaks)) {
        return false;
    }
    *root = merkle_peaks_root(&peaks);
    return true;
}

/* split gives the largest power of two below count. Needs: count >= 2. */
static uint64_t split(uint64_t count)
{
    ASSERT(count >= 2);
    return UINT64_C(1) << (63 - (uint32_t)__builtin_clzll(count - 1));
}

static void reverse(struct hash32 *nodes, size_t length)
{
    for (size_t i = 0; i < length / 2; i++) {
        struct hash32 node = nodes[i];
        nodes[i] = nodes[length - 1 - i];
        nodes[length - 1 - i] = node;
    }
}

bool merkle_log_path(const struct merkle_log *log, uint64_t index, uint64_t count, struct merkle_path *path)
{
    uint64_t from = 0, to = count;

    ASSERT(index < count);
    path->length = 0;
    while (to - from > 1) { /* halves the range */
        uint64_t middle = from + split(to - from);
        bool left = index < middle;
        ASSERT(path->length < MERKLE_DEPTH_MAX);
        if (!range_root(log, left ? middle : from, left ? to : middle, &path->nodes[path->length++])) {
            return false;
        }
        from = left ? from : middle;
        to = left ? middle : to;
    }
    reverse(path->nodes, path->length);
    return true;
}

bool merkle_log_consistency(const struct merkle_log *log, uint64_t old_count, uint64_t count, struct hash32 nodes[MERKLE_CONSISTENCY_MAX], size_t *length)
{
    uint64_t from = 0, to = count;
    size_t found = 0;

    ASSERT(old_count > 0);
    ASSERT(old_count <= count);
    while (to != old_count) { /* halves the range; old_count stays within it */
        uint64_t middle = from + split(to - from);
        bool left = old_count <= middle;
        ASSERT(found < MERKLE_DEPTH_MAX);
        if (!range_root(log, left ? middle : from, left ? to : middle, &nodes[found++])) {
            return false;
        }
        from = left ? from : middle;
        to = left ? middle : to;
    }
    if (from > 0 && !range_root(log, from, to, &nodes[found++])) { /* the old tree's own root is known to whoever asks */
        return false;
    }
    reverse(nodes, found);
    *length = found;
    return true;
}
