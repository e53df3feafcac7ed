/* SPDX-License-Identifier: MIT */
#include "session/imap/context.h"
#include "session/imap/result.h"

static enum next search_all(struct result *r, struct search *q, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	struct imap *s = r->s;

	if (search_is_decided(q) && !r->given->has_modseq)
		r->is_short = !search_candidates(q, &r->found);
	else if (!search_run(q, result_found, r, &e))
		r->is_short = true;
	if (!r->is_short) {
		context_begin(r, imap_search_parse, args);
		r->is_short = !result_save(r) || !result_put(r);
	}
	if (!r->is_short)
		return imap_ok(s, S("That is all"));
	result_forget(s, r->given);
	if (e.fault != FAULT_NONE)
		return imap_failed(s, &e);
	return imap_no(s, S("[LIMIT] Out of memory"));
}

enum next imap_search(struct imap *s, struct slice args)
{
	struct imap_search given;
	struct result r = { .s = s, .given = &given, .view = &s->view, .has_uids = s->is_uid };
	struct slice why;
	struct search q;
	enum next next;

	if (!imap_search_parse(&s->parse, args, &given))
		return result_misparsed(s);
	if (!context_may_begin(s, &given, &next))
		return next;
	if (given.has_modseq)
		s->enabled |= IMAP_ENABLED_CONDSTORE;
	why = search_begin(&q, s, &s->view, given.key);
	if (why.len > 0)
		result_forget(s, &given);
	next = why.len > 0 ? search_refused(s, why) : search_all(&r, &q, args);
	search_done(&q);
	result_done(&r);
	return next;
}
