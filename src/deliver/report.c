/* SPDX-License-Identifier: MIT */
#include "deliver/report.h"

#include "base/limits.h"
#include "message/trace.h"
#include "syntax/smtp_line.h"

static bool has_high_byte(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80)
			return true;
	return false;
}

/* RFC 6533: addresses beyond ASCII need the "global" types. */
static bool is_global(const struct report *r)
{
	bool is = has_high_byte(r->bounce->item->reverse_path);

	for (size_t i = 0; i < r->bounce->item->rcpt_count; i++)
		is = is || has_high_byte(r->bounce->item->rcpts[i].address);
	return is;
}

static bool is_whole(const struct report *r)
{
	const struct spool_item *item = r->bounce->item;

	return r->bounce->kind == BOUNCE_FAILED && item->ret == SMTP_RET_FULL &&
	       item->body_type != SMTP_BODY_BINARYMIME && item->entry.bytes <= LIMIT_RETURNED_BYTES;
}

static bool add_header(const struct report *r, struct slice boundary, struct buf *out)
{
	const struct bounce *b = r->bounce;
	bool is_failed = b->kind == BOUNCE_FAILED;

	return trace_date(clock_wall_ns(b->clock), out) &&
	       trace_message_id(r->id, b->our_name, out) &&
	       buf_add_format(out,
		       "From: Mail Delivery System <MAILER-DAEMON@%.*s>\r\n"
		       "To: <%.*s>\r\n"
		       "Subject: %s\r\n"
		       "Auto-Submitted: auto-replied\r\n"
		       "MIME-Version: 1.0\r\n"
		       "Content-Type: multipart/report; report-type=%s;\r\n\tboundary=\"%.*s\"\r\n"
		       "\r\n",
		       S_FMT(b->our_name), S_FMT(b->item->reverse_path),
		       is_failed ? "Undelivered mail returned to its sender"
				 : "Your mail was passed on",
		       is_global(r) ? "global-delivery-status" : "delivery-status",
		       S_FMT(boundary));
}

static bool add_text(const struct report *r, struct slice boundary, struct buf *out)
{
	const struct bounce *b = r->bounce;
	bool is_failed = b->kind == BOUNCE_FAILED;

	if (!buf_add_format(out,
		    "--%.*s\r\nContent-Type: text/plain; charset=%s\r\n%s\r\n"
		    "This is the mail system at %.*s.\r\n\r\n%s\r\n",
		    S_FMT(boundary), is_global(r) ? "utf-8" : "us-ascii",
		    is_global(r) ? "Content-Transfer-Encoding: 8bit\r\n" : "", S_FMT(b->our_name),
		    is_failed ? "Your mail could not be delivered to:\r\n"
			      : "Your mail was passed on to a host that tells us no more about it, "
				"for:\r\n"))
		return false;
	for (size_t i = 0; i < b->item->rcpt_count; i++) {
		const struct spool_rcpt *rcpt = &b->item->rcpts[i];

		if (r->wishes[i] &&
			!buf_add_format(out, "  <%.*s>\r\n    %.*s said: %.*s\r\n",
				S_FMT(rcpt->address), S_FMT(b->next_hop), S_FMT(rcpt->last_reply)))
			return false;
	}
	return buf_add(out, S("\r\n"));
}

/* RFC 3463: the reply's own enhanced code, else the class alone. */
static struct slice status_of(const struct bounce *b, struct slice reply)
{
	struct slice rest = slice_skip(reply, 4);
	struct slice word = slice_first(rest, slice_find(rest, ' '));
	size_t dots = 0;

	for (size_t i = 0; i < word.len; i++) {
		if (word.at[i] == '.')
			dots++;
		else if (!ascii_is_digit(word.at[i]))
			dots = SIZE_MAX / 2;
	}
	char class = b->kind == BOUNCE_FAILED ? '5' : '2';
	if (reply.len > 4 && dots == 2 && word.len >= 5 && word.len <= 9 && word.at[0] == class)
		return word;
	/* Also for a 4xx that went on for too long: 5.4.7, delivery time expired. */
	if (b->kind == BOUNCE_RELAYED)
		return S("2.0.0");
	return reply.len > 0 && reply.at[0] == '5' ? S("5.0.0") : S("5.4.7");
}

static bool add_original(const struct spool_rcpt *rcpt, struct buf *out)
{
	size_t semicolon = slice_find(rcpt->orcpt, ';');
	char room[LIMIT_SMTP_LINE_BYTES];
	struct slice plain;

	if (semicolon == rcpt->orcpt.len || rcpt->orcpt.len > sizeof room)
		return true;
	if (!smtp_line_xtext(slice_skip(rcpt->orcpt, semicolon + 1), room, &plain))
		return true; /* RFC 3461 5: what does not decode is not passed on */
	return buf_add_format(out, "Original-Recipient: %.*s; %.*s\r\n",
		S_FMT(slice_first(rcpt->orcpt, semicolon)), S_FMT(plain));
}

