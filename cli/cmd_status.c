/* cmd_status.c: `ward status`: what a replica says of itself, in words or as one object; with --watch once a second, one line or object each. */
#include "cli/cmd.h"

#include "cli/output.h"
#include "cli/reach.h"
#include "cli/status_text.h"

#include <time.h>

/* ask gives the status. Gives: an exit code after output_fail, or EXIT_FINE with *status, which is the caller's. */
static int ask(const struct args *args, struct reach *reach, json_t **status)
{
    struct client_call call = { .type = CLIENT_STATUS };
    struct client_event answer;
    enum err err = client_ask(reach->client, &call, &answer, reach->timeout_ms);

    if (err != ERR_OK) {
        return reach_fail(args, err);
    }
    if (answer.type != CLIENT_ANSWER || answer.code != 0) {
        return output_fail(args, EXIT_NO, "the replica does not say: code %u", answer.code);
    }
    *status = status_parse(answer.answer);
    return *status == NULL ? output_fail(args, EXIT_INTEGRITY, "the replica's answer cannot be read") : EXIT_FINE;
}

static int show(const struct args *args, struct reach *reach)
{
    char words[STATUS_WORDS_BYTES];
    json_t *status = NULL;
    int code = ask(args, reach, &status);

    if (code != EXIT_FINE) {
        return code;
    }
    if (args->json) {
        return output_result(args, status);
    }
    bool good = status_words(status, words);
    json_decref(status);
    if (!good) {
        return output_fail(args, EXIT_INTEGRITY, "the replica's answer lacks what the words need");
    }
    printf("%s\n", words);
    return fflush(stdout) == 0 ? (int)EXIT_FINE : (int)EXIT_RESOURCE;
}

int cmd_status(const struct args *args)
{
    struct reach reach;
    int code = reach_open(args, &reach);

    if (code == EXIT_FINE) {
        code = show(args, &reach);
    }
    while (code == EXIT_FINE && args_has(args, "watch")) {
        nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
        code = show(args, &reach);
    }
    reach_close(&reach);
    return code;
}
