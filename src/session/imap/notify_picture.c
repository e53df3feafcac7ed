/* SPDX-License-Identifier: MIT */
#include "session/imap/notify.h"

#include "syntax/imap_flag.h"
#include "syntax/imap_name.h"

#include <stdlib.h>
#include <string.h>

void notify_picture_done(struct notify_picture *p)
{
	arena_done(&p->arena);
	*p = (struct notify_picture){ 0 };
}

/* ---- Finding by folder: pointers to ids, sorted by them ---- */

struct by_id {
	const struct id **at;
	size_t count;
};

static int id_order(const void *a, const void *b)
{
	const struct id *const *x = a, *const *y = b;

	return memcmp(*x, *y, sizeof **x);
}

/* Of an array of structs, with their ids at an offset; those without are left out. */
static bool by_id_make(struct arena *a, const void *rows, size_t count, size_t row_bytes,
	size_t id_at, struct by_id *ret)
{
	ret->count = 0;
	ret->at = arena_take(a, count * sizeof *ret->at + 1);
	for (size_t i = 0; ret->at != NULL && i < count; i++) {
		const void *id = (const char *)rows + i * row_bytes + id_at;

		if (!id_is_zero(*(const struct id *)id))
			ret->at[ret->count++] = id;
	}
	if (ret->count > 0)
		qsort(ret->at, ret->count, sizeof *ret->at, id_order);
	return ret->at != NULL;
}

static const struct id *by_id_find(const struct by_id *b, struct id id)
{
	const struct id *key = &id;
	const struct id **found =
		b->count == 0 ? NULL : bsearch(&key, b->at, b->count, sizeof *b->at, id_order);

	return found == NULL ? NULL : *found;
}

static const struct notify_row *row_of(const struct by_id *b, struct id folder)
{
	const struct id *at = by_id_find(b, folder);

	return at == NULL ? NULL
			  : (const void *)((const char *)at - offsetof(struct notify_row, folder));
}

