/* SPDX-License-Identifier: MIT */
/* The table of servers, and what their logs say. The lines are real ones, shortened. */
#include "base/clock.h"
#include "check.h"
#include "lab/files/file.h"
#include "lab/server/server.h"

#include <stdio.h>
#include <string.h>

#define POSTFIX "Nov 23 09:06:39 mx postfix/"
#define EXIM "2026-11-23 09:05:28.688 1xVPzM-00000t-2D "
#define HMAIL_TIME "\"2020-03-03 12:34:37.916\"\t"

/* clang-format off */
static const struct {
	const char *server, *line;
	bool is_event;
	const char *mail;
	enum log_point point;
	const char *span;
	uint64_t span_us;
} log_rows[] = {
	{ "mailvisor",
		"t=2026-11-23T09:04:58.711000Z ev=mail.stage msg=abc stage=committed "
		"mono=1234 bytes=5",
		true, "abc", LOG_COMMITTED, NULL, 0 },
	{ "mailvisor",
		"t=2026-11-23T09:04:58.711000Z ev=mail.stage msg=abc stage=tls mono=1",
		false, NULL, 0, NULL, 0 },
	{ "mailvisor", "t=1 level=info ev=smtp.refused peer=\"stage=data\"", false, NULL, 0,
		NULL, 0 },
	{ "postfix", POSTFIX "cleanup[2]: 7F986ABC453: message-id=<5c-1-2.01@lab.invalid>",
		true, "7F986ABC453", LOG_RECEIVED, NULL, 0 },
	{ "postfix",
		POSTFIX "lmtp[3]: 7F986ABC453: to=<alice@b.example>, relay=mx[dv/lmtp], "
			"delay=0.021, "
			"delays=0.011/0.0012/0.003/0.0054, dsn=2.0.0, status=sent (250 "
			"2.0.0 Saved)",
		true, "7F986ABC453", LOG_DELIVERED, "deliver", 5400 },
	{ "postfix",
		POSTFIX
		"lmtp[3]: 7F986ABC453: to=<a@b>, delays=1/2/3/4, status=deferred (no)",
		false, NULL, 0, NULL, 0 },
	{ "postfix", POSTFIX "smtpd[3]: connect from unknown[10.77.0.1]", false, NULL, 0,
		NULL, 0 },
	{ "exim",
		EXIM "<= alice@a.example H=(lab) P=esmtp S=1202 RT=0.012s "
		     "id=5c-1-2.01@lab.invalid",
		true, "1xVPzM-00000t-2D", LOG_RECEIVED, "receive", 12000 },
	{ "exim", EXIM "=> alice <alice@b.example> R=mailbox T=maildir QT=0.043s DT=0.008s",
		true, "1xVPzM-00000t-2D", LOG_DELIVERED, "queue", 43000 },
	{ "exim", EXIM "Completed QT=0.043s", false, NULL, 0, NULL, 0 },
	{ "opensmtpd", "72dc5e4ff10388fd smtp message msgid=f7410760 size=1173 nrcpt=1",
		true, "f7410760", LOG_RECEIVED, NULL, 0 },
	{ "opensmtpd",
		"72dc5e5045f2ea9a mda delivery evpid=f74107605b99315b to=<b> delay=3s "
		"result=Ok stat=Delivered",
		true, "f7410760", LOG_DELIVERED, "queue and deliver", 3000000 },
	{ "opensmtpd",
		"72dc mda delivery evpid=f74107605b99315b delay=3s result=TempFail stat=x",
		false, NULL, 0, NULL, 0 },
	{ "dovecot",
		"2026-11-23 05:26:30.123456 lmtp(alice@b.example)<12><x>: Info: "
		"msgid=<5c.01@lab.invalid>: "
		"saved mail to INBOX",
		true, "5c.01@lab.invalid", LOG_DELIVERED, NULL, 0 },
	{ "hmailserver",
		"\"APPLICATION\"\t5588\t" HMAIL_TIME
		"\"SMTPDeliverer - Message 172670: Delivering message from a@b to c@d. "
		"File: C:\\x.eml\"",
		true, "172670", LOG_DELIVERY, NULL, 0 },
	{ "hmailserver",
		"\"APPLICATION\"\t5588\t" HMAIL_TIME
		"\"SMTPDeliverer - Message 172670: Message delivery thread completed.\"",
		true, "172670", LOG_DELIVERED, NULL, 0 },
	{ "hmailserver",
		"\"SMTPD\"\t5676\t27\t" HMAIL_TIME
		"\"10.0.0.1\"\t\"SENT: 250 Queued (0.016 seconds)\"",
		true, "27", LOG_RECEIVED, "queue", 16000 },
	{ "hmailserver",
		"\"SMTPD\"\t5676\t27\t" HMAIL_TIME "\"10.0.0.1\"\t\"RECEIVED: DATA\"", true,
		"27", LOG_DATA, NULL, 0 },
	{ "hmailserver", "\"TCPIP\"\t5676\t" HMAIL_TIME "\"TCP connection started\"", false,
		NULL, 0, NULL, 0 },
};
/* clang-format on */

