/* SPDX-License-Identifier: MIT */
/*
 * multisearch - ESEARCH: one search in many mailboxes, without leaving the selected one. RFC 7377.
 *
 * The selected mailbox is searched as the client was told of it, another as it is now. Which of them are meant is found once,
 * from one snapshot of the names: so none is searched twice, and there are no loops. Nothing grows with their number.
 */
#include "session/imap/context.h"
#include "session/imap/mailbox.h"

#include "syntax/imap_name.h"

#include <stdlib.h>
#include <string.h>

enum {
	NAMES_ARENA_BYTES = 24 << 20, /* LIMIT_MAILBOXES and LIMIT_SUBSCRIPTIONS of full length */
	NAMES_MAX = 30001,            /* all of them at once: one moment */
};
enum { CHOSEN = 1, SPREAD = 2 /* all below it too */ };

/* One ESEARCH. */
struct multisearch {
	struct imap *s;
	const struct imap_search *given;
	struct slice args;
	struct mailbox *boxes; /* by name */
	uint8_t *marks;        /* of them */
	size_t count;
	struct arena arena; /* of the names */
	bool has_selected;  /* the selected mailbox is among them */
	enum next next;     /* after an answer that ends the command */
};

/* ---- Which mailboxes ---- */

static int name_order(const void *key, const void *box)
{
	return slice_order(*(const struct slice *)key, ((const struct mailbox *)box)->name);
}

static void mark_below(struct multisearch *m, size_t at, bool only_one_level)
{
	struct slice top = m->boxes[at].name;

	/* Names between may begin with the same letters and stand elsewhere: "a-b" is before "a/b". */
	for (size_t i = at + 1; i < m->count && slice_starts(m->boxes[i].name, top); i++) {
		struct slice rest = slice_skip(m->boxes[i].name, top.len + 1);

		if (imap_name_is_below(m->boxes[i].name, top) &&
			(!only_one_level || slice_find(rest, IMAP_DELIMITER) == rest.len))
			m->marks[i] |= CHOSEN;
	}
}

static void mark_name(struct multisearch *m, struct slice name, enum imap_scope_kind kind)
{
	const struct mailbox *box =
		bsearch(&name, m->boxes, m->count, sizeof *m->boxes, name_order);
	size_t at;

	if (box == NULL)
		return;
	at = (size_t)(box - m->boxes);
	m->marks[at] |= CHOSEN;
	if (kind == IMAP_SCOPE_MAILBOXES || (m->marks[at] & SPREAD) != 0)
		return;
	mark_below(m, at, kind == IMAP_SCOPE_SUBTREE_ONE);
	if (kind == IMAP_SCOPE_SUBTREE)
		m->marks[at] |= SPREAD;
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
		memset(m->marks, CHOSEN, m->count);
		return;
	case IMAP_SCOPE_SUBSCRIBED:
		for (size_t i = 0; i < m->count; i++)
			m->marks[i] |= m->boxes[i].is_subscribed ? CHOSEN : 0;
		return;
	case IMAP_SCOPE_MAILBOXES:
	case IMAP_SCOPE_SUBTREE:
	case IMAP_SCOPE_SUBTREE_ONE:
		break;
	}
	for (size_t i = 0; i < scope->name_count; i++)
		mark_name(m, scope->names[i], scope->kind);
}

/* Whether the selected mailbox is one of the marked or asked for by itself: then it is not looked for by its name. */
static void take_selected_out(struct multisearch *m)
{
	struct imap *s = m->s;

	for (size_t i = 0; i < m->count && s->state == IMAP_SELECTED; i++) {
		if (m->marks[i] == 0 || !id_same(m->boxes[i].id, folder_id(s->view.folder)))
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

static bool mailboxes_find(struct multisearch *m, struct error *e)
{
	const struct imap_search *given = m->given;

	m->has_selected = only_selected(given);
	if (m->has_selected)
		return true;
	if (!mailbox_list(m->s->client.host->mail, m->s->client.account_id, S(""), NAMES_MAX,
		    &m->arena, &m->boxes, &m->count, e))
		return false;
	m->marks = arena_take(&m->arena, m->count + 1);
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
static bool search_other(struct multisearch *m, const struct mailbox *box)
{
	struct error e = { .fault = FAULT_NONE };
	enum mailbox_answer answer;
	struct folder *folder;
	struct view view;
	bool is_good;

	answer = mailbox_open(
		m->s->client.host->mail, m->s->client.account_id, box->name, &folder, &e);
	if (answer == MAILBOX_FAILED) {
		m->next = imap_failed(m->s, &e);
		return false;
	}
	if (answer != MAILBOX_OK)
		return true;
	if (!view_open(&view, folder, true, &e)) {
		m->next = imap_failed(m->s, &e);
		return false;
	}
	is_good = search_in(m, &view, box->name);
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
	for (size_t i = 0; i < m->count && !s->is_broken; i++)
		if ((m->marks[i] & CHOSEN) != 0 && !id_is_zero(m->boxes[i].id) &&
			!search_other(m, &m->boxes[i]))
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
	struct multisearch m = {
		.s = s, .given = &given, .args = args, .arena = { .max = NAMES_ARENA_BYTES }
	};
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
		s->enabled |= IMAP_ENABLED_CONDSTORE;
	next = search_everywhere(&m);
	arena_done(&m.arena);
	return next;
}
