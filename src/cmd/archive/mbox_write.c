/* SPDX-License-Identifier: MIT */
/* A mailbox is written beside its place and moved there when it is complete; what stands there is never overwritten. */
#include "cmd/archive/archive.h"
#include "cmd/archive/attributes.h"
#include "cmd/archive/maildir.h"
#include "cmd/archive/subscriptions.h"

#include "base/clock.h"
#include "base/limits.h"
#include "syntax/utf7.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINE_BYTES =
		MBOX_QUOTE_BYTES + 1024, /* the beginning of a line: a field of an envelope, too */
	STATUS_BYTES = 200 + LIMIT_IMAP_FLAGS * (LIMIT_IMAP_KEYWORD_BYTES + 2),
	FOLD_BYTES = 70, /* of X-Keywords in a line */
	LEVEL_BYTES =
		255 -
		(int)sizeof "..mailvisor-mailbox.part", /* of a level: NAME_MAX with all that we add */
};

struct mbox_writer {
	char top[MAILDIR_PATH_BYTES], path[MAILDIR_PATH_BYTES], part[MAILDIR_PATH_BYTES];
	bool is_single, is_short; /* short: its name stands in its attributes */
	enum mbox_quotes quotes;
	FILE *file; /* of `part` */
	struct received head;
	char status[STATUS_BYTES]; /* the lines Status, X-Status, X-Keywords */
	/* within a message: */
	char room[LINE_BYTES];
	size_t len; /* of the line's beginning that waits in room */
	bool is_line_start, is_in_header, has_from, ends_in_lf;
	uint64_t mended; /* messages that got an LF at their end */
};

static bool told(const char *path, const char *what)
{
	(void)fprintf(stderr, "mailvisor: %s: %s\n", path, what);
	return false;
}

static bool put(struct mbox_writer *m, struct slice s)
{
	if (s.len > 0)
		m->ends_in_lf = s.at[s.len - 1] == '\n';
	return s.len == 0 || fwrite(s.at, 1, s.len, m->file) == s.len ||
	       told(m->part, strerrordesc_np(errno));
}

/* ---- Lines ---- */

static void add_flag(struct buf *letters, const json_t *flags, const char *flag, char letter)
{
	for (size_t i = 0; i < json_array_size(flags); i++)
		if (strcasecmp(json_string_value(json_array_get(flags, i)), flag) == 0)
			invariant(buf_add_byte(letters, letter));
}

static int word_order(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	return slice_order(*x, *y);
}

/* In the order of their names, so that a second export says the same, whatever numbers they have in the server. */
static void keywords_add(struct mbox_writer *m, struct buf *out, const json_t *flags)
{
	struct slice words[LIMIT_IMAP_FLAGS];
	size_t count = 0, line = 0;

	for (size_t i = 0; i < json_array_size(flags); i++) {
		struct slice flag = slice_of(json_string_value(json_array_get(flags, i)));

		if (slice_starts(flag, S("\\")))
			continue;
		if (count < COUNT(words) && flag.len <= LIMIT_IMAP_KEYWORD_BYTES)
			words[count++] = flag;
		else
			(void)told(m->part, "a keyword that has no room is left out");
	}
	qsort(words, count, sizeof words[0], word_order);
	for (size_t i = 0; i < count; i++) {
		if (line > 0 && line + words[i].len > FOLD_BYTES) {
			invariant(buf_add_byte(out, '\n'));
			line = 0;
		}
		invariant(buf_add_byte(out, ' ') && buf_add(out, words[i]));
		line += 1 + words[i].len;
	}
}

/* All three in every case: so the reader takes off just these, and none that the message has of its own. */
static void status_set(struct mbox_writer *m, const struct received *head)
{
	struct buf out = BUF_OVER(m->status);
	const json_t *flags = head->flags;

	invariant(buf_add(&out, S("Status: ")));
	add_flag(&out, flags, "\\Seen", 'R');
	invariant(buf_add(&out, S("O\nX-Status: ")));
	add_flag(&out, flags, "\\Answered", 'A');
	add_flag(&out, flags, "\\Flagged", 'F');
	add_flag(&out, flags, "\\Deleted", 'D');
	add_flag(&out, flags, "\\Draft", 'T');
	if (head->keeps_lf)
		invariant(buf_add_byte(&out, 'l'));
	invariant(buf_add(&out, S("\nX-Keywords:")));
	keywords_add(m, &out, flags);
	invariant(buf_add(&out, S("\n")) && buf_add_byte(&out, '\0'));
}

