/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * section - which octets of a message BODY[section] names (RFC 9051 6.4.5.1).
 *
 * section_find gives a part; section_range the octets, for the caller to read and send as they are. HEADER.FIELDS reads
 * the octets of HEADER (at most LIMIT_HEADER_BYTES are looked into) and filters them. BINARY[path] is the body of the
 * same part through transfer.h, whose `transfer` may be unknown; a multipart or message has none to decode.
 */
#include "message/structure.h"

enum section_kind {
	SECTION_BODY,   /* no name: the whole message, or the body of the part */
	SECTION_HEADER, /* also HEADER.FIELDS and .NOT: the octets to filter */
	SECTION_TEXT,
	SECTION_MIME,
};

/* False: there is no such part (path numbers count from 1; an empty path is the message). */
MUST_CHECK bool section_find(const struct structure *s, const uint32_t *path, size_t path_count,
	const struct part **ret);

struct section_range {
	uint64_t at, len;
};
/* False: this part has none (HEADER and TEXT of what is no message, MIME of the message itself). */
MUST_CHECK bool section_range(const struct structure *s, const uint32_t *path, size_t path_count,
	enum section_kind kind, struct section_range *ret);
/* For BINARY and BINARY.SIZE: the body's octets and how to decode them; without a path the message as it is. */
MUST_CHECK bool section_binary(const struct structure *s, const uint32_t *path, size_t path_count,
	struct section_range *ret, enum transfer *ret_transfer);

/* The fields of these names (is_not: all others) as they stand there, then an empty line. False: over out->max. */
MUST_CHECK bool section_fields_add(struct slice header, const struct slice *names,
	size_t name_count, bool is_not, struct buf *out);
