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

static bool line_add(struct buf *out, const struct timeline *t, const struct timeline_stage *stage,
	uint64_t more_rcpts)
{
	char time[CLOCK_TEXT_BYTES], name[ID_TEXT_BYTES + 1];
	struct log_field fields[] = {
		LOG_TEXT("msg", id_text(t->id, name)),
		LOG_TEXT("stage", slice_of(stage_name(stage->stage))),
		LOG_COUNT("mono", stage->mono_ns),
		LOG_COUNT("bytes", stage->bytes),
		LOG_TEXT("note", stage->note),
		LOG_COUNT("more", more_rcpts),
	};
	size_t count = COUNT(fields) - (more_rcpts == 0 ? 1 : 0);

	if (!buf_add(out, S("t=")) || !buf_add(out, slice_of(clock_text(stage->wall_ns, time))) ||
		!buf_add(out, S(" ev=mail.stage")))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (fields[i].text.at != NULL && fields[i].text.len == 0)
			continue;
		if (!log_add_field(out, &fields[i]))
			return false;
	}
	return buf_add_byte(out, '\n');
}

void timeline_log(const struct timeline *t)
{
	char room[TIMELINE_LOG_BYTES];
	struct buf out = BUF_OVER(room);
	size_t last_rcpt = SIZE_MAX;

	if (!log_is_on(LOG_LEVEL_INFO))
		return;
	for (size_t i = 0; i < t->stage_count; i++)
		last_rcpt = t->stages[i].stage == STAGE_RCPT ? i : last_rcpt;
	for (size_t i = 0; i < t->stage_count; i++) {
		size_t whole = out.len;

		/* A line that does not fit any more is left out, not cut. */
		if (!line_add(&out, t, &t->stages[i], i == last_rcpt ? t->rcpts_not_noted : 0)) {
			out.len = whole;
			break;
		}
	}
	log_lines(buf_slice(&out));
}