static void test_log_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(log_rows); i++) {
		struct log_event event = { .span_count = 0 };
		const struct server *s = server_find(slice_of(log_rows[i].server));
		bool is_event = s->log->line(slice_of(log_rows[i].line), &event);

		check_row(is_event == log_rows[i].is_event, i);
		if (!is_event)
			continue;
		check_row(strcmp(event.mail, log_rows[i].mail) == 0 &&
				  event.point == log_rows[i].point,
			i);
		bool has_span = log_rows[i].span == NULL;
		for (unsigned k = 0; k < event.span_count && !has_span; k++)
			has_span = strcmp(event.spans[k].name, log_rows[i].span) == 0 &&
				   event.spans[k].ns == log_rows[i].span_us * NS_PER_US;
		check_row(has_span, i);
	}
}

/* Any part of a line, and any line with a byte changed, is an event or none, and nothing worse. */
static void test_damaged_lines(void **state)
{
	static const char *const lines[] = { EXIM "=> a R=m T=x QT=0.043s DT=0.008s",
		POSTFIX "lmtp[3]: 7F: to=<a>, delays=0.011/0.0012/0.003/0.0054, status=sent (x)",
		"t=1 ev=mail.stage msg=abc stage=committed mono=1234",
		"\"SMTPD\"\t5676\t27\t" HMAIL_TIME
		"\"10.0.0.1\"\t\"SENT: 250 Queued (0.016 seconds)\"",
		"2026-11-23 05:26:30.123456 lmtp(a): Info: msgid=<x>: saved mail to INBOX" };
	static const char bytes[] = { '\0', ' ', '9', '-', '/', ':', '\t', '"', '\xff' };
	struct log_event event;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char line[200];
		size_t len = strlen(lines[i]);

		for (size_t at = 0; at < len * COUNT(bytes); at++) {
			memcpy(line, lines[i], len);
			line[at % len] = bytes[at / len];
			for (size_t s = 0; servers[s] != NULL; s++) {
				(void)servers[s]->log->line((struct slice){ line, len }, &event);
				(void)servers[s]->log->line(
					(struct slice){ line, at % len }, &event);
				check_row(event.span_count <= LOG_SPANS_MAX, at);
			}
		}
	}
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		bool is_time;
		uint64_t ns;
	} rows[] = {
		{ "1970-01-02T00:00:01.5", true, UINT64_C(86401500000000) },
		{ "1970-01-02 00:00:01 x", true, UINT64_C(86401000000000) },
		{ "1970-01-02 00:00:01.123456789Z", true, UINT64_C(86401123456789) },
		{ "Jan  2 00:00:01 mx", true, UINT64_C(86401000000000) },
		{ "Feb 29 00:00:60", true, UINT64_C(5097660000000000) },
		{ "1970-13-02 00:00:01", false, 0 },
		{ "1970-01-02", false, 0 },
		{ "Jax  2 00:00:01", false, 0 },
		{ "", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t ns = 0;

		check_row(log_time(slice_of(rows[i].text), &ns) == rows[i].is_time &&
				  ns == rows[i].ns,
			i);
	}
}

static void test_table(void **state)
{
	(void)state;
	check(servers[0] == &server_mailvisor && server_find(S("nobody")) == NULL);
	for (size_t i = 0; servers[i] != NULL; i++) {
		check_row(server_find(slice_of(servers[i]->name)) == servers[i], i);
		check_row(
			servers[i]->log != NULL && strlen(servers[i]->name) < SERVER_NAME_BYTES, i);
		check_row((servers[i]->probe == NULL) == (servers[i]->prepare == NULL), i);
	}
	check(server_is_elsewhere(server_find(S("hmailserver"))) &&
		!server_is_elsewhere(&server_mailvisor));
}

