/* task.h: a piece of work that any thread may do, once.
 *
 *     IDLE --handed in--> WAITING --a thread is free--> RUNNING --> DONE --awaited--> IDLE
 *                            \----------- awaited before: whoever waits runs it itself ----^
 *
 * What a task touches belongs to it from when it is handed in until it is awaited. */
#ifndef WARD_NODE_TASK_H
#define WARD_NODE_TASK_H

enum task_state { TASK_IDLE, TASK_WAITING, TASK_RUNNING, TASK_DONE };

struct task {
    void (*run)(struct task *task);
    enum task_state state; /* of whoever runs tasks: verify_pool.h */
    struct task *next;     /* likewise */
};

#endif