/* The From_ line, with the sender when the message begins with a Return-Path. */
static bool from_put(struct mbox_writer *m, struct slice line)
{
	char room[LINE_BYTES + 64];
	struct buf out = BUF_OVER(room);
	struct slice sender = S("MAILER-DAEMON");

	if (slice_starts_nocase(line, S("Return-Path: <"))) {
		struct slice path = slice_skip(line, 14);

		path = slice_first(path, slice_find(path, '>'));
		if (path.len > 0 && path.len < 320 && slice_find(path, ' ') == path.len &&
			slice_find(path, '\n') == path.len)
			sender = path;
	}
	m->has_from = true;
	return mbox_from_write(&out, sender,
		       (struct mbox_date){
			       (int64_t)(m->head.received_ns / NS_PER_S), m->head.zone_min }) &&
	       put(m, buf_slice(&out));
}

static bool header_end(struct mbox_writer *m)
{
	m->is_in_header = false;
	if (!m->ends_in_lf) {
		m->mended++;
		if (!put(m, S("\n")))
			return false;
	}
	return put(m, slice_of(m->status));
}

/* The beginning of a line: whole, or as much as decides. */
static bool line_begin(struct mbox_writer *m)
{
	struct slice line = { m->room, m->len };
	int depth = mbox_quote_depth(line);

	if (!m->has_from && !from_put(m, line))
		return false;
	if (m->is_in_header && (slice_same(line, S("\n")) || slice_same(line, S("\r\n"))) &&
		!header_end(m))
		return false;
	if ((depth == 0 || (depth > 0 && m->quotes == MBOX_QUOTES_RD)) && !put(m, S(">")))
		return false;
	m->len = 0;
	return put(m, line);
}

/* Collects the beginning of a line, or passes on the rest of one. */
static bool line_add(struct mbox_writer *m, struct slice *bytes)
{
	size_t lf = slice_find(*bytes, '\n');
	struct slice part = slice_first(*bytes, lf + 1);
	bool has_end = lf < bytes->len, is_good = true;

	if (m->is_line_start) {
		part = slice_first(part, sizeof m->room - m->len);
		has_end = has_end && part.len == lf + 1;
		memcpy(m->room + m->len, part.at, part.len);
		m->len += part.len;
		if (has_end || m->len == sizeof m->room) {
			is_good = line_begin(m);
			m->is_line_start = has_end;
		}
	} else {
		is_good = put(m, part);
		m->is_line_start = has_end;
	}
	*bytes = slice_skip(*bytes, part.len);
	return is_good;
}

/* ---- Messages ---- */

static bool mbox_message_begin(void *context, const struct received *head)
{
	struct mbox_writer *m = context;

	m->head = *head;
	m->len = 0;
	m->is_line_start = m->is_in_header = true;
	m->has_from = false;
	m->ends_in_lf = true;
	status_set(m, head);
	return true;
}

static bool mbox_message_bytes(void *context, struct slice bytes)
{
	while (bytes.len > 0)
		if (!line_add(context, &bytes))
			return false;
	return true;
}

static bool mbox_message_end(void *context)
{
	struct mbox_writer *m = context;

	if (m->len > 0 && !line_begin(m))
		return false;
	if (!m->has_from && !from_put(m, S("")))
		return false;
	if (m->is_in_header && !header_end(m))
		return false;
	if (!m->ends_in_lf) {
		m->mended++;
		if (!put(m, S("\n")))
			return false;
	}
	return put(m, S("\n"));
}

/* ---- Mailboxes ---- */

/* A dot at the beginning would hide it, and one before "sbd" make it a directory's name. */
static bool level_write(struct slice level, struct buf *path)
{
	size_t first = level.at[0] == '.' ? 1 : 0;
	size_t last = slice_ends_nocase(level, S(".sbd")) && level.len > 4 ? 4 : 0;
	struct slice middle = slice_first(slice_skip(level, first), level.len - first - last);

	return (first == 0 || buf_add(path, S("&AC4-"))) && utf7_encode(middle, path) &&
	       (last == 0 || (buf_add(path, S("&AC4-")) &&
				     buf_add(path, slice_skip(level, level.len - 3))));
}

