/* SPDX-License-Identifier: MIT */
/* receiving - takes a streamed answer apart: lines of JSON, and the bytes of messages, see src/admin/archive.h. */
#include "cmd/archive/archive.h"
#include "cmd/archive/attributes.h"
#include "cmd/archive/zone.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	HEAD_BYTES = 64 << 10, /* four times what the server writes */
	OUT_BYTES = 16 << 10,
};

struct receiving {
	const char *mailbox;
	uint32_t uid_validity;
	const struct writer *writer; /* NULL: digests only */
	struct tally *tally;
	bool (*take)(void *context, struct digest_id id);
	void *context;
	struct buf line;
	uint64_t left, size; /* of the message */
	bool is_in_message, to_lf, is_after_cr;
	uint64_t count;
	bool is_ended; /* the last line came */
};

static bool broken(const struct receiving *r, const char *what)
{
	(void)fprintf(stderr, "mailvisor: %s: %s\n", r->mailbox, what);
	return false;
}

/* ---- Bytes ---- */

static bool message_end(struct receiving *r)
{
	r->is_in_message = false;
	if (r->is_after_cr && !r->writer->message_bytes(r->writer->context, S("\r")))
		return false;
	r->is_after_cr = false;
	r->count++;
	if (!r->writer->message_end(r->writer->context))
		return false;
	tally_add(r->tally, r->mailbox, r->size);
	return true;
}

/* Every CR before an LF goes; a piece may end between them. */
static bool bytes_to_lf(struct receiving *r, struct slice s)
{
	char room[OUT_BYTES];
	struct buf out = BUF_OVER(room);

	for (size_t i = 0; i < s.len; i++) {
		bool is_kept = r->is_after_cr && s.at[i] != '\n';

		if (out.max - out.len < 2) {
			if (!r->writer->message_bytes(r->writer->context, buf_slice(&out)))
				return false;
			buf_clear(&out);
		}
		if (is_kept)
			invariant(buf_add_byte(&out, '\r'));
		r->is_after_cr = s.at[i] == '\r';
		if (!r->is_after_cr)
			invariant(buf_add_byte(&out, s.at[i]));
	}
	return r->writer->message_bytes(r->writer->context, buf_slice(&out));
}

static bool take_bytes(struct receiving *r, struct slice *bytes)
{
	struct slice part =
		slice_first(*bytes, r->left < bytes->len ? (size_t)r->left : bytes->len);
	bool is_written = r->to_lf ? bytes_to_lf(r, part)
				   : r->writer->message_bytes(r->writer->context, part);

	r->left -= part.len;
	*bytes = slice_skip(*bytes, part.len);
	return is_written;
}

/* ---- Lines ---- */

static bool take_digest(struct receiving *r, const json_t *json)
{
	struct digest_id id;

	if (!digest_parse(slice_of(text_of(json, "digest")), &id))
		return broken(r, "the server sent a message without its digest");
	r->count++;
	return r->take(r->context, id);
}

static bool take_head(struct receiving *r, const json_t *json)
{
	const struct received head = { .mailbox = r->mailbox,
		.uid = (uint32_t)number_of(json, "uid"),
		.uid_validity = r->uid_validity,
		.received_ns = number_of(json, "received_ns"),
		.zone_min = (int32_t)json_integer_value(json_object_get(json, "zone_min")),
		.keeps_lf = json_is_true(json_object_get(json, "keeps_lf")),
		.flags = json_object_get(json, "flags") };

	if (!json_is_integer(json_object_get(json, "size")) || head.uid == 0)
		return broken(r, "the server sent a message without its size or UID");
	if (head.zone_min < -ZONE_MINUTES_MAX || head.zone_min > ZONE_MINUTES_MAX)
		return broken(r, "the server sent a message with a zone of more than a day");
	r->size = r->left = number_of(json, "size");
	r->to_lf = json_is_true(json_object_get(json, "to_lf"));
	r->is_in_message = true;
	return r->writer->message_begin(r->writer->context, &head);
}

