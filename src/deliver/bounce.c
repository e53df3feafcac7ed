/* SPDX-License-Identifier: MIT */
#include "deliver/bounce.h"

#include "base/limits.h"
#include "deliver/report.h"
#include "mail/directory.h"
#include "mail/intake.h"
#include "syntax/smtp_line.h"

#include <stdlib.h>

static bool has_wish(const struct bounce *b, size_t rcpt)
{
	unsigned notify = b->item->rcpts[rcpt].notify;

	if (!b->is_meant[rcpt] || (notify & SMTP_NOTIFY_NEVER) != 0)
		return false;
	if (b->kind == BOUNCE_RELAYED)
		return (notify & SMTP_NOTIFY_SUCCESS) != 0;
	return notify == 0 || (notify & SMTP_NOTIFY_FAILURE) != 0;
}

static bool is_wanted(const struct bounce *b, bool *wishes)
{
	bool any = false;

	for (size_t i = 0; i < b->item->rcpt_count; i++) {
		wishes[i] = has_wish(b, i);
		any = any || wishes[i];
	}
	return any && b->item->reverse_path.len > 0;
}

/* Who gets it: mailboxes here, or the reverse-path by way of the next host. */
static bool find_targets(const struct bounce *b, struct arena *a, struct targets *ret,
	bool *ret_found, struct error *e)
{
	enum resolve answer;

	if (!directory_resolve(b->mail->directory, b->item->reverse_path, a, &answer, ret, e))
		return false;
	*ret_found = answer == RESOLVE_OK || answer == RESOLVE_REMOTE;
	if (answer != RESOLVE_REMOTE)
		return true;
	ret->at = arena_take(a, sizeof *ret->at);
	if (ret->at == NULL)
		return fail(e, FAULT_LATER, "address a bounce: out of memory");
	ret->at[0].address = b->item->reverse_path;
	ret->count = 1;
	return true;
}

static enum bounce_answer answer_of(const struct intake_rcpt *rcpt, struct error *e)
{
	switch (rcpt->answer) {
	case INTAKE_OK:
		return BOUNCE_SENT;
	case INTAKE_OVER_QUOTA:
		(void)fail(e, FAULT_NEVER, "its sender's mailbox is full");
		return BOUNCE_LOST;
	case INTAKE_TOO_BIG:
		(void)fail(e, FAULT_NEVER, "it is too big for its sender's mailbox");
		return BOUNCE_LOST;
	case INTAKE_FAILED:
		break;
	}
	*e = rcpt->error;
	if (e->fault == FAULT_NONE)
		(void)fail(e, FAULT_LATER, "keep a bounce: the store failed");
	return BOUNCE_LATER;
}

static enum bounce_answer hand_in(
	const struct bounce *b, const bool *wishes, const struct targets *targets, struct error *e)
{
	struct envelope_rcpt to = { .address = b->item->reverse_path, .notify = SMTP_NOTIFY_NEVER };
	struct envelope envelope = {
		.id = id_new(b->clock),
		.reverse_path = S(""),
		.is_utf8 = b->item->is_utf8,
		.body = b->item->body_type == SMTP_BODY_7BIT ? SMTP_BODY_7BIT : SMTP_BODY_8BITMIME,
		.rcpts = &to,
		.rcpt_count = 1,
		.protocol = PROTOCOL_ESMTP,
		.wall_ns = clock_wall_ns(b->clock),
	};
	struct intake_rcpt rcpt = { .targets = *targets, .rcpt = &to };
	const struct report report = { .bounce = b, .wishes = wishes, .id = envelope.id };
	auto_free struct timeline *timeline = calloc(1, sizeof *timeline);
	struct intake intake;

	if (timeline == NULL)
		return (void)fail(e, FAULT_LATER, "write a bounce: out of memory"), BOUNCE_LATER;
	timeline_begin(timeline, envelope.id);
	timeline_note(timeline, b->clock, STAGE_MAIL, 0, S("bounce"));
	timeline_note(timeline, b->clock, STAGE_RCPT, 0, to.address);
	intake_begin(&intake, b->mail, &envelope);
	if (!report_write(&report, &intake, e)) {
		intake_abandon(&intake);
		return BOUNCE_LATER;
	}
	intake_commit(&intake, &rcpt, 1, timeline);
	timeline_log(timeline);
	return answer_of(&rcpt, e);
}

enum bounce_answer bounce_send(const struct bounce *b, struct error *e)
{
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	auto_free bool *wishes = calloc(b->item->rcpt_count + 1, sizeof *wishes);
	struct targets targets = { .count = 0 };
	bool is_found;

	if (wishes == NULL)
		(void)fail(e, FAULT_LATER, "write a bounce: out of memory");
	else if (!is_wanted(b, wishes))
		return BOUNCE_NOT_WANTED;
	else if (find_targets(b, &arena, &targets, &is_found, e)) {
		if (is_found)
			return hand_in(b, wishes, &targets, e);
		(void)fail(e, FAULT_NEVER, "its sender '%.*s' is nobody here",
			S_FMT(slice_first(b->item->reverse_path, 100)));
		return BOUNCE_LOST;
	}
	return BOUNCE_LATER;
}
