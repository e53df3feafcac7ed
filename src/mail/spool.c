/* SPDX-License-Identifier: MIT */
#include "base/lock.h"
#include "mail/parts.h"
#include "mail/shared.h"
#include "mail/spool_index.h"
#include "mail/spool_item.h"

#include <stdlib.h>

enum { SPOOL_TRIES = 100 /* shared blobs make others' commits conflict with ours */ };

struct spool {
	struct store *store;
	const struct clock *clock;
	struct lock lock;
	struct signal due;
	/* under lock: */
	struct spool_index index;
	uint64_t news; /* counts what may make something due, or its time another */
};

static bool load_row(struct spool *s, const struct store_row *row)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct spool_item item;
	struct id id;

	if (row->key.len != ID_BYTES)
		return true;
	memcpy(id.bytes, row->key.at, ID_BYTES);
	/* A damaged item stays where it is; `mailvisor check` reports it. */
	if (!spool_item_decode(id, row->value, &a, &item))
		return true;
	return spool_index_add(&s->index, id, item.due_s, item.is_held);
}

static bool load_bucket(struct spool *s, uint32_t bucket, struct error *e)
{
	struct key partition = key_of_number('s', bucket, 1);
	struct key after = { .len = 0 };
	struct store_page page = { 0 };
	bool is_good = true;

	do {
		struct store_scan scan = { .partition = key_slice(&partition),
			.after = key_slice(&after),
			.expect = STORE_ANY_VERSION,
			.limit = LIMIT_SCAN_ROWS };

		is_good = store_scan(s->store, &scan, &page, e);
		for (size_t i = 0; is_good && i < page.row_count; i++) {
			if (!load_row(s, &page.rows[i]))
				is_good = fail(e, FAULT_LATER, "load the spool: out of memory");
		}
		if (is_good && page.row_count > 0) {
			after.len = 0;
			key_add(&after,
				slice_first(page.rows[page.row_count - 1].key, sizeof after.at));
		}
	} while (is_good && !page.is_last && page.row_count > 0);
	store_page_done(&page);
	return is_good;
}

bool spool_open(struct store *store, const struct clock *clock, struct spool **ret, struct error *e)
{
	struct spool *s = calloc(1, sizeof *s);

	if (s == NULL || !spool_index_init(&s->index)) {
		free(s);
		return fail(e, FAULT_LATER, "open the spool: out of memory");
	}
	s->store = store;
	s->clock = clock;
	lock_init(&s->lock, RANK_SPOOL);
	signal_init(&s->due);
	for (uint32_t bucket = 0; bucket < KEYS_SPOOL_BUCKETS; bucket++) {
		if (!load_bucket(s, bucket, e)) {
			spool_close(s);
			return false;
		}
	}
	*ret = s;
	return true;
}

void spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	spool_index_done(&s->index);
	signal_done(&s->due);
	lock_done(&s->lock);
	free(s);
}

bool spool_has_room(struct spool *s, size_t count)
{
	HOLDING(&s->lock);
	return spool_index_count(&s->index) + count <= LIMIT_SPOOL_ITEMS;
}

void spool_landed(struct spool *s, const struct spool_item *item)
{
	HOLDING(&s->lock);
	/* Without memory the item waits on disk for the next start: it is late, not lost. */
	if (!spool_index_add(&s->index, item->id, item->due_s, item->is_held))
		return;
	s->news++;
	signal_all(&s->due);
}

bool spool_has(struct spool *s, struct id id, bool *ret, struct error *e)
{
	struct key partition = spool_partition(id);
	auto_buf value = { .max = LIMIT_VALUE_BYTES };

	return store_get(s->store, key_slice(&partition), id_slice(&id), &value, ret, e);
}

static bool item_read(struct spool *s, struct id id, struct arena *a, struct spool_item *ret,
	bool *ret_found, struct error *e)
{
	struct key partition = spool_partition(id);
	auto_buf value = { .max = LIMIT_VALUE_BYTES };
	char name[ID_TEXT_BYTES + 1];

	if (!store_get(s->store, key_slice(&partition), id_slice(&id), &value, ret_found, e))
		return false;
	if (*ret_found && !spool_item_decode(id, buf_slice(&value), a, ret))
		return fail(e, FAULT_NEVER, "read spool item '%.*s': damaged, or too big",
			S_FMT(id_text(id, name)));
	return true;
}

bool spool_take(struct spool *s, struct arena *a, struct spool_item *ret, bool *ret_found,
	uint64_t *ret_next_s, struct error *e)
{
	uint64_t now_s = clock_wall_ns(s->clock) / NS_PER_S;
	struct id id;

	{
		HOLDING(&s->lock);
		*ret_found = spool_index_take(&s->index, now_s, &id, ret_next_s);
	}
	if (!*ret_found)
		return true;
	if (!item_read(s, id, a, ret, ret_found, e)) {
		HOLDING(&s->lock);
		/* Due again, so that a passing failure does not hide it until the next start. */
		spool_index_put_back(&s->index, id, now_s + 60, false);
		return false;
	}
	if (!*ret_found) {
		HOLDING(&s->lock);
		spool_index_remove(&s->index, id);
		*ret_next_s = now_s;
	}
	return true;
}

