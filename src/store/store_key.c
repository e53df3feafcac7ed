/* SPDX-License-Identifier: MIT */
#include "store/store_engine.h"

#include <stdio.h>
#include <string.h>

enum { MARK_VERSION = 0, MARK_ROW = 1 };

static void key_add(struct store_key *k, struct slice s)
{
	invariant(s.len <= sizeof k->bytes - k->len);
	if (s.len > 0)
		memcpy(k->bytes + k->len, s.at, s.len);
	k->len += s.len;
}

static void key_add_byte(struct store_key *k, unsigned byte)
{
	char one = (char)byte;

	key_add(k, (struct slice){ &one, 1 });
}

static struct slice key_slice(const struct store_key *k)
{
	return (struct slice){ k->bytes, k->len };
}

struct slice store_key_version(struct store_key *k, struct slice partition)
{
	k->len = 0;
	key_add_byte(k, (unsigned)partition.len);
	key_add(k, partition);
	key_add_byte(k, MARK_VERSION);
	return key_slice(k);
}

struct slice store_key_row(struct store_key *k, struct slice partition, struct slice key)
{
	k->len = 0;
	key_add_byte(k, (unsigned)partition.len);
	key_add(k, partition);
	key_add_byte(k, MARK_ROW);
	key_add(k, key);
	return key_slice(k);
}

struct slice store_key_behind(struct store_key *k, struct slice prefix)
{
	k->len = 0;
	key_add(k, prefix);
	while (k->len > 0 && (unsigned char)k->bytes[k->len - 1] == 0xff)
		k->len--;
	invariant(k->len > 0);
	k->bytes[k->len - 1]++;
	return key_slice(k);
}

struct slice store_key_chunk(struct store_key *k, struct id blob, uint32_t number)
{
	char digits[4];

	store_save_u32(digits, number);
	k->len = 0;
	key_add(k, id_slice(&blob));
	key_add(k, (struct slice){ digits, sizeof digits });
	return key_slice(k);
}

bool store_key_parse(struct slice bytes, struct slice *ret_partition, struct slice *ret_key,
	bool *ret_is_version)
{
	size_t name_bytes = bytes.len > 0 ? (unsigned char)bytes.at[0] : 0;
	struct slice after;

	if (name_bytes == 0 || name_bytes > LIMIT_PARTITION_NAME_BYTES ||
		bytes.len < name_bytes + 2)
		return false;
	after = slice_skip(bytes, 1 + name_bytes);
	if (after.at[0] != MARK_VERSION && after.at[0] != MARK_ROW)
		return false;
	if (after.len > (after.at[0] == MARK_VERSION ? 1 : 1 + (size_t)LIMIT_KEY_BYTES))
		return false;
	*ret_partition = (struct slice){ bytes.at + 1, name_bytes };
	*ret_key = slice_skip(after, 1);
	*ret_is_version = after.at[0] == MARK_VERSION;
	return true;
}

bool store_key_parse_chunk(struct slice bytes, struct id *ret_blob, uint32_t *ret_number)
{
	if (bytes.len != STORE_BLOB_KEY_BYTES)
		return false;
	memcpy(ret_blob->bytes, bytes.at, ID_BYTES);
	*ret_number = store_load_u32(bytes.at + ID_BYTES);
	return true;
}

struct store_record_head store_record_head(struct slice key, struct slice value)
{
	struct store_record_head head;

	store_save_u32(head.bytes, store_crc32c(store_crc32c(0, key), value));
	return head;
}

bool store_record_open(struct slice key, struct slice record, struct slice *ret)
{
	struct slice value = slice_skip(record, STORE_RECORD_HEAD_BYTES);

	if (record.len < STORE_RECORD_HEAD_BYTES ||
		store_load_u32(record.at) != store_crc32c(store_crc32c(0, key), value))
		return false;
	*ret = value;
	return true;
}

uint32_t store_load_u32(const char bytes[4])
{
	uint32_t value = 0;

	for (size_t i = 0; i < 4; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return value;
}

void store_save_u32(char bytes[4], uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		bytes[i] = (char)(value >> (24 - 8 * i));
}

uint64_t store_load_u64(const char bytes[8])
{
	return (uint64_t)store_load_u32(bytes) << 32 | store_load_u32(bytes + 4);
}

void store_save_u64(char bytes[8], uint64_t value)
{
	store_save_u32(bytes, (uint32_t)(value >> 32));
	store_save_u32(bytes + 4, (uint32_t)value);
}

static size_t name_add(char *room, size_t at, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char byte = (unsigned char)bytes.at[i];

		if (at + 5 > STORE_NAME_BYTES)
			break;
		if (byte > ' ' && byte < 127 && byte != '\\')
			room[at++] = (char)byte;
		else
			at += (size_t)snprintf(room + at, 5, "\\x%02x", byte);
	}
	return at;
}

struct slice store_name_row(struct slice bytes, char room[STORE_NAME_BYTES])
{
	struct slice partition, key;
	bool is_version;
	size_t at = 0;

	if (store_key_parse(bytes, &partition, &key, &is_version)) {
		at = name_add(room, at, partition);
		room[at++] = ' ';
		at = name_add(room, at, is_version ? S("(version)") : key);
	} else {
		at = name_add(room, at, slice_first(bytes, LIMIT_KEY_BYTES));
	}
	return (struct slice){ room, at };
}
