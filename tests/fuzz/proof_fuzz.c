/* proof_fuzz.c: `ward verify` reads a file that anybody may have written. Whatever the bytes are, they lead to a verdict; nothing that is certified comes out
 * of them, because none of them hold a signature of this chain's members. A file that decodes is the one encoding of what it says.
 *
 * Input: a proof file. */
#include "cli/proof_check.h"
#include "crypto/keys.h"
#include "tests/fuzz/fuzz.h"
#include "wire/limits.h"

static uint8_t genesis_bytes[1 << 14];
static struct genesis genesis;
static struct proof_checker checker;

static void start(void)
{
    struct genesis draft = { .chain_name = "fuzz", .time_ms = UINT64_C(1780000000000), .limits = config_limits_default(), .enrolments_count = MEMBERS_MIN };
    struct writer writer;

    crypto_start();
    writer_init(&writer, genesis_bytes, sizeof genesis_bytes);
    genesis_begin(&draft, &writer);
    for (uint8_t i = 1; i <= MEMBERS_MIN; i++) {
        struct enrolment enrolment = { .kind = 1, .has_replica = true, .name = { 'a', (char)('0' + i) }, .endpoint = "localhost:7400" };
        memset(enrolment.admin_key, 0x10 + i, 32);
        memset(enrolment.officer_key, 0x20 + i, 32);
        memset(enrolment.kx_key, 0x30 + i, 32);
        memset(enrolment.sign_key, 0x40 + i, 32);
        memset(enrolment.transport_key, 0x50 + i, 32);
        memset(enrolment.replica_signature, 1, 64);
        genesis_write_enrolment(&enrolment, &writer);
    }
    genesis_write_entities_count(0, &writer);
    CHECK(!writer.failed);
    CHECK(genesis_decode(&genesis, genesis_bytes, writer.offset) == VERDICT_OK);
    CHECK(proof_checker_open(&checker, &genesis) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proof_draft draft;
    struct proof_item item;
    struct proof proof;

    if (checker.memory == NULL) {
        start();
    }
    if (proof_decode(&proof, bytes_of(data, size)) != VERDICT_OK) {
        return 0;
    }
    proof_begin(&draft, &proof.genesis);
    while (proof_next(&proof, &item)) {
        proof_add(&draft, &item);
        if (proof_check_item(&checker, &item) == VERDICT_OK) {
            CHECK(!checker.certified);
            json_decref(proof_describe(&checker));
        }
    }
    struct bytes again = proof_end(&draft, proof.claim);
    CHECK(again.size == size);
    CHECK(memcmp(again.data, data, size) == 0);
    proof_close(&draft);
    return 0;
}
