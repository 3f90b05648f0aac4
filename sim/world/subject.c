/* subject.c: see subject.h. */
#include "sim/world/subject.h"

static struct subject of_rank(struct rank rank)
{
    return (struct subject){ rank.view, rank.height };
}

static struct subject of_run(uint64_t height, const struct message_snapshot_run *run)
{
    return (struct subject){ height, (uint64_t)run->part << 32 | run->block };
}

struct subject subject_of(const struct message *message)
{
    switch (message->type) {
    case MESSAGE_HELLO: return (struct subject){ message->hello.view, message->hello.committed_height };
    case MESSAGE_PROPOSE: return (struct subject){ message->propose.view, message->propose.opening ? 0 : message->propose.header.height };
    case MESSAGE_VOTE:
    case MESSAGE_COMMITVOTE: return of_rank(message->vote.ballot.rank);
    case MESSAGE_CERT:
    case MESSAGE_COMMITQC:
    case MESSAGE_QC: return of_rank(message->cert.ballot.rank);
    case MESSAGE_TIMEOUT: return (struct subject){ message->timeout.view, 0 };
    case MESSAGE_TC: return (struct subject){ message->tc.view, 0 };
    case MESSAGE_ABDICATE: return (struct subject){ message->abdicate.view, 0 };
    case MESSAGE_QUERY: return (struct subject){ message->query.view, message->query.committed_height };
    case MESSAGE_ANSWER: return (struct subject){ 0, message->answer.committed_height };
    case MESSAGE_READ: return (struct subject){ message->read.id, 0 };
    case MESSAGE_READ_ANSWER: return (struct subject){ message->read_answer.id, 0 };
    case MESSAGE_FETCH: return (struct subject){ message->fetch.from_height, message->fetch.height };
    case MESSAGE_BUNDLE: return (struct subject){ message->bundle.chain, message->bundle.blocks_count };
    case MESSAGE_CKPT: return (struct subject){ 0, message->ckpt.checkpoint.height };
    case MESSAGE_CKPT_ASK: return (struct subject){ 0, message->ckpt_ask.height };
    case MESSAGE_CKPT_CERT: return (struct subject){ 0, message->ckpt_cert.checkpoint.height };
    case MESSAGE_GONE: return (struct subject){ 0, message->gone.height };
    case MESSAGE_SNAPSHOT_ASK: return of_run(message->snapshot_ask.height, &message->snapshot_ask.run);
    case MESSAGE_SNAPSHOT: return of_run(message->snapshot.height, &message->snapshot.run);
    case MESSAGE_FORWARD:
    case MESSAGE_NONE:
    case MESSAGE_TYPE_END: break;
    }
    return (struct subject){ 0, 0 };
}
