/* office_kit.h: `ward` inside the test's process against a replica on a socket behind which a real ledger answers and executes: the desk of
 * tests/node/desk_kit.h, the people in it as key files, the genesis as a file. */
#ifndef WARD_TESTS_CLI_OFFICE_KIT_H
#define WARD_TESTS_CLI_OFFICE_KIT_H

#include "tests/cli/cli_kit.h"
#include "tests/cli/replica_kit.h"
#include "tests/node/desk_kit.h"

#include <stddef.h>

struct office {
    struct desk desk;
    struct fake_replica replica;
    uint64_t lie_at;        /* byte of every answer that is altered; UINT64_MAX: none */
    bool forgets;           /* it knows of no receipt */
    fake_handler *submit;   /* what is done with a command; NULL: it is executed (office_execute) */
    char patient[65], doctor[65], ticket[65]; /* accounts and the newest ticket, in digits */
};

/* office_start opens it: key files patient.key, other.key, doctor.key, alder.key (a system), birch.key, admin.key (of Alder) and `genesis` lie in kit_directory.
 * One in a process. Gives: the office. */
struct office *office_start(void);
void office_stop(void);

/* office_execute executes a SUBMIT frame's command in a block of its own and answers it with ADMITTED and its receipt, or with the refusal. Handlers may call it.
 * office_accept does the same and says nothing. Gives: the code. */
bool office_execute(struct fake_replica *replica, const struct frame *frame);
uint16_t office_accept(const struct frame *frame);

/* office_request gives the id of a SUBMIT frame. */
uint64_t office_request(const struct frame *frame);

/* office_ward runs the words, with the socket, the genesis, --timeout 2s and --json behind them. %%s: kit_directory. Gives: the exit code. */
int office_ward(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* office_text gives a member of what was printed, or of an object in it (two: else NULL), as text: a string, true, false, a number, else "?". Owns: a static buffer.
 * office_length gives the length of an array there. */
const char *office_text(const char *one, const char *two);
size_t office_length(const char *one, const char *two);

#endif
