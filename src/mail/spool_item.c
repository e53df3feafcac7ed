/* SPDX-License-Identifier: MIT */
#include "mail/spool_item.h"

#include "base/record.h"
#include "mail/folder_head.h"

enum { ITEM_VERSION = 1, ITEM_UTF8 = 1, ITEM_HELD = 2 };

enum {
	SPOOL_ID_TRIES =
		400 /* one of 16 buckets is missed so often once in 10^11 mails, and harmless then */
};

static uint32_t bucket_of(struct id id)
{
	return key_bucket(id_slice(&id), KEYS_SPOOL_BUCKETS);
}

struct key spool_partition(struct id id)
{
	return key_of_number('s', bucket_of(id), 1);
}

static bool rcpt_encode(const struct spool_rcpt *r, struct buf *out)
{
	return record_text(out, r->address) && record_text(out, r->orcpt) &&
	       record_number(out, r->notify) && record_number(out, (uint64_t)r->fate) &&
	       record_text(out, slice_first(r->last_reply, SPOOL_REPLY_BYTES));
}

bool spool_item_encode(const struct spool_item *item, struct buf *out)
{
	char room[ENTRY_VALUE_BYTES];
	struct buf entry = BUF_OVER(room);
	unsigned flags = (item->is_utf8 ? ITEM_UTF8 : 0u) | (item->is_held ? ITEM_HELD : 0u);

	if (!entry_encode(&item->entry, &entry) || !record_u8(out, ITEM_VERSION) ||
		!record_number(out, flags) || !record_text(out, item->reverse_path) ||
		!record_text(out, item->envid) || !record_number(out, item->ret) ||
		!record_number(out, item->body_type) || !record_number(out, item->attempts) ||
		!record_number(out, item->queued_s) || !record_number(out, item->due_s) ||
		!record_text(out, buf_slice(&entry)) || !record_number(out, item->rcpt_count))
		return false;
	for (size_t i = 0; i < item->rcpt_count; i++) {
		if (!rcpt_encode(&item->rcpts[i], out))
			return false;
	}
	return true;
}

static void rcpt_decode(struct cursor *c, struct spool_rcpt *r)
{
	uint64_t fate;

	r->address = record_read_text(c);
	r->orcpt = record_read_text(c);
	r->notify = (unsigned)record_read_number(c);
	fate = record_read_number(c);
	if (fate > SPOOL_BOUNCED)
		cursor_break(c);
	r->fate = fate == SPOOL_RELAYED   ? SPOOL_RELAYED
		  : fate == SPOOL_BOUNCED ? SPOOL_BOUNCED
					  : SPOOL_WAITING;
	r->last_reply = record_read_text(c);
}

bool spool_item_decode(struct id id, struct slice value, struct arena *a, struct spool_item *ret)
{
	struct slice copy = arena_copy(a, value);
	struct cursor c = cursor_over(copy);
	struct spool_item item = { .id = id };
	uint64_t flags;
	struct slice entry;

	if (copy.at == NULL || record_read_u8(&c) != ITEM_VERSION)
		return false;
	flags = record_read_number(&c);
	item.is_utf8 = (flags & ITEM_UTF8) != 0;
	item.is_held = (flags & ITEM_HELD) != 0;
	item.reverse_path = record_read_text(&c);
	item.envid = record_read_text(&c);
	item.ret = (unsigned)record_read_number(&c);
	item.body_type = (unsigned)record_read_number(&c);
	item.attempts = (uint32_t)record_read_number(&c);
	item.queued_s = record_read_number(&c);
	item.due_s = record_read_number(&c);
	entry = record_read_text(&c);
	item.rcpt_count = (size_t)record_read_number(&c);
	if (c.broken || item.rcpt_count > SPOOL_ITEM_RCPTS ||
		!entry_decode((struct slice){ "\0\0\0\0", 4 }, entry, &item.entry))
		return false;
	item.rcpts = arena_take(a, (item.rcpt_count + 1) * sizeof *item.rcpts);
	for (size_t i = 0; item.rcpts != NULL && i < item.rcpt_count; i++)
		rcpt_decode(&c, &item.rcpts[i]);
	if (item.rcpts == NULL || !cursor_finished(&c))
		return false;
	*ret = item;
	return true;
}

size_t spool_item_fit(const struct spool_rcpt *rcpts, size_t count)
{
	size_t n = 0, bytes = 0;

	while (n < count && n < SPOOL_ITEM_RCPTS) {
		bytes += rcpts[n].address.len + rcpts[n].orcpt.len + 16;
		if (n > 0 && bytes > SPOOL_ITEM_BYTES)
			break;
		n++;
	}
	return n;
}

static bool bucket_stage(
	struct batch *b, uint32_t bucket, const struct spool_item *items, size_t count)
{
	struct key partition = key_of_number('s', bucket, 1);
	bool is_open = false;

	for (size_t i = 0; i < count; i++) {
		auto_buf value = { .max = LIMIT_VALUE_BYTES };

		if (bucket_of(items[i].id) != bucket)
			continue;
		if (!spool_item_encode(&items[i], &value))
			return false;
		if (!is_open)
			batch_commit(b, &partition, STORE_ANY_VERSION, count, 0);
		is_open = true;
		batch_set(b, id_slice(&items[i].id), buf_slice(&value));
	}
	return true;
}

bool spool_stage(struct batch *b, const struct spool_item *items, size_t count)
{
	for (uint32_t bucket = 0; count > 0 && bucket < KEYS_SPOOL_BUCKETS; bucket++) {
		if (!bucket_stage(b, bucket, items, count))
			return false;
	}
	return true;
}

struct id spool_id_new(const struct clock *clock, size_t number)
{
	struct id id = id_new(clock);

	for (unsigned i = 0; i < SPOOL_ID_TRIES && bucket_of(id) != number % KEYS_SPOOL_BUCKETS;
		i++)
		id = id_new(clock);
	return id;
}