static bool take_line(struct receiving *r, const json_t *json)
{
	char where[64];

	if (json_object_get(json, "end") != NULL) {
		r->is_ended = number_of(json, "end") == r->count;
		return r->is_ended || broken(r, "the server counted other messages than it sent");
	}
	if (json_object_get(json, "problem") != NULL && r->tally != NULL) {
		(void)snprintf(where, sizeof where, "UID %" PRIu64, number_of(json, "uid"));
		(void)fprintf(stderr, "mailvisor: %s: %s: %s\n", r->mailbox, where,
			text_of(json, "problem"));
		r->tally->refused++;
		return true;
	}
	if (json_object_get(json, "problem") != NULL)
		return true;
	return r->writer != NULL ? take_head(r, json) : take_digest(r, json);
}

static bool take_text(struct receiving *r, struct slice *bytes)
{
	size_t len = slice_find(*bytes, '\n');
	bool is_whole = len < bytes->len, is_good;
	json_t *json;

	if (!buf_add(&r->line, slice_first(*bytes, len)))
		return broken(r, "the server sent a line that is too long");
	*bytes = slice_skip(*bytes, len + 1);
	if (!is_whole)
		return true;
	json = json_loadb(r->line.at != NULL ? r->line.at : "", r->line.len, 0, NULL);
	is_good = json_is_object(json) ? take_line(r, json)
				       : broken(r, "the server sent a line that is no JSON object");
	json_decref(json);
	buf_clear(&r->line);
	return is_good;
}

static bool take(void *context, struct slice bytes)
{
	struct receiving *r = context;

	while (bytes.len > 0) {
		if (!(r->is_in_message ? take_bytes(r, &bytes) : take_text(r, &bytes)))
			return false;
		if (r->is_in_message && r->left == 0 && !message_end(r))
			return false;
	}
	return true;
}

/* ---- A whole mailbox ---- */

static int receive(
	struct receiving *r, const struct client *c, const char *account, const char *after)
{
	const struct call call = { .method = "GET",
		.collection = "mail",
		.name = account,
		.query = { "mailbox", r->mailbox, "after", after, "bytes",
			r->writer != NULL ? "yes" : "no" },
		.take = take,
		.context = r };
	int status = call_send(c, &call, NULL);

	buf_done(&r->line);
	if (status == EXIT_DONE && !r->is_ended) {
		(void)broken(r, "the server's answer ends too early");
		return EXIT_LATER;
	}
	return status;
}

int receiving_run(const struct client *c, const char *account, const json_t *mailbox,
	const struct writer *w, struct tally *t)
{
	struct receiving r = { .mailbox = text_of(mailbox, "name"),
		.uid_validity = (uint32_t)number_of(mailbox, "uid_validity"),
		.writer = w,
		.tally = t,
		.line = { .max = HEAD_BYTES } };
	auto_buf attributes = { .max = ATTRIBUTES_BYTES };
	uint32_t after = 0;
	char text[16];
	int status;

	if (!w->mailbox_begin(w->context, r.mailbox, r.uid_validity, &after))
		return EXIT_FAILED;
	(void)snprintf(text, sizeof text, "%" PRIu32, after);
	status = receive(&r, c, account, text);
	if (status == EXIT_DONE)
		status = attributes_fetch(c, account, r.mailbox, &attributes);
	if (status != EXIT_DONE)
		return status;
	t->mailboxes++;
	return w->mailbox_end(w->context, r.mailbox, buf_slice(&attributes)) ? EXIT_DONE
									     : EXIT_FAILED;
}

int receiving_digests(const struct client *c, const char *account, const char *mailbox,
	bool (*take_id)(void *context, struct digest_id id), void *context)
{
	struct receiving r = { .mailbox = mailbox,
		.take = take_id,
		.context = context,
		.line = { .max = HEAD_BYTES } };

	return receive(&r, c, account, "0");
}
