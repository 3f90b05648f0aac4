/* query_access.h: who may ask what about a patient.
 *
 *   about                     the patient   an organisation's voice*                         others
 *   PATIENT                   yes           vouched, has a pointer, or has a grant in force   no
 *   POINTER, LOCATOR          yes           the custodian                                     LOCATOR: under a live ticket that covers it
 *   POINTERS, GRANTS, AUDIT   yes           no                                                no
 *   EVALUATE                  yes           no: it sends ACCESS_REQUEST, which is audited     no
 *   DISCLOSURES               yes           as PATIENT: what it did itself                    no
 *   TICKET                    yes           the ticket's own; a custodian named in it         its requester, its subject
 *   RELEASE                   as ledger/release.h says
 *
 * * an active system of the organisation, its admin or its officer. Everything else is public to whoever may connect. */
#ifndef WARD_LEDGER_QUERY_ACCESS_H
#define WARD_LEDGER_QUERY_ACCESS_H

#include "ledger/exec.h"
#include "ledger/query.h"
#include "wire/code.h"

/* query_identify says who asks, in the newest state. now_ms: max(T, the replica's clock). Needs: a signed kind.
 * Gives: OK and *asker; 111 EXPIRED or 112 EXPIRY_FAR when the question is of another time; 200, 219, 201, 202, 206. The signature is the caller's;
 * it is worth checking only after OK. Cost: two lookups. */
enum code query_identify(const struct exec *exec, const struct query *query, uint64_t now_ms, struct signer *asker);

/* query_may_ask decides by the table above. Needs: query_identify gave OK.
 * Gives: OK; 203 ROLE; 308 PTR_UNKNOWN, 501 TICKET_UNKNOWN, 502 TICKET_EXPIRED, 503 TICKET_SCOPE. Cost: at most a page of lookups. */
enum code query_may_ask(const struct exec *exec, const struct query *query, uint64_t now_ms, const struct signer *asker);

/* query_org_voice gives the organisation for which the asker speaks, 0 for none. */
uint16_t query_org_voice(const struct signer *asker);

#endif
