/* SPDX-License-Identifier: MIT */
#include "lab/run/rules.h"

#include "lab/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Makes the median deviation comparable with a standard deviation of normal values. */
static const double mad_scale = 1.4826;
/* A canary that differs by less is no disturbance, however alike the others are. */
static const double spin_share_least = 0.10;

static bool spin_is_off(
	const struct run_rules *rules, const struct rules_history *h, double spin_ms)
{
	if (rules->canary_mad == 0 || h->count < RULES_SPINS_MIN || !isfinite(spin_ms))
		return false;
	auto_free double *off = calloc(h->count, sizeof *off);
	if (off == NULL)
		return false;
	double median = stats_median(h->spins, h->count);

	for (size_t i = 0; i < h->count; i++)
		off[i] = fabs(h->spins[i] - median);
	double limit = fmax(rules->canary_mad * mad_scale * stats_median(off, h->count),
		spin_share_least * median);

	/* A faster machine disturbs nobody. */
	return spin_ms - median > limit;
}

void rules_judge(const struct run_rules *rules, const struct rules_history *history,
	const char *generator_why, struct trial_record *record)
{
	size_t size = sizeof record->excluded;

	record->excluded[0] = '\0';
	if (!record->is_measured)
		return;
	if (rules->steal_percent > 0 && record->steal_percent > rules->steal_percent)
		(void)snprintf(record->excluded, size, "%.1f %% of the processors' time was stolen",
			record->steal_percent);
	else if (spin_is_off(rules, history, record->spin_ms))
		(void)snprintf(record->excluded, size,
			"the canary took %.0f ms, far above its usual time", record->spin_ms);
	else if (generator_why[0] != '\0')
		(void)snprintf(record->excluded, size, "%s", generator_why);
}

bool rules_remember(
	struct rules_history *history, const struct trial_record *record, struct error *e)
{
	if (!isfinite(record->spin_ms))
		return true;
	if (history->count == history->room) {
		size_t room = 2 * history->room + 16;
		double *spins = realloc(history->spins, room * sizeof *spins);

		if (spins == NULL)
			return fail(e, FAULT_LATER, "remember a canary: %m");
		history->spins = spins;
		history->room = room;
	}
	history->spins[history->count++] = record->spin_ms;
	return true;
}

void rules_history_done(struct rules_history *history)
{
	free(history->spins);
	*history = (struct rules_history){ .count = 0 };
}

static bool aside_path(const char *folder, unsigned number, char ret[PATH_MAX])
{
	return snprintf(ret, PATH_MAX, "%s.excluded-%u", folder, number) < PATH_MAX;
}

unsigned rules_excluded_count(const char *folder)
{
	char path[PATH_MAX];
	unsigned count = 0;

	while (aside_path(folder, count + 1, path) && file_is_there(path))
		count++;
	return count;
}

bool rules_set_aside(const char *folder, struct error *e)
{
	char path[PATH_MAX];

	if (!aside_path(folder, rules_excluded_count(folder) + 1, path))
		return fail(e, FAULT_NEVER, "rename '%s': the path is too long", folder);
	return rename(folder, path) == 0 || fail(e, FAULT_LATER, "rename '%s': %m", folder);
}
