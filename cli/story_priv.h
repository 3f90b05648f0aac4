/* story_priv.h: the questions of the story (story_ask.c), for its scenes. */
#ifndef WARD_CLI_STORY_PRIV_H
#define WARD_CLI_STORY_PRIV_H

#include "cli/story.h"

/* story_ask_ticket asks for the ticket of a request, as its asker, and notes whether there is one and what it names. */
bool story_ask_ticket(struct story *story, const struct story_person *asker, struct story_request *request);

/* story_ask_release asks, as Dr. Elsewhere and behind a quorum read, whether the first pointer of the ticket may be handed out now. */
bool story_ask_release(struct story *story, bool *permitted);

#endif
