/* SPDX-License-Identifier: MIT */
#include "imap_room.h"
#include "syntax/imap_list.h"
#include "syntax/imap_notify.h"

static void test_lists(void **state)
{
	static const struct {
		struct slice args;
		unsigned selects, returns, status;
		size_t pattern_count;
		struct slice pattern; /* the last */
		bool is_extended, is_delimiter;
	} rows[] = {
		{ S_INIT("\"\" *"), 0, 0, 0, 1, S_INIT("*"), false, false },
		{ S_INIT("\"\" \"\""), 0, 0, 0, 1, S_INIT(""), false, true },
		{ S_INIT("a/ \"\""), 0, 0, 0, 1, S_INIT("a/"), false, true },
		{ S_INIT("inbox/ %"), 0, 0, 0, 1, S_INIT("INBOX/%"), false, false },
		{ S_INIT("\"\" \"a b%\""), 0, 0, 0, 1, S_INIT("a b%"), false, false },
		{ S_INIT("\"\" {2}\r\nx*"), 0, 0, 0, 1, S_INIT("x*"), false, false },
		{ S_INIT("\"\" (INBOX \"x\" y/%)"), 0, 0, 0, 3, S_INIT("y/%"), true, false },
		{ S_INIT("(SUBSCRIBED REMOTE) \"\" *"), IMAP_LIST_SUBSCRIBED | IMAP_LIST_REMOTE, 0,
			0, 1, S_INIT("*"), true, false },
		{ S_INIT("() \"\" *"), 0, 0, 0, 1, S_INIT("*"), true, false },
		{ S_INIT("(RECURSIVEMATCH SUBSCRIBED) \"\" *"),
			IMAP_LIST_SUBSCRIBED | IMAP_LIST_RECURSIVEMATCH, 0, 0, 1, S_INIT("*"), true,
			false },
		{ S_INIT("(SPECIAL-USE) \"\" * RETURN (special-use children subscribed)"),
			IMAP_LIST_SPECIAL_USE,
			IMAP_LIST_RETURN_SPECIAL_USE | IMAP_LIST_RETURN_CHILDREN |
				IMAP_LIST_RETURN_SUBSCRIBED,
			0, 1, S_INIT("*"), true, false },
		{ S_INIT("\"\" % RETURN ()"), 0, 0, 0, 1, S_INIT("%"), true, false },
		{ S_INIT("\"\" % RETURN (STATUS (MESSAGES UNSEEN) MYRIGHTS)"), 0,
			IMAP_LIST_RETURN_STATUS | IMAP_LIST_RETURN_MYRIGHTS,
			IMAP_STATUS_MESSAGES | IMAP_STATUS_UNSEEN, 1, S_INIT("%"), true, false },
		{ S_INIT("\"\" % RETURN (METADATA (DEPTH 1) (/shared/A \"/private/b\"))"), 0,
			IMAP_LIST_RETURN_METADATA, 0, 1, S_INIT("%"), true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_list l;
		IMAP_ROOM(p);

		check_row(imap_list_parse(&p, rows[i].args, &l), i);
		check_row(l.selects == rows[i].selects && l.returns == rows[i].returns, i);
		check_row(l.status == rows[i].status, i);
		check_row(l.pattern_count == rows[i].pattern_count, i);
		check_row(slice_same(l.patterns[l.pattern_count - 1], rows[i].pattern), i);
		check_row(l.is_extended == rows[i].is_extended, i);
		check_row(l.is_delimiter == rows[i].is_delimiter, i);
		if ((l.returns & IMAP_LIST_RETURN_METADATA) == 0)
			continue;
		check_row(l.metadata.depth == 1 && l.metadata.entry_count == 2, i);
		check_row(slice_same(l.metadata.entries[0], S("/shared/a")), i);
	}
}

static bool parse_list(struct imap_parse *p, struct slice text)
{
	struct imap_list l = { .status = 4711 };
	bool is_ok = imap_list_parse(p, text, &l);

	check(is_ok || l.status == 4711);
	return is_ok;
}

static bool parse_lsub(struct imap_parse *p, struct slice text)
{
	struct imap_list l;

	return imap_lsub_parse(p, text, &l);
}

static bool parse_status(struct imap_parse *p, struct slice text)
{
	struct imap_status s;

	return imap_status_parse(p, text, &s);
}

static void test_bad_lists(void **state)
{
	static const struct imap_bad_row lists[] = {
		{ S_INIT(""), "missing" },
		{ S_INIT("\"\""), "missing" },
		{ S_INIT("\"\" "), "missing" },
		{ S_INIT("\"\" ()"), "atom or a string" },
		{ S_INIT("\"\" (a"), "does not end" },
		{ S_INIT("\"\" a b"), "only RETURN" },
		{ S_INIT("\"\" a RETURN"), "missing" },
		{ S_INIT("\"\" a RETURN x"), "in parentheses" },
		{ S_INIT("\"\" a RETURN (x)"), "no such return option" },
		{ S_INIT("\"\" a RETURN (STATUS)"), "space" },
		{ S_INIT("\"\" a RETURN (STATUS ())"), "no such status item" },
		{ S_INIT("\"\" a RETURN (METADATA (x))"), "entry's name begins" },
		{ S_INIT("\"\" a RETURN (CHILDREN"), "does not end" },
		{ S_INIT("(x) \"\" a"), "no such selection option" },
		{ S_INIT("(RECURSIVEMATCH) \"\" a"), "RECURSIVEMATCH wants" },
		{ S_INIT("(RECURSIVEMATCH REMOTE) \"\" a"), "RECURSIVEMATCH wants" },
		{ S_INIT("\"\" \"a\xff\""), "UTF" },
		{ S_INIT("\"a\xff\" *"), "UTF" },
	};
	static const struct imap_bad_row lsubs[] = {
		{ S_INIT("\"\" (a)"), "atom or a string" },
		{ S_INIT("\"\" a RETURN ()"), "follows" },
	};
	static const struct imap_bad_row statuses[] = {
		{ S_INIT(""), "missing" },
		{ S_INIT("\"\" (MESSAGES)"), "no name" },
		{ S_INIT("a"), "missing" },
		{ S_INIT("a MESSAGES"), "list of status items" },
		{ S_INIT("a ()"), "no such status item" },
		{ S_INIT("a (COLOUR)"), "no such status item" },
		{ S_INIT("a (MESSAGES"), "does not end" },
		{ S_INIT("a (MESSAGES) "), "follows" },
	};

	(void)state;
	imap_check_bad(lists, COUNT(lists), parse_list);
	imap_check_bad(lsubs, COUNT(lsubs), parse_lsub);
	imap_check_bad(statuses, COUNT(statuses), parse_status);
}

static void test_status_and_lsub(void **state)
{
	struct imap_status s;
	struct imap_list l;
	auto_buf text = { .max = 1 << 16 };
	IMAP_ROOM(p);

	(void)state;
	check(imap_status_parse(&p,
		S("inbox (messages RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ "
		  "MAILBOXID APPENDLIMIT DELETED-STORAGE)"),
		&s));
	check(slice_same(s.mailbox, S("INBOX")) && s.items == 2047);
	check(imap_lsub_parse(&p, S("\"\" %"), &l) && l.selects == IMAP_LIST_SUBSCRIBED);
	check(buf_add(&text, S("\"\" (a")));
	for (size_t i = 1; i < LIMIT_IMAP_PATTERNS; i++)
		check(buf_add(&text, S(" a")));
	check(buf_add(&text, S(")")) && parse_list(&p, buf_slice(&text)));
	text.len--;
	check(buf_add(&text, S(" a)")) && !parse_list(&p, buf_slice(&text)));
	check(strstr(p.why, "too many") != NULL);
	/* RFC 9051 6.3.9: a pattern that no name can match is an answer without lines. */
	check(parse_list(&p, S("\"\" a&b")) && parse_list(&p, S("a&b *")));
	check(imap_list_parse(&p, S("\"\" (a&b c)"), &l) && l.pattern_count == 1);
}

static void test_notify(void **state)
{
	struct imap_notify n = { 0 };
	IMAP_ROOM(p);

	(void)state;
	check(imap_notify_parse(&p, S("NONE"), &n) && n.is_none && n.group_count == 0);
	check(imap_notify_parse(&p,
		      S("SET STATUS (selected MessageNew (uid body.peek[header.fields (from)]) )"),
		      &n) == false);
	check(imap_notify_parse(&p,
		S("SET STATUS (selected-delayed (MessageNew (uid flags) MessageExpunge "
		  "FlagChange)) "
		  "(subtree Lists (MessageNew MessageExpunge)) (mailboxes (a b) NONE) "
		  "(personal (MailboxName SubscriptionChange)) "
		  "(inboxes (MailboxMetadataChange ServerMetadataChange))"),
		&n));
	check(n.wants_status && n.group_count == 5 && !n.is_none);
	check(n.groups[0].scope.kind == IMAP_SCOPE_SELECTED_DELAYED && n.groups[0].events == 7);
	check(n.groups[0].new_items.items == (IMAP_FETCH_UID | IMAP_FETCH_FLAGS));
	check(n.groups[1].events == 3 && n.groups[1].scope.name_count == 1);
	check(n.groups[2].events == 0 && n.groups[2].scope.name_count == 2);
	check(n.groups[3].events == 24 && n.groups[4].events == 96 && !n.is_unknown_event);
}

static bool parse_notify(struct imap_parse *p, struct slice text)
{
	struct imap_notify n = { 0 };

	return imap_notify_parse(p, text, &n);
}

static void test_bad_notify(void **state)
{
	static const struct imap_bad_row rows[] = {
		{ S_INIT(""), "SET or NONE" },
		{ S_INIT("SET"), "missing" },
		{ S_INIT("SET "), "(mailboxes events)" },
		{ S_INIT("SET (selected)"), "space" },
		{ S_INIT("SET (selected ())"), "event is expected" },
		{ S_INIT("SET (selected (MessageNew))"), "go together" },
		{ S_INIT("SET (selected (FlagChange))"), "FlagChange wants" },
		{ S_INIT("SET (selected (MailboxName))"), "message events only" },
		{ S_INIT("SET (personal (MessageNew (uid) MessageExpunge))"), "items to fetch" },
		{ S_INIT("SET (personal (Colour))"), "no such event" },
		{ S_INIT("SET (subtree-one a NONE)"), "no choice of mailboxes" },
		{ S_INIT("SET (mailboxes NONE)"), "space" },
		{ S_INIT("SET (selected NONE) (selected-delayed NONE)"), "not together" },
		{ S_INIT("SET (selected NONE"), "does not end" },
	};
	struct imap_notify n = { 0 };
	IMAP_ROOM(p);

	(void)state;
	imap_check_bad(rows, COUNT(rows), parse_notify);
	check(!imap_notify_parse(&p, S("SET (personal (Colour))"), &n) && n.is_unknown_event);
	check(!imap_notify_parse(&p, S("SET (personal ())"), &n) && !n.is_unknown_event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_bad_lists),
		cmocka_unit_test(test_status_and_lsub),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_bad_notify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
