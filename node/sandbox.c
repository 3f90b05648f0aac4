/* sandbox.c: see sandbox.h. The program is made of the two tables: load the architecture, another one ends the process; load the number; compare.
 *
 * Invariant: a jump never leaves the program: each row is two instructions, a comparison that skips one and a verdict. */
#include "node/sandbox.h"

#include "base/assert.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#define LAST_NUMBER 0x40000000u /* from here on: calls of another width under the same architecture */
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#define LAST_NUMBER 0x40000000u
#else
#define OWN_ARCHITECTURE 0u /* no table for it: sandbox_enter says so */
#define LAST_NUMBER 0x40000000u
#endif

static const uint16_t allowed[] = {
    /* files of the data directory and of the name service */
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_pwritev2, SYS_openat, SYS_close, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_fstatfs,
    SYS_statfs, SYS_lseek, SYS_getdents64, SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_ftruncate, SYS_fallocate, SYS_fsync, SYS_fdatasync, SYS_flock, SYS_fcntl,
    SYS_faccessat, SYS_faccessat2, SYS_readlinkat, SYS_ioctl, SYS_mkdirat,
    /* sockets */
    SYS_socket, SYS_bind, SYS_listen, SYS_accept4, SYS_connect, SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_sendto, SYS_recvfrom, SYS_sendmsg,
    SYS_recvmsg, SYS_sendmmsg, SYS_shutdown,
    /* waiting */
    SYS_io_uring_enter, SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_ppoll, SYS_eventfd2, SYS_futex, SYS_nanosleep, SYS_clock_nanosleep, SYS_restart_syscall,
    SYS_sched_yield,
    /* memory, threads that end, signals */
    SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk, SYS_mlock, SYS_munlock, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_rt_sigreturn, SYS_tgkill,
    SYS_exit, SYS_exit_group, SYS_set_robust_list, SYS_membarrier, SYS_sched_getaffinity, SYS_prctl,
#ifdef SYS_rseq
    SYS_rseq,
#endif
    /* time, and who we are */
    SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom, SYS_getrusage, SYS_getpid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_uname, SYS_sysinfo,
    SYS_prlimit64,
#ifdef __x86_64__
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_unlink, SYS_epoll_wait, SYS_poll, SYS_time, /* older names for the same, which libraries still use */
#endif
#ifdef WARD_DEBUG
    SYS_clone, SYS_clone3, SYS_ptrace, SYS_wait4, SYS_getppid, SYS_sigaltstack, SYS_sched_setaffinity, SYS_kill, SYS_pipe2, SYS_process_vm_readv, /* the leak checker stops all threads and looks */
#ifdef __x86_64__
    SYS_getdents,
#endif
#endif
};

static const uint16_t deadly[] = {
    SYS_execve, SYS_execveat, SYS_process_vm_writev, SYS_init_module, SYS_finit_module, SYS_kexec_load, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_mount,
    SYS_pivot_root, SYS_setns, SYS_unshare, SYS_open_by_handle_at, SYS_ptrace, SYS_process_vm_readv,
};

enum { ALLOWED = sizeof allowed / sizeof allowed[0], DEADLY = sizeof deadly / sizeof deadly[0], HEAD = 6, PROGRAM = HEAD + 2 * (ALLOWED + DEADLY) + 1 };

_Static_assert(PROGRAM < BPF_MAXINSNS, "the program fits");

bool sandbox_allows(long number)
{
    for (size_t i = 0; i < ALLOWED; i++) {
        if (allowed[i] == number) {
            return true;
        }
    }
    return false;
}

static struct sock_filter *rows(struct sock_filter *at, const uint16_t *numbers, size_t count, uint32_t verdict)
{
    for (size_t i = 0; i < count; i++) {
        *at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i], 0, 1);
        *at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict);
    }
    return at;
}

enum err sandbox_enter(void)
{
    struct sock_filter program[PROGRAM] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, LAST_NUMBER, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_filter *at = rows(program + HEAD, allowed, ALLOWED, SECCOMP_RET_ALLOW);

    at = rows(at, deadly, DEADLY, SECCOMP_RET_KILL_PROCESS);
    *at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    ASSERT(at == program + PROGRAM);
    struct sock_fprog whole = { .len = PROGRAM, .filter = program };
    if (OWN_ARCHITECTURE == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return ERR_UNSUPPORTED;
    }
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &whole) == 0 ? ERR_OK : ERR_UNSUPPORTED;
}
