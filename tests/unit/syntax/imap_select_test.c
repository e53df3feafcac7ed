/* SPDX-License-Identifier: MIT */
#include "imap_room.h"
#include "syntax/imap_select.h"

static bool parse(struct imap_parse *p, struct slice text)
{
	struct imap_select s = { .modseq = 4711 };
	bool is_ok = imap_select_parse(p, text, &s);

	check(is_ok || s.modseq == 4711);
	return is_ok;
}

static void test_selects(void **state)
{
	struct imap_select s;
	IMAP_ROOM(p);

	(void)state;
	check(imap_select_parse(&p, S("inbox"), &s) && slice_same(s.mailbox, S("INBOX")));
	check(!s.wants_condstore && !s.has_qresync);
	check(imap_select_parse(&p, S("\"a b\" (condstore)"), &s) && s.wants_condstore);
	check(imap_select_parse(&p, S("a (QRESYNC (67890007 20050715194045000))"), &s));
	check(s.has_qresync && s.uid_validity == 67890007 && s.modseq == 20050715194045000);
	check(s.known_uids.count == 0 && s.match_uids.count == 0);
	check(imap_select_parse(&p, S("a (QRESYNC (1 2 41,43:211,214:541) CONDSTORE)"), &s));
	check(s.known_uids.count == 3 && s.wants_condstore);
	check(imap_select_parse(&p, S("a (QRESYNC (1 2 41:211 (1,29,5:7 (1))))"), &s) == false);
	check(imap_select_parse(
		&p, S("a (QRESYNC (1 2 1:29997 (5000,7500:7501 15000,22500:22501)))"), &s));
	check(s.match_numbers.count == 2 && s.match_uids.at[1].last == 22501);
	check(imap_select_parse(&p, S("a (QRESYNC (1 2 (1:2 7,9)))"), &s));
	check(s.known_uids.count == 0 && s.match_numbers.count == 1 && s.match_uids.count == 2);
}

static void test_bad_selects(void **state)
{
	static const struct imap_bad_row rows[] = {
		{ S_INIT(""), "missing" },
		{ S_INIT("\"\""), "no name" },
		{ S_INIT("a b"), "in parentheses" },
		{ S_INIT("a ()"), "parameters are" },
		{ S_INIT("a (FOO)"), "parameters are" },
		{ S_INIT("a (CONDSTORE"), "do not end" },
		{ S_INIT("a (QRESYNC)"), "space" },
		{ S_INIT("a (QRESYNC (0 1))"), "UIDVALIDITY" },
		{ S_INIT("a (QRESYNC (4294967296 1))"), "UIDVALIDITY" },
		{ S_INIT("a (QRESYNC (1 0))"), "over 0" },
		{ S_INIT("a (QRESYNC (1))"), "space" },
		{ S_INIT("a (QRESYNC (1 1 *))"), "neither * nor $" },
		{ S_INIT("a (QRESYNC (1 1 $))"), "neither * nor $" },
		{ S_INIT("a (QRESYNC (1 1 (1:2 1:3)))"), "as many" },
		{ S_INIT("a (QRESYNC (1 1 (2,1 3,4)))"), "ascending" },
		{ S_INIT("a (QRESYNC (1 1 (1,1 3,4)))"), "ascending" },
		{ S_INIT("a (QRESYNC (1 1 (1)))"), "space" },
		{ S_INIT("a (QRESYNC (1 1) QRESYNC (1 1))"), "once each" },
		{ S_INIT("a (CONDSTORE) x"), "follows" },
	};

	(void)state;
	imap_check_bad(rows, COUNT(rows), parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selects),
		cmocka_unit_test(test_bad_selects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
