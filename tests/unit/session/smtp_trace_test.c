/* SPDX-License-Identifier: MIT */
/* Every mail leaves a trace: the accepted with its stages, the refused with the reply. */
#include "room.h"

#include "base/limits.h"
#include "mail/directory.h"
#include "mail/timeline.h"

static struct mail mail;

static int begin(void **state)
{
	static const char secret[] = "a secret of thirty-two bytes ...";
	struct store_options store_options = { .may_create = true };
	struct mail_options options = {
		.clock = &clock_real, .secret = { secret, 32 }, .timeline_keep_hours = 1
	};
	struct domain domain = { .name = S("a.example") };
	struct account account = { .address = S("alice@a.example"), .id = id_new(&clock_real) };
	struct error e = { .fault = FAULT_NONE };
	struct store *store;

	(void)state;
	check(store_open(&store_mem, &store_options, &store, &e));
	check(mail_open(store, &options, &mail, &e));
	check(domain_add(mail.directory, &domain, &e) == CHANGE_DONE);
	check(account_add(mail.directory, &account, &e) == CHANGE_DONE);
	return 0;
}

static int end(void **state)
{
	(void)state;
	mail_close(&mail);
	return 0;
}

/* A whole session that says all this at once. */
static void run(struct slice script)
{
	struct room r;

	room_open_over(&r, SESSION_SMTP, &mail);
	room_send(&r, script);
	check(shutdown(r.client_fd, SHUT_WR) == 0);
	session_run(r.work);
	check(close(r.client_fd) == 0);
}

/* Has the newest mail of this address this stage, and does its note hold these words? */
static bool trace_has(struct slice address, enum stage stage, struct slice words)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct error e = { .fault = FAULT_NONE };
	struct trace *traces = NULL;
	size_t count = 0;

	check(timelines_find(mail.timelines, address, 1, &a, &traces, &count, &e));
	for (size_t i = 0; count > 0 && i < traces[0].stage_count; i++) {
		const struct timeline_stage *s = &traces[0].stages[i];

		if (s->stage == stage &&
			memmem(s->note.at, s->note.len, words.at, words.len) != NULL)
			return true;
	}
	return false;
}

static void test_accepted(void **state)
{
	static const enum stage stages[] = { STAGE_CONNECTED, STAGE_MAIL, STAGE_RCPT, STAGE_DATA,
		STAGE_RECEIVED, STAGE_CHECKED, STAGE_COMMITTED };

	(void)state;
	run(S("HELO c\r\nMAIL FROM:<one@c.example>\r\nRCPT TO:<alice@a.example>\r\nDATA\r\n"
	      "Message-ID: <m1@c.example>\r\n\r\n.\r\nQUIT\r\n"));
	for (size_t i = 0; i < COUNT(stages); i++) {
		check_row(trace_has(S("one@c.example"), stages[i], S("")), i);
		check_row(trace_has(S("alice@a.example"), stages[i], S("")), i);
		check_row(trace_has(S("<m1@c.example>"), stages[i], S("")), i);
	}
	check(!trace_has(S("one@c.example"), STAGE_REFUSED, S("")));
}

static void test_refused(void **state)
{
	static const struct {
		struct slice script, find, reply;
	} rows[] = {
		{ S_INIT("HELO c\r\nMAIL FROM:<two@c.example>\r\nRCPT "
			 "TO:<nobody@a.example>\r\nQUIT\r\n"),
			S_INIT("nobody@a.example"), S_INIT("550 5.1.1") },
		{ S_INIT("HELO c\r\nMAIL FROM:<three@c.example>\r\nRCPT "
			 "TO:<x@b.example>\r\nRSET\r\nQUIT\r\n"),
			S_INIT("three@c.example"), S_INIT("550 5.7.1") },
		{ S_INIT("HELO c\r\nMAIL FROM:<four@c.example> SIZE=99999999\r\nQUIT\r\n"),
			S_INIT("four@c.example"), S_INIT("552 5.3.4") },
		{ S_INIT("HELO c\r\nMAIL FROM:<five@c.example>\r\nRCPT "
			 "TO:<alice@a.example>\r\nDATA\r\n"
			 "Message-ID: <m5@c.example>\r\n\r\nbare\nlf\r\n.\r\nQUIT\r\n"),
			S_INIT("m5@c.example"), S_INIT("554 5.6.0") },
		{ S_INIT("HELO c\r\nMAIL FROM:<six@c.example>\r\nRCPT "
			 "TO:<alice@a.example>\r\nDATA\r\nhalf"),
			S_INIT("six@c.example"), S_INIT("421 4.4.2") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		run(rows[i].script);
		check_row(trace_has(rows[i].find, STAGE_REFUSED, rows[i].reply), i);
	}
}

/* However many recipients are refused, the stages after them keep their places. */
static void test_many_refused(void **state)
{
	auto_buf script = { .max = 4096 };

	(void)state;
	check(buf_add(&script, S("HELO c\r\nMAIL FROM:<seven@c.example>\r\n")));
	for (unsigned i = 0; i < 30; i++)
		check(buf_add_format(&script, "RCPT TO:<nobody%u@a.example>\r\n", i));
	check(buf_add(&script, S("RCPT TO:<alice@a.example>\r\nDATA\r\n\r\n.\r\nQUIT\r\n")));
	run(buf_slice(&script));
	check(trace_has(S("seven@c.example"), STAGE_REFUSED, S("nobody0@a.example")));
	check(trace_has(S("seven@c.example"), STAGE_COMMITTED, S("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many_refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
