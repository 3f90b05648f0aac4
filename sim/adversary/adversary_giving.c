/* adversary_giving.c: lies of whoever is asked: what it gives is right, and it is as little and as late as can be. */
#include "sim/adversary/adversary_priv.h"

#define CRUMB_NS UINT64_C(120000000) /* an answer for a chain has 150 ms, of which the way takes some */

bool adversary_narrows(struct message *message)
{
    if (message->type != MESSAGE_FETCH || !message->fetch.chain) {
        return false;
    }
    message->fetch.height = message->fetch.from_height;
    return true;
}

/* lie_crumbs: what is held back is what the liar's process made of a narrow question. */
void lie_crumbs(struct adversary *adversary, struct telling *telling)
{
    const struct message *message = telling_decode(adversary, telling);

    telling->hold_ns += message != NULL && message->bundle.chain ? CRUMB_NS : 0;
}

/* lie_tease: who has chosen a snapshot asks for more than the offer. From then on that one is offered to everybody, long after the others have newer ones. */
void lie_tease(struct adversary *adversary, struct telling *telling)
{
    struct message *message = telling_decode(adversary, telling);

    if (message == NULL) {
        return;
    }
    if (!message->snapshot.offer) {
        adversary->teases = adversary->teases || adversary->teaser.height > 0;
        telling->size = 0;
    } else if (adversary->teases) {
        message->snapshot = adversary->teaser;
        telling_write(adversary, telling);
    } else if (message->snapshot.height > 0) {
        adversary->teaser = message->snapshot;
        adversary->teaser.bytes = bytes_of(NULL, 0);
    }
}
