/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * session - one conversation with one client: what all protocols share.
 *
 * smtp_session_new() and pop3_session_new() make one; its `work` goes to the pool (net/pool.h), which calls its step and
 * at the end frees it. With a conn over stdin and stdout, session_run() runs one without a pool (`mailvisor session`).
 * The host, its settings, is shared by all sessions, immutable; a reload makes a new one (counted references).
 */
#include "mail/mail.h"
#include "net/conn.h"
#include "net/pool.h"
#include "net/tls.h"

#include <stdatomic.h>

enum session_kind {
	SESSION_SMTP,
	SESSION_SUBMISSION,
	SESSION_LMTP,
	SESSION_POP3,
	SESSION_IMAP,
	SESSION_KINDS
};

enum {
	/* RFC 9585 4: every 10 to 15 seconds; people, and clients without patience, give up after half a minute of silence */
	SESSION_PROGRESS_MS = 10 * 1000,
};

/* How one listener serves. */
struct session_service {
	enum session_kind kind;
	bool is_implicit_tls; /* 465, 995 */
};

struct session_host {
	atomic_uint users; /* references; session_host_take, session_host_drop */
	struct mail *mail;
	const struct clock *clock;
	struct tls_config *tls; /* NULL: no TLS at all */
	char name[256];         /* in the banner, Received and Message-ID */
	uint64_t message_bytes_max;
	unsigned rcpt_max;
	unsigned command_wait_ms;  /* from a command's first byte to its last */
	unsigned data_wait_ms;     /* for the next block of a body */
	unsigned idle_wait_ms;     /* for the next command */
	unsigned progress_wait_ms; /* between two INPROGRESS of a long IMAP command */
	unsigned min_bytes_per_s;  /* of a body, over any half minute */
	unsigned errors_max, logins_max, rcpts_refused_max;
	bool may_login_plain; /* passwords without TLS beyond loopback */
	bool distrusts_loopback; /* a proxy or NAT on this machine makes strangers look local: they get no favour */
	bool may_vrfy;
	bool lmtp_may_login; /* unused by LMTP: kept false */
	/* Non-empty: remote recipients of authenticated submitters are accepted. */
	char relay_to[256];
	/* Networks that may relay without login are not offered: a submitter logs in. */
	struct session_counters *counters;
	void (*on_end)(void *context, struct slice peer_address); /* listen_client_gone */
	void *on_end_context;
};

/* What is refused, throttled, parked: for status and metrics. One row a name in session_counter_names[]. */
enum session_counter {
	COUNT_CONNECTIONS,
	COUNT_ACCEPTED,
	COUNT_DELIVERED_LOCAL,
	COUNT_SPOOLED,
	COUNT_REFUSED_UNKNOWN,
	COUNT_REFUSED_RELAY,
	COUNT_REFUSED_QUOTA,
	COUNT_REFUSED_SIZE,
	COUNT_REFUSED_SENDER,
	COUNT_REFUSED_LOOP,
	COUNT_REFUSED_SYNTAX,
	COUNT_REFUSED_BARE,
	COUNT_TOO_MANY_ERRORS,
	COUNT_TOO_MANY_RCPTS,
	COUNT_TIMEOUTS,
	COUNT_REVOKED, /* an account was disabled or removed under a session */
	COUNT_TOO_SLOW,
	COUNT_LOGINS,
	COUNT_LOGIN_FAILURES,
	COUNT_LOGIN_THROTTLED,
	COUNT_TLS_FAILURES,
	COUNT_FETCHED,
	COUNT_REMOVED,
	COUNT_OWN_QUOTAS, /* limits that owners of accounts set or took away, RFC 9208 4.1.3 */
	COUNT_MAILDROP_BUSY,
	COUNT_STORE_FAILURES,
	SESSION_COUNTERS
};
struct session_counters {
	atomic_uint_fast64_t at[SESSION_COUNTERS];
};
extern const char *const session_counter_names[SESSION_COUNTERS];

struct session_host *session_host_take(struct session_host *h);
void session_host_drop(struct session_host *h); /* frees with the last */

/* Take the conn; the work's end() frees all. */
MUST_CHECK bool smtp_session_new(struct session_host *h, struct session_service service,
	struct conn *conn, struct work **ret, struct error *e);
MUST_CHECK bool pop3_session_new(struct session_host *h, struct session_service service,
	struct conn *conn, struct work **ret, struct error *e);
MUST_CHECK bool imap_session_new(struct session_host *h, struct session_service service,
	struct conn *conn, struct work **ret, struct error *e);
MUST_CHECK bool session_new(struct session_host *h, struct session_service service,
	struct conn *conn, struct work **ret, struct error *e);
/* Runs steps until the session closes; parks by waiting. For stdin and stdout, and tests. */
void session_run(struct work *w);
/* The one polite line when there are too many connections: "421 4.3.2 …", "-ERR [SYS/TEMP] …". */
struct slice session_refusal(enum session_kind kind, bool is_per_address);
