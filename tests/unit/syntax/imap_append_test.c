/* SPDX-License-Identifier: MIT */
#include "imap_room.h"
#include "syntax/imap_append.h"
#include "syntax/imap_url.h"

enum { SEGMENTS_MAX = 6 };

static void test_walks(void **state)
{
	static const struct {
		bool is_replace;
		/* up to the first empty one that ends the walk */
		struct slice segments[SEGMENTS_MAX];
		const char *answers; /* a letter a segment: Argument, Message, Done, Bad */
	} rows[] = {
		{ false, { S_INIT("INBOX {5}"), S_INIT("") }, "MD" },
		{ false,
			{ S_INIT("INBOX (\\Seen x) \"17-Jul-1996 02:44:25 -0700\" {5+}"),
				S_INIT("") },
			"MD" },
		{ false, { S_INIT("INBOX (\\Seen) ~{5}"), S_INIT("") }, "MD" },
		{ false, { S_INIT("{3}"), S_INIT("{3}\r\na b {5}"), S_INIT("") }, "AMD" },
		{ false, { S_INIT("{3}"), S_INIT("{3}\r\n{5} {9}"), S_INIT("") }, "AMD" },
		{ false, { S_INIT("x {1}"), S_INIT(" (a) {2}"), S_INIT(" {3}"), S_INIT("") },
			"MMMD" },
		{ false, { S_INIT("x UTF8 (~{5}"), S_INIT(")") }, "MD" },
		{ false, { S_INIT("x UTF8 (~{5}"), S_INIT(") {1}"), S_INIT("") }, "MMD" },
		{ false,
			{ S_INIT("x CATENATE (URL \"/y;UID=1\" TEXT {5}"), S_INIT(" TEXT {6}"),
				S_INIT(" URL z)") },
			"MMD" },
		{ false, { S_INIT("x CATENATE (URL a) CATENATE (URL b)") }, "D" },
		{ false, { S_INIT("x CATENATE (TEXT {1}"), S_INIT(") {2}"), S_INIT("") }, "MMD" },
		{ false,
			{ S_INIT("x CATENATE (TEXT {1}"), S_INIT(" URL {3}"),
				S_INIT(" URL {3}\r\n/;1)") },
			"MAD" },
		{ true, { S_INIT("4 INBOX {5}"), S_INIT("") }, "MD" },
		{ true, { S_INIT("* {1}"), S_INIT("* {1}\r\nx {5}"), S_INIT("") }, "AMD" },
		{ true, { S_INIT("4 INBOX {5}"), S_INIT(" {6}") }, "MB" },
		{ true, { S_INIT("0 INBOX {5}") }, "B" },
		{ true, { S_INIT("INBOX {5}") }, "B" },
		{ false, { S_INIT("INBOX") }, "B" },
		{ false, { S_INIT("") }, "B" },
		{ false, { S_INIT("~{5}") }, "B" },
		{ false, { S_INIT("INBOX \"text\"") }, "B" },
		{ false, { S_INIT("INBOX {5} ") }, "B" },
		{ false, { S_INIT("INBOX {5}"), S_INIT("x") }, "MB" },
		{ false, { S_INIT("INBOX {5}"), S_INIT(" ") }, "MB" },
		{ false, { S_INIT("INBOX () () {5}") }, "B" },
		{ false, { S_INIT("INBOX \"17-Jul-1996\" {5}") }, "B" },
		{ false, { S_INIT("INBOX UTF8 ({5}") }, "B" },
		{ false, { S_INIT("INBOX UTF8 (~{5}"), S_INIT("") }, "MB" },
		{ false, { S_INIT("INBOX CATENATE ()") }, "B" },
		{ false, { S_INIT("INBOX CATENATE (FILE x)") }, "B" },
		{ false, { S_INIT("INBOX CATENATE (TEXT x)") }, "B" },
		{ false, { S_INIT("INBOX CATENATE (TEXT {5}"), S_INIT("") }, "MB" },
		{ false, { S_INIT("INBOX {9223372036854775808}") }, "B" },
		{ false, { S_INIT("a{5}") }, "B" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_append a = { .is_replace = rows[i].is_replace };
		IMAP_ROOM(p);

		for (size_t s = 0; rows[i].answers[s] != '\0'; s++) {
			enum imap_append_answer answer =
				imap_append_next(&p, rows[i].segments[s], &a);

			check_row("AMDB"[answer] == rows[i].answers[s], i);
			check_row(answer != IMAP_APPEND_BAD || p.why != NULL, i);
		}
	}
}

static void test_values(void **state)
{
	struct imap_append a = { 0 };
	struct imap_append_message *m;
	IMAP_ROOM(p);

	(void)state;
	check(imap_append_next(&p, S("inbox (\\Seen a) \" 1-Jan-1970 00:00:07 +0000\" {9+}"), &a) ==
		IMAP_APPEND_MESSAGE);
	check(slice_same(a.mailbox, S("INBOX")) && a.message_count == 1);
	check(a.part->literal.bytes == 9 && !a.part->literal.is_sync && !a.part->literal.is_binary);
	check(a.message->flags.system == IMAP_FLAG_SEEN && a.message->flags.keyword_count == 1);
	check(a.message->has_time && a.message->time.seconds == 7);
	/* A segment that needs an argument first leaves no trace. */
	check(imap_append_next(&p, S(" CATENATE (URL x URL {2}"), &a) == IMAP_APPEND_ARGUMENT);
	check(a.message_count == 1 && a.messages->next == NULL && a.argument.bytes == 2);
	check(imap_append_next(&p, S(" CATENATE (URL x URL {2}\r\nyy TEXT ~{3}"), &a) ==
		IMAP_APPEND_MESSAGE);
	check(a.message_count == 2 && a.message->is_catenate && a.message->part_count == 3);
	check(imap_append_next(&p, S(" URL q URL"), &a) == IMAP_APPEND_BAD);
	check(a.message->part_count == 3 && a.part->next == NULL);
	check(imap_append_next(&p, S(" URL z)"), &a) == IMAP_APPEND_DONE);
	m = a.messages->next;
	check(m->part_count == 4 && m->next == NULL && !m->has_time);
	check(m->parts->is_url && slice_same(m->parts->next->url, S("yy")));
	check(m->parts->next->next->literal.is_binary && m->parts->next->next->next == a.part);
}

static void test_limits(void **state)
{
	auto_buf text = { .max = 1 << 16 };
	struct imap_append a = { 0 }, many = { 0 };
	IMAP_ROOM(p);
	IMAP_ROOM(q);

	(void)state;
	check(imap_append_next(&p, S("x {1}"), &a) == IMAP_APPEND_MESSAGE);
	for (size_t i = 1; i < LIMIT_IMAP_APPEND_MESSAGES; i++)
		check_row(imap_append_next(&p, S(" {1}"), &a) == IMAP_APPEND_MESSAGE, i);
	check(imap_append_next(&p, S(" {1}"), &a) == IMAP_APPEND_BAD);
	check(strstr(p.why, "too many") != NULL && a.message_count == LIMIT_IMAP_APPEND_MESSAGES);
	check(buf_add(&text, S("x CATENATE (URL a")));
	for (size_t i = 1; i < LIMIT_IMAP_APPEND_PARTS; i++)
		check(buf_add(&text, S(" URL a")));
	check(buf_add(&text, S(" TEXT {1}")));
	check(imap_append_next(&q, buf_slice(&text), &many) == IMAP_APPEND_BAD);
	check(strstr(q.why, "too many") != NULL);
	text.len -= 9;
	check(buf_add(&text, S(")")));
	check(imap_append_next(&q, buf_slice(&text), &many) == IMAP_APPEND_DONE);
}

static bool parse_url(struct imap_parse *p, struct slice text)
{
	struct imap_url url;

	return imap_url_parse(p, text, &url);
}

static void test_urls(void **state)
{
	static const struct {
		struct slice text, mailbox;
		uint32_t uid_validity, uid;
		const char *section; /* as it would be fetched */
		uint64_t bytes;
	} rows[] = {
		{ S_INIT("/Drafts;UIDVALIDITY=385759045/;UID=20"), S_INIT("Drafts"), 385759045, 20,
			"BODY[]", 0 },
		{ S_INIT("/inbox/;uid=4294967295/;section=1.2.HEADER"), S_INIT("INBOX"), 0,
			UINT32_MAX, "BODY[1.2.HEADER]", 0 },
		{ S_INIT("/a/b;UID=1"), S_INIT("a/b"), 0, 1, "BODY[]", 0 },
		{ S_INIT("/;UID=1"), S_INIT(""), 0, 1, "BODY[]", 0 },
		{ S_INIT(";UID=1/;PARTIAL=7"), S_INIT(""), 0, 1, "BODY[]<7>", INT64_MAX },
		{ S_INIT("/%C3%bc%20x/;UID=1/;SECTION=HEADER.FIELDS%20(a)/;PARTIAL=0.9"),
			S_INIT("\xc3\xbc x"), 0, 1, "BODY[HEADER.FIELDS (a)]<0>", 9 },
		{ S_INIT("/a&b/;UID=1"), S_INIT("a&b"), 0, 1, "BODY[]", 0 },
	};
	static const struct imap_bad_row bad[] = {
		{ S_INIT(""), "begin with /" },
		{ S_INIT("imap://joe@example.com/INBOX/;uid=20"), "begin with /" },
		{ S_INIT("//example.com/INBOX/;uid=20"), "another server" },
		{ S_INIT("/INBOX"), "is not /mailbox" },
		{ S_INIT("/INBOX;UID=0"), "is not /mailbox" },
		{ S_INIT("/INBOX;UID=4294967296"), "is not /mailbox" },
		{ S_INIT("/INBOX;UIDVALIDITY=0/;UID=1"), "is not /mailbox" },
		{ S_INIT("/INBOX;UID=1;URLAUTH=x"), "is not /mailbox" },
		{ S_INIT("/INBOX;UID=1/;SECTION="), "is not /mailbox" },
		{ S_INIT("/INBOX;UID=1/;SECTION=x"), "a section is" },
		{ S_INIT("/INBOX;UID=1/;PARTIAL="), "is not /mailbox" },
		{ S_INIT("/INBOX;UID=1/;PARTIAL=1.0"), "is not /mailbox" },
		{ S_INIT("/IN%BOX;UID=1"), "hexadecimal" },
		{ S_INIT("/IN%4;UID=1"), "hexadecimal" },
		{ S_INIT("/%ff;UID=1"), "not UTF-8" },
		{ S_INIT("/%00;UID=1"), "control" },
		{ S_INIT("/a b;UID=1"), "is not /mailbox" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct imap_url url;
		auto_buf section = { .max = 200 };
		IMAP_ROOM(p);

		check_row(imap_url_parse(&p, rows[i].text, &url), i);
		check_row(slice_same(url.mailbox, rows[i].mailbox) && url.uid == rows[i].uid, i);
		check_row(url.uid_validity == rows[i].uid_validity, i);
		check_row(imap_section_write(&section, &url.section), i);
		check_row(slice_same(buf_slice(&section), slice_of(rows[i].section)), i);
		check_row(url.section.partial_bytes == rows[i].bytes, i);
	}
	imap_check_bad(bad, COUNT(bad), parse_url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
