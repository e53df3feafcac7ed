/* SPDX-License-Identifier: MIT */
/* taking - the messages of a POST to /v1/mail: they stream into the store and become one commit, see archive.h. */
#include "admin/archive.h"

#include "base/limits.h"
#include "mail/append.h"
#include "mail/mailbox.h"
#include "syntax/imap_flag.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_ZONE_MINUTES = 23 * 60 + 59 /* struct entry */ };

struct taking {
	struct target target;
	struct folder *folder;
	struct append *append;
	struct buf head;          /* the line that comes */
	struct body_writer *body; /* of the message that comes; NULL: its bytes are dropped */
	uint64_t left;            /* of its bytes */
	bool is_in_message;
	struct append_message message;
	size_t seen, taken; /* messages */
	json_t *refused;
	bool is_full;
	struct answer problem; /* with the whole request: nothing of it was put in */
	bool is_over;
};

static void stop(struct taking *t, enum answer_status status, const char *what)
{
	char where[32];

	if (t->is_over)
		return;
	(void)snprintf(where, sizeof where, "message %zu", t->seen);
	answer_problem(&t->problem, status, what, slice_of(where));
	t->is_over = true;
}

static void stop_failure(struct taking *t, struct error *e)
{
	if (!t->is_over)
		answer_failure(&t->problem, e);
	t->is_over = true;
	error_clear(e);
}

static void refuse(struct taking *t, const char *what)
{
	(void)json_array_append_new(
		t->refused, json_pack("{s:I, s:s}", "at", (json_int_t)t->seen, "what", what));
}

/* ---- The mailbox ---- */

static enum mailbox_answer open_or_make(
	struct request *r, struct taking *t, struct slice name, struct error *e)
{
	struct mail *m = r->options->mail;
	struct id account = t->target.account;
	enum mailbox_answer answer = mailbox_open(m, account, name, &t->folder, e);

	if (answer != MAILBOX_MISSING)
		return answer;
	error_clear(e);
	answer = mailbox_create(m, account, name, 0, NULL, e);
	if (answer == MAILBOX_OK)
		answer = mailbox_subscribe(m, account, name, true, e);
	if (answer != MAILBOX_OK && answer != MAILBOX_EXISTS)
		return answer;
	error_clear(e);
	return mailbox_open(m, account, name, &t->folder, e);
}

/* False: the problem says what is wrong. */
static bool open_mailbox(struct request *r, struct taking *t)
{
	struct error e = { .fault = FAULT_NONE };
	struct slice name;
	enum mailbox_answer answer;

	if (!archive_account(r, &r->arena, &t->target, &t->problem) ||
		!archive_mailbox(r, &r->arena, &name, &t->problem))
		return false;
	answer = open_or_make(r, t, name, &e);
	if (answer == MAILBOX_OK)
		t->append = append_begin(r->options->mail, t->folder, &t->target, &e);
	if (answer == MAILBOX_FAILED || (answer == MAILBOX_OK && t->append == NULL))
		answer_failure(&t->problem, &e);
	else if (answer != MAILBOX_OK)
		answer_problem(&t->problem, ANSWER_NOT_VALID, e.text, name);
	return t->append != NULL;
}

bool taking_begin(struct request *r)
{
	struct taking *t = calloc(1, sizeof *t);

	if (t == NULL)
		return false;
	r->taking = t;
	t->refused = json_array();
	t->head.max = LIMIT_ARCHIVE_HEAD_BYTES;
	t->is_over = !open_mailbox(r, t);
	return true;
}

void taking_free(struct request *r)
{
	struct taking *t = r->taking;

	if (t == NULL)
		return;
	append_abandon(t->append);
	if (t->folder != NULL)
		folder_close(t->folder);
	buf_done(&t->head);
	json_decref(t->refused);
	json_decref(t->problem.json);
	free(t);
	r->taking = NULL;
}

/* ---- One message ---- */

static bool take_flags(struct taking *t, const json_t *names, struct error *e)
{
	struct slice keywords[LIMIT_IMAP_FLAGS];
	size_t count = 0, missing;

	for (size_t i = 0; i < json_array_size(names); i++) {
		const json_t *item = json_array_get(names, i);
		struct slice name = { json_string_value(item), json_string_length(item) };
		uint32_t flag = archive_flag_of(name);

		t->message.flags |= flag;
		if (flag == 0 && count < COUNT(keywords) && imap_keyword_is_valid(name))
			keywords[count++] = name;
	}
	return folder_keywords_bits(
		t->folder, keywords, count, true, &t->message.keywords, &missing, e);
}

/* Would it fit into an empty mailbox? append_may() cannot tell, for it is asked of all that came before, too. */
static const char *why_never(const struct taking *t, uint64_t bytes)
{
	const struct target *to = &t->target;

	if (to->message_bytes_max > 0 && bytes > to->message_bytes_max)
		return "larger than the domain's message size";
	if ((to->quota_bytes > 0 && bytes > to->quota_bytes) ||
		(to->domain_quota_bytes > 0 && bytes > to->domain_quota_bytes))
		return "larger than the whole quota";
	return bytes > LIMIT_ARCHIVE_MESSAGE_BYTES ? "larger than 1 GiB" : NULL;
}

