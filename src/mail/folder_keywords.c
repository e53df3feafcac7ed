/* SPDX-License-Identifier: MIT */
#include "mail/folder_head.h"

#include <stdlib.h>

enum { KEYWORDS_BYTES = FOLDER_KEYWORDS * (LIMIT_IMAP_KEYWORD_BYTES + 2) + 1 };

void folder_keywords(struct folder *f, struct folder_keywords *ret)
{
	HOLDING(&f->folders->lock);
	if (f->keywords == NULL)
		ret->count = 0;
	else
		*ret = *f->keywords;
}

/* FOLDER_KEYWORDS when there is none. */
static size_t name_find(const struct folder_keywords *k, struct slice name)
{
	for (size_t i = 0; i < k->count; i++) {
		if (slice_same_nocase(k->names[i], name))
			return i;
	}
	return FOLDER_KEYWORDS;
}

/* The table with those names that are new and find room; borrowed texts. */
static void names_add(struct folder_keywords *k, const struct slice *names, size_t count)
{
	for (size_t i = 0; i < count && k->count < FOLDER_KEYWORDS; i++) {
		if (name_find(k, names[i]) == FOLDER_KEYWORDS && names[i].len > 0 &&
			names[i].len <= LIMIT_IMAP_KEYWORD_BYTES)
			k->names[k->count++] = names[i];
	}
}

static enum write_step names_build(struct folder_write *w, struct batch *b, struct error *e)
{
	const struct folder_keywords *wanted = w->context;
	char room[KEYWORDS_BYTES];
	struct buf value = BUF_OVER(room);

	(void)e;
	if (w->after[0].is_gone)
		return WRITE_STOP;
	invariant(keywords_encode(wanted, &value));
	folder_write_heads(w, b);
	batch_set(b, S("k"), buf_slice(&value));
	return WRITE_GO;
}

/* Under the turn, which is what writers of the table have. */
static bool names_write(struct folder *f, const struct folder_keywords *wanted, struct error *e)
{
	struct folder_keywords copy = *wanted;
	struct folder_write w = { .at = { f },
		.count = 1,
		.head_set_max = 1,
		.what = "add keywords",
		.is_silent = true,
		.build = names_build,
		.context = &copy };
	char room[KEYWORDS_BYTES];
	struct buf value = BUF_OVER(room);

	if (!folder_write_run(&w, e))
		return false;
	if (w.is_stopped)
		return true;
	invariant(keywords_encode(wanted, &value));
	HOLDING(&f->folders->lock);
	if (f->keywords == NULL)
		f->keywords = calloc(1, sizeof *f->keywords);
	/* What finds no memory now is there when the folder is opened the next time. */
	if (f->keywords == NULL || !keywords_decode(buf_slice(&value), f->keywords))
		return fail(e, FAULT_LATER, "add keywords: out of memory");
	return true;
}

static bool names_extend(struct folder *f, const struct slice *names, size_t count, struct error *e)
{
	struct folder_keywords wanted;
	size_t before;
	bool is_good = true;

	if (!folder_turn_take(f, e))
		return false;
	folder_keywords(f, &wanted);
	before = wanted.count;
	names_add(&wanted, names, count);
	if (wanted.count > before)
		is_good = names_write(f, &wanted, e);
	folder_turn_drop(f);
	return is_good;
}

static void bits_find(
	struct folder *f, const struct slice *names, size_t count, uint64_t *bits, size_t *missing)
{
	struct folder_keywords known;

	folder_keywords(f, &known);
	*bits = 0;
	*missing = 0;
	for (size_t i = 0; i < count; i++) {
		size_t at = name_find(&known, names[i]);

		if (at < FOLDER_KEYWORDS)
			*bits |= UINT64_C(1) << at;
		else
			++*missing;
	}
}

bool folder_keywords_bits(struct folder *f, const struct slice *names, size_t count, bool may_add,
	uint64_t *ret_bits, size_t *ret_missing, struct error *e)
{
	size_t missing;

	bits_find(f, names, count, ret_bits, &missing);
	if (missing > 0 && may_add) {
		if (!names_extend(f, names, count, e))
			return false;
		bits_find(f, names, count, ret_bits, &missing);
	}
	if (ret_missing != NULL)
		*ret_missing = missing;
	return true;
}
