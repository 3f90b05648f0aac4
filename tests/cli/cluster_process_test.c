/* cluster_process_test.c: what starts and ends replicas, with programs that stand for them. */
#include "cli/cluster.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct cluster cluster;

Test(cluster_process, a_replica_that_was_killed_is_waited_for_before_it_is_started_again)
{
    pid_t slow = fork();
    if (slow == 0) { /* what the kernel does with a killed process on a busy machine */
        nanosleep(&(struct timespec){ .tv_nsec = 150000000 }, NULL);
        _exit(0);
    }
    cluster.plan.programs = "/nowhere";
    snprintf(cluster.orgs[0].directory, sizeof cluster.orgs[0].directory, "/nowhere");
    cluster.orgs[0].pid = slow;
    cr_assert_eq(cluster_start(&cluster, 0), ERR_OK);
    cr_assert(waitpid(slow, NULL, WNOHANG) == -1 && errno == ECHILD, "it was waited for");
    cr_assert_neq(cluster.orgs[0].pid, slow);
    cr_assert_eq(cluster_reap(&cluster, 0, 10000), 127, "and the next one is another process");
}
