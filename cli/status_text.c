/* status_text.c: see status_text.h. */
#include "cli/status_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_S 16 /* two views of the longest kind, 8 s each (view_ms_max) */
#define PEERS_MAX 128
#define NAME_MAX_BYTES 64
#define VALUE_MAX_BYTES 256

/* --- Reading -------------------------------------------------------------------------------------------------------- */

/* is_name: the value is a name that somebody chose, which stays a text when it is made of digits. */
static bool is_name(const char *name)
{
    static const char *const names[] = { "name", "chain", "leader_name", "catch_up_asked" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *value_of(const char *name, const char *text)
{
    char *end = NULL;
    long long number = strtoll(text, &end, 10);

    return !is_name(name) && text[0] != '\0' && *end == '\0' && strlen(text) < 19 ? json_integer(number) : json_string(text);
}

/* peer_of gives the object of one peer, made if it is the next one. Gives: NULL when peers are not in order. */
static json_t *peer_of(json_t *status, size_t index)
{
    json_t *peers = json_object_get(status, "peers");

    if (peers == NULL) {
        peers = json_array();
        json_object_set_new(status, "peers", peers);
    }
    if (index == json_array_size(peers) && index < PEERS_MAX) {
        json_array_append_new(peers, json_object());
    }
    return json_array_get(peers, index);
}

static bool put(json_t *status, const char *name, const char *value)
{
    size_t index = 0;
    int length = 0;

    if (sscanf(name, "peer_%3zu_%n", &index, &length) == 1 && length > 0) {
        json_t *peer = peer_of(status, index);
        return peer != NULL && json_object_set_new(peer, name + length, value_of(name + length, value)) == 0;
    }
    return json_object_set_new(status, name, value_of(name, value)) == 0;
}

/* is_plain: printable ASCII alone. Whatever else a replica says would steer the terminal of whoever asked. */
static bool is_plain(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return false;
        }
    }
    return true;
}

/* put_line reads one line without its end. */
static bool put_line(json_t *status, const char *line, size_t size)
{
    char name[NAME_MAX_BYTES], value[VALUE_MAX_BYTES];
    const char *blank = memchr(line, ' ', size);
    size_t name_size = blank == NULL ? 0 : (size_t)(blank - line);
    size_t value_size = blank == NULL ? 0 : size - name_size - 1;

    if (blank == NULL || name_size == 0 || name_size >= sizeof name || value_size >= sizeof value || !is_plain(line, size)) {
        return false;
    }
    memcpy(name, line, name_size);
    name[name_size] = '\0';
    memcpy(value, blank + 1, value_size);
    value[value_size] = '\0';
    return put(status, name, value);
}

json_t *status_parse(struct bytes text)
{
    json_t *status = json_object();
    const char *data = (const char *)text.data;

    for (size_t at = 0; at < text.size;) { /* Each round takes a line. */
        const char *end = memchr(data + at, '\n', text.size - at);
        size_t size = end == NULL ? text.size - at : (size_t)(end - (data + at));
        if (!put_line(status, data + at, size)) {
            json_decref(status);
            return NULL;
        }
        at += size + 1;
    }
    return status;
}

/* --- Sentences ------------------------------------------------------------------------------------------------------ */

struct text {
    char *out;
    size_t used;
};

static void say(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct text *text, const char *format, ...)
{
    va_list arguments;
    size_t left = STATUS_WORDS_BYTES - text->used;

    va_start(arguments, format);
    int length = vsnprintf(text->out + text->used, left, format, arguments);
    va_end(arguments);
    text->used += length < 0 ? 0 : (size_t)length < left ? (size_t)length : left - 1;
}

static long long number_of(const json_t *object, const char *name) { return (long long)json_integer_value(json_object_get(object, name)); }

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "?" : text;
}

