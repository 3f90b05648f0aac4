/* wardd.c: see wardd.h. */
#include "node/wardd.h"

#include "base/plain.h"
#include "node/daemon.h"
#include "node/options.h"
#include "node/secret.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* prepare makes the process safe for keys and deaf to broken pipes. SIGTERM and SIGINT are blocked before any thread starts, so that every
 * thread inherits it and the loop alone hears of them. */
static enum exit_code prepare(void)
{
    sigset_t set;

    umask(0077);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (secret_process() != ERR_OK) {
        fprintf(stderr, "wardd: core dumps of this process cannot be switched off\n");
        return EXIT_PERMISSION;
    }
    crypto_start();
    return EXIT_FINE;
}

/* run_again begins anew: a snapshot from others is installed, and the replica begins there. Inside of the sandbox a process that loads a program is killed,
 * and a filter would outlive the change: then whoever started this process does it, as after a write that failed. */
static enum exit_code run_again(bool sandboxed, char *const *argv)
{
    if (!sandboxed) {
        execv("/proc/self/exe", argv);
    }
    fprintf(stderr, "wardd: %s (it cannot do so itself: %s)\n", exit_text(EXIT_AGAIN), sandboxed ? "it is in the sandbox" : strerror(errno));
    return EXIT_AGAIN;
}

static enum exit_code serve(const struct options *options, char *const *argv)
{
    static struct daemon daemon;
    enum exit_code code = daemon_open(&daemon, options);

    if (code == EXIT_FINE && !options->create && !options->rejoin) {
        code = daemon_run(&daemon);
    }
    if (code != EXIT_FINE) {
        fputs("wardd: ", stderr);
        plain_print(stderr, daemon.boot.problem); /* It may name what others wrote. */
        fputc('\n', stderr);
    }
    daemon_close(&daemon);
#ifdef WARD_DEBUG
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* The keys are wiped; now the leak checker may look at the threads. */
#endif
    return daemon.again && code == EXIT_FINE ? run_again(daemon.sandboxed, argv) : code;
}

int wardd_main(int argc, char *const *argv)
{
    struct options options;
    enum exit_code code = options_parse(&options, argc, argv);

    if (code != EXIT_FINE) {
        fprintf(stderr, "wardd: %s: %s; see wardd --help\n", options.word, options.problem);
        return (int)code;
    }
    if (options.help || options.version) {
        printf("%s", options.help ? options_usage() : "wardd " WARD_VERSION "\n");
        return fflush(stdout) == 0 ? (int)EXIT_FINE : (int)EXIT_RESOURCE;
    }
    code = prepare();
    return (int)(code == EXIT_FINE ? serve(&options, argv) : code);
}
