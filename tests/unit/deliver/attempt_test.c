/* SPDX-License-Identifier: MIT */
/* One attempt against a scripted next host: who took it, who will later, who never. */
#include "check.h"
#include "next_host.h"

#include "base/limits.h"
#include "deliver/attempt.h"
#include "syntax/smtp_line.h"

#include <stdio.h>
#include <string.h>

#define PLAIN "Subject: x\r\n\r\n.dot\r\nlast\r\n"
#define EIGHT                                                                                      \
	"Subject: x\r\n\r\ngr\xc3\xbc\xc3\x9f"                                                     \
	"e\r\n"
#define EHLO_ALL                                                                                   \
	"250-next\r\n250-SIZE "                                                                    \
	"1000\r\n250-8BITMIME\r\n250-DSN\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250 SMTPUTF8"

static const char *const bob[] = { "bob@b.example" };
static const char *const both[] = { "bob@b.example", "carol@b.example", 0 };

static const struct row {
	const char *name;
	struct next_host_row script[4];
	const char *const *to;
	size_t count;
	struct slice bytes;
	unsigned body, notify;
	bool is_utf8, is_lmtp;
	enum outcome outcomes[2];
	const char *reply;   /* of the first recipient: begins so */
	const char *command; /* was said */
} rows[] = {
	{ "taken", { { NULL, NULL, 0 } }, bob, 1, S_INIT(PLAIN), 0, 0, false, false,
		{ OUTCOME_RELAYED }, "250 2.0.0 taken", "MAIL FROM:<alice@a.example>\n" },
	{ "greeting refused", { { "(greeting)", "554 no", 0 } }, bob, 1, S_INIT(PLAIN), 0, 0, false,
		false, { OUTCOME_LATER }, "instead of a greeting: 554 no", "" },
	{ "no greeting but nonsense", { { "(greeting)", "hello there", 0 } }, bob, 1, S_INIT(PLAIN),
		0, 0, false, false, { OUTCOME_LATER }, "not an SMTP answer: 'hello there'", "" },
	{ "old host", { { "EHLO", "502 what", 0 } }, bob, 1, S_INIT(PLAIN), 0, 0, false, false,
		{ OUTCOME_RELAYED }, "250", "HELO mx.a.example\n" },
	{ "hello refused", { { "EHLO", "421 go", 0 } }, bob, 1, S_INIT(PLAIN), 0, 0, false, false,
		{ OUTCOME_LATER }, "after our greeting: 421 go", "" },
	{ "sender later", { { "MAIL", "451 4.3.0 no", 0 } }, bob, 1, S_INIT(PLAIN), 0, 0, false,
		false, { OUTCOME_LATER }, "451 4.3.0 no", "" },
	{ "sender never", { { "MAIL", "550 5.7.1 no", 0 } }, both, 2, S_INIT(PLAIN), 0, 0, false,
		false, { OUTCOME_NEVER, OUTCOME_NEVER }, "550 5.7.1 no", "" },
	{ "one never", { { "RCPT TO:<bob", "550 5.1.1 no", 0 } }, both, 2, S_INIT(PLAIN), 0, 0,
		false, false, { OUTCOME_NEVER, OUTCOME_RELAYED }, "550 5.1.1 no", "DATA\n" },
	{ "one later", { { "RCPT TO:<carol", "450 4.2.0 no", 0 } }, both, 2, S_INIT(PLAIN), 0, 0,
		false, false, { OUTCOME_RELAYED, OUTCOME_LATER }, "250", "DATA\n" },
	{ "nobody", { { "RCPT", "550 5.1.1 no", 0 } }, both, 2, S_INIT(PLAIN), 0, 0, false, false,
		{ OUTCOME_NEVER, OUTCOME_NEVER }, "550", "QUIT\n" },
	{ "data later", { { "DATA", "452 4.3.1 full", 0 } }, bob, 1, S_INIT(PLAIN), 0, 0, false,
		false, { OUTCOME_LATER }, "452 4.3.1 full", "" },
	{ "data never", { { "DATA", "554 5.5.0 no", 0 } }, bob, 1, S_INIT(PLAIN), 0, 0, false,
		false, { OUTCOME_NEVER }, "554 5.5.0 no", "" },
	{ "end never", { { "(end)", "554 5.6.0 spam", 0 } }, both, 2, S_INIT(PLAIN), 0, 0, false,
		false, { OUTCOME_NEVER, OUTCOME_NEVER }, "554 5.6.0 spam", "" },
	{ "lmtp, one each", { { "(end)", "552 5.2.2 full", 1 } }, both, 2, S_INIT(PLAIN), 0, 0,
		false, true, { OUTCOME_NEVER, OUTCOME_RELAYED }, "552 5.2.2 full",
		"LHLO mx.a.example\n" },
	{ "features", { { "EHLO", EHLO_ALL, 0 } }, bob, 1, S_INIT(PLAIN), 0,
		SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY, false, false, { OUTCOME_RELAYED }, "250",
		"RCPT TO:<bob@b.example> NOTIFY=SUCCESS,DELAY\n" },
	{ "size told", { { "EHLO", EHLO_ALL, 0 } }, bob, 1, S_INIT(PLAIN), 0, 0, false, false,
		{ OUTCOME_RELAYED }, "250", "MAIL FROM:<alice@a.example> SIZE=26\n" },
	{ "too big", { { "EHLO", "250-next\r\n250 SIZE 25", 0 } }, bob, 1, S_INIT(PLAIN), 0, 0,
		false, false, { OUTCOME_NEVER }, "552 5.3.4", "QUIT\n" },
	{ "just fits", { { "EHLO", "250-next\r\n250 SIZE 26", 0 } }, bob, 1, S_INIT(PLAIN), 0, 0,
		false, false, { OUTCOME_RELAYED }, "250", "" },
	{ "eight bits refused", { { NULL, NULL, 0 } }, bob, 1, S_INIT(EIGHT), SMTP_BODY_8BITMIME, 0,
		false, false, { OUTCOME_NEVER }, "554 5.6.3", "QUIT\n" },
	{ "declared eight, has seven", { { NULL, NULL, 0 } }, bob, 1, S_INIT(PLAIN),
		SMTP_BODY_8BITMIME, 0, false, false, { OUTCOME_RELAYED }, "250",
		"MAIL FROM:<alice@a.example>\n" },
	{ "eight bits", { { "EHLO", EHLO_ALL, 0 } }, bob, 1, S_INIT(EIGHT), SMTP_BODY_8BITMIME, 0,
		false, false, { OUTCOME_RELAYED }, "250", " BODY=8BITMIME\n" },
	{ "binary", { { "EHLO", EHLO_ALL, 0 } }, bob, 1, S_INIT("A: b\r\n\r\n\n.\n"),
		SMTP_BODY_BINARYMIME, 0, false, false, { OUTCOME_RELAYED }, "250",
		"BDAT 11 LAST\n" },
	{ "binary refused", { { "EHLO", "250-next\r\n250 CHUNKING", 0 } }, bob, 1, S_INIT(PLAIN),
		SMTP_BODY_BINARYMIME, 0, false, false, { OUTCOME_NEVER }, "554 5.6.3", "QUIT\n" },
	{ "utf8 not needed", { { NULL, NULL, 0 } }, bob, 1, S_INIT(PLAIN), 0, 0, true, false,
		{ OUTCOME_RELAYED }, "250", "MAIL FROM:<alice@a.example>\n" },
	{ "utf8 header", { { "EHLO", "250-next\r\n250 8BITMIME", 0 } }, bob, 1,
		S_INIT("S: \xc3\xbc\r\n\r\nx\r\n"), 0, 0, true, false, { OUTCOME_NEVER },
		"554 5.6.7", "QUIT\n" },
	{ "utf8 taken", { { "EHLO", EHLO_ALL, 0 } }, bob, 1, S_INIT("S: \xc3\xbc\r\n\r\nx\r\n"), 0,
		0, true, false, { OUTCOME_RELAYED }, "250", " SMTPUTF8\n" },
	{ "strange bytes in a reply", { { "RCPT", "550 a\tb\x01 c\x80", 0 } }, bob, 1,
		S_INIT(PLAIN), 0, 0, false, false, { OUTCOME_NEVER }, "550 a?b? c?", "" },
};

