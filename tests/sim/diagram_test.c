/* diagram_test.c: a picture is the same bytes for the same run, shows what happened and nothing of what did not, and is well formed. */
#include "sim/drawing/diagram.h"

#include "sim/campaign/swarm.h"
#include "sim/world/world_priv.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct scenario scenario;
static struct swarm_result result;

static char *drawn(const char *story, bool (*draw)(const struct track *track, FILE *stream))
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    struct track track;

    cr_assert_eq(scenario_parse(&scenario, story), ERR_OK, "%s", scenario.problem);
    track_init(&track, scenario.plan.members_count, "a <story> & more");
    track_use(&track);
    swarm_scenario_run(&scenario, &result);
    track_use(NULL);
    cr_assert(draw(&track, stream));
    fclose(stream);
    track_close(&track);
    return text;
}

static const char story[] = "replicas 4\nclients 1\ncrypto fast\ntrace none\nfault drop 0 to 2 propose view 0 height 1 again 0\nat 5ms submit 1 to 0\nat 40ms crash 3\nat 60ms pause 1\nat 80ms resume 1\nat 90ms start 3\n"
                            "at 400ms rest within 60s\n";

static uint32_t count_of(const char *text, const char *word)
{
    uint32_t count = 0;

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        count++;
    }
    return count;
}

Test(diagram, is_the_same_bytes_for_the_same_run, .timeout = 60)
{
    char *first = drawn(story, diagram_svg), *second = drawn(story, diagram_svg);

    cr_assert_str_eq(first, second);
    free(first);
    free(second);
}

Test(diagram, shows_lifelines_messages_losses_and_signs, .timeout = 60)
{
    char *text = drawn(story, diagram_svg);

    cr_assert_eq(strncmp(text, "<svg xmlns=", 11), 0);
    cr_assert_not_null(strstr(text, "a &#60;story&#62; &#38; more"));
    for (uint32_t i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, ">r%u</text>", i);
        cr_assert_eq(count_of(text, name), 1);
    }
    cr_assert_eq(count_of(text, "class=\"lost\""), 1, "the proposal that r2 never got");
    cr_assert_geq(count_of(text, "class=\"propose\""), 4, "two arrows, each with its head");
    cr_assert_geq(count_of(text, ">C1</text>"), 4, "everybody commits");
    cr_assert_eq(count_of(text, ">X</text>"), 1);
    cr_assert_eq(count_of(text, ">II</text>"), 1);
    cr_assert_eq(count_of(text, "class=\"z\""), 1, "one pause");
    cr_assert_eq(count_of(text, "<g"), count_of(text, "</g>"));
    cr_assert_eq(count_of(text, "<svg"), count_of(text, "</svg>"));
    free(text);
}

Test(diagram, page_holds_every_step_and_loads_nothing, .timeout = 60)
{
    char *text = drawn(story, diagram_page);

    cr_assert_not_null(strstr(text, "const members=4,steps=["));
    cr_assert_not_null(strstr(text, "\"killed\""));
    cr_assert_not_null(strstr(text, ",3,2,\"propose 0.1\","), "the lost one");
    cr_assert_geq(count_of(text, ",\"committed 0.1\","), 4);
    cr_assert_null(strstr(text, "src="));
    cr_assert_null(strstr(text, "href="));
    cr_assert_eq(count_of(text, "http"), 1, "the name of SVG, which is no address");
    free(text);
}

Test(diagram, has_a_sign_of_its_own_for_each_mark_that_is_drawn)
{
    bool taken[256] = { false };

    for (int i = 0; i < MARK_COUNT; i++) {
        const char *sign = diagram_sign((enum mark)i);
        if (sign != NULL) {
            cr_assert_eq(strlen(sign), 1);
            cr_assert_not(taken[(unsigned char)sign[0]], "%s", mark_word((enum mark)i));
            taken[(unsigned char)sign[0]] = true;
        }
    }
}
