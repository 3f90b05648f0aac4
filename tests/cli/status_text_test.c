/* status_text_test.c: the figures become an object, and the object becomes sentences that say what to do. */
#include "cli/status_text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char words[STATUS_WORDS_BYTES];

static json_t *parse(const char *text) { return status_parse(bytes_of(text, strlen(text))); }

/* say makes a status of four members of which `up` are linked (this one counted), with more lines, and gives the words. */
static const char *say(unsigned up, const char *missing, const char *more)
{
    static const char *const names[] = { "mercy", "north", "riverside", "saint-ann" };
    char text[4096];
    size_t used = (size_t)snprintf(text, sizeof text, "members 4\nquorum 3\nview 3\nleader_name mercy\nmembers_linked %u\nexecuted_height 10422\nenergy none\n%s", up - 1, more);

    for (unsigned i = 0; i < 4; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "peer_%u_name %s\npeer_%u_linked %d\npeer_%u_missing %d\n", i, names[i], i, i < up, i,
                                 strstr(missing, names[i]) != NULL);
    }
    json_t *status = parse(text);
    cr_assert_not_null(status);
    cr_assert(status_words(status, words));
    json_decref(status);
    return words;
}

Test(status_text, a_healthy_cluster_is_one_line)
{
    cr_assert_str_eq(say(4, "", "last_commit_age_ms 800\n"), "4 of 4 up, 1 more may fail. Last commit 0.8 s ago at height 10422. View 3, leader mercy. "
                                                             "Energy: not measured (no RAPL on this machine).");
    cr_assert_not_null(strstr(say(3, "", ""), "3 of 4 up, 0 more may fail. Height 10422. View 3"));
}

Test(status_text, too_few_members_are_named_with_what_to_do)
{
    say(2, "", "last_commit_age_ms 12345\nstuck_ms 12300\n");
    cr_assert_not_null(strstr(words, "2 of 4 up, 1 too few."));
    cr_assert_not_null(strstr(words, "Stuck for 12.3 s: 2 of 4 are up and 3 are needed. No link to riverside, saint-ann. Start wardd there"));
}

Test(status_text, votes_that_are_missing_are_named)
{
    say(4, "north riverside", "stuck_ms 2000\n");
    cr_assert_not_null(strstr(words, "Stuck for 2.0 s: votes are missing from north, riverside."));
    say(4, "", "stuck_ms 2000\n");
    cr_assert_not_null(strstr(words, "the view is being changed"));
}

Test(status_text, catching_up_and_stopping_are_said)
{
    cr_assert_not_null(strstr(say(4, "", "catching_up 1\n"), "This replica is catching up."));
    cr_assert_not_null(strstr(say(4, "", "catching_up 1\ncatch_up_reason blocks were asked of a member\ncatch_up_asked north\n"),
                              "This replica is catching up: blocks were asked of a member (north)."));
    cr_assert_not_null(strstr(say(4, "", "catching_up 1\ncatch_up_reason no member is linked that could be asked\ncatch_up_asked none\n"),
                              "This replica is catching up: no member is linked that could be asked."));
    cr_assert_not_null(strstr(say(4, "", "snapshot_fetch_stage 5\nsnapshot_fetch_chunks 9\nsnapshot_fetch_have 4\nsnapshot_fetch_reason chunks are awaited\n"),
                              "This replica is catching up: a snapshot, 4 of 9 chunks are here; chunks are awaited."));
    cr_assert_not_null(strstr(say(4, "", "draining 1\n"), "This replica is stopping."));
}

Test(status_text, whoever_waits_for_its_ration_is_named)
{
    json_t *status = parse("members 4\nquorum 3\nview 3\nleader_name mercy\nmembers_linked 3\npeer_0_name mercy\npeer_1_name north\npeer_1_blocks_wait rationed\n"
                           "peer_2_name riverside\npeer_2_snapshot_wait rationed\npeer_3_name saint-ann\npeer_3_snapshot_wait turn\n");

    cr_assert(status_words(status, words));
    cr_assert_not_null(strstr(words, "north waits for blocks of this replica: it was given as much as a member gets in a second."));
    cr_assert_not_null(strstr(words, "riverside waits for parts of a snapshot of this replica"));
    cr_assert_null(strstr(words, "saint-ann waits"), "its turn comes by itself");
    json_decref(status);
}

