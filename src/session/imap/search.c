/* SPDX-License-Identifier: MIT */
#include "session/imap/context.h"
#include "session/imap/result.h"

/* What was found is kept as the command asks, and told. */
static enum next search_answer(
	struct result *r, const struct search_kind *kind, struct search *q, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	struct imap *s = r->s;
	bool is_good = kind->find(r, q, &e);

	if (is_good) {
		context_begin(r, kind->parse, args);
		is_good = result_save(r) && result_put(r);
	}
	if (is_good)
		return imap_ok(s, S("That is all"));
	result_forget(s, r->given);
	if (e.fault != FAULT_NONE)
		return imap_failed(s, &e);
	return imap_no(s, kind->too_much);
}

enum next search_command(struct imap *s, const struct search_kind *kind, struct slice args)
{
	struct imap_search given;
	struct result r = { .s = s, .given = &given, .view = &s->view, .has_uids = s->is_uid };
	struct slice why;
	struct search q;
	enum next next;

	if (!kind->parse(&s->parse, args, &given))
		return result_misparsed(s);
	/* RFC 6855 3; SORT cannot do without it. */
	if (given.sort_count == 0 && given.charset.len > 0 && (s->enabled & IMAP_ENABLED_UTF8) != 0)
		return imap_bad(s, S("UTF8=ACCEPT is enabled: all is UTF-8, without CHARSET"));
	if (!context_may_begin(s, &given, &next))
		return next;
	if (given.has_modseq)
		imap_condstore(s);
	why = search_begin(&q, s, &s->view, given.key);
	if (why.len > 0)
		result_forget(s, &given);
	next = why.len > 0 ? search_refused(s, why) : search_answer(&r, kind, &q, args);
	search_done(&q);
	result_done(&r);
	return next;
}

/* In the order of the mailbox. */
static bool found_all(struct result *r, struct search *q, struct error *e)
{
	if (search_is_decided(q) && !r->given->has_modseq)
		return search_candidates(q, &r->found);
	return search_run(q, result_found, r, e) && !r->is_short;
}

enum next imap_search(struct imap *s, struct slice args)
{
	static const struct search_kind kind = { imap_search_parse, found_all,
		S_INIT("[LIMIT] Out of memory") };

	return search_command(s, &kind, args);
}
