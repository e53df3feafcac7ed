/* SPDX-License-Identifier: MIT */
#include "lab/lifecycle/lifecycle.h"

#include "base/clock.h"
#include "lab/lifecycle/move.h"
#include "lab/lifecycle/trials.h"

#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 16 };

static bool is_named(const char *names, const char *name)
{
	struct slice rest = slice_of(names);

	if (names == NULL)
		return true;
	while (rest.len > 0) {
		struct slice word = slice_first(rest, slice_find(rest, ','));

		if (slice_same(word, slice_of(name)))
			return true;
		rest = slice_skip(rest, word.len + 1);
	}
	return false;
}

static bool is_trial(struct slice name)
{
	for (size_t i = 0; trial_kinds[i].name != NULL; i++) {
		if (slice_same(name, slice_of(trial_kinds[i].name)))
			return true;
	}
	return slice_same(name, S("move"));
}

bool lifecycle_trials_check(const char *names, struct error *e)
{
	struct slice rest = slice_of(names);

	while (rest.len > 0) {
		struct slice word = slice_first(rest, slice_find(rest, ','));

		if (!is_trial(word))
			return fail(e, FAULT_NEVER,
				"there is no trial '%.*s': boot, redeploy, cut, snapshot, save, "
				"migrate, backup or move",
				S_FMT(slice_first(word, 40)));
		rest = slice_skip(rest, word.len + 1);
	}
	return true;
}

static bool is_cancelled(const struct life_options *o)
{
	return o->is_cancelled != NULL && *o->is_cancelled;
}

static void say(const struct life_options *o, const char *platform, const char *what)
{
	if (o->on_step != NULL)
		o->on_step(o->context, platform, what);
}

static void trial_once(const struct life_options *o, const struct trial_kind *kind,
	const struct platform *platform, struct ledger *l)
{
	struct error e = { .fault = FAULT_NONE };
	const char *reason = "";

	if (!kind->fits(platform, &reason)) {
		ledger_remark(l, platform->name, kind->reading, "%s", reason);
		return;
	}
	say(o, platform->name, kind->name);
	if (kind->run(o, platform, l, &e) || is_cancelled(o))
		return;
	say(o, platform->name, e.text);
	ledger_add(l, platform->name, kind->failures, "", 1);
	ledger_remark(l, platform->name, kind->failures, "%s", e.text);
}

/* Once through all platforms and back to the first. */
static void move_all(const struct life_options *o, const struct life_plan *plan, struct ledger *l)
{
	const struct platform *chain[CHAIN_MAX];
	struct move_result results[CHAIN_MAX];
	struct error e = { .fault = FAULT_NONE };
	unsigned count = 0;
	char group[64];

	for (; count < plan->count && count + 1 < CHAIN_MAX; count++)
		chain[count] = plan->platforms[count];
	chain[count++] = plan->platforms[0];
	if (!move_chain(o, chain, count, results, &e) && !is_cancelled(o))
		ledger_remark(l, "move", "moves that failed", "%s", e.text);
	for (unsigned i = 0; i + 1 < count && results[i].ready_ns > 0; i++) {
		const struct move_result *r = &results[i];

		(void)snprintf(
			group, sizeof group, "move %s to %s", chain[i]->name, chain[i + 1]->name);
		ledger_add(l, group, "longest time without a connection", "ms",
			(double)r->knock_gap_ns / (double)NS_PER_MS);
		ledger_add(l, group, "mails verified by hash", "mails", (double)r->mails);
		ledger_add(
			l, group, "acknowledged mails lost", "mails", (double)r->acknowledged_lost);
		ledger_add(l, group, "mails not as before", "mails",
			(double)(r->mails + r->difference.missing - r->difference.same));
	}
}

bool lifecycle_run(const struct life_options *o, const struct life_plan *plan, struct ledger *l,
	struct error *e)
{
	for (unsigned round = 0; round < o->repeats; round++) {
		for (size_t k = 0; trial_kinds[k].name != NULL; k++) {
			for (unsigned p = 0; p < plan->count && !is_cancelled(o); p++) {
				if (is_named(plan->trials, trial_kinds[k].name))
					trial_once(o, &trial_kinds[k], plan->platforms[p], l);
			}
		}
	}
	if (is_named(plan->trials, "move") && !is_cancelled(o))
		move_all(o, plan, l);
	return !is_cancelled(o) || fail(e, FAULT_GONE, "stopped on request");
}
