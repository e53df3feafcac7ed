/* SPDX-License-Identifier: MIT */
/* The control interface over a Unix socket, on a store in memory: each row is one request, in this order. */
#include "check.h"

#include "admin/admin.h"
#include "net/listen.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct mail mail;
static struct admin *admin;
static char path[64], copies[80];

static void numbers(void *context, admin_number_fn *tell, void *tell_context)
{
	(void)context;
	tell(tell_context, "sessions", "accepted", 7, true);
	tell(tell_context, "pool", "workers", 3, false);
}

static size_t facts(void *context, struct admin_fact *room, size_t room_count)
{
	(void)context;
	check(room_count >= 3);
	room[0] = (struct admin_fact){ .name = "version", .text = S("1.2.3") };
	room[1] = (struct admin_fact){ .name = "pid", .number = 42 };
	room[2] = (struct admin_fact){
		.name = "smtp", .text = S("127.0.0.1:25"), .is_listener = true
	};
	return 3;
}

static int open_admin(void **state)
{
	const struct store_options store_options = { .path = "", .may_create = true };
	const struct mail_options options = { .clock = &clock_real,
		.secret = S("0123456789abcdef0123456789abcdef"),
		.address_separator = '+',
		.timeline_keep_hours = 1,
		.password_threads = 1 };
	struct error e = { .fault = FAULT_NONE };
	struct store *store;
	struct listener listener;

	(void)state;
	int len = snprintf(path, sizeof path, "unix:/tmp/admin-test-%d.sock", (int)getpid());
	(void)snprintf(copies, sizeof copies, "/tmp/admin-test-%d.copies", (int)getpid());
	if (!admin_copies_open(copies, &e))
		return 1;
	if (!store_open(&store_mem, &store_options, &store, &e) ||
		!mail_open(store, &options, &mail, &e) ||
		!listen_bind((struct slice){ path, (size_t)len }, &listener, &e))
		return 1;
	const struct admin_options admin_options = { .fd = listener.fd,
		.mail = &mail,
		.clock = &clock_real,
		.numbers = numbers,
		.facts = facts,
		.copies = copies };
	return !admin_start(&admin_options, &admin, &e);
}

static int close_admin(void **state)
{
	(void)state;
	admin_stop(admin);
	mail_close(&mail);
	return unlink(path + 5) + rmdir(copies);
}

static int dial(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(to.sun_path, sizeof to.sun_path, "%s", path + 5);
	check(fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0);
	return fd;
}

/* The status; the answer's body is in *out, with a NUL behind it. */
static unsigned ask(const char *method, const char *target, const char *type, struct slice body,
	struct buf *out)
{
	char head[512];
	auto_fd fd = dial();
	int len = snprintf(head, sizeof head,
		"%s %s HTTP/1.0\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", method, target,
		type, body.len);
	uint64_t status = 0;

	check(send(fd, head, (size_t)len, MSG_NOSIGNAL) == len);
	for (size_t sent = 0; sent < body.len;) {
		ssize_t count = send(fd, body.at + sent, body.len - sent, MSG_NOSIGNAL);

		check(count > 0);
		sent += (size_t)count;
	}
	buf_clear(out);
	for (ssize_t count = 1; count > 0;) {
		char *room = buf_reserve(out, 65536);

		check(room != NULL);
		count = recv(fd, room, 65536, 0);
		check(count >= 0);
		buf_grew(out, (size_t)count);
	}
	check(buf_add_byte(out, '\0'));
	check(slice_number(slice_first(slice_skip(buf_slice(out), 9), 3), 599, &status));
	const char *end = strstr(out->at, "\r\n\r\n");
	check(end != NULL);
	buf_shift(out, (size_t)(end + 4 - out->at));
	return (unsigned)status;
}

