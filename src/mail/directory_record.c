/* SPDX-License-Identifier: MIT */
#include "mail/directory_parts.h"

#include "base/record.h"

enum { DOMAIN_VERSION = 1, ENTITY_VERSION = 1, COUNTS_VERSION = 1, IS_DISABLED = 1 };
/* An account whose owner set limits. Others are written as before, so that a record says no more than it must. */
enum { ENTITY_VERSION_OWN_QUOTA = 2 };

static struct id read_id(struct cursor *c)
{
	struct slice bytes = cursor_take(c, ID_BYTES);
	struct id id = { { 0 } };

	if (bytes.len == ID_BYTES)
		memcpy(id.bytes, bytes.at, ID_BYTES);
	return id;
}

bool domain_encode(const struct domain_row *row, struct buf *out)
{
	const struct domain *d = &row->domain;

	return record_u8(out, DOMAIN_VERSION) && buf_add(out, id_slice(&row->id)) &&
	       record_number(out, d->is_disabled ? IS_DISABLED : 0) &&
	       record_text(out, d->alias_of) && record_text(out, d->catch_all) &&
	       record_text(out, d->postmaster) && record_number(out, d->account_max) &&
	       record_number(out, d->quota_bytes) && record_number(out, d->message_bytes_max) &&
	       record_number(out, d->created_s);
}

bool domain_decode(struct slice name, struct slice value, struct domain_row *ret)
{
	struct cursor c = cursor_over(value);
	struct domain_row row = { .domain = { .name = name } };

	if (record_read_u8(&c) != DOMAIN_VERSION)
		cursor_break(&c);
	row.id = read_id(&c);
	row.domain.is_disabled = (record_read_number(&c) & IS_DISABLED) != 0;
	row.domain.alias_of = record_read_text(&c);
	row.domain.catch_all = record_read_text(&c);
	row.domain.postmaster = record_read_text(&c);
	row.domain.account_max = record_read_number(&c);
	row.domain.quota_bytes = record_read_number(&c);
	row.domain.message_bytes_max = record_read_number(&c);
	row.domain.created_s = record_read_number(&c);
	if (!cursor_finished(&c))
		return false;
	*ret = row;
	return true;
}

bool account_encode(const struct account *account, struct buf *out)
{
	bool has_own = account->own_quota_bytes > 0 || account->own_quota_messages > 0;

	return record_u8(out, has_own ? ENTITY_VERSION_OWN_QUOTA : ENTITY_VERSION) &&
	       record_u8(out, ENTITY_ACCOUNT) &&
	       record_number(out, account->is_disabled ? IS_DISABLED : 0) &&
	       buf_add(out, id_slice(&account->id)) && record_text(out, account->password) &&
	       record_number(out, account->quota_bytes) &&
	       record_number(out, account->quota_messages) &&
	       record_number(out, account->created_s) &&
	       (!has_own || (record_number(out, account->own_quota_bytes) &&
				    record_number(out, account->own_quota_messages)));
}

bool alias_encode(const struct alias *alias, struct buf *out)
{
	if (!record_u8(out, ENTITY_VERSION) || !record_u8(out, ENTITY_ALIAS) ||
		!record_number(out, alias->is_disabled ? IS_DISABLED : 0) ||
		!record_number(out, alias->target_count))
		return false;
	for (size_t i = 0; i < alias->target_count; i++) {
		if (!record_text(out, alias->targets[i]))
			return false;
	}
	return true;
}

static void account_decode(struct cursor *c, bool has_own, struct account *ret)
{
	ret->id = read_id(c);
	ret->password = record_read_text(c);
	ret->quota_bytes = record_read_number(c);
	ret->quota_messages = record_read_number(c);
	ret->created_s = record_read_number(c);
	if (!has_own)
		return;
	ret->own_quota_bytes = record_read_number(c);
	ret->own_quota_messages = record_read_number(c);
}

static void alias_decode(struct cursor *c, struct arena *a, struct alias *ret)
{
	uint64_t count = record_read_number(c);

	if (count > LIMIT_ALIAS_TARGETS)
		cursor_break(c);
	ret->targets = c->broken ? NULL : arena_take(a, (count + 1) * sizeof *ret->targets);
	if (ret->targets == NULL) {
		cursor_break(c);
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		ret->targets[i] = record_read_text(c);
	ret->target_count = (size_t)count;
}

bool entity_decode(struct slice address, struct slice value, struct arena *a, struct entity *ret)
{
	struct cursor c = cursor_over(value);
	struct entity entity = { .kind = ENTITY_NONE };
	unsigned version = record_read_u8(&c), kind;
	bool is_disabled;

	if (version != ENTITY_VERSION && version != ENTITY_VERSION_OWN_QUOTA)
		cursor_break(&c);
	kind = record_read_u8(&c);
	is_disabled = (record_read_number(&c) & IS_DISABLED) != 0;
	if (kind == ENTITY_ACCOUNT) {
		entity.kind = ENTITY_ACCOUNT;
		entity.account.address = address;
		entity.account.is_disabled = is_disabled;
		account_decode(&c, version == ENTITY_VERSION_OWN_QUOTA, &entity.account);
	} else if (kind == ENTITY_ALIAS && version == ENTITY_VERSION) {
		entity.kind = ENTITY_ALIAS;
		entity.alias.address = address;
		entity.alias.is_disabled = is_disabled;
		alias_decode(&c, a, &entity.alias);
	} else {
		cursor_break(&c);
	}
	if (!cursor_finished(&c))
		return false;
	*ret = entity;
	return true;
}

bool counts_encode(const struct domain_counts *counts, struct buf *out)
{
	return record_u8(out, COUNTS_VERSION) && record_number(out, counts->accounts) &&
	       record_number(out, counts->aliases);
}

bool counts_decode(struct slice value, struct domain_counts *ret)
{
	struct cursor c = cursor_over(value);
	struct domain_counts counts;

	if (record_read_u8(&c) != COUNTS_VERSION)
		cursor_break(&c);
	counts.accounts = record_read_number(&c);
	counts.aliases = record_read_number(&c);
	if (!cursor_finished(&c))
		return false;
	*ret = counts;
	return true;
}

struct key domain_partition(void)
{
	return key_of('D');
}

struct key counts_partition(struct id domain)
{
	return key_of_id('c', domain);
}

struct key entity_partition(struct id domain, struct slice local)
{
	struct key k = key_of_id('a', domain);

	key_add_number(&k, key_bucket(local, KEYS_ACCOUNT_BUCKETS), 1);
	return k;
}

struct key quick_partition(struct slice address)
{
	return key_of_number('q', key_bucket(address, KEYS_QUICK_BUCKETS), 1);
}
