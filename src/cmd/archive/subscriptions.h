/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * subscriptions - which names an archive says are subscribed: a file of its top directory, as Dovecot has it.
 *
 * `subscriptions` in a Maildir, whose names are those of its folders without the first dot ("Work.2026"); `.subscriptions` in a
 * directory of mboxes, with '/' between levels. Names are in modified UTF-7, one a line, INBOX is INBOX. Dovecot's second form
 * (a line "V<tab>2" at the top, levels between tabs) is read, too.
 */
#include "base/slice.h"

#include <jansson.h>

/* Writes the file anew. False: it was told why. */
MUST_CHECK bool subscriptions_write(const char *top, bool is_maildir, const json_t *names);
/* An object whose members are the names, all true, below the mailbox where the archive's INBOX goes; NULL when the archive has no
 * such file. False: it was told what is wrong. */
MUST_CHECK bool subscriptions_read(const char *top, const char *inbox, json_t **ret);