/* Whether its bytes are wanted. */
static bool has_room(struct taking *t, uint64_t bytes)
{
	const char *never = why_never(t, bytes);

	if (never != NULL) {
		refuse(t, never);
		return false;
	}
	switch (append_may(t->append, bytes)) {
	case APPEND_OK:
		return true;
	case APPEND_OVER_QUOTA:
	case APPEND_TOO_BIG:
		t->is_full = true;
		return false;
	case APPEND_FULL:
		stop(t, ANSWER_TOO_LARGE, "too many messages in one request");
		return false;
	case APPEND_GONE:
		stop(t, ANSWER_CONFLICT, "the mailbox was removed just now");
		return false;
	case APPEND_FAILED:
		break;
	}
	stop(t, ANSWER_LATER, "the mailbox does not answer");
	return false;
}

static void head_take(struct taking *t, const json_t *head)
{
	const json_t *size = json_object_get(head, "size");
	json_int_t received = json_integer_value(json_object_get(head, "received_ns"));
	json_int_t zone = json_integer_value(json_object_get(head, "zone_min"));
	struct error e = { .fault = FAULT_NONE };

	if (!json_is_integer(size) || json_integer_value(size) < 0) {
		stop(t, ANSWER_NOT_VALID, "a message without its size");
		return;
	}
	if (zone < -LIMIT_ZONE_MINUTES || zone > LIMIT_ZONE_MINUTES) {
		stop(t, ANSWER_NOT_VALID, "a zone is within a day of UTC");
		return;
	}
	t->left = (uint64_t)json_integer_value(size);
	t->is_in_message = true;
	t->message = (struct append_message){ .received_ns = received > 0 ? (uint64_t)received : 0,
		.zone_min = (int32_t)zone,
		.is_verbatim = json_is_true(json_object_get(head, "verbatim")) };
	if (t->is_full || !has_room(t, t->left))
		return;
	if (take_flags(t, json_object_get(head, "flags"), &e))
		t->body = append_body(t->append);
	else
		stop_failure(t, &e);
}

static void head_read(struct taking *t)
{
	struct slice line = buf_slice(&t->head);
	json_error_t why;
	json_t *head = json_loadb(line.at != NULL ? line.at : "", line.len, 0, &why);

	if (json_is_object(head))
		head_take(t, head);
	else
		stop(t, ANSWER_BAD_REQUEST,
			head == NULL ? why.text : "before a message stands one JSON object");
	json_decref(head);
	buf_clear(&t->head);
}

static void message_end(struct taking *t)
{
	struct error e = { .fault = FAULT_NONE };

	t->is_in_message = false;
	if (t->body != NULL) {
		t->body = NULL;
		if (append_add(t->append, &t->message, NULL, &e))
			t->taken++;
		else
			stop_failure(t, &e);
	}
	t->seen++;
}

/* ---- The bytes of the request ---- */

static struct slice feed_head(struct taking *t, struct slice bytes)
{
	size_t len = slice_find(bytes, '\n');

	if (!buf_add(&t->head, slice_first(bytes, len)))
		stop(t, ANSWER_TOO_LARGE, "the line before a message is longer than 16 KiB");
	else if (len < bytes.len)
		head_read(t);
	return slice_skip(bytes, len + 1);
}

static struct slice feed_message(struct taking *t, struct slice bytes)
{
	struct slice part = slice_first(bytes, t->left < bytes.len ? (size_t)t->left : bytes.len);
	struct error e = { .fault = FAULT_NONE };

	if (t->body != NULL && !body_add(t->body, part, &e))
		stop_failure(t, &e);
	t->left -= part.len;
	return slice_skip(bytes, part.len);
}

void taking_feed(struct request *r, struct slice bytes)
{
	struct taking *t = r->taking;

	while (bytes.len > 0 && !t->is_over) {
		bytes = t->is_in_message ? feed_message(t, bytes) : feed_head(t, bytes);
		if (t->is_in_message && t->left == 0 && !t->is_over)
			message_end(t);
	}
}

/* ---- The end ---- */

static void commit(struct taking *t)
{
	struct error e = { .fault = FAULT_NONE };
	struct append *append = t->append;
	struct appended done;

	if (t->taken == 0)
		return;
	t->append = NULL;
	switch (append_commit(append, &done, &e)) {
	case APPEND_OK:
		return;
	case APPEND_OVER_QUOTA: /* somebody else took the room meanwhile */
	case APPEND_TOO_BIG:
		t->is_full = true;
		t->taken = 0;
		json_array_clear(t->refused);
		return;
	case APPEND_FULL:
		stop(t, ANSWER_NOT_VALID, "the mailbox can take no more messages");
		return;
	case APPEND_GONE:
		stop(t, ANSWER_CONFLICT, "the mailbox was removed just now");
		return;
	case APPEND_FAILED:
		break;
	}
	stop_failure(t, &e);
}

void taking_end(struct request *r, struct answer *a)
{
	struct taking *t = r->taking;

	if (t->is_in_message || t->head.len > 0)
		stop(t, ANSWER_BAD_REQUEST, "the last message is cut off");
	if (!t->is_over)
		commit(t);
	if (t->is_over) {
		answer_json(a, t->problem.status, json_incref(t->problem.json));
		return;
	}
	answer_json(a, ANSWER_CREATED,
		json_pack("{s:I, s:O, s:b}", "taken", (json_int_t)t->taken, "refused", t->refused,
			"is_full", (int)t->is_full));
}

void route_mail_add(struct request *r, struct answer *a)
{
	taking_end(r, a);
}
