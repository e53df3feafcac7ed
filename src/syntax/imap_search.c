/* SPDX-License-Identifier: MIT */
#include "syntax/imap_search.h"

#include "base/limits.h"
#include "syntax/imap_inner.h"
#include "syntax/imap_key.h"

static const struct imap_row returns[] = {
	{ S_INIT("MIN"), IMAP_RETURN_MIN },
	{ S_INIT("MAX"), IMAP_RETURN_MAX },
	{ S_INIT("ALL"), IMAP_RETURN_ALL },
	{ S_INIT("COUNT"), IMAP_RETURN_COUNT },
	{ S_INIT("SAVE"), IMAP_RETURN_SAVE },
	{ S_INIT("UPDATE"), IMAP_RETURN_UPDATE },
	{ S_INIT("CONTEXT"), IMAP_RETURN_CONTEXT },
	{ S_INIT("PARTIAL"), IMAP_RETURN_PARTIAL },
};
static const struct imap_row sort_fields[] = {
	{ S_INIT("ARRIVAL"), IMAP_SORT_ARRIVAL },
	{ S_INIT("CC"), IMAP_SORT_CC },
	{ S_INIT("DATE"), IMAP_SORT_DATE },
	{ S_INIT("FROM"), IMAP_SORT_FROM },
	{ S_INIT("SIZE"), IMAP_SORT_SIZE },
	{ S_INIT("SUBJECT"), IMAP_SORT_SUBJECT },
	{ S_INIT("TO"), IMAP_SORT_TO },
	{ S_INIT("DISPLAYFROM"), IMAP_SORT_DISPLAYFROM },
	{ S_INIT("DISPLAYTO"), IMAP_SORT_DISPLAYTO },
};

static void read_return(struct imap_reader *r, struct imap_search *s)
{
	unsigned bit = imap_row_read(r, returns, COUNT(returns),
		"RETURN takes MIN, MAX, ALL, COUNT, SAVE, UPDATE, CONTEXT and PARTIAL");

	if (bit == IMAP_RETURN_PARTIAL) {
		if ((s->returns & IMAP_RETURN_PARTIAL) != 0)
			imap_miss(r, "PARTIAL stands once");
		imap_space(r);
		s->partial = imap_partial_read(r);
	}
	/* " (" are its items; another option follows a space alone. */
	if (bit == IMAP_RETURN_UPDATE && slice_starts(cursor_rest(&r->c), S(" ("))) {
		imap_space(r);
		s->has_update_items = true;
		s->update_items = imap_fetch_items_read(r);
	}
	s->returns |= bit;
	r->p->has_save |= bit == IMAP_RETURN_SAVE;
}

/* "RETURN (…) " when it is there; RFC 4731 3.1, RFC 9394 3.1. */
static void read_returns(struct imap_reader *r, struct imap_search *s)
{
	const unsigned results = ~(unsigned)(IMAP_RETURN_UPDATE | IMAP_RETURN_CONTEXT);
	const unsigned partial_and_all = IMAP_RETURN_PARTIAL | IMAP_RETURN_ALL;

	if (!imap_try_word(r, S("RETURN")))
		return;
	imap_space(r);
	imap_expect(r, '(', "RETURN takes a list in parentheses");
	s->has_return = true;
	if (!imap_at(r, ')')) {
		do
			read_return(r, s);
		while (imap_try(r, ' '));
	}
	imap_expect(r, ')', "the list of RETURN does not end");
	imap_space(r);
	/* RFC 5267 4.3.1: UPDATE and CONTEXT say nothing of what to return now. */
	if ((s->returns & results) == 0 && (s->returns & IMAP_RETURN_UPDATE) == 0)
		s->returns |= IMAP_RETURN_ALL;
	if ((s->returns & partial_and_all) == partial_and_all)
		imap_miss(r, "RETURN takes ALL or PARTIAL, not both");
}

static void read_charset(struct imap_reader *r, struct imap_search *s)
{
	s->charset = imap_astring(r);
	if (r->c.broken || slice_same_nocase(s->charset, S("UTF-8")) ||
		slice_same_nocase(s->charset, S("US-ASCII")))
		return;
	r->p->is_bad_charset = true;
	imap_miss(r, "the charsets are UTF-8 and US-ASCII");
}

