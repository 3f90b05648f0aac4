/* adversary_priv.h: what the files of the adversary share: its hands (forging) and its lies by topic. */
#ifndef WARD_SIM_ADVERSARY_ADVERSARY_PRIV_H
#define WARD_SIM_ADVERSARY_ADVERSARY_PRIV_H

#include "sim/adversary/adversary.h"
#include "sim/world/choice.h"

#define BIT(type) (UINT32_C(1) << (type))

/* --- Draws: one lie's decisions about one telling ------------------------------------------------------------------- */

/* adversary_below gives a number below bound by lie, telling and a question of the lie's own. */
uint64_t adversary_below(const struct adversary *adversary, enum lie lie, const struct telling *telling, uint64_t question, uint64_t bound);

/* adversary_aims tells whether this receiver is one whom a lie about a proposal is for: at most places one member alone, so that the others go on without
 * it, the view lasts, and the next lie comes soon; else everybody. */
bool adversary_aims(const struct adversary *adversary, enum lie lie, const struct telling *telling);

/* adversary_can_mix tells whether the certificate that was heard last makes, with one of its parent in another view, a proof that proves nothing (adversary_proofs.c). */
bool adversary_can_mix(const struct adversary *adversary);

/* adversary_can_end tells whether the TIMEOUTs that were heard of the newest view that an honest member gave up make a TC, with those of the liars, and nothing was done about that view yet (adversary_end.c). */
bool adversary_can_end(const struct adversary *adversary);

/* --- Hands (adversary_forge.c) -------------------------------------------------------------------------------------- */

/* telling_decode reads a telling into adversary->message, whose views point into telling->bytes. Gives: NULL when it cannot be read any more. */
struct message *telling_decode(struct adversary *adversary, const struct telling *telling);

/* telling_write makes a telling of adversary->message, signed by its sender when its type is one that is signed. */
void telling_write(struct adversary *adversary, struct telling *telling);

/* adversary_say sends a message of a liar now, signed where it must be. */
void adversary_say(struct adversary *adversary, uint32_t from, uint32_t to, const struct message *message);

/* adversary_sign_ballot signs as any member whose key it holds. Needs: member lies. */
void adversary_sign_ballot(const struct adversary *adversary, uint32_t member, const struct ballot *ballot, uint8_t signature[64]);

/* adversary_certify builds a certificate of a ballot from what was overheard and the keys of the liars. Gives: false when that is no quorum. */
bool adversary_certify(const struct adversary *adversary, const struct ballot *ballot, struct cert *cert);

/* adversary_forge_rest fills a certificate with a quorum of signatures of a liar: only its own place holds a good one. */
void adversary_forge_rest(const struct adversary *adversary, uint32_t liar, struct cert *cert);

/* adversary_fake makes one of many kinds of certificates out of an honest one that nobody may take. */
void adversary_fake(struct adversary *adversary, const struct telling *telling, struct cert *cert);

/* adversary_without gives those of a run of commands whose senders a liar listens to, one after the other. Owns: good until the next call (adversary_commands.c). */
struct bytes adversary_without(const struct adversary *adversary, uint32_t liar, struct bytes commands);

/* adversary_narrows makes a question to a liar one for a single block of the chain (adversary_giving.c). Gives: false when it is none for a chain. */
bool adversary_narrows(struct message *message);

/* --- Lies by topic -------------------------------------------------------------------------------------------------- */

typedef void lie_tell(struct adversary *adversary, struct telling *telling);
typedef void lie_act(struct adversary *adversary, uint32_t liar);

lie_tell lie_fork;                                                                              /* adversary_fork.c */
lie_tell lie_double_vote, lie_vote_after_timeout, lie_low_timeout, lie_bad_signature, lie_wrong_epoch, lie_edit; /* adversary_votes.c */
lie_tell lie_fake_cert, lie_open_low, lie_false_catchup, lie_false_snapshot, lie_false_checkpoint, lie_swap, lie_stranger; /* adversary_proofs.c */
lie_tell lie_crumbs, lie_tease;                                                                 /* adversary_giving.c */
lie_tell lie_withhold, lie_late, lie_malformed, lie_partial, lie_mute_leader, lie_slow_loris;   /* adversary_sending.c */
lie_act lie_replay, lie_flood, lie_unprovoked, lie_vote_on, lie_show_fake, lie_wish;            /* adversary_acts.c */
lie_tell lie_spoil, lie_tempt, lie_stray, lie_pack;                                                        /* adversary_commands.c */
lie_act lie_tempt_again, lie_open_early, lie_mix_proofs;
lie_tell lie_early_tc, lie_reopen;                                                              /* adversary_end.c */
lie_act lie_end_early;

#endif
