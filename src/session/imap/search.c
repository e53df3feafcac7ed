/* SPDX-License-Identifier: MIT */
#include "session/imap/search.h"

#include <inttypes.h>

/* One SEARCH and what came of it. */
struct finding {
	struct imap *s;
	const struct imap_search *given;
	struct uids found; /* UIDs */
	uint64_t modseq_first, modseq_last, modseq_most;
	bool is_short;
};

static bool on_found(void *context, struct search *q)
{
	struct finding *f = context;
	uint64_t modseq = q->entry->modseq;

	if (!uids_append(&f->found, q->entry->uid, q->entry->uid)) {
		f->is_short = true;
		return false;
	}
	f->modseq_last = modseq;
	if (f->modseq_first == 0)
		f->modseq_first = modseq;
	if (modseq > f->modseq_most)
		f->modseq_most = modseq;
	/* Only the first is asked for: no need to look further. */
	return f->given->returns != IMAP_RETURN_MIN;
}

/* ---- Numbers as the client wants them ---- */

/* UIDs to message numbers; runs of UIDs are runs of numbers. */
static bool numbers_of(const struct imap *s, const struct uids *found, struct uids *ret)
{
	if (s->is_uid)
		return uids_copy(found, ret);
	for (size_t i = 0; i < found->count; i++) {
		uint32_t first = uids_seq(&s->view.uids, found->at[i].first);
		uint32_t span = found->at[i].last - found->at[i].first;

		if (!uids_append(ret, first, first + span))
			return false;
	}
	return true;
}

/* The first to the last of the result, from one of its ends: RFC 9394 3.2. */
bool imap_partial_of(const struct imap_partial *p, const struct uids *all, struct uids *ret)
{
	uint32_t size = uids_size(all), first = p->first, last = p->last;

	if (first > size)
		return true;
	last = last < size ? last : size;
	if (p->is_from_end) {
		uint32_t from = size - last + 1;

		last = size - first + 1;
		first = from;
	}
	return imap_numbers_add(all, first, last, ret);
}

/* ---- Answers ---- */

/* "* SEARCH 2 3 6 (MODSEQ 5)": RFC 3501 7.2.5. */
static void put_search(struct finding *f, const struct uids *numbers)
{
	struct imap *s = f->s;

	imap_put(s, S("* SEARCH"));
	for (size_t i = 0; i < numbers->count; i++)
		for (uint64_t n = numbers->at[i].first; n <= numbers->at[i].last; n++)
			imap_put_format(s, " %" PRIu64, n);
	if (f->given->has_modseq && numbers->count > 0)
		imap_put_format(s, " (MODSEQ %" PRIu64 ")", f->modseq_most);
	imap_put(s, S("\r\n"));
}

static bool put_partial(struct finding *f, const struct uids *numbers)
{
	const struct imap_partial *p = &f->given->partial;
	struct imap *s = f->s;
	auto_uids part = { 0 };

	imap_put_format(s,
		p->is_from_end ? " PARTIAL (-%" PRIu32 ":-%" PRIu32 " "
			       : " PARTIAL (%" PRIu32 ":%" PRIu32 " ",
		p->first, p->last);
	if (!imap_partial_of(p, numbers, &part))
		return false;
	if (part.count == 0)
		imap_put(s, S("NIL"));
	imap_put_uids(s, &part);
	imap_put(s, S(")"));
	return true;
}

static uint64_t modseq_to_tell(const struct finding *f)
{
	unsigned returns = f->given->returns & ~(unsigned)IMAP_RETURN_SAVE;

	if (returns == IMAP_RETURN_MIN)
		return f->modseq_first;
	if (returns == IMAP_RETURN_MAX)
		return f->modseq_last;
	return f->modseq_most;
}

