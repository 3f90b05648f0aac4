/* vote_set.h: the votes of one ballot on their way to a certificate. Votes are collected unverified, one per authenticated sender, and
 * verified together when a quorum is there; a bad one is dropped with its sender and never costs more than that (L3). A member that is doubted
 * is verified by itself, beside the others: a quorum is not tried with it before its vote is known to be good. */
#ifndef WARD_CONSENSUS_VOTE_SET_H
#define WARD_CONSENSUS_VOTE_SET_H

#include "wire/cert.h"
#include "wire/member_set.h"

#include <stdbool.h>
#include <stdint.h>

struct vote_set {
    bool open;
    uint32_t quorum;
    struct member_set have;     /* a signature is here */
    struct member_set verified; /* and it is valid */
    struct member_set bad;      /* it was not: this member has no second try for this ballot */
    struct member_set doubted;  /* these gave a bad one lately */
    uint8_t signatures[MEMBERS_MAX][64];
};

/* vote_set_open forgets everything and waits for `quorum` votes. */
void vote_set_open(struct vote_set *set, uint32_t quorum, const struct member_set *doubted);

/* vote_set_close ends the collection; later votes are dropped. */
void vote_set_close(struct vote_set *set);

/* vote_set_add keeps a member's first signature. trusted: it needs no check (our own). Gives: false when there was one, or it is bad. */
bool vote_set_add(struct vote_set *set, uint32_t member, const uint8_t signature[64], bool trusted);

/* vote_set_unverified gives the members to verify: of those not doubted as many as complete a quorum with those already verified (N3), once they are there, and
 * all of them when somebody's vote for this ballot was bad: a second liar must not cost another round; else the doubted whose votes are here; otherwise none. */
struct member_set vote_set_unverified(const struct vote_set *set);

/* vote_set_judge takes over one verdict. Nothing happens to a member whose signature is not here any more. */
void vote_set_judge(struct vote_set *set, uint32_t member, const uint8_t signature[64], bool valid);

/* vote_set_is_complete: a quorum is verified. */
bool vote_set_is_complete(const struct vote_set *set);

/* vote_set_signers writes exactly a quorum of verified signers, lowest members first. Needs: complete. Source: I11. */
void vote_set_signers(const struct vote_set *set, struct signers *signers);

/* vote_set_check asserts the invariants, of votes of an epoch with so many members. */
void vote_set_check(const struct vote_set *set, uint32_t members_count);

#endif
