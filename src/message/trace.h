/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * trace - the header fields a server adds: Received and Return-Path (RFC 5321 4.4), Date and Message-ID on
 * submission (RFC 6409 8). All end with CRLF.
 */
#include "base/buf.h"
#include "message/envelope.h"

/* One Received field, folded; `for_address` may be empty (left out when there are several recipients). */
MUST_CHECK bool trace_received(
	const struct envelope *e, struct slice host, struct slice for_address, struct buf *out);
MUST_CHECK bool trace_return_path(struct slice reverse_path, struct buf *out);
MUST_CHECK bool trace_date(uint64_t wall_ns, struct buf *out);
MUST_CHECK bool trace_message_id(struct id id, struct slice host, struct buf *out);
/* "Mon, 23 Nov 2026 05:26:30 +0000", RFC 5322 3.3, always in UTC. */
MUST_CHECK bool trace_date_text(uint64_t wall_ns, struct buf *out);
