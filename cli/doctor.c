/* doctor.c: see doctor.h. The judgements: one function for each line of the report, one table that names them. */
#include "cli/doctor.h"

#include "base/assert.h"
#include "base/exit.h"
#include "storage/space.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FLUSH_SLOW_US 5000      /* a commit takes some of them one after the other */
#define FLUSH_TOO_SLOW_US 50000 /* half of what T10 calls slow: a leader here would step back */
#define CLOCK_ERROR_US 100000
#define CLOCK_JUMP_US 10000
#define MEMLOCK_BYTES (8ll << 20)

#define TEXT(place, ...) snprintf((place), DOCTOR_TEXT_BYTES, __VA_ARGS__)

static enum doctor_status unknown(struct doctor_finding *finding, const char *why)
{
    TEXT(finding->evidence, "%s", why);
    return DOCTOR_UNKNOWN_STATUS;
}

/* --- The kernel ---------------------------------------------------------------------------------------------------- */

static enum doctor_status judge_kernel(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    unsigned major = 0, minor = 0;

    if (sscanf(facts->machine.release, "%u.%u", &major, &minor) != 2) {
        return unknown(finding, "the kernel does not tell its release");
    }
    TEXT(finding->evidence, "Linux %s", facts->machine.release);
    if (major > 6 || (major == 6 && minor >= 1)) {
        return DOCTOR_OK;
    }
    TEXT(finding->fix, "Ward is tested from Linux 6.1 on; an older one works through io.backend: posix");
    return major < 4 || (major == 4 && minor < 18) ? DOCTOR_BAD : DOCTOR_WARN;
}

static enum doctor_status judge_io_uring(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    const struct machine *machine = &facts->machine;

    if (facts->io_uring_errno == 0) {
        TEXT(finding->evidence, "a ring opens; kernel.io_uring_disabled is %lld (-1: no such sysctl)", (long long)machine->disabled);
        return DOCTOR_OK;
    }
    if (facts->io_uring_errno == DOCTOR_UNKNOWN) {
        return unknown(finding, "not tried");
    }
    enum machine_blame blame = machine_blame(machine, (int)facts->io_uring_errno);
    TEXT(finding->evidence, "%s gives errno %lld (%s); to blame: %s; kernel.io_uring_disabled is %lld, seccomp mode %lld with %lld filters, locked memory %lld KiB",
         facts->io_uring_step[0] == '\0' ? "io_uring_setup" : facts->io_uring_step, (long long)facts->io_uring_errno, strerror((int)facts->io_uring_errno),
         machine_blame_name(blame), (long long)machine->disabled, (long long)machine->seccomp, (long long)machine->seccomp_filters,
         (long long)(machine->memlock_bytes < 0 ? -1 : machine->memlock_bytes / 1024));
    TEXT(finding->fix, "%s", machine_remedy(blame));
    return strcmp(facts->config.io.backend, "io_uring") == 0 ? DOCTOR_BAD : strcmp(facts->config.io.backend, "posix") == 0 ? DOCTOR_OK : DOCTOR_WARN;
}

static enum doctor_status judge_memlock(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    int64_t bytes = facts->machine.memlock_bytes;

    if (bytes == MACHINE_UNKNOWN) {
        return unknown(finding, "the kernel does not tell the limit");
    }
    if (bytes == INT64_MAX) {
        TEXT(finding->evidence, "locked memory is not limited");
    } else {
        TEXT(finding->evidence, "locked memory up to %lld KiB", (long long)(bytes / 1024));
    }
    if (bytes >= MEMLOCK_BYTES) {
        return DOCTOR_OK;
    }
    TEXT(finding->fix, "keys live in locked pages and a ring in others: LimitMEMLOCK=64M in the unit, or ulimit -l 8192");
    return DOCTOR_WARN;
}

/* --- The disk ------------------------------------------------------------------------------------------------------ */

