/* subject.h: what a message is about: the coordinates that name it among all messages of a sender to a receiver.
 *
 * They are what survives when something else of the schedule changes: view and height, never the bytes, in which times and signatures stand. */
#ifndef WARD_SIM_WORLD_SUBJECT_H
#define WARD_SIM_WORLD_SUBJECT_H

#include "wire/message.h"

struct subject {
    uint64_t view, height; /* or what stands for them: an id, a run of bytes; 0 where there is none */
};

/* subject_of gives the subject of a decoded message. */
struct subject subject_of(const struct message *message);

#endif
