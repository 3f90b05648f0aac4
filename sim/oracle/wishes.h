/* wishes.h: what becomes of wishes for snapshots. Whoever wishes may lie, so one for a wish is begun no sooner behind the one before than nineteen times as long as that took (S4); and whoever hears a wish tells all others its
 * newest certificate, so that all make the same one (docs/decisions/0381).
 *
 *     executed 40 -- begins 40: it is due, or made up for
 *     executed 40 -- look -- begins 40, or an older one: for a wish; nothing else begins one of a state that stood there before
 *
 * What is seen between two looks is bounded by them: a snapshot took at least as long as until the look at which it was still being made, and the wish came behind the look before the last beginning. */
#ifndef WARD_SIM_ORACLE_WISHES_H
#define WARD_SIM_ORACLE_WISHES_H

#include <stdbool.h>
#include <stdint.h>

struct failure;

/* A server behind one of its steps. */
struct wishes_moment {
    uint64_t now_ns;      /* of the world, */
    uint64_t own_ns;      /* ... and of the server's clock that never jumps */
    uint64_t executed;    /* height of its state */
    bool makes;           /* a snapshot is in the making: */
    uint64_t height;      /* ... of this block, */
    uint64_t began_ns;    /* ... since then, by the own clock */
    uint64_t made;        /* in this life */
    bool certified;       /* it holds a checkpoint certificate */
};

struct wishes {
    struct failure *failure;
    struct wishes_seat {
        struct wishes_moment last; /* look */
        uint64_t rest_ns;          /* by the own clock: none is begun for a wish before */
        uint64_t begun_ns;         /* the newest one, or the life, no earlier than this */
        uint64_t told_ns;          /* a certificate to all others */
        bool told, looked;
        bool owes;                 /* it held a certificate before that: whatever wish came since, there was one to tell */
    } *seats;
    uint32_t count;
};

/* wishes_init. Owns: wishes_close gives memory back; failure must outlive it. */
void wishes_init(struct wishes *wishes, uint32_t seats, struct failure *failure);
void wishes_close(struct wishes *wishes);

/* wishes_began: the process of a server begins. wishes_told: it tells all others a checkpoint certificate. */
void wishes_began(struct wishes *wishes, uint32_t seat, uint64_t now_ns);
void wishes_told(struct wishes *wishes, uint32_t seat, uint64_t now_ns);

/* wishes_look compares what a server makes with what it made before. */
void wishes_look(struct wishes *wishes, uint32_t seat, const struct wishes_moment *moment);

#endif
