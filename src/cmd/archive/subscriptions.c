/* SPDX-License-Identifier: MIT */
#include "cmd/archive/subscriptions.h"

#include "base/limits.h"
#include "cmd/archive/maildir.h"
#include "syntax/utf7.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	SUBSCRIPTIONS_MAX = 20000, /* LIMIT_SUBSCRIPTIONS of the server */
	NAME_ROOM = 4 * LIMIT_MAILBOX_NAME_BYTES,
};

static const char *const files[] = { ".subscriptions",
	"subscriptions" }; /* of a Maildir: the latter */

static bool told(const char *path, const char *what)
{
	(void)fprintf(stderr, "mailvisor: %s: %s\n", path, what);
	return false;
}

/* ---- Writing ---- */

static bool name_write(FILE *file, bool is_maildir, const char *name)
{
	char room[NAME_ROOM];
	struct buf out = BUF_OVER(room);
	bool is_written = is_maildir && strcmp(name, "INBOX") != 0
				  ? maildir_name_write(slice_of(name), &out)
				  : utf7_encode(slice_of(name), &out);

	return is_written && fwrite(out.at, 1, out.len, file) == out.len && fputc('\n', file) >= 0;
}

bool subscriptions_write(const char *top, bool is_maildir, const json_t *names)
{
	char path[MAILDIR_PATH_BYTES], part[MAILDIR_PATH_BYTES];
	bool is_good = true;
	FILE *file;

	if (snprintf(path, sizeof path, "%s/%s", top, files[is_maildir]) >= (int)sizeof path ||
		snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
		return told(top, "the path is too long");
	file = fopen(part, "we");
	for (size_t i = 0; file != NULL && i < json_array_size(names) && is_good; i++)
		is_good = name_write(file, is_maildir, json_string_value(json_array_get(names, i)));
	is_good = is_good && file != NULL && fflush(file) == 0 && fsync(fileno(file)) == 0;
	if (file != NULL)
		is_good = fclose(file) == 0 && is_good;
	return (is_good && rename(part, path) == 0) || told(path, strerrordesc_np(errno));
}

/* ---- Reading ---- */

struct reading {
	const char *path, *inbox;
	bool is_maildir, has_tabs;
	unsigned line;
	json_t *names;
};

/* "Work<tab>2026": each level in modified UTF-7. */
static bool tabs_read(struct slice line, struct buf *name)
{
	for (;;) { /* ends with the line */
		struct slice level = slice_first(line, slice_find(line, '\t'));

		if (level.len == 0 || !maildir_level_read(level, name))
			return false;
		if (level.len == line.len)
			return true;
		if (!buf_add_byte(name, '/'))
			return false;
		line = slice_skip(line, level.len + 1);
	}
}

static bool name_read(const struct reading *r, struct slice line, struct buf *name)
{
	if (r->has_tabs)
		return tabs_read(line, name);
	if (r->is_maildir)
		return maildir_name_read(line, name);
	return utf7_decode(line, name) || buf_add(name, line);
}

/* As it is called in the account. */
static bool name_place(const struct reading *r, struct slice line, struct buf *out)
{
	bool is_top = slice_same_nocase(line, S("INBOX")),
	     has_top = strcasecmp(r->inbox, "INBOX") != 0;

	if ((is_top || has_top) &&
		!buf_add(out, is_top && !has_top ? S("INBOX") : slice_of(r->inbox)))
		return false;
	if (!is_top && has_top && !buf_add_byte(out, '/'))
		return false;
	return (is_top || name_read(r, line, out)) && buf_add_byte(out, '\0');
}

static bool line_take(struct reading *r, struct slice line)
{
	char room[NAME_ROOM];
	struct buf name = BUF_OVER(room);

	r->line++;
	if (r->line == 1 && slice_starts(line, S("V\t"))) {
		r->has_tabs = slice_same(line, S("V\t2"));
		return r->has_tabs || told(r->path, "a form of subscriptions that is not known");
	}
	if (line.len == 0)
		return true;
	if (json_object_size(r->names) >= SUBSCRIPTIONS_MAX)
		return told(r->path, "more subscriptions than an account may have");
	if (name_place(r, line, &name) && strlen(room) + 1 == name.len &&
		json_object_set_new(r->names, room, json_true()) == 0)
		return true;
	(void)fprintf(
		stderr, "mailvisor: %s:%u: no name of a mailbox, left out\n", r->path, r->line);
	return true;
}

static bool lines_read(struct reading *r, FILE *file)
{
	ON_EXIT(memory_free) char *text = NULL;
	size_t room = 0;
	bool is_good = true;
	ssize_t len;

	while (is_good && (len = getline(&text, &room, file)) >= 0) {
		struct slice line = { text, (size_t)len };

		while (slice_ends_nocase(line, S("\n")) || slice_ends_nocase(line, S("\r")))
			line.len--;
		is_good = line_take(r, line);
	}
	return is_good && (ferror(file) == 0 || told(r->path, "it cannot be read on"));
}

bool subscriptions_read(const char *top, const char *inbox, json_t **ret)
{
	struct reading r = {
		.inbox = inbox, .is_maildir = maildir_is(top), .names = json_object()
	};
	char path[MAILDIR_PATH_BYTES];
	int len = snprintf(path, sizeof path, "%s/%s", top, files[r.is_maildir]);
	FILE *file = len > 0 && len < (int)sizeof path ? fopen(path, "re") : NULL;
	bool is_good = true;

	r.path = path;
	if (file != NULL) {
		is_good = lines_read(&r, file);
		(void)fclose(file);
	}
	*ret = file != NULL ? json_incref(r.names) : NULL;
	json_decref(r.names);
	return is_good;
}
