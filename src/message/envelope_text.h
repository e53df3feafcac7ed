/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * envelope_text - the ENVELOPE of IMAP (RFC 9051 7.5.2), from a header; and a look into such a text.
 *
 * Sender and Reply-To default to From; groups and broken addresses are told as Dovecot tells them: what does not
 * parse keeps its name and gets "MISSING_MAILBOX" or "MISSING_DOMAIN". Strings are as in imap_string.h.
 */
#include "base/buf.h"

/* "(date subject from sender reply-to to cc bcc in-reply-to message-id)". False: over out->max; nothing was added. */
MUST_CHECK bool envelope_text_add(struct slice header, struct buf *out);

enum envelope_text_list {
	ENVELOPE_FROM,
	ENVELOPE_SENDER,
	ENVELOPE_REPLY_TO,
	ENVELOPE_TO,
	ENVELOPE_CC,
	ENVELOPE_BCC,
	ENVELOPE_LIST_COUNT
};

/* Pieces of such a text as they stand there: a string, NIL, or for lists the parenthesised list. Borrowed. */
struct envelope_view {
	struct slice date, subject, lists[ENVELOPE_LIST_COUNT], in_reply_to, message_id;
};
/* False: no such text (a damaged record). */
MUST_CHECK bool envelope_text_view(struct slice text, struct envelope_view *ret);
/* The value of a string as envelope_view gives it (its quotes and escapes gone); nothing for NIL. */
MUST_CHECK bool envelope_text_value(struct slice string, struct buf *out);
/* "Name <mailbox@host>, …", as SEARCH FROM wants to look at it (still with encoded words). */
MUST_CHECK bool envelope_text_addresses(struct slice list, struct buf *out);
/* SORT FROM, TO, CC: the first address's mailbox, or group name. RFC 5256 3. */
MUST_CHECK bool envelope_text_sort_address(struct slice list, struct buf *out);
/* SORT DISPLAYFROM, DISPLAYTO: RFC 5957 3, in UTF-8. */
MUST_CHECK bool envelope_text_display(struct slice list, struct buf *out);
