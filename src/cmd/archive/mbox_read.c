/* SPDX-License-Identifier: MIT */
#include "cmd/archive/letter.h"

#include "base/clock.h"
#include "cmd/archive/zone.h"
#include "message/sent_date.h"
#include "syntax/imap_flag.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READ_BYTES = 64 << 10,
	LOOK_BYTES = 4096, /* a From_ line and the beginning of the next one */
};

enum field_kind { FIELD_OTHER, FIELD_STATUS, FIELD_X_STATUS, FIELD_X_KEYWORDS, FIELD_KINDS };

struct mbox_reader {
	char *path;
	int fd;
	enum mbox_quotes quotes;
	int64_t mtime_s;
	char raw[READ_BYTES];
	size_t raw_at, raw_len;
	uint64_t at, line; /* of raw[raw_at]; the number of the line read last */
	bool is_eof, is_line_start;
	/* the From_ line of the message that comes next: */
	bool has_from, is_first;
	bool has_date;
	struct mbox_date date;
	uint64_t from_line;
};

/* What is found out while the lines of one message pass. */
struct passing {
	bool is_in_header, is_blank;
	uint64_t blank_at; /* of the last empty line, while is_blank */
	struct passing_field {
		enum field_kind kind;
		struct letter_cut place;
	} last[LETTER_CUTS]; /* newest first */
	json_t *flags[FIELD_KINDS];
	struct sent_date date;
	bool has_date, has_x_imap, has_warning, keeps_lf;
};

static void passing_done(struct passing *p)
{
	for (size_t i = 0; i < COUNT(p->flags); i++)
		json_decref(p->flags[i]);
}

/* ---- Lines ---- */

static bool refill(struct mbox_reader *m, struct error *e)
{
	memmove(m->raw, m->raw + m->raw_at, m->raw_len - m->raw_at);
	m->raw_len -= m->raw_at;
	m->raw_at = 0;
	while (m->raw_len < sizeof m->raw && !m->is_eof) {
		ssize_t got = read(m->fd, m->raw + m->raw_len, sizeof m->raw - m->raw_len);

		if (got < 0 && errno != EINTR)
			return fail(e, FAULT_NEVER, "line %" PRIu64 ": %s", m->line + 1,
				strerrordesc_np(errno));
		m->is_eof = got == 0;
		m->raw_len += got > 0 ? (size_t)got : 0;
	}
	return true;
}

/* What stands before us: at least LOOK_BYTES, or all that is left. */
static bool look(struct mbox_reader *m, struct slice *ret, struct error *e)
{
	if (m->raw_len - m->raw_at < LOOK_BYTES && !m->is_eof && !refill(m, e))
		return false;
	*ret = (struct slice){ m->raw + m->raw_at, m->raw_len - m->raw_at };
	return true;
}

/* Passes over a line, or as much of it as stands before us. */
static struct slice pass_line(struct mbox_reader *m, struct slice ahead)
{
	size_t lf = slice_find(ahead, '\n');
	struct slice line = slice_first(ahead, lf + 1);

	m->line += m->is_line_start ? 1 : 0;
	m->is_line_start = lf < ahead.len;
	m->raw_at += line.len;
	m->at += line.len;
	return line;
}

static bool is_blank_line(struct slice line)
{
	return slice_same(line, S("\n")) || slice_same(line, S("\r\n"));
}

/* Does the next line begin as a header field does? */
static bool is_field_next(struct slice ahead)
{
	struct slice next = slice_skip(ahead, slice_find(ahead, '\n') + 1);
	size_t colon = slice_find(next, ':');

	for (size_t i = 0; i < colon && colon < next.len; i++)
		if (next.at[i] <= ' ' || (unsigned char)next.at[i] >= 127)
			return false;
	return colon > 0 && colon < next.len;
}

/* Passes over a line that begins a message. False in *ret: it does not. */
static void from_try(struct mbox_reader *m, struct slice ahead, bool *ret)
{
	struct mbox_date date = { 0 };
	bool has_date;

	*ret = false;
	if (!slice_starts(ahead, S("From ")))
		return;
	has_date = mbox_from_read(ahead, &date);
	if (!has_date && !is_field_next(ahead)) {
		(void)fprintf(stderr,
			"mailvisor: %s:%" PRIu64
			": 'From ' without a date or a header behind it, taken as text\n",
			m->path, m->line + 1);
		return;
	}
	(void)pass_line(m, ahead);
	m->has_from = *ret = true;
	m->has_date = has_date;
	m->date = date;
	m->from_line = m->line;
}

