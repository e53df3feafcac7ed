/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * smtp - sends one mail over one new connection, the way the study's clients did: no pipelining, one
 * command at a time (RFC 5321), and notes when each answer was there. A user's way has STARTTLS or TLS, and AUTH PLAIN
 * (RFC 4954), before the first MAIL; how long they took stands in the sample beside the points.
 *
 * smtp_send() returns true when the server said 250 to the mail; QUIT is on its way then, and
 * smtp_bye() waits for the farewell later, so that it does not stand between sender and receiver.
 * On false, *ret_code is the refusing reply (0 when the connection failed) and the wire is closed.
 */
#include "lab/samples/samples.h"
#include "lab/workload/way.h"
#include "lab/workload/wire.h"
#include "lab/workload/wire_tls.h"

struct smtp_letter {
	const char *host;
	uint16_t port;
	const char *from, *to;
	struct slice stuffed; /* the mail with doubled dots and the final "." */
	uint64_t until_ns;
	struct mail_way way;
	struct wire_tls *tls;        /* when the way has TLS */
	const char *user, *password; /* for AUTH; when the way is a user's */
};

/* Fills sample->at_ns[POINT_START..POINT_ACCEPTED] relative to sample->at_ns[POINT_DUE]. */
MUST_CHECK bool smtp_send(
	const struct smtp_letter *letter, struct wire *w, struct sample *sample, struct error *e);
/* The parts, for several mails over one connection. A mail behind the first has no banner and no greeting
 * to wait for: these points are its start. */
MUST_CHECK bool smtp_open(
	const struct smtp_letter *letter, struct wire *w, struct sample *sample, struct error *e);
MUST_CHECK bool smtp_mail(const struct smtp_letter *letter, struct wire *w, struct sample *sample,
	bool is_first, struct error *e);
void smtp_bye(struct wire *w, uint64_t until_ns);
