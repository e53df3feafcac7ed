/* SPDX-License-Identifier: MIT */
#include "cmd/notify.h"
#include "cmd/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* clang-format off */
static const struct service {
	const char *name; /* also the name of its setting before ".listen", and in LISTEN_FDNAMES */
	size_t list;      /* into struct config */
	struct session_service serves;
} services[] = {
	{ "smtp",        offsetof(struct config, smtp_listen),        { SESSION_SMTP,       false } },
	{ "submission",  offsetof(struct config, submission_listen),  { SESSION_SUBMISSION, false } },
	{ "submissions", offsetof(struct config, submissions_listen), { SESSION_SUBMISSION, true  } },
	{ "lmtp",        offsetof(struct config, lmtp_listen),        { SESSION_LMTP,       false } },
	{ "pop3",        offsetof(struct config, pop3_listen),        { SESSION_POP3,       false } },
	{ "pop3s",       offsetof(struct config, pop3s_listen),       { SESSION_POP3,       true  } },
	{ "imap",        offsetof(struct config, imap_listen),        { SESSION_IMAP,       false } },
	{ "imaps",       offsetof(struct config, imaps_listen),       { SESSION_IMAP,       true  } },
};
/* clang-format on */

static struct slice list_of(const struct server *s, const struct service *service)
{
	return slice_of((const char *)&s->config + service->list);
}

static bool is_given(const struct server *s, const struct service *service)
{
	char name[32];

	(void)snprintf(name, sizeof name, "%s.listen", service->name);
	return config_is_given(&s->config, name);
}

/* A kernel without IPv6 is no reason to fail on our own defaults. */
static bool has_family(struct slice address)
{
	auto_fd fd = -1;

	if (!slice_starts(address, S("[")))
		return true;
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 || errno != EAFNOSUPPORT;
}

/* Port 0 was any: the one that was found stands in the ready line, the log and the status. */
static void say_real_port(struct listener *l)
{
	struct slice address = slice_of(l->address);
	size_t colon = slice_find_last(address, ':');

	if (l->port != 0 && colon < address.len)
		(void)snprintf(
			l->address + colon, sizeof l->address - colon, ":%u", (unsigned)l->port);
}

static bool add_listener(
	struct server *s, const struct service *service, struct slice address, struct error *e)
{
	struct listener *l = &s->listeners[s->listener_count];

	if (s->listener_count == SERVER_LISTENERS_MAX)
		return fail(e, FAULT_NEVER, "listen on '%.*s': more than %d addresses",
			S_FMT(address), (int)SERVER_LISTENERS_MAX);
	if (!listen_bind(address, l, e))
		return false;
	l->kind = (int)(service - services);
	say_real_port(l);
	(void)snprintf(s->listener_names[s->listener_count], sizeof s->listener_names[0], "%s",
		service->name);
	s->listener_count++;
	return true;
}

/* The error of a default port says how to choose another. */
static bool fail_bind(const struct server *s, const struct service *service, struct error *e)
{
	(void)fail_in(e, "%s", service->name);
	if (geteuid() == 0 || is_given(s, service))
		return false;
	struct slice words = slice_of(e->text);
	(void)snprintf(e->text + words.len, sizeof e->text - words.len,
		"; as an ordinary user choose others: --set %s.listen=127.0.0.1:2525, empty for "
		"none",
		service->name);
	return false;
}

static bool bind_list(
	struct server *s, const struct service *service, bool is_unix, struct error *e)
{
	const char *list = list_of(s, service).at;
	struct slice word;

	for (size_t at = 0; config_word(list, &at, &word);) {
		char path[WHERE_PATH_BYTES + 8] = "unix:";
		struct slice address = word;

		if (slice_starts(word, S("unix:")) != is_unix)
			continue;
		if (!is_given(s, service) && !has_family(word))
			continue;
		if (is_unix && !where_join(s->data, slice_skip(word, 5), path + 5, e))
			return false;
		if (is_unix)
			address = slice_of(path);
		if (!add_listener(s, service, address, e))
			return fail_bind(s, service, e);
	}
	return true;
}

