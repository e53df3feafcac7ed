/* SPDX-License-Identifier: MIT */
#include "syntax/imap_list.h"

#include "base/limits.h"
#include "syntax/imap_inner.h"
#include "syntax/imap_name.h"
#include "syntax/utf8.h"

static const struct imap_row status_items[] = {
	{ S_INIT("MESSAGES"), IMAP_STATUS_MESSAGES },
	{ S_INIT("RECENT"), IMAP_STATUS_RECENT },
	{ S_INIT("UIDNEXT"), IMAP_STATUS_UIDNEXT },
	{ S_INIT("UIDVALIDITY"), IMAP_STATUS_UIDVALIDITY },
	{ S_INIT("UNSEEN"), IMAP_STATUS_UNSEEN },
	{ S_INIT("DELETED"), IMAP_STATUS_DELETED },
	{ S_INIT("SIZE"), IMAP_STATUS_SIZE },
	{ S_INIT("HIGHESTMODSEQ"), IMAP_STATUS_HIGHESTMODSEQ },
	{ S_INIT("MAILBOXID"), IMAP_STATUS_MAILBOXID },
	{ S_INIT("APPENDLIMIT"), IMAP_STATUS_APPENDLIMIT },
	{ S_INIT("DELETED-STORAGE"), IMAP_STATUS_DELETED_STORAGE },
};
static const struct imap_row selects[] = {
	{ S_INIT("SUBSCRIBED"), IMAP_LIST_SUBSCRIBED },
	{ S_INIT("REMOTE"), IMAP_LIST_REMOTE },
	{ S_INIT("RECURSIVEMATCH"), IMAP_LIST_RECURSIVEMATCH },
	{ S_INIT("SPECIAL-USE"), IMAP_LIST_SPECIAL_USE },
};
static const struct imap_row returns[] = {
	{ S_INIT("SUBSCRIBED"), IMAP_LIST_RETURN_SUBSCRIBED },
	{ S_INIT("CHILDREN"), IMAP_LIST_RETURN_CHILDREN },
	{ S_INIT("SPECIAL-USE"), IMAP_LIST_RETURN_SPECIAL_USE },
	{ S_INIT("MYRIGHTS"), IMAP_LIST_RETURN_MYRIGHTS },
	{ S_INIT("STATUS"), IMAP_LIST_RETURN_STATUS },
	{ S_INIT("METADATA"), IMAP_LIST_RETURN_METADATA },
};

unsigned imap_status_items_read(struct imap_reader *r)
{
	unsigned items = 0;

	imap_expect(r, '(', "a list of status items is expected: (MESSAGES)");
	do
		items |= imap_row_read(
			r, status_items, COUNT(status_items), "there is no such status item");
	while (imap_try(r, ' '));
	imap_expect(r, ')', "the list of status items does not end");
	return items;
}

bool imap_status_parse(struct imap_parse *p, struct slice args, struct imap_status *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_status s = { .mailbox = imap_mailbox(&r) };

	imap_space(&r);
	s.items = imap_status_items_read(&r);
	if (!imap_reader_done(&r))
		return false;
	*ret = s;
	return true;
}

/* "(SUBSCRIBED) "; the list may be empty. RFC 5258 3.1. */
static void read_selects(struct imap_reader *r, struct imap_list *l)
{
	const unsigned base = IMAP_LIST_SUBSCRIBED | IMAP_LIST_SPECIAL_USE;

	if (!imap_try(r, '('))
		return;
	l->is_extended = true;
	if (!imap_at(r, ')')) {
		do
			l->selects |= imap_row_read(r, selects, COUNT(selects),
				"there is no such selection option of LIST");
		while (imap_try(r, ' '));
	}
	imap_expect(r, ')', "the selection options of LIST do not end");
	imap_space(r);
	if ((l->selects & IMAP_LIST_RECURSIVEMATCH) != 0 && (l->selects & base) == 0)
		imap_miss(r, "RECURSIVEMATCH wants SUBSCRIBED or SPECIAL-USE");
}

static bool is_pattern_byte(char byte)
{
	return byte == '%' || byte == '*' || imap_is_astring_byte(byte);
}

/* RFC 9051 9 list-mailbox: an atom that may have wildcards, or a string. */
static struct slice read_pattern_text(struct imap_reader *r)
{
	struct slice atom = cursor_while(&r->c, is_pattern_byte);

