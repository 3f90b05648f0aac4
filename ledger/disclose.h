/* disclose.h: 14 DISCLOSE: a custodian files what it released. */
#ifndef WARD_LEDGER_DISCLOSE_H
#define WARD_LEDGER_DISCLOSE_H

/* How the ledger judges one filed item; in the low four bits of the event's result. Above it, two bits of (mode - 1), and bit 7: filed late. */
enum disclose_outcome {
    DISCLOSURE_OK = 1,    /* under a ticket that covers it, and consent permits it still */
    DISCLOSURE_RACED,     /* under a ticket that covers it; consent changed since */
    DISCLOSURE_OFFLINE,   /* without a ticket, filed as such */
    DISCLOSURE_VIOLATION  /* anything else; the patient sees it all the same */
};
enum { DISCLOSURE_OUTCOME_MASK = 0x0f, DISCLOSURE_MODE_SHIFT = 4, DISCLOSURE_LATE = 0x80 };

#endif
