/* log_test.c: one clean line per state change; repeats fold; nothing can forge a second line. */
#include "base/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char text[8192];

/* captured gives everything written to the pipe so far. */
static const char *captured(int fd)
{
    ssize_t size = read(fd, text, sizeof text - 1);

    text[size < 0 ? 0 : size] = '\0';
    return text;
}

static int capture(void)
{
    int ends[2];

    cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
    log_fd_set(ends[1]);
    return ends[0];
}

static unsigned count(const char *haystack, const char *needle)
{
    unsigned found = 0;

    for (const char *at = strstr(haystack, needle); at != NULL; at = strstr(at + 1, needle)) {
        found++;
    }
    return found;
}

Test(log, writes_logfmt_with_name_and_id)
{
    static struct log_event event = LOG_EVENT(LOG_WARN, "W-0999", "test.happened");
    int fd = capture();

    log_write(&event, "member=%u reason=%s", 2u, "closed");
    const char *line = captured(fd);
    cr_assert_eq(strncmp(line, "ts=2", 4), 0);
    cr_assert_not_null(strstr(line, "Z level=warn event=test.happened id=W-0999 member=2 reason=closed\n"));
}

Test(log, folds_equal_lines_and_tells_their_number_with_the_next)
{
    static struct log_event event = LOG_EVENT(LOG_INFO, NULL, "test.repeats");
    int fd = capture();

    for (unsigned i = 0; i < 5; i++) {
        log_write(&event, "member=%u", 1u);
    }
    log_write(&event, "member=%u", 2u);
    const char *lines = captured(fd);
    cr_assert_eq(count(lines, "\n"), 2);
    cr_assert_not_null(strstr(lines, "event=test.repeats folded=4 member=2\n"));
}

Test(log, lines_that_somebody_makes_alternate_are_bounded_too)
{
    static struct log_event event = LOG_EVENT(LOG_WARN, "W-0999", "test.flapped");
    static char all[1 << 16];
    int fd = capture();
    size_t used = 0;

    for (unsigned i = 0; i < 1000; i++) {
        log_write(&event, "member=%u", i % 2);
        ssize_t size = read(fd, all + used, sizeof all - 1 - used);
        used += size < 0 ? 0 : (size_t)size;
    }
    all[used] = '\0';
    cr_assert_geq(count(all, "test.flapped"), LOG_BURST);
    cr_assert_leq(count(all, "test.flapped"), 2 * LOG_BURST, "and one in each second");
}

Test(log, keeps_below_its_level_silent)
{
    static struct log_event event = LOG_EVENT(LOG_DEBUG, NULL, "test.debug");
    int fd = capture();

    log_write(&event, NULL);
    cr_assert_str_empty(captured(fd));
    log_level_set(LOG_DEBUG);
    log_write(&event, NULL);
    cr_assert_not_null(strstr(captured(fd), "level=debug event=test.debug\n"));
}

Test(log, lets_no_content_forge_a_line)
{
    static struct log_event event = LOG_EVENT(LOG_ERROR, "E-0999", "test.forged");
    int fd = capture();

    log_write(&event, "name=%s", "a\nlevel=info event=evil\x1b[2J");
    const char *lines = captured(fd);
    cr_assert_eq(count(lines, "\n"), 1);
    cr_assert_eq(count(lines, "\x1b"), 0);
}

Test(log, cuts_what_is_too_long)
{
    static struct log_event event = LOG_EVENT(LOG_INFO, NULL, "test.long");
    static char longer[3000];
    int fd = capture();

    memset(longer, 'x', sizeof longer - 1);
    log_write(&event, "name=%s", longer);
    const char *line = captured(fd);
    cr_assert_leq(strlen(line), LOG_LINE_BYTES_MAX);
    cr_assert_not_null(strstr(line, "x...\n"));
}

Test(log, quotes_what_is_not_a_plain_word)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "plain-word/1", "plain-word/1" },
        { "two words", "\"two words\"" },
        { "", "\"\"" },
        { "a\"b\\c", "\"a\\\"b\\\\c\"" },
        { "k=v", "\"k=v\"" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_str_eq(log_quote(rows[i].in).text, rows[i].out);
    }
}