/* "Work/2026" is "Work.sbd/2026": a file and a directory cannot have one name. False: a level is too long. */
static bool name_write(struct slice mailbox, struct buf *path)
{
	for (;;) { /* ends with the name */
		struct slice level = slice_first(mailbox, slice_find(mailbox, '/'));
		size_t before = path->len + 1;

		if (!buf_add_byte(path, '/') || !level_write(level, path) ||
			path->len - before > LEVEL_BYTES)
			return false;
		mailbox = slice_skip(mailbox, level.len + 1);
		if (mailbox.len == 0)
			return buf_add_byte(path, '\0');
		if (!buf_add(path, S(".sbd")))
			return false;
	}
}

static bool directories_make(struct mbox_writer *m)
{
	for (char *slash = m->path + strlen(m->top) + 1; (slash = strchr(slash, '/')) != NULL;
		slash++) {
		int made;

		*slash = '\0';
		made = mkdir(m->path, 0700);
		if (made < 0 && errno != EEXIST)
			return told(m->path, strerrordesc_np(errno));
		*slash = '/';
	}
	return true;
}

static bool mailbox_path(struct mbox_writer *m, const char *mailbox)
{
	struct buf path = BUF_OVER(m->path);

	m->is_short = false;
	invariant(buf_add(&path, slice_of(m->top)));
	if (m->is_single)
		return buf_add_byte(&path, '\0');
	if (!name_write(slice_of(mailbox), &path)) {
		path.len = strlen(m->top);
		m->is_short = true;
		invariant(buf_add_byte(&path, '/') &&
			  maildir_short_write(slice_of(mailbox), &path) &&
			  buf_add_byte(&path, '\0'));
	}
	return directories_make(m);
}

static bool mbox_mailbox_begin(
	void *context, const char *mailbox, uint32_t uid_validity, uint32_t *ret_after)
{
	struct mbox_writer *m = context;
	int fd;

	(void)uid_validity;
	*ret_after = 0;
	if (!mailbox_path(m, mailbox))
		return false;
	if (access(m->path, F_OK) == 0)
		return told(m->path, "is there already, and is not overwritten");
	if (snprintf(m->part, sizeof m->part, "%s.part", m->path) >= (int)sizeof m->part)
		return told(m->path, "the path is too long");
	fd = open(m->part, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	m->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	return m->file != NULL || told(m->part, strerrordesc_np(errno));
}

static bool mbox_mailbox_end(void *context, const char *mailbox, struct slice attributes)
{
	struct mbox_writer *m = context;
	auto_buf lines = { .max = ATTRIBUTES_BYTES };
	char room[MAILDIR_PATH_BYTES];
	/* An empty file alone would be no mbox for an import. */
	bool is_empty = ftell(m->file) == 0;
	bool is_good = (!m->is_short || attributes_name_add(&lines, mailbox)) &&
		       buf_add(&lines, attributes) && attributes_path(m->path, false, room) &&
		       attributes_write(room, buf_slice(&lines), is_empty);

	is_good = is_good && fflush(m->file) == 0 && fsync(fileno(m->file)) == 0;

	is_good = fclose(m->file) == 0 && is_good;
	m->file = NULL;
	if (m->mended > 0)
		(void)fprintf(stderr,
			"mailvisor: %s: %" PRIu64
			" messages did not end with a line end, and have one now\n",
			m->path, m->mended);
	m->mended = 0;
	return (is_good &&
		       renameat2(AT_FDCWD, m->part, AT_FDCWD, m->path, RENAME_NOREPLACE) == 0) ||
	       told(m->path, strerrordesc_np(errno));
}

static bool mbox_subscriptions(void *context, const json_t *names)
{
	const struct mbox_writer *m = context;

	return subscriptions_write(m->top, false, names);
}

static void mbox_done(void *context)
{
	struct mbox_writer *m = context;

	if (m->file != NULL) {
		(void)fclose(m->file);
		(void)unlink(m->part);
	}
	free(m);
}

bool mbox_writer_open(const char *path, bool is_single, enum mbox_quotes quotes, struct writer *ret)
{
	struct mbox_writer *m = calloc(1, sizeof *m);

	if (m == NULL)
		return told(path, "out of memory");
	m->is_single = is_single;
	m->quotes = quotes;
	if (snprintf(m->top, sizeof m->top, "%s", path) >= (int)sizeof m->top / 2 ||
		(!is_single && mkdir(path, 0700) < 0 && errno != EEXIST)) {
		(void)told(path, strerrordesc_np(errno));
		free(m);
		return false;
	}
	*ret = (struct writer){ mbox_mailbox_begin, mbox_message_begin, mbox_message_bytes,
		mbox_message_end, mbox_mailbox_end, mbox_subscriptions, mbox_done, m };
	return true;
}
