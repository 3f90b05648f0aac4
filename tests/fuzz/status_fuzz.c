/* status_fuzz.c: what a replica elsewhere says of itself. Whatever its text is, what is taken from it can be written as JSON, and neither the object nor
 * the sentences hold a byte that would steer the terminal of whoever asked. Input: the text. */
#include "cli/status_text.h"

#include "tests/fuzz/fuzz.h"

static void check_plain(const char *text, const char *besides)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        CHECK((text[i] >= ' ' && text[i] <= '~') || strchr(besides, text[i]) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char words[STATUS_WORDS_BYTES];
    json_t *status = status_parse(bytes_of(data, size));

    if (status == NULL) {
        return 0;
    }
    char *text = json_dumps(status, JSON_COMPACT | JSON_SORT_KEYS);
    CHECK(text != NULL);
    check_plain(text, "");
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    CHECK(again != NULL && json_equal(status, again));
    if (status_words(status, words)) {
        CHECK(strlen(words) < sizeof words);
        check_plain(words, "\n");
    }
    json_decref(again);
    free(text);
    json_decref(status);
    return 0;
}