static enum doctor_status judge_file_system(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    static const struct {
        const char *type;
        enum doctor_status status;
        const char *fix;
    } rows[] = {
        { "ext4", DOCTOR_OK, "" },
        { "xfs", DOCTOR_OK, "" },
        { "tmpfs", DOCTOR_BAD, "it forgets everything at a power cut: put node.data_dir on a disk" },
        { "ramfs", DOCTOR_BAD, "it forgets everything at a power cut: put node.data_dir on a disk" },
        { "overlay", DOCTOR_BAD, "it is a container's own layer: mount a volume of a disk there" },
        { "btrfs", DOCTOR_WARN, "it copies on every write, so an append costs several flushes: chattr +C on the empty directory, or ext4 or xfs" },
        { "zfs", DOCTOR_WARN, "it copies on every write, so an append costs several flushes: ext4 or xfs" },
        { "nfs", DOCTOR_WARN, "a flush is as good as the server's promise: a local disk" },
        { "nfs4", DOCTOR_WARN, "a flush is as good as the server's promise: a local disk" },
    };

    if (facts->fs_type[0] == '\0') {
        return unknown(finding, "the mount table does not tell");
    }
    TEXT(finding->evidence, "%.200s lies on %s (%.80s)", facts->measured_dir, facts->fs_type, facts->fs_options);
    if (strstr(facts->fs_options, "nobarrier") != NULL || strstr(facts->fs_options, "barrier=0") != NULL) {
        TEXT(finding->fix, "mount it with barriers: without them a flush is a lie");
        return DOCTOR_BAD;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(facts->fs_type, rows[i].type) == 0) {
            TEXT(finding->fix, "%s", rows[i].fix);
            return rows[i].status;
        }
    }
    TEXT(finding->fix, "Ward is tested on ext4; wardd itself refuses a file system without O_DIRECT and durable writes");
    return DOCTOR_WARN;
}

static enum doctor_status judge_flush(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    if (facts->flush_errno > 0) {
        TEXT(finding->evidence, "a direct durable write of 4 KiB in %.200s gives errno %lld (%s)", facts->measured_dir, (long long)facts->flush_errno,
             strerror((int)facts->flush_errno));
        TEXT(finding->fix, "choose a directory that this user may write to, on a file system with O_DIRECT and RWF_DSYNC");
        return facts->flush_errno == ENOENT || facts->flush_errno == EACCES ? DOCTOR_WARN : DOCTOR_BAD;
    }
    if (facts->flush_p50_us == DOCTOR_UNKNOWN) {
        return unknown(finding, "not measured");
    }
    TEXT(finding->evidence, "4 KiB direct and durable in %.200s: median %lld us, 99th percentile %lld us", facts->measured_dir, (long long)facts->flush_p50_us,
         (long long)facts->flush_p99_us);
    if (facts->flush_p50_us < FLUSH_SLOW_US) {
        return DOCTOR_OK;
    }
    TEXT(finding->fix, "a replica flushes for every block: use a disk of its own, or one with a protected write cache");
    return facts->flush_p50_us < FLUSH_TOO_SLOW_US ? DOCTOR_WARN : DOCTOR_BAD;
}

static enum doctor_status judge_space(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    if (facts->bytes_free == DOCTOR_UNKNOWN || facts->bytes_used == DOCTOR_UNKNOWN) {
        return unknown(finding, "the file system does not tell");
    }
    struct space_facts space = { .bytes_used = (uint64_t)facts->bytes_used, .bytes_free = (uint64_t)facts->bytes_free };
    enum space_level level = space_level_next(SPACE_FINE, &space);
    TEXT(finding->evidence, "%u.%u %% used, %lld MiB free: level %s", space_permille(&space) / 10, space_permille(&space) % 10, (long long)(facts->bytes_free >> 20),
         space_level_name(level));
    if (level == SPACE_FINE) {
        return DOCTOR_OK;
    }
    TEXT(finding->fix, "make room: from 92 %% on clients are refused, from 97 %% on the replica does not vote");
    return level == SPACE_WARN ? DOCTOR_WARN : DOCTOR_BAD;
}

/* --- The clock ------------------------------------------------------------------------------------------------------ */

static enum doctor_status judge_clock(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    if (facts->clock_unsynchronised == DOCTOR_UNKNOWN || facts->clock_error_us == DOCTOR_UNKNOWN) {
        return unknown(finding, "the kernel does not tell");
    }
    TEXT(finding->evidence, "%s; estimated error %lld us; source %s", facts->clock_unsynchronised == 0 ? "synchronised" : "not synchronised",
         (long long)facts->clock_error_us, facts->clock_source[0] == '\0' ? "not told" : facts->clock_source);
    if (facts->clock_unsynchronised == 0 && facts->clock_error_us <= CLOCK_ERROR_US) {
        return DOCTOR_OK;
    }
    TEXT(finding->fix, "run chrony or systemd-timesyncd: block times and expiries follow the clocks of a quorum; agreement itself does not");
    return DOCTOR_WARN;
}

static enum doctor_status judge_jumps(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    if (facts->clock_jump_us == DOCTOR_UNKNOWN) {
        return unknown(finding, "not measured");
    }
    TEXT(finding->evidence, "wall clock against steady clock: %lld us apart within 0.2 s", (long long)facts->clock_jump_us);
    if (facts->clock_jump_us <= CLOCK_JUMP_US) {
        return DOCTOR_OK;
    }
    TEXT(finding->fix, "let one program alone set the clock, and slew instead of step (chrony: makestep 1 3)");
    return DOCTOR_WARN;
}

