/* attacks_test.c: the library of attacks holds what it promises, the page that lists it lists all of it, and an oracle that is shown more liars than
 * the protocol bears says so. */
#include "sim/campaign/attacks.h"

#include "tests/base/long_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define PAGE_BYTES_MAX 65536u

static struct attack_result result, again;

/* play takes every fourth attack, so that four processes share the library, and in the short version every third of these, with the sanitizers every sixth; `ward-sim attacks --run`
 * plays all of them. */
static void play(uint32_t part)
{
    for (uint32_t i = part; i < attacks_count(); i += is_long() ? 4 : is_brief() ? 24 : 12) {
        const struct attack *attack = attack_at(i);
        cr_expect(attack_run(attack, 1, &result), "%s: %s; %u of %u told, %llu views ended, mean %llu us", attack->name, result.failure.text, result.told,
                  result.told_calm, (unsigned long long)result.views, (unsigned long long)result.mean_ns / 1000);
        cr_expect_gt(result.lies, 0, "%s: nobody lied", attack->name);
    }
}

Test(attacks, library_holds_its_promises_first_part, .timeout = 300) { play(0); }
Test(attacks, library_holds_its_promises_second_part, .timeout = 300) { play(1); }
Test(attacks, library_holds_its_promises_third_part, .timeout = 300) { play(2); }
Test(attacks, library_holds_its_promises_fourth_part, .timeout = 300) { play(3); }

Test(attacks, are_the_same_each_time)
{
    const struct attack *attack = attack_at(attacks_count() - 1);

    attack_run(attack, 3, &result);
    attack_run(attack, 3, &again);
    cr_assert_eq(result.hash, again.hash);
}

/* Over the budget: the same adversary with one member more breaks safety, and the oracle sees it. */
Test(attacks, one_liar_too_many_is_seen)
{
    static const uint32_t sizes[] = { 4, 6, 7, 10 };
    struct failure failure = { 0 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        bool seen = false;
        for (uint64_t seed = 1; seed <= 4 && !seen; seed++) {
            seen = attacks_over_budget(seed, sizes[i], false, &failure);
        }
        cr_expect(seen, "n = %u: %u liars broke nothing that the oracle saw", sizes[i], config_faults_max(sizes[i]) + 1);
    }
}

Test(attacks, one_twin_too_many_is_seen)
{
    static const uint32_t sizes[] = { 4, 6, 7, 10 };
    struct failure failure = { 0 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cr_expect(attacks_over_budget(1, sizes[i], true, &failure), "n = %u: %u twins broke nothing that the oracle saw", sizes[i], config_faults_max(sizes[i]) + 1);
    }
}

Test(attacks, every_lie_is_in_an_attack_and_every_attack_on_the_page)
{
    static char page[PAGE_BYTES_MAX];
    FILE *file = fopen("docs/attacks.md", "r");
    uint64_t used = 0;

    cr_assert_not_null(file);
    size_t size = fread(page, 1, sizeof page - 1, file);
    page[size] = '\0';
    fclose(file);
    for (uint32_t i = 0; i + 1 < attacks_count(); i++) { /* the last one is all of them */
        used |= attack_at(i)->lies;
        cr_expect_not_null(strstr(page, attack_at(i)->name), "docs/attacks.md does not name %s", attack_at(i)->name);
    }
    for (unsigned lie = 0; lie < LIE_COUNT; lie++) {
        cr_expect(used >> lie & 1, "no attack but the last has %s", lie_names[lie].word);
        cr_expect_not_null(strstr(page, lie_names[lie].word), "docs/attacks.md does not name %s", lie_names[lie].word);
        cr_expect_eq(naming_find(lie_names, LIE_COUNT, lie_names[lie].word), lie);
    }
    cr_expect_eq(naming_find(lie_names, LIE_COUNT, "truth"), LIE_COUNT);
}