static const struct notify_row *picture_find(const struct notify_picture *p, struct slice name)
{
	size_t from = 0, to = p->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = slice_order(p->at[middle].name, name);

		if (order == 0)
			return &p->at[middle];
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

/* ---- Drawing ---- */

enum {
	MESSAGE_EVENTS =
		IMAP_EVENT_MESSAGE_NEW | IMAP_EVENT_MESSAGE_EXPUNGE | IMAP_EVENT_FLAG_CHANGE,
};

/* What is new about names is seen only by who knows all of them. */
static bool wants_names(const struct notify *n)
{
	for (size_t i = 0; i < n->given.group_count; i++)
		if ((n->given.groups[i].events &
			    (IMAP_EVENT_MAILBOX_NAME | IMAP_EVENT_SUBSCRIPTION_CHANGE)) != 0)
			return true;
	return false;
}

/*
 * The row that a mailbox had before. One that has the name of another which was there has its numbers, too: they are wrong now,
 * and so the client is told the right ones, with UIDVALIDITY (RFC 5465 5.1).
 */
static const struct notify_row *known_as(const struct by_id *known,
	const struct notify_picture *before, const struct roster_row *row)
{
	const struct notify_row *by_name;

	if (before == NULL || !roster_is_box(row))
		return NULL;
	if (row_of(known, row->box.id) != NULL)
		return row_of(known, row->box.id);
	by_name = picture_find(before, row->box.name);
	return by_name == NULL || id_is_zero(by_name->folder) ? NULL : by_name;
}

static bool draw_row(struct notify_picture *p, const struct roster_row *row, unsigned events,
	const struct notify_row *before, bool is_first)
{
	struct notify_row *drawn = &p->at[p->count];
	/* RFC 5465 5: messages are for who may read them. */
	bool may_read = !roster_is_box(row) || (row->rights & IMAP_RIGHT_READ) != 0;

	*drawn = (struct notify_row){ .name = arena_copy(&p->arena, row->box.name),
		.folder = row->box.id,
		.account = row->account,
		.events = may_read ? events : events & ~(unsigned)MESSAGE_EVENTS,
		.is_subscribed = row->box.is_subscribed,
		.is_denied = !may_read && (events & MESSAGE_EVENTS) != 0,
		.told = { .uid_next = 1 },
		.is_dirty = !is_first };
	if (before != NULL) {
		drawn->told = before->told;
		drawn->is_dirty = before->is_dirty || before->told.uid_validity == 0 ||
				  !id_same(before->folder, row->box.id);
	}
	if (drawn->name.at == NULL)
		return false;
	p->count++;
	return true;
}

enum notify_drawn notify_draw(const struct imap *s, const struct notify *n, const struct roster *r,
	const struct notify_picture *before, struct notify_picture *ret)
{
	auto_arena a = { .max = NOTIFY_ARENA_BYTES };
	bool has_all = wants_names(n);
	struct by_id known = { 0 };
	size_t room = r->count < LIMIT_NOTIFY_MAILBOXES ? r->count : LIMIT_NOTIFY_MAILBOXES;

	*ret = (struct notify_picture){ .arena = { .max = NOTIFY_ARENA_BYTES } };
	ret->at = arena_take(&ret->arena, room * sizeof *ret->at + 1);
	if (ret->at == NULL ||
		(before != NULL && !by_id_make(&a, before->at, before->count, sizeof *before->at,
					   offsetof(struct notify_row, folder), &known)))
		return NOTIFY_FAILED;
	for (size_t i = 0; i < r->count; i++) {
		const struct roster_row *row = &r->at[i];
		unsigned events = notify_events(n, s, row);

		if (events == 0 && !has_all)
			continue;
		if (ret->count == room)
			return NOTIFY_OVERFLOW;
		if (!draw_row(ret, row, events, known_as(&known, before, row), before == NULL))
			return NOTIFY_OVERFLOW;
	}
	return NOTIFY_DRAWN;
}

/* ---- Saying ---- */

void notify_put_list(struct imap *s, const struct roster_row *row, struct slice name,
	struct slice old_name, bool is_denied)
{
	bool is_box = row != NULL && roster_is_box(row);

	imap_put(s, S("* LIST ("));
	imap_put(s, is_denied ? S("\\NoAccess ") : is_box ? S("") : S("\\NonExistent "));
	imap_put(s,
		row != NULL && row->box.has_children ? S("\\HasChildren") : S("\\HasNoChildren"));
	if (row != NULL && row->box.is_subscribed)
		imap_put(s, S(" \\Subscribed"));
	if (is_box && row->box.uses != 0) {
		imap_put(s, S(" "));
		imap_wrote(s, imap_uses_write(&s->out, row->box.uses));
	}
	imap_put(s, S(") \"/\" "));
	imap_put_name(s, name);
	if (old_name.len > 0) {
		imap_put(s, S(" (\"OLDNAME\" ("));
		imap_put_name(s, old_name);
		imap_put(s, S("))"));
	}
	imap_put(s, S("\r\n"));
}

/* One comparison of names. */
struct name_news {
	struct imap *s;
	struct notify *n;
	const struct roster *roster;
	const struct notify_picture *before;
	struct by_id known, now;
	bool *is_said; /* beside the roster's rows */
};

static bool is_own(const struct notify *n, struct slice name)
{
	for (size_t i = 0; i < COUNT(n->own); i++) {
		struct slice own = n->own[i];

		if (own.len > 0 && (slice_same(own, name) || imap_name_is_below(own, name) ||
					   imap_name_is_below(name, own)))
			return true;
	}
	return false;
}

static unsigned events_of(const struct name_news *w, struct slice name, struct id account)
{
	const struct roster_row *row = roster_find(w->roster, name);
	const struct roster_row absent = { .box = { .name = name }, .account = account };

	return notify_events(w->n, w->s, row == NULL ? &absent : row);
}

static void say(struct name_news *w, enum imap_event event, struct slice name, struct id account,
	struct slice old_name)
{
	const struct roster_row *row = roster_find(w->roster, name);
	unsigned events = events_of(w, name, account);

	if (old_name.len > 0)
		events |= events_of(w, old_name, account);
	if ((events & event) == 0 || is_own(w->n, name))
		return;
	if (row != NULL) {
		bool *is_said = &w->is_said[row - w->roster->at];

		if (*is_said)
			return;
		*is_said = true;
	}
	notify_put_list(w->s, row, name, old_name, false);
}

/* RFC 5465 5.4: the level above is affected too, be it a mailbox or not. */
static void say_change(struct name_news *w, struct slice name, struct id account)
{
	struct slice above;

	say(w, IMAP_EVENT_MAILBOX_NAME, name, account, S(""));
	if (imap_name_parent(name, &above))
		say(w, IMAP_EVENT_MAILBOX_NAME, above, account, S(""));
}

/* Its new name follows from that of a mailbox above it. */
static bool moved_with_parent(const struct name_news *w, struct slice name, struct slice old_name)
{
	struct slice above = name;

	while (imap_name_parent(above, &above)) { /* bounded by LIMIT_MAILBOX_DEPTH */
		const struct roster_row *row = roster_find(w->roster, above);
		const struct notify_row *old = row == NULL ? NULL : row_of(&w->known, row->box.id);
		struct slice rest = slice_skip(name, above.len);

		if (old != NULL && !slice_same(old->name, above) &&
			imap_name_is_below(old_name, old->name) &&
			slice_same(slice_skip(old_name, old->name.len), rest))
			return true;
	}
	return false;
}

static void tell_here(struct name_news *w)
{
	for (size_t i = 0; i < w->roster->count; i++) {
		const struct roster_row *row = &w->roster->at[i];
		const struct notify_row *old = row_of(&w->known, row->box.id);
		struct slice name = row->box.name;

		if (!roster_is_box(row))
			continue;
		if (old == NULL)
			say_change(w, name, row->account);
		else if (!slice_same(old->name, name) && !moved_with_parent(w, name, old->name))
			say(w, IMAP_EVENT_MAILBOX_NAME, name, row->account, old->name);
	}
}

static void tell_gone(struct name_news *w)
{
	for (size_t i = 0; i < w->before->count; i++) {
		const struct notify_row *old = &w->before->at[i];

		if (!id_is_zero(old->folder) && by_id_find(&w->now, old->folder) == NULL)
			say_change(w, old->name, old->account);
	}
}

static void tell_subscriptions(struct name_news *w)
{
	for (size_t i = 0; i < w->roster->count; i++) {
		const struct roster_row *row = &w->roster->at[i];
		const struct notify_row *old = picture_find(w->before, row->box.name);

		if (row->box.is_subscribed != (old != NULL && old->is_subscribed))
			say(w, IMAP_EVENT_SUBSCRIPTION_CHANGE, row->box.name, row->account, S(""));
	}
	for (size_t i = 0; i < w->before->count; i++) {
		const struct notify_row *old = &w->before->at[i];

		if (old->is_subscribed && roster_find(w->roster, old->name) == NULL)
			say(w, IMAP_EVENT_SUBSCRIPTION_CHANGE, old->name, old->account, S(""));
	}
}

bool notify_put_names(struct imap *s, struct notify *n, const struct roster *r,
	const struct notify_picture *before)
{
	auto_arena a = { .max = ROSTER_ARENA_BYTES };
	struct name_news w = { .s = s, .n = n, .roster = r, .before = before };

	if (!wants_names(n))
		return true;
	w.is_said = arena_take(&a, r->count + 1);
	if (w.is_said == NULL ||
		!by_id_make(&a, before->at, before->count, sizeof *before->at,
			offsetof(struct notify_row, folder), &w.known) ||
		!by_id_make(&a, r->at, r->count, sizeof *r->at,
			offsetof(struct roster_row, box) + offsetof(struct mailbox, id), &w.now))
		return false;
	memset(w.is_said, 0, r->count);
	tell_here(&w);
	tell_gone(&w);
	tell_subscriptions(&w);
	return true;
}
