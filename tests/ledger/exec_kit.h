/* exec_kit.h: a small world in which handlers run: organisations, actors and patients in a state store, a block time, signers by name.
 *
 *   org 1 Mercy     hospital, publishes and vouches   system 'A', physician 'B', nurse 'N'
 *   org 2 Hilltop   clinic, publishes                 system 'C', physician 'D'
 *   org 3 Lab       laboratory, publishes             system 'L'
 *   org 4 Payer     payer                             agent  'E', system 'F'
 *   patients 'P' and 'Q', policy deny, key epoch 1
 * An account is 32 times its letter. */
#ifndef WARD_TESTS_LEDGER_EXEC_KIT_H
#define WARD_TESTS_LEDGER_EXEC_KIT_H

#include "ledger/exec.h"

#include <stdint.h>

enum { WORLD_MERCY = 1, WORLD_HILLTOP, WORLD_LAB, WORLD_PAYER };

/* 2026-03-15 00:00 UTC: month 315. */
#define WORLD_TIME 1773532800000u
enum { WORLD_MONTH = 315 };

extern struct exec world_exec;
extern struct params world_params;
extern struct chain world_chain;

/* world_start makes the world anew. */
void world_start(void);

/* world_acct writes the account of a letter. */
void world_acct(char name, uint8_t acct[ACCT_BYTES]);

/* world_as begins a command of this type sent by a letter, or by an organisation's admin ('1' to '4'); its body is zero but for the patient,
 * 'P' where there is one. world_cosign adds a cosigner. world_patient names another patient. */
struct command_body *world_as(char sender, enum command_type type);
void world_cosign(char name);
void world_patient(char name);

/* world_run runs the handler: 1 ms later, as the next command. When it fails everything is undone, and the kit asserts that the state's root
 * is the one before. Gives: the handler's code. */
enum code world_run(void);

/* world_expect runs and asserts the code. */
void world_expect(enum code code, const char *what);

/* world_due works off every due entry up to the present time, as the block does. Gives: how many. */
uint32_t world_due(void);

/* world_root gives the state's root. */
struct hash32 world_root(void);

/* world_event gives the decoded event of the last command. Needs: there are so many. */
struct audit_event world_event(uint32_t index);

/* Bodies that most tests need. Each runs, expects OK, and gives the new sequence number or the ticket's id. */
uint32_t world_add(char sender, enum record_class record_class);         /* pending, unless a standing grant lets it in */
uint32_t world_add_current(char sender, enum record_class record_class); /* cosigned by the patient */
uint32_t world_permit_org(uint16_t org);                                 /* read, TREAT, all classes, one year */
struct hash32 world_request(char sender);                                /* TREAT, all classes, whole page, one hour */

/* world_item gives a legal item of POINTER_ADD; its commitment differs each time. */
struct pointer_add_item world_item(enum record_class record_class);

/* world_grant fills the body of a legal permit to read for an organisation. */
void world_grant(struct grant_body *body, uint16_t org);

struct patient world_read_patient(char name);
struct pointer world_read_pointer(uint32_t seq);

#endif