/* ---- Header fields ---- */

static enum field_kind kind_of(struct slice line)
{
	if (slice_starts_nocase(line, S("Status:")))
		return FIELD_STATUS;
	if (slice_starts_nocase(line, S("X-Status:")))
		return FIELD_X_STATUS;
	return slice_starts_nocase(line, S("X-Keywords:")) ? FIELD_X_KEYWORDS : FIELD_OTHER;
}

static void add_letters(json_t *flags, enum field_kind kind, struct slice value)
{
	static const struct {
		enum field_kind kind;
		char letter;
		const char *flag;
	} rows[] = {
		{ FIELD_STATUS, 'R', "\\Seen" },
		{ FIELD_X_STATUS, 'A', "\\Answered" },
		{ FIELD_X_STATUS, 'F', "\\Flagged" },
		{ FIELD_X_STATUS, 'D', "\\Deleted" },
		{ FIELD_X_STATUS, 'T', "\\Draft" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].kind == kind && slice_find(value, rows[i].letter) < value.len)
			(void)json_array_append_new(flags, json_string(rows[i].flag));
}

static void add_words(json_t *flags, struct slice value)
{
	while (value.len > 0) {
		size_t len = slice_find(value, ' ');

		if (imap_keyword_is_valid(slice_first(value, len)))
			(void)json_array_append_new(flags, json_stringn(value.at, len));
		value = slice_skip(value, len + 1);
	}
}

static void field_value(struct passing *p, enum field_kind kind, struct slice value)
{
	if (kind == FIELD_X_KEYWORDS)
		add_words(p->flags[kind], slice_trim(value));
	else if (kind != FIELD_OTHER)
		add_letters(p->flags[kind], kind, value);
	if (kind == FIELD_X_STATUS && slice_find(value, 'l') < value.len)
		p->keeps_lf = true;
}

/* The newest of each kind counts: an older one may be what the sender wrote. */
static void field_begin(struct passing *p, struct slice line, uint64_t at)
{
	enum field_kind kind = kind_of(line);
	size_t colon = slice_find(line, ':');

	memmove(&p->last[1], &p->last[0], sizeof p->last - sizeof p->last[0]);
	p->last[0] = (struct passing_field){ kind, { at, at + line.len } };
	p->keeps_lf = p->keeps_lf && kind != FIELD_X_STATUS;
	if (kind != FIELD_OTHER) {
		json_decref(p->flags[kind]);
		p->flags[kind] = json_array();
		field_value(p, kind, slice_skip(line, colon + 1));
	} else if (slice_starts_nocase(line, S("Date:"))) {
		p->has_date = sent_date_parse(slice_trim(slice_skip(line, 5)), &p->date);
	} else if (slice_starts_nocase(line, S("X-IMAP:"))) {
		p->has_x_imap = true;
	} else if (slice_starts_nocase(line, S("Subject: DON'T DELETE THIS MESSAGE"))) {
		p->has_warning = true;
	}
}

static void header_line(struct passing *p, struct slice line, uint64_t at, bool is_begun)
{
	if (is_begun && line.at[0] != ' ' && line.at[0] != '\t') {
		field_begin(p, line, at);
		return;
	}
	p->last[0].place.end = at + line.len;
	field_value(p, p->last[0].kind, line);
}

static void set_cuts(const struct passing *p, struct letter *l)
{
	bool is_there[FIELD_KINDS] = { false };
	size_t count = 0;

	while (count < LETTER_CUTS && p->last[count].kind != FIELD_OTHER &&
		!is_there[p->last[count].kind])
		is_there[p->last[count++].kind] = true;
	for (size_t i = 0; i < count; i++)
		l->cuts[i] = p->last[count - 1 - i].place;
	l->cut_count = count;
}

/* ---- Messages ---- */

/* To the next From_ line, or the end of the file. */
static bool pass_message(
	struct mbox_reader *m, struct passing *p, uint64_t *ret_end, struct error *e)
{
	for (;;) { /* ends with the file */
		struct slice ahead, line;
		bool is_begun = m->is_line_start, is_from = false;
		uint64_t at = m->at;

		if (!look(m, &ahead, e))
			return false;
		if (is_begun && p->is_blank)
			from_try(m, ahead, &is_from);
		if (is_from || ahead.len == 0) {
			*ret_end = p->is_blank ? p->blank_at : at;
			return true;
		}
		line = pass_line(m, ahead);
		p->is_blank = is_begun && is_blank_line(line);
		if (p->is_blank) {
			p->blank_at = at;
			p->is_in_header = false;
		}
		if (p->is_in_header)
			header_line(p, line, at, is_begun);
	}
}

