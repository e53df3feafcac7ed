/* SPDX-License-Identifier: MIT */
#include "mail/timeline.h"

#include "base/log.h"

#include <string.h>

enum { TIMELINE_LOG_BYTES = 8192 /* 16 stages of 200 bytes, notes included, with room to spare */ };

/* clang-format off */
static const char *const stage_names[STAGE_COUNT] = {
	[STAGE_CONNECTED] = "connected",
	[STAGE_TLS] = "tls",
	[STAGE_AUTHENTICATED] = "authenticated",
	[STAGE_MAIL] = "mail",
	[STAGE_RCPT] = "rcpt",
	[STAGE_DATA] = "data",
	[STAGE_RECEIVED] = "received",
	[STAGE_CHECKED] = "checked",
	[STAGE_COMMITTED] = "committed",
	[STAGE_NOTIFIED] = "notified",
	[STAGE_FETCHED] = "fetched",
	[STAGE_ATTEMPT] = "attempt",
	[STAGE_RELAYED] = "relayed",
	[STAGE_BOUNCED] = "bounced",
	[STAGE_REFUSED] = "refused",
	[STAGE_REMOVED] = "removed",
};
/* clang-format on */

const char *stage_name(enum stage s)
{
	return stage_names[s];
}

/* Not by memset: the text of 2 KiB needs no zeros. */
void timeline_begin(struct timeline *t, struct id id)
{
	t->id = id;
	t->stage_count = 0;
	t->rcpts_not_noted = 0;
	t->text_len = 0;
}

static struct slice text_keep(struct timeline *t, struct slice note)
{
	struct slice kept = slice_first(note, sizeof t->text - t->text_len);
	char *at = t->text + t->text_len;

	if (kept.len == 0)
		return S("");
	memcpy(at, kept.at, kept.len);
	t->text_len += kept.len;
	return (struct slice){ at, kept.len };
}

void timeline_note_at(struct timeline *t, enum stage stage, uint64_t mono_ns, uint64_t wall_ns,
	uint64_t bytes, struct slice note)
{
	/* What comes after the recipients must have room: they are the only stage that repeats without end. */
	size_t room = stage == STAGE_RCPT ? TIMELINE_STAGES - 6 : TIMELINE_STAGES;

	if (t->stage_count >= room) {
		t->rcpts_not_noted += stage == STAGE_RCPT ? 1 : 0;
		return;
	}
	t->stages[t->stage_count++] =
		(struct timeline_stage){ stage, mono_ns, wall_ns, bytes, text_keep(t, note) };
}

void timeline_note(struct timeline *t, const struct clock *clock, enum stage stage, uint64_t bytes,
	struct slice note)
{
	timeline_note_at(t, stage, clock_mono_ns(clock), clock_wall_ns(clock), bytes, note);
}

/* As log_write would write it; what is ours needs no look at whether it must be quoted. */
static bool line_add(struct buf *out, struct slice name, const struct timeline_stage *stage)
{
	char time[CLOCK_TEXT_BYTES];
	const struct log_field note = LOG_TEXT("note", stage->note);

	return buf_add(out, S("t=")) && buf_add(out, slice_of(clock_text(stage->wall_ns, time))) &&
	       buf_add(out, S(" ev=mail.stage msg=")) && buf_add(out, name) &&
	       buf_add(out, S(" stage=")) && buf_add(out, slice_of(stage_name(stage->stage))) &&
	       buf_add(out, S(" mono=")) && buf_add_number(out, stage->mono_ns) &&
	       buf_add(out, S(" bytes=")) && buf_add_number(out, stage->bytes) &&
	       (stage->note.len == 0 || log_add_field(out, &note));
}

static bool more_add(struct buf *out, uint64_t more_rcpts)
{
	const struct log_field more = LOG_COUNT("more", more_rcpts);

	return more_rcpts == 0 || log_add_field(out, &more);
}

void timeline_log(const struct timeline *t)
{
	char room[TIMELINE_LOG_BYTES], name_room[ID_TEXT_BYTES + 1];
	struct slice name = id_text(t->id, name_room);
	struct buf out = BUF_OVER(room);
	size_t last_rcpt = SIZE_MAX;

	if (!log_is_on(LOG_LEVEL_INFO))
		return;
	for (size_t i = 0; i < t->stage_count; i++)
		last_rcpt = t->stages[i].stage == STAGE_RCPT ? i : last_rcpt;
	for (size_t i = 0; i < t->stage_count; i++) {
		size_t whole = out.len;

		/* A line that does not fit any more is left out, not cut. */
		if (!line_add(&out, name, &t->stages[i]) ||
			!more_add(&out, i == last_rcpt ? t->rcpts_not_noted : 0) ||
			!buf_add_byte(&out, '\n')) {
			out.len = whole;
			break;
		}
	}
	log_lines(buf_slice(&out));
}
