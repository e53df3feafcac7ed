/* SPDX-License-Identifier: MIT */
#include "lab/workload/null_server.h"

#include "lab/workload/letter.h"
#include "lab/workload/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	BACKLOG = 512,
	IDLERS = 64, /* connections that can be rung at once; a measurement has one */
	MAIL_BYTES_MAX = LETTER_BYTES_MAX + 4096,
	REPLY_BYTES = 256,
};

/* Mails are only added, and marked as gone: an index is a UID less one, for the child's whole life. */
static struct {
	pthread_mutex_t lock;
	struct slice mails[NULL_SERVER_MAILS]; /* at == NULL: removed */
	size_t count;
	int bells[IDLERS]; /* eventfd + 1 of each connection in IDLE; 0: free */
} box = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* One connection. */
struct talk {
	struct wire wire;
	size_t list[NULL_SERVER_MAILS]; /* the mailbox as this session sees it */
	size_t count;
	size_t gone[NULL_SERVER_MAILS]; /* to be removed at its end */
	size_t gone_count;
};

static bool say(struct talk *t, struct slice words)
{
	struct error ignored = { .fault = FAULT_NONE };

	return wire_send(&t->wire, words, UINT64_MAX, &ignored);
}

static bool say_format(struct talk *t, const char *format, ...) PRINTF_LIKE(2, 3);

static bool say_format(struct talk *t, const char *format, ...)
{
	char room[REPLY_BYTES];
	va_list words;

	va_start(words, format);
	int len = vsnprintf(room, sizeof room, format, words);
	va_end(words);
	return len > 0 && (size_t)len < sizeof room && say(t, (struct slice){ room, (size_t)len });
}

static bool line_read(struct talk *t, struct slice *ret)
{
	struct error ignored = { .fault = FAULT_NONE };

	return wire_line(&t->wire, UINT64_MAX, ret, &ignored);
}

static bool mail_keep(const struct buf *text)
{
	char *copy = malloc(text->len + 1);
	bool is_kept = false;

	if (copy == NULL)
		return false;
	memcpy(copy, text->at, text->len);
	(void)pthread_mutex_lock(&box.lock);
	if (box.count < NULL_SERVER_MAILS) {
		box.mails[box.count++] = (struct slice){ copy, text->len };
		is_kept = true;
		for (size_t i = 0; i < IDLERS; i++) {
			if (box.bells[i] != 0)
				(void)eventfd_write(box.bells[i] - 1, 1);
		}
	}
	(void)pthread_mutex_unlock(&box.lock);
	if (!is_kept)
		free(copy);
	return is_kept;
}

static void list_take(struct talk *t)
{
	t->count = 0;
	(void)pthread_mutex_lock(&box.lock);
	for (size_t i = 0; i < box.count; i++) {
		if (box.mails[i].at != NULL)
			t->list[t->count++] = i;
	}
	(void)pthread_mutex_unlock(&box.lock);
}

static void gone_remove(struct talk *t)
{
	(void)pthread_mutex_lock(&box.lock);
	for (size_t i = 0; i < t->gone_count; i++) {
		free((void *)(uintptr_t)box.mails[t->gone[i]].at);
		box.mails[t->gone[i]] = (struct slice){ NULL, 0 };
	}
	(void)pthread_mutex_unlock(&box.lock);
	t->gone_count = 0;
}

static bool smtp_data(struct talk *t)
{
	auto_buf text = { .max = MAIL_BYTES_MAX };
	struct slice line;

	if (!say(t, S("354 go\r\n")))
		return false;
	while (line_read(t, &line)) {
		if (slice_same(line, S(".")))
			return say(t, mail_keep(&text) ? S("250 kept\r\n") : S("452 full\r\n"));
		if (line.len > 0 && line.at[0] == '.')
			line = slice_skip(line, 1);
		if (!buf_add(&text, line) || !buf_add(&text, S("\r\n")))
			return false;
	}
	return false;
}

static void smtp_talk(struct talk *t)
{
	struct slice line;

	if (!say(t, S("220 null\r\n")))
		return;
	while (line_read(t, &line)) {
		if (slice_starts_nocase(line, S("QUIT"))) {
			(void)say(t, S("221 bye\r\n"));
			return;
		}
		if (slice_starts_nocase(line, S("DATA")) ? !smtp_data(t) : !say(t, S("250 ok\r\n")))
			return;
	}
}