/* A Date field may say what no clock does. */
static bool is_zone(int32_t minutes)
{
	return minutes >= -ZONE_MINUTES_MAX && minutes <= ZONE_MINUTES_MAX;
}

static bool letter_set(
	const struct mbox_reader *m, const struct passing *p, struct letter *l, struct error *e)
{
	int64_t seconds = p->has_date ? p->date.unix_s : m->mtime_s;

	if (l->received_ns == 0 && seconds > 0) {
		l->received_ns = (uint64_t)seconds * NS_PER_S;
		l->zone_min = p->has_date && is_zone(p->date.zone_min) ? p->date.zone_min : 0;
	}
	l->quotes = m->quotes;
	l->keeps_lf = p->keeps_lf;
	l->path = strdup(m->path);
	l->flags = json_array();
	for (size_t i = 0; i < COUNT(p->flags); i++)
		if (p->flags[i] != NULL)
			(void)json_array_extend(l->flags, p->flags[i]);
	return (l->path != NULL && l->flags != NULL) || fail(e, FAULT_LATER, "out of memory");
}

bool mbox_reader_next(struct mbox_reader *m, struct letter *ret, bool *ret_found, struct error *e)
{
	*ret_found = false;
	while (m->has_from) { /* once more for a message that is none */
		ON_EXIT(passing_done) struct passing p = { .is_in_header = true, .is_blank = true };
		struct letter l = { .line = m->from_line, .at = m->at };

		p.blank_at = m->at;
		if (m->has_date && m->date.unix_s > 0) {
			l.received_ns = (uint64_t)m->date.unix_s * NS_PER_S;
			l.zone_min = m->date.zone_min;
		}
		m->has_from = false;
		if (!pass_message(m, &p, &l.end, e))
			return false;
		set_cuts(&p, &l);
		/* What Pine and its library keep about the file, in the shape of a message; one that we wrote is a mail. */
		if (m->is_first && p.has_x_imap && p.has_warning && l.cut_count < LETTER_CUTS) {
			(void)fprintf(stderr,
				"mailvisor: %s:%" PRIu64
				": no mail but a note of the folder, left out\n",
				m->path, l.line);
			m->is_first = false;
			continue;
		}
		m->is_first = false;
		*ret_found = letter_set(m, &p, &l, e);
		*ret = l;
		return *ret_found;
	}
	return true;
}

static bool begin(struct mbox_reader *m, struct error *e)
{
	struct stat status;
	struct slice ahead;
	bool is_from = false;

	if (fstat(m->fd, &status) < 0)
		return fail(e, FAULT_NEVER, "%s", strerrordesc_np(errno));
	if (!S_ISREG(status.st_mode))
		return fail(e, FAULT_NEVER, "no regular file");
	m->mtime_s = (int64_t)status.st_mtime;
	if (!look(m, &ahead, e))
		return false;
	while (slice_starts(ahead, S("\n")) || slice_starts(ahead, S("\r\n"))) {
		(void)pass_line(m, ahead);
		if (!look(m, &ahead, e))
			return false;
	}
	if (ahead.len == 0)
		return true;
	from_try(m, ahead, &is_from);
	return is_from ||
	       fail(e, FAULT_NEVER,
		       "line %" PRIu64 ": no mbox: its first line is not 'From sender date'",
		       m->line + 1);
}

struct mbox_reader *mbox_reader_open(const char *path, enum mbox_quotes quotes, struct error *e)
{
	struct mbox_reader *m = calloc(1, sizeof *m);

	if (m == NULL) {
		(void)fail(e, FAULT_LATER, "out of memory");
		return NULL;
	}
	m->path = strdup(path);
	m->quotes = quotes;
	m->is_line_start = m->is_first = true;
	m->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (m->fd < 0)
		(void)fail(e, FAULT_NEVER, "%s", strerrordesc_np(errno));
	if (m->fd < 0 || m->path == NULL || !begin(m, e)) {
		mbox_reader_close(m);
		return NULL;
	}
	return m;
}

void mbox_reader_close(struct mbox_reader *m)
{
	fd_close(&m->fd);
	free(m->path);
	free(m);
}
