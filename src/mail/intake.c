/* SPDX-License-Identifier: MIT */
#include "mail/intake.h"

#include "mail/quota_use.h"

void intake_begin(struct intake *i, struct mail *m, const struct envelope *e)
{
	*i = (struct intake){ .mail = m, .envelope = e };
	body_begin(&i->body, m->store, m->clock);
}

bool intake_add(struct intake *i, struct slice s, struct error *e)
{
	return body_add(&i->body, s, e);
}

void intake_abandon(struct intake *i)
{
	body_abandon(&i->body);
}

static enum intake_answer target_may(struct mail *m, const struct target *t, uint64_t bytes)
{
	struct error e = { .fault = FAULT_NONE };
	enum quota_answer answer;

	if (!t->is_local)
		return INTAKE_OK;
	if (t->message_bytes_max > 0 && bytes > t->message_bytes_max)
		return INTAKE_TOO_BIG;
	if (!quota_is_limited(t))
		return INTAKE_OK;
	if (!quota_ready_for(m, t, &e))
		return INTAKE_FAILED;
	{
		HOLDING(&m->folders->lock);
		answer = quota_fits(m->quota, t, bytes, 1, bytes);
	}
	switch (answer) {
	case QUOTA_FITS:
		return INTAKE_OK;
	case QUOTA_FULL:
		return INTAKE_OVER_QUOTA;
	case QUOTA_NEVER:
		break;
	}
	return INTAKE_TOO_BIG;
}

/* As at commit time, one target with room is enough; else the answer that gives the sender most hope. */
enum intake_answer intake_may(struct mail *m, const struct targets *targets, uint64_t bytes)
{
	bool is_over = false, is_failed = false;

	for (size_t i = 0; i < targets->count; i++) {
		enum intake_answer answer = target_may(m, &targets->at[i], bytes);

		if (answer == INTAKE_OK)
			return INTAKE_OK;
		is_over = is_over || answer == INTAKE_OVER_QUOTA;
		is_failed = is_failed || answer == INTAKE_FAILED;
	}
	if (is_failed)
		return INTAKE_FAILED;
	return is_over ? INTAKE_OVER_QUOTA : INTAKE_TOO_BIG;
}
