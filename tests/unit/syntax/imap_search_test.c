/* SPDX-License-Identifier: MIT */
#include "imap_room.h"
#include "syntax/imap_search.h"

/* The tree as text: "(13 x)" is a key of kind 13 with its values; children follow inside. */
static void dump(struct buf *out, const struct imap_key *key)
{
	static const char *const names[] = { "all", "and", "or", "not", "flag", "keyword", "set",
		"uid", "bcc", "cc", "from", "subject", "to", "header", "body", "text", "before",
		"on", "since", "sentbefore", "senton", "sentsince", "savedbefore", "savedon",
		"savedsince", "savedatesupported", "larger", "smaller", "older", "younger",
		"modseq", "emailid", "threadid" };

	check(key->kind < COUNT(names) && buf_add_format(out, "(%s", names[key->kind]));
	check(key->field.len == 0 || buf_add_format(out, " %.*s:", S_FMT(key->field)));
	check(key->text.len == 0 || buf_add_format(out, " %.*s", S_FMT(key->text)));
	check(key->number == 0 || (buf_add(out, S(" ")) && buf_add_number(out, key->number)));
	check(key->day == 0 || buf_add_format(out, " day %d", (int)key->day));
	if (key->set.count > 0 || key->set.is_saved)
		check(buf_add(out, S(" ")) && imap_set_write(out, key->set));
	for (const struct imap_key *child = key->children; child != NULL; child = child->next)
		dump(out, child);
	check(buf_add(out, S(")")));
}