/* say_peers lists the names of peers by a field: those that are not linked, or those whose vote is missing. */
static void say_peers(struct text *text, const json_t *status, const char *field, long long wanted)
{
    const json_t *peers = json_object_get(status, "peers");
    bool first = true;

    for (size_t i = 0; i < json_array_size(peers); i++) {
        const json_t *peer = json_array_get(peers, i);
        if (number_of(peer, field) == wanted) {
            say(text, "%s%s", first ? "" : ", ", text_of(peer, "name"));
            first = false;
        }
    }
    if (first) {
        say(text, "nobody");
    }
}

static long long count_peers(const json_t *status, const char *field, long long wanted)
{
    const json_t *peers = json_object_get(status, "peers");
    long long count = 0;

    for (size_t i = 0; i < json_array_size(peers); i++) {
        count += number_of(json_array_get(peers, i), field) == wanted;
    }
    return count;
}

static void say_commit(struct text *text, const json_t *status)
{
    long long height = number_of(status, "executed_height");

    if (json_object_get(status, "last_commit_age_ms") != NULL) {
        say(text, "Last commit %.1f s ago at height %lld. ", (double)number_of(status, "last_commit_age_ms") / 1000, height);
    } else if (height > 0) {
        say(text, "Height %lld. ", height);
    } else {
        say(text, "Nothing was ever committed. ");
    }
}

/* say_stuck says what is missing, since when, and what to do about it. */
static void say_stuck(struct text *text, const json_t *status, long long up)
{
    double since = (double)number_of(status, "stuck_ms") / 1000;
    long long quorum = number_of(status, "quorum");

    say(text, "\nStuck for %.1f s: ", since);
    if (up < quorum) {
        say(text, "%lld of %lld are up and %lld are needed. No link to ", up, number_of(status, "members"), quorum);
        say_peers(text, status, "linked", 0);
        say(text, ". Start wardd there, or repair the network to them; work resumes by itself.");
        return;
    }
    if (count_peers(status, "missing", 1) > 0) {
        say(text, "votes are missing from ");
        say_peers(text, status, "missing", 1);
        say(text, ". Look at their logs and disks: they are linked but do not vote.");
        return;
    }
    say(text, "enough members are up; the view is being changed. If this lasts longer than %d s, compare `ward status` of all members.", LONG_S);
}

static bool is_said(const json_t *status, const char *name)
{
    const char *word = json_string_value(json_object_get(status, name));

    return word != NULL && strcmp(word, "none") != 0;
}

/* say_catch_up says what a replica that lags waits for: blocks of a member, or a snapshot and how much of it is here. */
static void say_catch_up(struct text *text, const json_t *status)
{
    bool fetches = number_of(status, "snapshot_fetch_stage") != 0;

    if (number_of(status, "catching_up") == 0 && !fetches) {
        return;
    }
    say(text, "\nThis replica is catching up");
    if (fetches) {
        say(text, ": a snapshot, %lld of %lld chunks are here; %s", number_of(status, "snapshot_fetch_have"), number_of(status, "snapshot_fetch_chunks"),
            text_of(status, "snapshot_fetch_reason"));
    } else if (is_said(status, "catch_up_asked")) {
        say(text, ": %s (%s)", text_of(status, "catch_up_reason"), text_of(status, "catch_up_asked"));
    } else if (is_said(status, "catch_up_reason")) {
        say(text, ": %s", text_of(status, "catch_up_reason"));
    }
    say(text, ".");
}

/* say_rations names the members that get no more of this replica for a moment. */
static void say_rations(struct text *text, const json_t *status)
{
    const json_t *peers = json_object_get(status, "peers");

    for (size_t i = 0; i < json_array_size(peers); i++) {
        const json_t *peer = json_array_get(peers, i);
        const char *snapshot = json_string_value(json_object_get(peer, "snapshot_wait"));
        bool blocks = is_said(peer, "blocks_wait"), chunks = snapshot != NULL && strcmp(snapshot, "rationed") == 0;
        if (blocks || chunks) {
            say(text, "\n%s waits for %s of this replica: it was given as much as a member gets in a second.", text_of(peer, "name"), blocks ? "blocks" : "parts of a snapshot");
        }
    }
}

