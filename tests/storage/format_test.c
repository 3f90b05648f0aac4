#include "storage/format.h"

#include <criterion/criterion.h>
#include <string.h>

static struct capsule base(void)
{
    struct capsule capsule;

    capsule_init(&capsule);
    capsule.epoch = 2;
    capsule.timeout_view = 5;
    capsule.led_view = 4;
    capsule.vote_kind = 1;
    capsule.vote_view = 6;
    capsule.vote_height = 10;
    capsule.high_view = 6;
    capsule.high_height = 9;
    capsule.committed_height = 8;
    return capsule;
}

Test(format, a_capsule_never_goes_back)
{
    struct row {
        const char *what;
        struct capsule next;
        bool follows;
    } rows[16];
    size_t count = 0;
    struct capsule first = base();

#define ROW(text, good, change)                                                \
    do {                                                                       \
        struct capsule next = base();                                          \
        change;                                                                \
        rows[count++] = (struct row){ .what = text, .next = next, .follows = good }; \
    } while (0)
    ROW("the same", true, (void)0);
    ROW("a lower epoch", false, next.epoch = 1);
    ROW("a lower timeout view", false, next.timeout_view = 4);
    ROW("a lower led view", false, next.led_view = 3);
    ROW("a lower committed height", false, next.committed_height = 7);
    ROW("a lower high rank by view", false, (next.high_view = 5, next.high_height = 99));
    ROW("a lower high rank by height", false, next.high_height = 8);
    ROW("a higher high rank by view", true, (next.high_view = 7, next.high_height = 1));
    ROW("an older vote", false, next.vote_height = 9);
    ROW("a newer vote in a lower height of a higher view", true, (next.vote_view = 7, next.vote_height = 1));
    ROW("another block at the same view and height", false, next.vote_hash.bytes[3] = 1);
    ROW("another kind at the same view and height", false, next.vote_kind = 2);
    ROW("no vote any more", false, next.vote_kind = 0);
    ROW("a new epoch from the start", true, (capsule_init(&next), next.epoch = 3, next.committed_height = 8));
    ROW("a new epoch that commits less", false, (capsule_init(&next), next.epoch = 3));
    ROW("a timeout view below -1", false, (next.epoch = 3, next.timeout_view = -2));
#undef ROW
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(capsule_follows(&rows[i].next, &first), rows[i].follows, "%s", rows[i].what);
    }
}

Test(format, the_highest_view_counts_each_thing_that_is_signed_or_led)
{
    struct capsule capsule;

    capsule_init(&capsule);
    cr_assert_eq(capsule_view_max(&capsule), 0);
    capsule.timeout_view = 3;
    cr_assert_eq(capsule_view_max(&capsule), 3);
    capsule.vote_view = 4;
    cr_assert_eq(capsule_view_max(&capsule), 4);
    capsule.high_view = 5;
    cr_assert_eq(capsule_view_max(&capsule), 5);
    capsule.led_view = 6;
    cr_assert_eq(capsule_view_max(&capsule), 6);
}

Test(format, salts_differ_by_instance_and_segment)
{
    uint8_t a[16] = { 1 };
    uint8_t b[16] = { 2 };

    cr_assert_eq(segment_salt(a, 1), segment_salt(a, 1));
    cr_assert_neq(segment_salt(a, 1), segment_salt(a, 2));
    cr_assert_neq(segment_salt(a, 1), segment_salt(b, 1));
}

Test(format, every_kind_has_a_name_and_an_unknown_one_says_so)
{
    for (uint8_t kind = 1; kind < RECORD_KIND_END; kind++) {
        cr_assert_str_neq(record_kind_name(kind), "unknown");
    }
    cr_assert_str_eq(record_kind_name(RECORD_REPAIR), "repair");
    cr_assert_str_eq(record_kind_name(0), "unknown");
    cr_assert_str_eq(record_kind_name(RECORD_KIND_END), "unknown");
    cr_assert_str_eq(record_kind_name(255), "unknown");
}
