/* SPDX-License-Identifier: MIT */
#include "session/imap/sort.h"

#include "base/limits.h"
#include "message/charset.h"
#include "message/envelope_text.h"
#include "message/thread_subject.h"

#include <stdlib.h>

void sorting_begin(
	struct sorting *t, struct imap *s, const struct imap_sort_key *keys, size_t count)
{
	*t = (struct sorting){ .s = s,
		.keys = keys,
		.key_count = count,
		.arena = { .max = SORT_ARENA_BYTES },
		.words = { .max = LIMIT_HEADER_BYTES },
		.folded = { .max = (size_t)CHARSET_FOLD_GROWTH * LIMIT_HEADER_BYTES } };
}

void sorting_done(struct sorting *t)
{
	free(t->rows);
	arena_done(&t->arena);
	buf_done(&t->words);
	buf_done(&t->folded);
}

/* ---- Values ---- */

static bool keep(struct sorting *t, const struct buf *text, struct slice *ret)
{
	*ret = arena_copy(&t->arena, buf_slice(text));
	return ret->at != NULL;
}

/* The envelope of the message at hand; an empty view when it has none. */
static struct envelope_view view_of(const struct search *q)
{
	struct envelope_view view = { .subject = S("NIL") };

	for (size_t i = 0; i < ENVELOPE_LIST_COUNT; i++)
		view.lists[i] = S("NIL");
	if (q->summary.has_envelope && !envelope_text_view(q->summary.envelope, &view))
		return view;
	return view;
}

static bool address_value(struct sorting *t, struct slice list, bool is_display, struct slice *ret)
{
	bool is_good;

	buf_clear(&t->words);
	buf_clear(&t->folded);
	is_good = is_display ? envelope_text_display(list, &t->words)
			     : envelope_text_sort_address(list, &t->words);
	return is_good && charset_fold(buf_slice(&t->words), &t->folded) &&
	       keep(t, &t->folded, ret);
}

static bool subject_value(
	struct sorting *t, struct slice subject, struct sort_row *row, struct slice *ret)
{
	buf_clear(&t->words);
	buf_clear(&t->folded);
	return envelope_text_value(subject, &t->words) &&
	       thread_subject_base(buf_slice(&t->words), &t->folded, &row->is_reply) &&
	       keep(t, &t->folded, ret);
}

/* RFC 5256 2.2: the Date field, else when it came. */
static int64_t sent_value(const struct search *q)
{
	return q->summary.has_sent ? q->summary.sent_s
				   : (int64_t)(q->entry->received_ns / NS_PER_S);
}

static bool value_fill(struct sorting *t, const struct search *q, enum imap_sort_field field,
	struct sort_row *row, struct sort_value *ret)
{
	struct envelope_view view = view_of(q);

	switch (field) {
	case IMAP_SORT_ARRIVAL:
		ret->number = (int64_t)q->entry->received_ns;
		return true;
	case IMAP_SORT_DATE:
		ret->number = sent_value(q);
		return true;
	case IMAP_SORT_SIZE:
		ret->number = (int64_t)q->entry->bytes;
		return true;
	case IMAP_SORT_SUBJECT:
		return subject_value(t, view.subject, row, &ret->text);
	case IMAP_SORT_CC:
		return address_value(t, view.lists[ENVELOPE_CC], false, &ret->text);
	case IMAP_SORT_FROM:
		return address_value(t, view.lists[ENVELOPE_FROM], false, &ret->text);
	case IMAP_SORT_TO:
		return address_value(t, view.lists[ENVELOPE_TO], false, &ret->text);
	case IMAP_SORT_DISPLAYFROM:
		return address_value(t, view.lists[ENVELOPE_FROM], true, &ret->text);
	case IMAP_SORT_DISPLAYTO:
		return address_value(t, view.lists[ENVELOPE_TO], true, &ret->text);
	}
	return true;
}

/* ---- Rows ---- */

static struct sort_row *row_add(struct sorting *t)
{
	struct sort_row *row;

	if (t->count == t->room) {
		size_t room = t->room == 0 ? 64 : 2 * t->room;
		struct sort_row *rows = realloc(t->rows, room * sizeof *rows);

		if (rows == NULL)
			return NULL;
		t->rows = rows;
		t->room = room;
	}
	row = &t->rows[t->count];
	*row = (struct sort_row){ .values = arena_take(
					  &t->arena, (t->key_count + 1) * sizeof *row->values) };
	if (row->values == NULL)
		return NULL;
	t->count++;
	return row;
}

static bool needs_summary(const struct sorting *t)
{
	for (size_t i = 0; i < t->key_count; i++)
		if (t->keys[i].field != IMAP_SORT_ARRIVAL && t->keys[i].field != IMAP_SORT_SIZE)
			return true;
	return t->keeps_references;
}

static bool row_fill(struct sorting *t, struct search *q, struct sort_row *row)
{
	row->uid = q->entry->uid;
	for (size_t i = 0; i < t->key_count; i++)
		if (!value_fill(t, q, t->keys[i].field, row, &row->values[i]))
			return false;
	if (!t->keeps_references)
		return true;
	row->message_id = arena_copy(&t->arena, q->summary.message_id);
	row->references = arena_copy(&t->arena, q->summary.references);
	return row->message_id.at != NULL && row->references.at != NULL;
}

/* A message that cannot be read any more is left out. */
bool sorting_found(void *context, struct search *q)
{
	struct sorting *t = context;
	struct error e = { .fault = FAULT_NONE };
	struct sort_row *row;

	if (needs_summary(t) && !search_summary(q, &e)) {
		imap_note_failure(t->s, &e);
		return true;
	}
	row = row_add(t);
	t->is_short = row == NULL || !row_fill(t, q, row);
	return !t->is_short;
}

/* ---- Order ---- */

static int value_order(const struct sort_value *a, const struct sort_value *b)
{
	if (a->text.at != NULL && b->text.at != NULL)
		return slice_order(a->text, b->text);
	return (a->number > b->number) - (a->number < b->number);
}

/* Messages that are the same in all keys stand in the order of the mailbox: RFC 5256 3. */
static int row_order(const void *first, const void *second, void *context)
{
	const struct sort_row *a = first, *b = second;
	const struct sorting *t = context;

	for (size_t i = 0; i < t->key_count; i++) {
		int order = value_order(&a->values[i], &b->values[i]);

		if (order != 0)
			return t->keys[i].is_reverse ? -order : order;
	}
	return (a->uid > b->uid) - (a->uid < b->uid);
}

void sorting_sort(struct sorting *t)
{
	if (t->count > 1)
		qsort_r(t->rows, t->count, sizeof *t->rows, row_order, t);
}

uint32_t sorting_number(const struct sorting *t, uint32_t uid)
{
	return t->s->is_uid ? uid : uids_seq(&t->s->view.uids, uid);
}
