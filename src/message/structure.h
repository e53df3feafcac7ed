/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * structure - where the parts of a message are (RFC 2045, 2046), found once as its bytes stream past.
 *
 * structure_feed() takes the whole message, as IMAP shows it, in pieces of any size; structure_end() writes a record
 * (base/record.h) for the store: a summary that is enough for ENVELOPE, SORT, THREAD and PREVIEW, then the parts for
 * BODY, BODYSTRUCTURE and BODY[section]. All offsets are octets from the start of the message.
 * Not here: reading messages, decoding parts (transfer.h, charset.h), answers (structure_text.h, section.h).
 * Nothing in a message is an error: what cannot be a part is text of the part around it. Over a limit the rest of the
 * message is one part of type application/octet-stream, and is_cut says so.
 * Time is linear in the message; memory is LIMIT_HEADER_BYTES for the header in sight, and the record.
 * Owns: the builder its memory; a decoded structure borrows the record and the arena.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "message/transfer.h"

enum {
	STRUCTURE_VERSION = 1,      /* a record of another version is made again from the message */
	STRUCTURE_PARTS_MAX = 1000, /* mailing list digests have some hundred */
	/* multiparts and messages in each other; mail clients make under ten */
	STRUCTURE_DEPTH_MAX = 64,
	STRUCTURE_BOUNDARY_BYTES_MAX = 256, /* RFC 2046 5.1.1 says 70; some programs write more */
	STRUCTURE_ENVELOPE_BYTES_MAX = 24 << 10,  /* of the message itself: about 400 recipients */
	STRUCTURE_REFERENCES_BYTES_MAX = 4 << 10, /* the newest of a long thread, and the first */
	/* under LIMIT_VALUE_BYTES; what the summary leaves is for the parts */
	STRUCTURE_RECORD_BYTES_MAX = 60 << 10,
};

enum part_kind {
	PART_OTHER,
	PART_TEXT,      /* text, and whatever has no type: has a line count in BODY */
	PART_MULTIPART, /* its children follow each other; it may have none */
	PART_MESSAGE,   /* message/rfc822 or message/global: one child, the message inside */
};

struct part {
	enum part_kind kind;
	enum transfer transfer;
	uint64_t header_at, body_at,
		end_at; /* header with its empty line, then body: [body_at, end_at) */
	uint64_t lines; /* line ends in the body */
	/* Places in parts[]; 0 is nobody, for part 0 is the message and neither child nor next of another. */
	uint32_t parent, child, next;
	uint32_t depth;       /* of part 0: 0; at most STRUCTURE_DEPTH_MAX */
	struct slice type;    /* "text/plain", lower case, never empty */
	struct slice charset; /* of the parameter, as written; empty without */
	struct slice basic; /* the text of BODY from type to encoding; of a multipart its subtype */
	struct slice extension; /* the text of BODYSTRUCTURE behind that, without a leading space */
	/* of the message's header, with parentheses, where this part is a message's child */
	struct slice envelope;
};

struct structure_summary {
	uint64_t bytes;        /* of the message */
	uint64_t header_bytes; /* of its header with the empty line */
	bool is_cut;           /* some limit was reached */
	bool has_envelope; /* false: over STRUCTURE_ENVELOPE_BYTES_MAX; read the header and call envelope_text_add */
	/* "(date subject …)", ready to send; see envelope_text.h to look inside */
	struct slice envelope;
	bool has_sent; /* the Date field could be read */
	int64_t sent_s; /* of it, seconds since 1970 UTC: SENTSINCE wants sent_date's local day instead */
	int32_t sent_zone_min; /* east of UTC */
	/* "<a@b> <c@d>": normalised ids of References, else In-Reply-To; THREAD (RFC 5256) */
	struct slice references;
	struct slice message_id; /* normalised, with its angle brackets, or empty */
	struct slice preview;    /* UTF-8, RFC 8970; empty when there is no readable text */
};

struct structure {
	struct structure_summary summary;
	struct part *parts; /* parts[0] is the message itself */
	size_t part_count;  /* at least 1 */
};

/* The front of a record: no arena, no parts. False: another version, or damaged; make it again. */
MUST_CHECK bool structure_summary(struct slice record, struct structure_summary *ret);
/* All of it. False as above, or no room in the arena. Never trusts the record: every index and offset is checked. */
MUST_CHECK bool structure_decode(struct slice record, struct arena *arena, struct structure *ret);

/* Makes a record. NULL: out of memory. */
struct structure_builder;
MUST_CHECK struct structure_builder *structure_new(void);
/* False: out of memory. */
MUST_CHECK bool structure_feed(struct structure_builder *b, struct slice piece);
/* Once, after the last piece; out->max of STRUCTURE_RECORD_BYTES_MAX beyond its length is always enough. */
MUST_CHECK bool structure_end(struct structure_builder *b, struct buf *out);
void structure_free(struct structure_builder *b);
