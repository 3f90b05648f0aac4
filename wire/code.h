/* code.h: the one table of result codes: refusals before a block, codes of receipts, and the reasons of access decisions.
 *
 * A *refusal* is stateless: the command never enters a block. A *sender* failure changes nothing at all, and a correct proposer
 * leaves such a command out. Every other code stands in a receipt, and the command has consumed its nonce and tokens.
 * Source: docs/ledger.md, What a failure costs. */
#ifndef WARD_WIRE_CODE_H
#define WARD_WIRE_CODE_H

#include <stdbool.h>

/* number, name, what a reader is told */
#define CODES(X)                                                                                                                                     \
    X(0, OK, "done")                                                                                                                                 \
    X(100, MALFORMED, "the body is not a canonical encoding")                                                                                        \
    X(101, VERSION, "unknown envelope version")                                                                                                      \
    X(102, CHAIN, "made for another chain")                                                                                                          \
    X(103, TYPE, "unknown command type")                                                                                                             \
    X(104, LENGTH, "a length is wrong or over its bound")                                                                                            \
    X(105, RESERVED, "a reserved bit or byte is set")                                                                                                \
    X(106, SIG, "the sender's signature is not valid")                                                                                               \
    X(107, COSIG, "a cosignature is not valid")                                                                                                      \
    X(108, COSIG_SET, "cosigners are not ordered, not distinct, or the sender")                                                                      \
    X(109, NONCE_LOW, "the nonce was used already")                                                                                                  \
    X(110, NONCE_GAP, "an earlier nonce is missing")                                                                                                 \
    X(111, EXPIRED, "valid_until is over")                                                                                                           \
    X(112, EXPIRY_FAR, "valid_until is more than ten minutes ahead")                                                                                 \
    X(113, PAYLOAD_MISSING, "the payload that the envelope names is not there")                                                                      \
    X(114, PAYLOAD_HASH, "the payload is not the one that was signed")                                                                               \
    X(115, PAYLOAD_SIZE, "the payload's length is wrong or over its bound")                                                                          \
    X(116, RATE, "the sender's tokens are used up")                                                                                                  \
    X(117, DUPLICATE, "the same command is already in this block")                                                                                   \
    X(118, CAPACITY, "a capacity of the genesis is used up")                                                                                         \
    X(200, SENDER_UNKNOWN, "no such sender")                                                                                                         \
    X(201, SENDER_SUSPENDED, "the signer is suspended or retired")                                                                                   \
    X(202, SENDER_EXPIRED, "the signer's registration is over")                                                                                      \
    X(203, ROLE, "the signer's kind or role may not do this")                                                                                        \
    X(204, CAP, "a capability is missing")                                                                                                           \
    X(205, ORG_UNKNOWN, "no such organisation")                                                                                                      \
    X(206, ORG_SUSPENDED, "the organisation is suspended")                                                                                           \
    X(207, EXISTS, "it exists already")                                                                                                              \
    X(208, VOUCH_MISSING, "no organisation vouches for it")                                                                                          \
    X(209, VOUCH_SAME_ORG, "two different organisations must vouch")                                                                                 \
    X(210, KEY_REUSE, "the key was used before")                                                                                                     \
    X(211, POP, "the proof of possession is not valid")                                                                                              \
    X(212, WEAK_KEY, "the key is not canonical or not torsion-free")                                                                                 \
    X(213, RECOVERY_NONE, "no recovery is under way")                                                                                                \
    X(214, RECOVERY_EARLY, "the recovery's delay is not over")                                                                                       \
    X(215, RECOVERY_OPEN, "a recovery is under way already")                                                                                         \
    X(216, DELEGATE_POWER, "the delegate lacks the power, or it cannot be given")                                                                    \
    X(217, DELEGATE_LIMIT, "too many delegates")                                                                                                     \
    X(218, NOT_OWNER, "an actor of another organisation")                                                                                            \
    X(219, KEY_NOT_CURRENT, "the key is not the account's current one")                                                                              \
    X(300, PATIENT_UNKNOWN, "no such patient")                                                                                                       \
    X(301, PATIENT_LOCKED, "the patient's compartment is locked")                                                                                    \
    X(302, PATIENT_ERASED, "the patient's compartment is erased")                                                                                    \
    X(303, CLASS, "unknown class")                                                                                                                   \
    X(304, CONF, "unknown confidentiality")                                                                                                          \
    X(305, MONTH, "a service month in the future or before 2000")                                                                                    \
    X(306, LOCATOR_SIZE, "a locator's length is wrong")                                                                                              \
    X(307, COMMIT_ZERO, "a commitment is missing")                                                                                                   \
    X(308, PTR_UNKNOWN, "no such pointer")                                                                                                           \
    X(309, PTR_STATE, "the pointer's status does not allow it")                                                                                      \
    X(310, NOT_CUSTODIAN, "the pointer is another organisation's")                                                                                   \
    X(311, SUPERSEDE_TARGET, "the superseded pointer is not a current one")                                                                          \
    X(312, SUPERSEDE_CUSTODIAN, "the superseded pointer is another organisation's")                                                                  \
    X(313, LIMIT_POINTERS, "the patient has too many pointers")                                                                                      \
    X(314, LIMIT_PENDING, "too many pointers wait for the patient")                                                                                  \
    X(315, PENDING_EXPIRED, "the pointer waited too long")                                                                                           \
    X(316, DUP_COMMIT, "the same commitment twice in one command")                                                                                   \
    X(400, SCOPE_EMPTY, "the scope covers nothing")                                                                                                  \
    X(401, PURPOSE, "a purpose is unknown or not allowed here")                                                                                      \
    X(402, PERIOD, "the period is empty or over")                                                                                                    \
    X(403, PERIOD_LONG, "the period is too long")                                                                                                    \
    X(404, GRANTEE, "no such grantee")                                                                                                               \
    X(405, GRANT_UNKNOWN, "no such grant")                                                                                                           \
    X(406, GRANT_STATE, "the grant's status does not allow it")                                                                                      \
    X(407, LIMIT_GRANTS, "the patient has too many grants")                                                                                          \
    X(409, WRAPS, "this kind of key wrap is not allowed here")                                                                                       \
    X(410, EPOCH_STALE, "not the patient's current key epoch")                                                                                       \
    X(501, TICKET_UNKNOWN, "no such ticket")                                                                                                         \
    X(502, TICKET_EXPIRED, "the ticket is over")                                                                                                     \
    X(503, TICKET_SCOPE, "the ticket does not cover it")                                                                                             \
    X(504, NOT_PERMITTED, "consent does not permit it now")                                                                                          \
    X(508, REVIEW_SELF, "nobody reviews an access of their own")                                                                                     \
    X(509, REVIEW_STATE, "no review is open")                                                                                                        \
    X(600, MEASURE, "unknown measure")                                                                                                               \
    X(601, EPS_RANGE, "the privacy cost is out of range")                                                                                            \
    X(602, BUDGET, "the privacy budget is used up")                                                                                                  \
    X(603, CREDITS, "not enough credits")                                                                                                            \
    X(604, SPONSOR, "not a sponsor")                                                                                                                 \
    X(605, QUERY_UNKNOWN, "no such query")                                                                                                           \
    X(606, PHASE, "not in this phase of the query")                                                                                                  \
    X(607, ALREADY, "done already")                                                                                                                  \
    X(608, REVEAL_MISMATCH, "the values are not the committed ones")                                                                                 \
    X(609, VALUE_RANGE, "a value is out of range")                                                                                                   \
    X(610, NOT_CONTRIBUTOR, "not a contributor")                                                                                                     \
    X(611, COHORT_SMALL, "the cohort is too small")                                                                                                  \
    X(700, PROPOSAL_UNKNOWN, "no such proposal")                                                                                                     \
    X(701, PROPOSAL_CLOSED, "the proposal is closed")                                                                                                \
    X(702, VOTED, "voted already")                                                                                                                   \
    X(703, MIN_VALIDATORS, "fewer than four validators would be left")                                                                               \
    X(704, MAX_VALIDATORS, "too many validators")                                                                                                    \
    X(705, PARAM_RANGE, "a parameter is outside its hard bounds")                                                                                    \
    X(706, NOT_VALIDATOR, "not a current validator")                                                                                                 \
    X(707, CHANGE_PENDING, "a membership change is under way")                                                                                       \
    X(800, ERASE_BASIS, "no basis for the erasure")                                                                                                  \
    X(801, ALREADY_ERASED, "erased already")

