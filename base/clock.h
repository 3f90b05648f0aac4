/* clock.h: the two clocks of the driver. Never included by the core, which is told the time in each step. */
#ifndef WARD_BASE_CLOCK_H
#define WARD_BASE_CLOCK_H

#include <stdint.h>

/* clock_mono_ns gives nanoseconds since an arbitrary start; it never goes back. For deadlines. Cost: one vDSO call. */
uint64_t clock_mono_ns(void);

/* clock_wall_ms gives milliseconds since 1970-01-01 UTC; an administrator may step it. For block time. Cost: one vDSO call. */
uint64_t clock_wall_ms(void);

/* clock_thread_cpu_ns gives the CPU time of the calling thread. Cost: one syscall. */
uint64_t clock_thread_cpu_ns(void);

/* clock_process_cpu_ns gives the CPU time of all threads of the process. Cost: one syscall. */
uint64_t clock_process_cpu_ns(void);

#endif
