/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * null_server - a mail server that does nothing: what the instrument measures of it is the instrument's own cost.
 *
 * SMTP, POP3 and IMAP (with IDLE) on loopback, one mailbox in memory, any password; no disk, no parsing beyond the
 * verb. It runs in a child process, so its processor time is not the instrument's; it ends with its parent.
 * Limits: NULL_SERVER_MAILS, a thread a connection; lines and mails as wire.h and letter.h have them.
 */
#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

enum { NULL_SERVER_MAILS = 20000 };

struct null_server {
	pid_t pid;
	uint16_t smtp_port, pop3_port, imap_port; /* of 127.0.0.1 */
};

/* Call before the process has other threads. */
MUST_CHECK bool null_server_start(struct null_server *ret, struct error *e);
void null_server_stop(struct null_server *s);
