/* SPDX-License-Identifier: MIT */
/* Archives: lines of mboxes, names of Maildir folders, which messages are known, and a message on its way out of a file. */
#include "check.h"

#include "cmd/archive/attributes.h"
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
		int32_t zone_min;
	} rows[] = {
		{ S_INIT("From a@b Thu Jan  1 00:00:00 1970"), true, 0, 0 },
		{ S_INIT("From a@b Thu Jan  1 00:00:00 1970\nnext"), true, 0, 0 },
		{ S_INIT("From a@b Thu Jan 01 00:00:09 1970\r\n"), true, 9, 0 },
		{ S_INIT("From a b c Tue Feb 29 23:59:60 2000"), true, 951868800, 0 },
		{ S_INIT("From - Tue Nov 14 22:13:20 2023"), true, 1700000000, 0 },
		{ S_INIT("From - Tue Nov 14 22:13 2023"), true, 1699999980, 0 },
		{ S_INIT("From - Tue Nov 14 23:13:20 2023 +0100"), true, 1700000000, 60 },
		{ S_INIT("From - Tue Nov 14 23:13:20 +0100 2023"), true, 1700000000, 60 },
		{ S_INIT("From - Tue Nov 14 17:43:20 -0430 2023"), true, 1700000000, -270 },
		{ S_INIT("From - Tue Nov 14 22:13:20 GMT 2023"), true, 1700000000, 0 },
		{ S_INIT("From Mon Tue Nov 14 22:13:20 2023 remote from x"), true, 1700000000, 0 },
		{ S_INIT("From a@b"), false, 7, 9 },
		{ S_INIT("From a@b Tue, 14 Nov 2023 22:13:20 +0000"), false, 7, 9 },
		{ S_INIT("From a@b Tue Nov 32 22:13:20 2023"), false, 7, 9 },
		{ S_INIT("From a@b Tue Nov 14 24:13:20 2023"), false, 7, 9 },
		{ S_INIT("From a@b Tue Nov 14 22:13:20 23"), false, 7, 9 },
		{ S_INIT("From here on Tue it is text"), false, 7, 9 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mbox_date date = { 7, 9 };

		check_row(mbox_from_read(rows[i].line, &date) == rows[i].is_good, i);
		check_row(date.unix_s == rows[i].unix_s && date.zone_min == rows[i].zone_min, i);
	}
}

