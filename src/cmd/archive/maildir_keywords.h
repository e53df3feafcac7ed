/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * maildir_keywords - which keyword has which letter of a Maildir: Dovecot's file dovecot-keywords ("0 $Work": a). Those above 25
 * have no letter; their rows stand in our file mailvisor-mailbox (attributes.h).
 */
#include "cmd/archive/maildir_file.h"

struct maildir_keywords {
	char *at[MAILDIR_KEYWORDS]; /* NULL: free */
};
/* Of the Maildir; rows that make no sense are left out. False: it was told what cannot be read. */
MUST_CHECK bool maildir_keywords_read(struct maildir_keywords *k, const char *maildir);
/* The number of this one, given now if need be; MAILDIR_KEYWORDS: there is none left. */
size_t maildir_keywords_number(struct maildir_keywords *k, const char *keyword);
/* Writes dovecot-keywords; false: it was told why. */
MUST_CHECK bool maildir_keywords_write(const struct maildir_keywords *k, const char *maildir);
/* The rows that have no letter, as lines of mailvisor-mailbox. */
MUST_CHECK bool maildir_keywords_lines(const struct maildir_keywords *k, struct buf *out);
void maildir_keywords_done(struct maildir_keywords *k);
