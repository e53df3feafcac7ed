/* SPDX-License-Identifier: MIT */
#include "session/imap/context.h"
#include "session/imap/fetch.h"

enum { LOOK_PAGE_ROWS = 500 };

/* ---- Which messages have to be looked at again ---- */

/* Those whose flags changed after contexts.modseq, of the UIDs that the view saw touched. */
static bool add_touched(struct imap *s, struct uids *ret, struct error *e)
{
	const struct view *v = &s->view;
	auto_uids range = { 0 }, within = { 0 };
	ON_EXIT(imap_walk_done)
	struct imap_walk walk = { .folder = v->folder,
		.uids = &within,
		.changed_since = s->contexts.modseq,
		.limit = LOOK_PAGE_ROWS };

	if (v->touched_first == 0)
		return true;
	if (!uids_append(&range, v->touched_first, v->touched_last) ||
		!uids_common(&range, &v->uids, &within))
		return fail(e, FAULT_LATER, "look for updates: out of memory");
	do {
		if (!imap_walk_page(&walk, e))
			return false;
		for (size_t i = 0; i < walk.page.count; i++)
			if (!uids_append(ret, walk.page.at[i].uid, walk.page.at[i].uid))
				return fail(e, FAULT_LATER, "look for updates: out of memory");
	} while (walk.page.count > 0);
	return true;
}

/* New ones; and what "*" was or is, in a UID set. */
static bool add_new(struct imap *s, struct uids *ret)
{
	const struct uids *all = &s->view.uids;
	uint32_t last = uids_last(all);
	auto_uids range = { 0 }, newcomers = { 0 };

	if (last >= s->contexts.uid_next && !uids_append(&range, s->contexts.uid_next, last))
		return false;
	if (last != s->contexts.uid_last &&
		!((last == 0 || uids_append(&range, last, last)) &&
			(s->contexts.uid_last == 0 ||
				uids_append(&range, s->contexts.uid_last, s->contexts.uid_last))))
		return false;
	return uids_common(&range, all, &newcomers) && uids_join(ret, &newcomers, ret);
}

static bool messages_to_look_at(struct imap *s, struct uids *ret, struct error *e)
{
	auto_uids look = { 0 };

	if (!add_touched(s, &look, e))
		return false;
	if (!add_new(s, &look) || !uids_without(&look, &s->view.gone, ret))
		return fail(e, FAULT_LATER, "look for updates: out of memory");
	return true;
}

/* ---- What is to be said ---- */

void context_answer(struct context_change *h)
{
	if (!h->has_head)
		result_put_head(h->s, slice_of(h->c->tag), h->mailbox, &h->s->view, h->c->is_uid);
	h->has_head = true;
}

uint32_t context_number(const struct context_change *h, uint32_t uid)
{
	return h->c->is_uid ? uid : uids_seq(&h->s->view.uids, uid);
}

/* SEARCH: place 0, and the client finds the places itself. */
static void put_uids_at_0(struct context_change *h, struct slice word, const struct uids *uids)
{
	struct imap_set_writer w = { .out = &h->s->out };
	bool is_good = true;

	if (uids->count == 0)
		return;
	context_answer(h);
	imap_put(h->s, word);
	imap_put(h->s, S(" (0 "));
	for (size_t i = 0; i < uids->count; i++)
		for (uint64_t uid = uids->at[i].first; uid <= uids->at[i].last && is_good; uid++) {
			is_good = imap_set_add(&w, context_number(h, (uint32_t)uid));
			imap_wrote(h->s, is_good);
		}
	imap_wrote(h->s, is_good && imap_set_finish(&w));
	imap_put(h->s, S(")"));
}

/* ---- One context ---- */

static bool on_found(void *context, struct search *q)
{
	struct context_change *h = context;

	h->is_short = !uids_append(&h->now, q->entry->uid, q->entry->uid);
	return !h->is_short;
}

