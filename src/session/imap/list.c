/* SPDX-License-Identifier: MIT */
/*
 * list - LIST and LSUB. RFC 9051 6.3.9, RFC 3501 6.3.8 and 6.3.9, RFC 5258, 5819, 6154.
 */
#include "session/imap/metadata.h"
#include "session/imap/place.h"
#include "session/imap/roster.h"

#include "base/limits.h"
#include "syntax/imap_flag.h"
#include "syntax/imap_list.h"
#include "syntax/imap_name.h"

/* Is some name below it that the command selects, too? */
static bool has_chosen_below(const struct roster *r, struct slice name, unsigned selects)
{
	for (size_t i = roster_from(r, name, true);
		i < r->count && imap_name_is_below(r->at[i].box.name, name); i++)
		if (((selects & IMAP_LIST_SUBSCRIBED) == 0 || r->at[i].box.is_subscribed) &&
			((selects & IMAP_LIST_SPECIAL_USE) == 0 || r->at[i].box.uses != 0))
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

/* One LIST. */
struct listing {
	struct imap *s;
	const struct imap_list *given;
	struct roster roster;
	uint64_t longest; /* METADATA that MAXSIZE left out */
};

struct slice imap_children_word(const struct mailbox *box)
{
	return box->has_children ? S("\\HasChildren") : S("\\HasNoChildren");
}

void imap_put_uses(struct imap *s, unsigned uses)
{
	if (uses == 0)
		return;
	imap_put(s, S(" "));
	imap_wrote(s, imap_uses_write(&s->out, uses));
}

static void put_attributes(struct listing *l, const struct roster_row *row)
{
	bool wants_subscribed = (l->given->returns & IMAP_LIST_RETURN_SUBSCRIBED) != 0 ||
				(l->given->selects & IMAP_LIST_SUBSCRIBED) != 0;

	imap_put(l->s, imap_children_word(&row->box));
	if (roster_is_box(row) && (row->rights & IMAP_RIGHT_READ) == 0) /* RFC 5819 2 */
		imap_put(l->s, S(" \\NoSelect"));
	if (!roster_is_box(row))
		imap_put(l->s, l->given->is_extended || (l->s->enabled & IMAP_ENABLED_REV2) != 0
				       ? S(" \\NonExistent \\NoSelect")
				       : S(" \\NoSelect"));
	if (wants_subscribed && row->box.is_subscribed)
		imap_put(l->s, S(" \\Subscribed"));
	imap_put_uses(l->s, row->box.uses);
}

static void put_row_status(struct listing *l, const struct roster_row *row)
{
	struct error e = { .fault = FAULT_NONE };
	struct folder *folder;

	if ((l->given->returns & IMAP_LIST_RETURN_STATUS) == 0 || !roster_is_box(row) ||
		(row->rights & IMAP_RIGHT_READ) == 0)
		return;
	/* RFC 5819 2: a mailbox that went meanwhile just has no STATUS. */
	if (mailbox_open_id(l->s->client.host->mail, row->account, row->box.id, &folder, &e) !=
		MAILBOX_OK)
		return;
	imap_put_status(l->s, row->box.name, folder, l->given->status);
	folder_close(folder);
}

/* RFC 9590 3; as with STATUS, what went meanwhile has nothing to say. */
static void put_row_metadata(struct listing *l, const struct roster_row *row)
{
	const struct metadata_of of = {
		.owner = row->account, .folder = row->box.id, .reader = l->s->client.account_id
	};
	struct error e = { .fault = FAULT_NONE };

	if ((l->given->returns & IMAP_LIST_RETURN_METADATA) == 0 || !roster_is_box(row) ||
		!imap_metadata_may(row->rights))
		return;
	if (!imap_put_metadata(l->s, &of, row->box.name, &l->given->metadata, &l->longest, &e))
		imap_note_failure(l->s, &e);
}

/* RFC 5258 3: CHILDINFO says that a name below was selected and may not match the pattern. */
static void put_row(struct listing *l, const struct roster_row *row)
{
	bool wants_child_info = (l->given->selects & IMAP_LIST_RECURSIVEMATCH) != 0;

	imap_put(l->s, S("* LIST ("));
	put_attributes(l, row);
	imap_put(l->s, S(") \"/\" "));
	imap_put_name(l->s, row->box.name);
	if (wants_child_info && (l->given->selects & IMAP_LIST_SUBSCRIBED) != 0 &&
		has_chosen_below(&l->roster, row->box.name, IMAP_LIST_SUBSCRIBED))
		imap_put(l->s, S(" (\"CHILDINFO\" (\"SUBSCRIBED\"))"));
	else if (wants_child_info && (l->given->selects & IMAP_LIST_SPECIAL_USE) != 0 &&
		 has_chosen_below(&l->roster, row->box.name, IMAP_LIST_SPECIAL_USE))
		imap_put(l->s, S(" (\"CHILDINFO\" (\"SPECIAL-USE\"))"));
	imap_put(l->s, S("\r\n"));
	/* RFC 8440 4 */
	if ((l->given->returns & IMAP_LIST_RETURN_MYRIGHTS) != 0 && roster_is_box(row))
		imap_put_my_rights(l->s, row->box.name, row->rights);
	put_row_metadata(l, row);
	put_row_status(l, row);
}

static void put_lsub_row(struct imap *s, struct slice name, bool is_parent_only)
{
	imap_put(s, is_parent_only ? S("* LSUB (\\NoSelect) \"/\" ") : S("* LSUB () \"/\" "));
	imap_put_name(s, name);
	imap_put(s, S("\r\n"));
}

/* ---- Choosing ---- */

static bool is_chosen(const struct imap_list *given, const struct roster_row *row)
{
	if ((given->selects & IMAP_LIST_SPECIAL_USE) != 0 && row->box.uses == 0)
		return false;
	if ((given->selects & IMAP_LIST_SUBSCRIBED) != 0)
		return row->box.is_subscribed;
	/* A name that is only subscribed, or that only has something below it. */
	return roster_is_box(row) || row->box.has_children;
}

/* RFC 5258 3.5: is a name below it chosen, and not told because no pattern matches it? Else the parent is redundant. */
static bool hides_chosen(const struct listing *l, struct slice name)
{
	const struct roster *r = &l->roster;

	for (size_t i = roster_from(r, name, true);
		i < r->count && imap_name_is_below(r->at[i].box.name, name); i++)
		if (is_chosen(l->given, &r->at[i]) && !matches(l->given, r->at[i].box.name))
			return true;
	return false;
}

/*
 * The levels above a chosen name which are not chosen themselves: told once, with the first name below them (these stand
 * together). `before` is the chosen name before this one.
 */
static void tell_parents(struct listing *l, struct slice name, struct slice before, bool is_lsub)
{
	struct slice above = name;

	while (imap_name_parent(above, &above)) { /* bounded by LIMIT_MAILBOX_DEPTH */
		const struct roster_row *row = roster_find(&l->roster, above);
		struct roster_row absent = { .box = { .name = above, .has_children = true } };

		if (imap_name_is_below(before, above) || !matches(l->given, above))
			continue;
		if (row != NULL && is_chosen(l->given, row))
			continue;
		if (is_lsub)
			put_lsub_row(l->s, above, true);
		else if (hides_chosen(l, above))
			put_row(l, row == NULL ? &absent : row);
	}
}

static void tell_names(struct listing *l)
{
	struct slice before = S("");

	for (size_t i = 0; i < l->roster.count && !l->s->is_broken; i++) {
		const struct roster_row *row = &l->roster.at[i];

		if (!is_chosen(l->given, row))
			continue;
		if ((l->given->selects & IMAP_LIST_RECURSIVEMATCH) != 0)
			tell_parents(l, row->box.name, before, false);
		before = row->box.name;
		if (matches(l->given, row->box.name))
			put_row(l, row);
	}
}

/* RFC 3501 6.3.9: "%" also shows the levels above subscribed names, as \NoSelect. */
static void tell_subscribed(struct listing *l)
{
	struct slice before = S("");

	for (size_t i = 0; i < l->roster.count && !l->s->is_broken; i++) {
		const struct roster_row *row = &l->roster.at[i];

		if (!row->box.is_subscribed)
			continue;
		if (matches(l->given, row->box.name))
			put_lsub_row(l->s, row->box.name, false);
		else
			tell_parents(l, row->box.name, before, true);
		before = row->box.name;
	}
}

/* A pattern may be about one's own mailboxes alone: then nobody else's are looked at. */
static bool may_show_others(const struct imap_list *given)
{
	for (size_t i = 0; i < given->pattern_count; i++)
		if (imap_pattern_match(given->patterns[i], S(PLACE_OTHERS)) ||
			imap_pattern_match_below(given->patterns[i], S(PLACE_OTHERS)))
			return true;
	return false;
}

static enum next list_run(
	struct imap *s, const struct imap_list *given, void (*tell)(struct listing *))
{
	struct error e = { .fault = FAULT_NONE };
	struct listing l = { .s = s, .given = given };
	bool is_good = roster_read(s, tell == tell_names && may_show_others(given), &l.roster, &e);

	if (is_good) {
		imap_status_asked(s, given->status);
		tell(&l);
	}
	roster_done(&l.roster);
	return is_good ? imap_metadata_done(s, l.longest) : imap_failed(s, &e);
}

enum next imap_list(struct imap *s, struct slice args)
{
	struct imap_list given;

	if (!imap_list_parse(&s->parse, args, &given))
		return imap_misparsed(s);
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
