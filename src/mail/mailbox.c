/* SPDX-License-Identifier: MIT */
/* Reading: which mailboxes an account has. Changes are in mailbox_change.c and mailbox_rename.c. */
#include "mail/mailbox_names.h"

#include "mail/folder_head.h"
#include "mail/mailbox_parts.h"

#include <stdarg.h>
#include <stdio.h>

enum mailbox_answer mailbox_says(
	enum mailbox_answer answer, struct error *e, const char *format, ...)
{
	va_list words;

	invariant(e->fault == FAULT_NONE);
	e->fault = FAULT_NEVER;
	va_start(words, format);
	(void)vsnprintf(e->text, sizeof e->text, format, words);
	va_end(words);
	return answer;
}

static bool snapshot_of(struct mail *m, struct id account, struct snapshot *ret, struct error *e)
{
	ret->all = m->mailboxes;
	return names_get(m->mailboxes, account, &ret->names, e);
}

void snapshot_done(struct snapshot *s)
{
	if (s->names != NULL)
		names_put(s->all, s->names);
}

/* A head on disk, so that UIDVALIDITY is the same tomorrow. */
static enum write_step head_only(struct folder_write *w, struct batch *b, struct error *e)
{
	(void)e;
	if (w->at[0]->next.version > 0)
		return WRITE_STOP;
	w->after[0].is_logged = true;
	folder_write_heads(w, b);
	return WRITE_GO;
}

static bool folder_establish(struct folder *f, struct error *e)
{
	struct folder_write w = { .at = { f },
		.count = 1,
		.what = "open a mailbox",
		.is_silent = true,
		.build = head_only };

	{
		HOLDING(&f->folders->lock);
		if (f->committed.version > 0)
			return true;
	}
	return folder_write_run(&w, e);
}

static enum mailbox_answer folder_enter(struct mail *m, struct id account, struct id id,
	struct slice name, struct folder **ret, struct error *e)
{
	struct folder_state state;
	struct folder *f;

	if (!folder_open_id(m->folders, account, id, &f, e))
		return MAILBOX_FAILED;
	if (!folder_establish(f, e)) {
		folder_close(f);
		return MAILBOX_FAILED;
	}
	folder_state_get(f, &state);
	if (state.is_gone) {
		folder_close(f);
		return mailbox_says(MAILBOX_MISSING, e, "mailbox '%.*s' was deleted", S_FMT(name));
	}
	*ret = f;
	return MAILBOX_OK;
}

enum mailbox_answer mailbox_open(
	struct mail *m, struct id account, struct slice name, struct folder **ret, struct error *e)
{
	ON_EXIT(snapshot_done) struct snapshot s = { 0 };
	const struct mailbox *found;

	/* INBOX needs no look-up. */
	if (slice_same(name, S("INBOX")))
		return folder_enter(m, account, account, name, ret, e);
	if (!snapshot_of(m, account, &s, e))
		return MAILBOX_FAILED;
	found = names_find(s.names, name);
	if (found == NULL || id_is_zero(found->id))
		return mailbox_says(
			MAILBOX_MISSING, e, "mailbox '%.*s' does not exist", S_FMT(name));
	return folder_enter(m, account, found->id, name, ret, e);
}

enum mailbox_answer mailbox_open_id(
	struct mail *m, struct id account, struct id folder, struct folder **ret, struct error *e)
{
	char room[ID_TEXT_BYTES + 1];

	return folder_enter(m, account, folder, id_text(folder, room), ret, e);
}

static bool mailbox_copy(
	const struct mailbox *from, struct arena *a, struct mailbox *ret, struct error *e)
{
	*ret = *from;
	ret->acl = NULL;
	ret->name = arena_copy(a, from->name);
	return ret->name.at != NULL || fail(e, FAULT_LATER, "list mailboxes: out of memory");
}

enum mailbox_answer mailbox_find(struct mail *m, struct id account, struct slice name,
	struct arena *a, struct mailbox *ret, struct error *e)
{
	ON_EXIT(snapshot_done) struct snapshot s = { 0 };
	const struct mailbox *found;

	if (!snapshot_of(m, account, &s, e))
		return MAILBOX_FAILED;
	found = names_find(s.names, name);
	if (found == NULL)
		return mailbox_says(
			MAILBOX_MISSING, e, "mailbox '%.*s' does not exist", S_FMT(name));
	return mailbox_copy(found, a, ret, e) ? MAILBOX_OK : MAILBOX_FAILED;
}

enum mailbox_answer mailbox_name(struct mail *m, struct id account, struct id folder,
	struct arena *a, struct mailbox *ret, struct error *e)
{
	ON_EXIT(snapshot_done) struct snapshot s = { 0 };

	if (!snapshot_of(m, account, &s, e))
		return MAILBOX_FAILED;
	for (size_t i = 0; i < s.names->count; i++) {
		if (id_same(s.names->at[i].id, folder) && !id_is_zero(folder))
			return mailbox_copy(&s.names->at[i], a, ret, e) ? MAILBOX_OK
									: MAILBOX_FAILED;
	}
	return mailbox_says(MAILBOX_MISSING, e, "no mailbox has this folder any more");
}

bool mailbox_list(struct mail *m, struct id account, struct slice after, size_t limit,
	struct arena *a, struct mailbox **ret, size_t *ret_count, struct error *e)
{
	ON_EXIT(snapshot_done) struct snapshot s = { 0 };
	size_t from = 0, count;

	if (!snapshot_of(m, account, &s, e))
		return false;
	if (after.len > 0) {
		from = names_from(s.names, after);
		if (from < s.names->count && slice_same(s.names->at[from].name, after))
			from++;
	}
	count = s.names->count - from < limit ? s.names->count - from : limit;
	*ret = arena_take(a, count * sizeof **ret + 1);
	if (*ret == NULL)
		return fail(e, FAULT_LATER, "list mailboxes: out of memory");
	for (size_t i = 0; i < count; i++) {
		if (!mailbox_copy(&s.names->at[from + i], a, &(*ret)[i], e))
			return false;
	}
	*ret_count = count;
	return true;
}

bool mailbox_version(struct mail *m, struct id account, uint64_t *ret, struct error *e)
{
	ON_EXIT(snapshot_done) struct snapshot s = { 0 };

	if (!snapshot_of(m, account, &s, e))
		return false;
	*ret = s.names->version;
	return true;
}
