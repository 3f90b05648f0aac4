/* options.h: the command line of wardd. */
#ifndef WARD_NODE_OPTIONS_H
#define WARD_NODE_OPTIONS_H

#include "base/exit.h"

#include <stdbool.h>

struct options {
    const char *config_path; /* a view into argv */
    bool create;             /* --init: make the store and end */
    bool rejoin;             /* --rejoin: make a new store for a key whose store is lost, and end */
    bool unsafe_dev;         /* --unsafe-dev: as io.unsafe_dev */
    bool help, version;
    const char *problem;     /* why the line is refused, about `word` */
    const char *word;
};

/* options_parse reads a command line. Gives: EXIT_FINE; with neither help nor version, config_path is then set. Fails: EXIT_USAGE with the
 * problem. */
enum exit_code options_parse(struct options *options, int argc, char *const *argv);

/* options_usage gives the help text. Owns: a constant. */
const char *options_usage(void);

#endif