static const struct {
	enum smtp_tls tls;
	struct row row;
} tls_rows[] = {
	{ SMTP_TLS_NONE, { "not taken", { { "EHLO", "250-next\r\n250 STARTTLS", 0 } }, bob, 1,
				 S_INIT(PLAIN), 0, 0, false, false, { OUTCOME_RELAYED }, "250",
				 "EHLO mx.a.example\nMAIL FROM:<alice@a.example>\n" } },
	{ SMTP_TLS_MAY, { "refused is plain",
				{ { "EHLO", "250-next\r\n250 STARTTLS", 0 },
					{ "STARTTLS", "454 not now", 0 } },
				bob, 1, S_INIT(PLAIN), 0, 0, false, false, { OUTCOME_RELAYED },
				"250", "STARTTLS\nMAIL FROM" } },
	{ SMTP_TLS_ENCRYPT, { "wanted and refused",
				    { { "EHLO", "250-next\r\n250 STARTTLS", 0 },
					    { "STARTTLS", "454 not now", 0 } },
				    bob, 1, S_INIT(PLAIN), 0, 0, false, false, { OUTCOME_LATER },
				    "the host offers no TLS", "STARTTLS\nQUIT\n" } },
	{ SMTP_TLS_ENCRYPT, { "wanted and not offered", { { "EHLO", EHLO_ALL, 0 } }, bob, 1,
				    S_INIT(PLAIN), 0, 0, false, false, { OUTCOME_LATER },
				    "the host offers no TLS", "EHLO mx.a.example\nQUIT\n" } },
};

