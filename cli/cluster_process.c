/* cluster_process.c: the life of a cluster's processes, and what the kernel says of them. */
#include "base/assert.h"
#include "base/clock.h"
#include "base/exit.h"
#include "cli/cluster.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_BYTES = 400, END_MS = 60000 };

static void nap(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

/* spawn runs wardd with its output in the replica's log file. It dies with us. */
static pid_t spawn(const struct cluster *cluster, uint32_t member, const char *flag)
{
    const struct cluster_org *org = &cluster->orgs[member];
    char program[CLUSTER_PATH_BYTES + 32], config[CLUSTER_PATH_BYTES + 64], log[CLUSTER_PATH_BYTES + 64];

    snprintf(program, sizeof program, "%s/wardd", cluster->plan.programs);
    snprintf(config, sizeof config, "%s/wardd.yaml", org->directory);
    snprintf(log, sizeof log, "%s/wardd.log", org->directory);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (fd < 0 || getppid() != parent) {
        _exit(127);
    }
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    execl(program, "wardd", "--config", config, flag, (char *)NULL);
    _exit(127);
}

/* last_words gives the last line that a replica wrote, without its time; empty when there is none. */
static void last_words(const struct cluster *cluster, uint32_t member, char out[WORDS_BYTES])
{
    char log[CLUSTER_PATH_BYTES + 64], line[WORDS_BYTES];

    snprintf(log, sizeof log, "%s/wardd.log", cluster->orgs[member].directory);
    FILE *file = fopen(log, "re");
    out[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const char *said = strncmp(line, "ts=", 3) == 0 && strchr(line, ' ') != NULL ? strchr(line, ' ') + 1 : line;
        snprintf(out, WORDS_BYTES, "%s", said);
    }
    if (file != NULL) {
        fclose(file);
    }
}

/* wait_gone waits for the end of a process that was killed: on a busy machine the kernel takes seconds to take its memory back. */
static enum err wait_gone(struct cluster *cluster, uint32_t member)
{
    if (cluster->orgs[member].pid <= 0 || cluster_reap(cluster, member, END_MS) >= 0) {
        return ERR_OK;
    }
    snprintf(cluster->problem, sizeof cluster->problem, "member %u has not ended", member);
    return ERR_TIMEOUT;
}

/* make_store runs wardd with a flag that makes a store and ends. */
static enum err make_store(struct cluster *cluster, uint32_t member, const char *flag)
{
    if (wait_gone(cluster, member) != ERR_OK) {
        return ERR_TIMEOUT;
    }
    cluster->orgs[member].pid = spawn(cluster, member, flag);
    int code = cluster->orgs[member].pid < 0 ? 127 : cluster_reap(cluster, member, 60000);

    if (code != 0) {
        char words[WORDS_BYTES];
        last_words(cluster, member, words);
        snprintf(cluster->problem, sizeof cluster->problem, "wardd %s of member %u ended with %d: %s", flag, member, code, words);
        return code == 7 ? ERR_UNSUPPORTED : ERR_IO;
    }
    return ERR_OK;
}

enum err cluster_init_store(struct cluster *cluster, uint32_t member) { return make_store(cluster, member, "--init"); }

enum err cluster_start(struct cluster *cluster, uint32_t member)
{
    if (wait_gone(cluster, member) != ERR_OK) {
        return ERR_TIMEOUT;
    }
    pid_t pid = spawn(cluster, member, NULL);
    if (pid < 0) {
        snprintf(cluster->problem, sizeof cluster->problem, "no process: %s", strerror(errno));
        return ERR_IO;
    }
    cluster->orgs[member].pid = pid;
    return ERR_OK;
}

void cluster_socket(const struct cluster *cluster, uint32_t member, char out[CLUSTER_PATH_BYTES + 64])
{
    snprintf(out, CLUSTER_PATH_BYTES + 64, "%s/sock", cluster->orgs[member].directory);
}

static bool answers(const struct cluster *cluster, uint32_t member)
{
    char path[CLUSTER_PATH_BYTES + 64];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cluster_socket(cluster, member, path);
    if (fd < 0 || strlen(path) >= sizeof address.sun_path) {
        return false;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    bool connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return connected;
}

enum err cluster_ready(struct cluster *cluster, uint32_t member, uint32_t timeout_ms)
{
    uint64_t end_ns = clock_mono_ns() + (uint64_t)timeout_ms * 1000000;

    while (clock_mono_ns() < end_ns) {
        if (answers(cluster, member)) {
            return ERR_OK;
        }
        int code = cluster_reap(cluster, member, 0);
        if (code >= 0) {
            snprintf(cluster->problem, sizeof cluster->problem, "member %u ended with %d; see %s/wardd.log", member, code, cluster->orgs[member].directory);
            return ERR_CLOSED;
        }
        nap();
    }
    snprintf(cluster->problem, sizeof cluster->problem, "member %u does not answer", member);
    return ERR_TIMEOUT;
}

void cluster_signal(struct cluster *cluster, uint32_t member, int number)
{
    ASSERT(cluster->orgs[member].pid > 0);
    kill(cluster->orgs[member].pid, number);
}

int cluster_reap(struct cluster *cluster, uint32_t member, uint32_t timeout_ms)
{
    uint64_t end_ns = clock_mono_ns() + (uint64_t)timeout_ms * 1000000;
    struct cluster_org *org = &cluster->orgs[member];

    ASSERT(org->pid > 0);
    for (;;) {
        int status;
        pid_t ended = waitpid(org->pid, &status, WNOHANG);
        if (ended == org->pid) {
            org->pid = 0;
            return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        if (clock_mono_ns() >= end_ns) {
            return -1;
        }
        nap();
    }
}

bool cluster_tend(struct cluster *cluster, uint32_t member)
{
    if (cluster->orgs[member].pid > 0 && cluster_reap(cluster, member, 0) == EXIT_AGAIN) {
        return cluster_start(cluster, member) == ERR_OK;
    }
    return cluster->orgs[member].pid > 0;
}

uint64_t cluster_cpu_ns(const struct cluster *cluster, uint32_t member)
{
    clockid_t clock;
    struct timespec used;
    pid_t pid = cluster->orgs[member].pid;

    if (pid == 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

/* status_field reads a number behind "name:" from a status file of /proc. */
static uint64_t status_field(const char *path, const char *name)
{
    char line[256];
    unsigned long long value = 0;
    FILE *file = fopen(path, "re");

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0 && sscanf(line + strlen(name), ": %llu", &value) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

uint64_t cluster_peak_bytes(const struct cluster *cluster, uint32_t member)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/status", cluster->orgs[member].pid);
    return status_field(path, "VmHWM") * 1024;
}

uint64_t cluster_wakeups(const struct cluster *cluster, uint32_t member)
{
    char path[320];
    uint64_t sum = 0;

    snprintf(path, sizeof path, "/proc/%d/task", cluster->orgs[member].pid);
    DIR *tasks = opendir(path);
    for (struct dirent *task = tasks == NULL ? NULL : readdir(tasks); task != NULL; task = readdir(tasks)) {
        if (task->d_name[0] != '.') {
            snprintf(path, sizeof path, "/proc/%d/task/%s/status", cluster->orgs[member].pid, task->d_name);
            sum += status_field(path, "voluntary_ctxt_switches");
        }
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return sum;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

enum err cluster_lose_store(struct cluster *cluster, uint32_t member)
{
    char path[CLUSTER_PATH_BYTES + 64];

    if (wait_gone(cluster, member) != ERR_OK) {
        return ERR_TIMEOUT;
    }
    snprintf(path, sizeof path, "%s/data", cluster->orgs[member].directory);
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        snprintf(cluster->problem, sizeof cluster->problem, "%s cannot be removed: %s", path, strerror(errno));
        return ERR_IO;
    }
    return make_store(cluster, member, "--rejoin");
}

void cluster_close(struct cluster *cluster, bool remove)
{
    for (uint32_t i = 0; i < cluster->plan.replicas; i++) {
        if (cluster->orgs[i].pid > 0) {
            cluster_signal(cluster, i, SIGKILL);
            cluster_signal(cluster, i, SIGCONT);
            (void)cluster_reap(cluster, i, 10000);
        }
    }
    if (cluster->genesis_bytes.data != NULL) {
        file_close(&cluster->genesis_bytes);
    }
    if (remove && cluster->plan.directory != NULL) {
        nftw(cluster->plan.directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
}
