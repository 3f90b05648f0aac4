/* sometimes.c: see sometimes.h. Each row is a count of the campaign and the number of seeds after which it may not be zero. A false alarm shall have less than one chance in a
 * million, so that is at least ln(10^6) = 13.8 over the part of seeds that take the path: its lower end, which 1,024 whole stories leave with 95 % (7200001..7200800 and others), in round figures. What first acts alone take
 * more rarely has as much more as 272 of them say (8300001..8300272). What a spoilt disk does comes from 4,000 stories that were drawn, and the 19 first ones of them that were
 * played: of those, five abstained and two had a read that went astray. */
#include "sim/campaign/sometimes.h"

#include "base/assert.h"

#include <stddef.h>

struct rare {
    const char *name;
    size_t at; /* of a uint64_t in struct campaign */
    uint64_t seeds;
};

#define FIELD(name, field, seeds) { name, offsetof(struct campaign, field), seeds }
#define MARK(mark, name, seeds) { name, offsetof(struct campaign, marks) + MARK_##mark * sizeof(uint64_t), seeds }

#define CONSENT(name, word, text, seeds) { text, offsetof(struct campaign, consent) + CONSENT_##name * sizeof(uint64_t), seeds },
#define SPOIL(name, word, text) { text, offsetof(struct campaign, spoils) + SPOIL_##name * sizeof(uint64_t), SPOIL_SEEDS_##name },
#define PAIR(name, word, text) { text, offsetof(struct campaign, pairs) + PAIR_##name * sizeof(uint64_t), PAIR_SEEDS },

enum { PAIR_SEEDS = 5000, SPOIL_SEEDS_VOTE = 2000, SPOIL_SEEDS_CERTIFICATE = 2000, SPOIL_SEEDS_SECTOR = 2000, SPOIL_SEEDS_WRITE = 5000, SPOIL_SEEDS_READ = 20000 };

static const struct rare rare[] = {
    FIELD("a crash", crashes, 20),
    FIELD("a partition", partitions, 50),
    FIELD("a liar", lying_seeds, 50),
    FIELD("a clock that was set wrong", clock_steps, 50),
    FIELD("a message that a clogged link held back", clogs, 50),
    FIELD("a message that only one direction lost", oneways, 50),
    FIELD("a message for which a line had no room", overflows, 1500),
    FIELD("a connection that a wrong bit ended", breaks, 50),
    FIELD("a twin", twin_seeds, 100),
    FIELD("two votes of a twin that exclude each other", conflicts, 200),
    FIELD("a snapshot that was installed", snapshots, 20000),
    FIELD("an isolated command whose cost was judged", measured, 20),
    FIELD("a read that a quorum answered", reads, 50),
    FIELD("an answer with a certificate that was verified", inquiries, 100),
    FIELD("a disk that was lost", losses, 300),
    FIELD("a block that rotted", rots, 50),
    FIELD("a disk that was full", fills, 50),
    FIELD("a start that found a promise lost, and abstains", abstentions, 4000),
    SPOILS(SPOIL)
    PAIRS(PAIR)
    CONSENT_TOLD(CONSENT)
    MARK(TIMED_OUT, "a timeout", 20),
    MARK(ENTERED, "a timeout certificate", 20),
    MARK(OPENED, "an opening", 20),
    MARK(ABDICATED, "an abdication", 50),
    MARK(FETCHED, "a bundle that was fetched", 20),
    MARK(CHECKPOINTED, "a certified checkpoint", 20),
    MARK(HEDGED, "a reserve that hedged", 100),
    MARK(BAD_SIGNATURE, "a bad signature", 150),
    MARK(REFUSED_PROPOSAL, "a proposal that was refused", 5000),
    MARK(REJOINED, "a lost disk whose replica came back to sign", 300),
    MARK(EQUIVOCATION, "evidence of an equivocation", 1500),
};
enum { RARE = sizeof rare / sizeof rare[0], LIE_SEEDS = 1000, LIE_SEEDS_SPOIL = 5000, LIE_SEEDS_STRAY = 25000, LIE_SEEDS_SNAPSHOT = 300000 };

_Static_assert(RARE + LIE_COUNT <= CAMPAIGN_ROWS_MAX, "a campaign counts each path");

/* count_of gives how often a path was taken. */
static uint64_t count_of(const struct campaign *campaign, uint32_t number)
{
    ASSERT(number < RARE + LIE_COUNT);
    if (number >= RARE) {
        return campaign->lies[number - RARE];
    }
    ASSERT(rare[number].at + sizeof(uint64_t) <= sizeof *campaign);
    return *(const uint64_t *)(const void *)((const uint8_t *)campaign + rare[number].at);
}

/* lie_seeds: of lies that few seeds tell. A false snapshot was told in one of the 1,024; `stray` in at least five of
 * 3,500 seeds of first acts, two of which would be within chance; `spoil` in five of six campaigns of 250. */
static uint64_t lie_seeds(enum lie lie)
{
    return lie == LIE_FALSE_SNAPSHOT ? LIE_SEEDS_SNAPSHOT : lie == LIE_STRAY || lie == LIE_SWAP || lie == LIE_PASS_OVER || lie >= LIE_EARLY_TC ? LIE_SEEDS_STRAY : lie == LIE_SPOIL ? LIE_SEEDS_SPOIL : LIE_SEEDS;
}

static uint64_t seeds_of(uint32_t number) { return number < RARE ? rare[number].seeds : lie_seeds((enum lie)(number - RARE)); }

uint32_t sometimes_count(void) { return RARE + LIE_COUNT; }

const char *sometimes_name(uint32_t number)
{
    ASSERT(number < RARE + LIE_COUNT);
    return number < RARE ? rare[number].name : lie_names[number - RARE].word;
}

void sometimes_note(struct campaign *campaign, const struct campaign *alone)
{
    ASSERT(alone->seeds == 1);
    for (uint32_t i = 0; i < RARE + LIE_COUNT; i++) {
        campaign->reached[i] += count_of(alone, i) > 0 ? 1 : 0;
    }
}

const char *sometimes_missing(const struct campaign *campaign, uint32_t *at)
{
    while (*at < RARE + LIE_COUNT) {
        uint32_t i = (*at)++;
        if (count_of(campaign, i) == 0 && campaign->seeds >= seeds_of(i)) {
            return sometimes_name(i);
        }
    }
    return NULL;
}
