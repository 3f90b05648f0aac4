/* backend.h: which kernel interface carries disk and network: io_uring, or epoll with a thread (io.backend: auto, io_uring or posix).
 *
 * `auto` takes io_uring where the machine allows it and goes on with posix where not, with one warning that says who forbids it and what to
 * do. Both do the same; io_uring needs fewer system calls. */
#ifndef WARD_NODE_BACKEND_H
#define WARD_NODE_BACKEND_H

#include "base/arena.h"
#include "net/loop.h"
#include "node/boot.h"

struct backend {
    struct loop *uring; /* NULL when the configuration says posix */
    struct loop *posix; /* NULL when the configuration says io_uring */
    struct loop *loop;  /* the one in use; NULL before backend_open */
};

/* backend_take takes the memory of what the configuration allows: the same for auto, whatever the machine will say. */
void backend_take(struct backend *backend, struct arena *arena, const struct node_config *config);

/* backend_open opens the loop. Needs: backend_take with real memory. Gives: backend->loop. Fails: EXIT_ENVIRONMENT with boot->problem, when
 * io_uring is demanded and refused, or nothing can be had at all. */
enum exit_code backend_open(struct backend *backend, struct boot *boot);

#endif
