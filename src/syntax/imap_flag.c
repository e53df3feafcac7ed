/* SPDX-License-Identifier: MIT */
#include "syntax/imap_flag.h"

#include "base/limits.h"
#include "syntax/imap_word.h"

static const struct imap_row system_flags[] = {
	{ S_INIT("\\Answered"), IMAP_FLAG_ANSWERED },
	{ S_INIT("\\Flagged"), IMAP_FLAG_FLAGGED },
	{ S_INIT("\\Deleted"), IMAP_FLAG_DELETED },
	{ S_INIT("\\Seen"), IMAP_FLAG_SEEN },
	{ S_INIT("\\Draft"), IMAP_FLAG_DRAFT },
	{ S_INIT("\\Recent"), IMAP_FLAG_RECENT },
};
static const struct imap_row uses[] = {
	{ S_INIT("\\All"), IMAP_USE_ALL },
	{ S_INIT("\\Archive"), IMAP_USE_ARCHIVE },
	{ S_INIT("\\Drafts"), IMAP_USE_DRAFTS },
	{ S_INIT("\\Flagged"), IMAP_USE_FLAGGED },
	{ S_INIT("\\Junk"), IMAP_USE_JUNK },
	{ S_INIT("\\Sent"), IMAP_USE_SENT },
	{ S_INIT("\\Trash"), IMAP_USE_TRASH },
	{ S_INIT("\\Important"), IMAP_USE_IMPORTANT },
};

bool imap_keyword_is_valid(struct slice keyword)
{
	for (size_t i = 0; i < keyword.len; i++) {
		if (!imap_is_atom_byte(keyword.at[i]))
			return false;
	}
	return keyword.len > 0 && keyword.len <= LIMIT_IMAP_KEYWORD_BYTES;
}

static void read_system(struct imap_reader *r, unsigned *system)
{
	const char *from = r->c.at;
	struct slice name;
	size_t i;

	(void)cursor_take(&r->c, 1);
	(void)imap_atom(r, "a flag is expected after the backslash");
	name = (struct slice){ from, (size_t)(r->c.at - from) };
	i = imap_row_find(name, system_flags, COUNT(system_flags));
	if (i == COUNT(system_flags))
		imap_miss(r, "there is no such system flag");
	else
		*system |= system_flags[i].value;
}

static bool is_known(const struct imap_array *keywords, struct slice keyword)
{
	const struct slice *known = keywords->at;

	for (size_t i = 0; i < keywords->count; i++) {
		if (slice_same_nocase(known[i], keyword))
			return true;
	}
	return false;
}

static void read_keyword(struct imap_reader *r, struct imap_array *keywords)
{
	struct slice keyword = imap_atom(r, "a flag is expected");
	struct slice *at;

	if (keyword.len > LIMIT_IMAP_KEYWORD_BYTES)
		imap_miss(r, "a keyword is too long");
	if (r->c.broken || is_known(keywords, keyword))
		return;
	at = imap_array_add(r, keywords, sizeof *at, LIMIT_IMAP_FLAGS, "there are too many flags");
	if (at != NULL)
		*at = keyword;
}

struct imap_flags imap_flags_read(struct imap_reader *r, bool is_bare)
{
	struct imap_array keywords = { 0 };
	unsigned system = 0;
	bool has_list = imap_try(r, '(');

	if (!has_list && !is_bare)
		imap_miss(r, "a list of flags is expected: (\\Seen)");
	while (!r->c.broken && !(has_list && imap_at(r, ')'))) {
		if (imap_at(r, '\\'))
			read_system(r, &system);
		else
			read_keyword(r, &keywords);
		if (!imap_try(r, ' '))
			break;
	}
	if (has_list)
		imap_expect(r, ')', "the list of flags does not end");
	return (struct imap_flags){ system, keywords.at, keywords.count };
}

bool imap_flags_parse(struct imap_parse *p, struct slice text, struct imap_flags *ret)
{
	struct imap_reader r = imap_reader_over(p, text);
	struct imap_flags flags = imap_flags_read(&r, true);

	if (!imap_reader_done(&r))
		return false;
	*ret = flags;
	return true;
}

static bool rows_write(
	struct buf *out, const struct imap_row *rows, size_t count, unsigned bits, bool *has_some)
{
	for (size_t i = 0; i < count; i++) {
		if ((bits & rows[i].value) == 0)
			continue;
		if ((*has_some && !buf_add_byte(out, ' ')) || !buf_add(out, rows[i].word))
			return false;
		*has_some = true;
	}
	return true;
}

bool imap_flags_write(struct buf *out, struct imap_flags flags)
{
	bool has_some = false;

	if (!buf_add_byte(out, '(') ||
		!rows_write(out, system_flags, COUNT(system_flags), flags.system, &has_some))
		return false;
	for (size_t i = 0; i < flags.keyword_count; i++) {
		if ((has_some && !buf_add_byte(out, ' ')) || !buf_add(out, flags.keywords[i]))
			return false;
		has_some = true;
	}
	return buf_add_byte(out, ')');
}

unsigned imap_use_of(struct slice name)
{
	size_t i = imap_row_find(name, uses, COUNT(uses));

	return i == COUNT(uses) ? 0 : uses[i].value;
}

static bool is_word_byte(char byte)
{
	return byte != ' ';
}

bool imap_uses_parse(struct slice text, unsigned *ret)
{
	struct cursor c = cursor_over(text);
	unsigned found = 0;

	while (!cursor_at_end(&c)) {
		unsigned use = imap_use_of(cursor_while(&c, is_word_byte));

		found |= use;
		if (use == 0)
			cursor_break(&c);
		else if (!cursor_at_end(&c))
			cursor_expect(&c, S(" "));
	}
	if (!cursor_finished(&c))
		return false;
	*ret = found;
	return true;
}

bool imap_uses_write(struct buf *out, unsigned bits)
{
	bool has_some = false;

	return rows_write(out, uses, COUNT(uses), bits, &has_some);
}
