/* SPDX-License-Identifier: MIT */
/* What the life cycle's verdicts rest on: the gap, the comparison of two inventories, answers of IMAP. */
#include "check.h"

#include "lab/lifecycle/imap.h"
#include "lab/lifecycle/inventory.h"
#include "lab/lifecycle/watch.h"

#include <stdio.h>
#include <string.h>

static void test_gap(void **state)
{
	static const uint64_t at[] = { 10, 20, 50, 55, 100 };
	static const struct {
		uint64_t from, to, gap;
	} rows[] = {
		{ 0, 15, 10 },           /* from the window's start to the first */
		{ 12, 15, 10 },          /* 10 to 20 touches it */
		{ 12, 25, 30 },          /* and 20 to 50 */
		{ 20, 20, 10 },          /* no time at all: what ends at it */
		{ 21, 54, 30 },          /* 50 to 55 touches it too, and is shorter */
		{ 51, 99, 45 },          /* */
		{ 56, 100, 45 },         /* the last success ends the window */
		{ 56, 101, UINT64_MAX }, /* never again */
		{ 101, 102, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(watch_gap_ns(at, COUNT(at), rows[i].from, rows[i].to) == rows[i].gap, i);
	check(watch_gap_ns(at, 0, 0, 1) == UINT64_MAX);
}

/* Successes at 10, 20, 60, 70, 200: which times between them are a line's gaps. */
static void test_gaps(void **state)
{
	static const uint64_t at[] = { 10, 20, 60, 70, 200 };
	static const struct {
		uint64_t from, to, least;
		size_t max, count;
		uint64_t gaps[2][2];
	} rows[] = {
		{ 0, 300, 30, 9, 3, { { 20, 60 }, { 70, 200 } } }, /* and 200 until the end */
		{ 0, 200, 30, 9, 2, { { 20, 60 }, { 70, 200 } } },
		{ 0, 70, 30, 9, 1, { { 20, 60 } } }, /* begins where the window ends */
		{ 0, 71, 30, 9, 2, { { 20, 60 }, { 70, 200 } } },
		{ 30, 65, 30, 9, 1, { { 30, 60 } } }, /* cut at the window's beginning */
		{ 60, 65, 30, 9, 0, { { 0 } } },
		{ 0, 300, 40, 9, 2, { { 70, 200 }, { 200, 300 } } }, /* 40 is not longer than 40 */
		{ 0, 300, 30, 1, 1, { { 20, 60 } } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t gaps[9][2];

		check_row(watch_gaps(at, COUNT(at), rows[i].from, rows[i].to, rows[i].least, gaps,
				  rows[i].max) == rows[i].count,
			i);
		for (size_t k = 0; k < rows[i].count && k < 2; k++)
			check_row(gaps[k][0] == rows[i].gaps[k][0] &&
					  gaps[k][1] == rows[i].gaps[k][1],
				i);
	}
	check(watch_gaps(at, 0, 0, 300, 0, NULL, 9) == 0);
}

static struct inventory_mail mail(unsigned account, const char *mailbox, uint32_t uid)
{
	struct inventory_mail m = { .account = account, .uid = uid, .uid_validity = 7, .bytes = 9 };

	(void)snprintf(m.mailbox, sizeof m.mailbox, "%s", mailbox);
	return m;
}

/* What each change is called; the last row changes nothing. */
static void test_inventory(void **state)
{
	struct inventory_mail before[] = { mail(0, "INBOX", 1), mail(0, "INBOX", 3),
		mail(1, "Archive", 1) };
	const struct inventory x = { .mails = before, .count = COUNT(before) };
	struct inventory_difference d;

	(void)state;
	for (unsigned row = 0; row < 7; row++) {
		struct inventory_mail after[COUNT(before) + 1];
		struct inventory y = { .mails = after, .count = COUNT(before) };

		memcpy(after, before, sizeof before);
		switch (row) {
		case 0:
			after[1].hash[31] = 1;
			break;
		case 1:
			after[1].uid_validity = 8;
			break;
		case 2:
			(void)snprintf(after[1].flags, sizeof after[1].flags, "\\Seen");
			break;
		case 3:
			y.count = 2;
			break;
		case 4:
			after[3] = mail(1, "Archive", 2);
			y.count = 4;
			break;
		case 5:
			after[2] = mail(1, "Archive", 2);
			break;
		default:
			break;
		}
		inventory_compare(&x, &y, &d);
		check_row(inventory_is_same(&d) == (row == 6), row);
		check_row(d.altered == (row == 0) && d.renumbered == (row == 1), row);
		check_row(d.relabelled == (row == 2), row);
		check_row(d.missing == (row == 3 || row == 5), row);
		check_row(d.extra == (row == 4 || row == 5), row);
		check_row((d.first[0] == '\0') == (row == 6), row);
	}
}

static void test_letters(void **state)
{
	struct inventory_mail mails[] = { mail(0, "INBOX", 1), mail(0, "INBOX", 2),
		mail(0, "INBOX", 3), mail(0, "INBOX", 4), mail(0, "INBOX", 5) };
	const struct inventory all = { .mails = mails, .count = COUNT(mails) };
	struct inventory_letters found;
	uint8_t is_there[4];

	(void)state;
	for (size_t i = 0; i < COUNT(mails); i++) {
		mails[i].is_letter = mails[i].is_whole = true;
		(void)snprintf(mails[i].run, sizeof mails[i].run, "%s", i == 4 ? "other" : "run");
		mails[i].sequence = (uint32_t)i;
	}
	mails[1].is_whole = false;
	mails[3].sequence = 0;
	inventory_letters(&all, "run", is_there, COUNT(is_there), &found);
	check(found.whole == 3 && found.altered == 1 && found.doubled == 1);
	check(is_there[0] == 2 && is_there[1] == 1 && is_there[2] == 1 && is_there[3] == 0);
}

static void test_answers(void **state)
{
	static const struct slice answer =
		S_INIT("3 FETCH (FLAGS (\\Seen $a) UID 17 INTERNALDATE \"x y\" BODY[] {4}");

	(void)state;
	check(slice_same(imap_word(answer, "UID "), S("17")));
	check(slice_same(imap_between(answer, "FLAGS (", ')'), S("\\Seen $a")));
	check(slice_same(imap_between(answer, "INTERNALDATE \"", '"'), S("x y")));
	check(imap_word(answer, "UIDVALIDITY ").len == 0);
	check(slice_same(imap_word(S("OK [UIDVALIDITY 9] ok"), "[UIDVALIDITY "), S("9")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_inventory),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