/* Charset and keys as SORT and THREAD want them: RFC 5256 3. */
static void read_charset_and_keys(struct imap_reader *r, struct imap_search *s)
{
	read_charset(r, s);
	imap_space(r);
	s->key = imap_keys_read(r, &s->has_modseq);
}

static void read_optional_charset_and_keys(struct imap_reader *r, struct imap_search *s)
{
	if (imap_try_word(r, S("CHARSET"))) {
		imap_space(r);
		read_charset(r, s);
		imap_space(r);
	}
	s->key = imap_keys_read(r, &s->has_modseq);
}

static bool finish(struct imap_reader *r, const struct imap_search *found, struct imap_search *ret)
{
	if (!imap_reader_done(r))
		return false;
	*ret = *found;
	return true;
}

bool imap_search_parse(struct imap_parse *p, struct slice args, struct imap_search *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_search s = { 0 };

	read_returns(&r, &s);
	read_optional_charset_and_keys(&r, &s);
	return finish(&r, &s, ret);
}

static void read_sort(struct imap_reader *r, struct imap_search *s)
{
	struct imap_array keys = { 0 };
	struct imap_sort_key *key;

	imap_expect(r, '(', "SORT takes a list of criteria: (DATE)");
	do {
		key = imap_array_add(r, &keys, sizeof *key, LIMIT_IMAP_SORT_KEYS,
			"there are too many sort criteria");
		if (key == NULL)
			break;
		key->is_reverse = imap_try_word(r, S("REVERSE"));
		if (key->is_reverse)
			imap_space(r);
		key->field = (enum imap_sort_field)imap_row_read(
			r, sort_fields, COUNT(sort_fields), "there is no such sort criterion");
	} while (imap_try(r, ' '));
	imap_expect(r, ')', "the list of criteria does not end");
	imap_space(r);
	s->sort = keys.at;
	s->sort_count = keys.count;
}

bool imap_sort_parse(struct imap_parse *p, struct slice args, struct imap_search *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_search s = { 0 };

	read_returns(&r, &s);
	read_sort(&r, &s);
	read_charset_and_keys(&r, &s);
	return finish(&r, &s, ret);
}

bool imap_thread_parse(struct imap_parse *p, struct slice args, struct imap_search *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_search s = { 0 };

	if (imap_try_word(&r, S("ORDEREDSUBJECT")))
		s.thread = IMAP_THREAD_ORDEREDSUBJECT;
	else if (imap_try_word(&r, S("REFERENCES")))
		s.thread = IMAP_THREAD_REFERENCES;
	else
		imap_miss(&r, "the algorithms are ORDEREDSUBJECT and REFERENCES");
	imap_space(&r);
	read_charset_and_keys(&r, &s);
	return finish(&r, &s, ret);
}

/* "IN (selected mailboxes (a b)) ", RFC 7377 2.2. */
static void read_scopes(struct imap_reader *r, struct imap_search *s)
{
	struct imap_array scopes = { 0 };
	struct imap_scope *at;

	if (!imap_try_word(r, S("IN")))
		return;
	imap_space(r);
	imap_expect(r, '(', "IN takes a list of mailboxes in parentheses");
	do {
		struct imap_scope scope = imap_scope_read(r, IMAP_SCOPE_OF_ESEARCH);

		at = imap_array_add(r, &scopes, sizeof *at, LIMIT_IMAP_SCOPES,
			"there are too many sources in IN");
		if (at != NULL)
			*at = scope;
	} while (imap_try(r, ' '));
	imap_expect(r, ')', "the list of IN does not end");
	imap_space(r);
	s->scopes = scopes.at;
	s->scope_count = scopes.count;
}

bool imap_esearch_parse(struct imap_parse *p, struct slice args, struct imap_search *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_search s = { 0 };

	read_scopes(&r, &s);
	read_returns(&r, &s);
	if (!s.has_return) {
		s.has_return = true;
		s.returns = IMAP_RETURN_ALL;
	}
	read_optional_charset_and_keys(&r, &s);
	return finish(&r, &s, ret);
}
