/* SPDX-License-Identifier: MIT */
#include "syntax/imap_append.h"

#include "base/limits.h"
#include "syntax/imap_word.h"

/* The parts of the walk answer this, beside the three that leave it. */
enum walk { WALK_ON, WALK_ARGUMENT, WALK_MESSAGE };

/* Is the rest of the line "{5}", "~{5+}" and nothing else? Then it announces a literal. */
static struct imap_literal announced(const struct imap_reader *r)
{
	struct slice rest = cursor_rest(&r->c);
	struct imap_literal found = imap_line_literal(rest);
	size_t from = found.is_binary ? 1 : 0;

	if (rest.len < 3 || rest.at[from] != '{' || slice_find_last(rest, '{') != from)
		found.kind = IMAP_LITERAL_NONE;
	return found;
}

/* Before an astring: must its literal be read first? */
static bool wants_argument(struct imap_reader *r, struct imap_append *a)
{
	struct imap_literal literal = announced(r);

	if (literal.kind != IMAP_LITERAL_BYTES || literal.is_binary)
		return false;
	a->argument = literal;
	return true;
}

static struct imap_append_part *part_add(struct imap_reader *r, struct imap_append *a)
{
	struct imap_append_part *part = imap_take(r, sizeof *part);

	if (a->message->part_count == LIMIT_IMAP_APPEND_PARTS)
		imap_miss(r, "CATENATE has too many parts");
	if (r->c.broken)
		return NULL;
	if (a->message->parts == NULL)
		a->message->parts = part;
	else
		a->part->next = part;
	a->part = part;
	a->message->part_count++;
	return part;
}

static enum walk read_literal(struct imap_reader *r, struct imap_append *a)
{
	struct imap_literal literal = announced(r);
	struct imap_append_part *part;

	if (literal.kind != IMAP_LITERAL_BYTES)
		imap_miss(r, "a message is a literal: {bytes} at the end of the line");
	if (a->message->is_utf8 && !literal.is_binary)
		imap_miss(r, "UTF8 takes a literal8: UTF8 (~{bytes}");
	part = part_add(r, a);
	if (part == NULL)
		return WALK_ON;
	part->literal = literal;
	(void)cursor_take(&r->c, cursor_left(&r->c));
	a->place = a->message->is_utf8       ? IMAP_APPEND_IN_UTF8
		   : a->message->is_catenate ? IMAP_APPEND_IN_CATENATE
					     : IMAP_APPEND_AFTER;
	return WALK_MESSAGE;
}

static enum walk read_url(struct imap_reader *r, struct imap_append *a)
{
	struct imap_append_part *part;
	struct slice url;

	if (wants_argument(r, a))
		return WALK_ARGUMENT;
	url = imap_astring(r);
	part = part_add(r, a);
	if (part != NULL) {
		part->is_url = true;
		part->url = url;
	}
	return WALK_ON;
}

/* RFC 4469 5: cat-parts and the closing parenthesis. */
static enum walk read_parts(struct imap_reader *r, struct imap_append *a)
{
	enum walk walk = WALK_ON;

	do {
		bool is_text = imap_try_word(r, S("TEXT"));

		if (!is_text && !imap_try_word(r, S("URL")))
			imap_miss(r, "CATENATE takes TEXT and URL");
		imap_space(r);
		if (!r->c.broken)
			walk = is_text ? read_literal(r, a) : read_url(r, a);
	} while (walk == WALK_ON && imap_try(r, ' '));
	if (walk == WALK_ON)
		imap_expect(r, ')', "CATENATE does not end");
	return walk;
}

static void message_add(struct imap_reader *r, struct imap_append *a)
{
	struct imap_append_message *message = imap_take(r, sizeof *message);

	if (a->message_count == (a->is_replace ? 1 : LIMIT_IMAP_APPEND_MESSAGES))
		imap_miss(r, a->is_replace ? "REPLACE takes one message"
					   : "APPEND has too many messages");
	if (r->c.broken)
		return;
	if (a->messages == NULL)
		a->messages = message;
	else
		a->message->next = message;
	a->message = message;
	a->message_count++;
}

