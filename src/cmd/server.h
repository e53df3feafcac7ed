/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * server - all parts of a running server, wired together; shared by the serve_*.c files.
 *
 *   serve.c           the order of starting and stopping, signals
 *   serve_listen.c    the services and their sockets; a new client becomes a session
 *   serve_host.c      settings -> what the sessions see; SIGHUP makes a new one
 *   serve_tasks.c     the housekeeping thread
 *   serve_numbers.c   counters and facts for status and metrics
 *
 * Threads: fields change only while starting and stopping, except what stands under the lock.
 */
#include "admin/admin.h"
#include "base/buf.h"
#include "base/lock.h"
#include "base/log.h"
#include "cmd/options.h"
#include "deliver/deliver.h"
#include "mail/mail.h"
#include "net/listen.h"
#include "net/pool.h"
#include "net/tls.h"
#include "session/session.h"

enum {
	SERVER_LISTENERS_MAX = 32,
	SERVER_SERVICES = 8,
	SERVER_FACTS_MAX = 16 + SERVER_LISTENERS_MAX,
};

struct server {
	struct options options;
	struct config config;
	char data[WHERE_PATH_BYTES], copies[WHERE_PATH_BYTES];
	bool is_new_data;
	bool is_single; /* one session on stdin and stdout: no listeners, no pool */
	int lock_fd, pid_fd;
	unsigned session_max; /* limit.sessions, or what the limit on open files leaves */

	struct listener listeners[SERVER_LISTENERS_MAX];
	size_t listener_count;
	char listener_names[SERVER_LISTENERS_MAX][16]; /* "smtp", for status */
	bool is_service_given[SERVER_SERVICES];        /* by socket activation */
	int control_fd;

	struct tls_config *tls;
	struct tls_trust *relay_trust; /* NULL: the next hop proves nothing */
	struct mail mail;
	bool is_mail_open;
	struct pool *pool;
	struct listen *listen;
	struct deliver *deliver;
	struct admin *admin;
	struct tasks *tasks;
	struct session_counters counters;
	struct buf setup;           /* only while starting */
	struct config setup_config; /* what its `set` lines gave: stays over a reload */
	uint64_t started_s;
	char sandbox_text[128];

	struct lock lock;
	/* under lock: */
	struct session_host *host;
};

/* serve_listen.c */
/* What needs root: TCP ports, and sockets that systemd gave us. */
MUST_CHECK bool serve_bind_ports(struct server *s, struct error *e);
/* Unix sockets, after root is dropped and the data directory is ours. */
MUST_CHECK bool serve_bind_sockets(struct server *s, struct error *e);
MUST_CHECK bool serve_listen(struct server *s, struct error *e);
/* "smtp 127.0.0.1:2525 lmtp unix:/…", with the real ports. */
void serve_listeners_text(const struct server *s, struct buf *out);

/* serve_host.c */
/* The name for greetings: the setting, else the machine's. */
void serve_host_name(const struct server *s, char ret[256]);
MUST_CHECK bool serve_host_make(struct server *s, struct error *e);
void serve_host_end(struct server *s);
struct session_host *serve_host_take(struct server *s);
/* Nothing to do when it is open. */
MUST_CHECK bool serve_tls_open(struct server *s, struct error *e);
/* SIGHUP. */
void serve_reload(struct server *s);

/* serve_tasks.c */
struct tasks;
MUST_CHECK bool serve_tasks_start(struct server *s, struct tasks **ret, struct error *e);
void serve_tasks_stop(struct tasks *t);

/* serve_numbers.c; the context is the server. */
void serve_numbers(void *context, admin_number_fn *tell, void *tell_context);
size_t serve_facts(void *context, struct admin_fact *room, size_t room_count);
