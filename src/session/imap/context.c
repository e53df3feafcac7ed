/* SPDX-License-Identifier: MIT */
#include "session/imap/context.h"

#include "base/limits.h"
#include "mail/mailbox.h"
#include "session/imap/roster.h"
#include "syntax/imap_command.h"

#include <stdlib.h>
#include <string.h>

static struct context **context_find(struct imap *s, struct slice tag)
{
	struct context **place = &s->contexts.first;

	while (*place != NULL && !slice_same(slice_of((*place)->tag), tag))
		place = &(*place)->next;
	return place;
}

static void context_free(struct context *c)
{
	if (c->q.s != NULL)
		search_done(&c->q);
	arena_done(&c->arena);
	uids_done(&c->found);
	free(c->order);
	free(c->tag);
	free(c);
}

static void context_end(struct imap *s, struct context **place)
{
	struct context *c = *place;

	*place = c->next;
	s->contexts.count--;
	s->contexts.sorted_count -= c->given.sort_count > 0 ? 1 : 0;
	context_free(c);
}

void contexts_forget(struct imap *s)
{
	while (s->contexts.first != NULL)
		context_end(s, &s->contexts.first);
}

/* What somebody else shares has a name of its own here. */
static struct slice foreign_mailbox(struct imap *s)
{
	struct error e = { .fault = FAULT_NONE };
	auto_roster roster = { 0 };

	if (!roster_read(s, true, &roster, &e)) {
		imap_note_failure(s, &e);
		return S("");
	}
	for (size_t i = 0; i < roster.count; i++)
		if (id_same(roster.at[i].box.id, folder_id(s->view.folder)))
			return arena_copy(&s->arena, roster.at[i].box.name);
	return S("");
}

struct slice context_mailbox(struct imap *s)
{
	struct error e = { .fault = FAULT_NONE };
	struct mailbox box;

	if (!id_same(folder_account(s->view.folder), s->client.account_id))
		return foreign_mailbox(s);
	if (mailbox_name(s->client.host->mail, s->client.account_id, folder_id(s->view.folder),
		    &s->arena, &box, &e) == MAILBOX_OK)
		return box.name;
	return S("");
}

/* ---- Beginning ---- */

/* RFC 5267 4.3 */
bool context_may_begin(struct imap *s, const struct imap_search *given, enum next *ret_next)
{
	if ((given->returns & IMAP_RETURN_UPDATE) == 0 || *context_find(s, s->tag) == NULL)
		return true;
	*ret_next = imap_bad(s, S("That tag has an update already; take another"));
	return false;
}

void context_refuse(struct imap *s, struct slice why)
{
	imap_put(s, S("* NO [NOUPDATE "));
	imap_put_string(s, s->tag);
	imap_put(s, S("] "));
	imap_put(s, why);
	imap_put(s, S("\r\n"));
}

static bool has_interval(const struct imap_key *key)
{
	if (key->kind == IMAP_KEY_OLDER || key->kind == IMAP_KEY_YOUNGER)
		return true;
	for (const struct imap_key *k = key->children; k != NULL; k = k->next)
		if (has_interval(k))
			return true;
	return false;
}

/* Why there will be no updates; empty: there will. */
static struct slice refusal(const struct result *r)
{
	const struct contexts *all = &r->s->contexts;
	bool is_sort = r->given->sort_count > 0;

	if (all->count >= CONTEXTS_MAX || (is_sort && all->sorted_count >= CONTEXTS_SORTED_MAX))
		return S("There are too many updates already, CANCELUPDATE some");
	if (is_sort && uids_size(&r->found) > CONTEXT_SORTED_ROWS)
		return S("There are too many messages to keep them sorted");
	if (has_interval(r->given->key))
		return S("What is older or younger changes by itself");
	return S("");
}

static bool order_copy(struct context *c, const struct result *r)
{
	size_t count = uids_size(&r->found);

	if (r->given->sort_count == 0)
		return true;
	c->room = count + 16; /* some may come soon */
	c->order = malloc(c->room * sizeof *c->order);
	if (c->order == NULL)
		return false;
	if (count > 0)
		memcpy(c->order, r->order, count * sizeof *c->order);
	return true;
}

/* The keys again, in memory of its own; sets are what they are for the command that runs. */
static bool context_fill(
	struct context *c, const struct result *r, context_parse_fn *parse, struct slice args)
{
	struct imap *s = r->s;
	struct imap_parse p = { .arena = &c->arena, .is_utf8 = s->parse.is_utf8 };

	c->arena.max = LIMIT_ARENA_BYTES;
	c->tag = client_text(s->tag);
	c->is_uid = r->has_uids;
	c->is_of_esearch = r->mailbox.len > 0;
	args = arena_copy(&c->arena, args);
	if (c->tag == NULL || args.at == NULL || !parse(&p, args, &c->given))
		return false;
	if (search_begin(&c->q, s, r->view, c->given.key).len > 0)
		return false;
	return uids_copy(&r->found, &c->found) && order_copy(c, r);
}

/* The first one: from now on changes are looked for. */
static void contexts_start(struct imap *s)
{
	struct view *v = &s->view;

	if (s->contexts.first != NULL)
		return;
	v->touched_first = v->touched_last = 0;
	s->contexts.modseq = v->exact_modseq;
	s->contexts.uid_next = v->uid_next;
	s->contexts.uid_last = uids_last(&v->uids);
}

void context_begin(const struct result *r, context_parse_fn *parse, struct slice args)
{
	struct imap *s = r->s;
	struct slice why = refusal(r);
	struct context *c;

	if ((r->given->returns & IMAP_RETURN_UPDATE) == 0)
		return;
	if (why.len > 0)
		return context_refuse(s, why);
	c = calloc(1, sizeof *c);
	if (c == NULL || !context_fill(c, r, parse, args)) {
		if (c != NULL)
			context_free(c);
		return context_refuse(s, S("Out of memory"));
	}
	contexts_start(s);
	c->next = s->contexts.first;
	s->contexts.first = c;
	s->contexts.count++;
	s->contexts.sorted_count += c->given.sort_count > 0 ? 1 : 0;
}

/* ---- CANCELUPDATE: all tags or none ---- */

enum next imap_cancelupdate(struct imap *s, struct slice args)
{
	struct imap_names tags;

	if (!imap_cancelupdate_parse(&s->parse, args, &tags))
		return imap_misparsed(s);
	for (size_t i = 0; i < tags.count; i++)
		if (*context_find(s, tags.at[i]) == NULL)
			return imap_bad(s, S("One of these tags has no update"));
	for (size_t i = 0; i < tags.count; i++) {
		struct context **place = context_find(s, tags.at[i]);

		if (*place != NULL)
			context_end(s, place);
	}
	return imap_ok(s, S("No further updates"));
}
