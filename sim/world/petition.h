/* petition.h: what the people of a world with consent on ask for, drawn by name: patients who permit, forbid, revoke and decide; record systems that add records, also of others'
 * patients, ask for access and file what they released; practitioners who ask; where somebody joins, people who
 * register as patients, for whom a record system vouches, and admins who register, suspend and retire practitioners. Much of it must be denied or fail: grants that are over, classes beyond them, records
 * and grants that are not there, foreign practitioners, disclosures without a ticket. What each comes to is for the model of consent to say (consent.h). */
#ifndef WARD_SIM_WORLD_PETITION_H
#define WARD_SIM_WORLD_PETITION_H

#include "ledger/command.h"
#include "sim/world/cast.h"

struct petition {
    struct command_body body; /* commitments and locators of a POINTER_ADD are left out */
    uint32_t cosigner;        /* sender of the cast; PETITION_NOBODY */
    const struct sign_keypair *joins_with; /* of whom an admin registers, who proves to hold it; NULL: nobody is registered. View */
};
#define PETITION_NOBODY UINT32_MAX

/* petition_draw gives what the sender's command number command->nonce says. Needs: command->valid_until_ms, from which its time follows, and command->ticket. */
void petition_draw(const struct cast *cast, uint32_t sender, const struct cast_command *command, struct petition *petition);

#endif
