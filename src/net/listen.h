/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * listen - sockets that wait for clients.
 *
 * listen_bind() makes a socket (before root is dropped); listen_start() begins to accept on one thread
 * for all listeners and calls on_client for each. Too many connections, in all or from one address
 * (/64 for IPv6), are told so by on_refused, which writes one polite line without blocking.
 * Addresses: "0.0.0.0:25", "[::]:25", "127.0.0.1:0" (any port), "unix:/run/x.sock" (mode 0660), "fd:3" (given by
 * systemd or a parent). A Unix socket file left by a dead server is replaced, one that answers is an error.
 * Threads: listen_client_gone and listen_stats_get from any; the callbacks run on the accepting thread.
 * Owns: after listen_start, the listeners' descriptors; the array stays the caller's.
 */
#include "base/error.h"
#include "base/slice.h"

struct listener {
	int fd;
	uint16_t port;     /* the real one, after bind; 0 for Unix sockets */
	char address[128]; /* as text, for the log */
	int kind;          /* the caller's: which protocol */
};

/* Takes fd. False: it was closed and no session came of it, so listen_client_gone will not be called. */
typedef bool listen_client_fn(void *context, const struct listener *l, int fd);
typedef void listen_refused_fn(
	void *context, const struct listener *l, int fd, bool is_per_address);

struct listen_options {
	struct listener *listeners;
	size_t listener_count;
	unsigned session_max, per_address_max;
	listen_client_fn *on_client;
	listen_refused_fn *on_refused; /* does not take fd */
	void *context;
};

struct listen;
MUST_CHECK bool listen_bind(struct slice address, struct listener *ret, struct error *e);
MUST_CHECK bool listen_start(
	const struct listen_options *options, struct listen **ret, struct error *e);
/* Tells that a session is over. The peer address as conn_peer_address gives it. */
void listen_client_gone(struct listen *l, struct slice peer_address);
/* Stops accepting and closes the listeners. Sessions may still end: they need the struct. */
void listen_stop(struct listen *l);
/* After listen_stop, when no session is left that could call listen_client_gone. */
void listen_free(struct listen *l);
struct listen_stats {
	uint64_t accepted, refused_total, refused_per_address, open;
	uint64_t pauses; /* times we had no descriptor or memory for a client, and waited */
};
void listen_stats_get(struct listen *l, struct listen_stats *ret);