static const struct row {
	const char *method, *target, *body;
	unsigned status;
	const char *has; /* in the answer, without its spaces and newlines */
} rows[] = {
	{ "GET", "/v1/domains", "", 200, "{\"items\":[]}" },
	{ "POST", "/v1/domains", "{\"name\":\"A.example\",\"quota\":1000}", 201,
		"\"name\":\"a.example\"" },
	{ "POST", "/v1/domains", "{\"name\":\"a.example\"}", 409,
		"domain'a.example'existsalready" },
	{ "POST", "/v1/domains", "{}", 422, "nodomainname" },
	{ "POST", "/v1/domains", "{\"name\":\"not a domain\"}", 422, "nodomainname" },
	{ "POST", "/v1/domains", "{\"name\":\"x\",\"name\":\"y\"}", 400, "duplicate" },
	{ "POST", "/v1/domains", "", 400, "notoneJSONobject" },
	{ "PATCH", "/v1/domains/a.example", "{\"catch_all\":\"all@a.example\"}", 200,
		"\"quota\":1000" },
	{ "PATCH", "/v1/domains/a.example", "{\"name\":\"b.example\"}", 422, "cannotberenamed" },
	{ "PATCH", "/v1/domains/a.example", "{\"created\":1}", 422, "\"where\":\"created\"" },
	{ "PATCH", "/v1/domains/a.example", "{\"quota\":-1}", 422, "\"where\":\"quota\"" },
	{ "PATCH", "/v1/domains/a.example", "{\"quota\":null,\"catch_all\":null}", 200,
		"\"quota\":0" },
	{ "PATCH", "/v1/domains/b.example", "{}", 404, "nosuchdomain" },
	{ "PUT", "/v1/domains/a.example", "{}", 405, "\"where\":\"PUT\"" },
	{ "GET", "/v1/domain", "", 404, "nosuchroute" },
	{ "POST", "/v1/accounts",
		"{\"address\":\"al@a.example\",\"password\":\"secret\",\"quota\":5}", 201,
		"\"may_login\":true" },
	{ "POST", "/v1/accounts", "{\"address\":\"al@a.example\"}", 409,
		"account'al@a.example'existsalready" },
	{ "POST", "/v1/accounts", "{\"address\":\"x@a.example\",\"password\":\"\"}", 422,
		"1to512bytes" },
	{ "POST", "/v1/accounts", "{\"address\":\"x@a.example\",\"password\":1}", 422, "isatext" },
	{ "POST", "/v1/accounts", "{\"address\":\"x@a.example\",\"password_hash\":\"plain\"}", 422,
		"nohash" },
	{ "POST", "/v1/accounts",
		"{\"address\":\"x@a.example\",\"password\":\"a\",\"password_hash\":\"b\"}", 422,
		"either" },
	{ "GET", "/v1/accounts/al%40a.example", "", 200, "\"quota\":5" },
	{ "PATCH", "/v1/accounts/al@a.example", "{\"password\":null,\"disabled\":true}", 200,
		"\"may_login\":false" },
	{ "PATCH", "/v1/accounts/al@a.example", "{\"disabled\":1}", 422, "trueorfalse" },
	{ "GET", "/v1/accounts/bo@a.example", "", 404, "nosuchaccount" },
	{ "PATCH", "/v1/accounts/al@a.example", "{\"own_quota\":7}", 422, "onlytheowner" },
	{ "POST", "/v1/accounts", "{\"address\":\"x@a.example\",\"own_quota_messages\":7}", 422,
		"\"where\":\"own_quota_messages\"" },
	{ "PATCH", "/v1/accounts/al@a.example", "{\"own_quota\":null}", 200,
		"\"own_quota\":0,\"own_quota_messages\":0" },
	{ "GET", "/v1/accounts?limit=1001", "", 400, "1to1000" },
	{ "POST", "/v1/aliases", "{\"address\":\"team@a.example\",\"targets\":[\"al@a.example\"]}",
		201, "\"targets\":[\"al@a.example\"]" },
	{ "POST", "/v1/aliases", "{\"address\":\"none@a.example\"}", 422, "1to500targets" },
	{ "POST", "/v1/aliases", "{\"address\":\"none@a.example\",\"targets\":[7]}", 422,
		"atargetisatext" },
	{ "PATCH", "/v1/aliases/team@a.example", "{\"disabled\":true}", 200,
		"\"disabled\":true,\"targets\":[\"al@a.example\"]" },
	{ "GET", "/v1/aliases?domain=a.example", "", 200, "team@a.example" },
	{ "DELETE", "/v1/aliases/team@a.example", "", 200, "{}" },
	{ "GET", "/v1/quota/al@a.example", "", 200, "\"quota\":5,\"quota_messages\":0,\"used\":0" },
	{ "PUT", "/v1/quota/al@a.example", "{\"quota\":9,\"quota_messages\":3}", 200,
		"\"quota\":9,\"quota_messages\":3" },
	{ "GET", "/v1/quota/al@a.example", "", 200, "\"own_quota\":0,\"own_quota_messages\":0" },
	{ "PUT", "/v1/quota/a.example", "{\"quota_messages\":3}", 422, "nolimitofmessages" },
	{ "PUT", "/v1/quota/a.example", "{\"quota\":\"9\"}", 422, "\"where\":\"quota\"" },
	{ "DELETE", "/v1/quota/al@a.example", "", 200, "\"quota\":0,\"quota_messages\":0" },
	{ "GET", "/v1/quota?domain=a.example", "", 200, "\"name\":\"al@a.example\"" },
	{ "GET", "/v1/attributes/al@a.example?mailbox=INBOX", "", 200, "{\"attributes\":[]}" },
	{ "GET", "/v1/attributes/al@a.example?mailbox=none", "", 404, "nosuchmailbox" },
	{ "GET", "/v1/attributes/al@a.example", "", 422, "error" },
	{ "GET", "/v1/attributes/bo@a.example?mailbox=INBOX", "", 404, "nosuchaccount" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=a*b", "{\"attributes\":[]}", 422,
		"maynotstand" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Sent", "[]", 400, "notoneJSONobject" },
	/* What can be set is, what cannot is left; twice is once. */
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Sent",
		"{\"subscribed\":true,\"attributes\":[\"use \\\\Sent\",\"use \\\\Trash\",\"acl lr "
		"anyone\","
		"\"acl s -anyone\",\"metadata /private/comment 50%25%0A\"]}",
		200, "{\"left\":[]}" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Sent",
		"{\"attributes\":[\"use \\\\Sent\",\"acl lr anyone\",7]}", 200, "{\"left\":[]}" },
	{ "GET", "/v1/attributes/al@a.example?mailbox=Sent", "", 200,
		"{\"attributes\":[\"use\\\\Sent\",\"use\\\\Trash\",\"acllranyone\",\"acls-anyone\","
		"\"metadata/private/comment50%25%0A\"]}" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Other", "{\"attributes\":[\"use \\\\Sent\"]}",
		200, "\"left\":[{\"line\":\"use\\\\Sent\"" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Other",
		"{\"attributes\":[\"acl lrz anyone\"]}", 200, "norightsandaddress" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Other", "{\"attributes\":[\"acl lr\"]}", 200,
		"norightsandaddress" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Other",
		"{\"attributes\":[\"acl lr al@a.example\"]}", 200, "onlyotherpeople" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Other",
		"{\"attributes\":[\"acl lr bo@a.example\"]}", 200, "nobodyofthatname" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Other",
		"{\"attributes\":[\"metadata /private x\"]}", 200, "noentryandvalue" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Other",
		"{\"attributes\":[\"metadata /private/UP x\"]}", 200, "noentryandvalue" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Other",
		"{\"attributes\":[\"metadata /private/x\"]}", 200, "noentryandvalue" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=INBOX",
		"{\"attributes\":[\"server-metadata /shared/x y\"]}", 200, "noentryandvalue" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=INBOX",
		"{\"attributes\":[\"server-metadata /private/x y\",\"use \\\\Junk\"]}", 200,
		"INBOXhasnootheruse" },
	{ "GET", "/v1/attributes/al@a.example?mailbox=INBOX", "", 200,
		"{\"attributes\":[\"server-metadata/private/xy\"]}" },
	{ "PUT", "/v1/attributes/al@a.example?mailbox=Name/only", "{\"subscribed\":true}", 200,
		"[]" },
	{ "GET", "/v1/mailboxes/al@a.example", "", 200,
		"\"subscriptions\":[\"Name/only\",\"Sent\"]" },
	{ "GET", "/v1/status", "", 200,
		"\"listeners\":[{\"name\":\"smtp\",\"address\":\"127.0.0.1:25\"}]" },
	{ "GET", "/v1/status", "", 200,
		"\"numbers\":{\"sessions\":{\"accepted\":7},\"pool\":{\"workers\":3}}" },
	{ "GET", "/metrics", "", 200,
		"mailvisor_sessions_accepted_total7#TYPEmailvisor_pool_workersgauge" },
	{ "GET", "/v1/trace", "", 400, "\"where\":\"what\"" },
	{ "GET", "/v1/trace?what=nobody@a.example", "", 200, "{\"traces\":[]}" },
	{ "POST", "/v1/copies", "", 500, "inmemoryonly" },
	{ "DELETE", "/v1/copies/copy-0123456789abcdefghijklmnop", "", 404, "nosuchcopy" },
	{ "DELETE", "/v1/copies/..", "", 404, "nosuchcopy" },
	{ "DELETE", "/v1/copies/copy-/../../../tmp/aaaaaaaaaaaaaa", "", 404, "nosuchcopy" },
	{ "GET", "/v1/copies", "", 405, "\"where\":\"GET\"" },
	{ "DELETE", "/v1/domains/a.example", "", 409, "a.example" },
	{ "DELETE", "/v1/accounts/al@a.example", "", 200, "{}" },
	{ "DELETE", "/v1/domains/a.example", "", 200, "{}" },
	{ "DELETE", "/v1/domains/a.example", "", 404, "nosuchdomain" },
};

static void squeeze(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++)
		if (*text != ' ' && *text != '\n')
			*to++ = *text;
	*to = '\0';
}

static void test_routes(void **state)
{
	auto_buf out = { .max = 1 << 20 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned status = ask(rows[i].method, rows[i].target, "application/json",
			slice_of(rows[i].body), &out);

		squeeze(out.at);
		if (status != rows[i].status || strstr(out.at, rows[i].has) == NULL)
			print_error(
				"%s %s: %u %s\n", rows[i].method, rows[i].target, status, out.at);
		check_row(status == rows[i].status && strstr(out.at, rows[i].has) != NULL, i);
	}
}

/* 600 accounts are three commits; a bad line in the middle leaves what came before it. */
static void test_bulk(void **state)
{
	auto_buf body = { .max = 1 << 20 }, out = { .max = 1 << 20 };

	(void)state;
	check(ask("POST", "/v1/domains", "application/json", S("{\"name\":\"b.example\"}"), &out) ==
		201);
	for (unsigned i = 0; i < 600; i++)
		check(buf_add_format(
			&body, "{\"address\":\"u%u@b.example\",\"password\":\"pw\"}\n", i));
	check(ask("POST", "/v1/accounts", "application/x-ndjson", buf_slice(&body), &out) == 201);
	check(strstr(out.at, "\"added\": 600") != NULL);
	buf_clear(&body);
	for (unsigned i = 0; i < 300; i++)
		check(buf_add_format(
			&body, "{\"address\":\"%s%u@b.example\"}\n", i == 270 ? "u" : "v", i));
	check(ask("POST", "/v1/accounts", "application/x-ndjson", buf_slice(&body), &out) == 409);
	check(strstr(out.at, "\"line\": 271") != NULL && strstr(out.at, "\"added\": 270") != NULL);
	check(ask("POST", "/v1/accounts", "application/x-ndjson",
		      S("{\"address\":\"w@b.example\"}\n\n[]\n"), &out) == 422);
	check(strstr(out.at, "\"line\": 3") != NULL && strstr(out.at, "\"added\": 1") != NULL);
	check(ask("POST", "/v1/accounts", "application/x-ndjson", S("{\"address\":"), &out) == 422);
	check(ask("GET", "/v1/accounts/w@b.example", "application/json", S(""), &out) == 200);
}

static void test_limits(void **state)
{
	auto_buf body = { .max = 1 << 20 }, out = { .max = 1 << 20 };

	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		buf_clear(&body);
		check(buf_add(&body, S("{\"name\":\"c.example\"}")));
		while (body.len < LIMIT_ADMIN_BODY_BYTES + extra)
			check(buf_add_byte(&body, ' '));
		check_row(ask("POST", "/v1/domains", "application/json", buf_slice(&body), &out) ==
				  (extra == 0 ? 201u : 413u),
			extra);
	}
	for (size_t extra = 0; extra < 2; extra++) {
		buf_clear(&body);
		check(buf_add_format(&body, "{\"address\":\"x%zu@c.example\"}", extra));
		while (body.len < LIMIT_ADMIN_LINE_BYTES + extra)
			check(buf_add_byte(&body, ' '));
		check_row(ask("POST", "/v1/accounts", "application/x-ndjson", buf_slice(&body),
				  &out) == (extra == 0 ? 201u : 413u),
			extra);
	}
}

static void mail_post(
	const char *target, struct slice body, unsigned status, const char *has, size_t row)
{
	auto_buf out = { .max = 1 << 20 };
	unsigned got = ask("POST", target, "application/x-mailvisor-messages", body, &out);

	squeeze(out.at);
	if (got != status || strstr(out.at, has) == NULL)
		print_error("POST %s: %u %s\n", target, got, out.at);
	check_row(got == status && strstr(out.at, has) != NULL, row);
}

/* Whole mailboxes: what is put in comes out; a request that is cut off, or wrong, puts in nothing. */
static void test_mail(void **state)
{
	static const struct {
		const char *target;
		struct slice body;
		unsigned status;
		const char *has;
	} posts[] = {
		{ "/v1/mail/m@m.example?mailbox=Old/2026",
			S_INIT("{\"size\":3,\"flags\":[\"\\\\Seen\",\"$Work\"],\"received_ns\":7,"
			       "\"zone_min\":-1439}"
			       "\na\r\n"
			       "{\"size\":0}\n{\"size\":2,\"verbatim\":true}\nb\n"),
			201, "\"taken\":3" },
		{ "/v1/mail/m@m.example?mailbox=Old/2026", S_INIT(""), 201, "\"taken\":0" },
		{ "/v1/mail/m@m.example?mailbox=inbox", S_INIT("{\"size\":3}\nabc{\"size\":3}\nab"),
			400, "cutoff" },
		{ "/v1/mail/m@m.example?mailbox=inbox", S_INIT("{\"size\":3}\nabc{\"size\":3}"),
			400, "cutoff" },
		{ "/v1/mail/m@m.example?mailbox=inbox", S_INIT("{\"size\":3}\nabcd\n"), 400,
			"message1" },
		{ "/v1/mail/m@m.example?mailbox=inbox", S_INIT("{\"size\":-1}\n"), 422, "size" },
		{ "/v1/mail/m@m.example?mailbox=inbox", S_INIT("{\"size\":1,\"zone_min\":1440}\nx"),
			422, "withinaday" },
		{ "/v1/mail/m@m.example?mailbox=inbox", S_INIT("[]\n"), 400, "oneJSONobject" },
		{ "/v1/mail/m@m.example?mailbox=a//b", S_INIT("{\"size\":0}\n"), 422, "empty" },
		{ "/v1/mail/m@m.example", S_INIT("{\"size\":0}\n"), 422, "name" },
		{ "/v1/mail/n@m.example?mailbox=inbox", S_INIT("{\"size\":0}\n"), 404,
			"nosuchaccount" },
	};
	static const struct {
		const char *target;
		unsigned status;
		const char *has;
	} asked[] = {
		{ "/v1/mailboxes/m@m.example", 200,
			"{\"name\":\"Old/2026\",\"messages\":3,\"bytes\":5" },
		{ "/v1/mailboxes/n@m.example", 404, "nosuchaccount" },
		{ "/v1/mail/m@m.example?mailbox=Old/2026", 200,
			"{\"uid\":1,\"size\":3,\"received_ns\":7,\"zone_min\":-1439,\"flags\":["
			"\"\\\\Seen\",\"$Work\"]"
			","
			"\"digest\":" },
		{ "/v1/mail/m@m.example?mailbox=Old/2026", 200,
			"\"to_lf\":true,\"keeps_lf\":false}a" },
		{ "/v1/mail/m@m.example?mailbox=Old/2026", 200,
			"\"to_lf\":false,\"keeps_lf\":true}b" },
		{ "/v1/mail/m@m.example?mailbox=Old/2026", 200, "{\"end\":3}" },
		{ "/v1/mail/m@m.example?mailbox=Old/2026&after=2&bytes=no", 200,
			"\"to_lf\":false,\"keeps_lf\":true}{\"end\":1}" },
		{ "/v1/mail/m@m.example?mailbox=Old/2026&after=x", 400, "UID" },
		{ "/v1/mail/m@m.example?mailbox=inbox", 200, "{\"end\":0}" },
		{ "/v1/mail/m@m.example?mailbox=nope", 404, "nosuchmailbox" },
	};
	auto_buf out = { .max = 1 << 20 };

	(void)state;
	check(ask("POST", "/v1/domains", "application/json",
		      S("{\"name\":\"m.example\",\"message_size\":1000}"), &out) == 201);
	check(ask("POST", "/v1/accounts", "application/json", S("{\"address\":\"m@m.example\"}"),
		      &out) == 201);
	for (size_t i = 0; i < COUNT(posts); i++)
		mail_post(posts[i].target, posts[i].body, posts[i].status, posts[i].has, i);
	for (size_t i = 0; i < COUNT(asked); i++) {
		unsigned status = ask("GET", asked[i].target, "application/json", S(""), &out);

		squeeze(out.at);
		if (status != asked[i].status || strstr(out.at, asked[i].has) == NULL)
			print_error("GET %s: %u %s\n", asked[i].target, status, out.at);
		check_row(status == asked[i].status && strstr(out.at, asked[i].has) != NULL, i);
	}
}

/* What is too large is left out, and the others come in; when the room ends, what came before is in. */
static void test_mail_room(void **state)
{
	auto_buf body = { .max = 1 << 20 }, out = { .max = 1 << 20 };

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		unsigned size = i == 1 ? 1001 : 900;

		check(buf_add_format(&body, "{\"size\":%u}\n%*s", size, (int)size, "x"));
	}
	check(ask("PUT", "/v1/quota/m@m.example", "application/json", S("{\"quota\":2000}"),
		      &out) == 200);
	mail_post("/v1/mail/m@m.example?mailbox=inbox", buf_slice(&body), 201,
		"{\"taken\":2,\"refused\":[{\"at\":1,\"what\":\"largerthanthedomain'smessagesize\"}"
		"],"
		"\"is_full\":true}",
		0);
	mail_post("/v1/mail/m@m.example?mailbox=inbox", buf_slice(&body), 201,
		"{\"taken\":0,\"refused\":[],\"is_full\":true}", 1);
}

/* Clients that leave in the middle cost nothing: the next one is served. */
static void test_broken_clients(void **state)
{
	static const struct slice halves[] = { S_INIT(""), S_INIT("GET /v1/dom"),
		S_INIT("POST /v1/domains HTTP/1.1\r\nHost: x\r\nContent-Length: "
		       "100\r\n\r\n{\"name\""),
		S_INIT("POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Type: "
		       "application/x-ndjson\r\n"
		       "Content-Length: 100\r\n\r\n{\"address\":\"half@c.example\"}\n{"),
		S_INIT("nonsense\r\n\r\n") };
	auto_buf out = { .max = 1 << 20 };

	(void)state;
	for (size_t i = 0; i < COUNT(halves); i++) {
		auto_fd fd = dial();

		check_row(send(fd, halves[i].at, halves[i].len, MSG_NOSIGNAL) ==
				  (ssize_t)halves[i].len,
			i);
	}
	check(ask("GET", "/v1/domains", "application/json", S(""), &out) == 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_mail_room),
		cmocka_unit_test(test_broken_clients),
	};

	return cmocka_run_group_tests_name("routes", tests, open_admin, close_admin);
}