/* RFC 4731, RFC 9051 7.3.4. */
static bool put_esearch(struct finding *f, const struct uids *numbers)
{
	unsigned returns = f->given->has_return ? f->given->returns : IMAP_RETURN_ALL;
	struct imap *s = f->s;
	bool has_some = numbers->count > 0;

	/* RFC 5182 2.1: whoever only saves hears nothing. */
	if (returns == IMAP_RETURN_SAVE)
		return true;
	imap_put(s, S("* ESEARCH (TAG "));
	imap_put_string(s, s->tag);
	imap_put(s, s->is_uid ? S(") UID") : S(")"));
	if ((returns & IMAP_RETURN_MIN) != 0 && has_some)
		imap_put_format(s, " MIN %" PRIu32, numbers->at[0].first);
	if ((returns & IMAP_RETURN_MAX) != 0 && has_some)
		imap_put_format(s, " MAX %" PRIu32, uids_last(numbers));
	if ((returns & IMAP_RETURN_COUNT) != 0)
		imap_put_format(s, " COUNT %" PRIu32, uids_size(numbers));
	if ((returns & IMAP_RETURN_ALL) != 0 && has_some) {
		imap_put(s, S(" ALL "));
		imap_put_uids(s, numbers);
	}
	if ((returns & IMAP_RETURN_PARTIAL) != 0 && !put_partial(f, numbers))
		return false;
	if (f->given->has_modseq && has_some)
		imap_put_format(s, " MODSEQ %" PRIu64, modseq_to_tell(f));
	imap_put(s, S("\r\n"));
	return true;
}

/* ---- SAVE, RFC 5182 ---- */

static void forget_saved(struct imap *s)
{
	uids_done(&s->saved);
	s->saved = (struct uids){ 0 };
}

/* 2.4: with MIN or MAX alone only those are saved. */
static bool save(struct finding *f)
{
	const unsigned ends = IMAP_RETURN_MIN | IMAP_RETURN_MAX;
	unsigned returns = f->given->returns;
	struct imap *s = f->s;
	uint32_t last = uids_last(&f->found);

	if ((returns & IMAP_RETURN_SAVE) == 0)
		return true;
	forget_saved(s);
	if ((returns & (IMAP_RETURN_ALL | IMAP_RETURN_COUNT)) != 0 || (returns & ends) == 0)
		return uids_copy(&f->found, &s->saved);
	if (f->found.count == 0)
		return true;
	if ((returns & IMAP_RETURN_MIN) != 0 &&
		!uids_append(&s->saved, f->found.at[0].first, f->found.at[0].first))
		return false;
	return (returns & IMAP_RETURN_MAX) == 0 || uids_has(&s->saved, last) ||
	       uids_append(&s->saved, last, last);
}

static bool put_result(struct finding *f)
{
	auto_uids numbers = { 0 };

	if (f->is_short || !save(f) || !numbers_of(f->s, &f->found, &numbers))
		return false;
	if (f->given->has_return || (f->s->enabled & IMAP_ENABLED_REV2) != 0)
		return put_esearch(f, &numbers);
	put_search(f, &numbers);
	return true;
}

/* ---- The command ---- */

static enum next search_all(struct finding *f, struct search *q)
{
	struct error e = { .fault = FAULT_NONE };

	if (search_is_decided(q) && !f->given->has_modseq)
		f->is_short = !search_candidates(q, &f->found);
	else if (!search_run(q, on_found, f, &e))
		return imap_failed(f->s, &e);
	if (!put_result(f))
		return imap_no(f->s, S("[LIMIT] Out of memory"));
	return imap_ok(f->s, S("That is all"));
}

enum next imap_search(struct imap *s, struct slice args)
{
	const unsigned not_offered = IMAP_RETURN_UPDATE | IMAP_RETURN_CONTEXT;
	struct imap_search given;
	struct finding f = { .s = s, .given = &given };
	struct search q;
	enum next next;

	if (!imap_search_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if ((given.returns & not_offered) != 0)
		return imap_bad(s, S("UPDATE and CONTEXT are not offered here"));
	if (given.has_modseq)
		s->enabled |= IMAP_ENABLED_CONDSTORE;
	if (search_begin(&q, s, given.key, &next))
		next = search_all(&f, &q);
	else if ((given.returns & IMAP_RETURN_SAVE) != 0)
		forget_saved(s);
	search_done(&q);
	uids_done(&f.found);
	return next;
}
