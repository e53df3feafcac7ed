/* SPDX-License-Identifier: MIT */
#include "mail/acl_parts.h"

#include "base/record.h"

enum {
	ACL_VERSION = 1,
	SHARE_VERSION = 1,
	KIND_ANYONE = 1,
	KIND_NEGATIVE = 2,
	KIND_ALL = KIND_ANYONE | KIND_NEGATIVE,
};

static void read_id(struct cursor *c, struct id *ret)
{
	struct slice bytes = record_read_text(c);

	if (bytes.len != ID_BYTES)
		cursor_break(c);
	else
		memcpy(ret->bytes, bytes.at, ID_BYTES);
}

bool acl_encode(const struct acl *acl, struct buf *out)
{
	bool is_good = record_u8(out, ACL_VERSION) && record_text(out, acl->owner) &&
		       record_number(out, acl->count);

	for (size_t i = 0; is_good && i < acl->count; i++) {
		const struct acl_entry *entry = &acl->at[i];
		unsigned kind = (entry->is_anyone ? KIND_ANYONE : 0u) |
				(entry->is_negative ? KIND_NEGATIVE : 0u);

		is_good = record_u8(out, (uint8_t)kind) &&
			  record_text(out, id_slice(&entry->who)) &&
			  record_number(out, entry->rights) && record_text(out, entry->address);
	}
	return is_good;
}

static bool read_entry(struct cursor *c, struct arena *a, struct acl_entry *ret)
{
	uint8_t kind = record_read_u8(c);
	uint64_t rights;

	read_id(c, &ret->who);
	rights = record_read_number(c);
	ret->is_anyone = (kind & KIND_ANYONE) != 0;
	ret->is_negative = (kind & KIND_NEGATIVE) != 0;
	ret->rights = (unsigned)rights & IMAP_RIGHT_ALL;
	ret->address = arena_copy(a, record_read_text(c));
	return (kind & ~KIND_ALL) == 0 && rights <= IMAP_RIGHT_ALL && ret->address.at != NULL;
}

bool acl_decode(struct slice value, struct arena *a, struct acl *ret)
{
	struct cursor c = cursor_over(value);
	struct acl acl = { .count = 0 };
	uint64_t count;

	if (record_read_u8(&c) != ACL_VERSION)
		return false;
	acl.owner = arena_copy(a, record_read_text(&c));
	count = record_read_number(&c);
	if (acl.owner.at == NULL || count > LIMIT_ACL_ENTRIES)
		return false;
	acl.at = arena_take(a, (size_t)count * sizeof *acl.at + 1);
	for (; acl.at != NULL && acl.count < count; acl.count++) {
		acl.at[acl.count] = (struct acl_entry){ .rights = 0 };
		if (!read_entry(&c, a, &acl.at[acl.count]))
			return false;
	}
	if (acl.at == NULL || !cursor_finished(&c))
		return false;
	*ret = acl;
	return true;
}

bool share_encode(const struct share *share, struct buf *out)
{
	return record_u8(out, SHARE_VERSION) && record_text(out, id_slice(&share->owner)) &&
	       record_text(out, share->owner_address);
}

bool share_decode(struct slice value, struct share *ret)
{
	struct cursor c = cursor_over(value);
	struct share share = { .owner = { { 0 } } };

	if (record_read_u8(&c) != SHARE_VERSION)
		return false;
	read_id(&c, &share.owner);
	share.owner_address = record_read_text(&c);
	if (!cursor_finished(&c))
		return false;
	*ret = share;
	return true;
}