static bool add_rcpt(const struct bounce *b, const struct spool_rcpt *rcpt, struct buf *out)
{
	bool is_reply = rcpt->last_reply.len > 3 && ascii_is_digit(rcpt->last_reply.at[0]);

	return buf_add(out, S("\r\n")) && add_original(rcpt, out) &&
	       buf_add_format(out,
		       "Final-Recipient: %s; %.*s\r\nAction: %s\r\nStatus: %.*s\r\n"
		       "Remote-MTA: x-next-hop; %.*s\r\nDiagnostic-Code: %s; %.*s\r\n",
		       has_high_byte(rcpt->address) ? "utf-8" : "rfc822", S_FMT(rcpt->address),
		       b->kind == BOUNCE_FAILED ? "failed" : "relayed",
		       S_FMT(status_of(b, rcpt->last_reply)), S_FMT(b->next_hop),
		       is_reply ? "smtp" : "x-mailvisor", S_FMT(rcpt->last_reply));
}

static bool add_status(const struct report *r, struct slice boundary, struct buf *out)
{
	const struct bounce *b = r->bounce;
	char room[LIMIT_SMTP_LINE_BYTES];
	struct slice envid;
	bool has_envid = b->item->envid.len > 0 && b->item->envid.len <= sizeof room &&
			 smtp_line_xtext(b->item->envid, room, &envid);

	if (!buf_add_format(out,
		    "--%.*s\r\nContent-Type: message/%s\r\n%s\r\nReporting-MTA: dns; %.*s\r\n",
		    S_FMT(boundary), is_global(r) ? "global-delivery-status" : "delivery-status",
		    is_global(r) ? "Content-Transfer-Encoding: 8bit\r\n" : "",
		    S_FMT(b->our_name)) ||
		(has_envid &&
			!buf_add_format(out, "Original-Envelope-Id: %.*s\r\n", S_FMT(envid))) ||
		!buf_add(out, S("Arrival-Date: ")) ||
		!trace_date_text(b->item->queued_s * NS_PER_S, out) || !buf_add(out, S("\r\n")))
		return false;
	for (size_t i = 0; i < b->item->rcpt_count; i++)
		if (r->wishes[i] && !add_rcpt(b, &b->item->rcpts[i], out))
			return false;
	return buf_add(out, S("\r\n"));
}

/* How many of the piece's bytes belong to the header section; *seen counts newlines in a row. */
static size_t header_part(struct slice piece, unsigned *seen)
{
	size_t i = 0;

	for (; i < piece.len && *seen < 2; i++)
		if (piece.at[i] != '\r')
			*seen = piece.at[i] == '\n' ? *seen + 1 : 0;
	return i;
}

static bool add_mail(const struct report *r, struct intake *into, struct error *e)
{
	struct body_reader reader;
	struct slice piece;
	unsigned seen = 0;
	uint64_t given = 0;
	bool is_good;

	body_open(&reader, r->bounce->mail->store, &r->bounce->item->entry);
	do {
		is_good = body_next(&reader, &piece, e);
		if (is_good && !is_whole(r))
			piece = slice_first(piece, header_part(piece, &seen));
		if (is_good && piece.len > LIMIT_RETURNED_BYTES - given)
			piece = slice_first(piece, LIMIT_RETURNED_BYTES - given);
		given += piece.len;
		is_good = is_good && (piece.len == 0 || intake_add(into, piece, e));
	} while (is_good && piece.len > 0); /* bounded by LIMIT_RETURNED_BYTES */
	body_close(&reader);
	return is_good;
}

bool report_write(const struct report *r, struct intake *into, struct error *e)
{
	auto_buf out = { .max = LIMIT_REPORT_BYTES };
	char room[ID_TEXT_BYTES + 1];
	struct slice boundary = id_text(r->id, room); /* 64 random bits: in no mail that is older */
	bool is_8bit = is_global(r) || r->bounce->item->body_type != SMTP_BODY_7BIT;
	const char *type = is_whole(r)    ? (is_global(r) ? "message/global" : "message/rfc822")
			   : is_global(r) ? "message/global-headers"
					  : "text/rfc822-headers";

	if (!add_header(r, boundary, &out) || !add_text(r, boundary, &out) ||
		!add_status(r, boundary, &out) ||
		!buf_add_format(&out, "--%.*s\r\nContent-Type: %s\r\n%s\r\n", S_FMT(boundary), type,
			is_8bit ? "Content-Transfer-Encoding: 8bit\r\n" : ""))
		return fail(e, FAULT_LATER, "write a bounce: too long, or out of memory");
	if (!intake_add(into, buf_slice(&out), e) || !add_mail(r, into, e))
		return false;
	buf_clear(&out);
	return (buf_add_format(&out, "\r\n--%.*s--\r\n", S_FMT(boundary)) ||
		       fail(e, FAULT_LATER, "write a bounce: out of memory")) &&
	       intake_add(into, buf_slice(&out), e);
}
