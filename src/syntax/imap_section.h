/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_section - which part of a message: BODY[1.2.HEADER.FIELDS (DATE)]<0.100>, BINARY[1], RFC822.TEXT.
 *
 * RFC 9051 6.4.5 and 9 section, RFC 3516 (BINARY). Part numbers are not looked up here.
 * Limits: LIMIT_IMAP_SECTION_DEPTH numbers, LIMIT_IMAP_SECTION_FIELDS names.
 */
#include "base/buf.h"
#include "base/cursor.h"
#include "syntax/imap_line.h"

enum imap_section_kind {
	IMAP_SECTION_BODY,          /* BODY[…], BODY.PEEK[…] */
	IMAP_SECTION_BINARY,        /* BINARY[…], BINARY.PEEK[…] */
	IMAP_SECTION_BINARY_SIZE,   /* BINARY.SIZE[…] */
	IMAP_SECTION_RFC822,        /* RFC822: BODY[] under its old name */
	IMAP_SECTION_RFC822_HEADER, /* BODY.PEEK[HEADER] */
	IMAP_SECTION_RFC822_TEXT,   /* BODY[TEXT] */
};
enum imap_section_text {
	IMAP_TEXT_ALL, /* the whole message, or the whole body of the part */
	IMAP_TEXT_HEADER,
	IMAP_TEXT_HEADER_FIELDS,
	IMAP_TEXT_HEADER_FIELDS_NOT,
	IMAP_TEXT_TEXT,
	IMAP_TEXT_MIME, /* only with part numbers */
};
struct imap_section {
	enum imap_section_kind kind;
	bool is_peek; /* \Seen stays as it is; also RFC822.HEADER and BINARY.SIZE */
	const uint32_t *part;
	size_t part_count;
	enum imap_section_text text; /* set for the RFC822 kinds too */
	const struct slice *fields;  /* of HEADER.FIELDS, as written */
	size_t field_count;
	bool has_partial;                       /* <offset.bytes> */
	uint64_t partial_offset, partial_bytes; /* of 63 bits: RFC 9051 9 */
};
/* What stands between the brackets: "1.2.MIME"; also of an IMAP URL. */
MUST_CHECK bool imap_section_parse(
	struct imap_parse *p, struct slice text, struct imap_section *ret);
/* The name of the item in an answer to FETCH: "BODY[HEADER.FIELDS (DATE)]<0>". */
MUST_CHECK bool imap_section_write(struct buf *out, const struct imap_section *section);
