/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * pop3 - looks into a mailbox and takes what is there (RFC 1939).
 *
 * POP3 shows new mail only in a new session, so a look is connect, USER, PASS, STAT; when there is mail,
 * each is fetched, handed to `on_mail`, and deleted; then QUIT.
 * A look that fails (refused login, lost connection, [IN-USE]) is a failure with FAULT_LATER; the
 * caller decides whether to look again.
 * Limits: POP3_MAILS_PER_LOOK; a trial's mailbox holds one mail, or a few after duplicates.
 */
#include "base/buf.h"
#include "lab/workload/way.h"
#include "lab/workload/wire.h"
#include "lab/workload/wire_tls.h"

enum { POP3_MAILS_PER_LOOK = 1000 };

/* text: the mail, dots unstuffed. seen_ns: when STAT was answered; end_ns: when the body was there. */
typedef void pop3_mail_fn(void *context, struct slice text, uint64_t seen_ns, uint64_t end_ns);

struct pop3_mailbox {
	const char *host;
	uint16_t port;
	const char *user, *password;
	pop3_mail_fn *on_mail;
	void *context;
	struct mail_way way;
	struct wire_tls *tls; /* when the way has TLS */
	struct buf *room;     /* for one mail; its maximum is the largest mail taken */
};

MUST_CHECK bool pop3_look(
	const struct pop3_mailbox *box, uint64_t until_ns, uint64_t *ret_count, struct error *e);
