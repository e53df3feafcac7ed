/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * log - what servers write about a mail, as stages with times: one parser a format.
 *
 * A parser takes one line and answers with at most one event: which mail (the server's own name for it),
 * what happened, when, or how long something took. Times are of one clock a format: our own is the
 * monotonic clock, the others write local time, some only to the second (`tick_ns`).
 * Formats: ours (docs/log.md, mail.stage), Postfix (postconf(5) delay_logging_resolution_limit, "delays="),
 * Exim (specification, 53 "Log files": QT, DT, RT with millisec), OpenSMTPD (smtpd "delivery delay="), Dovecot (lmtp
 * "saved mail"), hMailServer (APPLICATION and SMTPD lines).
 * Pure: no I/O. A line of another kind is an answer ("no"), whatever its bytes.
 */
#include "base/slice.h"

#include <stdint.h>

enum { LOG_MAIL_BYTES = 64, LOG_SPANS_MAX = 4 };

/* Points of a mail's way; each format has some of them. */
enum log_point {
	LOG_CONNECTED,
	LOG_DATA,
	LOG_RECEIVED,
	LOG_CHECKED,
	LOG_COMMITTED,
	LOG_NOTIFIED,
	LOG_FETCHED,
	LOG_DELIVERY, /* delivery begins */
	LOG_DELIVERED,
	LOG_POINT_COUNT
};

/* A duration that the server names itself. */
struct log_span {
	const char *name; /* a literal */
	uint64_t ns;
};

struct log_event {
	char mail
		[LOG_MAIL_BYTES]; /* the server's name of the mail, "" when the line has only spans */
	struct slice message_id; /* without <>, of the line; "" when it has none */
	enum log_point point;
	uint64_t at_ns; /* since an epoch of the format's; 0: no time */
	struct log_span spans[LOG_SPANS_MAX];
	unsigned span_count;
};

struct server_log {
	const char *name;
	uint64_t tick_ns;  /* the resolution of its times and durations */
	bool is_monotonic; /* at_ns is CLOCK_MONOTONIC of the server's machine; else wall time */
	bool (*line)(struct slice line, struct log_event *ret);
};

extern const struct server_log log_mailvisor, log_postfix, log_exim, log_opensmtpd, log_dovecot,
	log_hmailserver;
const char *log_point_name(enum log_point point);
/* "2026-11-23T05:26:30.123456", with a space for T, or "Nov 23 05:26:30" (of year 1970): ns since the epoch. */
bool log_time(struct slice text, uint64_t *ret_ns);
