/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_line - how IMAP commands are put together from lines and literals, RFC 9051 2.2.1 and 4.3.
 *
 * The session reads a line (without its CRLF) and asks imap_line_literal() whether a literal follows. When
 * one does, it adds CRLF, the literal's bytes and the next line to the command's text, and asks again of that next
 * line. So in an assembled text a literal stands as "{n}\r\n" with n raw bytes behind it, as it was sent.
 * Messages do not go this way: see imap_append.h.
 *
 * Every imap_*_parse() has one shape: from args (all after "tag NAME ") to a value that borrows from args and
 * from p->arena; everything or nothing; on failure p->why is a sentence for BAD, and *ret is as it was.
 * Only letters' case and (in a few lists) superfluous spaces are forgiven.
 * Limits: the session's are LIMIT_IMAP_LINE_BYTES and LIMIT_IMAP_LITERAL_BYTES; counts are checked here.
 */
#include "base/arena.h"

struct imap_parse {
	struct arena *arena;
	bool is_utf8; /* IMAP4rev2 or UTF8=ACCEPT is enabled: mailbox names are UTF-8, not modified UTF-7 */
	const char *why;     /* after a failure; never NULL then */
	bool is_bad_charset; /* after a failure: answer NO [BADCHARSET (UTF-8)], not BAD */
	bool has_save;       /* RETURN (SAVE) was read, also of a search that failed then */
};

struct imap_line {
	struct slice tag;
	struct slice name; /* "FETCH", in any case; of "UID FETCH" what stands after UID */
	bool is_uid;
	struct slice args; /* without the space before; empty when there are none */
};
/*
 * Splits the text of a command; also works on its first line alone, before the literals. When only the rest is
 * wrong, ret->tag is set for a tagged BAD; when the tag is, it is empty and the answer is "* BAD".
 */
MUST_CHECK bool imap_line_split(struct imap_parse *p, struct slice text, struct imap_line *ret);

enum imap_literal_kind {
	IMAP_LITERAL_NONE,
	IMAP_LITERAL_BYTES, /* one follows */
	IMAP_LITERAL_BAD    /* the line ends like one, but its number has no meaning: hang up */
};
struct imap_literal {
	enum imap_literal_kind kind;
	uint64_t bytes;
	bool is_sync;   /* the client waits for "+"; false for {n+} (RFC 7888) */
	bool is_binary; /* ~{n}, RFC 3516 */
};
/*
 * Looks at the end of a line. A quoted string may end in "{5}" only before its closing quote, so that a line that
 * ends in "}" as a literal does is one.
 */
struct imap_literal imap_line_literal(struct slice line);
