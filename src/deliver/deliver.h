/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * deliver - takes due mail from the spool to the configured next hop (smtp or lmtp), retries, and bounces.
 *
 * Threads: `worker_max` of its own. Retry times grow: 5, 10, 20, 40 minutes ... at most 4 h, for 5 days, then a bounce
 * (RFC 3464) goes to the reverse-path through intake; the null reverse-path gets none.
 */
#include "deliver/smtp_client.h"
#include "mail/mail.h"

struct deliver_options {
	struct mail *mail;
	const struct clock *clock;
	char host[256]; /* our name in EHLO and bounces */
	char next_hop
		[256]; /* "192.0.2.9:25", "[2001:db8::1]:25", "relay.example:587"; empty: everything waits */
	enum smtp_tls tls;
	const struct tls_trust *trust; /* with SMTP_TLS_VERIFY; the caller's */
	char tls_name[256];            /* as in smtp_client.h */
	unsigned worker_max;
	uint32_t retry_first_s, retry_most_s, give_up_s;
};
struct deliver;
MUST_CHECK bool deliver_start(
	const struct deliver_options *options, struct deliver **ret, struct error *e);
void deliver_stop(struct deliver *d); /* attempts that run end by their deadline or are put back */
struct deliver_stats {
	uint64_t attempts, relayed, deferred, bounced;
};
void deliver_stats_get(struct deliver *d, struct deliver_stats *ret);
