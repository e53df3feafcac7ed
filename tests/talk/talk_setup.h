/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * talk_setup - the small world of one transcript: a store in memory, a directory, and the host's settings.
 *
 * Its text, one thing a line. The first five are also what `mailvisor session --memory --setup` understands:
 *     domain a.example
 *     account alice@a.example PASSWORD [quota=BYTES]
 *     alias x@a.example y@b.example [more targets]
 *     catch-all a.example alice@a.example
 *     set KEY=VALUE                a setting by its name in the configuration
 * and these only here:
 *     domain b.example [disabled] [quota=BYTES] [message=BYTES] [alias-of=DOMAIN]
 *     account bob@a.example PASSWORD disabled
 *     mail alice@a.example Subject: hello\r\n\r\nText\r\n     (delivered before the session; \r \n \\ are escapes)
 *     busy alice@a.example         another session has the maildrop
 *     tls                          makes a certificate in the work folder
 *     set wait.progress=MS         how long an IMAP command lasts before INPROGRESS; no setting of the program
 *     break writes|reads|bodies    from the session's begin the store fails
 */
#include "mail/folder.h"
#include "session/session.h"

struct talk_world {
	struct mail mail;
	struct session_host host;
	struct session_counters counters;
	struct folder *busy; /* its maildrop is held */
	bool breaks_writes, breaks_reads, breaks_bodies;
};

/* folder: for the certificate. */
MUST_CHECK bool talk_setup(
	struct talk_world *w, const char *path, const char *folder, struct error *e);
/* From here on the store fails, when the set-up says so. */
void talk_begin(const struct talk_world *w);
void talk_end(struct talk_world *w);
