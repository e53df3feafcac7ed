/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_name - names of mailboxes: one canonical spelling, and the patterns of LIST.
 *
 * Canonical is UTF-8 without control characters, with '/' between the levels, and a first level that is "inbox" in
 * any case is "INBOX". Modified UTF-7 and UTF-8 of one name give the same bytes (RFC 3501 5.1.3, RFC 9051 5.1).
 * Not here: Unicode normal forms (message/names.h), namespaces, which mailboxes exist.
 * Limits: LIMIT_MAILBOX_NAME_BYTES, LIMIT_MAILBOX_DEPTH.
 */
#include "base/buf.h"
#include "syntax/imap_line.h"

enum { IMAP_DELIMITER = '/' };

/* From the bytes of an astring, to the canonical name; empty stays empty (LIST's). */
MUST_CHECK bool imap_name_read(struct imap_parse *p, struct slice text, struct slice *ret);
/* As above for a pattern of LIST: % and * mean what they mean; a name with them cannot be told apart. */
MUST_CHECK bool imap_pattern_read(struct imap_parse *p, struct slice text, struct slice *ret);
/*
 * May a mailbox get this canonical name? A '/' at the end, by which a client says that it wants children only
 * (RFC 9051 6.3.4), is taken off *name. False: *ret_why says what is wrong (for NO [CANNOT]).
 */
MUST_CHECK bool imap_name_may_create(struct slice *name, const char **ret_why);
/* The level above; false at the top. */
bool imap_name_parent(struct slice name, struct slice *ret);
/* Is it below that one, at any depth? */
bool imap_name_is_below(struct slice name, struct slice above);
/* An astring for an answer: in modified UTF-7, or (is_utf8) in UTF-8. */
MUST_CHECK bool imap_name_write(struct buf *out, struct slice name, bool is_utf8);

/*
 * Does a canonical name match a pattern? '*' stands for anything, '%' for anything without '/'; a first level
 * "inbox" of the pattern matches INBOX in any case. At most name bytes * pattern bytes steps, without recursion.
 */
bool imap_pattern_match(struct slice pattern, struct slice name);
/* Could something below this name match? Then LIST has to look there, and % shows a parent that is no mailbox. */
bool imap_pattern_match_below(struct slice pattern, struct slice name);
/* The reference and the pattern of one LIST, joined: RFC 3501 6.3.8. A pattern that begins with '/' stands alone. */
MUST_CHECK bool imap_pattern_join(
	struct imap_parse *p, struct slice reference, struct slice pattern, struct slice *ret);