/* What is missing is named, with the package that brings it. */
static void test_probe_names_the_package(void **state)
{
	char reason[SERVER_REASON_BYTES] = "";
	const struct server *s = server_find(S("exim"));

	(void)state;
	if (file_is_there("/usr/sbin/exim4"))
		return;
	check(!s->probe("/nowhere", reason) &&
		strstr(reason, "exim4-daemon-light is not installed") != NULL);
}

static char folder[] = "/tmp/mvlab-server-XXXXXX";

static int folder_new(void **state)
{
	(void)state;
	(void)strcpy(folder, "/tmp/mvlab-server-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int folder_gone(void **state)
{
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	return !folder_remove(folder, &e);
}

static bool holds(const char *name, const char *words)
{
	auto_buf text = { .max = 1 << 20 };
	struct error e = { .fault = FAULT_NONE };
	char path[PATH_MAX];

	return path_join(folder, name, path, &e) && file_get(path, &text, &e) &&
	       memmem(text.at, text.len, words, strlen(words)) != NULL;
}

static struct server_plan plan_of(const struct server_account *accounts, unsigned count)
{
	static const char *const domains[] = { "a.example", "b.example" };

	return (struct server_plan){ .folder = folder,
		.inside = "/inside",
		.host = "mx.example",
		.client = "10.77.0.1",
		.smtp_port = 2525,
		.pop3_port = 1110,
		.imap_port = 1143,
		.domains = domains,
		.domain_count = 2,
		.accounts = accounts,
		.account_count = count,
		.mounts_itself = true };
}

/* Every adapter writes a whole configuration for the plan's ports, domains and accounts, in its own folder. */
static void test_prepare(void **state)
{
	static const struct server_account accounts[] = { { "alice@a.example", "secret" },
		{ "bob@b.example", "secret" } };
	static const struct {
		const char *server, *file, *words;
	} rows[] = {
		{ "postfix", "etc/postfix/main.cf",
			"virtual_mailbox_domains = a.example b.example\n" },
		{ "postfix", "etc/postfix/master.cf", "2525 inet n - n - - smtpd\n" },
		{ "postfix", "etc/postfix/mailboxes", "bob@b.example there\n" },
		{ "postfix", "dovecot.conf", "protocols = pop3 imap lmtp\n" },
		{ "exim", "etc/exim4/exim4.conf", "domainlist ours = a.example : b.example\n" },
		{ "exim", "etc/exim4/exim4.conf", "daemon_smtp_ports = 2525\n" },
		{ "exim", "etc/exim4/mailboxes", "bob@b.example: b.example/bob\n" },
		{ "exim", "users", "alice@a.example:{PLAIN}secret:" },
		{ "opensmtpd", "etc/smtpd/smtpd.conf",
			"listen on 0.0.0.0 port 2525 hostname mx.example\n" },
		{ "opensmtpd", "etc/smtpd/users", "alice@a.example vmail\n" },
		{ "opensmtpd", "start", "mount --bind /inside/lib /var/lib\n" },
		{ "opensmtpd", "dovecot.conf", "port = 1110" },
		{ "opensmtpd", "dovecot.conf", "port = 1143" },
		{ "exim", "start", "mount -t overlay -o lowerdir=/inside/etc:/etc overlay /etc\n" },
		{ "exim", "etc/passwd", "root:" },
		{ "exim", "etc/passwd", "\nvmail:" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server_plan plan = plan_of(accounts, 2);
		struct server_start start = { .mount_count = 0 };
		struct error e = { .fault = FAULT_NONE };

		if (i > 0)
			check(folder_new(state) == 0);
		check_row(server_find(slice_of(rows[i].server))->prepare(&plan, &start, &e), i);
		check_row(holds(rows[i].file, rows[i].words), i);
		check_row(strcmp(start.script, "/inside/start") == 0, i);
		check_row(json_object_get(start.facts, "server_durability") != NULL, i);
		json_decref(start.facts);
		check(folder_gone(state) == 0);
	}
	check(folder_new(state) == 0);
}

static void test_prepare_refuses(void **state)
{
	static const struct server_account colon[] = { { "alice@a.example", "se:cret" } };
	struct server_plan plan = plan_of(colon, 1);
	struct server_start start = { .mount_count = 0 };
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(!server_find(S("exim"))->prepare(&plan, &start, &e) &&
		strstr(e.text, "colon") != NULL);
	json_decref(start.facts);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_lines),
		cmocka_unit_test(test_damaged_lines),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_probe_names_the_package),
		cmocka_unit_test_setup_teardown(test_prepare, folder_new, folder_gone),
		cmocka_unit_test_setup_teardown(test_prepare_refuses, folder_new, folder_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
