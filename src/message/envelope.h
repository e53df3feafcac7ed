/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * envelope - what a mail travels in: reverse-path, recipients, and how it came. A value; slices borrowed
 * from the session's message arena.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/slice.h"

enum envelope_protocol { /* the "with" of Received, RFC 3848 and 6531 */
	PROTOCOL_SMTP,
	PROTOCOL_ESMTP,
	PROTOCOL_LMTP,
};

struct envelope_rcpt {
	struct slice address; /* forward-path as the client wrote it */
	struct slice orcpt;   /* "rfc822;xtext", maybe empty: RFC 3461 */
	unsigned notify;      /* bits of SMTP_NOTIFY_…; 0 is the default (FAILURE) */
};

struct envelope {
	struct id id;
	struct slice reverse_path; /* empty: the null reverse-path */
	struct slice envid;        /* xtext, maybe empty */
	unsigned ret;              /* enum smtp_ret */
	bool is_utf8;              /* MAIL said SMTPUTF8 */
	unsigned body;             /* enum smtp_body */
	struct envelope_rcpt *rcpts;
	size_t rcpt_count;

	enum envelope_protocol protocol;
	struct slice hello;        /* the client's name for itself */
	struct slice peer_address; /* "192.0.2.1" */
	struct slice tls;          /* "TLSv1.3 …", empty without */
	struct slice account;      /* authenticated account, empty without */
	uint64_t wall_ns;          /* when its first byte came */
};