static void say_members(struct text *text, long long up, long long members, long long quorum)
{
    say(text, "%lld of %lld up, ", up, members);
    if (up >= quorum) {
        say(text, "%lld more may fail. ", up - quorum);
    } else {
        say(text, "%lld too few. ", quorum - up);
    }
}

static void say_view(struct text *text, const json_t *status)
{
    const char *energy = json_string_value(json_object_get(status, "energy"));
    bool none = energy != NULL && strcmp(energy, "none") == 0;

    say(text, "View %lld, leader %s. ", number_of(status, "view"), text_of(status, "leader_name"));
    say(text, "Energy: not measured (%s).", none ? "no RAPL on this machine" : "this build reads no counters");
}

/* say_voice says why a replica that is up does not vote. */
static void say_voice(struct text *text, const json_t *status)
{
    if (number_of(status, "draining") != 0) {
        say(text, "\nThis replica is stopping.");
    }
    if (number_of(status, "rejoining") != 0) {
        say(text, "\nThe disk of this replica was lost. It signs nothing before %lld other members said what its key must abstain from: %lld did.", number_of(status, "rejoin_wanted"),
            number_of(status, "rejoin_heard"));
    } else if (json_object_get(status, "abstains_to_view") != NULL && number_of(status, "view") <= number_of(status, "abstains_to_view")) {
        say(text, "\nThis replica signs nothing up to view %lld: what it signed there before is lost. The leader ends the view.", number_of(status, "abstains_to_view"));
    } else if (json_object_get(status, "may_sign") != NULL && number_of(status, "may_sign") == 0) {
        say(text, "\nThis replica does not sign yet: it waits to hear from enough members what they hold of its key.");
    }
}

static void say_damage(struct text *text, const json_t *status)
{
    if (number_of(status, "damage_found") == 0) {
        return;
    }
    say(text, "\nDamage of its log: %lld found, %lld made good, %lld waiting", number_of(status, "damage_found"), number_of(status, "damage_repaired"),
        number_of(status, "damage_waiting"));
    if (is_said(status, "damage_reason")) {
        say(text, " (%s)", text_of(status, "damage_reason"));
    }
    say(text, ". Its disk deserves a look (dmesg, SMART).");
}

/* say_disk says what a disk that fills up keeps it from. */
static void say_disk(struct text *text, const json_t *status)
{
    const char *level = json_string_value(json_object_get(status, "disk_level"));
    double percent = (double)number_of(status, "disk_used_permille") / 10;

    if (level != NULL && strcmp(level, "refuse") == 0) {
        say(text, "\nIts disk is nearly full (%.1f %%): it refuses its clients and hurries a snapshot. Make room.", percent);
    } else if (level != NULL && strcmp(level, "stop") == 0) {
        say(text, "\nIts disk is full (%.1f %%): it does not vote and refuses its clients, but follows and answers. Make room; nothing else is to be done.", percent);
    }
}

bool status_words(const json_t *status, char out[STATUS_WORDS_BYTES])
{
    struct text text = { out, 0 };
    long long members = number_of(status, "members"), quorum = number_of(status, "quorum"), up = number_of(status, "members_linked") + 1;

    out[0] = '\0';
    if (members == 0 || quorum == 0 || json_object_get(status, "view") == NULL) {
        return false;
    }
    say_members(&text, up, members, quorum);
    say_commit(&text, status);
    say_view(&text, status);
    say_catch_up(&text, status);
    say_rations(&text, status);
    say_voice(&text, status);
    say_damage(&text, status);
    say_disk(&text, status);
    if (json_object_get(status, "stuck_ms") != NULL) {
        say_stuck(&text, status, up);
    }
    return true;
}
