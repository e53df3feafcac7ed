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

bool sort_subject(struct slice subject, struct buf *words, struct buf *folded, bool *ret_is_reply)
{
	buf_clear(words);
	buf_clear(folded);
	return envelope_text_value(subject, words) &&
	       thread_subject_base(buf_slice(words), folded, ret_is_reply);
}

static bool subject_value(struct sorting *t, struct slice subject, struct slice *ret)
{
	bool is_reply;

	return sort_subject(subject, &t->words, &t->folded, &is_reply) && keep(t, &t->folded, ret);
}

int64_t sort_sent_s(const struct search *q)
{
	return q->summary.has_sent ? q->summary.sent_s
				   : (int64_t)(q->entry->received_ns / NS_PER_S);
}

static bool value_fill(struct sorting *t, const struct search *q, const struct envelope_view *view,
	enum imap_sort_field field, struct sort_value *ret)
{
	switch (field) {
	case IMAP_SORT_ARRIVAL:
		ret->number = (int64_t)q->entry->received_ns;
		return true;
	case IMAP_SORT_DATE:
		ret->number = sort_sent_s(q);
		return true;
	case IMAP_SORT_SIZE:
		ret->number = (int64_t)q->entry->bytes;
		return true;
	case IMAP_SORT_SUBJECT:
		return subject_value(t, view->subject, &ret->text);
	case IMAP_SORT_CC:
		return address_value(t, view->lists[ENVELOPE_CC], false, &ret->text);
	case IMAP_SORT_FROM:
		return address_value(t, view->lists[ENVELOPE_FROM], false, &ret->text);
	case IMAP_SORT_TO:
		return address_value(t, view->lists[ENVELOPE_TO], false, &ret->text);
	case IMAP_SORT_DISPLAYFROM:
		return address_value(t, view->lists[ENVELOPE_FROM], true, &ret->text);
	case IMAP_SORT_DISPLAYTO:
		return address_value(t, view->lists[ENVELOPE_TO], true, &ret->text);
	}
	return true;
}

/* ---- Rows ---- */

static bool needs_summary(const struct sorting *t)
{
	for (size_t i = 0; i < t->key_count; i++)
		if (t->keys[i].field != IMAP_SORT_ARRIVAL && t->keys[i].field != IMAP_SORT_SIZE)
			return true;
	return false;
}

bool sorting_row(struct sorting *t, struct search *q, struct sort_row *ret, struct error *e)
{
	struct envelope_view view = { .subject = S("NIL") };

	if (needs_summary(t) && !(search_summary(q, e) && search_envelope(q, &view, e)))
		return false;
	*ret = (struct sort_row){ .uid = q->entry->uid,
		.modseq = q->entry->modseq,
		.values = arena_take(&t->arena, (t->key_count + 1) * sizeof *ret->values) };
	if (ret->values == NULL)
		return false;
	for (size_t i = 0; i < t->key_count; i++)
		if (!value_fill(t, q, &view, t->keys[i].field, &ret->values[i]))
			return false;
	return true;
}

static bool rows_grow(struct sorting *t)
{
	size_t room = t->room == 0 ? 64 : 2 * t->room;
	struct sort_row *rows;

	if (t->count < t->room)
		return true;
	rows = realloc(t->rows, room * sizeof *rows);
	if (rows == NULL)
		return false;
	t->rows = rows;
	t->room = room;
	return true;
}

/* A message that cannot be read any more is left out. */
bool sorting_found(void *context, struct search *q)
{
	struct sorting *t = context;
	struct error e = { .fault = FAULT_NONE };

	t->is_short = !rows_grow(t);
	if (t->is_short)
		return false;
	if (sorting_row(t, q, &t->rows[t->count], &e)) {
		t->count++;
		return t->result == NULL || result_found(t->result, q);
	}
	t->is_short = e.fault == FAULT_NONE;
	if (!t->is_short)
		imap_note_failure(t->s, &e);
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
int sorting_order(const struct sorting *t, const struct sort_row *a, const struct sort_row *b)
{
	for (size_t i = 0; i < t->key_count; i++) {
		int order = value_order(&a->values[i], &b->values[i]);

		if (order != 0)
			return t->keys[i].is_reverse ? -order : order;
	}
	return (a->uid > b->uid) - (a->uid < b->uid);
}

static int row_order(const void *first, const void *second, void *context)
{
	return sorting_order(context, first, second);
}

void sorting_sort(struct sorting *t)
{
	if (t->count > 1)
		qsort_r(t->rows, t->count, sizeof *t->rows, row_order, t);
}
