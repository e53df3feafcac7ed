/* SPDX-License-Identifier: MIT */
#include "lab/lifecycle/load.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAIL_BYTES = 2048, MAIL_PAUSE_MS = 10 };

static bool begin(struct load *l, struct error *e)
{
	struct place *p = &l->place;
	struct watch_plan plan = { .deployment = &p->deployment,
		.from = "sender@a.example",
		.to = place_load_address(),
		.run = "load",
		.size_bytes = MAIL_BYTES,
		.pause_ms = MAIL_PAUSE_MS,
		.is_cancelled = p->options->is_cancelled };

	return place_deploy(p, e) && place_fill(p, e) && place_inventory(p, &l->before, e) &&
	       watch_start(&plan, &l->watch, e) && load_wait(l, LOAD_MAILS_BEFORE, e);
}

bool load_begin(const struct life_options *o, const struct platform *platform, bool is_qcow2,
	struct load *ret, struct error *e)
{
	*ret = (struct load){ .watch = NULL };
	if (!place_open(o, platform, &ret->place, e))
		return false;
	if (is_qcow2)
		ret->place.plan.hardware.value[HARDWARE_FORMAT] = FORMAT_QCOW2;
	if (begin(ret, e))
		return true;
	load_end(ret);
	return false;
}

bool load_wait(struct load *l, unsigned count, struct error *e)
{
	const struct life_options *o = l->place.options;

	if (watch_wait(l->watch, count, LOAD_WAIT_MS))
		return true;
	if (o->is_cancelled != NULL && *o->is_cancelled)
		return fail(e, FAULT_GONE, "stopped on request");
	char reason[PLATFORM_REASON_BYTES] = "it runs";

	(void)l->place.platform->is_alive(&l->place.deployment, reason);
	return fail(e, FAULT_LATER, "'%s' acknowledges no mail: %.120s", l->place.platform->name,
		reason);
}

void load_end(struct load *l)
{
	watch_free(l->watch);
	l->watch = NULL;
	inventory_done(&l->before);
	place_close(&l->place);
}

static void letters_judge(const struct watch *w, const uint8_t *is_there,
	const struct load_rules *rules, struct load_verdict *v)
{
	size_t count;
	const struct watch_mail *mails = watch_mails(w, &count);

	for (size_t i = 0; i < count; i++) {
		const struct watch_mail *m = &mails[i];
		bool must = m->is_acknowledged && (m->end_ns <= rules->must_until_ns ||
							  m->start_ns >= rules->must_again_ns);

		v->acknowledged += m->is_acknowledged;
		v->lost += must && is_there[i] == 0;
		v->strange += m->start_ns >= rules->never_from_ns &&
			      m->end_ns <= rules->never_to_ns && is_there[i] > 0;
	}
}

bool load_judge(struct load *l, struct place *now, const struct load_rules *rules,
	struct load_verdict *ret, struct error *e)
{
	struct inventory letters_found, still;
	struct inventory_letters letters;
	size_t count;

	watch_stop(l->watch);
	(void)watch_mails(l->watch, &count);
	auto_free uint8_t *is_there = calloc(count + 1, 1);

	*ret = (struct load_verdict){ .lost = 0 };
	if (is_there == NULL)
		return fail(e, FAULT_LATER, "verify mails: no memory");
	if (!place_inventory_load(now, &letters_found, e))
		return fail_in(e, "look through the mailboxes");
	inventory_letters(&letters_found, watch_run(l->watch), is_there, count, &letters);
	inventory_done(&letters_found);
	letters_judge(l->watch, is_there, rules, ret);
	ret->altered = letters.altered;
	ret->doubled = letters.doubled;
	if (!place_inventory(now, &still, e))
		return fail_in(e, "look through the mailboxes");
	inventory_compare(&l->before, &still, &ret->still);
	inventory_done(&still);
	return true;
}

size_t load_still_wrong(const struct load_verdict *v)
{
	return v->still.missing + v->still.extra + v->still.altered + v->still.renumbered +
	       v->still.relabelled;
}
