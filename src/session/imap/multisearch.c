/* SPDX-License-Identifier: MIT */
/*
 * multisearch - ESEARCH: one search in many mailboxes, without leaving the selected one. RFC 7377.
 *
 * The selected mailbox is searched as the client was told of it, another as it is now. Which of them are meant is found once,
 * from one snapshot of the names: so none is searched twice, and there are no loops. Nothing grows with their number.
 * Limits: what somebody else lets one read but not look up is not found, though it be named.
 */
#include "session/imap/context.h"
#include "session/imap/place.h"
#include "session/imap/roster.h"

#include "syntax/imap_name.h"

#include <string.h>

enum {
	CHOSEN = 1,
	NAMED = 2, /* by its name: it need not be one that may be looked up */
	SPREAD = 4 /* all below it is chosen too */
};

/* One ESEARCH. */
struct multisearch {
	struct imap *s;
	const struct imap_search *given;
	struct slice args;
	struct roster roster;
	uint8_t *marks;    /* of its rows */
	bool has_selected; /* the selected mailbox is among them */
	enum next next;    /* after an answer that ends the command */
};

/* ---- Which mailboxes ---- */

static void mark_below(struct multisearch *m, struct slice top, bool only_one_level)
{
	const struct roster *r = &m->roster;

	for (size_t i = roster_from(r, top, true);
		i < r->count && imap_name_is_below(r->at[i].box.name, top); i++) {
		struct slice rest = slice_skip(r->at[i].box.name, top.len + 1);

		if (!only_one_level || slice_find(rest, IMAP_DELIMITER) == rest.len)
			m->marks[i] |= CHOSEN;
	}
}

static void mark_name(struct multisearch *m, struct slice name, enum imap_scope_kind kind)
{
	const struct roster_row *row = roster_find(&m->roster, name);
	uint8_t *mark;

	if (row == NULL)
		return;
	mark = &m->marks[row - m->roster.at];
	*mark |= CHOSEN | NAMED;
	if (kind == IMAP_SCOPE_MAILBOXES || (*mark & SPREAD) != 0)
		return;
	mark_below(m, name, kind == IMAP_SCOPE_SUBTREE_ONE);
	if (kind == IMAP_SCOPE_SUBTREE)
		*mark |= SPREAD;
}

static void mark_personal(struct multisearch *m)
{
	for (size_t i = 0; i < m->roster.count; i++)
		if (id_same(m->roster.at[i].account, m->s->client.account_id))
			m->marks[i] |= CHOSEN;
}

/* RFC 5465 6. Mail is delivered into INBOX only. */
static void mark_scope(struct multisearch *m, const struct imap_scope *scope)
{
	switch (scope->kind) {
	case IMAP_SCOPE_SELECTED:
	case IMAP_SCOPE_SELECTED_DELAYED:
		m->has_selected = true;
		return;
	case IMAP_SCOPE_INBOXES:
		mark_name(m, S("INBOX"), IMAP_SCOPE_MAILBOXES);
		return;
	case IMAP_SCOPE_PERSONAL:
		mark_personal(m);
		return;
	case IMAP_SCOPE_SUBSCRIBED:
		for (size_t i = 0; i < m->roster.count; i++)
			m->marks[i] |= m->roster.at[i].box.is_subscribed ? CHOSEN : 0;
		return;
	case IMAP_SCOPE_MAILBOXES:
	case IMAP_SCOPE_SUBTREE:
	case IMAP_SCOPE_SUBTREE_ONE:
		break;
	}
	for (size_t i = 0; i < scope->name_count; i++)
		mark_name(m, scope->names[i], scope->kind);
}

/* RFC 7377 2.2: what may not be read is passed over, and so is what was not named and may not be looked up. */
static bool may_search(const struct multisearch *m, size_t at)
{
	const struct roster_row *row = &m->roster.at[at];
	unsigned rights =
		IMAP_RIGHT_READ | ((m->marks[at] & NAMED) == 0 ? (unsigned)IMAP_RIGHT_LOOKUP : 0);

	return (m->marks[at] & CHOSEN) != 0 && roster_is_box(row) &&
	       (row->rights & rights) == rights;
}

/* The selected mailbox is searched as the client was told of it, not as another. */
static void take_selected_out(struct multisearch *m)
{
	struct imap *s = m->s;

	for (size_t i = 0; i < m->roster.count && s->state == IMAP_SELECTED; i++) {
		if (!may_search(m, i) ||
			!id_same(m->roster.at[i].box.id, folder_id(s->view.folder)))
			continue;
		m->marks[i] = 0;
		m->has_selected = true;
	}
}

static bool only_selected(const struct imap_search *given)
{
	for (size_t i = 0; i < given->scope_count; i++)
		if (given->scopes[i].kind != IMAP_SCOPE_SELECTED)
			return false;
	return true;
}

/* Only then it is looked for what others share. */
static bool may_mean_others(const struct imap_search *given)
{
	for (size_t i = 0; i < given->scope_count; i++) {
		const struct imap_scope *scope = &given->scopes[i];

		if (scope->kind == IMAP_SCOPE_SUBSCRIBED)
			return true;
		for (size_t n = 0; n < scope->name_count; n++)
			if (place_is_foreign(scope->names[n]))
				return true;
	}
	return false;
}