/* Socket activation: the names say which service; a service that got sockets binds none itself. */
static bool take_given_sockets(struct server *s, struct error *e)
{
	struct notify_fd fds[NOTIFY_FDS_MAX];
	size_t count;

	if (!notify_sockets(fds, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;
		char address[16];

		while (at < COUNT(services) &&
			!slice_same(fds[i].name, slice_of(services[at].name)))
			at++;
		if (at == COUNT(services))
			return fail(e, FAULT_NEVER,
				"take socket %d from LISTEN_FDS: its name '%.*s' is none of smtp, "
				"submission, "
				"submissions, lmtp, pop3, pop3s, imap, imaps",
				fds[i].fd, S_FMT(slice_first(fds[i].name, 40)));
		(void)snprintf(address, sizeof address, "fd:%d", fds[i].fd);
		if (!add_listener(s, &services[at], slice_of(address), e))
			return false;
		s->is_service_given[at] = true;
	}
	return true;
}

/* Nothing to bind: it has its sockets already, or cannot work without TLS. */
static bool is_off(const struct server *s, size_t service)
{
	return s->is_service_given[service] ||
	       (services[service].serves.is_implicit_tls && !s->config.tls_on);
}

bool serve_bind_ports(struct server *s, struct error *e)
{
	_Static_assert(COUNT(services) == SERVER_SERVICES, "is_service_given has a place for each");
	if (!take_given_sockets(s, e))
		return false;
	for (size_t i = 0; i < COUNT(services); i++)
		if (!is_off(s, i) && !bind_list(s, &services[i], false, e))
			return false;
	return true;
}

bool serve_bind_sockets(struct server *s, struct error *e)
{
	char path[WHERE_PATH_BYTES + 8] = "unix:";
	struct listener control;

	for (size_t i = 0; i < COUNT(services); i++)
		if (!is_off(s, i) && !bind_list(s, &services[i], true, e))
			return false;
	if (!where_join(s->data, slice_of(s->config.control_socket), path + 5, e))
		return false;
	if (!listen_bind(slice_of(path), &control, e))
		return fail_in(e, "control");
	s->control_fd = control.fd;
	return true;
}

/* A new client becomes a session; called on the accepting thread. */
static bool on_client(void *context, const struct listener *l, int fd)
{
	struct server *s = context;
	struct error e = { .fault = FAULT_NONE };
	struct session_host *host = serve_host_take(s);
	struct conn *conn = NULL;
	struct work *work = NULL;
	bool is_taken = conn_open(fd, &conn, &e) &&
			session_new(host, services[l->kind].serves, conn, &work, &e);

	if (is_taken)
		pool_add(s->pool, work);
	else
		log_event(LOG_LEVEL_WARN, "serve.client_failed", LOG_TEXT("why", slice_of(e.text)));
	session_host_drop(host);
	return is_taken;
}

static void on_refused(void *context, const struct listener *l, int fd, bool is_per_address)
{
	struct slice words = session_refusal(services[l->kind].serves.kind, is_per_address);

	(void)context;
	if (services[l->kind].serves.is_implicit_tls)
		return; /* plain words would only break its handshake */
	(void)!send(fd, words.at, words.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool serve_listen(struct server *s, struct error *e)
{
	const struct listen_options options = {
		.listeners = s->listeners,
		.listener_count = s->listener_count,
		.session_max = s->session_max,
		.per_address_max = (unsigned)s->config.sessions_per_address,
		.on_client = on_client,
		.on_refused = on_refused,
		.context = s,
	};

	/* A first client may come, and be gone, before s->listen is set: on_client() waits for this lock. */
	HOLDING(&s->lock);
	return listen_start(&options, &s->listen, e);
}

void serve_listeners_text(const struct server *s, struct buf *out)
{
	for (size_t i = 0; i < s->listener_count; i++)
		if (!buf_add_format(out, "%s%s %s", i > 0 ? " " : "", s->listener_names[i],
			    s->listeners[i].address))
			return; /* cut: it is for people */
}
