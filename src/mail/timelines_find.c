/* SPDX-License-Identifier: MIT */
#include "mail/timeline_rows.h"

#include "base/record.h"

#include <stdlib.h>

enum {
	CLOCK_SLACK_S = 10, /* ids and buckets are stamped at slightly different moments */
	FOUND_IDS_MAX = 100000,
	/* of one mail; remote attempts of five days and 1,000 fetches fit */
	TRACE_STAGES_MAX = 2000,
};

struct found {
	struct id *ids;
	size_t count, room;
};

struct stages {
	struct timeline_stage *at;
	size_t count, room;
};

static bool found_add(struct found *f, struct slice id)
{
	if (f->count == f->room) {
		size_t room = 2 * f->room + 64;
		struct id *ids = room > FOUND_IDS_MAX ? NULL : realloc(f->ids, room * sizeof *ids);

		if (ids == NULL)
			return false;
		f->ids = ids;
		f->room = room;
	}
	memcpy(f->ids[f->count++].bytes, id.at, ID_BYTES);
	return true;
}

/* Calls `row` for every row of the bucket with that prefix. */
static bool bucket_rows(struct timelines *t, uint32_t bucket, struct slice prefix,
	timeline_row_fn *row, void *context, struct error *e)
{
	struct key partition = key_of_number('t', bucket, 4);
	struct key after = { .len = 0 };
	struct store_page page = { 0 };
	bool is_good = true, is_last = false;

	while (is_good && !is_last) {
		struct store_scan scan = { .partition = key_slice(&partition),
			.prefix = prefix,
			.after = key_slice(&after),
			.expect = STORE_ANY_VERSION,
			.limit = LIMIT_SCAN_ROWS };

		is_good = store_scan(t->store, &scan, &page, e);
		for (size_t i = 0; is_good && i < page.row_count; i++) {
			if (!row(context, &page.rows[i]))
				is_good = fail(e, FAULT_LATER, "find a mail: too much to remember");
		}
		is_last = page.is_last || page.row_count == 0;
		if (is_good && !is_last) {
			after.len = 0;
			key_add(&after, page.rows[page.row_count - 1].key);
		}
	}
	store_page_done(&page);
	return is_good;
}

struct unpacking {
	timeline_row_fn *row;
	void *context;
};

static bool unpack(void *context, const struct store_row *pack)
{
	const struct unpacking *u = context;

	return timeline_pack_rows(pack, u->row, u->context);
}

/* Calls `row` for every row in the packs of the bucket. */
static bool bucket_packed(
	struct timelines *t, uint32_t bucket, timeline_row_fn *row, void *context, struct error *e)
{
	const char prefix = TIMELINE_PACK;
	struct unpacking u = { row, context };

	return bucket_rows(t, bucket, (struct slice){ &prefix, 1 }, unpack, &u, e);
}

/* ---- which mails ---- */

struct subject_search {
	struct key prefix[2]; /* as a Message-ID, as an address */
	struct found *found;
};

static bool subject_row(void *context, const struct store_row *row)
{
	if (row->key.len != 1 + TIMELINE_HASH_BYTES + ID_BYTES)
		return true;
	return found_add(context, slice_skip(row->key, 1 + TIMELINE_HASH_BYTES));
}

static bool subject_packed(void *context, const struct store_row *row)
{
	const struct subject_search *search = context;

	for (size_t i = 0; i < COUNT(search->prefix); i++)
		if (slice_starts(row->key, key_slice(&search->prefix[i])))
			return subject_row(search->found, row);
	return true;
}

static int newest_first(const void *a, const void *b)
{
	return memcmp(b, a, sizeof(struct id));
}

static void found_sort(struct found *f)
{
	size_t kept = 0;

	if (f->count > 0)
		qsort(f->ids, f->count, sizeof *f->ids, newest_first);
	for (size_t i = 0; i < f->count; i++) {
		if (kept == 0 || !id_same(f->ids[i], f->ids[kept - 1]))
			f->ids[kept++] = f->ids[i];
	}
	f->count = kept;
}

/* A copy of the list, so that the lock is not held while the store is read. */
static bool buckets_copy(
	struct timelines *t, struct timeline_bucket **ret, size_t *ret_count, struct error *e)
{
	HOLDING(&t->lock);
	*ret_count = t->bucket_count;
	*ret = malloc((t->bucket_count + 1) * sizeof **ret);
	if (*ret == NULL)
		return fail(e, FAULT_LATER, "find a mail: out of memory");
	if (t->bucket_count > 0)
		memcpy(*ret, t->buckets, t->bucket_count * sizeof **ret);
	return true;
}

static bool find_in_bucket(
	struct timelines *t, uint32_t bucket, struct subject_search *search, struct error *e)
{
	for (size_t i = 0; i < COUNT(search->prefix); i++)
		if (!bucket_rows(t, bucket, key_slice(&search->prefix[i]), subject_row,
			    search->found, e))
			return false;
	return bucket_packed(t, bucket, subject_packed, search, e);
}