static void test_keys(void **state)
{
	static const struct {
		struct slice args, tree;
	} rows[] = {
		{ S_INIT("ALL"), S_INIT("(all)") },
		{ S_INIT("answered"), S_INIT("(flag 2)") },
		{ S_INIT("UNANSWERED"), S_INIT("(not(flag 2))") },
		{ S_INIT("DELETED UNDELETED"), S_INIT("(and(flag 8)(not(flag 8)))") },
		{ S_INIT("DRAFT UNDRAFT"), S_INIT("(and(flag 16)(not(flag 16)))") },
		{ S_INIT("FLAGGED UNFLAGGED"), S_INIT("(and(flag 4)(not(flag 4)))") },
		{ S_INIT("SEEN UNSEEN"), S_INIT("(and(flag 1)(not(flag 1)))") },
		{ S_INIT("RECENT OLD"), S_INIT("(and(flag 32)(not(flag 32)))") },
		{ S_INIT("NEW"), S_INIT("(and(flag 32)(not(flag 1)))") },
		{ S_INIT("KEYWORD $Junk UNKEYWORD x"),
			S_INIT("(and(keyword $Junk)(not(keyword x)))") },
		{ S_INIT("1:3,*"), S_INIT("(set 1:3,*)") },
		{ S_INIT("$ UID 5:*"), S_INIT("(and(set $)(uid 5:*))") },
		{ S_INIT("UID $"), S_INIT("(uid $)") },
		{ S_INIT("BCC a CC b FROM c SUBJECT d TO e"),
			S_INIT("(and(bcc a)(cc b)(from c)(subject d)(to e))") },
		{ S_INIT("BODY \"a \\\"b\" TEXT {3}\r\nx\r\n"),
			S_INIT("(and(body a \"b)(text x\r\n))") },
		{ S_INIT("HEADER List-Id \"\""), S_INIT("(header List-Id:)") },
		{ S_INIT("HEADER \"X\" {1+}\r\ny"), S_INIT("(header X: y)") },
		{ S_INIT("BEFORE 2-Jan-1970 ON 03-Jan-1970 SINCE \"4-Jan-1970\""),
			S_INIT("(and(before day 1)(on day 2)(since day 3))") },
		{ S_INIT("SENTBEFORE 2-Jan-1970 SENTON 3-Jan-1970 SENTSINCE 4-Jan-1970"),
			S_INIT("(and(sentbefore day 1)(senton day 2)(sentsince day 3))") },
		{ S_INIT("SAVEDBEFORE 2-Jan-1970 SAVEDON 3-Jan-1970 SAVEDSINCE 4-Jan-1970 "
			 "SAVEDATESUPPORTED"),
			S_INIT("(and(savedbefore day 1)(savedon day 2)(savedsince day 3)"
			       "(savedatesupported))") },
		{ S_INIT("LARGER 4294967296 SMALLER 9223372036854775807"),
			S_INIT("(and(larger 4294967296)(smaller 9223372036854775807))") },
		{ S_INIT("OLDER 1 YOUNGER 4294967295"),
			S_INIT("(and(older 1)(younger 4294967295))") },
		{ S_INIT("MODSEQ 7"), S_INIT("(modseq 7)") },
		{ S_INIT("MODSEQ \"/flags/\\\\draft\" all 620162338"),
			S_INIT("(modseq 620162338)") },
		{ S_INIT("EMAILID M6d99ac3275bb4e THREADID T-_1"),
			S_INIT("(and(emailid M6d99ac3275bb4e)(threadid T-_1))") },
		{ S_INIT("NOT SEEN"), S_INIT("(not(flag 1))") },
		{ S_INIT("NOT (SEEN DRAFT) 1"), S_INIT("(and(not(and(flag 1)(flag 16)))(set 1))") },
		{ S_INIT("OR SEEN DRAFT 1"), S_INIT("(and(or(flag 1)(flag 16))(set 1))") },
		{ S_INIT("OR FROM a OR FROM b OR FROM c FROM d"),
			S_INIT("(or(from a)(from b)(from c)(from d))") },
		{ S_INIT("OR OR FROM a FROM b FROM c"),
			S_INIT("(or(or(from a)(from b))(from c))") },
		{ S_INIT("OR (1 2) NOT 3"), S_INIT("(or(and(set 1)(set 2))(not(set 3)))") },
		{ S_INIT("((1))"), S_INIT("(set 1)") },
		{ S_INIT("CHARSET UTF-8 TEXT \"\xc3\xbc\""), S_INIT("(text \xc3\xbc)") },
		{ S_INIT("CHARSET \"us-ascii\" ALL"), S_INIT("(all)") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_search s;
		auto_buf tree = { .max = 1000 };
		IMAP_ROOM(p);

		check_row(imap_search_parse(&p, rows[i].args, &s), i);
		dump(&tree, s.key);
		check_row(slice_same(buf_slice(&tree), rows[i].tree), i);
		check_row(!s.has_return && s.returns == 0, i);
		check_row(s.has_modseq == slice_starts(rows[i].args, S("MODSEQ")), i);
	}
}

static bool parse_search(struct imap_parse *p, struct slice text)
{
	struct imap_search s = { .sort_count = 4711 };
	bool is_ok = imap_search_parse(p, text, &s);

	check(is_ok || s.sort_count == 4711);
	return is_ok;
}

static void test_bad_searches(void **state)
{
	static const struct imap_bad_row rows[] = {
		{ S_INIT(""), "search key is expected" },
		{ S_INIT("ALL "), "search key is expected" },
		{ S_INIT("FOO"), "no such search key" },
		{ S_INIT("SEEN  DRAFT"), "search key is expected" },
		{ S_INIT("()"), "search key is expected" },
		{ S_INIT("(SEEN"), "does not end" },
		{ S_INIT("SEEN)"), "follows" },
		{ S_INIT("NOT"), "argument is missing" },
		{ S_INIT("OR SEEN"), "argument is missing" },
		{ S_INIT("OR SEEN OR DRAFT"), "argument is missing" },
		{ S_INIT("FROM"), "argument is missing" },
		{ S_INIT("FROM (a)"), "atom or a string" },
		{ S_INIT("FROM \"a"), "closing quote" },
		{ S_INIT("FROM \"\\a\""), "backslash" },
		{ S_INIT("FROM \"\xff\""), "not UTF-8" },
		{ S_INIT("FROM {1}\r\n\xff"), "not UTF-8" },
		{ S_INIT("FROM {2}\r\na"), "shorter than announced" },
		{ S_INIT("FROM {1}\r\n\0"), "NUL" },
		{ S_INIT("FROM {1} a"), "end of the line" },
		{ S_INIT("FROM {99999999999999999999}\r\na"), "no number" },
		{ S_INIT("HEADER a"), "argument is missing" },
		{ S_INIT("KEYWORD \\Seen"), "keyword is expected" },
		{ S_INIT("BEFORE 1994-02-01"), "1-Feb-1994" },
		{ S_INIT("BEFORE \"1-Feb-1994"), "1-Feb-1994" },
		{ S_INIT("LARGER -1"), "63 bits" },
		{ S_INIT("LARGER 9223372036854775808"), "63 bits" },
		{ S_INIT("OLDER 0"), "at least 1" },
		{ S_INIT("OLDER 4294967296"), "at least 1" },
		{ S_INIT("UID 0"), "1 to 4294967295" },
		{ S_INIT("UID"), "missing" },
		{ S_INIT("MODSEQ 9223372036854775808"), "63 bits" },
		{ S_INIT("MODSEQ \"/x/y\" all 1"), "/flags/" },
		{ S_INIT("MODSEQ \"/flags/\" all 1"), "/flags/" },
		{ S_INIT("MODSEQ \"/flags/a\" some 1"), "priv, shared or all" },
		{ S_INIT("EMAILID a.b"), "letters, digits" },
		{ S_INIT("EMAILID \"\""), "1 to 255" },
		{ S_INIT("CHARSET ISO-8859-1 ALL"), "UTF-8 and US-ASCII" },
		{ S_INIT("CHARSET UTF-8"), "missing" },
		{ S_INIT("RETURN ALL"), "in parentheses" },
		{ S_INIT("RETURN (FOO) ALL"), "RETURN takes MIN" },
		{ S_INIT("RETURN (MIN ALL"), "does not end" },
		{ S_INIT("RETURN (PARTIAL) ALL"), "space" },
		{ S_INIT("RETURN (PARTIAL 0:1) ALL"), "PARTIAL takes" },
		{ S_INIT("RETURN (PARTIAL 1) ALL"), "PARTIAL takes" },
		{ S_INIT("RETURN (PARTIAL 1:-1) ALL"), "PARTIAL takes" },
		{ S_INIT("RETURN (PARTIAL -1:1) ALL"), "PARTIAL takes" },
		{ S_INIT("RETURN (PARTIAL 1:4294967296) ALL"), "PARTIAL takes" },
		{ S_INIT("RETURN (PARTIAL 1:2 PARTIAL 1:2) ALL"), "once" },
		{ S_INIT("RETURN (PARTIAL 1:2 ALL) ALL"), "not both" },
	};
	struct imap_search s;
	IMAP_ROOM(p);

	(void)state;
	imap_check_bad(rows, COUNT(rows), parse_search);
	check(!imap_search_parse(&p, S("CHARSET KOI8-R ALL"), &s) && p.is_bad_charset);
	check(!imap_search_parse(&p, S("FOO"), &s) && !p.is_bad_charset);
}

static void test_returns(void **state)
{
	static const struct {
		struct slice args;
		unsigned returns;
		struct imap_partial partial;
	} rows[] = {
		{ S_INIT("RETURN () ALL"), IMAP_RETURN_ALL, { 0, 0, false } },
		{ S_INIT("RETURN (MIN max) ALL"), IMAP_RETURN_MIN | IMAP_RETURN_MAX,
			{ 0, 0, false } },
		{ S_INIT("RETURN (COUNT SAVE) ALL"), IMAP_RETURN_COUNT | IMAP_RETURN_SAVE,
			{ 0, 0, false } },
		{ S_INIT("RETURN (SAVE) ALL"), IMAP_RETURN_SAVE, { 0, 0, false } },
		{ S_INIT("RETURN (CONTEXT) ALL"), IMAP_RETURN_CONTEXT | IMAP_RETURN_ALL,
			{ 0, 0, false } },
		{ S_INIT("RETURN (UPDATE) ALL"), IMAP_RETURN_UPDATE, { 0, 0, false } },
		{ S_INIT("RETURN (PARTIAL 1:500) ALL"), IMAP_RETURN_PARTIAL, { 1, 500, false } },
		{ S_INIT("RETURN (PARTIAL 7:3) ALL"), IMAP_RETURN_PARTIAL, { 3, 7, false } },
		{ S_INIT("RETURN (PARTIAL -1:-100) ALL"), IMAP_RETURN_PARTIAL, { 1, 100, true } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_search s;
		IMAP_ROOM(p);

		check_row(imap_search_parse(&p, rows[i].args, &s) && s.has_return, i);
		check_row(s.returns == rows[i].returns, i);
		check_row(s.partial.first == rows[i].partial.first, i);
		check_row(s.partial.last == rows[i].partial.last, i);
		check_row(s.partial.is_from_end == rows[i].partial.is_from_end, i);
	}
}

static void test_update_items(void **state)
{
	static const struct {
		struct slice args;
		bool is_good, has_items;
		unsigned returns;
	} rows[] = {
		{ S_INIT("RETURN (UPDATE) 1"), true, false, IMAP_RETURN_UPDATE },
		{ S_INIT("RETURN (UPDATE COUNT) 1"), true, false,
			IMAP_RETURN_UPDATE | IMAP_RETURN_COUNT },
		{ S_INIT("RETURN (UPDATE (UID)) 1"), true, true, IMAP_RETURN_UPDATE },
		{ S_INIT("RETURN (COUNT UPDATE (UID BODY.PEEK[TEXT]) MIN) 1"), true, true,
			IMAP_RETURN_UPDATE | IMAP_RETURN_COUNT | IMAP_RETURN_MIN },
		{ S_INIT("RETURN (UPDATE ()) 1"), false, false, 0 },
		{ S_INIT("RETURN (UPDATE (UID) 1"), false, false, 0 },
		{ S_INIT("RETURN (UPDATE(UID)) 1"), false, false, 0 },
		{ S_INIT("RETURN (COUNT (UID)) 1"), false, false, 0 },
		{ S_INIT("RETURN (SAVE) CHARSET KOI8-R 1"), false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_search s;
		IMAP_ROOM(p);

		check_row(imap_search_parse(&p, rows[i].args, &s) == rows[i].is_good, i);
		check_row(p.has_save == (i == COUNT(rows) - 1), i);
		if (!rows[i].is_good)
			continue;
		check_row(s.has_update_items == rows[i].has_items, i);
		check_row(((s.update_items.items & IMAP_FETCH_UID) != 0) == rows[i].has_items, i);
		check_row(s.returns == rows[i].returns, i);
	}
}

static void add_times(struct buf *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		check(buf_add(out, slice_of(text)));
}

static void test_limits(void **state)
{
	static const struct {
		const char *before, *middle, *after;
		size_t most;
	} rows[] = {
		{ "(", "SEEN", ")", LIMIT_IMAP_SEARCH_DEPTH - 1 },
		{ "NOT ", "SEEN", "", LIMIT_IMAP_SEARCH_DEPTH - 1 },
		{ "OR ", "1", " 2", LIMIT_IMAP_SEARCH_DEPTH - 1 },
		{ "OR 1 ", "2", "", LIMIT_IMAP_SEARCH_KEYS - 2 },
		{ "1 ", "2", "", LIMIT_IMAP_SEARCH_KEYS - 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t over = 0; over < 2; over++) {
			auto_buf text = { .max = 1 << 20 };
			IMAP_ROOM(p);

			add_times(&text, rows[i].before, rows[i].most + over);
			add_times(&text, rows[i].middle, 1);
			add_times(&text, rows[i].after, rows[i].most + over);
			check_row(parse_search(&p, buf_slice(&text)) == (over == 0), i);
			check_row(over == 0 || strstr(p.why, "too ") != NULL, i);
		}
	}
}

static void test_sort_and_thread(void **state)
{
	struct imap_search s;
	IMAP_ROOM(p);

	(void)state;
	check(imap_sort_parse(&p, S("(REVERSE DATE subject) UTF-8 SINCE 1-Feb-1994"), &s));
	check(s.sort_count == 2 && s.sort[0].field == IMAP_SORT_DATE && s.sort[0].is_reverse);
	check(s.sort[1].field == IMAP_SORT_SUBJECT && !s.sort[1].is_reverse);
	check(imap_sort_parse(
		&p, S("RETURN (COUNT) (DISPLAYFROM REVERSE DISPLAYTO) UTF-8 ALL"), &s));
	check(s.returns == IMAP_RETURN_COUNT && s.sort[1].field == IMAP_SORT_DISPLAYTO);
	check(imap_sort_parse(&p, S("(ARRIVAL CC FROM SIZE TO) US-ASCII ALL"), &s));
	check(s.sort_count == 5);
	check(!imap_sort_parse(&p, S("() UTF-8 ALL"), &s));
	check(!imap_sort_parse(&p, S("(REVERSE) UTF-8 ALL"), &s));
	check(!imap_sort_parse(&p, S("(COLOUR) UTF-8 ALL"), &s));
	check(!imap_sort_parse(&p, S("(DATE) ALL"), &s) && p.is_bad_charset);
	check(!imap_sort_parse(&p, S("(DATE) UTF-8"), &s) && !p.is_bad_charset);
	check(imap_thread_parse(&p, S("ORDEREDSUBJECT UTF-8 ALL"), &s));
	check(s.thread == IMAP_THREAD_ORDEREDSUBJECT);
	check(imap_thread_parse(&p, S("references US-ASCII TEXT x"), &s));
	check(s.thread == IMAP_THREAD_REFERENCES && s.key->kind == IMAP_KEY_TEXT);
	check(!imap_thread_parse(&p, S("JWZ UTF-8 ALL"), &s));
}

static void test_esearch(void **state)
{
	struct imap_search s;
	IMAP_ROOM(p);

	(void)state;
	check(imap_esearch_parse(&p,
		S("IN (mailboxes (folder1 inbox) subtree \"f2\" subtree-one x selected) "
		  "RETURN (MIN) subject \"a\""),
		&s));
	check(s.scope_count == 4 && s.scopes[0].kind == IMAP_SCOPE_MAILBOXES);
	check(s.scopes[0].name_count == 2 && slice_same(s.scopes[0].names[1], S("INBOX")));
	check(s.scopes[1].kind == IMAP_SCOPE_SUBTREE && slice_same(s.scopes[1].names[0], S("f2")));
	check(s.scopes[2].kind == IMAP_SCOPE_SUBTREE_ONE);
	check(s.scopes[3].kind == IMAP_SCOPE_SELECTED && s.returns == IMAP_RETURN_MIN);
	check(imap_esearch_parse(&p, S("ALL"), &s) && s.returns == IMAP_RETURN_ALL);
	check(s.has_return && s.scope_count == 0);
	check(!imap_esearch_parse(&p, S("IN (selected-delayed) ALL"), &s));
	check(!imap_esearch_parse(&p, S("IN () ALL"), &s));
	check(!imap_esearch_parse(&p, S("IN (mailboxes) ALL"), &s));
	check(!imap_esearch_parse(&p, S("IN (mailboxes ()) ALL"), &s));
	check(!imap_esearch_parse(&p, S("IN (personal)"), &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_bad_searches),
		cmocka_unit_test(test_returns),
		cmocka_unit_test(test_update_items),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_sort_and_thread),
		cmocka_unit_test(test_esearch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
