/* SPDX-License-Identifier: MIT */
#include "session/imap/result.h"

#include <inttypes.h>
#include <stdlib.h>

void result_done(struct result *r)
{
	uids_done(&r->found);
	free(r->order);
	r->order = NULL;
}

bool result_found(void *context, struct search *q)
{
	struct result *r = context;
	uint64_t modseq = q->entry->modseq;

	if (!uids_append(&r->found, q->entry->uid, q->entry->uid)) {
		r->is_short = true;
		return false;
	}
	r->modseq_last = modseq;
	if (r->modseq_first == 0)
		r->modseq_first = modseq;
	if (modseq > r->modseq_most)
		r->modseq_most = modseq;
	/* Only the first is asked for: no need to look further. */
	return r->given->returns != IMAP_RETURN_MIN || r->given->sort_count > 0;
}

uint32_t result_number(const struct result *r, uint32_t uid)
{
	return r->has_uids ? uid : uids_seq(&r->view->uids, uid);
}

/* The UID at a place of the result, from 1 on. */
static uint32_t uid_at(const struct result *r, uint32_t place)
{
	return r->order != NULL ? r->order[place - 1] : uids_at(&r->found, place);
}

/* ---- Sets of numbers ---- */

/* Runs of UIDs are runs of message numbers. */
static bool put_set(struct result *r, const struct uids *uids)
{
	auto_uids numbers = { 0 };

	if (r->has_uids) {
		imap_put_uids(r->s, uids);
		return true;
	}
	for (size_t i = 0; i < uids->count; i++) {
		uint32_t first = uids_seq(&r->view->uids, uids->at[i].first);
		uint32_t span = uids->at[i].last - uids->at[i].first;

		if (!uids_append(&numbers, first, first + span))
			return false;
	}
	imap_put_uids(r->s, &numbers);
	return true;
}

/* From place to place, in the result's order; a range only where it ascends: RFC 5267 3.2. */
static bool put_places(struct result *r, uint32_t first, uint32_t last)
{
	struct imap_set_writer w = { .out = &r->s->out };
	auto_uids part = { 0 };
	bool is_good = true;

	if (r->order == NULL)
		return imap_numbers_add(&r->found, first, last, &part) && put_set(r, &part);
	for (uint32_t place = first; place <= last && is_good; place++) {
		is_good = imap_set_add(&w, result_number(r, uid_at(r, place)));
		imap_wrote(r->s, is_good);
	}
	imap_wrote(r->s, is_good && imap_set_finish(&w));
	return true;
}

static bool put_partial(struct result *r)
{
	const struct imap_partial *p = &r->given->partial;
	struct imap *s = r->s;
	uint32_t first, last;
	bool is_good = true;

	imap_put_format(s,
		p->is_from_end ? " PARTIAL (-%" PRIu32 ":-%" PRIu32 " "
			       : " PARTIAL (%" PRIu32 ":%" PRIu32 " ",
		p->first, p->last);
	if (imap_partial_bounds(p, uids_size(&r->found), &first, &last))
		is_good = put_places(r, first, last);
	else
		imap_put(s, S("NIL"));
	imap_put(s, S(")"));
	return is_good;
}

/* ---- Answers ---- */

/* "* SEARCH 2 3 6 (MODSEQ 5)": RFC 3501 7.2.5, RFC 5256 4, RFC 7162 3.1.6. */
static void put_plain(struct result *r)
{
	uint32_t size = uids_size(&r->found);
	struct imap *s = r->s;

	imap_put(s, r->given->sort_count > 0 ? S("* SORT") : S("* SEARCH"));
	for (uint32_t place = 1; r->order != NULL && place <= size; place++)
		imap_put_format(s, " %" PRIu32, result_number(r, uid_at(r, place)));
	for (size_t i = 0; r->order == NULL && i < r->found.count; i++) {
		uint32_t first = result_number(r, r->found.at[i].first);
		uint64_t span = r->found.at[i].last - r->found.at[i].first;

		for (uint64_t n = 0; n <= span; n++)
			imap_put_format(s, " %" PRIu64, first + n);
	}
	if (r->given->has_modseq && size > 0)
		imap_put_format(s, " (MODSEQ %" PRIu64 ")", r->modseq_most);
	imap_put(s, S("\r\n"));
}

void result_put_head(
	struct imap *s, struct slice tag, struct slice mailbox, const struct view *v, bool is_uid)
{
	imap_put(s, S("* ESEARCH (TAG "));
	imap_put_string(s, tag);
	if (mailbox.len > 0) {
		struct folder_state state;

		folder_state_get(v->folder, &state);
		imap_put(s, S(" MAILBOX "));
		imap_put_name(s, mailbox);
		imap_put_format(s, " UIDVALIDITY %" PRIu32, state.uid_validity);
	}
	imap_put(s, is_uid ? S(") UID") : S(")"));
}

