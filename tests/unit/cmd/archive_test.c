/* SPDX-License-Identifier: MIT */
/* Archives: lines of mboxes, names of Maildir folders, which messages are known, and a message on its way out of a file. */
#include "check.h"

#include "cmd/archive/known.h"
#include "cmd/archive/letter.h"
#include "cmd/archive/maildir.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void test_from_line(void **state)
{
	static const struct {
		struct slice line;
		bool is_good;
		int64_t unix_s;
	} rows[] = {
		{ S_INIT("From a@b Thu Jan  1 00:00:00 1970"), true, 0 },
		{ S_INIT("From a@b Thu Jan  1 00:00:00 1970\nnext"), true, 0 },
		{ S_INIT("From a@b Thu Jan 01 00:00:09 1970\r\n"), true, 9 },
		{ S_INIT("From a b c Tue Feb 29 23:59:60 2000"), true, 951868800 },
		{ S_INIT("From - Tue Nov 14 22:13:20 2023"), true, 1700000000 },
		{ S_INIT("From - Tue Nov 14 22:13 2023"), true, 1699999980 },
		{ S_INIT("From - Tue Nov 14 23:13:20 2023 +0100"), true, 1700000000 },
		{ S_INIT("From - Tue Nov 14 23:13:20 +0100 2023"), true, 1700000000 },
		{ S_INIT("From - Tue Nov 14 17:43:20 -0430 2023"), true, 1700000000 },
		{ S_INIT("From - Tue Nov 14 22:13:20 GMT 2023"), true, 1700000000 },
		{ S_INIT("From Mon Tue Nov 14 22:13:20 2023 remote from x"), true, 1700000000 },
		{ S_INIT("From a@b"), false, 7 },
		{ S_INIT("From a@b Tue, 14 Nov 2023 22:13:20 +0000"), false, 7 },
		{ S_INIT("From a@b Tue Nov 32 22:13:20 2023"), false, 7 },
		{ S_INIT("From a@b Tue Nov 14 24:13:20 2023"), false, 7 },
		{ S_INIT("From a@b Tue Nov 14 22:13:20 23"), false, 7 },
		{ S_INIT("From here on Tue it is text"), false, 7 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t unix_s = 7;

		check_row(mbox_from_read(rows[i].line, &unix_s) == rows[i].is_good, i);
		check_row(unix_s == rows[i].unix_s, i);
	}
}

static void test_from_line_again(void **state)
{
	static const int64_t rows[] = { 0, 951868800, 1700000000, 4102444799 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[128];
		struct buf out = BUF_OVER(room);
		int64_t unix_s;

		check_row(mbox_from_write(&out, S("a@b"), rows[i]), i);
		check_row(mbox_from_read(buf_slice(&out), &unix_s) && unix_s == rows[i], i);
	}
}

static void test_quote_depth(void **state)
{
	char many[MBOX_QUOTES_MAX + 8];
	static const struct {
		struct slice line;
		int depth;
	} rows[] = {
		{ S_INIT("From "), 0 },
		{ S_INIT("From x\n"), 0 },
		{ S_INIT(">From x\n"), 1 },
		{ S_INIT(">>>From x"), 3 },
		{ S_INIT("From"), -1 },
		{ S_INIT("from x"), -1 },
		{ S_INIT("> From x"), -1 },
		{ S_INIT(""), -1 },
		{ S_INIT(">>"), -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(mbox_quote_depth(rows[i].line) == rows[i].depth, i);
	memset(many, '>', sizeof many);
	memcpy(many + MBOX_QUOTES_MAX, "From ", 5);
	check(mbox_quote_depth((struct slice){ many, MBOX_QUOTES_MAX + 5 }) == MBOX_QUOTES_MAX);
	memset(many, '>', sizeof many);
	memcpy(many + MBOX_QUOTES_MAX + 1, "From ", 5);
	check(mbox_quote_depth((struct slice){ many, MBOX_QUOTES_MAX + 6 }) == -1);
}

static void test_folder_names(void **state)
{
	static const struct {
		struct slice folder, mailbox;
		bool is_read, is_same; /* is_same: writing gives the folder again */
	} rows[] = {
		{ S_INIT("Work"), S_INIT("Work"), true, true },
		{ S_INIT("Work.2026.x"), S_INIT("Work/2026/x"), true, true },
		{ S_INIT("&ZeVnLIqe-.a"), S_INIT("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e/a"), true,
			true },
		{ S_INIT("a&AC4-b"), S_INIT("a.b"), true, true },
		{ S_INIT("&AC4-"), S_INIT("."), true, true },
		{ S_INIT("&-"), S_INIT("&"), true, true },
		{ S_INIT("\xc3\xa4"), S_INIT("\xc3\xa4"), true, false }, /* written in UTF-8 */
		{ S_INIT("a&b"), S_INIT("a&b"), true, false },           /* not modified UTF-7 */
		{ S_INIT("a..b"), S_INIT(""), false, false },
		{ S_INIT(""), S_INIT(""), false, false },
		{ S_INIT("a."), S_INIT(""), false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[256], back[256];
		struct buf mailbox = BUF_OVER(room), folder = BUF_OVER(back);

		check_row(maildir_name_read(rows[i].folder, &mailbox) == rows[i].is_read, i);
		if (!rows[i].is_read)
			continue;
		check_row(slice_same(buf_slice(&mailbox), rows[i].mailbox), i);
		check_row(maildir_name_write(rows[i].mailbox, &folder), i);
		check_row(slice_same(buf_slice(&folder), rows[i].folder) == rows[i].is_same, i);
	}
}

static struct digest_id id_of(uint32_t number)
{
	struct digest_id id = { { 0 } };

	memcpy(id.bytes, &number, sizeof number);
	id.bytes[15] = (unsigned char)(number * 7);
	return id;
}

/* Each is given out as often as it was added, through all the growing. */
static void test_known(void **state)
{
	ON_EXIT(known_done) struct known known = { .rows = NULL };

	(void)state;
	check(!known_take(&known, id_of(1)));
	for (uint32_t i = 0; i < 5000; i++)
		check_row(
			known_add(&known, id_of(i)) && (i % 3 != 0 || known_add(&known, id_of(i))),
			i);
	for (uint32_t i = 0; i < 5000; i++) {
		check_row(known_take(&known, id_of(i)), i);
		check_row(known_take(&known, id_of(i)) == (i % 3 == 0), i);
		check_row(!known_take(&known, id_of(i)), i);
	}
	check(!known_take(&known, id_of(5000)));
}

/* What a message in a file becomes, and what is found out about it. */
static void test_letter(void **state)
{
	static const struct {
		struct slice file, stored;
		enum mbox_quotes quotes;
		bool is_verbatim;
		struct letter_cut cut;
	} rows[] = {
		{ S_INIT("a\nb\n"), S_INIT("a\r\nb\r\n"), MBOX_QUOTES_NONE, false, { 0, 0 } },
		{ S_INIT("a\r\nb\r\n"), S_INIT("a\r\nb\r\n"), MBOX_QUOTES_NONE, true, { 0, 0 } },
		{ S_INIT("a\r\nb\n"), S_INIT("a\r\nb\n"), MBOX_QUOTES_NONE, true, { 0, 0 } },
		{ S_INIT("a\rb"), S_INIT("a\rb"), MBOX_QUOTES_NONE, false, { 0, 0 } },
		{ S_INIT(""), S_INIT(""), MBOX_QUOTES_NONE, false, { 0, 0 } },
		{ S_INIT(">From a\n>>From b\nx >From\n"),
			S_INIT("From a\r\n>From b\r\nx >From\r\n"), MBOX_QUOTES_RD, false,
			{ 0, 0 } },
		{ S_INIT(">From a\n>>From b\n"), S_INIT("From a\r\n>>From b\r\n"), MBOX_QUOTES_O,
			false, { 0, 0 } },
		{ S_INIT(">From a\n"), S_INIT(">From a\r\n"), MBOX_QUOTES_NONE, false, { 0, 0 } },
		{ S_INIT("a\ncut\nb"), S_INIT("a\r\nb"), MBOX_QUOTES_NONE, false, { 2, 6 } },
		{ S_INIT("cut\n>From a\n"), S_INIT("From a\r\n"), MBOX_QUOTES_RD, false, { 0, 4 } },
		{ S_INIT("a\ncut\n"), S_INIT("a\r\n"), MBOX_QUOTES_NONE, false, { 2, 6 } },
	};
	static struct letter_reader reader;
	char path[] = "/tmp/archive-test-XXXXXX";
	auto_fd fd = mkstemp(path);

	(void)state;
	check(fd >= 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct letter l = { .path = path,
			.end = rows[i].file.len,
			.quotes = rows[i].quotes,
			.cuts = { rows[i].cut },
			.cut_count = rows[i].cut.end > 0 ? 1 : 0 };
		struct error e = { .fault = FAULT_NONE };
		struct slice piece;

		check_row(ftruncate(fd, 0) == 0, i);
		check_row(pwrite(fd, rows[i].file.at, rows[i].file.len, 0) ==
				  (ssize_t)rows[i].file.len,
			i);
		check_row(letter_measure(&reader, &l, &e), i);
		check_row(l.size == rows[i].stored.len && l.is_verbatim == rows[i].is_verbatim, i);
		check_row(letter_open(&reader, &l, &e) && letter_next(&reader, &piece, &e), i);
		check_row(slice_same(piece, rows[i].stored), i);
		letter_close(&reader);
		l.end++;
		check_row(!letter_measure(&reader, &l, &e), i); /* the file is shorter */
	}
	check(unlink(path) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_line),
		cmocka_unit_test(test_from_line_again),
		cmocka_unit_test(test_quote_depth),
		cmocka_unit_test(test_folder_names),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_letter),
	};

	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