static bool find_ids(struct timelines *t, const struct timeline_bucket *buckets, size_t count,
	struct slice what, size_t limit, struct found *ret, struct error *e)
{
	struct id id;
	struct subject_search search = { { key_of('m'), key_of('a') }, ret };

	if (id_parse(what, &id))
		return found_add(ret, id_slice(&id)) ||
		       fail(e, FAULT_LATER, "find a mail: out of memory");
	what = slice_trim(what);
	if (what.len >= 2 && what.at[0] == '<' && what.at[what.len - 1] == '>')
		what = (struct slice){ what.at + 1, what.len - 2 };
	for (size_t i = 0; i < COUNT(search.prefix); i++)
		key_add_number(&search.prefix[i], timeline_hash(what), TIMELINE_HASH_BYTES);
	for (size_t b = count; b > 0 && ret->count < limit; b--) {
		if (!find_in_bucket(t, buckets[b - 1].number, &search, e))
			return false;
		found_sort(ret);
	}
	return true;
}

/* --- their stages --- */

struct gather {
	struct id id; /* first, and the newest first among gathers: found by bsearch */
	struct stages stages;
	struct arena *arena;
};

struct gathers {
	struct gather *at;
	size_t count;
};

static bool stages_row(void *context, const struct store_row *row)
{
	struct gather *g = context;
	struct slice value = arena_copy(g->arena, row->value);
	struct cursor c = cursor_over(value);
	uint64_t count;

	if (value.at == NULL)
		return false;
	(void)record_read_u8(&c);
	(void)record_read_number(&c);
	count = record_read_number(&c);
	for (uint64_t i = 0; i < count && !c.broken; i++) {
		struct timeline_stage s = { 0 };
		unsigned stage = record_read_u8(&c);

		s.mono_ns = record_read_u64(&c);
		s.wall_ns = record_read_u64(&c);
		s.bytes = record_read_number(&c);
		s.note = record_read_text(&c);
		if (c.broken || stage >= STAGE_COUNT)
			break;
		s.stage = (enum stage)stage;
		if (g->stages.count == g->stages.room) {
			size_t room = 2 * g->stages.room + 32;
			struct timeline_stage *at =
				realloc(g->stages.at, room * sizeof *g->stages.at);

			if (at == NULL)
				return false;
			g->stages.at = at;
			g->stages.room = room;
		}
		if (g->stages.count == TRACE_STAGES_MAX)
			break;
		g->stages.at[g->stages.count++] = s;
	}
	return true;
}

/* By time; stages of one moment in the order of the enum, which is the order of a mail's life. */
static int stage_order(const void *a, const void *b)
{
	const struct timeline_stage *x = a, *y = b;

	if (x->wall_ns != y->wall_ns)
		return x->wall_ns < y->wall_ns ? -1 : 1;
	return (int)x->stage - (int)y->stage;
}

/* When the id was made: its first 48 bits are milliseconds. */
static uint64_t birth_s(struct id id)
{
	struct slice s = id_slice(&id);

	return key_read_number(slice_first(s, 6)) / 1000;
}

static bool stages_packed(void *context, const struct store_row *row)
{
	const struct gathers *all = context;
	struct gather *g;

	if (row->key.len < 1 + ID_BYTES || row->key.at[0] != 'i')
		return true;
	g = bsearch(row->key.at + 1, all->at, all->count, sizeof *all->at, newest_first);
	return g == NULL || stages_row(g, row);
}

/* The mails that were there before bucket `b` ended: its own rows of each, then the packs, once for all. */
static bool stages_in_bucket(struct timelines *t, const struct timeline_bucket *buckets,
	size_t count, size_t b, struct gathers *all, struct error *e)
{
	bool is_wanted = false;

	for (size_t i = 0; i < all->count; i++) {
		struct gather *g = &all->at[i];
		struct key prefix = key_of_id('i', g->id);

		if (b + 1 < count && buckets[b + 1].first_s + CLOCK_SLACK_S < birth_s(g->id))
			continue;
		is_wanted = true;
		if (!bucket_rows(t, buckets[b].number, key_slice(&prefix), stages_row, g, e))
			return false;
	}
	return !is_wanted || bucket_packed(t, buckets[b].number, stages_packed, all, e);
}

static bool find_stages(struct timelines *t, const struct timeline_bucket *buckets, size_t count,
	struct gathers *all, struct error *e)
{
	for (size_t b = 0; b < count; b++)
		if (!stages_in_bucket(t, buckets, count, b, all, e))
			return false;
	for (size_t i = 0; i < all->count; i++) {
		struct stages *found = &all->at[i].stages;

		if (found->count > 0)
			qsort(found->at, found->count, sizeof *found->at, stage_order);
	}
	return true;
}

static bool gathers_begin(
	struct gathers *all, const struct found *found, size_t limit, struct arena *a)
{
	size_t count = found->count < limit ? found->count : limit;

