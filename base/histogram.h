/* histogram.h: counts of values in log-linear buckets, so that a percentile is known to better than one part in 128 without keeping the values.
 *
 * Values below 128 have a bucket each; above, every power of two is cut into 128 equal buckets. A percentile answers with the highest
 * value of its bucket, as HdrHistogram does, so a reported latency is never better than the true one. Pure; counters are integers. */
#ifndef WARD_BASE_HISTOGRAM_H
#define WARD_BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_SUB_BITS 7                       /* 128 buckets per power of two */
#define HISTOGRAM_VALUE_BITS 44                    /* of ns: 4.8 hours */
#define HISTOGRAM_VALUE_MAX ((1ull << HISTOGRAM_VALUE_BITS) - 1)
#define HISTOGRAM_BUCKETS ((HISTOGRAM_VALUE_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
    uint64_t count;                     /* values recorded */
    uint64_t sum;                       /* of all values as recorded, modulo 2^64 */
    uint64_t min;                       /* UINT64_MAX when empty */
    uint64_t max;                       /* 0 when empty */
    uint64_t beyond;                    /* values over HISTOGRAM_VALUE_MAX; they are in the last bucket */
    uint64_t buckets[HISTOGRAM_BUCKETS]; /* 38,912 bytes in all */
};

/* histogram_init forgets everything. */
void histogram_init(struct histogram *histogram);

/* histogram_record counts one value. Cost: constant. */
void histogram_record(struct histogram *histogram, uint64_t value);

/* histogram_merge adds the counts of `from`. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* histogram_percentile gives the smallest bucket's highest value that `per_million` of all values do not exceed, never above max;
 * 0 when empty. per_million: 500000 is the median, 999000 p99.9. Needs: per_million <= 1000000. */
uint64_t histogram_percentile(const struct histogram *histogram, uint32_t per_million);

/* histogram_mean gives sum / count, rounded down; 0 when empty. */
uint64_t histogram_mean(const struct histogram *histogram);

/* histogram_bucket_of gives the bucket of a value; histogram_bucket_high the highest value of a bucket. For writers of reports.
 * Needs: bucket < HISTOGRAM_BUCKETS. */
size_t histogram_bucket_of(uint64_t value);
uint64_t histogram_bucket_high(size_t bucket);

#endif