/* --- Memory, descriptors, ports, keys ------------------------------------------------------------------------------ */

static enum doctor_status judge_memory(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    if (facts->memory_bytes == DOCTOR_UNKNOWN) {
        return unknown(finding, "the kernel does not tell");
    }
    TEXT(finding->evidence, "%lld MiB for this process", (long long)(facts->memory_bytes >> 20));
    if (facts->memory_bytes >= (2ll << 30)) {
        return DOCTOR_OK;
    }
    TEXT(finding->fix, "wardd says at its start what the genesis asks for, and refuses to start with less; 2 GiB fit the default one");
    return DOCTOR_WARN;
}

static enum doctor_status judge_descriptors(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    int64_t needed = (int64_t)(facts->config.limits.clients_max + facts->config.limits.half_open_max) + 2 * (int64_t)MEMBERS_MAX + 64;

    if (facts->descriptors == DOCTOR_UNKNOWN) {
        return unknown(finding, "the kernel does not tell the limit");
    }
    TEXT(finding->evidence, "%lld open files allowed, up to %lld needed", (long long)facts->descriptors, (long long)needed);
    if (facts->descriptors >= needed) {
        return DOCTOR_OK;
    }
    TEXT(finding->fix, "LimitNOFILE=%lld in the unit, or lower limits.clients_max and limits.half_open_max", (long long)needed);
    return DOCTOR_WARN;
}

static enum doctor_status judge_config(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    if (!facts->has_config) {
        TEXT(finding->evidence, "%.300s", facts->config_problem);
        TEXT(finding->fix, "name it: ward doctor --config FILE; see configs/ward.yaml");
        return DOCTOR_UNKNOWN_STATUS;
    }
    TEXT(finding->evidence, "member %s of %s, backend %s", facts->config.node.member, facts->config.cluster.name, facts->config.io.backend);
    return DOCTOR_OK;
}

static enum doctor_status judge_port(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    const char *listen = facts->config.node.listen;

    switch (facts->port) {
    case DOCTOR_PORT_UNKNOWN: return unknown(finding, facts->has_config ? "node.listen is a name, or was not tried" : "no configuration");
    case DOCTOR_PORT_FREE: TEXT(finding->evidence, "%.200s is free", listen); return DOCTOR_OK;
    case DOCTOR_PORT_OURS: TEXT(finding->evidence, "%.200s is in use, and a replica answers at node.client_socket", listen); return DOCTOR_OK;
    case DOCTOR_PORT_TAKEN:
        TEXT(finding->evidence, "%.200s is in use by another program", listen);
        TEXT(finding->fix, "end it (ss -ltnp), or change node.listen here and the address in the others' peers");
        return DOCTOR_BAD;
    case DOCTOR_PORT_REFUSED:
        TEXT(finding->evidence, "%.200s cannot be listened on", listen);
        TEXT(finding->fix, "choose an address of this machine, and a port above 1023");
        return DOCTOR_BAD;
    }
    return DOCTOR_UNKNOWN_STATUS;
}

static enum doctor_status judge_key(const struct doctor_facts *facts, const char *path, const struct doctor_key *key, struct doctor_finding *finding)
{
    if (!facts->has_config || (key->error == 0 && key->mode == DOCTOR_UNKNOWN)) {
        return unknown(finding, facts->has_config ? "not looked at" : "no configuration");
    }
    if (key->error != 0) {
        TEXT(finding->evidence, "%.200s: %s", path, strerror((int)key->error));
        TEXT(finding->fix, "ward key init makes keys; a lost signing key means member replace, never a copy");
        return key->error == EACCES ? DOCTOR_UNKNOWN_STATUS : DOCTOR_BAD;
    }
    TEXT(finding->evidence, "%.200s has mode %04o and belongs to user %lld", path, (unsigned)key->mode, (long long)key->uid);
    if ((key->mode & 077) == 0 && (key->uid == 0 || key->uid == facts->uid)) {
        return DOCTOR_OK;
    }
    if ((key->mode & 077) == 0) {
        TEXT(finding->fix, "that user can change it, so a replica of user %lld refuses it; look as the user of the service, or give the file to that user", (long long)facts->uid);
        return facts->uid == 0 ? DOCTOR_WARN : DOCTOR_BAD; /* root may look for another */
    }
    TEXT(finding->fix, "others can read it, so it must be taken as known: make a new one (chmod 600 only if nobody did)");
    return DOCTOR_BAD;
}

static enum doctor_status judge_sign_key(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    return judge_key(facts, facts->config.keys.sign_file, &facts->sign, finding);
}