Test(status_text, what_damage_waits_for_and_what_a_full_disk_forbids_is_said)
{
    say(4, "", "damage_found 3\ndamage_repaired 1\ndamage_waiting 2\ndamage_reason what was written again is read back\n");
    cr_assert_not_null(strstr(words, "Damage of its log: 3 found, 1 made good, 2 waiting (what was written again is read back)."));
    say(4, "", "damage_found 1\ndamage_repaired 1\ndamage_waiting 0\ndamage_reason none\n");
    cr_assert_not_null(strstr(words, "1 found, 1 made good, 0 waiting. Its disk"));
    cr_assert_null(strstr(say(4, "", "disk_level warn\ndisk_used_permille 860\n"), "Make room"));
    cr_assert_not_null(strstr(say(4, "", "disk_level refuse\ndisk_used_permille 931\n"), "Its disk is nearly full (93.1 %): it refuses its clients"));
    cr_assert_not_null(strstr(say(4, "", "disk_level stop\ndisk_used_permille 975\n"), "Its disk is full (97.5 %): it does not vote"));
}

Test(status_text, numbers_texts_and_peers_are_told_apart)
{
    json_t *status = parse("height 7\nroot 00aa\nchain a b\nbig 99999999999999999999\npeer_0_name x\npeer_0_linked 1\npeer_1_name y\n");

    cr_assert_not_null(status);
    cr_assert_eq(json_integer_value(json_object_get(status, "height")), 7);
    cr_assert_str_eq(json_string_value(json_object_get(status, "root")), "00aa");
    cr_assert_str_eq(json_string_value(json_object_get(status, "chain")), "a b");
    cr_assert(json_is_string(json_object_get(status, "big")));
    cr_assert_eq(json_array_size(json_object_get(status, "peers")), 2);
    json_decref(status);
}

Test(status_text, a_name_of_digits_stays_a_name)
{
    json_t *status = parse("chain 2026\nleader_name 911\ncatch_up_asked 911\npeer_0_name 911\npeer_0_linked 1\n");
    const json_t *peer = json_array_get(json_object_get(status, "peers"), 0);

    cr_assert_not_null(status);
    cr_expect_str_eq(json_string_value(json_object_get(status, "chain")), "2026");
    cr_expect_str_eq(json_string_value(json_object_get(status, "leader_name")), "911");
    cr_expect_str_eq(json_string_value(json_object_get(status, "catch_up_asked")), "911");
    cr_expect_str_eq(json_string_value(json_object_get(peer, "name")), "911");
    cr_expect_eq(json_integer_value(json_object_get(peer, "linked")), 1);
    json_decref(status);
}

Test(status_text, what_is_no_status_is_refused)
{
    static const char *const wrong[] = { "height\n", " 7\n", "\n", "peer_1_name x\n", "peer_999_name x\n" };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        json_t *status = parse(wrong[i]);
        cr_assert_null(status, "%s", wrong[i]);
    }
    json_t *status = parse("members 4\n");
    cr_assert_not(status_words(status, words));
    json_decref(status);
}

Test(status_text, what_would_steer_a_terminal_is_refused)
{
    cr_assert_null(parse("leader_name \033[2Jgone\n"));
    cr_assert_null(parse("leader_name a\rb\n"));
    cr_assert_null(parse("leader_name \302\233J\n"), "the same as one character beyond ASCII");
    cr_assert_null(status_parse(bytes_of("view \0 3\n", 9)));
    json_t *status = parse("leader_name ~ a !\n");
    cr_assert_not_null(status);
    json_decref(status);
}
