/* options.c: see options.h. */
#include "node/options.h"

#include <stddef.h>
#include <string.h>

static const char usage[] =
    "usage: wardd --config FILE [--init | --rejoin] [--unsafe-dev]\n"
    "       wardd --version | --help\n"
    "\n"
    "One replica of a Ward ledger. It runs in the foreground until SIGTERM or SIGINT, upon which it gives up leading, flushes and marks its\n"
    "log as cleanly closed. What happens is one logfmt line on standard error.\n"
    "wardd prints no objects and has no --json; `ward status --json` asks a replica that runs.\n"
    "\n"
    "  --config FILE   the configuration; `ward config explain` says what can stand in it, `ward config check FILE` whether it is good\n"
    "  --init          make the store in the data directory, once, and end; an existing store is never overwritten\n"
    "  --rejoin        the store of this key is lost: make a new one, once, and end; at its next start the replica signs nothing before a quorum of other\n"
    "                  members said what it must abstain from, and never in a view that it may have signed in before (docs/operations.md)\n"
    "  --unsafe-dev    accept a data directory without real flushes, as io.unsafe_dev does: for tests, never for records\n"
    "  --version       print the version\n"
    "  --help          print this\n"
    "\n"
    "exit codes: 0 stopped in order, 2 command line, 3 configuration, 5 refused for safety, 6 integrity, 7 this machine cannot do it,\n"
    "            8 disk or memory, 9 permission, 10 a snapshot is installed: start it again\n";

const char *options_usage(void) { return usage; }

static enum exit_code wrong(struct options *options, const char *problem, const char *word)
{
    options->problem = problem;
    options->word = word;
    return EXIT_USAGE;
}

enum exit_code options_parse(struct options *options, int argc, char *const *argv)
{
    *options = (struct options){ .help = false };
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--config") == 0) {
            if (++i == argc || argv[i][0] == '\0') {
                return wrong(options, "a file must follow", word);
            }
            if (options->config_path != NULL) {
                return wrong(options, "is given twice", word);
            }
            options->config_path = argv[i];
        } else if (strncmp(word, "--config=", 9) == 0 && word[9] != '\0') {
            if (options->config_path != NULL) {
                return wrong(options, "is given twice", word);
            }
            options->config_path = word + 9;
        } else if (strcmp(word, "--init") == 0) {
            options->create = true;
        } else if (strcmp(word, "--rejoin") == 0) {
            options->rejoin = true;
        } else if (strcmp(word, "--unsafe-dev") == 0) {
            options->unsafe_dev = true;
        } else if (strcmp(word, "--version") == 0) {
            options->version = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            options->help = true;
        } else {
            return wrong(options, "not an option of wardd", word);
        }
    }
    if (options->create && options->rejoin) {
        return wrong(options, "not together with --init", "--rejoin");
    }
    if (options->config_path == NULL && !options->help && !options->version) {
        return wrong(options, "must be given", "--config FILE");
    }
    return EXIT_FINE;
}
