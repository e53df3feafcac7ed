/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

/* clang-format off */
const char *const session_counter_names[SESSION_COUNTERS] = {
	[COUNT_CONNECTIONS]     = "connections",
	[COUNT_ACCEPTED]        = "accepted",
	[COUNT_DELIVERED_LOCAL] = "delivered_local",
	[COUNT_SPOOLED]         = "spooled",
	[COUNT_REFUSED_UNKNOWN] = "refused_unknown",
	[COUNT_REFUSED_RELAY]   = "refused_relay",
	[COUNT_REFUSED_QUOTA]   = "refused_quota",
	[COUNT_REFUSED_SIZE]    = "refused_size",
	[COUNT_REFUSED_SENDER]  = "refused_sender",
	[COUNT_REFUSED_LOOP]    = "refused_loop",
	[COUNT_REFUSED_SYNTAX]  = "refused_syntax",
	[COUNT_REFUSED_BARE]    = "refused_bare",
	[COUNT_TOO_MANY_ERRORS] = "too_many_errors",
	[COUNT_TOO_MANY_RCPTS]  = "too_many_rcpts",
	[COUNT_TIMEOUTS]        = "timeouts",
	[COUNT_REVOKED]         = "revoked",
	[COUNT_TOO_SLOW]        = "too_slow",
	[COUNT_LOGINS]          = "logins",
	[COUNT_LOGIN_FAILURES]  = "login_failures",
	[COUNT_LOGIN_THROTTLED] = "login_throttled",
	[COUNT_TLS_FAILURES]    = "tls_failures",
	[COUNT_FETCHED]         = "fetched",
	[COUNT_REMOVED]         = "removed",
	[COUNT_OWN_QUOTAS]      = "own_quotas",
	[COUNT_MAILDROP_BUSY]   = "maildrop_busy",
	[COUNT_STORE_FAILURES]  = "store_failures",
};
/* clang-format on */

struct session_host *session_host_take(struct session_host *h)
{
	atomic_fetch_add_explicit(&h->users, 1, memory_order_relaxed);
	return h;
}

void session_host_drop(struct session_host *h)
{
	unsigned before = atomic_fetch_sub_explicit(&h->users, 1, memory_order_acq_rel);

	invariant(before > 0);
	if (before == 1)
		free(h);
}

bool session_new(struct session_host *h, struct session_service service, struct conn *conn,
	struct work **ret, struct error *e)
{
	switch (service.kind) {
	case SESSION_POP3:
		return pop3_session_new(h, service, conn, ret, e);
	case SESSION_IMAP:
		return imap_session_new(h, service, conn, ret, e);
	case SESSION_SMTP:
	case SESSION_SUBMISSION:
	case SESSION_LMTP:
		return smtp_session_new(h, service, conn, ret, e);
	case SESSION_KINDS:
		break;
	}
	conn_close(conn);
	return fail(e, FAULT_NEVER, "begin a session: no such kind");
}

/* Waits as epoll would, for the one session. */
static enum wake session_wait(const struct work *w)
{
	struct pollfd one = { .fd = w->fd, .events = POLLIN };
	uint64_t now = clock_mono_ns(&clock_real);
	uint64_t left_ms = w->park_until_ns > now ? (w->park_until_ns - now) / NS_PER_MS + 1 : 0;
	int wait_ms = left_ms > 3600 * 1000 ? 3600 * 1000 : (int)left_ms;
	int ready = poll(&one, 1, wait_ms);

	if (ready < 0)
		return errno == EINTR ? WAKE_CALLED : WAKE_GONE;
	if (ready == 0)
		return WAKE_TIMEOUT;
	return (one.revents & POLLIN) != 0 ? WAKE_BYTES : WAKE_GONE;
}

void session_run(struct work *w)
{
	enum wake why = WAKE_NEW;

	for (;;) { /* bounded by the session's own deadlines and limits */
		switch (w->step(w, why)) {
		case NEXT_AGAIN:
			why = WAKE_NEW;
			continue;
		case NEXT_PARK:
			why = session_wait(w);
			continue;
		case NEXT_CLOSE:
			break;
		}
		break;
	}
	w->end(w);
}

struct slice session_refusal(enum session_kind kind, bool is_per_address)
{
	if (kind == SESSION_POP3)
		return is_per_address
			       ? S("-ERR [SYS/TEMP] Too many connections from your address\r\n")
			       : S("-ERR [SYS/TEMP] Too many connections, try again later\r\n");
	if (kind == SESSION_IMAP)
		return is_per_address
			       ? S("* BYE [UNAVAILABLE] Too many connections from your address\r\n")
			       : S("* BYE [UNAVAILABLE] Too many connections, try again later\r\n");
	return is_per_address ? S("421 4.7.0 Too many connections from your address\r\n")
			      : S("421 4.3.2 Too many connections, try again later\r\n");
}
