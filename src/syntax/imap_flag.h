/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_flag - flags of messages, and the special uses of mailboxes. RFC 9051 2.3.2, RFC 6154.
 *
 * System flags are bits, the same as mail/folder.h's enum entry_flag. Keywords are atoms as the client wrote them, each
 * once (letters' case does not count). \Recent, which clients copy from what they read, is noted and may be ignored.
 * Limits: LIMIT_IMAP_FLAGS keywords in a list, LIMIT_IMAP_KEYWORD_BYTES.
 */
#include "base/buf.h"
#include "syntax/imap_line.h"

enum imap_flag {
	IMAP_FLAG_SEEN = 1,
	IMAP_FLAG_ANSWERED = 2,
	IMAP_FLAG_FLAGGED = 4,
	IMAP_FLAG_DELETED = 8,
	IMAP_FLAG_DRAFT = 16,
	IMAP_FLAG_RECENT = 32,
};
struct imap_flags {
	unsigned system;
	const struct slice *keywords;
	size_t keyword_count;
};
/* "(" flags ")", also without the parentheses (RFC 9051 store-att-flags). */
MUST_CHECK bool imap_flags_parse(struct imap_parse *p, struct slice text, struct imap_flags *ret);
/* "(\Seen $Junk)" */
MUST_CHECK bool imap_flags_write(struct buf *out, struct imap_flags flags);
/* May it be a keyword? An atom that does not begin with '\', not too long. */
bool imap_keyword_is_valid(struct slice keyword);

enum imap_use { /* RFC 6154 2, RFC 8457 */
	IMAP_USE_ALL = 1,
	IMAP_USE_ARCHIVE = 2,
	IMAP_USE_DRAFTS = 4,
	IMAP_USE_FLAGGED = 8,
	IMAP_USE_JUNK = 16,
	IMAP_USE_SENT = 32,
	IMAP_USE_TRASH = 64,
	IMAP_USE_IMPORTANT = 128,
};
/* "\Sent"; 0 when there is no such use. */
unsigned imap_use_of(struct slice name);
/* Of such names with a space between; none is 0. */
MUST_CHECK bool imap_uses_parse(struct slice text, unsigned *ret);
/* The bits as "\Sent \Trash", without parentheses. */
MUST_CHECK bool imap_uses_write(struct buf *out, unsigned uses);
