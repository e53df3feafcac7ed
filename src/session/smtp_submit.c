/* SPDX-License-Identifier: MIT */
#include "session/smtp.h"

#include "message/trace.h"

enum { FROM_ADDRESSES_MAX = 16 /* of one mail; RFC 5322 3.6.2 allows several authors */ };

bool smtp_submit_may_send(struct smtp *s, struct slice address, bool *ret_may, struct error *e)
{
	return directory_may_send_as(
		s->client.host->mail->directory, slice_of(s->client.account), address, ret_may, e);
}

static void submit_refuse(struct smtp *s, struct slice reply)
{
	smtp_message_refuse(s->message, COUNT_REFUSED_SENDER, reply);
}

static bool submit_check_authors(
	struct smtp *s, const struct slice *authors, size_t count, struct error *e)
{
	for (size_t i = 0; i < count; i++) {
		bool may = false;

		if (!smtp_submit_may_send(s, authors[i], &may, e))
			return false;
		if (!may)
			submit_refuse(s, S("550 5.7.1 The From address is not yours: it must be "
					   "your account or "
					   "one of its aliases"));
	}
	return true;
}

/* RFC 6409 6.1. Two From fields let a reader see one name while we check the other, so there is exactly one. */
bool smtp_submit_check_header(struct smtp *s, struct slice header, struct error *e)
{
	struct slice authors[FROM_ADDRESSES_MAX], from;
	size_t count = 0;

	if (header_count(header, S("From")) != 1 || !header_find(header, S("From"), &from)) {
		submit_refuse(s, S("550 5.7.1 A mail has exactly one From field"));
		return true;
	}
	if (!header_addresses(from, authors, COUNT(authors), &count) || count == 0 ||
		count > COUNT(authors)) {
		submit_refuse(s, S("550 5.7.1 The From field has no address that we understand"));
		return true;
	}
	return submit_check_authors(s, authors, count, e);
}

/* RFC 6409 8.2 and 8.3. */
bool smtp_submit_add_fields(struct smtp *s, struct slice header, struct buf *out)
{
	const struct envelope *envelope = &s->message->envelope;
	struct slice value;

	if (!header_find(header, S("Date"), &value) && !trace_date(envelope->wall_ns, out))
		return false;
	return header_find(header, S("Message-ID"), &value) ||
	       trace_message_id(envelope->id, slice_of(s->client.host->name), out);
}
