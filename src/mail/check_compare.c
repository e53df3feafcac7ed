/* SPDX-License-Identifier: MIT */
#include "mail/check_parts.h"
#include "mail/directory_parts.h"
#include "mail/shared.h"
#include "mail/spool_item.h"

#include <stdlib.h>

bool check_mend(struct check *c, const struct key *partition, struct slice key, struct slice value,
	struct error *e)
{
	if (!c->may_salvage)
		return true;
	auto_batch b;
	batch_begin(&b, 1, 0);
	batch_commit(&b, partition, STORE_ANY_VERSION, 1, 1);
	if (value.len > 0)
		batch_set(&b, key, value);
	else
		batch_remove(&b, key);
	c->result->mended++;
	return batch_write_again(&b, c->store, e);
}

/* Is the body there, whole? Its last chunk has the right length, and none comes after it. */
static bool body_length(struct check *c, const struct seen_body *b, bool *ret_good, struct error *e)
{
	auto_buf chunk = { .max = LIMIT_BLOB_CHUNK_BYTES };
	uint64_t last = b->bytes == 0 ? 0 : (b->bytes - 1) / LIMIT_BLOB_CHUNK_BYTES;
	bool is_found;

	*ret_good = true;
	for (uint64_t i = 0; b->bytes > 0 && i <= last && *ret_good; i++) {
		uint64_t want = i < last ? LIMIT_BLOB_CHUNK_BYTES
					 : b->bytes - last * LIMIT_BLOB_CHUNK_BYTES;

		buf_clear(&chunk);
		if (!store_chunk_read(c->store, b->blob, (uint32_t)i, &chunk, &is_found, e)) {
			/* Damaged, which the store has reported. */
			error_clear(e);
			is_found = false;
		}
		*ret_good = is_found && chunk.len == want;
	}
	return true;
}

/* What else refers to a body that is gone: an item in the spool, the count of its holders. */
static bool body_forget(struct check *c, const struct seen_body *b, struct error *e)
{
	struct key holders = key_of_id('b', b->blob), spool = spool_partition(b->item);
	char name[ID_TEXT_BYTES + 1];

	if (!id_is_zero(b->item)) {
		check_says(c, "spool item '%.*s': its body of %llu bytes is missing or cut",
			S_FMT(id_text(b->item, name)), (unsigned long long)b->bytes);
		if (!check_mend(c, &spool, id_slice(&b->item), S(""), e))
			return false;
	}
	return b->holders_stored == 0 || check_mend(c, &holders, S("n"), S(""), e);
}

static bool body_gone(struct check *c, const struct seen_body *b, struct error *e)
{
	char name[ID_TEXT_BYTES + 1];

	if (!body_forget(c, b, e))
		return false;
	/* Every entry that has this body goes. */
	for (size_t i = 0; i < c->entry_count; i++) {
		struct seen_entry *entry = &c->entries[i];
		struct key partition, key = { .len = 0 };

		if (!id_same(entry->blob, b->blob))
			continue;
		check_says(c, "folder '%.*s': message %u: its body is missing or cut",
			S_FMT(id_text(entry->folder, name)), entry->uid);
		partition = key_segment(entry->folder, (entry->uid - 1) / FOLDER_SEGMENT_UIDS);
		key_add_number(&key, entry->uid, 4);
		if (!check_mend(c, &partition, key_slice(&key), S(""), e))
			return false;
		if (c->may_salvage)
			entry->uid = 0;
	}
	return true;
}

static bool holders_compare(struct check *c, const struct seen_body *b, struct error *e)
{
	struct key partition = key_of_id('b', b->blob);
	char name[ID_TEXT_BYTES + 1], room[16];
	struct buf value = BUF_OVER(room);

	if (!b->is_marked_shared && b->holders_stored == 0)
		return true;
	if (b->holders == b->holders_stored)
		return true;
	check_says(c, "body '%.*s': %llu have it, its count says %llu",
		S_FMT(id_text(b->blob, name)), (unsigned long long)b->holders,
		(unsigned long long)b->holders_stored);
	invariant(shared_encode(b->holders, &value));
	return check_mend(c, &partition, S("n"), b->holders > 0 ? buf_slice(&value) : S(""), e);
}

static bool bodies_compare(struct check *c, struct error *e)
{
	for (size_t i = 0; i < c->bodies.head_count; i++) {
		for (struct table_node *n = c->bodies.heads[i]; n != NULL; n = n->next) {
			struct seen_body *b = TABLE_ITEM(struct seen_body, n);
			bool is_good = true;

			if (b->holders > 0 && !body_length(c, b, &is_good, e))
				return false;
			if (!is_good && !body_gone(c, b, e))
				return false;
			if (is_good && !holders_compare(c, b, e))
				return false;
		}
	}
	return true;
}

