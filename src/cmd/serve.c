/* SPDX-License-Identifier: MIT */
#include "base/trim.h"
#include "cmd/command.h"
#include "cmd/datadir.h"
#include "cmd/notify.h"
#include "cmd/privilege.h"
#include "cmd/sandbox.h"
#include "cmd/server.h"
#include "cmd/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
	"usage: mailvisor serve [--data DIR] [--config FILE] [--set key=value]...\n"
	"\n"
	"Runs the mail server. The first start makes the data directory and all that it needs.\n"
	"  --data DIR       default: $MAILVISOR_DATA, else /var/lib/mailvisor for root, else\n"
	"                   ~/.local/share/mailvisor\n"
	"  --config FILE    default: ~/.config/mailvisor/mailvisor.conf for others than root, "
	"else\n"
	"                   /etc/mailvisor/mailvisor.conf, when it is there\n"
	"  --set key=value  a setting; mailvisor config prints them all\n"
	"  --setup FILE     domains, accounts and aliases to add before serving, where they are "
	"missing;\n"
	"                   lines as mailvisor session --help shows\n"
	"\n"
	"Without root: --set smtp.listen=127.0.0.1:2525 --set submission.listen=127.0.0.1:2587\n"
	"              --set submissions.listen= --set pop3.listen=127.0.0.1:2110 --set "
	"pop3s.listen=\n"
	"              --set imap.listen=127.0.0.1:2143 --set imaps.listen=\n"
	"Signals: TERM and INT stop, after running sessions said goodbye; HUP reads certificates "
	"and\n"
	"settings again.\n";

/* -1: go on, else the exit status. */
static int take_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = { OPTIONS_COMMON,
		{ "setup", required_argument, NULL, 'f' }, { 0 } };
	struct error e = { .fault = FAULT_NONE };
	int letter;

	while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		bool is_help = letter == 'h';

		if (letter == 'f') {
			o->setup = optarg;
			continue;
		}
		if (is_help || !options_take(o, letter, &e)) {
			(void)fputs(help, is_help ? stdout : stderr);
			return is_help ? EXIT_DONE : EXIT_USAGE;
		}
		if (e.fault != FAULT_NONE)
			return options_fail(&e);
	}
	if (optind == argc)
		return -1;
	(void)fprintf(stderr, "mailvisor: serve takes no '%s'\n", argv[optind]);
	return EXIT_USAGE;
}

/* A thread's heap is a map of 64 MiB that grows apart from the others: two are enough for our small needs. */
static void spare_memory(void)
{
	(void)mallopt(M_ARENA_MAX, 2);
	(void)mallopt(M_TRIM_THRESHOLD, 256 << 10);
	(void)mallopt(M_MMAP_THRESHOLD, 256 << 10);
}

/*
 * Sessions, each with a socket, and the store's files. Where there are fewer, fewer sessions are taken: the next client
 * is told so, instead of waiting for an accept() that cannot come.
 */
static void raise_file_limit(struct server *s)
{
	enum { FILES_BESIDE = 512 };
	rlim_t wanted = (rlim_t)s->config.sessions + FILES_BESIDE;
	struct rlimit files, more = { .rlim_cur = wanted, .rlim_max = wanted };

	s->session_max = (unsigned)s->config.sessions;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= wanted)
		return;
	more.rlim_max =
		files.rlim_max < wanted ? wanted : files.rlim_max; /* only root may raise it */
	if (setrlimit(RLIMIT_NOFILE, &more) == 0)
		return;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		(void)getrlimit(RLIMIT_NOFILE, &files);
	s->session_max =
		(unsigned)(files.rlim_cur > 2 * FILES_BESIDE ? files.rlim_cur - FILES_BESIDE
							     : files.rlim_cur / 2);
	(void)fprintf(stderr,
		"limit.sessions=%llu wants %llu open files, and %llu are allowed (ulimit -n): at "
		"most %u "
		"sessions\n",
		(unsigned long long)s->config.sessions, (unsigned long long)wanted,
		(unsigned long long)files.rlim_cur, s->session_max);
}

