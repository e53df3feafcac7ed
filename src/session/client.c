/* SPDX-License-Identifier: MIT */
#include "session/client.h"

#include "base/limits.h"
#include "base/log.h"
#include "mail/directory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct moment moment_now(const struct clock *clock)
{
	return (struct moment){ clock_mono_ns(clock), clock_wall_ns(clock) };
}

/* A client that reads slowly, or not at all, holds a thread: another session may have one more meanwhile. */
static void client_wait_begin(void *context)
{
	struct client *c = context;

	if (c->work.pool != NULL)
		pool_wait_begin(c->work.pool);
}

static void client_wait_end(void *context)
{
	struct client *c = context;

	if (c->work.pool != NULL)
		pool_wait_end(c->work.pool);
}

/* Nor for long when others need it. */
static bool client_may_wait(void *context, uint64_t silent_ns)
{
	return silent_ns < client_patience_ns(context, UINT_MAX);
}

static const struct conn_wait client_wait = {
	.begin = client_wait_begin,
	.may_go_on = client_may_wait,
	.end = client_wait_end,
};

void client_init(
	struct client *c, struct session_host *h, struct session_service service, struct conn *conn)
{
	c->host = session_host_take(h);
	c->service = service;
	c->conn = conn;
	c->work.fd = conn_fd(conn);
	conn_on_wait(conn, &client_wait, c);
	c->connected = moment_now(h->clock);
	client_answered(c);
	client_count(c, COUNT_CONNECTIONS);
}

void client_done(struct client *c)
{
	struct session_host *h = c->host;

	/* The address is the conn's own memory: tell before it goes. */
	if (h->on_end != NULL)
		h->on_end(h->on_end_context, conn_peer_address(c->conn));
	conn_close(c->conn);
	free(c->account);
	session_host_drop(h);
}

void client_count(const struct client *c, enum session_counter counter)
{
	atomic_fetch_add_explicit(&c->host->counters->at[counter], 1, memory_order_relaxed);
}

