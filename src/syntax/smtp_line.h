/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * smtp_line - the grammar of SMTP commands: RFC 5321 4.1.1, RFC 1870 (SIZE), 6152 (BODY), 6531
 * (SMTPUTF8), 3461 (DSN), 4954 (AUTH=), 3030 (BDAT).
 *
 * Slices into the line. Each function gives everything or nothing; on failure `*ret_why` is one sentence for
 * the 501 reply, or (unknown parameter) the caller sees SMTP_LINE_UNKNOWN_PARAMETER and says 555.
 *
 * More liberal than the RFCs, as most servers are: white space at both ends of a line and after the
 * colon of "MAIL FROM: <a@b>"; lower-case hexadecimal in xtext; almost any name after EHLO.
 * Not checked here, because it takes state: an address with needs_utf8 wants SMTPUTF8 (RFC 6531 3.5).
 */
#include "base/slice.h"
#include "syntax/address.h"

enum smtp_line_answer { SMTP_LINE_OK, SMTP_LINE_BAD, SMTP_LINE_UNKNOWN_PARAMETER };
enum smtp_body { SMTP_BODY_7BIT, SMTP_BODY_8BITMIME, SMTP_BODY_BINARYMIME };
enum smtp_ret { SMTP_RET_UNSET, SMTP_RET_FULL, SMTP_RET_HDRS };
enum {
	SMTP_NOTIFY_NEVER = 1,
	SMTP_NOTIFY_SUCCESS = 2,
	SMTP_NOTIFY_FAILURE = 4,
	SMTP_NOTIFY_DELAY = 8
};

struct smtp_command {
	struct slice verb; /* as written */
	struct slice args; /* without the space before */
};

struct smtp_mail_args {
	bool is_null;           /* <> */
	struct address path;    /* source routes are skipped, RFC 5321 C */
	struct slice path_text; /* "a@b" */
	uint64_t size;          /* 0 when not given */
	bool has_size;
	enum smtp_body body;
	bool wants_utf8;
	enum smtp_ret ret;
	struct slice envid; /* xtext as written */
	struct slice auth;  /* xtext as written */
};

struct smtp_rcpt_args {
	struct address path;
	struct slice path_text;
	unsigned notify;    /* bits of SMTP_NOTIFY_…, 0 when not given */
	struct slice orcpt; /* "rfc822;xtext" as written */
};

/* Splits verb and arguments; never fails (an empty line has an empty verb). */
struct smtp_command smtp_line_split(struct slice line);
MUST_CHECK enum smtp_line_answer smtp_line_mail(
	struct slice args, struct smtp_mail_args *ret, const char **ret_why);
MUST_CHECK enum smtp_line_answer smtp_line_rcpt(
	struct slice args, struct smtp_rcpt_args *ret, const char **ret_why);
/* The name after EHLO, HELO or LHLO: a domain, an address literal, or what clients really send (no spaces). */
MUST_CHECK bool smtp_line_hello(struct slice args, struct slice *ret_name);
/* "1024 LAST" */
MUST_CHECK bool smtp_line_bdat(struct slice args, uint64_t *ret_bytes, bool *ret_is_last);
/*
 * xtext of RFC 3461 4: decodes "+2B" into room (s.len bytes at least). False also when a control character
 * is encoded; ENVID, ORCPT and AUTH are refused for the same. Not for the UTF-8 of "utf-8;" in an ORCPT.
 */
MUST_CHECK bool smtp_line_xtext(struct slice s, char *room, struct slice *ret);
