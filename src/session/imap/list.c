/* SPDX-License-Identifier: MIT */
/*
 * list - LIST and LSUB. RFC 9051 6.3.9, RFC 3501 6.3.8 and 6.3.9, RFC 5258, 5819, 6154.
 */
#include "session/imap/mailbox.h"

#include "base/limits.h"
#include "syntax/imap_flag.h"
#include "syntax/imap_list.h"
#include "syntax/imap_name.h"

enum {
	LIST_ARENA_BYTES =
		24 << 20,        /* LIMIT_MAILBOXES and LIMIT_SUBSCRIPTIONS names of full length */
	LIST_PAGE_NAMES = 30001, /* all of them at once: one moment */
};

/* All names of the account, in the order of bytes. */
struct names {
	struct mailbox *at;
	size_t count;
	struct arena arena;
};

static bool is_box(const struct mailbox *box)
{
	return !id_is_zero(box->id);
}

/* The first name that is not before `name` (with '/' behind it when is_below). */
static size_t names_from(const struct names *n, struct slice name, bool is_below)
{
	size_t from = 0, to = n->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		struct slice it = n->at[middle].name;
		int order = slice_order(slice_first(it, name.len), name);

		/* What begins with the name: is it before the name with its '/'? */
		if (order == 0 && is_below)
			order = it.len == name.len || it.at[name.len] < IMAP_DELIMITER ? -1 : 1;
		else if (order == 0)
			order = 1;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static const struct mailbox *names_find(const struct names *n, struct slice name)
{
	size_t at = names_from(n, name, false);

	return at < n->count && slice_same(n->at[at].name, name) ? &n->at[at] : NULL;
}

/* Is some name below it that the command selects, too? */
static bool has_chosen_below(const struct names *n, struct slice name, unsigned selects)
{
	for (size_t i = names_from(n, name, true);
		i < n->count && imap_name_is_below(n->at[i].name, name); i++)
		if (((selects & IMAP_LIST_SUBSCRIBED) == 0 || n->at[i].is_subscribed) &&
			((selects & IMAP_LIST_SPECIAL_USE) == 0 || n->at[i].uses != 0))
			return true;
	return false;
}

/* ---- One row ---- */

static bool matches(const struct imap_list *given, struct slice name)
{
	for (size_t i = 0; i < given->pattern_count; i++)
		if (imap_pattern_match(given->patterns[i], name))
			return true;
	return false;
}

static void put_attributes(struct imap *s, const struct imap_list *given, const struct mailbox *box)
{
	bool wants_subscribed = (given->returns & IMAP_LIST_RETURN_SUBSCRIBED) != 0 ||
				(given->selects & IMAP_LIST_SUBSCRIBED) != 0;

	imap_put(s, box->has_children ? S("\\HasChildren") : S("\\HasNoChildren"));
	if (!is_box(box))
		imap_put(s, given->is_extended || (s->enabled & IMAP_ENABLED_REV2) != 0
				    ? S(" \\NonExistent \\NoSelect")
				    : S(" \\NoSelect"));
	if (wants_subscribed && box->is_subscribed)
		imap_put(s, S(" \\Subscribed"));
	if (box->uses != 0) {
		imap_put(s, S(" "));
		imap_wrote(s, imap_uses_write(&s->out, box->uses));
	}
}

static void put_row_status(struct imap *s, const struct imap_list *given, const struct mailbox *box)
{
	struct error e = { .fault = FAULT_NONE };
	struct folder *folder;

	if ((given->returns & IMAP_LIST_RETURN_STATUS) == 0 || !is_box(box))
		return;
	/* RFC 5819 2: a mailbox that went meanwhile just has no STATUS. */
	if (mailbox_open(s->client.host->mail, s->client.account_id, box->name, &folder, &e) !=
		MAILBOX_OK)
		return;
	imap_put_status(s, box->name, folder, given->status);
	folder_close(folder);
}

/* RFC 5258 3: CHILDINFO says that a name below was selected and may not match the pattern. */
static void put_row(struct imap *s, const struct imap_list *given, const struct names *n,
	const struct mailbox *box)
{
	bool wants_child_info = (given->selects & IMAP_LIST_RECURSIVEMATCH) != 0;

	imap_put(s, S("* LIST ("));
	put_attributes(s, given, box);
	imap_put(s, S(") \"/\" "));
	imap_put_name(s, box->name);
	if (wants_child_info && (given->selects & IMAP_LIST_SUBSCRIBED) != 0 &&
		has_chosen_below(n, box->name, IMAP_LIST_SUBSCRIBED))
		imap_put(s, S(" (CHILDINFO (\"SUBSCRIBED\"))"));
	else if (wants_child_info && (given->selects & IMAP_LIST_SPECIAL_USE) != 0 &&
		 has_chosen_below(n, box->name, IMAP_LIST_SPECIAL_USE))
		imap_put(s, S(" (CHILDINFO (\"SPECIAL-USE\"))"));
	imap_put(s, S("\r\n"));
	put_row_status(s, given, box);
}

static void put_lsub_row(struct imap *s, struct slice name, bool is_parent_only)
{
	imap_put(s, is_parent_only ? S("* LSUB (\\NoSelect) \"/\" ") : S("* LSUB () \"/\" "));
	imap_put_name(s, name);
	imap_put(s, S("\r\n"));
}

/* ---- Choosing ---- */

static bool is_chosen(const struct imap_list *given, const struct mailbox *box)
{
	if ((given->selects & IMAP_LIST_SPECIAL_USE) != 0 && box->uses == 0)
		return false;
	if ((given->selects & IMAP_LIST_SUBSCRIBED) != 0)
		return box->is_subscribed;
	/* A name that is only subscribed, or that only has something below it. */
	return is_box(box) || box->has_children;
}

/*
 * The levels above a chosen name which are not chosen themselves: told once, with the first name below them (these stand
 * together). `before` is the chosen name before this one.
 */
static void tell_parents(struct imap *s, const struct imap_list *given, const struct names *n,
	struct slice name, struct slice before, bool is_lsub)
{
	struct slice above = name;

	while (imap_name_parent(above, &above)) { /* bounded by LIMIT_MAILBOX_DEPTH */
		const struct mailbox *box = names_find(n, above);
		struct mailbox absent = { .name = above, .has_children = true };

		if (imap_name_is_below(before, above) || !matches(given, above))
			continue;
		if (box != NULL && is_chosen(given, box))
			continue;
		if (is_lsub)
			put_lsub_row(s, above, true);
		else
			put_row(s, given, n, box == NULL ? &absent : box);
	}
}

static void tell_names(struct imap *s, const struct imap_list *given, const struct names *n)
{
	struct slice before = S("");

	for (size_t i = 0; i < n->count && !s->is_broken; i++) {
		const struct mailbox *box = &n->at[i];

		if (!is_chosen(given, box))
			continue;
		if ((given->selects & IMAP_LIST_RECURSIVEMATCH) != 0)
			tell_parents(s, given, n, box->name, before, false);
		before = box->name;
		if (matches(given, box->name))
			put_row(s, given, n, box);
	}
}

/* RFC 3501 6.3.9: "%" also shows the levels above subscribed names, as \NoSelect. */
static void tell_subscribed(struct imap *s, const struct imap_list *given, const struct names *n)
{
	struct slice before = S("");

	for (size_t i = 0; i < n->count && !s->is_broken; i++) {
		const struct mailbox *box = &n->at[i];

		if (!box->is_subscribed)
			continue;
		if (matches(given, box->name))
			put_lsub_row(s, box->name, false);
		else
			tell_parents(s, given, n, box->name, before, true);
		before = box->name;
	}
}

static enum next list_run(struct imap *s, const struct imap_list *given,
	void (*tell)(struct imap *, const struct imap_list *, const struct names *))
{
	struct error e = { .fault = FAULT_NONE };
	struct names n = { .arena = { .max = LIST_ARENA_BYTES } };
	bool is_good = mailbox_list(s->client.host->mail, s->client.account_id, S(""),
		LIST_PAGE_NAMES, &n.arena, &n.at, &n.count, &e);

	if (is_good)
		tell(s, given, &n);
	arena_done(&n.arena);
	return is_good ? imap_ok(s, S("That is all")) : imap_failed(s, &e);
}

enum next imap_list(struct imap *s, struct slice args)
{
	struct imap_list given;

	if (!imap_list_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if ((given.returns & (IMAP_LIST_RETURN_MYRIGHTS | IMAP_LIST_RETURN_METADATA)) != 0)
		return imap_bad(s, S("MYRIGHTS and METADATA are not offered here"));
	if (given.is_delimiter) {
		imap_put(s, S("* LIST (\\NoSelect) \"/\" \"\"\r\n"));
		return imap_ok(s, S("That is all"));
	}
	return list_run(s, &given, tell_names);
}

enum next imap_lsub(struct imap *s, struct slice args)
{
	struct imap_list given;

	if (!imap_lsub_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if (given.is_delimiter) {
		imap_put(s, S("* LSUB (\\NoSelect) \"/\" \"\"\r\n"));
		return imap_ok(s, S("That is all"));
	}
	return list_run(s, &given, tell_subscribed);
}
