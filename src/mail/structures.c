/* SPDX-License-Identifier: MIT */
#include "mail/structures.h"

#include "mail/folder_head.h"

#include <stdlib.h>

struct key structures_partition(struct id folder, uint32_t segment)
{
	struct key k = key_of_id('p', folder);

	key_add_number(&k, segment, 4);
	return k;
}

void structure_page_done(struct structure_page *page)
{
	free(page->at);
	store_page_done(&page->page);
	*page = (struct structure_page){ 0 };
}

static bool page_room(struct structure_page *page, size_t count, struct error *e)
{
	struct structure_row *at;

	if (count <= page->room)
		return true;
	at = realloc(page->at, count * sizeof *at);
	if (at == NULL)
		return fail(e, FAULT_LATER, "read structures: out of memory");
	page->at = at;
	page->room = count;
	return true;
}

/* One scan of the segment of uid `after` + 1; *after moves to the last UID that it has seen. */
static bool segment_scan(struct folder *f, uint32_t *after, size_t limit,
	struct structure_page *ret, struct error *e)
{
	uint32_t segment = *after / FOLDER_SEGMENT_UIDS;
	uint64_t segment_last = ((uint64_t)segment + 1) * FOLDER_SEGMENT_UIDS;
	struct key partition = structures_partition(f->id, segment);
	struct key after_key = { .len = 0 };
	struct store_scan scan = {
		.partition = key_slice(&partition), .expect = STORE_ANY_VERSION, .limit = limit
	};

	if (*after > 0) {
		key_add_number(&after_key, *after, 4);
		scan.after = key_slice(&after_key);
	}
	if (!store_scan(f->folders->store, &scan, &ret->page, e) ||
		!page_room(ret, ret->page.row_count, e))
		return false;
	for (size_t i = 0; i < ret->page.row_count; i++)
		ret->at[i] =
			(struct structure_row){ (uint32_t)key_read_number(ret->page.rows[i].key),
				ret->page.rows[i].value };
	ret->count = ret->page.row_count;
	if (ret->page.is_last || ret->count == 0)
		*after = segment_last > UINT32_MAX ? UINT32_MAX : (uint32_t)segment_last;
	else
		*after = ret->at[ret->count - 1].uid;
	return true;
}

bool structures_list(struct folder *f, uint32_t after, uint32_t last, size_t limit,
	struct structure_page *ret, struct error *e)
{
	struct folder_head head;

	{
		HOLDING(&f->folders->lock);
		head = f->committed;
	}
	if (last > head.uid_next - 1)
		last = head.uid_next - 1;
	if (after < head.uid_low - 1)
		after = head.uid_low - 1;
	ret->count = 0;
	ret->is_last = true;
	while (head.has_structures && after < last) {
		size_t span = last - after;

		if (!segment_scan(f, &after, span < limit ? span : limit, ret, e))
			return false;
		while (ret->count > 0 && ret->at[ret->count - 1].uid > last)
			ret->count--;
		ret->is_last = after >= last;
		if (ret->count > 0)
			break;
	}
	return true;
}

void structures_begin(struct structures *s, struct folder *f)
{
	*s = (struct structures){ .folder = f };
}

/* The first record of a folder goes with the head's mark that there are some. */
static enum write_step mark_build(struct folder_write *w, struct batch *b, struct error *e)
{
	const struct batch *records = w->context;
	const struct store_commit *c = &records->txn.commits[0];
	struct key partition = { .len = 0 };

	(void)e;
	if (w->after[0].is_gone)
		return WRITE_STOP;
	w->after[0].has_structures = true;
	folder_write_heads(w, b);
	key_add(&partition, c->partition);
	batch_commit(b, &partition, STORE_ANY_VERSION, c->set_count, 0);
	for (size_t i = 0; i < c->set_count; i++)
		batch_set(b, c->sets[i].key, c->sets[i].value);
	return WRITE_GO;
}

static bool records_write(struct structures *s, struct error *e)
{
	struct folder *f = s->folder;
	struct folder_write w = { .at = { f },
		.count = 1,
		.commit_max = 1,
		.what = "keep structures",
		.is_lazy = true,
		.is_silent = true,
		.build = mark_build,
		.context = s->batch };
	bool is_marked;

	{
		HOLDING(&f->folders->lock);
		is_marked = f->committed.has_structures;
		if (f->committed.is_gone)
			return true;
	}
	if (!is_marked)
		return folder_write_run(&w, e);
	return batch_write_again(s->batch, f->folders->store, e);
}

/* Records of messages that are gone meanwhile would stay for ever: the turn keeps removals away. */
static void batch_flush(struct structures *s)
{
	struct error later = { .fault = FAULT_NONE };

	if (s->batch == NULL)
		return;
	if (s->count > 0 && !s->batch->is_short && folder_turn_take(s->folder, &later)) {
		if (!records_write(s, &later))
			error_clear(&later);
		folder_turn_drop(s->folder);
	}
	batch_done(s->batch);
	free(s->batch);
	s->batch = NULL;
	s->count = s->bytes = 0;
}

static bool batch_new(struct structures *s, uint32_t segment)
{
	struct key partition = structures_partition(s->folder->id, segment);

	s->batch = malloc(sizeof *s->batch);
	if (s->batch == NULL)
		return false;
	batch_begin(s->batch, 1, 0);
	s->batch->txn.may_be_lazy = true;
	batch_commit(s->batch, &partition, STORE_ANY_VERSION, STRUCTURES_BATCH, 0);
	s->segment = segment;
	return true;
}

void structures_keep(struct structures *s, uint32_t uid, struct slice record)
{
	enum { BATCH_BYTES = LIMIT_COMMIT_BYTES / 2 };
	uint32_t segment = (uid - 1) / FOLDER_SEGMENT_UIDS;
	struct key key = { .len = 0 };

	if (record.len > STRUCTURE_BYTES)
		return;
	if (s->count == STRUCTURES_BATCH || s->bytes + record.len > BATCH_BYTES ||
		(s->batch != NULL && s->segment != segment))
		batch_flush(s);
	if (s->batch == NULL && !batch_new(s, segment))
		return;
	key_add_number(&key, uid, 4);
	batch_set(s->batch, key_slice(&key), record);
	s->count++;
	s->bytes += record.len;
}

void structures_end(struct structures *s)
{
	batch_flush(s);
}