/* RFC 7162 3.1.10: of MIN or MAX alone it is that message's. */
static uint64_t modseq_to_tell(const struct result *r)
{
	const unsigned kept = IMAP_RETURN_SAVE | IMAP_RETURN_UPDATE | IMAP_RETURN_CONTEXT;
	unsigned returns = r->given->returns & ~kept;

	if (returns == IMAP_RETURN_MIN)
		return r->modseq_first;
	if (returns == IMAP_RETURN_MAX)
		return r->modseq_last;
	if (returns == (IMAP_RETURN_MIN | IMAP_RETURN_MAX))
		return r->modseq_first > r->modseq_last ? r->modseq_first : r->modseq_last;
	return r->modseq_most;
}

/* RFC 4731, RFC 9051 7.3.4. */
static bool put_esearch(struct result *r)
{
	unsigned returns = r->given->has_return ? r->given->returns : IMAP_RETURN_ALL;
	uint32_t size = uids_size(&r->found);
	struct imap *s = r->s;
	bool is_good = true;

	result_put_head(s, s->tag, r->mailbox, r->view, r->has_uids);
	if ((returns & IMAP_RETURN_MIN) != 0 && size > 0)
		imap_put_format(s, " MIN %" PRIu32, result_number(r, uid_at(r, 1)));
	if ((returns & IMAP_RETURN_MAX) != 0 && size > 0)
		imap_put_format(s, " MAX %" PRIu32, result_number(r, uid_at(r, size)));
	if ((returns & IMAP_RETURN_COUNT) != 0)
		imap_put_format(s, " COUNT %" PRIu32, size);
	if ((returns & IMAP_RETURN_ALL) != 0 && size > 0) {
		imap_put(s, S(" ALL "));
		is_good = put_places(r, 1, size);
	}
	if ((returns & IMAP_RETURN_PARTIAL) != 0)
		is_good = put_partial(r) && is_good;
	if (r->given->has_modseq && size > 0)
		imap_put_format(s, " MODSEQ %" PRIu64, modseq_to_tell(r));
	imap_put(s, S("\r\n"));
	return is_good;
}

bool result_put(struct result *r)
{
	bool is_rev2 = (r->s->enabled & IMAP_ENABLED_REV2) != 0 && r->given->sort_count == 0;

	const unsigned hints = IMAP_RETURN_UPDATE | IMAP_RETURN_CONTEXT;

	/* RFC 5182 2.1: whoever only saves hears nothing. */
	if ((r->given->returns & ~hints) == IMAP_RETURN_SAVE)
		return true;
	if (r->given->has_return || is_rev2)
		return put_esearch(r);
	put_plain(r);
	return true;
}

/* ---- SAVE ---- */

void result_forget(struct imap *s, const struct imap_search *given)
{
	if ((given->returns & IMAP_RETURN_SAVE) == 0)
		return;
	uids_done(&s->saved);
	s->saved = (struct uids){ 0 };
}

static int uid_order(const void *first, const void *second)
{
	const uint32_t *a = first, *b = second;

	return (*a > *b) - (*a < *b);
}

/* The messages at these places, as a set. */
static bool places_add(const struct result *r, uint32_t first, uint32_t last, struct uids *ret)
{
	uint32_t count = last - first + 1;
	auto_free uint32_t *uids = NULL;
	auto_uids part = { 0 };

	if (r->order == NULL)
		return imap_numbers_add(&r->found, first, last, &part) &&
		       uids_join(ret, &part, ret);
	uids = malloc(count * sizeof *uids);
	if (uids == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++)
		uids[i] = r->order[first - 1 + i];
	qsort(uids, count, sizeof *uids, uid_order);
	return uids_of(uids, count, &part) && uids_join(ret, &part, ret);
}

/* RFC 5182 2.4, RFC 9394 3.2: what MIN, MAX and PARTIAL tell, or all. */
bool result_save(struct result *r)
{
	const unsigned ends = IMAP_RETURN_MIN | IMAP_RETURN_MAX | IMAP_RETURN_PARTIAL;
	unsigned returns = r->given->returns;
	struct uids *saved = &r->s->saved;
	uint32_t size = uids_size(&r->found), first, last;

	if ((returns & IMAP_RETURN_SAVE) == 0)
		return true;
	result_forget(r->s, r->given);
	if ((returns & (IMAP_RETURN_ALL | IMAP_RETURN_COUNT)) != 0 || (returns & ends) == 0)
		return uids_copy(&r->found, saved);
	if (size == 0)
		return true;
	if ((returns & IMAP_RETURN_MIN) != 0 && !places_add(r, 1, 1, saved))
		return false;
	if ((returns & IMAP_RETURN_MAX) != 0 && !places_add(r, size, size, saved))
		return false;
	return (returns & IMAP_RETURN_PARTIAL) == 0 ||
	       !imap_partial_bounds(&r->given->partial, size, &first, &last) ||
	       places_add(r, first, last, saved);
}

enum next result_misparsed(struct imap *s)
{
	const struct imap_search saving = { .returns = IMAP_RETURN_SAVE };

	if (s->parse.is_bad_charset && s->parse.has_save)
		result_forget(s, &saving);
	return imap_misparsed(s);
}
