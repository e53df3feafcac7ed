/* SPDX-License-Identifier: MIT */
/* giving - the messages of a mailbox as a streamed answer, see archive.h. */
#include "admin/archive.h"

#include "base/limits.h"
#include "mail/body.h"
#include "mail/mailbox.h"
#include "message/digest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { GIVING_PAGE = 200 /* entries read at once; 30 KB */ };

struct giving {
	struct mail *mail;
	struct folder *folder;
	struct folder_keywords keywords;
	bool has_bytes; /* wanted */
	struct entry_page page;
	size_t at; /* in the page */
	bool is_last_page, is_over, is_broken;
	uint32_t after;
	uint64_t count;
	struct body_reader reader; /* of the message that is being sent */
	bool is_reading;
	struct slice piece; /* of it, not sent yet */
	char *line;         /* not sent yet, or NULL; its first line_at bytes are */
	size_t line_at, line_len;
};

static void giving_free(void *context)
{
	struct giving *g = context;

	if (g->is_reading)
		body_close(&g->reader);
	entry_page_done(&g->page);
	if (g->folder != NULL)
		folder_close(g->folder);
	free(g->line);
	free(g);
}

/* Takes the object. */
static void line_set(struct giving *g, json_t *json)
{
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	g->line = NULL;
	g->line_at = 0;
	if (text == NULL) {
		g->is_broken = true;
		return;
	}
	g->line_len = strlen(text) + 1;
	text[g->line_len - 1] = '\n'; /* in the place of its NUL */
	g->line = text;
}

/* ---- One message ---- */

/* Reads it once for its digest and its line ends; small ones are still in memory when they are sent. */
static bool measure(struct giving *g, struct digest *ret, struct error *e)
{
	struct slice piece;

	digest_begin(ret);
	for (;;) { /* ends with the message */
		if (!body_next(&g->reader, &piece, e))
			return false;
		if (piece.len == 0)
			break;
		digest_add(ret, piece);
	}
	g->reader.at = 0;
	return true;
}

static json_t *flags_json(struct giving *g, const struct entry *entry)
{
	json_t *flags = json_array();
	uint32_t flag = 0;
	const char *name;

	for (size_t i = 0; (name = archive_flag_name(i, &flag)) != NULL; i++)
		if ((entry->flags & flag) != 0)
			(void)json_array_append_new(flags, json_string(name));
	if (entry->keywords != 0)
		folder_keywords(g->folder, &g->keywords);
	for (size_t i = 0; i < g->keywords.count; i++)
		if ((entry->keywords >> i & 1) != 0)
			(void)json_array_append_new(flags, json_slice(g->keywords.names[i]));
	return flags;
}

static json_t *head_json(struct giving *g, const struct entry *entry, struct digest *digest)
{
	char room[DIGEST_TEXT_BYTES + 1];
	struct slice id = digest_text(digest_end(digest), room);
	bool to_lf = !entry->is_verbatim && digest->lf_count == 0;

	/* An import would take it for one of a Unix archive, and store it with CRLF. */
	bool keeps_lf = !to_lf && digest->crlf_count == 0 && digest->lf_count > 0;

	return json_pack("{s:I, s:I, s:I, s:i, s:o, s:s%, s:b, s:b}", "uid", (json_int_t)entry->uid,
		"size", (json_int_t)entry->bytes, "received_ns", (json_int_t)entry->received_ns,
		"zone_min", (int)entry->zone_min, "flags", flags_json(g, entry), "digest", id.at,
		id.len, "to_lf", (int)to_lf, "keeps_lf", (int)keeps_lf);
}

/* It may have been removed since its entry was read: then there is nothing to say. */
static bool is_still_there(struct giving *g, uint32_t uid)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };
	bool is_found = false;

	return !folder_find(g->folder, uid, &page, &is_found, &e) || is_found;
}

static void message_begin(struct giving *g, const struct entry *entry)
{
	struct error e = { .fault = FAULT_NONE };
	struct digest digest;

	body_open(&g->reader, g->mail->store, entry);
	g->is_reading = true;
	if (measure(g, &digest, &e)) {
		line_set(g, head_json(g, entry, &digest));
		g->count++;
		if (g->has_bytes)
			return;
	} else if (is_still_there(g, entry->uid)) {
		line_set(g,
			json_pack("{s:I, s:s}", "uid", (json_int_t)entry->uid, "problem", e.text));
	}
	body_close(&g->reader);
	g->is_reading = false;
}

