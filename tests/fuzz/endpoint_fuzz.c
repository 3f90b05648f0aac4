/* endpoint_fuzz.c: the text of an endpoint, as it stands in a stranger's enrolment. What is good for one use is read as the same place again; what a member
 * can be dialled at can be listened on. */
#include "node/endpoint.h"

#include "tests/fuzz/fuzz.h"

static void judge(enum endpoint_use use, const char *text)
{
    static struct address address, again;
    const char *problem = NULL;

    if (endpoint_judge(&address, use, text, &problem) != ERR_OK) {
        CHECK(problem != NULL && problem[0] != '\0');
        return;
    }
    CHECK(use == ENDPOINT_TOOLS ? address.kind == ADDRESS_UNIX : address.kind == ADDRESS_NUMERIC || address.kind == ADDRESS_NAME);
    CHECK(use != ENDPOINT_MEMBER || address.port != 0);
    CHECK(address.size <= sizeof address.socket && (address.size == 0) == (address.kind == ADDRESS_NAME));
    CHECK(address_parse(&again, address.text, &problem) == ERR_OK);
    CHECK(again.kind == address.kind && again.port == address.port && address_host_equal(&again.socket, &address.socket));
    CHECK(use != ENDPOINT_MEMBER || endpoint_judge(&again, ENDPOINT_LISTEN, text, &problem) == ERR_OK);
    CHECK(address.size == 0 || address_host_number(&again.socket) == address_host_number(&address.socket));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[FUZZ_BYTES_MAX + 1];

    if (size > FUZZ_BYTES_MAX) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    judge(ENDPOINT_LISTEN, text);
    judge(ENDPOINT_MEMBER, text);
    judge(ENDPOINT_TOOLS, text);
    return 0;
}
