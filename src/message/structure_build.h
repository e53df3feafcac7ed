/* SPDX-License-Identifier: MIT */
#pragma once
/* structure_build - what structure.c (finding parts) and structure_record.c (writing them) share; nobody else's. */
#include "message/header.h"
#include "message/preview.h"
#include "message/structure.h"

/* A run of bytes in the builder's `texts`, which may move while it grows. */
struct text_place {
	uint32_t at, len;
};

struct draft {
	enum part_kind kind;
	enum transfer transfer;
	uint64_t header_at, body_at, end_at,
		lines; /* while open, `lines` is the count before the body */
	uint32_t parent;
	struct text_place type, charset, basic, extension, envelope;
};

/* An open part; the innermost is the last. */
struct frame {
	uint32_t part;
	bool is_digest;
	size_t boundary_len; /* 0: none, or its closing line was seen */
	char boundary[STRUCTURE_BOUNDARY_BYTES_MAX];
};

enum build_state { BUILD_HEADER, BUILD_BODY, BUILD_AFTER_BOUNDARY };
/* Enough of a line to judge it: "--", a boundary, "--" again. */
enum { LINE_HEAD_BYTES = STRUCTURE_BOUNDARY_BYTES_MAX + 4 };

struct structure_builder {
	enum build_state state;
	bool is_mid_line; /* the line's head has been judged */
	bool is_full;     /* the rest is one part */
	bool is_cut;
	bool has_envelope, has_sent, has_failed;
	uint64_t at, line_at, lines; /* octets and line ends behind us; where this line began */
	unsigned eol,
		last_byte; /* bytes of the line end before this line; the byte before the piece */
	size_t line_len;
	char line[LINE_HEAD_BYTES];
	struct frame *frames; /* STRUCTURE_DEPTH_MAX + 1 */
	size_t frame_count;
	struct draft *drafts;
	uint32_t draft_count, draft_room;
	struct buf header; /* of the innermost part, while it is read */
	struct buf texts;
	/* summary texts of the message's own header, as structure_record.c writes them */
	struct buf root;
	uint64_t header_bytes;
	uint32_t preview_part; /* UINT32_MAX: none yet */
	struct buf preview_source;
};

/* Fills b->root from the message's own header. */
MUST_CHECK bool structure_note_root(struct structure_builder *b, struct slice header);
/* After the last byte: ends what is open. False: out of memory. */
MUST_CHECK bool structure_finish(struct structure_builder *b);
