/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * store_engine - what the engines of store.h share; private to this folder.
 *
 * Keys on disk, in two spaces (both engines use the same bytes, so both sort alike):
 *
 *   rows   [n][partition: n bytes] 00          the partition's version, u64 big-endian
 *          [n][partition: n bytes] 01 [key]    a value
 *          [00]"format"                        the format's version, u32 big-endian
 *   blobs  [blob: 16 bytes][number: u32 BE]    a chunk
 *          [blob: 16 bytes] ff ff ff ff        the last chunk's number, u32 BE; only when not 0
 *
 * Every value is a record: CRC32C of key and bytes together (so that a record in the wrong place
 * is damaged too), big-endian, then the bytes.
 */
#include "base/limits.h"
#include "store/store.h"

/* The head of every engine's own struct. */
struct store {
	const struct store_engine *engine;
	uint32_t fault_percent;
	uint64_t fault_state; /* atomic: the generator's counter */
};

enum {
	STORE_FORMAT = 1,        /* what we write */
	STORE_FORMAT_OLDEST = 1, /* the oldest we open: N and N-1 */
	STORE_RECORD_HEAD_BYTES = 4,
	STORE_ROW_KEY_BYTES = 1 + LIMIT_PARTITION_NAME_BYTES + 1 + LIMIT_KEY_BYTES,
	STORE_BLOB_KEY_BYTES = ID_BYTES + 4,
	/* under the minutes that SMTP clients wait (RFC 5321 4.5.3.2) */
	STORE_PATIENCE_MS_DEFAULT = 30000,
};
#define STORE_CHUNK_TAIL UINT32_MAX /* the number under which the last chunk's number stands */
#define STORE_FORMAT_KEY S("\0format")

/* A key being put together; slices of it live as long as it does. */
struct store_key {
	size_t len;
	char bytes[STORE_ROW_KEY_BYTES + 1];
};
struct slice store_key_version(struct store_key *k, struct slice partition);
struct slice store_key_row(struct store_key *k, struct slice partition, struct slice key);
/* The first key behind all that start with `prefix`, which is not all 0xff. */
struct slice store_key_behind(struct store_key *k, struct slice prefix);
struct slice store_key_chunk(struct store_key *k, struct id blob, uint32_t number);
/* Takes a row's key apart; false when it is none. A version's row has is_version. */
bool store_key_parse(struct slice bytes, struct slice *ret_partition, struct slice *ret_key,
	bool *ret_is_version);
bool store_key_parse_chunk(struct slice bytes, struct id *ret_blob, uint32_t *ret_number);

/* The record's first bytes; the value's bytes follow. */
struct store_record_head {
	char bytes[STORE_RECORD_HEAD_BYTES];
};
struct store_record_head store_record_head(struct slice key, struct slice value);
/* False when the record is damaged; else *ret is the value within it. */
bool store_record_open(struct slice key, struct slice record, struct slice *ret);

/* CRC-32C (Castagnoli), of the bytes after those that made `before`; start with 0. */
uint32_t store_crc32c(uint32_t before, struct slice bytes);

uint64_t store_load_u64(const char bytes[8]);
void store_save_u64(char bytes[8], uint64_t value);
uint32_t store_load_u32(const char bytes[4]);
void store_save_u32(char bytes[4], uint32_t value);

/* Pages: begin, add until it says no or rows end, then seal. */
void store_page_begin(struct store_page *page);
MUST_CHECK bool store_page_add(
	struct store_page *page, struct slice key, struct slice value, struct error *e);
bool store_page_is_full(const struct store_page *page, size_t limit);
void store_page_seal(struct store_page *page);

/* The common part of open: patience and fault mode. */
void store_init(
	struct store *s, const struct store_engine *engine, const struct store_options *options);
/* Fault mode's dice: what becomes of the next transaction, and its answer when it is not run. */
enum store_fate store_fault_roll(struct store *s, enum store_answer *ret_answer);

/* What check names in its findings; `room` holds it. */
enum { STORE_NAME_BYTES = 4 * (LIMIT_PARTITION_NAME_BYTES + LIMIT_KEY_BYTES) + 8 };
struct slice store_name_row(struct slice bytes, char room[STORE_NAME_BYTES]);