	return atom.len > 0 ? atom : imap_astring(r);
}

/*
 * What no name can match is passed over (RFC 9051 6.3.9): *ret_is_kept false. That is not for 8-bit bytes which are no UTF-8
 * here: they are no pattern. *ret_is_empty: the pattern itself was "".
 */
static struct slice read_pattern(
	struct imap_reader *r, const struct imap_list *l, bool *ret_is_empty, bool *ret_is_kept)
{
	struct slice text = read_pattern_text(r);
	struct slice pattern = S(""), joined = S("");

	*ret_is_empty = text.len == 0;
	*ret_is_kept = !r->c.broken && !l->has_no_reference &&
		       imap_pattern_read(r->p, text, &pattern) &&
		       imap_pattern_join(r->p, l->reference, pattern, &joined);
	if (!*ret_is_kept && !l->has_no_reference && !utf8_is_ascii(text))
		cursor_break(&r->c);
	return joined;
}

static void read_patterns(struct imap_reader *r, struct imap_list *l, bool may_be_list)
{
	struct imap_array patterns = { 0 };
	bool has_list = may_be_list && imap_try(r, '(');
	bool is_empty = false, is_kept;
	struct slice *at;

	l->is_extended |= has_list;
	do {
		struct slice pattern = read_pattern(r, l, &is_empty, &is_kept);

		if (!is_kept && !r->c.broken)
			continue;
		at = imap_array_add(r, &patterns, sizeof *at, LIMIT_IMAP_PATTERNS,
			"there are too many patterns");
		if (at != NULL)
			*at = pattern;
	} while (has_list && imap_try(r, ' '));
	if (has_list)
		imap_expect(r, ')', "the list of patterns does not end");
	l->patterns = patterns.at;
	l->pattern_count = patterns.count;
	l->is_delimiter = is_empty && !has_list;
}

static void read_return(struct imap_reader *r, struct imap_list *l)
{
	unsigned bit =
		imap_row_read(r, returns, COUNT(returns), "there is no such return option of LIST");

	l->returns |= bit;
	if (bit == IMAP_LIST_RETURN_STATUS) {
		imap_space(r);
		l->status |= imap_status_items_read(r);
	} else if (bit == IMAP_LIST_RETURN_METADATA) {
		imap_space(r);
		if (slice_starts_nocase(cursor_rest(&r->c), S("(MAXSIZE ")) ||
			slice_starts_nocase(cursor_rest(&r->c), S("(DEPTH "))) {
			imap_metadata_options_read(r, &l->metadata);
			imap_space(r);
		}
		imap_entries_read(r, &l->metadata);
	}
}

static void read_returns(struct imap_reader *r, struct imap_list *l)
{
	imap_space(r);
	l->is_extended = true;
	if (!imap_try_word(r, S("RETURN")))
		imap_miss(r, "only RETURN (...) may follow the pattern");
	imap_space(r);
	imap_expect(r, '(', "RETURN takes a list in parentheses");
	if (!imap_at(r, ')')) {
		do
			read_return(r, l);
		while (imap_try(r, ' '));
	}
	imap_expect(r, ')', "the list of RETURN does not end");
}

static void read_reference(struct imap_reader *r, struct imap_list *l)
{
	struct slice text = imap_astring(r);

	if (!r->c.broken && !imap_name_read(r->p, text, &l->reference)) {
		l->has_no_reference = true;
		if (!utf8_is_ascii(text))
			cursor_break(&r->c);
	}
	imap_space(r);
}

bool imap_list_parse(struct imap_parse *p, struct slice args, struct imap_list *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_list l = { 0 };

	read_selects(&r, &l);
	read_reference(&r, &l);
	read_patterns(&r, &l, true);
	if (!cursor_at_end(&r.c))
		read_returns(&r, &l);
	l.is_delimiter = l.is_delimiter && !l.is_extended;
	if (!imap_reader_done(&r))
		return false;
	*ret = l;
	return true;
}

bool imap_lsub_parse(struct imap_parse *p, struct slice args, struct imap_list *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_list l = { .selects = IMAP_LIST_SUBSCRIBED };

	read_reference(&r, &l);
	read_patterns(&r, &l, false);
	if (!imap_reader_done(&r))
		return false;
	*ret = l;
	return true;
}
