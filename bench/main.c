/* main.c: `ward-bench`, load and cost. The table is in bench/table.c. */
#include "bench/bench.h"

#include <signal.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a closed connection or pipe is an error code, not the end of the process */
    return command_main(&command_bench, argc, argv);
}