/* The mail that a command's number means, or an empty slice. */
static struct slice mail_of(struct talk *t, struct slice line, size_t *ret_index)
{
	uint64_t number = 0;
	struct slice mail = S("");

	if (!slice_number(slice_skip(line, 5), t->count, &number) || number == 0)
		return mail;
	*ret_index = t->list[number - 1];
	(void)pthread_mutex_lock(&box.lock);
	mail = box.mails[*ret_index];
	(void)pthread_mutex_unlock(&box.lock);
	return mail;
}

/* Our letters' lines never begin with a dot: base64 and header fields. */
static bool pop3_line(struct talk *t, struct slice line)
{
	size_t index = 0;

	if (slice_starts_nocase(line, S("STAT"))) {
		list_take(t);
		return say_format(t, "+OK %zu 0\r\n", t->count);
	}
	if (slice_starts_nocase(line, S("RETR"))) {
		struct slice mail = mail_of(t, line, &index);

		return mail.len == 0 ? say(t, S("-ERR none\r\n"))
				     : say(t, S("+OK\r\n")) && say(t, mail) && say(t, S(".\r\n"));
	}
	if (slice_starts_nocase(line, S("DELE")) && mail_of(t, line, &index).len > 0)
		t->gone[t->gone_count++] = index;
	return say(t, S("+OK\r\n"));
}

static void pop3_talk(struct talk *t)
{
	struct slice line;

	if (!say(t, S("+OK null\r\n")))
		return;
	while (line_read(t, &line)) {
		if (slice_starts_nocase(line, S("QUIT"))) {
			gone_remove(t);
			(void)say(t, S("+OK\r\n"));
			return;
		}
		if (!pop3_line(t, line))
			return;
	}
}

/* A place in the list of bells; IDLERS: none is free. */
static size_t bell_hang(int fd)
{
	size_t at = 0;

	(void)pthread_mutex_lock(&box.lock);
	while (at < IDLERS && box.bells[at] != 0)
		at++;
	if (at < IDLERS)
		box.bells[at] = fd + 1;
	(void)pthread_mutex_unlock(&box.lock);
	return at;
}

static void bell_take(size_t at)
{
	(void)pthread_mutex_lock(&box.lock);
	box.bells[at] = 0;
	(void)pthread_mutex_unlock(&box.lock);
}

/* Until the client says something: tells how many mails there are, whenever that changes. */
static bool idle_wait(struct talk *t, int bell)
{
	while (t->wire.count == 0) {
		struct pollfd p[2] = { { t->wire.fd, POLLIN, 0 }, { bell, POLLIN, 0 } };
		size_t before = t->count;
		eventfd_t rung;

		list_take(t);
		if (t->count != before && !say_format(t, "* %zu EXISTS\r\n", t->count))
			return false;
		(void)poll(p, COUNT(p), -1);
		if (p[0].revents != 0)
			break;
		(void)eventfd_read(bell, &rung);
	}
	return true;
}

static bool imap_idle(struct talk *t, struct slice tag)
{
	char kept[32];
	struct slice line;
	auto_fd bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (bell < 0 || !slice_text(tag, kept, sizeof kept) || !say(t, S("+ idling\r\n")))
		return false;
	size_t at = bell_hang(bell);
	if (at == IDLERS)
		return false;
	bool is_good = idle_wait(t, bell);

	bell_take(at);
	return is_good && line_read(t, &line) && say_format(t, "%s OK\r\n", kept);
}

/* UID FETCH n:*: the new ones, and (as the grammar wants it) the last one in any case. */
static bool imap_fetch(struct talk *t, struct slice tag, struct slice words)
{
	char kept[32];
	uint64_t first = 1;

	if (!slice_text(tag, kept, sizeof kept))
		return false;
	(void)!slice_number(slice_first(words, slice_find(words, ':')), UINT32_MAX, &first);
	for (size_t i = 0; i < t->count; i++) {
		if (t->list[i] + 1 < first && i + 1 < t->count)
			continue;
		(void)pthread_mutex_lock(&box.lock);
		struct slice mail = box.mails[t->list[i]];
		(void)pthread_mutex_unlock(&box.lock);
		if (!say_format(t, "* %zu FETCH (UID %zu BODY[] {%zu}\r\n", i + 1, t->list[i] + 1,
			    mail.len) ||
			!say(t, mail) || !say(t, S(")\r\n")))
			return false;
	}
	return say_format(t, "%s OK\r\n", kept);
}