char *client_text(struct slice s)
{
	char *text = malloc(s.len + 1);

	if (text == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(text, s.at, s.len);
	text[s.len] = '\0';
	return text;
}

bool client_may_start_tls(const struct client *c)
{
	return c->host->tls != NULL && !conn_has_tls(c->conn);
}

bool client_may_login(const struct client *c)
{
	return conn_has_tls(c->conn) || c->host->may_login_plain ||
	       (conn_is_loopback(c->conn) && !c->host->distrusts_loopback);
}

bool client_secure(struct client *c)
{
	struct error e = { .fault = FAULT_NONE };
	uint64_t until = clock_mono_ns(c->host->clock) + LIMIT_HANDSHAKE_MS * NS_PER_MS;

	if (c->host->tls == NULL)
		return false;
	if (!conn_start_tls(c->conn, c->host->tls, until, &e)) {
		client_count(c, COUNT_TLS_FAILURES);
		log_event(LOG_LEVEL_INFO, "tls.failed", LOG_TEXT("peer", conn_peer(c->conn)),
			LOG_TEXT("why", slice_of(e.text)));
		return false;
	}
	c->secured = moment_now(c->host->clock);
	client_answered(c);
	return true;
}

enum next client_say(struct client *c, struct slice reply)
{
	return conn_write(c->conn, reply) && conn_write(c->conn, S("\r\n")) ? NEXT_AGAIN
									    : NEXT_CLOSE;
}

enum next client_say_words(struct client *c, const char *format, va_list words)
{
	char reply[LIMIT_REPLY_BYTES];
	int len = vsnprintf(reply, sizeof reply, format, words);

	if (len < 0)
		return NEXT_CLOSE;
	return client_say(c, (struct slice){ reply,
				     (size_t)len < sizeof reply ? (size_t)len : sizeof reply - 1 });
}

void client_answered(struct client *c)
{
	c->command_began_ns = 0;
	c->idle_until_ns = clock_mono_ns(c->host->clock) + c->host->idle_wait_ms * NS_PER_MS;
}

static bool client_is_crowded(const struct client *c)
{
	return c->work.pool != NULL && pool_is_crowded(c->work.pool);
}

uint64_t client_patience_ns(const struct client *c, unsigned wait_ms)
{
	if (wait_ms > LIMIT_CROWDED_WAIT_MS && client_is_crowded(c))
		wait_ms = LIMIT_CROWDED_WAIT_MS;
	return wait_ms * NS_PER_MS;
}

static enum client_event event_of(enum conn_answer answer)
{
	switch (answer) {
	case CONN_OK:
		return CLIENT_COMMAND;
	case CONN_TOO_LONG:
		return CLIENT_TOO_LONG;
	case CONN_BARE:
		return CLIENT_BARE;
	case CONN_QUIET:
		return CLIENT_QUIET;
	case CONN_GONE:
		break;
	}
	return CLIENT_GONE;
}

/*
 * Nothing whole came in the short wait. A silent client may be parked; half a command keeps the thread, but not
 * longer than a command may take, and not when the server wants to stop.
 */
static enum client_event client_without_line(struct client *c)
{
	uint64_t now = clock_mono_ns(c->host->clock);

	if (c->work.pool != NULL && pool_is_draining(c->work.pool))
		return CLIENT_DRAIN;
	if (conn_may_park(c->conn))
		return now >= c->idle_until_ns ? CLIENT_TIMEOUT : CLIENT_QUIET;
	if (c->command_began_ns == 0)
		c->command_began_ns = now;
	if (now - c->command_began_ns >= client_patience_ns(c, c->host->command_wait_ms))
		return CLIENT_TIMEOUT;
	return CLIENT_QUIET;
}

/* A silent client gets a moment, or none when others wait; one in the middle of a command gets a longer one. */
static uint64_t client_wait_ms(const struct client *c)
{
	if (c->command_began_ns != 0)
		return LIMIT_STALL_MS < c->host->command_wait_ms ? LIMIT_STALL_MS
								 : c->host->command_wait_ms;
	return client_is_crowded(c) ? 0 : LIMIT_LINGER_MS;
}

/*
 * An account that is disabled, with its domain or alone, or removed, is not served from the next command on: it may be disabled
 * because its password is known to others. When the store cannot say, nothing has changed.
 */
static bool client_is_revoked(struct client *c)
{
	auto_arena a = { .max = 4 * LIMIT_ARENA_BYTES };
	struct error e = { .fault = FAULT_NONE };
	struct directory *directory;
	struct account now;
	bool is_found = false;
	uint64_t changes;

	if (c->account == NULL)
		return false;
	directory = c->host->mail->directory;
	changes = directory_changes(directory);
	if (changes == c->directory_seen)
		return false;
	if (!directory_login(directory, slice_of(c->account), &a, &now, &is_found, &e))
		return false;
	if (!is_found || now.is_disabled || !id_same(now.id, c->account_id))
		return true;
	c->directory_seen = changes;
	return false;
}

enum client_event client_command(struct client *c, enum wake why, size_t max, struct slice *ret)
{
	uint64_t now = clock_mono_ns(c->host->clock);
	enum client_event event;

	if (why == WAKE_DRAIN)
		return CLIENT_DRAIN;
	if (why == WAKE_TIMEOUT && now >= c->idle_until_ns)
		return CLIENT_TIMEOUT;
	/* WAKE_GONE may still have a last command before the end: reading finds both. */
	conn_write_until(c->conn, now + c->host->command_wait_ms * NS_PER_MS);
	event = event_of(conn_line(c->conn, max, now + client_wait_ms(c) * NS_PER_MS, ret));
	if (event == CLIENT_COMMAND && client_is_revoked(c)) {
		client_count(c, COUNT_REVOKED);
		return CLIENT_REVOKED;
	}
	return event == CLIENT_QUIET ? client_without_line(c) : event;
}

enum client_event client_answer(struct client *c, size_t max, struct slice *ret)
{
	uint64_t began = clock_mono_ns(c->host->clock), now = began;

	conn_write_until(c->conn, began + c->host->command_wait_ms * NS_PER_MS);
	while (now - began < client_patience_ns(c, c->host->command_wait_ms)) {
		enum client_event event =
			event_of(conn_line(c->conn, max, now + LIMIT_STALL_MS * NS_PER_MS, ret));

		if (event != CLIENT_QUIET)
			return event;
		if (c->work.pool != NULL && pool_is_draining(c->work.pool))
			return CLIENT_DRAIN;
		now = clock_mono_ns(c->host->clock);
	}
	return CLIENT_TIMEOUT;
}

enum next client_park(struct client *c)
{
	if (!conn_may_park(c->conn))
		return NEXT_AGAIN;
	conn_rest(c->conn);
	c->work.park_until_ns = c->idle_until_ns;
	return NEXT_PARK;
}
