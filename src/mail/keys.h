/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * keys - the names of mail's partitions, all in one place.
 *
 *   D                        domains by name
 *   a<domain id><bucket>     its accounts and aliases by local part; bucket = FNV-1a of the local part
 *   c<domain id>             how many accounts and aliases it has
 *   q<bucket>                addresses whose password still has the quick form
 *   x                        accounts and mailboxes whose mail is still being removed
 *   m<account id>            names of its mailboxes, their lists of rights, and subscriptions
 *   g<account or domain id>  mailboxes of others that it, or all of the domain, is given
 *   M<account id>            what people noted about its mailboxes, and it about the server
 *   f<folder id>             head of a folder, its keywords and its removal list
 *   e<folder id><segment>    entries of FOLDER_SEGMENT_UIDS UIDs
 *   p<folder id><segment>    structures of these messages
 *   v<folder id>             which UIDs vanished when
 *   b<blob id>               how many entries and spool items share a blob
 *   s<bucket>                spool items by id; bucket = FNV-1a of the id
 *   T                        timeline buckets; t<number> one of them
 *
 * Buckets keep a partition under LIMIT_PARTITION_KEYS: they are even, because hash and id are.
 */
#include "base/id.h"
#include "base/limits.h"

#include <string.h>

enum {
	/* a domain may have LIMIT_DOMAIN_ACCOUNTS names, 31,250 a bucket */
	KEYS_ACCOUNT_BUCKETS = 16,
	KEYS_QUICK_BUCKETS = 16,
	KEYS_SPOOL_BUCKETS = 16,
};

struct key {
	char at[LIMIT_PARTITION_NAME_BYTES];
	size_t len;
};

static inline struct slice key_slice(const struct key *k)
{
	return (struct slice){ k->at, k->len };
}

static inline struct key key_of(char kind)
{
	return (struct key){ .at = { kind }, .len = 1 };
}

static inline void key_add(struct key *k, struct slice s)
{
	invariant(s.len <= sizeof k->at - k->len);
	memcpy(k->at + k->len, s.at, s.len);
	k->len += s.len;
}

static inline void key_add_number(struct key *k, uint64_t value, size_t bytes)
{
	invariant(bytes <= 8 && bytes <= sizeof k->at - k->len);
	for (size_t i = 0; i < bytes; i++)
		k->at[k->len++] = (char)(value >> (8 * (bytes - 1 - i)));
}

static inline struct key key_of_id(char kind, struct id id)
{
	struct key k = key_of(kind);

	key_add(&k, id_slice(&id));
	return k;
}

static inline struct key key_of_number(char kind, uint64_t value, size_t bytes)
{
	struct key k = key_of(kind);

	key_add_number(&k, value, bytes);
	return k;
}

static inline struct key key_segment(struct id folder, uint32_t segment)
{
	struct key k = key_of_id('e', folder);

	key_add_number(&k, segment, 4);
	return k;
}

static inline uint64_t key_read_number(struct slice s)
{
	uint64_t value = 0;

	for (size_t i = 0; i < s.len && i < 8; i++)
		value = value << 8 | (uint8_t)s.at[i];
	return value;
}

/* FNV-1a: the same on every machine and for ever, as it is part of the stored format. */
static inline uint32_t key_bucket(struct slice s, uint32_t bucket_count)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (uint8_t)s.at[i]) * 16777619u;
	return (hash ^ hash >> 16) % bucket_count;
}
