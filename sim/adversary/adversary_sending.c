/* adversary_sending.c: lies about when, whether and in which form something is sent. */
#include "sim/adversary/adversary_priv.h"

#include <string.h>

void lie_withhold(struct adversary *adversary, struct telling *telling)
{
    (void)adversary;
    telling->size = 0;
}

void lie_late(struct adversary *adversary, struct telling *telling)
{
    telling->hold_ns += adversary_below(adversary, LIE_LATE, telling, 1, adversary->plan.hold_ns + 1);
}

void lie_slow_loris(struct adversary *adversary, struct telling *telling)
{
    telling->hold_ns += adversary->plan.hold_ns;
}

void lie_mute_leader(struct adversary *adversary, struct telling *telling)
{
    (void)adversary;
    telling->size = 0;
}

/* lie_partial: whether a type reaches a member is drawn once for a stretch of views, so that a message that is said again is lost again. */
void lie_partial(struct adversary *adversary, struct telling *telling)
{
    uint64_t stretch = adversary->view / 4;
    struct choice choice = { CHOICE_LIE, { LIE_PARTIAL, telling->from, telling->to, telling->type, stretch } };

    if (choice_below(adversary->seed, &choice, 4) == 0) {
        telling->size = 0;
    }
}

/* make_fat writes an ANSWER whose TC has more signers, and more in its high QC, than any epoch has members in a quorum. */
static void make_fat(const struct adversary *adversary, struct telling *telling)
{
    struct ballot ballot = { VOTE_FOLLOWING, 0, { adversary->view, adversary->height }, adversary->cast->chain_id };
    struct writer writer;

    writer_init(&writer, telling->bytes, FRAME_BYTES_MAX);
    write_u64_le(&writer, adversary->height);
    write_u8(&writer, 4); /* a TC follows */
    write_u64_le(&writer, 0);
    write_u64_le(&writer, adversary->view);
    for (uint32_t part = 0; part < 2; part++) {
        for (uint32_t i = 0; i < MEMBERS_MAX / 8; i++) {
            write_u8(&writer, 0xff);
        }
        write_zeros(&writer, (size_t)MEMBERS_MAX * 64);
        if (part == 0) {
            write_zeros(&writer, (size_t)MEMBERS_MAX * 16); /* their ranks */
            ballot_encode(&ballot, &writer);
        }
    }
    telling->type = MESSAGE_ANSWER;
    telling->size = writer.offset;
}

void lie_malformed(struct adversary *adversary, struct telling *telling)
{
    uint64_t what = adversary_below(adversary, LIE_MALFORMED, telling, 1, 7);
    uint64_t at = adversary_below(adversary, LIE_MALFORMED, telling, 2, telling->size);
    uint64_t value = adversary_below(adversary, LIE_MALFORMED, telling, 3, 256);

    if (what <= 1) {
        telling->bytes[at] ^= (uint8_t)(1u << value % 8);
    } else if (what == 2) {
        telling->size = at;
    } else if (what == 3) { /* grown */
        uint64_t more = 1 + value;
        if (telling->size + more <= FRAME_BYTES_MAX) {
            memset(telling->bytes + telling->size, (int)value, more);
            telling->size += more;
        }
    } else if (what == 4) { /* a field of length or count becomes as large as it can be */
        memset(telling->bytes + at, 0xff, telling->size - at < 4 ? telling->size - at : 4);
    } else if (what == 5) {
        make_fat(adversary, telling);
    } else { /* made up, under any type */
        for (size_t i = 0; i < telling->size; i++) {
            telling->bytes[i] = (uint8_t)(value * (i + 1) + (i >> 3));
        }
        telling->type = (uint8_t)(1 + at % (MESSAGE_TYPE_END - 1));
    }
}
