/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * setup - domains, accounts and aliases from a text of lines, for `--setup FILE` of serve and session.
 *
 *     domain a.example
 *     account alice@a.example PASSWORD [quota=BYTES]
 *     alias team@a.example alice@a.example bob@b.example
 *     catch-all a.example alice@a.example
 *     set key=value
 *
 * Empty lines and lines that begin with # are skipped. Errors name the line. What exists already stays as it is when
 * may_exist: a server is started with the same file again.
 */
#include "cmd/config.h"
#include "mail/mail.h"

enum { SETUP_BYTES_MAX = 4 << 20 };

MUST_CHECK bool setup_read(const char *path, struct buf *ret, struct error *e);
/* The `set` lines. */
MUST_CHECK bool setup_settings(struct slice text, struct config *c, struct error *e);
/* All the others. */
MUST_CHECK bool setup_mail(struct slice text, struct mail *m, bool may_exist, struct error *e);
