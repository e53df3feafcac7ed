/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * way - by which doors the clients come: a factor of an experiment.
 *
 *     smtp      mail from another server: no login, no TLS; the reader's POP3 or IMAP in clear
 *     plain     mail from a user: submission (RFC 6409) with AUTH PLAIN, in clear
 *     starttls  the same behind STARTTLS; the reader's STLS (RFC 2595) or STARTTLS
 *     tls       TLS from the first byte: submissions, POP3S, IMAPS (RFC 8314)
 * A plain value.
 */
#include "base/slice.h"

enum submit_kind { SUBMIT_SMTP, SUBMIT_PLAIN, SUBMIT_STARTTLS, SUBMIT_TLS, SUBMIT_KIND_COUNT };

struct mail_way {
	enum submit_kind submit;
	bool resumes; /* TLS sessions are resumed with the server's last ticket (RFC 8446 2.2) */
};

const char *submit_kind_name(enum submit_kind kind);
/* False: there is no such name. */
bool submit_kind_find(struct slice name, enum submit_kind *ret);
/* Do its clients speak TLS, at once or after a command? */
bool way_has_tls(const struct mail_way *way);
