/* histogram.c: see histogram.h. Source of the layout: Gil Tene's HdrHistogram.
 *
 * A value v >= 128 with its highest bit at position p lies in group g = p - 6, and its 7 bits below the highest name the bucket:
 *
 *     group 0     [0, 128)        128 buckets of width 1
 *     group g>=1  [2^(g+6), 2^(g+7))  128 buckets of width 2^(g-1) */
#include "base/histogram.h"

#include "base/assert.h"

#include <string.h>

#define SUB_COUNT (1u << HISTOGRAM_SUB_BITS)

_Static_assert(HISTOGRAM_BUCKETS == 38 * 128, "44-bit values fall into 38 groups");

void histogram_init(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
    histogram->min = UINT64_MAX;
}

size_t histogram_bucket_of(uint64_t value)
{
    if (value > HISTOGRAM_VALUE_MAX) {
        return HISTOGRAM_BUCKETS - 1;
    }
    if (value < SUB_COUNT) {
        return (size_t)value;
    }
    unsigned top = 63u - (unsigned)__builtin_clzll(value);
    unsigned shift = top - HISTOGRAM_SUB_BITS;
    return ((size_t)(shift + 1) << HISTOGRAM_SUB_BITS) + (size_t)((value >> shift) - SUB_COUNT);
}

uint64_t histogram_bucket_high(size_t bucket)
{
    ASSERT(bucket < HISTOGRAM_BUCKETS);
    size_t group = bucket >> HISTOGRAM_SUB_BITS;
    uint64_t sub = bucket & (SUB_COUNT - 1);

    if (group == 0) {
        return sub;
    }
    return ((SUB_COUNT + sub + 1) << (group - 1)) - 1;
}

void histogram_record(struct histogram *histogram, uint64_t value)
{
    histogram->count++;
    histogram->sum += value;
    histogram->min = value < histogram->min ? value : histogram->min;
    histogram->max = value > histogram->max ? value : histogram->max;
    histogram->beyond += value > HISTOGRAM_VALUE_MAX;
    histogram->buckets[histogram_bucket_of(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    into->count += from->count;
    into->sum += from->sum;
    into->min = from->min < into->min ? from->min : into->min;
    into->max = from->max > into->max ? from->max : into->max;
    into->beyond += from->beyond;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        into->buckets[i] += from->buckets[i];
    }
}

/* rank_of gives how many values lie at or below the percentile: ceil(count * per_million / 10^6), at least 1, without overflow. */
static uint64_t rank_of(uint64_t count, uint32_t per_million)
{
    uint64_t whole = count / 1000000u * per_million;
    uint64_t rest = (count % 1000000u * per_million + 999999u) / 1000000u;

    return whole + rest < 1 ? 1 : whole + rest;
}

uint64_t histogram_percentile(const struct histogram *histogram, uint32_t per_million)
{
    ASSERT(per_million <= 1000000u);
    if (histogram->count == 0) {
        return 0;
    }
    uint64_t rank = rank_of(histogram->count, per_million);
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        seen += histogram->buckets[i];
        if (seen >= rank) {
            uint64_t high = histogram_bucket_high(i);
            return high < histogram->max ? high : histogram->max;
        }
    }
    return histogram->max; /* The last bucket also holds what lies beyond the range, so only the maximum bounds it. */
}

uint64_t histogram_mean(const struct histogram *histogram) { return histogram->count == 0 ? 0 : histogram->sum / histogram->count; }