/* The quoted date-time, when there is one, and the space behind it. */
static void read_time(struct imap_reader *r, struct imap_append_message *m)
{
	if (!imap_at(r, '"'))
		return;
	m->has_time = true;
	if (!imap_time_parse(imap_string(r), &m->time))
		imap_miss(r, "a date-time is written \"17-Jul-1996 02:44:25 -0700\"");
	imap_space(r);
}

/* RFC 9051 9 append-message, from the space before it. */
static enum walk read_message(struct imap_reader *r, struct imap_append *a)
{
	imap_space(r);
	message_add(r, a);
	if (r->c.broken)
		return WALK_ON;
	if (imap_at(r, '(')) {
		a->message->flags = imap_flags_read(r, false);
		imap_space(r);
	}
	read_time(r, a->message);
	a->message->is_catenate = cursor_try(&r->c, S("CATENATE ("));
	if (a->message->is_catenate)
		return read_parts(r, a);
	a->message->is_utf8 = cursor_try(&r->c, S("UTF8 ("));
	return r->c.broken ? WALK_ON : read_literal(r, a);
}

/* REPLACE's number, and the mailbox. */
static enum walk read_start(struct imap_reader *r, struct imap_append *a)
{
	if (a->is_replace) {
		a->number = imap_try(r, '*') ? IMAP_STAR
					     : (uint32_t)imap_number(r, 1, UINT32_MAX,
						       "REPLACE takes the number of a message");
		imap_space(r);
	}
	if (wants_argument(r, a))
		return WALK_ARGUMENT;
	a->mailbox = imap_mailbox(r);
	return WALK_ON;
}

static enum walk resume(struct imap_reader *r, struct imap_append *a)
{
	switch (a->place) {
	case IMAP_APPEND_START:
		return read_start(r, a);
	case IMAP_APPEND_IN_CATENATE:
		if (imap_try(r, ' '))
			return read_parts(r, a);
		imap_expect(r, ')', "CATENATE does not end");
		break;
	case IMAP_APPEND_IN_UTF8:
		imap_expect(r, ')', "UTF8 ( does not end with )");
		break;
	case IMAP_APPEND_AFTER:
		break;
	}
	a->place = IMAP_APPEND_AFTER;
	return WALK_ON;
}

static enum walk walk_segment(struct imap_reader *r, struct imap_append *a)
{
	enum walk walk = resume(r, a);

	while (walk == WALK_ON && !r->c.broken && (!cursor_at_end(&r->c) || a->messages == NULL))
		walk = read_message(r, a);
	return walk;
}

/* Takes back what a segment added to lists that were there before. */
static void undo(struct imap_append *a, const struct imap_append *before, size_t part_count)
{
	*a = *before;
	if (a->message == NULL)
		return;
	a->message->next = NULL;
	a->message->part_count = part_count;
	a->part->next = NULL;
}

enum imap_append_answer imap_append_next(
	struct imap_parse *p, struct slice segment, struct imap_append *a)
{
	struct imap_reader r = imap_reader_over(p, segment);
	struct imap_append before = *a;
	size_t part_count = a->message == NULL ? 0 : a->message->part_count;
	enum walk walk = walk_segment(&r, a);

	if (walk == WALK_ARGUMENT && !r.c.broken) {
		struct imap_literal argument = a->argument;

		undo(a, &before, part_count);
		a->argument = argument;
		return IMAP_APPEND_ARGUMENT;
	}
	if (imap_reader_done(&r))
		return walk == WALK_MESSAGE ? IMAP_APPEND_MESSAGE : IMAP_APPEND_DONE;
	undo(a, &before, part_count);
	return IMAP_APPEND_BAD;
}
