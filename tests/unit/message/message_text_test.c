/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "message/charset.h"
#include "message/encoded_word.h"
#include "message/envelope_text.h"
#include "message/message_id.h"
#include "message/preview.h"
#include "message/sent_date.h"
#include "message/text_search.h"
#include "message/thread_subject.h"

static void test_addresses(void **state)
{
	static const struct {
		struct slice value, list;
	} rows[] = {
		{ S_INIT(""), S_INIT("NIL") },
		{ S_INIT("a@b"), S_INIT("((NIL NIL \"a\" \"b\"))") },
		{ S_INIT("Joe"), S_INIT("((NIL NIL \"Joe\" \"MISSING_DOMAIN\"))") },
		{ S_INIT("Joe Bloe"),
			S_INIT("((\"Joe Bloe\" NIL \"MISSING_MAILBOX\" \"MISSING_DOMAIN\"))") },
		{ S_INIT("Name <>"),
			S_INIT("((\"Name\" NIL \"MISSING_MAILBOX\" \"MISSING_DOMAIN\"))") },
		{ S_INIT("a@b, \"C, D\" <c@d>"),
			S_INIT("((NIL NIL \"a\" \"b\")(\"C, D\" NIL \"c\" \"d\"))") },
		{ S_INIT("G: a@b, c@d;, e@f"), S_INIT("((NIL NIL \"G\" NIL)(NIL NIL \"a\" "
						      "\"b\")(NIL NIL \"c\" \"d\")(NIL NIL NIL "
						      "NIL)(NIL NIL \"e\" \"f\"))") },
		{ S_INIT("nobody:;"), S_INIT("((NIL NIL \"nobody\" NIL)(NIL NIL NIL NIL))") },
		{ S_INIT("G: a"),
			S_INIT("((NIL NIL \"G\" NIL)(NIL NIL \"a\" \"MISSING_DOMAIN\")(NIL NIL "
			       "NIL NIL))") },
		{ S_INIT("j@x <j@x>"), S_INIT("((\"j@x\" NIL \"j\" \"x\"))") },
		{ S_INIT("<@r,@s:j@x>"), S_INIT("((NIL \"@r,@s\" \"j\" \"x\"))") },
		{ S_INIT("\"a b\"@c.d"), S_INIT("((NIL NIL \"a b\" \"c.d\"))") },
		{ S_INIT("a@[1.2.3.4]"), S_INIT("((NIL NIL \"a\" \"[1.2.3.4]\"))") },
		{ S_INIT("a . b @ c . d (Name)"), S_INIT("((\"Name\" NIL \"a . b\" \"c.d\"))") },
		{ S_INIT("a@b@c"), S_INIT("((NIL NIL \"a\" \"b\"))") },
		{ S_INIT("a@b c@d"), S_INIT("((NIL NIL \"a\" \"b\"))") },
		{ S_INIT(",,a@b,"), S_INIT("((NIL NIL \"a\" \"b\"))") },
		{ S_INIT("J\xc3\xb6 <a@b>"), S_INIT("(({3}\r\nJ\xc3\xb6 NIL \"a\" \"b\"))") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf header = { .max = 1000 };
		auto_buf text = { .max = 10000 };
		struct envelope_view v;

		check_row(buf_add(&header, S("From: ")) && buf_add(&header, rows[i].value), i);
		check_row(buf_add(&header, S("\r\nSubject: a\r\n \"b\"\r\n\r\n")), i);
		check_row(envelope_text_add(buf_slice(&header), &text), i);
		check_row(envelope_text_view(buf_slice(&text), &v), i);
		check_row(slice_same(v.lists[ENVELOPE_FROM], rows[i].list), i);
		check_row(slice_same(v.lists[ENVELOPE_SENDER], rows[i].list), i);
		check_row(slice_same(v.lists[ENVELOPE_REPLY_TO], rows[i].list), i);
		check_row(slice_same(v.lists[ENVELOPE_TO], S("NIL")), i);
		check_row(slice_same(v.subject, S("\"a \\\"b\\\"\"")), i);
		buf_clear(&header);
		check_row(envelope_text_value(v.subject, &header), i);
		check_row(slice_same(buf_slice(&header), S("a \"b\"")), i);
	}
}

static void test_address_views(void **state)
{
	static const struct slice list = S_INIT(
		"((\"=?utf-8?q?J=C3=B6?=\" NIL \"j\" \"x\")(NIL NIL \"G\" NIL)(NIL NIL NIL NIL))");
	auto_buf out = { .max = 1000 };

	(void)state;
	check(envelope_text_addresses(list, &out));
	check(slice_same(buf_slice(&out), S("=?utf-8?q?J=C3=B6?= <j@x>, G")));
	buf_clear(&out);
	check(envelope_text_sort_address(list, &out) && slice_same(buf_slice(&out), S("j")));
	buf_clear(&out);
	check(envelope_text_display(list, &out) && slice_same(buf_slice(&out), S("J\xc3\xb6")));
	buf_clear(&out);
	check(envelope_text_display(S("NIL"), &out) && out.len == 0);
	check(envelope_text_display(S("((NIL NIL \"j\" \"x\"))"), &out));
	check(slice_same(buf_slice(&out), S("j@x")));
}

static void test_transfer(void **state)
{
	static const struct {
		enum transfer transfer;
		struct slice in, out;
	} rows[] = {
		{ TRANSFER_BASE64, S_INIT("aGFs\r\nbG8="), S_INIT("hallo") },
		{ TRANSFER_BASE64, S_INIT("aGFsbG8"), S_INIT("hallo") },
		{ TRANSFER_BASE64, S_INIT("aG!FsbG8=aaaa"), S_INIT("hallo") },
		{ TRANSFER_BASE64, S_INIT(""), S_INIT("") },
		{ TRANSFER_QUOTED_PRINTABLE, S_INIT("a=3Db=\r\nc  \r\nd =\nx"),
			S_INIT("a=bc\r\nd x") },
		{ TRANSFER_QUOTED_PRINTABLE, S_INIT("=3d=e4=ZZ=3"), S_INIT("=\xe4=ZZ=3") },
		{ TRANSFER_QUOTED_PRINTABLE, S_INIT("a ="), S_INIT("a ") },
		{ TRANSFER_QUOTED_PRINTABLE, S_INIT("a \t"), S_INIT("a") },
		{ TRANSFER_QUOTED_PRINTABLE, S_INIT("==41=\r=41"), S_INIT("=A=\rA") },
		{ TRANSFER_QUOTED_PRINTABLE, S_INIT("sixteen letters, or more of them \t\r\nx \ry"),
			S_INIT("sixteen letters, or more of them\r\nx\ry") },
		{ TRANSFER_QUOTED_PRINTABLE, S_INIT("blanks \t =20 \n \t a=20\n"),
			S_INIT("blanks \t  \n \t a \n") },
		{ TRANSFER_BASE64, S_INIT("TWFueSBoYW5kcyBtYWtl\r\nIGxpZ2h0IHdvcmsu"),
			S_INIT("Many hands make light work.") },
		{ TRANSFER_BASE64, S_INIT("TWFu-eSBo-YW5k cyBt=YW\xfftl"),
			S_INIT("Many hands make") },
		{ TRANSFER_BASE64, S_INIT("TWFu=TWFu"), S_INIT("ManMan") },
		{ TRANSFER_IDENTITY, S_INIT("a=3D"), S_INIT("a=3D") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t step = 1; step < 12; step++) {
			auto_buf out = { .max = 10000 };
			struct transfer_decoder d;

			transfer_begin(&d, rows[i].transfer);
			for (size_t at = 0; at < rows[i].in.len; at += step)
				check_row(transfer_feed(&d,
						  slice_first(slice_skip(rows[i].in, at), step),
						  &out),
					i);
			check_row(transfer_end(&d, &out), i);
			check_row(slice_same(buf_slice(&out), rows[i].out), i);
		}
	}
	check(transfer_named(S(" Quoted-Printable (x)")) == TRANSFER_QUOTED_PRINTABLE);
	check(transfer_named(S("uuencode")) == TRANSFER_UNKNOWN);
	check(transfer_named(S("")) == TRANSFER_IDENTITY);
}

static void test_encoded_words(void **state)
{
	static const struct {
		struct slice value, text;
	} rows[] = {
		{ S_INIT(" plain\r\n text "), S_INIT("plain text") },
		{ S_INIT("=?utf-8?q?J=C3=B6_x?= y"), S_INIT("J\xc3\xb6 x y") },
		{ S_INIT("=?iso-8859-1?Q?=E4?= =?ISO-8859-1*de?b?5A==?="),
			S_INIT("\xc3\xa4\xc3\xa4") },
		/* A character cut between two words. */
		{ S_INIT("=?utf-8?b?w6Q=?= =?utf-8?q?=C3?= =?utf-8?q?=A4?="),
			S_INIT("\xc3\xa4\xc3\xa4") },
		{ S_INIT("a =?utf-8?q?b?= c"), S_INIT("a b c") },
		{ S_INIT("=?utf-8?q?a_?="), S_INIT("a ") },
		{ S_INIT("=?utf-8?x?b?= =? =?="), S_INIT("=?utf-8?x?b?= =? =?=") },
		{ S_INIT("=?nonesuch?q?=E4?="), S_INIT("\xc3\xa4") },
		{ S_INIT("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="),
			S_INIT("\xe6\x97\xa5\xe6\x9c\xac") },
		{ S_INIT("raw \xe4 \xc3\xa4"), S_INIT("raw \xc3\xa4 \xc3\xa4") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf out = { .max = 1000 };

		check_row(encoded_word_decode(rows[i].value, &out), i);
		check_row(slice_same(buf_slice(&out), rows[i].text), i);
	}
}

static void builder_free(struct structure_builder **b)
{
	structure_free(*b);
}

static void search_free(struct text_search **t)
{
	text_search_free(*t);
}

static const struct slice letter = S_INIT(
	"Subject: =?iso-8859-1?q?H=E4llo?= World\r\nContent-Type: multipart/mixed; "
	"boundary=x\r\n\r\n"
	"preamble\r\n--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
	"Content-Transfer-Encoding: quoted-printable\r\nX-Part: inner\r\n\r\nStra=DFe "
	"in=\r\nmitten\r\n"
	"--x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	"w4RyZ2VyIG1pdCBPYnN0\r\n--x\r\nContent-Type: application/x\r\n\r\nhidden\r\n--x--\r\n");

static void test_search(void **state)
{
	static const struct {
		struct slice key;
		enum text_search_scope scope;
		bool is_found;
	} rows[] = {
		{ S_INIT("h\xc3\x84LLO world"), TEXT_SEARCH_TEXT, true },
		{ S_INIT("h\xc3\xa4llo"), TEXT_SEARCH_HEADER, true },
		{ S_INIT("h\xc3\xa4llo"), TEXT_SEARCH_BODY, false },
		{ S_INIT("inmitten"), TEXT_SEARCH_BODY, true },
		{ S_INIT("inmitten"), TEXT_SEARCH_HEADER, false },
		{ S_INIT("STRA\xc3\x9f"
			 "E"),
			TEXT_SEARCH_TEXT, true },
		/* The same letter as a letter and a mark. */
		{ S_INIT("a\xcc\x88rger MIT obst"), TEXT_SEARCH_BODY, true },
		{ S_INIT("hidden"), TEXT_SEARCH_TEXT, false },
		{ S_INIT("preamble"), TEXT_SEARCH_TEXT, false },
		{ S_INIT("x-part: INNER"), TEXT_SEARCH_TEXT, true },
		{ S_INIT("nowhere"), TEXT_SEARCH_TEXT, false },
		{ S_INIT(""), TEXT_SEARCH_TEXT, true },
	};
	ON_EXIT(builder_free) struct structure_builder *b = structure_new();
	auto_buf record = { .max = STRUCTURE_RECORD_BYTES_MAX };
	auto_arena arena = { .max = 1 << 20 };
	struct structure s;

	(void)state;
	check(b != NULL && structure_feed(b, letter) && structure_end(b, &record));
	check(structure_decode(buf_slice(&record), &arena, &s));
	for (size_t i = 0; i < COUNT(rows) * 3; i++) {
		size_t row = i / 3, step = i % 3 == 0 ? 1 : i % 3 == 1 ? 17 : letter.len;
		ON_EXIT(text_key_done) struct text_key key;
		struct text_wish wish = { .key = &key, .scope = rows[row].scope };

		check_row(text_key_init(&key, S("utf-8"), rows[row].key) == TEXT_KEY_OK, row);
		ON_EXIT(search_free) struct text_search *t = text_search_new(&s, &wish, 1);
		check_row(t != NULL, row);
		for (size_t at = 0; at < letter.len; at += step) {
			if (!text_search_feed(t, slice_first(slice_skip(letter, at), step)))
				break;
		}
		text_search_end(t);
		check_row(wish.is_found == rows[row].is_found, row);
	}
}

/* A hit over the edges of pieces and windows, in a body far larger than either. */
static void test_search_long(void **state)
{
	ON_EXIT(builder_free) struct structure_builder *b = structure_new();
	auto_buf record = { .max = STRUCTURE_RECORD_BYTES_MAX };
	auto_buf message = { .max = 1 << 20 };
	auto_arena arena = { .max = 1 << 20 };
	ON_EXIT(text_key_done) struct text_key last, none;
	struct text_wish wishes[] = { { .key = &last, .scope = TEXT_SEARCH_BODY },
		{ .key = &none, .scope = TEXT_SEARCH_BODY } };
	struct structure s;

	(void)state;
	check(buf_add(&message, S("\r\n")));
	for (unsigned i = 0; i < 20000; i++)
		check(buf_add_format(&message, "line %u of many\r\n", i));
	check(b != NULL && structure_feed(b, buf_slice(&message)) && structure_end(b, &record));
	check(structure_decode(buf_slice(&record), &arena, &s));
	check(text_key_init(&none, S(""), S("line 20000 ")) == TEXT_KEY_OK);
	for (unsigned i = 0; i < 20000; i += 97) {
		auto_buf text = { .max = 100 };

		check(buf_add_format(&text, "LINE %u OF many", i));
		check(text_key_init(&last, S(""), buf_slice(&text)) == TEXT_KEY_OK);
		ON_EXIT(search_free) struct text_search *t = text_search_new(&s, wishes, 2);
		check(t != NULL);
		(void)text_search_feed(t, buf_slice(&message));
		text_search_end(t);
		check_row(wishes[0].is_found && !wishes[1].is_found, i);
		text_search_again(t, &s);
		check_row(!wishes[0].is_found, i);
		text_key_done(&last);
	}
	check(text_key_init(&last, S("x-nonesuch"), S("a")) == TEXT_KEY_BAD_CHARSET);
}

static void test_search_header(void **state)
{
	static const struct slice header =
		S_INIT("A: one\r\nB: =?utf-8?q?t=C3=BCr?=\r\nA: two\r\n three\r\nC:\r\n\r\n");
	static const struct {
		struct slice name, text;
		bool is_found;
	} rows[] = {
		{ S_INIT("a"), S_INIT("two THREE"), true },
		{ S_INIT("b"), S_INIT("T\xc3\x9cR"), true },
		{ S_INIT("a"), S_INIT("t\xc3\xbcr"), false },
		{ S_INIT("c"), S_INIT(""), true },
		{ S_INIT("d"), S_INIT(""), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ON_EXIT(text_key_done) struct text_key key;

		check_row(text_key_init(&key, S(""), rows[i].text) == TEXT_KEY_OK, i);
		check_row(text_key_in_header(&key, header, rows[i].name) == rows[i].is_found, i);
	}
}

static void test_base_subject(void **state)
{
	static const struct {
		struct slice subject, base;
		bool is_reply;
	} rows[] = {
		{ S_INIT("Hello"), S_INIT("HELLO"), false },
		{ S_INIT("Re: Hello"), S_INIT("HELLO"), true },
		{ S_INIT("RE[2]: fwd:  [list] Hello\t \tthere (fwd) (FWD)"), S_INIT("HELLO THERE"),
			true },
		{ S_INIT("[a] [b] Re: x"), S_INIT("X"), true },
		{ S_INIT("[a] x"), S_INIT("X"), false },
		{ S_INIT("[a]"), S_INIT("[A]"), false },
		{ S_INIT("[Fwd: Re: [x] y]"), S_INIT("Y"), true },
		{ S_INIT("Reply: y"), S_INIT("REPLY: Y"), false },
		{ S_INIT("Re:"), S_INIT(""), true },
		{ S_INIT(""), S_INIT(""), false },
		{ S_INIT("=?utf-8?q?Re:_t=C3=BCr?="), S_INIT("TU\xcc\x88R"), true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf out = { .max = 1000 };
		bool is_reply = !rows[i].is_reply;

		check_row(thread_subject_base(rows[i].subject, &out, &is_reply), i);
		check_row(slice_same(buf_slice(&out), rows[i].base), i);
		check_row(is_reply == rows[i].is_reply, i);
	}
}

static void test_sent_date(void **state)
{
	static const struct {
		struct slice value;
		bool is_date;
		int64_t unix_s;
		int32_t zone_min;
	} rows[] = {
		{ S_INIT("Mon, 23 Nov 2026 05:26:30 +0000"), true, 1795411590, 0 },
		{ S_INIT(" 23 Nov 2026 06:26 +0100"), true, 1795411560, 60 },
		{ S_INIT("Mon, 23 Nov 26 00:26:30 EST (east)"), true, 1795411590, -300 },
		{ S_INIT("Thu, 1 Jan 70 00:00:00 GMT"), true, 0, 0 },
		{ S_INIT("1 Mar 2000 00 : 00 : 00 Z"), true, 951868800, 0 },
		{ S_INIT("31-Dec-1969 23:59:59 -0000"), true, -1, 0 },
		{ S_INIT("23 November 2026 05:26:30"), true, 1795411590, 0 },
		{ S_INIT("23 Nov 2026 05:26:30 +9999"), true, 1795411590, 0 },
		{ S_INIT(""), false, 0, 0 },
		{ S_INIT("yesterday"), false, 0, 0 },
		{ S_INIT("32 Nov 2026 05:26:30"), false, 0, 0 },
		{ S_INIT("23 Nov 2026 24:00:00"), false, 0, 0 },
		{ S_INIT("0 Nov 2026 00:00:00"), false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sent_date date = { 0, 0 };

		check_row(sent_date_parse(rows[i].value, &date) == rows[i].is_date, i);
		check_row(date.unix_s == rows[i].unix_s && date.zone_min == rows[i].zone_min, i);
	}
}

static void test_message_ids(void **state)
{
	static const struct slice value = S_INIT("rubbish <a@b> <\"c\"@d>\r\n <\"e f\"@g><h @ (x) "
						 "i> <none> <@x> <x@> <k <l@m> <n@o");
	static const struct slice ids[] = { S_INIT("<a@b>"), S_INIT("<c@d>"), S_INIT("<\"e f\"@g>"),
		S_INIT("<h@i>"), S_INIT("<l@m>") };
	auto_buf id = { .max = MESSAGE_ID_BYTES_MAX };
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		check_row(message_id_next(value, &at, &id), i);
		check_row(slice_same(buf_slice(&id), ids[i]), i);
	}
	check(!message_id_next(value, &at, &id) && !message_id_next(value, &at, &id));
}

static void test_preview(void **state)
{
	static const struct {
		struct slice source, charset, preview;
		enum transfer transfer;
		bool is_html;
	} rows[] = {
		{ S_INIT("  a \r\n\r\n b "), S_INIT(""), S_INIT("a b"), TRANSFER_IDENTITY, false },
		{ S_INIT("=E4"), S_INIT("iso-8859-1"), S_INIT("\xc3\xa4"),
			TRANSFER_QUOTED_PRINTABLE, false },
		{ S_INIT("<style>p{}</style><p>a<br>b<b>c</b> &amp; &#228;&#xz;<!-- <p> --> d"),
			S_INIT(""), S_INIT("a bc & \xc3\xa4&#xz; d"), TRANSFER_IDENTITY, true },
		{ S_INIT("<p"), S_INIT(""), S_INIT(""), TRANSFER_IDENTITY, true },
		{ S_INIT("a"), S_INIT(""), S_INIT(""), TRANSFER_UNKNOWN, false },
	};
	auto_buf longer = { .max = 1000 };
	auto_buf out = { .max = PREVIEW_BYTES_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf preview = { .max = PREVIEW_BYTES_MAX };

		check_row(preview_add(rows[i].source, rows[i].transfer, rows[i].charset,
				  rows[i].is_html, &preview),
			i);
		check_row(slice_same(buf_slice(&preview), rows[i].preview), i);
	}
	for (unsigned i = 0; i < PREVIEW_CHARACTERS_MAX + 10; i++)
		check(buf_add(&longer, S("\xc3\xa4")));
	check(preview_add(buf_slice(&longer), TRANSFER_IDENTITY, S("utf-8"), false, &out));
	check(out.len == 2 * PREVIEW_CHARACTERS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_address_views), cmocka_unit_test(test_transfer),
		cmocka_unit_test(test_encoded_words), cmocka_unit_test(test_search),
		cmocka_unit_test(test_search_long), cmocka_unit_test(test_search_header),
		cmocka_unit_test(test_base_subject), cmocka_unit_test(test_sent_date),
		cmocka_unit_test(test_message_ids), cmocka_unit_test(test_preview) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
