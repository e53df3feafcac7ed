/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * client - what an SMTP and a POP3 session have in common: one peer, its deadlines, reading a command.
 *
 * client_command() waits a moment for a line. When none comes and nothing is in flight the session gives its thread
 * back with client_park(); whoever wakes it, the next client_command() says why there is no line.
 * Not here: what a command means, which reply it gets.
 * Threads: one at a time, the worker that runs the step.
 * Owns: the conn, a reference to the host. A parked client costs this struct and no buffers.
 */
#include "base/id.h"
#include "session/session.h"

#include <stdarg.h>

enum {
	/* a client in lock step answers sooner; a silent one gives its thread back */
	LIMIT_LINGER_MS = 20,
	/* half a command holds the thread; look this often whether it is needed */
	LIMIT_STALL_MS = 1000,
	/* When sessions wait for a thread, a client may hold one only so long without sending: ten seconds of
	 * silence in the middle of a command or a mail are hardly ever an honest network. */
	LIMIT_CROWDED_WAIT_MS = 10 * 1000,
	LIMIT_REPLY_BYTES = 512, /* of a line made by format: RFC 5321 4.5.3.1.5, RFC 1939 3 */
	LIMIT_HANDSHAKE_MS = 30 * 1000, /* TLS: some round trips, each with its retransmissions */
};

struct moment {
	uint64_t mono_ns, wall_ns; /* 0: has not happened */
};

struct client {
	struct work work; /* first: the pool knows only this */
	struct session_host *host;
	struct session_service service;
	struct conn *conn;
	uint64_t idle_until_ns;    /* the next command must begin before */
	uint64_t command_began_ns; /* half a command is here since; 0: none is */
	struct moment connected, secured, authenticated;
	char *account; /* its address, NULL before a login */
	struct id account_id;
	uint64_t directory_seen; /* directory_changes() when the account was last found good */
	unsigned errors;         /* bad commands so far */
	unsigned logins_failed;
	bool is_greeted;
};

enum client_event {
	CLIENT_COMMAND,  /* a line came */
	CLIENT_QUIET,    /* nothing yet: return client_park() */
	CLIENT_BARE,     /* a line that does not end with CRLF; dropped */
	CLIENT_TOO_LONG, /* dropped */
	CLIENT_TIMEOUT,
	CLIENT_DRAIN,   /* the server stops */
	CLIENT_REVOKED, /* a command came, but its account was disabled or removed meanwhile */
	CLIENT_GONE,
};

/* Takes the conn and a reference to the host. */
void client_init(struct client *c, struct session_host *h, struct session_service service,
	struct conn *conn);
/* Closes the conn, tells the listener, drops the host. */
void client_done(struct client *c);

/* Implicit TLS before the greeting. False: the handshake failed, and was logged. */
MUST_CHECK bool client_secure(struct client *c);
MUST_CHECK enum client_event client_command(
	struct client *c, enum wake why, size_t max, struct slice *ret);
enum next client_park(struct client *c);
/* Waits for one line in the middle of a command (AUTH), as long as a command may take. */
MUST_CHECK enum client_event client_answer(struct client *c, size_t max, struct slice *ret);
/* How long to wait for a client which holds a thread: less when others need it. */
uint64_t client_patience_ns(const struct client *c, unsigned wait_ms);
/* One line; CRLF is added. */
enum next client_say(struct client *c, struct slice reply);
/* The same by format. What is longer than LIMIT_REPLY_BYTES is cut: the code stands at the front. */
enum next client_say_words(struct client *c, const char *format, va_list words)
	__attribute__((format(printf, 2, 0)));
/* A step ends here after an answer: the idle time starts anew. */
void client_answered(struct client *c);

struct moment moment_now(const struct clock *clock);
/* May a password travel on this connection as it is now? */
bool client_may_login(const struct client *c);
bool client_may_start_tls(const struct client *c);
void client_count(const struct client *c, enum session_counter counter);
/* A copy for the session's life; NULL when there is no memory. */
MUST_CHECK char *client_text(struct slice s);