/* The only reader removes everything, and says how many there were as RFC 9051 7.5.1 wants it. */
static bool imap_expunge(struct talk *t)
{
	for (size_t i = 0; i < t->count; i++) {
		t->gone[t->gone_count++] = t->list[i];
		if (!say(t, S("* 1 EXPUNGE\r\n")))
			return false;
	}
	gone_remove(t);
	list_take(t);
	return true;
}

static bool imap_line(struct talk *t, struct slice line)
{
	struct slice tag = slice_first(line, slice_find(line, ' '));
	struct slice verb = slice_skip(line, tag.len + 1);
	static const char fetch[] = "UID FETCH ";

	if (slice_starts_nocase(verb, S("IDLE")))
		return imap_idle(t, tag);
	if (slice_starts_nocase(verb, slice_of(fetch)))
		return imap_fetch(t, tag, slice_skip(verb, sizeof fetch - 1));
	if (slice_starts_nocase(verb, S("SELECT")) || slice_starts_nocase(verb, S("NOOP"))) {
		list_take(t);
		if (!say_format(t, "* %zu EXISTS\r\n", t->count))
			return false;
	}
	if (slice_starts_nocase(verb, S("EXPUNGE")) && !imap_expunge(t))
		return false;
	return say_format(t, "%.*s OK\r\n", S_FMT(slice_first(tag, 32)));
}

static void imap_talk(struct talk *t)
{
	struct slice line;

	if (!say(t, S("* OK null\r\n")))
		return;
	while (line_read(t, &line) && imap_line(t, line))
		;
}

/* A listening socket, and a connection that came through it. */
struct door {
	int fd;
	void (*talk)(struct talk *t);
};

static void *visit_main(void *argument)
{
	struct door *v = argument;
	struct talk *t = calloc(1, sizeof *t);

	if (t != NULL) {
		t->wire.fd = v->fd;
		v->talk(t);
		wire_close(&t->wire);
	}
	free(t);
	free(v);
	return NULL;
}

static void visit_begin(const struct door *door)
{
	int fd = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), one = 1;
	struct door *v = fd < 0 ? NULL : malloc(sizeof *v);
	pthread_t thread;

	if (v == NULL)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	*v = (struct door){ fd, door->talk };
	if (pthread_create(&thread, NULL, visit_main, v) == 0) {
		(void)pthread_detach(thread);
		return;
	}
	(void)close(fd);
	free(v);
}

_Noreturn static void serve(const struct door doors[3], pid_t parent)
{
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent) {
		struct pollfd p[3] = { { doors[0].fd, POLLIN, 0 }, { doors[1].fd, POLLIN, 0 },
			{ doors[2].fd, POLLIN, 0 } };

		(void)poll(p, COUNT(p), 1000);
		for (size_t i = 0; i < COUNT(p); i++) {
			if ((p[i].revents & POLLIN) != 0)
				visit_begin(&doors[i]);
		}
	}
	_exit(0);
}

static bool door_open(struct door *door, uint16_t *ret_port, struct error *e)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	door->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (door->fd < 0 || bind(door->fd, (struct sockaddr *)&at, sizeof at) < 0 ||
		listen(door->fd, BACKLOG) < 0 ||
		getsockname(door->fd, (struct sockaddr *)&at, &size) < 0)
		return fail(e, FAULT_LATER, "open a port for the null server: %m");
	*ret_port = ntohs(at.sin_port);
	return true;
}

bool null_server_start(struct null_server *ret, struct error *e)
{
	struct door doors[3] = { { -1, smtp_talk }, { -1, pop3_talk }, { -1, imap_talk } };
	struct null_server s = { .pid = -1 };
	pid_t parent = getpid();
	bool is_open = door_open(&doors[0], &s.smtp_port, e) &&
		       door_open(&doors[1], &s.pop3_port, e) &&
		       door_open(&doors[2], &s.imap_port, e);

	if (is_open) {
		s.pid = fork();
		if (s.pid == 0)
			serve(doors, parent);
		is_open = s.pid > 0 || fail(e, FAULT_LATER, "start the null server: %m");
	}
	for (size_t i = 0; i < COUNT(doors); i++)
		fd_close(&doors[i].fd);
	if (is_open)
		*ret = s;
	return is_open;
}

void null_server_stop(struct null_server *s)
{
	if (s->pid <= 0)
		return;
	(void)kill(s->pid, SIGTERM);
	(void)waitpid(s->pid, NULL, 0);
	s->pid = 0;
}
