/* SPDX-License-Identifier: MIT */
/* The threads: retries, reports to the sender, stopping. */
#include "breakable_store.h"
#include "check.h"
#include "next_host.h"

#include "base/limits.h"
#include "deliver/deliver.h"
#include "mail/directory.h"
#include "mail/folder.h"
#include "mail/spool.h"
#include "syntax/smtp_line.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const both[] = { "bob@b.example", "carol@b.example", 0 };

static struct deliver *start(struct mail *m, const struct next_host *host, uint32_t give_up_s)
{
	struct deliver_options options = { .mail = m,
		.clock = &clock_real,
		.host = "mx.a.example",
		.worker_max = 2,
		.retry_first_s = 1,
		.retry_most_s = 1,
		.give_up_s = give_up_s };
	struct error e = { .fault = FAULT_NONE };
	struct deliver *d = NULL;

	(void)snprintf(options.next_hop, sizeof options.next_hop, "%s", host->address);
	check(deliver_start(&options, &d, &e));
	return d;
}

/* Until the spool is empty and nothing is under way. */
static void wait_until_empty(struct mail *m)
{
	for (unsigned i = 0; i < 2000; i++) {
		struct spool_stats stats;

		spool_stats_get(m->spool, &stats);
		if (stats.waiting == 0 && stats.taken == 0)
			return;
		(void)usleep(10 * 1000);
	}
	print_error("the spool is never empty\n");
	check(false);
}

/* How many mails alice has; the last one's bytes. */
static uint64_t read_inbox(struct mail *m, struct buf *out)
{
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	struct error e = { .fault = FAULT_NONE };
	struct account alice;
	struct folder *inbox;
	struct folder_state state;
	struct entry_page page = { 0 };
	bool is_found = false;

	check(account_get(m->directory, S("alice@a.example"), &arena, &alice, &is_found, &e) &&
		is_found);
	check(folder_open(m->folders, alice.id, &inbox, &e));
	folder_state_get(inbox, &state);
	if (state.count > 0) {
		struct body_reader reader;
		struct slice piece;

		check(folder_find(inbox, state.uid_next - 1, &page, &is_found, &e) && is_found);
		body_open(&reader, m->store, &page.at[0]);
		do
			check(body_next(&reader, &piece, &e) && buf_add(out, piece));
		while (piece.len > 0);
		body_close(&reader);
		entry_page_done(&page);
	}
	check(buf_add_byte(out, '\0'));
	folder_close(inbox);
	return state.count;
}

static const struct row {
	const char *name;
	struct next_host_row script[2];
	const char *from;
	unsigned notify;
	uint32_t give_up_s;
	struct deliver_stats stats; /* attempts are not compared when 0 */
	uint64_t reports;
	const char *says[4]; /* in the report */
} rows[] = {
	{ "relayed", { { NULL, NULL, 0 } }, "alice@a.example", 0, 60, { 1, 2, 0, 0 }, 0, { NULL } },
	{ "later, then relayed", { { "MAIL", "451 4.3.0 wait", 2 } }, "alice@a.example", 0, 60,
		{ 3, 2, 4, 0 }, 0, { NULL } },
	{ "one refused", { { "RCPT TO:<bob", "550 5.1.1 no bob", 0 } }, "alice@a.example", 0, 60,
		{ 1, 1, 0, 1 }, 1,
		{ "Final-Recipient: rfc822; bob@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n",
			"Diagnostic-Code: smtp; 550 5.1.1 no bob\r\n", "Return-Path: <>\r\n",
			"Subject: x\r\n" } },
	{ "given up", { { "MAIL", "451 wait", 0 } }, "alice@a.example", 0, 0, { 1, 0, 0, 2 }, 1,
		{ "Status: 5.4.7\r\n", "carol@b.example", "report-type=delivery-status" } },
	{ "null reverse-path", { { "MAIL", "550 5.7.1 no", 0 } }, "", 0, 60, { 1, 0, 0, 2 }, 0,
		{ NULL } },
	{ "never wanted", { { "MAIL", "550 5.7.1 no", 0 } }, "alice@a.example", SMTP_NOTIFY_NEVER,
		60, { 1, 0, 0, 2 }, 0, { NULL } },
	{ "only success wanted", { { "MAIL", "550 5.7.1 no", 0 } }, "alice@a.example",
		SMTP_NOTIFY_SUCCESS, 60, { 1, 0, 0, 2 }, 0, { NULL } },
	{ "success told by us", { { NULL, NULL, 0 } }, "alice@a.example", SMTP_NOTIFY_SUCCESS, 60,
		{ 1, 2, 0, 0 }, 1,
		{ "Action: relayed\r\nStatus: 2.0.0\r\n", "bob@b.example", "carol@b.example" } },
	{ "success told by the next host", { { "EHLO", "250-next\r\n250 DSN", 0 } },
		"alice@a.example", SMTP_NOTIFY_SUCCESS, 60, { 1, 2, 0, 0 }, 0, { NULL } },
	{ "unknown sender", { { "MAIL", "550 5.7.1 no", 0 } }, "nobody@a.example", 0, 60,
		{ 1, 0, 0, 2 }, 0, { NULL } },
};