/* What was found before and is not now, or is gone; and what is found now and was not. */
static bool change_find(struct context_change *h, const struct uids *look, struct error *e)
{
	struct context *c = h->c;
	auto_uids before = { 0 }, lost = { 0 }, gone = { 0 };

	if (!search_renew(&c->q, e) || !search_among(&c->q, look, on_found, h, e))
		return false;
	if (!h->is_short && uids_common(look, &c->found, &before) &&
		uids_without(&before, &h->now, &lost) &&
		uids_common(&c->found, &h->s->view.gone, &gone) &&
		uids_join(&lost, &gone, &h->removed) && uids_without(&h->now, &c->found, &h->added))
		return true;
	return fail(e, FAULT_LATER, "look for updates: out of memory");
}

/* RFC 5465 7: of messages that are new, not of those whose flags brought them in. */
static bool fetch_added(struct context_change *h)
{
	const struct context *c = h->c;
	uint32_t last = uids_last(&h->added);
	auto_uids range = { 0 }, new = { 0 };

	if (!c->given.has_update_items || last < h->s->contexts.uid_next)
		return true;
	if (!uids_append(&range, h->s->contexts.uid_next, last) ||
		!uids_common(&range, &h->added, &new))
		return false;
	if (new.count > 0)
		imap_fetch_new(h->s, &c->given.update_items, &new);
	return true;
}

static bool change_tell(struct context_change *h, struct error *e)
{
	struct context *c = h->c;
	bool is_sort = c->given.sort_count > 0, is_good;

	if (!fetch_added(h))
		return fail(e, FAULT_LATER, "tell updates: out of memory");
	if (c->is_of_esearch && (h->removed.count > 0 || h->added.count > 0))
		h->mailbox = context_mailbox(h->s);
	if (is_sort)
		context_order_remove(h);
	else
		put_uids_at_0(h, S(" REMOVEFROM"), &h->removed);
	is_good = uids_take_away(&c->found, &h->removed);
	if (is_good && is_sort)
		is_good = context_order_add(h);
	else
		put_uids_at_0(h, S(" ADDTO"), &h->added);
	if (h->has_head)
		imap_put(h->s, S("\r\n"));
	is_good = is_good && uids_join(&c->found, &h->added, &c->found);
	return is_good || fail(e, FAULT_GONE, "tell updates: out of memory");
}

static bool context_update(
	struct imap *s, struct context *c, const struct uids *look, struct error *e)
{
	struct context_change h = { .s = s, .c = c };
	bool is_good;

	/* RFC 9586 3: from ENABLE UIDONLY on there are no message numbers. */
	c->is_uid = c->is_uid || imap_is_uid_only(s);
	is_good = change_find(&h, look, e) && change_tell(&h, e);
	search_rest(&c->q);
	uids_done(&h.now);
	uids_done(&h.removed);
	uids_done(&h.added);
	return is_good;
}

/* ---- All of them ---- */

static bool has_changes(const struct imap *s)
{
	const struct view *v = &s->view;

	return v->touched_first != 0 || v->gone.count > 0 || v->uid_next != s->contexts.uid_next;
}

static bool update_all(struct imap *s, struct error *e)
{
	auto_uids look = { 0 };

	if (!messages_to_look_at(s, &look, e))
		return false;
	for (struct context *c = s->contexts.first; c != NULL; c = c->next)
		if (!context_update(s, c, &look, e))
			return false;
	s->view.touched_first = s->view.touched_last = 0;
	s->contexts.modseq = s->view.exact_modseq;
	s->contexts.uid_next = s->view.uid_next;
	s->contexts.uid_last = uids_last(&s->view.uids);
	return true;
}

bool contexts_tell(struct imap *s)
{
	struct error e = { .fault = FAULT_NONE };
	struct view_news news;

	if (s->contexts.first == NULL)
		return true;
	/* What failed is looked at again with the next news, and until then no number moves; what was told and not kept ends
	 * the session. */
	if (has_changes(s) && !update_all(s, &e)) {
		imap_note_failure(s, &e);
		return e.fault != FAULT_GONE;
	}
	if (!s->may_expunge)
		return true;
	if (!view_tell_gone(&s->view, &s->arena, &news, &e)) {
		imap_note_failure(s, &e);
		return true;
	}
	imap_put_gone(s, &news);
	return true;
}
