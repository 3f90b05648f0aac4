/* cmd_demo.c: `ward demo`. */
#include "cli/cmd.h"

#include "cli/demo.h"
#include "cli/output.h"

#include <unistd.h>

int cmd_demo(const struct args *args)
{
    static struct demo demo;
    struct demo_options options = {
        .replicas = (uint32_t)args_number(args, "replicas"),
        .load_ms = args_number(args, "for"),
        .rate = args_number(args, "rate"),
        .bundle = args_text(args, "bundle"),
        .keep = args_text(args, "keep"),
        .quiet = args->json && !isatty(STDERR_FILENO),
    };
    enum exit_code code = demo_run(&demo, &options);

    if (code != EXIT_FINE && code != EXIT_NO) {
        return output_fail(args, code, "%s", demo.problems[demo.problems_count - 1]);
    }
    int written = output_result(args, demo_report(&demo));
    return written == EXIT_FINE ? (int)code : written;
}