static void run_row(const struct row *row, size_t at)
{
	auto_buf report = { .max = 1 << 20 };
	struct deliver_stats stats;
	struct next_host host;
	struct mail m;

	test_mail_open(&m);
	next_host_start(&host, row->script, row->script[0].command != NULL ? 1 : 0);
	test_mail_spool(&m, row->from, both, 2, row->notify, S("Subject: x\r\n\r\nbody\r\n"));
	struct deliver *d = start(&m, &host, row->give_up_s);
	wait_until_empty(&m);
	deliver_stats_get(d, &stats);
	deliver_stop(d);
	uint64_t reports = read_inbox(&m, &report);
	if (memcmp(&stats, &row->stats, sizeof stats) != 0 || reports != row->reports)
		print_error("%s: %u attempts, %u relayed, %u deferred, %u bounced, %u reports\n",
			row->name, (unsigned)stats.attempts, (unsigned)stats.relayed,
			(unsigned)stats.deferred, (unsigned)stats.bounced, (unsigned)reports);
	check_row(memcmp(&stats, &row->stats, sizeof stats) == 0, at);
	check_row(reports == row->reports, at);
	for (size_t i = 0; i < COUNT(row->says) && row->says[i] != NULL; i++) {
		if (strstr(report.at, row->says[i]) == NULL)
			print_error("%s: no '%s' in\n%s\n", row->name, row->says[i], report.at);
		check_row(strstr(report.at, row->says[i]) != NULL, at);
	}
	mail_close(&m);
	next_host_stop(&host);
	next_host_done(&host);
}

static void test_fates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		run_row(&rows[i], i);
}

/* A next host that accepts and then is silent must not hold up the end. */
static void test_stop_cuts_a_silent_host(void **state)
{
	static const struct next_host_row greeting[] = { { "(greeting)", "220-wait", 0 } };
	struct next_host host;
	struct spool_stats stats = { .taken = 0 };
	struct mail m;

	(void)state;
	test_mail_open(&m);
	next_host_start(&host, greeting, COUNT(greeting));
	test_mail_spool(&m, "alice@a.example", both, 2, 0, S("Subject: x\r\n\r\nbody\r\n"));
	struct deliver *d = start(&m, &host, 60);
	for (unsigned i = 0; i < 500 && stats.taken == 0; i++) {
		(void)usleep(10 * 1000);
		spool_stats_get(m.spool, &stats);
	}
	deliver_stop(d);
	spool_stats_get(m.spool, &stats);
	check(stats.waiting == 1 && stats.taken == 0);
	mail_close(&m);
	next_host_stop(&host);
	next_host_done(&host);
}

/* A disk that is full while a mail is relayed: it is not sent again and again, and not a second time afterwards. */
static void test_a_full_disk_sends_nothing_twice(void **state)
{
	struct next_host host;
	struct deliver_stats stats;
	struct mail m;

	(void)state;
	test_mail_open_on(&breakable_store, &m);
	next_host_start(&host, NULL, 0);
	test_mail_spool(&m, "alice@a.example", both, 2, 0, S("Subject: x\r\n\r\nbody\r\n"));
	breakable_store_break(true, false, false);
	struct deliver *d = start(&m, &host, 60);
	for (unsigned i = 0; i < 2000 && atomic_load(&host.mails) == 0; i++)
		(void)usleep(10 * 1000);
	(void)usleep(200 * 1000); /* a second one would come at once */
	check(atomic_load(&host.mails) == 1);
	breakable_store_break(false, false, false);
	wait_until_empty(&m);
	deliver_stats_get(d, &stats);
	deliver_stop(d);
	check(stats.attempts == 1 && stats.relayed == 2 && atomic_load(&host.mails) == 1);
	mail_close(&m);
	next_host_stop(&host);
	next_host_done(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fates),
		cmocka_unit_test(test_stop_cuts_a_silent_host),
		cmocka_unit_test(test_a_full_disk_sends_nothing_twice) };

	return cmocka_run_group_tests_name("deliver", tests, NULL, NULL);
}
