/* SPDX-License-Identifier: MIT */
/* Entries of METADATA: each can be read, and an account's sum is what they add up to. */
#include "mail/check_parts.h"

static struct seen_metadata *seen(struct check *c, struct id account)
{
	return (struct seen_metadata *)check_find_or_make(&c->metadata, account,
		offsetof(struct seen_metadata, account), sizeof(struct seen_metadata));
}

bool check_see_metadata(
	struct check *c, struct slice partition, struct slice key, struct slice value)
{
	struct id account = { { 0 } };
	char name[ID_TEXT_BYTES + 1];
	struct seen_metadata *s;
	struct slice plain;
	bool is_good;

	if (partition.len != 1 + ID_BYTES) {
		check_says(c, "a partition of METADATA has a name that means nothing");
		return true;
	}
	memcpy(account.bytes, partition.at + 1, ID_BYTES);
	s = seen(c, account);
	if (s == NULL)
		return false;
	if (slice_same(key, S("c"))) {
		is_good = metadata_sum_decode(value, &s->stored);
	} else {
		s->counted.entries++;
		s->counted.bytes += metadata_row_bytes(key, value);
		is_good = key.len > ID_BYTES && metadata_value_decode(value, &plain);
	}
	if (!is_good)
		check_says(c, "account '%.*s': a record of METADATA is damaged",
			S_FMT(id_text(account, name)));
	return true;
}

static bool compare(struct check *c, const struct seen_metadata *s, struct error *e)
{
	struct key partition = key_of_id('M', s->account);
	char name[ID_TEXT_BYTES + 1], room[32];
	struct buf value = BUF_OVER(room);

	if (s->counted.entries == s->stored.entries && s->counted.bytes == s->stored.bytes)
		return true;
	check_says(c,
		"account '%.*s': its sum counts %llu entries of METADATA of %llu bytes, there are "
		"%llu of %llu",
		S_FMT(id_text(s->account, name)), (unsigned long long)s->stored.entries,
		(unsigned long long)s->stored.bytes, (unsigned long long)s->counted.entries,
		(unsigned long long)s->counted.bytes);
	invariant(metadata_sum_encode(&s->counted, &value));
	return check_mend(c, &partition, S("c"), buf_slice(&value), e);
}

bool check_compare_metadata(struct check *c, struct error *e)
{
	for (size_t i = 0; i < c->metadata.head_count; i++)
		for (struct table_node *n = c->metadata.heads[i]; n != NULL; n = n->next)
			if (!compare(c, TABLE_ITEM(struct seen_metadata, n), e))
				return false;
	return true;
}
