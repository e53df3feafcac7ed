/* SPDX-License-Identifier: MIT */
#include "session_world.h"

#include "base/log.h"
#include "mail/directory.h"
#include "mail/password.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct world {
	struct mail mail;
	struct session_host *host;
	struct session_counters counters;
};

static const struct slice first_mails = S_INIT("EHLO c.example\r\n"
					       "MAIL FROM:<carol@c.example>\r\n"
					       "RCPT TO:<alice@a.example>\r\n"
					       "RCPT TO:<alice@b.example>\r\n"
					       "DATA\r\n"
					       "Subject: first\r\n"
					       "\r\n"
					       "one\r\n..two\r\n"
					       ".\r\n"
					       "QUIT\r\n");

static void add_account(struct world *w, struct slice address)
{
	struct error e = { .fault = FAULT_NONE };
	auto_buf hash = { .max = LIMIT_PASSWORD_HASH_BYTES };
	struct account account = { .address = address, .quota_bytes = 1 << 20 };

	invariant(password_hash_quick(w->mail.password, S("secret"), &hash, &e));
	account.password = buf_slice(&hash);
	invariant(account_add(w->mail.directory, &account, &e) == CHANGE_DONE);
}

static void fill_directory(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct domain a = { .name = S("a.example"), .message_bytes_max = 4096 };
	struct domain b = { .name = S("b.example"), .catch_all = S("alice@b.example") };
	struct slice targets[] = { S("alice@a.example"), S("alice@b.example") };
	struct alias all = { .address = S("all@a.example"), .targets = targets, .target_count = 2 };

	invariant(domain_add(w->mail.directory, &a, &e) == CHANGE_DONE);
	invariant(domain_add(w->mail.directory, &b, &e) == CHANGE_DONE);
	add_account(w, S("alice@a.example"));
	add_account(w, S("alice@b.example"));
	invariant(alias_add(w->mail.directory, &all, &e) == CHANGE_DONE);
}

static struct session_host *host_new(struct world *w)
{
	struct session_host *h = calloc(1, sizeof *h);

	invariant(h != NULL);
	atomic_init(&h->users, 1);
	h->mail = &w->mail;
	h->clock = &clock_real;
	memcpy(h->name, "mx.a.example", sizeof "mx.a.example");
	h->message_bytes_max = 8192;
	h->rcpt_max = 10;
	h->command_wait_ms = h->data_wait_ms = h->idle_wait_ms = 2000;
	h->errors_max = 10;
	h->logins_max = 3;
	h->rcpts_refused_max = 10;
	h->may_login_plain = true;
	h->may_vrfy = true;
	memcpy(h->relay_to, "relay.example:25", sizeof "relay.example:25");
	h->counters = &w->counters;
	return h;
}

static void world_open(struct world *w)
{
	struct store_options store_options = { .may_create = true };
	struct mail_options options = { .clock = &clock_real,
		.secret = S("01234567890123456789012345678901"),
		.address_separator = '+',
		.timeline_keep_hours = 1,
		.password_threads = 1 };
	struct error e = { .fault = FAULT_NONE };
	struct store *store = NULL;

	log_reopen(LOG_LEVEL_ERROR);
	memset(&w->counters, 0, sizeof w->counters);
	invariant(store_open(&store_mem, &store_options, &store, &e));
	invariant(mail_open(store, &options, &w->mail, &e));
	fill_directory(w);
	w->host = host_new(w);
}

static void world_close(struct world *w)
{
	invariant(atomic_load(&w->host->users) == 1);
	session_host_drop(w->host);
	mail_close(&w->mail);
}

/* The session reads a pipe that holds everything and writes to memory. */
static void converse(struct world *w, enum session_kind kind, struct slice input, struct buf *ret)
{
	struct session_service service = { .kind = kind };
	struct error e = { .fault = FAULT_NONE };
	int pipe_fds[2], out = memfd_create("output", MFD_CLOEXEC), copy = dup(out);
	struct conn *conn = NULL;
	struct work *work = NULL;
	off_t size;
	char *room;

	invariant(input.len <= SESSION_WORLD_INPUT_MAX && out >= 0 && copy >= 0);
	invariant(pipe(pipe_fds) == 0);
	invariant(write(pipe_fds[1], input.at, input.len) == (ssize_t)input.len);
	invariant(close(pipe_fds[1]) == 0);
	invariant(conn_open_pair(pipe_fds[0], out, &conn, &e));
	invariant(session_new(w->host, service, conn, &work, &e));
	session_run(work);
	size = lseek(copy, 0, SEEK_END);
	room = buf_reserve(ret, (size_t)size);
	invariant(size >= 0 && room != NULL && pread(copy, room, (size_t)size, 0) == size);
	buf_grew(ret, (size_t)size);
	invariant(close(copy) == 0);
}

void session_world_run(enum session_kind kind, struct slice input, struct buf *ret_output)
{
	static struct world world;
	auto_buf first = { .max = 1 << 20 };

	world_open(&world);
	converse(&world, SESSION_SMTP, first_mails, &first);
	invariant(atomic_load(&world.counters.at[COUNT_ACCEPTED]) == 1);
	converse(&world, kind, input, ret_output);
	world_close(&world);
}

bool session_world_has_lines(struct slice output)
{
	for (size_t i = 0; i < output.len; i++) {
		bool is_after_cr = i > 0 && output.at[i - 1] == '\r';

		if ((output.at[i] == '\n') != is_after_cr)
			return false;
	}
	return slice_ends_nocase(output, S("\r\n"));
}
