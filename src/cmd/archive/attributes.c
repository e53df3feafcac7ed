/* SPDX-License-Identifier: MIT */
#include "cmd/archive/attributes.h"

#include "cmd/archive/maildir.h"
#include "syntax/percent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK "# mailvisor-mailbox "

enum { REQUEST_BYTES = 128 << 10 /* of lines in a request; the server takes 256 KiB of JSON */ };

static bool told(const char *path, const char *what)
{
	(void)fprintf(stderr, "mailvisor: %s: %s\n", path, what);
	return false;
}

/* ---- The file ---- */

bool attributes_path(const char *mailbox, bool is_maildir, char *room)
{
	const char *slash = strrchr(mailbox, '/');
	int dir = slash != NULL ? (int)(slash + 1 - mailbox) : 0, len;

	if (is_maildir)
		len = snprintf(room, MAILDIR_PATH_BYTES, "%s/mailvisor-mailbox", mailbox);
	else
		len = snprintf(room, MAILDIR_PATH_BYTES, "%.*s.%s.mailvisor-mailbox", dir, mailbox,
			mailbox + dir);
	return len > 0 && len < MAILDIR_PATH_BYTES;
}

static bool lines_read(
	FILE *file, const char *path, bool (*take)(void *context, struct slice line), void *context)
{
	ON_EXIT(memory_free) char *text = NULL;
	size_t room = 0;
	bool is_good = true;
	ssize_t len;

	while (is_good && (len = getline(&text, &room, file)) >= 0) {
		struct slice line = { text, (size_t)len };

		if (slice_ends_nocase(line, S("\n")))
			line.len--;
		if (slice_starts(line, S(MARK)) &&
			!slice_same(slice_first(slice_skip(line, sizeof MARK - 1), 1), S("1")))
			return told(path, "it is of a newer version than this program");
		if (line.len > 0 && line.at[0] != '#')
			is_good = take(context, line);
	}
	return is_good && (ferror(file) == 0 || told(path, "it cannot be read on"));
}

bool attributes_read(
	const char *path, bool (*take)(void *context, struct slice line), void *context)
{
	FILE *file = fopen(path, "re");
	bool is_good;

	if (file == NULL)
		return errno == ENOENT || told(path, strerrordesc_np(errno));
	is_good = lines_read(file, path, take, context);
	(void)fclose(file);
	return is_good;
}

static bool name_take(void *context, struct slice line)
{
	struct buf *out = context;

	return !slice_starts(line, S("name ")) || out->len > 0 ||
	       percent_read(slice_skip(line, 5), out);
}

struct slice attributes_name(const char *mailbox, bool is_maildir, char *room)
{
	struct buf out = {
		.at = room, .room = MAILDIR_PATH_BYTES, .max = MAILDIR_PATH_BYTES, .is_fixed = true
	};
	char path[MAILDIR_PATH_BYTES];
	bool is_read = attributes_path(mailbox, is_maildir, path) &&
		       attributes_read(path, name_take, &out);

	return is_read && out.len > 0 ? buf_slice(&out) : (struct slice){ NULL, 0 };
}

bool attributes_name_add(struct buf *lines, const char *mailbox)
{
	return buf_add(lines, S("name ")) && percent_write(slice_of(mailbox), lines) &&
	       buf_add_byte(lines, '\n');
}

bool attributes_write(const char *path, struct slice lines, bool is_kept)
{
	static const char head[] = MARK "1: what else there is to say of this mailbox, see "
					"mailvisor(8)\n";
	char part[MAILDIR_PATH_BYTES];
	FILE *file;
	bool is_good;

	if (lines.len == 0 && !is_kept)
		return unlink(path) == 0 || errno == ENOENT || told(path, strerrordesc_np(errno));
	if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
		return told(path, "the path is too long");
	file = fopen(part, "we");
	is_good = file != NULL && fputs(head, file) >= 0 &&
		  fwrite(lines.at, 1, lines.len, file) == lines.len && fflush(file) == 0 &&
		  fsync(fileno(file)) == 0;
	if (file != NULL)
		is_good = fclose(file) == 0 && is_good;
	return (is_good && rename(part, path) == 0) || told(path, strerrordesc_np(errno));
}

/* ---- From and to the server ---- */

int attributes_fetch(
	const struct client *c, const char *account, const char *mailbox, struct buf *ret)
{
	const struct call call = { .method = "GET",
		.collection = "attributes",
		.name = account,
		.query = { "mailbox", mailbox } };
	json_t *json = NULL;
	int status = call_send(c, &call, &json);
	const json_t *lines = json_object_get(json, "attributes");

	for (size_t i = 0; status == EXIT_DONE && i < json_array_size(lines); i++) {
		const char *line = json_string_value(json_array_get(lines, i));

		if (line == NULL || !buf_add(ret, slice_of(line)) || !buf_add_byte(ret, '\n'))
			status = told(mailbox, "out of memory for what is noted of it")
					 ? EXIT_DONE
					 : EXIT_LATER;
	}
	json_decref(json);
	return status;
}

struct request {
	const struct client *client;
	const char *account, *mailbox;
	int is_subscribed;
	json_t *lines;
	size_t bytes;
	int status;
};

static void left_tell(const struct request *r, const json_t *left)
{
	for (size_t i = 0; i < json_array_size(left); i++) {
		const json_t *row = json_array_get(left, i);

		(void)fprintf(stderr, "mailvisor: %s: '%.200s': %s; left as it is\n", r->mailbox,
			text_of(row, "line"), text_of(row, "what"));
	}
}

static void request_send(struct request *r)
{
	json_t *body = json_pack("{s:o}", "attributes", r->lines), *json = NULL;
	const struct call call = { .method = "PUT",
		.collection = "attributes",
		.name = r->account,
		.query = { "mailbox", r->mailbox },
		.body = body };

	r->lines = json_array();
	r->bytes = 0;
	if (r->is_subscribed >= 0)
		(void)json_object_set_new(body, "subscribed", json_boolean(r->is_subscribed));
	r->is_subscribed = -1;
	r->status = call_send(r->client, &call, &json);
	left_tell(r, json_object_get(json, "left"));
	json_decref(json);
	json_decref(body);
}

static bool request_add(void *context, struct slice line)
{
	struct request *r = context;

	/* What is no attribute of a mailbox but of its archive. */
	if (slice_starts(line, S("keyword ")) || slice_starts(line, S("name ")))
		return true;
	if (json_array_append_new(r->lines, json_stringn(line.at, line.len)) < 0)
		return told(r->mailbox, "a line of its attributes is no UTF-8");
	r->bytes += line.len;
	if (r->bytes >= REQUEST_BYTES)
		request_send(r);
	return r->status == EXIT_DONE;
}

int attributes_send(const struct client *c, const char *account, const char *mailbox,
	const char *path, int is_subscribed)
{
	struct request r = { .client = c,
		.account = account,
		.mailbox = mailbox,
		.is_subscribed = is_subscribed,
		.lines = json_array() };

	if (!attributes_read(path, request_add, &r) && r.status == EXIT_DONE)
		r.status = EXIT_FAILED;
	if (r.status == EXIT_DONE)
		request_send(&r);
	json_decref(r.lines);
	return r.status;
}

int attributes_subscribe(const struct client *c, const char *account, const char *mailbox)
{
	json_t *body = json_pack("{s:b}", "subscribed", 1), *json = NULL;
	const struct call call = { .method = "PUT",
		.collection = "attributes",
		.name = account,
		.query = { "mailbox", mailbox },
		.body = body };
	int status = call_send(c, &call, &json);

	json_decref(json);
	json_decref(body);
	return status;
}
