/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * smtp_client - one conversation with a next host, as an SMTP or LMTP client: RFC 5321, RFC 2033.
 *
 * A failure is always one of the way there (FAULT_LATER): no connection, no greeting, no answer in time. What
 * the host says about the mail or a recipient is an answer, a struct smtp_reply.
 * TLS as enum smtp_tls says (RFC 3207, RFC 7435, RFC 7817). Beside a Unix socket there is none: nobody is between.
 * Threads: one.
 * Limits: below; the times are those of RFC 5321 4.5.3.2, shorter where nothing is at stake.
 */
#include "base/clock.h"
#include "mail/spool.h"
#include "net/conn.h"

enum {
	LIMIT_REPLY_LINES = 128, /* of one reply: EHLO's is the longest */
	LIMIT_REPLY_LINE_BYTES = 2048,
	SMTP_CLIENT_DIAL_MS = 30 * 1000,
	SMTP_CLIENT_COMMAND_MS = 5 * 60 * 1000,
	SMTP_CLIENT_END_MS = 10 * 60 * 1000, /* after the final dot: the host may be delivering */
};

struct smtp_reply {
	unsigned code;
	char text[512]; /* "250 2.0.0 ok": the last line, made printable */
};

enum smtp_feature {
	FEATURE_SIZE = 1,
	FEATURE_8BITMIME = 2,
	FEATURE_SMTPUTF8 = 4,
	FEATURE_DSN = 8,
	FEATURE_STARTTLS = 16,
	FEATURE_CHUNKING = 32,
	FEATURE_BINARYMIME = 64,
};

enum smtp_tls {
	SMTP_TLS_NONE,    /* never */
	SMTP_TLS_MAY,     /* when it is offered and works, whoever answers; else plain */
	SMTP_TLS_ENCRYPT, /* else the mail waits; whoever answers */
	SMTP_TLS_VERIFY,  /* else the mail waits; the host proves its name */
};

struct smtp_client {
	struct conn *conn;
	const struct clock *clock;
	/* Told the descriptor of a new connection, and -1 before it is closed; may be NULL. */
	void (*on_conn)(void *context, int fd);
	void *context;
	enum smtp_tls tls;
	const struct tls_trust *trust; /* with SMTP_TLS_VERIFY */
	struct slice tls_name;         /* whose certificate it must be; empty: the next hop's */
	bool is_lmtp, is_unix, avoids_tls;
	unsigned features;
	uint64_t size_max; /* SIZE's value, 0: not told */
};

/* Connects, greets, takes TLS, greets again. next_hop as in deliver.h; our_name for EHLO. */
MUST_CHECK bool smtp_client_open(
	struct smtp_client *c, struct slice next_hop, struct slice our_name, struct error *e);
/* One command line (without CRLF) and its reply. */
MUST_CHECK bool smtp_client_say(struct smtp_client *c, struct smtp_reply *ret, struct error *e,
	const char *format, ...) PRINTF_LIKE(4, 5);
/* The reply that comes next, by itself: after the final dot, and for LMTP once a recipient. */
MUST_CHECK bool smtp_client_reply(
	struct smtp_client *c, uint64_t wait_ms, struct smtp_reply *ret, struct error *e);
/* The body after 354, with the final dot; or raw, for BDAT. */
MUST_CHECK bool smtp_client_send(struct smtp_client *c, struct store *store,
	const struct entry *entry, bool is_raw, struct error *e);
/* QUIT, without waiting for the answer, and close. */
void smtp_client_close(struct smtp_client *c);