static bool mailboxes_find(struct multisearch *m, struct error *e)
{
	const struct imap_search *given = m->given;

	m->has_selected = only_selected(given);
	if (m->has_selected)
		return true;
	if (!roster_read(m->s, may_mean_others(given), &m->roster, e))
		return false;
	m->marks = arena_take(&m->roster.arena, m->roster.count + 1);
	if (m->marks == NULL)
		return fail(e, FAULT_LATER, "search in many mailboxes: out of memory");
	for (size_t i = 0; i < given->scope_count; i++)
		mark_scope(m, &given->scopes[i]);
	take_selected_out(m);
	return true;
}

/* ---- One mailbox ---- */

static bool result_fill(struct result *r, struct search *q, struct error *e)
{
	if (search_is_decided(q) && !r->given->has_modseq)
		r->is_short = !search_candidates(q, &r->found);
	else if (!search_run(q, result_found, r, e))
		return false;
	return !r->is_short || fail(e, FAULT_LATER, "search: out of memory");
}

/* RFC 7377 2.1: a mailbox without a match is not spoken of; its updates may come all the same. */
static bool result_tell(struct multisearch *m, struct result *r, struct error *e)
{
	bool is_selected = r->view == &m->s->view;

	if (is_selected)
		context_begin(r, imap_esearch_parse, m->args);
	if (!result_save(r) || (r->found.count > 0 && !result_put(r)))
		return fail(e, FAULT_LATER, "search: out of memory");
	return true;
}

/* False: NO or BAD was said. */
static bool search_in(struct multisearch *m, const struct view *view, struct slice name)
{
	struct result r = {
		.s = m->s, .given = m->given, .view = view, .has_uids = true, .mailbox = name
	};
	struct error e = { .fault = FAULT_NONE };
	struct search q;
	struct slice why = search_begin(&q, m->s, view, m->given->key);
	bool is_good = why.len == 0 && result_fill(&r, &q, &e) && result_tell(m, &r, &e);

	search_done(&q);
	result_done(&r);
	if (is_good)
		return true;
	result_forget(m->s, m->given);
	m->next = why.len > 0 ? search_refused(m->s, why) : imap_failed(m->s, &e);
	return false;
}

/* One that went meanwhile has no messages. */
static bool search_other(struct multisearch *m, const struct roster_row *row)
{
	struct error e = { .fault = FAULT_NONE };
	enum mailbox_answer answer;
	struct folder *folder;
	struct view view;
	bool is_good;

	answer = mailbox_open_id(m->s->client.host->mail, row->account, row->box.id, &folder, &e);
	if (answer != MAILBOX_OK && answer != MAILBOX_FAILED)
		return true;
	if (answer == MAILBOX_FAILED || !view_open(&view, folder, true, &e)) {
		m->next = imap_failed(m->s, &e);
		return false;
	}
	is_good = search_in(m, &view, row->box.name);
	view_close(&view);
	return is_good;
}

static enum next search_everywhere(struct multisearch *m)
{
	struct error e = { .fault = FAULT_NONE };
	struct imap *s = m->s;

	if (!mailboxes_find(m, &e))
		return imap_failed(s, &e);
	if (!m->has_selected && (m->given->returns & IMAP_RETURN_UPDATE) != 0)
		context_refuse(s, S("The selected mailbox is not among those searched"));
	if (m->has_selected && !search_in(m, &s->view, context_mailbox(s)))
		return m->next;
	for (size_t i = 0; i < m->roster.count && !s->is_broken; i++)
		if (may_search(m, i) && !search_other(m, &m->roster.at[i]))
			return m->next;
	return imap_ok(s, S("That is all"));
}

/* ---- The command ---- */

static bool has_saved_set(const struct imap_key *key)
{
	if ((key->kind == IMAP_KEY_SET || key->kind == IMAP_KEY_UID) && key->set.is_saved)
		return true;
	for (const struct imap_key *k = key->children; k != NULL; k = k->next)
		if (has_saved_set(k))
			return true;
	return false;
}

/* RFC 7377 2.2. Empty: it may run. */
static struct slice refusal(const struct imap *s, const struct imap_search *given)
{
	bool is_selected = s->state == IMAP_SELECTED, is_alone = only_selected(given);

	for (size_t i = 0; i < given->scope_count && !is_selected; i++)
		if (given->scopes[i].kind == IMAP_SCOPE_SELECTED)
			return S("Select a mailbox first");
	if (is_alone && !is_selected)
		return S("Select a mailbox first, or say IN which to search");
	if ((given->returns & IMAP_RETURN_UPDATE) != 0 && !is_selected)
		return S("UPDATE is of the selected mailbox, and there is none");
	if ((given->returns & IMAP_RETURN_SAVE) != 0 && !is_alone)
		return S("SAVE is of the selected mailbox only");
	if (!is_alone && has_saved_set(given->key))
		return S("$ is of the selected mailbox only");
	return S("");
}

enum next imap_esearch(struct imap *s, struct slice args)
{
	struct imap_search given;
	struct multisearch m = { .s = s, .given = &given, .args = args };
	struct slice why;
	enum next next;

	if (!imap_esearch_parse(&s->parse, args, &given))
		return result_misparsed(s);
	why = refusal(s, &given);
	if (why.len > 0)
		return imap_bad(s, why);
	if (!context_may_begin(s, &given, &next))
		return next;
	if (given.has_modseq)
		imap_condstore(s);
	next = search_everywhere(&m);
	roster_done(&m.roster);
	return next;
}
