/* boot.h: everything that a replica must have before its first step: configuration, genesis, keys, and that they belong together.
 *
 * All of it is checked before anything is opened for writing. Each failure is one sentence and an exit code. */
#ifndef WARD_NODE_BOOT_H
#define WARD_NODE_BOOT_H

#include "base/exit.h"
#include "node/config.h"
#include "node/keyfile.h"
#include "wire/block.h"
#include "wire/genesis.h"

#define BOOT_PROBLEM_BYTES 1024

struct boot_keys {
    struct keyfile sign;
    struct keyfile transport;
};

struct boot {
    struct node_config config;
    const uint8_t *genesis_bytes; /* a copy, read-only, for the life of the process */
    size_t genesis_size;
    struct genesis genesis;
    struct config epoch;          /* epoch 0 */
    struct block_header block0;
    struct hash32 chain_id;       /* hash of block 0 */
    uint32_t self;                /* own member index */
    struct boot_keys *keys;       /* in locked, dump-free pages */
    int key_lock;                 /* holds the lock on the signing key; -1: none */
    bool bound;                   /* the signing key has a store: */
    uint8_t store[16];            /* its instance id, out of the key's file or keys.store */
    char problem[BOOT_PROBLEM_BYTES];
};

/* boot_load reads and checks, and takes the lock on the signing key: EXIT_REFUSED when another process has it. Gives: EXIT_FINE, or the exit code with boot->problem. Cost: one hash over the genesis, three signature
 * checks per enrolment. */
enum exit_code boot_load(struct boot *boot, const char *config_path);

/* boot_close wipes the keys and lets go of the genesis. */
void boot_close(struct boot *boot);

/* boot_fail writes the sentence and gives the code. */
enum exit_code boot_fail(struct boot *boot, enum exit_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* boot_address gives the address of a member: the configuration's, else its enrolment's. Owns: boot. */
const char *boot_address(const struct boot *boot, uint32_t member, struct enrolment *enrolment);

#endif
