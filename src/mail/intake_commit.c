/* SPDX-License-Identifier: MIT */
#include "mail/acceptance.h"
#include "mail/changes.h"

enum {
	/* a healthy store needs one; a faulty one fails all who share a folder together */
	INTAKE_TRIES = 100,
	/* landings of LIMIT_EXPANDED_RCPT_COUNT with their prefixes */
	INTAKE_ARENA_BYTES = 4 << 20,
};

static bool folders_ready(struct acceptance *a, struct error *e)
{
	for (size_t i = 0; i < a->landing_count; i++) {
		if (!folder_ready(a->landings[i].folder, e))
			return false;
	}
	return true;
}

/* One try: STORE_OK also when nobody has room and there is nothing to write. */
static enum store_answer accept_once(struct acceptance *a, struct error *e)
{
	auto_batch b;

	switch (acceptance_stage(a, &b, e)) {
	case STAGED:
		return acceptance_settle(a, &b, e);
	case STAGED_NOT_YET:
		return folders_ready(a, e) ? STORE_CONFLICT : STORE_FAILED;
	case STAGED_NOTHING:
		return STORE_OK;
	case STAGED_FAILED:
		break;
	}
	return STORE_FAILED;
}

static bool accept_mail(struct acceptance *a, struct error *e)
{
	for (unsigned i = 0; i < INTAKE_TRIES; i++) {
		switch (accept_once(a, e)) {
		case STORE_OK:
			return true;
		case STORE_FAILED:
			return false;
		case STORE_CONFLICT:
		case STORE_UNKNOWN:
			break;
		}
	}
	return fail(e, FAULT_LATER, "accept a message: its mailboxes keep changing");
}

static void tell(struct acceptance *a)
{
	for (size_t i = 0; i < a->landing_count; i++) {
		if (a->landings[i].answer == INTAKE_OK)
			changes_tell(a->mail->changes, folder_id(a->landings[i].folder),
				folder_account(a->landings[i].folder));
	}
}

static void note(struct acceptance *a)
{
	char room[64];
	struct buf words = BUF_OVER(room);
	size_t from, mailboxes = a->holders - a->item_count;

	if (a->timeline == NULL) {
		tell(a);
		return;
	}
	from = a->timeline->stage_count;
	if (!buf_add_format(&words, "mailboxes=%zu remote=%zu", mailboxes, a->remote_count))
		buf_clear(&words);
	timeline_note(a->timeline, a->mail->clock, STAGE_COMMITTED, a->intake->body.bytes,
		buf_slice(&words));
	tell(a);
	timeline_note(a->timeline, a->mail->clock, STAGE_NOTIFIED, 0, S(""));
	timelines_note_stage(a->mail->timelines, a->timeline->id, a->timeline->stages + from,
		a->timeline->stage_count - from);
}

static void accepted(struct acceptance *a)
{
	if (a->holders == 0)
		return;
	if (a->bucket > 0)
		timelines_landed(a->mail->timelines, a->bucket);
	for (size_t i = 0; i < a->item_count; i++)
		spool_landed(a->mail->spool, &a->items[i]);
	note(a);
}

/* One target with room is enough for a recipient; else the answer that gives the sender most hope. */
static void rcpt_answer(const struct acceptance *a, struct intake_rcpt *r)
{
	bool is_over = false, is_big = false;

	for (size_t i = 0; i < r->targets.count; i++) {
		const struct target *t = &r->targets.at[i];
		enum intake_answer answer =
			t->is_local ? acceptance_landing(a, t->account)->answer : INTAKE_OK;

		if (answer == INTAKE_OK) {
			r->answer = INTAKE_OK;
			return;
		}
		is_over = is_over || answer == INTAKE_OVER_QUOTA;
		is_big = is_big || answer == INTAKE_TOO_BIG;
	}
	r->answer = is_over ? INTAKE_OVER_QUOTA : is_big ? INTAKE_TOO_BIG : INTAKE_FAILED;
	if (r->answer == INTAKE_FAILED)
		(void)fail(&r->error, FAULT_NEVER, "the mailbox is not there any more");
}

void intake_commit(
	struct intake *i, struct intake_rcpt *rcpts, size_t count, struct timeline *timeline)
{
	struct acceptance a = { .intake = i,
		.mail = i->mail,
		.rcpts = rcpts,
		.rcpt_count = count,
		.timeline = timeline,
		.arena = { .max = INTAKE_ARENA_BYTES } };
	struct error e = { .fault = FAULT_NONE };
	bool is_good = acceptance_begin(&a, &e) && accept_mail(&a, &e);

	if (is_good)
		accepted(&a);
	for (size_t k = 0; k < count; k++) {
		error_clear(&rcpts[k].error);
		rcpts[k].answer = INTAKE_FAILED;
		if (is_good)
			rcpt_answer(&a, &rcpts[k]);
		else
			rcpts[k].error = e;
	}
	if ((is_good && a.holders > 0) || a.is_in_doubt)
		buf_done(&i->body.tail);
	else
		body_abandon(&i->body);
	acceptance_done(&a);
}