static bool open_pid_file(struct server *s, struct error *e)
{
	if (s->config.pid_file[0] == '\0')
		return true;
	s->pid_fd = open(s->config.pid_file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (s->pid_fd < 0)
		return fail(
			e, FAULT_NEVER, "open '%s' for our process number: %m", s->config.pid_file);
	return true;
}

/* Before root is dropped: it holds passwords, and may be root's. */
static bool read_setup(struct server *s, struct error *e)
{
	s->setup.max = SETUP_BYTES_MAX;
	config_init(&s->setup_config);
	if (s->options.setup == NULL ||
		(setup_read(s->options.setup, &s->setup, e) &&
			setup_settings(buf_slice(&s->setup), &s->setup_config, e) &&
			setup_settings(buf_slice(&s->setup), &s->config, e)))
		return true;
	return fail_in(e, "setup '%s'", s->options.setup);
}

/* All that root is good for, and then no root any more. */
/* The authorities are read once, before the sandbox; where nothing is relayed they are not needed. */
static bool open_relay_trust(struct server *s, struct error *e)
{
	char path[WHERE_PATH_BYTES];

	if (s->config.relay_tls != SMTP_TLS_VERIFY || s->config.relay_host[0] == '\0')
		return true;
	return where_join(s->data, slice_of(s->config.relay_tls_ca), path, e) &&
	       tls_trust_open(path, &s->relay_trust, e);
}

static bool start_as_root(struct server *s, struct error *e)
{
	struct privilege who;

	if (!read_setup(s, e))
		return false;
	if (!where_data(s->options.data, s->data, e) ||
		!privilege_find(s->config.user, config_is_given(&s->config, "user"), &who, e) ||
		!datadir_peek(s->data, e))
		return false;
	raise_file_limit(s);
	if (!serve_bind_ports(s, e) || !open_pid_file(s, e) ||
		!datadir_make(s->data, who.user, who.group, &s->is_new_data, e))
		return false;
	if (s->is_new_data)
		(void)fprintf(stderr, "made the data directory: %s\n", s->data);
	if (who.may_drop && s->pid_fd >= 0)
		(void)!fchown(
			s->pid_fd, who.user, who.group); /* so that it can be emptied at the end */
	/* A real key is often root's alone; ours is made after root is gone, for its owner. */
	if (config_is_given(&s->config, "tls.cert") && !serve_tls_open(s, e))
		return false;
	return privilege_drop(&who, e);
}

/* The directory of a file: it may be renamed away and made anew, as log rotation and renewed certificates do. */
static bool beside(
	const struct server *s, const char *file, char ret[WHERE_PATH_BYTES], struct error *e)
{
	if (!where_join(s->data, slice_of(file), ret, e))
		return false;
	char *slash = strrchr(ret, '/');
	slash[slash == ret ? 1 : 0] = '\0';
	return true;
}

static bool enter_sandbox(struct server *s, struct error *e)
{
	char cert[WHERE_PATH_BYTES], key[WHERE_PATH_BYTES], config[WHERE_PATH_BYTES];
	char log[WHERE_PATH_BYTES];
	struct buf text = BUF_OVER(s->sandbox_text);
	const struct sandbox_path paths[] = { { s->data, true }, { log, true }, { cert, false },
		{ key, false }, { config, false } };

	if (s->config.sandbox == CONFIG_SANDBOX_NO)
		return true;
	if (!beside(s, s->config.tls_cert, cert, e) || !beside(s, s->config.tls_key, key, e) ||
		!beside(s, s->config.log_file, log, e) ||
		!beside(s, s->options.config_path, config, e))
		return false;
	text.max = text.room = sizeof s->sandbox_text - 1; /* stays a C string */
	return sandbox_enter(
		paths, COUNT(paths), s->config.sandbox == CONFIG_SANDBOX_YES, &text, e);
}

static bool open_log(const struct server *s, struct error *e)
{
	char path[WHERE_PATH_BYTES] = "-";

	if (strcmp(s->config.log_file, "-") != 0 &&
		!where_join(s->data, slice_of(s->config.log_file), path, e))
		return false;
	return log_start(path, (enum log_level)s->config.log_level, e);
}

static bool open_mail(struct server *s, struct error *e)
{
	static const struct store_engine *const engines[] = {
		[CONFIG_ENGINE_ROCKSDB] = &store_rocksdb, [CONFIG_ENGINE_MEM] = &store_mem
	};
	char path[WHERE_PATH_BYTES], secret[DATADIR_SECRET_BYTES];
	const struct store_options store_options = {
		.path = path, .memory_bytes = s->config.store_memory, .may_create = true
	};
	const struct mail_options mail_options = {
		.clock = &clock_real,
		.secret = { secret, sizeof secret },
		.postmaster = slice_of(s->config.postmaster),
		.address_separator = s->config.address_separator[0],
		.timeline_keep_hours = (uint32_t)(s->config.trace_keep_ms / (3600 * 1000)),
		.password_threads = (unsigned)s->config.password_threads,
	};
	struct store *store = NULL;
	bool is_new_secret;

	if (!datadir_secret(s->data, secret, &is_new_secret, e) ||
		!where_join(s->data, S("store"), path, e) ||
		!store_open(engines[s->config.store_engine], &store_options, &store, e))
		return false;
	s->is_mail_open = mail_open(store, &mail_options, &s->mail, e);
	explicit_bzero(secret, sizeof secret);
	if (s->is_mail_open && is_new_secret)
		(void)fprintf(stderr, "made an empty store: %s\n", path);
	return s->is_mail_open && setup_mail(buf_slice(&s->setup), &s->mail, true, e);
}

static bool start_relay(struct server *s, struct error *e)
{
	const struct config *c = &s->config;
	struct deliver_options options = {
		.mail = &s->mail,
		.clock = &clock_real,
		.tls = (enum smtp_tls)c->relay_tls,
		.trust = s->relay_trust,
		.worker_max = (unsigned)c->relay_workers,
		.retry_first_s = (uint32_t)(c->relay_retry_first_ms / 1000),
		.retry_most_s = (uint32_t)(c->relay_retry_most_ms / 1000),
		.give_up_s = (uint32_t)(c->relay_give_up_ms / 1000),
	};

	if (c->relay_host[0] == '\0')
		return true;
	serve_host_name(s, options.host);
	(void)snprintf(options.next_hop, sizeof options.next_hop, "%s", c->relay_host);
	(void)snprintf(options.tls_name, sizeof options.tls_name, "%s", c->relay_tls_name);
	return deliver_start(&options, &s->deliver, e);
}

static bool start_serving(struct server *s, struct error *e)
{
	const struct pool_options pool_options = { .worker_max = (unsigned)s->config.workers,
		.clock = &clock_real };

	if (!serve_host_make(s, e) || !pool_start(&pool_options, &s->pool, e) ||
		!serve_bind_sockets(s, e) || !start_relay(s, e) || !serve_listen(s, e))
		return false;
	const struct admin_options admin_options = {
		.fd = s->control_fd,
		.mail = &s->mail,
		.clock = &clock_real,
		.numbers = serve_numbers,
		.facts = serve_facts,
		.context = s,
		.copies = s->copies,
	};
	s->control_fd = -1; /* admin's from here, in any case */
	return admin_start(&admin_options, &s->admin, e) && serve_tasks_start(s, &s->tasks, e);
}

static bool start(struct server *s, struct error *e)
{
	bool is_open = start_as_root(s, e) && datadir_lock(s->data, &s->lock_fd, e) &&
		       open_relay_trust(s, e) && enter_sandbox(s, e) && serve_tls_open(s, e) &&
		       open_log(s, e) && open_mail(s, e);

	if (s->setup.at != NULL)
		explicit_bzero(s->setup.at, s->setup.room); /* passwords */
	buf_done(&s->setup);
	return is_open && where_join(s->data, S("copies"), s->copies, e) &&
	       admin_copies_open(s->copies, e) && start_serving(s, e);
}

static void say_ready(struct server *s)
{
	char room[SERVER_LISTENERS_MAX * 160];
	struct buf text = BUF_OVER(room);
	char pid[32];
	int len = snprintf(pid, sizeof pid, "%d\n", (int)getpid());

	serve_listeners_text(s, &text);
	if (s->pid_fd >= 0 && (ftruncate(s->pid_fd, 0) < 0 ||
				      pwrite(s->pid_fd, pid, (size_t)len, 0) != (ssize_t)len))
		log_event(LOG_LEVEL_WARN, "serve.pid_file_failed",
			LOG_TEXT("file", slice_of(s->config.pid_file)));
	(void)fprintf(stderr, "ready: %.*s\n", S_FMT(buf_slice(&text)));
	log_event(LOG_LEVEL_INFO, "serve.ready", LOG_TEXT("version", S(MAILVISOR_VERSION)),
		LOG_COUNT("pid", (uint64_t)getpid()), LOG_TEXT("data", slice_of(s->data)),
		LOG_TEXT("listeners", buf_slice(&text)),
		LOG_TEXT("sandbox", slice_of(s->sandbox_text)));
	notify_tell("READY=1");
}

static sigset_t our_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	return set;
}