/* ---- One after the other ---- */

static void page_next(struct giving *g)
{
	struct error e = { .fault = FAULT_NONE };

	if (g->is_last_page) {
		line_set(g, json_pack("{s:I}", "end", (json_int_t)g->count));
		g->is_over = true;
		return;
	}
	g->at = 0;
	if (!folder_list(g->folder, g->after, GIVING_PAGE, &g->page, &e)) {
		g->is_broken = true;
		return;
	}
	g->is_last_page = g->page.is_last || g->page.count == 0;
	if (g->page.count > 0)
		g->after = g->page.at[g->page.count - 1].uid;
}

static size_t send_line(struct giving *g, char *room, size_t size)
{
	size_t left = g->line_len - g->line_at, count = left < size ? left : size;

	memcpy(room, g->line + g->line_at, count);
	g->line_at += count;
	if (g->line_at == g->line_len) {
		free(g->line);
		g->line = NULL;
	}
	return count;
}

/* 0: the message is over, or something broke. */
static size_t send_message(struct giving *g, char *room, size_t size)
{
	struct error e = { .fault = FAULT_NONE };
	size_t count;

	if (g->piece.len == 0 && !body_next(&g->reader, &g->piece, &e))
		g->is_broken = true;
	count = g->piece.len < size ? g->piece.len : size;
	if (count > 0)
		memcpy(room, g->piece.at, count);
	g->piece = slice_skip(g->piece, count);
	if (count == 0) {
		body_close(&g->reader);
		g->is_reading = false;
	}
	return count;
}

static long giving_more(void *context, char *room, size_t size)
{
	struct giving *g = context;

	while (!g->is_broken) { /* each turn takes an entry or ends */
		size_t count = 0;

		if (g->line != NULL)
			count = send_line(g, room, size);
		else if (g->is_over)
			return 0;
		else if (g->is_reading)
			count = send_message(g, room, size);
		else if (g->at < g->page.count)
			message_begin(g, &g->page.at[g->at++]);
		else
			page_next(g);
		if (count > 0)
			return (long)count;
	}
	return -1;
}

/* ---- The route ---- */

static enum mailbox_answer giving_open(
	struct request *r, struct giving *g, struct id account, struct slice name, struct error *e)
{
	const char *bytes = r->query(r->http, "bytes");

	g->mail = r->options->mail;
	g->piece = S("");
	g->has_bytes = bytes == NULL || strcmp(bytes, "no") != 0;
	return mailbox_open(g->mail, account, name, &g->folder, e);
}

void route_mail_list(struct request *r, struct answer *a)
{
	struct slice after = slice_of(r->query(r->http, "after"));
	struct error e = { .fault = FAULT_NONE };
	struct target target;
	struct slice name;
	uint64_t uid = 0;

	if (!archive_account(r, &r->arena, &target, a) || !archive_mailbox(r, &r->arena, &name, a))
		return;
	if (after.len > 0 && !slice_number(after, UINT32_MAX, &uid)) {
		answer_problem(a, ANSWER_BAD_REQUEST, "after is a UID", after);
		return;
	}
	struct giving *g = calloc(1, sizeof *g);
	if (g == NULL) {
		answer_problem(a, ANSWER_LATER, "out of memory", name);
		return;
	}
	g->after = (uint32_t)uid;
	switch (giving_open(r, g, target.account, name, &e)) {
	case MAILBOX_OK:
		answer_stream(a, &(struct answer_stream){ giving_more, giving_free, g });
		return;
	case MAILBOX_FAILED:
		answer_failure(a, &e);
		break;
	case MAILBOX_EXISTS:
	case MAILBOX_MISSING:
	case MAILBOX_CANNOT:
	case MAILBOX_IN_USE:
	case MAILBOX_LIMIT:
	case MAILBOX_DENIED:
		answer_problem(a, ANSWER_NOT_FOUND, "no such mailbox", name);
		break;
	}
	giving_free(g);
}
