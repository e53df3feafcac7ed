/* SPDX-License-Identifier: MIT */
/* A mailbox is written beside its place and moved there when it is complete; what stands there is never overwritten. */
#include "cmd/archive/archive.h"
#include "cmd/archive/maildir.h"

#include "base/clock.h"
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
		MBOX_QUOTE_BYTES + 1024 /* the beginning of a line: a field of an envelope, too */
};

struct mbox_writer {
	char top[MAILDIR_PATH_BYTES], path[MAILDIR_PATH_BYTES], part[MAILDIR_PATH_BYTES];
	bool is_single;
	enum mbox_quotes quotes;
	FILE *file; /* of `part` */
	struct received head;
	char status[2048]; /* the lines Status, X-Status, X-Keywords */
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

/* All three in every case: so the reader takes off just these, and none that the message has of its own. */
static void status_set(struct mbox_writer *m, const json_t *flags)
{
	struct buf out = BUF_OVER(m->status);

	invariant(buf_add(&out, S("Status: ")));
	add_flag(&out, flags, "\\Seen", 'R');
	invariant(buf_add(&out, S("O\nX-Status: ")));
	add_flag(&out, flags, "\\Answered", 'A');
	add_flag(&out, flags, "\\Flagged", 'F');
	add_flag(&out, flags, "\\Deleted", 'D');
	add_flag(&out, flags, "\\Draft", 'T');
	invariant(buf_add(&out, S("\nX-Keywords:")));
	for (size_t i = 0; i < json_array_size(flags); i++) {
		struct slice flag = slice_of(json_string_value(json_array_get(flags, i)));

		if (slice_starts(flag, S("\\")) || out.max - out.len < flag.len + 3)
			continue;
		invariant(buf_add_byte(&out, ' ') && buf_add(&out, flag));
	}
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
	return mbox_from_write(&out, sender, (int64_t)(m->head.received_ns / NS_PER_S)) &&
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
	status_set(m, head->flags);
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

/* "Work/2026" is "Work.sbd/2026": a file and a directory cannot have one name. */
static bool mailbox_path(struct mbox_writer *m, const char *mailbox)
{
	struct buf path = BUF_OVER(m->path);
	struct slice rest = slice_of(mailbox);

	if (!buf_add(&path, slice_of(m->top)))
		return false;
	while (!m->is_single) { /* ends with the name */
		struct slice level = slice_first(rest, slice_find(rest, '/'));

		if (!buf_add_byte(&path, '/') ||
			(level.at[0] == '.' && !buf_add(&path, S("&AC4-"))) ||
			!utf7_encode(slice_skip(level, level.at[0] == '.' ? 1 : 0), &path))
			return told(mailbox, "its name is too long for a file");
		rest = slice_skip(rest, level.len + 1);
		if (rest.len == 0)
			break;
		if (!buf_add(&path, S(".sbd")) || !buf_add_byte(&path, '\0'))
			return told(mailbox, "its name is too long for a file");
		path.len--;
		if (mkdir(m->path, 0700) < 0 && errno != EEXIST)
			return told(m->path, strerrordesc_np(errno));
	}
	return buf_add_byte(&path, '\0') || told(mailbox, "its name is too long for a file");
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

static bool mbox_mailbox_end(void *context)
{
	struct mbox_writer *m = context;
	bool is_good = fflush(m->file) == 0 && fsync(fileno(m->file)) == 0;

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
		mbox_message_end, mbox_mailbox_end, mbox_done, m };
	return true;
}
