/* SPDX-License-Identifier: MIT */
#include "cmd/command.h"
#include "cmd/datadir.h"
#include "cmd/server.h"
#include "cmd/setup.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
	"usage: mailvisor session smtp|submission|lmtp|pop3|imap --data DIR | --memory\n"
	"                         [--setup FILE] [--config FILE] [--set key=value]...\n"
	"\n"
	"One session on standard input and output; the log goes to standard error. For tests, and "
	"for\n"
	"inetd-like use beside no server. --memory keeps nothing. A setup file has lines like\n"
	"  domain a.example\n"
	"  account alice@a.example PASSWORD quota=10M\n"
	"  alias team@a.example alice@a.example bob@b.example\n"
	"  catch-all a.example alice@a.example\n"
	"  set limit.message_size=1M\n";

struct session_options {
	struct options common;
	const char *setup;
	bool is_memory;
	enum session_kind kind;
};

static int usage(FILE *out)
{
	(void)fputs(help, out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static bool find_kind(const char *name, enum session_kind *ret)
{
	static const char *const names[SESSION_KINDS] = { [SESSION_SMTP] = "smtp",
		[SESSION_SUBMISSION] = "submission",
		[SESSION_LMTP] = "lmtp",
		[SESSION_POP3] = "pop3",
		[SESSION_IMAP] = "imap" };

	for (size_t i = 0; i < SESSION_KINDS; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*ret = (enum session_kind)i;
		return true;
	}
	return false;
}

/* -1: go on, else the exit status. */
static int take_options(int argc, char **argv, struct session_options *o)
{
	static const struct option longs[] = { OPTIONS_COMMON, { "memory", no_argument, NULL, 'm' },
		{ "setup", required_argument, NULL, 'f' }, { 0 } };
	struct error e = { .fault = FAULT_NONE };
	int letter;

	while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (letter == 'h')
			return usage(stdout);
		if (letter == 'm')
			o->is_memory = true;
		else if (letter == 'f')
			o->setup = optarg;
		else if (!options_take(&o->common, letter, &e))
			return usage(stderr);
		if (e.fault != FAULT_NONE)
			return options_fail(&e);
	}
	if (argc - optind != 1 || !find_kind(argv[optind], &o->kind) ||
		o->is_memory == (o->common.data != NULL))
		return usage(stderr);
	return -1;
}

static bool open_store(struct server *s, bool is_memory, struct store **ret, struct error *e)
{
	char path[WHERE_PATH_BYTES] = "";
	const struct store_options options = {
		.path = path, .memory_bytes = s->config.store_memory, .may_create = true
	};

	if (is_memory)
		return store_open(&store_mem, &options, ret, e);
	return where_join(s->data, S("store"), path, e) &&
	       store_open(&store_rocksdb, &options, ret, e);
}

static bool open_mail(struct server *s, bool is_memory, struct error *e)
{
	char secret[DATADIR_SECRET_BYTES] = { 0 }; /* in memory nothing needs hiding */
	struct mail_options options = {
		.clock = &clock_real,
		.secret = { secret, sizeof secret },
		.postmaster = slice_of(s->config.postmaster),
		.address_separator = s->config.address_separator[0],
		.timeline_keep_hours = (uint32_t)(s->config.trace_keep_ms / (3600 * 1000)),
		.password_threads = (unsigned)s->config.password_threads,
	};
	struct store *store = NULL;
	bool is_new;

	if (!is_memory && (!where_data(s->options.data, s->data, e) ||
				  !datadir_make(s->data, geteuid(), getegid(), &is_new, e) ||
				  !datadir_lock(s->data, &s->lock_fd, e) ||
				  !datadir_secret(s->data, secret, &is_new, e)))
		return false;
	if (!open_store(s, is_memory, &store, e))
		return false;
	s->is_mail_open = mail_open(store, &options, &s->mail, e);
	return s->is_mail_open;
}

/* In memory there is no place for a certificate of our own: TLS needs tls.cert and tls.key then. */
static bool open_tls(struct server *s, bool is_memory, struct error *e)
{
	return (is_memory && !config_is_given(&s->config, "tls.cert")) || serve_tls_open(s, e);
}

static bool start(
	struct server *s, const struct session_options *o, struct work **ret, struct error *e)
{
	const struct session_service service = { .kind = o->kind };
	auto_buf text = { .max = SETUP_BYTES_MAX };
	struct conn *conn;

	if (!options_read(&s->options, &s->config, e))
		return false;
	if (o->setup != NULL && (!setup_read(o->setup, &text, e) ||
					!setup_settings(buf_slice(&text), &s->config, e)))
		return fail_in(e, "setup '%s'", o->setup);
	if (!open_mail(s, o->is_memory, e) || !open_tls(s, o->is_memory, e))
		return false;
	if (!setup_mail(buf_slice(&text), &s->mail, false, e))
		return fail_in(e, "setup '%s'", o->setup);
	return serve_host_make(s, e) && conn_open_pair(STDIN_FILENO, STDOUT_FILENO, &conn, e) &&
	       session_new(s->host, service, conn, ret, e);
}

int session_command(int argc, char **argv)
{
	static struct server server; /* tens of KiB, once a process */
	struct session_options o = { 0 };
	struct error e = { .fault = FAULT_NONE };
	struct work *work = NULL;
	int status = take_options(argc, argv, &o);

	if (status >= 0)
		return status;
	server.options = o.common;
	server.is_single = true;
	server.lock_fd = -1;
	lock_init(&server.lock, RANK_SERVE);
	(void)umask(0077);
	(void)signal(SIGPIPE, SIG_IGN);
	bool is_started = start(&server, &o, &work, &e);
	if (is_started)
		session_run(work);
	serve_host_end(&server);
	if (server.is_mail_open)
		mail_close(&server.mail);
	if (server.tls != NULL)
		tls_config_close(server.tls);
	fd_close(&server.lock_fd);
	return is_started ? EXIT_DONE : options_fail(&e);
}
