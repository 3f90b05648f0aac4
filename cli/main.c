/* main.c: `ward`, the tool of operators and integrators. Everything is in cli/command.c and its table. */
#include "cli/command.h"

#include <signal.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a closed connection or pipe is an error code, not the end of the process */
    return command_main(&command_ward, argc, argv);
}
