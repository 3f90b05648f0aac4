/* oracle_lives.c: what the oracle makes of ends and starts of servers: what a log must know of what was said before (I6, I8), and what it may have lost. */
#include "sim/oracle/oracle.h"

#define UNSAFE(oracle, ...) oracle_fail((oracle)->failure, FAILURE_SAFETY, __VA_ARGS__)

void oracle_crashed(struct oracle *oracle, uint32_t member)
{
    struct oracle_member *who = &oracle->members[member];

    who->executed_height = 0;
    who->led_before = who->led_now > who->led_before ? who->led_now : who->led_before;
    who->led_now = -1;
    who->shown = (struct rank){ 0, 0 };
}

void oracle_wiped(struct oracle *oracle, uint32_t member)
{
    struct oracle_member *who = &oracle->members[member];

    who->wiped = true;
    who->excused = false;
    vows_wiped(&oracle->vows, member);
    who->vote = (struct rank){ 0, 0 };
    who->vote_digest = 0;
    who->timeout_view = -1;
    who->high = (struct rank){ 0, 0 };
}

/* lost_view gives the highest view of what a log was to hold and does not, -1 when that is nothing. */
static int64_t lost_view(const struct capsule *found, const struct capsule *promised)
{
    struct rank vote = { found->vote_view, found->vote_height }, high = { found->high_view, found->high_height };
    struct rank promised_vote = { promised->vote_view, promised->vote_height }, promised_high = { promised->high_view, promised->high_height };
    int64_t lost = -1;

    lost = rank_compare(vote, promised_vote) < 0 && (int64_t)promised_vote.view > lost ? (int64_t)promised_vote.view : lost;
    lost = rank_compare(high, promised_high) < 0 && (int64_t)promised_high.view > lost ? (int64_t)promised_high.view : lost;
    lost = found->timeout_view < promised->timeout_view && promised->timeout_view > lost ? promised->timeout_view : lost;
    lost = found->led_view < promised->led_view && promised->led_view > lost ? promised->led_view : lost;
    return lost;
}

bool oracle_spoilt(struct oracle *oracle, uint32_t member, const struct capsule *found, const struct capsule *promised, bool silently)
{
    int64_t lost = lost_view(found, promised);

    if (lost < 0 && found->committed_height >= promised->committed_height) {
        return false;
    }
    if (!silently && lost > found->abstain_view) {
        UNSAFE(oracle, "T11: the log of r%u lost what it promised in view %lld, and it abstains up to view %lld", member, (long long)lost, (long long)found->abstain_view);
    }
    oracle_wiped(oracle, member);
    oracle->members[member].excused = silently;
    return true;
}

void oracle_started(struct oracle *oracle, uint32_t member, const struct capsule *found, const struct capsule *promised)
{
    const struct oracle_member *who = &oracle->members[member];
    struct rank vote = { found->vote_view, found->vote_height }, high = { found->high_view, found->high_height };
    struct rank promised_vote = { promised->vote_view, promised->vote_height }, promised_high = { promised->high_view, promised->high_height };

    vows_abstains(&oracle->vows, member, found->abstain_view, vote);
    if (who->vote_digest != 0 && rank_compare(vote, who->vote) < 0) {
        UNSAFE(oracle, "I8: r%u sent a vote for view %llu, height %llu that its log does not know", member, (unsigned long long)who->vote.view,
               (unsigned long long)who->vote.height);
    }
    if (who->vote_digest != 0 && rank_compare(vote, who->vote) == 0 && !hash_equal(&found->vote_hash, &who->vote_block)) {
        UNSAFE(oracle, "I8: the log of r%u names another block than its vote", member);
    }
    if (found->timeout_view < who->timeout_view) {
        UNSAFE(oracle, "I8: r%u sent a timeout of view %lld that its log does not know", member, (long long)who->timeout_view);
    }
    if (rank_compare(high, who->high) < 0) {
        UNSAFE(oracle, "I8: r%u said what rests on a QC of view %llu, height %llu that its log does not know", member, (unsigned long long)who->high.view,
               (unsigned long long)who->high.height);
    }
    bool back = found->timeout_view < promised->timeout_view || found->led_view < promised->led_view || rank_compare(vote, promised_vote) < 0 ||
                rank_compare(high, promised_high) < 0 || found->committed_height < promised->committed_height;
    if (back) {
        UNSAFE(oracle, "I6: r%u starts with less than was durable before it ended", member);
    }
}
