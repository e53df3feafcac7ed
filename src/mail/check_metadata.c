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
		metadata_sum_add(&s->counted, account, key, value);
		is_good = key.len > ID_BYTES && metadata_value_decode(value, &plain);
	}
	if (!is_good)
		check_says(c, "account '%.*s': a record of METADATA is damaged",
			S_FMT(id_text(account, name)));
	return true;
}

static bool is_same(const struct metadata_count *a, const struct metadata_count *b)
{
	return a->entries == b->entries && a->bytes == b->bytes;
}

static bool compare(struct check *c, const struct seen_metadata *s, struct error *e)
{
	struct key partition = key_of_id('M', s->account);
	char name[ID_TEXT_BYTES + 1], room[METADATA_SUM_BYTES];
	struct buf value = BUF_OVER(room);

	if (is_same(&s->counted.own, &s->stored.own) &&
		is_same(&s->counted.others, &s->stored.others))
		return true;
	check_says(c,
		"account '%.*s': its sum counts %llu entries of METADATA of %llu bytes, there are "
		"%llu of %llu",
		S_FMT(id_text(s->account, name)),
		(unsigned long long)(s->stored.own.entries + s->stored.others.entries),
		(unsigned long long)(s->stored.own.bytes + s->stored.others.bytes),
		(unsigned long long)(s->counted.own.entries + s->counted.others.entries),
		(unsigned long long)(s->counted.own.bytes + s->counted.others.bytes));
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