/* A u16 on the wire and in a receipt. CODE_OK is the only success. */
enum code {
#define CODE_ENUM(number, name, text) CODE_##name = number,
    CODES(CODE_ENUM)
#undef CODE_ENUM
};

/* Why an access was permitted or denied. A u8 in audit events. */
#define REASONS(X)                                                                                                                                   \
    X(1, SELF, "the patient's own account")                                                                                                          \
    X(2, CUSTODIAN, "the custodian's own chart")                                                                                                     \
    X(3, GRANT, "a grant of the patient")                                                                                                            \
    X(4, POLICY, "the patient's default policy")                                                                                                     \
    X(5, BTG, "break-glass")                                                                                                                         \
    X(20, EXPLICIT, "a deny of the patient")                                                                                                         \
    X(21, DEFAULT, "nothing permits it")                                                                                                             \
    X(22, NOT_CURRENT, "the pointer is not current")                                                                                                 \
    X(23, BTG_OPTOUT, "the patient opted out of break-glass")                                                                                        \
    X(24, ERASED, "the compartment is erased")                                                                                                       \
    X(26, NO_POINTER, "no pointer was asked for or found")                                                                                           \
    X(27, PURPOSE, "the role does not have this purpose")                                                                                            \
    X(28, MIN_NECESSARY, "more than the purpose needs")                                                                                              \
    X(29, BTG_CAP, "no break-glass capability")                                                                                                      \
    X(30, BTG_BLOCKED, "break-glass is blocked until reviews are done")

enum reason {
    REASON_NONE = 0,
#define REASON_ENUM(number, name, text) REASON_##name = number,
    REASONS(REASON_ENUM)
#undef REASON_ENUM
};

/* code_name gives the upper-case word of the table, such as "NONCE_LOW"; "UNKNOWN" for a number that is not in it. Owns: a constant. */
const char *code_name(unsigned number);

/* code_text gives the table's sentence; "unknown code" for a number that is not in it. Owns: a constant. */
const char *code_text(unsigned number);

/* reason_name, reason_text: likewise for reasons. */
const char *reason_name(unsigned number);
const char *reason_text(unsigned number);

/* code_is_known tells whether the number is in the table. */
bool code_is_known(unsigned number);

/* code_is_refusal tells whether the code is decided without state, before a block: 100-108, 111-115, 211, 212. */
bool code_is_refusal(enum code code);

/* code_is_sender tells whether the code is a failed sender check, which changes nothing at all: 109, 110, 116, 117, 200, 219.
 * A cosigner's 219 consumes the sender's nonce all the same: execution knows which check failed, this table does not. */
bool code_is_sender(enum code code);

#endif