static void test_from_line_again(void **state)
{
	static const struct mbox_date rows[] = { { 0, 0 }, { 951868800, 60 }, { 1700000000, -1439 },
		{ 4102444799, 1439 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[128];
		struct buf out = BUF_OVER(room);
		struct mbox_date date;

		check_row(mbox_from_write(&out, S("a@b"), rows[i]), i);
		check_row(mbox_from_read(buf_slice(&out), &date), i);
		check_row(date.unix_s == rows[i].unix_s && date.zone_min == rows[i].zone_min, i);
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

/* Names of files: what is ours is read again, what is not is passed over. */
static void test_file_names(void **state)
{
	static const struct {
		struct slice name;
		struct maildir_file file;
		bool is_same; /* writing gives the name again */
	} rows[] = {
		{ S_INIT("1700000000.V7U12.mailvisor"),
			{ .number = 1700000000, .is_ours = true, .uid_validity = 7, .uid = 12 },
			true },
		{ S_INIT("5.V4294967295U1.mailvisor,Z=-0330,E=lf,K=2689"),
			{ .number = 5,
				.is_ours = true,
				.uid_validity = UINT32_MAX,
				.uid = 1,
				.zone_min = -210,
				.keeps_lf = true,
				.keywords = { 26, 89 },
				.keyword_count = 2 },
			true },
		{ S_INIT("5.V1U1.mailvisor,Z=+2359:2,SK=26"),
			{ .number = 5,
				.is_ours = true,
				.uid_validity = 1,
				.uid = 1,
				.zone_min = 1439 },
			false },
		{ S_INIT("1700000001.M1P2.host,S=5,W=6,Z=+0100:2,S"),
			{ .number = 1700000001, .zone_min = 60 }, false },
		{ S_INIT("5.V1U1.host"), { .number = 5, .uid_validity = 1, .uid = 1 }, false },
		{ S_INIT("x,Z=0100,Z=+2400,Z=+0160,E=cr,K=2590x26,,"), { .number = 0 }, false },
		{ S_INIT(""), { .number = 0 }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[MAILDIR_FILE_BYTES];
		struct buf out = BUF_OVER(room);
		struct maildir_file file;

		maildir_file_read(rows[i].name, &file);
		check_row(memcmp(&file, &rows[i].file, sizeof file) == 0, i);
		check_row(maildir_file_write(&out, &file), i);
		check_row(slice_same(buf_slice(&out), rows[i].name) == rows[i].is_same, i);
	}
}

/* The longest name there can be: all keywords of a mailbox, and none has a letter. */
static void test_longest_file_name(void **state)
{
	struct maildir_file file = { .number = 99999999999,
		.uid_validity = UINT32_MAX,
		.uid = UINT32_MAX,
		.zone_min = -1439,
		.keeps_lf = true };
	char room[MAILDIR_FILE_BYTES - sizeof ":2,DFPRST" + 1];
	struct buf out = BUF_OVER(room);

	(void)state;
	while (file.keyword_count < MAILDIR_KEYWORDS - MAILDIR_LETTERS) {
		file.keywords[file.keyword_count] = (uint8_t)(MAILDIR_LETTERS + file.keyword_count);
		file.keyword_count++;
	}
	check(maildir_file_write(&out, &file));
}

static void test_file_order(void **state)
{
	static const struct slice rows[] = { /* ascending */
		S_INIT("9.V6U900.mailvisor"), S_INIT("9.V7U2.mailvisor:2,S"),
		S_INIT("1.V7U10.mailvisor,Z=+0100"), S_INIT("x"), S_INIT("2.b"), S_INIT("10.a:2,S"),
		S_INIT("10.b")
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t k = 0; k < COUNT(rows); k++) {
			struct maildir_order a = maildir_order_of(rows[i]),
					     b = maildir_order_of(rows[k]);
			int order = maildir_order(&a, &b);

			check_row((order < 0) == (i < k) && (order > 0) == (i > k), i);
		}
	struct maildir_order a = maildir_order_of(S("10.a:2,")),
			     b = maildir_order_of(S("10.a:2,S"));
	check(maildir_order(&a, &b) == 0);
}

static void test_short_names(void **state)
{
	char room[64];
	struct buf out = BUF_OVER(room);

	(void)state;
	check(maildir_short_write(S("Work"), &out) && maildir_is_short(buf_slice(&out)));
	check(!maildir_is_short(slice_first(buf_slice(&out), out.len - 1)));
	check(!maildir_is_short(S("+Work")) && !maildir_is_short(S("")));
	room[0] = '-';
	check(!maildir_is_short(buf_slice(&out)));
}

/* Where the file of a mailbox's attributes is. */
static void test_attributes_path(void **state)
{
	static const struct {
		const char *mailbox;
		bool is_maildir;
		const char *path;
	} rows[] = {
		{ "/x/Mail", true, "/x/Mail/mailvisor-mailbox" },
		{ "/x/Work.sbd/2026", false, "/x/Work.sbd/.2026.mailvisor-mailbox" },
		{ "box", false, ".box.mailvisor-mailbox" },
	};
	char room[MAILDIR_PATH_BYTES], many[MAILDIR_PATH_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(attributes_path(rows[i].mailbox, rows[i].is_maildir, room), i);
		check_row(strcmp(room, rows[i].path) == 0, i);
	}
	memset(many, 'x', sizeof many - 1);
	many[sizeof many - 1] = '\0';
	check(!attributes_path(many, true, room) && !attributes_path(many, false, room));
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
		bool keeps_lf;
	} rows[] = {
		{ S_INIT("a\nb\n"), S_INIT("a\r\nb\r\n"), MBOX_QUOTES_NONE, false, { 0, 0 },
			false },
		{ S_INIT("a\r\nb\r\n"), S_INIT("a\r\nb\r\n"), MBOX_QUOTES_NONE, true, { 0, 0 },
			false },
		{ S_INIT("a\r\nb\n"), S_INIT("a\r\nb\n"), MBOX_QUOTES_NONE, true, { 0, 0 }, false },
		{ S_INIT("a\rb"), S_INIT("a\rb"), MBOX_QUOTES_NONE, false, { 0, 0 }, false },
		{ S_INIT(""), S_INIT(""), MBOX_QUOTES_NONE, false, { 0, 0 }, false },
		{ S_INIT(">From a\n>>From b\nx >From\n"),
			S_INIT("From a\r\n>From b\r\nx >From\r\n"), MBOX_QUOTES_RD, false, { 0, 0 },
			false },
		{ S_INIT(">From a\n>>From b\n"), S_INIT("From a\r\n>>From b\r\n"), MBOX_QUOTES_O,
			false, { 0, 0 }, false },
		{ S_INIT(">From a\n"), S_INIT(">From a\r\n"), MBOX_QUOTES_NONE, false, { 0, 0 },
			false },
		{ S_INIT("a\ncut\nb"), S_INIT("a\r\nb"), MBOX_QUOTES_NONE, false, { 2, 6 }, false },
		{ S_INIT("cut\n>From a\n"), S_INIT("From a\r\n"), MBOX_QUOTES_RD, false, { 0, 4 },
			false },
		{ S_INIT("a\ncut\n"), S_INIT("a\r\n"), MBOX_QUOTES_NONE, false, { 2, 6 }, false },
		{ S_INIT("a\nb\n"), S_INIT("a\nb\n"), MBOX_QUOTES_NONE, false, { 0, 0 }, true },
		{ S_INIT("a\r\nb\n"), S_INIT("a\r\nb\n"), MBOX_QUOTES_NONE, true, { 0, 0 }, true },
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
			.keeps_lf = rows[i].keeps_lf,
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
		cmocka_unit_test(test_file_names),
		cmocka_unit_test(test_longest_file_name),
		cmocka_unit_test(test_file_order),
		cmocka_unit_test(test_short_names),
		cmocka_unit_test(test_attributes_path),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_letter),
	};

	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