	all->at = calloc(count + 1, sizeof *all->at);
	if (all->at == NULL)
		return false;
	for (; all->count < count; all->count++)
		all->at[all->count] = (struct gather){ .id = found->ids[all->count], .arena = a };
	return true;
}

static void gathers_done(struct gathers *all)
{
	for (size_t i = 0; i < all->count; i++)
		free(all->at[i].stages.at);
	free(all->at);
}

/* Those of which anything is known. */
static bool traces_fill(
	const struct gathers *all, struct arena *a, struct trace **ret, size_t *ret_count)
{
	*ret_count = 0;
	*ret = arena_take(a, (all->count + 1) * sizeof **ret);
	for (size_t i = 0; *ret != NULL && i < all->count; i++) {
		const struct stages *found = &all->at[i].stages;
		struct timeline_stage *stages;

		if (found->count == 0)
			continue;
		stages = arena_take(a, found->count * sizeof *stages);
		if (stages == NULL)
			return false;
		memcpy(stages, found->at, found->count * sizeof *stages);
		(*ret)[(*ret_count)++] = (struct trace){ all->at[i].id, stages, found->count };
	}
	return *ret != NULL;
}

bool timelines_find(struct timelines *t, struct slice what, size_t limit, struct arena *a,
	struct trace **ret, size_t *ret_count, struct error *e)
{
	auto_free struct timeline_bucket *buckets = NULL;
	ON_EXIT(gathers_done) struct gathers all = { 0 };
	struct found found = { 0 };
	size_t bucket_count;
	bool is_good;

	timelines_flush(t);
	if (!buckets_copy(t, &buckets, &bucket_count, e))
		return false;
	is_good = find_ids(t, buckets, bucket_count, what, limit, &found, e);
	if (is_good && !gathers_begin(&all, &found, limit, a))
		is_good = fail(e, FAULT_LATER, "find a mail: out of memory");
	free(found.ids);
	if (!is_good || !find_stages(t, buckets, bucket_count, &all, e))
		return false;
	return traces_fill(&all, a, ret, ret_count) ||
	       fail(e, FAULT_LATER, "find a mail: too much to remember");
}

/* --- expiry --- */

/* The oldest bucket when it is too old (or there are too many); 0: none. */
static uint32_t bucket_too_old(struct timelines *t)
{
	uint64_t now_s = clock_wall_ns(t->clock) / NS_PER_S;
	uint64_t keep_s = (uint64_t)t->keep_hours * 3600;

	HOLDING(&t->lock);
	/* Without timelines, what an earlier setting left goes too; the bucket in use never does. */
	if (t->bucket_count == 0 || (t->bucket_count == 1 && t->is_begun))
		return 0;
	if (t->bucket_count > TIMELINE_BUCKETS_MAX)
		return t->buckets[0].number;
	/* Its last row is as young as the next bucket's first. */
	if (t->bucket_count > 1)
		return t->buckets[1].first_s + keep_s < now_s ? t->buckets[0].number : 0;
	return t->buckets[0].first_s + TIMELINE_BUCKET_S + keep_s < now_s ? t->buckets[0].number
									  : 0;
}

static void bucket_forget(struct timelines *t, uint32_t number)
{
	HOLDING(&t->lock);
	if (t->bucket_count == 0 || t->buckets[0].number != number)
		return;
	t->bucket_count--;
	memmove(t->buckets, t->buckets + 1, t->bucket_count * sizeof *t->buckets);
}

bool timelines_expire(struct timelines *t, bool *ret_more, struct error *e)
{
	uint32_t number = bucket_too_old(t);
	struct key partition = key_of_number('t', number, 4);
	struct key all = key_of('T'), name = { .len = 0 };
	struct store_scan scan = { .partition = key_slice(&partition),
		.expect = STORE_ANY_VERSION,
		.limit = LIMIT_SCAN_ROWS };
	struct store_page page = { 0 };
	bool is_good = true, is_last = false;
	auto_batch b;

	*ret_more = false;
	timelines_flush(t);
	batch_begin(&b, 2, 0);
	b.txn.may_be_lazy = true;
	if (number == 0)
		return true;
	if (store_scan(t->store, &scan, &page, e)) {
		batch_commit(&b, &partition, page.version, 0, page.row_count);
		for (size_t i = 0; i < page.row_count; i++)
			batch_remove(&b, page.rows[i].key);
		is_last = page.is_last;
		if (is_last) {
			key_add_number(&name, number, 4);
			batch_commit(&b, &all, STORE_ANY_VERSION, 0, 1);
			batch_remove(&b, key_slice(&name));
		}
	} else {
		is_good = false;
	}
	store_page_done(&page);
	if (!is_good)
		return false;
	*ret_more = true;
	switch (batch_write(&b, t->store, e)) {
	case STORE_OK:
		if (is_last)
			bucket_forget(t, number);
		return true;
	case STORE_CONFLICT:
	case STORE_UNKNOWN:
		return true; /* the next step looks again */
	case STORE_FAILED:
		break;
	}
	return false;
}
