/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_append - APPEND and REPLACE, whose messages stream past the parser.
 *
 * RFC 9051 6.3.12; RFC 3502 (MULTIAPPEND), 4469 (CATENATE), 3516 (literal8), 6855 (UTF8 (…)), 8508 (REPLACE).
 * The command is read in segments: from "APPEND " (without it) or the end of a message literal, to the end of the
 * line. After each line the session calls imap_append_next() with the segment so far:
 *
 *	IMAP_APPEND_ARGUMENT  a small literal (a mailbox name, a URL) was announced: read it, add CRLF, its bytes and the
 *	                      next line to the segment, call again with the whole segment;
 *	IMAP_APPEND_MESSAGE   the bytes of a->part come now (a->part->literal): say "+" when is_sync, stream them to a
 *	                      blob, then read a line: a new segment begins with it;
 *	IMAP_APPEND_DONE      the command is complete: a->messages is the whole list;
 *	IMAP_APPEND_BAD       p->why. The last literal announced has not been read.
 *
 * The state moves only with MESSAGE and DONE, so a segment that grows is parsed afresh. A segment's text must stay
 * until the command ends: values borrow from it.
 * Limits: LIMIT_IMAP_APPEND_MESSAGES, LIMIT_IMAP_APPEND_PARTS of one message.
 */
#include "syntax/imap_date.h"
#include "syntax/imap_flag.h"
#include "syntax/imap_set.h"

enum imap_append_answer {
	IMAP_APPEND_ARGUMENT,
	IMAP_APPEND_MESSAGE,
	IMAP_APPEND_DONE,
	IMAP_APPEND_BAD
};
enum imap_append_place {
	IMAP_APPEND_START,
	IMAP_APPEND_AFTER,
	IMAP_APPEND_IN_CATENATE,
	IMAP_APPEND_IN_UTF8
};
struct imap_append_part {
	struct imap_append_part *next;
	bool is_url; /* CATENATE URL */
	struct slice url;
	struct imap_literal literal; /* otherwise */
};
struct imap_append_message {
	struct imap_append_message *next;
	struct imap_flags flags;
	bool has_time;
	struct imap_time time;
	bool is_utf8;     /* UTF8 (literal8): the header may be UTF-8 */
	bool is_catenate; /* parts are joined; otherwise there is one, a literal */
	struct imap_append_part *parts;
	size_t part_count;
};
/* Begin with all zero; for REPLACE set is_replace. Everything else is written by imap_append_next(). */
struct imap_append {
	bool is_replace;
	uint32_t number; /* REPLACE: the message's number or UID; IMAP_STAR (imap_set.h) for "*" */
	struct slice mailbox;
	struct imap_append_message *messages;
	size_t message_count;
	struct imap_append_message *message; /* the newest */
	struct imap_append_part *part;       /* the newest of it: the literal that comes now */
	struct imap_literal argument;        /* after IMAP_APPEND_ARGUMENT: the one announced */
	enum imap_append_place place;        /* where the next segment goes on */
};
MUST_CHECK enum imap_append_answer imap_append_next(
	struct imap_parse *p, struct slice segment, struct imap_append *a);
