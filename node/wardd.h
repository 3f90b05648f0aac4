/* wardd.h: the program wardd: what it asks of the kernel before it reads a key, and how it ends. */
#ifndef WARD_NODE_WARDD_H
#define WARD_NODE_WARDD_H

/* wardd_main runs the program. Gives: its exit code; a failure is one line on standard error. */
int wardd_main(int argc, char *const *argv);

#endif