static void run_row(struct mail *m, const struct row *row, enum smtp_tls tls, size_t at)
{
	struct next_host host;
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	struct error e = { .fault = FAULT_NONE };
	struct spool_item item;
	enum outcome outcomes[2] = { OUTCOME_NONE, OUTCOME_NONE };
	uint64_t next_s;
	bool is_found = false;
	char hop[80];

	next_host_start(&host, row->script,
		row->script[0].command == NULL   ? 0
		: row->script[1].command == NULL ? 1
						 : 2);
	host.is_lmtp = row->is_lmtp;
	test_mail_spool(m, "alice@a.example", row->to, row->count, row->notify, row->bytes);
	check_row(spool_take(m->spool, &arena, &item, &is_found, &next_s, &e) && is_found, at);
	item.body_type = row->body;
	item.is_utf8 = row->is_utf8;
	item.entry.prefix = S("");
	item.entry.bytes = row->bytes.len;
	(void)snprintf(hop, sizeof hop, "%s%s", row->is_lmtp ? "lmtp:" : "", host.address);
	struct attempt attempt = { .next_hop = slice_of(hop),
		.our_name = S("mx.a.example"),
		.store = m->store,
		.item = &item,
		.arena = &arena,
		.outcomes = outcomes,
		.client = { .clock = &clock_real, .tls = tls } };
	attempt_run(&attempt);
	next_host_stop(&host);
	check_row(buf_add_byte(&host.commands, '\0'), at);
	if (!slice_starts(item.rcpts[0].last_reply, slice_of(row->reply)) ||
		strstr(host.commands.at, row->command) == NULL)
		print_error("%s: '%.*s' after\n%s", row->name, S_FMT(item.rcpts[0].last_reply),
			host.commands.at);
	for (size_t i = 0; i < row->count; i++) {
		check_row(outcomes[i] == row->outcomes[i], at);
		item.rcpts[i].fate = SPOOL_RELAYED;
	}
	check_row(slice_starts(item.rcpts[0].last_reply, slice_of(row->reply)), at);
	check_row(strstr(host.commands.at, row->command) != NULL, at);
	check_row(spool_put_back(m->spool, &item, &e), at);
	next_host_done(&host);
}

static void test_attempts(void **state)
{
	struct mail m;

	(void)state;
	test_mail_open(&m);
	for (size_t i = 0; i < COUNT(rows); i++)
		run_row(&m, &rows[i], SMTP_TLS_NONE, i);
	for (size_t i = 0; i < COUNT(tls_rows); i++)
		run_row(&m, &tls_rows[i].row, tls_rows[i].tls, 1000 + i);
	mail_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_attempts) };

	return cmocka_run_group_tests_name("attempt", tests, NULL, NULL);
}
