/* SPDX-License-Identifier: MIT */
#include "cmd/archive/archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void clear(struct sending *s)
{
	for (size_t i = 0; i < s->count; i++)
		letter_done(&s->letters[i]);
	s->count = 0;
	s->bytes = 0;
}

void sending_done(struct sending *s)
{
	clear(s);
	free(s->head);
}

/* ---- The body of the request ---- */

static char *head_text(const struct letter *l)
{
	json_t *json = json_pack("{s:I, s:O, s:I, s:i, s:b}", "size", (json_int_t)l->size, "flags",
		l->flags, "received_ns", (json_int_t)l->received_ns, "zone_min", (int)l->zone_min,
		"verbatim", (int)l->is_verbatim);
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL, *line = NULL;

	json_decref(json);
	if (text == NULL || asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

static long told(const struct letter *l, const char *what)
{
	(void)fprintf(
		stderr, "mailvisor: %s: %s; nothing of this request was imported\n", l->path, what);
	return -1;
}

static long head_more(struct sending *s, char *room, size_t size)
{
	size_t left = strlen(s->head + s->head_at), count = left < size ? left : size;

	memcpy(room, s->head + s->head_at, count);
	s->head_at += count;
	if (count == left) {
		free(s->head);
		s->head = NULL;
	}
	return (long)count;
}

/* 0: the letter is over. */
static long letter_more(struct sending *s, char *room, size_t size)
{
	const struct letter *l = &s->letters[s->at];
	struct error e = { .fault = FAULT_NONE };
	size_t count;

	if (s->piece.len == 0 && !letter_next(&s->reader, &s->piece, &e))
		return told(l, e.text);
	count = s->piece.len < size ? s->piece.len : size;
	s->sent += count;
	if (s->sent > l->size || (count == 0 && s->sent < l->size))
		return told(l, "it changed while it was read");
	if (count > 0)
		memcpy(room, s->piece.at, count);
	s->piece = slice_skip(s->piece, count);
	return (long)count;
}

static bool letter_begin(struct sending *s)
{
	const struct letter *l = &s->letters[s->at];
	struct error e = { .fault = FAULT_NONE };

	s->head = head_text(l);
	s->head_at = 0;
	s->sent = 0;
	s->piece = S("");
	s->is_open = letter_open(&s->reader, l, &e);
	if (!s->is_open)
		return told(l, e.text) == 0;
	return s->head != NULL || told(l, "out of memory") == 0;
}

static long sending_more(void *context, char *room, size_t size)
{
	struct sending *s = context;

	while (s->at < s->count) {
		long count;

		if (!s->is_open && !letter_begin(s))
			return -1;
		count = s->head != NULL ? head_more(s, room, size) : letter_more(s, room, size);
		if (count != 0)
			return count;
		letter_close(&s->reader);
		s->is_open = false;
		s->at++;
	}
	return 0;
}

/* ---- The answer ---- */

static const char *refusal_of(const json_t *refused, size_t at)
{
	for (size_t i = 0; i < json_array_size(refused); i++) {
		const json_t *row = json_array_get(refused, i);

		if (number_of(row, "at") == at)
			return text_of(row, "what");
	}
	return NULL;
}

static void full(struct sending *s, const struct letter *first)
{
	s->is_full = true;
	(void)fprintf(stderr,
		"mailvisor: %s: no room for it: the quota of %s, or of its domain, is used up\n",
		first->path, s->account);
	(void)fprintf(stderr, "mailvisor: what came before it is imported; with more room "
			      "(mailvisor quota set) the "
			      "same command goes on\n");
}

static void answer_take(struct sending *s, const json_t *json)
{
	const json_t *refused = json_object_get(json, "refused");
	uint64_t left = number_of(json, "taken");

	for (size_t i = 0; i < s->count; i++) {
		const struct letter *l = &s->letters[i];
		const char *refusal = refusal_of(refused, i);

		if (refusal != NULL) {
			tally_refuse(s->tally, l->path, l->line, refusal);
		} else if (left > 0) {
			left--;
			tally_add(s->tally, s->mailbox, l->size);
		} else if (!s->is_full) {
			full(s, l);
		}
	}
}

int sending_flush(struct sending *s)
{
	const struct call call = { .method = "POST",
		.collection = "mail",
		.name = s->account,
		.query = { "mailbox", s->mailbox },
		.more = sending_more,
		.content_type = "application/x-mailvisor-messages",
		.context = s };
	json_t *json = NULL;
	int status;

	if (s->count == 0)
		return EXIT_DONE;
	s->at = 0;
	status = call_send(s->client, &call, &json);
	if (s->is_open)
		letter_close(&s->reader);
	s->is_open = false;
	free(s->head);
	s->head = NULL;
	if (status == EXIT_DONE)
		answer_take(s, json);
	json_decref(json);
	clear(s);
	return status == EXIT_DONE && s->is_full ? EXIT_FAILED : status;
}

int sending_add(struct sending *s, struct letter *l)
{
	s->letters[s->count++] = *l;
	s->bytes += l->size;
	*l = (struct letter){ .path = NULL };
	return s->count == SENDING_MESSAGES || s->bytes >= SENDING_BYTES ? sending_flush(s)
									 : EXIT_DONE;
}