/* Its place on disk: the new state, or nothing, and then the blob loses a holder. */
static bool put_back_try(struct spool *s, const struct spool_item *item, bool is_over,
	bool *ret_done, struct error *e)
{
	struct key partition = spool_partition(item->id);
	auto_shared_drops shared = { 0 };
	auto_batch b;
	bool is_there = true;
	enum store_answer answer;

	*ret_done = false;
	if (is_over && !spool_has(s, item->id, &is_there, e))
		return false;
	if (!is_there) {
		*ret_done = true;
		return true;
	}
	batch_begin(&b, 2, 1);
	if (!is_over && !spool_stage(&b, item, 1))
		return fail(e, FAULT_NEVER, "write a spool item: too big");
	if (is_over) {
		batch_commit(&b, &partition, STORE_ANY_VERSION, 0, 1);
		batch_remove(&b, id_slice(&item->id));
		if (!item->entry.is_shared)
			batch_drop(&b, item->entry.blob);
		else if (!shared_drops_add(&shared, item->entry.blob, e))
			return false;
	}
	if (!shared_drops_stage(&shared, s->store, &b, e))
		return false;
	if (b.is_short)
		return fail(e, FAULT_LATER, "write a spool item: out of memory");
	batch_submit(&b, s->store);
	answer = store_wait(s->store, &b.txn);
	*ret_done = answer == STORE_OK;
	if (answer == STORE_FAILED)
		*e = b.txn.error;
	return answer != STORE_FAILED;
}

bool spool_put_back(struct spool *s, const struct spool_item *item, struct error *e)
{
	bool is_over = true, is_done = false, is_good = true;

	for (size_t i = 0; i < item->rcpt_count; i++)
		is_over = is_over && item->rcpts[i].fate != SPOOL_WAITING;
	for (unsigned i = 0; i < SPOOL_TRIES && is_good && !is_done; i++)
		is_good = put_back_try(s, item, is_over, &is_done, e);
	if (is_good && !is_done)
		is_good = fail(e, FAULT_LATER, "write a spool item: others keep changing it");
	if (!is_good)
		return false;
	HOLDING(&s->lock);
	if (is_over)
		spool_index_remove(&s->index, item->id);
	else
		spool_index_put_back(&s->index, item->id, item->due_s, item->is_held);
	s->news++;
	signal_all(&s->due);
	return true;
}

/* Under the lock: when the next item is due, on the monotonic clock; a day at most. */
static uint64_t due_at_ns(struct spool *s)
{
	uint64_t now_s = clock_wall_ns(s->clock) / NS_PER_S;
	uint64_t next_s = spool_index_next_s(&s->index);
	uint64_t wait_s = next_s > now_s ? next_s - now_s : 0;

	return clock_mono_ns(&clock_real) + (wait_s < 86400 ? wait_s : 86400) * NS_PER_S;
}

uint64_t spool_news(struct spool *s)
{
	HOLDING(&s->lock);
	return s->news;
}

void spool_wait(struct spool *s, uint64_t seen, uint64_t until_ns)
{
	HOLDING(&s->lock);
	uint64_t due_ns = due_at_ns(s);

	until_ns = due_ns < until_ns ? due_ns : until_ns;
	while (s->news == seen && signal_wait(&s->due, &s->lock, until_ns))
		continue;
}

void spool_wake(struct spool *s)
{
	HOLDING(&s->lock);
	s->news++;
	signal_all(&s->due);
}

void spool_stats_get(struct spool *s, struct spool_stats *ret)
{
	HOLDING(&s->lock);
	*ret = (struct spool_stats){
		.waiting = s->index.heap_count, .taken = s->index.taken, .held = s->index.held
	};
}

bool spool_list(struct spool *s, struct id after, size_t limit, struct arena *a,
	struct spool_item **ret, size_t *ret_count, struct error *e)
{
	auto_free struct id *ids = malloc((limit + 1) * sizeof *ids);
	struct spool_item *items = arena_take(a, (limit + 1) * sizeof *items);
	size_t count = 0;

	if (ids == NULL || items == NULL)
		return fail(e, FAULT_LATER, "list the spool: out of memory");
	{
		HOLDING(&s->lock);
		count = spool_index_list(&s->index, after, ids, limit);
	}
	*ret_count = 0;
	for (size_t i = 0; i < count; i++) {
		bool is_found;

		if (!item_read(s, ids[i], a, &items[*ret_count], &is_found, e))
			return false;
		*ret_count += is_found ? 1 : 0;
	}
	*ret = items;
	return true;
}
