/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * admin - the control interface: HTTP/JSON over a Unix socket, and numbers for Prometheus.
 *
 *     GET    /v1/domains|accounts|aliases|quota?after=&limit=&domain=   a page: {"items": [...], "next": "..."}
 *     POST   /v1/domains|accounts|aliases      adds one; accounts also as NDJSON, one object a line
 *     GET    /v1/domains/NAME ...              PATCH changes what the body names, DELETE removes
 *     GET|PUT|DELETE /v1/quota/NAME            of an account (with @) or a domain
 *     POST   /v1/copies      a consistent copy of the store: {"name": ..., "path": ...}; DELETE removes it
 *     GET    /v1/mailboxes/ADDRESS         GET|POST /v1/mail/ADDRESS?mailbox=    whole mailboxes, see archive.h
 *     GET    /v1/status   /v1/trace?what=   /metrics
 *
 * A problem is {"error": {"status": 404, "what": "no such domain", "where": "b.example"}}; `where` is the
 * object, the member of the body, or the line of an NDJSON body.
 * Who may connect is decided by the socket file's mode. Not here: the sessions' numbers, which arrive
 * through `numbers`, as this folder may not know them.
 * Threads: one that waits, and one for each connection while it lasts (at most LIMIT_ADMIN_CONNECTIONS).
 * Limits: below.
 */
#include "mail/mail.h"

enum {
	LIMIT_ADMIN_CONNECTIONS = 16,        /* people and scripts on this machine */
	LIMIT_ADMIN_BODY_BYTES = 256 << 10,  /* one object; an alias with 500 targets has 160 KB */
	LIMIT_ADMIN_STREAM_BYTES = 64 << 20, /* a bulk of accounts: half a million lines */
	LIMIT_ADMIN_LINE_BYTES = 4096,       /* one of its lines */
	LIMIT_ADMIN_PAGE = 1000,             /* items in an answer */
	LIMIT_ADMIN_TRACES = 50,
	LIMIT_ADMIN_COPIES = 4, /* each keeps the disk space of what was removed since */
	ADMIN_WAIT_S = 60,      /* for the rest of a request */
};

/* Called by `numbers` for each. is_total: it only grows (a Prometheus counter). */
typedef void admin_number_fn(
	void *context, const char *group, const char *name, uint64_t value, bool is_total);
struct admin_fact {
	const char *name;
	struct slice text; /* used when text.at is set, else number */
	uint64_t number;
	bool is_listener; /* goes into the list of listeners: name, and address as text */
};

struct admin_options {
	int fd; /* a listening Unix socket; taken */
	struct mail *mail;
	const struct clock *clock;
	/* For /v1/status and /metrics. */
	void (*numbers)(void *context, admin_number_fn *tell, void *tell_context);
	/* For /v1/status: listeners, name, version ... up to room; returns how many. */
	size_t (*facts)(void *context, struct admin_fact *room, size_t room_count);
	void *context;
	/* Where copies of the store are made, beside it on its file system; NULL: nowhere. */
	const char *copies;
};

struct admin;
MUST_CHECK bool admin_start(
	const struct admin_options *options, struct admin **ret, struct error *e);
void admin_stop(struct admin *a); /* NULL is fine */
/* Makes the directory, and removes what earlier servers left in it; before admin_start(). */
MUST_CHECK bool admin_copies_open(const char *path, struct error *e);