static enum doctor_status judge_transport_key(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    return judge_key(facts, facts->config.keys.transport_file, &facts->transport, finding);
}

/* --- For measuring -------------------------------------------------------------------------------------------------- */

static enum doctor_status judge_energy(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    if (facts->rapl == DOCTOR_UNKNOWN) {
        return unknown(finding, "not looked at");
    }
    TEXT(finding->evidence, "%s", facts->rapl == 1 ? "RAPL counters can be read" : "no RAPL counter can be read");
    if (facts->rapl == 1) {
        return DOCTOR_OK;
    }
    TEXT(finding->fix, "run on bare metal as a user that may read /sys/class/powercap; without it reports say CPU time and no joules");
    return DOCTOR_WARN;
}

static enum doctor_status judge_governor(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    if (facts->governor[0] == '\0') {
        return unknown(finding, "the kernel tells no governor, as in a virtual machine");
    }
    TEXT(finding->evidence, "%s", facts->governor);
    if (strcmp(facts->governor, "performance") == 0) {
        return DOCTOR_OK;
    }
    TEXT(finding->fix, "for a benchmark: cpupower frequency-set -g performance");
    return DOCTOR_WARN;
}

/* --- The table ------------------------------------------------------------------------------------------------------ */

#define EVERYBODY (DOCTOR_VALIDATOR | DOCTOR_BENCH | DOCTOR_CI)

static const struct {
    const char *id, *name;
    unsigned profiles;
    enum doctor_status (*judge)(const struct doctor_facts *facts, struct doctor_finding *finding);
} rows[] = {
    { "D-0101", "kernel", EVERYBODY, judge_kernel },
    { "D-0102", "io_uring", EVERYBODY, judge_io_uring },
    { "D-0103", "locked memory", EVERYBODY, judge_memlock },
    { "D-0201", "file system", EVERYBODY, judge_file_system },
    { "D-0202", "flush", EVERYBODY, judge_flush },
    { "D-0203", "space", EVERYBODY, judge_space },
    { "D-0301", "clock", DOCTOR_VALIDATOR, judge_clock },
    { "D-0302", "clock jumps", DOCTOR_VALIDATOR | DOCTOR_BENCH, judge_jumps },
    { "D-0401", "memory", EVERYBODY, judge_memory },
    { "D-0402", "descriptors", DOCTOR_VALIDATOR | DOCTOR_CI, judge_descriptors },
    { "D-0501", "configuration", DOCTOR_VALIDATOR, judge_config },
    { "D-0502", "port", DOCTOR_VALIDATOR, judge_port },
    { "D-0503", "signing key", DOCTOR_VALIDATOR, judge_sign_key },
    { "D-0504", "transport key", DOCTOR_VALIDATOR, judge_transport_key },
    { "D-0601", "energy counters", DOCTOR_BENCH, judge_energy },
    { "D-0602", "clock rate", DOCTOR_BENCH, judge_governor },
};

_Static_assert(sizeof rows / sizeof rows[0] <= DOCTOR_FINDINGS_MAX, "every row has a place");

uint32_t doctor_judge(const struct doctor_facts *facts, enum doctor_profile profile, struct doctor_finding findings[DOCTOR_FINDINGS_MAX])
{
    uint32_t count = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((rows[i].profiles & profile) != 0) {
            struct doctor_finding *finding = &findings[count++];
            *finding = (struct doctor_finding){ .id = rows[i].id, .name = rows[i].name };
            finding->status = rows[i].judge(facts, finding);
        }
    }
    return count;
}

/* is_of_machine: the line is about the machine and not about what a configuration names or a benchmark likes to have. */
static bool is_of_machine(const struct doctor_finding *finding)
{
    return strcmp(finding->id, "D-0500") < 0;
}

int doctor_exit(const struct doctor_finding *findings, uint32_t count)
{
    int code = EXIT_FINE;

    for (uint32_t i = 0; i < count; i++) {
        bool key = strcmp(findings[i].id, "D-0503") == 0 || strcmp(findings[i].id, "D-0504") == 0;
        if (findings[i].status == DOCTOR_UNKNOWN_STATUS && is_of_machine(&findings[i]) && code == EXIT_FINE) {
            code = EXIT_NO;
        }
        if (findings[i].status == DOCTOR_BAD) {
            code = key && code != EXIT_ENVIRONMENT ? EXIT_PERMISSION : EXIT_ENVIRONMENT;
        }
    }
    return code;
}

const char *doctor_status_name(enum doctor_status status)
{
    static const char *const names[DOCTOR_STATUS_COUNT] = { "ok", "warn", "bad", "unknown" };

    ASSERT(status < DOCTOR_STATUS_COUNT);
    return names[status];
}
