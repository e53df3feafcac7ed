/* SPDX-License-Identifier: MIT */
#include "next_host.h"

#include "check.h"
#include "mail/directory.h"
#include "mail/intake.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *reply_for(struct next_host *h, const char *command, const char *usual)
{
	for (size_t i = 0; i < h->row_count; i++) {
		const struct next_host_row *row = &h->rows[i];

		if (strncmp(command, row->command, strlen(row->command)) != 0 ||
			(row->times > 0 && h->used[i] >= row->times))
			continue;
		h->used[i]++;
		return row->reply;
	}
	return usual;
}

static bool say(FILE *peer, const char *reply)
{
	return reply != NULL && fprintf(peer, "%s\r\n", reply) > 0 && fflush(peer) == 0;
}

static bool take_data(struct next_host *h, FILE *peer)
{
	char line[4096];

	while (fgets(line, sizeof line, peer) != NULL) {
		if (strcmp(line, ".\r\n") == 0)
			return true;
		if (!buf_add(&h->body, slice_of(line)))
			return false;
	}
	return false;
}

static bool take_chunk(struct next_host *h, FILE *peer, unsigned long bytes)
{
	for (; bytes > 0; bytes--) {
		int byte = fgetc(peer);

		if (byte == EOF || !buf_add_byte(&h->body, (char)byte))
			return false;
	}
	return true;
}

static bool answer_body(struct next_host *h, FILE *peer)
{
	unsigned answers = h->is_lmtp ? h->rcpts_taken : 1;

	h->rcpts_taken = 0;
	for (unsigned i = 0; i < answers; i++)
		if (!say(peer, reply_for(h, "(end)", "250 2.0.0 taken")))
			return false;
	atomic_fetch_add(&h->mails, 1);
	return true;
}

static bool answer(struct next_host *h, FILE *peer, const char *line)
{
	const char *reply = reply_for(h, line, NULL);

	for (size_t i = 0; reply == NULL && i < h->row_count; i++)
		if (strncmp(line, h->rows[i].command, strlen(h->rows[i].command)) == 0 &&
			h->rows[i].times == 0 && h->rows[i].reply == NULL)
			return false; /* the script hangs up here */
	if (reply == NULL && strncmp(line, "DATA", 4) == 0)
		return say(peer, "354 go on") && take_data(h, peer) && answer_body(h, peer);
	if (reply == NULL && strncmp(line, "BDAT ", 5) == 0)
		return take_chunk(h, peer, strtoul(line + 5, NULL, 10)) && answer_body(h, peer);
	if (strncmp(line, "RCPT", 4) == 0 && reply == NULL)
		h->rcpts_taken++;
	return say(peer, reply != NULL ? reply : "250 2.0.0 fine");
}

static void converse(struct next_host *h, FILE *peer)
{
	char line[4096];

	if (!say(peer, reply_for(h, "(greeting)", "220 next.example")))
		return;
	while (fgets(line, sizeof line, peer) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (!buf_add_format(&h->commands, "%s\n", line))
			return;
		if (strcmp(line, "QUIT") == 0) {
			(void)say(peer, "221 bye");
			return;
		}
		if (!answer(h, peer, line))
			return;
	}
}

static void *run(void *context)
{
	struct next_host *h = context;

	for (;;) { /* until the listener is shut down */
		int fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC);
		FILE *peer = fd >= 0 ? fdopen(fd, "r+") : NULL;

		if (peer == NULL)
			return NULL;
		(void)setvbuf(peer, NULL, _IOFBF, 8192);
		converse(h, peer);
		(void)fclose(peer);
	}
}

void next_host_start(struct next_host *h, const struct next_host_row *rows, size_t count)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;

	*h = (struct next_host){
		.rows = rows, .row_count = count, .commands.max = 1 << 20, .body.max = 1 << 22
	};
	h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(h->listener >= 0 && bind(h->listener, (const struct sockaddr *)&at, len) == 0 &&
		listen(h->listener, 8) == 0 &&
		getsockname(h->listener, (struct sockaddr *)&at, &len) == 0);
	(void)snprintf(h->address, sizeof h->address, "127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
	check(pthread_create(&h->thread, NULL, run, h) == 0);
}

void next_host_stop(struct next_host *h)
{
	check(shutdown(h->listener, SHUT_RDWR) == 0 && pthread_join(h->thread, NULL) == 0);
	check(close(h->listener) == 0);
}

void next_host_done(struct next_host *h)
{
	buf_done(&h->commands);
	buf_done(&h->body);
}

void test_mail_open(struct mail *m)
{
	test_mail_open_on(&store_mem, m);
}

void test_mail_open_on(const struct store_engine *engine, struct mail *m)
{
	const struct store_options store_options = { .path = "", .may_create = true };
	const struct mail_options options = { .clock = &clock_real,
		.secret = S("0123456789abcdef0123456789abcdef"),
		.address_separator = '+',
		.timeline_keep_hours = 1,
		.password_threads = 1 };
	const struct domain domain = { .name = S("a.example") };
	const struct account account = { .address = S("alice@a.example") };
	struct error e = { .fault = FAULT_NONE };
	struct store *store;

	check(store_open(engine, &store_options, &store, &e) && mail_open(store, &options, m, &e));
	check(domain_add(m->directory, &domain, &e) == CHANGE_DONE);
	check(account_add(m->directory, &account, &e) == CHANGE_DONE);
}

void test_mail_spool(struct mail *m, const char *from, const char *const *to, size_t count,
	unsigned notify, struct slice bytes)
{
	static struct timeline timeline;
	struct envelope_rcpt rcpts[16];
	struct intake_rcpt intake_rcpts[16];
	struct target targets[16];
	struct envelope envelope = { .id = id_new(&clock_real),
		.reverse_path = slice_of(from),
		.rcpts = rcpts,
		.rcpt_count = count,
		.protocol = PROTOCOL_ESMTP };
	struct error e = { .fault = FAULT_NONE };
	struct intake intake;

	check(count <= COUNT(rcpts));
	for (size_t i = 0; i < count; i++) {
		rcpts[i] = (struct envelope_rcpt){ .address = slice_of(to[i]), .notify = notify };
		targets[i] = (struct target){ .address = rcpts[i].address };
		intake_rcpts[i] =
			(struct intake_rcpt){ .targets = { &targets[i], 1 }, .rcpt = &rcpts[i] };
	}
	timeline_begin(&timeline, envelope.id);
	intake_begin(&intake, m, &envelope);
	check(intake_add(&intake, bytes, &e));
	intake_commit(&intake, intake_rcpts, count, &timeline);
	for (size_t i = 0; i < count; i++)
		check_row(intake_rcpts[i].answer == INTAKE_OK, i);
}
