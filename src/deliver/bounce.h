/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * bounce - tells a sender what became of his mail: RFC 3461, 3462 (multipart/report), 3464, 6533.
 *
 * One report for all recipients with the same fate. It goes through intake like any mail, from the null reverse-path,
 * so a bounce never bounces. Nothing is sent for the null reverse-path or when NOTIFY forbids it (RFC 3461 4.1).
 */
#include "mail/mail.h"
#include "mail/spool.h"

enum bounce_kind { BOUNCE_FAILED, BOUNCE_RELAYED /* to a host that sends no reports of its own */ };

struct bounce {
	struct mail *mail;
	const struct clock *clock;
	struct slice our_name, next_hop;
	const struct spool_item *item;
	const bool *is_meant; /* one a recipient */
	enum bounce_kind kind;
};

enum bounce_answer {
	BOUNCE_SENT,
	BOUNCE_NOT_WANTED, /* null reverse-path, NOTIFY, or nobody meant */
	BOUNCE_LOST,       /* nobody to give it to: *e says why, for the log */
	BOUNCE_LATER,      /* a passing failure: *e says why */
};
MUST_CHECK enum bounce_answer bounce_send(const struct bounce *b, struct error *e);
