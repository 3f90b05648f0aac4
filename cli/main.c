/* main.c: `ward`, the tool of operators and integrators. Everything is in cli/command.c and its table. */
#include "cli/command.h"

#include "base/exit.h"
#include "node/secret.h"

#include <signal.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a closed connection or pipe is an error code, not the end of the process */
    if (secret_process() != ERR_OK) {
        fprintf(stderr, "core dumps of this process cannot be switched off\n");
        return EXIT_PERMISSION;
    }
    return command_main(&command_ward, argc, argv);
}