static int uid_order(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Adds up what is left in the folders; entries on a removal list are on their way out. */
static bool entries_count(struct check *c, struct error *e)
{
	for (size_t i = 0; i < c->entry_count; i++) {
		const struct seen_entry *entry = &c->entries[i];
		struct seen_folder *f = check_folder(c, entry->folder);

		if (f == NULL)
			return fail(e, FAULT_LATER, "check the data: out of memory");
		if (entry->uid == 0)
			continue;
		f->uid_last = entry->uid > f->uid_last ? entry->uid : f->uid_last;
		if (f->uid_first == 0 || entry->uid < f->uid_first)
			f->uid_first = entry->uid;
		if (f->removing_count > 0 && bsearch(&entry->uid, f->removing, f->removing_count,
						     sizeof entry->uid, uid_order) != NULL)
			continue;
		f->counted++;
		f->counted_bytes += entry->bytes;
		f->unseen += (entry->flags & ENTRY_SEEN) == 0 ? 1 : 0;
		f->deleted += (entry->flags & ENTRY_DELETED) != 0 ? 1 : 0;
		f->deleted_bytes += (entry->flags & ENTRY_DELETED) != 0 ? entry->bytes : 0;
	}
	return true;
}

/* Says what is wrong with a head. */
static void head_compare(struct check *c, const struct seen_folder *f,
	const struct folder_head *head, const char *name)
{
	if (head->count != f->counted || head->bytes != f->counted_bytes)
		check_says(c,
			"folder '%s': its head counts %llu messages of %llu bytes, there are %llu "
			"of %llu",
			name, (unsigned long long)head->count, (unsigned long long)head->bytes,
			(unsigned long long)f->counted, (unsigned long long)f->counted_bytes);
	else if (head->unseen != f->unseen || head->deleted != f->deleted ||
		 head->deleted_bytes != f->deleted_bytes)
		check_says(c,
			"folder '%s': its head counts %llu unseen and %llu deleted, there are %llu "
			"and %llu",
			name, (unsigned long long)head->unseen, (unsigned long long)head->deleted,
			(unsigned long long)f->unseen, (unsigned long long)f->deleted);
	if (f->uid_last >= head->uid_next)
		check_says(c, "folder '%s': UID %u is there, the next to give is %u", name,
			f->uid_last, head->uid_next);
	if (f->uid_first > 0 && f->uid_first < head->uid_low)
		check_says(c, "folder '%s': UID %u is below %u", name, f->uid_first, head->uid_low);
}

static void head_mend(const struct seen_folder *f, struct folder_head *head)
{
	head->count = f->counted;
	head->bytes = f->counted_bytes;
	head->unseen = f->unseen;
	head->deleted = f->deleted;
	head->deleted_bytes = f->deleted_bytes;
	head->uid_unseen = 1;
	/* Who looks for removals in the log may miss those that salvaging made: it begins anew. */
	head->modseq++;
	head->vanished_floor = head->modseq;
	head->uid_next = f->uid_last >= head->uid_next ? f->uid_last + 1 : head->uid_next;
	head->uid_low =
		f->uid_first > 0 && f->uid_first < head->uid_low ? f->uid_first : head->uid_low;
}

static bool folder_compare(struct check *c, const struct seen_folder *f, struct error *e)
{
	struct key partition = key_of_id('f', f->id);
	struct folder_head head = f->head;
	char name[ID_TEXT_BYTES + 1], room[HEAD_VALUE_BYTES];
	struct buf value = BUF_OVER(room);
	uint64_t before = c->result->findings;

	(void)id_text(f->id, name);
	/* An account without mail has none. */
	if (!f->has_head && !f->needs_head && f->uid_first == 0)
		return true;
	if (!f->has_owner && f->counted > 0)
		check_says(c, "folder '%s': it has %llu messages and belongs to nobody", name,
			(unsigned long long)f->counted);
	if (!f->has_head) {
		check_says(c, "folder '%s': it has no head", name);
		head = (struct folder_head){ .uid_next = 1, .uid_low = 1, .uid_validity = 1 };
	}
	head_compare(c, f, &head, name);
	if (c->result->findings == before)
		return true;
	head_mend(f, &head);
	invariant(head_encode(&head, &value));
	return check_mend(c, &partition, S("h"), buf_slice(&value), e);
}

static bool domain_compare(struct check *c, const struct seen_domain *d, struct error *e)
{
	struct key partition = counts_partition(d->id);
	struct domain_counts counts = { d->accounts, d->aliases };
	char room[32];
	struct buf value = BUF_OVER(room);

	if (!d->has_record) {
		if (d->accounts + d->aliases > 0)
			check_says(c, "%llu accounts and %llu aliases belong to no domain",
				(unsigned long long)d->accounts, (unsigned long long)d->aliases);
		return true;
	}
	if (d->has_counts && d->accounts == d->accounts_stored && d->aliases == d->aliases_stored)
		return true;
	check_says(c,
		"domain '%s': it counts %llu accounts and %llu aliases, there are %llu and %llu",
		d->name, (unsigned long long)d->accounts_stored,
		(unsigned long long)d->aliases_stored, (unsigned long long)d->accounts,
		(unsigned long long)d->aliases);
	invariant(counts_encode(&counts, &value));
	return check_mend(c, &partition, S("n"), buf_slice(&value), e);
}

bool check_compare(struct check *c, struct error *e)
{
	if (!bodies_compare(c, e) || !entries_count(c, e))
		return false;
	for (size_t i = 0; i < c->folders.head_count; i++) {
		for (struct table_node *n = c->folders.heads[i]; n != NULL; n = n->next) {
			if (!folder_compare(c, TABLE_ITEM(struct seen_folder, n), e))
				return false;
		}
	}
	for (size_t i = 0; i < c->domains.head_count; i++) {
		for (struct table_node *n = c->domains.heads[i]; n != NULL; n = n->next) {
			if (!domain_compare(c, TABLE_ITEM(struct seen_domain, n), e))
				return false;
		}
	}
	return check_compare_metadata(c, e);
}
