/* SPDX-License-Identifier: MIT */
#include "admin/accounts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BULK_BATCH = 250 /* what account_add_many() commits at once */ };

/* Lines are taken as they come: memory for one batch, however long the body is. */
struct bulk {
	struct account batch[BULK_BATCH];
	json_t *lines[BULK_BATCH]; /* what the texts of the batch point into */
	size_t count;
	uint64_t line_number; /* of the last line read */
	uint64_t first_line;  /* of the batch */
	uint64_t added, bytes;
	struct buf line; /* not complete yet */
	struct answer problem;
	bool is_over; /* by a problem: the rest is read and dropped */
};

bool bulk_begin(struct request *r)
{
	r->bulk = calloc(1, sizeof *r->bulk);
	if (r->bulk != NULL)
		r->bulk->line.max = LIMIT_ADMIN_LINE_BYTES;
	return r->bulk != NULL;
}

static void batch_clear(struct request *r)
{
	for (size_t i = 0; i < r->bulk->count; i++)
		json_decref(r->bulk->lines[i]);
	r->bulk->count = 0;
	arena_reset(&r->arena);
}

void bulk_free(struct request *r)
{
	if (r->bulk == NULL)
		return;
	batch_clear(r);
	buf_done(&r->bulk->line);
	json_decref(r->bulk->problem.json);
	free(r->bulk);
	r->bulk = NULL;
}

/* Says in the problem's `where` which line it was, and stops. */
static void stop_at(struct bulk *b, uint64_t line)
{
	json_t *error = json_object_get(b->problem.json, "error");
	const char *where = json_string_value(json_object_get(error, "where"));
	json_t *text = json_sprintf("line %" PRIu64 ": %s", line, where != NULL ? where : "");

	b->is_over = true;
	(void)json_object_set_new(error, "where", text);
	(void)json_object_set_new(error, "line", json_integer((json_int_t)line));
}

static void batch_commit(struct request *r)
{
	struct bulk *b = r->bulk;
	struct error e = { .fault = FAULT_NONE };
	size_t done = 0;

	if (b->count == 0)
		return;
	enum change change =
		account_add_many(r->options->mail->directory, b->batch, b->count, &done, &e);
	b->added += done;
	if (change != CHANGE_DONE) {
		size_t at = done < b->count ? done : b->count - 1;

		answer_change(&b->problem, change, &e,
			change == CHANGE_MISSING ? "domain" : "account", b->batch[at].address);
		stop_at(b, b->first_line + at);
	}
	batch_clear(r);
}

/* Batches have no empty lines in them, so that a row's line number can be told. */
static void take_line(struct request *r, struct slice line)
{
	struct bulk *b = r->bulk;
	json_error_t why;
	json_t *object;

	b->line_number++;
	if (slice_trim(line).len == 0) {
		batch_commit(r);
		return;
	}
	object = json_loadb(line.at, line.len, JSON_REJECT_DUPLICATES, &why);
	if (b->count == 0)
		b->first_line = b->line_number;
	b->batch[b->count] = (struct account){ .address = S("") };
	if (!json_is_object(object))
		answer_problem(&b->problem, ANSWER_NOT_VALID,
			object == NULL ? why.text : "a line is one JSON object", S("json"));
	else if (account_read(r, object, true, &b->batch[b->count], &b->problem)) {
		b->lines[b->count++] = object;
		if (b->count == BULK_BATCH)
			batch_commit(r);
		return;
	}
	json_decref(object);
	struct answer problem = b->problem; /* what came before it is still added */
	uint64_t line_number = b->line_number;
	b->problem = (struct answer){ .json = NULL };
	batch_commit(r);
	if (b->is_over) { /* an earlier line was wrong too: that one is told */
		json_decref(problem.json);
		return;
	}
	b->problem = problem;
	stop_at(b, line_number);
}

static void too_long(struct bulk *b, const char *what)
{
	answer_problem(&b->problem, ANSWER_TOO_LARGE, what, S("size"));
	stop_at(b, b->line_number + 1);
}

void bulk_feed(struct request *r, struct slice bytes)
{
	struct bulk *b = r->bulk;

	b->bytes += bytes.len;
	if (b->bytes > LIMIT_ADMIN_STREAM_BYTES && !b->is_over)
		too_long(b, "more than 64 MiB at once");
	while (bytes.len > 0 && !b->is_over) {
		struct slice part = slice_first(bytes, slice_find(bytes, '\n'));
		bool is_whole = part.len < bytes.len;

		bytes = slice_skip(bytes, part.len + 1);
		if (!buf_add(&b->line, part)) {
			too_long(b, "a line is longer than 4096 bytes");
			return;
		}
		if (!is_whole)
			return;
		take_line(r, buf_slice(&b->line));
		buf_clear(&b->line);
	}
}

void bulk_end(struct request *r, struct answer *a)
{
	struct bulk *b = r->bulk;

	if (!b->is_over && b->line.len > 0)
		take_line(r, buf_slice(&b->line));
	if (!b->is_over)
		batch_commit(r);
	if (!b->is_over) {
		answer_json(a, ANSWER_CREATED, json_pack("{s:I}", "added", (json_int_t)b->added));
		return;
	}
	(void)json_object_set_new(b->problem.json, "added", json_integer((json_int_t)b->added));
	answer_json(a, b->problem.status, json_incref(b->problem.json));
}
