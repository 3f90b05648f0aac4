/* diagram.c: which signs a picture has. diagram_svg.c and diagram_page.c draw. */
#include "sim/drawing/diagram.h"

const char *diagram_sign(enum mark mark)
{
    switch (mark) {
    case MARK_PROPOSED: return "P";
    case MARK_OPENED: return "O";
    case MARK_VOTED: return "V";
    case MARK_CERTIFIED: return "Q";
    case MARK_COMMITVOTED: return "W";
    case MARK_COMMITTED: return "C";
    case MARK_TIMED_OUT: return "T";
    case MARK_ENTERED: return "E";
    case MARK_ABDICATED: return "A";
    case MARK_REFUSED_PROPOSAL: return "R";
    case MARK_BAD_SIGNATURE: return "B";
    case MARK_EQUIVOCATION: return "!";
    case MARK_FETCHED: return "F";
    case MARK_CHECKPOINTED: return "K";
    case MARK_REPAIRED: return "D";
    case MARK_REJOINED: return "J";
    case MARK_ASKED_COMMIT:
    case MARK_QUERIED:
    case MARK_SERVED:
    case MARK_HEDGED:
    case MARK_QUIET:
    case MARK_COUNT: break;
    }
    return NULL;
}

bool diagram_is_main(uint8_t type)
{
    return type == MESSAGE_PROPOSE || type == MESSAGE_VOTE || type == MESSAGE_CERT || type == MESSAGE_COMMITVOTE || type == MESSAGE_COMMITQC ||
           type == MESSAGE_TIMEOUT || type == MESSAGE_TC || type == MESSAGE_QC || type == MESSAGE_ABDICATE;
}