/* Until TERM or INT. */
static void obey_signals(struct server *s)
{
	sigset_t set = our_signals();

	for (;;) { /* ends with the process */
		siginfo_t info;
		int signal_number = sigwaitinfo(&set, &info);

		if (signal_number == SIGTERM || signal_number == SIGINT)
			return;
		if (signal_number != SIGHUP)
			continue; /* EINTR */
		notify_tell_reloading(clock_mono_ns(&clock_real));
		serve_reload(s);
		notify_tell("READY=1");
	}
}

/* Every part may be missing: a start that failed ends here too. */
static void stop(struct server *s)
{
	uint64_t left = 0;

	if (s->listen != NULL)
		listen_stop(s->listen);
	if (s->pool != NULL)
		left = pool_drain(
			s->pool, clock_mono_ns(&clock_real) + s->config.wait_stop_ms * NS_PER_MS);
	admin_stop(s->admin);
	serve_tasks_stop(s->tasks);
	if (s->deliver != NULL)
		deliver_stop(s->deliver);
	if (s->pool != NULL)
		pool_stop(s->pool);
	listen_free(s->listen); /* only now: sessions tell it when they end */
	serve_host_end(s);
	if (s->is_mail_open)
		mail_close(&s->mail);
	if (s->tls != NULL)
		tls_config_close(s->tls);
	tls_trust_close(s->relay_trust);
	if (s->pool != NULL)
		log_event(LOG_LEVEL_INFO, "serve.stopped", LOG_COUNT("sessions_cut", left));
	log_stop();
	if (s->listen == NULL) /* never started: the listeners are still ours */
		for (size_t i = 0; i < s->listener_count; i++)
			fd_close(&s->listeners[i].fd);
	fd_close(&s->control_fd);
	if (s->pid_fd >= 0)
		(void)!ftruncate(s->pid_fd, 0);
	fd_close(&s->pid_fd);
	fd_close(&s->lock_fd);
}

int serve_command(int argc, char **argv)
{
	static struct server server; /* tens of KiB, once a process */
	struct server *s = &server;
	struct error e = { .fault = FAULT_NONE };
	sigset_t set = our_signals();
	int status = take_options(argc, argv, &s->options);

	if (status >= 0)
		return status;
	s->lock_fd = s->pid_fd = s->control_fd = -1;
	s->started_s = clock_wall_ns(&clock_real) / NS_PER_S;
	lock_init(&s->lock, RANK_SERVE);
	(void)umask(0077);
	spare_memory();
	(void)signal(SIGPIPE, SIG_IGN);
	/* Inherited by all threads; this one waits for them. */
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (!options_read(&s->options, &s->config, &e) || !start(s, &e)) {
		stop(s);
		return options_fail(&e);
	}
	say_ready(s);
	trim_memory(); /* after the banner: nobody waits for it */
	obey_signals(s);
	notify_tell("STOPPING=1");
	log_event(LOG_LEVEL_INFO, "serve.stopping", LOG_COUNT("pid", (uint64_t)getpid()));
	stop(s);
	return EXIT_DONE;
}
