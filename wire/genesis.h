/* genesis.h: the canonical first state of a chain, as one sequence of bytes that anyone can assemble from the same public inputs.
 *
 * Enrolments are in order of their names, so that the order in which they arrived leaves no trace; organisation ids are their places,
 * from 1; members are the enrolments with a replica, in the same order. Initial entities are opaque (key, value) pairs of the ledger,
 * in strictly ascending key order. Parameters are the ledger's, opaque here. Little-endian; layout in docs/wire.md. */
#ifndef WARD_WIRE_GENESIS_H
#define WARD_WIRE_GENESIS_H

#include "base/bytes.h"
#include "crypto/hash.h"
#include "wire/config.h"
#include "wire/enrolment.h"

#include <stdint.h>

#define GENESIS_PARAMS_BYTES 256
#define GENESIS_KEY_BYTES_MAX 64
#define GENESIS_VALUE_BYTES_MAX 1024
#define GENESIS_ENTITIES_MAX 4000000u

/* A decoded genesis. Views: it points into the bytes that it was decoded from. */
struct genesis {
    char chain_name[CHAIN_NAME_BYTES_MAX + 1];
    uint64_t time_ms; /* of block 0, Unix milliseconds */
    struct config_limits limits;
    uint8_t params[GENESIS_PARAMS_BYTES];
    uint32_t enrolments_count;   /* 1 .. ORGANISATIONS_MAX */
    const uint8_t *enrolments;   /* enrolments_count x ENROLMENT_BYTES, ascending names */
    uint32_t entities_count;     /* 0 .. GENESIS_ENTITIES_MAX */
    struct bytes entities;       /* their encodings, read by genesis_entity_next */
    struct hash32 hash;          /* H(HASH_GENESIS || all bytes): every command names its first 8 bytes */
};

/* One initial entity. Views into the genesis bytes. */
struct genesis_entity {
    struct bytes key;
    struct bytes value;
};

/* genesis_decode reads and checks a whole genesis: form, order, ranges; signatures are not looked at.
 * Owns: the bytes must outlive the genesis. Cost: one hash over the bytes. */
enum verdict genesis_decode(struct genesis *genesis, const void *data, size_t size);

/* genesis_enrolment gives the enrolment of organisation `id`. Needs: 1 <= id <= enrolments_count of a decoded genesis. */
void genesis_enrolment(const struct genesis *genesis, uint32_t id, struct enrolment *enrolment);

/* genesis_config gives the configuration of epoch 0. Fails: the verdict of config_check. */
enum verdict genesis_config(const struct genesis *genesis, struct config *config);

/* genesis_entities gives a cursor at the first initial entity; genesis_entity_next the next one, false at the end. */
struct reader genesis_entities(const struct genesis *genesis);
bool genesis_entity_next(struct reader *cursor, struct genesis_entity *entity);

/* Writing, in this order: begin, enrolments (ascending names), entities (ascending keys), end. genesis_begin takes everything but
 * enrolments and entities from `genesis`, and the two counts. Fails: the writer's sticky failure when it does not fit. */
void genesis_begin(const struct genesis *genesis, struct writer *writer);
void genesis_write_enrolment(const struct enrolment *enrolment, struct writer *writer);
void genesis_write_entities_count(uint32_t count, struct writer *writer);
void genesis_write_entity(const struct genesis_entity *entity, struct writer *writer);

/* genesis_bytes_max gives an upper bound of the encoding's size in bytes for counts and the sum of all key and value lengths. */
size_t genesis_bytes_max(uint32_t enrolments_count, uint32_t entities_count, size_t content_bytes);

#endif
